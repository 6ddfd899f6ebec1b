"""The exact inflation: against exact enumeration, against closed forms, and against measurement in torch."""

import math

import numpy as np
import pytest
import sympy as sp
import torch

from imagination.errors import RequestError
from imagination.rewards.enumeration import (
    SoftmaxMDP,
    estimates,
    expectation,
    rademacher,
    total_variance,
    variance_parts,
)
from imagination.rewards.inflation import (
    credit,
    exact_inflation,
    heteroscedastic_inflation,
    inflation_from_pairs,
    paper_bound,
    sharp_bound,
)
from imagination.rewards.measured import Measured
from imagination.rewards.noise import Ar1Noise, EpisodeNoise, IidNoise, TerminalNoise
from imagination.rewards.reinforce import (
    batch_mean,
    leave_one_out,
    measure_batches,
    measure_noisy_labels,
    reinforce,
    returns_to_go,
    variance_difference,
)
from imagination.rewards.rollouts import LinearPolicy, LinearSystem, NeuralPolicy, Pendulum, rollout, scores

gamma, sigma, p0, p1 = sp.symbols("gamma sigma p_0 p_1", positive=True)
R = sp.Rational
MDP = SoftmaxMDP(((0, 1), (1, 0)), ((R(1, 2), 1), (-1, R(1, 3))), (p0, p1), (0, 1))
GAIN = torch.tensor([-1.0, -1.5], dtype=torch.float64)
LINEAR = LinearPolicy(2, 1, std=0.5)


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("discount_states", [True, False])
@pytest.mark.parametrize("horizon", [1, 2, 3])
def test_exact_inflation_is_an_identity_in_gamma_and_sigma(horizon, discount_states):
    mdp = SoftmaxMDP(MDP.next_state, MDP.reward, (R(1, 3), R(3, 5)), MDP.logit)
    squares = [expectation(mdp, horizon, lambda e, t=t: sum(w**2 for w in e.scores[t])) for t in range(horizon)]
    factor = [gamma ** (2 * t) if discount_states else 1 for t in range(horizon)]
    formula = sigma**2 * sum(
        factor[t] * squares[t] * sum(gamma ** (2 * k) for k in range(horizon - t)) for t in range(horizon)
    )
    parts = variance_parts(mdp, horizon, gamma, sigma, discount_states=discount_states)
    enumerated = sp.expand(parts.total - parts.noise_free)
    assert sp.expand(enumerated - parts.within) == 0
    assert sp.expand(enumerated - formula) == 0
    value = exact_inflation(np.array(squares, float), IidNoise(2.0), 0.9, discount_states=discount_states)
    assert value == pytest.approx(float(enumerated.subs({gamma: R(9, 10), sigma: sp.sqrt(2)})), rel=1e-12)


def test_scores_are_orthogonal_for_every_policy():
    for t in range(3):
        for u in range(t):
            product = expectation(
                MDP, 3, lambda e, t=t, u=u: sum(a * b for a, b in zip(e.scores[t], e.scores[u], strict=True))
            )
            assert product == 0


@pytest.mark.parametrize("horizon", [1, 2, 7, 50])
@pytest.mark.parametrize("value", [0.0, 0.5, 0.99])
def test_sharp_bound_is_its_closed_form(horizon, value):
    g2, H = value**2, horizon
    a = H / (1 - g2) - g2 * (1 - g2**H) / (1 - g2) ** 2
    b = (1 - g2**H) / (1 - g2) ** 2 - H * g2**H / (1 - g2)
    assert sharp_bound(1.0, 1.0, value, H, discount_states=False) == pytest.approx(a, rel=1e-10)
    assert sharp_bound(1.0, 1.0, value, H, discount_states=True) == pytest.approx(b, rel=1e-10)


@pytest.mark.parametrize("discount_states", [True, False])
def test_order_exact_at_most_sharp_at_most_paper(discount_states):
    rng = np.random.default_rng(0)
    for _ in range(300):
        horizon, g = int(rng.integers(1, 60)), rng.uniform(0, 0.999)
        squares = rng.exponential(size=horizon)
        exact = exact_inflation(squares, IidNoise(1.0), g, discount_states=discount_states)
        sharp = sharp_bound(squares.max(), 1.0, g, horizon, discount_states=discount_states)
        paper = paper_bound(squares.max(), 1.0, g, horizon)
        assert exact <= sharp * (1 + 1e-12)
        assert sharp <= paper * (1 + 1e-12)
        if discount_states:
            assert sharp <= squares.max() / (1 - g**2) ** 2 * (1 + 1e-12)
        else:
            assert (1 + g) / (1 - g) <= paper / sharp * (1 + 1e-12)


