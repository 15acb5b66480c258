"""A node of the graph: an operation, its arguments, its shape. Equal nodes are one object.

An operation is one row: its shape rule, its value rule, its slope rule (which returns nodes again), how it prints.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeVar
from weakref import WeakValueDictionary

import numpy as np

from netcalc.expression import Apply, Tree
from netcalc.graph.sizes import Shape, settled
from netcalc.records import NamedTuple

if TYPE_CHECKING:
    from netcalc.graph.arithmetic import Arithmetic


class Operation(NamedTuple):
    """What a kind of node is.

    `value(node, arithmetic, *arrays)` is its value on NumPy arrays of any kind of number, written once.
    `vjp(node, place, delta)` is the gradient of argument `place` from `delta`, that of the node, as a node; None where
    nothing flows back. `delta` may have more axes than the node, all in front: it is then many gradients at once.
    `prints(node, arguments)` is the node as a formula, from its arguments' formulas; else name(arguments…).
    """

    name: str
    value: Callable[..., np.ndarray]
    vjp: Callable[[Node, int, Node], Node | None]
    prints: Callable[[Node, tuple[Tree, ...]], Tree] | None = None

    def __repr__(self) -> str:
        return self.name


class Node:
    """An operation applied to nodes; `shape` is a size an axis, `params` whatever else the operation needs.

    Equal to itself alone. A plain class, as every run makes it.
    """

    __slots__ = ("__weakref__", "args", "operation", "params", "shape")

    def __init__(self, operation: Operation, args: tuple[Node, ...], shape: Shape, params: Any = None) -> None:
        self.operation = operation
        self.args = args
        self.shape = shape
        self.params = params

    @property
    def rank(self) -> int:
        """How many axes it has."""
        return len(self.shape)

    @property
    def factors(self) -> list[tuple[Node, str]]:
        """The arguments of a product, a sum or a formula, each with the letters of its axes."""
        return list(zip(self.args, self.params.letters, strict=True))

    def value(self, arithmetic: Arithmetic, arrays: Sequence[np.ndarray]) -> np.ndarray:
        """Its value from its arguments' values."""
        return self.operation.value(self, arithmetic, *arrays)

    def vjp(self, place: int, delta: Node) -> Node | None:
        """What `delta`, the gradient of this node, means for argument `place`."""
        return self.operation.vjp(self, place, delta)

    def formula(self, arguments: tuple[Tree, ...]) -> Tree:
        """It as a formula, from its arguments' formulas."""
        prints = self.operation.prints
        return prints(self, arguments) if prints else Apply(self.operation.name, arguments)

    def __repr__(self) -> str:
        return f"<{self.operation.name} {'×'.join(map(str, self.shape)) or '()'}>"


_nodes: WeakValueDictionary[Any, Node] = WeakValueDictionary()  # the ones alive, so that equal ones are one


def make(operation: Operation, args: Sequence[Node], shape: Shape, params: Any = None) -> Node:
    """The node of that operation. `params` is hashable, or an object that stands for itself."""
    args, shape = tuple(args), tuple(settled(size) for size in shape)
    key = (operation.name, tuple(map(id, args)), shape, params)
    node = _nodes.get(key)
    if node is None:
        node = Node(operation, args, shape, params)
        _nodes[key] = node
    return node


N = TypeVar("N", bound=Hashable)


def in_order(roots: Iterable[N], args: Callable[[N], Iterable[N]] = attrgetter("args")) -> list[N]:
    """Each node once, its arguments, or what else has to be before it, first; it takes any depth."""
    done: dict[N, None] = {}
    stack = list(roots)[::-1]
    while stack:
        node = stack[-1]
        waiting = () if node in done else [arg for arg in args(node) if arg not in done]
        if waiting:
            stack.extend(reversed(waiting))
        else:
            done[stack.pop()] = None
    return list(done)
