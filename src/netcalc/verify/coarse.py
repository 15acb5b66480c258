"""Differences in float64, for problems whose passes balls would take too long for."""

from __future__ import annotations

import math
from collections.abc import Callable

from flint import arb

from netcalc.arithmetic.fast import Fast
from netcalc.result import Tensor
from netcalc.verify.forward import Index
from netcalc.verify.judge import Judgement
from netcalc.verify.layers import LayersForward

# Near the cube root of 2^-52, where a central difference is best; then nearer, away from kinks beside the point.
LOOSE = 1e-6  # by the size of the tensor
STEPS = (2.0**-17, 2.0**-13, 2.0**-22, 2.0**-27)


def judge_in_float64(tensor: Tensor, index: Index, scale: float, forward: LayersForward) -> Judgement:
    """The entry, held to the differences that come nearest to it, by the size `scale` of its tensor."""
    value = tensor.at(index).value.nearest
    if value is None:
        return Judgement("untold", arb(0))
    best = Judgement("wrong", arb("inf"))
    for step in STEPS:
        left, central, right = _slopes(tensor, index, step, forward)
        apart = arb(abs(value - central) / scale)
        if apart < best.apart:
            sides = (left, right) if abs(right - left) > LOOSE**0.5 * scale else (central, central)
            best = Judgement("agrees" if apart <= LOOSE else "wrong", apart, *(f"{side:.6g}" for side in sides))
        if apart <= LOOSE:
            return best
        if abs(right - left) > LOOSE**0.5 * scale and min(left, right) - scale * LOOSE <= value <= max(left, right):
            best = Judgement("kink", apart, f"{left:.6g}", f"{right:.6g}")
    return best


def _slopes(tensor: Tensor, index: Index, step: float, forward: LayersForward) -> tuple[float, float, float]:
    """(f(x) - f(x - h)) / h, the central difference, (f(x + h) - f(x)) / h; samples are subtracted one by one."""
    places: list[float] = []

    def by(side: int) -> Callable[[float], float]:
        def moved(number: float) -> float:
            places.append(float(number) + side * step * max(1.0, abs(float(number))))
            return places[-1]

        return moved

    below, here, above = (forward.parts(tensor, index, by(side), Fast()) for side in (-1, 0, 1))
    before, point, after = places
    return (
        math.fsum(here - below) / (point - before),
        math.fsum(above - below) / (after - before),
        math.fsum(above - here) / (after - point),
    )
