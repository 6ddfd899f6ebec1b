"""The order of the minibatches: one permutation for each epoch, the same for every trainer.

A Fisher-Yates shuffle driven by a counter-based generator (SplitMix64). Any epoch can be had without those before
it, and the compiled function can be called from another compiled kernel, at a few nanoseconds a tuple.
"""

from __future__ import annotations

import numpy as np
from numba import njit, uint64

from imagination.scaling.draws import Stream, stream

__all__ = ["epoch_order", "shuffle_into", "shuffle_key"]

GOLDEN = 0x9E3779B97F4A7C15
"""Increment of SplitMix64: 2^64 divided by the golden ratio, made odd."""


@njit(inline="always")
def _mix(z):
    """Finaliser of SplitMix64: a bijection of the 64-bit words (Steele, Lea & Flood 2014)."""
    z = (z ^ (z >> uint64(30))) * uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> uint64(27))) * uint64(0x94D049BB133111EB)
    return z ^ (z >> uint64(31))


@njit
def shuffle_into(order: np.ndarray, key: np.uint64, epoch: int) -> None:
    """Write the permutation of one epoch into ``order``.

    With r_i the i-th word of the generator started at mix(key + epoch), position i = N-1, ..., 1 changes places with
    j = floor((i + 1) r_i / 2^32). The bias against an exact shuffle is below N / 2^32.

    Args:
        order: (N,) int32, overwritten with a permutation of 0..N-1; 1 <= N < 2^31.
        key: word that names the training, from :func:`shuffle_key`.
        epoch: 0, 1, 2, ...

    Source: this book (the paper says "reshuffling each epoch", C.2).

    Example:
        >>> order = np.empty(5, dtype=np.int32)
        >>> shuffle_into(order, np.uint64(7), 0)
        >>> sorted(order.tolist())
        [0, 1, 2, 3, 4]
    """
    for i in range(order.size):
        order[i] = i
    state = _mix(uint64(key) + uint64(epoch) * uint64(GOLDEN))
    for i in range(order.size - 1, 0, -1):
        state += uint64(GOLDEN)
        j = ((_mix(state) >> uint64(32)) * uint64(i + 1)) >> uint64(32)
        order[i], order[j] = order[j], order[i]


def shuffle_key(seed: int, anchor: int) -> np.uint64:
    """The word that names the shuffles of one training; both heads share it, hence their batches.

    Args:
        seed: seed of the teacher, >= 0.
        anchor: number N of training tuples.

    Source: this book.

    Example:
        >>> bool(shuffle_key(0, 2000) == shuffle_key(0, 2000) != shuffle_key(1, 2000))
        True
    """
    return stream(Stream.SHUFFLE, seed, anchor).integers(0, 2**64, dtype=np.uint64)


def epoch_order(key: np.uint64, epoch: int, n: int) -> np.ndarray:
    """The permutation of one epoch as a new array.

    Args:
        key: from :func:`shuffle_key`.
        epoch: 0, 1, 2, ...
        n: number N of training tuples, >= 1.

    Returns:
        (N,) int32.

    Source: this book.

    Example:
        >>> sorted(epoch_order(shuffle_key(0, 4), 1, 4).tolist())
        [0, 1, 2, 3]
    """
    order = np.empty(n, dtype=np.int32)
    shuffle_into(order, key, epoch)
    return order
