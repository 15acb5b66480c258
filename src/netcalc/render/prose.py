"""Names and steps as people write them: df/dx1 as ∂f/∂x1."""

from __future__ import annotations

from netcalc.expression import Symbol
from netcalc.notation import to_unicode
from netcalc.result import Result, Step


def output_name(name: str, of: str | None) -> str:
    """dx1 of f -> ∂f/∂x1; a forward value's name as it is written."""
    return to_unicode(Symbol(name if of is None else f"d{of}/d{name.removeprefix('d')}"))


def step_line(step: Step) -> str:
    """∂f/∂w1 = ∂f/∂q·∂q/∂w1 = σ′(q)·x1 = 0.196612·(−2) = −0.393224."""
    return " = ".join(to_unicode(tree) for tree in (Symbol(step.left), *step.chain))


def step_lines(result: Result) -> list[str]:
    """The whole derivation, headings between."""
    lines: list[str] = []
    for step in result.steps:
        if step.heading:
            lines += [*([""] if lines else []), step.heading]
        lines.append("  " + step_line(step))
    return lines
