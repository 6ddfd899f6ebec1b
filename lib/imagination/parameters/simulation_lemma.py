"""Parameters of the chapter ``simulation_lemma``."""

from __future__ import annotations

from typing import Self

from pydantic import model_validator

from imagination.parameters import ChapterParameters, parameter


class Parameters(ChapterParameters):
    """The systems on which the proved statements are watched at work."""

    gamma: float = parameter(0.9, "discount", ge=0.001, le=0.9999)
    lipschitz_dyn: float = parameter(0.6, "L_f, in the sum metric", ge=1e-9, le=100)
    lipschitz_rew: float = parameter(1.0, "L_r", unit="reward per state", ge=1e-9, le=1e6)
    lipschitz_pi: float = parameter(0.5, "L_pi", unit="action per state", ge=0, le=100)
    eps_dyn: float = parameter(0.05, "sup norm of the dynamics error", unit="state", ge=1e-9, le=1e6)
    eps_rew: float = parameter(0.02, "sup norm of the reward error", unit="reward", ge=1e-9, le=1e6)
    n_systems: int = parameter(300, "random nonlinear systems", quick=100, ge=10, le=100_000)
    seed: int = parameter(0, "of the one generator", ge=0)

    @model_validator(mode="after")
    def _contracts(self) -> Self:
        contraction = self.gamma * self.lipschitz_dyn * (1 + self.lipschitz_pi)
        if contraction >= 1:
            raise ValueError(
                f"gamma * lipschitz_dyn * (1 + lipschitz_pi) = {contraction:.4g} is 1 or more, and Lemma 1 "
                "needs less; lower one of the three, or read the chapter beyond_the_lemma, which has no such limit"
            )
        return self
