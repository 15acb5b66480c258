"""Which steps of a pass a gradient goes by: only those are read again with an edit."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from functools import lru_cache

from netcalc.program.steps import Instead, Step

Place = str | tuple[str, str]  # a name, or an entry of what it stands for: grads['W']


def needed(steps: Sequence[Step], instead: Instead, outside: Iterable[str] = ()) -> list[int]:
    """The places of the steps that the last one goes by; `outside` are names that defs read."""
    live: set[Place] = set(outside)
    found: list[int] = []
    for place in range(len(steps) - 1, -1, -1):
        step = steps[place]
        changed = _changed(step)
        is_last = place == len(steps) - 1
        if not (is_last or step.node in instead or changed is None or any(_is_live(one, live) for one in changed)):
            continue
        found.append(place)
        if not step.item:
            statements = [step.node, *(instead[step.node][1] if step.node in instead else ())]
            live.update(*map(_parts, statements))
    return found[::-1]


def _changed(step: Step) -> Iterable[Place] | None:
    """What a step changes; None where that is not known."""
    if step.item or step.effect is None:
        return None
    if step.effect.changed is not None:
        return step.effect.changed
    match step.node:
        case ast.Assign([target]) | ast.AugAssign(target) if (entry := _entry(target)) is not None:
            return None if _calls_by_name(step.node) else [entry]
    return None


def _is_live(place: Place, live: set[Place]) -> bool:
    if isinstance(place, tuple):
        return place in live or place[0] in live
    return place in live or any(isinstance(one, tuple) and one[0] == place for one in live)


def _entry(node: ast.AST) -> tuple[str, str] | None:
    match node:
        case ast.Subscript(ast.Name(name), ast.Constant(str(key))):
            return name, key
    return None


@lru_cache(maxsize=512)
def _parts(node: ast.AST) -> frozenset[Place]:
    """The names in a statement, those of entries with their keys."""
    found: set[Place] = set()
    stack = [node]
    while stack:
        one = stack.pop()
        entry = _entry(one)
        if entry is not None:
            found.add(entry)
            continue
        if isinstance(one, ast.Name):
            found.add(one.id)
        stack += ast.iter_child_nodes(one)
    return frozenset(found)


def _calls_by_name(node: ast.AST) -> bool:
    """Whether a statement calls what a name stands for, as a def of the text that may change anything."""
    return any(isinstance(one, ast.Call) and isinstance(one.func, ast.Name) for one in ast.walk(node))
