"""The best horizon with a terminal critic, against a search over all horizons; envelopes and elasticities."""

import numpy as np
import pytest

from imagination import Lipschitz, RequestError, return_gap_bound
from imagination.gap.bounds import coefficient_elasticities, dynamics_coefficient
from imagination.gap.expansive import critical_envelope, hoelder_envelope
from imagination.gap.value import critic_gap_bound, optimal_imagination_horizon, value_lipschitz


def obvious_error(gamma, growth, kappa, eps_dyn, eps_rew, eps_value, L_V, longest):
    """E(0), ..., E(longest) by the defining sums."""
    errors, total, discount, drift = [], 0.0, 1.0, 0.0
    for _ in range(longest + 1):
        errors.append(total + discount * (eps_value + L_V * drift))
        total += discount * (eps_rew + kappa * drift)
        discount, drift = discount * gamma, growth * drift + eps_dyn
    return np.array(errors)


def random_problem(rng):
    gamma, growth = rng.uniform(0.5, 0.99), rng.choice([rng.uniform(0.0, 1.6), 1.0, 0.0], p=[0.9, 0.05, 0.05])
    kappa = rng.uniform(0.1, 3)
    eps_dyn, eps_rew = rng.choice([0.0, 1.0], p=[0.05, 0.95]) * 10 ** rng.uniform(-4, 0), 10 ** rng.uniform(-4, 0)
    generic = kappa / (1 - gamma * growth) if gamma * growth < 1 else np.inf
    L_V = rng.uniform(0.05, 1.3) * min(generic, 30.0)
    return gamma, growth, kappa, eps_dyn, eps_rew, 10 ** rng.uniform(-2, 2), L_V


def test_against_a_search_over_all_horizons():
    """20,000 random problems; the search ends at 400 steps, so a claim of more is checked to decrease up to there."""
    rng = np.random.default_rng(0)
    problems = np.array([random_problem(rng) for _ in range(20_000)])
    gamma, growth, kappa, eps_dyn, eps_rew, eps_value, L_V = problems.T
    ours = optimal_imagination_horizon(
        Lipschitz(dynamics=growth, reward=kappa, policy=np.zeros_like(kappa)),
        gamma=gamma, eps_dyn=eps_dyn, eps_rew=eps_rew, eps_value=eps_value, value_lipschitz=L_V,
    )  # fmt: skip
    interior = 0
    with np.errstate(over="ignore"):
        for k, problem in zip(ours, problems, strict=True):
            gamma, growth, kappa, *errors, L_V = problem
            L_V = min(L_V, kappa / (1 - gamma * growth)) if gamma * growth < 1 else L_V
            E = obvious_error(gamma, growth, kappa, *errors, L_V, 400)
            best = np.nanmin(E)
            assert E[int(min(k, 400))] <= best * (1 + 1e-10)
            if k < 400:
                interior += k > 0
                first = np.flatnonzero(best * (1 + 1e-12) >= E)[0]
                assert k <= first or E[int(k)] <= best * (1 + 1e-12)
    assert interior > 3000  # the draw is not trivial


def test_error_curve_against_the_defining_sums():
    rng = np.random.default_rng(1)
    for _ in range(200):
        gamma, growth, kappa, eps_dyn, eps_rew, eps_value, L_V = random_problem(rng)
        L_V = min(L_V, kappa / (1 - gamma * growth)) if gamma * growth < 1 else L_V
        E = critic_gap_bound(
            Lipschitz(dynamics=growth, reward=kappa, policy=0.0),
            gamma=gamma, eps_dyn=eps_dyn, eps_rew=eps_rew, eps_value=eps_value, value_lipschitz=L_V,
            steps=np.arange(40),
        )  # fmt: skip
        truth = obvious_error(gamma, growth, kappa, eps_dyn, eps_rew, eps_value, L_V, 39)
        np.testing.assert_allclose(E, truth, rtol=1e-11)


def test_all_or_nothing_with_the_generic_value_constant():
    constants = Lipschitz(dynamics=0.5, reward=1.0, policy=0.5)
    arguments = {"gamma": 0.9, "eps_dyn": 0.01, "eps_rew": 0.02}
    lemma_1 = return_gap_bound(constants, **arguments)
    assert optimal_imagination_horizon(constants, **arguments, eps_value=lemma_1 * 1.001) == np.inf
    assert optimal_imagination_horizon(constants, **arguments, eps_value=lemma_1 * 0.999) == 0.0


def test_expansive_systems_need_a_measured_value_constant():
    expansive = Lipschitz(dynamics=1.0, reward=1.0, policy=0.5)
    arguments = {"gamma": 0.9, "eps_dyn": 0.01, "eps_rew": 0.0, "eps_value": 5.0}
    with pytest.raises(RequestError, match="measured value_lipschitz="):
        optimal_imagination_horizon(expansive, **arguments)
    found = optimal_imagination_horizon(expansive, **arguments, value_lipschitz=5.0)
    assert 0 < found < 50


