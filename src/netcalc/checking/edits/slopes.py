"""Slopes of functions gone wrong: left out, twice, at the wrong place, in a wrong form, of another function."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import lru_cache
from itertools import islice
from math import prod

from netcalc.checking.edits.edit import RARE, SEEN, USUAL, Changed, Context, Row, Shared, bare, scaled, times, whole
from netcalc.checking.edits.forms import forms_of, written
from netcalc.checking.edits.shares import share_of
from netcalc.derivation.accumulate import shown
from netcalc.derivation.derive import bound, derivation, is_activation
from netcalc.derivation.forms import Forms
from netcalc.expression import Apply, Number, Symbol, Tree, is_constant, multiply, substitute
from netcalc.graph.backward import Use
from netcalc.graph.elementwise import ELEMENTWISE, elementwise, operator_of, plain, slopes, slot, through
from netcalc.graph.node import Node
from netcalc.graph.product import LETTERS as LETTERS_OF_AXES
from netcalc.graph.product import PRODUCT, number, product

LETTERS = {"sigmoid": "σ"}
UNWRAPPED = {"sqrt": "without the root", "cbrt": "without the root", "abs": "without the absolute value"}
MAX_VARIANTS = 24  # of a slope with one slip in its formula
MAX_TERMS = 1000  # products of inputs and weights, at each of which a slope is taken
MAX_ELSEWHERE = 12  # arguments of other functions, the nearest ones, that a slope is taken at
TRIGONOMETRIC = frozenset({"sin", "cos", "tan", "sec", "csc", "cot"})
MISTAKEN_SIGNS = frozenset({"cos", "sec", "csc", "cot", "sinh", "cosh"})
LIKE_RELU = frozenset({"gelu", "gelu_tanh", "silu", "mish", "softplus", "hard_swish"})
ARITHMETIC = frozenset({"divide", "power", "where", "max", "min", "abs", "sign"})


def phi(node: Node) -> str:
    """What the function of a node is called: σ, tanh, φ for a long one."""
    name = operator_of(node)
    label = LETTERS.get(name, name)
    return label if len(label) <= 12 else "φ"


def function(use: Use) -> str | None:
    """The function of one argument that uses a node; None where it is no function."""
    if use.node.operation is not ELEMENTWISE:
        return None
    tree = use.node.params.tree
    if not isinstance(tree, Apply) or sum(not is_constant(one) for one in tree.arguments) != 1:
        return None
    return tree.operator


@lru_cache(maxsize=256)
def _shown(tree: Tree, count: int, place: int) -> Tree:
    """The slope as people know it."""
    return shown(Forms([slot(n) for n in range(count)]), [slopes(tree, count)[place]])[0]


def _known(use: Use) -> Tree:
    """The slope as people know it, in q."""
    tree = use.node.params.tree
    if is_activation(tree):
        return derivation(bound(tree)).shown
    return substitute(_shown(tree, len(use.node.args), use.place), {slot(use.place): Symbol("q")})


def it_is(use: Use) -> str:
    """What the slope is."""
    return written(_known(use))


def wrong(use: Use, context: Context, slope: Tree) -> Node:
    """The share of a use with that slope, a formula in the node's arguments."""
    return through(use.node, use.place, context.delta(use), slope)


def forms(context: Context, use: Use) -> Iterator[Shared]:
    """The function's own list of wrong forms."""
    name, tree = function(use), use.node.params.tree if use.node.operation is ELEMENTWISE else None
    if isinstance(tree, Apply) and tree.operator == "atan2":
        radius = Apply("sqrt", (Apply("add", tuple(multiply(one, one) for one in tree.arguments)),))
        said = "atan2′ divided by r = √(x² + y²); it is by r²"
        yield Shared(said, wrong(use, context, multiply(_slope(use), radius)), SEEN)
    if name is None:
        return
    own = use.node.params.tree
    names = {"q": Symbol(slot(use.place)), "f": own}
    for form, said, often in forms_of(name, own):
        told = f"{phi(use.node)}′ taken as {said.replace('φ', phi(use.node))}; it is {it_is(use)}"
        yield Shared(told, wrong(use, context, substitute(form, names)), often)


