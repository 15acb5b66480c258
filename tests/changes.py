"""Changes of the expressions of a file, and the file with all of them in it, each behind a switch of `mutants.py`."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parent.parent
SOURCE = CHECKOUT / "src" / "netcalc"
TENTH = 0.9  # of a bound: the test that holds it sees it a tenth too small
MANY = 100  # from which on a whole number is a budget: the test that holds it sees it ten times too small
NOT_COMPUTED = ("annotation", "returns", "decorator_list", "pattern", "type_params")

OPERATORS: dict[type[ast.AST], str] = {
    ast.Add: "-",
    ast.Sub: "+",
    ast.Mult: "/",
    ast.Div: "*",
    ast.FloorDiv: "*",
    ast.Mod: "*",
    ast.Pow: "*",
    ast.LShift: ">>",
    ast.RShift: "<<",
    ast.BitAnd: "|",
    ast.BitOr: "&",
}
COMPARISONS: dict[type[ast.AST], str] = {
    ast.Lt: "<=",
    ast.LtE: "<",
    ast.Gt: ">=",
    ast.GtE: ">",
    ast.Eq: "!=",
    ast.NotEq: "==",
    ast.Is: "is not",
    ast.IsNot: "is",
    ast.In: "not in",
    ast.NotIn: "in",
}


@dataclass(frozen=True)
class Change:
    """The expression at a place of a file's walk, with `new` in its stead."""

    file: str  # within src/netcalc
    place: int
    line: int
    old: str
    new: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.old}  ->  {self.new}"


def walk(tree: ast.AST) -> Iterator[ast.AST]:
    """What runs of a file, in a fixed order: no annotations, texts, patterns, nor what is checked for types alone."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        if isinstance(node, ast.JoinedStr) or (isinstance(node, ast.If) and "TYPE_CHECKING" in ast.unparse(node.test)):
            continue
        if isinstance(node, ast.Subscript) and ast.unparse(node.value) == "Literal":
            continue
        if isinstance(node, ast.keyword) and node.arg == "strict":  # a guard that is never needed
            continue
        for field, value in ast.iter_fields(node):
            if field not in NOT_COMPUTED:
                parts = value if isinstance(value, list) else [value]
                waiting += [one for one in parts if isinstance(one, ast.AST)]


def changes(file: Path) -> Iterator[Change]:
    """Every change of a file."""
    for place, node in enumerate(walk(ast.parse(file.read_text("utf-8")))):
        for new in alternatives(node):
            yield Change(str(file.relative_to(SOURCE)), place, node.lineno, ast.unparse(node), new)  # type: ignore[attr-defined]


def alternatives(node: ast.AST) -> Iterator[str]:
    """What a node may be changed to."""
    match node:
        case ast.BinOp(left, operator, right) if not is_text(left) and not is_text(right):
            a, b = (f"({ast.unparse(one)})" for one in (left, right))
            yield f"{a} {OPERATORS.get(type(operator), '+')} {b}"
            if isinstance(operator, ast.Add | ast.Sub):
                yield a
        case ast.Compare(left, [operator], [right]):
            yield f"({ast.unparse(left)}) {COMPARISONS[type(operator)]} ({ast.unparse(right)})"
        case ast.BoolOp(operator, values):
            yield (" or " if isinstance(operator, ast.And) else " and ").join(f"({ast.unparse(one)})" for one in values)
        case ast.UnaryOp(ast.USub() | ast.Not(), operand):
            yield ast.unparse(operand)
        case ast.Constant(bool(value)):
            yield str(not value)
        case ast.Constant(int(value)):
            yield str(value + 1 if value < MANY else value // 10)
        case ast.Constant(float(value)):
            yield repr(value * TENTH) if value else "1.0"


def is_text(node: ast.AST) -> bool:
    """Whether a sum of it joins texts, or types."""
    return isinstance(node, ast.JoinedStr) or (
        isinstance(node, ast.Constant) and not isinstance(node.value, int | float)
    )


class Switched(ast.NodeTransformer):
    """The tree with the expressions of some nodes behind switches, and its functions asking for one that is never on."""

    def __init__(self, switches: Mapping[int, tuple[int, str]], probe: int) -> None:
        self.switches = switches  # by the node's id: the number of its change, and the new text
        self.probe = probe

    def visit(self, node: ast.AST) -> ast.AST:
        switch = self.switches.get(id(node))
        changed = self.generic_visit(node)
        if isinstance(changed, ast.FunctionDef):
            changed.body.insert(int(is_opening(changed.body[0])), ast.parse(f"mutants.on({self.probe})").body[0])
        if switch is None:
            return changed
        number, new = switch
        return ast.IfExp(
            ast.parse(f"mutants.on({number})", mode="eval").body,
            ast.parse(new, mode="eval").body,
            changed,  # type: ignore[arg-type]
        )


def switched(file: Path, drawn: Sequence[tuple[int, Change]]) -> str:
    """A file's text with its changes behind switches."""
    tree = ast.parse(file.read_text("utf-8"))
    by_place = {change.place: (number, change.new) for number, change in drawn}
    nodes = [node for place, node in enumerate(walk(tree)) if place in by_place]
    switches = dict(zip(map(id, nodes), (by_place[place] for place in sorted(by_place)), strict=True))
    made = Switched(switches, probe(drawn[0][0])).visit(tree)
    first = next(place for place, one in enumerate(made.body) if not is_opening(one))
    made.body.insert(first, ast.parse("import mutants").body[0])
    return ast.unparse(ast.fix_missing_locations(made))


def probe(number: int) -> int:
    """The switch of a file's functions, by its first change."""
    return -2 - number


def is_opening(statement: ast.stmt) -> bool:
    """The docstring, and what Python wants first."""
    return (isinstance(statement, ast.ImportFrom) and statement.module == "__future__") or (
        isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)
    )
