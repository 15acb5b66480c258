"""Names and steps as people write them: df/dx1 as ∂f/∂x1."""

from __future__ import annotations

from netcalc.expression import Symbol, Tree
from netcalc.notation import to_latex, to_unicode
from netcalc.result import Result, Step

DERIVATIVES = ("df/dq", "dL/df")  # symbols that stand for a derivative found in an earlier step


def output_name(name: str, of: str | None) -> str:
    """dx1 of f -> ∂f/∂x1; a forward value's name as it is."""
    return name if of is None else f"∂{of}/∂{name.removeprefix('d')}"


def unicode_name(name: str) -> str:
    """df/dx1 -> ∂f/∂x1; other names as they are."""
    return "/".join("∂" + part.removeprefix("∂").removeprefix("d") for part in name.split("/")) if "/" in name else name


def latex_name(name: str) -> str:
    """df/dx1 -> a fraction of partials; other names as the notation writes them."""
    if "/" not in name:
        return to_latex(Symbol(name))
    above, below = (to_latex(Symbol(part[1:])) for part in name.split("/"))
    return rf"\frac{{\partial {above}}}{{\partial {below}}}"


def unicode_tree(tree: Tree) -> str:
    """A formula for a terminal."""
    text = to_unicode(tree)
    for name in DERIVATIVES:
        text = text.replace(name, unicode_name(name))
    return text


def latex_tree(tree: Tree) -> str:
    """A formula for LaTeX."""
    text = to_latex(tree)
    for name in DERIVATIVES:
        text = text.replace(to_latex(Symbol(name)), latex_name(name))
    return text


def step_line(step: Step) -> str:
    """∂f/∂w1 = ∂f/∂q·x1 = 0.196612·(−2) = −0.393224."""
    return " = ".join([unicode_name(step.left), *(unicode_tree(tree) for tree in step.chain)])


def step_lines(result: Result) -> list[str]:
    """The whole derivation, headings between."""
    lines: list[str] = []
    for step in result.steps:
        if step.heading:
            lines += [*([""] if lines else []), step.heading]
        lines.append("  " + step_line(step))
    return lines
