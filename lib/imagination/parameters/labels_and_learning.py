"""Parameters of the chapter ``labels_and_learning``."""

from __future__ import annotations

from imagination.parameters import ChapterParameters, parameter


class Parameters(ChapterParameters):
    """What other labels, batches and learning are measured on."""

    n_rollouts: int = parameter(20_000, "rollouts of a measurement, linear system", ge=1000, le=2_000_000, quick=4000)
    n_rollouts_neural: int = parameter(5000, "rollouts, neural policy", ge=1000, le=500_000, quick=2000)
    noise_variance: float = parameter(1.0, "variance of the noise of one label", unit="reward²", ge=1e-9, le=1e6)
    policy_std: float = parameter(0.5, "standard deviation of the policy's actions", unit="action", ge=1e-6, le=10)
    hidden: int = parameter(8, "tanh units of the neural policy", ge=1, le=64, quick=16)
    batch: int = parameter(8, "rollouts in a batch where a baseline is computed, K", ge=2, le=64, quick=8)
    learning_seeds: int = parameter(32, "repetitions of the learning experiment", ge=20, le=1000, quick=24)
    learning_updates: int = parameter(40, "updates of the learning experiment", ge=10, le=10_000, quick=15)
    seed: int = parameter(0, "of every generator, each with its own offset", ge=0, le=2**32)
