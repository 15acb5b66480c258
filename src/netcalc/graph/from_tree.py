"""A formula of tensors as a graph: each operator and function of its tree, by the names' shapes.

What fits in no way is refused with the place in the text; what can be read two ways is refused with what to write, or
read as NumPy does, with a note.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import reduce
from operator import add, mul
from typing import Any

import numpy as np

from netcalc.arrays import from_list, scalar
from netcalc.errors import NetcalcError, ShapeError
from netcalc.expression import FUNCTIONS, Apply, Constant, Number, Symbol, Tree
from netcalc.expression.tensor_parser import Reading
from netcalc.graph import build
from netcalc.graph.node import Node
from netcalc.graph.sizes import Shape, Size, Unknown, UnknownSizeError, plus, settled, times

MAX_COUNTED = 1 << 20  # numbers that arange writes out
CENTRED = "·×⋅∙∗•"  # signs of a product that of vectors mean more than one


class Reader:
    """Makes the nodes of a reading. `shapes` are the names' shapes, `values` those whose numbers are known.

    `letters` are sizes by name. `inputs` are the names that were used as tensors, `notes` what was assumed.
    `name_sizes` gives sizes that are still to be found their letters, where an operation can't do without. `operations`
    make the nodes of what is no function of numbers. `indices` are the inputs that places or classes are made of, which
    have no gradient.
    """

    def __init__(
        self,
        reading: Reading,
        shapes: Mapping[str, Shape],
        values: Mapping[str, np.ndarray],
        letters: dict[str, Size],
        name_sizes: Callable[[Sequence[Unknown]], None],
        operations: Mapping[str, Callable[[Reader, Apply], Node]],
    ) -> None:
        self.reading = reading
        self.shapes = shapes
        self.values = values
        self.letters = letters
        self.name_sizes = name_sizes
        self.operations = operations
        self.inputs: dict[str, Node] = {}
        self.notes: dict[str, None] = {}
        self.indices: set[str] = set()
        self._nodes: dict[int, Node] = {}

    def node(self, tree: Tree) -> Node:
        """The node of a part of the reading's tree. Raises NetcalcError with its place in the text."""
        known = self._nodes.get(id(tree))
        if known is None:
            try:
                known = self._made(tree)
            except NetcalcError as error:
                raise self.at(error, tree) from None
            self._nodes[id(tree)] = known
        return known

    def at(self, error: NetcalcError, tree: Tree) -> NetcalcError:
        """The error, with the place of what makes the tree, unless it has one."""
        place = self.reading.place(tree)
        if error.source is None and place is not None:
            error.source, error.position = self.reading.text, place
        return error

    def note(self, text: str) -> None:
        """Say something beside the answer, once."""
        self.notes[text] = None

    def typed(self, tree: Tree) -> str:
        """The character at the operator before this operand."""
        place = self.reading.before.get(id(tree), len(self.reading.text))
        return self.reading.text[place : place + 1]

    def _made(self, tree: Tree) -> Node:
        if isinstance(tree, Number):
            return build.number(tree.value)
        if isinstance(tree, Constant):
            return build.constant(tree)
        if isinstance(tree, Symbol):
            return self._named(tree.name)
        try:
            return self._applied(tree)
        except UnknownSizeError:
            sizes = [size for one in tree.arguments for size in self._shape(one)]
            self.name_sizes([size for size in map(settled, sizes) if isinstance(size, Unknown)])
            return self._applied(tree)

    def _shape(self, tree: Tree) -> Shape:
        return self._nodes[id(tree)].shape if id(tree) in self._nodes else ()

    def _named(self, name: str) -> Node:
        if name in self.shapes:
            return self.inputs.setdefault(name, build.given(name, self.shapes[name]))
        if name in self.letters:
            return build.of_size(self.letters[name])
        raise NetcalcError(f"{name} has neither a value nor a shape")

    def _applied(self, tree: Apply) -> Node:
        operator = tree.operator
        made = self.operations.get(operator.partition(":")[0])
        if made is not None:
            return made(self, tree)
        if operator not in FUNCTIONS and operator != "subtract":
            raise NetcalcError(f"'{operator}' is not a function of tensors")
        return build.elementwise(operator, *map(self.node, tree.arguments))

    # --- options

    def known(self, tree: Tree) -> np.ndarray | None:
        """The numbers that a tree is, as an array of fractions, where they don't depend on what is unknown."""
        if isinstance(tree, Number):
            return scalar(tree.value)
        if isinstance(tree, Symbol):
            if tree.name in self.values:
                return _fractions(self.values[tree.name])
            size = settled(self.letters[tree.name]) if tree.name in self.letters else None
            return scalar(Fraction(size)) if isinstance(size, int) else None
        if not isinstance(tree, Apply) or tree.operator not in _ARITHMETIC:
            return None
        parts = [self.known(one) for one in tree.arguments]
        whole = [one for one in parts if one is not None]
        return _ARITHMETIC[tree.operator](whole) if len(whole) == len(parts) else None

    def whole_numbers(self, tree: Tree) -> np.ndarray:
        """Whole numbers that are known, as integers. Raises NetcalcError."""
        found = self.known(tree)
        if found is None:
            raise NetcalcError("an index needs a number here, or a name with a value")
        if any(one.denominator != 1 for one in found.reshape(-1)):
            raise NetcalcError("an index is a whole number")
        return np.array([int(one) for one in found.reshape(-1)], dtype=np.int64).reshape(found.shape)

    def size(self, tree: Tree) -> Size:
        """The size that an option says: a number, a letter, or products of these."""
        found = self.known(tree)
        if found is not None and not found.ndim and found.item().denominator == 1:
            return int(found.item())
        if isinstance(tree, Symbol):
            return settled(self.letters.setdefault(tree.name, Unknown(tree.name)))
        if isinstance(tree, Apply) and tree.operator in ("add", "multiply"):
            sizes = map(self.size, tree.arguments)
            return reduce(plus if tree.operator == "add" else times, sizes)
        if isinstance(tree, Apply) and tree.operator == "negate":
            return times(-1, self.size(tree.arguments[0]))
        raise NetcalcError("a size is a whole number, or a letter")


