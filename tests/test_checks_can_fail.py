"""Each check of the pipeline is shown to fail: the pipeline runs on copies that are broken on purpose.

A check that cannot fail says nothing. Every test breaks one thing, sees the check that guards it turn red, and reads
the message that a person would get.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace as replace_fields
from pathlib import Path

import nbformat
import pytest
import sympy as sp

from imagination.book import formal, ledger
from imagination.book.build import PagesError, build_pages, stale_chapters
from imagination.book.guards import problems
from imagination.book.ledger import MIME, Entry, Ledger, Verdict
from imagination.book.paths import Book
from imagination.book.run import ChapterError, build_chapter
from imagination.errors import RequestError
from imagination.proof import Proof, ProofError


@pytest.fixture
def built(copy: Book) -> Book:
    """The small book with its chapter executed."""
    build_chapter(copy, "mini")
    return copy


def edit(book: Book, change: Callable[[nbformat.NotebookNode], None]) -> None:
    path = book.executed("mini")
    notebook = nbformat.read(path, as_version=4)
    change(notebook)
    nbformat.write(notebook, path)


def last_code_cell(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    return [cell for cell in notebook.cells if cell.cell_type == "code"][-1]


def replace(path: Path, old: str, new: str) -> None:
    text = path.read_text("utf-8")
    assert old in text
    path.write_text(text.replace(old, new), "utf-8")


def nbval(book: Book) -> tuple[int, str]:
    """Run nbval over the copy, with the copy's own library."""
    command = [sys.executable, "-m", "pytest", "-q", "--nbval", "--nbval-current-env", "-p", "no:cacheprovider",
               "-c", os.devnull, "--rootdir", str(book.root), "-W", "error", str(book.book)]  # fmt: skip
    environment = os.environ | {"PYTHONPATH": str(book.root / "lib")}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=book.root, check=False)
    return done.returncode, done.stdout + done.stderr


def guard(book: Book, pattern: str) -> None:
    """Expect one of the guards' lines to match."""
    lines = [line for line in problems(book) if "mini" in line]
    assert any(re.search(pattern, line) for line in lines), lines


def test_nothing_is_red_before_anything_is_broken(built: Book) -> None:
    code, report = nbval(built)
    assert code == 0, report
    build_pages(built)
    left = [line for line in problems(built) if "mini" in line and "imagination.parameters" not in line]
    assert left == []


@pytest.mark.parametrize(
    ("kind", "old", "new"),
    [("text", "sum 2.000", "sum 2.001"), ("text/latex", "= 2$", "= 3$"), ("text/html", "2.000", "2.010")],
)
def test_a_changed_digit_in_a_stored_output(built: Book, kind: str, old: str, new: str) -> None:
    def change(notebook: nbformat.NotebookNode) -> None:
        hits = 0
        for cell in notebook.cells:
            for output in cell.get("outputs", ()):
                holder = output if kind == "text" else output.get("data", {})
                if old in holder.get(kind, ""):
                    holder[kind] = holder[kind].replace(old, new)
                    hits += 1
        assert hits == 1

    edit(built, change)
    code, report = nbval(built)
    assert code == 1
    assert "Cell outputs differ" in report
    assert new in report


FIGURE = """

# %%
import matplotlib.pyplot as plt
import numpy as np

from imagination.book.figures import panels, use_style

use_style()
figure, axis = panels()
axis.plot(np.arange(30), np.sqrt(np.arange(30)), label="root")
axis.legend()
plt.show()
"""


def test_a_changed_curve_in_a_figure(copy: Book) -> None:
    """nbval leaves pictures out; the fingerprint beside each is what it compares."""
    source = copy.source("mini")
    source.write_text(source.read_text("utf-8") + FIGURE, "utf-8")
    build_chapter(copy, "mini")

    def exchange(old: str, new: str) -> Callable[[nbformat.NotebookNode], None]:
        def change(notebook: nbformat.NotebookNode) -> None:
            cell = next(cell for cell in notebook.cells if "axis.plot" in cell.source)
            assert old in cell.source
            cell.source = cell.source.replace(old, new)

        return change

    edit(copy, exchange("use_style()\n", "use_style()\nplt.rcParams['font.family'] = 'DejaVu Serif'\n"))
    code, report = nbval(copy)
    assert code == 0, report
    edit(copy, exchange("np.sqrt(", "1.02 * np.sqrt("))
    code, report = nbval(copy)
    assert code == 1
    assert "line 'root'" in report


