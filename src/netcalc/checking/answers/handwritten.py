"""Numbers as people write them: 0,25 and 100 000, 1 e5, 37 %, 0.(25), ≈0.37; units are refused by name."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Container
from dataclasses import replace
from fractions import Fraction

from netcalc.checking.answers.written import Written, read
from netcalc.errors import ExpressionError
from netcalc.expression import FUNCTIONS, LIMITS, Number

ABOUT = "≈~≃≅≐="
QUOTES = (
    *(("'", "'"), ('"', '"'), ("‘", "’"), ("“", "”"), ("`", "`")),
    *(("$$", "$$"), ("$", "$"), ("\\(", "\\)"), ("\\[", "\\]")),
)
SPACES = " \u00a0\u2009\u202f"
BETWEEN = rf"[{SPACES}'’]"  # groups of three digits
SIGNED = r"(?P<sign>[+\-−]?)"
GROUPED = rf"{SIGNED}(?P<whole>\d{{1,3}}(?:{BETWEEN}\d{{3}})+)(?P<rest>(?:[.,]\d+)?)"
WITH_COMMAS = rf"{SIGNED}(?P<whole>\d{{1,3}}(?:,\d{{3}})+)(?P<rest>\.\d+)"
MANY_COMMAS = rf"{SIGNED}(?P<whole>\d{{1,3}}(?:,\d{{3}}){{2,}})(?P<rest>)"
WITH_POINTS = rf"{SIGNED}(?P<whole>\d{{1,3}}(?:\.\d{{3}})+)(?P<rest>,\d+)"
COMMA = rf"{SIGNED}(?P<whole>\d*)(?P<rest>,\d+(?:[eE][+-]?\d+)?)"
TWO_READINGS = r"[+\-−]?[1-9]\d{0,2},\d{3}"
MIXED = rf"([+\-−]?)(\d{{1,9}})[{SPACES}]+(\d{{1,9}})/(\d{{1,9}})"
TIMES_TEN_TO = rf"[xX][{SPACES}]*10[{SPACES}]*(?:\^|\*\*)[{SPACES}]*[({{]?"  # with a letter for the sign
SPACED_EXPONENT = (
    rf"(?P<before>[+\-−]?(?:\d+[.,]?\d*|[.,]\d+))[{SPACES}]*(?:[eE]|{TIMES_TEN_TO})[{SPACES}]*"
    rf"(?P<exponent>[+\-−]?[{SPACES}]?\d+)[)}}]?"
)
SCIENTIFIC = (  # with a sign for the product, where a decimal point says that it is no formula
    rf"(?P<before>[+\-−]?(?:\d+[.,]\d+|[.,]\d+))[{SPACES}]*[×·⋅*][{SPACES}]*10[{SPACES}]*"
    rf"(?:(?:\^|\*\*)[{SPACES}]*[({{]?(?P<exponent>[+\-−]?\d+)[)}}]?|(?P<raised>[⁺⁻]?[⁰¹²³⁴⁵⁶⁷⁸⁹]+))"
)
REPEATING = rf"{SIGNED}(?P<whole>\d*)[.,](?P<behind>\d*)\((?P<again>\d+)\)"
GOING_ON = r"(?P<number>[+\-−]?(?:\d+\.\d+|\.\d+))(?:\.\.\.|…)"
PERCENT = rf"(?P<number>.*\d)[{SPACES}]*\\?%"
WITH_UNIT = (
    rf"(?P<number>[+\-−]?(?:\d+[.,]?\d*|[.,]\d+)(?:[eE][+-]?\d+)?)[{SPACES}]*(?P<unit>[°ΩµA-Za-z][°ΩµA-Za-z²³⁻¹·/]*)"
)
LONGEST = 2 * LIMITS.digits  # of a number with all that stands between its digits
NO_UNITS = frozenset({"e", "pi", "π"})


def unquoted(text: str) -> str:
    """A text without the quotes around it that a shell left there, and the dollars around pasted mathematics."""
    stripped = text.strip()
    for opening, closing in QUOTES:
        is_quoted = stripped.startswith(opening) and len(stripped) > len(opening + closing)
        if is_quoted and stripped.find(closing, len(opening)) == len(stripped) - len(closing):
            return stripped[len(opening) : -len(closing)]
    return text


def read_number(text: str, names: Container[str]) -> Written | None:
    """A single number that is written otherwise than a program would; None where it is none of these forms.

    `names` are those that a formula may use. Raises ExpressionError for a number with a unit, and one of two readings.
    """
    stripped = text.strip().lstrip(ABOUT).strip(SPACES)
    if len(stripped) > LONGEST:
        return None
    if match := re.fullmatch(PERCENT, stripped):
        own = read_number(match["number"], names) or read(match["number"])
        return _hundredth(own, text)
    if match := re.fullmatch(GOING_ON, stripped):
        return _going_on(read(match["number"]), text)
    if match := re.fullmatch(REPEATING, stripped):
        return Written(text.strip(), Number(_repeating(match)))
    if match := re.fullmatch(MIXED, stripped):
        sign, whole, above, below = match.groups()
        once, product = f"{sign}{int(whole) * int(below) + int(above)}/{below}", f"{sign}{whole}*{above}/{below}"
        raise ExpressionError(f"{stripped} is {once} or {product}: write the one that is meant", source=text)
    _refuse_unit(stripped, text, names)
    if re.fullmatch(TWO_READINGS, stripped):
        whole, behind = stripped.split(",")
        raise ExpressionError(
            f"{stripped} is {whole}.{behind} or {whole}{behind}: write the one that is meant", source=text
        )
    plain = _plainly(stripped)
    return replace(read(plain), text=plain) if plain != text.strip() and _is_number(plain) else None


def _plainly(text: str) -> str:
    """With a decimal point, and nothing between the digits."""
    if match := re.fullmatch(SCIENTIFIC, text):
        exponent = (match["exponent"] or unicodedata.normalize("NFKC", match["raised"])).replace("−", "-")
        return f"{match['before'].replace(',', '.')}e{exponent}"
    if match := re.fullmatch(SPACED_EXPONENT, text):
        exponent = re.sub(rf"[{SPACES}]", "", match["exponent"]).replace("−", "-")
        return f"{match['before'].replace(',', '.')}e{exponent}"
    for form in (GROUPED, WITH_COMMAS, MANY_COMMAS, WITH_POINTS, COMMA):
        if match := re.fullmatch(form, text):
            return match["sign"] + re.sub(r"\D", "", match["whole"]) + match["rest"].replace(",", ".")
    return text


def _is_number(text: str) -> bool:
    return re.fullmatch(r"[+\-−]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", text) is not None


def _hundredth(own: Written, text: str) -> Written | None:
    if own.value is None:
        return None
    place = None if own.place is None else own.place - 2
    return replace(own, text=text.strip(), tree=Number(own.value / 100), place=place, whole=False, exact=False)


def _going_on(cut: Written, text: str) -> Written:
    """0.1966…: what begins with these digits."""
    half = Fraction(10) ** (cut.place or 0) / 2
    middle = (cut.value or 0) + (-half if text.strip()[0] in "-−" else half)
    return replace(cut, text=text.strip(), tree=Number(middle))


def _repeating(match: re.Match[str]) -> Fraction:
    """0.1(6): its digits and then ever again those in brackets."""
    before, behind, again = match["whole"] or "0", match["behind"], match["again"]
    shift = 10 ** len(behind)
    value = Fraction(int(before + behind), shift) + Fraction(int(again), (10 ** len(again) - 1) * shift)
    return -value if match["sign"] in ("-", "−") else value


def _means_something(word: str, names: Container[str]) -> bool:
    return word in NO_UNITS or word in names or word in FUNCTIONS


def _refuse_unit(stripped: str, text: str, names: Container[str]) -> None:
    """Raises ExpressionError for a number with a word behind it that means nothing here."""
    match = re.fullmatch(WITH_UNIT, stripped)
    if match is None or re.fullmatch(SPACED_EXPONENT, stripped):
        return
    words = re.findall(r"[^\W\d_²³¹]+|°", match["unit"])
    if all(_means_something(word, names) or all(_means_something(one, names) for one in word) for word in words):
        return
    message = f"'{match['unit']}' is a unit, and an answer here has none: write {match['number']}"
    raise ExpressionError(message, source=text, position=text.find(match["unit"]))
