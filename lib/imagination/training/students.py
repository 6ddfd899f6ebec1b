"""The plain PyTorch training loop of the paper's students (C.2). It stays: faster trainers are tested against it.

A student is Linear(16, 64), ReLU, Linear(64, outputs). Nothing here is clever on purpose.

The order of the minibatches: one permutation for each epoch, the same for every trainer.

A Fisher-Yates shuffle driven by a counter-based generator (SplitMix64). Any epoch can be had without those before
it, and the compiled function can be called from another compiled kernel, at a few nanoseconds a tuple.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numba import njit, uint64
from torch import nn

from imagination.errors import require
from imagination.training.teacher import D_H, D_X, Data, Stream, Target, stream

__all__ = [
    "Outcome",
    "Recipe",
    "epoch_order",
    "initial_parameters",
    "shuffle_into",
    "shuffle_key",
    "standardisation",
    "train_student",
]


@dataclass(frozen=True)
class Recipe:
    """How a student is trained; the defaults are the paper's (C.2).

    Args:
        epochs: passes over the pool, >= 1; not used where ``steps`` is given.
        steps: number of Adam steps instead of a number of epochs; the last epoch may be cut short.
        batch: size of a minibatch; the last, partial one of an epoch is kept.
        learning_rate: of Adam, otherwise with PyTorch's defaults (betas .9 and .999, eps 1e-8).
        tanh_output: put a tanh on the student's output, which the paper's students lack.
        standardise: train and measure in units of each output's standard deviation over the pool.

    Raises:
        RequestError: for a value out of range.

    Example:
        >>> Recipe().steps_at(2_000), Recipe(steps=500).steps_at(2_000)
        (1600, 500)
    """

    epochs: int = 200
    steps: int | None = None
    batch: int = 256
    learning_rate: float = 1e-3
    tanh_output: bool = False
    standardise: bool = False

    def __post_init__(self) -> None:
        require(self.epochs >= 1, f"epochs = {self.epochs} is not allowed: at least 1")
        require(self.steps is None or self.steps >= 1, f"steps = {self.steps} is not allowed: at least 1, or None")
        require(self.batch >= 1, f"batch = {self.batch} is not allowed: at least 1")
        ok = 0 < self.learning_rate < float("inf")
        require(ok, f"learning_rate = {self.learning_rate} is not allowed: a finite number above 0; try 1e-3")

    def steps_at(self, n: int) -> int:
        """Number of Adam steps for a pool of n tuples."""
        return self.epochs * -(-n // self.batch) if self.steps is None else self.steps


@dataclass(frozen=True, eq=False)
class Outcome:
    """What one training leaves.

    Args:
        mse: held-out mean-squared error at the end, mean over tuples and outputs.
        train_mse: the same over the whole training pool, at the end.
        steps: Adam steps taken.
        losses: (steps recorded,) the minibatch losses before each step, float64.
    """

    mse: float
    train_mse: float
    steps: int
    losses: np.ndarray


def initial_parameters(seed: int, n: int, target: Target) -> list[np.ndarray]:
    """First parameters of a student: U(-1/√fan_in, 1/√fan_in), the default of ``nn.Linear``, from a stream of its own.

    Args:
        seed: seed of the teacher.
        n: anchor.
        target: what is predicted; scalar targets start as the reward student does, 12-dimensional ones as the
            dynamics student.

    Returns:
        W1 (64, 16), b1 (64,), W2 (outputs, 64), b2 (outputs,), float32, in PyTorch's layout.

    Source: paper, C.2.

    Example:
        >>> [p.shape for p in initial_parameters(0, 2_000, Target.REWARD)]
        [(64, 16), (64,), (1, 64), (1,)]
    """
    generator = stream(Stream.INITIAL_REWARD if target.outputs == 1 else Stream.INITIAL_DYNAMICS, seed, n)
    shapes = [((D_H, D_X), D_X), ((D_H,), D_X), ((target.outputs, D_H), D_H), ((target.outputs,), D_H)]
    return [generator.uniform(-(fan**-0.5), fan**-0.5, shape).astype(np.float32) for shape, fan in shapes]


def standardisation(y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of each output over the pool, float32; a constant output keeps the unit 1.

    Example:
        >>> mean, unit = standardisation(np.array([[0.0, 2.0], [4.0, 2.0]], dtype=np.float32))
        >>> mean.tolist(), unit.tolist()
        ([2.0, 2.0], [2.0, 1.0])
    """
    mean, unit = y.mean(0, dtype=np.float64), y.std(0, dtype=np.float64)
    return mean.astype(np.float32), np.where(unit > 0, unit, 1.0).astype(np.float32)


