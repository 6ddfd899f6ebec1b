"""Executed on another processor, a chapter says the same: what `make matrix` shows for all, for the cheap ones."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import nbformat
import pytest
from matrix import GENERIC
from suite import declared_seconds

from imagination.book.paths import Book
from imagination.book.run import read
from imagination.jobs.process import THREADS

CHEAP = [chapter for chapter in Book().chapters() if declared_seconds(Book(), chapter) <= 20]
EXECUTE = """
import sys, nbformat
from imagination.book.paths import Book
from imagination.book.run import execute, load_source
book = Book()
nbformat.write(execute(load_source(book, sys.argv[1]), sys.argv[1], {}, cwd=book.book), sys.argv[2])
"""


def said(notebook: nbformat.NotebookNode) -> list[Any]:
    """All outputs but the pictures' pixels, which depend on fonts; what they draw is among them, as data."""
    return [
        {kind: data for kind, data in output.get("data", {}).items() if kind != "image/png"} or output.get("text")
        for cell in notebook.cells
        for output in cell.get("outputs", ())
    ]


def test_there_are_cheap_chapters() -> None:
    assert len(CHEAP) >= 2


@pytest.mark.slow
@pytest.mark.parametrize("chapter", CHEAP)
def test_another_processor_says_the_same(chapter: str, tmp_path: Path) -> None:
    environment = os.environ | GENERIC | dict.fromkeys(THREADS, "1")
    out = tmp_path / "there.ipynb"
    subprocess.run([sys.executable, "-c", EXECUTE, chapter, str(out)], check=True, env=environment)
    committed = read(Book(), chapter)
    assert committed is not None
    assert said(nbformat.read(out, as_version=4)) == said(committed)
