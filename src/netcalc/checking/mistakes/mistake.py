"""What a row of the table of mistakes is, and the pieces that rows are written with."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import IntEnum
from fractions import Fraction
from typing import Any

from netcalc.checking.variation import Change, Part, Variation
from netcalc.expression import Symbol, parse, substitute
from netcalc.graph import build
from netcalc.graph.elementwise import of_tree, slot
from netcalc.graph.node import Node
from netcalc.graph.product import aligned, without_ones
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


def parts(**changed: Callable[[Any], Node | None]) -> Change:
    """The change that puts these parts in place of a variation's own."""
    return after(**{name: _instead(function) for name, function in changed.items()})


def _instead(function: Callable[[Any], Node | None]) -> Part:
    return lambda place, _: function(place)


def after(**functions: Part) -> Change:
    """The change that lets `function(place, what the part yields)` follow each of these parts."""

    def change(variation: Variation) -> Variation:
        chained = {name: _followed(variation.parts.get(name), function) for name, function in functions.items()}
        return variation._replace(parts={**variation.parts, **chained})

    return change


def _followed(before: Part | None, function: Part) -> Part:
    def followed(place: Any, right: Node) -> Node | None:
        yielded = (before(place, right) if before else None) or right
        return function(place, yielded) or yielded

    return followed


def formula(text: str, **nodes: Node) -> Node:
    """A formula in the names of nodes, element by element: `formula("f*(1 - f)", f=a)`."""
    factors, out, shape = aligned(list(nodes.values()))
    places = {name: Symbol(slot(place)) for place, name in enumerate(nodes)}
    return of_tree(substitute(parse(text), places), without_ones(factors, out), out, shape)


def constant(like: Node, value: int) -> Node:
    """A number everywhere, in the shape of another node."""
    return build.number(value, like.shape)


def scaled(factor: Fraction | int) -> Part:
    """The function that multiplies what a part yields."""
    return lambda _, right: build.multiply(build.number(factor), right)


def loss_name(problem: Problem) -> str:
    """The name of the loss above, nothing if none is."""
    return problem.above.loss.name if isinstance(problem.above, Against) else ""
