r"""Pairs of a true and a learned system whose constants and errors are known by construction.

:func:`tight_pair` attains Lemma 1: with :math:`s_0=0`,

.. math:: f=L_f(s+a),\quad r=L_r(s+a),\quad\pi=L_\pi s,\qquad \hat f=f+\epsilon_{dyn},\quad\hat r=r+\epsilon_{rew},

the true path stays at 0, the imagined one is :math:`\hat s_t=\delta_t`, and every inequality of the proof is an
equality, at every horizon and for every growth. :func:`random_pair` draws nonlinear systems that satisfy the
hypotheses exactly.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import ArrayLike

from imagination.gap.lipschitz import Lipschitz
from imagination.gap.mdp import MDP, Policy, return_gap

__all__ = ["SystemPair", "random_pair", "tight_pair"]


@dataclass(frozen=True, eq=False)
class SystemPair:
    """A true system, a learned one, the policy of both and the common start.

    Attributes:
        mdp: the true system.
        model: the learned one.
        policy: from states ``(..., d_s)`` to actions ``(..., d_a)``.
        start: ``(..., d_s)``.
    """

    mdp: MDP
    model: MDP
    policy: Policy
    start: np.ndarray

    def gap(self, horizon: int) -> np.ndarray:
        r""":math:`J_H(\pi,M)-J_H(\pi,\hat M)` by rolling both systems out, ``(...)``."""
        return return_gap(self.mdp, self.model, self.policy, self.start, horizon)

    @property
    def swapped(self) -> SystemPair:
        """The same pair with the roles of the two systems exchanged."""
        return replace(self, mdp=self.model, model=self.mdp)


def tight_pair(
    lipschitz: Lipschitz,
    *,
    gamma: float,
    eps_dyn: ArrayLike,
    eps_rew: ArrayLike,
    reward_range: float | None = None,
) -> SystemPair:
    r"""The scalar pair whose return gap equals the bound of Lemma 1 at every horizon.

    Both systems have the given constants, so the pair is tight for the constants of the true maps and of the
    learned ones. With ``reward_range`` the reward is clipped to :math:`[0,R]`, and the bounded-reward form is
    attained.

    Args:
        lipschitz: the constants; arrays ``(...)`` make a batch of pairs.
        gamma: discount in [0, 1].
        eps_dyn: dynamics error, scalar or ``(...)``.
        eps_rew: reward error, scalar or ``(...)``.
        reward_range: :math:`R`, or None.

    Returns:
        The pair; states and actions have one component.

    Source: this book.

    Example:
        >>> from imagination.gap.bounds import return_gap_bound
        >>> constants = Lipschitz(dynamics=1.0, reward=2.0, policy=0.5)
        >>> pair = tight_pair(constants, gamma=0.9, eps_dyn=0.01, eps_rew=0.1)
        >>> bound = return_gap_bound(constants, gamma=0.9, eps_dyn=0.01, eps_rew=0.1, horizon=15)
        >>> abs(-float(pair.gap(15)) / bound - 1) < 1e-14
        True
    """
    L_f, L_r, L_pi, e_dyn, e_rew = np.broadcast_arrays(
        lipschitz.dynamics, lipschitz.reward, lipschitz.policy, eps_dyn, eps_rew
    )
    upper = np.inf if reward_range is None else reward_range

    def dynamics(s, a):
        return L_f[..., None] * (s + a)

    def reward(s, a):
        value = L_r * (s + a)[..., 0]
        return value if reward_range is None else np.clip(value, 0.0, upper)

    return SystemPair(
        mdp=MDP(dynamics, reward, gamma),
        model=MDP(lambda s, a: dynamics(s, a) + e_dyn[..., None], lambda s, a: reward(s, a) + e_rew, gamma),
        policy=lambda s: L_pi[..., None] * s,
        start=np.zeros((*L_f.shape, 1)),
    )


def random_pair(
    lipschitz: Lipschitz,
    *,
    gamma: float,
    eps_dyn: float,
    eps_rew: float,
    n_states: int = 3,
    n_actions: int = 2,
    n_starts: int = 8,
    generator: np.random.Generator,
) -> SystemPair:
    r"""A nonlinear pair that satisfies the hypotheses of Lemma 1 with exactly the given constants and errors.

    .. math:: f=L_f\tanh(As+Ba+b),\quad r=L_r\,\tanh(c\cdot s+e\cdot a+d),\quad\pi=L_\pi\tanh(Ks)

    with :math:`\|A\|=\|B\|=\|c\|=\|e\|=\|K\|=1`, so the true maps have the constants in the sum metric (tanh
    has slope at most 1). The learned maps add fields :math:`\epsilon\,u\cos(\langle w,(s,a)\rangle+\phi)` of
    sup norm :math:`\epsilon`; the constants of the learned maps are therefore larger. Swap the pair for learned
    maps with known constants.

    Args:
        lipschitz: scalar constants of the true maps.
        gamma: discount in [0, 1].
        eps_dyn: :math:`\sup\|\hat f-f\|`.
        eps_rew: :math:`\sup|\hat r-r|`.
        n_states: dimension of the state.
        n_actions: dimension of the action.
        n_starts: start states, standard normal.
        generator: source of all random numbers.

    Returns:
        The pair, with starts ``(n_starts, n_states)``.

    Source: this book.

    Example:
        >>> pair = random_pair(Lipschitz(dynamics=0.5, reward=1.0, policy=0.5), gamma=0.9, eps_dyn=0.0, eps_rew=0.0,
        ...                    generator=np.random.default_rng(0))
        >>> float(np.abs(pair.gap(50)).max())
        0.0
    """

    def unit(*shape: int) -> np.ndarray:
        matrix = generator.normal(size=shape)
        return matrix / np.linalg.norm(matrix, 2)

    A, B, K = unit(n_states, n_states), unit(n_states, n_actions), unit(n_actions, n_states)
    c, e, u = unit(n_states), unit(n_actions), unit(n_states)
    b, (d, phi, psi) = generator.uniform(-1, 1, n_states), generator.uniform(-1, 1, 3)
    w = generator.normal(size=(2, n_states + n_actions))

    def dynamics(s, a):
        return lipschitz.dynamics * np.tanh(s @ A.T + a @ B.T + b)

    def reward(s, a):
        return lipschitz.reward * np.tanh(s @ c + a @ e + d)

    def wave(s, a, direction, phase):
        return np.cos(np.concatenate([s, a], axis=-1) @ direction + phase)

    return SystemPair(
        mdp=MDP(dynamics, reward, gamma),
        model=MDP(
            lambda s, a: dynamics(s, a) + eps_dyn * u * wave(s, a, w[0], phi)[..., None],
            lambda s, a: reward(s, a) + eps_rew * wave(s, a, w[1], psi),
            gamma,
        ),
        policy=lambda s: lipschitz.policy * np.tanh(s @ K.T),
        start=generator.normal(size=(n_starts, n_states)),
    )
