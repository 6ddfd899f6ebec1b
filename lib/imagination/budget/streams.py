"""Any number of data streams, each with a floor that no amount of data removes (this book).

The paper has two streams and errors that go to zero. A third head, a second task or an irreducible error change
neither the argument nor the cost of the solution: one unknown, the price of money, and one equation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from scipy.special import logsumexp

from imagination.errors import RequestError, require

__all__ = ["Stream", "optimal_streams"]


@dataclass(frozen=True)
class Stream:
    """One stream of data, whose error after n samples is ``floor + scale * n**-exponent``.

    Args:
        scale: A > 0.
        exponent: α > 0.
        cost: c > 0, money for one sample.
        weight: weight of the error in the objective, > 0.
        floor: irreducible error E ≥ 0.

    Example:
        >>> Stream(scale=1.0, exponent=0.5, cost=2.0, floor=0.01).error(100.0)
        0.11
    """

    scale: float
    exponent: float
    cost: float
    weight: float = 1.0
    floor: float = 0.0

    def __post_init__(self):
        for field in fields(self):
            value, least = getattr(self, field.name), "not negative" if field.name == "floor" else "positive"
            fine = np.isfinite(value) and (value >= 0 if field.name == "floor" else value > 0)
            require(fine, f"{field.name} = {value} of a stream is not allowed: it must be finite and {least}")

    def error(self, n: float) -> float:
        """Error after n samples."""
        return self.floor + self.scale * n**-self.exponent


def optimal_streams(streams: Sequence[Stream], *, budget: float, most_iterations: int = 60) -> tuple[np.ndarray, int]:
    r"""Counts that minimise :math:`\sum_jw_j(E_j+A_jN_j^{-\alpha_j})` subject to :math:`\sum_jc_jN_j=B`.

    At a price λ of money, :math:`c_jN_j=\big(\alpha_jw_jA_jc_j^{\alpha_j}/\lambda\big)^{1/(1+\alpha_j)}`: spending is
    in proportion to exponent times reducible term. The logarithm of total spending is convex in ln λ, with a slope
    between −1/(1 + min α) and −1/(1 + max α), so Newton converges from any start. Floors shift the objective and leave
    the counts alone.

    Args:
        streams: one or more.
        budget: B > 0.
        most_iterations: Newton updates allowed.

    Returns:
        Counts in the order of ``streams``, and the number of Newton updates.

    Raises:
        RequestError: without streams, or for a budget that is not positive.

    Source: this book.

    Example:
        >>> streams = [Stream(1.0, 0.5, 1.0, weight=8.0), Stream(1.0, 0.5, 1.0, floor=0.3)]
        >>> counts, _ = optimal_streams(streams, budget=500.0)
        >>> counts.round(6).tolist()
        [400.0, 100.0]
    """
    require(len(streams) > 0, "no stream was given: one or more are wanted")
    require(np.isfinite(budget) and budget > 0, f"budget = {budget} is not allowed: it must be finite and positive")
    a, weight, scale, cost = (
        np.array([getattr(s, name) for s in streams]) for name in ("exponent", "weight", "scale", "cost")
    )
    height = np.log(a) + np.log(weight) + np.log(scale) + a * np.log(cost)
    # The stream that is most expensive at an even split gives a price from which the first step cannot overshoot far.
    price = float(np.max(height - (1 + a) * np.log(budget / len(streams))))
    for iteration in range(1, most_iterations + 1):
        spending = (height - price) / (1 + a)
        total = logsumexp(spending)
        slope = -np.sum(np.exp(spending - total) / (1 + a))
        step = (np.log(budget) - total) / slope
        price += step
        if abs(step) <= 1e-9:
            return np.exp((height - price) / (1 + a)) / cost, iteration
    raise RequestError(f"the price of money did not converge in {most_iterations} Newton updates: allow more")
