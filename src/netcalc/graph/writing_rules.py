"""How each operation but products and sums is written, a row an operation; what moves entries about is here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import TYPE_CHECKING

from netcalc.expression import Apply, Number, Tree
from netcalc.graph.as_typed import written
from netcalc.graph.chains import flipped, inverse_of, transposed
from netcalc.graph.elementwise import ELEMENTWISE
from netcalc.graph.functions import ACTIVATION, JACOBIAN_PRODUCT
from netcalc.graph.inverses import COFACTORS, SOLVE
from netcalc.graph.layouts import NEW_AXIS, WHOLE_AXIS, exactly, eye_of
from netcalc.graph.leaves import ARRAY, EYE, SIZE, STOPPED
from netcalc.graph.matrixform import in_matrix_form
from netcalc.graph.node import Node
from netcalc.graph.product import LETTERS
from netcalc.graph.products_along import CUMPROD_SLOPE, OTHERS, divided, row_by_row
from netcalc.graph.reductions import CUMSUM, RECIPROCAL
from netcalc.graph.selection import array_tree, index_tree, scatter_terms
from netcalc.graph.shaping import CONCATENATE, EVERYTHING, INDEX, RESHAPE, SCATTER, Keyed
from netcalc.graph.sizes import settled, tree
from netcalc.graph.terms import ONE, Term, axes_of, plain, scalar
from netcalc.graph.writing_by_entry import activation, elementwise, jacobian_product

if TYPE_CHECKING:
    from netcalc.graph.writing import Writer


def _cofactors(writer: Writer, node: Node) -> Term:
    """det(A)·A⁻ᵀ."""
    (inner,) = writer.exact(node.args)
    core = transposed(inverse_of(inner))
    return plain(core, node)._replace(above=(Apply("det", (inner,)),)) if node.rank == 2 else plain(core, node)


def _others(writer: Writer, node: Node) -> Term:
    """The products of rows with 1 in place of an entry each, which is true of entries that are 0 too."""
    return writer.direct(row_by_row(node))


def _moved(writer: Writer, node: Node, build: Callable[[Tree], Tree]) -> Term:
    """What moves entries about, with the number and the scalars in front of it."""
    (arg, *_) = node.args
    term, sizes = writer.terms[arg], dict(zip(LETTERS, arg.shape, strict=False))
    core = exactly(Term(term.core, term.axes), axes_of(arg.shape), sizes)
    moved = plain(build(core), node)
    return moved._replace(
        number=term.number * moved.number, above=term.above + moved.above, below=term.below + moved.below
    )


def _index(writer: Writer, node: Node) -> Term:
    keyed: Keyed = node.params
    if all(part is None or part == EVERYTHING for part in keyed.key):  # axes of one entry alone
        new = [keyed.extra + n for n, part in enumerate(keyed.key) if part is None]
        kept = "".join(one for n, one in enumerate(LETTERS[: node.rank]) if n not in new)
        return writer.term(node.args[0], kept)
    indices = writer.exact(node.args[1:])
    return _moved(writer, node, lambda array: index_tree(node, (array, *indices)))


def _scatter(writer: Writer, node: Node) -> Term:
    """Zeros with entries added in: a product with rows of the identity matrix."""
    if node in writer.typed and (typed := written(node, writer.exact)) is not None:
        return plain(typed, node)
    inner = writer.terms[node.args[0]]
    terms, names = scatter_terms(node, [writer.terms[one] for one in node.args[1:]])
    out = axes_of(node.shape)
    own = {names[one]: extent for one, extent in zip(LETTERS, node.args[0].shape, strict=False)}
    sizes = own | dict(zip(LETTERS, node.shape, strict=False))
    summed = "".join(dict.fromkeys(one for one in names.values() if one not in out and one != ONE))
    return in_matrix_form([inner.renamed(names), *terms], out.replace(ONE, ""), sizes, writer.counts, summed=summed)


def _solve(writer: Writer, node: Node) -> Term:
    """solve(A, b); of rows that are vectors each solve(A, B.T).T, of more than that A⁻¹."""
    a, b = writer.exact(node.args)
    matrix, right = node.args
    if not node.params or right.rank == 1:
        return plain(Apply("solve", (a, b)), node)
    if matrix.rank == right.rank == 2:
        return Term(Apply("solve", (a, flipped(b))), axes_of(node.shape)[::-1])
    rows, own = LETTERS[: node.rank - 1], LETTERS[node.rank : node.rank + 2]
    terms = [Term(Apply("inv", (a,)), rows[: matrix.rank - 2] + own), Term(b, rows + own[1])]
    sizes = dict(zip(rows + own[1] + own[0], (*right.shape, right.shape[-1]), strict=True))
    found = in_matrix_form(terms, rows + own[0], sizes, writer.counts)
    return found.renamed({own[0]: LETTERS[node.rank - 1]})


def _concat(writer: Writer, node: Node) -> Term:
    """concat([a, b], axis=…), or stack where each has a new axis there."""
    axis: int = node.params
    terms = [writer.terms[arg] for arg in node.args]
    if node.rank == 1 and all(settled(arg.shape[0]) == 1 for arg in node.args) and not any(one.axes for one in terms):
        return plain(Apply("stack", tuple(one.tree() for one in terms)), node)
    arrays = writer.exact(node.args)
    bare = [_unstacked(array, axis) for array in arrays]
    along = Apply("axis", (Number(Fraction(axis)),))
    if all(one is not None for one in bare):
        return plain(Apply("stack", (*bare, along) if axis else tuple(bare)), node)  # type: ignore[arg-type]
    return plain(Apply("concat", (*arrays, along) if axis else arrays), node)


def _reshape(writer: Writer, node: Node) -> Term:
    shape = Apply("shape", tuple(map(tree, node.shape)))
    return _moved(writer, node, lambda array: Apply("reshape", (array, shape)))


def _stopped(writer: Writer, node: Node) -> Term:
    """detach(x), which has no gradient; within another one it changes nothing."""
    (inner,) = node.args
    term = writer.terms[inner]
    if node in writer.within_stops or not node.params:
        return term
    stopped = Apply("detach", (term.tree(),))
    return Term(stopped, term.axes) if term.axes else scalar(stopped)


def _cumsum(writer: Writer, node: Node) -> Term:
    return _moved(writer, node, lambda array: node.formula((array,)))


def _unstacked(array: Tree, axis: int) -> Tree | None:
    match array:
        case Apply("index", (inner, *parts)) if parts == [WHOLE_AXIS] * axis + [NEW_AXIS]:
            return inner
        case _:
            return None


Rule = Callable[["Writer", Node], Term]
RULES: Mapping[str, Rule] = {
    ELEMENTWISE.name: elementwise,
    RECIPROCAL.name: elementwise,
    ACTIVATION.name: activation,
    JACOBIAN_PRODUCT.name: jacobian_product,
    COFACTORS.name: _cofactors,
    OTHERS.name: _others,
    CUMPROD_SLOPE.name: lambda writer, node: writer.direct(divided(node)),
    INDEX.name: _index,
    SCATTER.name: _scatter,
    SOLVE.name: _solve,
    CONCATENATE.name: _concat,
    RESHAPE.name: _reshape,
    CUMSUM.name: _cumsum,
    STOPPED.name: _stopped,
    SIZE.name: lambda writer, node: scalar(writer.size(node.params)),
    EYE.name: lambda _, node: Term(eye_of(node.shape[0]), axes_of(node.shape)),
    ARRAY.name: lambda _, node: plain(array_tree(node), node),
}
