r"""Lemma 1: how far imagined and true return can be apart, from model errors and Lipschitz constants.

Every bound here is a sum over steps of :math:`\gamma^t` times the largest difference that two rewards can have at
that step, and every one is attained. See :mod:`imagination.gap.lipschitz` for the constants and
:mod:`imagination.gap.error_sums` for the sums.

Lemma 1 with two more sources of error: another start, and another policy inside the model.

An encoder that places the start up to :math:`e_0` off, and a policy that differs by up to :math:`\epsilon_\pi`
between training and deployment, enter the same recurrence: :math:`\delta_0=e_0`,
:math:`\delta_{t+1}=\Lambda\delta_t+\epsilon_{dyn}+L_f\epsilon_\pi`, and each reward is off by
:math:`\epsilon_{rew}+L_r\epsilon_\pi+\kappa\delta_t`.

Corollary 1 as percentages: by how many per cent the dynamics coefficient rises per per cent of each constant.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from imagination.checks import UNLIMITED, broadcast, discount, non_negative, plain, wholes
from imagination.errors import require
from imagination.gap.error_sums import ErrorSums, error_sums
from imagination.gap.lipschitz import Lipschitz, SeparateLipschitz, room
from imagination.gap.twofold import Twofold

__all__ = [
    "Elasticities",
    "Lipschitz",
    "SeparateLipschitz",
    "coefficient_elasticities",
    "dynamics_coefficient",
    "return_gap_bound",
    "return_gap_bound_all_sources",
    "return_gap_tail",
]


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
    horizon = None if horizon is None else wholes("horizon", horizon)
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
        bound = (eps_rew + gamma * weight / room(gamma, growth)) / (1 - gamma)
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
        >>> entire = return_gap_bound(constants, **arguments)
        >>> head = return_gap_bound(constants, **arguments, horizon=7)
        >>> abs(head + return_gap_tail(constants, **arguments, horizon=7) - entire) < 1e-15
        True
    """
    gamma = discount(gamma, finite=False)
    eps_dyn, eps_rew = non_negative("eps_dyn", eps_dyn), non_negative("eps_rew", eps_rew)
    horizon = wholes("horizon", horizon)
    growth = lipschitz._growth()
    sensitivity = lipschitz._sensitivity()
    constants = growth.high + sensitivity.high
    broadcast(gamma=gamma, eps_dyn=eps_dyn, eps_rew=eps_rew, horizon=horizon, constants=constants)
    margin = room(gamma, growth)
    weight = (sensitivity * Twofold.of(eps_dyn)).value
    sums, _ = error_sums(gamma, growth, np.where(weight > 0, weight, 1.0), horizon)
    fresh = (eps_rew + gamma * weight / margin) / (1 - gamma)
    return plain(sums.discount.value * fresh + np.where(weight > 0, sums.drift.value, 0.0) / margin)


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


