"""Points that reach every piece of some formulas: both sides of each kink and jump, both signs, small and large."""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterator, Mapping, Sequence
from dataclasses import field
from fractions import Fraction
from functools import cached_property
from itertools import pairwise
from random import Random
from typing import Any

import numpy as np
from flint import fmpq

from netcalc.arithmetic.balls import precision, sign
from netcalc.arithmetic.evaluation import Evaluation
from netcalc.arithmetic.watched import leaf, operation
from netcalc.checking.judging.switches import centres, equalities, switches
from netcalc.derivation.stable import Compiled
from netcalc.expression import Tree
from netcalc.records import dataclass

Array = np.ndarray
Point = dict[str, Fraction]

MAX_POINTS = 40
SAME_PIECE = 2  # points of one piece that are kept, and more while there are fewer than
FEWEST = 16
DRAWN = 64  # points drawn at random
SCALES = (0.05, 0.4, 1.25, 1.25, 1.25, 5.0, 30.0, 1000.0)
LINES = 6  # points from which lines along each variable start
MAX_LINE_VARIABLES = 8
ROUNDS = 3  # in which what was found on a line shows what lies between
MAX_ROOTS = 48  # on a line
HALVINGS = 80
BESIDE = (0.02, 0.47, 0.98)  # where points between two roots are
BEYOND = (0.01, 1.0)  # how far outside the outermost
SIZES = np.concatenate([np.geomspace(1e-300, 1e-15, 58), np.geomspace(1e-12, 1e15, 163), np.geomspace(1e18, 1e300, 58)])
GRID = np.concatenate([-SIZES[::-1], [0.0], SIZES])
MAX_LOWERED = 6  # switches that had one sign alone, which are followed to where they are least
VALLEYS = 6  # on a line, the lowest ones
NARROWINGS = 60
OFFSETS = tuple(side * Fraction(1, 10**size) for size in (0, 3, 6, 9, 12, 16, 20, 30, 60, 120) for side in (-1, 1))
BITS = 320
BESIDE_A_TIE = Fraction(1, 10**30)
MAX_SINGLED_OUT = 12
TINY = 1e-290
CLOSE = 1e-14  # relative: two roots with nothing between
SNAPPED = 1000  # the largest denominator of a root that is tried exactly


def spread(names: Sequence[str], count: int = DRAWN) -> list[Point]:
    """Points of all sizes and signs that nothing makes special, the same ones each time; a third has no negatives."""
    random = Random(len(names))  # noqa: S311 - points to compare at
    found = []
    for place in range(count):
        scales = [random.choice(SCALES)] * len(names) if place % 2 else random.choices(SCALES, k=len(names))
        numbers = [scale * random.uniform(0.2, 1) for scale in scales]
        signs = [1 if place % 3 == 0 else random.choice((-1, 1)) for _ in names]
        found.append({n: Fraction(sign * size) for n, sign, size in zip(names, signs, numbers, strict=True)})
    return found


