"""Slopes of functions gone wrong: left out, twice, at the wrong place, in a wrong form, of another function."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from functools import lru_cache

from netcalc.checking.edits.edit import RARE, SEEN, USUAL, Context, Frequency, Row, Shared, times, whole
from netcalc.derivation.accumulate import shown
from netcalc.derivation.derive import bound, derivation, is_activation
from netcalc.derivation.forms import Forms
from netcalc.expression import Apply, Number, Symbol, Tree, is_constant, multiply, parse, substitute
from netcalc.graph.backward import Use
from netcalc.graph.elementwise import ELEMENTWISE, elementwise, plain, slopes, slot, through
from netcalc.graph.node import Node
from netcalc.graph.product import LETTERS as LETTERS_OF_AXES
from netcalc.graph.product import PRODUCT, number
from netcalc.notation import to_unicode

LETTERS = {"sigmoid": "σ"}
MAX_ELSEWHERE = 12  # arguments of other functions, the nearest ones, that a slope is taken at
TRIGONOMETRIC = frozenset({"sin", "cos", "tan", "sec", "csc", "cot"})
ARITHMETIC = frozenset({"divide", "power", "where", "max", "min", "abs", "sign"})


def phi(node: Node) -> str:
    """What the function of a node is called: σ, tanh, φ for a long one."""
    name = node.params.tree.operator
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


def it_is(use: Use) -> str:
    """What the slope is, as people know it: `σ(1 − σ)`."""
    tree = use.node.params.tree
    if is_activation(tree):
        return to_unicode(derivation(bound(tree)).shown).replace("(q)", "")
    written = to_unicode(substitute(_shown(tree, len(use.node.args), use.place), {slot(use.place): Symbol("q")}))
    bare = written.replace("(q)", "")
    return written if "q" in bare.replace("sqrt", "") else bare


def wrong(use: Use, context: Context, slope: Tree) -> Node:
    """The share of a use with that slope, a formula in the node's arguments."""
    return through(use.node, use.place, context.delta(use), slope)


