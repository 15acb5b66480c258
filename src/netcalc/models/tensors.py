"""An expression of tensors as a problem: its variables, their shapes as far as they are said, and the graph.

A shape is that of the values, or as said; of other names capitals are matrices and small letters vectors, where the
expression has operations of tensors, whose sizes are what the operations need them to be.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from fractions import Fraction
from itertools import takewhile
from typing import Any

import numpy as np

from netcalc.errors import NetcalcError, ShapeError
from netcalc.expression import Apply, Number, Tree, share, symbols
from netcalc.expression.tensor_parser import Reading, parse_tensors
from netcalc.expression.tensor_tokens import doubt, has_tensors
from netcalc.graph import build
from netcalc.graph.from_tree import Reader
from netcalc.graph.node import Node
from netcalc.graph.sizes import Shape, Size, Unknown, described, fits, letter, settled, written
from netcalc.graph.terms import in_front
from netcalc.models.calls import OPERATIONS
from netcalc.models.grad import check_known, check_wrt
from netcalc.models.graphed import GraphProblem, stated
from netcalc.models.request import Request
from netcalc.problem import listed

ONE_LETTER, LETTERS = "n", "mnkpqrsthdcuvw"


def tensors(texts: Sequence[str], request: Request) -> GraphProblem:
    """The problem that an expression of tensors states.

    Raises ExpressionError, ShapeError with the place in the text, UnknownNameError for a name that occurs nowhere.
    """
    if len(texts) != 1:
        raise NetcalcError(
            "of tensors one expression is differentiated at a time: [a, b] joins numbers, concat([a, b]) vectors"
        )
    if request.order > 2:
        raise NetcalcError(f"--order {request.order} is for an expression of numbers; of tensors there is --order 2")
    reading = parse_tensors(texts[0], {*request.values, *request.shapes})
    _check_names(reading.tree, request)
    shapes = _Shapes(reading, request)
    reader = shapes.reader()
    output = reader.node(reading.tree)
    inputs = {name: reader.inputs[name] for name in _in_order(request.values, reader.inputs)}
    smooth = [name for name in inputs if name not in reader.indices]
    wrt = tuple(smooth) if request.wrt is None else tuple(request.wrt)
    for name in wrt:
        check_known(name, inputs, "--wrt names")
        if name in reader.indices:
            raise NetcalcError(f"{name} says places or classes: it has no gradient")
    values = {name: value for name, value in request.values.items() if name in inputs}
    delta = None
    if request.delta is not None:
        delta = build.given("delta" if "delta" not in inputs else "upstream", _shape_of_delta(request.delta, output))
        inputs = {**inputs, str(delta.params.text): delta}
        values = {**values, str(delta.params.text): request.delta}
    _check_along(request.along, inputs)
    return GraphProblem(
        "grad",
        output,
        "f",
        inputs,
        values,
        wrt,
        delta=delta,
        along=request.along,
        order=request.order,
        given=_given(texts[0], request, wrt),
        notes=(*shapes.notes(inputs), *_commas(texts[0], request), *reader.notes),
        index_from=request.index_from,
        typed=_as_read(reading.tree, reader),
    )


def _commas(text: str, request: Request) -> Iterator[str]:
    """`x=1,5` where nothing else tells of vectors: perhaps meant as 1.5."""
    vectors = [name for name, value in request.values.items() if value.ndim]
    if (
        len(vectors) != 1
        or has_tensors(text)
        or doubt(text, ())
        or request.shapes
        or request.along
        or request.delta is not None
    ):
        return
    entries = request.values[vectors[0]].reshape(-1).tolist()
    numbers = [one.value for one in entries if isinstance(one, Number) and one.value.denominator == 1]
    if request.values[vectors[0]].shape == (2,) == (len(numbers),) and numbers[1] >= 0:
        first, second = numbers
        yield f"{vectors[0]} is the vector of {first} and {second}; a decimal has a point, {first}.{second}"


def _check_names(tree: Tree, request: Request) -> None:
    found = [*symbols(tree), *_letters_of_sums(tree)]
    for flag, names in (("--at gives a value to", request.values), ("--shape names", request.shapes)):
        for name in names:
            check_known(name, found, flag)
    check_wrt(request.wrt or (), found)


def _letters_of_sums(tree: Tree) -> Iterator[str]:
    """The letters in einsum's texts: whoever says their sizes beside a formula is right to."""
    for node in share((tree,)).nodes:
        if isinstance(node, Apply) and node.operator.startswith("einsum:"):
            yield from (one for one in node.operator.removeprefix("einsum:") if one.isalpha())


