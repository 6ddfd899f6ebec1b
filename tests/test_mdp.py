"""Rollouts and returns against loops over single states, and the closed-form tail against long rollouts."""

import numpy as np
import pytest

from imagination import Lipschitz, RequestError
from imagination.gap.bounds import return_gap_tail
from imagination.gap.examples import random_pair, tight_pair
from imagination.gap.mdp import MDP, discounted_return, horizon_for, return_gap, rollout, steps

CONSTANTS = Lipschitz(dynamics=0.5, reward=1.0, policy=0.5)


def pair(seed=0, **changes):
    arguments = {"gamma": 0.9, "eps_dyn": 0.1, "eps_rew": 0.05, **changes}
    return random_pair(CONSTANTS, **arguments, generator=np.random.default_rng(seed))


def test_batched_rollout_equals_one_state_at_a_time():
    system = pair()
    together = rollout(system.true, system.policy, system.start, 20)
    for i, state in enumerate(system.start):
        for t in range(20):
            action = system.policy(state)
            np.testing.assert_allclose(together.states[t, i], state, rtol=1e-13)
            np.testing.assert_allclose(together.actions[t, i], action, rtol=1e-13)
            np.testing.assert_allclose(together.rewards[t, i], system.true.reward(state, action), rtol=1e-13)
            state = system.true.dynamics(state, action)
        np.testing.assert_allclose(together.states[20, i], state, rtol=1e-13)


def test_any_number_of_batch_axes():
    system = pair()
    flat = discounted_return(system.true, system.policy, system.start, 30)
    folded = discounted_return(system.true, system.policy, system.start.reshape(2, 4, 3), 30)
    np.testing.assert_allclose(folded.ravel(), flat, rtol=1e-13)


def test_return_equals_the_sum_over_the_record():
    system = pair()
    rewards = rollout(system.true, system.policy, system.start, 40).rewards
    by_hand = sum(0.9**t * r for t, r in enumerate(rewards))
    np.testing.assert_allclose(discounted_return(system.true, system.policy, system.start, 40), by_hand, rtol=1e-13)


def test_gap_equals_the_difference_of_returns():
    system = pair()
    J, J_hat = (discounted_return(m, system.policy, system.start, 40) for m in (system.true, system.learned))
    np.testing.assert_allclose(system.gap(40), J - J_hat, rtol=0, atol=1e-13)
    np.testing.assert_allclose(system.swapped.gap(40), J_hat - J, rtol=0, atol=1e-13)


def test_gap_keeps_digits_that_the_difference_of_returns_loses():
    """Rewards of 2^26 that differ by 2^-26, discount 1/2: the gap is 2^-25, a relative 1e-16 of each return."""
    high = MDP(lambda s, a: s, lambda s, a: s[..., 0], 0.5)
    low = MDP(lambda s, a: s, lambda s, a: s[..., 0] - 2.0**-26, 0.5)
    start = np.array([2.0**26])
    assert float(return_gap(high, low, lambda s: s, start, 40)) == pytest.approx(2.0**-25, rel=1e-9)


@pytest.mark.parametrize("horizon", [0, 1, 5, 30, 100])
def test_tail_bounds_what_is_left_and_is_attained(horizon):
    arguments = {"gamma": 0.9, "eps_dyn": 0.1, "eps_rew": 0.05}
    tail = return_gap_tail(CONSTANTS, **arguments, horizon=horizon)
    left = np.abs(pair().gap(600) - pair().gap(horizon))
    assert (left <= tail * (1 + 1e-9)).all()
    tight = tight_pair(CONSTANTS, **arguments)
    assert float(np.abs(tight.gap(600) - tight.gap(horizon))) == pytest.approx(tail, rel=1e-9)


def test_one_return_is_truncated_with_the_same_tail():
    """The distance from the start obeys the recurrence of Lemma 1, with the first step in place of the model error."""
    system = pair()
    first = system.policy(system.start)
    moved = np.linalg.norm(system.true.dynamics(system.start, first) - system.start, axis=-1)
    earned = np.abs(system.true.reward(system.start, first))
    whole = discounted_return(system.true, system.policy, system.start, 800)
    horizon = horizon_for(
        lambda h: return_gap_tail(CONSTANTS, gamma=0.9, eps_dyn=moved, eps_rew=earned, horizon=h), 1e-6
    )
    part = discounted_return(system.true, system.policy, system.start, horizon)
    assert np.abs(whole - part).max() <= 1e-6
    assert 50 < horizon < 400


def test_horizon_for_is_the_smallest():
    for tolerance in (3.0, 1.0, 0.3, 1e-3, 1e-9):
        found = horizon_for(lambda h: 0.9**h, tolerance)
        assert 0.9**found <= tolerance
        assert found == 0 or 0.9 ** (found - 1) > tolerance


def test_memory_of_a_return_does_not_grow_with_the_horizon():
    walk = steps(MDP(lambda s, a: s, lambda s, a: s[..., 0], 0.9), lambda s: s, np.zeros((4, 1)), 10**9)
    assert next(walk)[2].shape == (4,)  # a generator: a billion steps are not laid out in advance


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda m: MDP(m.dynamics, m.reward, 1.5), r"gamma = 1.5 is not allowed"),
        (lambda m: MDP(m.dynamics, m.reward, float("nan")), r"gamma = nan is not allowed"),
        (lambda m: discounted_return(m, lambda s: s, np.zeros(1), -1), r"horizon = -1 is not allowed"),
        (lambda m: discounted_return(m, lambda s: s, np.zeros(1), 2.5), r"horizon = 2.5 is not allowed"),
        (lambda m: discounted_return(m, lambda s: s, 0.0, 2), "start is a single number"),
        (lambda m: discounted_return(m, lambda s: s, np.array([np.nan]), 2), "start = nan is not allowed"),
        (lambda m: rollout(m, lambda s: s, np.zeros(1), 0), "a rollout has at least one step"),
        (
            lambda m: discounted_return(MDP(lambda s, a: s / 0.0, m.reward, 0.9), lambda s: s, np.ones(1), 2),
            "left the finite numbers at step 0",
        ),
        (
            lambda m: discounted_return(MDP(m.dynamics, lambda s, a: s, 0.9), lambda s: s, np.ones((2, 1)), 2),
            r"gave rewards of shape \(2, 1\).* allowed are \(2,\)",
        ),
        (
            lambda m: return_gap(m, MDP(m.dynamics, m.reward, 0.8), lambda s: s, np.ones(1), 2),
            "discounts 0.9 and 0.8",
        ),
        (lambda m: horizon_for(lambda h: 1.0, 0.5), "still above 0.5"),
        (lambda m: horizon_for(lambda h: 0.0, 0.0), "tolerance = 0 is not allowed"),
    ],
)
def test_wrong_requests_are_refused(call, message):
    with np.errstate(divide="ignore"), pytest.raises(RequestError, match=message):
        call(MDP(lambda s, a: s, lambda s, a: s[..., 0], 0.9))
