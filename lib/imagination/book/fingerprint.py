"""Freshness by content: a hash of everything that an executed chapter depends on.

A chapter depends on its source (parameters included), on the modules of this package that its imports reach, on the
committed files under ``book/`` that it names, and on the lock file. Time stamps say nothing after a clone.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterator
from pathlib import Path

from imagination import HOME
from imagination.book.paths import Book

PACKAGE = "imagination"


def fingerprint(book: Book, chapter: str) -> str:
    """Hash the contents of all inputs of a chapter (SHA-256, hexadecimal)."""
    digest = hashlib.sha256()
    for path in inputs(book, chapter):
        digest.update(f"{path.relative_to(book.root).as_posix()}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def inputs(book: Book, chapter: str) -> list[Path]:
    """List the files that the executed chapter depends on: source, modules reached, data files named, lock."""
    source = book.source(chapter)
    parameters = book.library / "parameters" / f"{chapter}.py"  # found by the chapter's name, not by an import
    named = [parameters] if parameters.is_file() else []
    reached = {path for file in (source, *named) for path in reached_modules(book, file)}
    return [source, *named, *sorted(reached), *_data_files(book, source), book.lock]


def reached_modules(book: Book, source: Path) -> list[Path]:
    """List the files of this package that a Python file imports, directly or through another, sorted."""
    reached: set[Path] = set()
    waiting = [source]
    while waiting:
        for module in _imports(ast.parse(waiting.pop().read_text("utf-8"))):
            for path in _files_of(book, module):
                if path not in reached:
                    reached.add(path)
                    waiting += [path] if path.suffix == ".py" else []
    return sorted(reached)


def _imports(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module
            # `from imagination import Lipschitz` reaches imagination.gap.bounds: the package loads its names lazily.
            lazy = HOME if node.module == PACKAGE else {}
            yield from (f"{node.module}.{lazy.get(alias.name, alias.name)}" for alias in node.names)


def _files_of(book: Book, module: str) -> Iterator[Path]:
    """The files that importing a dotted name executes: the packages on the way, then the module."""
    first, *rest = module.split(".")
    if first != PACKAGE:
        return
    folder = book.library
    yield folder / "__init__.py"
    for name in rest:
        if (folder / f"{name}.py").is_file():
            yield folder / f"{name}.py"
            return
        folder = folder / name
        if not (folder / "__init__.py").is_file():
            return
        yield folder / "__init__.py"
        yield from sorted(folder.glob("*.yml"))


def _data_files(book: Book, source: Path) -> list[Path]:
    """The committed files directly in book/ or book/results/ whose name stands in the chapter's source."""
    candidates = [*book.results.glob("*.*"), book.ledger]
    text = source.read_text("utf-8")
    return sorted(path for path in candidates if path.is_file() and path.name in text)
