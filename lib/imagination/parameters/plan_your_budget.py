"""Parameters of the chapter ``plan_your_budget``."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from imagination.parameters import ChapterParameters

__all__ = ["Parameters"]


class Parameters(ChapterParameters):
    """What the command ``imagination plan`` asks for, as a chapter."""

    errors_csv: str = Field("scaling_errors.csv", min_length=1, description="a file of book/results, or a path")
    budget: float = Field(100_000.0, gt=0, le=1e15, description="money to spend")
    cost_dyn: float = Field(1.0, gt=0, le=1e12, description="money for one dynamics sample")
    cost_rew: float = Field(5.0, gt=0, le=1e12, description="money for one reward sample")
    gamma: float = Field(0.95, ge=0, le=1, description="discount; 1 with a horizon")
    lipschitz_dynamics: float = Field(0.6, ge=0, le=100, description="L_f, in the sum metric")
    lipschitz_reward: float = Field(1.0, ge=0, le=1e6, description="L_r, reward per state")
    lipschitz_policy: float = Field(0.5, ge=0, le=100, description="L_pi, action per state")
    horizon: int | None = Field(None, ge=1, le=1_000_000, description="steps, or None for an infinite horizon")
    weight: float | None = Field(None, ge=0, le=1e12, description="K in place of the three constants, or None")
    target: float | None = Field(None, gt=0, description="bound that is wanted, or None")
    have_dyn: float = Field(0.0, ge=0, le=1e12, description="dynamics samples owned already")
    have_rew: float = Field(0.0, ge=0, le=1e12, description="reward samples owned already")
    state_dim: int = Field(12, ge=1, le=1_000_000, description="outputs that the dynamics MSE averages over")
    resamples: int = Field(2000, ge=100, le=1_000_000, description="bootstrap resamples")
    seed: int = Field(0, ge=0, description="of the bootstrap")

    @model_validator(mode="after")
    def _horizon(self) -> Self:
        if self.gamma == 1 and self.horizon is None:
            raise ValueError("gamma = 1 needs a horizon: give one, or a gamma below 1")
        return self
