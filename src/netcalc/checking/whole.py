"""Formulas of whole tensors: read with the problem's tensors for names, and written out entry by entry."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import field
from fractions import Fraction
from functools import cached_property

import numpy as np

from netcalc.arrays import each
from netcalc.checking.names import LISTED
from netcalc.errors import ExpressionError, NetcalcError, UnknownNameError
from netcalc.expression import FUNCTIONS, Apply, Number, Tree, share, substitute, symbols
from netcalc.expression import read as read_expression
from netcalc.expression.tensor_parser import Reading, parse_tensors
from netcalc.expression.tree import CONDITIONS
from netcalc.graph import build
from netcalc.graph.arithmetic import Arithmetic
from netcalc.graph.arithmetic.trees import Trees
from netcalc.graph.evaluate import cost, evaluate
from netcalc.graph.from_tree import Reader
from netcalc.graph.node import Node
from netcalc.graph.sizes import Size
from netcalc.graph.tensor_operations import OPERATIONS
from netcalc.problem import symbol_tensor
from netcalc.records import dataclass

BY_ENTRY = {"add", "subtract", "multiply", "divide", "negate", "power", *FUNCTIONS} - {"dot", *CONDITIONS}  # 1 or 0
ALONG_AXES = {False: {"max", "min", "sum", "prod"}, True: set[str]()}  # of one array alone
MAX_MULTIPLICATIONS = 300_000  # of a formula that is written out entry by entry
AS_COLUMN = "the product of a vector and a transposed one is read as outer(a, b)"


@dataclass(frozen=True)
class Whole:
    """The entries of a formula, as trees in the problem's numbers; the formula, and what was assumed of it."""

    entries: np.ndarray
    tree: Tree
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Tensors:
    """The problem's tensors by name, and the names of its `numbers`, which formulas may use too."""

    arrays: Mapping[str, np.ndarray]
    numbers: Collection[str]
    index_from: int = 0
    sizes: Mapping[str, int] = field(default_factory=dict)

    @cached_property
    def shapes(self) -> dict[str, tuple[int, ...]]:
        """What a name stands for: a number where no tensor is called so."""
        return {**dict.fromkeys(self.numbers, ()), **{name: array.shape for name, array in self.arrays.items()}}

    def read(self, text: str, shape: tuple[int, ...]) -> Whole | None:
        """A formula of a tensor of that shape; None for what is none, and for one with names that are no problem's.

        Raises NetcalcError with the place in the text where shapes don't fit.
        """
        reading = self._reading(text)
        if reading is None:
            return None
        reader, node = self._made(reading, shape)
        used = symbols(reading.tree)
        if not node.rank and not used:
            return None  # a number
        if (many := cost([node], Arithmetic()).multiplications) > MAX_MULTIPLICATIONS:
            raise NetcalcError(f"this formula takes {many:,} multiplications: bring its numbers, as an array or a file")
        entries = {name: self._entries(name) for name in used if name in self.shapes}
        return Whole(_written_out(node, reading.tree, entries, reader.inputs), reading.tree, tuple(reader.notes))

    def _made(self, reading: Reading, shape: tuple[int, ...]) -> tuple[Reader, Node]:
        """As NumPy reads it; with vectors as columns, δ xᵀ, where that alone fits."""
        indices = {name: array for name, array in self.arrays.items() if array.dtype.kind in "iub"}
        letters: dict[str, Size] = {**self.sizes}
        tables = OPERATIONS, OF_COLUMNS
        readers = [Reader(reading, self.shapes, indices, letters, lambda _: None, table) for table in tables]
        first, second = (_node_or_error(reader) for reader in readers)
        if AS_COLUMN in readers[1].notes and isinstance(second, Node) and Arithmetic().shape(second.shape) == shape:
            fits = isinstance(first, Node) and Arithmetic().shape(first.shape) == shape
            return (readers[0], first) if fits and isinstance(first, Node) else (readers[1], second)
        if isinstance(first, NetcalcError):
            raise first
        return readers[0], first

    def _reading(self, text: str) -> Reading | None:
        """As tensors are written, else as numbers are, `2a(1 - a)`. Raises UnknownNameError."""
        unknown = None
        for read in (parse_tensors, _of_numbers):
            try:
                reading = read(text, self.shapes)
            except ExpressionError:
                continue
            missing = [name for name in symbols(reading.tree) if name not in self.shapes and name not in self.sizes]
            if not missing:
                return reading
            unknown = unknown or self.unknown(missing[0], text)
        if unknown:
            raise unknown
        return None

    def unknown(self, name: str, text: str) -> UnknownNameError:
        """There is no such name, which stands in the text."""
        from difflib import get_close_matches

        known = list(self.numbers)
        near = get_close_matches(name, known, n=1)
        hint = f"did you mean '{near[0]}'?" if near else f"a formula here is in {', '.join(known[:LISTED])}"
        place = re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text)
        message = f"there is no '{name}' in this problem; {hint}"
        return UnknownNameError(message, source=text, position=place.start() if place else 0)

    def _entries(self, name: str) -> np.ndarray:
        array = self.arrays.get(name)
        if array is not None and array.dtype.kind in "iub":
            return each(lambda one: Number(Fraction(one)), array)
        return symbol_tensor(name, self.shapes[name], self.index_from)


def _of_numbers(text: str, names: Collection[str]) -> Reading:
    return Reading(text, read_expression(text, set(names)).tree, {}, {})


def _node_or_error(reader: Reader) -> Node | NetcalcError:
    try:
        return reader.node(reader.reading.tree)
    except NetcalcError as error:
        return error


def _matrix_product(reader: Reader, tree: Apply) -> Node:
    a, b = tree.arguments
    if reader.node(a).rank == reader.node(b).rank == 1 and isinstance(b, Apply) and b.operator == "transpose":
        reader.note(AS_COLUMN)
        return build.outer(*map(reader.node, tree.arguments))
    return OPERATIONS["matmul"](reader, tree)


OF_COLUMNS = {**OPERATIONS, "matmul": _matrix_product}


def _written_out(node: Node, tree: Tree, entries: Mapping[str, np.ndarray], leaves: Mapping[str, Node]) -> np.ndarray:
    """The entries of a formula, as it was written where it goes entry by entry."""
    shape = Arithmetic().shape(node.shape)
    applied = [one for one in share((tree,)).nodes if isinstance(one, Apply)]
    by_entry = all(one.operator in BY_ENTRY - ALONG_AXES[len(one.arguments) > 1] for one in applied)
    if by_entry and all(array.shape in ((), shape) for array in entries.values()):
        names = list(entries)
        arrays = [np.broadcast_to(entries[name], shape) for name in names]
        return each(lambda *own: substitute(tree, dict(zip(names, own, strict=True))), *arrays)
    trees = Trees()
    (found,) = evaluate([node], trees, {leaf: trees.array(entries[name]) for name, leaf in leaves.items()})
    return each(lambda one: one.tree, found)
