"""Products gone wrong: operands confused, turned over, in another order."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from netcalc.checking.edits.edit import (
    RARE,
    SEEN,
    USUAL,
    Changed,
    Context,
    Row,
    Shared,
    scaled,
    whole,
)
from netcalc.checking.edits.factors import passed_on
from netcalc.checking.edits.shares import Share, share_of
from netcalc.graph.backward import Use
from netcalc.graph.inverses import matmul
from netcalc.graph.inverses import swapped as swapped_axes
from netcalc.graph.leaves import eye
from netcalc.graph.node import Node
from netcalc.graph.product import PRODUCT
from netcalc.graph.sizes import same


def both_operands(context: Context) -> Iterator[Changed]:
    """A product of two with both of its own derivatives left out, or each other's taken."""
    for core, node in context.names.items():
        uses = [use for _, use in context.uses if use.node is core]
        if core.operation is not PRODUCT or len(core.args) != 2 or len(uses) != 2 or core.args[0] is core.args[1]:
            continue
        if not context.varying.issuperset(core.args):
            continue
        shares = [share_of(context, use) for use in uses]
        if any(share is None for share in shares):
            continue
        known = [share for share in shares if share is not None]
        parent = context.called(node)
        a, b = map(context.called, core.args)
        bare = {use: share.built(share.factors[:1]) for use, share in zip(uses, known, strict=True)}
        said = f"the product's own derivative left out: ∂{parent}/∂{a} is {b}, and ∂{parent}/∂{b} is {a}"
        yield Changed(said, context.replaced(bare), node, SEEN)
        wrong: dict[Use, Node] = {}
        for use, share in zip(uses, known, strict=True):
            arg, other = use.node.args[use.place], share.factors[1]
            factors = [share.factors[0], (arg, other[1])] if arg.shape == other[0].shape else None
            swapped_share = share.built(factors) if factors else _spread(share, 1, arg, use)
            if swapped_share is not None:
                wrong[use] = swapped_share
        if len(wrong) == 2:
            said = f"{a} and {b} confused: ∂{parent}/∂{b} is {a}, and ∂{parent}/∂{a} is {b}"
            yield Changed(said, context.replaced(wrong), node, USUAL)


def transposed(context: Context, use: Use) -> Iterator[Shared]:
    """A square matrix in a factor's place turned over; or the outer product."""
    share = share_of(context, use)
    if share is None or use.node.operation is not PRODUCT:
        return
    for place, (other, letters) in enumerate(share.factors):
        if (
            other.rank >= 2
            and other.shape[-1] == other.shape[-2]
            and whole(other.shape[-1]) != 1
            and not set(letters[-2:]) <= set(share.own)
        ):
            factors = [*share.factors]
            factors[place] = (other, letters[:-2] + letters[-1] + letters[-2])
            if not place:
                name = f"∂{context.called(context.one.output)}/∂{context.called(use.node)}"
                named = context.names.get(use.node)
                often = RARE if named is None or named.params.moment < 0 else SEEN
                yield Shared(f"{name} transposed", share.built(factors), often)
                continue
            name = context.called(other)
            taken, right = (name, f"{name}ᵀ") if _is_turned(context, share, letters[-2:]) else (f"{name}ᵀ", name)
            beside = symmetric(name) if is_quadratic(context, use.node, other) else ""
            yield Shared(f"{taken} taken for {right}{beside}", share.built(factors), USUAL)
    arg = use.node.args[use.place]
    is_matrix = arg.rank >= 2 and arg.shape[-1] == arg.shape[-2] and whole(arg.shape[-1]) != 1
    if is_matrix and any(own for _, own in share.factors[1:]) and not set(share.own[-2:]) <= set(share.factors[-1][1]):
        own = share.own[:-2] + share.own[-1] + share.own[-2]
        name = context.called(arg)
        above = context.called(context.one.output)
        said = f"the outer product transposed: ∂{above}/∂{name} is δ {context.called(share.factors[-1][0])}ᵀ"
        is_outer = share.factors[-1][0].rank < 2 or context.workings.of_columns
        yield Shared(said, share.built(own=own), USUAL if is_outer else SEEN)
        if is_outer and arg.rank == 2:
            diagonal = share.built([*share.factors, (eye(arg.shape[0]), share.own)])
            yield Shared("the outer product's diagonal alone", diagonal, SEEN)


def _is_turned(context: Context, share: Share, letters: str) -> bool:
    """Whether a square matrix stands transposed in a share as people write it: Wᵀ δ, of W v; δ W, of V Wᵀ."""
    row, column = letters[0], letters[1]
    own = share.own
    if row in own and column in own:
        return own.index(row) > own.index(column)
    is_right = len(own) > 1 and own[-1] in letters and not context.workings.of_columns
    return (row in own) == is_right


