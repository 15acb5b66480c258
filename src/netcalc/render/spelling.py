"""Prose in ASCII, where a terminal or a reader has nothing else: σ′(q)·x₁ as sigmoid'(q)*x1."""

from __future__ import annotations

import re

SPELLED = {
    "−": "-",
    "–": "-",
    "—": "-",
    "·": "*",
    "×": "x",
    "÷": "/",
    "∘": ".*",
    "∂": "d",
    "′": "'",
    "″": "''",
    "√": "sqrt",
    "∞": "oo",
    "…": "...",
    "ᵀ": "^T",
    "≤": "<=",
    "≥": ">=",
    "≠": "!=",
    "≈": "~",
    "→": "->",
    "Σ": "sum",
    "✓": "+",
    "✗": "x",
    "⋯": "...",
    "⋮": ":",
    "⋱": ".",
    "½": "1/2",
    "±": "+-",
    "σ": "sigmoid",
    "π": "pi",
}
RAISED = str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")
EXPONENT = "[⁻⁰¹²³⁴⁵⁶⁷⁸⁹]+"


def ascii_only(text: str) -> str:
    """The text without a character beyond ASCII: spelled out where there is a spelling, by its name where not."""
    if text.isascii():
        return text
    level = re.sub(EXPONENT, lambda exponent: f"^{exponent[0].translate(RAISED)}", text)
    return "".join(character if character.isascii() else _spelled(character) for character in level)


def _spelled(character: str) -> str:
    import unicodedata  # what lists the formats for --help needs neither this nor formulas

    from netcalc.expression.tokens import GREEK

    if known := SPELLED.get(character) or GREEK.get(character):
        return known
    plain = unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()
    return plain or unicodedata.name(character, "?").lower().replace(" ", "-")


def spelled(text: str) -> str:
    """A text as it can be read now; before there is a layout, since it may grow longer."""
    from netcalc.notation import is_plain

    return ascii_only(text) if is_plain() else text


def in_json(text: str) -> str:
    """JSON without a character beyond ASCII, the same when it is read."""
    units = (text[place].encode("utf-16-be").hex() for place in range(len(text)))
    return "".join(
        character if character.isascii() else "".join(f"\\u{unit[n : n + 4]}" for n in range(0, len(unit), 4))
        for character, unit in zip(text, units, strict=True)
    )


def in_markup(text: str) -> str:
    """HTML or XML without a character beyond ASCII, the same when it is read."""
    return text.encode("ascii", "xmlcharrefreplace").decode("ascii")
