"""The relatives of Lemma 1 against exact returns: they hold, and those that claim to be tight are attained."""

from __future__ import annotations

import math

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import norm, wasserstein_distance

from imagination.errors import RequestError
from imagination.gap.bounds import return_gap_bound
from imagination.gap.examples import (
    Chain,
    NoisyScalar,
    branched_return,
    close_loop,
    compare_chains,
    kernel_growth,
    mean_total_variation,
    total_variation,
    wasserstein_on_line,
)
from imagination.gap.lipschitz import Lipschitz
from imagination.gap.relatives import (
    asadi_bound,
    branched_gap_bound,
    branched_mbpo_bound,
    branched_mbpo_on_policy_bound,
    combined_bound,
    kearns_singh_bound,
    lobel_parr_bound,
    mbpo_bound,
)
from imagination.proof import Proof, ProofError

SLACK = 1 + 1e-9
CONSTANTS = Lipschitz(dynamics=0.5, reward=2.0, policy=0.4)


def brute_force(gamma, eps_rew, error, growth, weight, branch=None, horizon=4000):
    """The sum that the closed form replaces: the recursion, term by term."""
    delta, total = 0.0, 0.0
    for t in range(horizon):
        total += gamma**t * (eps_rew + weight * delta)
        if branch is None or t < branch:
            delta = growth * delta + error
    return total


@pytest.mark.parametrize("growth", [0.0, 0.5, 1.0, 1.05, 1 / 0.9, 1.5])
@pytest.mark.parametrize("branch", [0, 1, 2, 7, 40])
def test_branched_formula_is_the_sum(growth, branch):
    truth = brute_force(gamma=0.9, eps_rew=0.01, error=0.03, growth=growth, weight=2.0, branch=branch)
    constants = Lipschitz(dynamics=growth, reward=2.0, policy=0.0)
    ours = branched_gap_bound(constants, gamma=0.9, eps_dyn=0.03, eps_rew=0.01, branch=branch)
    assert ours == pytest.approx(truth, rel=1e-11)


@pytest.mark.parametrize("growth", [0.0, 0.5, 1.0, 1.05])
def test_unbranched_formula_is_the_sum_and_the_limit(growth):
    truth = brute_force(gamma=0.9, eps_rew=0.01, error=0.03, growth=growth, weight=2.0)
    constants, errors = Lipschitz(dynamics=growth, reward=2.0, policy=0.0), {"eps_dyn": 0.03, "eps_rew": 0.01}
    unbranched = return_gap_bound(constants, gamma=0.9, **errors)
    assert unbranched == pytest.approx(truth, rel=1e-9)
    assert branched_gap_bound(constants, gamma=0.9, **errors, branch=3000) == pytest.approx(unbranched, rel=1e-9)


def test_a_false_variant_of_the_formula_is_told_apart():
    truth = brute_force(gamma=0.9, eps_rew=0.01, error=0.03, growth=0.8, weight=2.0)
    wrong_exponent = 0.1 + 2 * 0.03 / (0.1 * (1 - 0.72))  # a gamma is missing
    assert abs(wrong_exponent - truth) > 0.1


def test_asadi_is_lemma_1_with_the_true_reward_and_a_passive_policy():
    constants = Lipschitz(dynamics=0.7, reward=2.0, policy=0.0)
    theirs = asadi_bound(gamma=0.9, wasserstein=0.03, growth=0.7, reward_lipschitz=2.0)
    assert theirs == pytest.approx(return_gap_bound(constants, gamma=0.9, eps_dyn=0.03, eps_rew=0.0), rel=1e-12)


def test_outside_their_assumptions_the_bounds_are_infinite_not_wrong():
    assert asadi_bound(gamma=0.9, wasserstein=0.1, growth=1.2, reward_lipschitz=1.0) == math.inf
    assert asadi_bound(gamma=0.9, wasserstein=0.0, growth=9.0, reward_lipschitz=1.0) == 0.0
    steep = Lipschitz(dynamics=3.0, reward=1.0, policy=0.0)
    assert branched_gap_bound(steep, gamma=0.9, eps_rew=0.0, eps_dyn=0.1, branch=10**6) == math.inf


