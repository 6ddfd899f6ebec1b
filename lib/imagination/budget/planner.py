"""From a table of measured errors to a plan: what data to buy next, how sure that is, and what to be careful about."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from imagination.budget.allocation import Problem, budget_for_target, clamped, split_at
from imagination.budget.buying import next_unit
from imagination.budget.cautions import cautions
from imagination.budget.measured_laws import drawn_laws, fit_head, law_of_norm
from imagination.budget.weighting import Weighting
from imagination.errors import require
from imagination.laws.errors_table import Errors
from imagination.laws.powerlaw import PowerLaw, PowerLawFit

__all__ = ["HEADS", "Plan", "plan_budget"]

HEADS = ("dynamics", "reward")
Interval = tuple[float, float]


@dataclass(frozen=True)
class Plan:
    """The answer: everything that the command prints.

    Attributes:
        n_dyn, n_rew: samples to own in the end, ``have`` included; real numbers.
        share_dyn: part of all the money, ``have`` valued at today's cost, that is spent on dynamics.
        eps_dyn, eps_rew: error norms that the laws expect there.
        bound: expected bound on the return gap, ``scale * (weight * eps_dyn + eps_rew)``.
        laws: power laws of the norms, by head.
        intervals: 95 % intervals of ``n_dyn``, ``n_rew``, ``share_dyn``, ``bound``, ``exponent_dyn``, ``exponent_rew``;
            None where the table can't give one.
        regret_even_split: bound of an even split of the money over the bound of the plan, at least 1.
        next_unit: ``dynamics`` or ``reward``: what one more unit of money should buy for somebody who owns
            ``next_unit_at``.
        next_unit_at: the counts of that statement: ``have``, or the largest measured ones.
        share_if_weight_is_a_tenth: the share if the weight is ten times smaller.
        budget_for_target: least money for the target bound; None without a target.
        warnings: lines for the user.
        problem: the allocation problem, for pictures and further questions.
        fits: the fits behind the laws.
        weighting: weight and scale.
    """

    n_dyn: float
    n_rew: float
    share_dyn: float
    eps_dyn: float
    eps_rew: float
    bound: float
    laws: Mapping[str, PowerLaw]
    intervals: Mapping[str, Interval | None]
    regret_even_split: float
    next_unit: str
    next_unit_at: tuple[float, float]
    share_if_weight_is_a_tenth: float
    budget_for_target: float | None
    warnings: tuple[str, ...]
    problem: Problem
    fits: Mapping[str, PowerLawFit]
    weighting: Weighting

    def as_json(self) -> dict:
        """The plan as plain values, ready for ``json.dumps``; what is not known is None."""
        return {
            "n_dyn": self.n_dyn,
            "n_rew": self.n_rew,
            "share_dyn": self.share_dyn,
            "eps_dyn": self.eps_dyn,
            "eps_rew": self.eps_rew,
            "bound": self.bound,
            "exponents": {head: law.exponent for head, law in self.laws.items()},
            "scales": {head: law.scale for head, law in self.laws.items()},
            "intervals": {name: list(pair) if pair else None for name, pair in self.intervals.items()},
            "regret_even_split": self.regret_even_split,
            "next_unit": self.next_unit,
            "next_unit_at": dict(zip(("n_dyn", "n_rew"), self.next_unit_at, strict=True)),
            "weight": self.weighting.weight,
            "weight_source": self.weighting.source,
            "share_if_weight_is_a_tenth": self.share_if_weight_is_a_tenth,
            "budget_for_target": self.budget_for_target,
            "warnings": list(self.warnings),
        }


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
        :class:`Plan`.

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
    for name, value in (("budget", budget), ("cost_dyn", cost_dyn), ("cost_rew", cost_rew)):
        require(0 < value < math.inf, f"{name} = {value} is not allowed: it must be finite and positive")
    for name, value in (("have_dyn", have_dyn), ("have_rew", have_rew)):
        require(0 <= value < math.inf, f"{name} = {value} is not allowed: it must be finite and not negative")
    require(
        target is None or 0 < target < math.inf, f"target = {target} is not allowed: it must be finite and positive"
    )
    require(resamples >= 100, f"resamples = {resamples} is not allowed: at least 100; try 2000")
    require(state_dim >= 1, f"state_dim = {state_dim} is not allowed: a state has at least 1 output")
    least = {"dynamics": max(1.0, have_dyn), "reward": max(1.0, have_rew)}
    total = budget + cost_dyn * have_dyn + cost_rew * have_rew
    needed = cost_dyn * (least["dynamics"] - have_dyn) + cost_rew * (least["reward"] - have_rew)
    require(
        budget >= max(needed, min(cost_dyn, cost_rew)),
        f"budget = {budget:g} buys less than one sample of each kind: they cost {cost_dyn:g} and {cost_rew:g}; "
        "raise the budget, or check that costs are in the same unit",
    )
    fits, laws, draws = {}, {}, {}
    for head in HEADS:
        require(head in errors, f"there are no errors of the head {head}: both curves are needed")
        fits[head] = fit_head(errors[head], resamples, generator)
        laws[head] = law_of_norm(fits[head], errors[head], state_dim if head == "dynamics" else 1)
        draws[head] = drawn_laws(fits[head], laws[head], resamples, generator)
    problem = Problem.from_laws(
        laws["dynamics"], laws["reward"], budget=total, cost_dyn=cost_dyn, cost_rew=cost_rew, weight=weighting.weight
    )
    minima = {"min_dyn": least["dynamics"], "min_rew": least["reward"]}
    split = clamped(problem, **minima)
    tenth = clamped(replace(problem, coefficient_dyn=problem.coefficient_dyn / 10), **minima)
    measured = tuple(float(fits[head].anchors[-1]) for head in HEADS)
    at = (have_dyn, have_rew) if have_dyn > 0 and have_rew > 0 else measured
    plan = Plan(
        n_dyn=split.n_dyn,
        n_rew=split.n_rew,
        share_dyn=split.share_dyn,
        eps_dyn=float(laws["dynamics"](split.n_dyn)),
        eps_rew=float(laws["reward"](split.n_rew)),
        bound=weighting.scale * split.objective,
        laws=laws,
        intervals=intervals(problem, draws, minima, weighting),
        regret_even_split=split_at(problem, 0.0).objective / split.objective,
        next_unit=next_unit(problem, *at),
        next_unit_at=at,
        share_if_weight_is_a_tenth=tenth.share_dyn,
        budget_for_target=None if target is None else least_budget(problem, laws, target / weighting.scale),
        warnings=(),
        problem=problem,
        fits=fits,
        weighting=weighting,
    )
    return replace(plan, warnings=tuple(cautions(plan, errors, draws, state_dim)))


def intervals(problem: Problem, draws: Mapping, minima: Mapping, weighting: Weighting) -> dict[str, Interval | None]:
    """Percentile intervals (95 %) of the plan, from laws drawn for both heads independently."""
    names = ("n_dyn", "n_rew", "share_dyn", "bound", "exponent_dyn", "exponent_rew")
    if any(draws[head] is None for head in HEADS):
        return dict.fromkeys(names)
    (scale_d, alpha), (scale_r, beta) = (draws[head] for head in HEADS)
    usable = (alpha > 0) & (beta > 0)
    many = replace(
        problem,
        exponent_dyn=alpha[usable],
        exponent_rew=beta[usable],
        coefficient_dyn=weighting.weight * scale_d[usable],
        coefficient_rew=scale_r[usable],
    )
    split = clamped(many, **minima)
    values = (split.n_dyn, split.n_rew, split.share_dyn, weighting.scale * split.objective, alpha, beta)
    return {
        name: tuple(float(v) for v in np.percentile(value, [2.5, 97.5]))
        for name, value in zip(names, values, strict=True)
    }


def least_budget(problem: Problem, laws: Mapping[str, PowerLaw], target: float) -> float:
    """Least money that brings the objective to ``target``, both kinds of sample included."""
    if problem.coefficient_dyn == 0:
        return laws["reward"].samples_for(target) * float(problem.cost_rew)
    return float(budget_for_target(problem, target)[0])
