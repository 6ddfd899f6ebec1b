"""The optimal split of a budget between dynamics samples and reward samples (Theorem 1, Equations 3 and 4).

Everything rests on one equation in one unknown. With the spend share ``s`` of dynamics and its logit ``u``, the two
stationarity conditions of the Lagrangian become ``G(u) = T``, where ``G`` is increasing, bends one way only and has a
slope between one plus the smaller and one plus the larger exponent. Newton's method therefore converges from any
start, and no solver has to be trusted.

The same equation answers the question turned round: the least budget for a target error (this book). What any other
split costs is in :mod:`imagination.budget.regret`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import ArrayLike

from imagination.checks import FloatLike, Floats, broadcast, generator_of, instance, numbers, plain, whole
from imagination.errors import RequestError, require
from imagination.laws.powerlaw import PowerLaw

LAST_STEP = 1e-8
"""Newton stops after a step of this size; it converges quadratically with a constant below 1/2, so 1e-16 is left."""

STEEPEST = 1000.0
"""Largest exponent; with a larger one, the second sample would remove all the error that floating point can hold."""

OUT_OF_REACH = "is out of reach of floating point: bring the constants nearer to one another, in other units"


@dataclass(frozen=True, init=False, eq=False)
class Problem:
    r"""The allocation problem: spend a budget on two kinds of samples so that the weighted error is least.

    .. math:: \min\ \mathcal U=C_dN_{dyn}^{-\alpha}+C_rN_{rew}^{-\beta}
              \quad\text{subject to}\quad c_{dyn}N_{dyn}+c_{rew}N_{rew}=B

    Each argument is a number or an array; arrays broadcast against each other, and one problem is solved for each
    entry. Each field is the array that it was made to.

    Args:
        exponent_dyn: α in (0, 1000], exponent of the dynamics error NORM (half of the exponent of its MSE).
        exponent_rew: β in (0, 1000], exponent of the reward error norm.
        coefficient_dyn: C_d ≥ 0. Zero means that dynamics errors cost nothing (γL_r = 0), and nothing is spent on them.
        coefficient_rew: C_r ≥ 0, not zero where C_d is.
        cost_dyn: c_dyn > 0, money for one dynamics sample.
        cost_rew: c_rew > 0, money for one reward sample.
        budget: B > 0, money.

    Raises:
        RequestError: naming the argument, if a value is no number, out of range, masked, infinite or NaN.

    Source: §4 and B.3. A factor common to C_d and C_r, such as 1/(1 − γ), changes the value of the objective and not
        the split.

    Example:
        >>> problem = Problem(0.5, 0.5, 4.0, 1.0, cost_dyn=1.0, cost_rew=1.0, budget=100.0)
        >>> round(float(problem.objective(0.5)), 6)
        0.707107
        >>> Problem(0.5, -0.5, 4.0, 1.0, cost_dyn=1.0, cost_rew=1.0, budget=100.0)
        Traceback (most recent call last):
        imagination.errors.RequestError: exponent_rew = -0.5 is not allowed: a finite number in (0, 1000]
    """

    exponent_dyn: Floats
    exponent_rew: Floats
    coefficient_dyn: Floats
    coefficient_rew: Floats
    cost_dyn: Floats
    cost_rew: Floats
    budget: Floats

    def __init__(
        self,
        exponent_dyn: ArrayLike,
        exponent_rew: ArrayLike,
        coefficient_dyn: ArrayLike,
        coefficient_rew: ArrayLike,
        cost_dyn: ArrayLike,
        cost_rew: ArrayLike,
        budget: ArrayLike,
    ) -> None:
        checked = {
            "exponent_dyn": numbers("exponent_dyn", exponent_dyn, above=0, high=STEEPEST),
            "exponent_rew": numbers("exponent_rew", exponent_rew, above=0, high=STEEPEST),
            "coefficient_dyn": numbers("coefficient_dyn", coefficient_dyn, low=0),
            "coefficient_rew": numbers("coefficient_rew", coefficient_rew, low=0),
            "cost_dyn": numbers("cost_dyn", cost_dyn, above=0),
            "cost_rew": numbers("cost_rew", cost_rew, above=0),
            "budget": numbers("budget", budget, above=0),
        }
        broadcast(**checked)
        for name, value in checked.items():
            object.__setattr__(self, name, value)
        require(
            not np.any((self.coefficient_dyn == 0) & (self.coefficient_rew == 0)),
            "coefficient_dyn = coefficient_rew = 0 leaves nothing to minimise: one must be positive",
        )

    @classmethod
    def from_laws(
        cls,
        dynamics: PowerLaw,
        reward: PowerLaw,
        *,
        budget: ArrayLike,
        cost_dyn: ArrayLike,
        cost_rew: ArrayLike,
        weight: ArrayLike,
    ) -> Problem:
        """Take α, β, A_d and A_r from two power laws; the objective is then ``weight * eps_dyn + eps_rew``."""
        instance("dynamics", dynamics, PowerLaw), instance("reward", reward, PowerLaw)
        finite = "where γL_f(1 + L_π) is not below 1, that of a finite horizon"
        factor = numbers("weight", weight, low=0, unit=finite)
        with np.errstate(over="ignore"):
            return cls(dynamics.exponent, reward.exponent, factor * dynamics.scale, reward.scale,
                       cost_dyn=cost_dyn, cost_rew=cost_rew, budget=budget)  # fmt: skip

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the array of problems: () for a single one."""
        return np.broadcast_shapes(*(np.shape(getattr(self, field.name)) for field in fields(self)))

    def counts(self, share: ArrayLike) -> tuple[Floats, Floats]:
        """Numbers of dynamics and of reward samples that a spend share of dynamics in [0, 1] buys."""
        share = numbers("share", share, low=0, high=1)
        self.fits(share=share)
        with np.errstate(over="ignore"):
            n_dyn, n_rew = share * self.budget / self.cost_dyn, (1 - share) * self.budget / self.cost_rew
        require(np.isfinite(n_dyn).all() and np.isfinite(n_rew).all(), f"the number of samples {OUT_OF_REACH}")
        return n_dyn, n_rew

    def terms(self, n_dyn: ArrayLike, n_rew: ArrayLike) -> tuple[Floats, Floats]:
        """Both terms of the objective; a term without samples is infinite, unless its coefficient is zero."""
        return (
            _term("n_dyn", n_dyn, self.coefficient_dyn, self.exponent_dyn),
            _term("n_rew", n_rew, self.coefficient_rew, self.exponent_rew),
        )

    def objective(self, share: ArrayLike) -> Floats:
        """The weighted error at a spend share of dynamics: convex, infinite at an end that leaves an error unpaid."""
        dynamics, reward = self.terms(*self.counts(share))
        return dynamics + reward

    def fits(self, **arrays: Floats) -> None:
        """Refuse arrays that don't broadcast against the problem."""
        broadcast(**arrays, problem=np.broadcast_to(0.0, self.shape))

    def inside(self) -> None:
        """Refuse a problem whose optimum is a corner, where a question about both kinds of samples has no meaning."""
        require(
            np.all((self.coefficient_dyn > 0) & (self.coefficient_rew > 0)),
            "a coefficient is 0: the optimum is a corner, where nothing is spent on one kind of sample, and one power "
            "law says all; give a positive weight",
        )


