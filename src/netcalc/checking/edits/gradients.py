"""Whole gradients gone wrong: the sign, a factor, one for another; degrees, and another base."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import combinations, permutations

import numpy as np

from netcalc.checking.edits.edit import (
    RARE,
    SEEN,
    USUAL,
    Changed,
    Context,
    Frequency,
    Row,
    scaled,
    times,
    whole,
    zero,
)
from netcalc.checking.edits.slopes import TRIGONOMETRIC
from netcalc.checking.edits.vectors import is_log
from netcalc.expression import parse
from netcalc.graph.backward import added, gradients
from netcalc.graph.build import constant
from netcalc.graph.elementwise import elementwise, operator_of, plain, slopes
from netcalc.graph.leaves import NAMED, array
from netcalc.graph.node import Node
from netcalc.graph.product import LETTERS, PRODUCT, number, product
from netcalc.graph.reductions import LOG_SOFTMAX

FACTORS = {"the sign is wrong": Fraction(-1), "twice what it is": Fraction(2), "half of what it is": Fraction(1, 2)}
SWAPPED_GRADIENTS = "gradients-swapped"  # which only answers of both can tell
MAX_SWAPPED = 6  # inputs of which any two's derivatives may be swapped


def from_above(context: Context) -> Iterator[Changed]:
    """What comes from above left out."""
    if context.one.delta is not None and not context.workings.is_jacobian:
        core = context.one.output.args[0]
        uses = [use for _, use in context.uses if use.node is core]
        plain = {use: core.vjp(use.place, number(1, core.shape)) for use in uses}
        said = "what comes from above is left out: ∂L/∂ the output taken as 1"
        yield Changed(said, context.replaced(plain), context.one.output, USUAL)


def whole_gradient(context: Context) -> Iterator[Changed]:
    """A gradient with the wrong sign, twice, half, transposed, averaged."""
    answers = [nodes for name, nodes in context.workings.answers.items() if name.startswith("d")]
    flat = {node for nodes in answers for node in nodes}
    for said, factor in FACTORS.items():
        often = USUAL if factor < 0 else SEEN
        yield Changed(said, _from_output(context, factor), context.one.output, often)
        if losses := [node for node in context.workings.answers.get("loss", ()) if node.operation is NAMED]:
            values = {node: scaled(node.args[0], factor) for node in losses}
            yield Changed(said, values, context.one.output, often)
    for node in context.one.nodes:
        gradient = context.one.backward.gradients.get(node)
        if gradient is None or gradient.operation is not NAMED:
            continue
        name = f"∂{context.called(context.one.output)}/∂{context.called(node)}"
        is_answer = gradient in flat
        often = RARE if node.params.moment < 0 else SEEN
        yield Changed(f"the sign of {name} is wrong", {gradient: scaled(gradient.args[0], -1)}, node, often)
        if is_answer:
            own = context.called(node)
            yield Changed(f"{name} is twice what it is", {gradient: scaled(gradient.args[0], 2)}, node, SEEN)
            yield Changed(f"{name} is half of what it is", {gradient: scaled(gradient.args[0], Fraction(1, 2))}, node)
            if context.is_bias(node):
                parent = context.parent(node)
                yield Changed(
                    f"the bias's gradient taken as 0; ∂{parent}/∂{own} is 1", {gradient: zero(gradient)}, node, USUAL
                )
                yield Changed(
                    f"the bias's gradient taken as {own}; ∂{parent}/∂{own} is 1", {gradient: node}, node, USUAL
                )
                again = times(gradient.args[0], node)
                yield Changed(
                    f"the bias's gradient multiplied by {own}; ∂{parent}/∂{own} is 1", {gradient: again}, node
                )
            elif context.called(node) != context.called(context.one.output):
                often = USUAL if context.is_input(node) else RARE
                back = "" if context.is_input(node) else f"what goes back through {own} left out: "
                yield Changed(f"{back}{name} taken as 0", {gradient: zero(gradient)}, node, often)
                yield Changed(f"{own} itself taken for its gradient", {gradient: node}, node, often)
        if gradient.rank > 1 and gradient.shape[-2] == gradient.shape[-1] and whole(gradient.shape[-1]) > 1:
            letters = LETTERS[: gradient.rank]
            turned = product([(gradient.args[0], letters)], letters[:-2] + letters[:-3:-1], gradient.shape)
            yield Changed(f"{name} transposed", {gradient: turned}, node, RARE if node.params.moment < 0 else SEEN)


def _from_output(context: Context, by: Fraction) -> dict[Node, Node]:
    core = context.one.output.args[0]
    uses = [use for _, use in context.uses if use.node is core]
    if not uses:
        return {}
    return context.replaced({use: scaled(use.share, by) for use in uses})


def bias_gradients(context: Context) -> Iterator[Changed]:
    """A vector's gradient as the sums of a matrix's rows or columns."""
    inputs = [node for node in context.one.nodes if context.is_input(node) and not context.is_silent(node)]
    matrices = [node for node in inputs if node.rank == 2]
    for node in context.one.nodes:
        if node.rank != 1 or not context.is_input(node):
            continue
        for matrix in matrices:
            gradient = context.one.backward.gradients.get(matrix)
            own = context.one.backward.gradients.get(node)
            if gradient is None or own is None:
                continue
            for axis, letters in ((0, "i"), (1, "j")):
                if matrix.shape[axis] == node.shape[0] and whole(node.shape[0]) > 0:
                    what = "rows" if axis == 0 else "columns"
                    wrong = product([(gradient, "ij")], letters, node.shape)
                    name = context.called(node)
                    said = f"∂L/∂{name} taken as the sums of the {what} of ∂L/∂{context.called(matrix)}"
                    yield Changed(said, {own: wrong}, node)


def another_gradient(context: Context) -> Iterator[Changed]:
    """Another answer of the same shape: the value, the first derivative; entries out of order."""
    inputs = [node for node in context.workings.nodes.values() if context.is_input(node)]
    known = [node for node in inputs if context.one.backward.gradients.get(node) is not None]
    output = context.one.output
    if not output.rank:
        instead = {context.gradient(node): output for node in known if not node.rank}
        if instead:
            is_first = output.params.text.startswith("∂")
            said = "the first derivative taken for the second" if is_first else "the value taken for the derivative"
            yield Changed(said, instead, output, USUAL if is_first else SEEN)
            firsts = {one.output.params.text: one.output for one in context.workings.passes}
            again = {node: firsts.get(f"∂f/∂{node.params.text}") for node in known if is_first}
            for word, both in (("multiplied", times), ("added", lambda *two: added(two))):
                made = {context.gradient(node): both(output, first) for node, first in again.items() if first}
                if made:
                    yield Changed(f"the first derivatives {word}, not differentiated again", made, output, SEEN)
            for said, of_both, often in _second_derivatives(context, known) if is_first else ():
                yield Changed(said, of_both, output, often)
    vectors = [node for node in known if node.rank and whole(node.shape[-1]) > 1]
    for said, move in _MOVES:
        instead = {context.gradient(node): _moved(context.gradient(node).args[0], move) for node in vectors}
        if instead and len(vectors) > 1:
            yield Changed(said, instead, vectors[0], SEEN)
        for node in vectors:
            gradient = context.gradient(node)
            own = {gradient: _moved(gradient.args[0], move)}
            yield Changed(f"{context.called(node)}'s {said.removeprefix('the ')}", own, node, SEEN)


_MOVES = (
    ("the indices run backwards", "reversed"),
    ("the index off by one: the next taken", -1),
    ("the index off by one: the one before taken", 1),
)


def _moved(node: Node, move: object) -> Node:
    size = whole(node.shape[-1])
    order = np.arange(size)[::-1] if move == "reversed" else np.roll(np.arange(size), move)  # type: ignore[call-overload]
    matrix = np.eye(size, dtype=np.int64)[order]
    letters = LETTERS[: node.rank]
    spare = LETTERS[node.rank]
    return product([(node, letters[:-1] + spare), (array(matrix), letters[-1] + spare)], letters, node.shape)


def _second_derivatives(context: Context, known: Sequence[Node]) -> Iterator[tuple[str, dict[Node, Node], Frequency]]:
    """(u v)″ gone wrong, of the number that is differentiated twice by one of its inputs: u″ v″, without 2 u′ v′."""
    for one in known:
        core = context.workings.passes[0].output.args[0]
        if context.one.output.params.text != f"∂f/∂{one.params.text}" or core.operation is not PRODUCT:
            continue
        firsts = [gradients(factor, [one])[0] for factor in core.args]
        seconds = [None if first is None else gradients(first, [one])[0] for first in firsts]
        if len(core.args) < 2:
            continue
        if (kept := [second for second in seconds if second is not None]) and len(kept) == len(seconds):
            said = "a product's second derivative taken as the product of the second derivatives"
            yield said, {context.gradient(one): scaled(times(*kept), core.params.number)}, USUAL
        if len(core.args) == 2 and firsts[0] is not None and firsts[1] is not None:
            mixed = times(firsts[0], firsts[1])
            for said, by in (("2u′v′ left out of (uv)″", 2), ("the 2 of 2u′v′ left out of (uv)″", 1)):
                less = added([context.gradient(one).args[0], scaled(mixed, -by * core.params.number)])
                yield f"{said} = u″v + 2u′v′ + uv″", {context.gradient(one): less}, USUAL


def swapped_gradients(context: Context) -> Iterator[Changed]:
    """The derivatives by two inputs in each other's place."""
    inputs = [node for node in context.workings.nodes.values() if context.is_input(node)]
    known = [node for node in inputs if context.one.backward.gradients.get(node) is not None]
    for a, b in combinations(known[:MAX_SWAPPED], 2):
        if a.shape == b.shape:
            instead = {context.gradient(a): context.gradient(b), context.gradient(b): context.gradient(a)}
            said = f"the derivatives by {context.called(a)} and by {context.called(b)} swapped"
            yield Changed(said, instead, a, USUAL if len(known) == 2 else SEEN)


