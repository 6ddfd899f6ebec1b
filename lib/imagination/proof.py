"""A proof as a chain of small steps, each asserted by sympy and shown with its reason.

A step is accepted only when sympy decides it. "Undecided" is a failure like "false"; where a point at which the
step fails can be found by sampling the symbols within their assumptions, the error names it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import numpy as np
import sympy as sp

Point = dict[sp.Symbol, sp.Expr]
Refutes = Callable[[float], bool]


class ProofError(AssertionError):
    """A step is false, or sympy could not decide it; the message is one line and says which."""


@dataclass(frozen=True)
class Step:
    """One accepted step: what was asserted, in LaTeX, and why it is the next one."""

    number: int
    statement: str
    because: str

    def __str__(self) -> str:
        return f"step {self.number}: {self.because}"

    __repr__ = __str__

    def _repr_markdown_(self) -> str:
        return f"**Step {self.number}.** {self.because}\n\n$$\n{self.statement}\n$$\n\n*Asserted by sympy.*"


@dataclass
class Proof:
    """A chain of asserted steps.

    Example:
        >>> x, y = sp.symbols("x y", positive=True)
        >>> proof = Proof("sum")
        >>> proof.equal((x + y) ** 2, x**2 + 2 * x * y + y**2, because="expand")
        step 1: expand
        >>> proof.at_most(2 * x * y, (x + y) ** 2 - 1, because="too bold")
        Traceback (most recent call last):
        imagination.proof.ProofError: sum, step 2 is false (too bold): at x = 7/32, y = 13/18 the rhs - lhs is -0.430543
    """

    name: str
    steps: list[Step] = field(default_factory=list)

    def __len__(self) -> int:
        return len(self.steps)

    def _accept(self, held: bool | None, statement: str, because: str, why_not: Callable[[], str]) -> Step:
        number = len(self.steps) + 1
        if held is not True:
            verdict = "is false" if held is False else "is undecided, which counts as failed"
            raise ProofError(f"{self.name}, step {number} {verdict} ({because}): {why_not()}")
        step = Step(number, statement, because)
        self.steps.append(step)
        return step

    def equal(self, lhs: Any, rhs: Any, *, because: str, shown: str | None = None) -> Step:
        """Assert the identity ``lhs == rhs`` for all values that the symbols' assumptions admit.

        ``shown`` (LaTeX) replaces what the reader sees, where the sides are long and have names.
        """
        lhs, rhs = sp.sympify(lhs), sp.sympify(rhs)
        held, point = _decide(is_zero(lhs - rhs), lhs - rhs, lambda v: abs(v) > 1e-9)
        statement = shown or f"{sp.latex(lhs)} = {sp.latex(rhs)}"
        return self._accept(held, statement, because, lambda: _where(point, lhs - rhs, "lhs - rhs"))

    def nonnegative(self, expr: Any, *, because: str) -> Step:
        """Assert ``expr >= 0`` by the signs of its terms: see :func:`is_nonnegative`."""
        expr = sp.sympify(expr)
        held, point = _decide(is_nonnegative(expr), expr, lambda v: v < -1e-9)
        return self._accept(held, f"{sp.latex(expr)} \\ge 0", because, lambda: _where(point, expr, "value"))

    def positive(self, expr: Any, *, because: str) -> Step:
        """Assert ``expr > 0`` by the signs of its terms: see :func:`is_positive`."""
        expr = sp.sympify(expr)
        held, point = _decide(is_positive(expr), expr, lambda v: v <= -1e-9)
        return self._accept(held, f"{sp.latex(expr)} > 0", because, lambda: _where(point, expr, "value"))

    def at_most(self, lhs: Any, rhs: Any, *, because: str) -> Step:
        """Assert ``lhs <= rhs``: the difference is non-negative by the signs of its terms."""
        lhs, rhs = sp.sympify(lhs), sp.sympify(rhs)
        held, point = _decide(is_nonnegative(rhs - lhs), rhs - lhs, lambda v: v < -1e-9)
        statement = f"{sp.latex(lhs)} \\le {sp.latex(rhs)}"
        return self._accept(held, statement, because, lambda: _where(point, rhs - lhs, "rhs - lhs"))

    def limit(self, expr: Any, var: sp.Symbol, point: Any, value: Any, *, because: str) -> Step:
        """Assert that ``expr`` tends to ``value`` as ``var`` tends to ``point``."""
        expr, value, point = sp.sympify(expr), sp.sympify(value), sp.sympify(point)
        found = sp.limit(expr, var, point)
        difference = found - value
        held, at = None, None
        if not found.has(sp.Limit):
            held, at = _decide(is_zero(difference), difference, lambda v: abs(v) > 1e-9)
        inside = rf"\left({sp.latex(expr)}\right)" if expr.is_Add else sp.latex(expr)
        statement = rf"\lim_{{{sp.latex(var)} \to {sp.latex(point)}}} {inside} = {sp.latex(value)}"
        return self._accept(
            held, statement, because, lambda: f"sympy finds {found}; {_where(at, difference, 'found - claimed')}"
        )

    def true(self, claim: Any, *, because: str, shown: Any = None) -> Step:
        """Assert a statement that sympy has decided: a relation, ``ask(...)``, a finite exact check.

        Only what is exactly true passes: ``None`` (undecided) and an unevaluated relation do not. A claim such as
        ``ask(...)`` is a bare truth value by the time it arrives here: ``shown`` (an expression, or LaTeX) is what
        the reader sees in its place.
        """
        shown = claim if shown is None else shown
        if isinstance(claim, sp.Basic) and claim not in (sp.true, sp.false):
            claim = sp.simplify(claim)
        held = True if claim in (True, sp.true) else False if claim in (False, sp.false) else None
        statement = shown if isinstance(shown, str) else sp.latex(shown)
        return self._accept(held, statement, because, lambda: f"sympy says {claim}")

    def _repr_markdown_(self) -> str:
        return f"**{self.name}: all {len(self.steps)} steps asserted.**"

    def __repr__(self) -> str:
        return f"{self.name}: {len(self.steps)} steps asserted"


def is_zero(expr: sp.Expr) -> bool | None:
    """Say whether an expression vanishes identically: true, or None where sympy does not reduce it to 0.

    Example:
        >>> x = sp.Symbol("x", positive=True)
        >>> is_zero((x**2 - 1) / (x - 1) - x - 1), is_zero(sp.sqrt(x**2) - x), is_zero(x - 1)
        (True, True, False)
    """
    for reduce in (sp.expand, _cancel, sp.simplify, _expand_logs_and_powers, _factor_under_roots):
        reduced = reduce(expr)
        if reduced == 0:
            return True
        if reduced.is_number and reduced.is_zero is False:
            return False
    return False if reduced.is_rational_function() and _is_nonzero_polynomial(reduced) else None


def _cancel(expr: sp.Expr) -> sp.Expr:
    return sp.cancel(sp.together(expr))


def _expand_logs_and_powers(expr: sp.Expr) -> sp.Expr:
    return sp.simplify(sp.expand_log(sp.powsimp(sp.expand_power_base(sp.expand(expr)))))


def _factor_under_roots(expr: sp.Expr) -> sp.Expr:
    return sp.simplify(sp.factor(expr, deep=True))


def _is_nonzero_polynomial(expr: sp.Expr) -> bool:
    numerator = sp.expand(sp.fraction(_cancel(expr))[0])
    return bool(numerator.is_polynomial(*numerator.free_symbols)) and numerator != 0


def is_nonnegative(expr: sp.Expr) -> bool | None:
    """Certify a sign by inspection: products and sums of terms whose signs follow from the symbols' assumptions.

    The expression is put over a common denominator; numerator and denominator are factored and every factor is
    expanded. True means that each factor to an odd power is a sum of non-negative terms, and each of the
    denominator's a sum of non-negative terms with a positive one (a reader can see it). None means that no
    certificate was found.

    Example:
        >>> x, y = sp.symbols("x y", nonnegative=True)
        >>> is_nonnegative(x * y + (x - y) ** 2), is_nonnegative(x - y)
        (True, None)
    """
    return _certify(sp.sympify(expr), strict=False)


def is_positive(expr: sp.Expr) -> bool | None:
    """Certify a strict sign in the manner of :func:`is_nonnegative`.

    Example:
        >>> x = sp.Symbol("x", positive=True)
        >>> is_positive(1 / (1 + x) ** 2), is_positive(1 - x)
        (True, None)
    """
    return _certify(sp.sympify(expr), strict=True)


def _certify(expr: sp.Expr, *, strict: bool) -> bool | None:
    if expr.is_positive if strict else expr.is_nonnegative:
        return True
    for form in (expr, _cancel(expr), sp.simplify(expr)):
        numerator, denominator = sp.fraction(sp.together(form))
        if _product_sign(denominator, strict=True) and _product_sign(numerator, strict=strict):
            return True
        if _product_sign(-denominator, strict=True) and _product_sign(-numerator, strict=strict):
            return True
    return None


def _product_sign(expr: sp.Expr, *, strict: bool) -> bool:
    if _sum_sign(expr, strict=strict):
        return True
    negatives = 0
    for factor in sp.Mul.make_args(sp.factor(expr)):
        base, power = factor.as_base_exp()
        if power.is_even and base.is_real and not strict:
            continue
        if _sum_sign(factor, strict=strict) or (power.is_real and _sum_sign(base, strict=True)):
            continue
        if power.is_odd and _sum_sign(-base, strict=strict):
            negatives += 1
            continue
        return False
    return negatives % 2 == 0


def _sum_sign(expr: sp.Expr, *, strict: bool) -> bool:
    terms = sp.Add.make_args(sp.expand(expr))
    return all(t.is_nonnegative for t in terms) and (not strict or any(t.is_positive for t in terms))


def _decide(certified: bool | None, expr: sp.Expr, refutes: Refutes) -> tuple[bool | None, Point | None]:
    # A certificate is checked at a few points too: a simplification that is wrong should not pass for a proof.
    point = counterexample(expr, refutes, tries=5 if certified else 400)
    return (False if point is not None else certified), point


def counterexample(expr: sp.Expr, refutes: Refutes, tries: int = 400) -> Point | None:
    """Look for values of the free symbols, within their assumptions, at which ``refutes(value)`` is true.

    The points are fixed rationals, so the same false step fails with the same message every time.
    """
    symbols = sorted(expr.free_symbols, key=str)
    for point in islice(_points(symbols), tries if symbols else 1):
        value = sp.N(expr.subs(point), 30)
        if value.is_real and value.is_finite and refutes(float(value)):
            return point
    return None


def _points(symbols: list[sp.Symbol]) -> Iterator[Point]:
    rng = np.random.default_rng(0)
    while True:
        yield {s: _sample(s, rng) for s in symbols}


def _sample(symbol: sp.Symbol, rng: np.random.Generator) -> sp.Expr:
    if symbol.is_integer:
        low = 1 if symbol.is_positive else 0 if symbol.is_nonnegative else -6
        return sp.Integer(int(rng.integers(low, 7)))
    magnitude = sp.Rational(int(rng.integers(1, 40)), int(rng.integers(1, 40)))
    if symbol.is_nonnegative:
        return magnitude
    if symbol.is_nonpositive:
        return -magnitude
    return magnitude * int(rng.choice([-1, 1]))


def _where(point: Point | None, expr: sp.Expr, what: str) -> str:
    if point is None:
        return f"no counterexample found, {what} = {sp.simplify(expr)}"
    at = ", ".join(f"{s} = {v}" for s, v in point.items()) or "no free symbols"
    return f"at {at} the {what} is {float(sp.N(expr.subs(point))):.6g}"
