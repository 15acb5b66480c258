"""Entries that are 0 by algebra alone, as the gradient of a shift before a softmax: no number of bits shows that.

The values of functions, exp(x) of each entry, may be any, and what is left are sums, products and quotients. What
comes to 0 so is 0 for all values of the functions, and so for those that they have.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from fractions import Fraction
from math import log2, prod
from typing import Any

import numpy as np
from flint import arb, fmpq

from netcalc.arrays import each
from netcalc.errors import NetcalcError
from netcalc.expression import Apply, Number, Symbol, Tree
from netcalc.expression.tree import apply, share
from netcalc.graph import build
from netcalc.graph.arithmetic import Arithmetic
from netcalc.graph.arithmetic.balls import Balls
from netcalc.graph.arithmetic.residues import MAX_DEGREE_BITS, MAX_POWER, Residues, is_rational
from netcalc.graph.elementwise import ELEMENTWISE, Elementwise, of_tree, plain, slot, with_slopes_written_out
from netcalc.graph.evaluate import cost, evaluate
from netcalc.graph.leaves import ARANGE, ARRAY, EYE, NAMED, SIZE, STOPPED, TRIANGLE, array, given
from netcalc.graph.node import Node, in_order, make
from netcalc.graph.product import PRODUCT, SUM, Factor
from netcalc.graph.reductions import MAX, MIN, RECIPROCAL, SOFTMAX
from netcalc.graph.shaping import CONCATENATE, INDEX, RESHAPE, SCATTER
from netcalc.models.graphed import GraphProblem

DEPTHS = (1, 2, 3, 5, 8, 13, 21, 1_000)
MAX_OPERATIONS = 400_000  # on entries, of one expression: about a second
MAX_OPERATIONS_TOGETHER = 1_500_000  # of all nodes: seconds
LINEAR = (PRODUCT, SUM, INDEX, SCATTER, RESHAPE, CONCATENATE, NAMED, STOPPED)
CONSTANT = (ARRAY, EYE, SIZE, TRIANGLE, ARANGE)


def vanishing(
    problem: GraphProblem, node: Node, wanted: np.ndarray, operations: list[int], decided: Decided
) -> np.ndarray:
    """Which of the entries that are `wanted` are 0 by algebra, as far as that is found within so many operations.

    `operations` has their number, and what was not used is left in it.

    What lies behind ever more names is looked into: a name's own values may be all that it takes.
    """
    found, before = np.zeros(wanted.shape, dtype=bool), None
    for depth in DEPTHS:
        cut = _Cut(problem, node, depth, decided)
        root = cut.of(node)
        if root is before:
            break
        before, zero = root, _zeros(problem, root, cut, wanted & ~found, operations)
        if zero is None:
            break
        found |= zero
        if (found | ~wanted).all():
            break
    return found


def is_zero(problem: GraphProblem, node: Node) -> bool:
    """Whether every entry of a node is 0 by algebra, whatever the inputs' numbers; False where that isn't found."""
    everywhere = np.ones(Arithmetic(problem.sizes).shape(node.shape), dtype=bool)
    return bool(vanishing(problem, node, everywhere, [MAX_OPERATIONS_TOGETHER], Anywhere(problem)).all())


def _zeros(
    problem: GraphProblem, root: Node, cut: _Cut, wanted: np.ndarray, operations: list[int]
) -> np.ndarray | None:
    """Which entries come to 0; None where that would take too long, or something is divided by 0."""
    sizes = Arithmetic(problem.sizes)
    needed = cost([root], sizes)
    work = needed.multiplications + needed.operations
    if work > min(MAX_OPERATIONS, operations[0]) or _degree_bits(root, sizes) > MAX_DEGREE_BITS:
        return None
    operations[0] -= work
    numbers = Residues(problem.sizes)
    known = cut.decided.of_leaves(cut.leaves)
    values = {leaf: each(numbers.known_or_fresh, one) for leaf, one in zip(cut.leaves.values(), known, strict=True)}
    values |= {one: numbers.array(array) for one, array in cut.known.items()}
    (found,) = evaluate([root], numbers, values)
    return None if numbers.given_up else each(lambda entry: entry == 0, found).astype(bool) & wanted


def _degree_bits(root: Node, sizes: Arithmetic) -> float:
    """No less than the binary logarithm of the degree of an entry, as a quotient of polynomials in the leaves."""
    bits: dict[Node, float] = {}
    for node in in_order([root]):
        own = max((bits[arg] for arg in node.args), default=0.0)
        if node.operation is ELEMENTWISE:
            own += log2(MAX_POWER) * len(share((node.params.tree,)).nodes)
        elif node.operation in (PRODUCT, SUM, SCATTER):  # as many terms as entries of all arguments, of as many factors
            own += log2(1 + sum(prod(sizes.shape(arg.shape)) for arg in node.args) * len(node.args))
        bits[node] = own
    return bits[root]


class Decided:
    """Where largest or smallest entries are, and which are indexed, as balls decide; None where they don't."""

    has_points = True  # where 1/x may be that of 0

    def __init__(self, problem: GraphProblem) -> None:
        self.problem = problem
        self.known: dict[Node, Node | None] = {}
        self.indices: dict[Node, Node | None] = {}
        self.numbers = Balls(problem.sizes)
        self.found: dict[Node, np.ndarray] = {}

    def places(self, node: Node) -> Node | None:
        """Ones where a largest or smallest entry along axes is, zeros elsewhere."""
        if node not in self.known:
            self.known[node] = self._places(node)
        return self.known[node]

    def index(self, node: Node) -> Node | None:
        """The whole numbers that an index has."""
        if node not in self.indices:
            try:
                whole = self.numbers.whole(self.values([node])[0])
            except NetcalcError:
                whole = None
            self.indices[node] = None if whole is None else array(whole, f"index{len(self.indices)}")
        return self.indices[node]

    def values(self, nodes: Collection[Node]) -> list[np.ndarray]:
        """What nodes come to in balls, each found once."""
        self.found = self.found or self.problem.given_in(self.numbers)
        missing = [node for node in nodes if node not in self.found]
        self.found |= zip(missing, evaluate(missing, self.numbers, self.found), strict=True)
        return [self.found[node] for node in nodes]

    def of_leaves(self, nodes: Collection[Node]) -> list[np.ndarray]:
        """What is known of leaves."""
        return self.values(nodes)

    def is_known(self, array: np.ndarray) -> bool:
        """Whether an input's numbers count, and not that they may be any."""
        return array.dtype.kind in "iu" or _are_whole(array)

    def _places(self, node: Node) -> Node | None:
        values = self.values([node.args[0]])[0]
        axes = tuple(axis % values.ndim for axis in node.params.axes)
        moved = np.moveaxis(values, axes, range(-len(axes), 0))
        rows = moved.reshape(-1, prod(moved.shape[moved.ndim - len(axes) :]))
        sign = 1 if node.operation is MAX else -1
        ones = np.zeros(rows.shape, dtype=np.int64)
        for one, row in zip(ones, rows, strict=True):
            place = next((n for n, entry in enumerate(row) if _is_beyond(entry, [*row[:n], *row[n + 1 :]], sign)), None)
            if place is None:
                return None
            one[place] = 1
        back = np.moveaxis(ones.reshape(moved.shape), range(-len(axes), 0), axes)
        return array(each(lambda one: Number(Fraction(int(one))), back), f"places{len(self.known)}")


