r"""The exact truth on small finite MDPs under a softmax policy: nothing is sampled.

Two ways, from slow and obvious to fast. :class:`SoftmaxMDP` has two actions, deterministic transitions and one logit
for each group of states; every trajectory and every noise outcome is enumerated. Its numbers may be symbols, because
every quantity of Section 5 is a polynomial in them: the score of a two-action softmax is ``a - p`` and
``dp/dtheta = p (1 - p)``. :class:`Tabular` has numbers in place of symbols, any number of actions and stochastic
transitions, and dynamic programming in place of enumeration: polynomial instead of exponential in the horizon. Both
are the truth that :mod:`imagination.rewards.reinforce` is tested against.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import product

import numpy as np
import sympy as sp

from imagination.checks import Floats, generator_of, instance, number, numbers, whole, wholes
from imagination.errors import RequestError, require, shown

Vector = tuple[sp.Expr, ...]
Atoms = list[tuple[sp.Expr, Vector]]


def _exact(name: str, value: object) -> sp.Expr:
    """A number, a fraction given as text, or an expression; text is never evaluated as code."""
    try:
        found = sp.Rational(value) if isinstance(value, str) else sp.sympify(value, strict=True)
    except (TypeError, ValueError, sp.SympifyError):
        found = None
    if isinstance(value, bool) or not isinstance(found, sp.Expr) or found.is_finite is False or found is sp.nan:
        raise RequestError(f"{name} = {shown(value)} is not allowed: a finite number, '19/20', or a symbol")
    return found


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
    reward: tuple[Vector, ...]
    probability: Vector
    logit: tuple[int, ...]

    def __post_init__(self) -> None:
        logits = wholes("logit", self.logit, shape=(None,))
        for name in ("reward", "probability"):
            instance(name, getattr(self, name), tuple)
        n, m = logits.size, len(self.probability)
        wholes("next_state", self.next_state, high=n - 1, shape=(n, 2))
        require(logits.max() < m, f"logit = {shown(self.logit)} must name the {m} logits, 0 to {m - 1}")
        require(
            len(self.reward) == n and all(len(instance("a row of reward", row, tuple)) == 2 for row in self.reward),
            f"reward = {shown(self.reward)} must have two entries for each of the {n} states, one for each action",
        )
        object.__setattr__(self, "reward", tuple(tuple(_exact("reward", x) for x in row) for row in self.reward))
        object.__setattr__(self, "probability", tuple(_exact("probability", p) for p in self.probability))
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


Labels = Callable[[Episode], Iterable[tuple[sp.Expr, Sequence[sp.Expr]]]]
"""From an episode to the outcomes of its labels, each with its probability."""


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
    instance("mdp", mdp, SoftmaxMDP)
    first = whole("start", start, high=len(mdp.logit) - 1)
    for actions in product((0, 1), repeat=whole("horizon", horizon, low=1, high=12)):
        state, probability, states, rewards, scores = first, sp.Integer(1), [], [], []
        for a in actions:
            logit = mdp.logit[state]
            p = mdp.probability[logit]
            probability *= p if a else 1 - p
            states.append(state)
            rewards.append(mdp.reward[state][a])
            scores.append(tuple(a - p if g == logit else sp.Integer(0) for g in range(len(mdp.probability))))
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
    require(len(scores), "an episode has at least one step")
    horizon, gamma = len(scores), _exact("gamma", gamma)
    to_go = [sum(gamma ** (u - t) * rewards[u] for u in range(t, horizon)) for t in range(horizon)]
    factor = [gamma**t if discount_states else sp.Integer(1) for t in range(horizon)]
    return tuple(
        sp.expand(sum(factor[t] * scores[t][i] * to_go[t] for t in range(horizon))) for i in range(len(scores[0]))
    )


def estimates(
    mdp: SoftmaxMDP, horizon: int, gamma: sp.Expr, *, discount_states: bool, labels: Labels | None = None
) -> Atoms:
    """The distribution of the single-trajectory estimator, as ``(probability, value)`` pairs.

    Args:
        mdp: the process.
        horizon: H, at most 12.
        gamma: discount.
        discount_states: estimator B or A.
        labels: from an episode to the outcomes of its labels, each with its probability, such as
            :func:`noisy_labels`; None takes the rewards.

    Example:
        >>> bandit = SoftmaxMDP(((0, 0),), ((0, 1),), ("1/4",), (0,))
        >>> estimates(bandit, 1, sp.Rational(9, 10), discount_states=True)
        [(3/4, (0,)), (1/4, (3/4,))]
    """
    outcomes = labels or (lambda e: [(sp.Integer(1), e.rewards)])
    return [
        (q * e.probability, estimate(e.scores, seen, gamma, discount_states=discount_states))
        for e in episodes(mdp, horizon)
        for q, seen in outcomes(e)
    ]


def expectation(mdp: SoftmaxMDP, horizon: int, quantity: Callable[[Episode], sp.Expr]) -> sp.Expr:
    """Expectation of a function of the trajectory, expanded to a polynomial."""
    return sp.expand(sum(e.probability * sp.expand(quantity(e)) for e in episodes(mdp, horizon)))


def expected_return(mdp: SoftmaxMDP, horizon: int, gamma: sp.Expr) -> sp.Expr:
    r"""The finite-horizon objective ``J_H``: the expected discounted sum of rewards."""
    g = _exact("gamma", gamma)
    return expectation(mdp, horizon, lambda e: sum(g**t * r for t, r in enumerate(e.rewards)))


def gradient(mdp: SoftmaxMDP, value: Callable[[SoftmaxMDP], sp.Expr]) -> Vector:
    """Gradient with respect to the logits of a quantity of the MDP, by differentiation, without scores.

    The probabilities are replaced by symbols, the polynomial is differentiated, and ``dp/dtheta = p (1 - p)``.

    Example:
        >>> bandit = SoftmaxMDP(((0, 0),), ((0, 1),), ("1/4",), (0,))
        >>> gradient(bandit, lambda m: expected_return(m, 1, sp.Rational(9, 10)))
        (3/16,)
    """
    instance("mdp", mdp, SoftmaxMDP)
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
    atoms = estimates(mdp, horizon, gamma, discount_states=discount_states)
    return tuple(sp.expand(sum(q * x[i] for q, x in atoms)) for i in range(len(mdp.probability)))


def rademacher(horizon: int, sigma: sp.Expr) -> Iterator[tuple[sp.Rational, Vector]]:
    """Every outcome of independent noise ``+-sigma`` with its probability: mean 0, variance ``sigma**2``.

    Example:
        >>> [noise for _, noise in rademacher(1, sp.Symbol("sigma"))]
        [(sigma,), (-sigma,)]
    """
    size = _exact("sigma", sigma)
    for signs in product((1, -1), repeat=whole("horizon", horizon, low=1, high=12)):
        yield sp.Rational(1, 2**horizon), tuple(sign * size for sign in signs)


def noisy_labels(sigma: sp.Expr) -> Labels:
    """Labels with independent noise ``+-sigma``, for :func:`estimates`."""
    return lambda e: (
        (q, tuple(r + x for r, x in zip(e.rewards, noise, strict=True)))
        for q, noise in rademacher(len(e.rewards), sigma)
    )


def total_variance(atoms: Iterable[tuple[sp.Expr, Vector]]) -> sp.Expr:
    r"""Sum of the coordinate variances of a discrete random vector, given as ``(probability, value)`` pairs.

    .. math:: \mathrm{Var}(X)=\mathbb E\|X\|^2-\|\mathbb E X\|^2

    Example:
        >>> total_variance([(sp.Rational(1, 2), (1, 0)), (sp.Rational(1, 2), (-1, 0))])
        1
    """
    atoms = list(atoms)
    require(atoms, "a distribution has at least one outcome")
    dimensions = range(len(atoms[0][1]))
    mean = [sum(q * x[i] for q, x in atoms) for i in dimensions]
    return sp.expand(sum(q * x[i] ** 2 for q, x in atoms for i in dimensions) - sum(m**2 for m in mean))


@dataclass(frozen=True)
class VarianceParts:
    """Variance of the estimator with noisy labels, without noise, and the mean of the variance given the trajectory."""

    total: sp.Expr
    noise_free: sp.Expr
    within: sp.Expr


def variance_parts(
    mdp: SoftmaxMDP, horizon: int, gamma: sp.Expr, sigma: sp.Expr, *, discount_states: bool
) -> VarianceParts:
    """The three variances of the law of total variance, each by summation over all trajectories and all noise.

    Args:
        mdp: the process.
        horizon: H.
        gamma: discount.
        sigma: size of the noise, see :func:`rademacher`.
        discount_states: estimator B or A.

    Example:
        >>> bandit = SoftmaxMDP(((0, 0),), ((0, 0),), ("1/2",), (0,))
        >>> variance_parts(bandit, 1, sp.Rational(1, 2), sp.Symbol("s"), discount_states=True)
        VarianceParts(total=s**2/4, noise_free=0, within=s**2/4)
    """
    labels = noisy_labels(sigma)

    def given(e: Episode) -> sp.Expr:
        seen = [(q, estimate(e.scores, r, gamma, discount_states=discount_states)) for q, r in labels(e)]
        return total_variance(seen)

    return VarianceParts(
        total=total_variance(estimates(mdp, horizon, gamma, discount_states=discount_states, labels=labels)),
        noise_free=total_variance(estimates(mdp, horizon, gamma, discount_states=discount_states)),
        within=expectation(mdp, horizon, given),
    )


@dataclass(frozen=True)
class Tabular:
    """A finite process under a softmax policy, one logit for each state and action; gradients have shape ``(S, A)``.

    Args:
        transitions: ``P(s'|s, a)``, shape ``(S, A, S)``, rows summing to 1.
        start: distribution of the first state, shape ``(S,)``.
        logits: shape ``(S, A)``.

    Raises:
        RequestError: on shapes that do not match, or rows that are no distributions.

    Example:
        >>> coin = Tabular(np.ones((1, 2, 1)), np.ones(1), np.zeros((1, 2)))
        >>> coin.gradient(np.array([[0.0, 1.0]]), 0.9, 1)
        array([[-0.25,  0.25]])
    """

    transitions: Floats
    start: Floats
    logits: Floats

    def __post_init__(self) -> None:
        object.__setattr__(self, "logits", numbers("logits", self.logits, shape=(None, None)))
        s, a = self.logits.shape
        for name, shape in (("transitions", (s, a, s)), ("start", (s,))):
            rows = numbers(name, getattr(self, name), low=0, shape=shape)
            require(np.allclose(rows.sum(-1), 1), f"each row of {name} must sum to 1")
            object.__setattr__(self, name, rows)

    @property
    def policy(self) -> Floats:
        """Action probabilities, shape ``(S, A)``."""
        weights = np.exp(self.logits - self.logits.max(1, keepdims=True))
        probabilities: Floats = weights / weights.sum(1, keepdims=True)
        return probabilities

    def occupancy(self, horizon: int) -> Floats:
        """Distribution of the state at each step, shape ``(H, S)``."""
        chain = np.einsum("sa,sau->su", self.policy, self.transitions)
        out = [self.start]
        for _ in range(whole("horizon", horizon, low=1) - 1):
            out.append(out[-1] @ chain)
        return np.array(out)

    def _payoff(self, payoff: Floats) -> Floats:
        return numbers("payoff", payoff, shape=self.logits.shape)

    def value(self, payoff: Floats, gamma: float, horizon: int) -> float:
        r"""Expected discounted sum :math:`\mathbb E\sum_{t<H}\gamma^tb(s_t,a_t)` of a payoff of shape ``(S, A)``."""
        visits = self.occupancy(horizon)
        discounts = number("gamma", gamma, low=0, high=1) ** np.arange(len(visits))
        return float(np.einsum("t,ts,sa,sa", discounts, visits, self.policy, self._payoff(payoff)))

    def gradient(self, payoff: Floats, gamma: float, horizon: int) -> Floats:
        """Gradient of :meth:`value` with respect to the logits, shape ``(S, A)``, by the policy-gradient theorem."""
        policy, visits, payoff = self.policy, self.occupancy(horizon), self._payoff(payoff)
        g = number("gamma", gamma, low=0, high=1)
        out, to_go = np.zeros_like(self.logits), np.zeros(self.start.size)
        for t in reversed(range(len(visits))):
            q = payoff + g * self.transitions @ to_go
            to_go = (policy * q).sum(1)
            out += g**t * visits[t][:, None] * policy * (q - to_go[:, None])
        return out

    def sample_gradients(
        self, payoffs: Floats, gamma: float, horizon: int, n: int, *, generator: np.random.Generator
    ) -> Floats:
        """Single-rollout REINFORCE with the state discount, by Monte Carlo.

        Args:
            payoffs: several payoffs that label the same rollouts, shape ``(L, S, A)``.
            gamma: discount in [0, 1].
            horizon: H.
            n: number of rollouts.
            generator: source of all randomness.

        Returns:
            Gradients, shape ``(L, n, S, A)``; their mean over ``n`` estimates :meth:`gradient`.
        """
        policy, (s, a) = self.policy, self.logits.shape
        payoffs, g = numbers("payoffs", payoffs, shape=(None, s, a)), number("gamma", gamma, low=0, high=1)
        n, steps, source = whole("n", n, low=1), whole("horizon", horizon, low=1), generator_of("generator", generator)
        state = source.choice(s, size=n, p=self.start)
        credit, out = np.zeros((n, s, a)), np.zeros((len(payoffs), n, s, a))
        rows = np.arange(n)
        for t in range(steps):
            action = (source.random(n)[:, None] > policy.cumsum(1)[state]).sum(1).clip(max=a - 1)
            credit[rows, state] -= policy[state]
            credit[rows, state, action] += 1
            # the discounts gamma**t of the state and gamma**(u-t) of the return make gamma**u for every earlier score
            out += g**t * payoffs[:, state, action][:, :, None, None] * credit
            state = (source.random(n)[:, None] > self.transitions[state, action].cumsum(1)).sum(1).clip(max=s - 1)
        return out

    def deviation(self, payoff: Floats, horizon: int) -> Floats:
        """Standard deviation of the payoff at each step on the policy's own distribution, shape ``(H,)``."""
        weight = self.occupancy(horizon)[:, :, None] * self.policy
        payoff = self._payoff(payoff)
        mean = (weight * payoff).sum((1, 2))
        deviation: Floats = np.sqrt((weight * (payoff - mean[:, None, None]) ** 2).sum((1, 2)))
        return deviation

    def score_moments(self, horizon: int) -> Floats:
        r"""Second moments of the scores, :math:`\mathbb E\,w_tw_t^\top`, shape ``(H, S*A, S*A)``."""
        s, a = self.logits.shape
        block = np.einsum("sa,ab->sab", self.policy, np.eye(a)) - self.policy[:, :, None] * self.policy[:, None, :]
        moments: Floats = np.einsum("ts,sab,su->tsaub", self.occupancy(horizon), block, np.eye(s))
        return moments.reshape(-1, s * a, s * a)
