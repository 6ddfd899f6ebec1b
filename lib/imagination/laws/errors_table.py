"""Reading a table of measured errors: what ``imagination fit`` and ``imagination plan`` take from a user.

The file is a CSV with the columns ``head``, ``n``, one of ``mse``, ``rmse`` or ``error``, and optionally ``seed``.
The columns ``train_mse`` and ``steps`` of a sweep's ``errors.csv`` are passed over, so that it can be read as it is;
any other column is refused, because a misspelt ``seed`` must not pass in silence. The file may be anybody's: it is
read only if it is a regular file of a stated size, and every refusal is one line that names the place.
"""

from __future__ import annotations

import csv
import io
import math
import os
import stat
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from imagination.checks import Floats, Ints, whole
from imagination.errors import RequestError, nearest, require, shown
from imagination.laws.powerlaw import LARGEST_ERROR, MOST_ANCHORS, SMALLEST_ERROR

Measure = Literal["mse", "rmse", "error"]
MEASURES: tuple[Measure, ...] = ("mse", "rmse", "error")
PASSED_OVER = ("train_mse", "steps")
HEADER = "head,n,mse (or rmse, or error)[,seed]"

MOST_BYTES = 200_000_000
MOST_ROWS = 2_000_000
MOST_COLUMNS = 100
MOST_HEADS = 20
LONGEST_HEAD = 100
CHUNK = 50_000  # rows that are held as text at a time


@dataclass(frozen=True, eq=False)
class Errors:
    """The errors of one head, one entry for each training.

    Args:
        head: name of the head, such as ``dynamics`` or ``reward``.
        n: (rows,) training samples, float64, positive.
        error: (rows,) measured errors, float64, positive.
        seed: (rows,) what tells trainings at one n apart: the given seeds, or 0, 1, 2, ... in the order of the rows.
        measure: what ``error`` is: ``mse`` a mean square; ``rmse`` its root; ``error`` a norm of any kind.
        paired: the same seeds occur at every n, and the file named them.

    Example:
        >>> table = Errors("reward", np.array([10.0]), np.array([0.25]), np.array([0]), "mse", False)
        >>> table.squared, table.norms().tolist(), table.norms(outputs=4).tolist()
        (True, [0.5], [1.0])
    """

    head: str
    n: Floats
    error: Floats
    seed: Ints
    measure: Measure
    paired: bool

    @property
    def squared(self) -> bool:
        """Whether the entries are mean squares, whose exponent is twice that of the norm."""
        return self.measure == "mse"

    def norms(self, *, outputs: int = 1) -> Floats:
        """The entries as error norms.

        A mean square that averages over d outputs belongs to the Euclidean norm √(d · MSE); an ``error`` is returned as
        it stands.

        Args:
            outputs: the d that an ``mse`` or ``rmse`` was averaged over, 1 or more; 1 gives the RMSE per output.

        Raises:
            RequestError: for outputs below 1.
        """
        d = whole("outputs", outputs, low=1)
        if self.measure == "error":
            return self.error
        return math.sqrt(d) * (np.sqrt(self.error) if self.squared else self.error)


