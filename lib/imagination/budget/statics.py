"""How the optimal split answers to each constant: elasticities, envelope and growth law (this book)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imagination.budget.allocation import Problem, optimal_logit, slope, split_at
from imagination.errors import require

__all__ = ["Elasticities", "elasticities", "local_exponent", "reward_count_on_path", "weight_slopes"]


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

    weight: float
    scale_rew: float
    budget: float
    cost_rew: float
    cost_dyn: float
    exponent_dyn: float
    exponent_rew: float
    spend_cost_rew: float
    spend_cost_dyn: float
    n_dyn_budget: float
    n_rew_budget: float
    n_dyn_cost_rew: float


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
    interior = np.all((problem.coefficient_dyn > 0) & (problem.coefficient_rew > 0))
    require(interior, "a coefficient is 0: the optimum is a corner and has no elasticities; give a positive weight")
    logit, _ = optimal_logit(problem)
    split, den = split_at(problem, logit), slope(problem, logit)
    alpha, beta = problem.exponent_dyn, problem.exponent_rew
    s, rest = split.share_dyn, split_at(problem, -logit).share_dyn  # 1 − s, without cancellation
    values = {
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
    return Elasticities(**{name: float(v) if np.ndim(v) == 0 else v for name, v in values.items()})


def local_exponent(problem: Problem):
    """How fast the best attainable error falls: −d ln U*/d ln B = (αD + βR)/(D + R), by the envelope theorem.

    It lies between the two exponents and tends to the smaller as the budget grows.

    Example:
        >>> round(float(local_exponent(Problem(0.4, 0.4, 3.0, 1.0, cost_dyn=1.0, cost_rew=2.0, budget=50.0))), 12)
        0.4
    """
    logit, _ = optimal_logit(problem)
    split = split_at(problem, logit)
    weighted = problem.exponent_dyn * split.dynamics_term + problem.exponent_rew * split.reward_term
    return weighted / split.objective


def reward_count_on_path(problem: Problem, n_dyn):
    r"""Number of reward samples that belongs to ``n_dyn`` on the optimal path, whatever the budget.

    .. math:: N^*_{rew}=\Big(\frac{\beta C_rc_{dyn}}{\alpha C_dc_{rew}}\Big)^{1/(\beta+1)}
              (N^*_{dyn})^{(\alpha+1)/(\beta+1)}

    Example:
        >>> path = reward_count_on_path(Problem(0.5, 0.5, 8.0, 1.0, cost_dyn=1.0, cost_rew=1.0, budget=1.0), 400.0)
        >>> round(float(path), 9)
        100.0
    """
    alpha, beta = problem.exponent_dyn, problem.exponent_rew
    factor = beta * problem.coefficient_rew * problem.cost_dyn / (alpha * problem.coefficient_dyn * problem.cost_rew)
    return factor ** (1 / (beta + 1)) * np.asarray(n_dyn, dtype=float) ** ((alpha + 1) / (beta + 1))


def weight_slopes(*, gamma: float, dynamics: float, reward: float, policy: float) -> dict[str, float]:
    """Derivatives of K = γL_r(1 + L_π)/(1 − γL_f(1 + L_π)) with respect to γ, L_f, L_r and L_π: none is negative.

    Example:
        >>> weight_slopes(gamma=0.5, dynamics=1.0, reward=1.0, policy=0.0)
        {'gamma': 4.0, 'dynamics': 1.0, 'reward': 1.0, 'policy': 2.0}
    """
    growth = 1 + policy
    margin = 1 - gamma * dynamics * growth
    require(margin > 0, f"γL_f(1 + L_π) = {1 - margin:g} is not allowed: K exists only below 1")
    return {
        "gamma": reward * growth / margin**2,
        "dynamics": gamma**2 * reward * growth**2 / margin**2,
        "reward": gamma * growth / margin,
        "policy": gamma * reward / margin**2,
    }
