"""A tensor in a document: numbers, lists of them, or the name of a file beside it."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

from netcalc.arrays import from_list, of_rows
from netcalc.errors import ShapeError, ValueSyntaxError
from netcalc.expression import Tree
from netcalc.files.cells import read_number
from netcalc.files.names import is_file, looks_like_file
from netcalc.files.read import read_tensor
from netcalc.spec.document import Document
from netcalc.values import few


def tensor(document: Document, value: Any) -> np.ndarray:
    """A number (), a list (n,), rows (m, n), or what a file holds: exact trees, float64 where there are many.

    Raises ValueSyntaxError, ExpressionError, FileError, ShapeError.
    """
    if isinstance(value, str) and (path := _path(document, value)):
        return read_tensor(path, "the spec", decimal=document.decimal).array
    rows = value if isinstance(value, list) else [value]
    if not (_are_numbers(rows) or (rows and all(isinstance(row, list) and _are_numbers(row) for row in rows))):
        raise ValueSyntaxError("it should be a number, a list of numbers or rows of them, or the name of a file")
    if isinstance(rows[0], list):
        return few(_rows(rows))
    return few(from_list(list(map(_number, rows)), (len(rows),) if isinstance(value, list) else ()))


def _are_numbers(entries: list[Any]) -> bool:
    """Whether there are some, and all are numbers, be they in quotes."""
    kinds = (int, float, Decimal, str)
    return bool(entries) and all(isinstance(one, kinds) and not isinstance(one, bool) for one in entries)


def _path(document: Document, text: str) -> str | None:
    """The file that is meant, seen from the document; None for a number in quotes."""
    beside = text if text == "-" else str(document.folder / Path(text))
    return beside if is_file(beside) or looks_like_file(text) else None


def _rows(rows: list[list[Any]]) -> np.ndarray:
    lengths = [len(row) for row in rows]
    if len(set(lengths)) > 1:
        odd = next(n for n, length in enumerate(lengths) if length != lengths[0])
        raise ShapeError(f"row {odd} has {lengths[odd]} numbers, and row 0 has {lengths[0]}")
    return of_rows([list(map(_number, row)) for row in rows])


def _number(entry: Any) -> Tree:
    return read_number(str(entry))
