"""Exact arithmetic on indeterminates: sums of products of powers of them, and of one over such sums.

What comes to 0 here is 0 whatever numbers the indeterminates stand for, as long as nothing is divided by 0.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from fractions import Fraction
from math import isfinite
from typing import Any

import numpy as np

from netcalc.arrays import each
from netcalc.expression import Apply, Number, Tree
from netcalc.expression.tree import evaluate
from netcalc.graph.arithmetic.objects import Objects, filled
from netcalc.records import dataclass

Monomial = tuple[tuple[int, int], ...]  # an indeterminate's number and its exponent, by number
Terms = dict[Monomial, Fraction]

MAX_OPERATIONS = 400_000  # on terms, of one expression: about a second
MONOMIAL_LENGTH = 4  # indeterminates of two monomials that are multiplied: with so many more it takes twice as long
MAX_POWER = 8
RATIONAL = frozenset({"add", "subtract", "negate", "multiply", "divide", "power"})


@dataclass
class Ring:
    """The indeterminates: those that stand for one over a sum have it in `sums`.

    What takes too long, or divides by 0, is `given_up`, and what comes of it afterwards means nothing: NumPy's loops
    over objects do not bear exceptions.
    """

    most: int = MAX_OPERATIONS
    count: int = 0
    operations: int = 0
    given_up: bool = False
    sums: dict[int, Expression] = field(default_factory=dict)
    reciprocals: dict[frozenset[tuple[Monomial, Fraction]], int] = field(default_factory=dict)

    def fresh(self) -> Expression:
        """One more indeterminate."""
        self.count += 1
        return Expression(self, {((self.count, 1),): Fraction(1)})

    def constant(self, value: Fraction) -> Expression:
        """A number."""
        return Expression(self, {(): value} if value else {})

    def spend(self, operations: int) -> bool:
        """Whether there is room for so many more operations."""
        self.operations += operations
        self.given_up |= self.operations > self.most
        return not self.given_up


@dataclass(frozen=True, slots=True, eq=False)
class Expression:
    """A sum of terms, each a rational number times powers of indeterminates."""

    ring: Ring
    terms: Terms

    def __add__(self, other: Expression) -> Expression:
        if not self.ring.spend(len(other.terms) + 1):
            return self
        terms = dict(self.terms)
        for monomial, number in other.terms.items():
            total = terms.get(monomial, 0) + number
            if total:
                terms[monomial] = total
            else:
                terms.pop(monomial, None)
        return Expression(self.ring, terms)

    def __mul__(self, other: Expression) -> Expression:
        length = len(next(iter(self.terms), ())) + len(next(iter(other.terms), ()))
        if not self.ring.spend(len(self.terms) * len(other.terms) * (1 + length // MONOMIAL_LENGTH) + 1):
            return self
        terms: Terms = {}
        for one, number in self.terms.items():
            for another, factor in other.terms.items():
                monomial = _product(one, another)
                total = terms.get(monomial, 0) + number * factor
                if total:
                    terms[monomial] = total
                else:
                    terms.pop(monomial, None)
        return Expression(self.ring, terms)

    def reciprocal(self) -> Expression:
        """One over it: of a single term that term inverted, of a sum an indeterminate of its own."""
        if not self.terms:
            self.ring.given_up = True
        if self.ring.given_up:
            return self
        first = min(self.terms)
        inverse = Expression(self.ring, {tuple((name, -power) for name, power in first): 1 / self.terms[first]})
        if len(self.terms) == 1:
            return inverse
        plain = self * inverse  # 1 + …, so that multiples have one reciprocal
        key = frozenset(plain.terms.items())
        if key not in self.ring.reciprocals:
            ((((number, _),), _),) = self.ring.fresh().terms.items()
            self.ring.reciprocals[key] = number
            self.ring.sums[number] = plain
        return inverse * Expression(self.ring, {((self.ring.reciprocals[key], 1),): Fraction(1)})

    def power(self, exponent: int) -> Expression:
        """It to a whole power."""
        base = self if exponent >= 0 else self.reciprocal()
        found = self.ring.constant(Fraction(1))
        for _ in range(abs(exponent)):
            found = found * base
        return found

    def is_zero(self) -> bool:
        """Whether it is 0 with each indeterminate replaced that stands for one over a sum."""
        left = self
        while left.terms and not left.ring.given_up:
            last = max(
                (name for monomial in left.terms for name, _ in monomial if name in self.ring.sums), default=None
            )
            if last is None:
                return False
            left = left.without(last)
        return not left.ring.given_up

    def without(self, name: int) -> Expression:
        """It times so many of the sum that the indeterminate is one over, that this is gone."""
        below = self.ring.sums[name]
        most = max(dict(monomial).get(name, 0) for monomial in self.terms)
        by_power: dict[int, Terms] = {}
        for monomial, number in self.terms.items():
            power = dict(monomial).get(name, 0)
            by_power.setdefault(most - power, {})[tuple(pair for pair in monomial if pair[0] != name)] = number
        total = self.ring.constant(Fraction(0))
        for power, terms in by_power.items():
            total = total + Expression(self.ring, terms) * below.power(power)
        return total

    @property
    def number(self) -> Fraction | None:
        """The number that it is, if it is one."""
        return self.terms.get((), Fraction(0)) if self.terms.keys() <= {()} else None


def _product(a: Monomial, b: Monomial) -> Monomial:
    powers = dict(a)
    for name, power in b:
        powers[name] = powers.get(name, 0) + power
    return tuple(sorted(pair for pair in powers.items() if pair[1]))


def is_rational(tree: Tree) -> bool:
    """Whether a tree's outermost operation is one of arithmetic, with a small whole number as exponent."""
    match tree:
        case Apply("power", (_, exponent)):
            return isinstance(exponent, Number) and exponent.value.denominator == 1 and abs(exponent.value) <= MAX_POWER
        case Apply(operator):
            return operator in RATIONAL
    return False


