"""The statements that make what is no gradient, of which a gradient is made."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from netcalc.errors import NetcalcError
from netcalc.graph.node import Node, in_order
from netcalc.program.answers import assigned_in
from netcalc.program.steps import COMPOUND
from netcalc.program.versions import Version

if TYPE_CHECKING:
    from netcalc.checking.backward.trial import Trial

MAX_SPAN = 12  # statements of the pass between the one that is edited and the last of the gradient
MAX_STEPS = 200  # of loops, too


def helpers_of(trial: Trial) -> list[Version]:
    """The statements that make what is no gradient of it, and that it uses; the last first, then those of defs."""
    code, last = trial.reading.code, trial.one.version
    of_forward = trial.reading.forward.lines_in(code.source)
    units, steps = last.within.units, last.within.steps
    judged = trial.judged
    gradients = {one.statement for one in code.versions if not one.is_passed and one.key in judged}
    used = {name for one in (*(one.statement for one in trial.versions), *trial.tests) for name in _read_in(one)}
    found: dict[ast.stmt, Version] = {}
    unit, end = last.unit, last.step
    for place in range(end, max(units[max(last.unit - MAX_SPAN, 0)].step - 1, end - MAX_STEPS, -1), -1):
        while place < units[unit].step:
            unit -= 1
        node = steps[place].node
        if isinstance(node, (*COMPOUND, ast.FunctionDef)) or node in gradients or node in found:
            continue
        if node.lineno in of_forward:
            continue
        names = [name for name in assigned_in(node) if name in used]
        if names:
            used |= set(_read_in(node))
            found[node] = Version(names[0], "", node.lineno, node.col_offset, unit, node, None, within=last.within)
    statements = {one.statement for one in (*trial.versions, *found.values())}
    versions = {one.statement for one in code.versions if one.key in judged}
    for place, one, within in last.within.calls:
        is_used = one in trial.defs and steps[place].node in statements
        for node in reversed(list(ast.walk(one))) if is_used else ():
            if not isinstance(node, ast.Return | ast.Assign | ast.AugAssign):
                continue
            if node not in found and node not in versions and node.lineno not in of_forward:
                found[node] = Version(one.name, "", node.lineno, node.col_offset, -1, node, None, within=within)
    return list(found.values())


def used_by(trial: Trial, right: Sequence[Trial]) -> set[ast.stmt]:
    """The statements that make what is no gradient, and that gradients which are right use.

    Those of a def don't count, nor items of lists: which of them a gradient uses is not known; nor what comes to
    nothing in those gradients, as dvar times the mean of x - mu does.
    """
    own = [(helper, one.one.version.within) for one in right for helper in one.helpers]
    known = [one.one.version.node for one in right if one.one.version.node is not None]
    made = set(in_order(known))
    lines = {one.line for one in trial.reading.code.reader.assigned if one.node in made}
    found = {
        helper.statement
        for helper, within in own
        if helper.within is within and (helper.line in lines or not _keeps_item(helper.statement))
    }
    values = [one.one.version.value for one in right if one.one.version.value is not None]
    return {one for one in found if _matters(trial, one, values)}


def _matters(trial: Trial, statement: ast.stmt, values: list[Node]) -> bool:
    """Whether values are others at the first point if what a statement makes is."""
    nodes = [one.node for one in trial.reading.code.reader.assigned if one.line == statement.lineno]
    nodes = [node for node in nodes if node in set(in_order(values))][:1]
    for node in nodes:
        moved = {node: trial.evaluated(node, 0) * 1.5 + 0.25}
        users = [one for one in values if node in set(in_order([one]))]
        try:
            if all(np.allclose(trial.evaluated(one, 0, moved), trial.evaluated(one, 0)) for one in users):
                return False
        except NetcalcError:  # such as an index, which is whole
            return True
    return True


def _keeps_item(node: ast.stmt) -> bool:
    return isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Subscript)


def _read_in(node: ast.AST) -> Iterator[str]:
    """The names that a statement reads."""
    for one in ast.walk(node):
        if isinstance(one, ast.Name) and (isinstance(one.ctx, ast.Load) or isinstance(node, ast.AugAssign)):
            yield one.id
