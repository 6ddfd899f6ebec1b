"""The bounds of Lemma 1 against exact rational arithmetic, and what they refuse."""

from fractions import Fraction as F
from itertools import product

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imagination import Lipschitz, RequestError, return_gap_bound
from imagination.gap.bounds import SeparateLipschitz, dynamics_coefficient, return_gap_tail
from imagination.gap.error_sums import error_sums, error_sums_by_recursion
from imagination.gap.examples import random_pair, tight_pair
from imagination.gap.lipschitz import contraction, dynamics_weight
from imagination.gap.mdp import MDP, return_gap
from imagination.gap.on_data import gap_bound_along_path

TOLERANCE = F(1, 10**12)
TINY = 1e-290  # the other half of the promise: no relative accuracy is left among subnormal numbers

# (gamma, L_f, L_pi); where the growth L_f (1 + L_pi) or the contraction is meant to be 1 it is so exactly in binary
GRID = [
    (0.9, 0.5, 0.5),
    (0.5, 1.0, 1.0),  # contraction exactly 1, growth 2
    (0.25, 2.0, 1.0),  # contraction exactly 1, growth 4
    (0.9, 0.5, 1.0),  # growth exactly 1
    (1.0, 0.5, 1.0),  # all three coincide
    (1.0, 0.3, 0.5),
    (1.0, 1.0, 0.1),
    (0.99, 1.0, 0.05),  # expansive
    (0.9, np.nextafter(0.5, 1), 1.0),  # growth one unit in the last place above 1
    (0.9, np.nextafter(0.5, 0), 1.0),
    (0.5, np.nextafter(1.0, 2), 1.0),  # contraction just above 1
    (np.nextafter(1.0, 0), 0.5, 1.0),
    (0.9, 1 / 0.9 / 1.1, 0.1),  # contraction within rounding of 1: only exact arithmetic knows on which side
    (0.7, 1 / 0.7 / 1.3 - 1e-13, 0.3),  # 1 minus contraction is 1e-13: float64 keeps three digits of it
    (0.0, 0.7, 2.0),
    (0.9, 0.0, 2.0),
    (0.9, 0.8, 0.0),
]


def exact_bound(gamma, L_f, L_r, L_pi, eps_dyn, eps_rew, horizon, reward_range=None):
    """The defining sum, step by step, in exact fractions."""
    gamma, L_f, L_r, L_pi, eps_dyn, eps_rew = map(F, (gamma, L_f, L_r, L_pi, eps_dyn, eps_rew))
    growth, sensitivity = L_f * (1 + L_pi), L_r * (1 + L_pi)
    total, discount, distance = F(0), F(1), F(0)
    for _ in range(horizon):
        drift = sensitivity * distance
        total += discount * (eps_rew + (drift if reward_range is None else min(F(reward_range), drift)))
        discount *= gamma
        distance = growth * distance + eps_dyn
    return total


def relative_error(ours, truth):
    return abs(F(float(ours)) - truth) / truth if truth else abs(F(float(ours)))


@pytest.mark.parametrize(("gamma", "L_f", "L_pi"), GRID)
@pytest.mark.parametrize("reward_range", [None, 0.3])
def test_finite_horizon_agrees_with_exact_fractions(gamma, L_f, L_pi, reward_range):
    for horizon, (eps_dyn, eps_rew) in product([0, 1, 2, 3, 15, 64, 97], [(0.1, 0.0), (0.01, 0.02), (0.0, 0.3)]):
        ours = return_gap_bound(
            Lipschitz(dynamics=L_f, reward=0.7, policy=L_pi),
            gamma=gamma,
            eps_dyn=eps_dyn,
            eps_rew=eps_rew,
            horizon=horizon,
            reward_range=reward_range,
        )
        truth = exact_bound(gamma, L_f, 0.7, L_pi, eps_dyn, eps_rew, horizon, reward_range)
        assert relative_error(ours, truth) <= TOLERANCE


