"""The proofs of Part III refuse false variants: each step of the chapters has a neighbour here that must not pass."""

import pytest
import sympy as sp

from imagination.proof import Proof, ProofError
from imagination.rewards.enumeration import SoftmaxMDP, episodes, estimate, expectation, rademacher

gamma, sigma, c, c0, A, p, V, Q, floor, c_max = sp.symbols("gamma sigma c c_0 A p V Q sigma_f c_max", positive=True)
R = sp.Rational
MDP = SoftmaxMDP(((0, 1), (1, 0)), ((R(1, 2), 1), (-1, R(1, 3))), (R(1, 3), R(3, 5)), (0, 1))
w, eta = sp.symbols("w_:4"), sp.symbols("eta_:4")


def to_go(t, values=eta, horizon=4):
    return sum(gamma ** (u - t) * values[u] for u in range(t, horizon))


def conditional_variance(episode, horizon=2):
    """Variance over the noise alone of the first coordinate, the trajectory held fixed, by summing over outcomes."""
    values = []
    for q, noise in rademacher(horizon, sigma):
        labels = [r + x for r, x in zip(episode.rewards, noise, strict=True)]
        values.append((q, estimate(episode.scores, labels, gamma, discount_states=False)[0]))
    mean = sum(q * v for q, v in values)
    return sp.expand(sum(q * (v - mean) ** 2 for q, v in values))


def carried(episode, u):
    return sum(gamma ** (u - t) * episode.scores[t][0] for t in range(u + 1))


def test_true_steps_pass():
    proof = Proof("true")
    swapped = sum(eta[u] * sum(gamma ** (u - t) * w[t] for t in range(u + 1)) for u in range(4))
    proof.equal(sum(w[t] * to_go(t) for t in range(4)), swapped, because="exchange of sums")
    for e in episodes(MDP, 2):
        proof.equal(conditional_variance(e), sigma**2 * sum(carried(e, u) ** 2 for u in range(2)), because="(3)")
    assert len(proof) == 5


FALSE = {
    "sums exchanged the wrong way": lambda q: q.equal(
        sum(w[t] * to_go(t) for t in range(4)),
        sum(eta[u] * sum(gamma ** (u - t) * w[t] for t in range(u, 4)) for u in range(4)),
        because="",
    ),
    "noise with a mean": lambda q: q.equal(
        sum(prob * (noise[0] + sigma / 2) for prob, noise in rademacher(1, sigma)), 0, because=""
    ),
    "conditional variance without the cross steps": lambda q: [
        q.equal(conditional_variance(e), sigma**2 * sum(x[0] ** 2 for x in e.scores), because="")
        for e in episodes(MDP, 2)
    ],
    "estimator A called unbiased": lambda q: q.equal(
        expectation(MDP, 2, lambda e: estimate(e.scores, e.rewards, gamma, discount_states=False)[0]),
        expectation(MDP, 2, lambda e: estimate(e.scores, e.rewards, gamma, discount_states=True)[0]),
        because="",
    ),
    "geometric sum bounded by 1/(1-gamma^2)": lambda q: q.at_most(
        1 + 1 / (1 + c), 1 / (1 - 1 / (1 + c) ** 2), because="gamma = 1/(1 + c)"
    ),
    "1/K^2 in place of 1/K": lambda q: q.equal(3 * V / 9, V / 9, because=""),
    "power law decreasing at every exponent": lambda q: q.positive(-sp.diff(c * A * c**-p, c), because=""),
    "parabola with its top at c_max": lambda q: q.at_most(
        V * c * (1 - c / c_max), V * c_max / 5, because="the maximum is a quarter, not a fifth"
    ),
    "floor regime decreasing": lambda q: q.nonnegative(-sp.diff(c * (floor + A / c), c), because=""),
    "stationary point without base cost": lambda q: q.equal(
        sp.diff((c + c0) * (V + Q * A / c), c).subs(c, sp.sqrt(Q * A / V)), 0, because=""
    ),
    "constant in the limit": lambda q: q.limit(floor * c + A, c, 0, 0, because=""),
}


@pytest.mark.parametrize("name", FALSE)
def test_false_variants_are_rejected(name):
    with pytest.raises(ProofError):
        FALSE[name](Proof(name))
