"""Lines that are not judged, and why; what a text was understood as."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from fractions import Fraction

from netcalc.checking.backward.judged import Reading
from netcalc.checking.backward.search import repair_of_shapes
from netcalc.program.answers import assigned_in
from netcalc.program.versions import Unjudged, Version
from netcalc.result import CheckedLine


def said_of_stop(reading: Reading, one: Unjudged) -> CheckedLine:
    """A line whose shapes do not fit, of a name that is no gradient."""
    plain, found = unjudged(reading, one), repair_of_shapes(reading, one)
    if found is None:
        return plain
    column, said = found.column, f"{one.why}: {found.said}"
    return plain._replace(
        column=column, mistake=found.mistake, diagnosis=said, repair=found.repaired, marked=found.marked
    )


def goes_on(one: Unjudged) -> bool:
    """Whether a statement takes a gradient and makes another of it, as clipping does, so that it had to be finished."""
    statements = [node for node in ast.walk(one.part) if one.name in assigned_in(node) and not hasattr(node, "body")]
    return bool(statements) and all(_scales(node, one.name) for node in statements)


def _scales(node: ast.AST, name: str) -> bool:
    if isinstance(node, ast.AugAssign):
        return isinstance(node.op, ast.Mult | ast.Div)
    is_read = any(isinstance(part, ast.Name) and part.id == name for part in ast.walk(getattr(node, "value", node)))
    return isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and is_read


def unjudged(reading: Reading, one: Unjudged) -> CheckedLine:
    source, error = reading.code.source, one.error
    line, column = one.part.lineno, one.part.col_offset
    marked = None
    if error.position is not None and error.source == source.text:
        line = source.text.count("\n", 0, error.position) + 1
        column = error.position - source.starts[line - 1]
        part = re.match(r"[\w.]+|.", source.line(line)[column:])
        marked = column + 1, column + 1 + (part.end() if part else 1)
    return CheckedLine(
        one.name,
        line,
        column + 1,
        "wrong" if one.is_wrong else "not judged",
        diagnosis=one.why,
        file=source.name,
        text=source.line(line),
        marked=marked,
    )


def meanings(reading: Reading) -> Iterator[str]:
    """Notes on gradients that are those of something else than their names say."""
    within_defs: dict[Fraction, list[Version]] = {}
    for one in reading.judged:
        version = one.version
        if version.is_passed:
            continue
        if one.factor == -1:
            what = f"{version.name} is minus the gradient of {version.of}"
            yield f"line {version.line}: {what}, which a later line subtracts"
        elif one.factor != 1 and version.within.of is not None:
            within_defs.setdefault(one.factor, []).append(version)
        elif one.factor != 1:
            what = f"{version.name} is {one.factor} times the gradient of {version.label}"
            yield f"line {version.line}: {what}, which later lines divide by again"
        elif one.meaning and version.within.of is None:
            yield f"line {version.line}: {version.name} is from here the gradient of {one.meaning}, not of {version.of}"
    for factor, several in within_defs.items():
        lines = sorted({one.line for one in several})
        names = ", ".join(dict.fromkeys(one.name for one in sorted(several, key=lambda one: one.line)))
        where = f"line{'s' * (len(lines) > 1)} {', '.join(map(str, lines))}: {names}"
        yield f"{where}, {factor} times the gradient, which later lines divide by again"
