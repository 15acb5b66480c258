"""What a program may call: a row a function, with its spellings, its arguments and what it builds."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from netcalc.errors import NetcalcError
from netcalc.graph.leaves import without_name
from netcalc.graph.node import Node
from netcalc.graph.shaping import EVERYTHING, INDEX, Span
from netcalc.graph.sizes import settled
from netcalc.program.values import Tensor, as_bool, is_scalar, kind_of, widest
from netcalc.records import NamedTuple


class Call(Protocol):
    """What a row may ask about the call that it answers."""

    name: str
    library: str  # numpy, torch, jax, scipy or math; empty where nothing tells

    def note(self, text: str) -> None:
        """Say how something doubtful was read."""

    def known(self, value: Any) -> np.ndarray | None:
        """The whole numbers that a value is, where they are known."""

    def picked(self, value: Any) -> np.ndarray | None:
        """The same at the numbers given, whatever they are, told to decide what is read."""

    def rounded(self, value: Tensor, how: str | None = None) -> Tensor:
        """An array cut to whole numbers, at the numbers given. Raises NetcalcError where these do not tell."""

    def index(self, value: Any, extent: Any = None) -> None:
        """Tell that a value is used as an index or a class, of so many. Raises ShapeError for one out of range."""

    def numbers_of(self, value: Any, how: str) -> Any:
        """An array as PyTorch has it where it copies the numbers alone: no gradient flows back."""


class Row(NamedTuple):
    """One function. `names` are its spellings; `signature` is read by `signature.parameters`.

    `build` gets the arguments, after the call itself where `asks`. A node that it returns becomes an array of `kind`
    (`same`: that of the first argument; `widest`: that which holds all arguments; `counted`: the same, and of booleans
    int; `product`: the same, and of booleans where it is not 0), which shares the first argument's memory where `view`.
    """

    names: str
    signature: str
    build: Callable[..., Any]
    about: str
    kind: str = "float"
    view: bool = False
    asks: bool = False

    @property
    def name(self) -> str:
        """Its first spelling."""
        return self.names.split()[0]

    def finish(self, value: Any, args: list[Any]) -> Any:
        """What it built as the program has it."""
        if isinstance(value, Node):
            first = next((one for one in args if isinstance(one, Tensor)), None)
            kind = self._kind(args, first)
            if self.kind == "product" and kind == "bool":
                return as_bool(Tensor(value))
            is_view = self.view and first is not None and not is_copied(first.node, value)
            return Tensor(value, kind, first.buffer) if is_view else Tensor(value, kind)  # type: ignore[union-attr]
        if isinstance(value, list | tuple) and any(isinstance(one, Node) for one in value):
            return type(value)(self.finish(one, args) for one in value)
        return value

    def _kind(self, args: list[Any], first: Tensor | None) -> str:
        match self.kind:
            case "same":
                return first.kind if first else "float"
            case "widest" | "product":
                return widest(_kinds(args) or ["float"])
            case "counted":
                return widest(["int", *_kinds(args)])
        return self.kind


def is_copied(old: Node, new: Node) -> bool:
    """Whether a part, joined into one axis, leaves gaps between what it joins, so that libraries copy it."""
    old = without_name(old)
    if old.operation is not INDEX or new.rank != 1 or old.rank < 2:
        return False
    key = old.params.key
    narrowed = [n for n, one in enumerate(key) if isinstance(one, Span) and one != EVERYTHING]
    return all(isinstance(one, Span) for one in key) and any(narrowed) and settled(old.shape[0]) != 1


def _kinds(args: list[Any]) -> list[str]:
    """Those of the arrays and decimals among arguments."""
    found: list[str] = []
    for one in args:
        if isinstance(one, list | tuple):
            found += _kinds(list(one))
        elif isinstance(one, Tensor) or (is_scalar(one) and not isinstance(one, int)):
            found.append(kind_of(one))
    return found


class Pair(tuple[Any, ...]):
    """What torch.max(x, dim) gives: values and indices."""

    __slots__ = ()


def by_name(rows: list[Row]) -> dict[str, Row]:
    """The rows by each spelling. Raises ValueError for one spelling twice."""
    found: dict[str, Row] = {}
    for row in rows:
        for name in row.names.split():
            if name in found:
                raise ValueError(name)
            found[name] = row
    return found


def concrete(size: Any, what: str) -> int:
    """A size that has to be a number."""
    if isinstance(size, int):
        return size
    raise NetcalcError(f"the size {size} has to be a number for {what}; say it with --shape or give values")
