"""Paths, vector functions and whole answers gone wrong: left out, overwritten, the sign, a factor, one for another."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import combinations, permutations

import numpy as np

from netcalc.checking.edits.chain import through_here
from netcalc.checking.edits.edit import (
    RARE,
    SEEN,
    USUAL,
    Changed,
    Context,
    Row,
    inputs_of,
    readable,
    scaled,
    times,
    whole,
    zero,
)
from netcalc.checking.edits.slopes import TRIGONOMETRIC
from netcalc.checking.edits.vectors import is_log
from netcalc.expression import parse
from netcalc.graph.backward import Use, added, gradients
from netcalc.graph.build import constant, divide
from netcalc.graph.elementwise import ELEMENTWISE, elementwise, plain, slopes
from netcalc.graph.leaves import NAMED, array
from netcalc.graph.node import Node
from netcalc.graph.product import LETTERS, PRODUCT, SUM, number, product
from netcalc.graph.reductions import LOG_SOFTMAX

FACTORS = {"the sign is wrong": Fraction(-1), "twice what it is": Fraction(2), "half of what it is": Fraction(1, 2)}
SWAPPED_GRADIENTS = "gradients-swapped"  # which only answers of both can tell
MAX_SWAPPED = 6  # inputs of which any two's derivatives may be swapped
ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth")


# --- several uses of one node


def path_left_out(context: Context) -> Iterator[Changed]:
    """One of several uses left out, or all but one: overwritten."""
    by_step: dict[tuple[str, str], dict[Node, list[Use]]] = {}
    for node in context.one.nodes:
        by_user: dict[Node, list[Use]] = {}
        for use in reversed(context.one.backward.uses.get(node, [])):
            by_user.setdefault(use.node, []).append(use)
        name = context.called(node)
        for user, own in by_user.items():
            said = f"a path left out: the one from {name} through {context.called(user)}"
            often = RARE if _is_term(context, user) else None  # told as a term left out
            if len(by_user) > 1:
                yield Changed(said, context.replaced(dict.fromkeys(own)), context.names.get(user), often)
            if (
                user.operation is PRODUCT
                and len(own) == 2
                and len({user.params.letters[use.place] for use in own}) == 2
            ):
                said = f"{name} is used twice in {context.called(user)}: the gradient of one place alone is taken"
                for use in own:
                    yield Changed(said, context.replaced({use: None}), context.names.get(user), SEEN)
            if user in context.names:
                steps = context.step(node), context.step(context.names[user])
                by_step.setdefault(steps, {})[node] = own
        for user in by_user if len(by_user) > 2 else ():
            others = dict.fromkeys(use for one, uses in by_user.items() if one is not user for use in uses)
            said = f"{name} is used {len(by_user)} times: only the gradient from {context.called(user)} is taken"
            yield Changed(said, context.replaced(others), context.names.get(user), RARE)
    for (name, through), at_steps in by_step.items():
        if len(at_steps) > 1:
            said = f"a path left out at every step: the one from {name} through {readable(through)}"
            uses = dict.fromkeys(use for own in at_steps.values() for use in own)
            yield Changed(said, context.replaced(uses), next(iter(at_steps)), SEEN)


def _is_term(context: Context, core: Node) -> bool:
    """Whether a node is a sum that is a number, or goes into one alone."""
    users = context.users.get(context.names.get(core, core), ())
    return any(one.operation is SUM and not one.rank for one in (core, *(user.args[0] for user in users)))


def terms_left_out(context: Context) -> Iterator[Changed]:
    """The product rule and the sum rule with some of their terms left out."""
    for core, node in context.names.items():
        if core not in context.one.backward.gradients or core.operation not in (PRODUCT, SUM):
            continue
        if core.rank and (core.operation is SUM or set(core.params.letters) != {core.params.out}):
            continue
        live = _live(context, core)
        if len(live) < 2 or not _share_an_input(context, core, live):
            continue
        for place, use in enumerate(live):
            others: dict[Use, Node | None] = {use: None}
            if core.operation is PRODUCT:
                word = ORDINALS[place] if place < len(ORDINALS) else f"{place + 1}th"
                if not core.rank:
                    yield Changed(f"the product rule's {word} term left out", context.replaced(others), node, USUAL)
                if len(live) > 2:
                    alone = dict.fromkeys(one for one in live if one is not use)
                    yield Changed(f"the product rule's {word} term alone", context.replaced(alone), node)
            else:
                said = f"the term {context.term(core, use.place)} left out"
                yield Changed(said, context.replaced(others), node, USUAL)
                if core.params.numbers[use.place] > 0:
                    said = f"the sign of the term {context.term(core, use.place)} is wrong"
                    yield Changed(said, context.replaced({use: scaled(use.share, -1)}), node)
        if core.operation is PRODUCT:
            yield from _product_of_derivatives(context, core, node, live)


def _live(context: Context, core: Node) -> list[Use]:
    found = [use for _, use in context.uses if use.node is core]
    return sorted(found, key=lambda use: use.place)


def _share_an_input(context: Context, core: Node, live: list[Use]) -> bool:
    seen: set[Node] = set()
    for use in live:
        own = inputs_of(context, core.args[use.place])
        if own & seen:
            return True
        seen |= own
    return False


def _product_of_derivatives(context: Context, core: Node, node: Node, live: list[Use]) -> Iterator[Changed]:
    """(u v)′ as u′ v′, by each input."""
    instead: dict[Node, Node] = {}
    for one in inputs_of(context, node):
        if one.rank:
            continue
        parts = [gradients(core.args[use.place], [one])[0] for use in live]
        known = [part for part in parts if part is not None]
        if len(known) < 2:
            continue
        constants = [core.args[use.place] for use, part in zip(live, parts, strict=True) if part is None]
        delta = context.one.backward.gradients[core]
        wrong = scaled(times(delta, *known, *constants), core.params.number)
        instead |= through_here(context, one, node, wrong)
    if instead:
        said = "a product's derivative taken as the product of the derivatives"
        yield Changed(said, instead, node, USUAL)


def quotient_of_derivatives(context: Context) -> Iterator[Changed]:
    """(u/v)′ as u′/v′."""
    for core, node in context.names.items():
        if core.operation is not ELEMENTWISE or core.params.tree.operator != "divide" or core.rank:
            continue
        if len(core.args) < 2:
            continue
        above, below = core.args
        instead: dict[Node, Node] = {}
        reversed_: dict[Node, Node] = {}
        for one in inputs_of(context, node):
            u, v = gradients(above, [one])[0], gradients(below, [one])[0]
            if u is None or v is None or one.rank:
                continue
            instead |= through_here(context, one, node, times(context.gradient(node), divide(u, v)))
        if instead:
            said = "a quotient's derivative taken as the quotient of the derivatives"
            yield Changed(said, instead, node, USUAL)
        uses = [use for _, use in context.uses if use.node is core]
        reversed_ = context.replaced({use: scaled(use.share, -1) for use in uses})
        yield Changed("the quotient rule's numerator reversed: it is u′v − uv′", reversed_, node)
        unsquared = {use: times(use.share, below) for use in uses}
        yield Changed("the quotient rule's denominator not squared", context.replaced(unsquared), node)


# --- another base


def to_base_ten(context: Context) -> Iterator[Changed]:
    """The logarithm taken to base 10, or 2, in values and slopes."""
    for base in (10, 2):
        instead: dict[Node, Node] = {}
        by = constant(parse(f"1/log({base})"))
        for core, node in context.names.items():
            if is_log(core) or core.operation is LOG_SOFTMAX:
                instead[node] = times(core, by)
                uses = [use for _, use in context.uses if use.node is core]
                instead |= context.replaced({use: times(use.share, by) for use in uses})
        if instead:
            yield Changed(f"the logarithm taken to base {base}", instead)


# --- whole gradients


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
        if gradient.rank == 2 and gradient.shape[0] == gradient.shape[1] and whole(gradient.shape[0]) > 1:
            turned = product([(gradient.args[0], "ij")], "ji", gradient.shape)
            yield Changed(f"{name} transposed", {gradient: turned}, node, SEEN)


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
            both = {
                context.gradient(node): times(output, firsts[f"∂f/∂{node.params.text}"])
                for node in known
                if is_first and f"∂f/∂{node.params.text}" in firsts
            }
            if both:
                yield Changed("the first derivatives multiplied, not differentiated again", both, output, SEEN)
    vectors = [node for node in known if node.rank and whole(node.shape[-1]) > 1]
    for said, move in _MOVES:
        instead = {context.gradient(node): _moved(context.gradient(node).args[0], move) for node in vectors}
        if instead and len(vectors) > 1:
            yield Changed(said, instead, vectors[0], SEEN)
        for node in vectors:
            gradient = context.gradient(node)
            own = {gradient: _moved(gradient.args[0], move)}
            yield Changed(f"{context.called(node)}'s {said.removeprefix('the ')}", own, node, SEEN)


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


def from_above(context: Context) -> Iterator[Changed]:
    """What comes from above left out."""
    if context.one.delta is not None and not context.workings.is_jacobian:
        core = context.one.output.args[0]
        uses = [use for _, use in context.uses if use.node is core]
        plain = {use: core.vjp(use.place, number(1, core.shape)) for use in uses}
        said = "what comes from above is left out: ∂L/∂ the output taken as 1"
        yield Changed(said, context.replaced(plain), context.one.output, USUAL)


def in_degrees(context: Context) -> Iterator[Changed]:
    """Degrees for radians: every angle as if it were degrees, in values and slopes."""
    instead: dict[Node, Node] = {}
    degrees = parse("pi/180")
    for core, node in context.names.items():
        if core.operation is ELEMENTWISE and core.params.tree.operator in TRIGONOMETRIC and len(core.args) == 1:
            inner = core.args[0]
            angle = times(inner, constant(degrees))
            instead[node] = elementwise(core.params.tree.operator, angle)
            uses = [use for _, use in context.uses if use.node is core]
            for use in uses:
                slope = plain(
                    slopes(core.params.tree, 1)[0], [(angle, core.params.letters[0])], core.params.out, core.shape
                )
                share = times(context.delta(use), slope)
                instead |= context.replaced({use: share})
    if instead:
        yield Changed("degrees taken for radians", instead, None, SEEN)


def constant_terms(context: Context) -> Iterator[Changed]:
    """A constant term's derivative taken as the term itself."""
    for core, node in context.names.items():
        if core.operation is not SUM or core.rank or core not in context.one.backward.gradients:
            continue
        for arg, by in zip(core.args, core.params.numbers, strict=True):
            if arg in context.varying:
                continue
            term = scaled(times(context.gradient(node), arg), by)
            inputs = [one for one in inputs_of(context, node) if not one.rank]
            instead = {context.gradient(one): added([context.gradient(one).args[0], term]) for one in inputs}
            if instead:
                yield Changed("the derivative of a constant term isn't 0 here", instead, node, USUAL)


