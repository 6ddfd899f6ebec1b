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
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import brentq

from imagination.checks import generator_of, instance, number, numbers, plain
from imagination.errors import RequestError, require, shown


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
        number("floor", self.floor, low=0)
        number("scale", self.scale, above=0)
        number("exponent", self.exponent, above=0)

    @property
    def cost_max(self) -> float:
        """No cost is too high."""
        return math.inf

    def variance(self, cost: ArrayLike) -> Any:
        """Noise variance of one label at annotation cost ``cost``, above 0, a rollout; a number or an array."""
        with np.errstate(over="ignore"):
            return plain(numbers("the noise variance", self._at(numbers("cost", cost, above=0))))

    def elasticity(self, cost: float) -> float:
        r"""Per cent less noise for one per cent more money, :math:`e=-d\ln\sigma^2/d\ln c`."""
        return float(self._elasticity(number("cost", cost, above=0), self.variance(cost)))

    def _at(self, cost: Any) -> Any:
        return self.floor + self.scale * cost**-self.exponent

    def _elasticity(self, cost: float, variance: float) -> float:
        return self.exponent * (variance - self.floor) / variance if variance > 0 else self.exponent


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
        number("variance_at_zero", self.variance_at_zero, above=0)
        number("cost_max", self.cost_max, above=0)

    def variance(self, cost: ArrayLike) -> Any:
        """Noise variance of one label; a number or an array with entries in (0, cost_max]."""
        return plain(self._at(numbers("cost", cost, above=0, high=self.cost_max)))

    def elasticity(self, cost: float) -> float:
        """Infinite at ``cost_max``."""
        return self._elasticity(number("cost", cost, above=0, high=self.cost_max), 0.0)

    def _at(self, cost: Any) -> Any:
        return self.variance_at_zero * (1 - cost / self.cost_max)

    def _elasticity(self, cost: float, variance: float) -> float:
        return cost / (self.cost_max - cost) if cost < self.cost_max else math.inf


LabelNoise = FloorNoise | BoundedNoise


def phi(noise: LabelNoise, cost: ArrayLike) -> Any:
    r"""The function that Corollary 2 minimises, :math:`\Phi(c)=c\,\sigma^2(c)`, at a cost or an array of costs.

    Example:
        >>> phi(BoundedNoise(1.0, 2.0), 1.0)
        0.5
    """
    return plain(_noise(noise).variance(cost) * numbers("cost", cost, above=0))


def _noise(noise: LabelNoise) -> LabelNoise:
    if not isinstance(noise, FloorNoise | BoundedNoise):
        raise RequestError(f"noise = {shown(noise)} is not allowed: PowerLawNoise, FloorNoise or BoundedNoise")
    return noise


@dataclass(frozen=True)
class Fidelity:
    """What to buy: ``n_rollouts`` rollouts whose labels cost ``cost`` each, and the gradient variance that results."""

    cost: float
    n_rollouts: float
    variance: float
    spent: float


