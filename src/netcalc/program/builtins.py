"""Python's own functions."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from netcalc.errors import NetcalcError
from netcalc.expression import Constant
from netcalc.graph import build as b
from netcalc.graph.leaves import arange
from netcalc.graph.sizes import Letters, total
from netcalc.program.library.elementwise import MINUS_INFINITY, apply_function, elementwise_function
from netcalc.program.operators import binary
from netcalc.program.scalars import ordering
from netcalc.program.signature import several, tensor, whole_or_none
from netcalc.program.texts import formatted
from netcalc.program.values import Opaque, Partial, Tensor, described, is_scalar, kind_of, node_of, widest

MAX_TERMS = 5000  # of sum(…)

if TYPE_CHECKING:
    from netcalc.program.expressions import Expressions


def whole(reader: Expressions, value: Any) -> int:
    """A whole number that is known. Raises NetcalcError."""
    found = whole_or_none(value)
    if found is not None:
        return found
    if isinstance(value, Letters):
        raise NetcalcError(f"the size {value} has to be a number here; say it with --shape or give values")
    if isinstance(value, Tensor):
        known = reader.counted(value)
        if known is not None and known.size == 1:
            reader.decide(value)
            return int(known.reshape(-1)[0])
        raise NetcalcError("this number depends on values, and a program is read without them")
    raise NetcalcError(f"a whole number is needed, not {described(value)}")


def _range(reader: Expressions, *ends: Any) -> range | Tensor:
    if not 1 <= len(ends) <= 3:
        raise NetcalcError("range takes one to three numbers")
    if isinstance(ends[-1], Letters) and (len(ends) == 1 or ends[:-1] == (0,)):
        return Tensor(arange(ends[-1]), "int")  # an index, as in p[range(len(y)), y]
    numbers = [whole(reader, one) for one in ends]
    if len(numbers) == 3 and not numbers[2]:
        raise NetcalcError("range: a step of 0 leads nowhere")
    return range(*numbers)


def _length(_: Expressions, value: Any) -> Any:
    if isinstance(value, Tensor):
        if not value.rank:
            raise NetcalcError("a number has no length")
        return value.shape[0]
    if isinstance(value, list | tuple | dict | str | range):
        return len(value)
    raise NetcalcError(f"{described(value)} has no length")


def _sum(reader: Expressions, values: Any, start: Any = 0) -> Any:
    if isinstance(values, Tensor):
        found: Any = Tensor(b.summed(values.node, 0), widest(("int", values.kind)))
        return found if start == 0 else binary(reader, "+", start, found)
    items = [
        replace(one, kind="int") if kind_of(one) == "bool" and isinstance(one, Tensor) else one
        for one in reader.items(values)
    ]
    if len(items) > MAX_TERMS:
        raise NetcalcError(f"a sum of {len(items):,} terms is longer than netcalc takes")
    terms = items if isinstance(start, int) and start == 0 and items else [start, *items]
    while len(terms) > 1:  # by halves: a sum is kept flat, so that term by term each would be gone through again
        rest = terms[len(terms) // 2 * 2 :]
        terms = [binary(reader, "+", a, c) for a, c in zip(terms[::2], terms[1::2], strict=False)] + rest
    return terms[0]


def _extreme(name: str) -> Callable[..., Any]:
    def build(reader: Expressions, *values: Any, key: Any = None, default: Any = None) -> Any:
        if key is not None or default is not None:
            raise NetcalcError(f"{name} with key or default is not understood")
        if len(values) == 1 and isinstance(values[0], Tensor):
            return Tensor((b.largest if name == "max" else b.smallest)(values[0].node, None))
        several = reader.items(values[0]) if len(values) == 1 else list(values)
        if not several:
            raise NetcalcError(f"{name} of nothing")
        if all(is_scalar(one) for one in several):
            return max(several, key=ordering) if name == "max" else min(several, key=ordering)
        if any(isinstance(one, Tensor) and one.rank for one in several):
            raise NetcalcError(f"{name} of arrays: write np.{name}imum(x, y) for each entry")
        return Tensor(b.elementwise(name, *(node_of(one) for one in several)))

    return build


def _absolute(_: Expressions, value: Any) -> Any:
    function = elementwise_function("abs")
    assert function is not None  # noqa: S101 - a row of the table
    return apply_function("abs", function, [value], {})


def _float(reader: Expressions, value: Any = 0) -> Any:
    if isinstance(value, str):
        text = value.strip().lower().lstrip("+")
        if text.lstrip("-") in ("inf", "infinity"):
            return MINUS_INFINITY if text.startswith("-") else Constant("inf")
        try:
            return Fraction(text)
        except (ValueError, ZeroDivisionError):
            raise NetcalcError(f"'{value[:20]}' is no number") from None
    if isinstance(value, Tensor | Letters) or is_scalar(value):
        return reader.numbers_of(value, "float(…)")
    raise NetcalcError(f"{described(value)} is no number")


def _int(reader: Expressions, value: Any = 0) -> Any:
    if isinstance(value, Letters):
        return value
    if isinstance(value, Fraction):
        return math.trunc(value)
    if is_scalar(value) and not isinstance(value, int):
        return math.trunc(ordering(value))
    return whole(reader, value)


def _pow(reader: Expressions, base: Any, exponent: Any) -> Any:
    return binary(reader, "**", base, exponent)


def _zip(reader: Expressions, *several: Any, strict: bool = False) -> list[Any]:
    lists = [reader.items(one) for one in several]
    if strict and len({len(one) for one in lists}) > 1:
        raise NetcalcError("zip: the lists differ in length")
    return list(zip(*lists, strict=False))


def _enumerate(reader: Expressions, values: Any, start: int = 0) -> list[Any]:
    return list(enumerate(reader.items(values), whole(reader, start)))


def _sorted(reader: Expressions, values: Any, reverse: bool = False) -> list[Any]:
    items = reader.items(values)
    if not all(is_scalar(one) for one in items) and not all(isinstance(one, str) for one in items):
        raise NetcalcError("sorting depends on values; it is understood for numbers that are known, and texts")
    return sorted(items, key=None if items and isinstance(items[0], str) else ordering, reverse=bool(reverse))


def _round(reader: Expressions, value: Any, digits: int = 0) -> Any:
    if not isinstance(value, int | Fraction):
        raise NetcalcError("rounding has no gradient; leave it out")
    found = round(Fraction(value), whole(reader, digits))
    return int(found) if not digits else found


def _dict(reader: Expressions, *pairs: Any, **named: Any) -> dict[Any, Any]:
    found: dict[Any, Any] = {}
    for one in pairs:
        found |= one if isinstance(one, dict) else dict(reader.items(one))
    return found | named


def _any(reader: Expressions, values: Any) -> bool:
    return any(reader.truth(one) for one in reader.items(values))


def _all(reader: Expressions, values: Any) -> bool:
    return all(reader.truth(one) for one in reader.items(values))


def _divmod(reader: Expressions, a: Any, c: Any) -> Any:
    return binary(reader, "//", a, c), binary(reader, "%", a, c)


def _map(reader: Expressions, function: Any, *several: Any) -> list[Any]:
    import ast

    return [reader.call(function, list(one), {}, ast.Pass()) for one in _zip(reader, *several)]  # type: ignore[attr-defined]


def _all_of(reader: Expressions, *several: Any, repeat: int = 1) -> list[Any]:
    """itertools.product: each of the first with each of the next."""
    own = [reader.items(one) for one in several] * whole(reader, repeat)
    return _some("product", own, math.prod(map(len, own)))


def _subsets(name: str) -> Callable[..., list[Any]]:
    """itertools.combinations and permutations."""

    def build(reader: Expressions, values: Any, r: Any = None) -> list[Any]:
        items = reader.items(values)
        size = len(items) if r is None else whole(reader, r)
        many = math.comb if name == "combinations" else math.perm
        return _some(name, [items, size], many(len(items), max(size, 0)))

    return build


def _some(name: str, args: list[Any], many: int) -> list[Any]:
    import itertools

    if many > MAX_TERMS:
        raise NetcalcError(f"{name} of {many:,} tuples; netcalc reads {MAX_TERMS:,}")
    return list(itertools.product(*args)) if name == "product" else list(getattr(itertools, name)(*args))


def _chained(reader: Expressions, *several: Any) -> list[Any]:
    return [one for values in several for one in reader.items(values)]


def _indices(reader: Expressions, *shape: Any) -> list[Any]:
    """np.ndindex: the index of every entry, the last axis first."""
    return _all_of(reader, *(range(whole(reader, one)) for one in several(shape)))


def _piecewise(reader: Expressions, x: Any, conditions: Any, functions: Any) -> Tensor:
    """np.piecewise: of several conditions that hold the last counts, and where none does one function more, or 0."""
    import ast

    tests, pieces = reader.items(conditions), reader.items(functions)
    if len(pieces) not in (len(tests), len(tests) + 1):
        raise NetcalcError(f"piecewise has {len(pieces)} functions for {len(tests)} conditions")
    values = [
        one if isinstance(one, Tensor) or is_scalar(one) else reader.call(one, [x], {}, ast.Pass())  # type: ignore[attr-defined]
        for one in pieces
    ]
    found = node_of(values[len(tests)] if len(values) > len(tests) else 0)
    for test, value in zip(tests, values, strict=False):
        found = b.where(node_of(test), node_of(value), found)
    return Tensor(b.broadcast(found, node_of(x).shape))


def _reduce(reader: Expressions, function: Any, values: Any, *first: Any) -> Any:
    import ast

    items = [*first, *reader.items(values)]
    if not items:
        raise NetcalcError("reduce of nothing has no value; give the one to start with")
    found = items[0]
    for one in items[1:]:
        found = reader.call(function, [found, one], {}, ast.Pass())  # type: ignore[attr-defined]
    return found


BUILTINS: Mapping[str, Callable[..., Any]] = {
    "range": _range,
    "len": _length,
    "sum": _sum,
    "max": _extreme("max"),
    "min": _extreme("min"),
    "abs": _absolute,
    "float": _float,
    "int": _int,
    "bool": lambda reader, value=False: reader.truth(value),
    "pow": _pow,
    "zip": _zip,
    "enumerate": _enumerate,
    "reversed": lambda reader, values: reader.items(values)[::-1],
    "sorted": _sorted,
    "round": _round,
    "list": lambda reader, values=(): reader.items(values),
    "tuple": lambda reader, values=(): tuple(reader.items(values)),
    "dict": _dict,
    "str": lambda _, value="": formatted(value),
    "any": _any,
    "all": _all,
    "divmod": _divmod,
    "map": _map,
    "slice": lambda _, *ends: slice(*ends),
    "print": lambda *_, **__: None,
    "type": lambda _, __: Opaque("type"),
}
_MEASURES: Mapping[str, Callable[..., Any]] = {
    "shape": lambda _, x: tensor(x).shape,
    "ndim": lambda _, x: tensor(x).rank,
    "size": lambda _, x, axis=None: total(tensor(x).shape) if axis is None else tensor(x).shape[axis],
}
OF_MODULES: Mapping[str, Mapping[str, Callable[..., Any]]] = {
    "functools": {
        "reduce": _reduce,
        "partial": lambda _, function, *args, **keywords: Partial(function, args, keywords),
    },
    "itertools": {
        "product": _all_of,
        "combinations": _subsets("combinations"),
        "permutations": _subsets("permutations"),
        "chain": _chained,
    },
    "numpy": {"ndindex": _indices, "piecewise": _piecewise, **_MEASURES},
    "jax.numpy": {"piecewise": _piecewise, **_MEASURES},
    "torch": {"numel": _MEASURES["size"]},
}


def of_numbers(name: str, args: list[Any]) -> Any:
    """math.floor and its kin, exactly; None where the numbers are no rationals. Raises NetcalcError."""
    if not all(isinstance(one, int | Fraction) for one in args):
        return math.floor(ordering(args[0])) if name == "floor" else None
    match name:
        case "floor" | "ceil" | "trunc":
            return getattr(math, name)(args[0])
        case "prod":
            return None
    if not all(isinstance(one, int) and 0 <= one < 5000 for one in args):
        raise NetcalcError(f"{name} takes whole numbers of a reasonable size")
    return getattr(math, name)(*args)
