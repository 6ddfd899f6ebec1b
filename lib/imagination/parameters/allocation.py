"""Parameters of the chapter ``allocation``."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from imagination.parameters import ChapterParameters

__all__ = ["Parameters"]


class Parameters(ChapterParameters):
    """The problem on which the theorem and its consequences are shown."""

    exponent_dyn: float = Field(0.3, gt=0, le=3, description="alpha, exponent of the dynamics error norm")
    exponent_rew: float = Field(0.9, gt=0, le=3, description="beta, exponent of the reward error norm")
    scale_dyn: float = Field(1.0, gt=0, le=1e6, description="A_d, unit of the state")
    scale_rew: float = Field(1.0, gt=0, le=1e6, description="A_r, unit of the reward")
    cost_dyn: float = Field(1.0, gt=0, le=1e6, description="money for one dynamics sample")
    cost_rew: float = Field(5.0, gt=0, le=1e6, description="money for one reward sample")
    budget: float = Field(10_000.0, gt=0, le=1e12, description="money")
    gamma: float = Field(0.9, gt=0, lt=1, description="discount")
    lipschitz_dynamics: float = Field(0.5, gt=0, le=100, description="L_f, in the sum metric")
    lipschitz_reward: float = Field(1.0, gt=0, le=1e6, description="L_r, reward per state")
    lipschitz_policy: float = Field(0.4, ge=0, le=100, description="L_pi, action per state")
    n_problems: int = Field(20_000, ge=100, le=1_000_000, description="random problems")
    seed: int = Field(0, ge=0, description="of the one generator")

    @model_validator(mode="after")
    def _contracts(self) -> Self:
        contraction = self.gamma * self.lipschitz_dynamics * (1 + self.lipschitz_policy)
        if contraction >= 1:
            raise ValueError(
                f"gamma * lipschitz_dynamics * (1 + lipschitz_policy) = {contraction:.4g} is 1 or more, where the "
                "weight of Theorem 1 does not exist; lower one of the three"
            )
        return self
