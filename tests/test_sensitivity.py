"""Realised splits and the residual ℓ against closed forms, brute force and plain rollouts."""

import math
from itertools import pairwise

import numpy as np
import pytest
from scipy.stats import binom

from imagination import PowerLaw, optimal_split
from imagination.budget.sensitivity import (
    SHAPES,
    NoInnerOptimum,
    ScalarDrift,
    curvature,
    figure_2,
    grid,
    median_interval,
    realised_sensitivity,
    realised_split,
    recover,
)
from imagination.budget.sensitivity_lqg import (
    LqgStudy,
    draw,
    estimate_errors,
    figure_4,
    fitted_laws,
    value_changes,
)

LINEAR = figure_2(families=("linear",))
CURVED = figure_2(families=("tanh", "sin", "quadratic"))


def test_realised_split_of_a_linear_value_is_theorem_1():
    """The bracketing solver does not know the formula and finds the same counts."""
    dynamics, reward = PowerLaw(2.0, 0.4), PowerLaw(0.7, 0.9)
    ours = realised_split(lambda e: 3 * e, lambda e: e, dynamics, reward, budget=1e4, cost_dyn=2.0, cost_rew=0.5)
    truth = optimal_split(dynamics, reward, budget=1e4, cost_dyn=2.0, cost_rew=0.5, weight=3.0)
    assert ours == pytest.approx((truth.n_dyn, truth.n_rew), rel=1e-8)


def test_realised_split_against_a_fine_grid():
    config = ScalarDrift("quadratic", theta=0.25, exponents=(0.25, 0.5))
    change = config.value_change()
    dynamics, reward = PowerLaw(1.0, 0.25), PowerLaw(1.0, 0.5)
    n_dyn, _ = realised_split(change, config.reward_change(), dynamics, reward, budget=1e4)
    n = np.linspace(1, 9999, 100_001)
    eps = dynamics(n)
    total = np.maximum(np.abs(change(eps)), np.abs(change(-eps))) + reward(1e4 - n) / 0.1
    assert abs(n_dyn - n[np.argmin(total)]) < 0.2


def test_an_optimum_at_the_end_is_refused():
    law = PowerLaw(1.0, 0.5)
    with pytest.raises(NoInnerOptimum, match="end of the budget line"):
        realised_split(lambda e: 1e-12 * e, lambda e: e, law, law, budget=10.0)


def test_sensitivity_tends_to_the_derivative():
    config = ScalarDrift("tanh", theta=0.5)
    t = np.arange(500)
    slope = (1 - math.tanh(0.5) ** 2) * np.sum(0.9**t * (1 - 0.5**t) / 0.5)
    change = config.value_change()
    errors = [abs(realised_sensitivity(change, 0.1, step=h) / slope - 1) for h in (1e-1, 1e-2, 1e-3)]
    assert errors[2] < 1e-4
    assert errors[0] > 5 * errors[1] > 25 * errors[2]


def test_the_value_change_against_a_plain_rollout():
    config = ScalarDrift("sin", gamma=0.95, dynamics=0.9, theta=0.3, reward=2.0)
    x = xh = 0.3
    difference = 0.0
    for t in range(2000):
        difference += 0.95**t * 2.0 * (math.sin(xh) - math.sin(x))
        x, xh = 0.3 + 0.9 * (x - 0.3), 0.3 + 0.9 * (xh - 0.3) + 0.07
    assert config.value_change()(np.array([0.07]))[0] == pytest.approx(difference, rel=1e-12)


def test_linear_values_have_no_residual_with_either_multiplier():
    assert len(LINEAR) == 30
    assert LINEAR.ell.abs().max() < 1e-7
    assert LINEAR.ell_bound.abs().max() < 1e-7
    assert list(LINEAR.predicted.rank()) == list(LINEAR.realised.rank())


def test_the_residual_is_the_curvature_of_the_value():
    """|ℓ| = |ln D'(0)/D'(ε*)|, up to the step h of the quotient."""
    assert figure_2(families=("tanh", "sin", "quadratic"), step=1e-6).eval("ell - curvature").abs().max() < 1e-4