def other_variables(context: Context) -> Iterator[Changed]:
    """Another variable differentiated too, which is constant in a partial derivative: 2x·3y² for 2x·y³."""
    for core, node in context.names.items():
        if core.operation not in (PRODUCT, SUM) or core.rank or core not in context.one.backward.gradients:
            continue
        every: dict[Node, Node] = {}
        for one in inputs_of(context, node):
            wrong = None if one.rank else _with_others(context, core, node, one)
            if wrong is not None:
                instead = through_here(context, one, node, wrong)
                every |= instead
                yield Changed(f"{_OTHERS}{context.called(one)}", instead, node)
        if len(every) > 1:
            yield Changed("each variable's derivative has those of the others in it, which are constant", every, node)


_OTHERS = "another variable differentiated too, which is constant in the derivative by "


def _with_others(context: Context, core: Node, node: Node, one: Node) -> Node | None:
    """What comes back to an input through a sum or a product, with what does not hold it differentiated as well."""
    own = gradients(node, [one], context.gradient(node))[0]
    strange: list[tuple[Node, Node]] = []
    for place, arg in enumerate(core.args):
        held = inputs_of(context, arg)
        if one not in held and len(held) == 1 and not (other := next(iter(held))).rank and not context.is_input(arg):
            by = core.params.numbers[place] if core.operation is SUM else 1
            strange += [(arg, scaled(found, by)) for found in gradients(arg, [other]) if found is not None]
    if own is None or not strange:
        return None
    if core.operation is SUM:
        return added([own, *(times(context.gradient(node), found) for _, found in strange)])
    for arg, found in strange:
        own = times(divide(own, arg), found)
    return own


