"""How mistakes are told: python -m benchmarks.diagnoses [answers a cell and problem] [part of their names] [misses]

In fifty problems, planted: an edit of the catalogue is made and one answer or all of them brought, in 4 digits, 12
digits or as float32. `named` where it is told by its name, or by that of an edit with the same values, among at most
three; `more fit` where more than three edits fit. Left out: the same with the edit's row out of the catalogue,
where no other row yields the same.
At random: one answer or all of them are decimals (half of them uniform between plus and minus twice the largest right
answer of the tensor, half the right one times a normal number around 1), whole numbers of two digits, or fractions of
one. Right: right answers in any rounding, spelling and type of number. The same numbers give the same table.
"""

from __future__ import annotations

import math
import random
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from benchmarks.diagnosed import problems
from netcalc.checking import Checker
from netcalc.checking.answers.names import name_at
from netcalc.checking.answers.sources import given
from netcalc.checking.causes.diagnosis import NO_DIAGNOSIS
from netcalc.checking.causes.library import Yielded
from netcalc.checking.one_change import ONE_CHANGE
from netcalc.result import Checked, Tensor

COUNT = 2  # answers a cell and problem
WRITTEN = {"4 digits": 4, "12 digits": 12, "float32": 0}
DECIMALS = (2, 3, 4, 6, 9)
OF_BOTH = {"one": False, "all": True}
Answers = Mapping[str, Any]


class Subject:
    """A problem with what is right, and what edits yield, as columns of numbers."""

    def __init__(self, checker: Checker, *, misses: bool) -> None:
        self.misses = misses
        self.checker, self.library = checker, checker.library
        self.tensors: list[Tensor] = list(checker.result.tensors)
        self.names = [name_at(tensor, index) for tensor in self.tensors for index in np.ndindex(tensor.entries.shape)]
        self.right = {tensor.name: tensor.numbers() for tensor in self.tensors}
        self.truth = self.column(self.right)
        self.everything = self.library.singles, self.library.pairs
        self.values = np.array([self.column(one.whole[0]) for one in self.library.singles])

    def column(self, whole: Mapping[str, np.ndarray]) -> np.ndarray:
        """All entries after one another."""
        return np.concatenate([np.ravel(whole.get(one.name, self.right[one.name])) for one in self.tensors])

    def checked(self, answers: Answers) -> Sequence[Checked]:
        """The verdicts."""
        brought = given(dict(answers), self.checker.names).given
        return self.checker.checked(brought).checked

    def without(self, row: str) -> None:
        """Take a row out of the catalogue; none for the whole of it."""
        singles, pairs = self.everything
        self.library.__dict__["singles"] = [one for one in singles if one.edit.row != row]
        self.library.__dict__["pairs"] = [one for one in pairs if row not in one.edit.row.split("+")]


def planted(subject: Subject, one: Yielded, written: str, *, every: bool, left_out: bool) -> tuple[str, str]:
    """What comes of an edit, and what was told: `named`, `more fit`, `wrongly`, `not`; nothing where all is right."""
    wrong = subject.column(one.whole[0])
    with np.errstate(all="ignore"):
        changed = np.flatnonzero(~(np.abs(wrong - subject.truth) <= 1e-6 * np.abs(subject.truth)))
    if not changed.size or not (np.abs(wrong) < np.finfo(np.float32).max).all():
        return "", ""
    places = list(range(len(wrong))) if every else [random.choice(changed.tolist())]
    subject.without(one.edit.row if left_out else "")
    if written == "float32":
        names = [t.name for t in subject.tensors if every or _holds(subject, t, places[0])]
        answers: Answers = {
            name: np.asarray(one.whole[0][name], dtype=np.float32) for name in names if name in one.whole[0]
        }
        places = [n for t in subject.tensors if t.name in answers for n in _places(subject, t)]
    else:
        answers = {subject.names[n]: f"{wrong[n]:.{WRITTEN[written]}g}" for n in places}
    checked = subject.checked(answers)
    subject.without("")
    told = {answer.diagnosis for answer in checked if answer.is_wrong and not answer.follows}
    if not told or any(said.startswith(("cut off", "rows and columns")) for said in told):
        return "", ""
    if told == {NO_DIAGNOSIS.said}:
        return "not", f"{answers}"[:80]
    all_told = " & ".join(sorted(told))
    named = [_is_named(subject, wrong, answer) for answer in checked if answer.is_wrong]
    if left_out:
        return ("", "") if all(named) else ("told", all_told)
    if not all(named):
        return "wrongly", all_told
    return "named" if all(map(_is_short, told)) else "more fit", all_told


def _is_changed_to(subject: Subject, wrong: np.ndarray, place: int, told: str) -> bool:
    """Whether a change of the right formula that is told yields what was planted there."""
    tensor = next(one for one in subject.tensors if place in _places(subject, one))
    said, arrays = subject.library.changed[tensor.name]
    values = arrays.reshape(len(said), -1)[:, list(_places(subject, tensor)).index(place)]
    return any(
        one in told and abs(value - wrong[place]) <= 1e-7 * abs(wrong[place]) + 1e-12
        for one, value in zip(said, values, strict=True)
    )


