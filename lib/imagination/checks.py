"""What a caller hands to the mathematics, checked in one place: numbers in a range, arrays of a shape.

Every function takes the argument's name and its value, and returns the value in the type that the mathematics works
with. What it cannot use it refuses in one line. Wrong types, ragged, empty and masked arrays, NaN, infinities, complex
numbers, text and truth values are refused everywhere; nothing is repaired in silence.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from imagination.errors import RequestError, require, shown

if TYPE_CHECKING:
    import torch

Floats = NDArray[np.float64]
FloatLike = float | Floats
"""What comes back: a float for a number, an array for an array."""
Ints = NDArray[np.int64]
T = TypeVar("T")

UNLIMITED = 2**61
"""A horizon after which every discount below 1 - 1e-16 has become zero; no larger one is accepted."""


def numbers(
    name: str,
    value: ArrayLike,
    *,
    low: float = -np.inf,
    high: float = np.inf,
    above: float = -np.inf,
    below: float = np.inf,
    shape: Sequence[int | None] | None = None,
    unit: str = "",
) -> Floats:
    """``value`` as a float64 array whose elements are finite and in a range.

    Args:
        name: of the argument, for the message.
        value: a number or an array of numbers.
        low, high: closed ends of the range.
        above, below: open ends of the range.
        shape: the shape wanted, None where a length is free; any shape where not given.
        unit: for the message.

    Returns:
        A float64 array; zero-dimensional for a number.

    Raises:
        RequestError: naming the argument, the first wrong element, and what is allowed.

    Example:
        >>> numbers("eps_dyn", [0.0, 0.1], low=0).tolist()
        [0.0, 0.1]
        >>> numbers("gamma", [0.9, 1.2], low=0, below=1)
        Traceback (most recent call last):
        imagination.errors.RequestError: gamma = 1.2 is not allowed: a finite number in [0, 1)
        >>> numbers("points", [[0.0], [1.0, 2.0]])
        Traceback (most recent call last):
        imagination.errors.RequestError: points = [[0.0], [1.0, 2.0]] is not an array of numbers
    """
    allowed = _allowed(low, high, above, below, unit)
    array = _array(name, value, allowed, kinds="iuf").astype(np.float64)
    _check_shape(name, array, shape)
    wrong = ~(np.isfinite(array) & (array >= low) & (array <= high) & (array > above) & (array < below))
    if wrong.any():
        raise RequestError(f"{name} = {array[wrong].flat[0]:.6g} is not allowed: {allowed}")
    return array


def number(name: str, value: object, **limits: Any) -> float:
    """One finite number in a range, as a float; ``limits`` as for :func:`numbers`.

    Example:
        >>> number("budget", 500, above=0)
        500.0
        >>> number("budget", "500", above=0)
        Traceback (most recent call last):
        imagination.errors.RequestError: budget = '500' is not allowed: a finite number above 0
    """
    return float(numbers(name, value, shape=(), **limits))  # type: ignore[arg-type]  # the check is what this is for


def wholes(name: str, value: ArrayLike, *, low: int = 0, high: int = UNLIMITED - 1, shape: Any = None) -> Ints:
    """``value`` as an int64 array of whole numbers in [low, high]; floats that are whole are taken.

    Example:
        >>> wholes("n", [10, 2e3]).tolist()
        [10, 2000]
    """
    allowed = f"a whole number, {_between(low, high)}"
    array = _array(name, value, allowed, kinds="iuf")
    _check_shape(name, array, shape)
    wrong = ~((array >= low) & (array <= high))
    if array.dtype.kind == "f":
        wrong |= array != np.floor(array)
    if wrong.any():
        raise RequestError(f"{name} = {array[wrong].flat[0]:.6g} is not allowed: {allowed}")
    return array.astype(np.int64)


def whole(name: str, value: object, *, low: int = 0, high: int = UNLIMITED - 1) -> int:
    """One whole number in [low, high], as an int.

    Example:
        >>> whole("horizon", 1.5)
        Traceback (most recent call last):
        imagination.errors.RequestError: horizon = 1.5 is not allowed: a whole number, 0 or more
    """
    return int(wholes(name, value, low=low, high=high, shape=()))  # type: ignore[arg-type]


def non_negative(name: str, value: ArrayLike, *, upper: float = np.inf) -> Floats:
    """Finite numbers in [0, upper], as a float64 array.

    Example:
        >>> non_negative("eps_dyn", float("nan"))
        Traceback (most recent call last):
        imagination.errors.RequestError: eps_dyn = nan is not allowed: a finite number, 0 or more
    """
    return numbers(name, value, low=0, high=upper)


def discount(value: ArrayLike, *, finite: bool) -> Floats:
    """A discount in [0, 1], and below 1 unless the horizon is finite.

    Example:
        >>> discount(1.0, finite=False)
        Traceback (most recent call last):
        imagination.errors.RequestError: gamma = 1 needs a finite horizon: give horizon=, or a gamma below 1
    """
    gamma = numbers("gamma", value, low=0, high=1)
    require(finite or (gamma < 1).all(), "gamma = 1 needs a finite horizon: give horizon=, or a gamma below 1")
    return gamma


def broadcast(**arrays: ArrayLike) -> tuple[int, ...]:
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


def plain(array: ArrayLike) -> float | Floats:
    """A float where there is a single number, else the array.

    Example:
        >>> plain(np.asarray(0.5))
        0.5
    """
    floats = np.asarray(array, dtype=np.float64)
    return floats if floats.ndim else float(floats)


def generator_of(name: str, value: object) -> np.random.Generator:
    """A NumPy generator; the old RandomState and bare seeds are refused.

    Example:
        >>> generator_of("generator", 7)
        Traceback (most recent call last):
        imagination.errors.RequestError: generator = 7 is not allowed: np.random.default_rng(7), for example
    """
    if not isinstance(value, np.random.Generator):
        raise RequestError(f"{name} = {shown(value)} is not allowed: np.random.default_rng(7), for example")
    return value


def instance(name: str, value: object, kind: type[T]) -> T:
    """An object of a class of this library.

    Example:
        >>> instance("n", 3, int)
        3
        >>> instance("law", "0.5", float)
        Traceback (most recent call last):
        imagination.errors.RequestError: law = '0.5' is not allowed: an object of the class float
    """
    if not isinstance(value, kind):
        raise RequestError(f"{name} = {shown(value)} is not allowed: an object of the class {kind.__name__}")
    return value


def tensor(name: str, value: object, shape: Sequence[int | None] | None = None, *, axes: int = 0) -> torch.Tensor:
    """A non-empty tensor of finite floating-point numbers.

    Args:
        name: of the argument, for the message.
        value: what was given.
        shape: the shape wanted, None where a length is free; any shape where not given.
        axes: the least number of axes, where no shape is given.

    Raises:
        RequestError: naming the argument and what is allowed.

    Example:
        >>> import torch
        >>> tensor("theta", torch.zeros(3), (2,))
        Traceback (most recent call last):
        imagination.errors.RequestError: theta has the shape (3,): shape (2) is needed
    """
    import torch

    found: torch.Tensor = instance(name, value, torch.Tensor)
    require(found.is_floating_point(), f"{name} has elements of {found.dtype}: floating-point numbers are needed")
    _check_shape(name, found, shape)
    require(found.ndim >= axes, f"{name} has the shape {tuple(found.shape)}: at least {axes} axes are needed")
    require(found.numel(), f"{name} is empty: give at least one number")
    require(bool(torch.isfinite(found).all()), f"{name} contains a NaN or an infinity")
    return found


def _array(name: str, value: ArrayLike, allowed: str, *, kinds: str) -> NDArray[Any]:
    try:
        require(not np.ma.is_masked(value), f"{name} has masked entries; fill or drop them first")
        array = np.asarray(value)
    except (TypeError, ValueError, OverflowError) as error:  # ragged, or a foreign object that will not convert
        if isinstance(error, RequestError):
            raise
        raise RequestError(f"{name} = {shown(value)} is not an array of numbers") from None
    if array.dtype.kind not in kinds:
        raise RequestError(f"{name} = {shown(value)} is not allowed: {allowed}")
    require(array.size, f"{name} is empty: give at least one number")
    return array


def _check_shape(name: str, array: NDArray[Any] | torch.Tensor, shape: Sequence[int | None] | None) -> None:
    if shape is None:
        return
    fits = array.ndim == len(shape) and all(want in (None, have) for want, have in zip(shape, array.shape, strict=True))
    if not fits:
        wanted = (
            "one number" if len(shape) == 0 else f"shape ({', '.join('any' if n is None else str(n) for n in shape)})"
        )
        raise RequestError(f"{name} has the shape {tuple(array.shape)}: {wanted} is needed")


def _between(low: float, high: float) -> str:
    return f"{low:g} or more" if high >= UNLIMITED - 1 else f"{low:g} to {high:g}"


def _allowed(low: float, high: float, above: float, below: float, unit: str) -> str:
    lower, upper = max(low, above), min(high, below)
    open_low, open_high = above >= low, below <= high
    if lower == -np.inf and upper == np.inf:
        text = "a finite number"
    elif upper == np.inf:
        text = f"a finite number above {lower:g}" if open_low else f"a finite number, {lower:g} or more"
    elif lower == -np.inf:
        text = f"a finite number below {upper:g}" if open_high else f"a finite number, {upper:g} or less"
    else:
        text = f"a finite number in {'(' if open_low else '['}{lower:g}, {upper:g}{')' if open_high else ']'}"
    return f"{text} ({unit})" if unit else text
