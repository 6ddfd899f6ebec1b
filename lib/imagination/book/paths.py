"""Every folder of the book, named once."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).parents[3]
"""The checkout that this package is installed from (an editable install, as the README's commands make it)."""


@dataclass(frozen=True)
class Book:
    """The folders of one checkout; tests point it at a copy."""

    root: Path = REPOSITORY

    @property
    def notebooks(self) -> Path:
        """Sources: one jupytext file each."""
        return self.root / "notebooks"

    @property
    def library(self) -> Path:
        """The package ``imagination``."""
        return self.root / "lib" / "imagination"

    @property
    def book(self) -> Path:
        """What Sphinx reads; the executed chapters."""
        return self.root / "book"

    @property
    def results(self) -> Path:
        """Committed outcomes of runs that cost more than a minute."""
        return self.book / "results"

    @property
    def ledger(self) -> Path:
        """The verdicts, generated from the executed chapters."""
        return self.book / "claims.json"

    @property
    def checks(self) -> Path:
        """The recorded checks, generated from the executed chapters."""
        return self.book / "checks.json"

    @property
    def lock(self) -> Path:
        """The pinned versions."""
        return self.root / "requirements.lock"

    @property
    def build(self) -> Path:
        """Everything generated and not committed."""
        return self.root / "_build"

    @property
    def index_page(self) -> Path:
        """The page to open."""
        return self.build / "html" / "book" / "index.html"

    def chapters(self) -> list[str]:
        """Names of the chapters that have a source, the index last because it reads the others' verdicts."""
        names = sorted(path.stem for path in self.notebooks.glob("*.py"))
        return [name for name in names if name != "index"] + (["index"] if "index" in names else [])

    def source(self, chapter: str) -> Path:
        """The jupytext source of a chapter."""
        return self.notebooks / f"{chapter}.py"

    def executed(self, chapter: str) -> Path:
        """The committed, executed notebook of a chapter."""
        return self.book / f"{chapter}.ipynb"
