"""The statements of a pass one by one, as loops come to them: a few can be read again with one of them changed."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from netcalc.graph.node import Node
from netcalc.program.sharing import Sharing
from netcalc.program.source import Source
from netcalc.program.values import Function, Tensor
from netcalc.records import NamedTuple

COMPOUND = (ast.For, ast.If, ast.With, ast.While, ast.Try)
TIMES_KEPT = 2  # that a loop's statement is passed and the names before it are kept


class Step(NamedTuple):
    """A statement as it is read; `values` are the names before it, kept the first times that a loop passes it.

    Where a loop gives its name the next `item`, or an if whose test depends on values goes on to a part, the statement
    is the loop or the if.
    """

    node: ast.stmt
    values: dict[str, Any] | None
    item: tuple[Any, ...] = ()
    guards: tuple[Node, ...] = ()  # the tests on values that it is under


Instead = Mapping[ast.stmt, tuple[Source, list[ast.stmt]]]  # statements in others' place, and the text they are of


class Stepping(Sharing):
    """Reads a pass and keeps its steps."""

    steps: list[Step]
    passed: dict[ast.stmt, int]  # how often a statement was read

    @property
    def is_own(self) -> bool:
        """Whether what is read is a line of the pass itself, and not of a function that it calls."""
        raise NotImplementedError

    def keep_step(self, node: ast.stmt) -> None:
        """Keep a statement of the pass itself that is about to be read."""
        many = self.passed[node] = self.passed.get(node, 0) + 1
        values = copied(self.frame.values) if many <= TIMES_KEPT else None
        self.steps.append(Step(node, values, guards=tuple(self.guards)))

    def next_item(self, node: ast.For, item: Any) -> None:
        if self.is_own:
            self.steps.append(Step(node, None, (item,)))
        super().next_item(node, item)

    def enter(self, node: ast.If, part: str) -> None:
        if self.is_own:
            self.steps.append(Step(node, None, (part,)))
        super().enter(node, part)

    def replay(self, steps: Sequence[Step], instead: Instead, settled: Sequence[Mapping[str, Node]]) -> None:
        """Read steps again with some statements changed; after each, names stand for what is `settled`."""
        own = self.source
        for step, nodes in zip(steps, settled, strict=True):
            if step.item:
                again = super().enter if isinstance(step.node, ast.If) else super().next_item
                again(step.node, step.item[0])  # type: ignore[arg-type]
            elif step.node in instead or not isinstance(step.node, COMPOUND):
                self.source, statements = instead.get(step.node, (own, [step.node]))
                for one in statements:
                    self.tried(one)
            for name, node in nodes.items():
                value = self.frame.values.get(name)
                if isinstance(value, Tensor) and value.node.shape == node.shape:
                    self.frame.values[name] = replace(value, node=node)

    def tried(self, node: ast.stmt) -> Any:
        """Read a statement of the pass itself, whatever is wrong with it."""
        raise NotImplementedError


def copied(values: Mapping[str, Any]) -> dict[str, Any]:
    """Names and what they stand for, so that reading on changes nothing in it."""
    made: dict[int, Any] = {}

    def copy(value: Any) -> Any:
        if id(value) not in made:
            made[id(value)] = _copy(value, copy)
        return made[id(value)]

    return {name: copy(value) for name, value in values.items()}


def _copy(value: Any, copy: Callable[[Any], Any]) -> Any:
    match value:
        case Tensor():
            return replace(value)
        case list():
            return [copy(one) for one in value]
        case dict():
            return {key: copy(one) for key, one in value.items()}
        case Function():
            return replace(value, defaults=copy(value.defaults))
    return value
