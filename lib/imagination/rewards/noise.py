"""Noise on reward labels: how the labels of one episode are wrong together.

Each process is a frozen type with a covariance over time (what the exact variance needs) and a sampler (what the
measurement needs). All have mean zero and are independent of the trajectory, which is the hypothesis of Theorem 2.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch

from imagination.errors import require

__all__ = ["Ar1Noise", "EpisodeNoise", "IidNoise", "NoiseProcess", "TerminalNoise"]


@dataclass(frozen=True)
class NoiseProcess:
    """Zero-mean Gaussian noise on the labels of an episode.

    Args:
        variance: variance of one noisy label, in squared reward units, finite and at least 0.
    """

    variance: float

    def __post_init__(self) -> None:
        require(
            0 <= self.variance < np.inf,
            f"variance = {self.variance} is not allowed: it must be finite and at least 0",
        )

    def covariance(self, horizon: int) -> np.ndarray:
        """Covariance of the labels' noise, shape ``(H, H)``."""
        raise NotImplementedError

    def _correlate(self, white: torch.Tensor) -> torch.Tensor:
        raise NotImplementedError

    def sample(self, n: int, horizon: int, *, generator: torch.Generator) -> torch.Tensor:
        """Draw the noise of ``n`` episodes, shape ``(n, H)``, float64."""
        _check(horizon)
        require(n >= 1, f"n = {n} is not allowed: at least one episode")
        white = torch.randn(n, horizon, generator=generator, dtype=torch.float64, device=generator.device)
        return self._correlate(white) * self.variance**0.5


def _check(horizon: int) -> None:
    require(horizon == int(horizon) and horizon >= 1, f"horizon = {horizon} is not allowed: an integer of at least 1")


@dataclass(frozen=True)
class IidNoise(NoiseProcess):
    """Fresh independent noise on every label: the noise of Theorem 2.

    Example:
        >>> IidNoise(0.5).covariance(2)
        array([[0.5, 0. ],
               [0. , 0.5]])
    """

    def covariance(self, horizon: int) -> np.ndarray:
        """``variance`` times the identity."""
        _check(horizon)
        return self.variance * np.eye(horizon)

    def _correlate(self, white: torch.Tensor) -> torch.Tensor:
        return white


@dataclass(frozen=True)
class Ar1Noise(NoiseProcess):
    r"""Stationary noise with memory, :math:`\mathrm{Cov}(\eta_t,\eta_u)=\sigma^2\rho^{|t-u|}`.

    Args:
        correlation: of neighbouring labels, in [-1, 1].

    Example:
        >>> Ar1Noise(1.0, 0.5).covariance(3)[0]
        array([1.  , 0.5 , 0.25])
    """

    correlation: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        require(-1 <= self.correlation <= 1, f"correlation = {self.correlation} is not allowed: it must lie in [-1, 1]")

    def covariance(self, horizon: int) -> np.ndarray:
        """Geometric decay away from the diagonal."""
        _check(horizon)
        t = np.arange(horizon)
        return self.variance * np.power(float(self.correlation), np.abs(t[:, None] - t[None, :]))

    def _correlate(self, white: torch.Tensor) -> torch.Tensor:
        out = white.clone()
        innovation = (1 - self.correlation**2) ** 0.5
        for t in range(1, white.shape[1]):
            out[:, t] = self.correlation * out[:, t - 1] + innovation * white[:, t]
        return out


@dataclass(frozen=True)
class EpisodeNoise(NoiseProcess):
    """One error for all labels of an episode: an annotator who is generous or severe for the whole of it.

    Example:
        >>> EpisodeNoise(2.0).covariance(2)
        array([[2., 2.],
               [2., 2.]])
    """

    def covariance(self, horizon: int) -> np.ndarray:
        """``variance`` in every entry."""
        _check(horizon)
        return np.full((horizon, horizon), float(self.variance))

    def _correlate(self, white: torch.Tensor) -> torch.Tensor:
        return white[:, :1].expand_as(white).clone()


@dataclass(frozen=True)
class TerminalNoise(NoiseProcess):
    """Noise on the last label only: one verdict at the end of the episode, as with human preferences.

    Example:
        >>> TerminalNoise(2.0).covariance(2)
        array([[0., 0.],
               [0., 2.]])
    """

    def covariance(self, horizon: int) -> np.ndarray:
        """``variance`` in the last diagonal entry."""
        _check(horizon)
        out = np.zeros((horizon, horizon))
        out[-1, -1] = self.variance
        return out

    def _correlate(self, white: torch.Tensor) -> torch.Tensor:
        out = torch.zeros_like(white)
        out[:, -1] = white[:, -1]
        return out