def read_errors(
    path: Path | str, *, heads: Sequence[str] | None = None, repeats_need_seeds: bool = False
) -> dict[str, Errors]:
    """Read and check a CSV of errors, or the ``errors.csv`` of a sweep's folder.

    Args:
        path: the file, or the folder that holds ``errors.csv``: a regular file of at most ``MOST_BYTES`` in UTF-8, with
            at most ``MOST_ROWS`` rows, ``MOST_HEADS`` heads, and ``MOST_ANCHORS`` different n for each head.
        heads: the heads that must occur, and no others; None takes any.
        repeats_need_seeds: without a column ``seed``, two different errors of one head at one n contradict each other
            and are refused; by default they count as repeats.

    Returns:
        The errors of each head, in the order of the file.

    Raises:
        RequestError: one line that names file, line and column, and what is allowed there.

    Source: this book.

    Example:
        >>> import tempfile
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     file = Path(folder, "mine.csv")
        ...     _ = file.write_text("head,n,mse\\nreward,100,0.04\\nreward,400,0.01\\n")
        ...     read_errors(file)["reward"].norms().tolist()
        [0.2, 0.1]
    """
    require(isinstance(path, str | Path), f"the path {shown(path)} is not allowed: the name of a CSV, or of its folder")
    file, text = _text(Path(path))
    rows = csv.reader(io.StringIO(text, newline=""), skipinitialspace=True, strict=True)
    try:
        columns = _header(file, next(rows, []))
        parts: list[_Part] = []
        found: dict[str, set[float]] = {}  # the different n of each head
        for lines, chunk in _chunks(columns, rows):
            parts.append(_part(columns, heads, lines, chunk))
            _refuse_many(columns, parts[-1], found)
    except csv.Error as error:
        raise RequestError(
            f"{file}, line {rows.line_num}: not a CSV ({error}); save it as comma-separated text"
        ) from None
    require(parts, f"{file} holds no errors: below the first line '{HEADER}' it needs one line for each training")
    for name in heads or ():
        require(name in found, f"{file}, column head: there is no line of head {name}; both curves are needed")
    return {name: _collect(columns, name, parts, repeats_need_seeds=repeats_need_seeds) for name in found}


def _text(path: Path) -> tuple[Path, str]:
    """The file that a path means, and its text."""
    file, hint = path, "give a CSV or the folder of a sweep"
    try:
        if path.is_dir():
            file, hint = path / "errors.csv", "is this the folder of a finished sweep?"
        # Opening a named pipe must not wait for somebody to write into it.
        with open(os.open(file, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0)), "rb") as opened:
            require(
                stat.S_ISREG(os.fstat(opened.fileno()).st_mode), f"{file} can't be read (not a regular file): {hint}"
            )
            data = opened.read(MOST_BYTES + 1)
    except (OSError, ValueError) as error:
        if isinstance(error, RequestError):
            raise
        reason = error.strerror if isinstance(error, OSError) else error  # a NUL in the name is a ValueError
        raise RequestError(f"{file} can't be read ({reason}): {hint}") from None
    require(len(data) <= MOST_BYTES, f"{file} is larger than {MOST_BYTES:,} bytes, the most that is read: average "
            "repeats, or leave columns out")  # fmt: skip
    nul = data.find(b"\0")
    line = data.count(b"\n", 0, nul) + 1
    require(nul < 0, f"{file}, line {line}: there is a NUL byte; this is not a text file in UTF-8: save it as CSV")
    try:
        return file, data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise RequestError(f"{file}, line {line}: this is not a text file in UTF-8: save it as CSV") from None


@dataclass(frozen=True)
class _Columns:
    """The first line of a file: how many columns, and where those are that are read."""

    file: Path
    header: tuple[str, ...]
    index: dict[str, int]
    measure: Measure


def _header(file: Path, fields: list[str]) -> _Columns:
    names = [name.strip().lower() for name in fields]
    while names and not names[-1]:  # a comma too many at the end
        names.pop()
    require(
        len(names) <= MOST_COLUMNS,
        f"{file}, line 1: {len(names):,} columns are more than {MOST_COLUMNS}, the most that are read; the first line "
        f"must be like '{HEADER}'",
    )
    other = next((mark for mark in (";", "\t") if len(names) == 1 and mark in names[0]), None)
    require(not other, f"{file}, line 1: columns are separated by {other!r}; save it as comma-separated text, with "
            "points in the decimal numbers")  # fmt: skip
    for name in names:
        require(not name or names.count(name) == 1, f"{file}, line 1: the column {name} stands there twice")
    for name in ("head", "n"):
        require(
            name in names,
            f"{file}, line 1: there is no column {name}; the first line must be like '{HEADER}'; "
            f"{nearest(name, filter(None, names))}",
        )
    known = ("head", "n", *MEASURES, "seed", *PASSED_OVER)
    for name in filter(None, names):
        require(name in known, f"{file}, line 1: the column {name} is unknown; {nearest(name, known)}")
    given = [name for name in MEASURES if name in names]
    require(
        len(given) == 1,
        f"{file}, line 1: {' and '.join(given) or 'none of mse, rmse and error'} given; exactly one of the columns "
        "mse, rmse, error must say what was measured",
    )
    read: dict[str, int] = {name: names.index(name) for name in ("head", "n", given[0], "seed") if name in names}
    return _Columns(file, tuple(names), read, given[0])


