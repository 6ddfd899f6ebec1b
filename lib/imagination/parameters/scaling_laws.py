"""Parameters of the chapter ``scaling_laws``: the trainings that it makes live, and the bootstrap."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator

from imagination.errors import nearest
from imagination.parameters import ChapterParameters

__all__ = ["Parameters"]

POLICIES = (
    "sinusoid", "uniform", "ou-0.5", "network-0.3", "sinusoid-0.5", "one-sinusoid", "normal", "ou-0.2", "sinusoid-0.1",
    "linear-0.3", "linear-0.1", "network-0.1", "network-0", "zero",
)  # fmt: skip
"""The names in ``imagination.training.teacher.POLICIES``, repeated so that a check needs no numpy."""


class Parameters(ChapterParameters):
    """What is trained while the chapter runs. The committed results of Figure 1 don't depend on it."""

    anchors: list[Annotated[int, Field(ge=1, le=500_000)]] = Field([2_000, 5_000, 10_000], min_length=2)
    n_seeds: int = Field(2, ge=1, le=1_000, description="number of teachers, each with its own students")
    epochs: int = Field(200, ge=1, le=10_000, description="passes over the pool")
    policy: str = Field("sinusoid", description="reference policy that visits the tuples")
    first_seed: int = Field(0, ge=0, description="seed of the first teacher")
    resamples: int = Field(10_000, ge=2, le=1_000_000, description="of the bootstrap")

    @field_validator("policy")
    @classmethod
    def _known_policy(cls, name: str) -> str:
        if name not in POLICIES:
            raise ValueError(f"no such policy; {nearest(name, POLICIES)}")
        return name

    @model_validator(mode="after")
    def _anchors_increase(self) -> Self:
        if any(b <= a for a, b in zip(self.anchors, self.anchors[1:], strict=False)):
            raise ValueError(f"anchors = {self.anchors} must increase; sort them and drop repetitions")
        return self