def test_an_unexecuted_notebook(built: Book) -> None:
    def change(notebook: nbformat.NotebookNode) -> None:
        for cell in notebook.cells:
            if cell.cell_type == "code":
                cell.outputs, cell.execution_count = [], None

    edit(built, change)
    assert nbval(built)[0] == 0, "nbval is known to pass this: the guard is what catches it"
    guard(built, r"cell \d+ was never executed; run `make book`")


def test_a_chapter_edited_but_not_executed_again(built: Book) -> None:
    assert stale_chapters(built) == []
    replace(built.source("mini"), "gamma = 0.5", "gamma = 0.6")
    guard(built, r"stale, its source, library, data or lock changed.*run `make book`")


def test_a_library_function_whose_value_differs(built: Book) -> None:
    replace(built.library / "errors.py", "did you mean", "perhaps you meant")
    code, report = nbval(built)
    assert code == 1
    assert "perhaps you meant" in report
    guard(built, "stale")


def test_a_module_that_the_chapter_does_not_reach_leaves_it_fresh(built: Book) -> None:
    replace(built.library / "proof.py", "A proof as a chain", "A proof is a chain")
    assert stale_chapters(built) == []


def test_a_raising_cell(copy: Book) -> None:
    replace(copy.source("mini"), "print(nearest", "raise ValueError('broken')\nprint(nearest")
    with pytest.raises(ChapterError, match=r"chapter mini, cell \d+: ValueError: broken"):
        build_chapter(copy, "mini")
    assert not copy.executed("mini").exists()


def test_a_chapter_that_writes_to_stderr(copy: Book) -> None:
    replace(copy.source("mini"), "print(nearest", "import sys\nprint('careful', file=sys.stderr)\nprint(nearest")
    with pytest.raises(ChapterError, match=r"chapter mini, cell \d+ wrote to stderr: careful"):
        build_chapter(copy, "mini")
    assert not copy.executed("mini").exists()


@pytest.mark.parametrize(
    ("output", "pattern"),
    [
        (nbformat.v4.new_output("stream", name="stderr", text="careful"), "carries stderr: 'careful'"),
        (nbformat.v4.new_output("error", ename="ValueError", evalue="x"), "carries the error ValueError: x"),
        (nbformat.v4.new_output("stream", name="stdout", text="/home/me/x.csv"), "carries an absolute path"),
        (nbformat.v4.new_output("stream", name="stdout", text="<G at 0x7f00aa12>"), "carries an object's address"),
    ],
    ids=["stderr", "error", "path", "address"],
)
def test_a_stored_output_that_should_not_be_there(built: Book, output: nbformat.NotebookNode, pattern: str) -> None:
    edit(built, lambda notebook: last_code_cell(notebook).outputs.append(output))
    guard(built, pattern)


def test_a_fence_that_swallows_the_cells_after_it(copy: Book) -> None:
    """Jupytext reads on through a fence that never closes; the page would build green, with cells missing."""
    replace(copy.source("mini"), "# ## A section", "# ```{note}\n# ## A section")
    build_chapter(copy, "mini")
    guard(copy, "swallowed the cells after it")


@pytest.mark.parametrize(
    ("broken", "warning"),
    [
        ("{ref}`no-such-section`", "undefined label: 'no-such-section'"),
        ("{cite}`nobody1900`", 'could not find bibtex key "nobody1900"'),
        ("{numref}`fig-nowhere`", "undefined label: 'fig-nowhere'"),
        ("[there](nowhere.md)", "nowhere.md"),
    ],
    ids=["reference", "citation", "figure", "link"],
)
def test_a_broken_reference(built: Book, broken: str, warning: str) -> None:
    def change(notebook: nbformat.NotebookNode) -> None:
        notebook.cells[0].source += f"\n\n{broken}"

    edit(built, change)
    for _ in range(2):  # the second build too: a warm Sphinx build would have forgotten
        with pytest.raises(PagesError, match=re.escape(warning)):
            build_pages(built)


def test_a_claim_without_a_verdict(copy: Book, monkeypatch: pytest.MonkeyPatch) -> None:
    owed = ledger.Claim("mini-1", "§0", "mini", "statement", "one and one is two", "2")
    monkeypatch.setattr(ledger, "claims", lambda: {"mini-1": owed})
    build_chapter(copy, "mini")
    guard(copy, "claim mini-1 has no verdict; decide it in the chapter")
    with pytest.raises(RequestError, match="ends without a verdict on mini-1"):
        Ledger("mini").table()


