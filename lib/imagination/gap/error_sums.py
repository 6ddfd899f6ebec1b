r"""Discounted sums of the error recurrence of Lemma 1, for any horizon and any growth.

With growth :math:`\Lambda` per step and one-step error 1, the distance between the two paths obeys
:math:`g_0=0,\ g_{t+1}=\Lambda g_t+1` (Eq. 8). The bounds need, over a horizon :math:`H`,

.. math:: S_H=\sum_{t<H}\gamma^t,\qquad D_H=\sum_{t<H}\gamma^t g_t .

The closed form of :math:`D_H` divides by :math:`\Lambda-1`, :math:`1-\gamma\Lambda` and :math:`1-\gamma`; all
three singularities are removable and none occurs here. :func:`error_sums_by_recursion` is the obvious loop.
:func:`error_sums` gives the same by joining blocks of :math:`1, 2, 4, \dots` steps, so a horizon of
:math:`10^5` takes 17 joins.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from imagination.gap.twofold import Twofold

__all__ = ["ErrorSums", "error_sums", "error_sums_by_recursion"]


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

    Every member that can overflow is non-decreasing in :math:`n`, so an overflow in one block is an overflow of
    the joined
    block: saturation to infinity is the right answer. The weight must not be zero for that.
    """

    discount: Twofold
    contraction: Twofold
    rewards: Twofold
    contractions: Twofold
    drift: Twofold
    total: Twofold

    def then(self, later: ErrorSums) -> ErrorSums:
        r"""Join this block with a later one: :math:`g_{m+n}=g_n+\Lambda^n g_m` inside the sums."""
        return ErrorSums(
            discount=self.discount * later.discount,
            contraction=self.contraction * later.contraction,
            rewards=self.rewards + self.discount * later.rewards,
            contractions=self.contractions + self.contraction * later.contractions,
            drift=self.discount * later.drift + later.contraction * self.drift,
            total=self.total + self.discount * later.total + self.drift * later.contractions,
        )

    def where(self, condition: np.ndarray, otherwise: ErrorSums) -> ErrorSums:
        """Element by element: this block where ``condition`` holds, else the other one."""
        return ErrorSums(**{name: mine.where(condition, getattr(otherwise, name)) for name, mine in vars(self).items()})


def error_sums(
    gamma: float | np.ndarray,
    growth: Twofold,
    weight: float | np.ndarray,
    horizon: int | np.ndarray,
    while_: Callable[[ErrorSums], np.ndarray] | None = None,
) -> tuple[ErrorSums, np.ndarray]:
    r"""The sums over the longest block of at most ``horizon`` steps on which ``while_`` still holds.

    Args:
        gamma: discount in [0, 1].
        growth: :math:`\Lambda\ge0` to double precision twice over.
        weight: :math:`w>0`, multiplies ``drift`` and ``total``.
        horizon: number of steps, below :math:`2^{62}`.
        while_: a predicate of the sums that holds up to some number of steps and never again. None: always.

    Returns:
        The sums, and the number of steps that they cover.

    Source: this book; doubling of an affine recurrence.

    Example:
        >>> sums, steps = error_sums(0.5, Twofold.of(1.0), 1.0, 3)
        >>> float(sums.rewards.value), float(sums.total.value), int(steps)  # 1 + 1/2 + 1/4 and 0 + 1/2 + 2/4
        (1.75, 1.0, 3)
    """
    zero, one = Twofold.of(0.0), Twofold.of(1.0)
    discount = Twofold.of(gamma)
    step = ErrorSums(discount, discount * growth, one, one, discount * Twofold.of(weight), zero)
    horizon = np.asarray(horizon, dtype=np.int64)
    blocks = [step]
    while 2 ** len(blocks) <= horizon.max(initial=0):
        blocks.append(blocks[-1].then(blocks[-1]))

    sums = ErrorSums(one, one, zero, zero, zero, zero)
    steps = np.zeros(1, dtype=np.int64)[0]
    for power in reversed(range(len(blocks))):
        longer = sums.then(blocks[power])
        fits = steps + 2**power <= horizon
        if while_ is not None:
            fits = fits & while_(longer)
        sums = longer.where(fits, sums)
        steps = np.where(fits, steps + 2**power, steps)
    return sums, steps


def error_sums_by_recursion(gamma: float, growth: float, horizon: int) -> tuple[float, float]:
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
