"""A chapter over a grid of parameters: a notebook for each combination, and how each verdict depends on them."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import combinations, product
from math import prod
from pathlib import Path
from typing import Any

import nbformat

from imagination.book.compare import ABSENT
from imagination.book.fingerprint import fingerprint
from imagination.book.paths import Book
from imagination.book.run import ChapterError, execute_and_compare, load_source
from imagination.errors import RequestError, require, shown
from imagination.jobs.folder import Block, Shard
from imagination.jobs.process import ProcessLost, cores, in_a_process
from imagination.jobs.provenance import history
from imagination.jobs.runner import Study, run_study
from imagination.jobs.work import BlockFailed, Made, Progress
from imagination.parameters import parameters_of

MOST = 10_000
"""Combinations that a grid may have."""

COLUMNS = ("kind", "claim", "value", "verdict", "notebook")
LISTED = 8  # combinations that the summary names for one verdict


@dataclass(frozen=True)
class Point:
    """One combination: the values chosen from the lists, and the whole request that the chapter's model has made."""

    chosen: dict[str, Any]
    request: dict[str, Any]

    @property
    def name(self) -> str:
        """Name of its notebook, without the ending.

        Example:
            >>> Point({"gamma": 0.9, "anchors": [100, 200]}, {}).name
            'gamma=0.9_anchors=100,200'
        """
        name = "_".join(f"{key}={_label(value)}" for key, value in self.chosen.items())
        if re.fullmatch(r"[\w.,=+-]{1,100}", name, re.ASCII):
            return name
        return f"run-{hashlib.sha256(json.dumps(self.chosen).encode()).hexdigest()[:12]}"


@dataclass(frozen=True)
class GridRun:
    """What a grid leaves: its points, the outcomes of those that ran, and why the others failed.

    Args:
        chapter: its name.
        points: all of them.
        outcomes: for each point that ran, by name: (kind, id, value, verdict) of each claim and check, in order.
        failed: for each that did not, by name: what happened.
    """

    chapter: str
    points: list[Point]
    outcomes: dict[str, list[tuple[str, str, str, str]]]
    failed: dict[str, str]

    def rows(self) -> list[dict[str, Any]]:
        """The rows of ``runs.csv``: the values, kind, claim, value, verdict, notebook."""
        return [
            point.chosen | dict(zip(COLUMNS, (*outcome, f"{point.name}.ipynb"), strict=True))
            for point in self.points
            for outcome in self.outcomes.get(point.name, ())
        ]


def points(chapter: str, given: Mapping[Any, Any], over: Mapping[Any, Any]) -> list[Point]:
    """All combinations of the values, the last name changing fastest, each checked by the chapter's own model.

    Args:
        chapter: its name.
        given: parameters that all runs share.
        over: a list of values for each parameter that varies.

    Raises:
        RequestError: naming the first combination that the chapter refuses; or for a list that is none, an empty grid,
            one with too many combinations, or a combination that comes twice.

    Example:
        >>> [p.chosen["gamma"] for p in points("notation", {"n_seeds": 5}, {"gamma": ["0.8", ".9"]})]
        [0.8, 0.9]
        >>> points("notation", {}, {"gamma": [0.8, 1]})
        Traceback (most recent call last):
        imagination.errors.RequestError: combination gamma = 1: parameter gamma = 1.0: must be less than or equal to ...
    """
    model = parameters_of(chapter)
    require(over, "--over names no parameter; try --over gamma '[0.8, 0.9]'")
    for name, values in over.items():
        require(name not in given, f"parameter {shown(name)} is given by -p or -f and by --over; give it once")
        wrong = f"--over {name} {shown(values)} is not a list of values; try '[0.8, 0.9]'"
        require(isinstance(values, list | tuple) and len(values), wrong)
    count = prod(len(values) for values in over.values())
    require(count <= MOST, f"--over asks for {count} combinations; at most {MOST} are run: shorten the lists")
    found: list[Point] = []
    for values in product(*over.values()):
        combination = dict(zip(over, values, strict=True))
        try:
            request = model.request({**given, **combination})
        except RequestError as error:
            raise RequestError(f"combination {_words(combination)}: {error}") from None
        found.append(Point({name: request[name] for name in combination}, request))
    twice = [name for name, times in Counter(point.name for point in found).items() if times > 1]
    require(not twice, f"--over gives the combination {', '.join(twice[:1])} twice; give each value once")
    return found


