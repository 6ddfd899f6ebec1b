r"""Biased reward labels: how large the gradient bias can be, and when cheap biased labels are still worth buying.

With labels :math:`r+b(s,a)` the estimator with :math:`\gamma^t` has mean :math:`\nabla J_H+\nabla B_H`,
:math:`B_H=\mathbb E\sum_t\gamma^tb(s_t,a_t)` (Proposition 2). Averaging removes variance, never the
bias :math:`\nabla B_H`. What follows is of this book.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from imagination.errors import require
from imagination.rewards.inflation import check_problem

__all__ = [
    "TwoBatches",
    "bias_bound",
    "bias_bound_spectral",
    "bias_bound_uniform",
    "crossover_budget",
    "two_batches",
]


def _checked(name: str, values: np.ndarray, ndim: int) -> np.ndarray:
    array = np.asarray(values, dtype=float)
    require(array.ndim == ndim and array.size >= 1, f"{name} has shape {array.shape}: it needs {ndim} dimension(s)")
    require(bool(np.isfinite(array).all()), f"{name} contains a NaN or an infinity")
    return array


def bias_bound(bias_sd: np.ndarray, score_squares: np.ndarray, gamma: float) -> float:
    r"""Bound on the gradient bias from the centred reward error on the policy's own distribution.

    .. math:: \|\nabla B_H\|\le\sum_t\gamma^t\,\mathrm{sd}(b_t)\sqrt{\textstyle\sum_{j\le t}\mathbb E\|w_j\|^2}

    Equality is attained for one parameter and :math:`b_t\propto\sum_{j\le t}w_j`. A constant error costs
    nothing.

    Args:
        bias_sd: standard deviation of ``b(s_t, a_t)``, shape ``(H,)``, at least 0.
        score_squares: ``E||w_t||^2``, shape ``(H,)``, at least 0.
        gamma: discount in [0, 1].

    Example:
        >>> bias_bound(np.array([1.0, 1.0]), np.array([1.0, 3.0]), 0.5)
        2.0
    """
    sd, squares = _checked("bias_sd", bias_sd, 1), _checked("score_squares", score_squares, 1)
    require(
        sd.shape == squares.shape, f"bias_sd has shape {sd.shape} and score_squares {squares.shape}: they must agree"
    )
    require((sd >= 0).all() and (squares >= 0).all(), "bias_sd and score_squares must be at least 0")
    check_problem(gamma, sd.size)
    return float(np.sum(np.power(float(gamma), np.arange(sd.size)) * sd * np.sqrt(np.cumsum(squares))))


def bias_bound_spectral(bias_sd: np.ndarray, score_moments: np.ndarray, gamma: float) -> float:
    r"""The same for several parameters, sharper by the spectral norm.

    .. math:: \sum_t\gamma^t\,\mathrm{sd}(b_t)\sqrt{\textstyle\lambda_{max}(\sum_{j\le t}\mathbb E w_jw_j^\top)}

    Args:
        bias_sd: shape ``(H,)``.
        score_moments: second moments of the scores, shape ``(H, P, P)``, symmetric.
        gamma: discount in [0, 1].
    """
    sd, moments = _checked("bias_sd", bias_sd, 1), _checked("score_moments", score_moments, 3)
    require(moments.shape[0] == sd.size, f"bias_sd has {sd.size} steps and score_moments {moments.shape[0]}")
    require(np.allclose(moments, moments.transpose(0, 2, 1)), "score_moments must be symmetric")
    check_problem(gamma, sd.size)
    top = np.linalg.eigvalsh(np.cumsum(moments, 0))[:, -1]
    return float(np.sum(np.power(float(gamma), np.arange(sd.size)) * sd * np.sqrt(np.maximum(top, 0))))


def bias_bound_uniform(eps_rew: float, score_rms: float, gamma: float) -> float:
    r"""The bound for every horizon from two numbers, :math:`\epsilon_{rew}\bar W(1-\gamma)^{-3/2}`.

    Args:
        eps_rew: any bound on the standard deviation of ``b(s_t, a_t)``, such as the sup norm of the reward
            error.
        score_rms: W-bar, the largest root mean square of a score.
        gamma: discount in [0, 1).

    Example:
        >>> bias_bound_uniform(0.1, 2.0, 0.75)
        1.6
    """
    require(0 <= eps_rew < math.inf, f"eps_rew = {eps_rew} is not allowed: finite and at least 0")
    require(0 <= score_rms < math.inf, f"score_rms = {score_rms} is not allowed: finite and at least 0")
    require(0 <= gamma < 1, f"gamma = {gamma} is not allowed: it must lie in [0, 1); at 1 use bias_bound")
    return eps_rew * score_rms / (1 - gamma) ** 1.5


def crossover_budget(
    *, cheap_variance: float, cheap_cost: float, exact_variance: float, exact_cost: float, bias_square: float
) -> float:
    r"""The budget below which cheap biased labels give the smaller mean squared error.

    .. math:: B^\times=\frac{c_2v_2-c_1v_1}{\|\nabla B_H\|^2}

    Args:
        cheap_variance: v_1, variance of one rollout's gradient under the biased labels.
        cheap_cost: c_1, cost of such a rollout.
        exact_variance: v_2, under unbiased labels.
        exact_cost: c_2.
        bias_square: squared norm of the gradient bias, above 0.

    Returns:
        The budget; 0 where cheap labels never win. Below it cheap labels win, above it exact ones.

    Example:
        >>> crossover_budget(cheap_variance=2, cheap_cost=1, exact_variance=1, exact_cost=10, bias_square=0.5)
        16.0
    """
    values = {
        "cheap_variance": cheap_variance, "cheap_cost": cheap_cost, "exact_variance": exact_variance,
        "exact_cost": exact_cost, "bias_square": bias_square,
    }  # fmt: skip
    for name, value in values.items():
        require(0 < value < math.inf, f"{name} = {value} is not allowed: it must be finite and above 0")
    return max(0.0, (exact_cost * exact_variance - cheap_cost * cheap_variance) / bias_square)


@dataclass(frozen=True)
class TwoBatches:
    """How to combine cheap and exact labels without bias.

    ``rollouts_per_double`` cheap rollouts for each doubly labelled one, the ``weight`` of the cheap labels, the
    variance times the budget, and the same for exact labels alone.
    """

    rollouts_per_double: float
    weight: float
    variance_times_budget: float
    exact_only: float


def two_batches(
    *,
    cheap_variance: float,
    exact_variance: float,
    correlation: float,
    cheap_cost: float,
    double_cost: float,
    exact_cost: float,
    weight: float | None = None,
) -> TwoBatches:
    r"""Unbiased gradient from many cheap labels and a few rollouts that are labelled twice.

    .. math:: \tilde g=\beta\,\bar g_{cheap}^{(K)}+\overline{(g_{exact}-\beta g_{cheap})}^{(k)},\qquad aK+bk=B,\qquad
       \frac Kk=\sqrt{\frac{b\,\beta^2v_1}{a\,V_\Delta}},\quad
       \mathrm{Var}=\frac{(\sqrt{a\beta^2v_1}+\sqrt{bV_\Delta})^2}B

    with :math:`V_\Delta=v_2+\beta^2v_1-2\beta\rho\sqrt{v_1v_2}`. The best :math:`\beta` gives
    :math:`v_2(\sqrt a\,\rho+\sqrt{(b-a)(1-\rho^2)})^2/B` where :math:`\rho/\sqrt{1-\rho^2}\ge\sqrt{a/(b-a)}`,
    and otherwise cheap labels do not help.

    Args:
        cheap_variance: v_1 of one rollout.
        exact_variance: v_2 of one rollout.
        correlation: trace correlation rho of the two gradients of one rollout, in [-1, 1].
        cheap_cost: a, cost of a rollout with cheap labels, the rollout included.
        double_cost: b, cost of a rollout with both labels, the rollout counted once; above a.
        exact_cost: cost of a rollout with exact labels, for the comparison.
        weight: beta; None takes the best.

    Example:
        >>> prices = {"cheap_cost": 1, "double_cost": 11, "exact_cost": 10}
        >>> plan = two_batches(cheap_variance=1, exact_variance=1, correlation=0.9, **prices)
        >>> plan.variance_times_budget < plan.exact_only
        True
    """
    costs = {"cheap_cost": cheap_cost, "double_cost": double_cost, "exact_cost": exact_cost}
    for name, value in {"cheap_variance": cheap_variance, "exact_variance": exact_variance, **costs}.items():
        require(0 < value < math.inf, f"{name} = {value} is not allowed: it must be finite and above 0")
    require(-1 <= correlation <= 1, f"correlation = {correlation} is not allowed: it must lie in [-1, 1]")
    require(double_cost > cheap_cost, f"double_cost = {double_cost} must exceed cheap_cost = {cheap_cost}")
    scale, rest = math.sqrt(exact_variance / cheap_variance), math.sqrt(1 - correlation**2)
    if weight is None:
        weight = scale * max(0.0, correlation - rest * math.sqrt(cheap_cost / (double_cost - cheap_cost)))
    require(weight >= 0, f"weight = {weight} is not allowed: at least 0")
    cheap = weight**2 * cheap_variance
    gap = exact_variance + cheap - 2 * weight * correlation * math.sqrt(cheap_variance * exact_variance)
    gap = max(gap, 0.0)
    ratio = math.sqrt(double_cost * cheap / (cheap_cost * gap)) if gap > 0 else math.inf
    variance = (math.sqrt(cheap_cost * cheap) + math.sqrt(double_cost * gap)) ** 2
    return TwoBatches(ratio, weight, variance, exact_cost * exact_variance)
