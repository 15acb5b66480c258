"""Weight decay gone wrong: left out, with another factor than ½ in its loss, of the biases too; steps uphill."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from netcalc.checking.edits.edit import SEEN, USUAL, Changed, Context, Row, bare, scaled, times
from netcalc.graph.backward import Use, added
from netcalc.graph.node import Node
from netcalc.graph.product import LETTERS, PRODUCT, SUM, number, product, total
from netcalc.result.result import NEW


def weight_decay(context: Context) -> Iterator[Changed]:
    """Weight decay's λW left out, with λ/2 or 2λ, or added to the gradients of the biases too."""
    penalty = context.workings.nodes.get("penalty")
    if penalty is None or "penalty" not in context.workings.called:  # a program's own penalty is no more than a name
        return
    uses = context.one.backward.uses.get(penalty, [])
    yield Changed("weight decay left out: + λ·W", context.replaced(dict.fromkeys(uses)), penalty)
    for factor, wrong in ((Fraction(2), "2λ·W"), (Fraction(1, 2), "λ/2·W")):
        changed = context.replaced({use: scaled(use.share, factor) for use in uses})
        yield Changed(f"{wrong} taken for λ·W: the penalty is λ/2·Σ W²", changed, penalty)
    core = penalty.args[0]
    if core.operation is not PRODUCT:
        return
    rate, upstream = 2 * core.params.number, context.gradient(penalty)
    decayed: dict[Use, Node | None] = {}
    for name, node in context.workings.nodes.items():
        letters = LETTERS[: node.rank]
        if name[0] == "b":
            own = product([(upstream, ""), (node, letters)], letters, node.shape, rate)
            decayed |= {use: added([own, use.share]) for use in context.one.backward.uses.get(node, [])[:1]}
    if decayed:
        yield Changed("weight decay of the biases too: they have none", context.replaced(decayed), penalty, SEEN)


def steps(context: Context) -> Iterator[Changed]:
    """A step of gradient descent uphill, without its rate, or with its square."""
    uphill: dict[Node, Node] = {}
    for name, (node, *_) in context.workings.answers.items():
        core = bare(node)
        if name.endswith(NEW) and core.operation is SUM:
            pairs = list(zip(core.args, core.params.letters, strict=True))
            numbers = [abs(one) for one in core.params.numbers]
            uphill[node] = total(pairs, core.params.out, core.shape, numbers)
    if uphill:
        yield Changed("the step added where it is subtracted: W − lr·∂L/∂W", uphill)
        rate = context.workings.inputs["lr"]
        yield Changed("the learning rate left out of the step: W − lr·∂L/∂W", {rate: number(1, ())})
        yield Changed(
            "the learning rate applied twice in the step: W − lr·∂L/∂W", {rate: times(bare(rate), bare(rate))}
        )


DECAY = (
    Row("weight-decay", USUAL, changes=weight_decay),
    Row("step", USUAL, changes=steps),
)
