"""Where a formula that is right on a part only is right, in words: `x > 0`, `w*x + b > 0`, `-1 < x < 1`."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from fractions import Fraction
from itertools import combinations, pairwise

import numpy as np

from netcalc.checking.answers.claims import Claim
from netcalc.checking.judging.functions import Compared, Functions, stands_at, stands_closely
from netcalc.checking.judging.pieces import DRAWN, Pieces, Point, spread
from netcalc.checking.judging.verdicts import Tolerance
from netcalc.expression import Apply, Number, Symbol, Tree, is_constant
from netcalc.expression.tree import add, negate, share
from netcalc.notation import minus_signs, significant, to_unicode

HALVINGS = 48
NEAR = 1e-9  # relative: how near a boundary is to the number that it is taken for
DENOMINATORS = (1, 10, 200)  # of boundaries, the plainest first
LARGEST_PART_OF_PI = 12
MAX_BOUNDARIES = 4
CONFIRMING = 32  # points beside those of the pieces, at which what is said holds too
PERIODIC = frozenset({"sin", "cos", "tan", "sec", "csc", "cot", "gamma", "lgamma", "digamma"})
SIDES = {1: ">", -1: "<"}
MAX_CONDITIONS = 24

Right = Callable[[Point], bool | None]


def part(claim: Claim, found: Compared, functions: Functions, tolerance: Tolerance) -> str:
    """What to say of a claim that is right at a part of the points alone."""

    def right(point: Point) -> bool | None:
        bench = functions.at(point)
        if bench is None:
            return None
        stands = stands_closely(claim, functions, point, stands_at(claim, functions, point, bench, tolerance))
        return None if stands is None else stands in found.equal

    known = [(point, stands in found.equal) for point, stands in found.found if stands is not None]
    pieces = Pieces(functions.names, (*functions.trees([claim]), *functions.own))
    if any(map(_is_periodic, pieces.switches)):
        return f"right on a part only, and not at {_shown(known)}"
    more = spread(functions.names, DRAWN + CONFIRMING)[DRAWN:]
    known += [(point, is_right) for point in more if (is_right := right(point)) is not None]
    if len(functions.names) == 1:
        return _of_one(known, functions.names[0], right)
    held = _conditions(pieces, known)
    return f"right for {held} only" if held else f"right on a part only, and not at {_shown(known)}"


def _is_periodic(tree: Tree) -> bool:
    return any(isinstance(node, Apply) and node.operator in PERIODIC for node in share((tree,)).nodes)


def _of_one(known: Sequence[tuple[Point, bool]], name: str, right: Right) -> str:
    """The intervals of one variable."""
    along = sorted({(point[name], is_right) for point, is_right in known})
    changes = [(low, high) for low, high in pairwise(along) if low[1] != high[1]]
    single = [place for place, is_right in along if not is_right]
    if len(single) == 1 and len(changes) == 2:
        return f"right on a part only, and not at {name} = {_number(float(single[0]))}"
    if len(changes) > MAX_BOUNDARIES:
        return f"right on a part only, and not at {_shown(known)}"
    ends = [_boundary(low, high, name, right) for low, high in changes]
    texts = [None, *(_number(end) for end in ends), None]
    intervals = [
        _interval(name, low, high)
        for place, (low, high) in enumerate(pairwise(texts))
        if along[0][1] == (place % 2 == 0)
    ]
    return f"right for {' and for '.join(intervals)} only"


def _interval(name: str, low: str | None, high: str | None) -> str:
    if low is None:
        return f"{name} < {high}"
    return f"{name} > {low}" if high is None else f"{low} < {name} < {high}"


def _boundary(low: tuple[Fraction, bool], high: tuple[Fraction, bool], name: str, right: Right) -> float:
    """Between two places, where right turns to wrong."""
    a, b = float(low[0]), float(high[0])
    for _ in range(HALVINGS):
        middle = _between(a, b)
        if middle in (a, b):
            break
        stands = right({name: Fraction(middle)})
        if stands is None:
            break
        a, b = (middle, b) if stands == low[1] else (a, middle)
    return b


def _between(a: float, b: float) -> float:
    """The middle; the geometric one of numbers of very different size."""
    if a * b > 0 and max(abs(a), abs(b)) > 4 * min(abs(a), abs(b)):
        return math.copysign(math.sqrt(a * b), a)
    return (a + b) / 2


def _number(value: float) -> str:
    """A boundary as the short number, or the part of π, that it is next to."""
    for largest in DENOMINATORS:
        near = Fraction(value).limit_denominator(largest)
        if abs(near - Fraction(value)) <= NEAR * (1 + abs(value)):
            return to_unicode(Number(near))
    turns = Fraction(value / math.pi).limit_denominator(LARGEST_PART_OF_PI)
    if abs(float(turns) * math.pi - value) <= NEAR * (1 + abs(value)):
        over = "" if turns.denominator == 1 else f"/{turns.denominator}"
        times = "" if abs(turns.numerator) == 1 else f"{abs(turns.numerator)}·"
        return f"{'−' if turns < 0 else ''}{times}π{over}"
    return minus_signs(significant(value, 6))


def _conditions(pieces: Pieces, known: Sequence[tuple[Point, bool]]) -> str:
    """One condition, or two, that hold just where the claim is right; nothing if there are none."""
    points, is_right = [point for point, _ in known], np.array([one for _, one in known])
    trees: list[Tree] = [*(Symbol(name) for name in pieces.names), *pieces.switches]
    shown = list(dict.fromkeys(tree for tree in trees if not is_constant(tree)))[:MAX_CONDITIONS]
    holds = [
        (tree, side, sign == side)
        for tree, sign in zip(shown, pieces.signs(points, shown), strict=True)
        for side in SIDES
    ]
    for count in (1, 2):
        for group in combinations(holds, count):
            if (np.logical_and.reduce([one for _, _, one in group]) == is_right).all():
                return " and ".join(_condition(tree, side) for tree, side, _ in group)
    for group in combinations(holds, 2):
        if (np.logical_or.reduce([one for _, _, one in group]) == is_right).all():
            return " or ".join(_condition(tree, side) for tree, side, _ in group)
    return ""


def _condition(tree: Tree, side: int) -> str:
    """`x + y > 1`, of what is above or below 0."""
    left, right = _sides(tree)
    return f"{to_unicode(left)} {SIDES[side]} {to_unicode(right)}"


def _sides(tree: Tree) -> tuple[Tree, Tree]:
    """What is compared with what: `x - y` is x with y."""
    terms = tree.arguments if isinstance(tree, Apply) and tree.operator == "add" else (tree,)
    taken = [one for one in terms if _is_negative(one) or is_constant(one)]
    kept = [one for one in terms if one not in taken]
    zero = Number(Fraction(0))
    return (add(*kept), add(*map(_without_minus, taken)) if taken else zero) if kept else (tree, zero)


def _is_negative(tree: Tree) -> bool:
    return isinstance(tree, Apply) and tree.operator == "negate"


def _without_minus(tree: Tree) -> Tree:
    """A term without its minus."""
    if isinstance(tree, Number):
        return Number(-tree.value)
    return tree.arguments[0] if isinstance(tree, Apply) and tree.operator == "negate" else negate(tree)


def _shown(known: Iterable[tuple[Point, bool]]) -> str:
    """The plainest point at which the claim is wrong."""
    wrong = min((point for point, is_right in known if not is_right), key=_size)
    return ", ".join(f"{name} = {minus_signs(significant(float(number), 6))}" for name, number in wrong.items())


def _size(point: Point) -> float:
    return sum(abs(math.log(abs(float(number)) + 1e-9)) for number in point.values())
