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

from imagination.checks import Floats, broadcast, discount, non_negative, plain, wholes
from imagination.errors import require, shown
from imagination.gap.error_sums import error_sums


class _Constants:
    """What the two sets of constants share: finite, non-negative, broadcastable, read-only; two affine maps."""

    def __post_init__(self) -> None:
        arrays = {f.name: non_negative(f"Lipschitz constant {f.name}", getattr(self, f.name)) for f in fields(self)}  # type: ignore[arg-type]  # both subclasses are dataclasses
        broadcast(**arrays)
        for name, array in arrays.items():
            array.flags.writeable = False
            object.__setattr__(self, name, plain(array))
        largest = max(np.max(part, initial=0.0) for part in (self._growth()[0], self._sensitivity()[0]))
        require(largest < 1e300, "the Lipschitz constants are too large: their product with 1 + L_pi exceeds 1e300")

    @property
    def growth(self) -> float | Floats:
        r""":math:`\Lambda`: a state error is multiplied by at most this in one step."""
        return plain(self._growth()[0])

    @property
    def sensitivity(self) -> float | Floats:
        r""":math:`\kappa`: a state error changes the reward by at most this times its length."""
        return plain(self._sensitivity()[0])

    def _growth(self) -> tuple[Floats, Floats]:
        """The growth in float64, and what its rounding left out."""
        raise NotImplementedError

    def _sensitivity(self) -> tuple[Floats, Floats]:
        raise NotImplementedError


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

    dynamics: float | Floats
    reward: float | Floats
    policy: float | Floats

    def _growth(self) -> tuple[Floats, Floats]:
        return _affine(self.dynamics, self.dynamics, self.policy)

    def _sensitivity(self) -> tuple[Floats, Floats]:
        return _affine(self.reward, self.reward, self.policy)


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

    dynamics_state: float | Floats
    dynamics_action: float | Floats
    reward_state: float | Floats
    reward_action: float | Floats
    policy: float | Floats

    def _growth(self) -> tuple[Floats, Floats]:
        return _affine(self.dynamics_state, self.dynamics_action, self.policy)

    def _sensitivity(self) -> tuple[Floats, Floats]:
        return _affine(self.reward_state, self.reward_action, self.policy)

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
) -> float | Floats:
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
    growth, sensitivity = constants_of(lipschitz)
    at = {"gamma": gamma, "the constants": growth}
    if horizon is None:
        broadcast(**at)
        with np.errstate(over="ignore"):
            weight = gamma * sensitivity / room(lipschitz, gamma)
    else:
        horizon = wholes("horizon", horizon, low=1)
        broadcast(**at, horizon=horizon)
        sums, _ = error_sums(gamma, contraction(lipschitz, gamma), np.ones(()), horizon)
        with np.errstate(over="ignore", invalid="ignore"):
            weight = np.where(sensitivity > 0, sensitivity * (sums.total / sums.rewards), 0.0)
    require(
        np.isfinite(weight).all(), "the weight exceeds the range of float64: smaller constants or a shorter horizon"
    )
    return plain(weight)


def constants_of(
    lipschitz: Lipschitz | SeparateLipschitz, kind: type[_Constants] | None = None
) -> tuple[Floats, Floats]:
    r""":math:`\Lambda` and :math:`\kappa` as arrays of one shape; anything but Lipschitz constants is refused."""
    kind = kind or _Constants
    name = "Lipschitz(dynamics=, reward=, policy=)"
    require(isinstance(lipschitz, kind), f"lipschitz = {shown(lipschitz)} is not allowed: give {name}")
    growth, sensitivity = np.broadcast_arrays(lipschitz.growth, lipschitz.sensitivity)
    return growth, sensitivity


def contraction(lipschitz: Lipschitz | SeparateLipschitz, gamma: Floats) -> tuple[Floats, Floats]:
    r""":math:`\gamma\Lambda` in float64, and what its rounding left out: together 30 digits."""
    growth, rest = lipschitz._growth()
    with np.errstate(over="ignore", under="ignore"):
        product, missing = _product(gamma, growth)
        return product, missing + gamma * rest


def room(lipschitz: Lipschitz | SeparateLipschitz, gamma: Floats) -> Floats:
    r""":math:`1-\gamma\Lambda`, accurate also where it is within rounding of 0, and refused unless positive."""
    rounded, rest = contraction(lipschitz, gamma)
    left = (1 - rounded) - rest
    require(
        (left > 0).all(),
        f"gamma L_f (1 + L_pi) = {np.max(rounded):.6g} is 1 or more: Lemma 1 gives no bound for an infinite"
        " horizon and an unbounded reward; give horizon= for the finite-horizon form, or reward_range= if the reward"
        " is bounded",
    )
    return left


def _affine(constant: ArrayLike, slope: ArrayLike, x: ArrayLike) -> tuple[Floats, Floats]:
    """``constant + slope * x`` in float64, and what its rounding left out (Knuth's sum of Dekker's product)."""
    a = np.asarray(constant, dtype=np.float64)
    with np.errstate(over="ignore", under="ignore", invalid="ignore"):
        b, missing = _product(np.asarray(slope, dtype=np.float64), np.asarray(x, dtype=np.float64))
        total = a + b
        seen = total - a
        rest = (a - (total - seen)) + (b - seen) + missing
        best = total + rest
        return np.where(np.isfinite(best), best, total), np.where(np.isfinite(best), rest - (best - total), 0.0)


def _product(a: Floats, b: Floats) -> tuple[Floats, Floats]:
    """``a * b`` in float64, and its rounding error (Dekker 1971); the error is left out above 1e290."""
    product = a * b
    (a_up, a_down), (b_up, b_down) = _halves(a), _halves(b)
    error = a_down * b_down - (((product - a_up * b_up) - a_down * b_up) - a_up * b_down)
    return product, np.where(np.isfinite(error), error, 0.0)


def _halves(a: Floats) -> tuple[Floats, Floats]:
    scaled = 134217729.0 * a  # 2**27 + 1 cuts a significand of 53 bits into two of 26
    upper = scaled - (scaled - a)
    return upper, a - upper
