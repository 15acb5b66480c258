"""Where a graph begins, and the names in it: inputs, arrays that are given with the problem, sizes, named nodes."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from netcalc.expression import Apply, Number, Symbol, Tree
from netcalc.graph.node import Node, Operation, make
from netcalc.graph.sizes import Shape, Size, tree
from netcalc.records import NamedTuple

if TYPE_CHECKING:
    from netcalc.graph.arithmetic import Arithmetic

MAX_WRITTEN_ENTRIES = 16  # of an array that is written by its numbers
ONE_OVER = Apply("divide", (Number(Fraction(1)), Symbol("#0")))  # as a formula of its argument


class Name(NamedTuple):
    """What an input or a node is called. `moment` tells nodes apart that bear one name, as a line does.

    Of a gradient `gradient_of` is what the node is called that it is the gradient of. `again` is a name that a
    caller gives to what a call returned, which has a name there.
    """

    text: str
    moment: int = 0
    gradient_of: str = ""
    again: bool = False


class Given:
    """An array that stands for itself: trees (dtype object) or float64, or integers; equal only to itself.

    Of ones where an array is written into, `key` is where that is.
    """

    def __init__(self, array: np.ndarray, text: str = "", key: tuple[Any, ...] = ()) -> None:
        self.array = array
        self.text = text
        self.key = key


def _no_slope(_: Node, __: int, ___: Node) -> None:
    return None


def _value_of_input(node: Node, _: Arithmetic) -> np.ndarray:
    raise KeyError(node.params.text)  # a run has the inputs' values before it starts


class Triangle(NamedTuple):
    """Ones on and below (or above) a diagonal, which is `offset` above the main one."""

    offset: int
    lower: bool


def _value_of_triangle(node: Node, arithmetic: Arithmetic) -> np.ndarray:
    offset, lower = node.params
    rows, columns = arithmetic.shape(node.shape)
    ones = np.tri(rows, columns, offset if lower else offset - 1, dtype=np.int64)
    return arithmetic.numbers(ones if lower else 1 - ones)


def _prints_triangle(node: Node, _: tuple[Tree, ...]) -> Tree:
    ones = Apply("ones", tuple(tree(one) for one in node.shape))
    offset = [Apply("k", (Number(Fraction(node.params.offset)),))] if node.params.offset else []
    return Apply("tril" if node.params.lower else "triu", (ones, *offset))


INPUT = Operation("input", _value_of_input, _no_slope, lambda node, _: Symbol(node.params.text))
ARRAY = Operation(
    "array",
    lambda node, by: by.array(node.params.array),
    _no_slope,
    lambda node, _: Symbol(node.params.text or "constant"),
)
SIZE = Operation(
    "size", lambda node, by: by.numbers(by.size(node.params)), _no_slope, lambda node, _: tree(node.params)
)
EYE = Operation("eye", lambda node, by: by.numbers(np.eye(by.size(node.shape[0]), dtype=np.int64)), _no_slope)
TRIANGLE = Operation("triangle", _value_of_triangle, _no_slope, _prints_triangle)
ARANGE = Operation(
    "arange",
    lambda node, by: by.numbers(np.arange(by.size(node.shape[0]))),
    _no_slope,
    lambda node, _: Apply("arange", (tree(node.shape[0]),)),
)
NAMED = Operation(
    "named", lambda _, __, array: array, lambda _, __, delta: delta, lambda node, _: Symbol(node.params.text)
)
STOPPED = Operation("detach", lambda _, __, array: array, _no_slope, lambda _, arguments: arguments[0])


def given(name: str, shape: Shape) -> Node:
    """An input of the graph."""
    return make(INPUT, (), shape, Name(name))


def array(values: np.ndarray, text: str = "", key: tuple[Any, ...] = ()) -> Node:
    """An array whose numbers are known: trees, float64 or integers; `text` is how it is written."""
    return make(ARRAY, (), values.shape, Given(values, text, key))


def size(of: Size) -> Node:
    """The size of an axis as a number."""
    return make(SIZE, (), (), of)


def is_one_over(node: Node) -> bool:
    """Whether a node is 1/n, of a size."""
    return len(node.args) == 1 and node.args[0].operation is SIZE and getattr(node.params, "tree", None) == ONE_OVER


def eye(of: Size) -> Node:
    """The identity matrix."""
    return make(EYE, (), (of, of))


def triangular_ones(rows: Size, columns: Size, offset: int, *, lower: bool) -> Node:
    """Ones on and below (or above) a diagonal, zeros elsewhere."""
    return make(TRIANGLE, (), (rows, columns), Triangle(offset, lower))


def arange(of: Size) -> Node:
    """0, 1, 2, … up to a size."""
    return make(ARANGE, (), (of,))


def named(name: str, node: Node, moment: int = 0, gradient_of: str = "", *, again: bool = False) -> Node:
    """The node by a name of its own: what is made of it is written with the name, and its gradient is `d` + name."""
    return make(NAMED, (node,), node.shape, Name(name, moment, gradient_of, again))


def detached(node: Node, *, typed: bool = False) -> Node:
    """The node as a constant: no gradient flows back through it; it is written so where it was typed."""
    return make(STOPPED, (node,), node.shape, typed)


def without_name(node: Node) -> Node:
    """What a node is the name of."""
    while node.operation is NAMED:
        (node,) = node.args
    return node


def name_of(node: Node) -> str | None:
    """What a node is called, if it is."""
    return node.params.text if node.operation in (INPUT, NAMED) else None


def names_of(nodes: Mapping[str, Node]) -> dict[Node, str]:
    """What each named node is called; of several names the last that needs no line, `h` rather than `h@3.2`."""
    own = {node: name for name, node in nodes.items() if node.operation is NAMED}
    return own | {node: name for name, node in nodes.items() if node in own and "@" not in name}
