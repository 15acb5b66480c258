"""Differences in float64, for problems whose passes balls would take too long for."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from flint import arb

from netcalc.graph.arithmetic.float64 import Float64
from netcalc.graph.node import Node
from netcalc.notation import significant
from netcalc.verify.forward import Derivative, Forward
from netcalc.verify.judge import Judgement, Kind

# Near the cube root of 2^-52, where a central difference is best; then nearer, away from kinks beside the point.
LOOSE = 1e-6  # by the size of the tensor
VISIBLE = 1e-3  # of the size of the tensor: noise above it hides what a partial of that tensor is
STEPS = (2.0**-17, 2.0**-13, 2.0**-22, 2.0**-27)
UNIT = 2.0**-53
FLOAT64 = Float64()
PERTURBED = 4  # passes with other roundings
LIKELY = 8  # what a rounding error may be, by the largest seen


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
    for step in STEPS:
        if step != STEPS[0] and own > VISIBLE * scale * step:
            continue
        left, central, right, blur = _slopes(found, step, own, forward)
        far = abs(value - central)
        apart = arb(far / scale)
        bent = abs(right - left) > VISIBLE * scale + 2 * blur
        sides = (left, right) if bent else (central, central)
        if far <= LOOSE * scale and blur <= VISIBLE * scale:
            return _judgement("agrees", apart, *sides)
        room = LOOSE * scale + blur
        if far <= room:
            if best.left != best.right and 4 * blur <= VISIBLE * scale:
                best = untold  # the bend was beside the point
        elif bent and min(left, right) - room <= value <= max(left, right) + room:
            best = _judgement("kink", apart, *sides)
        elif step <= STEPS[0] and apart < best.apart:
            best = _judgement("wrong", apart, *sides)
    return best


def _judgement(kind: Kind, apart: arb, left: float, right: float) -> Judgement:
    return Judgement(kind, apart, significant(left), significant(right))


def _slopes(found: Derivative, step: float, noise: float, forward: Forward) -> tuple[float, float, float, float]:
    """(f(x) - f(x - h)) / h, the central difference, (f(x + h) - f(x)) / h; what noise may make of the second.

    Parts are subtracted one by one.
    """
    places: list[float] = []

    def by(side: int) -> Callable[[float], float]:
        def moved(number: float) -> float:
            places.append(float(number) + side * step * max(1.0, abs(float(number))))
            return places[-1]

        return moved

    below, here, above = (forward.parts(found, [by(side)], FLOAT64) for side in (-1, 0, 1))
    before, point, after = places
    return (
        math.fsum(here - below) / (point - before),
        math.fsum(above - below) / (after - before),
        math.fsum(above - here) / (after - point),
        2 * noise / (after - before),
    )
