"""What a tensor formula says of shapes: indices, lists, new shapes, constant tensors; each as nodes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from math import prod

import numpy as np

from netcalc.arrays import each
from netcalc.errors import NetcalcError, ShapeError
from netcalc.expression import Apply, Number, Tree
from netcalc.graph import build
from netcalc.graph.from_tree import Reader
from netcalc.graph.node import Node
from netcalc.graph.sizes import Size, described, same, settled, written

Made = Callable[[Reader, Apply], Node]
Options = Mapping[str, tuple[Tree, ...]]
EVERYTHING = build.Span(None, None, None)
MAX_CONSTANT_ENTRIES = 1 << 24  # of an array of zeros and ones that is written out


def one_and_options(reader: Reader, tree: Apply) -> tuple[Node, dict[str, tuple[Tree, ...]]]:
    """The tensor, and the options behind it."""
    node, *options = tree.arguments
    return reader.node(node), {one.operator: one.arguments for one in options if isinstance(one, Apply)}


def axes_of(options: Options, option: str = "axis") -> tuple[int, ...] | None:
    if option not in options:
        return None
    return tuple(int(one.value) for one in options[option] if isinstance(one, Number))


def is_kept(options: Options) -> bool:
    return options.get("keepdims") == (Number(Fraction(1)),)


# --- shapes and indices


def _indexed(reader: Reader, tree: Apply) -> Node:
    node = reader.node(tree.arguments[0])
    parts = list(tree.arguments[1:])
    used = sum(one not in (Apply("newaxis", ()), Apply("ellipsis", ())) for one in parts)
    key: list[build.Part] = []
    for one in parts:
        if one == Apply("ellipsis", ()):
            key += [EVERYTHING] * (node.rank - used)
        else:
            key.append(_part(reader, one))
    found = build.index(node, key)
    if 0 in map(settled, found.shape):
        raise ShapeError(f"nothing is left of {written(node.shape)} by this index")
    return found


def _part(reader: Reader, part: Tree) -> build.Part:
    if part == Apply("newaxis", ()):
        return None
    if isinstance(part, Apply) and part.operator == "slice":
        start, stop, step = (None if one == Apply("none", ()) else _bound(reader, one) for one in part.arguments)
        if step == 0 or not isinstance(step, int | None):
            raise ShapeError("the step of a slice is a whole number other than 0")
        return build.Span(start, stop, step)
    found = reader.whole_numbers(part)
    return build.Fixed(found) if found.ndim else int(found)


def _bound(reader: Reader, tree: Tree) -> Size:
    if reader.known(tree) is None:
        return reader.size(tree)
    found = reader.whole_numbers(tree)
    if found.ndim:
        raise ShapeError("a bound of a slice is one number")
    return int(found)


def _stacked(reader: Reader, tree: Apply) -> Node:
    parts, axis = _list(tree)
    if axis is None:
        known = reader.known(tree) if all(_is_plain(one) for one in parts) else None
        if known is not None:
            return build.array(each(Number, known), _text(known))
    nodes = [reader.node(one) for one in parts]
    return build.stack(nodes, axis or 0)


def _is_plain(tree: Tree) -> bool:
    """Whether it is numbers, as typed."""
    if isinstance(tree, Number):
        return True
    return isinstance(tree, Apply) and tree.operator in ("stack", "negate") and all(map(_is_plain, tree.arguments))


def _text(values: np.ndarray) -> str:
    if not values.ndim:
        return str(values.item())
    return f"[{', '.join(map(_text, values))}]" if values.ndim > 1 else f"[{', '.join(map(str, values))}]"


def _list(tree: Apply) -> tuple[list[Tree], int | None]:
    """The parts of a stack, and the axis behind them, if one is said."""
    *parts, last = tree.arguments
    if isinstance(last, Apply) and last.operator == "axis" and isinstance(last.arguments[0], Number):
        return parts, int(last.arguments[0].value)
    return [*parts, last], None


def _concatenated(reader: Reader, tree: Apply) -> Node:
    parts, axis = _list(tree)
    return build.joined([reader.node(one) for one in parts], axis or 0)


def _rows(reader: Reader, tree: Apply) -> Node:
    nodes = [reader.node(one) for one in tree.arguments]
    return build.stack(nodes) if nodes[0].rank < 2 else build.joined(nodes)


def _columns(reader: Reader, tree: Apply) -> Node:
    nodes = [reader.node(one) for one in tree.arguments]
    return build.joined(nodes, 0 if nodes[0].rank < 2 else 1)


def _sizes(reader: Reader, tree: Apply) -> list[Size]:
    """The sizes behind the tensor; those of a number are none."""
    return [reader.size(one) for one in tree.arguments[1:]]


def _reshaped(reader: Reader, tree: Apply) -> Node:
    return build.reshaped(reader.node(tree.arguments[0]), _sizes(reader, tree))


def _stretched(reader: Reader, tree: Apply) -> Node:
    return build.broadcast(reader.node(tree.arguments[0]), tuple(_sizes(reader, tree)))


def _flattened(reader: Reader, tree: Apply) -> Node:
    return build.reshaped(reader.node(tree.arguments[0]), [-1])


def _columns_joined(reader: Reader, tree: Apply) -> Node:
    node = reader.node(tree.arguments[0])
    if node.rank != 2:
        raise ShapeError(f"vec puts the columns of a matrix one below the other; this is {described(node.shape)}")
    return build.reshaped(build.transpose(node, None), [-1])


def _with_axis(reader: Reader, tree: Apply) -> Node:
    node, options = one_and_options(reader, tree)
    axes = axes_of(options)
    if axes is None or len(axes) != 1 or not -node.rank - 1 <= axes[0] <= node.rank:
        raise ShapeError(f"expand_dims(x, axis=0) takes an axis from 0 to {node.rank}")
    return build.index(node, [*[EVERYTHING] * (axes[0] % (node.rank + 1)), None])


def _without_axes(reader: Reader, tree: Apply) -> Node:
    node, options = one_and_options(reader, tree)
    axes = axes_of(options)
    sizes = [settled(one) for one in node.shape]
    if axes is None and not all(isinstance(one, int) for one in sizes):
        raise NetcalcError("squeeze needs an axis where sizes are letters, as in squeeze(x, axis=0)")
    ones = [n for n, one in enumerate(sizes) if one == 1 or (n in (axes or ()) and same(one, 1))]
    chosen = ones if axes is None else [one % node.rank for one in axes if -node.rank <= one < node.rank]
    if set(chosen) - set(ones) or (axes is not None and len(chosen) < len(axes)):
        raise ShapeError(f"squeeze takes axes of size 1; this is {written(node.shape)}")
    return build.index(node, [0 if n in chosen else EVERYTHING for n in range(node.rank)])


def _size_of_axis(reader: Reader, tree: Apply) -> Node:
    node, axis = reader.node(tree.arguments[0]), tree.arguments[1]
    place = int(axis.value) if isinstance(axis, Number) else 0
    if not -node.rank <= place < node.rank:
        raise ShapeError(f"axis {place} is not there: this is {written(node.shape)}")
    size = settled(node.shape[place])
    return build.number(size) if isinstance(size, int) else build.size(size)


# --- constant tensors


def _filled(value: int) -> Made:
    return lambda reader, tree: build.number(value, tuple(map(reader.size, tree.arguments)))


def _filled_like(value: int) -> Made:
    return lambda reader, tree: build.number(value, reader.node(tree.arguments[0]).shape)


def _identity(reader: Reader, tree: Apply) -> Node:
    if len(tree.arguments) != 1:
        raise NetcalcError("eye takes one size, as in eye(n)")
    return build.eye(reader.size(tree.arguments[0]))


def _triangle(*, lower: bool) -> Made:
    def made(reader: Reader, tree: Apply) -> Node:
        node, options = one_and_options(reader, tree)
        offset = options.get("k", (Number(Fraction(0)),))[0]
        return build.triangle(node, int(offset.value) if isinstance(offset, Number) else 0, lower=lower)

    return made


def _one_hot(reader: Reader, tree: Apply) -> Node:
    if len(tree.arguments) != 2:
        raise NetcalcError("one_hot needs the number of classes, as in one_hot([2, 0], 3)")
    found, many = reader.whole_numbers(tree.arguments[0]), reader.size(tree.arguments[1])
    if not isinstance(many, int):
        raise NetcalcError("one_hot needs the number of classes as a number")
    if found.size and (found.min() < -many or found.max() >= many):
        wrong = int(found.min() if found.min() < -many else found.max())
        raise ShapeError(f"index {wrong} is out of range: one_hot has classes 0 to {many - 1}")
    if many * max(1, prod(found.shape)) > MAX_CONSTANT_ENTRIES:
        raise ShapeError(f"one_hot of {found.size:,} numbers in {many:,} classes would take more than memory")
    text = f"one_hot({_text(found)}, {many})"
    return build.array((found[..., None] % many == np.arange(many)).astype(np.int64), text)


def _counted(reader: Reader, tree: Apply) -> Node:
    found = reader.known(tree) if len(tree.arguments) == 1 else None
    if found is None:
        raise NetcalcError("arange takes a whole number, as in arange(3)")
    return build.array(each(Number, found), _text(found))


SHAPING: Mapping[str, Made] = {
    "index": _indexed,
    "stack": _stacked,
    "concat": _concatenated,
    "vstack": _rows,
    "hstack": _columns,
    "reshape": _reshaped,
    "flatten": _flattened,
    "vec": _columns_joined,
    "broadcast_to": _stretched,
    "expand_dims": _with_axis,
    "squeeze": _without_axes,
    "size": _size_of_axis,
    "ones": _filled(1),
    "zeros": _filled(0),
    "ones_like": _filled_like(1),
    "zeros_like": _filled_like(0),
    "eye": _identity,
    "tril": _triangle(lower=True),
    "triu": _triangle(lower=False),
    "one_hot": _one_hot,
    "arange": _counted,
}
