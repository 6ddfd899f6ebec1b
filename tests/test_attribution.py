"""The exact split of a return gap, and the bounds that use only visited states, against brute-force rollouts."""

import numpy as np
import pytest

from imagination import Lipschitz, RequestError, return_gap_bound
from imagination.gap.bounds import return_gap_bound_all_sources
from imagination.gap.examples import random_pair, tight_pair
from imagination.gap.mdp import MDP, Trajectory, discounted_return, return_gap, rollout
from imagination.gap.on_data import attribute_gap, gap_bound_along_path, occupancy_rmse
from imagination.gap.value import (
    linear_step_constants,
    multistep_value_lipschitz,
    value_aware_bound,
    value_lipschitz,
)

CONSTANTS = Lipschitz(dynamics=0.6, reward=1.0, policy=0.5)


def pair(seed, **changes):
    arguments = {"gamma": 0.9, "eps_dyn": 0.1, "eps_rew": 0.05, **changes}
    return random_pair(CONSTANTS, **arguments, generator=np.random.default_rng(seed))


@pytest.mark.parametrize("seed", range(25))
@pytest.mark.parametrize("horizon", [1, 2, 17])
def test_both_identities_are_exact(seed, horizon):
    system = pair(seed)
    real = rollout(system.true, system.policy, system.start, horizon)
    imagined = rollout(system.learned, system.policy, system.start, horizon)
    gap = system.gap(horizon)
    np.testing.assert_allclose(attribute_gap(real, system.learned, system.policy).gap, -gap, rtol=0, atol=1e-13)
    np.testing.assert_allclose(attribute_gap(imagined, system.true, system.policy).gap, gap, rtol=0, atol=1e-13)


def test_every_step_against_values_rolled_out_one_by_one():
    system, horizon = pair(3), 6
    real = rollout(system.true, system.policy, system.start, horizon)
    split = attribute_gap(real, system.learned, system.policy)
    for t in range(horizon):
        s, a = real.states[t], real.actions[t]
        to_go = [
            discounted_return(system.learned, system.policy, state, horizon - 1 - t)
            for state in (system.learned.dynamics(s, a), real.states[t + 1])
        ]
        np.testing.assert_allclose(split.dynamics[t], 0.9 ** (t + 1) * (to_go[0] - to_go[1]), atol=1e-14)
        np.testing.assert_allclose(
            split.reward[t], 0.9**t * (system.learned.reward(s, a) - real.rewards[t]), atol=1e-14
        )


@pytest.mark.parametrize(("changes", "silent"), [({"eps_dyn": 0.0}, "dynamics"), ({"eps_rew": 0.0}, "reward")])
def test_a_source_that_makes_no_error_gets_no_share(changes, silent):
    system = pair(1, **changes)
    split = attribute_gap(rollout(system.true, system.policy, system.start, 20), system.learned, system.policy)
    assert np.abs(getattr(split, silent)).max() == 0.0
    assert np.abs(split.gap).max() > 1e-3


def test_the_split_is_not_unique():
    """The two identities agree in the sum and differ in the shares: the reward error is met on different paths."""
    system = pair(2)
    real = attribute_gap(rollout(system.true, system.policy, system.start, 30), system.learned, system.policy)
    imagined = attribute_gap(rollout(system.learned, system.policy, system.start, 30), system.true, system.policy)
    np.testing.assert_allclose(real.gap, -imagined.gap, rtol=0, atol=1e-13)
    assert np.abs(real.reward_total + imagined.reward_total).max() > 1e-4


def test_wrong_values_to_go_would_be_noticed():
    """A split that values the next state over one step too many misses the gap: the identity can fail."""
    system, horizon = pair(4), 5
    real = rollout(system.true, system.policy, system.start, horizon)
    wrong = sum(
        0.9**t * (system.learned.reward(s, a) - r)
        + 0.9 ** (t + 1)
        * (
            discounted_return(system.learned, system.policy, system.learned.dynamics(s, a), horizon - t)
            - discounted_return(system.learned, system.policy, following, horizon - t)
        )
        for t, (s, a, r, following) in enumerate(
            zip(real.states[:-1], real.actions, real.rewards, real.states[1:], strict=True)
        )
    )
    assert np.abs(wrong + system.gap(horizon)).max() > 1e-6


