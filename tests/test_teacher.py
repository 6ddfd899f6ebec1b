"""The synthetic environment: equations, pools and the independence of what is drawn."""

import math
from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imagination.errors import RequestError
from imagination.parameters import scaling_laws
from imagination.training.students import epoch_order, shuffle_key
from imagination.training.teacher import (
    POLICIES,
    LinearFeedback,
    OrnsteinUhlenbeck,
    Sinusoid,
    Target,
    Teacher,
    Uniform,
    episodes_for,
    make_data,
    rollout,
    stream,
)


def test_teacher_says_what_the_paper_says():
    """One input by hand, in Python floats, against the array code."""
    teacher = Teacher.draw(5)
    x = np.linspace(-1, 1, 16).astype(np.float32)
    hidden_f = [max(0.0, sum(float(x[i]) * teacher.W1_f[i, j] for i in range(16))) for j in range(64)]
    hidden_r = [max(0.0, sum(float(x[i]) * teacher.W1_r[i, j] for i in range(16))) for j in range(64)]
    drive = [sum(hidden_f[j] * teacher.W2_f[j, k] for j in range(64)) for k in range(12)]
    reward = sum(hidden_r[j] * teacher.W2_r[j, 0] for j in range(64)) / 8
    assert Target.DYNAMICS.evaluate(teacher, x[None])[0] == pytest.approx([math.tanh(p) for p in drive], rel=1e-6)
    assert Target.REWARD.evaluate(teacher, x[None])[0, 0] == pytest.approx(reward, rel=1e-6)
    assert Target.COORDINATE.evaluate(teacher, x[None])[0, 0] == pytest.approx(math.tanh(drive[0]), rel=1e-6)
    assert Target.REWARD_SATURATED.evaluate(teacher, x[None])[0, 0] == pytest.approx(math.tanh(8 * reward), rel=1e-6)


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
def test_rollout_follows_the_dynamics(policy):
    """Each state of an episode is the teacher's answer to the pair before it, whatever the policy."""
    teacher = Teacher.draw(1)
    x = rollout(teacher, policy, episodes=3, steps=20, generator=np.random.default_rng(0)).reshape(20, 3, 16)
    after = Target.DYNAMICS.evaluate(teacher, x[:-1].reshape(-1, 16)).reshape(19, 3, 12)
    assert np.array_equal(after, x[1:, :, :12])
    assert np.isfinite(x).all()


def test_anchors_share_teacher_and_held_out_tuples_but_not_the_pool():
    small, large = make_data(3, 600), make_data(3, 700)
    assert np.array_equal(small.teacher.W1_f, large.teacher.W1_f)
    assert np.array_equal(small.x_held_out, large.x_held_out)
    assert not np.array_equal(small.x, large.x[:600])
    assert not np.array_equal(make_data(4, 600).x_held_out, small.x_held_out)


def test_pool_has_no_tuple_twice_and_none_of_the_held_out():
    data = make_data(0, 2_000, policy=Uniform())
    tuples = {row.tobytes() for row in np.vstack([data.x, data.x_held_out])}
    assert len(tuples) == 7_000


def test_biases_are_a_variant_of_the_same_teacher():
    plain, biased = Teacher.draw(2), Teacher.draw(2, biases=True)
    assert np.array_equal(plain.W2_f, biased.W2_f)
    assert not plain.b_f.any()
    assert biased.b_f.std() > 0.5


def test_a_last_digit_elsewhere_does_not_change_the_trajectory():
    """Another linear-algebra library differs by about 1e-14 in the drive; rounding the states to float32 absorbs it."""
    teacher = Teacher.draw(0)

    class Jitter(Teacher):
        def drive(self, x):
            p = super().drive(x)
            return p * (1 + 1e-15 * np.sign(np.sin(1e6 * p)))

    other = Jitter(0, teacher.W1_f, teacher.W2_f, teacher.W1_r, teacher.W2_r, teacher.b_f, teacher.b_r)
    a, b = (
        rollout(t, Sinusoid(), episodes=20, generator=np.random.default_rng(0)).reshape(500, 20, 16)
        for t in (teacher, other)
    )
    same = (a == b).all(axis=(0, 2))
    assert same.sum() >= 19


@pytest.mark.parametrize("n", [0, -5, 500_001, 2.5])
def test_impossible_pools_are_refused(n):
    with pytest.raises(RequestError, match=f"n = {n} is not allowed"):
        make_data(0, n)


def test_episode_counts_leave_a_choice():
    assert all(500 * episodes_for(n) >= 2 * n for n in (2_000, 5_000, 10_000, 20_000, 50_000, 100_000, 200_000))


# ---------------------------------------------------------------------------------------------------------- shuffles


def slow_order(key: int, epoch: int, n: int) -> list[int]:
    """The definition of the shuffle in Python's exact integers."""
    word, golden = 2**64, 0x9E3779B97F4A7C15

    def mix(z: int) -> int:
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 % word
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB % word
        return z ^ (z >> 31)

    order, state = list(range(n)), mix((key + epoch * golden) % word)
    for i in range(n - 1, 0, -1):
        state = (state + golden) % word
        j = ((mix(state) >> 32) * (i + 1)) >> 32
        order[i], order[j] = order[j], order[i]
    return order


@given(key=st.integers(0, 2**64 - 1), epoch=st.integers(0, 400), n=st.integers(1, 300))
@settings(deadline=None, max_examples=50)
def test_compiled_shuffle_is_its_definition(key, epoch, n):
    assert epoch_order(np.uint64(key), epoch, n).tolist() == slow_order(key, epoch, n)


def test_shuffles_are_uniform():
    """All 24 orders of 4 tuples equally often over 24,000 epochs. Chi-square with 23 degrees: false alarm 1e-6."""
    key = shuffle_key(0, 4)
    counts = np.zeros((4, 4, 4, 4))
    for epoch in range(24_000):
        counts[tuple(epoch_order(key, epoch, 4))] += 1
    seen = counts[counts > 0]
    assert seen.size == 24
    assert ((seen - 1000) ** 2 / 1000).sum() < 75.6


def test_chapter_knows_every_policy():
    assert tuple(POLICIES) == get_args(scaling_laws.PolicyName)


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: Sinusoid(float("nan")),
        lambda: OrnsteinUhlenbeck("0.5"),
        lambda: LinearFeedback(noise=-1),
        lambda: Teacher.draw(-1),
        lambda: Teacher.draw("0"),
        lambda: stream(3, 0),
        lambda: rollout(Teacher.draw(0), Sinusoid(), episodes=0, generator=np.random.default_rng(0)),
        lambda: rollout(Teacher.draw(0), Sinusoid(), episodes=1, steps=1, generator=0),
        lambda: make_data(None, 300),
        lambda: make_data(0, np.array([300, 300])),
    ],
)
def test_wrong_requests_are_refused(wrong):
    with pytest.raises(RequestError, match=r"allowed|needed"):
        wrong()
