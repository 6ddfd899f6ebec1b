"""How the optimal split answers to each constant: elasticities, envelope and growth law (this book)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from imagination.budget.allocation import OUT_OF_REACH, Problem, log_sigmoid, optimal_logit, slope, split_at
from imagination.checks import FloatLike, Floats, discount, instance, numbers, plain
from imagination.errors import require
from imagination.gap.lipschitz import Lipschitz


@dataclass(frozen=True)
class Elasticities:
    r"""Derivatives of ln(N_dyn/N_rew), and of the counts, with respect to the logarithm of each constant.

    All follow from :math:`G(u)=T` by implicit differentiation; Den is the slope of G at the optimum,
    between 1 + min(α, β) and 1 + max(α, β).

    Attributes:
        weight: 1/Den > 0, for K, A_d and C_d.
        scale_rew: −1/Den < 0, for A_r and C_r.
        budget: (β − α)/Den: the slower learner gains as money comes in.
        cost_rew: (1 + (1 − s)(α − β))/Den; negative only where β − α > 1.
        cost_dyn: −(1 + s(β − α))/Den; positive only where α − β > 1.
        exponent_dyn: (1 − α ln N_dyn)/Den, with the scale A_d held.
        exponent_rew: (β ln N_rew − 1)/Den, with A_r held.
        spend_cost_rew: −β/Den < 0, of the spend ratio: in money, cheaper rewards always favour dynamics.
        spend_cost_dyn: α/Den > 0, of the spend ratio.
        n_dyn_budget: (β + 1)/Den > 0: more money never takes a dynamics sample back.
        n_rew_budget: (α + 1)/Den > 0.
        n_dyn_cost_rew: −(1 − s)β/Den < 0.
    """

    weight: FloatLike
    scale_rew: FloatLike
    budget: FloatLike
    cost_rew: FloatLike
    cost_dyn: FloatLike
    exponent_dyn: FloatLike
    exponent_rew: FloatLike
    spend_cost_rew: FloatLike
    spend_cost_dyn: FloatLike
    n_dyn_budget: FloatLike
    n_rew_budget: FloatLike
    n_dyn_cost_rew: FloatLike


def elasticities(problem: Problem) -> Elasticities:
    """Every derivative of the optimal ratio, in closed form.

    Args:
        problem: with both coefficients positive (at a corner the ratio does not move).

    Returns:
        :class:`Elasticities`, each entry with the shape of the problem.

    Raises:
        RequestError: at a corner.

    Source: this book; checked against finite differences in ``tests/test_allocation.py``.

    Example:
        >>> e = elasticities(Problem(0.2, 1.8, 1.0, 1.0, cost_dyn=1.0, cost_rew=1.0, budget=1e4))
        >>> e.budget > 0, e.spend_cost_rew < 0
        (True, True)
    """
    instance("problem", problem, Problem).inside()
    logit, _ = optimal_logit(problem)
    split, alpha, beta = split_at(problem, logit), problem.exponent_dyn, problem.exponent_rew
    s, rest = _shares(logit)
    den = slope(problem, s, rest)
    values: dict[str, Floats] = {
        "weight": 1 / den,
        "scale_rew": -1 / den,
        "budget": (beta - alpha) / den,
        "cost_rew": (1 + rest * (alpha - beta)) / den,
        "cost_dyn": -(1 + s * (beta - alpha)) / den,
        "exponent_dyn": (1 - alpha * np.log(split.n_dyn)) / den,
        "exponent_rew": (beta * np.log(split.n_rew) - 1) / den,
        "spend_cost_rew": -beta / den,
        "spend_cost_dyn": alpha / den,
        "n_dyn_budget": (beta + 1) / den,
        "n_rew_budget": (alpha + 1) / den,
        "n_dyn_cost_rew": -rest * beta / den,
    }
    return Elasticities(**{name: plain(value) for name, value in values.items()})


def local_exponent(problem: Problem) -> FloatLike:
    r"""How fast the best attainable error falls with money, by the envelope theorem.

    .. math:: -\frac{d\ln\mathcal U^*}{d\ln B}=\frac{\alpha D+\beta R}{D+R}
              =\Big(\frac{s}{\alpha}+\frac{1-s}{\beta}\Big)^{-1}

    with the two terms D and R of the best error, and the best share s: the second form, the mean of the exponents that
    the money is spent on, is the one computed. It tends to the smaller exponent as the budget grows.

    Args:
        problem: the problem; at a corner it is the one exponent that is left.

    Source: this book.

    Example:
        >>> round(local_exponent(Problem(0.4, 0.4, 3.0, 1.0, cost_dyn=1.0, cost_rew=2.0, budget=50.0)), 12)
        0.4
    """
    logit, _ = optimal_logit(problem)
    share, rest = _shares(logit)
    with np.errstate(over="ignore"):
        fall: FloatLike = plain(1 / (share / problem.exponent_dyn + rest / problem.exponent_rew))
    return fall


def reward_count_on_path(problem: Problem, n_dyn: ArrayLike) -> FloatLike:
    r"""Number of reward samples that belongs to ``n_dyn`` on the optimal path, whatever the budget.

    .. math:: N^*_{rew}=\Big(\frac{\beta C_rc_{dyn}}{\alpha C_dc_{rew}}\Big)^{1/(\beta+1)}
              (N^*_{dyn})^{(\alpha+1)/(\beta+1)}

    Args:
        problem: the problem, with both coefficients positive; its budget is not used.
        n_dyn: dynamics samples, > 0.

    Raises:
        RequestError: at a corner, or for a count that is not positive.

    Source: this book.

    Example:
        >>> path = reward_count_on_path(Problem(0.5, 0.5, 8.0, 1.0, cost_dyn=1.0, cost_rew=1.0, budget=1.0), 400.0)
        >>> round(path, 9)
        100.0
    """
    instance("problem", problem, Problem).inside()
    n = numbers("n_dyn", n_dyn, above=0)
    problem.fits(n_dyn=n)
    alpha, beta = problem.exponent_dyn, problem.exponent_rew
    rewards = np.log(beta) + np.log(problem.coefficient_rew) - np.log(problem.cost_rew)
    dynamics = np.log(alpha) + np.log(problem.coefficient_dyn) - np.log(problem.cost_dyn)
    with np.errstate(over="ignore"):
        count = np.exp((rewards - dynamics + (alpha + 1) * np.log(n)) / (beta + 1))
    require(np.all(np.isfinite(count) & (count > 0)), f"the number of reward samples {OUT_OF_REACH}")
    on_path: FloatLike = plain(count)
    return on_path


def weight_slopes(lipschitz: Lipschitz, *, gamma: ArrayLike) -> dict[str, FloatLike]:
    r"""Derivatives of K = γκ/(1 − γΛ) with respect to γ, L_f, L_r and L_π: none is negative.

    Args:
        lipschitz: constants of dynamics, reward and policy.
        gamma: discount in [0, 1), with γΛ < 1.

    Returns:
        The derivatives under the names ``gamma``, ``dynamics``, ``reward`` and ``policy``.

    Raises:
        RequestError: where γΛ ≥ 1 and K does not exist.

    Source: Theorem 1, planning horizon; in closed form this book's.

    Example:
        >>> weight_slopes(Lipschitz(dynamics=1.0, reward=1.0, policy=0.0), gamma=0.5)
        {'gamma': 4.0, 'dynamics': 1.0, 'reward': 1.0, 'policy': 2.0}
    """
    g, kappa = discount(gamma, finite=False), instance("lipschitz", lipschitz, Lipschitz).sensitivity
    margin = 1 - g * lipschitz.growth
    require(np.all(margin > 0), f"γL_f(1 + L_π) = {np.max(1 - margin):g} is not allowed: K exists only below 1")
    slopes = {
        "gamma": kappa / margin**2,
        "dynamics": g**2 * kappa * (1 + lipschitz.policy) / margin**2,
        "reward": g * (1 + lipschitz.policy) / margin,
        "policy": g * lipschitz.reward / margin**2,
    }
    return {name: plain(slope) for name, slope in slopes.items()}


def _shares(logit: Floats) -> tuple[Floats, Floats]:
    """s and 1 − s, neither with cancellation."""
    return np.exp(log_sigmoid(logit)), np.exp(log_sigmoid(-logit))
