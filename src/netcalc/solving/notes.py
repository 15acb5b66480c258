"""What is said below an answer about single values: those out of float64's range, undecided, or exactly 0."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from netcalc.arrays import places
from netcalc.notation import minus_signs
from netcalc.result import UNDECIDED, Result, Tensor, Value

NAMED_LIMIT = 4  # values that are named one by one; a tensor's or, of zeros, all
RANGE_LIMIT = 8  # and so many out of range
NO_CLOSED_FORMS = "closed forms are given of"  # a note on why there are none begins so


def value_notes(tensors: Iterable[Tensor]) -> Iterator[str]:
    """All of them, for the tensors that are shown."""
    tensors = list(tensors)
    yield from _undecided_notes(tensors)
    yield from _zero_notes(tensors)
    yield from _range_notes(tensors)


def _undecided_notes(tensors: Iterable[Tensor]) -> Iterator[str]:
    for tensor in tensors:
        left = list(_named(tensor, _is_undecided))
        if len(left) > NAMED_LIMIT:
            yield f"{len(left)} of {tensor.name}'s {tensor.entries.size} values are not decided"
            continue
        for own, value in left:
            lies = "it is" if value.shown.startswith("beyond") else "it lies in"
            yield f"{own} is not decided: {lies} {minus_signs(value.shown)}"


def _is_undecided(value: Value) -> bool:
    """Whether it is shown as what it lies in; digits that aren't certified, and what is told with its kink, aren't."""
    return (
        value.shown != UNDECIDED
        and value.formula is None
        and not value.certified
        and not value.is_undefined
        and value.nearest is None
    )


def _zero_notes(tensors: Iterable[Tensor]) -> Iterator[str]:
    """Where digits were asked for, and 0 has none to show."""
    zeros = [
        own for tensor in tensors for own, _ in _named(tensor, lambda value: value.as_digits and value.shown == "0")
    ]
    if len(zeros) > NAMED_LIMIT:
        yield f"{len(zeros)} values are exactly 0"
    elif zeros:
        yield f"{', '.join(zeros)} {'is' if len(zeros) == 1 else 'are'} exactly 0"


def _range_notes(tensors: Iterable[Tensor]) -> Iterator[str]:
    """A line for every value that float64 cannot hold, or one for them all where a tensor has many."""
    for tensor in tensors:
        beyond = list(_named(tensor, lambda value: bool(_outside(value))))
        if len(beyond) > RANGE_LIMIT:
            side = _outside(beyond[0][1])
            yield f"{len(beyond)} of {tensor.name}'s {tensor.entries.size} values are {side} float64's range"
            continue
        for own, value in beyond:
            yield f"{own} is {value.shown}, {_outside(value)} float64's range"


def _named(tensor: Tensor, kind: Callable[[Value], bool]) -> Iterator[tuple[str, Value]]:
    """The entries of a kind, each by its own name."""
    if any(map(kind, tensor.values)):
        pairs = ((index, tensor.entries[index]) for index in places(tensor.entries.shape))
        yield from ((tensor.name_at(index), value) for index, value in pairs if kind(value))


def _outside(value: Value) -> str:
    """`below` or `above` float64's range; nothing within it, which infinities are that are given."""
    if not value.certified or value.nearest is None or value.shown in ("inf", "-inf"):
        return ""
    if value.nearest == 0 and value.shown != "0":
        return "below"
    return "above" if abs(value.nearest) == float("inf") else ""


def exact_notes(result: Result) -> Iterator[str]:
    """Where closed forms were asked for: what binary floats are taken for, and which numbers have no closed form."""
    floats = [name for name, given in _arrays(result.given) if given.dtype != object]
    if floats:
        who = f"{', '.join(floats)} {'is' if len(floats) == 1 else 'are'}"
        yield f"{who} float64, taken as the exact binary numbers that they are: 0.1 would be {Fraction(0.1)}"
    values = [value for tensor in result.tensors for value in tensor.values if value.formula is None]
    without = sum(value.exact is None for value in values)
    if without and not any(note.startswith(NO_CLOSED_FORMS) for note in result.notes):  # which says why
        have = "has" if without == 1 else "have"
        yield f"{without} of the {len(values)} values {have} no closed form short enough to read"


def _arrays(given: Mapping[str, Any]) -> Iterator[tuple[str, np.ndarray]]:
    for name, thing in given.items():
        if isinstance(thing, Mapping):
            yield from _arrays(thing)
        elif isinstance(thing, np.ndarray):
            yield name, thing
