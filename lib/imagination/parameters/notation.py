"""Parameters of the chapter ``notation``."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from imagination.parameters import ChapterParameters, parameter


class Parameters(ChapterParameters):
    """What the examples of the conventions are computed for."""

    gamma: float = parameter(0.95, "discount", ge=0.001, le=0.9999)
    lipschitz_pi: float = parameter(0.5, "L_pi", unit="action per state", ge=1e-6, le=100)
    state_gain: float = parameter(0.8, "L_f with respect to the state alone", ge=1e-6, le=100)
    action_gain: float = parameter(
        0.3, "L_f with respect to the action alone", unit="state per action", ge=1e-6, le=100
    )
    n_systems: int = parameter(500, "random linear systems", quick=2000, ge=1, le=100_000)
    n_states: int = parameter(4, "dimension of the state", quick=16, ge=1, le=64)
    n_actions: int = parameter(2, "dimension of the action", quick=16, ge=1, le=64)
    anchors: list[Annotated[int, Field(ge=3, le=100_000)]] = parameter(
        [100, 200, 500, 1000, 2000, 5000], "training-set sizes", quick=5000, min_length=2, max_length=20
    )
    n_seeds: int = parameter(40, "students at each anchor", quick=100, ge=2, le=10_000)
    seed: int = parameter(0, "of the one generator", ge=0)

    @model_validator(mode="after")
    def _anchors_fit(self) -> Self:
        if any(b <= a for a, b in zip(self.anchors, self.anchors[1:], strict=False)):
            raise ValueError(f"anchors = {self.anchors} must increase; sort them and drop repetitions")
        if self.anchors[0] <= self.n_states + 1:
            raise ValueError(
                f"anchors start at {self.anchors[0]}, but least squares in {self.n_states} dimensions "
                f"needs more than {self.n_states + 1} samples; raise the first anchor"
            )
        return self