def _in_order(first: Mapping[str, Any], then: Mapping[str, Any]) -> Iterator[str]:
    yield from (name for name in first if name in then)
    yield from (name for name in then if name not in first)


def _shape_of_delta(delta: np.ndarray, output: Node) -> Shape:
    if not fits(delta.shape, output.shape):
        raise ShapeError(
            f"--delta is {described(delta.shape)}; f is {described(output.shape)}, and its gradient is alike"
        )
    return output.shape


def _check_along(along: Mapping[str, np.ndarray], inputs: Mapping[str, Node]) -> None:
    for name, direction in along.items():
        check_known(name, inputs, "--along names")
        if not fits(direction.shape, inputs[name].shape):
            raise ShapeError(
                f"--along: {name} is {described(inputs[name].shape)}, its direction {described(direction.shape)}"
            )


def _given(text: str, request: Request, wrt: Sequence[str]) -> dict[str, Any]:
    """What was stated, for the record."""
    record = {"f": text, "at": dict(request.values), "wrt": list(wrt), **stated(request)}
    return record if request.order == 1 else record | {"order": request.order}


def _as_read(tree: Tree, reader: Reader) -> Tree:
    """What was typed, what could be read two ways as it was read, a product of tensors entry by entry as such."""
    if not isinstance(tree, Apply):
        return tree
    arguments = [_as_read(one, reader) for one in tree.arguments]
    if tree.operator == "power_or_inverse":
        return Apply("power", (*arguments, Number(Fraction(-1))))
    if tree.operator == "matmul" and not reader.node(tree).rank:
        return Apply("matmul", (_as_row(tree.arguments[0], arguments[0], reader), arguments[1]))
    if tree.operator == "multiply":
        scalars = list(takewhile(lambda one: not reader.node(one).rank, tree.arguments))
        if len(scalars) < len(arguments) - 1 and all(reader.node(one).rank for one in tree.arguments[len(scalars) :]):
            first, *others = arguments[len(scalars) :]
            return Apply("hadamard", (in_front(arguments[: len(scalars)], first), *others))
    return Apply("power" if tree.operator == "power_or_transpose" else tree.operator, tuple(arguments))


def _as_row(tree: Tree, read: Tree, reader: Reader) -> Tree:
    """A vector, read, that stands left of another in a product: xᵀ, of x A alike xᵀ A."""
    match tree, read:
        case Apply("matmul", (first, _)), Apply("matmul", (left, right)) if reader.node(first).rank == 1:
            return Apply("matmul", (_as_row(first, left, reader), right))
        case Apply("multiply", (scalar, vector)), Apply("multiply", (left, right)) if not reader.node(scalar).rank:
            return Apply("multiply", (left, _as_row(vector, right, reader)))
        case Apply("transpose"), _:
            return read
        case _:
            return Apply("row", (read,))


# --- shapes


