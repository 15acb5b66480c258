"""Numbers in front gone wrong: left out, applied twice, inverted; a mean's 1/n, the scale of a product."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from math import prod

from netcalc.checking.edits.edit import SEEN, USUAL, Context, Row, Shared, bare, scaled, times, whole
from netcalc.checking.edits.shares import share_of
from netcalc.graph.backward import Use
from netcalc.graph.build import divide
from netcalc.graph.product import PRODUCT, SUM, number


def numbers(context: Context, use: Use) -> Iterator[Shared]:
    """A number in front left out, doubled, inverted; a sign."""
    share = share_of(context, use)
    if share is None:
        return
    number = share.number
    size = abs(number)
    if size != 1:
        sign = 1 if number > 0 else -1
        counts = averaged(context, use)
        count = next((one for one in counts if size == Fraction(1, one)), 0)
        kind = f"the mean's 1/{count}" if count > 2 else f"the factor {_written(size)}"
        usual = USUAL if count or size == Fraction(1, 2) else SEEN
        yield Shared(f"{kind} left out", share.built(number=Fraction(sign)), usual)
        for one in (*(count // one for one in counts), *counts) if count else ():
            if one > 1 and (count % one == 0 or one % count == 0) and one != count:
                said = f"the mean of {one} entries taken, in place of that of {count}"
                yield Shared(said, share.built(number=number * count / one), SEEN)
        for one in (count,) if count else counts:
            if one != count and size.denominator % one == 0:
                is_mean = size * one in (Fraction(1, 2), 1, 2)
                said = (
                    f"the mean's 1/{one} left out"
                    if is_mean
                    else f"{one} times what it is, as without a mean's 1/{one}"
                )
                yield Shared(said, share.built(number=number * one), USUAL)
            if size.denominator % one == 0:
                less = share.built(number=number * one / (one - 1))
                yield Shared(f"a mean of {one} divided by {one - 1}", less, SEEN)
        yield Shared(f"{kind} applied twice", share.built(number=number * size), SEEN)
        yield Shared(f"{kind} inverted", share.built(number=1 / number), SEEN)
    for one in _means_beside(use):
        name = context.called(use.node.args[use.place])
        yield Shared(f"the mean's 1/{one} applied to {name} too", share.built(number=number / one), SEEN)
        if size.denominator % one == 0:
            yield Shared(f"the mean's 1/{one} left out of {name}", share.built(number=number * one), SEEN)
    if number < 0:
        name = context.called(use.node.args[use.place])
        yield Shared(f"the minus before {name} left out", share.built(number=-number), USUAL)


def _means_beside(use: Use) -> list[int]:
    """How many entries the means are of that a number is added to, as a penalty is to a loss."""
    if use.node.operation is not SUM or use.node.rank:
        return []
    found = []
    for place, (arg, by) in enumerate(zip(use.node.args, use.node.params.numbers, strict=True)):
        core = bare(arg)
        if core.operation is PRODUCT and not core.args:
            continue  # ε, which is no mean
        factor = abs(by * core.params.number) if core.operation is PRODUCT else abs(by)
        if place != use.place and factor and factor.numerator == 1 < factor.denominator:
            found += [factor.denominator, *(whole(size) for inner in core.args for size in inner.shape)]
    return [one for one in dict.fromkeys(found) if one > 1]


def averaged(context: Context, use: Use) -> list[int]:
    """How many entries a mean may be of: those summed over along each axis, and along all of them."""
    share, arg = share_of(context, use), use.node.args[use.place]
    if share is None:
        return []
    core = bare(arg)
    summed = dict(zip(share.own, share.shape, strict=True))
    summed = {one: size for one, size in summed.items() if one not in share.out}
    if core.operation is PRODUCT and not summed:
        pairs = zip(core.args, core.params.letters, strict=True)
        letters = {one: size for node, own in pairs for one, size in zip(own, node.shape, strict=True)}
        summed = {one: size for one, size in letters.items() if one not in core.params.out}
    sizes = [whole(size) for size in summed.values()]
    return [one for one in dict.fromkeys((*sizes, prod(sizes))) if one > 1]


def scales(context: Context, use: Use) -> Iterator[Shared]:
    """The number that a product is scaled by, as 1/√d of q kᵀ, left out for one of its factors, or applied twice."""
    node = context.names.get(use.node)
    users = context.users.get(node, []) if node is not None else []
    if use.node.operation is not PRODUCT or len(use.node.args) < 2 or len(users) != 1:
        return
    core = users[0].args[0]
    if core.operation is not PRODUCT or len(core.args) > 2 or core.args.count(node) != 1:
        return
    others = [one for one in core.args if one is not node]
    if any(one.rank or one in context.varying for one in others) or use.node not in context.varying:
        return
    by = scaled(others[0] if others else number(1, ()), core.params.number)
    arg = context.called(use.node.args[use.place])
    if core.params.number != 1 or others:
        said = f"of ∂{context.called(users[0])}/∂{arg} the scale"
        yield Shared(f"{said} left out", divide(use.share, by))
        yield Shared(f"{said} applied twice", times(use.share, by))


def _written(number: Fraction) -> str:
    if number == Fraction(1, 2):
        return "½"
    return str(number)


NUMBERS = (
    Row("number", SEEN, numbers),
    Row("scale", SEEN, scales),
)
