"""Nodes as people write them: NumPy's operators and functions on nodes, each with its shape rule.

All raise ShapeError that names the shapes that do not fit. `axis` is None, a number, or several, as in NumPy.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from netcalc.errors import NetcalcError, ShapeError
from netcalc.expression import Number, Tree, is_constant
from netcalc.graph.broadcasting import aligned, without_ones
from netcalc.graph.elementwise import compared, constant, elementwise
from netcalc.graph.inverses import determinant, inverse, logdet, matmul, solve, swapped
from netcalc.graph.leaves import array, detached, eye, given, is_one_over, named, size, triangular_ones
from netcalc.graph.node import Node
from netcalc.graph.product import LETTERS, as_number, number, of_size, product, total
from netcalc.graph.products_along import prod
from netcalc.graph.reductions import (
    MAX,
    MIN,
    NORM,
    axes_in_words,
    cumsum,
    extreme,
    log_softmax,
    logsumexp,
    mean,
    minus,
    norm,
    softmax,
    summed,
    variance,
)
from netcalc.graph.shaping import EVERYTHING, Fixed, Key, Part, Place, Span, concatenate, index, reshape, scatter
from netcalc.graph.sizes import Shape, Size, broadcast_shapes, over, same, settled, times, written
from netcalc.graph.sizes import total as entries

Axis = int | Sequence[int] | None


def add(*nodes: Node) -> Node:
    """a + b + …"""
    factors, out, shape = aligned(nodes)
    return total(without_ones(factors, out), out, shape)


def subtract(a: Node, b: Node) -> Node:
    """a - b."""
    return minus(a, b)


def multiply(*nodes: Node) -> Node:
    """a ∘ b ∘ …"""
    factors, out, shape = aligned(nodes)
    return product(factors, out, shape)


def negate(node: Node) -> Node:
    """-a."""
    return multiply(number(-1), node)


def divide(a: Node, b: Node) -> Node:
    """a / b: by a number as a factor; a formula over a formula as one; else a times 1/b."""
    by = as_number(b)
    if by:
        return multiply(number(1 / by), a)
    if _is_function(a) and _is_function(b):
        return elementwise("divide", a, b)
    return multiply(a, elementwise("divide", number(1), b))


def _is_function(node: Node) -> bool:
    from netcalc.graph.elementwise import ELEMENTWISE
    from netcalc.graph.product import PRODUCT, SUM

    if node.operation is ELEMENTWISE:
        return not is_one_over(node)
    if node.operation in (PRODUCT, SUM) and not getattr(node.params, "summed", ""):
        return any(map(_is_function, node.args))
    return False


def power(base: Node, exponent: Node) -> Node:
    """base ^ exponent, element by element; a square is a product."""
    by = as_number(exponent)
    if by == 2 and not exponent.rank:
        if base.operation is NORM:  # exactly, without a root
            return summed(multiply(base.args[0], base.args[0]), base.params.axes, base.params.keep)
        return multiply(base, base)
    if by == 1 and not exponent.rank:
        return base
    known = as_number(base)
    if known is not None and by is not None and by.denominator == 1 and abs(by) < 64 and (known or by >= 0):
        return number(known**by.numerator, broadcast_shapes(base.shape, exponent.shape))
    return elementwise("power", base, exponent)


def where(condition: Node, then: Node, other: Node) -> Node:
    """`then` where the condition is not 0, `other` where it is."""
    return elementwise("where", condition, then, other)


def transpose(node: Node, axes: Sequence[int] | None = None) -> Node:
    """The axes in another order; reversed if none is given."""
    order = list(range(node.rank))[::-1] if axes is None else [axis % max(node.rank, 1) for axis in axes]
    if sorted(order) != list(range(node.rank)):
        raise ShapeError(f"{tuple(axes or ())} is no order of the axes of {written(node.shape)}")
    letters = LETTERS[: node.rank]
    return product([(node, letters)], "".join(letters[n] for n in order), tuple(node.shape[n] for n in order))


def broadcast(node: Node, shape: Shape) -> Node:
    """The node in a shape that it stretches to."""
    together = broadcast_shapes(node.shape, shape)
    if len(together) != len(shape) or not all(map(same, together, shape)):
        raise ShapeError(f"{written(node.shape)} does not stretch to {written(shape)}")
    return multiply(node, number(1, shape))


def dot(a: Node, b: Node) -> Node:
    """NumPy's dot: of vectors their inner product, of matrices the matrix product; of a number, the multiple."""
    if not a.rank or not b.rank:
        return multiply(a, b)
    if b.rank > 2:
        raise NetcalcError("dot of more than two axes: write einsum")
    return matmul(a, b)


