"""Lemma 1's relatives: five bounds of the return gap that are one formula with different entries.

Each measures how far true and imagined state distribution are apart by one number :math:`\\delta_t`, lets it grow by
:math:`\\delta_{t+1}=\\epsilon+\\Lambda\\delta_t` from :math:`\\delta_0=0`, and charges :math:`w\\,\\delta_t` per step:

* Lemma 1: the sup norm of the model error, :math:`\\Lambda=L_f(1+L_\\pi)`, :math:`w=L_r(1+L_\\pi)`.
* Asadi, Misra and Littman (2018): Wasserstein distance; Lipschitz constants of the kernel and of the reward.
* Kearns and Singh (2002), as used today: total variation, :math:`\\Lambda=1`, range of the reward.
* Lobel and Parr (2024): total variation :math:`\\tau`, :math:`\\Lambda=1-\\tau`, range of the reward.
* Value-aware: Wasserstein distance, :math:`\\Lambda=0`, Lipschitz constant of the value.

"Source: this book" marks a form that is derived here; the others are restated, and tests check them against exact
returns.
"""

from __future__ import annotations

import math

from imagination.errors import require

__all__ = [
    "asadi_bound",
    "compounding_bound",
    "kearns_singh_bound",
    "lobel_parr_bound",
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
