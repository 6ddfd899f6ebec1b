"""A sweep: students over a grid of anchors and seeds, in blocks that can be lost one at a time.

A block is a pool: one anchor of one teacher on a processor, all teachers of one anchor on a GPU. Blocks know nothing
of each other, so it does not matter where, when or beside what they are trained.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextlib import ExitStack, closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from imagination.errors import nearest, require
from imagination.training.ensemble import Job, cores, train_bundle
from imagination.training.jobs import SweepFolder
from imagination.training.provenance import environment, processor
from imagination.training.students import Recipe
from imagination.training.teacher import EPISODE, POLICIES, Target

__all__ = ["Block", "Sweep", "run_block", "run_sweep"]

LARGEST = 1000 * EPISODE
DEVICES = ("cpu", "cuda")


@dataclass(frozen=True)
class Block:
    """The unit that is trained, stored and lost: one anchor with one or more teachers.

    Example:
        >>> Block(2000, (7,)).name
        'n002000-seed00007'
    """

    n: int
    seeds: tuple[int, ...]

    @property
    def name(self) -> str:
        """Name of the block's shard."""
        last = f"-{self.seeds[-1]:05}" if len(self.seeds) > 1 else ""
        return f"n{self.n:06}-seed{self.seeds[0]:05}{last}"


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
        >>> len(sweep.blocks()), sweep.trainings, sweep.adam_steps
        (6, 12, 33600)
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
        require(self.anchors, "no anchor was given: name numbers of training tuples; try 2000,5000,10000,20000")
        for n in self.anchors:
            require(1 <= n <= LARGEST, f"anchor {n} is not allowed: a number of training tuples from 1 to {LARGEST}")
        for name in ("anchors", "heads"):
            values = getattr(self, name)
            twice = [v for v in values if values.count(v) > 1]
            require(not twice, f"{name}: {twice[:1]} is given twice; name each once")
        require(1 <= self.seeds <= 100_000, f"seeds = {self.seeds} is not allowed: 1 to 100000 teachers")
        require(0 <= self.first_seed < 2**31, f"first_seed = {self.first_seed} is not allowed: 0 to 2^31 - 1")
        require(self.heads, "no head was given; try dynamics,reward")
        known = [target.value for target in Target]
        for head in self.heads:
            require(head in known, f"head {head!r} does not exist; {nearest(head, known)}")
        require(self.policy in POLICIES, f"policy {self.policy!r} does not exist; {nearest(self.policy, POLICIES)}")
        require(self.device in DEVICES, f"device {self.device!r} is not allowed: one of {', '.join(DEVICES)}")
        _ = self.recipe  # refuses its own wrong values

    @property
    def recipe(self) -> Recipe:
        """How each student is trained."""
        return Recipe(epochs=self.epochs, steps=self.steps)

    @property
    def trainings(self) -> int:
        """Number of students."""
        return len(self.anchors) * self.seeds * len(self.heads)

    @property
    def adam_steps(self) -> int:
        """Adam steps of all students together."""
        return sum(self.steps_of(block) for block in self.blocks())

    def blocks(self) -> list[Block]:
        """All blocks, teacher by teacher: what is there halfway is a smaller sweep, and the pace is the final one."""
        seeds = tuple(range(self.first_seed, self.first_seed + self.seeds))
        groups = [(seed,) for seed in seeds] if self.device == "cpu" else [seeds]
        return [Block(n, group) for group in groups for n in sorted(self.anchors, reverse=True)]

    def jobs(self, block: Block) -> list[Job]:
        """Students of a block."""
        policy, recipe = POLICIES[self.policy], self.recipe
        return [Job(s, block.n, Target(head), recipe, policy) for s in block.seeds for head in self.heads]

    def steps_of(self, block: Block) -> int:
        """Adam steps of a block, all students together."""
        return self.recipe.steps_at(block.n) * len(block.seeds) * len(self.heads)


def run_block(
    sweep: Sweep,
    block: Block,
    progress: Callable[[int], None] | None = None,
    stop: threading.Event | None = None,
) -> dict[str, Any]:
    """Train a block; runs wherever the package is installed.

    Args:
        sweep: the settings.
        block: one of ``sweep.blocks()``.
        progress: called now and then with the number of Adam steps just taken, over all heads.
        stop: when set, the block is given up.

    Returns:
        ``rows`` (head, n, seed, mse, train_mse, steps), ``seconds`` and ``device``; ready for JSON.

    Raises:
        RequestError: if a training diverged, or the device is missing.
        imagination.training.ensemble.Interrupted: if ``stop`` was set.

    Source: this book.

    Example:
        >>> sweep = Sweep(anchors=(300,), seeds=1, epochs=2)
        >>> [row[:3] + row[5:] for row in run_block(sweep, sweep.blocks()[0])["rows"]]
        [['dynamics', 300, 0, 4], ['reward', 300, 0, 4]]
    """
    jobs, start = sweep.jobs(block), time.perf_counter()
    if sweep.device == "cuda":
        from imagination.training.cuda import device_name, train_together

        outcomes, device = train_together(jobs, device="cuda", progress=progress), device_name("cuda")
    else:
        tell = None if progress is None else lambda steps: progress(steps * len(jobs))
        outcomes, device = train_bundle(jobs, progress=tell, stop=stop), processor()
    rows = [
        [job.target.value, job.n, job.seed, outcome.mse, outcome.train_mse, outcome.steps]
        for job, outcome in zip(jobs, outcomes, strict=True)
    ]
    return {"rows": rows, "seconds": round(time.perf_counter() - start, 3), "device": device}