@dataclass(frozen=True)
class Purchase:
    """What is on offer, and the money there is.

    Args:
        noise: noise variance as a function of the cost.
        budget: B, above 0.
        cost_min: least cost of the labels of a rollout; above 0 unless ``base_cost`` is, because otherwise an
            infimum would be approached without being attained.
        cost_max: most expensive labels on offer.
        base_cost: c_0, cost of a rollout besides its labels.
        noise_free_variance: V_1.
        inflation: Q.

    Raises:
        RequestError: on values out of range, or a budget that buys no rollout.
    """

    noise: LabelNoise
    budget: float
    cost_min: float
    cost_max: float = math.inf
    base_cost: float = 0.0
    noise_free_variance: float = 0.0
    inflation: float = 1.0

    def __post_init__(self) -> None:
        for name in ("budget", "inflation"):
            number(name, getattr(self, name), above=0)
        for name in ("cost_min", "base_cost", "noise_free_variance"):
            number(name, getattr(self, name), low=0)
        given: object = self.cost_max
        if not (isinstance(given, float) and given == math.inf):
            number("cost_max", given, above=0)
        offered = min(_noise(self.noise).cost_max, self.cost_max)
        require(
            self.cost_min > 0 or self.base_cost > 0,
            "cost_min = 0 with base_cost = 0 is not allowed: ever cheaper labels would buy ever more rollouts and no "
            "optimum is attained; give the price of the cheapest labels",
        )
        require(
            self.cost_min <= self.highest and self.highest > 0,
            f"no rollout can be bought: labels cost {self.cost_min:g} to {offered:g} and a rollout "
            f"{self.base_cost:g} besides, but the budget is {self.budget:g}; try a larger budget or a smaller cost_min",
        )

    @property
    def highest(self) -> float:
        """The most that can be paid for the labels of a single rollout."""
        return min(self.cost_max, self.noise.cost_max, self.budget - self.base_cost)

    @property
    def lowest(self) -> float:
        """The least; where labels may be free, a millionth of a millionth of the most stands for 0."""
        return max(self.cost_min, self.highest * 1e-12)

    def variance(self, cost: ArrayLike, n_rollouts: ArrayLike) -> Any:
        r"""Variance of the averaged gradient, :math:`(V_1+Q\sigma^2(c))/K`; numbers or arrays."""
        self.noise.variance(cost)  # refuses what is out of range
        with np.errstate(over="ignore"):
            found = self._single(np.asarray(cost)) / numbers("n_rollouts", n_rollouts, above=0)
        return plain(numbers("the variance", found))

    def _single(self, cost: Any) -> Any:
        return self.noise_free_variance + self.inflation * self.noise._at(cost)

    def affordable(self, n_rollouts: ArrayLike) -> Any:
        """The best labels that this number of rollouts leaves money for; a number or an array."""
        with np.errstate(over="ignore"):
            return plain(self._affordable(numbers("n_rollouts", n_rollouts, above=0)))

    def _affordable(self, count: Any) -> Any:
        return np.minimum(np.maximum(self.budget / count - self.base_cost, self.lowest), self.highest)

    def most_rollouts(self, cost: float) -> int:
        """How many rollouts the budget buys with labels of this cost, at least 1."""
        return max(1, math.floor(self.budget / (cost + self.base_cost) * (1 + 1e-12)))

    def log_slope(self, cost: float) -> float:
        r"""The elasticity rule, for any noise model: pay more while this is negative.

        .. math:: \frac{d\ln\Psi}{d\ln c}=\frac c{c+c_0}-e(c)\,\varphi(c),\qquad
           \varphi=\frac{Q\sigma^2(c)}{V_1+Q\sigma^2(c)}

        Source: this book. The paper's rule is ``c_0 = 0`` and ``V_1 = 0``: pay more while ``e > 1``.

        Example:
            >>> Purchase(PowerLawNoise(1.0, 2.0), 10.0, cost_min=0.1).log_slope(3.0)
            -1.0
        """
        self.noise.variance(number("cost", cost, above=0))  # refuses what is out of range
        return float(self._slope(cost))

    def _slope(self, cost: float) -> float:
        variance = self.noise._at(cost)
        noisy = self.inflation * variance
        share = noisy / (self.noise_free_variance + noisy) if noisy > 0 else 0.0
        return cost / (cost + self.base_cost) - (self.noise._elasticity(cost, variance) * share if noisy > 0 else 0.0)

    def outcome(self, n_rollouts: float, cost: float | None = None) -> Fidelity:
        """What this number of rollouts comes to, at this cost or with the best labels that it leaves money for."""
        cost = float(self._affordable(n_rollouts)) if cost is None else cost
        spent = n_rollouts * (cost + self.base_cost)
        return Fidelity(cost, n_rollouts, float(self._single(cost)) / n_rollouts, spent)


