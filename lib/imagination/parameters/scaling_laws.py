"""Parameters of the chapter ``scaling_laws``: the trainings that it makes live, and the bootstrap."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from imagination.parameters import ChapterParameters, parameter

PolicyName = Literal[
    "sinusoid", "uniform", "ou-0.5", "network-0.3", "sinusoid-0.5", "one-sinusoid", "normal", "ou-0.2", "sinusoid-0.1",
    "linear-0.3", "linear-0.1", "network-0.1", "network-0", "zero",
]  # fmt: skip
"""The names in ``imagination.training.teacher.POLICIES``, repeated so that a check needs no numpy."""


class Parameters(ChapterParameters):
    """What is trained while the chapter runs. The committed results of Figure 1 don't depend on it."""

    anchors: list[Annotated[int, Field(ge=1, le=500_000)]] = parameter(
        [1_000, 2_000, 5_000], "training tuples, increasing", quick=2_000, min_length=2
    )
    n_seeds: int = parameter(2, "number of teachers, each with its own students", quick=2, ge=1, le=1_000)
    epochs: int = parameter(200, "passes over the pool", quick=200, ge=1, le=10_000)
    policy: PolicyName = parameter("sinusoid", "reference policy that visits the tuples")
    first_seed: int = parameter(0, "seed of the first teacher", ge=0, lt=2**31)
    resamples: int = parameter(10_000, "of the bootstrap", quick=20_000, ge=2, le=1_000_000)

    @model_validator(mode="after")
    def _anchors_increase(self) -> Self:
        if any(b <= a for a, b in zip(self.anchors, self.anchors[1:], strict=False)):
            raise ValueError(f"anchors = {self.anchors} must increase; sort them and drop repetitions")
        return self
