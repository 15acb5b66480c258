"""A node as a number and factors: products within products opened, and powers below a bar taken apart."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from functools import lru_cache
from itertools import islice
from math import prod

from netcalc.expression import Apply, Number, Tree, symbols
from netcalc.expression.tree import ONE
from netcalc.graph.elementwise import ELEMENTWISE, of_tree
from netcalc.graph.node import Node
from netcalc.graph.product import LETTERS, PRODUCT, Factor, Sum, product, renamed
from netcalc.graph.reductions import RECIPROCAL
from netcalc.graph.sizes import Size, settled

MAX_POWER = 6  # below a bar, that is taken apart


class Opened:
    """A number times factors; a letter that the node lacks is summed over."""

    def __init__(self, number: Fraction, factors: Sequence[Factor]) -> None:
        self.number = number
        self.factors = list(factors)

    def with_factor(self, factor: Factor, out: str) -> Opened | None:
        """It with its summed letters as in `factor`, if it has that factor."""
        node, letters = factor
        for own, its in self.factors:
            if own is node:
                names = dict(zip(its, letters, strict=True))
                if all(b == a or (a not in out and b not in out) for a, b in names.items()):
                    taken = {*out, *letters, *self.letters()}
                    spare = iter([one for one in LETTERS if one not in taken])
                    clashes = [one for one in dict.fromkeys(self.letters()) if one in letters and one not in its]
                    fresh = zip([one for one in clashes if one not in out], spare, strict=False)
                    found = self.renamed(names | dict(fresh))
                    if factor in found.factors:
                        return found
        return None

    def renamed(self, names: dict[str, str]) -> Opened:
        """It with other letters."""
        return Opened(self.number, [(one, "".join(names.get(a, a) for a in own)) for one, own in self.factors])

    def without(self, factor: Factor) -> Opened:
        """It without one of its factors."""
        left = list(self.factors)
        left.remove(factor)
        return Opened(self.number, left)

    def letters(self) -> str:
        """All letters of its factors, one after the other."""
        return "".join(own for _, own in self.factors)

    def sizes(self) -> dict[str, Size]:
        """The size of each letter."""
        return sizes_of(self.factors)


Inside = Callable[[Node], Node]


def opened(node: Node, letters: str, inside: Inside = lambda node: node) -> Opened:
    """A node with these letters as a number and factors; `inside` may have another node in the place of each."""
    found = Opened(Fraction(1), [])
    _open(found, node, letters, iter([one for one in LETTERS if one not in letters]), inside)
    return found


def opened_terms(node: Node, inside: Inside = lambda node: node) -> Iterator[Opened]:
    """The terms of a sum, each as a number and factors."""
    params: Sum = node.params
    for arg, own, by in zip(node.args, params.letters, params.numbers, strict=True):
        found = Opened(by, [])
        _open(found, arg, own, iter([one for one in LETTERS if one not in params.out]), inside)
        yield found


def _open(term: Opened, node: Node, letters: str, spare: Iterator[str], inside: Inside) -> None:
    node = inside(node)
    summed = node.params.summed if node.operation is PRODUCT else ""
    fresh = list(islice(spare, len(summed)))
    if node.operation is not PRODUCT or len(fresh) < len(summed):
        number, factors = taken_apart(node, letters)
        term.number *= number
        term.factors += map(_squeezed, factors)
        return
    term.number *= node.params.number
    for factor, own in renamed(node, letters, dict(zip(summed, fresh, strict=True))):
        _open(term, factor, own, spare, inside)


def _squeezed(factor: Factor) -> Factor:
    """A factor without its axes of one entry."""
    node, letters = factor
    kept = [place for place, extent in enumerate(node.shape) if settled(extent) != 1]
    own = "".join(letters[place] for place in kept)
    if len(kept) == node.rank:
        return factor
    return product([factor], own, tuple(node.shape[place] for place in kept)), own


def taken_apart(node: Node, letters: str) -> tuple[Fraction, list[Factor]]:
    """A formula as a number and factors, 1/bⁿ as n times 1/b; what is none as it is."""
    if node.operation not in (ELEMENTWISE, RECIPROCAL):
        return Fraction(1), [(node, letters)]
    number, above, below = fraction(node.params.tree)
    if number == 1 and len(above) + len(below) == 1 and node.operation is ELEMENTWISE:
        return number, [(node, letters)]
    leaves = renamed(node, letters)
    sizes = dict(zip(letters, node.shape, strict=True))
    factors = []
    for tree in (*above, *(Apply("divide", (ONE, base)) for base in below)):
        held = {one for name in symbols(tree) for one in leaves[int(name[1:])][1]}
        own = "".join(one for one in letters if one in held)
        factors.append((of_tree(tree, leaves, own, tuple(sizes[one] for one in own)), own))
    return number, factors


@lru_cache(maxsize=4096)
def fraction(tree: Tree) -> tuple[Fraction, tuple[Tree, ...], tuple[Tree, ...]]:
    """A formula as a number, what stands above the bar, and what stands below it, as often as it does."""
    match tree:
        case Number(value):
            return value, (), ()
        case Apply("negate", (inner,)):
            number, above, below = fraction(inner)
            return -number, above, below
        case Apply("multiply", parts):
            apart = [fraction(part) for part in parts]
            return (
                prod((number for number, _, _ in apart), start=Fraction(1)),
                tuple(one for _, above, _ in apart for one in above),
                tuple(one for _, _, below in apart for one in below),
            )
        case Apply("divide", (top, bottom)):
            number, above, below = fraction(top)
            by, over, under = fraction(bottom)
            return (number / by, (*above, *under), (*below, *over)) if by else (Fraction(1), (tree,), ())
        case Apply("power", (base, Number(value))) if value.denominator == 1 and 1 < value <= MAX_POWER:
            return Fraction(1), (base,) * int(value), ()
        case _:
            return Fraction(1), (tree,), ()


def sizes_of(factors: Sequence[Factor]) -> dict[str, Size]:
    """The size of each letter of some factors."""
    return {one: extent for node, own in factors for one, extent in zip(own, node.shape, strict=True)}
