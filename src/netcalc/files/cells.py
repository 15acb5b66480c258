"""The text of one number as an exact tree or as float64."""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from fractions import Fraction

from netcalc.errors import ExpressionError, ValueSyntaxError
from netcalc.expression import Constant, Number, Symbol, Tree, evaluate, is_constant, parse
from netcalc.expression.tree import CONDITIONS, Apply, share

EXACT_LIMIT = 200_000  # so many numbers are kept exactly; more are float64, unless all are asked for
FEW = 8192  # and so many where each takes a while
# Short enough to need no further limits: whatever is longer goes through the expression parser, which has them.
PLAIN = re.compile(r"[+-]?(?:[0-9]{1,60}(?:\.[0-9]{0,60})?|\.[0-9]{1,60})(?:[eE][+-]?[0-9]{1,2})?")
# Compiled where they are first looked for: most runs need none of them.
FRACTION = r"[+-]?[0-9]{1,60}/[0-9]{1,60}"
NOT_FINITE = r"(?i)[+\-−]?(nan|inf|infinity|∞)"
DECIMAL_COMMA = r"[+\-−]?[0-9.]*,[0-9]+(?:[eE][+-]?[0-9]+)?"
LONG_EXPONENT = r"[+\-−]?[0-9]*\.?[0-9]*[eE][+\-−]?[0-9]+"
ONLY_DIGITS = r"[0-9.+−/\-\s]+"  # a date or a telephone number, unless it is one number
ALL = 1 << 60  # more numbers than any file has
_MOST: ContextVar[int] = ContextVar("most", default=EXACT_LIMIT)
SPACES = "\u00a0\u2007\u2009\u202f"  # no-break, figure, thin, and narrow no-break: what stands between thousands
FORTRAN = r"([+\-−]?(?:[0-9]{1,60}[.,]?[0-9]{0,60}|[.,][0-9]{1,60}))[dD]([+\-−]?[0-9]{1,4})"
GROUPED = r"[+\-−]?[1-9][0-9]{{0,2}}(?:([{marks}])[0-9]{{3}})(?:\1[0-9]{{3}}){{0,20}}(?P<rest>{decimal}[0-9]{{0,60}})?"
BRACKETED = r"\(\s*([^()a-zA-Z]*[0-9][^()a-zA-Z]*)\s*\)"
OTHER = {".": ",", ",": "."}


@contextmanager
def all_exact(wanted: bool = True) -> Iterator[None]:
    """However much is read inside is kept exactly, if that is wanted: proven digits are those of what was written."""
    with exact_up_to(ALL if wanted else EXACT_LIMIT):
        yield


@contextmanager
def exact_up_to(most: int) -> Iterator[None]:
    """Of a text that is read inside, so many numbers are kept exactly."""
    before = _MOST.set(most)
    try:
        yield
    finally:
        _MOST.reset(before)


def is_kept_exactly(count: int) -> bool:
    """Whether so many numbers of a text are."""
    return count <= most_exact()


def most_exact() -> int:
    """How many numbers of a text are."""
    return _MOST.get()


FIRST_BITS, LAST_BITS = 128, 8192
NOT_IN_NUMBERS = frozenset({"where", *CONDITIONS})


def read_number(text: str) -> Tree:
    """A decimal, a fraction or a constant expression, exactly.

    Raises ValueSyntaxError where it is not finite or not constant, ExpressionError where it is no expression.
    """
    text = text.strip()
    if PLAIN.fullmatch(text):
        return _plain(text)
    if re.fullmatch(FRACTION, text):
        return Number(_fraction(text))
    if re.fullmatch(NOT_FINITE, text):
        raise ValueSyntaxError(f"'{text}' is not a finite number")
    tree = parse(text)
    if not is_constant(tree):
        raise ValueSyntaxError(f"'{text}' is no number")
    rational = _rational(tree)
    if not isinstance(rational, Number):
        _check_real(rational, text)
    return rational


def _plain(text: str) -> Number:
    """What PLAIN matches."""
    mantissa, _, exponent = text.replace("E", "e").partition("e")
    whole, _, rest = mantissa.partition(".")
    places = int(exponent or 0) - len(rest)
    digits = int(whole + rest)
    return Number(Fraction(digits * 10**places) if places >= 0 else Fraction(digits, 10**-places))


def _check_real(tree: Tree, text: str) -> None:
    try:
        with suppress(OverflowError):  # exp(1000) is a number
            _nearest_by_balls(tree)
    except ValueSyntaxError as error:
        raise ValueSyntaxError(f"'{text}' is no number: {error.message}") from None


def _rational(tree: Tree) -> Tree:
    """The one number that a tree of arithmetic on numbers is; any other tree as it came."""
    if isinstance(tree, Number):
        return tree
    try:
        return Number(evaluate(tree, RATIONAL, _value))
    except (KeyError, ZeroDivisionError):  # a function, a constant or a root: left for who evaluates it
        return tree


def _value(leaf: Number | Constant | Symbol) -> Fraction:
    if isinstance(leaf, Number):
        return leaf.value
    raise KeyError(leaf.name)


def _whole_power(base: Fraction, exponent: Fraction) -> Fraction:
    if exponent.denominator != 1:
        raise KeyError(exponent)
    return base**exponent.numerator


