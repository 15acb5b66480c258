"""The rules of differentiation; a formula's derivatives by every variable, in one sweep from the output back.

A function's slope is a row: a formula in its arguments, named `q`, or `p` and `q` where there are two. The rules of
operators (sum, product, quotient, power, choice) are below; the catalogue's activations are derived.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import cached_property
from types import MappingProxyType

from netcalc.derivation.derive import bound, derivation
from netcalc.derivation.forms import Forms
from netcalc.derivation.reverse import Contribution, reverse
from netcalc.expression.formula import Formula, function, number
from netcalc.expression.tree import (
    CONDITIONS,
    Apply,
    Constant,
    Number,
    Shared,
    Symbol,
    Tree,
    fold_all,
    multiply,
    power,
    share,
)
from netcalc.records import NamedTuple, dataclass

# ∂(p^q)/∂q is a node of its own, `power'(p, q)`, since it is 0 where p is 0 and q positive; log(p) is not.
POWER_BY_EXPONENT = multiply(power(Symbol("p"), Symbol("q")), Apply("log", (Symbol("p"),)))
DIRECT = 8  # factors up to which each one's cofactor is a product of its own


@dataclass(frozen=True)
class Rule:
    """A function's derivative by each of its arguments, and what a textbook calls the rule.

    A slope is None where there is no derivative by that argument: the order of a polygamma function is a whole number.
    """

    function: str
    slopes: tuple[Callable[..., Formula] | None, ...]
    called: str

    @cached_property
    def trees(self) -> tuple[Tree | None, ...]:
        """The slopes as trees."""
        arguments = [Formula(Symbol(name)) for name in "pq"[-len(self.slopes) :]]
        return tuple(None if slope is None else slope(*arguments).tree for slope in self.slopes)


PI = Formula(Constant("pi"))
ZERO = Formula(number(0))


_ROWS = (
    Rule("exp", (function.exp,), "exponential"),
    Rule("expm1", (function.exp,), "exponential"),
    Rule("log", (lambda q: 1 / q,), "logarithm"),
    Rule("log2", (lambda q: 1 / (function.log(2) * q),), "logarithm"),
    Rule("log10", (lambda q: 1 / (function.log(10) * q),), "logarithm"),
    Rule("log1p", (lambda q: 1 / (1 + q),), "logarithm"),
    Rule("sqrt", (lambda q: 1 / (2 * function.sqrt(q)),), "square root"),
    Rule("cbrt", (lambda q: 1 / (3 * function.cbrt(q) ** 2),), "cube root"),
    Rule("sin", (function.cos,), "sine"),
    Rule("cos", (lambda q: -function.sin(q),), "cosine"),
    Rule("tan", (lambda q: 1 / function.cos(q) ** 2,), "tangent"),
    Rule("sec", (lambda q: function.sec(q) * function.tan(q),), "secant"),
    Rule("csc", (lambda q: -(function.csc(q) * function.cot(q)),), "cosecant"),
    Rule("cot", (lambda q: -1 / function.sin(q) ** 2,), "cotangent"),
    Rule("asin", (lambda q: 1 / function.sqrt(1 - q**2),), "arcsine"),
    Rule("acos", (lambda q: -1 / function.sqrt(1 - q**2),), "arccosine"),
    Rule("atan", (lambda q: 1 / (1 + q**2),), "arctangent"),
    Rule("atan2", (lambda p, q: q / (p**2 + q**2), lambda p, q: -(p / (p**2 + q**2))), "angle"),
    Rule("sinh", (function.cosh,), "hyperbolic sine"),
    Rule("cosh", (function.sinh,), "hyperbolic cosine"),
    Rule("tanh", (lambda q: 1 - function.tanh(q) ** 2,), "hyperbolic tangent"),
    Rule("asinh", (lambda q: 1 / function.sqrt(1 + q**2),), "inverse hyperbolic sine"),
    Rule("acosh", (lambda q: 1 / function.sqrt(q**2 - 1),), "inverse hyperbolic cosine"),
    Rule("atanh", (lambda q: 1 / (1 - q**2),), "inverse hyperbolic tangent"),
    Rule("erf", (lambda q: 2 * function.exp(-(q**2)) / function.sqrt(PI),), "error function"),
    Rule("erfc", (lambda q: -2 * function.exp(-(q**2)) / function.sqrt(PI),), "error function"),
    Rule(
        "erfinv", (lambda q: function.sqrt(PI) * function.exp(function.erfinv(q) ** 2) / 2,), "inverse error function"
    ),
    Rule("gamma", (lambda q: function.gamma(q) * function.digamma(q),), "gamma function"),
    Rule("lgamma", (function.digamma,), "log-gamma function"),
    Rule("digamma", (lambda q: function.polygamma(1, q),), "digamma function"),
    Rule("polygamma", (None, lambda p, q: function.polygamma(p + 1, q)), "polygamma function"),
    Rule("abs", (function.sign,), "absolute value"),
    Rule("sign", (lambda *_: ZERO,), "sign"),
    Rule("floor", (lambda *_: ZERO,), "whole number below"),
)

RULES: Mapping[str, Rule] = MappingProxyType({row.function: row for row in _ROWS})

# What the operators' rules are called.
OPERATOR_RULES: Mapping[str, str] = MappingProxyType(
    {
        "add": "sum",
        "negate": "constant factor",
        "multiply": "product",
        "divide": "quotient",
        "power": "power",
        "where": "choice",
        "max": "choice",
        "min": "choice",
    }
)


class Sweep(NamedTuple):
    """One output's sweep: the formula's `nodes`, and by place in them ∂(output)/∂(each) and what it is added up from.

    What depends on nothing asked for has no gradient.
    """

    nodes: Shared
    gradients: Mapping[int, Tree]
    uses: Mapping[int, Sequence[Contribution[int, Tree]]]

    def pairs(self) -> Iterator[tuple[Tree, Tree]]:
        """Each node that has a gradient, arguments first, and its gradient."""
        return ((node, self.gradients[n]) for n, node in enumerate(self.nodes.nodes) if n in self.gradients)

    def of_variables(self) -> dict[str, Tree]:
        """∂(output)/∂(each variable) that the output depends on."""
        return {node.name: gradient for node, gradient in self.pairs() if isinstance(node, Symbol)}


def sweep(forms: Forms, tree: Tree, wrt: Iterable[str]) -> Sweep:
    """The derivative of `tree` by each of the variables, and by everything between, in time linear in its size."""
    shared, names = share((forms.keep(tree),)), frozenset(wrt)
    nodes = shared.nodes
    variables = {place for place, node in enumerate(nodes) if isinstance(node, Symbol) and node.name in names}

    def arguments(place: int) -> tuple[int, ...]:
        node = nodes[place]
        return () if isinstance(node, Apply) and node.operator in CONDITIONS else shared.arguments[place]

    def added(_: int, parts: Sequence[Tree]) -> Tree:
        return forms.total(reversed(parts))

    def shares(place: int, adjoint: Tree, wanted: Sequence[int]) -> Iterator[tuple[int, Tree]]:
        node = nodes[place]
        if isinstance(node, Apply) and adjoint is not forms.zero:
            yield from ((index, forms.product(adjoint, slope)) for index, slope in _slopes(forms, node, wanted))

    found = reverse(range(len(nodes)), arguments, variables, forms.one, added, shares)
    return Sweep(shared, found.gradients, found.uses)


def gradient(forms: Forms, tree: Tree, wrt: Sequence[str]) -> list[Tree]:
    """∂(tree)/∂(each variable)."""
    found = sweep(forms, tree, wrt).of_variables()
    return [found.get(name, forms.zero) for name in wrt]


def _slopes(forms: Forms, node: Apply, wanted: Sequence[int]) -> Iterator[tuple[int, Tree]]:
    """∂(node)/∂(each argument wanted), by the argument's index."""
    if node.operator == "multiply" and len(node.arguments) > DIRECT:
        cofactors = _cofactors(forms, node.arguments)
        yield from ((index, cofactors[index]) for index in wanted)
        return
    for index in wanted:
        if (slope := _slope(forms, node, index)) is not forms.zero:
            yield index, slope


