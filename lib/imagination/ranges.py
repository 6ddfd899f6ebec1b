"""Numbers taken from a user: as float64 arrays, refused by name where a range is left."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from imagination.errors import RequestError, require

__all__ = ["broadcast", "discount", "non_negative", "plain", "whole"]

UNLIMITED = 2**61
"""A horizon after which every discount below 1 - 1e-16 has become zero; no larger one is accepted."""


def non_negative(name: str, value: ArrayLike, *, upper: float = np.inf) -> np.ndarray:
    """``value`` as float64, refused unless every element is finite and lies in ``[0, upper]``.

    Example:
        >>> non_negative("eps_dyn", [0.0, 0.1]).tolist()
        [0.0, 0.1]
        >>> non_negative("eps_dyn", float("nan"))
        Traceback (most recent call last):
        imagination.errors.RequestError: eps_dyn = nan is not allowed: it must be a finite number, 0 or more
    """
    allowed = "it must be a finite number, 0 or more" if upper == np.inf else f"it must lie in [0, {upper:g}]"
    try:
        array = np.asarray(value)
    except ValueError:
        raise RequestError(f"{name} = {value!r} is not an array of numbers: {allowed}") from None
    require(array.dtype.kind in "iuf", f"{name} = {value!r} is not allowed: {allowed}")
    array = array.astype(np.float64)
    wrong = ~(np.isfinite(array) & (array >= 0) & (array <= upper))
    require(not wrong.any(), f"{name} = {array[wrong].flat[0] if wrong.any() else 0:g} is not allowed: {allowed}")
    return array


def discount(value: ArrayLike, *, finite: bool) -> np.ndarray:
    """A discount in [0, 1], and below 1 unless the horizon is finite.

    Example:
        >>> discount(1.0, finite=False)
        Traceback (most recent call last):
        imagination.errors.RequestError: gamma = 1 needs a finite horizon: give horizon=, or a gamma below 1
    """
    gamma = non_negative("gamma", value, upper=1.0)
    require(
        finite or (gamma < 1).all(),
        "gamma = 1 needs a finite horizon: give horizon=, or a gamma below 1",
    )
    return gamma


def whole(name: str, value: ArrayLike) -> np.ndarray:
    """A whole number of 0 or more, as int64.

    Example:
        >>> whole("horizon", 1.5)
        Traceback (most recent call last):
        imagination.errors.RequestError: horizon = 1.5 is not allowed: it must be a whole number, 0 or more
    """
    array = np.asarray(value)
    require(
        array.dtype.kind in "iu" and (array >= 0).all() and (array < UNLIMITED).all(),
        f"{name} = {value!r} is not allowed: it must be a whole number, 0 or more",
    )
    return array.astype(np.int64)


def broadcast(**arrays: np.ndarray) -> tuple[int, ...]:
    """The common shape, or one line that names the shapes which do not fit.

    Example:
        >>> broadcast(gamma=np.zeros(2), eps_dyn=np.zeros(3))
        Traceback (most recent call last):
        imagination.errors.RequestError: shapes do not broadcast against each other: gamma (2,), eps_dyn (3,)
    """
    try:
        return np.broadcast_shapes(*(np.shape(a) for a in arrays.values()))
    except ValueError:
        shapes = ", ".join(f"{name} {np.shape(a)}" for name, a in arrays.items())
        raise RequestError(f"shapes do not broadcast against each other: {shapes}") from None


def plain(array: np.ndarray) -> float | np.ndarray:
    """A float where there is a single number, else the array.

    Example:
        >>> plain(np.asarray(0.5))
        0.5
    """
    return array if np.ndim(array) else float(array)
