"""Power laws of errors against samples: fitted as the paper does (C.2), with a bootstrap over teachers.

The law of the bounds is that of an error *norm*. The paper fits mean squares, whose exponent is twice the norm's; a fit
knows which of the two it was made on.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from imagination.errors import RequestError, require

__all__ = ["PowerLaw", "PowerLawFit", "fit_power_law", "log_log_line", "resampled_means"]


@dataclass(frozen=True)
class PowerLaw:
    r"""An error norm that falls with the number of samples, :math:`\epsilon(N)=A\,N^{-\alpha}` (Eq. 3).

    Args:
        scale: A > 0, in the unit of the error: the error at N = 1 by extrapolation.
        exponent: α of the NORM. Half of an exponent that was fitted to mean squares: see :meth:`from_mse`. A negative
            one, an error that grows with N, can come out of a fit; the allocation refuses it.

    Raises:
        RequestError: for a scale that isn't positive and finite, or an exponent that isn't finite.

    Source: paper, §4, Eq. 3.

    Example:
        >>> law = PowerLaw(scale=2.0, exponent=0.5)
        >>> law(400.0), law.samples_for(0.1)
        (0.1, 400.0)
    """

    scale: float
    exponent: float

    def __post_init__(self) -> None:
        positive = _is_number(self.scale) and 0 < self.scale < math.inf
        require(positive, f"scale = {self.scale!r} is not allowed: a finite number above 0")
        require(
            _is_number(self.exponent) and math.isfinite(self.exponent),
            f"exponent = {self.exponent!r} is not allowed: a finite number",
        )

    @classmethod
    def from_mse(cls, scale: float, exponent: float, *, outputs: int = 1) -> PowerLaw:
        """The law of the norm that belongs to the law ``scale * N**-exponent`` of a mean square.

        Args:
            scale: of the mean square, > 0.
            exponent: of the mean square.
            outputs: number d of outputs that the mean square averages over. The Euclidean norm is √(d · MSE); with 1
                it is the RMSE of one output.

        Example:
            >>> PowerLaw.from_mse(0.36, 0.12)
            PowerLaw(scale=0.6, exponent=0.06)
        """
        require(outputs >= 1, f"outputs = {outputs} is not allowed: a head has at least 1 output")
        require(scale > 0, f"scale = {scale!r} is not allowed: a finite number above 0")
        return cls(math.sqrt(outputs * scale), exponent / 2)

    def __call__(self, n: ArrayLike) -> float | np.ndarray:
        """The error at n samples, n > 0."""
        n = np.asarray(n, dtype=np.float64)
        require(np.all(n > 0), "n is not allowed: every number of samples must be above 0")
        error = self.scale * n**-self.exponent
        return error if error.ndim else float(error)

    def samples_for(self, error: float) -> float:
        """The number of samples at which the error has fallen to ``error`` > 0.

        Raises:
            RequestError: for a target that isn't positive, or an exponent of 0 or less: the error then never falls.
        """
        require(error > 0, f"error = {error} is not allowed: a finite number above 0")
        require(self.exponent > 0, f"an exponent of {self.exponent:g} never reaches an error: it must be above 0")
        return float((self.scale / error) ** (1 / self.exponent))


@dataclass(frozen=True, eq=False)
class PowerLawFit:
    """A straight line through log means: the outcome of :func:`fit_power_law`.

    Args:
        scale, exponent: of the quantity that was fitted (a norm, or a mean square where ``squared``).
        squared: the quantity is a mean square.
        anchors: (A,) distinct numbers of samples, increasing.
        means: (A,) means over seeds.
        sems: (A,) standard errors of the means; NaN where there is one seed.
        counts: (A,) number of seeds.
        r2: coefficient of determination of the line; 1 where two anchors leave nothing to explain.
        resampled_means: (resamples, A) means of the bootstrap; no rows without it.
        resampling: how seeds were drawn: ``paired`` (one draw of teachers for all anchors), ``stratified`` (one draw
            an anchor, as in the paper) or ``none``.
    """

    scale: float
    exponent: float
    squared: bool
    anchors: np.ndarray
    means: np.ndarray
    sems: np.ndarray
    counts: np.ndarray
    r2: float
    resampled_means: np.ndarray
    resampling: Literal["paired", "stratified", "none"]

    @property
    def law(self) -> PowerLaw:
        """The power law of the norm: of the fit itself, or its root where mean squares were fitted."""
        return PowerLaw.from_mse(self.scale, self.exponent) if self.squared else PowerLaw(self.scale, self.exponent)

    def predict(self, n: ArrayLike) -> np.ndarray:
        """The fitted quantity at n samples."""
        return self.scale * np.asarray(n, dtype=np.float64) ** -self.exponent

    def bootstrap(self) -> tuple[np.ndarray, np.ndarray]:
        """Scales and exponents of the resamples, each (resamples,)."""
        intercept, slope = log_log_line(self.anchors, self.resampled_means)
        return np.exp(intercept), -slope

    def standard_errors(self) -> tuple[float, float]:
        """Bootstrap standard errors of scale and exponent; NaN without a bootstrap."""
        if not len(self.resampled_means):
            return math.nan, math.nan
        scales, exponents = self.bootstrap()
        return float(scales.std(ddof=1)), float(exponents.std(ddof=1))

    def intervals(self, level: float = 0.95) -> tuple[tuple[float, float], tuple[float, float]]:
        """Percentile intervals of scale and exponent at a level in (0, 1); NaN without a bootstrap."""
        require(0 < level < 1, f"level = {level} is not allowed: between 0 and 1; try 0.95")
        if not len(self.resampled_means):
            return (math.nan, math.nan), (math.nan, math.nan)
        tails = [50 * (1 - level), 50 * (1 + level)]
        scales, exponents = self.bootstrap()
        return tuple(np.percentile(scales, tails).tolist()), tuple(np.percentile(exponents, tails).tolist())

    def local_exponents(self) -> np.ndarray:
        """The exponent between neighbouring anchors, (A - 1,); all equal under a pure power law."""
        return -np.diff(np.log(self.means)) / np.diff(np.log(self.anchors))


def log_log_line(anchors: np.ndarray, means: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Least squares of ln(mean) on ln(N), for one row of means or many.

    Args:
        anchors: (A,), A >= 2, distinct and positive.
        means: (..., A), positive.

    Returns:
        Intercepts and slopes, each of shape (...).

    Source: paper, C.2 ("ordinary log-log linear regression on the per-anchor means").

    Example:
        >>> intercept, slope = log_log_line(np.array([1.0, 10.0, 100.0]), np.array([5.0, 0.5, 0.05]))
        >>> round(float(np.exp(intercept)), 9), round(float(slope), 9)
        (5.0, -1.0)
    """
    x, y = np.log(anchors), np.log(means)
    dx = x - x.mean()
    slope = y @ dx / (dx @ dx)
    return y.mean(axis=-1) - slope * x.mean(), slope


