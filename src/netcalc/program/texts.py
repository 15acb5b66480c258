"""Texts with numbers put in, as the keys of parameters are made: f"W{i}", "W%d" % i, "W{}".format(i)."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from string import Formatter
from typing import Any

UNKNOWN = "…"  # what a text has where it depends on values
FORM = r"0?[0-9]{0,2}[ds]?"  # a width, with zeros in front or not


def formatted(value: Any, form: str = "") -> str:
    """A whole number or a text within a text, `{i:02d}`."""
    try:
        return format(value, form) if isinstance(value, int | str) and re.fullmatch(FORM, form) else UNKNOWN
    except ValueError:  # 'd' of a text
        return UNKNOWN


def filled_in(text: str, values: Any) -> str:
    """`"W%d" % i`."""
    items = list(values) if isinstance(values, tuple) else [values]

    def put(found: re.Match[str]) -> str:
        if found[0] == "%%":
            return "%"
        value = items.pop(0) if items else None
        return formatted(str(value) if found[2] == "s" and isinstance(value, int) else value, found[1] + found[2])

    return re.sub(r"%%|%([-+ #.0-9]*)([a-zA-Z])", put, text)


def put_into(text: str, values: Sequence[Any], named: Mapping[str, Any]) -> str:
    """`"W{}".format(i)`."""
    found, place = "", 0
    try:
        for before, word, form, conversion in Formatter().parse(text):
            found += before
            if word is None:
                continue
            name = word or str(place)
            place += not word
            value = named.get(name) if not name.isdecimal() else values[int(name)] if int(name) < len(values) else None
            found += UNKNOWN if conversion else formatted(value, form or "")
    except ValueError:  # no text that is put into
        return UNKNOWN
    return found
