"""Definition 1 and Proposition 1: how much a latent rollout can bend when its velocity map is Lipschitz.

A latent rollout is z_{t+1} = f(z_t); its velocity is v(z) = f(z) − z, so that consecutive latent differences are
v(z_t) = z_{t+1} − z_t. Everything here follows from one inequality, ‖v(z_{t+1}) − v(z_t)‖ ≤ ε ‖v(z_t)‖, which holds
when v is ε-Lipschitz on the visited states: the tip of the next velocity lies in a ball of radius ε‖v(z_t)‖ around the
tip of this one, so the angle between the two is at most arcsin ε.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from imagination.checks import Floats, broadcast, generator_of, non_negative, number, numbers, whole, wholes
from imagination.errors import require, shown


def curvature_loss(velocity: ArrayLike, later: ArrayLike) -> Floats:
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
    u, w = np.atleast_1d(numbers("velocity", velocity)), np.atleast_1d(numbers("later", later))
    require(u.shape[-1] == w.shape[-1], f"velocities of dimension {u.shape[-1]} and {w.shape[-1]}: they must agree")
    broadcast(velocity=u, later=w)
    return np.asarray(0.5 * np.sum((direction(u) - direction(w)) ** 2, axis=-1))


def direction(velocity: Floats) -> Floats:
    """Unit vectors along the last axis; scaled first, so that neither tiny nor huge velocities over- or underflow."""
    size = np.max(np.abs(velocity), axis=-1, keepdims=True, initial=0.0)
    require(np.all(size > 0), "a velocity is zero: the rollout rests there and has no direction; leave that step out")
    scaled = velocity / size
    return np.asarray(scaled / np.linalg.norm(scaled, axis=-1, keepdims=True))


def path_curvature(path: ArrayLike, *, lag: int = 1) -> Floats:
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
    z = numbers("path", path)
    require(z.ndim >= 2, f"path has {z.ndim} axis: it must have shape (..., steps + 1, dimension)")
    require(z.shape[-2] >= 3, f"path has {z.shape[-2]} states: two velocities need three")
    lag = whole("lag", lag, low=1, high=z.shape[-2] - 2)
    v = np.diff(z, axis=-2)
    return curvature_loss(v[..., :-lag, :], v[..., lag:, :])


def curvature_bound(eps: ArrayLike, *, sharp: bool = True) -> Floats:
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
    if sharp:
        e = non_negative("eps", eps, upper=1)
        return np.asarray(e**2 / (1 + np.sqrt((1 - e) * (1 + e))))
    e = numbers("eps", eps, low=0, below=1)
    return np.asarray(e**2 / (2 * (1 - e)))


def lag_bound(eps: ArrayLike, k: ArrayLike) -> Floats:
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
    e, steps = non_negative("eps", eps, upper=1), wholes("k", k)
    broadcast(eps=e, k=steps)
    return np.asarray(2 * np.sin(np.minimum(steps * np.arcsin(e), np.pi) / 2) ** 2)


LONGEST = 10**7  # steps of one rollout
SERIES_TERMS = 24  # C(k, m) ε^(m−1) with k ε ≤ 1/2 falls below 2^−60 of the first term well before the 24th


def extrapolation_bound(eps: ArrayLike, k: ArrayLike) -> Floats:
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
    given, steps = non_negative("eps", eps), wholes("k", k).astype(float)
    broadcast(eps=given, k=steps)
    given, steps = np.broadcast_arrays(given, steps)
    with np.errstate(over="ignore"):
        small = given * steps <= 0.5
    e, n = np.where(small, given, 0.0), np.where(small, steps, 0.0)
    term, series = n.copy(), np.zeros(given.shape)
    for m in range(2, SERIES_TERMS):
        term = term * (n - m + 1) * e / m
        series = series + term
    safe = np.where(small, 1.0, given)
    with np.errstate(over="ignore"):  # an infinite bound is the right answer past the float64 range
        closed = np.expm1(np.where(small, 1.0, steps) * np.log1p(safe)) / safe - steps
    return np.asarray(np.where(small, series, closed))


def policy_constant(eps: ArrayLike, policy: ArrayLike) -> Floats:
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
    return _product(non_negative("eps", eps), 1 + non_negative("policy", policy))


def observed_constant(eps: ArrayLike, *, error: ArrayLike, error_later: ArrayLike, observed: ArrayLike) -> Floats:
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
    e, length = non_negative("eps", eps), numbers("observed", observed, above=0)
    before, after = non_negative("error", error), non_negative("error_later", error_later)
    broadcast(eps=e, error=before, error_later=after, observed=length)
    with np.errstate(over="ignore"):
        found = e + (before + after) / length
    require(np.isfinite(found).all(), "an observed difference is too short for its errors: the constant exceeds 1e308")
    return np.asarray(found)


def straightened_lipschitz(eps: ArrayLike, *, one_sided: ArrayLike | None = None) -> Floats:
    r"""What a straight latent says about Lemma 1: the Lipschitz constant of f = id + v.

    .. math:: \mathrm{Lip}(f) \le 1 + \varepsilon, \qquad \mathrm{Lip}(f) \le \sqrt{1 + 2\mu + \varepsilon^2}
        \quad\text{if}\quad \langle v(x)-v(y),\,x-y\rangle \le \mu\,\|x-y\|^2 .

    Straightening alone never gives a contraction; a negative one-sided constant µ can.

    Args:
        eps: Lipschitz constant ε of v, in [0, 1e150].
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
    e = non_negative("eps", eps, upper=1e150)
    if one_sided is None:
        return np.asarray(1 + e)
    mu = numbers("one_sided", one_sided)
    broadcast(eps=e, one_sided=mu)
    require(np.all(np.abs(mu) <= e), "one_sided lies outside [-eps, eps]: no eps-Lipschitz map has such a constant")
    return np.asarray(
        np.sqrt((1 - e) ** 2 + 2 * (mu + e))
    )  # the same radicand, written so that it cannot round below zero


