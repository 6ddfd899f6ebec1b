r"""Lipschitz constants of dynamics, reward and policy, and the two numbers that Lemma 1 makes of them.

In the sum metric of Section 3 a policy with constant :math:`L_\pi` turns the constants of dynamics and reward into

.. math:: \Lambda=L_f(1+L_\pi),\qquad \kappa=L_r(1+L_\pi),

the growth of a state error per step and the reward error per unit of state error. Every bound depends on the
constants through these two alone.
"""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import ArrayLike

from imagination.checks import broadcast, discount, non_negative, plain, wholes
from imagination.errors import require
from imagination.gap.error_sums import error_sums
from imagination.gap.twofold import Twofold

__all__ = ["Lipschitz", "SeparateLipschitz", "dynamics_weight"]


class _Constants:
    """Validation shared by the two sets of constants: finite, non-negative, broadcastable, read-only."""

    def __post_init__(self) -> None:
        arrays = {f.name: non_negative(f"Lipschitz constant {f.name}", getattr(self, f.name)) for f in fields(self)}
        broadcast(**arrays)
        for name, array in arrays.items():
            array.flags.writeable = False
            object.__setattr__(self, name, plain(array))
        largest = max(np.max(self._growth().high, initial=0.0), np.max(self._sensitivity().high, initial=0.0))
        require(largest < np.inf, "the Lipschitz constants are too large: their product with 1 + L_pi exceeds 1e300")

    @property
    def growth(self) -> float | np.ndarray:
        r""":math:`\Lambda`: a state error is multiplied by at most this in one step."""
        return plain(self._growth().value)

    @property
    def sensitivity(self) -> float | np.ndarray:
        r""":math:`\kappa`: a state error changes the reward by at most this times its length."""
        return plain(self._sensitivity().value)


@dataclass(frozen=True)
class Lipschitz(_Constants):
    r"""Lipschitz constants in the sum metric of Section 3, :math:`|f(s,a)-f(s',a')|\le L_f(|s-s'|+|a-a'|)`.

    For Lemma 1 they must hold for ONE of the two systems, true or learned, on the states that the paths visit.

    Args:
        dynamics: :math:`L_f`, finite and at least 0; scalar or array.
        reward: :math:`L_r`, likewise.
        policy: :math:`L_\pi`, likewise.

    Raises:
        RequestError: if a constant is negative, infinite or NaN, or the shapes do not broadcast.

    Source: Section 3.

    Example:
        >>> constants = Lipschitz(dynamics=0.6, reward=1.0, policy=0.5)
        >>> round(constants.growth, 12), constants.sensitivity
        (0.9, 1.5)
    """

    dynamics: float | np.ndarray
    reward: float | np.ndarray
    policy: float | np.ndarray

    def _growth(self) -> Twofold:
        return Twofold.of(self.dynamics) * (Twofold.of(1.0) + Twofold.of(self.policy))

    def _sensitivity(self) -> Twofold:
        return Twofold.of(self.reward) * (Twofold.of(1.0) + Twofold.of(self.policy))


@dataclass(frozen=True)
class SeparateLipschitz(_Constants):
    r"""Separate constants in state and action: :math:`\Lambda=L_f^s+L_f^aL_\pi`, :math:`\kappa=L_r^s+L_r^aL_\pi`.

    Never worse than the joint constants, for which :math:`L=\max(L^s,L^a)`, and unlike them unchanged in what
    matters when the latent state is rescaled.

    Args:
        dynamics_state: :math:`L_f^s`, finite and at least 0; scalar or array.
        dynamics_action: :math:`L_f^a`.
        reward_state: :math:`L_r^s`.
        reward_action: :math:`L_r^a`.
        policy: :math:`L_\pi`.

    Raises:
        RequestError: if a constant is negative, infinite or NaN, or the shapes do not broadcast.

    Source: this book.

    Example:
        >>> SeparateLipschitz(
        ...     dynamics_state=0.5, dynamics_action=0.25, reward_state=1.0, reward_action=0.0, policy=2.0
        ... ).growth
        1.0
    """

    dynamics_state: float | np.ndarray
    dynamics_action: float | np.ndarray
    reward_state: float | np.ndarray
    reward_action: float | np.ndarray
    policy: float | np.ndarray

    def _growth(self) -> Twofold:
        return Twofold.of(self.dynamics_state) + Twofold.of(self.dynamics_action) * Twofold.of(self.policy)

    def _sensitivity(self) -> Twofold:
        return Twofold.of(self.reward_state) + Twofold.of(self.reward_action) * Twofold.of(self.policy)

    @property
    def joint(self) -> Lipschitz:
        r"""The joint constants of the same maps, :math:`L=\max(L^s,L^a)`."""
        return Lipschitz(
            dynamics=np.maximum(self.dynamics_state, self.dynamics_action),
            reward=np.maximum(self.reward_state, self.reward_action),
            policy=self.policy,
        )


