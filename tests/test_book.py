"""The committed book is fresh, executed, clean and complete; the guards that nbval needs beside it."""

from __future__ import annotations

from imagination.book import ledger
from imagination.book.build import stale_chapters
from imagination.book.fingerprint import reached_modules
from imagination.book.guards import problems
from imagination.book.paths import Book


def test_the_guards_find_nothing(checkout: Book) -> None:
    found = problems(checkout)
    assert found == [], "\n".join(found)


def test_the_ledger_holds_the_contract(checkout: Book) -> None:
    entries = ledger.read(checkout.ledger)
    assert entries
    assert {entry.verdict for entry in entries} <= {word.value for word in ledger.Verdict}
    for entry in entries:
        assert entry.chapter in checkout.chapters()
        assert entry.anchor == f"decides-{entry.id}"


def test_the_mathematics_knows_nothing_of_the_book(checkout: Book) -> None:
    """No module outside book/, cli/ and parameters/ imports the machinery, plots or prints."""
    rooms = [p for p in checkout.library.rglob("*.py") if p.parent.name not in {"book", "cli", "parameters"}]
    assert len(rooms) > 20
    for path in rooms:
        text = path.read_text("utf-8")
        assert "imagination.book" not in text, path.name
        assert "matplotlib" not in text, path.name


def test_a_lazy_name_reaches_its_module(copy: Book) -> None:
    source = copy.notebooks / "lazy.py"
    source.write_text("from imagination import RequestError\n")
    assert [path.name for path in reached_modules(copy, source)] == ["__init__.py", "errors.py"]


def test_an_edit_makes_stale_what_reaches_it_and_nothing_else(copy: Book, checkout: Book) -> None:
    """Of the real chapters, a change in one module concerns exactly those whose imports reach it."""
    for chapter in checkout.chapters():
        copy.source(chapter).write_text(checkout.source(chapter).read_text("utf-8"))
    reach = {c: {p.name for p in reached_modules(copy, copy.source(c))} for c in copy.chapters()}
    assert all("ledger.py" in modules for chapter, modules in reach.items() if chapter != "mini")
    assert "ledger.py" not in reach["mini"]
    assert stale_chapters(copy) == copy.chapters()  # none is executed in the copy
