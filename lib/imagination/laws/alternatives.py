"""Is it a power law at all? The one test of that, the law with a floor, and what each law predicts.

A straight line in log-log coordinates with R² near 1 isn't evidence for a power law: seven means that fall by a
third have R² above .95 under many curves. What can tell them apart is how they bend, and how they predict means
that they were not fitted to. :func:`doubts` says in sentences what speaks against a fit; the commands and the
chapters all ask here.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import least_squares
from scipy.stats import t as student_t

from imagination.checks import Floats, number, numbers, plain, whole
from imagination.errors import RequestError, require
from imagination.laws.powerlaw import Interval, PowerLawFit, line

LEVEL = 0.05
"""Level of the curvature test: the rate of false alarms under a true power law."""
FEWEST_ANCHORS = 4
"""Below this no test of the form has anything left to test with."""
LEAST_DECADES = 1.0
LEAST_R2 = 0.9
MOST_LEFT_OUT = 20
"""Anchors that the comparison in a doubt leaves out; more are thinned to so many."""
TRIED = 3
"""Starts from which a law with a floor is fitted: the best of a list."""
POWER, FLOOR, PARABOLA = "power law", "power law with a floor", "parabola in log-log"


@dataclass(frozen=True)
class FloorLaw:
    """ε(N) = E + A N^-α: an error that stops falling at the floor E >= 0.

    Args:
        floor: E, 0 or more.
        scale: A, 0 or more.
        exponent: α.

    Raises:
        RequestError: for a value out of range.

    Example:
        >>> FloorLaw(floor=0.1, scale=2.0, exponent=0.5)(400.0)
        0.2
    """

    floor: float
    scale: float
    exponent: float

    def __post_init__(self) -> None:
        number("floor", self.floor, low=0)
        number("scale", self.scale, low=0)
        number("exponent", self.exponent)

    def __call__(self, n: ArrayLike) -> float | Floats:
        """The error at n samples, n > 0."""
        samples = numbers("n", n, above=0)
        with np.errstate(over="ignore"):
            error: Floats = self.floor + self.scale * samples**-self.exponent
        require(np.isfinite(error).all(), "the error of this law with a floor is too large for a number")
        return plain(error)


@dataclass(frozen=True)
class Curvature:
    """How the log means bend: the coefficient c of (ln N)² when a parabola is fitted, and how sure its sign is.

    Args:
        coefficient: c; positive where the error falls ever more slowly, negative where it steepens.
        standard_error: of c, from leaving out one training at a time where there are two or more, else from the
            residuals.
        p_value: two-sided probability of so large a |c| under a pure power law, by Student's t.
        degrees: degrees of freedom of that t: teachers - 1; Welch's number where anchors have other seeds; anchors - 3
            with one training each.
    """

    coefficient: float
    standard_error: float
    p_value: float
    degrees: float


def curvature_test(fit: PowerLawFit) -> Curvature | None:
    """Test a fit for curvature in log-log coordinates: the one test of a power law in this library.

    Seeds that occur at every anchor are teachers, and are left out with all their anchors (the jackknife, then
    Student's t): what a teacher shares over its anchors moves all means together, and is no bend. The answer depends
    neither on a bootstrap nor on its seed, so that every command and chapter gives the same. With one training an
    anchor the residuals of the parabola have to serve, which needs four anchors.

    Args:
        fit: of :func:`imagination.laws.powerlaw.fit_power_law`.

    Returns:
        The test; None where the anchors are too few (three with two or more trainings each, else four).

    Source: this book.

    Example:
        >>> from imagination.laws.powerlaw import fit_power_law
        >>> n = np.array([1e2, 1e3, 1e4, 1e5, 1e6])
        >>> bent = curvature_test(fit_power_law(n, 0.01 + n**-0.5))
        >>> bent.coefficient > 0, bent.p_value < 0.01
        (True, True)
    """
    anchors = len(fit.anchors)
    if anchors < 3 or (anchors == 3 and fit.log_covariance is None):
        return None
    x, y = np.log(fit.anchors) - np.log(fit.anchors).mean(), np.log(fit.means)
    unit = float(np.abs(x).max())
    design = np.column_stack([np.ones(anchors), x / unit, (x / unit) ** 2])
    rows = np.linalg.pinv(design)
    bend = float(rows[2] @ y)
    if fit.log_covariance is not None:
        variance = float(rows[2] @ fit.log_covariance @ rows[2])
        parts = rows[2] ** 2 * np.diag(fit.log_covariance)
        welch = np.sum(parts**2 / (fit.counts - 1))
        degrees = fit.teachers - 1.0 if fit.teachers else float(np.sum(parts) ** 2 / welch) if welch > 0 else 1.0
    else:
        residual, degrees = y - design @ (rows @ y), anchors - 3.0
        variance = float(rows[2] @ rows[2] * (residual @ residual) / degrees)
    error = math.sqrt(variance)
    if abs(bend) <= 1e-12 * max(1.0, float(np.abs(y).max())):  # a straight line up to rounding
        p_value = 1.0
    else:
        p_value = 2 * float(student_t.sf(abs(bend) / error, degrees)) if error > 0 else 0.0
    return Curvature(bend / unit**2, error / unit**2, p_value, degrees)


def fit_floor_law(anchors: ArrayLike, means: ArrayLike) -> FloorLaw:
    """Fit E + A N^-α by least squares of the log errors, E >= 0.

    Args:
        anchors: (A,) numbers of samples, A >= 3, distinct.
        means: (A,) errors, positive.

    Returns:
        The best of several starts. Where no floor helps, E is 0 up to rounding and the law is the power law.

    Raises:
        RequestError: for fewer than three anchors, values that aren't positive, or a law so steep that its scale, the
            error at one sample, is no number.

    Source: this book; the form is that of Hoffmann et al. (2022).

    Example:
        >>> n = np.array([2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5])
        >>> law = fit_floor_law(n, 0.08 + 1.5 * n**-0.4)
        >>> round(law.floor, 4), round(law.scale, 3), round(law.exponent, 4)
        (0.08, 1.5, 0.4)
    """
    x, y = _logs(anchors, means, least=3, what="a law with a floor has three unknowns")
    floor, level, exponent = _floor_parameters(x, y)
    log_scale = level + exponent * x.mean()
    require(log_scale < 700, f"the errors fall too steeply with n for a law with a floor (exponent {exponent:.4g})")
    return FloorLaw(math.exp(floor), math.exp(log_scale), exponent)


def _logs(anchors: ArrayLike, means: ArrayLike, *, least: int, what: str) -> tuple[Floats, Floats]:
    x = np.log(numbers("anchors", anchors, above=0, shape=(None,)))
    y = np.log(numbers("means", means, above=0, shape=(None,)))
    require(len(x) == len(y), f"{len(x)} anchors and {len(y)} means are given: one mean an anchor")
    require(len(x) >= least, f"{what}, but {len(x)} anchors are given; give {least} or more")
    require(len(np.unique(x)) == len(x), "an anchor stands there twice: give the mean of each once")
    return x, y


def _floor_parameters(x: Floats, y: Floats) -> tuple[float, float, float]:
    """ln E (-inf for no floor), ln A about the middle of x, and α."""
    top, x = float(y.min()), x - x.mean()
    intercept, slope = line(x, y)

    def logs(parameters: Floats) -> tuple[Floats, Floats]:
        floor, level, exponent = parameters
        fall = level - exponent * x
        return fall, np.logaddexp(math.log(floor) + top if floor > 0 else -math.inf, fall)

    def residual(parameters: Floats) -> Floats:
        return np.asarray(logs(parameters)[1] - y)

    def jacobian(parameters: Floats) -> Floats:
        fall, total = logs(parameters)
        part = np.exp(fall - total)
        return np.column_stack([np.exp(np.minimum(top - total, 300.0)), part, -x * part])

    starts = [(0.0, float(intercept), float(-slope))]
    for floor in (0.3, 0.6, 0.8, 0.9, 0.97, 0.99, 0.999, 0.9999):
        a, b = line(x, y + np.log1p(-floor * np.exp(top - y)))
        starts.append((floor, float(a), float(-b)))
    steepest = max(20.0, 2 * abs(float(slope)))
    lower, upper = [0.0, -np.inf, -steepest], [1.0, np.inf, steepest]
    starts.sort(key=lambda start: float(np.sum(residual(np.array(start)) ** 2)))
    fits = [
        least_squares(
            residual, np.clip(start, lower, upper), jacobian, bounds=(lower, upper), xtol=1e-12, ftol=1e-12, gtol=1e-12
        )
        for start in starts[:TRIED]
    ]
    floor, level, exponent = map(float, min(fits, key=lambda found: float(found.cost)).x)
    return math.log(floor) + top if floor > 0 else -math.inf, level, exponent


Curve = Callable[[Floats], Floats]
"""ln N to ln error."""


def _power(x: Floats, y: Floats) -> Curve:
    intercept, slope = line(x, y)
    return lambda at: np.asarray(intercept + slope * at)


def _floor(x: Floats, y: Floats) -> Curve:
    floor, level, exponent = _floor_parameters(x, y)
    return lambda at: np.asarray(np.logaddexp(floor, level - exponent * (at - x.mean())))


def _parabola(x: Floats, y: Floats) -> Curve:
    centre, unit = x.mean(), np.abs(x - x.mean()).max()
    coefficients = np.polyfit((x - centre) / unit, y, 2)
    return lambda at: np.asarray(np.polyval(coefficients, (at - centre) / unit))


LAWS: dict[str, Callable[[Floats, Floats], Curve]] = {POWER: _power, FLOOR: _floor, PARABOLA: _parabola}
"""The laws that are compared, by the name that a reader sees. The parabola has as many constants as the floor law, and
stands for any bend, also one that steepens."""


def prediction_error(anchors: ArrayLike, means: ArrayLike, *, fitted: int) -> dict[str, Floats]:
    """Fit each law to the first anchors and predict the others.

    Args:
        anchors: (A,) increasing.
        means: (A,) positive.
        fitted: how many anchors are fitted, 3 <= fitted < A.

    Returns:
        For each law, ln(predicted / measured) at the other anchors, (A - fitted,).

    Raises:
        RequestError: for values out of range, or a number of fitted anchors that isn't allowed.

    Source: this book.

    Example:
        >>> n = np.array([2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5])
        >>> off = prediction_error(n, 0.08 + 1.5 * n**-0.4, fitted=5)
        >>> bool(abs(off["power law with a floor"]).max() < 1e-3), bool(off["power law"][-1] < -0.05)
        (True, True)
    """
    x, y = _logs(anchors, means, least=4, what="with three anchors fitted none is left to predict")
    first = whole("fitted", fitted, low=3, high=len(x) - 1)
    return {name: law(x[:first], y[:first])(x[first:]) - y[first:] for name, law in LAWS.items()}


def left_out_error(anchors: ArrayLike, means: ArrayLike) -> dict[str, Floats]:
    """Leave each anchor out in turn, fit each law to the rest, predict the one left out.

    Args:
        anchors: (A,), A >= 4, distinct.
        means: (A,) positive.

    Returns:
        For each law, ln(predicted / measured), (A,).

    Raises:
        RequestError: for values out of range or fewer than four anchors.

    Source: this book.

    Example:
        >>> n = np.array([2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5])
        >>> {name: bool(abs(off).max() < 1e-6) for name, off in left_out_error(n, 5 * n**-0.4).items()}
        {'power law': True, 'power law with a floor': True, 'parabola in log-log': True}
    """
    x, y = _logs(anchors, means, least=4, what="leaving one out must leave three for a floor")
    others = [np.delete(np.arange(len(x)), i) for i in range(len(x))]
    return {
        name: np.array([float(law(x[o], y[o])(x[i])) - y[i] for i, o in enumerate(others)])
        for name, law in LAWS.items()
    }


def doubts(fit: PowerLawFit, *, exponents: Interval | None = None) -> list[str]:
    """Say what speaks against a power law, most serious first; an empty list where nothing does.

    Args:
        fit: of :func:`imagination.laws.powerlaw.fit_power_law`, best with a bootstrap.
        exponents: interval of the exponent, where one is known beside the bootstrap's.

    Returns:
        One sentence for each doubt: too few anchors, too short a range, an exponent that may be zero, a low R², or a
        bend. The last two name the law that predicts left-out anchors best, if that is another.

    Source: this book.

    Example:
        >>> from imagination.laws.powerlaw import fit_power_law
        >>> n = np.array([1e3, 1e4, 1e5, 1e6])
        >>> doubts(fit_power_law(n, n**-0.3))
        []
        >>> print(doubts(fit_power_law(n[:2], [2.0, 1.0]))[0])
        2 anchors can't tell a power law from any other falling curve: measure at 4 or more
    """
    found: list[str] = []
    count = len(fit.anchors)
    if count < FEWEST_ANCHORS:
        found.append(
            f"{count} anchors can't tell a power law from any other falling curve: measure at {FEWEST_ANCHORS} or more"
        )
    decades = math.log10(fit.anchors[-1]) - math.log10(fit.anchors[0])
    if decades < LEAST_DECADES:
        found.append(
            f"the anchors span a factor of {10**decades:.2g} only: an exponent needs a decade, better two; "
            "measure at larger n"
        )
    interval = exponents or fit.intervals()[1]
    if fit.exponent <= 0:
        found.append(f"the error doesn't fall with n (exponent {fit.exponent:.3g}): there is nothing to extrapolate")
    elif interval and interval[0] <= 0 <= interval[1]:
        found.append(
            f"the exponent may be zero (95 % interval {interval[0]:.2g} to {interval[1]:.2g}): measure more seeds or a "
            "wider range"
        )
    if fit.r2 < LEAST_R2:
        found.append(f"R² is {fit.r2:.2f}: the line leaves much of the means unexplained{_alternative(fit)}")
    bend = curvature_test(fit)
    if bend is not None and bend.p_value < LEVEL:
        how = "the error falls ever more slowly" if bend.coefficient > 0 else "the fall steepens"
        chance = "p < 0.001" if bend.p_value < 0.001 else f"p = {bend.p_value:.2g}"
        found.append(f"the means bend: {how} ({chance}, curvature {bend.coefficient:+.3g}){_alternative(fit)}")
    return found


def _alternative(fit: PowerLawFit) -> str:
    """Name the laws that predict left-out anchors better than the power law does, the best first."""
    if len(fit.anchors) < FEWEST_ANCHORS:
        return ""
    some = np.unique(np.linspace(0, len(fit.anchors) - 1, min(len(fit.anchors), MOST_LEFT_OUT)).round().astype(int))
    anchors, means = fit.anchors[some], fit.means[some]
    off = {name: float(np.sqrt(np.mean(e**2))) for name, e in left_out_error(anchors, means).items()}
    power = off.pop(POWER)
    better = sorted((name for name in off if off[name] < power), key=lambda name: off[name])
    if not better:
        return f"; yet no other law tried predicts left-out anchors better (power law: {power:.2g} in ln)"
    try:
        floor = fit_floor_law(anchors, means)
        constants = {FLOOR: f" {floor.floor:.3g} + {floor.scale:.3g} N^-{floor.exponent:.3g}"}
    except RequestError:  # better, and yet too steep to write down
        constants = {}
    named = ", ".join(f"{name}{constants.get(name, '')}: {off[name]:.2g}" for name in better)
    return f"; better at left-out anchors (rms error in ln): {named}; power law: {power:.2g}"
