"""A class with a forward and a backward pass as defs, as torch.autograd.Function and layers of courses have them."""

from __future__ import annotations

import ast
from collections.abc import Iterator

OWNERS = ("self", "ctx", "cls")
SAVED = "saved_tensors"  # what ctx.save_for_backward keeps is called so


def without_classes(tree: ast.Module) -> ast.Module:
    """The tree with the methods of its only class in the class's place, if both passes are among them."""
    classes = [one for one in tree.body if isinstance(one, ast.ClassDef)]
    if len(classes) == 1 and {"forward", "backward"} <= {one.name for one in _methods(classes[0])}:
        place = tree.body.index(classes[0])
        methods = [_without_owner(one) for one in _methods(classes[0]) if not one.name.startswith("__")]
        tree.body[place : place + 1] = methods
        tree.body = [one for one in tree.body if not _is_applied(one, classes[0].name)]
    return tree


def _methods(node: ast.ClassDef) -> Iterator[ast.FunctionDef]:
    return (one for one in node.body if isinstance(one, ast.FunctionDef))


def _is_applied(node: ast.stmt, name: str) -> bool:
    """Whether a line names the function that a class is: scale = Scale.apply."""
    match node:
        case ast.Assign(value=ast.Attribute(ast.Name(owner), "apply")):
            return owner == name
    return False


def _without_owner(node: ast.FunctionDef) -> ast.FunctionDef:
    if node.args.args and node.args.args[0].arg in OWNERS:
        del node.args.args[0]
    node.body = [_kept(one) for one in node.body]
    return node


def _kept(node: ast.stmt) -> ast.stmt:
    """ctx.save_for_backward(x, w) as the tuple of these."""
    match node:
        case ast.Expr(ast.Call(ast.Attribute(ast.Name(owner), "save_for_backward"), args)) if owner in OWNERS:
            target = ast.Name(SAVED, ast.Store())
            return ast.fix_missing_locations(
                ast.copy_location(ast.Assign([ast.copy_location(target, node)], ast.Tuple(args, ast.Load())), node)
            )
    return node
