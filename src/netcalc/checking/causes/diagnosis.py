"""What is said of a wrong answer: the edit that explains it, or the few that would do."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import islice

from netcalc.checking.edits.edit import Edit, Frequency
from netcalc.records import dataclass

WHOLE = "whole-gradient"  # the row whose edits say the same of one answer and of all
AT_MOST = 3  # explanations that are named where several would do


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """What is said of a wrong answer; `follows` is the earlier answer that it is right from.

    `mistake` are the identifiers of the catalogue's rows, `at` is what went wrong, by its name, `edits` what is named.
    """

    said: str
    follows: str = ""
    mistake: str = ""
    at: str = ""
    edits: tuple[Edit, ...] = ()


WRONG_SIGN = "the sign is wrong"  # as one entry may have it alone
SIGN = re.compile(f"{WRONG_SIGN}$|the sign of ∂.* is wrong$")  # of a whole gradient
MULTIPLES = ("twice what it is", "half of what it is")  # the same for the ends of what is said
NO_DIAGNOSIS = Diagnosis("the cause was not identified")


def few(explaining: Sequence[tuple[Edit, bytes]]) -> list[Edit]:
    """Explanations, each with what it yields, without what is rarer than another that yields the same or says less.

    Of too many that is one a row and, in the end, none that is rarer than another.
    """
    usual: dict[bytes, Frequency] = {}
    for edit, values in explaining:
        usual[values] = min(edit.frequency, usual.get(values, edit.frequency))
    kept = [(edit, values) for edit, values in explaining if edit.frequency == usual[values]]
    kept = [pair for pair in kept if not any(_says_more(pair, other) for other in kept)]
    if _count(edit for edit, _ in kept) <= AT_MOST:
        return [edit for edit, _ in kept]
    by_row = list({(edit.row, values): edit for edit, values in reversed(kept)}.values())[::-1]
    first = min(edit.frequency for edit in by_row)
    return by_row if _count(by_row) <= AT_MOST else [edit for edit in by_row if edit.frequency == first]


def _says_more(pair: tuple[Edit, bytes], other: tuple[Edit, bytes]) -> bool:
    """Whether an edit does no more here than another one which does less, or says it without its reason."""
    edit, less = pair[0], other[0]
    if pair[1] != other[1] or edit is less:
        return False
    if edit.row == WHOLE != less.row and edit.said.endswith(MULTIPLES):
        return True
    return less.instead.items() < edit.instead.items()


def _count(edits: Iterable[Edit]) -> int:
    return len({edit.said for edit in edits})


def either(explaining: Sequence[Edit]) -> Diagnosis:
    """One explanation, or `either … or …`."""
    whole = [one for one in explaining if one.row == WHOLE]
    by_words = {one.said: one for one in explaining if one not in whole[1:]}
    signs = [one for one in by_words.values() if one.row == WHOLE and SIGN.match(one.said)]
    if signs and len(by_words) > 1:
        return _with_reasons(signs[0], [one for one in by_words.values() if one is not signs[0]])
    said, shown = list(by_words), list(islice(by_words.values(), AT_MOST))
    rows = "|".join(dict.fromkeys(one.row for one in shown))
    at = shown[0].at if len({one.at for one in shown}) == 1 else ""
    if len(said) == 1:
        return Diagnosis(said[0], mistake=rows, at=at, edits=tuple(shown))
    more = f" (or {len(said) - AT_MOST} more)" if len(said) > AT_MOST else ""
    return Diagnosis(f"either {', or '.join(one.said for one in shown)}{more}", mistake=rows, at=at, edits=tuple(shown))


def _with_reasons(sign: Edit, reasons: Sequence[Edit]) -> Diagnosis:
    """A wrong sign, and what may have made it."""
    why = either(reasons)
    mistake = "|".join(dict.fromkeys([*why.mistake.split("|"), sign.row]))
    return Diagnosis(f"{sign.said}: {why.said}", mistake=mistake, at=why.at, edits=why.edits)
