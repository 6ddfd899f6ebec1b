"""Branched rollouts: short imagined continuations of real trajectories, after model-based policy optimisation (MBPO).

The bounds are in total variation; :math:`\\epsilon_m` is an average over the data, not a supremum. Their Lipschitz
counterpart is
:func:`imagination.gap.relatives.compounding_bound` with ``branch``.
"""

from __future__ import annotations

from imagination.gap.relatives import check_total_variation, check_values

__all__ = ["branched_mbpo_bound", "branched_mbpo_on_policy_bound", "mbpo_bound"]


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
