"""Parameters of the chapter ``calibration``."""

from __future__ import annotations

from pydantic import Field

from imagination.parameters import ChapterParameters

__all__ = ["Parameters"]


class Parameters(ChapterParameters):
    """How often each design of the two benchmarks is drawn."""

    n_seeds: int = Field(3, ge=2, le=1000, description="draws of each design; 525 configurations a draw")
    synthetic_seed: int = Field(0, ge=0, description="seed of the first draw of the synthetic benchmark")
    lqg_seed: int = Field(1, ge=0, description="seed of the first draw of the linear-quadratic benchmark")
