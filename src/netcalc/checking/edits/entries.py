"""Sums of entries and single entries gone wrong: f(Σ x) for Σ f(x), a mean's own slope, a trace, another entry."""

from __future__ import annotations

from collections.abc import Iterator

from netcalc.checking.edits.axes import MAX_UNITS
from netcalc.checking.edits.edit import RARE, SEEN, USUAL, Changed, Context, Row, Shared, bare, scaled, times, whole
from netcalc.graph.backward import Use
from netcalc.graph.elementwise import ELEMENTWISE, plain, slopes
from netcalc.graph.leaves import NAMED
from netcalc.graph.node import Node
from netcalc.graph.product import LETTERS, PRODUCT, SUM, number, product
from netcalc.graph.shaping import INDEX, index, scatter


def inside_or_outside(context: Context) -> Iterator[Changed]:
    """f(Σ x) differentiated as Σ f(x): the slope at each entry; Σ f(x) as f(Σ x): the slope at the sum."""
    for core, node in context.names.items():
        if (x := _summed(core)) is None or core not in context.one.backward.gradients:
            continue
        letters, name = LETTERS[: x.rank], context.called(x)
        for user in context.users.get(node, ()):
            share = _slope(context, user, node, x)
            gradient = context.one.backward.gradients.get(x)
            if share is not None and gradient is not None and len(set(context.users.get(node, ()))) == 1:
                said = f"the slope taken at each entry of {name}; it is that at the sum of the entries"
                own = next(use for use in context.one.backward.uses[x] if use.node is core)
                yield Changed(said, context.replaced({own: scaled(share, core.params.number)}), node, USUAL)
        inner = x.args[0]
        if x.operation is NAMED and len(inner.args) == 1 and inner.args[0].rank == x.rank:
            (z,) = inner.args
            at = product([(z, letters)], "", ())
            share = _slope(context, x, z, product([(at, "")], letters, z.shape))
            if share is not None and inner in context.one.backward.gradients:
                own = next(use for use in context.one.backward.uses[z] if use.node is inner)
                said = f"the slope taken at the sum of {context.called(z)}; it is that at each entry"
                yield Changed(said, context.replaced({own: share}), node, SEEN)
        if core.args == (x, x):
            at = product([(product([(x, letters)], "", ()), "")], letters, x.shape)
            both = [use for use in context.one.backward.uses.get(x, ()) if use.node is core]
            share = scaled(times(context.one.backward.gradients[core], at), core.params.number)
            said = f"the slope taken at the sum of {name}; it is that at each entry"
            yield Changed(said, context.replaced(dict.fromkeys(both, share)), node, SEEN)


def _summed(core: Node) -> Node | None:
    """What a number is the sum of the entries of, or of their squares; None of others."""
    if core.operation is not PRODUCT or core.rank or not core.args or not core.args[0].rank:
        return None
    letters = core.params.letters[0]
    if len(set(letters)) < len(letters) or len(core.args) > 2:
        return None
    if len(core.args) == 2 and (core.args[0] is not core.args[1] or core.params.letters[1] != letters):
        return None
    return core.args[0]


def _slope(context: Context, user: Node, arg: Node, at: Node) -> Node | None:
    """What comes back through a function or a square of its argument, with its slope at another place."""
    core = user.args[0]
    delta = context.one.backward.gradients.get(core)
    if delta is None:
        return None
    if core.operation is PRODUCT and core.args == (arg, arg) and not arg.rank:
        return scaled(times(delta, at), 2 * core.params.number)
    if core.operation is ELEMENTWISE and core.args == (arg,):
        letters = LETTERS[: at.rank]
        return times(delta, plain(slopes(core.params.tree, 1)[0], [(at, letters)], letters, at.shape))
    return None


def mean_of_own_entry(context: Context) -> Iterator[Changed]:
    """x − mean(x) with the mean's slope for the own entry alone: 1 − 1/n of what comes back."""
    for core, node in context.names.items():
        if core.operation is not SUM or len(core.args) != 2 or core not in context.one.backward.gradients:
            continue
        x, middle = core.args
        inner = bare(middle)
        if inner.operation is not PRODUCT or inner.args != (x,) or len(context.users.get(middle, ())) > 1:
            continue
        letters = LETTERS[: x.rank]
        by = core.params.numbers[1] * inner.params.number
        own = product([(context.one.backward.gradients[core], letters)], letters, x.shape, by)
        uses = [use for use in context.one.backward.uses.get(x, ()) if use.node is inner]
        said = f"the mean's slope counted for the own entry alone: every entry of {context.called(x)} moves the mean"
        yield Changed(said, context.replaced(dict.fromkeys(uses, own)), node, SEEN)


def traces(context: Context, use: Use) -> Iterator[Shared]:
    """A trace's slope as ones: it is the identity."""
    node = use.node
    if node.operation is PRODUCT and len(node.args) == 1 and len(node.params.letters[0]) == 2 and not node.rank:
        first, second = node.params.letters[0]
        if first == second:
            ones = scaled(times(context.delta(use), number(1, node.args[0].shape)), node.params.number)
            yield Shared("trace′ taken as 1 in every entry; it is the identity", ones, USUAL)


def other_entry(context: Context) -> Iterator[Changed]:
    """Another entry of a vector taken, as another class's probability in a loss."""
    for core, node in context.names.items():
        if core.operation is not INDEX or len(core.args) > 1 or core.args[0].rank != 1 or core.rank:
            continue
        (place,), (vector,) = core.params.key, core.args
        size, index_from = whole(vector.shape[0]), context.workings.index_from
        uses = [use for _, use in context.uses if use.node is core]
        for other in range(min(size, MAX_UNITS)) if isinstance(place, int) else ():
            if other != place % size:
                moved = {use: scatter(context.delta(use), core.params._replace(key=(other,))) for use in uses}
                said = f"entry {other + index_from} of {context.called(vector)} taken for entry {place + index_from}"
                near = SEEN if abs(other - place) == 1 else RARE
                yield Changed(said, {node: index(vector, (other,)), **context.replaced(moved)}, node, near)


ENTRIES = (
    Row("sum-inside", SEEN, changes=inside_or_outside),
    Row("mean-of-own-entry", SEEN, changes=mean_of_own_entry),
    Row("trace-as-ones", USUAL, traces),
    Row("other-entry", SEEN, changes=other_entry),
)
