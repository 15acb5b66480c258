"""Identities that may make a formula shorter: a function each, its docstring the identity, None where it has no use."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction

from netcalc.derivation.forms import SIDES
from netcalc.expression import Apply, Number, Tree, add, apply, divide, multiply
from netcalc.expression.tree import ONE, ZERO
from netcalc.graph.centred import is_centred_somewhere, is_count, is_sum_of_centred, sum_of_centred
from netcalc.graph.elementwise import ELEMENTWISE, Elementwise, of_tree, with_slopes_written_out
from netcalc.graph.factors import each_factor, with_factors
from netcalc.graph.kept import axis_kept, sum_apart
from netcalc.graph.leaves import ARANGE, TRIANGLE
from netcalc.graph.matrix_identities import (
    inverse_of_product,
    inverse_of_transpose,
    matrix_times_inverse,
    reshape_of_scaled,
    reshaped_identity,
    solution_for_identity,
    transpose_of_sum,
    transpose_of_symmetric,
)
from netcalc.graph.node import Node
from netcalc.graph.one_entry import at_one_entry
from netcalc.graph.opened import Opened, fraction, opened_terms, sizes_of
from netcalc.graph.product import SUM, Factor, Sum, number, of_size, product, total
from netcalc.graph.rebuilt import with_arguments
from netcalc.graph.reductions import SOFTMAX
from netcalc.graph.shaping import EVERYTHING, SCATTER, Keyed, Place, Span, concatenate, index, scatter
from netcalc.graph.sizes import Size, settled
from netcalc.graph.terms import starts_with_minus

MAX_TERMS = 12  # of a sum in which common factors are looked for

Rewrite = Callable[[Node], Iterator[Node]]


def common_factor(node: Node) -> Iterator[Node]:
    """A x + B x = (A + B) x."""
    if node.operation is not SUM or len(node.args) > MAX_TERMS:
        return
    terms = list(opened_terms(node))
    for place, term in enumerate(terms):
        for factor in term.factors:
            if is_count(factor[0]):
                continue
            shared = [(place, factor, term)]
            for other, its in enumerate(terms[place + 1 :], place + 1):
                found = its.with_factor(factor, node.params.out)
                if found is not None:
                    shared.append((other, factor, found))
            if len(shared) > 1 and _is_held_alike(node, factor, [one for *_, one in shared]):
                taken = [(n, one) for n, _, one in shared]
                yield _factored(node, terms, factor, taken, lambda rest: rest)
                yield _factored(node, terms, factor, taken, lambda rest: next(sum_apart(rest), rest))


def _is_held_alike(node: Node, factor: Factor, shared: Sequence[Opened]) -> bool:
    """Whether what is left of each term has the same of a factor's letters that are summed over."""
    summed = {one for one in factor[1] if one not in node.params.out}
    return len({frozenset(summed.intersection(one.without(factor).letters())) for one in shared}) == 1


def _factored(
    node: Node,
    terms: Sequence[Opened],
    factor: Factor,
    shared: Sequence[tuple[int, Opened]],
    form: Callable[[Node], Node],
) -> Node:
    """The common factor times what is left of the terms, each in that form; plus the other terms."""
    out = node.params.out
    sizes = sizes_of([pair for _, term in shared for pair in term.factors]) | dict(zip(out, node.shape, strict=True))
    kept = out + "".join(dict.fromkeys(one for one in factor[1] if one not in out))
    rests = [term.without(factor) for _, term in shared]
    together = "".join(one for one in kept if any(one in rest.letters() for rest in rests))
    parts = []
    for rest in rests:
        own = "".join(one for one in together if one in rest.letters())
        left = product(rest.factors, own, tuple(sizes[one] for one in own), rest.number)
        parts.append((form(left), own))
    inner = total(parts, together, tuple(sizes[one] for one in together))
    whole = product([factor, (inner, together)], out, node.shape)
    places = {place for place, _ in shared}
    if len(places) == len(terms):
        return whole
    params: Sum = node.params
    others = [(arg, own) for n, (arg, own) in enumerate(node.factors) if n not in places]
    numbers = [by for n, by in enumerate(params.numbers) if n not in places]
    return total([(whole, out), *others], out, node.shape, [Fraction(1), *numbers])


def product_of_sum(node: Node) -> Iterator[Node]:
    """p (I - q) = p I - p q, Σ (a - b) = Σ a - Σ b."""
    for factor, letters, before, behind in each_factor(node):
        opened = _as_sum(factor) if before or behind or node.params.summed else None
        if opened is None or is_centred_somewhere(opened):
            continue
        names = dict(zip(opened.params.out, letters, strict=True))
        extents = dict(zip(letters, factor.shape, strict=True))
        elsewhere = node.params.out + "".join(own for _, own in before + behind)
        parts = []
        for arg, own in opened.factors:
            its = "".join(names[one] for one in own)
            counts = [(of_size(extents[one]), "") for one in letters if one not in its + elsewhere]
            term = with_factors(node, [*before, (arg, its), *behind, *counts])
            parts.append(number(0, node.shape) if is_sum_of_centred(term) else term)
        out: str = node.params.out
        yield total([(part, out) for part in parts], out, node.shape, opened.params.numbers)