def variants(context: Context, use: Use) -> Iterator[Shared]:
    """The slope with one slip in its formula: a factor, a term, an exponent, a root left out, a sign turned."""
    name = function(use)
    if name is None or name in ARITHMETIC:
        return
    q, right = Symbol(slot(use.place)), _known(use)
    turned = wrong(use, context, substitute(Apply("negate", (right,)), {"q": q}))
    said = f"the sign of {phi(use.node)}′ is wrong: it is {it_is(use)}"
    yield Shared(said, turned, USUAL if name in MISTAKEN_SIGNS else None)
    for tree, reason in islice(slipped(right), MAX_VARIANTS):
        told = f"{phi(use.node)}′ taken as {written(tree)}, {reason}; it is {it_is(use)}"
        yield Shared(told, wrong(use, context, substitute(tree, {"q": q})))
    (inner,) = use.node.args
    by, letters = bare(inner).params.number if bare(inner).operation is PRODUCT else 1, LETTERS_OF_AXES[: inner.rank]
    squared = _with_square(right, multiply(Symbol("q"), Symbol("u")))
    if abs(by) != 1 and squared != right:
        tree = substitute(squared, {"q": Symbol(slot(0)), "u": Symbol(slot(1))})
        slope = plain(tree, [(inner, letters), (scaled(inner, 1 / by), letters)], letters, inner.shape)
        said = f"the {by} of {context.called(inner)} not squared in {phi(use.node)}′"
        yield Shared(said, times(context.delta(use), slope))


def _with_square(tree: Tree, square: Tree) -> Tree:
    """A formula in q with another thing for q²."""
    if tree == Apply("power", (Symbol("q"), Number(Fraction(2)))):
        return square
    if not isinstance(tree, Apply):
        return tree
    return Apply(tree.operator, tuple(_with_square(one, square) for one in tree.arguments))


def slipped(tree: Tree) -> Iterator[tuple[Tree, str]]:
    """A formula with one slip in it, but for what units are taken of, in each way, and what the slip is."""
    if not isinstance(tree, Apply) or (_is_unit(tree) and tree.operator != "exp"):
        return
    name, parts = tree.operator, tree.arguments
    if name == "negate":
        yield parts[0], f"the minus before {written(parts[0])} left out"
    if name in UNWRAPPED:
        yield parts[0], UNWRAPPED[name]
    if name == "power" and isinstance(parts[1], Number):
        yield parts[0], "not squared" if parts[1].value == 2 else "without the exponent"
    if name == "divide":
        yield parts[0], f"{written(parts[1])} left out"
        yield Apply(name, (Number(Fraction(1)), parts[1])), f"{written(parts[0])} left out"
    for n, part in enumerate(parts):
        rest = (*parts[:n], *parts[n + 1 :])
        if name in ("add", "multiply") and rest != (Number(Fraction(1)),):  # that is a factor or the slope left out
            yield rest[0] if len(rest) == 1 else Apply(name, rest), f"{written(part)} left out"
        is_plus = name == "add" and not (isinstance(part, Apply) and part.operator == "negate")
        turned = [(Apply("negate", (part,)), f"the sign of {written(part)} wrong")] if is_plus else []
        for one, reason in (*turned, *slipped(part)):
            yield Apply(name, (*parts[:n], one, *parts[n + 1 :])), reason


def mask_of_gradient(context: Context, use: Use) -> Iterator[Shared]:
    """relu's mask taken from the gradient that comes back: 0 where that is negative, not where q is."""
    if function(use) == "relu":
        share = elementwise("relu", context.delta(use))
        yield Shared("relu′ taken from the sign of the gradient from above; it is that of q", share)


def left_out(context: Context, use: Use) -> Iterator[Shared]:
    """The slope as 1."""
    name = function(use)
    if name is None or name in ARITHMETIC:
        return
    one = wrong(use, context, Number(Fraction(1)))
    yield Shared(_left_out_of_chain(use.node), one)


def _is_unit(tree: Apply) -> bool:
    """Whether a function is one that neurons have."""
    return is_activation(tree) or tree.operator in ("tanh", "exp", "sin")


