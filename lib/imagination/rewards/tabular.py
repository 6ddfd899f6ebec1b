"""A finite MDP with a softmax policy: exact gradients and score moments by dynamic programming, without sampling.

Numbers instead of the symbols of :mod:`imagination.rewards.enumeration`, and polynomial instead of exponential in the
horizon. One logit for each state and action; gradients have shape ``(S, A)``.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from imagination.errors import require

__all__ = ["Tabular"]


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
