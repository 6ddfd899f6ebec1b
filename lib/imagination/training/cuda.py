"""All teachers of one anchor at once on a GPU, in PyTorch; the same code runs on the processor, where it is tested.

The students' weights stand in one matrix, a row for each teacher, and each product of a step is one batched product
over the teachers. Pools, minibatch orders and Adam's moments stay on the device. A step is captured once as a CUDA
graph and replayed, so that the host only counts; about every thousand steps it sends the orders of the next epochs.

Minibatches are those of the plain loop. The library may sum a product in another order when the number of teachers is
another one, so on this path results in different company agree to rounding, not bit by bit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import DTypeLike, NDArray

from imagination.checks import Floats
from imagination.errors import require
from imagination.jobs.process import cores
from imagination.training.ensemble import Job, pack
from imagination.training.students import Outcome, diverged, epoch_order, precision, shuffle_key
from imagination.training.teacher import D_H, D_X, make_data

CHUNK = 1000  # steps between two transfers of orders, in whole epochs


def require_device(device: str) -> None:
    """Refuse a CUDA device where PyTorch finds none.

    Raises:
        RequestError: saying so.

    Example:
        >>> require_device("cpu")
    """
    found = not device.startswith("cuda") or torch.cuda.is_available()
    require(found, f"device {device}: PyTorch {torch.__version__} finds no CUDA device here; use --device cpu")


def device_name(device: str) -> str:
    """Name of the GPU, for the provenance of a result."""
    return torch.cuda.get_device_name(device) if device.startswith("cuda") else device


@dataclass(frozen=True)
class Parts:
    """Views of parameters or gradients (teachers, P), in the layout of :func:`imagination.training.ensemble.pack`."""

    W1: torch.Tensor  # (teachers, 64 heads, 16)
    b1: torch.Tensor  # (teachers, 1, 64 heads)
    W2: list[torch.Tensor]  # one for each head: (teachers, outputs, 64)
    b2: list[torch.Tensor]  # one for each head: (teachers, 1, outputs)

    @classmethod
    def of(cls, flat: torch.Tensor, outputs: Sequence[int]) -> Parts:
        """Cut the matrix up."""
        width, total = len(outputs) * D_H, sum(outputs)
        W1, b1, W2, b2 = torch.split(flat, [width * D_X, width, total * D_H, total], dim=1)
        return cls(
            W1.view(-1, width, D_X),
            b1.unsqueeze(1),
            list(torch.split(W2.view(-1, total, D_H), list(outputs), dim=1)),
            list(torch.split(b2.unsqueeze(1), list(outputs), dim=2)),
        )


class Students:
    """Weights, moments and tables of all students on the device, and the step that advances them."""

    def __init__(self, bundles: Sequence[Sequence[Job]], device: str, dtype: DTypeLike):
        self.jobs, self.device, self.dtype = bundles[0], device, dtype
        self.outputs = [job.target.outputs for job in self.jobs]
        with ThreadPoolExecutor(cores()) as pool:
            rows = list(pool.map(self._load, bundles))
        flat, self.table, self.held_out = (torch.stack(kind) for kind in zip(*rows, strict=True))
        self.flat, self.gradient, self.mean, self.square = flat, *(torch.zeros_like(flat) for _ in range(3))
        self.parts, self.slopes = Parts.of(self.flat, self.outputs), Parts.of(self.gradient, self.outputs)
        n = self.table.shape[1]
        self.pool = self.table.flatten(0, 1)
        self.offset = (torch.arange(len(bundles), device=device) * n).unsqueeze(1)
        self.now = torch.zeros(1, dtype=torch.int64, device=device)  # step within the chunk

    def _load(self, jobs: Sequence[Job]) -> list[torch.Tensor]:
        job = jobs[0]
        data = make_data(job.seed, job.n, policy=job.policy, biases=job.biases)
        return [torch.from_numpy(array).to(self.device) for array in pack(jobs, data, self.dtype)]

    def forward(self, x: torch.Tensor) -> tuple[torch.Tensor, list[torch.Tensor]]:
        """Hidden layer (teachers, B, 64 heads) and outputs of each head (teachers, B, outputs)."""
        p = self.parts
        hidden = torch.baddbmm(p.b1, x, p.W1.mT).relu_()
        y = [torch.baddbmm(b, h, W.mT) for b, h, W in zip(p.b2, torch.split(hidden, D_H, 2), p.W2, strict=True)]
        return hidden, [v.tanh() if job.recipe.tanh_output else v for v, job in zip(y, self.jobs, strict=True)]

    def step(self, rows: torch.Tensor, weights: torch.Tensor, sizes: torch.Tensor, roots: torch.Tensor) -> torch.Tensor:
        """One Adam step of every student; ``now`` picks the minibatch. Nothing here waits for the device.

        Args:
            rows: (steps, teachers, B) rows of the pool; a partial minibatch is padded with any.
            weights: (steps, B, 1): 1 / minibatch size, and 0 for padding.
            sizes, roots: (steps, 1): Adam's step size lr / (1 - .9^t), and sqrt(1 - .999^t).

        Returns:
            (heads, teachers) losses before the step.
        """
        at = [array.index_select(0, self.now).squeeze(0) for array in (rows, weights, sizes, roots)]
        batch, (weight, size, root) = self.pool[at[0] + self.offset], at[1:]
        x, *targets = torch.split(batch, [D_X, *self.outputs], dim=2)
        hidden, y = self.forward(x)
        losses, back = [], []
        for h, (part, target) in enumerate(zip(torch.split(hidden, D_H, 2), targets, strict=True)):
            error = (y[h] - target) * (weight / self.outputs[h])
            losses.append((error * (y[h] - target)).sum((1, 2)))
            slope = 2 * error * (1 - y[h] * y[h]) if self.jobs[h].recipe.tanh_output else 2 * error
            self.slopes.W2[h].copy_(slope.mT @ part)
            self.slopes.b2[h].copy_(slope.sum(1, keepdim=True))
            back.append(slope @ self.parts.W2[h])
        slope = torch.cat(back, 2) * (hidden > 0)
        self.slopes.W1.copy_(slope.mT @ x)
        self.slopes.b1.copy_(slope.sum(1, keepdim=True))
        self.mean.lerp_(self.gradient, 1 - 0.9)
        self.square.mul_(0.999).addcmul_(self.gradient, self.gradient, value=1 - 0.999)
        self.flat.sub_(size * self.mean / (self.square.sqrt() / root + 1e-8))
        self.now.add_(1)
        return torch.stack(losses)

    def errors(self, table: torch.Tensor) -> Floats:
        """Mean-squared errors (heads, teachers) over tables (teachers, tuples, 16 + outputs), summed in float64."""
        total = torch.zeros(len(self.jobs), table.shape[0], dtype=torch.float64, device=self.device)
        for part in torch.split(table, 5000, dim=1):
            x, *targets = torch.split(part, [D_X, *self.outputs], dim=2)
            for h, (y, target) in enumerate(zip(self.forward(x)[1], targets, strict=True)):
                total[h] += (y - target).square().sum((1, 2), dtype=torch.float64) / self.outputs[h]
        mean: Floats = (total / table.shape[1]).cpu().numpy()
        return mean


def orders(bundles: Sequence[Sequence[Job]], steps: int) -> Iterator[tuple[NDArray[np.int32], Floats, int]]:
    """Rows (steps, teachers, B) and weights (steps, B, 1) of the next steps, in whole epochs, made ahead in threads."""
    job = bundles[0][0]
    n, batch = job.n, job.recipe.batch
    per_epoch = -(-n // batch)
    epochs = -(-CHUNK // per_epoch)
    keys = [shuffle_key(jobs[0].seed, n) for jobs in bundles]
    padded = np.zeros(per_epoch * batch)
    padded[:n] = 1
    weights = padded.reshape(per_epoch, batch, 1)
    weights = np.tile(weights / weights.sum(1, keepdims=True), (epochs, 1, 1))

    def one(key: np.uint64, first: int) -> NDArray[np.int32]:
        rows = np.zeros((epochs, per_epoch * batch), dtype=np.int32)
        for e in range(epochs):
            rows[e, :n] = epoch_order(key, first + e, n)
        return rows.reshape(-1, batch)

    with ThreadPoolExecutor(cores()) as pool:
        ahead = [pool.submit(one, key, 0) for key in keys]
        for first in range(0, -(-steps // per_epoch), epochs):
            rows = np.stack([future.result() for future in ahead], axis=1)
            ahead = [pool.submit(one, key, first + epochs) for key in keys]
            yield rows, weights, min(len(rows), steps - first * per_epoch)


def train_together(
    jobs: Sequence[Job],
    *,
    device: str,
    record: int = 0,
    progress: Callable[[int], None] | None = None,
    dtype: DTypeLike = np.float32,
) -> list[Outcome]:
    """Train all students of one anchor at once.

    Args:
        jobs: equal in everything but seeds and targets, with the same targets for each seed.
        device: ``cuda``, ``cuda:1``, ...; or ``cpu``, for tests.
        record: keep the losses of the first ``record`` steps.
        progress: told the steps just taken, over all students.
        dtype: float32, or float64 from the same start on the same numbers.

    Returns:
        Outcomes in the order of ``jobs``.

    Raises:
        RequestError: for a device that is missing, jobs that differ in more, or a training that diverged.

    Source: paper, C.2.

    Example:
        >>> from imagination.training.students import Recipe
        >>> jobs = [Job(seed, 300, recipe=Recipe(epochs=2)) for seed in range(3)]
        >>> [outcome.steps for outcome in train_together(jobs, device="cpu")]
        [4, 4, 4]
    """
    require_device(device)
    bundles: dict[int, list[Job]] = {}
    for job in jobs:
        bundles.setdefault(job.seed, []).append(job)
    kinds = {tuple((job.target, job.recipe, *job.shared[1:]) for job in bundle) for bundle in bundles.values()}
    shared = {job.shared[1:] for job in jobs}
    require(len(kinds) == len(shared) == 1, "students trained together differ in more than seeds and targets")
    real, recipe, n = precision(dtype), jobs[0].recipe, jobs[0].n
    students = Students(list(bundles.values()), device, real)
    steps, done, replay = recipe.steps_at(n), 0, None
    losses: list[Floats] = []
    buffers: list[torch.Tensor] = []
    for rows, weights, count in orders(list(bundles.values()), steps):
        t = np.arange(done + 1, done + len(rows) + 1)[:, None]
        scales = weights, recipe.learning_rate / (1 - 0.9**t), np.sqrt(1 - 0.999**t)
        fresh = [torch.from_numpy(array) for array in (rows, *(scale.astype(real) for scale in scales))]
        if not buffers:
            buffers = [array.to(device) for array in fresh]
            if device.startswith("cuda") and steps > record:
                replay = capture(students, buffers)
        else:
            for buffer, array in zip(buffers, fresh, strict=True):
                buffer.copy_(array)
        students.now.zero_()
        for i in range(count):
            if replay is None or done + i < record:
                loss = students.step(*buffers)
                if done + i < record:
                    losses.append(loss.double().cpu().numpy())
            else:
                replay()
        done += count
        if progress is not None:
            if device.startswith("cuda"):
                torch.cuda.synchronize(device)  # once a chunk: else the bar would run ahead of the work
            progress(count * len(jobs))
    mse, train_mse = students.errors(students.held_out), students.errors(students.table)
    where = {(seed, h): (h, i) for i, (seed, bundle) in enumerate(bundles.items()) for h in range(len(bundle))}
    seen: dict[int, int] = dict.fromkeys(bundles, 0)
    outcomes = []
    for job in jobs:
        at = where[job.seed, seen[job.seed]]
        seen[job.seed] += 1
        if not np.isfinite(mse[at] + train_mse[at]):
            raise diverged(job.seed, n)
        outcomes.append(Outcome(float(mse[at]), float(train_mse[at]), steps, np.array([loss[at] for loss in losses])))
    return outcomes


def capture(students: Students, buffers: Sequence[torch.Tensor]) -> Callable[[], None]:
    """Record one step as a CUDA graph, leaving the students as they were; returns what replays it."""
    state = (students.flat, students.mean, students.square, students.now)
    before = [tensor.clone() for tensor in state]
    side = torch.cuda.Stream(students.device)  # type: ignore[no-untyped-call]  # PyTorch's
    side.wait_stream(torch.cuda.current_stream(students.device))
    with torch.cuda.stream(side):  # PyTorch asks for a few runs on another stream before a capture
        for _ in range(3):
            students.step(*buffers)
    torch.cuda.current_stream(students.device).wait_stream(side)
    graph = torch.cuda.CUDAGraph()
    with torch.cuda.graph(graph):
        students.step(*buffers)
    for tensor, value in zip(state, before, strict=True):
        tensor.copy_(value)
    return graph.replay
