"""Formulas as ratios of polynomials in atoms, such as x, exp(x) and log|x + 1|, which algebra keeps apart.

An atom that is algebraic, as √x or cos x beside sin x, has a relation, by which its higher powers are written in lower
ones. So the ratio 0 is a proof that a formula is 0. What has a kink has one form on each side; the side is that of a
point, and each sign that was asked for there is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from fractions import Fraction
from math import comb
from typing import Any

from flint import Ordering, arb, fmpq, fmpq_mpoly_ctx

from netcalc.arithmetic.balls import ball, precision, sign
from netcalc.records import NamedTuple

MAX_ATOMS = 40
MAX_TERMS = 1500  # of a polynomial
MAX_PRODUCTS = 60_000  # of terms, in one product
MAX_BITS = 20_000  # of a power of a number
MAX_REDUCED = (300, 40)  # terms and degree of what is made shorter by a common divisor
MAX_FACTORED = (60, 24)  # terms and degree of what is factored
SIGN_BITS = 320

Polynomial = Any  # flint.fmpq_mpoly
Units = dict[Hashable, Fraction]


class TooLong(Exception):
    """The ratio has more terms, or atoms, than are worked with."""


class Undecided(Exception):
    """A sign that has to be known is not, or what is asked for has no value."""


class Finer(Exception):
    """An atom has to be a root of what it was."""


class Ratio(NamedTuple):
    """One polynomial over another."""

    above: Polynomial
    below: Polynomial


class Atom(NamedTuple):
    """A function, `of` something; the degree and the polynomial of its relation, if it has one."""

    value: Callable[..., Any]
    of: tuple[Ratio, ...]
    degree: int = 0
    power: Polynomial = None
    made_of: tuple[Any, ...] = ()


class Ratios:
    """The ratios in the atoms that were made so far, at a point.

    `units` are the least multiples of what stands within an exponential, a root or a sine, to be known before.
    """

    def __init__(self, point: Mapping[str, Fraction], units: Units) -> None:
        self.point, self.units = point, units
        self.polynomials = fmpq_mpoly_ctx.get([f"g{place}" for place in range(MAX_ATOMS)], Ordering.lex)
        self.letters = self.polynomials.gens()
        self.unity = self.polynomials.constant(1)
        self.atoms: list[Atom] = []
        self.places: dict[Hashable, int] = {}
        self.signs: list[tuple[Ratio, int]] = []
        self.zero, self.one = self.number(0), self.number(1)

    # --- arithmetic -------------------------------------------------------------------------------------------------

    def number(self, value: Fraction | int) -> Ratio:
        exact = Fraction(value)
        if max(exact.numerator.bit_length(), exact.denominator.bit_length()) > MAX_BITS:
            raise TooLong
        return Ratio(self.polynomials.constant(fmpq(exact.numerator, exact.denominator)), self.unity)

    def rational(self, one: Ratio) -> Fraction | None:
        """The number that a ratio is; None of others."""
        if not (one.above.is_constant() and one.below.is_constant()):
            return None
        value = _constant(one.above) / _constant(one.below)
        return Fraction(int(value.p), int(value.q))

    def add(self, a: Ratio, b: Ratio) -> Ratio:
        if a.below == b.below:
            return self.ratio(a.above + b.above, a.below)
        return self.ratio(self.times(a.above, b.below) + self.times(b.above, a.below), self.times(a.below, b.below))

    def subtract(self, a: Ratio, b: Ratio) -> Ratio:
        return self.add(a, self.negate(b))

    def negate(self, a: Ratio) -> Ratio:
        return Ratio(-a.above, a.below)

    def multiply(self, a: Ratio, b: Ratio) -> Ratio:
        return self.ratio(self.times(a.above, b.above), self.times(a.below, b.below))

    def divide(self, a: Ratio, b: Ratio) -> Ratio:
        if not b.above:
            raise Undecided
        return self.multiply(a, Ratio(b.below, b.above))

    def power(self, a: Ratio, exponent: int) -> Ratio:
        if exponent < 0:
            return self.power(self.divide(self.one, a), -exponent)
        for one in a:
            if len(one) > 1 and comb(min(len(one) - 1 + exponent, 10**6), min(len(one) - 1, 50)) > MAX_TERMS:
                raise TooLong
            if exponent * max((_bits(number) for number in one.coeffs()), default=0) > MAX_BITS:
                raise TooLong
        return self.ratio(a.above**exponent, a.below**exponent)

    def total(self, *parts: Ratio) -> Ratio:
        found = parts[0]
        for one in parts[1:]:
            found = self.add(found, one)
        return found

    def product(self, *parts: Ratio) -> Ratio:
        found = parts[0]
        for one in parts[1:]:
            found = self.multiply(found, one)
        return found

    def magnitude(self, a: Ratio) -> Ratio:
        return self.negate(a) if self.sign(a) < 0 else a

    def extreme(self, side: int, *parts: Ratio) -> Ratio:
        found = parts[0]
        for one in parts[1:]:
            if self.sign(self.subtract(one, found)) == side:
                found = one
        return found

    def scaled(self, a: Ratio, number: Fraction) -> Ratio:
        return self.multiply(a, self.number(number))

    def times(self, a: Polynomial, b: Polynomial) -> Polynomial:
        if len(a) * len(b) > MAX_PRODUCTS:
            raise TooLong
        return a * b

    def ratio(self, above: Polynomial, below: Polynomial) -> Ratio:
        """above/below, its relations used and common divisors taken out."""
        above, below = self.lowered(above), self.lowered(below)
        if not below:
            raise Undecided
        if max(len(above), len(below)) > MAX_TERMS:
            raise TooLong
        if not above:
            return Ratio(above, self.unity)
        if not below.is_constant() and max(map(len, (above, below))) <= MAX_REDUCED[0] and self._is_low(above, below):
            common = above.gcd(below)
            above, below = above / common, below / common
        lead = below.leading_coefficient()
        return Ratio(above / lead, below / lead)

    def _is_low(self, *polynomials: Polynomial) -> bool:
        return all(one.total_degree() <= MAX_REDUCED[1] for one in polynomials)

    def lowered(self, polynomial: Polynomial) -> Polynomial:
        """The same by the relations of its atoms, the last made first: their definitions are in those before them."""
        degrees = polynomial.degrees()
        for place in range(len(self.atoms) - 1, -1, -1):
            atom = self.atoms[place]
            if not atom.degree or degrees[place] < atom.degree:
                continue
            parts: dict[int, dict[tuple[int, ...], Any]] = {}
            for exponents, number in polynomial.to_dict().items():
                times, rest = divmod(int(exponents[place]), atom.degree)
                parts.setdefault(times, {})[(*exponents[:place], rest, *exponents[place + 1 :])] = number
            if max(parts) * len(atom.power) > MAX_TERMS:
                raise TooLong
            found = self.polynomials.constant(0)
            for times, terms in parts.items():
                found += self.times(self.polynomials.from_dict(terms), atom.power**times)
            polynomial, degrees = found, found.degrees()
        return polynomial

    # --- atoms ------------------------------------------------------------------------------------------------------

    def atom(self, key: Hashable, value: Callable[..., Any], *of: Ratio, **relation: Any) -> Ratio:
        """The atom with that key, made where there is none."""
        if key not in self.places:
            if len(self.atoms) == MAX_ATOMS:
                raise TooLong
            self.places[key] = len(self.atoms)
            self.atoms.append(Atom(value, of, **relation))
        return Ratio(self.letters[self.places[key]], self.unity)

    def made_of(self, polynomial: Polynomial) -> tuple[Any, ...]:
        """What the atom is made of that a polynomial is; nothing for others."""
        return next((atom.made_of for n, atom in enumerate(self.atoms) if self.letters[n] == polynomial), ())

    def key(self, one: Ratio) -> Hashable:
        """Equal for equal ratios."""
        return str(one.above), str(one.below)

    def multiples(self, key: Hashable, part: Fraction) -> int:
        """How many of the unit with that key a part is. Raises Finer, the unit made finer, where it is no whole one."""
        known = self.units.setdefault(key, abs(part))
        count = part / known
        if count.denominator != 1:
            self.units[key] = known / count.denominator
            raise Finer
        return int(count)

    def terms(self, one: Ratio) -> Iterator[tuple[Fraction, Ratio]]:
        """What a ratio is the sum of: numbers, each with what it is the multiple of."""
        whole, rest = divmod(one.above, one.below) if not one.below.is_constant() else (one.above, one.above * 0)
        for polynomial, below in ((whole, self.unity), (rest, one.below)):
            scale = _constant(one.below) if one.below.is_constant() else fmpq(1)
            for exponents, number in polynomial.to_dict().items():
                times = number / scale
                own = self.polynomials.from_dict({exponents: fmpq(1)})
                yield Fraction(int(times.p), int(times.q)), self.ratio(own, below)

    def factors(self, polynomial: Polynomial) -> tuple[Fraction, list[tuple[Polynomial, int]]]:
        """A number, and polynomials with their powers, whose product it is."""
        if len(polynomial) <= MAX_FACTORED[0] and polynomial.total_degree() <= MAX_FACTORED[1]:
            number, found = polynomial.factor()
        else:
            number = polynomial.leading_coefficient()
            found = [(polynomial / number, 1)]
        return Fraction(int(number.p), int(number.q)), [(one, int(many)) for one, many in found]

    # --- values -----------------------------------------------------------------------------------------------------

    def sign(self, one: Ratio) -> int:
        """The sign of a ratio at the point, which holds for the piece around it. Raises Undecided."""
        if (known := self.rational(one)) is not None:
            return (known > 0) - (known < 0)
        with precision(SIGN_BITS):
            found = sign(self.value(one, self.point))
        if not found:
            raise Undecided
        self.signs.append((one, found))
        return found

    def value(self, one: Ratio, point: Mapping[str, Fraction]) -> Any:
        """A ratio at a point, in balls."""
        values: dict[int, Any] = {}
        return self._value(one.above, point, values) / self._value(one.below, point, values)

    def above_at(self, one: Ratio, point: Mapping[str, Fraction]) -> Any:
        """A ratio's numerator at a point, in balls."""
        return self._value(one.above, point, {})

    def _value(self, polynomial: Polynomial, point: Mapping[str, Fraction], values: dict[int, Any]) -> arb:
        total = arb(0)
        for exponents, number in polynomial.to_dict().items():
            product = arb(number)
            for place, exponent in enumerate(exponents[: len(self.atoms)]):
                if exponent:
                    product *= self._of_atom(place, point, values) ** exponent
            total += product
        return total

    def _of_atom(self, place: int, point: Mapping[str, Fraction], values: dict[int, Any]) -> Any:
        if place not in values:
            atom = self.atoms[place]
            parts = [self._value(a, point, values) / self._value(b, point, values) for a, b in atom.of]
            values[place] = ball(atom.value(point, *parts))
        return values[place]


def _constant(polynomial: Polynomial) -> fmpq:
    return polynomial.leading_coefficient() if polynomial else fmpq(0)


def _bits(number: fmpq) -> int:
    return 0 if abs(number) == 1 else max(int(number.p).bit_length(), int(number.q).bit_length())