class Laurent(Objects):
    """Expressions in place of numbers."""

    def __init__(self, ring: Ring, sizes: Mapping[str, int]) -> None:
        super().__init__(sizes)
        self.ring = ring

    def array(self, tensor: np.ndarray) -> np.ndarray:
        def constant(entry: Any) -> Expression:
            if isinstance(entry, Number):
                return self.ring.constant(entry.value)
            is_exact = isinstance(entry, int | float) and isfinite(entry)
            return self.ring.constant(Fraction(entry)) if is_exact else self.ring.fresh()  # √2, π: whatever it is

        return each(constant, tensor)

    def number(self, value: Fraction) -> Expression:
        return self.ring.constant(value)

    def whole(self, array: np.ndarray) -> np.ndarray:
        known = [one.number for one in array.flat]
        self.ring.given_up |= any(one is None or one.denominator != 1 for one in known)
        return np.array([int(one or 0) for one in known], dtype=np.int64).reshape(array.shape)

    def fresh(self, shape: tuple[int, ...]) -> np.ndarray:
        """An indeterminate an entry."""
        return each(lambda _: self.ring.fresh(), filled(shape, None))

    def apply(self, tree: Tree, columns: Mapping[str, np.ndarray], shape: tuple[int, ...]) -> np.ndarray:
        names = list(columns)
        rows = np.broadcast_arrays(*columns.values()) if columns else [filled(shape, None)]

        def one(*entries: Expression) -> Expression:
            known = dict(zip(names, entries, strict=False))

            def leaf(node: Any) -> Expression:
                return self.ring.constant(node.value) if isinstance(node, Number) else known[node.name]

            return evaluate(tree, OPERATIONS, leaf)

        return each(one, *rows)


def _sum(*terms: Expression) -> Expression:
    total = terms[0]
    for term in terms[1:]:
        total = total + term
    return total


def _times(*factors: Expression) -> Expression:
    total = factors[0]
    for factor in factors[1:]:
        total = total * factor
    return total


def _negated(a: Expression) -> Expression:
    return a * a.ring.constant(Fraction(-1))


def _power(base: Expression, exponent: Expression) -> Expression:
    if exponent.number is None or exponent.number.denominator != 1:
        base.ring.given_up = True
        return base
    return base.power(exponent.number.numerator)


OPERATIONS: Mapping[str, Callable[..., Expression]] = {
    "add": _sum,
    "subtract": lambda a, b: a + _negated(b),
    "negate": _negated,
    "multiply": _times,
    "divide": lambda a, b: a * b.reciprocal(),
    "power": _power,
}
