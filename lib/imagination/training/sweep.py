"""A sweep: students over a grid of anchors and seeds, in blocks that can be lost one at a time.

A block is a pool: one anchor of one teacher on a processor, all teachers of one anchor on a GPU. Blocks know nothing
of each other, so it does not matter where, when or beside what they are trained.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from imagination.checks import whole, wholes
from imagination.errors import nearest, require, shown
from imagination.jobs.folder import Block, Shard
from imagination.jobs.provenance import history
from imagination.jobs.runner import Run, Study, run_study
from imagination.jobs.work import Made, Progress
from imagination.training.ensemble import Job, train_bundle
from imagination.training.students import Recipe
from imagination.training.teacher import EPISODE, POLICIES, Target

LARGEST = 1000 * EPISODE
DEVICES = ("cpu", "cuda")
COLUMNS = "head,n,seed,mse,train_mse,steps"


@dataclass(frozen=True)
class Sweep:
    """Everything that a sweep's result depends on.

    Args:
        anchors: numbers N of training tuples, each 1 to 500,000, no repetition.
        seeds: how many teachers; their seeds are ``first_seed``, ``first_seed`` + 1, ...
        first_seed: >= 0.
        heads: names of targets, see :class:`imagination.training.teacher.Target`.
        epochs: passes over the pool; not used where ``steps`` is given.
        steps: the same number of Adam steps at every anchor.
        policy: name of a reference policy.
        device: ``cpu`` or ``cuda``.

    Raises:
        RequestError: for a value out of range.

    Example:
        >>> sweep = Sweep(anchors=(2000, 5000), seeds=3)
        >>> len(sweep.blocks()), sweep.trainings, sweep.blocks()[1].name
        (6, 12, 'n002000-seed00000')
        >>> Sweep(anchors=(2000,), device="gpu")
        Traceback (most recent call last):
        imagination.errors.RequestError: device 'gpu' is not allowed: one of cpu, cuda
    """

    anchors: tuple[int, ...]
    seeds: int = 100
    first_seed: int = 0
    heads: tuple[str, ...] = ("dynamics", "reward")
    epochs: int = 200
    steps: int | None = None
    policy: str = "sinusoid"
    device: str = "cpu"

    def __post_init__(self) -> None:
        require(len(self.anchors), "no anchor was given: name numbers of training tuples; try 2000,5000,10000,20000")
        wholes("anchors", self.anchors, low=1, high=LARGEST, shape=(None,))
        whole("seeds", self.seeds, low=1, high=100_000)
        whole("first_seed", self.first_seed, high=2**31 - 1)
        require(self.heads, "no head was given; try dynamics,reward")
        known = [target.value for target in Target]
        for head in self.heads:
            require(head in known, f"head {shown(head)} does not exist; {nearest(str(head), known)}")
        for name in ("anchors", "heads"):
            values = getattr(self, name)
            twice = [v for v in values if values.count(v) > 1]
            require(not twice, f"{name}: {twice[:1]} is given twice; name each once")
        policy = str(self.policy)
        require(policy in POLICIES, f"policy {shown(self.policy)} does not exist; {nearest(policy, POLICIES)}")
        require(self.device in DEVICES, f"device {shown(self.device)} is not allowed: one of {', '.join(DEVICES)}")
        _ = self.recipe  # refuses its own wrong values

    @property
    def recipe(self) -> Recipe:
        """How each student is trained."""
        return Recipe(epochs=self.epochs, steps=self.steps)

    @property
    def trainings(self) -> int:
        """Number of students."""
        return len(self.anchors) * self.seeds * len(self.heads)

    def blocks(self) -> list[Block]:
        """All blocks, teacher by teacher: what is there halfway is a smaller sweep, and the pace is the final one."""
        seeds = tuple(range(self.first_seed, self.first_seed + self.seeds))
        groups = [(seed,) for seed in seeds] if self.device == "cpu" else [seeds]
        return [self._block(n, group) for group in groups for n in sorted(self.anchors, reverse=True)]

    def _block(self, n: int, seeds: Sequence[int]) -> Block:
        policy, recipe = POLICIES[self.policy], self.recipe
        last = f"-{seeds[-1]:05}" if len(seeds) > 1 else ""
        jobs = [Job(seed, n, Target(head), recipe, policy) for seed in seeds for head in self.heads]
        return training_block(f"n{n:06}-seed{seeds[0]:05}{last}", jobs, self.device)


def training_block(name: str, jobs: Sequence[Job], device: str = "cpu") -> Block:
    """The block of a study that trains these students; its weight is their Adam steps.

    Example:
        >>> training_block("two", [Job(0, 2000), Job(0, 2000, Target.REWARD)]).weight
        3200
    """
    return Block(name, (device, tuple(jobs)), sum(job.recipe.steps_at(job.n) for job in jobs))


def train_block(argument: tuple[str, tuple[Job, ...]], progress: Progress, stop: threading.Event) -> Made:
    """Train a block; runs wherever the package is installed.

    Args:
        argument: of a :func:`training_block`.
        progress: told now and then the number of Adam steps just taken, over all students.
        stop: when set, the block is given up.

    Returns:
        ``rows`` [head, n, seed, mse, train_mse, steps], in the order of the jobs.

    Raises:
        RequestError: if a training diverged, or the device is missing.
        imagination.training.ensemble.Interrupted: if ``stop`` was set.

    Source: this book.

    Example:
        >>> block = Sweep(anchors=(300,), seeds=1, epochs=2).blocks()[0]
        >>> made = train_block(block.argument, lambda steps: None, threading.Event())
        >>> [row[:3] + row[5:] for row in made.result["rows"]]
        [['dynamics', 300, 0, 4], ['reward', 300, 0, 4]]
    """
    device, jobs = argument
    if device == "cuda":
        from imagination.training.cuda import device_name, train_together

        outcomes, name = train_together(jobs, device=device, progress=progress), device_name(device)
    else:
        outcomes, name = train_bundle(jobs, progress=lambda steps: progress(steps * len(jobs)), stop=stop), ""
    rows = [[j.target.value, j.n, j.seed, o.mse, o.train_mse, o.steps] for j, o in zip(jobs, outcomes, strict=True)]
    return Made({"rows": rows}, device=name)


def run_sweep(sweep: Sweep, out: Path | str, **options: Any) -> Run:
    """Run a sweep, or what is left of it, and leave ``errors.csv`` and ``provenance.json`` in a folder.

    Args:
        sweep: the settings.
        out: the folder, new or of the same sweep.
        options: ``threads``, ``scheduler``, ``begin``, ``progress`` and ``warn`` of
            :func:`imagination.jobs.runner.run_study`; progress is counted in Adam steps.

    Returns:
        What is there now, and whether there was anything left to do.

    Raises:
        RequestError: for a folder, scheduler or device that cannot be used, before anything is trained; or if a
            training diverged.
        imagination.files.StorageError: if a file cannot be written.
        imagination.jobs.cluster.ClusterError: if the scheduler is lost.

    Source: paper, C.2; the storage is this book's.

    Example:
        >>> import tempfile
        >>> out, sweep = Path(tempfile.mkdtemp()) / "errors", Sweep(anchors=(300,), seeds=2, epochs=1)
        >>> run_sweep(sweep, out, threads=1).new, run_sweep(sweep, out, threads=1).new
        (True, False)
        >>> (out / "errors.csv").read_text().splitlines()[0]
        'head,n,seed,mse,train_mse,steps'
    """
    if sweep.device == "cuda" and options.get("scheduler") is None:
        from imagination.training.cuda import require_device

        require_device("cuda")
    blocks = sweep.blocks()

    def publish(shards: dict[str, Shard]) -> dict[str, str]:
        rank = {head: i for i, head in enumerate(sweep.heads)}
        rows = [row for shard in shards.values() for row in shard.result["rows"]]
        rows.sort(key=lambda row: (rank[row[0]], row[1], row[2]))
        table = "\n".join([COLUMNS, *(",".join(map(str, row)) for row in rows)]) + "\n"  # with all their digits
        origin = {
            "parameters": asdict(sweep),
            "trainings": sweep.trainings,
            "adam_steps": sum(block.weight for block in blocks),
            **history(shards.values()),
            "errors_sha256": hashlib.sha256(table.encode()).hexdigest(),
        }
        return {"errors.csv": table, "provenance.json": json.dumps(origin, indent=2) + "\n"}

    one_gpu = 1 if sweep.device == "cuda" else None
    study = Study("sweep", asdict(sweep), blocks, train_block, publish, at_once=one_gpu)
    return run_study(study, out, **options)
