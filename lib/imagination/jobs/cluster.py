"""The blocks of a study on a Dask cluster: the same function, elsewhere."""

from __future__ import annotations

import asyncio
import logging
import threading
import warnings
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from queue import Empty, SimpleQueue
from typing import Any

from imagination.errors import RequestError, require
from imagination.jobs.folder import Block
from imagination.jobs.provenance import environment
from imagination.jobs.work import BlockFailed, Performed, Progress, Work, perform

_TALKATIVE = ("distributed", "tornado", "asyncio")

ANSWER = 8.0
"""Seconds that a scheduler is given to answer at all."""


class ClusterError(Exception):
    """The cluster failed in the middle of a study. Finished blocks are kept. The message is one line."""

    def __init__(self, what: str):
        super().__init__(f"{what}; finished blocks are kept: see to it, then start again with the same arguments")


@contextmanager
def connected(
    scheduler: str, *, patience: float = 60, warn: Callable[[str], None] = lambda line: None
) -> Iterator[Any]:
    """A connection to a Dask scheduler whose workers can do the work.

    Args:
        scheduler: address, ``tcp://HOST:PORT``, as ``dask scheduler`` prints it.
        patience: seconds to wait until a worker has come and has done a first task.
        warn: told in one line about workers whose packages have other versions than those here.

    Raises:
        RequestError: if Dask distributed is not installed, no scheduler answers at the address, no worker comes, or a
            worker lacks this package.

    Source: this book.
    """
    try:
        dask: Any = import_module("distributed")
    except ImportError:
        raise RequestError("--scheduler needs Dask distributed: pip install -e '.[cluster]' in the checkout") from None
    require("://" in scheduler, f"scheduler {scheduler!r} is not an address: write tcp://HOST:PORT")
    trouble = _answer(scheduler)
    if trouble is not None:
        what = f"{type(trouble).__name__}: {trouble}".removesuffix(": ")
        raise RequestError(
            f"no Dask scheduler answers at {scheduler} ({what}): start one with `dask scheduler`, and give the address "
            f"that it prints, not the dashboard's"
        )
    with _quiet(), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # on versions: those that matter are compared below
        client: Any = None
        try:
            client = dask.Client(scheduler, timeout=ANSWER, set_as_default=False)
            client._timeout = 1.0  # when it is lost, the blocks are: nothing is gained by looking for it longer
            _first_task(client, scheduler, patience, warn)
            yield client
        except (OSError, TimeoutError, ValueError) as error:
            if client is not None:
                raise
            raise RequestError(f"the scheduler at {scheduler} went away ({type(error).__name__})") from None
        finally:
            if client is not None:
                with suppress(Exception):  # a lost scheduler can't be taken leave of
                    client.close(timeout=1)


def _answer(scheduler: str) -> Exception | None:
    """Ask who is there: None from a scheduler, else what went wrong. Never takes much longer than ``ANSWER``.

    Dask's own client waits for ever on a server that speaks another language, the dashboard's for example.
    """
    dask: Any = import_module("distributed")

    async def ask() -> None:
        security = dask.Security().get_connection_args("client")
        there = dask.core.rpc(scheduler, timeout=ANSWER, connection_args=security)
        try:
            kind = (await there.identity()).get("type")
        finally:
            await there.close_rpc()
        if kind != "Scheduler":
            raise ValueError(f"there is a {kind}")

    found = SimpleQueue[Exception | None]()

    def in_a_loop_of_its_own() -> None:
        try:
            asyncio.run(asyncio.wait_for(ask(), ANSWER))
            found.put(None)
        except Exception as error:  # whatever a server that is not Dask's makes of it
            found.put(error)

    with _quiet():
        threading.Thread(target=in_a_loop_of_its_own, daemon=True).start()
        with suppress(Empty):
            return found.get(timeout=ANSWER + 2)
    return TimeoutError()


def _first_task(client: Any, scheduler: str, patience: float, warn: Callable[[str], None]) -> None:
    """See that a worker can do our work. A task finds another worker when its own is lost; a broadcast would fail."""
    task = client.submit(environment, pure=False)
    try:
        warn_of_other(task.result(timeout=patience), warn)
    except TimeoutError:
        raise RequestError(
            f"the scheduler at {scheduler} has no workers: start some with `dask worker {scheduler} --nthreads 1`"
        ) from None
    except ImportError as error:
        raise RequestError(f"a worker of {scheduler} cannot import the package ({error}): install it there") from None
    finally:
        with suppress(Exception):
            task.cancel()


def warn_of_other(there: dict[str, Any], warn: Callable[[str], None]) -> None:
    """Say where versions that decide over the digits differ between a worker and here."""
    here, told = _versions(environment()), _versions(there)
    other = [f"{name} {told.get(name)} (here {here[name]})" for name in here if told.get(name) != here[name]]
    if other:
        warn(f"a worker has {', '.join(other)}: last digits may differ from a run on this machine")


def _versions(facts: dict[str, Any]) -> dict[str, str]:
    return {"imagination": facts["version"], **facts["packages"]}


def results(
    client: Any, work: Work, blocks: Sequence[Block], progress: Progress, warn: Callable[[str], None]
) -> Generator[tuple[Block, Performed | BlockFailed], None, None]:
    """Hand blocks to a cluster, yielding each when it is done. A block whose worker is lost runs again on another.

    Args:
        client: from :func:`connected`.
        work: the study's function.
        blocks: what is to be done.
        progress: told the weight of each finished block.
        warn: told in one line when no worker is left, or one has other versions.

    Raises:
        ClusterError: if the scheduler is lost, or a block has lost so many workers that Dask gives it up.
        RequestError: what a block's work refuses.

    Source: this book.
    """
    done, warned = SimpleQueue[Any](), set[str]()

    def warn_once(line: str) -> None:
        if line not in warned:
            warned.add(line)
            warn(line)

    futures = {client.submit(perform, work, block.argument, pure=False): block for block in blocks}
    for future in futures:
        future.add_done_callback(done.put)
    while futures:  # whoever leaves before the end closes the client, and the scheduler forgets the rest
        try:
            future = done.get(timeout=2)
        except Empty:
            if client.status != "running":
                raise ClusterError("the scheduler is lost") from None
            if client._scheduler_identity.get("n_workers") == 0:
                warn_once("no worker is left: waiting for one to come")
            continue
        block = futures.pop(future)
        performed = _outcome(future, block)
        if not isinstance(performed, BlockFailed):
            warn_of_other(performed[2], warn_once)
            progress(block.weight)
        yield block, performed


def _outcome(future: Any, block: Block) -> Performed | BlockFailed:
    from concurrent.futures import CancelledError

    from distributed import KilledWorker

    try:
        performed: Performed = future.result()
        return performed
    except BlockFailed as error:
        return error
    except RequestError:
        raise
    except CancelledError:
        raise ClusterError("the scheduler is lost") from None
    except KilledWorker:
        raise ClusterError(f"block {block.name} has lost one worker after the other") from None
    except Exception as error:  # a worker without the package, out of memory, ...: not this machine's fault
        raise ClusterError(f"block {block.name} failed on a worker ({type(error).__name__}: {error})") from None


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Dask's log off the terminal: what a user can act on is said in one line."""
    known = [name for name in logging.root.manager.loggerDict if name.split(".")[0] in _TALKATIVE]
    loggers = [logging.getLogger(name) for name in known]  # each by itself: Dask gives its own a level
    before = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)