def _chunks(columns: _Columns, rows: Any) -> Iterator[tuple[list[int], list[list[str]]]]:
    """The lines that aren't blank with their numbers, all as wide as the first, some at a time."""
    width, total = len(columns.header), 0
    lines: list[int] = []
    chunk: list[list[str]] = []
    for row in rows:
        if not "".join(row).strip():
            continue
        while len(row) > width and not row[-1].strip():
            row.pop()
        if len(row) != width:
            hint = "; is there a decimal comma?" if len(row) > width else ""
            raise RequestError(f"{columns.file}, line {rows.line_num}: {len(row)} columns where the first line has "
                               f"{width}{hint}")  # fmt: skip
        lines.append(rows.line_num)
        chunk.append(row)
        if len(chunk) == CHUNK:
            yield lines, chunk
            total, lines, chunk = total + CHUNK, [], []
            require(total < MOST_ROWS, f"{columns.file} has {MOST_ROWS:,} rows or more, and so many are not read: "
                    "average repeats")  # fmt: skip
    if chunk:
        yield lines, chunk


@dataclass(frozen=True)
class _Part:
    """Some lines of a file as columns."""

    head: list[str]
    line: Ints
    n: Floats
    error: Floats
    seed: Ints


def _part(columns: _Columns, heads: Sequence[str] | None, lines: list[int], rows: list[list[str]]) -> _Part:
    """Lines as columns, all at once; where that fails, one by one, to name the place."""
    where = columns.index
    head = [row[where["head"]].strip() for row in rows]
    try:
        n = np.array([float(row[where["n"]]) for row in rows])
        error = np.array([float(row[where[columns.measure]]) for row in rows])
        seed = np.array([int(row[where["seed"]]) if "seed" in where else 0 for row in rows], dtype=np.int64)
        fine = (n > 0) & (n < np.inf) & (error >= SMALLEST_ERROR) & (error <= LARGEST_ERROR) & (seed >= 0)
        if fine.all() and all(_is_head(name) and (heads is None or name in heads) for name in set(head)):
            return _Part(head, np.array(lines), n, error, seed)
    except (ValueError, OverflowError):
        pass
    for line, row in zip(lines, rows, strict=True):
        _refuse_line(columns, heads, f"{columns.file}, line {line}", row)
    raise RequestError(f"{columns.file}, lines {lines[0]} to {lines[-1]}: a field is not allowed")


def _refuse_many(columns: _Columns, part: _Part, found: dict[str, set[float]]) -> None:
    """Refuse a file with more heads, or more different n of one head, than can be fitted in a reasonable time."""
    for head, n in dict.fromkeys(zip(part.head, part.n.tolist(), strict=True)):
        found.setdefault(head, set()).add(n)
    where = f"{columns.file}, column"
    require(len(found) <= MOST_HEADS, f"{where} head: {len(found):,} heads or more, and at most {MOST_HEADS} are read: "
            "split the file")  # fmt: skip
    for head, ns in found.items():
        require(len(ns) <= MOST_ANCHORS, f"{where} n: {len(ns):,} different n of head {head} or more, and at most "
                f"{MOST_ANCHORS} are fitted: round n, or leave some out")  # fmt: skip


