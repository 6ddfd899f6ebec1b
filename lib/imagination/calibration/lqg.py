"""The linear–quadratic system of the library, and the benchmark of Figure 3 that is made of such systems.

The quadratic reward is Lipschitz only where states are bounded. The domain is ‖s‖ ≤ 1, ‖a‖ ≤ L_π, and no rollout leaves
it: with Λ = L_f(1 + L_π) < 1 the true map contracts, and a model error of at most 1 − Λ cannot push a state out. As in
the paper the dynamics are deterministic, so the G of LQG is empty. Figure 4 draws its systems here too
(:mod:`imagination.budget.sensitivity_lqg`).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import product
from typing import ClassVar, NamedTuple

import numpy as np
from scipy.linalg import solve_discrete_are
from scipy.optimize import brentq

from imagination.calibration.rollouts import Batch, Design, Kind, Systems, unit_norm
from imagination.checks import Floats, generator_of, number, numbers, whole, wholes
from imagination.errors import RequestError, require
from imagination.gap.lipschitz import Lipschitz
from imagination.gap.mdp import MDP, SystemPair

LARGEST = 1e50  # an entry of a matrix; its squares must not overflow


@dataclass(frozen=True, eq=False)
class LinearQuadratic:
    """One system: s' = As + Ba, reward −(s'Qs + a'a), policy a = −Ks, on ‖s‖ ≤ 1 and ‖a‖ ≤ L_π.

    Attributes:
        A: state map, ``(d_s, d_s)``.
        B: action map, ``(d_s, d_a)``.
        Q: state cost, ``(d_s, d_s)``, positive semi-definite.
        K: gain of the policy, ``(d_a, d_s)``.
        start: a unit vector, ``(d_s,)``.
        gamma: discount.
    """

    A: Floats
    B: Floats
    Q: Floats
    K: Floats
    start: Floats
    gamma: float

    @property
    def lipschitz(self) -> Lipschitz:
        """L_f, L_r and L_π on the domain, in the sum metric."""
        policy = float(np.linalg.norm(self.K, 2))
        dynamics = float(max(np.linalg.norm(self.A, 2), np.linalg.norm(self.B, 2)))
        return Lipschitz(dynamics=dynamics, reward=2 * max(float(np.linalg.norm(self.Q, 2)), policy), policy=policy)


class ModelError(NamedTuple):
    """What a wrong model adds: an affine term to the dynamics, a quadratic one to the reward.

    Attributes:
        A, B, b: f̂ − f = A s + B a + b; shapes ``(..., d_s, d_s)``, ``(..., d_s, d_a)``, ``(..., d_s)``.
        Q, R, c: r̂ − r = s'Q s + a'R a + c with symmetric Q, R; ``(..., d_s, d_s)``, ``(..., d_a, d_a)``, ``(...)``.
    """

    A: Floats
    B: Floats
    b: Floats
    Q: Floats
    R: Floats
    c: Floats

    def on_policy(self, K: Floats) -> tuple[Floats, Floats, Floats, Floats]:
        """M, b, H and c of the errors M s + b and s'Hs + c that the policy a = −Ks meets."""
        return self.A - self.B @ K, self.b, self.Q + np.swapaxes(K, -1, -2) @ self.R @ K, self.c

    def largest(self, K: Floats) -> tuple[Floats, Floats]:
        """Suprema ε_dyn and ε_rew over ‖s‖ ≤ 1 on the policy a = −Ks."""
        M, b, H, c = self.on_policy(K)
        return largest_affine_norm(M, b), largest_quadratic(H, c)

    def of_size_one(self, K: Floats) -> ModelError:
        """The same directions, with suprema ε_dyn = ε_rew = 1."""
        dyn, rew = self.largest(K)
        sizes = (
            dyn[..., None, None],
            dyn[..., None, None],
            dyn[..., None],
            rew[..., None, None],
            rew[..., None, None],
            rew,
        )
        return ModelError(*(part / size for part, size in zip(self, sizes, strict=True)))


