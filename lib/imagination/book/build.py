"""Build the book: execute what is stale, gather the ledger, make clean pages."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import replace
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from imagination.book import formal, ledger
from imagination.book.fingerprint import fingerprint
from imagination.book.paths import Book
from imagination.book.run import build_chapter, read, stored_fingerprint
from imagination.files import write_whole
from imagination.jobs.process import CORES, THREADS, cores

STAMP = "pages.sha256"
TIMINGS = "timings.json"


class PagesError(RuntimeError):
    """Sphinx refused the pages; its warnings have been printed."""


def stale_chapters(book: Book) -> list[str]:
    """List the chapters whose executed notebook does not match its inputs."""
    return [chapter for chapter in book.chapters() if stored_fingerprint(book, chapter) != fingerprint(book, chapter)]


def damaged(book: Book) -> list[str]:
    """Name the generated files that are there and can't be read; the build makes each of them again."""
    notebooks = [book.executed(chapter) for chapter in book.chapters() if read(book, chapter) is None]
    records = [path for path in (book.ledger, book.checks, book.build / TIMINGS) if _json(path) is None]
    return [path.relative_to(book.root).as_posix() for path in [*notebooks, *records] if path.exists()]


def execute_stale(
    book: Book, only: Sequence[str] = (), *, force: bool = False, tell: Callable[[str], None] = print
) -> int:
    """Execute the chapters that are stale, side by side on the cores there are, and refresh the ledger.

    Args:
        book: the checkout.
        only: these chapters; all where empty.
        force: execute them although they are fresh.
        tell: receives one line a chapter.

    Returns:
        How many chapters were executed.

    Raises:
        imagination.book.run.ChapterError: if a cell raises; the chapters at work are finished, no other is begun.
    """
    for name in damaged(book):
        tell(f"{name} is damaged; it is made again")
    chosen = [chapter for chapter in book.chapters() if not only or chapter in only]
    stale = [c for c in chosen if force or stored_fingerprint(book, c) != fingerprint(book, c)]
    executed = _side_by_side(book, [chapter for chapter in stale if chapter != "index"], tell)
    write_ledger(book)
    # The index reads the verdicts of all the others, so that only now is it known whether it is stale.
    if "index" in chosen and (force or stored_fingerprint(book, "index") != fingerprint(book, "index")):
        executed += _side_by_side(book, ["index"], tell)
        write_ledger(book)
    return executed


def _side_by_side(book: Book, chapters: Sequence[str], tell: Callable[[str], None]) -> int:
    """Execute chapters, the longest first, each in a process with its share of the threads."""
    if not chapters:
        return 0
    noted = _json(book.build / TIMINGS) or {}
    longest_first = sorted(chapters, key=lambda c: (-noted.get(c, 1e9), -book.source(c).stat().st_size))
    workers = min(cores(), len(chapters))
    pool = ProcessPoolExecutor(workers, get_context("spawn"), share_threads, (max(1, cores() // workers),))
    with pool:
        futures = {pool.submit(_timed_chapter, book, chapter): chapter for chapter in longest_first}
        try:
            for number, future in enumerate(as_completed(futures), 1):
                chapter, took = futures[future], future.result()
                _note_seconds(book, chapter, took)
                tell(f"[{number}/{len(chapters)}] {chapter} {took:.1f} s")
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return len(chapters)


def share_threads(threads: int) -> None:
    # The kernel that papermill starts inherits the environment of its worker; a reader's own setting goes before ours.
    for name in THREADS:
        os.environ.setdefault(name, str(threads))
    os.environ[CORES] = str(threads)


def _timed_chapter(book: Book, chapter: str) -> float:
    start = time.perf_counter()
    build_chapter(book, chapter)
    return time.perf_counter() - start


def write_ledger(book: Book) -> None:
    """Gather verdicts and checks of the executed chapters into ``claims.json`` and ``checks.json``, where they changed."""
    notebooks = [notebook for chapter in book.chapters() if (notebook := read(book, chapter)) is not None]
    order = {claim: number for number, claim in enumerate(ledger.claims())}
    entries = sorted(ledger.collect(notebooks), key=lambda entry: order.get(entry.id, len(order)))
    ledger.write(with_kernel(book, entries), book.ledger)
    ledger.write(ledger.collect_checks(notebooks), book.checks)


def with_kernel(book: Book, entries: Iterable[ledger.Entry]) -> list[ledger.Entry]:
    """Say of each entry whether a proof kernel checked its statement, by the committed record."""
    twins = formal.twins(book) if formal.record_path(book).is_file() else {}
    found = {claim: {"theorem": t.theorem, "file": t.file, "page": t.target} for claim, t in twins.items()}
    return [replace(entry, kernel=found.get(entry.id)) for entry in entries]


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
    command = [str(tool), "build", str(book.root), "-n", "-W", "--keep-going", "-q"]
    environment = os.environ | {"NO_COLOR": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    if done.returncode:
        lines = (done.stdout + done.stderr).splitlines()
        warnings = [line for line in lines if "WARNING" in line or "ERROR" in line]
        raise PagesError("the pages have warnings; mend them:\n" + "\n".join(warnings or lines))
    write_whole(stamp, inputs)
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
    noted = _json(book.build / TIMINGS) or {}
    write_whole(book.build / TIMINGS, json.dumps(noted | {chapter: round(seconds, 1)}, indent=1, sort_keys=True) + "\n")


def _json(path: Path) -> Any:
    """What a generated JSON file holds; None where it is absent or damaged."""
    try:
        return json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        return None
