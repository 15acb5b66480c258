"""A def that gives a loss and its gradients, as svm_loss(W, X, y) in a course does: what of it is the forward pass."""

from __future__ import annotations

import ast
import re

from netcalc.program.answers import HOLDERS, assigned_in, base, entries_of, has_both, names_in
from netcalc.program.classes import without_owner


def opened(tree: ast.Module) -> ast.Module:
    """The tree with the method that gives both, and what it calls, in the place of its class, which no line uses; and
    with loss, dW = svm_loss(W, X, y) for out = svm_loss(W, X, y), where no line uses out.
    """
    defs = {one.name: one for one in tree.body if isinstance(one, ast.FunctionDef) and loss_of(one) is not None}
    for line in tree.body if defs else ():
        match line:
            case ast.Assign([ast.Name(name) as target], ast.Call(ast.Name(of))) if of in defs:
                last = defs[of].body[-1]
                names = [ast.unparse(part) for part in getattr(getattr(last, "value", None), "elts", [])]
                if all(map(str.isidentifier, names)) and not _is_read(tree, name):
                    parts: list[ast.expr] = [ast.copy_location(ast.Name(part, ast.Store()), target) for part in names]
                    line.targets = [ast.copy_location(ast.Tuple(parts, ast.Store()), target)]
    classes = [one for one in tree.body if isinstance(one, ast.ClassDef)]
    if len(classes) != 1 or classes[0].name in names_in([one for one in tree.body if one not in classes]):
        return tree
    methods = {one.name: one for one in classes[0].body if isinstance(one, ast.FunctionDef)}
    own = [one for one in methods.values() if loss_of(one) is not None]
    for one in own:
        called = [node.attr for node in ast.walk(one) if isinstance(node, ast.Attribute) and node.attr in methods]
        own += [methods[name] for name in dict.fromkeys(called) if methods[name] not in own]
    place = tree.body.index(classes[0])
    tree.body[place : place + 1] = [without_owner(one) for one in reversed(own)] or classes
    return tree


def _is_read(tree: ast.Module, name: str) -> bool:
    lines = [one for one in tree.body if not isinstance(one, ast.FunctionDef | ast.ClassDef)]
    nodes = [node for one in lines for node in ast.walk(one)]
    return any(isinstance(one, ast.Name) and one.id == name and isinstance(one.ctx, ast.Load) for one in nodes)


def split_within(body: list[ast.stmt], of: str | None) -> tuple[list[ast.stmt], list[ast.stmt]]:
    """A file's forward pass, and where a def gives gradients as well all of it as the backward pass, the def last.

    Where a line calls such a def, or a loop gives both, both are the whole file.
    """
    found = [one for one in body if isinstance(one, ast.FunctionDef) and loss_of(one) is not None]
    others = [one for one in body if not isinstance(one, ast.FunctionDef | ast.ClassDef)]
    several = [
        one.targets[0] for one in others if isinstance(one, ast.Assign) and isinstance(one.targets[0], ast.Tuple)
    ]
    names = names_in(body) if several else set()
    if any(loss_in(one, names) is not None for one in several) or any(map(has_both, body)):
        return body, body
    named = {one.name: names_in([line for line in body if line is not one]) for one in found}
    free = [one for one in found if one.name == of] or [one for one in found if one.name not in named[one.name]]
    if len(free) != 1:
        return body, []
    own = free[0]
    cut = ast.copy_location(ast.FunctionDef(**{**vars(own), "body": _forward(own)}), own)
    return [cut if one is own else one for one in body], [*(one for one in body if one is not own), own]


def loss_of(node: ast.FunctionDef) -> ast.expr | None:
    """What a def returns beside gradients, the first such."""
    last = node.body[-1]
    value = last.value if isinstance(last, ast.Return) else None
    return None if value is None else loss_in(value, names_in([node]))


def loss_in(node: ast.expr, names: set[str]) -> ast.expr | None:
    """The first part of a tuple that is no gradient, where another one is."""
    parts = node.elts if isinstance(node, ast.Tuple) else []
    free = [one for one in parts if not _is_gradient(one, names)]
    return free[0] if free and len(free) < len(parts) and not isinstance(free[0], ast.Tuple | ast.Constant) else None


def _is_gradient(node: ast.expr, names: set[str]) -> bool:
    match node:
        case ast.Name(name):
            return base(name, names - {name}) is not None or (len(name) > 1 and re.fullmatch(HOLDERS, name) is not None)
        case ast.Tuple(parts) | ast.List(parts):
            return bool(parts) and all(_is_gradient(one, names) for one in parts)
    parts = [one for one in ast.walk(node) if isinstance(one, ast.Name)]
    return bool(entries_of(node)) or any(_is_gradient(one, names) for one in parts)  # dx.reshape(x.shape), dz @ w.T


def _forward(node: ast.FunctionDef) -> list[ast.stmt]:
    """The lines of a def up to the last that makes its loss."""
    loss = loss_of(node)
    assert loss is not None  # noqa: S101 - see the caller
    names = names_in([ast.Expr(loss)])
    makes = [place for place, one in enumerate(node.body) if names & set(assigned_in(one))]
    return [*node.body[: makes[-1] + 1 if makes else -1], ast.copy_location(ast.Return(loss), node.body[-1])]
