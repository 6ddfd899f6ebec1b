"""The runner of every long study: what is left of it, on all cores or on a cluster, kept block by block."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from imagination.checks import whole
from imagination.jobs.folder import Block, Shard, StudyFolder
from imagination.jobs.process import cores
from imagination.jobs.work import BlockFailed, Performed, Progress, Work, perform

PATIENCE = 1.5
"""Seconds that blocks in work are given to notice that they are not wanted any more."""


@dataclass(frozen=True)
class Study:
    """A long piece of work in blocks that know nothing of each other.

    Args:
        kind: what it is called, as in "another sweep is at work".
        settings: what identifies it, ready for JSON.
        blocks: in the order in which they are begun.
        work: a function that can be imported by its name, here and on a cluster's workers.
        publish: the results, texts by file name, from the shards that there are.
        at_once: blocks in work at once on this machine at most; None is one for each core.
    """

    kind: str
    settings: Mapping[str, Any]
    blocks: Sequence[Block]
    work: Work
    publish: Callable[[dict[str, Shard]], dict[str, str]]
    at_once: int | None = None


@dataclass(frozen=True)
class Run:
    """What a run of a study leaves: its shards by block, why blocks failed, and whether there was anything to do."""

    shards: dict[str, Shard]
    failed: dict[str, str]
    new: bool


def run_study(
    study: Study,
    out: Path | str,
    *,
    threads: int | None = None,
    scheduler: str | None = None,
    begin: Callable[[int, int], None] = lambda done, total: None,
    progress: Progress = lambda amount: None,
    warn: Callable[[str], None] = lambda line: None,
) -> Run:
    """Do what is left of a study, and leave its results and their origin in a folder.

    A block whose shard is whole is never done again. A block that fails on its own account is left out; the next run
    tries it again.

    Args:
        study: what is to be done.
        out: the folder, new or of the same study.
        threads: blocks in work at once on this machine; None is what the study says.
        scheduler: address of a Dask scheduler that gets the blocks instead.
        begin: told the weight of the blocks already done and of all, once.
        progress: told now and then how much more is done, from any thread.
        warn: told in one line what a person should know.

    Raises:
        RequestError: for a folder or a scheduler that cannot be used, before anything is done.
        imagination.files.StorageError: if a file cannot be written.
        imagination.jobs.cluster.ClusterError: if the scheduler is lost.

    Source: this book.
    """
    at_once = whole("threads", threads, low=1) if threads is not None else study.at_once or cores()
    with ExitStack() as stack:
        client = None
        if scheduler is not None:  # a cluster that does not answer is found out before the folder is made
            from imagination.jobs import cluster

            client = stack.enter_context(cluster.connected(scheduler, warn=warn))
        folder = stack.enter_context(StudyFolder(Path(out), study.kind, study.settings, warn))
        shards, failed = folder.finished(study.blocks), dict[str, str]()
        todo = [block for block in study.blocks if block.name not in shards]
        total = sum(block.weight for block in study.blocks)
        begin(total - sum(block.weight for block in todo), total)
        if todo:
            start, clock = datetime.now(UTC), time.perf_counter()
            session = {
                "name": f"{start:%Y%m%dT%H%M%S.%fZ}-{os.getpid()}",
                "started": f"{start:%Y-%m-%dT%H:%M:%SZ}",
                "threads": None if client else at_once,
                "cluster": client is not None,
            }
            if client is None:
                results = _locally(study.work, todo, at_once, progress)
            else:
                results = cluster.results(client, study.work, todo, progress, warn)
            with closing(results):
                for block, made in results:
                    if isinstance(made, BlockFailed):
                        failed[block.name] = str(made)
                        continue
                    done, seconds, made_by = made
                    after = round(time.perf_counter() - clock, 3)
                    shard = Shard(done.result, seconds, done.device, made_by, session, after)
                    shards[block.name] = folder.keep(block, shard, done.files)
        ordered = {block.name: shards[block.name] for block in study.blocks if block.name in shards}
        wrote = folder.publish(study.publish(ordered), expected=bool(todo))
    return Run(ordered, failed, bool(todo) or wrote)


def _locally(
    work: Work, blocks: Sequence[Block], at_once: int, progress: Progress
) -> Generator[tuple[Block, Performed | BlockFailed], None, None]:
    """Do blocks in threads of this process, yielding each when it is done.

    The threads are daemons: a process that is told to end does not wait for a block to notice.
    """
    stop, waiting, done = threading.Event(), SimpleQueue[Block](), SimpleQueue[tuple[Block, Any]]()
    for block in blocks:
        waiting.put(block)

    def labour() -> None:
        with suppress(Empty):
            while not stop.is_set():
                block = waiting.get_nowait()
                try:
                    done.put((block, _told_in_full(work, block, progress, stop)))
                except BaseException as error:
                    done.put((block, error))

    pool = [threading.Thread(target=labour, daemon=True) for _ in range(min(at_once, len(blocks)))]
    for thread in pool:
        thread.start()
    try:
        for _ in blocks:
            block, performed = done.get()
            if isinstance(performed, BaseException) and not isinstance(performed, BlockFailed):
                raise performed
            yield block, performed
    finally:
        stop.set()
        deadline = time.monotonic() + PATIENCE
        for thread in pool:
            thread.join(max(0, deadline - time.monotonic()))


def _told_in_full(work: Work, block: Block, progress: Progress, stop: threading.Event) -> Performed:
    """Do a block; what its work has not told of its weight is told at the end."""
    told = 0

    def tell(amount: int) -> None:
        nonlocal told
        told += amount
        progress(amount)

    performed = perform(work, block.argument, tell, stop)
    tell(block.weight - told)
    return performed
