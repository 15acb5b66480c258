"""Arrays that a program makes: of numbers, of zeros and ones, counted up; and what only says how one is stored."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from netcalc.errors import NetcalcError
from netcalc.expression import Number
from netcalc.graph import build as b
from netcalc.graph.leaves import ARRAY, INPUT, arange, triangular_ones
from netcalc.graph.node import Node
from netcalc.graph.sizes import over, plus
from netcalc.notation import to_unicode
from netcalc.program.library.table import Call, Row, concrete
from netcalc.program.signature import several, whole
from netcalc.program.signature import sizes as to_sizes
from netcalc.program.values import (
    MAX_ENTRIES,
    Cell,
    Tensor,
    as_bool,
    is_scalar,
    is_size,
    kind_named,
    kind_of,
    node_of,
    of_list,
    stored,
    tree_of,
)


def _shape(arguments: list[Any]) -> tuple[Any, ...]:
    arguments = several(arguments)
    for one in arguments:
        if isinstance(one, Tensor):
            raise NetcalcError("the sizes have to be numbers that are known; give them with --at, as whole numbers")
    return to_sizes([one for one in arguments if is_size(one)])


def filled(value: Any, shape: tuple[Any, ...], kind: str = "float") -> Tensor:
    """One number everywhere."""
    node = b.broadcast(node_of(value), shape)
    return Tensor(node, kind, _memory(node), zero=is_scalar(value) and value == 0)


def _memory(node: Node) -> object:
    """An array's own memory."""
    return object() if node.rank else Cell()


def _full(shape: Any, value: Any) -> Tensor:
    return filled(value, to_sizes(shape), kind_of(value))


def _like(value: int) -> Any:
    return lambda x: filled(value, x.shape, x.kind)


def _array(value: Any) -> Tensor:
    node = node_of(value)
    return Tensor(node, kind_of(value), _memory(node))


