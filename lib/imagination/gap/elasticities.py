r"""Corollary 1 as percentages: by how many per cent the dynamics coefficient rises per per cent of each constant."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from imagination.gap.bounds import dynamics_coefficient
from imagination.gap.lipschitz import Lipschitz
from imagination.ranges import discount

__all__ = ["Elasticities", "coefficient_elasticities"]


@dataclass(frozen=True, eq=False)
class Elasticities:
    r"""Derivatives of :math:`\ln C` in the logarithm of each argument; no unit.

    Attributes:
        dynamics: in :math:`\ln L_f`, equal to :math:`\gamma\Lambda/(1-\gamma\Lambda)`.
        reward: in :math:`\ln L_r`, equal to 1.
        one_plus_policy: in :math:`\ln(1+L_\pi)`, equal to :math:`1/(1-\gamma\Lambda)`: always the dynamics'
            plus 1.
        policy: in :math:`\ln L_\pi`, equal to the previous one times :math:`L_\pi/(1+L_\pi)`.
    """

    dynamics: float | np.ndarray
    reward: float | np.ndarray
    one_plus_policy: float | np.ndarray
    policy: float | np.ndarray


def coefficient_elasticities(lipschitz: Lipschitz, *, gamma: ArrayLike) -> Elasticities:
    r"""Elasticities of :math:`C=\gamma\kappa/((1-\gamma)(1-\gamma\Lambda))`.

    Args:
        lipschitz: the constants.
        gamma: discount in [0, 1).

    Returns:
        The four elasticities. Dynamics beats reward exactly when :math:`\gamma\Lambda>1/2`.

    Raises:
        RequestError: if :math:`\gamma\Lambda\ge1`.

    Source: this book, from Corollary 1.

    Example:
        >>> lever = coefficient_elasticities(Lipschitz(dynamics=0.5, reward=1.0, policy=0.6), gamma=0.9)
        >>> round(lever.dynamics, 3), lever.reward, round(lever.one_plus_policy, 3), round(lever.policy, 3)
        (2.571, 1.0, 3.571, 1.339)
    """
    gamma = discount(gamma, finite=False)
    dynamics_coefficient(lipschitz, gamma=gamma)  # refuses what Lemma 1 refuses
    contraction = gamma * np.asarray(lipschitz.growth)
    one_plus = 1 / (1 - contraction)
    share = np.asarray(lipschitz.policy) / (1 + np.asarray(lipschitz.policy))
    values = (contraction * one_plus, np.ones_like(one_plus), one_plus, one_plus * share)
    return Elasticities(*(v if np.ndim(v) else float(v) for v in values))
