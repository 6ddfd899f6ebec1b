"""The linear–quadratic benchmark of Figure 3: optimal linear policies on a bounded operating domain.

The quadratic reward is Lipschitz only where states are bounded. The domain is ‖s‖ ≤ 1, ‖a‖ ≤ L_π, and no rollout leaves
it: with Λ = L_f(1 + L_π) < 1 the true map contracts, and a model error of at most 1 − Λ cannot push a state out. As in
the paper the dynamics are deterministic, so the G of LQG is empty.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from typing import NamedTuple

import numpy as np
import pandas as pd
from scipy.linalg import solve_discrete_are
from scipy.optimize import brentq

from imagination.calibration.rollouts import (
    Array,
    Batch,
    Kind,
    Systems,
    largest_affine_norm,
    largest_quadratic,
    measure,
    unit_norm,
)
from imagination.errors import require
from imagination.gap.bounds import Lipschitz
from imagination.gap.mdp import MDP, SystemPair

__all__ = [
    "LqgCell",
    "LqgDesign",
    "calibrate_lqg",
    "draw_lqg",
    "lqg_batches",
    "optimal_gain",
    "plain_lqg",
]


@dataclass(frozen=True)
class LqgDesign:
    """The grid of configurations; the defaults are the headline design with 375 of them.

    Attributes:
        kinds: which maps are perturbed.
        discounts: γ, in (0, 1).
        growths: Λ = L_f(1 + L_π), in (0, 1); the scale of the dynamics is solved for it.
        systems: systems drawn for each discount and growth.
        eps_dyn: sup norm of the dynamics error over the domain, at most 1 − max Λ.
        eps_rew: sup norm of the reward error over the domain.
        sizes: dimensions of state and action.
        start: ‖s_0‖, in (0, 1].
        intercepts: whether the error fields have a constant term, so that a model is wrong at the origin too.
    """

    kinds: tuple[Kind, ...] = (Kind.DYN, Kind.REW, Kind.BOTH)
    discounts: tuple[float, ...] = (0.8, 0.9, 0.95, 0.98, 0.99)
    growths: tuple[float, ...] = (0.1, 0.3, 0.5, 0.7, 0.9)
    systems: int = 5
    eps_dyn: float = 0.05
    eps_rew: float = 0.05
    sizes: tuple[int, int] = (4, 2)
    start: float = 1.0
    intercepts: bool = True

    def __post_init__(self):
        for name, values in {"discounts": self.discounts, "growths": self.growths}.items():
            require(
                len(values) > 0 and all(0 < v < 1 for v in values),
                f"{name} = {values} is not allowed: one or more numbers strictly between 0 and 1",
            )
        require(len(self.kinds) > 0, "kinds is empty: give at least one of dyn, rew, both")
        require(self.systems >= 1, f"systems = {self.systems} is not allowed: it must be at least 1")
        require(
            min(self.sizes) >= 1, f"sizes = {self.sizes} is not allowed: state and action have at least 1 dimension"
        )
        require(0 < self.start <= 1, f"start = {self.start} is not allowed: it must lie in (0, 1]")
        require(self.eps_rew > 0, f"eps_rew = {self.eps_rew} is not allowed: it must be positive")
        room = 1 - max(self.growths)
        require(
            0 < self.eps_dyn <= room,
            f"eps_dyn = {self.eps_dyn} is not allowed: it must lie in (0, 1 − max growth] = (0, {room:.3g}], "
            "or learned rollouts leave the operating domain",
        )

    def count(self) -> int:
        """Number of configurations per seed.

        Example:
            >>> LqgDesign().count()
            375
        """
        return len(self.kinds) * len(self.discounts) * len(self.growths) * self.systems


class LqgCell(NamedTuple):
    """One system of the grid: positions of its discount and growth, its number within them, and the seed."""

    discount: int
    growth: int
    system: int
    seed: int


@dataclass(frozen=True)
class Quadratic(Systems):
    """Linear dynamics, reward −(s'Qs + a'Ra), policy −Ks, and error fields of the same shapes with intercepts."""

    state_map: Array  # A, (n, d_s, d_s)
    action_map: Array  # B, (n, d_s, d_a)
    gain: Array  # K, (n, d_a, d_s)
    state_cost: Array  # Q, (n, d_s, d_s)
    drift_state: Array  # the dynamics error field is affine: (n, d_s, d_s)
    drift_action: Array  # (n, d_s, d_a)
    drift_constant: Array  # (n, d_s, 1)
    miss_state: Array  # the reward error field is quadratic: (n, d_s, d_s)
    miss_action: Array  # (n, d_a, d_a)
    miss_constant: Array  # (n, 1)

    def policy(self, s: Array) -> Array:
        """Action."""
        return -self.gain @ s

    def step(self, s: Array, a: Array) -> tuple[Array, Array]:
        """Next state and reward."""
        cost = np.einsum("nic,nic->nc", s, self.state_cost @ s) + np.einsum("nic,nic->nc", a, a)
        return self.state_map @ s + self.action_map @ a, -cost

    def fields(self, s: Array, a: Array) -> tuple[Array, Array]:
        """Error fields of dynamics and reward."""
        drift = self.drift_state @ s + self.drift_action @ a + self.drift_constant
        miss = np.einsum("nic,nic->nc", s, self.miss_state @ s) + np.einsum("nic,nic->nc", a, self.miss_action @ a)
        return drift, miss + self.miss_constant


def optimal_gain(A: Array, B: Array, Q: Array, *, gamma: float) -> Array:
    r"""Gain K of the policy a = −Ks that minimises :math:`\sum\gamma^t(s'Qs+a'a)`.

    The discount is absorbed into the maps: the Riccati equation is solved for √γA, √γB.

    Args:
        A: state map, ``(d_s, d_s)``.
        B: action map, ``(d_s, d_a)``.
        Q: state cost, positive semi-definite.
        gamma: discount, in (0, 1).

    Returns:
        K, shape ``(d_a, d_s)``.

    Source:
        Standard discounted LQR.

    Example:
        >>> one = np.ones((1, 1))
        >>> round(float(optimal_gain(one, one, one, gamma=1.0)[0, 0]), 6)  # the golden ratio less one
        0.618034
    """
    R = np.eye(B.shape[1])
    P = solve_discrete_are(np.sqrt(gamma) * A, np.sqrt(gamma) * B, Q, R)
    return gamma * np.linalg.solve(R + gamma * B.T @ P @ B, B.T @ P @ A)


def draw_lqg(design: LqgDesign, cell: LqgCell) -> dict[str, Array]:
    """Draw one system and its error fields, the latter scaled to a supremum of 1 on the operating domain.

    Args:
        design: the grid.
        cell: the system. The kinds of perturbation share it.

    Returns:
        Matrices by name, the start ``s0``, and the scalars ``lf`` = ‖A‖ = ‖B‖, ``lp`` = ‖K‖ and ``lr``.

    Example:
        >>> maps = draw_lqg(LqgDesign(), LqgCell(discount=0, growth=4, system=0, seed=1))
        >>> round(float(maps["lf"] * (1 + maps["lp"])), 9)
        0.9
    """
    rng = np.random.default_rng([cell.seed, cell.discount, cell.growth, cell.system])
    d, k = design.sizes
    gamma, growth = design.discounts[cell.discount], design.growths[cell.growth]
    A, B = unit_norm(rng.standard_normal((d, d))), unit_norm(rng.standard_normal((d, k)))
    M = rng.standard_normal((d, d))
    Q = unit_norm(M @ M.T)

    def excess(c: float) -> float:
        return c * (1 + np.linalg.norm(optimal_gain(c * A, c * B, Q, gamma=gamma), 2)) - growth

    c = brentq(excess, 1e-6, growth, xtol=1e-14, rtol=1e-14)
    K = optimal_gain(c * A, c * B, Q, gamma=gamma)
    lp = np.linalg.norm(K, 2)
    s0 = design.start * unit_norm(rng.standard_normal(d))
    dA, dB, b = rng.standard_normal((d, d)), rng.standard_normal((d, k)), rng.standard_normal(d)
    dQ, dR, c0 = rng.standard_normal((d, d)), rng.standard_normal((k, k)), rng.standard_normal()
    dQ, dR = (dQ + dQ.T) / 2, (dR + dR.T) / 2
    if not design.intercepts:
        b, c0 = np.zeros(d), 0.0
    drift, miss = largest_affine_norm(dA - dB @ K, b), largest_quadratic(dQ + K.T @ dR @ K, np.asarray(c0))
    return {
        "A": c * A, "B": c * B, "K": K, "Q": Q, "s0": s0,
        "dA": dA / drift, "dB": dB / drift, "b": b / drift, "dQ": dQ / miss, "dR": dR / miss, "c0": c0 / miss,
        "lf": np.asarray(c), "lp": lp, "lr": 2 * np.maximum(np.linalg.norm(Q, 2), lp),
    }  # fmt: skip


def lqg_batches(design: LqgDesign, seeds: Iterable[int], *, block: int = 256) -> Iterator[Batch]:
    """Draw the grid in blocks of at most ``block`` systems, so that memory does not grow with the seeds."""
    seeds = list(seeds)
    order = product(range(len(design.discounts)), range(len(design.growths)), seeds, range(design.systems))
    cells = [LqgCell(discount, growth, system, seed) for discount, growth, seed, system in order]
    for first in range(0, len(cells), block):
        yield assemble(design, cells[first : first + block])


def assemble(design: LqgDesign, cells: list[LqgCell]) -> Batch:
    """Draw the cells and stack them."""
    drawn = [draw_lqg(design, cell) for cell in cells]

    def stack(name: str) -> Array:
        return np.stack([maps[name] for maps in drawn])

    systems = Quadratic(
        state_map=stack("A"), action_map=stack("B"), gain=stack("K"), state_cost=stack("Q"),
        drift_state=stack("dA"), drift_action=stack("dB"), drift_constant=stack("b")[:, :, None],
        miss_state=stack("dQ"), miss_action=stack("dR"), miss_constant=stack("c0")[:, None],
    )  # fmt: skip
    constants = Lipschitz(dynamics=stack("lf")[:, None], reward=stack("lr")[:, None], policy=stack("lp")[:, None])
    gamma = np.array([[design.discounts[cell.discount]] for cell in cells])
    growth = np.array([design.growths[cell.growth] for cell in cells])
    m = len(design.kinds)
    errors = np.array([[kind.errors(design.eps_dyn, design.eps_rew) for kind in design.kinds]] * len(cells))
    labels = pd.DataFrame(
        {
            "benchmark": "lqg",
            "family": "lqg",
            "kind": [str(kind) for kind in design.kinds] * len(cells),
            "gamma": np.repeat(gamma, m),
            "contraction": np.repeat(gamma[:, 0] * growth, m),
            "seed": np.repeat([cell.seed for cell in cells], m),
        }
    )
    return Batch(systems, stack("s0"), constants, gamma, errors[..., 0], errors[..., 1], labels)


def calibrate_lqg(design: LqgDesign, *, seeds: Iterable[int] = (1,), block: int = 256) -> pd.DataFrame:
    """Measure R on the linear–quadratic grid, in batches.

    Args:
        design: the grid.
        seeds: seeds of the random systems; each gives ``design.count()`` configurations.
        block: systems rolled together; it changes memory and speed, not the result.

    Returns:
        One row per configuration: see :func:`imagination.calibration.rollouts.measure`.

    Raises:
        RequestError: no seeds, or a block below 1.

    Source:
        Paper, section 3.1 and appendix B.4; the grid is this book's.

    Example:
        >>> rows = calibrate_lqg(LqgDesign(discounts=(0.8,), growths=(0.5,), systems=2))
        >>> len(rows), bool((rows.ratio_roll <= 1).all())
        (6, True)
    """
    seeds = list(seeds)
    require(len(seeds) > 0, "seeds is empty: give at least one seed, such as seeds=(1,)")
    require(block >= 1, f"block = {block} is not allowed: it must be at least 1")
    return pd.concat([measure(batch) for batch in lqg_batches(design, seeds, block=block)], ignore_index=True)


def plain_lqg(design: LqgDesign, cell: LqgCell, kind: Kind) -> SystemPair:
    """The same configuration as plain functions, written from the recipe; the truth for the batches."""
    m = draw_lqg(design, cell)
    eps_dyn, eps_rew = kind.errors(design.eps_dyn, design.eps_rew)

    def dynamics(s, a):
        return m["A"] @ s + m["B"] @ a

    def reward(s, a):
        return float(-(s @ m["Q"] @ s + a @ a))

    def learned_dynamics(s, a):
        return dynamics(s, a) + eps_dyn * (m["dA"] @ s + m["dB"] @ a + m["b"])

    def learned_reward(s, a):
        return reward(s, a) + eps_rew * float(s @ m["dQ"] @ s + a @ m["dR"] @ a + m["c0"])

    gamma = design.discounts[cell.discount]
    true, learned = MDP(dynamics, reward, gamma), MDP(learned_dynamics, learned_reward, gamma)
    return SystemPair(true, learned, lambda s: -m["K"] @ s, m["s0"])
