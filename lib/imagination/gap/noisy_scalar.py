"""A scalar system with Gaussian noise on which every return, constant and distance is known in closed form.

.. math:: s'=L_f(s+a)+\\sigma\\xi,\\quad \\hat s'=s'+\\epsilon_{dyn},\\quad a=gs,\\quad
          r=R\\,\\Phi\\big((s+a)/b\\big),\\quad \\hat r=r+\\epsilon_{rew},\\quad s_0=0

with :math:`\\xi` standard normal, :math:`\\Phi` its distribution function and :math:`L_r=R/(b\\sqrt{2\\pi})`. The noise
decides which family of bounds can see the model error: the Wasserstein distance of the next states is
:math:`\\epsilon_{dyn}` for every :math:`\\sigma`, their total variation falls from 1 at :math:`\\sigma=0` to 0. For
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
from imagination.gap.comparison import Comparison

__all__ = ["NoisyScalar"]


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
