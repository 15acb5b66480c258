"""Sums of products of symbols with rational coefficients: what a layer without an activation yields, without SymPy."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

import numpy as np

from netcalc.arrays import each
from netcalc.expression import Number, Symbol, Tree
from netcalc.expression.numerals import decimals
from netcalc.expression.tree import add, divide, multiply, negate
from netcalc.graph.arithmetic.objects import Objects
from netcalc.problem import Problem
from netcalc.records import dataclass

Monomial = tuple[str, ...]  # symbols in the order of their names, so that x·y and y·x are one


@dataclass(frozen=True, slots=True)
class Term:
    """A coefficient, and the symbols in the order in which they came to be multiplied."""

    coefficient: Fraction
    symbols: Monomial


@dataclass(frozen=True, slots=True)
class Polynomial:
    """Σ terms, by monomial. It does + and *, so that NumPy's object arrays of it do the passes of linear layers."""

    terms: Mapping[Monomial, Term]

    def __add__(self, other: Polynomial | int) -> Polynomial:
        if isinstance(other, int):  # the 0 that a sum begins with
            return self
        terms = dict(self.terms)
        for monomial, term in other.terms.items():
            _put(terms, monomial, term)
        return Polynomial(terms)

    __radd__ = __add__

    def __mul__(self, other: Polynomial) -> Polynomial:
        terms: dict[Monomial, Term] = {}
        for left in self.terms.values():
            for right in other.terms.values():
                symbols = (*left.symbols, *right.symbols)
                _put(terms, tuple(sorted(symbols)), Term(left.coefficient * right.coefficient, symbols))
        return Polynomial(terms)


def _put(terms: dict[Monomial, Term], monomial: Monomial, term: Term) -> None:
    before = terms.get(monomial)
    total = term.coefficient + (before.coefficient if before else 0)
    if total:
        terms[monomial] = Term(total, before.symbols if before else term.symbols)
    else:
        terms.pop(monomial, None)


def adds_and_multiplies(problem: Problem) -> bool:
    """Whether a problem's passes add and multiply rational numbers and symbols, and nothing else."""
    plain = problem.lr is None and problem.trace is None and problem.decay is None
    plain = plain and isinstance(problem.upstream, np.ndarray)
    return plain and all(layer.activation is None for layer in problem.layers) and all(map(_is_plain, problem.tensors))


def _is_plain(tensor: np.ndarray) -> bool:
    return tensor.dtype != object or all(isinstance(entry, Number | Symbol) for entry in tensor.flat)


def _polynomial(entry: Number | Symbol | Fraction) -> Polynomial:
    if isinstance(entry, Symbol):
        return Polynomial({(entry.name,): Term(Fraction(1), (entry.name,))})
    value = entry.value if isinstance(entry, Number) else entry
    return Polynomial({(): Term(value, ())} if value else {})


def to_tree(polynomial: Polynomial) -> Tree:
    """The sum as a formula, its constant last."""
    terms = [_term(term) for monomial, term in polynomial.terms.items() if monomial]
    constant = polynomial.terms.get(())
    if constant or not terms:
        terms.append(Number(constant.coefficient if constant else Fraction(0)))
    return add(*terms)


def _term(term: Term) -> Tree:
    """`2·x`, `x`, `−x`, and thirds as `2·x/3`."""
    coefficient, factors = term.coefficient, [Symbol(name) for name in term.symbols]
    if abs(coefficient) == 1:
        product = multiply(*factors)
        return product if coefficient == 1 else negate(product)
    if decimals(coefficient) is not None:
        return multiply(Number(coefficient), *factors)
    above = _term(Term(Fraction(coefficient.numerator), term.symbols))
    return divide(above, Number(Fraction(coefficient.denominator)))


class Polynomials(Objects):
    """Polynomials in the place of SymPy's expressions, for problems that only add and multiply."""

    def array(self, tensor: np.ndarray) -> np.ndarray:
        return each(lambda entry: _polynomial(entry if isinstance(entry, Number | Symbol) else Fraction(entry)), tensor)

    def number(self, value: Fraction) -> Polynomial:
        return _polynomial(value)
