"""Each gradient of a backward pass judged: as it came out, and given the true gradients before it."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import field, replace
from fractions import Fraction
from functools import cached_property
from math import prod
from typing import Any

from netcalc.checking.backward.agreement import Agreement, Pair
from netcalc.checking.backward.forward import NEAR, Forward, Point, fits, made_of, squeezed
from netcalc.checking.backward.meanings import settle_meanings
from netcalc.checking.backward.methods import with_methods
from netcalc.checking.backward.uses import settle_uses
from netcalc.errors import NetcalcError
from netcalc.expression import Number, Symbol, fold
from netcalc.graph import build as b
from netcalc.graph.elementwise import ELEMENTWISE
from netcalc.graph.leaves import INPUT, NAMED
from netcalc.graph.node import Node, in_order
from netcalc.graph.product import as_number
from netcalc.graph.sizes import described
from netcalc.models.graphed import GraphProblem
from netcalc.program.backward import read_gradients
from netcalc.program.classes import in_line
from netcalc.program.gradient_names import LOOSE
from netcalc.program.gradients import GradientReader
from netcalc.program.reading import Program
from netcalc.program.source import Source, parse
from netcalc.program.versions import Gradients, Pass, Unjudged, Version
from netcalc.records import dataclass

MIN_TIMES = 2  # that a loop passes a name
CUTTING = frozenset({"where", "greater", "less", "greater_equal", "less_equal", "min", "max", "clip"})  # what clip is


@dataclass(eq=False)
class Judged:
    """A verdict on one version of a gradient, which is held to `factor` times that of `node`.

    `follows` is what it is wrong after, `meaning` says what it is the gradient of where its name says otherwise,
    `in_turn` is the node that it was held to by its place in a loop, where it is right for another.
    """

    version: Version
    node: Node
    factor: Fraction = Fraction(1)
    meaning: str = ""
    verdict: str = "right"
    follows: str = ""
    in_turn: Node | None = None

    @property
    def is_wrong_in_itself(self) -> bool:
        """Whether it is wrong and nothing before it is why."""
        return self.verdict == "wrong" and not self.follows


@dataclass(eq=False)
class Reading:
    """A backward pass beside its forward pass, and how every gradient in it stands."""

    forward: Forward
    code: Gradients
    again: Callable[[str], Reading]  # the same of another text with as many lines
    judged: list[Judged] = field(default_factory=list)
    doubtful: list[list[Judged]] = field(default_factory=list)  # what gradients may be held to as well
    statements: int = 0  # that were read with repairs
    origins: Any = None  # the local names that go wrong
    slopes: dict[int, Any] = field(default_factory=dict)  # of functions of the forward pass, by the pass they are for
    headers: dict[Pass, Any] = field(
        default_factory=dict
    )  # what repairs the header of a loop, by the pass that it is in
    repairs: dict[tuple[ast.stmt, str], Any] = field(default_factory=dict)  # by the statement, and the gradient's name

    @cached_property
    def true(self) -> dict[Node, Node]:
        """The true gradient in the place, and in the shape, of each that was assigned."""
        found = {}
        for one in self.judged:
            if one.version.node is not None and fits(one.version.node, one.node):
                found[one.version.node] = b.reshaped(self.truth(one), one.version.node.shape)
        return found

    def truth(self, one: Judged) -> Node:
        """What a gradient is held to."""
        true = self.forward.gradient(one.node)
        return true if one.factor == 1 else b.multiply(b.number(one.factor), true)

    def hold(self, judged: list[Judged]) -> None:
        """Hold the gradients to these from here on."""
        self.judged = judged
        self.__dict__.pop("true", None)

    @cached_property
    def agreement(self) -> Agreement:
        """What holds gradients to the true ones. Raises UndefinedError where the forward pass has no value."""
        points = self.forward.points(self._names, self._relied)
        nodes = [one.version.node for one in self.judged if one.version.node is not None]
        points[NEAR + 1 : NEAR + 1] = self._beside_kinks(points, nodes)
        return Agreement(self.forward, points, self._texts, nodes)

    def is_right_beside_kinks(self, pair: Pair) -> bool:
        """Whether a gradient is right where it has kinks of its own, too."""
        points = self._beside_kinks(self.agreement.points, [pair.gradient])
        return not points or Agreement(self.forward, points, self._texts, [pair.gradient]).of([pair], self.true)[0]

    def _beside_kinks(self, points: list[Point], nodes: list[Node]) -> list[Point]:
        return self.forward.beside_kinks(points, nodes, self._names, self._relied)

    @property
    def _names(self) -> list[str]:
        return [one.version.of for one in self.judged]

    @property
    def _relied(self) -> set[str]:
        """The inputs whose values both readings went by."""
        reader: GradientReader = self.code.reader
        return reader.relied | (reader.program.reader.relied if reader.program.reader else set())

    @property
    def _texts(self) -> set[str]:
        return {self.code.source.text, self.forward.program.source.text}


def read(problem: GraphProblem, source: Source, body: Sequence[ast.stmt] | None, samples: int = 0) -> Reading:
    """A backward pass, judged; gradients in other shapes go on in those where that makes later lines right.

    Raises ProgramError.
    """
    reading = _read(problem, source, body, samples)
    reshaped = {
        one.version.name
        for one in reading.judged
        if shape_said(one) and one.node.operation is NAMED and _is_as_many(one.version.node, one.node)
    }
    if not reshaped:
        return reading
    other = _read(problem, source, body, samples, reshaped)
    wrong, left = ({one.version.name for one in each.judged if one.verdict == "wrong"} for each in (reading, other))
    before, after = (
        sum(one.node is None for one in each.code.versions) + len(each.code.stopped) + len(each.code.unjudged)
        for each in (reading, other)
    )
    return other if after < before or left < wrong - reshaped else reading


def _read(
    problem: GraphProblem,
    source: Source,
    body: Sequence[ast.stmt] | None,
    samples: int,
    reshaped: Collection[str] = (),
) -> Reading:
    program: Program = problem.code
    forward = Forward(problem, program, samples)
    known = [name for name in forward.candidates if name not in program.indices]

    def is_fitting(version: Version) -> bool:
        held = [_held(forward, version, one, reshaped) for one in forward.candidates[version.of]]
        return version.node is not None and any(fits(version.node, one.node) for one in held)

    code = read_gradients(
        source,
        None if body is None else list(body),
        program,
        known,
        forward.truth,
        forward.upstream,
        is_fitting,
        forward.held_to,
    )
    if not code.versions and not code.stopped:
        if code.unjudged:
            raise code.unjudged[0].error
        names = [f"d{name}" for name in program.wrt]
        raise NetcalcError(
            f"{source.name} assigns no gradient of a name in {program.source.name}: those are {', '.join(names[:8])}"
            + ", …" * (len(names) > 8)
        )
    reading = Reading(forward, code, lambda text: _again(problem, Source.of(text, source.name), body, samples))
    reading.judged = _paired(forward, code, reshaped)
    _judge(reading)
    return reading


def _again(problem: GraphProblem, source: Source, body: Sequence[ast.stmt] | None, samples: int) -> Reading:
    lines = {one.lineno for one in body or ()}
    if body is None:
        return _read(problem, source, None, samples)
    statements = parse(source).body
    own = [one for one in in_line(statements) if one.lineno in lines]
    with with_methods(problem.code, source, statements):
        return _read(problem, source, own, samples)


def _held(forward: Forward, version: Version, node: Node, reshaped: Collection[str]) -> Judged:
    """A gradient held to that of a node; to that of the node in another shape, or of one of its equal entries."""
    found = version.node
    if found is None or fits(found, node):
        return Judged(version, node)
    true, meaning = forward.gradient(node), ""
    number = None if found.rank else forward.number(node)
    if number is not None:
        other, gradient = b.number(0), b.number(number)
    elif version.name in reshaped and _is_as_many(found, node):
        other, gradient = b.reshaped(node, found.shape), b.reshaped(true, found.shape)
        meaning = f"{version.label} in the shape {described(found.shape)}"
    else:
        return Judged(version, node)
    named = b.named(version.label, other, 0)
    forward.backward.gradients[named] = gradient
    return Judged(version, named, meaning=meaning)


def _is_as_many(found: Node | None, node: Node) -> bool:
    """Whether two arrays of different shapes have as many entries, and neither is the other transposed."""
    sizes = [squeezed(one) for one in (found, node) if one is not None]
    if len(sizes) < 2 or not all(isinstance(size, int) for one in sizes for size in one):
        return False
    return prod(sizes[0]) == prod(sizes[1]) and sorted(sizes[0]) != sorted(sizes[1])  # type: ignore[type-var,arg-type]


# --- which version is held to what


def _paired(forward: Forward, code: Gradients, reshaped: Collection[str]) -> list[Judged]:
    """The versions that are judged, each with the node whose gradient it is."""
    used = _used(code)
    found: list[tuple[int, Judged]] = []
    every = code.last().values()
    stricter = {(one.of, id(one.within)) for one in every if not re.match(LOOSE, one.name)}
    for one in every:
        name, nodes = one.name, forward.candidates[one.of]
        if re.match(LOOSE, name) and (one.of, id(one.within)) in stricter:
            continue  # gx = g * gain beside dx
        own = code.alike(one)
        while len(own) > 1 and own[-1].node not in used and _is_clipped(own[-1], own[-2]):
            code.notes.append(f"line {own[-1].line}: {name} is clipped; what is judged is the gradient before that")
            own.pop()
        last = own[-1]
        is_last_alone = name in last.within.last_alone
        finished = [one for one in own if one is last or (one.node in used and not is_last_alone)]
        is_one_more = len(finished) == len(nodes) + 1 > MIN_TIMES and last.unit == finished[-2].unit
        if is_one_more and last.node not in used and not _has_other_name(code, last):
            finished.pop()  # what a loop carries on to h = {-1: np.zeros(3)}
        stopped = [(one, nodes[-1]) for one in own if one.is_early and one not in finished]
        for version, node in [*stopped, *_pairs(finished, nodes, last)]:
            if as_number(node) is None or len(nodes) == 1:  # h = np.zeros(3) before a loop has no gradient to hold to
                found.append((code.versions.index(version), _held(forward, version, node, reshaped)))
    return [one for _, one in sorted(found, key=lambda pair: pair[0])]


def _has_other_name(code: Gradients, version: Version) -> bool:
    """Whether another name stands for the same: dh0 = dh."""
    return any(one.node is version.node and one.name != version.name for one in code.versions)


def _pairs(finished: list[Version], nodes: list[Node], last: Version) -> list[tuple[Version, Node]]:
    """Where a name stood for several nodes, the gradients come in the opposite order, but for those of heads."""
    if len(finished) > 1 and len(finished) in (len(nodes), len(nodes) - 1):
        behind = nodes[len(nodes) - len(finished) :]
        order = behind if _goes_forwards(last, behind) else behind[::-1]
        return list(zip(finished, order, strict=True))
    fitting = [node for node in nodes if last.node is not None and fits(last.node, node)] or nodes
    return [(last, fitting[0] if fitting[0].operation is INPUT else fitting[-1])]


def _goes_forwards(last: Version, nodes: list[Node]) -> bool:
    """Whether a loop that runs forwards gives the gradients of nodes none of which is made of another."""
    loop = last.within.units[last.unit].node
    if not isinstance(loop, ast.For) or re.search(r"reversed|::-1|-1\)$", ast.unparse(loop.iter)):
        return False
    return nodes[0] not in in_order([nodes[-1]])


def _is_clipped(one: Version, before: Version) -> bool:
    """Whether a gradient is one that was there before, cut off at numbers on both sides of 0."""
    value = one.value
    if value is None or before.node is None or value.operation is not ELEMENTWISE or value.args != (before.node,):
        return False
    parts: set[Any] = fold(value.params.tree, lambda leaf: {leaf}, lambda operator, below: {operator}.union(*below))
    bounds = {part.value for part in parts if isinstance(part, Number)}
    is_cut = all(isinstance(part, Number | Symbol) or part in CUTTING for part in parts)
    return is_cut and min(bounds, default=0) < 0 < max(bounds, default=0) and 0 not in bounds


def _used(code: Gradients) -> set[Node]:
    """The versions of gradients that other gradients are made of."""
    owners = {one.node: one.key for one in code.versions if one.node is not None}
    found: set[Node] = set()
    for one in code.versions:
        if one.value is not None:
            found |= {node for node in made_of(one.value, owners) if owners[node] != one.key}
    return found


# --- verdicts


def _judge(reading: Reading) -> None:
    """Right if it comes out right; else it follows from what is wrong before it, or is wrong in itself."""
    settle_uses(reading)
    _settle(reading, [one for one in reading.judged if one.version.node is not None])
    settle_meanings(reading)
    _settle_shared(reading)
    _give_verdicts(reading)


def held_otherwise(reading: Reading, judged: Sequence[Judged]) -> Reading:
    """A reading whose gradients are held to these."""
    own = [replace(one, verdict="right", follows="") for one in judged]
    other = Reading(reading.forward, reading.code, reading.again, own, statements=reading.statements)
    other.__dict__["agreement"] = reading.agreement
    _give_verdicts(other)
    return other


def _give_verdicts(reading: Reading) -> None:
    known = [one for one in reading.judged if one.version.node is not None]
    outcomes = _outcomes(reading, known)
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
    settled: set[int] = set()
    fitting: dict[int, list[Judged]] = {}
    for one in several:
        nodes = dict.fromkeys([one.node, *reading.forward.candidates[one.version.of]])
        fitting[id(one)] = [
            Judged(one.version, node) for node in nodes if one.version.node and fits(one.version.node, node)
        ]
    every = [other for others in fitting.values() for other in others]
    is_right = dict(zip(map(id, every), _come_right(reading, every), strict=True))
    for one in several:
        others = fitting[id(one)]
        right = [other.node for other in others if is_right[id(other)]]
        right = right or [other.node for other in others if _outcomes(reading, [other])[0][1]]
        settled |= {id(one)} if right else set()
        if right and one.node not in right:
            one.node, one.in_turn = right[0], one.node
            reading.hold(reading.judged)
    _settle_in_order(reading, several, settled)


def _settle_in_order(reading: Reading, several: list[Judged], settled: set[int]) -> None:
    """What a loop gives is of the nodes in the order that other names in it have, as of heads, which go forwards."""
    groups: dict[tuple[str, int], list[Judged]] = {}
    for one in several:
        groups.setdefault(one.version.key, []).append(one)
    orders: dict[tuple[Pass, int], set[bool]] = {}
    for group in groups.values():
        nodes = list(reading.forward.candidates[group[0].version.of])
        if len(group) == len(nodes) and all(id(one) in settled and one.node in nodes for one in group):
            is_forwards = [one.node for one in group] == nodes
            orders.setdefault((group[0].version.within, group[0].version.unit), set()).add(is_forwards)
    for group in groups.values():
        nodes = list(reading.forward.candidates[group[0].version.of])
        order = orders.get((group[0].version.within, group[0].version.unit))
        if order == {True} and len(group) == len(nodes) and not all(id(one) in settled for one in group):
            for one, node in zip(group, nodes, strict=True):
                one.node = node
            reading.hold(reading.judged)


def _settle_shared(reading: Reading) -> None:
    """Of a gradient that a line changes under another name, an earlier version stands if it was right."""
    code = reading.code
    for place, one in enumerate(reading.judged):
        version = one.version
        if not version.through or version.node is None or _outcomes(reading, [one])[0][0]:
            continue
        own = code.alike(version)
        earlier = [v for v in own[: own.index(version)] if v.node]
        others = [replace(one, version=v) for v in reversed(earlier) if v.node and fits(v.node, one.node)]
        right = next((other for other in others if _outcomes(reading, [other])[0][0]), None)
        if right is None:
            continue
        reading.hold([*reading.judged[:place], right, *reading.judged[place + 1 :]])
        if version.of in reading.forward.program.inputs:
            said = f"its memory is changed under the name '{version.through}'"
            error = code.source.error(said, version.statement)
            code.unjudged.append(Unjudged(version.name, version.statement, error))


def _come_right(reading: Reading, known: list[Judged]) -> list[bool]:
    """Whether each comes out right, at all points."""
    pairs = [Pair(one.version.node, one.node, one.factor) for one in known if one.version.node is not None]
    return reading.agreement.of(pairs)


def _outcomes(reading: Reading, known: list[Judged]) -> list[tuple[bool, bool]]:
    """Whether each comes out right, and whether it does given the true gradients before it, at all points."""
    agreement = reading.agreement
    own = _come_right(reading, known)
    wrong = [one for one, is_right in zip(known, own, strict=True) if not is_right]
    pairs = [Pair(one.version.value, one.node, one.factor) for one in wrong if one.version.value is not None]
    given = iter(agreement.of(pairs, reading.true))
    return [(is_right, is_right or next(given)) for is_right in own]


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
    of = one.version.label
    return f"it is {described(node.shape)}; {of} is {described(one.node.shape)}, and so is its gradient"
