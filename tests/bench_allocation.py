"""The split by Newton in the logit against a general solver (SLSQP) on the same random problems: time and failures."""

from __future__ import annotations

import time
import warnings

import numpy as np
from scipy.optimize import minimize

from imagination.budget.allocation import Problem, solve

FIELDS = ("exponent_dyn", "exponent_rew", "coefficient_dyn", "coefficient_rew", "cost_dyn", "cost_rew", "budget")


def problems(count: int, decades: float, rng: np.random.Generator) -> Problem:
    """Constants over so many decades about 1, exponents 0.01 to 3, budgets over as many about 3e4."""
    half = decades / 2
    constants = 10 ** rng.uniform(-half, half, (4, count))
    return Problem(*rng.uniform(0.01, 3, (2, count)), *constants, 10 ** (4.5 + rng.uniform(-half, half, count)))


def plain_slsqp(values) -> tuple[float, float, bool]:
    """What one writes first: the counts as variables, the budget as a constraint, an even split to start from."""
    alpha, beta, c_d, c_r, cost_d, cost_r, budget = values
    start = np.array([budget / cost_d / 2, budget / cost_r / 2])
    found = minimize(
        lambda n: c_d * n[0] ** -alpha + c_r * n[1] ** -beta,
        start,
        method="SLSQP",
        bounds=[(1e-12 * n, None) for n in start],
        constraints={"type": "eq", "fun": lambda n: 1 - (cost_d * n[0] + cost_r * n[1]) / budget},
        options={"maxiter": 500, "ftol": 1e-12},
    )
    return *found.x, bool(found.success)


def scaled_slsqp(values) -> tuple[float, float, bool]:
    """What an expert writes: spend shares as variables, the objective in units of its value there, and its gradient."""
    alpha, beta, c_d, c_r, cost_d, cost_r, budget = values
    d, r = c_d * (budget / cost_d) ** -alpha, c_r * (budget / cost_r) ** -beta
    unit = d * 0.5**-alpha + r * 0.5**-beta
    found = minimize(
        lambda s: (d * s[0] ** -alpha + r * s[1] ** -beta) / unit,
        np.array([0.5, 0.5]),
        jac=lambda s: np.array([-alpha * d * s[0] ** (-alpha - 1), -beta * r * s[1] ** (-beta - 1)]) / unit,
        method="SLSQP",
        bounds=[(1e-12, 1.0)] * 2,
        constraints={"type": "eq", "fun": lambda s: 1 - s.sum(), "jac": lambda s: -np.ones(2)},
        options={"maxiter": 500, "ftol": 1e-15},
    )
    return found.x[0] * budget / cost_d, found.x[1] * budget / cost_r, bool(found.success)


def is_wrong(values, n_dyn: float, n_rew: float, best: float) -> bool:
    """Off the budget, or more than 1e-6 above the optimum."""
    spent = (values[4] * n_dyn + values[5] * n_rew) / values[6]
    value = float(sum(Problem(*values).terms(max(n_dyn, 1e-300), max(n_rew, 1e-300))))
    return not (value <= best * (1 + 1e-6) and abs(spent - 1) < 1e-6)


def main(count: int = 500) -> None:
    """Print one row for each width of the constants and each way of calling SLSQP."""
    rng = np.random.default_rng(0)
    print(f"{count} problems; wrong: off the budget, or an objective more than 1e-6 above the optimum")
    print(f"{'decades':>8} {'SLSQP':>7} {'us each':>9} {'Newton us':>10} {'times':>7} {'reported':>9} {'wrong':>6}")
    for decades in (2, 6, 12):
        problem = problems(count, decades, rng)
        newton = []
        for _ in range(5):
            begin = time.perf_counter()
            split = solve(problem)
            newton.append((time.perf_counter() - begin) / count)
        rows = np.array([getattr(problem, name) for name in FIELDS]).T
        for name, solver in (("plain", plain_slsqp), ("scaled", scaled_slsqp)):
            took, reported, wrong = 0.0, 0, 0
            for values, best in zip(rows, split.objective, strict=True):
                with warnings.catch_warnings(), np.errstate(all="ignore"):
                    warnings.simplefilter("ignore")
                    begin = time.perf_counter()
                    n_dyn, n_rew, success = solver(values)
                    took += time.perf_counter() - begin
                    reported += not success
                    wrong += is_wrong(values, n_dyn, n_rew, best)
            each = took / count
            print(
                f"{decades:>8} {name:>7} {1e6 * each:>9.0f} {1e6 * min(newton):>10.2f} {each / min(newton):>7.0f} "
                f"{reported:>9} {wrong:>6}"
            )
    many = problems(20_000, 12, rng)
    begin = time.perf_counter()
    split = solve(many)
    print(
        f"20000 problems in one call: {1e3 * (time.perf_counter() - begin):.1f} ms, {split.iterations} Newton updates"
    )


if __name__ == "__main__":
    main()
