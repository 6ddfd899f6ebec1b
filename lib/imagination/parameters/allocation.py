"""Parameters of the chapter ``allocation``."""

from __future__ import annotations

from typing import Self

from pydantic import model_validator

from imagination.parameters import ChapterParameters, parameter


class Parameters(ChapterParameters):
    """The problem on which the theorem and its consequences are shown."""

    exponent_dyn: float = parameter(0.3, "alpha, exponent of the dynamics error norm", ge=0.01, le=3)
    exponent_rew: float = parameter(0.9, "beta, exponent of the reward error norm", ge=0.01, le=3)
    scale_dyn: float = parameter(1.0, "A_d", unit="state", ge=1e-6, le=1e6)
    scale_rew: float = parameter(1.0, "A_r", unit="reward", ge=1e-6, le=1e6)
    cost_dyn: float = parameter(1.0, "cost of a dynamics sample", unit="money", ge=1e-6, le=1e6)
    cost_rew: float = parameter(5.0, "cost of a reward sample", unit="money", ge=1e-6, le=1e6)
    budget: float = parameter(10_000.0, "budget", unit="money", ge=1e-3, le=1e12)
    gamma: float = parameter(0.9, "discount", ge=1e-6, lt=1)
    lipschitz_dyn: float = parameter(0.5, "L_f, in the sum metric", ge=0, le=100)
    lipschitz_rew: float = parameter(1.0, "L_r", unit="reward per state", ge=1e-6, le=1e6)
    lipschitz_pi: float = parameter(0.4, "L_pi", unit="action per state", ge=0, le=100)
    n_problems: int = parameter(20_000, "number of random problems", quick=200_000, ge=100, le=1_000_000)
    seed: int = parameter(0, "seed of the one generator", ge=0)

    @model_validator(mode="after")
    def _contracts(self) -> Self:
        contraction = self.gamma * self.lipschitz_dyn * (1 + self.lipschitz_pi)
        if contraction >= 1:
            raise ValueError(
                f"gamma * lipschitz_dyn * (1 + lipschitz_pi) = {contraction:.4g} is 1 or more, where the weight of "
                "Theorem 1 does not exist; lower one of the three"
            )
        return self
