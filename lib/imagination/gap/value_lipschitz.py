r"""The value-Lipschitz form of Lemma 1 and the multi-step constants behind it.

The proof needs one property of the true system only: how much the value changes with the state. With
:math:`L_V=\mathrm{Lip}(V^\pi)`

.. math:: |J-\hat J|\le\frac{1}{1-\gamma}\big[\epsilon_{rew}+\gamma L_V\,\epsilon_{dyn}\big],

provided :math:`\gamma^TV(\hat s_T)\to0` along the imagined path. Lemma 1 is
:math:`L_V\le\kappa/(1-\gamma\Lambda)`. Looking several steps of the closed loop :math:`F(s)=f(s,\pi(s))` ahead
gives :math:`L_V\le\kappa_{cl}\sum_k\gamma^k\mathrm{Lip}(F^k)`, which is finite for every stable linear closed
loop, also where :math:`\gamma\Lambda\ge1`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from imagination.errors import require
from imagination.gap.bounds import dynamics_coefficient
from imagination.gap.lipschitz import Lipschitz, SeparateLipschitz
from imagination.ranges import discount, non_negative, plain

__all__ = ["gap_bound_from_value", "linear_step_constants", "multistep_value_lipschitz", "value_lipschitz"]


def value_lipschitz(lipschitz: Lipschitz | SeparateLipschitz, *, gamma: ArrayLike) -> float | np.ndarray:
    r"""The generic :math:`L_V\le\kappa/(1-\gamma\Lambda)`.

    Args:
        lipschitz: constants of the system whose value is meant.
        gamma: discount in (0, 1).

    Returns:
        The constant, in units of reward per unit of state.

    Raises:
        RequestError: if :math:`\gamma\Lambda\ge1` or gamma is 0.

    Source: the geometric series of Appendix B.1.

    Example:
        >>> round(value_lipschitz(Lipschitz(dynamics=0.5, reward=1.0, policy=0.0), gamma=0.5), 9)
        1.333333333
    """
    gamma = discount(gamma, finite=False)
    require((gamma > 0).all(), "gamma = 0 is not allowed here; without a future the value is the reward")
    return plain(dynamics_coefficient(lipschitz, gamma=gamma) * (1 - gamma) / gamma)


def linear_step_constants(closed_loop: ArrayLike, steps: int) -> np.ndarray:
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
    matrix = np.asarray(closed_loop, dtype=np.float64)
    square = matrix.ndim == 2 and matrix.shape[0] == matrix.shape[1] and np.isfinite(matrix).all()
    require(square, f"closed_loop of shape {matrix.shape} is not allowed: a finite square matrix is needed")
    require(steps >= 1, f"steps = {steps} is not allowed: at least 1")
    power, norms = np.eye(len(matrix)), [1.0]
    for _ in range(steps):
        power = power @ matrix
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
    gamma = float(discount(gamma, finite=False))
    ell = non_negative("step_constants", step_constants)
    sensitivity = float(non_negative("sensitivity", sensitivity))
    require(
        ell.ndim == 1 and len(ell) > 1 and ell[0] == 1, "step_constants must begin with 1 and go on to one step or more"
    )
    weighted = gamma ** np.arange(len(ell)) * ell
    require(
        weighted[-1] < 1,
        f"gamma^K Lip(F^K) = {weighted[-1]:.6g} at K = {len(ell) - 1} is 1 or more; look more steps ahead. If the"
        " closed loop is not stable there is no bound of this form",
    )
    return float(sensitivity * weighted[:-1].sum() / (1 - weighted[-1]))


def gap_bound_from_value(
    value_lipschitz: ArrayLike, *, gamma: ArrayLike, eps_dyn: ArrayLike, eps_rew: ArrayLike
) -> float | np.ndarray:
    r"""The value-Lipschitz form :math:`[\epsilon_{rew}+\gamma L_V\epsilon_{dyn}]/(1-\gamma)`, for any growth.

    The condition :math:`\gamma^TV(\hat s_T)\to0` is the caller's: it holds for bounded rewards, for
    :math:`\gamma\Lambda<1`, and where the multi-step sum is finite.

    Args:
        value_lipschitz: :math:`L_V`, finite.
        gamma: discount in [0, 1).
        eps_dyn: :math:`\sup\|\hat F-F\|` on the imagined path.
        eps_rew: :math:`\sup|\hat r-r|` there.

    Returns:
        The bound; arguments broadcast.

    Raises:
        RequestError: if a value is outside its range.

    Source: this book; the rigorous form of the realised value sensitivity of Section 4.2.

    Example:
        >>> round(gap_bound_from_value(2.0, gamma=0.5, eps_dyn=0.1, eps_rew=0.05), 12)
        0.3
    """
    gamma = discount(gamma, finite=False)
    L_V, eps_dyn, eps_rew = (
        non_negative(name, value)
        for name, value in [("value_lipschitz", value_lipschitz), ("eps_dyn", eps_dyn), ("eps_rew", eps_rew)]
    )
    return plain((eps_rew + gamma * L_V * eps_dyn) / (1 - gamma))
