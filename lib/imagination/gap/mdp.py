r"""Deterministic MDPs and pairs of them, their rollouts, and returns whose truncation error is known.

Section 1 of the paper: :math:`s_{t+1}=f(s_t,a_t)`, :math:`a_t=\pi(s_t)`,
:math:`J(\pi,M)=\sum_t\gamma^tr(s_t,a_t)`. States and actions carry any number of leading batch axes; the last
axis is the vector. Everything is float64.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from imagination.checks import Floats, number, numbers, whole
from imagination.errors import require, shown

Dynamics = Callable[[Floats, Floats], Floats]
Reward = Callable[[Floats, Floats], Any]
Policy = Callable[[Floats], Floats]


@dataclass(frozen=True)
class MDP:
    r"""A deterministic MDP :math:`(f, r, \gamma)`; the spaces are those on which the functions are defined.

    Args:
        dynamics: :math:`f`, from states ``(..., d_s)`` and actions ``(..., d_a)`` to states ``(..., d_s)``.
        reward: :math:`r`, from the same to ``(...)``.
        gamma: discount in [0, 1]. 1 is meant for finite horizons.

    Raises:
        RequestError: if gamma lies outside [0, 1].

    Source: Section 1, Notation.

    Example:
        >>> mdp = MDP(dynamics=lambda s, a: s + a, reward=lambda s, a: -(s**2).sum(-1), gamma=0.9)
        >>> float(discounted_return(mdp, lambda s: -0.5 * s, np.array([1.0]), horizon=2))  # -(1 + 0.9 / 4)
        -1.225
    """

    dynamics: Dynamics
    reward: Reward
    gamma: float

    def __post_init__(self) -> None:
        for name in ("dynamics", "reward"):
            require(callable(getattr(self, name)), f"{name} is no function of a state and an action")
        object.__setattr__(self, "gamma", number("gamma", self.gamma, low=0, high=1))


@dataclass(frozen=True, eq=False)
class SystemPair:
    r"""A true system, a learned one, the policy of both and the common start.

    Args:
        true: :math:`M`.
        learned: :math:`\hat M`, with the same discount.
        policy: :math:`\pi`, from states ``(..., d_s)`` to actions ``(..., d_a)``.
        start: :math:`s_0`, ``(..., d_s)``.

    Source: Section 3.1.

    Example:
        >>> true = MDP(lambda s, a: 0.5 * s, lambda s, a: s[..., 0], 0.5)
        >>> learned = MDP(lambda s, a: 0.5 * s + 0.1, lambda s, a: s[..., 0], 0.5)
        >>> pair = SystemPair(true, learned, policy=lambda s: s, start=np.array([0.0]))
        >>> round(float(pair.gap(3)), 12), round(float(pair.swapped.gap(3)), 12)
        (-0.0875, 0.0875)
    """

    true: MDP
    learned: MDP
    policy: Policy
    start: Floats

    def gap(self, horizon: int) -> Floats:
        r""":math:`J_H(\pi,M)-J_H(\pi,\hat M)` by rolling both systems out, ``(...)``."""
        return return_gap(self.true, self.learned, self.policy, self.start, horizon)

    @property
    def swapped(self) -> SystemPair:
        """The same pair with the roles of the two systems exchanged."""
        return replace(self, true=self.learned, learned=self.true)


@dataclass(frozen=True)
class Trajectory:
    """A recorded rollout; the time axis comes first.

    Attributes:
        states: ``(T + 1, ..., d_s)``, the state after the last action included.
        actions: ``(T, ..., d_a)``.
        rewards: ``(T, ...)``.
    """

    states: Floats
    actions: Floats
    rewards: Floats


def steps(mdp: MDP, policy: Policy, start: ArrayLike, horizon: int) -> Iterator[tuple[Floats, ...]]:
    r"""Yield ``(state, action, reward, next state)`` of ``horizon`` steps, keeping only the current one in memory.

    Args:
        mdp: the system.
        policy: :math:`\pi`, from states ``(..., d_s)`` to actions ``(..., d_a)``.
        start: :math:`s_0`, ``(..., d_s)``.
        horizon: number of steps, an integer of 0 or more.

    Yields:
        The four arrays of one step.

    Raises:
        RequestError: if the horizon is not a non-negative integer, or a state or reward is not finite.

    Source: Section 1, Notation.

    Example:
        >>> mdp = MDP(lambda s, a: s + a, lambda s, a: s[..., 0], 0.9)
        >>> [float(r) for _, _, r, _ in steps(mdp, lambda s: s, np.array([1.0]), 3)]
        [1.0, 2.0, 4.0]
    """
    require(isinstance(mdp, MDP), f"{shown(mdp)} is not an MDP(dynamics, reward, gamma)")
    require(callable(policy), f"policy = {shown(policy)} is not a function of the state")
    state = numbers("start", start)
    require(state.ndim > 0, "start is a single number; give an array whose last axis is the state, such as [0.0]")
    for t in range(whole("horizon", horizon)):
        action = policy(state)
        reward = np.asarray(mdp.reward(state, action), dtype=np.float64)
        following = np.asarray(mdp.dynamics(state, action), dtype=np.float64)
        require(
            reward.shape == state.shape[:-1] and following.shape == state.shape,
            f"states of shape {state.shape} gave rewards of shape {reward.shape} and next states of shape"
            f" {following.shape}; allowed are {state.shape[:-1]} and {state.shape}",
        )
        require(
            np.isfinite(reward).all() and np.isfinite(following).all(),
            f"the rollout left the finite numbers at step {t}; shorten the horizon or check the dynamics",
        )
        yield state, action, reward, following
        state = following


def rollout(mdp: MDP, policy: Policy, start: ArrayLike, horizon: int) -> Trajectory:
    r"""Record ``horizon`` steps.

    Memory grows with the horizon; :func:`discounted_return` keeps one step if only the sum is wanted.

    Args:
        mdp: the system.
        policy: :math:`\pi`.
        start: :math:`s_0`, ``(..., d_s)``.
        horizon: number of steps, 1 or more.

    Returns:
        The trajectory.

    Raises:
        RequestError: as :func:`steps`; or if the horizon is 0, which leaves nothing to record.

    Source: Section 1, Notation.

    Example:
        >>> mdp = MDP(lambda s, a: s + a, lambda s, a: s[..., 0], 0.9)
        >>> rollout(mdp, lambda s: s, np.array([1.0]), 3).states[:, 0].tolist()
        [1.0, 2.0, 4.0, 8.0]
    """
    require(whole("horizon", horizon) > 0, "horizon = 0 is not allowed here: a rollout has at least one step")
    states, actions, rewards, following = zip(*steps(mdp, policy, start, horizon), strict=True)
    return Trajectory(np.stack([*states, following[-1]]), np.stack(actions), np.stack(rewards))


def discounted_return(mdp: MDP, policy: Policy, start: ArrayLike, horizon: int) -> Floats:
    r""":math:`J_H=\sum_{t<H}\gamma^tr(s_t,a_t)` from every start state.

    Args:
        mdp: the system.
        policy: :math:`\pi`.
        start: :math:`s_0`, ``(..., d_s)``.
        horizon: :math:`H\ge0`. :func:`horizon_for` chooses it for a wanted accuracy of the infinite sum.

    Returns:
        ``(...)``, in units of the reward.

    Raises:
        RequestError: as :func:`steps`.

    Source: Section 1, Notation.

    Example:
        >>> mdp = MDP(lambda s, a: s, lambda s, a: np.ones(s.shape[:-1]), 0.5)
        >>> discounted_return(mdp, lambda s: s, np.zeros((2, 1)), 3).tolist()
        [1.75, 1.75]
    """
    total, discount = np.zeros(numbers("start", start).shape[:-1]), 1.0
    for _, _, reward, _ in steps(mdp, policy, start, horizon):
        total += discount * reward
        discount *= mdp.gamma
    return total


def return_gap(mdp: MDP, model: MDP, policy: Policy, start: ArrayLike, horizon: int) -> Floats:
    r""":math:`J_H(\pi,M)-J_H(\pi,\hat M)`, summed step by step so that nearly equal returns lose no digits.

    Args:
        mdp: the true system :math:`M`.
        model: the learned one :math:`\hat M`, with the same discount.
        policy: :math:`\pi`.
        start: the common start, ``(..., d_s)``.
        horizon: :math:`H\ge0`.

    Returns:
        ``(...)``, in units of the reward.

    Raises:
        RequestError: as :func:`steps`; or if the discounts differ.

    Source: the left side of Eq. 1.

    Example:
        >>> mdp = MDP(lambda s, a: 0.5 * s, lambda s, a: s[..., 0], 0.5)
        >>> model = MDP(lambda s, a: 0.5 * s + 0.1, lambda s, a: s[..., 0], 0.5)
        >>> round(float(return_gap(mdp, model, lambda s: s, np.array([0.0]), 3)), 12)  # -(0.5 * 0.1 + 0.25 * 0.15)
        -0.0875
    """
    for system in (mdp, model):
        require(isinstance(system, MDP), f"{shown(system)} is not an MDP(dynamics, reward, gamma)")
    require(
        mdp.gamma == model.gamma,
        f"the two systems have discounts {mdp.gamma} and {model.gamma}; Lemma 1 compares returns under one discount",
    )
    total, discount = np.zeros(numbers("start", start).shape[:-1]), 1.0
    pairs = zip(steps(mdp, policy, start, horizon), steps(model, policy, start, horizon), strict=True)
    for (_, _, true_reward, _), (_, _, imagined_reward, _) in pairs:
        total += discount * (true_reward - imagined_reward)
        discount *= mdp.gamma
    return total


def horizon_for(tail: Callable[[int], float | Floats], tolerance: float) -> int:
    """The smallest horizon at which a closed-form tail is at most ``tolerance``; the tail must not increase.

    Args:
        tail: bound of what the steps from the horizon on still add, such as
            ``lambda h: return_gap_tail(..., horizon=h)``; an array counts by its largest element.
        tolerance: absolute, positive, in units of the reward.

    Returns:
        The horizon, found by doubling and bisection.

    Raises:
        RequestError: if the tolerance is not positive, or the tail is still above it after :math:`2^{40}`
            steps.

    Source: this book.

    Example:
        >>> horizon_for(lambda h: 0.5**h / (1 - 0.5), tolerance=0.01)
        8
    """
    tolerance = number("tolerance", tolerance, above=0)

    def reached(horizon: int) -> bool:
        left = float(np.max(tail(horizon)))
        require(not np.isnan(left), f"the tail is not a number at horizon {horizon}")
        return left <= tolerance

    upper = 1
    while not reached(upper):
        upper *= 2
        require(upper <= 2**40, f"the tail is still above {tolerance:g} after 2**40 steps; ask for a larger tolerance")
    lower = upper // 2
    if lower == 0 and reached(0):
        return 0
    while upper - lower > 1:
        middle = (lower + upper) // 2
        lower, upper = (lower, middle) if reached(middle) else (middle, upper)
    return upper
