"""A number as it was written, and how precisely that says it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from flint import arb, fmpq

from netcalc.arithmetic.balls import OPERATIONS, ball
from netcalc.derivation.derive import expand
from netcalc.errors import ExpressionError
from netcalc.expression import Constant, Number, Symbol, Tree, evaluate, is_constant, parse
from netcalc.expression.numerals import decimals

PLAIN = re.compile(r"[+\-−]?(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,6}))?")
FLOAT64_DIGITS = range(15, 18)  # as many as a float64 is printed with
LONG = 40  # characters: more than a number of less than float64's digits takes
ROUNDED_DIGITS = 3  # of a decimal within an expression, from which on it is taken as a rounded one


@dataclass(frozen=True, slots=True)
class Written:
    """What stands behind the `=`: a text and its tree.

    For a plain decimal `place` is the power of ten of its last digit, `digits` how many significant ones it has.
    A whole number may be exact, so `place` is that of its last digit, and `whole` is set. `machine` says that it is
    what a program computed in binary, right to nearly all its digits at most.
    """

    text: str
    tree: Tree
    place: int | None = None
    digits: int = 0
    whole: bool = False
    machine: bool = False
    single: bool = False

    @property
    def is_constant(self) -> bool:
        """Whether no name occurs."""
        return is_constant(self.tree)

    @property
    def value(self) -> Fraction | None:
        """The plain decimal that it is, exactly; None for an expression."""
        return self.tree.value if isinstance(self.tree, Number) else None


def read(text: str) -> Written:
    """A decimal, a fraction, a constant expression or a formula. Raises ExpressionError."""
    stripped = text.strip()
    plain = PLAIN.fullmatch(stripped)
    if plain is None or not (plain[1] or plain[2]):
        if not stripped:
            raise ExpressionError("there is nothing after the '='")
        tree = parse(text)
        if isinstance(tree, Number) and tree.value.denominator == 1:
            return Written(stripped, tree, 0, _significant(str(abs(tree.value.numerator))), whole=True)
        return Written(stripped, tree)
    before, behind, exponent = plain.groups()
    tree = parse(stripped)
    digits = _significant(before + (behind or ""))
    place = int(exponent or 0) - len(behind or "")
    whole = behind is None and exponent is None
    return Written(stripped, tree, place, digits, whole=whole, machine=_is_float64(tree, digits))


def _is_float64(tree: Tree, digits: int) -> bool:
    """Whether so many digits are those of a float64, be they as many as it takes or its exact value's."""
    if not isinstance(tree, Number) or digits < FLOAT64_DIGITS.start:
        return False
    if digits in FLOAT64_DIGITS:
        return True
    try:
        return Fraction(f"{float(tree.value):.{digits - 1}e}") == tree.value
    except (OverflowError, ValueError):
        return False


def _significant(digits: str) -> int:
    return len(digits.lstrip("0"))


@dataclass(frozen=True, slots=True)
class Large:
    """Many numbers: float64, half a unit of each one's last digit where it is short, and whether all are of 24 bits."""

    array: Any
    half_units: Any
    single: bool


def half_unit(text: str) -> float:
    """Half a unit of a plain decimal's last digit; 0 for a whole number, and for as many digits as float64 has."""
    plain = PLAIN.fullmatch(text) if len(text) < LONG else None
    if plain is None or not (plain[2] or plain[3]):
        return 0.0
    digits = _significant((plain[1] or "") + (plain[2] or ""))
    return 0.0 if digits >= FLOAT64_DIGITS.start else 0.5 * 10.0 ** (int(plain[3] or 0) - len(plain[2] or ""))


def computed(value: float, *, single: bool) -> Written:
    """A number that a program computed; `single` says that it is one of 24 bits."""
    return Written(
        f"{value:.9g}" if single else repr(float(value)), Number(Fraction(value)), machine=True, single=single
    )


def numeral(written: Written, names: Mapping[str, Any], *, sharp: bool = False) -> Any:
    """Its value at the current precision: a ball as wide as a rounded decimal within an expression may be off.

    Where it is `sharp`, every decimal is what it says. An odd root of a negative number is the real one.
    """
    within = not isinstance(written.tree, Number) and not sharp

    def leaf(node: Number | Constant | Symbol) -> Any:
        if isinstance(node, Constant):
            return arb.const_e() if node.name == "e" else arb.pi()
        if isinstance(node, Symbol):
            return names[node.name]
        exact = fmpq(node.value.numerator, node.value.denominator)
        return _blurred(node.value, exact) if within else exact

    return evaluate(expand(written.tree), {**OPERATIONS, "power": _power}, leaf)


def _power(base: Any, exponent: Any) -> Any:
    """base^exponent, and of a negative base the real one, where the exponent's denominator is odd."""
    if isinstance(exponent, fmpq) and int(exponent.q) > 1 and int(exponent.q) % 2 and base < 0:
        size = OPERATIONS["power"](-base, exponent)
        return -size if int(exponent.p) % 2 else size
    return OPERATIONS["power"](base, exponent)


def _blurred(value: Fraction, exact: Any) -> Any:
    """A decimal of three digits or more, such as 0.197, as the ball of what rounds to it."""
    if value.denominator == 1 or (known := decimals(value)) is None or len(known.digits) < ROUNDED_DIGITS:
        return exact
    return arb(ball(exact).mid(), arb(10) ** (known.point - len(known.digits)) / 2)
