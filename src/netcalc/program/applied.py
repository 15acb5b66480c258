"""Functions that have a backward pass of their own, torch.autograd.Function and jax.custom_vjp, as classes."""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator

FUNCTION = "Function"  # what such a class goes on from
KEPT = "save_for_backward", "saved_tensors"  # what keeps arrays, and what they are called then
RESIDUALS = "residuals"  # what the second def of defvjp is given first


def is_function(node: ast.ClassDef) -> bool:
    """Whether it is a torch.autograd.Function, whose context is no object of its own."""
    return any(ast.unparse(one).endswith(FUNCTION) for one in node.bases)


def with_applied(tree: ast.Module, both: Collection[ast.ClassDef]) -> ast.Module | None:
    """The tree with such classes as those of objects that each call makes; None where there is one that no line calls.

    `both` are the classes that have both passes.
    """
    functions = [one for one in both if is_function(one)]
    defs = {one.name: one for one in tree.body if isinstance(one, ast.FunctionDef)}
    rules = {place: _rule(one, defs) for place, one in enumerate(tree.body)}
    found = {place: own for place, own in rules.items() if own is not None}
    names = {one.name for one in functions}
    others = [one for one in tree.body if one not in functions]
    is_alone = len(both) < 2 and not any(_calls(one, _aliases(others, names), names) for one in others)
    if not found and (is_alone or not functions):
        return None
    dropped = [one for pair in found.values() for one in pair]
    body = [_class_of(*found[place]) if place in found else one for place, one in enumerate(tree.body)]
    tree.body = [one for one in body if one not in dropped and not _is_run(one)]
    return _Applied({*names, *(pair[0].name for pair in found.values())}).visit(tree)  # type: ignore[no-any-return]


def _applies(node: ast.AST, names: Collection[str]) -> bool:
    return isinstance(node, ast.Attribute) and node.attr == "apply" and ast.unparse(node.value) in names


def _aliases(body: Collection[ast.stmt], names: Collection[str]) -> set[str]:
    """The linear of linear = Linear.apply."""
    return {ast.unparse(one.targets[0]) for one in body if isinstance(one, ast.Assign) and _applies(one.value, names)}


def _calls(node: ast.stmt, aliases: Collection[str], names: Collection[str]) -> bool:
    calls = [one.func for one in ast.walk(node) if isinstance(one, ast.Call)]
    return any(_applies(one, names) or ast.unparse(one) in aliases for one in calls)


def _is_run(node: ast.stmt) -> bool:
    """loss.backward(), which gives each function its gradient from above; and a check of it by numbers."""
    value = getattr(node, "value", None)
    called = value.func if isinstance(value, ast.Call) else None
    name = ast.unparse(called).rpartition(".")[2] if called is not None else ""
    return (isinstance(node, ast.Expr) and name == "backward") or name in ("gradcheck", "gradgradcheck", "check_grads")


def _rule(node: ast.stmt, defs: dict[str, ast.FunctionDef]) -> tuple[ast.FunctionDef, ...] | None:
    """The defs of f.defvjp(f_fwd, f_bwd)."""
    match node:
        case ast.Expr(ast.Call(ast.Attribute(ast.Name(name), "defvjp"), [ast.Name(forward), ast.Name(backward)])):
            own = [defs[one] for one in (name, forward, backward) if one in defs]
            return tuple(own) if len(own) == len(("f", "f_fwd", "f_bwd")) and own[0].decorator_list else None
    return None


def _class_of(called: ast.FunctionDef, forward: ast.FunctionDef, backward: ast.FunctionDef) -> ast.stmt:
    """The class of a function of JAX's: what its forward pass returns second is an attribute."""
    own = ast.arg("ctx")
    residuals, *above = backward.args.args
    first = ast.Assign([ast.Name(residuals.arg, ast.Store())], _attribute(RESIDUALS, ast.Load()))
    ast.copy_location(first, backward.body[0])
    forward.body = [own for one in forward.body for own in _kept_residuals(one)]
    forward.name, forward.args.args = "forward", [own, *forward.args.args]
    backward.name, backward.args.args, backward.body = "backward", [own, *above], [first, *backward.body]
    made = ast.ClassDef(called.name, [ast.Name(FUNCTION, ast.Load())], [], [forward, backward], [])
    return ast.fix_missing_locations(ast.copy_location(made, called))


def _kept_residuals(node: ast.stmt) -> Iterator[ast.stmt]:
    match node:
        case ast.Return(ast.Tuple([out, kept])):
            yield ast.copy_location(ast.Assign([_attribute(RESIDUALS, ast.Store())], kept), node)
            yield ast.copy_location(ast.Return(out), node)
        case _:
            yield node


def _attribute(name: str, how: ast.expr_context) -> ast.Attribute:
    return ast.Attribute(ast.Name("ctx", ast.Load()), name, how)


class _Applied(ast.NodeTransformer):
    """Writes F.apply as F, methods without @staticmethod, and what a context keeps as its attribute."""

    def __init__(self, names: Collection[str]) -> None:
        self.names = names

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        return node.value if _applies(node, self.names) else self.generic_visit(node)

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        is_asked = ast.unparse(node.value) == "ctx.needs_input_grad"
        return ast.copy_location(ast.Constant(True), node) if is_asked else self.generic_visit(node)

    def visit_ClassDef(self, node: ast.ClassDef) -> ast.AST:
        if is_function(node):
            for one in node.body:
                if isinstance(one, ast.FunctionDef):
                    one.decorator_list = []
        return self.generic_visit(node)

    def visit_Expr(self, node: ast.Expr) -> ast.AST:
        match node.value:
            case ast.Call(ast.Attribute(ast.Name("ctx"), method), args) if method == KEPT[0]:
                made = ast.Assign([_attribute(KEPT[1], ast.Store())], ast.Tuple(args, ast.Load()))
                return ast.fix_missing_locations(ast.copy_location(made, node))
        return self.generic_visit(node)
