"""Trees evaluated in balls: what they share once, and what is one formula of the same numbers as one object."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from functools import lru_cache, partial, reduce
from typing import Any

from flint import fmpq

from netcalc.arithmetic.angles import Angles
from netcalc.arithmetic.balls import CONSTANTS, OPERATIONS, Numeral, is_nowhere
from netcalc.expression.tree import COMPARISONS, Apply, Constant, Number, Symbol, Tree, share, symbols

# At tens of thousands of bits each takes as long as so many others.
SLOW = {"digamma": 10_000, "polygamma": 10_000, "gamma": 1_000, "lgamma": 1_000}


def work(trees: Sequence[Tree]) -> int:
    """Operations that the values of the trees take, what they share counted once, slow ones as many."""
    return sum(SLOW.get(node.operator, 1) if isinstance(node, Apply) else 1 for node in share(trees).nodes)


def numeral(tree: Tree, names: Mapping[str, Numeral]) -> Numeral:
    """The value of a tree at the current precision, its symbols taken from `names`."""
    if not isinstance(tree, Apply):
        return _leaf(tree, names)
    return numerals((tree,), names)[0]


# Subtrees whose values at a point are known otherwise, exactly: a rational, a bool, or None for max and min of equals.
Known = Sequence[tuple[Tree, "Numeral | bool | None"]]


def numerals(trees: Sequence[Tree], names: Mapping[str, Numeral], known: Known = ()) -> tuple[Numeral, ...]:
    """The values of many trees, what they share evaluated once."""
    return Evaluation(trees, known).at(names)


class Once:
    """Operations, each done once with the same numbers: what is the same formula of them comes to one object.

    So where a formula and a piece of another, a clip's between its bounds, are the same, their tie is exact, whatever
    the balls' radii. A number that is given is an object of its own; constants are one by their value.
    """

    def __init__(self) -> None:
        self.done: dict[tuple[object, ...], tuple[Any, tuple[Any, ...]]] = {}
        self.constants: dict[Fraction, fmpq] = {}
        self.opposites: dict[int, Any] = {}  # of what negations come to, by its id

    def constant(self, value: Fraction) -> fmpq:
        """A number of the formulas' own."""
        if value not in self.constants:
            self.constants[value] = fmpq(value.numerator, value.denominator)
        return self.constants[value]

    def __call__(self, operator: str, *parts: Any) -> Any:
        """What an operation comes to; products and sums in any order."""
        if operator == "negate":
            found = self("multiply", self.constant(Fraction(-1)), *parts)
            self.opposites[id(found)] = parts[0]
            return found
        if operator == "where":  # two that are undecided have nothing in common
            return OPERATIONS["where"](*parts)
        if operator == "subtract":
            return self("add", parts[0], self("negate", parts[1]))
        if operator in ("add", "multiply"):
            if len(parts) != 2:  # thousands, which no recursion goes as deep as
                return reduce(partial(self, operator), parts)
            parts = tuple(sorted(parts, key=id))
            if operator == "add" and self._cancel(*parts):
                return self.constant(Fraction(0))
        key = (operator, *map(id, parts))
        if key not in self.done:
            self.done[key] = OPERATIONS[operator](*parts), parts  # which keeps their ids theirs
        return self.done[key][0]

    def _cancel(self, a: Any, b: Any) -> bool:
        """Whether one is the other's opposite, whatever it is."""
        return not is_nowhere(a) and (self.opposites.get(id(a)) is b or self.opposites.get(id(b)) is a)


@lru_cache(maxsize=4096)
def compares(tree: Tree) -> bool:
    """Whether it compares what is no constant with what is none either."""
    nodes = share((tree,)).nodes
    return any(
        isinstance(node, Apply)
        and (node.operator in COMPARISONS or node.operator in ("max", "min"))
        and sum(bool(symbols(one)) for one in node.arguments) > 1
        for node in nodes
    )


class Evaluation:
    """Trees made ready to be evaluated at many points; at the one where something is `known`, with that."""

    def __init__(self, trees: Sequence[Tree], known: Known = ()) -> None:
        self.shared = share((*trees, *(tree for tree, _ in known)))
        self.count = len(trees)
        places = self.shared.roots[self.count :]
        self.known = {place: value for place, (_, value) in zip(places, known, strict=True)}
        self.operations = [OPERATIONS[node.operator] if isinstance(node, Apply) else None for node in self.shared.nodes]
        self.compares = any(map(compares, trees))
        self.angles = Angles(self.shared)

    def at(self, names: Mapping[str, Numeral], once: Once | None = None) -> tuple[Numeral, ...]:
        """Their values at the current precision, the symbols taken from `names`."""
        found = self.all_at(names, once)
        return tuple(found[root] for root in self.shared.roots[: self.count])

    def all_at(self, names: Mapping[str, Numeral], once: Once | None = None) -> list[Any]:
        """The values of all nodes of `shared`."""
        if once is not None or self.compares:
            return self._all_once(names, once or Once())
        found, angles = list[Any](), self.angles.places
        for node, operation, places in zip(self.shared.nodes, self.operations, self.shared.arguments, strict=True):
            if self.known.get(len(found)) is not None:
                found.append(self.known[len(found)])
            elif operation is None:
                found.append(_leaf(node, names))
            elif len(found) in angles and (exact := self.angles.value(len(found), found)) is not None:
                found.append(exact)
            else:
                found.append(operation(*[found[place] for place in places]))
        return found

    def _all_once(self, names: Mapping[str, Numeral], once: Once) -> list[Any]:
        """The same, what is one formula of the same numbers as one object."""
        found, angles = list[Any](), self.angles.places
        for node, places in zip(self.shared.nodes, self.shared.arguments, strict=True):
            if self.known.get(len(found)) is not None:
                found.append(self.known[len(found)])
            elif len(found) in angles and (exact := self.angles.value(len(found), found)) is not None:
                found.append(exact)
            elif isinstance(node, Apply):
                found.append(once(node.operator, *[found[place] for place in places]))
            else:
                found.append(once.constant(node.value) if isinstance(node, Number) else _leaf(node, names))
        return found


def _leaf(node: Tree, names: Mapping[str, Numeral]) -> Numeral:
    if isinstance(node, Number):
        return fmpq(node.value.numerator, node.value.denominator)
    if isinstance(node, Constant):
        return CONSTANTS[node.name]()
    assert isinstance(node, Symbol)  # noqa: S101 - what has arguments has an operation
    return names[node.name]
