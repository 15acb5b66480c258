"""A repair as it is told: its line, the columns of what it changes, and the line as it is right."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import combinations

import numpy as np

from netcalc.checking.backward.changes import Edit
from netcalc.checking.backward.expressions import factors
from netcalc.checking.backward.slopes import is_known, slope_of
from netcalc.checking.backward.trial import Trial
from netcalc.records import NamedTuple

ALGEBRAIC = ("sign", "constant", "exponent", "wrong-tensor", "quotient", "index", "complement", "factor-left-out")


class Repair(NamedTuple):
    """An edit that was found to be right, the line and the columns of what it changes, and the line as it is right,
    with the line that is missing below it.
    """

    mistake: str
    said: str
    line: int
    column: int
    marked: tuple[int, int] | None
    repaired: str


def told(trial: Trial, edit: Edit) -> Repair:
    source, change = trial.source, edit.change
    text = source.text[: change.start] + change.text + source.text[change.end :]
    if edit.marked is not None:
        return _moved(trial, edit, edit.marked)
    is_line = change.start == change.end and change.text.startswith("\n")
    said = edit.said if is_line or edit.mistake not in ALGEBRAIC else _as_slope(trial, edit) + edit.said
    start = change.start
    number = source.text.count("\n", 0, start) + 1
    first = source.starts[number - 1]
    if is_line:
        both = f"{source.line(number)}{change.text}"
        return Repair(edit.mistake, said, number, edit.statement.col_offset + 1, None, both)
    end = max(change.end, start + 1)
    last = min(end, first + len(source.line(number)))
    repaired = text[first:].partition("\n")[0]
    return Repair(
        edit.mistake,
        f"{said}: {repaired.strip()}",
        number,
        start - first + 1,
        (start - first + 1, last - first + 1),
        repaired,
    )


def _moved(trial: Trial, edit: Edit, marked: tuple[int, int]) -> Repair:
    """A statement moved behind the gradient's."""
    source = trial.source
    number = source.text.count("\n", 0, marked[0]) + 1
    first = source.starts[number - 1]
    columns = marked[0] - first + 1, marked[1] - first + 1
    both = f"{source.line(number)}\n{edit.change.text.rpartition(chr(10))[2]}"
    return Repair(edit.mistake, edit.said, number, columns[0], columns, both)


def _as_slope(trial: Trial, edit: Edit) -> str:
    """`the slope of tanh is wrong: ` where the repaired factors are a slope of the forward pass."""
    start, end = trial.segment(edit.statement)
    change = edit.change
    text = trial.source.text[start : change.start] + change.text + trial.source.text[change.end : end]
    if edit.said.startswith("the slope"):
        return ""
    first = len(text[: change.start - start].encode())
    places = first, first + max(len(change.text.encode()) - 1, 0)
    try:
        tree = ast.parse(text)
    except SyntaxError:
        return ""
    for node in ast.walk(tree):
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Div | ast.Sub | ast.Add | ast.Pow):
            for group in _groups(node):
                is_changed = any(one.col_offset <= at <= (one.end_col_offset or 0) for one in group for at in places)
                if is_changed and all(one.lineno == 1 for one in group):
                    product = _product(trial, [ast.unparse(one) for one in group])
                    found = slope_of(trial, product)
                    if found is not None and is_known(found.function):
                        return f"the slope of {found.function} is wrong: "
    return ""


def _groups(node: ast.BinOp) -> Iterator[list[ast.expr]]:
    own = [part for part, divides in factors(node) if not divides]
    yield [node]
    for count in (1, 2, 3):
        yield from map(list, combinations(own, count))


def _product(trial: Trial, texts: list[str]) -> np.ndarray | None:
    found: np.ndarray | None = None
    for text in texts:
        value = trial.value(text)
        if value is None:
            return None
        try:
            found = value if found is None else found * value
        except ValueError:
            return None
    return found