# q is the argument, f the function's value. What is told of a form is told with φ for the function.
FORMS: Mapping[str, tuple[tuple[str, str, Frequency], ...]] = {
    "sigmoid": (
        ("(1 - f)/f", "(1 − φ)/φ", USUAL),
        ("1 - f", "1 − φ, which is exp(−q)/(1 + exp(−q))", USUAL),
        ("f*(1 + f)", "φ(1 + φ)", SEEN),
        ("f^2", "φ², which is 1/(1 + exp(−q))²", SEEN),
        ("1 - f^2", "1 − φ², as if it were tanh", SEEN),
        ("q*(1 - q)", "q(1 − q): the form for the output, fed the sum", USUAL),
        ("f/(1 - f)", "φ/(1 − φ)", RARE),
        ("(1 - f)^2", "(1 − φ)²", RARE),
        ("-f*(1 - f)", "−φ(1 − φ)", SEEN),
        ("q*f*(1 - f)", "qφ(1 − φ)", RARE),
        ("exp(-q)", "exp(−q)", RARE),
        ("-exp(-q)/(1 + exp(-q))^2", "−exp(−q)/(1 + exp(−q))²", SEEN),
    ),
    "tanh": (
        ("1 - f", "1 − φ", USUAL),
        ("1 + f^2", "1 + φ²", SEEN),
        ("(1 - f)^2", "(1 − φ)²", SEEN),
        ("f^2", "φ², without 1 −", SEEN),
        ("f*(1 - f)", "φ(1 − φ), as if it were σ", SEEN),
        ("1 - q^2", "1 − q²: the form for the output, fed the sum", USUAL),
        ("1/cosh(q)", "sech(q), not squared", SEEN),
        ("1/cosh(f)", "sech(φ)", SEEN),
        ("1/cosh(f)^2", "sech²(φ)", SEEN),
        ("f^2 - 1", "φ² − 1", SEEN),
        ("cosh(q)^2", "cosh²(q)", RARE),
        ("1/(1 + q^2)", "1/(1 + q²), as if it were arctan", RARE),
    ),
    "relu": (
        ("1", "1 where q is negative too", USUAL),
        ("0", "0 everywhere", SEEN),
        ("where(q > 0, 0, 1)", "that of the other side of the kink", SEEN),
        ("where(q > 0, 1, -1)", "−1 where q is negative", SEEN),
    ),
    "softplus": (
        ("1/(1 + exp(q))", "1/(1 + exp(q)): exp(q) for exp(−q)", SEEN),
        ("exp(q)", "exp(q)", SEEN),
        ("1/(1 + exp(q))^2", "1/(1 + exp(q))²", RARE),
        ("sigmoid(q)*(1 - sigmoid(q))", "σ(1 − σ), which is the second derivative", SEEN),
    ),
    "silu": (
        ("sigmoid(q)", "σ(q): the product rule's other term is left out", USUAL),
        ("q*sigmoid(q)*(1 - sigmoid(q))", "q·σ(1 − σ): the product rule's first term is left out", SEEN),
        ("sigmoid(q)*(1 - sigmoid(q))", "σ(1 − σ)", SEEN),
        ("f*(1 - f)", "φ(1 − φ), as if it were σ", SEEN),
        ("sigmoid(q) + f*(1 - f)", "σ + φ(1 − φ)", RARE),
        ("sigmoid(q)*(1 + q*(1 - q))", "σ(1 + q(1 − q)): q for σ", RARE),
        ("1 + exp(-q) + q*exp(-q)/(1 + exp(-q))^2", "1 + exp(−q) + q·exp(−q)/(1 + exp(−q))²: brackets missing", RARE),
    ),
    "gelu": (
        ("(1 + erf(q/sqrt(2)))/2", "Φ(q): the product rule's other term is left out", USUAL),
        ("q*exp(-q^2/2)/sqrt(2*pi)", "q times the normal density: the product rule's first term is left out", SEEN),
        ("exp(-q^2/2)/sqrt(2*pi)", "the normal density", SEEN),
        ("(1 + erf(q/sqrt(2)))/2 + exp(-q^2/2)/sqrt(2*pi)", "Φ(q) plus the normal density, without q", SEEN),
        ("(1 + erf(q/sqrt(2)))/2 + q*exp(-q^2/2)/(2*pi)", "Φ(q) + q·exp(−q²/2)/(2π): the root left out", RARE),
        ("(1 + erf(q))/2 + q*exp(-q^2/2)/sqrt(2*pi)", "that with erf(q) for erf(q/√2)", RARE),
    ),
    "mish": (
        ("tanh(log(1 + exp(q)))", "tanh(softplus(q)): the product rule's other term is left out", USUAL),
        ("q*(1 - tanh(log(1 + exp(q)))^2)*sigmoid(q)", "the product rule's second term alone", SEEN),
    ),
    "softsign": (
        ("1/(1 + abs(q))", "1/(1 + |q|), not squared", SEEN),
        ("1/(1 + q^2)", "1/(1 + q²)", RARE),
        ("1/(1 + q)^2", "1/(1 + q)², without the absolute value", SEEN),
    ),
    "exp": (
        ("q", "q, its argument", USUAL),
        ("q*exp(q - 1)", "q·exp(q − 1), differentiated as a power", USUAL),
        ("-exp(q)", "−exp(q)", SEEN),
    ),
    "log": (
        ("q", "q", SEEN),
        ("1/q^2", "1/q²", SEEN),
        ("-1/q^2", "−1/q²", SEEN),
        ("-1/q", "−1/q", SEEN),
        ("1/log(q)", "1/log(q)", RARE),
        ("log(q)/q", "log(q)/q", RARE),
        ("1/(log(10)*q)", "1/(q·log 10), that of log10", SEEN),
    ),
    "log10": (("1/q", "1/q: the logarithm's base forgotten", USUAL), ("log(10)/q", "log(10)/q", SEEN)),
    "log2": (("1/q", "1/q: the logarithm's base forgotten", USUAL), ("log(2)/q", "log(2)/q", SEEN)),
    "log1p": (("1/q", "1/q", USUAL), ("1/(1 + q)^2", "1/(1 + q)²", RARE)),
    "sqrt": (
        ("1/sqrt(q)", "1/√q: the root's ½ left out", USUAL),
        ("sqrt(q)/2", "√q/2", SEEN),
        ("1/(2*q)", "1/(2q)", SEEN),
        ("2/sqrt(q)", "2/√q", SEEN),
        ("-1/(2*sqrt(q))", "−1/(2√q)", SEEN),
    ),
    "cbrt": (("1/cbrt(q)^2", "1/cbrt(q)²: the third left out", USUAL), ("1/(3*cbrt(q))", "1/(3·cbrt(q))", SEEN)),
    "sin": (("-cos(q)", "−cos", SEEN), ("-sin(q)", "−sin", RARE)),
    "cos": (("sin(q)", "sin", USUAL), ("-cos(q)", "−cos", RARE)),
    "tan": (
        ("1/cos(q)", "1/cos, not squared", SEEN),
        ("1 - tan(q)^2", "1 − tan²", SEEN),
        ("-1/cos(q)^2", "−1/cos²", SEEN),
        ("1/sin(q)^2", "1/sin²", SEEN),
        ("sec(q)*tan(q)", "sec·tan, that of sec", SEEN),
    ),
    "sec": (("-sec(q)*tan(q)", "−sec·tan", USUAL), ("sec(q)^2", "sec², that of tan", SEEN), ("tan(q)^2", "tan²", RARE)),
    "csc": (("csc(q)*cot(q)", "csc·cot", USUAL),),
    "cot": (("1/sin(q)^2", "1/sin²", USUAL), ("1/cos(q)^2", "1/cos²", SEEN)),
    "asin": (
        ("-1/sqrt(1 - q^2)", "−1/√(1 − q²), that of arccos", USUAL),
        ("1/sqrt(1 + q^2)", "1/√(1 + q²)", SEEN),
        ("1/(1 - q^2)", "1/(1 − q²), without the root", SEEN),
        ("1/cos(q)", "1/cos", RARE),
    ),
    "acos": (
        ("1/sqrt(1 - q^2)", "1/√(1 − q²), that of arcsin", USUAL),
        ("-1/sqrt(1 + q^2)", "−1/√(1 + q²)", SEEN),
        ("-1/(1 - q^2)", "−1/(1 − q²), without the root", SEEN),
    ),
    "atan": (
        ("1/(1 - q^2)", "1/(1 − q²)", USUAL),
        ("1/sqrt(1 + q^2)", "1/√(1 + q²)", SEEN),
        ("-1/(1 + q^2)", "−1/(1 + q²)", SEEN),
        ("1/(1 + q)", "1/(1 + q), without the square", SEEN),
        ("1/(1 + q)^2", "1/(1 + q)²", RARE),
        ("1/cos(q)^2", "1/cos²", RARE),
    ),
    "sinh": (("-cosh(q)", "−cosh", USUAL),),
    "cosh": (("-sinh(q)", "−sinh", USUAL),),
    "asinh": (("1/sqrt(q^2 - 1)", "1/√(q² − 1)", USUAL), ("1/(1 + q^2)", "1/(1 + q²)", SEEN)),
    "acosh": (("1/sqrt(q^2 + 1)", "1/√(q² + 1)", USUAL), ("1/sqrt(1 - q^2)", "1/√(1 − q²)", SEEN)),
    "atanh": (("1/(1 + q^2)", "1/(1 + q²)", USUAL), ("1/sqrt(1 - q^2)", "1/√(1 − q²)", SEEN)),
    "erf": (
        ("exp(-q^2)", "exp(−q²): the factor 2/√π left out", USUAL),
        ("exp(-q^2)/sqrt(pi)", "exp(−q²)/√π: the 2 left out", SEEN),
        ("exp(-q^2/2)/sqrt(2*pi)", "exp(−q²/2)/√(2π)", SEEN),
        ("2*exp(q^2)/sqrt(pi)", "2exp(q²)/√π", RARE),
    ),
    "abs": (("1", "1", USUAL), ("-sign(q)", "−sign", SEEN), ("q", "q", RARE)),
    "max": (("1", "1 where the bound is larger too", USUAL), ("0", "0 everywhere", SEEN)),
    "min": (("1", "1 where the bound is smaller too", USUAL), ("0", "0 everywhere", SEEN)),
    "gaussian": (
        ("-q*exp(-q^2)", "−q·exp(−q²): the 2 left out", USUAL),
        ("2*q*exp(-q^2)", "2q·exp(−q²), without the minus", USUAL),
        ("-2*q", "−2q", SEEN),
    ),
}
_PIECES = {  # activations of pieces, their slopes on the right and on the left of 0 gone wrong
    "leaky_relu": (("0", "0 where q is negative, as relu's", USUAL),),
    "elu": (
        ("0", "0 where q is negative, as relu's", USUAL),
        ("f", "elu itself where q is negative", SEEN),
        ("q + {a}", "q + α where q is negative: the form for the output, fed the sum", USUAL),
        ("exp(q)", "exp(q) where q is negative, without α", SEEN),
    ),
    "celu": (("0", "0 where q is negative, as relu's", USUAL),),
    "selu": (("0", "0 where q is negative, as relu's", USUAL), ("1", "1 where q is negative too", SEEN)),
}


