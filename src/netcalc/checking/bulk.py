"""Tensors of many numbers, compared all at once in float64: how many are wrong, where, and what explains them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from netcalc.checking.diagnose import NO_DIAGNOSIS, either
from netcalc.checking.library import Library, Yielded
from netcalc.checking.names import described
from netcalc.checking.patterns import SWAPPED, where
from netcalc.checking.variation import Array
from netcalc.checking.verdicts import FLOAT64_BITS, LOST_BITS, SINGLE_BITS, Tolerance
from netcalc.checking.written import Large
from netcalc.errors import ShapeError
from netcalc.notation import significant
from netcalc.result import Checked, Tensor, Value, as_value

MANY = 4096  # numbers from which on a tensor is compared as a whole
SLACK = 1e-9  # relative: half a unit is still right
NAMED = 100  # wrong entries that are named one by one


def bulk(library: Library, tolerance: Tolerance, tensor: Tensor, brought: Large) -> Iterator[Checked]:
    """The verdict on a whole tensor, then on its wrong entries. Raises ShapeError."""
    claimed, half_units, truth = brought.array, brought.half_units, tensor.numbers()
    if claimed.shape != truth.shape and claimed.shape == truth.shape[::-1]:
        claimed, half_units = claimed.T, half_units.T
    if claimed.shape != truth.shape:
        raise ShapeError(
            f"{tensor.name} is {described(truth.shape)}, and what is given for it is {described(claimed.shape)}"
        )
    off = np.abs(claimed - truth)
    right = off <= _radius(truth, tolerance, single=brought.single)
    wrong = ~right
    if tolerance == Tolerance():
        wrong &= ~(off <= half_units * (1 + SLACK))
    if not wrong.any():
        yield Checked(tensor.name, _many(claimed), _many(truth), "right" if right.all() else "rounded")
        return
    said = _said(library, tensor.name, claimed, truth, wrong, single=brought.single)
    with np.errstate(all="ignore"):
        largest = np.max((off / np.abs(truth))[wrong])
    place = where(tensor.name, wrong.astype(float), tensor.index_from)
    note = (
        f"{int(wrong.sum()):,} of {wrong.size:,} entries are wrong{place}; "
        f"the largest relative error is {significant(largest, 3)}"
    )
    yield Checked(tensor.name, _many(claimed), _many(truth), "wrong", said, note=note)
    for index in np.argwhere(wrong)[:NAMED]:
        at = tuple(int(one) for one in index)
        entry = tensor.at(at)
        yield Checked(entry.name, as_value(claimed[at]), entry.value, "wrong", said)


def _many(array: Array) -> Value:
    return Value(None, f"{array.size:,} numbers")


def _radius(truth: Array, tolerance: Tolerance, *, single: bool) -> Array:
    """How far from each right entry a right answer may be."""
    size = np.abs(truth)
    if tolerance.rtol is not None or tolerance.atol is not None:
        return np.asarray((tolerance.atol or 0) + (tolerance.rtol or 0) * size)
    if tolerance.sig is not None:
        with np.errstate(all="ignore"):
            return np.asarray(0.5 * 10.0 ** (np.floor(np.log10(size)) - tolerance.sig + 1))
    bits = SINGLE_BITS if single else FLOAT64_BITS
    return np.asarray(np.maximum(size * 2.0**-bits, size.max() * 2.0 ** -(bits + LOST_BITS)))


def _said(library: Library, name: str, claimed: Array, truth: Array, wrong: Array, *, single: bool) -> str:
    """The slips that yield every wrong entry."""
    if claimed.ndim == 2 and claimed.shape[0] == claimed.shape[1] and np.allclose(claimed.T, truth, 1e-6, 0):
        return SWAPPED.format(name)
    bits = SINGLE_BITS if single else FLOAT64_BITS
    found = [
        one.hypothesis
        for one in library.singles
        if _explains(one, name, (claimed, truth), wrong, 2.0 ** -(bits - LOST_BITS))
    ]
    return either(found) if found else NO_DIAGNOSIS.said


def _explains(one: Yielded, name: str, brought: tuple[Array, Array], wrong: Array, width: float) -> bool:
    """Whether a slip yields all the wrong entries, and they are no rounding errors beside it."""
    claimed, truth = brought
    yielded = one.whole[0].get(name)
    if yielded is None or yielded.shape != claimed.shape:
        return False
    off, apart = np.abs(yielded - claimed)[wrong], np.abs(claimed - truth)[wrong]
    near = off <= width * np.abs(claimed)[wrong] + 1e-9 * width * np.abs(claimed).max()
    return bool((near & (16 * off <= apart)).all())
