"""Train many students at once on the processor, each as the plain loop would, some forty times faster.

The unit of work is a *bundle*: the jobs that share teacher, anchor and recipe, and with them the data and the
minibatches. A bundle runs on one core in a compiled kernel; threads take bundles from a queue. Nothing passes between
bundles, so a result depends neither on other bundles nor on the number of threads; on the other heads of its bundle
only to rounding.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import DTypeLike
from threadpoolctl import OpenBLASController, ThreadpoolController

from imagination.checks import whole
from imagination.errors import require, shown
from imagination.jobs.process import Interrupted, cores
from imagination.training import kernel
from imagination.training.kernel import Reals
from imagination.training.students import (
    Outcome,
    Recipe,
    diverged,
    initial_parameters,
    precision,
    shuffle_key,
    standardisation,
)
from imagination.training.teacher import LARGEST, Data, Policy, Sinusoid, Target, make_data

CHUNK = 2000  # steps between two reports of progress: about a tenth of a second


@dataclass(frozen=True)
class Job:
    """One student to train.

    Args:
        seed: seed of the teacher, >= 0.
        n: number N of training tuples (the anchor).
        target: what is predicted.
        recipe: how it is trained.
        policy: reference policy that visits the states.
        biases: teacher with biases (not in the paper).

    Raises:
        RequestError: for a value out of range.

    Example:
        >>> Job(0, 2000).shared == Job(0, 2000, Target.REWARD).shared != Job(1, 2000).shared
        True
    """

    seed: int
    n: int
    target: Target = Target.DYNAMICS
    recipe: Recipe = field(default_factory=Recipe)
    policy: Policy = field(default_factory=Sinusoid)
    biases: bool = False

    def __post_init__(self) -> None:
        for name, low, high in (("seed", 0, 2**53), ("n", 1, LARGEST)):
            object.__setattr__(self, name, whole(name, getattr(self, name), low=low, high=high))
        for name, kind in (("target", Target), ("recipe", Recipe)):
            value = getattr(self, name)
            require(isinstance(value, kind), f"{name} = {shown(value)} is not allowed: a {kind.__name__}")

    @property
    def shared(self) -> tuple[Any, ...]:
        """What the jobs of one bundle have in common."""
        r = self.recipe
        return self.seed, self.n, self.policy, self.biases, r.batch, r.learning_rate, r.steps_at(self.n)


_entering = threading.Lock()
_inside: list[Any] = []
"""One entry for each time that somebody is inside; all are the limit that the first has set."""


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Within the block a product runs on the thread that asks for it; the setting from before returns after the last.

    Two reasons: products of 256 x 64 are too small to share out, and a result must not depend on the number of
    threads, which decides how a BLAS cuts a product up. The setting is the process's, so those who are inside are
    counted: enter it once around a pool of threads, and again wherever a bundle may be trained alone.

    Source: this book.

    Example:
        >>> with one_blas_thread():
        ...     bool(np.allclose(np.eye(3) @ np.eye(3), np.eye(3)))
        True
    """
    with _entering:
        limit = _inside[0] if _inside else ThreadpoolController().limit(limits=1, user_api="blas")
        _inside.append(limit)
    try:
        yield
    finally:
        with _entering:
            _inside.pop()
            if not _inside:  # threadpoolctl listens only to the thread that set the limit, which may not be this one
                OpenBLASController.clear_controlling_thread(force=True)
                limit.restore_original_limits()
                OpenBLASController.clear_controlling_thread()


def pack(jobs: Sequence[Job], data: Data, dtype: DTypeLike = np.float32) -> tuple[Reals, Reals, Reals]:
    """First parameters and tables of a bundle, in the layout of :mod:`imagination.training.kernel`.

    Args:
        jobs: the bundle.
        data: its data.
        dtype: float32 or float64.

    Returns:
        Parameters (P,): all W1, all b1, all W2, all b2, head after head; training table (N, 16 + outputs) and
        held-out table (5000, 16 + outputs), inputs before targets.

    Source: this book.

    Example:
        >>> flat, table, held_out = pack([Job(0, 300), Job(0, 300, Target.REWARD)], make_data(0, 300))
        >>> flat.shape, table.shape, held_out.shape
        ((3021,), (300, 29), (5000, 29))
    """
    real = precision(dtype)
    table, held_out, starts = [data.x], [data.x_held_out], []
    for job in jobs:
        y, y_held_out = data.targets(job.target)
        if job.recipe.standardise:
            mean, unit = standardisation(y)
            y, y_held_out = (y - mean) / unit, (y_held_out - mean) / unit
        table.append(y)
        held_out.append(y_held_out)
        starts.append(initial_parameters(job.seed, job.n, job.target))
    flat = np.concatenate([array.ravel() for kind in zip(*starts, strict=True) for array in kind])
    return flat.astype(real), np.hstack(table, dtype=real), np.hstack(held_out, dtype=real)


