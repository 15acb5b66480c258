"""A product of arrays whose axes bear letters, in any arithmetic: matrix products where there are any."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from netcalc.records import NamedTuple

if TYPE_CHECKING:
    from netcalc.graph.arithmetic import Arithmetic

Lettered = tuple[np.ndarray, str]


class Layout(NamedTuple):
    """An array's axes in the order of other letters, and an axis of size 1 for each that it lacks."""

    order: tuple[int, ...]
    axes: tuple[slice | None, ...]


MANY = (
    8  # factors from which on those that bear the same letters are multiplied first: what is cheapest takes n³ to find
)


def contract(arithmetic: Arithmetic, arrays: Sequence[np.ndarray], letters: Sequence[str], out: str) -> Lettered:
    """The product, summed over what `out` lacks; its letters are those of `out` that a factor has, in out's order."""
    if turned := _matrix_product(tuple(letters), out):
        return arithmetic.matmul(*(array.T if turn else array for array, turn in zip(arrays, turned, strict=True))), out
    if beside := _beside(tuple(letters), out):
        return arithmetic.multiply(*map(_laid, arrays, beside)), out
    left: list[Lettered] = [_diagonal(array, own) for array, own in zip(arrays, letters, strict=True)]
    if not left:
        return arithmetic.numbers(1), ""
    if len(left) > MANY:
        left = _alike_together(arithmetic, left)
    while True:
        left = [_summed_alone(arithmetic, place, left, out) for place in range(len(left))]
        if len(left) == 1:
            break
        a, b = _cheapest(left, out)
        rest = [one for place, one in enumerate(left) if place not in (a, b)]
        held = set(out).union(*(own for _, own in rest))
        left = [*rest, _pair(arithmetic, left[a], left[b], held)]
    array, own = left[0]
    order = "".join(one for one in out if one in own)
    return array.transpose([own.index(one) for one in order]), order


@lru_cache(maxsize=1024)
def _matrix_product(letters: tuple[str, ...], out: str) -> tuple[bool, bool] | None:
    """Which of two matrices is transposed, where their product is one of matrices as it stands; None where not."""
    if len(letters) != 2 or not all(len(own) == len(set(own)) == 2 for own in (*letters, out)):
        return None
    (a, b), summed = letters, set(letters[0]) - set(out)
    rows, columns = a.strip("".join(summed)), b.strip("".join(summed))
    if len(summed) != 1 or summed != set(b) - set(out) or out != rows + columns:
        return None
    return a[0] in summed, b[1] in summed


@lru_cache(maxsize=1024)
def _beside(letters: tuple[str, ...], out: str) -> tuple[Layout, ...]:
    """How two arrays lie beside each other, where their product is one element by element; nothing where it is none."""
    if len(letters) != 2 or not out or set(letters[0] + letters[1]) != set(out):
        return ()
    if not all(len(own) == len(set(own)) for own in (*letters, out)):
        return ()
    return tuple(
        Layout(
            tuple(own.index(one) for one in out if one in own),
            tuple(slice(None) if one in own else None for one in out),
        )
        for own in letters
    )


def _laid(array: np.ndarray, layout: Layout) -> np.ndarray:
    return array.transpose(layout.order)[layout.axes]


def spread(array: np.ndarray, letters: str, out: str, shape: tuple[int, ...] | None) -> np.ndarray:
    """The array with an axis for every letter of `out`: of size 1 for those it lacks, or broadcast to `shape`."""
    order = [one for one in out if one in letters]
    if order != list(letters):
        array = array.transpose([letters.index(one) for one in order])
    if len(order) != len(out):
        kept = iter(array.shape)
        array = array.reshape(tuple(next(kept) if one in letters else 1 for one in out))
    return array if shape is None or array.shape == shape else np.broadcast_to(array, shape)


def _diagonal(array: np.ndarray, letters: str) -> Lettered:
    while len(set(letters)) < len(letters):
        twice = next(one for one in letters if letters.count(one) > 1)
        first = letters.index(twice)
        second = letters.index(twice, first + 1)
        array = np.diagonal(array, axis1=first, axis2=second)
        letters = letters[:first] + letters[first + 1 : second] + letters[second + 1 :] + twice
    return array, letters


def _summed_alone(arithmetic: Arithmetic, place: int, left: Sequence[Lettered], out: str) -> Lettered:
    array, own = left[place]
    held = set(out).union(*(letters for n, (_, letters) in enumerate(left) if n != place))
    axes = tuple(n for n, one in enumerate(own) if one not in held)
    if not axes:
        return array, own
    return arithmetic.sum(array, axes), "".join(one for one in own if one in held)


def _alike_together(arithmetic: Arithmetic, left: Sequence[Lettered]) -> list[Lettered]:
    """The factors, those of the same letters as one."""
    found: dict[str, np.ndarray] = {}
    for array, own in left:
        found[own] = arithmetic.multiply(found[own], array) if own in found else array
    return [(array, own) for own, array in found.items()]


def _cheapest(left: Sequence[Lettered], out: str) -> tuple[int, int]:
    """The two factors whose product is smallest; of equals the pair that sums over most, then the first."""
    if len(left) == 2:
        return 0, 1

    def weight(pair: tuple[int, int]) -> tuple[int, int, int, int]:
        a, b = pair
        held = set(out).union(*(own for n, (_, own) in enumerate(left) if n not in pair))
        sizes = dict(zip(left[a][1] + left[b][1], left[a][0].shape + left[b][0].shape, strict=True))
        size = prod(extent for one, extent in sizes.items() if one in held)
        return size - left[a][0].size - left[b][0].size, prod(sizes.values()), a, b

    return min(((a, b) for b in range(len(left)) for a in range(b)), key=weight)


def _pair(arithmetic: Arithmetic, one: Lettered, other: Lettered, held: set[str]) -> Lettered:
    """The product of two, summed over the letters that nothing else holds: matrix products, one a shared index."""
    (a, own), (b, its) = one, other
    shared = [x for x in own if x in its and x in held]
    summed = [x for x in own if x in its and x not in held]
    if not summed:
        return _elementwise(arithmetic, a, own, b, its)
    left = [x for x in own if x not in its]
    right = [x for x in its if x not in own]
    sizes = dict(zip(own + its, a.shape + b.shape, strict=True))

    def matrix(array: np.ndarray, letters: str, rows: list[str], columns: list[str]) -> np.ndarray:
        moved = array.transpose([letters.index(x) for x in (*shared, *rows, *columns)])
        return moved.reshape(
            (*(sizes[x] for x in shared), prod(sizes[x] for x in rows), prod(sizes[x] for x in columns))
        )

    found = arithmetic.matmul(matrix(a, own, left, summed), matrix(b, its, summed, right))
    letters = "".join((*shared, *left, *right))
    return found.reshape(tuple(sizes[x] for x in letters)), letters


def _elementwise(arithmetic: Arithmetic, a: np.ndarray, own: str, b: np.ndarray, its: str) -> Lettered:
    letters = own + "".join(x for x in its if x not in own)
    return arithmetic.multiply(spread(a, own, letters, None), spread(b, its, letters, None)), letters
