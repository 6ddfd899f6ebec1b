"""``imagination run``: a chapter with parameters of your own."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
import yaml

from imagination.errors import RequestError, require, shown
from imagination.files import read_small_text


@click.command("run", short_help="Run a chapter with parameters of your own.")
@click.argument("chapter")
@click.option(
    "-p", "given", nargs=2, multiple=True, metavar="NAME VALUE", help="A parameter: 3, 1e4, '[1, 2]'; may be repeated."
)
@click.option("-f", "file", type=click.Path(path_type=Path), help="A YAML file of parameters; -p goes before it.")
@click.option(
    "--over", nargs=2, multiple=True, metavar="NAME VALUES", help="Every value of a list, '[1, 2]'; may be repeated."
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="The notebook to write; with --over, the folder.  [default: CHAPTER.run.ipynb, CHAPTER.runs]",
)
@click.option("--scheduler", metavar="tcp://HOST:PORT", help="Dask scheduler that gets the runs of --over.")
@click.option("--list", "list_only", is_flag=True, help="Print the chapter's parameters and run nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the parameters, or the comparison with the book, as JSON.")
def command(
    chapter: str,
    given: tuple[tuple[str, str], ...],
    file: Path | None,
    over: tuple[tuple[str, str], ...],
    out: Path | None,
    scheduler: str | None,
    list_only: bool,
    as_json: bool,
) -> None:
    """Run CHAPTER, write the executed notebook, and say which claims and checks came out otherwise than in the book.

    \b
    imagination run scaling_laws --list
    imagination run scaling_laws -p n_seeds 3 -p anchors "[2000, 5000]" --out mine.ipynb
    imagination run scaling_laws -f notebooks/paper_scale.yml

    With --over, run every combination on all cores, and say how each verdict depends on the parameters. Killed and
    started again, it continues; started again with more values, it runs what is new.

    \b
    imagination run notation --over gamma "[0.8, 0.9, 0.95]" --over n_systems "[100, 1000]" --out grid
    """
    from imagination.parameters import parameters_of

    if list_only:
        click.echo(_listing(parameters_of(chapter).rows(), as_json=as_json))
        return
    parameters = _file(file, chapter) | {name: yaml_value(f"parameter {name}", text) for name, text in given}
    if over or scheduler:
        from imagination.cli.over import run_over

        names = [name for name, _ in over]
        require(len(names) == len(set(names)), "--over names a parameter twice; give all its values in one list")
        values = {name: yaml_value(f"--over {name}", text) for name, text in over}
        run_over(chapter, parameters, values, out or Path(f"{chapter}.runs"), scheduler=scheduler, as_json=as_json)
        return
    parameters_of(chapter).request(parameters)  # a wrong request is refused before papermill is loaded
    _run(chapter, parameters, out or Path(f"{chapter}.run.ipynb"), as_json=as_json)


def _run(chapter: str, parameters: dict[str, Any], out: Path, *, as_json: bool) -> None:
    from imagination.book.compare import as_text
    from imagination.book.paths import Book
    from imagination.book.run import ChapterError, run_chapter
    from imagination.files import StorageError

    try:
        run = run_chapter(Book(), chapter, parameters, out, show_progress=sys.stderr.isatty())
    except (ChapterError, StorageError) as error:
        raise click.ClickException(f"{error}; nothing was written") from None
    if as_json:
        rows = [asdict(row) | {"same": row.same} for row in run.rows]
        told = {"chapter": chapter, "out": str(run.out), "parameters": run.parameters, "rows": rows}
        click.echo(json.dumps(told, indent=2, ensure_ascii=False))
        return
    click.echo("\n".join(as_text(run.rows)))
    click.echo(f"wrote {run.out}")


def _listing(rows: list[Any], *, as_json: bool) -> str:
    records = [asdict(row) for row in rows]
    if as_json:
        return json.dumps([r | {"default": json.loads(r["default"])} for r in records], indent=2, ensure_ascii=False)
    if not records:
        return "this chapter has no parameters"
    head = list(records[0])
    lines = [head, *(list(record.values()) for record in records)]
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    return "\n".join("  ".join(cell.ljust(w) for cell, w in zip(line, widths, strict=True)).rstrip() for line in lines)


def yaml_value(name: str, text: str) -> Any:
    """A YAML value with every scalar as text: the chapter's model reads numbers, and knows what it wants."""
    try:
        return yaml.load(text, Loader=yaml.BaseLoader)  # builds text, lists and mappings, and nothing else
    except (yaml.YAMLError, RecursionError, ValueError):
        raise RequestError(f"{name} = {shown(text)} is not a YAML value; try 3, 0.9, '[2000, 5000]'") from None


def _file(file: Path | None, chapter: str) -> dict[str, Any]:
    """Read a parameter file: a mapping of names to values, or one such mapping a chapter."""
    if file is None:
        return {}
    try:
        read = yaml.load(read_small_text("-f", file), Loader=yaml.BaseLoader)
    except (yaml.YAMLError, RecursionError) as error:
        raise RequestError(f"-f {file} can't be read as YAML: {error}") from None
    require(isinstance(read, dict), f"-f {file} holds no mapping of parameter names to values; try a line 'n_seeds: 3'")
    if read and all(isinstance(value, dict) for value in read.values()):
        require(
            chapter in read, f"-f {file} has no parameters of chapter {chapter!r}, only of {', '.join(map(str, read))}"
        )
        return dict(read[chapter])
    return dict(read)
