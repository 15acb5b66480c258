"""Another problem than the one set: an option of the loss forgotten or taken in another way, in every answer."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import numpy as np

from netcalc.catalogue.losses import REDUCTIONS, loss
from netcalc.checking.edits.edit import SEEN, USUAL, Changed, Context, Frequency, Row, bare, whole
from netcalc.checking.workings.workings_of_layers import of_layers
from netcalc.expression import Number, multiply
from netcalc.graph.node import Node
from netcalc.graph.product import number
from netcalc.graph.reductions import minus
from netcalc.graph.shaping import EVERYTHING, Fixed, Part, index
from netcalc.problem import LossAndTarget, Problem

Setting = tuple[str, Problem, Frequency]
HALVED = {"mse": "half-mse", "sse": "half-sse", "half-mse": "mse", "half-sse": "sse"}


def settings(context: Context) -> Iterator[Changed]:
    """An option of the loss forgotten or taken in another way: reduction, smoothing, class weights, temperature."""
    problem = context.workings.problem
    if not isinstance(problem, Problem) or problem.per_sample:
        return
    for said, other, often in _others(problem):
        instead: dict[Node, Node] = {}
        theirs = of_layers(other).answers
        for name, nodes in context.workings.answers.items():
            instead |= {own: their for own, their in zip(nodes, theirs.get(name, ()), strict=False) if own is not their}
        yield Changed(said, instead, context.one.output, often)


def _others(problem: Problem) -> Iterator[Setting]:
    above = problem.upstream
    if not isinstance(above, LossAndTarget):
        return
    if problem.decay is not None and len(problem.x) > 1:
        shared = multiply(problem.decay, Number(Fraction(1, len(problem.x))))
        yield "weight decay's λ divided by the samples too", problem._replace(decay=shared), SEEN
    for said, other, often in (*_of_loss(problem, above), *_of_targets(problem, above)):
        yield said, problem._replace(upstream=other), often
    if above.temperature is not None:
        yield "the temperature left out", problem._replace(upstream=above._replace(temperature=None)), USUAL
    last = problem.layers[-1]
    if last.temperature is not None:
        layers = (*problem.layers[:-1], last._replace(temperature=None))
        yield "the temperature left out", problem._replace(layers=layers), USUAL


def _of_loss(problem: Problem, above: LossAndTarget) -> Iterator[tuple[str, LossAndTarget, Frequency]]:
    """Another reduction, and the loss with or without its ½."""
    samples, outputs = len(problem.x), len(problem.layers[-1].W)
    right = above.factor(samples, outputs)
    taken = {right}
    for name, row in REDUCTIONS.items():
        factor = row.factor(samples, outputs, by_sample=above.loss.by_sample)
        if above.weighing is None and factor not in taken and samples * outputs > 1:
            taken.add(factor)
            said = f"the loss's factor taken as {factor}, of '{name}': it is {right}, of '{above.reduction}'"
            yield said, above._replace(reduction=row), SEEN
    if above.weighing is None and above.loss.by_sample:
        row = above.reduction._replace(by_sample=REDUCTIONS["mean"].elementwise)
        if (factor := row.factor(samples, outputs, by_sample=True)) not in taken:
            said = f"the loss's factor taken as {factor}, of entries: a loss of whole samples has {right}"
            yield said, above._replace(reduction=row), SEEN
    if above.loss.parameters and above.loss != (plain := loss(above.loss.name)):
        (name, value), *_ = above.loss.parameters
        said = f"{above.loss.name}'s {name} taken as {dict(plain.parameters)[name]}: it is {value}"
        yield said, above._replace(loss=plain), SEEN
    if above.loss.name in HALVED:
        other = HALVED[above.loss.name]
        yield f"the loss taken as {other}: it is {above.loss.name}", above._replace(loss=loss(other)), SEEN


def _of_targets(problem: Problem, above: LossAndTarget) -> Iterator[tuple[str, LossAndTarget, Frequency]]:
    """What cross-entropy makes of its targets."""
    weighing = above.weighing
    if weighing is None:
        return
    samples, classes = len(problem.x), len(problem.layers[-1].W)
    counted = Fraction(int(sum(row.any() for row in np.asarray(above.target) != Number(Fraction(0)))))
    if isinstance(e := weighing.smoothing, Number):
        yield "label smoothing left out", above._replace(weighing=weighing._replace(smoothing=None)), USUAL
        swapped = weighing._replace(smoothing=Number(1 - e.value))
        yield "label smoothing's ε and 1 − ε swapped", above._replace(weighing=swapped), SEEN
        others = Number(e.value * classes / (classes - 1))
        said = f"label smoothing's ε shared by the {classes - 1} other classes: it is ε/{classes} of all"
        yield said, above._replace(weighing=weighing._replace(smoothing=others)), USUAL
    if weighing.weights is not None:
        plain = weighing._replace(weights=None, total=counted if weighing.ignores else None)
        yield "the weights of the classes left out", above._replace(weighing=plain), USUAL
        if weighing.total is not None:
            said = "divided by the number of samples: a weighted mean divides by the sum of their weights"
            yield said, above._replace(weighing=weighing._replace(total=counted)), USUAL
            yield "the weighted mean not divided", above._replace(weighing=weighing._replace(total=Fraction(1))), SEEN
    if weighing.ignores and weighing.total is not None:
        everything = weighing._replace(total=Fraction(samples))
        said = f"divided by all {samples} samples: those that are ignored do not count"
        yield said, above._replace(weighing=everything), USUAL


def other_class(context: Context) -> Iterator[Changed]:
    """The target of two classes taken for the other one: 1 − t, or −t; of several for the one beside it."""
    problem, t = context.workings.problem, context.workings.nodes.get("t")
    if problem is not None and t is not None and isinstance(problem.upstream, LossAndTarget):
        kind = problem.upstream.loss.row.target
        if kind in ("probability", "sign"):
            said, one = ("1 − t", 1) if kind == "probability" else ("−t", 0)
            other = minus(number(one, t.shape), bare(t))
            yield Changed(f"the target taken as that of the other class: {said} for t", {t: other}, t)
        classes = whole(t.shape[-1]) if kind == "class" and t.rank else 0
        for by, said in ((1, "one too high"), (-1, "one too low"))[: classes - 1]:
            key: list[Part] = [*[EVERYTHING] * (t.rank - 1), Fixed(np.roll(np.arange(classes), by))]
            beside = said if classes > 2 else "as the other one"
            yield Changed(f"the target's class taken {beside}", {t: index(bare(t), key)}, t)


SETTINGS = (
    Row("setting", SEEN, changes=settings),
    Row("other-class", SEEN, changes=other_class),
)
