"""A result as a Markdown table, its steps as mathematics between dollar signs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from netcalc.files.rows import cell
from netcalc.outside import in_markdown
from netcalc.render.latex import step_lines
from netcalc.render.rows import records
from netcalc.result import Result, Step

DIGITS = re.compile(r"[-+.e\d]*")  # a number written as text has no marks


def markdown(result: Result, *, steps: bool = False) -> Iterator[str]:
    """A pipe table, a row an element or a row a sample; the steps if asked for; notes, and how sure it is."""
    first = next(found := records(result), None)
    if first is not None:
        rows = ([_cell(*one) for one in record.items()] for record in chain([first], found))
        yield from pipe_table([name.replace("|", "\\|") for name in first], rows)
    if steps or result.trace:
        yield from _steps(result.steps if steps else result.drawings)
    if result.notes:
        yield from ("", *(f"- {in_markdown(note)}" for note in result.notes))
    for line in result.assurance:
        yield from ("", f"_{in_markdown(line)}_")


def _steps(steps: Sequence[Step]) -> Iterator[str]:
    """The derivation as display mathematics, an environment a heading."""
    for step in steps:
        if step.heading or step is steps[0]:
            if step is not steps[0]:
                yield from (r"\end{aligned}", "$$")
            said = (part for line in step.heading.splitlines() if line for part in ("", line))  # a paragraph each
            yield from (*said, "", "$$", r"\begin{aligned}")
        yield from (f"{line} \\\\" for line in step_lines(step))
    if steps:
        yield from (r"\end{aligned}", "$$")


def _cell(name: str, value: float | str | None) -> str:
    text = cell(value).replace("|", "\\|")
    return f"`{text}`" if name != "name" and isinstance(value, str) and not DIGITS.fullmatch(text) else text


def pipe_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """A table of cells that are Markdown."""
    for cells in chain([header, ["---"] * len(header)], rows):
        yield f"| {' | '.join(cells)} |"
