"""Linear algebra."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from netcalc.errors import NetcalcError, ShapeError
from netcalc.graph import build as b
from netcalc.graph.node import Node
from netcalc.graph.product import LETTERS
from netcalc.graph.shaping import Keyed
from netcalc.graph.sizes import described, settled, written
from netcalc.program.library.reductions import norm_of_vectors
from netcalc.program.library.table import Call, Row, concrete
from netcalc.program.signature import axis as to_axis
from netcalc.program.signature import several
from netcalc.program.values import Tensor, node_of

MAX_CHOLESKY = 12  # rows
MAX_MATRIX_POWER = 64
_TWO = "x|input|a|x1:t y|other|mat2|b|x2|vec|vec2:t"


def _inner(x: Tensor, y: Tensor) -> Node:
    if not x.rank or not y.rank:
        return b.multiply(x.node, y.node)
    return b.matmul(x.node, y.node if y.rank == 1 else b.swapped(y.node))


def _dot(x: Tensor, y: Tensor) -> Node:
    if y.rank > 2 and x.rank:
        return _tensordot(x, y, ([x.rank - 1], [y.rank - 2]))
    return b.dot(x.node, y.node)


def _flat(node: Node) -> Node:
    return node if node.rank == 1 else b.reshaped(node, [-1])


def _tensordot(x: Tensor, y: Tensor, axes: Any) -> Node:
    if isinstance(axes, int):
        axes = (list(range(x.rank - axes, x.rank)), list(range(axes)))
    left, right = (to_axis(one) for one in axes)
    left = [one % x.rank for one in ([left] if isinstance(left, int) else left)]
    right = [one % y.rank for one in ([right] if isinstance(right, int) else right)]
    own = list(LETTERS[: x.rank])
    its = list(LETTERS[x.rank : x.rank + y.rank])
    for i, j in zip(left, right, strict=True):
        its[j] = own[i]
    out = [one for n, one in enumerate(own) if n not in left] + [one for n, one in enumerate(its) if n not in right]
    return b.einsum(f"{''.join(own)},{''.join(its)}->{''.join(out)}", x.node, y.node)


def _einsum(arguments: list[Any]) -> Node:
    if not arguments or not isinstance(arguments[0], str):
        raise NetcalcError("einsum takes its subscripts as a text, as in einsum('ij,jk->ik', A, B)")
    return b.einsum(arguments[0], *map(node_of, several(arguments[1:])))


def _slogdet(x: Tensor) -> tuple[Node, Node]:
    det = b.determinant(x.node)
    return b.elementwise("sign", det), b.elementwise("log", b.elementwise("abs", det))


def _pinv(call: Call, x: Tensor, _: Any) -> Node:
    """Of a matrix whose rows or columns, the fewer, are independent; of others the inverse has no value."""
    rows, columns = x.shape[-2:] if x.rank > 1 else (0, 0)
    if not (isinstance(rows, int) and isinstance(columns, int) and rows and columns):
        raise ShapeError(f"pinv takes a matrix of so many rows and columns; this is {described(x.shape)}")
    if rows == columns:
        return b.inverse(x.node)
    call.note("pinv is that of a matrix of full rank")
    turned = b.swapped(x.node)
    if rows > columns:
        return b.matmul(b.inverse(b.matmul(turned, x.node)), turned)
    return b.matmul(turned, b.inverse(b.matmul(x.node, turned)))


def _add(base: Tensor, product: Node, beta: Any, alpha: Any) -> Node:
    return b.add(b.multiply(node_of(beta), base.node), b.multiply(node_of(alpha), product))


def _trace(x: Tensor, offset: int) -> Node:
    return b.trace(x.node) if not offset else b.summed(_diagonal(x, offset, 0, 1))


def _diagonal(x: Tensor, offset: int, first: int, second: int) -> Node:
    node, right, down = x.node, max(offset, 0), max(-offset, 0)
    if x.rank < 2 and offset:
        size = concrete(settled(x.node.shape[0]), "a diagonal beside the main one")
        spans = (b.Span(down, down + size, None), b.Span(right, right + size, None))
        return b.scatter(b.diag(node), Keyed(spans, (size + abs(offset),) * 2))
    first, second = (one % x.rank for one in (first, second)) if x.rank > 1 else (0, 0)
    if offset:
        rows, columns = (concrete(settled(node.shape[one]), "this diagonal") for one in (first, second))
        many = max(min(rows - down, columns - right), 0)
        cuts = {first: b.Span(down, down + many, None), second: b.Span(right, right + many, None)}
        node = b.index(node, [cuts.get(n, b.Span(None, None, None)) for n in range(x.rank)])
    if x.rank < 3:
        return b.diag(node)
    letters = LETTERS[: x.rank]
    own = letters[:second] + letters[first] + letters[second + 1 :]
    out = "".join(one for n, one in enumerate(letters) if n not in (first, second)) + letters[first]
    return b.einsum(f"{own}->{out}", node)


def _cosine(call: Call, x: Tensor, y: Tensor, axis: int | None, eps: Any) -> Node:
    """Along axis 1 in PyTorch, along the last one in optax."""
    axis = (-1 if call.library == "jax" else 1) if axis is None else axis
    dot = b.summed(b.multiply(x.node, y.node), axis)
    small = node_of(eps)
    norms = [b.elementwise("max", b.norm(one.node, axis), small) for one in (x, y)]
    return b.divide(dot, b.multiply(*norms))


def _pairwise(x: Tensor, y: Tensor, p: Any) -> Node:
    """The distances between the rows of two matrices."""
    if x.rank < 2 or y.rank < 2:
        raise ShapeError(f"cdist takes the rows of two matrices, not {written(x.shape)} and {written(y.shape)}")
    wide = b.subtract(b.index(x.node, [*[b.EVERYTHING] * (x.rank - 1), None]), _in_front(y.node))
    return norm_of_vectors(Tensor(wide), p, -1, False)


def _in_front(node: Node) -> Node:
    return b.index(node, [*[b.EVERYTHING] * (node.rank - 2), None])


def _cross(x: Tensor, y: Tensor) -> Node:
    """Of vectors of three, along the last axis."""
    front = [b.EVERYTHING] * (x.rank - 1)

    def turned(node: Node, order: list[int]) -> Node:
        return b.index(node, [*front, b.Fixed(np.array(order))])

    first = b.multiply(turned(x.node, [1, 2, 0]), turned(y.node, [2, 0, 1]))
    return b.subtract(first, b.multiply(turned(x.node, [2, 0, 1]), turned(y.node, [1, 2, 0])))


def _cholesky(x: Tensor, upper: bool) -> Node:
    """Row by row; of a matrix that should be symmetric the symmetric part, as PyTorch's gradient has it."""
    n = concrete(x.node.shape[-1], "cholesky")
    if x.rank != 2 or x.node.shape[0] != n:
        raise NetcalcError("cholesky takes one square matrix")
    if n > MAX_CHOLESKY:
        raise NetcalcError(f"cholesky is written out for up to {MAX_CHOLESKY} rows, and here are {n}")
    half = b.multiply(b.number(Fraction(1, 2)), b.add(x.node, b.swapped(x.node)))
    rows: list[list[Node]] = []
    for i in range(n):
        row: list[Node] = []
        rows.append(row)
        for j in range(i + 1):
            left = b.index(half, [i, j])
            for own, other in zip(row, rows[j], strict=False):
                left = b.subtract(left, b.multiply(own, other))
            row.append(b.elementwise("sqrt", left) if i == j else b.divide(left, rows[j][j]))
    lower = b.stack([b.stack([*row, *[b.number(0)] * (n - len(row))]) for row in rows])
    return b.swapped(lower) if upper else lower


