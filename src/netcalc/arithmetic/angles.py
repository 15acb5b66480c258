"""Angles that are π times a rational number: their sine and cosine, which are exact at many."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any

from flint import arb, fmpq

from netcalc.arithmetic.balls import OPERATIONS, Numeral, exactly
from netcalc.expression.tree import Apply, Constant, Shared

PI = Constant("pi")
OF_PI = frozenset({"multiply", "divide", "negate"})


def _sine(turns: fmpq) -> Numeral:
    return exactly(arb.sin_pi_fmpq(turns))


def _cosine(turns: fmpq) -> Numeral:
    return exactly(arb.cos_pi_fmpq(turns))


def _tangent(turns: fmpq) -> Numeral:
    if (4 * turns).q == 1 and (2 * turns).q != 1:  # an odd number of eighths of a full turn
        return fmpq(1) if int((4 * turns).p) % 4 == 1 else fmpq(-1)
    return OPERATIONS["divide"](_sine(turns), _cosine(turns))


ONE, HALF = fmpq(1), fmpq(1, 2)
OF_ANGLES: Mapping[str, Callable[[fmpq], Numeral]] = {
    "sin": _sine,
    "cos": _cosine,
    "tan": _tangent,
    "cot": lambda turns: -_tangent(turns + HALF),
    "sec": lambda turns: OPERATIONS["divide"](ONE, _cosine(turns)),
    "csc": lambda turns: OPERATIONS["divide"](ONE, _sine(turns)),
}


class Angles:
    """Those among the nodes of some trees that are functions of an angle with π in it."""

    def __init__(self, shared: Shared) -> None:
        self.shared = shared
        with_pi: set[int] = set()
        self.places: set[int] = set()
        for place, (node, arguments) in enumerate(zip(shared.nodes, shared.arguments, strict=True)):
            if node == PI or (isinstance(node, Apply) and node.operator in OF_PI and with_pi.intersection(arguments)):
                with_pi.add(place)
            elif isinstance(node, Apply) and node.operator in OF_ANGLES and with_pi.intersection(arguments):
                self.places.add(place)

    def value(self, place: int, found: Sequence[Any]) -> Numeral | None:
        """The value of one, by those of the nodes before it; None where its angle is not known as a part of π."""
        node = self.shared.nodes[place]
        turns = self._turns(self.shared.arguments[place][0], found)
        return None if turns is None else OF_ANGLES[node.operator](turns)  # type: ignore[union-attr]

    def _turns(self, place: int, found: Sequence[Any]) -> fmpq | None:
        """The rational number that a node is times π."""
        node, arguments = self.shared.nodes[place], self.shared.arguments[place]
        if node == PI:
            return ONE
        if not isinstance(node, Apply) or node.operator not in OF_PI:
            return None
        parts = [self._turns(one, found) for one in arguments]
        known = [one for one in parts if one is not None]
        others = [found[one] for one, turns in zip(arguments, parts, strict=True) if turns is None]
        if len(known) != 1 or not all(isinstance(one, fmpq) for one in others):
            return None
        if node.operator == "negate":
            return -known[0]
        if node.operator == "divide":
            return known[0] / others[0] if parts[0] is not None and others[0] else None
        return reduce(operator.mul, others, known[0])
