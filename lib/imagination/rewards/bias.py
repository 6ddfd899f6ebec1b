r"""Biased reward labels: how large the gradient bias can be, and when cheap biased labels are still worth buying.

With labels :math:`r+b(s,a)` the estimator with :math:`\gamma^t` has mean :math:`\nabla J_H+\nabla B_H`,
:math:`B_H=\mathbb E\sum_t\gamma^tb(s_t,a_t)` (Proposition 2). Averaging removes variance, never the
bias :math:`\nabla B_H`. What follows is of this book.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from imagination.checks import Floats, number, numbers
from imagination.errors import require


def _discounted(bias_sd: Floats, spread: Floats, gamma: float) -> float:
    discounts = np.power(number("gamma", gamma, low=0, high=1), np.arange(bias_sd.size))
    return number("the bound", np.sum(discounts * bias_sd * np.sqrt(np.maximum(spread, 0))))


def bias_bound(bias_sd: Floats, score_squares: Floats, gamma: float) -> float:
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
    sd = numbers("bias_sd", bias_sd, low=0, shape=(None,))
    squares = numbers("score_squares", score_squares, low=0, shape=sd.shape)
    return _discounted(sd, np.cumsum(squares), gamma)


def bias_bound_spectral(bias_sd: Floats, score_moments: Floats, gamma: float) -> float:
    r"""The same for several parameters, sharper by the spectral norm.

    .. math:: \sum_t\gamma^t\,\mathrm{sd}(b_t)\sqrt{\textstyle\lambda_{max}(\sum_{j\le t}\mathbb E w_jw_j^\top)}

    Args:
        bias_sd: shape ``(H,)``.
        score_moments: second moments of the scores, shape ``(H, P, P)``, symmetric.
        gamma: discount in [0, 1].
    """
    sd = numbers("bias_sd", bias_sd, low=0, shape=(None,))
    moments = numbers("score_moments", score_moments, shape=(sd.size, None, None))
    turned = moments.transpose(0, 2, 1)
    require(moments.shape == turned.shape and np.allclose(moments, turned), "score_moments must be symmetric matrices")
    return _discounted(sd, np.linalg.eigvalsh(np.cumsum(moments, 0))[:, -1], gamma)


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
    size = number("eps_rew", eps_rew, low=0) * number("score_rms", score_rms, low=0)
    return number("the bound", size / (1 - number("gamma", gamma, low=0, below=1)) ** 1.5)


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
    cheap = number("cheap_cost", cheap_cost, above=0) * number("cheap_variance", cheap_variance, above=0)
    exact = number("exact_cost", exact_cost, above=0) * number("exact_variance", exact_variance, above=0)
    return number("the crossover budget", max(0.0, (exact - cheap) / number("bias_square", bias_square, above=0)))


@dataclass(frozen=True)
class TwoBatches:
    """How to combine cheap and exact labels without bias.

    ``rollouts_per_double`` cheap rollouts for each doubly labelled one, the ``weight`` of the cheap labels, the
    variance times the budget, and the same for exact labels alone. Infinitely many cheap ones for each doubly labelled
    where the two gradients are proportional; none, and weight 0, where cheap labels do not help.
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
    v1, v2 = number("cheap_variance", cheap_variance, above=0), number("exact_variance", exact_variance, above=0)
    a, rho = number("cheap_cost", cheap_cost, above=0), number("correlation", correlation, low=-1, high=1)
    b, exact = number("double_cost", double_cost, above=a), number("exact_cost", exact_cost, above=0)
    rest = math.sqrt(1 - rho**2)
    best = math.sqrt(v2 / v1) * max(0.0, rho - rest * math.sqrt(a / (b - a)))
    beta = number("weight", best if weight is None else weight, low=0)
    cheap = beta**2 * v1
    gap = max(v2 + cheap - 2 * beta * rho * math.sqrt(v1 * v2), 0.0)
    ratio = math.sqrt(b / a) * math.sqrt(cheap) / math.sqrt(gap) if gap > 0 else math.inf
    variance = number("the variance times the budget", (math.sqrt(a * cheap) + math.sqrt(b * gap)) ** 2)
    return TwoBatches(ratio, beta, variance, number("the variance times the budget", exact * v2))