def symmetric(name: str) -> str:
    """What is said besides of a matrix turned over between two of one vector, as in xᵀ A x."""
    return f", as if {name} were symmetric: the gradient has both {name} and {name}ᵀ"


def is_quadratic(context: Context, core: Node, matrix: Node) -> bool:
    """Whether a product of a matrix and a vector is multiplied by that vector in turn, as in xᵀ A x."""
    if core.operation is not PRODUCT or len(core.args) != 2 or matrix not in core.args:
        return False
    vector = core.args[core.args[0] is matrix]
    users = context.users_of(core)
    return any(user.args[0].operation is PRODUCT and vector in user.args[0].args for user in users)


def weights_transposed(context: Context) -> Iterator[Changed]:
    """Weights taken for their transposes wherever something goes back through them."""

    def turned(use: Use, _: Share) -> Node | None:
        return next((one.share for one in transposed(context, use) if "taken for" in one.said), None)

    yield from _throughout(context, "square weights taken for their transposes throughout", turned)


def weights_left_out(context: Context) -> Iterator[Changed]:
    """Weights left out wherever something goes back through them."""

    def left(use: Use, share: Share) -> Node | None:
        return (
            None
            if context.is_input(use.node.args[use.place])
            else passed_on(share, 1) or share.built(share.factors[:1])
        )

    yield from _throughout(context, "the weights left out wherever something goes back through them", left)


def _throughout(context: Context, said: str, wrong: Callable[[Use, Share], Node | None]) -> Iterator[Changed]:
    """What goes wrong at every product with weights, of which there are several."""
    found = dict[Use, Node | None]()
    for _, use in context.uses:
        share = share_of(context, use)
        if share is None or len(share.factors) != 2 or not context.is_input(share.factors[1][0]):
            continue
        if (taken := wrong(use, share)) is not None:
            found[use] = taken
    if len({use.node for use in found}) > 1:
        yield Changed(said, context.replaced(found), None, SEEN)


def swapped(context: Context, use: Use) -> Iterator[Shared]:
    """A factor's own partner in its place: w for x."""
    share, arg = share_of(context, use), use.node.args[use.place]
    if share is None:
        return
    for place, (other, letters) in enumerate(share.factors[1:], 1):
        if context.is_silent(other):
            continue
        parent, name = context.called(use.node), context.called(arg)
        if other is arg or len(letters) != arg.rank or arg.shape != other.shape:
            spread = _spread(share, place, arg, use)
            if spread is not None and other is not arg:
                yield Shared(
                    f"{name} taken for {context.called(other)}: ∂{parent}/∂{name} is {context.called(other)}", spread
                )
            continue
        factors = [*share.factors]
        factors[place] = (arg, letters)
        yield Shared(
            f"{name} taken for {context.called(other)}: ∂{parent}/∂{name} is {context.called(other)}",
            share.built(factors),
        )


def _spread(share: Share, place: int, arg: Node, use: Use) -> Node | None:
    """The share with the argument itself in place of a factor of another shape, as W for v: δᵢ Wᵢⱼ, and Σᵢ δᵢ vⱼ."""
    letters = use.node.params.letters[use.place]
    factors = [*share.factors]
    factors[place] = (arg, letters)
    return share.built(factors) if set(letters) <= set("".join(own for _, own in factors)) else None


def in_another_order(context: Context, use: Use) -> Iterator[Shared]:
    """The gradient of a product of square matrices with its factors in the other order: δ Aᵀ for Aᵀ δ."""
    node, params = use.node, use.node.params
    if node.operation is not PRODUCT or len(node.args) != 2 or any(one.rank != 2 for one in (node, *node.args)):
        return
    first, second = params.letters
    is_matmul = first[0] + second[1] == params.out and first[1] == second[0]
    if not is_matmul or not all(same(one.shape[0], one.shape[1]) for one in (node, *node.args)):
        return
    delta, turned = context.delta(use), swapped_axes(node.args[1 - use.place])
    wrong = matmul(turned, delta) if use.place == 0 else matmul(delta, turned)
    name = context.called(node.args[1 - use.place])
    right = f"δ {name}ᵀ" if use.place == 0 else f"{name}ᵀ δ"
    said = f"the factors in the other order: ∂{context.called(node)}/∂{context.called(node.args[use.place])} is {right}"
    yield Shared(said, scaled(wrong, params.number), SEEN)


PRODUCTS = (
    Row("operands-confused", USUAL, changes=both_operands),
    Row("operand-transposed", USUAL, transposed),
    Row("operands-transposed", SEEN, changes=weights_transposed),
    Row("weights-left-out", SEEN, changes=weights_left_out),
    Row("operand-swapped", USUAL, swapped),
    Row("operands-reordered", SEEN, in_another_order),
)
