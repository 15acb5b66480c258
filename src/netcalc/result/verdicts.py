"""Verdicts on what is brought: answers, and lines of code that give a gradient."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netcalc.records import NamedTuple

if TYPE_CHECKING:
    from netcalc.result.value import Value


class Taken(NamedTuple):
    """A step that went wrong, as it was taken and as it is right, a line each."""

    wrong: str
    right: str


class Checked(NamedTuple):
    """A verdict on an answer that was brought: `right`, `rounded` (right to the digits that were given) or `wrong`.

    `diagnosis` says what went wrong, where that is known, `explanation` is the step that goes right, `note` how the
    answer was understood; `follows` names an earlier answer that was brought and from which this one is right.
    `tensor` is what it is an entry of, where that was brought as a whole. `mistake` is the identifier of what went
    wrong (several with `|` between them), `step` the step of the derivation at which it did, `taken` the steps that
    went wrong, as they were taken and as they are right: one a cause that is named.
    """

    name: str
    claimed: Value
    correct: Value
    verdict: str
    diagnosis: str = ""
    explanation: str = ""
    note: str = ""
    follows: str = ""
    tensor: str = ""
    mistake: str = ""
    step: str = ""
    taken: tuple[Taken, ...] = ()

    @property
    def is_wrong(self) -> bool:
        return self.verdict == "wrong"

    def record(self) -> dict[str, float | str | None]:
        """As data formats write it."""
        return {
            "name": self.name,
            "claimed": self.claimed.plain(),
            "correct": self.correct.plain(),
            "verdict": self.verdict,
            "diagnosis": self.diagnosis or None,
            "explanation": self.explanation or self.note or None,
            "mistake": self.mistake or None,
            "step": self.step or None,
            "as_taken": " | ".join(dict.fromkeys(one.wrong for one in self.taken)) or None,
            "as_right": " | ".join(dict.fromkeys(one.right for one in self.taken)) or None,
        }


class CheckedLine(NamedTuple):
    """A verdict on a line of code that gives a gradient: `right`, `wrong` or `not judged`.

    Lines and columns are counted from 1.

    `follows` names the gradient before it that it is wrong after, being right in itself. `mistake` is an identifier,
    `diagnosis` what went wrong, `repair` the line as it is right, `text` as it is, in `file`; `marked` are the first
    and the last column but one of the part that the repair changes.
    """

    name: str
    line: int
    column: int
    verdict: str
    follows: str = ""
    mistake: str = ""
    diagnosis: str = ""
    repair: str = ""
    file: str = ""
    text: str = ""
    marked: tuple[int, int] | None = None

    @property
    def is_wrong(self) -> bool:
        return self.verdict == "wrong"

    @property
    def is_right(self) -> bool:
        return self.verdict == "right"

    @property
    def is_unjudged(self) -> bool:
        return self.verdict == "not judged"

    @property
    def said(self) -> str:
        """The diagnosis without the repaired line at its end."""
        last = self.repair.rpartition("\n")[2].strip()
        return self.diagnosis.removesuffix(f": {last}") if last else self.diagnosis

    def record(self) -> dict[str, float | str | None]:
        """As data formats write it."""
        return {
            "name": self.name,
            "line": self.line,
            "column": self.column,
            "verdict": self.verdict,
            "follows": self.follows,
            "mistake": self.mistake or None,
            "diagnosis": self.diagnosis or None,
            "repair": self.repair or None,
        }
