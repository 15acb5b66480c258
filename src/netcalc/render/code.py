"""Verdicts on the lines of a backward pass, for people."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from itertools import groupby

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.text import Text

from netcalc.records import dataclass
from netcalc.render.verdicts import NARROWEST
from netcalc.result import CheckedLine, Result

NOT_FOUND = "the cause was not identified"
IS_RIGHT = "is right"
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
            yield _Wrong(next(one for one in wrong if (one.line, one.diagnosis) == (line, said)))
        for one in {(one.line, one.said): one for one in lines if one.is_unjudged}.values():
            yield _Unjudged(one)
        yield Text(_summary(lines), style="bold")


def _marked(mark: str, style: str, text: str) -> Text:
    line = Text(f"{mark} {text}")
    line.stylize(style, 0, 1)
    return line


@dataclass(frozen=True, slots=True)
class _Wrong:
    """The line, a mark below what is wrong in it, and the line as it is right; what is said beside if it has room."""

    line: CheckedLine

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        one, (head, indent) = self.line, _head(self.line)
        text = one.text.strip()
        repaired = [line.strip() for line in one.repair.splitlines()]
        said = one.said or NOT_FOUND
        width = max(cell_len(line) for line in (text, *repaired))
        room = max(options.max_width - len(indent), NARROWEST)
        taken = width + len(GAP) + max(cell_len(said), cell_len(IS_RIGHT))
        beside = width <= WIDEST_LINE and cell_len(said) <= WIDEST_LINE and taken <= room
        first, *rest = _with_marks(one, room, text + " " * (width - cell_len(text)) + GAP + said if beside else text)
        yield _marked("✗", "red", head + first)
        yield from (Text(indent + line) for line in rest)
        for line in repaired:
            is_last = line is repaired[-1]
            whole = line + " " * (width - cell_len(line)) + GAP + IS_RIGHT if is_last else line
            fits = cell_len(whole) <= room
            parts = [whole] if fits else [*_folded(line, room), *[IS_RIGHT] * is_last]
            yield from (Text(indent + part) for part in parts)
        if not beside:
            yield from (Text(indent + part) for part in textwrap.wrap(said, room))


@dataclass(frozen=True, slots=True)
class _Unjudged:
    """The line, a mark below what is not known in it, and why."""

    line: CheckedLine

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        head, indent = _head(self.line)
        room = max(options.max_width - len(indent), NARROWEST)
        first, *rest = _with_marks(self.line, room, self.line.text.strip())
        yield _marked("?", "yellow", head + first)
        yield from (Text(indent + line) for line in (*rest, *textwrap.wrap(f"not judged: {self.line.said}", room)))


def _head(one: CheckedLine) -> tuple[str, str]:
    """What stands before a line, behind its mark, and the blanks before what is below it."""
    head = f"line {one.line}{GAP} "
    return head, " " * (cell_len(head) + 2)


def _with_marks(one: CheckedLine, room: int, shown: str) -> Iterator[str]:
    """A line as it is shown, in as many parts as the room asks for, each with carets below what is marked in it."""
    start = len(one.text) - len(one.text.lstrip())
    first, last = (place - 1 - start for place in one.marked) if one.marked is not None else (0, 0)
    begin = 0
    for part in _folded(shown, room):
        yield part
        left, right = (min(max(place - begin, 0), len(part)) for place in (first, max(last, first + 1)))
        if one.marked is not None and right > left:
            yield " " * cell_len(part[:left]) + "^" * cell_len(part[left:right])
        begin += len(part)


def _folded(line: str, room: int) -> Iterator[str]:
    """A line in parts that fit, cut behind blanks where there are any."""
    while cell_len(line) > room:
        place = line.rfind(" ", 0, room) + 1 or room
        yield line[:place]
        line = line[place:]
    yield line


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
