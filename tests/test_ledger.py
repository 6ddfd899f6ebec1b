"""The ledger takes verdicts from predicates only, and carries them unchanged to the scoreboard."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
import sympy as sp

from imagination.book import ledger, scoreboard
from imagination.book.ledger import Entry, Ledger, Verdict, agrees, claims, needs_repair, not_testable, proved
from imagination.book.paths import Book
from imagination.book.show import markdown_table
from imagination.errors import RequestError
from imagination.proof import Proof


@pytest.fixture
def proof() -> Proof:
    made = Proof("one step")
    made.equal(sp.Integer(2), sp.Integer(1) + 1, because="count")
    return made


def test_predicates_decide(proof: Proof) -> None:
    assert proved(proof) is Verdict.PROVED
    assert agrees(inside=[True, True]) is Verdict.REPRODUCED
    assert agrees(inside=[True, False], direction=[True]) is Verdict.DIRECTION_ONLY
    assert agrees(inside=[False], direction=[True, False]) is Verdict.NOT_REPRODUCED
    assert needs_repair(literal_fails=True, repaired=proof) is Verdict.NEEDS_REPAIR
    assert needs_repair(literal_fails=False, repaired=proof) is Verdict.UNDECIDED
    assert needs_repair(literal_fails=True, repaired=Proof("empty")) is Verdict.FAILS
    assert needs_repair(literal_fails=True, repaired=float("nan")) is Verdict.FAILS
    assert not_testable("allocation-kprime") is Verdict.NOT_TESTABLE


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: proved(), "no asserted step"),
        (lambda: proved(Proof("empty")), "no asserted step"),
        (lambda: agrees(inside=[]), "nothing to compare"),
        (lambda: not_testable("scaling-ratio"), "the paper's value is known"),
        (lambda: Ledger("mini").decide("lemma-1", ours="", verdict=Verdict.PROVED), "belongs to chapter"),
        (lambda: Ledger("mini").decide("lemma-9", ours="", verdict=Verdict.PROVED), "did you mean lemma-1"),
        (lambda: Ledger("mini").beyond("lemma-1", "", ours="", holds=True), "is a claim of the paper"),
    ],
)
def test_what_a_predicate_does_not_support_is_refused(call: object, says: str) -> None:
    with pytest.raises(RequestError, match=says):
        call()  # type: ignore[operator]


def test_a_claim_is_decided_once(proof: Proof) -> None:
    book = Ledger("simulation_lemma")
    book.decide("lemma-1", ours="x", verdict=proved(proof))
    with pytest.raises(RequestError, match="decided twice"):
        book.decide("lemma-1", ours="x", verdict=proved(proof))
    with pytest.raises(RequestError, match="ends without a verdict on corollary-1"):
        book.table()


def test_a_run_reports_what_does_not_hold() -> None:
    book = Ledger("mini")
    book.beyond("mine", "s", ours="1", holds=False)
    assert book.entries[0].verdict == Verdict.FAILS
    book.check("one is one", 1 == 1, found="not shown")
    book.check("one is two", 1 == 2, found="one is 1")
    book.check("nan is nothing", float("nan"))
    assert [(check.holds, check.found) for check in book.checks] == [(True, ""), (False, "one is 1"), (False, "")]
    with pytest.raises(RequestError, match="made twice"):
        book.check("one is one", True)


def test_the_registry_is_complete() -> None:
    assert claims()
    assert all(claim.kind in {"statement", "measurement"} for claim in claims().values())
    assert [claim.id for claim in claims().values() if claim.paper is None] == ["allocation-kprime"]


def test_the_ledger_file_round_trips(tmp_path: Path) -> None:
    entries = [Entry("lemma-1", "s", "p", "2 ≤ 3", "exact", "proved", "simulation_lemma", "decides-lemma-1")]
    ledger.write(entries, tmp_path / "claims.json")
    assert ledger.read(tmp_path / "claims.json") == entries


def test_a_claim_decided_in_two_chapters_is_seen() -> None:
    entry = Entry("lemma-1", "s", "p", "o", "exact", "proved", "simulation_lemma", "decides-lemma-1")
    cell = nbformat.v4.new_code_cell(outputs=[nbformat.v4.new_output("display_data", data={ledger.MIME: vars(entry)})])
    notebook = nbformat.v4.new_notebook(cells=[cell])
    assert ledger.collect([notebook]) == [entry]
    with pytest.raises(RequestError, match="is decided in"):
        ledger.collect([notebook, notebook])


def test_the_scoreboard_shows_every_claim(checkout: Book, capsys: pytest.CaptureFixture[str]) -> None:
    shown: list[str] = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(scoreboard, "table", lambda head, rows: shown.append(markdown_table(head, rows)))
        scoreboard.of_the_paper([])
        scoreboard.of_the_paper([Entry("lemma-1", "s", "p", "a | b", "±1", "proved", "c", "decides-lemma-1")])
    assert shown[0].count(scoreboard.NOT_YET) == len(claims())
    assert shown[1].count(scoreboard.NOT_YET) == len(claims()) - 1
    assert 'href="c.html#decides-lemma-1"' in shown[1]
    assert "a \\| b (±1)" in shown[1]
