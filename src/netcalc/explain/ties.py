"""Points where a comparison ties: what either side of them says of each derivative, and what is to be told of it.

The formula of a derivative is that of the branch taken. At a tie this may be the branch of a single point, whose slope
isn't the function's: where(x == 3, 9, x^2) has the slope 6 at 3, and the branch the slope 0.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from math import nan
from typing import Any

import numpy as np

from netcalc.arithmetic.balls import UNDEFINED, ball, is_nowhere, precision
from netcalc.arithmetic.evaluation import Known, numeral, numerals
from netcalc.arithmetic.program import Program
from netcalc.arithmetic.rounding import digits, nearest
from netcalc.arithmetic.sides import BITS, NEAR, SIDES, Side, Told, compared, of_both, one_sided, slope_beside
from netcalc.arithmetic.ties import Tie, at_an_edge, can_tie, is_outside, tie
from netcalc.derivation.derive import evaluable
from netcalc.derivation.gradient import Derived, Quantity
from netcalc.explain.corners import decided, numerals_at
from netcalc.expression import Tree, substitute
from netcalc.expression.tree import Apply, Symbol, share
from netcalc.kinks import distinguished, shown_value
from netcalc.notation import to_unicode
from netcalc.problem import derivative
from netcalc.records import dataclass

EQUALITIES = ("equal", "unequal")
NAMED_LIMIT = 8  # lines on kinks

Key = tuple[int, tuple[str, ...]]  # an output, and what it is a derivative by


@dataclass
class Sides:
    """What was found at a point: lines to tell, and by place in `Derived.quantities` what replaces the branch's value.

    `settled` are numerals that both sides agree on; `doubtful` are places where nothing proves the branch's value;
    `kinks` say why a derivative has no value.
    """

    lines: list[str] = field(default_factory=list)
    settled: dict[int, Any] = field(default_factory=dict)
    doubtful: set[int] = field(default_factory=set)
    kinks: dict[int, str] = field(default_factory=dict)

    @property
    def notes(self) -> Iterator[str]:
        """The lines, as many as are read."""
        yield from self.lines[:NAMED_LIMIT]
        if len(self.lines) > NAMED_LIMIT:
            yield f"{len(self.lines) - NAMED_LIMIT} more derivatives are at a kink"


def at_points(found: Sequence[Sides]) -> Iterator[str]:
    """A line on those of many points that there is something to say of."""
    told = [place for place, one in enumerate(found) if one.lines]
    if told:
        who = f"{len(told):,} of {len(found):,} points are at a kink or a jump, or singled out by a condition"
        yield f"{who}; point {told[0]}: {found[told[0]].lines[0]}"


def sides(derived: Derived, point: Mapping[str, Tree], known: Known = (), *, lacks_value: bool = False) -> Sides:
    """What the sides of a point say, if a comparison ties, a domain ends or a formula has no value (`lacks_value`).

    `known` is what is decided of subtrees there.
    """
    trees = derived.expressions
    with precision(BITS):
        names = numerals_at(point)
        if lacks_value or any(map(can_tie, trees)) or at_an_edge(trees, names):
            return _Sides(derived, names, known).found
    return Sides()


def singled_out(derived: Derived, columns: Mapping[str, np.ndarray]) -> list[int]:
    """The rows, of columns by name, where two sides of an == or != are equal: a branch may be a point's alone."""
    trees = derived.expressions
    if not any(isinstance(node, Apply) and node.operator in EQUALITIES for node in share(trees).nodes):
        return []
    fixed = {name: column.item() for name, column in derived.problem.points.items() if not column.ndim}
    tied = Program([substitute(tree, fixed) for tree in trees]).tied(columns, EQUALITIES)
    return [int(row) for row in np.flatnonzero(tied)]


def numerals_of(derived: Derived, point: Mapping[str, Tree]) -> list[Any]:
    """What is wanted at a point in balls, as both sides say where a comparison ties; undefined where nothing tells."""
    trees = evaluable(derived.trees)
    known = decided(trees, point)
    with precision(BITS):
        names = numerals_at(point)
        values = list(numerals(trees, names, known))
        found = sides(derived, point, known, lacks_value=any(map(is_nowhere, values)))
        beside = {**found.settled, **dict.fromkeys(found.doubtful, UNDEFINED)}
        return [beside.get(place, value) for place, value in enumerate(values)]


def in_float64(derived: Derived, point: Mapping[str, Tree]) -> list[float]:
    """The same in float64; nan where there is no value."""
    with precision(BITS):
        numbers = [nearest(value) for value in numerals_of(derived, point)]
    return [nan if number is None else number for number in numbers]


