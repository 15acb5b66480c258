"""Notes on kinks: which points are at one, decided exactly, the slopes on either side, and the one taken."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from itertools import combinations, islice
from typing import Any

import numpy as np
from flint import arb, fmpq

from netcalc.arithmetic.balls import ball, exactly, precision
from netcalc.arithmetic.evaluation import Once, numeral
from netcalc.arithmetic.rounding import digits, enclosure
from netcalc.arithmetic.sides import BITS, SAME, compared, one_sided, slope_at
from netcalc.arithmetic.ties import Tie, tie
from netcalc.catalogue.activations import BoundActivation
from netcalc.derivation.derive import derivation, loss_derivation
from netcalc.expression import Tree, parse
from netcalc.expression.tree import has_switches
from netcalc.problem import LossAndTarget, Problem, element
from netcalc.records import NamedTuple

DIGITS = (6, 9, 12, 17, 30, 60, 120)  # as many as it takes to tell numbers apart
LOST = ("undefined", "undecided")
NEAR = 1e-9  # what is farther from a kink, relatively, is not at it
NAMED_LIMIT = 3  # points at one kink that are named one by one


class Kink(NamedTuple):
    """What a point at a kink is like: where it is, the slopes to the left and the right, and the one at it."""

    place: str
    left: str
    right: str
    taken: str
    decided: bool

    def line(self, names: Sequence[str], owner: str, slope: str = "its slope", convention: str = "") -> str:
        """`q = 0 is a kink of relu: …`, at what has these names; `convention` is whose slope is taken there."""
        who = listed(names)
        sides = f"{slope} is {self.left} on the left, {self.right} on the right"
        if not self.decided:
            return f"{who} can't be told from a kink of {owner}, being {self.place}: {sides}; which is not decided"
        where = f"{who} = {self.place} is" if len(names) == 1 else f"{who} are {self.place},"
        taken = f"; netcalc takes {self.taken}{convention and ', '}{convention}" if self.taken != "undefined" else ""
        return f"{where} a kink of {owner}: {sides}{taken}"


def listed(names: Sequence[str]) -> str:
    """A few names, and how many more there are."""
    more = f" and {len(names) - NAMED_LIMIT} more" if len(names) > NAMED_LIMIT else ""
    return ", ".join(names[:NAMED_LIMIT]) + more


def kink(slope: Tree, name: str, names: Mapping[str, Any], once: Once | None = None) -> Kink | None:
    """The kink at the place of `name` in `names`, if `slope` jumps there, or may; `once` has operations done."""
    found: Tie = tie(slope, names, once=once)
    if found is None:
        return None
    sides = [one_sided(slope, name, names, side) for side in (-1, 1)]
    with precision(BITS):
        if not _differ(*sides):
            return None
    left, right, taken = distinguished(*sides, numeral(slope, names))
    place = digits(names[name], 6) or enclosure(names[name]) or "undefined"
    return Kink(place, left, right, taken, found == "exact")


def jump(tree: Tree, name: str, names: Mapping[str, Any]) -> str:
    """What to say of the place of `name` in `names`, if `tree` comes to another value from a side than it has there."""
    if tie(tree, names) != "exact":
        return ""
    with precision(BITS):
        here, limits = numeral(tree, names), [one_sided(tree, name, names, side) for side in (-1, 1)]
        if all(compared(limit, here) != "apart" for limit in limits):
            return ""
        *shown, value = distinguished(*limits, here)
    sides = [
        f"{limit} from the {side}" for limit, side in zip(shown, ("left", "right"), strict=True) if limit not in LOST
    ]
    place, alone = digits(names[name], DIGITS[0]) or "there", "" if len(sides) > 1 else " alone"
    told = f" = {place}: it comes to {', '.join(sides)}{alone}, and is {value} there"
    return f"{told}; the derivative given is that of the branch taken"


def distinguished(*values: Any) -> list[str]:
    """Values in as many digits as it takes for those that differ to look different."""
    shown: list[str] = []
    for count in DIGITS:
        shown = [shown_value(value, count) for value in values]
        pairs = combinations(zip(shown, values, strict=True), 2)
        if not any(a == b and compared(v, w) == "apart" for (a, v), (b, w) in pairs):
            break
    return shown


def shown_value(value: Any, count: int = DIGITS[0]) -> str:
    """A numeral in so many digits; an infinity, or what is known of it."""
    if not ball(value).is_finite():
        return "undefined" if ball(value).is_nan() else "∞" if ball(value) > 0 else "-∞"
    return digits(value, count) or enclosure(value) or "undecided"


def kink_of(activation: BoundActivation, place: str) -> Kink:
    """The kink of an activation of the catalogue at one of its places."""
    found = kink(derivation(activation).stable[1], "q", {"q": fmpq(*Fraction(place).as_integer_ratio())})
    assert found is not None  # noqa: S101 - the catalogue says so
    return found


def _differ(left: Any, right: Any) -> bool:
    difference = left - right
    return bool(difference != 0) and not abs(difference) < SAME


def kink_notes(problem: Problem, found: Mapping[str, np.ndarray]) -> Iterator[str]:
    """A line for each kink that any of the numbers found, in balls or float64, is at."""
    for number, layer in enumerate(problem.layers, 1):
        activation = layer.activation
        z = problem.names.get(f"z{number}")
        if not isinstance(activation, BoundActivation) or z is None or f"z{number}" not in found:
            continue
        value, slope = derivation(activation).stable[:2]
        may_jump = not activation.has_kernels and has_switches(value)
        if not may_jump and not has_switches(slope):
            continue
        a = problem.names.get(f"a{number}", z)
        at: dict[Kink, list[str]] = {}
        entries = problem.shaped(found[f"z{number}"], z.shape)
        singled: dict[str, list[str]] = {}
        jumps: dict[str, list[str]] = {}
        known: dict[float, Kink | None] = {}  # a batch may be at one kink a million times
        for index in _suspects(entries, activation):
            entry = entries[index]
            if may_jump and (told := jump(value, "q", {"q": _numeral(entry)})):
                jumps.setdefault(told, []).append(_entry_name(problem, z.name, index))
                continue
            if not isinstance(entry, np.float64):
                one = kink(slope, "q", {"q": entry})
                if one is None and not activation.has_kernels and (told := _singled_out(activation, entry)):
                    singled.setdefault(told, []).append(_entry_name(problem, z.name, index))
            elif float(entry) in known:
                one = known[float(entry)]
            else:
                one = known[float(entry)] = kink(slope, "q", {"q": _numeral(entry)})
            if one:
                at.setdefault(one, []).append(_entry_name(problem, z.name, index))
        yield from (
            f"{activation.label} jumps at {listed(who)}{told}" for told, who in islice(jumps.items(), NAMED_LIMIT)
        )
        if len(jumps) > NAMED_LIMIT:
            yield f"{activation.label} jumps at {len(jumps) - NAMED_LIMIT} more places"
        yield from (
            f"{activation.label} has one slope on both sides of {listed(who)}{told}" for told, who in singled.items()
        )
        for one, names in at.items():
            yield one.line(names, activation.label, f"∂{a.name}/∂{z.name}", "as PyTorch does")
    if isinstance(problem.upstream, LossAndTarget):
        yield from _loss_notes(problem, problem.upstream, found)


def _singled_out(activation: BoundActivation, q: Any) -> str:
    """What to say of a place that a condition singles out, whose slope is that of what is beside it."""
    trees = derivation(activation).stable
    with precision(BITS):
        given, taken = slope_at(trees, 1, q), numeral(trees[1], {"q": q})
        if compared(given, taken) != "apart":
            return ""
    place, *slopes = (digits(value, 6) or "undecided" for value in (q, given, taken))
    return f" = {place}, {slopes[0]}, which is given; that of the branch taken there is {slopes[1]}"


def _suspects(entries: np.ndarray, activation: BoundActivation) -> Iterable[tuple[int, ...]]:
    """Where a kink of the catalogue's may be: among numerals next to one, among float64 at one; else everywhere."""
    at = [float(Fraction(place)) for place in activation.kinks]
    if entries.dtype == object and not activation.has_kernels:
        return np.ndindex(entries.shape)
    if entries.dtype == object:
        next_to = [_is_near(ball(one), at) for one in entries.reshape(-1).tolist()]
        places = np.array(next_to, dtype=bool).reshape(entries.shape)
    else:
        places = np.isin(entries, at)
    return [tuple(map(int, index)) for index in np.argwhere(places)]