@pytest.mark.parametrize(
    ("gamma", "L_f", "L_pi"),
    [
        (0.9999, 1.0001, 0.0),  # contraction just below 1: every step still counts
        (0.5, 1.0, 1.0),  # contraction 1
        (1.0, 0.91, 0.1),  # 1 + L_pi rounds in float64, and the rounding would be repeated 1e5 times
        (0.99, 0.5, 1.0),  # growth 1
        (1.0, 0.5, 1.0),  # growth, contraction and discount 1
        (1.0, 1.0005, 0.0),  # undiscounted and expansive: (gamma growth)^H is 5e21
        (0.9, 1.117, 0.0),  # growth^H is not a float64, the bound is 1e227
        (0.9, 1.7, 0.5),  # neither is the bound: it must come out as infinite, without a warning
    ],
)
def test_horizon_of_one_hundred_thousand(gamma, L_f, L_pi):
    """The truth is the closed form of each case at 600 bits; cancellation and powers leave more than 100 digits."""
    H = 100_000
    with mpmath.workprec(600):
        g, growth, sensitivity = (
            mpmath.mpf(x) * (1 + mpmath.mpf(y)) for x, y in [(gamma, 0), (L_f, L_pi), (0.7, L_pi)]
        )
        S = H if g == 1 else (1 - g**H) / (1 - g)
        if growth == 1:
            D = mpmath.mpf(H * (H - 1)) / 2 if g == 1 else g * (1 - H * g ** (H - 1) + (H - 1) * g**H) / (1 - g) ** 2
        else:
            P = H if g * growth == 1 else (1 - (g * growth) ** H) / (1 - g * growth)
            D = (P - S) / (growth - 1)
        truth = mpmath.mpf(0.02) * S + sensitivity * mpmath.mpf(0.01) * D
        ours = return_gap_bound(
            Lipschitz(dynamics=L_f, reward=0.7, policy=L_pi), gamma=gamma, eps_dyn=0.01, eps_rew=0.02, horizon=H
        )
        if truth > 1e300:
            assert ours == np.inf
        else:
            assert abs(mpmath.mpf(ours) - truth) <= 1e-12 * truth


@pytest.mark.parametrize(("gamma", "L_f", "L_pi"), [point for point in GRID if point[0] < 1])
def test_infinite_horizon_agrees_with_exact_fractions(gamma, L_f, L_pi):
    g, growth, sensitivity = F(gamma), F(L_f) * (1 + F(L_pi)), F(0.7) * (1 + F(L_pi))
    lipschitz = Lipschitz(dynamics=L_f, reward=0.7, policy=L_pi)
    if g * growth >= 1:
        with pytest.raises(RequestError, match=r"is 1 or more.*horizon=.*finite-horizon form"):
            return_gap_bound(lipschitz, gamma=gamma, eps_dyn=0.01, eps_rew=0.02)
    else:
        ours = return_gap_bound(lipschitz, gamma=gamma, eps_dyn=0.01, eps_rew=0.02)
        truth = F(0.02) / (1 - g) + g * sensitivity * F(0.01) / ((1 - g) * (1 - g * growth))
        assert relative_error(ours, truth) <= TOLERANCE


@pytest.mark.parametrize(("gamma", "L_f", "L_pi"), [point for point in GRID if point[0] < 0.999])
def test_bounded_reward_at_infinite_horizon(gamma, L_f, L_pi):
    """Truth: exact head of 400 steps; what is left lies between 0 and the geometric tail at the range."""
    ours = return_gap_bound(
        Lipschitz(dynamics=L_f, reward=0.7, policy=L_pi), gamma=gamma, eps_dyn=0.01, eps_rew=0.0, reward_range=0.3
    )
    head = exact_bound(gamma, L_f, 0.7, L_pi, 0.01, 0.0, 400, 0.3) if gamma < 0.99 else None
    if head is None:  # fractions grow without bound; the float loop is enough for a discount this close to 1
        head, discount, distance = 0.0, 1.0, 0.0
        for _ in range(5000):
            head += discount * min(0.3, 0.7 * (1 + L_pi) * distance)
            discount, distance = discount * gamma, min(L_f * (1 + L_pi) * distance + 0.01, 1e6)
        assert ours == pytest.approx(head, rel=1e-11)
    else:
        tail = F(gamma) ** 400 * F(0.3) / (1 - F(gamma))
        assert head * (1 - TOLERANCE) <= F(ours) <= (head + tail) * (1 + TOLERANCE)