def train_bundle(
    jobs: Sequence[Job],
    *,
    record: int = 0,
    progress: Callable[[int], None] | None = None,
    stop: threading.Event | None = None,
    dtype: DTypeLike = np.float32,
) -> list[Outcome]:
    """Train the students of one bundle on this thread.

    Args:
        jobs: jobs with equal :attr:`Job.shared`, one or more.
        record: keep the losses of the first ``record`` steps.
        progress: called with the number of steps just taken, once in about a tenth of a second.
        stop: when set, the training ends early.
        dtype: float32, or float64 from the same start on the same numbers.

    Returns:
        Outcomes in the order of ``jobs``.

    Raises:
        RequestError: for jobs that do not belong together, data out of range, or a training that diverged.
        Interrupted: if ``stop`` was set.

    Source: paper, C.2.

    Example:
        >>> recipe = Recipe(epochs=2)
        >>> both = train_bundle([Job(0, 512, Target.DYNAMICS, recipe), Job(0, 512, Target.REWARD, recipe)])
        >>> alone = train_bundle([Job(0, 512, Target.REWARD, recipe)])
        >>> abs(both[1].mse / alone[0].mse - 1) < 1e-3, alone[0].steps  # products of another shape round otherwise
        (True, 4)
    """
    require(len({job.shared for job in jobs}) == 1, "a bundle is one or more jobs of one teacher, anchor and recipe")
    real, record = precision(dtype), whole("record", record)
    job = jobs[0]
    with one_blas_thread():
        flat, table, held_out = pack(jobs, make_data(job.seed, job.n, policy=job.policy, biases=job.biases), real)
        outputs = np.array([job.target.outputs for job in jobs])
        tanh = np.array([job.recipe.tanh_output for job in jobs])
        state = np.stack([flat, np.zeros_like(flat), np.zeros_like(flat)])
        steps = job.recipe.steps_at(job.n)
        losses = np.zeros((min(record, steps), len(jobs)))
        recipe, key = job.recipe, shuffle_key(job.seed, job.n)
        # A chunk is whole epochs, so that no shuffle is made twice.
        epoch = -(-job.n // recipe.batch)
        chunk = epoch * -(-CHUNK // epoch)
        for first in range(0, steps, chunk):
            if stop is not None and stop.is_set():
                raise Interrupted
            last = min(first + chunk, steps)
            kernel.train(state, table, outputs, tanh, key, first, last, recipe.batch, recipe.learning_rate, losses)
            if progress is not None:
                progress(last - first)
        mse = kernel.mean_squared_errors(state[0], held_out, outputs, tanh)
        train_mse = kernel.mean_squared_errors(state[0], table, outputs, tanh)
    if not np.isfinite(mse + train_mse).all():
        raise diverged(job.seed, job.n)
    return [Outcome(float(mse[h]), float(train_mse[h]), steps, losses[:, h].copy()) for h in range(len(jobs))]


def train_ensemble(
    jobs: Sequence[Job],
    *,
    threads: int | None = None,
    record: int = 0,
    progress: Callable[[int], None] | None = None,
    dtype: DTypeLike = np.float32,
) -> list[Outcome]:
    """Train any number of students; the result of each is what it would be alone, up to rounding.

    Args:
        jobs: students in any order and mixture.
        threads: how many bundles are in work at once; None is one for each core.
        record: keep the losses of the first ``record`` steps.
        progress: called, from any thread, with the number of steps that a bundle has just taken.
        dtype: float32, or float64 from the same start on the same numbers.

    Returns:
        Outcomes in the order of ``jobs``.

    Raises:
        RequestError: for a number of threads below 1, data out of range, or a training that diverged.

    Source: paper, C.2.

    Example:
        >>> jobs = [Job(seed, 256, target, Recipe(epochs=1)) for seed in range(2) for target in (Target.REWARD,)]
        >>> [outcome.steps for outcome in train_ensemble(jobs, threads=2)]
        [1, 1]
    """
    threads = cores() if threads is None else whole("threads", threads, low=1, high=4096)
    bundles: dict[tuple[Any, ...], list[int]] = {}
    for i, job in enumerate(jobs):
        bundles.setdefault(job.shared, []).append(i)
    stop = threading.Event()

    def work(members: list[int]) -> list[Outcome]:
        return train_bundle([jobs[i] for i in members], record=record, progress=progress, stop=stop, dtype=dtype)

    with one_blas_thread(), ThreadPoolExecutor(threads) as pool:
        futures = [pool.submit(work, members) for members in bundles.values()]
        try:
            outcomes = {
                i: outcome
                for members, future in zip(bundles.values(), futures, strict=True)
                for i, outcome in zip(members, future.result(), strict=True)
            }
        except BaseException:
            stop.set()
            pool.shutdown(cancel_futures=True)
            raise
    return [outcomes[i] for i in range(len(jobs))]