def _as_sum(node: Node) -> Node | None:
    """A sum as it is, and a formula that is one, 1 - σ(x), as a sum."""
    if node.operation is ELEMENTWISE:
        params: Elementwise = node.params
        match with_slopes_written_out(params.tree):
            case Apply("add", parts):
                terms = [(of_tree(part, node.factors, params.out, node.shape), params.out) for part in parts]
                node = total(terms, params.out, node.shape)
    return node if node.operation is SUM else None


def _term_by_term(node: Node, rewrite: Rewrite) -> Iterator[Node]:
    """A sum whose terms are rewritten, where some are."""
    if node.operation is SUM and len(node.args) <= MAX_TERMS:
        terms = [next(rewrite(arg), arg) for arg in node.args]
        if terms != list(node.args):
            yield with_arguments(node, terms)


def expanded(node: Node) -> Iterator[Node]:
    """y (1 - s) + (y - 1) s = y - s: every product of a sum in a sum, like terms together."""
    yield from _term_by_term(node, product_of_sum)


def entry_of_sum(node: Node) -> Iterator[Node]:
    """p (c - one_hot(k)/p[k]) = c p - one_hot(k)."""
    for opened in product_of_sum(node):
        yield from _term_by_term(opened, at_one_entry)


def parts_side_by_side(node: Node) -> Iterator[Node]:
    """Slices and rows put where they were cut from, side by side and all of them, are concat([a, b, …]), stack([…])."""
    if node.operation is not SUM or any(by != 1 for by in node.params.numbers):
        return
    if any(arg.operation is not SCATTER or own != node.params.out for arg, own in node.factors):
        return
    cuts = [_cut(arg) for arg in node.args]
    known = [cut for cut in cuts if cut is not None]
    if len(known) < len(cuts) or len({axis for axis, _, _ in known}) > 1:
        return
    axis, order = known[0][0], list[int]()
    end: Size = 0
    starts = {start: n for n, (_, start, _) in enumerate(known)}
    while end in starts and len(order) < len(known):
        order.append(starts[end])
        end = known[order[-1]][2]
    if len(order) == len(known) and end == settled(node.shape[axis]):
        yield concatenate([_with_axis(node.args[n].args[0], axis, node.rank) for n in order], axis)


def _with_axis(node: Node, axis: int, rank: int) -> Node:
    """A part; a row with an axis of one entry where it was cut out."""
    return node if node.rank == rank else index(node, [*[EVERYTHING] * axis, None])


def _cut(node: Node) -> tuple[int, Size, Size] | None:
    """The axis along which a slice, or a row, was cut, where it starts and where it ends."""
    keyed: Keyed = node.params
    places = [n for n, part in enumerate(keyed.key) if part != EVERYTHING]
    if len(places) != 1:
        return None
    part, axis = keyed.key[places[0]], keyed.extra + places[0]
    if part is None:
        return None
    extent = settled(keyed.whole[axis])
    if isinstance(part, int) and isinstance(extent, int) and 0 <= part < extent:
        return axis, part, part + 1
    if not isinstance(part, Span) or part.step not in (None, 1):
        return None
    start, stop = (settled(one) if one is not None else None for one in (part.start, part.stop))
    if isinstance(extent, int) and isinstance(start, int | None) and isinstance(stop, int | None):
        picked = range(extent)[start:stop]
        return axis, picked.start, picked.stop
    if any(isinstance(one, int) and one < 0 for one in (start, stop)):
        return None  # counted from an end that is a letter
    return axis, start or 0, extent if stop is None else stop


def sum_of_one_hot(node: Node) -> Iterator[Node]:
    """Σₖ v[i] one_hot(y)[i, k] = v[i]."""
    for factor, letters, before, behind in each_factor(node):
        if factor.operation is not SCATTER or factor.params.key != (Place(1), Place(2)) or len(set(letters)) != 2:
            continue
        value, rows, _ = factor.args
        others = before + behind
        if rows.operation is ARANGE and letters[1] not in node.params.out + "".join(own for _, own in others):
            yield with_factors(node, [*others, (value, letters[0])])


def factor_of_one_hot(node: Node) -> Iterator[Node]:
    """v one_hot(y) - v p = v (one_hot(y) - p)."""
    for apart in _term_by_term(node, _one_hot_apart):
        yield from common_factor(apart)


def _one_hot_apart(node: Node) -> Iterator[Node]:
    """Numbers put in rows' places as their product with ones there."""
    if node.operation is SCATTER and node.params.key == (Place(1), Place(2)) and node.args[0].rank == 1:
        value, *places = node.args
        ones = scatter(number(1, value.shape), node.params, places)
        yield product([(value, "i"), (ones, "ij")], "ij", node.shape)


