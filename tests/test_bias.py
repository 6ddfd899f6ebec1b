"""Proposition 2 exactly, and the tools for biased labels: bounds, crossover, two batches."""

import math
from itertools import product

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from imagination.errors import RequestError
from imagination.rewards.bias import bias_bound, bias_bound_spectral, bias_bound_uniform, crossover_budget, two_batches
from imagination.rewards.enumeration import (
    SoftmaxMDP,
    Tabular,
    episodes,
    estimate,
    expectation,
    expected_return,
    gradient,
    mean_gradient,
)

gamma, p0, p1 = sp.symbols("gamma p_0 p_1", positive=True)
R = sp.Rational
NEXT, LOGIT = ((0, 1), (1, 0)), (0, 1)
REWARD, BIAS = ((R(1, 2), 1), (-1, R(1, 3))), ((R(1, 5), -1), (2, R(1, 7)))
BIASED = tuple(tuple(r + b for r, b in zip(x, y, strict=True)) for x, y in zip(REWARD, BIAS, strict=True))


def mdp(reward, probability=(p0, p1)):
    return SoftmaxMDP(NEXT, reward, probability, LOGIT)


@pytest.mark.parametrize("horizon", [1, 2, 3])
def test_gradient_bias_is_the_gradient_of_the_bias_return_with_the_state_discount(horizon):
    found = mean_gradient(mdp(BIASED), horizon, gamma, discount_states=True)
    parts = [gradient(mdp(r), lambda m: expected_return(m, horizon, gamma)) for r in (REWARD, BIAS)]
    assert all(sp.expand(f - g - b) == 0 for f, g, b in zip(found, *parts, strict=True))


@pytest.mark.parametrize("horizon", [2, 3])
def test_without_the_state_discount_proposition_2_fails(horizon):
    found = mean_gradient(mdp(BIASED), horizon, gamma, discount_states=False)
    parts = [gradient(mdp(r), lambda m: expected_return(m, horizon, gamma)) for r in (REWARD, BIAS)]
    assert any(sp.expand(f - g - b) != 0 for f, g, b in zip(found, *parts, strict=True))


@pytest.mark.parametrize("k", [1, 2, 3])
def test_mean_squared_error_by_enumerating_k_rollouts(k):
    biased, g = mdp(BIASED, (p0, R(2, 5))), R(9, 10)
    horizon = 2 if k < 3 else 1
    atoms = [(e.probability, estimate(e.scores, e.rewards, g, discount_states=True)) for e in episodes(biased, horizon)]
    target = gradient(mdp(REWARD, (p0, R(2, 5))), lambda m: expected_return(m, horizon, g))
    bias = gradient(mdp(BIAS, (p0, R(2, 5))), lambda m: expected_return(m, horizon, g))
    mean = [sum(q * x[i] for q, x in atoms) for i in range(2)]
    variance = sum(q * sum((x[i] - mean[i]) ** 2 for i in range(2)) for q, x in atoms)
    error = sum(
        math.prod(q for q, _ in draw) * sum((sum(x[i] for _, x in draw) / k - target[i]) ** 2 for i in range(2))
        for draw in product(atoms, repeat=k)
    )
    assert sp.expand(error - variance / k - sum(b**2 for b in bias)) == 0
    assert any(b != 0 for b in bias)


def test_a_bias_that_depends_on_theta_adds_a_term_that_the_estimator_misses():
    bias = ((0, p0), (0, 0))  # a reward model trained online: it moves with the policy

    def follows_the_policy(m):
        return expected_return(mdp(((0, m.probability[0]), (0, 0)), m.probability), 1, gamma)

    moving = gradient(mdp(bias), follows_the_policy)
    seen = mean_gradient(mdp(bias), 1, gamma, discount_states=True)
    assert sp.factor(moving[0] - seen[0]) == sp.factor(p0 * p0 * (1 - p0))


@pytest.mark.parametrize("horizon", [1, 2, 3])
def test_constants_and_shaping_are_harmless(horizon):
    c, phi = sp.Symbol("c"), sp.symbols("phi_:2")
    constant = gradient(mdp(((c, c), (c, c))), lambda m: expected_return(m, horizon, gamma))
    assert all(sp.expand(x) == 0 for x in constant)
    shaping = tuple(tuple(gamma * phi[NEXT[s][a]] - phi[s] for a in range(2)) for s in range(2))
    last = lambda m: expectation(m, horizon, lambda e: phi[NEXT[e.states[-1]][e.actions[-1]]])  # noqa: E731
    assert sp.expand(expected_return(mdp(shaping), horizon, gamma) - gamma**horizon * last(mdp(shaping)) + phi[0]) == 0
    found = gradient(mdp(shaping), lambda m: expected_return(m, horizon, gamma))
    only_end = gradient(mdp(shaping), lambda m: gamma**horizon * last(m))
    assert all(sp.expand(f - e) == 0 for f, e in zip(found, only_end, strict=True))