def outer(a: Node, b: Node) -> Node:
    """a bᵀ of vectors."""
    if a.rank != 1 or b.rank != 1:
        raise ShapeError(f"outer takes two vectors; these are {written(a.shape)} and {written(b.shape)}")
    return product([(a, "i"), (b, "j")], "ij", a.shape + b.shape)


def kron(a: Node, b: Node) -> Node:
    """Kronecker's product of two vectors or two matrices. Raises ShapeError."""
    if a.rank != b.rank or a.rank not in (1, 2):
        raise ShapeError(f"kron takes two vectors or two matrices; these are {written(a.shape)} and {written(b.shape)}")
    if a.rank == 1:
        return reshaped(einsum("i,j->ij", a, b), [times(a.shape[0], b.shape[0])])
    sizes = [times(m, n) for m, n in zip(a.shape, b.shape, strict=True)]
    return reshaped(einsum("ij,kl->ikjl", a, b), sizes)


def trace(node: Node) -> Node:
    """The sum of the diagonal of a square matrix."""
    if node.rank != 2 or not same(*node.shape):
        raise ShapeError(f"trace needs a square matrix; this is {written(node.shape)}")
    return product([(node, "ii")], "", ())


def diag(node: Node) -> Node:
    """The diagonal of a matrix, or the diagonal matrix of a vector."""
    if node.rank == 1:
        return product([(node, "i")], "ii", node.shape * 2)
    if node.rank != 2 or not same(*node.shape):
        raise ShapeError(f"diag takes a vector or a square matrix; this is {written(node.shape)}")
    return product([(node, "ii")], "i", node.shape[:1])


def einsum(subscripts: str, *nodes: Node) -> Node:
    """Einstein's sum, as in einsum("ij,jk->ik", A, B); `...` stands for axes in front."""
    before, arrow, out = subscripts.replace(" ", "").partition("->")
    inputs = before.split(",")
    if len(inputs) != len(nodes):
        raise ShapeError(f"einsum: '{subscripts}' is for {len(inputs)} arrays; there are {len(nodes)}")
    spare = "".join(one for one in LETTERS if one not in subscripts)
    extra = 0
    for letters, node in zip(inputs, nodes, strict=True):
        own = letters.replace("...", "")
        if not all(one.isalpha() and one.isascii() for one in own):
            raise NetcalcError(f"einsum: '{letters}' is not made of letters")
        if node.rank != len(own) and not ("..." in letters and node.rank > len(own)):
            raise ShapeError(f"einsum: '{letters}' has {len(own)} letters for {written(node.shape)}")
        extra = max(extra, node.rank - len(own))
    full = []
    for letters, node in zip(inputs, nodes, strict=True):
        many = node.rank - len(letters.replace("...", ""))
        full.append(letters.replace("...", spare[extra - many : extra]))
    if not arrow:
        once = "".join(full)
        out = spare[:extra] + "".join(sorted(one for one in set(once) if once.count(one) == 1 and one not in spare))
    out = out.replace("...", spare[:extra])
    if len(set(out)) < len(out):
        raise NetcalcError(f"einsum: '{out}' has a letter twice")
    sizes: dict[str, Size] = {}
    first: dict[str, Node] = {}
    for letters, node in zip(full, nodes, strict=True):
        for letter, extent in zip(letters, node.shape, strict=True):
            if not same(sizes.setdefault(letter, extent), extent):
                known, other = settled(sizes[letter]), first[letter]
                raise ShapeError(
                    f"einsum: {letter} is {known} in {written(other.shape)}, {settled(extent)} in {written(node.shape)}"
                )
            first.setdefault(letter, node)
    unknown = [one for one in out if one not in sizes]
    if unknown:
        raise NetcalcError(f"einsum: no array has the letter {unknown[0]} of the result")
    return product(zip(nodes, full, strict=True), out, tuple(sizes[one] for one in out))


