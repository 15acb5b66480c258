"""What stands within a formula and has a name of its own: x̂ for (x - μ)·s, r³ for 1/√v³."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import count

from netcalc.graph.elementwise import ELEMENTWISE
from netcalc.graph.kept import sum_apart
from netcalc.graph.node import Node
from netcalc.graph.opened import Opened, opened
from netcalc.graph.product import LETTERS, PRODUCT, Factor, product
from netcalc.graph.sizes import settled

MAX_FACTORS = 6  # of a definition that is looked for
MAX_TRIED = 200  # definitions that are laid beside a product


class Names:
    """Names by what they are the product of. A formula is written with names that come before its own alone.

    `plain` has a definition as nodes are that are looked through.
    """

    def __init__(self, named: Sequence[Node], plain: Callable[[Node], Node]) -> None:
        self._places = _places(named)
        self._named = named
        self._plain = plain

    @cached_property
    def _found(self) -> Mapping[Node, Sequence[tuple[Node, Opened]]]:
        found: dict[Node, list[tuple[Node, Opened]]] = {}
        for node in self._named:
            apart = _definition(self._plain(node.args[0]))
            is_gradient = self._places[node] >= len(self._named)
            if apart is None or (is_gradient and _is_sum(node, apart)):
                continue  # a gradient that sums is passed on by the chain rule, not looked for
            for factor in dict.fromkeys(one for one, _ in apart.factors):
                found.setdefault(factor, []).append((node, apart))
        return found

    def within(self, node: Node, root: Node) -> Iterator[Node]:
        """a b c = y c where y is the name of a b, once and as often as it can be, in the formula of `root`."""
        if node.operation not in (PRODUCT, ELEMENTWISE) or not self._named:
            return
        out = LETTERS[: node.rank]
        term = opened(node, out)
        limit = self._places.get(root, len(self._places) * 2)
        known = dict.fromkeys(pair for factor, _ in term.factors for pair in self._found.get(factor, ()))
        for name, apart in list(known)[:MAX_TRIED]:
            left: Opened | None = term
            while left and self._places[name] < limit and (left := _put_in(left, out, name, apart)):
                whole = product(left.factors, out, node.shape, left.number)
                yield whole
                yield from sum_apart(whole)


def _places(named: Sequence[Node]) -> dict[Node, int]:
    """Where each name and what it stands for is on the page: forward first to last, then gradients last to first."""
    texts = {node.params: place for place, node in enumerate(named)}
    found: dict[Node, int] = {}
    for place, node in enumerate(named):
        of = texts.get(node.params._replace(text=node.params.text[1:])) if node.params.text.startswith("d") else None
        found[node] = place if of is None else 2 * len(named) - of
    return {node.args[0]: place for node, place in found.items()} | found


def _definition(own: Node) -> Opened | None:
    """What a name stands for as a number and factors, if they are few and its axes are theirs."""
    letters = LETTERS[: own.rank]
    apart = opened(own, letters)
    held = apart.letters()
    has_all = all(one in held or settled(extent) == 1 for one, extent in zip(letters, own.shape, strict=True))
    return apart if 1 <= len(apart.factors) <= MAX_FACTORS and has_all and apart.number else None


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
