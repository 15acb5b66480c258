"""Tensors of many numbers, compared all at once in float64: how many are wrong, where, and what explains them."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from netcalc.checking.answers.names import described
from netcalc.checking.answers.written import FLOAT64_BITS, Large
from netcalc.checking.causes.diagnosis import NO_DIAGNOSIS, Diagnosis, either, few
from netcalc.checking.causes.library import Library, Yielded, rounded
from netcalc.checking.causes.patterns import SWAPPED, largest_error, where
from netcalc.checking.causes.taken import taken
from netcalc.checking.edits.gradients import FACTORS
from netcalc.checking.judging.bench import Array
from netcalc.checking.judging.verdicts import COARSELY, Tolerance
from netcalc.errors import ShapeError
from netcalc.result import Checked, Tensor, Value, as_value

EXACTLY = 2.0**-50  # relative: as near as float64 holds what is right
LOST_BITS = 3  # of an answer's, for a slip that is worked out in float64 to meet it
SLACK = 1e-9  # relative: half a unit is still right
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
    with np.errstate(invalid="ignore"):
        off = claimed - truth
        np.abs(off, out=off)
    right = off <= _radius(truth, tolerance, brought.bits)
    wrong = ~right
    if tolerance == Tolerance():
        wrong &= ~(off <= margins * (1 + SLACK))
    if not wrong.any():
        coarse = brought.bits not in (None, FLOAT64_BITS) and not (off <= _radius(truth, tolerance, FLOAT64_BITS)).all()
        note = COARSELY[brought.bits or FLOAT64_BITS] if coarse else ""
        yield Checked(tensor.name, _many(claimed), _many(truth), "right" if right.all() else "rounded", note=note)
        return
    found = (
        _diagnosis(library, tensor.name, claimed, truth, wrong, brought.bits)
        if is_searched
        else _factor(claimed, truth)
    )
    note, first = _pattern(tensor, off, truth, wrong), tuple(int(one) for one in np.argwhere(wrong)[0])
    steps = taken(library, found.edits, tensor.name, first)
    yield Checked(
        tensor.name, _many(claimed), _many(truth), "wrong", found.said, note=note, mistake=found.mistake, taken=steps
    )
    for index in np.argwhere(wrong)[:NAMED]:
        at = tuple(int(one) for one in index)
        entry = tensor.at(at)
        yield Checked(entry.name, as_value(claimed[at]), entry.value, "wrong", found.said, tensor=tensor.name)


def _pattern(tensor: Tensor, off: Array, truth: Array, wrong: Array) -> str:
    """How many entries are wrong, where, and how far off they are."""
    count, error = int(wrong.sum()), largest_error(off, truth, wrong)
    said = f"{count:,} of {wrong.size:,} entries {'is' if count == 1 else 'are'} wrong"
    said += where(tensor.name, wrong.astype(float), tensor.index_from)
    return f"{said}; {error}" if error else said


def _many(array: Array) -> Value:
    return Value(None, f"{array.size:,} numbers")


def _radius(truth: Array, tolerance: Tolerance, bits: int | None) -> Array:
    """How far from each right entry a right answer may be; next to nothing where no program computed it."""
    size = np.abs(truth)
    if tolerance.rtol is not None or tolerance.atol is not None:
        return np.asarray((tolerance.atol or 0) + (tolerance.rtol or 0) * size)
    if tolerance.sig is not None:
        with np.errstate(all="ignore"):
            return np.asarray(0.5 * 10.0 ** (np.floor(np.log10(size)) - tolerance.sig + 1))
    if bits is None:
        return np.asarray(np.maximum(size * EXACTLY, np.where(truth == 0, size.max() * 2.0**-FLOAT64_BITS, 0)))
    return np.broadcast_to(size.max() * 2.0**-bits, truth.shape)


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
