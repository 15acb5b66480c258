"""JAX's ways to repeat a function, read as the loops and tests that they stand for: vmap, lax.scan, lax.cond."""

from __future__ import annotations

import ast
from collections.abc import Callable
from functools import reduce
from typing import TYPE_CHECKING, Any

from netcalc.errors import NetcalcError, ShapeError
from netcalc.graph import build as b
from netcalc.graph.sizes import Letters
from netcalc.program.builtins import whole
from netcalc.program.indexing import read
from netcalc.program.values import Mapped, Tensor, described, is_scalar

if TYPE_CHECKING:
    from netcalc.program.calls import Calls


def vmap(
    _: Calls, function: Any, in_axes: Any = 0, out_axes: Any = 0, *, in_dims: Any = 0, out_dims: Any = 0
) -> Mapped:
    """A function of one sample as one of a batch; PyTorch calls the axes dims."""
    if out_axes or out_dims:
        raise NetcalcError("vmap stacks what it gives along the first axis: leave out_axes out, and turn the result")
    return Mapped(function, in_axes or in_dims)


def mapped(reader: Calls, function: Mapped, args: list[Any]) -> Any:
    """What a function that was mapped gives: called with each sample's part, stacked."""
    axes = function.axes if isinstance(function.axes, tuple | list) else [function.axes] * len(args)
    if len(axes) != len(args):
        raise NetcalcError(f"vmap has axes for {len(axes)} arguments, and {len(args)} are given")
    columns = [None if axis is None else _along(reader, arg, axis) for arg, axis in zip(args, axes, strict=True)]
    sizes = {len(column) for column in columns if column is not None}
    if len(sizes) != 1:
        raise ShapeError(f"vmap goes along one axis of one size, and here are {', '.join(map(str, sorted(sizes)))}")
    found = [
        _called(reader, function.function, [arg if c is None else c[n] for arg, c in zip(args, columns, strict=True)])
        for n in range(sizes.pop())
    ]
    return _stacked(reader, found)


def scan(
    reader: Calls, f: Any, init: Any, xs: Any = None, length: Any = None, reverse: Any = False, **_: Any
) -> tuple[Any, Any]:
    """The last state, and what each step gives, stacked: state, y = f(state, x) for every x."""
    steps = [None] * whole(reader, length) if xs is None else _along(reader, xs, 0)
    given = []
    for x in reversed(steps) if reverse else steps:
        found = _called(reader, f, [init, x])
        if not isinstance(found, tuple | list) or len(found) != 2:
            raise NetcalcError("the function of a scan returns two things: the next state, and what the step gives")
        init, y = found
        given.append(y)
    return init, None if not given else _stacked(reader, given[::-1] if reverse else given)


