"""Functions of whole vectors and matrices gone wrong: softmax, logsumexp, norms, extremes, inverses, determinants."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from math import prod

from netcalc.checking.edits.edit import SEEN, USUAL, Changed, Context, Row, Shared, scaled, times, whole
from netcalc.checking.edits.factors import TARGETS
from netcalc.checking.edits.shares import share_of
from netcalc.checking.edits.vectors import of_cross_entropy, of_softmax
from netcalc.expression import Number
from netcalc.graph.backward import Use, added
from netcalc.graph.build import compared, divide
from netcalc.graph.elementwise import elementwise, operator_of, slopes, through
from netcalc.graph.inverses import DETERMINANT, INVERSE, LOGDET, determinant, inverse, matmul, swapped
from netcalc.graph.node import Node, Operation
from netcalc.graph.product import number
from netcalc.graph.products_along import PROD
from netcalc.graph.reductions import (
    LOG_SOFTMAX,
    LOGSUMEXP,
    MAX,
    MIN,
    NORM,
    SOFTMAX,
    kept,
    minus,
    shares,
    softmax,
    summed,
)
from netcalc.problem import LossAndTarget


def _of_softmax(context: Context, use: Use) -> Iterator[Shared]:
    node = use.node
    p = context.names.get(node, node)
    for said, wrong, often in of_softmax(context, node.args[0], p, context.delta(use), node.params.axes):
        yield Shared(said, wrong, often)


def _of_log_softmax(context: Context, use: Use) -> Iterator[Shared]:
    delta, axes = context.delta(use), use.node.params.axes
    p = softmax(use.node.args[0], axes)
    over = summed(delta, axes, keep=True)
    yield Shared("the Jacobian of log_softmax taken as its diagonal alone", times(delta, _one_minus(p)), USUAL)
    yield Shared("the Jacobian of log_softmax left out", delta)
    yield Shared("log_softmax's p with the wrong sign", scaled(minus(scaled(delta, -1), times(p, over)), -1))
    yield Shared("log_softmax's p left without its sum of δ", minus(delta, p))
    z = use.node.args[0]
    yield Shared("softmax's Jacobian left out behind the logarithm: −t/p", divide(delta, p))
    for said, wrong, often in of_cross_entropy(z, p, scaled(over, -1), delta, axes):
        yield Shared(said, wrong, often)
    for axis in range(p.rank) if p.rank == 2 else ():
        if axis != axes[0] % p.rank:
            across = minus(delta, times(softmax(z, (axis,)), over))
            yield Shared(f"softmax taken along axis {axis} in p − t, not along {axes[0] % p.rank}", across, SEEN)
    for own in context.one.backward.uses.get(context.names.get(use.node, use.node), ()):
        share = share_of(context, own)
        if share is not None and len(share.factors) == 2 and share.factors[1][0].shape == p.shape:
            target, letters = share.factors[1]
            if context.called(target) not in TARGETS:
                continue
            straight = share.built([share.factors[0], (minus(target, p), letters)])
            yield Shared("p − t taken, which holds where t sums to 1 alone", straight, USUAL)
    count = prod(whole(p.shape[axis]) for axis in axes) or 1
    if (e := _smoothing(context)) is not None:
        kept = added([use.share, scaled(times(over, number(1, p.shape)), -e / count)])
        yield Shared(f"label smoothing's ε/{count} left out: p − (1 − ε)t", kept, USUAL)


def _smoothing(context: Context) -> Fraction | None:
    """The ε of layers whose targets are smoothed."""
    above = context.workings.problem and context.workings.problem.upstream
    weighing = above.weighing if isinstance(above, LossAndTarget) else None
    e = weighing.smoothing if weighing is not None else None
    return e.value if isinstance(e, Number) else None


def _of_logsumexp(context: Context, use: Use) -> Iterator[Shared]:
    z, delta = use.node.args[0], kept(context.delta(use), use.node.params)
    grown, p = elementwise("exp", z), softmax(z, use.node.params.axes)
    it_is = "logsumexp's slope is softmax(z)"
    yield Shared(f"exp(z) not divided by its sum: {it_is}", times(delta, grown), USUAL)
    over = kept(elementwise("exp", scaled(use.node, -1)), use.node.params)
    yield Shared(f"the inner derivative exp(z) left out: {it_is}", times(delta, over, number(1, z.shape)))
    yield Shared(f"softmax's own slope p(1 − p) taken: {it_is}", times(delta, p, _one_minus(p)))
    yield Shared(f"the slope of each logit taken as 1: {it_is}", times(delta, number(1, z.shape)))


def _of_norm(context: Context, use: Use) -> Iterator[Shared]:
    x, delta = use.node.args[0], kept(context.delta(use), use.node.params)
    over = kept(use.node, use.node.params)
    yield Shared("the norm's slope left without 1/‖x‖", times(delta, x), USUAL)
    yield Shared("the norm's slope taken as 2x, that of ‖x‖²; it is x/‖x‖", scaled(times(delta, x), 2), USUAL)
    yield Shared("the norm's slope taken as x/‖x‖²; it is x/‖x‖", divide(use.share, over))
    yield Shared("the norm's slope taken as 1/‖x‖; it is x/‖x‖", divide(times(delta, number(1, x.shape)), over))
    yield Shared("the norm's slope left out: it is x/‖x‖", times(delta, number(1, x.shape)))


def _of_extreme(context: Context, use: Use) -> Iterator[Shared]:
    node, (arg,) = use.node, use.node.args
    delta, name = kept(context.delta(use), node.params), node.operation.name
    ties = times(delta, compared("equal", arg, kept(node, node.params)))
    yield Shared("each of the entries that tie given the whole gradient, which they share", ties, USUAL)
    yield Shared(f"{name}'s gradient given to every entry", times(delta, number(1, arg.shape)), USUAL)
    many = prod(map(whole, arg.shape)) // max(1, prod(map(whole, node.shape)))
    if many > 1:
        evenly = times(delta, number(Fraction(1, many), arg.shape))
        yield Shared(f"{name}'s gradient spread evenly, as a mean's", evenly, USUAL)
    value = times(use.share, kept(node, node.params))
    yield Shared(f"{name}'s value put in its entry's place; the slope there is 1", value)
    other = shares(arg, node.params.axes, largest=node.operation is MIN)
    said = f"{name}'s gradient given to the {'largest' if node.operation is MIN else 'smallest'} entry"
    yield Shared(said, times(delta, other), USUAL)


def _of_prod(context: Context, use: Use) -> Iterator[Shared]:
    arg, delta = use.node.args[0], kept(context.delta(use), use.node.params)
    ones = number(1, arg.shape)
    yield Shared(
        "the whole product taken for that of the other entries",
        times(delta, kept(use.node, use.node.params), ones),
        USUAL,
    )
    yield Shared("the product of the other entries left out", times(delta, ones))


def _of_inverse(context: Context, use: Use) -> Iterator[Shared]:
    """Slips in −X⁻ᵀ δ X⁻ᵀ."""
    delta, inverted = context.delta(use), context.names.get(use.node, use.node)
    turned = swapped(inverted)
    it_is = "it is −X⁻ᵀ δ X⁻ᵀ"
    yield Shared(f"the minus of the inverse's derivative left out: {it_is}", scaled(use.share, -1), USUAL)
    for said, wrong in (
        ("on the left only", matmul(turned, delta)),
        ("on the right only", matmul(delta, turned)),
        ("on neither side", delta),
    ):
        yield Shared(f"the inverse's derivative with X⁻ᵀ {said}: {it_is}", scaled(wrong, -1), USUAL)
    plain = matmul(matmul(inverted, delta), inverted)
    yield Shared(f"the inverse's derivative without its transposes: {it_is}", scaled(plain, -1))
    square = scaled(times(inverted, inverted, delta), -1)
    yield Shared(f"the inverse differentiated entry by entry, as 1/x: {it_is}", square)


def _of_determinant(context: Context, use: Use) -> Iterator[Shared]:
    """Slips in δ det(X) X⁻ᵀ."""
    (x,) = use.node.args
    if x.rank > 2:
        return
    delta, det = context.delta(use), context.names.get(use.node, use.node)
    back, it_is = inverse(x), "it is det(X) X⁻ᵀ"
    turned = swapped(back)
    yield Shared(f"det(X) left out of the determinant's derivative: {it_is}", times(delta, turned), USUAL)
    yield Shared(f"the determinant's derivative with X⁻¹ for X⁻ᵀ: {it_is}", times(delta, det, back), USUAL)
    yield Shared(f"the determinant's derivative as X⁻¹: {it_is}", times(delta, back))
    ones = number(1, x.shape)
    yield Shared(f"X⁻ᵀ left out of the determinant's derivative: {it_is}", times(delta, det, ones))
    yield Shared(f"the determinant's derivative left out: {it_is}", times(delta, ones))
    yield Shared(f"the determinant's derivative with X for X⁻ᵀ: {it_is}", times(delta, det, x))
    yield Shared(f"the determinant's derivative divided by det(X): {it_is}", divide(times(delta, turned), det))


def _of_logdet(context: Context, use: Use) -> Iterator[Shared]:
    """Slips in δ X⁻ᵀ."""
    (x,) = use.node.args
    if x.rank > 2:
        return
    delta, det, it_is = context.delta(use), determinant(x), "it is X⁻ᵀ"
    back = inverse(x)
    yield Shared(f"log det's derivative as that of det: {it_is}", times(delta, det, swapped(back)), USUAL)
    yield Shared(f"log det's derivative as X⁻¹: {it_is}", times(delta, back), USUAL)
    over = divide(times(delta, number(1, x.shape)), det)
    yield Shared(f"log det's derivative as 1/det(X), the derivative of det left out: {it_is}", over, USUAL)
    yield Shared(f"log det's derivative divided by det(X): {it_is}", divide(use.share, det))


_SLIPS: Mapping[Operation, Callable[[Context, Use], Iterator[Shared]]] = {
    SOFTMAX: _of_softmax,
    LOG_SOFTMAX: _of_log_softmax,
    LOGSUMEXP: _of_logsumexp,
    NORM: _of_norm,
    MAX: _of_extreme,
    MIN: _of_extreme,
    PROD: _of_prod,
    INVERSE: _of_inverse,
    DETERMINANT: _of_determinant,
    LOGDET: _of_logdet,
}


def vector_functions(context: Context, use: Use) -> Iterator[Shared]:
    """The derivative of a function of a whole tensor: softmax, logsumexp, norm, max, prod, inv, det, logdet."""
    if use.node.operation in _SLIPS:
        yield from _SLIPS[use.node.operation](context, use)


def larger_of_two(context: Context) -> Iterator[Changed]:
    """The gradient of max(a, b) given to the other one, or to both."""
    for core, node in context.names.items():
        if operator_of(core) not in ("max", "min") or len(core.args) != 2:
            continue
        uses = [use for _, use in context.uses if use.node is core]
        name = operator_of(core)
        goes = "larger" if name == "max" else "smaller"
        by_place = slopes(core.params.tree, 2)
        other = {use: through(core, use.place, context.delta(use), by_place[1 - use.place]) for use in uses}
        said = f"{name}'s gradient given to the other argument: it goes to the {goes} one"
        yield Changed(said, context.replaced(other), node)
        least = elementwise("min" if name == "max" else "max", *core.args)
        said = f"the {'smaller' if name == 'max' else 'larger'} one taken for {name}"
        yield Changed(said, {node: least, **context.replaced(other)}, node)
        both = {use: through(core, use.place, context.delta(use), Number(Fraction(1))) for use in uses}
        said = f"{name}'s gradient given to both arguments: it goes to the {goes} one"
        yield Changed(said, context.replaced(both), node)


def _one_minus(node: Node) -> Node:
    return minus(number(1, node.shape), node)


MATRICES = (
    Row("vector-jacobian", SEEN, vector_functions),
    Row("larger-of-two", USUAL, changes=larger_of_two),
)
