"""``python -m imagination.cli.exponents_study``: train an arm of the study and write its results; stops and resumes."""

from __future__ import annotations

import sys

import click

from imagination.cli.stop import stop_on_signals
from imagination.errors import RequestError


@click.command("exponents-study")
@click.option("--arm", metavar="NAME", help="One arm only.  [default: all]")
@click.option("--teachers", type=click.IntRange(1), help="At most so many teachers.  [default: the study's]")
@click.option("--threads", type=int, help="Blocks in work at once.  [default: one for each core]")
@click.option("--scheduler", metavar="tcp://HOST:PORT", help="Dask scheduler that gets the blocks.")
def command(arm: str | None, teachers: int | None, threads: int | None, scheduler: str | None) -> None:
    """Train the study of the exponents and write book/results/exponents_*.csv, each with its provenance."""
    from imagination.book.paths import Book
    from imagination.cli.progress import StudyBar
    from imagination.errors import nearest, require
    from imagination.files import write_whole
    from imagination.jobs.runner import run_study
    from imagination.training.exponents_study import ARMS, study_of

    require(arm is None or arm in ARMS, f"--arm {arm} does not exist; {nearest(arm or '', ARMS)}")
    book = Book()
    for name in [arm] if arm else ARMS:
        rows = [row for row in ARMS[name]() if teachers is None or row.job.seed < teachers]
        folder = book.build / "exponents_study" / name
        with StudyBar("step", scaled=True) as bar:
            run_study(study_of(name, rows), folder, threads=threads, scheduler=scheduler, **bar.told)
            for kind, place in (("csv", "errors.csv"), ("json", "provenance.json")):
                write_whole(book.results / f"exponents_{name}.{kind}", (folder / place).read_bytes())
        click.echo(f"wrote exponents_{name}.csv: {len(rows)} trainings")


if __name__ == "__main__":
    stop_on_signals()
    try:
        command()
    except RequestError as error:
        click.echo(f"imagination: {error}", err=True)
        sys.exit(2)