class _Sides:
    """Each derivative, from the expressions on, beside what it is a derivative of."""

    def __init__(self, derived: Derived, names: Mapping[str, Any], known: Known) -> None:
        self.derived, self.names, self.found = derived, names, Sides()
        self.trees: dict[Key, Tree] = {}
        self.values: dict[Key, Any] = {}
        self.ties: dict[Key, Tie] = {}
        self.broken: set[Key] = set()  # whose further derivatives are nothing more is told of
        self.dubious: set[Key] = set()
        self.settled: set[Key] = set()
        self.ends: set[tuple[int, str]] = set()  # outputs that may have no values beside the point, and along what
        self.places: dict[str, str] = {name: digits(value, 6) or "there" for name, value in names.items()}
        trees = evaluable(derived.trees)
        for place, (one, tree) in enumerate(zip(derived.quantities, trees, strict=True)):
            key = one.output, one.by
            self.trees[key] = tree
            (self.values[key],) = numerals((tree,), names, known)
            self.ties[key] = tie(tree, names, known) if can_tie(tree) else None
            if not one.by and at_an_edge((tree,), names):
                self.ends.update((one.output, name) for name in derived.problem.wrt)
            if one.by:
                self._derivative(place, one, key)
            elif self.ties[key]:
                self.found.lines.extend(self._jumps(key))

    def _edge(self, key: Key, name: str) -> Iterator[str]:
        """Where the expression has values to one side of the point alone, a derivative is that side's."""
        tree = self.trees[key]
        outside = [is_outside(tree, beside) for beside in self._beside(name)]
        if any(outside):
            off, on = ("left", "right") if outside[0] else ("right", "left")
            side = f"on the {off}: a derivative by {name} is that on the {on}"
            where = f"beside it: it has no derivative by {name}" if all(outside) else side
            yield f"{self._label(key)} is defined at {name} = {self.places[name]}, and not {where}"

    def _jumps(self, key: Key) -> Iterator[str]:
        """Where the expression itself comes to different values from the two sides, it has no derivative at all."""
        for name in self.derived.problem.wrt:
            if "apart" in self._continuous(key, name):
                yield self._jump(key, name)

    def _jump(self, key: Key, name: str) -> str:
        left, right, here = distinguished(*self._limits(key, name), self.values[key])
        outside = [is_outside(self.trees[key], beside) for beside in self._beside(name)]
        sides = f"{left} from the left, {right} from the right"
        if any(outside):
            sides = f"{right} from the right alone" if outside[0] else f"{left} from the left alone"
        return (
            f"{self._label(key)} jumps at {name} = {self.places[name]}: it comes to {sides}, and is {here} there; "
            "the derivative given is that of the branch taken"
        )

    def _continuous(self, key: Key, name: str) -> set[Told]:
        return {compared(side, self.values[key]) for side in self._limits(key, name)}

    def _limits(self, key: Key, name: str) -> list[Any]:
        return [self._limit(key, name, side) for side in SIDES]

    def _limit(self, key: Key, name: str, side: Side) -> Any:
        """By a derivative's own formula; where that cancels too much, by the formula of what it is a derivative of."""
        found = one_sided(self.trees[key], name, self.names, side)
        by, order = key[1], 0
        while ball(found).is_nan() and by and by[-1] == name:
            by, order = by[:-1], order + 1
            found = slope_beside(self.trees[key[0], by], name, self.names, side, order)
        return found

    def _label(self, key: Key) -> str:
        output = self.derived.problem.outputs[key[0]]
        return to_unicode(Symbol(derivative(output, key[1]))) if key[1] else output

    def _derivative(self, place: int, one: Quantity, key: Key) -> None:
        below: Key = (one.output, one.by[:-1])
        name = one.by[-1]
        if (one.output, name) in self.ends and not is_nowhere(self.values[key]):
            self.ends.remove((one.output, name))
            if "apart" not in self._continuous((one.output, ()), name):  # a jump has no derivative of either side
                self.found.lines.extend(self._edge((one.output, ()), name))
        if below in self.dubious:
            self._doubt(place, key)
        if below in self.broken:
            self.broken.add(key)
            return
        if not any(self.ties[one.output, one.by[:count]] for count in range(len(one.by) + 1)):
            if is_nowhere(self.values[key]) and not is_nowhere(self.values[below]):
                self._removed(place, key, below, name)
            return
        continuous = self._continuous(below, name)
        if name not in below[1] and not all(self._holds(below, beside) for beside in self._beside(name)):
            self._undecided(place, key, below, name)  # the formula below is another function's along this variable
            return
        if "apart" in continuous:
            self.broken.add(key)
            if below[1]:
                self.found.lines.append(self._jump(below, name))
            return
        left, right = self._limits(key, name)
        told = compared(left, right)
        if told == "unknown" or "unknown" in continuous:
            self._undecided(place, key, below, name)
        elif told == "apart" or not ball(left).is_finite():
            self.broken.add(key)
            if is_nowhere(self.values[key]):
                self._without_slope(place, below, name, left, right)
            else:
                self.found.lines.append(self._kink(key, below, name, left, right))
        elif compared(left, self.values[key]) != "same":
            self._settle(place, key, below, name, of_both(left, right))

    def _removed(self, place: int, key: Key, below: Key, name: str) -> None:
        """Where a formula is 0/0: both sides come to the same, or to two slopes, as of sqrt(x^2) at 0."""
        left, right = self._limits(key, name)
        if self._continuous(below, name) != {"same"}:
            return
        if compared(left, right) == "same" and ball(left).is_finite():
            self._settle(place, key, below, name, of_both(left, right))
        elif compared(left, right) == "apart":
            self._without_slope(place, below, name, left, right)

    def _without_slope(self, place: int, below: Key, name: str, left: Any, right: Any) -> None:
        """Why a derivative, whose formula has no value, has none."""
        where, shown = f"{name} = {self.places[name]}", distinguished(left, right)
        told = f"it is {shown[0]} on the left, {shown[1]} on the right"
        self.found.kinks[place] = f"{where} is a kink of {self._label(below)}: {told}"

    def _beside(self, name: str) -> Iterator[Mapping[str, Any]]:
        """The point, moved a little by a variable, left and right."""
        for side in SIDES:
            yield {**self.names, name: self.names[name] + side * NEAR * (1 + abs(self.names[name]))}

    def _holds(self, key: Key, names: Mapping[str, Any]) -> bool:
        """Whether the formula of a derivative is, at another point, what both sides say that the derivative is."""
        if not key[1]:
            return True
        below: Key = (key[0], key[1][:-1])
        trees = [self.trees[one] for one in (below, key)]
        if not any(tie(tree, names) for tree in trees) and not is_nowhere(numeral(trees[1], names)):
            return True
        return all(
            compared(one_sided(tree, key[1][-1], names, side), numeral(tree, names)) == "same"
            for tree in trees
            for side in SIDES
        )

    def _undecided(self, place: int, key: Key, below: Key, name: str) -> None:
        self.broken.add(key)
        where = f"{name} = {self.places[name]}"
        self._doubt(place, key)
        if is_nowhere(self.values[key]):  # of which it is told why
            return
        if "undecided" in (self.ties[below], self.ties[key]):
            self.found.lines.append(f"{where} can't be told from a kink of {self._label(below)}")
            return
        self.found.lines.append(
            f"{self._label(key)} at {where} is not decided: {self._label(below)} comes to no known slope beside it; "
            f"the branch taken alone has {shown_value(self.values[key])}"
        )

    def _doubt(self, place: int, key: Key) -> None:
        self.dubious.add(key)
        self.found.doubtful.add(place)

    def _settle(self, place: int, key: Key, below: Key, name: str, value: Any) -> None:
        taken, self.values[key] = self.values[key], value
        self.found.settled[place] = value
        self.settled.add(key)
        there = f"that of the branch taken there is {shown_value(taken)}"
        self.found.lines.append(
            f"{self._label(below)} has one slope on both sides of {name} = {self.places[name]}, {shown_value(value)}, "
            f"which is given; {'its formula has no value there' if is_nowhere(taken) else there}"
        )

    def _kink(self, key: Key, below: Key, name: str, left: Any, right: Any) -> str:
        of, slope, place = self._label(below), self._label(key), self.places[name]
        shown = distinguished(left, right)
        both = f"{slope} is {shown[0]} on the left, {shown[1]} on the right"
        if "undecided" in (self.ties[below], self.ties[key]):
            return f"{name} can't be told from a kink of {of}, being {place}: {both}; which is not decided"
        convention = (
            ", as PyTorch does" if len(key[1]) == 1 and all(ball(one).is_finite() for one in (left, right)) else ""
        )
        return f"{name} = {place} is a kink of {of}: {both}; netcalc takes {shown_value(self.values[key])}{convention}"
