"""The linear–quadratic systems of Figure 4: how far the multiplier of global Lipschitz constants overshoots.

For each seed a system is drawn whose contraction lies in a narrow band; its dynamics and reward are estimated by least
squares from noisy samples of growing number; the worst-case errors over the operating domain give the power laws, and
one estimate gives the directions in which the model is wrong.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from imagination.budget.sensitivity import ValueChange, compare
from imagination.calibration.lqg import LinearQuadratic, ModelError, draw_system
from imagination.errors import require
from imagination.laws.powerlaw import PowerLaw, PowerLawFit, fit_power_law

__all__ = ["LqgStudy", "draw", "estimate_errors", "figure_4", "measured_laws", "multiplier", "value_changes"]


@dataclass(frozen=True)
class LqgStudy:
    """The design: γ, the band and the number of systems are the paper's (B.5); the rest was fixed before the run.

    Attributes:
        gamma: discount.
        contraction: band of γL_f(1 + L_π), one value drawn for each seed.
        sizes: dimensions of state and action.
        anchors: numbers of samples at which errors are measured.
        draws: data sets for each anchor.
        noise: standard deviation of the observation noise of next states and rewards.
        direction_at: samples behind the estimate whose error gives the directions.
        budget: B, with both costs 1.
        smallest: least number of samples of each kind.
        steps: length of the rollouts; 0.8^200 is 4e-20.
        intercepts: whether the estimates have constant terms.
    """

    gamma: float = 0.8
    contraction: tuple[float, float] = (0.224, 0.228)
    sizes: tuple[int, int] = (4, 2)
    anchors: tuple[int, ...] = (100, 200, 400, 800, 1600, 3200)
    draws: int = 20
    noise: float = 0.1
    direction_at: int = 1000
    budget: float = 1e4
    smallest: float = 20.0
    steps: int = 200
    intercepts: bool = True

    def __post_init__(self):
        low, high = self.contraction
        require(0 < self.gamma < 1 and 0 < low <= high < 1, f"gamma = {self.gamma}, contraction = {self.contraction}: "
                "both must lie in (0, 1)")  # fmt: skip
        require(len(self.anchors) >= 2 and self.draws >= 1, "at least two anchors and one draw are needed")


def draw(study: LqgStudy, rng: np.random.Generator) -> LinearQuadratic:
    """Draw a system whose contraction γL_f(1 + L_π) is uniform in the band of the study.

    Example:
        >>> study = LqgStudy()
        >>> 0.224 <= study.gamma * draw(study, np.random.default_rng(0)).lipschitz.growth <= 0.228
        True
    """
    growth = rng.uniform(*study.contraction) / study.gamma
    return draw_system(sizes=study.sizes, gamma=study.gamma, growth=growth, generator=rng)


def multiplier(system: LinearQuadratic, dynamics: float | None = None) -> float:
    """K, or K′ where the L_f of the contraction is replaced by ``dynamics``."""
    known = system.lipschitz
    growth = (known.dynamics if dynamics is None else dynamics) * (1 + known.policy)
    return float(system.gamma * known.sensitivity / (1 - system.gamma * growth))


def ball(rng: np.random.Generator, count: int, dim: int) -> np.ndarray:
    """Points uniform in the unit ball."""
    x = rng.standard_normal((count, dim))
    return x / np.linalg.norm(x, axis=1, keepdims=True) * rng.uniform(size=(count, 1)) ** (1 / dim)


def squares(x: np.ndarray) -> np.ndarray:
    """Monomials x_i x_j, i ≤ j."""
    i, j = np.triu_indices(x.shape[1])
    return x[:, i] * x[:, j]


def symmetric(coefficients: np.ndarray, dim: int) -> np.ndarray:
    """The symmetric matrix of a quadratic form given by its monomials."""
    M = np.zeros((dim, dim))
    M[np.triu_indices(dim)] = coefficients
    return (M + M.T) / 2


def least_squares(X: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Coefficients by the normal equations: the columns are well conditioned, and einsum starts no threads.

    Example:
        >>> X = np.array([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]])
        >>> least_squares(X, np.array([[1.0], [3.0], [5.0]])).round(9).tolist()
        [[1.0], [2.0]]
    """
    return np.linalg.solve(np.einsum("ni,nj->ij", X, X), np.einsum("ni,nk->ik", X, y))


