"""Arithmetic on a program's exact numbers and sizes: what Python's floats would round stays as it was written."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from fractions import Fraction
from math import floor
from typing import Any

from netcalc.errors import NetcalcError, UndefinedError
from netcalc.expression import Apply, Constant, Number, Tree, apply
from netcalc.graph.sizes import Letters, Unknown, over, plus, same, settled, times
from netcalc.program.values import tree_of

MAX_BITS = 200_000  # of a number that is worked out exactly

OPERATORS: Mapping[str, str] = {"+": "add", "-": "subtract", "*": "multiply", "/": "divide", "**": "power"}
COMPARED: Mapping[str, Callable[[Any, Any], bool]] = {
    "less": operator.lt,
    "less_equal": operator.le,
    "greater": operator.gt,
    "greater_equal": operator.ge,
    "equal": operator.eq,
    "unequal": operator.ne,
}


def is_rational(value: Any) -> bool:
    """Whether it is a whole number or a fraction."""
    return isinstance(value, int | Fraction | Number)


def simplest(value: Fraction | int | Tree) -> Any:
    """A formula that is a number as that number, as Python has it."""
    return value.value if isinstance(value, Number) else value


def calculated(sign: str, a: Any, b: Any) -> Any:
    """a sign b of exact numbers and sizes; None where it is no number or size, as for n/2 of a letter n.

    Raises NetcalcError for a number that would be too long, UndefinedError for a division by 0.
    """
    if isinstance(a, Letters | Unknown) or isinstance(b, Letters | Unknown):
        return _of_sizes(sign, a, b)
    if is_rational(a) and is_rational(b):
        found = _of_rationals(sign, simplest(a), simplest(b))
        if found is not None:
            return found
    if sign in OPERATORS:
        return simplest(apply(OPERATORS[sign], [tree_of(a), tree_of(b)]))
    raise NetcalcError(f"'{sign}' needs whole numbers or fractions here")


def _of_sizes(sign: str, a: Any, b: Any) -> Any:
    a, b = settled(a), settled(b)
    if not all(isinstance(one, int | Letters) for one in (a, b)):
        return None
    match sign:
        case "+":
            return plus(a, b)
        case "-":
            return plus(a, times(-1, b))
        case "*":
            return times(a, b)
        case "/" | "//":
            return over(a, b) if b else None
        case "%":
            return 0 if b and over(a, b) is not None else None
        case "**" if b == 2:
            return times(a, a)
    return None


def _of_rationals(sign: str, a: int | Fraction, b: int | Fraction) -> Any:
    if sign in ("/", "//", "%") and not b:
        raise UndefinedError("division by zero")
    match sign:
        case "+":
            return a + b
        case "-":
            return a - b
        case "*":
            _check_bits(_bits(a) + _bits(b))
            return a * b
        case "/":
            return Fraction(a) / b
        case "//":
            return floor(Fraction(a) / b) if isinstance(a, int) and isinstance(b, int) else Fraction(floor(a / b))
        case "%":
            return a % b
        case "**":
            return _power(a, b)
    return _of_bits(sign, a, b)


def _power(a: int | Fraction, b: int | Fraction) -> Any:
    if Fraction(b).denominator != 1:
        return simplest(apply("power", [tree_of(a), tree_of(b)]))
    if b < 0 and not a:
        raise UndefinedError("division by zero")
    _check_bits(_bits(a) * abs(int(b)) if abs(a) != 1 else 1)
    return (a if b >= 0 else Fraction(a)) ** int(b)


def _of_bits(sign: str, a: int | Fraction, b: int | Fraction) -> Any:
    if not isinstance(a, int) or not isinstance(b, int):
        raise NetcalcError(f"'{sign}' needs whole numbers")
    match sign:
        case "<<" if b >= 0:
            _check_bits(_bits(a) + b)
            return a << b
        case ">>" if b >= 0:
            return a >> b
        case "&":
            return a & b
        case "|":
            return a | b
        case "^":
            return a ^ b
    raise NetcalcError(f"'{sign}' is not understood between numbers")


def _bits(number: int | Fraction) -> int:
    return max(abs(number.numerator).bit_length(), number.denominator.bit_length())


def _check_bits(bits: int) -> None:
    if bits > MAX_BITS:
        raise NetcalcError("this number would be longer than netcalc takes")


def negated(value: Any) -> Any:
    """-value."""
    if isinstance(value, Letters | Unknown):
        return times(-1, value)
    return -simplest(value) if is_rational(value) else simplest(apply("negate", [tree_of(value)]))


def compare(relation: str, a: Any, b: Any) -> bool | None:
    """Whether a relation holds between exact numbers or sizes; None where letters leave it open."""
    if isinstance(a, Letters | Unknown) or isinstance(b, Letters | Unknown):
        if relation in ("equal", "unequal") and same(a, b):
            return relation == "equal"
        return None
    return COMPARED[relation](ordering(a), ordering(b))


def ordering(value: Any) -> Any:
    """An exact number so that it compares: a formula's nearest float64."""
    if is_rational(value):
        return simplest(value)
    from netcalc.files.cells import nearest_float

    if value == Constant("inf"):
        return float("inf")
    if value == Apply("negate", (Constant("inf"),)):
        return float("-inf")
    return nearest_float(value)