def test_a_range_never_reached_gives_the_unbounded_form():
    lipschitz = Lipschitz(dynamics=0.5, reward=1.0, policy=0.5)  # drift stays below 0.015 / (1 - 0.75) = 0.06
    free = return_gap_bound(lipschitz, gamma=0.9, eps_dyn=0.01, eps_rew=0.02)
    assert return_gap_bound(lipschitz, gamma=0.9, eps_dyn=0.01, eps_rew=0.02, reward_range=0.06) == pytest.approx(
        free, rel=1e-14
    )
    assert return_gap_bound(lipschitz, gamma=0.9, eps_dyn=0.01, eps_rew=0.02, reward_range=0.05) < free * 0.99


def test_everything_broadcasts_and_scalars_stay_scalars():
    gamma, L_f, horizon = np.array([0.5, 0.9]), np.array([[0.2], [0.6], [1.1]]), np.array([1, 20])
    eps = np.array([0.0, 0.1]).reshape(2, 1, 1)
    for reward_range in (None, 0.05, np.array([0.05, 4.0])):
        together = return_gap_bound(
            Lipschitz(dynamics=L_f, reward=1.0, policy=0.5),
            gamma=gamma, eps_dyn=eps, eps_rew=0.01, horizon=horizon, reward_range=reward_range,
        )  # fmt: skip
        assert together.shape == (2, 3, 2)
        ranges = np.broadcast_to(np.asarray(reward_range, dtype=object), 2)
        for i, j, k in np.ndindex(together.shape):
            alone = return_gap_bound(
                Lipschitz(dynamics=L_f[j, 0], reward=1.0, policy=0.5),
                gamma=gamma[k], eps_dyn=eps[i, 0, 0], eps_rew=0.01, horizon=int(horizon[k]), reward_range=ranges[k],
            )  # fmt: skip
            assert isinstance(alone, float)
            assert together[i, j, k] == alone


def test_doubling_agrees_with_the_loop_that_defines_the_sums():
    for gamma, growth, horizon in product([0.0, 0.5, 0.9, 1.0], [0.0, 0.5, 1.0, 1.3], [0, 1, 2, 5, 33]):
        factor = contraction(Lipschitz(dynamics=growth, reward=1.0, policy=0.0), np.array(gamma))
        sums, steps = error_sums(np.array(gamma), factor, np.array(1.0), np.array(horizon))
        S, D = error_sums_by_recursion(F(gamma), F(growth), horizon)
        assert steps == horizon
        assert relative_error(sums.rewards, S) <= F(2, 10**15)
        assert relative_error(sums.total, D) <= F(2, 10**15)


def test_closed_form_agrees_where_it_exists():
    """Independent of the recurrence: the closed form of D_H, in exact fractions, at points that are not singular."""
    for g, L, H in product([F(1, 2), F(9, 10)], [F(1, 3), F(7, 5)], [0, 1, 4, 30]):
        closed = ((1 - (g * L) ** H) / (1 - g * L) - (1 - g**H) / (1 - g)) / (L - 1)
        assert closed == error_sums_by_recursion(g, L, H)[1]