class Anywhere(Decided):
    """The same for inputs of any numbers, but for indices."""

    has_points = False

    def places(self, node: Node) -> Node | None:  # noqa: ARG002 - another entry may be the largest elsewhere
        """Unknown."""
        return None

    def of_leaves(self, nodes: Collection[Node]) -> list[np.ndarray]:
        """Nothing is known of them."""
        sizes = Arithmetic(self.problem.sizes)
        return [np.full(sizes.shape(node.shape), None, dtype=object) for node in nodes]

    def is_known(self, array: np.ndarray) -> bool:
        """Whether they are indices."""
        return array.dtype.kind in "iu"


def _is_beyond(entry: Any, others: Sequence[Any], sign: int) -> bool:
    return all(bool((entry - other) * sign > 0) for other in others)


class _Cut:
    """A graph of arithmetic alone, above leaves that stand for functions' values and inputs."""

    def __init__(self, problem: GraphProblem, root: Node, depth: int, decided: Decided) -> None:
        self.near, self.decided = _near(root, depth), decided
        inputs = {problem.inputs[name]: array for name, array in problem.values.items()}
        self.known = {node: array for node, array in inputs.items() if decided.is_known(array)}
        self.leaves: dict[Node, Node] = {}
        self.done: dict[Node, Node] = {}

    def of(self, root: Node) -> Node:
        """The node above its leaves; it takes any depth."""
        for node in in_order([root], self._needs):
            self.done[node] = self._made(node)
        return self.done[root]

    def _needs(self, node: Node) -> Sequence[Node]:
        """The arguments that are looked into."""
        if node not in self.near:
            return ()
        if node.operation in (INDEX, SCATTER):
            return node.args[:1]
        if node.operation in LINEAR or (node.operation in (MAX, MIN) and self.decided.places(node) is not None):
            return node.args
        if self._is_formula(node):
            return [node.args[int(name[1:])] for name in _kept(_written_out(node))]
        return ()

    def _made(self, node: Node) -> Node:
        if node.operation in CONSTANT or node in self.known:
            return node
        if node not in self.near:
            return self._leaf(node)
        if node.operation in (MAX, MIN) and (places := self.decided.places(node)) is not None:
            picked = build.multiply(self.done[node.args[0]], places)
            return build.summed(picked, node.params.axes, keep=node.params.keep)
        if node.operation in (INDEX, SCATTER):
            indices = [self.decided.index(one) for one in node.args[1:]]
            known = [one for one in indices if one is not None]
            args = [self.done[node.args[0]], *known]
            return make(node.operation, args, node.shape, node.params) if known == indices else self._leaf(node)
        if node.operation in LINEAR:
            return make(node.operation, [self.done[arg] for arg in node.args], node.shape, node.params)
        if self._is_formula(node):
            return self._elementwise(node)
        if node.operation is SOFTMAX:
            powers = self._leaf(node)
            return build.divide(powers, build.summed(powers, node.params.axes, keep=True))
        return self._leaf(node)

    def _is_formula(self, node: Node) -> bool:
        return node.operation is ELEMENTWISE or (node.operation is RECIPROCAL and not self.decided.has_points)

    def _leaf(self, node: Node) -> Node:
        if node not in self.leaves:
            self.leaves[node] = given(f"leaf{len(self.leaves)}", node.shape)
        return self.leaves[node]

    def _elementwise(self, node: Node) -> Node:
        """Arithmetic on arguments, and on what functions make of them."""
        params: Elementwise = node.params
        own: list[Factor] = node.factors
        leaves: list[Factor] = [(self.done.get(arg, arg), letters) for arg, letters in own]
        sizes = dict(zip(params.out, node.shape, strict=True))

        def rewritten(tree: Tree) -> Tree:
            if isinstance(tree, Number | Symbol):
                return tree
            if isinstance(tree, Apply) and is_rational(tree):
                return apply(tree.operator, [rewritten(one) for one in tree.arguments])
            inner = plain(tree, own, params.out, tuple(sizes[one] for one in params.out))
            leaves.append((self._leaf(inner), params.out))
            return Symbol(slot(len(leaves) - 1))

        return of_tree(rewritten(_written_out(node)), leaves, params.out, node.shape)