def _product(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """``a * b``, and zero where ``a`` is zero although ``b`` overflowed."""
    with np.errstate(invalid="ignore", over="ignore"):
        return np.where(a > 0, a * b, 0.0)


def return_gap_bound_all_sources(
    lipschitz: Lipschitz,
    *,
    gamma: ArrayLike,
    eps_dyn: ArrayLike,
    eps_rew: ArrayLike,
    eps_policy: ArrayLike = 0.0,
    start_error: ArrayLike = 0.0,
    horizon: ArrayLike | None = None,
) -> float | np.ndarray:
    r"""Bound of :math:`|J(\pi,M,s_0)-J(\hat\pi,\hat M,\hat s_0)|`.

    .. math:: \frac{\epsilon_{rew}+L_r\epsilon_\pi}{1-\gamma}+\kappa\Big[\frac{e_0}{1-\gamma\Lambda}
              +\frac{\gamma(\epsilon_{dyn}+L_f\epsilon_\pi)}{(1-\gamma)(1-\gamma\Lambda)}\Big],

    and the corresponding finite sums with a horizon. Attained by the scalar MDP that attains Lemma 1.

    Args:
        lipschitz: constants of the true maps and of :math:`\pi`.
        gamma: discount in [0, 1); 1 is allowed with a horizon.
        eps_dyn: :math:`\sup\|\hat f-f\|`.
        eps_rew: :math:`\sup|\hat r-r|`.
        eps_policy: :math:`\sup\|\hat\pi-\pi\|`, in units of the action.
        start_error: :math:`\|\hat s_0-s_0\|`, in units of the state.
        horizon: number of rewards; None: infinite.

    Returns:
        The bound; arguments broadcast.

    Raises:
        RequestError: as :func:`imagination.gap.bounds.return_gap_bound`.

    Source: this book.

    Example:
        >>> constants = Lipschitz(dynamics=0.5, reward=1.0, policy=0.0)
        >>> arguments = dict(gamma=0.5, eps_dyn=0.0, eps_rew=0.0)
        >>> round(return_gap_bound_all_sources(constants, **arguments, start_error=0.3), 12)
        0.4
    """
    eps_policy, start_error = non_negative("eps_policy", eps_policy), non_negative("start_error", start_error)
    model_errors = return_gap_bound(
        lipschitz,
        gamma=gamma,
        eps_dyn=non_negative("eps_dyn", eps_dyn) + lipschitz.dynamics * eps_policy,
        eps_rew=non_negative("eps_rew", eps_rew) + lipschitz.reward * eps_policy,
        horizon=horizon,
    )
    growth = lipschitz._growth()
    if horizon is None:
        reach = 1 / (Twofold.of(gamma) * growth).one_minus
    else:
        reach = error_sums(gamma, growth, 1.0, wholes("horizon", horizon))[0].contractions.value
    with np.errstate(over="ignore", invalid="ignore"):
        from_start = np.where(start_error > 0, lipschitz.sensitivity * start_error * reach, 0.0)
    return plain(model_errors + from_start)


@dataclass(frozen=True, eq=False)
class Elasticities:
    r"""Derivatives of :math:`\ln C` in the logarithm of each argument; no unit.

    Attributes:
        dynamics: in :math:`\ln L_f`, equal to :math:`\gamma\Lambda/(1-\gamma\Lambda)`.
        reward: in :math:`\ln L_r`, equal to 1.
        one_plus_policy: in :math:`\ln(1+L_\pi)`, equal to :math:`1/(1-\gamma\Lambda)`: always the dynamics'
            plus 1.
        policy: in :math:`\ln L_\pi`, equal to the previous one times :math:`L_\pi/(1+L_\pi)`.
    """

    dynamics: float | np.ndarray
    reward: float | np.ndarray
    one_plus_policy: float | np.ndarray
    policy: float | np.ndarray


def coefficient_elasticities(lipschitz: Lipschitz, *, gamma: ArrayLike) -> Elasticities:
    r"""Elasticities of :math:`C=\gamma\kappa/((1-\gamma)(1-\gamma\Lambda))`.

    Args:
        lipschitz: the constants.
        gamma: discount in [0, 1).

    Returns:
        The four elasticities. Dynamics beats reward exactly when :math:`\gamma\Lambda>1/2`.

    Raises:
        RequestError: if :math:`\gamma\Lambda\ge1`.

    Source: this book, from Corollary 1.

    Example:
        >>> lever = coefficient_elasticities(Lipschitz(dynamics=0.5, reward=1.0, policy=0.6), gamma=0.9)
        >>> round(lever.dynamics, 3), lever.reward, round(lever.one_plus_policy, 3), round(lever.policy, 3)
        (2.571, 1.0, 3.571, 1.339)
    """
    gamma = discount(gamma, finite=False)
    dynamics_coefficient(lipschitz, gamma=gamma)  # refuses what Lemma 1 refuses
    contraction = gamma * np.asarray(lipschitz.growth)
    one_plus = 1 / (1 - contraction)
    share = np.asarray(lipschitz.policy) / (1 + np.asarray(lipschitz.policy))
    values = (contraction * one_plus, np.ones_like(one_plus), one_plus, one_plus * share)
    return Elasticities(*(v if np.ndim(v) else float(v) for v in values))
