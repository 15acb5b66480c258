"""What stands within a formula and has a name of its own: x̂ for (x - μ)·s, r³ for 1/√v³."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import cached_property
from itertools import count

from netcalc.expression import Apply, Number, Symbol, Tree
from netcalc.expression.tree import ONE, ZERO
from netcalc.graph.elementwise import ELEMENTWISE, elementwise, of_tree, slot
from netcalc.graph.kept import sum_apart
from netcalc.graph.leaves import Name
from netcalc.graph.node import Node
from netcalc.graph.opened import Opened, opened
from netcalc.graph.product import LETTERS, PRODUCT, SUM, Factor, number, product
from netcalc.graph.sizes import Shape, settled
from netcalc.records import NamedTuple

LOGARITHM = Apply("log", (Symbol(slot(0)),))
MAX_FACTORS = 6  # of a definition that is looked for
MAX_TRIED = 200  # definitions that are laid beside a product


class Meaning(NamedTuple):
    """A name, or a power of e with one, what it stands for, and where on the page it is."""

    node: Node
    apart: Opened
    place: int


class Names:
    """Names by what they are the product of. A formula is written with names that come before its own alone.

    `plain` has a definition as nodes are that are looked through.
    """

    def __init__(self, named: Sequence[Node], plain: Callable[[Node], Node]) -> None:
        self._places = _places(named)
        self._named = named
        self._plain = plain

    @cached_property
    def _found(self) -> Mapping[Node, Sequence[Meaning]]:
        found: dict[Node, list[Meaning]] = {}
        for meaning in self._meanings():
            for factor in dict.fromkeys(one for one, _ in meaning.apart.factors):
                found.setdefault(factor, []).append(meaning)
        return found

    @cached_property
    def _rectified(self) -> Mapping[Key, Node]:
        """Names of max(q, 0), by q: where q > 0 they are."""
        found: dict[Key, Node] = {}
        for node in self._named:
            own = self._plain(node.args[0])
            if own.operation is ELEMENTWISE and (q := _is_rectified(own.params.tree)) is not None:
                found.setdefault((q, tuple(own.args), own.params.letters, own.shape), node)
        return found

    def _meanings(self) -> Iterator[Meaning]:
        for node in self._named:
            own = self._plain(node.args[0])
            apart, place = _definition(own), self._places[node]
            is_gradient = place >= len(self._named)
            if apart is not None and not (is_gradient and _is_sum(node, apart)):
                yield Meaning(node, apart, place)  # a gradient that sums is passed on by the chain rule
            if not is_gradient and (power := _exponential(own)) is not None:
                yield Meaning(elementwise("exp", node), power, place)

    def within(self, node: Node, root: Node) -> Iterator[Node]:
        """a b c = y c where y is the name of a b, once and as often as it can be, in the formula of `root`."""
        if node.operation not in (PRODUCT, ELEMENTWISE) or not self._named:
            return
        out = LETTERS[: node.rank]
        term = opened(node, out)
        limit = self._places.get(root, math.inf)
        if (side := _side(node)) is not None:
            name = self._rectified.get(side.key)
            if name is not None and self._places[name] < limit:
                tree = Apply("where", (Apply("greater", (Symbol(slot(0)), ZERO)), side.then, side.other))
                yield of_tree(tree, [(name, out)], out, node.shape)
        known = dict.fromkeys(one for factor, _ in term.factors for one in self._found.get(factor, ()))
        for name, apart, place in list(known)[:MAX_TRIED]:
            if _is_beside_its_power(apart, term):
                continue
            left: Opened | None = term
            while left and place < limit and (left := _put_in(left, out, name, apart)):
                whole = product(left.factors, out, node.shape, left.number)
                yield whole
                yield from sum_apart(whole)


Key = tuple[Tree, tuple[Node, ...], tuple[str, ...], Shape]  # a formula, and what it is of


class Side(NamedTuple):
    """where(q > 0, then, other), of numbers."""

    key: Key
    then: Tree
    other: Tree


def _is_rectified(tree: Tree) -> Tree | None:
    """The q of max(q, 0)."""
    match tree:
        case Apply("relu", (q,)):
            return q
        case Apply("max", (q, zero)) | Apply("max", (zero, q)) if zero == ZERO:
            return q
    return None


def _side(node: Node) -> Side | None:
    """On which side of 0 a formula is, as the slope of a ReLU asks."""
    if node.operation is not ELEMENTWISE:
        return None
    match node.params.tree:
        case Apply("where", (Apply("greater", (q, zero)), Number() as then, Number() as other)) if zero == ZERO:
            pass
        case Apply("relu'", (q,)):
            then, other = ONE, ZERO
        case _:
            return None
    return Side((q, tuple(node.args), node.params.letters, node.shape), then, other)


def _places(named: Sequence[Node]) -> dict[Node, int]:
    """Where each name and what it stands for is on the page: forward first to last, then gradients last to first."""
    texts = {node.params: place for place, node in enumerate(named)}
    found: dict[Node, int] = {}
    for place, node in enumerate(named):
        of = Name(node.params.gradient_of, node.params.moment)
        found[node] = 2 * len(named) - texts.get(of, 0) if is_gradient(node) else place
    return {node.args[0]: place for node, place in found.items()} | found


def is_gradient(node: Node) -> bool:
    """Whether a named node is one that the backward pass found, whatever a program calls its own."""
    return bool(node.params.gradient_of)


def _definition(own: Node) -> Opened | None:
    """What a name stands for as a number and factors, if they are few and its axes are theirs."""
    letters = LETTERS[: own.rank]
    apart = opened(own, letters)
    held = apart.letters()
    has_all = all(one in held or settled(extent) == 1 for one, extent in zip(letters, own.shape, strict=True))
    return apart if 1 <= len(apart.factors) <= MAX_FACTORS and has_all and apart.number else None


def _exponential(own: Node) -> Opened | None:
    """exp(a)/b where a name stands for a - log(b)."""
    if own.operation is not SUM or sorted(own.params.numbers) != [-1, 1]:
        return None
    pairs = dict(zip(own.params.numbers, own.factors, strict=True))
    (a, letters), (subtracted, fewer) = pairs[Fraction(1)], pairs[Fraction(-1)]
    factors = opened(subtracted, fewer).factors
    if len(factors) != 1:
        return None
    log, held = factors[0]
    log = log.args[0] if log.operation is PRODUCT and len(log.args) == 1 else log
    if log.operation is not ELEMENTWISE or log.params.tree != LOGARITHM:
        return None
    (b,) = log.args
    spare = iter([one for one in LETTERS if one not in letters])
    own_letters = iter(held)
    places = "".join(next(spare) if settled(one) == 1 else next(own_letters) for one in b.shape)
    below = opened(elementwise("divide", number(1), b), places)
    return Opened(below.number, [(elementwise("exp", a), letters), *below.factors])


def _is_beside_its_power(apart: Opened, term: Opened) -> bool:
    """Whether a name for 1/(1 + e) would leave e = exp(u) alone: e/(1 + e)² stays whole, as e overflows."""
    beside = [(own.params.tree, own.args) for own in _formulas(term)]
    for own in _formulas(apart):
        match own.params.tree:
            case Apply("divide", (_, Apply("add", terms))):
                if any((Apply("exp", (u,)), own.args) in beside for u in _exponents(terms)):
                    return True
    return False


def _exponents(terms: Sequence[Tree]) -> Iterator[Tree]:
    for term in terms:
        match term:
            case Apply("exp", (u,)):
                yield u


def _formulas(term: Opened) -> Iterator[Node]:
    """The factors that are formulas, without axes of one entry that were dropped."""
    for node, _ in term.factors:
        own = node.args[0] if node.operation is PRODUCT and len(node.args) == 1 else node
        if own.operation is ELEMENTWISE:
            yield own


def _is_sum(node: Node, apart: Opened) -> bool:
    return not set(apart.letters()) <= set(LETTERS[: node.rank])


def _put_in(term: Opened, out: str, name: Node, apart: Opened) -> Opened | None:
    """The product with a name in the place of some of its factors."""
    own = LETTERS[: name.rank]
    for used, letters in _matches(apart.factors, term.factors, {}, ()):
        rest = [factor for n, factor in enumerate(term.factors) if n not in used]
        kept = {letters.get(one) for one in own}
        inner = {letters[one] for one in letters if one not in own}
        if inner & kept or any(one in out or any(one in its for _, its in rest) for one in inner):
            continue
        fresh = (one for one in LETTERS if one not in {*out, *term.letters()})
        factor = (name, "".join(letters[one] if one in letters else next(fresh) for one in own))
        before = sum(n not in used for n in range(min(used)))
        return Opened(term.number / apart.number, [*rest[:before], factor, *rest[before:]])
    return None


def _matches(
    wanted: Sequence[Factor], factors: Sequence[Factor], letters: Mapping[str, str], used: tuple[int, ...]
) -> Iterator[tuple[tuple[int, ...], Mapping[str, str]]]:
    """The places of factors that are all those wanted, and what their letters are there."""
    if not wanted:
        yield used, letters
        return
    (node, own), *others = wanted
    for place, (factor, its) in zip(count(), factors, strict=False):
        if factor is not node or place in used:
            continue
        joined = dict(letters)
        fits = all(joined.setdefault(a, b) == b for a, b in zip(own, its, strict=True))
        if fits and len(set(joined.values())) == len(joined):
            yield from _matches(others, factors, joined, (*used, place))
