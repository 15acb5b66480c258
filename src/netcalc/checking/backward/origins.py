"""Where lines go wrong from: a local name that has to be another gradient for all that is made of it to be right.

What a backward pass calls e, dt or delta is, for the most part, the gradient of a value that the forward pass has no
name for. If one such gradient, or so many times it, in the name's place has all right that is made of it, the
line that gives the name its value is wrong.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import field
from fractions import Fraction
from functools import cached_property
from itertools import product

import numpy as np

from netcalc.arrays import squeezed
from netcalc.checking.backward.agreement import RELATIVE, Pair, same
from netcalc.checking.backward.judged import Judged, Reading
from netcalc.checking.backward.made_of import fits
from netcalc.checking.backward.multiples import each_entry, joined, plain_factor, ratio_of
from netcalc.errors import NetcalcError
from netcalc.graph import build as b
from netcalc.graph.evaluate import evaluate
from netcalc.graph.leaves import INPUT, NAMED, name_of
from netcalc.graph.node import Node, in_order
from netcalc.notation import to_ascii
from netcalc.program.frames import Assigned
from netcalc.program.gradients import GradientReader
from netcalc.records import NamedTuple, dataclass
from netcalc.result import CheckedLine

MAX_GRADIENTS = 1500  # of the forward pass's values, with what single uses give back
MAX_TIMES = 64  # that a loop gives a name a value
MAX_RUNS = 400  # of what is made of a name, in float64
MAX_ENTRIES = 2_000_000  # of all of those at once
MAX_STRIDE = 16  # gradients of one shape that lie between those of a loop's two times
MAX_ORIGINS = 3  # that a repair is looked for of
MAX_SAID = 60  # characters of a formula


class Gradient(NamedTuple):
    """The gradient of a value of the forward pass, or the share of it that one use gives back."""

    of: Node
    node: Node
    is_share: bool


class Meant(NamedTuple):
    """What a name has to be, each time it is given a value: a gradient, or the entry of one, so many times."""

    gradients: tuple[Gradient, ...]
    entries: tuple[tuple[int, ...], ...]  # the indices of each in its gradient
    factor: Fraction = Fraction(1)


@dataclass(eq=False)
class Local:
    """A name that a line gives a value to, the nodes that it stands for time after time, and what is made of them."""

    name: str
    line: int
    nodes: list[Node] = field(default_factory=list)
    dependents: list[Judged] = field(default_factory=list)

    @property
    def wrong(self) -> list[Judged]:
        """The gradients made of it that are wrong in themselves."""
        return [one for one in self.dependents if one.is_wrong_in_itself]


class Origin(NamedTuple):
    """A local name whose line is wrong, and what it has to be."""

    local: Local
    meant: Meant
    found: tuple[np.ndarray, ...]  # what it is at the first point, each time
    true: tuple[np.ndarray, ...]  # and what it has to be
    said: str


class Origins:
    """The local names of a backward pass, held to the gradients of its forward pass."""

    def __init__(self, reading: Reading) -> None:
        self.reading, self.forward = reading, reading.forward
        self.lines: dict[Local, CheckedLine] = {}  # what is told of a name

    @cached_property
    def of_several(self) -> dict[Judged, tuple[Origin, ...]]:
        """For gradients that are wrong in themselves, the names why several of them are, the likeliest first."""
        found: dict[Judged, tuple[Origin, ...]] = {}
        several = [one for one in self.locals if len(one.wrong) > 1]
        for wrong in sorted({tuple(one.wrong) for one in several}, key=len, reverse=True):
            if not set(wrong) & set(found):
                names = self._ranked([one for one in several if tuple(one.wrong) == wrong])
                found |= dict.fromkeys(wrong, names) if names else {}
        return found

    def of(self, one: Judged) -> tuple[Origin, ...]:
        """The names why a gradient, and no other, is wrong."""
        return self._ranked([local for local in self.locals if local.wrong == [one]])

    def _ranked(self, names: Sequence[Local]) -> tuple[Origin, ...]:
        """The first few names that have to be something else: the first line first; behind these what is it but for a
        factor and would be no gradient then, the last line first.
        """
        found: list[tuple[tuple[bool, int], Origin]] = []
        for place, local in enumerate(names):
            meant = self._meant(local)
            if meant is None:
                continue
            values, true = self._values(local), self._arrays(local, meant, 0)
            is_scaled = ratio_of(joined(values), joined(true)) is not None and abs(meant.factor) != 1
            rank = (is_scaled, -place if is_scaled else place)
            found.append((rank, Origin(local, meant, tuple(values), tuple(true), self._said(local, meant))))
        return tuple(origin for _, origin in sorted(found, key=lambda pair: pair[0])[:MAX_ORIGINS])

    # --- the names

    @cached_property
    def locals(self) -> list[Local]:
        """The names that gradients are made of, in the order of their lines."""
        versions = {one.node: one for one in self.reading.code.versions if one.node is not None}
        reader, of_forward = self.reading.code.reader, self.forward.lines_in(self.reading.code.source)
        fixed = {*self.forward.nodes, *in_order([self.forward.output]), *reader.corrections}
        found: dict[tuple[str, int], Local] = {}
        for one in self.reading.judged:
            if one.version.value is None or not fits(one.version.value, one.node):
                continue
            last: set[tuple[str, int]] = set()
            for node, is_own in self._within(one, fixed):
                entry = versions.get(node) or _assigned(reader, node)
                key = (entry.name, entry.line) if entry is not None else ("", 0)
                if entry is None or (node in versions and (key in last or not is_own)) or entry.line in of_forward:
                    continue
                last.add(key)
                local = found.setdefault(key, Local(*key))
                if node not in local.nodes:
                    local.nodes.append(node)
                if one not in local.dependents:
                    local.dependents.append(one)
        for local in found.values():
            local.nodes.sort(key=lambda node: node.params.moment)
        return sorted(found.values(), key=lambda local: local.line)

    def _within(self, one: Judged, fixed: set[Node]) -> Iterator[tuple[Node, bool]]:
        """The names that a gradient is made of, the last first, and whether each may be an earlier version of it."""
        known, seen = self.reading.true, set[Node]()
        wave = [one.version.value]
        while wave:
            after: list[Node] = []
            for node in wave:
                if node is None or node in seen or node in fixed or node in known:
                    continue
                seen.add(node)
                if node.operation is NAMED:
                    yield node, name_of(node) == one.version.name
                after += node.args
            wave = list(after)

    # --- what is made of them

    def _made(self, local: Local, arrays: Sequence[np.ndarray], place: int = 0) -> list[np.ndarray]:
        """What the dependents are with these values of a name; nothing where they have none."""
        known = dict(self.reading.agreement.known(place, self.reading.true))
        known |= dict(zip(local.nodes, arrays, strict=True))
        roots = [one.version.value for one in local.dependents if one.version.value is not None]
        with np.errstate(all="ignore"):
            return evaluate(roots, self.reading.agreement.numbers, known)

    def _flat(self, local: Local, arrays: Sequence[np.ndarray]) -> np.ndarray:
        return joined(self._made(local, arrays))

    def _true(self, local: Local, place: int = 0) -> list[np.ndarray]:
        pairs = [Pair(one.node, one.node, one.factor) for one in local.dependents]
        return [self.reading.agreement.true(place, pair) for pair in pairs]

    def _values(self, local: Local, place: int = 0) -> list[np.ndarray]:
        known = self.reading.agreement.known(place, self.reading.true)
        with np.errstate(all="ignore"):
            return evaluate(local.nodes, self.reading.agreement.numbers, known)

    # --- the gradients of the forward pass

    @cached_property
    def gradients(self) -> list[tuple[Gradient, np.ndarray]]:
        """The gradients of all that the forward pass computes, with their values at the first point."""
        backward = self.forward.backward
        order = [node for node in in_order([self.forward.output]) if node in backward.gradients]
        found = [Gradient(node, backward.gradients[node], False) for node in order]
        for node, uses in ((node, backward.uses.get(node, [])) for node in order):
            found += [Gradient(node, use.share, True) for use in uses if len(uses) > 1]
        if len(found) > MAX_GRADIENTS:
            return []
        return list(zip(found, self._evaluated([one.node for one in found], 0), strict=True))

    def _evaluated(self, nodes: Sequence[Node], place: int) -> list[np.ndarray]:
        with np.errstate(all="ignore"):
            return evaluate(nodes, self.reading.agreement.numbers, self.reading.agreement.points[place].values)

    def _of_shape(self, shape: tuple[int, ...]) -> list[tuple[Gradient, np.ndarray]]:
        """Those of a shape, but for axes of size 1, each value once."""
        found: dict[bytes, tuple[Gradient, np.ndarray]] = {}
        for one, array in self.gradients:
            if squeezed(array.shape) == squeezed(shape) and np.isfinite(array).all() and array.any():
                rounded = np.round(array.reshape(shape) / np.abs(array).max(), 9) + 0.0
                found.setdefault(rounded.tobytes(), (one, array.reshape(shape)))
        return list(found.values())

    # --- what a name has to be

    def _meant(self, local: Local) -> Meant | None:
        """What has every gradient that is made of a name right."""
        try:
            values = self._values(local)
            shape = values[0].shape
            if all(np.isin(one, (0, 1)).all() for one in values):  # a mask
                return None
            if len(values) > MAX_TIMES or any(one.shape != shape for one in values) or not values[0].size:
                return None
            zero = self._flat(local, [np.zeros_like(one) for one in values])
            true = joined(self._true(local))
            if zero.shape != true.shape or not np.isfinite(zero).all():
                return None
            for meant in self._choices(local, values, zero, true - zero):
                if meant is not None and self._is_right(local, meant):
                    return meant
        except (NetcalcError, ValueError, LookupError):
            return None
        return None

    def _choices(
        self, local: Local, values: list[np.ndarray], zero: np.ndarray, needed: np.ndarray
    ) -> Iterator[Meant | None]:
        times, shape = len(values), values[0].shape
        own = self._of_shape(shape)
        if times == 1:
            for one, array in own[:MAX_RUNS]:
                factor = plain_factor(self._flat(local, [array]) - zero, needed)
                yield Meant((one,), ((),), factor) if factor is not None else None
            return
        for one, array in self.gradients:
            for entries in each_entry(array.shape, times, shape):
                arrays = [array[place].reshape(shape) for place in entries]
                factor = plain_factor(self._flat(local, arrays) - zero, needed)
                yield Meant((one,) * times, entries, factor) if factor is not None else None
        if own and len(own) * times <= MAX_RUNS and len(own) * times * needed.size <= MAX_ENTRIES:
            yield from self._in_turn(local, own, zero, needed)

    def _in_turn(
        self, local: Local, own: list[tuple[Gradient, np.ndarray]], zero: np.ndarray, needed: np.ndarray
    ) -> Iterator[Meant | None]:
        """A gradient for each time of a loop: at even distances in the order of the forward pass, but for the first
        or the last, where it may be 0, as where h before the loop is.

        What is made of the name is linear in it, so that the times add up.
        """
        times, shape = len(local.nodes), own[0][1].shape
        blank = [np.zeros(shape)] * times
        rows = np.array([array.reshape(-1) for _, array in own])
        size = rows.shape[1]  # entry by entry, where those are fewer than the gradients
        basis, rows = (np.eye(size), rows) if size < len(own) else (rows, np.eye(len(own)))
        alone = [[[*blank[:n], one.reshape(shape), *blank[n + 1 :]] for one in basis] for n in range(times)]
        shares = rows @ np.array([[self._flat(local, arrays) - zero for arrays in one] for one in alone])
        scale = np.abs(needed).max(initial=0.0) or 1.0
        strides = (sign * size for size in range(1, MAX_STRIDE + 1) for sign in (-1, 1))
        for stride, start, odd in product(strides, range(len(own)), (times - 1, 0)):
            places = {time: start + stride * time for time in range(times) if time != odd}
            if any(not 0 <= place < len(own) for place in places.values()):
                continue
            rest = needed - sum(shares[time, place] for time, place in places.items())
            for last in np.flatnonzero((np.abs(shares[odd] - rest) <= 1e-8 * scale).all(axis=1))[:1]:
                places = {**places, odd: int(last)}
                yield Meant(tuple(own[places[time]][0] for time in range(times)), ((),) * times)
            if np.abs(rest).max(initial=0.0) <= 1e-8 * scale:
                nothing = Gradient(self.forward.output, b.number(0, shape), False)
                found = {time: own[place][0] for time, place in places.items()} | {odd: nothing}
                yield Meant(tuple(found[time] for time in range(times)), ((),) * times)

    def _arrays(self, local: Local, meant: Meant, place: int) -> list[np.ndarray]:
        shapes = [one.shape for one in self._values(local, place)]
        found = self._evaluated([one.node for one in meant.gradients], place)
        return [
            array[entry].reshape(shape) * float(meant.factor)
            for array, entry, shape in zip(found, meant.entries, shapes, strict=True)
        ]

    def _is_right(self, local: Local, meant: Meant) -> bool:
        for place, point in enumerate(self.reading.agreement.near):
            made = self._made(local, self._arrays(local, meant, place), place)
            pairs = zip(made, self._true(local, place), strict=True)
            if not all(same(*pair, point.scale, 10 * RELATIVE) for pair in pairs):
                return False
        return True

    # --- words

    def _said(self, local: Local, meant: Meant) -> str:
        sizes = [size for size in (self.forward.samples, *self.forward.sizes.values()) if size > 1]
        is_size = any(not number % size for size in sizes for number in meant.factor.as_integer_ratio())
        times = "" if meant.factor == 1 else "a multiple of " if is_size else f"{meant.factor} times "
        of = meant.gradients[0].of
        name = name_of(of) if of.operation in (NAMED, INPUT) else None
        if name is None:
            from netcalc.graph.writing import formula

            name = to_ascii(formula(of))
        if len(set(meant.gradients)) > 1 or len(name) > MAX_SAID:
            return f"{local.name} is not the gradient that later lines take it for"
        use = " by one of its uses" * meant.gradients[0].is_share
        return f"{local.name} has to be {times}the gradient of {name}{use}"


def _assigned(reader: GradientReader, node: Node) -> Assigned | None:
    """Where a line gave a node its name."""
    place = node.params.moment - 1
    found = reader.assigned[place] if 0 <= place < len(reader.assigned) else None
    return found if found is not None and found.name == name_of(node) else None