def random_process(rng, deterministic=False):
    s, a = rng.integers(1, 5), rng.integers(2, 4)
    transition = np.eye(s)[rng.integers(s, size=(s, a))] if deterministic else rng.dirichlet(np.full(s, 0.5), (s, a))
    return Tabular(transition, np.eye(s)[0], rng.normal(size=(s, a)) * rng.uniform(0, 3))


def test_tabular_gradient_agrees_with_finite_differences_and_with_enumeration():
    rng = np.random.default_rng(0)
    process = random_process(rng)
    payoff = rng.normal(size=process.logits.shape)
    numeric = np.zeros_like(payoff)
    for index in np.ndindex(payoff.shape):
        step = np.zeros_like(payoff)
        step[index] = 1e-6
        up, down = (Tabular(process.transitions, process.start, process.logits + x * step) for x in (1, -1))
        numeric[index] = (up.value(payoff, 0.9, 5) - down.value(payoff, 0.9, 5)) / 2e-6
    assert process.gradient(payoff, 0.9, 5) == pytest.approx(numeric, abs=1e-8)
    exact = mean_gradient(mdp(BIASED, (R(1, 3), R(3, 4))), 3, R(9, 10), discount_states=True)
    logits = np.array([[0, math.log(1 / 2)], [0, math.log(3)]])
    same = Tabular(np.eye(2)[np.array(NEXT)], np.eye(2)[0], logits)
    assert same.gradient(np.array(BIASED, float), 0.9, 3)[:, 1] == pytest.approx(np.array(exact, float), rel=1e-12)


def test_sampled_gradients_average_to_the_exact_one():
    """Ten coordinates at most within 4.5 standard errors: false alarm below 1e-4."""
    rng = np.random.default_rng(5)
    process = Tabular(rng.dirichlet(np.ones(3), (3, 2)), np.ones(3) / 3, rng.normal(size=(3, 2)))
    payoffs = rng.normal(size=(2, 3, 2))
    sample = process.sample_gradients(payoffs, 0.9, 6, 40_000, generator=rng)
    for payoff, gradients in zip(payoffs, sample, strict=True):
        z = (gradients.mean(0) - process.gradient(payoff, 0.9, 6)) / (gradients.std(0) / 200)
        assert np.abs(z).max() < 4.5


def test_size_bounds_on_300_random_processes():
    rng, ratios = np.random.default_rng(1), []
    for i in range(300):
        process, g, horizon = random_process(rng, i % 2 == 0), rng.uniform(0, 0.99), int(rng.integers(1, 30))
        payoff = rng.normal(size=process.logits.shape) + 10 * rng.normal()
        size = np.linalg.norm(process.gradient(payoff, g, horizon))
        sd, moments = process.deviation(payoff, horizon), process.score_moments(horizon)
        squares = np.trace(moments, axis1=1, axis2=2)
        spectral, refined = bias_bound_spectral(sd, moments, g), bias_bound(sd, squares, g)
        uniform = bias_bound_uniform(sd.max(), math.sqrt(squares.max()), g)
        assert size <= spectral * (1 + 1e-9) + 1e-12
        assert spectral <= refined * (1 + 1e-9)
        assert refined <= uniform * (1 + 1e-9)
        ratios.append(size / refined if refined > 0 else 0)
    assert 0.9 < max(ratios) <= 1 + 1e-9  # attained by one step of two actions


@pytest.mark.parametrize("horizon", [1, 2, 3, 4, 5])
def test_first_bound_is_attained_when_the_bias_follows_the_score_sum(horizon):
    p = R(1, 3)
    coin = SoftmaxMDP(((0, 0),), ((0, 0),), (p,), (0,))
    found = bound = 0
    for t in range(horizon):
        found += R(9, 10) ** t * expectation(coin, horizon, lambda e, t=t: sum(w[0] for w in e.scores[: t + 1]) ** 2)
        bound += R(9, 10) ** t * (t + 1) * p * (1 - p)
    assert found == bound
    sd, squares = np.sqrt(np.arange(1, horizon + 1) * 2 / 9), np.full(horizon, 2 / 9)
    assert bias_bound(sd, squares, 0.9) == pytest.approx(float(bound), rel=1e-12)


