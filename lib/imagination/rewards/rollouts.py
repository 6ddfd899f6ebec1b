"""Vectorised rollouts of a Gaussian policy, and the score of every step.

A policy is a frozen description; its parameters are one flat vector ``theta`` of shape ``(P,)``, so that
gradients and scores are plain vectors. All episodes advance together, one tensor operation a step; scores come
from ``torch.func``.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable
from dataclasses import dataclass

import torch
from torch.func import grad, vmap

from imagination.checks import instance, number, tensor, whole
from imagination.errors import require


@dataclass(frozen=True)
class System(ABC):
    """A deterministic control task of two coordinates, a position and its velocity, with a Gaussian start.

    Args:
        dt: time step, above 0.
        start_scale: standard deviation of both coordinates of the start.
    """

    dt: float = 0.1
    start_scale: float = 1.0

    def __post_init__(self) -> None:
        number("dt", self.dt, above=0)
        number("start_scale", self.start_scale, low=0)

    def start(self, n: int, *, generator: torch.Generator) -> torch.Tensor:
        """Initial states, shape ``(n, 2)``."""
        return self.start_scale * torch.randn(n, 2, generator=generator, dtype=torch.float64, device=generator.device)

    @abstractmethod
    def step(self, state: torch.Tensor, action: torch.Tensor) -> torch.Tensor:
        """Next states, shape ``(..., 2)``, for states of that shape and actions ``(..., 1)``."""

    @abstractmethod
    def reward(self, state: torch.Tensor, action: torch.Tensor) -> torch.Tensor:
        """Rewards, shape ``(...)``."""


@dataclass(frozen=True)
class LinearSystem(System):
    r"""A double integrator, :math:`x'=x+v\,dt,\ v'=v+a\,dt`, with reward :math:`-(x^2+\frac1{10}v^2+\frac1{10}a^2)`."""

    def step(self, state: torch.Tensor, action: torch.Tensor) -> torch.Tensor:
        """One Euler step."""
        position, velocity = state.unbind(-1)
        return torch.stack((position + self.dt * velocity, velocity + self.dt * action[..., 0]), -1)

    def reward(self, state: torch.Tensor, action: torch.Tensor) -> torch.Tensor:
        """Quadratic reward, at most 0."""
        position, velocity = state.unbind(-1)
        return -(position.square() + 0.1 * velocity.square() + 0.1 * action[..., 0].square())


@dataclass(frozen=True)
class Pendulum(System):
    r"""An upright pendulum, :math:`\ddot\phi=\sin\phi-\frac1{10}\dot\phi+a`; the position is its angle in radians.

    The reward is :math:`\cos\phi-1-\frac1{10}\dot\phi^2-\frac1{100}a^2`.
    """

    start_scale: float = 0.5

    def step(self, state: torch.Tensor, action: torch.Tensor) -> torch.Tensor:
        """One semi-implicit Euler step."""
        angle, velocity = state.unbind(-1)
        velocity = velocity + self.dt * (angle.sin() - 0.1 * velocity + action[..., 0])
        return torch.stack((angle + self.dt * velocity, velocity), -1)

    def reward(self, state: torch.Tensor, action: torch.Tensor) -> torch.Tensor:
        """Highest, 0, at rest in the upright position."""
        angle, velocity = state.unbind(-1)
        return angle.cos() - 1 - 0.1 * velocity.square() - 0.01 * action[..., 0].square()


@dataclass(frozen=True)
class Policy(ABC):
    """A Gaussian policy with a parametric mean and a standard deviation that is fixed and above 0."""

    state_size: int
    action_size: int
    std: float

    def __post_init__(self) -> None:
        whole("state_size", self.state_size, low=1)
        whole("action_size", self.action_size, low=1)
        number("std", self.std, above=0)

    @property
    @abstractmethod
    def n_parameters(self) -> int:
        """P, the length of ``theta``."""

    @abstractmethod
    def mean(self, theta: torch.Tensor, state: torch.Tensor) -> torch.Tensor:
        """Mean action, shape ``(..., d_a)``."""


@dataclass(frozen=True)
class LinearPolicy(Policy):
    """Mean action linear in the state: ``theta`` is the ``(d_a, d_s)`` gain, row by row.

    Example:
        >>> LinearPolicy(2, 1, std=0.5).mean(torch.tensor([1.0, 2.0]), torch.tensor([[3.0, 4.0]]))
        tensor([[11.]])
    """

    @property
    def n_parameters(self) -> int:
        """``d_a * d_s``."""
        return self.action_size * self.state_size

    def mean(self, theta: torch.Tensor, state: torch.Tensor) -> torch.Tensor:
        """``gain @ state``."""
        return state @ theta.reshape(self.action_size, self.state_size).T


@dataclass(frozen=True)
class NeuralPolicy(Policy):
    """Mean action from one hidden layer of tanh units, ``theta`` flat: ``W1, b1, W2``.

    Example:
        >>> NeuralPolicy(2, 1, hidden=8, std=0.5).n_parameters
        32
    """

    hidden: int

    def __post_init__(self) -> None:
        super().__post_init__()
        whole("hidden", self.hidden, low=1)

    @property
    def n_parameters(self) -> int:
        """Number of weights."""
        return self.hidden * (self.state_size + 1 + self.action_size)

    def mean(self, theta: torch.Tensor, state: torch.Tensor) -> torch.Tensor:
        """``W2 @ tanh(W1 @ state + b1)``."""
        h, d = self.hidden, self.state_size
        w1, b1, w2 = torch.split(theta, [h * d, h, h * self.action_size])
        out: torch.Tensor = torch.tanh(state @ w1.reshape(h, d).T + b1) @ w2.reshape(self.action_size, h).T
        return out


@dataclass(frozen=True)
class Rollouts:
    """Episodes of ``H`` steps: states ``(..., H, d_s)``, actions ``(..., H, d_a)``, rewards ``(..., H)``."""

    states: torch.Tensor
    actions: torch.Tensor
    rewards: torch.Tensor


def roll(
    system: System,
    mean: Callable[[torch.Tensor], torch.Tensor],
    std: float,
    state: torch.Tensor,
    noise: Iterable[torch.Tensor],
) -> Rollouts:
    """Advance any number of episodes together, one step for each element of ``noise``.

    Args:
        system: the control task.
        mean: mean action as a function of the states.
        std: standard deviation of the actions.
        state: the starts, shape ``(..., d_s)``.
        noise: for each step unit noise of the actions, shape ``(..., d_a)``; the horizon is their number.
    """
    states, actions, rewards = [], [], []
    for unit in noise:
        action = mean(state) + std * unit
        states.append(state)
        actions.append(action)
        rewards.append(system.reward(state, action))
        state = system.step(state, action)
    return Rollouts(torch.stack(states, -2), torch.stack(actions, -2), torch.stack(rewards, -1))


def rollout(
    system: System, policy: Policy, theta: torch.Tensor, *, n: int, horizon: int, generator: torch.Generator
) -> Rollouts:
    """Roll ``n`` episodes of one policy out.

    Args:
        system: the control task.
        policy: Gaussian policy.
        theta: its parameters, shape ``(P,)``.
        n: number of episodes, at least 1.
        horizon: steps in each, at least 1.
        generator: source of all randomness.

    Returns:
        Shapes ``(n, H, d_s)``, ``(n, H, d_a)`` and ``(n, H)``.

    Raises:
        RequestError: on a wrong shape, size, or a NaN in ``theta``.

    Example:
        >>> g = torch.Generator().manual_seed(0)
        >>> theta = torch.tensor([-1.0, -1.5], dtype=torch.float64)
        >>> rollout(LinearSystem(), LinearPolicy(2, 1, std=0.5), theta, n=3, horizon=4, generator=g).actions.shape
        torch.Size([3, 4, 1])
    """
    instance("system", system, System)
    instance("policy", policy, Policy)
    theta = tensor("theta", theta, (policy.n_parameters,))
    instance("generator", generator, torch.Generator)
    n, steps = whole("n", n, low=1), whole("horizon", horizon, low=1)

    def unit() -> torch.Tensor:
        return torch.randn(n, policy.action_size, generator=generator, dtype=theta.dtype, device=generator.device)

    start = system.start(n, generator=generator)
    return roll(system, lambda state: policy.mean(theta, state), policy.std, start, (unit() for _ in range(steps)))


def log_density(policy: Policy, theta: torch.Tensor, state: torch.Tensor, action: torch.Tensor) -> torch.Tensor:
    r"""Log density of actions up to a constant, :math:`-\lVert a-\mu_\theta(s)\rVert^2/2\sigma^2`, shape ``(...)``."""
    return -0.5 * ((action - policy.mean(theta, state)) / policy.std).square().sum(-1)


def scores(policy: Policy, theta: torch.Tensor, rollouts: Rollouts) -> torch.Tensor:
    r"""Score of every step, :math:`w_t=\nabla_\theta\log\pi_\theta(a_t|s_t)`, shape ``(n, H, P)``, by ``torch.func``.

    Raises:
        RequestError: if a score is NaN or infinite.
    """
    instance("policy", policy, Policy)
    runs = instance("rollouts", rollouts, Rollouts)
    theta = tensor("theta", theta, (policy.n_parameters,))
    per_step = vmap(grad(lambda at, state, action: log_density(policy, at, state, action)), in_dims=(None, 0, 0))
    flat: torch.Tensor = per_step(theta, runs.states.flatten(0, 1), runs.actions.flatten(0, 1))
    out = flat.reshape(*runs.rewards.shape, -1)
    require(bool(torch.isfinite(out).all()), "a score is NaN or infinite: the rollouts diverged; try a smaller gain")
    return out
