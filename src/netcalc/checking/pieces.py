"""Points that reach every piece of some formulas: both sides of each kink and jump, both signs, small and large."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from itertools import combinations, pairwise
from random import Random
from typing import Any

import numpy as np
from flint import fmpq

from netcalc.arithmetic.balls import Evaluation, precision
from netcalc.arithmetic.watched import leaf, operation
from netcalc.derivation.derive import expand
from netcalc.expression import Apply, Number, Tree
from netcalc.expression.tree import COMPARISONS, add, negate, share

Array = np.ndarray
Point = dict[str, Fraction]

MAX_SWITCHES = 60
MAX_POINTS = 40
SAME_PIECE = 2  # points of one piece that are kept, and more while there are fewer than
FEWEST = 16
DRAWN = 64  # points drawn at random
SCALES = (0.05, 0.4, 1.25, 1.25, 1.25, 5.0, 30.0, 1000.0)
LINES = 6  # points from which lines along each variable start
MAX_LINE_VARIABLES = 8
ROUNDS = 3  # in which what was found on a line shows what lies between
MAX_ROOTS = 48  # on a line
HALVINGS = 60
BESIDE = (0.02, 0.5, 0.98)  # where points between two roots are
BEYOND = (0.01, 1.0)  # how far outside the outermost
GRID = np.concatenate([-np.geomspace(1e15, 1e-12, 163), [0.0], np.geomspace(1e-12, 1e15, 163)])
BITS = 320
SNAPPED = 1000  # the largest denominator of a root that is tried exactly
ONE = Number(Fraction(1))
ENDS = {"asin": (-1, 1), "acos": (-1, 1), "atanh": (-1, 1), "acosh": (1,), "log1p": (-1,)}
AT_ZERO = frozenset({"abs", "sign", "sqrt", "cbrt", "log", "log2", "log10", "gamma", "lgamma", "digamma"})


def switches(trees: Sequence[Tree]) -> tuple[Tree, ...]:
    """What changes its sign where one of the formulas may change its form or begin, each once."""
    found: dict[Tree, None] = {}
    for node in share([expand(tree) for tree in trees]).nodes:
        if isinstance(node, Apply):
            found |= dict.fromkeys(_of_node(node.operator, node.arguments))
        if len(found) > MAX_SWITCHES:
            break
    return tuple(found)[:MAX_SWITCHES]


def _of_node(operator: str, arguments: tuple[Tree, ...]) -> Iterator[Tree]:
    if operator in COMPARISONS:
        yield _difference(*arguments)
    elif operator in ("max", "min"):
        yield from (_difference(a, b) for a, b in combinations(arguments, 2))
    elif operator in AT_ZERO:
        yield arguments[0]
    elif operator == "atan2":
        yield from arguments
    elif operator == "divide":
        yield arguments[1]
    elif operator == "power" and not _is_odd(arguments[1]):
        yield arguments[0]
    else:
        yield from (_difference(arguments[0], Number(Fraction(end))) for end in ENDS.get(operator, ()))


def _difference(a: Tree, b: Tree) -> Tree:
    if isinstance(b, Number):
        return a if not b.value else add(a, Number(-b.value))
    return add(a, negate(b))


def _is_odd(exponent: Tree) -> bool:
    return isinstance(exponent, Number) and exponent.value.denominator == 1 and exponent.value.numerator % 2 == 1


def equalities(trees: Sequence[Tree]) -> tuple[Tree, ...]:
    """What is 0 where one of the formulas singles out a point."""
    nodes = share([expand(tree) for tree in trees]).nodes
    found = [
        _difference(*node.arguments)
        for node in nodes
        if isinstance(node, Apply) and node.operator in ("equal", "unequal")
    ]
    return tuple(dict.fromkeys(found))


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
        return self._chosen(found)

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
        signs: Array = np.sign(np.nan_to_num(self._values(self._columns(points), trees)))
        return signs

    def _columns(self, points: Sequence[Point]) -> dict[str, Array]:
        return {name: np.array([float(point[name]) for point in points]) for name in self.names}

    def _values(self, columns: dict[str, Array], trees: Sequence[Tree]) -> Array:
        """What the trees are, (trees, points), in float64."""
        count = len(next(iter(columns.values())))
        shared = share(trees)
        results: list[Any] = []
        with np.errstate(all="ignore"):
            for node, places in zip(shared.nodes, shared.arguments, strict=True):
                if isinstance(node, Apply):
                    results.append(operation(node)(*(results[place] for place in places)))
                else:
                    results.append(leaf(node, columns))
            found = [np.broadcast_to(results[root].value, count) for root in shared.roots]
        return np.array(found, dtype=np.float64).reshape(len(trees), count)

    def _along_lines(self, start: Point) -> Iterator[Point]:
        """Points between the places where something switches, along each variable."""
        for name in self.names[:MAX_LINE_VARIABLES]:
            for place in self._between(self._roots(start, name, self.switches)):
                yield {**start, name: Fraction(place)}

    def _between(self, roots: Array) -> list[float]:
        if not roots.size:
            return []
        inner = [a + part * (b - a) for a, b in pairwise(roots) for part in BESIDE]
        ends = ((roots[0], -1), (roots[-1], 1))
        outer = [end + side * far * (1 + abs(end)) for end, side in ends for far in BEYOND]
        return [float(one) for one in (*inner, *outer) if np.isfinite(one)]

    def _roots(self, start: Point, name: str, trees: Sequence[Tree]) -> Array:
        """Where one of the trees changes its sign as one variable moves, sorted."""
        roots = np.array([])
        for _ in range(ROUNDS):
            places = np.unique(np.concatenate([GRID, roots, self._between(roots), [float(start[name])]]))
            signs = np.sign(self._line(start, name, places, trees))
            row, at = np.nonzero(signs[:, :-1] * signs[:, 1:] < 0)
            row, at = _a_few_each(row, at, places, len(trees))
            exact = places[np.nonzero((signs == 0).any(axis=0))]
            found = self._halved(start, name, trees, row, places[at], places[at + 1])
            new = _distinct(np.concatenate([roots, exact[:MAX_ROOTS], found]))
            if len(new) == len(roots):
                break
            roots = new
        return roots

    def _halved(self, start: Point, name: str, trees: Sequence[Tree], row: Array, low: Array, high: Array) -> Array:
        if not row.size:
            return low
        at = np.arange(row.size)
        below = np.sign(self._line(start, name, low, trees)[row, at])
        for _ in range(HALVINGS):
            middle = low / 2 + high / 2
            same = np.sign(self._line(start, name, middle, trees)[row, at]) == below
            low, high = np.where(same, middle, low), np.where(same, high, middle)
        return high

    def _line(self, start: Point, name: str, places: Array, trees: Sequence[Tree]) -> Array:
        columns = {other: np.full(len(places), float(value)) for other, value in start.items()}
        return self._values({**columns, name: places}, trees)

    def singled_out(self, trees: Sequence[Tree]) -> list[Point]:
        """Points that the `trees` single out by == or !=, where nothing else switches."""
        apart = equalities(trees)
        if not apart:
            return []
        found: list[Point] = []
        for start in spread(self.names, LINES):
            for name in self.names[:MAX_LINE_VARIABLES]:
                for root in self._roots(start, name, apart)[:LINES]:
                    near = Fraction(float(root))
                    for place in (near.limit_denominator(SNAPPED), near):
                        point = {**start, name: place}
                        if point not in found and is_zero_at(apart, point) and not is_zero_at(self.switches, point):
                            found.append(point)
        return found[:LINES]


def _a_few_each(row: Array, at: Array, places: Array, count: int) -> tuple[Array, Array]:
    """Changes of sign, so many of each of `count` trees that all have their share: those nearest to 0."""
    order = np.lexsort((np.abs(places[at]), row))
    row, at = row[order], at[order]
    kept = np.arange(len(row)) - np.searchsorted(row, row) < max(MAX_ROOTS // max(count, 1), 1)
    return row[kept][:MAX_ROOTS], at[kept][:MAX_ROOTS]


def _distinct(roots: Array) -> Array:
    """Sorted, without those that rounding alone keeps apart."""
    ordered = np.sort(roots)
    apart = np.diff(ordered, prepend=-np.inf) > 1e-12 * (1 + np.abs(ordered)) * (ordered != 0) + 1e-300
    distinct: Array = ordered[apart][:MAX_ROOTS]
    return distinct


def is_zero_at(trees: Sequence[Tree], point: Point) -> bool:
    """Whether one of the trees is 0 at the point, or can't be told from it."""
    if not trees:
        return False
    with precision(BITS):
        found = Evaluation(trees).at({name: fmpq(n.numerator, n.denominator) for name, n in point.items()})
        return any(value == 0 if isinstance(value, fmpq) else value.contains(0) for value in found)
