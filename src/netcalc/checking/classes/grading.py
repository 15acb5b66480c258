"""A class marked: a row a student, a column an answer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from netcalc.checking.answers.tables import Table
from netcalc.checking.causes.diagnosis import NO_DIAGNOSIS
from netcalc.checking.checker import Checker
from netcalc.checking.classes.columns import Answer, columns_of
from netcalc.errors import FileError, NetcalcError
from netcalc.files.cells import DECIMAL_COMMA, respelled
from netcalc.outside import one_line
from netcalc.records import dataclass
from netcalc.result import Checked

MARKED = ("right", "rounded")
NOTHING = ("", "-", "–", "—")  # what a learning platform writes for no answer
NO_STUDENTS = ("points possible", "overall average")  # rows that learning platforms add
POINTS_ALONE = r"[+\-−]?[1-9][0-9]{0,2}(?:\.[0-9]{3})+"  # 1.234: thousands, where commas are decimal
DIGITS_AND_SIGNS = r"[+\-−0-9.,'’\s]+(?:[eEdD][+\-−]?[0-9]+)?"
BETWEEN_DIGITS = re.compile(r"(?<=\d),(?=\d)")


@dataclass(frozen=True, slots=True)
class Mark:
    """One answer of one student: right, rounded, wrong, unreadable, missing, or follows from an earlier wrong one.

    `mistake` are the identifiers of the catalogue's rows.
    """

    name: str
    verdict: str
    diagnosis: str = ""
    claimed: str = ""
    mistake: str = ""


@dataclass(frozen=True, slots=True)
class Student:
    """One row: who it is, and what each answer is worth."""

    name: str
    answers: tuple[Mark, ...]
    marks: int

    @property
    def diagnoses(self) -> dict[str, list[str]]:
        """What went wrong, with the answers that it explains."""
        found: dict[str, list[str]] = {}
        for one in self.answers:
            if one.diagnosis:
                found.setdefault(one.diagnosis, []).append(one.name)
        return found


@dataclass(frozen=True, slots=True)
class Grades:
    """A class: the answers asked for, a row a student, how many made which mistake, and what there is to note."""

    answers: tuple[str, ...]
    students: tuple[Student, ...]
    notes: tuple[str, ...] = ()

    @property
    def mistakes(self) -> list[tuple[str, int]]:
        """Each diagnosis with how many students it is of, the most frequent first."""
        counted: dict[str, int] = {}
        for student in self.students:
            for said in dict.fromkeys(one.diagnosis for one in student.answers if one.verdict == "wrong"):
                counted[said] = counted.get(said, 0) + 1
        return sorted(counted.items(), key=lambda pair: (pair[0] == NO_DIAGNOSIS.said, -pair[1]))

    @property
    def identifiers(self) -> dict[str, str]:
        """The identifiers of the mistakes, by what is said of them."""
        return {one.diagnosis: one.mistake for student in self.students for one in student.answers if one.mistake}

    @property
    def mean(self) -> float:
        """The mean of the marks."""
        return sum(student.marks for student in self.students) / max(1, len(self.students))

    @property
    def is_all_right(self) -> bool:
        """Whether every answer of every student is right."""
        return all(one.verdict in MARKED for student in self.students for one in student.answers)


def grade(checkers: Mapping[str, Checker], table: Table, *, follow_through: bool = False, decimal: str = ".") -> Grades:
    """A table's rows marked; `checkers` by what stands before their answers' names, nothing where there is one problem.

    `follow_through` gives the mark to an answer that is right from an earlier wrong one; `decimal` is the decimal sign
    of the cells. Raises FileError.
    """
    source, header, rows = table
    if not rows:
        raise FileError(f"{source} has a header and no row below it; a row is a student's")
    columns = columns_of(checkers, header, source)
    worth = (*MARKED, "follows") if follow_through else MARKED
    students: list[Student] = []
    for number, (line, given) in enumerate(rows, 1):
        row = [*given, *[""] * (len(header) - len(given))]
        name = one_line(" ".join(row[place].strip() for place in columns.who)) or str(number)
        if name.casefold() in NO_STUDENTS:
            continue
        cells = [(one, row[one.place]) for one in columns.answers]
        if said := table.too_long(row):
            marks = tuple(Mark(one.called, "unreadable", f"line {line} has {said}", text) for one, text in cells)
        else:
            marks = tuple(_marked(checkers, cells, decimal))
        students.append(Student(name, marks, sum(one.verdict in worth for one in marks)))
    called = tuple(one.called for one in columns.answers)
    return Grades(called, tuple(students), (*columns.notes, *_commas_noted(students)))


def _commas_noted(students: Sequence[Student]) -> Iterator[str]:
    unreadable = [one.claimed for student in students for one in student.answers if one.verdict == "unreadable"]
    if commas := [text for text in unreadable if re.fullmatch(DECIMAL_COMMA, text.strip())]:
        cells = "1 cell looks" if len(commas) == 1 else f"{len(commas)} cells look"
        yield f"{cells} as if it had a decimal comma, such as {commas[0].strip()}; --decimal , reads it"


def _marked(checkers: Mapping[str, Checker], cells: Sequence[tuple[Answer, str]], decimal: str) -> Iterator[Mark]:
    """A student's answers, in the order of the columns."""
    found: dict[str, Mark] = {}
    readable: dict[str, list[tuple[Answer, str]]] = {}
    for answer, given in cells:
        try:
            text = given if decimal == "." else _with_point(given.strip())
            error = checkers[answer.prefix].refused(answer.name, text) if text.strip() not in NOTHING else ""
        except NetcalcError as refusal:
            text, error = given, refusal.message
        if text.strip() in NOTHING:
            found[answer.called] = Mark(answer.called, "missing")
        elif error:
            found[answer.called] = Mark(answer.called, "unreadable", error, given)
        else:
            readable.setdefault(answer.prefix, []).append((answer, text))
    for prefix, own in readable.items():
        checked = checkers[prefix].checked([(answer.name, text) for answer, text in own]).checked
        found |= {
            answer.called: _mark(answer.called, one, text) for (answer, text), one in zip(own, checked, strict=True)
        }
    for answer, _ in cells:
        yield found[answer.called]


def _with_point(text: str) -> str:
    """An answer with decimal commas as it is written with points; one with a point alone has it already."""
    if "," not in text and not re.fullmatch(POINTS_ALONE, text):
        return text
    return respelled(text, ",") if re.fullmatch(DIGITS_AND_SIGNS, text) else BETWEEN_DIGITS.sub(".", text)


def _mark(cell: str, one: Checked, text: str) -> Mark:
    return Mark(cell, "follows" if one.follows else one.verdict, one.diagnosis, text, one.mistake)
