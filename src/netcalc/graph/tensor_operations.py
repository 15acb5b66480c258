"""The operators of a tensor formula, its indices and lists, each as nodes: a row each.

Its functions are those of programs, but for what papers alone write and what is written as it was typed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import prod

import numpy as np

from netcalc.arrays import each
from netcalc.errors import NetcalcError, ShapeError
from netcalc.expression import Apply, Number, Symbol, Tree
from netcalc.expression.tree import CONDITIONS
from netcalc.graph import build
from netcalc.graph.from_tree import CENTRED, Reader, fits_as_product, is_square
from netcalc.graph.node import Node
from netcalc.graph.sizes import Shape, Size, broadcast_shapes, described, settled, written

ELEMENT_BY_ELEMENT = "* multiplies element by element, as in NumPy; the product of matrices is written @"
POWER_OF_ENTRIES = "the power of a matrix is that of each entry, as in NumPy; the product of matrices is written A@A"
MAX_CONSTANT_ENTRIES = 1 << 24  # of an array of zeros and ones that is written out
Made = Callable[[Reader, Apply], Node]


# --- arithmetic, element by element


def _added(reader: Reader, tree: Apply) -> Node:
    nodes = _together(reader, tree)
    return build.add(*nodes)


def _together(reader: Reader, tree: Apply) -> list[Node]:
    """The operands, each seen to fit those before it. Raises ShapeError at the operator before one that doesn't."""
    nodes: list[Node] = []
    shape: Shape = ()
    for operand in tree.arguments:
        node = reader.node(operand)
        try:
            if nodes and tree.operator == "multiply":
                _check_reading(reader, nodes, shape, operand, node)
            shape = broadcast_shapes(shape, node.shape) if nodes else node.shape
        except ShapeError as error:
            place = reader.reading.before.get(id(operand), reader.reading.at.get(id(operand)))
            if error.source is None and place is not None:
                error.source, error.position = reader.reading.text, place
            raise
        nodes.append(node)
    return nodes


def _check_reading(reader: Reader, nodes: list[Node], shape: Shape, operand: Tree, node: Node) -> None:
    """What is said of `*` where a product of matrices could be meant; raises ShapeError where that is likely."""
    if not shape or not node.rank:
        return
    left, sign = (nodes[-1] if len(nodes[-1].shape) == len(shape) else build.given("", shape)), reader.typed(operand)
    if sign and sign in CENTRED:
        raise ShapeError(
            f"'{sign}' of {written(shape)} and {written(node.shape)} can be read two ways: write a@b, or dot(a, b), "
            "for the product that sums, a*b for that of each element"
        )
    fits = fits_as_product(left, node)
    if reader.reading.matrix_style and fits and sign == "*":
        style = reader.reading.matrix_style
        raise ShapeError(
            f"beside {style} as a transpose '*' can be read two ways: write @ for the product of matrices, "
            ".T for the transpose and * element by element"
        )
    if not fits:
        return
    try:
        broadcast_shapes(shape, node.shape)
    except ShapeError as error:
        raise ShapeError(f"{error.message}; the product of matrices is written @") from None
    reader.note(ELEMENT_BY_ELEMENT)


def _divided(reader: Reader, tree: Apply) -> Node:
    above, below = map(reader.node, tree.arguments)
    if reader.reading.matrix_style and above.rank and is_square(below):
        raise ShapeError("'/' by a matrix can be read two ways: write solve(A, b), or A/B element by element with .T")
    return build.divide(above, below)


def _raised(reader: Reader, tree: Apply) -> Node:
    base, exponent = map(reader.node, tree.arguments)
    if is_square(base) and isinstance(tree.arguments[0], Symbol) and not exponent.rank:
        reader.note(POWER_OF_ENTRIES)
    if is_square(exponent) and not base.rank:
        reader.note("a power with a matrix as its exponent is that of each entry, as in NumPy")
    return build.power(base, exponent)


def _raised_or_inverted(reader: Reader, tree: Apply) -> Node:
    base = reader.node(tree.arguments[0])
    if base.rank > 1:
        raise NetcalcError("A^-1 can be read two ways: write inv(A) for the inverse, 1/A for one over each entry")
    return build.power(base, build.number(-1))


def _raised_or_transposed(reader: Reader, tree: Apply) -> Node:
    base, exponent = map(reader.node, tree.arguments)
    if base.rank:
        raise NetcalcError(
            "^T can be read two ways where T is a name: write A.T for the transpose, A^(T) for the power"
        )
    return build.power(base, exponent)


# --- products of matrices


def _matrix_product(reader: Reader, tree: Apply) -> Node:
    a, b = map(reader.node, tree.arguments)
    note_powers(reader, tree)
    return build.matmul(a, b)


def note_powers(reader: Reader, tree: Apply) -> None:
    """Say how a power within a function of matrices is read."""
    for one in tree.arguments:
        if isinstance(one, Apply) and one.operator == "power" and reader.node(one).rank == 2:
            reader.note(POWER_OF_ENTRIES)


def _swapped(reader: Reader, tree: Apply) -> Node:
    node = reader.node(tree.arguments[0])
    if node.rank < 2:
        raise ShapeError(f".mT is of a matrix; this is {written(node.shape)}")
    return build.swapped(node)


# --- indices, lists and sizes