def test_records_that_do_not_fit_are_refused():
    system = pair(0)
    record = rollout(system.true, system.policy, system.start, 4)
    with pytest.raises(RequestError, match="not those of the policy"):
        attribute_gap(record, system.learned, lambda s: 2 * system.policy(s))
    with pytest.raises(RequestError, match="one state more"):
        attribute_gap(Trajectory(record.states[:-1], record.actions, record.rewards), system.learned, system.policy)


@pytest.mark.parametrize("seed", range(200))
def test_errors_along_the_real_path_suffice_with_learned_constants(seed):
    """The swapped pair has learned maps with known constants; its errors are measured on the real path only."""
    rng = np.random.default_rng(seed)
    constants = Lipschitz(dynamics=rng.uniform(0.2, 0.9), reward=1.0, policy=rng.uniform(0, 0.6))
    system = random_pair(constants, gamma=0.9, eps_dyn=0.2, eps_rew=0.1, generator=rng).swapped
    H = 60
    real = rollout(system.true, system.policy, system.start, H)
    s, a = real.states[:-1], real.actions
    e = np.linalg.norm(system.learned.dynamics(s, a) - system.true.dynamics(s, a), axis=-1)
    rho = np.abs(system.learned.reward(s, a) - system.true.reward(s, a))
    bound = gap_bound_along_path(constants, gamma=0.9, dynamics_errors=e, reward_errors=rho)
    assert (np.abs(system.gap(H)) <= bound * (1 + 1e-12)).all()
    assert (bound <= return_gap_bound(constants, gamma=0.9, eps_dyn=e.max(), eps_rew=rho.max(), horizon=H)).all()
    if constants.growth * 0.9 < 1:
        rmse = [occupancy_rmse(x, gamma=0.9) for x in (e, rho)]
        # what the occupancy has after H steps: at most gamma^H of it, with errors up to 0.2 and 0.1
        rmse = np.sqrt(np.square(rmse) + 0.9**H * np.square([0.2, 0.1]))
        by_rmse = return_gap_bound(constants, gamma=0.9, eps_dyn=rmse[0], eps_rew=rmse[1])
        assert abs(system.gap(H).mean()) <= by_rmse


def test_path_form_equals_the_exchanged_sum_and_the_sup_form_for_constant_errors():
    rng = np.random.default_rng(0)
    H, g, growth, kappa = 12, 0.9, CONSTANTS.growth, CONSTANTS.sensitivity
    e, rho = rng.uniform(size=(2, H))
    weights = [g ** (i + 1) * sum((g * growth) ** k for k in range(H - 1 - i)) for i in range(H)]
    by_sum = sum(g**t * rho[t] for t in range(H)) + kappa * sum(w * x for w, x in zip(weights, e, strict=True))
    assert gap_bound_along_path(CONSTANTS, gamma=g, dynamics_errors=e, reward_errors=rho) == pytest.approx(by_sum)
    constant = gap_bound_along_path(CONSTANTS, gamma=g, dynamics_errors=[0.1] * H, reward_errors=[0.2] * H)
    assert constant == pytest.approx(return_gap_bound(CONSTANTS, gamma=g, eps_dyn=0.1, eps_rew=0.2, horizon=H))


def test_extra_sources_are_attained_and_reduce_to_lemma_1():
    g, e0, e_pi, e_dyn, e_rew = 0.9, 0.03, 0.02, 0.1, 0.05
    L_f, L_r, L_pi = 0.6, 1.0, 0.5
    mdp = MDP(lambda s, a: L_f * (s + a), lambda s, a: L_r * (s + a)[..., 0], g)
    model = MDP(lambda s, a: L_f * (s + a) + e_dyn, lambda s, a: L_r * (s + a)[..., 0] + e_rew, g)
    arguments = {"gamma": g, "eps_dyn": e_dyn, "eps_rew": e_rew}
    for horizon in (0, 1, 2, 15, 1500):
        J = discounted_return(mdp, lambda s: L_pi * s, np.array([0.0]), horizon)
        J_hat = discounted_return(model, lambda s: L_pi * s + e_pi, np.array([e0]), horizon)
        bound = return_gap_bound_all_sources(
            CONSTANTS, **arguments, eps_policy=e_pi, start_error=e0, horizon=horizon if horizon < 1500 else None
        )
        assert float(J_hat - J) == pytest.approx(bound, rel=1e-12)
    assert return_gap_bound_all_sources(CONSTANTS, **arguments) == return_gap_bound(CONSTANTS, **arguments)


