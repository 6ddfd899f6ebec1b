"""Parameters of the chapter ``fidelity``."""

from __future__ import annotations

from pydantic import Field

from imagination.parameters import ChapterParameters

__all__ = ["Parameters"]


class Parameters(ChapterParameters):
    """The worked examples of what to pay for a label."""

    n_problems: int = Field(3000, ge=100, le=100_000, description="random problems in the brute-force check")
    noise_free_variance: float = Field(5.0, gt=0, le=1e6, description="V_1 of the example, gradient units squared")
    label_variance: float = Field(80.0, gt=0, le=1e6, description="Q sigma_1^2 of the example, gradient units squared")
    base_cost: float = Field(10.0, gt=0, le=1e6, description="c_0, money per rollout besides its labels")
    label_cost: float = Field(1.0, gt=0, le=1e6, description="c_1, money for one annotator of a rollout")
    budget: float = Field(10_000.0, gt=0, le=1e9, description="B, money")
    seed: int = Field(0, ge=0, description="of the random problems")
