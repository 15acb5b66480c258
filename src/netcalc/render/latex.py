r"""The derivation as an aligned display, ready for a worksheet (package amsmath)."""

from __future__ import annotations

from collections.abc import Iterator

from netcalc.displays import Display, Matrix, Named, Product, Sum, Transposed, needs_brackets
from netcalc.notation import tensor_to_latex, to_latex
from netcalc.render.prose import left
from netcalc.result import Result, Step

SYMBOLS = {"": r" \, ", "∘": r" \circ "}


def latex(result: Result) -> Iterator[str]:
    """An align* environment, a line a step, or a line an equals sign where matrices are shown."""
    yield r"\begin{align*}"
    yield " \\\\\n".join(f"  {line}" for step in result.steps for line in step_lines(step))
    yield r"\end{align*}"


def step_lines(step: Step) -> Iterator[str]:
    """A step's lines, each with its mark of alignment before the equals sign."""
    head = display_to_latex(left(step))
    parts = [display_to_latex(part) for part in step.chain]
    if not any(r"\begin{bmatrix}" in part for part in parts):
        yield f"{head} &= " + " = ".join(parts)
        return
    for first, part in zip([head, *[""] * len(parts[1:])], parts, strict=True):
        yield f"{first} &= {part}".lstrip()


def display_to_latex(display: Display) -> str:
    """A display for mathematics mode."""
    if isinstance(display, Matrix):
        rows = (" & ".join(map(to_latex, entries)) for entries in display.entries)
        return r"\begin{bmatrix} " + r" \\ ".join(rows) + r" \end{bmatrix}"
    if isinstance(display, Named):
        return tensor_to_latex(display.text)
    if isinstance(display, Transposed):
        return _held(display.of, Product, Sum) + r"^{\top}"
    if isinstance(display, Product):
        return SYMBOLS[display.symbol].join(_held(part, Sum) for part in display.parts)
    if isinstance(display, Sum):
        return " + ".join(map(display_to_latex, display.parts))
    return to_latex(display)


def _held(part: Display, *loose: type) -> str:
    """A part, in brackets if it is one of the `loose` kinds, or a formula that a product would tear apart."""
    text = display_to_latex(part)
    return rf"\left({text}\right)" if isinstance(part, loose) or needs_brackets(part) else text
