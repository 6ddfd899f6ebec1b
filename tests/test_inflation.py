"""The exact inflation: against exact enumeration, against closed forms, and against measurement in torch."""

import math

import numpy as np
import pytest
import sympy as sp
import torch

from imagination.errors import RequestError
from imagination.rewards.enumeration import SoftmaxMDP, episodes, estimate, expectation, rademacher, total_variance
from imagination.rewards.inflation import (
    credit,
    exact_inflation,
    heteroscedastic_inflation,
    inflation_from_pairs,
    paper_bound,
    sharp_bound,
)
from imagination.rewards.noise import Ar1Noise, EpisodeNoise, IidNoise, TerminalNoise
from imagination.rewards.reinforce import (
    batch_mean,
    leave_one_out,
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


def enumerated_inflation(mdp, horizon, discount_states):
    """Var with Rademacher noise minus Var without, both by summing over every outcome."""
    clean, noisy = [], []
    for e in episodes(mdp, horizon):
        clean.append((e.probability, estimate(e.scores, e.rewards, gamma, discount_states=discount_states)))
        for q, eta in rademacher(horizon, sigma):
            labels = [r + x for r, x in zip(e.rewards, eta, strict=True)]
            value = estimate(e.scores, labels, gamma, discount_states=discount_states)
            noisy.append((q * e.probability, value))
    return sp.expand(total_variance(noisy) - total_variance(clean))


@pytest.mark.parametrize("discount_states", [True, False])
@pytest.mark.parametrize("horizon", [1, 2, 3])
def test_exact_inflation_is_an_identity_in_gamma_and_sigma(horizon, discount_states):
    mdp = SoftmaxMDP(MDP.next_state, MDP.reward, (R(1, 3), R(3, 5)), MDP.logit)
    squares = [expectation(mdp, horizon, lambda e, t=t: sum(w**2 for w in e.scores[t])) for t in range(horizon)]
    factor = [gamma ** (2 * t) if discount_states else 1 for t in range(horizon)]
    formula = sigma**2 * sum(
        factor[t] * squares[t] * sum(gamma ** (2 * k) for k in range(horizon - t)) for t in range(horizon)
    )
    enumerated = enumerated_inflation(mdp, horizon, discount_states)
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
    """|z| below 4: false alarm 6e-5. The labels are so noisy that their part is half of the variance."""
    study = measure_noisy_labels(
        LinearSystem(start_scale=0.3), LINEAR, GAIN, IidNoise(25.0), 0.95,
        n=20_000, horizon=30, discount_states=discount_states, generator=generator(1),
    )  # fmt: skip
    exact = exact_inflation(study.score_squares.numpy(), IidNoise(25.0), 0.95, discount_states=discount_states)
    assert abs(study.inflation.z(exact)) < 4
    assert abs(study.excess.z(exact)) < 4
    assert study.inflation.standard_error < 0.1 * exact
    assert study.shift < 4.5
    assert exact < sharp_bound(float(study.score_squares.max()), 25.0, 0.95, 30, discount_states=discount_states)
    assert study.inflation.value < paper_bound(study.score_bound_square, 25.0, 0.95, 30)


def test_measured_inflation_neural_policy_nonlinear_system():
    """|z| below 4: false alarm 6e-5."""
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
    exact = exact_inflation(study.score_squares.numpy(), IidNoise(100.0), 0.9, discount_states=True)
    assert abs(study.excess.z(exact)) < 4
    assert abs(study.inflation.z(exact)) < 4


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
    """|z| below 4 in ten cases: false alarm 6e-4 in all. The plain formula must fail for each structure."""
    study = measure_noisy_labels(
        LinearSystem(), LINEAR, GAIN, noise, 0.95,
        n=8000, horizon=20, discount_states=discount_states, generator=generator(4), **options,
    )  # fmt: skip
    squares = study.score_squares.numpy()
    exact = exact_inflation(squares, noise, 0.95, discount_states=discount_states, **options)
    plain = exact_inflation(squares, IidNoise(1.0), 0.95, discount_states=discount_states)
    assert abs(study.excess.z(exact)) < 4
    assert abs(study.excess.z(plain)) > 6


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
    """|z| below 4: false alarm 6e-5."""
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
    assert (
        abs(inflation_from_pairs(first, second).z(exact_inflation(squares, IidNoise(4.0), 0.95, discount_states=True)))
        < 4
    )


def test_heteroscedastic_noise():
    """|z| below 4: false alarm 6e-5; and the iid value at the largest variance is an upper bound."""
    batch = rollout(LinearSystem(), LINEAR, GAIN, n=20_000, horizon=20, generator=generator(7))
    w = scores(LINEAR, GAIN, batch)
    variance = 1 + torch.tanh(batch.states[..., 0].square())
    eta = variance.sqrt() * torch.randn(variance.shape, generator=generator(8), dtype=torch.float64)
    gradient = reinforce(w, returns_to_go(eta, 0.95), 0.95, discount_states=True)
    formula = heteroscedastic_inflation(variance, w, 0.95, discount_states=True)
    direct = gradient.square().sum(-1)
    paired = direct.mean() - formula.value
    assert abs(paired) < 4 * float(direct.std() / 20_000**0.5)
    assert formula.value < exact_inflation(
        w.square().sum(-1).mean(0).numpy(), IidNoise(2.0), 0.95, discount_states=True
    )


def batches(baseline, k=8, n=6000, seed=9):
    """Inflation of the batch gradient times K, with a baseline, and the noise-free variance times K."""
    g = generator(seed)
    batch = rollout(LinearSystem(start_scale=0.3), LINEAR, GAIN, n=n * k, horizon=15, generator=g)
    w = scores(LINEAR, GAIN, batch).reshape(n, k, 15, 2)
    rewards = batch.rewards.reshape(n, k, 15)
    noise = IidNoise(4.0).sample(n * k, 15, generator=g).reshape(n, k, 15)
    gradient = []
    for labels in (rewards + noise, rewards):
        to_go = returns_to_go(labels, 0.95)
        gradient.append(reinforce(w, to_go, 0.95, discount_states=True, baseline=baseline(to_go, batch.states)).mean(1))
    exact = exact_inflation(w.square().sum(-1).mean((0, 1)).numpy(), IidNoise(4.0), 0.95, discount_states=True)
    clean = gradient[1]
    return float((gradient[0] - gradient[1]).square().sum(-1).mean() * k / exact), float(clean.var(0).sum() * k)


def test_baselines():
    """A baseline blind to the labels leaves the inflation exactly; one that sees them shifts it by about 1/K.

    With K = 8 the batch mean multiplies it by 1 - 1/K = .875 and leave-one-out by 1 + 1/(K - 1) = 1.143; the same 6000
    batches, compared with themselves, resolve 4 %.
    """
    none, variance = batches(lambda to_go, states: 0.0)
    fixed, reduced = batches(lambda to_go, states: -0.5 * states.square().sum(-1).reshape(to_go.shape))
    assert fixed == pytest.approx(none, rel=1e-12)
    assert reduced != pytest.approx(variance, rel=0.01)
    assert batches(lambda to_go, states: batch_mean(to_go))[0] == pytest.approx(7 / 8 * none, rel=0.04)
    assert batches(lambda to_go, states: leave_one_out(to_go))[0] == pytest.approx(8 / 7 * none, rel=0.04)


def increase_when_noise_leaks(factor, *, discount_states):
    """H = 2, no reward of its own, but the first label's noise moves the next true reward: r_1 = factor * eta_0."""
    mdp = SoftmaxMDP(((1, 1), (1, 1)), ((0, 0), (0, 0)), (R(1, 2), R(1, 2)), (0, 1))
    noisy, clean = [], []
    for e in episodes(mdp, 2):
        for q, eta in rademacher(2, 1):
            for labels, atoms in (((eta[0], factor * eta[0] + eta[1]), noisy), ((0, factor * eta[0]), clean)):
                value = estimate(e.scores, labels, R(9, 10), discount_states=discount_states)
                atoms.append((q * e.probability, value))
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
        (lambda: exact_inflation(-SQUARES, IidNoise(1.0), 0.9, discount_states=True), "at least 0"),
        (lambda: exact_inflation(SQUARES * math.nan, IidNoise(1.0), 0.9, discount_states=True), "NaN"),
        (lambda: exact_inflation(np.ones((2, 2)), IidNoise(1.0), 0.9, discount_states=True), "(2, 2)"),
        (lambda: exact_inflation(SQUARES, IidNoise(1.0), -0.1, discount_states=True), "gamma = -0.1"),
        (lambda: exact_inflation(SQUARES, IidNoise(1.0), 0.9, discount_states=True, n_rollouts=0), "n_rollouts = 0"),
        (lambda: exact_inflation(SQUARES, IidNoise(1.0), 0.9, discount_states=True, trace=2.0), "trace = 2.0"),
        (lambda: exact_inflation(SQUARES, IidNoise(1.0), 0.9, discount_states=True, n_step=0), "n_step = 0"),
        (lambda: sharp_bound(1.0, -1.0, 0.9, 3, discount_states=True), "variance = -1.0"),
        (lambda: sharp_bound(math.nan, 1.0, 0.9, 3, discount_states=True), "score_square = nan"),
        (lambda: paper_bound(1.0, 1.0, 1.0, 3), "sharp_bound"),
        (lambda: paper_bound(1.0, 1.0, 0.9, 0), "horizon = 0"),
        (lambda: inflation_from_pairs(torch.ones(2, 1), torch.ones(3, 1)), "differ"),
        (lambda: inflation_from_pairs(torch.full((2, 1), math.nan), torch.ones(2, 1)), "NaN"),
        (lambda: variance_difference(torch.ones(1, 1), torch.ones(1, 1)), "n at least 2"),
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
    """|z| below 4: false alarm 6e-5. The cross terms vanish because scores of different rollouts are independent."""
    k, n, g = 8, 4000, generator(11)
    batch = rollout(LinearSystem(start_scale=0.3), LINEAR, GAIN, n=n * k, horizon=15, generator=g)
    w = scores(LINEAR, GAIN, batch)
    common = IidNoise(1.0).sample(n, 15, generator=g).repeat_interleave(k, 0)
    gradient = reinforce(w, returns_to_go(common, 0.95), 0.95, discount_states=True).reshape(n, k, 2).mean(1)
    squares = w.square().sum(-1).mean(0).numpy()
    exact = exact_inflation(squares, IidNoise(1.0), 0.95, discount_states=True, n_rollouts=k)
    distance = gradient.square().sum(-1)
    assert abs(float((distance.mean() - exact) / (distance.std() / n**0.5))) < 4
