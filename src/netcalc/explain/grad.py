"""Expressions explained: forward through named intermediates, then back through them, a rule at each.

The nodes and their gradients are the sweep's own; the slope of a node is that of the line it is shown with.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from netcalc.derivation.accumulate import OPERATOR_RULES, RULES, Sweep, gradient
from netcalc.derivation.derive import is_activation
from netcalc.derivation.gradient import Derived, element_name, label
from netcalc.derivation.readable import readable, sizes
from netcalc.explain.explanation import Leaf, coming_to, distinct, is_short_decimal, literal, operand, replaced
from netcalc.expression import Apply, Symbol, Tree, is_constant, substitute, symbols
from netcalc.expression.tree import add, apply, multiply
from netcalc.models.grad import point_at
from netcalc.notation import to_ascii, to_unicode
from netcalc.notation.displays import Display
from netcalc.problem import derivative
from netcalc.result import Step, Value

STEPS_LIMIT = 40  # operations beyond which a derivation on paper helps nobody
OUTPUTS_LIMIT = 6
WRITTEN = 20_000  # numbers, names and operators of a formula that is written out
LONGEST = 72  # characters of a formula that is repeated with its numbers
LETTERS = "vuthgk"  # what intermediates are called, the first that no variable is called


def formulas_of(derived: Derived) -> list[Tree]:
    """A formula for each number of the answer: an expression as it was typed, a derivative in its shortest form."""
    written = _writable(derived.written(*(one.tree for one in derived.quantities if one.by)))
    shorter = iter(readable(derived.forms, written, derived.problem.variables))
    return [next(shorter) if one.by else one.tree for one in derived.quantities]


def _writable(formulas: Sequence[Tree]) -> list[Tree]:
    """The formulas; three dots for one that would fill pages."""
    return [one if size <= WRITTEN else Symbol("…") for one, size in zip(formulas, sizes(formulas), strict=True)]


def trail(derived: Derived) -> list[Tree]:
    """What the steps need the values of: every node and adjoint; nothing where there would be too many steps."""
    sizes = [len(swept.gradients) for swept in derived.sweeps]
    if derived.problem.many or len(sizes) > OUTPUTS_LIMIT or sum(sizes) > STEPS_LIMIT:
        return []
    found: dict[int, Tree] = {}
    for swept in derived.sweeps:
        for node, slope in swept.pairs():
            found |= {id(node): node, id(slope): slope}
    return list(found.values())


def steps(
    derived: Derived, entries: Sequence[Value], formulas: Sequence[Tree], values: Mapping[int, Value]
) -> Iterator[Step]:
    """The steps that lead to what was found; `values` are those of the trail, by the id of the tree, if known."""
    if trail(derived):
        for output, swept in zip(derived.problem.outputs, derived.sweeps, strict=True):
            paper = _Paper(derived, swept, output, values)
            yield from paper.forward()
            yield from paper.backward()
    yield from _with_numbers(derived, entries, formulas)


def _with_numbers(derived: Derived, entries: Sequence[Value], formulas: Sequence[Tree]) -> Iterator[Step]:
    """Each formula with the point's numbers put in."""
    if derived.problem.many:
        return
    numbers = point_at(derived.problem)
    heading = "With the numbers put in" if numbers else "Together"
    for one, value, formula, size in zip(derived.quantities, entries, formulas, sizes(formulas), strict=True):
        if size > LONGEST or len(to_ascii(formula)) > LONGEST:
            continue
        put_in = [] if is_constant(formula) or not numbers else [substitute(formula, numbers)]
        chain = distinct(formula, *put_in, literal(value))
        yield Step(label(derived.problem, one), chain, heading, element_name(derived.problem, one))
        heading = ""


