"""One entry of an answer beside what differences give in its place: in balls, or float64 where those take too long."""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Literal

import numpy as np
from flint import arb, fmpq

from netcalc.arithmetic.balls import ZERO, Numeral, ball, exactly, precision
from netcalc.arithmetic.differences import Difference, differences, one_sided
from netcalc.arithmetic.evaluation import numeral
from netcalc.arithmetic.rounding import digits
from netcalc.derivation.derive import expand
from netcalc.expression import Tree
from netcalc.graph.arithmetic.float64 import Float64
from netcalc.graph.node import Node
from netcalc.notation import significant
from netcalc.records import dataclass
from netcalc.result import Tensor
from netcalc.verify.forward import Derivative, Forward, Index, Point

FLOAT_BITS = 60
HALF_UNIT = arb(2) ** -53 * arb(1.000001)
NORMAL = 2.0**-1022  # a float64 below this has fewer digits
LOOSE = arb(1e-6)  # what a float64 that is not certified may be off, relative to its tensor's largest
SHOWN_DIGITS = 6
WRONG_DIGITS = 17
SETTLED = arb(2) ** -16  # relative: how far a slope at a kink, or a jump, moves when steps come nearer
ENOUGH = 200_000  # multiplications times bits; a slope of 0 that costs less is looked at more closely
EXPONENT_DIGITS = 5  # with its sign, of a number that is written out as a fraction

Kind = Literal["agrees", "kink", "jump", "wrong", "untold"]
# Near the cube root of 2^-52, where a central difference is best; then nearer, away from kinks beside the point.
LOOSE_IN_FLOAT64 = 1e-6  # by the size of the tensor
VISIBLE = 1e-3  # of the size of the tensor: noise above it hides what a partial of that tensor is
STEPS_IN_FLOAT64 = (2.0**-17, 2.0**-13, 2.0**-22, 2.0**-27)
UNIT = 2.0**-53
FLOAT64 = Float64()
PERTURBED = 4  # passes with other roundings
LIKELY = 8  # what a rounding error may be, by the largest seen


@dataclass(frozen=True, slots=True)
class Judgement:
    """What came of it, how far the two are apart, and the slopes on either side as text."""

    kind: Kind
    apart: arb
    left: str = ""
    right: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """A printed value as a number proven to `bits` bits, and how far off it may be: relatively, or by `scale`."""

    number: Numeral
    slack: arb
    bits: int
    scale: arb | None = None


def judge(tensor: Tensor, index: Index, forward: Forward, point: Point) -> Judgement:
    """The entry, held to differences that come nearer until they tell."""
    known = answer(tensor, index, point)
    if known is None:
        return Judgement("untold", arb(0))

    def moved(*steps: Numeral) -> Numeral:
        return forward.moved(tensor, index, steps, point)

    last: Difference | None = None
    before: Difference | None = None
    contradicted: Judgement | None = None  # so far: what is smooth to these steps may not be to smaller ones
    for found in differences(moved, forward.order(tensor), known.bits, forward.work):
        if not found.known:
            continue
        before, last = last, found
        with precision(found.bits):
            apart = abs(ball(known.number) - found.central)
            if known.number == 0 and found.nothing:
                if found.exactly_nothing and forward.work * found.bits > ENOUGH:
                    return _judgement("agrees", apart, found)
            elif found.smooth:
                apart /= known.scale or abs(found.central)
                if not apart > known.slack:
                    return _judgement("agrees", apart, found)
                contradicted = _judgement("wrong", apart, found)
    if last is None:
        return Judgement("untold", arb(0))
    if known.number == 0 and last.nothing:
        return _judgement("wrong" if before is not None and _stays(before, last) else "agrees", abs(last.central), last)
    if not last.told:
        return Judgement("untold", arb(0))
    order = forward.order(tensor)
    if order == 1 and before is not None and _jumps(before, last):
        return Judgement("jump", arb(0), "no limit", "no limit")
    if contradicted is not None and last.smooth and (before is None or _stays(before, last)):
        return (
            contradicted if order == 1 else _from_the_sides(known, last, one_sided(moved, order, last)) or contradicted
        )
    if order > 1:
        return _bent(known, last)
    return _beside_a_kink(known, last) if _settles(before, last) else Judgement("untold", arb(0))


