"""Tensors too large to list: shape, norm, extremes and where they are, and the corners drawn as a matrix."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import product

import numpy as np
from rich.table import Table

from netcalc.arrays import norm
from netcalc.explain.explanation import literal
from netcalc.expression import Number, Symbol, Tree
from netcalc.notation import minus_signs, significant, to_unicode
from netcalc.notation.displays import Display, Matrix
from netcalc.render.frame import frame
from netcalc.render.prose import output_name
from netcalc.result import Result, Tensor, as_value
from netcalc.values import to_float64

LISTED = 64  # numbers; a tensor of more is summarised
FIRST, LAST = 3, 1  # rows and columns of it that are drawn
ACROSS, DOWN, SLANTED = Symbol("⋯"), Symbol("⋮"), Symbol("⋱")


def is_large(tensor: Tensor) -> bool:
    """Whether a tensor is too large to list: of numbers throughout, or one formula."""
    if tensor.whole is not None:
        return True
    return tensor.entries.size > LISTED and all(value.formula is None for value in tensor.values)


def summary(result: Result, large: Sequence[Tensor]) -> Table:
    """A row a tensor; what was given as large comes first."""
    table = frame("", "shape", "formula", "norm", "least", "greatest", right=("shape", "norm"))
    start = result.tensors[0].index_from
    for name, array in large_given(result):
        table.add_row(to_unicode(Symbol(name)), _size(array.shape), "given", *_facts(array, start))
    for tensor in large:
        facts = [] if tensor.whole is not None else _facts(tensor.numbers(), start)
        table.add_row(output_name(tensor.name, tensor.of), _size(tensor.shape), to_unicode(tensor.formula), *facts)
    return table


def _size(shape: tuple[int, ...]) -> str:
    return "×".join(map(str, shape))


def large_given(result: Result) -> Iterator[tuple[str, np.ndarray]]:
    """Large tensors of numbers that were given."""
    for name, given in result.given.items():
        if isinstance(given, np.ndarray) and given.size > LISTED and _is_numbers(given):
            yield name, to_float64(given)


def _is_numbers(array: np.ndarray) -> bool:
    return array.dtype != object or all(isinstance(entry, Number) for entry in array.flat)


def _facts(array: np.ndarray, index_from: int) -> list[str]:
    """Norm, and both extremes with their places."""
    flat = array.reshape(-1)
    ends = int(flat.argmin()), int(flat.argmax())
    cells = [f"{_number(flat[place])} at {_place(array.shape, place, index_from)}" for place in ends]
    return [_number(norm(flat)), *cells]


def _place(shape: tuple[int, ...], flat: int, index_from: int) -> str:
    index = np.unravel_index(flat, shape)
    return f"[{','.join(str(int(place) + index_from) for place in index)}]"


def _number(value: float) -> str:
    return minus_signs(significant(value))


def corners(tensor: Tensor) -> tuple[Display, Matrix]:
    """A tensor's name, and its corners as a matrix, of more axes those of its first; of a vector, its row's ends."""
    array = tensor.entries.reshape(1, -1) if tensor.entries.ndim < 2 else tensor.entries
    stacked = array.ndim - 2
    first = f"[{','.join([str(tensor.index_from)] * stacked)}]" if stacked else ""
    array = array[(0,) * stacked]
    rows, columns = (_shown(length) for length in array.shape)
    entries = [_entry(array, i, j) for i, j in product(rows, columns)]
    whole = [tuple(entries[start : start + len(columns)]) for start in range(0, len(entries), len(columns))]
    name = tensor.name if tensor.of is None else f"d{tensor.of}/{tensor.name.removeprefix(f'd{tensor.of}/')}"
    return Symbol(name + first), Matrix(tuple(whole))


def _shown(length: int) -> list[int | None]:
    """The places of one axis that are drawn; None for those between."""
    if length <= FIRST + LAST + 1:
        return list(range(length))
    return [*range(FIRST), None, *range(length - LAST, length)]


def _entry(array: np.ndarray, i: int | None, j: int | None) -> Tree:
    if i is None:
        return SLANTED if j is None else DOWN
    return ACROSS if j is None else literal(as_value(array[i, j]))