def test_a_value_that_falls_again_has_no_curvature():
    """Its slope at the error is not positive; a warning would be an error here."""
    assert math.isnan(curvature(np.sin, 2.0))
    assert curvature(np.sin, 1.0) == pytest.approx(-math.log(math.cos(1.0)), rel=1e-6)


def test_the_residual_falls_with_the_budget():
    medians = [figure_2(families=("tanh", "sin"), budget=b).ell.abs().median() for b in (1e3, 1e4, 1e5, 1e6)]
    assert all(b < 0.5 * a for a, b in pairwise(medians))


def test_the_supremum_inflates_the_quadratic_residual_towards_ln_2():
    quadratic = CURVED[CURVED.family == "quadratic"]
    assert quadratic.ell_bound.abs().median() > 5 * quadratic.ell.abs().median()
    vast = figure_2(families=("quadratic",), budget=1e10)
    assert vast.ell_bound.median() == pytest.approx(math.log(2), abs=0.01)
    # The domain [0, 2θ] of the supremum holds the drift.
    assert (quadratic.eps_dyn / (1 - quadratic.dynamics) <= quadratic.theta).all()


def test_a_configuration_without_an_inner_optimum_is_a_row_that_says_so():
    """With L_f = 1 a constant error drifts without bound, and the sine family loses its optimum."""
    rows = figure_2(families=("tanh", "sin", "quadratic"), dynamics=1.0)
    assert len(rows) == 27
    missing = rows[rows.ell.isna()]
    assert 0 < len(missing) < 27
    assert missing[["n_dyn", "ell_bound", "realised", "curvature"]].isna().all(axis=None)
    assert missing.gamma.notna().all()


@pytest.mark.parametrize("family", SHAPES)
@pytest.mark.parametrize("x", [0.0, 0.4, -1.3])
def test_shapes_change_as_they_are_defined(family, x):
    defined = {"linear": lambda v: v, "tanh": np.tanh, "sin": np.sin, "quadratic": lambda v: v**2 / 2}[family]
    d = np.array([-30.0, -2.0, -1e-3, 0.0, 1e-3, 0.7, 30.0])
    assert SHAPES[family](x, d) == pytest.approx(defined(x + d) - defined(x), rel=1e-9, abs=1e-15)
    slope = (defined(x + 1e-5) - defined(x - 1e-5)) / 2e-5
    assert SHAPES[family](x, np.array([1e-200]))[0] / 1e-200 == pytest.approx(slope, rel=1e-9)


def test_a_smaller_step_only_comes_nearer_to_the_slope():
    small, smaller = (figure_2(families=("tanh", "quadratic"), step=h).ell for h in (1e-6, 1e-12))
    assert small.to_numpy() == pytest.approx(smaller.to_numpy(), abs=1e-5)


@pytest.mark.parametrize("budget", [1e3, 1e8, 1e12])
def test_linear_values_leave_no_residual_where_the_minimum_is_flat(budget):
    assert figure_2(families=("linear",), budget=budget)[["ell", "ell_bound"]].abs().max(axis=None) < 2e-8


def test_interval_of_a_median_against_its_exact_distribution():
    """The median of 9 draws from 9 values is at most the k-th with the probability that 5 of 9 are: a binomial tail.

    4000 resamples put a wrong value at an end with a probability below 1e-3: the exact probabilities nearest to 0.025
    and 0.975 are 0.034 and 0.0014, and as far on the other side.
    """
    values = np.arange(9.0)
    below = binom.sf(4, 9, np.arange(1, 10) / 9)
    exact = values[np.searchsorted(below, 0.025)], values[np.searchsorted(below, 0.975)]
    assert median_interval(values[::-1], generator=np.random.default_rng(3)) == exact == (1.0, 7.0)
    wide, narrow = (median_interval(values, generator=np.random.default_rng(0), level=q) for q in (0.999, 0.5))
    assert wide[0] < narrow[0] <= narrow[1] < wide[1]


def test_the_grids_are_those_of_the_paper():
    assert [len(list(grid(f))) for f in ("linear", "tanh", "sin", "quadratic")] == [30, 9, 9, 9]
    assert all(c.gamma * c.dynamics < 1 for c in grid("linear"))


