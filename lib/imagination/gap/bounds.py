r"""Lemma 1: how far imagined and true return can be apart, from model errors and Lipschitz constants.

Every bound here is a sum over steps of :math:`\gamma^t` times the largest difference that two rewards can have at
that step, and every one is attained. See :mod:`imagination.gap.lipschitz` for the constants and
:mod:`imagination.gap.error_sums` for the sums.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from imagination.errors import require
from imagination.gap.error_sums import ErrorSums, error_sums
from imagination.gap.lipschitz import Lipschitz, SeparateLipschitz
from imagination.gap.twofold import Twofold
from imagination.ranges import UNLIMITED, broadcast, discount, non_negative, plain, whole

__all__ = ["Lipschitz", "SeparateLipschitz", "dynamics_coefficient", "return_gap_bound", "return_gap_tail"]


def return_gap_bound(
    lipschitz: Lipschitz | SeparateLipschitz,
    *,
    gamma: ArrayLike,
    eps_dyn: ArrayLike,
    eps_rew: ArrayLike,
    horizon: ArrayLike | None = None,
    reward_range: ArrayLike | None = None,
) -> float | np.ndarray:
    r"""Largest possible :math:`|J(\pi,M)-J(\pi,\hat M)|` given the constants and the model errors.

    Infinite horizon, unbounded reward (Lemma 1, Eq. 1; needs :math:`\gamma\Lambda<1`):

    .. math:: \frac{\epsilon_{rew}}{1-\gamma}+\frac{\gamma\kappa}{(1-\gamma)(1-\gamma\Lambda)}\,\epsilon_{dyn}.

    Over ``horizon`` steps, for any growth: :math:`\epsilon_{rew}S_H+\kappa\epsilon_{dyn}D_H`. With two rewards
    never further apart than ``reward_range``, the state error costs at most
    :math:`\sum_t\gamma^t\min(R,\kappa\delta_t)`, finite for any growth at any horizon. Each form is attained by
    a scalar MDP, so none can be improved from these constants. All arguments broadcast.

    Args:
        lipschitz: constants of one of the two systems.
        gamma: discount in [0, 1); 1 is allowed with a horizon.
        eps_dyn: :math:`\sup\|\hat f-f\|\ge0`, in units of the state.
        eps_rew: :math:`\sup|\hat r-r|\ge0`, in units of the reward.
        horizon: number of rewards summed, an integer of 0 or more. None: infinite.
        reward_range: :math:`R=\sup r-\inf r` of the system with these constants, in units of the reward. None:
            unbounded.

    Returns:
        The bound, in units of the reward: a float, or an array of the broadcast shape. Correct to a relative
        1e-12; infinite only where it exceeds 1e300.

    Raises:
        RequestError: if a value is outside its range, or :math:`\gamma\Lambda\ge1` with an infinite horizon and
            unbounded reward.

    Source: Lemma 1; Appendix B.1. Finite horizon and bounded reward: this book.

    Example:
        >>> constants = Lipschitz(dynamics=0.5, reward=1.0, policy=0.5)
        >>> round(return_gap_bound(constants, gamma=0.9, eps_dyn=0.01, eps_rew=0.001), 9)
        0.425384615
        >>> expansive = Lipschitz(dynamics=1.0, reward=1.0, policy=0.5)
        >>> round(return_gap_bound(expansive, gamma=0.9, eps_dyn=0.01, eps_rew=0.001, horizon=15), 6)
        7.411863
        >>> round(return_gap_bound(expansive, gamma=0.9, eps_dyn=0.01, eps_rew=0.001, reward_range=1.0), 6)
        4.891323
    """
    gamma = discount(gamma, finite=horizon is not None)
    eps_dyn, eps_rew = non_negative("eps_dyn", eps_dyn), non_negative("eps_rew", eps_rew)
    horizon = None if horizon is None else whole("horizon", horizon)
    growth = lipschitz._growth()
    sensitivity = lipschitz._sensitivity()
    given = {"gamma": gamma, "eps_dyn": eps_dyn, "eps_rew": eps_rew, "the constants": growth.high + sensitivity.high}
    if reward_range is not None:
        given["reward_range"] = reward_range = non_negative("reward_range", reward_range)
    shape = broadcast(**given, horizon=0 if horizon is None else horizon)
    weight = (sensitivity * Twofold.of(eps_dyn)).value

    if reward_range is not None:
        bound = _bounded(gamma, growth, weight, eps_rew, horizon, reward_range)
    elif horizon is not None:
        sums, _ = error_sums(gamma, growth, np.where(weight > 0, weight, 1.0), horizon)
        bound = _product(eps_rew, sums.rewards.value) + np.where(weight > 0, sums.total.value, 0.0)
    else:
        bound = (eps_rew + gamma * weight / _room(gamma, growth)) / (1 - gamma)
    return plain(np.broadcast_to(bound, shape).copy())


def return_gap_tail(
    lipschitz: Lipschitz | SeparateLipschitz,
    *,
    gamma: ArrayLike,
    eps_dyn: ArrayLike,
    eps_rew: ArrayLike,
    horizon: ArrayLike,
) -> float | np.ndarray:
    r"""What the steps from ``horizon`` on can still add to the return gap: the truncation error of a rollout.

    .. math:: \frac{\gamma^H}{1-\gamma}\Big[\epsilon_{rew}+\frac{\gamma\kappa\,\epsilon_{dyn}}{1-\gamma\Lambda}\Big]
              +\frac{\kappa\,\gamma^H\delta_H}{1-\gamma\Lambda}

    with :math:`\delta_H=\epsilon_{dyn}(\Lambda^H-1)/(\Lambda-1)`. Only :math:`\gamma\Lambda<1` is needed, not
    :math:`\Lambda<1`. The same formula bounds the tail of ONE return: put :math:`\epsilon_{dyn}=\|s_1-s_0\|`
    and :math:`\epsilon_{rew}=|r(s_0,a_0)|`, because the distance from the start obeys the same recurrence.

    Args:
        lipschitz: constants of one of the two systems.
        gamma: discount in [0, 1).
        eps_dyn: sup norm of the dynamics error.
        eps_rew: sup norm of the reward error.
        horizon: number of steps already summed.

    Returns:
        An upper bound of :math:`\sum_{t\ge H}\gamma^t|r_t-\hat r_t|`; a float or an array of the broadcast
        shape.

    Raises:
        RequestError: if a value is outside its range, or :math:`\gamma\Lambda\ge1`.

    Source: this book.

    Example:
        >>> arguments = dict(gamma=0.9, eps_dyn=0.01, eps_rew=0.001)
        >>> constants = Lipschitz(dynamics=0.5, reward=1.0, policy=0.5)
        >>> whole = return_gap_bound(constants, **arguments)
        >>> head = return_gap_bound(constants, **arguments, horizon=7)
        >>> abs(head + return_gap_tail(constants, **arguments, horizon=7) - whole) < 1e-15
        True
    """
    gamma = discount(gamma, finite=False)
    eps_dyn, eps_rew = non_negative("eps_dyn", eps_dyn), non_negative("eps_rew", eps_rew)
    horizon = whole("horizon", horizon)
    growth = lipschitz._growth()
    sensitivity = lipschitz._sensitivity()
    constants = growth.high + sensitivity.high
    broadcast(gamma=gamma, eps_dyn=eps_dyn, eps_rew=eps_rew, horizon=horizon, constants=constants)
    room = _room(gamma, growth)
    weight = (sensitivity * Twofold.of(eps_dyn)).value
    sums, _ = error_sums(gamma, growth, np.where(weight > 0, weight, 1.0), horizon)
    fresh = (eps_rew + gamma * weight / room) / (1 - gamma)
    return plain(sums.discount.value * fresh + np.where(weight > 0, sums.drift.value, 0.0) / room)


def dynamics_coefficient(lipschitz: Lipschitz | SeparateLipschitz, *, gamma: ArrayLike) -> float | np.ndarray:
    r"""Coefficient of :math:`\epsilon_{dyn}` in Eq. 1, :math:`C=\gamma\kappa/((1-\gamma)(1-\gamma\Lambda))`.

    Args:
        lipschitz: constants of one of the two systems.
        gamma: discount in [0, 1).

    Returns:
        :math:`C`, in units of reward per unit of state.

    Raises:
        RequestError: if :math:`\gamma\Lambda\ge1`.

    Source: Lemma 1, Corollary 1.

    Example:
        >>> round(dynamics_coefficient(Lipschitz(dynamics=0.5, reward=1.0, policy=0.5), gamma=0.9), 9)
        41.538461538
    """
    return return_gap_bound(lipschitz, gamma=gamma, eps_dyn=1.0, eps_rew=0.0)


def _bounded(gamma, growth, weight, eps_rew, horizon, reward_range) -> np.ndarray:
    r"""Clip the drift at the range: below it up to some step, at the range from then on."""
    matters = (weight > 0) & (reward_range > 0)
    weight, reward_range = np.where(matters, weight, 1.0), np.where(matters, reward_range, 1.0)
    end = _all_discounted_away(gamma) if horizon is None else horizon

    def below_range(sums: ErrorSums) -> np.ndarray:
        return sums.drift.value < reward_range * sums.discount.value

    _, last_below = error_sums(gamma, growth, weight, np.maximum(end - 1, 0), below_range)
    reached = np.minimum(last_below + 1, end)
    head, _ = error_sums(gamma, growth, weight, reached)
    if horizon is None:
        rewards = rest = 1 / (1 - gamma)
    else:
        rest = error_sums(gamma, growth, weight, end - reached)[0].rewards.value
        rewards = error_sums(gamma, growth, weight, end)[0].rewards.value
    return eps_rew * rewards + np.where(matters, head.total.value + reward_range * head.discount.value * rest, 0.0)


def _all_discounted_away(gamma: np.ndarray) -> np.ndarray:
    r"""A number of steps after which :math:`\gamma^t` is below the smallest float64."""
    with np.errstate(divide="ignore"):
        return np.minimum(np.ceil(-800 / np.log(gamma)) + 1, UNLIMITED - 1).astype(np.int64)


def _room(gamma: np.ndarray, growth: Twofold) -> np.ndarray:
    r""":math:`1-\gamma\Lambda`, refused unless positive."""
    contraction = Twofold.of(gamma) * growth
    room = contraction.one_minus
    require(
        (room > 0).all(),
        f"gamma L_f (1 + L_pi) = {np.max(contraction.value):.6g} is 1 or more: Lemma 1 gives no bound for an infinite"
        " horizon and an unbounded reward; give horizon= for the finite-horizon form, or reward_range= if the reward"
        " is bounded",
    )
    return room


def _product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """``a * b``, and zero where ``a`` is zero although ``b`` overflowed."""
    with np.errstate(invalid="ignore", over="ignore"):
        return np.where(a > 0, a * b, 0.0)
