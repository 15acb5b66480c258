"""Arithmetic modulo a large prime, at places drawn at random: whether sums, products and quotients are 0 by algebra.

What is 0 by algebra is 0 at every place where nothing is divided by 0. What is not comes to 0 at a random place with a
probability of its degree over the prime: below 2^-200, as its degree is bounded (J. T. Schwartz 1980; R. Zippel 1979).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from math import isfinite, prod
from random import Random
from typing import Any

import numpy as np
from flint import arb, fmpq

from netcalc.arithmetic.balls import exactly
from netcalc.arrays import each
from netcalc.expression import Apply, Number, Tree
from netcalc.expression.tree import evaluate
from netcalc.graph.arithmetic.objects import Objects, filled

PRIME = 2**1279 - 1
MAX_DEGREE_BITS = 1000  # of the degree of what is looked at
MAX_POWER = 8
MAX_WHOLE = 2**62
RATIONAL = frozenset({"add", "subtract", "negate", "multiply", "divide", "power"})


def is_rational(tree: Tree) -> bool:
    """Whether a tree's outermost operation is one of arithmetic, with a small whole number as exponent."""
    match tree:
        case Apply("power", (_, exponent)):
            return isinstance(exponent, Number) and exponent.value.denominator == 1 and abs(exponent.value) <= MAX_POWER
        case Apply(operator):
            return operator in RATIONAL
    return False


class Residues(Objects):
    """Whole numbers modulo the prime. What divides by 0 is `given_up`: nothing is known of what comes of it."""

    def __init__(self, sizes: Mapping[str, int]) -> None:
        super().__init__(sizes)
        self.random = Random(7)  # noqa: S311 - the same question has the same answer
        self.given_up = False
        self.operations: Mapping[str, Callable[..., int]] = {
            "add": lambda *terms: sum(terms) % PRIME,
            "subtract": lambda a, b: (a - b) % PRIME,
            "negate": lambda a: -a % PRIME,
            "multiply": lambda *factors: prod(factors) % PRIME,
            "divide": lambda a, b: a * self.power(b, -1) % PRIME,
            "power": lambda base, exponent: self.power(base, signed(exponent)),
        }

    def known_or_fresh(self, value: Any) -> int:
        """A numeral as what it is, where it is known exactly, as exp(-inf) is 0; else a random number."""
        known = exactly(value) if isinstance(value, arb) else value
        if isinstance(known, fmpq) and known.height_bits() <= MAX_WHOLE.bit_length():
            return self.number(Fraction(int(known.p), int(known.q)))
        return self.random.randrange(1, PRIME)

    def array(self, tensor: np.ndarray) -> np.ndarray:
        def residue(entry: Any) -> int:
            if isinstance(entry, Number):
                return self.number(entry.value)
            is_exact = isinstance(entry, int | float) and isfinite(entry)
            return self.number(Fraction(entry)) if is_exact else self.random.randrange(1, PRIME)  # √2: whatever it is

        return each(residue, tensor)

    def number(self, value: Fraction) -> int:
        below = 1 if value.denominator == 1 else self.power(value.denominator, -1)
        return value.numerator * below % PRIME

    def power(self, base: int, exponent: int) -> int:
        """The base to a whole power."""
        if exponent < 0 and not base % PRIME:
            self.given_up = True
            return 0
        return pow(base, exponent, PRIME)

    def whole(self, array: np.ndarray) -> np.ndarray:
        numbers = [signed(one) for one in array.flat]
        if any(abs(one) > MAX_WHOLE for one in numbers):  # it is no constant
            self.given_up, numbers = True, [0] * len(numbers)
        return np.array(numbers, dtype=np.int64).reshape(array.shape)

    def settled(self, array: np.ndarray) -> np.ndarray:
        """The residues; NumPy's integers, which a slope that counts gives, are too short for the prime."""
        return each(lambda one: int(one) % PRIME, array) if array.dtype == object else array

    def apply(self, tree: Tree, columns: Mapping[str, np.ndarray], shape: tuple[int, ...]) -> np.ndarray:
        names = list(columns)
        rows = np.broadcast_arrays(*columns.values()) if columns else [filled(shape, None)]

        def one(*entries: int) -> int:
            known = dict(zip(names, entries, strict=False))

            def leaf(node: Any) -> int:
                return self.number(node.value) if isinstance(node, Number) else known[node.name]

            return evaluate(tree, self.operations, leaf)

        return each(one, *rows)


def signed(residue: int) -> int:
    """The number of small size that a residue is, if it is one."""
    return residue if residue <= PRIME // 2 else residue - PRIME
