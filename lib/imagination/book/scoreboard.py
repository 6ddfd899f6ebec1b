"""The front page's tables, generated from the ledger."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from imagination.book.ledger import HELD_NOWHERE_YET, MEANING, Entry, Verdict, claims
from imagination.book.show import say, table

NOT_YET = "not yet"


def counts(entries: Sequence[Entry]) -> None:
    """Show how many claims of the paper have each verdict."""
    verdicts = {entry.id: entry.verdict for entry in entries}
    tally = Counter(verdicts.get(claim, NOT_YET) for claim in claims())
    words = [*(v.value for v in Verdict if v is not Verdict.BEYOND), NOT_YET]
    shown = [word for word in words if tally[word]]
    kernel = sum(entry.kernel is not None for entry in entries)
    own = sum(entry.verdict == Verdict.BEYOND for entry in entries)
    say(
        f"| claims of the paper | {' | '.join(shown)} |\n|---|{'---|' * len(shown)}\n"
        f"| {len(claims())} | {' | '.join(str(tally[word]) for word in shown)} |\n\n"
        f"Results of this book beyond the paper: {own}. Of all these, {kernel} are [checked by a proof kernel](formal.md), too."
    )


def of_the_paper(entries: Iterable[Entry]) -> None:
    """Show every claim of the paper: its value, ours, the verdict, and a link to the cell that decides it."""
    decided = {entry.id: entry for entry in entries}
    rows = []
    for claim in claims().values():
        entry = decided.get(claim.id)
        name, ours, verdict = (_link(entry), _ours(entry), f"**{entry.verdict}**") if entry else (claim.id, "", NOT_YET)
        verdict += _kernel(entry)
        rows.append([f"{name}: {verdict}", f"{claim.statement} ({claim.where})", claim.paper or "—", ours])
    table(["claim: verdict", "statement", "paper", "ours"], rows)


def beyond(entries: Iterable[Entry]) -> None:
    """Show the results that the paper does not have."""
    rows = [[_link(e) + _kernel(e), e.statement, _ours(e)] for e in entries if e.verdict == Verdict.BEYOND]
    table(["result", "statement", "figure"], rows) if rows else say("None yet.")


def words() -> None:
    """Show what each verdict word means."""
    rows = [[f"**{word.value}**", meaning] for word, meaning in MEANING.items() if word not in HELD_NOWHERE_YET]
    table(["verdict", "meaning"], rows)


def _link(entry: Entry) -> str:
    return f'<a href="{entry.chapter}.html#{entry.anchor}">{entry.id}</a>'


def _kernel(entry: Entry | None) -> str:
    """A link to the theorem that a proof kernel checked, where there is one."""
    if entry is None or entry.kernel is None:
        return ""
    return f', <a class="kernel" href="{entry.kernel["page"]}">checked by a kernel</a>'


def _ours(entry: Entry) -> str:
    return entry.ours if entry.uncertainty == "exact" else f"{entry.ours} ({entry.uncertainty})"
