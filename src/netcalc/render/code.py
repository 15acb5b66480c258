"""Verdicts on the lines of a backward pass, for people."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from rich.cells import cell_len
from rich.console import RenderableType
from rich.text import Text

from netcalc.result import CheckedLine, Result

NOT_FOUND = "the cause was not identified"
GAP = "  "
WIDEST_LINE = 60  # characters of a line that what is said of it still stands beside


def code(result: Result) -> Iterator[RenderableType]:
    """By file: how many lines are right, each that is wrong in itself with its repair, and what follows from it."""
    for file, grouped in groupby(result.lines, key=lambda one: one.file):
        lines = list(grouped)
        yield Text(file)
        right = len({one.line for one in lines if one.is_right} - {one.line for one in lines if not one.is_right})
        if right:
            yield _marked("✓", "green", f"{right} line{'s' * (right != 1)}")
        wrong = [one for one in lines if one.is_wrong and not one.follows]
        told = dict.fromkeys((one.line, one.diagnosis) for one in wrong)
        for line, said in told:
            yield from _wrong(next(one for one in wrong if (one.line, one.diagnosis) == (line, said)))
        for one in {(one.line, one.said): one for one in lines if one.is_unjudged}.values():
            yield from _unjudged(one)
        yield Text(_summary(lines), style="bold")


def _marked(mark: str, style: str, text: str) -> Text:
    line = Text(f"{mark} {text}")
    line.stylize(style, 0, 1)
    return line


def _wrong(one: CheckedLine) -> Iterator[Text]:
    """The line, a mark below what is wrong in it, and the line as it is right."""
    head = f"line {one.line}{GAP} "
    indent = " " * (cell_len(head) + 2)
    text, start = one.text.strip(), len(one.text) - len(one.text.lstrip())
    repaired = [line.strip() for line in one.repair.splitlines()]
    said = one.said or NOT_FOUND
    width = max(cell_len(line) for line in (text, *repaired))
    beside = width <= WIDEST_LINE and cell_len(said) <= WIDEST_LINE
    yield _marked("✗", "red", f"{head}{text}{' ' * (width - cell_len(text))}{GAP}{said}" if beside else f"{head}{text}")
    if one.marked is not None:
        first, last = one.marked[0] - 1 - start, one.marked[1] - 1 - start
        yield Text(f"{indent}{' ' * cell_len(text[:first])}{'^' * max(cell_len(text[first:last]), 1)}")
    for line in repaired:
        yield Text(
            f"{indent}{line}{' ' * (width - cell_len(line))}{GAP}is right" if line is repaired[-1] else indent + line
        )
    if not beside:
        yield Text(f"{indent}{said}")


def _unjudged(one: CheckedLine) -> Iterator[Text]:
    """The line, a mark below what is not known in it, and why."""
    head = f"line {one.line}{GAP} "
    indent = " " * (cell_len(head) + 2)
    text, start = one.text.strip(), len(one.text) - len(one.text.lstrip())
    yield _marked("?", "yellow", f"{head}{text}")
    if one.marked is not None:
        first, last = one.marked[0] - 1 - start, one.marked[1] - 1 - start
        yield Text(f"{indent}{' ' * cell_len(text[:first])}{'^' * max(cell_len(text[first:last]), 1)}")
    yield Text(f"{indent}not judged: {one.said}")


def _summary(lines: Sequence[CheckedLine]) -> str:
    wrong = sorted({one.line for one in lines if one.is_wrong and not one.follows})
    after = sorted({one.line for one in lines if one.is_wrong and one.follows} - set(wrong))
    unjudged = len({one.line for one in lines if one.is_unjudged})
    right = len({one.line for one in lines if one.is_right})
    behind = f"; {unjudged} {'are' if unjudged != 1 else 'is'} not judged" if unjudged else ""
    if not wrong and not after:
        if unjudged:
            return f"{right} line{'s are' if right != 1 else ' is'} right{behind}"
        return "every line that gives a gradient is right" if right > 1 else "right"
    said = f"{len(wrong)} line{'s are' if len(wrong) != 1 else ' is'} wrong"
    if after:
        said += (
            f"; line{'s' * (len(after) != 1)} {_listed(after)} {'are' if len(after) != 1 else 'is'} right from there"
        )
    return said + behind


def _listed(numbers: Sequence[int]) -> str:
    *rest, last = map(str, numbers)
    return f"{', '.join(rest)} and {last}" if rest else last
