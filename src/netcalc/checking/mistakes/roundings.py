"""Numbers rounded before they were used: too early to give the last digits right."""

from __future__ import annotations

from fractions import Fraction
from typing import Any, NamedTuple

import numpy as np

from netcalc.arithmetic.rounding import nearest
from netcalc.arrays import each
from netcalc.checking.mistakes.mistake import Mistake, after, formula
from netcalc.checking.variation import Change, Part, Place
from netcalc.graph.arithmetic import Arithmetic
from netcalc.graph.node import Node, Operation, make
from netcalc.problem import Problem

MOST_DIGITS = 4


class Rounding(NamedTuple):
    """To so many decimals (`f`) or significant digits (`e`)."""

    digits: int
    form: str


def _value(node: Node, arithmetic: Arithmetic, array: np.ndarray) -> np.ndarray:
    digits, form = node.params

    def one(value: Any) -> Any:
        number = float(value) if isinstance(value, float) else nearest(value)
        if number is None:
            return value
        return arithmetic.number(Fraction(f"{number:.{digits - (form == 'e')}{form}}"))

    return each(one, array).astype(array.dtype)


ROUND = Operation("round", _value, lambda node, place, delta: None)  # noqa: ARG005 - nothing flows through it


def rounded(digits: int, form: str) -> Part:
    """The function that rounds what a part yields."""
    return lambda _, right: make(ROUND, [right], right.shape, Rounding(digits, form))


FROM_OUTPUT = {"sigmoid": "f*(1 - f)", "tanh": "1 - f*f"}


def _of_output(place: Place) -> Node | None:
    """The slope made of f, where it is written so."""
    made = FROM_OUTPUT.get(place.bound.name if place.bound else "")
    return formula(made, f=place.a) if made else None


def _output(rounding: Part) -> Change:
    """f rounded, and where the slope is made of f, so is the slope."""
    return after(a=rounding, slope=lambda place, _: _of_output(place))


def _has_activation(problem: Problem) -> bool:
    return any(layer.activation is not None for layer in problem.layers)


def _has_delta(problem: Problem) -> bool:
    """Whether ∂L/∂z is more than the slope."""
    return problem.output == "L" or len(problem.layers) > 1


def _mistakes(digits: int, form: str) -> tuple[Mistake, ...]:
    rounding = rounded(digits, form)
    kind = "significant digit" if form == "e" else "decimal"
    to = f"rounded too early, to {digits} {kind}{'s' if digits > 1 else ''}"
    return (
        Mistake(f"{{phi}}′ {to}", after(slope=rounding), applies=_has_activation),
        Mistake(f"{{phi}}(q) {to}", _output(rounding), applies=_has_activation),
        Mistake(f"q {to}", after(z=rounding)),
        Mistake(f"δ {to}", after(dz=rounding), applies=_has_delta),
    )


ROUNDINGS = tuple(
    mistake for digits in range(MOST_DIGITS, 0, -1) for form in ("f", "e") for mistake in _mistakes(digits, form)
)