def test_limit_of_both_brackets_at_gamma_one():
    for state in (True, False):
        assert sharp_bound(1.0, 1.0, 1.0, 10, discount_states=state) == 55


def test_state_discount_bounds_the_inflation_in_the_horizon():
    values = [sharp_bound(1.0, 1.0, 0.9, H, discount_states=True) for H in (10, 100, 1000)]
    assert values[2] == pytest.approx(1 / (1 - 0.81) ** 2, rel=1e-9)
    assert sharp_bound(1.0, 1.0, 0.9, 1000, discount_states=False) > 9 * sharp_bound(
        1.0, 1.0, 0.9, 100, discount_states=False
    )


@pytest.mark.parametrize("discount_states", [True, False])
def test_measured_difference_of_variances_linear(discount_states):
    """|z| below 5: false alarm below 1e-4. The labels are so noisy that their part is half of the variance."""
    study = measure_noisy_labels(
        LinearSystem(start_scale=0.3), LINEAR, GAIN, IidNoise(25.0), 0.95,
        n=20_000, horizon=30, discount_states=discount_states, generator=generator(1),
    )  # fmt: skip
    exact = exact_inflation(study.score_squares, IidNoise(25.0), 0.95, discount_states=discount_states)
    assert abs(study.inflation.z(exact)) < 5
    assert abs(study.excess.z(exact)) < 5
    assert study.inflation.standard_error < 0.1 * exact
    assert study.shift < 5
    assert exact < sharp_bound(float(study.score_squares.max()), 25.0, 0.95, 30, discount_states=discount_states)
    assert study.inflation.value < paper_bound(study.score_bound_square, 25.0, 0.95, 30)


def test_measured_inflation_neural_policy_nonlinear_system():
    """|z| below 5: false alarm below 1e-4."""
    policy = NeuralPolicy(2, 1, hidden=6, std=0.5)
    theta = 0.5 * torch.randn(policy.n_parameters, generator=generator(2), dtype=torch.float64)
    study = measure_noisy_labels(
        Pendulum(),
        policy,
        theta,
        IidNoise(100.0),
        0.9,
        n=6000,
        horizon=20,
        discount_states=True,
        generator=generator(3),
    )
    exact = exact_inflation(study.score_squares, IidNoise(100.0), 0.9, discount_states=True)
    assert abs(study.excess.z(exact)) < 5
    assert abs(study.inflation.z(exact)) < 5


@pytest.mark.parametrize(
    ("noise", "options"),
    [
        (IidNoise(1.0), {"trace": 0.9}),
        (IidNoise(1.0), {"n_step": 5}),
        (Ar1Noise(1.0, 0.8), {}),
        (EpisodeNoise(1.0), {}),
        (TerminalNoise(1.0), {}),
    ],
)
@pytest.mark.parametrize("discount_states", [True, False])
def test_one_formula_for_all_noise_structures(noise, options, discount_states):
    """|z| below 5 in ten cases: false alarm below 1e-3 in all. The plain formula must fail for each structure."""
    study = measure_noisy_labels(
        LinearSystem(), LINEAR, GAIN, noise, 0.95,
        n=8000, horizon=20, discount_states=discount_states, generator=generator(4), **options,
    )  # fmt: skip
    squares = study.score_squares
    exact = exact_inflation(squares, noise, 0.95, discount_states=discount_states, **options)
    plain = exact_inflation(squares, IidNoise(1.0), 0.95, discount_states=discount_states)
    assert abs(study.excess.z(exact)) < 5
    assert abs(study.excess.z(plain)) > 6


@pytest.mark.parametrize("n", [12, 100, 1000])
def test_distances_are_standard_normal_for_skewed_values_and_few_of_them(n):
    """Squared lengths as in the chapters, exponential: of 4000 z the share beyond 3 is 0.27 % for a normal.

    At most 1.6 %, five standard errors above what 12 values reach. The plain ratio goes beyond -3 far more often.
    """
    sample = np.random.default_rng(20).exponential(size=(4000, n))
    z = np.array([Measured.of(x).z(1.0) for x in sample])
    plain = (sample.mean(1) - 1) / (sample.std(1, ddof=1) / np.sqrt(n))
    assert (np.abs(z) > 3).mean() < 0.016
    assert n > 100 or (np.abs(plain) > 3).mean() > 2 * (np.abs(z) > 3).mean()
    assert z.std() == pytest.approx(1, abs=0.15)


