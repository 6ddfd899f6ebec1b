"""The paper's synthetic environment (C.1): a frozen random teacher, its rollouts, and the pools drawn from them.

Everything random in a training comes from a stream of its own, named by purpose, teacher and anchor (the number N of
training tuples). So a training does not depend on which others run beside it, and all trainers draw the same.

Teachers are computed in float64 and every state is then rounded to float32. The rounding absorbs the last-digit
differences between linear-algebra libraries, so that another machine sees the same trajectories although the
dynamics is chaotic.

The paper says of its reference policy that it is "smooth", and no more (C.2). Here a policy is a small frozen setting,
whose ``controller`` draws what one batch of episodes needs and returns the map (t, states) -> actions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from enum import IntEnum, StrEnum
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from imagination.checks import Floats, generator_of, number, whole
from imagination.errors import require, shown

Singles = NDArray[np.float32]

D_S, D_A = 12, 4  # state and action
D_H = 64  # hidden width of teachers and students
D_X = D_S + D_A  # a student's input is [s; a]
EPISODE = 500  # steps
HELD_OUT = 5000  # tuples
LARGEST = 1000 * EPISODE
"""The largest pool: all tuples of the most episodes that are rolled out for one."""


class Stream(IntEnum):
    """What the numbers are for. The values are part of every committed result: append, never renumber."""

    TEACHER = 1  # weights of the frozen teacher
    TEACHER_BIAS = 2  # its biases, in the variant that has them
    POLICY = 3  # what a reference policy keeps fixed for one teacher: a gain, a network, one sinusoid
    POOL = 4  # episodes and choice of the training tuples
    HELD_OUT = 5  # episodes and choice of the held-out tuples
    INITIAL_DYNAMICS = 6  # first parameters of the dynamics student
    INITIAL_REWARD = 7  # first parameters of the reward student
    SHUFFLE = 8  # key of the permutations, one for each epoch


def stream(purpose: Stream, seed: int, anchor: int = 0) -> np.random.Generator:
    """The generator for one purpose of one training.

    Args:
        purpose: what the numbers are for.
        seed: seed of the teacher, >= 0.
        anchor: number N of training tuples; 0 where the purpose is shared by all anchors of a teacher.

    Returns:
        A fresh generator; equal arguments give equal numbers.

    Raises:
        RequestError: for a negative seed or anchor.

    Source: this book.

    Example:
        >>> a, b = stream(Stream.POOL, 3, 2000), stream(Stream.POOL, 3, 2000)
        >>> bool(a.random() == b.random() != stream(Stream.POOL, 3, 5000).random())
        True
    """
    require(isinstance(purpose, Stream), f"purpose = {shown(purpose)} is not allowed: a member of Stream")
    words = [int(purpose), whole("seed", seed), whole("anchor", anchor)]
    return np.random.default_rng(np.random.SeedSequence(words))


Controller = Callable[[int, NDArray[Any]], Floats]


class Policy(Protocol):
    """What a rollout asks of a reference policy."""

    def controller(self, episodes: int, *, fixed: np.random.Generator, generator: np.random.Generator) -> Controller:
        """Draw one batch of episodes; ``fixed`` is the same for every batch of a teacher. Actions are (episodes, 4)."""
        ...


class _Setting:
    """Refuses what is not a finite number."""

    def __post_init__(self) -> None:
        for field in fields(self):  # type: ignore[arg-type]  # every subclass is a dataclass
            number(field.name, getattr(self, field.name), low=0)


@dataclass(frozen=True)
class Sinusoid(_Setting):
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
class FixedSinusoid(_Setting):
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
class OrnsteinUhlenbeck(_Setting):
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
class LinearFeedback(_Setting):
    """a = tanh(K s + noise z), with K ~ N(0, 1/12) fixed for each teacher and z ~ N(0, 1)."""

    noise: float = 0.3

    def controller(self, episodes: int, *, fixed: np.random.Generator, generator: np.random.Generator) -> Controller:
        """See :class:`Policy`."""
        K = fixed.standard_normal((D_S, D_A)) / np.sqrt(D_S)
        return lambda t, s: np.tanh(s @ K + self.noise * generator.standard_normal((episodes, D_A)))


@dataclass(frozen=True)
class NetworkFeedback(_Setting):
    """a = tanh(V tanh(U s) + noise z), z ~ N(0, 1), with one network of 32 tanh units for each teacher."""

    noise: float = 0.1
    width: int = 32

    def controller(self, episodes: int, *, fixed: np.random.Generator, generator: np.random.Generator) -> Controller:
        """See :class:`Policy`."""
        width = whole("width", self.width, low=1)
        U = fixed.standard_normal((D_S, width)) / np.sqrt(D_S)
        V = fixed.standard_normal((width, D_A)) / np.sqrt(width)
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


@dataclass(frozen=True, eq=False)
class Teacher:
    """Two frozen ReLU networks: s' = tanh(W2_f relu(W1_f [s; a])), r = W2_r relu(W1_r [s; a]) / √d_h (C.1).

    Args:
        seed: the seed it was drawn from.
        W1_f, W2_f: (16, 64) and (64, 12), for inputs in rows.
        W1_r, W2_r: (16, 64) and (64, 1).
        b_f, b_r: (64,) biases of the hidden layers; zero in the paper's teacher.

    Source: paper, C.1. ``Teacher.draw`` gives the paper's weights, N(0, 1).

    Example:
        >>> teacher = Teacher.draw(0)
        >>> x = np.zeros((5, 16), dtype=np.float32)
        >>> teacher.drive(x).shape, teacher.reward(x).shape
        ((5, 12), (5, 1))
    """

    seed: int
    W1_f: Floats
    W2_f: Floats
    W1_r: Floats
    W2_r: Floats
    b_f: Floats
    b_r: Floats

    @classmethod
    def draw(cls, seed: int, *, biases: bool = False) -> Teacher:
        """Draw the teacher of one seed; ``biases`` adds N(0, 1) biases to both hidden layers (not in the paper)."""
        weights, bias = stream(Stream.TEACHER, seed), stream(Stream.TEACHER_BIAS, seed)
        shapes = [(D_X, D_H), (D_H, D_S), (D_X, D_H), (D_H, 1)]
        W1_f, W2_f, W1_r, W2_r = (weights.standard_normal(shape) for shape in shapes)
        b_f, b_r = bias.standard_normal((2, D_H)) * float(biases)
        return cls(seed, W1_f, W2_f, W1_r, W2_r, b_f, b_r)

    def drive(self, x: NDArray[Any]) -> Floats:
        """What goes into the tanh: p = W2_f relu(W1_f x), (N, 12) float64, for inputs x = [s; a] of shape (N, 16)."""
        return self._output(x, self.W1_f, self.b_f, self.W2_f)

    def reward(self, x: NDArray[Any]) -> Floats:
        """r = W2_r relu(W1_r x) / 8, (N, 1) float64, for inputs of shape (N, 16)."""
        reward: Floats = self._output(x, self.W1_r, self.b_r, self.W2_r) / np.sqrt(D_H)
        return reward

    @staticmethod
    def _output(x: NDArray[Any], W1: Floats, b: Floats, W2: Floats) -> Floats:
        output: Floats = np.maximum(np.asarray(x, dtype=np.float64) @ W1 + b, 0) @ W2
        return output


class Target(StrEnum):
    """What a student is to predict from [s; a]: the paper's two heads, and the variants that tell explanations apart.

    Here p = W2_f relu(W1_f [s; a]) is the teacher's drive and r its reward; the inputs are the same in every variant.
    """

    DYNAMICS = "dynamics"  # tanh(p), the paper's f
    REWARD = "reward"  # r, the paper's
    DYNAMICS_MILD = "dynamics-mild"  # tanh(p / 8)
    DYNAMICS_LINEAR = "dynamics-linear"  # p / 8
    COORDINATE_LINEAR = "coordinate-linear"  # p_1 / 8
    COORDINATE = "coordinate"  # tanh(p_1)
    REWARD_SATURATED = "reward-saturated"  # tanh(8 r)

    @property
    def outputs(self) -> int:
        """Number of components: 12 or 1."""
        return D_S if self.value.startswith("dynamics") else 1

    def evaluate(self, teacher: Teacher, x: NDArray[Any]) -> Singles:
        """The exact target for inputs (N, 16), as (N, outputs) float32."""
        match self:
            case Target.REWARD:
                y = teacher.reward(x)
            case Target.REWARD_SATURATED:
                y = np.tanh(8 * teacher.reward(x))
            case Target.DYNAMICS:
                y = np.tanh(teacher.drive(x))
            case Target.DYNAMICS_MILD:
                y = np.tanh(teacher.drive(x) / 8)
            case Target.DYNAMICS_LINEAR:
                y = teacher.drive(x) / 8
            case Target.COORDINATE_LINEAR:
                y = teacher.drive(x)[:, :1] / 8
            case Target.COORDINATE:
                y = np.tanh(teacher.drive(x)[:, :1])
        return y.astype(np.float32)


def rollout(
    teacher: Teacher, policy: Policy, *, episodes: int, generator: np.random.Generator, steps: int = EPISODE
) -> Singles:
    """Roll a policy out under a teacher, all episodes at once, from s_0 ~ U(-1, 1)^12.

    Args:
        teacher: the environment.
        policy: how actions are chosen.
        episodes: how many, >= 1.
        generator: drawn from for starts and actions.
        steps: length of an episode.

    Returns:
        (episodes * steps, 16) float32, the visited pairs [s; a], step by step.

    Raises:
        RequestError: for fewer than one episode or step.

    Source: paper, C.1 and C.2.

    Example:
        >>> x = rollout(Teacher.draw(0), Sinusoid(), episodes=3, steps=7, generator=np.random.default_rng(0))
        >>> x.shape, bool(abs(x).max() <= 1)
        ((21, 16), True)
    """
    episodes, steps = whole("episodes", episodes, low=1), whole("steps", steps, low=1)
    generator_of("generator", generator)
    x = np.empty((steps, episodes, D_X), dtype=np.float32)
    act = policy.controller(episodes, fixed=stream(Stream.POLICY, teacher.seed), generator=generator)
    x[0, :, :D_S] = generator.uniform(-1, 1, (episodes, D_S))
    for t in range(steps):
        x[t, :, D_S:] = act(t, x[t, :, :D_S])
        if t + 1 < steps:
            x[t + 1, :, :D_S] = np.tanh(teacher.drive(x[t]))
    return x.reshape(-1, D_X)


def episodes_for(n: int) -> int:
    """How many episodes a pool of n tuples is chosen from: 5 tuples visited for each kept, at least 100, at most 1000.

    Example:
        >>> [episodes_for(n) for n in (2_000, 20_000, 50_000, 100_000, 200_000)]
        [100, 200, 500, 1000, 1000]
    """
    return min(1000, max(100, -(-5 * n // EPISODE)))


@dataclass(frozen=True, eq=False)
class Data:
    """What one training sees: N training and 5000 held-out inputs of one teacher. Targets follow from :class:`Target`.

    Args:
        teacher: its source.
        x: (N, 16) float32, chosen without replacement from the rollouts.
        x_held_out: (5000, 16) float32, from 100 other episodes, the same for every anchor of a teacher.
    """

    teacher: Teacher
    x: Singles
    x_held_out: Singles

    def targets(self, target: Target) -> tuple[Singles, Singles]:
        """Training and held-out targets, (N, outputs) and (5000, outputs) float32."""
        return target.evaluate(self.teacher, self.x), target.evaluate(self.teacher, self.x_held_out)


def make_data(seed: int, n: int, *, policy: Policy | None = None, biases: bool = False) -> Data:
    """The data of the training (seed, n): teacher, pool and held-out tuples, each from its own stream.

    Args:
        seed: seed of the teacher, >= 0. Teacher and held-out tuples are the same for all anchors: anchors are paired.
        n: number N of training tuples, 1 to 500,000.
        policy: reference policy; None is :class:`imagination.training.teacher.Sinusoid`.
        biases: teacher with N(0, 1) biases.

    Returns:
        The data; equal arguments give equal bytes on one machine.

    Raises:
        RequestError: for n outside its range or a negative seed.

    Source: paper, C.2; sizes of the pools are this book's.

    Example:
        >>> data = make_data(0, 300)
        >>> y, y_held_out = data.targets(Target.REWARD)
        >>> data.x.shape, y.shape, y_held_out.shape
        ((300, 16), (300, 1), (5000, 1))
    """
    n = whole("n", n, low=1, high=LARGEST)
    policy = Sinusoid() if policy is None else policy
    teacher = Teacher.draw(seed, biases=biases)

    def choose(count: int, episodes: int, generator: np.random.Generator) -> Singles:
        x = rollout(teacher, policy, episodes=episodes, generator=generator)
        return x[generator.choice(len(x), count, replace=False)]

    x = choose(n, episodes_for(n), stream(Stream.POOL, seed, n))
    return Data(teacher, x, choose(HELD_OUT, 100, stream(Stream.HELD_OUT, seed)))
