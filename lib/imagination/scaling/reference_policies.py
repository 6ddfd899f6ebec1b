"""Reference policies: how the actions of the rollouts are chosen. The paper says "smooth" and no more (C.2).

A policy is a small frozen setting. Its ``controller`` draws what one batch of episodes needs and returns the
map (t, states) -> actions. Open-loop policies ignore the states; feedback policies don't.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np

__all__ = [
    "POLICIES",
    "FixedSinusoid",
    "LinearFeedback",
    "NetworkFeedback",
    "Normal",
    "OrnsteinUhlenbeck",
    "Policy",
    "Sinusoid",
    "Uniform",
    "Zero",
]

D_S, D_A = 12, 4
Controller = Callable[[int, np.ndarray], np.ndarray]


class Policy(Protocol):
    """What a rollout asks of a reference policy."""

    def controller(self, episodes: int, *, fixed: np.random.Generator, generator: np.random.Generator) -> Controller:
        """Draw one batch of episodes; ``fixed`` is the same for every batch of a teacher. Actions are (episodes, 4)."""
        ...


@dataclass(frozen=True)
class Sinusoid:
    """a_t = amplitude sin(ω t + φ), φ ~ U(0, 2π) and ω ~ U(0, max_frequency) for each episode and action dimension.

    Args:
        amplitude: largest action; the action set is taken as [-1, 1].
        max_frequency: radians a step.

    Source: this book's choice for the paper's "smooth reference policy" (C.2).

    Example:
        >>> act = Sinusoid().controller(3, fixed=np.random.default_rng(0), generator=np.random.default_rng(1))
        >>> act(0, np.zeros((3, 12))).shape
        (3, 4)
    """

    amplitude: float = 1.0
    max_frequency: float = 0.5

    def controller(self, episodes: int, *, fixed: np.random.Generator, generator: np.random.Generator) -> Controller:
        """See :class:`Policy`."""
        frequency = generator.uniform(0, self.max_frequency, (episodes, D_A))
        phase = generator.uniform(0, 2 * np.pi, (episodes, D_A))
        return lambda t, s: self.amplitude * np.sin(frequency * t + phase)


@dataclass(frozen=True)
class FixedSinusoid:
    """One sinusoid for each action dimension, the same in every episode of a teacher."""

    amplitude: float = 1.0
    max_frequency: float = 0.5

    def controller(self, episodes: int, *, fixed: np.random.Generator, generator: np.random.Generator) -> Controller:
        """See :class:`Policy`."""
        one = Sinusoid(self.amplitude, self.max_frequency).controller(1, fixed=fixed, generator=fixed)
        return lambda t, s: np.broadcast_to(one(t, s), (episodes, D_A))


@dataclass(frozen=True)
class Uniform:
    """a_t ~ U(-1, 1), independent at every step: excites everything, but isn't smooth."""

    def controller(self, episodes: int, *, fixed: np.random.Generator, generator: np.random.Generator) -> Controller:
        """See :class:`Policy`."""
        return lambda t, s: generator.uniform(-1, 1, (episodes, D_A))


@dataclass(frozen=True)
class Normal:
    """a_t ~ N(0, 1), independent at every step, not clipped."""

    def controller(self, episodes: int, *, fixed: np.random.Generator, generator: np.random.Generator) -> Controller:
        """See :class:`Policy`."""
        return lambda t, s: generator.standard_normal((episodes, D_A))


@dataclass(frozen=True)
class OrnsteinUhlenbeck:
    """a_{t+1} = clip(a_t - rate a_t + sigma z_t, -1, 1), with z ~ N(0, 1) and a_0 = 0."""

    sigma: float = 0.5
    rate: float = 0.15

    def controller(self, episodes: int, *, fixed: np.random.Generator, generator: np.random.Generator) -> Controller:
        """See :class:`Policy`."""
        action = np.zeros((episodes, D_A))

        def act(t: int, s: np.ndarray) -> np.ndarray:
            nonlocal action
            now = action
            noise = self.sigma * generator.standard_normal((episodes, D_A))
            action = np.clip((1 - self.rate) * action + noise, -1, 1)
            return now

        return act


@dataclass(frozen=True)
class Zero:
    """No action at all: the states of the teacher left to itself."""

    def controller(self, episodes: int, *, fixed: np.random.Generator, generator: np.random.Generator) -> Controller:
        """See :class:`Policy`."""
        return lambda t, s: np.zeros((episodes, D_A))


@dataclass(frozen=True)
class LinearFeedback:
    """a = tanh(K s + noise z), with K ~ N(0, 1/12) fixed for each teacher and z ~ N(0, 1)."""

    noise: float = 0.3

    def controller(self, episodes: int, *, fixed: np.random.Generator, generator: np.random.Generator) -> Controller:
        """See :class:`Policy`."""
        K = fixed.standard_normal((D_S, D_A)) / np.sqrt(D_S)
        return lambda t, s: np.tanh(s @ K + self.noise * generator.standard_normal((episodes, D_A)))


@dataclass(frozen=True)
class NetworkFeedback:
    """a = tanh(V tanh(U s) + noise z), z ~ N(0, 1), with one network of 32 tanh units for each teacher."""

    noise: float = 0.1
    width: int = 32

    def controller(self, episodes: int, *, fixed: np.random.Generator, generator: np.random.Generator) -> Controller:
        """See :class:`Policy`."""
        U = fixed.standard_normal((D_S, self.width)) / np.sqrt(D_S)
        V = fixed.standard_normal((self.width, D_A)) / np.sqrt(self.width)
        return lambda t, s: np.tanh(np.tanh(s @ U) @ V + self.noise * generator.standard_normal((episodes, D_A)))


POLICIES: dict[str, Policy] = {
    "sinusoid": Sinusoid(),
    "uniform": Uniform(),
    "ou-0.5": OrnsteinUhlenbeck(0.5),
    "network-0.3": NetworkFeedback(0.3),
    "sinusoid-0.5": Sinusoid(0.5),
    "one-sinusoid": FixedSinusoid(),
    "normal": Normal(),
    "ou-0.2": OrnsteinUhlenbeck(0.2),
    "sinusoid-0.1": Sinusoid(0.1),
    "linear-0.3": LinearFeedback(0.3),
    "linear-0.1": LinearFeedback(0.1),
    "network-0.1": NetworkFeedback(0.1),
    "network-0": NetworkFeedback(0.0),
    "zero": Zero(),
}
"""Every policy that this book compares, by the name used in parameters, tables and ``imagination sweep --policy``."""
