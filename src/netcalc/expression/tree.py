"""A formula as a small tree: its four kinds of node, their normal form, and one way to walk it.

Normal form, which the parser yields: a difference is a sum with a negated term; a sum or product that starts
with another is one; a minus before a number belongs to the number (`-2*x` is minus two times x, `-2^x` is not);
a ratio of whole numbers without a short decimal is one number.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from enum import IntEnum
from fractions import Fraction
from math import gcd
from typing import TypeVar

from netcalc.expression.numerals import decimals, of_float64
from netcalc.records import NamedTuple, dataclass

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Number:
    """An exact rational number: `0.1` is one tenth. `written` are the digits to show it with, if not its own."""

    value: Fraction
    written: str = ""


@dataclass(frozen=True, slots=True)
class Constant:
    """A named real constant: `e` or `pi`."""

    name: str


@dataclass(frozen=True, slots=True)
class Symbol:
    """A variable, indices included: `x`, `w1`, `W[0,1]`, `w[i]`."""

    name: str


@dataclass(frozen=True, slots=True)
class Apply:
    """An operator or function applied to its arguments.

    Operators are named `add` (n-ary), `subtract`, `multiply` (n-ary), `divide`, `power`, `negate`, and, as
    conditions of `where`, `less`, `less_equal`, `greater`, `greater_equal`, `equal`, `unequal`, `and`, `or`, `not`.
    """

    operator: str
    arguments: tuple[Tree, ...]


Leaf = Number | Constant | Symbol
Tree = Number | Constant | Symbol | Apply

ZERO, ONE, TWO = Number(Fraction(0)), Number(Fraction(1)), Number(Fraction(2))
HALF, MINUS_ONE = Number(Fraction(1, 2)), Number(Fraction(-1))


def from_float64(value: Fraction) -> Number:
    """What a float64 is, shown by the digits that tell it: 0.1."""
    return Number(value, of_float64(value))


COMPARISONS = {"less": "<", "less_equal": "<=", "greater": ">", "greater_equal": ">=", "equal": "==", "unequal": "!="}
SWITCHES = frozenset({"where", "abs", "max", "min", "sign", "floor"})
CONDITIONS = frozenset(COMPARISONS) | {"and", "or", "not"}


class Level(IntEnum):
    """How tightly a node holds together; the parser and the printers share it."""

    CASES = 0
    OR = 1
    AND = 2
    NOT = 3
    COMPARE = 4
    ADD = 5
    NEGATE = 6
    MULTIPLY = 7
    POWER = 8
    ATOM = 9


def add(*terms: Tree) -> Tree:
    """t1 + t2 + …, one flat sum if the first term is a sum; a single term stays as it is."""
    return _chain("add", terms)


def multiply(*factors: Tree) -> Tree:
    """f1 · f2 · …, one flat product if the first factor is a product; a single factor stays as it is."""
    return _chain("multiply", factors)


def _chain(operator: str, parts: tuple[Tree, ...]) -> Tree:
    # Only the first: a + (b + c) rounds differently from a + b + c in float64.
    first = parts[0]
    if isinstance(first, Apply) and first.operator == operator:
        parts = (*first.arguments, *parts[1:])
    return parts[0] if len(parts) == 1 else Apply(operator, parts)


def negate(tree: Tree) -> Tree:
    """-tree; the minus joins the number that the tree starts with, if any."""
    flipped = _flip(tree)
    return Apply("negate", (tree,)) if flipped is None else flipped


def _flip(tree: Tree) -> Tree | None:
    if isinstance(tree, Number):
        return Number(-tree.value, tree.written) if tree.value > 0 else None  # "f - 0" stays a difference
    if isinstance(tree, Apply) and tree.operator in ("multiply", "divide"):
        first = _flip(tree.arguments[0])
        return None if first is None else Apply(tree.operator, (first, *tree.arguments[1:]))
    return None


def divide(a: Tree, b: Tree) -> Tree:
    """a / b; a ratio of whole numbers in lowest terms is one number if it has no short decimal."""
    if isinstance(a, Number) and isinstance(b, Number):
        p, q = a.value.numerator, b.value.numerator
        in_lowest_terms = a.value.denominator == b.value.denominator == 1 < q and gcd(p, q) == 1
        if in_lowest_terms and decimals(Fraction(p, q)) is None:
            return Number(Fraction(p, q))
    return Apply("divide", (a, b))


def power(base: Tree, exponent: Tree) -> Tree:
    """base ^ exponent."""
    return Apply("power", (base, exponent))


_NORMAL: Mapping[str, Callable[..., Tree]] = {
    "add": add,
    "subtract": lambda a, b: add(a, negate(b)),
    "multiply": multiply,
    "divide": divide,
    "negate": negate,
}


def apply(operator: str, arguments: Sequence[Tree]) -> Tree:
    """operator(arguments), in normal form if the arguments are."""
    normal = _NORMAL.get(operator)
    return Apply(operator, tuple(arguments)) if normal is None else normal(*arguments)


class Shared(NamedTuple):
    """Trees as one list of nodes, each subtree once however often it occurs, arguments before what uses them.

    `arguments[i]` are the places in `nodes` of the arguments of `nodes[i]`; `roots` those of the trees.
    """

    nodes: tuple[Tree, ...]
    arguments: tuple[tuple[int, ...], ...]
    roots: tuple[int, ...]


def share(trees: Sequence[Tree]) -> Shared:
    """The trees as one list; it takes any depth, in time linear in their size."""
    if len(trees) == 1 and not isinstance(trees[0], Apply):
        return Shared((trees[0],), ((),), (0,))
    nodes: list[Tree] = []
    arguments: list[tuple[int, ...]] = []
    by_structure: dict[Hashable, int] = {}
    by_identity: dict[int, int] = {}  # the trees stay alive throughout, so an id is one object's
    stack = list(reversed(trees))
    while stack:
        node = stack[-1]
        if id(node) in by_identity:
            stack.pop()
            continue
        key: Hashable = node
        places: tuple[int, ...] = ()
        if isinstance(node, Apply):
            waiting = [part for part in node.arguments if id(part) not in by_identity]
            if waiting:
                stack.extend(reversed(waiting))
                continue
            # A node is known by its arguments' places: hashing whole subtrees would cost their size at every level.
            places = tuple([by_identity[id(part)] for part in node.arguments])
            key = node.operator, places
        stack.pop()
        place = by_structure.setdefault(key, len(nodes))
        if place == len(nodes):
            nodes.append(node)
            arguments.append(places)
        by_identity[id(node)] = place
    return Shared(tuple(nodes), tuple(arguments), tuple(by_identity[id(tree)] for tree in trees))


def fold(tree: Tree, leaf: Callable[[Leaf], T], combine: Callable[[str, tuple[T, ...]], T]) -> T:
    """`leaf` at each leaf, `combine(operator, its arguments' results)` above; once for equal subtrees."""
    return fold_all((tree,), leaf, combine)[0]


def fold_all(
    trees: Sequence[Tree], leaf: Callable[[Leaf], T], combine: Callable[[str, tuple[T, ...]], T]
) -> tuple[T, ...]:
    """The same for many trees at once, so that what they share is done once."""
    shared = share(trees)
    results: list[T] = []
    for node, places in zip(shared.nodes, shared.arguments, strict=True):
        if isinstance(node, Apply):
            results.append(combine(node.operator, tuple([results[place] for place in places])))
        else:
            results.append(leaf(node))
    return tuple(results[root] for root in shared.roots)


def evaluate(tree: Tree, operations: Mapping[str, Callable[..., T]], leaf: Callable[[Leaf], T]) -> T:
    """The tree in some arithmetic: `operations[operator](*arguments)`, once for equal subtrees.

    Every branch of a `where` is evaluated. Raises KeyError for an operator that `operations` lacks.
    """
    return fold(tree, leaf, lambda operator, arguments: operations[operator](*arguments))


def normalise(tree: Tree) -> Tree:
    """The same formula in normal form."""
    return substitute(tree, {})


def substitute(tree: Tree, replacements: Mapping[str, Tree]) -> Tree:
    """The tree, in normal form, with each named symbol replaced, all at once."""

    def leaf(node: Leaf) -> Tree:
        return replacements.get(node.name, node) if isinstance(node, Symbol) else node

    return fold(tree, leaf, apply)


def symbols(tree: Tree) -> tuple[str, ...]:
    """The names of the variables, in the order of their first appearance."""
    if isinstance(tree, Number):
        return ()
    return tuple(node.name for node in share((tree,)).nodes if isinstance(node, Symbol))


def is_constant(tree: Tree) -> bool:
    """Whether no variable occurs."""
    return not symbols(tree)


def has_switches(tree: Tree) -> bool:
    """Whether anything in the tree can tie."""
    return any(isinstance(node, Apply) and node.operator in SWITCHES for node in share((tree,)).nodes)
