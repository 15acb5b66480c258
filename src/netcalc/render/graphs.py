"""A circuit as text for Graphviz and for Mermaid, and as a document for LaTeX with a TikZ picture."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import escape

from netcalc.circuit import Circuit, Node, Wire
from netcalc.notation.latex import text_to_latex
from netcalc.render.layout import places

FORWARD, BACKWARD = "#1a7f37", "#c0362c"
SHAPES = {"given": "plaintext", "gate": "circle", "output": "plaintext", "unit": "ellipse"}
BRACKETS = {"given": ("[", "]"), "gate": ("((", "))"), "output": ("([", "])"), "unit": ("(", ")")}
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


def dot(circuit: Circuit) -> Iterator[str]:
    """The circuit in Graphviz's language: the value above the wire, the gradient below it."""
    yield "digraph circuit {"
    yield f"  label={_quoted(circuit.title)}; labelloc=t;"
    yield '  rankdir=LR; nodesep=0.3; ranksep=0.6; fontname="sans-serif";'
    yield '  node [fontname="sans-serif"]; edge [fontname="sans-serif", arrowsize=0.6];'
    for node in circuit.nodes:
        shape = "box, style=rounded" if node.kind == "gate" and len(node.label) > 2 else SHAPES[node.kind]
        yield f"  {_quoted(node.key)} [label={_html((node.label, *_own(node)), first='')}, shape={shape}];"
    for wire in circuit.wires:
        label = _html((wire.forward, wire.backward)) if wire.forward or wire.backward else '""'
        yield f"  {_quoted(wire.source)} -> {_quoted(wire.target)} [label={label}];"
    yield "}"


def _own(node: Node) -> tuple[str, ...]:
    return (node.forward, node.backward) if node.forward or node.backward else ()


def _html(lines: tuple[str, ...], first: str = FORWARD) -> str:
    """Lines in Graphviz's HTML: the value in green, the gradient below it in red."""
    colours = (FORWARD, BACKWARD) if first else ("", FORWARD, BACKWARD)
    parts = [
        f'<font color="{colour}">{escape(text)}</font>' if colour else escape(text)
        for text, colour in zip(lines, colours, strict=False)
        if text
    ]
    return f"<{'<br/>'.join(parts)}>"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def mermaid(circuit: Circuit) -> Iterator[str]:
    """The circuit as a Mermaid flowchart, as in Markdown on the web."""
    keys = {node.key: f"n{number}" for number, node in enumerate(circuit.nodes)}
    yield "flowchart LR"
    yield f"  accTitle: {circuit.title}"
    for node in circuit.nodes:
        opening, closing = ("[", "]") if node.kind == "gate" and len(node.label) > 2 else BRACKETS[node.kind]
        yield f"  {keys[node.key]}{opening}{_label((node.label, *_own(node)))}{closing}"
    for wire in circuit.wires:
        label = f"|{_label((wire.forward, wire.backward))}|" if wire.forward or wire.backward else ""
        yield f"  {keys[wire.source]} -->{label} {keys[wire.target]}"


def _label(lines: tuple[str, ...]) -> str:
    """Lines between quotation marks; characters with a meaning to Mermaid as entities."""
    texts = [_entities(line) for line in lines if line]
    return '"' + "<br/>".join(texts) + '"'


def _entities(text: str) -> str:
    return "".join(f"#{ord(character)};" if character in '#;"<>&|`*_~' else character for character in text)


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
        yield rf"  \node[{_style(node)}] ({keys[node.key]}) at {at} {{{_tikz_label(node)}}};"
    for wire in circuit.wires:
        yield rf"  \draw[->] ({keys[wire.source]}) -- {_texts(wire)}({keys[wire.target]});"
    yield r"\end{tikzpicture}"
    yield r"\end{document}"


def _style(node: Node) -> str:
    if node.kind == "gate":
        return "gate" if len(node.label) <= 2 else "named"
    lines = ", align=center" if node.forward or node.backward else ""
    return ("named" if node.kind == "unit" else "given") + lines


def _tikz_label(node: Node) -> str:
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
