"""The compiled training step of one bundle of students: forward, backward and Adam in the processor's cache.

A bundle is several students ("heads") of one teacher that see the same minibatches. Their first layers are joined in
one matrix product; apart from that they share nothing, and Adam acts on each parameter alone, so each of them learns
exactly what it would learn by itself. All state of a bundle is some 400 KiB, which stays in a core's own cache.

Arrays are stored feature by feature, a minibatch along the rows: X is (16, B), the hidden layer H is (64 heads, B),
outputs Y are (outputs, B). With W1, b1, W2, b2 in PyTorch's layout the step is, head by head where a W2 occurs,

    H = relu(W1 X + b1)       Y = W2 H + b2              loss = mean (Y - T)²
    dY = 2 (Y - T) / size     dW2 = dY Hᵀ                dH = (W2ᵀ dY) [H > 0]      dW1 = dH Xᵀ

The products are BLAS calls (``np.dot`` of numba calls SciPy's), everything else is a loop that LLVM vectorises.
``reassoc`` allows sums in another order, ``contract`` fused multiply-adds; NaN and infinity keep their meaning.

The numbers are float32 or float64, as the arrays given are; ``real`` is that type, for the constants. Whatever is
trained for the book is float32. Float64 is for tests: there another order of sums changes nothing that is compared.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
import scipy.linalg.cython_blas  # noqa: F401  # the BLAS of np.dot below, loaded before its threads are counted
from numba import njit, uint64
from numpy.typing import NDArray

from imagination.checks import Floats

HIDDEN, INPUTS = 64, 16

Reals = NDArray[np.floating[Any]]  # float32 or float64, one of them throughout a call
Whole = NDArray[np.integer[Any]]


F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """Compile at the first call, and keep the machine code on disk where there is a place for it."""

    def compiler(*, cache: bool) -> Any:
        return njit(cache=cache, nogil=True, error_model="numpy", fastmath={"contract", "reassoc"})

    try:
        made: F = compiler(cache=True)(function)
    except RuntimeError:  # "no locator available": neither the package's folder nor the home can be written
        made = compiler(cache=False)(function)
    return made


GOLDEN = 0x9E3779B97F4A7C15
"""Increment of SplitMix64: 2^64 divided by the golden ratio, made odd."""


@compiled
def _mix(z: np.uint64) -> np.uint64:
    """Finaliser of SplitMix64: a bijection of the 64-bit words (Steele, Lea & Flood 2014)."""
    z = (z ^ (z >> uint64(30))) * uint64(0xBF58476D1CE4E5B9)
    z = (z ^ (z >> uint64(27))) * uint64(0x94D049BB133111EB)
    return z ^ (z >> uint64(31))


@compiled
def shuffle_into(order: NDArray[np.int32], key: np.uint64, epoch: int) -> None:
    """Write the permutation of one epoch into ``order``.

    A Fisher-Yates shuffle driven by a counter-based generator (SplitMix64): any epoch can be had without those before
    it, at a few nanoseconds a tuple. With r_i the i-th word of the generator started at mix(key + epoch), position
    i = N-1, ..., 1 changes places with j = floor((i + 1) r_i / 2^32). The bias against an exact shuffle is below
    N / 2^32.

    Args:
        order: (N,) int32, overwritten with a permutation of 0..N-1; 1 <= N < 2^31.
        key: word that names the training, from :func:`imagination.training.students.shuffle_key`.
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


@compiled
def unpack(flat: Reals, heads: int, components: int) -> tuple[Reals, Reals, Reals, Reals]:
    """Views W1, b1, W2, b2 of a flat vector of parameters (or of their gradient)."""
    width = heads * HIDDEN
    a, b = width * INPUTS, width * INPUTS + width
    c = b + components * HIDDEN
    return flat[:a].reshape(width, INPUTS), flat[a:b], flat[b:c].reshape(components, HIDDEN), flat[c:]


@compiled
def workspace(like: Reals, heads: int, components: int, batch: int) -> tuple[Reals, Reals, Reals, Reals, Reals]:
    """Arrays x, X, T, H, Y for one minibatch; columns that a partial minibatch leaves over must hold finite numbers."""
    return (
        np.zeros((batch, INPUTS), like.dtype),
        np.zeros((INPUTS, batch), like.dtype),
        np.zeros((components, batch), like.dtype),
        np.empty((heads * HIDDEN, batch), like.dtype),
        np.empty((components, batch), like.dtype),
    )


@compiled
def gather(pool: Reals, rows: Whole, x: Reals, X: Reals, T: Reals) -> Any:
    """Fetch a minibatch: rows of the pool [inputs | targets] as x (B, 16), X = xᵀ and T (outputs, B).

    Reading one number of each cache line first keeps many fetches from main memory in flight; copying alone waits for
    each row in turn, and then takes a quarter of the whole step.
    """
    real = pool.dtype.type
    touched = real(0)
    for i in rows:
        touched += pool[i, 0] + pool[i, 15] + pool[i, pool.shape[1] - 1]
    for r in range(rows.size):
        row = pool[rows[r]]
        for k in range(INPUTS):
            x[r, k] = row[k]
            X[k, r] = row[k]
        for k in range(T.shape[0]):
            T[k, r] = row[INPUTS + k]
    return touched


@compiled
def forward(flat: Reals, outputs: Whole, tanh: NDArray[np.bool_], X: Reals, H: Reals, Y: Reals) -> None:
    """Outputs of all heads for the inputs X."""
    real = flat.dtype.type
    W1, b1, W2, b2 = unpack(flat, outputs.size, Y.shape[0])
    np.dot(W1, X, H)
    for j in range(H.shape[0]):
        bias = b1[j]
        for r in range(H.shape[1]):
            H[j, r] = max(H[j, r] + bias, real(0))
    o = 0
    for h in range(outputs.size):
        end = o + outputs[h]
        np.dot(W2[o:end], H[h * HIDDEN : (h + 1) * HIDDEN], Y[o:end])
        for k in range(o, end):
            bias = b2[k]
            for r in range(Y.shape[1]):
                Y[k, r] += bias
            if tanh[h]:
                for r in range(Y.shape[1]):
                    Y[k, r] = np.tanh(Y[k, r])
        o = end


