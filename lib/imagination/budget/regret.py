"""What another split than the best one costs: the regret of a share, an even split, the safest share (this book)."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq

from imagination.budget.allocation import OUT_OF_REACH, STEEPEST, Problem, log_sigmoid, optimal_logit
from imagination.checks import FloatLike, Floats, number, numbers, plain
from imagination.errors import require


def regret(problem: Problem, share: ArrayLike) -> FloatLike:
    r"""Factor by which the objective at a spend share of dynamics exceeds the optimum, exactly.

    .. math:: \frac{\mathcal U(s)}{\mathcal U^*}
              =w\Big(\frac{s^*}s\Big)^\alpha+(1-w)\Big(\frac{1-s^*}{1-s}\Big)^\beta,\qquad
              w=\frac{s^*/\alpha}{s^*/\alpha+(1-s^*)/\beta}

    Constants, costs and budget enter only through the optimal share s*.

    Args:
        problem: the problem.
        share: spend share of dynamics, in (0, 1).

    Returns:
        The factor, at least 1 and equal to 1 at s*.

    Raises:
        RequestError: for a share outside (0, 1), or a factor beyond floating point.

    Source: this book.

    Example:
        >>> problem = Problem(0.5, 0.5, 8.0, 1.0, cost_dyn=1.0, cost_rew=1.0, budget=500.0)
        >>> round(regret(problem, 0.8), 12), round(regret(problem, 0.5), 3)
        (1.0, 1.138)
    """
    s = numbers("share", share, above=0, below=1)
    logit, _ = optimal_logit(problem)
    problem.fits(share=s)
    alpha, beta = problem.exponent_dyn, problem.exponent_rew
    best, rest = np.exp(log_sigmoid(logit)), np.exp(log_sigmoid(-logit))
    part = best * beta / (best * beta + rest * alpha)
    with np.errstate(over="ignore", invalid="ignore"):
        factor: Floats = part * (best / s) ** alpha + (1 - part) * (rest / (1 - s)) ** beta
    require(np.isfinite(factor).all(), f"the price of that share {OUT_OF_REACH}")
    return plain(factor)


def worst_even_split(exponent_dyn: float, exponent_rew: float) -> float:
    """The most that an even split of the money can cost, whatever the constants: 2^max(α, β), the least such number.

    Example:
        >>> worst_even_split(0.5, 1.0)
        2.0
    """
    return math.pow(2.0, max(_exponents(exponent_dyn, exponent_rew)))


def minimax_share(exponent_dyn: float, exponent_rew: float) -> tuple[float, float]:
    """The share that is safest where nothing but the exponents is known, and the factor that it never exceeds.

    The regret of a share s is at most max(s^−α, (1 − s)^−β); the two are equal at the best s.

    Args:
        exponent_dyn: α > 0.
        exponent_rew: β > 0.

    Returns:
        Share of dynamics, and factor.

    Raises:
        RequestError: for an exponent outside (0, 1000], or two that lie 200 orders of magnitude apart.

    Source: this book.

    Example:
        >>> share, factor = minimax_share(0.5, 0.5)
        >>> round(share, 9), round(factor**2, 9)
        (0.5, 2.0)
    """
    alpha, beta = _exponents(exponent_dyn, exponent_rew)
    require(1e-200 < alpha / beta < 1e200, f"exponents {alpha:g} and {beta:g}: such a pair {OUT_OF_REACH}")
    largest = max(alpha, beta)

    def balance(z: float) -> float:
        """In z = −ln s: α z = −β ln(1 − e^−z), one increasing and one decreasing side."""
        return alpha / largest * z + beta / largest * math.log(-math.expm1(-z))

    z = float(brentq(balance, 1e-300, 700.0, xtol=1e-15, rtol=1e-14, maxiter=2000))
    return math.exp(-z), math.exp(alpha * z)


def _exponents(exponent_dyn: float, exponent_rew: float) -> tuple[float, float]:
    return (
        number("exponent_dyn", exponent_dyn, above=0, high=STEEPEST),
        number("exponent_rew", exponent_rew, above=0, high=STEEPEST),
    )
