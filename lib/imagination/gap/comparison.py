"""Lemma 1 beside its relatives on one pair of systems: which bound applies, which is tightest."""

from __future__ import annotations

import math
from dataclasses import dataclass

from imagination.gap.bounds import Lipschitz, return_gap_bound
from imagination.gap.branched_rollouts import mbpo_bound
from imagination.gap.relatives import (
    asadi_bound,
    check_total_variation,
    check_values,
    compounding_bound,
    kearns_singh_bound,
    lobel_parr_bound,
    value_aware_bound,
)

__all__ = ["Comparison", "combined_bound"]


def combined_bound(
    *, gamma: float, eps_rew: float, error: float, growth: float, sensitivity: float, total_variation: float,
    reward_range: float,
) -> float:  # fmt: skip
    """Charge each step the smaller of the two costs, Lipschitz or coupling.

    .. math:: \\frac{\\epsilon_{rew}}{1-\\gamma}+\\sum_t\\gamma^t\\min\\big(\\kappa\\delta_t,\\ R(1-(1-\\tau)^t)\\big)

    Never above Lemma 1, its bounded-reward form or :func:`lobel_parr_bound`, finite for every growth.

    Args:
        gamma: discount in [0, 1).
        eps_rew: sup of the reward error.
        error: Wasserstein distance (or sup norm) of one step.
        growth: :math:`\\Lambda`.
        sensitivity: :math:`\\kappa`.
        total_variation: :math:`\\tau` in [0, 1].
        reward_range: :math:`R`.

    Source: this book.

    Example:
        >>> round(combined_bound(gamma=0.9, eps_rew=0.0, error=0.01, growth=1.2, sensitivity=1.0, total_variation=0.1,
        ...                      reward_range=1.0), 4)
        2.7812
    """
    check_values(
        gamma=gamma, eps_rew=eps_rew, error=error, growth=growth, sensitivity=sensitivity, reward_range=reward_range
    )
    check_total_variation(total_variation)
    total, delta, together, discount = 0.0, 0.0, 1.0, 1.0
    # The rest of the sum is at most R discount / (1 - gamma) and is charged in full, so this stays an
    # upper bound.
    while reward_range * discount / (1 - gamma) > 1e-15 * max(total, 1e-300) and discount > 0:
        total += discount * min(sensitivity * delta, reward_range * (1 - together))
        delta, together, discount = growth * delta + error, together * (1 - total_variation), discount * gamma
        if sensitivity * delta == 0 or total_variation == 0:
            break
    else:
        total += reward_range * discount / (1 - gamma)
    return eps_rew / (1 - gamma) + total


@dataclass(frozen=True)
class Comparison:
    """What the bounds need to know of one pair of systems under one policy, and the gap that they bound.

    Attributes:
        gamma: discount.
        eps_rew: sup of the reward error.
        eps_dyn: Wasserstein distance of one step; the sup norm of Lemma 1 where the dynamics are deterministic or
            share their noise.
        total_variation: of one step, the supremum over states.
        mean_total_variation: of one step, the largest mean over the states visited at one time.
        lipschitz: joint constants of Lemma 1, sum metric.
        growth: Wasserstein-Lipschitz constant of the closed loop.
        sensitivity: Lipschitz constant of the reward under the policy.
        reward_range: of the true reward.
        value_lipschitz: of the true value function.
        value_loss: exact value-aware loss of the model.
        gap: exact absolute difference of the returns.
    """

    gamma: float
    eps_rew: float
    eps_dyn: float
    total_variation: float
    mean_total_variation: float
    lipschitz: Lipschitz
    growth: float
    sensitivity: float
    reward_range: float
    value_lipschitz: float
    value_loss: float
    gap: float

    def bounds(self) -> dict[str, float]:
        """Every bound by name; infinite where its assumptions do not hold.

        Source: this book.
        """
        common = {"gamma": self.gamma, "eps_rew": self.eps_rew}
        lipschitz = {"error": self.eps_dyn, "growth": self.lipschitz.growth, "weight": self.lipschitz.sensitivity}
        variation = {"total_variation": self.total_variation, "reward_range": self.reward_range}
        asadi = asadi_bound(
            gamma=self.gamma, wasserstein=self.eps_dyn, growth=self.growth, reward_lipschitz=self.sensitivity
        )
        # A reward range R is r_max = R/2 after a shift by a constant, which changes both returns alike.
        mbpo = mbpo_bound(
            gamma=self.gamma, reward_bound=self.reward_range / 2, eps_m=self.mean_total_variation, eps_pi=0.0
        )
        return {
            "Lemma 1": compounding_bound(**common, **lipschitz),
            "Lemma 1 (bounded)": return_gap_bound(
                self.lipschitz, eps_dyn=self.eps_dyn, reward_range=self.reward_range, **common
            ),
            "Asadi et al.": asadi if self.eps_rew == 0 else math.inf,
            "Kearns-Singh": kearns_singh_bound(**common, **variation),
            "Lobel-Parr": lobel_parr_bound(**common, **variation),
            "MBPO": mbpo if self.eps_rew == 0 else math.inf,
            "value-Lipschitz": value_aware_bound(**common, value_loss=_times(self.value_lipschitz, self.eps_dyn)),
            "value-aware": value_aware_bound(**common, value_loss=self.value_loss),
            "combined": combined_bound(
                **common, **variation, error=self.eps_dyn, growth=self.growth, sensitivity=self.sensitivity
            ),
        }


def _times(a: float, b: float) -> float:
    return 0.0 if b == 0 else a * b