def _term(name: str, count: ArrayLike, coefficient: Floats, exponent: Floats) -> Floats:
    n = numbers(name, count, low=0)
    broadcast(**{name: n, "coefficient": coefficient, "exponent": exponent})
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):  # 0 · ∞ at a corner is replaced by 0
        term = np.where(coefficient == 0, 0.0, coefficient * n**-exponent)
    require(np.isfinite(term[np.broadcast_to(n > 0, term.shape)]).all(), f"the error of that {name} {OUT_OF_REACH}")
    return term


@dataclass(frozen=True)
class Split:
    """A split of the budget: sample counts, spend share of dynamics, and the two terms of the objective.

    ``dynamics_term + reward_term == objective``; ``logit`` is ln of the spend ratio and keeps full precision where the
    share rounds to 0 or 1; ``iterations`` counts Newton updates.
    """

    n_dyn: FloatLike
    n_rew: FloatLike
    share_dyn: FloatLike
    logit: FloatLike
    dynamics_term: FloatLike
    reward_term: FloatLike
    iterations: int = 0

    @property
    def objective(self) -> FloatLike:
        """Value of the weighted error."""
        return self.dynamics_term + self.reward_term

    @property
    def ratio(self) -> FloatLike:
        """N_dyn / N_rew, the left side of Equation 4; infinite where no reward sample is bought."""
        with np.errstate(divide="ignore"):
            ratio: FloatLike = plain(np.divide(self.n_dyn, self.n_rew))
        return ratio


