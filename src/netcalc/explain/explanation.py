"""What an explanation consists of, and the pieces that all of them use; numbers in steps, with the digits they take."""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import cached_property, partial
from types import MappingProxyType
from typing import TYPE_CHECKING

from netcalc.catalogue.activations import BoundActivation
from netcalc.derivation.derive import applied, derivation, evaluable
from netcalc.expression import Apply, Constant, Number, Symbol, Tree, symbols
from netcalc.expression.numerals import decimals, of_float64
from netcalc.expression.tree import ONE, ZERO, apply, fold, multiply, negate, power
from netcalc.notation import to_ascii
from netcalc.notation.displays import Display, Matrix
from netcalc.records import NamedTuple
from netcalc.result import Step, Value, as_value

if TYPE_CHECKING:
    from netcalc.explain.indexed import Indexed
    from netcalc.problem import Problem

MATRIX_LIMIT = 8  # rows or columns of a matrix that is drawn
NEAR = 1e-4  # relative: six digits that don't cancel come as near
ROUGHLY = 0.1
MORE_DIGITS = (9, 12, 15, 17)  # of numbers that cancel
BITS = 128
SHORT = 12  # digits of a number that is repeated as it was given
WIDEST = 8  # digits of a given number that is drawn in a matrix as it is


Leaf = Callable[[object], Tree]  # of what was given or found: the number that stands for it in a formula


class Written(Mapping[str, Tree]):
    """Formulas by name, each written when it is first asked for."""

    def __init__(self, write: Mapping[str, Callable[[], Tree]]) -> None:
        self.write, self.known = write, dict[str, Tree]()

    def __getitem__(self, name: str) -> Tree:
        if name not in self.known:
            self.known[name] = self.write[name]()
        return self.known[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.write)

    def __len__(self) -> int:
        return len(self.write)


class WhenAskedFor:
    """A problem's formulas by index, which a run that shows numbers alone does without."""

    def __init__(self, problem: Problem, make: Callable[[Problem], Indexed]) -> None:
        self.problem, self.make = problem, make

    @cached_property
    def indexed(self) -> Indexed:
        return self.make(self.problem)

    def generic(self, name: str) -> Tree:
        return self.indexed.generic(name)


class Explanation(NamedTuple):
    """`formulas` by name of tensor, and `of`, the outputs that partials are of.

    `brief` are formulas that name the activation's slope, σ'(q), for where its own formula is too long to repeat.
    """

    formulas: Mapping[str, Tree]
    of: Mapping[str, str]
    steps: Sequence[Step] = ()
    notes: tuple[str, ...] = ()
    brief: Mapping[str, Tree] = MappingProxyType({})


TEN = Number(Fraction(10))
MOST_DIGITS = 400  # of a number that is written out: 1e-1000000 takes long to make a fraction of


def times(*factors: Tree | None) -> Tree:
    """The product of those factors that are there and not one, products among them flattened."""
    flat: list[Tree] = []
    for factor in factors:
        parts = getattr(factor, "arguments", ()) if getattr(factor, "operator", "") == "multiply" else (factor,)
        flat += [part for part in parts if part is not None and part != ONE]
    flat.sort(key=lambda part: not isinstance(part, Number))
    return multiply(*flat) if flat else ONE


def present(*parts: Tree | None) -> list[Tree]:
    """Those that are there."""
    return [part for part in parts if part is not None]


def distinct(*chain: Display) -> tuple[Display, ...]:
    """A chain without what would be written twice."""
    return tuple({_as_read(part): part for part in chain}.values())


def _as_read(part: Display) -> Hashable:
    """A key that parts have in common which read the same: -1 is a number, and the negation of one."""
    if isinstance(part, Matrix):
        return tuple(tuple(map(to_ascii, row)) for row in part.entries)
    return to_ascii(part) if isinstance(part, Tree) else part


def replaced(tree: Tree, replacements: Mapping[Tree, Tree]) -> Tree:
    """The tree with whole subtrees replaced, all at once."""

    def combine(operator: str, arguments: tuple[tuple[Tree, Tree], ...]) -> tuple[Tree, Tree]:
        before, after = (apply(operator, parts) for parts in zip(*arguments, strict=True))
        return before, replacements.get(before, after)

    return fold(tree, lambda leaf: (leaf, replacements.get(leaf, leaf)), combine)[1]