def _forms(name: str, tree: Apply) -> Iterator[tuple[str, str, Frequency]]:
    yield from FORMS.get(name, ())
    right = "1"
    if name == "selu":
        right = "1.0507009873554804934193349852946"
    a = next((str(one.value) for one in tree.arguments if isinstance(one, Number)), "1")
    for left, said, often in _PIECES.get(name, ()):
        yield f"where(q > 0, {right}, {left.format(a=a)})", said, often
    if name == "leaky_relu":
        yield f"where(q > 0, {a}, 1)", "that of the other side of the kink", SEEN


def forms(context: Context, use: Use) -> Iterator[Shared]:
    """The function's own list of wrong forms."""
    name = function(use)
    if name is None:
        return
    own = use.node.params.tree
    names = {"q": Symbol(slot(use.place)), "f": own}
    for text, said, often in _forms(name, own):
        told = f"{phi(use.node)}′ taken as {said.replace('φ', phi(use.node))}; it is {it_is(use)}"
        if said == "sin" and name == "cos":
            told = "the sign of cos′ is wrong: it is −sin"
        if said == "−cos" and name == "sin":
            told = "the sign of sin′ is wrong: it is cos"
        yield Shared(told, wrong(use, context, substitute(parse(text), names)), often)


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
    if node.params.tree.operator in ("leaky_relu", "elu", "celu"):
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