def spiral(eps: float, steps: int, *, radius: float = 1.0) -> Floats:
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
    e, radius = number("eps", eps, low=0, below=1), number("radius", radius, above=0)
    t = np.arange(whole("steps", steps, high=LONGEST) + 1)
    z = radius * np.sqrt((1 - e) * (1 + e)) ** t * np.exp(1j * np.arcsin(e) * t)
    return np.stack([z.real, z.imag], axis=-1)


def roll(velocity: Callable[[Floats], Floats], start: ArrayLike, steps: int) -> Floats:
    """The latent rollout z ← z + v(z).

    Args:
        velocity: from a state ``(d,)`` to a velocity ``(d,)``.
        start: z_0, shape ``(d,)``.
        steps: number of steps, at least 0.

    Returns:
        States z_0 … z_steps, shape ``(steps + 1, d)``; infinite where they leave the float64 range.

    Source:
        Paper, Definition 1.

    Example:
        >>> roll(lambda z: 0.5 * z, [1.0], 3).ravel().tolist()
        [1.0, 1.5, 2.25, 3.375]
    """
    path = [numbers("start", start, shape=(None,))]
    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(whole("steps", steps, high=LONGEST)):
            path.append(path[-1] + velocity(path[-1]))
    return np.array(path)


def random_velocity(
    kind: Literal["linear", "tanh", "rotation"], constant: float, *, dimension: int, generator: np.random.Generator
) -> Callable[[Floats], Floats]:
    """A random velocity map whose Lipschitz constant is known: exact for the linear kinds, at most that for tanh.

    Args:
        kind: ``"linear"`` for c(Az + b), ``"rotation"`` for the same with orthogonal A, ``"tanh"`` for cB tanh(Az + b).
        constant: c, at least 0.
        dimension: of the latent state.
        generator: source of all random numbers; every kind takes as many.

    Returns:
        The map, for one state ``(d,)``.

    Source:
        This book.

    Example:
        >>> v = random_velocity("rotation", 0.5, dimension=2, generator=np.random.default_rng(0))
        >>> round(float(np.linalg.norm(v(np.array([3.0, 4.0])) - v(np.zeros(2)))), 12)
        2.5
    """
    known = str(kind) in ("linear", "tanh", "rotation")
    require(known, f"kind = {shown(kind)} is not allowed: linear, tanh or rotation")
    c, d = number("constant", constant, low=0), whole("dimension", dimension, low=1, high=10_000)
    rng = generator_of("generator", generator)
    A, B = rng.standard_normal((2, d, d))
    if kind == "rotation":
        A, B = np.linalg.qr(A)[0], np.linalg.qr(B)[0]
    A, B, shift = A / np.linalg.norm(A, 2), B / np.linalg.norm(B, 2), rng.standard_normal(d)
    if kind == "tanh":
        return lambda z: c * (B @ np.tanh(A @ z + shift))
    return lambda z: c * (A @ z + shift)