def _indexed(reader: Reader, tree: Apply) -> Node:
    node = reader.node(tree.arguments[0])
    parts = list(tree.arguments[1:])
    used = sum(one not in (Apply("newaxis", ()), Apply("ellipsis", ())) for one in parts)
    key: list[build.Part] = []
    places: list[Node] = []
    for one in parts:
        if one == Apply("ellipsis", ()):
            key += [build.EVERYTHING] * (node.rank - used)
        elif _is_order(one):
            places.append(reader.node(one))
            key.append(build.Place(len(places)))
        else:
            key.append(_part(reader, one))
    found = build.index(node, key, places)
    if 0 in map(settled, found.shape):
        raise ShapeError(f"nothing is left of {written(node.shape)} by this index")
    return found


def _is_order(tree: Tree) -> bool:
    """Whether it is argsort(x), or a part of it: places that go by numbers which are not known."""
    match tree:
        case Apply("index", (inner, *_)):
            return _is_order(inner)
        case Apply(name):
            return name.rpartition(":")[2] == "argsort"
    return False


def _part(reader: Reader, part: Tree) -> build.Part:
    if part == Apply("newaxis", ()):
        return None
    if isinstance(part, Apply) and part.operator == "slice":
        start, stop, step = (None if one == Apply("none", ()) else _bound(reader, one) for one in part.arguments)
        if step == 0 or not isinstance(step, int | None):
            raise ShapeError("the step of a slice is a whole number other than 0")
        return build.Span(start, stop, step)
    found = reader.whole_numbers(part)
    return build.Fixed(found) if found.ndim else int(found)


def _bound(reader: Reader, tree: Tree) -> Size:
    if reader.known(tree) is None:
        return reader.size(tree)
    found = reader.whole_numbers(tree)
    if found.ndim:
        raise ShapeError("a bound of a slice is one number")
    return int(found)


def _stacked(reader: Reader, tree: Apply) -> Node:
    """[a, b], and stack([a, b], axis=1)."""
    match tree.arguments:
        case (*parts, Apply("axis", (Number(axis),))):
            return build.stack([reader.node(one) for one in parts], int(axis))
    known = reader.known(tree) if all(map(_is_plain, tree.arguments)) else None
    if known is not None:
        return build.array(each(Number, known), _text(known))
    return build.stack([reader.node(one) for one in tree.arguments])


def _is_plain(tree: Tree) -> bool:
    """Whether it is numbers, as typed."""
    if isinstance(tree, Number):
        return True
    return isinstance(tree, Apply) and tree.operator in ("stack", "negate") and all(map(_is_plain, tree.arguments))


def _text(values: np.ndarray) -> str:
    if not values.ndim:
        return str(values.item())
    return f"[{', '.join(map(_text, values))}]" if values.ndim > 1 else f"[{', '.join(map(str, values))}]"


def _columns_joined(reader: Reader, tree: Apply) -> Node:
    node = reader.node(tree.arguments[0])
    if node.rank != 2:
        raise ShapeError(f"vec puts the columns of a matrix one below the other; this is {described(node.shape)}")
    return build.reshaped(build.transpose(node, None), [-1])


def _size_of_axis(reader: Reader, tree: Apply) -> Node:
    node, axis = reader.node(tree.arguments[0]), tree.arguments[1]
    place = int(axis.value) if isinstance(axis, Number) else 0
    if not -node.rank <= place < node.rank:
        raise ShapeError(f"axis {place} is not there: this is {written(node.shape)}")
    return build.of_size(node.shape[place])


def _one_hot(reader: Reader, tree: Apply) -> Node:
    if len(tree.arguments) != 2:
        raise NetcalcError("one_hot needs the number of classes, as in one_hot([2, 0], 3)")
    many = reader.size(tree.arguments[1])
    if _is_order(tree.arguments[0]):
        return build.index(build.eye(many), [build.Place(1)], [reader.node(tree.arguments[0])])
    found = reader.whole_numbers(tree.arguments[0])
    if not isinstance(many, int):
        raise NetcalcError("one_hot needs the number of classes as a number")
    if found.size and (found.min() < -many or found.max() >= many):
        wrong = int(found.min() if found.min() < -many else found.max())
        raise ShapeError(f"index {wrong} is out of range: one_hot has classes 0 to {many - 1}")
    if many * max(1, prod(found.shape)) > MAX_CONSTANT_ENTRIES:
        raise ShapeError(f"one_hot of {found.size:,} numbers in {many:,} classes would take more than memory")
    text = f"one_hot({_text(found)}, {many})"
    return build.array((found[..., None] % many == np.arange(many)).astype(np.int64), text)


def _counted(reader: Reader, tree: Apply) -> Node:
    found = reader.known(tree) if tree.arguments else None
    if found is None:
        raise NetcalcError("arange takes whole numbers, as in arange(3) and arange(0, 4, 2)")
    return build.array(each(Number, found), _text(found))


OPERATIONS: Mapping[str, Made] = {
    "add": _added,
    "multiply": lambda reader, tree: build.multiply(*_together(reader, tree)),
    "negate": lambda reader, tree: build.negate(reader.node(tree.arguments[0])),
    "divide": _divided,
    "power": _raised,
    "power_or_inverse": _raised_or_inverted,
    "power_or_transpose": _raised_or_transposed,
    "where": lambda reader, tree: build.where(*map(reader.node, tree.arguments)),
    **dict.fromkeys(CONDITIONS, lambda reader, tree: build.compared(tree.operator, *map(reader.node, tree.arguments))),
    "matmul": _matrix_product,
    "mT": _swapped,
    "index": _indexed,
    "stack": _stacked,
    "vec": _columns_joined,
    "size": _size_of_axis,
    "one_hot": _one_hot,
    "arange": _counted,
}
