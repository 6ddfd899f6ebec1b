"""Whatever is handed to the training room: a right answer, or a refusal in one line."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from imagination.errors import RequestError
from imagination.training.ensemble import Job, train_ensemble
from imagination.training.students import Recipe, epoch_order, precision, shuffle_key
from imagination.training.teacher import OrnsteinUhlenbeck, Sinusoid, Stream, Teacher, make_data, stream

JUNK = st.one_of(
    st.none(),
    st.booleans(),
    st.text(max_size=5),
    st.sampled_from([np.nan, np.inf, -1, -0.5, 1.5, 2**70, -(10**400), 1e308, b"1", [], [1, 2], [[1], [2, 3]], {}]),
    st.sampled_from([np.ma.masked, np.array([]), np.array([1, 2]), np.datetime64("2020-01-01"), 1j, object()]),
)

CALLS = {
    "stream seed": lambda junk: stream(Stream.POOL, junk),
    "stream purpose": lambda junk: stream(junk, 0),
    "teacher": lambda junk: Teacher.draw(junk),
    "pool": lambda junk: make_data(0, junk),
    "epochs": lambda junk: Recipe(epochs=junk).steps_at(300),
    "batch": lambda junk: Recipe(batch=junk).steps_at(300),
    "learning rate": lambda junk: Recipe(learning_rate=junk),
    "seed": lambda junk: Job(junk, 300),
    "n": lambda junk: Job(0, junk),
    "recipe": lambda junk: Job(0, 300, recipe=junk),
    "dtype": precision,
    "order": lambda junk: epoch_order(shuffle_key(0, 1), 0, junk),
    "amplitude": Sinusoid,
    "sigma": OrnsteinUhlenbeck,
    "threads": lambda junk: train_ensemble([], threads=junk),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS)
@given(junk=JUNK)
@settings(max_examples=60)
def test_a_right_answer_or_a_refusal(call, junk):
    with contextlib.suppress(RequestError):
        assert call(junk) is not None