def other_variable_taken(context: Context) -> Iterator[Changed]:
    """The derivative by another variable taken."""
    known = [node for node in context.workings.nodes.values() if context.is_input(node)][:MAX_SWAPPED]
    for a, b in permutations(known, 2):
        if a.shape == b.shape and a in context.one.backward.gradients and b in context.one.backward.gradients:
            said = f"the derivative by {context.called(b)} given for that by {context.called(a)}"
            yield Changed(said, {context.gradient(a): context.gradient(b)}, a)


def in_degrees(context: Context) -> Iterator[Changed]:
    """Degrees for radians: every angle as if it were degrees, in values and slopes."""
    instead: dict[Node, Node] = {}
    degrees = parse("pi/180")
    for core, node in context.names.items():
        if operator_of(core) in TRIGONOMETRIC and len(core.args) == 1:
            inner = core.args[0]
            angle = times(inner, constant(degrees))
            instead[node] = elementwise(operator_of(core), angle)
            uses = [use for _, use in context.uses if use.node is core]
            for use in uses:
                slope = plain(
                    slopes(core.params.tree, 1)[0], [(angle, core.params.letters[0])], core.params.out, core.shape
                )
                share = times(context.delta(use), slope)
                instead |= context.replaced({use: share})
    if instead:
        yield Changed("degrees taken for radians", instead, None, SEEN)


def to_base_ten(context: Context) -> Iterator[Changed]:
    """The logarithm taken to base 10, or 2, in values and slopes."""
    for base in (10, 2):
        instead: dict[Node, Node] = {}
        by = constant(parse(f"1/log({base})"))
        for core, node in context.names.items():
            if is_log(core) or core.operation is LOG_SOFTMAX or operator_of(core) in ("softplus", "log_sigmoid"):
                instead[node] = times(core, by)
                uses = [use for _, use in context.uses if use.node is core]
                instead |= context.replaced({use: times(use.share, by) for use in uses})
        if instead:
            yield Changed(f"the logarithm taken to base {base}", instead)


GRADIENTS = (
    Row("from-above", USUAL, changes=from_above),
    Row("whole-gradient", SEEN, changes=whole_gradient),
    Row("bias-as-row-sums", SEEN, changes=bias_gradients),
    Row("another-gradient", SEEN, changes=another_gradient),
    Row(SWAPPED_GRADIENTS, SEEN, changes=swapped_gradients),
    Row("derivative-by-another", SEEN, changes=other_variable_taken),
    Row("degrees", SEEN, changes=in_degrees),
    Row("base-ten", SEEN, changes=to_base_ten),
)
