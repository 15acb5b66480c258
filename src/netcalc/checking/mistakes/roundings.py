"""Numbers rounded before they were used: too early to give the last digits right."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

from netcalc.arithmetic.rounding import nearest
from netcalc.arrays import each
from netcalc.checking.mistakes.mistake import Mistake, after
from netcalc.checking.variation import Array, Change, Place, Variation
from netcalc.problem import Problem

MOST_DIGITS = 4


def rounded(digits: int, form: str) -> Callable[[Place, Array], Array]:
    """The function that rounds what a part yields to so many decimals (`f`) or significant digits (`e`)."""

    def one(place: Place, value: Any) -> Any:
        number = float(value) if isinstance(value, float) else nearest(value)
        if number is None:
            return value
        return place.arithmetic.number(Fraction(f"{number:.{digits - (form == 'e')}{form}}"))

    def function(place: Place, array: Array) -> Array:
        return each(lambda value: one(place, value), array).astype(array.dtype)

    return function


FROM_OUTPUT: dict[str, Callable[[Any], Any]] = {"sigmoid": lambda f: f * (1 - f), "tanh": lambda f: 1 - f * f}


def _output(rounding: Callable[[Place, Array], Array]) -> Change:
    """f rounded, and where the slope is made of f, so is the slope."""

    def change(variation: Variation) -> Variation:
        def slope(place: Place, s: Array) -> Array:
            made = FROM_OUTPUT.get(place.bound.name if place.bound else "")
            return s if made is None else made(place.a)

        return after(a=rounding, slope=slope)(variation)

    return change


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
