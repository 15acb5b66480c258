"""Files of layers: classes with a forward and a backward pass, and the lines that put their objects together."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from netcalc.errors import NetcalcError
from netcalc.graph import build as b
from netcalc.graph.leaves import INPUT
from netcalc.graph.node import Node
from netcalc.program.answers import base
from netcalc.program.classes import BACKWARD, FORWARD
from netcalc.program.frames import Assigned, Frame
from netcalc.program.source import ProgramError
from netcalc.program.values import Class, Function, Missing, Record, Tensor, node_of
from netcalc.records import NamedTuple

if TYPE_CHECKING:
    from netcalc.program.statements import Statements


class Layer(NamedTuple):
    """An object that is held to its own forward pass alone, under a name that no line has, and what that gives."""

    name: str
    of: Class
    output: Node


def differentiated(tree: ast.Module) -> frozenset[str]:
    """The attributes that the file has gradients of, by their names."""
    nodes = list(ast.walk(tree))
    names = {one.attr for one in nodes if isinstance(one, ast.Attribute)}
    names |= {one.id for one in nodes if isinstance(one, ast.Name)}
    names |= {one.value for one in nodes if isinstance(one, ast.Constant) and isinstance(one.value, str)}
    own = {
        one.attr
        for one in nodes
        if isinstance(one, ast.Attribute) and isinstance(one.ctx, ast.Store) and isinstance(one.value, ast.Name)
    }
    found = {name: of for name in names if (of := base(name, own - {name})) is not None}
    return frozenset(of for of in found.values() if of not in found)


def each_alone(reader: Statements, classes: Collection[str]) -> tuple[Tensor, tuple[Layer, ...]]:
    """What the forward passes of classes give that no line puts together, all in one number, and the objects.

    What comes from above is a number for each entry. Raises ProgramError for a class that has no value.
    """
    own = [one for one in reader.top.values.values() if isinstance(one, Class) and one.name in classes]
    total: Node | None = None
    found: list[Layer] = []
    for of in own:
        name = next(method for method in FORWARD if method in of.parts)
        made = Record(of=of)
        _initialised(reader, made)
        _hold_inputs(reader, made)
        given = _arguments(reader, of.parts[name])
        try:
            value = reader.of_object(made, name, given, {}, of.parts[name].node)
            output = b.named("out", node_of(value[0] if isinstance(value, tuple) else value), len(reader.assigned) + 1)
        except NetcalcError as error:
            reader.note(f"{of.name} is passed over: {error.message}")
            continue
        label = f"{of.name} alone"
        reader.top.values[label] = made
        found.append(Layer(label, of, output))
        if output.shape:
            output = b.summed(b.multiply(output, reader.drawn(f"upstream_{of.name}", output.shape).node))
        total = output if total is None else b.add(total, output)
    if total is None:
        raise reader.source.error(
            f"no forward pass of {', '.join(classes)} has a value: give its arguments with --at", None
        )
    return Tensor(total), tuple(found)


def each_applied(reader: Statements) -> tuple[Layer, ...]:
    """The functions with a backward pass of their own that lines call, each held to what it gives there."""
    found = []
    for number, made in enumerate(reader.applied, 1):
        assert made.of is not None  # noqa: S101 - it is of a class
        output = made.outcome[0] if isinstance(made.outcome, tuple) else made.outcome
        found.append(Layer(f"{made.of.name} {number}", made.of, node_of(output)))
        reader.top.values[found[-1].name] = made
    return tuple(found)


def _initialised(reader: Statements, made: Record) -> None:
    """Read what an object's __init__ sets, as far as that has values."""
    first = made.of.parts.get("__init__") if made.of is not None else None
    if not isinstance(first, Function) or isinstance(first.node, ast.Lambda):
        return
    frame = Frame(first.frame, reader.frame.level + 1, first.name)
    names = [one.arg for one in (*first.node.args.posonlyargs, *first.node.args.args, *first.node.args.kwonlyargs)]
    frame.values = {name: first.defaults.get(name, reader.lookup(name)) for name in names[1:]}
    frame.values[names[0]] = made
    reader.frames.append(frame)
    try:
        for one in first.node.body:
            try:
                reader.statement(one)
            except (NetcalcError, TypeError, ValueError, AttributeError, LookupError):
                continue  # what it would set is an input, if it is given
    finally:
        reader.frames.pop()


def _hold_inputs(reader: Statements, made: Record) -> None:
    """Give an object the inputs that it has, each as an array of its own, so that its gradient is through it alone."""
    methods = [one for one in (made.of.parts if made.of else {}).values() if isinstance(one, Function)]
    nodes = [node for one in methods for node in ast.walk(one.node)]
    for one in nodes:
        match one:
            case ast.Attribute(ast.Name("self"), name) if name in reader.given and name not in made.parts:
                made.parts[name] = reader.input(name)
    for name, value in made.parts.items():
        made.parts[name] = _alone(reader, name, value)


def _alone(reader: Statements, name: str, value: Any) -> Any:
    """An input as an array of its own."""
    if not isinstance(value, Tensor) or value.node.operation is not INPUT or value.node in reader.indices:
        return value
    number = len(reader.assigned) + 1
    reader.assigned.append(Assigned(name, 0, value.node, reader.frame.level + 1, value.kind))
    return replace(value, node=b.named(name, value.node, number), is_named=True)


def _arguments(reader: Statements, called: Function) -> list[object]:
    """The inputs by the names of a method's arguments, up to those that have values of their own."""
    return [_alone(reader, one, reader.lookup(one)) for one in _names(called)]


def _names(called: Function) -> Iterator[str]:
    spec = called.node.args
    names = [one.arg for one in (*spec.posonlyargs, *spec.args)][1:]
    return (one for one in names if one not in called.defaults)


def run_back(reader: Statements, layer: Layer, above: Tensor) -> None:
    """The backward pass of an object that stands alone: what comes from above first, other arguments by their names."""
    made = reader.top.values[layer.name]
    called = layer.of.parts[BACKWARD]
    names = list(_names(called)) or [one.arg for one in called.node.args.args[1:2]]
    args = [above if place == 0 else reader.lookup(name) for place, name in enumerate(names)]
    if any(isinstance(one, Missing) for one in args):
        missing = next(name for name, one in zip(names, args, strict=True) if isinstance(one, Missing))
        raise ProgramError(f"{layer.of.name}.{BACKWARD} takes {missing}, which has no value")
    reader.of_object(made, BACKWARD, args, {}, called.node)
