"""Parameters of the chapter ``calibration``."""

from __future__ import annotations

from imagination.parameters import ChapterParameters, parameter

LAST_SEED = 10**15


class Parameters(ChapterParameters):
    """How often each design of the two benchmarks is drawn."""

    n_seeds: int = parameter(3, "draws of each design; 525 configurations a draw", ge=2, le=1000, quick=3)
    synthetic_seed: int = parameter(0, "seed of the first draw of the synthetic benchmark", ge=0, le=LAST_SEED)
    lqg_seed: int = parameter(1, "seed of the first draw of the linear-quadratic benchmark", ge=0, le=LAST_SEED)
