"""Parameters of the chapter ``beyond_the_lemma``."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from imagination.parameters import ChapterParameters

__all__ = ["Parameters"]


class Parameters(ChapterParameters):
    """A system on which Lemma 1 is silent, and what else the examples need."""

    gamma: float = Field(0.95, gt=0, lt=1, description="discount")
    lipschitz_dynamics: float = Field(0.8, gt=0, le=100, description="L_f, in the sum metric")
    lipschitz_reward: float = Field(1.0, gt=0, le=1e6, description="L_r, reward per state")
    lipschitz_policy: float = Field(0.4, ge=0, le=100, description="L_pi, action per state")
    eps_dyn: float = Field(0.01, gt=0, le=1e3, description="sup norm of the dynamics error, unit of the state")
    eps_rew: float = Field(0.01, gt=0, le=1e3, description="sup norm of the reward error, unit of the reward")
    horizon: int = Field(15, ge=2, le=200, description="imagined steps")
    reward_range: float = Field(1.0, gt=0, le=1e6, description="largest difference of two rewards")
    n_systems: int = Field(150, ge=10, le=10_000, description="random systems in each check")
    seed: int = Field(0, ge=0, description="of the one generator")

    @model_validator(mode="after")
    def _expands(self) -> Self:
        contraction = self.gamma * self.lipschitz_dynamics * (1 + self.lipschitz_policy)
        if contraction <= 1:
            raise ValueError(
                f"gamma * lipschitz_dynamics * (1 + lipschitz_policy) = {contraction:.4g} is at most 1, and this "
                "chapter is about more than 1; raise one of the three, or use the chapter simulation_lemma"
            )
        return self
