"""What the columns of a class's table are: who it is, an answer, or neither, by the cells of the header."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress

from netcalc.checking.checker import Checker
from netcalc.errors import FileError, NetcalcError, UnknownNameError
from netcalc.records import NamedTuple

NUMBERED = re.compile(r"\d+\.")
NAME_COLUMNS = ("student", "name", "full name", "student name", "learner", "username", "user", "login")
FIRST_NAMES, LAST_NAMES = ("first name", "firstname", "given name"), ("last name", "lastname", "surname", "family name")
ADDRESSES = ("email address", "email", "e-mail")
COLUMNS_NAMED = 8  # of those that are passed over
COLUMNS_BESIDE = 1_000  # that are no answers, of a table that is one of answers
AROUND = "?:;,.=\"'“”„()"  # what stands around a word of a question


class Answer(NamedTuple):
    """A column that is an answer: its place, what it is called, and the exercise and the name that this means."""

    place: int
    called: str
    prefix: str
    name: str


class Columns(NamedTuple):
    """The places of those that say who it is, the answers, and what there is to note."""

    who: list[int]
    answers: list[Answer]
    notes: list[str]


def columns_of(checkers: Mapping[str, Checker], header: Sequence[str], source: str) -> Columns:
    """What each column is. Raises FileError for a whole tensor, an index that isn't there, and an answer twice.

    A cell is an answer's name, or has one among its words where no other column is called so: `What is ∂f/∂b?`.
    """
    answers = sum(one.entries.size for checker in checkers.values() for one in checker.names.tensors.values())
    if len(header) > answers + COLUMNS_BESIDE:
        raise FileError(f"{source} has {len(header):,} columns, far more than there are answers")
    named: dict[str, Answer] = {}
    plain = [_named(checkers, place, cell, source) for place, cell in enumerate(header)]
    for place, (own, answer) in enumerate(plain):
        if answer is not None and own in named:
            raise _twice(source, header, named[own].place, place)
        if answer is not None:
            named[own] = answer
    inside: dict[str, Answer] = {}
    for place, cell in enumerate(header):
        own, answer = _named_within(checkers, place, cell) if plain[place][1] is None else ("", None)
        if answer is None or own in named:
            continue
        if own in inside:
            raise _twice(source, header, inside[own].place, place)
        inside[own] = answer
    found = sorted([*named.values(), *inside.values()])
    if not found:
        names = next(iter(checkers.values())).names.listed
        raise FileError(
            f"{source} has no column that is an answer, as {next(iter(checkers))}{names}; "
            f"its columns are {_listed(header)}"
        )
    others = [place for place in range(len(header)) if place not in {one.place for one in found}]
    who = _who(header, others)
    passed_over = [header[place] for place in others if place not in who]
    notes = []
    if inside:
        read = [f"'{header[one.place]}' as {one.called}" for one in inside.values()]
        notes.append(f"columns read as answers: {_listed(read)}")
    if passed_over:
        notes.append(f"columns that are no answers are passed over: {_listed(passed_over)}")
    return Columns(who, found, notes)


def _named(checkers: Mapping[str, Checker], place: int, cell: str, source: str) -> tuple[str, Answer | None]:
    """The answer that a cell names, and the name that is its own; none for another cell."""
    try:
        own, answer, is_whole = _meant(checkers, place, cell)
    except NetcalcError as error:
        if place and not isinstance(error, UnknownNameError):
            raise FileError(f"{source}, column '{cell}': {error.message}") from None
        return "", None
    if is_whole:
        raise FileError(f"{source}, column '{cell}': {own} is a whole tensor; a column is one of its numbers")
    return own, answer


def _named_within(checkers: Mapping[str, Checker], place: int, cell: str) -> tuple[str, Answer | None]:
    """The one answer that is named among the words of a cell; a single letter is none, as it may be a word."""
    found = {}
    words = [one.strip(AROUND) for one in cell.split()]
    for word in words if words != [cell] else ():
        with suppress(NetcalcError):
            own, answer, is_whole = _meant(checkers, place, word)
            if answer is not None and not is_whole and len(word) > 1:
                found[own] = answer
    return next(iter(found.items())) if len(found) == 1 else ("", None)


def _meant(checkers: Mapping[str, Checker], place: int, word: str) -> tuple[str, Answer | None, bool]:
    """The name that is an answer's own, the answer, and whether it is a whole tensor. Raises NetcalcError."""
    prefix, name = _split(checkers, word)
    target = checkers[prefix].names.meant(name)
    if target is None:
        return "", None, False
    return f"{prefix}{target.name}", Answer(place, word, prefix, name), target.index is None


def _twice(source: str, header: Sequence[str], first: int, second: int) -> FileError:
    return FileError(f"{source}: the columns '{header[first]}' and '{header[second]}' are the same answer")


def _listed(cells: Sequence[str]) -> str:
    return ", ".join(cells[:COLUMNS_NAMED]) + (", …" if len(cells) > COLUMNS_NAMED else "")


def _who(header: Sequence[str], others: Sequence[int]) -> list[int]:
    """The columns that name a student: by their names, or the first of all if it is no answer."""
    places = {header[place].casefold(): place for place in others}
    for names in (NAME_COLUMNS, FIRST_NAMES, LAST_NAMES, ADDRESSES):
        if found := [places[name] for name in names if name in places]:
            surname = [places[name] for name in LAST_NAMES if name in places] if names is FIRST_NAMES else []
            return [found[0], *surname[:1]]
    return [0] if 0 in others else []


def _split(checkers: Mapping[str, Checker], cell: str) -> tuple[str, str]:
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
