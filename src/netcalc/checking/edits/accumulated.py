"""What is added up over steps of time, rows or kernels, gone wrong: off by one, overwritten, reversed."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise

import numpy as np

from netcalc.checking.edits.edit import SEEN, Changed, Context, Row, Shared, bare, whole
from netcalc.checking.edits.shares import Share, share_of
from netcalc.graph.arithmetic import Arithmetic
from netcalc.graph.backward import Use, gradients
from netcalc.graph.build import divide
from netcalc.graph.elementwise import elementwise
from netcalc.graph.node import Node, Operation, in_order, make
from netcalc.graph.product import PRODUCT, SUM, number
from netcalc.graph.shaping import EVERYTHING, INDEX, SCATTER, Fixed, Part, Place, Span, index, numpy_key
from netcalc.graph.windows import WINDOWS, Sliding, windows


def time_steps(context: Context) -> Iterator[Changed]:
    """A step of time off by one: of a tensor used at every step, with what it meets a step later, or earlier."""
    order = {node: place for place, node in enumerate(context.one.nodes)}
    by_step: dict[str, list[Node]] = {}
    for node in context.one.nodes:
        by_step.setdefault(context.step(node), []).append(node)
    for nodes in by_step.values():
        met: list[tuple[Node, Use, Share]] = []
        for use in (use for node in nodes for use in context.one.backward.uses.get(node, ())):
            share, user = share_of(context, use), context.names.get(use.node)
            if share is None or user is None or len(share.factors) != 2 or use.node.operation is not PRODUCT:
                continue
            met.append((user, use, share))
        met.sort(key=lambda one: order[one[0]])
        partners = [share.factors[1] for _, _, share in met]
        kinds = {(one.shape, letters) for one, letters in partners}
        if len(met) < 2 or len(kinds) > 1 or not all(a[0] in in_order([b[0]]) for a, b in pairwise(met)):
            continue
        name, tensors = context.called(nodes[-1]), [one for one, _ in partners]
        later = [one for one in by_step[context.step(tensors[-1])] if order[one] > order[tensors[-1]]]
        made = _made_of(context, met[-1][0])
        last = later[:1] or [made if made is not None and made.shape == tensors[0].shape else tensors[-1]]
        for which, others in (
            ("the one of the step after it", [*tensors[1:], *last]),
            ("the one of the step before it", [tensors[0], *tensors[:-1]]),
            ("that of the first step", [tensors[0]] * len(met)),
            ("that of the last step", [tensors[-1]] * len(met)),
        ):
            wrong = {
                use: share.built([share.factors[0], (other, share.factors[1][1])])
                for (_, use, share), other in zip(met, others, strict=True)
            }
            said = f"a step of time off: the gradient of {name} made with {which}"
            yield Changed(said, context.replaced(wrong), nodes[-1])


def _made_of(context: Context, node: Node | None) -> Node | None:
    """The first tensor that a step makes by a function."""
    while node is not None and (node.params.moment < 0 or node.args[0].operation in (PRODUCT, SUM)):
        node = next(iter(context.users.get(node, ())), None)
    return node


def _value_of_overwrite(node: Node, arithmetic: Arithmetic, array: np.ndarray, *indices: np.ndarray) -> np.ndarray:
    key = numpy_key(node.params, [arithmetic.whole(one) for one in indices], arithmetic)
    out = arithmetic.zeros(arithmetic.shape(node.shape))
    out[key] = array
    return out


OVERWRITE = Operation("overwrite", _value_of_overwrite, lambda *_: None)


def overwritten(_: Context, use: Use) -> Iterator[Shared]:
    """Rows that occur more than once: the last one's gradient kept, or their mean taken, not all added up."""
    if use.node.operation is not INDEX or use.place or use.share.operation is not SCATTER:
        return
    if all(isinstance(part, int | Span | None) for part in use.node.params.key):
        return
    share = make(OVERWRITE, use.share.args, use.share.shape, use.share.params)
    yield Shared("rows that occur twice are overwritten: their gradients add up", share)
    delta, *indices = use.share.args
    counts = make(SCATTER, [number(1, delta.shape), *indices], use.share.shape, use.share.params)
    averaged = divide(use.share, elementwise("max", counts, number(1, counts.shape)))
    yield Shared("rows that occur twice are averaged: their gradients add up", averaged)


def off_by_one(_: Context, use: Use) -> Iterator[Shared]:
    """Classes off by one: the entry beside the one that is picked given the gradient."""
    if use.node.operation is not INDEX or use.place or use.share.operation is not SCATTER:
        return
    axis = -1
    for part in use.node.params.key:
        axis += part is not None
        if isinstance(part, Place | Fixed) and axis == use.share.rank - 1 and (many := whole(use.share.shape[-1])) > 2:
            for by, said in ((1, "one too high"), (-1, "one too low")):
                moved = np.roll(np.arange(many), by)
                key: list[Part] = [*[EVERYTHING] * (use.share.rank - 1), Fixed(moved)]
                yield Shared(f"each index taken {said}", index(use.share, key))


def reversed_kernel(context: Context, use: Use) -> Iterator[Shared]:
    """A kernel turned by 180° where it isn't, or the other way round."""
    share = share_of(context, use)
    for place, (other, letters) in enumerate(share.factors if share is not None else ()):
        if share is not None and place and other.rank > 2 and context.is_input(other):
            axes = min(other.rank - 2, 2)
            turned = index(other, [*[EVERYTHING] * (other.rank - axes), *[Span(None, None, -1)] * axes])
            factors = [(turned, letters) if n == place else one for n, one in enumerate(share.factors)]
            yield Shared(
                f"{context.called(other)} reversed along its last axes, as a kernel turned by 180°",
                share.built(factors),
            )


def stride_left_out(context: Context, use: Use) -> Iterator[Shared]:
    """The stride of a convolution, or of a pooling, left out: its windows taken one apart."""
    said = "the stride left out: windows taken one apart"
    if use.node.operation is WINDOWS and (close := _one_apart(use.node)) is not None:
        (share,) = gradients(close, use.node.args, context.delta(use))
        if share is not None:
            yield Shared(said, share)
    share_of_product = share_of(context, use)
    for place, (other, letters) in enumerate(share_of_product.factors[1:] if share_of_product else (), 1):
        if share_of_product and (close := _one_apart(bare(other))) is not None:
            factors = [*share_of_product.factors]
            factors[place] = (close, letters)
            yield Shared(said, share_of_product.built(factors))


def _one_apart(node: Node) -> Node | None:
    """As many windows as a node's, one apart; None for what has none, or has them so."""
    sliding: Sliding = node.params
    if node.operation is not WINDOWS or set(sliding.stride) == {1}:
        return None
    sizes = [
        whole(many) + dilation * (kernel - 1)
        for many, kernel, dilation in zip(sliding.places, sliding.kernel, sliding.dilation, strict=True)
    ]
    (array,) = node.args
    front = [EVERYTHING] * (array.rank - len(sizes))
    near = index(array, [*front, *(Span(None, size, None) for size in sizes)])
    return windows(near, sliding.kernel, (1,) * len(sizes), sliding.dilation)


ACCUMULATED = (
    Row("step-of-time", SEEN, changes=time_steps),
    Row("overwritten", SEEN, overwritten),
    Row("off-by-one", SEEN, off_by_one),
    Row("reversed-kernel", SEEN, reversed_kernel),
    Row("stride-left-out", SEEN, stride_left_out),
)
