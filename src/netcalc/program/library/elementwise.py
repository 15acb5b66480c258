"""Functions that work element by element: those that expressions know, and comparisons."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import lru_cache
from math import isqrt, prod
from typing import Any

import numpy as np

from netcalc.errors import NetcalcError
from netcalc.expression import Apply, Constant, Leaf, Number, Symbol, Tree, fold, parse, share
from netcalc.expression.functions import Function, function_named
from netcalc.expression.tree import CONDITIONS
from netcalc.graph import build as b
from netcalc.graph.elementwise import ELEMENTWISE
from netcalc.graph.node import Node, in_order
from netcalc.graph.product import as_number
from netcalc.graph.shaping import Keyed
from netcalc.graph.sizes import settled
from netcalc.program.library.table import Call, Row, concrete
from netcalc.program.signature import IGNORED, tensor
from netcalc.program.values import Tensor, as_bool, is_scalar, kind_of, node_of, tree_of, widest


@lru_cache(maxsize=256)
def parsed(text: str) -> Tree:
    """A formula of the table's own."""
    return parse(text)


def of_formula(tree: Tree, nodes: Mapping[str, Node]) -> Node:
    """A formula with nodes in its symbols' places."""

    def leaf(one: Leaf) -> Node:
        if isinstance(one, Symbol):
            return nodes[one.name]
        return b.number_of(one)

    return fold(tree, leaf, _combined)


_ARITHMETIC: Mapping[str, Callable[..., Node]] = {
    "add": b.add,
    "multiply": b.multiply,
    "divide": b.divide,
    "power": b.power,
    "negate": b.negate,
}


def _combined(operator: str, arguments: tuple[Node, ...]) -> Node:
    if operator in _ARITHMETIC:
        return _ARITHMETIC[operator](*arguments)
    if operator in CONDITIONS:
        return b.compared(operator, *arguments)
    return b.where(*arguments) if operator == "where" else b.elementwise(operator, *arguments)


def elementwise_function(name: str) -> Function | None:
    """The function of expressions that a program's name means."""
    return function_named(name)


OF_BOOLEANS = frozenset({"abs", "max", "min", "add", "multiply"})  # those that give booleans of booleans
OF_WHOLE = OF_BOOLEANS | {"subtract", "negative", "positive", "pow", "square", "sign", "relu", "remainder"}


def apply_function(name: str, function: Function, args: Sequence[Any], keywords: Mapping[str, Any]) -> Any:
    """A function of expressions at numbers, which gives a number, or at arrays."""
    given: dict[int, Any] = dict(enumerate(args))
    for word, value in keywords.items():
        place = function.place(word) if function.arguments else None
        if place is None and word in ("x", "input", "a", "x1") and 0 not in given:
            place = 0
        if place is None and word in ("other", "x2", "exponent") and 1 not in given:
            place = 1
        if place is None:
            if word in IGNORED:
                continue
            raise NetcalcError(f"{name} has no argument '{word}'")
        given[place] = value
    given = {place: value for place, value in given.items() if value is not None and value is not False}
    most = function.most if function.most is not None else len(given)
    if not function.least <= len(given) <= most or (given and max(given) >= max(most, 1)):
        raise NetcalcError(f"{name} takes {function.arity}, not {len(given)}")
    if all(is_scalar(value) for value in given.values()):
        return _of_numbers(function, {place: tree_of(value) for place, value in given.items()})
    found = Tensor(_of_nodes(name, function, given), _kind(name, function, list(given.values())))
    return as_bool(found) if found.kind == "bool" else found


def _kind(name: str, function: Function, values: list[Any]) -> str:
    """The kind of what a function gives. Raises NetcalcError for booleans that NumPy does not take."""
    if function.name not in OF_WHOLE or name == "fabs":
        return "float"
    kind = widest(map(kind_of, values))
    if kind == "bool" and function.name in ("subtract", "negative", "positive"):
        raise NetcalcError(f"{name} takes no booleans, as in NumPy; write 1*a for a number")
    return kind if function.name in OF_BOOLEANS else widest(("int", kind))


def _of_nodes(name: str, function: Function, given: Mapping[int, Any]) -> Node:
    nodes = {place: tensor(value).node for place, value in given.items()}
    extra = [value for place, value in given.items() if place]
    if not function.formula or (max(given) < function.own and all(isinstance(e, int | Fraction) for e in extra)):
        return b.elementwise(function.name, *(nodes[place] for place in sorted(nodes)))
    names = function.names
    by_name = {names[place]: node for place, node in nodes.items()}
    for word, default in function.defaults.items():
        by_name.setdefault(word, of_formula(parsed(default), {}))
    absent = [word for word in names if word not in by_name]
    formula = function.without.get(absent[0], "") if absent else function.formula
    if not formula:
        raise NetcalcError(f"{name} lacks its argument {' or '.join(absent)}")
    return of_formula(parsed(formula), by_name)


