"""Identities of matrices that may make a formula shorter: a function each, its docstring the identity."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import permutations

from netcalc.graph.factors import each_factor, with_factors
from netcalc.graph.inverses import COFACTORS, INVERSE, SOLVE, determinant, inverse, swapped
from netcalc.graph.leaves import EYE, eye
from netcalc.graph.node import Node
from netcalc.graph.product import LETTERS, PRODUCT, SUM, Product, Sum, product, total
from netcalc.graph.shaping import RESHAPE, reshape
from netcalc.graph.sizes import settled

MAX_SUMMED = 3  # letters of a product that is tried for symmetry


def transpose_of_sum(node: Node) -> Iterator[Node]:
    """Aᵀ + Bᵀ = (A + B)ᵀ."""
    if node.operation is SUM and node.rank == 2 and all(len(own) == 2 for own in node.params.letters):
        turned = [(_turned(arg), own[::-1]) for arg, own in node.factors]
        yield swapped(total(turned, node.params.out[::-1], node.shape[::-1], node.params.numbers))


def _turned(node: Node) -> Node:
    """The transpose, that of a product as a product."""
    if node.operation is not PRODUCT:
        return swapped(node)
    return product(node.factors, node.params.out[::-1], node.shape[::-1], node.params.number)


def reshaped_identity(node: Node) -> Iterator[Node]:
    """The identity matrix of m·n rows in the shape (m, n, m, n) is the product of those of m and of n rows."""
    for factor, letters, before, behind in each_factor(node):
        shape = factor.shape
        is_square = factor.rank == 4 and shape[:2] == shape[2:]
        if factor.operation is RESHAPE and factor.args[0].operation is EYE and is_square:
            i, j, k, m = list(letters)
            apart = [(eye(shape[0]), i + k), (eye(shape[1]), j + m)]
            yield with_factors(node, [*before, *apart, *behind])


def inverse_of_transpose(node: Node) -> Iterator[Node]:
    """(Aᵀ)⁻¹ = (A⁻¹)ᵀ."""
    if node.operation is INVERSE and _is_transpose(node.args[0]):
        yield swapped(inverse(node.args[0].args[0]))


def _is_transpose(node: Node) -> bool:
    if node.operation is not PRODUCT or len(node.args) != 1 or node.params.number != 1:
        return False
    params: Product = node.params
    return params.letters[0] == params.out[:-2] + params.out[:-3:-1]


def reshape_of_scaled(node: Node) -> Iterator[Node]:
    """A number times an array in another shape is that number times the array in this shape."""
    if node.operation is not RESHAPE or node.args[0].operation is not PRODUCT:
        return
    scaled, params = node.args[0], node.args[0].params
    if params.letters == (params.out,) and params.number != 1:
        out = LETTERS[: node.rank]
        yield product([(reshape(scaled.args[0], node.shape), out)], out, node.shape, params.number)


def solution_for_identity(node: Node) -> Iterator[Node]:
    """The X with A X = I is A⁻¹."""
    if node.operation is SOLVE and node.args[1].operation is EYE and node.args[0].rank == 2:
        turned = inverse(node.args[0])
        yield swapped(turned) if node.params else turned


def matrix_times_inverse(node: Node) -> Iterator[Node]:
    """A A⁻¹ = I."""
    for factor, letters, before, behind in each_factor(node):
        if factor.operation is not INVERSE or factor.rank != 2:
            continue
        others = [*before, *behind]
        for other, (matrix, own) in enumerate(others):
            if matrix is not factor.args[0]:
                continue
            rest = others[:other] + others[other + 1 :]
            for shared, kept in ((0, 1), (1, 0)):
                joint = letters[shared]
                if joint == own[kept] and joint in node.params.summed and all(joint not in its for _, its in rest):
                    identity = (eye(matrix.shape[0]), letters[kept] + own[shared])
                    yield with_factors(node, [*rest, identity])


def inverse_of_product(node: Node) -> Iterator[Node]:
    """C (A B)⁻¹ = C B⁻¹ A⁻¹, of square matrices; it is shorter where C begins with an inverse of these."""
    for factor, letters, before, behind in each_factor(node):
        if factor.operation is COFACTORS and factor.rank == 2:
            turned = (_inverse_of(factor.args[0]), letters[::-1])
            yield with_factors(node, [*before, (determinant(factor.args[0]), ""), turned, *behind])
        elif factor.operation is INVERSE and factor.rank == 2:
            yield with_factors(node, [*before, (_inverse_of(factor.args[0]), letters), *behind])


def _inverse_of(node: Node) -> Node:
    """The inverse, that of a product of two square matrices as the product of theirs."""
    if node.operation is PRODUCT and len(node.args) == 2 and len(node.params.summed) == 1 and node.params.number == 1:
        sizes = {settled(extent) for arg in node.args for extent in arg.shape}
        if len(sizes) == 1 and all(arg.rank == 2 for arg in node.args):
            turned = [(_inverse_of(arg), own[::-1]) for arg, own in node.factors]
            out: str = node.params.out
            return product(turned, out[::-1], node.shape)
    return inverse(node)


def transpose_of_symmetric(node: Node) -> Iterator[Node]:
    """Sᵀ = S where S is symmetric."""
    for factor, letters, before, behind in each_factor(node):
        if factor.rank == 2 and letters[0] != letters[1] and is_symmetric(factor):
            yield with_factors(node, [*before, (factor, letters[::-1]), *behind])


def is_symmetric(node: Node) -> bool:
    """Whether a matrix is its own transpose, by how it is made: X Xᵀ, x xᵀ, sums of such and their inverses."""
    if node.rank != 2 or settled(node.shape[0]) != settled(node.shape[1]):
        return False
    if node.operation is INVERSE:
        return is_symmetric(node.args[0])
    if node.operation is SUM:
        return _is_symmetric_sum(node)
    return node.operation is EYE or (node.operation is PRODUCT and _is_symmetric_product(node))


def _is_symmetric_sum(node: Node) -> bool:
    params: Sum = node.params
    i, j = params.out[0], params.out[1]
    turned = {i: j, j: i}
    terms = {(arg, own): by for arg, own, by in zip(node.args, params.letters, params.numbers, strict=True)}
    for (arg, own), by in terms.items():
        twin = (arg, "".join(turned[one] for one in own))
        if terms.get(twin) != by and not (len(own) == 2 and is_symmetric(arg)) and own:
            return False
    return True


def _is_symmetric_product(node: Node) -> bool:
    params: Product = node.params
    i, j = params.out[0], params.out[1]
    own = sorted(_spelled(node, {}))
    summed = params.summed
    if len(summed) > MAX_SUMMED:
        return False
    for order in permutations(summed):
        names = {i: j, j: i} | dict(zip(summed, order, strict=True))
        if sorted(_spelled(node, names)) == own:
            return True
    return False


def _spelled(node: Node, names: dict[str, str]) -> Iterator[tuple[int, str]]:
    """Each factor with its letters; a symmetric one's in one order."""
    for factor, letters in node.factors:
        own = "".join(names.get(one, one) for one in letters)
        yield id(factor), "".join(sorted(own)) if is_symmetric(factor) else own
