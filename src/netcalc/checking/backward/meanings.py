"""What a gradient is of where its name says otherwise: dh goes on as that of z in h = relu(z); dZ = A - Y lacks 1/m.

People write so, and divide by m later. Such a reading is taken where it leaves fewer lines wrong, given those before,
and makes another gradient right, one that is computed of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from typing import TYPE_CHECKING

import numpy as np

from netcalc.checking.backward.agreement import Pair
from netcalc.checking.backward.made_of import fits, is_elementwise, made_of
from netcalc.graph import build as b
from netcalc.graph.elementwise import ELEMENTWISE
from netcalc.graph.leaves import INPUT, NAMED
from netcalc.graph.node import Node, in_order
from netcalc.graph.product import PRODUCT, Product, as_number, product

if TYPE_CHECKING:
    from netcalc.checking.backward.judged import Judged, Reading

MAX_CHOICES = 60
ALONE = " alone"


def settle_meanings(reading: Reading) -> None:
    """Hold gradients to what they are of, as far as that leaves fewer lines wrong."""
    _settle_choices(reading)
    _settle_alike(reading)


def _settle_alike(reading: Reading) -> None:
    """What a def's line gives is as many times the gradient in a call as in the others, though no line divides it."""
    for one in _wrong(reading):
        factors = {other.factor for other in reading.judged if other.version.statement is one.version.statement} - {1}
        for factor in factors if one.factor == 1 else ():
            before = reading.judged
            reading.hold([replace(other, factor=factor) if other is one else other for other in before])
            if any(other.version is one.version for other in _wrong(reading)):
                reading.hold(before)


def _settle_choices(reading: Reading) -> None:
    wrong = _wrong(reading)
    tried = 0
    while wrong:
        for choice in _choices(reading, wrong):
            tried += 1
            before = reading.judged
            reading.hold(choice)
            left = _wrong(reading, len(wrong))
            if len(left) < len(wrong) and _others(before, choice, wrong, left):
                wrong = left
                break
            if len(left) < len(wrong):
                reading.doubtful.append(choice)
            reading.hold(before)
            if tried >= MAX_CHOICES:
                return
        else:
            return


def _wrong(reading: Reading, many: int | None = None) -> list[Judged]:
    """The gradients that are wrong given the true ones before them; once there are so `many`, not all of them."""
    pairs = [(one, one.version.value) for one in reading.judged]
    known = [Pair(value, one.node, one.factor) for one, value in pairs if value is not None]
    outcomes = iter(reading.agreement.roughly(known, reading.true, many))
    return [one for one, value in pairs if value is None or not next(outcomes)]


def _others(before: list[Judged], choice: list[Judged], wrong: list[Judged], left: list[Judged]) -> set[str]:
    """The gradients that come right and are held to what they were before, in each call of a def by themselves."""
    moved = {one.version.name for one in choice if one not in before}
    still = {one.version.key for one in left}
    return {one.version.name for one in wrong if one.version.key not in still} - moved


def _choices(reading: Reading, wrong: list[Judged]) -> Iterator[list[Judged]]:
    known = [one for one in wrong if one.version.node is not None]
    able = [one for one in known if _is_open(one)]
    for one in known:
        if one not in able and _is_open_in_def(one):
            yield from _as_part(reading, one)
    for one in known:
        yield from _as_predicted(reading, one)
    for one in able:
        yield from _as_argument(reading, one, wrong)
        yield from _as_unscaled(reading, one)
        yield from _as_part(reading, one)
        yield from _as_negative(reading, one)
        yield from _as_multiple(reading, one)
        yield from _as_entry(reading, one)
    for one in able:
        yield from _as_multiple(reading, one, forwards=True)
    for one in able:
        yield from _as_part(reading, one, but=True)


def _is_open(one: Judged) -> bool:
    return one.node.operation is NAMED and not one.meaning


def _is_open_in_def(one: Judged) -> bool:
    """Whether it is what a def gives of an input, to which lines around it may add, as a layer's dW is."""
    return one.node.operation is INPUT and one.version.within.of is not None and not one.meaning


# --- dy, of the y_hat beside a target y


def _as_predicted(reading: Reading, one: Judged) -> Iterator[list[Judged]]:
    """The gradient of what is compared with an input, for that of the input."""
    if one.node.operation is not INPUT or one.meaning:
        return
    taken = {other.version.of for other in reading.judged}
    for name, nodes in reading.forward.candidates.items():
        is_predicted = re.fullmatch(rf"{re.escape(one.version.of)}_?(hat|h|p|pred|predicted|prediction|out)", name)
        if is_predicted and name not in taken and nodes[-1].shape == one.node.shape:
            moved = replace(one, node=nodes[-1], meaning=name)
            yield [moved if other is one else other for other in reading.judged]


# --- h = relu(z)


