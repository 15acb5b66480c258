"""A class marked: a row a student, a column an answer."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from netcalc.checking.answers.tables import Table
from netcalc.checking.causes.diagnose import NO_DIAGNOSIS
from netcalc.checking.checker import Checker
from netcalc.errors import FileError, NetcalcError, UnknownNameError
from netcalc.files.cells import DECIMAL_COMMA, respelled
from netcalc.outside import one_line
from netcalc.records import NamedTuple, dataclass
from netcalc.result import Checked

MARKED = ("right", "rounded")
NUMBERED = re.compile(r"\d+\.")
NOTHING = ("", "-", "–", "—")  # what a learning platform writes for no answer
NAME_COLUMNS = ("student", "name", "full name", "student name", "learner", "username", "user", "login")
FIRST_NAMES, LAST_NAMES = ("first name", "firstname", "given name"), ("last name", "lastname", "surname", "family name")
COLUMNS_NAMED = 8  # of those that are passed over
COLUMNS_BESIDE = 1_000  # that are no answers, of a table that is one of answers
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


class Columns(NamedTuple):
    """The places of a table's columns: those that say who it is, the answers, and those that are neither."""

    who: list[int]
    answers: list[int]
    others: list[int]


def grade(checkers: Mapping[str, Checker], table: Table, *, follow_through: bool = False, decimal: str = ".") -> Grades:
    """A table's rows marked; `checkers` by what stands before their answers' names, nothing where there is one problem.

    `follow_through` gives the mark to an answer that is right from an earlier wrong one; `decimal` is the decimal sign
    of the cells. Raises FileError.
    """
    source, header, rows = table
    if not rows:
        raise FileError(f"{source} has a header and no row below it; a row is a student's")
    columns = _columns(checkers, header, source)
    worth = (*MARKED, "follows") if follow_through else MARKED
    students: list[Student] = []
    for number, (_, given) in enumerate(rows, 1):
        row = [*given, *[""] * (len(header) - len(given))]
        marks = tuple(_marked(checkers, [(header[place], row[place]) for place in columns.answers], decimal))
        name = one_line(" ".join(row[place].strip() for place in columns.who)) or str(number)
        students.append(Student(name, marks, sum(one.verdict in worth for one in marks)))
    notes = _notes([header[place] for place in columns.others], students)
    return Grades(tuple(header[place] for place in columns.answers), tuple(students), tuple(notes))


def _notes(passed_over: Sequence[str], students: Sequence[Student]) -> Iterator[str]:
    if passed_over:
        listed = ", ".join(passed_over[:COLUMNS_NAMED]) + (", …" if len(passed_over) > COLUMNS_NAMED else "")
        yield f"columns that are no answers are passed over: {listed}"
    unreadable = [one.claimed for student in students for one in student.answers if one.verdict == "unreadable"]
    if commas := [text for text in unreadable if re.fullmatch(DECIMAL_COMMA, text.strip())]:
        cells = "1 cell looks" if len(commas) == 1 else f"{len(commas)} cells look"
        yield f"{cells} as if it had a decimal comma, such as {commas[0].strip()}; --decimal , reads it"


def _columns(checkers: Mapping[str, Checker], header: Sequence[str], source: str) -> Columns:
    """What each column is. Raises FileError for a whole tensor, an index that isn't there, and an answer twice."""
    answers = sum(one.entries.size for checker in checkers.values() for one in checker.names.tensors.values())
    if len(header) > answers + COLUMNS_BESIDE:
        raise FileError(f"{source} has {len(header):,} columns, far more than there are answers")
    columns: list[int] = []
    others: list[int] = []
    seen: dict[str, str] = {}
    for place, cell in enumerate(header):
        try:
            prefix, name = split(checkers, cell)
            target = checkers[prefix].names.meant(name)
        except NetcalcError as error:
            if place and not isinstance(error, UnknownNameError):
                raise FileError(f"{source}, column '{cell}': {error.message}") from None
            target = None
        if target is None:
            others.append(place)
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
    who = _who(header, others)
    return Columns(who, columns, [place for place in others if place not in who])


def _who(header: Sequence[str], others: Sequence[int]) -> list[int]:
    """The columns that name a student: by their names, or the first of all if it is no answer."""
    places = {header[place].casefold(): place for place in others}
    for names in (NAME_COLUMNS, FIRST_NAMES, LAST_NAMES):
        if found := [places[name] for name in names if name in places]:
            surname = [places[name] for name in LAST_NAMES if name in places] if names is FIRST_NAMES else []
            return [found[0], *surname[:1]]
    return [0] if 0 in others else []


def split(checkers: Mapping[str, Checker], cell: str) -> tuple[str, str]:
    """`2.dx0` -> the problem's part `2.` and the name; the name alone where there is one problem."""
    prefix = next((one for one in checkers if one and cell.startswith(one)), "")
    if prefix not in checkers:
        if NUMBERED.match(cell):
            raise FileError(f"there is no exercise {cell.partition('.')[0]}; they go from 1 to {len(checkers)}")
        called = f"an answer to one of several exercises is called {next(iter(checkers))}{cell}, with its number"
        if any(_has_answer(checker, cell) for checker in checkers.values()):
            raise FileError(called)
        raise UnknownNameError(called)
    return prefix, cell[len(prefix) :]


def _has_answer(checker: Checker, name: str) -> bool:
    try:
        return checker.names.meant(name) is not None
    except NetcalcError:
        return True


def _marked(checkers: Mapping[str, Checker], cells: Sequence[tuple[str, str]], decimal: str) -> Iterator[Mark]:
    """A student's answers, in the order of the columns."""
    found: dict[str, Mark] = {}
    readable: dict[str, list[tuple[str, str, str]]] = {}
    for cell, given in cells:
        prefix, name = split(checkers, cell)
        try:
            text = given if decimal == "." else _with_point(given.strip())
            error = checkers[prefix].refused(name, text) if text.strip() not in NOTHING else ""
        except NetcalcError as refusal:
            text, error = given, refusal.message
        if text.strip() in NOTHING:
            found[cell] = Mark(cell, "missing")
        elif error:
            found[cell] = Mark(cell, "unreadable", error, given)
        else:
            readable.setdefault(prefix, []).append((cell, name, text))
    for prefix, own in readable.items():
        checked = checkers[prefix].checked([(name, text) for _, name, text in own]).checked
        found |= {cell: _mark(cell, one, text) for (cell, _, text), one in zip(own, checked, strict=True)}
    for cell, _ in cells:
        yield found[cell]


def _with_point(text: str) -> str:
    """An answer with decimal commas as it is written with points; one with a point alone has it already."""
    if "," not in text and not re.fullmatch(POINTS_ALONE, text):
        return text
    return respelled(text, ",") if re.fullmatch(DIGITS_AND_SIGNS, text) else BETWEEN_DIGITS.sub(".", text)


def _mark(cell: str, one: Checked, text: str) -> Mark:
    return Mark(cell, "follows" if one.follows else one.verdict, one.diagnosis, text, one.mistake)