@dataclass(frozen=True)
class Pieces:
    """Where the `trees`, formulas in `names`, are to be looked at."""

    names: tuple[str, ...]
    trees: tuple[Tree, ...]
    known: dict[Hashable, Any] = field(default_factory=dict)  # roots on lines, and trees made ready

    @cached_property
    def switches(self) -> tuple[Tree, ...]:
        """What changes its sign between two pieces."""
        return switches(self.trees)

    @cached_property
    def points(self) -> list[Point]:
        """A few in each piece that was found, the ones drawn at random first."""
        drawn = spread(self.names)
        found = list(drawn)
        if self.switches:
            for _ in range(2):  # a second time from what the first found
                found += [point for start in self._starts(found) for point in self._along_lines(start)]
                found += self._lowered(found)
        chosen = self._chosen(found)
        apart = (self.signs(chosen, self.switches) != 0).all(axis=0)
        return [one for one, is_apart in zip(chosen, apart, strict=True) if is_apart or not self._is_tie(one)] or chosen

    def _is_tie(self, point: Point) -> bool:
        return is_tie(self.switches, point)

    def _starts(self, found: list[Point]) -> list[Point]:
        """Points of different pieces, the last ones found first."""
        return self._chosen(found[::-1], each=1)[:LINES]

    def _chosen(self, found: list[Point], each: int = SAME_PIECE) -> list[Point]:
        """A point of each piece, then more of them, of other signs and sizes each; few of them all."""
        chosen: dict[int, Point] = {}
        for keys, most in zip(self._keys(found), (each, SAME_PIECE), strict=True):
            seen: dict[Hashable, int] = {}
            for place, key in enumerate(keys):
                seen[key] = seen.get(key, 0) + 1
                if seen[key] <= most and len(chosen) < MAX_POINTS:
                    chosen.setdefault(place, found[place])
            if each < SAME_PIECE:
                return list(chosen.values())
        for place in range(FEWEST):
            chosen.setdefault(place, found[place])
        return [chosen[place] for place in sorted(chosen)]

    def _keys(self, points: Sequence[Point]) -> tuple[list[Hashable], list[Hashable]]:
        """The signs of what switches; those with the signs of the numbers and whether they are large."""
        columns = self._columns(points)
        signs = self.signs(points, self.switches)
        own = [np.sign(column) for column in columns.values()] if len(self.names) <= LINES else []
        large = np.max([np.abs(column) for column in columns.values()], axis=0) > SCALES[-2]
        rows = np.array([*signs, *own, large]).T.tolist()
        return [tuple(row) for row in signs.T.tolist()], [tuple(row) for row in rows]

    def signs(self, points: Sequence[Point], trees: Sequence[Tree]) -> Array:
        """The signs of the trees at points, (trees, points), in float64."""
        signs: Array = np.sign(np.nan_to_num(self._curves(trees, {}, self.names)(self._columns(points))))
        return signs

    def _columns(self, points: Sequence[Point]) -> dict[str, Array]:
        return {name: np.array([float(point[name]) for point in points]) for name in self.names}

    def _curves(
        self, trees: Sequence[Tree], fixed: Mapping[str, Array], moving: Collection[str]
    ) -> Callable[[Mapping[str, Array]], Array]:
        """The trees' values, (trees, points), by the columns of what is `moving`; made ready once for many looks."""
        key = tuple(trees)
        if key not in self.known:
            self.known[key] = Compiled(key, operation, as_written=True)
        with np.errstate(all="ignore"):
            run = self.known[key].at_rest(lambda node: leaf(node, fixed), moving)

        def values(columns: Mapping[str, Array]) -> Array:
            count = len(next(iter(columns.values())))
            with np.errstate(all="ignore"):
                found = [np.broadcast_to(one.value, count) for one in run(lambda node: leaf(node, columns))]
            return np.array(found, dtype=np.float64).reshape(len(found), count)

        return values

    def _along_lines(self, start: Point) -> Iterator[Point]:
        """Points between the places where something switches, along each variable."""
        for name in self.names[:MAX_LINE_VARIABLES]:
            for place in self._between(self._roots(start, name, (*self.switches, *self.centres))):
                yield {**start, name: Fraction(place)}

    @cached_property
    def centres(self) -> tuple[Tree, ...]:
        """What is 0 where a narrow piece may be."""
        return tuple(tree for tree in centres(self.switches) if tree not in self.switches)

    def _lowered(self, found: Sequence[Point]) -> list[Point]:
        """Points where a switch that had one sign alone is least, variable by variable, as far as that is another."""
        signs = self.signs(found, self.switches)
        single = [n for n, row in enumerate(signs) if (row >= 0).all() or (row <= 0).all()][:MAX_LOWERED]
        lowest = []
        for place in single:
            side = 1.0 if (signs[place] >= 0).all() else -1.0
            tree = (self.switches[place], *centres(self.switches[place : place + 1]))
            point = found[0]
            for name in (*self.names[:MAX_LINE_VARIABLES], *self.names[:MAX_LINE_VARIABLES]):
                roots = self._roots(point, name, tree)
                point = {**point, name: Fraction(self._least(point, name, tree[0], side, roots))}
            if self.signs([point], tree[:1])[0, 0] == -side:
                lowest.append(point)
        return lowest

    def _least(self, start: Point, name: str, tree: Tree, side: float, roots: Array) -> float:
        """Where side·tree is least as one variable moves."""
        places = np.unique(np.concatenate([GRID, roots, self._between(roots), [float(start[name])]]))
        line = self._line(start, name, (tree,))

        def at(some: Array) -> Array:
            values = side * line(some)[0]
            return np.where(np.isfinite(values), values, np.inf)

        values = at(places)
        inner = np.flatnonzero((values[1:-1] <= values[:-2]) & (values[1:-1] <= values[2:])) + 1
        inner = inner[np.argsort(values[inner], kind="stable")][:VALLEYS]
        low, high = places[inner - 1], places[inner + 1]
        for _ in range(NARROWINGS):
            a, b = low + 0.382 * (high - low), low + 0.618 * (high - low)
            is_left = at(a) <= at(b)
            low, high = np.where(is_left, low, a), np.where(is_left, b, high)
        middle = low / 2 + high / 2
        tried = np.concatenate([places, middle[np.isfinite(middle)]])
        return float(tried[np.argmin(at(tried))])

    def _between(self, roots: Array) -> list[float]:
        if not roots.size:
            return []
        wide = [(a, b) for a, b in pairwise(roots) if b - a > CLOSE * max(abs(a), abs(b))]
        inner = [a + part * (b - a) for a, b in wide for part in BESIDE]
        ends = ((roots[0], -1), (roots[-1], 1))
        outer = [end + side * far * (1 + abs(end)) for end, side in ends for far in BEYOND]
        known = set(roots.tolist())
        return [float(one) for one in (*inner, *outer) if np.isfinite(one) and one and one not in known]

    def _roots(self, start: Point, name: str, trees: Sequence[Tree]) -> Array:
        """Where one of the trees changes its sign as one variable moves, sorted."""
        key = name, tuple(trees), tuple(value for other, value in start.items() if other != name)
        if key not in self.known:
            self.known[key] = self._sought(start, name, trees)
        found: Array = self.known[key]
        return found

    def _sought(self, start: Point, name: str, trees: Sequence[Tree]) -> Array:
        roots = np.array([])
        line = self._line(start, name, trees)
        for _ in range(ROUNDS):
            places = np.unique(np.concatenate([GRID, roots, self._between(roots)]))
            signs = np.sign(line(places))
            row, at = np.nonzero(signs[:, :-1] * signs[:, 1:] < 0)
            row, at = _a_few_each(row, at, places, len(trees))
            exact = places[np.nonzero((signs == 0).any(axis=0))]
            found = _halved(line, row, places[at], places[at + 1])
            new = _distinct(np.concatenate([roots, exact[:MAX_ROOTS], found]))
            if len(new) == len(roots):
                break
            roots = new
        return roots

    def _line(self, start: Point, name: str, trees: Sequence[Tree]) -> Callable[[Array], Array]:
        """The trees as one variable moves, (trees, places), from its places."""
        fixed = {other: np.asarray(float(value)) for other, value in start.items()}
        line = self._curves(trees, fixed, (name,))
        return lambda places: line({name: places})

    def singled_out(self, trees: Sequence[Tree]) -> list[Point]:
        """Points that the `trees` single out by == or !=, or by what is so narrow that nothing else shows it."""
        own = switches(trees)
        apart = equalities(trees)
        around = tuple(dict.fromkeys((*own, *centres(own))))
        found: list[Point] = []
        for start in spread(self.names, LINES) if own or apart else ():
            for name in self.names[:MAX_LINE_VARIABLES]:
                found += self._at_roots(start, name, apart)
                found += self._beside_roots(start, name, around, own)
        return list({tuple(point.items()): point for point in found}.values())[:MAX_SINGLED_OUT]

    def _at_roots(self, start: Point, name: str, apart: Sequence[Tree]) -> list[Point]:
        points = [{**start, name: place} for root in self._near(start, name, apart) for place in root]
        return [one for one in points if is_zero_at(apart, one) and not self._is_tie(one)]

    def _beside_roots(self, start: Point, name: str, around: Sequence[Tree], own: Sequence[Tree]) -> Iterator[Point]:
        """Points in pieces, so near to where something is 0 that float64 doesn't tell them apart."""
        evaluation = Evaluation(own)
        for root in self._near(start, name, around):
            seen: set[Hashable] = set()
            for offset in OFFSETS[::-1]:
                point = {**start, name: root[0] + offset}
                signs = _signs_at(evaluation, point)
                if None not in signs and signs not in seen and not (0 in signs and is_tie(own, point)):
                    seen.add(signs)
                    yield point

    def _near(self, start: Point, name: str, trees: Sequence[Tree]) -> list[tuple[Fraction, Fraction]]:
        """Where one of the trees is 0 as one variable moves: the plainest number beside it, and it."""
        roots = self._roots(start, name, trees) if trees else ()
        exact = [Fraction(float(root)) for root in sorted(roots, key=abs)[:LINES]]
        return [(root.limit_denominator(SNAPPED) if abs(root) < SNAPPED**2 else root, root) for root in exact]


