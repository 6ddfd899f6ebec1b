"""The value families of Figure 2: a scalar process that drifts away from its start under dynamics errors.

True dynamics x' = x0 + L_f(x − x0) rest at the start x0. Learned dynamics with an error ε drift to x0 + e_t with
e_t = ε(1 − L_f^t)/(1 − L_f), and the value changes by L_r Σγ^t[g(x0 + e_t) − g(x0)]. With g(x) = x Lemma 1 is tight.
The paper names the families and the grids; the process behind them is this book's choice.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from itertools import product
from types import MappingProxyType

import numpy as np
import pandas as pd

from imagination.budget.sensitivity import ValueChange, compare
from imagination.errors import nearest, require
from imagination.scaling.powerlaw import PowerLaw

__all__ = ["SHAPES", "ScalarDrift", "figure_2", "grid"]

SHAPES: Mapping[str, Callable[[np.ndarray], np.ndarray]] = MappingProxyType(
    {"linear": lambda x: x, "tanh": np.tanh, "sin": np.sin, "quadratic": lambda x: x**2 / 2}
)
"""Reward shapes g by family."""


@dataclass(frozen=True)
class ScalarDrift:
    """One configuration.

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
        >>> ScalarDrift("linear", gamma=0.9, dynamics=0.5).multiplier      # γ L_r/(1 − γ L_f)
        1.6363636363636362
    """

    family: str
    gamma: float = 0.9
    dynamics: float = 0.5
    theta: float = 0.0
    exponents: tuple[float, float] = (0.5, 1.0)
    sigma_ratio: float = 1.0
    cost_ratio: float = 1.0
    reward: float = 1.0

    def __post_init__(self):
        require(self.family in SHAPES, f"family = {self.family!r} does not exist; {nearest(self.family, SHAPES)}")
        contracts = 0 < self.gamma < 1 and 0 <= self.gamma * self.dynamics < 1
        require(contracts, f"gamma = {self.gamma}, dynamics = {self.dynamics}: both γ and γL_f must be below 1")

    @property
    def multiplier(self) -> float:
        """K with the global Lipschitz constant of the reward: the supremum of |g'|, for the quadratic on [0, 2θ]."""
        steepest = 2 * self.theta if self.family == "quadratic" else 1.0
        return self.gamma * self.reward * steepest / (1 - self.gamma * self.dynamics)

    def value_change(self) -> ValueChange:
        """Change of the value as a function of the signed dynamics error; the tail left out is below 1e-16 of it."""
        horizon = int(np.ceil(np.log(1e-16) / np.log(max(self.gamma, self.gamma * self.dynamics)))) + 50
        t = np.arange(horizon)
        drift = t if self.dynamics == 1 else (1 - self.dynamics**t) / (1 - self.dynamics)
        weights, g = self.reward * self.gamma**t, SHAPES[self.family]

        def change(eps: np.ndarray) -> np.ndarray:
            return (g(self.theta + np.asarray(eps)[..., None] * drift) - g(self.theta)) @ weights

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
        The fields of :class:`ScalarDrift` and :class:`~imagination.budget.sensitivity.Comparison`, ``realised``,
        ``predicted``, and ``curvature``: ln D'(0)/D'(ε*), which is what ℓ measures.

    Source: B.5, Figure 2.

    Example:
        >>> bool(figure_2(families=("linear",), budget=1e4).ell.abs().max() < 1e-7)
        True
    """
    rows = []
    for config in (c for family in families for c in grid(family, dynamics=dynamics)):
        change = config.value_change()
        found = compare(
            change,
            config.reward_change(),
            PowerLaw(config.sigma_ratio, config.exponents[0]),
            PowerLaw(1.0, config.exponents[1]),
            budget=budget,
            cost_dyn=config.cost_ratio,
            multiplier=config.multiplier,
            step=step,
        )
        more = {"realised": found.realised, "predicted": found.predicted, "curvature": curvature(change, found.eps_dyn)}
        rows.append(asdict(config) | asdict(found) | more)
    return pd.DataFrame(rows)


def curvature(change: ValueChange, eps: float) -> float:
    """ln of the slope of the worst value change at 0 over that at eps, by differences along the worse sign.

    Example:
        >>> round(curvature(lambda e: e + e**2, 0.5), 4)
        -0.6931
    """
    plus, minus = np.abs(change(np.array([eps, -eps])))
    sign, near, h = (1.0 if plus >= minus else -1.0), 1e-6 * eps, 1e-4 * eps
    at_zero, below, above = np.abs(change(sign * np.array([near, eps - h, eps + h])))
    return float(np.log((at_zero / near) / ((above - below) / (2 * h))))