def _of_numbers(function: Function, given: Mapping[int, Tree]) -> Any:
    """The function of exact numbers, exactly: sqrt(4) is 2, sqrt(2) stays as it is."""
    trees = [given[place] for place in sorted(given)]
    first = trees[0]
    if function.name == "sqrt" and isinstance(first, Number) and first.value >= 0:
        above, below = isqrt(first.value.numerator), isqrt(first.value.denominator)
        if Fraction(above, below) ** 2 == first.value:
            return Fraction(above, below)
    if function.name == "abs" and isinstance(first, Number):
        return abs(first.value)
    if function.name in ("max", "min"):
        from netcalc.program.scalars import ordering, simplest

        chosen = max(trees, key=ordering) if function.name == "max" else min(trees, key=ordering)
        return simplest(chosen)
    letters = "abcdefgh"[: len(trees)]
    text = f"{function.name}({', '.join(f'v{one}' for one in letters)})"
    from netcalc.expression import substitute

    found = substitute(parsed(text), {f"v{one}": tree for one, tree in zip(letters, trees, strict=True)})
    return found.value if isinstance(found, Number) else found


def compared(relation: str) -> Any:
    """The row of a comparison."""
    return lambda x, y: b.compared(relation, x.node, y.node)


def _gelu(call: Call, x: Tensor, approximate: Any) -> Node:
    if approximate is None and call.library == "jax":
        approximate = True
    if approximate is None and not call.library:
        call.note("gelu is taken as PyTorch's, with erf; write approximate='tanh' for the other")
    tanh = approximate is True or approximate == "tanh"
    return b.elementwise("gelu_tanh" if tanh else "gelu", x.node)


def _logaddexp(x: Tensor, y: Tensor) -> Node:
    shape = b.add(x.node, y.node).shape
    return b.logsumexp(b.stack([b.broadcast(x.node, shape), b.broadcast(y.node, shape)]), 0)


def _hypot(x: Tensor, y: Tensor) -> Node:
    return b.elementwise("sqrt", b.add(b.multiply(x.node, x.node), b.multiply(y.node, y.node)))


def _prelu(x: Tensor, weight: Tensor) -> Node:
    w = weight.node
    if w.rank == 1 and x.rank > 1 and w.shape[0] != 1:
        w = b.reshaped(w, [w.shape[0], *[1] * (x.rank - 2)])
    return b.where(b.compared("greater", x.node, b.number(0)), x.node, b.multiply(w, x.node))


def _clip(x: Tensor, low: Any, high: Any) -> Node:
    """`high` wherever x is above it, and everywhere where it is below `low`."""
    found = x.node
    bounds = [(name, node_of(bound)) for name, bound in (("less", low), ("greater", high)) if bound is not None]
    known = [number for _, bound in bounds if (number := as_number(bound)) is not None]
    if len(known) > 1:
        if known[0] > known[1]:
            return b.broadcast(bounds[1][1], x.node.shape)
        bounds.reverse()
    for name, bound in bounds:
        found = b.where(b.compared(name, x.node, bound), bound, found)
    return found


def _glu(x: Tensor, dim: int) -> Node:
    from netcalc.program.library.parts import pieces

    a, gate = pieces(x.node, 2, dim)
    return b.multiply(a, b.elementwise("sigmoid", gate))


INFINITY = Constant("inf")
MINUS_INFINITY = Apply("negate", (INFINITY,))
_TWO = "x|input|x1:t y|other|x2:t"


def _where(call: Call, condition: Tensor, x: Any, y: Any) -> Any:
    if x is None and y is None:
        return _places(call, condition, True)
    return Tensor(b.where(condition.node, node_of(x), node_of(y)), widest([kind_of(x), kind_of(y)]))


def _beyond(call: Call, x: Tensor) -> Node:
    """Where an array is infinite, or no number: nowhere, unless it is made of infinite numbers itself."""
    trees = [node.params.tree for node in in_order([x.node]) if node.operation is ELEMENTWISE]
    if any(Constant("inf") in share((tree,)).nodes for tree in trees):
        raise NetcalcError(f"{call.name} goes by the values: give the mask with --at")
    return b.number(0, x.node.shape)


def _known(call: Call, x: Tensor) -> np.ndarray:
    """Whole numbers or conditions that decide which entries are taken. Raises NetcalcError where they are not known."""
    known = call.picked(x) if x.kind != "float" else None
    if known is None:
        entries = "write where(condition, x, 0) for the entries, or " if call.name == "where" else ""
        raise NetcalcError(f"{call.name} goes by the values: {entries}give the places with --at, as in x[places]")
    return known


def _selected(call: Call, x: Tensor, mask: Tensor) -> Node:
    shape = tuple(concrete(settled(size), call.name) for size in x.node.shape)
    there = np.broadcast_to(_known(call, mask), shape)
    return b.index(b.reshaped(x.node, [-1]), [b.Fixed(np.flatnonzero(there))])


def _places(call: Call, x: Tensor, as_tuple: bool) -> Any:
    """NumPy's nonzero gives an array an axis, PyTorch's a row a place, as argwhere does; flatnonzero one of numbers."""
    known = _known(call, x)
    if call.name == "flatnonzero":
        return Tensor(b.array(np.flatnonzero(known)), "int")
    if call.name == "argwhere" or (call.library == "torch" and not as_tuple):
        return Tensor(b.array(np.argwhere(known)), "int")
    return tuple(Tensor(b.array(one), "int") for one in np.nonzero(known))