def _is_head(name: str) -> bool:
    return 0 < len(name) <= LONGEST_HEAD and name.isprintable()


def _refuse_line(columns: _Columns, heads: Sequence[str] | None, where: str, row: list[str]) -> None:
    """Refuse the first field of a line that can't be used; a line that can is passed over."""
    joined = tuple(field.strip().lower() for field in row) == columns.header
    require(not joined, f"{where}: the first line stands there again; were two files joined? Remove this line")
    fields, measure = {name: row[i].strip() for name, i in columns.index.items()}, columns.measure
    head = fields["head"]
    require(head, f"{where}, column head: empty; name the head, such as dynamics or reward")
    require(
        _is_head(head),
        f"{where}, column head: {shown(head)} is not allowed: at most {LONGEST_HEAD} printable characters",
    )
    known = heads is None or head in heads
    require(known, f"{where}, column head: {shown(head)} is unknown; {nearest(head, heads or ())}")
    _refuse_number(where, "n", fields["n"], float, lambda n: 0 < n < math.inf, "a finite number above 0")
    _refuse_number(
        where, measure, fields[measure], float, lambda e: SMALLEST_ERROR <= e <= LARGEST_ERROR,
        f"a number from {SMALLEST_ERROR:g} to {LARGEST_ERROR:g}",
    )  # fmt: skip
    if "seed" in fields:
        _refuse_number(where, "seed", fields["seed"], int, lambda s: 0 <= s < 2**63, "a whole number, 0 or more")


def _refuse_number(
    where: str, column: str, text: str, kind: Callable[[str], Any], fine: Callable[[Any], bool], allowed: str
) -> None:
    try:
        good = fine(kind(text))
    except ValueError:
        good = False
    hint = ", with a decimal point" if "," in text else ""
    require(good, f"{where}, column {column}: {shown(text)} is not allowed: {allowed}{hint}")


def _collect(columns: _Columns, head: str, parts: Sequence[_Part], *, repeats_need_seeds: bool) -> Errors:
    """The lines of one head, once it is sure that none of them contradicts another."""
    mine = [np.array([name == head for name in part.head]) for part in parts]
    line, n, error, seed = (
        np.concatenate([getattr(part, name)[i] for part, i in zip(parts, mine, strict=True)])
        for name in ("line", "n", "error", "seed")
    )
    order = np.lexsort((seed, n))  # stable: equal entries stay in the order of the file
    ordered = n[order]
    start = np.flatnonzero(np.diff(ordered, prepend=-1.0))  # where each n begins
    counts = np.diff(start, append=len(n))
    if "seed" in columns.index:
        same = np.flatnonzero((np.diff(ordered) == 0) & (np.diff(seed[order]) == 0))
        if len(same):
            i = same[np.argmin(line[order[same + 1]])]
            first, again = order[i], order[i + 1]
            raise RequestError(
                f"{columns.file}, line {line[again]}: head {head}, n = {n[again]:g}, seed = {seed[again]} stands in "
                f"line {line[first]} already"
            )
        by_n = seed[order].reshape(len(start), -1) if (counts == counts[0]).all() else None
        paired = by_n is not None and bool((by_n == by_n[0]).all())
        return Errors(head, n, error, seed, columns.measure, paired)
    if repeats_need_seeds:
        earlier = np.repeat(order[start], counts)
        other = np.flatnonzero(error[order] != error[earlier])
        if len(other):
            i = other[np.argmin(line[order[other]])]
            first, again = earlier[i], order[i]
            raise RequestError(
                f"{columns.file}, line {line[again]}, column {columns.measure}: {error[again]:g} contradicts the "
                f"{error[first]:g} of line {line[first]} for head {head}, n = {n[again]:g}; add a column seed if both "
                "are trainings, or remove one"
            )
    seed[order] = np.arange(len(n)) - np.repeat(start, counts)
    return Errors(head, n, error, seed, columns.measure, False)
