"""Sums whose axis stays, so that they broadcast against what was summed: `sum(a*b, axis=1, keepdims=True)`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from netcalc.graph.node import Node
from netcalc.graph.opened import Opened, opened
from netcalc.graph.product import LETTERS, PRODUCT, SUM, Factor, product
from netcalc.graph.rebuilt import with_arguments


def axis_kept(node: Node) -> Iterator[Node]:
    """a + Σ b c = a + Σ b c with the axis kept, where a has it."""
    if node.operation is not SUM:
        return
    for place, (arg, own) in enumerate(node.factors):
        if arg.operation is PRODUCT and 0 < len(own) < node.rank:
            narrow = _kept(opened(arg, LETTERS[: arg.rank]), arg)
            if narrow is not None and narrow is not arg:
                yield with_arguments(node, [*node.args[:place], narrow, *node.args[place + 1 :]])


def sum_apart(node: Node) -> Iterator[Node]:
    """Σ a b c = a Σ b c with the axis kept, where a lacks what is summed over."""
    if node.operation is not PRODUCT or not node.rank:
        return
    out: str = node.params.out
    term = opened(node, out)
    for group in _summed_together(term.factors, out):
        held = "".join(one for one in out if any(one in own for _, own in group))
        rest = [factor for factor in term.factors if factor not in group]
        if len(group) > 1 and rest and 0 < len(held) < len(out):
            sizes = term.sizes()
            inner = product(group, held, tuple(sizes[one] for one in held))
            names = dict(zip(held, LETTERS, strict=False))
            narrow = _kept(opened(inner, "".join(names.values())), inner)
            if narrow is not None:
                yield product([*rest, (narrow, held)], out, node.shape, term.number)


def _kept(term: Opened, node: Node) -> Node | None:
    """A node of several factors with an axis of one entry more, that is left out again."""
    letters = LETTERS[: node.rank]
    fresh = next((one for one in LETTERS if one not in letters + term.letters()), None)
    if fresh is None or len(term.factors) < 2 or set(term.letters()) <= set(letters):
        return None
    wide = product(term.factors, letters + fresh, (*node.shape, 1), term.number)
    return product([(wide, LETTERS[: wide.rank])], letters, node.shape)


def _summed_together(factors: Sequence[Factor], out: str) -> Iterator[list[Factor]]:
    """Factors that share letters that are summed over."""
    left = list(factors)
    while left:
        group = [left.pop(0)]
        letters = set(group[0][1]) - set(out)
        while more := [factor for factor in left if letters & set(factor[1])]:
            group += more
            letters |= {one for _, own in more for one in own} - set(out)
            left = [factor for factor in left if factor not in more]
        if letters:
            yield group
