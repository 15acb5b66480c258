"""How `print` and notebooks show a result: its table, the formulas typeset, the steps and the circuit to unfold."""

from __future__ import annotations

from netcalc.result import Result, shown_as

WIDE = 10_000  # columns: as many as a row needs
MOST = 400  # numbers of an answer that a cell's output is a place for


@shown_as("html")
def html(result: Result) -> str | None:
    """The answer as a table, what led to it folded away below."""
    from netcalc.render.html import fragment

    return "\n".join(fragment(result))


@shown_as("latex")
def latex(result: Result) -> str | None:
    """The derivation between dollar signs, or where there is none, the answer."""
    from netcalc.render.latex import answer_lines, step_lines

    if _size(result) > MOST or result.sample_rows:
        return None
    shown = result.drawings or result.steps_at_hand
    lines = [line for step in shown for line in step_lines(step)] if shown else list(answer_lines(result))
    body = " \\\\\n".join(lines)
    return f"$$\n\\begin{{aligned}}\n{body}\n\\end{{aligned}}\n$$"


@shown_as("text")
def text(result: Result) -> str | None:
    """The answer as the command line prints it."""
    from io import StringIO

    from rich.console import Console

    from netcalc.render.table import table

    console = Console(file=StringIO(), width=WIDE, highlight=False, markup=False, emoji=False)
    with console.capture() as captured:
        for line in table(result):
            console.print(line, soft_wrap=True)
    return "\n".join(line.rstrip() for line in captured.get().splitlines())


@shown_as("markdown")
def markdown(result: Result) -> str | None:
    """The answer as a pipe table."""
    from netcalc.render.markdown import markdown as lines

    return None if _size(result) > MOST else "\n".join(lines(result))


def _size(result: Result) -> int:
    return sum(tensor.entries.size for tensor in result.tensors)