def _fractions(values: np.ndarray) -> np.ndarray | None:
    entries: list[Fraction] = []
    for one in values.reshape(-1):
        if isinstance(one, Number):
            entries.append(one.value)
        elif isinstance(one, (int, float, np.integer, np.floating)):
            entries.append(Fraction(one.item() if isinstance(one, np.generic) else one))
        else:
            return None
    return from_list(entries, values.shape)


def _stacked(parts: Sequence[np.ndarray]) -> np.ndarray:
    if len({one.shape for one in parts}) > 1:
        raise ShapeError("the rows of a list are not all of one length")
    return np.stack(parts)


def _counted(parts: Sequence[np.ndarray]) -> np.ndarray:
    ends = [int(part.item()) for part in parts if part.size == 1 and part.item().denominator == 1]
    is_counted = len(ends) == len(parts) <= 3 and ends[2:] != [0] and max(map(abs, ends)) < 1 << 62
    counted = range(*ends) if is_counted else range(0)
    if not 0 < len(counted) <= MAX_COUNTED:
        raise ShapeError(
            f"arange takes whole numbers, as arange(3) and arange(0, 4, 2), and gives 1 to {MAX_COUNTED:,}"
        )
    return from_list(list(map(Fraction, counted)), (len(counted),))


_ARITHMETIC: Mapping[str, Callable[[Sequence[np.ndarray]], Any]] = {
    "stack": _stacked,
    "add": lambda parts: np.asarray(reduce(add, parts), dtype=object),
    "negate": lambda parts: np.asarray(-parts[0], dtype=object),
    "multiply": lambda parts: np.asarray(reduce(mul, parts), dtype=object),
    "arange": _counted,
}


def fits_as_product(a: Node, b: Node) -> bool:
    """Whether a@b would do, one of them a matrix."""
    if not a.rank or not b.rank or max(a.rank, b.rank) < 2:
        return False
    return settled(a.shape[-1]) == settled(b.shape[0 if b.rank == 1 else -2])


def is_square(node: Node) -> bool:
    """Whether it is a matrix with as many rows as columns."""
    return node.rank == 2 and settled(node.shape[0]) == settled(node.shape[1])
