"""Identities that may make a formula shorter: a function each, its docstring the identity, None where it has no use."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from itertools import islice, permutations

from netcalc.expression import Apply
from netcalc.graph.elementwise import ELEMENTWISE, Elementwise, of_tree, with_slopes_written_out
from netcalc.graph.inverses import COFACTORS, INVERSE, SOLVE, determinant, inverse, swapped
from netcalc.graph.leaves import EYE, eye, size
from netcalc.graph.node import Node
from netcalc.graph.product import LETTERS, PRODUCT, SUM, Factor, Product, Sum, number, product, total
from netcalc.graph.selection import EVERYTHING
from netcalc.graph.shaping import SCATTER, Keyed, Span, concatenate
from netcalc.graph.sizes import Size, settled

MAX_SUMMED = 3  # letters of a product that is tried for symmetry
MAX_TERMS = 12  # of a sum in which common factors are looked for

Rewrite = Callable[[Node], Iterator[Node]]


def common_factor(node: Node) -> Iterator[Node]:
    """A x + B x = (A + B) x."""
    if node.operation is not SUM or len(node.args) > MAX_TERMS:
        return
    terms = list(_terms(node))
    for place, term in enumerate(terms):
        for factor in term.factors:
            shared = [(place, factor, term)]
            for other, its in enumerate(terms[place + 1 :], place + 1):
                found = its.with_factor(factor, node.params.out)
                if found is not None:
                    shared.append((other, factor, found))
            if len(shared) > 1:
                yield _factored(node, terms, factor, [(n, one) for n, _, one in shared])


class _Term:
    """A term of a sum as a number and factors, whose letters are the sum's and fresh ones that are summed over."""

    def __init__(self, number: Fraction, factors: Sequence[Factor]) -> None:
        self.number = number
        self.factors = list(factors)

    def with_factor(self, factor: Factor, out: str) -> _Term | None:
        """The term with its summed letters as in `factor`, if it has that factor."""
        node, letters = factor
        for own, its in self.factors:
            if own is node:
                names = dict(zip(its, letters, strict=True))
                if all(b == a or (a not in out and b not in out) for a, b in names.items()):
                    taken = {*out, *letters, *self.letters()}
                    spare = iter([one for one in LETTERS if one not in taken])
                    clashes = [one for one in dict.fromkeys(self.letters()) if one in letters and one not in its]
                    return self.renamed(
                        names | dict(zip([one for one in clashes if one not in out], spare, strict=False))
                    )
        return None

    def renamed(self, names: dict[str, str]) -> _Term:
        return _Term(self.number, [(one, "".join(names.get(a, a) for a in own)) for one, own in self.factors])

    def without(self, factor: Factor) -> _Term:
        left = list(self.factors)
        left.remove(factor)
        return _Term(self.number, left)

    def letters(self) -> str:
        return "".join(own for _, own in self.factors)


def _terms(node: Node) -> Iterator[_Term]:
    params: Sum = node.params
    for arg, own, by in zip(node.args, params.letters, params.numbers, strict=True):
        opened = _Term(by, [])
        _open(opened, arg, own, iter([one for one in LETTERS if one not in params.out]))
        yield opened


def _open(term: _Term, node: Node, letters: str, spare: Iterator[str]) -> None:
    """A factor, that of products as the factors of these."""
    summed = node.params.summed if node.operation is PRODUCT else ""
    fresh = list(islice(spare, len(summed)))
    if node.operation is not PRODUCT or len(fresh) < len(summed):
        term.factors.append((node, letters))
        return
    inner: Product = node.params
    term.number *= inner.number
    names = dict(zip(inner.out, letters, strict=True)) | dict(zip(summed, fresh, strict=True))
    for factor, own in zip(node.args, inner.letters, strict=True):
        _open(term, factor, "".join(names[one] for one in own), spare)


def _factored(node: Node, terms: Sequence[_Term], factor: Factor, shared: Sequence[tuple[int, _Term]]) -> Node:
    out = node.params.out
    sizes = _sizes([pair for _, term in shared for pair in term.factors]) | dict(zip(out, node.shape, strict=True))
    kept = out + "".join(dict.fromkeys(one for one in factor[1] if one not in out))
    rests = [term.without(factor) for _, term in shared]
    together = "".join(one for one in kept if any(one in rest.letters() for rest in rests))
    parts = []
    for rest in rests:
        own = "".join(one for one in together if one in rest.letters())
        parts.append((product(rest.factors, own, tuple(sizes[one] for one in own), rest.number), own))
    inner = total(parts, together, tuple(sizes[one] for one in together))
    whole = product([factor, (inner, together)], out, node.shape)
    places = {place for place, _ in shared}
    if len(places) == len(terms):
        return whole
    params: Sum = node.params
    others = [(arg, own) for n, (arg, own) in enumerate(zip(node.args, params.letters, strict=True)) if n not in places]
    numbers = [by for n, by in enumerate(params.numbers) if n not in places]
    return total([(whole, out), *others], out, node.shape, [Fraction(1), *numbers])


