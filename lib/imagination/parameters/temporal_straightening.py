"""Parameters of the chapter ``temporal_straightening``."""

from __future__ import annotations

from imagination.parameters import ChapterParameters, parameter

__all__ = ["Parameters"]


class Parameters(ChapterParameters):
    """The rollouts on which the proved bounds are watched at work."""

    eps: float = parameter(0.3, "Lipschitz constant of the latent velocity in the examples", gt=0, lt=1)
    n_rollouts: int = parameter(1500, "random latent rollouts", ge=30, le=100_000, quick=4000)
    n_steps: int = parameter(8, "steps of each rollout", ge=3, le=1000, quick=100)
    dimension: int = parameter(3, "dimension of the latent state", ge=2, le=64, quick=64)
    gamma: float = parameter(0.95, "discount in the link to Lemma 1", gt=0, lt=1)
    seed: int = parameter(0, "of the one generator", ge=0, le=10**15)
