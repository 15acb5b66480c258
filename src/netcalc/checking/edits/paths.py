"""Paths and terms gone wrong: left out, by the rules of products, quotients, sums and powers."""

from __future__ import annotations

from collections.abc import Iterator

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
)
from netcalc.graph.backward import Use, added, gradients
from netcalc.graph.build import divide
from netcalc.graph.elementwise import operator_of
from netcalc.graph.node import Node
from netcalc.graph.product import PRODUCT, SUM

ORDINALS = ("first", "second", "third", "fourth", "fifth", "sixth")


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
    users = context.users_of(core)
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
        if operator_of(core) != "divide" or core.rank:
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


def powers_of_both(context: Context) -> Iterator[Changed]:
    """A power whose base and exponent both vary, differentiated as if one of them were constant."""
    for core, node in context.names.items():
        if operator_of(core) == "power" and len(core.args) == 2:
            uses = sorted((use for _, use in context.uses if use.node is core), key=lambda use: use.place)
            if len(uses) < 2 or not _share_an_input(context, core, uses):
                continue
            as_power = {uses[1]: None}
            said = "differentiated as a power: the exponent's own derivative is left out"
            yield Changed(f"{context.called(node)} {said}", context.replaced(as_power), node, USUAL)
            said = "differentiated as an exponential: the base's own derivative is left out"
            yield Changed(f"{context.called(node)} {said}", context.replaced({uses[0]: None}), node, USUAL)


def constant_terms(context: Context) -> Iterator[Changed]:
    """A constant term's derivative taken as the term itself, or any other's."""
    for core, node in context.names.items():
        if core.operation is not SUM or core.rank or core not in context.one.backward.gradients:
            continue
        inputs = [one for one in inputs_of(context, node) if not one.rank]
        for place, (arg, by) in enumerate(zip(core.args, core.params.numbers, strict=True)):
            term = scaled(times(context.gradient(node), arg), by)
            if arg not in context.varying:
                instead = {context.gradient(one): added([context.gradient(one).args[0], term]) for one in inputs}
                if instead:
                    yield Changed("the derivative of a constant term isn't 0 here", instead, node, USUAL)
                continue
            said = f"the term {context.term(core, place)} left as it is, not differentiated"
            for one in inputs:
                right = gradients(node, [one], context.gradient(node))[0]
                own = gradients(arg, [one], scaled(context.gradient(node), -by))[0]
                wrong = added([part for part in (right, own, term) if part is not None])
                yield Changed(said, through_here(context, one, node, wrong), node)


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


def gates(context: Context) -> Iterator[Changed]:
    """Gates taken as constants: nothing comes back through the σ that something is multiplied by."""
    shut: dict[Use, None] = {}
    for core, node in context.names.items():
        users = context.users.get(node, [])
        if operator_of(core) == "sigmoid" and any(
            len(one.args[0].args) > 1 for one in users if one.args[0].operation is PRODUCT
        ):
            own = dict.fromkeys(use for _, use in context.uses if use.node is core)
            yield Changed(f"the gate {context.called(node)} taken as a constant", context.replaced(own), node)
            shut |= own
    if len({use.node for use in shut}) > 1:
        yield Changed("the gates taken as constants: nothing comes back through them", context.replaced(shut))


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


PATHS = (
    Row("power-of-both", USUAL, changes=powers_of_both),
    Row("path-left-out", SEEN, changes=path_left_out),
    Row("term-left-out", SEEN, changes=terms_left_out),
    Row("quotient-of-derivatives", SEEN, changes=quotient_of_derivatives),
    Row("constant-term", SEEN, changes=constant_terms),
    Row("other-variable", SEEN, changes=other_variables),
    Row("gates-as-constants", SEEN, changes=gates),
)