def associative_scan(reader: Calls, fn: Any, elems: Any, reverse: Any = False, axis: Any = 0) -> Any:
    """What a function of two gives along an axis, running: of pairs, of pairs of pairs, and of what is between, as JAX.

    So it is called with parts of arrays, which bear the axis, about twice as often as the size can be halved.
    """
    if sizes := {len(_items(reader, leaf, axis)) for leaf in leaves_of(elems)}:
        if len(sizes) > 1:
            raise ShapeError("what is gone through together has different sizes")
        axis = whole(reader, axis)
        axis += leaves_of(elems)[0].rank if axis < 0 else 0

    def part(tree: Any, *ends: Any) -> Any:
        key = (*[slice(None)] * axis, slice(*ends))
        return over_tree(lambda leaf: read(reader, leaf, key), tree)

    def both(one: Any, other: Any) -> Any:
        found = _called(reader, fn, [one, other])
        if len(leaves_of(found)) != len(leaves_of(one)):
            raise NetcalcError("the function of an associative_scan gives as many arrays as it is given of each")
        return found

    def joined(one: Any, other: Any) -> Any:
        return over_tree(
            lambda *leaves: reader.library_call("concatenate", "numpy", [list(leaves), axis], {}), one, other
        )

    def running(tree: Any, many: int) -> Any:
        if many < 2:
            return tree
        odd = running(both(part(tree, 0, -1, 2), part(tree, 1, None, 2)), many // 2)
        before = odd if many % 2 else part(odd, 0, -1)
        first = part(tree, 0, 1)
        even = joined(first, both(before, part(tree, 2, None, 2))) if many > 2 else first
        turns = [n // 2 + (n % 2) * (many - many // 2) for n in range(many)]
        return over_tree(lambda leaf: reader.library_call("take", "numpy", [leaf, turns, axis], {}), joined(even, odd))

    turned = part(elems, None, None, -1) if reverse else elems
    found = running(turned, *sizes)
    return part(found, None, None, -1) if reverse else found


def cond(reader: Calls, pred: Any, true_fun: Any, false_fun: Any, *operands: Any) -> Any:
    """The one function or the other of the operands; by a test on values either array, as where(test, a, b) has it."""
    if not isinstance(pred, Tensor) or reader.counted(pred) is not None:
        return _called(reader, true_fun if reader.truth(pred) else false_fun, list(operands))
    one, other = (_called(reader, function, list(operands)) for function in (true_fun, false_fun))
    if not isinstance(one, Tensor) or not isinstance(other, Tensor):
        raise NetcalcError("cond by a test on values is understood of functions that give an array each")
    return Tensor(b.where(pred.node, one.node, other.node))


def fori_loop(reader: Calls, lower: Any, upper: Any, body_fun: Any, init_val: Any, **_: Any) -> Any:
    """state = body(i, state) for i from one number to before another."""
    for n in reader.items(range(whole(reader, lower), whole(reader, upper))):
        init_val = _called(reader, body_fun, [n, init_val])
    return init_val


def over_items(reader: Calls, f: Any, xs: Any, **_: Any) -> Any:
    """f of each part along the first axis, stacked."""
    return mapped(reader, Mapped(f, 0), [xs])


def along_axis(reader: Calls, func1d: Any, axis: Any, arr: Any, *args: Any, **keywords: Any) -> Any:
    """NumPy's apply_along_axis: a function of each vector along an axis, its results in the vectors' places."""
    axis = whole(reader, axis)

    def over(part: Any) -> Any:
        if part.rank == 1:
            return reader.call(func1d, [part, *args], keywords, ast.Pass())
        return _stacked(reader, [over(one) for one in reader.items(part)])

    if not isinstance(arr, Tensor) or not arr.rank:
        raise NetcalcError(f"{described(arr)} has no axis to go along")
    found = over(reader.library_call("moveaxis", "numpy", [arr, axis, -1], {}))
    if not isinstance(found, Tensor) or found.rank != arr.rank:
        return found
    return reader.library_call("moveaxis", "numpy", [found, -1, axis], {})


def leaves_of(tree: Any) -> list[Any]:
    """What is in dictionaries, lists and tuples within each other, the keys of a dictionary in order, as JAX has it."""
    if isinstance(tree, dict):
        return [leaf for key in sorted(tree, key=str) for leaf in leaves_of(tree[key])]
    if isinstance(tree, list | tuple):
        return [leaf for one in tree for leaf in leaves_of(one)]
    return [] if tree is None else [tree]


def over_tree(function: Callable[..., Any], tree: Any, *rest: Any) -> Any:
    """What a function gives for each leaf, and those in its place in other trees, in a tree of the same form."""
    if isinstance(tree, dict):
        return {key: over_tree(function, tree[key], *(one[key] for one in rest)) for key in sorted(tree, key=str)}
    if isinstance(tree, list | tuple):
        return type(tree)(over_tree(function, *parts) for parts in zip(tree, *rest, strict=True))
    return None if tree is None else function(tree, *rest)


def tree_leaves(_: Calls, tree: Any, **__: Any) -> list[Any]:
    """jax.tree.leaves."""
    return leaves_of(tree)


def tree_map(reader: Calls, f: Any, tree: Any, *rest: Any, **_: Any) -> Any:
    """jax.tree.map."""
    return over_tree(lambda *leaves: _called(reader, f, list(leaves)), tree, *rest)


def tree_reduce(reader: Calls, function: Any, tree: Any, *first: Any, **named: Any) -> Any:
    """jax.tree.reduce."""
    return reduce(lambda *pair: _called(reader, function, list(pair)), [*first, *named.values(), *leaves_of(tree)])


def _called(reader: Calls, function: Any, args: list[Any]) -> Any:
    return reader.call(function, args, {}, ast.Pass())


def _along(reader: Calls, value: Any, axis: Any) -> list[Any]:
    """The parts of an array along an axis; of several arrays, held in a list or the like, those of each together."""
    columns = [_items(reader, one, axis) for one in leaves_of(value)]
    if len({*map(len, columns)}) > 1:
        raise ShapeError("what is gone through together has different sizes")
    rows = [iter(parts) for parts in zip(*columns, strict=True)]
    return [over_tree(lambda _, parts=parts: next(parts), value) for parts in rows]


def _items(reader: Calls, value: Any, axis: Any) -> list[Any]:
    if not isinstance(value, Tensor) or not value.rank:
        raise NetcalcError(f"{described(value)} has no axis to go along")
    axis = whole(reader, axis)
    if isinstance(many := value.shape[axis], Letters):
        raise NetcalcError(
            f"the size {many} has to be a number to go along it; say it with --shape, or write the function for the"
            " whole batch"
        )
    return reader.items(reader.library_call("moveaxis", "numpy", [value, axis, 0], {}) if axis else value)


def _stacked(reader: Calls, found: list[Any]) -> Any:
    """Arrays, or what holds some, beside each other along a new first axis."""

    def beside(*leaves: Any) -> Any:
        if not isinstance(leaves[0], Tensor) and not is_scalar(leaves[0]):
            raise NetcalcError(f"{described(leaves[0])} is nothing to stack")
        return reader.library_call("stack", "numpy", [list(leaves)], {})

    return over_tree(beside, *found)
