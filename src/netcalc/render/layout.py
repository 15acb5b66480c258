"""Where the nodes of a circuit stand: columns from left to right, what feeds a node around its height."""

from __future__ import annotations

from collections.abc import Mapping

from netcalc.circuit import Circuit
from netcalc.records import dataclass


@dataclass(frozen=True, slots=True)
class Place:
    """A node's column, from 0 at the left, and its height in rows from the top."""

    column: int
    row: float


def places(circuit: Circuit) -> Mapping[str, Place]:
    """Every node's place; no two in a column are nearer than a row.

    Given things stand in the column before their first use where that is not the first, so that wires stay short.
    """
    columns = _columns(circuit)
    rows = _tree_rows(circuit) if circuit.is_tree else _stacked(columns)
    return {key: Place(columns[key], row) for key, row in rows.items()}


def _stacked(columns: Mapping[str, int]) -> dict[str, float]:
    """Each column's nodes one below another, amid the height 0."""
    members: dict[int, list[str]] = {}
    for key, column in columns.items():
        members.setdefault(column, []).append(key)
    return {key: place - (len(keys) - 1) / 2 for keys in members.values() for place, key in enumerate(keys)}


def _columns(circuit: Circuit) -> dict[str, int]:
    """The longest way from what is given; what is given, as far right as its use lets it."""
    columns = {node.key: 0 for node in circuit.nodes}
    for node in circuit.nodes:
        columns[node.key] = max((columns[wire.source] + 1 for wire in circuit.sources(node.key)), default=0)
    if not circuit.is_tree:
        for node in circuit.nodes:
            uses = [columns[wire.target] for wire in circuit.wires if wire.source == node.key]
            if uses and not circuit.sources(node.key):
                columns[node.key] = min(uses) - 1
    return columns


def _tree_rows(circuit: Circuit) -> dict[str, float]:
    """What is given a row each, in the order of the wires; every other node amid what feeds it."""
    rows: dict[str, float] = {}
    fed = {wire.source for wire in circuit.wires}
    for root in (node.key for node in circuit.nodes if node.key not in fed):
        stack = [(root, False)]
        while stack:
            key, visited = stack.pop()
            sources = [wire.source for wire in circuit.sources(key)]
            if not sources:
                rows[key] = float(sum(1 for other in rows if not circuit.sources(other)))
            elif visited:
                rows[key] = (rows[sources[0]] + rows[sources[-1]]) / 2
            else:
                stack.append((key, True))
                stack += [(source, False) for source in reversed(sources)]
    return rows
