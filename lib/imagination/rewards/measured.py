"""A mean that was measured, and how far it lies from what a formula says, on the scale of a standard normal."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import torch
from scipy.stats import norm, t

from imagination.checks import Floats, number, numbers, whole
from imagination.errors import require


@dataclass(frozen=True)
class Measured:
    """The mean of ``n`` independent values, with its standard error and the skewness of one value."""

    value: float
    standard_error: float
    n: int
    skewness: float = 0.0

    def __post_init__(self) -> None:
        number("value", self.value)
        number("standard_error", self.standard_error, low=0)
        whole("n", self.n, low=3)
        number("skewness", self.skewness)

    @classmethod
    def of(cls, sample: torch.Tensor | Floats) -> Measured:
        """Mean of a sample of shape ``(n,)``, n at least 3.

        Raises:
            RequestError: on another shape, a NaN, or fewer than three values.

        Example:
            >>> Measured.of(np.array([1.0, 2.0, 3.0])).value
            2.0
        """
        values = sample.detach().cpu().numpy() if isinstance(sample, torch.Tensor) else sample
        x = numbers("sample", values, shape=(None,))
        require(x.size >= 3, f"a sample of {x.size} values is not allowed: at least 3, for a standard error")
        centred = x - x.mean()
        spread = float(np.sqrt((centred**2).mean()))
        skewness = float((centred**3).mean() / spread**3) if spread > 0 else 0.0
        return cls(float(x.mean()), spread / math.sqrt(x.size - 1), x.size, skewness)

    def z(self, truth: float, *, standard_error: float = 0.0) -> float:
        r"""Distance from ``truth``: nearly a standard normal where the truth is the mean.

        Squared lengths of gradients are skewed, and a sample that misses the largest of them has a small mean and
        a small standard error together. The ratio of the two has a heavy lower tail; Hall's transformation takes the
        skewness :math:`a/\sqrt n` out, and Student's distribution allows for few values:

        .. math:: x=\frac{\bar X-\mu}{s},\qquad
           z=\Phi^{-1}\Big(T_{n-1}\Big(x+\tfrac a{3\sqrt n}x^2+\tfrac{a^2}{27n}x^3+\tfrac a{6\sqrt n}\Big)\Big)

        Args:
            truth: what a formula says.
            standard_error: of the truth, where it was estimated from other values.

        Raises:
            RequestError: if all values are the same, so that no distance can be told.

        Example:
            >>> round(Measured(1.0, 0.1, 10_000).z(0.8), 2), round(Measured(1.0, 0.1, 5).z(0.8), 2)
            (2.0, 1.57)
        """
        own = self.standard_error
        s = math.hypot(own, number("standard_error", standard_error, low=0))
        require(s > 0, "all values of the sample are the same: their distance from a truth has no scale")
        x = max(-1e6, min(1e6, (self.value - number("truth", truth)) / s))
        a = self.skewness / math.sqrt(self.n) * (own / s) ** 3
        x += a / 3 * x**2 + a**2 / 27 * x**3 + a / 6
        return math.copysign(float(-norm.ppf(np.clip(t.sf(abs(x), self.n - 1), 1e-300, 0.5))), x)