def optimal_fidelity(purchase: Purchase, *, whole_rollouts: bool = True) -> Fidelity:
    r"""The annotation cost per rollout that minimises the gradient's variance within a budget.

    .. math:: \min_{c,K}\ \frac{V_1+Q\sigma^2(c)}K\quad\text{s.t.}\quad K(c+c_0)\le B,\ c_{min}\le c\le c_{max},\ K\ge1

    Candidates only, no search over K: in ``c`` the relaxed objective falls and then rises (floor and power-law
    noise, whose stationary point is one safe root) or is concave (bounded noise), so an integer optimum is at
    an end of the range of K, next to the relaxed optimum, or at the largest K that affords the best labels.

    Args:
        purchase: prices, noise and budget.
        whole_rollouts: K a whole number (money may be left); False relaxes K to a real number of at least 1.

    Returns:
        The optimum; of equal optima the cheapest labels.

    Source: Corollary 2 of the paper with the repairs 6a-6d of this book.

    Example:
        >>> best = optimal_fidelity(Purchase(PowerLawNoise(1.0, 2.0), budget=1.9, cost_min=0.1, cost_max=1.0))
        >>> best.n_rollouts, round(best.cost, 6), round(best.variance, 3)
        (2, 0.95, 0.554)
    """
    instance("purchase", purchase, Purchase)
    relaxed = _relaxed_cost(purchase)
    if not whole_rollouts:
        return purchase.outcome(purchase.budget / (relaxed + purchase.base_cost), relaxed)
    fewest, near, most = (purchase.most_rollouts(c) for c in (purchase.highest, relaxed, purchase.lowest))
    counts = {min(max(k, fewest), most) for k in (fewest, fewest + 1, near, near + 1, most)}
    return min((purchase.outcome(k) for k in counts), key=lambda f: (f.variance, f.cost))


def optimal_fidelity_by_search(purchase: Purchase) -> Fidelity:
    """The same by trying every number of rollouts, each with the best labels that it leaves money for.

    Example:
        >>> offer = Purchase(PowerLawNoise(1.0, 2.0), budget=1.9, cost_min=0.1, cost_max=1.0)
        >>> optimal_fidelity_by_search(offer).n_rollouts
        2
    """
    instance("purchase", purchase, Purchase)
    most = purchase.most_rollouts(purchase.lowest)
    require(most <= 10**7, f"{most} numbers of rollouts are too many to try: at most ten million")
    counts = np.arange(1, most + 1)
    variances = purchase.variance(purchase.affordable(counts), counts)
    return purchase.outcome(int(counts[np.argmin(variances)]))


def _relaxed_cost(purchase: Purchase) -> float:
    low, high = purchase.lowest, purchase.highest
    if isinstance(purchase.noise, BoundedNoise):
        return min((low, high), key=lambda c: (c + purchase.base_cost) * purchase._single(c))

    def slope(log_cost: float) -> float:
        return purchase._slope(math.exp(log_cost))

    if slope(math.log(low)) >= -1e-12:  # equal costs, as at p = 1 without base cost: the cheapest
        return low
    if slope(math.log(high)) <= 0:
        return high
    return math.exp(brentq(slope, math.log(low), math.log(high), xtol=1e-14))


def draw_purchase(generator: np.random.Generator) -> Purchase:
    """A random noise model, budget and prices, over four decades each, for tests of :func:`optimal_fidelity`."""
    rng = generator_of("generator", generator)

    def power(low: float, high: float) -> float:
        return float(10 ** rng.uniform(low, high))

    models = (
        lambda: PowerLawNoise(power(-2, 2), rng.uniform(0.2, 3)),
        lambda: FloorNoise(power(-2, 2), power(-2, 2), rng.uniform(0.2, 3)),
        lambda: BoundedNoise(power(-2, 2), power(-1, 2)),
    )
    noise: LabelNoise = models[rng.integers(3)]()
    low = min(power(-2, 0), noise.cost_max)
    base = 0.0 if rng.random() < 0.4 else power(-2, 1.5)
    return Purchase(
        noise,
        budget=(low + base) * power(0, 3),
        cost_min=low,
        cost_max=low * power(0, 3) if rng.random() < 0.7 else math.inf,
        base_cost=base,
        noise_free_variance=0.0 if rng.random() < 0.4 else power(-2, 2),
        inflation=power(-1, 2),
    )


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
    noisy = number("label_variance", label_variance, low=0) * number("inflation", inflation, above=0)
    c0, c1 = number("base_cost", base_cost, low=0), number("label_cost", label_cost, above=0)
    v1 = number("noise_free_variance", noise_free_variance, above=0)
    square = number("the square of the number of annotators", c0 / c1 * noisy / v1, high=1e30)
    below = math.floor(math.sqrt(square))
    best = max(1, below + (square > below * (below + 1)))
    variance = number("the variance times the budget", (c0 + best * c1) * (v1 + noisy / best))
    return Annotators(best, math.sqrt(square), variance)
