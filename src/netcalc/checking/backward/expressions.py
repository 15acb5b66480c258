"""The expressions of a statement, and texts put together from their parts."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from netcalc.checking.backward.changes import Change
from netcalc.checking.backward.trial import Trial
from netcalc.program.answers import entries_of, given_to, kept_in

PRIMARY = (ast.Name, ast.Call, ast.Attribute, ast.Subscript, ast.Constant, ast.List, ast.Tuple)
SUMS = ("sum", "mean", "average", "nansum")
MODULES = ("np", "numpy", "torch", "jnp", "F", "math")


def roots(statement: ast.stmt, name: str) -> Iterator[ast.expr]:
    """What a statement assigns to a gradient, and where: its value and the indices of its target.

    Of a gradient that a call is given, what it is given comes first.
    """
    for call in ast.walk(statement) if " given to " in name else ():
        if isinstance(call, ast.Call) and call.args and name == given_to(call):
            yield call.args[0]
    kept = kept_in(statement)
    returned = statement.value if isinstance(statement, ast.Return) else None
    entries = kept[1] if kept else entries_of(returned) if returned is not None else None
    if entries is not None:
        yield from (part for key, part in entries if name in (key, f"d{key}") or name.endswith(f"['{key}']"))
        return
    match statement:
        case ast.Assign(targets, value):
            yield from _of_assignment(targets[0], value, name)
        case ast.AugAssign(target, _, value) | ast.AnnAssign(target, _, ast.expr() as value):
            yield value
            yield from _indices(target)
        case ast.Return(ast.Tuple(several) | ast.List(several)):
            yield from several
        case ast.Return(ast.expr() as value):
            yield value
        case ast.Expr(ast.Call(_, args)):
            yield from args[1:] or args


def _of_assignment(target: ast.expr, value: ast.expr, name: str) -> Iterator[ast.expr]:
    if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple) and len(target.elts) == len(value.elts):
        for one, own in zip(target.elts, value.elts, strict=True):
            if ast.unparse(one) == name:
                yield own
        return
    yield value
    yield from _indices(target)


def _indices(target: ast.expr) -> Iterator[ast.expr]:
    if isinstance(target, ast.Subscript):
        yield target.slice


def parts(root: ast.expr) -> Iterator[ast.expr]:
    """Every expression in one, the whole first; not the names of functions, nor those of keywords."""
    stack: list[ast.AST] = [root]
    while stack:
        node = stack.pop(0)
        if isinstance(node, ast.expr):
            yield node
        for child in ast.iter_child_nodes(node):
            if isinstance(node, ast.Call) and child is node.func:
                if isinstance(child, ast.Attribute) and not is_module(child.value):
                    stack.append(child.value)
                continue
            stack.append(child)


def everywhere(trial: Trial) -> Iterator[tuple[ast.stmt, ast.expr]]:
    """Every expression in the gradient's statements, and the statement that it is in."""
    for version in trial.versions:
        for root in roots(version.statement, version.name):
            yield from ((version.statement, node) for node in parts(root))


def is_module(node: ast.expr) -> bool:
    """Whether it is a library, as `np` is."""
    while isinstance(node, ast.Attribute):
        node = node.value
    return isinstance(node, ast.Name) and node.id in MODULES


def owner_of(call: ast.Call) -> ast.expr | None:
    """What a method or a library's function is applied to: x in x.sum(0) and np.sum(x, 0)."""
    if isinstance(call.func, ast.Attribute) and not is_module(call.func.value):
        return call.func.value
    return call.args[0] if call.args else None


def called(node: ast.AST) -> str:
    """The name of the function that is called; nothing where none is."""
    if not isinstance(node, ast.Call):
        return ""
    return node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")


def as_primary(trial: Trial, node: ast.expr) -> str:
    """The text of an expression, in brackets where it has operators."""
    text = trial.text(node)
    return text if isinstance(node, PRIMARY) and not isinstance(node, ast.Tuple) else f"({text})"


def as_factor(trial: Trial, node: ast.expr) -> str:
    """The text of an expression as the first factor of a product."""
    is_sum = isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub)
    return f"({trial.text(node)})" if is_sum else trial.text(node)


def as_divisor(text: str) -> str:
    """A text in brackets where it has operators, and none around it."""
    if text.startswith("(") and text.endswith(")") and "(" not in text[1:-1]:
        return text
    try:
        return text if isinstance(ast.parse(text, mode="eval").body, PRIMARY) else f"({text})"
    except SyntaxError:
        return f"({text})"


def put(trial: Trial, node: ast.AST, text: str) -> Change:
    """A text in the place of an expression, in brackets where it takes them."""
    start, end = trial.segment(node)
    before, after = trial.source.text[:start], trial.source.text[end:]
    line = before.rpartition("\n")[2], after.partition("\n")[0]
    plain, bracketed = (f"{line[0]}{one}{line[1]}".strip() for one in (text, f"({text})"))
    if line[0].endswith("(") and line[1].startswith(")") and _same(f"{line[0][:-1]}{text}{line[1][1:]}".strip(), plain):
        return Change(start - 1, end + 1, text)
    return Change(start, end, text if _same(plain, bracketed) else f"({text})")


def _same(plain: str, bracketed: str) -> bool:
    """Whether two lines say the same, that of a loop or an if without what is in it."""
    one, other = (f"{text.removeprefix('el')} pass" if text.endswith(":") else text for text in (plain, bracketed))
    try:
        return ast.dump(ast.parse(one)) == ast.dump(ast.parse(other))
    except SyntaxError:
        return False


def terms(node: ast.expr, sign: int = 1) -> Iterator[tuple[ast.expr, int]]:
    """The summands of a sum, with their signs."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
        yield from terms(node.left, sign)
        yield from terms(node.right, -sign if isinstance(node.op, ast.Sub) else sign)
    else:
        yield node, sign


def factors(node: ast.expr) -> list[tuple[ast.expr, bool]]:
    """The factors of a product, and whether each divides."""
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Div):
        right = factors(node.right)
        if isinstance(node.op, ast.Div):
            right = [(node.right, True)]
        return [*factors(node.left), *right]
    return [(node, False)]