def random_chains(generator, states, size, with_reward_error=True):
    """A chain, a model that errs by about ``size``, coordinates and a start distribution."""
    points = np.sort(generator.uniform(0, 1, states))
    P = generator.dirichlet(np.full(states, 0.5), size=states)
    P_hat = (1 - size) * P + size * generator.dirichlet(np.full(states, 0.5), size=states)
    r = generator.uniform(0, 1, states)
    r_hat = r + with_reward_error * size * generator.uniform(-1, 1, states)
    return Chain(P, r), Chain(P_hat, r_hat), points, generator.dirichlet(np.ones(states))


@settings(max_examples=400, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    states=st.integers(2, 8),
    size=st.floats(1e-3, 1.0),
    gamma=st.floats(0.1, 0.99),
    reward_error=st.booleans(),
)
def test_every_bound_holds_on_random_chains(seed, states, size, gamma, reward_error):
    chains = random_chains(np.random.default_rng(seed), states, size, reward_error)
    found = compare_chains(*chains, gamma)
    for name, bound in found.bounds().items():
        assert found.gap <= bound * SLACK + 1e-12, name


def smooth_chains(generator, states):
    """A lazy random walk and a model with a bias: Lipschitz constants below 1, so Lemma 1 speaks."""
    points = np.linspace(0, 1, states)
    pull, bias = generator.uniform(0.05, 0.4), generator.uniform(0.0, 0.1)
    centre = 0.5 + (1 - pull) * (points - 0.5)

    def kernel(shift):
        weights = np.exp(-0.5 * ((points[None, :] - centre[:, None] - shift) / 0.2) ** 2)
        return weights / weights.sum(1, keepdims=True)

    reward = generator.uniform(0.2, 1) * points
    return Chain(kernel(0.0), reward), Chain(kernel(bias), reward), points, np.eye(states)[states // 2]


def test_lemma_1_speaks_and_holds_on_smooth_chains():
    generator, ratios = np.random.default_rng(0), []
    for _ in range(200):
        found = compare_chains(*smooth_chains(generator, 15), gamma=float(generator.uniform(0.5, 0.99)))
        bounds = found.bounds()
        assert math.isfinite(bounds["Lemma 1"])
        assert all(found.gap <= bound * SLACK for bound in bounds.values())
        ratios.append(found.gap / bounds["Lemma 1"])
    assert max(ratios) > 0.2  # the check has teeth: the bound is not loose by orders of magnitude


def test_the_combined_bound_is_the_sum_of_the_smaller_costs_and_never_the_worst():
    entries = {"gamma": 0.9, "error": 0.01, "growth": 1.2, "sensitivity": 1.0, "total_variation": 0.1}
    delta, together, total = 0.0, 1.0, 0.3 / 0.1
    for t in range(3000):
        total += 0.9**t * min(delta, 2.0 * (1 - together))
        delta, together = 1.2 * delta + 0.01, together * 0.9
    ours = combined_bound(**entries, eps_rew=0.3, reward_range=2.0)
    assert ours == pytest.approx(total, rel=1e-12)
    assert ours < lobel_parr_bound(gamma=0.9, eps_rew=0.3, total_variation=0.1, reward_range=2.0)
    constants = Lipschitz(dynamics=1.2, reward=1.0, policy=0.0)
    assert ours < return_gap_bound(constants, gamma=0.9, eps_dyn=0.01, eps_rew=0.3, reward_range=2.0)


@pytest.mark.parametrize("gamma", [0.3, 0.9, 0.99])
@pytest.mark.parametrize("tau", [1e-6, 0.01, 0.3, 1.0])
@pytest.mark.parametrize("eps_rew", [0.0, 0.2])
def test_lobel_and_parr_is_attained(gamma, tau, eps_rew):
    """A paying state that the model leaves with probability tau for one that pays nothing."""
    true = Chain(np.eye(2), np.array([1.0, 0.0]))
    model = Chain(np.array([[1 - tau, tau], [0.0, 1.0]]), true.rewards - eps_rew)
    gap = true.values(gamma)[0] - model.values(gamma)[0]
    bound = lobel_parr_bound(gamma=gamma, eps_rew=eps_rew, total_variation=tau, reward_range=1.0)
    assert gap == pytest.approx(bound, rel=1e-10)
    understated = lobel_parr_bound(gamma=gamma, eps_rew=eps_rew, total_variation=0.99 * tau, reward_range=1.0)
    assert gap > understated * SLACK  # a planted violation is seen


def test_the_classical_form_is_looser_by_the_factor_that_lobel_and_parr_remove():
    for gamma, tau in [(0.9, 0.01), (0.99, 0.1), (0.5, 1.0)]:
        entries = {"gamma": gamma, "eps_rew": 0.0, "total_variation": tau, "reward_range": 3.0}
        factor = kearns_singh_bound(**entries) / lobel_parr_bound(**entries)
        assert factor == pytest.approx(1 + gamma * tau / (1 - gamma), rel=1e-12)


def test_deterministic_dynamics_make_total_variation_trivial():
    """However near the model is, its total variation is 1 and the bound is that of knowing nothing."""
    for error in (1e-9, 0.1):
        system = NoisyScalar(gamma=0.9, dynamics=0.5, reward=1.0, gain=0.2, noise=0.0, eps_dyn=error)
        assert system.facts().bounds()["Lobel-Parr"] == pytest.approx(0.9 / 0.1)


@settings(max_examples=150, deadline=None)
@given(
    seed=st.integers(0, 10**6),
    branch=st.integers(0, 8),
    gamma=st.floats(0.3, 0.97),
    size=st.floats(0.01, 1.0),
    shift=st.floats(0.0, 1.0),
)
def test_mbpo_holds_on_random_mdps(seed, branch, gamma, size, shift):
    generator, states, actions = np.random.default_rng(seed), 5, 3
    P = generator.dirichlet(np.full(states, 0.4), size=(states, actions))
    P_hat = (1 - size) * P + size * generator.dirichlet(np.full(states, 0.4), size=(states, actions))
    rewards = generator.uniform(-1, 1, (states, actions))
    data = generator.dirichlet(np.ones(actions), size=states)
    policy = (1 - shift) * data + shift * generator.dirichlet(np.ones(actions), size=states)
    start = generator.dirichlet(np.ones(states))

    truth, imagined = close_loop(P, rewards, policy), close_loop(P_hat, rewards, policy)
    collected = close_loop(P, rewards, data)
    eps_pi = float(total_variation(policy, data).max())

    def model_error(actor, sampler):
        distances = np.einsum("sa,sa->s", actor, total_variation(P, P_hat))
        worst, state = 0.0, start
        for _ in range(400):
            worst, state = max(worst, float(state @ distances)), state @ sampler.transitions
        return worst

    eps_m, eps_m_on_policy = model_error(data, collected), model_error(policy, truth)
    value = float(start @ truth.values(gamma))
    common = {"gamma": gamma, "reward_bound": 1.0, "eps_pi": eps_pi}
    full = abs(value - float(start @ imagined.values(gamma)))
    assert full <= mbpo_bound(**common, eps_m=eps_m) * SLACK
    branched = abs(value - branched_return(collected, imagined, start, gamma, branch))
    assert branched <= branched_mbpo_bound(**common, eps_m=eps_m, branch=branch) * SLACK + 1e-12
    assert branched <= branched_mbpo_on_policy_bound(**common, eps_m=eps_m_on_policy, branch=branch) * SLACK + 1e-12


def test_branched_return_against_a_path_by_path_sum():
    generator = np.random.default_rng(3)
    before, after, _, start = random_chains(generator, 4, 0.7)
    total = 0.0
    for t in range(600):
        state = start
        for i in range(t):
            state = state @ (before if i < t - 5 else after).transitions
        total += 0.9**t * float(state @ after.rewards)
    assert branched_return(before, after, start, 0.9, branch=5) == pytest.approx(total, rel=1e-10)
    assert branched_return(before, after, start, 0.9, branch=4000) == pytest.approx(
        start @ after.values(0.9), rel=1e-10
    )


@settings(max_examples=200, deadline=None)
@given(seed=st.integers(0, 10**6), branch=st.integers(0, 10), gamma=st.floats(0.3, 0.98))
def test_branched_lemma_1_holds_on_random_chains(seed, branch, gamma):
    true, model, points, start = random_chains(np.random.default_rng(seed), 5, 0.3)
    found = compare_chains(true, model, points, start, gamma)
    gap = abs(float(start @ true.values(gamma)) - branched_return(true, model, start, gamma, branch))
    bound = branched_gap_bound(
        found.lipschitz, gamma=gamma, eps_rew=found.eps_rew, eps_dyn=found.eps_dyn, branch=branch
    )
    assert gap <= bound * SLACK + 1e-12


G, LAM, EPS = sp.symbols("gamma Lambda epsilon", positive=True)
STEPS = sp.Symbol("k", integer=True, nonnegative=True)
BRANCHED = G * EPS / (1 - G) * (1 - (G * LAM) ** STEPS) / (1 - G * LAM)


def inductive_step(closed_form):
    """The step of the chapter ``related_work``, for any candidate of the closed form."""
    grown = (closed_form.subs(STEPS, STEPS + 1) - closed_form) / G**STEPS
    Proof("branched").equal(grown, G * EPS * LAM**STEPS / (1 - G), because="one more imagined step")


def test_the_chapters_inductive_step_accepts_the_truth():
    inductive_step(BRANCHED)


@pytest.mark.parametrize(
    "false_form",
    [
        BRANCHED.subs(STEPS, STEPS + 1),  # one step too many
        BRANCHED / G,  # a factor is missing
        G * EPS / (1 - G) * (1 - (G * LAM) ** STEPS) / (1 + G * LAM),  # wrong sign
        G * EPS / (1 - G) * (1 - LAM**STEPS) / (1 - G * LAM),  # the discount is missing under the exponent
    ],
)
def test_the_chapters_inductive_step_rejects_false_forms(false_form):
    with pytest.raises(ProofError, match="step 1 is false"):
        inductive_step(false_form)


@pytest.mark.parametrize("growth", [0.5, 1.0, 1.5])
@pytest.mark.parametrize("branch", [1, 3, 12])
def test_branched_lemma_1_is_attained(growth, branch):
    system = NoisyScalar(gamma=0.9, dynamics=growth, reward=1.0, gain=0.0, noise=0.0, eps_dyn=1e-7, eps_rew=1e-7)
    constants = Lipschitz(dynamics=growth, reward=1.0, policy=0.0)
    bound = branched_gap_bound(constants, gamma=0.9, eps_rew=1e-7, eps_dyn=1e-7, branch=branch)
    assert system.gap(branch) == pytest.approx(bound, rel=1e-6)
    assert system.gap(branch) <= bound * SLACK


@pytest.mark.parametrize("dynamics", [0.6, 1.0, 1.3])
@pytest.mark.parametrize("noise", [0.0, 0.05, 2.0])
def test_gap_of_the_noisy_scalar_against_quadrature(dynamics, noise):
    system = NoisyScalar(
        gamma=0.8, dynamics=dynamics, reward=1.5, gain=0.2, noise=noise, eps_dyn=0.1, eps_rew=0.02, reward_range=2.0
    )
    reward = lambda s: 2.0 * norm.cdf(s * 1.2 * 1.5 * math.sqrt(2 * math.pi) / 2.0)  # noqa: E731
    reach = 10 * system.width
    mean, variance, total, growth = 0.0, 0.0, 0.0, 1.2 * dynamics
    for t in range(80):
        spread = math.sqrt(variance)
        if spread == 0:
            change = reward(mean) - reward(0.0)
        else:  # the difference of the rewards vanishes away from 0, so integrate where it lives
            low, high = max(-mean - reach, -9 * spread), min(reach, 9 * spread)
            density = lambda x: (reward(mean + x) - reward(x)) * norm.pdf(x, 0, spread)  # noqa: B023, E731
            change, _ = quad(density, low, high, points=sorted({max(low, -mean), 0.0}), limit=200, epsrel=1e-9)
        total += 0.8**t * (change + 0.02)
        mean, variance = growth * mean + 0.1, growth**2 * variance + noise**2
    assert system.gap() == pytest.approx(total, rel=1e-5)  # the quadrature is the less exact of the two


def brute_value(system, state, horizon=400):
    """V(s) by adding up smoothed rewards, one time step after the other."""
    mean, variance, total = state, 0.0, 0.0
    for t in range(horizon):
        total += system.gamma**t * system.reward_range * norm.cdf(mean / math.sqrt(system.width**2 + variance))
        mean, variance = system.growth * mean, system.growth**2 * variance + system.noise**2
    return total


@pytest.mark.parametrize(("dynamics", "noise"), [(0.6, 0.0), (0.6, 0.3), (1.3, 0.3), (1.0, 2.0)])
def test_value_constants_against_brute_force(dynamics, noise):
    system = NoisyScalar(gamma=0.8, dynamics=dynamics, reward=1.5, gain=0.1, noise=noise, eps_dyn=0.2)
    slope = (brute_value(system, 1e-5) - brute_value(system, -1e-5)) / 2e-5
    assert system.value_lipschitz == pytest.approx(slope, rel=1e-5)

    def loss(centre):  # of a model that shifts the next state by eps_dyn
        def smoothed(m):
            if noise == 0:
                return brute_value(system, m, 120)
            z = np.linspace(-8, 8, 1601)
            w = norm.pdf(z)
            return float(w @ brute_value(system, m + noise * z, 120)) / w.sum()

        return smoothed(centre + 0.2) - smoothed(centre)

    losses = [loss(c) for c in (-0.3, -0.1, 0.1)]
    assert max(losses) == losses[1]  # the means on both sides of 0
    assert system.value_loss == pytest.approx(losses[1], rel=1e-6)


def test_distances_against_their_definitions():
    generator = np.random.default_rng(1)
    p, q, x = generator.dirichlet(np.ones(6)), generator.dirichlet(np.ones(6)), generator.normal(size=6)
    assert wasserstein_on_line(p, q, x) == pytest.approx(wasserstein_distance(x, x, p, q), rel=1e-12)
    assert total_variation(p, q) == pytest.approx(np.maximum(p - q, 0).sum(), rel=1e-12)
    system = NoisyScalar(gamma=0.9, dynamics=1.0, reward=1.0, gain=0.0, noise=0.3, eps_dyn=0.2)
    area, _ = quad(lambda s: abs(norm.pdf(s, 0, 0.3) - norm.pdf(s, 0.2, 0.3)) / 2, -3, 3, points=[0.1])
    assert system.total_variation == pytest.approx(area, rel=1e-8)


def test_kernel_growth_of_a_deterministic_chain_is_the_lipschitz_constant_of_its_map():
    points = np.array([0.0, 1.0, 3.0])
    assert kernel_growth(np.eye(3)[[0, 2, 2]], points) == pytest.approx(3.0)


def test_every_bound_holds_on_the_noisy_scalar():
    generator = np.random.default_rng(2)
    for _ in range(300):
        system = NoisyScalar(
            gamma=float(generator.uniform(0.3, 0.98)), dynamics=float(generator.uniform(0, 1.5)),
            reward=float(10 ** generator.uniform(-2, 3)), gain=float(generator.uniform(-1, 1)),
            noise=float(generator.choice([0.0, 10 ** generator.uniform(-3, 2)])),
            eps_dyn=float(10 ** generator.uniform(-4, 1)), eps_rew=float(generator.choice([0.0, 0.01])),
        )  # fmt: skip
        found = system.facts()
        for name, bound in found.bounds().items():
            assert found.gap <= bound * SLACK, (name, system)


def test_mean_total_variation_is_a_mean_and_at_most_the_supremum():
    generator = np.random.default_rng(4)
    true, model, _, start = random_chains(generator, 6, 0.5)
    mean = mean_total_variation(true, model, start, true, horizon=50)
    assert 0 < mean <= total_variation(true.transitions, model.transitions).max()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: lobel_parr_bound(gamma=0.9, eps_rew=0, total_variation=1.2, reward_range=1), "total_variation = 1.2"),
        (lambda: kearns_singh_bound(gamma=1.0, eps_rew=0, total_variation=0.1, reward_range=1), "gamma = 1 is"),
        (lambda: mbpo_bound(gamma=0.9, reward_bound=1, eps_m=[0.1, 0.2], eps_pi=0), "one number is needed"),
        (lambda: branched_gap_bound(CONSTANTS, gamma=0.9, eps_rew=math.nan, eps_dyn=0, branch=1), "eps_rew = nan"),
        (lambda: branched_gap_bound(CONSTANTS, gamma=0.9, eps_rew=0, eps_dyn=0, branch=-1), "branch = -1"),
        (lambda: NoisyScalar(gamma=0.9, dynamics=1, reward=1, gain=-2, noise=0, eps_dyn=1), "gain = -2"),
        (lambda: NoisyScalar(gamma=0.9, dynamics=1, reward=1, gain=0, noise=-1, eps_dyn=1), "noise = -1"),
        (lambda: Chain(np.array([[0.5, 0.4], [0, 1]]), np.zeros(2)), "no distribution"),
        (lambda: Chain(np.eye(3), np.zeros(2)), "shape"),
    ],
)
def test_bad_input_gets_one_line(call, message):
    with pytest.raises(RequestError, match=message) as caught:
        call()
    assert "\n" not in str(caught.value)
