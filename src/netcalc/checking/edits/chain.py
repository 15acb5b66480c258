"""The chain rule gone wrong: the inner derivative left out, or put where it does not belong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from netcalc.checking.edits.edit import (
    RARE,
    SEEN,
    USUAL,
    Changed,
    Context,
    Frequency,
    Row,
    Shared,
    bare,
    inputs_of,
    times,
)
from netcalc.checking.edits.shares import share_of
from netcalc.expression import Number, Symbol, Tree, is_constant, multiply, parse, substitute
from netcalc.graph.backward import Use, added, gradients
from netcalc.graph.elementwise import operator_of, plain, slopes, slot
from netcalc.graph.elementwise import through as through_slope
from netcalc.graph.node import Node
from netcalc.graph.product import LETTERS, PRODUCT, SUM, as_number, number, total

AT_INPUT = "f′(x)·g′: the outer slope is taken at x"
LEFT_OUT = "the inner derivative left out of the chain rule"
# slopes that people take together with the derivative of the argument: q is the argument, u what is above the bar
TAKEN_WHOLE: Mapping[str, tuple[tuple[str, str, Frequency], ...]] = {
    "exp": (("q*exp(q - 1)", "exp(v) differentiated as a power, v·exp(v − 1); it is exp(v)·v′", USUAL),),
    "divide": (
        ("-u/q", "(1/v)′ taken as −1/v; it is −v′/v²", SEEN),
        ("u/q^2", "(1/v)′ taken as 1/v²; it is −v′/v²", SEEN),
        ("u*log(q)", "(1/v)′ taken as log v; it is −v′/v²", SEEN),
    ),
}
# what is taken for a slope times δ, what comes from above: in words, the part with δ, and the part without it
WITHOUT_BRACKETS: Mapping[str, tuple[str, str, str]] = {
    "tanh": ("δ·1 − tanh² taken for δ(1 − tanh²), where δ is what comes from above", "1", "f^2"),
    "sigmoid": ("δ·σ·1 − σ taken for δ·σ(1 − σ), where δ is what comes from above", "f", "f"),
}


def through_here(context: Context, one: Node, node: Node, wrong: Node) -> dict[Node, Node]:
    """An input's gradient where what comes back through a node is another."""
    rest = _beside(context, one, node)
    return {context.gradient(one): added([wrong, *rest]) if rest else wrong}


def _beside(context: Context, one: Node, node: Node) -> list[Node]:
    """An input's gradient along all the paths that avoid a node."""
    right = gradients(context.one.output, [one], context.one.delta)[0]
    own = gradients(node, [one], context.gradient(node))[0]
    if right is None or own is None:
        return []
    letters = LETTERS[: one.rank]
    return [total([(right, letters), (own, letters)], letters, one.shape, [1, -1])]


def _outer(context: Context) -> Iterator[tuple[Node, Node]]:
    """Functions of what is itself made of numbers, each with its argument."""
    for core, node in context.names.items():
        if operator_of(core) in ("", "where", "max", "min"):
            continue
        if operator_of(core) == "divide" and not is_constant(core.params.tree.arguments[0]):
            continue
        for inner in core.args:
            if inner in context.one.backward.gradients and not inner.rank and inputs_of(context, inner) - {inner}:
                yield node, inner


def inner_left_out(context: Context) -> Iterator[Changed]:
    """The inner derivative left out of the chain rule: what comes back to a function's argument goes on to inputs."""
    every: dict[Node, Node] = {}
    outer = list(_outer(context))
    for node, inner in outer:
        if inner.args[0].operation is SUM and inner.args[0].params.numbers == (-1,):
            continue  # whose sign is all that there is to leave out
        if instead := _straight_on(context, inner, inner, context.gradient(inner)):
            every = {**instead, **every}
            yield Changed(LEFT_OUT, instead, node)
    if len(outer) > 1 and every:
        yield Changed(LEFT_OUT, every, outer[-1][0])