@pytest.mark.parametrize("wrong", ["exponent", "index", "factor"])
def test_wrong_recurrences_are_told_apart(wrong):
    """The exact truth above can tell an error of one index, one factor or one exponent."""
    g, L, H = F(9, 10), F(7, 5), 15
    D = error_sums_by_recursion(g, L, H)[1]
    false = {
        "exponent": sum(g**t * (L ** (t + 1) - 1) / (L - 1) for t in range(H)),
        "index": error_sums_by_recursion(g, L, H - 1)[1],
        "factor": D * g,
    }[wrong]
    ours = return_gap_bound(
        Lipschitz(dynamics=1.4, reward=1.0, policy=0.0), gamma=0.9, eps_dyn=1.0, eps_rew=0.0, horizon=H
    )
    assert relative_error(ours, D) < F(1, 10**12)
    assert relative_error(ours, false) > F(1, 100)


@pytest.mark.parametrize(("L_f", "L_pi"), [(0.5, 0.5), (0.5, 1.0), (1.0, 0.05), (0.0, 1.0)])
@pytest.mark.parametrize("horizon", [0, 1, 7, 200])
def test_head_and_tail_make_the_whole(L_f, L_pi, horizon):
    lipschitz = Lipschitz(dynamics=L_f, reward=0.7, policy=L_pi)
    arguments = {"gamma": 0.9, "eps_dyn": 0.1, "eps_rew": 0.02}
    head = return_gap_bound(lipschitz, **arguments, horizon=horizon)
    tail = return_gap_tail(lipschitz, **arguments, horizon=horizon)
    assert head + tail == pytest.approx(return_gap_bound(lipschitz, **arguments), rel=1e-14)
    g, growth, kappa = F(0.9), F(L_f) * (1 + F(L_pi)), F(0.7) * (1 + F(L_pi))
    exact_whole = (F(0.02) + g * kappa * F(0.1) / (1 - g * growth)) / (1 - g)
    exact_tail = exact_whole - exact_bound(0.9, L_f, 0.7, L_pi, 0.1, 0.02, horizon)
    assert relative_error(tail, exact_tail) <= TOLERANCE


@pytest.mark.parametrize("horizon", [0, 1, 3, 1000, 10**6, 2**60])
def test_tail_without_a_future_and_of_the_largest_errors(horizon):
    """At gamma = 0 only the first step counts; an error of 1e308 is discounted away like any other, without NaN."""
    constants = Lipschitz(dynamics=0.5, reward=1.0, policy=0.5)
    tail = return_gap_tail(constants, gamma=0.0, eps_dyn=0.1, eps_rew=0.2, horizon=horizon)
    assert tail == (0.2 if horizon == 0 else 0.0)
    for errors in ((1e308, 0.1), (0.1, 1e308), (1e308, 1e308)):
        small = return_gap_tail(constants, gamma=0.9, eps_dyn=errors[0], eps_rew=errors[1], horizon=horizon)
        scaled = return_gap_tail(
            constants, gamma=0.9, eps_dyn=errors[0] / 1e100, eps_rew=errors[1] / 1e100, horizon=horizon
        )
        assert small == pytest.approx(np.inf if scaled > 1e208 else scaled * 1e100, rel=1e-12)


@pytest.mark.parametrize(("gamma", "L_f", "L_pi"), GRID)
def test_weight_is_the_ratio_of_the_two_coefficients(gamma, L_f, L_pi):
    lipschitz = Lipschitz(dynamics=L_f, reward=0.7, policy=L_pi)
    g, growth, kappa = F(gamma), F(L_f) * (1 + F(L_pi)), F(0.7) * (1 + F(L_pi))
    for horizon in (1, 2, 15, 64):
        S, D = error_sums_by_recursion(g, growth, horizon)
        assert relative_error(dynamics_weight(lipschitz, gamma=gamma, horizon=horizon), kappa * D / S) <= TOLERANCE
    if g * growth < 1 and gamma < 1:
        assert relative_error(dynamics_weight(lipschitz, gamma=gamma), g * kappa / (1 - g * growth)) <= TOLERANCE
        both = dynamics_weight(lipschitz, gamma=np.array([gamma, 0.0]))
        assert both.tolist() == [dynamics_weight(lipschitz, gamma=gamma), 0.0]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"gamma": 0.99}, "is 1 or more.*horizon="),
        ({"gamma": 1.0}, "gamma = 1 needs a finite horizon"),
        ({"horizon": 0}, "horizon = 0 is not allowed"),
        ({"horizon": 10**6}, "exceeds the range of float64.*shorter horizon"),
    ],
)
def test_weight_refuses_what_does_not_exist(change, message):
    with pytest.raises(RequestError, match=message):
        dynamics_weight(Lipschitz(dynamics=0.8, reward=1.0, policy=0.5), **{"gamma": 0.9, **change})


