"""What several test files share."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from hypothesis import settings

from imagination.book.paths import REPOSITORY, Book

# The same examples on every run, and no clock: two slow cores must not decide what passes.
settings.register_profile("book", deadline=None, derandomize=True)
settings.load_profile("book")

MINI = Path(__file__).parent / "mini.py"


@pytest.fixture(scope="session")
def checkout() -> Book:
    """The book itself. Tests only read it."""
    return Book()


@pytest.fixture
def one_torch_thread() -> Iterator[None]:
    """PyTorch on one thread: matrices as small as a student's wait long for a second one on a busy machine."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def copy(tmp_path: Path) -> Book:
    """A small book to break: the library, the lock, the configuration, and one chapter named mini."""
    book = Book(tmp_path)
    shutil.copytree(REPOSITORY / "lib", tmp_path / "lib", ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"))
    for folder in (book.notebooks, book.results, book.book / "_static"):
        folder.mkdir(parents=True)
    for name in ("_config.yml", "requirements.lock"):
        shutil.copy(REPOSITORY / name, tmp_path / name)
    for path in (REPOSITORY / "book" / "_static").iterdir():
        shutil.copy(path, book.book / "_static")
    shutil.copy(MINI, book.source("mini"))
    (tmp_path / "_toc.yml").write_text("format: jb-book\nroot: book/mini\n")
    (book.book / "references.bib").write_text(
        "@misc{timor2026, author={Timor, Nadav}, title={Imagination}, year={2026}}\n"
    )
    return book
