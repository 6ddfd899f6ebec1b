"""``python -m imagination.cli.exponents_study``: train an arm of the study and write its results; stops and resumes."""

from __future__ import annotations

import hashlib
import json
import os
import time
from itertools import groupby
from pathlib import Path
from typing import Any

import click
import pandas as pd

from imagination.book.paths import Book
from imagination.training.ensemble import cores, train_ensemble
from imagination.training.exponents_study import ARMS, Row
from imagination.training.provenance import environment, processor

__all__ = ["command", "train_arm"]


def train_arm(arm: str, rows: list[Row], shards: Path, *, threads: int | None = None) -> tuple[pd.DataFrame, float]:
    """Train an arm teacher by teacher; each teacher's shard is kept, so that an interrupted run goes on from there.

    Args:
        arm: its name, for the names of the shards.
        rows: its trainings.
        shards: a folder for the shards; a shard is known by a hash of its jobs.
        threads: of the trainer.

    Returns:
        The table ``head,variant,n,steps,seed,mse,train_mse``, and the seconds that its trainings took.
    """
    shards.mkdir(parents=True, exist_ok=True)
    table, seconds = [], 0.0
    for seed, group in groupby(rows, key=lambda row: row.job.seed):
        members = list(group)
        name = hashlib.sha256(repr(members).encode()).hexdigest()[:16]
        shard = shards / f"{arm}-{seed}-{name}.json"
        if not shard.is_file():
            start = time.perf_counter()
            outcomes = train_ensemble([row.job for row in members], threads=threads)
            earned = [
                {
                    "variant": r.variant,
                    "n": r.job.n,
                    "steps": o.steps,
                    "seed": seed,
                    "mse": o.mse,
                    "train_mse": o.train_mse,
                }
                for r, o in zip(members, outcomes, strict=True)
            ]
            _write(shard, json.dumps({"seconds": time.perf_counter() - start, "rows": earned}))
        kept = json.loads(shard.read_text())
        table += [{"head": r.job.target.value} | row for r, row in zip(members, kept["rows"], strict=True)]
        seconds += kept["seconds"]
        click.echo(f"{arm}: teacher {seed} done, {seconds:.0f} s")
    return pd.DataFrame(table), seconds


def _write(path: Path, text: str) -> None:
    beside = path.with_suffix(".tmp")
    beside.write_text(text)
    os.replace(beside, path)


def _provenance(arm: str, rows: list[Row], seconds: float, threads: int) -> dict[str, Any]:
    return {
        "command": f"python -m imagination.cli.exponents_study --arm {arm} --teachers {rows[-1].job.seed + 1}",
        "trainings": len(rows),
        "adam_steps": sum(row.job.recipe.steps_at(row.job.n) for row in rows),
        "teachers": len({row.job.seed for row in rows}),
        "device": processor(),
        "threads": threads,
        "wall_seconds": round(seconds, 1),
        **environment(),
    }


@click.command("exponents-study")
@click.option("--arm", type=click.Choice(sorted(ARMS)), help="One arm only.  [default: all]")
@click.option("--teachers", type=click.IntRange(1), help="At most so many teachers.  [default: the study's]")
@click.option("--threads", type=click.IntRange(1), help="Bundles in work at once.  [default: one for each core]")
def command(arm: str | None, teachers: int | None, threads: int | None) -> None:
    """Train the study of the exponents and write book/results/exponents_*.csv, each with its provenance."""
    book = Book()
    for name in [arm] if arm else ARMS:
        rows = [row for row in ARMS[name]() if teachers is None or row.job.seed < teachers]
        table, seconds = train_arm(name, rows, book.build / "exponents_study", threads=threads)
        csv = book.results / f"exponents_{name}.csv"
        _write(csv, table.to_csv(index=False, float_format="%.9g"))
        provenance = _provenance(name, rows, seconds, threads or cores())
        _write(csv.with_suffix(".json"), json.dumps(provenance, indent=1) + "\n")
        click.echo(f"wrote {csv.name}: {len(table)} trainings in {seconds:.0f} s")


if __name__ == "__main__":
    command()
