"""Parameters of the chapter ``notation``."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from imagination.parameters import ChapterParameters

__all__ = ["Parameters"]


class Parameters(ChapterParameters):
    """What the examples of the conventions are computed for."""

    gamma: float = Field(0.95, gt=0, lt=1, description="discount")
    lipschitz_policy: float = Field(0.5, gt=0, le=100, description="L_pi, action per state")
    state_gain: float = Field(0.8, gt=0, le=100, description="L_f with respect to the state alone")
    action_gain: float = Field(0.3, gt=0, le=100, description="L_f with respect to the action alone, state per action")
    n_systems: int = Field(500, ge=1, le=100_000, description="random linear systems")
    n_states: int = Field(4, ge=1, le=64, description="dimension of the state")
    n_actions: int = Field(2, ge=1, le=64, description="dimension of the action")
    anchors: list[int] = Field([100, 200, 500, 1000, 2000, 5000], min_length=2, description="training-set sizes")
    n_seeds: int = Field(40, ge=2, le=10_000, description="students at each anchor")
    seed: int = Field(0, ge=0, description="of the one generator")

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