def test_coefficient_is_what_multiplies_the_dynamics_error():
    lipschitz = Lipschitz(dynamics=0.5, reward=2.0, policy=0.5)
    at_one = return_gap_bound(lipschitz, gamma=0.9, eps_dyn=1.0, eps_rew=0.3)
    assert dynamics_coefficient(lipschitz, gamma=0.9) == pytest.approx(at_one - 3.0, rel=1e-14)


def test_separate_constants_are_never_worse_and_do_not_see_the_unit_of_the_state():
    """Latent unit c: the action constant of f is multiplied by c, the state constants of r and pi are divided by it."""
    rng = np.random.default_rng(0)
    for _ in range(200):
        fs, fa, rs, ra, pi, c = rng.uniform(0.05, 1.0, 6) * [0.9, 0.9, 1, 1, 1, 20]
        plain = SeparateLipschitz(dynamics_state=fs, dynamics_action=fa, reward_state=rs, reward_action=ra, policy=pi)
        rescaled = SeparateLipschitz(
            dynamics_state=fs, dynamics_action=c * fa, reward_state=rs / c, reward_action=ra, policy=pi / c
        )
        arguments = {"gamma": 0.8, "eps_rew": 0.1, "horizon": 30}
        bound = return_gap_bound(plain, eps_dyn=0.1, **arguments)
        assert bound <= return_gap_bound(plain.joint, eps_dyn=0.1, **arguments) * (1 + 1e-14)
        assert return_gap_bound(rescaled, eps_dyn=0.1 * c, **arguments) == pytest.approx(bound, rel=1e-12)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"gamma": 1.0}, "gamma = 1 needs a finite horizon"),
        ({"gamma": -0.1}, "gamma = -0.1 is not allowed"),
        ({"gamma": 1.5, "horizon": 3}, "gamma = 1.5 is not allowed"),
        ({"gamma": float("nan"), "horizon": 3}, "gamma = nan is not allowed"),
        ({"eps_dyn": -1.0}, "eps_dyn = -1 is not allowed"),
        ({"eps_rew": np.inf}, "eps_rew = inf is not allowed"),
        ({"eps_rew": "small"}, "eps_rew = 'small' is not allowed"),
        ({"eps_rew": [[1.0], [1.0, 2.0]]}, "is not an array of numbers"),
        ({"horizon": -1}, "horizon = -1 is not allowed"),
        ({"horizon": 2.5}, "horizon = 2.5 is not allowed"),
        ({"reward_range": -1.0}, "reward_range = -1 is not allowed"),
        ({"eps_dyn": np.ones(2), "eps_rew": np.ones(3)}, r"eps_dyn \(2,\), eps_rew \(3,\)"),
    ],
)
def test_wrong_requests_are_refused_by_name(change, message):
    arguments = {"gamma": 0.9, "eps_dyn": 0.1, "eps_rew": 0.1, **change}
    with pytest.raises(RequestError, match=message):
        return_gap_bound(Lipschitz(dynamics=0.5, reward=1.0, policy=0.5), **arguments)


@pytest.mark.parametrize(
    ("constants", "message"),
    [
        ({"dynamics": -0.1}, "Lipschitz constant dynamics = -0.1"),
        ({"reward": np.nan}, "Lipschitz constant reward = nan"),
        ({"policy": np.inf}, "Lipschitz constant policy = inf"),
        ({"dynamics": np.ones(2), "policy": np.ones(3)}, "do not broadcast"),
    ],
)
def test_wrong_constants_are_refused_by_name(constants, message):
    with pytest.raises(RequestError, match=message):
        Lipschitz(**{"dynamics": 0.5, "reward": 1.0, "policy": 0.5, **constants})


