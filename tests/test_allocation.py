"""The optimal split against independent truth: high precision, brute force, finite differences, other solvers."""

from dataclasses import replace

import mpmath as mp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from imagination import PowerLaw, RequestError, optimal_split
from imagination.budget import allocation
from imagination.budget.allocation import Problem, budget_for_target, clamped, optimal_logit, solve
from imagination.budget.buying import DataKind, greedy_path, marginal_gains, next_unit, optimal_counts, whole_counts
from imagination.budget.regret import minimax_share, regret, worst_even_split
from imagination.budget.statics import elasticities, local_exponent, reward_count_on_path, weight_slopes
from imagination.gap.bounds import return_gap_bound
from imagination.gap.expansive import hoelder_exponent, local_minima
from imagination.gap.lipschitz import Lipschitz, dynamics_weight

FIELDS = ("exponent_dyn", "exponent_rew", "coefficient_dyn", "coefficient_rew", "cost_dyn", "cost_rew", "budget")


def random_problems(count: int, seed: int) -> Problem:
    return allocation.random_problems(count, generator=np.random.default_rng(seed))


def single(problem: Problem, i: int) -> Problem:
    return Problem(*(float(getattr(problem, name)[i]) for name in FIELDS))


def mild_problems(count: int, seed: int) -> Problem:
    rng = np.random.default_rng(seed)
    constants = [10 ** rng.uniform(-2, 2, count) for _ in range(4)]
    return Problem(rng.uniform(0.1, 2, count), rng.uniform(0.1, 2, count), *constants, 10 ** rng.uniform(1, 5, count))


def precise_counts(problem: Problem) -> tuple[mp.mpf, mp.mpf]:
    """Another equation (the price of money λ clears the budget), another method (bisection and secants), 40 digits."""
    with mp.workdps(40):
        a, b, coefficient_d, coefficient_r, cost_d, cost_r, budget = (
            mp.mpf(float(getattr(problem, name))) for name in FIELDS
        )
        base_d = mp.log(a * coefficient_d / cost_d) / (a + 1)
        base_r = mp.log(b * coefficient_r / cost_r) / (b + 1)
        ln_cost_d, ln_cost_r, ln_budget = mp.log(cost_d), mp.log(cost_r), mp.log(budget)

        def excess(x):  # ln of the money spent at the price e^x, less ln of the budget: decreasing in x
            d, r = ln_cost_d + base_d - x / (a + 1), ln_cost_r + base_r - x / (b + 1)
            return max(d, r) + mp.log1p(mp.exp(-abs(d - r))) - ln_budget

        # Either stream alone spends the whole budget at a price below the one sought, and half of it above.
        low = max((ln_cost_d + base_d - ln_budget) * (a + 1), (ln_cost_r + base_r - ln_budget) * (b + 1))
        high = low + 3 * (1 + max(a, b))
        at_low, at_high = excess(low), excess(high)
        assert at_low >= 0 > at_high
        x, side = low, 0
        for _ in range(200):  # Illinois: secants that keep a bracket
            x = (low * at_high - high * at_low) / (at_high - at_low)
            value = excess(x)
            if abs(value) < mp.mpf(10) ** -25 or high - low < mp.mpf(10) ** -25:
                break
            if value > 0:
                low, at_low, at_high, side = x, value, at_high / 2 if side > 0 else at_high, 1
            else:
                high, at_high, at_low, side = x, value, at_low / 2 if side < 0 else at_low, -1
        assert excess(x - mp.mpf(10) ** -20) > 0 > excess(x + mp.mpf(10) ** -20)
        return mp.exp(base_d - x / (a + 1)), mp.exp(base_r - x / (b + 1))


def worst_relative_error(problem: Problem) -> float:
    split, worst = solve(problem), 0.0
    for i in range(np.size(problem.budget)):
        for ours, truth in zip((split.n_dyn[i], split.n_rew[i]), precise_counts(single(problem, i)), strict=True):
            worst = max(worst, abs(float(mp.mpf(ours) / truth - 1)))
    return worst


@pytest.mark.slow
def test_counts_agree_with_forty_digits_on_ten_thousand_problems():
    problem = random_problems(10_000, seed=1)
    assert optimal_logit(problem)[1] <= 8
    assert worst_relative_error(problem) <= 1e-9


