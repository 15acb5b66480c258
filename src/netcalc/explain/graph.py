"""A graph explained: forward by its named nodes, then back through them, each with the rule that leads there.

An expression's parts get names, v1, v2, …, one for each operation that is worth a line.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

import numpy as np

from netcalc.explain.explanation import distinct
from netcalc.explain.matrices import Matrices
from netcalc.expression import Symbol, Tree, substitute
from netcalc.expression.tree import fold
from netcalc.graph.backward import Backward, backward
from netcalc.graph.elementwise import ELEMENTWISE
from netcalc.graph.leaves import NAMED, given, named, names_of
from netcalc.graph.node import Node, in_order
from netcalc.graph.product import PRODUCT, SUM, as_number
from netcalc.graph.rebuilt import with_arguments
from netcalc.graph.ties import ties as ties_of
from netcalc.graph.ties import with_ties
from netcalc.graph.writing import formula
from netcalc.models.graphed import GraphProblem
from netcalc.notation import to_unicode
from netcalc.notation.displays import Display
from netcalc.problem import derivative
from netcalc.records import NamedTuple
from netcalc.result import Step, as_floats

MAX_STEPS = 40  # beyond which a derivation on paper helps nobody
MAX_NODES = 400  # of a graph that is written out
LETTERS = "vuthgk"  # what parts are called, the first that no name begins with

Values = Callable[[Sequence[Node]], list[np.ndarray]]  # of nodes whose inputs are known
# What each operation's slope is called.
NAMES: Mapping[str, str] = {
    "elementwise": "chain rule",
    "softmax": "softmax's Jacobian",
    "log_softmax": "log-softmax's Jacobian",
    "logsumexp": "the slope of logsumexp is softmax",
    "norm": "the slope of a norm",
    "max": "it goes to the largest entry",
    "min": "it goes to the smallest entry",
    "prod": "the slope of a product is the product of the others",
    "cumsum": "a running sum from the other end",
    "inv": "the slope of an inverse",
    "det": "the slope of a determinant",
    "logdet": "the slope of log det",
    "solve": "the slope of a solution",
    "index": "it goes to the entries that were picked",
    "scatter": "the entries that were placed",
    "concat": "each part has its slice",
    "reshape": "in the shape that it had",
}


class Paper(NamedTuple):
    """What the steps are written from: the nodes with names, first to last, the backward pass, what is known."""

    problem: GraphProblem
    output: Node
    shown: Mapping[str, Node]
    found: Backward

    def node(self, name: str) -> Node:
        """The node of that name."""
        return self.shown[name] if name in self.shown else self.problem.nodes[name]


def steps(problem: GraphProblem, values: Values | None) -> Iterator[Step]:
    """The steps of a problem with one gradient; none of a large one.

    `values` are those of nodes, where the inputs are known.
    """
    paper = _paper(problem)
    if paper is None:
        return
    forward = {**paper.shown, problem.output_name: paper.output}
    back = {name: paper.found.gradients[node] for name, node in _backward_order(paper)}
    if len(forward) + len(back) > MAX_STEPS:
        return
    page = _page(paper, forward, back, values)
    ties = tied(back.values(), values) if values and page.matrices else set()
    names = names_of(forward)
    heading = "Forward"
    for name, node in forward.items():
        if names.get(node, name) == name:
            yield Step(name, page.chain(formula(node, called=names), name), heading)
            heading = ""
    of = problem.output_name
    called = {
        gradient: problem.gradient(names[paper.node(name)]) for name, gradient in back.items() if name in paper.shown
    }
    called = {gradient: name for gradient, name in called.items() if gradient.operation is NAMED} | names
    written: set[Node] = set()  # one that has two names, as of `h = x`, has one step
    for name, gradient in back.items():
        node = paper.node(name)
        if names.get(node, name) != name or node in written:
            continue
        written.add(node)
        said = rules(paper.found, node, names)
        slope = derivative(of, (name,))
        heading = f"Backward to {to_unicode(Symbol(name))}{': ' * bool(said)}{said}"
        short = problem.gradient(name)
        own = called.get(gradient, short)
        whole = with_ties(gradient, ties)
        definition = formula(whole, beside=[paper.output], called=called) if own == short else Symbol(own)
        yield Step(slope, page.chain(definition, slope), heading)


# --- the graph with names


def _paper(problem: GraphProblem) -> Paper | None:
    if (problem.output.rank and problem.delta is None) or problem.along:
        return None
    if len(in_order([problem.output])) > MAX_NODES:
        return None
    wrt = [problem.nodes[name] for name in problem.wrt]
    output = problem.output
    if problem.named:
        shown = {name: node for name, node in problem.named.items() if node.operation is NAMED and node is not output}
    else:
        output, shown = _with_names(output, set(wrt), problem)
    if output.operation is not NAMED:
        output = named(problem.output_name, output)
    found = backward(output, problem.delta, {*wrt, *shown.values()})
    return Paper(problem, output, shown, found)


def _with_names(output: Node, wrt: set[Node], problem: GraphProblem) -> tuple[Node, dict[str, Node]]:
    """The graph with a name for each operation that is worth a line."""
    order = in_order([output])
    users: dict[Node, list[Node]] = {node: [] for node in order}
    for node in order:
        for arg in node.args:
            users[arg].append(node)
    depends = _depends(order, wrt)
    letter = next((one for one in LETTERS if not any(name.startswith(one) for name in problem.inputs)), "v_")
    done: dict[Node, Node] = {}
    shown: dict[str, Node] = {}
    for node in order:
        new = with_arguments(node, [done[arg] for arg in node.args])
        if node is not output and node in depends and _is_worth_a_line(node, users[node]):
            name = f"{letter}{len(shown) + 1}"
            new = shown[name] = named(name, new)
        done[node] = new
    return done[output], shown


def _depends(order: Sequence[Node], wrt: set[Node]) -> set[Node]:
    found: set[Node] = set()
    for node in order:
        if node in wrt or any(arg in found for arg in node.args):
            found.add(node)
    return found


def _is_worth_a_line(node: Node, users: Sequence[Node]) -> bool:
    """Whether an operation has a line of its own: no linear part of a sum, no 1/x of a quotient."""
    if not node.args:
        return False
    if node.operation is PRODUCT:
        if len(node.args) == 1 and not node.params.summed:
            return False
        return len(set(users)) > 1 or (bool(node.params.summed) and not all(one.operation is SUM for one in users))
    if node.operation is ELEMENTWISE:
        return not to_unicode(node.params.tree).startswith("1/#")
    return node.operation.name not in ("index", "scatter", "reshape") or len(set(users)) > 1


def _backward_order(paper: Paper) -> Iterator[tuple[str, Node]]:
    """The named nodes that have a gradient, last first, then what is differentiated by."""
    known = paper.found.gradients
    for name, node in reversed(list(paper.shown.items())):
        if node in known and (name in paper.problem.wrt or not paper.problem.named):
            yield name, node
    for name in paper.problem.wrt:
        node = paper.problem.nodes[name]
        if node in known and name not in paper.shown:
            yield name, node


def tied(gradients: Iterable[Node], values: Values) -> set[Node]:
    """What goes to the largest or the smallest entries, several of which tie."""
    found = {node: shares for node in in_order(gradients) if (shares := ties_of(node)) is not None}
    arrays = map(as_floats, values(list(found.values())) if found else [])
    return {node for node, shares in zip(found, arrays, strict=True) if ((shares > 0) & (shares < 1)).any()}


# --- numbers


class _Page(NamedTuple):
    """The names of gradients as people write them, ∂f/∂x, and what is known by name."""

    names: Mapping[str, Tree]
    matrices: Matrices | None

    def chain(self, written: Tree, name: str) -> tuple[Display, ...]:
        """A formula, the same with numbers put in, and the value."""
        tree = substitute(written, self.names)
        if self.matrices is None:
            return (tree,)
        put_in = self.matrices.put_in(tree)
        ends = [put_in, self.matrices.closed_form(name), self.matrices.value(name)]
        return distinct(tree, *(one for one in ends if one is not None))


def _page(paper: Paper, forward: Mapping[str, Node], back: Mapping[str, Node], values: Values | None) -> _Page:
    of = paper.problem.output_name
    slopes = {name: derivative(of, (name,)) for name in back}
    names: dict[str, Tree] = {
        paper.problem.gradient(name): Symbol(slope) for name, slope in slopes.items() if name in paper.shown
    }
    if values is None or paper.problem.free:
        return _Page(names, None)
    nodes = {**forward, **{slopes[name]: gradient for name, gradient in back.items()}}
    arrays = dict(zip(nodes, values(list(nodes.values())), strict=True))
    return _Page(names, Matrices({**paper.problem.values, **arrays}))


def rules(found: Backward, node: Node, names: Mapping[Node, str]) -> str:
    """The rules on the ways from a node to what is named next, and that several uses are added up."""
    said: dict[str, None] = {}
    users: dict[str, None] = {}
    _follow(found, node, names, said, users)
    text = ", ".join(said)
    if len(users) > 1:
        order = {name: place for place, name in enumerate(names.values())}
        ordered = sorted(users, key=lambda name: order.get(name, 0))
        *before, last = (to_unicode(Symbol(name)) for name in ordered)
        places = f"{', '.join(before)} and {last}"
        text += f"{', ' if text else ''}used in {places}, whose shares are added up"
    return text


def _follow(
    found: Backward, node: Node, names: Mapping[Node, str], said: dict[str, None], users: dict[str, None]
) -> None:
    for use in found.uses.get(node, ()):
        if as_number(use.share) == 0:  # as by a comparison
            continue
        if use.node.operation.name == "named":
            users[names.get(use.node, "")] = None
            continue
        rule = _rule(use.node, use.place)
        if rule:
            said[rule] = None
        if use.node in names:
            users[names[use.node]] = None
        else:
            _follow(found, use.node, names, said, users)


def _rule(node: Node, place: int) -> str:
    """What happens at one operation."""
    if node.operation is PRODUCT:
        return _rule_of_product(node, place)
    if node.operation is SUM:
        is_stretched = len(node.params.letters[place]) < len(node.params.out)
        return "summed over what it is stretched along" if is_stretched else ""
    return NAMES.get(node.operation.name, "chain rule")


def _rule_of_product(node: Node, place: int) -> str:
    params = node.params
    own = params.letters[place]
    if len(node.args) == 1:
        return "the same for every entry of a sum" if any(one not in params.out for one in own) else ""
    if node.args.count(node.args[place]) > 1:
        return "the slope of a square"
    is_summed = any(one not in params.out for one in own)
    return "matrix product" if is_summed and _is_matrix_product(node) else "product rule"


def _is_matrix_product(node: Node) -> bool:
    """Whether it is written as one, W x, not as Σ a ∘ b."""
    names = {arg: given(f"a{n}", arg.shape) for n, arg in enumerate(dict.fromkeys(node.args))}
    written = formula(with_arguments(node, [names[arg] for arg in node.args]))
    return fold(written, lambda _: False, lambda operator, parts: operator == "matmul" or any(parts))
