"""The build executes chapters side by side, mends damaged files, and stops with the chapter's own words."""

from __future__ import annotations

import json

import pytest
from suite import counts, seconds_of_chapters, too_long

from imagination.book.build import TIMINGS, damaged, execute_stale, stale_chapters, write_ledger
from imagination.book.paths import Book
from imagination.book.run import ChapterError


def test_chapters_are_executed_side_by_side_and_damage_is_mended(copy: Book) -> None:
    other = copy.source("mini").read_text("utf-8").replace("A chapter to break", "Another")
    copy.source("other").write_text(other.replace("a-section", "b-section"), "utf-8")
    told: list[str] = []
    assert execute_stale(copy, tell=told.append) == 2
    assert sorted(line.split()[1] for line in told) == ["mini", "other"]
    assert execute_stale(copy, tell=told.append) == 0
    assert set(json.loads((copy.build / TIMINGS).read_text())) == {"mini", "other"}

    whole = {path: path.read_bytes() for path in (copy.executed("mini"), copy.ledger, copy.checks)}
    for path in whole:
        path.write_bytes(path.read_bytes()[: len(whole[path]) // 2] + b"\0")
    (copy.build / TIMINGS).write_text("{")
    assert set(damaged(copy)) == {"book/mini.ipynb", "book/claims.json", "book/checks.json", f"_build/{TIMINGS}"}
    told.clear()
    assert execute_stale(copy, tell=told.append) == 1
    assert sum("is damaged; it is made again" in line for line in told) == 4
    assert {path: path.read_bytes() for path in whole} == whole
    assert damaged(copy) == []


def test_a_chapter_that_raises_stops_the_build_and_leaves_nothing(copy: Book) -> None:
    source = copy.source("mini")
    source.write_text(source.read_text("utf-8").replace("print(nearest", "1 / 0\nprint(nearest"), "utf-8")
    with pytest.raises(ChapterError, match=r"chapter mini, cell \d+: ZeroDivisionError: .*please report"):
        execute_stale(copy, tell=lambda line: None)
    assert not copy.executed("mini").exists()
    assert stale_chapters(copy) == ["mini"]


def test_the_ledger_is_left_alone_where_nothing_changed(copy: Book) -> None:
    write_ledger(copy)
    before = copy.ledger.stat().st_mtime_ns
    write_ledger(copy)
    assert copy.ledger.stat().st_mtime_ns == before


def test_a_chapter_that_takes_longer_than_it_declares_is_named() -> None:
    took, declared = {"short": 9.0, "long": 50.0}, {"short": 10.0, "long": 20.0}
    assert too_long(took, declared, scale=3.0) == []
    assert [line.split()[0] for line in too_long(took, declared, scale=2.0)] == ["long"]


def test_the_reports_are_read(tmp_path) -> None:
    report = tmp_path / "nbval.xml"
    report.write_text(
        '<testsuites><testsuite tests="3" failures="1" errors="0" skipped="1">'
        '<testcase classname="book.mini.ipynb" name="Cell 0" time="1.5"/>'
        '<testcase classname="book.mini.ipynb" name="Cell 1" time="0.5"/></testsuite></testsuites>'
    )
    assert seconds_of_chapters(report) == {"mini": 2.0}
    assert counts(report) == {"passed": 1, "failed": 1, "skipped": 1}
    assert counts(tmp_path / "nowhere.xml") == {"failed": 1}
