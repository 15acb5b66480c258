"""A marked class in every format: a row a student, and how many made which mistake."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from netcalc.checking.classes.class_table import ClassTable
from netcalc.checking.classes.grading import Grades, Student
from netcalc.files.rows import DELIMITERS, RowWriter
from netcalc.notation.latex import text_to_latex
from netcalc.outside import in_markdown, in_spreadsheet
from netcalc.render.frame import frame
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
