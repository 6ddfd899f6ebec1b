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
"""

from __future__ import annotations

import numpy as np
from numba import float32, njit

from imagination.training.students import shuffle_into

__all__ = ["mean_squared_errors", "train"]

HIDDEN, INPUTS = 64, 16
compiled = njit(nogil=True, cache=True, error_model="numpy", fastmath={"contract", "reassoc"})


@compiled
def unpack(flat, heads, components):
    """Views W1, b1, W2, b2 of a flat vector of parameters (or of their gradient)."""
    width = heads * HIDDEN
    a, b = width * INPUTS, width * INPUTS + width
    c = b + components * HIDDEN
    return flat[:a].reshape(width, INPUTS), flat[a:b], flat[b:c].reshape(components, HIDDEN), flat[c:]


@compiled
def workspace(components, batch):
    """Arrays x, X, T for one minibatch; the columns that a partial minibatch leaves over must hold finite numbers."""
    return (
        np.zeros((batch, INPUTS), np.float32),
        np.zeros((INPUTS, batch), np.float32),
        np.zeros((components, batch), np.float32),
    )


@compiled
def gather(pool, rows, x, X, T):
    """Fetch a minibatch: rows of the pool [inputs | targets] as x (B, 16), X = xᵀ and T (outputs, B).

    Reading one number of each cache line first keeps many fetches from main memory in flight; copying alone waits for
    each row in turn, and then takes a quarter of the whole step.
    """
    touched = float32(0)
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
def forward(flat, outputs, tanh, X, H, Y):
    """Outputs of all heads for the inputs X."""
    W1, b1, W2, b2 = unpack(flat, outputs.size, Y.shape[0])
    np.dot(W1, X, H)
    for j in range(H.shape[0]):
        bias = b1[j]
        for r in range(H.shape[1]):
            H[j, r] = max(H[j, r] + bias, float32(0))
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
def backward(flat, gradient, outputs, tanh, x, H, D, Y, T, size, losses):
    """Gradient of every head's loss over the first ``size`` columns; the others are padding and count nothing."""
    W2 = unpack(flat, outputs.size, Y.shape[0])[2]
    dW1, db1, dW2, db2 = unpack(gradient, outputs.size, Y.shape[0])
    o = 0
    for h in range(outputs.size):
        end, losses[h] = o + outputs[h], 0
        scale = float32(2 / (size * outputs[h]))
        for k in range(o, end):
            square = total = float32(0)
            curved = float32(tanh[h])
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
        total = float32(0)
        for r in range(H.shape[1]):
            d = D[j, r] if H[j, r] > 0 else float32(0)
            D[j, r] = d
            total += d
        db1[j] = total
    np.dot(D, x, dW1)


@compiled
def adam(flat, gradient, mean, square, step, learning_rate):
    """One step of Adam as PyTorch takes it, with its defaults for the betas and eps; ``step`` counts from 1."""
    size = float32(learning_rate / (1 - 0.9**step))
    root = float32(np.sqrt(1 - 0.999**step))
    for i in range(flat.size):
        g = gradient[i]
        m = mean[i] + float32(1 - 0.9) * (g - mean[i])
        v = float32(0.999) * square[i] + float32(1 - 0.999) * g * g
        mean[i], square[i] = m, v
        flat[i] -= size * m / (np.sqrt(v) / root + float32(1e-8))


@compiled
def train(state, pool, outputs, tanh, key, first, last, batch, learning_rate, losses):
    """Take the Adam steps ``first`` ... ``last - 1`` of a bundle's training.

    Args:
        state: (3, parameters) float32: parameters as :func:`imagination.training.ensemble.pack` lays them out, Adam's
            first and second moment; advanced in place.
        pool: (N, 16 + all outputs) float32, N >= 1.
        outputs, tanh: (heads,) integers and booleans: components of each head, and whether a tanh ends it.
        key: of the shuffles.
        first, last: range of steps, counted from 0 over the whole training.
        batch: size of a minibatch, >= 1.
        learning_rate: of Adam.
        losses: (steps to record, heads) float64; row ``step`` gets the minibatch losses before that step.

    Source: paper, C.2.
    """
    n, components = pool.shape[0], outputs.sum()
    x, X, T = workspace(components, batch)
    H, Y = np.empty((outputs.size * HIDDEN, batch), np.float32), np.empty((components, batch), np.float32)
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
def mean_squared_errors(flat, pool, outputs, tanh):
    """Mean over tuples and components of each head's squared error.

    Args:
        flat: (parameters,) float32.
        pool: (N, 16 + all outputs) float32.
        outputs, tanh: (heads,) as in :func:`train`.

    Returns:
        (heads,) float64, summed in float64.

    Source: paper, C.2.
    """
    batch, components = 256, outputs.sum()
    x, X, T = workspace(components, batch)
    H, Y = np.empty((outputs.size * HIDDEN, batch), np.float32), np.empty((components, batch), np.float32)
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
    return total / (pool.shape[0] * outputs)
