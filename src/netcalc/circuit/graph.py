"""A circuit: nodes with wires between them."""

from __future__ import annotations

from typing import Literal

from netcalc.expression import Symbol, Tree, is_constant
from netcalc.notation import to_unicode
from netcalc.records import dataclass
from netcalc.result import Value, in_unicode
from netcalc.solving.bits import constant

LONGEST = 12  # characters of a given number, as it was typed
Kind = Literal["given", "gate", "output", "unit"]


@dataclass(frozen=True, slots=True)
class Node:
    """Something given, a gate that computes, or an output; `label` is what stands in it, in Unicode.

    A unit of a layer shows its own value and gradient, `forward` and `backward`.
    """

    key: str
    label: str
    kind: Kind
    forward: str = ""
    backward: str = ""


@dataclass(frozen=True, slots=True)
class Wire:
    """From one node to another: the value that goes `forward`, the gradient that comes `backward`; "" for none."""

    source: str
    target: str
    forward: str
    backward: str


@dataclass(frozen=True, slots=True)
class Circuit:
    """Nodes, sources before what uses them, and the wires between; `title` says what is drawn."""

    title: str
    nodes: tuple[Node, ...]
    wires: tuple[Wire, ...]

    def sources(self, key: str) -> list[Wire]:
        """The wires that end at a node."""
        return [wire for wire in self.wires if wire.target == key]

    @property
    def is_tree(self) -> bool:
        """Whether every node feeds one other at most."""
        sources = [wire.source for wire in self.wires]
        return len(set(sources)) == len(sources)


def text(shown: Value | Tree) -> str:
    """A value or a formula on a wire; a constant too long to be looked at as its decimal digits."""
    if not isinstance(shown, Value):
        written = to_unicode(shown)
        return written if len(written) <= LONGEST or not is_constant(shown) else text(constant(shown))
    return in_unicode(shown)


def labelled(name: str) -> str:
    """A name as it stands in a node."""
    return to_unicode(Symbol(name))
