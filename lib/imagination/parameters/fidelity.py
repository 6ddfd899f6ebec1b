"""Parameters of the chapter ``fidelity``."""

from __future__ import annotations

from imagination.parameters import ChapterParameters, parameter

LEAST, MOST = 1e-6, 1e6


class Parameters(ChapterParameters):
    """The worked examples of what to pay for a label."""

    n_problems: int = parameter(3000, "random problems in the brute-force check", ge=100, le=100_000, quick=3000)
    noise_free_variance: float = parameter(5.0, "V_1 of the example", unit="gradient²", ge=LEAST, le=MOST)
    label_variance: float = parameter(80.0, "Q sigma_1^2 of the example", unit="gradient²", ge=LEAST, le=MOST)
    base_cost: float = parameter(10.0, "c_0, of a rollout besides its labels", unit="money", ge=LEAST, le=MOST)
    label_cost: float = parameter(1.0, "c_1, of one annotator of a rollout", unit="money", ge=LEAST, le=MOST)
    budget: float = parameter(10_000.0, "B", unit="money", ge=LEAST, le=1e9)
    seed: int = parameter(0, "of the random problems", ge=0, le=2**32)
