"""Products and sums as formulas, in matrix form where they have one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netcalc.graph.as_typed import convolution, written
from netcalc.graph.factors import sizes_by_letter, sums_over_ones
from netcalc.graph.layouts import sum_of, with_kept_axes
from netcalc.graph.matrixform import as_mean, in_matrix_form
from netcalc.graph.node import Node
from netcalc.graph.product import LETTERS, PRODUCT, Factor, Product, Sum, renamed
from netcalc.graph.sizes import settled
from netcalc.graph.terms import ONE, Term, axes_of, plain, without_ones

if TYPE_CHECKING:
    from netcalc.graph.writing import Writer


def product(writer: Writer, node: Node, *, diagonal: bool) -> Term:
    """A product in matrix form, or as the convolution that it was typed as."""
    params: Product = node.params
    if node in writer.typed and (typed := convolution(node, writer.has_name, writer.exact)) is not None:
        return Term(typed, axes_of(node.shape), params.number)
    sizes = sizes_by_letter(node)
    factors = [pair for arg, own in node.factors for pair in _opened(writer, arg, own)]
    terms = [writer.term(arg, own) for arg, own in factors]
    out = without_ones(params.out, sizes)
    summed = without_ones(params.summed, sizes)
    number = Term(None, number=params.number)
    keeps = bool(summed) and any(one not in "".join(params.letters) for one in params.out if one not in out)
    axes = axes_of(node.shape)
    term = in_matrix_form(
        [number, *terms],
        out,
        sizes,
        None if _stays_a_sum(writer, node) else writer.counts,
        summed=summed,
        diagonal=diagonal,
        keeps=keeps,
        columns=ONE in axes or len(out) != 1,
        averaged=any(one.operation is PRODUCT and one.params.averaged for one in (node, *node.args)),
    )
    return _as_kept(term, axes)


def _stays_a_sum(writer: Writer, node: Node) -> bool:
    """Whether a sum was typed as one: 0.01·sum(W²) is no mean, whatever its number happens to be."""
    is_typed = node in writer.typed or writer.is_forward
    if not is_typed or node.params.averaged:
        return False
    sizes = sizes_by_letter(node)
    return bool(node.params.summed) and all(isinstance(settled(sizes[one]), int) for one in node.params.summed)


def _opened(writer: Writer, node: Node, letters: str) -> list[Factor]:
    """A factor; that of a product that sums over axes of one entry alone as its factors."""
    is_plain = node.operation is not PRODUCT or writer.has_name(node) or node.params.number != 1
    if is_plain or not sums_over_ones(node):
        return [(node, letters)]
    return renamed(node, letters, dict.fromkeys(node.params.summed, ONE))


def sum_of_terms(writer: Writer, node: Node, *, diagonal: bool) -> Term:
    """A sum, term by term, with means where they are."""
    params: Sum = node.params
    if node in writer.typed and (typed := written(node, writer.exact)) is not None:
        return plain(typed, node)
    terms = []
    for arg, own, by in zip(node.args, params.letters, params.numbers, strict=True):
        term = writer.direct(arg, diagonal=True) if diagonal and writer.by_name(arg) is None else writer.terms[arg]
        term = term.renamed(dict(zip(LETTERS, own, strict=False)))
        terms.append(as_mean(term._replace(number=term.number * by), writer.counts))
    sizes = sizes_by_letter(node)
    return sum_of(terms, without_ones(params.out, sizes))


def _as_kept(term: Term, axes: str) -> Term:
    """A sum whose axes stay, if those of the node do."""
    if term.core is None or ONE not in axes:
        return term
    kept, kept_axes = with_kept_axes(term.core, term.axes)
    return term._replace(core=kept, axes=kept_axes) if kept_axes == axes else term