def _left_out_of_chain(node: Node) -> str:
    if operator_of(node) in ("leaky_relu", "elu", "celu"):
        return f"{phi(node)}′ left out: 1 where q is negative too"
    outer = "" if _is_unit(node.params.tree) else ", the outer derivative,"
    return f"{phi(node)}′{outer} left out of the chain rule"


def left_out_here(context: Context, use: Use) -> Iterator[Shared]:
    """The slope of the function that the user goes into left out of one gradient alone."""
    user = context.names.get(use.node)
    if user is None:
        return
    for own in context.one.backward.uses.get(user, ()):
        name = function(own)
        if name is None or name in ARITHMETIC or own.node.args[own.place].shape != own.node.shape:
            continue
        share = use.node.vjp(use.place, context.delta(own))
        if share is not None:
            yield Shared(_left_out_of_chain(own.node), share)


def from_above_left_out(context: Context, use: Use) -> Iterator[Shared]:
    """What comes from above left out: the slope alone."""
    if function(use) is not None and _is_unit(use.node.params.tree) and use.node in context.names:
        share = use.node.vjp(use.place, number(1, use.node.shape))
        if share is not None:
            above, name = context.called(context.one.output), context.called(use.node)
            users = context.users.get(context.names[use.node], [])
            is_factor = len(users) == 1 and users[0].args[0].operation is PRODUCT
            said = f"what comes from above left out: ∂{above}/∂{name}, times {phi(use.node)}′"
            yield Shared(said, share, RARE if is_factor else SEEN)  # a factor left out is told as one


def value_for_slope(context: Context, use: Use) -> Iterator[Shared]:
    """The function's value in its slope's place."""
    name = function(use)
    if name is None or name in ("power", "divide"):
        return
    yield Shared(
        f"{phi(use.node)}(q) taken for {phi(use.node)}′(q); it is {it_is(use)}",
        wrong(use, context, use.node.params.tree),
        {"identity": RARE, "abs": SEEN}.get(name),
    )


def at_output(context: Context, use: Use) -> Iterator[Shared]:
    """The slope at the function's value in place of its argument."""
    if function(use) not in (None, "power", "divide"):
        at = substitute(_slope(use), {slot(use.place): use.node.params.tree})
        yield Shared(f"{phi(use.node)}′ taken at {phi(use.node)}(q) in place of q", wrong(use, context, at))


def twice(context: Context, use: Use) -> Iterator[Shared]:
    """The slope squared."""
    if function(use) is not None:
        yield Shared(f"{phi(use.node)}′ applied twice", wrong(use, context, multiply(_slope(use), _slope(use))))


def inverted(context: Context, use: Use) -> Iterator[Shared]:
    """One over the slope."""
    if function(use) is not None and function(use) not in ARITHMETIC:
        upside_down = Apply("divide", (Number(Fraction(1)), _slope(use)))
        yield Shared(f"{phi(use.node)}′ inverted: divided by it", wrong(use, context, upside_down))


def _slope(use: Use) -> Tree:
    return slopes(use.node.params.tree, len(use.node.args))[use.place]


def elsewhere(context: Context, use: Use) -> Iterator[Shared]:
    """The slope at another function's argument of the same shape."""
    name = function(use)
    if name is None or name in ARITHMETIC:
        return
    (own,) = use.node.args
    own_slope = slopes(use.node.params.tree, 1)[0]
    here = context.places[use]
    others = [
        (abs(place - here), other)
        for place, (other, its) in enumerate(context.uses)
        if other is not own and _spreads(other, own) and function(its) and function(its) not in ARITHMETIC
    ]
    for _, other in sorted(others, key=lambda pair: pair[0])[:MAX_ELSEWHERE]:
        letter = LETTERS_OF_AXES[: other.rank]
        slope = plain(own_slope, [(other, letter)], letter, other.shape)
        yield Shared(
            f"{phi(use.node)}′ taken at {context.called(other)} in place of {context.called(own)}",
            times(context.delta(use), slope),
        )


