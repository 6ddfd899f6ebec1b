"""Any legal request runs to the end: two small ones for each chapter here, forty in `make legal-requests`."""

from __future__ import annotations

import pytest
from legal_requests import draws
from nbformat.v4 import new_code_cell
from papermill.translators import PythonTranslator

from imagination.book.paths import Book
from imagination.book.run import ChapterError, execute, load_source
from imagination.parameters import parameters_of

CHAPTERS = [chapter for chapter in Book().chapters() if parameters_of(chapter).model_fields]


@pytest.mark.slow
@pytest.mark.parametrize("chapter", CHAPTERS)
def test_legal_requests_run_to_the_end(chapter: str) -> None:
    """One kernel runs the requests one after the other: starting it costs as much as many a chapter."""
    book, requests = Book(), draws(chapter, 2, start=1, largest=0.2)
    assert len(requests) == 2
    both = load_source(book, chapter)
    both.cells = []
    for request in requests:
        given = PythonTranslator.codify(parameters_of(chapter).request(request))
        both.cells.append(new_code_cell("%reset -f"))
        for cell in load_source(book, chapter).cells:
            both.cells.append(cell)
            if "parameters" in cell.metadata.get("tags", ()):
                both.cells.append(new_code_cell(given))
    for number, cell in enumerate(both.cells):
        cell["id"] = f"cell-{number:03d}"
    try:
        execute(both, chapter, {}, cwd=book.book)
    except ChapterError as error:
        pytest.fail(f"{requests}: {error}")