def test_constants_are_frozen_inside_too():
    given = np.array([0.1, 0.2])
    lipschitz = Lipschitz(dynamics=given, reward=1.0, policy=0.5)
    given[0] = 7.0
    assert lipschitz.dynamics[0] == 0.1
    with pytest.raises(AttributeError):
        lipschitz.reward = 2.0
    with pytest.raises(ValueError, match="read-only"):
        lipschitz.dynamics[0] = 2.0


def test_no_size_of_constants_gives_a_silent_nan():
    huge = Lipschitz(dynamics=1e200, reward=1e100, policy=1e50)
    assert return_gap_bound(huge, gamma=0.9, eps_dyn=1.0, eps_rew=0.0, horizon=5) == np.inf
    assert return_gap_bound(huge, gamma=0.9, eps_dyn=0.0, eps_rew=0.5, horizon=2) == pytest.approx(0.95)
    assert return_gap_bound(huge, gamma=0.9, eps_dyn=1.0, eps_rew=0.0, horizon=2, reward_range=3.0) == pytest.approx(
        2.7
    )
    with pytest.raises(RequestError, match="is 1 or more"):
        return_gap_bound(huge, gamma=0.9, eps_dyn=1.0, eps_rew=0.0)
    with pytest.raises(RequestError, match="too large"):
        Lipschitz(dynamics=1e200, reward=1.0, policy=1e200)


@settings(max_examples=2000, derandomize=True, deadline=None, database=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    n_states=st.integers(1, 5),
    n_actions=st.integers(1, 4),
    gamma=st.floats(0.0, 1.0),
    growth=st.floats(0.0, 2.0),
    L_pi=st.floats(0.0, 3.0),
    L_r=st.floats(0.0, 3.0),
    eps_dyn=st.floats(0.0, 2.0),
    eps_rew=st.floats(0.0, 2.0),
    horizon=st.integers(0, 25),
)
def test_no_random_system_violates_the_bound(
    seed, n_states, n_actions, gamma, growth, L_pi, L_r, eps_dyn, eps_rew, horizon
):
    """2,000 nonlinear pairs, 4 starts each, any growth; with the roles of the systems also exchanged (flag 1a)."""
    lipschitz = Lipschitz(dynamics=growth / (1 + L_pi), reward=L_r, policy=L_pi)
    pair = random_pair(
        lipschitz, gamma=gamma, eps_dyn=eps_dyn, eps_rew=eps_rew, n_states=n_states, n_actions=n_actions, n_starts=4,
        generator=np.random.default_rng(seed),
    )  # fmt: skip
    arguments = {"gamma": gamma, "eps_dyn": eps_dyn, "eps_rew": eps_rew}
    gap = np.abs(pair.gap(horizon)).max()
    slack = 1e-13 * (1 + horizon) * (1 + L_r)  # rounding of the rollout, whose rewards are at most L_r + eps
    free = return_gap_bound(lipschitz, **arguments, horizon=horizon)
    clipped = return_gap_bound(lipschitz, **arguments, horizon=horizon, reward_range=2 * L_r)
    assert gap <= clipped + slack
    assert clipped <= free * (1 + 1e-13) + TINY
    assert np.abs(pair.swapped.gap(horizon)).max() <= clipped + slack
    if gamma < 1 and gamma * lipschitz.growth < 1:
        assert free <= return_gap_bound(lipschitz, **arguments) * (1 + 1e-12) + TINY