def train_student(data: Data, target: Target, recipe: Recipe | None = None, *, record: int = 0) -> Outcome:
    """Train one student by the plain PyTorch loop, on one thread's worth of obvious code.

    Args:
        data: pool and held-out inputs; its teacher's seed and its size name the streams.
        target: what to predict.
        recipe: how; None is the paper's.
        record: keep the losses of the first ``record`` steps.

    Returns:
        Errors at the end. With ``recipe.standardise`` they are in units of the outputs' variances.

    Raises:
        RequestError: where the training diverged (a loss that isn't finite).

    Source: paper, C.2.

    Example:
        >>> from imagination.training.teacher import make_data
        >>> outcome = train_student(make_data(0, 512), Target.REWARD, Recipe(epochs=2), record=1)
        >>> outcome.steps, len(outcome.losses), bool(outcome.mse < outcome.losses[0])
        (4, 1, True)
    """
    recipe = Recipe() if recipe is None else recipe
    seed, n = data.teacher.seed, len(data.x)
    x, x_held_out = torch.from_numpy(data.x), torch.from_numpy(data.x_held_out)
    y, y_held_out = data.targets(target)
    if recipe.standardise:
        mean, unit = standardisation(y)
        y, y_held_out = (y - mean) / unit, (y_held_out - mean) / unit
    y, y_held_out = torch.from_numpy(y), torch.from_numpy(y_held_out)

    first, last = nn.Linear(D_X, D_H), nn.Linear(D_H, target.outputs)
    student = nn.Sequential(first, nn.ReLU(), last, *([nn.Tanh()] if recipe.tanh_output else []))
    with torch.no_grad():
        for parameter, value in zip(student.parameters(), initial_parameters(seed, n, target), strict=True):
            parameter.copy_(torch.from_numpy(value))
    optimiser = torch.optim.Adam(student.parameters(), lr=recipe.learning_rate)
    mse = nn.MSELoss()

    key, steps, losses, epoch, done = shuffle_key(seed, n), recipe.steps_at(n), [], 0, 0
    while done < steps:
        order = torch.from_numpy(epoch_order(key, epoch, n))
        for batch in order.split(recipe.batch)[: steps - done]:
            loss = mse(student(x[batch]), y[batch])
            optimiser.zero_grad()
            loss.backward()
            optimiser.step()
            if done < record:
                losses.append(loss.item())
            done += 1
        epoch += 1

    with torch.no_grad():
        held_out, train = mse(student(x_held_out), y_held_out).item(), mse(student(x), y).item()
    require(
        np.isfinite(held_out + train), f"the training of seed {seed} at N = {n} diverged: try a smaller learning_rate"
    )
    return Outcome(held_out, train, steps, np.array(losses))


GOLDEN = 0x9E3779B97F4A7C15
"""Increment of SplitMix64: 2^64 divided by the golden ratio, made odd."""


@njit(inline="always")
def _mix(z):
    """Finaliser of SplitMix64: a bijection of the 64-bit words (Steele, Lea & Flood 2014)."""
    z = (z ^ (z >> uint64(30))) * uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> uint64(27))) * uint64(0x94D049BB133111EB)
    return z ^ (z >> uint64(31))


@njit
def shuffle_into(order: np.ndarray, key: np.uint64, epoch: int) -> None:
    """Write the permutation of one epoch into ``order``.

    With r_i the i-th word of the generator started at mix(key + epoch), position i = N-1, ..., 1 changes places with
    j = floor((i + 1) r_i / 2^32). The bias against an exact shuffle is below N / 2^32.

    Args:
        order: (N,) int32, overwritten with a permutation of 0..N-1; 1 <= N < 2^31.
        key: word that names the training, from :func:`shuffle_key`.
        epoch: 0, 1, 2, ...

    Source: this book (the paper says "reshuffling each epoch", C.2).

    Example:
        >>> order = np.empty(5, dtype=np.int32)
        >>> shuffle_into(order, np.uint64(7), 0)
        >>> sorted(order.tolist())
        [0, 1, 2, 3, 4]
    """
    for i in range(order.size):
        order[i] = i
    state = _mix(uint64(key) + uint64(epoch) * uint64(GOLDEN))
    for i in range(order.size - 1, 0, -1):
        state += uint64(GOLDEN)
        j = ((_mix(state) >> uint64(32)) * uint64(i + 1)) >> uint64(32)
        order[i], order[j] = order[j], order[i]


def shuffle_key(seed: int, anchor: int) -> np.uint64:
    """The word that names the shuffles of one training; both heads share it, hence their batches.

    Args:
        seed: seed of the teacher, >= 0.
        anchor: number N of training tuples.

    Source: this book.

    Example:
        >>> bool(shuffle_key(0, 2000) == shuffle_key(0, 2000) != shuffle_key(1, 2000))
        True
    """
    return stream(Stream.SHUFFLE, seed, anchor).integers(0, 2**64, dtype=np.uint64)


def epoch_order(key: np.uint64, epoch: int, n: int) -> np.ndarray:
    """The permutation of one epoch as a new array.

    Args:
        key: from :func:`shuffle_key`.
        epoch: 0, 1, 2, ...
        n: number N of training tuples, >= 1.

    Returns:
        (N,) int32.

    Source: this book.

    Example:
        >>> sorted(epoch_order(shuffle_key(0, 4), 1, 4).tolist())
        [0, 1, 2, 3]
    """
    order = np.empty(n, dtype=np.int32)
    shuffle_into(order, key, epoch)
    return order
