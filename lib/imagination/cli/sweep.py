"""``imagination sweep``: train students over a grid of sample sizes and seeds."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from imagination.errors import RequestError, shown


@click.command("sweep", short_help="Train students over a grid of sample sizes and seeds.")
@click.option("--anchors", required=True, metavar="N,N,...", help="Numbers of training tuples.")
@click.option("--seeds", required=True, type=int, help="How many teachers; both heads learn from each.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Folder of the result, new or begun.")
@click.option("--epochs", default=200, show_default=True, type=int, help="Passes over the training tuples.")
@click.option("--steps", default=None, type=int, help="Adam steps at every anchor, instead of --epochs.")
@click.option("--heads", default="dynamics,reward", show_default=True, metavar="HEAD,...", help="What is learned.")
@click.option("--policy", default="sinusoid", show_default=True, help="Reference policy that visits the states.")
@click.option("--first-seed", default=0, show_default=True, type=int, help="Seed of the first teacher.")
@click.option("--device", default="cpu", show_default=True, help="cpu or cuda.")
@click.option("--threads", default=None, type=int, help="Blocks in work at once.  [default: one for each core]")
@click.option("--scheduler", default=None, metavar="tcp://HOST:PORT", help="Dask scheduler that gets the blocks.")
def command(anchors: str, heads: str, out: Path, threads: int | None, scheduler: str | None, **settings: Any) -> None:
    """Train a student for each head, anchor and seed, and leave their errors in DIR/errors.csv.

    Killed at any moment and started again with the same arguments, the sweep continues and ends with the same table.

    \b
    imagination sweep --anchors 2000,5000 --seeds 10 --out errors
    imagination fit errors

    On a cluster, with the package installed on each machine:

    \b
    dask scheduler --host 127.0.0.1      # or the address of the network that the workers come from
    dask worker tcp://HOST:8786 --nworkers auto --nthreads 1
    imagination sweep --anchors 2000,5000 --seeds 10 --scheduler tcp://HOST:8786 --out errors
    """
    from imagination.cli.progress import StudyBar
    from imagination.training.sweep import Sweep, run_sweep

    names = tuple(part.strip() for part in heads.split(","))
    sweep = Sweep(anchors=_whole_numbers("--anchors", anchors), heads=names, **settings)
    with StudyBar("step", scaled=True) as bar:
        run = run_sweep(sweep, out, threads=threads, scheduler=scheduler, **bar.told)
    click.echo(f"{sweep.trainings} trainings {'are' if run.new else 'were already'} in {out / 'errors.csv'}")


def _whole_numbers(option: str, text: str) -> tuple[int, ...]:
    try:
        return tuple(int(part) for part in text.split(","))
    except ValueError:
        line = f"{option} {shown(text)} is not a list of whole numbers separated by commas; try 2000,5000"
        raise RequestError(line) from None
