r"""How much to pay for a reward label: fewer accurate rollouts, or more noisy ones?

A budget ``B`` buys ``K`` rollouts whose labels cost ``c`` each rollout, plus ``c_0`` for everything else. The
variance of the averaged gradient is

.. math:: \Psi=\frac{V_1+Q\,\sigma^2(c)}K,\qquad K(c+c_0)\le B,

with ``V_1`` the noise-free variance of one rollout and ``Q`` its inflation per unit of noise variance
(:func:`imagination.rewards.inflation.exact_inflation`). The paper's Corollary 2 is the case ``V_1 = 0``, ``c_0 = 0``, K
real: minimise :math:`\Phi(c)=c\,\sigma^2(c)`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from scipy.optimize import brentq

from imagination.errors import require

__all__ = [
    "Annotators",
    "BoundedNoise",
    "Fidelity",
    "FloorNoise",
    "LabelNoise",
    "PowerLawNoise",
    "log_slope",
    "optimal_annotators",
    "optimal_fidelity",
    "phi",
    "total_variance",
]


def _positive(**values: float) -> None:
    for name, value in values.items():
        require(0 < value < math.inf, f"{name} = {value} is not allowed: it must be finite and above 0")


def _at_least_zero(**values: float) -> None:
    for name, value in values.items():
        require(0 <= value < math.inf, f"{name} = {value} is not allowed: it must be finite and at least 0")


@dataclass(frozen=True)
class FloorNoise:
    r"""Money buys noise down to a floor, :math:`\sigma^2(c)=\sigma_f^2+A\,c^{-p}`.

    Args:
        floor: the variance that no spending removes, at least 0.
        scale: A, above 0.
        exponent: p, above 0; 1 is the paper's third regime.

    Example:
        >>> FloorNoise(floor=0.5, scale=2.0).variance(4.0)
        1.0
    """

    floor: float
    scale: float
    exponent: float = 1.0

    def __post_init__(self) -> None:
        _at_least_zero(floor=self.floor)
        _positive(scale=self.scale, exponent=self.exponent)

    @property
    def cost_max(self) -> float:
        """No cost is too high."""
        return math.inf

    def variance(self, cost: float) -> float:
        """Noise variance of one label at annotation cost ``cost`` a rollout; a number or an array."""
        return self.floor + self.scale * cost ** (-self.exponent)

    def elasticity(self, cost: float) -> float:
        r"""Per cent less noise for one per cent more money, :math:`e=-d\ln\sigma^2/d\ln c`."""
        return self.exponent * self.scale * cost ** (-self.exponent) / self.variance(cost)


@dataclass(frozen=True)
class PowerLawNoise(FloorNoise):
    r"""The paper's first regime, :math:`\sigma^2(c)=A\,c^{-p}`: a floor of 0.

    Averaging independent annotators is ``exponent=1``.

    Example:
        >>> PowerLawNoise(scale=2.0, exponent=2.0).variance(2.0)
        0.5
    """

    def __init__(self, scale: float, exponent: float):
        super().__init__(floor=0.0, scale=scale, exponent=exponent)


@dataclass(frozen=True)
class BoundedNoise:
    r"""The paper's second regime, perfect labels at a finite price.

    :math:`\sigma^2(c)=\sigma_0^2(1-c/c_{max})` on :math:`(0,c_{max}]`.

    Example:
        >>> BoundedNoise(variance_at_zero=2.0, cost_max=4.0).variance(1.0)
        1.5
    """

    variance_at_zero: float
    cost_max: float

    def __post_init__(self) -> None:
        _positive(variance_at_zero=self.variance_at_zero, cost_max=self.cost_max)

    def variance(self, cost: float) -> float:
        """Noise variance of one label; a number or an array with entries in [0, cost_max]."""
        return self.variance_at_zero * (1 - cost / self.cost_max)

    def elasticity(self, cost: float) -> float:
        """Infinite at ``cost_max``."""
        return cost / (self.cost_max - cost) if cost < self.cost_max else math.inf


LabelNoise = FloorNoise | BoundedNoise


def phi(noise: LabelNoise, cost: float) -> float:
    r"""The function that Corollary 2 minimises, :math:`\Phi(c)=c\,\sigma^2(c)`.

    Example:
        >>> phi(BoundedNoise(1.0, 2.0), 1.0)
        0.5
    """
    return cost * noise.variance(cost)


def total_variance(
    noise: LabelNoise, cost: float, n_rollouts: float, *, noise_free_variance: float, inflation: float
) -> float:
    r"""Variance of the averaged gradient, :math:`(V_1+Q\sigma^2(c))/K`; arguments may be arrays."""
    return (noise_free_variance + inflation * noise.variance(cost)) / n_rollouts


def log_slope(
    noise: LabelNoise, cost: float, *, base_cost: float = 0.0, noise_free_variance: float = 0.0, inflation: float = 1.0
) -> float:
    r"""The elasticity rule, for any noise model: pay more while this is negative.

    .. math:: \frac{d\ln\Psi}{d\ln c}=\frac c{c+c_0}-e(c)\,\varphi(c),\qquad
       \varphi=\frac{Q\sigma^2(c)}{V_1+Q\sigma^2(c)}

    Source: this book. The paper's rule is ``c_0 = 0`` and ``V_1 = 0``: pay more while ``e > 1``.

    Example:
        >>> log_slope(PowerLawNoise(1.0, 2.0), 3.0)
        -1.0
    """
    _positive(cost=cost, inflation=inflation)
    _at_least_zero(base_cost=base_cost, noise_free_variance=noise_free_variance)
    noisy = inflation * noise.variance(cost)
    share = noisy / (noise_free_variance + noisy) if noisy > 0 else 0.0
    gain = noise.elasticity(cost) * share if noisy > 0 else 0.0
    return cost / (cost + base_cost) - gain


@dataclass(frozen=True)
class Fidelity:
    """What to buy: ``n_rollouts`` rollouts whose labels cost ``cost`` each, and the gradient variance that results."""

    cost: float
    n_rollouts: float
    variance: float
    spent: float


def optimal_fidelity(
    noise: LabelNoise,
    budget: float,
    *,
    cost_min: float,
    cost_max: float = math.inf,
    base_cost: float = 0.0,
    noise_free_variance: float = 0.0,
    inflation: float = 1.0,
    whole_rollouts: bool = True,
) -> Fidelity:
    r"""The annotation cost per rollout that minimises the gradient's variance within a budget.

    .. math:: \min_{c,K}\ \frac{V_1+Q\sigma^2(c)}K\quad\text{s.t.}\quad K(c+c_0)\le B,\ c_{min}\le c\le c_{max},\ K\ge1

    Candidates only, no search over K: in ``c`` the relaxed objective falls and then rises (floor and power-law
    noise, whose stationary point is one safe root) or is concave (bounded noise), so an integer optimum is at
    an end of the range of K, next to the relaxed optimum, or at the largest K that affords the best labels.

    Args:
        noise: noise variance as a function of the cost.
        budget: B, above 0.
        cost_min: least cost of the labels of a rollout; above 0 unless ``base_cost`` is, because otherwise an
            infimum would be approached without being attained.
        cost_max: most expensive labels on offer.
        base_cost: c_0, cost of a rollout besides its labels.
        noise_free_variance: V_1.
        inflation: Q.
        whole_rollouts: K a whole number (money may be left); False relaxes K to a real number of at least 1.

    Returns:
        The optimum; of equal optima the cheapest labels.

    Raises:
        RequestError: on values out of range, or a budget that buys no rollout.

    Source: Corollary 2 of the paper with the repairs 6a-6d of this book.

    Example:
        >>> best = optimal_fidelity(PowerLawNoise(1.0, 2.0), budget=1.9, cost_min=0.1, cost_max=1.0)
        >>> best.n_rollouts, round(best.cost, 6), round(best.variance, 3)
        (2, 0.95, 0.554)
    """
    _positive(budget=budget, inflation=inflation)
    _at_least_zero(cost_min=cost_min, base_cost=base_cost, noise_free_variance=noise_free_variance)
    require(cost_max > 0, f"cost_max = {cost_max} is not allowed: it must be above 0")
    require(
        cost_min > 0 or base_cost > 0,
        "cost_min = 0 with base_cost = 0 is not allowed: ever cheaper labels would buy ever more rollouts and no "
        "optimum is attained; give the price of the cheapest labels",
    )
    high = min(cost_max, noise.cost_max, budget - base_cost)
    require(
        cost_min <= high and high > 0,
        f"no rollout can be bought: labels cost {cost_min:g} to {min(cost_max, noise.cost_max):g} and a rollout "
        f"{base_cost:g} besides, but the budget is {budget:g}; try a larger budget or a smaller cost_min",
    )
    problem = {"base_cost": base_cost, "noise_free_variance": noise_free_variance, "inflation": inflation}
    relaxed = _relaxed_cost(noise, cost_min, high, problem)
    options: list[tuple[float, float]] = [(budget / (relaxed + base_cost), relaxed)]
    if whole_rollouts:
        counts = _counts(budget, base_cost, cost_min, high, relaxed)
        options = [(k, _affordable(k, budget, base_cost, cost_min, high)) for k in counts]

    def outcome(k: float, c: float) -> Fidelity:
        psi = total_variance(noise, c, k, noise_free_variance=noise_free_variance, inflation=inflation)
        return Fidelity(float(c), k, float(psi), float(k * (c + base_cost)))

    return min((outcome(k, c) for k, c in options), key=lambda f: (f.variance, f.cost))


def _relaxed_cost(noise: LabelNoise, low: float, high: float, problem: dict[str, float]) -> float:
    # A cost of 0 is admissible only next to a base cost; on the log scale a millionth of a millionth stands for it.
    low = max(low, high * 1e-12)
    if isinstance(noise, BoundedNoise):
        psi = [
            (c + problem["base_cost"]) * (problem["noise_free_variance"] + problem["inflation"] * noise.variance(c))
            for c in (low, high)
        ]
        return low if psi[0] <= psi[1] else high

    def slope(log_cost: float) -> float:
        return log_slope(noise, math.exp(log_cost), **problem)

    if slope(math.log(low)) >= -1e-12:  # equal costs, as at p = 1 without base cost: the cheapest
        return low
    if slope(math.log(high)) <= 0:
        return high
    return math.exp(brentq(slope, math.log(low), math.log(high), xtol=1e-14))


def _floor(x: float) -> int:
    return math.floor(x * (1 + 1e-12))


def _affordable(k: int, budget: float, base_cost: float, low: float, high: float) -> float:
    return max(low, min(high, budget / k - base_cost))


def _counts(budget: float, base_cost: float, low: float, high: float, relaxed: float) -> list[int]:
    fewest, most = max(1, _floor(budget / (high + base_cost))), max(1, _floor(budget / (low + base_cost)))
    near = _floor(budget / (relaxed + base_cost))
    return sorted({min(max(k, fewest), most) for k in (fewest, fewest + 1, near, near + 1, most)})


@dataclass(frozen=True)
class Annotators:
    """How many annotators to average for each label: the best whole number, and the real number that it rounds."""

    number: int
    relaxed: float
    variance_times_budget: float


def optimal_annotators(
    *, label_variance: float, label_cost: float, base_cost: float, noise_free_variance: float, inflation: float
) -> Annotators:
    r"""How many independent annotators to average per label when many rollouts are bought.

    .. math:: m^*=\sqrt{\frac{c_0}{c_1}\frac{Q\sigma_1^2}{V_1}},\qquad \text{annotator } m+1 \text{ pays iff }
       \frac{c_0}{c_1}\frac{Q\sigma_1^2}{V_1}>m(m+1)

    Args:
        label_variance: sigma_1^2, noise variance of one annotator's label.
        label_cost: c_1, cost of one annotator for the labels of a rollout, above 0.
        base_cost: c_0, other cost of a rollout; at 0 one annotator is always best.
        noise_free_variance: V_1, above 0; at 0 the number would grow without end.
        inflation: Q.

    Example:
        >>> a = optimal_annotators(
        ...     label_variance=80.0, label_cost=1.0, base_cost=10.0, noise_free_variance=5.0, inflation=1.0
        ... )
        >>> a.number, round(a.relaxed, 2)
        (13, 12.65)
    """
    _at_least_zero(label_variance=label_variance, base_cost=base_cost)
    _positive(label_cost=label_cost, noise_free_variance=noise_free_variance, inflation=inflation)
    ratio = base_cost / label_cost * inflation * label_variance / noise_free_variance
    relaxed = math.sqrt(ratio)

    def variance(m: int) -> float:
        return (base_cost + m * label_cost) * (noise_free_variance + inflation * label_variance / m)

    number = min({max(1, math.floor(relaxed)), max(1, math.ceil(relaxed))}, key=lambda m: (variance(m), m))
    return Annotators(number, relaxed, float(np.float64(variance(number))))
