"""A problem worked out in small steps: a graph in which every operation is a node of its own, with a name.

What may go wrong is an edit of it, so its steps are those that people take: a formula is taken apart into its
operators, and each of them, inputs too, is a named node, so that its gradient is one as well.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import field, replace
from functools import cached_property
from math import prod
from typing import TYPE_CHECKING

import numpy as np

from netcalc.checking.workings.recognised import logits_of_softmax, recognised
from netcalc.derivation.derive import applied, without_ones
from netcalc.derivation.gradient import derive
from netcalc.expression import Apply, Number, Symbol, Tree, is_constant, parse, share, substitute
from netcalc.expression.tree import CONDITIONS
from netcalc.graph.arithmetic import Arithmetic
from netcalc.graph.backward import Backward, backward
from netcalc.graph.elementwise import ELEMENTWISE, Elementwise, elementwise, held_letters, plain, slot
from netcalc.graph.functions import ACTIVATION, LOSS, VECTOR
from netcalc.graph.leaves import ARRAY, EYE, INPUT, NAMED, SIZE, eye, given, named
from netcalc.graph.node import Node, Operation, in_order, make
from netcalc.graph.product import LETTERS, Factor, number, product, total
from netcalc.graph.reductions import log_softmax, softmax
from netcalc.graph.shaping import index
from netcalc.graph.sizes import Shape
from netcalc.graph.writing import NOTHING, formula
from netcalc.models.grad import Gradient
from netcalc.models.graphed import GraphProblem
from netcalc.notation import to_ascii
from netcalc.problem import Problem, derivative_in_short
from netcalc.records import dataclass

if TYPE_CHECKING:
    from netcalc.catalogue.activations import BoundActivation
    from netcalc.catalogue.losses import BoundLoss

PLAIN = (ARRAY, EYE, SIZE)
MAX_JACOBIAN_ROWS = 12  # entries of an output that are gone back from one by one


@dataclass(frozen=True)
class Pass:
    """One output in small steps, and its backward pass; `delta` is the output's gradient from above, if given."""

    output: Node
    delta: Node | None = None

    @cached_property
    def backward(self) -> Backward:
        """The gradient of every node, and what it is added up from."""
        return backward(self.output, self.delta)

    @cached_property
    def nodes(self) -> list[Node]:
        """The named nodes, first to last."""
        return [node for node in in_order([self.output]) if node.operation is NAMED]

    def gradient(self, node: Node) -> Node:
        """The node's gradient; zeros where the output does not depend on it."""
        return self.backward.gradients.get(node) or number(0, node.shape)


@dataclass(frozen=True)
class Workings:
    """A problem in small steps.

    `inputs` are the graph's inputs by name, `nodes` the steps by the names that the problem has for them.
    `answers` are the nodes of each tensor of the answer: one, or one an output, which stand along its last axis.
    `called` is what people call a step that has another name in the graph, `shapes` are those that people see of steps
    that have others in the graph, `silent` inputs that are 1 and that nobody gave. `of_columns` says that the
    rows of matrices are samples, each of which people write as a column; `is_jacobian` that the passes are of the
    entries of one output, which stand along the first axis of an answer, and that a mistake is made in all of them;
    `problem` is that of layers.
    """

    passes: tuple[Pass, ...]
    inputs: Mapping[str, Node]
    nodes: Mapping[str, Node]
    answers: Mapping[str, tuple[Node, ...]]
    called: Mapping[str, str] = field(default_factory=dict)
    shapes: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    silent: Collection[str] = ()
    index_from: int = 0
    of_columns: bool = False
    is_jacobian: bool = False
    problem: Problem | None = None


class _Refined:
    """Nodes taken apart, each once; `called` has names of theirs that tell them apart."""

    def __init__(self, called: Mapping[Node, str]) -> None:
        self.called = called
        self.found: dict[Node, Node] = {}
        self.inputs: dict[str, Node] = {}

    def of(self, root: Node) -> Node:
        """The node in small steps."""
        names: dict[Node, Node] = {}
        order = in_order([root])
        for node in order:
            if node.operation is NAMED:
                names.setdefault(node.args[0], node)
        for node in order:
            if node not in self.found:
                self.found[node] = self._refined(node, names.get(node))
        return self.found[root]

    def _refined(self, node: Node, name: Node | None) -> Node:
        if node.operation is NAMED:
            inner = self.found[node.args[0]]
            text, moment = self.called.get(node, node.params.text), node.params.moment
            return inner if inner.params[:2] == (text, moment) else named(text, inner, moment)
        if node.operation is INPUT:
            self.inputs[node.params.text] = node
            return named(node.params.text, node)
        core = self._core(node)
        if core.operation in PLAIN:
            return core
        if name is not None:
            return named(self.called.get(name, name.params.text), core, name.params.moment)
        return core if core.operation is NAMED else named(to_ascii(formula(node)), core, -1)

    def _core(self, node: Node) -> Node:
        args = [self.found[arg] for arg in node.args]
        if (logits := logits_of_softmax(node)) is not None:
            return softmax(self.found[logits[0]], logits[1])
        if node.operation in WRITTEN_OUT:
            return WRITTEN_OUT[node.operation](node, args)
        if node.operation is not ELEMENTWISE:
            return make(node.operation, args, node.shape, node.params) if args else node
        params: Elementwise = node.params
        leaves = list(zip(args, params.letters, strict=True))
        sizes = dict(zip(params.out, node.shape, strict=True))
        return _steps(recognised(params.tree), leaves, params.out, sizes)


