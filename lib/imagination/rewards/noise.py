"""Noise on reward labels: how the labels of one episode are wrong together.

Each process is a frozen type with a covariance over time (what the exact variance needs) and a sampler (what the
measurement needs). All have mean zero and are independent of the trajectory, which is the hypothesis of Theorem 2.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
import torch

from imagination.checks import Floats, instance, number, whole


@dataclass(frozen=True)
class NoiseProcess(ABC):
    """Zero-mean Gaussian noise on the labels of an episode.

    Args:
        variance: variance of one noisy label, in squared reward units, finite and at least 0.
    """

    variance: float

    def __post_init__(self) -> None:
        number("variance", self.variance, low=0)

    def covariance(self, horizon: int) -> Floats:
        """Covariance of the labels' noise, shape ``(H, H)``."""
        time = np.arange(whole("horizon", horizon, low=1))
        correlation: Floats = self._correlation(time[:, None], time[None, :])
        return self.variance * correlation

    def sample(self, n: int, horizon: int, *, generator: torch.Generator) -> torch.Tensor:
        """Draw the noise of ``n`` episodes, shape ``(n, H)``, float64."""
        shape = whole("n", n, low=1), whole("horizon", horizon, low=1)
        instance("generator", generator, torch.Generator)
        white = torch.randn(shape, generator=generator, dtype=torch.float64, device=generator.device)
        unit: torch.Tensor = self._correlate(white)
        return unit * float(self.variance**0.5)

    @abstractmethod
    def _correlation(self, t: np.ndarray, u: np.ndarray) -> Floats:
        """Correlation of the labels of steps t (a column) and u (a row); 0 on the diagonal where there is no noise."""

    @abstractmethod
    def _correlate(self, white: torch.Tensor) -> torch.Tensor:
        """Unit noise of this kind, made from white noise of shape ``(n, H)``."""


@dataclass(frozen=True)
class IidNoise(NoiseProcess):
    """Fresh independent noise on every label: the noise of Theorem 2.

    Example:
        >>> IidNoise(0.5).covariance(2)
        array([[0.5, 0. ],
               [0. , 0.5]])
    """

    def _correlation(self, t: np.ndarray, u: np.ndarray) -> Floats:
        return np.asarray(t == u, dtype=float)

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
        number("correlation", self.correlation, low=-1, high=1)

    def _correlation(self, t: np.ndarray, u: np.ndarray) -> Floats:
        return np.asarray(np.power(float(self.correlation), np.abs(t - u)))

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

    def _correlation(self, t: np.ndarray, u: np.ndarray) -> Floats:
        return np.ones(np.broadcast_shapes(t.shape, u.shape))

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

    def _correlation(self, t: np.ndarray, u: np.ndarray) -> Floats:
        return np.asarray((t == u) & (t == t.max()), dtype=float)

    def _correlate(self, white: torch.Tensor) -> torch.Tensor:
        out = torch.zeros_like(white)
        out[:, -1] = white[:, -1]
        return out
