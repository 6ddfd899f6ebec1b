"""What nbval cannot see, checked on the committed notebooks before it runs.

nbval passes an unexecuted notebook, a wrong picture and a stale source. Each guard here returns its problems as
lines that say what to do.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator

import nbformat
import papermill
import yaml

from imagination.book import formal, ledger
from imagination.book.build import stale_chapters, with_kernel
from imagination.book.paths import Book
from imagination.book.run import load_source, read
from imagination.errors import RequestError
from imagination.parameters import known_chapters, parameters_of

LONGEST_CELL = 40
LONGEST_LINE = 88  # a reader sees that many columns without scrolling
_PATH = re.compile(r"(?<![\w.~/-])(?:/(?:home|root|tmp|usr|opt|var|work|mnt|Users)/|[A-Z]:\\)[\w.-]+")
_SWALLOWED = re.compile(r"^%%", re.MULTILINE)
_KERNEL_LINK = re.compile(r'class="kernel" href="([^"]+)"')
_ADDRESS = re.compile(r"\b0x[0-9a-f]{6,}\b")


def problems(book: Book) -> list[str]:
    """List everything that is wrong with the committed notebooks, the ledger and the table of contents."""
    stale = "stale, its source, library, data or lock changed since it was executed; run `make book`"
    found = [f"{chapter}: {stale}" for chapter in stale_chapters(book)]
    for chapter in book.chapters():
        if book.executed(chapter).is_file():
            found += [f"{chapter}: {problem}" for problem in _in_notebook(book, chapter)]
    return [*found, *_contents(book), *_ledger(book), *_parameters(book), *_formal(book)]


def _in_notebook(book: Book, chapter: str) -> Iterator[str]:
    notebook = read(book, chapter)
    if notebook is None:
        yield "the executed notebook is damaged; run `make book`"
        return
    for number, cell in enumerate(notebook.cells):
        if cell.cell_type != "code":
            if _SWALLOWED.search(cell.source):
                yield f"cell {number} is text that swallowed the cells after it; look for an unclosed fence or backtick"
            continue
        if cell.source.strip() and cell.execution_count is None:
            yield f"cell {number} was never executed; run `make book`"
        if cell.source.count("\n") >= LONGEST_CELL:
            yield f"cell {number} is longer than {LONGEST_CELL} lines; split it"
        if (longest := max(map(len, cell.source.splitlines()), default=0)) > LONGEST_LINE:
            yield f"cell {number} has a line of {longest} columns; a page shows {LONGEST_LINE}"
        for output in cell.outputs:
            yield from (f"cell {number} {what}" for what in _in_output(output))


def _in_output(output: nbformat.NotebookNode) -> Iterator[str]:
    if output.output_type == "error":
        yield f"carries the error {output.ename}: {output.evalue}; mend the chapter"
    if output.get("name") == "stderr":
        yield f"carries stderr: {output.text.strip()[:100]!r}; mend what warns"
    shown = {kind: data for kind, data in output.get("data", {}).items() if kind != "image/png"}
    text = json.dumps(shown, ensure_ascii=False) + output.get("text", "")
    for pattern, name in ((_PATH, "an absolute path"), (_ADDRESS, "an object's address")):
        if match := pattern.search(text):
            yield f"carries {name}, {match.group()!r}, which differs from machine to machine; print something else"


def _contents(book: Book) -> Iterator[str]:
    """Sources, executed notebooks and the table of contents name the same chapters."""
    sources = set(book.chapters())
    executed = {path.stem for path in book.book.glob("*.ipynb")}
    toc = yaml.safe_load((book.root / "_toc.yml").read_text("utf-8"))
    listed = [toc["root"], *(chapter["file"] for part in toc.get("parts", ()) for chapter in part["chapters"])]
    names = {name.removeprefix("book/") for name in listed}
    yield from (f"{c}: has a source but no executed notebook; run `make book`" for c in sorted(sources - executed))
    yield from (f"{c}: book/{c}.ipynb has no source in notebooks/; delete it" for c in sorted(executed - sources))
    yield from (f"{c}: is missing from _toc.yml; add its line" for c in sorted(sources - names))


def _ledger(book: Book) -> Iterator[str]:
    """Every claim has one verdict from the list, from the chapter that owes it; the ledger says what they say."""
    chapters = book.chapters()
    notebooks = [notebook for chapter in chapters if (notebook := read(book, chapter)) is not None]
    try:
        entries = ledger.collect(notebooks)
    except RequestError as error:
        yield f"ledger: {error}"
        return
    decided = {entry.id for entry in entries}
    for claim in ledger.claims().values():
        if claim.chapter in chapters and claim.id not in decided:
            yield f"{claim.chapter}: claim {claim.id} has no verdict; decide it in the chapter"
    for entry in entries:
        if entry.verdict in ledger.HELD_NOWHERE_YET:
            yield f"{entry.chapter}: {entry.id} has the verdict {entry.verdict!r} in the committed book; mend the chapter"
    for check in ledger.collect_checks(notebooks):
        if not check.holds:
            yield f"{check.chapter}: the check {check.statement!r} does not hold ({check.found}); mend the chapter"
    try:
        written = ledger.read(book.ledger)
    except (OSError, ValueError):
        written = []
    if sorted(written, key=lambda e: e.id) != sorted(with_kernel(book, entries), key=lambda e: e.id):
        yield "ledger: book/claims.json differs from the executed chapters; run `make book`"


def _formal(book: Book) -> Iterator[str]:
    """The record of the proof kernel is that of the files, and the blocks of its statements link to them."""
    if not formal.record_path(book).is_file():
        return
    yield from (f"formal: {problem}" for problem in formal.problems(book))
    targets = {claim: twin.target for claim, twin in formal.twins(book).items()}
    linked = {link for c in book.chapters() for link in _KERNEL_LINK.findall(book.source(c).read_text("utf-8"))}
    yield from (f"formal: a statement block links to {link}, which is no statement" for link in sorted(linked - set(targets.values())))
    for claim in ledger.claims():
        if claim in targets and targets[claim] not in linked and ledger.claims()[claim].kind == "statement":
            yield f"formal: {claim} was checked by a kernel, and no statement block links to {targets[claim]}"


def _parameters(book: Book) -> Iterator[str]:
    """A chapter's parameters cell and its checked parameters have the same names and defaults."""
    for chapter in book.chapters():
        if chapter not in known_chapters():
            yield f"{chapter}: has no module in imagination.parameters; add one"
            continue
        found = papermill.inspect_notebook(load_source(book, chapter))
        defaults = {name: ast.literal_eval(item["default"]) for name, item in found.items()}
        fields = parameters_of(chapter).model_fields
        expected = {name: json.loads(json.dumps(field.default)) for name, field in fields.items()}
        if defaults != expected:
            yield f"{chapter}: parameters cell {defaults}, imagination.parameters {expected}; run `make parameters`"