@settings(max_examples=300, derandomize=True, deadline=None, database=None)
@given(
    gamma=st.floats(0.1, 1.0), growth=st.floats(0.0, 1.5), L_pi=st.floats(0.0, 3.0), horizon=st.integers(2, 40),
    eps_dyn=st.floats(0.01, 1.0), eps_rew=st.floats(0.0, 1.0), R=st.floats(0.01, 3.0),
)  # fmt: skip
def test_every_finite_form_is_attained_and_an_understated_error_is_caught(
    gamma, growth, L_pi, horizon, eps_dyn, eps_rew, R
):
    """Planted violation: with both errors understated by 1 % the attaining pair lies above the bound."""
    lipschitz = Lipschitz(dynamics=growth / (1 + L_pi), reward=1.0, policy=L_pi)
    arguments = {"gamma": gamma, "horizon": horizon}
    gap = -float(tight_pair(lipschitz, gamma=gamma, eps_dyn=eps_dyn, eps_rew=eps_rew).gap(horizon))
    assert gap == pytest.approx(return_gap_bound(lipschitz, eps_dyn=eps_dyn, eps_rew=eps_rew, **arguments), rel=1e-12)
    assert gap > return_gap_bound(lipschitz, eps_dyn=0.99 * eps_dyn, eps_rew=0.99 * eps_rew, **arguments) * 1.001
    gap = -float(tight_pair(lipschitz, gamma=gamma, eps_dyn=eps_dyn, eps_rew=eps_rew, reward_range=R).gap(horizon))
    bound = return_gap_bound(lipschitz, eps_dyn=eps_dyn, eps_rew=eps_rew, **arguments, reward_range=R)
    assert gap == pytest.approx(bound, rel=1e-12)


def test_the_other_constants_are_not_enough():
    """Flag 1a: mixing errors at the imagined point with the constants of the learned maps would be a false bound.

    True map steep, learned map flat. The error at the imagined path is 0, and the learned constants are 0: their
    combination would promise a gap of 0, and the gap is not 0.
    """
    g = 0.5
    true = MDP(lambda s, a: 2.0 * s - 1.0, lambda s, a: s[..., 0], g)  # equals 1 at s = 1
    learned = MDP(lambda s, a: 0 * s + 1.0, lambda s, a: s[..., 0], g)  # constant map with Lipschitz constant 0
    start = np.array([1.0])
    assert float(np.abs(return_gap(true, learned, lambda s: 0 * s, start, 30))) == 0.0  # both stay at 1
    start = np.array([1.1])
    first_error = abs(float(learned.dynamics(start, start)[0] - true.dynamics(start, start)[0]))
    along_imagined = [first_error] + [0.0] * 29  # from the second step on the imagined path sits at 1, without error
    promised = gap_bound_along_path(
        Lipschitz(dynamics=0.0, reward=1.0, policy=0.0),
        gamma=g, dynamics_errors=along_imagined, reward_errors=np.zeros(30),
    )  # fmt: skip
    assert float(np.abs(return_gap(true, learned, lambda s: 0 * s, start, 30))) > 3 * promised


def test_random_pairs_have_the_constants_that_they_claim():
    """In one dimension the steepest slope is found by a scan: it is the stated constant, reached and not exceeded."""
    lipschitz = Lipschitz(dynamics=0.7, reward=1.3, policy=0.4)
    pair = random_pair(
        lipschitz, gamma=0.9, eps_dyn=0.2, eps_rew=0.1, n_states=1, n_actions=1, generator=np.random.default_rng(3)
    )
    x = np.linspace(-4, 4, 80_001)[:, None]
    zero = np.zeros_like(x)
    for values, constant in [
        (pair.true.dynamics(x, zero)[:, 0], 0.7),
        (pair.true.dynamics(zero, x)[:, 0], 0.7),
        (pair.true.reward(x, zero), 1.3),
        (pair.policy(x)[:, 0], 0.4),
    ]:
        assert np.abs(np.diff(values)).max() / 1e-4 == pytest.approx(constant, rel=1e-6)
    off = np.abs(pair.learned.dynamics(x, zero) - pair.true.dynamics(x, zero))
    assert off.max() <= 0.2
