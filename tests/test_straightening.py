"""Curvature bounds against fifty-digit values, random rollouts, planted violations and the extremal rollouts."""

from __future__ import annotations

from functools import partial

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imagination.errors import RequestError
from imagination.gap.straightening import (
    curvature_bound,
    curvature_loss,
    extrapolation_bound,
    lag_bound,
    observed_constant,
    path_curvature,
    policy_constant,
    random_velocity,
    ratios_to_bounds,
    resolved,
    roll,
    spiral,
    straightened_lipschitz,
)

EPS = [0.0, 1e-12, 1e-6, 0.05, 0.3, 0.5, 0.7320508, 0.9, 0.99, 1 - 1e-12]


@pytest.mark.parametrize("eps", EPS)
def test_bounds_match_fifty_digits(eps):
    with mpmath.workdps(50):
        e = mpmath.mpf(float(eps))
        exact = {True: 1 - mpmath.sqrt(1 - e**2), False: e**2 / (2 * (1 - e))}
        for sharp, value in exact.items():
            assert float(curvature_bound(eps, sharp=sharp)) == pytest.approx(float(value), rel=4e-16 * 8, abs=0)


@pytest.mark.parametrize("k", [0, 1, 2, 5, 37, 1000])
@pytest.mark.parametrize("eps", [0.0, 1e-14, 1e-7, 4e-4, 0.01, 0.3, 0.49, 0.51, 1.0, 2.5])
def test_extrapolation_matches_fifty_digits(eps, k):
    with mpmath.workdps(400):
        e = mpmath.mpf(float(eps))
        exact = ((1 + e) ** k - 1) / e - k if eps else mpmath.mpf(0)
        expected = float(exact) if exact < mpmath.mpf(10) ** 308 else np.inf
    assert float(extrapolation_bound(eps, k)) == pytest.approx(expected, rel=1e-12, abs=0)


def test_loss_keeps_its_digits_where_one_minus_cosine_has_none():
    angle = 1e-9
    loss = curvature_loss([1.0, 0.0], [np.cos(angle), np.sin(angle)])
    assert float(loss) == pytest.approx(angle**2 / 2, rel=1e-12)
    assert 1 - np.cos(angle) == 0.0  # the textbook form returns nothing here


def test_loss_ignores_scale_even_at_the_ends_of_float64():
    u, w = np.array([3.0, 4.0]), np.array([4.0, 3.0])
    assert curvature_loss(u, w) == pytest.approx(1 - 24 / 25, rel=1e-14)
    assert curvature_loss(u * 1e-300, w * 1e300) == pytest.approx(1 - 24 / 25, rel=1e-14)


def test_shapes_broadcast():
    assert curvature_loss(np.ones((5, 1, 3)), np.ones((4, 3))).shape == (5, 4)
    assert path_curvature(np.cumsum(np.ones((2, 7, 3)), axis=1), lag=2).shape == (2, 4)
    assert lag_bound(np.full((3, 1), 0.2), np.arange(4)).shape == (3, 4)
    assert extrapolation_bound(np.full((3, 1), 0.2), np.arange(4)).shape == (3, 4)


@pytest.mark.parametrize("eps", [0.05, 0.3, 0.6, 0.9, 0.999])
def test_spiral_attains_the_sharp_bound_at_every_step_and_lag(eps):
    path = spiral(eps, 60 if eps < 0.9 else 12)
    for lag in range(1, len(path) - 1):
        expected = 1 - np.cos(
            lag * np.arcsin(eps)
        )  # past π the angle comes back, and the bound no longer speaks of equality
        np.testing.assert_allclose(path_curvature(path, lag=lag), expected, rtol=1e-9, atol=1e-13)
        if lag * np.arcsin(eps) <= np.pi:
            np.testing.assert_allclose(path_curvature(path, lag=lag), lag_bound(eps, lag), rtol=1e-9)
    difference = np.diff(path, axis=0)
    change = np.linalg.norm(np.diff(difference, axis=0), axis=1) / np.linalg.norm(difference[:-1], axis=1)
    np.testing.assert_allclose(change, eps, rtol=1e-9)  # and its velocity map has exactly the constant ε


@pytest.mark.parametrize("eps", [1e-4, 0.01, 0.5, 1.0, 1.7])
def test_linear_growth_attains_the_extrapolation_bound(eps):
    path = roll(lambda z: eps * z, [1.0, -2.0], 30)
    k = np.arange(31)
    step = path[1] - path[0]
    missed = np.linalg.norm(path - path[0] - k[:, None] * step, axis=1) / np.linalg.norm(step)
    np.testing.assert_allclose(missed, extrapolation_bound(eps, k), rtol=1e-7, atol=1e-12)


