"""Is it a power law at all? A law with a floor, a test for curvature, and the errors of prediction of each law.

A straight line in log-log coordinates with R² near 1 isn't evidence for a power law: seven means that fall by a
third have R² above .95 under many curves. What can tell them apart is how they bend, and how they predict means
that they were not fitted to.

What speaks against a fitted power law, in sentences that a person can act on.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy.optimize import least_squares
from scipy.stats import t as student_t

from imagination.errors import require
from imagination.laws.powerlaw import PowerLawFit, log_log_line

__all__ = ["Curvature", "FloorLaw", "curvature_test", "doubts", "fit_floor_law", "left_out_error", "prediction_error"]


@dataclass(frozen=True)
class FloorLaw:
    """ε(N) = E + A N^-α: an error that stops falling at the floor E >= 0.

    Example:
        >>> FloorLaw(floor=0.1, scale=2.0, exponent=0.5)(400.0)
        0.2
    """

    floor: float
    scale: float
    exponent: float

    def __call__(self, n):
        """The error at n samples."""
        error = self.floor + self.scale * np.asarray(n, dtype=np.float64) ** -self.exponent
        return error if error.ndim else float(error)


@dataclass(frozen=True)
class Curvature:
    """How the log means bend: the coefficient c of (ln N)² when a parabola is fitted, and how sure its sign is.

    Args:
        coefficient: c; positive where the error falls ever more slowly, negative where it steepens.
        standard_error: of c, from the bootstrap over seeds where there is one, else from the residuals.
        p_value: two-sided probability of so large a |c| under a pure power law, by Student's t.
        degrees: degrees of freedom of that t: seeds - 1, or anchors - 3.
    """

    coefficient: float
    standard_error: float
    p_value: float
    degrees: int


def curvature_test(fit: PowerLawFit) -> Curvature | None:
    """Test a fit for curvature in log-log coordinates.

    With a bootstrap, the standard error of the coefficient is that over resampled seeds, so a bend that seeds share is
    told from noise. Without one, residuals of the parabola have to serve, which needs four anchors.

    Args:
        fit: of :func:`imagination.laws.powerlaw.fit_power_law`.

    Returns:
        The test; None where the anchors are too few (three with a bootstrap over at least two seeds, else four).

    Source: this book.

    Example:
        >>> from imagination.laws.powerlaw import fit_power_law
        >>> n = np.array([1e2, 1e3, 1e4, 1e5, 1e6])
        >>> bent = curvature_test(fit_power_law(n, 0.01 + n**-0.5))
        >>> bent.coefficient > 0, bent.p_value < 0.01
        (True, True)
    """
    anchors, seeds = len(fit.anchors), int(fit.counts.min())
    if anchors < 3:
        return None
    x = np.log(fit.anchors) - np.log(fit.anchors).mean()
    rows = np.linalg.pinv(np.column_stack([np.ones(anchors), x, x**2]))
    coefficient = float(rows[2] @ np.log(fit.means))
    if len(fit.resampled_means) and seeds >= 2:
        degrees = seeds - 1
        # Drawing S seeds with replacement understates their variance by (S - 1) / S.
        error = float((np.log(fit.resampled_means) @ rows[2]).std(ddof=1)) * math.sqrt(seeds / degrees)
    elif anchors >= 4:
        design = np.column_stack([np.ones(anchors), x, x**2])
        residual = np.log(fit.means) - design @ (rows @ np.log(fit.means))
        degrees = anchors - 3
        error = float(np.linalg.norm(rows[2]) * math.sqrt(residual @ residual / degrees))
    else:
        return None
    if abs(coefficient) <= 1e-12:  # a straight line up to rounding
        return Curvature(coefficient, error, 1.0, degrees)
    p_value = 2 * float(student_t.sf(abs(coefficient) / error, degrees)) if error > 0 else 0.0
    return Curvature(coefficient, error, p_value, degrees)


def fit_floor_law(anchors: np.ndarray, means: np.ndarray) -> FloorLaw:
    """Fit E + A N^-α by least squares of the log errors, E >= 0.

    Args:
        anchors: (A,) numbers of samples, A >= 3, increasing.
        means: (A,) errors, positive.

    Returns:
        The best of several starts. Where no floor helps, E is 0 up to rounding and the law is the power law.

    Raises:
        RequestError: for fewer than three anchors.

    Source: this book; the form is that of Hoffmann et al. (2022).

    Example:
        >>> n = np.array([2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5])
        >>> law = fit_floor_law(n, 0.08 + 1.5 * n**-0.4)
        >>> round(law.floor, 4), round(law.scale, 3), round(law.exponent, 4)
        (0.08, 1.5, 0.4)
    """
    anchors, means = np.asarray(anchors, dtype=np.float64), np.asarray(means, dtype=np.float64)
    require(
        len(anchors) >= 3,
        f"a law with a floor has three unknowns, but {len(anchors)} anchors are given; give 3",
    )
    top, centre = float(means.min()), float(np.exp(np.log(anchors).mean()))
    x, y = np.log(anchors / centre), np.log(means)
    intercept, slope = log_log_line(anchors / centre, means)

    def residual(parameters: np.ndarray) -> np.ndarray:
        floor, log_scale, exponent = parameters
        return np.log(floor * top + np.exp(log_scale - exponent * x)) - y

    def jacobian(parameters: np.ndarray) -> np.ndarray:
        floor, log_scale, exponent = parameters
        fall = np.exp(log_scale - exponent * x)
        return np.column_stack([np.full(len(x), top), fall, -x * fall]) / (floor * top + fall)[:, None]

    starts = [(0.0, float(intercept), float(-slope))]
    for floor in (0.3, 0.6, 0.8, 0.9, 0.97, 0.99, 0.999, 0.9999):
        a, b = log_log_line(anchors / centre, means - floor * top)
        starts.append((floor, float(a), float(-b)))
    lower, upper = [0.0, -np.inf, -20.0], [1.0, np.inf, 20.0]
    fits = [
        least_squares(
            residual, np.clip(start, lower, upper), jacobian, bounds=(lower, upper), xtol=1e-12, ftol=1e-12, gtol=1e-12
        )
        for start in starts
    ]
    floor, log_scale, exponent = min(fits, key=lambda found: found.cost).x
    return FloorLaw(float(floor * top), float(np.exp(log_scale + exponent * math.log(centre))), float(exponent))


Law = Callable[[np.ndarray], np.ndarray]


def _power(anchors: np.ndarray, means: np.ndarray) -> Law:
    intercept, slope = log_log_line(anchors, means)
    return lambda n: np.exp(intercept + slope * np.log(n))


def _parabola(anchors: np.ndarray, means: np.ndarray) -> Law:
    centre = np.log(anchors).mean()
    coefficients = np.polyfit(np.log(anchors) - centre, np.log(means), 2)
    return lambda n: np.exp(np.polyval(coefficients, np.log(n) - centre))


LAWS: dict[str, Callable[[np.ndarray, np.ndarray], Law]] = {
    "power law": _power,
    "power law with a floor": fit_floor_law,
    "parabola in log-log": _parabola,
}
"""The laws that are compared, by the name that a reader sees. The parabola has as many constants as the floor law, and
stands for any bend, also one that steepens."""


def prediction_error(anchors: np.ndarray, means: np.ndarray, *, fitted: int) -> dict[str, np.ndarray]:
    """Fit each law to the first anchors and predict the others.

    Args:
        anchors: (A,) increasing.
        means: (A,) positive.
        fitted: how many anchors are fitted, 3 <= fitted < A.

    Returns:
        For each law, ln(predicted / measured) at the other anchors, (A - fitted,).

    Source: this book.

    Example:
        >>> n = np.array([2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5])
        >>> off = prediction_error(n, 0.08 + 1.5 * n**-0.4, fitted=5)
        >>> bool(abs(off["power law with a floor"]).max() < 1e-3), bool(off["power law"][-1] < -0.05)
        (True, True)
    """
    require(3 <= fitted < len(anchors), f"fitted = {fitted} is not allowed: from 3 to {len(anchors) - 1} anchors")
    anchors, means = np.asarray(anchors, dtype=np.float64), np.asarray(means, dtype=np.float64)
    return {
        name: np.log(law(anchors[:fitted], means[:fitted])(anchors[fitted:]) / means[fitted:])
        for name, law in LAWS.items()
    }


def left_out_error(anchors: np.ndarray, means: np.ndarray) -> dict[str, np.ndarray]:
    """Leave each anchor out in turn, fit each law to the rest, predict the one left out.

    Args:
        anchors: (A,), A >= 4.
        means: (A,) positive.

    Returns:
        For each law, ln(predicted / measured), (A,).

    Source: this book.

    Example:
        >>> n = np.array([2e3, 5e3, 1e4, 2e4, 5e4, 1e5, 2e5])
        >>> {name: bool(abs(off).max() < 1e-6) for name, off in left_out_error(n, 5 * n**-0.4).items()}
        {'power law': True, 'power law with a floor': True, 'parabola in log-log': True}
    """
    anchors, means = np.asarray(anchors, dtype=np.float64), np.asarray(means, dtype=np.float64)
    require(len(anchors) >= 4, f"leaving one of {len(anchors)} anchors out leaves too few for a floor; give 4 or more")
    others = [np.delete(np.arange(len(anchors)), i) for i in range(len(anchors))]
    return {
        name: np.array(
            [math.log(float(law(anchors[o], means[o])(anchors[i])) / means[i]) for i, o in enumerate(others)]
        )
        for name, law in LAWS.items()
    }


FEWEST_ANCHORS = 4
"""Below this no test of the form has anything left to test with."""
LEAST_DECADES = 1.0
LEAST_R2 = 0.9
LEVEL = 0.05
"""Level of the curvature test: the rate of false alarms under a true power law."""


def doubts(fit: PowerLawFit) -> list[str]:
    """Say what speaks against a power law, most serious first; an empty list where nothing does.

    Args:
        fit: of :func:`imagination.laws.powerlaw.fit_power_law`, best with a bootstrap.

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
    decades = math.log10(fit.anchors[-1] / fit.anchors[0])
    if decades < LEAST_DECADES:
        found.append(
            f"the anchors span a factor of {10**decades:.2g} only: an exponent needs a decade, better two; "
            "measure at larger n"
        )
    low, high = fit.intervals()[1]
    if fit.exponent <= 0:
        found.append(f"the error doesn't fall with n (exponent {fit.exponent:.3g}): there is nothing to extrapolate")
    elif low <= 0 <= high:
        found.append(
            f"the exponent may be zero (95 % interval {low:.2g} to {high:.2g}): measure more seeds or a wider range"
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
    off = {name: float(np.sqrt(np.mean(e**2))) for name, e in left_out_error(fit.anchors, fit.means).items()}
    power = off.pop("power law")
    better = sorted((name for name in off if off[name] < power), key=off.get)
    if not better:
        return f"; yet no other law tried predicts left-out anchors better (power law: {power:.2g} in ln)"
    floor = fit_floor_law(fit.anchors, fit.means)
    constants = {"power law with a floor": f" {floor.floor:.3g} + {floor.scale:.3g} N^-{floor.exponent:.3g}"}
    named = ", ".join(f"{name}{constants.get(name, '')}: {off[name]:.2g}" for name in better)
    return f"; better at left-out anchors (rms error in ln): {named}; power law: {power:.2g}"
