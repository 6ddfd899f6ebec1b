"""The rules by which Figure 3 is judged, on tables of :func:`imagination.calibration.rollouts.calibrate`.

A table here has the columns ``design``, ``draw``, ``ratio_sup`` and ``ratio_roll``: R of every configuration, in two
conventions, for every design that was tried and every draw of it. The rules were written after a look at the first
draws of the headline designs, and not changed since.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from imagination.checks import number, numbers
from imagination.errors import require, shown

RATIOS = ["ratio_sup", "ratio_roll"]


def within_bound(rows: pd.DataFrame, convention: str) -> pd.Series[bool]:
    """Whether the gap, with the largest contribution of the steps cut off, stays within the bound, for each row.

    Args:
        rows: a table of :func:`~imagination.calibration.rollouts.calibrate`.
        convention: ``"sup"`` or ``"roll"``. A share of 1e-9 is left to rounding.
    """
    require(convention in ("sup", "roll"), f"convention = {shown(convention)} is not allowed: 'sup' or 'roll'")
    holds: pd.Series[bool] = rows.gap.abs() + rows.truncation <= rows[f"bound_{convention}"] * (1 + 1e-9)
    return holds


def medians(rows: pd.DataFrame) -> pd.DataFrame:
    """Median of R by design and draw, in both conventions; designs in the order of the table.

    Example:
        >>> rows = pd.DataFrame({"design": ["a"] * 3, "draw": 0, "ratio_sup": [1.0, 2, 9], "ratio_roll": [1.0, 3, 9]})
        >>> medians(rows).to_numpy().tolist()
        [[2.0, 3.0]]
    """
    require(len(rows), "the table has no rows: calibrate at least one design first")
    return rows.groupby(["design", "draw"], sort=False)[RATIOS].median()


class Range(NamedTuple):
    """What the designs say about a median."""

    low: float
    high: float
    informative: bool


def range_of(table: pd.DataFrame) -> Range:
    """Range of the medians over designs, draws and conventions.

    It is informative where designs that fit the paper's prose equally well differ by at most a factor of 2 (SUP,
    median over draws). A range over two orders of magnitude contains almost anything, and to lie in it proves nothing.

    Args:
        table: of :func:`medians`.
    """
    typical = table.ratio_sup.groupby("design").median()
    low, high = float(table.to_numpy().min()), float(table.to_numpy().max())
    return Range(low, high, bool(typical.max() <= 2 * typical.min()))


def spread(table: pd.DataFrame) -> tuple[float, float]:
    """Factor between the largest and the smallest typical median of the designs, and the largest within one design.

    Args:
        table: of :func:`medians`; SUP is looked at.

    Example:
        >>> index = pd.MultiIndex.from_product([["a", "b"], [0, 1]], names=["design", "draw"])
        >>> spread(pd.DataFrame({"ratio_sup": [1.0, 3.0, 20.0, 20.0]}, index=index))
        (10.0, 3.0)
    """
    draws = table.ratio_sup.groupby("design")
    return float(draws.median().max() / draws.median().min()), float((draws.max() / draws.min()).max())


def mixed_median(first: ArrayLike, second: ArrayLike, share: float) -> float:
    """Median of a mixture: ``share`` of it is distributed like ``second``, the rest like ``first``.

    Args:
        first: a sample.
        second: another.
        share: in [0, 1].

    Returns:
        The smallest value at or below which half of the mixture lies.

    Example:
        >>> [mixed_median([1.0, 2.0, 3.0], [10.0, 20.0, 30.0], share) for share in (0, 0.5, 1)]
        [2.0, 3.0, 20.0]
    """
    a, b = numbers("first", first, shape=(None,)), numbers("second", second, shape=(None,))
    share = number("share", share, low=0, high=1)
    values = np.concatenate([a, b])
    weights = np.concatenate([np.full(len(a), (1 - share) / len(a)), np.full(len(b), share / len(b))])
    order = np.argsort(values)
    reached = np.searchsorted(np.cumsum(weights[order]), 0.5 * (1 - 1e-12))
    return float(values[order][reached])


def flat_with_a_near_tight_minority(ratios: ArrayLike) -> bool:
    """The paper's synthetic shape: at least 60 % below 0.2, at most 10 % in [0.2, 0.7), at least 5 % from 0.7 on.

    Example:
        >>> flat_with_a_near_tight_minority([0.01] * 9 + [0.9])
        True
    """
    r = numbers("ratios", ratios, low=0)
    low, middle, top = np.mean(r < 0.2), np.mean((r >= 0.2) & (r < 0.7)), np.mean(r >= 0.7)
    return bool(low >= 0.6 and middle <= 0.1 and top >= 0.05)


def climbs_steadily(ratios: ArrayLike) -> bool:
    """The paper's linear–quadratic shape: at least 10 % in [0.2, 0.7), no stretch of [0, 0.5] above 0.1 without any.

    Example:
        >>> climbs_steadily(np.linspace(0, 1, 50)), climbs_steadily([0.01, 0.3, 0.9])
        (True, False)
    """
    r = np.sort(numbers("ratios", ratios, low=0).ravel())
    gaps = np.diff(np.concatenate([[0.0], r[r < 0.5], [0.5]]))
    return bool(np.mean((r >= 0.2) & (r < 0.7)) >= 0.1 and gaps.max() <= 0.1)
