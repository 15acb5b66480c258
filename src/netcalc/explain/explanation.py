"""What an explanation consists of, and the pieces that all of them use."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from netcalc.catalogue.activations import BoundActivation
from netcalc.derive import derivation
from netcalc.expression import Number, Symbol, Tree, parse
from netcalc.result import Step, Value, as_value
from netcalc.tree import apply, fold, multiply


@dataclass(frozen=True, slots=True)
class Explanation:
    """`formulas` by name of tensor, and `of`, the outputs that partials are of."""

    formulas: Mapping[str, Tree]
    of: Mapping[str, str]
    steps: tuple[Step, ...] = ()
    notes: tuple[str, ...] = ()


ONE = Number(Fraction(1))


def times(*factors: Tree | None) -> Tree:
    """The product of those factors that are there and not one, products among them flattened."""
    flat: list[Tree] = []
    for factor in factors:
        parts = getattr(factor, "arguments", ()) if getattr(factor, "operator", "") == "multiply" else (factor,)
        flat += [part for part in parts if part is not None and part != ONE]
    return multiply(*flat) if flat else ONE


def present(*parts: Tree | None) -> list[Tree]:
    """Those that are there."""
    return [part for part in parts if part is not None]


def replaced(tree: Tree, replacements: Mapping[Tree, Tree]) -> Tree:
    """The tree with whole subtrees replaced, all at once."""

    def combine(operator: str, arguments: tuple[tuple[Tree, Tree], ...]) -> tuple[Tree, Tree]:
        before, after = (apply(operator, parts) for parts in zip(*arguments, strict=True))
        return before, replacements.get(before, after)

    return fold(tree, lambda leaf: (leaf, replacements.get(leaf, leaf)), combine)[1]


def literal(entry: object) -> Tree:
    """A value as it is shown, as a leaf of an expression."""
    value: Value = as_value(entry)
    if value.formula is not None:
        return value.formula
    try:
        number = Fraction(value.shown)
    except ValueError:
        return Symbol(value.shown)
    return Number(number, value.shown)


def kink_notes(activation: BoundActivation, at: list[float | None]) -> list[str]:
    """What is taken for the slope at each kink, and whether one of these points is there."""
    notes = []
    for kink in activation.kinks:
        left, right, taken = side_slopes(activation, kink)
        here = any(place is not None and place == float(Fraction(kink)) for place in at)
        where = (
            f"q = {kink} is a kink of {activation.label}" if here else f"{activation.label} has a kink at q = {kink}"
        )
        notes.append(
            f"{where}: ∂f/∂q is {left} on the left, {right} on the right; netcalc takes {taken}, as PyTorch does"
        )
    return notes


def side_slopes(activation: BoundActivation, kink: str) -> tuple[str, str, str]:
    """The slopes just left of a kink, just right of it, and at it."""
    from netcalc.arithmetic.certain import numeral
    from netcalc.arithmetic.rounding import digits

    slope = derivation(activation).slope
    near = Fraction(1, 10**12)
    places = [Fraction(kink) - near, Fraction(kink) + near, Fraction(kink)]
    left, right, taken = (
        digits(numeral(slope, {"q": numeral(Number(place), {})}), 6) or "undefined" for place in places
    )
    return left, right, taken


def tree(text: str) -> Tree:
    """A formula written in the code."""
    return parse(text)