def _cofactors(forms: Forms, factors: Sequence[Tree]) -> list[Tree]:
    """The product of all the other factors, for each: that of the other half, times that within its own half."""
    if len(factors) == 1:
        return [forms.one]
    halves = factors[: len(factors) // 2], factors[len(factors) // 2 :]
    whole = [forms.keep(multiply(*half)) for half in halves]
    first, second = (_cofactors(forms, half) for half in halves)
    return [forms.product(one, whole[1]) for one in first] + [forms.product(whole[0], one) for one in second]


def _slope(forms: Forms, node: Apply, index: int) -> Tree:
    arguments = node.arguments
    match node.operator:
        case "add":
            return forms.one
        case "negate":
            return forms.number(-1)
        case "multiply":
            return forms.product(*(factor for place, factor in enumerate(arguments) if place != index))
        case "divide":
            above, below = arguments
            one_over = forms.reciprocal(below)
            return one_over if index == 0 else forms.product(forms.number(-1), above, one_over, one_over)
        case "power":
            return _power(forms, node, index)
        case "where":
            condition = arguments[0]
            branches = (forms.one, forms.zero) if index == 1 else (forms.zero, forms.one)
            return forms.where(condition, *branches)
        case "max" | "min":
            return _extreme(forms, node, index)
        case "power'":
            by = "pq"[index]
            return forms.put(gradient(forms, POWER_BY_EXPONENT, [by])[0], dict(zip("pq", arguments, strict=True)))
        case operator if operator in RULES:
            slope = RULES[operator].trees[index]
            names = {"q": arguments[-1], "p": arguments[0]}
            return forms.zero if slope is None else forms.put(slope, names)
        case _:
            return _activation(forms, node)


def _power(forms: Forms, node: Apply, index: int) -> Tree:
    base, exponent = node.arguments
    if index == 1:
        if base == Constant("e"):
            return node
        if isinstance(base, Symbol | Apply):
            return forms.keep(Apply("power'", (base, exponent)))
        return forms.product(forms.keep(Apply("log", (base,))), node)
    if isinstance(exponent, Number):
        return forms.product(exponent, forms.raised(base, exponent.value - 1))
    less = forms.total((exponent, forms.number(-1)))
    return forms.product(exponent, forms.apply("power", (base, less)))


def _extreme(forms: Forms, node: Apply, index: int) -> Tree:
    """1 where the argument alone is the extreme, 0 where it is not; those that tie share it equally, as in PyTorch.

    It is compared with the others alone: a ball can't be told from an extreme that it is.
    """
    own = node.arguments[index]
    others = [one for one in node.arguments if one != own]
    twins = len(node.arguments) - len(others)
    if not others:
        return forms.number(Fraction(1, twins))
    beaten, ahead = ("less", "greater") if node.operator == "max" else ("greater", "less")
    if len(others) == 1:
        (other,) = others
        shared = forms.number(Fraction(1, twins + node.arguments.count(other)))
        tied = forms.where(forms.keep(Apply(beaten, (own, other))), forms.zero, shared)
        return forms.where(forms.keep(Apply(ahead, (own, other))), forms.number(Fraction(1, twins)), tied)
    ties = [forms.where(forms.keep(Apply(ahead, (own, one))), forms.zero, forms.one) for one in others]
    part = forms.reciprocal(forms.total((forms.number(twins), *ties)))
    best = forms.keep(Apply(node.operator, tuple(others)))
    return forms.where(forms.keep(Apply(beaten, (own, best))), forms.zero, part)


# --- the catalogue's activations: φ′ and φ″ are nodes of their own, `sigmoid'` and `sigmoid''`


def _activation(forms: Forms, node: Apply) -> Tree:
    if not node.operator.endswith("''"):
        return forms.keep(Apply(node.operator + "'", node.arguments))
    curvature = written_out(forms, node)
    names = {"q": node.arguments[0]}
    return forms.put(gradient(forms, curvature, ["q"])[0], names)


def written_out(forms: Forms, node: Apply) -> Tree:
    """φ′ as people know it, or φ″ as the derivative of that: a formula in q, with φ itself by name."""
    shown = forms.keep(derivation(bound(node)).shown)
    return gradient(forms, shown, ["q"])[0] if node.operator.endswith("''") else shown


def shown(forms: Forms, trees: Sequence[Tree]) -> tuple[Tree, ...]:
    """The trees with every φ′ and φ″ in them written out."""

    def put(operator: str, arguments: tuple[Tree, ...]) -> Tree:
        if operator == "power'":
            return forms.put(POWER_BY_EXPONENT, dict(zip("pq", arguments, strict=True)))
        if operator.endswith("'"):
            return shown(forms, [forms.put(written_out(forms, Apply(operator, arguments)), {"q": arguments[0]})])[0]
        return forms.apply(operator, arguments)

    return fold_all(trees, forms.keep, put)
