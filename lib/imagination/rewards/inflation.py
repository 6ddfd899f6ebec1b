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

from dataclasses import dataclass

import numpy as np
import torch

from imagination.errors import require
from imagination.rewards.noise import NoiseProcess

__all__ = [
    "Measured",
    "credit",
    "exact_inflation",
    "heteroscedastic_inflation",
    "inflation_from_pairs",
    "paper_bound",
    "sharp_bound",
]


@dataclass(frozen=True)
class Measured:
    """A Monte Carlo value with its standard error."""

    value: float
    standard_error: float

    def z(self, truth: float) -> float:
        """Distance from ``truth`` in standard errors."""
        return (self.value - truth) / self.standard_error


def check_problem(gamma: float, horizon: int, n_rollouts: int = 1) -> None:
    """Refuse a discount outside [0, 1], a horizon below 1, or fewer than one rollout."""
    require(0 <= gamma <= 1, f"gamma = {gamma} is not allowed: it must lie in [0, 1]; try 0.95")
    require(horizon == int(horizon) and horizon >= 1, f"horizon = {horizon} is not allowed: an integer of at least 1")
    require(
        n_rollouts == int(n_rollouts) and n_rollouts >= 1,
        f"n_rollouts = {n_rollouts} is not allowed: an integer of at least 1",
    )


def credit(horizon: int, gamma: float, *, trace: float = 1.0, n_step: int | None = None) -> np.ndarray:
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
    check_problem(gamma, horizon)
    require(0 <= trace <= 1, f"trace = {trace} is not allowed: it must lie in [0, 1]")
    require(n_step is None or n_step >= 1, f"n_step = {n_step} is not allowed: at least 1, or None for all steps")
    lag = np.arange(horizon)[None, :] - np.arange(horizon)[:, None]
    used = (lag >= 0) & (lag < (horizon if n_step is None else n_step))
    return np.where(used, np.power(float(gamma * trace), np.maximum(lag, 0)), 0.0)


def _state_factor(horizon: int, gamma: float, discount_states: bool) -> np.ndarray:
    return np.power(float(gamma), 2 * np.arange(horizon)) if discount_states else np.ones(horizon)


def exact_inflation(
    score_squares: np.ndarray,
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
    squares = np.asarray(score_squares, dtype=float)
    require(squares.ndim == 1 and squares.size >= 1, f"score_squares has shape {squares.shape}: give shape (H,)")
    require(
        np.isfinite(squares).all() and (squares >= 0).all(), "score_squares must be finite and at least 0, without NaN"
    )
    horizon = squares.size
    check_problem(gamma, horizon, n_rollouts)
    weights = credit(horizon, gamma, trace=trace, n_step=n_step)
    return_variance = np.einsum("tu,uv,tv->t", weights, noise.covariance(horizon), weights)
    return float(np.sum(_state_factor(horizon, gamma, discount_states) * squares * return_variance) / n_rollouts)


def sharp_bound(
    score_square: float, variance: float, gamma: float, horizon: int, *, discount_states: bool, n_rollouts: int = 1
) -> float:
    r"""Bound for iid noise from one number, :math:`\bar W^2=\max_t\mathbb E\|w_t\|^2`; equality when constant in ``t``.

    .. math:: (A)\ \frac{\sigma^2\bar W^2}K\Big[\frac H{1-\gamma^2}-\frac{\gamma^2(1-\gamma^{2H})}{(1-\gamma^2)^2}\Big],
       \quad (B)\ \frac{\sigma^2\bar W^2}K\Big[\frac{1-\gamma^{2H}}{(1-\gamma^2)^2}-\frac{H\gamma^{2H}}{1-\gamma^2}\Big]

    Summed term by term, which also gives the limit H(H+1)/2 of both brackets at gamma = 1.

    Example:
        >>> sharp_bound(1.0, 1.0, 1.0, 3, discount_states=True)
        6.0
    """
    require(0 <= score_square < np.inf, f"score_square = {score_square} is not allowed: finite and at least 0")
    require(0 <= variance < np.inf, f"variance = {variance} is not allowed: finite and at least 0")
    check_problem(gamma, horizon, n_rollouts)
    powers = np.power(float(gamma), 2 * np.arange(horizon))
    remaining = np.cumsum(powers)[::-1]
    bracket = np.sum(_state_factor(horizon, gamma, discount_states) * remaining)
    return float(score_square * variance * bracket / n_rollouts)


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
    require(0 <= score_bound_square < np.inf, f"score_bound_square = {score_bound_square} must be finite, at least 0")
    require(0 <= variance < np.inf, f"variance = {variance} is not allowed: finite and at least 0")
    check_problem(gamma, horizon, n_rollouts)
    require(gamma < 1, "gamma = 1 is not allowed: the bound of Theorem 2 is infinite there; try sharp_bound")
    return float(variance * horizon * score_bound_square / (n_rollouts * (1 - gamma) ** 2))


def heteroscedastic_inflation(
    step_variance: torch.Tensor, scores: torch.Tensor, gamma: float, *, discount_states: bool, n_rollouts: int = 1
) -> Measured:
    r"""Inflation of independent noise whose variance depends on state and action, averaged over rollouts.

    .. math:: \frac1K\sum_u\mathbb E\big[\sigma^2(s_u,a_u)\,\|X_u\|^2\big],\qquad
       X_u=\sum_{t\le u}[\gamma^t]\gamma^{u-t}w_t

    Args:
        step_variance: :math:`\sigma^2(s_u,a_u)` along each rollout, shape ``(n, H)``.
        scores: shape ``(n, H, P)``.
    """
    n, horizon, _ = scores.shape
    check_problem(gamma, horizon, n_rollouts)
    require(
        step_variance.shape == (n, horizon),
        f"step_variance has shape {tuple(step_variance.shape)}: give {(n, horizon)}",
    )
    require(bool((step_variance >= 0).all()), "step_variance must be at least 0 everywhere, without NaN")
    factor = torch.from_numpy(_state_factor(horizon, gamma, discount_states)).sqrt()
    spread = torch.from_numpy(credit(horizon, gamma)) * factor[:, None]
    carried = torch.einsum("tu,ntp->nup", spread, scores)
    per_rollout = (step_variance * carried.square().sum(-1)).sum(1) / n_rollouts
    return Measured(float(per_rollout.mean()), float(per_rollout.std() / n**0.5))


def inflation_from_pairs(first: torch.Tensor, second: torch.Tensor) -> Measured:
    r"""Inflation of one rollout, estimated by labelling the same rollouts twice.

    .. math:: \tfrac12\,\mathbb E\|\hat g(\hat r^{(1)})-\hat g(\hat r^{(2)})\|^2

    The noise-free part cancels in the difference. The two sets of labels must be independent given the trajectory.

    Args:
        first: per-rollout gradients under the first labels, shape ``(n, P)``, n at least 2.
        second: under the second labels.

    Example:
        >>> inflation_from_pairs(torch.tensor([[1.0], [3.0]]), torch.tensor([[0.0], [0.0]])).value
        2.5
    """
    require(
        first.shape == second.shape,
        f"shapes {tuple(first.shape)} and {tuple(second.shape)} differ: label the same rollouts",
    )
    require(first.ndim == 2 and first.shape[0] >= 2, "give per-rollout gradients of shape (n, P) with n of at least 2")
    half = 0.5 * (first - second).square().sum(-1)
    require(bool(torch.isfinite(half).all()), "the gradients contain a NaN or an infinity")
    return Measured(float(half.mean()), float(half.std() / half.shape[0] ** 0.5))
