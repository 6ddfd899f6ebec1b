"""Buying data a piece at a time: where the next unit of money goes, whole counts, and any number of kinds (this book).

The paper has two kinds of data and errors that go to zero. A third head, a second task or an irreducible error change
neither the argument nor the cost of the solution: one unknown, the price of money, and one equation.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp

from imagination.budget.allocation import OUT_OF_REACH, STEEPEST, Problem, newton, solve
from imagination.checks import Floats, instance, number
from imagination.errors import RequestError, require, shown

MOST_PURCHASES = 1_000_000
WIDEST = 4_000_000
LARGEST_COUNT = 2.0**53
"""Above it floating point holds no neighbouring whole numbers."""


def marginal_gains(problem: Problem, n_dyn: float, n_rew: float) -> tuple[float, float]:
    """Fall of the objective per unit of money spent next: αD/(c_dyn N_dyn) on dynamics and βR/(c_rew N_rew) on rewards.

    Args:
        problem: one problem; its budget is not used.
        n_dyn: dynamics samples already bought, > 0.
        n_rew: reward samples already bought, > 0.

    Returns:
        Both gains, in objective per money. They are equal exactly on the optimal path.

    Raises:
        RequestError: for a count that is not positive, or arrays of problems.

    Source: this book.

    Example:
        >>> problem = Problem(0.5, 0.5, 8.0, 1.0, cost_dyn=1.0, cost_rew=1.0, budget=500.0)
        >>> gains = marginal_gains(problem, 400.0, 100.0)
        >>> f"{gains[0]:.6f} {gains[1]:.6f}"
        '0.000500 0.000500'
    """
    one = _one(problem)
    counts = number("n_dyn", n_dyn, above=0), number("n_rew", n_rew, above=0)
    terms, costs = one.terms(*counts), (one.cost_dyn, one.cost_rew)
    exponents = one.exponent_dyn, one.exponent_rew
    with np.errstate(over="ignore"):
        gains = [float(a * term / n / c) for a, term, n, c in zip(exponents, terms, counts, costs, strict=True)]
    require(np.isfinite(gains).all(), f"the gain of the next sample {OUT_OF_REACH}")
    return gains[0], gains[1]


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

    From a point on the optimal path it follows the path; from elsewhere it buys only the under-funded kind first.

    Args:
        problem: one problem.
        n_dyn: dynamics samples at the start, > 0.
        n_rew: reward samples at the start, > 0.
        increment: money spent at a time, at least a millionth of what is left; the last purchase takes what is left.

    Returns:
        The counts when the budget is gone.

    Raises:
        RequestError: if the start costs more than the budget, or the purchases are more than a million.

    Source: this book.

    Example:
        >>> problem = Problem(0.5, 0.5, 8.0, 1.0, cost_dyn=1.0, cost_rew=1.0, budget=500.0)
        >>> n_dyn, n_rew = greedy_path(problem, 4.0, 1.0, increment=1.0)
        >>> abs(n_dyn - 400) < 2
        True
    """
    one = _one(problem)
    n_dyn, n_rew = number("n_dyn", n_dyn, above=0), number("n_rew", n_rew, above=0)
    increment = number("increment", increment, above=0)
    cost_dyn, cost_rew = float(one.cost_dyn), float(one.cost_rew)
    left = float(one.budget) - cost_dyn * n_dyn - cost_rew * n_rew
    require(left >= 0, f"n_dyn = {n_dyn:g}, n_rew = {n_rew:g} cost {-left:g} more than the budget: start lower")
    require(left / MOST_PURCHASES <= increment, f"increment = {increment:g} is not allowed: it spends {left:g} in more "
            f"than {MOST_PURCHASES:,} purchases")  # fmt: skip
    while left > 0:
        money = min(increment, left)
        if next_unit(one, n_dyn, n_rew) == "dynamics":
            n_dyn += money / cost_dyn
        else:
            n_rew += money / cost_rew
        left -= increment
    return n_dyn, n_rew


def whole_counts(problem: Problem) -> tuple[int, int]:
    """The best pair of whole sample counts within the budget, at least one of each.

    Only a pair that leaves too little for one sample more of the cheaper kind can be best: one pair for each count of
    the dearer kind. Where the other count may be any real number, the objective is convex in that count and never above
    what the pair achieves; so a window about the optimum is widened until its ends alone are worse than the best pair
    inside, and no pair outside can be better.

    Args:
        problem: one problem, with both coefficients positive, whose optimal counts are below 2^53. A pair may cost
            more than the budget by one part in 1e12, which is rounding: 3 · 0.1 > 0.3.

    Returns:
        ``(n_dyn, n_rew)``.

    Raises:
        RequestError: if the budget does not buy one sample of each, or counts are larger.

    Source: this book (flag 4f: the paper treats counts as continuous).

    Example:
        >>> whole_counts(Problem(0.5, 0.5, 3.0, 1.0, cost_dyn=1.0, cost_rew=7.0, budget=100.0))
        (51, 7)
    """
    one = _one(problem)
    one.inside()
    budget, cost_dyn, cost_rew = float(one.budget), float(one.cost_dyn), float(one.cost_rew)
    purse = budget * (1 + 1e-12)
    require(cost_dyn + cost_rew <= purse, f"budget = {budget:g} buys less than one sample of each kind: "
            f"they cost {cost_dyn + cost_rew:g} together")  # fmt: skip
    split = solve(one)
    n_dyn, n_rew = float(split.n_dyn), float(split.n_rew)
    require(max(n_dyn, n_rew) <= LARGEST_COUNT, f"{max(n_dyn, n_rew):.3g} samples are as good as a whole number: "
            "take the counts of the real-valued split")  # fmt: skip
    dynamics_is_dear = cost_dyn >= cost_rew
    dear, cost, other_cost = (n_dyn, cost_dyn, cost_rew) if dynamics_is_dear else (n_rew, cost_rew, cost_dyn)
    most = math.floor((purse - other_cost) / cost)
    centre, reach = min(max(math.floor(dear), 1), most), 2

    def error(n: Floats, rest: Floats) -> Floats:
        return sum(one.terms(n, rest) if dynamics_is_dear else one.terms(rest, n), np.zeros(()))

    while True:
        require(reach <= WIDEST, f"{dear:.3g} samples of the dearer kind leave too many pairs to compare: take the "
                "counts of the real-valued split")  # fmt: skip
        low, high = max(1, centre - reach), min(most, centre + reach)
        n = np.arange(low, high + 1, dtype=np.float64)
        real = np.maximum((purse - n * cost) / other_cost, 1.0)
        found = error(n, np.floor(real))
        best = int(np.argmin(found))
        ends = error(n[[0, -1]], real[[0, -1]])
        if (low == 1 or ends[0] > found[best]) and (high == most or ends[1] > found[best]):
            pair = int(n[best]), int(real[best])
            return pair if dynamics_is_dear else pair[::-1]
        reach *= 2


