r"""Lemma 1 with two more sources of error: another start, and another policy inside the model.

An encoder that places the start up to :math:`e_0` off, and a policy that differs by up to :math:`\epsilon_\pi`
between training and deployment, enter the same recurrence: :math:`\delta_0=e_0`,
:math:`\delta_{t+1}=\Lambda\delta_t+\epsilon_{dyn}+L_f\epsilon_\pi`, and each reward is off by
:math:`\epsilon_{rew}+L_r\epsilon_\pi+\kappa\delta_t`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from imagination.gap.bounds import return_gap_bound
from imagination.gap.error_sums import error_sums
from imagination.gap.lipschitz import Lipschitz
from imagination.gap.twofold import Twofold
from imagination.ranges import non_negative, plain, whole

__all__ = ["return_gap_bound_all_sources"]


def return_gap_bound_all_sources(
    lipschitz: Lipschitz,
    *,
    gamma: ArrayLike,
    eps_dyn: ArrayLike,
    eps_rew: ArrayLike,
    eps_policy: ArrayLike = 0.0,
    start_error: ArrayLike = 0.0,
    horizon: ArrayLike | None = None,
) -> float | np.ndarray:
    r"""Bound of :math:`|J(\pi,M,s_0)-J(\hat\pi,\hat M,\hat s_0)|`.

    .. math:: \frac{\epsilon_{rew}+L_r\epsilon_\pi}{1-\gamma}+\kappa\Big[\frac{e_0}{1-\gamma\Lambda}
              +\frac{\gamma(\epsilon_{dyn}+L_f\epsilon_\pi)}{(1-\gamma)(1-\gamma\Lambda)}\Big],

    and the corresponding finite sums with a horizon. Attained by the scalar MDP that attains Lemma 1.

    Args:
        lipschitz: constants of the true maps and of :math:`\pi`.
        gamma: discount in [0, 1); 1 is allowed with a horizon.
        eps_dyn: :math:`\sup\|\hat f-f\|`.
        eps_rew: :math:`\sup|\hat r-r|`.
        eps_policy: :math:`\sup\|\hat\pi-\pi\|`, in units of the action.
        start_error: :math:`\|\hat s_0-s_0\|`, in units of the state.
        horizon: number of rewards; None: infinite.

    Returns:
        The bound; arguments broadcast.

    Raises:
        RequestError: as :func:`imagination.gap.bounds.return_gap_bound`.

    Source: this book.

    Example:
        >>> constants = Lipschitz(dynamics=0.5, reward=1.0, policy=0.0)
        >>> arguments = dict(gamma=0.5, eps_dyn=0.0, eps_rew=0.0)
        >>> round(return_gap_bound_all_sources(constants, **arguments, start_error=0.3), 12)
        0.4
    """
    eps_policy, start_error = non_negative("eps_policy", eps_policy), non_negative("start_error", start_error)
    model_errors = return_gap_bound(
        lipschitz,
        gamma=gamma,
        eps_dyn=non_negative("eps_dyn", eps_dyn) + lipschitz.dynamics * eps_policy,
        eps_rew=non_negative("eps_rew", eps_rew) + lipschitz.reward * eps_policy,
        horizon=horizon,
    )
    growth = lipschitz._growth()
    if horizon is None:
        reach = 1 / (Twofold.of(gamma) * growth).one_minus
    else:
        reach = error_sums(gamma, growth, 1.0, whole("horizon", horizon))[0].contractions.value
    with np.errstate(over="ignore", invalid="ignore"):
        from_start = np.where(start_error > 0, lipschitz.sensitivity * start_error * reach, 0.0)
    return plain(model_errors + from_start)