def _halved(line: Callable[[Array], Array], row: Array, low: Array, high: Array) -> Array:
    """Where the curve of each `row` changes its sign between `low` and `high`."""
    if not row.size:
        return low
    at = np.arange(row.size)
    below = np.sign(line(low)[row, at])
    for _ in range(HALVINGS):
        middle = low / 2 + high / 2
        if ((middle == low) | (middle == high)).all():
            break
        same = np.sign(line(middle)[row, at]) == below
        low, high = np.where(same, middle, low), np.where(same, high, middle)
    return high


def _signs_at(evaluation: Evaluation, point: Point) -> tuple[int | None, ...]:
    with precision(BITS):
        found = evaluation.at({name: fmpq(n.numerator, n.denominator) for name, n in point.items()})
        return tuple(sign(value) for value in found)


def _a_few_each(row: Array, at: Array, places: Array, count: int) -> tuple[Array, Array]:
    """Changes of sign, so many of each of `count` trees that all have their share: those nearest to 0."""
    order = np.lexsort((np.abs(places[at]), row))
    row, at = row[order], at[order]
    kept = np.arange(len(row)) - np.searchsorted(row, row) < max(MAX_ROOTS // max(count, 1), 1)
    return row[kept][:MAX_ROOTS], at[kept][:MAX_ROOTS]


def _distinct(roots: Array) -> Array:
    """Sorted, without those that rounding alone keeps apart."""
    ordered = np.sort(roots)
    apart = np.diff(ordered, prepend=-np.inf) > 4e-16 * np.abs(ordered) + TINY
    distinct: Array = ordered[apart][:MAX_ROOTS]
    return distinct


def is_tie(trees: Sequence[Tree], point: Point) -> bool:
    """Whether one of the trees is 0 at the point, and not around it: max(x, 0) is 0 on a whole piece."""
    beside = {name: value + BESIDE_A_TIE / place for place, (name, value) in enumerate(point.items(), start=1)}
    return any(not is_zero_at((tree,), beside) for tree in trees if is_zero_at((tree,), point))


def is_zero_at(trees: Sequence[Tree], point: Point) -> bool:
    """Whether one of the trees is 0 at the point, or can't be told from it."""
    if not trees:
        return False
    with precision(BITS):
        found = Evaluation(trees).at({name: fmpq(n.numerator, n.denominator) for name, n in point.items()})
        return any(
            value == 0 if isinstance(value, fmpq) else value.is_finite() and value.contains(0) for value in found
        )
