"""Parameters of the chapter ``noisy_rewards``."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from imagination.parameters import ChapterParameters, parameter


class Parameters(ChapterParameters):
    """What the growth of the variance is measured on."""

    n_rollouts: int = parameter(20_000, "rollouts of each measurement", ge=1000, le=2_000_000, quick=1500)
    horizons: list[Annotated[int, Field(ge=1, le=1000)]] = parameter(
        [20, 50, 100, 200], "steps in an episode, paired with gammas", min_length=1, max_length=8, quick=8
    )
    gammas: list[Annotated[float, Field(gt=0, lt=1)]] = parameter(
        [0.9, 0.95, 0.99, 0.99], "discounts, one for each horizon", min_length=1, max_length=8
    )
    noise_variance: float = parameter(1.0, "variance of the noise of one label", unit="reward²", ge=1e-9, le=1e6)
    policy_std: float = parameter(0.5, "standard deviation of the policy's actions", unit="action", ge=1e-6, le=10)
    seed: int = parameter(0, "of every generator, each with its own offset", ge=0, le=2**32)

    @model_validator(mode="after")
    def _pairs(self) -> Self:
        if len(self.horizons) != len(self.gammas):
            raise ValueError(
                f"{len(self.horizons)} horizons but {len(self.gammas)} gammas: give one discount for each horizon"
            )
        return self
