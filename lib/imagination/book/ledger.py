"""The ledger: every claim, its verdict, and the predicate that decided it.

A verdict word is never typed. It comes out of one of the functions below, each a predicate on data in scope, and
travels from the cell that decides it, through the executed notebook, into ``book/claims.json`` and the scoreboard.

A run reports and does not judge: with parameters of a reader's own, what does not hold is shown as not holding, and the
chapter goes on to its end. That everything holds in the book as committed is what the guards demand.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml
from IPython.display import display

from imagination.book.show import markdown_table, say, table
from imagination.errors import RequestError, nearest
from imagination.files import write_whole
from imagination.proof import Proof

MIME = "application/vnd.imagination.claim+json"
CHECK_MIME = "application/vnd.imagination.check+json"


class Verdict(StrEnum):
    """The words a claim can be decided with, and no others."""

    PROVED = "proved"
    REPRODUCED = "reproduced"
    DIRECTION_ONLY = "direction only"
    NOT_REPRODUCED = "not reproduced"
    NEEDS_REPAIR = "needs repair"
    NOT_TESTABLE = "not testable"
    BEYOND = "beyond"
    UNDECIDED = "undecided"
    FAILS = "does not hold"


HELD_NOWHERE_YET = frozenset({Verdict.UNDECIDED, Verdict.FAILS})
"""Words for runs with other parameters; no committed chapter may carry them."""


MEANING = {
    Verdict.PROVED: "every step of the statement is asserted symbolically",
    Verdict.REPRODUCED: "our interval and the paper's value agree",
    Verdict.DIRECTION_ONLY: "same sign or ordering; the size depends on a choice that the paper does not publish",
    Verdict.NOT_REPRODUCED: "we measured it, and it disagrees",
    Verdict.NEEDS_REPAIR: "true after a stated change; the counterexample to the literal reading is shown",
    Verdict.NOT_TESTABLE: "the paper's value or construction is lost",
    Verdict.BEYOND: "a result of this book, not of the paper",
    Verdict.UNDECIDED: "the example that should decide it does not, with the parameters of this run",
    Verdict.FAILS: "it does not hold with the parameters of this run",
}


def proved(*proofs: Proof) -> Verdict:
    """Decide a statement: every proof has at least one step (a step exists only if sympy asserted it).

    Raises:
        RequestError: if there is no proof or one of them is empty.
    """
    if not proofs or not all(len(proof) for proof in proofs):
        raise RequestError("proved() was given no asserted step: a statement is proved by at least one; add the steps")
    return Verdict.PROVED


def agrees(*, inside: Iterable[object], direction: Iterable[object] = ()) -> Verdict:
    """Decide a measurement from predicates that were evaluated on it.

    Args:
        inside: does each of the paper's values lie in our interval? All true: *reproduced*.
        direction: does each sign or ordering agree? All true (and at least one given): *direction only*.

    Example:
        >>> agrees(inside=[0.09 <= 0.11 <= 0.13]).value, agrees(inside=[False], direction=[0.1 < 0.9]).value
        ('reproduced', 'direction only')
        >>> agrees(inside=[False]).value
        'not reproduced'
    """
    inside, direction = list(map(bool, inside)), list(map(bool, direction))
    if not inside:
        raise RequestError("agrees() was given nothing to compare; give it at least one predicate in `inside`")
    if all(inside):
        return Verdict.REPRODUCED
    return Verdict.DIRECTION_ONLY if direction and all(direction) else Verdict.NOT_REPRODUCED


def needs_repair(*, literal_fails: object, repaired: Proof | object) -> Verdict:
    """Decide a statement whose literal reading fails and whose repaired form holds.

    Args:
        literal_fails: true when the counterexample to the literal reading really is one.
        repaired: the proof of the repaired statement, or a predicate that was evaluated on it.

    Returns:
        *needs repair*; or *does not hold* where the repaired form fails, or *undecided* where the example is no
        counterexample: with parameters of a reader's own, both can happen.

    Example:
        >>> needs_repair(literal_fails=True, repaired=1 < 2).value, needs_repair(literal_fails=False, repaired=True).value
        ('needs repair', 'undecided')
    """
    if not _true(repaired):
        return Verdict.FAILS
    return Verdict.NEEDS_REPAIR if _true(literal_fails) else Verdict.UNDECIDED


def not_testable(claim_id: str, *, construction_lost: object = False) -> Verdict:
    """Decide a claim that cannot be tested: the registry holds no value of the paper, or its construction is lost."""
    if claims()[claim_id].paper is not None and not bool(construction_lost):
        raise RequestError(f"not_testable({claim_id!r}): the paper's value is known; measure it, or say what is lost")
    return Verdict.NOT_TESTABLE


@dataclass(frozen=True)
class Claim:
    """One claim of the paper, from ``claims.yml``."""

    id: str
    where: str
    chapter: str
    kind: str
    statement: str
    paper: str | None


@cache
def claims() -> Mapping[str, Claim]:
    """The paper's claims by id, in the paper's order."""
    rows = yaml.safe_load(files("imagination.book").joinpath("claims.yml").read_text("utf-8"))
    return {row["id"]: Claim(**row) for row in rows}


@dataclass(frozen=True)
class Entry:
    """One decided claim: a row of ``book/claims.json``."""

    id: str
    statement: str
    paper: str
    ours: str
    uncertainty: str
    verdict: str
    chapter: str
    anchor: str
    kernel: dict[str, str] | None = None
    """Theorem, file and page, where a proof kernel checked the statement: added to the ledger, not by the chapter."""


@dataclass(frozen=True)
class Check:
    """One recorded check: a row of ``book/checks.json``."""

    chapter: str
    statement: str
    holds: bool
    found: str

    def __bool__(self) -> bool:
        return self.holds

    def _ipython_display_(self) -> None:
        """Nothing: the ledger has shown it."""


@dataclass
class Ledger:
    """The claims that one chapter decides, and the checks that it makes on the way.

    Each method shows its outcome where it is called; the executed notebook carries it on.
    """

    chapter: str
    entries: list[Entry] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)

    def opening(self, *, covers: str, leaves_out: str, at_most_seconds: int) -> None:
        """Show the chapter's opening box: the paper's section, the claims, what is left out, the cost."""
        owed = [_to_cell(c.id, anchor_of(c.id)) for c in claims().values() if c.chapter == self.chapter]
        say(
            ":::{admonition} This chapter\n:class: note\n"
            f"**Covers** {covers}\n\n"
            f"**Decides** {', '.join(owed) or 'no claim of the paper'}\n\n"
            f"**Leaves out** {leaves_out}\n\n"
            f"**Costs** at most {at_most_seconds} s on two CPU cores, without a GPU\n"
            ":::"
        )

    def decide(self, claim_id: str, *, ours: str, uncertainty: str = "exact", verdict: Verdict) -> None:
        """Decide a claim of the paper.

        Args:
            claim_id: an id of ``claims.yml`` that belongs to this chapter.
            ours: our value, formatted from the data (Markdown).
            uncertainty: an interval, a standard error, or "exact".
            verdict: what one of the predicates above returned.

        Raises:
            RequestError: if the claim is unknown, belongs to another chapter or is decided twice, or the verdict is a
                bare word.
        """
        if claim_id not in claims():
            raise RequestError(f"claim {claim_id!r} does not exist; {nearest(claim_id, claims())}")
        claim = claims()[claim_id]
        if claim.chapter != self.chapter:
            raise RequestError(f"claim {claim_id!r} belongs to chapter {claim.chapter!r}, not to {self.chapter!r}")
        self._enter(claim_id, claim.statement, claim.paper or "—", ours, uncertainty, verdict)

    def check(self, statement: str, holds: object, *, found: str = "") -> Check:
        """Record a check: what the chapter relies on, and whether it holds with the parameters of this run.

        Args:
            statement: what is checked, a clause of Markdown without its final stop; unique in the chapter. It says the
                tolerance, and no number that differs from machine to machine.
            holds: the predicate that was evaluated; NaN and None count as false.
            found: the numbers that a reader needs where it does not hold. Not shown where it holds, so that it may
                have any number of digits.

        Returns:
            The check, which is true where it holds, and shows nothing more where a cell ends with it.

        Raises:
            RequestError: if the chapter has a check of the same words.
        """
        if any(check.statement == statement for check in self.checks):
            raise RequestError(f"the check {statement!r} is made twice in chapter {self.chapter!r}; give it words of its own")
        check = Check(self.chapter, statement, _true(holds), "" if _true(holds) else found)
        self.checks.append(check)
        if check.holds:
            line, plain = f"*Checked:* {statement}.", f"checked: {statement}"
        else:
            numbers = f": {found}" if found else ""
            line, plain = f"**Does not hold here:** {statement}{numbers}.", f"does not hold: {statement}{numbers}"
        display({"text/markdown": line, "text/plain": plain, CHECK_MIME: asdict(check)}, raw=True)
        return check

    def beyond(self, result_id: str, statement: str, *, ours: str, uncertainty: str = "exact", holds: object) -> None:
        """Enter a result of this book that the paper does not have.

        Args:
            result_id: a new id, with this chapter's subject in it.
            statement: what holds, in one line of Markdown.
            ours: the figure or the form, formatted from the data.
            uncertainty: an interval, a standard error, or "exact".
            holds: a non-empty proof, or the predicate that was evaluated; where it is false, the result is entered
                as not holding.

        Raises:
            RequestError: if the id is a claim's of the paper.
        """
        if result_id in claims():
            raise RequestError(f"{result_id!r} is a claim of the paper; decide it with decide()")
        verdict = Verdict.BEYOND if _true(holds) else Verdict.FAILS
        self._enter(result_id, statement, "—", ours, uncertainty, verdict)

    def _enter(self, id: str, statement: str, paper: str, ours: str, uncertainty: str, verdict: Verdict) -> None:
        if not isinstance(verdict, Verdict):
            raise RequestError(
                f"verdict {verdict!r} of {id!r} is not allowed: it must come from a predicate and be one of "
                f"{', '.join(v.value for v in Verdict)}"
            )
        if any(entry.id == id for entry in self.entries):
            raise RequestError(f"claim {id!r} is decided twice in chapter {self.chapter!r}; decide it once")
        anchor = anchor_of(id)
        entry = Entry(id, statement, paper, ours, uncertainty, verdict.value, self.chapter, anchor)
        self.entries.append(entry)
        record = {name: value for name, value in asdict(entry).items() if name != "kernel"}
        line = (
            f'<span id="{anchor}"></span>\n\n**{id}**: {statement}.\n\n'
            f"Ours: {ours} ({uncertainty}). Verdict: **{verdict.value}**."
        )
        display({"text/markdown": line, "text/plain": f"{id}: {verdict.value}", MIME: record}, raw=True)

    def table(self) -> None:
        """Show the table that ends the chapter: claim, paper, ours, uncertainty, verdict."""
        missing = [c.id for c in claims().values() if c.chapter == self.chapter and c.id not in self._ids()]
        if missing:
            raise RequestError(f"chapter {self.chapter!r} ends without a verdict on {', '.join(missing)}; decide it")
        if self.entries:
            rows = [[_to_cell(e.id, e.anchor), e.paper, e.ours, e.uncertainty, e.verdict] for e in self.entries]
            table(["claim", "paper", "ours", "uncertainty", "verdict"], rows)
        else:
            say("This chapter decides no claim of the paper.")
        if self.checks:
            fail = [check.statement for check in self.checks if not check.holds]
            say(f"{len(self.checks)} checks were made on the way; " + (f"{len(fail)} do not hold." if fail else "all hold."))

    def _ids(self) -> set[str]:
        return {entry.id for entry in self.entries}


def anchor_of(claim_id: str) -> str:
    """The HTML id of the cell that decides a claim."""
    return f"decides-{claim_id}"


def _to_cell(text: str, anchor: str) -> str:
    return f'<a href="#{anchor}">{text}</a>'


def _true(held: object) -> bool:
    """Whether a predicate held: a proof with a step, or a truth value; NaN, None and an empty proof are no."""
    if isinstance(held, Proof):
        return len(held) > 0
    return bool(held) and bool(held == held)


def collect(notebooks: Iterable[Any]) -> list[Entry]:
    """Gather the decided claims from executed notebooks (nbformat objects), in their order.

    Raises:
        RequestError: if a verdict is outside the list, or a claim was decided in two places.
    """
    found: dict[str, Entry] = {}
    for record in _records(notebooks, MIME):
        entry = Entry(**record)
        if entry.verdict not in set(Verdict):
            raise RequestError(f"claim {entry.id!r} has the verdict {entry.verdict!r}, which is not in the list")
        if entry.id in found:
            raise RequestError(f"claim {entry.id!r} is decided in {found[entry.id].chapter} and {entry.chapter}")
        found[entry.id] = entry
    return list(found.values())


def collect_checks(notebooks: Iterable[Any]) -> list[Check]:
    """Gather the recorded checks from executed notebooks (nbformat objects), in their order."""
    return [Check(**record) for record in _records(notebooks, CHECK_MIME)]


def _records(notebooks: Iterable[Any], mime: str) -> Iterator[dict[str, Any]]:
    for notebook in notebooks:
        for cell in notebook.cells:
            for output in cell.get("outputs", ()):
                if mime in output.get("data", {}):
                    yield output["data"][mime]


def write(rows: Iterable[Entry | Check], path: Path) -> None:
    """Write ``claims.json`` or ``checks.json``, where it differs from what is there."""
    text = json.dumps([asdict(row) for row in rows], indent=1, ensure_ascii=False) + "\n"
    if not path.is_file() or path.read_bytes() != text.encode():
        write_whole(path, text)


def read(path: Path) -> list[Entry]:
    """Read ``claims.json``.

    Raises:
        ValueError: if the file is damaged.
    """
    try:
        return [Entry(**row) for row in json.loads(path.read_text("utf-8"))]
    except (TypeError, ValueError) as error:
        raise ValueError(f"{path.name} is damaged: {error}") from None
