"""Parameters of the chapter ``related_work``."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from imagination.parameters import ChapterParameters, parameter


class Parameters(ChapterParameters):
    """The systems on which Lemma 1 and its relatives are compared."""

    gamma: float = parameter(0.95, "discount", ge=0.01, le=0.999)
    eps_dyn: float = parameter(0.01, "shift of the model's next state", unit="state", ge=1e-9, le=10)
    lipschitz_rew: float = parameter(1.0, "L_r; the reward's range is 1", unit="reward per state", ge=1e-9, le=1000)
    contractive: float = parameter(0.8, "L_f of the contractive systems", ge=1e-9, lt=1)
    expansive: float = parameter(1.2, "L_f of the expansive systems; gamma L_f must exceed 1", gt=1, le=3)
    branches: list[Annotated[int, Field(ge=1, le=1000)]] = parameter(
        [1, 2, 5, 10, 20, 50], "imagined steps of branched rollouts", quick=1000, min_length=1, max_length=50
    )
    n_chains: int = parameter(100, "random finite chains of each kind", quick=100, ge=1, le=100_000)
    seed: int = parameter(0, "of the one generator", ge=0)

    @model_validator(mode="after")
    def _regimes_differ(self) -> Self:
        if self.gamma * self.expansive <= 1:
            within = f"raise expansive above {1 / self.gamma:.4g}" if self.gamma > 1 / 3 else "raise gamma above 0.334"
            raise ValueError(
                f"expansive = {self.expansive:g} is not expansive at gamma = {self.gamma:g}: gamma L_f must exceed 1; "
                + within
            )
        return self