def _as_argument(reading: Reading, one: Judged, wrong: list[Judged]) -> Iterator[list[Judged]]:
    """The gradient of what h is a function of, entry by entry, for that of h; with an earlier statement that of h.

    A loop that passes the name again and again writes so each time, or the last time alone.
    """
    own = reading.code.alike(one.version)
    before = own[: own.index(one.version)]
    others = [other for other in reading.judged if other is not one]
    alike = [other for other in wrong if _is_same_line(other, one) and _is_open(other)]
    choices = {id(other): list(_arguments(reading, other.node)) for other in alike}
    for place, (argument, said) in enumerate(choices[id(one)]):
        moved = replace(one, node=argument, meaning=said)
        if one.version.within.of is not None:
            yield from _each(reading, one, alike, choices, place)
        for version in reversed(before[-3:]):
            if version.node is not None and fits(version.node, one.node):
                first = replace(one, version=version)
                yield _sorted(reading, [*others, first, moved])
        yield _sorted(reading, [*others, moved])
        if one.version.within.of is None:
            yield from _each(reading, one, alike, choices, place)


def _each(
    reading: Reading, one: Judged, alike: list[Judged], choices: dict[int, list[tuple[Node, str]]], place: int
) -> Iterator[list[Judged]]:
    """The same of all times that a line is passed."""
    if alike[0] is one and len(alike) > 1 and all(len(found) > place for found in choices.values()):
        each = {key: found[place] for key, found in choices.items()}
        yield [
            replace(other, node=each[id(other)][0], meaning=each[id(other)][1]) if id(other) in each else other
            for other in reading.judged
        ]


def _is_same_line(one: Judged, other: Judged) -> bool:
    """Whether two are of one name, and of one pass or of calls of one def."""
    return one.version.key == other.version.key or (
        one.version.within.of is not None
        and (one.version.statement, one.version.name) == (other.version.statement, other.version.name)
    )


def _arguments(reading: Reading, node: Node) -> Iterator[tuple[Node, str]]:
    forward = reading.forward
    names = {
        one: name for name, nodes in forward.candidates.items() for one in nodes if one.operation in (NAMED, INPUT)
    }
    taken = {one.version.of for one in reading.judged}
    inner = node.args[0]
    for leaf in made_of(inner, names):
        if leaf.shape == node.shape and names[leaf] not in taken and is_elementwise(inner, leaf):
            yield leaf, names[leaf]
    stack = [inner]
    while stack:
        function = stack.pop()
        if function.operation is not ELEMENTWISE:
            continue
        for argument in function.args:
            if argument.shape == node.shape and argument not in names and argument in forward.backward.gradients:
                yield argument, "what the function is applied to"
                stack.append(argument)


def _sorted(reading: Reading, judged: list[Judged]) -> list[Judged]:
    return sorted(judged, key=lambda one: reading.code.versions.index(one.version))


# --- dS, of the Q Kᵀ in S = Q Kᵀ / √d


def _as_unscaled(reading: Reading, one: Judged) -> Iterator[list[Judged]]:
    """The gradient of what is scaled, for that of the scaled, or of what takes its name after, as a masked one does.

    A loop writes so each time.
    """
    alike = {id(other) for other in reading.judged if other.version.key == one.version.key and _is_open(other)}
    each = {id(other): _unscaled(reading, other, other.node) for other in reading.judged if id(other) in alike}
    if len(each) > 1 and None not in each.values():
        yield [each.get(id(other)) or other for other in reading.judged]
    for node in reading.forward.candidates.get(one.version.of, (one.node,)):
        moved = _unscaled(reading, one, node)
        if moved is not None:
            yield _sorted(reading, [*(other for other in reading.judged if other is not one), moved])


def _unscaled(reading: Reading, one: Judged, node: Node) -> Judged | None:
    """One held to the gradient of what a node is before it is scaled."""
    if node.operation is not NAMED or node.args[0].operation is not PRODUCT:
        return None
    inner = node.args[0]
    params: Product = inner.params
    pairs = list(zip(inner.args, params.letters, strict=True))
    kept = [pair for pair in pairs if pair[0].rank]
    scale = product([(arg, "") for arg, _ in pairs if not arg.rank], "", (), params.number)
    if not kept or as_number(scale) == 1:
        return None
    unscaled = b.named(f"{one.version.label} unscaled", product(kept, params.out, inner.shape), 0)
    reading.forward.backward.gradients[unscaled] = b.multiply(scale, reading.forward.gradient(node))
    return replace(one, node=unscaled, meaning=f"what {one.version.label} is before it is scaled")


# --- dc, of the c in f c alone


def _as_part(reading: Reading, one: Judged, *, but: bool = False) -> Iterator[list[Judged]]:
    """The gradient through one of several uses, or all but one, each time that a loop passes it; a later line adds the
    others. One that is right for what another time gives, by a slip, is held to that of its own.
    """
    alike = [other for other in reading.judged if _is_same_line(one, other)]
    yield from _parts_of(reading, one, {id(other): other.node for other in alike}, but=but)
    if any(other.in_turn is not None for other in alike):
        yield from _parts_of(reading, one, {id(other): other.in_turn or other.node for other in alike}, but=but)