def _settles(before: Difference | None, last: Difference) -> bool:
    """Whether slopes that stay apart come to something each, as at a kink, and don't depend on the step alone."""
    if before is None or (before.nothing and last.nothing):
        return True
    with precision(last.bits):
        size = abs(last.left).max(abs(last.right)) + last.small
        moved = abs(last.left - before.left).max(abs(last.right - before.right))
        return not moved > size * SETTLED


def _stays(before: Difference, last: Difference) -> bool:
    """Whether the slope is the same, and not 0, with steps far smaller: that of x^3 at 0 never is."""
    with precision(last.bits):
        return bool(abs(last.central - before.central) < abs(last.central) * SETTLED)


def _jumps(before: Difference, last: Difference) -> bool:
    """Whether what the function changes by on a side comes to something, as steps come to nothing."""
    with precision(last.bits):
        coarse, fine = (arb(2) ** -one.exponent for one in (before, last))
        changes = [(a * coarse, b * fine) for a, b in ((before.left, last.left), (before.right, last.right))]
        return any(bool(abs(b) > last.small and abs(b - a) < abs(b) * SETTLED) for a, b in changes)


def _from_the_sides(known: Answer, last: Difference, sides: tuple[arb, arb]) -> Judgement | None:
    """A kink of the derivative below, between whose two slopes the answer lies; None if there is no such thing."""
    with precision(last.bits):
        number, low, high = ball(known.number), sides[0].min(sides[1]), sides[0].max(sides[1])
        slack = (high - low) * known.slack + last.small
        if not (high - low > last.small and number > low - slack and number < high + slack):
            return None
        left, right = (slope(side, last.exponent, SHOWN_DIGITS) for side in sides)
        return Judgement("kink", abs(number - last.central).upper(), left, right)


def answer(tensor: Tensor, index: Index, point: Point) -> Answer | None:
    """The most precise form in which a value is printed; None for one that isn't decided, or undefined at the point."""
    value = tensor.at(index).value
    if value.formula is not None:
        return _of_formula(value.formula, point)
    if value.nearest is None or (math.isinf(value.nearest) and not value.certified):
        return None
    number = fmpq(*value.nearest.as_integer_ratio()) if abs(value.nearest) < float("inf") else None
    if tensor.entries.dtype != object:
        scale = arb(float(np.abs(tensor.entries).max()))
        return None if number is None else Answer(number, LOOSE, FLOAT_BITS, scale)
    if number is not None and not value.as_digits and abs(value.nearest) >= NORMAL:
        return Answer(number, HALF_UNIT, FLOAT_BITS)
    return _of_digits(value.shown)


def _of_formula(formula: Tree, point: Point) -> Answer | None:
    with precision(4 * FLOAT_BITS):
        number = ball(numeral(expand(formula), point))
    return Answer(exactly(number), arb(2) ** -FLOAT_BITS, FLOAT_BITS) if number.is_finite() else None


def _of_digits(shown: str) -> Answer:
    if shown == "0":  # nothing is rounded to 0: what is printed so is 0
        return Answer(ZERO, arb(2) ** -FLOAT_BITS, FLOAT_BITS)
    mantissa = shown.partition("e")[0].lstrip("-0.")
    count = len(mantissa.replace(".", "") if "." in mantissa else mantissa.rstrip("0"))  # 200 may be 161 to one digit
    bits = int(3.33 * count) + FLOAT_BITS
    with precision(2 * bits):
        return Answer(arb(shown), arb(10) ** (1 - count) * arb(0.5000001), bits)


def _beside_a_kink(known: Answer, found: Difference) -> Judgement:
    """What to think of slopes that stay apart, or of one too small to be told."""
    with precision(found.bits):
        number, low, high = ball(known.number), found.left.min(found.right), found.left.max(found.right)
        jump, apart = high - low, abs(number - found.central)
        slack = (known.scale or abs(number)) * known.slack + jump * known.slack
        if jump > found.small:
            outside = number < low - slack or number > high + slack
            return _judgement("wrong" if outside else "kink", apart, found)
        room = jump + slack + (4 * abs(found.left).max(abs(found.right)) if found.nothing else 0)
        return _judgement("wrong" if apart > room else "untold", apart, found)


def _bent(known: Answer, found: Difference) -> Judgement:
    """The same for derivatives of higher order: their differences at a kink grow without bound as steps shrink."""
    with precision(found.bits):
        number, jump = ball(known.number), abs(found.right - found.left)
        apart = abs(number - found.central)
        if jump > found.small:
            return Judgement("kink", apart.upper(), "no limit", "no limit")
        return _judgement("wrong" if apart > jump + abs(number) * known.slack else "untold", apart, found)


