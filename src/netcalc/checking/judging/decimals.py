"""Decimals within a formula: whether they are rounded, which takes numbers that make it the answer at every point."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import Any

from flint import arb, arb_mat, fmpq

from netcalc.arithmetic.balls import ball, precision
from netcalc.checking.answers.claims import Claim
from netcalc.checking.answers.written import in_conditions, numeral, rounding_of
from netcalc.checking.judging.bench import BITS, NOTHING, Bench
from netcalc.expression import Apply, Number, Symbol, Tree, fold, share, substitute

MAX_DECIMALS = 4  # that are sought
ATTEMPTS = 8  # to find them from other points
STEPS = 8
STEP_BITS, DAMPING_BITS = 120, 240  # of differences, and of what decides where several numbers would do
EQUAL_BITS = 90  # to which the formula is to be the answer
SLACK = 1 + Fraction(1, 10**9)  # half a unit is still rounding
Sound = Sequence[tuple[Mapping[str, Fraction], Bench]]


def opened(tree: Tree) -> tuple[Tree, dict[str, Fraction]]:
    """The formula with names in the place of decimals that may be rounded, and what they are."""
    kept = in_conditions(tree)
    found = [node.value for node in share((tree,)).nodes if isinstance(node, Number) and node.value not in kept]
    names = {value: f"decimal {place}" for place, value in enumerate(dict.fromkeys(found)) if rounding_of(value)}
    named: Tree = fold(
        tree,
        lambda leaf: Symbol(names[leaf.value]) if isinstance(leaf, Number) and leaf.value in names else leaf,
        Apply,
    )
    return named, {name: value for value, name in names.items()}


def sought(claim: Claim, sound: Sound) -> Claim | None:
    """The claim with the numbers that its decimals would be rounded from; None where no such numbers do.

    They are found from a few points at a time, as at some a kink may be on the other side.
    """
    tree, decimals = opened(claim.written.tree)
    if not decimals or len(decimals) > MAX_DECIMALS:
        return claim
    named = replace(claim, written=replace(claim.written, tree=tree))
    with precision(BITS):
        start = {name: _ball(value) for name, value in decimals.items()}
        telling = [bench for _, bench in sound if _row(named, bench, start)]
        for first in range(min(ATTEMPTS, len(telling))):
            numbers = _solved(named, telling[first :: max(1, len(telling) // len(start))][: len(start)], start)
            is_near = (
                abs(numbers[name] - start[name]) <= _ball(rounding_of(value) * SLACK)
                for name, value in decimals.items()
            )
            if all(is_near):
                known = {name: Number(_fraction(number)) for name, number in numbers.items()}
                found = replace(claim, written=replace(claim.written, tree=substitute(tree, known)))
                if is_equal(found, sound):
                    return found
    return None


def _solved(claim: Claim, benches: Sequence[Bench], numbers: Mapping[str, Any]) -> Mapping[str, Any]:
    """The decimals for which the claim is the answer at these points, by Newton's method."""
    for _ in range(STEPS):
        moved = _step([row for bench in benches if (row := _row(claim, bench, numbers))], list(numbers))
        if moved is None:
            break
        numbers = {name: arb((numbers[name] + moved[name]).mid()) for name in numbers}
    return numbers


def _row(claim: Claim, bench: Bench, numbers: Mapping[str, Any]) -> list[Any]:
    """What the claim is off at a point, and its slope in each decimal; nothing where none moves it."""
    correct = ball(bench.truth[claim.tensor][claim.index])
    step = arb(2) ** -STEP_BITS
    here = ball(numeral(claim.written, {**bench.names, **numbers}, sharp=True))
    slopes = [
        (ball(numeral(claim.written, {**bench.names, **numbers, name: number + step}, sharp=True)) - here) / step
        for name, number in numbers.items()
    ]
    row = [here - correct, *slopes]
    size = max((abs(one) for one in slopes), key=lambda one: float(one.mid()))
    return [arb((one / size).mid()) for one in row] if all(one.is_finite() for one in row) and size > 0 else []


def _step(rows: Sequence[Sequence[Any]], names: Sequence[str]) -> dict[str, Any] | None:
    """How the decimals have to move, as far as the rows are linear: least squares."""
    if not rows:
        return None
    a = arb_mat([list(row[1:]) for row in rows])
    b = arb_mat([[-row[0]] for row in rows])
    normal = a.transpose() * a
    damped = arb_mat(
        [
            [normal[i, j] + (arb(2) ** -DAMPING_BITS if i == j else 0) for j in range(len(names))]
            for i in range(len(names))
        ]
    )
    try:
        found = damped.solve(a.transpose() * b)
    except ZeroDivisionError:
        return None
    return {name: arb(found[place, 0].mid()) for place, name in enumerate(names)}


def is_equal(claim: Claim, sound: Sound) -> bool:
    """Whether the claim is the answer at the points, as far as digits that were found go."""
    with precision(BITS):
        for _, bench in sound:
            correct = ball(bench.truth[claim.tensor][claim.index])
            claimed = ball(numeral(claim.written, bench.names, sharp=True))
            if abs(claimed - correct) > arb(2) ** -EQUAL_BITS * (abs(claimed) + abs(correct)) + arb(2) ** -NOTHING:
                return False
    return True


def _fraction(number: Any) -> Fraction:
    exact = number.mid().fmpq()
    return Fraction(int(exact.p), int(exact.q))


def _ball(value: Fraction) -> Any:
    return arb(fmpq(value.numerator, value.denominator))
