r"""How much variance noisy labels add to REINFORCE: the exact value, its bounds, and an estimate from data.

Scores are martingale differences, so :math:`\mathbb E\langle w_t,w_u\rangle=0` for :math:`t\ne u`, and for every noise
that is independent of the trajectory the added variance ("inflation") is an equality,

.. math:: \mathrm{Var}\,\hat g-\mathrm{Var}\,\hat g|_{\eta=0}
   =\frac1K\sum_{t<H}[\gamma^{2t}]\;\mathbb E\|w_t\|^2\;\mathrm{Var}(N_t),\qquad N_t=\sum_u C_{tu}\,\eta_u .

:math:`C` says how much the label of step :math:`u` counts in the return used at step :math:`t` (:func:`credit`). The
factor in brackets belongs to estimator B (``discount_states=True``). Source: this book; the bound that it sharpens is
(5) of the paper.
"""

from __future__ import annotations

import numpy as np
import torch

from imagination.checks import Floats, instance, number, numbers, tensor, whole
from imagination.errors import require
from imagination.rewards.measured import Measured
from imagination.rewards.noise import NoiseProcess


def credit(horizon: int, gamma: float, *, trace: float = 1.0, n_step: int | None = None) -> Floats:
    r"""How much the label of step ``u`` counts in the return used at step ``t``, shape ``(H, H)``.

    .. math:: C_{tu}=(\gamma\lambda)^{u-t}\,1\{t\le u<t+n\}

    Args:
        horizon: H.
        gamma: discount in [0, 1].
        trace: lambda of GAE, in [0, 1]; 1 gives discounted returns. The critic must not be fitted on the same labels.
        n_step: labels used before bootstrapping from such a critic; None uses all.

    Example:
        >>> credit(3, 0.5)
        array([[1.  , 0.5 , 0.25],
               [0.  , 1.  , 0.5 ],
               [0.  , 0.  , 1.  ]])
    """
    time = np.arange(whole("horizon", horizon, low=1))
    decay = number("gamma", gamma, low=0, high=1) * number("trace", trace, low=0, high=1)
    lag = time[None, :] - time[:, None]
    used = (lag >= 0) & (lag < (time.size if n_step is None else whole("n_step", n_step, low=1)))
    return np.where(used, np.power(decay, np.maximum(lag, 0)), 0.0)


def _state_factor(horizon: int, gamma: float, discount_states: bool) -> Floats:
    g = number("gamma", gamma, low=0, high=1)
    return np.power(g, 2 * np.arange(horizon)) if discount_states else np.ones(horizon)


def exact_inflation(
    score_squares: Floats,
    noise: NoiseProcess,
    gamma: float,
    *,
    discount_states: bool,
    n_rollouts: int = 1,
    trace: float = 1.0,
    n_step: int | None = None,
) -> float:
    r"""The exact variance that the noise adds (equation of the module).

    Args:
        score_squares: :math:`\mathbb E\|w_t\|^2`, shape ``(H,)``, finite and at least 0.
        noise: any process of :mod:`imagination.rewards.noise`.
        gamma: discount in [0, 1].
        discount_states: estimator B (with :math:`\gamma^t`) or A (without).
        n_rollouts: K.
        trace: lambda of GAE.
        n_step: for n-step returns.

    Raises:
        RequestError: on values out of range or a NaN.

    Example:
        >>> from imagination.rewards.noise import IidNoise
        >>> exact_inflation(np.ones(2), IidNoise(1.0), 0.5, discount_states=False)
        2.25
    """
    squares = numbers("score_squares", score_squares, low=0, shape=(None,))
    weights = credit(squares.size, gamma, trace=trace, n_step=n_step)
    instance("noise", noise, NoiseProcess)
    covariance = noise.covariance(squares.size)
    return_variance = np.einsum("tu,tu->t", weights @ covariance, weights)
    added = np.sum(_state_factor(squares.size, gamma, discount_states) * squares * return_variance)
    return float(added / whole("n_rollouts", n_rollouts, low=1))


