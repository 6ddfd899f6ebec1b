"""The synthetic benchmark of Figure 3: five families of globally Lipschitz MDPs with constants known by construction.

The paper publishes neither the families nor their sizes; the defaults below are this book's reading of its prose. They
are not the first design that was tried: all of them are in :mod:`imagination.calibration.designs`.

Each family satisfies the Lipschitz hypotheses of Lemma 1 exactly, with L_f, L_r and L_π as given: layers have spectral
norm 1 and activations slope at most 1. The error fields are plane waves, whose supremum over an unbounded space is
exactly 1.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import product
from typing import ClassVar, NamedTuple

import numpy as np

from imagination.calibration.rollouts import Batch, Design, Kind, Systems, unit_norm
from imagination.checks import Floats, number, numbers, wholes
from imagination.gap.lipschitz import Lipschitz
from imagination.gap.mdp import MDP, SystemPair


class Family(StrEnum):
    """Shapes of dynamics, reward and policy; the position in this list enters the seed."""

    ALIGNED = "aligned"
    LINEAR = "linear"
    TANH = "tanh"
    RELU = "relu"
    SIN = "sin"


ACTIVATION: dict[Family, Callable[[Floats], Floats]] = {
    Family.TANH: np.tanh,
    Family.RELU: lambda x: np.maximum(x, 0.0),
    Family.SIN: np.sin,
}  # all 1-Lipschitz


@dataclass(frozen=True)
class SyntheticDesign(Design):
    """The grid of configurations; the defaults are the headline design with 150 of them per seed.

    Attributes:
        kinds: which maps are perturbed.
        discounts: γ, in (0, 1).
        eps_dyn: sup norm of the dynamics error where there is one, in units of the state.
        eps_rew: sup norm of the reward error where there is one, in units of the reward.
        contractions: γL_f(1 + L_π), in (0, 1); fixes L_f.
        sizes: dimensions of state and action, and width of the networks.
        policy: L_π.
        reward: L_r.
        aligned_linear: the tight scalar family without its tanh; its R is then 1 to rounding.
        constant_error: error fields that do not depend on the state, instead of plane waves.
    """

    benchmark: ClassVar[str] = "synthetic"

    kinds: tuple[Kind, ...] = (Kind.DYN, Kind.BOTH)
    eps_dyn: float = 0.01
    eps_rew: float = 1e-4
    contractions: tuple[float, ...] = (0.5, 0.9, 0.99)
    sizes: tuple[int, int, int] = (12, 4, 64)
    policy: float = 0.5
    reward: float = 1.0
    aligned_linear: bool = False
    constant_error: bool = False

    def __post_init__(self) -> None:
        super().__post_init__()
        numbers("contractions", self.contractions, above=0, below=1, shape=(None,))
        wholes("sizes", self.sizes, low=1, shape=(3,))
        number("policy", self.policy, low=0)
        number("reward", self.reward, above=0)

    def count(self) -> int:
        """Number of configurations per seed.

        Example:
            >>> SyntheticDesign().count()
            150
        """
        return len(Family) * len(self.kinds) * len(self.discounts) * len(self.contractions)

    def batches(self, seeds: list[int], block: int) -> Iterator[Batch]:
        """Draw the grid in blocks of at most ``block`` MDPs of one family."""
        grid = list(product(range(len(self.contractions)), range(len(self.discounts)), seeds))
        for family in Family:
            for first in range(0, len(grid), block):
                yield assemble(self, [Cell(family, *position) for position in grid[first : first + block]])


class Cell(NamedTuple):
    """One MDP of the grid: its family, the positions of its discount and contraction, and its seed."""

    family: Family
    contraction: int
    discount: int
    seed: int


def draw(design: SyntheticDesign, cell: Cell) -> dict[str, Floats]:
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


@dataclass(frozen=True)
class Drawn(Systems):
    """What the families share: constants and error fields. Floatss with a leading batch axis.

    Attributes:
        lf: L_f, shape ``(n, 1, 1)``.
        lr: L_r, shape ``(n, 1)``.
        waves: wave vectors of the two error fields, ``(n, 2, d_s + d_a)``.
        phases: their phases, ``(n, 2, 1)``.
        push: unit direction of the dynamics error, ``(n, d_s, 1)``.
    """

    lf: Floats
    lr: Floats
    waves: Floats
    phases: Floats
    push: Floats

    def fields(self, s: Floats, a: Floats) -> tuple[Floats, Floats]:
        """Error fields of dynamics and reward."""
        wave = np.sin(self.waves @ np.concatenate([s, a], axis=1) + self.phases)
        return self.push * wave[:, :1], wave[:, 1]


@dataclass(frozen=True)
class Linear(Drawn):
    """Linear dynamics A s + B a, reward c·s + e·a and policy K s; with ``saturate`` the aligned scalar family."""

    state_map: Floats  # (n, d_s, d_s)
    action_map: Floats  # (n, d_s, d_a)
    reward_map: Floats  # (n, 1, d_s + d_a)
    gain: Floats  # (n, d_a, d_s)
    saturate: bool

    def policy(self, s: Floats) -> Floats:
        """Action."""
        return self.gain @ s

    def step(self, s: Floats, a: Floats) -> tuple[Floats, Floats]:
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

    hidden: Floats  # (n, 2 width, d_s + d_a): the hidden layers of dynamics and reward, one above the other
    offset: Floats  # (n, 2 width, 1)
    dynamics_out: Floats  # (n, d_s, width)
    reward_out: Floats  # (n, 1, width)
    policy_in: Floats  # (n, width, d_s)
    policy_out: Floats  # (n, d_a, width), already times L_π
    activation: Callable[[Floats], Floats]

    def policy(self, s: Floats) -> Floats:
        """Action."""
        return self.policy_out @ np.tanh(self.policy_in @ s)

    def step(self, s: Floats, a: Floats) -> tuple[Floats, Floats]:
        """Next state and reward."""
        h = self.activation(self.hidden @ np.concatenate([s, a], axis=1) + self.offset)
        width = self.reward_out.shape[-1]
        return self.lf * (self.dynamics_out @ h[:, :width]), self.lr * (self.reward_out @ h[:, width:])[:, 0]


def assemble(design: SyntheticDesign, cells: list[Cell]) -> Batch:
    """Draw the cells (all of one family) and stack them."""
    drawn = [draw(design, cell) for cell in cells]
    family = cells[0].family

    def stack(name: str) -> Floats:
        return np.stack([maps[name] for maps in drawn])

    gamma = np.array([[design.discounts[cell.discount]] for cell in cells])
    contraction = np.array([[design.contractions[cell.contraction]] for cell in cells])
    lf = contraction / (gamma * (1 + design.policy))
    lr, lp = np.full_like(gamma, design.reward), np.full_like(gamma, design.policy)
    shared = {
        "lf": lf[:, :, None], "lr": lr,
        "waves": stack("waves"), "phases": stack("phases")[:, :, None], "push": stack("push")[:, :, None],
    }  # fmt: skip
    if family in (Family.ALIGNED, Family.LINEAR):
        systems: Systems = Linear(
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
    return design.batch(
        systems,
        start=stack("s0"),
        lipschitz=Lipschitz(dynamics=lf, reward=lr, policy=lp),
        gamma=gamma,
        contraction=contraction,
        seeds=[cell.seed for cell in cells],
        family=str(family),
    )


def plain_synthetic(design: SyntheticDesign, cell: Cell, kind: Kind) -> SystemPair:
    """The same configuration as plain functions, written from the recipe; the truth for the batches."""
    m = draw(design, cell)
    eps_dyn, eps_rew = kind.errors(design.eps_dyn, design.eps_rew)
    lf = design.contractions[cell.contraction] / (design.discounts[cell.discount] * (1 + design.policy))
    lr = design.reward
    if cell.family in ACTIVATION:
        act = ACTIVATION[cell.family]

        def policy(s: Floats) -> Floats:
            return m["U2"] @ np.tanh(m["U1"] @ s)

        def dynamics(s: Floats, a: Floats) -> Floats:
            return lf * m["W2"] @ act(m["W1"] @ np.concatenate([s, a]) + m["b1"])

        def reward(s: Floats, a: Floats) -> Floats:
            return lr * m["v"] @ act(m["V1"] @ np.concatenate([s, a]) + m["b3"])
    else:
        saturate = cell.family is Family.ALIGNED and not design.aligned_linear
        squash: Callable[[Floats], Floats] = np.tanh if saturate else np.asarray

        def policy(s: Floats) -> Floats:
            return m["K"] @ s

        def dynamics(s: Floats, a: Floats) -> Floats:
            return lf * squash(m["A"] @ s + m["B"] @ a)

        def reward(s: Floats, a: Floats) -> Floats:
            return lr * squash(m["r"] @ np.concatenate([s, a]))

    def wave(which: int, s: Floats, a: Floats) -> Floats:
        return np.asarray(np.sin(m["waves"][which] @ np.concatenate([s, a]) + m["phases"][which]))

    def learned_dynamics(s: Floats, a: Floats) -> Floats:
        return dynamics(s, a) + eps_dyn * m["push"] * wave(0, s, a)

    def learned_reward(s: Floats, a: Floats) -> Floats:
        return reward(s, a) + eps_rew * wave(1, s, a)

    gamma = design.discounts[cell.discount]
    return SystemPair(MDP(dynamics, reward, gamma), MDP(learned_dynamics, learned_reward, gamma), policy, m["s0"])