def fit_power_law(
    n: ArrayLike,
    error: ArrayLike,
    *,
    seed: ArrayLike | None = None,
    squared: bool = False,
    resamples: int = 0,
    resampling: Literal["paired", "stratified"] | None = None,
    generator: np.random.Generator | None = None,
) -> PowerLawFit:
    """Fit A N^-α to the means over seeds, as the paper does, and bootstrap the fit over seeds.

    Args:
        n: (rows,) samples of each training, > 0, at least two distinct values.
        error: (rows,) its error, > 0: a norm, or a mean square where ``squared``.
        seed: (rows,) the teacher of each training. Needed for the paired bootstrap, which draws teachers, each with
            all its anchors. None: rows at one n are exchangeable.
        squared: the errors are mean squares. The fit reports the law of the mean square; ``fit.law`` that of the norm.
        resamples: number of bootstrap resamples; 0 for none.
        resampling: None takes ``paired`` where every seed occurs once at every anchor, else ``stratified``.
        generator: of the bootstrap; needed where ``resamples`` > 0.

    Returns:
        The fit.

    Raises:
        RequestError: for arrays that don't match, values out of range, or fewer than two anchors.

    Source: paper, C.2; the paired bootstrap is this book's.

    Example:
        >>> fit = fit_power_law([100, 400, 1600], [0.2, 0.1, 0.05])
        >>> round(fit.scale, 6), round(fit.exponent, 6), round(fit.r2, 6)
        (2.0, 0.5, 1.0)
        >>> round(fit_power_law([100, 400, 1600], [0.04, 0.01, 0.0025], squared=True).law.exponent, 6)
        0.5
    """
    n, error = _positive("n", n), _positive("error", error)
    require(n.shape == error.shape, f"{n.size} values of n and {error.size} errors are given: one of each a training")
    anchors = np.unique(n)
    require(
        len(anchors) >= 2,
        f"a power law has two unknowns, but errors are given at n = {anchors[0]:g} alone; give two values of n or more",
    )
    groups = [error[n == anchor] for anchor in anchors]
    means = np.array([group.mean() for group in groups])
    counts = np.array([len(group) for group in groups])
    sems = np.array([g.std(ddof=1) / math.sqrt(len(g)) if len(g) > 1 else math.nan for g in groups])
    intercept, slope = log_log_line(anchors, means)
    residual = np.log(means) - intercept - slope * np.log(anchors)
    spread = np.log(means) - np.log(means).mean()
    r2 = 1 - residual @ residual / (spread @ spread) if spread @ spread > 0 else 1.0
    drawn, how = np.empty((0, len(anchors))), "none"
    if resamples:
        require(resamples > 1, f"resamples = {resamples} is not allowed: 0 for none, or at least 2; try 10000")
        require(generator is not None, "a bootstrap needs generator=, such as numpy.random.default_rng(0)")
        matrix = _by_seed(n, error, seed, anchors)
        how = resampling or ("stratified" if matrix is None else "paired")
        require(how in ("paired", "stratified"), f"resampling = {how!r} is not allowed: paired or stratified")
        if how == "paired" and matrix is None:
            raise RequestError("a paired bootstrap needs every seed once at every n; give seed=, or take stratified")
        drawn = resampled_means(groups if how == "stratified" else matrix, resamples, generator)
    return PowerLawFit(
        float(np.exp(intercept)), float(-slope), squared, anchors, means, sems, counts, float(r2), drawn, how
    )  # fmt: skip


