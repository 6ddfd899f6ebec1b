"""Parameters of the chapter ``temporal_straightening``."""

from __future__ import annotations

from pydantic import Field

from imagination.parameters import ChapterParameters

__all__ = ["Parameters"]


class Parameters(ChapterParameters):
    """The rollouts on which the proved bounds are watched at work."""

    eps: float = Field(0.3, gt=0, lt=1, description="Lipschitz constant of the latent velocity in the examples")
    n_rollouts: int = Field(1500, ge=30, le=100_000, description="random latent rollouts")
    n_steps: int = Field(8, ge=3, le=1000, description="steps of each rollout")
    dimension: int = Field(3, ge=2, le=64, description="dimension of the latent state")
    gamma: float = Field(0.95, gt=0, lt=1, description="discount in the link to Lemma 1")
    seed: int = Field(0, ge=0, description="of the one generator")
