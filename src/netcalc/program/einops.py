"""einops: rearrange, reduce, repeat and einsum, whose patterns say axes by name.

A. Rogozhnikov, "Einops: Clear and Reliable Tensor Manipulations with Einstein-like Notation", ICLR 2022.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from netcalc.errors import NetcalcError, ShapeError
from netcalc.graph import build as b
from netcalc.graph.product import LETTERS
from netcalc.graph.sizes import over, same, times, total, written
from netcalc.program.signature import size as to_size
from netcalc.program.signature import tensor, text
from netcalc.program.values import Tensor

if TYPE_CHECKING:
    from netcalc.program.calls import Calls

Groups = list[list[str]]  # of axes, by name; a name that is a number is an axis of size 1


def rearrange(reader: Calls, x: Any, pattern: Any, **sizes: Any) -> Tensor:
    """Axes split, joined and put in another order."""
    return _arranged(reader, x, pattern, sizes, "rearrange")


def repeat(reader: Calls, x: Any, pattern: Any, **sizes: Any) -> Tensor:
    """The same, with new axes along which all is repeated."""
    return _arranged(reader, x, pattern, sizes, "repeat")


def reduce(reader: Calls, x: Any, pattern: Any, reduction: Any, **sizes: Any) -> Tensor:
    """The same, the axes that are left out reduced: by sum, mean, max, min or prod."""
    return _arranged(reader, x, pattern, sizes, text(reduction))


def einsum(_: Calls, *arguments: Any) -> Tensor:
    """Einstein's sum, whose axes have names of any length."""
    *operands, pattern = arguments
    given, __, out = text(pattern).partition("->")
    letters = dict(zip(dict.fromkeys(re.findall(r"\w+", pattern)), LETTERS, strict=False))
    short = [re.sub(r"\w+|\s", lambda found: letters.get(found[0], ""), one) for one in (given, out)]
    return Tensor(b.einsum(f"{short[0]}->{short[1]}", *(tensor(one).node for one in operands)))


def _arranged(reader: Calls, x: Any, pattern: Any, sizes: dict[str, Any], how: str) -> Tensor:
    if isinstance(x, list | tuple):
        x = reader.library_call("stack", "numpy", [list(x)], {})
    x = tensor(x)
    left, right = _sides(text(pattern), x.rank)
    known = _sizes(x, left, {name: to_size(size) for name, size in sizes.items()}, pattern)
    own = [name for group in left for name in group if name in known]
    wanted = [name for group in right for name in group if not name.isdigit()]
    new = [name for name in wanted if name not in own]
    gone = [name for name in own if name not in wanted]
    if missing := [name for name in new if how != "repeat" or name not in sizes]:
        raise NetcalcError(f"{how}: '{missing[0]}' is on the right of '{pattern}' alone")
    if gone and how in ("rearrange", "repeat"):
        raise NetcalcError(f"{how}: '{gone[0]}' is on the left of '{pattern}' alone")
    node = b.reshaped(x.node, [known[name] for name in own])
    if gone:
        axes = tuple(own.index(name) for name in gone)
        node = reader.library_call(how, "numpy", [Tensor(node)], {"axis": axes}).node
        own = [name for name in own if name not in gone]
    node = b.transpose(node, [own.index(name) for name in wanted if name in own])
    if new:
        known |= {name: to_size(sizes[name]) for name in new}
        node = b.index(node, [None if name in new else b.EVERYTHING for name in wanted])
        node = b.broadcast(node, tuple(known[name] for name in wanted))
    shape = [total([known[name] for name in group if not name.isdigit()]) for group in right]
    return Tensor(b.reshaped(node, shape), x.kind, Tensor(node).buffer if new or gone else x.buffer, ())


def _sides(pattern: str, rank: int) -> tuple[Groups, Groups]:
    """Both sides of a pattern, its dots as names of the axes that it leaves out."""
    halves = [re.findall(r"\([^()]*\)|\.\.\.|\w+", half) for half in pattern.replace("…", "...").split("->")]
    if len(halves) != 2:
        raise NetcalcError(f"'{pattern}' is no pattern; one is 'b (h d) -> b h d'")
    between = rank - sum(one != "..." for one in halves[0])
    dots = [f"...{n}" for n in range(max(between, 0))]
    found = []
    for half in halves:
        groups: Groups = []
        for one in half:
            if one == "...":
                groups += [[name] for name in dots]
            else:
                inner = re.findall(r"\.\.\.|\w+", one)
                groups.append([name for part in inner for name in (dots if part == "..." else [part])])
        found.append(groups)
    if len(found[0]) != rank:
        raise ShapeError(f"'{pattern}' is for {len(found[0])} axes, and this has {rank}")
    return found[0], found[1]


def _sizes(x: Tensor, left: Groups, given: dict[str, Any], pattern: str) -> dict[str, Any]:
    """The size of every axis on the left; of a group one at most is what the others leave."""
    known: dict[str, Any] = {}
    for group, extent in zip(left, x.shape, strict=True):
        names = [name for name in group if not name.isdigit()]
        open_ones = [name for name in names if name not in given]
        if len(open_ones) > 1:
            raise NetcalcError(f"'{pattern}': say the size of {' or '.join(open_ones)}, as in {open_ones[0]}=2")
        product: Any = 1
        for name in names:
            if name in given:
                known[name] = given[name]
                product = times(product, given[name])
        rest = over(extent, product) if open_ones else 1
        if rest is None or (not open_ones and not same(extent, product)):
            raise ShapeError(f"'{pattern}' does not fit {written(x.shape)}: {extent} is no multiple of {product}")
        known |= dict.fromkeys(open_ones, rest)
    return known
