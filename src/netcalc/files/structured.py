"""JSON and Matrix Market."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import numpy as np

from netcalc.errors import FileError, ValueSyntaxError
from netcalc.expression import Apply, Number
from netcalc.files.cells import exact_cell, float_cell, is_kept_exactly, nearest_float
from netcalc.files.numbers import DENSE_LIMIT
from netcalc.files.source import STANDARD_INPUT

SECTIONS = ("given", "forward", "partials")
LONGEST_WHOLE = 400  # characters; Python refuses to read some of 4,300 digits


def read_json(data: bytes, source: str, key: str | None, *, finite: bool = True) -> np.ndarray:
    """Nested lists of numbers, or those at `key` of an object: `W`, `partials.x`.

    Raises FileError, also for NaN and infinities where they are to be `finite`; else they are float64 among such.
    """
    name = source if key is None else f"{source}:{key}"
    not_finite: list[str] = []

    def constant(text: str) -> float:
        not_finite.append(text)
        return float(text)

    try:
        floats = _float_array(_at(json.loads(data, parse_constant=constant, parse_int=_whole), key, source))
        if floats is not None and (
            not finite if not_finite else (not is_kept_exactly(floats.size) and np.isfinite(floats).all())
        ):
            return floats
        exact = json.loads(data, parse_float=_Digits, parse_int=_Digits, parse_constant=_Digits)
    except json.JSONDecodeError as error:
        raise FileError(f"{source}, line {error.lineno}, column {error.colno}: {_why(error.msg)}") from None
    except (RecursionError, UnicodeDecodeError):
        raise FileError(f"{source} is no JSON of numbers: it is nested too deeply, or not in UTF-8") from None
    return _array(_at(exact, key, source), name)


def _why(message: str) -> str:
    """What Python says of JSON that does not read; of more than one value, what a file of numbers is."""
    if message == "Extra data":
        return "more stands behind the first value; a JSON file of numbers is one, as [[1, 2], [3, 4]]"
    return message[0].lower() + message[1:]


def _float_array(value: Any) -> np.ndarray | None:
    try:
        array = np.array(value)
    except ValueError:
        return None
    return array.astype(np.float64, copy=False) if array.dtype.kind in "fi" else None


def _whole(text: str) -> float:
    """A whole number; one far above float64 as infinity, which is then read by its digits."""
    return int(text) if len(text) <= LONGEST_WHOLE else float(text)


class _Digits(str):
    """A number as it is written."""

    __slots__ = ()


def _at(value: Any, key: str | None, source: str) -> Any:
    if key is None:
        if not isinstance(value, dict):
            return value
        names = [name for name, _ in _tensors(value)]
        typed = "-" if source == STANDARD_INPUT else source
        raise FileError(
            f"{source} holds {', '.join(names) or 'nothing'}; say which, as in {typed}:{(names or ['W'])[0]}"
        )
    if isinstance(value, dict):
        found = dict(_tensors(value))
        partial = [f"partials.{key[1:]}"] if key.startswith("d") else []
        for name in (key, *(f"{section}.{key}" for section in SECTIONS), *partial):
            if name in found:
                return found[name]
        raise FileError(f"{source} holds no '{key}'; it holds {', '.join(found) or 'nothing'}")
    raise FileError(f"{source} holds a list and no names, so ':{key}' names nothing")


def _tensors(value: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for name, inner in value.items():
        if isinstance(inner, dict):
            yield from _tensors(inner, f"{prefix}{name}.")
        elif _is_numeric(inner):
            yield prefix + name, inner


def _is_numeric(value: Any) -> bool:
    """A number, or lists that begin with one."""
    while isinstance(value, list) and value:
        value = value[0]
    return isinstance(value, int | float | _Digits) and not isinstance(value, bool)


def _array(value: Any, source: str) -> np.ndarray:
    shape = _shape(value)
    flat: list[Any] = []
    _flatten(value, shape, (), flat, source)
    if not flat:
        raise FileError(f"{source} is empty")
    exact = is_kept_exactly(len(flat))
    out = np.empty(len(flat), dtype=object if exact else np.float64)
    out[:] = flat if exact else [nearest_float(tree) for tree in flat]
    return out.reshape(shape)


def _shape(value: Any) -> tuple[int, ...]:
    shape: tuple[int, ...] = ()
    while isinstance(value, list):
        shape += (len(value),)
        value = value[0] if value else None
    return shape


def _flatten(value: Any, shape: tuple[int, ...], index: tuple[int, ...], flat: list[Any], source: str) -> None:
    where = f"{source}, element [{','.join(map(str, index))}]" if index else source
    if isinstance(value, list) != bool(shape) or (shape and len(value) != shape[0]):
        raise FileError(f"{where}: the lists are not all of one length")
    if shape:
        for position, inner in enumerate(value):
            _flatten(inner, shape[1:], (*index, position), flat, source)
        return
    if not isinstance(value, str):
        raise FileError(f"{where}: {json.dumps(value)[:40]} is no number")
    try:
        flat.append(exact_cell(value))
    except ValueSyntaxError as error:
        raise FileError(f"{where}: {error.message}") from None


def read_matrix_market(data: bytes, source: str) -> np.ndarray:
    """A real matrix, dense or sparse, general or symmetric. Raises FileError.

    R. F. Boisvert et al., "The Matrix Market exchange formats", NISTIR 5935, 1996.
    """
    lines = data.decode(errors="replace").splitlines()
    kind = lines[0].lower().split()[1:]
    if len(kind) != 4 or kind[1] not in _PLACES or kind[2] not in ("real", "integer") or kind[3] not in _SYMMETRIES:
        raise FileError(f"{source}, line 1: only real matrices, general or symmetric, are read")
    numbered = [(n, line.split()) for n, line in enumerate(lines, 1) if line.strip() and not line.startswith("%")]
    (size_line, sizes), *entries = numbered or [(1, [])]
    dense, symmetric = kind[1] == "array", kind[3] == "symmetric"
    if len(sizes) != (2 if dense else 3) or not all(size.isdigit() for size in sizes):
        raise FileError(f"{source}, line {size_line}: the size is missing, as in {'2 3' if dense else '2 3 4'}")
    rows, columns = int(sizes[0]), int(sizes[1])
    if symmetric and rows != columns:
        raise FileError(f"{source}, line {size_line}: {rows} × {columns} is not square, and a symmetric matrix is")
    if not 0 < rows * columns <= DENSE_LIMIT:
        raise FileError(f"{source}: {rows} × {columns} is no size that is read (up to {DENSE_LIMIT:,} numbers)")
    needed = (rows * (rows + 1) // 2 if symmetric else rows * columns) if dense else int(sizes[2])
    if len(entries) != needed:
        raise FileError(f"{source} has {len(entries)} entries, where its size, {' '.join(sizes)}, means {needed}")
    return _filled((rows, columns), entries, dense, symmetric, source)


_PLACES = ("array", "coordinate")
_SYMMETRIES = ("general", "symmetric")


def _filled(
    shape: tuple[int, int], entries: list[tuple[int, list[str]]], dense: bool, symmetric: bool, source: str
) -> np.ndarray:
    rows, columns = shape
    exact = is_kept_exactly(rows * columns)
    convert: Callable[[str], Any] = exact_cell if exact else float_cell
    out = np.full(shape, Number(Fraction(0))) if exact else np.zeros(shape)
    filled: set[tuple[int, int]] = set()
    places = ((i, j) for j in range(columns) for i in range(j if symmetric else 0, rows))
    for line, words in entries:
        where = f"{source}, line {line}"
        i, j = next(places) if dense else _place(words, shape, where)
        try:
            number = convert(words[-1])
        except ValueSyntaxError as error:
            raise FileError(f"{where}: {error.message}") from None
        out[i, j] = _sum(out[i, j], number) if (i, j) in filled else number  # as finite elements are assembled
        filled.add((i, j))
        if symmetric:
            filled.add((j, i))
            out[j, i] = out[i, j]
    return out


def _sum(before: Any, number: Any) -> Any:
    """The sum of two numbers, or of two trees."""
    if not isinstance(before, Number) or not isinstance(number, Number):
        return before + number if isinstance(number, float) else Apply("add", (before, number))
    return Number(before.value + number.value)


def _place(words: list[str], shape: tuple[int, int], where: str) -> tuple[int, int]:
    """The place of `2 3 0.5`, whose row and column count from 1."""
    if len(words) != 3 or not (words[0].isdigit() and words[1].isdigit()):
        raise FileError(f"{where}: an entry is a row, a column and a number, as in 2 3 0.5")
    i, j = int(words[0]) - 1, int(words[1]) - 1
    if not (0 <= i < shape[0] and 0 <= j < shape[1]):
        raise FileError(f"{where}: there is no row {words[0]}, column {words[1]} in {shape[0]} × {shape[1]}")
    return i, j
