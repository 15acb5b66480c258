"""The operators and functions of a tensor formula, each as nodes: a row each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction

import numpy as np

from netcalc.errors import NetcalcError, ShapeError
from netcalc.expression import Apply, Number, Symbol, Tree
from netcalc.expression.tree import CONDITIONS
from netcalc.graph import build
from netcalc.graph.from_tree import CENTRED, Reader, fits_as_product, is_square
from netcalc.graph.node import Node
from netcalc.graph.product import broadcast_shapes
from netcalc.graph.sizes import Shape, written
from netcalc.graph.tensor_shapes import SHAPING, Made, axes_of, is_kept, one_and_options

ELEMENT_BY_ELEMENT = "* multiplies element by element, as in NumPy; the product of matrices is written @"
POWER_OF_ENTRIES = "the power of a matrix is that of each entry, as in NumPy; the product of matrices is written A@A"
MAX_MATRIX_POWER = 64


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


def _multiplied(reader: Reader, tree: Apply) -> Node:
    return build.multiply(*_together(reader, tree))


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


def _selected(reader: Reader, tree: Apply) -> Node:
    return build.where(*map(reader.node, tree.arguments))


def _compared(reader: Reader, tree: Apply) -> Node:
    return build.compared(tree.operator, *map(reader.node, tree.arguments))


# --- products of matrices


def _matrix_product(reader: Reader, tree: Apply) -> Node:
    a, b = map(reader.node, tree.arguments)
    _note_powers(reader, tree)
    return build.matmul(a, b)


def _note_powers(reader: Reader, tree: Apply) -> None:
    """Say how a power within a function of matrices is read."""
    for one in tree.arguments:
        if isinstance(one, Apply) and one.operator == "power" and reader.node(one).rank == 2:
            reader.note(POWER_OF_ENTRIES)


def _of_matrices(function: Callable[..., Node]) -> Made:
    def made(reader: Reader, tree: Apply) -> Node:
        nodes = [reader.node(one) for one in tree.arguments]
        _note_powers(reader, tree)
        return function(*nodes)

    return made


def _matrix_power(reader: Reader, tree: Apply) -> Node:
    node, *exponents = reader.node(tree.arguments[0]), *tree.arguments[1:]
    exponent = reader.whole_numbers(exponents[0]) if exponents else np.asarray(-1)
    many = int(exponent) if not exponent.ndim else -1
    if not 0 <= many <= MAX_MATRIX_POWER:
        raise NetcalcError(f"matrix_power(A, n) takes a whole number from 0 to {MAX_MATRIX_POWER}")
    build.trace(node)  # square
    found = build.eye(node.shape[0]) if not many else node
    for _ in range(many - 1):
        found = build.matmul(found, node)
    return found


def _swapped(reader: Reader, tree: Apply) -> Node:
    node = reader.node(tree.arguments[0])
    if node.rank < 2:
        raise ShapeError(f".mT is of a matrix; this is {written(node.shape)}")
    return build.swapped(node)


def _transposed(reader: Reader, tree: Apply) -> Node:
    node, options = one_and_options(reader, tree)
    return build.transpose(node, axes_of(options, "axes"))


# --- reductions


def _reduction(function: Callable[..., Node]) -> Made:
    def made(reader: Reader, tree: Apply) -> Node:
        node, options = one_and_options(reader, tree)
        return function(node, axes_of(options), is_kept(options))

    return made


def _deviation(function: Callable[..., Node]) -> Made:
    def made(reader: Reader, tree: Apply) -> Node:
        node, options = one_and_options(reader, tree)
        less = options.get("ddof", (Number(Fraction(0)),))[0]
        if not isinstance(less, Number):
            raise NetcalcError("ddof is a number")
        return function(node, axes_of(options), is_kept(options), less.value)

    return made


def _extreme(function: Callable[..., Node]) -> Made:
    def made(reader: Reader, tree: Apply) -> Node:
        rest = tree.arguments[1:]
        if rest and not (isinstance(rest[0], Apply) and rest[0].operator in ("axis", "keepdims")):
            return build.elementwise(tree.operator, *map(reader.node, tree.arguments))
        node, options = one_and_options(reader, tree)
        return function(node, axes_of(options), is_kept(options))

    return made


def _softmax(function: Callable[..., Node]) -> Made:
    def made(reader: Reader, tree: Apply) -> Node:
        node, options = one_and_options(reader, tree)
        axes = axes_of(options)
        if axes is None and node.rank > 1:
            reader.note(f"{tree.operator} goes along the last axis: {tree.operator}(…, axis=-1)")
        if not node.rank:
            raise ShapeError(f"{tree.operator} takes a vector or more; this is a number")
        return function(node, (-1,) if axes is None else axes)

    return made


def _cumsum(reader: Reader, tree: Apply) -> Node:
    node, options = one_and_options(reader, tree)
    axes = axes_of(options)
    if axes is None:
        return build.cumsum(build.reshaped(node, [-1]) if node.rank != 1 else node, 0)
    if len(axes) != 1:
        raise ShapeError("cumsum goes along one axis")
    return build.cumsum(node, axes[0])


def _einsum(reader: Reader, tree: Apply) -> Node:
    return build.einsum(tree.operator.removeprefix("einsum:"), *map(reader.node, tree.arguments))


OPERATIONS: Mapping[str, Made] = {
    "add": _added,
    "multiply": _multiplied,
    "negate": lambda reader, tree: build.negate(reader.node(tree.arguments[0])),
    "divide": _divided,
    "power": _raised,
    "power_or_inverse": _raised_or_inverted,
    "power_or_transpose": _raised_or_transposed,
    "where": _selected,
    **dict.fromkeys(CONDITIONS, _compared),
    "matmul": _matrix_product,
    "dot": _of_matrices(build.dot),
    "outer": _of_matrices(build.outer),
    "kron": _of_matrices(build.kron),
    "trace": _of_matrices(build.trace),
    "det": _of_matrices(build.determinant),
    "logdet": _of_matrices(build.logdet),
    "inv": _of_matrices(build.inverse),
    "solve": _of_matrices(build.solve),
    "diag": _of_matrices(build.diag),
    "matrix_power": _matrix_power,
    "mT": _swapped,
    "transpose": _transposed,
    "sum": _reduction(build.summed),
    "mean": _reduction(build.mean),
    "prod": _reduction(build.prod),
    "logsumexp": _reduction(lambda node, axis, keep: build.logsumexp(node, axis, keep) if node.rank else node),
    "max": _extreme(build.largest),
    "min": _extreme(build.smallest),
    "var": _deviation(build.variance),
    "std": _deviation(build.std),
    "norm": _reduction(build.norm),
    "softmax": _softmax(build.softmax),
    "log_softmax": _softmax(build.log_softmax),
    "cumsum": _cumsum,
    "einsum": _einsum,
    **SHAPING,
}
