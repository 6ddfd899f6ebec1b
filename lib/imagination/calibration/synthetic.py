"""The synthetic benchmark of Figure 3: five families of globally Lipschitz MDPs with constants known by construction.

The paper publishes neither the families nor their sizes; the defaults below are this book's reading of its prose. They
are not the first design that was tried: all of them are in :mod:`imagination.calibration.designs`.

The five families of MDPs in the synthetic benchmark of Figure 3, in batches.

Each satisfies the Lipschitz hypotheses of Lemma 1 exactly, with L_f, L_r and L_π as given: layers have spectral norm 1
and activations slope at most 1. The error fields are plane waves, whose supremum over an unbounded space is exactly 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import product

import numpy as np
import pandas as pd

from imagination.calibration.rollouts import Array, Batch, Kind, Systems, measure, unit_norm
from imagination.errors import require
from imagination.gap.bounds import Lipschitz
from imagination.gap.mdp import MDP, SystemPair

__all__ = [
    "ACTIVATION",
    "Cell",
    "Family",
    "Linear",
    "Networks",
    "SyntheticDesign",
    "calibrate_synthetic",
    "draw",
    "plain_synthetic",
    "synthetic_batches",
]


@dataclass(frozen=True)
class SyntheticDesign:
    """The grid of configurations; the defaults are the headline design with 150 of them per seed.

    Attributes:
        kinds: which maps are perturbed.
        discounts: γ, in [0, 1).
        contractions: γL_f(1 + L_π), in (0, 1); fixes L_f.
        eps_dyn: sup norm of the dynamics error where there is one, in units of the state.
        eps_rew: sup norm of the reward error where there is one, in units of the reward.
        sizes: dimensions of state and action, and width of the networks.
        policy: L_π.
        reward: L_r.
        aligned_linear: the tight scalar family without its tanh; its R is then 1 to rounding.
        constant_error: error fields that do not depend on the state, instead of plane waves.
    """

    kinds: tuple[Kind, ...] = (Kind.DYN, Kind.BOTH)
    discounts: tuple[float, ...] = (0.8, 0.9, 0.95, 0.98, 0.99)
    contractions: tuple[float, ...] = (0.5, 0.9, 0.99)
    eps_dyn: float = 0.01
    eps_rew: float = 1e-4
    sizes: tuple[int, int, int] = (12, 4, 64)
    policy: float = 0.5
    reward: float = 1.0
    aligned_linear: bool = False
    constant_error: bool = False

    def __post_init__(self):
        ranges = {"discounts": self.discounts, "contractions": self.contractions}
        for name, values in ranges.items():
            require(
                len(values) > 0 and all(0 < v < 1 for v in values),
                f"{name} = {values} is not allowed: one or more numbers strictly between 0 and 1",
            )
        require(len(self.kinds) > 0, "kinds is empty: give at least one of dyn, rew, both")
        require(min(self.eps_dyn, self.eps_rew, self.reward) > 0, "eps_dyn, eps_rew and reward must be positive")
        require(self.policy >= 0, f"policy = {self.policy} is not allowed: L_pi must be at least 0")
        require(min(self.sizes) >= 1, f"sizes = {self.sizes} is not allowed: state, action and width are at least 1")

    def count(self) -> int:
        """Number of configurations per seed.

        Example:
            >>> SyntheticDesign().count()
            150
        """
        return len(Family) * len(self.kinds) * len(self.discounts) * len(self.contractions)


@dataclass(frozen=True)
class Cell:
    """One MDP of the grid: its family, the positions of its discount and contraction, and its seed."""

    family: Family
    contraction: int
    discount: int
    seed: int


def draw(design: SyntheticDesign, cell: Cell) -> dict[str, Array]:
    """Draw the random maps of one MDP; which perturbation it gets does not enter, so the kinds share their MDP.

    Args:
        design: the grid.
        cell: the MDP.

    Returns:
        The matrices by name, the start ``s0``, and the error fields ``waves``, ``phases``, ``push``.

    Example:
        >>> maps = draw(SyntheticDesign(), Cell(Family.TANH, contraction=0, discount=2, seed=0))
        >>> maps["W1"].shape, round(float(np.linalg.norm(maps["W1"], 2)), 12)
        ((64, 16), 1.0)
    """
    rng = np.random.default_rng([cell.seed, list(Family).index(cell.family), cell.discount, cell.contraction])
    d, k, w = design.sizes
    if cell.family is Family.ALIGNED:
        one = np.ones((1, 1))
        return {
            "A": one, "B": one, "r": np.ones(2), "K": design.policy * one, "s0": np.zeros(1),
            "waves": np.zeros((2, 2)), "phases": np.full(2, np.pi / 2), "push": np.ones(1),
        }  # fmt: skip
    if cell.family is Family.LINEAR:
        maps = {
            "A": unit_norm(rng.standard_normal((d, d))),
            "B": unit_norm(rng.standard_normal((d, k))),
            "r": np.concatenate([unit_norm(rng.standard_normal(d)), unit_norm(rng.standard_normal(k))]),
            "K": design.policy * unit_norm(rng.standard_normal((k, d))),
        }
    else:
        maps = {
            "W1": unit_norm(rng.standard_normal((w, d + k))),
            "b1": rng.uniform(-1, 1, w),
            "W2": unit_norm(rng.standard_normal((d, w))),
            "V1": unit_norm(rng.standard_normal((w, d + k))),
            "b3": rng.uniform(-1, 1, w),
            "v": unit_norm(rng.standard_normal(w)),
            "U1": unit_norm(rng.standard_normal((w, d))),
            "U2": design.policy * unit_norm(rng.standard_normal((k, w))),
        }
    maps["s0"] = unit_norm(rng.standard_normal(d))
    maps["push"] = unit_norm(rng.standard_normal(d))
    waves, phases = rng.standard_normal((2, d + k)), rng.uniform(0, 2 * np.pi, 2)
    constant = design.constant_error
    return maps | {
        "waves": np.zeros_like(waves) if constant else waves,
        "phases": np.full(2, np.pi / 2) if constant else phases,
    }


def synthetic_batches(design: SyntheticDesign, seeds: Iterable[int], *, block: int = 64) -> Iterator[Batch]:
    """Draw the grid in blocks of at most ``block`` MDPs of one family, so that memory does not grow with the seeds."""
    seeds = list(seeds)
    grid = list(product(range(len(design.contractions)), range(len(design.discounts)), seeds))
    for family in Family:
        for first in range(0, len(grid), block):
            yield assemble(design, [Cell(family, *position) for position in grid[first : first + block]])


def assemble(design: SyntheticDesign, cells: list[Cell]) -> Batch:
    """Draw the cells (all of one family) and stack them."""
    drawn = [draw(design, cell) for cell in cells]
    family = cells[0].family

    def stack(name: str) -> Array:
        return np.stack([maps[name] for maps in drawn])

    gamma = np.array([[design.discounts[cell.discount]] for cell in cells])
    contraction = np.array([[design.contractions[cell.contraction]] for cell in cells])
    constants = Lipschitz(
        dynamics=contraction / (gamma * (1 + design.policy)),
        reward=np.full_like(gamma, design.reward),
        policy=np.full_like(gamma, design.policy),
    )
    shared = {
        "lf": constants.dynamics[:, :, None], "lr": constants.reward,
        "waves": stack("waves"), "phases": stack("phases")[:, :, None], "push": stack("push")[:, :, None],
    }  # fmt: skip
    if family in (Family.ALIGNED, Family.LINEAR):
        systems = Linear(
            **shared, state_map=stack("A"), action_map=stack("B"), reward_map=stack("r")[:, None, :], gain=stack("K"),
            saturate=family is Family.ALIGNED and not design.aligned_linear,
        )  # fmt: skip
    else:
        systems = Networks(
            **shared, hidden=np.concatenate([stack("W1"), stack("V1")], axis=1),
            offset=np.concatenate([stack("b1"), stack("b3")], axis=1)[:, :, None],
            dynamics_out=stack("W2"), reward_out=stack("v")[:, None, :],
            policy_in=stack("U1"), policy_out=stack("U2"), activation=ACTIVATION[family],
        )  # fmt: skip
    errors = np.array([[kind.errors(design.eps_dyn, design.eps_rew) for kind in design.kinds]] * len(cells))
    labels = pd.DataFrame(
        {
            "benchmark": "synthetic",
            "family": str(family),
            "kind": [str(kind) for kind in design.kinds] * len(cells),
            "gamma": np.repeat(gamma, len(design.kinds)),
            "contraction": np.repeat(contraction, len(design.kinds)),
            "seed": np.repeat([cell.seed for cell in cells], len(design.kinds)),
        }
    )
    return Batch(systems, stack("s0"), constants, gamma, errors[..., 0], errors[..., 1], labels)


def calibrate_synthetic(design: SyntheticDesign, *, seeds: Iterable[int] = (0,), block: int = 64) -> pd.DataFrame:
    """Measure R on the synthetic grid, in batches.

    Args:
        design: the grid.
        seeds: seeds of the random maps; each gives ``design.count()`` configurations.
        block: MDPs rolled together; it changes memory and speed, not the result.

    Returns:
        One row per configuration: see :func:`imagination.calibration.rollouts.measure`.

    Raises:
        RequestError: no seeds, or a block below 1.

    Source:
        Paper, section 3.1 and appendix B.4; the grid is this book's.

    Example:
        >>> rows = calibrate_synthetic(SyntheticDesign(discounts=(0.8,), contractions=(0.5,)))
        >>> len(rows), bool((rows.ratio_sup <= 1).all())
        (10, True)
    """
    seeds = list(seeds)
    require(len(seeds) > 0, "seeds is empty: give at least one seed, such as seeds=(0,)")
    require(block >= 1, f"block = {block} is not allowed: it must be at least 1")
    return pd.concat([measure(batch) for batch in synthetic_batches(design, seeds, block=block)], ignore_index=True)


def plain_synthetic(design: SyntheticDesign, cell: Cell, kind: Kind) -> SystemPair:
    """The same configuration as plain functions, written from the recipe; the truth for the batches."""
    m = draw(design, cell)
    eps_dyn, eps_rew = kind.errors(design.eps_dyn, design.eps_rew)
    lf = design.contractions[cell.contraction] / (design.discounts[cell.discount] * (1 + design.policy))
    lr = design.reward
    if cell.family in ACTIVATION:
        act = ACTIVATION[cell.family]

        def policy(s):
            return m["U2"] @ np.tanh(m["U1"] @ s)

        def dynamics(s, a):
            return lf * m["W2"] @ act(m["W1"] @ np.concatenate([s, a]) + m["b1"])

        def reward(s, a):
            return float(lr * m["v"] @ act(m["V1"] @ np.concatenate([s, a]) + m["b3"]))
    else:
        saturate = cell.family is Family.ALIGNED and not design.aligned_linear
        squash = np.tanh if saturate else lambda x: x

        def policy(s):
            return m["K"] @ s

        def dynamics(s, a):
            return lf * squash(m["A"] @ s + m["B"] @ a)

        def reward(s, a):
            return float(lr * squash(m["r"] @ np.concatenate([s, a])))

    def wave(which, s, a):
        return np.sin(m["waves"][which] @ np.concatenate([s, a]) + m["phases"][which])

    def learned_dynamics(s, a):
        return dynamics(s, a) + eps_dyn * m["push"] * wave(0, s, a)

    def learned_reward(s, a):
        return reward(s, a) + eps_rew * wave(1, s, a)

    gamma = design.discounts[cell.discount]
    return SystemPair(MDP(dynamics, reward, gamma), MDP(learned_dynamics, learned_reward, gamma), policy, m["s0"])


class Family(StrEnum):
    """Shapes of dynamics, reward and policy; the position in this list enters the seed."""

    ALIGNED = "aligned"
    LINEAR = "linear"
    TANH = "tanh"
    RELU = "relu"
    SIN = "sin"


ACTIVATION: dict[Family, Callable[[Array], Array]] = {
    Family.TANH: np.tanh,
    Family.RELU: lambda x: np.maximum(x, 0.0),
    Family.SIN: np.sin,
}  # all 1-Lipschitz


@dataclass(frozen=True)
class Drawn(Systems):
    """What the families share: constants and error fields. Arrays with a leading batch axis.

    Attributes:
        lf: L_f, shape ``(n, 1, 1)``.
        lr: L_r, shape ``(n, 1)``.
        waves: wave vectors of the two error fields, ``(n, 2, d_s + d_a)``.
        phases: their phases, ``(n, 2, 1)``.
        push: unit direction of the dynamics error, ``(n, d_s, 1)``.
    """

    lf: Array
    lr: Array
    waves: Array
    phases: Array
    push: Array

    def fields(self, s: Array, a: Array) -> tuple[Array, Array]:
        """Error fields of dynamics and reward."""
        wave = np.sin(self.waves @ np.concatenate([s, a], axis=1) + self.phases)
        return self.push * wave[:, :1], wave[:, 1]


@dataclass(frozen=True)
class Linear(Drawn):
    """Linear dynamics A s + B a, reward c·s + e·a and policy K s; with ``saturate`` the aligned scalar family."""

    state_map: Array  # (n, d_s, d_s)
    action_map: Array  # (n, d_s, d_a)
    reward_map: Array  # (n, 1, d_s + d_a)
    gain: Array  # (n, d_a, d_s)
    saturate: bool

    def policy(self, s: Array) -> Array:
        """Action."""
        return self.gain @ s

    def step(self, s: Array, a: Array) -> tuple[Array, Array]:
        """Next state and reward."""
        moved = self.state_map @ s + self.action_map @ a
        worth = (self.reward_map @ np.concatenate([s, a], axis=1))[:, 0]
        return (
            (self.lf * np.tanh(moved), self.lr * np.tanh(worth))
            if self.saturate
            else (self.lf * moved, self.lr * worth)
        )


@dataclass(frozen=True)
class Networks(Drawn):
    """Two-layer networks whose layers have spectral norm 1, and a tanh policy."""

    hidden: Array  # (n, 2 width, d_s + d_a): the hidden layers of dynamics and reward, one above the other
    offset: Array  # (n, 2 width, 1)
    dynamics_out: Array  # (n, d_s, width)
    reward_out: Array  # (n, 1, width)
    policy_in: Array  # (n, width, d_s)
    policy_out: Array  # (n, d_a, width), already times L_π
    activation: Callable[[Array], Array]

    def policy(self, s: Array) -> Array:
        """Action."""
        return self.policy_out @ np.tanh(self.policy_in @ s)

    def step(self, s: Array, a: Array) -> tuple[Array, Array]:
        """Next state and reward."""
        h = self.activation(self.hidden @ np.concatenate([s, a], axis=1) + self.offset)
        width = self.reward_out.shape[-1]
        return self.lf * (self.dynamics_out @ h[:, :width]), self.lr * (self.reward_out @ h[:, width:])[:, 0]
