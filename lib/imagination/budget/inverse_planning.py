"""The least budget for a target error: Theorem 1 read backwards (this book)."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from imagination.budget.allocation import Problem, Split, log_sigmoid, newton, split_at
from imagination.errors import require

__all__ = ["budget_for_target"]


def budget_for_target(problem: Problem, target, *, most_iterations: int = 50) -> tuple[np.ndarray, Split]:
    r"""The least budget with which the objective reaches ``target``, and how it is split.

    With w the dynamics part of the error and v its logit, the condition that the last unit of money does the same on
    both sides is one equation, decreasing in v with a bend of one sign:

    .. math:: \ln\frac{c_{dyn}\beta}{c_{rew}\alpha}+\frac1\alpha\ln\frac{C_d}{w\tau}
              -\frac1\beta\ln\frac{C_r}{(1-w)\tau}-v=0.

    Args:
        problem: the problem; its field ``budget`` is not used. Both coefficients positive.
        target: τ > 0, in the unit of the objective (number or array).
        most_iterations: Newton updates allowed.

    Returns:
        The budget, and the :class:`~imagination.budget.allocation.Split` of it.

    Raises:
        RequestError: for a target that is not positive, at a corner, or if Newton does not finish.

    Source: this book.

    Example:
        >>> problem = Problem(0.5, 0.5, 8.0, 1.0, cost_dyn=1.0, cost_rew=1.0, budget=1.0)
        >>> budget, split = budget_for_target(problem, 0.5)
        >>> round(float(budget), 6), round(split.n_dyn, 6)
        (500.0, 400.0)
    """
    tau = np.asarray(target, dtype=float)
    require(np.all(np.isfinite(tau) & (tau > 0)), f"target = {target} is not allowed: it must be finite and positive")
    interior = np.all((problem.coefficient_dyn > 0) & (problem.coefficient_rew > 0))
    require(interior, "a coefficient is 0: with one kind of error the budget follows from its power law alone")
    alpha, beta = problem.exponent_dyn, problem.exponent_rew
    ln_d, ln_r = np.log(problem.coefficient_dyn / tau), np.log(problem.coefficient_rew / tau)
    aim = np.log(problem.cost_dyn * beta / (problem.cost_rew * alpha)) + ln_d / alpha - ln_r / beta
    # −ln(w)/α + ln(1 − w)/β − v + aim = 0, and ln(1 − w) = ln(w) − v.
    at_zero = aim + np.log(2.0) * (1 / alpha - 1 / beta)
    v = at_zero / (1 + np.where(at_zero > 0, 1 / beta, 1 / alpha))

    def step(v):
        ln_w, ln_rest = log_sigmoid(v), log_sigmoid(-v)
        return (aim - ln_w / alpha + ln_rest / beta - v) / (1 + np.exp(ln_rest) / alpha + np.exp(ln_w) / beta)

    v, iterations = newton(step, v, most_iterations=most_iterations)
    spend_dyn = np.log(problem.cost_dyn) + (ln_d - log_sigmoid(v)) / alpha
    spend_rew = np.log(problem.cost_rew) + (ln_r - log_sigmoid(-v)) / beta
    with np.errstate(over="ignore", under="ignore"):
        budget = np.exp(np.logaddexp(spend_dyn, spend_rew))
    within = np.all(np.isfinite(budget) & (budget > 0))
    require(within, f"target = {target} is out of reach of floating point: the budget would be {budget}")
    logit = v + np.log(alpha / beta)  # the money form of Equation 4: spend ratio = αD/(βR)
    return budget, split_at(replace(problem, budget=budget), logit, iterations=iterations)