def optimal_gain(A: Floats, B: Floats, Q: Floats, *, gamma: float) -> Floats:
    r"""Gain K of the policy a = −Ks that minimises :math:`\sum\gamma^t(s'Qs+a'a)`.

    The discount is absorbed into the maps: the Riccati equation is solved for √γA, √γB.

    Args:
        A: state map, ``(d_s, d_s)``.
        B: action map, ``(d_s, d_a)``.
        Q: state cost, positive semi-definite.
        gamma: discount, in (0, 1].

    Returns:
        K, shape ``(d_a, d_s)``.

    Raises:
        RequestError: shapes that do not fit, or no stabilising policy.

    Source:
        Standard discounted LQR.

    Example:
        >>> one = np.ones((1, 1))
        >>> round(float(optimal_gain(one, one, one, gamma=1.0)[0, 0]), 6)  # the golden ratio less one
        0.618034
    """
    A = numbers("A", A, low=-LARGEST, high=LARGEST, shape=(None, None))
    B = numbers("B", B, low=-LARGEST, high=LARGEST, shape=(len(A), None))
    Q = numbers("Q", Q, low=-LARGEST, high=LARGEST, shape=A.shape)
    gamma = number("gamma", gamma, above=0, high=1)
    R = np.eye(B.shape[1])
    try:
        with np.errstate(all="ignore"):
            P = solve_discrete_are(np.sqrt(gamma) * A, np.sqrt(gamma) * B, Q, R)
            gain = np.asarray(gamma * np.linalg.solve(R + gamma * B.T @ P @ B, B.T @ P @ A))
    except (ValueError, np.linalg.LinAlgError) as error:  # not square, not symmetric, or nothing stabilises it
        raise RequestError(f"no optimal gain for these A, B and Q: {error}") from None
    require(
        np.isfinite(gain).all(), "no optimal gain for these A, B and Q: the Riccati equation has no finite solution"
    )
    return gain


def draw_system(
    *, sizes: tuple[int, int], gamma: float, growth: float, generator: np.random.Generator
) -> LinearQuadratic:
    """Draw a system with its optimal policy and a given growth; A, B, Q and the start come from normal numbers.

    Args:
        sizes: dimensions of state and action.
        gamma: discount, in (0, 1].
        growth: Λ = L_f(1 + L_π), in (0, 1); the scale of the dynamics is solved for it.
        generator: source of all random numbers.

    Returns:
        The system, with ‖A‖ = ‖B‖ = L_f and ‖Q‖ = 1.

    Raises:
        RequestError: a value outside its range.

    Source:
        Paper, appendices B.4 and B.5; the recipe is this book's.

    Example:
        >>> system = draw_system(sizes=(4, 2), gamma=0.8, growth=0.9, generator=np.random.default_rng(1))
        >>> round(float(system.lipschitz.growth), 9)
        0.9
    """
    d, k = wholes("sizes", sizes, low=1, shape=(2,)).tolist()
    gamma, growth = number("gamma", gamma, above=0, high=1), number("growth", growth, above=0, below=1)
    rng = generator_of("generator", generator)
    A, B = unit_norm(rng.standard_normal((d, d))), unit_norm(rng.standard_normal((d, k)))
    M = rng.standard_normal((d, d))
    Q, start = unit_norm(M @ M.T), unit_norm(rng.standard_normal(d))

    def gain(c: float) -> Floats:
        return optimal_gain(c * A, c * B, Q, gamma=gamma)

    def excess(c: float) -> float:
        return float(c * (1 + np.linalg.norm(gain(c), 2)) - growth)

    c = brentq(excess, min(1e-6, growth / 1000), growth, xtol=1e-15, rtol=1e-14)
    return LinearQuadratic(c * A, c * B, Q, gain(c), start, gamma)


def largest_affine_norm(M: Floats, b: Floats) -> Floats:
    r"""Largest ‖Ms + b‖ over the unit ball ‖s‖ ≤ 1.

    Convex, so the maximum is on the sphere, where the multiplier λ solves :math:`\sum_i(q_i/(\lambda-w_i))^2=1` to the
    right of the largest eigenvalue (w eigenvalues of M'M, q = V'M'b). By weak duality every such λ gives an upper bound
    :math:`\lambda+\sum_iq_i^2/(\lambda-w_i)+b'b` on the square, so that a rounded λ never understates the maximum.

    Args:
        M: shape ``(..., k, d)``.
        b: shape ``(..., k)``.

    Returns:
        The maximum, shape ``(...)``.

    Source:
        The trust-region subproblem; this book's use.

    Example:
        >>> round(float(largest_affine_norm(np.diag([2.0, 1.0]), np.array([1.0, 0.0]))), 12)
        3.0
    """
    M = numbers("M", M, low=-LARGEST, high=LARGEST)
    b = numbers("b", b, low=-LARGEST, high=LARGEST)
    require(
        M.ndim >= 2 and M.shape[:-1] == b.shape, f"M {M.shape} and b {b.shape}: (..., k, d) and (..., k) are needed"
    )
    w, V = np.linalg.eigh(np.swapaxes(M, -1, -2) @ M)
    q = np.einsum("...ji,...kj,...k->...i", V, M, b)
    size, top = np.linalg.norm(q, axis=-1), w[..., -1]
    low, high = top + np.abs(q[..., -1]), top + size  # the root lies between: one term alone, and all gaps closed
    for _ in range(100):
        middle = (low + high) / 2
        gaps = np.maximum(middle[..., None] - w, np.finfo(float).tiny)
        long = np.sum((q / gaps) ** 2, axis=-1) > 1
        low, high = np.where(long, middle, low), np.where(long, high, middle)
    gaps = np.maximum(high[..., None] - w, np.finfo(float).tiny)
    square = high + np.sum(np.where(q == 0, 0.0, q**2 / gaps), axis=-1) + np.sum(b**2, axis=-1)
    return np.asarray(np.sqrt(square))


