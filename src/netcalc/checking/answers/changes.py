"""A formula with one part changed: an operation, a name, a number, a sign, a factor or a term too many or too few."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from fractions import Fraction

from netcalc.expression import Apply, Number, Symbol, Tree, share
from netcalc.expression.tree import CONDITIONS, negate
from netcalc.records import NamedTuple

MAX_PART = 7  # nodes of a factor or a term that may have been left out
SUMS = frozenset({"add"})
PRODUCTS = frozenset({"multiply", "beside", "matmul", "over_beside"})
OTHERS = {"multiply": ("matmul",), "matmul": ("multiply",), "divide": ("multiply",)}  # what an operation is taken for
TURNED_OVER = {"less": ("greater",), "less_equal": ("greater_equal",)}
TURNED_OVER |= {other: (one,) for one, (other,) in TURNED_OVER.items()}
LIKE = (  # functions of which one is taken for another
    ("sin", "cos", "tan", "sinh", "cosh", "tanh"),
    ("exp", "log", "expm1", "log1p", "sqrt"),
    ("sigmoid", "tanh", "softplus", "relu", "softmax"),
    ("sum", "mean"),
)
FACTOR, FACTOR_TOO_MANY = "factor-left-out", "factor-too-many"
TERM, TERM_TOO_MANY = "term-left-out", "term-too-many"
SIGN, NAME, NUMBER, OPERATION, FUNCTION, TURNED = "sign", "name", "number", "operation", "function", "transposed"


class Change(NamedTuple):
    """What kind of slip it undoes, the part as it was written and as it is to be, and the whole formula with it.

    `part` is the factor or the term that it is about.
    """

    kind: str
    old: Tree
    new: Tree
    tree: Tree
    part: Tree | None = None


def changes(tree: Tree, names: Collection[str], parts: Sequence[Tree], *, of_numbers: bool = False) -> Iterator[Change]:
    """The formula with each one change, the likeliest first.

    `names` may stand in each other's place, and `parts`, those of what is right, be factors and terms left out. One
    `of_numbers` alone has no products of matrices.
    """
    found = [one for one in _changes(tree, names, parts) if not of_numbers or not _is_of_tensors(one.new)]
    order = (SIGN, TURNED, OPERATION, NUMBER, FUNCTION, TERM_TOO_MANY, FACTOR_TOO_MANY, TERM, FACTOR, NAME)
    seen = {tree}
    for one in sorted(found, key=lambda change: order.index(change.kind)):
        if one.tree not in seen:
            seen.add(one.tree)
            yield one


def _is_of_tensors(tree: Tree) -> bool:
    return isinstance(tree, Apply) and tree.operator in ("matmul", "transpose", "softmax", "sum", "mean")


def parts_of(tree: Tree | None) -> list[Tree]:
    """What a formula is made of, but for numbers and what is long, small parts first."""
    nodes = () if tree is None else share((tree,)).nodes
    sized = [(len(share((one,)).nodes), one) for one in nodes if one != tree and not _is_no_part(one)]
    return [one for size, one in sorted(sized, key=lambda pair: pair[0]) if size <= MAX_PART]


def _is_no_part(tree: Tree) -> bool:
    return isinstance(tree, Number) or (isinstance(tree, Apply) and tree.operator in CONDITIONS)


def _changes(tree: Tree, names: Collection[str], parts: Sequence[Tree]) -> Iterator[Change]:
    yield from _here(tree, names, parts)
    if isinstance(tree, Apply):
        for place, argument in enumerate(tree.arguments):
            for one in _changes(argument, names, parts):
                arguments = (*tree.arguments[:place], one.tree, *tree.arguments[place + 1 :])
                yield one._replace(tree=Apply(tree.operator, arguments))


def _here(tree: Tree, names: Collection[str], parts: Sequence[Tree]) -> Iterator[Change]:
    def to(kind: str, new: Tree, part: Tree | None = None) -> Change:
        return Change(kind, tree, new, new, part)

    match tree:
        case Number(value):
            numbers = (value + 1, value - 1, 2 * value, value / 2, -value, 1 / value if value else value)
            for number in dict.fromkeys(numbers):
                yield to(NUMBER, Number(Fraction(number)))
            return
        case Symbol(name):
            for other in names:
                if other != name:
                    yield to(NAME, Symbol(other))
        case Apply(operator, arguments) if operator in CONDITIONS:
            yield from (to(OPERATION, Apply(other, arguments)) for other in TURNED_OVER.get(operator, ()))
            return
        case Apply():
            yield from _of_operation(tree)
    yield to(SIGN, negate(tree))
    is_turned = isinstance(tree, Apply) and tree.operator == "transpose"
    yield to(TURNED, tree.arguments[0] if isinstance(tree, Apply) and is_turned else Apply("transpose", (tree,)))
    for part in parts:
        if part == tree:
            continue
        if isinstance(part, Apply) and len(part.arguments) == 1 and part.arguments[0] == tree:
            yield to(FUNCTION, part)
        yield to(FACTOR, Apply("multiply", (part, tree)), part)
        yield to(FACTOR, Apply("divide", (tree, part)), part)
        yield to(TERM, Apply("add", (tree, part)), part)
        yield to(TERM, Apply("add", (tree, negate(part))), part)


def _of_operation(tree: Apply) -> Iterator[Change]:
    def to(kind: str, operator: str, *arguments: Tree) -> Change:
        new = _joined(operator, arguments)
        return Change(kind, tree, new, new)

    operator, arguments = tree.operator, tree.arguments
    for other in OTHERS.get(operator, ()) if len(arguments) == 2 else ():
        yield to(OPERATION, other, *arguments)
    for place in range(1, len(arguments)):  # the sign before this one
        before, behind = arguments[:place], arguments[place:]
        if operator == "add":
            a, b = arguments[place - 1], arguments[place]
            bare = b.arguments[0] if isinstance(b, Apply) and b.operator == "negate" else b
            for new in (Apply("multiply", (a, bare)), Apply("divide", (a, bare))):
                yield to(OPERATION, "add", *before[:-1], new, *behind[1:])
        elif operator in PRODUCTS:
            a, b = _joined(operator, before), _joined(operator, behind)
            yield to(OPERATION, "add", a, b)
            yield to(OPERATION, "add", a, negate(b))
            yield to(OPERATION, "divide", _joined(operator, (*before, *behind[1:])), behind[0])
    if operator == "divide":
        a, b = arguments
        yield to(OPERATION, "add", a, b)
        yield to(OPERATION, "add", a, negate(b))
        yield to(OPERATION, "divide", b, a)
    if operator == "power":
        yield to(OPERATION, "multiply", *arguments[::-1])
    if operator in SUMS | PRODUCTS:
        yield from _without_one(tree)
    if len(arguments) == 1 and operator not in ("negate", "transpose"):
        for group in LIKE:
            if operator in group:
                yield from (to(FUNCTION, other, *arguments) for other in group if other != operator)
        yield Change(FUNCTION, tree, arguments[0], arguments[0])


def _joined(operator: str, arguments: Sequence[Tree]) -> Tree:
    return arguments[0] if len(arguments) == 1 else Apply(operator, tuple(arguments))


def _without_one(tree: Apply) -> Iterator[Change]:
    is_sum = tree.operator in SUMS
    for place, part in reversed([*enumerate(tree.arguments)]):  # of 1 − e^(−q) the second sign first
        left = (*tree.arguments[:place], *tree.arguments[place + 1 :])
        new = _joined(tree.operator, left)
        yield Change(TERM_TOO_MANY if is_sum else FACTOR_TOO_MANY, tree, new, new, part)
        if is_sum:
            opposite = part.arguments[0] if isinstance(part, Apply) and part.operator == "negate" else negate(part)
            turned = (*tree.arguments[:place], opposite, *tree.arguments[place + 1 :])
            yield Change(SIGN, tree, new := Apply("add", turned), new, part)
