"""Factors and terms of factors left out of what comes back from a product."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from netcalc.checking.edits.edit import (
    RARE,
    SEEN,
    USUAL,
    Context,
    Row,
    Shared,
    bare,
)
from netcalc.checking.edits.shares import Share, share_of
from netcalc.expression import Number, Symbol, power
from netcalc.graph.backward import Use
from netcalc.graph.build import divide
from netcalc.graph.elementwise import elementwise, operator_of, plain
from netcalc.graph.leaves import NAMED, SIZE
from netcalc.graph.node import Node
from netcalc.graph.product import PRODUCT, SUM, number, total
from netcalc.graph.sizes import same, tree
from netcalc.notation import to_unicode

TARGETS = ("t", "target", "y", "Y", "T")
POWERS = ("the 2 of the square's derivative left out", "a factor of the power left out")


def left_out(context: Context, use: Use) -> Iterator[Shared]:
    """One of the other factors left out."""
    share = share_of(context, use)
    if share is None:
        return
    for place, (other, letters) in enumerate(share.factors[1:], 1):
        kept = [one for n, one in enumerate(share.factors) if n != place]
        if other is use.node.args[use.place]:
            squares = use.node.args.count(other) == 2
            if squares and letters != share.own and any(user.rank for user in context.users_of(use.node)):
                continue  # of x xᵀ one of two places, which is told as that
            yield Shared(POWERS[not squares], _half(share), USUAL if squares else SEEN)
            if squares:
                yield Shared("a square's derivative without what is squared", _without(share, place), SEEN)
                if share.own == share.factors[place][1]:
                    itself = share.built([*share.factors, share.factors[place]], share.number / 2)
                    yield Shared("the power itself taken for its derivative", itself, SEEN)
                if not use.node.rank and other.rank:
                    said = "divided by the norm, as the norm itself is; the square's derivative is 2x"
                    yield Shared(said, divide(share.built(), elementwise("sqrt", use.node)), SEEN)
                    said = "the gradient of the norm, x/‖x‖, taken for that of its square, 2x"
                    yield Shared(said, divide(_half(share), elementwise("sqrt", use.node)), SEEN)
            continue
        parent, arg = context.called(use.node), context.called(use.node.args[use.place])
        if context.called(other) == "delta" and context.is_input(other):
            said = "what comes from above is left out: ∂L/∂ the output taken as 1"
            yield Shared(said, share.built(kept), USUAL)
        elif other not in context.varying:
            name = context.called(other)
            is_mean = other.operation is NAMED and name.startswith("1/") and "(" not in name
            kind = "the mean's" if is_mean else "the factor"
            yield Shared(f"{kind} {name} left out", share.built(kept), USUAL)
            if (sizes := _over_sizes(other)) is not None:
                said = f"the mean's 1/{'·'.join(to_unicode(tree(bare(one).params)) for one in sizes.args)} left out"
                yield Shared(said, share.built(kept, share.number / sizes.params.number), USUAL)
        else:
            often = USUAL if context.is_input(other) and not other.rank else SEEN
            said = f"∂{parent}/∂{arg} left out: it is {context.called(other)}"
            yield Shared(said, share.built(kept), often)
            if (straight := passed_on(share, place)) is not None:
                yield Shared(said, straight, often)
            if (
                context.is_input(other)
                and set(share.factors[place][1]) <= set(share.own)
                and not context.is_silent(other)
            ):
                again = share.built([*share.factors, share.factors[place]])
                yield Shared(f"∂{parent}/∂{arg} applied twice: it is {context.called(other)}", again, RARE)


def _over_sizes(factor: Node) -> Node | None:
    """What is below the bar of 1/(2n), a number times sizes; None of another factor."""
    core = bare(factor)
    if operator_of(core) != "divide" or len(core.args) != 1 or core.params.tree.arguments[0] != Number(Fraction(1)):
        return None
    below = bare(core.args[0])
    is_scaled = below.operation is PRODUCT and below.params.number != 1
    return below if is_scaled and all(bare(one).operation is SIZE for one in below.args) else None


def power_left_out(context: Context, use: Use) -> Iterator[Shared]:
    """A factor that is a power, with one factor less: α for α²."""
    share = share_of(context, use)
    if share is None:
        return
    for place, (other, letters) in enumerate(share.factors[1:], 1):
        core = bare(other)
        if operator_of(core) != "power" or len(core.args) != 1:
            continue
        base, exponent = core.params.tree.arguments
        if isinstance(exponent, Number) and exponent.value > 1 and isinstance(base, Symbol):
            less = plain(
                power(base, Number(exponent.value - 1)),
                [(core.args[0], core.params.letters[0])],
                core.params.out,
                core.shape,
            )
            factors = [*share.factors]
            factors[place] = (less, letters)
            yield Shared(f"a factor {context.called(core.args[0])} left out", share.built(factors))


def _without(share: Share, place: int) -> Node:
    """The share with ones in the place of a factor."""
    node, letters = share.factors[place]
    return share.built([*share.factors[:place], (number(1, node.shape), letters), *share.factors[place + 1 :]])


def _half(share: Share) -> Node:
    """One of the two equal shares of a square, halved; both are edited together."""
    return share.built(number=share.number / 2)


def passed_on(share: Share, place: int) -> Node | None:
    """The share without a square matrix, the gradient itself in the place of Aᵀ δ; None where it does not fit."""
    (delta, above), (other, letters) = share.factors[0], share.factors[place]
    if len(share.factors) > 2 or other.rank != 2 or not same(*other.shape):
        return None
    gone = [one for one in letters if one in share.summed]
    new = [one for one in letters if one in share.own and one not in above]
    if len(gone) != 1 or len(new) != 1 or gone[0] not in above:
        return None
    return share.built([(delta, above.replace(gone[0], new[0]))])


def part_of_sum(context: Context, use: Use) -> Iterator[Shared]:
    """A factor that is a sum, with one of its terms left out: the target, of a − t."""
    share = share_of(context, use)
    if share is None:
        return
    for place, (other, letters) in enumerate(share.factors[1:], 1):
        if other.operation is not NAMED or other.args[0].operation is not SUM:
            continue
        inner, core = other.args[0].params, other.args[0]
        for n, term in enumerate(core.args):
            kept = [
                ((one, own), by)
                for m, (one, own, by) in enumerate(zip(core.args, inner.letters, inner.numbers, strict=True))
                if m != n
            ]
            if not kept:
                continue
            without = total([one for one, _ in kept], inner.out, core.shape, [by for _, by in kept])
            factors = [*share.factors]
            factors[place] = (without, letters)
            if other is use.node.args[use.place]:  # of a square, where both shares are one
                factors = [(without if one is other else one, own) for one, own in share.factors]
            sign = "−" if inner.numbers[n] < 0 else "+"
            name = context.called(term)
            if other is use.node.args[use.place] and len(core.args) > 1:
                halves = [by / 2 if m == n else by for m, by in enumerate(inner.numbers)]
                half = total(list(zip(core.args, inner.letters, strict=True)), inner.out, core.shape, halves)
                own = share.built([(half if one is other else one, its) for one, its in share.factors])
                yield Shared(f"the 2 of the square left out of the term {sign} {name}", own, SEEN)
            target = name in TARGETS
            yield Shared(
                f"the target left out of the gradient: without {sign} {name}"
                if target
                else f"{sign} {name} left out of the gradient",
                share.built(factors),
                USUAL if target else SEEN,
            )


FACTORS_LEFT_OUT = (
    Row("factor-left-out", SEEN, left_out),
    Row("power-left-out", USUAL, power_left_out),
    Row("term-left-out-of-factor", SEEN, part_of_sum),
)
