"""The weight of dynamics error against reward error: from constants, from a horizon, or given (Equation 1, Theorem 1).

A weight K and a scale S turn two error norms into the bound: ``bound = S * (K * eps_dyn + eps_rew)``.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from imagination.errors import require
from imagination.gap.bounds import return_gap_bound
from imagination.gap.lipschitz import Lipschitz, dynamics_weight

__all__ = ["Weighting", "weighting"]


@dataclass(frozen=True)
class Weighting:
    """Weight and scale of the bound, where they come from, and what the user should know about them.

    Attributes:
        weight: K ≥ 0, unit of reward per unit of state.
        scale: S > 0; the sum of the discounts. 1 where no discount was given: the bound is then an error per step.
        source: one line that says how they were found.
        warnings: lines for the user.
    """

    weight: float
    scale: float
    source: str
    warnings: tuple[str, ...] = ()


def weighting(
    *,
    gamma: float | None = None,
    lipschitz: Lipschitz | None = None,
    horizon: int | None = None,
    weight: float | None = None,
) -> Weighting:
    r"""Find the weight that the allocation needs.

    With constants and γΛ < 1 it is that of Lemma 1, :math:`K=\gamma L_r(1+L_\pi)/(1-\gamma L_f(1+L_\pi))`. With a
    horizon it is the ratio of the two coefficients of the finite-horizon bound, which exists for any constants. Where
    γΛ ≥ 1 and no horizon is given, the horizon is the effective one, 1/(1 − γ), and a warning says so.

    Args:
        gamma: discount in [0, 1); 1 is allowed with a horizon.
        lipschitz: constants of dynamics, reward and policy.
        horizon: steps, at least 1. Without constants the weight is that of Λ = κ = 1: state errors add up, and a unit
            of state error costs a unit of reward; a warning says so.
        weight: K itself, in place of all that. With gamma the scale is still that of the return.

    Returns:
        :class:`Weighting`.

    Raises:
        RequestError: if a value is out of range, or the request says too little or contradicts itself.

    Source: Lemma 1 and Theorem 1; finite horizon: this book.

    Example:
        >>> constants = Lipschitz(dynamics=0.5, reward=2.0, policy=0.0)
        >>> round(weighting(gamma=0.5, lipschitz=constants).weight, 12)
        1.333333333333
        >>> weighting(gamma=0.9, lipschitz=Lipschitz(dynamics=2.0, reward=1.0, policy=0.0)).warnings[0][:32]
        'the contraction γL_f(1 + L_π) = '
    """
    for name, value in (("gamma", gamma), ("horizon", horizon), ("weight", weight)):
        require(value is None or math.isfinite(value), f"{name} = {value} is not allowed: it must be finite")
    require(horizon is None or horizon >= 1, f"horizon = {horizon} is not allowed: at least 1 step")
    least = "[0, 1]" if horizon is not None else "[0, 1), or 1 with a horizon"
    fine = gamma is None or 0 <= gamma < 1 or (gamma == 1 and horizon is not None)
    require(fine, f"gamma = {gamma} is not allowed: it must lie in {least}; try 0.99")
    if weight is not None:
        require(weight >= 0, f"weight = {weight} is not allowed: it must not be negative")
        require(lipschitz is None, "a weight and Lipschitz constants are both given: give one or the other")
        return _given(weight, gamma, horizon)
    told = gamma is not None and (lipschitz is not None or horizon is not None)
    require(told, "nothing says how dynamics error weighs against reward error: give gamma with the three Lipschitz "
            "constants, or gamma with a horizon, or the weight itself")  # fmt: skip
    if lipschitz is None:
        note = (
            f"no Lipschitz constants: the weight is that of γ = {gamma:g} over {horizon} steps with L_f(1 + L_π) = "
            "L_r(1 + L_π) = 1, where state errors add up and one unit of state error costs one unit of reward"
        )
        return _finite(Lipschitz(dynamics=1.0, reward=1.0, policy=0.0), gamma, horizon, (note,))
    contraction = gamma * float(lipschitz.growth)
    if horizon is not None:
        note = (
            f"the contraction γL_f(1 + L_π) = {contraction:.3g} is not below 1: the weight is that of {horizon} steps"
        )
        return _finite(lipschitz, gamma, horizon, (note,) if contraction >= 1 else ())
    if contraction < 1:
        weight = float(dynamics_weight(lipschitz, gamma=gamma))
        return Weighting(weight, _discounts(gamma, None), "Lemma 1, infinite horizon")
    effective = max(1, math.ceil(1 / (1 - gamma) - 1e-9))
    note = (
        f"the contraction γL_f(1 + L_π) = {contraction:.3g} is not below 1, so Lemma 1 gives no bound: the weight is "
        f"that of the bound over the effective horizon of {effective} steps, 1/(1 − γ); give a horizon of your own"
    )
    return _finite(lipschitz, gamma, effective, (note,))


def _finite(lipschitz: Lipschitz, gamma: float, horizon: int, warnings: tuple[str, ...]) -> Weighting:
    weight = float(dynamics_weight(lipschitz, gamma=gamma, horizon=horizon))
    return Weighting(weight, _discounts(gamma, horizon), f"bound over {horizon} steps", warnings)


def _given(weight: float, gamma: float | None, horizon: int | None) -> Weighting:
    require(gamma is not None or horizon is None, "a horizon needs gamma too: give gamma, or leave the horizon out")
    if gamma is None:
        return Weighting(float(weight), 1.0, "given; the bound is an error per step")
    return Weighting(float(weight), _discounts(gamma, horizon), "given")


def _discounts(gamma: float, horizon: int | None) -> float:
    """The sum of the discounts: what a constant reward error of 1 adds up to."""
    still = Lipschitz(dynamics=0.0, reward=0.0, policy=0.0)
    return float(return_gap_bound(still, gamma=gamma, eps_dyn=0.0, eps_rew=1.0, horizon=horizon))
