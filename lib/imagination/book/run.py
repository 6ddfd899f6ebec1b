"""Run one chapter: jupytext source, checked parameters, papermill, a clean notebook."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jupytext
import nbformat
import papermill
from papermill.exceptions import PapermillExecutionError

from imagination.book.fingerprint import fingerprint
from imagination.book.paths import Book
from imagination.errors import RequestError, nearest
from imagination.parameters import parameters_of

__all__ = ["ChapterError", "execute", "load_source", "run_chapter", "stored_fingerprint"]

OPENING = "open-chapter"  # tag of the cell that may refuse a request
KEY = "imagination"  # this package's key in a notebook's metadata


class ChapterError(RuntimeError):
    """A chapter raised, or wrote to stderr; the message names chapter and cell."""


def load_source(book: Book, chapter: str) -> nbformat.NotebookNode:
    """Read a chapter's source as an unexecuted notebook, with stable cell ids.

    Raises:
        RequestError: if there is no such chapter.
    """
    if chapter not in book.chapters():
        raise RequestError(f"chapter {chapter!r} does not exist; {nearest(chapter, book.chapters())}")
    notebook = jupytext.read(book.source(chapter))
    notebook.metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number:03d}"
    return notebook


def check_parameters(chapter: str, given: Mapping[str, Any]) -> None:
    """Refuse unknown names and bad values before a kernel starts; see :mod:`imagination.parameters`."""
    parameters_of(chapter).check(given)


def run_chapter(book: Book, chapter: str, given: Mapping[str, Any], out: Path, *, show_progress: bool = False) -> None:
    """Run a chapter with parameters and write the executed notebook; nothing is written where it is refused or fails.

    Args:
        book: the checkout.
        chapter: its name.
        given: parameters that differ from the defaults.
        out: the notebook to write, ending in ``.ipynb``; its folder must exist.
        show_progress: a bar over the cells, on stderr.

    Raises:
        RequestError: if chapter, parameter, value or output path is not allowed.
        ChapterError: if a cell raises.
    """
    notebook = load_source(book, chapter)
    if given:
        check_parameters(chapter, given)
    if out.suffix != ".ipynb" or not out.parent.is_dir():
        raise RequestError(f"--out {out} is not allowed: it must end in .ipynb, in a folder that exists")
    if out.resolve().parent == book.book.resolve():
        raise RequestError(f"--out {out} is not allowed: book/ holds the committed references; write elsewhere")
    write(execute(notebook, chapter, given, cwd=book.book, show_progress=show_progress), out)


def execute(
    notebook: nbformat.NotebookNode,
    chapter: str,
    given: Mapping[str, Any],
    *,
    cwd: Path,
    show_progress: bool = False,
) -> nbformat.NotebookNode:
    """Execute a notebook with papermill and strip what differs from run to run.

    Raises:
        RequestError: if the chapter's own check of its parameters refuses them.
        ChapterError: if a cell raises.
    """
    try:
        done = papermill.execute_notebook(
            notebook,
            None,
            parameters=dict(given),
            kernel_name="python3",
            cwd=cwd,
            progress_bar=show_progress,
            extra_arguments=["--IPKernelApp.log_level=ERROR"],  # its notes about transport are no concern of a chapter
        )
    except PapermillExecutionError as error:
        cell = notebook.cells[error.cell_index] if error.cell_index is not None else {}
        if error.ename == RequestError.__name__ and OPENING in cell.get("metadata", {}).get("tags", ()):
            raise RequestError(error.evalue) from None
        raise ChapterError(f"chapter {chapter}, cell {error.cell_index}: {error.ename}: {error.evalue}") from None
    return _scrub(done)


def _scrub(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Drop what papermill and the kernel leave that differs from run to run: times, paths, random ids."""
    notebook.metadata.pop("papermill", None)
    notebook.metadata.get("language_info", {}).pop("version", None)
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number:03d}"
        cell.metadata.pop("papermill", None)
        cell.metadata.pop("execution", None)
    return notebook


def write(notebook: nbformat.NotebookNode, path: Path) -> None:
    """Write a notebook whole or not at all."""
    beside = path.with_suffix(".ipynb.part")
    try:
        nbformat.write(notebook, beside)
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


def build_chapter(book: Book, chapter: str, *, show_progress: bool = False) -> None:
    """Execute a chapter at its defaults into ``book/``, with its fingerprint.

    Raises:
        ChapterError: if a cell raises or writes to stderr.
    """
    before = fingerprint(book, chapter)
    done = execute(load_source(book, chapter), chapter, {}, cwd=book.book, show_progress=show_progress)
    for number, cell in enumerate(done.cells):
        for output in cell.get("outputs", ()):
            if output.get("name") == "stderr":
                raise ChapterError(f"chapter {chapter}, cell {number} wrote to stderr: {output.text.strip()[:300]}")
    done.metadata[KEY] = {"fingerprint": before}
    write(done, book.executed(chapter))


def stored_fingerprint(book: Book, chapter: str) -> str | None:
    """The fingerprint that the committed notebook was executed with; None where there is no such notebook."""
    path = book.executed(chapter)
    if not path.is_file():
        return None
    return nbformat.read(path, as_version=4).metadata.get(KEY, {}).get("fingerprint")
