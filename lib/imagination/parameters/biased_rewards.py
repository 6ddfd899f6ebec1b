"""Parameters of the chapter ``biased_rewards``."""

from __future__ import annotations

from typing import Self

from pydantic import model_validator

from imagination.parameters import ChapterParameters, parameter


class Parameters(ChapterParameters):
    """What biased labels are measured on."""

    n_repetitions: int = parameter(4000, "estimates averaged for each K", ge=500, le=200_000, quick=1000)
    horizon: int = parameter(20, "steps in an episode", ge=2, le=200, quick=30)
    gamma: float = parameter(0.95, "discount", gt=0, lt=1)
    policy_std: float = parameter(0.5, "standard deviation of the policy's actions", unit="action", ge=1e-6, le=10)
    bias_size: float = parameter(0.5, "size of the reward error of the example", unit="reward", ge=1e-6, le=100)
    n_processes: int = parameter(300, "random finite MDPs for the size bound", ge=50, le=10_000, quick=300)
    cheap_cost: float = parameter(1.0, "a, of a rollout with cheap labels", unit="money", ge=1e-6, le=1e6)
    exact_cost: float = parameter(
        10.0, "of a rollout with exact labels, above cheap_cost", unit="money", ge=1e-6, le=1e6
    )
    seed: int = parameter(0, "of every generator, each with its own offset", ge=0, le=2**32)

    @model_validator(mode="after")
    def _dearer(self) -> Self:
        if self.exact_cost <= self.cheap_cost:
            raise ValueError(
                f"exact_cost = {self.exact_cost:g} is not above cheap_cost = {self.cheap_cost:g}: labels that are "
                "exact and as cheap need no choice; give an exact_cost above cheap_cost"
            )
        return self
