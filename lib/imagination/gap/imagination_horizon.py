r"""How long to imagine before handing over to a critic.

Roll :math:`k` imagined steps, then add :math:`\gamma^k\hat V(\hat s_k)` with a critic within :math:`\epsilon_V`
of the true value. The error is at most

.. math:: E(k)=\epsilon_{rew}S_k+\kappa\epsilon_{dyn}D_k+\gamma^k(\epsilon_V+L_V\delta_k),

and the step from :math:`k` to :math:`k+1` changes it by

.. math:: \gamma^k\big[\epsilon_{rew}+\gamma L_V\epsilon_{dyn}-(1-\gamma)\epsilon_V
          +(\kappa-L_V(1-\gamma\Lambda))\,\delta_k\big].

The bracket grows with :math:`k`, so the best horizon is the first at which it is not negative.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from imagination.errors import require
from imagination.gap.bounds import return_gap_bound
from imagination.gap.error_sums import error_sums
from imagination.gap.lipschitz import Lipschitz, SeparateLipschitz
from imagination.ranges import broadcast, discount, non_negative, plain, whole

__all__ = ["critic_gap_bound", "optimal_imagination_horizon"]


def critic_gap_bound(
    lipschitz: Lipschitz | SeparateLipschitz,
    *,
    gamma: ArrayLike,
    eps_dyn: ArrayLike,
    eps_rew: ArrayLike,
    eps_value: ArrayLike,
    value_lipschitz: ArrayLike | None = None,
    steps: ArrayLike,
) -> float | np.ndarray:
    r"""The bound :math:`E(k)` of :math:`|V(s_0)-\hat V_k(s_0)|` after ``steps`` imagined steps and a terminal critic.

    Args:
        lipschitz: constants of the true maps.
        gamma: discount in [0, 1).
        eps_dyn: :math:`\sup\|\hat f-f\|`.
        eps_rew: :math:`\sup|\hat r-r|`.
        eps_value: :math:`\epsilon_V=\sup|\hat V-V|`, in units of the reward.
        value_lipschitz: :math:`L_V`. None: the generic :math:`\kappa/(1-\gamma\Lambda)`, which needs
            :math:`\gamma\Lambda<1`.
        steps: :math:`k\ge0`.

    Returns:
        The bound; arguments broadcast.

    Raises:
        RequestError: if a value is outside its range.

    Source: this book.

    Example:
        >>> constants = Lipschitz(dynamics=1.0, reward=1.0, policy=0.2)
        >>> arguments = dict(gamma=0.95, eps_dyn=0.01, eps_rew=0.01, eps_value=2.0, value_lipschitz=3.0)
        >>> [round(critic_gap_bound(constants, **arguments, steps=k), 3) for k in (0, 3, 6)]
        [2.0, 1.872, 1.936]
    """
    gamma, eps_dyn, L_V, eps_value = _checked(lipschitz, gamma, eps_dyn, eps_value, value_lipschitz)
    steps = whole("steps", steps)
    imagined = return_gap_bound(lipschitz, gamma=gamma, eps_dyn=eps_dyn, eps_rew=eps_rew, horizon=steps)
    sums, _ = error_sums(gamma, lipschitz._growth(), 1.0, steps)
    with np.errstate(over="ignore", invalid="ignore"):
        drift = np.where(L_V * eps_dyn > 0, L_V * eps_dyn * sums.drift.value, 0.0)
    return plain(imagined + sums.discount.value * eps_value + drift)


def optimal_imagination_horizon(
    lipschitz: Lipschitz | SeparateLipschitz,
    *,
    gamma: ArrayLike,
    eps_dyn: ArrayLike,
    eps_rew: ArrayLike,
    eps_value: ArrayLike,
    value_lipschitz: ArrayLike | None = None,
) -> float | np.ndarray:
    r"""The number of imagined steps that minimises :math:`E(k)`; the smallest one where several do.

    .. math:: k^*=\min\{k:\delta_k\ge X\},\qquad
              X=\frac{(1-\gamma)\epsilon_V-\epsilon_{rew}-\gamma L_V\epsilon_{dyn}}{\kappa-L_V(1-\gamma\Lambda)}

    With the generic :math:`L_V` the denominator is zero and the answer is all or nothing: never stop if the
    critic is worse than the bound of Lemma 1, else do not begin. A measured :math:`L_V` above the generic one
    is replaced by it.

    Args:
        lipschitz: constants of the true maps.
        gamma: discount in [0, 1).
        eps_dyn: :math:`\sup\|\hat f-f\|`.
        eps_rew: :math:`\sup|\hat r-r|`.
        eps_value: :math:`\sup|\hat V-V|`.
        value_lipschitz: :math:`L_V`. None: the generic one, which needs :math:`\gamma\Lambda<1`.

    Returns:
        :math:`k^*` as a float, ``inf`` for "never hand over"; arguments broadcast.

    Raises:
        RequestError: if a value is outside its range.

    Source: this book.

    Example:
        >>> constants = Lipschitz(dynamics=1.0, reward=1.0, policy=0.2)
        >>> arguments = dict(gamma=0.95, eps_dyn=0.01, eps_rew=0.01, eps_value=2.0)
        >>> optimal_imagination_horizon(constants, **arguments, value_lipschitz=3.0)
        4.0
        >>> optimal_imagination_horizon(Lipschitz(dynamics=0.8, reward=1.0, policy=0.2), **arguments)  # bound 2.8 > 2
        0.0
    """
    gamma, eps_dyn, L_V, eps_value = _checked(lipschitz, gamma, eps_dyn, eps_value, value_lipschitz)
    eps_rew = non_negative("eps_rew", eps_rew)
    growth, sensitivity = np.asarray(lipschitz.growth), np.asarray(lipschitz.sensitivity)
    shape = broadcast(gamma=gamma, eps_dyn=eps_dyn, eps_rew=eps_rew, eps_value=eps_value, value_lipschitz=L_V,
                      growth=growth, sensitivity=sensitivity)  # fmt: skip
    gamma, eps_dyn, L_V, growth, sensitivity = (
        np.broadcast_to(a, shape) for a in (gamma, eps_dyn, L_V, growth, sensitivity)
    )
    gain = (1 - gamma) * eps_value - eps_rew - gamma * L_V * eps_dyn  # of the first step
    slope = sensitivity - L_V * (1 - gamma * growth)
    generic = slope <= 1e-12 * sensitivity
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        X = np.where(generic, np.inf, gain / np.where(generic, 1.0, slope))
        guess = _steps_to_reach(X, eps_dyn, growth)
        earlier = np.maximum(guess - 1, 0)  # the logarithm may be a rounding error too high
        steps = np.where(_drift(earlier, eps_dyn, growth) >= X, earlier, guess)
    return plain(np.where(gain <= 0, 0.0, np.where(eps_dyn > 0, steps, np.inf)))


def _steps_to_reach(X: np.ndarray, eps_dyn: np.ndarray, growth: np.ndarray) -> np.ndarray:
    """Smallest k with drift k at least X > 0, up to rounding."""
    ratio = X / eps_dyn
    reached = np.log1p((growth - 1) * ratio) / np.log(growth)
    steps = np.where(growth == 1, np.ceil(ratio), np.ceil(reached))
    out_of_reach = (growth < 1) & ((1 - growth) * ratio >= 1)
    return np.where(growth == 0, np.where(ratio <= 1, 1.0, np.inf), np.where(out_of_reach, np.inf, steps))


def _drift(k: np.ndarray, eps_dyn: np.ndarray, growth: np.ndarray) -> np.ndarray:
    closed = np.where(growth == 1, k, np.expm1(k * np.log(growth)) / (growth - 1))
    return eps_dyn * np.where(growth == 0, np.minimum(k, 1.0), closed)


def _checked(lipschitz, gamma, eps_dyn, eps_value, value_lipschitz) -> tuple[np.ndarray, ...]:
    gamma, eps_dyn = discount(gamma, finite=False), non_negative("eps_dyn", eps_dyn)
    room = 1 - gamma * np.asarray(lipschitz.growth)
    with np.errstate(divide="ignore", invalid="ignore"):
        generic = np.where(room > 0, lipschitz.sensitivity / room, np.inf)
    if value_lipschitz is None:
        require(
            (room > 0).all(),
            "gamma L_f (1 + L_pi) is 1 or more, where the generic Lipschitz constant of the value is infinite; give a"
            " measured value_lipschitz=",
        )
        L_V = generic
    else:
        L_V = np.minimum(non_negative("value_lipschitz", value_lipschitz), generic)
    return gamma, eps_dyn, L_V, non_negative("eps_value", eps_value)
