"""A marked class in every format: a row a student, and how many made which mistake."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from netcalc.checking.classes.grading import Grades, Student
from netcalc.files.rows import DELIMITERS, RowWriter
from netcalc.notation import is_plain
from netcalc.notation.latex import text_to_latex
from netcalc.outside import in_markdown, in_spreadsheet
from netcalc.records import NamedTuple
from netcalc.render.frame import NARROW, Frame, frame
from netcalc.render.markdown import pipe_table
from netcalc.version import __version__

MARKS = {"right": "✓", "rounded": "✓", "follows": "(✓)", "wrong": "✗", "unreadable": "?", "missing": "–"}


def grades(format_name: str, marked: Grades) -> Iterable[Any]:
    """The class as lines; for `table`, what Rich prints."""
    if format_name == "table":
        return _table(marked)
    if format_name == "json":
        return [json.dumps(_content(marked), ensure_ascii=False, allow_nan=False)]
    if format_name == "md":
        return _markdown(marked)
    if format_name == "latex":
        return _latex(marked)
    return _rows(marked, format_name)


def _content(marked: Grades) -> dict[str, Any]:
    students = [
        {
            "student": one.name,
            "marks": one.marks,
            "of": len(one.answers),
            "verdicts": {mark.name: mark.verdict for mark in one.answers},
            "diagnoses": one.diagnoses,
            "mistakes": {mark.name: mark.mistake for mark in one.answers if mark.mistake},
        }
        for one in marked.students
    ]
    known = marked.identifiers
    mistakes = [{"diagnosis": said, "mistake": known.get(said), "students": count} for said, count in marked.mistakes]
    summary = {"students": len(students), "mean": marked.mean, "of": len(marked.answers), "mistakes": mistakes}
    return {"netcalc": __version__, "command": "grade", "students": students, "summary": summary} | (
        {"notes": list(marked.notes)} if marked.notes else {}
    )


def _record(student: Student) -> dict[str, float | str | None]:
    verdicts: dict[str, float | str | None] = {mark.name: mark.verdict for mark in student.answers}
    return {
        "student": student.name,
        "marks": student.marks,
        "of": len(student.answers),
        **verdicts,
        "diagnosis": _said(student) or None,
    }


def _said(student: Student) -> str:
    return "; ".join(f"{', '.join(names)}: {said}" for said, names in student.diagnoses.items())


def _rows(marked: Grades, format_name: str) -> Iterator[str]:
    records = [_record(student) for student in marked.students]
    writer = RowWriter(list(records[0]), format_name)
    yield from writer.header()
    for record in records:
        if writer.delimiter is not None:
            record["student"] = in_spreadsheet(str(record["student"]))
        yield writer.row(record.values())


def _lines(marked: Grades, marks: Mapping[str, str]) -> Iterator[Sequence[str]]:
    for student in marked.students:
        signs = (marks[one.verdict] for one in student.answers)
        yield student.name, f"{student.marks}/{len(student.answers)}", *signs, _said(student)


def _table(marked: Grades) -> Iterator[RenderableType]:
    yield ClassTable(marked.answers, list(_lines(marked, MARKS)))
    if marked.mistakes:
        yield Text("")
        yield _mistakes(marked)
    yield Text("")
    yield Text(_average(marked), style="bold")


def _average(marked: Grades) -> str:
    students = "1 student" if len(marked.students) == 1 else f"{len(marked.students)} students"
    return f"{students}, {marked.mean:.3g} of {len(marked.answers)} on average"


def _mistakes(marked: Grades) -> Table:
    table = frame("mistake", "students", right=("students",))
    for said, count in marked.mistakes:
        table.add_row(said, str(count))
    return table


def _markdown(marked: Grades) -> Iterator[str]:
    yield from _escaped(("student", "marks", *marked.answers, "what went wrong"), _lines(marked, MARKS))
    if marked.mistakes:
        yield ""
        yield from _escaped(("mistake", "students"), ((said, str(count)) for said, count in marked.mistakes))
    yield ""
    yield _average(marked)


def _escaped(header: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    return pipe_table(list(map(in_markdown, header)), (list(map(in_markdown, row)) for row in rows))


def _latex(marked: Grades) -> Iterator[str]:
    """Two tabulars, for text; marks are in the usual fonts' mathematics."""
    signs = {
        "right": r"$\surd$",
        "rounded": r"$\surd$",
        "follows": r"($\surd$)",
        "wrong": r"$\times$",
        "unreadable": "?",
        "missing": "--",
    }
    header = ("student", "marks", *marked.answers)
    yield rf"\begin{{tabular}}{{l{'c' * (len(header) - 1)}}}"
    yield " & ".join(map(text_to_latex, header)) + r" \\ \hline"
    for line in _lines(marked, signs):
        yield " & ".join((text_to_latex(line[0]), *line[1:-1])) + r" \\"
    yield r"\end{tabular}"
    if marked.mistakes:
        yield from ("", r"\begin{tabular}{lr}", r"mistake & students \\ \hline")
        yield from (rf"{text_to_latex(said)} & {count} \\" for said, count in marked.mistakes)
        yield r"\end{tabular}"
    yield from ("", text_to_latex(_average(marked)))


def aside(format_name: str, marked: Grades) -> Iterator[str]:
    """What formats that are a row a student have no place for: how many made which mistake."""
    if format_name in DELIMITERS:
        yield _average(marked)
        yield from (f"{count} of {len(marked.students)}: {said}" for said, count in marked.mistakes)


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
