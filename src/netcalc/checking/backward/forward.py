"""A forward pass with its true gradients, and the points at which a backward pass is held to them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from netcalc.checking.backward.points import FAR, SPREADS, Place, drawn, kinds_of, sizes_of
from netcalc.errors import NetcalcError, UndefinedError
from netcalc.graph import build as b
from netcalc.graph.arithmetic.float64 import Float64
from netcalc.graph.backward import Backward, backward
from netcalc.graph.evaluate import evaluate
from netcalc.graph.node import Node
from netcalc.graph.sizes import settled
from netcalc.models.graphed import GraphProblem
from netcalc.program.reading import Program
from netcalc.values import to_float64

NEAR = 3  # points near what was given

Values = dict[Node, np.ndarray]


class Point(NamedTuple):
    """What was drawn; the values of inputs, forward names and true gradients; the size of the largest gradient."""

    given: Values
    values: Values
    scale: float


@dataclass(eq=False)
class Forward:
    """A forward pass with its true gradients; `samples` is a number that stands for that of the samples."""

    problem: GraphProblem
    program: Program
    samples: int = 0

    @cached_property
    def candidates(self) -> dict[str, list[Node]]:
        """The nodes that bear a name, an input first, then line by line."""
        found: dict[str, list[Node]] = {}
        for name, node in self.program.inputs.items():
            found.setdefault(name, []).append(node)
        for label, node in {**self.program.named, self.program.output_name: self.program.output}.items():
            own = found.setdefault(label.partition("@")[0], [])
            if node not in own:
                own.append(node)
        return found

    @cached_property
    def backward(self) -> Backward:
        """The backward pass as it is."""
        return backward(self.problem.output, self.problem.delta)

    @property
    def upstream(self) -> Node:
        """The gradient of the output."""
        return self.problem.delta if self.problem.delta is not None else b.number(1, self.problem.output.shape)

    def gradient(self, node: Node) -> Node:
        """The true gradient of a node; zeros where the output does not depend on it."""
        return self.backward.gradients.get(node) or b.number(0, node.shape)

    def truth(self, name: str) -> Node | None:
        """The true gradient of what a name stands for last."""
        nodes = self.candidates.get(name)
        return self.gradient(nodes[-1]) if nodes else None

    @cached_property
    def sizes(self) -> dict[str, int]:
        """Numbers for sizes in letters."""
        return sizes_of([node.shape for node in self.program.inputs.values()])

    def points(self, differentiated: Sequence[str], relied: Collection[str]) -> list[Point]:
        """Points to try lines at, the first few near what was given. Raises UndefinedError where there are none.

        Inputs that were `relied` on as the lines were read stay as given.
        """
        indices, kinds = self.program.indices, kinds_of(self.problem, differentiated)
        near = [Place(spread, positive=is_positive) for is_positive in (False, True) for spread in SPREADS]
        found: list[Point] = []
        for place in near:
            tried = [self._point(drawn(self.problem, indices, relied, kinds, place, n)) for n in range(NEAR)]
            found = [one for one in tried if one is not None]
            if len(found) == NEAR:
                break
        else:
            raise UndefinedError("the backward pass can't be checked: the forward pass has no value near what is given")
        for n, size in enumerate(FAR, NEAR):
            for is_positive in (False, True):
                place = Place(size=size, positive=is_positive)
                far = self._point(drawn(self.problem, indices, relied, kinds, place, n))
                if far is not None:
                    found.append(far)
                    break
        return found

    def _point(self, given: Mapping[str, np.ndarray]) -> Point | None:
        values: Values = {self.problem.inputs[name]: array for name, array in given.items()}
        values |= self._of_backward_alone()
        own = dict(values)
        try:
            with np.errstate(all="ignore"):
                found = evaluate(self.roots, Float64(self.sizes), values)
        except (NetcalcError, LookupError, ValueError):
            return None
        values |= dict(zip(self.roots, found, strict=True))
        truths = [values[self.gradient(node)] for node in self.nodes]
        if not all(np.isfinite(one).all() for one in truths) or any(np.isnan(array).any() for array in found):
            return None
        return Point(own, values, max((float(np.abs(one).max()) for one in truths if one.size), default=1.0))

    @cached_property
    def nodes(self) -> list[Node]:
        """What names stand for."""
        return list(dict.fromkeys(node for own in self.candidates.values() for node in own))

    @cached_property
    def roots(self) -> list[Node]:
        """What is known at a point: what names stand for, and the true gradients."""
        return list(dict.fromkeys([*self.nodes, *map(self.gradient, self.nodes)]))

    def _of_backward_alone(self) -> Values:
        """Inputs that the backward pass alone has, such as a learning rate."""
        reader, at = self.program.reader, self.problem.given.get("at", {})
        inputs = {} if reader is None else reader.inputs
        return {
            one.node: to_float64(at[name])
            for name, one in inputs.items()
            if name not in self.problem.inputs and name in at
        }


def squeezed(node: Node) -> tuple[object, ...]:
    """A shape without axes of size 1."""
    return tuple(size for size in map(settled, node.shape) if size != 1)


def fits(assigned: Node, of: Node) -> bool:
    """Whether a gradient has the shape of what it is the gradient of, but for axes of size 1."""
    return squeezed(assigned) == squeezed(of)
