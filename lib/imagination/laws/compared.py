"""Measured laws compared: with laws that are printed elsewhere, and with one another on the same teachers.

A printed law is an estimate too. Two experiments of one size each miss by as much as the other, so a printed value is
asked to lie where a *second experiment* of our size would land, not in our own interval: a repetition of the same
experiment misses that one time in six.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

import numpy as np
from numpy.typing import ArrayLike

from imagination.checks import Floats, generator_of, number, numbers, whole
from imagination.errors import RequestError, require, shown
from imagination.laws.powerlaw import PowerLawFit, log_log_line, resampled_means

Interval = tuple[float, float]


@dataclass(frozen=True)
class Printed:
    """A value as it is printed: known to half a unit of its last digit.

    Args:
        value: the middle.
        half: half of the range that it may lie in, >= 0.

    Example:
        >>> Printed.of("0.11"), Printed.of("9").meets((8.2, 8.6)), Printed.of("9").meets((8.2, 8.4))
        (Printed(value=0.11, half=0.005), True, False)
    """

    value: float
    half: float

    def __post_init__(self) -> None:
        number("value", self.value)
        number("half", self.half, low=0)

    @classmethod
    def of(cls, text: str) -> Printed:
        """The value that is printed as ``text``, such as "0.954" or "9".

        Raises:
            RequestError: for a text that is no finite number.
        """
        try:
            exact = Decimal(text)
        except (InvalidOperation, TypeError, ValueError):
            raise RequestError(f"text = {shown(text)} is not a number; try '0.954'") from None
        require(exact.is_finite(), f"text = {shown(text)} is not a finite number; try '0.954'")
        return cls(float(exact), float(Decimal((0, (5,), int(exact.as_tuple().exponent) - 1))))

    def meets(self, interval: Interval) -> bool:
        """Whether any value that would be printed so lies in an interval; one with NaN for an end holds none."""
        return bool(interval[0] <= self.value + self.half and self.value - self.half <= interval[1])

    @classmethod
    def level(cls, scale: Printed, exponent: Printed, n: float) -> Printed:
        """What a printed law A N^-α says of n samples, with the range that the rounding of A and α leaves.

        Example:
            >>> level = Printed.level(Printed.of("90.4"), Printed.of("0.96"), 2000.0)
            >>> round(level.value, 4), round(level.half, 4)
            (0.0613, 0.0024)
        """
        n = number("n", n, above=0)
        corners = [(scale.value + i * scale.half) * n ** -(exponent.value + j * exponent.half)
                   for i in (-1, 1) for j in (-1, 1)]  # fmt: skip
        return cls((min(corners) + max(corners)) / 2, (max(corners) - min(corners)) / 2)


def interval(draws: ArrayLike, *, level: float = 0.95) -> Interval:
    """The percentile interval of draws.

    Args:
        draws: (draws,), one or more.
        level: in (0, 1).

    Source: paper, C.2.

    Example:
        >>> [round(end, 6) for end in interval(range(101), level=0.9)]
        [5.0, 95.0]
    """
    level = number("level", level, above=0, below=1)
    low, high = np.percentile(numbers("draws", draws, shape=(None,)), [50 * (1 - level), 50 * (1 + level)])
    return float(low), float(high)


def second_experiment(estimate: float, draws: ArrayLike, *, level: float = 0.95) -> Interval:
    """Where the estimate of a second experiment of the same size would land.

    The percentile interval about the estimate, widened by √2, on a logarithmic scale: the difference of two estimates
    that are each off by s is off by √2 s.

    Args:
        estimate: of the first experiment, > 0.
        draws: (draws,) of its bootstrap, each > 0.
        level: in (0, 1).

    Source: this book.

    Example:
        >>> [round(end, 4) for end in second_experiment(1.0, np.exp([-0.1, 0.0, 0.1]), level=0.9999999)]
        [0.8681, 1.1519]
    """
    centre = math.log(number("estimate", estimate, above=0))
    low, high = interval(np.log(numbers("draws", draws, above=0)), level=level)
    return math.exp(centre + math.sqrt(2) * (low - centre)), math.exp(centre + math.sqrt(2) * (high - centre))


def r2_of_resamples(fit: PowerLawFit) -> Floats:
    """Coefficient of determination of each resample's line, (resamples,).

    Raises:
        RequestError: for a fit without a bootstrap.

    Source: this book.

    Example:
        >>> from imagination.laws.powerlaw import fit_power_law
        >>> n, error = np.tile([10.0, 100.0, 1000.0], 2), [9, 5, 3, 8, 5, 2]
        >>> fit = fit_power_law(n, error, resamples=2, generator=np.random.default_rng(0))
        >>> [round(float(r), 2) for r in r2_of_resamples(fit)]
        [1.0, 1.0]
    """
    require(len(fit.resampled_means), "the fit has no bootstrap: make it with resamples=10000 and a generator")
    x, y = np.log(fit.anchors), np.log(fit.resampled_means)
    dx, dy = x - x.mean(), y - y.mean(1, keepdims=True)
    explained, total = (dy @ dx) ** 2, (dy**2).sum(1) * (dx @ dx)
    r2: Floats = np.divide(explained, total, out=np.ones_like(total), where=total > 0)
    return r2


def coordinates_of_fit(fit: PowerLawFit, middle: float) -> dict[str, tuple[float, Interval]]:
    """A fitted law by scale, exponent, R² and its level amid the anchors: each with where a second one would land.

    The scale is an extrapolation to N = 1, so uncertain that a law may agree in scale and exponent and still be a
    third too high wherever there are data; the level tells.

    Args:
        fit: with a bootstrap.
        middle: number of samples at which the level is taken, > 0.

    Returns:
        For each name the estimate and :func:`second_experiment`; R² is compared by what it leaves unexplained.

    Source: this book.

    Example:
        >>> from imagination.laws.powerlaw import fit_power_law
        >>> n, error = np.tile([10.0, 100.0, 1000.0], 2), [9, 5, 3, 8, 5, 2]
        >>> fit = fit_power_law(n, error, resamples=100, generator=np.random.default_rng(0))
        >>> {name: round(value, 1) for name, (value, _) in coordinates_of_fit(fit, 100.0).items()}
        {'scale': 16.1, 'exponent': 0.3, 'R²': 1.0, 'level': 4.7}
    """
    scales, exponents = fit.bootstrap()
    level = float(fit.predict(middle))
    unexplained = second_experiment(1 - fit.r2, 1 - r2_of_resamples(fit)) if fit.r2 < 1 else (0.0, 0.0)
    return {
        "scale": (fit.scale, second_experiment(fit.scale, scales)),
        "exponent": (fit.exponent, second_experiment(fit.exponent, exponents)),
        "R²": (fit.r2, (1 - unexplained[1], 1 - unexplained[0])),
        "level": (level, second_experiment(level, scales * middle**-exponents)),
    }


def paired_exponent(
    anchors: ArrayLike, errors: ArrayLike, *, resamples: int, generator: np.random.Generator
) -> tuple[float, Floats]:
    """Exponent of the mean error over teachers, and of the means over teachers that are drawn again.

    Generators in equal states draw the same teachers for every table of equal height: differences between the
    exponents of two tables are then paired, and what teachers share drops out.

    Args:
        anchors: (A,) numbers of samples, two or more, distinct, > 0.
        errors: (teachers, A), each > 0.
        resamples: how many draws, >= 1.
        generator: of the draws.

    Returns:
        The exponent, and (resamples,) of them.

    Source: this book.

    Example:
        >>> errors = np.array([[1.0, 0.1], [3.0, 0.3]])
        >>> exponent, draws = paired_exponent([10, 100], errors, resamples=5, generator=np.random.default_rng(0))
        >>> round(exponent, 9), draws.round(9).tolist()
        (1.0, [1.0, 1.0, 1.0, 1.0, 1.0])
    """
    n = _anchors(anchors)
    table = numbers("errors", errors, above=0, shape=(None, len(n)))
    drawn = resampled_means(table, whole("resamples", resamples, low=1), generator_of("generator", generator))
    return float(-log_log_line(n, table.mean(0))[1]), -log_log_line(n, drawn)[1]


def plane_exponents(samples: ArrayLike, steps: ArrayLike, errors: ArrayLike) -> tuple[float, float]:
    """How an error falls with samples and with steps: the plane ln error = c - a ln N - b ln steps, by least squares.

    Along a line on which steps grow as samples do, the exponent is a + b, up to curvature.

    Args:
        samples, steps: (cells,) > 0, not on one line in logarithms.
        errors: (cells,) > 0.

    Returns:
        a and b.

    Raises:
        RequestError: for values out of range, or cells that lie on a line.

    Source: this book.

    Example:
        >>> n, t = np.array([10.0, 10.0, 100.0, 100.0]), np.array([10.0, 100.0, 10.0, 100.0])
        >>> [round(x, 9) for x in plane_exponents(n, t, 5 * n**-0.4 * t**-0.6)]
        [0.4, 0.6]
    """
    n, t, e = (
        np.log(numbers(name, array, above=0, shape=(None,)))
        for name, array in (("samples", samples), ("steps", steps), ("errors", errors))
    )
    require(n.size == t.size == e.size, f"{n.size} samples, {t.size} steps and {e.size} errors: one of each a cell")
    design = np.column_stack([np.ones(len(n)), n - n.mean(), t - t.mean()])
    solution, _, rank, _ = np.linalg.lstsq(design, e, rcond=None)
    require(rank == 3, "samples and steps lie on one line: vary one while the other stays")
    return float(-solution[1]), float(-solution[2])


def _anchors(anchors: ArrayLike) -> Floats:
    n = numbers("anchors", anchors, above=0, shape=(None,))
    require(len(np.unique(n)) == len(n) >= 2, "anchors is not allowed: two or more numbers of samples, each once")
    return n
