"""Parameters of the chapter ``biased_rewards``."""

from __future__ import annotations

from pydantic import Field

from imagination.parameters import ChapterParameters

__all__ = ["Parameters"]


class Parameters(ChapterParameters):
    """What biased labels are measured on."""

    n_repetitions: int = Field(4000, ge=500, le=200_000, description="estimates averaged for each K")
    horizon: int = Field(20, ge=2, le=200, description="steps in an episode")
    gamma: float = Field(0.95, gt=0, lt=1, description="discount")
    policy_std: float = Field(0.5, gt=0, le=10, description="standard deviation of the policy's actions")
    bias_size: float = Field(0.5, gt=0, le=100, description="size of the reward error of the example, reward units")
    n_processes: int = Field(300, ge=50, le=10_000, description="random finite MDPs for the size bound")
    cheap_cost: float = Field(1.0, gt=0, le=1e6, description="a, money per rollout with cheap labels")
    exact_cost: float = Field(10.0, gt=0, le=1e6, description="money per rollout with exact labels, above cheap_cost")
    seed: int = Field(0, ge=0, description="of every generator, each with its own offset")
