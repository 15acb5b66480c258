"""Repairs of what loops go over, and of what ifs test: the wrong way round, one off, another size or comparison."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from itertools import chain, zip_longest
from typing import TypeGuard

from netcalc.checking.backward.changes import Edit
from netcalc.checking.backward.edits import TESTS, edits_of
from netcalc.checking.backward.expressions import called, put
from netcalc.checking.backward.shapes import Repairs
from netcalc.checking.backward.trial import Trial
from netcalc.graph.node import Node, in_order
from netcalc.program.steps import COMPOUND

MAX_SIZES = 4  # that are tried for a bound


def of_headers(trial: Trial) -> Iterator[Edit]:
    """The repairs of the headers of loops and ifs that the gradient's statements and its helpers are in: the most
    usual of each, then the next.
    """
    each = zip_longest(*(_of_header(trial, block) for block in _blocks(trial)))
    return (edit for edits in each for edit in edits if edit is not None)


def _of_header(trial: Trial, block: ast.stmt) -> Iterator[Edit]:
    whole = _whole(trial, block)
    if isinstance(block, ast.For):
        for said, change in chain(_order(trial, block), _range(trial, block.iter)):
            yield Edit(change, whole, "loop", said)
    elif isinstance(block, ast.If | ast.While):
        for edit in edits_of(trial, TESTS, block.test, block):
            yield edit._replace(statement=whole, mistake="test", said=f"the test is wrong: {edit.said}")


def _blocks(trial: Trial) -> list[ast.stmt]:
    """The loops and ifs around the statements, the innermost first."""
    own = {one.statement for one in (*trial.versions, *trial.helpers) if one.within is trial.one.version.within}
    units = trial.one.version.within.units[: trial.one.version.unit + 1]
    found = [node for unit in dict.fromkeys(one.node for one in units) for node in ast.walk(unit)]
    blocks = [one for one in found if isinstance(one, COMPOUND)]
    return [one for one in reversed(blocks) if not own.isdisjoint(ast.walk(one))]


def _whole(trial: Trial, block: ast.stmt) -> ast.stmt:
    """What is read as one: the block, or the loop around it that it breaks off."""
    if not isinstance(block, ast.If) or not _breaks_off(block):
        return block
    units = trial.one.version.within.units
    loops = [
        one
        for unit in dict.fromkeys(one.node for one in units)
        for one in ast.walk(unit)
        if isinstance(one, ast.For | ast.While) and any(inner is block for inner in ast.walk(one))
    ]
    return loops[-1] if loops else block


def _breaks_off(block: ast.If) -> bool:
    """Whether it ends a round of the loop around it; an else that is behind it in the text was made of `continue`."""
    is_guard = bool(block.orelse) and block.orelse[-1].lineno > (block.end_lineno or 0)
    return is_guard or any(isinstance(one, ast.Break | ast.Continue) for one in ast.walk(block))


def _order(trial: Trial, block: ast.For) -> Repairs:
    """A loop that carries something on, the other way round."""
    node = block.iter
    match node:
        case ast.Call(ast.Name("reversed"), [inner]):
            other = trial.text(inner)
        case ast.Call(ast.Name("range"), _, []):
            other = _backwards(trial, node)
        case _:
            other = f"reversed({trial.text(node)})"
    if carries(block) and not _is_in_order(trial, block):
        said = f"the loop goes through the steps in the wrong order: {trial.text(node)} in place of {other}"
        yield said, put(trial, node, other)


def _is_in_order(trial: Trial, block: ast.For) -> bool:
    """Whether a gradient is right that goes by what it was in the round before: none is, where a loop goes wrongly."""
    inner = set(ast.walk(block))
    groups: dict[tuple[str, int], list[Node]] = {}
    for one in trial.reading.judged:
        if one.verdict == "right" and one.version.node is not None and one.version.statement in inner:
            groups.setdefault(one.version.key, []).append(one.version.node)
    return any(len(nodes) > 1 and not set(nodes[:-1]).isdisjoint(in_order(nodes[-1:])) for nodes in groups.values())


def carries(block: ast.For) -> bool:
    """Whether a round of a loop reads what another one has assigned, and does more than add to it."""
    nodes = [node for line in block.body for node in ast.walk(line)]
    targets = [one for node in nodes if isinstance(node, ast.Assign) for one in node.targets]
    parts = [part for one in targets for part in ast.walk(one) if isinstance(part, ast.Subscript)]
    stored = {one.id: (one.lineno, one.col_offset) for one in reversed(nodes) if _is_name(one, ast.Store)}
    loaded = [one for one in nodes if _is_name(one, ast.Load) and not any(one is part.value for part in parts)]
    changed = {one.value.id for one in parts if isinstance(one.value, ast.Name)}
    return any(one.id in changed or one.lineno <= stored.get(one.id, (0, 0))[0] for one in loaded)


def _is_name(node: ast.AST, how: type[ast.expr_context]) -> TypeGuard[ast.Name]:
    return isinstance(node, ast.Name) and isinstance(node.ctx, how)


def _range(trial: Trial, node: ast.expr) -> Repairs:
    """What a loop goes over: one more or one less, as far as another size."""
    if called(node) == "reversed" and isinstance(node, ast.Call) and len(node.args) == 1:
        node = node.args[0]
    if called(node) == "range" and isinstance(node, ast.Call) and not node.keywords:
        yield from _bounds(trial, node)


def _backwards(trial: Trial, node: ast.Call) -> str:
    """The same range from its other end: range(T) for range(T - 1, -1, -1)."""
    texts = [trial.text(one) for one in node.args]
    match node.args:
        case [ast.BinOp(size, ast.Sub(), ast.Constant(1)), _, _] if texts[1:] == ["-1", "-1"]:
            return f"range({trial.text(size)})"
    return f"reversed({trial.text(node)})"


def _bounds(trial: Trial, node: ast.expr) -> Repairs:
    assert isinstance(node, ast.Call)  # noqa: S101 - see the callers
    text = trial.text(node)
    for place, bound in enumerate(node.args[:2]):
        for other in _off(trial, bound):
            texts = [other if one is bound else trial.text(one) for one in node.args]
            right = f"range({', '.join(texts[1:] if len(texts) == 2 and texts[0] == '0' else texts)})"
            which = "starts" if place == 0 and len(node.args) > 1 else "ends"
            yield (
                f"the loop {which} at the wrong index, a step off: {text} in place of {right}",
                put(trial, node, right),
            )
    if len(node.args) == 1:
        right = f"range(1, {trial.text(node.args[0])})"
        yield f"the loop starts at the wrong index, a step off: {text} in place of {right}", put(trial, node, right)
    for bound in node.args[:2]:
        sizes = [name for name, number in trial.numbers.items() if number > 1 and name != trial.text(bound)]
        for name in sizes[:MAX_SIZES] if isinstance(bound, ast.Name | ast.Subscript) else ():
            said = f"the loop ends at the wrong index: {trial.text(bound)} taken for {name}"
            yield said, put(trial, bound, name)


def _off(trial: Trial, bound: ast.expr) -> Iterator[str]:
    text = trial.text(bound)
    match bound:
        case ast.Constant(int(value)):
            yield from (str(one) for one in (value - 1, value + 1))
        case ast.UnaryOp(ast.USub(), ast.Constant(int(value))):
            yield from (str(one) for one in (1 - value, -1 - value))
        case ast.BinOp(inner, ast.Sub(), ast.Constant(1)):
            yield trial.text(inner)
            yield f"{trial.text(inner)} - 2"
        case ast.BinOp(inner, ast.Add(), ast.Constant(1)):
            yield trial.text(inner)
            yield f"{trial.text(inner)} + 2"
        case _:
            yield f"{text} - 1"
            yield f"{text} + 1"
