"""Figure 3: how close realised return gaps come to the bound of Lemma 1, over many small MDPs at once.

A configuration is an MDP, a policy and a perturbed model; its figure is

.. math:: R = |J - \\hat J| \\Big/ \\Big[\frac{\\epsilon_{rew}}{1-\\gamma}
              + \frac{\\gamma L_r(1+L_\\pi)}{(1-\\gamma)(1-\\gamma L_f(1+L_\\pi))}\\,\\epsilon_{dyn}\\Big] .

The two benchmarks live in :mod:`imagination.calibration.synthetic` and :mod:`imagination.calibration.lqg`. Here is
what they share: the rollouts in batches (and, as the truth, one configuration at a time), the horizon that keeps the
cut-off part of the sum below 1e-10 of the bound, and the table of results.

Exact suprema over the unit ball: how large an affine or quadratic model error gets on a bounded domain.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from enum import StrEnum
from typing import Self

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from imagination.errors import require
from imagination.gap.bounds import Lipschitz, return_gap_bound, return_gap_tail
from imagination.gap.mdp import SystemPair, steps

__all__ = [
    "Batch",
    "Kind",
    "Systems",
    "batched_gap",
    "horizons",
    "largest_affine_norm",
    "largest_quadratic",
    "measure",
    "plain_gap",
    "unit_norm",
]

Array = NDArray[np.float64]
TAIL = 1e-10  # the part of the sum beyond the horizon, as a share of the bound
LONGEST = 10**9  # steps; a contraction so close to 1 that it needs more cannot be rolled out


class Kind(StrEnum):
    """Which of the two learned maps is wrong."""

    DYN = "dyn"
    REW = "rew"
    BOTH = "both"

    def errors(self, eps_dyn: float, eps_rew: float) -> tuple[float, float]:
        """The model errors (ε_dyn, ε_rew) of this kind.

        Example:
            >>> Kind.DYN.errors(0.01, 0.001)
            (0.01, 0.0)
        """
        return (0.0 if self is Kind.REW else eps_dyn), (0.0 if self is Kind.DYN else eps_rew)


class Systems:
    """A batch of n MDPs, each with its direction of model error.

    Subclasses are frozen dataclasses of arrays with a leading axis n. States and actions carry their rollouts in the
    last axis: ``(n, d_s, c)`` and ``(n, d_a, c)``. The errors are *fields* of supremum 1; a model of error ε is the
    true map plus ε times its field.
    """

    def policy(self, s: Array) -> Array:
        """Action a = π(s)."""
        raise NotImplementedError

    def step(self, s: Array, a: Array) -> tuple[Array, Array]:
        """True next state f(s, a) and true reward r(s, a), the latter ``(n, c)``."""
        raise NotImplementedError

    def fields(self, s: Array, a: Array) -> tuple[Array, Array]:
        """The error fields of dynamics and reward, shapes as in :meth:`step`."""
        raise NotImplementedError

    def take(self, index: NDArray[np.intp] | slice) -> Self:
        """The same batch, restricted or reordered."""
        arrays = {f.name: getattr(self, f.name) for f in fields(self)}  # type: ignore[arg-type]
        return replace(self, **{k: v[index] for k, v in arrays.items() if isinstance(v, np.ndarray)})  # type: ignore[type-var]


@dataclass(frozen=True)
class Batch:
    """n MDPs with m models each, and what the bound needs to know about them.

    Attributes:
        systems: the maps.
        start: s_0, shape ``(n, d_s)``.
        lipschitz: analytical constants in the sum metric, arrays of shape ``(n, 1)``.
        gamma: discounts, shape ``(n, 1)``, in [0, 1).
        eps_dyn: supremum of the dynamics error, shape ``(n, m)``.
        eps_rew: supremum of the reward error, shape ``(n, m)``.
        labels: names of the n·m configurations, one row each, in C order.
    """

    systems: Systems
    start: Array
    lipschitz: Lipschitz
    gamma: Array
    eps_dyn: Array
    eps_rew: Array
    labels: pd.DataFrame


def lengths() -> NDArray[np.int64]:
    """The lengths that a rollout may have: 64, then ⌊1.25 T⌋ + 1 of the one before, up to :data:`LONGEST`."""
    schedule = [64]
    while schedule[-1] < LONGEST:
        schedule.append(schedule[-1] * 5 // 4 + 1)
    return np.array(schedule)


def horizons(lipschitz: Lipschitz, *, gamma: Array, eps_dyn: Array, eps_rew: Array) -> NDArray[np.int64]:
    r"""Number of steps after which the cut-off part of |J − Ĵ| is at most 1e-10 of the bound.

    T starts at 64 and grows by T ← ⌊1.25 T⌋ + 1. The tail is bounded in closed form
    (:func:`imagination.gap.bounds.return_gap_tail`), which needs only γL_f(1 + L_π) < 1: it holds for expansive maps
    too.

    Args:
        lipschitz: constants of the true maps.
        gamma: discount, in [0, 1).
        eps_dyn: sup norm of the dynamics error.
        eps_rew: sup norm of the reward error. All broadcast.

    Returns:
        Steps, in the broadcast shape.

    Raises:
        RequestError: a contraction γL_f(1 + L_π) of 1 or more, or a configuration without any model error.

    Source:
        This book; the paper does not say how it truncates.

    Example:
        >>> horizons(Lipschitz(dynamics=0.6, reward=1.0, policy=0.5), gamma=0.9, eps_dyn=0.01, eps_rew=0.0).item()
        253
    """
    arguments = {"gamma": gamma, "eps_dyn": eps_dyn, "eps_rew": eps_rew}
    bound = np.asarray(return_gap_bound(lipschitz, **arguments))
    require(np.all(bound > 0), "a configuration has no model error: R would be 0/0; give eps_dyn or eps_rew above 0")
    schedule = lengths()
    short, enough = np.full(bound.shape, -1), np.full(bound.shape, len(schedule) - 1)
    while (enough - short > 1).any():  # bisection over the schedule; the tail falls with T
        middle = (short + enough + 1) // 2
        long = return_gap_tail(lipschitz, **arguments, horizon=schedule[middle]) > TAIL * bound
        short, enough = np.where(long, middle, short), np.where(long, enough, middle)
    return schedule[enough]


def measure(batch: Batch) -> pd.DataFrame:
    """Roll the batch and compare each realised gap with its bound.

    Args:
        batch: the configurations.

    Returns:
        ``batch.labels`` and the columns

        * ``growth``: Λ = L_f(1 + L_π);
        * ``steps``: length of the rollout;
        * ``gap``: J − Ĵ over those steps, in units of reward;
        * ``truncation``: closed-form bound on what the later steps add to it;
        * ``bound_sup``, ``bound_roll``: right-hand side of Lemma 1, with ε the supremum over the space, or the maximum
          over the learned rollout (the smallest ε with which the proof still goes through);
        * ``ratio_sup``, ``ratio_roll``: R in the two conventions.

    Raises:
        RequestError: as :func:`horizons`.

    Source:
        Paper, section 3.1 and appendix B.4.
    """
    arguments = {"gamma": batch.gamma, "eps_dyn": batch.eps_dyn, "eps_rew": batch.eps_rew}
    horizon = horizons(batch.lipschitz, **arguments)
    with np.errstate(over="ignore", invalid="ignore"):  # an expansive rollout may overflow: refused below
        gap, peak_dyn, peak_rew = batched_gap(batch, horizon)
    finite = all(np.isfinite(array).all() for array in (gap, peak_dyn, peak_rew))
    require(finite, "a rollout left the finite numbers: γ is too small for this contraction; lower the contraction")
    tail = return_gap_tail(batch.lipschitz, **arguments, horizon=horizon)
    seen = {"gamma": batch.gamma, "eps_dyn": batch.eps_dyn * peak_dyn, "eps_rew": batch.eps_rew * peak_rew}
    growth = np.broadcast_to(batch.lipschitz.growth, horizon.shape)
    bound_sup = return_gap_bound(batch.lipschitz, **arguments)
    return table(batch.labels, growth, horizon, gap, tail, bound_sup, return_gap_bound(batch.lipschitz, **seen))


def table(labels: pd.DataFrame, growth, horizon, gap, tail, bound_sup, bound_roll) -> pd.DataFrame:
    """Assemble the result columns; arrays of any common shape, flattened in C order."""
    columns = {"growth": growth, "steps": horizon, "gap": gap, "truncation": tail}
    columns |= {"bound_sup": bound_sup, "bound_roll": bound_roll}
    rows = labels.assign(**{name: np.ravel(values) for name, values in columns.items()})
    require((rows.bound_roll > 0).all(), "a learned rollout met no model error at all: R would be 0/0 there")
    return rows.assign(ratio_sup=rows.gap.abs() / rows.bound_sup, ratio_roll=rows.gap.abs() / rows.bound_roll)


def batched_gap(batch: Batch, horizon: NDArray[np.int64]) -> tuple[Array, Array, Array]:
    """Discounted gap over ``horizon``, and the largest error fields met on each learned rollout; each ``(n, m)``.

    Rollout 0 of each MDP is the true one, the others are its models. MDPs are sorted by length, so those that are
    still running are always the first ones and a shorter batch is a view.
    """
    order = np.argsort(-horizon.max(axis=1), kind="stable")
    horizon, gamma = horizon[order], batch.gamma[order]
    eps_dyn = np.pad(batch.eps_dyn[order], ((0, 0), (1, 0)))[:, None, :]
    eps_rew = np.pad(batch.eps_rew[order], ((0, 0), (1, 0)))
    systems = batch.systems.take(order)
    s = np.repeat(batch.start[order][:, :, None], eps_rew.shape[1], axis=2)
    gap, peak_dyn, peak_rew = np.zeros((3, *horizon.shape))
    discount, levels = np.ones_like(gamma), np.unique(horizon)
    for level, count in zip(levels, np.diff(levels, prepend=0), strict=True):
        n = int(np.count_nonzero(horizon.max(axis=1) >= level))
        live, counts, s = systems.take(slice(0, n)), horizon[:n] >= level, s[:n]
        for _ in range(count):  # between two neighbouring horizons the same configurations are alive
            a = live.policy(s)
            drift, miss = live.fields(s, a)
            s, reward = live.step(s, a)
            reward = reward + eps_rew[:n] * miss
            s = s + eps_dyn[:n] * drift
            gap[:n] += np.where(counts, discount[:n] * (reward[:, :1] - reward[:, 1:]), 0.0)
            size = np.sqrt(np.einsum("ndc,ndc->nc", drift[:, :, 1:], drift[:, :, 1:]))
            np.maximum(peak_dyn[:n], counts * size, out=peak_dyn[:n])
            np.maximum(peak_rew[:n], counts * np.abs(miss[:, 1:]), out=peak_rew[:n])
            discount[:n] *= gamma[:n]
    back = np.argsort(order)
    return gap[back], peak_dyn[back], peak_rew[back]


def plain_gap(pair: SystemPair, horizon: int) -> tuple[float, float, float]:
    """Roll one configuration step by step.

    Args:
        pair: the configuration.
        horizon: number of rewards summed.

    Returns:
        J − Ĵ over the horizon, and the largest ‖f̂ − f‖ and |r̂ − r| met on the learned rollout.

    Raises:
        RequestError: as :func:`imagination.gap.mdp.steps`.

    Source:
        Paper, section 3.1.

    Example:
        >>> from imagination.gap.mdp import MDP
        >>> true = MDP(lambda s, a: 0.5 * s, lambda s, a: s[..., 0], 0.5)
        >>> learned = MDP(lambda s, a: 0.5 * s + 0.1, lambda s, a: s[..., 0], 0.5)
        >>> [round(x, 6) for x in plain_gap(SystemPair(true, learned, lambda s: s, np.zeros(1)), 3)]
        [-0.0875, 0.1, 0.0]
    """
    gap = float(pair.gap(horizon))
    eps_dyn = eps_rew = 0.0
    for s, a, reward, following in steps(pair.learned, pair.policy, pair.start, horizon):
        eps_dyn = max(eps_dyn, float(np.linalg.norm(following - pair.true.dynamics(s, a))))
        eps_rew = max(eps_rew, abs(float(reward - pair.true.reward(s, a))))
    return gap, eps_dyn, eps_rew


def unit_norm(matrix: Array) -> Array:
    """Divide a matrix by its spectral norm, or a vector by its length.

    Example:
        >>> unit_norm(np.array([3.0, 4.0]))
        array([0.6, 0.8])
    """
    return matrix / np.linalg.norm(matrix, 2)


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