def slope_named(activation: BoundActivation) -> Apply:
    """φ'(q) by its name, `sigmoid'(q)`, which is φ' where it was typed."""
    function = applied(activation) if activation.has_kernels else Apply("phi", (Symbol("q"),))
    return Apply(f"{function.operator}'", function.arguments)


def formula_of(activation: BoundActivation) -> Tree:
    """φ(q) as people write it: the name applied, or the formula that was typed."""
    return applied(activation) if activation.has_kernels else derivation(activation).value


def literal(entry: object) -> Tree:
    """A value as it is shown, as a leaf of an expression."""
    value: Value = as_value(entry)
    if value.formula is not None:
        return value.formula
    mantissa, _, exponent = value.shown.partition("e")
    try:
        if abs(int(exponent or 0)) > MOST_DIGITS:
            return multiply(Number(Fraction(mantissa), mantissa), power(TEN, Number(Fraction(int(exponent)))))
        return Number(Fraction(value.shown), value.shown)
    except ValueError:
        below = value.shown.startswith("-")
        return negate(Symbol(value.shown[1:])) if below else Symbol(value.shown)


def outcome(entry: object) -> tuple[Tree, ...]:
    """What a step ends in: the closed form where one was asked for and says more, then the value as it is shown."""
    shown, exact = literal(entry), as_value(entry).exact
    whole = isinstance(exact, Number) and exact.value.denominator == 1
    return (shown,) if exact is None or whole else (exact, shown)


def coming_to(value: object, *ways: Callable[[Leaf], Tree]) -> Tree:
    """A formula with numbers in it, which comes to the value: as they are shown; where these cancel, of more digits.

    There may be several ways to write it: a further one is for where the ones before it don't come to the value.
    """
    shown = ways[0](operand)
    goal = as_value(value)
    leaves: list[Leaf] = [operand, *(partial(operand, count=count) for count in MORE_DIGITS)]
    for write in ways:
        for leaf in leaves:
            formula = write(leaf)
            if comes_to(formula, goal):
                return formula
    longest = ways[0](leaves[-1])
    return longest if comes_to(longest, goal, ROUGHLY) else shown


def operand(entry: object, count: int | None = None) -> Tree:
    """What was given or found as a leaf of a formula: as it is shown, or to so many digits."""
    if isinstance(entry, Symbol | Constant | Apply):
        return entry
    if isinstance(entry, Number):
        if not _is_long(entry):
            return entry
        entry = float(entry.value)
    value = as_value(entry)
    return literal(value) if count is None else to_digits(value, count)


def _is_long(number: Number) -> bool:
    digits = decimals(number.value)
    return bool(of_float64(number.value)) if digits is None else len(digits.digits) > WIDEST


def is_short_decimal(number: Tree) -> bool:
    """Whether it is a decimal of few digits."""
    written = decimals(number.value) if isinstance(number, Number) else None
    return written is not None and len(written.digits) <= SHORT and abs(written.point) <= SHORT


def to_digits(value: Value, count: int) -> Tree:
    """A value as a leaf of an expression, rounded to so many digits; as it is shown, where float64 doesn't hold it."""
    from flint import fmpq

    from netcalc.arithmetic.rounding import digits

    enough = value.as_digits and len(value.shown.partition("e")[0].lstrip("-0.")) > count
    if enough or not value.nearest or math.isinf(value.nearest):
        return literal(value)
    text = digits(fmpq(*value.nearest.as_integer_ratio()), count)
    return literal(value) if text is None or len(text) > 2 * count else Number(Fraction(text), text)


def comes_to(formula: Tree, value: Value, near: float = NEAR) -> bool:
    """Whether a formula of the numbers that are shown has the value that is, nearly; True where that can't be told."""
    goal = literal(value)
    if symbols(formula) or symbols(goal) or goal == ZERO:
        return True
    from netcalc.arithmetic.balls import ball, precision
    from netcalc.arithmetic.evaluation import numerals

    with precision(BITS):
        found, true = map(ball, numerals(evaluable((formula, goal)), {}))
        is_apart = found.is_finite() and abs(found - true) > near * abs(true)
        return not is_apart
