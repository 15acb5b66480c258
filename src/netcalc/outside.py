"""Text from outside, names, cells, headers and file names, made text and nothing else wherever it is shown.

A terminal obeys control characters, a spreadsheet runs what begins as a formula, Markdown has marks and HTML.
"""

from __future__ import annotations

import re

CONTROLS = "\x00-\x08\x0b-\x1f\x7f-\x9f"  # C0 but for the tab and the line's end, DEL, and C1 (ECMA-48)
REORDERING = "\u202a-\u202e\u2066-\u2069"  # shows what follows in another order (Unicode 16, UAX #9)
ENDS_OF_LINES = "\t\n\u2028\u2029"
FORMULA_BEGINS = ("=", "+", "-", "@", "\t", "\r")
MARKDOWN = {"&": "&amp;", "<": "&lt;", ">": "&gt;", **{one: f"\\{one}" for one in "\\`*_{}[]#|$~!"}}


def without_controls(text: str) -> str:
    """The text, of one line or more, with what is not to be shown spelled out, as Python does: ESC by its number."""
    return text if text.isprintable() else re.sub(f"[{CONTROLS}{REORDERING}]", _spelled, text)


def one_line(text: str) -> str:
    """A text as one line: what ends one is spelled out too."""
    return text if text.isprintable() else re.sub(f"[{CONTROLS}{REORDERING}{ENDS_OF_LINES}]", _spelled, text)


def cut_at_commas(text: str) -> list[str]:
    """The text cut at the commas outside of brackets: `atan2(1,2), 3` is two."""
    if not any(bracket in text for bracket in "([{"):
        return text.split(",")
    parts, depth = [""], 0
    for character in text:
        depth += (character in "([{") - (character in ")]}")
        if character == "," and depth <= 0:
            parts.append("")
        else:
            parts[-1] += character
    return parts


def in_json(text: str) -> str:
    """JSON whose strings hold no character that is not to be shown; the same when it is read."""
    if text.isprintable():
        return text
    return re.sub(f"[{CONTROLS}{REORDERING}\u2028\u2029]", lambda one: f"\\u{ord(one[0]):04x}", text)


def in_spreadsheet(text: str) -> str:
    """A name that no spreadsheet takes for a formula. OWASP, "CSV Injection"."""
    return f"'{text}" if text.startswith(FORMULA_BEGINS) else text


def in_markdown(text: str) -> str:
    """Text in which Markdown sees nothing of its own, nor HTML."""
    return "".join(MARKDOWN.get(one, one) for one in text)


def _spelled(found: re.Match[str]) -> str:
    return repr(found[0])[1:-1]