def powers_of_both(context: Context) -> Iterator[Changed]:
    """A power whose base and exponent both vary, differentiated as if one of them were constant."""
    for core, node in context.names.items():
        if core.operation is ELEMENTWISE and core.params.tree.operator == "power" and len(core.args) == 2:
            uses = sorted((use for _, use in context.uses if use.node is core), key=lambda use: use.place)
            if len(uses) < 2 or not _share_an_input(context, core, uses):
                continue
            as_power = {uses[1]: None}
            said = "differentiated as a power: the exponent's own derivative is left out"
            yield Changed(f"{context.called(node)} {said}", context.replaced(as_power), node, USUAL)
            said = "differentiated as an exponential: the base's own derivative is left out"
            yield Changed(f"{context.called(node)} {said}", context.replaced({uses[0]: None}), node, USUAL)


PATHS = (
    Row("power-of-both", USUAL, changes=powers_of_both),
    Row("path-left-out", SEEN, changes=path_left_out),
    Row("term-left-out", SEEN, changes=terms_left_out),
    Row("quotient-of-derivatives", SEEN, changes=quotient_of_derivatives),
    Row("from-above", USUAL, changes=from_above),
    Row("whole-gradient", SEEN, changes=whole_gradient),
    Row("bias-as-row-sums", SEEN, changes=bias_gradients),
    Row("another-gradient", SEEN, changes=another_gradient),
    Row(SWAPPED_GRADIENTS, SEEN, changes=swapped_gradients),
    Row("derivative-by-another", SEEN, changes=other_variable_taken),
    Row("constant-term", SEEN, changes=constant_terms),
    Row("other-variable", SEEN, changes=other_variables),
    Row("degrees", SEEN, changes=in_degrees),
    Row("base-ten", SEEN, changes=to_base_ten),
)