def dynamics_weight(
    lipschitz: Lipschitz | SeparateLipschitz, *, gamma: ArrayLike, horizon: ArrayLike | None = None
) -> float | np.ndarray:
    r"""The weight :math:`K` of a unit of dynamics error against a unit of reward error, in the bound of Lemma 1.

    .. math:: K=\frac{\gamma\kappa}{1-\gamma\Lambda},\qquad\text{over }H\text{ steps}\quad K_H=\kappa\,D_H/S_H .

    The bound is proportional to :math:`K\epsilon_{dyn}+\epsilon_{rew}`, and Eq. 4 divides a budget by it.

    Args:
        lipschitz: constants of one of the two systems.
        gamma: discount in [0, 1); 1 is allowed with a horizon.
        horizon: number of rewards summed, 1 or more; :math:`K_H` exists for any growth. None: infinite, which needs
            :math:`\gamma\Lambda<1`.

    Returns:
        :math:`K\ge0`, in units of reward per unit of state; arguments broadcast.

    Raises:
        RequestError: if a value is outside its range, :math:`\gamma\Lambda\ge1` without a horizon, or :math:`K_H`
            exceeds the range of float64.

    Source: the factor of Eq. 4, Theorem 1; finite horizon: this book.

    Example:
        >>> constants = Lipschitz(dynamics=0.5, reward=2.0, policy=0.0)
        >>> round(dynamics_weight(constants, gamma=0.5), 12)
        1.333333333333
        >>> dynamics_weight(constants, gamma=1.0, horizon=3)  # 2 (0 + 1 + 1.5) / 3
        1.6666666666666667
    """
    gamma = discount(gamma, finite=horizon is not None)
    growth, sensitivity = lipschitz._growth(), lipschitz._sensitivity()
    if horizon is None:
        broadcast(gamma=gamma, constants=growth.high + sensitivity.high)
        return plain(gamma * sensitivity.value / room(gamma, growth))
    horizon = wholes("horizon", horizon, low=1)
    broadcast(gamma=gamma, horizon=horizon, constants=growth.high + sensitivity.high)
    sums, _ = error_sums(gamma, growth, 1.0, horizon)
    with np.errstate(over="ignore", invalid="ignore"):
        weight = np.where(sensitivity.value > 0, sensitivity.value * sums.total.value / sums.rewards.value, 0.0)
    require(np.isfinite(weight).all(), "the weight over so many steps exceeds the range of float64: a shorter horizon")
    return plain(weight)


def room(gamma: np.ndarray, growth: Twofold) -> np.ndarray:
    r""":math:`1-\gamma\Lambda`, refused unless positive."""
    contraction = Twofold.of(gamma) * growth
    left = contraction.one_minus
    require(
        (left > 0).all(),
        f"gamma L_f (1 + L_pi) = {np.max(contraction.value):.6g} is 1 or more: Lemma 1 gives no bound for an infinite"
        " horizon and an unbounded reward; give horizon= for the finite-horizon form, or reward_range= if the reward"
        " is bounded",
    )
    return left