def _solve_triangular(a: Tensor, c: Tensor, upper: Any, lower: Any, unit: bool) -> Node:
    """SciPy and JAX take the upper triangle unless told lower, PyTorch is told upper."""
    if unit:
        raise NetcalcError("solve_triangular with a diagonal taken as 1 is not understood; put ones there")
    is_lower = bool(lower) if upper is None else not upper
    return b.solve(b.triangle(a.node, 0, lower=is_lower), c.node)


def _solved_by_factor(call: Call, first: Any, second: Any, upper: Any) -> Node:
    """The x with A x = b by A's factor: SciPy's cho_solve((L, lower), b), PyTorch's cholesky_solve(b, L)."""
    if call.name == "cholesky_solve":
        factor, right, is_upper = node_of(second), node_of(first), upper is True
    else:
        if not isinstance(first, list | tuple) or len(first) != 2:
            raise NetcalcError("cho_solve takes the factor with its kind, as in cho_solve((L, True), b)")
        factor, right, is_upper = node_of(first[0]), node_of(second), not first[1]
    factor = b.triangle(factor, 0, lower=not is_upper)
    square = b.matmul(b.swapped(factor), factor) if is_upper else b.matmul(factor, b.swapped(factor))
    return b.solve(square, right)


def _matrix_power(x: Tensor, n: int) -> Node:
    if not 0 <= n <= MAX_MATRIX_POWER:
        raise NetcalcError(f"matrix_power(A, n) takes a whole number from 0 to {MAX_MATRIX_POWER}")
    b.trace(x.node)  # square
    return _chain([x.node] * n) if n else b.eye(x.node.shape[0])


def _on_diagonals(x: Tensor) -> Node:
    wide = b.index(x.node, [*[b.EVERYTHING] * x.rank, None])
    return b.multiply(wide, b.eye(x.node.shape[-1]))


def distance(x: Tensor, y: Tensor, p: Any, eps: Any, keep: bool = False) -> Node:
    """‖x - y + ε‖ along the last axis."""
    return norm_of_vectors(Tensor(b.add(b.subtract(x.node, y.node), node_of(eps))), p, -1, keep)


