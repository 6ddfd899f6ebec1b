"""``imagination run --over``: the chapter over a grid of parameters."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import click


def run_over(
    chapter: str,
    given: Mapping[Any, Any],
    over: Mapping[str, Any],
    out: Path,
    *,
    scheduler: str | None = None,
    as_json: bool = False,
) -> None:
    """Run a grid with a bar, and print how the verdicts depend on the parameters; exit code 1 where a run failed."""
    from imagination.book.grid import as_text, points, run_grid
    from imagination.book.paths import Book
    from imagination.cli.progress import StudyBar

    points(chapter, given, over)  # a wrong request is refused before the bar is drawn
    with StudyBar("run") as bar:
        run = run_grid(Book(), chapter, given, over, out, scheduler=scheduler, **bar.told)
    if as_json:
        told = {
            "chapter": chapter,
            "out": str(out),
            "runs": len(run.outcomes),
            "failed": run.failed,
            "rows": run.rows(),
        }
        click.echo(json.dumps(told, indent=2, ensure_ascii=False))
    else:
        click.echo("\n".join(as_text(run)))
        click.echo(f"wrote {len(run.outcomes)} notebooks and runs.csv into {out}")
    for line in run.failed.values():
        click.echo(f"imagination: {line}", err=True)
    if run.failed:
        raise click.ClickException(
            f"{len(run.failed)} of {len(run.points)} runs failed; start again to try those again"
        )