def test_a_distance_counts_the_error_of_the_truth_too():
    """5 standard errors of the share beyond 2 among 4000, which is 4.6 % for a normal."""
    rng = np.random.default_rng(21)
    z = [Measured.of(rng.normal(size=200)).z(0.1 * rng.normal(), standard_error=0.1) for _ in range(4000)]
    assert np.mean(np.abs(z) > 2) == pytest.approx(0.046, abs=0.017)


def test_special_cases_in_closed_form():
    w, H, g = np.linspace(1, 2, 12), 12, 0.9
    t = np.arange(H)
    episode = exact_inflation(w, EpisodeNoise(1.0), g, discount_states=False)
    assert episode == pytest.approx(np.sum(w * ((1 - g ** (H - t)) / (1 - g)) ** 2))
    n_step = exact_inflation(w, IidNoise(1.0), g, discount_states=False, n_step=4)
    assert n_step == pytest.approx(np.sum(w * (1 - g ** (2 * np.minimum(4, H - t))) / (1 - g**2)))
    gae = exact_inflation(w, IidNoise(1.0), g, discount_states=False, trace=0.5)
    assert gae == pytest.approx(np.sum(w * (1 - (g / 2) ** (2 * (H - t))) / (1 - g**2 / 4)))
    terminal = exact_inflation(w, TerminalNoise(3.0), 1.0, discount_states=False, n_rollouts=4)
    assert terminal == pytest.approx(3 * w.sum() / 4)
    assert np.array_equal(credit(4, 0.5, n_step=1), np.eye(4))


def test_labelling_twice_estimates_the_inflation():
    """|z| below 5: false alarm below 1e-4."""
    batch = rollout(LinearSystem(), LINEAR, GAIN, n=20_000, horizon=20, generator=generator(5))
    w, g = scores(LINEAR, GAIN, batch), generator(6)
    first, second = (
        reinforce(
            w,
            returns_to_go(batch.rewards + IidNoise(4.0).sample(20_000, 20, generator=g), 0.95),
            0.95,
            discount_states=True,
        )
        for _ in range(2)
    )
    squares = w.square().sum(-1).mean(0).numpy()
    exact = exact_inflation(squares, IidNoise(4.0), 0.95, discount_states=True)
    assert abs(inflation_from_pairs(first, second).z(exact)) < 5


def test_heteroscedastic_noise():
    """|z| below 5: false alarm below 1e-4; and the iid value at the largest variance is an upper bound."""
    batch = rollout(LinearSystem(), LINEAR, GAIN, n=20_000, horizon=20, generator=generator(7))
    w = scores(LINEAR, GAIN, batch)
    variance = 1 + torch.tanh(batch.states[..., 0].square())
    eta = variance.sqrt() * torch.randn(variance.shape, generator=generator(8), dtype=torch.float64)
    gradient = reinforce(w, returns_to_go(eta, 0.95), 0.95, discount_states=True)
    formula = heteroscedastic_inflation(variance, w, 0.95, discount_states=True)
    direct = gradient.square().sum(-1)
    assert abs(Measured.of(direct).z(formula.value)) < 5
    assert formula.value < exact_inflation(
        w.square().sum(-1).mean(0).numpy(), IidNoise(2.0), 0.95, discount_states=True
    )


def test_baselines():
    """A baseline blind to the labels leaves the inflation exactly; one that sees them shifts it by about 1/K.

    With K = 8 the batch mean multiplies it by 1 - 1/K and leave-one-out by 1 + 1/(K - 1). The same batches are compared
    with themselves; |z| below 5 in two cases: false alarm 1e-6.
    """
    baselines = {
        "none": lambda returns, runs: 0.0,
        "blind": lambda returns, runs: -0.5 * runs.states.square().sum(-1).reshape(returns.shape),
        "mean": lambda returns, runs: batch_mean(returns),
        "others": lambda returns, runs: leave_one_out(returns),
    }
    found = {
        name: measure_batches(
            LinearSystem(start_scale=0.3), LINEAR, GAIN, IidNoise(4.0), 0.95,
            batch=8, n_batches=6000, horizon=15, generator=generator(9), baseline=baseline,
        )
        for name, baseline in baselines.items()
    }  # fmt: skip
    none = found["none"].distances
    exact = exact_inflation(found["none"].score_squares, IidNoise(4.0), 0.95, discount_states=True, n_rollouts=8)
    assert abs(Measured.of(none).z(exact)) < 5
    assert torch.allclose(found["blind"].distances, none, rtol=1e-9)
    assert found["blind"].noise_free != pytest.approx(found["none"].noise_free, rel=0.01)
    for name, ratio in (("mean", 7 / 8), ("others", 8 / 7)):
        assert abs(Measured.of(found[name].distances - ratio * none).z(0.0)) < 5
        assert abs(Measured.of(found[name].distances - none).z(0.0)) > 5


