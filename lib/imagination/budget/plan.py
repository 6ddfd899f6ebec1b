"""A plan and how it is told: what was asked, what to buy, how sure that is, and what to be careful about."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from textwrap import fill
from typing import Any

from imagination.budget.allocation import Problem
from imagination.budget.weighting import Weighting
from imagination.checks import number, whole
from imagination.errors import require
from imagination.laws.alternatives import doubts
from imagination.laws.head_fit import HeadFit
from imagination.laws.powerlaw import Interval

HEADS = ("dynamics", "reward")


@dataclass(frozen=True)
class Request:
    """What a planner is asked.

    Args:
        budget: money to spend now, > 0.
        cost_dyn, cost_rew: money for one sample of each kind, > 0.
        target: bound that is wanted, > 0, or None.
        have_dyn, have_rew: samples owned already, on top of which the budget buys.
        state_dim: number of outputs that a dynamics MSE or RMSE was averaged over.

    Raises:
        RequestError: for a value out of range, and a budget that buys less than one sample of each kind.

    Example:
        >>> Request(budget=100.0, cost_dyn=1.0, cost_rew=5.0, have_rew=10.0).total
        150.0
    """

    budget: float
    cost_dyn: float
    cost_rew: float
    target: float | None = None
    have_dyn: float = 0.0
    have_rew: float = 0.0
    state_dim: int = 1

    def __post_init__(self) -> None:
        for name in ("budget", "cost_dyn", "cost_rew"):
            number(name, getattr(self, name), above=0)
        for name in ("have_dyn", "have_rew"):
            number(name, getattr(self, name), low=0)
        if self.target is not None:
            number("target", self.target, above=0)
        whole("state_dim", self.state_dim, low=1)
        require(
            self.total < 1e300 and self.total / min(self.cost_dyn, self.cost_rew) < 1e300,
            f"a budget of {self.budget:g} at costs of {self.cost_dyn:g} and {self.cost_rew:g} buys more samples than a "
            "number can hold; check that they are in the same unit",
        )
        needed = self.cost_dyn * max(0.0, 1 - self.have_dyn) + self.cost_rew * max(0.0, 1 - self.have_rew)
        require(
            self.budget >= max(needed, min(self.cost_dyn, self.cost_rew)),
            f"budget = {self.budget:g} buys less than one sample of each kind: they cost {self.cost_dyn:g} and "
            f"{self.cost_rew:g}; raise the budget, or check that costs are in the same unit",
        )

    @property
    def total(self) -> float:
        """All the money, with what is owned valued at today's cost."""
        return self.budget + self.cost_dyn * self.have_dyn + self.cost_rew * self.have_rew

    @property
    def least(self) -> dict[str, float]:
        """The least counts that can be owned in the end, a rounding below so that they are affordable: what is owned
        already, and one sample."""
        almost = 1 - 1e-12
        return {"min_dyn": almost * max(1.0, self.have_dyn), "min_rew": almost * max(1.0, self.have_rew)}


