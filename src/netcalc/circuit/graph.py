"""A circuit: nodes with wires between them; and the walk that draws one, from the output back to what feeds it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

from netcalc.errors import NetcalcError
from netcalc.expression import Symbol, Tree, is_constant
from netcalc.notation import to_unicode
from netcalc.records import NamedTuple, dataclass
from netcalc.result import Value, in_unicode
from netcalc.solving.bits import constant

LONGEST = 12  # characters of a given number, as it was typed
Kind = Literal["given", "gate", "output", "unit"]
MAX_GATES = 64


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


class Gate(NamedTuple):
    """Something given, or a gate: what stands in it, what it passes on, its gradient, None where there is none.

    `sources` are the names of what feeds it, each with the part of its gradient that comes back from here. What stands
    by itself for `each_use` is drawn as often as it is used.
    """

    label: str
    value: Any
    gradient: Any
    sources: Sequence[tuple[str, Any]] = ()
    is_given: bool = False
    each_use: bool = False


def check_count(gates: int) -> None:
    """Raises NetcalcError for more gates than can be looked at."""
    if gates > MAX_GATES:
        raise NetcalcError(f"a circuit of {gates} gates would show nothing; at most {MAX_GATES} are drawn")


def drawn(
    title: str, gates: Mapping[str, Gate], root: str, output: Node, texts: Callable[[Sequence[Any]], Sequence[str]]
) -> Circuit:
    """The circuit of all that leads to the gate `root`, which goes to the output.

    A gate that feeds several shows its value and its whole gradient by itself. `texts` are those of values and
    gradients, "" of None.
    """
    nodes: dict[str, Gate] = {}
    done: set[str] = set()
    wires: list[tuple[str, str, Any, Any]] = []

    def draw(name: str, use: str) -> str:
        gate = gates[name]
        key = f"{name}<{use}" if gate.each_use else name
        if key not in done:
            done.add(key)
            for place, (source, part) in enumerate(gate.sources):
                wires.append((draw(source, f"{key}.{place}"), key, gates[source].value, part))
            nodes[key] = gate
        return key

    wires.append((draw(root, output.key), output.key, gates[root].value, gates[root].gradient))
    uses = Counter(source for source, *_ in wires)
    carried = [both for *_, value, part in wires for both in (value, part)]
    totals = [both for key, gate in nodes.items() if uses[key] > 1 for both in (gate.value, gate.gradient)]
    written = iter(texts([*carried, *totals]))
    lines = tuple(Wire(source, target, next(written), next(written)) for source, target, *_ in wires)
    boxes = [Node(key, gate.label, "given" if gate.is_given else "gate") for key, gate in nodes.items()]
    told = [replace(one, forward=next(written), backward=next(written)) if uses[one.key] > 1 else one for one in boxes]
    return Circuit(title, (*told, output), lines)