def increase_when_noise_leaks(factor, *, discount_states):
    """H = 2, no reward of its own, but the first label's noise moves the next true reward: r_1 = factor * eta_0."""
    mdp = SoftmaxMDP(((1, 1), (1, 1)), ((0, 0), (0, 0)), (R(1, 2), R(1, 2)), (0, 1))
    noisy, clean = (
        estimates(mdp, 2, R(9, 10), discount_states=discount_states, labels=lambda e, see=see: (
            (q, (see * eta[0], factor * eta[0] + see * eta[1])) for q, eta in rademacher(2, 1)
        ))
        for see in (1, 0)
    )  # fmt: skip
    return total_variance(noisy) - total_variance(clean)


@pytest.mark.parametrize(("state", "without", "with_leak"), [(False, "0.7025", "2.0525"), (True, "0.655", "2.005")])
def test_noise_that_leaks_into_the_next_reward_breaks_equality_and_bound(state, without, with_leak):
    assert increase_when_noise_leaks(0, discount_states=state) == R(without)
    assert increase_when_noise_leaks(3, discount_states=state) == R(with_leak)
    bound = paper_bound(0.25, 1.0, 0.9, 2)
    assert increase_when_noise_leaks(0, discount_states=state) < bound
    assert increase_when_noise_leaks(200, discount_states=state) > bound


SQUARES = np.ones(3)


@pytest.mark.parametrize(
    ("request_", "words"),
    [
        (lambda: exact_inflation(-SQUARES, IidNoise(1.0), 0.9, discount_states=True), "0 or more"),
        (lambda: exact_inflation(SQUARES * math.nan, IidNoise(1.0), 0.9, discount_states=True), "nan"),
        (lambda: exact_inflation(np.ones((2, 2)), IidNoise(1.0), 0.9, discount_states=True), "(2, 2)"),
        (lambda: exact_inflation(SQUARES, IidNoise(1.0), -0.1, discount_states=True), "gamma = -0.1"),
        (lambda: exact_inflation(SQUARES, IidNoise(1.0), 0.9, discount_states=True, n_rollouts=0), "n_rollouts = 0"),
        (lambda: exact_inflation(SQUARES, IidNoise(1.0), 0.9, discount_states=True, trace=2.0), "trace = 2"),
        (lambda: exact_inflation(SQUARES, IidNoise(1.0), 0.9, discount_states=True, n_step=0), "n_step = 0"),
        (lambda: sharp_bound(1.0, -1.0, 0.9, 3, discount_states=True), "variance = -1"),
        (lambda: sharp_bound(math.nan, 1.0, 0.9, 3, discount_states=True), "score_square = nan"),
        (lambda: paper_bound(1.0, 1.0, 1.0, 3), "sharp_bound"),
        (lambda: paper_bound(1.0, 1.0, 0.9, 0), "horizon = 0"),
        (lambda: inflation_from_pairs(torch.ones(2, 1), torch.ones(3, 1)), "(3, 1)"),
        (lambda: inflation_from_pairs(torch.full((2, 1), math.nan), torch.ones(2, 1)), "NaN"),
        (lambda: variance_difference(torch.ones(1, 1), torch.ones(1, 1)), "at least 3"),
        (lambda: heteroscedastic_inflation(torch.ones(2, 2), torch.ones(2, 3, 1), 0.9, discount_states=True), "(2, 3)"),
        (
            lambda: heteroscedastic_inflation(-torch.ones(2, 3), torch.ones(2, 3, 1), 0.9, discount_states=True),
            "at least 0",
        ),
    ],
)
def test_bad_input_is_refused_in_one_line(request_, words):
    with pytest.raises(RequestError) as refused:
        request_()
    assert words in str(refused.value)
    assert "\n" not in str(refused.value)


def test_noise_common_to_all_rollouts_of_a_batch_is_divided_by_k():
    """|z| below 5: false alarm below 1e-4. Cross terms vanish: scores of different rollouts are independent."""
    found = measure_batches(
        LinearSystem(start_scale=0.3), LINEAR, GAIN, IidNoise(1.0), 0.95,
        batch=8, n_batches=4000, horizon=15, generator=generator(11), common=True,
    )  # fmt: skip
    exact = exact_inflation(found.score_squares, IidNoise(1.0), 0.95, discount_states=True, n_rollouts=8)
    assert abs(Measured.of(found.distances).z(exact)) < 5
