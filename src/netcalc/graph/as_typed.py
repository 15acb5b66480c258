"""What moves entries in a forward pass, as people type it: out.at[0].set(v), pad(x, …), conv2d(x, w, padding=1)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

from netcalc.expression import Apply, Number, Tree
from netcalc.graph.leaves import without_name
from netcalc.graph.node import Node
from netcalc.graph.product import PRODUCT, SUM, Product, Sum, as_number
from netcalc.graph.selection import part_tree
from netcalc.graph.shaping import EVERYTHING, SCATTER, Keyed, Part, Span
from netcalc.graph.sizes import settled
from netcalc.graph.sizes import tree as size_tree
from netcalc.graph.windows import WINDOWS, Sliding

Exact = Callable[[Sequence[Node]], tuple[Tree, ...]]  # nodes as formulas that have their shapes
MAX_WRITES = 1_000  # into one array, that are looked through


def written(node: Node, exact: Exact) -> Tree | None:
    """Entries written among zeros, zeros(3).at[0].set(v), or into an array, out.at[0].add(v), where 0 was or not."""
    if node.operation is SUM:
        params: Sum = node.params
        if any(by != 1 for by in params.numbers) or any(own != params.out for own in params.letters):
            return None
        before = [arg for arg in node.args if not _is_write(arg)]
        writes = [arg for arg in node.args if _is_write(arg)]
        if len(before) != 1 or not writes or (all(map(_is_padding, writes)) and not is_empty(before[0], writes[0])):
            return None
        (found,) = exact(before)
    elif _is_write(node):
        if _is_padding(node):
            return _padded(node, exact)
        writes = [node]
        found = Apply("call:zeros", tuple(map(size_tree, node.shape)))  # matrix notation has 0 for "zeros"
    else:
        return None
    for write in writes:
        (value,) = exact(write.args[:1])
        key = [part_tree(one, ()) for one in write.params.key]
        while key and write.params.key[len(key) - 1] == EVERYTHING:
            key.pop()
        found = Apply("added_into" if node.operation is SUM else "written_into", (found, value, *key))
    return found


def _is_write(node: Node) -> bool:
    return (
        node.operation is SCATTER
        and not node.params.extra
        and all(isinstance(part, int | Span) for part in node.params.key)
    )


def _is_padding(node: Node) -> bool:
    """Whether zeros stand around an array: all its axes are kept, and each has so many entries more."""
    return all(isinstance(part, Span) and part.step in (None, 1) for part in node.params.key)


def _padded(node: Node, exact: Exact) -> Tree | None:
    """pad(x, 1), or pad(x, [[0, 0], [1, 1]]) as NumPy has it."""
    widths = _widths(node)
    if widths is None:
        return None
    if len(set(widths)) == 1 and widths[0][0] == widths[0][1]:
        width: Tree = _whole(widths[0][0])
    else:
        width = Apply("stack", tuple(Apply("stack", (_whole(a), _whole(b))) for a, b in widths))
    return Apply("pad", (*exact(node.args[:1]), width))


def _widths(node: Node) -> list[tuple[int, int]] | None:
    """How many zeros stand before and behind along each axis; None where that depends on letters."""
    keyed: Keyed = node.params
    found = []
    for axis, size in enumerate(keyed.whole):
        part = keyed.key[axis] if axis < len(keyed.key) else EVERYTHING
        if not isinstance(part, Span):
            return None
        start, stop, extent = part.start or 0, part.stop, settled(size)
        if stop is None:
            behind = 0
        elif isinstance(stop, int) and stop < 0:
            behind = -stop
        elif isinstance(stop, int) and isinstance(extent, int):
            behind = max(extent - stop, 0)
        else:
            return None
        if not isinstance(start, int) or start < 0:
            return None
        found.append((start, behind))
    return found


def is_empty(node: Node, write: Node) -> bool:
    """Whether nothing was written yet where something is written now."""
    for _ in range(MAX_WRITES):
        node = without_name(node)
        if node.operation is SUM and len(node.args) == 2 and _is_write(node.args[1]):
            if not _is_apart(node.args[1].params, write.params):
                return False
            node = node.args[0]
        else:
            return as_number(node) == 0 or (_is_write(node) and _is_apart(node.params, write.params))
    return False


def _is_apart(one: Keyed, other: Keyed) -> bool:
    """Whether two keys have no place in common, as one axis tells."""
    for axis, (a, b) in enumerate(zip(one.key, other.key, strict=False)):
        first, second = _range(a, one, axis), _range(b, other, axis)
        if first is not None and second is not None and not set(first) & set(second):
            return True
    return False


def _range(part: Part, keyed: Keyed, axis: int) -> range | None:
    size = settled(keyed.whole[axis])
    if isinstance(part, int):
        return range(part, part + 1) if part >= 0 else None
    if not isinstance(size, int) or not isinstance(part, Span):
        return None
    start, stop = (one if one is None else settled(one) for one in part[:2])
    if not isinstance(start, int | None) or not isinstance(stop, int | None):
        return None
    return range(size)[slice(start, stop, part.step)]


def convolution(node: Node, has_name: Callable[[Node], bool], exact: Exact) -> Tree | None:
    """conv2d(x, w, stride=2, padding=1) for Σ x's windows · w."""
    params: Product = node.params
    if node.operation is not PRODUCT or len(node.args) != 2 or node.args[0].operation is not WINDOWS:
        return None
    (windows, weights), (own, its) = node.args, params.letters
    sliding: Sliding = windows.params
    many = len(sliding.kernel)
    batch, channel, places, inside = own[0], own[1:2], own[2 : 2 + many], own[2 + many :]
    fits = len(own) == 2 + 2 * many and its[1:] == channel + inside and params.out == batch + its[:1] + places
    if has_name(windows) or not fits or many > 3 or len({*own, *its}) != len(own) + 1:
        return None
    (x,), padding = windows.args, 0
    if x.operation is SCATTER and not has_name(x) and _is_write(x) and _is_padding(x):
        widths = _widths(x)
        around = {one for pair in (widths or [])[2:] for one in pair}
        if widths and widths[:2] == [(0, 0)] * 2 and len(around) == 1:
            (padding,), (x,) = around, x.args
    options = [("stride", sliding.stride, 1), ("padding", (padding,) * many, 0), ("dilation", sliding.dilation, 1)]
    said = [
        Apply(name, tuple(map(_whole, numbers if len(set(numbers)) > 1 else numbers[:1])))
        for name, numbers, usual in options
        if {*numbers} != {usual}
    ]
    return Apply(f"conv{many}d", (*exact([x, weights]), *said))


def _whole(number: int) -> Number:
    return Number(Fraction(number))
