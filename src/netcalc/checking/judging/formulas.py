"""Trees read as ratios of polynomials: exponentials, logarithms, roots, angles, and all else."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from fractions import Fraction
from typing import Any

from flint import arb, fmpq, fmpz

from netcalc.arithmetic.balls import OPERATIONS
from netcalc.checking.judging.ratios import Polynomial, Ratio, Ratios, TooLong, Undecided
from netcalc.derivation.derive import expand
from netcalc.expression import Constant, Number, Tree, share
from netcalc.expression.tree import Leaf, fold_all

MAX_NODES = 1500
MAX_TURNS = 12  # multiples of an angle that are written in its sine and cosine
MAX_PRIME_BITS = 64
HALF = Fraction(1, 2)
Value = Ratio | bool | None  # None is no number


class Formulas:
    """Trees read as ratios."""

    def __init__(self, ratios: Ratios) -> None:
        self.ratios = ratios

    def read(self, trees: Sequence[Tree]) -> list[Ratio]:
        """Trees as ratios. Raises Undecided for what has no value."""
        grown = [expand(tree) for tree in trees]
        if len(share(grown).nodes) > MAX_NODES:
            raise TooLong
        found = fold_all(grown, self._leaf, self._apply)
        kept = [one for one in found if isinstance(one, Ratio)]
        if len(kept) < len(found):
            raise Undecided
        return kept

    def _leaf(self, leaf: Leaf) -> Value:
        if isinstance(leaf, Number):
            return self.ratios.number(leaf.value)
        if isinstance(leaf, Constant):
            return self.exp(self.ratios.one) if leaf.name == "e" else self.pi
        name = leaf.name
        return self.ratios.atom(("symbol", name), lambda point: arb(fmpq(*point[name].as_integer_ratio())))

    @property
    def pi(self) -> Ratio:
        return self.ratios.atom("pi", lambda _: arb.pi())

    def _apply(self, operator: str, arguments: tuple[Value, ...]) -> Value:
        if operator == "where":
            return None if arguments[0] is None else arguments[1] if arguments[0] else arguments[2]
        if None in arguments:
            return None
        if operator in CONDITIONS:
            return CONDITIONS[operator](arguments)
        parts: Any = arguments
        try:
            if operator in COMPARISONS:
                return COMPARISONS[operator](self.ratios.sign(self.ratios.subtract(*parts)))
            return ROWS[operator](self, *parts) if operator in ROWS else self.other(operator, *parts)
        except Undecided:
            if operator in ("divide", "power", "log", "sqrt", "atanh", "acosh", "asin", "acos"):
                return None
            raise

    # --- exponentials, logarithms, roots ----------------------------------------------------------------------------

    def exp(self, a: Ratio) -> Ratio:
        found = self.ratios.one
        for number, part in self.ratios.terms(a):
            found = self.ratios.multiply(found, self._exponential(number, part))
        return found

    def _exponential(self, number: Fraction, part: Ratio) -> Ratio:
        """exp(number·part), a power of an atom; of a logarithm what that is of."""
        of = self.ratios.made_of(part.above) if part.below == self.ratios.unity else ()
        if of and of[0] == "log":
            return self._factor_to(of[1], number)
        count = self.ratios.multiples(key := ("exp", self.ratios.key(part)), number)
        unit = self.ratios.scaled(part, self.ratios.units[key])
        atom = self.ratios.atom(
            key, lambda _, value: OPERATIONS["exp"](value), unit, made_of=("exp", self.ratios.units[key], part)
        )
        return self.ratios.power(atom, count)

    def log(self, a: Ratio) -> Ratio:
        if self.ratios.sign(a) <= 0:
            raise Undecided
        found = self.ratios.zero
        for polynomial, side in ((a.above, 1), (a.below, -1)):
            number, factors = self.ratios.factors(polynomial)
            for prime, many in self._primes(abs(number)):
                found = self.ratios.add(found, self.ratios.scaled(self._log_of(prime), Fraction(side * many)))
            for factor, many in factors:
                found = self.ratios.add(found, self.ratios.scaled(self._log_of(factor), Fraction(side * many)))
        return found

    def _log_of(self, factor: Polynomial) -> Ratio:
        """log|factor|"""
        of = self.ratios.made_of(factor)
        if of and of[0] == "exp":
            return self.ratios.scaled(of[2], of[1])
        if of and of[0] == "root":
            return self.ratios.scaled(self._log_of(of[2]), of[1])
        inside = self.ratios.magnitude(Ratio(factor, self.ratios.unity))
        return self.ratios.atom(
            ("log", str(factor)), lambda _, value: OPERATIONS["log"](value), inside, made_of=("log", factor)
        )

    def _primes(self, number: Fraction) -> list[tuple[Polynomial, int]]:
        """The primes of a number, with their powers, as polynomials; a long number as it is."""
        found: list[tuple[Polynomial, int]] = []
        for whole, side in ((number.numerator, 1), (number.denominator, -1)):
            if whole > 1:
                known = fmpz(whole).factor() if whole.bit_length() <= MAX_PRIME_BITS else [(whole, 1)]
                found += [(self.ratios.polynomials.constant(fmpq(prime)), side * int(many)) for prime, many in known]
        return found

    def to(self, a: Ratio, exponent: Ratio) -> Ratio:
        """a^exponent."""
        number = self.ratios.rational(exponent)
        if number is None:
            return self.exp(self.ratios.multiply(exponent, self.log(a)))
        if number.denominator == 1:
            if not a.above and number <= 0:
                raise Undecided
            return self.ratios.power(a, int(number))
        side = self.ratios.sign(a)
        if side < 0 and number.denominator % 2 == 0:
            raise Undecided
        if not side:
            return self.ratios.zero
        found = self.ratios.number(side**number.numerator)
        for polynomial, upright in ((a.above, 1), (a.below, -1)):
            own, factors = self.ratios.factors(polynomial)
            for factor, many in (*self._primes(abs(own)), *factors):
                found = self.ratios.multiply(found, self._factor_to(factor, number * many * upright))
        return found

    def _factor_to(self, factor: Polynomial, exponent: Fraction) -> Ratio:
        """|factor|^exponent"""
        of = self.ratios.made_of(factor)
        if of and of[0] == "exp":
            return self._exponential(of[1] * exponent, of[2])
        if of and of[0] == "root":
            return self._factor_to(of[2], of[1] * exponent)
        inside = self.ratios.magnitude(Ratio(factor, self.ratios.unity))
        self.ratios.units.setdefault(key := ("root", str(factor)), Fraction(1))
        count = self.ratios.multiples(key, exponent)
        unit = self.ratios.units[key]
        if unit == 1:
            return self.ratios.power(inside, count)
        atom = self.ratios.atom(
            key,
            lambda _, value: OPERATIONS["power"](value, fmpq(unit.numerator, unit.denominator)),
            inside,
            degree=unit.denominator,
            power=inside.above,
            made_of=("root", unit, factor),
        )
        return self.ratios.power(atom, count)

    def root(self, a: Ratio, of: int) -> Ratio:
        return self.to(a, self.ratios.number(Fraction(1, of)))

    # --- angles -----------------------------------------------------------------------------------------------------

    def turned(self, a: Ratio) -> tuple[Ratio, Ratio]:
        """sin a, cos a"""
        found = self.ratios.zero, self.ratios.one
        for number, part in self.ratios.terms(a):
            found = self._together(found, self._angle(number, part))
        return found

    def _together(self, a: tuple[Ratio, Ratio], b: tuple[Ratio, Ratio]) -> tuple[Ratio, Ratio]:
        times = self.ratios.multiply
        return (
            self.ratios.add(times(a[0], b[1]), times(a[1], b[0])),
            self.ratios.subtract(times(a[1], b[1]), times(a[0], b[0])),
        )

    def _angle(self, number: Fraction, part: Ratio) -> tuple[Ratio, Ratio]:
        """The sine and the cosine of number·part."""
        is_turn = part == self.pi
        if is_turn and (number * 2).denominator == 1:
            quarter = int(number * 2) % 4
            return self.ratios.number((0, 1, 0, -1)[quarter]), self.ratios.number((1, 0, -1, 0)[quarter])
        of = self.ratios.made_of(part.above) if part.below == self.ratios.unity else ()
        if of and of[0] == "atan" and number == 1:
            size = self.root(self.ratios.add(self.ratios.one, self.ratios.product(of[1], of[1])), 2)
            return self.ratios.divide(of[1], size), self.ratios.divide(self.ratios.one, size)
        key: Hashable = ("angle", self.ratios.key(part))
        count = self.ratios.multiples(key, number)
        if abs(count) > MAX_TURNS:
            key, count = (key, abs(number)), (1 if number > 0 else -1)
            self.ratios.units[key] = abs(number)
        inside = self.ratios.scaled(part, self.ratios.units[key])
        sine = self.ratios.atom(("sin", key), lambda _, value: OPERATIONS["sin"](value), inside)
        cosine = self.ratios.atom(
            ("cos", key), lambda _, value: OPERATIONS["cos"](value), inside, degree=2, power=1 - sine.above**2
        )
        found = self.ratios.zero, self.ratios.one
        for _ in range(abs(count)):
            found = self._together(found, (sine, cosine))
        return (found[0] if count > 0 else self.ratios.negate(found[0])), found[1]

    def atan(self, a: Ratio) -> Ratio:
        if not a.above:
            return a
        if (known := self.ratios.rational(a)) is not None and abs(known) == 1:
            return self.ratios.scaled(self.pi, known / 4)
        side = 1 if a.above.leading_coefficient() > 0 else -1
        inside = self.ratios.scaled(a, Fraction(side))
        atom = self.ratios.atom(
            ("atan", self.ratios.key(inside)),
            lambda _, value: OPERATIONS["atan"](value),
            inside,
            made_of=("atan", inside),
        )
        return self.ratios.scaled(atom, Fraction(side))

    def asin(self, a: Ratio) -> Ratio:
        if (known := self.ratios.rational(a)) is not None and abs(known) == 1:
            return self.ratios.scaled(self.pi, known / 2)
        beside = self.ratios.subtract(self.ratios.one, self.ratios.product(a, a))
        return self.atan(self.ratios.divide(a, self.root(beside, 2)))

    def atan2(self, y: Ratio, x: Ratio) -> Ratio:
        found = self.atan(self.ratios.divide(y, x))
        if self.ratios.sign(x) > 0:
            return found
        return self.ratios.add(found, self.ratios.scaled(self.pi, Fraction(1 if self.ratios.sign(y) >= 0 else -1)))

    # --- all others -------------------------------------------------------------------------------------------------

    def other(self, operator: str, *parts: Ratio) -> Ratio:
        """A function that algebra says nothing of."""
        value = OPERATIONS[operator]
        keys = tuple(map(self.ratios.key, parts))
        return self.ratios.atom((operator, keys), lambda _, *values: value(*values), *parts)

    def odd(self, operator: str, a: Ratio) -> Ratio:
        side = -1 if a.above and a.above.leading_coefficient() < 0 else 1
        return self.ratios.scaled(self.other(operator, self.ratios.scaled(a, Fraction(side))), Fraction(side))

    def hyperbolic(self, a: Ratio) -> tuple[Ratio, Ratio]:
        """sinh a, cosh a"""
        grown = self.exp(a)
        shrunk = self.ratios.divide(self.ratios.one, grown)
        return (
            self.ratios.scaled(self.ratios.subtract(grown, shrunk), HALF),
            self.ratios.scaled(self.ratios.add(grown, shrunk), HALF),
        )

    def inverse(self, a: Ratio, side: int) -> Ratio:
        """asinh a, or acosh a where `side` is -1."""
        root = self.root(self.ratios.add(self.ratios.product(a, a), self.ratios.number(side)), 2)
        return self.log(self.ratios.add(a, root))


def _over(
    pair: Callable[[Formulas, Ratio], tuple[Ratio, Ratio]], above: int, below: int | None
) -> Callable[..., Ratio]:
    """The quotient of two of a pair, (sine, cosine); 1 stands in place -1."""

    def applied(formulas: Formulas, a: Ratio) -> Ratio:
        own = *pair(formulas, a), formulas.ratios.one
        return own[above] if below is None else formulas.ratios.divide(own[above], own[below])

    return applied


TURNED, HYPERBOLIC = Formulas.turned, Formulas.hyperbolic
ROWS: Mapping[str, Callable[..., Ratio]] = {
    "add": lambda own, *parts: own.ratios.total(*parts),
    "subtract": lambda own, a, b: own.ratios.subtract(a, b),
    "multiply": lambda own, *parts: own.ratios.product(*parts),
    "divide": lambda own, a, b: own.ratios.divide(a, b),
    "negate": lambda own, a: own.ratios.negate(a),
    "power": Formulas.to,
    "sqrt": lambda own, a: own.root(a, 2),
    "cbrt": lambda own, a: own.root(a, 3),
    "exp": Formulas.exp,
    "expm1": lambda own, a: own.ratios.subtract(own.exp(a), own.ratios.one),
    "log": Formulas.log,
    "log1p": lambda own, a: own.log(own.ratios.add(a, own.ratios.one)),
    "log2": lambda own, a: own.ratios.divide(own.log(a), own.log(own.ratios.number(2))),
    "log10": lambda own, a: own.ratios.divide(own.log(a), own.log(own.ratios.number(10))),
    "sin": _over(TURNED, 0, None),
    "cos": _over(TURNED, 1, None),
    "tan": _over(TURNED, 0, 1),
    "cot": _over(TURNED, 1, 0),
    "sec": _over(TURNED, -1, 1),
    "csc": _over(TURNED, -1, 0),
    "sinh": _over(HYPERBOLIC, 0, None),
    "cosh": _over(HYPERBOLIC, 1, None),
    "tanh": _over(HYPERBOLIC, 0, 1),
    "sech": _over(HYPERBOLIC, -1, 1),
    "asinh": lambda own, a: own.inverse(a, 1),
    "acosh": lambda own, a: own.inverse(a, -1),
    "atanh": lambda own, a: own.ratios.scaled(
        own.log(own.ratios.divide(own.ratios.add(own.ratios.one, a), own.ratios.subtract(own.ratios.one, a))), HALF
    ),
    "atan": Formulas.atan,
    "asin": Formulas.asin,
    "acos": lambda own, a: own.ratios.subtract(own.ratios.scaled(own.pi, HALF), own.asin(a)),
    "atan2": Formulas.atan2,
    "abs": lambda own, a: own.ratios.magnitude(a),
    "sign": lambda own, a: own.ratios.number(own.ratios.sign(a)),
    "max": lambda own, *parts: own.ratios.extreme(1, *parts),
    "min": lambda own, *parts: own.ratios.extreme(-1, *parts),
    "erf": lambda own, a: own.odd("erf", a),
    "erfc": lambda own, a: own.ratios.subtract(own.ratios.one, own.odd("erf", a)),
    "erfinv": lambda own, a: own.odd("erfinv", a),
}
COMPARISONS: Mapping[str, Callable[[int], bool]] = {
    "less": lambda side: side < 0,
    "less_equal": lambda side: side <= 0,
    "greater": lambda side: side > 0,
    "greater_equal": lambda side: side >= 0,
    "equal": lambda side: side == 0,
    "unequal": lambda side: side != 0,
}
CONDITIONS: Mapping[str, Callable[[tuple[Any, ...]], bool]] = {"and": all, "or": any, "not": lambda parts: not parts[0]}
