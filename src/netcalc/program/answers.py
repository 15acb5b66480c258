"""Names of gradients, and where in a file that has both passes the backward one begins."""

from __future__ import annotations

import ast
import re
from collections.abc import Collection, Iterator, Sequence

from netcalc.program.classes import calls_backward, statements_in

BEGINNINGS = ("d", "d_", "g_", "g", "grad_", "grad", "nabla_", "nabla", "∇_", "∇")
ENDS = ("_grad", "grad", "_g", ".grad")
OF_A_LOSS = r"(?:d(?:loss|cost|[lLJEC])_?d?_?|∂\w+_?∂)(.+)"
LOSSES_BEGIN = ("dl", "dL", "dJ", "dE", "dC", "dcost", "∂")  # where that is looked for
HOLDERS = r"(?i)d|g|(all_?)?d?grad(ient)?s?|d?params|d?cache_?grads?"
PROPER_LOSSES = r"(?i)\w*(loss|cost|nll)\w*|[LJ]"
LOSSES = r"(?i)\w*(loss|cost|nll|error)\w*|[LJE]"


def base(name: str, known: Collection[str]) -> str | None:
    """The forward name whose gradient a name says: the longest, then one that differs by its capitals alone."""
    if name in known or not (name.startswith((*BEGINNINGS, *LOSSES_BEGIN)) or name.endswith(ENDS)):
        return None
    found = [name.removeprefix(one) for one in BEGINNINGS if name.startswith(one)]
    found += [name.removesuffix(one) for one in ENDS if name.endswith(one)]
    if name.startswith(LOSSES_BEGIN) and (match := re.fullmatch(OF_A_LOSS, name)):
        found.append(match[1])
    found = [one for one in found if one]
    exact = [one for one in found if one in known]
    if exact:
        return max(exact, key=len)
    if not found:
        return None
    lowered: dict[str, list[str]] = {one.lower(): [] for one in found}
    for one in known:
        if (small := one.lower()) in lowered:
            lowered[small].append(one)
    alike = [several[0] for one in found if len(several := lowered[one.lower()]) == 1]
    return max(alike, key=len) if alike else None


def assigned_in(node: ast.AST) -> Iterator[str]:
    """The names that a statement assigns, changes in place, or assigns a part of."""
    for one in statements_in(node):
        if isinstance(one, ast.stmt) and (kept := kept_in(one)) is not None:
            yield from (key for key, _ in kept[1] if re.fullmatch(r"d.+|.*grad.*", key))
        for target in _targets(one):
            yield from names_of(target)


def targets_of(node: ast.AST) -> Iterator[ast.expr]:
    """What a statement assigns or changes in place, those in it as well."""
    return (target for one in statements_in(node) for target in _targets(one))


def _targets(node: ast.AST) -> list[ast.expr]:
    if isinstance(node, ast.Assign):
        return node.targets
    if isinstance(node, ast.AugAssign | ast.AnnAssign):
        return [node.target]
    return _changed_by(node.value) if isinstance(node, ast.Expr) and isinstance(node.value, ast.Call) else []


def _changed_by(call: ast.Call) -> list[ast.expr]:
    called = call.func
    if not isinstance(called, ast.Attribute):
        return []
    if called.attr == "at" and call.args:
        return [call.args[0]]
    return [called.value] if called.attr.endswith("_") else []


def names_of(target: ast.expr) -> Iterator[str]:
    """The names in what is assigned to."""
    match target:
        case ast.Name(name):
            yield name
        case ast.Tuple(several) | ast.List(several):
            for one in several:
                yield from names_of(one)
        case ast.Attribute(value, "grad"):
            yield ast.unparse(value).rpartition(".")[2] + ".grad"
        case ast.Starred(value) | ast.Subscript(value) | ast.Attribute(value):
            yield from names_of(value)


def entries_of(node: ast.expr) -> list[tuple[str, ast.expr]] | None:
    """The keys and values of {"W1": …} and dict(W1=…); None for anything else."""
    match node:
        case ast.Dict(keys, values) if all(isinstance(one, ast.Constant) and type(one.value) is str for one in keys):
            return [(one.value, value) for one, value in zip(keys, values, strict=True)]  # type: ignore[union-attr]
        case ast.Call(ast.Name("dict"), [], keywords) if all(one.arg for one in keywords):
            return [(one.arg, one.value) for one in keywords if one.arg]
    return None


