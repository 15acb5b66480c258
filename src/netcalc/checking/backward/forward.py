"""A forward pass with its true gradients, and the points at which a backward pass is held to them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import field
from fractions import Fraction
from functools import cached_property
from itertools import product
from typing import Any

import numpy as np

from netcalc.checking.backward.kinks import beside_kinks
from netcalc.checking.backward.points import FAR, SPREADS, Place, drawn, kinds_of, sizes_of
from netcalc.errors import NetcalcError, UndefinedError
from netcalc.graph import build as b
from netcalc.graph.arithmetic import Axes, back, last
from netcalc.graph.arithmetic.float64 import Float64
from netcalc.graph.backward import Backward, backward
from netcalc.graph.evaluate import evaluate
from netcalc.graph.leaves import ARRAY, INPUT, NAMED, name_of
from netcalc.graph.node import Node, in_order
from netcalc.graph.product import as_number
from netcalc.graph.reductions import MAX, MIN
from netcalc.models.graphed import GraphProblem
from netcalc.program.reading import Program
from netcalc.program.source import Source
from netcalc.records import NamedTuple, dataclass
from netcalc.values import to_float64

NEAR = 3  # points near what was given
MAX_DRAWS = 24  # of one point
SEPARATE = 100  # draws of one point are so far apart

Values = dict[Node, np.ndarray]


class Point(NamedTuple):
    """What was drawn; the values of inputs, forward names and true gradients; the size of the largest gradient.

    `unsure` are gradients that go by how the largest entries share the slope; `in_balls` has values by their bits.
    """

    given: Values
    values: Values
    scale: float
    unsure: frozenset[Node]
    in_balls: dict[int, Values]


class FirstOfTies(Float64):
    """float64, where the first of several largest entries has all of the slope."""

    def shares(self, array: np.ndarray, axes: Axes, *, largest: bool) -> np.ndarray:
        rows = last(array, axes)
        chosen = (np.argmax if largest else np.argmin)(rows, axis=-1)
        found = np.arange(rows.shape[-1]) == chosen[..., None]
        return back(found.astype(np.float64), axes, array.shape)


@dataclass(eq=False)
class Forward:
    """A forward pass with its true gradients; `samples` is a number that stands for that of the samples."""

    problem: GraphProblem
    program: Program
    samples: int = 0
    _keys: dict[Node, str] = field(default_factory=dict)
    _points: dict[Any, list[Point]] = field(default_factory=dict)

    @property
    def output(self) -> Node:
        """What comes out, as the program made it."""
        return self.program.output

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
        for name, nodes in self._other_names.items():  # h = h0 before a loop
            found[name] = [*(one for one in nodes if one not in found[name]), *found[name]]
        return found

    @cached_property
    def _other_names(self) -> dict[str, list[Node]]:
        """Inputs that a name which is assigned again and again stands for first."""
        reader = self.program.reader
        found: dict[str, list[Node]] = {}
        if reader is None:
            return found
        for one in reader.assigned:
            is_input = one.node.operation is INPUT and one.name not in self.program.inputs
            if is_input and one.level == reader.main_level and one.name in self.program.named:
                found.setdefault(one.name, []).append(one.node)
        return found

    def shares(self, node: Node) -> dict[str, list[Node]]:
        """The parts of a node's gradient, by the name that each of its uses goes into."""
        users = {own: [one.node for one in uses] for own, uses in self.backward.uses.items()}
        found: dict[str, list[Node]] = {}
        for use in self.backward.uses.get(node, []):
            wave, seen = [use.node], {use.node}
            while wave and not any(one.operation is NAMED for one in wave):
                above = [user for one in wave for user in users.get(one, []) if user not in seen]
                wave = list(dict.fromkeys(above))
                seen.update(wave)
            names = [name_of(one) or "" for one in wave if one.operation is NAMED]
            found.setdefault(names[0] if names else self.program.output_name, []).append(use.share)
        return found

    @cached_property
    def backward(self) -> Backward:
        """The backward pass as it is."""
        return backward(self.output, self.problem.delta)

    def lines_in(self, source: Source) -> set[int]:
        """The lines of a text that the output is made of, where it is the text of the forward pass, too."""
        return self._own_lines if self.program.source.text == source.text else set()

    @cached_property
    def _own_lines(self) -> set[int]:
        made, reader = set(in_order([self.program.output])), self.program.reader
        return set() if reader is None else {one.line for one in reader.assigned if one.node in made}

    @property
    def upstream(self) -> Node:
        """The gradient of the output."""
        return self.problem.delta if self.problem.delta is not None else b.number(1, self.output.shape)

    def gradient(self, node: Node) -> Node:
        """The true gradient of a node; zeros where the output does not depend on it."""
        return self.backward.gradients.get(node) or b.number(0, node.shape)

    def number(self, node: Node) -> Fraction | None:
        """The number that every entry of a node's gradient is, if it is one."""
        true = self.gradient(node)
        return as_number(true.args[0] if true.operation is NAMED else true)

    def held_to(self, name: str, node: Node) -> str | None:
        """What the gradient of a node that a called def has by a name is known by; nothing if it has none."""
        node = self._known(node)
        if node not in self.backward.gradients:
            return None
        key = self._keys.setdefault(node, f"{name}@{len(self._keys)} of a def")
        self.candidates.setdefault(key, [node])
        return key

    def _known(self, node: Node) -> Node:
        """The forward pass's own node for a name of numbers, which a text that has both passes gives them again."""
        found = (one for one in self.candidates.get(name_of(node) or "", ()) if node.operation is NAMED)
        return next((one for one in found if one.operation is NAMED and _is_as_given(node.args[0], one.args[0])), node)

    def truth(self, name: str, beside: Collection[str] = ()) -> Node | None:
        """The true gradient of what a name stands for last; `beside` others, what goes through none of those."""
        nodes = self.candidates.get(name)
        if not nodes:
            return None
        others = {self.candidates[one][-1] for one in beside if one != name}
        uses = self.backward.uses.get(nodes[-1], [])
        reached, stack = set[Node](), [self.program.output]
        while stack and others:
            node = stack.pop()
            if node not in reached and node not in others:
                reached.add(node)
                stack += node.args
        apart = [use.share for use in uses if use.node in reached]
        if not others or len(apart) == len(uses) or not (apart or self.program.output in others):
            return self.gradient(nodes[-1])
        return b.add(*apart) if len(apart) > 1 else apart[0] if apart else b.number(0, nodes[-1].shape)

    @cached_property
    def sizes(self) -> dict[str, int]:
        """Numbers for sizes in letters."""
        return sizes_of([node.shape for node in self.program.inputs.values()])

    def points(self, differentiated: Sequence[str], relied: Collection[str]) -> list[Point]:
        """Points to try lines at, the first few near what was given. Raises UndefinedError where there are none.

        Inputs that were `relied` on as the lines were read stay as given.
        """
        key = frozenset(differentiated), frozenset(relied), *self._of_backward_alone()
        if key not in self._points:
            self._points[key] = self._drawn(differentiated, relied)
        return list(self._points[key])

    def _drawn(self, differentiated: Sequence[str], relied: Collection[str]) -> list[Point]:
        indices, kinds = self.program.indices, kinds_of(self.problem, differentiated)

        def draw(place: Place, n: int, *, ties: bool) -> Point | None:
            """A point; where some have ties, one without."""
            for time in range(MAX_DRAWS):
                one = self._point(drawn(self.problem, indices, relied, kinds, place, n + SEPARATE * time), ties=ties)
                if one is not None or ties or not self.extremes:
                    return one
            return None

        near = [Place(spread, positive=is_positive) for is_positive in (False, True) for spread in SPREADS]
        found: list[Point] = []
        for ties, place in product((False, True) if self.extremes else (True,), near):
            found = [one for one in (draw(place, n, ties=ties) for n in range(NEAR)) if one is not None]
            if len(found) == NEAR:
                break
        else:
            raise UndefinedError("the backward pass can't be checked: the forward pass has no value near what is given")
        for n, size in enumerate(FAR, NEAR):
            for is_positive in (False, True):
                far = draw(Place(size=size, positive=is_positive), n, ties=True)
                if far is not None:
                    found.append(far)
                    break
        return found

    def beside_kinks(
        self, points: Sequence[Point], nodes: Sequence[Node], differentiated: Sequence[str], relied: Collection[str]
    ) -> list[Point]:
        """Points right beside kinks of the forward pass, and of gradients that are made of its names."""
        fixed = {*self.program.indices, *relied, *kinds_of(self.problem, differentiated)}
        moved = {node for name, node in self.problem.inputs.items() if name not in fixed}
        names = {node: name for name, node in self.problem.inputs.items()}
        found = []
        try:
            with np.errstate(all="ignore"):
                for given in beside_kinks(
                    [self.output, *nodes], [one.given for one in points], moved, Float64(self.sizes)
                ):
                    own = {names[node]: array for node, array in given.items() if node in names}
                    found.append(self._point(own, ties=True))
        except (NetcalcError, LookupError, ValueError):
            pass
        return [one for one in found if one is not None]

    def _point(self, given: Mapping[str, np.ndarray], *, ties: bool) -> Point | None:
        values: Values = {self.problem.inputs[name]: array for name, array in given.items()}
        values |= self._of_backward_alone()
        own = dict(values)
        try:
            with np.errstate(all="ignore"):
                found = evaluate(self.roots, Float64(self.sizes), values)
        except (NetcalcError, LookupError, ValueError):
            return None
        values |= dict(zip(self.roots, found, strict=True))
        has_ties = any(_has_tie(node, values) for node in self.extremes)
        if has_ties and not ties:
            return None
        truths = [values[self.gradient(node)] for node in self.nodes]
        if not all(np.isfinite(one).all() for one in truths) or any(np.isnan(array).any() for array in found):
            return None
        largest = max((float(np.abs(one).max()) for one in truths if one.size), default=1.0)
        return Point(own, values, largest, self._unsure(own, values) if has_ties else frozenset(), {})

    def _unsure(self, given: Values, values: Values) -> frozenset[Node]:
        gradients = [self.gradient(node) for node in self.nodes]
        with np.errstate(all="ignore"):
            others = evaluate(gradients, FirstOfTies(self.sizes), given)
        return frozenset(
            node for node, other in zip(gradients, others, strict=True) if not np.allclose(values[node], other)
        )

    @cached_property
    def nodes(self) -> list[Node]:
        """What names stand for."""
        return list(dict.fromkeys(node for own in self.candidates.values() for node in own))

    @cached_property
    def roots(self) -> list[Node]:
        """What is known at a point: what names stand for, the true gradients, and what largest entries are taken of."""
        arguments = [node.args[0] for node in self.extremes]
        return list(dict.fromkeys([*self.nodes, *map(self.gradient, self.nodes), *arguments]))

    @cached_property
    def extremes(self) -> list[Node]:
        """The largest and smallest entries that the forward pass takes."""
        return [node for node in in_order([self.output]) if node.operation in (MAX, MIN)]

    def _of_backward_alone(self) -> Values:
        """Inputs that the backward pass alone has, such as a learning rate."""
        reader, at = self.program.reader, self.problem.given.get("at", {})
        inputs = {} if reader is None else reader.inputs
        return {
            one.node: to_float64(at[name])
            for name, one in inputs.items()
            if name not in self.problem.inputs and name in at
        }


def _has_tie(node: Node, values: Values) -> bool:
    """Whether several entries are the largest at once, so that each has a share of the slope that is a convention."""
    array, axes = values[node.args[0]], node.params.axes
    shares = Float64().shares(array, axes, largest=node.operation is MAX)
    return not bool(np.isin(shares, (0, 1)).all())


def _is_as_given(one: Node, other: Node) -> bool:
    """Whether two nodes are the same array of numbers."""
    arrays = [node.params.array for node in (one, other) if node.operation is ARRAY]
    return len(arrays) > 1 and np.array_equal(*arrays)
