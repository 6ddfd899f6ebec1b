r"""Bounds from the errors on the visited states, in place of suprema.

A supremum over the whole space is infinite for most learned models, and no proof needs it. The error made at
step :math:`i` reaches all later rewards, which gives it the weight
:math:`\kappa\gamma^{i+1}\sum_{k<H-1-i}(\gamma\Lambda)^k` (exchange of the two sums). With the constants of the
**learned** maps the errors are needed on the **real** path only, which is what held-out data measures; with the
constants of the true maps, on the imagined path only.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from imagination.errors import require
from imagination.gap.lipschitz import Lipschitz, SeparateLipschitz
from imagination.ranges import discount, non_negative, plain

__all__ = ["gap_bound_along_path", "occupancy_rmse"]


def gap_bound_along_path(
    lipschitz: Lipschitz | SeparateLipschitz, *, gamma: float, dynamics_errors: ArrayLike, reward_errors: ArrayLike
) -> float | np.ndarray:
    r"""Bound of :math:`|J_H-\hat J_H|` from the errors of every step of one path.

    .. math:: \sum_{t<H}\gamma^t\rho_t+\kappa\sum_{i<H-1}e_i\,\gamma^{i+1}\sum_{k<H-1-i}(\gamma\Lambda)^k

    Computed as the recurrence :math:`\delta_{t+1}=\Lambda\delta_t+e_t`, which is the same sum.

    Args:
        lipschitz: constants of the learned maps for errors on the real path, or the other way round.
        gamma: discount in [0, 1].
        dynamics_errors: :math:`e_t=\|\hat f-f\|` at step :math:`t`, ``(H, ...)``. The last one has no effect.
        reward_errors: :math:`\rho_t=|\hat r-r|`, ``(H, ...)``.

    Returns:
        The bound, a float or ``(...)``.

    Raises:
        RequestError: if an error is negative or not finite, the shapes differ, or the bound exceeds the range
            of float64.

    Source: this book.

    Example:
        >>> constants = Lipschitz(dynamics=1.0, reward=1.0, policy=0.0)
        >>> gap_bound_along_path(constants, gamma=0.5, dynamics_errors=[0.2, 0.0, 0.0], reward_errors=[0.0, 0.0, 0.1])
        0.175
    """
    gamma = discount(gamma, finite=True)
    e, rho = non_negative("dynamics_errors", dynamics_errors), non_negative("reward_errors", reward_errors)
    require(
        e.shape == rho.shape and e.ndim > 0,
        f"dynamics_errors {e.shape} and reward_errors {rho.shape} must have one shape, with time as the first axis",
    )
    total = np.zeros(e.shape[1:])
    weight, drift = 1.0, np.zeros(e.shape[1:])  # drift is gamma^t delta_t, which overflows only where the bound does
    with np.errstate(over="ignore"):
        for e_t, rho_t in zip(e, rho, strict=True):
            total = total + weight * rho_t + lipschitz.sensitivity * drift
            weight = weight * gamma
            drift = gamma * lipschitz.growth * drift + weight * e_t
    require(np.isfinite(total).all(), "the bound exceeds the range of float64; shorten the path")
    return plain(total)


def occupancy_rmse(errors: ArrayLike, *, gamma: float) -> float:
    r"""Root mean square of an error norm under the discounted occupancy of the recorded paths.

    .. math:: \mathrm{RMSE}^2=(1-\gamma)\sum_t\gamma^t\,\mathbb E\,e_t^2

    Put into :func:`imagination.gap.bounds.return_gap_bound` in place of the sup norms, with the constants of the
    learned maps, it bounds :math:`|\mathbb EJ-\mathbb E\hat J|` over the same starts: this is what makes an
    RMSE a legitimate surrogate. A finite record is read as one whose errors are zero afterwards; add the
    largest possible error times :math:`\gamma^{T/2}` where that matters.

    Args:
        errors: norms, ``(T, ...)`` with time as the first axis; all other axes are starts of equal weight.
        gamma: discount in [0, 1).

    Returns:
        The RMSE, in units of the error.

    Raises:
        RequestError: if an error is negative or not finite.

    Source: this book.

    Example:
        >>> round(occupancy_rmse(np.full((500, 3), 0.2), gamma=0.9), 12)
        0.2
    """
    gamma = discount(gamma, finite=False)
    errors = non_negative("errors", errors)
    require(errors.ndim > 0 and errors.size > 0, "errors is empty; give at least one step")
    squares = (errors**2).reshape(len(errors), -1).mean(axis=1)
    return float(np.sqrt((1 - gamma) * (gamma ** np.arange(len(squares)) @ squares)))