@dataclass(frozen=True)
class DataKind:
    """One kind of data, whose error after n samples is ``floor + scale * n**-exponent``.

    Args:
        scale: A > 0.
        exponent: α in (0, 1000].
        cost: c > 0, money for one sample.
        weight: weight of the error in the objective, > 0.
        floor: irreducible error E ≥ 0.

    Raises:
        RequestError: naming the value that is out of range.

    Source: this book.

    Example:
        >>> DataKind(scale=1.0, exponent=0.5, cost=2.0, floor=0.01).error(100.0)
        0.11
    """

    scale: float
    exponent: float
    cost: float
    weight: float = 1.0
    floor: float = 0.0

    def __post_init__(self) -> None:
        for name in ("scale", "cost", "weight"):
            number(f"{name} of a kind of data", getattr(self, name), above=0)
        number("exponent of a kind of data", self.exponent, above=0, high=STEEPEST)
        number("floor of a kind of data", self.floor, low=0)

    def error(self, n: float) -> float:
        """Error after n > 0 samples."""
        error = self.floor + self.scale * np.float64(number("n", n, above=0)) ** -self.exponent
        return float(error)


def optimal_counts(kinds: Sequence[DataKind], *, budget: float, most_iterations: int = 60) -> tuple[Floats, int]:
    r"""Counts that minimise :math:`\sum_jw_j(E_j+A_jN_j^{-\alpha_j})` subject to :math:`\sum_jc_jN_j=B`.

    At a price λ of money, :math:`c_jN_j=\big(\alpha_jw_jA_jc_j^{\alpha_j}/\lambda\big)^{1/(1+\alpha_j)}`: spending is
    in proportion to exponent times reducible term. The logarithm of total spending is convex in ln λ, with a slope
    between −1/(1 + min α) and −1/(1 + max α), so Newton converges from any start. Floors shift the objective and leave
    the counts alone.

    Args:
        kinds: one or more kinds of data.
        budget: B > 0.
        most_iterations: Newton updates allowed.

    Returns:
        Counts in the order of ``kinds``, and the number of Newton updates.

    Raises:
        RequestError: without kinds, or for a budget that is not positive.

    Source: this book.

    Example:
        >>> kinds = [DataKind(1.0, 0.5, 1.0, weight=8.0), DataKind(1.0, 0.5, 1.0, floor=0.3)]
        >>> counts, _ = optimal_counts(kinds, budget=500.0)
        >>> counts.round(6).tolist()
        [400.0, 100.0]
    """
    kinds = _kinds(kinds)
    ln_budget = np.log(number("budget", budget, above=0))
    a, weight, scale, cost = (
        np.array([float(getattr(kind, name)) for kind in kinds]) for name in ("exponent", "weight", "scale", "cost")
    )
    height = np.log(a) + np.log(weight) + np.log(scale) + a * np.log(cost)

    def step(price: Floats) -> Floats:
        spending = (height - price) / (1 + a)
        total = logsumexp(spending)
        return np.asarray((ln_budget - total) / -np.sum(np.exp(spending - total) / (1 + a)))

    # The kind that is most expensive at an even split gives a price from which the first step cannot overshoot far.
    start = np.max(height - (1 + a) * (ln_budget - np.log(len(kinds))))
    price, iterations = newton(step, start, most_iterations=most_iterations)
    with np.errstate(over="ignore"):
        counts: Floats = np.exp((height - price) / (1 + a)) / cost
    require(np.all(np.isfinite(counts) & (counts > 0)), f"the number of samples {OUT_OF_REACH}")
    return counts, iterations


def _kinds(given: object) -> list[DataKind]:
    if not isinstance(given, Sequence) or not given:
        raise RequestError(f"kinds = {shown(given)} is not allowed: a list of one kind of data or more")
    return [instance("an entry of kinds", kind, DataKind) for kind in given]


def _one(problem: Problem) -> Problem:
    shape = instance("problem", problem, Problem).shape
    require(shape == (), f"problem is an array of problems of the shape {shape}: one of them is needed")
    return problem
