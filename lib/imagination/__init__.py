"""Training in imagination: bounds, allocation and noise, for models that are learned.

An independent, executable reproduction of *On Training in Imagination* (arXiv 2605.06732). The names below are
loaded on first use, so that ``import imagination`` costs nothing and a chapter depends only on the modules that it
reaches.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

HOME = {
    "Lipschitz": "gap.lipschitz",
    "return_gap_bound": "gap.bounds",
    "PowerLaw": "laws.powerlaw",
    "fit_power_law": "laws.powerlaw",
    "optimal_split": "budget.allocation",
    "RequestError": "errors",
}
"""The module in which each public name of the contract lives."""

__all__ = [*HOME, "__version__"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    if name in HOME:
        return getattr(import_module(f"imagination.{HOME[name]}"), name)
    raise AttributeError(f"module 'imagination' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
