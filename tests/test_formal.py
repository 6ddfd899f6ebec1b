"""The formal statements: record against files always, the kernel where it is installed."""

import json
import os
import shutil
import subprocess
import sys

import pytest

from imagination.book import formal
from imagination.book.formal_build import Kernel, broken_statements, build, refused
from imagination.book.formal_goals import parse_goal
from imagination.book.formal_pages import pieces, stale_pages
from imagination.book.paths import Book
from imagination.errors import RequestError

BOOK = Book()
needs_coq = pytest.mark.skipif(
    shutil.which("coqc") is None, reason="coqc is not installed: apt-get install coq libcoq-coquelicot"
)


@pytest.fixture
def copy(tmp_path):
    """A checkout that has the Coq files, the record, the pages and the ledger, to be broken."""
    for part in ("lib/formal", "book/formal"):
        shutil.copytree(BOOK.root / part, tmp_path / part, ignore=shutil.ignore_patterns("*.vo*", "*.glob", ".*"))
    (tmp_path / "book/results").mkdir()
    shutil.copy(formal.record_path(BOOK), tmp_path / "book/results")
    for name in ("formal.md", "claims.json"):
        shutil.copy(BOOK.book / name, tmp_path / "book" / name)
    return Book(tmp_path)


def edit(path, old, new):
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")


def edit_record(book, change):
    record = json.loads(formal.record_path(book).read_text(encoding="utf-8"))
    change(record)
    formal.record_path(book).write_text(json.dumps(record), encoding="utf-8")


def test_the_record_is_about_these_files():
    assert formal.problems(BOOK) == []


def test_the_pages_are_what_files_and_record_give():
    assert stale_pages(BOOK) == []


def test_a_change_of_one_hypothesis_is_noticed(copy):
    assert formal.problems(copy) == []
    edit(formal.folder(copy) / "SimulationLemma.v", "0 <= L_r -> ", "")
    wrong = formal.problems(copy)
    assert any("SimulationLemma.v is not the file" in line for line in wrong)
    assert any(line.startswith("Lemma_1 in the record") for line in wrong)
    stale = [line.split()[0] for line in stale_pages(copy)]
    assert stale == ["book/formal/simulation_lemma.md", "book/formal/simulation_lemma.md.cache.xz"]


def test_a_gap_in_a_proof_is_noticed_even_with_a_fresh_record(copy):
    path = formal.folder(copy) / "Sums.v"
    edit(path, "Qed.", "Admitted.")
    edit_record(copy, lambda r: r["files"][0].update(sha256=formal.sha256(path.read_text(encoding="utf-8"))))
    assert formal.problems(copy) == ["lib/formal/Sums.v contains Admitted"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda r: r["statements"][0]["assumptions"].append("Cheat.all"), "assumes Cheat.all"),
        (lambda r: r.update(coqchk=False), "coqchk"),
        (lambda r: r["broken"][0].update(refused=False), "was not refused"),
        (lambda r: r.update(broken=r["broken"][:39]), "fewer than 40"),
        (lambda r: r["statements"][0].update(line=1), "in the record is not"),
        (lambda r: r["files"].append({"file": "Ghost.v", "sha256": ""}), "Ghost.v"),
    ],
)
def test_each_flaw_of_the_record_is_said(copy, change, said):
    edit_record(copy, change)
    (line,) = formal.problems(copy)
    assert said in line


def test_a_statement_of_no_claim_is_said(copy):
    edit(copy.ledger, '"lemma-1"', '"lemma-none"')
    assert all("lemma-1, which is no claim" in line for line in formal.problems(copy))
    assert formal.problems(copy)


def test_a_statement_without_a_proof_is_refused(copy):
    edit(formal.folder(copy) / "SimulationLemma.v", "Theorem lemma_1 : Lemma_1.", "Lemma lemma_1 : Lemma_1.")
    with pytest.raises(RequestError, match="Lemma_1 has no proof"):
        formal.statements(copy)


def test_every_claim_of_the_issue_has_a_twin():
    twins = formal.twins(BOOK)
    proved = {
        "lemma-1",
        "corollary-1",
        "proposition-1",
        "theorem-1",
        "theorem-1-costs",
        "theorem-1-horizon",
        "theorem-2",
    }
    fidelity = {"corollary-2", "corollary-2-power", "corollary-2-bounded", "corollary-2-floor", "proposition-2"}
    beyond = {"beyond-bounded-reward", "beyond-multistep", "allocation-even-split", "biased-two-batches"}
    assert proved | fidelity | beyond <= set(twins)
    for twin in twins.values():
        assert set(twin.assumptions) <= set(formal.AXIOMS)
        page, _, anchor = twin.target.partition(".html#")
        assert f"({anchor})=" in (BOOK.book / f"{page}.md").read_text(encoding="utf-8")
        assert (BOOK.root / twin.file).is_file()


def test_no_line_of_a_file_is_lost_on_its_page():
    """Every proof and every definition of a file is in exactly one piece."""
    found = formal.statements(BOOK)
    for file in formal.order(BOOK):
        source = (formal.folder(BOOK) / file).read_text(encoding="utf-8")
        cut = pieces(source, [one for one in found if one.file == file])
        coq = [piece for piece in cut if piece.kind != "text"]
        assert sum(piece.text.count("Qed.") for piece in coq) == source.count("Qed.")
        assert all(source[piece.start :].startswith(piece.text) for piece in coq)


def test_each_broken_statement_replaces_text_that_is_there():
    variants = broken_statements(BOOK, formal.statements(BOOK))
    assert len(variants) >= formal.MIN_BROKEN
    assert len({variant.source for variant in variants}) == len(variants)


def test_a_goal_is_read():
    assert parse_goal("2 goals\n  \n  x, y : R\n  ====================\n  x < y\n\ngoal 2 is:\n y < x\n") == (
        ["x, y : R"],
        "x < y",
    )


def test_without_coq_one_line_says_what_to_install(tmp_path):
    empty = {**os.environ, "PATH": str(tmp_path)}
    command = [sys.executable, "-m", "imagination.book.formal_build"]
    done = subprocess.run(command, env=empty, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "coq and libcoq-coquelicot" in line


@needs_coq
@pytest.mark.slow
def test_the_kernel_accepts_every_file_and_refuses_a_broken_statement(tmp_path):
    kernel, rows = build(BOOK, tmp_path)
    assert isinstance(kernel, Kernel)
    recorded = {row["file"]: row["sha256"] for row in formal.read_record(BOOK)["files"]}
    assert {row["file"]: row["sha256"] for row in rows} == recorded
    variants = broken_statements(BOOK, formal.statements(BOOK))
    swapped = next(
        one for one in variants if one.because == "strict instead of weak" and one.statement.name == "Corollary_1"
    )
    assert refused(kernel, (0, swapped))
