"""The derivation as an aligned display, ready for a worksheet (package amsmath)."""

from __future__ import annotations

from collections.abc import Iterator

from netcalc.expression import Symbol
from netcalc.notation import to_latex
from netcalc.result import Result


def latex(result: Result) -> Iterator[str]:
    """An align* environment, a line a step."""
    yield r"\begin{align*}"
    lines = [f"  {to_latex(Symbol(step.left))} &= " + " = ".join(map(to_latex, step.chain)) for step in result.steps]
    yield " \\\\\n".join(lines)
    yield r"\end{align*}"
