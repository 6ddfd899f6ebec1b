"""The proof checker accepts what is true and certified, and nothing else."""

from __future__ import annotations

import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from imagination.proof import Proof, ProofError, counterexample, is_nonnegative, is_positive, is_zero

x, y, a = sp.symbols("x y a", positive=True)
n = sp.Symbol("n", integer=True, nonnegative=True)
r = sp.Symbol("r", real=True)


@pytest.mark.parametrize(
    "expression",
    [
        (x + y) ** 3 - sp.expand((x + y) ** 3),
        (x**2 - 1) / (x - 1) - x - 1,
        sp.log(x * y) - sp.log(x) - sp.log(y),
        x ** (a + 1) - x * x**a,
        sp.sqrt(x**2 + 2 * x * y + y**2) - x - y,
        sp.sin(x) ** 2 + sp.cos(x) ** 2 - 1,
        sp.exp(-a * (n + 1)) - sp.exp(-a) * sp.exp(-a * n),
    ],
)
def test_identities_are_recognised(expression: sp.Expr) -> None:
    assert is_zero(expression) is True


@settings(max_examples=40)
@given(st.lists(st.integers(-9, 9), min_size=1, max_size=6))
def test_a_polynomial_vanishes_only_if_all_its_coefficients_do(coefficients: list[int]) -> None:
    polynomial = sum(c * x**k for k, c in enumerate(coefficients))
    assert bool(is_zero(sp.sympify(polynomial))) is (not any(coefficients))


@pytest.mark.parametrize(
    "expression",
    [
        x * y + x,
        (r - 1) ** 2,
        (x - y) ** 2 / (x + y),
        sp.exp(-r),
        x / (1 + x),
        (x - 1) ** 2 * y,
        -1 / (-1 - x),
        sp.sqrt(x),
    ],
)
def test_signs_that_a_reader_can_see(expression: sp.Expr) -> None:
    assert is_nonnegative(expression) is True


@settings(max_examples=25)
@given(st.lists(st.integers(-5, 5), min_size=2, max_size=5))
def test_no_certificate_contradicts_a_value(coefficients: list[int]) -> None:
    """Soundness: where a sign is certified, sampling finds no point of the other sign."""
    expression = sp.sympify(sum(c * x**i * y ** (len(coefficients) - i) for i, c in enumerate(coefficients)))
    if is_nonnegative(expression):
        assert counterexample(expression, lambda value: value < -1e-9) is None
    if is_positive(expression):
        assert counterexample(expression, lambda value: value <= 0) is None


def test_zero_is_not_positive_and_a_square_may_vanish() -> None:
    assert is_positive(sp.Integer(0)) is None
    assert is_positive((x - y) ** 2) is None
    assert is_nonnegative((x - y) ** 2) is True


def test_a_counterexample_respects_the_assumptions() -> None:
    assert counterexample(x, lambda value: value < 0) is None
    found = counterexample(r, lambda value: value < 0)
    assert found is not None
    assert found[r] < 0
    assert counterexample(n, lambda value: value % 1 != 0) is None


def test_a_limit_is_compared_with_the_claim() -> None:
    proof = Proof("limit")
    proof.limit(sp.exp(-a * n), n, sp.oo, 0, because="decay")
    with pytest.raises(ProofError, match="sympy finds 0"):
        proof.limit(sp.exp(-a * n), n, sp.oo, 1, because="no decay")
    assert len(proof) == 1


def test_a_step_shows_its_statement_and_its_reason() -> None:
    proof = Proof("shown")
    step = proof.equal(x * (1 + y), x + x * y, because="distribute")
    assert "distribute" in step._repr_markdown_()
    assert "= x y + x" in step._repr_markdown_()
    assert "0x" not in repr(step) + repr(proof)
    seen = proof.true(sp.ask(sp.Q.positive(x)), because="assumed", shown=sp.Gt(x, 0, evaluate=False))
    assert "x > 0" in seen.statement
