r"""Systems on which returns, errors and constants are known, so that the bounds can be watched at work.

:func:`tight_pair` attains Lemma 1: with :math:`s_0=0`,

.. math:: f=L_f(s+a),\quad r=L_r(s+a),\quad\pi=L_\pi s,\qquad \hat f=f+\epsilon_{dyn},\quad\hat r=r+\epsilon_{rew},

the true path stays at 0, the imagined one is :math:`\hat s_t=\delta_t`, and every inequality of the proof is an
equality, at every horizon and for every growth. :func:`random_pair` draws nonlinear systems that satisfy the hypotheses
exactly. :class:`Chain` is a finite process with states on a line: transitions ``(S, A, S)``, rewards ``(S, A)``,
policies ``(S, A)`` of probabilities, ``points`` the ``(S,)`` coordinates. :class:`NoisyScalar` is a scalar system with
Gaussian noise,

.. math:: s'=L_f(s+a)+\sigma\xi,\quad \hat s'=s'+\epsilon_{dyn},\quad a=gs,\quad
          r=R\,\Phi\big((s+a)/b\big),\quad \hat r=r+\epsilon_{rew},\quad s_0=0

with :math:`\xi` standard normal, :math:`\Phi` its distribution function and :math:`L_r=R/(b\sqrt{2\pi})`. The noise
decides which family of bounds can see the model error: the Wasserstein distance of the next states is
:math:`\epsilon_{dyn}` for every :math:`\sigma`, their total variation falls from 1 at :math:`\sigma=0` to 0. For small
errors and a wide reward it is the system that attains Lemma 1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import erf

from imagination.checks import Floats, broadcast, generator_of, non_negative, number, numbers, whole
from imagination.errors import require, shown
from imagination.gap.error_sums import geometric
from imagination.gap.lipschitz import Lipschitz, constants_of
from imagination.gap.mdp import MDP, SystemPair
from imagination.gap.relatives import PairFacts


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
    constants_of(lipschitz, Lipschitz)
    entries = {"dynamics": lipschitz.dynamics, "reward": lipschitz.reward, "policy": lipschitz.policy,
               "eps_dyn": non_negative("eps_dyn", eps_dyn), "eps_rew": non_negative("eps_rew", eps_rew)}  # fmt: skip
    broadcast(**entries)
    L_f, L_r, L_pi, e_dyn, e_rew = np.broadcast_arrays(*entries.values())
    low, high = (-np.inf, np.inf) if reward_range is None else (0.0, number("reward_range", reward_range, low=0))

    def dynamics(s: Floats, a: Floats) -> Floats:
        return np.asarray(L_f[..., None] * (s + a))

    def reward(s: Floats, a: Floats) -> Floats:
        return np.asarray(np.clip(L_r * (s + a)[..., 0], low, high))

    return SystemPair(
        true=MDP(dynamics, reward, gamma),
        learned=MDP(lambda s, a: dynamics(s, a) + e_dyn[..., None], lambda s, a: reward(s, a) + e_rew, gamma),
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

    generator = generator_of("generator", generator)
    eps_dyn, eps_rew = number("eps_dyn", eps_dyn, low=0), number("eps_rew", eps_rew, low=0)
    n_states, n_actions = (
        whole(name, n, low=1, high=10_000) for name, n in [("n_states", n_states), ("n_actions", n_actions)]
    )
    require(constants_of(lipschitz, Lipschitz)[0].ndim == 0, "random_pair takes scalar constants")

    def unit(*shape: int) -> Floats:
        matrix = generator.normal(size=shape)
        return matrix / np.linalg.norm(matrix, 2)

    A, B, K = unit(n_states, n_states), unit(n_states, n_actions), unit(n_actions, n_states)
    c, e, u = unit(n_states), unit(n_actions), unit(n_states)
    b, (d, phi, psi) = generator.uniform(-1, 1, n_states), generator.uniform(-1, 1, 3)
    w = generator.normal(size=(2, n_states + n_actions))

    def dynamics(s: Floats, a: Floats) -> Floats:
        return np.asarray(lipschitz.dynamics * np.tanh(s @ A.T + a @ B.T + b))

    def reward(s: Floats, a: Floats) -> Floats:
        return np.asarray(lipschitz.reward * np.tanh(s @ c + a @ e + d))

    def wave(s: Floats, a: Floats, direction: Floats, phase: float) -> Floats:
        return np.asarray(np.cos(np.concatenate([s, a], axis=-1) @ direction + phase))

    return SystemPair(
        true=MDP(dynamics, reward, gamma),
        learned=MDP(
            lambda s, a: dynamics(s, a) + eps_dyn * u * wave(s, a, w[0], phi)[..., None],
            lambda s, a: reward(s, a) + eps_rew * wave(s, a, w[1], psi),
            gamma,
        ),
        policy=lambda s: lipschitz.policy * np.tanh(s @ K.T),
        start=generator.normal(size=(whole("n_starts", n_starts, low=1, high=10**6), n_states)),
    )


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

    transitions: Floats
    rewards: Floats

    def __post_init__(self) -> None:
        r = numbers("rewards", self.rewards, shape=(None,), low=-1e150, high=1e150)
        object.__setattr__(self, "transitions", distributions("transitions", self.transitions, shape=(len(r), len(r))))
        object.__setattr__(self, "rewards", r)

    def values(self, gamma: float) -> Floats:
        """:math:`V=(I-\\gamma P)^{-1}r`, shape ``(S,)``."""
        gamma = number("gamma", gamma, low=0, below=1)
        return np.asarray(np.linalg.solve(np.eye(len(self.rewards)) - gamma * self.transitions, self.rewards))


def close_loop(transitions: Floats, rewards: Floats, policy: Floats) -> Chain:
    """Let a policy act: average transitions and rewards over its actions.

    Args:
        transitions: ``(S, A, S)``, from state and action to probabilities of the next state.
        rewards: ``(S, A)``.
        policy: ``(S, A)``, rows of probabilities.

    Source: Section 1, Notation.

    Example:
        >>> p = np.array([[[1.0, 0.0], [0.0, 1.0]], [[0.0, 1.0], [1.0, 0.0]]])  # in each state: stay, switch
        >>> close_loop(p, np.array([[0.0, 1.0], [0.0, 1.0]]), np.array([[0.5, 0.5], [1.0, 0.0]])).transitions
        array([[0.5, 0.5],
               [0. , 1. ]])
    """
    rewards = numbers("rewards", rewards, shape=(None, None))
    policy = distributions("policy", policy, shape=rewards.shape)
    transitions = distributions("transitions", transitions, shape=(*rewards.shape, len(rewards)))
    return Chain(np.einsum("sa,sat->st", policy, transitions), (policy * rewards).sum(1))


def distributions(name: str, value: ArrayLike, *, shape: tuple[int | None, ...]) -> Floats:
    """An array whose last axis is a distribution, to a rounding error of 1e-8.

    Example:
        >>> distributions("policy", [[0.5, 0.6]], shape=(1, 2))
        Traceback (most recent call last):
        imagination.errors.RequestError: policy has a row that is no distribution: its sum is 1.1
    """
    array = numbers(name, value, low=0, high=1 + 1e-8, shape=shape)
    sums = np.ravel(array.sum(-1))
    furthest = sums[np.argmax(np.abs(sums - 1))]
    require(abs(furthest - 1) <= 1e-8, f"{name} has a row that is no distribution: its sum is {furthest:.6g}")
    return array


def total_variation(p: Floats, q: Floats) -> Floats:
    """Half the 1-norm of the difference, along the last axis.

    Example:
        >>> float(total_variation(np.array([0.5, 0.5]), np.array([0.5, 0.5])))
        0.0
        >>> float(total_variation(np.array([1.0, 0.0]), np.array([0.0, 1.0])))  # deterministic and wrong: 1
        1.0
    """
    p, q = numbers("p", p, low=0, high=1), numbers("q", q, low=0, high=1)
    require(p.shape == q.shape and p.ndim > 0, f"p {p.shape} and q {q.shape} do not fit: one shape, states last")
    return np.asarray(np.abs(p - q).sum(-1) / 2)


def wasserstein_on_line(p: Floats, q: Floats, points: Floats) -> Floats:
    """1-Wasserstein distance along the last axis: the area between the distribution functions.

    Example:
        >>> float(wasserstein_on_line(np.array([1.0, 0.0]), np.array([0.0, 1.0]), np.array([0.0, 0.25])))
        0.25
    """
    p, q = numbers("p", p, low=0, high=1), numbers("q", q, low=0, high=1)
    points = numbers("points", points, shape=(None,), low=-1e150, high=1e150)
    broadcast(p=p, q=q, points=points)
    order = np.argsort(points)
    between = np.cumsum((p - q)[..., order], axis=-1)[..., :-1]
    return np.asarray(np.abs(between) @ np.diff(points[order]))


def kernel_growth(transitions: Floats, points: Floats) -> float:
    """Wasserstein-Lipschitz constant :math:`\\max_{s\\ne s'}W_1(P_s,P_{s'})/|x_s-x_{s'}|` of a chain.

    Example:
        >>> round(kernel_growth(np.array([[0.9, 0.1], [0.1, 0.9]]), np.array([0.0, 1.0])), 12)
        0.8
    """
    points = _different(points)
    transitions = distributions("transitions", transitions, shape=(len(points), len(points)))
    distances = np.abs(points[:, None] - points[None, :])
    moved = wasserstein_on_line(transitions[:, None, :], transitions[None, :, :], points)
    return float((moved[distances > 0] / distances[distances > 0]).max())


def lipschitz_on_line(values: Floats, points: Floats) -> float:
    """Lipschitz constant of a function of the state: its steepest slope between neighbours.

    Example:
        >>> lipschitz_on_line(np.array([0.0, 1.0, 1.5]), np.array([0.0, 1.0, 2.0]))
        1.0
    """
    points = _different(points)
    values, order = numbers("values", values, shape=points.shape), np.argsort(points)
    return float(np.abs(np.diff(values[order]) / np.diff(points[order])).max())


def _different(points: ArrayLike) -> Floats:
    array = numbers("points", points, shape=(None,), low=-1e150, high=1e150)
    distinct = len(array) > 1 and np.diff(np.sort(array)).min() > 0
    require(distinct, "points must be two or more different coordinates: between equal ones there is no slope")
    return array


def mean_total_variation(true: Chain, model: Chain, start: Floats, sampler: Chain, horizon: int) -> float:
    """:math:`\\max_{t<H}\\mathbb E_{s_t}\\mathrm{TV}(P_{s_t},\\hat P_{s_t})`, states from the sampler's chain:
    MBPO's error.

    Args:
        true: :math:`P`.
        model: :math:`\\hat P`.
        start: ``(S,)`` distribution of :math:`s_0`.
        sampler: the chain that draws the states.
        horizon: steps looked at.

    Source: Janner, Fu, Zhang and Levine (2019), Theorem 4.1.

    Example:
        >>> stay, leave = Chain(np.eye(2), np.zeros(2)), Chain(np.array([[0.9, 0.1], [0.0, 1.0]]), np.zeros(2))
        >>> round(mean_total_variation(stay, leave, np.array([0.5, 0.5]), stay, horizon=3), 12)
        0.05
    """
    _require_chains(true=true, model=model, sampler=sampler)
    state = distributions("start", start, shape=(len(true.rewards),))
    distances, worst = total_variation(true.transitions, model.transitions), 0.0
    for _ in range(whole("horizon", horizon)):
        before, worst = state, max(worst, float(state @ distances))
        state = before @ sampler.transitions
        if np.abs(state - before).max() < 1e-15:  # the chain has come to rest: nothing new comes after this
            break
    return worst


def branched_return(before: Chain, after: Chain, start: Floats, gamma: float, branch: int) -> float:
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
    _require_chains(before=before, after=after)
    gamma, start = number("gamma", gamma, low=0, below=1), distributions("start", start, shape=(len(after.rewards),))
    imagined, state, total = after.rewards, start, 0.0
    for t in range(whole("branch", branch, high=10**7)):
        total += gamma**t * float(state @ after.rewards)
        state, imagined = state @ after.transitions, after.transitions @ imagined
    occupancy = np.linalg.solve(np.eye(len(start)) - gamma * before.transitions.T, start)
    return total + gamma**branch * float(occupancy @ imagined)


def compare_chains(true: Chain, model: Chain, points: Floats, start: Floats, gamma: float) -> PairFacts:
    """What the bounds need to know of two chains, and the exact gap.

    Args:
        true: :math:`P,r`.
        model: :math:`\\hat P,\\hat r`.
        points: ``(S,)`` coordinates.
        start: ``(S,)`` distribution of the first state.
        gamma: discount in [0, 0.9999].

    Source: this book.

    Example:
        >>> points = np.array([0.0, 1.0])
        >>> true = Chain(np.array([[0.9, 0.1], [0.1, 0.9]]), points)
        >>> model = Chain(np.array([[0.8, 0.2], [0.1, 0.9]]), points)
        >>> found = compare_chains(true, model, points, np.array([1.0, 0.0]), gamma=0.9)
        >>> round(found.gap, 4), all(found.gap <= bound for bound in found.bounds().values())
        (1.6506, True)
    """
    _require_chains(true=true, model=model)
    gamma, points = number("gamma", gamma, low=0, high=0.9999), _different(points)
    start = distributions("start", start, shape=true.rewards.shape)
    values = true.values(gamma)
    growth = min(kernel_growth(true.transitions, points), kernel_growth(model.transitions, points))
    sensitivity = lipschitz_on_line(true.rewards, points)
    matters = math.ceil(math.log(1e-12) / math.log(gamma)) if gamma > 0 else 1  # later steps weigh less than 1e-12
    return PairFacts(
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


def _require_chains(**chains: Chain) -> None:
    for name, chain in chains.items():
        require(isinstance(chain, Chain), f"{name} = {shown(chain)} is not a Chain(transitions, rewards)")
    sizes = {name: len(chain.rewards) for name, chain in chains.items()}
    require(len(set(sizes.values())) == 1, f"the chains have different numbers of states: {sizes}")


@dataclass(frozen=True)
class NoisyScalar:
    """The system, its model, and what the bounds need to know of them.

    Args:
        gamma: discount in (0, 0.9999].
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
        number("gamma", self.gamma, above=0, high=0.9999)
        require(
            number("gain", self.gain) >= -1,
            f"gain = {self.gain!r} is not allowed: below -1 the loop reverses the state",
        )
        for name in ("dynamics", "noise", "eps_rew"):
            number(name, getattr(self, name), low=0)
        for name in ("reward", "eps_dyn", "reward_range"):
            number(name, getattr(self, name), above=0)

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
            >>> round(system.gap() / system.facts().bounds()["Lemma 1"], 4)  # nearly attained
            1.0
        """
        t, shift, level, _ = self._paths(branch)
        with np.errstate(over="ignore", divide="ignore"):  # beyond the reward's range the difference is all of it
            dynamics = self.gamma**t @ (self.reward_range * erf(shift / level / math.sqrt(2)) / 2)
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
        with np.errstate(over="ignore", divide="ignore"):
            terms = erf(slope[:-1] * self.eps_dyn / (2 * math.sqrt(2)) / (level[1:] * max(self.growth, 1.0)))
        return float(self.gamma ** t[:-1] @ terms) * self.reward_range

    @property
    def lipschitz(self) -> Lipschitz:
        """The constants in the sum metric, which do not see that feedback damps."""
        return Lipschitz(dynamics=self.dynamics, reward=self.reward, policy=abs(self.gain))

    def facts(self) -> PairFacts:
        """What the bounds need to know, and the exact gap.

        Example:
            >>> system = NoisyScalar(gamma=0.9, dynamics=0.5, reward=1.0, gain=0.5, noise=0.1, eps_dyn=0.01)
            >>> all(system.gap() <= bound for bound in system.facts().bounds().values())
            True
        """
        return PairFacts(
            gamma=self.gamma,
            eps_rew=self.eps_rew,
            eps_dyn=self.eps_dyn,
            total_variation=self.total_variation,
            mean_total_variation=self.total_variation,  # the same in every state
            lipschitz=self.lipschitz,
            growth=self.growth,
            sensitivity=self.sensitivity,
            reward_range=self.reward_range,
            value_lipschitz=self.value_lipschitz,
            value_loss=self.value_loss,
            gap=self.gap(),
        )

    def _paths(self, branch: int | None = None) -> tuple[Floats, Floats, Floats, Floats]:
        """Times, difference of the two means, scale of the smoothed reward, and slope of the state in the start.

        Real and imagined steps widen the distribution alike; only the difference stops at the branch, after :math:`m`
        steps. In the expansive regime all three are divided by :math:`\\Lambda^m`, so that nothing overflows.
        """
        smallest = 1e-20 * min(1.0, self.noise / self.width if self.noise > 0 and self.width < math.inf else 1.0)
        t = np.arange(math.ceil(math.log(smallest) / math.log(self.gamma)) + 2, dtype=np.float64)
        m = t if branch is None else np.minimum(t, whole("branch", branch))
        base = min(self.growth, 1 / self.growth) if self.growth > 0 else 0.0
        shift, spread = self.eps_dyn * geometric(base, m), self.noise * np.sqrt(geometric(base**2, t))
        if self.growth <= 1:
            return t, shift, np.hypot(self.width, spread), base**t
        with np.errstate(over="ignore", under="ignore"):
            spread = spread * base * self.growth ** (t - m) if self.noise > 0 else spread
            return t, shift * base, np.hypot(self.width * base**m, spread), np.ones(len(t))
