"""Formulas of whole tensors: read with the problem's tensors for names, and written out entry by entry."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import field
from fractions import Fraction
from functools import cached_property
from itertools import chain
from typing import Any, TypeVar

import numpy as np

from netcalc.arrays import each, scalar
from netcalc.catalogue.activations import BoundActivation
from netcalc.checking.answers.columns import Columns
from netcalc.checking.answers.names import LISTED
from netcalc.checking.answers.transposes import transposes, with_a_factor
from netcalc.errors import NetcalcError, ShapeError, UnknownNameError
from netcalc.expression import FUNCTIONS, Apply, Number, Tree, share, substitute, symbols
from netcalc.expression import read as read_expression
from netcalc.expression.paper import parse_paper
from netcalc.expression.tensor_functions import TENSOR_FUNCTIONS
from netcalc.expression.tensor_parser import Reading, parse_tensors
from netcalc.expression.tree import CONDITIONS
from netcalc.graph.arithmetic import Arithmetic
from netcalc.graph.arithmetic.trees import Trees
from netcalc.graph.evaluate import cost, evaluate
from netcalc.graph.from_tree import Reader
from netcalc.graph.node import Node
from netcalc.graph.sizes import Shape, Size, settled
from netcalc.graph.sizes import tree as size_tree
from netcalc.graph.windows import Sliding
from netcalc.models.calls import OPERATIONS
from netcalc.notation import to_unicode
from netcalc.outside import cut_at_commas
from netcalc.problem import symbol_tensor
from netcalc.records import NamedTuple, dataclass

BY_ENTRY = {"add", "subtract", "multiply", "divide", "negate", "power", *FUNCTIONS} - {"dot", *CONDITIONS}  # 1 or 0
OF_TENSORS = rf"\b({'|'.join(sorted(TENSOR_FUNCTIONS.keys() - FUNCTIONS.keys()))})\s*\("
ALONG_AXES = {False: {"max", "min", "sum", "prod"}, True: set[str]()}  # of one array alone
AS_ENTRIES = "· between vectors is read element by element, as ∘"
MAX_MULTIPLICATIONS = 300_000  # of a formula that is written out entry by entry
Read = Callable[[str, Collection[str]], Reading]
T = TypeVar("T")
Variants = Callable[[Tree, bool], Iterable[tuple[T, Tree]]]


class Made(NamedTuple):
    """A formula, as it is `typed`, as a node; `plain` writes parts of it in NumPy's terms."""

    typed: Tree
    node: Node
    reader: Reader
    plain: Callable[[Tree], Tree]

    @property
    def tree(self) -> Tree:
        return self.plain(self.typed)


