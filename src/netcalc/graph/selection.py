"""Indexing as it is written, what scatters as a product with rows of identity matrices, arrays by their numbers."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

import numpy as np

from netcalc.expression import Apply, Number, Symbol, Tree
from netcalc.graph.layouts import NEW_AXIS, NONE, WHOLE_AXIS, eye_of
from netcalc.graph.leaves import MAX_WRITTEN_ENTRIES
from netcalc.graph.node import Node
from netcalc.graph.product import LETTERS
from netcalc.graph.shaping import EVERYTHING, Fixed, Keyed, Part, Place, Span
from netcalc.graph.sizes import Size, settled, tree
from netcalc.graph.terms import ONE, Term


def array_tree(node: Node) -> Tree:
    """An array by its name, or by its numbers where they are few; `constant` where they are many."""
    values = node.params.array
    if node.params.text:
        return Symbol(node.params.text)
    if values.size > MAX_WRITTEN_ENTRIES:
        return Symbol("constant")
    return _listed(values)


def _listed(values: np.ndarray) -> Tree:
    if values.ndim == 0:
        entry = values[()]
        return _number(entry)
    return Apply("stack", tuple(_listed(values[n, ...]) for n in range(len(values))))


def _number(entry: object) -> Tree:
    if isinstance(entry, Tree):
        return entry
    return Number(Fraction(entry if isinstance(entry, float) else int(entry)))  # type: ignore[call-overload]


def index_tree(node: Node, arguments: Sequence[Tree]) -> Tree:
    """x[key]."""
    keyed: Keyed = node.params
    parts = [WHOLE_AXIS] * keyed.extra + [part_tree(one, arguments[1:]) for one in keyed.key]
    while parts and parts[-1] == WHOLE_AXIS:
        parts.pop()
    return Apply("index", (arguments[0], *parts)) if parts else arguments[0]


def key_trees(key: Sequence[object]) -> tuple[Tree, ...]:
    """The whole numbers and slices of a key; nothing where there is anything else in it."""
    if not all(isinstance(one, int | np.integer | slice) for one in key):
        return ()
    parts = (Span(one.start, one.stop, one.step) if isinstance(one, slice) else int(one) for one in key)  # type: ignore[call-overload]
    return tuple(part_tree(part, ()) for part in parts)


def part_tree(part: Part, indices: Sequence[Tree]) -> Tree:
    """One index or slice of a key."""
    match part:
        case None:
            return NEW_AXIS
        case Span(start, stop, step):
            return Apply("slice", tuple(NONE if one is None else tree(settled(one)) for one in (start, stop, step)))
        case Place(number):
            return indices[number - 1]
        case Fixed():
            return _listed(part.array)
        case _:
            return Number(Fraction(part))


def scatter_terms(node: Node, indices: Sequence[Term]) -> tuple[list[Term], dict[str, str]]:
    """What the scattered array is multiplied with, axis by axis of the result, and its own axes' letters there."""
    keyed: Keyed = node.params
    own = list(LETTERS[: node.args[0].rank])
    spare = iter(LETTERS[node.rank :])
    arrays = [n for n, part in enumerate(keyed.key) if isinstance(part, Place | Fixed)]
    joint = _joint_letters(keyed, node.args[1:], spare)
    along = [dict(zip(LETTERS, joint[len(joint) - one.rank :], strict=False)) for one in node.args[1:]]
    indices = [term.renamed(names) for term, names in zip(indices, along, strict=True)]
    counted = _counted(keyed, indices)
    joint = [counted.get(one, one) for one in joint]
    indices = [term.renamed(counted) for term in indices]
    letters: list[str] = list(LETTERS[: keyed.extra])
    terms: list[Term] = []
    axis = keyed.extra
    for number, part in enumerate(keyed.key):
        if part is None:
            letters.append(ONE)
            continue
        extent, letter = keyed.whole[axis], LETTERS[axis]
        axis += 1
        if part == EVERYTHING:
            letters.append(letter)
            continue
        single = _single(part, extent) if isinstance(part, Span) else None
        if isinstance(part, Span) and single is None:
            letters.append(next(spare))
            terms.append(Term(Apply("index", (eye_of(extent), part_tree(part, ()))), letters[-1] + letter))
            continue
        letters += [ONE] if single is not None else joint if arrays[:1] == [number] else []
        if settled(extent) != 1 and letter not in counted.values():
            terms.append(_selected(part if single is None else single, indices, extent, letter, joint))
    letters += LETTERS[axis : len(keyed.whole)]
    if arrays and arrays != list(range(arrays[0], arrays[0] + len(arrays))):
        letters = [*joint, *(one for one in letters if one not in joint)]
    return terms, dict(zip(own, letters, strict=True))


def _counted(keyed: Keyed, indices: Sequence[Term]) -> dict[str, str]:
    """Letters of indices arange(n) that go through an axis in order, as in logp[arange(n), y], and the axis's own."""
    found: dict[str, str] = {}
    axis = keyed.extra
    for part in keyed.key:
        if isinstance(part, Place):
            index = indices[part.number - 1]
            is_counted = index.tree() == Apply("arange", (tree(keyed.whole[axis]),))
            if is_counted and index.letters and len(index.axes) == 1:
                found.setdefault(index.axes, LETTERS[axis])
        axis += part is not None
    return found


def _single(span: Span, extent: Size) -> int | None:
    """The one entry that a slice has."""
    start, stop = (one if one is None else settled(one) for one in (span.start, span.stop))
    extent = settled(extent)
    if not isinstance(extent, int) or not isinstance(start, int | None) or not isinstance(stop, int | None):
        return None
    places = range(extent)[slice(start, stop, span.step)]
    return places[0] if len(places) == 1 else None


def _joint_letters(keyed: Keyed, nodes: Sequence[Node], spare: object) -> list[str]:
    ranks = [part.array.ndim for part in keyed.key if isinstance(part, Fixed)]
    ranks += [nodes[part.number - 1].rank for part in keyed.key if isinstance(part, Place)]
    return [next(spare) for _ in range(max(ranks, default=0))]  # type: ignore[call-overload]


def _selected(part: Part, indices: Sequence[Term], extent: Size, letter: str, joint: Sequence[str]) -> Term:
    """Row `part` of the identity matrix, one for each entry where it is an array."""
    match part:
        case Place(number):
            index = indices[number - 1]
        case Fixed():
            index = Term(_listed(part.array), "".join(joint[len(joint) - part.array.ndim :]))
        case _:
            index = Term(part_tree(part, ()))
    return Term(Apply("one_hot", (index.tree(), Apply("n", (tree(extent),)))), index.axes + letter)
