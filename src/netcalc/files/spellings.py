"""Numbers as programs and offices write them: Fortran's exponents, thousands in groups, accountants' brackets."""

from __future__ import annotations

import re

from netcalc.errors import ValueSyntaxError

SPACES = "\u00a0\u2007\u2009\u202f"  # no-break, figure, thin, and narrow no-break: what stands between thousands
FORTRAN = r"([+\-−]?(?:[0-9]{1,60}[.,]?[0-9]{0,60}|[.,][0-9]{1,60}))[dD]([+\-−]?[0-9]{1,4})"
GROUPED = r"[+\-−]?[1-9][0-9]{{0,2}}(?:([{marks}])[0-9]{{3}})(?:\1[0-9]{{3}}){{0,20}}(?P<rest>{decimal}[0-9]{{0,60}})?"
BRACKETED = r"\(\s*([^()a-zA-Z]*[0-9][^()a-zA-Z]*)\s*\)"
OTHER = {".": ",", ",": "."}


def respelled(text: str, decimal: str) -> str:
    """The same number with a point, without marks between thousands, its exponent after an `e`.

    What is none of these spellings comes back as it was, but for its decimal sign. Raises ValueSyntaxError where
    people read the text as two numbers.
    """
    if bracketed := re.fullmatch(BRACKETED, text):
        inside = bracketed[1].strip()
        raise ValueSyntaxError(f"'{text}' is -{inside} to an accountant, {inside} to others: write one of them")
    if fortran := re.fullmatch(FORTRAN, text):
        text = f"{fortran[1]}e{fortran[2]}"
    marks = OTHER[decimal] + SPACES + "'’"
    grouped = re.fullmatch(GROUPED.format(marks=marks, decimal=re.escape(decimal)), text)
    if grouped and (grouped[1] != OTHER[decimal] or grouped["rest"] or text.count(grouped[1]) > 1):
        text = text.replace(grouped[1], "")
    if decimal == ".":
        return text
    if "." in text:
        readings = f": write {text.replace('.', '')} or {text.replace('.', decimal)}" if grouped else ""
        raise ValueSyntaxError(f"'{text}' has a point, where the decimal sign is '{decimal}'{readings}")
    return text.replace(decimal, ".")
