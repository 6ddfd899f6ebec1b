"""Parameters of the chapter ``what_exponents_mean``: the live re-run, the bootstrap and the allocation example."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from imagination.parameters import ChapterParameters

__all__ = ["Parameters"]


class Parameters(ChapterParameters):
    """What is re-run live, and the example of the last section. The committed results don't depend on it."""

    live_anchors: list[Annotated[int, Field(ge=1, le=500_000)]] = Field([2_000, 5_000], min_length=1)
    live_teachers: int = Field(2, ge=1, le=1_000, description="teachers of the live re-run, from seed 0")
    resamples: int = Field(10_000, ge=100, le=1_000_000, description="of the bootstrap over teachers")
    gamma: float = Field(0.9, gt=0, lt=1, description="discount of the allocation example")
    lipschitz_dyn: float = Field(0.7, gt=0, le=100, description="L_f of the example")
    lipschitz_rew: float = Field(1.0, gt=0, le=1e6, description="L_r of the example")
    lipschitz_pi: float = Field(0.4, ge=0, le=100, description="L_pi of the example")
    cost_dyn: float = Field(1.0, gt=0, le=1e9, description="money for a transition")
    cost_rew: float = Field(1.0, gt=0, le=1e9, description="money for a reward label")
    budget: float = Field(100_000.0, gt=0, le=1e15, description="money")

    @model_validator(mode="after")
    def _contraction(self) -> Self:
        contraction = self.gamma * self.lipschitz_dyn * (1 + self.lipschitz_pi)
        if contraction >= 1:
            raise ValueError(
                f"gamma L_f (1 + L_pi) = {contraction:.3g} must be below 1 for Theorem 1; lower gamma, lipschitz_dyn "
                "or lipschitz_pi"
            )
        return self
