"""The weight of dynamics error against reward error: from constants, from a horizon, or given (Equation 1, Theorem 1).

A weight K and a scale S turn two error norms into the bound: ``bound = S * (K * eps_dyn + eps_rew)``. K itself is
:func:`~imagination.gap.lipschitz.dynamics_weight`; here is decided which K a request means, and what to say about it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from imagination.checks import discount, instance, number, whole
from imagination.errors import RequestError, require
from imagination.gap.bounds import return_gap_bound
from imagination.gap.lipschitz import Lipschitz, dynamics_weight

ADDS_UP = Lipschitz(dynamics=1.0, reward=1.0, policy=0.0)
"""Λ = κ = 1: state errors add up, and a unit of state error costs a unit of reward."""


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
        lipschitz: constants of dynamics, reward and policy; numbers, not arrays.
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
    horizon = None if horizon is None else whole("horizon", horizon, low=1)
    if gamma is not None:
        gamma = number("gamma", gamma)
        discount(gamma, finite=horizon is not None)
    if weight is not None:
        weight = number("weight", weight, low=0)
        require(lipschitz is None, "a weight and Lipschitz constants are both given: give one or the other")
        require(gamma is not None or horizon is None, "a horizon needs gamma too: give gamma, or leave the horizon out")
        if gamma is None:
            return Weighting(weight, 1.0, "given; the bound is an error per step")
        return Weighting(weight, _scale(gamma, horizon), "given")
    if gamma is None or (lipschitz is None and horizon is None):
        raise RequestError(
            "nothing says how dynamics error weighs against reward error: give gamma with the three Lipschitz "
            "constants, or gamma with a horizon, or the weight itself"
        )
    if lipschitz is None:
        note = (
            f"no Lipschitz constants: the weight is that of γ = {gamma:g} over {horizon} steps with L_f(1 + L_π) = "
            "L_r(1 + L_π) = 1, where state errors add up and one unit of state error costs one unit of reward"
        )
        return _finite(ADDS_UP, gamma, horizon, note)
    contraction = gamma * number("L_f(1 + L_π)", instance("lipschitz", lipschitz, Lipschitz).growth)
    number("L_r(1 + L_π)", lipschitz.sensitivity)
    if horizon is not None:
        note = (
            f"the contraction γL_f(1 + L_π) = {contraction:.3g} is not below 1: the weight is that of {horizon} steps"
        )
        return _finite(lipschitz, gamma, horizon, note if contraction >= 1 else None)
    if contraction < 1:
        return Weighting(float(dynamics_weight(lipschitz, gamma=gamma)), _scale(gamma), "Lemma 1, infinite horizon")
    effective = max(1, math.ceil(1 / (1 - gamma) - 1e-9))
    note = (
        f"the contraction γL_f(1 + L_π) = {contraction:.3g} is not below 1, so Lemma 1 gives no bound: the weight is "
        f"that of the bound over the effective horizon of {effective} steps, 1/(1 − γ); give a horizon of your own"
    )
    return _finite(lipschitz, gamma, effective, note)


def _finite(lipschitz: Lipschitz, gamma: float, horizon: int | None, warning: str | None) -> Weighting:
    weight = float(dynamics_weight(lipschitz, gamma=gamma, horizon=horizon))
    warnings = () if warning is None else (warning,)
    return Weighting(weight, _scale(gamma, horizon), f"bound over {horizon} steps", warnings)


def _scale(gamma: float, horizon: int | None = None) -> float:
    """The sum of the discounts: the bound that a reward error of 1 has alone."""
    nothing = Lipschitz(dynamics=0.0, reward=0.0, policy=0.0)
    return float(return_gap_bound(nothing, gamma=gamma, eps_dyn=0.0, eps_rew=1.0, horizon=horizon))
