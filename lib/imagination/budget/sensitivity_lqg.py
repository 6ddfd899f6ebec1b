"""The linear–quadratic systems of Figure 4: how far the multiplier of global Lipschitz constants overshoots.

For each seed a system is drawn whose contraction lies in a narrow band; its dynamics and reward are estimated by least
squares from noisy samples of growing number; the worst-case errors over the operating domain give the power laws, and
one estimate gives the directions in which the model is wrong.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from imagination.budget.sensitivity import NoInnerOptimum, Recovery, ValueChange, recover
from imagination.calibration.lqg import LinearQuadratic, ModelError, draw_system
from imagination.checks import Floats, generator_of, instance, number, numbers, whole, wholes
from imagination.errors import require
from imagination.gap.lipschitz import Lipschitz, dynamics_weight
from imagination.laws.powerlaw import PowerLaw, PowerLawFit, fit_power_law


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

    def __post_init__(self) -> None:
        gamma = number("gamma", self.gamma, above=0, below=1)
        low, high = numbers("contraction", self.contraction, above=0, below=1, shape=(2,))
        require(low <= high, f"contraction = {self.contraction} is not allowed: its lower end first")
        require(high < gamma, f"contraction = {self.contraction} is not allowed: below gamma = {gamma:g}")
        wholes("sizes", self.sizes, low=1, high=100, shape=(2,))
        anchors = wholes("anchors", self.anchors, low=1, shape=(None,))
        unknowns = 1 + sum(n * (n + 1) // 2 for n in self.sizes)
        require(len(anchors) >= 2 and anchors.min() >= unknowns, f"anchors = {self.anchors} are not allowed: two or "
                f"more, and each at least {unknowns}, the number of unknowns of the reward")  # fmt: skip
        whole("direction_at", self.direction_at, low=unknowns)
        whole("draws", self.draws, low=1)
        whole("steps", self.steps, low=1, high=1_000_000)
        for name in ("noise", "budget", "smallest"):
            number(name, getattr(self, name), above=0)


def draw(study: LqgStudy, rng: np.random.Generator) -> LinearQuadratic:
    """Draw a system whose contraction γL_f(1 + L_π) is uniform in the band of the study.

    Example:
        >>> study = LqgStudy()
        >>> 0.224 <= study.gamma * draw(study, np.random.default_rng(0)).lipschitz.growth <= 0.228
        True
    """
    low, high = study.contraction
    growth = generator_of("rng", rng).uniform(low, high) / study.gamma
    return draw_system(sizes=study.sizes, gamma=study.gamma, growth=growth, generator=rng)


def ball(rng: np.random.Generator, count: int, dim: int) -> Floats:
    """Points uniform in the unit ball."""
    x = rng.standard_normal((count, dim))
    points: Floats = x / np.linalg.norm(x, axis=1, keepdims=True) * rng.uniform(size=(count, 1)) ** (1 / dim)
    return points


def squares(x: Floats) -> Floats:
    """Monomials x_i x_j, i ≤ j."""
    i, j = np.triu_indices(x.shape[1])
    return np.asarray(x[:, i] * x[:, j])


def symmetric(coefficients: Floats, dim: int) -> Floats:
    """The symmetric matrix of a quadratic form given by its monomials."""
    M = np.zeros((dim, dim))
    M[np.triu_indices(dim)] = coefficients
    return (M + M.T) / 2


def least_squares(X: Floats, y: Floats) -> Floats:
    """Coefficients by the normal equations: the columns are well conditioned, and einsum starts no threads.

    Example:
        >>> X = np.array([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]])
        >>> least_squares(X, np.array([[1.0], [3.0], [5.0]])).round(9).tolist()
        [[1.0], [2.0]]
    """
    return np.asarray(np.linalg.solve(np.einsum("ni,nj->ij", X, X), np.einsum("ni,nk->ik", X, y)))


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


def fitted_laws(study: LqgStudy, system: LinearQuadratic, rng: np.random.Generator) -> tuple[PowerLawFit, PowerLawFit]:
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
    radius = number("radius", radius, above=0, high=1)  # inside the operating domain
    M, b, H, c = error.on_policy(system.K)
    size_dyn, size_rew = error.largest(system.K)
    closed = system.A - system.B @ system.K
    cost = system.Q + system.K.T @ system.K
    discount = system.gamma ** np.arange(study.steps)

    def path(eps: Floats) -> Floats:
        scale = (eps / size_dyn)[:, None]
        s = np.tile(radius * system.start, (len(scale), 1))
        states = []
        for _ in range(study.steps):
            states.append(s)
            s = s @ closed.T + scale * (s @ M.T + b)
        return np.stack(states)  # (steps, n, d)

    true = path(np.zeros(1))[:, 0]
    per_unit = float(discount @ (np.einsum("ti,ij,tj->t", true, H, true) + c)) / size_rew

    def change_dyn(eps: Floats) -> Floats:
        states = path(eps)
        # s'Cs − t'Ct = (s − t)'C(s + t): no cancellation for small errors.
        gap, mean = states - true[:, None], states + true[:, None]
        return np.asarray(-discount @ np.einsum("tni,ij,tnj->tn", gap, cost, mean))

    return change_dyn, lambda eps: np.asarray(eps) * per_unit


def figure_4(*, study: LqgStudy | None = None, seeds: ArrayLike = range(30), radii: ArrayLike = (1.0,)) -> pd.DataFrame:
    """Residual ℓ of the multiplier with global constants, one row for each seed and start radius.

    Args:
        study: the design.
        seeds: one system each, from ``default_rng([42, seed])``.
        radii: ‖s0‖ relative to the radius 1 of the operating domain. The paper does not publish it.

    Returns:
        Columns ``seed``, ``radius``, those of :class:`~imagination.budget.sensitivity.Recovery`, constants,
        exponents, R² of both fits, ``K``, ``K_prime`` (K with the realised S_f in place of L_f), and the logarithmic
        slack of each coefficient of Lemma 1. What does not exist is missing (NaN): all but the constants and the fits
        where the optimum is at an end of the budget line, and K′ where γS_f(1 + L_π) ≥ 1.

    Raises:
        RequestError: for a value out of range.

    Source: B.5, Figure 4.

    Example:
        >>> row = figure_4(study=LqgStudy(anchors=(100, 400), draws=3), seeds=[0]).iloc[0]
        >>> bool(row.K_prime > 0), float(row.radius)
        (True, 1.0)
    """
    study, rows = LqgStudy() if study is None else instance("study", study, LqgStudy), []
    for seed in wholes("seeds", seeds, shape=(None,)).tolist():
        rng = np.random.default_rng([42, seed])
        system = draw(study, rng)
        fit_dyn, fit_rew = fitted_laws(study, system, rng)
        laws = PowerLaw(fit_dyn.scale, fit_dyn.exponent), PowerLaw(fit_rew.scale, fit_rew.exponent)
        error = estimate_errors(study, study.direction_at, rng)
        known, K = system.lipschitz, float(dynamics_weight(system.lipschitz, gamma=study.gamma))
        row = {
            "seed": seed, "contraction": study.gamma * known.growth,
            "lf": known.dynamics, "lr": known.reward, "lp": known.policy, "K": K,
            "alpha": fit_dyn.exponent, "beta": fit_rew.exponent, "r2_dyn": fit_dyn.r2, "r2_rew": fit_rew.r2,
        }  # fmt: skip
        for radius in numbers("radii", radii, above=0, high=1, shape=(None,)).tolist():
            changes = value_changes(study, system, error, radius)
            try:
                found = recover(*changes, *laws, budget=study.budget, smallest=study.smallest, multiplier=K)
            except NoInnerOptimum:
                missing = (*Recovery.__dataclass_fields__, "K_prime", "slack_dyn", "slack_rew")
                rows.append(row | {"radius": radius} | dict.fromkeys(missing, math.nan))
                continue
            realised = Lipschitz(dynamics=found.sensitivity_dyn, reward=known.reward, policy=known.policy)
            contracts = study.gamma * realised.growth < 1
            rows.append(row | {"radius": radius} | asdict(found) | {
                "K_prime": dynamics_weight(realised, gamma=study.gamma) if contracts else math.nan,
                "slack_dyn": math.log(K / ((1 - study.gamma) * found.sensitivity_dyn)),
                "slack_rew": math.log(1 / ((1 - study.gamma) * found.sensitivity_rew)),
            })  # fmt: skip
    return pd.DataFrame(rows)