RESOLVED = 1e-4  # of a state; a shorter velocity, taken as a difference of states, has lost 4 of its 16 digits


def resolved(path: ArrayLike) -> Floats:
    """The leading part of a rollout whose velocities are resolved: until it all but rests, or leaves for 1e100.

    Args:
        path: states, shape ``(steps + 1, d)``.

    Returns:
        A leading part of it.

    Example:
        >>> len(resolved(roll(lambda z: 0.9 * (1 - z), [0.0], 50)))  # comes to rest at 1
        5
    """
    z = np.asarray(path, dtype=np.float64)
    require(z.ndim == 2 and len(z) > 0, "path must have shape (steps + 1, dimension)")
    near = np.isfinite(z).all(axis=1) & (np.abs(z).max(axis=1, initial=0.0) < 1e100)
    z = z[: len(z) if near.all() else int(near.argmin())]
    speed, size = np.linalg.norm(np.diff(z, axis=0), axis=1), np.linalg.norm(z, axis=1)
    rests = speed <= RESOLVED * np.maximum(size[1:], size[:-1])
    return z[: int(rests.argmax()) + 1] if rests.any() else z


class Ratios(NamedTuple):
    """The largest curvature loss of a rollout, and how close it comes to each bound, as shares of them."""

    loss: float
    one_step: float
    two_steps: float
    straight_line: float


def ratios_to_bounds(path: ArrayLike, eps: float) -> Ratios:
    """Compare the resolved part of a rollout with the bounds on one step, on two, and on the straight line.

    Args:
        path: states, shape ``(steps + 1, d)``.
        eps: Lipschitz constant of the velocity, in [1e-100, 1].

    Returns:
        The ratios, largest over the rollout; NaN where fewer than three steps are resolved.

    Source:
        This book.

    Example:
        >>> [round(r, 9) for r in ratios_to_bounds(spiral(0.5, 6), 0.5)[1:3]]
        [1.0, 1.0]
    """
    e, z = number("eps", eps, low=1e-100, high=1), resolved(path)
    if len(z) < 4:
        return Ratios(np.nan, np.nan, np.nan, np.nan)
    first, k = z[1] - z[0], np.arange(2, len(z))
    off = np.linalg.norm(z[2:] - z[0] - k[:, None] * first, axis=1) / np.linalg.norm(first)
    loss = float(path_curvature(z).max())
    return Ratios(
        loss,
        loss / float(curvature_bound(e)),
        float(np.max(path_curvature(z, lag=2) / lag_bound(e, 2))),
        float(np.max(off / extrapolation_bound(e, k))),
    )


def _product(a: Floats, b: Floats) -> Floats:
    broadcast(eps=a, policy=b)
    with np.errstate(over="ignore"):
        product = a * b
    require(np.isfinite(product).all(), "eps and policy are too large: their product exceeds 1e308")
    return np.asarray(product)
