r"""Non-negative numbers carried as an unevaluated sum of two float64: about 32 significant digits.

The bounds of this book contain :math:`(\gamma\Lambda)^H` with a horizon up to :math:`10^5`. One rounding of the
base is repeated :math:`H` times, so float64 alone loses five of its sixteen digits there. Only sums and
products of non-negative numbers occur, so nothing cancels and the classical error-free transformations suffice.

Source: Dekker, "A floating-point technique for extending the available precision", Numer. Math. 18 (1971).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

__all__ = ["Twofold"]

SPLITTER = 134217729.0  # 2**27 + 1 cuts a 53-bit significand into two halves of 26 bits


@dataclass(frozen=True, eq=False)
class Twofold:
    """The value ``high + low`` with ``|low|`` at most half a unit in the last place of ``high``; arrays broadcast.

    A value above about 1e300 saturates to infinity. Infinity times zero also saturates: whoever uses this class
    has to know that a quantity which overflowed is never multiplied by a true zero (see
    :mod:`imagination.gap.error_sums`).

    Example:
        >>> tenth = Twofold.of(0.1)
        >>> product = tenth * tenth
        >>> product.high == 0.1 * 0.1, product.low != 0.0  # the low part is the rounding error of 0.1 * 0.1
        (np.True_, np.True_)
    """

    high: np.ndarray
    low: np.ndarray

    @classmethod
    def of(cls, value: float | np.ndarray) -> Twofold:
        """Take a float64 as it is.

        Example:
            >>> float(Twofold.of(0.25).value)
            0.25
        """
        high = np.asarray(value, dtype=np.float64)
        return cls(high, np.zeros_like(high))

    @property
    def value(self) -> np.ndarray:
        """The nearest float64."""
        return self.high + self.low

    @property
    def one_minus(self) -> np.ndarray:
        """``1 - self`` as float64, accurate also where ``self`` is within rounding of 1."""
        with np.errstate(invalid="ignore"):  # -inf stays -inf in the high part and turns the low part into NaN
            difference = _two_sum(np.asarray(1.0), -self.high)
        low = np.where(np.isfinite(self.high), difference.low - self.low, 0.0)
        return difference.high + low

    def __add__(self, other: Twofold) -> Twofold:
        with np.errstate(over="ignore", invalid="ignore"):
            total = _two_sum(self.high, other.high)
            return _normalised(total.high, total.low + (self.low + other.low))

    def __mul__(self, other: Twofold) -> Twofold:
        with np.errstate(over="ignore", invalid="ignore", under="ignore"):
            product = _two_product(self.high, other.high)
            return _normalised(product.high, product.low + (self.high * other.low + self.low * other.high))

    def where(self, condition: np.ndarray, otherwise: Twofold) -> Twofold:
        """Element by element: ``self`` where ``condition`` holds, else ``otherwise``.

        Example:
            >>> Twofold.of(1.0).where(np.array([True, False]), Twofold.of(2.0)).value.tolist()
            [1.0, 2.0]
        """
        return Twofold(np.where(condition, self.high, otherwise.high), np.where(condition, self.low, otherwise.low))


def _two_sum(a: np.ndarray, b: np.ndarray) -> Twofold:
    """The rounded sum and its exact rounding error (Knuth)."""
    total = a + b
    b_seen = total - a
    return Twofold(total, (a - (total - b_seen)) + (b - b_seen))


def _halves(a: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    scaled = SPLITTER * a
    upper = scaled - (scaled - a)
    return upper, a - upper


def _two_product(a: np.ndarray, b: np.ndarray) -> Twofold:
    """The rounded product and its exact rounding error (Dekker, Veltkamp)."""
    product = a * b
    (a_up, a_down), (b_up, b_down) = _halves(a), _halves(b)
    return Twofold(product, a_down * b_down - (((product - a_up * b_up) - a_down * b_up) - a_up * b_down))


def _normalised(high: np.ndarray, low: np.ndarray) -> Twofold:
    total = high + low
    finite = np.isfinite(total)
    if finite.all():
        return Twofold(total, low - (total - high))
    return Twofold(np.where(finite, total, np.inf), np.where(finite, low - (total - high), 0.0))
