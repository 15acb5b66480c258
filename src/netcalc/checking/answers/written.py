"""A number as it was written, and how precisely that says it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from fractions import Fraction
from math import isfinite
from typing import Any

from flint import arb, fmpq

from netcalc.arithmetic.balls import OPERATIONS, ball
from netcalc.derivation.derive import expand
from netcalc.errors import ExpressionError
from netcalc.expression import Apply, Constant, Number, Symbol, Tree, evaluate, is_constant, parse, share
from netcalc.expression import read as read_expression
from netcalc.expression.numerals import decimals
from netcalc.expression.tree import CONDITIONS
from netcalc.records import dataclass

PLAIN = re.compile(r"[+\-−]?(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d{1,6}))?")
BRACKETED = re.compile(r"([+\-−]?)([({]+)([^(){}]+)([)}]+)")
NOT_FINITE = re.compile(r"[+\-−]?(nan|inf|infinity|∞)", re.IGNORECASE)
NOISE_DIGITS = 10  # from which on the last may be a calculator's noise,
NOISE_UNITS = 2.0  # of so many of its units
WORD = re.compile(r"[A-Za-z]{2}")  # which may be letters side by side
FLOAT64_DIGITS = range(15, 18)  # as many as a float64 is printed with
LONG = 40  # characters: more than a number of less than float64's digits takes
ROUNDED_DIGITS = 3  # of a decimal within an expression, from which on it is taken as a rounded one
WHOLE_DIGITS = 3  # of a whole number, from which on it may be a rounded one
FLOAT64_BITS, FLOAT32_BITS, FLOAT16_BITS, BFLOAT16_BITS = 40, 18, 7, 6  # of a tensor's scale: what computed ones hold
MANY = 4096  # numbers from which on a tensor is compared as a whole


@dataclass(frozen=True, slots=True)
class Written:
    """What stands behind the `=`: a text and its tree.

    For a plain decimal `place` is the power of ten of its last digit, `digits` how many significant ones it has.
    A whole number may have been rounded to tens or hundreds, so `place` is that of its last digit, and `whole` is set.
    `bits` says that a program computed it, right to so many bits of its tensor's scale; `exact` that nothing but
    equality is right. What is not a number, or infinite, is not `finite`.
    """

    text: str
    tree: Tree
    place: int | None = None
    digits: int = 0
    whole: bool = False
    bits: int | None = None
    exact: bool = False
    finite: bool = True

    @property
    def is_constant(self) -> bool:
        """Whether no name occurs."""
        return is_constant(self.tree)

    @property
    def value(self) -> Fraction | None:
        """The plain decimal that it is, exactly; None for an expression."""
        return self.tree.value if isinstance(self.tree, Number) else None

    @property
    def is_short(self) -> bool:
        """Whether it is a decimal of one significant digit, or none."""
        return self.place is not None and not self.whole and self.bits is None and self.digits < 2


def read(text: str, variables: Callable[[], Iterable[str]] = tuple) -> Written:
    """A decimal, a fraction, a constant expression or a formula in these variables. Raises ExpressionError."""
    stripped = text.strip()
    if NOT_FINITE.fullmatch(stripped):
        return unbounded(stripped)
    if (bracketed := BRACKETED.fullmatch(stripped)) and len(bracketed[2]) == len(bracketed[4]):
        sign, inner = bracketed[1], bracketed[3].strip()
        if PLAIN.fullmatch(inner) and not (sign and inner[:1] in "+-−"):
            return replace(read(sign + inner), text=stripped)
    plain = PLAIN.fullmatch(stripped)
    if plain is None or not (plain[1] or plain[2]):
        if not stripped:
            raise ExpressionError("there is nothing after the '='")
        tree = read_expression(text, set(variables()) if WORD.search(text) else ()).tree
        if isinstance(tree, Number) and tree.value.denominator == 1:
            return Written(stripped, tree, 0, _significant(str(abs(tree.value.numerator))), whole=True)
        return Written(stripped, tree)
    before, behind, exponent = plain.groups()
    parsed = parse(stripped)
    tree = parsed if isinstance(parsed, Number) else Number(Fraction(0))  # -0.0
    digits = _significant(before + (behind or ""))
    place = int(exponent or 0) - len(behind or "")
    whole = behind is None and exponent is None
    bits = FLOAT64_BITS if _is_float64(tree, digits) else None
    return Written(stripped, tree, place, digits, whole=whole, bits=bits)


def unbounded(text: str) -> Written:
    """What is no number, or infinite: nan, inf."""
    return Written(text, Number(Fraction(0)), finite=False)


def listed(written: Written, count: int = 0, bits: int | None = None) -> Written:
    """What was written as one of many: in a list, a file or an array.

    There a 0 and a whole number are exact, but that 5.0 may be rounded as the others are, which have up to `count`
    significant digits. Where a program computed them all, each is right to so many `bits`.
    """
    if not isinstance(written.tree, Number) or not written.finite or (written.bits is not None and bits is None):
        return written
    if bits is not None:
        return replace(written, bits=bits)
    if not written.tree.value or written.whole:
        return replace(written, exact=True)
    if not written.text.endswith(".0"):
        return written
    return replace(written, exact=True) if not count else replace(written, place=_place(written.digits, count))


def _place(digits: int, count: int) -> int:
    """The power of ten of the last of `count` digits of 5.0, which has one digit more than it needs."""
    place = digits - 1 - count
    return place if count >= WHOLE_DIGITS else min(place, -1)


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
    """Many numbers: float64, how far off each may be by its digits, and the bits that what was computed is right to."""

    array: Any
    margins: Any
    bits: int | None


def margin(text: str, count: int) -> float:
    """How far off a plain decimal of a list may be by its digits: as `listed` has it."""
    plain = PLAIN.fullmatch(text) if len(text) < LONG else None
    if plain is None or not (plain[2] or plain[3]):
        return 0.0
    digits = _significant((plain[1] or "") + (plain[2] or ""))
    if not digits:
        return 0.0
    if plain[2] == "0" and not plain[3]:
        return 0.5 * 10.0 ** _place(digits, count) if count else 0.0
    units = NOISE_UNITS if digits >= NOISE_DIGITS else 0.5
    return units * 10.0 ** (int(plain[3] or 0) - len(plain[2] or ""))


def digits_of(text: str) -> int:
    """How many significant digits a plain decimal has; 0 for anything else, and for a whole number."""
    plain = PLAIN.fullmatch(text) if len(text) < LONG else None
    if plain is None or not (plain[2] or plain[3]) or (plain[2] == "0" and not plain[3]):
        return 0
    return _significant((plain[1] or "") + (plain[2] or ""))


def computed(value: float, bits: int) -> Written:
    """A number that a program computed, right to so many bits."""
    if not isfinite(value):
        return unbounded(str(float(value)))
    text = repr(float(value)) if bits == FLOAT64_BITS else f"{value:.9g}"
    return Written(text, Number(Fraction(value)), bits=bits)


def numeral(written: Written, names: Mapping[str, Any], *, sharp: bool = False) -> Any:
    """Its value at the current precision: a ball as wide as a rounded decimal within an expression may be off.

    Where it is `sharp`, every decimal is what it says, and so is one within a condition. An odd root of a negative
    number is the real one.
    """
    if isinstance(written.tree, Number):
        return fmpq(written.tree.value.numerator, written.tree.value.denominator)
    within = not sharp
    kept = in_conditions(written.tree) if within else ()

    def leaf(node: Number | Constant | Symbol) -> Any:
        if isinstance(node, Constant):
            return arb.const_e() if node.name == "e" else arb.pi()
        if isinstance(node, Symbol):
            return names[node.name]
        exact = fmpq(node.value.numerator, node.value.denominator)
        return _blurred(node.value, exact) if within and node.value not in kept else exact

    return evaluate(expand(written.tree), {**OPERATIONS, "power": _power}, leaf)


def in_conditions(tree: Tree) -> set[Fraction]:
    """The numbers that conditions compare with."""
    nodes = share((tree,)).nodes
    conditions = [node for node in nodes if isinstance(node, Apply) and node.operator in CONDITIONS]
    return {node.value for node in share(conditions).nodes if isinstance(node, Number)} if conditions else set()


def _power(base: Any, exponent: Any) -> Any:
    """base^exponent, and of a negative base the real one, where the exponent's denominator is odd."""
    if isinstance(exponent, fmpq) and int(exponent.q) > 1 and int(exponent.q) % 2 and base < 0:
        size = OPERATIONS["power"](-base, exponent)
        return -size if int(exponent.p) % 2 else size
    return OPERATIONS["power"](base, exponent)


def rounding_of(value: Fraction) -> Fraction:
    """How far off a decimal of three digits or more, such as 0.197, may be by rounding; 0 for other numbers."""
    if value.denominator == 1 or (known := decimals(value)) is None or len(known.digits) < ROUNDED_DIGITS:
        return Fraction(0)
    return Fraction(10) ** (known.point - len(known.digits)) / 2


def _blurred(value: Fraction, exact: Any) -> Any:
    """A rounded decimal as the ball of what rounds to it."""
    radius = rounding_of(value)
    return arb(ball(exact).mid(), arb(fmpq(radius.numerator, radius.denominator))) if radius else exact
