"""Verdicts on the answers that were brought, for people."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.padding import Padding
from rich.text import Text

from netcalc.result import Checked, Result, in_unicode

MARKS = {"right": ("✓", "green"), "rounded": ("✓", "green"), "wrong": ("✗", "red")}
GAP = "  "
REMARK = 4  # the part that comes last
NARROWEST = 30  # columns that a remark goes on in
STEPS_LIMIT = 12  # steps that are shown for wrong answers


def verdicts(result: Result) -> Iterator[RenderableType]:
    """A line an answer: its mark, what was claimed, what is right and what went wrong; then the steps that go right."""
    yield _Lines(result.checked)
    steps = list(dict.fromkeys(one.explanation for one in result.checked if one.explanation))
    if steps:
        yield Text("\nHow it goes")
        yield from (Padding(Text(step), (0, 0, 0, 2), expand=False) for step in steps[:STEPS_LIMIT])
    yield Text("")
    yield Text(summary(result), style="bold")


@dataclass(frozen=True, slots=True)
class _Lines:
    """A line an answer, its parts below one another; a remark that is too long for the line goes on below itself."""

    checked: Sequence[Checked]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        rows = [_cells(one) for one in self.checked]
        widths = [max(cell_len(row[place]) for row in rows) for place in range(REMARK)]
        indent = sum(widths) + len(GAP) * REMARK
        for one, row in zip(self.checked, rows, strict=True):
            parts = [part + " " * (width - cell_len(part)) for part, width in zip(row, widths, strict=False)]
            remark = textwrap.wrap(row[REMARK], max(options.max_width - indent, NARROWEST)) or [""]
            lines = [GAP.join([*parts, remark[0]]).rstrip(), *(" " * indent + line for line in remark[1:])]
            text = Text("\n".join(lines))
            text.stylize(MARKS[one.verdict][1], 0, 1)
            yield text


def _cells(one: Checked) -> tuple[str, ...]:
    return MARKS[one.verdict][0], one.name, f"you {in_unicode(one.claimed)}", _correct(one), _remark(one)


def _correct(one: Checked) -> str:
    return "" if one.verdict == "right" else f"correct {in_unicode(one.correct)}"


def _remark(one: Checked) -> str:
    return "; ".join(part for part in ("rounded" * (one.verdict == "rounded"), one.diagnosis, one.note) if part)


def summary(result: Result) -> str:
    """How many answers are right."""
    wrong = sum(one.is_wrong for one in result.checked)
    total = len(result.checked)
    answers = "1 answer" if total == 1 else f"{total} answers"
    if not wrong:
        return "right" if total == 1 else f"{'both' if total == 2 else f'all {total}'} answers are right"
    return "wrong" if total == 1 else f"{wrong} of {answers} {'is' if wrong == 1 else 'are'} wrong"