@settings(max_examples=400, deadline=None, derandomize=True)
@given(
    seed=st.integers(0, 2**32 - 1),
    eps=st.floats(0.01, 0.99),
    kind=st.sampled_from(["linear", "tanh", "rotation"]),
    d=st.integers(1, 6),
)
def test_no_rollout_of_a_lipschitz_velocity_breaks_a_bound(seed, eps, kind, d):
    rng = np.random.default_rng(seed)
    path = roll(random_velocity(kind, eps, dimension=d, generator=rng), rng.standard_normal(d), 8)
    velocity = np.diff(path, axis=0)
    if np.linalg.norm(velocity, axis=1).min() < 1e-9:
        return  # the rollout has come to rest and has no direction to speak of
    loss = path_curvature(path)
    assert np.all(loss <= curvature_bound(eps) + 1e-9)
    assert np.all(curvature_bound(eps) <= curvature_bound(eps, sharp=False) + 1e-12)
    for lag in range(2, 7):
        assert np.all(path_curvature(path, lag=lag) <= lag_bound(eps, lag) + 1e-9)
    k = np.arange(len(path))
    missed = np.linalg.norm(path - path[0] - k[:, None] * velocity[0], axis=1) / np.linalg.norm(velocity[0])
    assert np.all(missed <= extrapolation_bound(eps, k) * (1 + 1e-9) + 1e-9)
    if d == 1:
        np.testing.assert_allclose(loss, 0.0, atol=1e-15)


@pytest.mark.parametrize("eps", [0.1, 0.5, 0.9])
def test_an_epsilon_understated_by_one_percent_is_caught(eps):
    path = spiral(eps, 10)
    assert np.all(path_curvature(path) > curvature_bound(0.99 * eps))
    assert np.all(path_curvature(path, lag=2) > lag_bound(0.99 * eps, 2))


def test_actions_and_observed_differences():
    rng = np.random.default_rng(5)
    reached = {"actions": 0.0, "observed": 0.0}
    for _ in range(2000):
        d, eps, policy = 3, rng.uniform(0.02, 0.45), rng.uniform(0, 1)
        A, B, K = (rng.standard_normal((d, d)) for _ in range(3))
        A, B, K = (M / np.linalg.norm(M, 2) for M in (A, B, K))
        path = roll(partial(np.matmul, eps * (A + policy * B @ K)), rng.standard_normal(d), 2)
        constant = policy_constant(eps, policy)
        loss = float(path_curvature(path)[0])
        assert loss <= curvature_bound(constant) + 1e-12
        reached["actions"] = max(reached["actions"], loss / float(curvature_bound(constant)))

        velocity = random_velocity("linear", eps, dimension=d, generator=rng)
        z = rng.standard_normal(d)
        noise = 0.05 * np.linalg.norm(velocity(z)) * rng.standard_normal((2, d))
        d0 = velocity(z) + noise[0]
        d1 = velocity(z + d0) + noise[1]
        sizes = np.linalg.norm([noise[0], noise[1], d0], axis=1)
        constant = observed_constant(eps, error=sizes[0], error_later=sizes[1], observed=sizes[2])
        if constant <= 1:
            loss = float(curvature_loss(d0, d1))
            assert loss <= curvature_bound(constant) + 1e-12
            reached["observed"] = max(reached["observed"], loss / float(curvature_bound(constant)))
    assert reached["actions"] > 0.5  # the checks come near the bounds, so they could fail
    assert reached["observed"] > 0.5


def test_identity_plus_velocity_has_the_promised_constant():
    rng = np.random.default_rng(11)
    for _ in range(500):
        d, eps = 4, rng.uniform(0.01, 1.5)
        A = rng.standard_normal((d, d))
        A *= eps / np.linalg.norm(A, 2)
        one_sided = np.linalg.eigvalsh((A + A.T) / 2)[-1]
        actual = np.linalg.norm(np.eye(d) + A, 2)
        assert actual <= straightened_lipschitz(eps) * (1 + 1e-12)
        assert actual <= straightened_lipschitz(eps, one_sided=one_sided) * (1 + 1e-12)
    assert straightened_lipschitz(1.0, one_sided=-1.0) == 0.0  # v(z) = −z: everything falls onto one point