RATIONAL: dict[str, Callable[..., Fraction]] = {
    "add": lambda *terms: sum(terms, Fraction(0)),
    "subtract": operator.sub,
    "multiply": lambda *factors: math.prod(factors, start=Fraction(1)),
    "divide": operator.truediv,
    "power": _whole_power,
    "negate": operator.neg,
}


def _fraction(text: str) -> Fraction:
    try:
        return Fraction(text)
    except ZeroDivisionError:
        raise ValueSyntaxError(f"'{text}' divides by zero") from None


def reads(text: str) -> bool:
    """Whether `read_number` takes it."""
    try:
        read_number(text)
    except (ExpressionError, ValueSyntaxError):
        return False
    return True


def exact_cell(text: str, decimal: str = ".") -> Tree:
    """A file's cell, exactly; its decimal sign is `decimal`. Raises ValueSyntaxError."""
    text = text.strip()
    if decimal == "." and PLAIN.fullmatch(text):
        return _plain(text)
    if not text:
        raise ValueSyntaxError("the cell is empty")
    if decimal != "." or not PLAIN.fullmatch(text):
        text = respelled(text, decimal)
    if (
        re.fullmatch(ONLY_DIGITS, text)
        and not PLAIN.fullmatch(text.replace("−", "-"))
        and not re.fullmatch(FRACTION, text)
    ):
        raise ValueSyntaxError(f"'{text}' is no number")
    try:
        return read_number(text)
    except ExpressionError as error:
        raise ValueSyntaxError(_cell_message(text, error)) from None


def _cell_message(text: str, error: ExpressionError) -> str:
    if re.fullmatch(DECIMAL_COMMA, text):
        return f"'{text}' has a decimal comma; --decimal , reads it"
    shown = text if len(text) <= 40 else text[:40] + "…"
    if re.fullmatch(LONG_EXPONENT, text):
        return f"'{shown}': {error.message}"
    return f"'{shown}' is no number" + (f": {error.message}" if "(" in text else "")


def decimal_comma(line: str) -> str:
    """The first number of a line with a decimal comma, if its numbers stand between spaces; else nothing."""
    words = line.split()
    with_comma = [word for word in words if re.fullmatch(DECIMAL_COMMA, word)]
    read = len(words) > 1 and all(re.fullmatch(DECIMAL_COMMA, word) or PLAIN.fullmatch(word) for word in words)
    return with_comma[0] if with_comma and read else ""


def float_cell(text: str, decimal: str = ".") -> float:
    """A file's cell as the nearest float64. Raises ValueSyntaxError."""
    text = text.strip()
    if decimal == "." and PLAIN.fullmatch(text):
        return float(text)
    return nearest_float(exact_cell(text, decimal))


def nearest_float(tree: Tree) -> float:
    """The float64 nearest to a constant. Raises ValueSyntaxError if it is undefined or beyond float64's range."""
    try:
        if isinstance(tree, Number):
            return tree.value.numerator / tree.value.denominator  # true division of integers rounds correctly
        return _nearest_by_balls(tree)
    except OverflowError:
        raise ValueSyntaxError("a number is beyond the range of float64, which ends at 1.8e308") from None


def _nearest_by_balls(tree: Tree) -> float:
    """Precision is doubled until the ball rounds to one float64; what none tells from 0 is 0.

    Raises ValueSyntaxError where it is not finite at any precision, OverflowError.
    """
    from netcalc.arithmetic.balls import OPERATIONS, ball, precision  # only a constant such as sqrt(2) pays
    from netcalc.arithmetic.evaluation import numeral
    from netcalc.arithmetic.rounding import nearest

    operators = [node.operator for node in share((tree,)).nodes if isinstance(node, Apply)]
    if other := next((one for one in operators if one not in OPERATIONS or one in NOT_IN_NUMBERS), None):
        raise ValueSyntaxError(f"'{other}' has no place in a number")
    bits, number = FIRST_BITS, None
    while number is None and bits <= LAST_BITS:
        with precision(bits):
            found = ball(numeral(tree, {}))
        number, bits = nearest(found), 2 * bits
    if number is None and not found.is_finite():
        raise ValueSyntaxError("it is not a finite real number")
    number = number if number is not None else 0.0 if found.contains(0) else float(found)
    if math.isinf(number):
        raise OverflowError
    return number + 0.0  # never -0: a ball around 0 as small as this is 0


def respelled(text: str, decimal: str) -> str:
    """The same number with a point, without marks between thousands, its exponent after an `e`.

    What is none of these spellings comes back as it was, but for its decimal sign. Raises ValueSyntaxError where
    people read the text as two numbers.
    """
    if bracketed := re.fullmatch(BRACKETED, text):
        inside = bracketed[1].strip()
        raise ValueSyntaxError(f"'{text}' is -{inside} to an accountant, {inside} to others: write one of them")
    if fortran := re.fullmatch(FORTRAN, text):
        text = f"{fortran[1]}e{fortran[2]}"
    marks = OTHER[decimal] + SPACES + "'’"
    grouped = re.fullmatch(GROUPED.format(marks=marks, decimal=re.escape(decimal)), text)
    if grouped and (grouped[1] != OTHER[decimal] or grouped["rest"] or text.count(grouped[1]) > 1):
        text = text.replace(grouped[1], "")
    if decimal == ".":
        return text
    if "." in text:
        readings = f": write {text.replace('.', '')} or {text.replace('.', decimal)}" if grouped else ""
        raise ValueSyntaxError(f"'{text}' has a point, where the decimal sign is '{decimal}'{readings}")
    return text.replace(decimal, ".")
