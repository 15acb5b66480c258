"""What a line makes and none uses, and a weight that has had its step before it is used."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import pairwise

from netcalc.checking.backward.changes import Change, Edit
from netcalc.checking.backward.expressions import as_factor, factors, parts, put, roots
from netcalc.checking.backward.slopes import factor_said
from netcalc.checking.backward.trial import Trial
from netcalc.graph.leaves import INPUT
from netcalc.program.answers import assigned_in

MAX_UNUSED = 4  # names


def unused(trial: Trial) -> Iterator[Edit]:
    """What a line assigns and none uses, added to a line before the gradient or to its own."""
    nodes = [node for unit in trial.one.version.within.units for node in ast.walk(unit.node)]
    read = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
    finals = {one.version.name for one in trial.reading.judged if one.node.operation is INPUT}
    names = [name for name in trial.names if name not in read and name not in finals and _is_assigned(trial, name)]
    for name in names[:MAX_UNUSED]:
        for version in (*trial.versions, *trial.helpers):
            if version.name == name or isinstance(version.statement, ast.FunctionDef):
                continue
            for root in list(roots(version.statement, version.name))[:1]:
                for sign in ("+", "-"):
                    said = f"a path left out: {name} is assigned and never added: {sign} {name}"
                    added = put(trial, root, f"{trial.text(root)} {sign} {name}")
                    yield Edit(added, version.statement, "path-left-out", said)
                    of_factor = _added_within(trial, root, f"{sign} {name}")
                    if of_factor is not None:
                        yield Edit(of_factor, version.statement, "path-left-out", said)
                times = f"{name} is assigned and never used: {factor_said(trial, name, too_many=False)}"
                times += "" if "times" in times else f", times {name}"
                for part in parts(root):
                    if isinstance(part, ast.Constant) and type(part.value) is int:
                        said = f"{name} is assigned and never used: {trial.text(part)} in place of {name}"
                        yield Edit(put(trial, part, name), version.statement, "wrong-tensor", said)
                change = put(trial, root, f"{as_factor(trial, root)} * {name}")
                yield Edit(change, version.statement, "factor-left-out", times)


def _added_within(trial: Trial, root: ast.expr, text: str) -> Change | None:
    """A summand added to the sum that is a factor of the whole, as a - b is of (a - b) * r."""
    for one, divides in factors(root):
        if isinstance(one, ast.BinOp) and isinstance(one.op, ast.Add | ast.Sub) and one is not root and not divides:
            return put(trial, one, f"({trial.text(one)} {text})")
    return None


def _is_assigned(trial: Trial, name: str) -> bool:
    return any(name in assigned_in(unit.node) for unit in trial.one.version.within.units)


def too_early(trial: Trial) -> Iterator[Edit]:
    """dW += lam * W before dW /= N: what is added goes behind."""
    for later, earlier in pairwise(trial.versions):
        match earlier.statement, later.statement:
            case ast.AugAssign(ast.Name(), ast.Add()) as adds, ast.AugAssign(_, ast.Div() | ast.Mult()) as scales:
                (start, end), (first, last) = map(trial.segment, (adds, scales))
                between = trial.source.text[end:first]
                if between.strip() or adds.col_offset != scales.col_offset:
                    continue
                added, scaled = trial.text(adds), trial.text(scales)
                said = f"{scaled} scales what {added} adds, too: it is added behind that"
                change = Change(start, last, f"{scaled}{between}{added}")
                yield Edit(change, adds, "too-early", said, (start, end))


def stale(trial: Trial) -> Iterator[Edit]:
    """A weight that has had its step before it is used: the step goes behind."""
    source, last = trial.source, trial.versions[0].statement
    for helper in trial.helpers:
        name = helper.name
        if name not in trial.reading.forward.candidates or helper.unit == trial.one.version.unit:
            continue
        start, end = trial.segment(helper.statement)
        behind = trial.segment(last)[1]
        between = source.text[end:behind].lstrip("\n; ")
        use = next((one for one in ast.walk(last) if isinstance(one, ast.Name) and one.id == name), None)
        if use is None or start >= behind:
            continue
        column = " " * helper.statement.col_offset
        change = Change(start, behind, f"{between.lstrip()}\n{column}{source.text[start:end]}")
        said = f"{name} is already updated here: its gradient step, {source.text[start:end]}, comes after its last use"
        yield Edit(change, helper.statement, "stale-weights", said, trial.segment(use))
