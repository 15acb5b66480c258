"""Which function of a program, or which object's method, is its forward pass, and that called."""

from __future__ import annotations

import ast
from typing import Any

from netcalc.graph.leaves import INPUT
from netcalc.graph.node import Node, in_order
from netcalc.program.classes import OWNERS
from netcalc.program.statements import Statements
from netcalc.program.values import Class, Function, Record


def object_of_pass(reader: Statements, of: str | None) -> tuple[Function, Record] | None:
    """The forward of the one class that no other line uses, and an object of it, where nothing else is the pass; else
    that of the last object that a line makes.
    """
    if of is not None or computes(reader):
        return None
    held = reader.top.values.values()
    classes = [one for one in held if isinstance(one, Class) and one.name not in reader.classes]
    classes = [one for one in classes if _passes(one)]
    if not classes:
        objects = [one for one in held if isinstance(one, Record) and one.of is not None and not one.is_of_library]
        objects = [one for one in objects if one.of is not None and _passes(one.of)]
        return (_passes(objects[-1].of), objects[-1]) if objects else None  # type: ignore[return-value, arg-type]
    own, *others = classes
    forward = _passes(own)
    assert forward is not None  # noqa: S101 - see classes
    if others and (second := _passes(others[0])) is not None:
        method, names = forward.name.rpartition(".")[2], ", ".join(one.name for one in classes)
        raise reader.source.error(f"there are several classes with a {method}, {names}; leave one", second.node)
    made = Record(of=own)
    if isinstance(first := own.parts.get("__init__"), Function):
        called(reader, first, made)
    return forward, made


def _passes(own: Class) -> Function | None:
    """The method that is a class's forward pass."""
    found = own.parts.get("forward", own.parts.get("__call__"))
    return found if isinstance(found, Function) else None


def called(reader: Statements, function: Function, *owner: Record) -> tuple[Any, str]:
    """What a def returns, called with the inputs of its arguments' names, a method with its object before them."""
    assert isinstance(function.node, ast.FunctionDef)  # noqa: S101 - it is no lambda
    spec = function.node.args
    names = [one.arg for one in (*spec.posonlyargs, *spec.args)][len(owner) :]
    optional = set(names[len(names) - len(spec.defaults) :])
    optional |= {one.arg for one, default in zip(spec.kwonlyargs, spec.kw_defaults, strict=True) if default is not None}
    args: dict[str, Any] = {}
    for name in (*names, *(one.arg for one in spec.kwonlyargs)):
        if name in reader.given or name not in optional:
            args[name] = reader.lookup(name)
    value = reader.function(function, [*owner], args, function.node)
    return value, _returned_name(reader.returned)


def _returned_name(statement: ast.AST | None) -> str:
    value = getattr(statement, "value", None)
    if isinstance(value, ast.Tuple) and value.elts:
        value = value.elts[0]
    return value.id if isinstance(value, ast.Name) else ""


def function_of_pass(reader: Statements, of: str | None, tree: ast.Module) -> Function | None:
    """The def that is the pass: the one that --of names, or, if no line of the file computes, that none uses."""
    defs = [one for one in reader.top.values.values() if isinstance(one, Function) and one.name != "lambda"]
    if of is not None and any(one.name == of for one in defs):
        return next(one for one in defs if one.name == of)
    if not defs or computes(reader):
        return None
    called = {name for one in defs for name in called_in(one.node) - {one.name}}
    called |= {name for one in tree.body if isinstance(one, ast.Assign) for name in called_in(one.value)}
    called |= {name for one in tree.body if isinstance(one, ast.ClassDef) for name in called_in(one)}
    free = [one for one in defs if one.name not in called]
    forward = [one for one in free if not _is_backward(one.name)]
    free = forward or free
    if of is not None and len(free) > 1:
        return None
    if len(free) > 1:
        names = ", ".join(one.name for one in free)
        raise reader.source.error(
            f"there are several functions, {names}; say which with --of {free[-1].name}", free[1].node
        )
    return free[0] if free else None


def _is_backward(name: str) -> bool:
    return "backward" in name or name.startswith(("grad_", "d_")) or name.endswith(("_grad", "_bwd", "_vjp"))


def called_in(node: ast.AST) -> set[str]:
    """The names that a statement has, those of its object's methods among them."""
    nodes = list(ast.walk(node))
    methods = {one.attr for one in nodes if isinstance(one, ast.Attribute) and ast.unparse(one.value) in OWNERS}
    return {one.id for one in nodes if isinstance(one, ast.Name)} | methods


def computes(reader: Statements) -> bool:
    """Whether a line of the file itself made something of an input."""
    return any(one.node.operation is not INPUT and _inputs_of(one.node) for one in reader.assigned)


def _inputs_of(node: Node) -> bool:
    return any(one.operation is INPUT for one in in_order([node]))