def test_counts_agree_with_forty_digits():
    assert worst_relative_error(random_problems(300, seed=2)) <= 1e-12


def test_the_precise_solution_can_disagree():
    """The yardstick is able to tell: exponents that are wrong by one part in 1e5 show in most of 20 problems."""
    problem = mild_problems(20, seed=3)
    wrong = solve(replace(problem, exponent_dyn=problem.exponent_dyn * (1 + 1e-5))).n_dyn
    off = [abs(float(wrong[i] / precise_counts(single(problem, i))[0]) - 1) for i in range(20)]
    assert np.median(off) > 1e-7


def test_at_most_eight_updates_and_never_a_failure():
    for seed in range(20):
        assert optimal_logit(random_problems(20_000, seed=100 + seed))[1] <= 8


def test_equation_4_and_the_budget_hold_at_the_solution():
    problem = random_problems(20_000, seed=5)
    split = solve(problem)
    spent = split.n_dyn * problem.cost_dyn + split.n_rew * problem.cost_rew
    assert np.max(np.abs(spent / problem.budget - 1)) < 1e-14
    left = np.log(split.n_dyn) - np.log(split.n_rew)
    right = (
        np.log(problem.exponent_dyn * problem.cost_rew / (problem.exponent_rew * problem.cost_dyn))
        + np.log(problem.coefficient_dyn / problem.coefficient_rew)
        - problem.exponent_dyn * np.log(split.n_dyn)
        + problem.exponent_rew * np.log(split.n_rew)
    )
    assert np.max(np.abs(left - right)) < 1e-12


def test_no_share_of_a_fine_grid_is_better():
    problem = mild_problems(200, seed=6)
    shares = 1 / (1 + np.exp(-np.linspace(-30, 30, 4001)))[:, None]
    assert np.all(problem.objective(shares[1:-1]) >= solve(problem).objective * (1 - 1e-13))


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=100, deadline=None)
def test_one_problem_and_many_give_the_same(seed):
    problem = random_problems(3, seed)
    assert [solve(single(problem, i)).n_dyn for i in range(3)] == pytest.approx(solve(problem).n_dyn, rel=1e-13)


def test_optimal_split_takes_laws_and_a_weight():
    split = optimal_split(PowerLaw(2.0, 0.3), PowerLaw(5.0, 0.7), budget=1e4, cost_dyn=2.0, cost_rew=3.0, weight=4.0)
    assert split.ratio == pytest.approx(0.3 / 0.7 * 4 * 3 / 2 * (2 * split.n_dyn**-0.3) / (5 * split.n_rew**-0.7))
    assert split.objective == pytest.approx(4 * 2 * split.n_dyn**-0.3 + 5 * split.n_rew**-0.7)


def test_objective_is_the_bound_of_lemma_1_times_one_minus_gamma():
    constants, gamma = Lipschitz(dynamics=0.5, reward=2.0, policy=0.4), 0.9
    weight = dynamics_weight(constants, gamma=gamma)
    dynamics, reward = PowerLaw(2.0, 0.3), PowerLaw(5.0, 0.7)
    split = optimal_split(dynamics, reward, budget=1e4, cost_dyn=2.0, cost_rew=3.0, weight=weight)
    errors = {"eps_dyn": float(dynamics(split.n_dyn)), "eps_rew": float(reward(split.n_rew))}
    assert split.objective / (1 - gamma) == pytest.approx(return_gap_bound(constants, gamma=gamma, **errors), rel=1e-12)


def test_corners():
    law, money = PowerLaw(1.0, 0.5), {"budget": 10.0, "cost_dyn": 1.0, "cost_rew": 2.0}
    nothing = optimal_split(law, law, weight=0.0, **money)
    assert (nothing.n_dyn, nothing.n_rew, nothing.share_dyn) == (0.0, 5.0, 0.0)
    assert nothing.objective == 5.0**-0.5
    only = solve(Problem(0.5, 0.5, 1.0, 0.0, **{k: v for k, v in money.items() if k != "budget"}, budget=10.0))
    assert (only.n_dyn, only.n_rew) == (10.0, 0.0)


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("value", [-1.0, np.nan, np.inf, "many"])
def test_bad_numbers_are_named(field, value):
    good = dict.fromkeys(FIELDS, 1.0)
    with pytest.raises(RequestError, match=field):
        Problem(**(good | {field: value}))