def _sizes(factors: Sequence[Factor]) -> dict[str, Size]:
    return {one: extent for node, own in factors for one, extent in zip(own, node.shape, strict=True)}


def product_of_sum(node: Node) -> Iterator[Node]:
    """p (I - q) = p I - p q, Σ (a - b) = Σ a - Σ b."""
    if node.operation is not PRODUCT:
        return
    params: Product = node.params
    factors = list(zip(node.args, params.letters, strict=True))
    for place, (factor, letters) in enumerate(factors):
        opened = _as_sum(factor) if len(factors) > 1 or params.summed else None
        if opened is None:
            continue
        others = factors[:place] + factors[place + 1 :]
        inner: Sum = opened.params
        names = dict(zip(inner.out, letters, strict=True))
        extents = dict(zip(letters, factor.shape, strict=True))
        elsewhere = params.out + "".join(own for _, own in others)
        parts = []
        for arg, own in zip(opened.args, inner.letters, strict=True):
            its = "".join(names[one] for one in own)
            counts = [(_count(extents[one]), "") for one in letters if one not in its + elsewhere]
            factors_now = [*factors[:place], (arg, its), *factors[place + 1 :], *counts]
            term = product(factors_now, params.out, node.shape, params.number)
            parts.append((term, params.out))
        yield total(parts, params.out, node.shape, inner.numbers)


def _as_sum(node: Node) -> Node | None:
    """A sum as it is, and a formula that is one, 1 - σ(x), as a sum."""
    if node.operation is ELEMENTWISE:
        params: Elementwise = node.params
        leaves = list(zip(node.args, params.letters, strict=True))
        match with_slopes_written_out(params.tree):
            case Apply("add", parts):
                terms = [(of_tree(part, leaves, params.out, node.shape), params.out) for part in parts]
                node = total(terms, params.out, node.shape)
    return node if node.operation is SUM else None


def _count(extent: Size) -> Node:
    extent = settled(extent)
    return number(extent) if isinstance(extent, int) else size(extent)


def expanded(node: Node) -> Iterator[Node]:
    """y (1 - s) + (y - 1) s = y - s: every product of a sum in a sum, like terms together."""
    if node.operation is not SUM or len(node.args) > MAX_TERMS:
        return
    params: Sum = node.params
    terms = [next(product_of_sum(arg), arg) for arg in node.args]
    if terms != list(node.args):
        yield total(zip(terms, params.letters, strict=True), params.out, node.shape, params.numbers)


def parts_side_by_side(node: Node) -> Iterator[Node]:
    """Slices put where they were cut from, side by side and all of them, are concat([a, b, …])."""
    if node.operation is not SUM or any(by != 1 for by in node.params.numbers):
        return
    if any(
        arg.operation is not SCATTER or own != node.params.out
        for arg, own in zip(node.args, node.params.letters, strict=True)
    ):
        return
    cuts = [_cut(arg) for arg in node.args]
    known = [cut for cut in cuts if cut is not None]
    if len(known) < len(cuts) or len({axis for axis, _, _ in known}) > 1:
        return
    order = sorted(range(len(known)), key=lambda n: known[n][1])
    axis, ends = known[0][0], [0, *(known[n][2] for n in order)]
    if [known[n][1] for n in order] == ends[:-1] and ends[-1] == settled(node.shape[axis]):
        yield concatenate([node.args[n].args[0] for n in order], axis)


def _cut(node: Node) -> tuple[int, int, int] | None:
    """The axis along which a slice was cut, where it starts and where it ends."""
    keyed: Keyed = node.params
    places = [n for n, part in enumerate(keyed.key) if part != EVERYTHING]
    if len(places) != 1:
        return None
    part, axis = keyed.key[places[0]], keyed.extra + places[0]
    extent = settled(keyed.whole[axis])
    if not isinstance(part, Span) or not isinstance(extent, int) or part.step not in (None, 1):
        return None
    start, stop = (settled(one) if one is not None else None for one in (part.start, part.stop))
    if not isinstance(start, int | None) or not isinstance(stop, int | None):
        return None
    picked = range(extent)[start:stop]
    return axis, picked.start, picked.stop