@pytest.mark.parametrize(
    ("call", "says"),
    [
        (lambda: curvature_bound(1.2), "[0, 1]"),
        (lambda: curvature_bound(1.0, sharp=False), "eps = 1 is not allowed: a finite number in [0, 1)"),
        (lambda: curvature_bound(-0.1), "eps = -0.1 is not allowed"),
        (lambda: curvature_bound(np.nan), "finite"),
        (lambda: lag_bound(0.1, 1.5), "whole number"),
        (lambda: lag_bound(1.1, 1), "[0, 1]"),
        (lambda: extrapolation_bound(0.1, -1), "k = -1 is not allowed: a whole number, 0 or more"),
        (lambda: curvature_loss([0.0, 0.0], [1.0, 0.0]), "direction"),
        (lambda: curvature_loss([1.0, 0.0], [1.0, 0.0, 0.0]), "must agree"),
        (lambda: path_curvature([[0.0], [1.0]]), "need three"),
        (lambda: path_curvature([0.0, 1.0, 2.0]), "shape"),
        (lambda: observed_constant(0.1, error=0, error_later=0, observed=0), "observed = 0 is not allowed"),
        (lambda: straightened_lipschitz(0.1, one_sided=0.2), "[-eps, eps]"),
        (lambda: spiral(1.0, 3), "[0, 1)"),
        (lambda: spiral(0.1, -1), "whole number"),
        (lambda: spiral(0.1, 3, radius=0), "radius = 0 is not allowed"),
        (lambda: roll(lambda z: z, [[1.0]], 3), "shape (any)"),
        (
            lambda: random_velocity("cubic", 0.1, dimension=2, generator=np.random.default_rng(0)),
            "linear, tanh or rotation",
        ),
    ],
)
def test_bad_requests_are_refused_in_one_line(call, says):
    with pytest.raises(RequestError) as refusal:
        call()
    assert says in str(refusal.value)
    assert "\n" not in str(refusal.value)


KINDS = ("linear", "tanh", "rotation")


@given(st.sampled_from(KINDS), st.floats(0.02, 0.98), st.integers(2, 6), st.integers(4, 200), st.integers(0, 10**6))
@settings(max_examples=100)
def test_no_random_rollout_exceeds_a_bound_however_long(kind, constant, dimension, steps, seed):
    """Also where it comes to rest or leaves for infinity: what rounding makes of the rest is left out."""
    rng = np.random.default_rng(seed)
    velocity = random_velocity(kind, constant, dimension=dimension, generator=rng)
    found = ratios_to_bounds(roll(velocity, rng.standard_normal(dimension), steps), constant)
    assert np.isnan(found.loss) or max(found[1:]) <= 1 + 1e-9


@pytest.mark.parametrize("kind", KINDS)
def test_the_constant_of_a_random_velocity_is_the_largest_quotient(kind):
    rng = np.random.default_rng(4)
    v = random_velocity(kind, 0.7, dimension=2, generator=rng)
    angle = np.linspace(0, np.pi, 2000)
    u = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    quotients = [np.linalg.norm(v(1e-3 * d) - v(np.zeros(2))) / 1e-3 for d in u]
    assert max(quotients) <= 0.7 * (1 + 1e-9)
    if kind != "tanh":
        assert max(quotients) == pytest.approx(0.7, rel=1e-5)


def test_a_planted_constant_is_noticed_on_the_spiral():
    assert ratios_to_bounds(spiral(0.3, 8), 0.3).one_step == pytest.approx(1, rel=1e-12)
    assert ratios_to_bounds(spiral(0.3, 8), 0.99 * 0.3).one_step > 1.02


def test_what_is_resolved():
    assert len(resolved(spiral(0.5, 1000))) == 1001  # the spiral shrinks, and its steps with it
    assert len(resolved([[1.0], [np.inf], [2.0]])) == 1
    assert len(resolved([[0.0], [0.0]])) == 1
    assert np.isnan(ratios_to_bounds([[0.0], [0.0]], 0.5)).all()
    assert len(resolved(roll(lambda z: z, [1.0], 2000))) < 400  # and no overflow on the way


JUNK = st.one_of(
    st.none(), st.text(max_size=3), st.booleans(), st.floats(), st.integers(-(10**30), 10**30), st.just(object()),
    st.lists(st.one_of(st.floats(), st.lists(st.floats(), max_size=3)), max_size=3),
    st.just(np.ma.masked_equal([1.0, 2.0], 2.0)),
)  # fmt: skip


@given(st.data())
@settings(max_examples=300)
def test_junk_is_answered_or_refused(data):
    """No other error, and no NaN; infinite is the straight-line bound where it passes 1e308."""
    rng = np.random.default_rng(0)
    call = data.draw(
        st.sampled_from(
            [
                lambda a, b: curvature_loss(a, b),
                lambda a, b: path_curvature(a, lag=b),
                lambda a, b: curvature_bound(a, sharp=bool(rng.integers(2))),
                lag_bound,
                extrapolation_bound,
                policy_constant,
                lambda a, b: observed_constant(a, error=b, error_later=0.1, observed=a),
                lambda a, b: straightened_lipschitz(a, one_sided=b),
                lambda a, b: spiral(a, 3, radius=b),
                lambda a, b: spiral(0.3, a),
                lambda a, b: random_velocity(a, b, dimension=2, generator=rng)(np.ones(2)),
                lambda a, b: random_velocity("linear", 0.5, dimension=2, generator=b),
            ]
        )
    )
    a, b = data.draw(JUNK), data.draw(JUNK)
    try:
        found = call(a, b)
    except RequestError:
        return
    assert not np.isnan(found).any()