def random_problems(count: int, *, generator: np.random.Generator) -> Problem:
    """Problems on which statements about all problems are tried.

    Exponents are uniform in (0.01, 3), the logarithms of coefficients and costs over 12 decades about 1, and that of
    the budget from 1e-3 to 1e12.

    Args:
        count: how many, 1 to 10,000,000.
        generator: of the draws.

    Source: this book.

    Example:
        >>> random_problems(3, generator=np.random.default_rng(0)).shape
        (3,)
    """
    count, draws = whole("count", count, low=1, high=10_000_000), generator_of("generator", generator)
    alpha, beta = draws.uniform(0.01, 3, (2, count))
    c_d, c_r, cost_dyn, cost_rew = 10 ** draws.uniform(-6, 6, (4, count))
    return Problem(alpha, beta, c_d, c_r, cost_dyn, cost_rew, 10 ** draws.uniform(-3, 12, count))


def log_sigmoid(u: Floats) -> Floats:
    """ln σ(u), without overflow or cancellation."""
    return -np.logaddexp(0.0, -u)


def newton(step: Callable[[Floats], Floats], start: Floats, *, most_iterations: int) -> tuple[Floats, int]:
    """Add ``step(u)`` to ``u`` until no entry moves by more than ``LAST_STEP``; return it and the number of updates."""
    u, most_iterations = start, whole("most_iterations", most_iterations, low=1)
    for iteration in range(1, most_iterations + 1):
        change = step(u)
        u = u + change
        if np.all(np.abs(change) <= LAST_STEP):
            return u, iteration
    raise RequestError(f"no convergence in {most_iterations} Newton updates: allow more")


def slope(problem: Problem, share: Floats, rest: Floats) -> Floats:
    """Den = (α + 1)(1 − s) + (β + 1)s, the slope of G; the denominator of every elasticity. ``rest`` is 1 − s."""
    slope: Floats = 1 + problem.exponent_dyn * rest + problem.exponent_rew * share
    return slope


def optimal_logit(problem: Problem, *, most_iterations: int = 50) -> tuple[Floats, int]:
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
    instance("problem", problem, Problem)
    alpha, beta = problem.exponent_dyn, problem.exponent_rew
    ln_budget = np.log(problem.budget)
    with np.errstate(divide="ignore"):
        target = (
            (np.log(alpha) - np.log(beta) + np.log(problem.coefficient_dyn) - np.log(problem.coefficient_rew))
            - alpha * (ln_budget - np.log(problem.cost_dyn))
            + beta * (ln_budget - np.log(problem.cost_rew))
        )
    corner = np.isinf(target)
    aim = np.where(corner, 0.0, target)
    rise = aim - (beta - alpha) * np.log(2.0)  # T − G(0): the root has its sign
    u = rise / (1 + np.where(rise > 0, beta, alpha))  # exact for u → ±∞

    def step(u: Floats) -> Floats:
        ln_s, ln_r = log_sigmoid(u), log_sigmoid(-u)
        move: Floats = (aim - (alpha + 1) * ln_s + (beta + 1) * ln_r) / slope(problem, np.exp(ln_s), np.exp(ln_r))
        return move

    u, iterations = newton(step, u, most_iterations=most_iterations)
    return np.where(corner, target, u), iterations


