"""Names and steps as people write them: df/dx1 as ∂f/∂x1, φ'(q) with its own letter."""

from __future__ import annotations

from netcalc.expression import Tree
from netcalc.notation import to_latex, to_unicode
from netcalc.result import Result, Step

SLOPES = {"sigmoid": "σ′(q)"}  # activations that have a letter of their own


def unicode_name(name: str) -> str:
    """df/dx1 -> ∂f/∂x1; other names as they are."""
    return "/".join(f"∂{part[1:]}" for part in name.split("/")) if "/" in name else name


def latex_name(name: str) -> str:
    """df/dx1 -> a fraction of partials."""
    if "/" not in name:
        return name
    above, below = (part[1:] for part in name.split("/"))
    return rf"\frac{{\partial {above}}}{{\partial {_subscript(below)}}}"


def _subscript(name: str) -> str:
    letters = name.rstrip("0123456789")
    digits = name[len(letters) :]
    return f"{letters}_{{{digits}}}" if digits else letters


def unicode_tree(tree: Tree) -> str:
    """A formula for a terminal."""
    return to_unicode(tree).replace("df/dq", "∂f/∂q")


def latex_tree(tree: Tree) -> str:
    """A formula for LaTeX."""
    text = to_latex(tree)
    return text.replace(to_latex_symbol("df/dq"), latex_name("df/dq"))


def to_latex_symbol(name: str) -> str:
    """How the notation writes a symbol of that name."""
    from netcalc.expression import Symbol  # noqa: PLC0415 - only here

    return to_latex(Symbol(name))


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
