"""A circuit as a TikZ picture, a document of its own that LaTeX sets as it is."""

from __future__ import annotations

import re
from collections.abc import Iterator

from netcalc.circuit import Circuit, Node, Wire
from netcalc.notation.latex_text import text_to_latex
from netcalc.render.layout import places

COLUMN, ROW = 2.6, 1.3  # centimetres between nodes
LETTER = 0.17  # centimetres that a character is wide on a wire, about
RAISED = {**dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻", "0123456789+-", strict=True)), "ᵀ": "T"}
LOWERED = dict(zip("₀₁₂₃₄₅₆₇₈₉", "0123456789", strict=True))
BESIDE = {"÷": r"$\div$", "∘": r"$\circ$", "∞": r"$\infty$", "‖": r"$\|$", "≠": r"$\neq$"}
STYLES = (
    "given/.style={inner sep=3pt}",
    "gate/.style={draw, circle, inner sep=3pt}",
    "named/.style={draw, rounded corners, inner sep=4pt}",
    "value/.style={above, font=\\scriptsize, text=green!45!black}",
    "gradient/.style={below, font=\\scriptsize, text=red!75!black}",
)


def tikz(circuit: Circuit) -> Iterator[str]:
    """Values stand above the wires, gradients below them."""
    keys = {node.key: f"n{number}" for number, node in enumerate(circuit.nodes)}
    placed = places(circuit)
    gap = max([COLUMN, *(LETTER * max(map(len, (wire.forward, wire.backward))) + 1.4 for wire in circuit.wires)])
    yield r"\documentclass[tikz]{standalone}"
    yield r"\begin{document}"
    yield f"% {circuit.title}"
    yield rf"\begin{{tikzpicture}}[>=stealth, {', '.join(STYLES)}]"
    for node in circuit.nodes:
        place = placed[node.key]
        at = f"({place.column * gap:.2f},{0 - place.row * ROW + 0.0:.2f})"
        yield rf"  \node[{_style(node)}] ({keys[node.key]}) at {at} {{{_label(node)}}};"
    for wire in circuit.wires:
        yield rf"  \draw[->] ({keys[wire.source]}) -- {_texts(wire)}({keys[wire.target]});"
    yield r"\end{tikzpicture}"
    yield r"\end{document}"


def _style(node: Node) -> str:
    if node.kind == "gate":
        return "gate" if len(node.label) <= 2 else "named"
    lines = ", align=center" if node.forward or node.backward else ""
    return ("named" if node.kind == "unit" else "given") + lines


def _label(node: Node) -> str:
    """What stands in a node, and its own value and gradient below that."""
    lines = [latex(node.label)]
    lines += [rf"\scriptsize\color{{green!45!black}}{latex(node.forward)}"] if node.forward else []
    lines += [rf"\scriptsize\color{{red!75!black}}{latex(node.backward)}"] if node.backward else []
    return r" \\ ".join(lines)


def _texts(wire: Wire) -> str:
    above = f"node[value, sloped] {{{latex(wire.forward)}}} " if wire.forward else ""
    return above + (f"node[gradient, sloped] {{{latex(wire.backward)}}} " if wire.backward else "")


def latex(text: str) -> str:
    """A text of a circuit for LaTeX, its raised and lowered signs as such."""
    parts = re.split(f"([{''.join(RAISED)}]+|[{''.join(LOWERED)}]+|[{''.join(BESIDE)}])", text)
    return "".join(map(_part, parts)).replace("$$", "")


def _part(text: str) -> str:
    if text[:1] in RAISED:
        return f"$^{{{''.join(RAISED[one] for one in text)}}}$"
    if text[:1] in LOWERED:
        return f"$_{{{''.join(LOWERED[one] for one in text)}}}$"
    return BESIDE.get(text) or text_to_latex(text)
