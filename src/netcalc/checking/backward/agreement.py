"""Whether gradients are the true ones: in balls at every point where that is done in a second or two, else in float64.

✓ is said of what has no other value in balls at any point, with as many bits as that takes; float64 alone may lose what
a badly scaled problem loses.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from netcalc.arithmetic.balls import ball, is_infinite, precision
from netcalc.arrays import squeezed
from netcalc.checking.backward.forward import NEAR, Forward, Point, Values
from netcalc.errors import NetcalcError
from netcalc.graph.arithmetic import Arithmetic
from netcalc.graph.arithmetic.balls import Balls
from netcalc.graph.arithmetic.float64 import Float64
from netcalc.graph.evaluate import cost, evaluate
from netcalc.graph.node import Node
from netcalc.records import NamedTuple

RELATIVE, OF_ALL = 1e-9, 1e-12  # what float64 may lose: of a tensor's largest entry, and of the pass's largest
FAR_AWAY = 1e-6  # and at points far from what was given, where functions saturate and terms cancel
BITS = (192, 768)
MAX_OPERATIONS = 120_000  # in balls, entry by entry, at all points together
MAX_MULTIPLICATIONS = 6_000_000  # in balls, within products of matrices, at all points together
MAX_SHORT_BITS = 256  # of a rational that is not made a ball
CLOSE = 2.0**-64  # the radius of a difference that says something, of a tensor's largest entry
NOTHING = 2.0**-100
UNDERFLOW = 2.0**-1000  # exp(-1e9) of a mask is 0 in all machine numbers
OF_MACHINE_NUMBERS = 2.0**-40  # what constants of float64 in a text may lose
MACHINE_DIGITS = 15

NONE: Mapping[Node, Node] = {}


class Pair(NamedTuple):
    """A gradient, and what it is to be the gradient of, or so many times that."""

    gradient: Node
    of: Node
    factor: Fraction = Fraction(1)


class ShortBalls(Balls):
    """Balls that are exact rationals only while those are short."""

    def settled(self, array: np.ndarray) -> np.ndarray:
        flat = array.reshape(-1)
        for place, one in enumerate(flat):
            if not hasattr(one, "rad") and one.height_bits() > MAX_SHORT_BITS:
                flat[place] = ball(one)
        return array


class Agreement:
    """A forward pass's true gradients at some points, and gradients that are held to them."""

    def __init__(self, forward: Forward, points: list[Point], texts: Collection[str], nodes: Sequence[Node]) -> None:
        self.forward, self.points = forward, points
        self.slack = OF_MACHINE_NUMBERS if any(map(_has_machine_numbers, texts)) else 0.0
        self.exact = _places(cost([*forward.roots, *nodes], Arithmetic(forward.sizes)), len(points))
        self._values: dict[int, tuple[Mapping[Node, Node], Values]] = {}

    @property
    def near(self) -> Sequence[Point]:
        """The points near what was given."""
        return self.points[:NEAR]

    @cached_property
    def numbers(self) -> Float64:
        """float64, with numbers for letters."""
        return Float64(self.forward.sizes)

    def of(self, pairs: Sequence[Pair], instead: Mapping[Node, Node] = NONE) -> list[bool]:
        """Whether each gradient is the true one at all points; `instead` has nodes that stand in others' place."""
        found = [True] * len(pairs)
        for place in self.exact or range(len(self.points)):
            left = [n for n, is_right in enumerate(found) if is_right]
            if not left:
                break
            own = [pairs[n] for n in left]
            outcome = self._in_balls(place, own, instead) if self.exact else self._in_float64(place, own, instead)
            for n, is_right in zip(left, outcome, strict=True):
                found[n] = is_right or self.forward.gradient(pairs[n].of) in self.points[place].unsure
        return found

    def is_right(self, pair: Pair, instead: Mapping[Node, Node]) -> bool:
        """Whether one gradient is, by float64 at the points near what was given first."""
        return self.roughly([pair], instead)[0] and self.of([pair], instead)[0]

    def roughly(self, pairs: Sequence[Pair], instead: Mapping[Node, Node], many: int | None = None) -> list[bool]:
        """Whether gradients are, by float64 at the points near what was given alone; no further once so `many` are not.

        That is all of them, if no number is given.
        """
        found, many = [True] * len(pairs), len(pairs) if many is None else many
        for place in range(len(self.near)):
            left = [n for n, is_right in enumerate(found) if is_right]
            if len(found) - len(left) >= many:
                break
            for n, is_right in zip(left, self._in_float64(place, [pairs[n] for n in left], instead), strict=True):
                found[n] = is_right
        return found

    def true(self, place: int, pair: Pair) -> np.ndarray:
        """The true gradient in float64 at a point."""
        values, node = self.points[place].values, self.forward.gradient(pair.of)
        if node not in values:
            (values[node],) = evaluate([node], self.numbers, values)
        return values[node] if pair.factor == 1 else values[node] * float(pair.factor)

    # --- float64

    def known(self, place: int, instead: Mapping[Node, Node]) -> Values:
        """What nodes come to at a point, those that others stand for among them."""
        before = self._values.get(place)
        if before is None or before[0] is not instead:
            values = self.points[place].values
            with np.errstate(all="ignore"):
                found = evaluate(list(instead.values()), self.numbers, values)
            self._values[place] = instead, {**values, **dict(zip(instead, found, strict=True))}
        return self._values[place][1]

    def value(self, place: int, node: Node, instead: Mapping[Node, Node]) -> np.ndarray:
        """What a node comes to at a point in float64."""
        with np.errstate(all="ignore"):
            return evaluated([node], self.numbers, self.known(place, instead))[0]

    def _in_float64(self, place: int, pairs: Sequence[Pair], instead: Mapping[Node, Node]) -> list[bool]:
        point = self.points[place]
        with np.errstate(all="ignore"):
            found = evaluated([one.gradient for one in pairs], self.numbers, self.known(place, instead))
            true = [self.true(place, one) for one in pairs]
        relative = RELATIVE if place < NEAR else FAR_AWAY
        return [same(one, other, point.scale, relative) for one, other in zip(found, true, strict=True)]

    # --- balls

    def _in_balls(self, place: int, pairs: Sequence[Pair], instead: Mapping[Node, Node]) -> list[bool]:
        found: list[bool | None] = [None] * len(pairs)
        for bits in BITS:
            left = [n for n, outcome in enumerate(found) if outcome is None]
            if not left:
                break
            with precision(bits):
                numbers = ShortBalls(self.forward.sizes)
                own = self._known_in_balls(place, bits, numbers)
                values = {**own}
                if instead:
                    there = evaluate(list(instead.values()), numbers, own)
                    values |= dict(zip(instead, there, strict=True))
                arrays = evaluated([pairs[n].gradient for n in left], numbers, values)
                for n, array in zip(left, arrays, strict=True):
                    found[n] = same_in_balls(array, self._true_in_balls(own, pairs[n], numbers), self.slack)
        undecided = [n for n, outcome in enumerate(found) if outcome is None]
        for n, outcome in zip(
            undecided, self._in_float64(place, [pairs[n] for n in undecided], instead) if undecided else (), strict=True
        ):
            found[n] = outcome
        return [bool(outcome) for outcome in found]

    def _true_in_balls(self, known: Values, pair: Pair, numbers: Balls) -> np.ndarray:
        node = self.forward.gradient(pair.of)
        if node not in known:
            (known[node],) = evaluate([node], numbers, known)
        if pair.factor == 1:
            return known[node]
        return numbers.accumulate(None, known[node], pair.factor, known[node].shape)

    def _known_in_balls(self, place: int, bits: int, numbers: Balls) -> Values:
        point = self.points[place]
        if bits not in point.in_balls:
            given = {node: numbers.array(array) for node, array in point.given.items()}
            found = evaluate(self.forward.roots, numbers, given)
            point.in_balls[bits] = {**given, **dict(zip(self.forward.roots, found, strict=True))}
        return point.in_balls[bits]