STUDY = LqgStudy()


@pytest.fixture(scope="module")
def system():
    return draw(STUDY, np.random.default_rng([42, 0]))


def test_measured_errors_fall_like_the_root_of_n(system):
    dynamics, reward = fitted_laws(STUDY, system, np.random.default_rng(0))
    for fit in (dynamics, reward):
        assert fit.exponent == pytest.approx(0.5, abs=0.12)
        assert fit.r2 > 0.97


def test_the_worst_errors_are_not_below_sampled_ones(system):
    error = estimate_errors(STUDY, 200, np.random.default_rng(1))
    states = np.random.default_rng(2).standard_normal((5000, 4))
    states /= np.linalg.norm(states, axis=1, keepdims=True)
    change_dyn, change_rew = value_changes(STUDY, system, error, 1.0)
    M, b, H, c = error.on_policy(system.K)
    eps_dyn, eps_rew = error.largest(system.K)

    sampled = np.linalg.norm(states @ M.T + b, axis=1)
    assert sampled.max() <= eps_dyn * (1 + 1e-12)
    assert sampled.max() > 0.8 * eps_dyn
    quadratic = np.abs(np.einsum("ni,ij,nj->n", states, H, states) + c)
    assert quadratic.max() <= eps_rew * (1 + 1e-12)
    assert change_dyn(np.zeros(1))[0] == change_rew(np.zeros(1))[0] == 0


def test_value_changes_against_a_plain_rollout(system):
    error = estimate_errors(STUDY, 500, np.random.default_rng(3))
    M, b, H, c = error.on_policy(system.K)
    eps_dyn, eps_rew = error.largest(system.K)
    for sign, eps in ((1, 0.05), (-1, 0.02)):
        size_dyn = sign * eps / eps_dyn
        size_rew = sign * eps / eps_rew
        s = sh = 0.3 * system.start
        value = by_dynamics = by_reward = 0.0
        for t in range(300):
            a, ah = -system.K @ s, -system.K @ sh
            value -= 0.8**t * (s @ system.Q @ s + a @ a)
            by_reward += 0.8**t * size_rew * (s @ H @ s + c)
            by_dynamics -= 0.8**t * (sh @ system.Q @ sh + ah @ ah)
            s = system.A @ s + system.B @ a
            sh = system.A @ sh + system.B @ ah + size_dyn * (M @ sh + b)
        changes = value_changes(STUDY, system, error, 0.3)
        assert changes[0](np.array([sign * eps]))[0] == pytest.approx(by_dynamics - value, rel=1e-10)
        assert changes[1](np.array([sign * eps]))[0] == pytest.approx(by_reward, rel=1e-10)


def test_the_coefficient_of_each_error_is_an_upper_bound():
    """Lemma 1 says K/(1 - γ) ≥ S_f and 1/(1 - γ) ≥ S_r: both slacks are non-negative; ℓ is their difference."""
    rows = figure_4(seeds=range(3), radii=(1.0, 0.1))
    assert (rows.slack_dyn >= 0).all()
    assert (rows.slack_rew >= 0).all()
    assert rows.contraction.between(0.224, 0.228).all()


def test_the_systems_do_not_depend_on_the_radii_asked_for():
    one, two = (figure_4(seeds=[5], radii=r) for r in ((0.3,), (1.0, 0.3)))
    assert one.ell_bound[0] == two.ell_bound[1]


def test_a_ratio_above_K_exists():
    """Flag 4b: γ = .9, f = s/2, r = s, π = 0; constant dynamics error, alternating reward error: S_f/S_r > K."""
    t = np.arange(2000)
    s_dyn = np.sum(0.9**t * (1 - 0.5**t) / 0.5)
    s_rew = abs(np.sum(0.9**t * (-1.0) ** t))
    found = recover(
        lambda e: e * s_dyn, lambda e: e * s_rew, PowerLaw(1.0, 0.5), PowerLaw(1.0, 0.5), budget=1e4,
        multiplier=0.9 / (1 - 0.45),
    )  # fmt: skip
    assert s_dyn / s_rew == pytest.approx(31.09, abs=0.01)
    assert found.ell_bound < -2
