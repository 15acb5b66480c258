"""Slopes by differences: a function's values beside a point in balls, ever nearer until the slope is told.

Nothing here knows a derivative; it is what answers are held to.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

from flint import arb, fmpq

from netcalc.arithmetic.balls import Numeral, ball, precision
from netcalc.records import dataclass

NEARER = (1, 8, 32, 160)  # steps are 2^-e, and these are multiples of the first e
FIRST_EXPONENT = 128
MOST_BITS = 1 << 19

Moved = Callable[..., Numeral]  # the function with each of its variables moved by a step


@dataclass(frozen=True, slots=True)
class Difference:
    """(f(h) - f(-h)) / 2h, and its halves, the slopes to the left and right; h = 2^-`exponent`, `bits` bits a ball."""

    central: arb
    left: arb
    right: arb
    exponent: int
    bits: int

    @property
    def known(self) -> bool:
        """Whether the function has values there."""
        return bool(self.central.is_finite() and self.left.is_finite() and self.right.is_finite())

    @property
    def smooth(self) -> bool:
        """Whether left and right are one slope, up to a small part of it."""
        return self.known and bool(abs(self.right - self.left) < abs(self.central) * self.small)

    @property
    def told(self) -> bool:
        """Whether the slopes are told to a small part of them: those of sin(1e3000·x), seen from afar, are not."""
        return all(bool(one.rad() < self.small * (abs(one) + 1)) for one in (self.central, self.left, self.right))

    @property
    def nothing(self) -> bool:
        """Whether both slopes are next to nothing, as they are where the slope is 0."""
        return self.known and bool(abs(self.left) < self.small and abs(self.right) < self.small)

    @property
    def exactly_nothing(self) -> bool:
        """Whether both slopes are 0 for all that their balls tell."""
        return self.nothing and bool(self.left.contains(0) and self.right.contains(0))

    @property
    def small(self) -> arb:
        """What is next to nothing, seen with this step."""
        return arb(fmpq(1, 1 << (self.exponent // 2)))


def differences(moved: Moved, order: int, bits: int, work: int) -> Iterator[Difference]:
    """Ever smaller steps, for a slope of that order (1, or 2 with two variables moved) proven to `bits` bits.

    `work` are the multiplications that one value takes: a function that takes many is looked at less closely.
    """
    first = max(FIRST_EXPONENT, bits + 64)
    for number, multiple in enumerate(NEARER):
        exponent = first * multiple
        wanted = (order + 2) * exponent + bits
        if number and (wanted > MOST_BITS or work * wanted > MOST_BITS * 100):
            return
        with precision(wanted):
            slopes = _first(moved, exponent) if order == 1 else _mixed(moved, order, exponent)
            found = Difference(*slopes, exponent, wanted)
        yield found


def _first(moved: Moved, exponent: int) -> tuple[arb, arb, arb]:
    h = fmpq(1, 1 << exponent)
    below, here, above = (ball(moved(step)) for step in (-h, fmpq(0), h))
    return (above - below) / (2 * h), (here - below) / h, (above - here) / h


def _mixed(moved: Moved, order: int, exponent: int) -> tuple[arb, arb, arb]:
    """∂²f/∂x∂y from the four corners about the point; for left and right, those of twice the step and of this one."""
    coarse, fine = (_corners(moved, order, fmpq(1, 1 << e)) for e in (exponent, exponent + 1))
    return fine, coarse, fine


def one_sided(moved: Moved, order: int, found: Difference) -> tuple[arb, arb]:
    """The same as `found.central` from corners none of which lies to the right of the point, then none to its left."""
    h = fmpq(1, 1 << found.exponent)
    with precision(found.bits):
        return _corners(moved, order, h, -1), _corners(moved, order, h, 1)


def _corners(moved: Moved, order: int, h: fmpq, beside: int = 0) -> arb:
    total = arb(0)
    for signs in itertools.product((-1, 1), repeat=order):
        side = 1
        for sign in signs:
            side *= sign
        total += side * ball(moved(*((sign + beside) * h for sign in signs)))
    return total / (2 * h) ** order
