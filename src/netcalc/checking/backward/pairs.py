"""Which version of a gradient is held to which array of the forward pass."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection
from math import prod
from typing import Any

from netcalc.checking.backward.forward import Forward
from netcalc.checking.backward.judged import Judged
from netcalc.checking.backward.made_of import fits, made_of, squeezed
from netcalc.expression import Number, Symbol, fold
from netcalc.graph import build as b
from netcalc.graph.elementwise import ELEMENTWISE
from netcalc.graph.leaves import INPUT
from netcalc.graph.node import Node, in_order
from netcalc.graph.product import as_number
from netcalc.graph.sizes import described
from netcalc.program.gradient_names import LOOSE
from netcalc.program.versions import Gradients, Version

MIN_TIMES = 2  # that a loop passes a name
CUTTING = frozenset({"where", "greater", "less", "greater_equal", "less_equal", "min", "max", "clip"})  # what clip is


def paired(forward: Forward, code: Gradients, reshaped: Collection[str]) -> list[Judged]:
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
                found.append((code.versions.index(version), held_to(forward, version, node, reshaped)))
    return [one for _, one in sorted(found, key=lambda pair: pair[0])]


def held_to(forward: Forward, version: Version, node: Node, reshaped: Collection[str]) -> Judged:
    """A gradient held to that of a node; to that of the node in another shape, or of one of its equal entries."""
    found = version.node
    if found is None or fits(found, node):
        return Judged(version, node)
    true, meaning = forward.gradient(node), ""
    number = None if found.rank else forward.number(node)
    if number is not None:
        other, gradient = b.number(0), b.number(number)
    elif version.name in reshaped and is_as_many(found, node):
        other, gradient = b.reshaped(node, found.shape), b.reshaped(true, found.shape)
        meaning = f"{version.label} in the shape {described(found.shape)}"
    else:
        return Judged(version, node)
    named = b.named(version.label, other, 0)
    forward.backward.gradients[named] = gradient
    return Judged(version, named, meaning=meaning)


def is_as_many(found: Node | None, node: Node) -> bool:
    """Whether two arrays of different shapes have as many entries, and neither is the other transposed."""
    sizes = [squeezed(one) for one in (found, node) if one is not None]
    if len(sizes) < 2 or not all(isinstance(size, int) for one in sizes for size in one):
        return False
    return prod(sizes[0]) == prod(sizes[1]) and sorted(sizes[0]) != sorted(sizes[1])  # type: ignore[type-var,arg-type]


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
