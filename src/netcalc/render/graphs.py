"""A circuit as text for Graphviz and for Mermaid."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape

from netcalc.circuit import Circuit, Node

FORWARD, BACKWARD = "#1a7f37", "#c0362c"
SHAPES = {"given": "plaintext", "gate": "circle", "output": "plaintext", "unit": "ellipse"}
BRACKETS = {"given": ("[", "]"), "gate": ("((", "))"), "output": ("([", "])"), "unit": ("(", ")")}


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
