"""A scalar formula applied element by element; derived by the rules for formulas, once for each.

What is linear in a formula's parts is left to products and sums, so that it joins with what surrounds it; a formula of
a formula is one formula.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from netcalc.derivation.accumulate import gradient, shown
from netcalc.derivation.forms import Forms
from netcalc.expression import Apply, Number, Symbol, Tree, apply, fold, multiply, power, share, substitute, symbols
from netcalc.expression.tree import CONDITIONS
from netcalc.graph.broadcasting import aligned, without_ones
from netcalc.graph.contract import spread
from netcalc.graph.node import Node, Operation, make
from netcalc.graph.product import LETTERS, PRODUCT, SUM, Factor, Product, as_number, product, renamed, total
from netcalc.graph.sizes import Shape
from netcalc.records import NamedTuple

if TYPE_CHECKING:
    from netcalc.graph.arithmetic import Arithmetic

MAX_FORMULA_NODES = 60  # of a formula that goes into another one


class Elementwise(NamedTuple):
    """`tree` in the symbols `#0`, `#1`, …, the arguments; `letters[n]` are the axes of argument n, among `out`."""

    tree: Tree
    letters: tuple[str, ...]
    out: str


def slot(place: int) -> str:
    """The symbol that stands for an argument in a formula."""
    return f"#{place}"


def _value(node: Node, arithmetic: Arithmetic, *arrays: np.ndarray) -> np.ndarray:
    params: Elementwise = node.params
    columns = {
        slot(place): spread(array, letters, params.out, None)
        for place, (array, letters) in enumerate(zip(arrays, params.letters, strict=True))
    }
    return arithmetic.apply(params.tree, columns, arithmetic.shape(node.shape))


def _vjp(node: Node, place: int, delta: Node) -> Node:
    return through(node, place, delta, slopes(node.params.tree, len(node.args))[place])


def through(node: Node, place: int, delta: Node, slope: Tree) -> Node:
    """delta times a slope, a formula in the node's arguments, as the gradient of one of them."""
    params: Elementwise = node.params
    by, factors = _factors(node, slope, node.factors, params.out)
    extra = "".join([one for one in LETTERS if one not in params.out][: delta.rank - node.rank])
    own = extra + params.letters[place]
    shape = delta.shape[: delta.rank - node.rank] + node.args[place].shape
    return product([(delta, extra + params.out), *factors], own, shape, by)


ELEMENTWISE = Operation(
    "elementwise",
    _value,
    _vjp,
    lambda node, arguments: substitute(node.params.tree, {slot(n): one for n, one in enumerate(arguments)}),
)


@lru_cache(maxsize=4096)
def slopes(tree: Tree, count: int) -> tuple[Tree, ...]:
    """The derivative by each argument."""
    names = [slot(place) for place in range(count)]
    return tuple(gradient(Forms(names), tree, names))


def _factors(node: Node, slope: Tree, leaves: Sequence[Factor], out: str) -> tuple[Fraction, list[Factor]]:
    """A slope as a number and factors: arguments and the answer by themselves, the rest as one formula."""
    number, factors, rest = Fraction(1), [], []
    for part in _parts(slope):
        if isinstance(part, Number):
            number *= part.value
        elif isinstance(part, Symbol):
            factors.append(leaves[int(part.name[1:])])
        elif part == node.params.tree:
            factors.append((node, out))
        else:
            rest.append(part)
    if rest:
        sizes = {one: extent for leaf, own in leaves for one, extent in zip(own, leaf.shape, strict=True)}
        held = "".join(one for one in out if any(one in leaves[int(name[1:])][1] for r in rest for name in symbols(r)))
        shape = tuple(sizes[one] for one in held)
        factors.append((of_tree(multiply(*rest), leaves, held, shape), held))
    return number, factors