def at_one_input(context: Context, use: Use) -> Iterator[Shared]:
    """The slope of an activation at one input's own product, σ′(w·x), not at the sum of all."""
    share = share_of(context, use)
    if share is None or use.node.operation is not PRODUCT or len(use.node.args) != 2 or len(share.summed) > 1:
        return
    factors = list(zip(use.node.args, use.node.params.letters, strict=True))
    sizes = {letter: whole(size) for node, own in factors for letter, size in zip(own, node.shape, strict=True)}
    every, shape = "".join(sizes), tuple(sizes.values())
    if len(every) != len(share.out) + 1 or not 0 < prod(shape) <= MAX_TERMS:
        return
    terms = product(factors, every, shape)
    for q in context.users.get(context.names.get(use.node, use.node), ()):
        for user in context.users.get(q, ()):
            core = user.args[0]
            if core.operation is ELEMENTWISE and core.args == (q,) and core.shape == use.node.shape:
                slope = plain(slopes(core.params.tree, 1)[0], [(terms, every)], every, shape)
                above = context.one.backward.gradients[core], share.out
                said = f"{phi(core)}′ taken at each input's product alone; it is that at {context.called(q)}, their sum"
                yield Shared(said, share.built([above, (slope, every), *share.factors[1:]]))


def _spreads(other: Node, own: Node) -> bool:
    """Whether a node's entries stand for another's: it has their shape, or one that is spread to it."""
    if other.rank != own.rank:
        return False
    return all(a == b or whole(a) == 1 for a, b in zip(other.shape, own.shape, strict=True))


def of_another(context: Context, use: Use) -> Iterator[Shared]:
    """The slope of another of the problem's activations, or σ's, tanh's or relu's for one's own."""
    name = function(use)
    if name is None or name in ARITHMETIC:
        return
    others = {operator_of(its.node): its.node.params.tree for _, its in context.uses if function(its)}
    if _is_unit(use.node.params.tree):
        usual = ("sigmoid", "tanh", "relu") if name in LIKE_RELU else ("sigmoid", "tanh")
        others |= {one: Apply(one, (Symbol(slot(0)),)) for one in usual}
    for other, tree in others.items():
        if other == name or other in ARITHMETIC or len(tree.arguments) > 1:
            continue
        own = substitute(slopes(tree, 1)[0], {slot(0): Symbol(slot(use.place))})
        yield Shared(f"{LETTERS.get(other, other)}′ taken for {phi(use.node)}′", wrong(use, context, own))


def one_branch(context: Context) -> Iterator[Changed]:
    """One branch of several taken everywhere, as a Huber loss's square."""
    for core, node in context.names.items():
        if operator_of(core) != "where" or core not in context.one.backward.gradients:
            continue
        uses = [use for _, use in context.uses if use.node is core]
        pieces = core.params.tree.arguments[1:]
        branches = [
            use for use in uses if core.args[use.place].shape == core.shape and Symbol(slot(use.place)) in pieces
        ]
        for use in branches:
            everywhere = {one: context.delta(use) if one is use else None for one in branches}
            piece = core.args[use.place]
            said = f"the piece {context.called(piece)} taken everywhere"
            yield Changed(said, context.replaced(everywhere), node)
            if len(branches) > 1:  # of one, it is a mask
                yield Changed(said, {node: piece, **context.replaced(everywhere)}, node)


SLOPES = (
    Row("slope-left-out", USUAL, left_out),
    Row("slope-left-out-here", USUAL, left_out_here),
    Row("slope-form", SEEN, forms),
    Row("slope-variant", SEEN, variants),
    Row("value-for-slope", USUAL, value_for_slope),
    Row("slope-at-output", SEEN, at_output),
    Row("slope-alone", SEEN, from_above_left_out),
    Row("slope-twice", SEEN, twice),
    Row("slope-inverted", SEEN, inverted),
    Row("slope-elsewhere", SEEN, elsewhere),
    Row("slope-at-one-input", SEEN, at_one_input),
    Row("slope-of-another", SEEN, of_another),
    Row("slope-of-gradient", RARE, mask_of_gradient),
    Row("one-branch", USUAL, changes=one_branch),
)
