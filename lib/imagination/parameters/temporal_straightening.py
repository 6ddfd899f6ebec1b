"""Parameters of the chapter ``temporal_straightening``."""

from __future__ import annotations

from imagination.parameters import ChapterParameters, parameter


class Parameters(ChapterParameters):
    """The rollouts on which the proved bounds are watched at work."""

    eps: float = parameter(0.3, "Lipschitz constant of the latent velocity in the examples", ge=1e-6, lt=1)
    n_rollouts: int = parameter(1500, "random latent rollouts", ge=30, le=100_000, quick=2000)
    n_steps: int = parameter(8, "steps of each rollout", ge=3, le=1000, quick=100)
    dimension: int = parameter(3, "dimension of the latent state", ge=2, le=64, quick=32)
    gamma: float = parameter(0.95, "discount in the link to Lemma 1", ge=1e-6, le=1 - 1e-9)
    seed: int = parameter(0, "of the one generator", ge=0, le=10**15)
