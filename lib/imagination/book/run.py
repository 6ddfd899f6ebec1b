"""Run one chapter: jupytext source, checked parameters, papermill, a clean notebook."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jupytext
import nbformat
import papermill
from papermill.exceptions import PapermillExecutionError

from imagination.book.compare import Row, compare, with_comparison
from imagination.book.fingerprint import fingerprint
from imagination.book.paths import Book
from imagination.errors import RequestError, nearest, require
from imagination.files import check_writable, write_whole
from imagination.parameters import parameters_of

OPENING = "open-chapter"  # tag of the cell that may refuse a request
KEY = "imagination"  # this package's key in a notebook's metadata


class ChapterError(RuntimeError):
    """A chapter raised, or wrote to stderr: a fault of the book. The message names chapter and cell."""


@dataclass(frozen=True)
class Run:
    """What a run left: the file, the parameters that were given, and the comparison with the book."""

    out: Path
    parameters: dict[str, Any]
    rows: list[Row]


def load_source(book: Book, chapter: str) -> nbformat.NotebookNode:
    """Read a chapter's source as an unexecuted notebook, with stable cell ids.

    Raises:
        RequestError: if there is no such chapter.
    """
    if chapter not in book.chapters():
        raise RequestError(f"chapter {chapter!r} does not exist; {nearest(chapter, book.chapters())}")
    notebook: nbformat.NotebookNode = jupytext.read(book.source(chapter))
    notebook.metadata = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
    for number, cell in enumerate(notebook.cells):
        cell["id"] = f"cell-{number:03d}"
    return notebook


def run_chapter(
    book: Book, chapter: str, given: Mapping[Any, Any], out: Path, *, show_progress: bool = False
) -> Run:
    """Run a chapter with parameters and write the executed notebook; nothing is written where it is refused or fails.

    Args:
        book: the checkout.
        chapter: its name.
        given: parameters that differ from the defaults. Only what the chapter's model has made of them reaches
            papermill, which writes names into code as they are.
        out: the notebook to write, ending in ``.ipynb``; its folder must exist.
        show_progress: a bar over the cells, on stderr.

    Returns:
        The comparison with the committed chapter, with which the notebook ends, too.

    Raises:
        RequestError: if chapter, parameter, value or output path is not allowed.
        ChapterError: if a cell raises.
        imagination.files.StorageError: if the notebook can't be written after all.
    """
    notebook = load_source(book, chapter)
    parameters = parameters_of(chapter).request(given)
    require(out.suffix == ".ipynb", f"--out {out} is not allowed: it must end in .ipynb")
    check_writable("--out", out, kept=book.book)
    done, rows = execute_and_compare(book, notebook, chapter, parameters, show_progress=show_progress)
    write(done, out)
    return Run(out, parameters, rows)


def execute_and_compare(
    book: Book,
    notebook: nbformat.NotebookNode,
    chapter: str,
    parameters: Mapping[str, Any],
    *,
    show_progress: bool = False,
) -> tuple[nbformat.NotebookNode, list[Row]]:
    """Execute a notebook and let it end with the comparison with the committed chapter, which is also returned.

    Raises:
        RequestError: if the cell that opens the chapter refuses the parameters.
        ChapterError: if any other cell raises.
    """
    done = execute(notebook, chapter, parameters, cwd=book.book, show_progress=show_progress)
    rows = compare(done, read(book, chapter) or nbformat.v4.new_notebook())
    return with_comparison(done, rows), rows


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
        RequestError: if the cell that opens the chapter refuses the parameters.
        ChapterError: if any other cell raises.
    """
    try:
        done = papermill.execute_notebook(
            notebook,
            None,
            parameters=dict(given),
            kernel_name="python3",
            cwd=cwd,
            progress_bar=show_progress,
            extra_arguments=["--IPKernelApp.log_level=CRITICAL"],  # its notes on transport and shutdown are no concern of a chapter
        )
    except PapermillExecutionError as error:
        if error.ename == RequestError.__name__ and OPENING in _tags(notebook, error.source):
            raise RequestError(error.evalue) from None
        raise ChapterError(
            f"chapter {chapter}, cell {error.cell_index}: {error.ename}: {error.evalue}. This is a fault of the book, not of "
            f"the request: please report chapter, cell, this line and the parameters {dict(given) or 'at their defaults'}"
        ) from None
    return _scrub(done)


def _tags(notebook: nbformat.NotebookNode, source: str) -> set[str]:
    """Tags of the cells with a source. Papermill's own index counts cells that it has put in."""
    return {tag for cell in notebook.cells if cell.source == source for tag in cell.metadata.get("tags", ())}


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
    write_whole(path, nbformat.writes(notebook) + "\n")


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


def read(book: Book, chapter: str) -> nbformat.NotebookNode | None:
    """The committed notebook of a chapter; None where there is none, or a damaged one."""
    try:
        found: nbformat.NotebookNode = nbformat.read(book.executed(chapter), as_version=4)
        return found
    except (OSError, ValueError, KeyError, AttributeError, TypeError, nbformat.ValidationError):
        return None


def stored_fingerprint(book: Book, chapter: str) -> str | None:
    """The fingerprint that the committed notebook was executed with; None where no whole notebook has one."""
    notebook = read(book, chapter)
    found = None if notebook is None else notebook.metadata.get(KEY, {}).get("fingerprint")
    return found if isinstance(found, str) else None
