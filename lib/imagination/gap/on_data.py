r"""A return gap from data: bounds by the errors on visited states, and whose doing the gap is, exactly.

**Bounds.** A supremum over the whole space is infinite for most learned models, and no proof needs it. The error made
at step :math:`i` reaches all later rewards, which gives it the weight
:math:`\kappa\gamma^{i+1}\sum_{k<H-1-i}(\gamma\Lambda)^k` (exchange of the two sums). With the constants of the
**learned** maps the errors are needed on the **real** path only, which is what held-out data measures; with the
constants of the true maps, on the imagined path only.

**Attribution.** No inequality and no Lipschitz constant. Let :math:`(s_t,a_t,r_t)` be recorded in one system and let
:math:`\hat V_k` be the return over :math:`k` further steps in the other one. Summing
:math:`\gamma^t[\hat V_{H-t}(s_t)-\gamma\hat V_{H-t-1}(s_{t+1})]` telescopes to

.. math:: \hat J_H-J_H=\sum_{t<H}\gamma^t\Big[(\hat r-r)(s_t,a_t)
          +\gamma\big\{\hat V_{H-t-1}(\hat f(s_t,a_t))-\hat V_{H-t-1}(s_{t+1})\big\}\Big].

Recorded in the real system, this needs logged transitions and the model only. Recorded in the model, it needs
the real system as a simulator. The two sums are equal up to sign, their splits are not: they measure the reward
error on different paths.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from imagination.checks import Floats, broadcast, non_negative, number, numbers, plain
from imagination.errors import require
from imagination.gap.lipschitz import Lipschitz, SeparateLipschitz, constants_of
from imagination.gap.mdp import MDP, Policy, Trajectory


@dataclass(frozen=True, eq=False)
class GapAttribution:
    r"""Discounted contributions to the return in the other system minus the recorded one.

    Attributes:
        reward: ``(T, ...)``, :math:`\gamma^t(\hat r-r)(s_t,a_t)` per step, in units of the reward.
        dynamics: ``(T, ...)``, :math:`\gamma^{t+1}` times the change of value that the different next state
            makes.
    """

    reward: Floats
    dynamics: Floats

    @property
    def reward_total(self) -> Floats:
        """The part of the gap that the reward model makes, ``(...)``."""
        return np.asarray(self.reward.sum(axis=0))

    @property
    def dynamics_total(self) -> Floats:
        """The part of the gap that the dynamics model makes, ``(...)``."""
        return np.asarray(self.dynamics.sum(axis=0))

    @property
    def gap(self) -> Floats:
        """Return in the other system minus the recorded return, ``(...)``."""
        return np.asarray(self.reward_total + self.dynamics_total)


def attribute_gap(trajectory: Trajectory, other: MDP, policy: Policy) -> GapAttribution:
    r"""Split the return gap between a recorded system and ``other`` into reward and dynamics, step by step.

    For the error of a model pass the **real** log and the model: ``gap`` is :math:`\hat J_H-J_H`. For the other
    identity pass the **imagined** trajectory and the real system: ``gap`` is :math:`J_H-\hat J_H`. The horizon
    is the length of the record. Memory and time grow with its square: :math:`H` states are rolled forward
    together for up to :math:`H` steps.

    Args:
        trajectory: recorded under ``policy``; rewards ``(T, ...)``, states ``(T + 1, ..., d_s)``.
        other: the system that was not recorded; its discount is used.
        policy: the policy of both systems.

    Returns:
        The contributions of every step; their sum is the gap up to rounding.

    Raises:
        RequestError: if the recorded actions are not those of the policy: then the two returns do not belong to
            one policy and the identity does not hold.

    Source: this book; performance-difference telescoping.

    Example:
        >>> from imagination.gap.mdp import rollout
        >>> real = MDP(lambda s, a: 0.5 * s, lambda s, a: s[..., 0], 0.9)
        >>> model = MDP(lambda s, a: 0.6 * s, lambda s, a: s[..., 0] + 0.1, 0.9)
        >>> stay = lambda s: 0 * s
        >>> split = attribute_gap(rollout(real, stay, np.array([1.0]), 3), model, stay)
        >>> round(float(split.reward_total), 12), round(float(split.dynamics_total), 12)  # 0.271 and 0.09 + 0.81 * 0.11
        (0.271, 0.1791)
    """
    states, rewards = numbers("states", trajectory.states), numbers("rewards", trajectory.rewards)
    actions = numbers("actions", trajectory.actions)
    require(
        states.ndim > 1 and actions.ndim > 0 and len(states) == len(actions) + 1 == np.size(rewards, 0) + 1
        if rewards.ndim
        else False,
        f"a record of states {states.shape}, actions {actions.shape} and rewards {rewards.shape} is not allowed: it has"
        " one state more than actions and rewards, and at least one step",
    )
    expected = policy(states[:-1])
    require(
        np.shape(expected) == np.shape(actions) and np.allclose(expected, actions, rtol=1e-9, atol=1e-12),
        "the recorded actions are not those of the policy; record the policy that you evaluate, or pass the one that"
        " was recorded",
    )
    horizon = len(rewards)
    discounts = (other.gamma ** np.arange(horizon)).reshape(-1, *[1] * (rewards.ndim - 1))
    imagined = other.dynamics(states[:-1], actions)
    after = _values_to_go(other, policy, imagined) - _values_to_go(other, policy, states[1:])
    return GapAttribution(
        reward=discounts * (other.reward(states[:-1], actions) - rewards),
        dynamics=discounts * other.gamma * after,
    )


def _values_to_go(mdp: MDP, policy: Policy, states: Floats) -> Floats:
    """Return of the state of row ``t`` over the ``len(states) - 1 - t`` steps that are left there."""
    total = np.zeros(states.shape[:-1])
    discount, current = 1.0, states
    for done in range(len(states) - 1):
        current = current[: len(states) - 1 - done]  # rows whose time is not up
        actions = policy(current)
        total[: len(current)] += discount * mdp.reward(current, actions)
        current, discount = mdp.dynamics(current, actions), discount * mdp.gamma
    return total


def gap_bound_along_path(
    lipschitz: Lipschitz | SeparateLipschitz, *, gamma: float, dynamics_errors: ArrayLike, reward_errors: ArrayLike
) -> float | Floats:
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
    gamma = number("gamma", gamma, low=0, high=1)
    growth, sensitivity = constants_of(lipschitz)
    e, rho = non_negative("dynamics_errors", dynamics_errors), non_negative("reward_errors", reward_errors)
    require(
        e.shape == rho.shape and e.ndim > 0,
        f"dynamics_errors {e.shape} and reward_errors {rho.shape} must have one shape, with time as the first axis",
    )
    broadcast(constants=growth, one_step=e[0])
    total = np.zeros(e.shape[1:])
    weight, drift = 1.0, np.zeros(e.shape[1:])  # drift is gamma^t delta_t, which overflows only where the bound does
    with np.errstate(over="ignore"):
        for e_t, rho_t in zip(e, rho, strict=True):
            total = total + weight * rho_t + sensitivity * drift
            weight = weight * gamma
            drift = gamma * growth * drift + weight * e_t
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
    gamma = number("gamma", gamma, low=0, below=1)
    errors = numbers("errors", errors, low=0, high=1e150)
    require(errors.ndim > 0, "errors is a single number: give an array with time as its first axis")
    squares = (errors**2).reshape(len(errors), -1).mean(axis=1)
    return float(np.sqrt((1 - gamma) * (gamma ** np.arange(len(squares)) @ squares)))
