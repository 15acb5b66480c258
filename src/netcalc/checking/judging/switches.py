"""What changes its sign where a formula changes its form or begins: kinks, jumps, edges of where it is defined."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import combinations

from netcalc.checking.judging.signs import has_one_sign
from netcalc.derivation.derive import expand
from netcalc.expression import Apply, Constant, Number, Tree
from netcalc.expression.tree import COMPARISONS, add, multiply, negate, share

MAX_SWITCHES = 60
MAX_CENTRES = 40  # within what switches, that may be 0 where a narrow piece is
TURNS = {"sin": "cos", "cos": "sin"}
ENDS = {"asin": (-1, 1), "acos": (-1, 1), "atanh": (-1, 1), "acosh": (1,), "log1p": (-1,)}
AT_ZERO = frozenset({"abs", "sign", "sqrt", "cbrt", "log", "log2", "log10", "gamma", "lgamma", "digamma"})


def switches(trees: Sequence[Tree]) -> tuple[Tree, ...]:
    """What changes its sign where one of the formulas may change its form or begin, each once."""
    found: dict[Tree, None] = {}
    for node in share([expand(tree) for tree in trees]).nodes:
        if isinstance(node, Apply):
            found |= dict.fromkeys(one for one in _of_node(node.operator, node.arguments) if not has_one_sign(one))
        if len(found) > MAX_SWITCHES:
            break
    squared = [node.arguments[0] for node in share(tuple(found)).nodes if isinstance(node, Apply) and _is_square(node)]
    return tuple(found | dict.fromkeys(squared))[:MAX_SWITCHES]


def _of_node(operator: str, arguments: tuple[Tree, ...]) -> Iterator[Tree]:
    if operator in COMPARISONS:
        yield _difference(*arguments)
    elif operator in ("max", "min"):
        yield from (_difference(a, b) for a, b in combinations(arguments, 2))
    elif operator in AT_ZERO:
        yield arguments[0]
    elif operator == "atan2":
        yield from arguments
    elif operator == "floor":
        yield Apply("sin", (multiply(Constant("pi"), arguments[0]),))  # 0 at each whole number
    elif operator == "divide":
        yield arguments[1]
    elif operator == "power" and not _is_natural(arguments[1]):
        yield arguments[0]
    else:
        yield from (_difference(arguments[0], Number(Fraction(end))) for end in ENDS.get(operator, ()))


def _difference(a: Tree, b: Tree) -> Tree:
    if isinstance(b, Number):
        return a if not b.value else add(a, Number(-b.value))
    return add(a, negate(b))


def _is_natural(exponent: Tree) -> bool:
    return isinstance(exponent, Number) and exponent.value.denominator == 1 and exponent.value > 0


def _is_square(node: Apply) -> bool:
    """Whether it is 0 without changing its sign: x², x⁴."""
    exponent = node.arguments[-1]
    return (
        node.operator == "power" and _is_natural(exponent) and isinstance(exponent, Number) and exponent.value % 2 == 0
    )


def centres(trees: Sequence[Tree]) -> tuple[Tree, ...]:
    """The sums within what switches, as x - 30 in (x - 30)^2 < 1/10^6, each once; and where sines turn."""
    found: dict[Tree, None] = {}
    for node in share(trees).nodes:
        if isinstance(node, Apply) and node.operator in ("add", "subtract"):
            found[node] = None
        elif isinstance(node, Apply) and node.operator in TURNS:
            found[Apply(TURNS[node.operator], node.arguments)] = None
    return tuple(found)[:MAX_CENTRES]


def equalities(trees: Sequence[Tree]) -> tuple[Tree, ...]:
    """What is 0 where one of the formulas singles out a point."""
    nodes = share([expand(tree) for tree in trees]).nodes
    found = [
        _difference(*node.arguments)
        for node in nodes
        if isinstance(node, Apply) and node.operator in ("equal", "unequal")
    ]
    return tuple(dict.fromkeys(found))
