"""Any legal request runs to the end: two small ones for each chapter here, forty in `make legal-requests`."""

from __future__ import annotations

import pytest
from legal_requests import draws, outcome

from imagination.book.paths import Book
from imagination.parameters import parameters_of

CHAPTERS = [chapter for chapter in Book().chapters() if parameters_of(chapter).model_fields]


@pytest.mark.slow
@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize("chapter", CHAPTERS)
def test_a_legal_request_runs_to_the_end(chapter: str, number: int) -> None:
    request = draws(chapter, 2, start=1, largest=0.5)[number]
    how, _, told = outcome(chapter, request)
    assert how == "passed", f"{request}: {told}"