def _parts_of(reading: Reading, one: Judged, nodes: dict[int, Node], *, but: bool) -> Iterator[list[Judged]]:
    forward = reading.forward
    for through in forward.shares(nodes[id(one)]):

        def part(other: Judged, through: str = through) -> Judged:
            node = nodes.get(id(other))
            if node is None or not (_is_open(other) or _is_open_in_def(other)):
                return other
            shares = forward.shares(node)
            if not shares.keys() - {through}:
                return other
            label = other.version.label
            said = f"{label} without the path through {through}" if but else f"{label} through {through}{ALONE}"
            own = b.named(said, node, 0)
            some = [one for name, each in shares.items() if (name == through) is not but for one in each]
            forward.backward.gradients[own] = b.add(*some) if some else b.number(0, node.shape)
            return replace(other, node=own, meaning=said)

        moved = [part(other) for other in reading.judged]
        if moved != reading.judged:
            yield moved


# --- dZ = A - Y


def _as_multiple(reading: Reading, one: Judged, *, forwards: bool = False) -> Iterator[list[Judged]]:
    """The gradient of m times the loss, for all names on the way back; later lines divide by m."""
    behind = set(in_order([other.node for other in _alike(reading, one)]))
    on_the_way = [other for other in reading.judged if other.node.operation is not INPUT and other.node in behind]
    lines = {
        (other.version.statement, other.version.name) for other in on_the_way if other.version.within.of is not None
    }
    nodes = _forwards(reading, one) if forwards else {}
    for factor in _multiples(reading, one) if nodes or not forwards else ():
        yield [
            replace(other, node=nodes.get(id(other), other.node), factor=factor, meaning=f"{factor} times it")
            if other in on_the_way or (other.version.statement, other.version.name) in lines
            else other
            for other in reading.judged
        ]


def _alike(reading: Reading, one: Judged) -> list[Judged]:
    """The versions of the same name."""
    return [other for other in reading.judged if other.version.key == one.version.key]


def _forwards(reading: Reading, one: Judged) -> dict[int, Node]:
    """What the versions of a name are held to, by their ids, where a loop over samples goes forwards."""
    alike, nodes = _alike(reading, one), reading.forward.candidates[one.version.of]
    return dict(zip(map(id, alike), nodes[-len(alike) :], strict=False)) if len(alike) > 1 else {}


def _as_negative(reading: Reading, one: Judged) -> Iterator[list[Judged]]:
    """The gradient with the other sign, which a later line subtracts: dx = dxc - dmu / N."""
    moved = replace(one, factor=Fraction(-1), meaning="minus it")
    if _is_right(reading, moved):
        yield [moved if other is one else other for other in reading.judged]


def _as_entry(reading: Reading, one: Judged) -> Iterator[list[Judged]]:
    """Of a number, the gradient that each entry of an array has: dloss = 1 / n is that of losses."""
    forward = reading.forward
    for name, nodes in forward.candidates.items() if one.version.of == forward.program.output_name else ():
        number = forward.number(nodes[-1]) if nodes[-1].rank and name.startswith(one.version.label) else None
        if number is not None:
            entry = b.named(f"each entry of {name}", b.number(0), 0)
            forward.backward.gradients[entry] = b.number(number)
            moved = replace(one, node=entry, meaning=f"each entry of {name}")
            yield [moved if other is one else other for other in reading.judged]


def _is_right(reading: Reading, one: Judged) -> bool:
    value = one.version.value
    if value is None or not fits(value, one.node):
        return False
    return reading.agreement.roughly([Pair(value, one.node, one.factor)], reading.true)[0]


def _multiples(reading: Reading, one: Judged) -> list[Fraction]:
    """The size that a gradient is too large by; where it is otherwise wrong as well, all sizes."""
    value = one.version.value
    if value is None or not fits(value, one.node):
        return []
    forward, agreement = reading.forward, reading.agreement
    sizes = {
        size if isinstance(size, int) else forward.sizes.get(str(size), 0)
        for node in forward.program.inputs.values()
        for size in node.shape
    } - {0, 1}
    found = agreement.value(0, value, reading.true)
    true = agreement.true(0, Pair(value, one.node))
    at = np.unravel_index(np.argmax(np.abs(true)), true.shape) if true.size else ()
    if found.size != true.size or not true.size or not true[at]:
        return []
    ratio = abs(float(found.reshape(true.shape)[at] / true[at]))  # which may have the wrong sign as well
    own = [size for size in sizes if abs(ratio - size) <= 1e-9 * size]
    return [Fraction(size) for size in own or sorted(sizes)]
