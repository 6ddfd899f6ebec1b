"""Parameters of the chapter ``what_exponents_mean``: the live re-run, the bootstrap and the allocation example."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from imagination.parameters import ChapterParameters, parameter


class Parameters(ChapterParameters):
    """What is re-run live, and the example of the last section. The committed results don't depend on it."""

    live_anchors: list[Annotated[int, Field(ge=1, le=500_000)]] = parameter(
        [2_000, 5_000], "training tuples of the live re-run", quick=10_000, min_length=1
    )
    live_teachers: int = parameter(2, "teachers of the live re-run, from seed 0", quick=2, ge=1, le=1_000)
    resamples: int = parameter(10_000, "of the bootstrap over teachers", quick=20_000, ge=100, le=1_000_000)
    gamma: float = parameter(0.9, "discount of the allocation example", gt=0, lt=1)
    lipschitz_dyn: float = parameter(0.7, "L_f of the example", unit="state", gt=0, le=100)
    lipschitz_rew: float = parameter(1.0, "L_r of the example", unit="reward", gt=0, le=1e6)
    lipschitz_pi: float = parameter(0.4, "L_pi of the example", unit="action", ge=0, le=100)
    cost_dyn: float = parameter(1.0, "of a transition", unit="money", gt=0, le=1e9)
    cost_rew: float = parameter(1.0, "of a reward label", unit="money", gt=0, le=1e9)
    budget: float = parameter(100_000.0, "of the example", unit="money", gt=0, le=1e15)

    @model_validator(mode="after")
    def _contraction(self) -> Self:
        contraction = self.gamma * self.lipschitz_dyn * (1 + self.lipschitz_pi)
        if contraction >= 1:
            raise ValueError(
                f"gamma lipschitz_dyn (1 + lipschitz_pi) = {contraction:.3g} must be below 1 for Theorem 1; lower "
                "gamma, lipschitz_dyn or lipschitz_pi"
            )
        return self
