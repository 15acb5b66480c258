"""The derivation as an aligned display, ready for a worksheet (package amsmath)."""

from __future__ import annotations

from collections.abc import Iterator

from netcalc.render.prose import latex_name, latex_tree
from netcalc.result import Result


def latex(result: Result) -> Iterator[str]:
    """An align* environment, a line a step."""
    yield r"\begin{align*}"
    lines = [
        f"  {latex_name(step.left)} &= " + " = ".join(latex_tree(tree) for tree in step.chain) for step in result.steps
    ]
    yield " \\\\\n".join(lines)
    yield r"\end{align*}"
