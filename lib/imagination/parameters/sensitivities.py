"""Parameters of the chapter ``sensitivities``."""

from __future__ import annotations

from pydantic import Field

from imagination.parameters import ChapterParameters

__all__ = ["Parameters"]


class Parameters(ChapterParameters):
    """The budget and the size of both experiments."""

    budget: float = Field(1e4, ge=1e3, le=1e12, description="B, in units of the reward cost")
    step: float = Field(1e-3, gt=0, le=1, description="h of the difference quotients, relative to the perturbation")
    n_systems: int = Field(30, ge=5, le=1000, description="LQG systems")
    radii: list[float] = Field([1.0, 0.3, 0.1, 0.03], min_length=1, max_length=12, description="norms of s0, in (0, 1]")
    n_draws: int = Field(20, ge=2, le=1000, description="data sets for each anchor and system")
