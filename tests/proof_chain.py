"""Run a chapter's own chain of proof steps, as it stands or with one expression exchanged."""

from __future__ import annotations

import re
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
    """Run the chain, with ``old`` exchanged for ``new`` in the one cell that contains it; return its names.

    Line breaks and blanks do not matter in ``old``: a formatter may move them.
    """
    cells, names = proof_cells(chapter), {"sp": sp, "Proof": Proof, "replace": replace}
    if old is not None:
        pattern = re.compile(r"\s*".join(map(re.escape, re.findall(r"\w+|[^\w\s]", old))))
        holders = [i for i, source in enumerate(cells) if pattern.search(source)]
        assert len(holders) == 1, f"{old!r} is in {len(holders)} cells; the chapter changed, mend this test"
        found = pattern.findall(cells[holders[0]])
        assert len(found) == 1, f"{old!r} occurs more than once in its cell"
        cells[holders[0]] = pattern.sub(lambda _: new, cells[holders[0]])
    for source in cells:
        exec(source, names)
    return names
