r"""The expansive regime :math:`\gamma\Lambda>1`, where rewards that are bounded keep a bound (this book).

The state error reaches the range of the reward after about :math:`\log_\Lambda(1/\epsilon)` steps; what is left is
discounted by :math:`\gamma^{\log_\Lambda(1/\epsilon)}=\epsilon^p`. So the return error is Hoelder in the model error
with exponent :math:`p=\ln(1/\gamma)/\ln\Lambda<1`, between two explicit envelopes; in statements of order about the
allocation, :math:`\alpha` becomes :math:`\alpha p`. The bound itself, sharp for every growth, is
:func:`imagination.gap.bounds.return_gap_bound` with ``reward_range``. It ripples around its envelope with the period
:math:`\ln\Lambda` of the error growth: along a budget line it may have several local minima, and only a global scan is
safe.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import ArrayLike

from imagination.checks import Floats, number, numbers, plain, whole
from imagination.errors import require


def hoelder_exponent(*, gamma: float, growth: float) -> float:
    r"""Exponent :math:`p=\ln(1/\gamma)/\ln\Lambda` in :math:`(0,1)` of the return error in the model error, for γΛ > 1.

    Args:
        gamma: discount in (0, 1).
        growth: Λ = L_f(1 + L_π).

    Returns:
        p.

    Raises:
        RequestError: unless 0 < γ < 1 < γΛ.

    Source: this book.

    Example:
        >>> hoelder_exponent(gamma=0.5, growth=4.0)
        0.5
    """
    gamma, growth = number("gamma", gamma), number("growth", growth)
    require(
        0 < gamma < 1 < gamma * growth,
        f"gamma = {gamma:g}, gamma * growth = {gamma * growth:.6g} is not allowed: 0 < gamma < 1 < gamma * growth",
    )
    return float(np.log(1 / gamma) / np.log(growth))


def hoelder_envelope(
    eps_dyn: ArrayLike, *, gamma: float, growth: float, sensitivity: float, reward_range: float
) -> tuple[float | Floats, float | Floats]:
    r"""Envelopes of :math:`V(\epsilon)=\sum_t\gamma^t\min(R,\kappa\delta_t)` for :math:`\gamma\Lambda>1`.

    With :math:`p=\ln(1/\gamma)/\ln\Lambda` and :math:`x=\kappa\epsilon/((\Lambda-1)R)`,

    .. math:: \frac{R\gamma}{1-\gamma}\Big(\frac{x}{1+x}\Big)^p\le V(\epsilon)
              \le R\Big[\frac1{1-\gamma}+\frac{\gamma\Lambda}{\gamma\Lambda-1}\Big]x^p .

    Args:
        eps_dyn: dynamics error, at least 0; scalar or array.
        gamma: discount in (0, 1).
        growth: :math:`\Lambda>1/\gamma`.
        sensitivity: :math:`\kappa>0`.
        reward_range: :math:`R>0`.

    Returns:
        ``(lower, upper)``, in units of the reward.

    Raises:
        RequestError: outside these ranges.

    Source: this book.

    Example:
        >>> low, high = hoelder_envelope(1e-3, gamma=0.9, growth=1.5, sensitivity=1.0, reward_range=1.0)
        >>> round(low, 3), round(high, 3)
        (1.789, 2.756)
    """
    eps = _checked(eps_dyn, gamma, growth, sensitivity, reward_range)
    p = hoelder_exponent(gamma=gamma, growth=growth)
    x = sensitivity * eps / ((growth - 1) * reward_range)
    lower = reward_range * gamma / (1 - gamma) * (x / (1 + x)) ** p
    upper = reward_range * (1 / (1 - gamma) + gamma * growth / (gamma * growth - 1)) * x**p
    return plain(lower), plain(upper)


def critical_envelope(eps_dyn: ArrayLike, *, gamma: float, sensitivity: float, reward_range: float) -> float | Floats:
    r"""Upper envelope in the critical case :math:`\gamma\Lambda=1`: linear in the error up to a logarithm.

    .. math:: V(\epsilon)\le R\,x\,\big[1+\log_\Lambda(1+1/x)\big],\qquad x=\frac{\kappa\epsilon}{(\Lambda-1)R}.

    Args:
        eps_dyn: dynamics error, above 0; scalar or array.
        gamma: discount in (0, 1); the growth is its inverse.
        sensitivity: :math:`\kappa>0`.
        reward_range: :math:`R>0`.

    Returns:
        The upper envelope, in units of the reward.

    Raises:
        RequestError: outside these ranges.

    Source: this book.

    Example:
        >>> round(critical_envelope(1.0, gamma=0.5, sensitivity=1.0, reward_range=1.0), 12)  # x = 1, 1 + log_2 2
        2.0
    """
    eps = _checked(eps_dyn, gamma, 1 / number("gamma", gamma, low=1e-100, below=1), sensitivity, reward_range)
    require((eps > 0).all(), "eps_dyn = 0 is not allowed: the logarithm needs a positive error")
    log_x = np.log(eps) + np.log(sensitivity) - np.log((1 / gamma - 1) * reward_range)
    with np.errstate(under="ignore", over="ignore"):
        return plain(reward_range * np.exp(log_x) * (1 + np.logaddexp(0, -log_x) / np.log(1 / gamma)))


def _checked(eps_dyn: ArrayLike, gamma: float, growth: float, sensitivity: float, reward_range: float) -> Floats:
    number("gamma", gamma, low=1e-100, below=1)
    for name, value in [("growth", growth), ("sensitivity", sensitivity), ("reward_range", reward_range)]:
        number(name, value, low=1e-100, high=1e100)
    return numbers("eps_dyn", eps_dyn, low=0, high=1e100)


def local_minima(
    objective: Callable[[Floats], Floats], *, points: int = 2001, widest: float = 12.0
) -> list[tuple[float, float]]:
    """All local minima of a function of the spend share, by a scan in its logit that is repeated in each bracket.

    Args:
        objective: function of an array of spend shares of dynamics in (0, 1).
        points: points of the scan, 5 or more.
        widest: the scan covers logits from ``-widest`` to ``widest``.

    Returns:
        ``(share, value)`` of every local minimum found, the best one first. A minimum narrower than the spacing of the
        scan is missed; a minimum at the end of the range is not one.

    Raises:
        RequestError: for fewer than five points.

    Source: this book.

    Example:
        >>> [(share, value)] = local_minima(lambda s: (s - 0.3) ** 2)
        >>> round(share, 6)
        0.3
    """
    points, widest = whole("points", points, low=5, high=10**7), number("widest", widest, above=0, high=700)
    found = []
    for low, high in brackets(objective, -widest, widest, points):
        for _ in range(4):
            low, high = next(brackets(objective, low, high, 101), (low, high))
        share = 1 / (1 + np.exp(-(low + high) / 2))
        found.append((float(share), float(objective(np.array([share]))[0])))
    return sorted(found, key=lambda pair: pair[1])


def brackets(
    objective: Callable[[Floats], Floats], low: float, high: float, points: int
) -> Iterator[tuple[float, float]]:
    """Intervals of a grid of logits that hold a local minimum of the objective."""
    logits = np.linspace(low, high, points)
    values = objective(1 / (1 + np.exp(-logits)))
    for i in np.flatnonzero((values[1:-1] < values[:-2]) & (values[1:-1] <= values[2:])) + 1:
        yield logits[i - 1], logits[i + 1]
