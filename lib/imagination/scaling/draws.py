"""Named streams of random numbers for the scaling experiment: who draws what, from which seed.

One training is named by the seed of its teacher and by its anchor, the number N of training tuples. Everything
random in it comes from a stream of its own, so a training doesn't depend on which others run beside it, and the
plain loop and the fast trainers draw the same.
"""

from __future__ import annotations

from enum import IntEnum

import numpy as np

from imagination.errors import require

__all__ = ["Stream", "stream"]


class Stream(IntEnum):
    """What the numbers are for. The values are part of every committed result: append, never renumber."""

    TEACHER = 1  # weights of the frozen teacher
    TEACHER_BIAS = 2  # its biases, in the variant that has them
    POLICY = 3  # what a reference policy keeps fixed for one teacher: a gain, a network, one sinusoid
    POOL = 4  # episodes and choice of the training tuples
    HELD_OUT = 5  # episodes and choice of the held-out tuples
    INITIAL_DYNAMICS = 6  # first parameters of the dynamics student
    INITIAL_REWARD = 7  # first parameters of the reward student
    SHUFFLE = 8  # key of the permutations, one for each epoch


def stream(purpose: Stream, seed: int, anchor: int = 0) -> np.random.Generator:
    """The generator for one purpose of one training.

    Args:
        purpose: what the numbers are for.
        seed: seed of the teacher, >= 0.
        anchor: number N of training tuples; 0 where the purpose is shared by all anchors of a teacher.

    Returns:
        A fresh generator; equal arguments give equal numbers.

    Raises:
        RequestError: for a negative seed or anchor.

    Source: this book.

    Example:
        >>> a, b = stream(Stream.POOL, 3, 2000), stream(Stream.POOL, 3, 2000)
        >>> bool(a.random() == b.random() != stream(Stream.POOL, 3, 5000).random())
        True
    """
    require(seed >= 0, f"seed = {seed} is not allowed: seeds are whole numbers >= 0")
    require(anchor >= 0, f"anchor = {anchor} is not allowed: anchors are numbers of training tuples >= 0")
    return np.random.default_rng(np.random.SeedSequence([int(purpose), int(seed), int(anchor)]))
