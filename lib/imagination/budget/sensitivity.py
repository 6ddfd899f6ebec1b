"""Realised value sensitivities and the log-ratio residual ℓ of the sample-ratio formula (§4.2, B.5, Figure 2).

Equation 4 is exact for the minimiser of a bound. Here the bound is replaced by what model errors really do to the
value: the best split for that is found without the formula, by a bracketing solver, and compared with what the formula
says there.

The values of Figure 2 belong to a scalar process that drifts away from its start under dynamics errors. True dynamics
x' = x0 + L_f(x − x0) rest at the start x0. Learned dynamics with an error ε drift to x0 + e_t with
e_t = ε(1 − L_f^t)/(1 − L_f), and the value changes by L_r Σγ^t[g(x0 + e_t) − g(x0)]. With g(x) = x Lemma 1 is tight.
The paper names the families and the grids; the process behind them is this book's choice.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import product
from types import MappingProxyType

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.optimize import brentq, minimize_scalar

from imagination.checks import Floats, generator_of, instance, number, numbers, whole
from imagination.errors import RequestError, nearest, require, shown
from imagination.gap.lipschitz import Lipschitz, dynamics_weight
from imagination.laws.powerlaw import PowerLaw

ValueChange = Callable[[Floats], Floats]
"""Change of the value under a perturbation of signed magnitude, one fixed direction; vectorised, zero at zero."""


STEPS = 3e-3 * np.array([-2.0, -1.0, 1.0, 2.0])
STENCIL = np.array([1.0, -8.0, 8.0, -1.0])


class NoInnerOptimum(RequestError):
    """The realised error is least at an end of the budget line, where Equation 4 has nothing to say."""


def worst_change(change: ValueChange, magnitude: Floats) -> Floats:
    """The larger of the value changes under a perturbation and its negative: an estimation error has no preferred sign.

    Example:
        >>> worst_change(lambda e: e + e**2, np.array([0.5])).tolist()
        [0.75]
    """
    magnitude = np.atleast_1d(numbers("magnitude", magnitude))
    worse: Floats = np.abs(change(np.concatenate([magnitude, -magnitude]))).reshape(2, -1).max(axis=0)
    return worse


def realised_sensitivity(change: ValueChange, magnitude: float, *, step: float = 1e-3) -> float:
    r"""One-sided difference quotient :math:`|V(f+h\delta)-V(f)|/(h\|\delta\|)` at a perturbation δ of given magnitude.

    Args:
        change: value change along the direction of δ.
        magnitude: ‖δ‖ > 0; of δ and −δ the one that changes the value more is taken.
        step: h in (0, 1].

    Returns:
        The sensitivity, in units of value per unit of error.

    Source: B.5; the sign is this book's.

    Example:
        >>> round(realised_sensitivity(lambda e: 3 * e, 0.1), 12)
        3.0
    """
    magnitude, step = number("magnitude", magnitude, above=0), number("step", step, above=0, high=1)
    small = step * magnitude
    require(small > 0, f"magnitude = {magnitude:g} and step = {step:g}: their product is 0 in floating point")
    return float(np.abs(change(np.array([worse_sign(change, magnitude) * small])))[0] / small)


def worse_sign(change: ValueChange, magnitude: float) -> float:
    """1 or −1: the sign under which a perturbation of that magnitude changes the value more."""
    plus, minus = np.abs(change(np.array([magnitude, -magnitude])))
    return 1.0 if plus >= minus else -1.0


def realised_split(
    change_dyn: ValueChange,
    change_rew: ValueChange,
    dynamics: PowerLaw,
    reward: PowerLaw,
    *,
    budget: float,
    cost_dyn: float = 1.0,
    cost_rew: float = 1.0,
    smallest: float = 1.0,
) -> tuple[float, float]:
    """Counts that minimise the realised error: the sum of the worst value changes at ε_dyn(N_dyn) and ε_rew(N_rew).

    A scan of the logit of the spend share, Brent's method in the bracket found, and a last root of the slope, by
    differences. The formula under test is not used.

    Args:
        change_dyn: value change under dynamics errors.
        change_rew: value change under reward errors.
        dynamics: law of ε_dyn.
        reward: law of ε_rew.
        budget: B > 0.
        cost_dyn: c_dyn > 0.
        cost_rew: c_rew > 0.
        smallest: least number of samples of each kind, > 0.

    Returns:
        ``(N_dyn, N_rew)``.

    Raises:
        NoInnerOptimum: if the optimum lies at an end of the allowed shares.
        RequestError: for a value out of range.

    Source: this book (B.5 does not say how the realised optimum was found).

    Example:
        >>> law = PowerLaw(1.0, 0.5)
        >>> n_dyn, n_rew = realised_split(lambda e: 8 * e, lambda e: e, law, law, budget=500.0)
        >>> round(n_dyn, 4), round(n_rew, 4)
        (400.0, 100.0)
    """

    budget, smallest = number("budget", budget, above=0), number("smallest", smallest, above=0)
    cost_dyn, cost_rew = number("cost_dyn", cost_dyn, above=0), number("cost_rew", cost_rew, above=0)
    instance("dynamics", dynamics, PowerLaw)
    instance("reward", reward, PowerLaw)

    def counts(u: Floats) -> tuple[Floats, Floats]:
        return budget / cost_dyn / (1 + np.exp(-u)), budget / cost_rew / (1 + np.exp(u))

    def total(u: Floats) -> Floats:
        n_dyn, n_rew = counts(u)
        return worst_change(change_dyn, np.asarray(dynamics(n_dyn))) + worst_change(
            change_rew, np.asarray(reward(n_rew))
        )

    def tilt(u: float) -> float:
        """The slope, by differences of the fourth order: a long step keeps rounding out where the minimum is flat."""
        return float(STENCIL @ total(u + STEPS))

    low, high = smallest * cost_dyn / budget, smallest * cost_rew / budget
    require(low + high < 1, f"budget = {budget:g} does not buy {smallest:g} of each kind: raise it")
    scan = np.linspace(math.log(low / (1 - low)), math.log((1 - high) / high), 161)
    best = int(np.argmin(total(scan)))
    if not 0 < best < len(scan) - 1:
        raise NoInnerOptimum("the realised optimum is at an end of the budget line: raise the budget")
    bracket = scan[best - 1], scan[best + 1]
    found = minimize_scalar(
        lambda u: total(np.array([u]))[0], bounds=bracket, method="bounded", options={"xatol": 1e-10}
    ).x
    # A minimum is flat: its value tells u to 1e-8 at best, the sign of the slope to much less.
    near = found - 1e-3, found + 1e-3
    if tilt(near[0]) < 0 < tilt(near[1]):
        found = brentq(tilt, *near, xtol=1e-14)
    n_dyn, n_rew = counts(np.asarray(found))
    return float(n_dyn), float(n_rew)


@dataclass(frozen=True)
class Recovery:
    """Predicted against realised sample ratio in one configuration.

    Attributes:
        n_dyn, n_rew: realised optimum.
        eps_dyn, eps_rew: error norms there.
        sensitivity_dyn, sensitivity_rew: realised S_f and S_r there.
        ell: ln(predicted/realised) with the multiplier S_f/S_r.
        ell_bound: the same with the multiplier K of the global constants; None without one.
    """

    n_dyn: float
    n_rew: float
    eps_dyn: float
    eps_rew: float
    sensitivity_dyn: float
    sensitivity_rew: float
    ell: float
    ell_bound: float | None

    @property
    def realised(self) -> float:
        """N_dyn/N_rew at the realised optimum."""
        return self.n_dyn / self.n_rew

    @property
    def predicted(self) -> float:
        """The ratio that Equation 4 gives with realised sensitivities."""
        return self.realised * math.exp(self.ell)


def recover(
    change_dyn: ValueChange,
    change_rew: ValueChange,
    dynamics: PowerLaw,
    reward: PowerLaw,
    *,
    budget: float,
    cost_dyn: float = 1.0,
    cost_rew: float = 1.0,
    multiplier: float | None = None,
    smallest: float = 1.0,
    step: float = 1e-3,
) -> Recovery:
    r"""Compare Equation 4, evaluated at the realised optimum, with the ratio found there.

    .. math:: \ell=\ln\frac{(\alpha/\beta)\,(c_{rew}/c_{dyn})\,M\,\epsilon^*_{dyn}/\epsilon^*_{rew}}
              {N^*_{dyn}/N^*_{rew}},\qquad M=S_f/S_r\ \text{or}\ K

    Args:
        change_dyn, change_rew, dynamics, reward, budget, cost_dyn, cost_rew, smallest: see :func:`realised_split`.
        multiplier: K > 0 of the global constants, for ``ell_bound``.
        step: h of the difference quotients.

    Returns:
        :class:`Recovery`.

    Raises:
        NoInnerOptimum: if the realised optimum lies at an end of the budget line.
        RequestError: for a value out of range, or an error at the optimum to which the value doesn't react.

    Source: §4.2 and B.5.

    Example:
        >>> law = PowerLaw(1.0, 0.5)
        >>> found = recover(lambda e: 8 * e, lambda e: e, law, law, budget=500.0, multiplier=80.0)
        >>> abs(found.ell) < 1e-8, round(found.ell_bound, 6) == round(math.log(10), 6)
        (True, True)
    """
    money = {"budget": budget, "cost_dyn": cost_dyn, "cost_rew": cost_rew}
    n_dyn, n_rew = realised_split(change_dyn, change_rew, dynamics, reward, smallest=smallest, **money)
    eps_dyn, eps_rew = float(dynamics(n_dyn)), float(reward(n_rew))
    s_dyn = realised_sensitivity(change_dyn, eps_dyn, step=step)
    s_rew = realised_sensitivity(change_rew, eps_rew, step=step)
    require(s_dyn > 0 and s_rew > 0, f"the sensitivities {s_dyn:g} and {s_rew:g} leave no ratio: both must be positive")
    rest = math.log(dynamics.exponent / reward.exponent * cost_rew / cost_dyn * eps_dyn / eps_rew * n_rew / n_dyn)
    bound = None if multiplier is None else rest + math.log(number("multiplier", multiplier, above=0))
    return Recovery(n_dyn, n_rew, eps_dyn, eps_rew, s_dyn, s_rew, rest + math.log(s_dyn / s_rew), bound)


SHAPES: Mapping[str, Callable[[float, Floats], Floats]] = MappingProxyType({
    "linear": lambda x, d: d,
    "tanh": lambda x, d: np.tanh(d) * (1 - math.tanh(x) ** 2) / (1 + math.tanh(x) * np.tanh(d)),
    "sin": lambda x, d: 2 * np.cos(x + d / 2) * np.sin(d / 2),
    "quadratic": lambda x, d: d * (x + d / 2),
})  # fmt: skip
"""Rewards g by family, as the change g(x + d) − g(x) in a form that has all its digits where d is small."""


@dataclass(frozen=True)
class ScalarDrift:
    """One configuration of Figure 2.

    Args:
        family: a key of :data:`SHAPES`.
        gamma: discount in (0, 1).
        dynamics: L_f ≥ 0 with γL_f < 1.
        theta: x0, the state at which the process rests (``theta_f0`` of B.5 in this book's reading).
        exponents: α and β.
        sigma_ratio: A_d/A_r, with A_r = 1.
        cost_ratio: c_dyn/c_rew, with c_rew = 1.
        reward: L_r, the factor of g.

    Example:
        >>> round(ScalarDrift("linear", gamma=0.9, dynamics=0.5).multiplier, 12)      # γ L_r/(1 − γ L_f)
        1.636363636364
    """

    family: str
    gamma: float = 0.9
    dynamics: float = 0.5
    theta: float = 0.0
    exponents: tuple[float, float] = (0.5, 1.0)
    sigma_ratio: float = 1.0
    cost_ratio: float = 1.0
    reward: float = 1.0

    def __post_init__(self) -> None:
        known = shown(self.family) in map(repr, SHAPES)
        require(known, f"family = {shown(self.family)} does not exist; {nearest(str(self.family), SHAPES)}")
        gamma = number("gamma", self.gamma, above=0, below=1)
        number("theta", self.theta)
        for name in ("dynamics", "reward"):
            number(name, getattr(self, name), low=0)
        for name in ("sigma_ratio", "cost_ratio"):
            number(name, getattr(self, name), above=0)
        numbers("exponents", self.exponents, above=0, shape=(2,))
        contraction = gamma * self.dynamics
        require(contraction < 1, f"gamma * dynamics = {contraction:g} is not allowed: γL_f must be below 1")

    @property
    def multiplier(self) -> float:
        """K with the global Lipschitz constant of the reward: the supremum of |g'|, for the quadratic on [0, 2θ]."""
        steepest = 2 * abs(self.theta) if self.family == "quadratic" else 1.0
        constants = Lipschitz(dynamics=self.dynamics, reward=self.reward * steepest, policy=0.0)
        return float(dynamics_weight(constants, gamma=self.gamma))

    def value_change(self) -> ValueChange:
        """Change of the value as a function of the signed dynamics error; the tail left out is below 1e-16 of it."""
        horizon = math.ceil(math.log(1e-16) / math.log(max(self.gamma, self.gamma * self.dynamics))) + 50
        require(
            horizon <= 10**6, f"gamma = {self.gamma:g}, dynamics = {self.dynamics:g}: the value needs {horizon:,} steps"
        )
        t = np.arange(horizon)
        drift = t if self.dynamics == 1 else (1 - self.dynamics**t) / (1 - self.dynamics)
        weights, shape = self.reward * self.gamma**t, SHAPES[self.family]

        def change(eps: Floats) -> Floats:
            changes: Floats = shape(self.theta, np.asarray(eps)[..., None] * drift) @ weights
            return changes

        return change

    def reward_change(self) -> ValueChange:
        """Change of the value under a constant reward error."""
        return lambda eps: np.asarray(eps) / (1 - self.gamma)


def grid(family: str, *, dynamics: float = 0.5) -> Iterator[ScalarDrift]:
    """Configurations of a family, as B.5 lists the axes: 30 linear ones, 9 of each other family.

    The axes of the linear family are γ, L_f (with γL_f < 1), sigma_ratio and cost_ratio; those of the others are the
    pair of exponents and θ. Two choices are ours: L_f = 1/2 where the paper has 1 (an additive error would drift
    without end), and the process itself.

    Example:
        >>> [len(list(grid(family))) for family in SHAPES]
        [30, 9, 9, 9]
    """
    if family == "linear":
        for gamma, lf, sigma, cost in product((0.9, 0.95), (0.5, 0.9, 1.1), (0.1, 1.0, 10.0), (0.1, 10.0)):
            if gamma * lf < 1:
                yield ScalarDrift(family, gamma, lf, sigma_ratio=sigma, cost_ratio=cost)
    else:
        for exponents, theta in product(((0.25, 0.5), (0.5, 0.5), (0.5, 1.0)), (0.25, 0.5, 1.0)):
            yield ScalarDrift(family, dynamics=dynamics, theta=theta, exponents=exponents)


def figure_2(
    *, budget: float = 1e4, families: tuple[str, ...] = tuple(SHAPES), step: float = 1e-3, dynamics: float = 0.5
) -> pd.DataFrame:
    """Predicted and realised ratios of all configurations of some families, one row each.

    Args:
        budget: B, in units of the reward cost.
        families: keys of :data:`SHAPES`.
        step: h of the difference quotients.
        dynamics: L_f of the families other than the linear one.

    Returns:
        The fields of :class:`ScalarDrift` and :class:`Recovery`, ``realised``, ``predicted``, and ``curvature``:
        ln D'(0)/D'(ε*), which is what ℓ measures. Fields of a configuration whose optimum is at an end of the budget
        line are missing (NaN).

    Source: B.5, Figure 2.

    Example:
        >>> bool(figure_2(families=("linear",), budget=1e4).ell.abs().max() < 1e-7)
        True
    """
    rows = []
    for config in (c for family in families for c in grid(family, dynamics=dynamics)):
        change = config.value_change()
        row = asdict(config)
        try:
            found = recover(
                change,
                config.reward_change(),
                PowerLaw(config.sigma_ratio, config.exponents[0]),
                PowerLaw(1.0, config.exponents[1]),
                budget=budget,
                cost_dyn=config.cost_ratio,
                multiplier=config.multiplier,
                step=step,
            )
        except NoInnerOptimum:
            row |= dict.fromkeys((*Recovery.__dataclass_fields__, "realised", "predicted", "curvature"), math.nan)
        else:
            row |= asdict(found) | {"realised": found.realised, "predicted": found.predicted}
            row |= {"curvature": curvature(change, found.eps_dyn)}
        rows.append(row)
    return pd.DataFrame(rows)


def curvature(change: ValueChange, eps: float) -> float:
    """ln of the slope of the worst value change at 0 over that at eps, by differences along the worse sign.

    Missing (NaN) where the value change falls at eps, so that there is no such logarithm.

    Example:
        >>> round(curvature(lambda e: e + e**2, 0.5), 4)
        -0.6931
    """
    sign, near, h = worse_sign(change, eps), 1e-6 * eps, 1e-4 * eps
    at_zero, below, above = np.abs(change(sign * np.array([near, eps - h, eps + h])))
    slope = (above - below) / (2 * h)
    return math.log(at_zero / near / slope) if slope > 0 and at_zero > 0 else math.nan


def median_interval(
    values: ArrayLike, *, generator: np.random.Generator, level: float = 0.95, resamples: int = 4000
) -> tuple[float, float]:
    """Percentile interval of a median, by a bootstrap over the values.

    Args:
        values: (n,), at least one. Over configurations of a grid, which are no sample, the interval says how much the
            median depends on the grid.
        generator: of the bootstrap.
        level: in (0, 1).
        resamples: at least 1.

    Returns:
        Lower and upper end.

    Source: this book.

    Example:
        >>> median_interval([1.0, 2.0, 3.0], generator=np.random.default_rng(0))
        (1.0, 3.0)
    """
    given, level = numbers("values", values, shape=(None,)), number("level", level, above=0, below=1)
    size = whole("resamples", resamples, low=1, high=1_000_000), len(given)
    drawn = generator_of("generator", generator).choice(given, size=size)
    low, high = np.quantile(np.median(drawn, axis=1), [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
