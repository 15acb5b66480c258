"""Classes: with a forward and a backward pass as defs, as torch.autograd.Function and layers of courses have them."""

from __future__ import annotations

import ast
from collections.abc import Iterator

OWNERS = ("self", "ctx", "cls")
SAVED = "saved_tensors"  # what ctx.save_for_backward keeps is called so


def without_classes(tree: ast.Module) -> ast.Module:
    """The tree with the methods of its class that has both passes in the class's place, or of its only class with a
    backward pass; the classes beside it are left out. Raises ValueError where several have both passes.
    """
    classes = [one for one in tree.body if isinstance(one, ast.ClassDef)]
    back = [one for one in classes if "backward" in {method.name for method in _methods(one)}]
    both = [one for one in back if "forward" in {method.name for method in _methods(one)}]
    if len(both) > 1:
        names = ", ".join(one.name for one in both)
        raise ClassesError(f"there are several classes with a backward pass, {names}; leave one of them", both[1])
    chosen = both or (back if len(back) == 1 else [])
    if chosen:
        methods = [_without_owner(one) for one in _methods(chosen[0]) if not one.name.startswith("__")]
        place = tree.body.index(chosen[0])
        tree.body[place : place + 1] = methods
        owners = {one.name for one in classes}
        tree.body = [one for one in tree.body if one not in classes and not _is_applied(one, owners)]
    return tree


def used_classes(tree: ast.Module) -> frozenset[str]:
    """The classes that lines outside of them use."""
    classes = [one for one in tree.body if isinstance(one, ast.ClassDef)]
    if not classes:
        return frozenset()
    names = [{name.id for name in ast.walk(one) if isinstance(name, ast.Name)} for one in tree.body]
    pairs = [(own, used) for own in classes for one, used in zip(tree.body, names, strict=True) if one is not own]
    return frozenset(own.name for own, used in pairs if own.name in used)


class ClassesError(Exception):
    """Several classes that each could be meant; the second argument is where one begins."""


def _methods(node: ast.ClassDef) -> Iterator[ast.FunctionDef]:
    return (one for one in node.body if isinstance(one, ast.FunctionDef))


def _is_applied(node: ast.stmt, owners: set[str]) -> bool:
    """Whether a line makes something of a class by its name: scale = Scale.apply, layer = Layer()."""
    match node:
        case ast.Assign(value=ast.Attribute(ast.Name(owner), "apply") | ast.Call(ast.Name(owner))):
            return owner in owners
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
