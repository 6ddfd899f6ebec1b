r"""Lemma 1's relatives: five bounds of the return gap that are one formula with different entries.

Each measures how far true and imagined state distribution are apart by one number :math:`\delta_t`, lets it grow by
:math:`\delta_{t+1}=\epsilon+\Lambda\delta_t` from :math:`\delta_0=0`, and charges :math:`w\,\delta_t` per step:

* Lemma 1: the sup norm of the model error, :math:`\Lambda=L_f(1+L_\pi)`, :math:`w=L_r(1+L_\pi)`.
* Asadi, Misra and Littman (2018): Wasserstein distance; Lipschitz constants of the kernel and of the reward.
* Kearns and Singh (2002), as used today: total variation, :math:`\Lambda=1`, range of the reward.
* Lobel and Parr (2024): total variation :math:`\tau`, :math:`\Lambda=1-\tau`, range of the reward.
* Value-aware (:func:`imagination.gap.value.value_aware_bound`): :math:`\Lambda=0`, Lipschitz constant of the value.

Beside them branched rollouts, short imagined continuations of real trajectories: Lemma 1's form in the Lipschitz
constants, and those of model-based policy optimisation (MBPO) in total variation, where :math:`\epsilon_m` is an
average over the data and no supremum. "Source: this book" marks a form that is derived here; the others are restated,
and tests check them against exact returns.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from imagination.checks import Floats, broadcast, discount, non_negative, number, plain, whole, wholes
from imagination.gap.bounds import return_gap_bound
from imagination.gap.error_sums import error_sums, geometric, times
from imagination.gap.lipschitz import Lipschitz, SeparateLipschitz, constants_of, contraction
from imagination.gap.value import value_aware_bound


def branched_gap_bound(
    lipschitz: Lipschitz | SeparateLipschitz,
    *,
    gamma: ArrayLike,
    eps_dyn: ArrayLike,
    eps_rew: ArrayLike,
    branch: ArrayLike,
) -> float | Floats:
    r"""Lemma 1 for rollouts of k imagined steps that branch from real states; finite for every growth.

    .. math:: \frac{\epsilon_{rew}}{1-\gamma}+\frac{\gamma\kappa\epsilon_{dyn}}{1-\gamma}\sum_{i<k}(\gamma\Lambda)^i

    The state at time :math:`t` has come :math:`\max(t-k,0)` real steps and :math:`\min(t,k)` imagined ones.
    :math:`k\to\infty` is :func:`imagination.gap.bounds.return_gap_bound`.

    Args:
        lipschitz: constants of one of the two systems.
        gamma: discount in [0, 1).
        eps_dyn: sup norm of the dynamics error.
        eps_rew: sup norm of the reward error.
        branch: number of imagined steps :math:`k\ge0`.

    Returns:
        The bound in units of the reward; arguments broadcast. Infinite only above 1e300.

    Raises:
        RequestError: if a value is outside its range.

    Source: this book.

    Example:
        >>> constants = Lipschitz(dynamics=1.5, reward=1.5, policy=0.0)
        >>> round(branched_gap_bound(constants, gamma=0.9, eps_dyn=0.01, eps_rew=0.0, branch=5), 6)
        1.343841
    """
    gamma, branch = discount(gamma, finite=False), wholes("branch", branch)
    eps_dyn, eps_rew = non_negative("eps_dyn", eps_dyn), non_negative("eps_rew", eps_rew)
    _, sensitivity = constants_of(lipschitz)
    broadcast(gamma=gamma, eps_dyn=eps_dyn, eps_rew=eps_rew, branch=branch, constants=sensitivity)
    sums, _ = error_sums(gamma, contraction(lipschitz, gamma), np.ones(()), branch)
    with np.errstate(over="ignore"):
        return plain((eps_rew + times(gamma * sensitivity * eps_dyn, sums.contractions)) / (1 - gamma))


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
    return _lemma_1(gamma, eps_rew=0.0, error=wasserstein, growth=growth, weight=reward_lipschitz)


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
    tau = _total_variation(total_variation)
    return _lemma_1(gamma, eps_rew=eps_rew, error=tau, growth=1.0, weight=reward_range)


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
    tau = _total_variation(total_variation)
    return _lemma_1(gamma, eps_rew=eps_rew, error=tau, growth=1 - tau, weight=reward_range)


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
    gamma, reward_bound = _discount(gamma), number("reward_bound", reward_bound, low=0, high=LARGEST)
    eps_m, eps_pi = _total_variation(eps_m, "eps_m"), _total_variation(eps_pi, "eps_pi")
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
    on_policy = branched_mbpo_on_policy_bound(
        gamma=gamma, reward_bound=reward_bound, eps_m=eps_m, eps_pi=eps_pi, branch=branch
    )
    return on_policy + 4 * reward_bound * eps_pi * (1 + branch) / (1 - gamma)


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
    gamma, reward_bound = _discount(gamma), number("reward_bound", reward_bound, low=0, high=LARGEST)
    eps_m, eps_pi, branch = (
        _total_variation(eps_m, "eps_m"),
        _total_variation(eps_pi, "eps_pi"),
        whole("branch", branch),
    )
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
        gamma: discount in [0, 0.9999]; the sum is added up term by term.
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
    gamma, tau = number("gamma", gamma, low=0, high=0.9999), _total_variation(total_variation)
    eps_rew, error, growth, sensitivity, reward_range = (
        number(name, value, low=0, high=LARGEST)
        for name, value in [("eps_rew", eps_rew), ("error", error), ("growth", growth), ("sensitivity", sensitivity),
                            ("reward_range", reward_range)]
    )  # fmt: skip
    first = min(sensitivity * error, reward_range * tau)  # the cost at t = 1; no later one is smaller
    if gamma * first == 0:
        return eps_rew / (1 - gamma)
    # What is left after the last term is charged in full and is below 1e-16 of the sum, so this stays an upper bound.
    last = math.ceil(
        (math.log(1e-16 * (1 - gamma)) + math.log(gamma) + math.log(first / reward_range)) / math.log(gamma)
    )
    t = np.arange(last + 1, dtype=np.float64)
    with np.errstate(over="ignore", divide="ignore"):
        lipschitz = sensitivity * error * geometric(growth, t)
        coupling = -reward_range * np.expm1(t * np.log1p(-tau)) if tau < 1 else reward_range * (t > 0)
    total = gamma**t @ np.minimum(lipschitz, coupling) + reward_range * gamma ** (last + 1) / (1 - gamma)
    return float(eps_rew / (1 - gamma) + total)


@dataclass(frozen=True)
class PairFacts:
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
        variation = {"total_variation": self.total_variation, "reward_range": self.reward_range}
        asadi = asadi_bound(
            gamma=self.gamma, wasserstein=self.eps_dyn, growth=self.growth, reward_lipschitz=self.sensitivity
        )
        # A reward range R is r_max = R/2 after a shift by a constant, which changes both returns alike.
        mbpo = mbpo_bound(
            gamma=self.gamma, reward_bound=self.reward_range / 2, eps_m=self.mean_total_variation, eps_pi=0.0
        )
        growth, sensitivity = constants_of(self.lipschitz)
        bounded = return_gap_bound(self.lipschitz, eps_dyn=self.eps_dyn, reward_range=self.reward_range, **common)
        loss, steep = self.value_lipschitz * self.eps_dyn, math.isinf(self.value_lipschitz)
        return {
            "Lemma 1": _lemma_1(**common, error=self.eps_dyn, growth=float(growth), weight=float(sensitivity)),
            "Lemma 1 (bounded)": float(bounded),
            "Asadi et al.": asadi if self.eps_rew == 0 else math.inf,
            "Kearns-Singh": kearns_singh_bound(**common, **variation),
            "Lobel-Parr": lobel_parr_bound(**common, **variation),
            "MBPO": mbpo if self.eps_rew == 0 else math.inf,
            "value-Lipschitz": math.inf if steep else float(value_aware_bound(**common, value_loss=loss)),
            "value-aware": float(value_aware_bound(**common, value_loss=self.value_loss)),
            "combined": combined_bound(
                **common, **variation, error=self.eps_dyn, growth=self.growth, sensitivity=self.sensitivity
            ),
        }

    def ratios(self) -> dict[str, float]:
        """Every bound divided by the exact gap, by name: 1 is equality."""
        return {name: bound / self.gap for name, bound in self.bounds().items()}


def tightest(ratios: Mapping[str, float], names: Iterable[str], *, within: float = 1e-3) -> list[str]:
    """The names whose ratio is the smallest, or larger by at most a part of it that means nothing.

    Args:
        ratios: bound over gap, by name.
        names: those that compete.
        within: relative difference that counts as a tie. Several relatives are one number computed in several ways, so
            a comparison to the last digit would be decided by rounding.

    Returns:
        The names in their order; none where all are infinite.

    Source: this book.

    Example:
        >>> tightest({"a": 2.0, "b": 1.0, "c": 1.0 + 1e-15}, ["a", "b", "c"])
        ['b', 'c']
    """
    names = list(names)
    best = min((ratios[name] for name in names), default=math.inf)
    return [name for name in names if math.isfinite(best) and ratios[name] <= best * (1 + within)]


LARGEST = 1e150
"""No entry of these closed forms may be larger, so that none of their products overflows."""


def _discount(gamma: float) -> float:
    return number("gamma", gamma, low=0, below=1)


def _total_variation(value: float, name: str = "total_variation") -> float:
    return number(name, value, low=0, high=1, unit="half a 1-norm of probabilities")


def _lemma_1(gamma: float, *, eps_rew: float, error: float, growth: float, weight: float) -> float:
    """Lemma 1 with the entries of a relative: infinite where its assumption fails, and not refused there."""
    gamma, eps_rew = _discount(gamma), number("eps_rew", eps_rew, low=0, high=LARGEST)
    growth, error, weight = (
        number(name, value, low=0, high=LARGEST)
        for name, value in [("growth", growth), ("error", error), ("weight", weight)]
    )
    if error * weight == 0:
        error = growth = 0.0
    elif gamma * growth >= 1:
        return math.inf
    constants = Lipschitz(dynamics=growth, reward=weight, policy=0.0)
    return float(return_gap_bound(constants, gamma=gamma, eps_dyn=error, eps_rew=eps_rew))
