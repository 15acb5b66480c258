"""A class marked: a row a student, a column an answer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from netcalc.checking.check import Checker
from netcalc.checking.diagnose import NO_DIAGNOSIS
from netcalc.checking.tables import read_table, read_text
from netcalc.errors import FileError, NetcalcError
from netcalc.files import StandardInput
from netcalc.files.source import open_source
from netcalc.result import Checked

MARKED = ("right", "rounded")
NUMBERED = re.compile(r"\d+\.")


@dataclass(frozen=True, slots=True)
class Mark:
    """One answer of one student: right, rounded, wrong, unreadable, missing, or follows from an earlier wrong one."""

    name: str
    verdict: str
    diagnosis: str = ""
    claimed: str = ""


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
    """A class: the answers asked for, a row a student, and how many made which mistake."""

    answers: tuple[str, ...]
    students: tuple[Student, ...]

    @property
    def mistakes(self) -> list[tuple[str, int]]:
        """Each diagnosis with how many students it is of, the most frequent first."""
        counted: dict[str, int] = {}
        for student in self.students:
            for said in dict.fromkeys(one.diagnosis for one in student.answers if one.verdict == "wrong"):
                counted[said] = counted.get(said, 0) + 1
        return sorted(counted.items(), key=lambda pair: (pair[0] == NO_DIAGNOSIS.said, -pair[1]))

    @property
    def mean(self) -> float:
        """The mean of the marks."""
        return sum(student.marks for student in self.students) / max(1, len(self.students))

    @property
    def is_all_right(self) -> bool:
        """Whether every answer of every student is right."""
        return all(one.verdict in MARKED for student in self.students for one in student.answers)


def grade(checkers: Mapping[str, Checker], path: str, *, follow_through: bool = False) -> Grades:
    """A file's rows marked; `checkers` by what stands before their answers' names, nothing where there is one problem.

    `follow_through` gives the mark to an answer that is right from an earlier wrong one. Raises FileError.
    """
    opened = open_source(path, "the answers", StandardInput())
    source, header, rows = read_table(read_text(opened), opened.name)
    if not rows:
        raise FileError(f"{source} has a header and no row below it; a row is a student's")
    who, columns = _columns(checkers, header, source)
    worth = (*MARKED, "follows") if follow_through else MARKED
    students: list[Student] = []
    for number, (_, given) in enumerate(rows, 1):
        row = [*given, *[""] * (len(header) - len(given))]
        marks = tuple(_marked(checkers, [(header[place], row[place]) for place in columns]))
        name = str(number) if who is None else row[who].strip()
        students.append(Student(name, marks, sum(one.verdict in worth for one in marks)))
    return Grades(tuple(header[place] for place in columns), tuple(students))


def _columns(checkers: Mapping[str, Checker], header: Sequence[str], source: str) -> tuple[int | None, list[int]]:
    """Which column says who it is, and which are answers. Raises FileError for any other, and for one twice."""
    who: int | None = None
    columns: list[int] = []
    seen: dict[str, str] = {}
    for place, cell in enumerate(header):
        try:
            prefix, name = split(checkers, cell)
            target = checkers[prefix].names.find(name)
        except NetcalcError as error:
            if place:
                raise FileError(f"{source}, column '{cell}': {error.message}") from None
            who = place
            continue
        own = f"{prefix}{target.name}"
        if target.index is None:
            raise FileError(f"{source}, column '{cell}': {own} is a whole tensor; a column is one of its numbers")
        if own in seen:
            raise FileError(f"{source}: the columns '{seen[own]}' and '{cell}' are the same answer")
        seen[own] = cell
        columns.append(place)
    if not columns:
        raise FileError(f"{source} has no column that is an answer")
    return who, columns


def split(checkers: Mapping[str, Checker], cell: str) -> tuple[str, str]:
    """`2.dx0` -> the problem's part `2.` and the name; the name alone where there is one problem."""
    prefix = next((one for one in checkers if one and cell.startswith(one)), "")
    if prefix not in checkers:
        if NUMBERED.match(cell):
            raise FileError(f"there is no exercise {cell.partition('.')[0]}; they go from 1 to {len(checkers)}")
        raise FileError(
            f"an answer to one of several exercises is called {next(iter(checkers))}{cell}, with its number"
        )
    return prefix, cell[len(prefix) :]


def _marked(checkers: Mapping[str, Checker], cells: Sequence[tuple[str, str]]) -> Iterator[Mark]:
    """A student's answers, in the order of the columns."""
    found: dict[str, Mark] = {}
    readable: dict[str, list[tuple[str, str, str]]] = {}
    for cell, text in cells:
        prefix, name = split(checkers, cell)
        if not text.strip():
            found[cell] = Mark(cell, "missing")
        elif error := checkers[prefix].refused(name, text):
            found[cell] = Mark(cell, "unreadable", error, text)
        else:
            readable.setdefault(prefix, []).append((cell, name, text))
    for prefix, own in readable.items():
        checked = checkers[prefix].checked([(name, text) for _, name, text in own]).checked
        found |= {cell: _mark(cell, one, text) for (cell, _, text), one in zip(own, checked, strict=True)}
    for cell, _ in cells:
        yield found[cell]


def _mark(cell: str, one: Checked, text: str) -> Mark:
    return Mark(cell, "follows" if one.follows else one.verdict, one.diagnosis, text)
