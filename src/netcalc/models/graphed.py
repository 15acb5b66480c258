"""A problem that is stated as a graph: what is differentiated, by what, and where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from netcalc.expression import Apply, Tree, share
from netcalc.graph.elementwise import ELEMENTWISE
from netcalc.graph.leaves import names_of
from netcalc.graph.node import Node, in_order
from netcalc.problem import derivative, element, of_gradient
from netcalc.records import dataclass

if TYPE_CHECKING:
    from netcalc.graph.arithmetic import Arithmetic


@dataclass(frozen=True)
class GraphProblem:
    """`output`, called `output_name`, to be differentiated by each of `wrt`, names of inputs or of named nodes.

    `inputs` are the graph's inputs by name; those with `values` (trees, exactly what was given; float64; integers) are
    known, and where all are, `sizes` are the numbers that letters in shapes stand for. `named` are the nodes between
    that are shown, first to last. `delta` is the gradient of the output from above, `along` a direction by name.
    `updates` are inputs after a step of gradient descent, by their new names.
    `trace` asks for every path from an entry of one of its nodes, by name and index, to the output. `samples` are the
    problems of each sample alone, where answers are asked for by sample.
    `given` is what was stated, for the record; `typed` is the output as it was typed, `code` the program that
    states it.
    """

    command: str
    output: Node
    output_name: str
    inputs: Mapping[str, Node]
    values: Mapping[str, np.ndarray]
    wrt: tuple[str, ...]
    named: Mapping[str, Node] = field(default_factory=dict)
    delta: Node | None = None
    along: Mapping[str, np.ndarray] = field(default_factory=dict)
    order: int = 1
    sizes: Mapping[str, int] = field(default_factory=dict)
    given: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    updates: Mapping[str, Node] = field(default_factory=dict)
    index_from: int = 0
    trace: tuple[str, tuple[int, ...]] | None = None
    samples: tuple[GraphProblem, ...] = ()
    typed: Tree | None = None
    code: Any = None

    @cached_property
    def nodes(self) -> dict[str, Node]:
        """Inputs and named nodes by name."""
        return {**self.inputs, **self.named}

    @cached_property
    def called(self) -> dict[Node, str]:
        """The names of the named nodes, which tell apart those of one name that is assigned again."""
        return names_of(self.named)

    def element(self, name: str, index: tuple[int, ...]) -> str:
        """The name of one entry: `x0`, or `x[0]` where another array is called x0."""
        return element(name, index, self.index_from, bracketed=self.is_bracketed(name))

    def is_bracketed(self, name: str) -> bool:
        """Whether names of entries, of an array or its gradient, are other arrays' without brackets."""
        return (name if name in self.nodes else of_gradient(name, self.output_name)) in self.numbered

    def gradient(self, name: str) -> str:
        """What the gradient of that name is called: `dy`, or `dloss/dy` where the program has a dy of its own."""
        short = f"d{name}"
        return derivative(self.output_name, (name,)) if short.partition("@")[0] in self._texts else short

    @cached_property
    def _texts(self) -> frozenset[str]:
        """The names, those that are assigned again without their lines."""
        return frozenset(name.partition("@")[0] for name, node in self.nodes.items() if node is not self.delta)

    @cached_property
    def numbered(self) -> frozenset[str]:
        """The names that others have before their number: x of x0."""
        return frozenset(name.rstrip("0123456789") for name in self.nodes if name[-1:].isdigit())

    def given_in(self, arithmetic: Arithmetic) -> dict[Node, np.ndarray]:
        """The inputs that have values, in an arithmetic."""
        return {self.inputs[name]: arithmetic.array(values) for name, values in self.values.items()}

    @cached_property
    def spelled_out(self) -> frozenset[str]:
        """The names that are written as words, as something else has their Greek letter."""
        from netcalc.notation.printer import written_alike

        operators = {
            one.operator.rstrip("'")
            for node in in_order([self.output])
            if node.operation is ELEMENTWISE
            for one in share([node.params.tree]).nodes
            if isinstance(one, Apply)
        }
        return written_alike([*self.nodes, self.output_name], operators)

    @property
    def free(self) -> tuple[str, ...]:
        """The inputs that stay symbols."""
        return tuple(name for name in self.inputs if name not in self.values)


def stated(request: Any) -> dict[str, Any]:
    """What a request says beside values, for the record: shapes, what comes from above, a direction."""
    shapes = {name: list(shape) for name, shape in request.shapes.items()}
    found = {"shape": shapes, "delta": request.delta, "along": dict(request.along)}
    return {word: one for word, one in found.items() if one is not None and (word == "delta" or one)}
