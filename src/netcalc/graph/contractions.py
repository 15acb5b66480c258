"""Matrix products, scalar products, sums and traces in a product whose axes bear letters: a rule each.

A rule puts factors together and says whether it did.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from netcalc.expression import Apply, Number, Symbol, Tree, power
from netcalc.expression.tree import TWO
from netcalc.graph.chains import chain, flipped, transposed, turns
from netcalc.graph.layouts import ordered
from netcalc.graph.remaining import Rest, as_column, has_no_twice, is_reciprocal
from netcalc.graph.sizes import total
from netcalc.graph.terms import ONE, Term, hadamard, is_of
from netcalc.notation import to_ascii


def diagonals(rest: Rest) -> bool:
    """A_ii is the trace where it is summed over, else the diagonal."""
    for term in rest.terms:
        if len(term.axes) == 2 and term.axes[0] == term.axes[1] != ONE:
            letter = term.axes[0]
            if rest.is_summed(letter) and rest.holders(letter) == [term]:
                rest.swap([term], Term(Apply("trace", (term.core,))))  # type: ignore[arg-type]
            else:
                rest.swap([term], Term(diagonal(term.core), letter))
            return True
    return False


def diagonal(core: Tree | None) -> Tree:
    match core:
        case Apply("diag", (inner,)):
            return inner
        case _:
            return Apply("diag", (core,))  # type: ignore[arg-type]


def scalar_products(rest: Rest) -> bool:
    """u·v of two vectors that nothing else depends on: uᵀ v, ‖u‖²; of two matrices Σ A ∘ B or a trace."""
    for term in rest.terms:
        pair = [one for one in rest.terms if set(one.letters) == set(term.letters)]
        alone = all(rest.is_summed(one) and len(rest.holders(one)) == 2 for one in term.letters)
        if len(pair) == 2 and alone and len(term.letters) == len(set(term.letters)) <= 2:
            (x, own), (y, its) = (as_column(one) for one in pair)
            if is_reciprocal(x) or is_reciprocal(y) or (rest.keeps and x != y):
                return False
            if x == y and own == its:
                found, ones = power(Apply("norm", (x,)), TWO), ""
                rest.counts[found] = total([rest.sizes[one] for one in term.letters])  # type: ignore[index]
            elif len(term.letters) == 1:
                found, ones = _dot(x, y), ONE * ((ONE in own) + (ONE in its))
            else:
                found, ones = _frobenius(x, y, own, its), ""
            rest.swap(pair, Term(found, ones))
            return True
    return False


def _dot(x: Tree, y: Tree) -> Tree:
    one, other = chain(transposed(x), y), chain(transposed(y), x)
    return one if turns(one) <= turns(other) else other


def _frobenius(x: Tree, y: Tree, own: str, its: str) -> Tree:
    if own != its:
        return Apply("trace", (chain(x, y),))
    by_entry, by_trace = Apply("sum", (hadamard([x, y]),)), Apply("trace", (chain(transposed(x), y),))
    return by_entry if len(to_ascii(by_entry)) <= len(to_ascii(by_trace)) else by_trace


def sums(rest: Rest) -> bool:
    """What one factor alone has is summed over in it."""
    for term in rest.terms:
        lonely = [one for one in dict.fromkeys(term.letters) if rest.is_summed(one) and rest.holders(one) == [term]]
        if lonely and has_no_twice(term):
            rest.swap([term], _sum(rest, term, lonely))
            return True
    return False


def _sum(rest: Rest, term: Term, lonely: Sequence[str]) -> Term:
    places = [place for place, one in enumerate(term.axes) if one in lonely]
    left = "".join(one for one in term.axes if one not in lonely)
    assert term.core is not None  # noqa: S101 - it has axes
    if _is_one_hot(term.core) and places == [len(term.axes) - 1]:
        return Term(None)
    axes = Apply("axis", tuple(Number(Fraction(place)) for place in places))
    is_all = not left.replace(ONE, "")
    found = Apply("sum", (term.core,) if is_all else (term.core, axes))
    rest.counts[found] = total([rest.sizes[one] for one in lonely])
    return Term(None, above=(found,)) if is_all else Term(found, left)


def _is_one_hot(tree: Tree) -> bool:
    """Whether each row has one 1, so that its sum is 1."""
    is_named = isinstance(tree, Symbol) and tree.name.startswith("one_hot(")
    return is_named or is_of(tree, "one_hot") or is_of(tree, "eye")


def matrix_products(rest: Rest) -> bool:
    """A letter that two factors share and that is summed over: A B, A x."""
    for letter in dict.fromkeys("".join(term.letters for term in rest.terms)):
        pair = rest.holders(letter)
        if (
            rest.is_summed(letter)
            and len(pair) == 2
            and not rest.keeps
            and not any(is_reciprocal(one.core) for one in pair)
        ):
            if not rest.columns and any(ONE in as_column(one)[1] for one in pair):
                continue
            found = _matrix_product(pair[0], pair[1], letter, rest.out)
            if found is not None:
                rest.swap(pair, found)
                return True
    return False


def _matrix_product(a: Term, b: Term, letter: str, out: str) -> Term | None:
    (x, own), (y, its) = as_column(a), as_column(b)
    if len(own) <= 2 and len(its) <= 2 and len({*own} & {*its}) == 1:
        return _of_two(x, own, y, its, letter, out)
    return _of_batches(x, own, y, its, letter, out)


def _of_two(x: Tree, own: str, y: Tree, its: str, letter: str, out: str) -> Term | None:
    vectors = [len(axes.replace(ONE, "")) == 1 for axes in (own, its)]
    if all(vectors):
        return None  # a scalar product that something else depends on
    if vectors[0]:
        x, own, y, its = y, its, x, own
    right_first = its if len(its) == 1 else letter + its.replace(letter, "")
    left_last = own.replace(letter, "") + letter
    straight = chain(x if own == left_last else transposed(x), y if its == right_first else transposed(y))
    axes = own.replace(letter, "") + its.replace(letter, "")
    if any(vectors):
        return Term(straight, axes)
    back = chain(
        y if its == its.replace(letter, "") + letter else transposed(y),
        x if own == letter + own.replace(letter, "") else transposed(x),
    )
    is_shorter = turns(straight) <= turns(back)
    is_straight = out.index(axes[0]) < out.index(axes[1]) if set(axes) <= set(out) else is_shorter
    return Term(straight, axes) if is_straight else Term(back, axes[::-1])


def _of_batches(x: Tree, own: str, y: Tree, its: str, letter: str, out: str) -> Term | None:
    """Stacks of matrices: NumPy's @ with the same axes in front, or of a stack with one matrix, or a vector."""
    if not set(own) & set(its) - {letter}:
        return _of_stack(x, own, y, its, letter) or _of_stack(y, its, x, own, letter)
    shared = "".join(one for one in own if one in its and one != letter)
    if set(shared) <= set(out):
        front = "".join(one for one in out if one in shared)
    elif own.startswith(shared + letter) and its.startswith(shared + letter):
        front = shared  # summed over behind the product: sum(xᵀ dq, axis=0)
    else:
        return None
    i, j = ("".join(one for one in axes if one not in front and one != letter) for axes in (own, its))
    if not set(own) & set(its) <= {*front, letter} or len(i) != 1 or len(j) != 1:
        return None
    if i in out and j in out and out.index(i) > out.index(j):
        x, own, y, its, i, j = y, its, x, own, j, i
    left, right = front + i + letter, front + letter + j
    product = Apply("matmul", (ordered(x, own, left), ordered(y, its, right)))
    return Term(product, front + i + j)


def _of_stack(x: Tree, own: str, y: Tree, its: str, letter: str) -> Term | None:
    """X W of a stack X of matrices, and one matrix or vector."""
    if len(own) < 3 or len(its) > 2 or own[-1] != letter:
        return None
    right = y if its[0] == letter else flipped(y)
    return Term(Apply("matmul", (x, right)), own[:-1] + its.replace(letter, ""))
