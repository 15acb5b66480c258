"""Every place where a row of the catalogue applies, one by one and all at once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from netcalc.checking.edits.edit import Changed, Context, Edit, Row, Shared
from netcalc.checking.workings.workings import Workings
from netcalc.graph.backward import Use
from netcalc.graph.node import Node
from netcalc.graph.product import PRODUCT


def edits(workings: Workings, rows: Sequence[Row]) -> list[Edit]:
    """Every place where a row of the catalogue applies, the usual ones first."""
    by_pass = [list(_of_pass(Context(workings, one), rows)) for one in workings.passes]
    found = _in_all(by_pass) if workings.is_jacobian else [edit for own in by_pass for edit in own]
    return sorted(found, key=lambda edit: edit.frequency)


def _of_pass(context: Context, rows: Sequence[Row]) -> Iterator[Edit]:
    for row in rows:
        if row.shares is not None:
            yield from _of_shares(context, row, row.shares)
        if row.changes is not None:
            yield from _of_changes(context, row, row.changes)


def _in_all(by_pass: Sequence[Sequence[Edit]]) -> list[Edit]:
    """Edits of each entry of an output made one of all: the first that says a thing with the first, and so on."""
    found: dict[tuple[str, str, int], list[Edit]] = {}
    for own in by_pass:
        count: Counter[tuple[str, str]] = Counter()
        for edit in own:
            key = edit.row, edit.said
            found.setdefault((*key, count[key]), []).append(edit)
            count[key] += 1
    whole = [group for group in found.values() if len(group) == len(by_pass)]
    return [
        replace(group[0], instead={node: wrong for edit in group for node, wrong in edit.instead.items()})
        for group in whole
    ]


def _of_changes(context: Context, row: Row, changes: Callable[[Context], Iterator[Changed]]) -> Iterator[Edit]:
    """The row's slips one by one, and all those at once of which the same is said."""
    places: dict[str, list[Edit]] = {}
    for said, instead, at, often in changes(context):
        edit = Edit(row.name, said, row.frequency if often is None else often, instead, context.name_of(at))
        places.setdefault(said, []).append(edit)
    for group in places.values():
        together: dict[Node, Node] = {}
        for edit in group:
            together |= edit.instead
        if len(group) > 1 and len(together) == sum(len(edit.instead) for edit in group):
            yield replace(group[0], instead=together)
        yield from group


def _of_shares(context: Context, row: Row, shares: Callable[[Context, Use], Iterator[Shared]]) -> Iterator[Edit]:
    """The row's slips in every place where the same is said, all at once, then one by one."""
    places: dict[str, list[tuple[Use, Shared]]] = {}
    for _, use in context.uses:
        for shared in shares(context, use):
            places.setdefault(shared.said, []).append((use, shared))
    for said, group in places.items():
        often = group[0][1].frequency
        frequency = row.frequency if often is None else often
        uses = {use for use, _ in group}
        if len(uses) > 1:
            together = {use: shared.share for use, shared in group}
            yield Edit(
                row.name,
                said,
                frequency,
                context.replaced(together),
                context.name_of(context.names.get(group[0][0].node)),
            )
        for words, own in [*_by_argument(group), *_by_step(context, group)]:
            place = context.name_of(context.names.get(next(iter(own)).node))
            yield Edit(row.name, said + words, frequency, context.replaced(own), place)
        for use, shared in group:
            if _is_of_square(use):
                continue
            yield Edit(
                row.name,
                said,
                frequency,
                context.replaced({use: shared.share}),
                context.name_of(context.names.get(use.node)),
            )


def _is_of_square(use: Use) -> bool:
    """Whether a use is one of the two of a square of numbers or entries, which nobody does apart."""
    args, core = use.node.args, use.node
    return core.operation is PRODUCT and args == (args[0],) * 2 and len(set(core.params.letters)) == 1


def _by_argument(group: Sequence[tuple[Use, Shared]]) -> Iterator[tuple[str, dict[Use, Node]]]:
    """The wrong shares of one node's uses, where it has several, as in a square, and other nodes have some too."""
    found: dict[Node, dict[Use, Node]] = {}
    for use, shared in group:
        found.setdefault(use.node.args[use.place], {})[use] = shared.share
    yield from (("", own) for own in found.values() if len(own) > 1 and len(found) > 1)


def _by_step(context: Context, group: Sequence[tuple[Use, Shared]]) -> Iterator[tuple[str, dict[Use, Node]]]:
    """The wrong shares of what is one line of a loop at every step of time, where there are others too; or at most."""
    found: dict[str, dict[Use, Node]] = {}
    for use, shared in group:
        if (user := context.names.get(use.node)) is not None:
            found.setdefault(context.step(user), {})[use] = shared.share
    for own in found.values():
        steps = list(dict.fromkeys(use.node for use in own))
        if len(steps) > 1 and len(found) > 1:
            yield "", own
        if len(steps) > 2:
            yield ", at every step but the last", {use: one for use, one in own.items() if use.node is not steps[-1]}
