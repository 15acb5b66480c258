"""What a row of the table of mistakes is, and the pieces that rows are written with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import IntEnum
from fractions import Fraction
from typing import Any

import numpy as np

from netcalc.checking.variation import Array, Change, Place, Top, Variation
from netcalc.layers import Arithmetic
from netcalc.problem import Against, Problem


class Frequency(IntEnum):
    """How often a mistake is met: the more often, the less evidence it takes to name it."""

    USUAL = 0
    SEEN = 1
    RARE = 2


@dataclass(frozen=True, slots=True)
class Mistake:
    """One slip: `change` makes the passes do it, `said` names it and what would be right.

    In `said`, {phi} is the activation's name and {slope} its slope.
    `activations` are those in which it can be made, all if there are none; `applies` says to which problems it does.
    `in_one_layer` is a slip that may also be made in one layer of several.
    """

    said: str
    change: Change
    frequency: Frequency = Frequency.SEEN
    activations: tuple[str, ...] = ()
    applies: Callable[[Problem], bool] = lambda problem: True  # noqa: ARG005 - to every problem
    in_one_layer: bool = True


USUAL, SEEN, RARE = Frequency


def parts(**changed: Any) -> Change:
    """The change that puts these parts in place of a variation's own."""
    return lambda variation: replace(variation, **changed)


def after(**functions: Callable[[Any, Any], Any]) -> Change:
    """The change that lets `function(place, what the part yields)` follow each of these parts."""

    def change(variation: Variation) -> Variation:
        return replace(
            variation,
            **{name: _followed(getattr(variation, name), function) for name, function in functions.items()},
        )

    return change


def _followed(part: Callable[..., Any], function: Callable[[Any, Any], Any]) -> Callable[..., Any]:
    def followed(place: Any, *rest: Any) -> Any:
        yielded = part(place, *rest)
        return None if yielded is None else function(place, yielded)

    return followed


def number(arithmetic: Arithmetic, value: Fraction | int) -> Any:
    """A number in the arithmetic of the passes."""
    return arithmetic.number(Fraction(value))


def constant(at: Place | Top, like: Array, value: int) -> Array:
    """An array of one number, in the shape and kind of another."""
    return np.full(like.shape, number(at.arithmetic, value), dtype=like.dtype)


def scaled(factor: Fraction | int) -> Callable[[Place | Top, Array], Array]:
    """The function that multiplies what a part yields."""

    def function(at: Place | Top, array: Array) -> Array:
        return np.asarray(array * number(at.arithmetic, factor))

    return function


def loss_name(problem: Problem) -> str:
    """The name of the loss above, nothing if none is."""
    return problem.above.loss.name if isinstance(problem.above, Against) else ""