def test_what_floating_point_cannot_hold_is_refused():
    far = Problem(3.0, 3.0, 1.0, 1.0, cost_dyn=1e-200, cost_rew=1e-200, budget=1e200)
    for ask in (solve, lambda p: clamped(p, min_dyn=1.0), lambda p: p.counts(0.5), lambda p: regret(p, 1e-200)):
        with pytest.raises(RequestError, match="floating point"):
            ask(far)


@pytest.mark.parametrize("field", [f for f in FIELDS if not f.startswith("coefficient")])
def test_zero_is_refused_where_it_means_nothing(field):
    with pytest.raises(RequestError, match=field):
        Problem(**(dict.fromkeys(FIELDS, 1.0) | {field: 0.0}))


def test_an_infinite_weight_is_refused_with_advice():
    law = PowerLaw(1.0, 0.5)
    with pytest.raises(RequestError, match="finite horizon"):
        optimal_split(law, law, budget=1.0, cost_dyn=1.0, cost_rew=1.0, weight=np.inf)


def test_clamping_is_optimal_against_a_grid():
    rng, problem = np.random.default_rng(7), mild_problems(200, seed=7)
    lowest, highest = rng.uniform(0, 0.5, 200), rng.uniform(0.5, 1, 200)
    best = clamped(problem, min_dyn=lowest * problem.budget / problem.cost_dyn,
                   min_rew=(1 - highest) * problem.budget / problem.cost_rew)  # fmt: skip
    grid = lowest + (highest - lowest) * np.linspace(1e-9, 1 - 1e-9, 2001)[:, None]
    assert np.all(best.share_dyn >= lowest * (1 - 1e-12))
    assert np.all(best.share_dyn <= highest * (1 + 1e-12))
    assert np.all(problem.objective(grid).min(axis=0) >= best.objective * (1 - 1e-12))


def test_a_clamp_may_take_the_whole_budget():
    problem = Problem(0.5, 0.5, 1.0, 1.0, cost_dyn=0.1, cost_rew=0.3, budget=0.9)
    assert clamped(problem, min_rew=0.9 / 0.3 * (1 + 1e-13)).share_dyn == 0
    assert clamped(problem, min_dyn=3.0, min_rew=2.0).n_dyn == pytest.approx(3.0)


def test_clamps_that_cost_more_than_the_budget_are_refused():
    with pytest.raises(RequestError, match="min_dyn"):
        clamped(Problem(0.5, 0.5, 1.0, 1.0, cost_dyn=1.0, cost_rew=1.0, budget=10.0), min_dyn=6.0, min_rew=5.0)


DERIVATIVES = {
    "weight": ("coefficient_dyn", "ratio"), "scale_rew": ("coefficient_rew", "ratio"), "budget": ("budget", "ratio"),
    "cost_rew": ("cost_rew", "ratio"), "cost_dyn": ("cost_dyn", "ratio"), "exponent_dyn": ("exponent_dyn", "ratio"),
    "exponent_rew": ("exponent_rew", "ratio"), "n_dyn_budget": ("budget", "n_dyn"), "n_rew_budget": ("budget", "n_rew"),
    "n_dyn_cost_rew": ("cost_rew", "n_dyn"),
}  # fmt: skip


@pytest.mark.parametrize("name", DERIVATIVES)
def test_elasticities_match_finite_differences(name):
    (field, quantity), problem, h = DERIVATIVES[name], mild_problems(500, seed=8), 1e-5
    values = [np.log(getattr(solve(replace(problem, **{field: getattr(problem, field) * np.exp(z)})), quantity))
              for z in (h, -h)]  # fmt: skip
    assert getattr(elasticities(problem), name) == pytest.approx((values[0] - values[1]) / (2 * h), rel=1e-6, abs=1e-6)


