"""Numbers that keep slips apart: mixed up, doubled, halved or squared, none of them is another one."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from fractions import Fraction
from random import Random

LEAST = 3  # 0 hides a factor, 1 its power, and 2 a doubled term
SIGNS = (-1, 1)
RATIOS = (Fraction(1), Fraction(2))


def apart(
    random: Random, count: int, *, largest: int = 12, beside: Iterable[int] = (), ratios: Collection[Fraction] = RATIOS
) -> list[int]:
    """So many whole numbers of 3 to `largest` with a sign each; none clashes with another, or with one of `beside`."""
    while True:
        taken, found = [abs(one) for one in beside], list[int]()
        for size in random.sample(range(LEAST, largest + 1), largest + 1 - LEAST):
            if len(found) < count and not any(clash(size, other, ratios) for other in taken):
                taken.append(size)
                found.append(random.choice(SIGNS) * size)
        if len(found) == count:
            return found


def clash(a: int, b: int, ratios: Collection[Fraction] = RATIOS) -> bool:
    """Whether one size is the square of the other, or so many times as large; 0 clashes with nothing."""
    low, high = sorted((abs(a), abs(b)))
    return high == low * low or (low > 0 and Fraction(high, low) in ratios)


def distinct(random: Random, count: int, *, largest: int = 6) -> list[int]:
    """So many whole numbers of different sizes from 1 to `largest`, with a sign each."""
    return [random.choice(SIGNS) * size for size in random.sample(range(1, largest + 1), count)]