@pytest.mark.parametrize("g", [0.1, 0.5, 0.9, 0.99])
def test_uniform_bound_against_its_series(g):
    t = np.arange(20_000)
    ratio = (1 - g) ** 1.5 * np.sum(g**t * np.sqrt(t + 1))
    assert math.gamma(1.5) <= ratio <= 1


def test_crossover_is_where_the_two_errors_meet():
    prices = {"cheap_variance": 2.0, "cheap_cost": 1.0, "exact_variance": 1.5, "exact_cost": 10.0, "bias_square": 0.5}
    at = crossover_budget(**prices)
    for budget, cheap_wins in ((0.9 * at, True), (1.1 * at, False)):
        assert (2.0 / budget + 0.5 < 1.5 * 10 / budget) == cheap_wins
    assert crossover_budget(**{**prices, "exact_cost": 1.0}) == 0


@settings(deadline=None)
@given(
    st.floats(0.1, 10), st.floats(0.1, 10), st.floats(-0.99, 0.99), st.floats(0.1, 5), st.floats(0.1, 5),
)  # fmt: skip
def test_two_batches_is_the_numerical_optimum(v1, v2, rho, a, extra):
    plan = two_batches(
        cheap_variance=v1, exact_variance=v2, correlation=rho, cheap_cost=a, double_cost=a + extra, exact_cost=extra
    )

    def objective(x):
        log_ratio, weight = x
        ratio = math.exp(log_ratio)  # K/k; budget 1 buys k = 1 / (a ratio + b)
        gap = v2 + weight**2 * v1 - 2 * weight * rho * math.sqrt(v1 * v2)
        return (a * ratio + a + extra) * (weight**2 * v1 / ratio + gap)

    best = min(
        (minimize(objective, (u, w), method="Nelder-Mead", options={"xatol": 1e-10, "fatol": 1e-13, "maxiter": 4000})
         for u in (-2.0, 2.0) for w in (0.1, 1.0)),
        key=lambda r: r.fun,
    )  # fmt: skip
    assert plan.variance_times_budget <= (a + extra) * v2 * (1 + 1e-12)
    if plan.weight > 0.05:
        assert plan.variance_times_budget == pytest.approx(best.fun, rel=1e-5)
        closed = v2 * (math.sqrt(a) * rho + math.sqrt(extra * (1 - rho**2))) ** 2
        assert plan.variance_times_budget == pytest.approx(closed, rel=1e-9)


SD = np.ones(3)
COIN = Tabular(np.ones((1, 2, 1)), np.ones(1), np.zeros((1, 2)))
PRICES = {"cheap_variance": 1.0, "exact_variance": 1.0, "cheap_cost": 1.0, "exact_cost": 3.0}


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (lambda: bias_bound(-SD, SD, 0.9), "0 or more"),
        (lambda: bias_bound(SD * math.nan, SD, 0.9), "nan"),
        (lambda: bias_bound(SD, np.ones(4), 0.9), "(4,)"),
        (lambda: bias_bound(SD, SD, 1.5), "gamma = 1.5"),
        (lambda: bias_bound_spectral(SD, np.ones((2, 1, 1)), 0.9), "(2, 1, 1)"),
        (lambda: bias_bound_uniform(1.0, 1.0, 1.0), "gamma = 1"),
        (lambda: bias_bound_uniform(-1.0, 1.0, 0.9), "eps_rew = -1"),
        (lambda: crossover_budget(**PRICES, bias_square=0.0), "bias_square = 0"),
        (lambda: two_batches(**PRICES, correlation=1.5, double_cost=4.0), "correlation = 1.5"),
        (lambda: two_batches(**PRICES, correlation=0.5, double_cost=1.0), "double_cost = 1"),
        (lambda: Tabular(np.ones((1, 2, 1)), np.ones(1), np.zeros((2, 2))), "(2, 2, 2)"),
        (lambda: Tabular(np.ones((1, 2, 1)) / 2, np.ones(1), np.zeros((1, 2))), "sum to 1"),
        (lambda: COIN.gradient(np.full((1, 2), np.nan), 0.9, 1), "nan"),
        (lambda: COIN.occupancy(0), "horizon = 0"),
    ],
)
def test_bad_input_is_refused_in_one_line(request_, words):
    with pytest.raises(RequestError) as refused:
        request_()
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)
