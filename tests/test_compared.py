"""Laws compared: against numbers drawn from laws that are known, and against what is done by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from imagination.errors import RequestError
from imagination.laws.compared import (
    Printed,
    coordinates_of_fit,
    interval,
    paired_exponent,
    plane_exponents,
    r2_of_resamples,
    second_experiment,
)
from imagination.laws.powerlaw import fit_power_law

ANCHORS = np.array([2e3, 5e3, 1e4, 2e4, 5e4])


def test_a_second_experiment_lands_there_95_times_in_100():
    """Means of 50 lognormal numbers, twice over, 2,000 times: the share inside is 95 % within 2.5 points.

    If it is 94.5 % (the bootstrap of 50 is a little narrow), the share of 2,000 has a standard deviation of 0.5 points:
    false-alarm rate below 1e-4. Without the √2 the share would be 83 %.
    """
    generator = np.random.default_rng(0)
    inside = 0
    for _ in range(2_000):
        first, second = generator.lognormal(1.0, 0.3, (2, 50))
        draws = first[generator.integers(0, 50, (400, 50))].mean(1)
        low, high = second_experiment(first.mean(), draws)
        inside += low <= second.mean() <= high
    assert 0.925 < inside / 2_000 < 0.975


@given(st.integers(1, 9_999), st.integers(0, 5))
def test_a_printed_value_is_met_by_what_rounds_to_it(digits, places):
    """Half a unit to either side is met and more is not, for any number of decimals."""
    unit = 10.0**-places
    printed = Printed.of(f"{digits * unit:.{places}f}")
    assert printed.half == pytest.approx(unit / 2)
    for end in (-1, 1):
        assert printed.meets((printed.value + end * 0.49 * unit,) * 2)
        assert not printed.meets((printed.value + end * 0.51 * unit,) * 2)
    assert not printed.meets((np.nan, np.nan))


@pytest.mark.parametrize("n", [0.01, 1.0, 2000.0])
def test_level_of_a_printed_law_holds_every_law_that_is_printed_so(n):
    scale, exponent = Printed.of("90.4"), Printed.of("0.96")
    level = Printed.level(scale, exponent, n)
    generator = np.random.default_rng(0)
    some = generator.uniform(90.35, 90.45, 1000) * n ** -generator.uniform(0.955, 0.965, 1000)
    assert (abs(some - level.value) <= level.half * (1 + 1e-12)).all()
    assert np.ptp(some) > 1.6 * level.half


def lognormal_errors(teachers, spread=0.2):
    noise = np.random.default_rng(3).lognormal(0, spread, (teachers, len(ANCHORS)))
    return 2.0 * ANCHORS**-0.3 * noise


def test_r2_of_resamples_is_that_of_fits_to_them():
    errors = lognormal_errors(6)
    n, seed = np.tile(ANCHORS, 6), np.repeat(np.arange(6), len(ANCHORS))
    fit = fit_power_law(n, errors.ravel(), seed=seed, resamples=20, generator=np.random.default_rng(0))
    each = [fit_power_law(ANCHORS, means).r2 for means in fit.resampled_means]
    np.testing.assert_allclose(r2_of_resamples(fit), each, rtol=1e-12)
    with pytest.raises(RequestError, match="no bootstrap"):
        r2_of_resamples(fit_power_law(ANCHORS, errors[0]))


def test_coordinates_of_a_fit_agree_with_its_own_intervals():
    """Each is the percentile interval widened by √2 about the estimate, in logarithms."""
    errors = lognormal_errors(30)
    n, seed = np.tile(ANCHORS, 30), np.repeat(np.arange(30), len(ANCHORS))
    fit = fit_power_law(n, errors.ravel(), seed=seed, resamples=500, generator=np.random.default_rng(0))
    found = coordinates_of_fit(fit, 1e4)
    (scale, exponent), r2 = fit.intervals(), 1 - np.percentile(1 - r2_of_resamples(fit), [97.5, 2.5])
    for name, estimate, ends in (("scale", fit.scale, scale), ("exponent", fit.exponent, exponent)):
        assert np.log(found[name][1]) - np.log(estimate) == pytest.approx(
            np.sqrt(2) * (np.log(ends) - np.log(estimate)), rel=1e-3
        )
    assert found["level"][0] == pytest.approx(fit.predict(1e4))
    assert found["R²"][1][0] < r2[0] < fit.r2 < r2[1] < found["R²"][1][1] < 1
    perfect = fit_power_law(n, 2.0 * n**-0.3, seed=seed, resamples=5, generator=np.random.default_rng(0))
    assert coordinates_of_fit(perfect, 1e4)["R²"][1][1] == pytest.approx(1)


def test_paired_exponents_share_what_teachers_share():
    """Two tables that differ by a factor a teacher: exponents drawn again differ by nothing."""
    errors = lognormal_errors(8)
    one = paired_exponent(ANCHORS, errors, resamples=50, generator=np.random.default_rng(0))
    two = paired_exponent(ANCHORS, 7 * errors * ANCHORS**-0.25, resamples=50, generator=np.random.default_rng(0))
    assert two[0] - one[0] == pytest.approx(0.25)
    np.testing.assert_allclose(two[1] - one[1], 0.25)
    assert np.std(one[1]) > 1e-3
    assert one[0] == pytest.approx(fit_power_law(np.tile(ANCHORS, 8), errors.ravel()).exponent)


def test_plane_is_that_of_the_normal_equations():
    generator = np.random.default_rng(0)
    n, t = (np.exp(generator.uniform(3, 9, 40)) for _ in range(2))
    e = n**-0.3 * t**-0.5 * generator.lognormal(0, 0.2, 40)
    design = np.column_stack([np.ones(40), np.log(n), np.log(t)])
    by_hand = np.linalg.solve(design.T @ design, design.T @ np.log(e))
    assert plane_exponents(n, t, e) == pytest.approx(-by_hand[1:])


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Printed.of("about 9"),
        lambda: Printed.of(None),
        lambda: Printed.of("inf"),
        lambda: Printed(np.nan, 0),
        lambda: Printed.level(Printed(1, 0), Printed(1, 0), 0),
        lambda: interval([]),
        lambda: interval([1, np.nan]),
        lambda: interval([1, 2], level=1),
        lambda: second_experiment(0, [1, 2]),
        lambda: second_experiment(1, [0, 2]),
        lambda: paired_exponent([1], [[1]], resamples=1, generator=np.random.default_rng(0)),
        lambda: paired_exponent([1, 1], [[1, 2]], resamples=1, generator=np.random.default_rng(0)),
        lambda: paired_exponent([1, 2], [[1, 2], [3]], resamples=1, generator=np.random.default_rng(0)),
        lambda: paired_exponent([1, 2], [[1, 2]], resamples=0, generator=np.random.default_rng(0)),
        lambda: paired_exponent([1, 2], [[1, 2]], resamples=1, generator=0),
        lambda: plane_exponents([1, 2, 3], [1, 2, 3], [3, 2, 1]),
        lambda: plane_exponents([1, 2, 3], [1, 2], [3, 2, 1]),
    ],
)
def test_wrong_requests_are_refused(wrong):
    with pytest.raises(RequestError):
        wrong()