def _is_named(subject: Subject, wrong: np.ndarray, answer: Checked) -> bool:
    """Whether an answer is told nothing, or an edit that yields what was planted there."""
    if answer.diagnosis == NO_DIAGNOSIS.said or answer.follows:
        return True
    place = subject.names.index(answer.name)
    if answer.mistake == ONE_CHANGE:
        return _is_changed_to(subject, wrong, place, answer.diagnosis)
    same = np.abs(subject.values[:, place] - wrong[place]) <= 1e-7 * np.abs(wrong[place]) + 1e-12
    return any(subject.library.singles[n].edit.said in answer.diagnosis for n in np.flatnonzero(same).tolist())


def _is_short(said: str) -> bool:
    return not said.endswith("more)")


def _places(subject: Subject, tensor: Tensor) -> range:
    start = sum(one.entries.size for one in subject.tensors[: subject.tensors.index(tensor)])
    return range(start, start + tensor.entries.size)


def _holds(subject: Subject, tensor: Tensor, place: int) -> bool:
    return place in _places(subject, tensor)


def at_random(subject: Subject, kind: str, *, every: bool) -> Iterator[str]:
    """`told` or `not`, an answer made at random."""
    largest = np.concatenate(
        [np.full(t.entries.size, np.nanmax(np.abs(subject.right[t.name]), initial=0) or 1) for t in subject.tensors]
    )
    places = range(len(subject.names)) if every else [random.randrange(len(subject.names))]
    digits = random.choice(DECIMALS)
    answers = {subject.names[n]: _drawn(kind, subject.truth[n] or 1, largest[n], digits) for n in places}
    for one in subject.checked(answers):
        if one.is_wrong:
            if (is_told := one.diagnosis != NO_DIAGNOSIS.said) and subject.misses:
                print(f"random {kind}, {every} | {one.name} {answers[one.name]} | {one.diagnosis}")
            yield "told" if is_told else "not"


def _drawn(kind: str, right: float, largest: float, digits: int) -> str:
    if kind == "integers":
        return str(random.choice((-1, 1)) * random.randint(10, 99))
    if kind == "fractions":
        return f"{random.randint(-9, 9)}/{random.randint(2, 9)}"
    number = random.uniform(-2, 2) * largest if random.random() < 0.5 else right * random.gauss(1, 1)
    return f"{number:.{digits}g}"


def rightly(subject: Subject) -> Iterator[str]:
    """`right` or `wrong`, a right answer in some rounding, spelling or type."""
    spelling: Callable[[float], Any] = random.choice(SPELLINGS)
    place = random.randrange(len(subject.names))
    if math.isfinite(subject.truth[place]):
        yield from _verdicts(subject, {subject.names[place]: spelling(float(subject.truth[place]))})
    tensor = random.choice(subject.tensors)
    if np.isfinite(subject.right[tensor.name]).all():
        kind = random.choice((np.float64, np.float32))
        yield from _verdicts(subject, {tensor.name: subject.right[tensor.name].astype(kind)})


def _verdicts(subject: Subject, answers: Answers) -> Iterator[str]:
    checked = subject.checked(answers)
    if subject.misses and any(one.is_wrong for one in checked):
        print("right answers |", answers, [(one.claimed.shown, one.correct.shown) for one in checked if one.is_wrong])
    return ("wrong" if one.is_wrong else "right" for one in checked)


SPELLINGS: Sequence[Callable[[float], str]] = (
    *(lambda value, n=n: f"{value:#.{n}g}" for n in range(2, 17)),
    *(lambda value, n=n: f"{value:.{n}e}" for n in range(1, 15)),
    lambda value: f"{value:.6g}".replace("-", "−"),
    lambda value: f"{value:.7e}".replace(".", ","),
    lambda value: f"({value:.9g})",
    repr,
)


def cells(subject: Subject, count: int) -> Iterator[tuple[str, str]]:
    """What comes of every answer, by the row of the table."""
    singles = subject.everything[0]
    for left_out in (False, True):
        for how, every in OF_BOTH.items():
            for written in WRITTEN:
                for one in random.sample(singles, min(count, len(singles))):
                    name = f"{'left out' if left_out else 'planted'}, {how}, {written}"
                    said, told = planted(subject, one, written, every=every, left_out=left_out)
                    if subject.misses and said not in ("named", "", "not" if left_out else ""):
                        print(f"{name} | {said} | {one.edit.frequency.name} {one.edit.row} | {one.edit.said} | {told}")
                    yield name, said
    for kind in ("decimals", "integers", "fractions"):
        for how, every in OF_BOTH.items():
            for _ in range(1 if every else 2 * count):
                yield from ((f"random {kind}, {how}", said) for said in at_random(subject, kind, every=every))
    for _ in range(count):
        yield from (("right answers", said) for said in rightly(subject))


def main(count: int = COUNT, part: str = "", misses: str = "") -> None:
    """Print the table."""
    random.seed(1)
    found: dict[str, Counter[str]] = {}
    for name, result in problems():
        if part in name:
            for row, said in cells(Subject(Checker(result), misses=bool(misses)), count):
                found.setdefault(row, Counter())[said] += bool(said)
    print("| answers | of | come to |\n|---|---|---|")
    for row, seen in found.items():
        whole = sum(seen.values())
        parts = ", ".join(f"{said} {100 * many / whole:.1f} %" for said, many in sorted(seen.items()) if many)
        print(f"| {row} | {whole} | {parts} |")


if __name__ == "__main__":
    main(*(int(text) if text.isdigit() else text for text in sys.argv[1:]))  # type: ignore[arg-type]