def _count(start: Any, stop: Any, step: Any) -> Tensor:
    if stop is None:
        start, stop = 0, start
    if not is_scalar(stop):
        is_counted = isinstance(start, int) and isinstance(step, int) and step > 0 and is_size(stop)
        many = over(plus(stop, -start), step) if is_counted else None
        if many is None:
            multiple = f", or as a multiple such as {step}{stop}" if is_counted and step > 1 else ""
            raise NetcalcError(f"the size {stop} has to be a number here: say it in --shape{multiple}, or give values")
        return Tensor(b.add(b.number(start), b.multiply(b.number(step), arange(many))), "int")
    numbers = [_fraction(one) for one in (start, stop, step)]
    if not numbers[2]:
        raise NetcalcError("arange: a step of 0 leads nowhere")
    many = max(0, -((numbers[0] - numbers[1]) // numbers[2]))
    if many > MAX_ENTRIES:
        raise NetcalcError(f"an array of {many} entries is larger than netcalc takes")
    if all(one.denominator == 1 for one in numbers):
        first, _, by = map(int, numbers)
        if first == 0 and by == 1 and many:
            return Tensor(arange(int(many)), "int" if isinstance(stop, int) else "float")
        text = f"arange({many})" if first == 0 and by == 1 else f"arange({first}, {numbers[1]}, {by})"
        kind = "int" if all(isinstance(one, int) for one in (start, stop, step)) else "float"
        return Tensor(b.array(first + by * np.arange(int(many)), text), kind)
    return Tensor(of_list([numbers[0] + n * numbers[2] for n in range(int(many))]))


def _fraction(value: Any) -> Fraction:
    tree = tree_of(value)
    if not isinstance(tree, Number):
        raise NetcalcError("arange counts in plain numbers")
    return tree.value


def _linspace(start: Any, stop: Any, many: int, endpoint: bool) -> Tensor:
    if not 0 <= many <= 1_000_000:
        raise NetcalcError(f"linspace of {many} entries is larger than netcalc takes")
    first, last = _fraction(start), _fraction(stop)
    steps = max(many - 1 if endpoint else many, 1)
    entries = of_list([first + (last - first) * n / steps for n in range(many)])
    if entries.operation is not ARRAY:
        return Tensor(entries)
    text = f"linspace({_decimal(first)}, {_decimal(last)}, {many})" if endpoint else ""
    return Tensor(b.array(entries.params.array, text))


def _decimal(value: Fraction) -> str:
    return to_unicode(Number(value))


def _eye(rows: Any, columns: Any) -> Tensor:
    if columns is None or columns == rows:
        return Tensor(b.eye(rows), "float")
    ones = np.eye(concrete(rows, "eye"), concrete(columns, "eye"), dtype=np.int64)
    return Tensor(b.array(ones, f"eye({rows}, {columns})"), "float")


def _one_hot(call: Call, labels: Tensor, classes: Any) -> Tensor:
    call.index(labels)
    if classes is None or classes == -1:
        known = call.known(labels)
        if known is None:
            raise NetcalcError("one_hot needs the number of classes, as in one_hot(y, 10)")
        classes = int(known.max()) + 1
    call.index(labels, classes)
    return Tensor(b.index(b.eye(classes), [b.Place(1)], [labels.node]), "float" if call.library == "jax" else "int")


def _tri(rows: int, columns: Any, offset: int) -> Tensor:
    return Tensor(triangular_ones(rows, columns or rows, offset, lower=True))


def _with_diagonal(x: Tensor, value: Any) -> Node:
    if x.rank != 2:
        raise NetcalcError(f"fill_diagonal takes a matrix, not an array of {x.rank} axes")
    rows, columns = (concrete(size, "fill_diagonal") for size in x.shape)
    on = b.array(np.eye(rows, columns, dtype=np.int64), f"eye({rows}, {columns})")
    return b.where(on, stored(x.kind, value), x.node)


def _full_like(x: Tensor, value: Any, dtype: Any) -> Tensor:
    return filled(value, x.shape) if dtype is not None else _filling(x, value)


def _filling(x: Tensor, value: Any) -> Tensor:
    """One number in all entries of an array, as its kind holds it."""
    return replace(filled(value, x.shape, x.kind), node=b.broadcast(stored(x.kind, value), x.shape))


def _new_full(_: Tensor, shape: Any, value: Any) -> Tensor:
    return _full(shape, value)


def _as_kind(kind: str) -> Any:
    def build(call: Call, x: Tensor) -> Any:
        if kind == "bool" and x.kind != "bool":
            return as_bool(x)
        if kind == "int":
            x = call.rounded(x)
        return Tensor(x.node, kind, x.buffer, x.cells)

    return build


def _plain(call: Call, x: Tensor) -> Any:
    """x.item(), x.numpy(): numbers by themselves."""
    return call.numbers_of(x, f".{call.name}()")


def _new_array(call: Call, value: Any, dtype: Any, is_leaf: bool) -> Any:
    """torch.tensor(…): numbers in an array of their own, and an input with requires_grad is that input."""
    found = _stored(call, _array(value), [dtype])
    if is_leaf and found.node.operation is INPUT:
        return value if isinstance(value, Tensor) else found
    return call.numbers_of(found, f"{call.name}(…)")


def _stored(call: Call, x: Tensor, how: list[Any]) -> Tensor:
    """The same array, however it is stored."""
    kinds = [kind for one in how if (kind := kind_named(one)) is not None]
    kind = kinds[0] if kinds else x.kind
    if kind == "bool" and x.kind != "bool":
        return as_bool(x)
    if kind == "int":
        x = call.rounded(x, f"{call.name} to whole numbers")
    if kind == x.kind:
        return x
    return Tensor(x.node, kind, x.buffer, x.cells, x.zero)


def _copied(call: Call, x: Tensor, how: list[Any]) -> Tensor:
    found = _stored(call, x, how)
    return Tensor(found.node, found.kind)


_X = "x|input|a|object|data|tensor:t"


def _triangle_places(call: Call, rows: int, second: Any, third: Any) -> Any:
    """NumPy has triu_indices(n, k, m), PyTorch triu_indices(row, col, offset)."""
    as_torch = call.library == "torch"
    columns, offset = (second, third) if as_torch else (third, second)
    wide = np.ones((rows, rows if columns is None else whole(columns)), dtype=bool)
    inside = (np.triu if call.name == "triu_indices" else np.tril)(wide, 0 if offset is None else whole(offset))
    places = [Tensor(b.array(one.astype(np.int64)), "int") for one in np.nonzero(inside)]
    return Tensor(b.stack([one.node for one in places]), "int") if as_torch else tuple(places)


ROWS = [
    Row(
        "triu_indices tril_indices",
        "n|row:i k|col:v=None m|offset:v=None",
        _triangle_places,
        "the places of a triangle of a matrix",
        asks=True,
    ),
    Row(
        "array float32 float64",
        "object|data|a:v dtype:v=None",
        lambda call, value, dtype: _stored(call, _array(value), [dtype]),
        "an array of numbers",
        asks=True,
    ),
    Row(
        "asarray as_tensor asanyarray ascontiguousarray from_numpy Variable",
        "object|data|a:v dtype:v=None",
        lambda call, value, dtype: _stored(call, value if isinstance(value, Tensor) else _array(value), [dtype]),
        "the same array, or one of numbers",
        asks=True,
    ),
    Row(
        "tensor Tensor FloatTensor LongTensor",
        "object|data:v dtype:v=None requires_grad:b=False",
        _new_array,
        "an array of numbers",
        asks=True,
    ),
    Row(
        "Parameter",
        "data:v requires_grad:b=True",
        lambda call, value, leaf: _new_array(call, value, None, leaf),
        "an array of numbers",
        asks=True,
    ),
    Row("zeros empty", "*shape|size:v", lambda shape: filled(0, _shape(shape)), "zeros"),
    Row("ones", "*shape|size:v", lambda shape: filled(1, _shape(shape)), "ones"),
    Row("full", "shape|size:v fill_value:v", _full, "one number everywhere"),
    Row("zeros_like empty_like", _X, _like(0), "zeros in another's shape"),
    Row("ones_like", _X, _like(1), "ones in another's shape"),
    Row("full_like", f"{_X} fill_value:v dtype:v=None", _full_like, "one number in another's shape"),
    Row("new_zeros new_empty", f"{_X} *size:v", lambda x, shape: filled(0, _shape(shape), x.kind), "zeros"),
    Row("new_ones", f"{_X} *size:v", lambda x, shape: filled(1, _shape(shape), x.kind), "ones"),
    Row("new_full", f"{_X} size:v fill_value:v", _new_full, "one number everywhere"),
    Row(
        "new_tensor",
        f"{_X} data:v requires_grad:b=False",
        lambda call, _, value, leaf: _new_array(call, value, None, leaf),
        "an array of numbers",
        asks=True,
    ),
    Row("eye identity", "N|n:size M|m:v=None", _eye, "the identity matrix"),
    Row("arange", "start|end|stop:v stop|end:v=None step:v=1", _count, "0, 1, 2, …"),
    Row("linspace", "start:n stop|end:n num|steps:i=50 endpoint:b=True", _linspace, "numbers at equal distances"),
    Row("tri", "N:i M:v=None k:i=0", _tri, "ones on and below a diagonal"),
    Row(
        "one_hot",
        "input|x|labels|tensor:t num_classes|classes:v=None",
        _one_hot,
        "1 at a class, else 0",
        asks=True,
    ),
    Row(
        "detach detach_ stop_gradient",
        _X,
        lambda x: b.detached(x.node, typed=True),
        "a constant: no gradient flows through",
        "same",
        True,
    ),
    Row(
        "astype",
        f"{_X} *how:v",
        _copied,
        "the same in memory of its own",
        asks=True,
    ),
    Row("fill", f"{_X} value:v", _filling, "one number everywhere, in place"),
    Row("zero", _X, _like(0), "zeros, in place"),
    Row(
        "copyto copy_",
        f"dst|{_X} src|other:t",
        lambda x, other: b.broadcast(other.node, x.shape),
        "another's entries, in place",
        "widest",
    ),
    Row("fill_diagonal", f"{_X} val|fill_value:n", _with_diagonal, "a number on the diagonal, in place", "same"),
    Row("clone copy", _X, lambda x: Tensor(x.node, x.kind), "the same in memory of its own", "same"),
    Row(
        "contiguous cuda cpu to type type_as requires_grad_ retain_grad block_until_ready device_put",
        f"{_X} *how:v",
        _stored,
        "the same",
        asks=True,
    ),
    Row(
        "item numpy",
        f"{_X} *how:v",
        lambda call, x, _: _plain(call, x),
        "its numbers; in PyTorch no gradient flows back",
        "same",
        asks=True,
    ),
    Row("float double half bfloat16", _X, _as_kind("float"), "the same", asks=True),
    Row("int long short byte int64 int32", _X, _as_kind("int"), "whole numbers", asks=True),
    Row("bool bool_", _X, _as_kind("bool"), "1 where it is not 0", asks=True),
]
