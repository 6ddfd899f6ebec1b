r"""Finite MDPs with states on a line (exact values, distances between kernels, branched rollouts), and a scalar system.

Arrays: transitions ``(A, S, S)``, rewards ``(S, A)``, policies ``(S, A)`` of probabilities, ``points`` the ``(S,)``
coordinates of the states.

A scalar system with Gaussian noise on which every return, constant and distance is known in closed form.

.. math:: s'=L_f(s+a)+\sigma\xi,\quad \hat s'=s'+\epsilon_{dyn},\quad a=gs,\quad
          r=R\,\Phi\big((s+a)/b\big),\quad \hat r=r+\epsilon_{rew},\quad s_0=0

with :math:`\xi` standard normal, :math:`\Phi` its distribution function and :math:`L_r=R/(b\sqrt{2\pi})`. The noise
decides which family of bounds can see the model error: the Wasserstein distance of the next states is
:math:`\epsilon_{dyn}` for every :math:`\sigma`, their total variation falls from 1 at :math:`\sigma=0` to 0. For
small
errors and a wide reward it is the system that attains Lemma 1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from imagination.errors import require
from imagination.gap.bounds import Lipschitz
from imagination.gap.relatives import Comparison

__all__ = [
    "Chain",
    "NoisyScalar",
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


@dataclass(frozen=True)
class NoisyScalar:
    """The system, its model, and what the bounds need to know of them.

    Args:
        gamma: discount in [0, 1).
        dynamics: :math:`L_f\\ge0`.
        reward: :math:`L_r>0`.
        gain: :math:`g`, the policy's slope; :math:`L_\\pi=|g|`. Negative: feedback that damps.
        noise: :math:`\\sigma\\ge0`, in units of the state.
        eps_dyn: :math:`\\epsilon_{dyn}>0`.
        eps_rew: :math:`\\epsilon_{rew}\\ge0`.
        reward_range: :math:`R>0`.

    Raises:
        RequestError: if a value is outside its range, or the closed loop would reverse the sign of the state.

    Source: this book.

    Example:
        >>> NoisyScalar(gamma=0.9, dynamics=0.5, reward=1.0, gain=0.5, noise=0.0, eps_dyn=0.01).growth
        0.75
    """

    gamma: float
    dynamics: float
    reward: float
    gain: float
    noise: float
    eps_dyn: float
    eps_rew: float = 0.0
    reward_range: float = 1.0

    def __post_init__(self) -> None:
        require(0 < self.gamma < 1, f"gamma = {self.gamma!r} is not allowed: it must lie in (0, 1)")
        require(self.gain >= -1, f"gain = {self.gain!r} is not allowed: below -1 the closed loop reverses the state")
        for name in ("dynamics", "noise", "eps_rew"):
            value = getattr(self, name)
            require(0 <= value < math.inf, f"{name} = {value!r} is not allowed: it must be a finite number, 0 or more")
        for name in ("reward", "eps_dyn", "reward_range"):
            value = getattr(self, name)
            require(0 < value < math.inf, f"{name} = {value!r} is not allowed: it must be a finite number above 0")

    @property
    def growth(self) -> float:
        """:math:`L_f(1+g)`, the closed loop's factor."""
        return self.dynamics * (1 + self.gain)

    @property
    def sensitivity(self) -> float:
        """:math:`L_r(1+g)`, the Lipschitz constant of the reward under the policy."""
        return self.reward * (1 + self.gain)

    @property
    def width(self) -> float:
        """Scale of the reward under the policy, :math:`R/(\\sqrt{2\\pi}\\,L_r(1+g))`; infinite where the reward is
        constant."""
        steep = math.sqrt(2 * math.pi) * self.sensitivity
        return self.reward_range / steep if steep > 0 else math.inf

    @property
    def total_variation(self) -> float:
        """:math:`2\\Phi(\\epsilon_{dyn}/2\\sigma)-1` between the next-state distributions; 1 without noise.

        Example:
            >>> system = NoisyScalar(gamma=0.9, dynamics=0.5, reward=1.0, gain=0.5, noise=1.0, eps_dyn=0.01)
            >>> round(system.total_variation, 6)
            0.003989
        """
        return float(math.erf(self.eps_dyn / (2 * math.sqrt(2) * self.noise))) if self.noise > 0 else 1.0

    def gap(self, branch: int | None = None) -> float:
        """Exact :math:`|J-\\hat J|`; with ``branch``, of branched rollouts with that many imagined steps.

        Example:
            >>> system = NoisyScalar(gamma=0.9, dynamics=0.5, reward=1.0, gain=0.5, noise=0.0, eps_dyn=1e-4)
            >>> round(system.gap() / system.comparison().bounds()["Lemma 1"], 4)  # nearly attained
            1.0
        """
        t, drift, level, _ = self._paths()
        imagined = t if branch is None else np.minimum(t, branch)
        # Real and imagined steps widen the distribution alike; only the drift stops at the branch.
        shift = drift[imagined] * (self.growth ** -(t - imagined).astype(float) if self.growth > 1 else 1.0)
        dynamics = self.gamma**t @ (self.reward_range * (ndtr(shift / level) - 0.5))
        return float(dynamics) + self.eps_rew / (1 - self.gamma)

    @property
    def value_lipschitz(self) -> float:
        """:math:`L_V`: the slope of the true value at 0, where every term is steepest. Infinite in the expansive
        regime without noise.

        Example:
            >>> expansive = dict(gamma=0.9, dynamics=1.0, reward=1.0, gain=0.5, eps_dyn=0.01)
            >>> [round(NoisyScalar(noise=noise, **expansive).value_lipschitz, 4) for noise in (0.0, 0.1, 1.0)]
            [inf, 36.7808, 5.6937]
        """
        if self.noise == 0:
            contraction = self.gamma * self.growth
            return self.sensitivity / (1 - contraction) if contraction < 1 else math.inf
        t, _, level, slope = self._paths()
        return float(self.gamma**t @ (slope / level)) * self.reward_range / math.sqrt(2 * math.pi)

    @property
    def value_loss(self) -> float:
        """Exact value-aware loss :math:`\\sup_s|\\mathbb E V(s')-\\mathbb E V(\\hat s')|`, attained where the two
        means lie on both sides of 0."""
        t, _, level, slope = self._paths()
        terms = 2 * ndtr(slope[:-1] * self.eps_dyn / 2 / (level[1:] * self._rescale())) - 1
        return float(self.gamma ** t[:-1] @ terms) * self.reward_range

    def comparison(self) -> Comparison:
        """What the bounds need to know, and the exact gap.

        Example:
            >>> system = NoisyScalar(gamma=0.9, dynamics=0.5, reward=1.0, gain=0.5, noise=0.1, eps_dyn=0.01)
            >>> all(system.gap() <= bound for bound in system.comparison().bounds().values())
            True
        """
        return Comparison(
            gamma=self.gamma,
            eps_rew=self.eps_rew,
            eps_dyn=self.eps_dyn,
            total_variation=self.total_variation,
            mean_total_variation=self.total_variation,  # the same in every state
            lipschitz=Lipschitz(dynamics=self.dynamics, reward=self.reward, policy=abs(self.gain)),
            growth=self.growth,
            sensitivity=self.sensitivity,
            reward_range=self.reward_range,
            value_lipschitz=self.value_lipschitz,
            value_loss=self.value_loss,
            gap=self.gap(),
        )

    def _paths(self) -> tuple[np.ndarray, ...]:
        """Times, mean of the imagined state, scale of the smoothed reward, and slope of the state in the start.

        In the expansive regime all three are divided by :math:`\\Lambda^t`, so that nothing overflows.
        """
        smallest = 1e-20 * min(1.0, self.noise / self.width if self.noise > 0 and self.width < math.inf else 1.0)
        t = np.arange(math.ceil(math.log(smallest) / math.log(self.gamma)) + 2)
        base = self.growth if self.growth <= 1 else 1 / self.growth
        drift, variance = self.eps_dyn * _geometric(base, t), self.noise**2 * _geometric(base**2, t)
        if self.growth <= 1:
            return t, drift, np.sqrt(self.width**2 + variance), base**t
        level = np.sqrt((self.width * base**t) ** 2 + variance * base**2)
        return t, drift * base, np.maximum(level, np.finfo(float).tiny), np.ones(len(t))

    def _rescale(self) -> float:
        """Undo the division by :math:`\\Lambda` between neighbouring times."""
        return self.growth if self.growth > 1 else 1.0


def _geometric(base: float, t: np.ndarray) -> np.ndarray:
    """:math:`\\sum_{i<t}q^i`, without cancellation near 1."""
    if base == 1:
        return t.astype(float)
    return np.expm1(t * math.log(base)) / (base - 1) if base > 0 else (t > 0).astype(float)
