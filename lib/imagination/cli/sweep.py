"""``imagination sweep``: train students over a grid of sample sizes and seeds."""

from __future__ import annotations

import sys
from pathlib import Path

import click

__all__ = ["command"]


class WordList(click.ParamType):
    """Words, or whole numbers, separated by commas."""

    def __init__(self, kind: type, name: str):
        self.kind, self.name = kind, name

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> tuple:
        """Split and convert."""
        if isinstance(value, tuple):
            return value
        try:
            return tuple(self.kind(part.strip()) for part in str(value).split(","))
        except ValueError:
            self.fail(f"{value!r} is not a list of whole numbers separated by commas; try 2000,5000", param, ctx)


@click.command("sweep", short_help="Train students over a grid of sample sizes and seeds.")
@click.option("--anchors", required=True, type=WordList(int, "N,N,..."), help="Numbers of training tuples.")
@click.option("--seeds", required=True, type=int, help="How many teachers; both heads learn from each.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder of the result, new or begun.")
@click.option("--epochs", default=200, show_default=True, type=int, help="Passes over the training tuples.")
@click.option("--steps", default=None, type=int, help="Adam steps at every anchor, instead of --epochs.")
@click.option(
    "--heads", default="dynamics,reward", show_default=True, type=WordList(str, "HEAD,..."), help="What is learned."
)
@click.option("--policy", default="sinusoid", show_default=True, help="Reference policy that visits the states.")
@click.option("--first-seed", default=0, show_default=True, type=int, help="Seed of the first teacher.")
@click.option("--device", default="cpu", show_default=True, help="cpu or cuda.")
@click.option("--threads", default=None, type=int, help="Blocks in work at once.  [default: one for each core]")
@click.option("--scheduler", default=None, metavar="tcp://HOST:PORT", help="Dask scheduler that gets the blocks.")
def command(out: Path, threads: int | None, scheduler: str | None, **settings: object) -> None:
    """Train a student for each head, anchor and seed, and leave their errors in DIR/errors.csv.

    Killed at any moment and started again with the same arguments, the sweep continues and ends with the same table.

    \b
    imagination sweep --anchors 2000,5000 --seeds 10 --out errors
    imagination fit errors

    On a cluster, with the package installed on each machine:

    \b
    dask scheduler
    dask worker tcp://HOST:8786 --nworkers auto --nthreads 1
    imagination sweep --anchors 2000,5000 --seeds 10 --scheduler tcp://HOST:8786 --out errors
    """
    import threading

    from tqdm import tqdm

    from imagination.training.cluster import ClusterError
    from imagination.training.jobs import StorageError
    from imagination.training.sweep import Sweep, run_sweep

    sweep, lock = Sweep(**settings), threading.Lock()
    interval = 0.2 if sys.stderr.isatty() else 30  # seconds
    bar = tqdm(
        unit="step",
        unit_scale=True,
        dynamic_ncols=True,
        mininterval=interval,
        smoothing=interval / 120,  # the remaining time follows the pace of the last two minutes
        delay=0.01,  # nothing is shown of a request that is refused
    )

    def begin(done: int, total: int) -> None:
        bar.total, bar.initial = total, done
        bar.n = bar.last_print_n = done
        bar.unpause()

    def progress(steps: int) -> None:
        with lock:
            bar.update(steps)

    try:
        with bar:
            new = run_sweep(
                sweep,
                out,
                threads=threads,
                scheduler=scheduler,
                begin=begin,
                progress=progress,
                warn=lambda line: bar.write(f"imagination: {line}", file=sys.stderr),
            )
    except (StorageError, ClusterError) as error:
        raise click.ClickException(str(error)) from None
    click.echo(f"{sweep.trainings} trainings {'are' if new else 'were already'} in {out / 'errors.csv'}")
