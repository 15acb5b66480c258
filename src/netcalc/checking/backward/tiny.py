"""Tiny numbers that a forward pass adds to be safe, as in log(p + 1e-12), taken for 0."""

from __future__ import annotations

import ast
import re

from netcalc.errors import NetcalcError
from netcalc.models.graphed import GraphProblem
from netcalc.models.programs import ProgramRequest
from netcalc.models.programs import program as state
from netcalc.program.reading import Program
from netcalc.program.source import Source, parse

MAX_TINY = 1e-7


def without_tiny(problem: GraphProblem, source: Source) -> tuple[GraphProblem, Source, str] | None:
    """Both passes with 0 for what the forward pass has of them, and how that is told; None where it has none."""
    program: Program = problem.code
    reader = program.reader
    found = _tiny(program.source)
    if not found or reader is None:
        return None
    request = ProgramRequest(
        problem.given["at"],
        problem.given.get("shape", {}),
        [name for name, one in reader.given.items() if one.kind == "int"],
        problem.given.get("of"),
        problem.given.get("delta"),
        elsewhere=list(problem.given["at"]),
    )
    numbers = set(found.values())
    try:
        other = state(_zeroed(program.source, numbers), program.source.name, request)
        text = _zeroed(source, numbers)
    except NetcalcError:
        return None
    line = min(found)
    told = ", ".join(dict.fromkeys(program.source.segment(node) for node in _constants(program.source, numbers)))
    own = other.code.source if source is program.source else Source.of(text, source.name)
    return other, own, f"right but for {told} in {program.source.name}, line {line}, which is taken for 0"


def _tiny(source: Source) -> dict[int, float]:
    """The tiny numbers of a text by line."""
    nodes = [node for node in ast.walk(parse(source)) if isinstance(node, ast.Constant)]
    return {node.lineno: node.value for node in nodes if isinstance(node.value, float) and 0 < node.value <= MAX_TINY}


def _constants(source: Source, numbers: set[float]) -> list[ast.Constant]:
    nodes = [node for node in ast.walk(parse(source)) if isinstance(node, ast.Constant)]
    return [node for node in nodes if isinstance(node.value, float) and node.value in numbers]


def _zeroed(source: Source, numbers: set[float]) -> str:
    """A text with zeros in these numbers' place, as long as they are."""
    text = source.text
    for node in _constants(source, numbers):
        start = source.offset(node.lineno, node.col_offset)
        end = source.offset(node.end_lineno or node.lineno, node.end_col_offset or 0)
        front, mark, power = re.split(r"([eE]|$)", text[start:end], maxsplit=1)
        text = text[:start] + re.sub(r"\d", "0", front) + mark + power + text[end:]
    return text
