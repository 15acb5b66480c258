"""Tensors of many numbers, compared all at once in float64: how many are wrong, where, and what explains them."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import islice

import numpy as np

from netcalc.checking.answers.names import described
from netcalc.checking.answers.written import FLOAT64_BITS, Large
from netcalc.checking.causes.diagnosis import NO_DIAGNOSIS, Diagnosis, either, few
from netcalc.checking.causes.library import Library, Yielded, rounded
from netcalc.checking.causes.patterns import SWAPPED, largest_error, where
from netcalc.checking.causes.taken import taken
from netcalc.checking.edits.gradients import FACTORS
from netcalc.checking.judging.bench import Array, largest
from netcalc.checking.judging.verdicts import COARSELY, Tolerance
from netcalc.errors import ShapeError
from netcalc.result import Checked, Tensor, Value, as_value

EXACTLY = 2.0**-50  # relative: as near as float64 holds what is right
LOST_BITS = 3  # of an answer's, for a slip that is worked out in float64 to meet it
SLACK = 1e-9  # relative: half a unit is still right
BLOCK = 1 << 16  # numbers compared at once
NAMED = 100  # wrong entries that are named one by one


def bulk(
    library: Library, tolerance: Tolerance, tensor: Tensor, brought: Large, *, is_searched: bool = True
) -> Iterator[Checked]:
    """The verdict on a whole tensor, then on its wrong entries. Raises ShapeError.

    What went wrong `is_searched` for where the problem is small enough; else a plain factor is told.
    """
    claimed, margins, truth = brought.array, brought.margins, tensor.numbers()
    if claimed.shape != truth.shape and claimed.shape == truth.shape[::-1]:
        claimed, margins = claimed.T, margins.T
    if claimed.shape != truth.shape:
        raise ShapeError(
            f"{tensor.name} is {described(truth.shape)}, and what is given for it is {described(claimed.shape)}"
        )
    wrong, is_right, is_fine = _standing(claimed, margins, truth, tolerance, brought.bits)
    if not wrong.any():
        note = "" if is_fine else COARSELY[brought.bits or FLOAT64_BITS]
        yield Checked(tensor.name, _many(claimed), _many(truth), "right" if is_right else "rounded", note=note)
        return
    found = (
        _diagnosis(library, tensor.name, claimed, truth, wrong, brought.bits)
        if is_searched
        else _factor(claimed, truth)
    )
    places = [tuple(map(int, index)) for index in islice(np.argwhere(wrong), NAMED)]
    note, steps = _pattern(tensor, claimed, truth, wrong), taken(library, found.edits, tensor.name, places[0])
    yield Checked(
        tensor.name, _many(claimed), _many(truth), "wrong", found.said, note=note, mistake=found.mistake, taken=steps
    )
    for at in places:
        entry = tensor.at(at)
        yield Checked(entry.name, as_value(claimed[at]), entry.value, "wrong", found.said, tensor=tensor.name)


def _standing(
    claimed: Array, margins: Array, truth: Array, tolerance: Tolerance, bits: int | None
) -> tuple[Array, bool, bool]:
    """Which entries are wrong; whether none is but right, and right as computed in 64 bits, where none is wrong.

    It takes some rows after the others: arrays that stay near the processor, and no memory.
    """
    wrong, is_right, is_fine = np.empty(truth.shape, dtype=bool), True, True
    most, rows = largest(truth), max(1, BLOCK * len(truth) // truth.size)
    for start in range(0, len(truth), rows):
        part = slice(start, start + rows)
        own = truth[part]
        with np.errstate(invalid="ignore"):
            off = np.abs(claimed[part] - own)
        right = off <= _radius(own, tolerance, bits, most)
        np.logical_not(right, out=wrong[part])
        if not right.all():
            is_right = False
            if tolerance == Tolerance():
                wrong[part] &= ~(off <= margins[part] * (1 + SLACK))
        if is_fine and bits not in (None, FLOAT64_BITS):
            is_fine = bool((off <= _radius(own, tolerance, FLOAT64_BITS, most)).all())
    return wrong, is_right, is_fine


def _pattern(tensor: Tensor, claimed: Array, truth: Array, wrong: Array) -> str:
    """How many entries are wrong, where, and how far off they are."""
    count, error = int(wrong.sum()), largest_error(claimed[wrong], truth[wrong])
    said = f"{count:,} of {wrong.size:,} entries {'is' if count == 1 else 'are'} wrong"
    said += where(tensor.name, wrong, tensor.index_from)
    return f"{said}; {error}" if error else said


def _many(array: Array) -> Value:
    return Value(None, f"{array.size:,} numbers")


def _radius(truth: Array, tolerance: Tolerance, bits: int | None, most: float) -> Array:
    """How far from each right entry a right answer may be; next to nothing where no program computed it.

    The largest magnitude of all entries is the `most`.
    """
    if bits is not None and tolerance == Tolerance():
        return np.asarray(most * 2.0**-bits)
    size = np.abs(truth)
    if tolerance.rtol is not None or tolerance.atol is not None:
        return np.asarray((tolerance.atol or 0) + (tolerance.rtol or 0) * size)
    if tolerance.sig is not None:
        with np.errstate(all="ignore"):
            return np.asarray(0.5 * 10.0 ** (np.floor(np.log10(size)) - tolerance.sig + 1))
    return np.asarray(np.maximum(size * EXACTLY, np.where(truth == 0, most * 2.0**-FLOAT64_BITS, 0)))


def _diagnosis(library: Library, name: str, claimed: Array, truth: Array, wrong: Array, bits: int | None) -> Diagnosis:
    """The slips that yield every wrong entry."""
    if claimed.ndim == 2 and claimed.shape[0] == claimed.shape[1] and np.allclose(claimed.T, truth, 1e-6, 0):
        return Diagnosis(SWAPPED.format(name))
    found = [
        (one.edit, rounded(one.whole[0][name][wrong]))
        for one in library.singles
        if _explains(one, name, (claimed, truth), wrong, 2.0 ** -((bits or FLOAT64_BITS) - LOST_BITS))
    ]
    return either(few(found)) if found else NO_DIAGNOSIS


def _factor(claimed: Array, truth: Array) -> Diagnosis:
    """A whole number, or one part of it, that a tensor is too large by."""
    at = np.unravel_index(np.argmax(np.abs(truth)), truth.shape)
    ratio = Fraction(float(claimed[at] / truth[at])).limit_denominator(10_000) if truth[at] else Fraction(0)
    if 1 in (abs(ratio.numerator), ratio.denominator) and np.allclose(claimed, truth * float(ratio), 1e-9, 0):
        return Diagnosis(f"it is {ratio} times what it should be")
    return NO_DIAGNOSIS


def _explains(one: Yielded, name: str, brought: tuple[Array, Array], wrong: Array, width: float) -> bool:
    """Whether a slip yields all the wrong entries, no rounding errors beside it; no others but by a plain factor."""
    claimed, truth = brought
    yielded = one.whole[0].get(name)
    if yielded is None or yielded.shape != claimed.shape:
        return False
    off, apart = np.abs(yielded - claimed)[wrong], np.abs(claimed - truth)[wrong]
    near = off <= width * np.abs(claimed)[wrong] + 1e-9 * width * np.abs(claimed).max()
    spared = np.abs(yielded - truth)[~wrong] <= 16 * width * np.abs(truth).max()
    return bool((near & (16 * off <= apart)).all() and (one.edit.said in FACTORS or spared.all()))
