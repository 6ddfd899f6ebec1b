"""Run a chapter's own chain of proof steps, as it stands or with one expression exchanged."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import jupytext
import sympy as sp

from imagination.book.paths import Book
from imagination.proof import Proof


def proof_cells(chapter: str) -> list[str]:
    """The code cells tagged ``proof``: what is tested is what the reader sees."""
    cells = jupytext.read(Book().source(chapter)).cells
    return [c.source for c in cells if c.cell_type == "code" and "proof" in c.metadata.get("tags", ())]


def run_chain(chapter: str, old: str | None = None, new: str = "") -> dict[str, Any]:
    """Run the chain, with ``old`` exchanged for ``new`` in the one cell that contains it; return its names."""
    cells, names = proof_cells(chapter), {"sp": sp, "Proof": Proof, "replace": replace}
    if old is not None:
        holders = [i for i, source in enumerate(cells) if old in source]
        assert len(holders) == 1, f"{old!r} is in {len(holders)} cells; the chapter changed, mend this test"
        assert cells[holders[0]].count(old) == 1, f"{old!r} occurs more than once in its cell"
        cells[holders[0]] = cells[holders[0]].replace(old, new)
    for source in cells:
        exec(source, names)
    return names
