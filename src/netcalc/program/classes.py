"""Classes: with a forward and a backward pass as defs, as torch.autograd.Function and layers of courses have them."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator

FORWARD, BACKWARD = ("forward", "__call__"), "backward"  # methods
OWNERS = ("self", "ctx", "cls")
SAVED = "saved_tensors"  # what ctx.save_for_backward keeps is called so


def statements_in(node: ast.AST) -> Iterator[ast.AST]:
    """What `ast.walk` gives of a statement or a file, but for expressions, which are most of it."""
    found = [node]
    for one in found:
        for name in ("body", "orelse", "finalbody", "handlers", "cases"):
            inner = getattr(one, name, None)
            found.extend(inner if isinstance(inner, list) else ())  # of a lambda, and of `a if b else c`, an expression
    return iter(found)


def without_classes(tree: ast.Module) -> ast.Module:
    """The tree with the methods of its class that has both passes in the class's place, or of its only class with a
    backward pass; the classes beside it are left out. A file of layers, or of functions that lines call, keeps them.
    """
    if not any(isinstance(one, ast.ClassDef | ast.Expr) for one in tree.body):
        return tree
    from netcalc.program.applied import with_applied  # few programs have such

    both = with_both_passes(tree)
    applied = with_applied(tree, both)
    if applied is not None or is_of_layers(tree):
        return applied or tree
    classes = [one for one in tree.body if isinstance(one, ast.ClassDef)]
    back = [one for one in classes if BACKWARD in _names_of(one)]
    chosen = both or (back if len(back) == 1 else [])
    if chosen:
        methods = [without_owner(one) for one in _methods(chosen[0]) if not one.name.startswith("__")]
        place = tree.body.index(chosen[0])
        tree.body[place : place + 1] = methods
        owners = {one.name for one in classes}
        tree.body = [one for one in tree.body if one not in classes and not _is_applied(one, owners)]
    return tree


def of_own_graph(tree: ast.Module) -> ast.ClassDef | None:
    """The class whose numbers carry a way backward each, as micrograd's Value does, and which goes all of it."""
    for one in tree.body:
        if not isinstance(one, ast.ClassDef):
            continue
        names = _names_of(one)
        if BACKWARD in names and not names.isdisjoint(("__add__", "__mul__")):
            targets = [node.targets[0] for node in ast.walk(one) if isinstance(node, ast.Assign)]
            if any(isinstance(target, ast.Attribute) and target.attr == "_backward" for target in targets):
                return one
    return None


def used_classes(tree: ast.Module) -> frozenset[str]:
    """The classes that lines outside of them use."""
    classes = [one for one in tree.body if isinstance(one, ast.ClassDef)]
    if not classes:
        return frozenset()
    names = [{name.id for name in ast.walk(one) if isinstance(name, ast.Name)} for one in tree.body]
    pairs = [(own, used) for own in classes for one, used in zip(tree.body, names, strict=True) if one is not own]
    return frozenset(own.name for own, used in pairs if own.name in used)


def with_both_passes(tree: ast.Module) -> list[ast.ClassDef]:
    """The classes that have both passes."""
    found = [one for one in tree.body if isinstance(one, ast.ClassDef)]
    return [one for one in found if BACKWARD in _names_of(one) and not _names_of(one).isdisjoint(FORWARD)]


def _names_of(node: ast.ClassDef) -> set[str]:
    return {one.name for one in _methods(node)}


def is_of_layers(tree: ast.Module) -> bool:
    """Whether a file has layers: several classes with both passes, or one whose objects its lines call backwards."""
    from netcalc.program.applied import is_function

    both = with_both_passes(tree)
    if not both or any(is_function(one) for one in both):
        return False
    others = [one for one in tree.body if not isinstance(one, ast.ClassDef)]
    return len(both) > 1 or (_makes(others, {both[0].name}) and any(calls_backward(one) for one in others))


def _makes(body: Collection[ast.stmt], names: Collection[str]) -> bool:
    nodes = [node for one in body for node in ast.walk(one)]
    return any(isinstance(one, ast.Call) and isinstance(one.func, ast.Name) and one.func.id in names for one in nodes)


def calls_backward(node: ast.AST) -> bool:
    """Whether a statement calls a backward pass; a def or a class does not by itself."""
    if isinstance(node, ast.ClassDef | ast.FunctionDef):
        return False
    calls = [one.func for one in ast.walk(node) if isinstance(one, ast.Call)]
    return any(isinstance(one, ast.Attribute) and one.attr == BACKWARD for one in calls)


def in_line(body: list[ast.stmt]) -> list[ast.stmt]:
    """The lines of a file, read once: those under `if __name__ == …`, of main(), and of its training loop."""
    defs = {one.name: one for one in body if isinstance(one, ast.FunctionDef)}
    found: list[ast.stmt] = []
    for one in body:
        match one:
            case ast.If(ast.Compare(ast.Name("__name__"))):
                found += in_line([*defs.values(), *one.body])[len(defs) :]
            case ast.Expr(ast.Call(ast.Name(name), [], [])) if name in defs and any(
                map(calls_backward, defs[name].body)
            ):
                found += in_line(defs[name].body)
            case ast.For(ast.Name(name), ast.Call(ast.Name("range")), inner) if any(map(_is_trained, inner)):
                first = ast.Assign([ast.Name(name, ast.Store())], ast.Constant(0))
                found += [ast.fix_missing_locations(ast.copy_location(first, one)), *in_line(inner)]
            case _:
                found.append(one)
    return found


def _is_trained(node: ast.stmt) -> bool:
    """Whether a line of a loop runs a whole backward pass: one of the loop itself, and no layer's within another."""
    return not isinstance(node, ast.For) and calls_backward(node)


def _methods(node: ast.ClassDef) -> Iterator[ast.FunctionDef]:
    return (one for one in node.body if isinstance(one, ast.FunctionDef))


def _is_applied(node: ast.stmt, owners: set[str]) -> bool:
    """Whether a line makes something of a class by its name: scale = Scale.apply, layer = Layer()."""
    match node:
        case ast.Assign(value=ast.Attribute(ast.Name(owner), "apply") | ast.Call(ast.Name(owner))):
            return owner in owners
    return False


def without_owner(node: ast.FunctionDef) -> ast.FunctionDef:
    """A method as a def."""
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