def sum_of_shares(node: Node) -> Iterator[Node]:
    """Σ softmax(x) = 1."""
    for factor, letters, before, behind in each_factor(node):
        along = {letters[axis] for axis in factor.params.axes} if factor.operation is SOFTMAX else set()
        elsewhere = node.params.out + "".join(own for _, own in (*before, *behind))
        if along and along.isdisjoint(elsewhere) and len({*letters}) == len(letters):
            kept = [(one, size) for one, size in zip(letters, factor.shape, strict=True) if one not in along]
            ones = number(1, tuple(size for _, size in kept))
            yield with_factors(node, [*before, (ones, "".join(one for one, _ in kept)), *behind])


def minus_before_sum(node: Node) -> Iterator[Node]:
    """-(a - b) x = (b - a) x."""
    for factor, letters, before, behind in each_factor(node):
        is_mixed = factor.operation is SUM and {by > 0 for by in factor.params.numbers} == {True, False}
        if is_mixed and node.params.number == -1:
            turned = product([(factor, letters)], letters, factor.shape, -1)
            yield with_factors(node, [*before, (turned, letters), *behind], -1)


def _fraction(node: Node) -> tuple[Fraction, tuple[Tree, ...], tuple[Tree, ...]]:
    """A formula as a number, what stands above the bar, and what below it; nothing of what is none."""
    return fraction(node.params.tree) if node.operation is ELEMENTWISE else (Fraction(1), (), ())


def _quotient(node: Node, number: Fraction, above: Sequence[Tree], below: Sequence[Tree]) -> Node:
    """Another one in a formula's place."""
    tree = divide(multiply(Number(number), *above), multiply(*below))
    return of_tree(tree, node.factors, node.params.out, node.shape)


def logistic(node: Node) -> Iterator[Node]:
    """exp(-z)/(1 + exp(-z)) = 1/(1 + exp(z))."""
    number, above, below = _fraction(node)
    for place, one in enumerate(below):
        match one:
            case Apply("add", (Number(first), Apply("exp", (power,)) as e)) if first == 1 and e in above:
                if starts_with_minus(power):
                    left = list(above)
                    left.remove(e)
                    turned = [*below[:place], add(ONE, apply("exp", (_negated(power),))), *below[place + 1 :]]
                    yield _quotient(node, number, left, turned)


def side_over_magnitude(node: Node) -> Iterator[Node]:
    """sign(x)/|x| = 1/x."""
    number, above, below = _fraction(node)
    for place, one in enumerate(above):
        match one:
            case Apply("sign", (x,)) if (magnitude := apply("abs", (x,))) in below:
                at = below.index(magnitude)
                left, under = [*above[:place], *above[place + 1 :]], [*below[:at], x, *below[at + 1 :]]
                if x in left:
                    left.remove(x)
                    del under[at]
                yield _quotient(node, number, left, under)


def extreme_times_side(node: Node) -> Iterator[Node]:
    """max(x, 0) ∘ where(x > 0, a, b) = max(x, 0) ∘ a, which is 0 elsewhere."""
    for side, its, before, behind in each_factor(node):
        for extreme, letters in before + behind:
            if not extreme.operation is side.operation is ELEMENTWISE or extreme.args != side.args:
                continue
            if extreme.params.letters != side.params.letters or its != letters:
                continue
            match extreme.params.tree, side.params.tree:
                case Apply("max" | "min" as name, pair), Apply("where", (Apply(operator, (x, bound)), then, _)):
                    if operator == SIDES[name] and bound == ZERO and {*pair} == {x, ZERO}:
                        left = of_tree(then, side.factors, side.params.out, side.shape)
                        yield with_factors(node, [*before, (left, its), *behind])


def once_triangular(node: Node) -> Iterator[Node]:
    """triu(triu(A)) = triu(A)."""
    for factor, letters, before, behind in each_factor(node):
        if factor.operation is TRIANGLE and (factor, letters) in behind:
            yield with_factors(node, [*before, *behind])


def _negated(tree: Tree) -> Tree:
    """-tree, with its number in front."""
    number, above, below = fraction(tree)
    numbers = [Number(-number)] * (number != -1)
    return divide(multiply(*numbers, *above), multiply(*below)) if below else multiply(*numbers, *above)


REWRITES: Sequence[Rewrite] = (
    extreme_times_side,
    once_triangular,
    inverse_of_transpose,
    solution_for_identity,
    matrix_times_inverse,
    transpose_of_symmetric,
    transpose_of_sum,
    reshaped_identity,
    reshape_of_scaled,
    logistic,
    side_over_magnitude,
    common_factor,
    inverse_of_product,
    sum_of_centred,
    axis_kept,
    sum_apart,
    product_of_sum,
    expanded,
    at_one_entry,
    entry_of_sum,
    parts_side_by_side,
    sum_of_one_hot,
    factor_of_one_hot,
    minus_before_sum,
    sum_of_shares,
)
