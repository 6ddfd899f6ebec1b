"""``imagination parameters``: write the chapters' parameter cells from their checked parameters."""

from __future__ import annotations

import re
from pathlib import Path

import click

_CELL = re.compile(r'(?m)^# %% tags=\["parameters"\]\n(?:(?!# %%).*\n)*')


def rewrite(source: str, cell: str) -> str:
    """The source of a chapter with ``cell`` in place of its parameter cell; unchanged where it has none."""
    return _CELL.sub(lambda _: f'# %% tags=["parameters"]\n{cell}\n\n', source, count=1)


@click.command("parameters", short_help="Write the chapters' parameter cells from their checked parameters.")
def command() -> None:
    """Write the parameter cell of every chapter from its class in imagination.parameters, where they differ."""
    from imagination.book.paths import Book
    from imagination.files import write_whole
    from imagination.parameters import parameters_of

    book, changed = Book(), 0
    for chapter in book.chapters():
        path: Path = book.source(chapter)
        source = path.read_text("utf-8")
        new = rewrite(source, parameters_of(chapter).cell())
        if new != source:
            write_whole(path, new)
            changed += 1
    click.echo(f"{changed} parameter cell{'s' * (changed != 1)} written")
