"""A node as a formula, as people write it: `outer(W@x + b - t, x)`, W xᵀ, f·(1 − f) by the answer's own name."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from fractions import Fraction
from functools import cached_property
from types import MappingProxyType

from netcalc.expression import Apply, Number, Symbol, Tree, substitute
from netcalc.expression.tree import Leaf, fold
from netcalc.graph.by_name import Names, is_gradient
from netcalc.graph.elementwise import ELEMENTWISE, slot
from netcalc.graph.layouts import exactly
from netcalc.graph.leaves import ARRAY, EYE, INPUT, NAMED, SIZE, STOPPED, name_of
from netcalc.graph.node import Node, in_order
from netcalc.graph.product import LETTERS, PRODUCT, SUM
from netcalc.graph.readable import Length, length, plain_form, readable
from netcalc.graph.sizes import Size, letters_of, tree
from netcalc.graph.sizes import letter as letter_size
from netcalc.graph.terms import Term, axes_of, plain
from netcalc.graph.writing_products import product, sum_of_terms
from netcalc.graph.writing_rules import RULES

NOTHING: Mapping[Node, str] = MappingProxyType({})
MAX_PARTS = 1_000  # names, numbers and operations of a formula that is written: about a page
MAX_ALIAS_PARTS = 60  # of a formula that is looked for within others


def formula(
    node: Node, *, diagonal: bool = False, beside: Sequence[Node] = (), called: Mapping[Node, str] = NOTHING
) -> Tree:
    """The node as one formula; of a named node what it is the name of.

    Named nodes within it, and within the nodes `beside` it, are written by their names, or as they are `called`.
    `diagonal` has a vector along an axis of a matrix as a diagonal matrix, as Jacobians are written.
    """
    return Writer([*beside, node], called).shortest(node, diagonal=diagonal)


class Writer:
    """Writes the nodes of a graph, each once. `called` has other names of named nodes than their own.

    `as_coded` keeps to the names that were used: what a name stands for, met again without it, is written out.
    """

    def __init__(self, roots: Sequence[Node], called: Mapping[Node, str] = NOTHING, *, as_coded: bool = False) -> None:
        self._called = called
        self.terms: dict[Node, Term] = {}
        self._names: dict[Node, Symbol] = {}
        self.aliases: dict[Tree, Symbol] = {}
        self.counts: dict[Apply, Size] = {}
        self._parts: dict[Node, int] = {}
        self._lengths: dict[tuple[Node, bool], Length] = {}
        order = in_order(roots)
        self.inputs = {name: node for node in order if (name := name_of(node)) is not None}
        numbers = _numbers(order)
        names = [node for node in order if node.operation is NAMED]
        self._forward = {node: None for node in names if not is_gradient(node)}
        self._has_gradients = len(self._forward) < len(names)
        self.is_forward = bool(self._forward) and not self._has_gradients
        self.typed = set(in_order(list(self._forward)))  # whose sums are means where they were typed so
        stops = [node for node in order if node.operation is STOPPED]
        self.within_stops = set(in_order([arg for node in stops for arg in node.args]))
        defined = [] if as_coded else names
        named = [node for node in defined if _is_definition(node.args[0]) and node.args[0] not in numbers]
        for node in named:
            self._names.setdefault(node.args[0], self._symbol(node))
        for node in named:
            self._learn(node)
        self._known = Names(named, lambda node: plain_form(node, self.has_name))

    @cached_property
    def _ahead(self) -> Writer:
        """Writes the forward pass alone, by the names that its lines use: the gradients are those of these names."""
        return Writer(list(self._forward), self._called, as_coded=True)

    def name(self, node: Node) -> str:
        """What a named node is written as."""
        text: str = node.params.text
        return self._called.get(node, text)

    def _symbol(self, node: Node) -> Symbol:
        return Symbol(self.name(node))

    def _learn(self, node: Node) -> None:
        """A formula that has a name is written by that name within other formulas too."""
        (own,) = node.args
        if own.operation is ELEMENTWISE and self.parts(own) <= MAX_ALIAS_PARTS:
            self.aliases.setdefault(self.formula(own), self._names[own])

    def has_name(self, node: Node) -> bool:
        """Whether a node is written by a name of its own."""
        return node.operation is NAMED or node in self._names

    def shortest(self, node: Node, *, diagonal: bool = False) -> Tree:
        """The node as one formula, as short as identities make it; three dots where it would fill pages.

        One of the forward pass is written without the names of gradients.
        """
        if self._has_gradients and node in self._forward:
            return self._ahead.shortest(node, diagonal=diagonal)
        own = node.args[0] if node.operation is NAMED else node
        if own is not node and own.operation is NAMED:
            return self._symbol(own)
        if self.parts(own) > MAX_PARTS:
            return Symbol("…")
        return self.formula(self.shorter(own, diagonal=diagonal), diagonal=diagonal)

    def shorter(self, node: Node, *, diagonal: bool = False) -> Node:
        """The node in the form whose formula is shortest."""

        def measure(one: Node) -> Length:
            if (one, diagonal) not in self._lengths:
                tree = self._symbol(one) if one.operation is NAMED else self.formula(one, diagonal=diagonal)
                self._lengths[one, diagonal] = length(tree, diagonal=diagonal)
            return self._lengths[one, diagonal]

        return node if self.parts(node) > MAX_PARTS else readable(node, self.has_name, measure, self._known)

    def parts(self, node: Node) -> int:
        """About how many names, numbers and operations a node is written with, what it repeats counted each time."""
        for one in self._unwritten(node, self._parts):
            if one is not node and self.has_name(one):
                self._parts[one] = 1
            else:
                self._parts[one] = _parts(one, [self._parts[arg] for arg in one.args])
        return self._parts[node]

    def _unwritten(self, root: Node, known: Collection[Node]) -> list[Node]:
        """What is below a node and not known yet, down to what has a name, arguments first; then the node."""

        def args(node: Node) -> Sequence[Node]:
            return () if node is not root and (node in known or self.has_name(node)) else node.args

        return [node for node in in_order([root], args) if node is root or node not in known]

    def formula(self, node: Node, *, diagonal: bool = False) -> Tree:
        """The node as one formula with all its axes; of a named node what it is the name of."""
        if node.operation is NAMED:
            (node,) = node.args
        term = self.direct(node, diagonal=diagonal)
        sizes = dict(zip(LETTERS, node.shape, strict=False))
        return exactly(term, axes_of(node.shape), sizes)

    def direct(self, node: Node, *, diagonal: bool = False) -> Term:
        """A node by what it is, not by its name."""
        for below in self._unwritten(node, self.terms):
            if below is not node:
                self.terms[below] = self.by_name(below) or self._written(below)
        return self._written(node, diagonal=diagonal)

    def by_name(self, node: Node) -> Term | None:
        name = self._symbol(node) if node.operation is NAMED else self._names.get(node)
        return plain(name, node) if name is not None else None

    def _written(self, node: Node, *, diagonal: bool = False) -> Term:
        if node.operation is PRODUCT:
            return product(self, node, diagonal=diagonal)
        if node.operation is SUM:
            return sum_of_terms(self, node, diagonal=diagonal)
        rule = RULES.get(node.operation.name)
        return rule(self, node) if rule is not None else plain(node.formula(self.exact(node.args)), node)

    def term(self, node: Node, letters: str) -> Term:
        """An argument with its axes' letters as its user has them."""
        names = dict(zip(LETTERS, letters, strict=False))
        return self.terms[node].renamed(names)

    def size(self, size: Size) -> Tree:
        """A size by its letter; where a tensor has that name too, as the size of a tensor's axis."""
        letters = [name for name in letters_of((size,)) if name in self.inputs]
        places: dict[str, Tree] = {}
        for letter in letters:
            for name, node in self.inputs.items():
                if letter_size(letter) in node.shape:
                    axis = node.shape.index(letter_size(letter))
                    places.setdefault(letter, Apply("size", (Symbol(name), Number(Fraction(axis)))))
        return substitute(tree(size), places)

    def exact(self, nodes: Sequence[Node]) -> tuple[Tree, ...]:
        """Arguments as formulas that have their shapes."""
        return tuple(
            exactly(self.terms[node], axes_of(node.shape), dict(zip(LETTERS, node.shape, strict=False)))
            for node in nodes
        )


def _parts(node: Node, arguments: Sequence[int]) -> int:
    """The parts of a node's formula, from those of its arguments'."""
    if node.operation is not ELEMENTWISE:
        return 1 + sum(arguments)
    counts = {slot(n): many for n, many in enumerate(arguments)}

    def leaf(one: Leaf) -> int:
        return counts[one.name] if isinstance(one, Symbol) else 1

    return fold(node.params.tree, leaf, lambda _, parts: 1 + sum(parts))


def _is_definition(node: Node) -> bool:
    """Whether it is more than another name."""
    return node.operation not in (INPUT, NAMED, ARRAY, SIZE, EYE)


def _numbers(order: Sequence[Node]) -> set[Node]:
    """Numbers, and those in letters for sizes, as 1/N: they are written out wherever they are."""
    found = set[Node]()
    for node in order:
        if not node.rank and node.operation in (PRODUCT, ELEMENTWISE, SIZE) and found.issuperset(node.args):
            found.add(node)
    return found
