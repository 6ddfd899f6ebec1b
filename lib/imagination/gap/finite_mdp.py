"""Finite MDPs with states on a line: exact values, distances between kernels, and branched rollouts, by linear algebra.

Arrays: transitions ``(A, S, S)``, rewards ``(S, A)``, policies ``(S, A)`` of probabilities, ``points`` the ``(S,)``
coordinates of the states.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from imagination.errors import require
from imagination.gap.bounds import Lipschitz
from imagination.gap.comparison import Comparison

__all__ = [
    "Chain",
    "branched_return",
    "close_loop",
    "compare_chains",
    "kernel_growth",
    "lipschitz_on_line",
    "mean_total_variation",
    "total_variation",
    "wasserstein_on_line",
]


@dataclass(frozen=True)
class Chain:
    """A Markov chain with rewards: an MDP under a fixed policy.

    Args:
        transitions: ``(S, S)``, rows of probabilities.
        rewards: ``(S,)``.

    Raises:
        RequestError: if the shapes do not fit, a row is not a distribution, or a reward is not finite.

    Source: Section 1, Notation.

    Example:
        >>> Chain(np.array([[0.0, 1.0], [0.0, 1.0]]), np.array([1.0, 0.0])).values(0.9)
        array([1., 0.])
    """

    transitions: np.ndarray
    rewards: np.ndarray

    def __post_init__(self) -> None:
        p, r = np.asarray(self.transitions, dtype=float), np.asarray(self.rewards, dtype=float)
        require(
            p.ndim == 2 and p.shape == (len(p), len(p)) and r.shape == (len(p),),
            f"transitions {p.shape} and rewards {r.shape} do not fit: allowed are (S, S) and (S,)",
        )
        require((p >= 0).all() and np.allclose(p.sum(1), 1), "a row of the transitions is no distribution")
        require(np.isfinite(r).all(), "a reward is not finite")

    def values(self, gamma: float) -> np.ndarray:
        """:math:`V=(I-\\gamma P)^{-1}r`, shape ``(S,)``."""
        require(0 <= gamma < 1, f"gamma = {gamma!r} is not allowed: it must lie in [0, 1)")
        return np.linalg.solve(np.eye(len(self.rewards)) - gamma * self.transitions, self.rewards)


def close_loop(transitions: np.ndarray, rewards: np.ndarray, policy: np.ndarray) -> Chain:
    """Let a policy act: average transitions and rewards over its actions.

    Args:
        transitions: ``(A, S, S)``.
        rewards: ``(S, A)``.
        policy: ``(S, A)``, rows of probabilities.

    Source: Section 1, Notation.

    Example:
        >>> p = np.array([[[1.0, 0.0], [0.0, 1.0]], [[0.0, 1.0], [1.0, 0.0]]])  # stay, switch
        >>> close_loop(p, np.array([[0.0, 1.0], [0.0, 1.0]]), np.array([[0.5, 0.5], [1.0, 0.0]])).transitions
        array([[0.5, 0.5],
               [0. , 1. ]])
    """
    return Chain(np.einsum("sa,ast->st", policy, transitions), (policy * rewards).sum(1))


def total_variation(p: np.ndarray, q: np.ndarray) -> np.ndarray:
    """Half the 1-norm of the difference, along the last axis.

    Example:
        >>> float(total_variation(np.array([0.5, 0.5]), np.array([0.5, 0.5])))
        0.0
        >>> float(total_variation(np.array([1.0, 0.0]), np.array([0.0, 1.0])))  # deterministic and wrong: 1
        1.0
    """
    return np.abs(p - q).sum(-1) / 2


def wasserstein_on_line(p: np.ndarray, q: np.ndarray, points: np.ndarray) -> np.ndarray:
    """1-Wasserstein distance along the last axis: the area between the distribution functions.

    Example:
        >>> float(wasserstein_on_line(np.array([1.0, 0.0]), np.array([0.0, 1.0]), np.array([0.0, 0.25])))
        0.25
    """
    order = np.argsort(points)
    between = np.cumsum((p - q)[..., order], axis=-1)[..., :-1]
    return np.abs(between) @ np.diff(points[order])


def kernel_growth(transitions: np.ndarray, points: np.ndarray) -> float:
    """Wasserstein-Lipschitz constant :math:`\\max_{s\\ne s'}W_1(P_s,P_{s'})/|x_s-x_{s'}|` of a chain.

    Example:
        >>> round(kernel_growth(np.array([[0.9, 0.1], [0.1, 0.9]]), np.array([0.0, 1.0])), 12)
        0.8
    """
    distances = np.abs(points[:, None] - points[None, :])
    moved = wasserstein_on_line(transitions[:, None, :], transitions[None, :, :], points)
    return float((moved[distances > 0] / distances[distances > 0]).max())


def lipschitz_on_line(values: np.ndarray, points: np.ndarray) -> float:
    """Lipschitz constant of a function of the state: its steepest slope between neighbours.

    Example:
        >>> lipschitz_on_line(np.array([0.0, 1.0, 1.5]), np.array([0.0, 1.0, 2.0]))
        1.0
    """
    order = np.argsort(points)
    return float(np.abs(np.diff(values[order]) / np.diff(points[order])).max())


def mean_total_variation(true: Chain, model: Chain, start: np.ndarray, sampler: Chain, horizon: int) -> float:
    """:math:`\\max_{t<H}\\mathbb E_{s_t}\\mathrm{TV}(P_{s_t},\\hat P_{s_t})`, states from the sampler's chain:
    MBPO's error.

    Args:
        true: :math:`P`.
        model: :math:`\\hat P`.
        start: ``(S,)`` distribution of :math:`s_0`.
        sampler: the chain that draws the states.
        horizon: steps looked at.
    """
    distances, worst, state = total_variation(true.transitions, model.transitions), 0.0, start
    for _ in range(horizon):
        worst, state = max(worst, float(state @ distances)), state @ sampler.transitions
    return worst


def branched_return(before: Chain, after: Chain, start: np.ndarray, gamma: float, branch: int) -> float:
    """Return of branched rollouts: at time t, :math:`\\max(t-k,0)` steps of one chain and then :math:`\\min(t,k)` of
    another.

    .. math:: \\sum_{t<k}\\gamma^t\\mu\\hat P^t\\hat r+\\gamma^k\\mu(I-\\gamma P)^{-1}\\hat P^k\\hat r

    Args:
        before: the chain of the data, :math:`P`.
        after: the chain of the model, :math:`\\hat P,\\hat r`.
        start: ``(S,)`` distribution :math:`\\mu` of the first state.
        gamma: discount in [0, 1).
        branch: :math:`k\\ge0`.

    Source: Janner, Fu, Zhang and Levine (2019), Appendix, in our notation.

    Example:
        >>> flip, stay = Chain(np.eye(2)[::-1], np.array([0.0, 1.0])), Chain(np.eye(2), np.array([0.0, 1.0]))
        >>> round(branched_return(flip, stay, np.array([1.0, 0.0]), 0.5, branch=0), 6)  # all real
        0.666667
    """
    imagined, state, total = after.rewards, start, 0.0
    for t in range(branch):
        total += gamma**t * float(state @ after.rewards)
        state, imagined = state @ after.transitions, after.transitions @ imagined
    occupancy = np.linalg.solve(np.eye(len(start)) - gamma * before.transitions.T, start)
    return total + gamma**branch * float(occupancy @ imagined)


def compare_chains(true: Chain, model: Chain, points: np.ndarray, start: np.ndarray, gamma: float) -> Comparison:
    """What the bounds need to know of two chains, and the exact gap.

    Args:
        true: :math:`P,r`.
        model: :math:`\\hat P,\\hat r`.
        points: ``(S,)`` coordinates.
        start: ``(S,)`` distribution of the first state.
        gamma: discount in [0, 1).

    Source: this book.

    Example:
        >>> points = np.array([0.0, 1.0])
        >>> true = Chain(np.array([[0.9, 0.1], [0.1, 0.9]]), points)
        >>> model = Chain(np.array([[0.8, 0.2], [0.1, 0.9]]), points)
        >>> found = compare_chains(true, model, points, np.array([1.0, 0.0]), gamma=0.9)
        >>> round(found.gap, 4), all(found.gap <= bound for bound in found.bounds().values())
        (1.6506, True)
    """
    values = true.values(gamma)
    growth = min(kernel_growth(true.transitions, points), kernel_growth(model.transitions, points))
    sensitivity = lipschitz_on_line(true.rewards, points)
    matters = math.ceil(math.log(1e-12) / math.log(gamma)) if gamma > 0 else 1  # later steps weigh less than 1e-12
    return Comparison(
        gamma=gamma,
        eps_rew=float(np.abs(true.rewards - model.rewards).max()),
        eps_dyn=float(wasserstein_on_line(true.transitions, model.transitions, points).max()),
        total_variation=float(total_variation(true.transitions, model.transitions).max()),
        mean_total_variation=mean_total_variation(true, model, start, true, horizon=matters),
        lipschitz=Lipschitz(dynamics=growth, reward=sensitivity, policy=0.0),
        growth=growth,
        sensitivity=sensitivity,
        reward_range=float(np.ptp(true.rewards)),
        value_lipschitz=lipschitz_on_line(values, points),
        value_loss=float(np.abs((true.transitions - model.transitions) @ values).max()),
        gap=abs(float(start @ (values - model.values(gamma)))),
    )