def _parts(tree: Tree) -> list[Tree]:
    """The factors of a product; a minus in front is one, and so is a number below the bar."""
    if isinstance(tree, Apply):
        match tree.operator:
            case "multiply":
                return [part for argument in tree.arguments for part in _parts(argument)]
            case "negate":
                return [Number(Fraction(-1)), *_parts(tree.arguments[0])]
            case "divide" if isinstance(below := tree.arguments[1], Number) and below.value:
                return [Number(1 / below.value), *_parts(tree.arguments[0])]
            case "power" if tree.arguments[1] == Number(Fraction(2)) and isinstance(tree.arguments[0], Symbol):
                return [tree.arguments[0]] * 2
    return [tree]


def of_tree(tree: Tree, leaves: Sequence[Factor], out: str, shape: Shape) -> Node:
    """A formula over leaves as a node with axes `out`: what is linear in it as sums and products."""
    if isinstance(tree, Number):
        return product([], out, shape, tree.value)
    if isinstance(tree, Symbol):
        return product([leaves[int(tree.name[1:])]], out, shape)
    parts = _parts(tree)
    if len(parts) > 1 and all(isinstance(part, Number | Symbol) for part in parts):
        number = Fraction(1)
        for part in parts:
            number *= part.value if isinstance(part, Number) else 1
        return product([leaves[int(p.name[1:])] for p in parts if isinstance(p, Symbol)], out, shape, number)
    if isinstance(tree, Apply) and tree.operator == "add" and all(map(_is_polynomial, tree.arguments)):
        terms = []
        for argument in tree.arguments:
            held = held_letters(argument, leaves, out)
            sizes = dict(zip(out, shape, strict=True))
            terms.append((of_tree(argument, leaves, held, tuple(sizes[one] for one in held)), held))
        return total(terms, out, shape)
    if len(parts) > 1 and isinstance(parts[0], Number):
        inner = of_tree(multiply(*parts[1:]), leaves, out, shape)
        return product([(inner, out)], out, shape, parts[0].value)
    return plain(tree, leaves, out, shape)


def _is_polynomial(tree: Tree) -> bool:
    return all(isinstance(part, Number | Symbol) for part in _parts(tree))


def held_letters(tree: Tree, leaves: Sequence[Factor], out: str) -> str:
    """The letters of `out` that the leaves of a formula bear."""
    own = {one for name in symbols(tree) for one in leaves[int(name[1:])][1]}
    return "".join(one for one in out if one in own)


def plain(tree: Tree, leaves: Sequence[Factor], out: str, shape: Shape) -> Node:
    """The node of a formula, its arguments in order of appearance and its letters in their usual order."""
    used = [int(name[1:]) for name in symbols(tree)]
    held = "".join(one for one in out if any(one in leaves[place][1] for place in used))
    names = dict(zip(held, LETTERS, strict=False))
    renamed = substitute(tree, {slot(place): Symbol(slot(n)) for n, place in enumerate(used)})
    letters = tuple("".join(names[one] for one in leaves[place][1]) for place in used)
    sizes = dict(zip(out, shape, strict=True))
    own_shape = tuple(sizes[one] for one in held)
    params = Elementwise(renamed, letters, "".join(names.values()))
    node = make(ELEMENTWISE, [leaves[place][0] for place in used], own_shape, params)
    return product([(node, held)], out, shape)


def operator_of(node: Node) -> str:
    """What is done last in an elementwise node; "" for any other node, and for a constant."""
    tree = node.params.tree if node.operation is ELEMENTWISE else None
    return tree.operator if isinstance(tree, Apply) else ""


def elementwise(operator: str, *arguments: Node) -> Node:
    """An operator or function of a formula applied element by element, with NumPy's broadcasting.

    Raises ShapeError that names the shapes that do not fit.
    """
    factors, out, shape = aligned(arguments)
    leaves: list[Factor] = []
    trees = [_opened(node, letters, leaves) for node, letters in without_ones(factors, out)]
    return of_tree(_kept_short(apply(operator, trees)), leaves, out, shape)