@dataclass(frozen=True)
class Plan:
    """The answer: everything that the command prints.

    Attributes:
        n_dyn, n_rew: samples to own in the end, those owned already included; real numbers.
        share_dyn: part of all the money, what is owned valued at today's cost, that is spent on dynamics.
        eps_dyn, eps_rew: error norms that the laws expect there.
        bound: expected bound on the return gap, ``scale * (weight * eps_dyn + eps_rew)``.
        intervals: 95 % intervals of ``n_dyn``, ``n_rew``, ``share_dyn``, ``bound``, ``exponent_dyn``, ``exponent_rew``;
            None where the table can't give one.
        intervals_unknown: why an interval is None; empty where all are known.
        regret_even_split: bound of an even split of the money (or of the nearest that what is owned allows) over the
            bound of the plan, at least 1.
        next_unit: ``dynamics`` or ``reward``: what one more unit of money should buy for somebody who owns
            ``next_unit_at``.
        next_unit_at: the counts of that statement: what is owned, or the largest measured ones.
        share_if_weight_is_a_tenth: the share if the weight is ten times smaller.
        budget_for_target: least money for the target bound; None without a target, or where it is out of reach.
        heads: what the measurements of each head say.
        problem: the allocation problem, for pictures and further questions.
        weighting: weight and scale.
        request: what was asked.
    """

    n_dyn: float
    n_rew: float
    share_dyn: float
    eps_dyn: float
    eps_rew: float
    bound: float
    intervals: Mapping[str, Interval | None]
    intervals_unknown: str
    regret_even_split: float
    next_unit: str
    next_unit_at: tuple[float, float]
    share_if_weight_is_a_tenth: float
    budget_for_target: float | None
    heads: Mapping[str, HeadFit]
    problem: Problem
    weighting: Weighting
    request: Request

    @cached_property
    def warnings(self) -> tuple[str, ...]:
        """Lines for the user; see :func:`cautions`."""
        return tuple(cautions(self))

    def as_json(self) -> dict[str, Any]:
        """The plan as plain values, ready for ``json.dumps(..., allow_nan=False)``; what is not known is None."""
        return {
            "n_dyn": self.n_dyn,
            "n_rew": self.n_rew,
            "share_dyn": self.share_dyn,
            "eps_dyn": self.eps_dyn,
            "eps_rew": self.eps_rew,
            "bound": self.bound,
            "exponents": {name: head.law.exponent for name, head in self.heads.items()},
            "scales": {name: head.law.scale for name, head in self.heads.items()},
            "intervals": {name: list(pair) if pair else None for name, pair in self.intervals.items()},
            "intervals_unknown": self.intervals_unknown or None,
            "regret_even_split": self.regret_even_split,
            "next_unit": self.next_unit,
            "next_unit_at": dict(zip(("n_dyn", "n_rew"), self.next_unit_at, strict=True)),
            "weight": self.weighting.weight,
            "weight_source": self.weighting.source,
            "share_if_weight_is_a_tenth": self.share_if_weight_is_a_tenth,
            "budget_for_target": self.budget_for_target,
            "warnings": list(self.warnings),
        }


def cautions(plan: Plan) -> Iterator[str]:
    """Yield one line for each reason to be careful with a plan: what a careful colleague would add."""
    heads = plan.heads
    yield from plan.weighting.warnings
    if any(head.errors.squared for head in heads.values()):
        yield (
            "mean squared errors were given: the laws are of their roots, so each exponent is half of the one that a "
            "fit to the MSE shows"
        )
    if heads["dynamics"].errors.measure != "error" and plan.request.state_dim == 1:
        yield (
            "the dynamics error is taken for one output of the state (the root mean square); if it was averaged over d "
            "outputs, say so (state_dim), and it counts √d times more"
        )
    for name, n in (("dynamics", plan.n_dyn), ("reward", plan.n_rew)):
        head = heads[name]
        yield from (f"{name}: {said}" for said in (*_extrapolated(head, n), *_doubted(head), *_few_seeds(head)))
    if plan.intervals_unknown:
        yield f"some intervals cannot be given: {plan.intervals_unknown}"
    if plan.request.target is not None:
        yield from _far(plan)
    if abs(plan.share_if_weight_is_a_tenth - plan.share_dyn) > 0.05:
        yield (
            f"the answer hinges on the weight {plan.weighting.weight:.3g}: if that is only a bound and the truth is 10 "
            f"times smaller, the best share of dynamics is {plan.share_if_weight_is_a_tenth:.3g}, not "
            f"{plan.share_dyn:.3g}"
        )


def _extrapolated(head: HeadFit, n: float) -> Iterator[str]:
    """Say by how much a planned count leaves the measured range."""
    low, high = float(head.fit.anchors[0]), float(head.fit.anchors[-1])
    if n > high * 1.01:
        yield f"{n:,.0f} samples are {n / high:.3g} times the largest measured ({high:,.0f}): extrapolated"
    elif n < low / 1.01:
        yield f"{n:,.0f} samples are {low / n:.3g} times fewer than measured ({low:,.0f}): extrapolated"


