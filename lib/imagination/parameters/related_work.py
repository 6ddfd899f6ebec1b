"""Parameters of the chapter ``related_work``."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from imagination.parameters import ChapterParameters

__all__ = ["Parameters"]


class Parameters(ChapterParameters):
    """The systems on which Lemma 1 and its relatives are compared."""

    gamma: float = Field(0.95, gt=0, le=0.999, description="discount")
    eps_dyn: float = Field(0.01, gt=0, le=10, description="shift of the model's next state, unit of the state")
    lipschitz_reward: float = Field(1.0, gt=0, le=1000, description="L_r, reward per state; the reward's range is 1")
    contractive: float = Field(0.8, gt=0, lt=1, description="L_f of the contractive systems")
    expansive: float = Field(1.2, gt=1, le=3, description="L_f of the expansive systems; gamma L_f must exceed 1")
    branches: list[int] = Field([1, 2, 5, 10, 20, 50], min_length=1, description="imagined steps of branched rollouts")
    n_chains: int = Field(100, ge=1, le=100_000, description="random finite chains of each kind")
    seed: int = Field(0, ge=0, description="of the one generator")

    @model_validator(mode="after")
    def _regimes_differ(self) -> Self:
        if self.gamma * self.expansive <= 1:
            raise ValueError(
                f"expansive = {self.expansive} is not expansive at gamma = {self.gamma}: gamma L_f must exceed 1; "
                f"raise expansive above {1 / self.gamma:.4g}"
            )
        if any(k < 1 or k > 1000 for k in self.branches):
            raise ValueError(f"branches = {self.branches} must lie between 1 and 1000 steps")
        return self