def _judgement(kind: Kind, apart: arb, found: Difference) -> Judgement:
    count = WRONG_DIGITS if kind == "wrong" else SHOWN_DIGITS
    sides = [slope(side, found.exponent, count) for side in (found.left, found.right)]
    return Judgement(kind, apart.upper(), *sides)


def slope(side: arb, exponent: int, count: int) -> str:
    """A one-sided slope to `count` digits: what it comes to as its step, 2^-`exponent`, comes to nothing."""
    near = fmpq(1, 1 << (exponent // 4))
    middle = exactly(side.mid())
    if abs(middle) < near:
        return "0"
    shown = digits(middle, count) or "0"
    if len(shown.partition("e")[2]) > EXPONENT_DIGITS:
        return shown  # too large for a fraction; nothing shorter is near
    rounded = fmpq(*Fraction(shown).as_integer_ratio())
    return digits(rounded, count) or shown if abs(middle - rounded) < near else shown


def noise_in_float64(forward: Forward, parts: Node) -> np.ndarray:
    """How far rounding may move each of the parts: seen in passes rounded otherwise, at random.

    No derivative is asked. J. Vignes 1993, A stochastic arithmetic for reliable scientific computation.
    """
    random = np.random.default_rng(0)

    def rounded_otherwise(array: np.ndarray) -> np.ndarray:
        moved: np.ndarray = array * (1 + 2 * UNIT * random.integers(-1, 2, array.shape))
        return moved

    with np.errstate(all="ignore"):
        here = forward.perturbed(parts, lambda array: array, FLOAT64)
        seen = [np.abs(forward.perturbed(parts, rounded_otherwise, FLOAT64) - here) for _ in range(PERTURBED)]
    blur: np.ndarray = LIKELY * (np.max(seen, axis=0) + UNIT * np.abs(here))
    return blur


def judge_in_float64(
    value: float | None, found: Derivative, scale: float, noise: np.ndarray, forward: Forward
) -> Judgement:
    """An entry, held to the differences that come nearest to it, by the size `scale` of its tensor.

    What no difference tells from the noise, `noise` of each part, is untold.
    """
    if value is None:
        return Judgement("untold", arb(0))
    untold = best = Judgement("untold", arb("inf"))
    own = math.hypot(*noise[found.at])
    for step in STEPS_IN_FLOAT64:
        if step != STEPS_IN_FLOAT64[0] and own > VISIBLE * scale * step:
            continue
        left, central, right, blur = _slopes(found, step, own, forward)
        far = abs(value - central)
        apart = arb(far / scale)
        bent = abs(right - left) > VISIBLE * scale + 2 * blur
        sides = (left, right) if bent else (central, central)
        if far <= LOOSE_IN_FLOAT64 * scale and blur <= VISIBLE * scale:
            return _judgement_in_float64("agrees", apart, *sides)
        room = LOOSE_IN_FLOAT64 * scale + blur
        if far <= room:
            if best.left != best.right and 4 * blur <= VISIBLE * scale:
                best = untold  # the bend was beside the point
        elif bent and min(left, right) - room <= value <= max(left, right) + room:
            best = _judgement_in_float64("kink", apart, *sides)
        elif step <= STEPS_IN_FLOAT64[0] and apart < best.apart:
            best = _judgement_in_float64("wrong", apart, *sides)
    return best


def _judgement_in_float64(kind: Kind, apart: arb, left: float, right: float) -> Judgement:
    return Judgement(kind, apart, significant(left), significant(right))


def _slopes(found: Derivative, step: float, noise: float, forward: Forward) -> tuple[float, float, float, float]:
    """(f(x) - f(x - h)) / h, the central difference, (f(x + h) - f(x)) / h; what noise may make of the second.

    Parts are subtracted one by one.
    """
    places: list[tuple[float, float]] = []

    def by(side: int) -> Callable[[float], float]:
        def moved(number: float) -> float:
            places.append((float(number), float(number) + side * step * max(1.0, abs(float(number)))))
            return places[-1][1]

        return moved

    here = forward.parts(found._replace(shifts=()), [], FLOAT64)
    below, above = (forward.parts(found, [by(side)], FLOAT64) for side in (-1, 1))
    (point, before), (_, after) = places
    return (
        math.fsum(here - below) / (point - before),
        math.fsum(above - below) / (after - before),
        math.fsum(above - here) / (after - point),
        2 * noise / (after - before),
    )
