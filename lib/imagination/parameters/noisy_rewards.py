"""Parameters of the chapter ``noisy_rewards``."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from imagination.parameters import ChapterParameters

__all__ = ["Parameters"]


class Parameters(ChapterParameters):
    """What noisy labels are measured on."""

    n_rollouts: int = Field(20_000, ge=1000, le=2_000_000, description="rollouts of each measurement, linear system")
    n_rollouts_neural: int = Field(5000, ge=1000, le=500_000, description="rollouts, neural policy")
    horizons: list[int] = Field([20, 50, 100, 200], min_length=2, description="steps in an episode, paired with gammas")
    gammas: list[float] = Field([0.9, 0.95, 0.99, 0.99], min_length=2, description="discounts, one for each horizon")
    noise_variance: float = Field(1.0, gt=0, le=1e6, description="variance of the noise of one label, reward squared")
    policy_std: float = Field(0.5, gt=0, le=10, description="standard deviation of the policy's actions")
    hidden: int = Field(8, ge=1, le=64, description="tanh units of the neural policy")
    batch: int = Field(8, ge=2, le=64, description="rollouts in a batch where a baseline is computed, K")
    learning_seeds: int = Field(32, ge=20, le=1000, description="repetitions of the learning experiment")
    learning_updates: int = Field(40, ge=10, le=10_000, description="updates of the learning experiment")
    seed: int = Field(0, ge=0, description="of every generator, each with its own offset")

    @model_validator(mode="after")
    def _pairs(self) -> Self:
        if len(self.horizons) != len(self.gammas):
            raise ValueError(
                f"{len(self.horizons)} horizons but {len(self.gammas)} gammas: give one discount for each horizon"
            )
        if any(h < 1 for h in self.horizons):
            raise ValueError(f"horizons = {self.horizons}: each must be at least 1")
        if any(not 0 < g < 1 for g in self.gammas):
            raise ValueError(f"gammas = {self.gammas}: each must lie in (0, 1)")
        return self
