"""Repairs of lines that work out again what the forward pass has: tanh(W @ h) for tanh(W @ h + b)."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import islice

import numpy as np

from netcalc.checking.backward.changes import Change, Edit
from netcalc.checking.backward.edits import LOCAL, TOO_MUCH, edits
from netcalc.checking.backward.expressions import parts, put, terms
from netcalc.checking.backward.pieces import Harvest
from netcalc.checking.backward.trial import Trial
from netcalc.graph.evaluate import evaluate
from netcalc.graph.node import in_order
from netcalc.program.answers import base
from netcalc.program.versions import Version

MAX_NODES = 2_000  # of the forward pass
MAX_LINES = 4
MAX_CHANGES = 150  # of a line


def recomputed(trial: Trial, found: Harvest) -> Iterator[Edit]:
    """Changes of a line that make it, at the first point, what the forward pass has."""
    for version in _lines(trial)[:MAX_LINES]:
        statement = version.statement
        assert isinstance(statement, ast.Assign)  # noqa: S101 - see below
        start, end = trial.segment(statement.value)
        if _is_of_forward(trial, trial.text(statement.value)):
            continue
        for edit in _changes(trial, version, found):
            change = edit.change
            if start <= change.start and change.end <= end:
                text = trial.source.text
                value = f"{text[start : change.start]}{change.text}{text[change.end : end]}"
                if _is_of_forward(trial, value):
                    yield edit._replace(said=f"{version.name} is not what the forward pass has: {edit.said}")


def _lines(trial: Trial) -> list[Version]:
    """The lines that give a name a value which is no gradient by its name."""
    known = trial.reading.code.reader.known_names
    lines = [*trial.versions, *trial.helpers]
    return [
        one
        for one in lines
        if isinstance(one.statement, ast.Assign)
        and isinstance(one.statement.targets[0], ast.Name)
        and base(one.statement.targets[0].id, known) is None
        and one.statement not in trial.of_right
        and one.within is trial.one.version.within
        and not _unknown(trial, one.statement.value)
    ]


def _unknown(trial: Trial, value: ast.expr) -> set[str]:
    """The arrays in an expression that the forward pass has no name for."""
    read = {one.id for one in ast.walk(value) if isinstance(one, ast.Name)}
    return {name for name in read if name in trial.names and name not in trial.reading.forward.candidates}


def _changes(trial: Trial, version: Version, found: Harvest) -> Iterator[Edit]:
    yield from islice(edits(trial, (*LOCAL, TOO_MUCH), [version]), MAX_CHANGES)
    assert isinstance(version.statement, ast.Assign)  # noqa: S101 - see _lines
    there = {trial.text(one) for node in parts(version.statement.value) for one, _ in terms(node)}
    for node in parts(version.statement.value):
        value = None if isinstance(node, ast.Constant | ast.Slice | ast.Tuple) else trial.value(trial.text(node))
        for piece in found.terms if value is not None else ():
            if value is None or piece.value.shape not in (value.shape, ()) or piece.text in there:
                continue
            for sign in "+-":
                change: Change = put(trial, node, f"{trial.text(node)} {sign} {piece.text}")
                said = f"a term left out: {'−' if sign == '-' else '+'} {piece.text}"
                yield Edit(change, version.statement, "term-left-out", said)


def _is_of_forward(trial: Trial, text: str) -> bool:
    value = trial.value(text)
    return value is not None and bool(np.any(value)) and _rounded(value) in _values(trial)


def _values(trial: Trial) -> set[bytes]:
    """What the forward pass computes, at the first point."""
    known = trial.reading.of_forward
    if not known:
        forward, point = trial.reading.forward, trial.reading.agreement.points[0]
        nodes = [node for node in in_order([forward.output]) if node.args][:MAX_NODES]
        with np.errstate(all="ignore"):
            arrays = evaluate(nodes, trial.reading.agreement.numbers, point.values)
        known |= {_rounded(one) for one in arrays}
    return known


def _rounded(array: np.ndarray) -> bytes:
    """An array to nine digits of its largest entry, whatever its axes of size 1."""
    largest = np.abs(array).max(initial=0.0) or 1.0
    return (np.round(array / largest, 9) + 0.0).tobytes() + np.format_float_scientific(largest, 8).encode()
