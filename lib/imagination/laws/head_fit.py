"""What the measurements of one head say: its power law, and laws drawn at random within the uncertainty of the fit."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from imagination.checks import Floats, generator_of, numbers, whole
from imagination.errors import RequestError, require, shown
from imagination.laws.errors_table import Errors
from imagination.laws.powerlaw import Interval, PowerLaw, PowerLawFit, fit_power_law, line, percentiles


@dataclass(frozen=True, eq=False)
class HeadFit:
    """One head as a planner needs it.

    Args:
        errors: what was measured.
        fit: the line through what was measured.
        law: of the Euclidean error norm.
        centre: geometric mean of the anchors, about which the drawn lines turn.
        levels: (draws,) error norms at the centre, of laws that the data allow; no entries where they can't be had.
        exponents: (draws,) exponents of the norm of the same laws.
        unknown: why there are no draws; empty where there are.
    """

    errors: Errors
    fit: PowerLawFit
    law: PowerLaw
    centre: float
    levels: Floats
    exponents: Floats
    unknown: str

    def exponent_interval(self) -> Interval | None:
        """95 % interval of the exponent of the norm."""
        return percentiles(self.exponents) if len(self.exponents) else None


def fit_measured(errors: Errors, *, resamples: int, generator: np.random.Generator) -> PowerLawFit:
    """Fit one head in the measure that was given; bootstrap over seeds where every n has two or more trainings.

    Raises:
        RequestError: naming the head, as :func:`imagination.laws.powerlaw.fit_power_law` does.
    """
    require(isinstance(errors, Errors), f"errors = {shown(errors)} is not allowed: what read_errors gives for a head")
    anchors, counts = np.unique(numbers("n", errors.n, above=0, shape=(None,)), return_counts=True)
    require(
        len(anchors) >= 2,
        f"head {errors.head}, column n: {anchors[0]:g} is the only number of samples; a power law needs two or more",
    )
    try:
        return fit_power_law(
            errors.n,
            errors.error,
            seed=errors.seed if errors.paired else None,
            squared=errors.squared,
            resamples=resamples if counts.min() > 1 else 0,
            generator=generator,
        )
    except RequestError as error:
        raise RequestError(f"head {errors.head}: {error}") from None


def fit_head(errors: Errors, *, outputs: int = 1, resamples: int, generator: np.random.Generator) -> HeadFit:
    """Fit one head, and draw laws of its norm that are consistent with the data.

    The draws are the bootstrap over seeds where there are seeds. With one training at each of three or more anchors,
    they come from the t distribution of the line through the logarithms. With two points there is nothing to judge by.

    Args:
        errors: of one head, from :func:`imagination.laws.errors_table.read_errors`.
        outputs: number d of outputs that an ``mse`` or ``rmse`` was averaged over; the norm is √d times larger. An
            ``error`` is taken as the norm that it claims to be.
        resamples: number of draws, 2 or more.
        generator: of the draws.

    Returns:
        :class:`HeadFit`.

    Raises:
        RequestError: if the head was measured at one n only, or a value is out of range.

    Source: this book.

    Example:
        >>> n = np.array([100.0, 400.0, 1600.0])
        >>> table = Errors("reward", n, 0.04 * 100 / n, np.zeros(3, int), "mse", False)
        >>> head = fit_head(table, resamples=100, generator=np.random.default_rng(0))
        >>> round(head.law.exponent, 9), round(head.law.scale, 9), round(head.centre, 9)
        (0.5, 2.0, 400.0)
    """
    draws = whole("resamples", resamples, low=2)
    fit = fit_measured(errors, resamples=draws, generator=generator_of("generator", generator))
    half = 0.5 if fit.squared else 1.0
    factor = math.sqrt(whole("outputs", outputs, low=1)) if errors.measure != "error" else 1.0
    law = PowerLaw(fit.law.scale * factor, fit.law.exponent)
    x = np.log(fit.anchors)
    unknown = ""
    if len(fit.resampled_means):
        logs = np.log(fit.resampled_means)
    elif len(x) > 2:
        freedom, predicted = len(x) - 2, math.log(fit.scale) - fit.exponent * x
        residual = np.log(fit.means) - predicted
        noise = math.sqrt(residual @ residual / freedom) * generator.standard_normal((draws, len(x)))
        # With one degree of freedom some draws are enormous: the ends of an interval are within, and finite.
        noise /= np.sqrt(generator.chisquare(freedom, size=(draws, 1)) / freedom)
        logs = predicted + noise
    else:
        logs, unknown = np.empty((0, len(x))), "one training at some n, and two numbers of samples fix any line"
    intercept, slope = line(x, logs)
    levels = factor * np.exp(half * np.clip(intercept + slope * x.mean(), -300, 300))
    return HeadFit(errors, fit, law, math.exp(x.mean()), levels, -slope * half, unknown)
