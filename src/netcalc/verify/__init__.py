"""Answers held to central differences of the forward pass alone, which knows no derivative."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from flint import arb, fmpq

from netcalc.arithmetic.rounding import above
from netcalc.graph.node import Node
from netcalc.notation import to_ascii
from netcalc.result import Result, Tensor, Value
from netcalc.result.verification import Compared, Verification
from netcalc.verify.forward import Forward, Index, Point
from netcalc.verify.judge import Judgement, judge, judge_in_float64, noise_in_float64
from netcalc.verify.problems import FORWARDS

__all__ = ["FORWARDS", "Forward", "verify"]

PASSES = 3  # an entry takes the values before, at and after the point
OVERHEAD = 200  # multiplications that a pass takes as long as, however small it is
BALL_WORK = 12_000_000  # multiplications that differences may take: seconds
FLOAT_WORK = 1_000_000_000
MOST_IN_FLOAT64 = 96
LEAST_OF_A_TENSOR = 4

Place = tuple[Tensor, Index]
DRAWS = 8  # points that are tried where a function may have no value


def drawn_points(names: Sequence[str]) -> Iterator[Mapping[str, Fraction]]:
    """Points between -2 and 2, later ones between 0 and 2, always the same; nothing to draw is one empty point."""
    random = np.random.default_rng(7)
    for draw in range(DRAWS if names else 1):
        low = -200 if draw < DRAWS // 2 else 1
        drawn = random.integers(low, 200, len(names)).tolist()
        yield {name: Fraction(number or 1, 100) for name, number in zip(names, drawn, strict=True)}


def verify(problem: Any, result: Result) -> Verification:
    """Every partial, or a drawn sample where there are many, held to differences: in balls, or float64 if large."""
    forward = FORWARDS[type(problem)](problem)
    partials = [tensor for tensor in result.tensors if tensor.of is not None]
    count = BALL_WORK // (PASSES * (forward.work + OVERHEAD))
    if forward.samples is not None and count < _enough(partials):
        return _in_float64(partials, forward, forward.samples)
    places = list(_places(partials, count, min(LEAST_OF_A_TENSOR, count // max(len(partials), 1))))
    for point in drawn_points(forward.names):
        found = _at(point, partials, places, forward)
        if found.untold < found.checked:
            break
    if found.point and not found.wrong:  # sqrt(x^2) has the slope 1 on one side of 0 alone
        other = _at({name: -number for name, number in point.items()}, partials, places, forward)
        return other if other.wrong else found
    return found


def _at(point: Mapping[str, Fraction], partials: list[Tensor], places: list[Place], forward: Forward) -> Verification:
    """What differences say where symbols have those numbers."""
    numerals: Point = {name: fmpq(*number.as_integer_ratio()) for name, number in point.items()}
    numerals = forward.named(numerals)
    found = [(place, judge(*place, forward, numerals)) for place in places]
    return _verification(partials, found, "balls", {name: str(number) for name, number in point.items()})


def _in_float64(partials: list[Tensor], forward: Forward, samples: Node) -> Verification:
    count = min(MOST_IN_FLOAT64, FLOAT_WORK // (PASSES * forward.work))
    scales = {tensor.name: float(np.max(np.abs(tensor.numbers()))) or 1.0 for tensor in partials}

    noise = noise_in_float64(forward, samples)

    def judged(tensor: Tensor, index: Index) -> Judgement:
        value, found = tensor.at(index).value.nearest, forward.derivative(tensor, index)
        return judge_in_float64(value, found, scales[tensor.name], noise, forward)

    found = [(place, judged(*place)) for place in _places(partials, count, LEAST_OF_A_TENSOR)]
    return _verification(partials, found, "float64", {})


def _enough(partials: list[Tensor]) -> int:
    """How many entries differences in balls have to look at to be worth more than many in float64."""
    most = max(MOST_IN_FLOAT64, len(partials))
    return min(most, LEAST_OF_A_TENSOR * len(partials), sum(tensor.entries.size for tensor in partials))


def _places(partials: list[Tensor], count: int, least: int) -> Iterator[Place]:
    """Every entry, or of each tensor its share of `count`, drawn, and `least`; always the same ones."""
    total = sum(tensor.entries.size for tensor in partials)
    for tensor in partials:
        size = tensor.entries.size
        share = size if total <= count else min(size, max(least, count * size // total))
        drawn = np.arange(size) if share == size else np.random.default_rng(0).choice(size, share, replace=False)
        for flat in np.sort(drawn).tolist():
            yield tensor, tuple(int(place) for place in np.unravel_index(flat, tensor.entries.shape))


def _verification(
    partials: list[Tensor], found: list[tuple[Place, Judgement]], arithmetic: str, point: Mapping[str, str]
) -> Verification:
    def of_kind(kind: str) -> tuple[Compared, ...]:
        return tuple(
            Compared(tensor.at(index).name, _written(tensor.at(index).value, kind), one.left, one.right)
            for (tensor, index), one in found
            if one.kind == kind
        )

    return Verification(
        sum(tensor.entries.size for tensor in partials),
        len(found),
        _largest([one.apart for _, one in found if one.kind == "agrees"]),
        arithmetic,
        point,
        of_kind("kink"),
        of_kind("wrong"),
        len(of_kind("untold")),
        of_kind("jump"),
    )


def _written(value: Value, kind: str) -> str:
    """As it is shown; where it is wrong, with all its digits."""
    if value.formula is not None:
        return to_ascii(value.formula)
    return repr(value.nearest) if kind == "wrong" and value.nearest and not value.as_digits else value.shown


def _largest(apart: list[arb]) -> str:
    if not apart:
        return ""
    largest = functools.reduce(arb.max, apart)
    return "0" if largest == 0 else above(largest)