def locally(
    sweep: Sweep, blocks: Sequence[Block], threads: int, progress: Callable[[int], None] | None
) -> Iterator[tuple[Block, dict[str, Any]]]:
    """Train blocks on this machine, yielding each when it is done."""
    stop = threading.Event()
    with ThreadPoolExecutor(threads if sweep.device == "cpu" else 1) as pool:
        futures = {pool.submit(run_block, sweep, block, progress, stop): block for block in blocks}
        try:
            for future in as_completed(futures):
                yield futures.pop(future), future.result()
        finally:
            stop.set()
            pool.shutdown(cancel_futures=True)


def run_sweep(
    sweep: Sweep,
    out: Path | str,
    *,
    threads: int | None = None,
    scheduler: str | None = None,
    begin: Callable[[int, int], None] = lambda done, total: None,
    progress: Callable[[int], None] | None = None,
    warn: Callable[[str], None] = lambda line: None,
) -> bool:
    """Run a sweep, or what is left of it, and leave ``errors.csv`` and ``provenance.json`` in a folder.

    Args:
        sweep: the settings.
        out: the folder, new or of the same sweep.
        threads: blocks in work at once on this machine; None is one for each core.
        scheduler: address of a Dask scheduler that gets the blocks instead.
        begin: told the Adam steps already done and all of them, once.
        progress: told now and then how many more are done, from any thread.
        warn: told in one line what a person should know.

    Returns:
        Whether there was anything left to do.

    Raises:
        RequestError: for a folder, scheduler or device that cannot be used, before anything is trained.
        imagination.training.jobs.StorageError: if a file cannot be written.

    Source: paper, C.2; the storage is this book's.

    Example:
        >>> import tempfile
        >>> out, sweep = Path(tempfile.mkdtemp()) / "errors", Sweep(anchors=(300,), seeds=2, epochs=1)
        >>> run_sweep(sweep, out, threads=1), run_sweep(sweep, out, threads=1)
        (True, False)
        >>> (out / "errors.csv").read_text().splitlines()[0]
        'head,n,seed,mse,train_mse,steps'
    """
    require(threads is None or threads >= 1, f"threads = {threads} is not allowed: at least 1")
    if sweep.device == "cuda" and scheduler is None:
        from imagination.training.cuda import require_device

        require_device("cuda")
    threads, blocks = threads or cores(), sweep.blocks()
    with ExitStack() as stack:
        if scheduler is not None:  # a cluster that does not answer is found out before the folder is made
            from imagination.training import cluster

            client = stack.enter_context(cluster.connect(scheduler, warn=warn))
        folder = stack.enter_context(SweepFolder(Path(out), asdict(sweep), warn))
        done = folder.finished([block.name for block in blocks])
        todo = [block for block in blocks if block.name not in done]
        begin(sweep.adam_steps - sum(sweep.steps_of(block) for block in todo), sweep.adam_steps)
        if not todo and folder.whole():
            return False
        if todo:
            start, clock = datetime.now(UTC), time.perf_counter()
            session = f"{start:%Y%m%dT%H%M%S.%fZ}-{os.getpid()}"
            facts = {"started": f"{start:%Y-%m-%dT%H:%M:%SZ}", "threads": None if scheduler else threads}
            folder.open_session(session, facts | {"cluster": scheduler is not None} | environment())
            if scheduler is None:
                results = locally(sweep, todo, threads, progress)
            else:
                results = cluster.results(client, sweep, todo, progress)
            with closing(results):
                for block, result in results:
                    result |= {"session": session, "after": round(time.perf_counter() - clock, 3)}
                    folder.keep(block.name, result)
                    done[block.name] = result
        rank = {head: i for i, head in enumerate(sweep.heads)}
        rows = sorted((row for r in done.values() for row in r["rows"]), key=lambda row: (rank[row[0]], row[1], row[2]))
        folder.finish(rows, provenance(sweep, done, folder.sessions()))
    return True


def provenance(sweep: Sweep, done: dict[str, dict], sessions: dict[str, dict]) -> dict[str, Any]:
    """Origin of a finished sweep: settings, totals, and each session with the wall time up to its last block."""
    history = []
    for name, facts in sorted(sessions.items()):
        made = [result for result in done.values() if result["session"] == name]
        if made:
            wall = max(result["after"] for result in made)
            devices = sorted({result["device"] for result in made})
            history.append(facts | {"devices": devices, "blocks": len(made), "wall_seconds": wall})
    return {
        "parameters": asdict(sweep),
        "trainings": sweep.trainings,
        "adam_steps": sweep.adam_steps,
        "wall_seconds": round(sum(session["wall_seconds"] for session in history), 3),
        "block_seconds": round(sum(result["seconds"] for result in done.values()), 3),
        "sessions": history,
    }
