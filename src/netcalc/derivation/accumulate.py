"""Reverse accumulation over a formula: one sweep from the output back gives the derivative by every variable.

A. Griewank, A. Walther, "Evaluating Derivatives", SIAM 2008, ch. 3.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from fractions import Fraction
from typing import NamedTuple

from netcalc.derivation.derive import bound, derivation
from netcalc.derivation.forms import Forms
from netcalc.derivation.rules import RULES
from netcalc.expression import parse
from netcalc.expression.tree import CONDITIONS, Apply, Constant, Number, Shared, Symbol, Tree, fold_all, multiply, share

# ∂(p^q)/∂q is a node of its own, `power'(p, q)`, since it is 0 where p is 0 and q positive; log(p) is not.
POWER_BY_EXPONENT = parse("p^q*log(p)")
DIRECT = 8  # factors up to which each one's cofactor is a product of its own

Passed = tuple[int, int, Tree]  # the place it came from, which of that node's arguments, and the slope there


class Sweep(NamedTuple):
    """One output's sweep: the formula's `nodes`, ∂(output)/∂(each), and how each node got its share.

    `adjoints[i]` is None where nothing asked for depends on node i, or it does not reach the output.
    """

    nodes: Shared
    adjoints: tuple[Tree | None, ...]
    passed: tuple[tuple[Passed, ...], ...]

    def by(self, name: str) -> Tree | None:
        """∂(output)/∂name; None if the output does not depend on it."""
        return self.of_variables().get(name)

    def of_variables(self) -> dict[str, Tree]:
        """∂(output)/∂(each variable) that the output depends on."""
        pairs = zip(self.nodes.nodes, self.adjoints, strict=True)
        return {node.name: adjoint for node, adjoint in pairs if isinstance(node, Symbol) and adjoint is not None}


def sweep(forms: Forms, tree: Tree, wrt: Iterable[str]) -> Sweep:
    """The derivative of `tree` by each of the variables, and by everything between, in time linear in its size."""
    shared = share((forms.keep(tree),))
    depends = _dependent(shared, frozenset(wrt))
    passed: list[list[Passed]] = [[] for _ in shared.nodes]
    adjoints: list[Tree | None] = [None] * len(shared.nodes)
    shares: list[list[Tree]] = [[] for _ in shared.nodes]
    shares[shared.roots[0]].append(forms.one)
    for place in range(len(shared.nodes) - 1, -1, -1):
        node = shared.nodes[place]
        if not depends[place] or not shares[place]:
            continue
        adjoint = adjoints[place] = forms.total(reversed(shares[place]))
        if not isinstance(node, Apply) or adjoint is forms.zero:
            continue
        wanted = [depends[below] for below in shared.arguments[place]]
        for index, slope in _slopes(forms, node, wanted):
            below = shared.arguments[place][index]
            passed[below].append((place, index, slope))
            shares[below].append(forms.product(adjoint, slope))
    return Sweep(shared, tuple(adjoints), tuple(map(tuple, passed)))


def gradient(forms: Forms, tree: Tree, wrt: Sequence[str]) -> list[Tree]:
    """∂(tree)/∂(each variable)."""
    found = sweep(forms, tree, wrt).of_variables()
    return [found.get(name, forms.zero) for name in wrt]


def _dependent(shared: Shared, wrt: frozenset[str]) -> list[bool]:
    found: list[bool] = []
    for node, places in zip(shared.nodes, shared.arguments, strict=True):
        if isinstance(node, Symbol):
            found.append(node.name in wrt)
        else:
            is_condition = isinstance(node, Apply) and node.operator in CONDITIONS
            found.append(not is_condition and any(found[place] for place in places))
    return found


def _slopes(forms: Forms, node: Apply, wanted: Sequence[bool]) -> Iterator[tuple[int, Tree]]:
    """∂(node)/∂(each argument wanted), by the argument's index."""
    if node.operator == "multiply" and len(node.arguments) > DIRECT:
        cofactors = _cofactors(forms, node.arguments)
        yield from ((index, cofactors[index]) for index, want in enumerate(wanted) if want)
        return
    for index, want in enumerate(wanted):
        if want and (slope := _slope(forms, node, index)) is not forms.zero:
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
        case "subtract":
            return forms.number(1 if index == 0 else -1)
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
