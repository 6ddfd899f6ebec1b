"""From a table of measured errors to a plan: what data to buy next, and how sure that is."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import fields, replace

import numpy as np

from imagination.budget.allocation import Problem, budget_for_target, clamped
from imagination.budget.buying import next_unit
from imagination.budget.plan import HEADS, Plan, Request
from imagination.budget.weighting import Weighting
from imagination.checks import number, whole
from imagination.errors import RequestError, require, shown
from imagination.laws.errors_table import Errors
from imagination.laws.head_fit import HeadFit, fit_head
from imagination.laws.powerlaw import Interval, percentiles

FLAT = 1e-9
"""A drawn law whose error does not fall is planned with as flat: it gets no more than the least number of samples."""
STEEPEST = 50.0
"""A drawn law that falls more steeply is planned with this exponent: beyond its middle it costs nothing either way."""
MOST_RESAMPLES = 1_000_000
LARGEST = 1e100
"""Of the weight and the scale of the bound."""


def plan_budget(
    errors: Mapping[str, Errors],
    *,
    budget: float,
    cost_dyn: float,
    cost_rew: float,
    weighting: Weighting,
    target: float | None = None,
    have_dyn: float = 0.0,
    have_rew: float = 0.0,
    state_dim: int = 1,
    resamples: int = 2000,
    generator: np.random.Generator,
) -> Plan:
    """Fit both error curves, split the budget between them (Theorem 1), and say how far the answer can be trusted.

    Args:
        errors: measured errors of the heads ``dynamics`` and ``reward``, from
            :func:`imagination.laws.errors_table.read_errors`.
        budget: money to spend now, > 0.
        cost_dyn: money for one dynamics sample, > 0.
        cost_rew: money for one reward sample, > 0.
        weighting: from :func:`imagination.budget.weighting.weighting`.
        target: bound that is wanted, > 0; asks for the least budget.
        have_dyn: dynamics samples owned already, on top of which the budget buys.
        have_rew: reward samples owned already.
        state_dim: number of outputs that a dynamics MSE or RMSE was averaged over; the norm is √state_dim times larger.
        resamples: bootstrap resamples, at least 100.
        generator: of the bootstrap.

    Returns:
        :class:`imagination.budget.plan.Plan`.

    Raises:
        RequestError: if the request is wrong, a head is missing or was measured at one n only, or errors do not fall
            with n.

    Source: Theorem 1; the intervals and the warnings are this book's.

    Example:
        >>> n = np.array([100.0, 400.0, 1600.0])
        >>> table = {head: Errors(head, n, scale * n**-0.5, np.zeros(3, int), "error", False)
        ...          for head, scale in (("dynamics", 8.0), ("reward", 1.0))}
        >>> plan = plan_budget(table, budget=500.0, cost_dyn=1.0, cost_rew=1.0,
        ...                    weighting=Weighting(1.0, 1.0, "given"), generator=np.random.default_rng(0))
        >>> round(plan.n_dyn, 6), round(plan.n_rew, 6), plan.next_unit
        (400.0, 100.0, 'dynamics')
    """
    request = Request(budget, cost_dyn, cost_rew, target, have_dyn, have_rew, state_dim)
    draws = whole("resamples", resamples, low=100, high=MOST_RESAMPLES)
    require(isinstance(errors, Mapping), f"errors = {shown(errors)} is not allowed: what read_errors gives")
    require(isinstance(weighting, Weighting), f"weighting = {shown(weighting)} is not allowed: what weighting() gives")
    heads = {}
    for name in HEADS:
        require(name in errors, f"there are no errors of the head {name}: both curves are needed")
        outputs = state_dim if name == "dynamics" else 1
        heads[name] = fit_head(errors[name], outputs=outputs, resamples=draws, generator=generator)
        exponent = heads[name].fit.exponent
        require(
            exponent > 0,
            f"head {name}: the errors do not fall with n (fitted exponent {exponent:.3g}), so that no amount of data "
            "lowers the bound; look at the training before planning data",
        )
    dynamics, reward = (heads[name].law for name in HEADS)
    number("weight", weighting.weight, low=0, high=LARGEST)
    number("scale", weighting.scale, above=0, high=LARGEST)
    require(
        math.isfinite(weighting.weight * dynamics.scale),
        f"the weight {weighting.weight:.3g} times the dynamics law {dynamics.scale:.3g} N^-{dynamics.exponent:.3g} is "
        "too large for a number: give the errors in a larger unit",
    )
    problem = Problem.from_laws(
        dynamics, reward, budget=request.total, cost_dyn=cost_dyn, cost_rew=cost_rew, weight=weighting.weight
    )
    split = clamped(problem, **request.least)
    bound, even = weighting.scale * float(split.objective), _even(problem, request)
    require(
        0 < bound < math.inf and math.isfinite(even),
        f"the laws {dynamics.scale:.3g} N^-{dynamics.exponent:.3g} and {reward.scale:.3g} N^-{reward.exponent:.3g} "
        "lead to a bound that is no number there: measure nearer to the counts that are planned",
    )
    tenth = clamped(replace(problem, coefficient_dyn=problem.coefficient_dyn / 10), **request.least)
    measured = (float(heads["dynamics"].fit.anchors[-1]), float(heads["reward"].fit.anchors[-1]))
    at = (have_dyn, have_rew) if have_dyn > 0 and have_rew > 0 else measured
    found, unknown = _intervals(heads, request, weighting)
    return Plan(
        n_dyn=float(split.n_dyn),
        n_rew=float(split.n_rew),
        share_dyn=float(split.share_dyn),
        eps_dyn=float(dynamics(split.n_dyn)),
        eps_rew=float(reward(split.n_rew)),
        bound=bound,
        intervals=found,
        intervals_unknown=unknown,
        regret_even_split=even / float(split.objective),
        next_unit=next_unit(problem, *at),
        next_unit_at=at,
        share_if_weight_is_a_tenth=float(tenth.share_dyn),
        budget_for_target=None if target is None else _least_budget(problem, heads, target / weighting.scale),
        heads=heads,
        problem=problem,
        weighting=weighting,
        request=request,
    )


def _even(problem: Problem, request: Request) -> float:
    """Objective of the even split of all the money, or of the nearest that what is owned allows."""
    least, total = request.least, request.total
    lowest, highest = least["min_dyn"] * request.cost_dyn / total, 1 - least["min_rew"] * request.cost_rew / total
    return float(problem.objective(min(max(0.5, lowest), highest)))


def _intervals(
    heads: Mapping[str, HeadFit], request: Request, weighting: Weighting
) -> tuple[dict[str, Interval | None], str]:
    """Percentile intervals (95 %) of the plan, from laws drawn for both heads independently; and why one is missing."""
    dynamics, reward = (heads[name] for name in HEADS)
    exponents = {"exponent_dyn": dynamics.exponent_interval(), "exponent_rew": reward.exponent_interval()}
    names = ("n_dyn", "n_rew", "share_dyn", "bound")
    unknown = "; ".join(f"{name}: {heads[name].unknown}" for name in HEADS if heads[name].unknown)
    if unknown:
        return dict.fromkeys((*names, *exponents)) | exponents, unknown
    # Samples are counted in units of the middle of those measured, where a drawn law is a number however steep it is.
    problem = Problem(
        exponent_dyn=np.clip(dynamics.exponents, FLAT, STEEPEST),
        exponent_rew=np.clip(reward.exponents, FLAT, STEEPEST),
        coefficient_dyn=weighting.weight * dynamics.levels,
        coefficient_rew=reward.levels,
        cost_dyn=request.cost_dyn * dynamics.centre,
        cost_rew=request.cost_rew * reward.centre,
        budget=request.total,
    )
    least = request.least
    minima = {"min_dyn": least["min_dyn"] / dynamics.centre, "min_rew": least["min_rew"] / reward.centre}
    try:
        split = clamped(problem, **minima)
    except RequestError:
        return dict.fromkeys(names) | exponents, "some drawn laws leave the range of floating point"
    with np.errstate(over="ignore"):  # an end that is no number becomes None below
        bound = weighting.scale * split.objective
        drawn = (split.n_dyn * dynamics.centre, split.n_rew * reward.centre, split.share_dyn, bound)
    found = {name: percentiles(np.asarray(values)) for name, values in zip(names, drawn, strict=True)} | exponents
    lost = [name for name, pair in found.items() if pair is None]
    return found, f"{' and '.join(lost)}: the fits are so uncertain that an end is no number" if lost else ""


def _least_budget(problem: Problem, heads: Mapping[str, HeadFit], target: float) -> float | None:
    """Least money that brings the objective to ``target``, both kinds of sample included; None where out of reach."""
    try:
        with np.errstate(over="ignore", invalid="ignore"):
            if problem.coefficient_dyn == 0:
                least = heads["reward"].law.samples_for(target) * float(problem.cost_rew)
            else:
                least = float(budget_for_target(problem, target)[0])
    except RequestError:
        return None
    return least if 0 < least < math.inf else None


def what_moves_it(plan: Plan) -> dict[str, tuple[float | None, float | None]]:
    """How far the best share of dynamics moves when one input changes alone, the least moved first.

    Prices, budget and the scale of an error are halved and doubled; the weight, which is known only as a bound, falls
    to a tenth; each exponent takes the ends of its 95 % interval, with the line turning about the middle of its data.

    Args:
        plan: of :func:`plan_budget`.

    Returns:
        For each input, the share at its smaller and at its larger value; None where that can't be bought.

    Source: this book.

    Example:
        >>> n = np.array([100.0, 400.0, 1600.0])
        >>> table = {head: Errors(head, n, scale * n**-0.5, np.zeros(3, int), "error", False)
        ...          for head, scale in (("dynamics", 8.0), ("reward", 1.0))}
        >>> plan = plan_budget(table, budget=500.0, cost_dyn=1.0, cost_rew=1.0,
        ...                    weighting=Weighting(1.0, 1.0, "given"), generator=np.random.default_rng(0))
        >>> [round(share, 3) for share in what_moves_it(plan)["dynamics error, 2 times"]]
        [0.716, 0.864]
    """
    problem, least = plan.problem, plan.request.least
    now = {field.name: float(getattr(problem, field.name)) for field in fields(problem)}

    def share_with(**changed: float) -> float | None:
        then = now | changed
        needed = least["min_dyn"] * then["cost_dyn"] + least["min_rew"] * then["cost_rew"]
        return float(clamped(Problem(**then), **least).share_dyn) if needed <= then["budget"] else None

    moved: dict[str, tuple[float | None, float | None]] = {
        "weight, 10 times smaller": (plan.share_if_weight_is_a_tenth, plan.share_dyn)
    }
    for name, field in (
        ("budget", "budget"), ("cost of dynamics", "cost_dyn"), ("cost of rewards", "cost_rew"),
        ("dynamics error", "coefficient_dyn"), ("reward error", "coefficient_rew"),
    ):  # fmt: skip
        moved[f"{name}, 2 times"] = (share_with(**{field: now[field] / 2}), share_with(**{field: now[field] * 2}))
    for head, kind in zip(HEADS, ("dyn", "rew"), strict=True):
        interval, fitted = plan.intervals[f"exponent_{kind}"], plan.heads[head]
        if interval is None:
            continue
        ends: list[float | None] = []
        for exponent in np.clip(interval, FLAT, STEEPEST).tolist():
            # The error at the middle of the data stays: C' m^-x = C m^-α.
            with np.errstate(over="ignore"):
                turned = float(np.exp(math.log(fitted.centre) * (exponent - fitted.law.exponent)))
            coefficient = now[f"coefficient_{kind}"] * turned
            turn = {f"exponent_{kind}": exponent, f"coefficient_{kind}": coefficient}
            ends.append(share_with(**turn) if math.isfinite(coefficient) else None)
        moved[f"{head} exponent, 95 %"] = (ends[0], ends[1])

    def width(ends: tuple[float | None, float | None]) -> float:
        return abs(ends[1] - ends[0]) if ends[0] is not None and ends[1] is not None else 0.0

    return dict(sorted(moved.items(), key=lambda bar: width(bar[1])))
