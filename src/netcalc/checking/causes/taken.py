"""The step that went wrong, at the entry that a wrong answer came from: as it was taken, and as it is right."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from netcalc.checking.causes.library import Library
from netcalc.checking.causes.step_page import Index, StepPage
from netcalc.checking.edits.edit import Edit
from netcalc.checking.edits.gradients import FACTORS
from netcalc.checking.judging.bench import Array
from netcalc.checking.workings.runs import FAILED, Runs, Values
from netcalc.checking.workings.workings import Pass
from netcalc.graph.leaves import NAMED
from netcalc.graph.node import Node, in_order
from netcalc.result import Taken
from netcalc.result.result import NEW

MAX_EDITS = 3  # that are shown where any of them may have been made
MAX_TRIED = 12  # entries of a step that are tried for one that the answer depends on


def taken(library: Library, edits: Sequence[Edit], tensor: str, index: Index) -> tuple[Taken, ...]:
    """What edits changed, at the first steps with a name that lead to an entry of an answer, so far as it is shown."""
    if len(edits) > MAX_EDITS:
        return ()
    key = tuple(edits), tensor, index
    if key not in library.taken_steps:
        with np.errstate(all="ignore"):
            shown_steps = [_shown(library, part, tensor, index) for edit in edits for part in edit.parts or (edit,)]
        library.taken_steps[key] = tuple(dict.fromkeys(one for one in shown_steps if one is not None))
    return library.taken_steps[key]


def _shown(library: Library, edit: Edit, tensor: str, index: Index) -> Taken | None:
    try:
        return _step(library, edit, tensor, index)
    except FAILED:
        return None


def _step(library: Library, edit: Edit, tensor: str, index: Index) -> Taken | None:
    found = _root(library, tensor, index)
    if found is None:
        return None
    root, index = found
    one = next((one for one in library.workings.passes if _has(one, root)), library.workings.passes[0])
    runs = library.runs[0]
    factor = None if tensor.endswith(NEW) else FACTORS.get(edit.said)
    if factor is not None:  # it is seen best in the answer's own step
        return StepPage(library, one, {}).lines(root, index, factor)
    changed = runs.changed(edit.instead)
    leading = set(in_order([root]))
    steps = [step for step in runs.order if step in changed and step in leading and step.operation is NAMED]
    for is_brief in (False, True):
        page = StepPage(library, one, edit.instead, is_brief)
        step, place = next(_starts(runs, page, steps, changed, (root, index)), (None, ()))
        if step is None:
            return None
        if is_brief or page.is_short(step, place):
            return page.lines(step, place)
    return None


def _starts(
    runs: Runs, page: StepPage, steps: Sequence[Node], changed: Values, answer: tuple[Node, Index]
) -> Iterator[tuple[Node, Index]]:
    """The steps that were changed and have a name, with an entry of each that the answer depends on, first to last."""
    root, index = answer
    for step in steps:
        if step is not root and not page.is_brief and not page.has_name(step):
            continue
        places = _places(runs.values[step], changed[step])
        if step is root:
            yield from [answer] if index in places else []
        elif (place := _influential(runs, step, places, root, index)) is not None:
            yield step, place


def _root(library: Library, tensor: str, index: Index) -> tuple[Node, Index] | None:
    """The node that an answer is an entry of, and where."""
    nodes = library.workings.answers.get(tensor, ())
    shape = library.benches[0].truth[tensor].shape
    if not nodes:
        return None
    node, own = nodes[0], shape
    if len(nodes) > 1 and library.workings.is_jacobian:
        rank = library.workings.passes[0].output.rank
        node, index, own = nodes[int(np.ravel_multi_index(index[:rank], shape[:rank]))], index[rank:], shape[rank:]
    elif len(nodes) > 1:
        node, index, own = nodes[index[-1]], index[:-1], shape[:-1]
    array = library.runs[0].values[node]
    flat = int(np.ravel_multi_index(index, own)) if own else 0
    return node, tuple(int(place) for place in np.unravel_index(flat, array.shape)) if array.shape else ()


def _has(one: Pass, node: Node) -> bool:
    return node is one.output or any(node is gradient for gradient in one.backward.gradients.values())


def _places(right: Array, wrong: Array) -> list[Index]:
    """Where two values differ."""
    wrong = np.broadcast_to(wrong, right.shape)
    apart = ~(np.abs(wrong - right) <= 1e-12 * np.abs(right))
    return [tuple(int(one) for one in place) for place in np.argwhere(apart)] if right.shape else [()] * bool(apart)


def _influential(runs: Runs, step: Node, places: Sequence[Index], root: Node, index: Index) -> Index | None:
    """The first entry that the answer depends on."""
    for place in places[:MAX_TRIED]:
        moved = np.array(runs.values[step], dtype=np.float64)
        moved[place] += 1 + abs(moved[place])
        after = runs.changed({}, known={step: moved}).get(root)
        if after is not None and not np.array_equal(after[index], runs.values[root][index]):
            return place
    return None