ROWS = [
    Row("cross", _TWO, _cross, "the cross product of vectors of three", "product"),
    Row("kron", _TWO, lambda x, y: b.kron(x.node, y.node), "the Kronecker product", "product"),
    Row("pairwise_distance", "x1:t x2:t p:v=2 eps:v=1e-6 keepdim:b=False", distance, "‖x - y‖ of rows"),
    Row("matmul mm bmm mv spmm", _TWO, lambda x, y: b.matmul(x.node, y.node), "the matrix product", "product"),
    Row("dot", _TWO, _dot, "the inner product, of matrices the matrix product", "product"),
    Row(
        "vdot",
        _TWO,
        lambda x, y: b.dot(_flat(x.node), _flat(y.node)),
        "the sum of the products of all entries",
        "product",
    ),
    Row("inner", _TWO, _inner, "the inner product along the last axes", "product"),
    Row("outer ger", _TWO, lambda x, y: b.outer(_flat(x.node), _flat(y.node)), "x yᵀ", "product"),
    Row("tensordot", f"{_TWO} axes|dims:v=2", _tensordot, "the product summed over axes", "product"),
    Row("einsum", "*arguments:v", _einsum, "Einstein's sum", "product"),
    Row("trace", "x|input|a:t offset:i=0", _trace, "the sum of the diagonal", "counted"),
    Row("det", "x|input|a|A:t", lambda x: b.determinant(x.node), "the determinant"),
    Row("logdet", "x|input|a|A:t", lambda x: b.logdet(x.node), "the logarithm of the determinant"),
    Row("slogdet", "x|input|a|A:t", _slogdet, "the determinant's sign, and its logarithm"),
    Row("pinv", "x|input|a|A:t rcond|rtol:v=None", _pinv, "the pseudo-inverse of a matrix of full rank", asks=True),
    Row("inv inverse", "x|input|a|A:t", lambda x: b.inverse(x.node), "the inverse"),
    Row("cholesky", "x|input|a|A:t upper:b=False", _cholesky, "the lower L with L Lᵀ = A, A positive definite"),
    Row("solve", "a|A:t b|B:t", lambda a, c: b.solve(a.node, c.node), "the x with A x = b"),
    Row(
        "solve_triangular",
        "a|A|input:t b|B:t upper:v=None lower:v=None unitriangular:b=False",
        _solve_triangular,
        "the x with A x = b, of A one triangle",
    ),
    Row(
        "cho_solve cholesky_solve",
        "c_and_lower|input:v b|input2|L:v upper:v=None",
        _solved_by_factor,
        "the x with A x = b, by A's factor",
        asks=True,
    ),
    Row(
        "cho_factor",
        "a|A:t lower:b=False",
        lambda x, lower: (_cholesky(x, not lower), lower),
        "a Cholesky factor, and whether it is the lower one",
    ),
    Row("matrix_power", "x|input|a|A:t n:i", _matrix_power, "A A ⋯ A", "product"),
    Row("diag_embed", "x|input:t", _on_diagonals, "matrices with vectors as their diagonals", "same"),
    Row(
        "addmm addmv baddbmm",
        "input:t mat1|mat|batch1:t mat2|vec|batch2:t beta:v=1 alpha:v=1",
        lambda base, x, y, beta, alpha: _add(base, b.matmul(x.node, y.node), beta, alpha),
        "β input + α mat1 mat2",
    ),
    Row(
        "diagonal",
        "x|input|a:t offset:i=0 axis1|dim1:i=0 axis2|dim2:i=1",
        _diagonal,
        "the diagonal",
        view=True,
        kind="same",
    ),
    Row(
        "diagflat",
        "v|x|input:t k|offset:i=0",
        lambda x, k: _diagonal(Tensor(b.reshaped(x.node, [-1]), x.kind), k, 0, 1),
        "a diagonal matrix of all entries",
        "same",
    ),
    Row(
        "diag",
        "x|input|v:t k|diagonal:i=0",
        lambda x, k: _diagonal(x, k, 0, 1),
        "a diagonal, or a diagonal matrix",
        view=True,
        kind="same",
    ),
    Row(
        "cosine_similarity",
        "x1|x|predictions:t x2|y|targets:t dim|axis:i?=None eps|epsilon:v=1e-8",
        _cosine,
        "x·y / (‖x‖‖y‖)",
        asks=True,
    ),
    Row("cdist", "x1|x:t x2|y:t p:v=2", _pairwise, "the distances between rows"),
    Row(
        "multi_dot",
        "arrays|tensors:ts",
        lambda arrays: _chain([one.node for one in arrays]),
        "the product of matrices one after the other",
        "product",
    ),
]


def _chain(nodes: list[Node]) -> Node:
    product = nodes[0]
    for node in nodes[1:]:
        product = b.matmul(product, node)
    return product