class _Paper:
    """The page for one output: what each node of its formula is called there, and the lines that say it."""

    def __init__(self, derived: Derived, swept: Sweep, output: str, values: Mapping[int, Value]) -> None:
        self.derived, self.swept, self.output, self.values = derived, swept, output, values
        self.root = swept.nodes.roots[0]
        self.names = dict(self._named())
        self.known = {name: values[place] for place, name in self._by_id() if place in values}
        self.numbers: dict[str, Value | Tree] = {**self.known, **self._as_given()}

    def _named(self) -> Iterator[tuple[int, str]]:
        """The id of each node that gets a name, and the name."""
        variables = self.derived.problem.variables
        letter = next((one for one in LETTERS if not any(re.fullmatch(f"{one}\\d*", name) for name in variables)), "v_")
        count = 0
        for place, node in enumerate(self.swept.nodes.nodes):
            if place == self.root:
                yield id(node), self.output
            elif isinstance(node, Symbol):
                yield id(node), node.name
            elif isinstance(node, Apply) and place in self.swept.gradients and node.operator != "negate":
                count += 1
                yield id(node), f"{letter}{count}"

    def _by_id(self) -> Iterator[tuple[int, str]]:
        """The ids of the trees whose values are known by a name: nodes by their own, gradients by a derivative's."""
        for node, slope in self.swept.pairs():
            if id(node) in self.names:
                yield id(node), self.names[id(node)]
                yield id(slope), self.slope_name(self.output, self.names[id(node)])

    def _as_given(self) -> dict[str, Tree]:
        """The point's numbers as they were given, of those differentiated by only what is short."""
        point = point_at(self.derived.problem).items()
        return {name: number for name, number in point if name not in self.known or is_short_decimal(number)}

    def slope_name(self, of: str, by: str) -> str:
        """`df/dv1`."""
        return derivative(of, (by,))

    def in_names(self, tree: Tree, own: int = 0) -> Tree:
        """A tree in terms of what has a name, but for the node whose id is `own`."""
        if id(tree) in self.names and id(tree) != own:
            return Symbol(self.names[id(tree)])
        if not isinstance(tree, Apply):
            return tree
        return apply(tree.operator, [self.in_names(argument, own) for argument in tree.arguments])

    def put_in(self, tree: Tree, value: Value | None) -> list[Tree]:
        """The same with the names' numbers in their place, where they are known and change anything."""
        known = {name: one for name, one in self.numbers.items() if name in symbols(tree)}

        def write(leaf: Leaf) -> Tree:
            return substitute(tree, {name: leaf(one) if isinstance(one, Value) else one for name, one in known.items()})

        if not known:
            return []
        return [write(operand) if value is None else coming_to(value, write)]

    def forward(self) -> Iterator[Step]:
        heading = "Forward" if self.output == "f" else f"Forward: {self.output}"
        for node, _ in self.swept.pairs():
            if isinstance(node, Apply) and id(node) in self.names:
                formula = self.in_names(node, id(node))
                yield Step(self.names[id(node)], self.chain([formula], formula, node), heading)
                heading = ""

    def chain(self, parts: Sequence[Tree], last: Tree, tree: Tree) -> tuple[Display, ...]:
        """What something equals in turn: its formulas, the last one with numbers put in, and its value."""
        value = self.values.get(id(tree))
        return distinct(*parts, *self.put_in(last, value), *([] if value is None else [literal(value)]))

    def backward(self) -> Iterator[Step]:
        """∂f/∂(each), from the output back: by the rule of what it went into, added up over all of these."""
        said = f"Backward, from {self.output} to each variable\n"
        nodes = self.swept.nodes.nodes
        for user in range(len(nodes) - 1, -1, -1):
            last = ""
            for place in self.completed(user):
                users, name = self.users(place), self.names[id(nodes[place])]
                heading = self.heading(users, name)
                left = self.slope_name(self.output, name)
                shown = said + heading if heading != last else ""
                yield Step(left, self.summed(users, name, self.swept.gradients[place]), shown)
                said, last = "", heading

    def completed(self, user: int) -> list[int]:
        """The places whose last path back to the output goes through this node, in the order of its arguments."""
        reached = dict.fromkeys(self.reached(user))
        return [place for place in reached if min(self.users(place)) == user]

    def reached(self, user: int) -> Iterator[int]:
        """The named nodes that a node uses, directly or with a minus between."""
        if user not in self.swept.gradients or id(self.swept.nodes.nodes[user]) not in self.names:
            return
        waiting = list(reversed(self.swept.nodes.arguments[user]))
        while waiting:
            place = waiting.pop()
            if place not in self.swept.uses:
                continue
            if id(self.swept.nodes.nodes[place]) in self.names:
                yield place
            else:
                waiting += reversed(self.swept.nodes.arguments[place])

    def users(self, place: int) -> list[int]:
        """The named nodes that a node went into, each once; a bare minus between is no node of its own."""
        found: dict[int, None] = {}
        for user, _, _ in self.swept.uses[place]:
            is_named = id(self.swept.nodes.nodes[user]) in self.names
            found |= dict.fromkeys([user] if is_named else self.users(user))
        return list(found)

    def heading(self, users: Sequence[int], name: str) -> str:
        """`Product rule: v1 = w·x`, or the rules of all the paths."""
        nodes = [self.swept.nodes.nodes[user] for user in users]
        rules = [rule_name(node, self.varying(user)) for user, node in zip(users, nodes, strict=True)]
        names = [to_unicode(Symbol(self.names[id(node)])) for node in nodes]
        if len(users) > 1:
            listed = ", ".join(f"{one} ({rule})" for one, rule in zip(names, rules, strict=True))
            return f"Chain rule over all paths: {to_unicode(Symbol(name))} went into {listed}"
        rule, node = rules[0], nodes[0]
        return f"{rule[0].upper()}{rule[1:]}: {names[0]} = {to_unicode(self.in_names(node, id(node)))}"

    def varying(self, user: int) -> list[bool]:
        """Which of a node's arguments depend on what is differentiated by."""
        return [place in self.swept.gradients for place in self.swept.nodes.arguments[user]]

    def summed(self, users: Sequence[int], name: str, adjoint: Tree) -> tuple[Display, ...]:
        """∂f/∂v·∂v/∂x added up over the users: with the slopes' names, with their formulas, with numbers."""
        forms = self.derived.forms
        called, formulas, numbers = [], [], []
        for user in users:
            own = self.names[id(self.swept.nodes.nodes[user])]
            before = [] if user == self.root else [forms.keep(Symbol(self.slope_name(self.output, own)))]
            formula, known = self.slope(user, name)
            formulas.append(forms.product(*before, formula))
            numbers.append(forms.product(*before, known))
            called.append(multiply(*before, Symbol(self.slope_name(own, name))) if before else formulas[-1])
        return self.chain([add(*called), add(*formulas)], add(*numbers), adjoint)

    def slope(self, user: int, name: str) -> tuple[Tree, Tree]:
        """∂(a node)/∂(a name it uses) in the names it uses, and with its own name where it recurs: `exp(v1)` is v2."""
        node, forms = self.swept.nodes.nodes[user], self.derived.forms
        local = forms.keep(self.in_names(node, id(node)))
        (formula,) = self.derived.written(*gradient(forms, local, [name]))
        return formula, forms.keep(replaced(formula, {local: Symbol(self.names[id(node)])}))


def rule_name(node: Tree, varying: Sequence[bool]) -> str:
    """The rule that a node is differentiated by, of whose arguments some are `varying`, the others constant."""
    operator = node.operator if isinstance(node, Apply) else ""
    if is_activation(node):
        return f"chain rule, slope of {operator}"
    if operator not in OPERATOR_RULES:
        return f"chain rule, {RULES[operator].called}"
    if operator == "power" and varying[1]:
        return "power rule, in both parts" if varying[0] else "exponential rule"
    is_scaled = (operator == "multiply" and sum(varying) == 1) or (operator == "divide" and not varying[1])
    return f"{OPERATOR_RULES['negate' if is_scaled else operator]} rule"
