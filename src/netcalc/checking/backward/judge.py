"""Each gradient of a backward pass judged: as it came out, and given the true gradients before it."""

from __future__ import annotations

import ast
from collections.abc import Collection, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace

import numpy as np

from netcalc.checking.backward.agreement import Pair, evaluated
from netcalc.checking.backward.forward import Forward
from netcalc.checking.backward.judged import Judged, Reading
from netcalc.checking.backward.made_of import fits, made_of
from netcalc.checking.backward.meanings import settle_meanings
from netcalc.checking.backward.methods import with_methods
from netcalc.checking.backward.pairs import held_to, is_as_many, paired
from netcalc.checking.backward.uses import settle_uses
from netcalc.errors import NetcalcError
from netcalc.graph.leaves import INPUT, NAMED
from netcalc.graph.node import Node
from netcalc.graph.sizes import described
from netcalc.models.graphed import GraphProblem
from netcalc.program.backward import read_gradients
from netcalc.program.classes import in_line
from netcalc.program.source import Source, parse
from netcalc.program.versions import Pass, Unjudged, Version

ROUGHLY = 1e-3  # of a tensor's largest entry


def read(problem: GraphProblem, source: Source, body: Sequence[ast.stmt] | None, samples: int = 0) -> Reading:
    """A backward pass, judged; gradients in other shapes go on in those where that makes later lines right.

    Raises ProgramError.
    """
    forward = Forward(problem, problem.code, samples)
    reading = _read(forward, source, body)
    reshaped = {
        one.version.name
        for one in reading.judged
        if shape_said(one) and one.node.operation is NAMED and is_as_many(one.version.node, one.node)
    }
    if not reshaped:
        return reading
    other = _read(forward, source, body, reshaped)
    wrong, left = ({one.version.name for one in each.judged if one.verdict == "wrong"} for each in (reading, other))
    before, after = (
        sum(one.node is None for one in each.code.versions) + len(each.code.stopped) + len(each.code.unjudged)
        for each in (reading, other)
    )
    return other if after < before or left < wrong - reshaped else reading


def _read(forward: Forward, source: Source, body: Sequence[ast.stmt] | None, reshaped: Collection[str] = ()) -> Reading:
    reading = _unjudged(forward, source, body, reshaped)
    _judge(reading)
    return reading


def _unjudged(
    forward: Forward, source: Source, body: Sequence[ast.stmt] | None, reshaped: Collection[str] = ()
) -> Reading:
    program = forward.program
    known = [name for name in forward.candidates if name not in program.indices]

    def is_fitting(version: Version) -> bool:
        held = [held_to(forward, version, one, reshaped) for one in forward.candidates[version.of]]
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
    reading = Reading(forward, code, lambda text: _again(reading, Source.of(text, source.name), body))
    reading.judged = paired(forward, code, reshaped)
    return reading


def _again(before: Reading, source: Source, body: Sequence[ast.stmt] | None) -> Reading | None:
    """The pass in a text with a repair; None where a gradient of an input that was wrong is so however it is held."""
    forward, own = before.forward, body
    methods: AbstractContextManager[None] = nullcontext()
    if body is not None:
        lines, statements = {one.lineno for one in body}, parse(source).body
        own = [one for one in in_line(statements) if one.lineno in lines]
        methods = with_methods(forward.program, source, statements)
    with methods:
        reading = _unjudged(forward, source, own)
        if _is_still_wrong(reading, before):
            return None
        _judge(reading)
    return reading


def _is_still_wrong(reading: Reading, before: Reading) -> bool:
    """Whether what a text gives an input's gradient, which was wrong before, is no multiple of the true one."""
    wrong = {one.version.name for one in before.judged if one.verdict == "wrong" and one.node.operation is INPUT}
    found: dict[str, bool] = {}
    for one in reading.code.versions:
        if one.name in wrong and one.node is not None and not one.is_passed:
            truths = [reading.forward.gradient(node) for node in reading.forward.candidates[one.of]]
            found[one.name] = found.get(one.name, False) or any(
                _is_multiple(before, one.node, true) for true in truths if fits(one.node, true)
            )
    return not all(found.values())


def _is_multiple(before: Reading, node: Node, true: Node) -> bool:
    agreement = before.agreement
    with np.errstate(all="ignore"):
        found, right = evaluated([node, true], agreement.numbers, agreement.points[0].values)
    if found.size != right.size or not found.any() or not right.any():
        return found.size == right.size and found.any() == right.any()
    found, right = found.reshape(-1) / np.abs(found).max(), right.reshape(-1) / np.abs(right).max()
    at = np.argmax(np.abs(right))
    return bool((np.abs(found * np.sign(found[at] * right[at]) - right) <= ROUGHLY).all())


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