def run_grid(
    book: Book, chapter: str, given: Mapping[Any, Any], over: Mapping[Any, Any], out: Path, **options: Any
) -> GridRun:
    """Run every combination, and leave a notebook for each, ``runs.csv`` and ``provenance.json`` in a folder.

    Each chapter runs in a process of its own with its share of the threads. What is finished is not run again: a
    killed grid continues, and a grid with more values keeps the runs that it has.

    Args:
        book: the checkout. A cluster's workers use their own, which must be in the same state.
        chapter: its name.
        given: parameters that all runs share.
        over: a list of values for each parameter that varies.
        out: the folder, new or of a grid over the same parameters.
        options: ``threads``, ``scheduler``, ``begin``, ``progress`` and ``warn`` of
            :func:`imagination.jobs.runner.run_study`; progress is counted in runs.

    Raises:
        RequestError: for a grid, folder or scheduler that cannot be used, before anything runs.
        imagination.files.StorageError: if a file cannot be written.
        imagination.jobs.cluster.ClusterError: if the scheduler is lost.

    Source: this book.
    """
    load_source(book, chapter)  # refuses a chapter that does not exist
    grid, source = points(chapter, given, over), fingerprint(book, chapter)
    inside = out.resolve().is_relative_to(book.book.resolve())
    require(not inside, f"--out {out} is not allowed: book/ holds the committed references; write elsewhere")
    at_once = min(options.get("threads") or cores(), len(grid))
    root, share = (book.root, max(1, cores() // at_once)) if options.get("scheduler") is None else (None, 1)
    settings = {
        "chapter": chapter,
        "given": {name: value for name, value in grid[0].request.items() if name not in over},
        "over": sorted(over),
        "state of the chapter": source[:12],
    }

    def outcome(shards: Mapping[str, Shard], failed: Mapping[str, str]) -> GridRun:
        rows = {name: [tuple(row) for row in shard.result["rows"]] for name, shard in shards.items()}
        return GridRun(chapter, grid, rows, dict(failed))

    def publish(shards: dict[str, Shard]) -> dict[str, str]:
        table = io.StringIO()
        writer = csv.DictWriter(table, [*over, *COLUMNS], lineterminator="\n")
        writer.writeheader()
        writer.writerows(outcome(shards, {}).rows())
        origin = {**settings, "runs": len(shards), **history(shards.values())}
        return {"runs.csv": table.getvalue(), "provenance.json": json.dumps(origin, indent=2) + "\n"}

    study = Study(
        kind="grid of runs",
        settings=settings,
        blocks=[Block(point.name, (chapter, point.name, point.request, source)) for point in grid],
        work=partial(_run_point, root=root, share=share),
        publish=publish,
        at_once=at_once,
    )
    run = run_study(study, out, **options)
    return outcome(run.shards, run.failed)


def _run_point(
    argument: tuple[str, str, dict[str, Any], str],
    progress: Progress,
    stop: threading.Event,
    *,
    root: Path | None,
    share: int,
) -> Made:
    """Do a block: one run, in a process of its own."""
    chapter, name, request, source = argument
    try:
        rows, notebook = in_a_process(_execute, root, chapter, request, source, threads=share, stop=stop)
    except (ChapterError, ProcessLost, RequestError) as error:
        raise BlockFailed(f"{name}: {error}") from None
    return Made({"rows": rows}, {f"{name}.ipynb": notebook})


def _execute(root: Path | None, chapter: str, request: Mapping[str, Any], source: str) -> tuple[list[list[str]], str]:
    """What the process does: the outcomes of a run, and its notebook."""
    book = Book() if root is None else Book(root)
    if fingerprint(book, chapter) != source:
        raise ChapterError(f"the checkout here is not in the state in which the grid was asked for (chapter {chapter})")
    done, compared = execute_and_compare(book, load_source(book, chapter), chapter, request)
    rows = [[row.kind, row.id, row.ours, row.here] for row in compared if row.here != ABSENT]
    return rows, nbformat.writes(done) + "\n"


def as_text(run: GridRun) -> list[str]:
    """How each verdict depends on the parameters: what is the same everywhere in one line, then what changes, and where.

    Example:
        >>> grid = [Point({"gamma": g, "n": n}, {}) for g in (0.8, 0.9) for n in (1, 2)]
        >>> verdicts = {p.name: [("claim", "a", "", "proved"),
        ...                      ("check", "b < 1", "", "holds" if p.chosen["gamma"] < 0.9 else "does not hold")]
        ...             for p in grid}
        >>> print("\\n".join(as_text(GridRun("chapter", grid, verdicts, {}))))
        4 runs over gamma, n. The same everywhere: 1 proved
        check b < 1 depends on gamma
          holds          gamma = 0.8
          does not hold  gamma = 0.9
    """
    ran = [point for point in run.points if point.name in run.outcomes]
    if not ran:
        return ["no run came to its end"]
    verdicts: dict[tuple[str, str], dict[str, str]] = {}
    for point in ran:
        for kind, id, _, verdict in run.outcomes[point.name]:
            verdicts.setdefault((kind, id), {})[point.name] = verdict
    same, changing = Counter[str](), list[str]()
    for (kind, id), by_point in verdicts.items():
        outcomes = [by_point.get(point.name, ABSENT) for point in ran]
        if len(set(outcomes)) == 1:
            same[outcomes[0]] += 1
        else:
            changing += _dependence(f"{kind} {id}", ran, outcomes)
    counted = ", ".join(f"{times} {verdict}" for verdict, times in same.items())
    runs = f"{len(ran)} run{'s' if len(ran) > 1 else ''} over {', '.join(ran[0].chosen)}"
    if not verdicts:
        return [f"{runs}. The chapter decides nothing and records no check"]
    return [f"{runs}. The same everywhere: {counted or 'nothing'}", *changing]


def _dependence(what: str, ran: Sequence[Point], outcomes: Sequence[str]) -> list[str]:
    """Where a claim has which verdict, told by the fewest parameters that decide it."""
    names = list(ran[0].chosen)
    for size in range(1, len(names) + 1):
        for chosen in combinations(names, size):
            where: dict[str, str] = {}
            for point, outcome in zip(ran, outcomes, strict=True):
                key = ", ".join(f"{name} = {_shown(point.chosen[name])}" for name in chosen)
                if where.setdefault(key, outcome) != outcome:
                    break
            else:
                return [f"{what} depends on {' and '.join(chosen)}", *_places(where)]
    raise AssertionError("a point is its parameters")


def _places(where: Mapping[str, str]) -> list[str]:
    width = max(map(len, where.values()))
    lines = []
    for verdict in dict.fromkeys(where.values()):
        places = [place for place, found in where.items() if found == verdict]
        more = f"; and {len(places) - LISTED} more" if len(places) > LISTED else ""
        first, *others = places[:LISTED]
        short = [other.partition(" = ")[2] if ", " not in first else f"({other})" for other in others]
        first = f"({first})" if ", " in first and others else first
        lines.append(f"  {verdict.ljust(width)}  {', '.join([first, *short])}{more}")
    return lines


def _label(value: Any) -> str:
    if isinstance(value, list):
        return ",".join(map(_label, value))
    return value if isinstance(value, str) else json.dumps(value)


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


def _words(combination: Mapping[Any, Any]) -> str:
    return ", ".join(f"{name} = {value if isinstance(value, str | int | float) else shown(value)}"
                     for name, value in combination.items())  # fmt: skip
