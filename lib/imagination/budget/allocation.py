"""The optimal split of a budget between dynamics samples and reward samples (Theorem 1, Equations 3 and 4).

Everything rests on one equation in one unknown. With the spend share ``s`` of dynamics and its logit ``u``, the two
stationarity conditions of the Lagrangian become ``G(u) = T``, where ``G`` is increasing, bends one way only and has a
slope between one plus the smaller and one plus the larger exponent. Newton's method therefore converges from any
start, and no solver has to be trusted.

The least budget for a target error: Theorem 1 read backwards (this book).

What a split other than the best one costs: the regret of any share, of 50/50, and the safest share (this book).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from scipy.optimize import brentq

from imagination.errors import RequestError, require

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from imagination.laws.powerlaw import PowerLaw

__all__ = [
    "Problem",
    "Split",
    "budget_for_target",
    "clamped",
    "minimax_share",
    "optimal_logit",
    "optimal_split",
    "regret",
    "solve",
    "split_at",
    "worst_even_split",
]

LAST_STEP = 1e-8
"""Newton stops after a step of this size; it converges quadratically with a constant below 1/2, so 1e-16 is left."""


@dataclass(frozen=True)
class Problem:
    r"""The allocation problem: spend a budget on two kinds of samples so that the weighted error is least.

    .. math:: \min\ \mathcal U=C_dN_{dyn}^{-\alpha}+C_rN_{rew}^{-\beta}
              \quad\text{subject to}\quad c_{dyn}N_{dyn}+c_{rew}N_{rew}=B

    Each field is a number or an array; arrays broadcast against each other, and one problem is solved for each entry.

    Args:
        exponent_dyn: α > 0, exponent of the dynamics error NORM (half of the exponent of its MSE).
        exponent_rew: β > 0, exponent of the reward error norm.
        coefficient_dyn: C_d ≥ 0. Zero means that dynamics errors cost nothing (γL_r = 0), and nothing is spent on them.
        coefficient_rew: C_r ≥ 0, not zero where C_d is.
        cost_dyn: c_dyn > 0, money for one dynamics sample.
        cost_rew: c_rew > 0, money for one reward sample.
        budget: B > 0, money.

    Raises:
        RequestError: naming the field, if a value is out of range, infinite or NaN.

    Source: §4 and B.3. A factor common to C_d and C_r, such as 1/(1 − γ), changes the value of the objective and not
        the split.

    Example:
        >>> problem = Problem(0.5, 0.5, 4.0, 1.0, cost_dyn=1.0, cost_rew=1.0, budget=100.0)
        >>> round(float(problem.objective(0.5)), 6)
        0.707107
        >>> Problem(0.5, -0.5, 4.0, 1.0, cost_dyn=1.0, cost_rew=1.0, budget=100.0)
        Traceback (most recent call last):
        imagination.errors.RequestError: exponent_rew = -0.5 is not allowed: it must be finite and positive
    """

    exponent_dyn: ArrayLike
    exponent_rew: ArrayLike
    coefficient_dyn: ArrayLike
    coefficient_rew: ArrayLike
    cost_dyn: ArrayLike
    cost_rew: ArrayLike
    budget: ArrayLike

    def __post_init__(self):
        for field in fields(self):
            try:
                value = np.asarray(getattr(self, field.name), dtype=float)
            except (TypeError, ValueError):
                given = getattr(self, field.name)
                raise RequestError(f"{field.name} = {given!r} is not allowed: a number or an array is wanted") from None
            zero_is_fine = field.name.startswith("coefficient")
            wrong = ~(np.isfinite(value) & ((value >= 0) if zero_is_fine else (value > 0)))
            if wrong.any():
                wanted = "finite and not negative" if zero_is_fine else "finite and positive"
                raise RequestError(f"{field.name} = {value[wrong][0]:g} is not allowed: it must be {wanted}")
            object.__setattr__(self, field.name, value)
        both_zero = (self.coefficient_dyn == 0) & (self.coefficient_rew == 0)
        require(
            not np.any(both_zero),
            "coefficient_dyn = coefficient_rew = 0 leaves nothing to minimise: one must be positive",
        )

    @classmethod
    def from_laws(cls, dynamics: PowerLaw, reward: PowerLaw, *, budget, cost_dyn, cost_rew, weight) -> Problem:
        """Take α, β, A_d and A_r from two power laws; the objective is then ``weight * eps_dyn + eps_rew``."""
        checked = np.asarray(weight, dtype=float)
        fine = np.isfinite(checked) & (checked >= 0)
        require(fine.all(), f"weight = {weight} is not allowed: it must be finite and not negative; "
                "where γL_f(1 + L_π) ≥ 1 take the weight of a finite horizon")  # fmt: skip
        return cls(dynamics.exponent, reward.exponent, checked * dynamics.scale, reward.scale,
                   cost_dyn=cost_dyn, cost_rew=cost_rew, budget=budget)  # fmt: skip

    def counts(self, share: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        """Numbers of dynamics and of reward samples that a spend share of dynamics in [0, 1] buys."""
        share = np.asarray(share, dtype=float)
        require(np.all((share >= 0) & (share <= 1)), f"share = {share} is not allowed: it must lie in [0, 1]")
        return share * self.budget / self.cost_dyn, (1 - share) * self.budget / self.cost_rew

    def terms(self, n_dyn: ArrayLike, n_rew: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
        """Both terms of the objective; a term without samples is infinite, unless its coefficient is zero."""
        with np.errstate(divide="ignore", invalid="ignore"):  # 0 · ∞ at a corner is replaced by 0
            return tuple(
                np.where(coefficient == 0, 0.0, coefficient * np.asarray(n, dtype=float) ** -exponent)
                for coefficient, n, exponent in (
                    (self.coefficient_dyn, n_dyn, self.exponent_dyn),
                    (self.coefficient_rew, n_rew, self.exponent_rew),
                )
            )

    def objective(self, share: ArrayLike) -> np.ndarray:
        """The weighted error at a spend share of dynamics: convex, infinite at an end that leaves an error unpaid."""
        return sum(self.terms(*self.counts(share)))


@dataclass(frozen=True)
class Split:
    """A split of the budget: sample counts, spend share of dynamics, and the two terms of the objective.

    ``dynamics_term + reward_term == objective``; ``logit`` is ln of the spend ratio and keeps full precision where the
    share rounds to 0 or 1; ``iterations`` counts Newton updates.
    """

    n_dyn: Any
    n_rew: Any
    share_dyn: Any
    logit: Any
    dynamics_term: Any
    reward_term: Any
    iterations: int = 0

    @property
    def objective(self):
        """Value of the weighted error."""
        return self.dynamics_term + self.reward_term

    @property
    def ratio(self):
        """N_dyn / N_rew, the left side of Equation 4."""
        return self.n_dyn / self.n_rew


def log_sigmoid(u):
    """ln σ(u), without overflow or cancellation."""
    return -np.logaddexp(0.0, -u)


def newton(step: Callable[[np.ndarray], np.ndarray], start, *, most_iterations: int) -> tuple[np.ndarray, int]:
    """Add ``step(u)`` to ``u`` until no entry moves by more than ``LAST_STEP``; return it and the number of updates."""
    u = start
    for iteration in range(1, most_iterations + 1):
        change = step(u)
        u = u + change
        if np.all(np.abs(change) <= LAST_STEP):
            return u, iteration
    raise RequestError(f"no convergence in {most_iterations} Newton updates: allow more")


def slope(problem: Problem, u):
    """Den = (α + 1)(1 − s) + (β + 1)s, the slope of G; the denominator of every elasticity."""
    share = np.exp(log_sigmoid(u))
    return 1 + problem.exponent_dyn * np.exp(log_sigmoid(-u)) + problem.exponent_rew * share


def optimal_logit(problem: Problem, *, most_iterations: int = 50) -> tuple[np.ndarray, int]:
    r"""Solve the optimality condition in the logit ``u`` of the spend share by Newton's method.

    .. math:: G(u)=(\alpha+1)\ln\sigma(u)-(\beta+1)\ln\sigma(-u)=T=\ln\frac{\alpha\,\bar D}{\beta\,\bar R},

    where D̄ and R̄ are the two terms if all the money bought that one kind of sample.

    Args:
        problem: one problem or arrays of them.
        most_iterations: Newton updates allowed; about six are needed.

    Returns:
        ``u`` with the shape of the problem (−∞ and +∞ at the corners C_d = 0 and C_r = 0), and the number of updates.

    Raises:
        RequestError: if Newton has not finished after ``most_iterations``.

    Source: this book, from the stationarity conditions of B.3.

    Example:
        >>> u, iterations = optimal_logit(Problem(0.5, 0.5, 8.0, 1.0, cost_dyn=1.0, cost_rew=1.0, budget=100.0))
        >>> round(float(np.exp(u)), 12)     # equal exponents and costs: N_dyn/N_rew = 8^(1/1.5)
        4.0
    """
    alpha, beta = problem.exponent_dyn, problem.exponent_rew
    with np.errstate(divide="ignore"):
        target = (
            (np.log(alpha / beta) + np.log(problem.coefficient_dyn) - np.log(problem.coefficient_rew))
            - alpha * np.log(problem.budget / problem.cost_dyn)
            + beta * np.log(problem.budget / problem.cost_rew)
        )
    corner = np.isinf(target)
    aim = np.where(corner, 0.0, target)
    rise = aim - (beta - alpha) * np.log(2.0)  # T − G(0): the root has its sign
    u = rise / (1 + np.where(rise > 0, beta, alpha))  # exact for u → ±∞

    def step(u):
        ln_s, ln_r = log_sigmoid(u), log_sigmoid(-u)
        return (aim - (alpha + 1) * ln_s + (beta + 1) * ln_r) / (1 + alpha * np.exp(ln_r) + beta * np.exp(ln_s))

    u, iterations = newton(step, u, most_iterations=most_iterations)
    return np.where(corner, target, u), iterations


def split_at(problem: Problem, logit: ArrayLike, *, iterations: int = 0) -> Split:
    """The split at a given logit of the spend share of dynamics (−∞ to +∞), with both terms of the objective.

    Example:
        >>> split_at(Problem(0.5, 0.5, 4.0, 1.0, cost_dyn=1.0, cost_rew=2.0, budget=100.0), 0.0).n_rew
        25.0
    """
    u = np.asarray(logit, dtype=float)
    share = np.exp(log_sigmoid(u))
    n_dyn = share * (problem.budget / problem.cost_dyn)
    n_rew = np.exp(log_sigmoid(-u)) * (problem.budget / problem.cost_rew)
    values = (n_dyn, n_rew, share, u, *problem.terms(n_dyn, n_rew))
    shape = np.broadcast_shapes(*(np.shape(v) for v in values))
    return Split(*(float(v) if shape == () else np.broadcast_to(v, shape) for v in values), iterations=iterations)


def solve(problem: Problem) -> Split:
    """Solve one problem or arrays of problems; see :func:`optimal_split`.

    Example:
        >>> many = Problem(0.3, 0.9, np.ones(3), 2.0, cost_dyn=1.0, cost_rew=5.0, budget=np.array([1e2, 1e4, 1e6]))
        >>> solve(many).share_dyn.round(3).tolist()   # the slower learner takes ever more of the money
        [0.36, 0.753, 0.933]
    """
    logit, iterations = optimal_logit(problem)
    return split_at(problem, logit, iterations=iterations)


def optimal_split(
    dynamics: PowerLaw, reward: PowerLaw, *, budget, cost_dyn, cost_rew, weight, min_dyn=0.0, min_rew=0.0
) -> Split:
    r"""Best numbers of dynamics and reward samples for a budget (Theorem 1).

    .. math:: \frac{N^*_{dyn}}{N^*_{rew}}
              =\frac\alpha\beta\cdot K\cdot\frac{c_{rew}}{c_{dyn}}\cdot\frac{\epsilon^*_{dyn}}{\epsilon^*_{rew}}\tag{4}

    Args:
        dynamics: law of the dynamics error norm, ε_dyn = A_d N^−α.
        reward: law of the reward error norm, ε_rew = A_r N^−β.
        budget: money, > 0. Number or array, as are the next three.
        cost_dyn: money for one dynamics sample, > 0.
        cost_rew: money for one reward sample, > 0.
        weight: K = γL_r(1 + L_π)/(1 − γL_f(1 + L_π)) ≥ 0, the weight of dynamics error against reward error.
        min_dyn: least number of dynamics samples, for instance the smallest count at which the law was measured.
        min_rew: least number of reward samples.

    Returns:
        :class:`Split`; its ``objective`` is K ε_dyn + ε_rew, which is 1 − γ times the bound of Lemma 1. Counts are
        real numbers: see :func:`imagination.budget.buying.whole_counts`. At weight 0 nothing is spent on dynamics.

    Raises:
        RequestError: if a value is out of range or the least numbers cost more than the budget.

    Source: Theorem 1; the solution in one equation is this book's.

    Example:
        >>> from imagination import PowerLaw
        >>> law = PowerLaw(1.0, 0.5)
        >>> split = optimal_split(law, law, budget=500.0, cost_dyn=1.0, cost_rew=1.0, weight=8.0)
        >>> round(split.n_dyn, 9), round(split.n_rew, 9)
        (400.0, 100.0)
    """
    problem = Problem.from_laws(dynamics, reward, budget=budget, cost_dyn=cost_dyn, cost_rew=cost_rew, weight=weight)
    return clamped(problem, min_dyn=min_dyn, min_rew=min_rew)


def clamped(problem: Problem, *, min_dyn: ArrayLike = 0.0, min_rew: ArrayLike = 0.0) -> Split:
    """The best split with at least ``min_dyn`` and ``min_rew`` samples.

    The objective is convex along the budget line, so the projection of the free optimum on the allowed shares is
    optimal.

    Example:
        >>> problem = Problem(0.5, 0.5, 1.0, 1.0, cost_dyn=1.0, cost_rew=1.0, budget=10.0)
        >>> round(clamped(problem, min_rew=8.0).share_dyn, 12)
        0.2
    """
    lowest = np.asarray(min_dyn, dtype=float) * problem.cost_dyn / problem.budget
    highest = np.asarray(min_rew, dtype=float) * problem.cost_rew / problem.budget
    allowed = (lowest >= 0) & (highest >= 0) & (lowest + highest <= 1)
    require(
        np.all(allowed),
        f"min_dyn = {min_dyn} and min_rew = {min_rew} are not allowed with a budget of {problem.budget}: "
        "they must not be negative and together cost no more than the budget",
    )
    logit, iterations = optimal_logit(problem)
    with np.errstate(divide="ignore"):
        logit = np.clip(logit, np.log(lowest) - np.log1p(-lowest), np.log1p(-highest) - np.log(highest))
    return split_at(problem, logit, iterations=iterations)


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


def regret(problem: Problem, share):
    r"""Factor by which the objective at a spend share of dynamics exceeds the optimum, exactly.

    .. math:: \frac{\mathcal U(s)}{\mathcal U^*}
              =w\Big(\frac{s^*}s\Big)^\alpha+(1-w)\Big(\frac{1-s^*}{1-s}\Big)^\beta,\qquad
              w=\frac{s^*/\alpha}{s^*/\alpha+(1-s^*)/\beta}

    Constants, costs and budget enter only through the optimal share s*.

    Args:
        problem: the problem, with both coefficients positive.
        share: spend share of dynamics, in (0, 1).

    Returns:
        The factor, at least 1 and equal to 1 at s*.

    Raises:
        RequestError: for a share outside (0, 1).

    Source: this book.

    Example:
        >>> problem = Problem(0.5, 0.5, 8.0, 1.0, cost_dyn=1.0, cost_rew=1.0, budget=500.0)
        >>> round(float(regret(problem, 0.8)), 12), round(float(regret(problem, 0.5)), 3)
        (1.0, 1.138)
    """
    share = np.asarray(share, dtype=float)
    require(np.all((share > 0) & (share < 1)), f"share = {share} is not allowed: it must lie strictly between 0 and 1")
    alpha, beta = problem.exponent_dyn, problem.exponent_rew
    logit, _ = optimal_logit(problem)
    best, rest = split_at(problem, logit).share_dyn, split_at(problem, -logit).share_dyn
    part = (best / alpha) / (best / alpha + rest / beta)
    return part * (best / share) ** alpha + (1 - part) * (rest / (1 - share)) ** beta


def worst_even_split(exponent_dyn: float, exponent_rew: float) -> float:
    """The most that an even split of the money can cost, whatever the constants: 2^max(α, β), the least such number.

    Example:
        >>> worst_even_split(0.5, 1.0)
        2.0
    """
    return 2.0 ** max(exponent_dyn, exponent_rew)


def minimax_share(exponent_dyn: float, exponent_rew: float) -> tuple[float, float]:
    """The share that is safest where nothing but the exponents is known, and the factor that it never exceeds.

    The regret of a share s is at most max(s^−α, (1 − s)^−β); the two are equal at the best s.

    Args:
        exponent_dyn: α > 0.
        exponent_rew: β > 0.

    Returns:
        Share of dynamics, and factor.

    Raises:
        RequestError: for an exponent that is not positive.

    Source: this book.

    Example:
        >>> share, factor = minimax_share(0.5, 0.5)
        >>> round(share, 9), round(factor**2, 9)
        (0.5, 2.0)
    """
    fine = exponent_dyn > 0 and exponent_rew > 0
    require(fine, f"exponents {exponent_dyn} and {exponent_rew} are not allowed: both must be positive")
    # In z = −ln s the balance is α z = −β ln(1 − e^−z): one increasing and one decreasing side.
    balance = lambda z: exponent_dyn * z + exponent_rew * math.log(-math.expm1(-z))  # noqa: E731
    z = brentq(balance, 1e-300, 750.0, xtol=1e-15, rtol=1e-14, maxiter=2000)
    return math.exp(-z), math.exp(exponent_dyn * z)