def largest_quadratic(H: Floats, c: Floats) -> Floats:
    """Largest \\|s'Hs + c\\| over the unit ball, H symmetric ``(..., d, d)``, c of shape ``(...)``.

    Example:
        >>> float(largest_quadratic(np.diag([1.0, -3.0]), np.array(1.0)))
        2.0
    """
    H, c = numbers("H", H, low=-LARGEST, high=LARGEST), numbers("c", c, low=-LARGEST, high=LARGEST)
    fits = H.ndim >= 2 and H.shape[-1] == H.shape[-2] and H.shape[:-2] == c.shape
    require(fits, f"H {H.shape} and c {c.shape}: (..., d, d) and (...) are needed")
    w = np.linalg.eigvalsh(H)
    return np.asarray(np.maximum(np.abs(c + np.maximum(w[..., -1], 0)), np.abs(c + np.minimum(w[..., 0], 0))))


@dataclass(frozen=True)
class LqgDesign(Design):
    """The grid of configurations; the defaults are the headline design with 375 of them.

    Attributes:
        kinds: which maps are perturbed.
        discounts: γ, in (0, 1).
        eps_dyn: sup norm of the dynamics error over the domain, at most 1 − max Λ.
        eps_rew: sup norm of the reward error over the domain.
        growths: Λ = L_f(1 + L_π), in (0, 1).
        systems: systems drawn for each discount and growth.
        sizes: dimensions of state and action.
        start: ‖s_0‖, in (0, 1].
        intercepts: whether the error fields have a constant term, so that a model is wrong at the origin too.
    """

    benchmark: ClassVar[str] = "lqg"

    kinds: tuple[Kind, ...] = (Kind.DYN, Kind.REW, Kind.BOTH)
    eps_dyn: float = 0.05
    eps_rew: float = 0.05
    growths: tuple[float, ...] = (0.1, 0.3, 0.5, 0.7, 0.9)
    systems: int = 5
    sizes: tuple[int, int] = (4, 2)
    start: float = 1.0
    intercepts: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        numbers("growths", self.growths, above=0, below=1, shape=(None,))
        whole("systems", self.systems, low=1)
        wholes("sizes", self.sizes, low=1, shape=(2,))
        number("start", self.start, above=0, high=1)
        room = 1 - max(self.growths)
        require(
            self.eps_dyn <= room,
            f"eps_dyn = {self.eps_dyn} is not allowed: it must lie in (0, 1 − max growth] = (0, {room:.3g}], "
            "or learned rollouts leave the operating domain",
        )

    def count(self) -> int:
        """Number of configurations per seed.

        Example:
            >>> LqgDesign().count()
            375
        """
        return len(self.kinds) * len(self.discounts) * len(self.growths) * self.systems

    def batches(self, seeds: list[int], block: int) -> Iterator[Batch]:
        """Draw the grid in blocks of at most ``block`` systems."""
        order = product(range(len(self.discounts)), range(len(self.growths)), seeds, range(self.systems))
        cells = [LqgCell(discount, growth, system, seed) for discount, growth, seed, system in order]
        for first in range(0, len(cells), block):
            yield assemble(self, cells[first : first + block])


class LqgCell(NamedTuple):
    """One system of the grid: positions of its discount and growth, its number within them, and the seed."""

    discount: int
    growth: int
    system: int
    seed: int


def draw_lqg(design: LqgDesign, cell: LqgCell) -> tuple[LinearQuadratic, ModelError]:
    """Draw one system of the grid and the directions of its model errors.

    Args:
        design: the grid.
        cell: the system. The kinds of perturbation share it, and so do designs that differ in start and errors only.

    Returns:
        The system, and the model error, to be scaled by :meth:`ModelError.of_size_one`.

    Example:
        >>> system, _ = draw_lqg(LqgDesign(), LqgCell(discount=0, growth=4, system=0, seed=1))
        >>> round(float(system.lipschitz.growth), 9)
        0.9
    """
    gamma, growth = design.discounts[cell.discount], design.growths[cell.growth]
    system, error = _drawn(
        (int(design.sizes[0]), int(design.sizes[1])),
        gamma,
        growth,
        (cell.seed, cell.discount, cell.growth, cell.system),
    )
    return system, error if design.intercepts else error._replace(b=0 * error.b, c=0 * error.c)