@dataclass(frozen=True)
class Whole:
    """The entries of a formula, as trees in the problem's numbers; the formula, and what was assumed of it."""

    entries: np.ndarray
    tree: Tree
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Tensors:
    """The problem's tensors by name, and the names of its `numbers`, which formulas may use too.

    `nodes` are those of tensors that have no numbers here; `activation` is the problem's, if it has one alone;
    `slidings` are its windows.
    """

    arrays: Mapping[str, np.ndarray]
    numbers: Collection[str]
    index_from: int = 0
    sizes: Mapping[str, Size] = field(default_factory=dict)
    nodes: Mapping[str, Node] = field(default_factory=dict)
    activation: BoundActivation | None = None
    slidings: Collection[Sliding] = ()

    @cached_property
    def shapes(self) -> dict[str, Shape]:
        """What a name stands for: a number where no tensor is called so."""
        tensors: Mapping[str, Any] = {**self.arrays, **self.nodes}
        return {**dict.fromkeys(self.numbers, ()), **{name: tensor.shape for name, tensor in tensors.items()}}

    def read(self, text: str, shape: tuple[int, ...]) -> Whole | None:
        """A formula of a tensor of that shape; None for what is none, and for one with names that are no problem's.

        Raises NetcalcError with the place in the text where shapes don't fit.
        """
        made = self._made(text, shape)
        return None if made is None else self.whole(made)

    def whole(self, made: Made) -> Whole | None:
        """Its entries; None for a number. Raises NetcalcError for what would take too long."""
        reader, node, tree = made.reader, made.node, made.tree
        used = symbols(tree)
        if not node.rank and not symbols(made.typed):
            return None  # a number
        if (many := cost([node], Arithmetic()).multiplications) > MAX_MULTIPLICATIONS:
            raise NetcalcError(f"this formula takes {many:,} multiplications: bring its numbers, as an array or a file")
        entries = {name: self._entries(name) for name in used}
        leaves = {name: leaf for name, leaf in reader.inputs.items() if name in entries}
        return Whole(_written_out(node, tree, entries, leaves), tree, tuple(reader.notes))

    def transposed(self, text: str, shape: tuple[int, ...]) -> Iterator[tuple[str, Whole]]:
        """What a formula of another shape, or of none, is with a factor transposed, or with one more; what was done."""
        given = [name for name in self.arrays if not name.startswith("d")]

        def variants(tree: Tree, is_paper: bool) -> Iterator[tuple[tuple[str, Tree], Tree]]:
            for said, factor, new in chain(transposes(tree), with_a_factor(tree, given if is_paper else ())):
                yield (said, factor), new

        for (said, factor), made in self.variants(text, shape, variants):
            if (whole := self.whole(made)) is not None:
                yield said.format(to_unicode(made.plain(factor))), whole

    def variants(self, text: str, shape: tuple[int, ...], of: Variants[T]) -> Iterator[tuple[T, Made]]:
        """What a formula's tree is with something changed, each with what is told of it, where the shape is right.

        `of` is asked for each way to read the text, the first alone if it has that shape, and told whether that is as
        papers write.
        """
        kept: list[Tree] = []  # a reader knows parts by their ids
        for read in (parse_tensors, parse_paper):
            try:
                reading = read(text, self.shapes)
                self._check_names(reading.tree, text)
            except NetcalcError:
                continue
            columns = Columns(shape, self.activation, self.slidings)
            reader, fits = self._reader(reading, read, columns), False
            with suppress(NetcalcError):  # one whose shapes do not fit
                fits = _settled(reader.node(reading.tree).shape) == shape
            for told, tree in of(reading.tree, read is parse_paper):
                kept.append(tree)
                with suppress(NetcalcError):
                    node = reader.node(tree)
                    if _settled(node.shape) == shape:
                        yield told, Made(tree, node, reader, columns.plain)
            if fits:
                break

    def node(self, text: str, shape: Shape) -> Node | None:
        """The same formula as a node; None where it has another shape."""
        node = self.any_node(text, shape)
        return node if node is not None and _settled(node.shape) == _settled(shape) else None

    def any_node(self, text: str, shape: Shape) -> Node | None:
        """The same formula as a node, of that shape if it can be read so. Raises NetcalcError."""
        made = self._made(text, shape)
        return made.node if made is not None else None

    def _made_by(self, reading: Reading, read: Read, columns: Columns) -> Made:
        reader = self._reader(reading, read, columns)
        return Made(reading.tree, reader.node(reading.tree), reader, columns.plain)

    def _reader(self, reading: Reading, read: Read, columns: Columns) -> Reader:
        indices = {name: array for name, array in self.arrays.items() if array.dtype.kind in "iub"}
        table = columns.operations if read is parse_paper else OPERATIONS
        reader = Reader(reading, self.shapes, indices, {**self.sizes}, lambda _: None, table)
        reader.inputs |= self.nodes
        return reader

    def _made(self, text: str, shape: Shape) -> Made | None:
        """As NumPy reads it, else as papers write it, the first that has that shape; None for what is no formula.

        Raises NetcalcError.
        """
        errors: list[NetcalcError] = []
        made: Made | None = None
        for read in (parse_tensors, parse_paper, _of_numbers):
            if read is _of_numbers and (made is not None or re.search(OF_TENSORS, text)):
                break
            try:
                reading = read(text, self.shapes)
                self._check_names(reading.tree, text)
                found = self._made_by(reading, read, Columns(shape, self.activation, self.slidings))
            except NetcalcError as error:
                errors.append(error)
                continue
            if _settled(found.node.shape) == _settled(shape):
                return found
            made = made or found
        if made is None and shape and "·" in text:
            made = self._entry_by_entry(text, shape)
        if made is None and not is_list(text):
            raise _nearest(errors)
        return made

    def _entry_by_entry(self, text: str, shape: Shape) -> Made | None:
        """With · between vectors as ∘, as steps have it: a1·(1 − a1)."""
        try:
            made = self._made(text.replace("·", "∘"), shape)
        except NetcalcError:
            return None
        if made is not None:
            made.reader.note(AS_ENTRIES)
        return made

    def _check_names(self, tree: Tree, text: str) -> None:
        """Raises UnknownNameError."""
        for name in symbols(tree):
            if name not in self.shapes and name not in self.sizes:
                raise self.unknown(name, text)

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
        if name not in self.shapes:
            return scalar(size_tree(self.sizes[name]))
        array = self.arrays.get(name)
        if array is not None and array.dtype.kind in "iub":
            return each(lambda one: Number(Fraction(one)), array)
        return symbol_tensor(name, Arithmetic().shape(self.shapes[name]), self.index_from)


def _settled(shape: Shape) -> Shape:
    return tuple(map(settled, shape))


def is_list(text: str) -> bool:
    """Whether it may be several numbers: a comma or a semicolon stands outside of brackets, or all in square ones."""
    stripped = text.strip()
    is_cut = len(cut_at_commas(stripped.replace(";", ","))) > 1
    return is_cut or (stripped.startswith("[") and stripped.endswith("]"))


def _of_numbers(text: str, names: Collection[str]) -> Reading:
    return Reading(text, read_expression(text, set(names)).tree, {}, {})


def _nearest(errors: Sequence[NetcalcError]) -> NetcalcError:
    """The error of the reading that came furthest: an unknown name, shapes that don't fit, a text that isn't read."""
    kinds = (UnknownNameError, ShapeError)
    return next((one for kind in kinds for one in errors if isinstance(one, kind)), errors[1])


def _written_out(node: Node, tree: Tree, entries: Mapping[str, np.ndarray], leaves: Mapping[str, Node]) -> np.ndarray:
    """The entries of a formula, as it was written where it goes entry by entry."""
    shape = Arithmetic().shape(node.shape)
    applied = [one for one in share((tree,)).nodes if isinstance(one, Apply)]
    by_entry = all(one.operator in BY_ENTRY - ALONG_AXES[len(one.arguments) > 1] for one in applied)
    if by_entry and entries and all(array.shape in ((), shape) for array in entries.values()):
        names = list(entries)
        arrays = [np.broadcast_to(entries[name], shape) for name in names]
        return each(lambda *own: substitute(tree, dict(zip(names, own, strict=True))), *arrays)
    trees = Trees()
    (found,) = evaluate([node], trees, {leaf: trees.array(entries[name]) for name, leaf in leaves.items()})
    return each(lambda one: one.tree, found)