@pytest.mark.parametrize(("name", "field"), [("spend_cost_rew", "cost_rew"), ("spend_cost_dyn", "cost_dyn")])
def test_spend_elasticities_match_finite_differences(name, field):
    problem, h = mild_problems(500, seed=9), 1e-5
    up, down = (solve(replace(problem, **{field: getattr(problem, field) * np.exp(z)})).logit for z in (h, -h))
    assert getattr(elasticities(problem), name) == pytest.approx((up - down) / (2 * h), rel=1e-6, abs=1e-6)


def test_signs_that_hold_always_and_those_that_can_flip():
    found = elasticities(random_problems(20_000, seed=10))
    for name in ("weight", "n_dyn_budget", "n_rew_budget", "spend_cost_dyn"):
        assert np.all(getattr(found, name) > 0), name
    for name in ("scale_rew", "n_dyn_cost_rew", "spend_cost_rew"):
        assert np.all(getattr(found, name) < 0), name
    problem = random_problems(20_000, seed=10)
    gap = problem.exponent_rew - problem.exponent_dyn
    assert np.all(found.cost_rew[gap <= 1] > 0)
    assert np.any(found.cost_rew[gap > 1] < 0)
    assert np.all(found.cost_dyn[gap >= -1] < 0)
    assert np.any(found.cost_dyn[gap < -1] > 0)


def test_slopes_of_the_weight_match_finite_differences():
    at = {"gamma": 0.9, "dynamics": 0.5, "reward": 2.0, "policy": 0.4}

    def weight(v):
        constants = Lipschitz(**{k: v[k] for k in ("dynamics", "reward", "policy")})
        return dynamics_weight(constants, gamma=v["gamma"])

    slopes = weight_slopes(Lipschitz(dynamics=0.5, reward=2.0, policy=0.4), gamma=0.9)
    assert set(slopes) == set(at)
    for name, slope in slopes.items():
        up, down = (weight(at | {name: at[name] + h}) for h in (1e-6, -1e-6))
        assert slope == pytest.approx((up - down) / 2e-6, rel=1e-6)


def test_elasticities_are_refused_at_a_corner():
    with pytest.raises(RequestError, match="corner"):
        elasticities(Problem(0.5, 0.5, 0.0, 1.0, cost_dyn=1.0, cost_rew=1.0, budget=1.0))


def test_envelope_matches_a_finite_difference_and_tends_to_the_smaller_exponent():
    problem, h = mild_problems(200, seed=11), 1e-5
    up, down = (np.log(solve(replace(problem, budget=problem.budget * np.exp(z))).objective) for z in (h, -h))
    assert local_exponent(problem) == pytest.approx(-(up - down) / (2 * h), rel=1e-7)
    vast = Problem(0.3, 0.9, 1.0, 1.0, cost_dyn=1.0, cost_rew=1.0, budget=1e60)
    assert local_exponent(vast) == pytest.approx(0.3, abs=1e-6)


def test_growth_law_is_exact_at_every_budget():
    problem = random_problems(5000, seed=12)
    split = solve(problem)
    assert reward_count_on_path(problem, split.n_dyn) == pytest.approx(split.n_rew, rel=1e-12)


def test_limits_of_the_share_and_the_slopes_of_the_ratio():
    """α < β: all the money goes to dynamics in the end, and to rewards in the beginning; slopes as the theory says."""
    alpha, beta = 0.3, 0.9
    budgets = np.array([1e-61, 1e-60, 1e60, 1e61])
    split = solve(Problem(alpha, beta, 2.0, 3.0, cost_dyn=1.0, cost_rew=5.0, budget=budgets))
    assert split.share_dyn[0] < 1e-20
    assert 1 - split.share_dyn[-1] < 1e-15
    slopes = np.diff(np.log(split.ratio)) / np.diff(np.log(budgets))
    assert slopes[0] == pytest.approx((beta - alpha) / (alpha + 1), rel=1e-9)
    assert slopes[2] == pytest.approx((beta - alpha) / (beta + 1), rel=1e-9)