def _doubted(head: HeadFit) -> list[str]:
    """What speaks against the power law that was fitted, in the measure that was given."""
    interval, unit = head.exponent_interval(), 2.0 if head.fit.squared else 1.0
    return doubts(head.fit, exponents=(unit * interval[0], unit * interval[1]) if interval else None)


def _few_seeds(head: HeadFit) -> Iterator[str]:
    """Say what the intervals cannot know with few trainings."""
    fewest = int(head.fit.counts.min())
    if fewest == 1:
        known = "cannot be given" if head.unknown else "come from the scatter about the line"
        yield f"one training at some n, so the intervals {known}; 5 or more seeds would show the spread"
    elif fewest < 5:
        yield f"{fewest} seeds at some n make the intervals too narrow; 5 or more are better"


def _far(plan: Plan) -> Iterator[str]:
    if plan.budget_for_target is None:
        yield f"the target {plan.request.target:g} is out of reach: no number can hold the money that it would take"
    elif plan.budget_for_target > 10 * plan.request.total:
        times = plan.budget_for_target / plan.request.total
        yield f"the target needs {times:.3g} times this money: so far out the laws are a guess"


def plan_text(plan: Plan) -> str:
    """The plan as ``imagination plan`` prints it, in at most 80 columns."""
    request = plan.request
    kinds = (
        ("dynamics", "dyn", plan.n_dyn, request.have_dyn, request.cost_dyn, plan.eps_dyn),
        ("reward", "rew", plan.n_rew, request.have_rew, request.cost_rew, plan.eps_rew),
    )
    lines = [f"Plan for a budget of {request.budget:g}   (in brackets: 95 % intervals)", ""]
    for head, kind, n, have, cost, error in kinds:
        law, exponent = plan.heads[head].law, _bracket(plan.intervals[f"exponent_{kind}"], ".3f")
        lines += [
            f"  {head}",
            f"    samples   {_count(n)}{_bracket(plan.intervals[f'n_{kind}'])}"
            + (f", {have:g} of them owned already" if have else ""),
            f"    to spend  {max(0.0, (n - have) * cost):,.6g}",
            f"    error     {error:.3g}, from {law.scale:.3g} N^-{law.exponent:.3g}"
            + (f", exponent{exponent}" if exponent else ""),
        ]
    at = plan.next_unit_at
    bound = "weighted error" if plan.weighting.source == "given; the bound is an error per step" else "bound"
    lines += [
        "",
        f"  share of dynamics   {plan.share_dyn:.1%}{_bracket(plan.intervals['share_dyn'], '.1%')}",
        f"  expected {bound:<10} {plan.bound:.4g}{_bracket(plan.intervals['bound'], '.4g')}",
        f"  an even split       {plan.regret_even_split:.4g} times that",
        f"  next unit of money  {plan.next_unit}, owning {_count(at[0])} dynamics and {_count(at[1])} reward",
        f"  weight              {plan.weighting.weight:.4g} ({plan.weighting.source})",
        f"  a tenth of it       share of dynamics {plan.share_if_weight_is_a_tenth:.1%}",
    ]
    if request.target is not None:
        least = plan.budget_for_target
        found = "out of reach" if least is None else f"a budget of {least:,.4g} in all"
        lines.append(f"  for a target of {request.target:g}   {found}")
    if plan.warnings:
        lines += ["", "Careful:"]
        lines += [fill(said, 76, initial_indent="  - ", subsequent_indent="    ") for said in plan.warnings]
    return "\n".join(lines)


def _count(n: float) -> str:
    return f"{n:,.0f}" if n < 1e15 else f"{n:.4g}"


def _bracket(interval: Interval | None, style: str = "") -> str:
    if interval is None:
        return ""
    low, high = (f"{end:{style}}" if style else _count(end) for end in interval)
    return f" [{low}, {high}]"
