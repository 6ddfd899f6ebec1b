r"""Lemma 1: how far imagined and true return can be apart, from model errors and Lipschitz constants.

Every bound here is a sum over steps of :math:`\gamma^t` times the largest difference that two rewards can have at
that step, and every one is attained. See :mod:`imagination.gap.lipschitz` for the constants and
:mod:`imagination.gap.error_sums` for the sums. Two more sources of error enter the same recurrence: an encoder that
places the start up to :math:`e_0` off, and a policy that differs by up to :math:`\epsilon_\pi` between training and
deployment, give :math:`\delta_0=e_0`, :math:`\delta_{t+1}=\Lambda\delta_t+\epsilon_{dyn}+L_f\epsilon_\pi`, and a
reward that is off by :math:`\epsilon_{rew}+L_r\epsilon_\pi+\kappa\delta_t`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from imagination.checks import UNLIMITED, Floats, Ints, broadcast, discount, non_negative, numbers, plain, wholes
from imagination.gap.error_sums import Bools, ErrorSums, error_sums, times
from imagination.gap.lipschitz import Lipschitz, SeparateLipschitz, constants_of, contraction, room


def return_gap_bound(
    lipschitz: Lipschitz | SeparateLipschitz,
    *,
    gamma: ArrayLike,
    eps_dyn: ArrayLike,
    eps_rew: ArrayLike,
    horizon: ArrayLike | None = None,
    reward_range: ArrayLike | None = None,
) -> float | Floats:
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
        1e-12, or to 1e-290, below which float64 runs out of digits; infinite only where it, or
        :math:`\kappa\epsilon_{dyn}`, exceeds 1e300.

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
    growth, sensitivity = constants_of(lipschitz)
    given = {"gamma": gamma, "eps_dyn": eps_dyn, "eps_rew": eps_rew, "the constants": growth}
    if reward_range is not None:
        given["reward_range"] = reward_range = non_negative("reward_range", reward_range)
    shape = broadcast(**given, horizon=0 if horizon is None else horizon)

    with np.errstate(over="ignore", under="ignore"):
        weight = sensitivity * eps_dyn
        if reward_range is not None:
            bound = _bounded(lipschitz, gamma, weight, eps_rew, horizon, reward_range)
        elif horizon is not None:
            inside, outside = _split(weight)
            sums, _ = error_sums(gamma, contraction(lipschitz, gamma), inside, horizon)
            bound = times(eps_rew, sums.rewards) + times(outside, sums.total)
        else:
            bound = (eps_rew + gamma * weight / room(lipschitz, gamma)) / (1 - gamma)
    return plain(np.broadcast_to(bound, shape).copy())


def return_gap_tail(
    lipschitz: Lipschitz | SeparateLipschitz,
    *,
    gamma: ArrayLike,
    eps_dyn: ArrayLike,
    eps_rew: ArrayLike,
    horizon: ArrayLike,
) -> float | Floats:
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
    growth, sensitivity = constants_of(lipschitz)
    broadcast(gamma=gamma, eps_dyn=eps_dyn, eps_rew=eps_rew, horizon=horizon, constants=growth)
    margin = room(lipschitz, gamma)
    with np.errstate(over="ignore", under="ignore"):
        weight = sensitivity * eps_dyn
        inside, outside = _split(weight)
        sums, _ = error_sums(gamma, contraction(lipschitz, gamma), inside, horizon)
        fresh = times(sums.discount, eps_rew) + times(sums.discount * gamma, weight) / margin
        return plain(fresh / (1 - gamma) + times(outside, sums.drift) / margin)


def dynamics_coefficient(lipschitz: Lipschitz | SeparateLipschitz, *, gamma: ArrayLike) -> float | Floats:
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


def _bounded(
    lipschitz: Lipschitz | SeparateLipschitz,
    gamma: Floats,
    weight: Floats,
    eps_rew: Floats,
    horizon: Ints | None,
    reward_range: Floats,
) -> Floats:
    r"""Clip the drift at the range: below it up to some step, at the range from then on."""
    matters = (weight > 0) & (reward_range > 0)
    inside, outside = _split(np.where(matters, weight, 1.0))
    clip = np.where(matters, reward_range, 1.0)
    factor = contraction(lipschitz, gamma)
    end = _all_discounted_away(gamma) if horizon is None else horizon

    def below_range(sums: ErrorSums) -> Bools:
        return outside * sums.drift < clip * sums.discount

    _, last_below = error_sums(gamma, factor, inside, np.maximum(end - 1, 0), below_range)
    reached = np.minimum(last_below + 1, end)
    head, _ = error_sums(gamma, factor, inside, reached)
    if horizon is None:
        rewards = rest = 1 / (1 - gamma)
    else:
        rest = error_sums(gamma, factor, inside, end - reached)[0].rewards
        rewards = error_sums(gamma, factor, inside, end)[0].rewards
    return eps_rew * rewards + np.where(matters, times(outside, head.total) + clip * head.discount * rest, 0.0)


def _all_discounted_away(gamma: Floats) -> Ints:
    r"""A number of steps after which :math:`\gamma^t` is below the smallest float64."""
    with np.errstate(divide="ignore"):
        return np.asarray(np.minimum(np.ceil(-800 / np.log(gamma)) + 1, UNLIMITED - 1), dtype=np.int64)


def _split(weight: Floats) -> tuple[Floats, Floats]:
    """A factor for inside the sums, where it keeps them from overflowing too early, and what is left for outside: 1,
    unless the weight is so near to the ends of float64 that products with it lose digits or overflow on the way."""
    inside = np.where(weight > 0, np.clip(weight, 1e-200, 1e200), 1.0)
    return inside, weight / inside


def return_gap_bound_all_sources(
    lipschitz: Lipschitz,
    *,
    gamma: ArrayLike,
    eps_dyn: ArrayLike,
    eps_rew: ArrayLike,
    eps_policy: ArrayLike = 0.0,
    start_error: ArrayLike = 0.0,
    horizon: ArrayLike | None = None,
) -> float | Floats:
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
    growth, sensitivity = constants_of(lipschitz, Lipschitz)
    gamma = discount(gamma, finite=horizon is not None)
    given = {"eps_dyn": eps_dyn, "eps_rew": eps_rew, "eps_policy": eps_policy, "start_error": start_error}
    e_dyn, e_rew, e_policy, e_start = (numbers(name, value, low=0, high=1e150) for name, value in given.items())
    broadcast(gamma=gamma, eps_dyn=e_dyn, eps_rew=e_rew, eps_policy=e_policy, start_error=e_start, constants=growth)
    with np.errstate(over="ignore"):
        step, pay = e_dyn + lipschitz.dynamics * e_policy, e_rew + lipschitz.reward * e_policy
    model_errors = return_gap_bound(lipschitz, gamma=gamma, eps_dyn=step, eps_rew=pay, horizon=horizon)
    if horizon is None:
        reach = 1 / room(lipschitz, gamma)
    else:
        steps = wholes("horizon", horizon)
        reach = error_sums(gamma, contraction(lipschitz, gamma), np.ones(()), steps)[0].contractions
    with np.errstate(over="ignore"):
        return plain(model_errors + times(sensitivity * e_start, reach))


@dataclass(frozen=True, eq=False)
class CoefficientElasticities:
    r"""Derivatives of :math:`\ln C` in the logarithm of each argument; no unit.

    Attributes:
        dynamics: in :math:`\ln L_f`, equal to :math:`\gamma\Lambda/(1-\gamma\Lambda)`.
        reward: in :math:`\ln L_r`, equal to 1.
        one_plus_policy: in :math:`\ln(1+L_\pi)`, equal to :math:`1/(1-\gamma\Lambda)`: always the dynamics'
            plus 1.
        policy: in :math:`\ln L_\pi`, equal to the previous one times :math:`L_\pi/(1+L_\pi)`.
    """

    dynamics: float | Floats
    reward: float | Floats
    one_plus_policy: float | Floats
    policy: float | Floats


def coefficient_elasticities(lipschitz: Lipschitz, *, gamma: ArrayLike) -> CoefficientElasticities:
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
    growth, _ = constants_of(lipschitz, Lipschitz)
    broadcast(gamma=gamma, constants=growth)
    one_plus = 1 / room(lipschitz, gamma)
    share = np.asarray(lipschitz.policy) / (1 + np.asarray(lipschitz.policy))
    values = (gamma * growth * one_plus, np.ones_like(one_plus), one_plus, one_plus * share)
    return CoefficientElasticities(*map(plain, values))
