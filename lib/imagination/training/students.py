"""The plain PyTorch training loop of the paper's students (C.2). It stays: faster trainers are tested against it.

A student is Linear(16, 64), ReLU, Linear(64, outputs). Nothing here is clever on purpose. The shuffles are compiled,
since all trainers share them, and with them their minibatches.

Students are float32, as the paper's are. In float64 the trainers can be compared over hundreds of steps: rounding then
flips no ReLU, which in float32 sooner or later it does, and parts two trainers that are both right.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import DTypeLike, NDArray
from torch import nn

from imagination.checks import Floats, number, whole
from imagination.errors import RequestError, require, shown
from imagination.training.kernel import shuffle_into
from imagination.training.teacher import D_H, D_X, Data, Singles, Stream, Target, stream


@dataclass(frozen=True)
class Recipe:
    """How a student is trained; the defaults are the paper's (C.2).

    Args:
        epochs: passes over the pool, >= 1; not used where ``steps`` is given.
        steps: number of Adam steps instead of a number of epochs; the last epoch may be cut short.
        batch: size of a minibatch, 1 to 2^20; the last, partial one of an epoch is kept.
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
        for name, high in (("epochs", 2**40), ("steps", 2**40), ("batch", 2**20)):
            if name != "steps" or self.steps is not None:
                object.__setattr__(self, name, whole(name, getattr(self, name), low=1, high=high))
        number("learning_rate", self.learning_rate, above=0)
        for name in ("tanh_output", "standardise"):
            value = getattr(self, name)
            require(isinstance(value, bool | np.bool_), f"{name} = {shown(value)} is not allowed: True or False")

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
    losses: Floats


def precision(dtype: DTypeLike | None) -> np.dtype[np.float32] | np.dtype[np.float64]:
    """The type of number that a student is trained in.

    Raises:
        RequestError: for anything but float32 and float64.

    Example:
        >>> precision("float32"), precision(np.float64)
        (dtype('float32'), dtype('float64'))
    """
    try:
        found = None if dtype is None else np.dtype(dtype)
    except (TypeError, ValueError, SyntaxError):
        found = None
    for known in (np.dtype(np.float32), np.dtype(np.float64)):
        if found is not None and found == known:
            return known
    raise RequestError(f"dtype = {shown(dtype)} is not allowed: float32, which the book uses, or float64")


def diverged(seed: int, n: int) -> RequestError:
    """What every trainer raises where an error is no finite number."""
    return RequestError(f"the training of seed {seed} at N = {n} diverged: try a smaller learning_rate")


# -------------------------------------------------------------------------------------------------- what a student is


def initial_parameters(seed: int, n: int, target: Target) -> list[Singles]:
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


def student_network(parameters: list[Singles], *, tanh_output: bool, dtype: DTypeLike = np.float32) -> nn.Sequential:
    """A student in PyTorch with given parameters, in the order of :func:`initial_parameters`.

    Example:
        >>> student_network(initial_parameters(0, 2_000, Target.REWARD), tanh_output=False)
        Sequential(
          (0): Linear(in_features=16, out_features=64, bias=True)
          (1): ReLU()
          (2): Linear(in_features=64, out_features=1, bias=True)
        )
    """
    real = getattr(torch, precision(dtype).name)
    layers = [nn.Linear(D_X, D_H, dtype=real), nn.ReLU(), nn.Linear(D_H, len(parameters[2]), dtype=real)]
    student = nn.Sequential(*layers, *([nn.Tanh()] if tanh_output else []))
    with torch.no_grad():
        for parameter, value in zip(student.parameters(), parameters, strict=True):
            parameter.copy_(torch.from_numpy(value))
    return student


def standardisation(y: NDArray[np.floating]) -> tuple[Singles, Singles]:
    """Mean and standard deviation of each output over the pool, float32; a constant output keeps the unit 1.

    Example:
        >>> mean, unit = standardisation(np.array([[0.0, 2.0], [4.0, 2.0]], dtype=np.float32))
        >>> mean.tolist(), unit.tolist()
        ([2.0, 2.0], [2.0, 1.0])
    """
    mean, unit = y.mean(0, dtype=np.float64), y.std(0, dtype=np.float64)
    return mean.astype(np.float32), np.where(unit > 0, unit, 1.0).astype(np.float32)


# ---------------------------------------------------------------------------------------------------- how it is trained


def train_student(
    data: Data, target: Target, recipe: Recipe | None = None, *, record: int = 0, dtype: DTypeLike = np.float32
) -> Outcome:
    """Train one student by the plain PyTorch loop, on one thread's worth of obvious code.

    Args:
        data: pool and held-out inputs; its teacher's seed and its size name the streams.
        target: what to predict.
        recipe: how; None is the paper's.
        record: keep the losses of the first ``record`` steps.
        dtype: float32, or float64 from the same start on the same numbers.

    Returns:
        Errors at the end. With ``recipe.standardise`` they are in units of the outputs' variances.

    Raises:
        RequestError: where the training diverged (a loss that isn't finite), or for another ``dtype``.

    Source: paper, C.2.

    Example:
        >>> from imagination.training.teacher import make_data
        >>> outcome = train_student(make_data(0, 512), Target.REWARD, Recipe(epochs=2), record=1)
        >>> outcome.steps, len(outcome.losses), bool(outcome.mse < outcome.losses[0])
        (4, 1, True)
    """
    recipe = Recipe() if recipe is None else recipe
    seed, n, real = data.teacher.seed, len(data.x), precision(dtype)
    pairs = data.targets(target)
    if recipe.standardise:
        mean, unit = standardisation(pairs[0])
        pairs = (pairs[0] - mean) / unit, (pairs[1] - mean) / unit
    x, x_held_out, y, y_held_out = (
        torch.from_numpy(array.astype(real, copy=False)) for array in (data.x, data.x_held_out, *pairs)
    )
    student = student_network(initial_parameters(seed, n, target), tanh_output=recipe.tanh_output, dtype=real)
    optimiser = torch.optim.Adam(student.parameters(), lr=recipe.learning_rate)
    mse = nn.MSELoss()

    key, steps, epoch, done = shuffle_key(seed, n), recipe.steps_at(n), 0, 0
    losses: list[float] = []
    while done < steps:
        order = torch.from_numpy(epoch_order(key, epoch, n))
        for batch in torch.split(order, recipe.batch)[: steps - done]:
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
    if not np.isfinite(held_out + train):
        raise diverged(seed, n)
    return Outcome(held_out, train, steps, np.array(losses))


# -------------------------------------------------------------------------------------------------------- the shuffles


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


def epoch_order(key: np.uint64, epoch: int, n: int) -> NDArray[np.int32]:
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
    order = np.empty(whole("n", n, low=1, high=2**31 - 1), dtype=np.int32)
    shuffle_into(order, key, whole("epoch", epoch))
    return order
