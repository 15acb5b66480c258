"""Arrays side by side, and what number one is of another."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction

import numpy as np

from netcalc.arrays import squeezed

MAX_PARTS = 60  # of numerator and denominator of a factor


def joined(arrays: Sequence[np.ndarray]) -> np.ndarray:
    return np.concatenate([one.reshape(-1) for one in arrays])


def each_entry(shape: tuple[int, ...], count: int, of: tuple[int, ...]) -> Iterator[tuple[tuple[int, ...], ...]]:
    """The entries along the first axes of an array, if there are so many of that shape: in order, and reversed."""
    for axes in range(1, len(shape) + 1):
        if np.prod(shape[:axes]) == count and squeezed(shape[axes:]) == squeezed(of):
            places = tuple(np.ndindex(shape[:axes]))
            yield places
            yield places[::-1]


def ratio_of(found: np.ndarray, true: np.ndarray) -> float | None:
    """The number that one array is times the other."""
    if found.size != true.size or not found.any() or not true.any():
        return None
    flat, other = found.reshape(-1), true.reshape(-1)
    ratio = float(flat @ other / (other @ other))
    return ratio if ratio and np.abs(flat - ratio * other).max() <= 1e-8 * np.abs(flat).max() else None


def plain_factor(found: np.ndarray, needed: np.ndarray) -> Fraction | None:
    """The plain number that leads from one array to the other."""
    if not np.isfinite(found).all():
        return None
    ratio = ratio_of(needed, found)
    if ratio is None:
        return None
    number = Fraction(ratio).limit_denominator(MAX_PARTS)
    is_it = number and abs(float(number) - ratio) <= 1e-8 * abs(ratio) and abs(number.numerator) <= MAX_PARTS
    return number if is_it else None
