"""A product whose axes bear letters as people write it: matrix products, transposes, ∘, sums, outer products.

One rule after the other is applied until one formula is left; where none applies the rest is an index form, einsum.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction

from netcalc.expression import Apply, Number, Symbol, Tree, power
from netcalc.graph import sizes as size_of
from netcalc.graph.chains import chain, flipped, transposed, turns
from netcalc.graph.layouts import common_layout, fits, ordered, placed, squeezed, with_kept_axes
from netcalc.graph.product import LETTERS
from netcalc.graph.sizes import Size, settled, total
from netcalc.graph.terms import ONE, Term, cancelled, hadamard, is_of, scalar
from netcalc.notation import to_ascii

SQUARE = Number(Fraction(2))


class Rest:
    """What of a product is not put together yet: `terms` with axes, and the scalar that they are multiplied by."""

    def __init__(
        self,
        terms: Sequence[Term],
        out: str,
        sizes: Mapping[str, Size],
        counts: dict[Apply, Size],
        *,
        diagonal: bool,
        keeps: bool,
        columns: bool,
    ) -> None:
        self.out = out
        self.sizes = sizes
        self.counts = counts
        self.diagonal = diagonal
        self.keeps = keeps
        self.columns = columns
        self.number = Fraction(1)
        self.above: list[Tree] = []
        self.below: list[Tree] = []
        self.terms: list[Term] = []
        for term in terms:
            self.take(term)

    def take(self, term: Term) -> None:
        """One more factor."""
        self.number *= term.number
        self.above += term.above
        self.below += term.below
        if term.core is None:
            return
        if term.letters:
            self.terms.append(Term(term.core, term.axes))
            return
        core = term.core if len(term.axes) <= len(self.out) else squeezed(term.core, term.axes)[0]
        part = scalar(core)
        self.number *= part.number
        self.above += part.above
        self.below += part.below

    def swap(self, gone: Sequence[Term], new: Term) -> None:
        """One factor in the place of others."""
        place = next(n for n, term in enumerate(self.terms) if any(term is one for one in gone))
        left = [term for term in self.terms if not any(term is one for one in gone)]
        self.terms = left[:place]
        rest = left[place:]
        self.take(new)
        self.terms += rest

    def holders(self, letter: str) -> list[Term]:
        """The factors with this axis."""
        return [term for term in self.terms if letter in term.axes]

    def is_summed(self, letter: str) -> bool:
        """Whether the result lacks it."""
        return letter not in self.out

    def term(self, core: Tree | None, axes: str) -> Term:
        """The whole of it."""
        return cancelled(Term(core, axes, self.number, tuple(self.above), tuple(self.below)))


def in_matrix_form(
    terms: Sequence[Term],
    out: str,
    sizes: Mapping[str, Size],
    counts: dict[Apply, Size],
    *,
    summed: str = "",
    diagonal: bool = False,
    keeps: bool = False,
    columns: bool = True,
) -> Term:
    """The product of the terms, summed over the letters that `out` lacks; its axes are in any order, some may lack.

    `summed` are those letters; `counts` has how many entries each sum is of that was written so far, for means.
    `columns` has a matrix of one column as a factor of matrix products, as where the result is one too.
    `diagonal` has a vector along an axis of a matrix as a diagonal matrix, as in Jacobians, not as a broadcast. What
    `keeps` its axes is a sum, Σ g ∘ p, not a product of matrices.
    """
    rest = Rest(terms, out, sizes, counts, diagonal=diagonal, keeps=keeps, columns=columns)
    held = {one for term in rest.terms for one in term.axes}
    for letter in summed:
        if letter not in held:
            rest.take(_size(sizes[letter]))
    while not _is_done(rest):
        if not any(rule(rest) for rule in RULES):
            _index_form(rest)
    last = rest.terms[0] if rest.terms else Term(None)
    return as_mean(rest.term(last.core, last.axes), rest.counts)


def _size(size: Size) -> Term:
    size = settled(size)
    return Term(None, number=Fraction(size)) if isinstance(size, int) else scalar(size_of.tree(size))


def _is_done(rest: Rest) -> bool:
    if not rest.terms:
        return True
    letters = rest.terms[0].letters
    return len(rest.terms) == 1 and len(set(letters)) == len(letters) and not any(map(rest.is_summed, letters))


# --- the rules, in the order in which they are tried


def _diagonals(rest: Rest) -> bool:
    """A_ii is the trace where it is summed over, else the diagonal."""
    for term in rest.terms:
        if len(term.axes) == 2 and term.axes[0] == term.axes[1] != ONE:
            letter = term.axes[0]
            if rest.is_summed(letter) and rest.holders(letter) == [term]:
                rest.swap([term], Term(Apply("trace", (term.core,))))  # type: ignore[arg-type]
            else:
                rest.swap([term], Term(_diagonal(term.core), letter))
            return True
    return False


def _diagonal(core: Tree | None) -> Tree:
    match core:
        case Apply("diag", (inner,)):
            return inner
        case _:
            return Apply("diag", (core,))  # type: ignore[arg-type]


def _scalar_products(rest: Rest) -> bool:
    """u·v of two vectors that nothing else depends on: uᵀ v, ‖u‖²; of two matrices Σ A ∘ B or a trace."""
    for term in rest.terms:
        pair = [one for one in rest.terms if set(one.letters) == set(term.letters)]
        alone = all(rest.is_summed(one) and len(rest.holders(one)) == 2 for one in term.letters)
        if len(pair) == 2 and alone and len(term.letters) == len(set(term.letters)) <= 2:
            (x, own), (y, its) = (as_column(one) for one in pair)
            if _is_reciprocal(x) or _is_reciprocal(y) or (rest.keeps and x != y):
                return False
            if x == y and own == its:
                found, ones = power(Apply("norm", (x,)), SQUARE), ""
                rest.counts[found] = total([rest.sizes[one] for one in term.letters])  # type: ignore[index]
            elif len(term.letters) == 1:
                found, ones = _dot(x, y), ONE * ((ONE in own) + (ONE in its))
            else:
                found, ones = _frobenius(x, y, own, its), ""
            rest.swap(pair, Term(found, ones))
            return True
    return False


def _is_reciprocal(tree: Tree | None) -> bool:
    return isinstance(tree, Apply) and tree.operator == "divide" and isinstance(tree.arguments[0], Number)


def as_column(term: Term) -> tuple[Tree, str]:
    """A factor without its axes of one entry; a vector that is a matrix of one column stays one."""
    core, axes = term.core, term.axes
    assert core is not None  # noqa: S101 - it has axes
    bare, letters = squeezed(core, axes)
    if len(axes) == 2 and len(letters) == 1 and is_of(bare, "index") and bare != core:
        return (core, axes) if axes[1] == ONE else (flipped(core), axes[::-1])
    return bare, letters


def _dot(x: Tree, y: Tree) -> Tree:
    one, other = chain(transposed(x), y), chain(transposed(y), x)
    return one if turns(one) <= turns(other) else other


def _frobenius(x: Tree, y: Tree, own: str, its: str) -> Tree:
    if own != its:
        return Apply("trace", (chain(x, y),))
    by_entry, by_trace = Apply("sum", (hadamard([x, y]),)), Apply("trace", (chain(transposed(x), y),))
    return by_entry if len(to_ascii(by_entry)) <= len(to_ascii(by_trace)) else by_trace


def _same_axes(rest: Rest) -> bool:
    """Factors with the same axes: a ∘ b."""
    for term in rest.terms:
        group = [one for one in rest.terms if set(one.letters) == set(term.letters) and not _is_identity(one)]
        if len(group) > 1 and not _is_identity(term) and all(_has_no_twice(one) for one in group):
            rest.swap(group, _by_entry(group, rest.out))
            return True
    return False


def _has_no_twice(term: Term) -> bool:
    return len(set(term.letters)) == len(term.letters)


def _is_identity(term: Term) -> bool:
    return is_of(term.core, "eye")


def _by_entry(group: Sequence[Term], out: str) -> Term:
    letters = "".join(sorted({one for term in group for one in term.letters}))
    layout = common_layout(group, "".join(one for one in out if one in letters) or letters)
    for one in group:  # what is summed over has the order in which it stands
        if not set(letters) <= set(layout):
            layout = one.letters
    cores = [placed(one, layout) for one in group]
    triangles = [one for one in cores if _triangle(one) is not None]
    if triangles and len(layout) == 2:
        cores.remove(triangles[0])
        name, offset = _triangle(triangles[0])  # type: ignore[misc]
        return Term(Apply(name, (hadamard(cores), *offset)), layout)
    found = hadamard(cores)
    return scalar(found) if isinstance(found, Number) else Term(found, layout)


def _triangle(tree: Tree) -> tuple[str, tuple[Tree, ...]] | None:
    """Whether it is triangular ones, as `tril(ones(3, 3), 1)`: the name, and where the diagonal is."""
    match tree:
        case Apply("tril" | "triu" as name, (Apply("ones", _), *offset)):
            return name, tuple(offset)
        case _:
            return None


def _sums(rest: Rest) -> bool:
    """What one factor alone has is summed over in it."""
    for term in rest.terms:
        lonely = [one for one in dict.fromkeys(term.letters) if rest.is_summed(one) and rest.holders(one) == [term]]
        if lonely and _has_no_twice(term):
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


def _matrix_products(rest: Rest) -> bool:
    """A letter that two factors share and that is summed over: A B, A x."""
    for letter in dict.fromkeys("".join(term.letters for term in rest.terms)):
        pair = rest.holders(letter)
        if (
            rest.is_summed(letter)
            and len(pair) == 2
            and not rest.keeps
            and not any(_is_reciprocal(one.core) for one in pair)
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
    front = "".join(one for one in out if one in own and one in its)
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


def _identities(rest: Rest) -> bool:
    """An identity matrix beside a vector along one of its axes is a diagonal matrix."""
    for term in rest.terms:
        if _is_identity(term) and len(set(term.letters)) == 2:
            i, j = term.axes[0], term.axes[1]
            group = [one for one in rest.terms if one is not term and one.letters and set(one.letters) <= {i, j}]
            if group:
                rest.swap([term, *group], _diagonal_matrix(group, i, j))
                return True
    return False


def _diagonal_matrix(group: Sequence[Term], i: str, j: str) -> Term:
    vectors = [
        one.renamed({j: i}) if len(one.letters) == 1 else Term(_diagonal(squeezed(one.core, one.axes)[0]), i)  # type: ignore[arg-type]
        for one in group
    ]
    layout = common_layout(vectors, i)
    core, _ = squeezed(hadamard([placed(one, layout) for one in vectors]), layout)
    return Term(Apply("diag", (core,)), i + j)


def _scaled_rows(rest: Rest) -> bool:
    """A vector along an axis of a matrix: by broadcasting, or as a diagonal matrix; one along each axis: a bᵀ ∘ A."""
    for term in rest.terms:
        if len(set(term.letters)) != 2 or not _has_no_twice(term) or _is_identity(term):
            continue
        i, j = term.letters[0], term.letters[1]
        rows, columns = ([one for one in rest.terms if one.letters == letter] for letter in (i, j))
        if rows and columns and not all(_is_broadcast(rest, one, term.letters) for one in (rows[0], columns[0])):
            rest.swap([rows[0], columns[0]], _outer(rows[0], columns[0]))
            return True
        if rows or columns:
            vector, letter = (columns or rows)[0], j if columns else i
            rest.swap([term, vector], _scaled(rest, term, vector, letter))
            return True
    return False


def _scaled(rest: Rest, term: Term, vector: Term, letter: str) -> Term:
    core, axes = squeezed(term.core, term.axes)  # type: ignore[arg-type]
    along, _ = squeezed(vector.core, vector.axes)  # type: ignore[arg-type]
    is_broadcast = _is_broadcast(rest, vector, axes)
    reciprocal = _is_reciprocal(along) or _is_reciprocal(core)
    is_column = not rest.columns and ONE in vector.axes and is_broadcast
    if reciprocal or rest.keeps or is_column or (is_broadcast and not rest.diagonal and not rest.is_summed(letter)):
        layout = common_layout([term, vector], rest.out if set(term.letters) <= set(rest.out) else axes)
        return Term(hadamard([placed(term, layout), placed(vector, layout)]), layout)
    diagonal = Apply("diag", (along,))
    return Term(chain(diagonal, core) if axes[0] == letter else chain(core, diagonal), axes)


def _is_broadcast(rest: Rest, vector: Term, axes: str) -> bool:
    """Whether a vector stretches along a matrix as it is, or as it is with `keepdims`."""
    along, own = squeezed(vector.core, vector.axes)  # type: ignore[arg-type]
    kept = with_kept_axes(along, own)[1]
    return any(fits(one, layout) for one in (vector.axes, kept) for layout in (rest.out, axes))


def _outer(a: Term, b: Term) -> Term:
    (x, own), (y, its) = as_column(a), as_column(b)
    if ONE in own and ONE in its:
        return Term(chain(x, transposed(y)), a.letters + b.letters)
    x, y = (squeezed(one.core, one.axes)[0] for one in (a, b))  # type: ignore[arg-type]
    return Term(Apply("outer", (x, y)), a.letters + b.letters)


def _outer_products(rest: Rest) -> bool:
    """Two vectors along two axes of the result: a bᵀ."""
    vectors = [term for term in rest.terms if len(term.letters) == 1]
    if len(rest.terms) == 2 == len(vectors) and not any(_is_reciprocal(one.core) for one in vectors):
        a, b = sorted(vectors, key=lambda term: rest.out.find(term.letters))
        rest.swap([a, b], _outer(a, b))
        return True
    return False


def _broadcasts(rest: Rest) -> bool:
    """Factors whose axes are all axes of one of them, by NumPy's broadcasting."""
    full = max(rest.terms, key=lambda term: len(set(term.letters)))
    inside = all(set(term.letters) <= set(full.letters) and _has_no_twice(term) for term in rest.terms)
    if not inside or any(map(rest.is_summed, full.letters)):
        return False
    layout = common_layout([full], rest.out)
    core = hadamard([placed(one, layout) for one in rest.terms])
    rest.swap(list(rest.terms), Term(core, layout))
    return True


