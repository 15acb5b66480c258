"""A marked class on a terminal: a line a student, however many answers there are."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from netcalc.notation import is_plain
from netcalc.records import NamedTuple
from netcalc.render.frame import NARROW, Frame, frame

WHO, SCORE, WHY = "student", "marks", "what went wrong"
LONGEST_NAME = 16  # columns, where the table doesn't fit
LEAST_WHY = 10  # columns that are left for what went wrong
RULE = 3  # columns between two cells
SHORT = {"(✓)": "→"}  # one sign an answer where they stand side by side
LEGEND = {"✓": "right", "→": "right, given an earlier wrong answer", "✗": "wrong", "?": "does not read", "–": "missing"}


class ClassTable(NamedTuple):
    """`lines`: a student's name, marks, a sign for each of the `answers`, and what went wrong."""

    answers: Sequence[str]
    lines: Sequence[Sequence[str]]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        whole = self._whole()
        if options.max_width < NARROW or whole.natural(console, options) <= options.max_width:
            yield whole
            return
        for find in (_as_they_are, _by_exercise, _none):
            headers, rows = find(self.answers, [line[2:-1] for line in self.lines])
            table = self._cut(headers, rows)
            if table.natural(console, options) + RULE + LEAST_WHY <= options.max_width:
                break
        yield self._cut(headers, rows, options.max_width - RULE - table.natural(console, options))
        if len(headers) < len(self.answers) and headers:
            yield Text("; ".join(f"{sign} {said}" for sign, said in LEGEND.items() if sign in str(rows)), style="dim")

    def _whole(self) -> Frame:
        table = frame(WHO, SCORE, *self.answers, WHY)
        for line in self.lines:
            table.add_row(*line)
        return table

    def _cut(self, headers: Sequence[str], rows: Sequence[Sequence[str]], why: int = 0) -> Frame:
        """Each cell in one line; what went wrong in so many columns."""
        table = frame(WHO, SCORE, *headers)
        table.columns[0].max_width = LONGEST_NAME
        if why:
            table.add_column(WHY, max_width=why)
        for column in table.columns:
            column.no_wrap, column.overflow = True, "crop" if is_plain() else "ellipsis"
        for line, signs in zip(self.lines, rows, strict=True):
            table.add_row(*line[:2], *signs, *line[-1:][: bool(why)])
        return table


Columns = tuple[Sequence[str], list[Sequence[str]]]


def _as_they_are(answers: Sequence[str], rows: Sequence[Sequence[str]]) -> Columns:
    return answers, list(rows)


def _by_exercise(answers: Sequence[str], rows: Sequence[Sequence[str]]) -> Columns:
    """The signs of an exercise side by side: of `1.q` and `1.f` below `1`, of `q` and `f` below `answers`."""
    groups = [
        (exercise, list(places)) for exercise, places in groupby(range(len(answers)), lambda i: _exercise(answers[i]))
    ]
    return [exercise for exercise, _ in groups], [
        ["".join(SHORT.get(row[place], row[place]) for place in places) for _, places in groups] for row in rows
    ]


def _none(_: Sequence[str], rows: Sequence[Sequence[str]]) -> Columns:
    return (), [() for _ in rows]


def _exercise(answer: str) -> str:
    number, point, _ = answer.partition(".")
    return number if point and number.isdigit() else "answers"
