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

from imagination.checks import Floats, Ints, generator_of, number, numbers, plain, whole, wholes
from imagination.errors import RequestError, require, shown

Interval = tuple[float, float]

SMALLEST_ERROR, LARGEST_ERROR = 1e-150, 1e150
"""Measured errors beyond these are refused: their squares leave the range of floating point."""
MOST_ANCHORS = 500
"""Different numbers of samples in one fit."""
MOST_DRAWS = 50_000_000
"""Resamples times anchors."""
UNITS = 500
"""A bootstrap over more trainings than this draws that many blocks of them."""


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
        number("scale", self.scale, above=0)
        number("exponent", self.exponent)

    @classmethod
    def from_mse(cls, scale: float, exponent: float, *, outputs: int = 1) -> PowerLaw:
        """The law of the norm that belongs to the law ``scale * N**-exponent`` of a mean square.

        Args:
            scale: of the mean square, > 0.
            exponent: of the mean square.
            outputs: number d of outputs that the mean square averages over. The Euclidean norm is √(d · MSE); with 1
                it is the RMSE of one output.

        Raises:
            RequestError: as the class does, and for outputs below 1.

        Example:
            >>> PowerLaw.from_mse(0.36, 0.12)
            PowerLaw(scale=0.6, exponent=0.06)
        """
        d, a, alpha = whole("outputs", outputs, low=1), number("scale", scale, above=0), number("exponent", exponent)
        return cls(math.sqrt(d * a), alpha / 2)

    def __call__(self, n: ArrayLike) -> float | Floats:
        """The error at n samples, n > 0.

        Raises:
            RequestError: for an n that isn't positive, or where the error leaves the range of floating point.
        """
        samples = numbers("n", n, above=0)
        with np.errstate(over="ignore"):
            error: Floats = self.scale * samples**-self.exponent
        require(np.isfinite(error).all(), f"the error {self.scale:g} N^-{self.exponent:g} is too large for a number")
        return plain(error)

    def samples_for(self, error: float) -> float:
        """The number of samples at which the error has fallen to ``error`` > 0.

        Raises:
            RequestError: for a target that isn't positive and finite; for an exponent of 0 or less, with which the
                error never falls; and where the number leaves the range of floating point.
        """
        target = number("error", error, above=0)
        require(self.exponent > 0, f"an exponent of {self.exponent:g} never reaches an error: it must be above 0")
        log_n = (math.log(self.scale) - math.log(target)) / self.exponent
        require(abs(log_n) < 700, f"error = {target:g} is reached at a number of samples that no float can hold")
        ratio = float(self.scale) / target
        return ratio ** (1 / self.exponent) if 0 < ratio < math.inf else math.exp(log_n)


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
        log_covariance: (A, A) covariance of the logarithms of the means, from leaving one training out (jackknife): of
            teachers with all their anchors where every seed occurs once at every anchor, else of each anchor alone.
            None where an anchor has one training.
        teachers: number of seeds that occur at every anchor, or None where they differ.
        resampled_means: (resamples, A) means of the bootstrap; no rows without it.
        resampling: how seeds were drawn: ``paired`` (one draw of teachers for all anchors), ``stratified`` (one draw
            an anchor, as in the paper) or ``none``.
    """

    scale: float
    exponent: float
    squared: bool
    anchors: Floats
    means: Floats
    sems: Floats
    counts: Ints
    r2: float
    log_covariance: Floats | None
    teachers: int | None
    resampled_means: Floats
    resampling: Literal["paired", "stratified", "none"]

    @property
    def law(self) -> PowerLaw:
        """The power law of the norm: of the fit itself, or its root where mean squares were fitted."""
        return PowerLaw.from_mse(self.scale, self.exponent) if self.squared else PowerLaw(self.scale, self.exponent)

    def predict(self, n: ArrayLike) -> Floats:
        """The fitted quantity at n samples, n > 0."""
        return np.asarray(PowerLaw(self.scale, self.exponent)(n))

    def bootstrap(self) -> tuple[Floats, Floats]:
        """Scales and exponents of the resamples, each (resamples,); a scale beyond floating point is infinite."""
        intercept, slope = line(np.log(self.anchors), np.log(self.resampled_means))
        with np.errstate(over="ignore"):
            return np.exp(intercept), -slope

    def standard_errors(self) -> tuple[float | None, float | None]:
        """Bootstrap standard errors of scale and exponent; None without a bootstrap, and for one beyond any number."""
        if not len(self.resampled_means):
            return None, None
        with np.errstate(over="ignore", invalid="ignore"):
            scale, exponent = (float(values.std(ddof=1)) for values in self.bootstrap())
        return scale if math.isfinite(scale) else None, exponent

    def intervals(self, level: float = 0.95) -> tuple[Interval | None, Interval | None]:
        """Percentile intervals of scale and exponent at a level in (0, 1); None as for the standard errors."""
        require(0 < number("level", level) < 1, f"level = {level} is not allowed: between 0 and 1; try 0.95")
        if not len(self.resampled_means):
            return None, None
        scale, exponent = (percentiles(values, level) for values in self.bootstrap())
        return scale, exponent

    def local_exponents(self) -> Floats:
        """The exponent between neighbouring anchors, (A - 1,); all equal under a pure power law."""
        return np.asarray(-np.diff(np.log(self.means)) / np.diff(np.log(self.anchors)))


def percentiles(values: Floats, level: float = 0.95) -> Interval | None:
    """The middle part of drawn values; None where an end of it is no number.

    Example:
        >>> percentiles(np.arange(101.0), 0.5), percentiles(np.array([1.0, np.inf]))
        ((25.0, 75.0), None)
    """
    with np.errstate(invalid="ignore"):
        low, high = np.percentile(values, [50 * (1 - level), 50 * (1 + level)]).tolist()
    return (low, high) if math.isfinite(low) and math.isfinite(high) else None


def log_log_line(anchors: ArrayLike, means: ArrayLike) -> tuple[Floats, Floats]:
    """Least squares of ln(mean) on ln(N), for one row of means or many.

    Args:
        anchors: (A,), A >= 2, distinct and positive.
        means: (..., A), positive.

    Returns:
        Intercepts and slopes, each of shape (...).

    Raises:
        RequestError: for values that aren't positive, or shapes that don't match.

    Source: paper, C.2 ("ordinary log-log linear regression on the per-anchor means").

    Example:
        >>> intercept, slope = log_log_line(np.array([1.0, 10.0, 100.0]), np.array([5.0, 0.5, 0.05]))
        >>> round(float(np.exp(intercept)), 9), round(float(slope), 9)
        (5.0, -1.0)
    """
    x, y = np.log(numbers("anchors", anchors, above=0, shape=(None,))), np.log(numbers("means", means, above=0))
    require(y.ndim and y.shape[-1] == len(x), f"means of shape {y.shape} do not belong to {len(x)} anchors")
    return line(x, y)


def line(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Least squares of y (..., A) on x (A,): intercepts and slopes."""
    dx = x - x.mean()
    square = dx @ dx
    require(square > 0, "a line needs two different values of n; these are one to rounding")
    slope = y @ dx / square
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
        n: (rows,) samples of each training, > 0, at least two and at most ``MOST_ANCHORS`` distinct values.
        error: (rows,) its error, from ``SMALLEST_ERROR`` to ``LARGEST_ERROR``: a norm, or a mean square where
            ``squared``.
        seed: (rows,) the teacher of each training, a whole number. Needed for the paired bootstrap, which draws
            teachers, each with all its anchors. None: rows at one n are exchangeable.
        squared: the errors are mean squares. The fit reports the law of the mean square; ``fit.law`` that of the norm.
        resamples: number of bootstrap resamples; 0 for none.
        resampling: None takes ``paired`` where every seed occurs once at every anchor, else ``stratified``.
        generator: of the bootstrap; needed where ``resamples`` > 0.

    Returns:
        The fit.

    Raises:
        RequestError: for arrays that don't match, values out of range, fewer than two anchors, or a line so steep that
            its scale, the error at one sample, is no number.

    Source: paper, C.2; the paired bootstrap is this book's.

    Example:
        >>> fit = fit_power_law([100, 400, 1600], [0.2, 0.1, 0.05])
        >>> round(fit.scale, 6), round(fit.exponent, 6), round(fit.r2, 6)
        (2.0, 0.5, 1.0)
        >>> round(fit_power_law([100, 400, 1600], [0.04, 0.01, 0.0025], squared=True).law.exponent, 6)
        0.5
    """
    n = numbers("n", n, above=0, shape=(None,))
    error = numbers("error", error, low=SMALLEST_ERROR, high=LARGEST_ERROR, shape=(None,))
    require(n.shape == error.shape, f"{n.size} values of n and {error.size} errors are given: one of each a training")
    anchors, column = np.unique(n, return_inverse=True)
    require(
        2 <= len(anchors) <= MOST_ANCHORS,
        f"a power law has two unknowns, but errors are given at n = {anchors[0]:g} alone; give two values of n or more"
        if len(anchors) == 1
        else f"{len(anchors):,} different n are given, more than {MOST_ANCHORS}: round n, or leave some out",
    )
    count = whole("resamples", resamples, high=MOST_DRAWS // len(anchors))
    require(count != 1, "resamples = 1 is not allowed: 0 for none, or at least 2; try 10000")
    require(
        resampling in (None, "paired", "stratified"),
        f"resampling = {shown(resampling)} is not allowed: paired or stratified",
    )
    rows = np.argsort(column, kind="stable")
    groups = np.split(error[rows], np.cumsum(np.bincount(column))[:-1])
    means = np.array([group.mean() for group in groups])
    counts = np.array([len(group) for group in groups])
    sems = np.array([g.std(ddof=1) / math.sqrt(len(g)) if len(g) > 1 else math.nan for g in groups])
    x, y = np.log(anchors), np.log(means)
    intercept, slope = line(x, y)
    residual, spread = y - intercept - slope * x, y - y.mean()
    r2 = 1 - residual @ residual / (spread @ spread) if spread @ spread > 0 else 1.0
    require(
        abs(intercept) < 700,
        f"the errors change too steeply with n for a power law (exponent {-slope:.4g}): the error at one sample would "
        f"be e^{intercept:.4g}; measure at n that lie further apart",
    )
    matrix = _by_seed(error, column, seed, len(anchors))
    drawn, how = np.empty((0, len(anchors))), resampling or ("stratified" if matrix is None else "paired")
    if count:
        if generator is None:
            raise RequestError("a bootstrap needs generator=, such as numpy.random.default_rng(0)")
        if how == "stratified" or matrix is None:
            require(how == "stratified", "a paired bootstrap needs every seed once at every n; give seed=, or take "
                    "stratified")  # fmt: skip
            drawn = resampled_means(groups, count, generator)
        else:
            drawn = resampled_means(matrix, count, generator)
    return PowerLawFit(
        scale=float(np.exp(intercept)),
        exponent=float(-slope),
        squared=bool(squared),
        anchors=anchors,
        means=means,
        sems=sems,
        counts=counts,
        r2=float(r2),
        log_covariance=_log_covariance(groups, matrix),
        teachers=None if matrix is None else len(matrix),
        resampled_means=drawn,
        resampling=how if count else "none",
    )


def resampled_means(groups: Floats | list[Floats], resamples: int, generator: np.random.Generator) -> Floats:
    """Means over seeds drawn with replacement.

    Where there are more than a few hundred seeds, blocks of them are formed at random and the blocks are drawn: the
    spread of the means is the same, at a cost that doesn't grow with the table.

    Args:
        groups: (seeds, A) for a paired draw, one for all anchors; or a list of A arrays, drawn from separately.
        resamples: number of draws, 1 or more.
        generator: of the draws.

    Returns:
        (resamples, A).

    Raises:
        RequestError: for groups that aren't arrays of numbers, or a number of draws that isn't allowed.

    Source: paper, C.2 (the list); this book (the matrix, and the blocks).

    Example:
        >>> resampled_means(np.ones((3, 2)), 4, np.random.default_rng(0)).shape
        (4, 2)
    """
    generator_of("generator", generator)
    require(len(groups), "groups is empty: give the errors of one anchor or more")
    tables = (
        [numbers("groups", groups, shape=(None, None))]
        if isinstance(groups, np.ndarray)
        else [numbers("groups", group, shape=(None,))[:, None] for group in groups]
    )
    anchors = sum(table.shape[1] for table in tables)
    count = whole("resamples", resamples, low=1, high=MOST_DRAWS // anchors)
    most = max(20, UNITS * 3 // (2 + len(tables)))
    return np.hstack([_draw_means(table, count, most, generator) for table in tables])


def _draw_means(table: Floats, resamples: int, most: int, generator: np.random.Generator) -> Floats:
    """(seeds, k) to (resamples, k), drawing from at most so many units."""
    count = len(table)
    size = np.ones(count)
    if count > most:
        start = np.arange(most) * count // most
        table = np.add.reduceat(table[generator.permutation(count)], start, axis=0)
        size = np.diff(start, append=count).astype(np.float64)
    units, block = len(table), max(1, 10_000_000 // len(table))
    probability = np.full(units, 1 / units)
    drawn = [
        generator.multinomial(units, probability, size=min(block, resamples - first)) @ np.column_stack([table, size])
        for first in range(0, resamples, block)
    ]
    total = np.vstack(drawn)
    return np.asarray(total[:, :-1] / total[:, -1:])


def _by_seed(error: Floats, column: Ints, seed: ArrayLike | None, anchors: int) -> Floats | None:
    """(seeds, A) where every seed occurs once at every anchor, else None."""
    if seed is None:
        return None
    named = wholes("seed", seed, low=-(2**61), shape=(None,))
    require(named.shape == error.shape, f"{named.size} seeds and {error.size} errors are given: one of each a training")
    seeds, row = np.unique(named, return_inverse=True)
    if len(error) != len(seeds) * anchors or len(np.unique(row * anchors + column)) != len(error):
        return None
    matrix = np.empty((len(seeds), anchors))
    matrix[row, column] = error
    return matrix


def _log_covariance(groups: list[Floats], matrix: Floats | None) -> Floats | None:
    """Jackknife covariance of the logarithms of the means."""
    if min(map(len, groups)) < 2:
        return None
    if matrix is not None:
        deviation = _left_out(matrix)
        return np.asarray(deviation.T @ deviation * (1 - 1 / len(matrix)))
    return np.diag([float(np.sum(_left_out(group) ** 2)) * (1 - 1 / len(group)) for group in groups])


def _left_out(values: Floats) -> Floats:
    """ln of the mean without each row in turn, about its average."""
    before, after = np.zeros_like(values), np.zeros_like(values)  # sums, never a difference: one value may dwarf all
    np.cumsum(values[:-1], axis=0, out=before[1:])
    after[:-1] = np.cumsum(values[:0:-1], axis=0)[::-1]
    logs = np.log((before + after) / (len(values) - 1))
    return np.asarray(logs - logs.mean(axis=0))