class _Shapes:
    """The shapes of an expression's names, found by building its graph with sizes that become what they have to."""

    def __init__(self, reading: Reading, request: Request) -> None:
        self.reading = reading
        self.request = request
        self.has_tensors = has_tensors(reading.text)
        self.names = symbols(reading.tree)
        said = [one for shape in request.shapes.values() for one in shape if isinstance(one, str)]
        self.letters: dict[str, Size] = {one: Unknown(one) for one in said}
        self.found: dict[str, Shape] = {}
        self.taken: set[str] = {*self.names, *self.letters}

    def reader(self) -> Reader:
        """A reader with every shape known, in numbers and letters."""
        for name, value in self.request.values.items():
            self._take_values(name, value)
        for name in self.names:
            if name not in self.found and (name in self.request.shapes or name not in self.letters):
                self.found[name] = self._shape(name)
        first = self._reader()
        used = self.found
        with suppress(NetcalcError):  # it comes again, with the letters that all sizes have then
            first.node(self.reading.tree)
            used = {name: shape for name, shape in self.found.items() if name in first.inputs}
        self._name_the_rest(used)
        self.letters = {name: _final(name, size) for name, size in self.letters.items()}
        self.found = {name: self._known_shape(name, shape) for name, shape in used.items()}
        return self._reader()

    def _known_shape(self, name: str, shape: Shape) -> Shape:
        """As found; as said where it is, whatever letters were found to be equal."""
        if name in self.request.shapes and name not in self.request.values:
            return self._shape(name)
        return tuple(map(settled, shape))

    def _reader(self) -> Reader:
        return Reader(self.reading, self.found, self.request.values, self.letters, self._name, OPERATIONS)

    def _take_values(self, name: str, value: np.ndarray) -> None:
        """A name's shape is that of its values; what is said of it tells the numbers of letters."""
        self.found[name] = value.shape
        said = self.request.shapes.get(name)
        if said is None:
            return
        sizes = tuple(self.letters[one] if isinstance(one, str) else one for one in said)
        if len(said) != value.ndim or any(
            isinstance(a, int) and a != b for a, b in zip(said, value.shape, strict=True)
        ):
            shown = "×".join(map(str, said)) or "a number"
            raise ShapeError(f"--shape says that {name} is {shown}; its values are {written(value.shape)}")
        for one, size, number in zip(said, sizes, value.shape, strict=True):
            known = settled(size)
            if isinstance(known, Unknown):
                known.found = number
            elif known != number:
                raise ShapeError(f"the letter {one} would have to be {known} and {number}, by the values of {name}")

    def _shape(self, name: str) -> Shape:
        if name in self.request.shapes:
            return tuple(self.letters[one] if isinstance(one, str) else one for one in self.request.shapes[name])
        return tuple(Unknown() for _ in range(self._rank(name)))

    def _rank(self, name: str) -> int:
        if not self.has_tensors:
            return 0
        return 2 if name[:1].isupper() else 1

    def _name(self, sizes: Sequence[Unknown]) -> None:
        left = list(dict.fromkeys(sizes))
        for size, name in zip(left, self._free_letters(len(left)) if left else (), strict=True):
            size.found = letter(size.name or name)

    def _free_letters(self, many: int) -> list[str]:
        free = [one for one in LETTERS if one not in self.taken]
        free = [ONE_LETTER] if many == 1 and ONE_LETTER in free and not self.taken & set(LETTERS) else free
        free += [f"n{n}" for n in range(1, many + 1)]
        self.taken |= set(free[:many])
        return free[:many]

    def _name_the_rest(self, shapes: Mapping[str, Shape]) -> None:
        """Letters for the sizes that could be any, in the order in which they occur; letters that are said stay."""
        for name, size in self.letters.items():
            if isinstance(known := settled(size), Unknown) and known.name == name:
                known.found = letter(name)
        sizes = [settled(size) for shape in shapes.values() for size in shape]
        self._name([size for size in sizes if isinstance(size, Unknown)])

    def notes(self, inputs: Mapping[str, Node]) -> Iterator[str]:
        """What was assumed of the names."""
        assumed = [name for name in inputs if name in self.names and name not in self.request.shapes]
        assumed = [name for name in assumed if name not in self.request.values]
        if not assumed:
            return
        if "I" in assumed:
            yield "I is a name as any other; the identity is eye(n)"
        if not self.has_tensors:
            yield f"{listed(assumed)} {'is a number' if len(assumed) == 1 else 'are numbers'}; --shape says otherwise"
            return
        groups: dict[str, list[str]] = {}
        for name in assumed:
            groups.setdefault(written(inputs[name].shape), []).append(name)
        parts = [f"{listed(names)} {'is' if len(names) == 1 else 'are'} {shape}" for shape, names in groups.items()]
        yield f"{', '.join(parts)}: capitals are matrices, small letters vectors; --shape says otherwise"


def _final(name: str, size: Size) -> Size:
    """A letter that is said is a number or itself."""
    known = settled(size)
    return known if isinstance(known, int) else letter(name)
