"""Definition 1 and Proposition 1: how much a latent rollout can bend when its velocity map is Lipschitz.

A latent rollout is z_{t+1} = f(z_t); its velocity is v(z) = f(z) − z, so that consecutive latent differences are
v(z_t) = z_{t+1} − z_t. Everything here follows from one inequality, ‖v(z_{t+1}) − v(z_t)‖ ≤ ε ‖v(z_t)‖, which holds
when v is ε-Lipschitz on the visited states: the tip of the next velocity lies in a ball of radius ε‖v(z_t)‖ around the
tip of this one, so the angle between the two is at most arcsin ε.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from imagination.errors import require

__all__ = [
    "curvature_bound",
    "curvature_loss",
    "extrapolation_bound",
    "lag_bound",
    "observed_constant",
    "path_curvature",
    "policy_constant",
    "spiral",
    "straightened_lipschitz",
]

Array = NDArray[np.float64]


def finite(name: str, value: ArrayLike) -> Array:
    """Return ``value`` as a float64 array, or refuse it when it is not finite."""
    array = np.asarray(value, dtype=np.float64)
    require(np.all(np.isfinite(array)), f"{name} holds NaN or infinite entries: every entry must be a finite number")
    return array


def nonnegative(name: str, value: ArrayLike) -> Array:
    """Return ``value`` as a finite float64 array, or refuse a negative entry."""
    array = finite(name, value)
    require(
        np.all(array >= 0), f"{name} = {array.min():.6g} is not allowed: it must be at least 0" if array.size else ""
    )
    return array


def lags(value: ArrayLike) -> Array:
    """Return the lag k as float64, or refuse what is not a whole number of steps."""
    k = nonnegative("k", value)
    require(np.all(k == np.floor(k)), "k holds a fraction of a step: it must be a whole number of steps, 0, 1, 2, …")
    return k


def curvature_loss(velocity: ArrayLike, later: ArrayLike) -> Array:
    r"""Definition 1: :math:`\ell = 1 - \cos(v(z_t), v(z_{t+1}))`.

    Computed as half the squared distance of the two directions: the same number without the cancellation in 1 − cos,
    so that losses down to 1e-30 keep their digits.

    Args:
        velocity: v(z_t), shape ``(..., d)``, non-zero.
        later: v(z_{t+1}), or v(z_{t+k}) for a lag of k steps; broadcasts against ``velocity``.

    Returns:
        The loss, shape ``(...)``, in [0, 2]; 0 is straight, 1 a right angle, 2 a reversal.

    Raises:
        RequestError: a velocity is zero (its direction is undefined), not finite, or the last axes differ.

    Source:
        Paper, Definition 1; the stable form is this book's.

    Example:
        >>> curvature_loss([[1.0, 0.0], [1.0, 0.0], [1.0, 0.0]], [[2.0, 0.0], [0.0, 3.0], [-1.0, 0.0]])
        array([0., 1., 2.])
    """
    u, w = np.atleast_1d(finite("velocity", velocity)), np.atleast_1d(finite("later", later))
    require(u.shape[-1] == w.shape[-1], f"velocities of dimension {u.shape[-1]} and {w.shape[-1]}: they must agree")
    return 0.5 * np.sum((direction(u) - direction(w)) ** 2, axis=-1)


def direction(velocity: Array) -> Array:
    """Unit vectors along the last axis; scaled first, so that neither tiny nor huge velocities over- or underflow."""
    size = np.max(np.abs(velocity), axis=-1, keepdims=True, initial=0.0)
    require(np.all(size > 0), "a velocity is zero: the rollout rests there and has no direction; leave that step out")
    scaled = velocity / size
    return scaled / np.linalg.norm(scaled, axis=-1, keepdims=True)


def path_curvature(path: ArrayLike, *, lag: int = 1) -> Array:
    """Definition 1 along a whole latent path, from its states alone.

    Args:
        path: states z_0 … z_T, shape ``(..., T + 1, d)``.
        lag: how many steps apart the two velocities lie, at least 1.

    Returns:
        The loss at t = 0 … T − 1 − lag, shape ``(..., T - lag)``.

    Raises:
        RequestError: the path is too short for the lag, or rests somewhere.

    Source:
        Paper, Definition 1 (lag 1); lags beyond 1 are this book's.

    Example:
        >>> path_curvature([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
        array([1., 1.])
    """
    z = finite("path", path)
    require(z.ndim >= 2, f"path has {z.ndim} axis: it must have shape (..., steps + 1, dimension)")
    require(
        isinstance(lag, (int, np.integer)) and 1 <= lag <= z.shape[-2] - 2,
        f"lag = {lag} on a path of {z.shape[-2]} states: the lag must be a whole number from 1 to {z.shape[-2] - 2}",
    )
    v = np.diff(z, axis=-2)
    return curvature_loss(v[..., :-lag, :], v[..., lag:, :])


def curvature_bound(eps: ArrayLike, *, sharp: bool = True) -> Array:
    r"""Largest curvature loss that an ε-Lipschitz velocity map allows (Eq. 2, and its sharp form).

    .. math:: \ell \le 1 - \sqrt{1-\varepsilon^2} \;\le\; \frac{\varepsilon^2}{2(1-\varepsilon)} .

    The left form (``sharp=True``) is attained at every step by :func:`spiral`. The right one is the paper's; from
    ε = √3 − 1 on it exceeds 1, which ε < 1 already excludes.

    Args:
        eps: Lipschitz constant ε of v on the visited states, any shape; in [0, 1] for the sharp form, [0, 1) for the
            paper's.
        sharp: the sharp form (default), or the paper's.

    Returns:
        The bound, shape of ``eps``; in [0, 1] for the sharp form.

    Raises:
        RequestError: ``eps`` lies outside the range. Beyond ε = 1 a velocity may reverse and only the trivial bound 2
            is left.

    Source:
        Paper, Eq. (2), for ``sharp=False``; this book for the sharp form.

    Example:
        >>> curvature_bound([0.1, 0.5, 0.9]).round(4), curvature_bound([0.1, 0.5, 0.9], sharp=False).round(4)
        (array([0.005 , 0.134 , 0.5641]), array([0.0056, 0.25  , 4.05  ]))
    """
    eps = nonnegative("eps", eps)
    beyond = "beyond it a velocity may reverse, and only the trivial bound 2 is left"
    if sharp:
        require(np.all(eps <= 1), f"eps = {np.max(eps, initial=0):.6g} is not allowed: it must lie in [0, 1]; {beyond}")
        return eps**2 / (1 + np.sqrt((1 - eps) * (1 + eps)))
    require(
        np.all(eps < 1),
        f"eps = {np.max(eps, initial=0):.6g} is not allowed: Eq. (2) needs [0, 1); try sharp=True at eps = 1, {beyond}",
    )
    return eps**2 / (2 * (1 - eps))


def lag_bound(eps: ArrayLike, k: ArrayLike) -> Array:
    r"""Largest loss between velocities k steps apart: :math:`1-\cos(\min(k\arcsin\varepsilon,\,\pi))`.

    Turning angles add up at most, and the spiral turns the same way for ever, so it attains the bound for every k.

    Args:
        eps: ε in [0, 1], any shape.
        k: lag in steps, whole and non-negative; broadcasts against ``eps``.

    Returns:
        The bound in [0, 2]; at k = 1 it is :func:`curvature_bound`, and once k arcsin ε passes π it is the trivial 2.

    Raises:
        RequestError: ``eps`` outside [0, 1] or ``k`` not a whole number of steps.

    Source:
        This book.

    Example:
        >>> lag_bound(0.1, [1, 5, 20, 40]).round(4)
        array([0.005 , 0.1228, 1.4192, 2.    ])
    """
    eps, k = nonnegative("eps", eps), lags(k)
    require(np.all(eps <= 1), f"eps = {np.max(eps, initial=0):.6g} is not allowed: it must lie in [0, 1]")
    return 2 * np.sin(np.minimum(k * np.arcsin(eps), np.pi) / 2) ** 2


SERIES_TERMS = 24  # C(k, m) ε^(m−1) with k ε ≤ 1/2 falls below 2^−60 of the first term well before the 24th


def extrapolation_bound(eps: ArrayLike, k: ArrayLike) -> Array:
    r"""How far k straight steps may miss the rollout, per unit of the first velocity.

    .. math:: \frac{\|z_{t+k} - z_t - k\,v(z_t)\|}{\|v(z_t)\|} \;\le\; \frac{(1+\varepsilon)^k - 1}{\varepsilon} - k ,

    attained by v(z) = εz. At small kε the closed form cancels, so its binomial series is summed there.

    Args:
        eps: ε ≥ 0 (1 and beyond are fine here), any shape.
        k: number of steps, whole and non-negative; broadcasts against ``eps``.

    Returns:
        The bound, in units of ‖v(z_t)‖; about k(k − 1)ε/2 for small ε, and ``inf`` where it passes the float64 range.

    Raises:
        RequestError: a negative ``eps``, or ``k`` not a whole number of steps.

    Source:
        This book.

    Example:
        >>> extrapolation_bound(0.1, [0, 1, 2, 5]).round(4)
        array([0.    , 0.    , 0.1   , 1.1051])
        >>> extrapolation_bound(1e-12, 15).item()  # close to k (k − 1) ε / 2
        1.05000000000455e-10
    """
    eps, k = np.broadcast_arrays(nonnegative("eps", eps), lags(k))
    small = eps * k <= 0.5
    e, n = np.where(small, eps, 0.0), np.where(small, k, 0.0)
    term, series = n.copy(), np.zeros(eps.shape)
    for m in range(2, SERIES_TERMS):
        term = term * (n - m + 1) * e / m
        series = series + term
    safe = np.where(small, 1.0, eps)
    with np.errstate(over="ignore"):  # an infinite bound is the right answer past the float64 range
        closed = np.expm1(np.where(small, 1.0, k) * np.log1p(safe)) / safe - k
    return np.where(small, series, closed)


def policy_constant(eps: ArrayLike, policy: ArrayLike) -> Array:
    r"""The ε of Proposition 1 when the velocity takes actions: :math:`\varepsilon = \varepsilon_v(1 + L_\pi)`.

    Args:
        eps: joint Lipschitz constant ε_v of v(z, a) in the sum metric of section 3, at least 0.
        policy: Lipschitz constant L_π of the policy, at least 0; broadcasts.

    Returns:
        The constant of the closed-loop velocity z ↦ v(z, π(z)), to be given to the bounds of this module.

    Raises:
        RequestError: a negative or non-finite constant.

    Source:
        This book; the paper's f silently has no action argument here.

    Example:
        >>> policy_constant(0.2, 0.5).item()
        0.30000000000000004
    """
    return nonnegative("eps", eps) * (1 + nonnegative("policy", policy))


def observed_constant(eps: ArrayLike, *, error: ArrayLike, error_later: ArrayLike, observed: ArrayLike) -> Array:
    r"""The ε of Proposition 1 for *observed* differences :math:`d_t = v(z_t) + e_t`.

    .. math:: \|d_{t+1} - d_t\| \le \Big(\varepsilon + \frac{\|e_t\| + \|e_{t+1}\|}{\|d_t\|}\Big)\|d_t\| ,

    because the observed states move by d_t. The result goes into :func:`curvature_bound` as long as it is at most 1.

    Args:
        eps: Lipschitz constant of the model's velocity map, at least 0.
        error: ‖e_t‖, how far the model's velocity is from the observed difference.
        error_later: ‖e_{t+1}‖.
        observed: ‖d_t‖, positive; same unit as the errors. All broadcast.

    Returns:
        The effective constant, dimensionless.

    Raises:
        RequestError: a negative entry, or an observed difference of zero length.

    Source:
        This book.

    Example:
        >>> observed_constant(0.1, error=0.02, error_later=0.03, observed=0.5).round(3).item()
        0.2
    """
    length = nonnegative("observed", observed)
    require(np.all(length > 0), "an observed difference has length 0: it has no direction; leave that step out")
    return nonnegative("eps", eps) + (nonnegative("error", error) + nonnegative("error_later", error_later)) / length


def straightened_lipschitz(eps: ArrayLike, *, one_sided: ArrayLike | None = None) -> Array:
    r"""What a straight latent says about Lemma 1: the Lipschitz constant of f = id + v.

    .. math:: \mathrm{Lip}(f) \le 1 + \varepsilon, \qquad \mathrm{Lip}(f) \le \sqrt{1 + 2\mu + \varepsilon^2}
        \quad\text{if}\quad \langle v(x)-v(y),\,x-y\rangle \le \mu\,\|x-y\|^2 .

    Straightening alone never gives a contraction; a negative one-sided constant µ can.

    Args:
        eps: Lipschitz constant ε ≥ 0 of v.
        one_sided: µ in [−ε, ε], where it is known; broadcasts.

    Returns:
        The bound on Lip(f), usable as the closed-loop Λ of Lemma 1.

    Raises:
        RequestError: a negative ``eps``, or µ outside [−ε, ε] (Cauchy and Schwarz exclude it).

    Source:
        This book.

    Example:
        >>> straightened_lipschitz(0.5).item(), straightened_lipschitz(0.5, one_sided=-0.5).item()
        (1.5, 0.5)
    """
    eps = nonnegative("eps", eps)
    if one_sided is None:
        return 1 + eps
    mu = finite("one_sided", one_sided)
    require(np.all(np.abs(mu) <= eps), "one_sided lies outside [-eps, eps]: no eps-Lipschitz map has such a constant")
    return np.sqrt((1 - eps) ** 2 + 2 * (mu + eps))  # the same radicand, written so that it cannot round below zero


def spiral(eps: float, steps: int, *, radius: float = 1.0) -> Array:
    r"""The latent rollout that attains the sharp bound at every step, and :func:`lag_bound` at every lag.

    In the complex plane :math:`f(z) = \rho e^{i\varphi} z` with ρ = √(1 − ε²) and φ = arcsin ε, so |f(z) − z| = ε|z|.

    Args:
        eps: ε in [0, 1). At ε = 1 the rollout would reach the origin in one step: the bound is approached there.
        steps: number of steps, at least 0.
        radius: distance of z_0 from the origin, positive.

    Returns:
        States z_0 … z_steps, shape ``(steps + 1, 2)``.

    Raises:
        RequestError: a value outside its range.

    Source:
        This book.

    Example:
        >>> losses = path_curvature(spiral(0.3, 6))
        >>> bool(np.allclose(losses, curvature_bound(0.3), rtol=1e-13))
        True
    """
    e = nonnegative("eps", eps)
    require(e.ndim == 0 and e < 1, f"eps = {eps} is not allowed: the spiral needs one number in [0, 1)")
    require(
        isinstance(steps, (int, np.integer)) and steps >= 0, f"steps = {steps}: it must be a whole number, at least 0"
    )
    require(np.isfinite(radius) and radius > 0, f"radius = {radius} is not allowed: it must be positive")
    t = np.arange(steps + 1)
    z = radius * np.sqrt((1 - e) * (1 + e)) ** t * np.exp(1j * np.arcsin(e) * t)
    return np.stack([z.real, z.imag], axis=-1)
