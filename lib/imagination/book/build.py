"""Build the book: execute what is stale, gather the ledger, make clean pages."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import nbformat

from imagination.book import ledger
from imagination.book.fingerprint import fingerprint
from imagination.book.paths import Book
from imagination.book.run import build_chapter, stored_fingerprint

__all__ = ["PagesError", "build_pages", "execute_stale", "page_inputs", "stale_chapters", "write_ledger"]

STAMP = "pages.sha256"
TIMINGS = "timings.json"


class PagesError(RuntimeError):
    """Sphinx refused the pages; its warnings have been printed."""


def stale_chapters(book: Book) -> list[str]:
    """List the chapters whose executed notebook does not match its inputs."""
    return [chapter for chapter in book.chapters() if stored_fingerprint(book, chapter) != fingerprint(book, chapter)]


def execute_stale(
    book: Book, only: Sequence[str] = (), *, force: bool = False, tell: Callable[[str], None] = print
) -> int:
    """Execute the chapters that are stale, one after the other, and refresh the ledger.

    Args:
        book: the checkout.
        only: these chapters; all where empty.
        force: execute them although they are fresh.
        tell: receives one line a chapter.

    Returns:
        How many chapters were executed.
    """
    chosen = [chapter for chapter in book.chapters() if not only or chapter in only]
    executed = 0
    for number, chapter in enumerate(chosen, 1):
        if chapter == "index":
            write_ledger(book)  # the index reads the verdicts of all the others
        if not force and stored_fingerprint(book, chapter) == fingerprint(book, chapter):
            continue
        tell(f"[{number}/{len(chosen)}] {chapter} …")
        start = time.perf_counter()
        build_chapter(book, chapter, show_progress=sys.stderr.isatty())
        seconds = time.perf_counter() - start
        _note_seconds(book, chapter, seconds)
        tell(f"[{number}/{len(chosen)}] {chapter} {seconds:.1f} s")
        executed += 1
    write_ledger(book)
    return executed


def write_ledger(book: Book) -> None:
    """Gather verdicts and checks of the executed chapters into ``claims.json`` and ``checks.json``, where they changed.

    What is there is only compared as bytes, so a damaged file is simply made anew.
    """
    notebooks = [nbformat.read(book.executed(c), as_version=4) for c in book.chapters() if book.executed(c).is_file()]
    order = {claim: number for number, claim in enumerate(ledger.claims())}
    entries = sorted(ledger.collect(notebooks), key=lambda entry: order.get(entry.id, len(order)))
    for rows, path in ((entries, book.ledger), (ledger.collect_checks(notebooks), book.checks)):
        ledger.write(rows, path)


def build_pages(book: Book) -> bool:
    """Build the HTML from nothing, warnings being errors; skipped where no input changed since the last good build.

    A warm Sphinx build forgets the warnings of pages that it does not read again, so there are only clean builds.

    Returns:
        Whether pages were built.

    Raises:
        PagesError: if Sphinx warned.
    """
    stamp, inputs = book.build / STAMP, page_inputs(book)
    if book.index_page.is_file() and stamp.is_file() and stamp.read_text() == inputs:
        return False
    stamp.unlink(missing_ok=True)
    for folder in ("html", ".doctrees"):
        shutil.rmtree(book.build / folder, ignore_errors=True)
    tool = Path(sys.executable).with_name("jupyter-book")
    command = [tool, "build", str(book.root), "-n", "-W", "--keep-going", "-q"]
    environment = os.environ | {"NO_COLOR": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        lines = (done.stdout + done.stderr).splitlines()
        warnings = [line for line in lines if "WARNING" in line or "ERROR" in line]
        raise PagesError("the pages have warnings; mend them:\n" + "\n".join(warnings or lines))
    stamp.write_text(inputs)
    return True


def page_inputs(book: Book) -> str:
    """Hash everything that Sphinx reads."""
    digest = hashlib.sha256()
    files = [book.root / "_config.yml", book.root / "_toc.yml", book.lock]
    files += sorted(path for path in book.book.rglob("*") if path.is_file() and ".ipynb_checkpoints" not in path.parts)
    for path in files:
        digest.update(f"{path.relative_to(book.root).as_posix()}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def _note_seconds(book: Book, chapter: str, seconds: float) -> None:
    book.build.mkdir(exist_ok=True)
    path = book.build / TIMINGS
    noted = json.loads(path.read_text()) if path.is_file() else {}
    path.write_text(json.dumps(noted | {chapter: round(seconds, 1)}, indent=1, sort_keys=True) + "\n")