def test_closed_form_at_equal_exponents_does_not_depend_on_the_budget():
    problem = replace(mild_problems(100, seed=13), exponent_dyn=0.6, exponent_rew=0.6)
    by_formula = (problem.coefficient_dyn * problem.cost_rew / (problem.coefficient_rew * problem.cost_dyn)) ** (
        1 / 1.6
    )
    assert solve(problem).ratio == pytest.approx(by_formula, rel=1e-12)


def test_closed_form_where_the_growth_law_is_a_square_root():
    problem = mild_problems(100, seed=14)
    problem = replace(problem, exponent_rew=2 * problem.exponent_dyn + 1)
    k = reward_count_on_path(problem, 1.0)
    root = np.sqrt((problem.cost_rew * k) ** 2 + 4 * problem.budget * problem.cost_dyn)
    # The root of c_dyn x² + c_rew k x − B, in the form without cancellation.
    assert solve(problem).n_dyn == pytest.approx((2 * problem.budget / (root + problem.cost_rew * k)) ** 2, rel=1e-11)


@given(st.integers(0, 2**32 - 1), st.floats(0.001, 0.999))
@settings(max_examples=200, deadline=None)
def test_regret_is_the_ratio_of_objectives(seed, share):
    problem = mild_problems(5, seed)
    assert regret(problem, share) == pytest.approx(problem.objective(share) / solve(problem).objective, rel=1e-11)


def test_even_split_is_never_worse_than_its_limit_and_the_limit_is_approached():
    problem = random_problems(20_000, seed=15)
    limit = 2.0 ** np.maximum(problem.exponent_dyn, problem.exponent_rew)
    assert np.all(regret(problem, 0.5) <= limit * (1 + 1e-12))
    one_sided = Problem(0.7, 0.7, 1e12, 1e-12, cost_dyn=1.0, cost_rew=1.0, budget=1.0)
    assert regret(one_sided, 0.5) == pytest.approx(worst_even_split(0.7, 0.7), rel=1e-6)


@pytest.mark.parametrize(("alpha", "beta"), [(0.3, 0.9), (0.01, 3.0), (2.0, 0.05), (1.0, 1.0)])
def test_minimax_share_against_a_grid(alpha, beta):
    share, factor = minimax_share(alpha, beta)
    assert share**-alpha == pytest.approx((1 - share) ** -beta, rel=1e-9)
    grid = np.linspace(1e-4, 1 - 1e-4, 20_001)
    assert factor <= np.maximum(grid**-alpha, (1 - grid) ** -beta).min() * (1 + 1e-12)
    problem = replace(random_problems(5000, seed=16), exponent_dyn=alpha, exponent_rew=beta)
    assert np.all(regret(problem, share) <= factor * (1 + 1e-12))


def test_minimax_share_of_exponents_far_apart():
    for alpha, beta in ((1e-150, 1.0), (1000.0, 1e-3)):
        share, factor = minimax_share(alpha, beta)
        assert alpha * np.log(share) == pytest.approx(beta * np.log1p(-share), rel=1e-9)
        assert factor >= 1
    assert minimax_share(1000.0, 1e-90) == (1.0, 1.0)  # to the digits that there are


def test_random_problems_span_what_they_say():
    """Of 20,000 uniform numbers, none lies within 1 % of an end of the range with a probability of 2 · 0.99^20000."""
    problem = random_problems(20_000, seed=20)
    for name, low, high in (("exponent_dyn", 0.01, 3), ("exponent_rew", 0.01, 3)):
        values = getattr(problem, name)
        assert low <= values.min() < low + 0.03 < high - 0.03 < values.max() <= high
    for name, low, high in (("coefficient_dyn", -6, 6), ("cost_rew", -6, 6), ("budget", -3, 12)):
        values = np.log10(getattr(problem, name))
        assert low <= values.min() < low + 0.15 < high - 0.15 < values.max() <= high


def test_least_budget_and_best_split_undo_each_other():
    problem = random_problems(5000, seed=17)
    budget, split = budget_for_target(problem, solve(problem).objective)
    # A relative error of the target grows by 1/exponent (100 at most) in the budget.
    assert np.max(np.abs(budget / problem.budget - 1)) < 1e-11
    assert split.iterations <= 8
    assert split.objective == pytest.approx(solve(problem).objective, rel=1e-12)


