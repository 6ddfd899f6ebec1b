"""Reading a table of measured errors: what ``imagination fit`` and ``imagination plan`` take from a user.

The file is a CSV with the columns ``head``, ``n``, one of ``mse``, ``rmse`` or ``error``, and optionally ``seed``.
The columns ``train_mse`` and ``steps`` of a sweep's ``errors.csv`` are passed over, so that it can be read as it is;
any other column is refused, because a misspelt ``seed`` must not pass in silence.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from imagination.errors import RequestError, nearest, require

__all__ = ["Errors", "Measure", "read_errors"]

Measure = Literal["mse", "rmse", "error"]
MEASURES: tuple[Measure, ...] = ("mse", "rmse", "error")
PASSED_OVER = ("train_mse", "steps")
HEADER = "head,n,mse (or rmse, or error)[,seed]"


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
    n: np.ndarray
    error: np.ndarray
    seed: np.ndarray
    measure: Measure
    paired: bool

    @property
    def squared(self) -> bool:
        """Whether the entries are mean squares, whose exponent is twice that of the norm."""
        return self.measure == "mse"

    def norms(self, *, outputs: int = 1) -> np.ndarray:
        """The entries as error norms.

        A mean square that averages over d outputs belongs to the Euclidean norm √(d · MSE); an ``error`` is returned as
        it stands.

        Args:
            outputs: the d that an ``mse`` or ``rmse`` was averaged over; 1 gives the RMSE per output.

        Raises:
            RequestError: for outputs below 1.
        """
        require(outputs >= 1, f"outputs = {outputs} is not allowed: a head has at least 1 output")
        if self.measure == "error":
            return self.error
        return math.sqrt(outputs) * (np.sqrt(self.error) if self.squared else self.error)


def read_errors(
    path: Path | str, *, heads: Sequence[str] | None = None, repeats_need_seeds: bool = False
) -> dict[str, Errors]:
    """Read and check a CSV of errors, or the ``errors.csv`` of a sweep's folder.

    Args:
        path: the file, or the folder that holds ``errors.csv``.
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
    path = Path(path)
    file = path / "errors.csv" if path.is_dir() else path
    try:
        text = file.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise RequestError(f"{file} is not a text file in UTF-8: save it as CSV") from None
    except OSError as error:
        hint = "is this the folder of a finished sweep?" if path.is_dir() else "give a CSV or the folder of a sweep"
        raise RequestError(f"{file} can't be read ({error.strerror}): {hint}") from None
    rows = csv.reader(text.splitlines())
    try:
        return _read(file, rows, heads, repeats_need_seeds)
    except csv.Error as error:
        raise RequestError(
            f"{file}, line {rows.line_num}: not a CSV ({error}); save it as comma-separated text"
        ) from None


def _read(file: Path, rows: Any, heads: Sequence[str] | None, repeats_need_seeds: bool) -> dict[str, Errors]:
    columns, measure = _header(file, next(rows, []))
    found: dict[str, list[tuple[float, float, int | None]]] = {}
    seen: dict[tuple[str, float, int], int] = {}
    alone: dict[tuple[str, float], tuple[int, float]] = {}
    for row in rows:
        if not any(field.strip() for field in row):
            continue
        line = rows.line_num
        where = f"{file}, line {line}"
        require(len(row) >= max(columns.values()) + 1, f"{where}: {len(row)} columns where the first line has more")
        take = {name: row[i].strip() for name, i in columns.items()}
        head = take["head"]
        require(head, f"{where}, column head: empty; name the head, such as dynamics or reward")
        if heads is not None:
            require(head in heads, f"{where}, column head: {head!r} is unknown; {nearest(head, heads)}")
        n = _number(where, "n", take["n"], float)
        error = _number(where, measure, take[measure], float)
        seed = _number(where, "seed", take["seed"], int) if "seed" in columns else None
        if seed is not None:
            first = seen.setdefault((head, n, seed), line)
            require(first == line, f"{where}: head {head}, n = {n:g}, seed = {seed} stands in line {first} already")
        elif repeats_need_seeds:
            first, before = alone.setdefault((head, n), (line, error))
            require(
                before == error,
                f"{where}, column {measure}: {error:g} contradicts the {before:g} of line {first} for head {head}, "
                f"n = {n:g}; add a column seed if both are trainings, or remove one",
            )
        found.setdefault(head, []).append((n, error, seed))
    require(found, f"{file} holds no errors: below the first line '{HEADER}' it needs one line for each training")
    for head in heads or ():
        require(head in found, f"{file}, column head: there is no line of head {head}; both curves are needed")
    return {head: _collect(head, entries, measure) for head, entries in found.items()}


def _header(file: Path, names: list[str]) -> tuple[dict[str, int], Measure]:
    names = [name.strip().lower() for name in names]
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
    return {name: names.index(name) for name in ("head", "n", given[0], "seed") if name in names}, given[0]


def _number(where: str, column: str, text: str, kind: Callable[[str], Any]) -> Any:
    whole = kind is int
    wanted = "a whole number, 0 or more" if whole else "a finite number above 0"
    try:
        value = kind(text)
    except ValueError:
        raise RequestError(f"{where}, column {column}: {text!r} is not allowed: {wanted}") from None
    require(
        value >= 0 if whole else 0 < value < math.inf,
        f"{where}, column {column}: {text!r} is not allowed: {wanted}",
    )
    return value


def _collect(head: str, entries: list[tuple[float, float, int | None]], measure: Measure) -> Errors:
    n, error = np.array([(n, error) for n, error, _ in entries], dtype=np.float64).T
    named = entries[0][2] is not None
    if named:
        seed = np.array([seed for *_, seed in entries])
    else:
        seed = np.zeros(len(n), dtype=int)
        for anchor in np.unique(n):
            seed[n == anchor] = np.arange((n == anchor).sum())
    groups = [set(seed[n == anchor]) for anchor in np.unique(n)]
    return Errors(head, n, error, seed, measure, named and all(group == groups[0] for group in groups))
