"""Everything that may have gone wrong with a problem, worked out once: what each edit of its workings yields."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from itertools import islice
from math import prod
from typing import Any

import numpy as np

from netcalc.arithmetic.balls import precision
from netcalc.checking.answers.claims import Claim
from netcalc.checking.edits.catalogue import MISTAKES, ROUNDINGS
from netcalc.checking.edits.edit import Edit, Frequency
from netcalc.checking.edits.places import edits
from netcalc.checking.edits.values import Entries, forced
from netcalc.checking.judging.bench import BITS, Array, Bench, to_floats
from netcalc.checking.workings.abreast import Abreast, at_once
from netcalc.checking.workings.kinds import kind_of
from netcalc.checking.workings.runs import Runs
from netcalc.checking.workings.workings import Workings
from netcalc.graph.arithmetic.balls import Balls
from netcalc.graph.arithmetic.float64 import Float64
from netcalc.graph.leaves import NAMED
from netcalc.graph.node import Node
from netcalc.records import dataclass
from netcalc.result import Taken

MAX_ALIKE = 3  # edits that yield the same
MAX_PAIRED = 60  # usual edits that are combined by two
SOUND = 1e-9  # relative: what the workings may differ from the answer by, which is agreed on at kinks
KEPT_BITS = 33  # of what edits yield, in which two that differ are not the same


@dataclass(frozen=True, slots=True)
class Yielded:
    """An edit with all that it yields, in float64, at each point."""

    edit: Edit
    whole: tuple[dict[str, Array], ...]


@dataclass(frozen=True, slots=True)
class Predictions:
    """What edits yield for each claim at each point: (edits, points, claims)."""

    edits: tuple[Edit, ...]
    values: Array

    def of(self, places: Sequence[int]) -> Predictions:
        """Those of some of the edits."""
        return Predictions(tuple(self.edits[place] for place in places), self.values[list(places)])


@dataclass(frozen=True)
class Library:
    """The edits of a problem's workings that yield something new each, in the order in which they are tried."""

    benches: Sequence[Bench]

    @cached_property
    def taken_steps(self) -> dict[Any, tuple[Taken, ...]]:
        """The steps that edits change, as they were shown for an entry of an answer."""
        return {}

    @cached_property
    def workings(self) -> Workings:
        """The problem in small steps."""
        return kind_of(self.benches[0].problem).workings(self.benches[0].problem)

    @cached_property
    def runs(self) -> list[Runs]:
        """The workings at each point, in float64."""
        with np.errstate(all="ignore"):
            return [Runs(self.roots, Float64(bench.sizes), self._given(bench, Float64())) for bench in self.benches]

    @cached_property
    def in_balls(self) -> list[Runs]:
        """The same in balls."""
        with precision(BITS):
            return [Runs(self.roots, Balls(bench.sizes), self._given(bench, Balls())) for bench in self.benches]

    @cached_property
    def roots(self) -> list[Node]:
        """The nodes of all answers."""
        return [node for nodes in self.workings.answers.values() for node in nodes]

    def _given(self, bench: Bench, arithmetic: Float64 | Balls) -> dict[Node, Array]:
        given = bench.given
        return {node: arithmetic.array(given[name]) for name, node in self.workings.inputs.items()}

    @cached_property
    def singles(self) -> list[Yielded]:
        """One mistake."""
        return list(self.distinct(edits(self.workings, MISTAKES)))

    @cached_property
    def roundings(self) -> list[Yielded]:
        """One number rounded too early."""
        return list(self.distinct(edits(self.workings, ROUNDINGS)))

    @cached_property
    def pairs(self) -> list[Yielded]:
        """Two usual mistakes at once."""
        usual = [one.edit for one in self.singles if one.edit.frequency is Frequency.USUAL][:MAX_PAIRED]
        both = (a.and_then(b) for n, a in enumerate(usual) for b in usual[n + 1 :])
        return list(self.distinct(edit for edit in both if edit is not None))

    def distinct(self, found: Iterable[Edit]) -> Iterator[Yielded]:
        """Those that can be worked out; of those that yield the same the first few."""
        said: dict[bytes, set[str]] = {}
        for edit, whole, key in self.worked_out(_each_once(found)):
            known = said.setdefault(key, set())
            if edit.said not in known and len(known) < MAX_ALIKE:
                known.add(edit.said)
                yield Yielded(edit, whole)

    def worked_out(self, found: Iterator[Edit]) -> Iterator[tuple[Edit, tuple[dict[str, Array], ...], bytes]]:
        """Edits that can be worked out, what they yield in float64 at each point, and a key of that."""
        count = at_once(self.runs)
        while edits := list(islice(found, count)):
            with np.errstate(all="ignore"):
                abreast = [Abreast(run, [edit.instead for edit in edits]) for run in self.runs]
                wholes = [
                    self._assembled(place, self.unsound[place], one.roots, (len(edits),))
                    for place, one in enumerate(abreast)
                ]
            keys = _keys(wholes, len(edits))
            failed = set().union(*(one.failed for one in abreast))
            for place, edit in enumerate(edits):
                if place not in failed:
                    whole = tuple({name: array[place] for name, array in one.items()} for one in wholes)
                    yield edit, whole, keys[place].tobytes()

    def exactly(self, edit: Edit, place: int) -> dict[str, Array]:
        """What an edit yields in balls at one of the points."""
        if (edit, place) not in self.known_exactly:
            with precision(BITS):
                self.known_exactly[edit, place] = self._assembled(place, {}, self.in_balls[place].edited(edit.instead))
        return self.known_exactly[edit, place]

    @cached_property
    def known_exactly(self) -> dict[tuple[Edit, int], dict[str, Array]]:
        """What edits yield in balls, so far as it was asked for."""
        return {}

    @cached_property
    def changed(self) -> dict[str, tuple[list[str], Array]]:
        """What changes of answers' formulas are called and yield, so far as it was asked for."""
        return {}

    @cached_property
    def unsound(self) -> list[Mapping[str, Array]]:
        """The entries, by answer and point, that the workings do not yield: at kinks other slopes are agreed on."""
        found: list[Mapping[str, Array]] = []
        for place, (bench, run) in enumerate(zip(self.benches, self.runs, strict=True)):
            own = self._assembled(place, {}, run.edited({}))
            truth = {name: to_floats(bench.truth[name]) for name in own}
            with np.errstate(all="ignore"):
                scale = max(np.max(np.abs(array), initial=0.0, where=np.isfinite(array)) for array in truth.values())
                masks = {
                    name: ~(np.abs(array - truth[name]) <= SOUND * np.maximum(np.abs(truth[name]), 1e-3 * scale))
                    for name, array in own.items()
                }
            found.append({name: mask for name, mask in masks.items() if mask.any()})
        return found

    def _assembled(
        self, place: int, unsound: Mapping[str, Array], values: Sequence[Array], front: tuple[int, ...] = ()
    ) -> dict[str, Array]:
        """The roots' values as the answers that they are, in the answers' shapes behind the axes in `front`."""
        left = iter(values)
        truth = self.benches[place].truth
        found: dict[str, Array] = {}
        for name, nodes in self.workings.answers.items():
            parts = [next(left) for _ in nodes]
            axis = len(front) if self.workings.is_jacobian else -1
            whole = parts[0] if len(parts) == 1 else np.stack(parts, axis=axis)
            if name not in truth or whole.size != prod(front) * truth[name].size:
                continue
            whole = whole.reshape(front + truth[name].shape)
            found[name] = np.where(unsound[name], np.nan, whole) if name in unsound else whole
        return found

    def taken(self, claims: Sequence[Claim]) -> Edit | None:
        """Answers, all in one tensor, taken in place of what is right; None where nothing follows from them."""
        tensor = claims[0].tensor
        nodes = self.workings.answers.get(tensor, ())
        if len(nodes) != 1 or len(self.benches) > 1 or nodes[0].operation is not NAMED:
            return None
        if not all(claim.written.is_constant and claim.written.finite for claim in claims):
            return None
        shape = self.benches[0].truth[tensor].shape
        entries = Entries(tuple(one.index for one in claims), shape, tuple(one.written.tree for one in claims))
        return Edit("taken", "", Frequency.SEEN, {nodes[0]: forced(nodes[0], entries)})

    def predictions(self, found: Sequence[Yielded], claims: Sequence[Claim], truth: Array) -> Predictions:
        """What they yield for the claims, where that isn't the truth; nan for an answer that nothing is known of."""
        values = np.full((len(found), len(self.benches), len(claims)), np.nan)
        for tensor in dict.fromkeys(claim.tensor for claim in claims):
            places = [place for place, claim in enumerate(claims) if claim.tensor == tensor]
            index = tuple(np.array([claims[place].index for place in places], dtype=np.intp).T)
            shape = self.benches[0].truth[tensor].shape
            entries = np.arange(prod(shape)).reshape(shape)[index]
            for point in range(len(self.benches)):
                held = [row for row, one in enumerate(found) if tensor in one.whole[point]]
                taken = np.array([found[row].whole[point][tensor].take(entries) for row in held])
                values[np.ix_(held, [point], places)] = taken.reshape(len(held), 1, -1) if held else 0
        with np.errstate(all="ignore"):
            differs = (np.abs(values - truth) > 1e-9 * np.abs(truth)).any(axis=(1, 2))
        return Predictions(tuple(one.edit for one in found), values).of(np.flatnonzero(differs).tolist())


def _each_once(found: Iterable[Edit]) -> Iterator[Edit]:
    """Edits without those that do the same as an earlier one."""
    done: set[frozenset[tuple[Node, Node]]] = set()
    for edit in found:
        if (same := frozenset(edit.instead.items())) not in done:
            done.add(same)
            yield edit


def _keys(wholes: Iterable[Mapping[str, Array]], count: int) -> Array:
    """A row of numbers an edit, equal for what differs in the last digits alone: (edits, …)."""
    flat = [array.reshape(count, -1) for whole in wholes for array in whole.values()]
    return _rounded(np.concatenate(flat, axis=1)) if flat else np.empty((count, 0))


def rounded(array: Array) -> bytes:
    """An array's bytes, equal for what differs in the last digits alone."""
    return _rounded(np.asarray(array, dtype=np.float64)).tobytes()


def _rounded(floats: Array) -> Array:
    parts, exponents = np.frexp(floats)
    with np.errstate(all="ignore"):
        kept = np.ldexp(np.round(parts * 2.0**KEPT_BITS), exponents - KEPT_BITS)
    return np.asarray(kept + 0.0)
