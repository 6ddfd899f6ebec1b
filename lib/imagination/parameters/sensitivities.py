"""Parameters of the chapter ``sensitivities``."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from imagination.parameters import ChapterParameters, parameter

Radius = Annotated[float, Field(ge=1e-6, le=1)]


class Parameters(ChapterParameters):
    """The budget and the size of both experiments."""

    budget: float = parameter(1e4, "B", unit="reward samples", ge=1e3, le=1e12)
    step: float = parameter(1e-3, "h of the difference quotients, relative to the perturbation", ge=1e-12, le=1)
    n_systems: int = parameter(30, "number of LQG systems", quick=6, ge=5, le=1000)
    radii: list[Radius] = parameter(
        [1.0, 0.3, 0.1, 0.03], "norms of s0, relative to the domain", quick=3, min_length=1, max_length=12
    )
    n_draws: int = parameter(20, "data sets for each anchor and system", quick=20, ge=2, le=1000)
