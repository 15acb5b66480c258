"""One entry of an array that a loop adds to part by part: which of the statements change it."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from netcalc.errors import NetcalcError
from netcalc.records import NamedTuple


class Entry(NamedTuple):
    """An entry of the array that a name stands for."""

    name: str
    place: tuple[int, ...]
    shape: tuple[int, ...]

    def is_left_by(self, node: ast.stmt, value: Callable[[ast.expr], Any]) -> bool:
        """Whether a statement adds to other entries alone, as far as its indices are whole numbers and slices."""
        match node:
            case ast.AugAssign(ast.Subscript(ast.Name(name), key), ast.Add() | ast.Sub()) if name == self.name:
                try:
                    keys = value(key)
                except (NetcalcError, TypeError, ValueError, AttributeError, LookupError, ArithmeticError):
                    return False
                keys = keys if isinstance(keys, tuple) else (keys,)
                if len(keys) > len(self.place) or not all(_is_plain(one) for one in keys):
                    return False
                return any(map(_misses, keys, self.place, self.shape))
        return False


def _is_plain(key: Any) -> bool:
    if isinstance(key, slice):
        return all(one is None or type(one) is int for one in (key.start, key.stop, key.step))
    return type(key) is int


def _misses(key: int | slice, at: int, size: int) -> bool:
    return at not in range(*key.indices(size)) if isinstance(key, slice) else key % size != at
