"""A product whose axes bear letters as people write it: matrix products, transposes, ∘, sums, outer products.

One rule after the other is applied until one formula is left; where none applies the rest is an index form, einsum.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction

from netcalc.expression import Apply, Number, Tree, power
from netcalc.expression.numerals import of_float64
from netcalc.graph import sizes as size_of
from netcalc.graph.contractions import diagonals, matrix_products, scalar_products, sums
from netcalc.graph.entrywise import broadcasts, identities, index_form, outer_products, same_axes, scaled_rows
from netcalc.graph.layouts import KEEP
from netcalc.graph.remaining import Rest
from netcalc.graph.sizes import Size, settled
from netcalc.graph.terms import Term, is_of, scalar

FEWEST = 3  # entries of a mean, as half a sum of two is rarely one

RULES: Sequence[Callable[[Rest], bool]] = (
    diagonals,
    scalar_products,
    same_axes,
    sums,
    matrix_products,
    identities,
    scaled_rows,
    outer_products,
    broadcasts,
)


def in_matrix_form(
    terms: Sequence[Term],
    out: str,
    sizes: Mapping[str, Size],
    counts: dict[Apply, Size] | None,
    *,
    summed: str = "",
    diagonal: bool = False,
    keeps: bool = False,
    columns: bool = True,
    averaged: bool = False,
) -> Term:
    """The product of the terms, summed over the letters that `out` lacks; its axes are in any order, some may lack.

    `summed` are those letters; `counts` has how many entries each sum is of that was written so far, for means, where
    there may be any.
    `columns` has a matrix of one column as a factor of matrix products, as where the result is one too.
    `diagonal` has a vector along an axis of a matrix as a diagonal matrix, as in Jacobians, not as a broadcast. What
    `keeps` its axes is a sum, Σ g ∘ p, not a product of matrices.
    """
    rest = Rest(terms, out, sizes, {} if counts is None else counts, diagonal=diagonal, keeps=keeps, columns=columns)
    held = {one for term in rest.terms for one in term.axes}
    for letter in summed:
        if letter not in held:
            rest.take(_size(sizes[letter]))
    while not _is_done(rest):
        if not any(rule(rest) for rule in RULES):
            index_form(rest)
    last = rest.terms[0] if rest.terms else Term(None)
    return as_mean(rest.term(last.core, last.axes), counts or {}, 2 if averaged else FEWEST)


def _size(size: Size) -> Term:
    size = settled(size)
    return Term(None, number=Fraction(size)) if isinstance(size, int) else scalar(size_of.tree(size))


def _is_done(rest: Rest) -> bool:
    if not rest.terms:
        return True
    letters = rest.terms[0].letters
    return len(rest.terms) == 1 and len(set(letters)) == len(letters) and not any(map(rest.is_summed, letters))


# --- a mean


def as_mean(term: Term, counts: Mapping[Apply, Size], least: int = FEWEST) -> Term:
    """Σ x / n is the mean of n entries, `least` or more, and so is ‖x‖²/n; a ∘ Σ x / n is a ∘ mean x."""
    for tree in (term.core, *term.above):
        for part in _parts(tree):
            count = counts.get(_bare_sum(part))
            less = None if count is None else _over_count(term, count, least)
            if less is not None:
                mean = _put_in(tree, part, _mean(part))  # type: ignore[arg-type]
                above = tuple(mean if one == tree else one for one in less.above)
                return less._replace(core=mean if term.core == tree else term.core, above=above)
    return term


def _parts(tree: Tree | None) -> Iterator[Apply]:
    """The formula, and what is multiplied in it entry by entry."""
    if isinstance(tree, Apply):
        yield tree
        match tree:
            case Apply("hadamard", parts):
                yield from (part for part in parts if isinstance(part, Apply))
            case Apply("divide", (Apply("hadamard", parts), _)):
                yield from (part for part in parts if isinstance(part, Apply))


def _put_in(tree: Tree, part: Tree, new: Tree) -> Tree:
    if tree == part or not isinstance(tree, Apply):
        return new if tree == part else tree
    if tree.operator == "divide":
        above, below = tree.arguments
        return Apply("divide", (_put_in(above, part, new), below))
    return Apply(tree.operator, tuple(new if one == part else one for one in tree.arguments))


def _bare_sum(tree: Apply) -> Apply:
    is_kept = tree.operator == "sum" and is_of(tree.arguments[-1], "keepdims")
    return Apply("sum", tree.arguments[:-1]) if is_kept else tree


def _mean(tree: Apply) -> Tree:
    match tree:
        case Apply("power", (Apply("norm", (x,)), square)):
            entries, along = power(x, square), ()
        case Apply(_, (entries, *along)):
            pass
    return _variance(entries, along) or Apply("mean", (entries, *along))


def _variance(entries: Tree, along: Sequence[Tree]) -> Tree | None:
    """The mean of (x - mean x)² is the variance of x."""
    match entries:
        case Apply("power", (Apply("add", (x, Apply("negate", (Apply("mean", (same, *axes)),)))), Number(value))):
            if (
                value == 2
                and same == x
                and [one for one in axes if one != KEEP] == [one for one in along if one != KEEP]
            ):
                return Apply("var", (x, *along))
    return None


def _over_count(term: Term, count: Size, least: int) -> Term | None:
    """The term of a mean that a sum over so many is; a float times a sum is none."""
    count = settled(count)
    if isinstance(count, int):
        is_mean = count >= least and term.number.denominator % count == 0 and not of_float64(term.number)
        return term._replace(number=term.number * count) if is_mean else None
    whole = scalar(size_of.tree(count))
    below = list(term.below)
    is_part = all(whole.above.count(one) <= below.count(one) for one in whole.above)
    if not whole.above or not is_part or term.number.denominator % whole.number:
        return None
    for one in whole.above:
        below.remove(one)
    return term._replace(number=term.number * whole.number, below=tuple(below))
