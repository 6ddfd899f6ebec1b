"""`make legal-requests`: random legal requests for every chapter, corners of the ranges included, run to the end.

    python tests/legal_requests.py [CHAPTER ...] [--each 40] [--resume]

A request is drawn from the chapter's parameter model, so what is legal is said in one place. None may be refused, and
none may crash: what does not hold with other numbers is shown as not holding.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import time
import warnings
from collections import defaultdict
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from math import isfinite
from multiprocessing import get_context
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt, MaxLen, MinLen
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

from imagination.book.build import share_threads
from imagination.book.paths import Book
from imagination.book.run import ChapterError, run_chapter
from imagination.errors import RequestError
from imagination.jobs.process import cores
from imagination.parameters import extra, inner, parameters_of

HUGE = 1e12  # stands in for a range without an end
NEAR = 1e-9  # how near to an open end of a range a request comes


def legal_requests(chapter: str, *, largest: float = float("inf")) -> st.SearchStrategy[dict[str, Any]]:
    """Requests that the chapter's model admits: some parameters of its own, the others at their defaults.

    Args:
        chapter: its name.
        largest: where finite, every size is drawn, at or below ``largest`` times its default (or at its smallest
            where that is more), so that no size stays at its default.
    """
    model = parameters_of(chapter)
    fields = {name: _values(field, largest) for name, field in model.model_fields.items()}
    sized = {n for n, field in model.model_fields.items() if isfinite(largest) and extra(field)["quick"] is not None}

    def admitted(request: dict[str, Any]) -> bool:
        try:
            model.request(request)
        except RequestError:  # a combination that the chapter refuses in its own words
            return False
        return True

    always, at_times = ({n: v for n, v in fields.items() if (n in sized) is wanted} for wanted in (True, False))
    return st.fixed_dictionaries(always, optional=at_times).filter(admitted)


def _values(field: Any, largest: float) -> st.SearchStrategy[Any]:
    kind, optional = inner(field.annotation)
    quick = extra(field)["quick"]
    if get_origin(kind) is Literal:
        return st.sampled_from(get_args(kind))
    if kind is str:
        return st.just(field.default)
    if get_origin(kind) is list:
        return _lists(kind, field, quick)
    default = field.default if isinstance(field.default, int | float) and quick is not None else None
    values = _numbers(kind, field.metadata, quick, None if default is None else default * largest)
    return st.one_of(st.none(), values) if optional else values


def _lists(kind: Any, field: Any, quick: float | None) -> st.SearchStrategy[list[Any]]:
    entry = get_args(kind)[0]
    number, bounds = (
        (get_args(entry)[0], entry.__metadata__[0].metadata) if get_origin(entry) is Annotated else (entry, [])
    )
    sizes = {type(m): m for m in field.metadata}
    shortest = sizes[MinLen].min_length if MinLen in sizes else 0
    longest = min(sizes[MaxLen].max_length if MaxLen in sizes else shortest + 2, shortest + 2)
    values = st.lists(_numbers(number, bounds, quick, None), min_size=shortest, max_size=longest)
    return st.one_of(values, values.map(lambda v: sorted(set(v))), values.map(lambda v: sorted(set(v), reverse=True)))


def _numbers(kind: type, metadata: Sequence[Any], quick: float | None, small: float | None) -> st.SearchStrategy[Any]:
    bounds = {type(m): m for m in metadata}
    low = bounds[Ge].ge if Ge in bounds else bounds[Gt].gt if Gt in bounds else 0
    high = bounds[Le].le if Le in bounds else bounds[Lt].lt if Lt in bounds else HUGE
    high = min(high, quick if quick is not None else high)
    if small is not None:
        high = max(low, min(high, small))
    if kind is int:
        low, high = int(low + (Gt in bounds)), int(min(high, 2**31 - 1) - (Lt in bounds))
        return st.one_of(st.just(low), st.just(high), _logarithmic(low, high).map(round), st.integers(low, high))
    low = low + NEAR * max(1.0, abs(low)) if Gt in bounds else float(low)
    high = high - NEAR * max(1.0, abs(high)) if Lt in bounds else float(high)
    return st.one_of(st.just(low), st.just(high), _logarithmic(low, high), st.floats(low, high))


def _logarithmic(low: float, high: float) -> st.SearchStrategy[float]:
    """Numbers between two positive ends, evenly on a logarithmic scale; from near 0 where the low end is 0."""
    start = max(low, min(1e-6, high)) or 1e-6
    return st.floats(0, 1).map(lambda u: min(max(low, start * (high / start) ** u), high) if high > 0 else high)


def draws(chapter: str, count: int, *, start: int = 0, largest: float = float("inf")) -> list[dict[str, Any]]:
    """Different legal requests of a chapter, the same ones at every call."""
    found: dict[str, dict[str, Any]] = {}

    @seed(start)
    @settings(
        max_examples=20 * count, database=None, deadline=None, derandomize=False, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(legal_requests(chapter, largest=largest))
    def collect(request: dict[str, Any]) -> None:
        found.setdefault(json.dumps(request, sort_keys=True), request)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        collect()
    distinct = list(found.values())
    step = max(1, len(distinct) // count)
    return distinct[::step][:count]


def outcome(chapter: str, request: dict[str, Any]) -> tuple[str, float, str]:
    """Run a request: "passed", "refused" or "crashed"; seconds; and what was said."""
    start = time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        try:
            run = run_chapter(Book(), chapter, request, Path(folder) / "run.ipynb")
            told, how = f"{sum(not row.same for row in run.rows)} differ", "passed"
        except RequestError as error:
            told, how = str(error), "refused"
        except ChapterError as error:
            told, how = str(error), "crashed"
    return how, time.perf_counter() - start, told


def main(arguments: list[str]) -> int:
    """Run them all and print the table; 1 where a request was refused or crashed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("chapters", nargs="*")
    parser.add_argument("--each", type=int, default=40, help="requests of each chapter")
    parser.add_argument("--start", type=int, default=0, help="seed of the draws")
    parser.add_argument("--largest", type=float, default=float("inf"), help="sizes at most so many times their default")
    chosen = parser.parse_args(arguments)
    chapters = chosen.chapters or [c for c in Book().chapters() if parameters_of(c).model_fields]
    table: dict[str, list[tuple[str, float]]] = defaultdict(list)
    with ProcessPoolExecutor(cores(), get_context("spawn"), share_threads, (1,)) as pool:
        wanted = [(c, r) for c in chapters for r in draws(c, chosen.each, start=chosen.start, largest=chosen.largest)]
        futures = {pool.submit(outcome, chapter, request): (chapter, request) for chapter, request in wanted}
        for number, future in enumerate(as_completed(futures), 1):
            (chapter, request), (how, took, told) = futures[future], future.result()
            table[chapter].append((how, took))
            if how != "passed":
                print(f"{chapter} {how}: {json.dumps(request)}\n  {told}", flush=True)
            elif number % 20 == 0:
                print(f"{number} of {len(futures)}", flush=True)
    print("\n| chapter | requests | refused | crashed | median s | longest s |\n|---|---|---|---|---|---|")
    for chapter in chapters:
        seconds = sorted(took for _, took in table[chapter])
        words = [how for how, _ in table[chapter]]
        tally = " | ".join(str(n) for n in (len(words), words.count("refused"), words.count("crashed")))
        print(f"| {chapter} | {tally} | {seconds[len(seconds) // 2]:.1f} | {seconds[-1]:.1f} |")
    wrong = sum(how != "passed" for rows in table.values() for how, _ in rows)
    print(f"{sum(map(len, table.values())) - wrong} passed, {wrong} failed")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