def _near(root: Node, depth: int) -> set[Node]:
    """The nodes that are reached from the root through no more than so many names, its own not counted."""
    names: dict[Node, int] = {root: 0}
    waiting = [root]
    while waiting:
        node = waiting.pop()
        for arg in node.args:
            count = names[node] + (arg.operation is NAMED)
            if count < names.get(arg, depth + 1):
                names[arg] = count
                waiting.append(arg)
    return set(names)


def _written_out(node: Node) -> Tree:
    """An element's formula, σ′ as σ(1 - σ)."""
    params: Elementwise = node.params
    return with_slopes_written_out(params.tree)


def _kept(tree: Tree) -> list[str]:
    """The arguments that stand outside of functions."""
    if isinstance(tree, Symbol):
        return [tree.name]
    if isinstance(tree, Apply) and is_rational(tree):
        return [name for one in tree.arguments for name in _kept(one)]
    return []


def _are_whole(array: np.ndarray) -> bool:
    return array.dtype == object and all(isinstance(one, Number) and one.value.denominator == 1 for one in array.flat)


class Zeros:
    """Balls of a problem's nodes, with 0 in place of each that holds it and is 0 by algebra; asked for once a node."""

    def __init__(self, problem: GraphProblem) -> None:
        self.problem = problem
        self.known: dict[Node, np.ndarray] = {}
        self.operations = [MAX_OPERATIONS_TOGETHER]
        self.decided = Decided(problem)

    def put_in(self, nodes: Sequence[Node], arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
        """The arrays of those nodes."""
        return [self._settled(node, array) for node, array in zip(nodes, arrays, strict=True)]

    def _settled(self, node: Node, array: np.ndarray) -> np.ndarray:
        doubtful = each(_holds_zero, array).astype(bool)
        if not doubtful.any():
            return array
        if node not in self.known:
            self.known[node] = vanishing(self.problem, node, doubtful, self.operations, self.decided)
        zero = self.known[node] & doubtful
        return each(lambda entry, is_zero: fmpq(0) if is_zero else entry, array, zero)


def _holds_zero(entry: object) -> bool:
    """Whether a number may be 0 and is not known to be; one that is nowhere divided by 0 on its way."""
    return isinstance(entry, arb) and entry.is_finite() and entry.contains(0)
