"""Power laws of error norms from measured errors, and laws drawn at random within the uncertainty of the fit."""

from __future__ import annotations

import math

import numpy as np

from imagination.errors import require
from imagination.laws.errors_table import Errors
from imagination.laws.powerlaw import PowerLaw, PowerLawFit, fit_power_law, log_log_line

__all__ = ["drawn_laws", "fit_head", "law_of_norm"]


def fit_head(errors: Errors, resamples: int, generator: np.random.Generator) -> PowerLawFit:
    """Fit one head in the measure that was given; bootstrap over seeds where every n has two or more."""
    anchors, counts = np.unique(errors.n, return_counts=True)
    require(
        len(anchors) >= 2,
        f"head {errors.head}, column n: {anchors[0]:g} is the only number of samples; a power law needs two or more",
    )
    fit = fit_power_law(
        errors.n,
        errors.error,
        seed=errors.seed if errors.paired else None,
        squared=errors.squared,
        resamples=resamples if counts.min() > 1 else 0,
        generator=generator,
    )
    require(
        fit.exponent > 0,
        f"head {errors.head}: the errors do not fall with n (fitted exponent {fit.exponent:.3g}), so that no amount of "
        "data lowers the bound; look at the training before planning data",
    )
    return fit


def law_of_norm(fit: PowerLawFit, errors: Errors, outputs: int) -> PowerLaw:
    """The law of the Euclidean norm that belongs to a fit; an ``error`` is taken as the norm that it claims to be."""
    per_output = errors.measure != "error"
    return PowerLaw(fit.law.scale * math.sqrt(outputs if per_output else 1), fit.law.exponent)


def drawn_laws(
    fit: PowerLawFit, law: PowerLaw, resamples: int, generator: np.random.Generator
) -> tuple[np.ndarray, np.ndarray] | None:
    """Scales and exponents of the norm that are consistent with the data.

    The bootstrap over seeds where there are seeds. With one training at each of three or more anchors, draws from the
    t distribution of the line through the logarithms. With two points there is nothing to judge by: None.
    """
    half = 0.5 if fit.squared else 1.0
    if len(fit.resampled_means):
        scales, exponents = fit.bootstrap()
        return law.scale * (scales / fit.scale) ** half, exponents * half
    if len(fit.anchors) < 3:
        return None
    x, freedom = np.log(fit.anchors), len(fit.anchors) - 2
    residual = np.log(fit.means / fit.predict(fit.anchors))
    spread = math.sqrt(residual @ residual / freedom)
    noise = spread * generator.standard_normal((resamples, len(x)))
    noise /= np.sqrt(generator.chisquare(freedom, size=(resamples, 1)) / freedom)
    intercept, slope = log_log_line(fit.anchors, np.exp(np.log(fit.predict(fit.anchors)) + noise))
    return law.scale * (np.exp(intercept) / fit.scale) ** half, -slope * half
