"""Tests in loops that depend on values: both branches are read, and each assignment is held to where its test holds.

Outside of loops such a test says which lines the pass is, and is refused: a formula has no branches to go by.
"""

from __future__ import annotations

import ast
from typing import Any

from netcalc.errors import NetcalcError
from netcalc.graph import build as b
from netcalc.graph.node import Node
from netcalc.graph.sizes import same
from netcalc.program.calls import Calls
from netcalc.program.expressions import DEPENDS
from netcalc.program.values import Tensor, is_scalar, kind_of, node_of, widest

NEUTRAL = {"+": 0, "-": 0, "*": 1, "/": 1}  # what changes nothing
PARTS = ("then", "else", "end")


class Conditions(Calls):
    """Reads what stands under tests that depend on values."""

    def tested(self, test: ast.expr) -> bool | Node:
        """Whether a test holds; a node where that depends on values, one number."""
        value = self.value(test)
        return b.reshaped(value.node, []) if self.depends(value) else self.truth(value)

    def enter(self, node: ast.If, part: str) -> None:
        """Go on to a part of an if whose test depends on values; at `test` it is evaluated."""
        if part == "test":
            found = self.tested(node.test)
            self.tests[node] = found if isinstance(found, Node) else b.number(int(found))
            return
        if part != PARTS[0]:
            self.guards.pop()
        if part != PARTS[-1]:
            test = self.tests[node]
            self.guards.append(test if part == PARTS[0] else b.compared("equal", test, b.number(0)))

    def guarded(self, target: ast.expr, value: Any) -> Any:
        """What a name or a part is behind an assignment: the value where all tests around it hold.

        A name that had no value, or one of another shape, is used where they hold alone.
        """
        if not self.guards:
            return value
        match target:
            case ast.Tuple(targets) | ast.List(targets):
                items = self.items(value)
                if len(items) != len(targets):
                    return value
                return [self.guarded(one, item) for one, item in zip(targets, items, strict=True)]
            case ast.Name(name):
                old = self.frame.values.get(name)
            case ast.Subscript(owner, key) if isinstance(whole := self.value(owner), Tensor):
                old = self.part(whole, self.value(key))
            case _:
                raise NetcalcError(DEPENDS)
        if old is None or old is value:
            return value
        if not (_is_number(old) and _is_number(value)):
            raise NetcalcError(DEPENDS)
        then, other = node_of(value), node_of(old)
        if isinstance(target, ast.Name) and not _is_as_large(then, other):
            return value
        return self._where(value, old)

    def guarded_change(self, sign: str, by: Any) -> Any:
        """By how much something changes: not at all where a test around it does not hold."""
        if not self.guards:
            return by
        if sign not in NEUTRAL or not _is_number(by):
            raise NetcalcError(DEPENDS)
        return self._where(by, NEUTRAL[sign])

    def _where(self, value: Any, other: Any) -> Tensor:
        node = node_of(value)
        for test in reversed(self.guards):
            node = b.where(test, node, node_of(other))
        return Tensor(node, widest([kind_of(value), kind_of(other)]))


def _is_number(value: Any) -> bool:
    return isinstance(value, Tensor) or is_scalar(value)


def _is_as_large(one: Node, other: Node) -> bool:
    return one.rank == other.rank and all(same(*pair) for pair in zip(one.shape, other.shape, strict=True))
