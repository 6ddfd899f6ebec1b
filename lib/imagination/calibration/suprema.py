"""Exact suprema over the unit ball: how large an affine or quadratic model error gets on a bounded domain."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["largest_affine_norm", "largest_quadratic"]

Array = NDArray[np.float64]


def largest_affine_norm(M: Array, b: Array) -> Array:
    r"""Largest ‖Ms + b‖ over the unit ball ‖s‖ ≤ 1.

    Convex, so the maximum is on the sphere, where the multiplier λ solves :math:`\sum_i(q_i/(\lambda-w_i))^2=1` to the
    right of the largest eigenvalue (w eigenvalues of M'M, q = V'M'b). By weak duality every such λ gives an upper bound
    :math:`\lambda+\sum_iq_i^2/(\lambda-w_i)+b'b` on the square, so that a rounded λ never understates the maximum.

    Args:
        M: shape ``(..., k, d)``.
        b: shape ``(..., k)``.

    Returns:
        The maximum, shape ``(...)``.

    Source:
        The trust-region subproblem; this book's use.

    Example:
        >>> round(float(largest_affine_norm(np.diag([2.0, 1.0]), np.array([1.0, 0.0]))), 12)
        3.0
    """
    w, V = np.linalg.eigh(np.swapaxes(M, -1, -2) @ M)
    q = np.einsum("...ji,...kj,...k->...i", V, M, b)
    size, top = np.linalg.norm(q, axis=-1), w[..., -1]
    low, high = top + np.abs(q[..., -1]), top + size  # the root lies between: one term alone, and all gaps closed
    for _ in range(100):
        middle = (low + high) / 2
        gaps = np.maximum(middle[..., None] - w, np.finfo(float).tiny)
        long = np.sum((q / gaps) ** 2, axis=-1) > 1
        low, high = np.where(long, middle, low), np.where(long, high, middle)
    gaps = np.maximum(high[..., None] - w, np.finfo(float).tiny)
    square = high + np.sum(np.where(q == 0, 0.0, q**2 / gaps), axis=-1) + np.sum(b**2, axis=-1)
    return np.sqrt(square)


def largest_quadratic(H: Array, c: Array) -> Array:
    """Largest \\|s'Hs + c\\| over the unit ball, H symmetric ``(..., d, d)``, c of shape ``(...)``.

    Example:
        >>> float(largest_quadratic(np.diag([1.0, -3.0]), np.array(1.0)))
        2.0
    """
    w = np.linalg.eigvalsh(H)
    return np.maximum(np.abs(c + np.maximum(w[..., -1], 0)), np.abs(c + np.minimum(w[..., 0], 0)))
