"""Parameters of the chapter ``simulation_lemma``."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from imagination.parameters import ChapterParameters

__all__ = ["Parameters"]


class Parameters(ChapterParameters):
    """The systems on which the proved statements are watched at work."""

    gamma: float = Field(0.9, gt=0, lt=1, description="discount")
    lipschitz_dynamics: float = Field(0.6, gt=0, le=100, description="L_f, in the sum metric")
    lipschitz_reward: float = Field(1.0, gt=0, le=1e6, description="L_r, reward per state")
    lipschitz_policy: float = Field(0.5, ge=0, le=100, description="L_pi, action per state")
    eps_dyn: float = Field(0.05, gt=0, le=1e6, description="sup norm of the dynamics error, unit of the state")
    eps_rew: float = Field(0.02, gt=0, le=1e6, description="sup norm of the reward error, unit of the reward")
    n_systems: int = Field(300, ge=10, le=100_000, description="random nonlinear systems")
    seed: int = Field(0, ge=0, description="of the one generator")

    @model_validator(mode="after")
    def _contracts(self) -> Self:
        contraction = self.gamma * self.lipschitz_dynamics * (1 + self.lipschitz_policy)
        if contraction >= 1:
            raise ValueError(
                f"gamma * lipschitz_dynamics * (1 + lipschitz_policy) = {contraction:.4g} is 1 or more, and Lemma 1 "
                "needs less; lower one of the three, or read the chapter beyond_the_lemma, which has no such limit"
            )
        return self
