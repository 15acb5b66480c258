"""Many edits of one graph run side by side: a node's values under all edits that reach it are one array.

A node that some edits reach is run once for all of them, with an axis more, in front: in products, sums and formulas
that axis bears a letter like any other; reductions and indices count theirs from the end or know how many are in
front. What is put in a node's place is run edit by edit, and so is all other.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from heapq import heapify, heappop, heappush

import numpy as np

from netcalc.checking.workings.runs import FAILED, Runs
from netcalc.graph.elementwise import ELEMENTWISE
from netcalc.graph.leaves import NAMED
from netcalc.graph.node import Node
from netcalc.graph.product import LETTERS, PRODUCT, SUM
from netcalc.graph.reductions import RECIPROCAL, Along
from netcalc.graph.shaping import INDEX, RESHAPE, SCATTER, Keyed, Span

MAX_EDITS = 1024  # at once
MAX_NUMBERS = 2**23  # in all their values together
NEAR = 2**13  # numbers in a node's values under all edits, on average
WORTHWHILE = 8  # edits from which on it is quicker than one after the other
LETTERED = (PRODUCT, SUM, ELEMENTWISE)
ENTRYWISE = (NAMED, RESHAPE, RECIPROCAL)
Edited = Mapping[Node, Node]


def at_once(runs: Sequence[Runs]) -> int:
    """How many edits are run side by side: so many that a node's values stay near; one where they are large."""
    numbers = max((sum(array.size for array in one.values.values()) for one in runs), default=0) or 1
    nodes = max((len(one.values) for one in runs), default=0)
    count = min(MAX_EDITS, MAX_NUMBERS // numbers, NEAR * nodes // numbers)
    return count if count >= WORTHWHILE else 1


class Abreast:
    """What becomes of a graph under edits: `roots` are the roots' values, (edits, …) each; `failed` edits have none."""

    def __init__(self, runs: Runs, edits: Sequence[Edited]) -> None:
        self.runs = runs
        self.edits = edits
        self.failed: set[int] = set()
        self._apart: set[int] = set()
        self._rows: dict[Node, np.ndarray] = {}  # the place of each edit among those that reach a node, else -1
        self._values: dict[Node, np.ndarray] = {}
        if len(edits) > 1:
            self._run()
        else:
            self._apart.update(range(len(edits)))
        self.roots = [self._whole(root) for root in runs.roots]
        self._run_apart()

    def _run(self) -> None:
        starts: dict[int, list[int]] = {}
        for place, edit in enumerate(self.edits):
            for node in edit:
                if node in self.runs:
                    starts.setdefault(self.runs.place[node], []).append(place)
        waiting = list(starts)
        heapify(waiting)
        last = -1
        while waiting:
            if (place := heappop(waiting)) == last:
                continue
            last = place
            self._reach(self.runs.order[place], starts.get(place, []))
            for user in self.runs.users.get(self.runs.order[place], ()):
                heappush(waiting, user)

    def _reach(self, node: Node, edited: Sequence[int]) -> None:
        """Run a node under all edits that reach it; `edited` are those that put another one in its place."""
        reached = np.zeros(len(self.edits), dtype=bool)
        for arg in node.args:
            if arg in self._rows:
                reached |= self._rows[arg] >= 0
        reached[list(edited)] = False
        plain = np.flatnonzero(reached)
        values = np.empty((len(plain) + len(edited), *self.runs.values[node].shape))
        if len(plain):
            self._fill(node, plain, values[: len(plain)])
        for place, edit in enumerate(edited, len(plain)):
            values[place] = self._alone(self.edits[edit][node], node, edit)
        rows = np.full(len(self.edits), -1)
        rows[[*plain, *edited]] = np.arange(len(values))
        self._rows[node], self._values[node] = rows, values

    def _fill(self, node: Node, plain: np.ndarray, values: np.ndarray) -> None:
        """The node's values under edits that reach its arguments: at once, else one by one."""
        widened = _widened(node, [arg in self._rows for arg in node.args], len(plain))
        if widened is not None:
            with suppress(*FAILED):
                values[:] = widened.value(self.runs.arithmetic, [self._of(arg, plain) for arg in node.args])
                return
        for place, edit in enumerate(plain.tolist()):
            values[place] = self._alone(node, node, edit)

    def _of(self, node: Node, edits: np.ndarray) -> np.ndarray:
        """A node's values under edits; as it is where none reaches it."""
        if node not in self._rows:
            return self.runs.values[node]
        rows, values = self._rows[node][edits], self._values[node]
        if len(rows) == len(values) and (rows == np.arange(len(values))).all():
            return values
        reached = rows >= 0
        if reached.all():
            return np.asarray(values[rows])
        found = np.empty((len(edits), *values.shape[1:]))
        found[reached], found[~reached] = values[rows[reached]], self.runs.values[node]
        return found

    def _alone(self, node: Node, instead_of: Node, edit: int) -> np.ndarray:
        """A node's value under one edit; if it has none of the right shape, the edit is run apart, in the end."""
        right = self.runs.values[instead_of]
        if edit in self._apart:
            return right
        try:
            found = self.runs.value_of(node, _Changed(self._rows, self._values, edit))
        except FAILED:
            found = None
        if found is None or found.shape != right.shape:
            self._apart.add(edit)
            return right
        return found

    def _whole(self, root: Node) -> np.ndarray:
        found = self._of(root, np.arange(len(self.edits)))
        return found if root in self._rows else np.broadcast_to(found, (len(self.edits), *found.shape))

    def _run_apart(self) -> None:
        for edit in sorted(self._apart):
            try:
                values = self.runs.edited(self.edits[edit])
                if any(one.shape != root.shape[1:] for one, root in zip(values, self.roots, strict=True)):
                    raise ValueError
            except FAILED:
                self.failed.add(edit)
                continue
            for place, value in enumerate(values):
                if len(self.edits) == 1:
                    self.roots[place] = value[np.newaxis]
                elif value is not self.runs.values[self.runs.roots[place]]:
                    self.roots[place] = np.array(self.roots[place])
                    self.roots[place][edit] = value


class _Changed(Mapping[Node, np.ndarray]):
    """The values of the nodes that one edit reaches."""

    def __init__(self, rows: Mapping[Node, np.ndarray], values: Mapping[Node, np.ndarray], edit: int) -> None:
        self.rows, self.values_of, self.edit = rows, values, edit

    def __contains__(self, node: object) -> bool:
        return node in self.rows and bool(self.rows[node][self.edit] >= 0)  # type: ignore[index]

    def __getitem__(self, node: Node) -> np.ndarray:
        return np.asarray(self.values_of[node][self.rows[node][self.edit]])

    def __iter__(self) -> Iterator[Node]:
        return (node for node in self.rows if node in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)


def _widened(node: Node, wide: Sequence[bool], count: int) -> Node | None:
    """A node with an axis more in front, where those of its arguments have one that are `wide`; None of other kinds."""
    params, shape = node.params, (count, *node.shape)
    if node.operation in LETTERED:
        front = next((one for one in LETTERS if one not in {*params.out, *"".join(params.letters)}), None)
        if front is None:
            return None
        letters = tuple(front + own if is_wide else own for own, is_wide in zip(params.letters, wide, strict=True))
        return Node(node.operation, node.args, shape, params._replace(letters=letters, out=front + params.out))
    if node.operation in ENTRYWISE or (isinstance(params, Along) and len(node.args) == 1):
        return Node(node.operation, node.args, shape, params)
    if node.operation in (INDEX, SCATTER) and not any(wide[1:]) and _keeps_order(params):
        return Node(node.operation, node.args, shape, params._replace(extra=params.extra + 1))
    return None


def _keeps_order(keyed: Keyed) -> bool:
    """Whether an index leaves the axes in front of it in front: it has slices, and one array or numbers beside them."""
    others = [part for part in keyed.key if part is not None and not isinstance(part, Span)]
    return len(others) < 2 or all(isinstance(part, int) for part in others)
