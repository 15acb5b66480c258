"""Frames of names, and what they hold: what is given, what a line assigned, arrays that share memory."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import field
from typing import Any

import numpy as np

from netcalc.graph.node import Node
from netcalc.graph.sizes import Shape
from netcalc.program.values import Function, Record, Tensor
from netcalc.records import NamedTuple, dataclass


class Given(NamedTuple):
    """What is known of an input: its shape, and its whole numbers where all are written without a point."""

    shape: Shape
    whole: np.ndarray | None = None
    kind: str = "float"
    fractional: bool = False  # it has numbers that are not whole
    values: np.ndarray | None = None


class Assigned(NamedTuple):
    """A name that a line gave to an array."""

    name: str
    line: int
    node: Node
    level: int
    kind: str


class CallOf(NamedTuple):
    """A call of a def: the arrays that it was given, and the first that it gave."""

    given: tuple[Node, ...]
    out: Tensor


@dataclass(eq=False)
class Frame:
    """The names of a call, or of the file."""

    parent: Frame | None = None
    level: int = 0
    name: str = ""
    values: dict[str, Any] = field(default_factory=dict)


def arrays_in(value: Any) -> Sequence[Tensor]:
    """The arrays that a value holds; an object may hold itself."""
    found: list[Tensor] = []
    stack, seen = [value], set[int]()
    while stack:
        one = stack.pop()
        if isinstance(one, Tensor):
            found.append(one)
        elif isinstance(one, Record | Function | dict | list | tuple) and id(one) not in seen:
            seen.add(id(one))
            inner = one.parts if isinstance(one, Record) else one.defaults if isinstance(one, Function) else one
            stack += reversed(list(inner.values() if isinstance(inner, dict) else inner))
    return found


def overlap(cells: Any, key: Any) -> bool:
    """Whether two parts of one array have an entry in common; `cells` is its shape and a key, `key` another."""
    shape, own = cells
    marked = np.zeros(shape, dtype=bool)
    marked[own] = True
    return bool(marked[key].any())


def shared_said(name: str, old: Tensor, other: str, value: Tensor, *, is_within: bool) -> str:
    """What two names of one memory have in common, and what to write."""
    if value.node is not old.node:
        return f"as '{name}' shares its memory; write into the array itself, or take a .copy()"
    new = f"write a new one, as in {name} = {name} + …"
    if is_within:
        return f"which has the same array in it; {new}"
    which = "which is the caller's array" if name == other else f"which is the same array as '{name}'"
    return f"{which}; {new}, or start from {other}.copy()"
