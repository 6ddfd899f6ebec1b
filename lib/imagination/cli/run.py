"""``imagination run``: a chapter with parameters of your own."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click
import yaml

from imagination.errors import RequestError

__all__ = ["command"]


@click.command("run", short_help="Run a chapter with parameters of your own.")
@click.argument("chapter")
@click.option(
    "-p", "given", nargs=2, multiple=True, metavar="NAME VALUE", help="A parameter; VALUE as in YAML: 3, '[1, 2]'."
)
@click.option("-f", "file", type=click.Path(path_type=Path), help="A YAML file of parameters; -p goes before it.")
@click.option("--out", type=click.Path(path_type=Path), help="The notebook to write.  [default: CHAPTER.run.ipynb]")
def command(chapter: str, given: tuple[tuple[str, str], ...], file: Path | None, out: Path | None) -> None:
    """Run CHAPTER and write the executed notebook.

    \b
    imagination run scaling_laws -p n_seeds 3 -p anchors "[2000, 5000]" --out mine.ipynb
    imagination run scaling_laws -f notebooks/paper_scale.yml
    """
    from imagination.book.paths import Book
    from imagination.book.run import ChapterError, run_chapter

    parameters = _file(file, chapter) | {name: _value(name, text) for name, text in given}
    out = out or Path(f"{chapter}.run.ipynb")
    try:
        run_chapter(Book(), chapter, parameters, out, show_progress=sys.stderr.isatty())
    except ChapterError as error:
        raise click.ClickException(f"{error}; nothing was written") from None
    click.echo(f"wrote {out}")


def _value(name: str, text: str) -> Any:
    try:
        return yaml.safe_load(text)
    except yaml.YAMLError:
        raise RequestError(f"parameter {name} = {text!r} is not a YAML value; try 3, 0.9, '[2000, 5000]'") from None


def _file(file: Path | None, chapter: str) -> dict[str, Any]:
    """Read a parameter file: a mapping of names to values, or one such mapping a chapter."""
    if file is None:
        return {}
    try:
        read = yaml.safe_load(file.read_text("utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise RequestError(f"-f {file} can't be read as YAML: {error}") from None
    if not isinstance(read, dict):
        raise RequestError(f"-f {file} holds no mapping of parameter names to values; try a line 'n_seeds: 3'")
    if read and all(isinstance(value, dict) for value in read.values()):
        return dict(read.get(chapter, {}))
    return read
