"""What kind of value something is, as isinstance(…) and dtype=… ask."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from netcalc.program.values import (
    Class,
    Record,
    Tensor,
    as_bool,
    is_scalar,
    kind_named,
)


def is_of_floats(value: Any) -> bool:
    """Whether it is a decimal, or an array of such."""
    return (isinstance(value, Tensor) and value.kind == "float") or isinstance(value, Fraction)


def of_kind(value: Any, dtype: Any) -> Any:
    """An array that is told to be of a kind."""
    kind = kind_named(dtype)
    if not isinstance(value, Tensor) or kind is None or kind == value.kind:
        return value
    if kind == "bool":
        return as_bool(value)
    return Tensor(value.node, kind, value.buffer, value.cells, value.zero)


def is_instance(value: Any, kind: str) -> bool:
    """isinstance(value, kind), of a class or of several, as they are written."""
    names = {part.rsplit(".", 1)[-1].strip(" ()") for part in kind.split(",")}
    if isinstance(value, Record) and value.of is not None:
        return bool(names & {*_names_of(value.of), *(["Module"] if "forward" in value.of.parts else [])})
    own = {
        Tensor: {"Tensor", "ndarray", "Array"},
        bool: {"bool", "int"},
        int: {"int", "Number", "Integral"},
        list: {"list"},
        tuple: {"tuple"},
        dict: {"dict"},
        str: {"str"},
    }.get(type(value), {"float", "Number"} if is_scalar(value) else set())
    return bool(own & names)


def _names_of(own: Class) -> set[str]:
    """A class's name, and those of the classes that it goes on from."""
    return {own.name}.union(*map(_names_of, own.above))