def _is_near(number: arb, places: Sequence[float]) -> bool:
    """Whether a ball is about at one of the places, or too wide to tell."""
    middle, radius = float(number), float(number.rad())
    return not all(abs(middle - place) > NEAR * (1 + abs(place)) + 2 * radius for place in places)


def _numeral(entry: Any) -> Any:
    return fmpq(*float(entry).as_integer_ratio()) if isinstance(entry, np.float64) else entry


def _loss_notes(problem: Problem, above: LossAndTarget, found: Mapping[str, np.ndarray]) -> Iterator[str]:
    if above.loss.by_sample or "loss" not in found or found["loss"].dtype != object:
        return
    slope = loss_derivation(above.loss)[1]
    last = len(problem.layers)
    name = f"a{last}" if f"a{last}" in found else f"z{last}"
    may_be_at_corner = above.loss.row.corner and any(exactly(ball(a)) in (0, 1) for a in found[name].flat)
    if not has_switches(slope) and not may_be_at_corner:
        return
    from netcalc.graph.arithmetic.balls import Balls  # the graph waits for who needs it

    called = problem.names.get(name)
    at: dict[Kink, list[str]] = {}
    corners: dict[str, list[str]] = {}
    shape = called.shape if called else None
    outputs, targets = (problem.shaped(array, shape) for array in (found[name], Balls().array(above.target)))
    for index in np.ndindex(outputs.shape):
        a, t = outputs[index], targets[index]
        who = _entry_name(problem, called.name if called else "output", index)
        if corner := above.loss.at_corner(1, exactly(ball(a)), exactly(ball(t))):
            taken = f"netcalc takes {shown_value(numeral(parse(corner), {'a': a}))}, its limit from between 0 and 1"
            told = f"= {shown_value(a)}, the target, where the slope of {above.loss.label} is 0/0; {taken}"
            corners.setdefault(told, []).append(who)
        elif one := kink(slope, "a", {"a": a, "t": t}):
            at.setdefault(one, []).append(who)
    yield from (f"{listed(who)} {told}" for told, who in corners.items())
    convention = above.loss.row.kink.rpartition(", ")[2] or "as PyTorch does"
    for one, names in at.items():
        yield one.line(names, above.loss.label, convention=convention)


def _entry_name(problem: Problem, name: str, index: tuple[int, ...]) -> str:
    """`q`, `z1[0]`, and `q of sample 2` where each sample has answers of its own."""
    if problem.many and problem.per_sample:
        return f"{element(name, index[1:], problem.index_from)} of sample {index[0]}"
    return element(name, index, problem.index_from)
