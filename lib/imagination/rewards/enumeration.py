"""Exact enumeration of a small softmax MDP: every trajectory, every noise outcome, no sampling error.

Two actions, one logit for each group of states, deterministic transitions. The probability ``p`` of action 1, the
discount ``gamma`` and the noise scale ``sigma`` may be numbers or symbols, because every quantity of Section 5 is a
polynomial in them: the score of a two-action softmax is ``a - p`` and ``dp/dtheta = p (1 - p)``. This is the slow,
obvious truth for :mod:`imagination.rewards.reinforce`.

A finite MDP with a softmax policy: exact gradients and score moments by dynamic programming, without sampling.

Numbers instead of the symbols of :mod:`imagination.rewards.enumeration`, and polynomial instead of exponential in the
horizon. One logit for each state and action; gradients have shape ``(S, A)``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import sympy as sp

from imagination.errors import require

__all__ = [
    "Episode",
    "SoftmaxMDP",
    "Tabular",
    "episodes",
    "estimate",
    "expectation",
    "expected_return",
    "gradient",
    "mean_gradient",
    "rademacher",
    "total_variance",
]

Vector = tuple[sp.Expr, ...]


@dataclass(frozen=True)
class SoftmaxMDP:
    """A finite MDP with two actions, deterministic transitions and a softmax policy.

    Args:
        next_state: ``next_state[s][a]``, the successor of state ``s`` under action ``a`` (index of a state).
        reward: ``reward[s][a]``, numbers or symbols.
        probability: probability of action 1 for each logit, numbers in (0, 1) or symbols.
        logit: which logit state ``s`` uses; states may share one.

    Raises:
        RequestError: on mismatched shapes, unknown states or logits, or a probability outside (0, 1).

    Example:
        >>> chain = SoftmaxMDP(((1, 1), (1, 1)), reward=((0, 1), (0, -1)), probability=("1/3",), logit=(0, 0))
        >>> chain.probability
        (1/3,)
    """

    next_state: tuple[tuple[int, int], ...]
    reward: tuple[tuple[sp.Expr, sp.Expr], ...]
    probability: tuple[sp.Expr, ...]
    logit: tuple[int, ...]

    def __post_init__(self) -> None:
        n = len(self.next_state)
        require(
            n >= 1 and len(self.reward) == n and len(self.logit) == n,
            f"{n} states, {len(self.reward)} reward rows, {len(self.logit)} logit indices: give one of each per state",
        )
        for rows, what in ((self.next_state, "next_state"), (self.reward, "reward")):
            require(all(len(row) == 2 for row in rows), f"{what} must have two entries per state, one for each action")
        require(all(0 <= s < n for row in self.next_state for s in row), f"next_state must name states 0..{n - 1}")
        m = len(self.probability)
        require(all(0 <= g < m for g in self.logit), f"logit must name logits 0..{m - 1}, got {self.logit}")
        object.__setattr__(self, "reward", tuple(tuple(map(sp.sympify, row)) for row in self.reward))
        object.__setattr__(self, "probability", tuple(map(sp.sympify, self.probability)))
        for p in self.probability:
            require(not p.is_number or 0 < p < 1, f"probability {p} is not allowed: it must lie in (0, 1)")


@dataclass(frozen=True)
class Episode:
    """One trajectory: its probability, states, actions, rewards and scores ``w_t = grad log pi(a_t|s_t)``."""

    probability: sp.Expr
    states: tuple[int, ...]
    actions: tuple[int, ...]
    rewards: Vector
    scores: tuple[Vector, ...]


def episodes(mdp: SoftmaxMDP, horizon: int, *, start: int = 0) -> Iterator[Episode]:
    """Yield every trajectory of ``horizon`` steps from ``start``: ``2**horizon`` of them.

    Raises:
        RequestError: if ``horizon`` is not an integer in 1..12 (the enumeration doubles with every step).

    Example:
        >>> p = sp.Symbol("p", positive=True)
        >>> bandit = SoftmaxMDP(((0, 0),), ((0, 1),), (p,), (0,))
        >>> [(str(e.probability), e.scores) for e in episodes(bandit, 1)]
        [('1 - p', ((-p,),)), ('p', ((1 - p,),))]
    """
    require(
        isinstance(horizon, int) and 1 <= horizon <= 12,
        f"horizon = {horizon} is not allowed here: an integer in 1..12, as 2**horizon trajectories are enumerated",
    )
    n_logits = len(mdp.probability)
    for actions in product((0, 1), repeat=horizon):
        state, probability, states, rewards, scores = start, sp.Integer(1), [], [], []
        for a in actions:
            p = mdp.probability[mdp.logit[state]]
            probability *= p if a else 1 - p
            states.append(state)
            rewards.append(mdp.reward[state][a])
            scores.append(tuple(a - p if g == mdp.logit[state] else sp.Integer(0) for g in range(n_logits)))
            state = mdp.next_state[state][a]
        yield Episode(probability, tuple(states), actions, tuple(rewards), tuple(scores))


def estimate(scores: Sequence[Vector], rewards: Sequence[sp.Expr], gamma: sp.Expr, *, discount_states: bool) -> Vector:
    r"""Single-trajectory REINFORCE, as written: a sum over ``t`` of score times discounted return from ``t`` onward.

    .. math:: \hat g=\sum_{t<H}[\gamma^t]\,w_t\sum_{u=t}^{H-1}\gamma^{u-t}r_u

    Args:
        scores: ``w_t``, one vector per step.
        rewards: one per step.
        gamma: discount.
        discount_states: include the factor in brackets (estimator B) or not (estimator A).

    Source: Section 5 of the paper; flag 5a of this book.

    Example:
        >>> estimate(((1,), (1,)), (1, 1), sp.Rational(1, 2), discount_states=False)
        (5/2,)
        >>> estimate(((1,), (1,)), (1, 1), sp.Rational(1, 2), discount_states=True)
        (2,)
    """
    require(len(scores) == len(rewards), f"{len(scores)} scores but {len(rewards)} rewards: give one of each per step")
    horizon, gamma = len(scores), sp.sympify(gamma)
    to_go = [sum(gamma ** (u - t) * rewards[u] for u in range(t, horizon)) for t in range(horizon)]
    factor = [gamma**t if discount_states else sp.Integer(1) for t in range(horizon)]
    return tuple(
        sp.expand(sum(factor[t] * scores[t][i] * to_go[t] for t in range(horizon))) for i in range(len(scores[0]))
    )


def expectation(mdp: SoftmaxMDP, horizon: int, quantity: Callable[[Episode], sp.Expr]) -> sp.Expr:
    """Expectation of a function of the trajectory, expanded to a polynomial."""
    return sp.expand(sum(e.probability * sp.expand(quantity(e)) for e in episodes(mdp, horizon)))


def expected_return(mdp: SoftmaxMDP, horizon: int, gamma: sp.Expr) -> sp.Expr:
    r"""The finite-horizon objective ``J_H``: the expected discounted sum of rewards."""
    return expectation(mdp, horizon, lambda e: sum(sp.sympify(gamma) ** t * r for t, r in enumerate(e.rewards)))


def gradient(mdp: SoftmaxMDP, value: Callable[[SoftmaxMDP], sp.Expr]) -> Vector:
    """Gradient with respect to the logits of a quantity of the MDP, by differentiation, without scores.

    The probabilities are replaced by symbols, the polynomial is differentiated, and ``dp/dtheta = p (1 - p)``.

    Example:
        >>> bandit = SoftmaxMDP(((0, 0),), ((0, 1),), ("1/4",), (0,))
        >>> gradient(bandit, lambda m: expected_return(m, 1, sp.Rational(9, 10)))
        (3/16,)
    """
    free = sp.symbols(f"p_:{len(mdp.probability)}", positive=True, cls=sp.Dummy)
    polynomial = value(SoftmaxMDP(mdp.next_state, mdp.reward, free, mdp.logit))
    at = dict(zip(free, mdp.probability, strict=True))
    return tuple(sp.expand((sp.diff(polynomial, q) * q * (1 - q)).subs(at, simultaneous=True)) for q in free)


def mean_gradient(mdp: SoftmaxMDP, horizon: int, gamma: sp.Expr, *, discount_states: bool) -> Vector:
    """Expectation of the REINFORCE estimator, by summation over all trajectories.

    Example:
        >>> chain = SoftmaxMDP(((1, 1), (1, 1)), ((0, "19/20"), (0, -1)), ("1/2",), (0, 0))
        >>> mean_gradient(chain, 2, sp.Rational(9, 10), discount_states=True)
        (1/80,)
        >>> mean_gradient(chain, 2, sp.Rational(9, 10), discount_states=False)
        (-1/80,)
    """
    return tuple(
        expectation(mdp, horizon, lambda e: estimate(e.scores, e.rewards, gamma, discount_states=discount_states)[i])  # noqa: B023
        for i in range(len(mdp.probability))
    )


def rademacher(horizon: int, sigma: sp.Expr) -> Iterator[tuple[sp.Rational, Vector]]:
    """Every outcome of independent noise ``+-sigma`` with its probability: mean 0, variance ``sigma**2``.

    Example:
        >>> [noise for _, noise in rademacher(1, sp.Symbol("sigma"))]
        [(sigma,), (-sigma,)]
    """
    for signs in product((1, -1), repeat=horizon):
        yield sp.Rational(1, 2**horizon), tuple(sign * sp.sympify(sigma) for sign in signs)


def total_variance(atoms: Sequence[tuple[sp.Expr, Vector]]) -> sp.Expr:
    r"""Sum of the coordinate variances of a discrete random vector, given as ``(probability, value)`` pairs.

    .. math:: \mathrm{Var}(X)=\mathbb E\|X\|^2-\|\mathbb E X\|^2

    Example:
        >>> total_variance([(sp.Rational(1, 2), (1, 0)), (sp.Rational(1, 2), (-1, 0))])
        1
    """
    atoms = list(atoms)
    dimensions = range(len(atoms[0][1]))
    mean = [sum(q * x[i] for q, x in atoms) for i in dimensions]
    return sp.expand(sum(q * x[i] ** 2 for q, x in atoms for i in dimensions) - sum(m**2 for m in mean))


@dataclass(frozen=True)
class Tabular:
    """A finite process under a softmax policy.

    Args:
        transition: ``P(s'|s, a)``, shape ``(S, A, S)``, rows summing to 1.
        start: distribution of the first state, shape ``(S,)``.
        logits: shape ``(S, A)``.

    Raises:
        RequestError: on shapes that do not match, or rows that are no distributions.

    Example:
        >>> coin = Tabular(np.ones((1, 2, 1)), np.ones(1), np.zeros((1, 2)))
        >>> coin.gradient(np.array([[0.0, 1.0]]), 0.9, 1)
        array([[-0.25,  0.25]])
    """

    transition: np.ndarray
    start: np.ndarray
    logits: np.ndarray

    def __post_init__(self) -> None:
        s, a = self.logits.shape
        require(
            self.transition.shape == (s, a, s) and self.start.shape == (s,),
            f"transition {self.transition.shape}, start {self.start.shape}, logits {self.logits.shape} do not match: "
            "give shapes (S, A, S), (S,), (S, A)",
        )
        for name, rows in (("transition", self.transition), ("start", self.start)):
            require(
                (rows >= 0).all() and np.allclose(rows.sum(-1), 1), f"{name} must be at least 0 and its rows sum to 1"
            )
        require(np.isfinite(self.logits).all(), "logits contain a NaN or an infinity")

    @property
    def policy(self) -> np.ndarray:
        """Action probabilities, shape ``(S, A)``."""
        weights = np.exp(self.logits - self.logits.max(1, keepdims=True))
        return weights / weights.sum(1, keepdims=True)

    def occupancy(self, horizon: int) -> np.ndarray:
        """Distribution of the state at each step, shape ``(H, S)``."""
        require(
            horizon == int(horizon) and horizon >= 1, f"horizon = {horizon} is not allowed: an integer of at least 1"
        )
        chain = np.einsum("sa,sau->su", self.policy, self.transition)
        out = [self.start]
        for _ in range(horizon - 1):
            out.append(out[-1] @ chain)
        return np.array(out)

    def value(self, payoff: np.ndarray, gamma: float, horizon: int) -> float:
        r"""Expected discounted sum :math:`\mathbb E\sum_{t<H}\gamma^tb(s_t,a_t)` of a payoff of shape ``(S, A)``."""
        return float(np.einsum("t,ts,sa,sa", gamma ** np.arange(horizon), self.occupancy(horizon), self.policy, payoff))

    def gradient(self, payoff: np.ndarray, gamma: float, horizon: int) -> np.ndarray:
        """Gradient of :meth:`value` with respect to the logits, shape ``(S, A)``, by the policy-gradient theorem."""
        require(payoff.shape == self.logits.shape, f"payoff has shape {payoff.shape}: give {self.logits.shape}")
        require(np.isfinite(payoff).all(), "payoff contains a NaN or an infinity")
        policy, visits = self.policy, self.occupancy(horizon)
        out, to_go = np.zeros_like(self.logits), np.zeros(self.start.size)
        for t in reversed(range(horizon)):
            q = payoff + gamma * self.transition @ to_go
            to_go = (policy * q).sum(1)
            out += gamma**t * visits[t][:, None] * policy * (q - to_go[:, None])
        return out

    def sample_gradients(
        self, payoffs: np.ndarray, gamma: float, horizon: int, n: int, *, generator: np.random.Generator
    ) -> np.ndarray:
        """Single-rollout REINFORCE with the state discount, by Monte Carlo.

        Args:
            payoffs: several payoffs that label the same rollouts, shape ``(L, S, A)``.
            gamma: discount.
            horizon: H.
            n: number of rollouts.
            generator: source of all randomness.

        Returns:
            Gradients, shape ``(L, n, S, A)``; their mean over ``n`` estimates :meth:`gradient`.
        """
        policy, (s, a) = self.policy, self.logits.shape
        state = generator.choice(s, size=n, p=self.start)
        credit, out = np.zeros((n, s, a)), np.zeros((len(payoffs), n, s, a))
        rows = np.arange(n)
        for t in range(horizon):
            action = (generator.random(n)[:, None] > policy.cumsum(1)[state]).sum(1).clip(max=a - 1)
            credit[rows, state] -= policy[state]
            credit[rows, state, action] += 1
            # the discounts gamma**t of the state and gamma**(u-t) of the return make gamma**u for every earlier score
            out += gamma**t * payoffs[:, state, action][:, :, None, None] * credit
            state = (generator.random(n)[:, None] > self.transition[state, action].cumsum(1)).sum(1).clip(max=s - 1)
        return out

    def deviation(self, payoff: np.ndarray, horizon: int) -> np.ndarray:
        """Standard deviation of the payoff at each step on the policy's own distribution, shape ``(H,)``."""
        weight = self.occupancy(horizon)[:, :, None] * self.policy
        mean = (weight * payoff).sum((1, 2))
        return np.sqrt((weight * (payoff - mean[:, None, None]) ** 2).sum((1, 2)))

    def score_moments(self, horizon: int) -> np.ndarray:
        r"""Second moments of the scores, :math:`\mathbb E\,w_tw_t^\top`, shape ``(H, S*A, S*A)``."""
        s, a = self.logits.shape
        block = np.einsum("sa,ab->sab", self.policy, np.eye(a)) - self.policy[:, :, None] * self.policy[:, None, :]
        out = np.zeros((horizon, s, a, s, a))
        for i in range(s):
            out[:, i, :, i, :] = self.occupancy(horizon)[:, i, None, None] * block[i]
        return out.reshape(horizon, s * a, s * a)