def kept_in(node: ast.stmt) -> tuple[str, list[tuple[str, ast.expr]]] | None:
    """The name and the entries of grads = {…} and grads.update(…), where a name says that it holds gradients."""
    match node:
        case ast.Assign([ast.Name(name)], value) | ast.AnnAssign(ast.Name(name), _, ast.expr() as value):
            entries = entries_of(value)
        case ast.Expr(ast.Call(ast.Attribute(ast.Name(name), "update"), args, keywords)):
            found = [entries_of(one) for one in args]
            named = [(one.arg, one.value) for one in keywords if one.arg]
            is_known = None not in found and len(named) == len(keywords)
            entries = [*(pair for one in found if one for pair in one), *named] if is_known else None
        case _:
            return None
    return (name, entries) if entries and re.fullmatch(HOLDERS, name) else None


def split(body: Sequence[ast.stmt], given: Collection[str], of: str | None, *, is_of_layers: bool = False) -> int:
    """How many statements of a file are its forward pass; all of them where none behind the loss gives a gradient.

    The loss is `of`, or what is called one, or what is assigned last before the first gradient.
    """
    assigned = [
        [] if isinstance(one, ast.ClassDef | ast.FunctionDef) else list(dict.fromkeys(assigned_in(one))) for one in body
    ]
    held = next((place for place, one in enumerate(body) if holds_gradients(one, body)), None)
    first = _first_gradient(assigned, given) if held is None else held
    if is_of_layers:
        first = next((n for n, one in enumerate(body) if n == first or calls_backward(one)), None)
    if first is None:
        return len(body)
    before = [place for place in range(first) if assigned[place] and not isinstance(body[place], ast.FunctionDef)]
    if of is not None:
        before = [place for place in before if of in assigned[place]]
        later = any(of in names for names in assigned[first:])
        return before[-1] + 1 if before and not later else len(body)
    called = [place for place in before if any(re.fullmatch(LOSSES, name) for name in assigned[place])]
    if not any(_is_loss(name) for place in called for name in assigned[place]) and any(
        _is_loss(name) for names in assigned[first:] for name in names
    ):
        return len(body)
    called = _but_errors(body, assigned, called)
    if called:
        return len(body) if any(has_both(one) for one in body[first:]) else called[-1] + 1
    if not before or _goes_on(body, assigned, first):
        return len(body)
    return _end(body, assigned, before) + 1


def _but_errors(body: Sequence[ast.stmt], assigned: Sequence[Sequence[str]], called: list[int]) -> list[int]:
    """The lines that make a loss, without errors behind it of which it is no part: l2_error = l2 - y."""
    proper = [place for place in called if any(re.fullmatch(PROPER_LOSSES, name) for name in assigned[place])]
    names = {name for place in proper for name in assigned[place]}
    behind = body[proper[-1] + 1 : called[-1] + 1] if proper else []
    return proper if proper and not names & names_in(behind) else called


def _end(body: Sequence[ast.stmt], assigned: Sequence[Sequence[str]], before: Sequence[int]) -> int:
    """The last statement before the first gradient that is made of others and of which no later line makes anything."""
    made = {name for place in before for name in assigned[place]}
    for place in reversed(before):
        behind = names_in(body[place + 1 :])
        if not behind & set(assigned[place]) and made & names_in([body[place]]) - set(assigned[place]):
            return place
    return before[-1]


def _is_loss(name: str) -> bool:
    """Whether a name says a loss in a word, and no gradient of one."""
    return len(name) > 1 and re.fullmatch(LOSSES, name) is not None and re.match(r"d|g|n_|∇|∂|.*grad$", name) is None


def has_both(node: ast.stmt) -> bool:
    """Whether a loop adds to a loss and to gradients of what it has."""
    if not isinstance(node, ast.For):
        return False
    added = {name for one in ast.walk(node) if isinstance(one, ast.AugAssign) for name in names_of(one.target)}
    losses = {name for name in added if _is_loss(name)}
    known = names_in([node])
    return bool(losses) and any(base(name, known - {name}) is not None for name in added - losses)


def loss_named(body: Sequence[ast.stmt]) -> str | None:
    """The last name that lines below the defs assign which says a loss."""
    lines = [one for one in reversed(body) if not isinstance(one, ast.FunctionDef | ast.ClassDef)]
    return next((name for one in lines for name in assigned_in(one) if _is_loss(name)), None)


