"""Each gradient of a backward pass judged: as it came out, and given the true gradients before it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np

from netcalc.checking.backward.points import SPREADS, points, sizes_of, structured
from netcalc.errors import NetcalcError, UndefinedError
from netcalc.graph import build as b
from netcalc.graph.arithmetic.float64 import Float64
from netcalc.graph.backward import Backward, backward
from netcalc.graph.evaluate import evaluate
from netcalc.graph.leaves import INPUT
from netcalc.graph.node import Node
from netcalc.graph.sizes import described, settled
from netcalc.models.graphed import GraphProblem
from netcalc.program.gradients import Gradients, Version, read_gradients
from netcalc.program.reading import Program
from netcalc.program.source import Source
from netcalc.values import to_float64

POINTS = 3
RELATIVE, OF_ALL = 1e-9, 1e-12  # what float64 may lose: of a tensor's largest entry, and of the pass's largest

Values = dict[Node, np.ndarray]


class Point(NamedTuple):
    """One point: the values of inputs, forward names and true gradients, and the size of the largest gradient."""

    values: Values
    scale: float


@dataclass(eq=False)
class Forward:
    """A forward pass with its true gradients."""

    problem: GraphProblem
    program: Program

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

    def points(self, differentiated: Sequence[str], *, generic: bool) -> list[Point]:
        """Points to try lines at. Raises UndefinedError where there are none.

        Masks and targets are moved too where it is to be `generic`; indices never are.
        """
        fixed = set(self.program.indices) | {
            name
            for name, one in (self.program.reader.given if self.program.reader else {}).items()
            if one.kind == "int"
        }
        if not generic:
            fixed |= structured(self.problem.values, differentiated)
        for spread in SPREADS:
            found = [self._point(one) for one in points(self.problem, fixed, spread, POINTS)]
            if all(one is not None for one in found):
                return [one for one in found if one is not None]
        raise UndefinedError("the backward pass can't be checked: the forward pass has no value near what is given")

    def _point(self, given: Mapping[str, np.ndarray]) -> Point | None:
        nodes = list(dict.fromkeys(node for own in self.candidates.values() for node in own))
        truths = [self.gradient(node) for node in nodes]
        values: Values = {self.problem.inputs[name]: array for name, array in given.items()}
        values |= self._of_backward_alone()
        roots = list(dict.fromkeys([*nodes, *truths]))
        with np.errstate(all="ignore"):
            found = evaluate(roots, Float64(self.sizes), values)
        values |= dict(zip(roots, found, strict=True))
        finite = all(np.isfinite(values[one]).all() for one in truths)
        if not finite or any(np.isnan(array).any() for array in found):
            return None
        return Point(values, max((float(np.abs(values[one]).max()) for one in truths if values[one].size), default=1.0))

    def _of_backward_alone(self) -> Values:
        """Inputs that the backward pass alone has, such as a learning rate."""
        reader, at = self.program.reader, self.problem.given.get("at", {})
        inputs = {} if reader is None else reader.inputs
        return {
            one.node: to_float64(at[name])
            for name, one in inputs.items()
            if name not in self.problem.inputs and name in at
        }


@dataclass(eq=False)
class Judged:
    """A verdict on one version of a gradient, which is held to that of `node`. `follows` is what it is wrong after."""

    version: Version
    node: Node
    verdict: str = "right"
    follows: str = ""

    @property
    def is_wrong_in_itself(self) -> bool:
        """Whether it is wrong and nothing before it is why."""
        return self.verdict == "wrong" and not self.follows


@dataclass(eq=False)
class Reading:
    """A backward pass beside its forward pass, and how every gradient in it stands."""

    forward: Forward
    code: Gradients
    judged: list[Judged] = field(default_factory=list)
    points: list[Point] = field(default_factory=list)
    trials: int = 0  # of repairs

    @cached_property
    def true(self) -> dict[Node, Node]:
        """The true gradient in the place, and in the shape, of each that was assigned."""
        found = {}
        for one in self.judged:
            if one.version.node is not None and fits(one.version.node, one.node):
                found[one.version.node] = b.reshaped(self.forward.gradient(one.node), one.version.node.shape)
        return found

    def known(self, point: Point) -> Values:
        """What nodes come to at a point where every gradient before is the true one."""
        values = dict(point.values)
        for node, true in self.true.items():
            values[node] = evaluate([true], Float64(self.forward.sizes), point.values)[0]
        return values


def squeezed(node: Node) -> tuple[object, ...]:
    """A shape without axes of size 1."""
    return tuple(size for size in map(settled, node.shape) if size != 1)


def fits(assigned: Node, of: Node) -> bool:
    """Whether a gradient has the shape of what it is the gradient of, but for axes of size 1."""
    return squeezed(assigned) == squeezed(of)


def read(problem: GraphProblem, program: Program, source: Source, body: list | None) -> Reading:  # type: ignore[type-arg]
    """A backward pass, judged. Raises ProgramError."""
    forward = Forward(problem, program)
    known = list(forward.candidates)

    def is_fitting(version: Version) -> bool:
        return version.node is not None and any(fits(version.node, one) for one in forward.candidates[version.of])

    code = read_gradients(source, body, program, known, forward.truth, forward.upstream, is_fitting)
    if not code.versions:
        names = [f"d{name}" for name in program.wrt]
        raise NetcalcError(
            f"{source.name} assigns no gradient of a name in {program.source.name}: those are {', '.join(names[:8])}"
            + ", …" * (len(names) > 8)
        )
    reading = Reading(forward, code)
    reading.judged = _paired(forward, code)
    _judge(reading)
    return reading


# --- which version is held to what


def _paired(forward: Forward, code: Gradients) -> list[Judged]:
    """The versions that are judged, each with the node whose gradient it is."""
    used = _used(code)
    found: list[tuple[int, Judged]] = []
    for last in code.last().values():
        nodes = forward.candidates[last.of]
        own = [one for one in code.versions if one.name == last.name]
        finished = [one for one in own if one is last or one.node in used]
        for version, node in _pairs(finished, nodes, last):
            found.append((code.versions.index(version), Judged(version, node)))
    return [one for _, one in sorted(found, key=lambda pair: pair[0])]


def _pairs(finished: list[Version], nodes: list[Node], last: Version) -> list[tuple[Version, Node]]:
    """Where a name stood for several nodes, the gradients come in the opposite order."""
    if len(finished) > 1 and len(finished) in (len(nodes), len(nodes) - 1):
        behind = nodes[len(nodes) - len(finished) :]
        return list(zip(finished, reversed(behind), strict=True))
    fitting = [node for node in nodes if last.node is not None and fits(last.node, node)] or nodes
    return [(last, fitting[0] if fitting[0].operation is INPUT else fitting[-1])]


def _used(code: Gradients) -> set[Node]:
    """The versions of gradients that other gradients are made of."""
    owners = {one.node: one.name for one in code.versions if one.node is not None}
    found: set[Node] = set()
    for one in code.versions:
        if one.value is not None:
            found |= {node for node in made_of(one.value, owners) if owners[node] != one.name}
    return found


def made_of(root: Node, named: Mapping[Node, object]) -> set[Node]:
    """Those of some nodes that a node is made of, without what those are made of in turn."""
    found, seen, stack = set[Node](), {root}, [root]
    while stack:
        node = stack.pop()
        if node in named:
            found.add(node)
            continue
        stack += [arg for arg in node.args if arg not in seen]
        seen.update(node.args)
    return found


# --- verdicts


def _judge(reading: Reading) -> None:
    """Right if it comes out right; else it follows from what is wrong before it, or is wrong in itself."""
    differentiated = [one.version.of for one in reading.judged]
    known = [one for one in reading.judged if one.version.node is not None]
    outcomes: dict[int, tuple[bool, bool]] = {}
    for generic in (True, False):
        try:
            reading.points = reading.forward.points(differentiated, generic=generic)
        except UndefinedError:
            if not generic:
                raise
            continue
        _settle(reading, known)
        found = _outcomes(reading, known)
        outcomes = {
            place: (own or outcomes.get(place, (False, False))[0], given or outcomes.get(place, (False, False))[1])
            for place, (own, given) in found.items()
        }
        if all(own for own, _ in outcomes.values()) and len(known) == len(reading.judged):
            break
    for place, one in enumerate(known):
        own, given = outcomes[place]
        if own:
            continue
        one.verdict = "wrong"
        if given:
            one.follows = _follows(reading, one)
    for one in reading.judged:
        if one.version.node is None or one.version.node not in reading.true:
            one.verdict = "wrong"


def _settle(reading: Reading, known: list[Judged]) -> None:
    """Of a name that stands for several nodes, the gradient is that of the node which it is right for, if it is."""
    several = [one for one in known if len(reading.forward.candidates[one.version.of]) > 1]
    for one in several:
        nodes = [one.node, *reading.forward.candidates[one.version.of]]
        others = [Judged(one.version, node) for node in nodes if one.version.node and fits(one.version.node, node)]
        right = [other.node for other in others if _outcomes(reading, [other])[0][0]]
        if right and one.node not in right:
            one.node = right[0]
            reading.__dict__.pop("true", None)


def _outcomes(reading: Reading, known: list[Judged]) -> dict[int, tuple[bool, bool]]:
    """Whether each comes out right, and whether it does given the true gradients, at all points."""
    own, given = dict.fromkeys(range(len(known)), True), dict.fromkeys(range(len(known)), True)
    for point in reading.points:
        numbers = Float64(reading.forward.sizes)
        nodes = [one.version.node for one in known if one.version.node is not None]
        values = [one.version.value for one in known if one.version.value is not None]
        with np.errstate(all="ignore"):
            as_is = _evaluated(nodes, numbers, point.values)
            from_true = _evaluated(values, numbers, reading.known(point))
        for place, one in enumerate(known):
            true = point.values[reading.forward.gradient(one.node)]
            own[place] &= same(as_is[place], true, point.scale)
            given[place] &= same(from_true[place], true, point.scale)
    return {place: (own[place], given[place]) for place in own}


def _evaluated(nodes: Sequence[Node], numbers: Float64, values: Values) -> list[np.ndarray]:
    """What nodes come to; nothing for one that has no value."""
    try:
        return evaluate(nodes, numbers, values)
    except (NetcalcError, ValueError, LookupError):
        if len(nodes) == 1:
            return [np.zeros((0, 0))]
        return [_evaluated([node], numbers, values)[0] for node in nodes]


def same(found: np.ndarray, true: np.ndarray, scale: float) -> bool:
    """Whether two arrays are the same but for what float64 loses, and for axes of size 1."""
    if found.size != true.size or _without_ones(found) != _without_ones(true):
        return False
    if not true.size:
        return True
    bound = RELATIVE * float(np.abs(true).max()) + OF_ALL * scale
    return bool((np.abs(found.reshape(true.shape) - true) <= bound).all())


def _without_ones(array: np.ndarray) -> tuple[int, ...]:
    return tuple(size for size in array.shape if size != 1)


def _follows(reading: Reading, one: Judged) -> str:
    """The name of the last gradient before it that is wrong in itself, on the way to it."""
    by_node = {other.version.node: other for other in reading.judged if other.version.node is not None}
    owners = {version.node: version for version in reading.code.versions if version.node is not None}
    seen: set[Node] = set()
    wave = [one.version.value] if one.version.value is not None else []
    while wave:
        nearer: list[Node] = []
        for root in wave:
            for node in sorted(made_of(root, owners), key=lambda node: -reading.code.versions.index(owners[node])):
                if node in seen:
                    continue
                seen.add(node)
                judged = by_node.get(node)
                if judged is not None and judged.is_wrong_in_itself:
                    return judged.version.name
                nearer.append(node.args[0])
        wave = nearer
    return "an earlier line"


def shape_said(one: Judged) -> str:
    """How a gradient's shape differs from that of its tensor; nothing where it does not."""
    node = one.version.node
    if node is None or fits(node, one.node):
        return ""
    return f"it is {described(node.shape)}; {one.version.of} is {described(one.node.shape)}, and so is its gradient"