def _straight_on(context: Context, node: Node, inner: Node, wrong: Node) -> dict[Node, Node]:
    """The gradients of the inputs of `inner` with what comes back through a node as it is."""
    instead: dict[Node, Node] = {}
    for one in inputs_of(context, inner):
        if not one.rank:
            instead |= through_here(context, one, node, wrong)
    return instead


def taken_whole(context: Context) -> Iterator[Changed]:
    """A slope in a wrong form, and the inner derivative left out with it: 3x·exp(3x − 1), 1/v for −v′/v²."""
    for node, inner in _outer(context):
        core = node.args[0]
        for text, said, often in TAKEN_WHOLE.get(operator_of(core), ()):
            names: dict[str, Tree] = {"q": Symbol(slot(core.args.index(inner))), "u": core.params.tree.arguments[0]}
            share = through_slope(core, core.args.index(inner), context.gradient(node), substitute(parse(text), names))
            yield Changed(said, _straight_on(context, inner, inner, share), node, often)


def inside(context: Context) -> Iterator[Changed]:
    """The inner derivative put inside: f′(g′), or f(g′), for f′(g)·g′; or the outer slope taken at x."""
    for node, inner in _outer(context):
        core = node.args[0]
        if len(core.args) > 1:
            continue
        slope, tree, own_argument = slopes(core.params.tree, 1)[0], core.params.tree, Symbol(slot(0))
        for form, often, said in (
            (slope, USUAL, "f′(g′): the outer slope is taken at the inner derivative"),
            (multiply(slope, own_argument), SEEN, "f′(g′)·g′: the outer slope is taken at the inner derivative"),
            (tree, SEEN, "f(g′): the inner function alone is differentiated"),
            (slope, SEEN, AT_INPUT),
        ):
            if isinstance(form, Number):
                continue
            instead: dict[Node, Node] = {}
            for one in inputs_of(context, inner):
                own = None if one.rank else gradients(inner, [one])[0]
                if own is not None and as_number(bare(own)) not in (1, -1):
                    wrong = plain(form, [(one if said is AT_INPUT else own, "")], "", ())
                    wrong = times(wrong, own) if said is AT_INPUT else wrong
                    instead |= through_here(context, one, node, times(context.gradient(node), wrong))
            if instead:
                yield Changed(f"the chain rule as {said}; it is f′(g)·g′", instead, node, often)
        by_itself = _straight_on(context, inner, inner, times(context.gradient(inner), inner))
        yield Changed("the chain rule as f′(g)·g: times the inner function; it is f′(g)·g′", by_itself, node, SEEN)


def links_added(context: Context, use: Use) -> Iterator[Shared]:
    """The links of a chain, or the factors of a product, added where they are multiplied: b + c for b·c."""
    share = share_of(context, use)
    if (
        share is None
        or use.node.operation is not PRODUCT
        or share.summed
        or len(set(use.node.args)) < len(use.node.args)
    ):
        return
    links = [pair for pair in share.factors if as_number(bare(pair[0])) is None]
    if len(links) > 1 and all(letters == share.own for _, letters in links):
        yield Shared("factors added where they are multiplied", total(links, share.own, share.shape, [1] * len(links)))


def without_brackets(context: Context, use: Use) -> Iterator[Shared]:
    """Brackets missing around a slope: δ·1 − tanh² for δ(1 − tanh²)."""
    delta, core = context.delta(use), use.node
    if operator_of(core) not in WITHOUT_BRACKETS or as_number(bare(delta)) == 1:
        return
    written, before, behind = WITHOUT_BRACKETS[operator_of(core)]
    f, letters = core.params.tree, LETTERS[: core.rank]
    parts = [
        (through_slope(core, use.place, one, substitute(parse(part), {"f": f})), letters)
        for one, part in ((delta, before), (number(1, core.shape), behind))
    ]
    yield Shared(f"brackets missing: {written}", total(parts, letters, core.shape, [1, -1]))


CHAIN = (
    Row("inner-left-out", USUAL, changes=inner_left_out),
    Row("taken-whole", SEEN, changes=taken_whole),
    Row("inner-inside", SEEN, changes=inside),
    Row("links-added", RARE, links_added),
    Row("brackets-left-out", SEEN, without_brackets),
)
