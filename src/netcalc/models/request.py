"""What is asked of expressions, beside their text, and whether they are of numbers or of tensors."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType

import numpy as np

from netcalc.arguments import without_points
from netcalc.errors import NetcalcError, ShapeError
from netcalc.expression.tensor_tokens import doubt, has_tensors
from netcalc.records import NamedTuple

NOTHING: Mapping[str, np.ndarray] = MappingProxyType({})
SHAPE = re.compile(r"\s*([^\W\d]\w*|\d+_\w+)\s*=\s*(.*)", re.DOTALL)
MAX_AXES = 8


class Request(NamedTuple):
    """Where, by what, how often, and what from above; `shapes` are in numbers and letters, () that of a number."""

    values: Mapping[str, np.ndarray] = NOTHING
    shapes: Mapping[str, tuple[int | str, ...]] = MappingProxyType({})
    wrt: Sequence[str] | None = None
    order: int = 1
    delta: np.ndarray | None = None
    along: Mapping[str, np.ndarray] = NOTHING
    index_from: int = 0


def of_tensors(texts: Sequence[str], request: Request, *, points: bool = False) -> bool:
    """Whether expressions are of tensors: by what they have, or by what is said of their names.

    `points` is whether many numbers of a name may be those of many points.
    """
    values = request.values.items()
    indexed = any(value.ndim and re.search(rf"(?<!\w){name}\s*\[", text) for name, value in values for text in texts)
    least = 2 if points and not indexed and not any(doubt(text, ()) for text in texts) else 1
    arrays = any(value.ndim >= least for _, value in values)
    return arrays or bool(request.shapes or request.along) or request.delta is not None or any(map(has_tensors, texts))


MULTIPLE = r"([1-9][0-9]{0,5})\s*[*·]?\s*([^\W\d]\w{0,30})"  # 3D, 3*D


def read_shapes(words: Sequence[str], *, multiples: bool = False) -> dict[str, tuple[int | str, ...]]:
    """The shapes of `W=3,4 x=n c=number`; `multiples` takes 3D, three times D, too. Raises NetcalcError, ShapeError."""
    found: dict[str, tuple[int | str, ...]] = {}
    for word in words:
        named = SHAPE.fullmatch(without_points(word) if multiples else word)
        if named is None:
            raise NetcalcError(f"--shape: '{word}' is no NAME=SIZES; write --shape W=3,4 x=n c=number")
        if named[1] in found:
            raise NetcalcError(f"--shape gives two shapes to {named[1]}")
        found[named[1]] = shape_of(named[1], named[2], multiples=multiples)
    return found


def shape_of(name: str, sizes: str | int | Sequence[int | str], *, multiples: bool = False) -> tuple[int | str, ...]:
    """The sizes of `3,4`, `m×n`, `(3, n)`, `number`, or of a tuple. Raises ShapeError."""
    if isinstance(sizes, str):
        text = sizes.strip().removeprefix("(").removesuffix(")").strip().removesuffix(",")
        if text in ("number", "scalar", ""):
            if text or sizes.strip() == "()":
                return ()
            raise ShapeError(f"--shape: {name} has no sizes; write {name}=3,4, or {name}=number for a number")
        sizes = re.split(r"\s*[,×x]\s*" if re.search(r"\d\s*x\s*\d", text) else r"\s*[,×]\s*", text)
    elif isinstance(sizes, int) or not isinstance(sizes, Iterable):
        sizes = (sizes,)
    sizes = tuple(sizes)
    if len(sizes) > MAX_AXES:
        raise ShapeError(f"--shape: {name} has {len(sizes)} axes, more than the {MAX_AXES} that netcalc takes")
    return tuple(_size(name, one, multiples=multiples) for one in sizes)


def _size(name: str, size: int | str, *, multiples: bool) -> int | str:
    if isinstance(size, str) and re.fullmatch(r"[^\W\d]\w{0,30}", size):
        return size
    if multiples and isinstance(size, str) and (found := re.fullmatch(MULTIPLE, size)):
        return f"{int(found[1])}*{found[2]}"
    if isinstance(size, bool) or not re.fullmatch(r"[0-9]{1,12}", str(size)) or not int(size):
        raise ShapeError(f"--shape: a size of {name} is a whole number from 1 on, or a letter, and not '{size}'")
    return int(size)
