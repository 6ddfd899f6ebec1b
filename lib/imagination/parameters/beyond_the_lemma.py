"""Parameters of the chapter ``beyond_the_lemma``."""

from __future__ import annotations

from typing import Self

from pydantic import model_validator

from imagination.parameters import ChapterParameters, parameter


class Parameters(ChapterParameters):
    """A system on which Lemma 1 is silent, and what else the examples need."""

    gamma: float = parameter(0.95, "discount", ge=0.01, le=0.9999)
    lipschitz_dyn: float = parameter(0.8, "L_f, in the sum metric", ge=1e-9, le=100)
    lipschitz_rew: float = parameter(1.0, "L_r", unit="reward per state", ge=1e-9, le=1e6)
    lipschitz_pi: float = parameter(0.4, "L_pi", unit="action per state", ge=0, le=100)
    eps_dyn: float = parameter(0.01, "sup norm of the dynamics error", unit="state", ge=1e-9, le=1e3)
    eps_rew: float = parameter(0.01, "sup norm of the reward error", unit="reward", ge=1e-9, le=1e3)
    horizon: int = parameter(15, "imagined steps", quick=200, ge=2, le=200)
    reward_range: float = parameter(1.0, "largest difference of two rewards", unit="reward", ge=1e-9, le=1e6)
    n_systems: int = parameter(150, "random systems in each check", quick=100, ge=10, le=10_000)
    seed: int = parameter(0, "of the one generator", ge=0)

    @model_validator(mode="after")
    def _expands(self) -> Self:
        contraction = self.gamma * self.lipschitz_dyn * (1 + self.lipschitz_pi)
        if contraction <= 1:
            raise ValueError(
                f"gamma * lipschitz_dyn * (1 + lipschitz_pi) = {contraction:.4g} is at most 1, and this "
                "chapter is about more than 1; raise one of the three, or use the chapter simulation_lemma"
            )
        return self