def test_multistep_form_on_the_double_integrator():
    """Lemma 1 is silent in its joint and its separate form; the closed loop is stable, and so the gap is bounded."""
    dt, g = 0.1, 0.99
    A, B, K = np.array([[1.0, dt], [0.0, 1.0]]), np.array([[0.0], [dt]]), np.array([[-1.0, -1.7]])
    closed = A + B @ K
    with pytest.raises(RequestError, match="1 or more"):
        value_lipschitz(Lipschitz(dynamics=np.linalg.norm(A, 2), reward=1.0, policy=np.linalg.norm(K, 2)), gamma=g)
    ell = linear_step_constants(closed, 400)
    total = sum(g**k * np.linalg.norm(np.linalg.matrix_power(closed, k), 2) for k in range(4000))
    L_V = multistep_value_lipschitz(ell, sensitivity=1.0, gamma=g)
    assert pytest.approx(total, rel=1e-6) == L_V
    assert multistep_value_lipschitz(ell[:2], sensitivity=1.0, gamma=g) > 5 * L_V

    c = np.array([0.6, 0.8])  # reward c.s has constant 1
    for direction in np.stack([np.cos(np.arange(0, 6.3, 0.3)), np.sin(np.arange(0, 6.3, 0.3))], axis=-1):
        mdp = MDP(lambda s, a: s @ A.T + a @ B.T, lambda s, a: s @ c, g)
        model = MDP(lambda s, a, d=direction: s @ A.T + a @ B.T + 0.01 * d, lambda s, a: s @ c, g)
        gap = return_gap(mdp, model, lambda s: s @ K.T, np.zeros((1, 2)), 3000)
        assert abs(float(gap[0])) <= value_aware_bound(gamma=g, eps_rew=0.0, value_loss=L_V * 0.01)


def test_multistep_form_equals_lemma_1_where_steps_multiply():
    growth = CONSTANTS.growth
    L_V = multistep_value_lipschitz(growth ** np.arange(40.0), sensitivity=CONSTANTS.sensitivity, gamma=0.9)
    assert pytest.approx(value_lipschitz(CONSTANTS, gamma=0.9), rel=1e-12) == L_V
    by_value = value_aware_bound(gamma=0.9, eps_rew=0.2, value_loss=L_V * 0.1)
    assert by_value == pytest.approx(return_gap_bound(CONSTANTS, gamma=0.9, eps_dyn=0.1, eps_rew=0.2), rel=1e-12)


def test_the_value_form_needs_its_condition():
    """Without gamma^T V -> 0 along the imagined path the gap can be infinite although V is Lipschitz and finite.

    h = max(0, sqrt(x) - y) is the true value, Lipschitz on x >= 1. The model never raises y, so on the imagined path
    gamma^T h grows like (0.9 * 2^0.5)^T.
    """
    g, eps = 0.9, 0.1

    def h(s):
        return np.maximum(0.0, np.sqrt(s[..., 0]) - s[..., 1])

    def true_step(s, a):
        return s * 2.0 + np.array([0.0, eps])

    def model_step(s, a):
        return s * 2.0

    def reward(s, a):
        return h(s) - g * h(true_step(s, a))

    start = np.array([1.0, 0.0])
    gaps = [
        float(return_gap(MDP(true_step, reward, g), MDP(model_step, reward, g), lambda s: s[..., :1], start, H))
        for H in (20, 40, 60)
    ]
    bound = value_aware_bound(gamma=g, eps_rew=0.0, value_loss=1.2 * eps)  # |grad h| <= sqrt(1/4 + 1) < 1.2
    assert max(map(abs, gaps)) > 10 * bound


def test_tight_pair_attains_and_one_per_cent_too_little_is_caught():
    for growth in (0.5, 1.0, 1.3):
        constants = Lipschitz(dynamics=growth / 1.5, reward=1.0, policy=0.5)
        for horizon in (1, 2, 15, 60):
            gap = -float(tight_pair(constants, gamma=0.9, eps_dyn=0.1, eps_rew=0.05).gap(horizon))
            arguments = {"gamma": 0.9, "horizon": horizon}
            assert gap == pytest.approx(return_gap_bound(constants, eps_dyn=0.1, eps_rew=0.05, **arguments), rel=1e-13)
            assert gap > return_gap_bound(constants, eps_dyn=0.099, eps_rew=0.0495, **arguments)
            assert gap > return_gap_bound(constants, eps_dyn=0.1, eps_rew=0.0495, **arguments)
            if horizon > 1:
                assert gap > return_gap_bound(constants, eps_dyn=0.099, eps_rew=0.05, **arguments)