def test_a_verdict_word_outside_the_list(built: Book) -> None:
    entry = Entry("x", "s", "p", "o", "exact", "mostly right", "mini", "decides-x").__dict__
    output = nbformat.v4.new_output("display_data", data={MIME: entry})
    edit(built, lambda notebook: last_code_cell(notebook).outputs.append(output))
    lines = problems(built)
    assert any("'mostly right', which is not in the list" in line for line in lines), lines


def test_a_verdict_that_was_typed() -> None:
    with pytest.raises(RequestError, match="must come from a predicate"):
        Ledger("simulation_lemma").decide("lemma-1", ours="x", verdict="proved")  # type: ignore[arg-type]
    assert Verdict.PROVED == "proved"


x, y = sp.symbols("x y", positive=True)
g = sp.Symbol("gamma", positive=True)


@pytest.mark.parametrize(
    ("false_step", "says"),
    [
        (lambda p: p.equal((x - y) ** 2, x**2 + 2 * x * y + y**2, because="b"), "is false.*at x = .*y = "),
        (lambda p: p.equal(sp.diff(x**3, x), 3 * x**3, because="b"), "is false.*at x = "),
        (lambda p: p.equal(sp.diff(sp.exp(g * x), x), sp.exp(g * x), because="b"), "is false.*at gamma = "),
        (lambda p: p.at_most(x, x**2, because="b"), "is false.*at x = "),
        (lambda p: p.positive(1 - g, because="b"), "is false.*at gamma = "),
        (lambda p: p.limit(g**x, x, sp.oo, 0, because="b"), "undecided, which counts as failed"),
        (lambda p: p.nonnegative(x**4 - x + 1, because="b"), "undecided, which counts as failed"),
        (lambda p: p.true(sp.Symbol("z", real=True) > 0, because="b"), "undecided, which counts as failed"),
        (lambda p: p.true(None, because="b"), "undecided, which counts as failed"),
    ],
    ids=["sign", "exponent", "factor", "some-parameters", "some-signs", "limit", "no-certificate", "relation", "none"],
)
def test_a_false_or_undecided_step(false_step: Callable[[Proof], object], says: str) -> None:
    proof = Proof("a false proof")
    with pytest.raises(ProofError, match=says):
        false_step(proof)
    assert len(proof) == 0
    with pytest.raises(RequestError, match="no asserted step"):
        ledger.proved(proof)


@pytest.mark.parametrize("word", sorted(ledger.HELD_NOWHERE_YET))
def test_a_verdict_for_runs_with_other_numbers_in_the_committed_book(built: Book, word: str) -> None:
    entry = Entry("x", "s", "—", "o", "exact", word, "mini", "decides-x").__dict__
    output = nbformat.v4.new_output("display_data", data={MIME: entry})
    edit(built, lambda notebook: last_code_cell(notebook).outputs.append(output))
    guard(built, f"x has the verdict '{word}' in the committed book; mend the chapter")


def test_a_check_that_does_not_hold_in_the_committed_book(built: Book) -> None:
    check = {"chapter": "mini", "statement": "one is two", "holds": False, "found": "one is 1"}
    output = nbformat.v4.new_output("display_data", data={ledger.CHECK_MIME: check})
    edit(built, lambda notebook: last_code_cell(notebook).outputs.append(output))
    guard(built, r"the check 'one is two' does not hold \(one is 1\); mend the chapter")


def test_a_line_of_code_that_a_page_would_cut(built: Book) -> None:
    def change(notebook: nbformat.NotebookNode) -> None:
        last_code_cell(notebook).source += "\n" + "x" * 89

    edit(built, change)
    guard(built, "has a line of 89 columns; a page shows 88")


def test_a_statement_block_that_does_not_lead_to_its_formal_twin(
    checkout: Book, monkeypatch: pytest.MonkeyPatch
) -> None:
    twins = formal.twins(checkout)
    first = twins["lemma-1"].statements
    moved = {**twins, "lemma-1": replace_fields(twins["lemma-1"], statements=first[1:])}
    monkeypatch.setattr(formal, "twins", lambda book: moved)
    lines = [line for line in problems(checkout) if line.startswith("formal: ")]
    assert any("links to formal/simulation_lemma.html#formal-lemma-1, which is no statement" in line for line in lines)
    assert any("lemma-1 was checked by a kernel, and no statement block links to" in line for line in lines)
