"""Lemma 1's relatives: five bounds of the return gap that are one formula with different entries.

Each measures how far true and imagined state distribution are apart by one number :math:`\\delta_t`, lets it grow by
:math:`\\delta_{t+1}=\\epsilon+\\Lambda\\delta_t` from :math:`\\delta_0=0`, and charges :math:`w\\,\\delta_t` per step:

* Lemma 1: the sup norm of the model error, :math:`\\Lambda=L_f(1+L_\\pi)`, :math:`w=L_r(1+L_\\pi)`.
* Asadi, Misra and Littman (2018): Wasserstein distance; Lipschitz constants of the kernel and of the reward.
* Kearns and Singh (2002), as used today: total variation, :math:`\\Lambda=1`, range of the reward.
* Lobel and Parr (2024): total variation :math:`\tau`, :math:`\\Lambda=1-\tau`, range of the reward.
* Value-aware: Wasserstein distance, :math:`\\Lambda=0`, Lipschitz constant of the value.

"Source: this book" marks a form that is derived here; the others are restated, and tests check them against exact
returns.

Branched rollouts: short imagined continuations of real trajectories, after model-based policy optimisation (MBPO).

The bounds are in total variation; :math:`\\epsilon_m` is an average over the data, not a supremum. Their Lipschitz
counterpart is
:func:`imagination.gap.relatives.compounding_bound` with ``branch``.

Lemma 1 beside its relatives on one pair of systems: which bound applies, which is tightest.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from imagination.errors import require
from imagination.gap.bounds import Lipschitz, return_gap_bound

__all__ = [
    "Comparison",
    "asadi_bound",
    "branched_mbpo_bound",
    "branched_mbpo_on_policy_bound",
    "combined_bound",
    "compounding_bound",
    "kearns_singh_bound",
    "lobel_parr_bound",
    "mbpo_bound",
    "value_aware_bound",
]


def compounding_bound(
    *, gamma: float, eps_rew: float, error: float, growth: float, weight: float, branch: int | None = None
) -> float:
    """The formula that the relatives share, for rollouts of any length and for branched rollouts.

    .. math:: \\frac{\\epsilon_{rew}}{1-\\gamma}+\\frac{\\gamma w\\epsilon}{1-\\gamma}\\sum_{i<k}(\\gamma\\Lambda)^i

    With ``branch=None`` (:math:`k=\\infty`) the imagined path starts with the real one and is never corrected: Lemma
    1 and its relatives.
    With a branch length :math:`k` the state at time :math:`t` has come :math:`\\max(t-k,0)` real and
    :math:`\\min(t,k)` imagined steps, as in
    branched rollouts: the sum is finite for every growth.

    Args:
        gamma: discount in [0, 1).
        eps_rew: :math:`\\epsilon_{rew}\\ge0`, in units of the reward.
        error: one-step error :math:`\\epsilon\\ge0`, in units of the distance.
        growth: :math:`\\Lambda\\ge0`, no unit.
        weight: :math:`w\\ge0`, reward per unit of distance.
        branch: number of imagined steps :math:`k\\ge0`, or None for :math:`\\infty`.

    Returns:
        The bound in units of the reward; infinite where ``branch`` is None, :math:`\\gamma\\Lambda\\ge1` and
        :math:`w\\epsilon>0`.

    Raises:
        RequestError: if a value is outside its range.

    Source: this book.

    Example:
        >>> arguments = dict(gamma=0.9, eps_rew=0.0, error=0.01, weight=1.5)
        >>> round(compounding_bound(**arguments, growth=0.75), 9)
        0.415384615
        >>> compounding_bound(**arguments, growth=1.5), round(compounding_bound(**arguments, growth=1.5, branch=5), 6)
        (inf, 1.343841)
    """
    check_values(gamma=gamma, eps_rew=eps_rew, error=error, growth=growth, weight=weight)
    require(
        branch is None or (isinstance(branch, int) and branch >= 0),
        f"branch = {branch!r} is not allowed: give a number of steps, 0 or more, or None for no branching",
    )
    contraction = gamma * growth
    if weight * error == 0 or branch == 0:
        steps = 0.0
    elif branch is None:
        steps = 1 / (1 - contraction) if contraction < 1 else math.inf
    elif contraction == 1:
        steps = branch
    else:
        try:
            steps = math.expm1(branch * math.log(contraction)) / (contraction - 1) if contraction > 0 else 1.0
        except OverflowError:
            steps = math.inf
    return (eps_rew + (gamma * weight * error * steps if steps else 0.0)) / (1 - gamma)


def asadi_bound(*, gamma: float, wasserstein: float, growth: float, reward_lipschitz: float) -> float:
    """Value error of a Lipschitz model with the true reward:
    :math:`\\gamma K_R\\Delta/((1-\\gamma)(1-\\gamma\\bar K))`.

    Stated for one action and a reward of the state alone, hence for the chain that a fixed policy closes.

    Args:
        gamma: discount in [0, 1).
        wasserstein: :math:`\\Delta`, largest 1-Wasserstein distance of the two next-state distributions, in units of
            the state.
        growth: :math:`\\bar K`, the smaller of the two kernels' Wasserstein-Lipschitz constants.
        reward_lipschitz: :math:`K_R`, of the reward under the policy.

    Returns:
        The bound; infinite where :math:`\\gamma\\bar K\\ge1`, outside the theorem.

    Source: Asadi, Misra and Littman (2018), Theorem 2.

    Example:
        >>> round(asadi_bound(gamma=0.9, wasserstein=0.01, growth=0.75, reward_lipschitz=1.5), 9)
        0.415384615
    """
    return compounding_bound(gamma=gamma, eps_rew=0.0, error=wasserstein, growth=growth, weight=reward_lipschitz)


def kearns_singh_bound(*, gamma: float, eps_rew: float, total_variation: float, reward_range: float) -> float:
    """The simulation lemma in the discounted form that is used today.

    .. math:: \\frac{\\epsilon_{rew}}{1-\\gamma}+\\frac{\\gamma\\,\\tau R}{(1-\\gamma)^2}

    Kearns and Singh state it for transition probabilities that are accurate entry by entry, and for returns over
    finitely many steps. The discounted form follows from
    :math:`V-\\hat V=(I-\\gamma\\hat P)^{-1}[r-\\hat r+\\gamma(P-\\hat P)V]`.

    Args:
        gamma: discount in [0, 1).
        eps_rew: sup of the reward error.
        total_variation: :math:`\\tau`, the largest total variation distance (half the 1-norm) of next-state
            distributions, in [0, 1].
        reward_range: :math:`R=\\sup r-\\inf r` of the true reward.

    Source: Kearns and Singh (2002), Lemma 4; discounted form: folklore, re-derived in this book.

    Example:
        >>> round(kearns_singh_bound(gamma=0.9, eps_rew=0.0, total_variation=0.01, reward_range=1.0), 9)
        0.9
    """
    check_total_variation(total_variation)
    return compounding_bound(gamma=gamma, eps_rew=eps_rew, error=total_variation, growth=1.0, weight=reward_range)


def lobel_parr_bound(*, gamma: float, eps_rew: float, total_variation: float, reward_range: float) -> float:
    """The tight simulation lemma: two paths that have parted cannot part again.

    .. math:: \\frac{\\epsilon_{rew}}{1-\\gamma}+\\frac{\\gamma\\,\\tau R}{(1-\\gamma)(1-\\gamma(1-\\tau))}

    Args:
        gamma: discount in [0, 1).
        eps_rew: sup of the reward error.
        total_variation: :math:`\\tau` in [0, 1].
        reward_range: :math:`R` of the true reward; the learned reward may leave it by ``eps_rew``.

    Source: Lobel and Parr (2024), in our notation; re-derived in this book by a coupling, and attained by a chain of
        two states.

    Example:
        >>> round(lobel_parr_bound(gamma=0.9, eps_rew=0.0, total_variation=0.01, reward_range=1.0), 9)
        0.825688073
        >>> round(lobel_parr_bound(gamma=0.9, eps_rew=0.0, total_variation=1.0, reward_range=1.0), 9)  # nothing known
        9.0
    """
    check_total_variation(total_variation)
    return compounding_bound(
        gamma=gamma, eps_rew=eps_rew, error=total_variation, growth=1 - total_variation, weight=reward_range
    )


def value_aware_bound(*, gamma: float, eps_rew: float, value_loss: float) -> float:
    """:math:`(\\epsilon_{rew}+\\gamma\\epsilon_V)/(1-\\gamma)`: errors that do not change the value do not count.

    Args:
        gamma: discount in [0, 1).
        eps_rew: sup of the reward error.
        value_loss: :math:`\\epsilon_V=\\sup_{s,a}|\\mathbb E_PV-\\mathbb E_{\\hat P}V|` for the value V of the
            policy, or a bound of it:
            :math:`L_V\\cdot` (Wasserstein distance), or :math:`\\mathrm{span}(V)\\cdot` (total variation).

    Source: the loss of Farahmand, Barreto and Nikovski (2017), with a supremum over states in place of their mean
        square; the two bounds
    of it are Kantorovich duality (Asadi et al. 2018) and the definition of total variation. The return bound: this
    book.

    Example:
        >>> round(value_aware_bound(gamma=0.9, eps_rew=0.001, value_loss=0.02), 9)
        0.19
    """
    return compounding_bound(gamma=gamma, eps_rew=eps_rew, error=value_loss, growth=0.0, weight=1.0)


def check_values(*, gamma: float, **values: float) -> None:
    """Refuse a discount outside [0, 1) and a negative or NaN value, by name."""
    require(
        0 <= gamma < 1,
        f"gamma = {gamma!r} is not allowed: these bounds are for infinite horizons; it must lie in [0, 1)",
    )
    for name, value in values.items():
        require(value >= 0 and not math.isnan(value), f"{name} = {value!r} is not allowed: it must be 0 or more")


def check_total_variation(*values: float) -> None:
    """Refuse what is no total variation distance."""
    for value in values:
        require(
            0 <= value <= 1, f"total variation {value!r} is not allowed: half a 1-norm of probabilities lies in [0, 1]"
        )


def mbpo_bound(*, gamma: float, reward_bound: float, eps_m: float, eps_pi: float) -> float:
    """Model-based policy optimisation, full model rollouts.

    .. math:: \\frac{2\\gamma r_{max}(\\epsilon_m+2\\epsilon_\\pi)}{(1-\\gamma)^2}
              +\\frac{4r_{max}\\epsilon_\\pi}{1-\\gamma}

    Args:
        gamma: discount in [0, 1).
        reward_bound: :math:`r_{max}\\ge\\sup|r|`; the reward is the same in both systems.
        eps_m: largest over t of the mean total variation of the model, states drawn from the data-collecting policy
            at time t.
        eps_pi: largest total variation between the policy and the data-collecting one.

    Source: Janner, Fu, Zhang and Levine (2019), Theorem 4.1.

    Example:
        >>> round(mbpo_bound(gamma=0.9, reward_bound=0.5, eps_m=0.01, eps_pi=0.0), 9)
        0.9
    """
    check_values(gamma=gamma, reward_bound=reward_bound)
    check_total_variation(eps_m, eps_pi)
    return 2 * reward_bound * (gamma * (eps_m + 2 * eps_pi) / (1 - gamma) ** 2 + 2 * eps_pi / (1 - gamma))


def branched_mbpo_bound(*, gamma: float, reward_bound: float, eps_m: float, eps_pi: float, branch: int) -> float:
    """Branched rollouts of k steps, model error known under the data-collecting policy.

    .. math:: 2r_{max}\\Big[\\frac{\\gamma^{k+1}\\epsilon_\\pi}{(1-\\gamma)^2}
              +\\frac{\\gamma^k+2}{1-\\gamma}\\epsilon_\\pi
              +\\frac{k}{1-\\gamma}(\\epsilon_m+2\\epsilon_\\pi)\\Big]

    Args:
        gamma: discount in [0, 1).
        reward_bound: :math:`r_{max}`.
        eps_m: as in :func:`mbpo_bound`.
        eps_pi: as in :func:`mbpo_bound`.
        branch: number of imagined steps :math:`k\\ge0`.

    Source: Janner, Fu, Zhang and Levine (2019), Theorem 4.2.

    Example:
        >>> round(branched_mbpo_bound(gamma=0.9, reward_bound=0.5, eps_m=0.01, eps_pi=0.0, branch=5), 9)
        0.5
    """
    return branched_mbpo_on_policy_bound(
        gamma=gamma, reward_bound=reward_bound, eps_m=eps_m, eps_pi=eps_pi, branch=branch
    ) + 4 * reward_bound * eps_pi * (1 + branch) / (1 - gamma)


def branched_mbpo_on_policy_bound(
    *, gamma: float, reward_bound: float, eps_m: float, eps_pi: float, branch: int
) -> float:
    """Branched rollouts of k steps, model error :math:`\\epsilon_m'` known under the policy that is evaluated.

    .. math:: 2r_{max}\\Big[\\frac{\\gamma^{k+1}\\epsilon_\\pi}{(1-\\gamma)^2}
              +\\frac{\\gamma^k}{1-\\gamma}\\epsilon_\\pi
              +\\frac{k}{1-\\gamma}\\epsilon_m'\\Big]

    Args:
        gamma: discount in [0, 1).
        reward_bound: :math:`r_{max}`.
        eps_m: :math:`\\epsilon_m'`, mean total variation with states drawn from the evaluated policy.
        eps_pi: as in :func:`mbpo_bound`.
        branch: number of imagined steps :math:`k\\ge0`.

    Source: Janner, Fu, Zhang and Levine (2019), Theorem 4.3.

    Example:
        >>> round(branched_mbpo_on_policy_bound(gamma=0.9, reward_bound=0.5, eps_m=0.01, eps_pi=0.1, branch=0), 9)
        10.0
    """
    check_values(gamma=gamma, reward_bound=reward_bound, branch=branch)
    check_total_variation(eps_m, eps_pi)
    drift = gamma**branch * eps_pi * (gamma / (1 - gamma) + 1)
    return 2 * reward_bound * (drift + branch * eps_m) / (1 - gamma)


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
