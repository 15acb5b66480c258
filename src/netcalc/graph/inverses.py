"""Inverse, determinant and linear systems, over the last two axes."""

from __future__ import annotations

from netcalc.errors import ShapeError
from netcalc.graph.node import Node, Operation, make
from netcalc.graph.product import LETTERS, product
from netcalc.graph.reductions import scaled
from netcalc.graph.shaping import EVERYTHING, index
from netcalc.graph.sizes import Shape, broadcast_shapes, same, written


def matmul(a: Node, b: Node) -> Node:
    """NumPy's `@`: vectors and matrices, axes in front broadcast. Raises ShapeError that names both shapes."""
    if not a.rank or not b.rank:
        raise ShapeError(f"{written(a.shape)} @ {written(b.shape)}: a number has no axis to sum over; write * for it")
    left, right = ("k" if a.rank == 1 else "ik"), ("k" if b.rank == 1 else "kj")
    if not same(a.shape[-1], b.shape[0 if b.rank == 1 else -2]):
        is_row = (b.rank == 1 and a.shape[-1] == 1) or (a.rank == 1 and b.rank > 1 and b.shape[-2] == 1)
        hint = "; [[1, 2]] is a matrix of one row, and 1, 2 a vector" if is_row else ""
        raise ShapeError(f"{written(a.shape)} and {written(b.shape)} do not fit together in a matrix product{hint}")

    batch = broadcast_shapes(a.shape[:-2], b.shape[:-2])
    front = [one for one in LETTERS if one not in "ijk"][: len(batch)]
    spare = iter([one for one in LETTERS if one not in "ijk"][len(batch) :])

    def letters(node: Node, own: str) -> str:
        mine = node.shape[: -len(own)] if node.rank > len(own) else ()
        start = len(batch) - len(mine)
        return (
            "".join(front[start + n] if size == batch[start + n] else next(spare) for n, size in enumerate(mine)) + own
        )

    out = "".join(front) + left.replace("k", "") + right.replace("k", "")
    shape: Shape = (*batch, *a.shape[-2:-1], *(b.shape[-1:] if b.rank > 1 else ()))
    return product([(a, letters(a, left)), (b, letters(b, right))], out, shape)


def swapped(node: Node) -> Node:
    """The last two axes exchanged."""
    letters = LETTERS[: node.rank]
    out = letters[:-2] + letters[-1] + letters[-2]
    return product([(node, letters)], out, (*node.shape[:-2], node.shape[-1], node.shape[-2]))


def _square(name: str, node: Node) -> None:
    if node.rank < 2 or not same(node.shape[-1], node.shape[-2]):
        raise ShapeError(f"{name} needs a square matrix; this is {written(node.shape)}")


def _wide(node: Node, rank: int) -> Node:
    """A gradient of numbers with two axes of 1 behind, so that it scales matrices."""
    return index(node, [*[EVERYTHING] * rank, None, None])


# --- inverse


def _vjp_of_inverse(node: Node, _: int, delta: Node) -> Node:
    """-A⁻ᵀ G A⁻ᵀ."""
    turned = swapped(node)
    minus_one = product([(delta, LETTERS[: delta.rank])], LETTERS[: delta.rank], delta.shape, -1)
    return matmul(matmul(turned, minus_one), turned)


INVERSE = Operation("inv", lambda _, arithmetic, array: arithmetic.inverse(array), _vjp_of_inverse)


def inverse(node: Node) -> Node:
    """A⁻¹. Raises ShapeError unless it is square."""
    _square("inv", node)
    return node.args[0] if node.operation is INVERSE else make(INVERSE, [node], node.shape)


# --- determinants


def cofactors(node: Node) -> Node:
    return make(COFACTORS, [node], node.shape)


def _vjp_of_cofactors(node: Node, _: int, delta: Node) -> Node:
    """C = det(A) A⁻ᵀ, so its slope is that of the determinant times the inverse."""
    (arg,) = node.args
    as_product = scaled(_wide(determinant(arg), arg.rank - 2), swapped(inverse(arg)))
    return _through(as_product, arg, delta)