def refined(*roots: Node, called: Mapping[Node, str] = NOTHING) -> tuple[Node, dict[str, Node], dict[Node, Node]]:
    """The first node in small steps; the inputs by name; every node's counterpart."""
    made = _Refined(called)
    first, *_ = [made.of(root) for root in roots]
    return first, made.inputs, made.found


def _steps(tree: Tree, leaves: Sequence[Factor], out: str, sizes: Mapping[str, object]) -> Node:
    """A formula as a node an operator; the last one, which is without its name."""
    shared = share((tree,))
    found: list[tuple[Node, str]] = []
    root = shared.roots[0]
    texts = {slot(place): _name(node) for place, (node, _) in enumerate(leaves)}
    for place, (part, arguments) in enumerate(zip(shared.nodes, shared.arguments, strict=True)):
        held = held_letters(part, leaves, out)
        shape: Shape = tuple(sizes[one] for one in held)  # type: ignore[misc]
        if isinstance(part, Symbol):
            found.append(leaves[int(part.name[1:])])
            continue
        if not isinstance(part, Apply) or is_constant(part):
            found.append((plain(part, [], "", ()) if not isinstance(part, Number) else number(part.value), ""))
            continue
        if part.operator in CONDITIONS:
            found.append((number(0), ""))  # stands within its `where`
            continue
        core = _operator(part, [found[one] for one in arguments], leaves, held, shape)
        if place != root:
            core = named(to_ascii(substitute(part, texts)), core, -1)
        found.append((core, held))
    node, held = found[root]
    return node if held == out else product([(node, held)], out, tuple(sizes[one] for one in out))  # type: ignore[misc]


def _name(node: Node) -> Tree:
    return Symbol(node.params.text) if node.operation is NAMED else formula(node)


def _operator(part: Apply, parts: Sequence[Factor], leaves: Sequence[Factor], held: str, shape: Shape) -> Node:
    """One operator applied to steps."""
    match part.operator:
        case "add":
            return total(parts, held, shape)
        case "subtract":
            return total(parts, held, shape, [1, -1])
        case "negate":
            return total(parts, held, shape, [-1])
        case "multiply":
            return product(parts, held, shape)
        case "divide" if isinstance(below := part.arguments[1], Number) and below.value:
            return product(parts[:1], held, shape, 1 / below.value)
        case "where":
            condition = part.arguments[0]
            branches = [Symbol(slot(len(leaves) + n)) for n in range(2)]
            tree = Apply("where", (condition, *branches))
            return plain(tree, [*leaves, *parts[1:]], held, shape)
        case _:
            arguments: list[Tree] = [
                one if is_constant(one) else Symbol(slot(n)) for n, one in enumerate(part.arguments)
            ]
            return plain(Apply(part.operator, tuple(arguments)), list(parts), held, shape)


# --- activations and losses of the catalogue


def _activation(node: Node, args: Sequence[Node]) -> Node:
    function: BoundActivation = node.params.function
    tree = applied(function) if function.has_kernels else parse(function.formula)
    return _of_letters(substitute(tree, {"q": Symbol(slot(0))}), args, node.shape)


def _loss(node: Node, args: Sequence[Node]) -> Node:
    """An elementwise loss by its formula; one by sample as -Σ t·log(probability)."""
    function: BoundLoss = node.params.function
    if not function.by_sample:
        tree = without_ones(parse(function.formula))
        return _of_letters(substitute(tree, {"a": Symbol(slot(0)), "t": Symbol(slot(1))}), args, node.shape)
    output, target = args
    if function.of_probabilities:
        output = named("log(a)", elementwise("log", output), -1)
    elif function.name == "cross-entropy":
        output = named("log_softmax(z)", log_softmax(output, -1), -1)
    return product([(target, "ij"), (output, "ij")], "i", node.shape, -1)


