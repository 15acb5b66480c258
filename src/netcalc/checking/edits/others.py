"""One tensor taken for another: a value, a gradient, the weights after a step; one counted twice."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from netcalc.checking.edits.edit import (
    RARE,
    SEEN,
    Context,
    Frequency,
    Row,
    Shared,
    bare,
    scaled,
    times,
)
from netcalc.checking.edits.shares import share_of
from netcalc.graph.backward import Use
from netcalc.graph.leaves import NAMED
from netcalc.graph.node import Node
from netcalc.graph.product import LETTERS, PRODUCT, SUM, total

MAX_GRADIENTS = 4  # gradients of other steps, the nearest ones, that are tried in another one's place
MAX_OTHERS = 12  # tensors that are tried in another one's place
RATES = ("1", "0.1", "0.5", "0.01")


def other_tensor(context: Context, use: Use) -> Iterator[Shared]:
    """Another tensor of the same shape in a factor's place."""
    share, arg = share_of(context, use), use.node.args[use.place]
    if share is None:
        return
    for place, (other, letters) in enumerate(share.factors[1:], 1):
        if other is arg or other.operation is not NAMED or context.is_silent(other):
            continue
        near = _near(context, other) | _beside(context, use, other)
        tried = [
            one
            for one in context.one.nodes
            if one.shape == other.shape
            and one not in (other, arg, context.one.output)
            and not context.is_silent(one)
            and (one in near or (one.params.moment >= 0 and one.rank))
        ]
        for one in sorted(tried, key=lambda node: node not in near)[:MAX_OTHERS]:
            factors = [*share.factors]
            factors[place] = (one, letters)
            often: Frequency = SEEN if one in near or one.rank else RARE
            yield Shared(f"{context.called(one)} taken for {context.called(other)}", share.built(factors), often)


def other_gradient(context: Context, use: Use) -> Iterator[Shared]:
    """What comes back from another step of the same shape in the place of the gradient from above."""
    own = context.names.get(use.node)
    if own is None or not own.rank:
        return
    order, called = context.one.nodes, context.called(own)
    here = order.index(own)
    users = {*context.users.get(own, ())}
    users |= {user for one in users if context.called(one) == called for user in context.users.get(one, ())}
    others = [
        (abs(place - here), one)
        for place, one in enumerate(order)
        if one is not own
        and one not in users  # that is a slope left out
        and one.shape == own.shape
        and one.params.moment >= 0
        and not context.is_silent(one)
        and not context.is_input(one)
        and context.one.backward.gradients.get(one) is not None
    ]
    back = context.gradient(use.node.args[use.place])
    nearest = [one for _, one in sorted(others, key=lambda pair: pair[0])[:MAX_GRADIENTS]]
    for one in nearest:
        if back in context.below(context.gradient(one)):
            continue  # it is not there yet
        if (share := use.node.vjp(use.place, context.gradient(one))) is not None:
            yield Shared(f"the gradient of {context.called(one)} taken for that of {called}", share)


def _near(context: Context, node: Node) -> set[Node]:
    """What a node is made of directly, and what is made of it."""
    return {*node.args[0].args, *context.users.get(node, ())}


def _beside(context: Context, use: Use, other: Node) -> set[Node]:
    """The numbers that are factors of other terms of a sum, as g and i of f·c + i·g are beside f and c."""
    terms = {term for user in context.users_of(use.node) if user.args[0].operation is SUM for term in user.args[0].args}
    if other.rank or use.node.operation is not PRODUCT:
        return set()
    return {one for term in terms if bare(term).operation is PRODUCT for one in bare(term).args if not one.rank}


def updated(context: Context, use: Use) -> Iterator[Shared]:
    """The weights after a step in a factor's place."""
    share = share_of(context, use)
    if share is None:
        return
    for place, (other, letters) in enumerate(share.factors[1:], 1):
        if (
            not context.is_input(other)
            or context.is_silent(other)
            or other is use.node.args[use.place]
            or context.is_input(use.node.args[use.place])
        ):
            continue
        gradient = context.gradient(other)
        names = LETTERS[: other.rank]
        own = context.workings.inputs.get("lr")
        for rate in RATES if own is None else ("lr",):
            step = scaled(gradient, Fraction(rate)) if own is None else times(gradient, own)
            stepped = total([(other, names), (step, names)], names, other.shape, [1, -1])
            factors = [*share.factors]
            factors[place] = (stepped, letters)
            yield Shared(f"the weights already updated, with a step of {rate}", share.built(factors))


def scaled_share(context: Context, use: Use) -> Iterator[Shared]:
    """The share of one use twice, or half."""
    arg = use.node.args[use.place]
    if len(context.one.backward.uses.get(arg, ())) > 1 and use.node.args.count(arg) == 1:
        name = context.called(use.node)
        yield Shared(f"what comes back from {name} counted twice", scaled(use.share, 2), RARE)


OTHERS = (
    Row("other-tensor", RARE, other_tensor),
    Row("other-gradient", RARE, other_gradient),
    Row("weights-updated", RARE, updated),
    Row("counted-twice", RARE, scaled_share),
)