def backward_defs(body: Sequence[ast.stmt]) -> list[ast.stmt]:
    """The def that is the backward pass of another def of a file which is defs alone."""
    defs = [one for one in body if isinstance(one, ast.FunctionDef)]
    others = [one for one in body if one not in defs and not isinstance(one, ast.Import | ast.ImportFrom | ast.Expr)]
    back = [one for one in defs if re.search(r"(?i)backward|_bwd$|_vjp$", one.name)]
    return list(back) if len(back) == 1 and len(defs) > 1 and not others else []


def holds_gradients(node: ast.stmt, body: Sequence[ast.stmt]) -> bool:
    """Whether a line is grads = backward(…), of a def of the file, or grads = net.gradient(…), of a method of it."""
    match node:
        case ast.Assign([ast.Name(name)], ast.Call(ast.Name(called))):
            own = [one for one in body if isinstance(one, ast.FunctionDef)]
        case ast.Assign([ast.Name(name)], ast.Call(ast.Attribute(ast.Name(), called))):
            own = [
                m for one in body if isinstance(one, ast.ClassDef) for m in one.body if isinstance(m, ast.FunctionDef)
            ]
        case _:
            return False
    is_own = any(one.name == called for one in own)
    return is_own and bool(re.fullmatch(HOLDERS, name)) and re.search(r"(?i)back|grad", called) is not None


def calls_def(node: ast.stmt) -> bool:
    """Whether a line calls a def by its name alone."""
    return isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and isinstance(node.value.func, ast.Name)


def _first_gradient(assigned: Sequence[Sequence[str]], given: Collection[str]) -> int | None:
    names = set(given)
    for place, own in enumerate(assigned):
        if any(base(name, names) is not None for name in own):
            return place
        names |= set(own)
    return None


def _goes_on(body: Sequence[ast.stmt], assigned: Sequence[Sequence[str]], first: int) -> bool:
    """Whether what is made last is made of names that merely look like gradients, so that all is a forward pass."""
    names = {name for own in assigned[:first] for name in own}
    made = {*assigned[first], *_grown(body[first])}
    outcome = False
    for place in range(first + 1, len(body)):
        own = set(assigned[place])
        used = {one.id for one in ast.walk(body[place]) if isinstance(one, ast.Name) and isinstance(one.ctx, ast.Load)}
        if any(base(name, names) is not None for name in own):
            outcome = False
        elif own and not own & names and used & made:
            outcome = True
        made |= own | _grown(body[place]) if used & made else set()
    return outcome


def _grown(node: ast.AST) -> set[str]:
    """The lists that a statement adds to."""
    calls = [one.func for one in ast.walk(node) if isinstance(one, ast.Call) and isinstance(one.func, ast.Attribute)]
    added = [one.value for one in calls if one.attr in ("append", "extend", "insert")]
    return {one.id for one in added if isinstance(one, ast.Name)}


def names_in(body: Sequence[ast.stmt]) -> set[str]:
    """Every name that statements use or assign."""
    found = {node.id for one in body for node in ast.walk(one) if isinstance(node, ast.Name)}
    return found | {node.arg for one in body for node in ast.walk(one) if isinstance(node, ast.arg)}


def is_backward(body: Sequence[ast.stmt], other: Sequence[ast.stmt]) -> bool:
    """Whether statements give gradients of what others assign, and those give none of theirs."""
    own, theirs = ({name for one in each for name in assigned_in(one)} for each in (body, other))
    gives = [name for name in own if base(name, theirs - own) is not None]
    return bool(gives) and not any(base(name, names_in(body)) is not None for name in theirs - own)


def literal_of(node: ast.expr) -> ast.expr | None:
    """The numbers of np.array([[1, 2]]), torch.tensor(…), [1, 2]: the list or the number; None for anything else."""
    if isinstance(node, ast.Call) and node.args:
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        return literal_of(node.args[0]) if name in ("array", "asarray", "tensor", "as_tensor", "float64") else None
    is_list = isinstance(node, ast.List | ast.Tuple) and bool(node.elts)
    return node if is_list and all(_is_number(one) or literal_of(one) is one for one in node.elts) else None  # type: ignore[attr-defined]


def _is_number(node: ast.expr) -> bool:
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.UAdd):
        node = node.operand
    return isinstance(node, ast.Constant) and type(node.value) in (int, float)


def given_to(call: ast.Call) -> str:
    """What the gradient is called that a call is given first, whose def or method takes it for one."""
    return f"{ast.unparse(call.args[0])} given to {ast.unparse(call.func)}"
