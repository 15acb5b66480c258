"""The gradient that a def gives of an array which the forward pass uses several times: through the uses it is for.

A step of a recurrent net gives dW of that step alone, and lines around it add them up. Which uses those are is told by
what comes out right; of a line that is wrong, by those of its def that are right, by its turn, or by what is nearest.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from netcalc.checking.backward.made_of import fits
from netcalc.graph import build as b
from netcalc.graph.leaves import ARRAY, INPUT, NAMED
from netcalc.graph.node import Node, in_order

if TYPE_CHECKING:
    from netcalc.checking.backward.judged import Judged, Reading
    from netcalc.program.versions import Pass

MAX_USES = 24
CLOSE = 1e-9


def settle_uses(reading: Reading) -> None:
    """Hold each gradient that a def gives to that through some of the uses, where that is nearer to what it is."""
    chosen: dict[tuple[Pass, int], tuple[int, int]] = {}
    late: list[Judged] = []
    whole: set[tuple[ast.stmt, str]] = set()  # what another call of the same def gives through all uses
    for one in reading.judged:
        own = _of_call(reading, one)
        if own is not None:
            _hold(reading, one, own)
            continue
        runs = dict(_runs(reading, one))
        if not runs:
            continue
        distances = {place: _distance(reading, one, node) for place, node in runs.items()}
        place = min(distances, key=lambda run: distances[run])
        if place != next(iter(runs)) and _is_all_there_is(reading, one):
            continue
        if distances[place] <= CLOSE:
            chosen.setdefault((one.version.within, len(runs)), place)
            whole |= {_line(one)} if place == next(iter(runs)) else set()
            _hold(reading, one, runs[place])
        else:
            late.append(one)
    for one in late:
        runs = dict(_runs(reading, one))
        distances = {place: _distance(reading, one, node) for place, node in runs.items()}
        alike = next(iter(runs)) if _line(one) in whole else None
        alike = alike or chosen.get((one.version.within, len(runs))) or _in_turn(reading, one)
        nearest = min(distances, key=lambda run: distances[run])
        _hold(reading, one, runs[alike if alike in runs else nearest])


def _is_all_there_is(reading: Reading, one: Judged) -> bool:
    """Whether a def that is called once gives the only gradient of an input, and no line makes anything of it."""
    code, key, node = reading.code, one.version.key, one.version.node
    is_given = one.node.operation is INPUT or (one.node.operation is NAMED and one.node.args[0].operation is ARRAY)
    if (
        node is None
        or not is_given
        or any(
            other.node is one.node and other.version.key != key and not _is_renamed(other.version.node, node)
            for other in reading.judged
        )
    ):
        return False
    own = next((made for _, made, within in code.whole.calls if within is one.version.within), None)
    if sum(made is own for _, made, _ in code.whole.calls) != 1:
        return False
    versions = {version.node for version in code.versions if version.key == key}
    later = [one.node for one in code.reader.assigned if one.node not in versions and not _is_renamed(one.node, node)]
    return node not in in_order(later)


def _is_renamed(node: Node | None, of: Node) -> bool:
    """Whether a node is another under a name of its own, as a call's dW is the dW that its def returns."""
    while node is not None and node is not of and node.operation is NAMED:
        node = node.args[0]
    return node is of


def _line(one: Judged) -> tuple[ast.stmt, str]:
    return one.version.statement, one.version.name


def _of_call(reading: Reading, one: Judged) -> Node | None:
    """The gradient through the uses that a known call of the forward pass made of an array."""
    call, forward = one.version.within.forward, reading.forward
    uses = forward.backward.uses.get(one.node, [])
    if call is None or len(uses) < 2 or one.version.is_passed:
        return None
    within = set(in_order([call.out.node])) - set(in_order([node for node in call.given if node is not one.node]))
    shares = [use.share for use in uses if use.node in within]
    return b.add(*shares) if len(shares) > 1 else shares[0] if shares else None


def _in_turn(reading: Reading, one: Judged) -> tuple[int, int] | None:
    """The uses that a call of a def is for, where all calls have as many; all of them, where it is called once."""
    calls = reading.code.whole.calls
    own = next((node for _, node, within in calls if within is one.version.within), None)
    passes = [within for _, node, within in calls if node is own and own is not None]
    size, rest = divmod(len(reading.forward.backward.uses.get(one.node, [])), max(len(passes), 1))
    if rest or not passes:
        return None
    place = passes.index(one.version.within)
    return 0 if _adds_up(reading, one) else place * size, (place + 1) * size


def _adds_up(reading: Reading, one: Judged) -> bool:
    """Whether each call of a method adds to what the calls before it gave: self.dW += …, of a cell."""
    version = one.version
    if not version.is_attribute or not isinstance(version.statement, ast.AugAssign):
        return False
    return sum(_line(other) == _line(one) for other in reading.judged) > 1


def _runs(reading: Reading, one: Judged) -> Iterator[tuple[tuple[int, int], Node]]:
    """The gradients through uses that follow each other, by the place of the first and the last from the end."""
    version, forward = one.version, reading.forward
    uses = forward.backward.uses.get(one.node, [])
    is_free = not version.is_attribute or _adds_up(reading, one)
    is_of_def = version.within.of is not None and not version.is_passed and is_free
    if not is_of_def or version.node is None or not fits(version.node, one.node) or not 1 < len(uses) <= MAX_USES:
        return
    yield (0, len(uses)), forward.gradient(one.node)
    shares = [use.share for use in uses]  # the last use first
    for size in range(1, len(shares)):
        for start in range(len(shares) - size + 1):
            some = shares[start : start + size]
            yield (start, start + size), some[0] if size == 1 else b.add(*some)


def _distance(reading: Reading, one: Judged, node: Node) -> float:
    """How far a gradient is from another, at the first point; less where they point the same way."""
    agreement, value = reading.agreement, one.version.node
    assert value is not None  # noqa: S101 - see _runs
    found = agreement.value(0, value, {}).reshape(-1)
    true = agreement.value(0, node, {}).reshape(-1)
    size = float(np.linalg.norm(true)) or 1.0
    return float(np.linalg.norm(found - true)) / size if found.shape == true.shape else np.inf


def _hold(reading: Reading, one: Judged, gradient: Node) -> None:
    forward = reading.forward
    if gradient is forward.gradient(one.node):
        return
    own = b.named(f"{one.version.label} in one use", one.node, len(forward.backward.gradients))
    forward.backward.gradients[own] = gradient
    moved = replace(one, node=own, meaning="in some of its uses")
    reading.hold([moved if other is one else other for other in reading.judged])
