"""Figure 3: how close realised return gaps come to the bound of Lemma 1, over many small MDPs at once.

A configuration is an MDP, a policy and a perturbed model; its figure is

.. math:: R = |J - \\hat J| \\Big/ \\Big[\frac{\\epsilon_{rew}}{1-\\gamma}
              + \frac{\\gamma L_r(1+L_\\pi)}{(1-\\gamma)(1-\\gamma L_f(1+L_\\pi))}\\,\\epsilon_{dyn}\\Big] .

The two benchmarks live in :mod:`imagination.calibration.synthetic` and :mod:`imagination.calibration.lqg`. Here is
what they share: the rollouts in batches (and, as the truth, one configuration at a time), the horizon that keeps the
cut-off part of the sum below 1e-10 of the bound, and the table of results.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar, Self

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from threadpoolctl import threadpool_limits

from imagination.checks import Floats, Ints, number, numbers, whole, wholes
from imagination.errors import RequestError, require, shown
from imagination.gap.bounds import return_gap_bound, return_gap_tail
from imagination.gap.lipschitz import Lipschitz
from imagination.gap.mdp import SystemPair, steps

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


@dataclass(frozen=True)
class Systems:
    """A batch of n MDPs, each with its direction of model error.

    Subclasses are frozen dataclasses of arrays with a leading axis n. States and actions carry their rollouts in the
    last axis: ``(n, d_s, c)`` and ``(n, d_a, c)``. The errors are *fields* of supremum 1; a model of error ε is the
    true map plus ε times its field.
    """

    def policy(self, s: Floats) -> Floats:
        """Action a = π(s)."""
        raise NotImplementedError

    def step(self, s: Floats, a: Floats) -> tuple[Floats, Floats]:
        """True next state f(s, a) and true reward r(s, a), the latter ``(n, c)``."""
        raise NotImplementedError

    def fields(self, s: Floats, a: Floats) -> tuple[Floats, Floats]:
        """The error fields of dynamics and reward, shapes as in :meth:`step`."""
        raise NotImplementedError

    def take(self, index: NDArray[np.intp] | slice) -> Self:
        """The same batch, restricted or reordered."""
        arrays = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        return dataclasses.replace(self, **{k: v[index] for k, v in arrays.items() if isinstance(v, np.ndarray)})


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
    start: Floats
    lipschitz: Lipschitz
    gamma: Floats
    eps_dyn: Floats
    eps_rew: Floats
    labels: pd.DataFrame


@dataclass(frozen=True)
class Design:
    """A grid of configurations: what the two benchmarks share.

    Attributes:
        kinds: which maps are perturbed.
        discounts: γ, in (0, 1).
        eps_dyn: sup norm of the dynamics error where there is one, positive.
        eps_rew: sup norm of the reward error where there is one, positive.
    """

    benchmark: ClassVar[str]

    kinds: tuple[Kind, ...] = tuple(Kind)
    discounts: tuple[float, ...] = (0.8, 0.9, 0.95, 0.98, 0.99)
    eps_dyn: float = 0.01
    eps_rew: float = 0.01

    def __post_init__(self) -> None:
        try:
            kinds = tuple(Kind(kind) for kind in self.kinds)
        except (TypeError, ValueError):
            kinds = ()
        require(kinds, f"kinds = {shown(self.kinds)} is not allowed: give at least one of dyn, rew, both")
        object.__setattr__(self, "kinds", kinds)
        numbers("discounts", self.discounts, above=0, below=1, shape=(None,))
        number("eps_dyn", self.eps_dyn, above=0)
        number("eps_rew", self.eps_rew, above=0)

    def batches(self, seeds: list[int], block: int) -> Iterator[Batch]:
        """Draw the grid in blocks of at most ``block`` MDPs, so that memory does not grow with the seeds."""
        raise NotImplementedError

    def batch(
        self,
        systems: Systems,
        *,
        start: Floats,
        lipschitz: Lipschitz,
        gamma: Floats,
        contraction: Floats,
        seeds: list[int],
        family: str,
    ) -> Batch:
        """Give each of n MDPs its models, one a kind, and name the configurations."""
        errors = np.array([[kind.errors(self.eps_dyn, self.eps_rew) for kind in self.kinds]] * len(seeds))
        per_mdp = {"gamma": np.ravel(gamma), "contraction": np.ravel(contraction), "seed": np.array(seeds)}
        labels = {
            "benchmark": self.benchmark,
            "family": family,
            "kind": [str(kind) for kind in self.kinds] * len(seeds),
            **{name: np.repeat(values, len(self.kinds)) for name, values in per_mdp.items()},
        }
        return Batch(systems, start, lipschitz, gamma, errors[..., 0], errors[..., 1], pd.DataFrame(labels))


def calibrate(design: Design, *, seeds: Iterable[int] = (0,), block: int = 128) -> pd.DataFrame:
    """Measure R on a grid, in batches.

    Args:
        design: a :class:`~imagination.calibration.synthetic.SyntheticDesign` or
            :class:`~imagination.calibration.lqg.LqgDesign`.
        seeds: of the random maps; each gives ``design.count()`` configurations.
        block: MDPs rolled together; it changes memory and speed, not the result.

    Returns:
        One row per configuration: see :func:`measure`.

    Raises:
        RequestError: no seeds, or a block below 1.

    Source:
        Paper, section 3.1 and appendix B.4; the grids are this book's.

    Example:
        >>> from imagination.calibration.synthetic import SyntheticDesign
        >>> rows = calibrate(SyntheticDesign(discounts=(0.8,), contractions=(0.5,)))
        >>> len(rows), bool((rows.ratio_sup <= 1).all())
        (10, True)
    """
    require(isinstance(design, Design), f"design = {shown(design)} is not a SyntheticDesign or LqgDesign")
    try:
        listed = list(seeds)
    except TypeError:
        raise RequestError(f"seeds = {shown(seeds)} is not allowed: whole numbers, such as (0, 1)") from None
    chosen, block = wholes("seeds", listed, shape=(None,)).tolist(), whole("block", block, low=1)
    with threadpool_limits(1):  # thousands of tiny matrices: more threads only wait for each other
        return pd.concat([measure(batch) for batch in design.batches(chosen, block)], ignore_index=True)


def lengths() -> Ints:
    """The lengths that a rollout may have: 64, then ⌊1.25 T⌋ + 1 of the one before, up to :data:`LONGEST`."""
    schedule = [64]
    while schedule[-1] < LONGEST:
        schedule.append(schedule[-1] * 5 // 4 + 1)
    return np.array(schedule)


def horizons(lipschitz: Lipschitz, *, gamma: ArrayLike, eps_dyn: ArrayLike, eps_rew: ArrayLike) -> Ints:
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
    return np.asarray(schedule[enough])


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
    columns = {
        "growth": np.broadcast_to(batch.lipschitz.growth, horizon.shape),
        "steps": horizon,
        "gap": gap,
        "truncation": tail,
        "bound_sup": return_gap_bound(batch.lipschitz, **arguments),
        "bound_roll": return_gap_bound(batch.lipschitz, **seen),
    }
    rows = batch.labels.assign(**{name: np.ravel(values) for name, values in columns.items()})
    require((rows.bound_roll > 0).all(), "a learned rollout met no model error at all: R would be 0/0 there")
    return rows.assign(ratio_sup=rows.gap.abs() / rows.bound_sup, ratio_roll=rows.gap.abs() / rows.bound_roll)


def batched_gap(batch: Batch, horizon: Ints) -> tuple[Floats, Floats, Floats]:
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


def unit_norm(matrix: Floats) -> Floats:
    """Divide a matrix by its spectral norm, or a vector by its length.

    Example:
        >>> unit_norm(np.array([3.0, 4.0]))
        array([0.6, 0.8])
    """
    return matrix / np.linalg.norm(matrix, 2)