def minus_before_sum(node: Node) -> Iterator[Node]:
    """-(a - b) x = (b - a) x."""
    if node.operation is not PRODUCT or node.params.number != -1:
        return
    params: Product = node.params
    factors = list(zip(node.args, params.letters, strict=True))
    for place, (factor, letters) in enumerate(factors):
        if factor.operation is SUM and {by > 0 for by in factor.params.numbers} == {True, False}:
            turned = product([(factor, letters)], letters, factor.shape, -1)
            yield product([*factors[:place], (turned, letters), *factors[place + 1 :]], params.out, node.shape)


def inverse_of_transpose(node: Node) -> Iterator[Node]:
    """(Aᵀ)⁻¹ = (A⁻¹)ᵀ."""
    if node.operation is INVERSE and _is_transpose(node.args[0]):
        yield swapped(inverse(node.args[0].args[0]))


def _is_transpose(node: Node) -> bool:
    if node.operation is not PRODUCT or len(node.args) != 1 or node.params.number != 1:
        return False
    params: Product = node.params
    return params.letters[0] == params.out[:-2] + params.out[:-3:-1]


def solution_for_identity(node: Node) -> Iterator[Node]:
    """The X with A X = I is A⁻¹."""
    if node.operation is SOLVE and node.args[1].operation is EYE and node.args[0].rank == 2:
        turned = inverse(node.args[0])
        yield swapped(turned) if node.params else turned


def matrix_times_inverse(node: Node) -> Iterator[Node]:
    """A A⁻¹ = I."""
    if node.operation is not PRODUCT:
        return
    params: Product = node.params
    factors = list(zip(node.args, params.letters, strict=True))
    for place, (factor, letters) in enumerate(factors):
        if factor.operation is not INVERSE or factor.rank != 2:
            continue
        for other, (matrix, own) in enumerate(factors):
            rest = [pair for n, pair in enumerate(factors) if n not in (place, other)]
            if matrix is not factor.args[0]:
                continue
            for shared, kept in ((0, 1), (1, 0)):
                joint = letters[shared]
                if joint == own[kept] and joint in params.summed and all(joint not in its for _, its in rest):
                    identity = (eye(matrix.shape[0]), letters[kept] + own[shared])
                    yield product([*rest, identity], params.out, node.shape, params.number)


def inverse_of_product(node: Node) -> Iterator[Node]:
    """C (A B)⁻¹ = C B⁻¹ A⁻¹, of square matrices; it is shorter where C begins with an inverse of these."""
    if node.operation is not PRODUCT:
        return
    params: Product = node.params
    factors = list(zip(node.args, params.letters, strict=True))
    for place, (factor, letters) in enumerate(factors):
        if factor.operation is COFACTORS and factor.rank == 2:
            turned = (_inverse_of(factor.args[0]), letters[::-1])
            opened = [(determinant(factor.args[0]), ""), turned]
        elif factor.operation is INVERSE and factor.rank == 2:
            opened = [(_inverse_of(factor.args[0]), letters)]
        else:
            continue
        rest = [*factors[:place], *opened, *factors[place + 1 :]]
        yield product(rest, params.out, node.shape, params.number)


def _inverse_of(node: Node) -> Node:
    """The inverse, that of a product of two square matrices as the product of theirs."""
    if node.operation is PRODUCT and len(node.args) == 2 and len(node.params.summed) == 1 and node.params.number == 1:
        sizes = {settled(extent) for arg in node.args for extent in arg.shape}
        if len(sizes) == 1 and all(arg.rank == 2 for arg in node.args):
            turned = [(_inverse_of(arg), own[::-1]) for arg, own in zip(node.args, node.params.letters, strict=True)]
            out: str = node.params.out
            return product(turned, out[::-1], node.shape)
    return inverse(node)


def transpose_of_symmetric(node: Node) -> Iterator[Node]:
    """Sᵀ = S where S is symmetric."""
    if node.operation is not PRODUCT:
        return
    params: Product = node.params
    for place, (factor, letters) in enumerate(zip(node.args, params.letters, strict=True)):
        if factor.rank == 2 and letters[0] != letters[1] and is_symmetric(factor):
            own = [*params.letters[:place], letters[::-1], *params.letters[place + 1 :]]
            yield product(zip(node.args, own, strict=True), params.out, node.shape, params.number)


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
    for factor, letters in zip(node.args, node.params.letters, strict=True):
        own = "".join(names.get(one, one) for one in letters)
        yield id(factor), "".join(sorted(own)) if is_symmetric(factor) else own


REWRITES: Sequence[Rewrite] = (
    inverse_of_transpose,
    solution_for_identity,
    matrix_times_inverse,
    transpose_of_symmetric,
    common_factor,
    inverse_of_product,
    product_of_sum,
    expanded,
    parts_side_by_side,
    minus_before_sum,
)