def sharp_bound(
    score_square: float, variance: float, gamma: float, horizon: int, *, discount_states: bool, n_rollouts: int = 1
) -> float:
    r"""Bound for iid noise from one number, :math:`\bar W^2=\max_t\mathbb E\|w_t\|^2`; equality when constant in ``t``.

    .. math:: (A)\ \frac{\sigma^2\bar W^2}K\Big[\frac H{1-\gamma^2}-\frac{\gamma^2(1-\gamma^{2H})}{(1-\gamma^2)^2}\Big],
       \quad (B)\ \frac{\sigma^2\bar W^2}K\Big[\frac{1-\gamma^{2H}}{(1-\gamma^2)^2}-\frac{H\gamma^{2H}}{1-\gamma^2}\Big]

    Summed term by term, which also gives the limit H(H+1)/2 of both brackets at gamma = 1.

    Args:
        score_square: W-bar squared, at least 0.
        variance: of one label's noise, at least 0.
        gamma: discount in [0, 1].
        horizon: H, at most a million.
        discount_states: estimator B or A.
        n_rollouts: K.

    Example:
        >>> sharp_bound(1.0, 1.0, 1.0, 3, discount_states=True)
        6.0
    """
    square, noise = number("score_square", score_square, low=0), number("variance", variance, low=0)
    steps, g = whole("horizon", horizon, low=1, high=10**6), number("gamma", gamma, low=0, high=1)
    remaining = np.cumsum(np.power(g, 2 * np.arange(steps)))[::-1]
    bracket = float(np.sum(_state_factor(steps, g, discount_states) * remaining))
    return number("the bound", square * noise * bracket / whole("n_rollouts", n_rollouts, low=1))


def paper_bound(
    score_bound_square: float, variance: float, gamma: float, horizon: int, *, n_rollouts: int = 1
) -> float:
    r"""The bound of Theorem 2, (5): :math:`\sigma^2HW_H^2/(K(1-\gamma)^2)` with :math:`W_H^2=\mathbb E\max_t\|w_t\|^2`.

    Raises:
        RequestError: at gamma = 1, where the bound is infinite; use :func:`sharp_bound`.

    Example:
        >>> paper_bound(1.0, 1.0, 0.5, 2)
        8.0
    """
    square, noise = number("score_bound_square", score_bound_square, low=0), number("variance", variance, low=0)
    steps, g = whole("horizon", horizon, low=1), number("gamma", gamma, low=0, high=1)
    require(g < 1, "gamma = 1 is not allowed: the bound of Theorem 2 is infinite there; try sharp_bound")
    return number("the bound", noise * steps * square / (whole("n_rollouts", n_rollouts, low=1) * (1 - g) ** 2))


def heteroscedastic_inflation(
    step_variance: torch.Tensor, scores: torch.Tensor, gamma: float, *, discount_states: bool, n_rollouts: int = 1
) -> Measured:
    r"""Inflation of independent noise whose variance depends on state and action, averaged over rollouts.

    .. math:: \frac1K\sum_u\mathbb E\big[\sigma^2(s_u,a_u)\,\|X_u\|^2\big],\qquad
       X_u=\sum_{t\le u}[\gamma^t]\gamma^{u-t}w_t

    Args:
        step_variance: :math:`\sigma^2(s_u,a_u)` along each rollout, shape ``(n, H)``.
        scores: shape ``(n, H, P)``.
        gamma: discount in [0, 1].
        discount_states: estimator B or A.
        n_rollouts: K.
    """
    n, horizon, _ = tensor("scores", scores, (None, None, None)).shape
    variance = tensor("step_variance", step_variance, (n, horizon))
    require(bool((variance >= 0).all()), "step_variance must be at least 0 everywhere")
    factor = np.sqrt(_state_factor(horizon, gamma, discount_states))
    spread = torch.from_numpy(credit(horizon, gamma) * factor[:, None]).to(scores)
    carried = torch.einsum("tu,ntp->nup", spread, scores)
    return Measured.of((variance * carried.square().sum(-1)).sum(1) / whole("n_rollouts", n_rollouts, low=1))


def inflation_from_pairs(first: torch.Tensor, second: torch.Tensor) -> Measured:
    r"""Inflation of one rollout, estimated by labelling the same rollouts twice.

    .. math:: \tfrac12\,\mathbb E\|\hat g(\hat r^{(1)})-\hat g(\hat r^{(2)})\|^2

    The noise-free part cancels in the difference. The two sets of labels must be independent given the trajectory.

    Args:
        first: per-rollout gradients under the first labels, shape ``(n, P)``, n at least 3.
        second: under the second labels.

    Example:
        >>> inflation_from_pairs(torch.tensor([[1.0], [3.0], [2.0]]), torch.tensor([[0.0], [0.0], [0.0]])).value
        2.3333333333333335
    """
    left = tensor("first", first, (None, None))
    right = tensor("second", second, tuple(left.shape))
    return Measured.of(0.5 * (left - right).square().sum(-1))
