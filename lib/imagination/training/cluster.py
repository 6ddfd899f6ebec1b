"""The blocks of a sweep on a Dask cluster: the same function, elsewhere."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from imagination.errors import RequestError, require
from imagination.training.provenance import environment
from imagination.training.sweep import Block, Sweep, run_block

if TYPE_CHECKING:
    from distributed import Client

__all__ = ["ClusterError", "connect", "results"]


class ClusterError(Exception):
    """The cluster failed in the middle of a sweep. Finished blocks are kept."""


def connect(scheduler: str, *, patience: float = 60, warn: Callable[[str], None] = lambda line: None) -> Client:
    """Connect to a Dask scheduler and see that its workers can do the work.

    Args:
        scheduler: address, ``tcp://HOST:PORT``, as ``dask scheduler`` prints it.
        patience: seconds to wait for a first worker.
        warn: told in one line about workers whose packages have other versions than those here.

    Returns:
        A client, to be closed by the caller.

    Raises:
        RequestError: if Dask distributed is not installed, nobody answers at the address, no worker comes, or a worker
            lacks this package.

    Source: this book.
    """
    try:
        from distributed import Client
    except ImportError:
        raise RequestError("--scheduler needs Dask distributed: pip install -e '.[cluster]' in the checkout") from None
    require("://" in scheduler, f"scheduler {scheduler!r} is not an address: write tcp://HOST:PORT")
    try:
        client = Client(scheduler, timeout=5, set_as_default=False)
    except (OSError, TimeoutError, ValueError) as error:
        raise RequestError(
            f"no Dask scheduler answers at {scheduler} ({type(error).__name__}): start one with `dask scheduler`"
        ) from None
    try:
        client.wait_for_workers(1, timeout=patience)
        here = _versions()
        for worker, there in client.run(_versions).items():
            other = [f"{name} {there.get(name)} (here {here[name]})" for name in here if there.get(name) != here[name]]
            if other:
                warn(f"worker {worker} has {', '.join(other)}: last digits may differ from a run on this machine")
    except TimeoutError:
        client.close()
        raise RequestError(
            f"the scheduler at {scheduler} has no workers: start some with `dask worker {scheduler} --nthreads 1`"
        ) from None
    except ImportError as error:
        client.close()
        raise RequestError(f"a worker of {scheduler} cannot import the package ({error}): install it there") from None
    except BaseException:
        client.close()
        raise
    return client


def _versions() -> dict[str, str]:
    """Versions that decide over the digits, here or on a worker."""
    facts = environment()
    return {"imagination": facts["version"], **facts["packages"]}


def results(
    client: Client, sweep: Sweep, blocks: Sequence[Block], progress: Callable[[int], None] | None = None
) -> Iterator[tuple[Block, dict[str, Any]]]:
    """Hand blocks to a cluster, yielding each when it is done. A block whose worker is lost runs again on another.

    Args:
        client: from :func:`connect`.
        sweep: the settings.
        blocks: what is to be trained.
        progress: told the Adam steps of each finished block.

    Returns:
        An iterator over blocks and their results, in the order in which they finish.

    Raises:
        ClusterError: if the scheduler is lost, or a block has lost so many workers that Dask gives it up.
        RequestError: if a training diverged.

    Source: this book.
    """
    from concurrent.futures import CancelledError

    from distributed import KilledWorker, as_completed

    futures = {client.submit(run_block, sweep, block, pure=False): block for block in blocks}
    try:
        for future in as_completed(list(futures), loop=client.loop):
            block, result = futures.pop(future), future.result()
            if progress is not None:
                progress(sweep.steps_of(block))
            yield block, result
    except (KilledWorker, CancelledError) as error:
        raise ClusterError(
            f"the cluster failed ({type(error).__name__}); finished blocks are kept: see to it, then start again with "
            f"the same arguments"
        ) from error
    finally:
        client.cancel(list(futures))