@pytest.mark.parametrize("name", ["gamma", "eps_dyn", "eps_rew", "eps_value", "value_lipschitz"])
def test_negative_numbers_are_refused_by_name(name):
    arguments = {"gamma": 0.9, "eps_dyn": 0.1, "eps_rew": 0.1, "eps_value": 0.1, "value_lipschitz": 1.0, name: -0.5}
    with pytest.raises(RequestError, match=f"{name} = -0.5"):
        optimal_imagination_horizon(Lipschitz(dynamics=0.5, reward=1.0, policy=0.5), **arguments)


def test_hoelder_envelope_holds_and_its_exponent_cannot_be_raised():
    rng = np.random.default_rng(2)
    for _ in range(40):
        gamma = rng.uniform(0.5, 0.98)
        growth, kappa, R = (1 + rng.uniform(0.02, 3)) / gamma, rng.uniform(0.1, 5), rng.uniform(0.1, 5)
        eps = 10 ** rng.uniform(-9, 1, size=100)
        V = return_gap_bound(
            Lipschitz(dynamics=growth, reward=kappa, policy=0.0), gamma=gamma, eps_dyn=eps, eps_rew=0.0, reward_range=R
        )
        low, high = hoelder_envelope(eps, gamma=gamma, growth=growth, sensitivity=kappa, reward_range=R)
        assert (low <= V * (1 + 1e-12)).all()
        assert (high * (1 + 1e-12) >= V).all()
    # exponent 10 % too large: the upper envelope is crossed at small errors
    p = np.log(1 / 0.9) / np.log(1.5)
    eps = 1e-60
    V = return_gap_bound(
        Lipschitz(dynamics=1.5, reward=1.0, policy=0.0), gamma=0.9, eps_dyn=eps, eps_rew=0.0, reward_range=1.0
    )
    high = hoelder_envelope(eps, gamma=0.9, growth=1.5, sensitivity=1.0, reward_range=1.0)[1]
    assert high >= V
    assert high * (eps / 0.5) ** (0.1 * p) < V


def test_critical_envelope_holds_on_both_sides_of_x_equal_one():
    for gamma in (0.5, 0.25):  # growth 2 and 4 are exact
        eps = 10.0 ** np.linspace(-12, 3, 61)
        V = return_gap_bound(
            Lipschitz(dynamics=1 / gamma, reward=1.0, policy=0.0),
            gamma=gamma,
            eps_dyn=eps,
            eps_rew=0.0,
            reward_range=1.0,
        )
        ratio = V / critical_envelope(eps, gamma=gamma, sensitivity=1.0, reward_range=1.0)
        assert (ratio <= 1 + 1e-12).all()
        assert ratio.max() > 0.6


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: hoelder_envelope(0.1, gamma=0.5, growth=1.5, sensitivity=1.0, reward_range=1.0),
            "0 < gamma < 1 < gamma",
        ),
        (lambda: hoelder_envelope(0.1, gamma=1.0, growth=1.5, sensitivity=1.0, reward_range=1.0), "gamma = 1 is not"),
        (lambda: hoelder_envelope(0.1, gamma=0.9, growth=1.5, sensitivity=0.0, reward_range=1.0), "sensitivity = 0 is"),
        (lambda: critical_envelope(0.0, gamma=0.9, sensitivity=1.0, reward_range=1.0), "eps_dyn = 0"),
    ],
)
def test_envelopes_refuse_what_they_do_not_cover(call, message):
    with pytest.raises(RequestError, match=message):
        call()


@pytest.mark.parametrize("name", ["dynamics", "reward", "policy"])
def test_elasticities_are_finite_differences_of_the_log_coefficient(name):
    base, h = {"dynamics": 0.5, "reward": 1.2, "policy": 0.6}, 1e-6
    up, down = ({**base, name: base[name] * np.exp(sign * h)} for sign in (1, -1))
    slope = np.diff([np.log(dynamics_coefficient(Lipschitz(**c), gamma=0.9)) for c in (down, up)])[0] / (2 * h)
    lever = coefficient_elasticities(Lipschitz(**base), gamma=0.9)
    assert getattr(lever, name) == pytest.approx(slope, rel=1e-8)
    assert lever.one_plus_policy == pytest.approx(lever.dynamics + 1, rel=1e-14)


def test_dynamics_beats_reward_exactly_above_one_half():
    L_f = np.array([0.499, 0.5, 0.501]) / 0.9 / 1.5
    lever = coefficient_elasticities(Lipschitz(dynamics=L_f, reward=1.0, policy=0.5), gamma=0.9)
    assert (np.sign(np.round(lever.dynamics - lever.reward, 9)) == [-1, 0, 1]).all()


def test_generic_value_constant_recovers_lemma_1():
    constants = Lipschitz(dynamics=0.5, reward=1.2, policy=0.6)
    L_V = value_lipschitz(constants, gamma=0.9)
    assert pytest.approx(dynamics_coefficient(constants, gamma=0.9), rel=1e-14) == 0.9 * L_V / 0.1
