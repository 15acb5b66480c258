"""Forms that keep their digits: what cancels or overflows as it is written, in functions that don't."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from fractions import Fraction
from typing import Any

from netcalc.expression.tree import (
    ONE,
    Apply,
    Leaf,
    Number,
    Symbol,
    Tree,
    add,
    divide,
    fold,
    fold_all,
    multiply,
    negate,
    power,
    share,
)


def stable(tree: Tree) -> Tree:
    """The same function without its cancellations: log(1 + u) as log1p(u), 1 - tanh² as 1/cosh², and the like."""
    return fold(tree, lambda leaf: leaf, stable_node)


def settled(trees: Sequence[Tree]) -> tuple[Tree, ...]:
    """The trees in forms that keep their digits in float64 as well: what overflows becomes a sigmoid or softplus."""
    return fold_all(trees, lambda leaf: leaf, settled_node)


class Compiled:
    """Formulas as a list of calls, arguments before what uses them, what the formulas share once.

    They are made ready in forms that keep their digits, or `as_written`.
    """

    def __init__(self, trees: Sequence[Tree], call: Callable[[Apply], Any], *, as_written: bool = False) -> None:
        shared = share(trees if as_written else settled(trees))
        self.roots = shared.roots
        calls: list[Any] = [call(node) if isinstance(node, Apply) else None for node in shared.nodes]
        last = {one: place for place, arguments in enumerate(shared.arguments) for one in arguments}
        over: list[list[int]] = [[] for _ in shared.nodes]  # which results are done with behind each
        for place, user in last.items():
            if place not in self.roots:
                over[user].append(place)
        self.steps = list(zip(shared.nodes, shared.arguments, calls, over, strict=True))

    def run(self, leaf: Callable[[Leaf], Any]) -> list[Any]:
        """What the formulas come to, from what their leaves are."""
        found: dict[int, Any] = {}
        for place, (node, arguments, call, over) in enumerate(self.steps):
            found[place] = call(*(found[one] for one in arguments)) if isinstance(node, Apply) else leaf(node)
            for done in over:
                del found[done]
        return [found[root] for root in self.roots]

    def at_rest(
        self, leaf: Callable[[Leaf], Any], moving: Collection[str]
    ) -> Callable[[Callable[[Leaf], Any]], list[Any]]:
        """`run`, for leaves of which only those of the names `moving` change: what else there is, is done once."""
        rest: dict[int, Any] = {}
        left = []
        for place, (node, arguments, call, _) in enumerate(self.steps):
            if isinstance(node, Apply):
                if all(one in rest for one in arguments):
                    rest[place] = call(*(rest[one] for one in arguments))
                    continue
            elif not (isinstance(node, Symbol) and node.name in moving):
                rest[place] = leaf(node)
                continue
            left.append((place, node, arguments, call))

        def run(leaf: Callable[[Leaf], Any]) -> list[Any]:
            found = dict(rest)
            for place, node, arguments, call in left:
                found[place] = call(*(found[one] for one in arguments)) if isinstance(node, Apply) else leaf(node)
            return [found[root] for root in self.roots]

        return run


def settled_node(operator: str, arguments: tuple[Tree, ...]) -> Tree:
    match stable_node(operator, arguments):
        case Apply("power'", (base, exponent)):
            return power_by_exponent(base, exponent)
        case Apply("log1p", (Apply("exp", (u,)),)):
            return Apply("softplus", (u,))
        case Apply("divide", (above, below)):
            return _with_sigmoids(above, below)
        case node:
            return node


def _with_sigmoids(above: Tree, below: Tree) -> Tree:
    """above/below, where exp(u)/(1 + exp(u)) is sigmoid(u) and 1/(1 + exp(u)) is sigmoid(-u)."""
    over, under = _factors(above), []
    for factor in _factors(below):
        base, exponent = factor.arguments if isinstance(factor, Apply) and factor.operator == "power" else (factor, ONE)
        growing = _one_plus_exp(base)
        if growing is None or not isinstance(exponent, Number) or exponent.value not in range(1, 9):
            under.append(factor)
            continue
        for _ in range(int(exponent.value)):
            if (power := Apply("exp", (growing,))) in over:
                over.remove(power)
                over.append(Apply("sigmoid", (growing,)))
            else:
                over.append(Apply("sigmoid", (negate(growing),)))
    product = multiply(*over) if over else ONE
    return divide(product, multiply(*under)) if under else product


def _factors(tree: Tree) -> list[Tree]:
    return list(tree.arguments) if isinstance(tree, Apply) and tree.operator == "multiply" else [tree]


def _one_plus_exp(tree: Tree) -> Tree | None:
    """The u of 1 + exp(u)."""
    match tree:
        case Apply("add", (Number(one), Apply("exp", (u,)))) | Apply("add", (Apply("exp", (u,)), Number(one))):
            return u if one == 1 else None
        case _:
            return None


def stable_node(operator: str, arguments: tuple[Tree, ...]) -> Tree:
    """The operator applied to arguments that are stable already."""
    match Apply(operator, arguments):
        case Apply("log", (Apply("add", terms),)) if ONE in terms:
            return Apply("log1p", (add(*_without(terms, ONE)),))
        case Apply("add", terms):
            return _cancelled(terms)
        case node:
            return node


def _cancelled(terms: tuple[Tree, ...]) -> Tree:
    """A sum in which a constant and one other term are joined into what they come to, if any rule fits."""
    constants: dict[Fraction, int] = {}
    for place, term in enumerate(terms):
        if isinstance(term, Number):
            constants.setdefault(term.value, place)
    pairs: list[tuple[int, int, Tree]] = []
    for place, term in enumerate(terms) if constants else ():
        k, function = _scaled(term)
        fitting = {k, -k, -2 * k} & constants.keys()  # no rule joins others, and there may be thousands of terms
        pairs += [(constants[c], place, joined) for c in fitting if (joined := _joined(c, k, function))]
    if not pairs:
        return Apply("add", terms)
    *both, joined = min(pairs, key=lambda pair: pair[:2])
    others = tuple(term for place, term in enumerate(terms) if place not in both)
    return add(*others, joined) if others else joined


def _joined(c: Fraction, k: Fraction, function: Tree) -> Tree | None:
    """c + k·function as one term that does not cancel; None if no rule fits."""
    match function:
        case Apply("power", (Apply("tanh", (u,)), Number(two))) if two == 2 and k == -c:
            return divide(Number(c), power(Apply("cosh", (u,)), Number(two)))
        case Apply("tanh", (u,)) if abs(k) == abs(c):
            growing = multiply(Number(Fraction(2 if k == -c else -2)), u)
            return divide(Number(2 * c), add(ONE, Apply("exp", (growing,))))
        case Apply("exp", (u,)) if k == -c:
            return _times(k, Apply("expm1", (u,)))
        case Apply("erf", (u,)) if abs(k) == abs(c):
            return _times(c, Apply("erfc", (u if k == -c else negate(u),)))
        case Apply("erfc", (u,)) if c == -2 * k:
            return _times(-k, Apply("erfc", (negate(u),)))
        case _:
            return None


def _scaled(term: Tree) -> tuple[Fraction, Tree]:
    """A term as a number times the rest."""
    match term:
        case Apply("negate", (rest,)):
            k, function = _scaled(rest)
            return -k, function
        case Apply("divide", (above, Number(c))) if c:  # in a branch that is not taken it may be 0
            k, function = _scaled(above)
            return k / c, function
        case Apply("multiply", (Number(k), *rest)) if rest:
            return k, multiply(*rest)
        case _:
            return Fraction(1), term


def _times(k: Fraction, tree: Tree) -> Tree:
    return tree if k == 1 else multiply(Number(k), tree)


def _without(terms: tuple[Tree, ...], term: Tree) -> tuple[Tree, ...]:
    place = terms.index(term)
    return terms[:place] + terms[place + 1 :]


def power_by_exponent(base: Tree, exponent: Tree) -> Tree:
    """∂(base^exponent)/∂exponent, which is 0 at base 0 although its logarithm has no value there."""
    zero = Number(Fraction(0))
    at_zero = Apply("and", (Apply("equal", (base, zero)), Apply("greater", (exponent, zero))))
    return Apply("where", (at_zero, zero, multiply(power(base, exponent), Apply("log", (base,)))))
