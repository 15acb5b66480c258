"""Functions of whole rows, written out step by step, gone wrong: softmax by its exponentials, normalisation.

Who differentiates them knows their gradients by heart, in one line: p ∘ (δ − Σ δp), and (δ − mean δ − x̂ mean δx̂)/σ.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import permutations
from math import prod

from netcalc.checking.edits.edit import RARE, SEEN, USUAL, Changed, Context, Frequency, Row, bare, scaled, times, whole
from netcalc.graph.backward import added, gradients
from netcalc.graph.build import divide
from netcalc.graph.elementwise import elementwise, operator_of
from netcalc.graph.leaves import INPUT, NAMED
from netcalc.graph.node import Node, in_order
from netcalc.graph.product import LETTERS, PRODUCT, SUM, Factor, number, product, total
from netcalc.graph.reductions import mean, minus, softmax, summed
from netcalc.problem import LossAndTarget
from netcalc.records import NamedTuple

SMOOTHING = Fraction(1, 10)  # of labels, where nobody asked for it
NOT_DIVIDED = "the exponentials taken for their softmax in p − t: not divided by their sum"
Slip = tuple[str, Node, Frequency]


# --- softmax


def of_softmax(context: Context, z: Node, p: Node, delta: Node, axes: tuple[int, ...]) -> Iterator[Slip]:
    """What comes back to the logits, done wrong."""
    over = summed(times(delta, p), axes, keep=True)
    yield "the Jacobian of softmax taken as its diagonal alone", times(delta, p, minus(number(1, p.shape), p)), USUAL
    yield "the Jacobian of softmax left out", delta, SEEN
    yield "softmax's Jacobian without − p pᵀ: p ∘ δ", times(delta, p), SEEN
    yield "p left out of softmax's Jacobian: it is p ∘ (δ − Σ δp)", minus(delta, over), SEEN
    yield "softmax's slope taken as −p(1 − p)", scaled(times(delta, p, minus(number(1, p.shape), p)), -1), RARE
    inner = summed(times(delta, z), axes, keep=True)
    yield "softmax's Jacobian made of the logits in place of its output", times(z, minus(delta, inner)), SEEN
    yield "softmax's Jacobian with the wrong sign", times(p, minus(over, delta)), SEEN
    yield "softmax's Jacobian with a plus: it is diag(p) − p pᵀ", added([times(p, delta), times(p, over)]), SEEN
    if p.rank > 1:
        full = summed(times(delta, p), None, keep=True)
        yield "softmax's Jacobian summed over all axes", times(p, minus(delta, full)), SEEN
    for axis in range(p.rank) if p.rank > 1 else ():
        if axis - p.rank * (axes[0] < 0) != axes[0]:
            across = summed(times(delta, p), (axis,), keep=True)
            yield "softmax's Jacobian summed over another axis", times(p, minus(delta, across)), RARE
    users = context.users.get(p, [])
    if "t" in context.workings.inputs or any(is_log(one.args[0]) for one in (*users, *_users_of(context, users))):
        weight, target = scaled(over, -1), times(delta, p)
        yield from of_cross_entropy(z, p, weight, target, axes)
        grown = p.args[0].args[0] if p.operation is NAMED and p.args[0].operation is PRODUCT else None
        if grown is not None and grown.shape == p.shape:  # the program's own, of the logits less their largest
            yield NOT_DIVIDED, added([times(grown, weight), target]), SEEN


def _users_of(context: Context, nodes: Sequence[Node]) -> Iterator[Node]:
    for node in nodes:
        yield from context.users.get(node, ())


def of_cross_entropy(z: Node, p: Node, weight: Node, target: Node, axes: tuple[int, ...]) -> Iterator[Slip]:
    """The gradient of cross-entropy by the logits, p·weight + target, without its target, or with another thing for p.

    `target` is −t, times the weight of its sample; `weight` is what −t adds up to, positive.
    """
    slope, ones = times(p, minus(number(1, p.shape), p)), number(1, p.shape)
    right, count = added([times(p, weight), target]), prod(whole(p.shape[axis]) for axis in axes) or 1
    yield "the target left out of the gradient: without − t", times(p, weight), USUAL
    again = added([times(softmax(p, axes), weight), target])
    yield "softmax applied before cross-entropy, which has it inside", again, USUAL
    yield "p − t taken, which holds where t sums to 1 alone", added([p, target]), SEEN
    both = "p − t taken, which holds where t sums to 1 alone, and with the wrong sign"
    yield both, scaled(added([p, target]), -1), SEEN
    yield "the logits taken for their softmax in p − t", added([times(z, weight), target]), SEEN
    yield NOT_DIVIDED, added([times(elementwise("exp", z), weight), target]), SEEN
    yield (
        "the target added where it is subtracted: p + t for p − t",
        added([times(p, weight), scaled(target, -1)]),
        SEEN,
    )
    yield "softmax's slope p(1 − p) multiplied in once more: p − t has it already", times(right, slope), USUAL
    yield "softmax's slope p(1 − p) taken alone", times(slope, weight), SEEN
    smoothed = added([scaled(target, 1 - SMOOTHING), scaled(times(weight, ones), -SMOOTHING / count)])
    yield "the target smoothed, by 0.1", added([times(p, weight), smoothed]), RARE


def is_log(core: Node) -> bool:
    """Whether a node is a logarithm."""
    return operator_of(core) == "log" and len(core.args) == 1


def softmaxes(context: Context) -> Iterator[Changed]:
    """A softmax written out by its exponentials, its Jacobian gone wrong."""
    for core, p in context.names.items():
        found = _written_softmax(core)
        if found is not None and core in context.one.backward.gradients:
            z, axis = found
            for said, share, often in of_softmax(context, z, p, context.gradient(p), (axis,)):
                yield Changed(said, through(context, z, p, share), p, often)


class Scaled(NamedTuple):
    """A product of a tensor, of a factor that one axis shares, and of others."""

    whole: Node
    shared: Node
    axis: int
    letters: tuple[str, str]
    others: tuple[Factor, ...]


def _scaled(core: Node) -> Iterator[Scaled]:
    """The pairs of factors of a product of which one is the same along one axis of the other."""
    if core.operation is not PRODUCT:
        return
    factors = list(zip(core.args, core.params.letters, strict=True))
    for (m, (first, own)), (n, (second, other)) in permutations(enumerate(factors), 2):
        kept = {letter for letter, size in zip(other, second.shape, strict=True) if whole(size) != 1}
        left = [place for place, letter in enumerate(own) if letter not in kept and whole(first.shape[place]) != 1]
        if kept < set(own) and len(left) == 1 and len(set(own)) == len(own):
            others = tuple(one for place, one in enumerate(factors) if place not in (m, n))
            yield Scaled(first, second, left[0], (own, other), others)


def _written_softmax(core: Node) -> tuple[Node, int] | None:
    """The logits and the axis of exp(z)/Σ exp(z); what is subtracted along the axis before changes nothing."""
    found = next(_scaled(core), None)
    if found is None or found.others or core.params.number != 1 or core.params.out != found.letters[0]:
        return None
    if not _is_function(found.whole, "exp") or not _is_function(found.shared, "divide"):
        return None
    sums = bare(bare(found.shared).args[0])
    if sums.operation is not PRODUCT or sums.args != (found.whole,) or sums.params.number != 1:
        return None
    z = bare(found.whole).args[0]
    inner = bare(z)
    if (
        inner.operation is SUM
        and len(inner.args) == 2
        and inner.args[0].shape == z.shape
        and inner.args[1].rank < z.rank
    ):
        z = inner.args[0]
    return z, found.axis


def _is_function(node: Node, name: str) -> bool:
    core = bare(node)
    return operator_of(core) == name and len(core.args) == 1


# --- normalisation


def normalisations(context: Context) -> Iterator[Changed]:
    """What comes back through (x − mean)/σ: along another axis, with the mean or the variance taken as constants."""
    for core, node in context.names.items():
        for found in _scaled(core) if core in context.one.backward.gradients else ():
            inner, (own, other), shape = bare(found.whole), found.letters, found.whole.shape
            if inner.operation is not SUM or inner.args[0] not in in_order([found.shared]):
                continue
            x = inner.args[0]
            if x.shape == shape and x in context.one.backward.gradients:
                h = product([(found.whole, own), (found.shared, other)], own, shape)
                above = (context.gradient(node), core.params.out)
                delta = product([above, *found.others, (number(1, shape), own)], own, shape, core.params.number)
                for said, share, often in _of_normalisation(h, found, delta):
                    yield Changed(said, through(context, x, node, share), node, often)


def _of_normalisation(h: Node, found: Scaled, delta: Node) -> Iterator[Slip]:
    by = found.shared
    by = by if by.rank in (0, h.rank) else _expanded(by, found.axis)

    def form(first: Node, second: Node, times_second: object = 1) -> Node:
        return times(minus(minus(delta, first), scaled(times(h, second), times_second)), by)

    first, second = mean(delta, found.axis, keep=True), mean(times(delta, h), found.axis, keep=True)
    many = whole(h.shape[found.axis])
    right = form(first, second)
    yield "the mean and the variance taken as constants: they depend on the input", times(delta, by), USUAL
    yield "the variance taken as a constant: it depends on the input", times(minus(delta, first), by), USUAL
    alone = times(minus(delta, times(h, second)), by)
    yield "the mean taken as a constant: it depends on the input", alone, USUAL
    for axis in range(h.rank):
        if axis != found.axis:
            others = mean(delta, axis, keep=True), mean(times(delta, h), axis, keep=True)
            yield f"normalisation's means taken along axis {axis} in place of {found.axis}", form(*others), SEEN
    if h.rank > 1:
        both = mean(delta, None, keep=True), mean(times(delta, h), None, keep=True)
        yield "normalisation's means taken over all axes", form(*both), SEEN
    yield "divided by the deviation once more", times(right, by), SEEN
    yield "not divided by the deviation", divide(right, by), SEEN
    yield "multiplied by the deviation where it is divided", divide(right, times(by, by)), SEEN
    sums = scaled(first, many), scaled(second, many)
    yield f"sums taken for normalisation's means: the 1/{many} left out", form(*sums), SEEN
    yield (
        "x − mean taken for the normalised one in the variance's term",
        times(minus(minus(delta, first), times(found.whole, second)), by),
        SEEN,
    )
    yield "the variance's term twice: the 2 of its square is the ½ of the root's", form(first, second, 2), SEEN
    yield "the variance's term with the wrong sign", form(first, second, -1), SEEN


def _expanded(node: Node, axis: int) -> Node:
    """A node with an axis of size 1 more."""
    letters, spare = LETTERS[: node.rank], LETTERS[node.rank]
    shape = (*node.shape[:axis], 1, *node.shape[axis:])
    return product([(node, letters)], letters[:axis] + spare + letters[axis:], shape)


# --- the logistic function and its cross-entropy


def at_probability(context: Context) -> Iterator[Changed]:
    """σ − t, which is the gradient by the logit, given for that by the probability."""
    for a in context.one.nodes:
        if a in context.one.backward.gradients and _has_logs(context, a):
            gradient, name = context.gradient(a), context.called(a)
            said = f"{name} − t given for ∂L/∂{name}: that is the gradient by the logit, with {name}(1 − {name}) in it"
            yield Changed(said, {gradient: times(bare(gradient), a, minus(number(1, a.shape), a))}, a, SEEN)


def logistic(context: Context) -> Iterator[Changed]:
    """The gradient of binary cross-entropy by the sum, σ − t: without its target, or with the sum for σ."""
    for core, a in context.names.items():
        if not _is_function(core, "sigmoid") or core not in context.one.backward.gradients or not _has_logs(context, a):
            continue
        (z,) = core.args
        share, slope = (core.vjp(0, delta) for delta in (context.gradient(a), number(1, a.shape)))
        if share is None or slope is None or z not in context.one.backward.gradients:
            continue
        (moved,) = gradients(share, [z])
        if moved is None:
            continue
        weight = divide(moved, slope)  # of σ − t
        for said, own, often in (
            ("the sum taken for its σ in σ − t", added([share, times(minus(z, a), weight)]), USUAL),
            ("the target left out of the gradient: without − t", times(a, weight), USUAL),
            ("σ′ multiplied in once more: σ − t has it already", times(share, slope), USUAL),
        ):
            yield Changed(said, through(context, z, a, own), a, often)
    if (logits := _logits(context)) is not None:
        p, g = elementwise("sigmoid", logits), context.gradient(logits)
        again = {g: times(g.args[0], p, minus(number(1, p.shape), p))}
        yield Changed("σ′ multiplied in once more: σ − t has it already", again, logits, USUAL)


def _logits(context: Context) -> Node | None:
    """The last output of layers whose loss takes it as logits."""
    problem = context.workings.problem
    loss = problem.upstream.loss.name if problem is not None and isinstance(problem.upstream, LossAndTarget) else ""
    if problem is None or loss != "bce-with-logits":
        return None
    names = {node.params.text: node for node in context.one.nodes}
    last = len(problem.layers)
    return names.get(f"a{last}", names.get(f"z{last}"))


def _has_logs(context: Context, a: Node) -> bool:
    """Whether the logarithms of a and of 1 − a are taken."""
    waiting, logs = [a], 0
    for node in waiting:
        for user in context.users.get(node, ()):
            logs += is_log(user.args[0])
            if user.args[0].operation in (PRODUCT, SUM) and user.shape == a.shape and _is_affine(user, node):
                waiting.append(user)
    return logs > 1


def _is_affine(user: Node, node: Node) -> bool:
    return all(arg is node or not any(one.operation is INPUT for one in in_order([arg])) for arg in user.args[0].args)


def through(context: Context, one: Node, node: Node, wrong: Node) -> dict[Node, Node]:
    """A node's gradient where what comes back through a later node is another."""
    gradient = context.gradient(one)
    right = gradients(node, [one], context.gradient(node))[0]
    if right is None or _leads_only_to(context, one, node):
        return {gradient: wrong}
    letters = LETTERS[: one.rank]
    rest = total([(bare(gradient), letters), (right, letters)], letters, one.shape, [1, -1])
    return {gradient: added([wrong, rest])}


def _leads_only_to(context: Context, one: Node, node: Node) -> bool:
    """Whether everything made of a node goes through a later one."""
    waiting, seen = [one], set[Node]()
    while waiting:
        for user in context.users.get(waiting.pop(), ()):
            if user is context.one.output and user is not node:
                return False
            if user is not node and user not in seen:
                seen.add(user)
                waiting.append(user)
    return True


VECTORS = (
    Row("softmax-written-out", SEEN, changes=softmaxes),
    Row("normalisation", SEEN, changes=normalisations),
    Row("logistic-cross-entropy", SEEN, changes=logistic),
    Row("gradient-of-logit", SEEN, changes=at_probability),
)