def split_at(problem: Problem, logit: ArrayLike, *, iterations: int = 0) -> Split:
    """The split at a given logit of the spend share of dynamics (−∞ to +∞), with both terms of the objective.

    Example:
        >>> split_at(Problem(0.5, 0.5, 4.0, 1.0, cost_dyn=1.0, cost_rew=2.0, budget=100.0), 0.0).n_rew
        25.0
    """
    instance("problem", problem, Problem)
    plainly = type(logit) in (float, np.float64, np.ndarray)  # where an infinity is a corner, and no mistake
    given = np.asarray(logit) if plainly else numbers("logit", logit)
    u: Floats = given if given.dtype == np.float64 else numbers("logit", logit)
    require(u.size and not np.isnan(u).any(), "logit = nan is not allowed: a number, or an infinity for a corner")
    problem.fits(logit=u)
    share = np.exp(log_sigmoid(u))
    with np.errstate(over="ignore"):
        n_dyn = share * (problem.budget / problem.cost_dyn)
        n_rew = np.exp(log_sigmoid(-u)) * (problem.budget / problem.cost_rew)
    bought = np.isfinite(n_dyn) & np.isfinite(n_rew) & (np.isinf(u) | ((n_dyn > 0) & (n_rew > 0)))
    require(bought.all(), f"the number of samples {OUT_OF_REACH}")
    values = (n_dyn, n_rew, share, u, *problem.terms(n_dyn, n_rew))
    shape = np.broadcast_shapes(*(v.shape for v in values))
    samples_dyn, samples_rew, share_dyn, at, term_dyn, term_rew = (plain(np.broadcast_to(v, shape)) for v in values)
    return Split(samples_dyn, samples_rew, share_dyn, at, term_dyn, term_rew, iterations)


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
    dynamics: PowerLaw,
    reward: PowerLaw,
    *,
    budget: ArrayLike,
    cost_dyn: ArrayLike,
    cost_rew: ArrayLike,
    weight: ArrayLike,
    min_dyn: ArrayLike = 0.0,
    min_rew: ArrayLike = 0.0,
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
        weight: K = γL_r(1 + L_π)/(1 − γL_f(1 + L_π)) ≥ 0, the weight of dynamics error against reward error
            (:func:`~imagination.gap.lipschitz.dynamics_weight`).
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
    instance("problem", problem, Problem)
    least_dyn, least_rew = numbers("min_dyn", min_dyn, low=0), numbers("min_rew", min_rew, low=0)
    problem.fits(min_dyn=least_dyn, min_rew=least_rew)
    with np.errstate(over="ignore"):
        lowest = least_dyn * problem.cost_dyn / problem.budget
        highest = least_rew * problem.cost_rew / problem.budget
    over = np.max(lowest + highest)
    require(over <= 1 + 1e-12, f"min_dyn and min_rew are not allowed: together they cost {over:.4g} times the budget")
    lowest = np.minimum(lowest, 1.0)
    highest = np.minimum(highest, 1 - lowest)
    logit, iterations = optimal_logit(problem)
    with np.errstate(divide="ignore"):
        logit = np.clip(logit, np.log(lowest) - np.log1p(-lowest), np.log1p(-highest) - np.log(highest))
    return split_at(problem, logit, iterations=iterations)


def budget_for_target(problem: Problem, target: ArrayLike, *, most_iterations: int = 50) -> tuple[FloatLike, Split]:
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
    instance("problem", problem, Problem).inside()
    tau = numbers("target", target, above=0)
    problem.fits(target=tau)
    alpha, beta = problem.exponent_dyn, problem.exponent_rew
    ln_tau, ln_dyn, ln_rew = np.log(tau), np.log(problem.cost_dyn), np.log(problem.cost_rew)
    ln_d, ln_r = np.log(problem.coefficient_dyn) - ln_tau, np.log(problem.coefficient_rew) - ln_tau
    with np.errstate(over="ignore", under="ignore", invalid="ignore", divide="ignore"):
        aim = ln_dyn - ln_rew + np.log(beta) - np.log(alpha) + ln_d / alpha - ln_r / beta
        require(np.isfinite(aim).all(), f"the budget for that target {OUT_OF_REACH}")
        # −ln(w)/α + ln(1 − w)/β − v + aim = 0, and ln(1 − w) = ln(w) − v.
        at_zero = aim + np.log(2.0) * (1 / alpha - 1 / beta)
        v = at_zero / (1 + np.where(at_zero > 0, 1 / beta, 1 / alpha))

        def step(v: Floats) -> Floats:
            ln_w, ln_rest = log_sigmoid(v), log_sigmoid(-v)
            return (aim - ln_w / alpha + ln_rest / beta - v) / (1 + np.exp(ln_rest) / alpha + np.exp(ln_w) / beta)

        v, iterations = newton(step, v, most_iterations=most_iterations)
        spend_dyn, spend_rew = ln_dyn + (ln_d - log_sigmoid(v)) / alpha, ln_rew + (ln_r - log_sigmoid(-v)) / beta
        budget: Floats = np.exp(np.logaddexp(spend_dyn, spend_rew))
    require(np.all(np.isfinite(budget) & (budget > 0)), f"the budget for that target {OUT_OF_REACH}")
    logit = v + np.log(alpha) - np.log(beta)  # the money form of Equation 4: spend ratio = αD/(βR)
    return plain(budget), split_at(replace(problem, budget=budget), logit, iterations=iterations)
