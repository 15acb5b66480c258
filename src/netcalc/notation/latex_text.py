"""Prose as LaTeX sets it: mathematical signs between dollars, LaTeX's own characters escaped."""

from __future__ import annotations

from netcalc.expression.tokens import GREEK

SPECIAL = {
    "\\": r"\textbackslash{}",
    **{one: f"\\{one}" for one in "&%$#_{}"},
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
}
SIGNS = {
    "′": "'",
    "²": "^2",
    "³": "^3",
    "⁻": "^{-}",
    "¹": "^{1}",
    "ᵀ": "^T",
    "½": r"\tfrac12",
    "−": "-",
    "·": r"\cdot",
    "×": r"\times",
    "∂": r"\partial",
    "Σ": r"\sum",
    "Π": r"\prod",
    "√": r"\surd",
    "≤": r"\le",
    "≥": r"\ge",
    "…": r"\dots",
    "π": r"\pi",
    **{letter: f"\\{name}" for letter, name in GREEK.items()},
}


def text_to_latex(text: str) -> str:
    """A text for LaTeX's text mode: what belongs to mathematics stands between dollar signs."""
    escaped = "".join(f"${SIGNS[one]}$" if one in SIGNS else SPECIAL.get(one, one) for one in text)
    return escaped.replace("$$", "")
