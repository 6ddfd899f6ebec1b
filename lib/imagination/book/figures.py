"""One look for all figures: legible at phone width, safe for colour-blind readers."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import matplotlib.pyplot as plt
from cycler import cycler
from matplotlib.figure import Figure

from imagination.book import pictures

# Okabe and Ito's palette. By convention: dynamics blue, reward vermilion, a bound black, the paper grey.
BLUE, VERMILION, GREEN, ORANGE = "#0072B2", "#D55E00", "#009E73", "#E69F00"
PURPLE, SKY, BLACK, GREY = "#CC79A7", "#56B4E9", "#000000", "#767676"

WIDTH = 5.6  # inches; 11 pt then reads as about 9 px on a phone 360 px wide

STYLE: Mapping[Any, Any] = MappingProxyType(
    {
        "figure.figsize": (WIDTH, 3.6),
        "figure.dpi": 160,
        "figure.constrained_layout.use": True,
        "font.size": 11,
        "axes.titlesize": 11,
        "legend.fontsize": 9.5,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.grid": True,
        "grid.alpha": 0.25,
        "lines.linewidth": 1.8,
        "legend.frameon": False,
        "axes.prop_cycle": cycler(color=[BLUE, VERMILION, GREEN, ORANGE, PURPLE, SKY, BLACK]),
    }
)


def use_style() -> None:
    """Give all figures that follow the book's look, and a fingerprint of what they draw for the regression check."""
    plt.rcParams.update(STYLE)
    pictures.install()


def panels(rows: int = 1, columns: int = 1, *, height: float = 3.4, **options: Any) -> tuple[Figure, Any]:
    """Make a figure of the book's width; ``height`` is that of one row, in inches.

    Prefer rows to columns: two columns are the most that a phone can show.
    """
    return plt.subplots(rows, columns, figsize=(WIDTH, height * rows), **options)
