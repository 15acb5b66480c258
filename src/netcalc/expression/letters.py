"""Names that are no variables, taken apart as people write products and functions: `xe^x`, `2xy`, `sinx`, `xln(2)`."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import pairwise

from netcalc.errors import ExpressionError
from netcalc.expression.functions import FUNCTIONS, SPOKEN
from netcalc.expression.tokens import Token

CONSTANTS = ("pi", "e")
LONGEST = 16  # letters of a name that is looked at
USUAL = frozenset("xyz")  # what a function stands before, whether or not it occurs elsewhere
OF_NUMBERS = ("ln", "sqrt")  # ln2, sqrt2
TWO_READINGS = ("log2", "log10")  # log2x


_TWO_READINGS = "'{name}' can be read two ways: write log(…), or log2(…) or log10(…), with brackets"


def standing(tokens: Sequence[Token]) -> set[str]:
    """The names that stand by themselves, and so are variables: no function, none that a bracket follows."""
    return {
        one.text
        for one, after in pairwise(tokens)
        if one.kind == "name" and after.kind != "(" and one.text not in FUNCTIONS and one.text not in CONSTANTS
    }


def is_letter(name: str) -> bool:
    """Whether a name is one letter, perhaps numbered: x, w1, x_2."""
    return name[:1].isalpha() and (len(name) == 1 or name[1:].removeprefix("_").isdigit())


def taken_apart(text: str, tokens: Sequence[Token], variables: Collection[str]) -> tuple[list[Token], list[str]]:
    """The tokens, with names that are products in their letters' places; and the names kept whole that may be some."""
    letters = {name for name in standing(tokens) if is_letter(name)} | set(variables)
    found: list[Token] = []
    kept: dict[str, None] = {}
    known: dict[tuple[str, bool], list[str] | None] = {}
    for one, after in zip(tokens, [*tokens[1:], tokens[-1]], strict=True):
        key = one.text, after.kind in BEGINNING
        is_name = one.kind == "name" and one.text not in variables and len(one.text) == one.end - one.start
        if not is_name or not 1 < len(one.text) <= LONGEST or one.text in FUNCTIONS or one.text in CONSTANTS:
            found.append(one)
            continue
        if key not in known:
            known[key] = _pieces(*key, letters)
        pieces = known[key]
        if pieces is not None:
            if one.text.startswith(TWO_READINGS) and not one.text[3:].isdigit():
                raise ExpressionError(_TWO_READINGS.format(name=one.text), source=text, position=one.start)
            found += _tokens(one, pieces)
            continue
        found.append(one)
        if len(one.text) < 4 and one.text.isalpha() and one.text.islower() and not letters.isdisjoint(one.text):
            kept[one.text] = None
    return found, list(kept)


BEGINNING = frozenset({"number", "name", "indexed", "(", "[", "{", "√", "∛", "pi", "|", "\\frac", "\\sqrt"})


def _tokens(one: Token, pieces: Sequence[str]) -> list[Token]:
    found, start = [], one.start
    for piece in pieces:
        end = start + len(piece)
        found.append(Token("number" if piece.isdigit() else "name", piece, start, end))
        start = end
    return found


def _pieces(name: str, goes_on: bool, letters: Collection[str]) -> list[str] | None:
    """A name as functions, variables and constants side by side; None if it is none.

    A function stands before digits, letters or, where the expression goes on with an operand, at the end.
    """
    ends: list[list[str] | None] = [None] * len(name) + [[]]
    for start in range(len(name) - 1, -1, -1):
        for end in range(len(name), start, -1):
            piece, rest = name[start:end], ends[end]
            if rest is not None and _fits(name, start, piece, rest, goes_on, letters):
                ends[start] = [piece, *rest]
                break
    found = ends[0]
    has_meaning = found and any(piece in SPOKEN or piece not in CONSTANTS for piece in found)
    return found if has_meaning and found and len(found) > 1 else None


def _fits(name: str, start: int, piece: str, rest: list[str], goes_on: bool, letters: Collection[str]) -> bool:
    if piece in SPOKEN:
        return bool(rest) or goes_on
    if piece.isdigit():
        before = name[:start]
        return before.endswith(OF_NUMBERS) if not rest else before.endswith(_SPOKEN) and not rest[0].isdigit()
    if piece in CONSTANTS or piece in letters:
        return piece != name
    if len(piece) > 1 or not piece.isalpha():
        return False
    of_function = start == 0 and bool(rest) and rest[0] in SPOKEN  # the x of xln(2) and xsinx
    after_function = name[:start].rstrip("0123456789").endswith(_SPOKEN) and (piece in USUAL or piece == name[0])
    return of_function or after_function


_SPOKEN = tuple(SPOKEN)