def estimate_errors(study: LqgStudy, count: int, rng: np.random.Generator) -> ModelError:
    """Errors f̂ − f and r̂ − r of least-squares estimates from ``count`` samples.

    They do not depend on the system: both maps are linear in the features.
    """
    d, k = study.sizes
    s, a = ball(rng, count, d), ball(rng, count, k)
    # An estimate's error is the estimate made from the noise alone.
    one = [np.ones((count, 1))] if study.intercepts else []
    linear, quadratic = np.hstack([s, a, *one]), np.hstack([squares(s), squares(a), *one])
    f = least_squares(linear, study.noise * rng.standard_normal((count, d))).T
    r = least_squares(quadratic, study.noise * rng.standard_normal((count, 1)))[:, 0]
    split = d * (d + 1) // 2
    b, c = (f[:, -1], r[-1]) if study.intercepts else (np.zeros(d), np.zeros(()))
    R = symmetric(r[split : split + k * (k + 1) // 2], k)
    return ModelError(f[:, :d], f[:, d : d + k], b, symmetric(r[:split], d), R, np.asarray(c))


def measured_laws(
    study: LqgStudy, system: LinearQuadratic, rng: np.random.Generator
) -> tuple[PowerLawFit, PowerLawFit]:
    """Fit the power laws of the worst errors over the operating domain, on the policy.

    Returns:
        The fits of ε_dyn and ε_rew (:class:`~imagination.laws.powerlaw.PowerLawFit`).
    """
    n = np.repeat(study.anchors, study.draws)
    errors = [estimate_errors(study, int(count), rng) for count in n]
    eps_dyn, eps_rew = ModelError(*map(np.stack, zip(*errors, strict=True))).largest(system.K)
    return fit_power_law(n, eps_dyn), fit_power_law(n, eps_rew)


def value_changes(
    study: LqgStudy, system: LinearQuadratic, error: ModelError, radius: float
) -> tuple[ValueChange, ValueChange]:
    """Value changes from s0 = radius · start as functions of the signed sizes of dynamics and of reward errors.

    The size is the supremum of the error over the operating domain, and the direction that of ``error``.
    """
    require(0 < radius <= 1, f"radius = {radius} is not allowed: it must lie in (0, 1], inside the operating domain")
    M, b, H, c = error.on_policy(system.K)
    size_dyn, size_rew = error.largest(system.K)
    closed = system.A - system.B @ system.K
    cost = system.Q + system.K.T @ system.K
    discount = system.gamma ** np.arange(study.steps)

    def path(eps: np.ndarray) -> np.ndarray:
        scale = (np.asarray(eps, dtype=float) / size_dyn)[:, None]
        s = np.tile(radius * system.start, (len(scale), 1))
        states = []
        for _ in range(study.steps):
            states.append(s)
            s = s @ closed.T + scale * (s @ M.T + b)
        return np.stack(states)  # (steps, n, d)

    true = path(np.zeros(1))[:, 0]
    per_unit = float(discount @ (np.einsum("ti,ij,tj->t", true, H, true) + c)) / size_rew

    def change_dyn(eps):
        states = path(eps)
        # s'Cs − t'Ct = (s − t)'C(s + t): no cancellation for small errors.
        gap, mean = states - true[:, None], states + true[:, None]
        return -discount @ np.einsum("tni,ij,tnj->tn", gap, cost, mean)

    return change_dyn, lambda eps: np.asarray(eps) * per_unit


def figure_4(
    *, study: LqgStudy | None = None, seeds: Iterable[int] = range(30), radii: Iterable[float] = (1.0,)
) -> pd.DataFrame:
    """Residual ℓ of the multiplier with global constants, one row for each seed and start radius.

    Args:
        study: the design.
        seeds: one system each, from ``default_rng([42, seed])``.
        radii: ‖s0‖ relative to the radius 1 of the operating domain. The paper does not publish it.

    Returns:
        Columns ``seed``, ``radius``, those of :class:`~imagination.budget.sensitivity.Comparison`, constants,
        exponents, R² of both fits, ``K``, ``K_prime``, and the logarithmic slack of each coefficient of Lemma 1.

    Source: B.5, Figure 4.

    Example:
        >>> row = figure_4(study=LqgStudy(anchors=(100, 400), draws=3), seeds=[0]).iloc[0]
        >>> bool(row.K_prime > 0), float(row.radius)
        (True, 1.0)
    """
    study, rows = study or LqgStudy(), []
    for seed in seeds:
        rng = np.random.default_rng([42, seed])
        system = draw(study, rng)
        fit_dyn, fit_rew = measured_laws(study, system, rng)
        error = estimate_errors(study, study.direction_at, rng)
        known, k = system.lipschitz, multiplier(system)
        for radius in radii:
            changes = value_changes(study, system, error, radius)
            found = compare(*changes, _law(fit_dyn), _law(fit_rew), budget=study.budget, smallest=study.smallest,
                            multiplier=k)  # fmt: skip
            rows.append({
                "seed": seed, "radius": radius, **asdict(found), "contraction": study.gamma * known.growth,
                "lf": known.dynamics, "lr": known.reward, "lp": known.policy,
                "alpha": fit_dyn.exponent, "beta": fit_rew.exponent,
                "r2_dyn": fit_dyn.r2, "r2_rew": fit_rew.r2, "K": k,
                "K_prime": multiplier(system, found.sensitivity_dyn),
                "slack_dyn": math.log(k / ((1 - study.gamma) * found.sensitivity_dyn)),
                "slack_rew": math.log(1 / ((1 - study.gamma) * found.sensitivity_rew)),
            })  # fmt: skip
    return pd.DataFrame(rows)


def _law(fit) -> PowerLaw:
    return PowerLaw(fit.scale, fit.exponent)
