"""Numbers that came together, in a file, a list or an array: how precise each is, they tell together."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from fractions import Fraction
from itertools import chain
from typing import Any

import numpy as np

from netcalc.arguments import check_axes
from netcalc.checking.answers.written import (
    BFLOAT16_BITS,
    FLOAT16_BITS,
    FLOAT32_BITS,
    FLOAT64_BITS,
    FLOAT64_DIGITS,
    MANY,
    NOT_FINITE,
    PLAIN,
    Large,
    computed,
    digits_of,
    listed,
    margin,
    read,
)
from netcalc.errors import NetcalcError
from netcalc.files.numbers import as_float64
from netcalc.records import NamedTuple

BLOCK = 1 << 16  # numbers looked at at once
Given = tuple[str, Any]


def together(pairs: Iterable[Given]) -> Iterator[Given]:
    """Answers by name, each number as precise as they all say: lists, arrays, texts and numbers of one origin.

    Raises NetcalcError for what is no number.
    """
    found = list(pairs)
    precise = _precision([leaf for _, one in found if not isinstance(one, np.ndarray) for leaf in leaves(one)])
    for name, content in found:
        if isinstance(content, np.ndarray) and content.dtype != object:
            yield name, _array(content, name)
        else:
            yield name, _listed(content.tolist() if isinstance(content, np.ndarray) else content, precise)


def leaves(content: Any, depth: int = 0) -> Iterator[Any]:
    """What nested lists hold, in order. Raises ShapeError where they are nested deeper than an array has axes."""
    if isinstance(content, list | tuple):
        check_axes(depth + 1)
        for one in content:
            yield from leaves(one, depth + 1)
    else:
        yield content


class Precision(NamedTuple):
    """Up to how many significant digits numbers have; the bits that they are right to, if a program wrote them all."""

    digits: int = 0
    bits: int | None = None


def _precision(found: Iterable[Any]) -> Precision:
    texts = [text for leaf in found if PLAIN.fullmatch(text := _text(leaf))]
    digits = max(map(digits_of, texts), default=0)
    if digits < FLOAT64_DIGITS.start:
        return Precision(digits)
    numbers = np.array([float(text.replace("−", "-")) for text in texts])
    return Precision(digits, FLOAT32_BITS if are_float32(numbers) else FLOAT64_BITS)


def _text(leaf: Any) -> str:
    """A number as it is written."""
    return leaf if isinstance(leaf, str) else repr(float(leaf)) if isinstance(leaf, float) else str(leaf)


def are_float32(numbers: np.ndarray) -> bool:
    """Whether all numbers are of 24 bits, and some of more than a half or a quarter takes."""
    flat, is_fine = numbers.ravel(order="K"), False
    for start in range(0, flat.size, BLOCK):  # float64 is told by the first
        block = flat[start : start + BLOCK]
        with np.errstate(over="ignore", invalid="ignore"):
            long = block[np.isfinite(block) & (block.astype(np.float16) != block)]
            if not (long.astype(np.float32) == long).all():
                return False
        is_fine = is_fine or bool((long % 1 != 0).any())
    return is_fine


def _array(array: np.ndarray, name: str) -> Any:
    """An array's numbers: of many, or in lists; whole ones are exact."""
    kind = array.dtype.kind
    if kind not in "fiu":
        raise NetcalcError(f"{name}: an array of {array.dtype} holds no numbers to compare")
    bits = _bits_of(array) if kind == "f" else None
    if array.size > MANY:
        return Large(as_float64(array, name), np.broadcast_to(0.0, array.shape), bits)
    if bits is None:
        return _listed(array.tolist(), Precision())
    return _each(array.tolist(), lambda one: computed(one, bits))


def _bits_of(array: np.ndarray) -> int:
    if array.dtype.metadata is not None and "bfloat16" in array.dtype.metadata:
        return BFLOAT16_BITS
    if array.dtype.itemsize < 4:
        return FLOAT16_BITS
    return FLOAT32_BITS if array.dtype.itemsize < 8 or (array.size > 1 and are_float32(array)) else FLOAT64_BITS


def _listed(content: Any, precise: Precision) -> Any:
    """Lists of numbers: a large one as an array, others as what was written."""
    return _large(content, precise) or _each(content, lambda one: _one(one, precise))


def _each(content: Any, make: Any) -> Any:
    return [_each(one, make) for one in content] if isinstance(content, list | tuple) else make(content)


def _one(leaf: Any, precise: Precision) -> Any:
    """One number; a formula as the text that it is. Raises NetcalcError for what is neither."""
    if isinstance(leaf, bool | np.bool_) or leaf is None:
        raise NetcalcError(f"{json.dumps(leaf if leaf is None else bool(leaf))} is no number")
    if isinstance(leaf, np.float16 | np.float32):
        return computed(float(leaf), FLOAT16_BITS if leaf.nbytes < 4 else FLOAT32_BITS)
    text = _text(leaf) if isinstance(leaf, str | float | int | np.integer | Fraction) else leaf
    is_number = isinstance(text, str) and (PLAIN.fullmatch(text.strip()) or NOT_FINITE.fullmatch(text.strip()))
    return listed(read(text), *precise) if is_number and text.strip().strip("+-−.") else text


def _large(content: Any, precise: Precision) -> Large | None:
    """Lists of many plain numbers as an array; None for few, and where one is no plain number."""
    if not isinstance(content, list) or not content:
        return None
    if len(content) * (len(content[0]) if isinstance(content[0], list) else 1) <= MANY:
        return None
    try:
        array = np.array(content, dtype=np.float64)
    except (ValueError, TypeError):
        return None
    numbers = chain.from_iterable(content) if array.ndim == 2 else content
    own = (0.0 if precise.bits else margin(_text(one), precise.digits) for one in numbers)
    margins = np.fromiter(own, np.float64, array.size)
    return Large(array, margins.reshape(array.shape), precise.bits)
