"""The table for people: Rich on a terminal, the same without colour in a pipe."""

from __future__ import annotations

from collections.abc import Iterator

from rich.table import Table
from rich.text import Text

from netcalc.expression import parse
from netcalc.notation import to_unicode
from netcalc.render.prose import step_lines, unicode_tree
from netcalc.render.rows import Row, element_rows, sample_rows
from netcalc.result import Result

ROWS_LIMIT = 64  # a longer answer is summarised


def table(result: Result, *, steps: bool = False) -> Iterator[Table | Text]:
    """The answer, then the steps if asked for, the notes, and how sure it is."""
    if result.problem.many:
        yield _samples(result)
    else:
        yield _elements(result)
    if steps:
        yield Text("\n" + "\n".join(step_lines(result)) + "\n")
    for note in result.notes:
        yield Text(f"note: {note}", style="yellow")
    yield Text(result.certainty, style="dim")


def _frame(*headers: str) -> Table:
    frame = Table(show_edge=False, pad_edge=False, header_style="bold")
    for header in headers:
        frame.add_column(header, overflow="fold", justify="right" if header == "value" else "left")
    return frame


def _elements(result: Result) -> Table:
    rows = element_rows(result)
    chains = {step.left: step for step in result.steps}
    closed = any(row.exact for row in rows)
    frame = _frame("name", "formula", "with numbers", *(["exact"] if closed else []), "value")
    shown = rows if len(rows) <= ROWS_LIMIT else [*rows[:4], *rows[-3:]]
    for row in shown:
        step = chains.get(f"df/{row.name}") or chains.get(f"dL/{row.name}") or chains.get(row.name)
        numbers = unicode_tree(step.chain[-2]) if step and len(step.chain) > 2 else ""
        cells = [_name(row), _formula(row), numbers]
        if closed:
            cells.append(to_unicode(row.value.exact) if row.value.exact is not None else "")
        frame.add_row(*cells, _shown(row))
    return frame


def _name(row: Row) -> str:
    return f"∂f/∂{row.name[1:]}" if row.name.startswith("d") else row.name


def _formula(row: Row) -> str:
    try:
        return to_unicode(parse(row.formula))
    except ValueError:
        return row.formula


def _shown(row: Row) -> str:
    return to_unicode(row.value.formula) if row.value.formula is not None else row.value.shown.replace("-", "−")


def _samples(result: Result) -> Table:
    frame: Table | None = None
    for index, row in enumerate(sample_rows(result)):
        if frame is None:
            frame = _frame("sample", *row)
        frame.add_row(str(index), *(value if isinstance(value, str) else f"{value:.6g}" for value in row.values()))
    return frame or _frame("sample")
