"""Operators on a program's values: exact on numbers and sizes, nodes on arrays."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from netcalc.errors import NetcalcError
from netcalc.graph import build as b
from netcalc.graph.node import Node
from netcalc.graph.product import as_number
from netcalc.graph.sizes import Letters
from netcalc.program.scalars import calculated, compare, negated
from netcalc.program.scope import Scope
from netcalc.program.texts import filled_in
from netcalc.program.values import (
    Missing,
    Record,
    Tensor,
    as_bool,
    described,
    is_scalar,
    is_size,
    kind_of,
    node_of,
    widest,
)

MAX_LIST = 1_000_000  # entries of a list or text

SIGNS: Mapping[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.Pow: "**",
    ast.MatMult: "@",
    ast.LShift: "<<",
    ast.RShift: ">>",
    ast.BitAnd: "&",
    ast.BitOr: "|",
    ast.BitXor: "^",
}
METHODS = {"+": "add", "-": "sub", "*": "mul", "/": "truediv", "**": "pow", "@": "matmul"}  # of classes of its own
RELATIONS: Mapping[type[ast.cmpop], str] = {
    ast.Lt: "less",
    ast.LtE: "less_equal",
    ast.Gt: "greater",
    ast.GtE: "greater_equal",
    ast.Eq: "equal",
    ast.NotEq: "unequal",
}
ON_NODES: Mapping[str, Callable[[Node, Node], Node]] = {
    "+": b.add,
    "-": b.subtract,
    "*": b.multiply,
    "/": b.divide,
    "**": b.power,
    "@": b.matmul,
}
ON_WHOLE: Mapping[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "//": np.floor_divide,
    "%": np.remainder,
    "&": np.bitwise_and,
    "|": np.bitwise_or,
    "^": np.bitwise_xor,
    "<<": np.left_shift,
    ">>": np.right_shift,
}
ON_CONDITIONS = {"&": "and", "|": "or", "^": "unequal", "*": "and", "+": "or"}  # of two booleans, as NumPy has them


def binary(scope: Scope, sign: str, left: Any, right: Any) -> Any:
    """left sign right. Raises NetcalcError."""
    for one in (left, right):
        if isinstance(one, Missing):
            raise NetcalcError(missing(scope, one.name))
    for owner, other, form in ((left, right, "__{}__"), (right, left, "__r{}__")):
        name = form.format(METHODS.get(sign))
        if isinstance(owner, Record) and owner.of is not None and name in owner.of.parts:
            return scope.of_object(owner, name, [other], {}, ast.Pass())
    if sign == "%" and isinstance(left, str):
        return filled_in(left, right)
    both = (left, right)
    if not any(isinstance(one, Tensor | np.ndarray) for one in both):
        if all(is_scalar(one) or is_size(one) for one in both) and sign != "@":
            found = calculated(sign, left, right)
            return _of_arrays(scope, sign, left, right) if found is None else found
        if not _has_array(left) and not _has_array(right):
            return _of_python(sign, left, right)
    return _of_arrays(scope, sign, left, right)


def _has_array(value: Any) -> bool:
    return isinstance(value, Tensor)


def _of_python(sign: str, left: Any, right: Any) -> Any:
    """Lists and texts put together or repeated."""
    if sign == "+" and type(left) is type(right) and isinstance(left, list | tuple | str):
        return _of_length(len(left) + len(right)) and left + right
    for one, other in ((left, right), (right, left)):
        if sign == "*" and isinstance(one, list | tuple | str) and isinstance(other, int):
            return _of_length(len(one) * other) and one * other
    if sign == "|" and isinstance(left, dict) and isinstance(right, dict):
        return left | right
    raise NetcalcError(f"'{sign}' is not understood between {described(left)} and {described(right)}")


def _of_length(entries: int) -> bool:
    """True. Raises NetcalcError for more than a list may have."""
    if entries > MAX_LIST:
        raise NetcalcError(f"a list of {entries:,} entries is longer than netcalc takes")
    return True


def _of_arrays(scope: Scope, sign: str, left: Any, right: Any) -> Any:
    a, c = node_of(left), node_of(right)
    kinds = (kind_of(left), kind_of(right))
    if kinds == ("bool", "bool") and sign in ON_CONDITIONS and (sign != "+" or a.rank or c.rank):
        return Tensor(b.compared(ON_CONDITIONS[sign], a, c), "bool")
    if kinds == ("bool", "bool") and sign in "+-":
        raise NetcalcError(_of_booleans(sign))
    if sign == "/" and as_number(c) == 0:
        raise NetcalcError("division by zero")
    if sign in ON_NODES:
        product = Tensor(ON_NODES[sign](a, c), "float" if sign == "/" else widest(kinds))
        return as_bool(product) if product.kind == "bool" else product
    one, other = scope.known(left), scope.known(right)
    if sign in ("//", "%") and is_size(left) and isinstance(right, int):
        said = f"{left} {sign} {right} takes {left} as a number, or as a multiple"
        raise NetcalcError(f"{said}: {right}{left} in --shape")
    if one is None or other is None:
        raise NetcalcError(f"'{sign}' of arrays has no gradient, and is understood for whole numbers that are known")
    if sign in ("//", "%") and (other == 0).any():
        raise NetcalcError("division by zero")
    return Tensor(b.array(ON_WHOLE[sign](one, other)), widest(("int", *kinds)))


def _of_booleans(sign: str) -> str:
    """Why two booleans are not subtracted, nor two single ones added."""
    if sign == "-":
        return "booleans are not subtracted, as in NumPy; write a ^ b, or 1*a - 1*b for numbers"
    return "the sum of two single booleans is 'or' in NumPy, a count in Python; write a | b, or 1*a + 1*b"


def unary(scope: Scope, operator: ast.unaryop, value: Any, truth: Callable[[Any], bool]) -> Any:
    """-x, +x, ~x, not x."""
    if isinstance(value, Missing):
        raise NetcalcError(missing(scope, value.name))
    if isinstance(operator, ast.Not):
        return not truth(value)
    if isinstance(operator, ast.Invert):
        if kind_of(value) == "bool":
            return Tensor(b.compared("not", node_of(value)), "bool") if isinstance(value, Tensor) else not value
        if isinstance(value, int):
            return ~value
        raise NetcalcError("'~' needs a condition, as in ~(x > 0)")
    if is_scalar(value) or is_size(value):
        return negated(value) if isinstance(operator, ast.USub) else value
    if not isinstance(value, Tensor):
        raise NetcalcError(f"{described(value)} has no sign")
    if value.kind == "bool":
        raise NetcalcError("a boolean has no sign, as in NumPy; write ~a, or -1*a for a number")
    return Tensor(b.negate(value.node) if isinstance(operator, ast.USub) else value.node, value.kind)


def compared(scope: Scope, operator: ast.cmpop, left: Any, right: Any) -> Any:
    """left < right, and the other comparisons. Raises NetcalcError."""
    if isinstance(operator, ast.Is | ast.IsNot):
        same = left is right or (is_scalar(left) and is_scalar(right) and left == right)
        return same == isinstance(operator, ast.Is)
    if isinstance(operator, ast.In | ast.NotIn):
        return _holds(left, right) == isinstance(operator, ast.In)
    relation = RELATIONS[type(operator)]
    for one in (left, right):
        if isinstance(one, Missing):
            raise NetcalcError(missing(scope, one.name))
    if isinstance(left, Tensor) or isinstance(right, Tensor):
        if left is None or right is None or isinstance(left, str) or isinstance(right, str):
            return relation == "unequal"
        return Tensor(b.compared(relation, node_of(left), node_of(right)), "bool")
    if all(is_scalar(one) or is_size(one) for one in (left, right)):
        found = compare(relation, left, right)
        if found is None:
            raise NetcalcError(
                f"whether this holds depends on the sizes {_letters(left, right)}; say them with --shape"
            )
        return found
    if relation in ("equal", "unequal"):
        return (left == right) == (relation == "equal")
    if isinstance(left, str | list | tuple) and type(left) is type(right):
        from netcalc.program.scalars import COMPARED

        return COMPARED[relation](left, right)
    raise NetcalcError(f"{described(left)} and {described(right)} do not compare")


def _letters(left: Any, right: Any) -> str:
    return " and ".join(str(one) for one in (left, right) if isinstance(one, Letters))


def _holds(item: Any, container: Any) -> bool:
    if isinstance(container, list | tuple | range | dict | str):
        if isinstance(container, str) and not isinstance(item, str):
            raise NetcalcError("'in' a text needs a text")
        return any(item is one or (not isinstance(one, Tensor) and item == one) for one in container) or (
            isinstance(container, str) and item in container
        )
    raise NetcalcError(f"'in' {described(container)} is not understood")


def there(owner: Sequence[Any], place: int) -> int:
    """A place that a list has. Raises NetcalcError."""
    if not -len(owner) <= place < len(owner):
        raise NetcalcError(f"item {place} is not there: it has {len(owner)}")
    return place


def missing(scope: Scope, name: str) -> str:
    """What to say of a name without a value."""
    import difflib

    if name in scope.stored:
        return f"'{name}' has no value here: line {scope.stored[name]} assigns it, later than this or elsewhere"
    names = [*scope.given, *(one for frame in scope.frames for one in frame.values)]
    taken = [one for one in names if one != name]
    near = [one for one in taken if one.lower() == name.lower()]
    near = near or difflib.get_close_matches(name, taken, n=1, cutoff=0.8)
    hint = f"did you mean '{near[0]}'? Else " if near else ""
    return f"'{name}' has no value here; {hint}give it with --at {name}=…, or its shape with --shape {name}=m,n"
