"""Buying one sample at a time: where the next unit of money goes, and counts that are whole numbers (this book).

Any number of data streams, each with a floor that no amount of data removes (this book).

The paper has two streams and errors that go to zero. A third head, a second task or an irreducible error change
neither the argument nor the cost of the solution: one unknown, the price of money, and one equation.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields

import numpy as np
from scipy.special import logsumexp

from imagination.budget.allocation import Problem, Split, solve
from imagination.errors import RequestError, require

__all__ = ["Stream", "greedy_path", "marginal_gains", "next_unit", "optimal_streams", "whole_counts"]


def marginal_gains(problem: Problem, n_dyn: float, n_rew: float) -> tuple[float, float]:
    """Fall of the objective per unit of money spent next: αD/(c_dyn N_dyn) on dynamics and βR/(c_rew N_rew) on rewards.

    Args:
        problem: the problem; its budget is not used.
        n_dyn: dynamics samples already bought, > 0.
        n_rew: reward samples already bought, > 0.

    Returns:
        Both gains, in objective per money. They are equal exactly on the optimal path.

    Raises:
        RequestError: for a count that is not positive.

    Source: this book.

    Example:
        >>> problem = Problem(0.5, 0.5, 8.0, 1.0, cost_dyn=1.0, cost_rew=1.0, budget=500.0)
        >>> gains = marginal_gains(problem, 400.0, 100.0)
        >>> f"{gains[0]:.6f} {gains[1]:.6f}"
        '0.000500 0.000500'
    """
    require(n_dyn > 0 and n_rew > 0, f"n_dyn = {n_dyn}, n_rew = {n_rew} are not allowed: both must be positive")
    term_dyn, term_rew = problem.terms(n_dyn, n_rew)
    return (
        float(problem.exponent_dyn * term_dyn / (problem.cost_dyn * n_dyn)),
        float(problem.exponent_rew * term_rew / (problem.cost_rew * n_rew)),
    )


def next_unit(problem: Problem, n_dyn: float, n_rew: float) -> str:
    """Which sample the next unit of money should buy: ``"dynamics"`` or ``"reward"`` (a tie goes to reward).

    Example:
        >>> problem = Problem(0.5, 0.5, 8.0, 1.0, cost_dyn=1.0, cost_rew=1.0, budget=500.0)
        >>> next_unit(problem, 300.0, 100.0), next_unit(problem, 500.0, 100.0)
        ('dynamics', 'reward')
    """
    gain_dyn, gain_rew = marginal_gains(problem, n_dyn, n_rew)
    return "dynamics" if gain_dyn > gain_rew else "reward"


def greedy_path(problem: Problem, n_dyn: float, n_rew: float, *, increment: float) -> tuple[float, float]:
    """Spend what is left of the budget by :func:`next_unit`, ``increment`` money at a time: the slow rule of thumb.

    From a point on the optimal path it follows the path; from elsewhere it buys only the under-funded stream first.

    Args:
        problem: the problem, with scalar fields.
        n_dyn: dynamics samples at the start, > 0.
        n_rew: reward samples at the start, > 0.
        increment: money spent at a time, > 0; the last purchase takes what is left.

    Returns:
        The counts when the budget is gone.

    Raises:
        RequestError: if the start costs more than the budget.

    Source: this book.

    Example:
        >>> problem = Problem(0.5, 0.5, 8.0, 1.0, cost_dyn=1.0, cost_rew=1.0, budget=500.0)
        >>> n_dyn, n_rew = greedy_path(problem, 4.0, 1.0, increment=1.0)
        >>> abs(n_dyn - 400) < 2
        True
    """
    left = float(problem.budget - problem.cost_dyn * n_dyn - problem.cost_rew * n_rew)
    require(left >= 0, f"n_dyn = {n_dyn}, n_rew = {n_rew} cost {-left:g} more than the budget: start lower")
    require(increment > 0, f"increment = {increment} is not allowed: it must be positive")
    while left > 0:
        money = min(increment, left)
        if next_unit(problem, n_dyn, n_rew) == "dynamics":
            n_dyn += money / float(problem.cost_dyn)
        else:
            n_rew += money / float(problem.cost_rew)
        left -= increment
    return n_dyn, n_rew


def whole_counts(problem: Problem, split: Split | None = None) -> tuple[int, int]:
    """The best pair of whole sample counts near the real-valued optimum, at least one of each and within the budget.

    Candidates are the neighbours of N_dyn, each with as many reward samples as the rest of the money buys, and the
    same with the roles exchanged. Where one sample of a kind costs a visible part of the budget, compare with every
    pair.

    Args:
        problem: the problem, with scalar fields.
        split: the real-valued split; the optimum where it is not given.

    Returns:
        ``(n_dyn, n_rew)``.

    Raises:
        RequestError: if the budget does not buy one sample of each.

    Source: this book (flag 4f: the paper treats counts as continuous).

    Example:
        >>> whole_counts(Problem(0.5, 0.5, 3.0, 1.0, cost_dyn=1.0, cost_rew=7.0, budget=100.0))
        (51, 7)
    """
    budget, cost_dyn, cost_rew = float(problem.budget), float(problem.cost_dyn), float(problem.cost_rew)
    # Allow for the rounding of sums such as 3 · 0.1 > 0.3.
    purse = budget * (1 + 1e-12)
    require(cost_dyn + cost_rew <= purse, f"budget = {budget:g} buys less than one sample of each kind: "
            f"they cost {cost_dyn + cost_rew:g} together")  # fmt: skip
    split = solve(problem) if split is None else split
    candidates = set()
    for n in {max(1, math.floor(split.n_dyn) + k) for k in (-1, 0, 1, 2)}:
        candidates.add((n, math.floor((purse - n * cost_dyn) / cost_rew)))
    for n in {max(1, math.floor(split.n_rew) + k) for k in (-1, 0, 1, 2)}:
        candidates.add((math.floor((purse - n * cost_rew) / cost_dyn), n))
    affordable = [pair for pair in candidates if min(pair) >= 1]
    return min(affordable, key=lambda pair: (float(sum(problem.terms(*pair))), pair)) if affordable else (1, 1)


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