def std(node: Node, axis: Axis = None, keep: bool = False, correction: Fraction = Fraction(0)) -> Node:
    """The square root of the variance."""
    return elementwise("sqrt", variance(node, axis, keep, correction))


def largest(node: Node, axis: Axis = None, keep: bool = False) -> Node:
    """The largest entry along axes."""
    return extreme(MAX, node, axis, keep)


def smallest(node: Node, axis: Axis = None, keep: bool = False) -> Node:
    """The smallest entry along axes."""
    return extreme(MIN, node, axis, keep)


def triangle(node: Node, offset: int, *, lower: bool) -> Node:
    """The part of a matrix on and below (or above) a diagonal; 0 elsewhere."""
    if node.rank < 2:
        raise ShapeError(f"tril and triu take matrices; this is {written(node.shape)}")
    return multiply(node, triangular_ones(node.shape[-2], node.shape[-1], offset, lower=lower))


def stack(nodes: Sequence[Node], axis: int = 0) -> Node:
    """The nodes beside each other along a new axis."""
    rank = nodes[0].rank + 1
    if not -rank <= axis < rank:
        raise ShapeError(f"axis {axis} is not there: the stack has axes 0 to {rank - 1}")
    for node in nodes[1:]:
        if node.rank != nodes[0].rank or not all(map(same, node.shape, nodes[0].shape)):
            raise ShapeError(f"{written(nodes[0].shape)} and {written(node.shape)} do not stand side by side")
    axis %= rank
    return concatenate([index(node, [*[EVERYTHING] * axis, None]) for node in nodes], axis)


def joined(nodes: Sequence[Node], axis: int = 0) -> Node:
    """The nodes one after the other along an axis."""
    rank = nodes[0].rank
    if not rank or not -rank <= axis < rank:
        raise ShapeError(f"axis {axis} is not there: {axes_in_words(nodes[0].shape)}")
    return concatenate(nodes, axis % rank)


def reshaped(node: Node, sizes: Sequence[Size]) -> Node:
    """The entries in another shape; one size of -1 is found."""
    known = [one for one in sizes if one != -1]
    if len(known) == len(sizes):
        return reshape(node, tuple(sizes))
    if len(known) < len(sizes) - 1:
        raise ShapeError("only one size of a new shape can be -1")
    rest = over(entries(node.shape), entries(known))
    if rest is None:
        raise ShapeError(f"{written(node.shape)} does not reshape to {written(tuple(known))} times something")
    return reshape(node, tuple(rest if one == -1 else one for one in sizes))


def number_of(tree: Tree) -> Node:
    """A constant formula as a scalar."""
    if isinstance(tree, Number):
        return number(tree.value)
    assert is_constant(tree)  # noqa: S101 - who calls it has seen to that
    return constant(tree)


# What is passed on from the operations themselves.
__all__ = [
    "EVERYTHING",
    "Fixed",
    "Key",
    "Part",
    "Place",
    "Span",
    "array",
    "compared",
    "constant",
    "cumsum",
    "detached",
    "determinant",
    "elementwise",
    "eye",
    "given",
    "index",
    "inverse",
    "log_softmax",
    "logdet",
    "logsumexp",
    "matmul",
    "mean",
    "named",
    "norm",
    "number",
    "of_size",
    "prod",
    "scatter",
    "size",
    "softmax",
    "solve",
    "summed",
    "swapped",
    "variance",
]
