"""Verdicts on the answers that were brought, for people."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from itertools import groupby

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.padding import Padding
from rich.text import Text

from netcalc.records import dataclass
from netcalc.result import Checked, Result, Taken, in_unicode

MARKS = {"right": ("✓", "green"), "rounded": ("✓", "green"), "wrong": ("✗", "red")}
COLORS = dict(MARKS.values())
GAP = "  "
LABEL = 12  # columns before a step as it was taken
REMARK = 4  # the part that comes last
NARROWEST = 30  # columns that a remark goes on in
STEPS_LIMIT = 12  # steps that are shown for wrong answers
TAKEN_LIMIT = 6  # steps that are shown as they were taken
LISTED = 8  # entries of a tensor that was brought as a whole from which on right ones are counted, and wrong ones too
LISTED_WRONG = 4  # tensors with wrong entries from which on these are counted
LISTED_RIGHT = 12  # lines of right tensors beside wrong ones; of more the tensors are counted


def verdicts(result: Result) -> Iterator[RenderableType]:
    """A line an answer: its mark, what was claimed, what is right and what went wrong; then the steps that go right."""
    yield _Lines(result.checked)
    by_cause = {one.diagnosis: one.taken for one in reversed(result.checked) if one.taken}
    if steps_taken := [one for taken in reversed(by_cause.values()) for one in taken]:
        yield Text("\nWhere it went wrong")
        yield _Taken(steps_taken[:TAKEN_LIMIT])
    steps = list(dict.fromkeys(one.explanation for one in result.checked if one.explanation))
    if steps:
        yield Text("\nHow it goes")
        yield from (Padding(Text(step), (0, 0, 0, 2), expand=False) for step in steps[:STEPS_LIMIT])
    yield Text("")
    yield Text(summary(result), style="bold")


@dataclass(frozen=True, slots=True)
class _Lines:
    """A line an answer, its parts below one another; a remark goes on below itself. What is too long is stacked."""

    checked: Sequence[Checked]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        rows = list(_rows(self.checked))
        page = options.max_width
        table = _fitting(rows, page)
        widths = _widths(table)
        for row in rows:
            parts = [part + " " * (width - cell_len(part)) for part, width in zip(row, widths, strict=False)]
            if row in table:
                indent = _indent(widths)
                remark = textwrap.wrap(row[REMARK], max(page - indent, NARROWEST)) or [""]
                lines = [GAP.join([*parts, remark[0]]).rstrip(), *(" " * indent + line for line in remark[1:])]
            else:
                lines = list(_stacked(row, page))
            text = Text("\n".join(lines))
            text.stylize(COLORS.get(row[0], ""), 0, 1)
            yield text


def _widths(rows: Sequence[tuple[str, ...]]) -> list[int]:
    return [max((cell_len(row[place]) for row in rows), default=0) for place in range(REMARK)]


def _indent(widths: Sequence[int]) -> int:
    """The columns before a remark."""
    return sum(widths) + len(GAP) * REMARK


def _fitting(rows: Sequence[tuple[str, ...]], page: int) -> list[tuple[str, ...]]:
    """The rows whose parts stand below one another on a page with their remarks beside: all but the longest."""
    found = sorted(rows, key=lambda row: sum(map(cell_len, row[:REMARK])))
    while found and _indent(_widths(found)) + min(max(cell_len(row[REMARK]) for row in found), NARROWEST) > page:
        found.pop()
    return found


def _stacked(row: Sequence[str], page: int) -> Iterator[str]:
    """A row that is too long for the page: its parts in lines of their own, each going on below itself."""
    mark, name, *parts = row
    yield f"{mark}{GAP}{name}"
    for part in filter(None, parts):
        yield from textwrap.wrap(
            part, max(page, NARROWEST), initial_indent=GAP * 2, subsequent_indent=GAP * 3, break_on_hyphens=False
        )


@dataclass(frozen=True, slots=True)
class _Taken:
    """Steps as they were taken, each above the step as it is right; a long one goes on below itself."""

    steps: Sequence[Taken]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for right, group in groupby(self.steps, key=lambda one: one.right):
            lines = [*(("as taken", one.wrong) for one in group), ("right", right)]
            for label, step in lines:
                wrapped = textwrap.wrap(step, max(options.max_width - LABEL, NARROWEST), break_long_words=False)
                head = f"{GAP}{label}".ljust(LABEL)
                yield Text("\n".join([head + wrapped[0], *(" " * (LABEL + 2) + line for line in wrapped[1:])]))


def _by_tensor(checked: Sequence[Checked]) -> Iterator[list[Checked]]:
    """The answers, those of a tensor that was brought as a whole together."""
    for tensor, grouped in groupby(checked, key=lambda one: one.tensor):
        group = list(grouped)
        yield from [group] if tensor else ([one] for one in group)


def _rows(checked: Sequence[Checked]) -> Iterator[tuple[str, ...]]:
    """A line an answer; of a tensor of many, and of many tensors, not more than tell something."""
    groups = list(_by_tensor(checked))
    wrong = [group for group in groups if any(one.is_wrong for one in group)]
    right = [group for group in groups if group[0].tensor and group not in wrong] if wrong else []
    if sum(len(group) if len(group) <= LISTED else 1 for group in right) <= LISTED_RIGHT:
        right = []
    for group in groups:
        if group not in right:
            yield from _rows_of(group, are_counted=len(wrong) > LISTED_WRONG)
    if right:
        yield MARKS["right"][0], f"{len(right)} others", f"{sum(map(len, right)):,} entries", "", ""


def _rows_of(group: Sequence[Checked], *, are_counted: bool) -> Iterator[tuple[str, ...]]:
    """The lines of a tensor, or of one answer; wrong entries are counted where they have no other remark each."""
    right = [one for one in group if not one.is_wrong]
    wrong = [one for one in group if one.is_wrong]
    if are_counted and len(wrong) > 1 and len({_remark(one) for one in wrong}) == 1:
        yield _summed_up(wrong, len(group))
        return
    if len(group) <= LISTED:
        yield from map(_cells, group)
        return
    if right:
        yield _summed_up(right, len(group))
    yield from map(_cells, wrong[:LISTED])
    if len(wrong) > LISTED:
        yield "", f"… and {len(wrong) - LISTED:,} more", "", "", ""


def _summed_up(alike: Sequence[Checked], count: int) -> tuple[str, ...]:
    """How many entries of a tensor are right, or wrong, and how they are."""
    remarks = dict.fromkeys(remark for one in alike if (remark := _remark(one)))
    entries = f"{len(alike):,}" if len(alike) == count else f"{len(alike):,} of {count:,}"
    return MARKS[alike[0].verdict][0], alike[0].tensor, f"{entries} entries", "", "; ".join(remarks)


def _cells(one: Checked) -> tuple[str, ...]:
    return MARKS[one.verdict][0], one.name, f"you {in_unicode(one.claimed)}", _correct(one), _remark(one)


def _correct(one: Checked) -> str:
    return "" if one.verdict == "right" else f"correct {in_unicode(one.correct)}"


def _remark(one: Checked) -> str:
    return "; ".join(part for part in ("rounded" * (one.verdict == "rounded"), one.diagnosis, one.note) if part)


def summary(result: Result) -> str:
    """How many answers are right."""
    summed_up = {one.name for one in result.checked}  # as a whole, beside its wrong entries
    answers = [one for one in result.checked if one.tensor not in summed_up]
    wrong, total = sum(one.is_wrong for one in answers), len(answers)
    count = "1 answer" if total == 1 else f"{total} answers"
    if not wrong:
        return "right" if total == 1 else f"{'both' if total == 2 else f'all {total}'} answers are right"
    return "wrong" if total == 1 else f"{wrong} of {count} {'is' if wrong == 1 else 'are'} wrong"