@compiled
def backward(
    flat: Reals,
    gradient: Reals,
    outputs: Whole,
    tanh: NDArray[np.bool_],
    x: Reals,
    H: Reals,
    D: Reals,
    Y: Reals,
    T: Reals,
    size: int,
    losses: Floats,
) -> None:
    """Gradient of every head's loss over the first ``size`` columns; the others are padding and count nothing."""
    real = flat.dtype.type
    W2 = unpack(flat, outputs.size, Y.shape[0])[2]
    dW1, db1, dW2, db2 = unpack(gradient, outputs.size, Y.shape[0])
    o = 0
    for h in range(outputs.size):
        end, losses[h] = o + outputs[h], 0
        scale = real(2 / (size * outputs[h]))
        for k in range(o, end):
            square = total = real(0)
            curved = real(tanh[h])
            for r in range(size):
                y = Y[k, r]
                error = y - T[k, r]
                slope = scale * error * (1 - curved * y * y)
                Y[k, r] = slope
                square += error * error
                total += slope
            Y[k, size:] = 0
            db2[k] = total
            losses[h] += square / (size * outputs[h])
        part = slice(h * HIDDEN, (h + 1) * HIDDEN)
        np.dot(Y[o:end], H[part].T, dW2[o:end])
        np.dot(W2[o:end].T, Y[o:end], D[part])
        o = end
    for j in range(H.shape[0]):
        total = real(0)
        for r in range(H.shape[1]):
            d = D[j, r] if H[j, r] > 0 else real(0)
            D[j, r] = d
            total += d
        db1[j] = total
    np.dot(D, x, dW1)


@compiled
def adam(flat: Reals, gradient: Reals, mean: Reals, square: Reals, step: int, learning_rate: float) -> None:
    """One step of Adam as PyTorch takes it, with its defaults for the betas and eps; ``step`` counts from 1."""
    real = flat.dtype.type
    size = real(learning_rate / (1 - 0.9**step))
    root = real(np.sqrt(1 - 0.999**step))
    for i in range(flat.size):
        g = gradient[i]
        m = mean[i] + real(1 - 0.9) * (g - mean[i])
        v = real(0.999) * square[i] + real(1 - 0.999) * g * g
        mean[i], square[i] = m, v
        flat[i] -= size * m / (np.sqrt(v) / root + real(1e-8))


@compiled
def train(
    state: Reals,
    pool: Reals,
    outputs: Whole,
    tanh: NDArray[np.bool_],
    key: np.uint64,
    first: int,
    last: int,
    batch: int,
    learning_rate: float,
    losses: Floats,
) -> None:
    """Take the Adam steps ``first`` ... ``last - 1`` of a bundle's training.

    Args:
        state: (3, parameters) float32 or float64: parameters as :func:`imagination.training.ensemble.pack` lays them
            out, Adam's first and second moment; advanced in place.
        pool: (N, 16 + all outputs) of the same type, N >= 1.
        outputs, tanh: (heads,) integers and booleans: components of each head, and whether a tanh ends it.
        key: of the shuffles.
        first, last: range of steps, counted from 0 over the whole training.
        batch: size of a minibatch, >= 1.
        learning_rate: of Adam.
        losses: (steps to record, heads) float64; row ``step`` gets the minibatch losses before that step.

    Source: paper, C.2.
    """
    n = pool.shape[0]
    x, X, T, H, Y = workspace(pool, outputs.size, outputs.sum(), batch)
    D, gradient, loss = np.empty_like(H), np.empty_like(state[0]), np.empty(outputs.size)
    order, per_epoch = np.empty(n, np.int32), -(-n // batch)
    for step in range(first, last):
        epoch, i = divmod(step, per_epoch)
        if i == 0 or step == first:
            shuffle_into(order, key, epoch)
        rows = order[i * batch : (i + 1) * batch]
        gather(pool, rows, x, X, T)
        forward(state[0], outputs, tanh, X, H, Y)
        backward(state[0], gradient, outputs, tanh, x, H, D, Y, T, rows.size, loss)
        adam(state[0], gradient, state[1], state[2], step + 1, learning_rate)
        if step < losses.shape[0]:
            losses[step] = loss


@compiled
def mean_squared_errors(flat: Reals, pool: Reals, outputs: Whole, tanh: NDArray[np.bool_]) -> Floats:
    """Mean over tuples and components of each head's squared error.

    Args:
        flat: (parameters,) float32 or float64.
        pool: (N, 16 + all outputs) of the same type.
        outputs, tanh: (heads,) as in :func:`train`.

    Returns:
        (heads,) float64, summed in float64.

    Source: paper, C.2.
    """
    batch = 256
    x, X, T, H, Y = workspace(pool, outputs.size, outputs.sum(), batch)
    total = np.zeros(outputs.size)
    for start in range(0, pool.shape[0], batch):
        rows = np.arange(start, min(start + batch, pool.shape[0]))
        gather(pool, rows, x, X, T)
        forward(flat, outputs, tanh, X, H, Y)
        o = 0
        for h in range(outputs.size):
            for k in range(o, o + outputs[h]):
                for r in range(rows.size):
                    total[h] += (Y[k, r] - T[k, r]) ** 2
            o += outputs[h]
    mean: Floats = total / (pool.shape[0] * outputs)
    return mean