def _unraveled(x: Tensor, shape: tuple[Any, ...]) -> tuple[Tensor, ...]:
    """The indices along each axis of places in a flat array."""
    sizes = [concrete(settled(size), "unravel_index") for size in shape]
    along = np.unravel_index(np.arange(prod(sizes)), sizes)
    return tuple(Tensor(b.index(b.array(one), [b.Place(1)], [x.node]), "int") for one in along)


def _counts(call: Call, x: Tensor, weights: Any, least: int) -> Tensor:
    """How often each whole number is there, or the sum of its weights."""
    known = _known(call, x)
    if known.ndim != 1 or (known.size and known.min() < 0):
        raise NetcalcError("bincount takes a vector of whole numbers from 0 on")
    many = max(int(known.max(initial=-1)) + 1, least)
    if many > MAX_COUNTED:
        raise NetcalcError(f"bincount of numbers up to {many - 1:,}; netcalc takes {MAX_COUNTED:,}")
    if weights is None:
        return Tensor(b.array(np.bincount(known, minlength=many)), "int")
    return Tensor(b.scatter(weights.node, Keyed((b.Place(1),), (many,)), [b.array(known)]))


def _distinct(call: Call, x: Tensor, *_: Any) -> Node:
    return b.array(np.unique(_known(call, x)))


MAX_COUNTED = 1_000_000
ROWS = [
    Row("gelu", "x|input:t approximate:v=None", _gelu, "x Φ(x), or its form with tanh", asks=True),
    Row("logaddexp", _TWO, _logaddexp, "log(eˣ + eʸ)"),
    Row("hypot", _TWO, _hypot, "√(x² + y²)"),
    Row(
        "addcmul",
        "input:t tensor1:t tensor2:t value:v=1",
        lambda x, y, z, by: b.add(x.node, b.multiply(node_of(by), y.node, z.node)),
        "x + v·y·z",
    ),
    Row(
        "addcdiv",
        "input:t tensor1:t tensor2:t value:v=1",
        lambda x, y, z, by: b.add(x.node, b.multiply(node_of(by), b.divide(y.node, z.node))),
        "x + v·y/z",
    ),
    Row("prelu", "x|input:t weight:t", _prelu, "x, or weight·x where x < 0"),
    Row(
        "clip clamp clamp_",
        "x|input|a:t min|a_min|low:v=None max|a_max|high:v=None",
        _clip,
        "x between two bounds",
        "widest",
    ),
    Row("glu", "x|input:t dim|axis:i=-1", _glu, "half of x times the sigmoid of the other half"),
    Row("equal eq", _TWO, compared("equal"), "1 where x = y", kind="bool"),
    Row("not_equal ne", _TWO, compared("unequal"), "1 where x ≠ y", kind="bool"),
    Row("less lt", _TWO, compared("less"), "1 where x < y", kind="bool"),
    Row("less_equal le", _TWO, compared("less_equal"), "1 where x ≤ y", kind="bool"),
    Row("greater gt", _TWO, compared("greater"), "1 where x > y", kind="bool"),
    Row("greater_equal ge", _TWO, compared("greater_equal"), "1 where x ≥ y", kind="bool"),
    Row("logical_and", _TWO, compared("and"), "1 where both hold", kind="bool"),
    Row("logical_or", _TWO, compared("or"), "1 where one holds", kind="bool"),
    Row("logical_not", "x|input:t", lambda x: b.compared("not", x.node), "1 where x is 0", kind="bool"),
    Row("isinf isnan", "x|input:t", _beyond, "0, as where no number is infinite", kind="bool", asks=True),
    Row(
        "where",
        "condition|cond:t x|input|self:v=None y|other:v=None",
        _where,
        "x where the condition holds, else y; alone the places where it holds",
        asks=True,
    ),
    Row(
        "masked_select",
        "x|input:t mask:t",
        _selected,
        "the entries where a mask that is known holds",
        "same",
        asks=True,
    ),
    Row(
        "bincount",
        "x|input:t weights:t?=None minlength|length:i=0",
        _counts,
        "how often each number is there, of whole numbers that are known",
        asks=True,
    ),
    Row("unique", "x|input|ar:t sorted:v=True", _distinct, "the whole numbers that are there", "int", asks=True),
    Row(
        "nonzero argwhere flatnonzero",
        "x|input|a:t as_tuple:b=False",
        _places,
        "the places of what is not 0, where that is known",
        asks=True,
    ),
    Row(
        "unravel_index",
        "indices:t shape:shape",
        _unraveled,
        "the indices along each axis of a place in the flat array, as argmax gives it",
    ),
    Row(
        "masked_fill masked_fill_",
        "x|input:t mask:t value:t",
        lambda x, mask, value: b.where(mask.node, value.node, x.node),
        "the value where the mask holds, else x",
        "widest",
    ),
]
