"""The warnings of a plan: what a careful colleague would add before the money is spent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

import numpy as np
from scipy.stats import f as f_distribution

from imagination.laws.errors_table import Errors
from imagination.laws.powerlaw import PowerLawFit

if TYPE_CHECKING:
    from imagination.budget.planner import Plan

__all__ = ["cautions"]


def cautions(plan: Plan, errors: Mapping[str, Errors], draws: Mapping, state_dim: int) -> Iterator[str]:
    """Yield one line for each reason to be careful with a plan."""
    yield from plan.weighting.warnings
    if any(errors[head].squared for head in errors):
        yield (
            "mean squared errors were given: the laws are of their roots, so each exponent is half of the one that a "
            "fit to the MSE shows"
        )
    if errors["dynamics"].measure != "error" and state_dim == 1:
        yield (
            "the dynamics error is taken for one output of the state (the root mean square); if it was averaged over d "
            "outputs, say so (state_dim), and it counts √d times more"
        )
    for head, n in (("dynamics", plan.n_dyn), ("reward", plan.n_rew)):
        fit = plan.fits[head]
        yield from extrapolation(head, n, fit)
        yield from not_a_power_law(head, fit)
        yield from few_seeds(head, fit)
        if draws[head] is not None and np.mean(draws[head][1] <= 0) > 0.025:
            yield f"{head}: the data do not exclude an error that stops falling (exponent 0 or less)"
    total = float(plan.problem.budget)
    if plan.budget_for_target is not None and plan.budget_for_target > 10 * total:
        yield f"the target needs {plan.budget_for_target / total:.3g} times this money: so far out the laws are a guess"
    moved = plan.share_if_weight_is_a_tenth - plan.share_dyn
    if abs(moved) > 0.05:
        yield (
            f"the answer hinges on the weight {plan.weighting.weight:.3g}: if that is only a bound and the truth is 10 "
            f"times smaller, the best share of dynamics is {plan.share_if_weight_is_a_tenth:.3g}, not "
            f"{plan.share_dyn:.3g}"
        )


def extrapolation(head: str, n: float, fit: PowerLawFit) -> Iterator[str]:
    """Say by how much a planned count leaves the measured range."""
    low, high = float(fit.anchors[0]), float(fit.anchors[-1])
    if n > high * 1.01:
        yield f"{head}: {n:,.0f} samples are {n / high:.3g} times the largest measured ({high:,.0f}): extrapolated"
    elif n < low / 1.01:
        yield f"{head}: {n:,.0f} samples are {low / n:.3g} times fewer than measured ({low:,.0f}): extrapolated"


def not_a_power_law(head: str, fit: PowerLawFit) -> Iterator[str]:
    """Say so where the points leave the line: the F test of lack of fit with seeds, at 1 %, and R² without."""
    if len(fit.anchors) < 3:
        yield f"{head}: two numbers of samples fix the line and cannot show whether it is one; measure a third"
        return
    residual = np.log(fit.means / fit.predict(fit.anchors))
    exponents = fit.local_exponents() * (0.5 if fit.squared else 1.0)
    bend = f"the exponent between neighbouring n goes from {exponents[0]:.3g} to {exponents[-1]:.3g}"
    if np.all(fit.counts > 1) and np.all(fit.sems > 0):
        freedom = np.sum(fit.counts - 1)
        spread = (
            np.sum((fit.counts - 1) * fit.counts * (fit.sems / fit.means) ** 2) / freedom
        )  # of one training, in logs
        misfit = np.sum(fit.counts * residual**2) / (len(fit.anchors) - 2)
        p = float(f_distribution.sf(misfit / spread, len(fit.anchors) - 2, freedom))
        if p < 0.01:
            yield f"{head}: the errors do not follow one power law (lack of fit, p = {p:.1g}): {bend}"
    elif fit.r2 < 0.95:
        yield f"{head}: the errors hardly follow a power law (R² = {fit.r2:.2f}): {bend}"


def few_seeds(head: str, fit: PowerLawFit) -> Iterator[str]:
    """Say what the intervals cannot know with few trainings."""
    fewest = int(fit.counts.min())
    if fewest == 1:
        known = "come from the scatter about the line" if len(fit.anchors) > 2 else "cannot be given"
        yield f"{head}: one training at some n, so the intervals {known}; 5 or more seeds would show the spread"
    elif fewest < 5:
        yield f"{head}: {fewest} seeds at some n make the intervals too narrow; 5 or more are better"
