"""Every design of the Figure 3 benchmarks that was tried, in the order in which it was tried.

The paper's prose fixes the numbers of configurations and little else. Each design below fits those numbers; which of
them one takes moves the median of R by orders of magnitude, and that is why all of them are kept and reported.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from imagination.calibration.lqg import LqgDesign
from imagination.calibration.rollouts import Kind
from imagination.calibration.synthetic import SyntheticDesign

FIRST_DISCOUNTS = (0.5, 0.7, 0.9, 0.95, 0.99)
MILD = (0.3, 0.6, 0.9)


def synthetic_variants() -> Mapping[str, SyntheticDesign]:
    """The synthetic designs by name, 150 configurations each; the last one is the headline.

    Source:
        This book.

    Example:
        >>> {design.count() for design in synthetic_variants().values()}
        {150}
    """
    first = SyntheticDesign(
        kinds=(Kind.DYN, Kind.REW, Kind.BOTH), discounts=FIRST_DISCOUNTS, contractions=(0.5, 0.9),
        eps_dyn=0.05, eps_rew=0.05, sizes=(8, 4, 32), aligned_linear=True,
    )  # fmt: skip
    two = SyntheticDesign(discounts=FIRST_DISCOUNTS, contractions=MILD)
    return {
        "three kinds, equal errors": first,
        "three kinds, constant error fields": replace(first, constant_error=True),
        "two kinds, reward error 100 times smaller": two,
        "smaller maps (8, 4, 32)": replace(two, sizes=(8, 4, 32)),
        "equal errors": replace(two, eps_rew=0.01),
        "errors ten times larger": replace(two, eps_dyn=0.1, eps_rew=1e-3),
        "discounts from 0.8": SyntheticDesign(contractions=MILD),
        "headline: contractions to 0.99": SyntheticDesign(),
    }


def lqg_variants() -> Mapping[str, LqgDesign]:
    """The linear–quadratic designs by name, 375 configurations each.

    Source:
        This book.

    Example:
        >>> {design.count() for design in lqg_variants().values()}
        {375}
    """
    first = LqgDesign(discounts=FIRST_DISCOUNTS)
    return {
        "discounts from 0.5": first,
        "discounts from 0.5, no intercepts": replace(first, intercepts=False),
        "headline: discounts from 0.8": LqgDesign(),
        "no intercepts": LqgDesign(intercepts=False),
        "start at half the radius": LqgDesign(start=0.5),
        "errors five times smaller": LqgDesign(eps_dyn=0.01, eps_rew=0.01),
    }
