"""Vectorised rollouts of a Gaussian policy, and the score of every step.

A policy is a frozen description; its parameters are one flat vector ``theta`` of shape ``(P,)``, so that
gradients and scores are plain vectors. All episodes advance together, one tensor operation a step; scores come
from ``torch.func``.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import torch
from torch.func import grad, vmap

from imagination.errors import require

__all__ = [
    "LinearPolicy",
    "LinearSystem",
    "NeuralPolicy",
    "Pendulum",
    "Policy",
    "Rollouts",
    "System",
    "rollout",
    "scores",
]


class System(Protocol):
    """A deterministic control task with a random start."""

    state_size: int

    def start(self, n: int, *, generator: torch.Generator) -> torch.Tensor:
        """Initial states, shape ``(n, d_s)``."""

    def step(self, state: torch.Tensor, action: torch.Tensor) -> torch.Tensor:
        """Next states, shape ``(..., d_s)``."""

    def reward(self, state: torch.Tensor, action: torch.Tensor) -> torch.Tensor:
        """Rewards, shape ``(...)``."""


@dataclass(frozen=True)
class LinearSystem:
    r"""A double integrator, :math:`x'=x+v\,dt,\ v'=v+a\,dt`, with reward :math:`-(x^2+\frac1{10}v^2+\frac1{10}a^2)`.

    Args:
        dt: time step, above 0.
        start_scale: standard deviation of both coordinates of the start.
    """

    dt: float = 0.1
    start_scale: float = 1.0
    state_size: int = 2

    def __post_init__(self) -> None:
        require(self.dt > 0, f"dt = {self.dt} is not allowed: it must be above 0")
        require(self.start_scale >= 0, f"start_scale = {self.start_scale} is not allowed: at least 0")

    def start(self, n: int, *, generator: torch.Generator) -> torch.Tensor:
        """Gaussian starts."""
        return self.start_scale * torch.randn(n, 2, generator=generator, dtype=torch.float64, device=generator.device)

    def step(self, state: torch.Tensor, action: torch.Tensor) -> torch.Tensor:
        """One Euler step."""
        position, velocity = state.unbind(-1)
        return torch.stack((position + self.dt * velocity, velocity + self.dt * action[..., 0]), -1)

    def reward(self, state: torch.Tensor, action: torch.Tensor) -> torch.Tensor:
        """Quadratic reward, at most 0."""
        position, velocity = state.unbind(-1)
        return -(position.square() + 0.1 * velocity.square() + 0.1 * action[..., 0].square())


@dataclass(frozen=True)
class Pendulum:
    r"""An upright pendulum, :math:`\ddot\phi=\sin\phi-\frac1{10}\dot\phi+a`.

    The reward is :math:`\cos\phi-1-\frac1{10}\dot\phi^2-\frac1{100}a^2`.

    Args:
        dt: time step, above 0.
        start_scale: standard deviation of the starting angle (radians) and velocity (radians a time unit).
    """

    dt: float = 0.1
    start_scale: float = 0.5
    state_size: int = 2

    def __post_init__(self) -> None:
        require(self.dt > 0, f"dt = {self.dt} is not allowed: it must be above 0")
        require(self.start_scale >= 0, f"start_scale = {self.start_scale} is not allowed: at least 0")

    def start(self, n: int, *, generator: torch.Generator) -> torch.Tensor:
        """Gaussian starts around the upright position."""
        return self.start_scale * torch.randn(n, 2, generator=generator, dtype=torch.float64, device=generator.device)

    def step(self, state: torch.Tensor, action: torch.Tensor) -> torch.Tensor:
        """One semi-implicit Euler step."""
        angle, velocity = state.unbind(-1)
        velocity = velocity + self.dt * (angle.sin() - 0.1 * velocity + action[..., 0])
        return torch.stack((angle + self.dt * velocity, velocity), -1)

    def reward(self, state: torch.Tensor, action: torch.Tensor) -> torch.Tensor:
        """Highest, 0, at rest in the upright position."""
        angle, velocity = state.unbind(-1)
        return angle.cos() - 1 - 0.1 * velocity.square() - 0.01 * action[..., 0].square()


class Policy(Protocol):
    """A Gaussian policy with fixed standard deviation and a parametric mean."""

    std: float
    action_size: int
    n_parameters: int

    def mean(self, theta: torch.Tensor, state: torch.Tensor) -> torch.Tensor:
        """Mean action, shape ``(..., d_a)``."""


@dataclass(frozen=True)
class LinearPolicy:
    """Mean action linear in the state: ``theta`` is the ``(d_a, d_s)`` gain, row by row.

    Example:
        >>> LinearPolicy(2, 1, std=0.5).mean(torch.tensor([1.0, 2.0]), torch.tensor([[3.0, 4.0]]))
        tensor([[11.]])
    """

    state_size: int
    action_size: int
    std: float

    def __post_init__(self) -> None:
        require(self.std > 0, f"std = {self.std} is not allowed: it must be above 0")

    @property
    def n_parameters(self) -> int:
        """``d_a * d_s``."""
        return self.action_size * self.state_size

    def mean(self, theta: torch.Tensor, state: torch.Tensor) -> torch.Tensor:
        """``gain @ state``."""
        return state @ theta.reshape(self.action_size, self.state_size).T


@dataclass(frozen=True)
class NeuralPolicy:
    """Mean action from one hidden layer of tanh units, ``theta`` flat: ``W1, b1, W2``.

    Example:
        >>> NeuralPolicy(2, 1, hidden=8, std=0.5).n_parameters
        32
    """

    state_size: int
    action_size: int
    hidden: int
    std: float

    def __post_init__(self) -> None:
        require(self.std > 0, f"std = {self.std} is not allowed: it must be above 0")
        require(self.hidden >= 1, f"hidden = {self.hidden} is not allowed: at least one unit")

    @property
    def n_parameters(self) -> int:
        """Number of weights."""
        return self.hidden * (self.state_size + 1 + self.action_size)

    def mean(self, theta: torch.Tensor, state: torch.Tensor) -> torch.Tensor:
        """``W2 @ tanh(W1 @ state + b1)``."""
        h, d = self.hidden, self.state_size
        w1, b1, w2 = theta.split((h * d, h, h * self.action_size))
        return torch.tanh(state @ w1.reshape(h, d).T + b1) @ w2.reshape(self.action_size, h).T


@dataclass(frozen=True)
class Rollouts:
    """``n`` episodes of ``H`` steps: states ``(n, H, d_s)``, actions ``(n, H, d_a)``, rewards ``(n, H)``."""

    states: torch.Tensor
    actions: torch.Tensor
    rewards: torch.Tensor


def rollout(
    system: System, policy: Policy, theta: torch.Tensor, *, n: int, horizon: int, generator: torch.Generator
) -> Rollouts:
    """Roll ``n`` episodes out together.

    Args:
        system: the control task.
        policy: Gaussian policy.
        theta: its parameters, shape ``(P,)``.
        n: number of episodes, at least 1.
        horizon: steps in each, at least 1.
        generator: source of all randomness.

    Raises:
        RequestError: on a wrong shape, size, or a NaN in ``theta``.

    Example:
        >>> g = torch.Generator().manual_seed(0)
        >>> theta = torch.tensor([-1.0, -1.5], dtype=torch.float64)
        >>> rollout(LinearSystem(), LinearPolicy(2, 1, std=0.5), theta, n=3, horizon=4, generator=g).actions.shape
        torch.Size([3, 4, 1])
    """
    require(n == int(n) and n >= 1, f"n = {n} is not allowed: at least one episode")
    require(horizon == int(horizon) and horizon >= 1, f"horizon = {horizon} is not allowed: an integer of at least 1")
    require(
        theta.shape == (policy.n_parameters,),
        f"theta has shape {tuple(theta.shape)}: this policy takes ({policy.n_parameters},)",
    )
    require(bool(torch.isfinite(theta).all()), "theta contains a NaN or an infinity")
    state = system.start(n, generator=generator)
    states, actions, rewards = [], [], []
    for _ in range(horizon):
        mean = policy.mean(theta, state)
        noise = torch.randn(mean.shape, generator=generator, dtype=mean.dtype, device=mean.device)
        action = mean + policy.std * noise
        states.append(state)
        actions.append(action)
        rewards.append(system.reward(state, action))
        state = system.step(state, action)
    return Rollouts(torch.stack(states, 1), torch.stack(actions, 1), torch.stack(rewards, 1))


def scores(policy: Policy, theta: torch.Tensor, rollouts: Rollouts) -> torch.Tensor:
    r"""Score of every step, :math:`w_t=\nabla_\theta\log\pi_\theta(a_t|s_t)`, shape ``(n, H, P)``, by ``torch.func``.

    Raises:
        RequestError: if a score is NaN or infinite.
    """

    def log_prob(parameters: torch.Tensor, state: torch.Tensor, action: torch.Tensor) -> torch.Tensor:
        return -0.5 * ((action - policy.mean(parameters, state)) / policy.std).square().sum()

    per_step = vmap(grad(log_prob), in_dims=(None, 0, 0))
    flat = per_step(theta, rollouts.states.flatten(0, 1), rollouts.actions.flatten(0, 1))
    out = flat.reshape(*rollouts.rewards.shape, -1)
    require(bool(torch.isfinite(out).all()), "a score is NaN or infinite: the rollouts diverged; try a smaller gain")
    return out