def _index_form(rest: Rest) -> None:
    """einsum of what is left."""
    parts = [squeezed(one.core, one.axes) for one in rest.terms]  # type: ignore[arg-type]
    held = {one for _, axes in parts for one in axes}
    out = "".join(one for one in rest.out if one in held)
    names = dict(zip(dict.fromkeys(out + "".join(axes for _, axes in parts)), LETTERS, strict=False))
    subscripts = ",".join("".join(names[one] for one in axes) for _, axes in parts)
    operator = f"einsum:{subscripts}->{''.join(names[one] for one in out)}"
    core = Apply(operator, tuple(core for core, _ in parts))
    rest.swap(list(rest.terms), Term(core, out) if out else Term(None, above=(core,)))


RULES: Sequence[Callable[[Rest], bool]] = (
    _diagonals,
    _scalar_products,
    _same_axes,
    _sums,
    _matrix_products,
    _identities,
    _scaled_rows,
    _outer_products,
    _broadcasts,
)


# --- a mean


def as_mean(term: Term, counts: Mapping[Apply, Size]) -> Term:
    """Σ x / n is the mean of n entries, and so is ‖x‖²/n."""
    for tree in (term.core, *term.above):
        count = counts.get(_bare_sum(tree)) if isinstance(tree, Apply) else None
        less = None if count is None else _over_count(term, count)
        if less is not None:
            mean = _mean(tree)  # type: ignore[arg-type]
            above = tuple(mean if one == tree else one for one in less.above)
            return less._replace(core=mean if term.core == tree else term.core, above=above)
    return term


def _bare_sum(tree: Apply) -> Apply:
    is_kept = tree.operator == "sum" and is_of(tree.arguments[-1], "keepdims")
    return Apply("sum", tree.arguments[:-1]) if is_kept else tree


def _mean(tree: Apply) -> Tree:
    match tree:
        case Apply("power", (Apply("norm", (x,)), square)):
            return Apply("mean", (power(x, square),))
        case _:
            return Apply("mean", tree.arguments)


def _over_count(term: Term, count: Size) -> Term | None:
    count = settled(count)
    if isinstance(count, int):
        is_mean = count > 2 and term.number.denominator % count == 0  # half a sum of two is no mean
        return term._replace(number=term.number * count) if is_mean else None
    whole = scalar(size_of.tree(count))
    below = list(term.below)
    is_part = all(whole.above.count(one) <= below.count(one) for one in whole.above)
    if not whole.above or not is_part or term.number.denominator % whole.number:
        return None
    for one in whole.above:
        below.remove(one)
    return term._replace(number=term.number * whole.number, below=tuple(below))