def resampled_means(
    groups: np.ndarray | list[np.ndarray], resamples: int, generator: np.random.Generator
) -> np.ndarray:
    """Means over seeds drawn with replacement.

    Args:
        groups: (seeds, A) for a paired draw, one for all anchors; or a list of A arrays, drawn from separately.
        resamples: number of draws.
        generator: of the draws.

    Returns:
        (resamples, A).

    Source: paper, C.2 (the list); this book (the matrix).

    Example:
        >>> resampled_means(np.ones((3, 2)), 4, np.random.default_rng(0)).shape
        (4, 2)
    """

    groups = [groups] if isinstance(groups, np.ndarray) else [group[:, None] for group in groups]
    return np.hstack([_draw_means(group, resamples, generator) for group in groups])


def _draw_means(group: np.ndarray, resamples: int, generator: np.random.Generator) -> np.ndarray:
    """(seeds, k) to (resamples, k), in blocks: a table of a million rows must not ask for 80 GB of counts."""
    count, block = len(group), max(1, 10_000_000 // len(group))
    probability = np.full(count, 1 / count)
    sizes = [min(block, resamples - start) for start in range(0, resamples, block)]
    return np.vstack([generator.multinomial(count, probability, size=size) @ group / count for size in sizes])


def _by_seed(n: np.ndarray, error: np.ndarray, seed: ArrayLike | None, anchors: np.ndarray) -> np.ndarray | None:
    """(seeds, A) where every seed occurs once at every anchor, else None."""
    if seed is None:
        return None
    seed = np.asarray(seed)
    require(seed.shape == n.shape, f"{seed.size} seeds and {n.size} values of n are given: one of each a training")
    seeds, row = np.unique(seed, return_inverse=True)
    column = np.searchsorted(anchors, n)
    if len(n) != len(seeds) * len(anchors) or len(np.unique(row * len(anchors) + column)) != len(n):
        return None
    matrix = np.empty((len(seeds), len(anchors)))
    matrix[row, column] = error
    return matrix


def _positive(name: str, values: ArrayLike) -> np.ndarray:
    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise RequestError(f"{name} is not a list of numbers") from None
    require(array.ndim == 1 and array.size, f"{name} of shape {array.shape} is not allowed: a list of numbers")
    wrong = ~((array > 0) & np.isfinite(array))
    if wrong.any():
        raise RequestError(f"{name} = {array[wrong][0]:g} is not allowed: every entry must be finite and above 0")
    return array


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | np.integer | np.floating) and not isinstance(value, bool)