def test_targets_that_are_not_positive_or_out_of_reach_are_refused():
    problem = Problem(0.01, 0.5, 1.0, 1.0, cost_dyn=1.0, cost_rew=1.0, budget=1.0)
    for target, said in [(0.0, "above 0"), (np.nan, "above 0"), (1e-8, "floating point")]:
        with pytest.raises(RequestError, match=said):
            budget_for_target(problem, target)


def test_marginal_gains_are_the_derivatives_and_equal_at_the_optimum():
    """A central difference with a relative step of 1e-5 is off by (α+1)(α+2)/6 · 1e-10, and by 1e-11/α of rounding."""
    many, h = mild_problems(200, seed=18), 1e-5
    for i in range(200):
        problem = single(many, i)
        split = solve(problem)
        gains = marginal_gains(problem, split.n_dyn, split.n_rew)
        # The logarithm of a count at the optimum has an error near 1e-13.
        assert gains[0] == pytest.approx(gains[1], rel=1e-11)
        up, down = problem.terms(50 * (1 + h), 70 * (1 + h)), problem.terms(50 * (1 - h), 70 * (1 - h))
        falls = [
            float(low - high) / (2 * h * n * float(cost))
            for low, high, n, cost in zip(down, up, (50, 70), (problem.cost_dyn, problem.cost_rew), strict=True)
        ]
        assert marginal_gains(problem, 50.0, 70.0) == pytest.approx(falls, rel=1e-8)


def test_greedy_follows_the_optimal_path_and_buys_the_underfunded_stream_off_it():
    problem = Problem(0.3, 0.9, 1.0, 1.0, cost_dyn=1.0, cost_rew=1.0, budget=2000.0)
    start = solve(replace(problem, budget=20.0))
    gaps = []
    for increment in (8.0, 4.0, 2.0, 1.0):
        counts = greedy_path(problem, start.n_dyn, start.n_rew, increment=increment)
        gaps.append(float(sum(problem.terms(*counts))) / solve(problem).objective - 1)
    assert 0 <= gaps[-1] < 1e-6
    assert next_unit(problem, 1000.0, 1.0) == "reward"
    assert greedy_path(replace(problem, budget=110.0), 100.0, 1.0, increment=0.5) == (100.0, 10.0)


