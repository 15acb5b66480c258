"""The statements of a pass one by one, as loops come to them: a few can be read again with one of them changed."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from netcalc.graph.node import Node
from netcalc.program.frames import Frame
from netcalc.program.sharing import Sharing
from netcalc.program.source import Source
from netcalc.program.values import Class, Function, Method, Record, Tensor, is_scalar
from netcalc.program.versions import Gradients, Pass
from netcalc.records import NamedTuple, dataclass

COMPOUND = (ast.For, ast.If, ast.With, ast.While, ast.Try)
BLOCKS = (*COMPOUND, ast.FunctionDef)
OF_TEXT = (Function, Method, Record, Class)  # what may run lines of the text that are changed
TIMES_KEPT = 2  # that a loop's statement is passed and the names before it are kept


@dataclass(eq=False)
class Effect:
    """What an assignment reads, and what the names that it changed stood for behind it; `names` is before."""

    names: dict[str, Any]
    reads: frozenset[str] = frozenset()
    changed: dict[str, Any] | None = None  # None where that is not all it does


class Step(NamedTuple):
    """A statement as it is read; `values` are the names before it, kept the first times that a loop passes it.

    Where a loop gives its name the next `item`, or an if whose test depends on values goes on to a part, the statement
    is the loop or the if.
    """

    node: ast.stmt
    values: dict[str, Any] | None
    item: tuple[Any, ...] = ()
    guards: tuple[Node, ...] = ()  # the tests on values that it is under
    effect: Effect | None = None
    rounds: int = 0  # how many loops it is in


Instead = Mapping[ast.stmt, tuple[Source, list[ast.stmt]]]  # statements in others' place, and the text they are of


class Stepping(Sharing):
    """Reads a pass and keeps its steps."""

    passes: dict[int, Pass]  # by the level of the call
    read_so_far: Gradients

    @property
    def here(self) -> Pass | None:
        """The pass whose lines are read: the backward pass itself, or a def of its text that it calls."""
        return self.passes.get(self.frame.level)

    @property
    def is_own(self) -> bool:
        """Whether what is read is a line of a pass."""
        return self.here is not None

    def keep_step(self, node: ast.stmt) -> None:
        """Keep a statement of a pass that is about to be read."""
        assert self.here is not None  # noqa: S101 - see the caller
        many = self.here.passed[node] = self.here.passed.get(node, 0) + 1
        values = copied(self.frame.values) if many <= TIMES_KEPT else None
        self._end_step()
        effect = Effect(dict(self.frame.values))
        self.here.steps.append(Step(node, values, (), tuple(self.guards), effect, self.rounds))

    def _end_step(self) -> None:
        """Keep what the last step has changed, where it is a plain assignment to arrays and numbers."""
        step = self.here.steps[-1] if self.here is not None and self.here.steps else None
        if step is None or step.effect is None or not isinstance(step.node, ast.Assign | ast.AugAssign):
            return
        before, effect = step.effect.names, step.effect
        effect.names = {}
        changed = {name: one for name, one in self.frame.values.items() if before.get(name) is not one}
        names = [one for one in ast.walk(step.node) if isinstance(one, ast.Name)]
        is_plain = all(isinstance(one, Tensor) or is_scalar(one) for one in changed.values())
        if changed and is_plain and not any(isinstance(self._stands_for(one.id, before), OF_TEXT) for one in names):
            stored = {one.id for one in assigned_parts(step.node) if isinstance(one, ast.Name)}
            added = isinstance(step.node, ast.AugAssign)
            effect.reads = frozenset(
                one.id for one in names if added or isinstance(one.ctx, ast.Load) or one.id not in stored
            )
            effect.changed = changed

    def _stands_for(self, name: str, values: Mapping[str, Any]) -> Any:
        """What a name stands for, in the frames around too."""
        frame: Frame | None = self.frame
        while name not in values and frame is not None and frame.parent is not None:
            frame = frame.parent
            values = frame.values
        return values.get(name)

    def next_item(self, node: ast.For, item: Any) -> None:
        if self.here is not None:
            self._end_step()
            self.here.steps.append(Step(node, None, (item,), rounds=self.rounds))
        super().next_item(node, item)

    def enter(self, node: ast.If, part: str) -> None:
        if self.here is not None:
            self._end_step()
            self.here.steps.append(Step(node, None, (part,), rounds=self.rounds))
        super().enter(node, part)

    def replay(self, steps: Sequence[Step], instead: Instead, settled: Sequence[Mapping[str, Node]]) -> int:
        """Read steps again with some statements changed, and those that go by what they change.

        After each, names stand for what is `settled`. Gives how many versions of gradients there are before the last.
        """
        own, moved, many = self.source, set[str](), 0
        for step, nodes in zip(steps, settled, strict=True):
            before, many = dict(self.frame.values), len(self.read_so_far.versions)
            self.rounds = step.rounds
            if step.item:
                again = super().enter if isinstance(step.node, ast.If) else super().next_item
                again(step.node, step.item[0])  # type: ignore[arg-type]
            elif self._is_as_before(step, instead, moved):
                found = step.effect.changed if step.effect is not None else None
                for name, value in (found or {}).items():
                    self.frame.values[name] = replace(value) if isinstance(value, Tensor) else value
                moved -= set(found or ())
                continue
            elif step.node in instead or not isinstance(step.node, COMPOUND):
                self.source, statements = instead.get(step.node, (own, [step.node]))
                for one in statements:
                    self.tried(one)
                moved |= {name for name, value in self.frame.values.items() if before.get(name) is not value}
            for name, node in nodes.items():
                value = self.frame.values.get(name)
                if isinstance(value, Tensor) and value.node.shape == node.shape:
                    self.frame.values[name] = replace(value, node=node)
                    moved.discard(name)
        return many

    def _is_as_before(self, step: Step, instead: Instead, moved: set[str]) -> bool:
        """Whether a step gives again what it gave, as it reads nothing that has moved."""
        effect = step.effect
        if effect is None or effect.changed is None or step.node in instead:
            return False
        return list(step.guards) == self.guards and not effect.reads & moved

    def tried(self, node: ast.stmt) -> Any:
        """Read a statement of the pass itself, whatever is wrong with it."""
        raise NotImplementedError


def assigned_parts(node: ast.stmt) -> list[ast.expr]:
    """What an assignment assigns to, one by one."""
    found: list[ast.expr] = []
    stack = list(getattr(node, "targets", None) or [getattr(node, "target", None)])
    while stack:
        one = stack.pop()
        if isinstance(one, ast.Tuple | ast.List):
            stack += one.elts
        elif isinstance(one, ast.expr):
            found.append(one)
    return found


def copied(values: Mapping[str, Any]) -> dict[str, Any]:
    """Names and what they stand for, so that reading on changes nothing in it."""
    made: dict[int, Any] = {}

    def copy(value: Any) -> Any:
        if id(value) not in made:
            if isinstance(value, Record):  # which may hold itself
                made[id(value)] = own = replace(value, parts={})
                own.parts |= {key: copy(one) for key, one in value.parts.items()}
                own.args, own.outcome = copy(value.args), copy(value.outcome)
            else:
                made[id(value)] = _copy(value, copy)
        return made[id(value)]

    return {name: copy(value) for name, value in values.items()}


def _copy(value: Any, copy: Callable[[Any], Any]) -> Any:
    match value:
        case Tensor():
            return replace(value)
        case list():
            return [copy(one) for one in value]
        case tuple() if type(value) is tuple:
            return tuple(copy(one) for one in value)
        case Method(Record() as owner, name):
            return Method(copy(owner), name)
        case dict():
            return {key: copy(one) for key, one in value.items()}
        case Function():
            return replace(value, defaults=copy(value.defaults))
    return value