def _through(node: Node, arg: Node, delta: Node) -> Node:
    from netcalc.graph.backward import gradients

    found = gradients(node, [arg], delta)[0]
    assert found is not None  # noqa: S101 - it depends on it
    return found


def _vjp_of_determinant(node: Node, _: int, delta: Node) -> Node:
    """g det(A) A⁻ᵀ, which is g times the cofactors and exists where A is singular too."""
    return scaled(_wide(delta, delta.rank), cofactors(node.args[0]))


def _vjp_of_logdet(node: Node, _: int, delta: Node) -> Node:
    """g A⁻ᵀ."""
    return scaled(_wide(delta, delta.rank), swapped(inverse(node.args[0])))


COFACTORS = Operation("cofactors", lambda _, arithmetic, array: arithmetic.cofactors(array), _vjp_of_cofactors)
DETERMINANT = Operation("det", lambda _, arithmetic, array: arithmetic.determinant(array), _vjp_of_determinant)
LOGDET = Operation("logdet", lambda _, arithmetic, array: arithmetic.logdet(array), _vjp_of_logdet)


def determinant(node: Node) -> Node:
    """det(A). Raises ShapeError unless it is square."""
    _square("det", node)
    return make(DETERMINANT, [node], node.shape[:-2])


def logdet(node: Node) -> Node:
    """log det(A), where the determinant is positive. Raises ShapeError unless it is square."""
    _square("logdet", node)
    return make(LOGDET, [node], node.shape[:-2])


# --- linear systems


def _vjp_of_solve(node: Node, place: int, delta: Node) -> Node:
    """With x = A⁻¹ b: ∂b = A⁻ᵀ g, ∂A = -∂b xᵀ."""
    a = node.args[0]
    is_vector = node.params
    by_b = make(SOLVE, [swapped(a), delta], delta.shape, is_vector)
    if place == 1:
        return by_b
    extra = delta.rank - node.rank
    letters = LETTERS[: delta.rank]
    row = letters[-1] if is_vector else letters[-2]
    column = LETTERS[delta.rank]
    own = letters[extra:]
    its = (own[:-1] if is_vector else own[:-2]) + column + ("" if is_vector else own[-1])
    front = letters[: -1 if is_vector else -2]
    batch = front[:extra] + front[len(front) - (a.rank - 2) :]  # what lies in front of b alone is summed over
    return product([(by_b, letters), (node, its)], batch + row + column, delta.shape[:extra] + a.shape, -1)


SOLVE = Operation("solve", lambda node, arithmetic, a, b: arithmetic.solve(a, b, vector=node.params), _vjp_of_solve)


def solve(a: Node, b: Node) -> Node:
    """The x with A x = b, for a vector b or the columns of a matrix. Raises ShapeError if they do not fit."""
    _square("solve", a)
    if not b.rank:
        raise ShapeError(f"solve: {written(a.shape)} and {written(b.shape)} do not fit together")
    is_vector = b.rank == 1 or b.rank < a.rank
    if not same(a.shape[-1], b.shape[-1 if is_vector else -2]):
        raise ShapeError(f"solve: {written(a.shape)} and {written(b.shape)} do not fit together")
    if b.rank < a.rank - is_vector:  # one right side for all of a stack of matrices
        shape = (*a.shape[:-2], *b.shape[-1 if is_vector else -2 :])
        letters = LETTERS[: len(shape)]
        b = product([(b, letters[-b.rank :])], letters, shape)
    if a.rank == 2 < b.rank:  # one matrix for all of a stack of right sides
        letters = LETTERS[: b.rank]
        a = product([(a, letters[-2:])], letters, (*b.shape[:-2], *a.shape))
    return make(SOLVE, [a, b], b.shape, is_vector)