@given(st.integers(0, 2**32 - 1), st.integers(2, 60))
@settings(max_examples=150, deadline=None)
def test_whole_counts_against_every_pair(seed, budget):
    rng = np.random.default_rng(seed)
    problem = Problem(*rng.uniform(0.1, 2, 2), *10 ** rng.uniform(-3, 3, 2), *rng.uniform(0.1, 1, 2), float(budget))
    pairs = [
        (d, int((budget - d * problem.cost_dyn) // problem.cost_rew))
        for d in range(1, int(budget / problem.cost_dyn) + 1)
    ]
    best = min(float(sum(problem.terms(*pair))) for pair in pairs if pair[1] >= 1)
    ours = whole_counts(problem)
    assert ours[0] * problem.cost_dyn + ours[1] * problem.cost_rew <= budget * (1 + 1e-9)
    assert float(sum(problem.terms(*ours))) <= best * (1 + 1e-12)


def test_whole_counts_where_one_sample_costs_a_million_times_the_other():
    problem = Problem(0.5, 0.9, 1.0, 20.0, cost_dyn=1e-3, cost_rew=1e3, budget=20_500.0)
    pairs = [(int((20_500 - 1000 * n) / 1e-3), n) for n in range(1, 21)]
    assert whole_counts(problem) == min(pairs, key=lambda pair: float(sum(problem.terms(*pair))))


def test_whole_counts_are_no_worse_than_rounding_and_no_better_than_real_ones():
    for i in range(300):
        problem = single(mild_problems(300, seed=21), i)
        if problem.budget < problem.cost_dyn + problem.cost_rew:
            continue
        best, ours = solve(problem), float(sum(problem.terms(*whole_counts(problem))))
        assert ours >= best.objective * (1 - 1e-10)
        n_dyn = max(1, int(best.n_dyn))
        n_rew = int((problem.budget - n_dyn * problem.cost_dyn) / problem.cost_rew)
        assert n_rew < 1 or ours <= float(sum(problem.terms(n_dyn, n_rew))) * (1 + 1e-12)


def test_kinds_agree_with_the_solution_for_two():
    problem = mild_problems(100, seed=19)
    for i in range(100):
        one = single(problem, i)
        kinds = [DataKind(float(one.coefficient_dyn), float(one.exponent_dyn), float(one.cost_dyn), floor=0.7),
                   DataKind(float(one.coefficient_rew), float(one.exponent_rew), float(one.cost_rew))]  # fmt: skip
        counts, iterations = optimal_counts(kinds, budget=float(one.budget))
        assert iterations <= 8
        assert counts == pytest.approx([solve(one).n_dyn, solve(one).n_rew], rel=1e-11)


def test_four_kinds_agree_with_a_general_solver():
    kinds = [
        DataKind(1.0, 0.3, 1.0, 2.0, 0.01),
        DataKind(5.0, 0.9, 0.1),
        DataKind(0.2, 0.5, 4.0, 7.0),
        DataKind(2.0, 1.4, 2.0),
    ]
    counts, _ = optimal_counts(kinds, budget=1e4)
    cost = np.array([s.cost for s in kinds])
    assert counts @ cost == pytest.approx(1e4, rel=1e-12)

    def total(v):  # softmax of v are the spend shares: no constraint is left
        shares = np.exp(v - v.max()) / np.exp(v - v.max()).sum()
        return sum(s.weight * s.error(n) for s, n in zip(kinds, shares * 1e4 / cost, strict=True))

    found = minimize(total, np.zeros(4), method="BFGS", options={"gtol": 1e-11})
    ours = sum(s.weight * s.error(n) for s, n in zip(kinds, counts, strict=True))
    assert ours <= found.fun * (1 + 1e-13)
    assert ours == pytest.approx(found.fun, rel=1e-10)


def test_what_is_not_a_kind_of_data_is_refused():
    with pytest.raises(RequestError, match="floor"):
        DataKind(1.0, 1.0, 1.0, floor=-1.0)
    with pytest.raises(RequestError, match="one kind of data"):
        optimal_counts([], budget=1.0)


def expansive_objective(share):
    """Bounded rewards, γ = 0.9, Λ = 4, R = κ = 1, ε_dyn = 1/N_dyn, ε_rew = N_rew^-1/2, budget 10 (times 1 - γ)."""
    constants = Lipschitz(dynamics=4.0, reward=1.0, policy=0.0)
    share = np.asarray(share, dtype=float)
    dynamics = return_gap_bound(constants, gamma=0.9, eps_dyn=1 / (10 * share), eps_rew=0.0, reward_range=1.0)
    return dynamics + (10 * (1 - share)) ** -0.5


def test_in_the_expansive_regime_the_objective_has_several_minima():
    found = local_minima(expansive_objective)
    assert len(found) >= 2
    assert {round(share, 3) for share, _ in found} >= {0.469, 0.706}


def test_in_the_expansive_regime_the_path_grows_with_the_hoelder_exponent():
    """d ln N_rew / d ln N_dyn over eleven decades is (αp + 1)/(β + 1), not (α + 1)/(β + 1); a ripple stays."""
    gamma, growth, alpha, beta = 0.9, 1.5, 0.8, 1.2
    p = hoelder_exponent(gamma=gamma, growth=growth)
    constants, counts = Lipschitz(dynamics=growth, reward=1.0, policy=0.0), []
    for budget in 10.0 ** np.arange(4, 16):

        def objective(s, budget=budget):
            gap = return_gap_bound(
                constants, gamma=gamma, eps_dyn=(budget * s) ** -alpha, eps_rew=0.0, reward_range=1.0
            )
            return gap + (budget * (1 - s)) ** -beta / (1 - gamma)

        share = local_minima(objective, points=201, widest=30.0)[0][0]
        counts.append((np.log(budget * share), np.log(budget * (1 - share))))
    slope = np.polyfit(*np.array(counts).T, 1)[0]
    assert abs(slope - (alpha * p + 1) / (beta + 1)) < 0.03
    assert abs(slope - (alpha + 1) / (beta + 1)) > 0.1