def _places(needed: Any, count: int) -> list[int]:
    """The points at which balls are within bounds, near and far ones in turn; none where one is too many."""
    many = min(
        MAX_OPERATIONS // max(needed.operations, 1), MAX_MULTIPLICATIONS // max(needed.multiplications, 1), count
    )
    order = [0, *range(NEAR, count), *range(1, min(NEAR, count))]
    return order[:many]


def _has_machine_numbers(text: str) -> bool:
    """Whether a text has numbers with as many digits as float64 has."""
    return any(
        len(one.replace(".", "").lstrip("0")) >= MACHINE_DIGITS
        for one in re.findall(r"(?<![\w.])\d*\.\d+|(?<![\w.])\d+\.", text)
    )


def evaluated(nodes: Sequence[Node], numbers: Arithmetic, values: Values) -> list[np.ndarray]:
    """What nodes come to; nothing for one that has no value."""
    try:
        return evaluate(nodes, numbers, values)
    except (NetcalcError, ValueError, LookupError):
        if len(nodes) == 1:
            return [np.zeros((0, 0))]
        return [evaluated([node], numbers, values)[0] for node in nodes]


def same(found: np.ndarray, true: np.ndarray, scale: float, relative: float = RELATIVE) -> bool:
    """Whether two arrays are the same but for what float64 loses, and for axes of size 1."""
    if not _is_of_shape(found, true):
        return False
    if not true.size:
        return True
    bound = relative * float(np.abs(true).max()) + OF_ALL * scale
    return bool((np.abs(found.reshape(true.shape) - true) <= bound).all())


def same_in_balls(found: np.ndarray, true: np.ndarray, slack: float) -> bool | None:
    """Whether two arrays of balls are the same, but for a share of the largest entry; None if that is not decided."""
    if not _is_of_shape(found, true):
        return False
    scale: float | None = None
    is_decided = True
    for one, other in zip(found.reshape(-1), true.reshape(-1), strict=True):
        if one is other or (not hasattr(one, "rad") and not hasattr(other, "rad") and one == other):
            continue
        difference = ball(one) - ball(other)
        if not difference.is_finite():
            is_decided &= is_infinite(ball(one)) and is_infinite(ball(other)) and (one > 0) == (other > 0)
            continue
        if scale is None:
            scale = max((float(abs(ball(entry)).mid()) for entry in true.reshape(-1)), default=0.0)
        if difference.contains(0):
            is_decided &= bool(difference.rad() <= max(CLOSE * scale, NOTHING))
        elif not abs(difference) <= max(slack * scale, UNDERFLOW):
            return False
    return True if is_decided else None


def _is_of_shape(found: np.ndarray, true: np.ndarray) -> bool:
    return found.size == true.size and squeezed(found.shape) == squeezed(true.shape)
