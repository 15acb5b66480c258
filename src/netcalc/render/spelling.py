"""Prose in ASCII, where a terminal or a reader has nothing else: σ′(q)·x₁ as sigmoid'(q)*x1."""

from __future__ import annotations

import unicodedata

from netcalc.expression.tokens import GREEK

SPELLED = {
    "−": "-",
    "–": "-",
    "—": "-",
    "·": "*",
    "×": "x",
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
    "½": "1/2",
    "±": "+-",
    "σ": "sigmoid",
    **{letter: name for letter, name in GREEK.items() if letter != "σ"},
    **{digit: f"^{n}" for n, digit in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")},
}


def ascii_only(text: str) -> str:
    """The text without a character beyond ASCII: spelled out where there is a spelling, by its name where not."""
    if text.isascii():
        return text
    return "".join(character if character.isascii() else _spelled(character) for character in text)


def _spelled(character: str) -> str:
    if character in SPELLED:
        return SPELLED[character]
    plain = unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode()
    return plain or unicodedata.name(character, "?").lower().replace(" ", "-")
