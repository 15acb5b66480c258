"""Functions called in an expression of tensors, by the table of programs: sum(x, axis=0), cross_entropy(z, y)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from netcalc.errors import NetcalcError, ShapeError
from netcalc.expression import Apply, Constant, Number, Symbol, Tree
from netcalc.expression.tensor_functions import ROWS, TENSOR_FUNCTIONS
from netcalc.graph import build
from netcalc.graph.from_tree import Reader
from netcalc.graph.leaves import ARRAY, INPUT
from netcalc.graph.node import Node, in_order
from netcalc.graph.product import as_number
from netcalc.graph.tensor_operations import OPERATIONS as OF_TENSORS
from netcalc.graph.tensor_operations import Made, note_powers

OF_MATRICES = frozenset("dot inner vdot kron trace det logdet inv solve diag".split())


class Call:
    """A call, as the table's row may ask about it; its names are NumPy's where libraries differ."""

    library = "numpy"

    def __init__(self, name: str, reader: Reader) -> None:
        self.name = name
        self.reader = reader
        self.numbers: dict[Node, np.ndarray] = {}

    def note(self, text: str) -> None:
        self.reader.note(text)

    def known(self, value: Any) -> np.ndarray | None:
        from netcalc.program.values import node_of

        node = node_of(value)
        if node.operation is ARRAY and node.params.array.dtype.kind in "iub":
            return np.asarray(node.params.array)
        return self.numbers.get(node)

    def decide(self, value: Any) -> None:
        """What is known stays as it is."""

    def check_whole(self, value: Any, how: str | None = None) -> None:
        if self.known(value) is None:
            raise NetcalcError(f"{how or self.name} takes whole numbers that are known")

    def index(self, value: Any, extent: Any = None) -> None:
        from netcalc.program.values import node_of

        known = self.known(value)
        if known is not None and isinstance(extent, int) and known.size:
            worst = int(known.min() if known.min() < -extent else known.max())
            if not -extent <= worst < extent:
                raise ShapeError(f"index {worst} is out of range for an axis of {extent}")
        inputs = [one for one in in_order([node_of(value)]) if one.operation is INPUT]
        self.reader.indices |= {one.params.text for one in inputs}

    def numbers_of(self, value: Any, how: str) -> Any:  # noqa: ARG002 - NumPy's keep their gradients
        return value

    def value(self, tree: Tree) -> Any:
        """An argument: a number, a text, a size, a list, or an array."""
        from netcalc.program.values import Tensor

        match tree:
            case Number(number):
                return int(number) if number.denominator == 1 else number
            case Apply("negate", (Number(number),)):
                return -int(number) if number.denominator == 1 else -number
            case Constant():
                return tree
            case Apply("none", ()):
                return None
            case Apply("stack", parts) if not (parts and isinstance(parts[-1], Apply) and parts[-1].operator == "axis"):
                return [self.value(one) for one in parts]
            case Apply(operator, ()) if operator.startswith("text:"):
                return operator.removeprefix("text:")
            case Symbol(name) if name not in self.reader.shapes:
                return self.reader.size(tree)
        node = self.reader.node(tree)
        if (known := as_number(node)) is not None and not node.rank:
            return int(known) if known.denominator == 1 else known
        numbers = self.reader.known(tree)
        if numbers is not None and all(one.denominator == 1 for one in numbers.reshape(-1)):
            self.numbers[node] = numbers.astype(np.int64)
            return Tensor(node, "whole")
        return Tensor(node)


def called(reader: Reader, tree: Apply) -> Any:
    """What the call gives, an array or several. Raises NetcalcError."""
    call = Call(tree.operator.removeprefix("call:"), reader)
    given: list[Any] = []
    words: dict[str, Any] = {}
    for one in tree.arguments:
        if isinstance(one, Apply) and one.operator.startswith("named:"):
            words[one.operator.removeprefix("named:")] = call.value(one.arguments[0])
        else:
            given.append(call.value(one))
    return _built(call, given, words)


def _built(call: Call, given: list[Any], words: dict[str, Any]) -> Any:
    from netcalc.program.library import ROWS
    from netcalc.program.signature import bound, usage
    from netcalc.program.values import Tensor, check_sizes

    row = ROWS[call.name]
    try:
        arguments = bound(call.name, row.signature, given, words)
        found = row.finish(row.build(call, *arguments) if row.asks else row.build(*arguments), arguments)
    except (TypeError, ValueError, AttributeError, LookupError, ArithmeticError, AssertionError):
        raise NetcalcError(f"{call.name} does not take such arguments: {usage(call.name, row.signature)}") from None
    for one in found if isinstance(found, list | tuple) else [found]:
        if isinstance(one, Tensor):
            check_sizes(one)
        if isinstance(one, Tensor) and 0 in one.shape:
            raise ShapeError(f"nothing is left of it by {call.name}")
    return found


def _of_tensors(reader: Reader, tree: Apply) -> Node:
    """A function that papers write: its tensors, sizes in a list, then each option by its word."""
    from netcalc.program.values import Tensor

    name, _, subscripts = tree.operator.partition(":")
    row, call = TENSOR_FUNCTIONS[name], Call(name, reader)
    words = {spellings.partition("|")[0] for spellings in row.options}
    options = [one for one in tree.arguments if isinstance(one, Apply) and one.operator in words]
    bare = tree.arguments[: len(tree.arguments) - len(options)]
    many = len(bare) if row.tensors is None else row.tensors
    tensors: list[Any] = [Tensor(reader.node(one)) for one in bare[:many]]
    sizes = [reader.size(one) for one in bare[many:]]
    if name in OF_MATRICES:
        note_powers(reader, tree)
    if row.tensors is None:
        tensors = [subscripts, *tensors] if subscripts else [tensors]
    held = {one.operator: [call.value(entry) for entry in one.arguments] for one in options}
    named = {
        word: [entries] if word == "axes" else entries if len(entries) > 1 else entries[0]
        for word, entries in held.items()
    }
    found: Node = _built(call, [*tensors, *([sizes] if "shape" in words else sizes)], named).node
    return found


def _one(reader: Reader, tree: Apply) -> Node:
    found = called(reader, tree)
    if isinstance(found, list | tuple):
        name = tree.operator.removeprefix("call:")
        raise NetcalcError(f"{name} gives {len(found)} arrays: take one of them, as in {name}(…)[0]")
    from netcalc.program.values import node_of

    return node_of(found)


def _indexed(reader: Reader, tree: Apply) -> Node:
    """One of several arrays that a call gives; else entries of an array."""
    owner, first, *others = tree.arguments
    if isinstance(owner, Apply) and owner.operator.startswith("call:"):
        found = called(reader, owner)
        if isinstance(found, list | tuple):
            place = int(reader.whole_numbers(first)) if isinstance(first, Number | Apply) else None
            if others or place is None or not -len(found) <= place < len(found):
                raise ShapeError(
                    f"there are {len(found)} arrays here: take one of them, from [0] to [{len(found) - 1}]"
                )
            return found[place].node  # type: ignore[no-any-return]
    return OF_TENSORS["index"](reader, tree)


def _outer(reader: Reader, tree: Apply) -> Node:
    """Of vectors alone: NumPy makes vectors of matrices, which x Xᵀ does not say."""
    note_powers(reader, tree)
    return build.outer(*map(reader.node, tree.arguments))


def _softmax(reader: Reader, tree: Apply) -> Node:
    """Along the last axis, as is said where there are others."""
    node, *axes = reader.node(tree.arguments[0]), *tree.arguments[1:]
    if not node.rank:
        raise ShapeError(f"{tree.operator} takes a vector or more; this is a number")
    if node.rank > 1 and not axes:
        reader.note(f"{tree.operator} goes along the last axis: {tree.operator}(…, axis=-1)")
    return _of_tensors(reader, tree)


def _extreme(reader: Reader, tree: Apply) -> Node:
    """The largest entry along axes; of several tensors that of each place."""
    rest = tree.arguments[1:]
    if rest and not (isinstance(rest[0], Apply) and rest[0].operator in ("axis", "keepdims")):
        return build.elementwise(tree.operator, *map(reader.node, tree.arguments))
    return _of_tensors(reader, tree)


OPERATIONS: Mapping[str, Made] = {
    **dict.fromkeys((row.name for row in ROWS), _of_tensors),
    **OF_TENSORS,
    **dict.fromkeys(("softmax", "log_softmax"), _softmax),
    **dict.fromkeys(("max", "min"), _extreme),
    "outer": _outer,
    "call": _one,
    "index": _indexed,
}