def _opened(node: Node, letters: str, leaves: list[Factor]) -> Tree:
    """A node as a formula over leaves, which it may add to: formulas, and sums and products without summation."""
    found = _formula(node, letters)
    if found is None:
        factor = (node, letters)
        if factor not in leaves:
            leaves.append(factor)
        return Symbol(slot(leaves.index(factor)))
    tree, parts = found
    inner = {slot(n): _opened(part, own, leaves) for n, (part, own) in enumerate(parts)}
    return substitute(tree, inner)


def _formula(node: Node, letters: str) -> tuple[Tree, list[Factor]] | None:
    """What a node is element by element: a formula over parts, which bear letters; None where it is a leaf."""
    if node.operation is ELEMENTWISE:
        params: Elementwise = node.params
        if len(share((params.tree,)).nodes) > MAX_FORMULA_NODES:
            return None
        return params.tree, renamed(node, letters)
    if node.operation is SUM:
        pairs = zip(node.params.numbers, node.args, strict=True)
        terms = [_scaled(by, arg, Symbol(slot(n))) for n, (by, arg) in enumerate(pairs)]
        return apply("add", terms), renamed(node, letters)
    if node.operation is PRODUCT:
        own: Product = node.params
        if own.summed or any(len(set(letters_of)) < len(letters_of) for letters_of in own.letters):  # a diagonal
            return None
        factors = renamed(node, letters)
        counts = {factor: factors.count(factor) for factor in factors}
        trees = [_raised(Symbol(slot(factors.index(factor))), count) for factor, count in counts.items()]
        if not trees:
            return Number(own.number), factors
        if own.number == -1:
            return apply("negate", (multiply(*trees),)), factors
        if own.number != 1:
            trees.insert(0, Number(own.number))
        return multiply(*trees), factors
    return None


def _raised(tree: Tree, exponent: int) -> Tree:
    return tree if exponent == 1 else power(tree, Number(Fraction(exponent)))


def _scaled(number: Fraction, node: Node, tree: Tree) -> Tree:
    if (known := as_number(node)) is not None:
        return Number(number * known)
    if number == 1:
        return tree
    return apply("negate", (tree,)) if number == -1 else multiply(Number(number), tree)


def _kept_short(tree: Tree) -> Tree:
    """where(where(c, 1, 0) ≠ 0, a, b) is where(c, a, b)."""
    match tree:
        case Apply("where", (condition, then, other)):
            return Apply("where", (_condition(condition), then, other))
        case _:
            return tree


def _condition(tree: Tree) -> Tree:
    if isinstance(tree, Apply) and tree.operator in CONDITIONS:
        return tree
    match tree:
        case Apply("where", (condition, Number(one), Number(zero))) if one == 1 and zero == 0:
            return condition
        case _:
            return Apply("unequal", (tree, Number(Fraction(0))))


def compared(operator: str, *arguments: Node) -> Node:
    """1 where a comparison (`less`, `equal`, …) or a connective (`and`, `or`, `not`) holds, 0 where it does not."""
    factors, out, shape = aligned(arguments)
    leaves: list[Factor] = []
    trees = [_opened(node, letters, leaves) for node, letters in without_ones(factors, out)]
    if operator in ("and", "or", "not"):
        trees = [_condition(tree) for tree in trees]
    holds = Apply("where", (_negated(operator, trees), Number(Fraction(1)), Number(Fraction(0))))
    return of_tree(holds, leaves, out, shape)


def _negated(operator: str, trees: Sequence[Tree]) -> Tree:
    """A comparison or a connective; not (a ≠ 0) is a == 0."""
    match operator, *trees:
        case "not", Apply("unequal", sides):
            return Apply("equal", sides)
        case _:
            return Apply(operator, tuple(trees))


def constant(tree: Tree) -> Node:
    """A number that is known, as a scalar: a rational, or a formula such as sqrt(2)/2 or pi."""
    return of_tree(tree, [], "", ())


def with_slopes_written_out(formula: Tree) -> Tree:
    """A formula with each slope of an activation as people know it: σ·(1 − σ)."""
    has_slopes = fold(formula, lambda _: False, lambda operator, parts: operator.endswith("'") or any(parts))
    return shown(Forms(), [formula])[0] if has_slopes else formula
