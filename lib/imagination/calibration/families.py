"""The five families of MDPs in the synthetic benchmark of Figure 3, in batches.

Each satisfies the Lipschitz hypotheses of Lemma 1 exactly, with L_f, L_r and L_π as given: layers have spectral norm 1
and activations slope at most 1. The error fields are plane waves, whose supremum over an unbounded space is exactly 1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from imagination.calibration.ratios import Array, Systems

__all__ = ["ACTIVATION", "Family", "Linear", "Networks"]


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
