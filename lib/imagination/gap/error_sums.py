r"""Discounted sums of the error recurrence of Lemma 1, for any horizon and any growth.

With growth :math:`\Lambda` per step and one-step error 1, the distance between the two paths obeys
:math:`g_0=0,\ g_{t+1}=\Lambda g_t+1` (Eq. 8). The bounds need, over a horizon :math:`H`,

.. math:: S_H=\sum_{t<H}\gamma^t,\qquad D_H=\sum_{t<H}\gamma^t g_t .

The closed form of :math:`D_H` divides by :math:`\Lambda-1`, :math:`1-\gamma\Lambda` and :math:`1-\gamma`; all
three singularities are removable and none occurs here. :func:`error_sums_by_recursion` is the obvious loop.
:func:`error_sums` gives the same by joining blocks of :math:`1, 2, 4, \dots` steps, so a horizon of
:math:`10^5` takes 17 joins. Only sums and products of non-negative numbers occur, so nothing cancels in float64; what
the rounding of :math:`\gamma\Lambda` left out is carried along, because its power to :math:`H` would feel it
:math:`H` times.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imagination.checks import Floats, Ints

Bools = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class ErrorSums:
    r"""What a block of :math:`n` steps contributes; blocks are joined with ``then``.

    Attributes:
        discount: :math:`\gamma^n`.
        contraction: :math:`(\gamma\Lambda)^n`.
        rewards: :math:`S_n`, what a constant reward error of 1 adds up to.
        contractions: :math:`\sum_{t<n}(\gamma\Lambda)^t`.
        drift: :math:`w\gamma^n g_n`; it stays finite where :math:`g_n` alone would overflow.
        total: :math:`wD_n`, with the weight :math:`w` given to the recurrence.

    Every member that can overflow is non-decreasing in :math:`n`, so an overflow in one block is an overflow of the
    joined block: saturation to infinity is the right answer. The weight must not be zero for that.
    """

    discount: Floats
    contraction: Floats
    rewards: Floats
    contractions: Floats
    drift: Floats
    total: Floats

    def then(self, later: ErrorSums) -> ErrorSums:
        r"""Join this block with a later one: :math:`g_{m+n}=g_n+\Lambda^n g_m` inside the sums."""
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            return ErrorSums(
                discount=self.discount * later.discount,
                contraction=_saturated(self.contraction * later.contraction),
                rewards=self.rewards + self.discount * later.rewards,
                contractions=_saturated(self.contractions + self.contraction * later.contractions),
                drift=_saturated(self.discount * later.drift + later.contraction * self.drift),
                total=_saturated(self.total + self.discount * later.total + self.drift * later.contractions),
            )

    def where(self, condition: Bools, otherwise: ErrorSums) -> ErrorSums:
        """Element by element: this block where ``condition`` holds, else the other one."""
        return ErrorSums(
            **{name: np.where(condition, mine, getattr(otherwise, name)) for name, mine in vars(self).items()}
        )


def error_sums(
    gamma: Floats,
    contraction: tuple[Floats, Floats],
    weight: Floats,
    horizon: Ints,
    while_: Callable[[ErrorSums], Bools] | None = None,
) -> tuple[ErrorSums, Ints]:
    r"""The sums over the longest block of at most ``horizon`` steps on which ``while_`` still holds.

    Args:
        gamma: discount in [0, 1].
        contraction: :math:`\gamma\Lambda\ge0` in float64, and what its rounding left out; see
            :func:`imagination.gap.lipschitz.contraction`.
        weight: :math:`w>0`, multiplies ``drift`` and ``total``; not below 1e-200.
        horizon: number of steps, below :math:`2^{62}`.
        while_: a predicate of the sums that holds up to some number of steps and never again. None: always.

    Returns:
        The sums, to a relative 1e-12, and the number of steps that they cover.

    Source: this book; doubling of an affine recurrence.

    Example:
        >>> sums, steps = error_sums(np.array(0.5), (np.array(0.5), np.array(0.0)), np.array(1.0), np.array(3))
        >>> float(sums.rewards), float(sums.total), int(steps)  # 1 + 1/2 + 1/4 and 0 + 1/2 + 2/4
        (1.75, 1.0, 3)
    """
    rounded, rest = contraction
    zero, one = np.zeros(()), np.ones(())
    with np.errstate(divide="ignore", invalid="ignore", over="ignore", under="ignore"):
        missing = np.clip(np.where(rounded > 0, rest / rounded, 0.0), -3e-16, 3e-16)
        blocks = [ErrorSums(gamma, rounded, one, one, gamma * weight, zero)]
        while 2 ** len(blocks) <= np.max(horizon, initial=0):
            n = 2.0 ** len(blocks)
            # The two powers come from the base, since squaring them would double their rounding errors each time.
            powers = {"discount": gamma**n, "contraction": rounded**n * np.exp(n * missing)}
            blocks.append(ErrorSums(**(vars(blocks[-1].then(blocks[-1])) | powers)))

    sums = ErrorSums(one, one, zero, zero, zero, zero)
    steps: Any = np.int64(0)
    for power in reversed(range(len(blocks))):
        longer = sums.then(blocks[power])
        fits = steps + 2**power <= horizon
        if while_ is not None:
            fits = fits & while_(longer)
        sums = longer.where(fits, sums)
        steps = np.where(fits, steps + 2**power, steps)
    return sums, steps


def error_sums_by_recursion(gamma: Any, growth: Any, horizon: int) -> tuple[Any, Any]:
    r""":math:`S_H` and :math:`D_H` by the loop that defines them; works for floats and for exact fractions alike.

    Args:
        gamma: discount in [0, 1].
        growth: :math:`\Lambda\ge0`.
        horizon: number of steps.

    Returns:
        :math:`(S_H, D_H)`.

    Source: Eq. 8 and the sum that follows it in Appendix B.1.

    Example:
        >>> from fractions import Fraction
        >>> error_sums_by_recursion(Fraction(1, 2), Fraction(1), 3)
        (Fraction(7, 4), Fraction(1, 1))
    """
    rewards = total = distance = 0 * gamma
    discount = 1 + 0 * gamma
    for _ in range(horizon):
        rewards += discount
        total += discount * distance
        discount *= gamma
        distance = growth * distance + 1
    return rewards, total


def geometric(base: float, terms: Floats) -> Floats:
    """:math:`\\sum_{i<n}q^i`, without cancellation near 1.

    Example:
        >>> geometric(2.0, np.array([0.0, 1.0, 3.0])).round(12).tolist()
        [0.0, 1.0, 7.0]
    """
    if base == 1:
        return terms
    if base == 0:
        return (terms > 0).astype(np.float64)
    return np.asarray(np.expm1(terms * np.log(base)) / (base - 1))


def times(a: Floats, b: Floats) -> Floats:
    """``a * b``, and zero where ``a`` is zero although ``b`` overflowed.

    Example:
        >>> times(np.array([0.0, 2.0]), np.array([np.inf, 3.0])).tolist()
        [0.0, 6.0]
    """
    with np.errstate(invalid="ignore", over="ignore", under="ignore"):
        return np.where(a > 0, a * b, 0.0)


def _saturated(value: Floats) -> Floats:
    """Infinity in place of the NaN of infinity times an underflow: see :class:`ErrorSums`."""
    return np.where(np.isnan(value), np.inf, value)