@lru_cache(maxsize=4096)
def _drawn(
    sizes: tuple[int, int], gamma: float, growth: float, seed: tuple[int, ...]
) -> tuple[LinearQuadratic, ModelError]:
    rng = np.random.default_rng(seed)
    system = draw_system(sizes=sizes, gamma=gamma, growth=growth, generator=rng)
    d, k = sizes
    A, B, b = rng.standard_normal((d, d)), rng.standard_normal((d, k)), rng.standard_normal(d)
    Q, R, c = rng.standard_normal((d, d)), rng.standard_normal((k, k)), rng.standard_normal()
    return system, ModelError(A, B, b, (Q + Q.T) / 2, (R + R.T) / 2, np.asarray(c))


@dataclass(frozen=True)
class Quadratic(Systems):
    """Linear dynamics, reward −(s'Qs + a'Ra), policy −Ks, and error fields of the same shapes with intercepts."""

    state_map: Floats  # A, (n, d_s, d_s)
    action_map: Floats  # B, (n, d_s, d_a)
    gain: Floats  # K, (n, d_a, d_s)
    state_cost: Floats  # Q, (n, d_s, d_s)
    drift_state: Floats  # the dynamics error field is affine: (n, d_s, d_s)
    drift_action: Floats  # (n, d_s, d_a)
    drift_constant: Floats  # (n, d_s, 1)
    miss_state: Floats  # the reward error field is quadratic: (n, d_s, d_s)
    miss_action: Floats  # (n, d_a, d_a)
    miss_constant: Floats  # (n, 1)

    def policy(self, s: Floats) -> Floats:
        """Action."""
        return -self.gain @ s

    def step(self, s: Floats, a: Floats) -> tuple[Floats, Floats]:
        """Next state and reward."""
        cost = np.einsum("nic,nic->nc", s, self.state_cost @ s) + np.einsum("nic,nic->nc", a, a)
        return self.state_map @ s + self.action_map @ a, -cost

    def fields(self, s: Floats, a: Floats) -> tuple[Floats, Floats]:
        """Error fields of dynamics and reward."""
        drift = self.drift_state @ s + self.drift_action @ a + self.drift_constant
        miss = np.einsum("nic,nic->nc", s, self.miss_state @ s) + np.einsum("nic,nic->nc", a, self.miss_action @ a)
        return drift, miss + self.miss_constant


def assemble(design: LqgDesign, cells: list[LqgCell]) -> Batch:
    """Draw the cells and stack them."""
    drawn = [draw_lqg(design, cell) for cell in cells]
    A, B, Q, K, start = (np.stack([getattr(s, name) for s, _ in drawn]) for name in ("A", "B", "Q", "K", "start"))
    constants = [system.lipschitz for system, _ in drawn]
    lipschitz = Lipschitz(
        **{name: np.array([[getattr(one, name)] for one in constants]) for name in ("dynamics", "reward", "policy")}
    )
    error = ModelError(*(np.stack(parts) for parts in zip(*(error for _, error in drawn), strict=True))).of_size_one(K)
    gamma = np.array([[system.gamma] for system, _ in drawn])
    return design.batch(
        Quadratic(A, B, K, Q, error.A, error.B, error.b[:, :, None], error.Q, error.R, error.c[:, None]),
        start=design.start * start,
        lipschitz=lipschitz,
        gamma=gamma,
        contraction=gamma[:, 0] * [design.growths[cell.growth] for cell in cells],
        seeds=[cell.seed for cell in cells],
        family="lqg",
    )


def plain_lqg(design: LqgDesign, cell: LqgCell, kind: Kind) -> SystemPair:
    """The same configuration as plain functions, written from the recipe; the truth for the batches."""
    system, error = draw_lqg(design, cell)
    error = error.of_size_one(system.K)
    eps_dyn, eps_rew = kind.errors(design.eps_dyn, design.eps_rew)

    def dynamics(s: Floats, a: Floats) -> Floats:
        return system.A @ s + system.B @ a

    def reward(s: Floats, a: Floats) -> Floats:
        return -(s @ system.Q @ s + a @ a)

    def learned_dynamics(s: Floats, a: Floats) -> Floats:
        return dynamics(s, a) + eps_dyn * (error.A @ s + error.B @ a + error.b)

    def learned_reward(s: Floats, a: Floats) -> Floats:
        return reward(s, a) + eps_rew * (s @ error.Q @ s + a @ error.R @ a + error.c)

    true, learned = MDP(dynamics, reward, system.gamma), MDP(learned_dynamics, learned_reward, system.gamma)
    return SystemPair(true, learned, lambda s: -system.K @ s, design.start * system.start)
