"""The expansive regime γΛ > 1: what remains of the allocation where rewards are bounded (this book).

The bound of Lemma 1 is infinite there. With rewards in a range R the return error is finite and Hoelder in the model
error, with an exponent p below one, so that α is replaced by αp in statements of order. The exact bound ripples around
its envelope with the period ln Λ of the error growth: along the budget line it may have several local minima, and only
a global scan is safe.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np

from imagination.errors import require

__all__ = ["local_minima"]


def local_minima(
    objective: Callable[[np.ndarray], np.ndarray], *, points: int = 2001, widest: float = 12.0
) -> list[tuple]:
    """All local minima of a function of the spend share, by a scan in its logit that is repeated in each bracket.

    Args:
        objective: function of an array of spend shares of dynamics in (0, 1).
        points: points of the scan, 5 or more.
        widest: the scan covers logits from ``-widest`` to ``widest``.

    Returns:
        ``(share, value)`` of every local minimum found, the best one first. A minimum narrower than the spacing of the
        scan is missed; a minimum at the end of the range is not one.

    Raises:
        RequestError: for fewer than five points.

    Source: this book.

    Example:
        >>> [(share, value)] = local_minima(lambda s: (s - 0.3) ** 2)
        >>> round(share, 6)
        0.3
    """
    require(points >= 5, f"points = {points} is not allowed: at least 5")
    found = []
    for low, high in brackets(objective, -widest, widest, points):
        for _ in range(4):
            low, high = next(brackets(objective, low, high, 101), (low, high))
        share = 1 / (1 + np.exp(-(low + high) / 2))
        found.append((float(share), float(objective(np.array([share]))[0])))
    return sorted(found, key=lambda pair: pair[1])


def brackets(objective, low: float, high: float, points: int) -> Iterator[tuple[float, float]]:
    """Intervals of a grid of logits that hold a local minimum of the objective."""
    logits = np.linspace(low, high, points)
    values = objective(1 / (1 + np.exp(-logits)))
    for i in np.flatnonzero((values[1:-1] < values[:-2]) & (values[1:-1] <= values[2:])) + 1:
        yield logits[i - 1], logits[i + 1]