def _of_letters(tree: Tree, args: Sequence[Node], shape: Shape) -> Node:
    letters = LETTERS[: len(shape)]
    return _steps(tree, [(arg, letters) for arg in args], letters, dict(zip(letters, shape, strict=True)))


WRITTEN_OUT: Mapping[Operation, Callable[[Node, Sequence[Node]], Node]] = {
    ACTIVATION: _activation,
    VECTOR: lambda node, args: {"softmax": softmax, "log_softmax": log_softmax}[node.params](args[0], -1),
    LOSS: _loss,
}


# --- of expressions


def of_expressions(problem: Gradient) -> Workings:
    """Expressions: numbers, or at many points a number a point. A second derivative is that of a first one."""
    made = _Expressions(problem)
    passes = [made.of(name, tree) for name, tree in zip(problem.outputs, problem.expressions, strict=True)]
    answers: dict[str, list[Node]] = {"f": [one.output for one in passes]}
    for name in problem.wrt:
        answers[f"d{name}"] = [one.gradient(made.inputs[name]) for one in passes]
    seconds = list(made.seconds(passes)) if problem.order == 2 else []
    for by, node in seconds:
        answers.setdefault(derivative_in_short(by), []).append(node)
    return Workings(
        (*passes, *made.firsts),
        {name: node.args[0] for name, node in made.inputs.items()},
        {**made.inputs, **{one.output.params.text: one.output for one in passes}},
        {name: tuple(nodes) for name, nodes in answers.items()},
        index_from=problem.index_from,
    )


class _Expressions:
    """The inputs of expressions, and passes over trees in them."""

    def __init__(self, problem: Gradient) -> None:
        self.problem = problem
        self.shape: Shape = (problem.samples,) if problem.many else ()
        self.letters = "i" * len(self.shape)
        self.inputs = {name: named(name, given(name, self.shape)) for name in problem.variables}
        self.firsts: list[Pass] = []

    def of(self, name: str, tree: Tree) -> Pass:
        """A formula in small steps."""
        slots: dict[str, Tree] = {one: Symbol(slot(place)) for place, one in enumerate(self.inputs)}
        leaves = [(node, self.letters) for node in self.inputs.values()]
        sizes = dict(zip(self.letters, self.shape, strict=True))
        return Pass(named(name, _steps(substitute(tree, slots), leaves, self.letters, sizes)))

    def seconds(self, passes: Sequence[Pass]) -> Iterator[tuple[tuple[str, str], Node]]:
        """Each second derivative, from the first one as people write it."""
        derived = derive(replace(self.problem, order=1))
        written = {(one.output, one.by): derived.written(one.tree)[0] for one in derived.quantities if one.by}
        for output in range(len(passes)):
            for name in self.problem.wrt:
                self.firsts.append(self.of(f"∂f/∂{name}", written[output, (name,)]))
                for other in self.problem.wrt:
                    yield (name, other), self.firsts[-1].gradient(self.inputs[other])


# --- of graphs


def of_graph(problem: GraphProblem) -> Workings:
    """A problem that is stated as a graph. Of a large Jacobian nothing is said but whether it is right."""
    root = problem.output
    others = [node for node in problem.named.values() if node is not root]
    first = root if root.operation is NAMED else named(problem.output_name, root)
    output, inputs, steps = refined(first, *others, called=problem.called)
    is_jacobian = bool(output.rank) and problem.delta is None
    deltas = _units(output, problem.sizes) if is_jacobian else [problem.delta]
    passes = tuple(Pass(output, delta) for delta in deltas) or (Pass(output),)
    nodes = {name: steps[node] for name, node in problem.nodes.items() if node in steps}
    answers: dict[str, tuple[Node, ...]] = {name: (node,) for name, node in nodes.items() if name in problem.named}
    answers[problem.output_name] = (output,)
    if deltas:
        own = [name for name in problem.wrt if name in nodes]
        answers |= {problem.gradient(name): tuple(one.gradient(nodes[name]) for one in passes) for name in own}
    given_inputs = {**problem.inputs, **inputs}
    return Workings(passes, given_inputs, nodes, answers, index_from=problem.index_from, is_jacobian=is_jacobian)


def _units(output: Node, known: Mapping[str, int]) -> list[Node]:
    """1 in one entry of the output each, 0 in the others; none where these are many, or how many is not known."""
    shape, letters = Arithmetic(known).shape(output.shape), LETTERS[: output.rank]
    if not 0 < prod(shape) <= MAX_JACOBIAN_ROWS:
        return []
    entries = (
        [(index(eye(size), (place,)), one) for size, place, one in zip(output.shape, places, letters, strict=True)]
        for places in np.ndindex(shape)
    )
    return [product(factors, letters, output.shape) for factors in entries]
