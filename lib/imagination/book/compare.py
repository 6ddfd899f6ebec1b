"""A run beside the book: which claims and checks came out otherwise with other parameters."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import nbformat

from imagination.book.ledger import collect, collect_checks
from imagination.book.show import markdown_table

HOLDS, FAILS, ABSENT = "holds", "does not hold", "absent"


@dataclass(frozen=True)
class Row:
    """One claim, result or check of a chapter: its outcome in a run and in the book."""

    kind: str
    id: str
    here: str
    book: str
    ours: str

    @property
    def same(self) -> bool:
        """Whether the run agrees with the book."""
        return self.here == self.book


def compare(run: nbformat.NotebookNode, reference: nbformat.NotebookNode) -> list[Row]:
    """Set the recorded outcomes of two executions of one chapter side by side, in the order of the run.

    What only one of them has is *absent* in the other.
    """
    here, book = _outcomes(run), _outcomes(reference)
    absent = (ABSENT, "")
    rows = []
    for key in [*here, *(key for key in book if key not in here)]:
        (outcome, ours), (expected, _) = here.get(key, absent), book.get(key, absent)
        rows.append(Row(*key, here=outcome, book=expected, ours=ours))
    return rows


def _outcomes(notebook: nbformat.NotebookNode) -> dict[tuple[str, str], tuple[str, str]]:
    claims = {("claim", e.id): (str(e.verdict), e.ours) for e in collect([notebook])}
    checks = {("check", c.statement): (HOLDS if c.holds else FAILS, c.found) for c in collect_checks([notebook])}
    return claims | checks


def as_text(rows: Iterable[Row]) -> list[str]:
    """What the command prints: a line for each outcome that differs, or one line that says that none does."""
    rows = list(rows)
    differ = [row for row in rows if not row.same]
    if not differ:
        return [f"all {len(rows)} as in the book"]
    lines = [f"{row.kind} {row.id}: here {row.here}, in the book {row.book}{_found(row)}" for row in differ]
    return [*lines, f"the other {len(rows) - len(differ)} of {len(rows)} as in the book"]


def _found(row: Row) -> str:
    return f" ({row.ours})" if row.ours else ""


def with_comparison(notebook: nbformat.NotebookNode, rows: Iterable[Row]) -> nbformat.NotebookNode:
    """Let a notebook end with the comparison, as a cell of Markdown."""
    rows = list(rows)
    differ = [[row.id, row.here, row.book, row.ours] for row in rows if not row.same]
    text = "\n\n".join(as_text(rows)) if not differ else (
        f"{markdown_table(['claim or check', 'here', 'in the book', 'figure here'], differ)}\n\n{as_text(rows)[-1]}"
    )  # fmt: skip
    cell: Any = nbformat.v4.new_markdown_cell(f"## Compared with the book\n\n{text}", id="compared")
    notebook.cells.append(cell)
    return notebook
