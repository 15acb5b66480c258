"""What was recalled, held to the formula that it is about: at random exact points, by differences of that formula.

Another's hand in a file, or a damaged disk, would have to know the points to go unnoticed.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence

from flint import arb, fmpq

from netcalc.arithmetic.balls import ball, precision
from netcalc.arithmetic.evaluation import numerals
from netcalc.expression import Apply, Symbol, Tree, symbols

BITS = 512
STEP = fmpq(1, 1 << 120)
CLOSE = fmpq(1, 1 << 60)  # what a difference over such a step is of a derivative, and far more than rounding leaves
SCALES = (2, 8, 1, 30, 1000, 100_000)
ENOUGH = 3  # points at which all are defined
FAR, FARTHER = 1 << 20, 1 << 40
NEAR_A_LIMIT = fmpq(1, 4)


def are_slopes(formula: Tree, name: str, slopes: Sequence[Tree], curvatures: Sequence[Tree] = ()) -> bool:
    """Whether those are ∂f/∂name and ∂²f/∂name², as far as differences of the formula tell."""
    agreed = 0
    others = [one for one in symbols(formula) if one != name]
    for place in _points():
        with precision(BITS):
            fixed = {one: random_number() for one in others}
            before, at, after = (
                ball(numerals((formula,), {name: place + step, **fixed})[0]) for step in (-STEP, 0, STEP)
            )
            found = [ball(one) for one in numerals((*slopes, *curvatures), {name: place, **fixed})]
            first, second = (after - before) / (2 * STEP), (after - 2 * at + before) / STEP**2
            expected = [first] * len(slopes) + [second] * len(curvatures)
            if not all(one.is_finite() for one in expected):
                continue
            if not all(map(_are_close, found, expected)):
                return False
        agreed += 1
        if agreed == ENOUGH:
            return True
    return agreed > 0


def is_limit(formula: Tree, side: int, limit: Tree) -> bool:
    """Whether a formula in q comes nearer to that limit, `oo` for infinity, far to the left (-1) or right (1)."""
    with precision(BITS):
        near, far = (
            ball(numerals((formula,), {"q": side * place * (1 + random_number())})[0]) for place in (FAR, FARTHER)
        )
        match limit:
            case Symbol("oo"):
                return bool(far > near)
            case Apply("negate", (Symbol("oo"),)):
                return bool(far < near)
        end = ball(numerals((limit,), {})[0])
        return _are_close(far, end) or bool(abs(far - end) < min(abs(near - end), NEAR_A_LIMIT * (1 + abs(end))))


def _are_close(a: arb, b: arb) -> bool:
    return bool(abs(a - b) <= CLOSE * (1 + abs(b)))


def _points() -> Iterator[fmpq]:
    for scale in SCALES:
        yield from (scale * random_number(), -scale * random_number())


def random_number() -> fmpq:
    """An exact number between 0 and 1."""
    return fmpq(2 * int.from_bytes(os.urandom(6), "big") + 1, 1 << 49)
