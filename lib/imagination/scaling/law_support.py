"""What speaks against a fitted power law, in sentences that a person can act on."""

from __future__ import annotations

import math

import numpy as np

from imagination.scaling.floor_law import curvature_test, fit_floor_law, left_out_error
from imagination.scaling.powerlaw import PowerLawFit

__all__ = ["doubts"]

FEWEST_ANCHORS = 4
"""Below this no test of the form has anything left to test with."""
LEAST_DECADES = 1.0
LEAST_R2 = 0.9
LEVEL = 0.05
"""Level of the curvature test: the rate of false alarms under a true power law."""


def doubts(fit: PowerLawFit) -> list[str]:
    """Say what speaks against a power law, most serious first; an empty list where nothing does.

    Args:
        fit: of :func:`imagination.scaling.powerlaw.fit_power_law`, best with a bootstrap.

    Returns:
        One sentence for each doubt: too few anchors, too short a range, an exponent that may be zero, a low R², or a
        bend. The last two name the law that predicts left-out anchors best, if that is another.

    Source: this book.

    Example:
        >>> from imagination.scaling.powerlaw import fit_power_law
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
