r"""The value-Lipschitz form of Lemma 1, the multi-step constants behind it, and how long to imagine before a critic.

The proof needs one property of the true system only: how much the value changes with the state. With
:math:`L_V=\mathrm{Lip}(V^\pi)`

.. math:: |J-\hat J|\le\frac{1}{1-\gamma}\big[\epsilon_{rew}+\gamma L_V\,\epsilon_{dyn}\big],

provided :math:`\gamma^TV(\hat s_T)\to0` along the imagined path. Lemma 1 is
:math:`L_V\le\kappa/(1-\gamma\Lambda)`. Looking several steps of the closed loop :math:`F(s)=f(s,\pi(s))` ahead
gives :math:`L_V\le\kappa_{cl}\sum_k\gamma^k\mathrm{Lip}(F^k)`, which is finite for every stable linear closed
loop, also where :math:`\gamma\Lambda\ge1`.

A critic within :math:`\epsilon_V` of the true value may take over after :math:`k` imagined steps: the return is then
estimated by them and :math:`\gamma^k\hat V(\hat s_k)`. The error is at most

.. math:: E(k)=\epsilon_{rew}S_k+\kappa\epsilon_{dyn}D_k+\gamma^k(\epsilon_V+L_V\delta_k),

and the step from :math:`k` to :math:`k+1` changes it by

.. math:: \gamma^k\big[\epsilon_{rew}+\gamma L_V\epsilon_{dyn}-(1-\gamma)\epsilon_V
          +(\kappa-L_V(1-\gamma\Lambda))\,\delta_k\big].

The bracket grows with :math:`k`, so the best horizon is the first at which it is not negative.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from imagination.checks import Floats, broadcast, discount, non_negative, number, numbers, plain, whole, wholes
from imagination.errors import require
from imagination.gap.bounds import return_gap_bound
from imagination.gap.error_sums import error_sums, times
from imagination.gap.lipschitz import Lipschitz, SeparateLipschitz, constants_of, contraction, room


def critic_gap_bound(
    lipschitz: Lipschitz | SeparateLipschitz,
    *,
    gamma: ArrayLike,
    eps_dyn: ArrayLike,
    eps_rew: ArrayLike,
    eps_value: ArrayLike,
    value_lipschitz: ArrayLike | None = None,
    steps: ArrayLike,
) -> float | Floats:
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
    steps = wholes("steps", steps)
    broadcast(
        gamma=gamma,
        eps_dyn=eps_dyn,
        eps_rew=non_negative("eps_rew", eps_rew),
        eps_value=eps_value,
        value_lipschitz=L_V,
        steps=steps,
    )
    imagined = return_gap_bound(lipschitz, gamma=gamma, eps_dyn=eps_dyn, eps_rew=eps_rew, horizon=steps)
    sums, _ = error_sums(gamma, contraction(lipschitz, gamma), np.ones(()), steps)
    with np.errstate(over="ignore", under="ignore"):
        return plain(imagined + sums.discount * eps_value + times(L_V * eps_dyn, sums.drift))


def optimal_imagination_horizon(
    lipschitz: Lipschitz | SeparateLipschitz,
    *,
    gamma: ArrayLike,
    eps_dyn: ArrayLike,
    eps_rew: ArrayLike,
    eps_value: ArrayLike,
    value_lipschitz: ArrayLike | None = None,
) -> float | Floats:
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
    growth, sensitivity = constants_of(lipschitz)
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


def _steps_to_reach(X: Floats, eps_dyn: Floats, growth: Floats) -> Floats:
    """Smallest k with drift k at least X > 0, up to rounding."""
    ratio = X / eps_dyn
    reached = np.log1p((growth - 1) * ratio) / np.log(growth)
    steps = np.where(growth == 1, np.ceil(ratio), np.ceil(reached))
    out_of_reach = (growth < 1) & ((1 - growth) * ratio >= 1)
    return np.where(growth == 0, np.where(ratio <= 1, 1.0, np.inf), np.where(out_of_reach, np.inf, steps))


def _drift(k: Floats, eps_dyn: Floats, growth: Floats) -> Floats:
    closed = np.where(growth == 1, k, np.expm1(k * np.log(growth)) / (growth - 1))
    return eps_dyn * np.where(growth == 0, np.minimum(k, 1.0), closed)


def _checked(
    lipschitz: Lipschitz | SeparateLipschitz,
    gamma: ArrayLike,
    eps_dyn: ArrayLike,
    eps_value: ArrayLike,
    value_lipschitz: ArrayLike | None,
) -> tuple[Floats, Floats, Floats, Floats]:
    gamma, eps_dyn = discount(gamma, finite=False), non_negative("eps_dyn", eps_dyn)
    _, sensitivity = constants_of(lipschitz)
    broadcast(gamma=gamma, constants=sensitivity)
    rounded, rest = contraction(lipschitz, gamma)
    left = (1 - rounded) - rest
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        generic = np.where(left > 0, sensitivity / left, np.inf)
    if value_lipschitz is None:
        require(
            (left > 0).all(),
            "gamma L_f (1 + L_pi) is 1 or more, where the generic Lipschitz constant of the value is infinite; give a"
            " measured value_lipschitz=",
        )
        L_V = generic
    else:
        measured = non_negative("value_lipschitz", value_lipschitz)
        broadcast(value_lipschitz=measured, constants=generic)
        L_V = np.minimum(measured, generic)
    return gamma, eps_dyn, L_V, non_negative("eps_value", eps_value)


def value_lipschitz(lipschitz: Lipschitz | SeparateLipschitz, *, gamma: ArrayLike) -> float | Floats:
    r"""The generic :math:`L_V\le\kappa/(1-\gamma\Lambda)`.

    Args:
        lipschitz: constants of the system whose value is meant.
        gamma: discount in [0, 1). At 0 the value is the reward, and the constant :math:`\kappa`.

    Returns:
        The constant, in units of reward per unit of state.

    Raises:
        RequestError: if :math:`\gamma\Lambda\ge1`.

    Source: the geometric series of Appendix B.1.

    Example:
        >>> round(value_lipschitz(Lipschitz(dynamics=0.5, reward=1.0, policy=0.0), gamma=0.5), 9)
        1.333333333
    """
    gamma = discount(gamma, finite=False)
    _, sensitivity = constants_of(lipschitz)
    broadcast(gamma=gamma, constants=sensitivity)
    with np.errstate(over="ignore"):
        return plain(sensitivity / room(lipschitz, gamma))


def linear_step_constants(closed_loop: ArrayLike, steps: int) -> Floats:
    r"""Lipschitz constants of :math:`F^k` for a linear closed loop: the norms :math:`\|A_{cl}^k\|_2`.

    Args:
        closed_loop: :math:`A_{cl}=A+BK`, ``(d_s, d_s)``.
        steps: the largest power, 1 or more.

    Returns:
        ``(steps + 1,)``, beginning with 1.

    Raises:
        RequestError: if the matrix is not square and finite, or steps is below 1.

    Source: this book.

    Example:
        >>> linear_step_constants([[0.0, 2.0], [0.0, 0.0]], 3).tolist()
        [1.0, 2.0, 0.0, 0.0]
    """
    matrix = numbers("closed_loop", closed_loop, shape=(None, None), low=-1e150, high=1e150)
    require(
        len(matrix) == len(matrix.T), f"closed_loop of shape {matrix.shape} is not allowed: a square matrix is needed"
    )
    power, norms = np.eye(len(matrix)), [1.0]
    for step in range(1, whole("steps", steps, low=1, high=10**6) + 1):
        power = power @ matrix
        require(np.abs(power).max() < 1e150, f"the {step} steps' product exceeds 1e150: the loop is far from stable")
        norms.append(float(np.linalg.norm(power, 2)))
    return np.array(norms)


def multistep_value_lipschitz(step_constants: ArrayLike, *, sensitivity: float, gamma: float) -> float:
    r"""An upper bound of :math:`\kappa_{cl}\sum_{k\ge0}\gamma^k\mathrm{Lip}(F^k)` from finitely many of its terms.

    With :math:`\ell_k\ge\mathrm{Lip}(F^k)` for :math:`k\le K`, submultiplicativity gives

    .. math:: \sum_{k\ge0}\gamma^k\mathrm{Lip}(F^k)\le\frac{\sum_{k<K}\gamma^k\ell_k}{1-\gamma^K\ell_K}.

    :math:`K=1` is Lemma 1's geometric series for the closed loop. A larger :math:`K` comes closer to the sum.

    Args:
        step_constants: :math:`\ell_0,\dots,\ell_K`, with :math:`\ell_0=1`.
        sensitivity: :math:`\kappa_{cl}`, Lipschitz constant of :math:`s\mapsto r(s,\pi(s))`.
        gamma: discount in [0, 1).

    Returns:
        An upper bound of :math:`L_V`.

    Raises:
        RequestError: if :math:`\gamma^K\ell_K\ge1`: the looked-ahead steps do not contract yet.

    Source: this book.

    Example:
        >>> multistep_value_lipschitz([1.0, 2.0, 0.0], sensitivity=1.0, gamma=0.5)  # one step has gamma * 2 = 1
        2.0
    """
    gamma, sensitivity = number("gamma", gamma, low=0, below=1), number("sensitivity", sensitivity, low=0, high=1e150)
    ell = numbers("step_constants", step_constants, low=0, high=1e100, shape=(None,))
    require(len(ell) > 1 and ell[0] == 1, "step_constants must begin with 1 and go on to one step or more")
    weighted = gamma ** np.arange(len(ell)) * ell
    require(
        weighted[-1] < 1,
        f"gamma^K Lip(F^K) = {weighted[-1]:.6g} at K = {len(ell) - 1} is 1 or more; look more steps ahead. If the"
        " closed loop is not stable there is no bound of this form",
    )
    return float(sensitivity * weighted[:-1].sum() / (1 - weighted[-1]))


def value_aware_bound(*, gamma: ArrayLike, eps_rew: ArrayLike, value_loss: ArrayLike) -> float | Floats:
    r""":math:`(\epsilon_{rew}+\gamma\epsilon_V)/(1-\gamma)`: errors that the value does not see do not count.

    It holds for any growth. With :math:`\epsilon_V=L_V\epsilon_{dyn}` this is the value-Lipschitz form of Lemma 1. The
    condition :math:`\gamma^TV(\hat s_T)\to0` is the caller's: it holds for bounded rewards, for
    :math:`\gamma\Lambda<1`, and where the multi-step sum is finite.

    Args:
        gamma: discount in [0, 1).
        eps_rew: :math:`\sup|\hat r-r|` on the imagined path.
        value_loss: :math:`\epsilon_V=\sup_{s,a}|\mathbb E_PV-\mathbb E_{\hat P}V|` for the value V of the policy, or a
            bound of it: :math:`L_V` times a distance (sup norm, Wasserstein), or :math:`\mathrm{span}(V)` times total
            variation.

    Returns:
        The bound; arguments broadcast.

    Raises:
        RequestError: if a value is outside its range.

    Source: this book; the rigorous form of the realised value sensitivity of Section 4.2. The loss is that of
        Farahmand, Barreto and Nikovski (2017), with a supremum over states in place of their mean square; its bounds
        are Kantorovich duality (Asadi et al. 2018) and the definition of total variation.

    Example:
        >>> round(value_aware_bound(gamma=0.5, eps_rew=0.05, value_loss=2.0 * 0.1), 12)
        0.3
    """
    gamma = discount(gamma, finite=False)
    eps_rew, value_loss = non_negative("eps_rew", eps_rew), non_negative("value_loss", value_loss)
    broadcast(gamma=gamma, eps_rew=eps_rew, value_loss=value_loss)
    with np.errstate(over="ignore"):
        return plain((eps_rew + gamma * value_loss) / (1 - gamma))
