"""The proofs of the chapter on straightening refuse false variants: its cells, changed in one place, must fail."""

from __future__ import annotations

import ast
from types import CodeType

import pytest
from proof_chain import proof_cells

from imagination.proof import ProofError

PRELUDE = "import sympy as sp\nfrom imagination.proof import Proof\n"


@pytest.fixture(scope="module")
def chain():
    """The proof cells of the chapter, joined."""
    return PRELUDE + "\n".join(proof_cells("temporal_straightening"))


PROOFS = {"proposition", "sharp", "implied", "vacuous", "observed", "turning", "extrapolation", "link"}


def only(chain: str, proof: str) -> CodeType:
    """The chain without the steps of the other proofs, so that a failure elsewhere cannot be the one observed."""

    def elsewhere(statement: ast.stmt) -> bool:
        match statement:
            case ast.Expr(ast.Call(ast.Attribute(ast.Name(name)))):
                return name in PROOFS - {proof}
        return False

    kept = [statement for statement in ast.parse(chain).body if not elsewhere(statement)]
    return compile(ast.Module(kept, []), proof, "exec")


def test_the_chain_as_it_stands_is_accepted(chain):
    scope: dict = {}
    exec(chain, scope)
    assert all(len(scope[name]) > 0 for name in PROOFS)


FALSE = [
    # Proposition 1
    ("proposition", "a wrong exponent", "paper = eps_**2 / (2 * (1 - eps_))", "paper = eps_ / (2 * (1 - eps_))"),
    ("proposition", "a missing factor", "paper = eps_**2 / (2 * (1 - eps_))", "paper = eps_**2 / (1 - eps_)"),
    ("proposition", "a wrong sign", "paper = eps_**2 / (2 * (1 - eps_))", "paper = eps_**2 / (2 * (1 + eps_))"),
    ("proposition", "cosine theorem", "- 2 * sum(a * b", "+ 2 * sum(a * b"),
    (
        "proposition",
        "loss not halved",
        "loss = (delta**2 - (q - 1) ** 2) / (2 * q)",
        "loss = (delta**2 - (q - 1) ** 2) / q",
    ),
    ("proposition", "length bound reversed", "length = 1 - delta + s2", "length = 1 - delta - s2 - s1"),
    ("proposition", "a false slope", "slope = eps_ * (2 - eps_)", "slope = eps_ * (1 - eps_)"),
    ("proposition", "wrong step index", "z_next = [a + b for a, b in zip(z, u", "z_next = [a + b for a, b in zip(z, w"),
    # the sharp bound
    ("sharp", "no square", "(q - rho) ** 2 / (2 * q),\n    because", "(q - rho) / (2 * q),\n    because"),
    ("sharp", "rho for its square", "((1 - rho**2) - (q - 1) ** 2)", "((1 - rho) - (q - 1) ** 2)"),
    ("sharp", "below the truth", "sharp.at_most(\n    1 - root,", "sharp.at_most(\n    1 - root**3,"),
    ("sharp", "spiral without shrinking", "velocity = sp.cos(phi) * turn", "velocity = turn"),
    # several steps
    ("turning", "Gram determinant", "(c - a * b) ** 2", "(c + a * b) ** 2"),
    ("turning", "one turn too many", "power.subs(k, k + 1)", "power.subs(k, k + 2)"),
    ("turning", "sines added", "- sp.sin(alpha) * sp.sin(beta)", "+ sp.sin(alpha) * sp.sin(beta)"),
    (
        "extrapolation",
        "no subtraction of k",
        "E = ((1 + e_pos) ** k - 1) / e_pos - k",
        "E = ((1 + e_pos) ** k - 1) / e_pos",
    ),
    ("extrapolation", "exponent off by one", "E = ((1 + e_pos) ** k - 1)", "E = ((1 + e_pos) ** (k + 1) - 1)"),
    ("extrapolation", "recursion without k", "E + e_pos * (k + E)", "E + e_pos * E"),
    # data and Lemma 1
    ("observed", "one error forgotten", "(e_pos + (e_0 + e_1) / d_len)", "(e_pos + e_0 / d_len)"),
    ("link", "growth without the identity", "(1 + e_pos) * step", "e_pos * step"),
    ("link", "one-sided constant once", "(1 + 2 * mu + e_pos**2)", "(1 + mu + e_pos**2)"),
    ("link", "epsilon undiscounted", "(1 - g - g * e_pos))", "(1 - g - e_pos))"),
    # flags
    ("vacuous", "another edge", "sp.sqrt(3) - 1)", "sp.sqrt(3) / 2)"),
    ("implied", "a negative remainder", '(m + s1 + s2),\n    because="$q=1', '(m - s1 - s2),\n    because="$q=1'),
]


@pytest.mark.parametrize(("proof", "what", "true", "false"), FALSE, ids=[f"{p}: {w}" for p, w, _, _ in FALSE])
def test_a_false_variant_is_rejected_by_the_same_chain(chain, proof, what, true, false):
    assert true in chain, f"the chapter no longer contains {true!r}: mend this test"
    with pytest.raises(ProofError):
        exec(only(chain.replace(true, false), proof), {})