def twice(context: Context, use: Use) -> Iterator[Shared]:
    """The slope squared."""
    if function(use) is not None:
        own = slopes(use.node.params.tree, len(use.node.args))[use.place]
        yield Shared(f"{phi(use.node)}′ applied twice", wrong(use, context, multiply(own, own)))


def value_for_slope(context: Context, use: Use) -> Iterator[Shared]:
    """The function's value in its slope's place."""
    name = function(use)
    if name is None or name in ("power", "divide"):
        return
    yield Shared(
        f"{phi(use.node)}(q) taken for {phi(use.node)}′(q); it is {it_is(use)}",
        wrong(use, context, use.node.params.tree),
    )


def at_output(context: Context, use: Use) -> Iterator[Shared]:
    """The slope at the function's value in place of its argument."""
    name = function(use)
    if name is None or name in ("power", "divide"):
        return
    own = slopes(use.node.params.tree, len(use.node.args))[use.place]
    at = substitute(own, {slot(use.place): use.node.params.tree})
    yield Shared(f"{phi(use.node)}′ taken at {phi(use.node)}(q) in place of q", wrong(use, context, at))


def opposite(context: Context, use: Use) -> Iterator[Shared]:
    """The slope at −q."""
    if function(use) is None:
        return
    own = slopes(use.node.params.tree, len(use.node.args))[use.place]
    q = Symbol(slot(use.place))
    at = substitute(own, {slot(use.place): Apply("negate", (q,))})
    yield Shared(f"{phi(use.node)}′ taken at −q", wrong(use, context, at))


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


def _spreads(other: Node, own: Node) -> bool:
    """Whether a node's entries stand for another's: it has their shape, or one that is spread to it."""
    if other.rank != own.rank:
        return False
    return all(a == b or whole(a) == 1 for a, b in zip(other.shape, own.shape, strict=True))


def of_another(context: Context, use: Use) -> Iterator[Shared]:
    """The slope of another of the problem's activations."""
    name = function(use)
    if name is None or name in ARITHMETIC:
        return
    others = {its.node.params.tree.operator: its.node.params.tree for _, its in context.uses if function(its)}
    for other, tree in others.items():
        if other == name or other in ARITHMETIC or len(tree.arguments) > 1:
            continue
        own = substitute(slopes(tree, 1)[0], {slot(0): Symbol(slot(use.place))})
        yield Shared(f"{LETTERS.get(other, other)}′ taken for {phi(use.node)}′", wrong(use, context, own))


SLOPES = (
    Row("slope-left-out", USUAL, left_out),
    Row("slope-left-out-here", USUAL, left_out_here),
    Row("slope-form", SEEN, forms),
    Row("value-for-slope", USUAL, value_for_slope),
    Row("slope-at-output", SEEN, at_output),
    Row("slope-alone", SEEN, from_above_left_out),
    Row("slope-twice", SEEN, twice),
    Row("slope-elsewhere", SEEN, elsewhere),
    Row("slope-of-another", SEEN, of_another),
    Row("slope-of-gradient", RARE, mask_of_gradient),
    Row("slope-opposite", RARE, opposite),
)
