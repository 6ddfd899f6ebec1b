"""What a split other than the best one costs: the regret of any share, of 50/50, and the safest share (this book)."""

from __future__ import annotations

import math

import numpy as np
from scipy.optimize import brentq

from imagination.budget.allocation import Problem, optimal_logit, split_at
from imagination.errors import require

__all__ = ["minimax_share", "regret", "worst_even_split"]


def regret(problem: Problem, share):
    r"""Factor by which the objective at a spend share of dynamics exceeds the optimum, exactly.

    .. math:: \frac{\mathcal U(s)}{\mathcal U^*}
              =w\Big(\frac{s^*}s\Big)^\alpha+(1-w)\Big(\frac{1-s^*}{1-s}\Big)^\beta,\qquad
              w=\frac{s^*/\alpha}{s^*/\alpha+(1-s^*)/\beta}

    Constants, costs and budget enter only through the optimal share s*.

    Args:
        problem: the problem, with both coefficients positive.
        share: spend share of dynamics, in (0, 1).

    Returns:
        The factor, at least 1 and equal to 1 at s*.

    Raises:
        RequestError: for a share outside (0, 1).

    Source: this book.

    Example:
        >>> problem = Problem(0.5, 0.5, 8.0, 1.0, cost_dyn=1.0, cost_rew=1.0, budget=500.0)
        >>> round(float(regret(problem, 0.8)), 12), round(float(regret(problem, 0.5)), 3)
        (1.0, 1.138)
    """
    share = np.asarray(share, dtype=float)
    require(np.all((share > 0) & (share < 1)), f"share = {share} is not allowed: it must lie strictly between 0 and 1")
    alpha, beta = problem.exponent_dyn, problem.exponent_rew
    logit, _ = optimal_logit(problem)
    best, rest = split_at(problem, logit).share_dyn, split_at(problem, -logit).share_dyn
    part = (best / alpha) / (best / alpha + rest / beta)
    return part * (best / share) ** alpha + (1 - part) * (rest / (1 - share)) ** beta


def worst_even_split(exponent_dyn: float, exponent_rew: float) -> float:
    """The most that an even split of the money can cost, whatever the constants: 2^max(α, β), the least such number.

    Example:
        >>> worst_even_split(0.5, 1.0)
        2.0
    """
    return 2.0 ** max(exponent_dyn, exponent_rew)


def minimax_share(exponent_dyn: float, exponent_rew: float) -> tuple[float, float]:
    """The share that is safest where nothing but the exponents is known, and the factor that it never exceeds.

    The regret of a share s is at most max(s^−α, (1 − s)^−β); the two are equal at the best s.

    Args:
        exponent_dyn: α > 0.
        exponent_rew: β > 0.

    Returns:
        Share of dynamics, and factor.

    Raises:
        RequestError: for an exponent that is not positive.

    Source: this book.

    Example:
        >>> share, factor = minimax_share(0.5, 0.5)
        >>> round(share, 9), round(factor**2, 9)
        (0.5, 2.0)
    """
    fine = exponent_dyn > 0 and exponent_rew > 0
    require(fine, f"exponents {exponent_dyn} and {exponent_rew} are not allowed: both must be positive")
    # In z = −ln s the balance is α z = −β ln(1 − e^−z): one increasing and one decreasing side.
    balance = lambda z: exponent_dyn * z + exponent_rew * math.log(-math.expm1(-z))  # noqa: E731
    z = brentq(balance, 1e-300, 750.0, xtol=1e-15, rtol=1e-14, maxiter=2000)
    return math.exp(-z), math.exp(exponent_dyn * z)
