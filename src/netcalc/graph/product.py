"""Linear algebra as two operations, on factors and terms whose axes bear letters.

A product multiplies factors; a letter that the output lacks is summed over, one that only the output has is broadcast.
So matrix, outer and elementwise product, transpose, sum, broadcast, trace and diagonal are one node, and its slope rule
is one line that gives a product again. A sum is a linear combination of terms whose axes bear letters likewise.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from itertools import chain
from string import ascii_letters
from types import MappingProxyType
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

import numpy as np

from netcalc.errors import ShapeError
from netcalc.graph.contract import contract, spread
from netcalc.graph.leaves import EYE, SIZE, eye, is_one_over, size
from netcalc.graph.node import Node, Operation, make
from netcalc.graph.sizes import Shape, Size, over, same, settled
from netcalc.records import NamedTuple

if TYPE_CHECKING:
    from netcalc.graph.arithmetic import Arithmetic

LETTERS = "ijklmnopqrstuvwxyzabcdefgh" + ascii_letters[26:]
MAX_FACTORS = 8  # up to which products within products are opened
Factor = tuple[Node, str]


class Product(NamedTuple):
    """`number` · the factors: `letters[n]` are the axes of factor n, `out` those of the result.

    `averaged` is one whose sum was typed as a mean.
    """

    letters: tuple[str, ...]
    out: str
    number: Fraction
    averaged: bool = False

    @property
    def summed(self) -> str:
        """The letters that are summed over."""
        return "".join(dict.fromkeys(one for one in "".join(self.letters) if one not in self.out))


class Sum(NamedTuple):
    """Σ number · term: `letters[n]` are the axes of term n, among those of the result, `out`."""

    letters: tuple[str, ...]
    out: str
    numbers: tuple[Fraction, ...]


def _value_of_product(node: Node, arithmetic: Arithmetic, *arrays: np.ndarray) -> np.ndarray:
    params: Product = node.params
    core, letters = contract(arithmetic, arrays, params.letters, params.out)
    if params.number != 1:
        core = arithmetic.multiply(core, np.asarray(arithmetic.number(params.number)))
    for arg, own in node.factors:
        if arg.operation is EYE and set(own) <= set(letters):
            core = _zero_beside_diagonal(arithmetic, core, letters, own)
    return spread(core, letters, params.out, arithmetic.shape(node.shape))


def _zero_beside_diagonal(arithmetic: Arithmetic, array: np.ndarray, letters: str, two: str) -> np.ndarray:
    """0 where the letters differ: also where what the identity's 0 is multiplied by has no value."""
    rows, columns = (np.arange(array.shape[letters.index(one)]) for one in two)
    is_diagonal = spread(rows[:, None] == columns, two, letters, None)
    return np.where(is_diagonal, array, arithmetic.zeros(()))


def _vjp_of_product(node: Node, place: int, delta: Node) -> Node:
    params: Product = node.params
    extra = _fresh(delta.rank - node.rank, "".join(params.letters) + params.out)
    others = [pair for n, pair in enumerate(node.factors) if n != place]
    factors = [(delta, extra + params.out), *others]
    own = extra + params.letters[place]
    return product(factors, own, _extra_shape(delta, node) + node.args[place].shape, params.number)


def _value_of_sum(node: Node, arithmetic: Arithmetic, *arrays: np.ndarray) -> np.ndarray:
    params: Sum = node.params
    terms = [spread(term, letters, params.out, None) for term, letters in zip(arrays, params.letters, strict=True)]
    return arithmetic.total(terms, params.numbers, arithmetic.shape(node.shape))


def _vjp_of_sum(node: Node, place: int, delta: Node) -> Node:
    params: Sum = node.params
    extra = _fresh(delta.rank - node.rank, params.out)
    own = extra + params.letters[place]
    shape = _extra_shape(delta, node) + node.args[place].shape
    return product([(delta, extra + params.out)], own, shape, params.numbers[place])


PRODUCT = Operation("product", _value_of_product, _vjp_of_product)
SUM = Operation("sum", _value_of_sum, _vjp_of_sum)


def _extra_shape(delta: Node, node: Node) -> Shape:
    return delta.shape[: delta.rank - node.rank]


def _fresh(count: int, used: str) -> str:
    return "".join([one for one in LETTERS if one not in used][:count])


# --- products


class _Parts:
    """A product on its way into plain form."""

    def __init__(self, out: str, number: Fraction, averaged: bool) -> None:
        self.out = out
        self.number = number
        self.averaged = averaged
        self.factors: list[Factor] = []
        self.sizes: dict[str, Size] = {}
        self.used = set(out)

    def fresh(self) -> str:
        one = next((one for one in LETTERS if one not in self.used), None)
        if one is None:
            raise ShapeError("a product of this many axes is more than netcalc takes")
        self.used.add(one)
        return one

    def size(self, letter: str, size: Size) -> None:
        known = self.sizes.setdefault(letter, size)
        if known is not size and not same(known, size):
            raise ShapeError(f"an axis of {settled(known)} does not fit one of {settled(size)}")


def product(
    factors: Iterable[Factor], out: str, shape: Shape, number: Fraction | int = 1, *, averaged: bool = False
) -> Node:
    """A product in plain form: one number in front, no elementwise product inside another, no needless identity.

    `shape` is a size a letter of `out`. Raises ShapeError where one letter would have two sizes.
    """
    parts = _Parts(out, number if isinstance(number, Fraction) else Fraction(number), averaged)
    for letter, one in zip(out, shape, strict=True):
        parts.size(letter, one)
    given = list(factors)
    parts.used |= set(chain.from_iterable(letters for _, letters in given))
    _without_repeats(parts)
    for node, letters in given:
        for letter, one in zip(letters, node.shape, strict=True):
            parts.size(letter, one)
        _take(parts, node, letters, room=MAX_FACTORS - len(given))
    _contract_identities(parts)
    _count_what_is_left(parts)
    _cancel_sizes(parts)
    if not parts.number:
        parts.factors = []
    return _built(parts, shape)


def _without_repeats(parts: _Parts) -> None:
    """A letter that the result has twice is a diagonal: an identity matrix makes it."""
    kept = ""
    for letter in parts.out:
        own = letter
        if letter in kept:
            own = parts.fresh()
            parts.size(own, parts.sizes[letter])
            parts.factors.append((eye(parts.sizes[letter]), letter + own))
        kept += own
    parts.out = kept


def _take(parts: _Parts, node: Node, letters: str, room: int) -> None:
    if node.operation is not PRODUCT:
        parts.factors.append((node, letters))
        return
    inner: Product = node.params
    parts.number *= inner.number
    alone = room == MAX_FACTORS - 1 and len(node.args) == 1  # a sum of a sum is one
    if (inner.summed and not alone) or len(node.args) - 1 > max(room, 1):
        plain = node if inner.number == 1 else make(PRODUCT, node.args, node.shape, inner._replace(number=Fraction(1)))
        parts.factors.append((plain, letters))
        return
    parts.averaged |= inner.averaged
    names = dict(zip(inner.out, letters, strict=True))
    for factor, own in node.factors:
        for one, extent in zip(own, factor.shape, strict=True):
            if one not in names:
                names[one] = parts.fresh()
            parts.size(names[one], extent)
        parts.factors.append((factor, "".join(names[one] for one in own)))


def _contract_identities(parts: _Parts) -> None:
    """An identity matrix with an axis that is summed over renames that axis; with both of one letter it is ones."""
    place = 0
    while place < len(parts.factors):
        node, letters = parts.factors[place]
        if node.operation is not EYE:
            place += 1
            continue
        a, b = letters[0], letters[1]
        if a == b:
            del parts.factors[place]
        elif a not in parts.out or b not in parts.out:
            gone, kept = (a, b) if a not in parts.out else (b, a)
            del parts.factors[place]
            parts.factors = [(one, own.replace(gone, kept)) for one, own in parts.factors]
            del parts.sizes[gone]
            place = 0
        else:
            place += 1


def _count_what_is_left(parts: _Parts) -> None:
    """A letter that is summed over and that no factor has any more stands for as many equal terms as its size."""
    held = set(parts.out).union(*(letters for _, letters in parts.factors))
    for extent in [settled(extent) for letter, extent in parts.sizes.items() if letter not in held]:
        if isinstance(extent, int):
            parts.number *= extent
        else:
            parts.factors.append((size(extent), ""))


def _cancel_sizes(parts: _Parts) -> None:
    """n·1/n = 1 of a size in letters, and m·n·1/(m·n) = 1."""
    for below in [factor for factor in parts.factors if is_one_over(factor[0])]:
        sizes = [(node, "") for node, _ in parts.factors if node.operation is SIZE]
        left: Size = below[0].args[0].params
        used: list[Factor] = []
        for one in sizes:
            if (rest := over(left, one[0].params)) is not None:
                left, used = rest, [*used, one]
        if isinstance(left, int):
            parts.number /= left
            for one in (below, *used):
                parts.factors.remove(one)


def _built(parts: _Parts, shape: Shape) -> Node:
    factors, number = parts.factors, parts.number
    if number == 1 and len(factors) == 1 and factors[0][1] == parts.out:
        return factors[0][0]
    if number == -1 and len(factors) == 1 and factors[0][0].operation is SUM and factors[0][1] == parts.out:
        node = factors[0][0]
        return make(SUM, node.args, shape, node.params._replace(numbers=tuple(-one for one in node.params.numbers)))
    names = _canonical(parts.out, [letters for _, letters in factors])
    letters = tuple("".join(names[one] for one in own) for _, own in factors)
    out = "".join(names[one] for one in parts.out)
    return make(PRODUCT, [node for node, _ in factors], shape, Product(letters, out, number, parts.averaged))


def _canonical(out: str, letters: Sequence[str]) -> Mapping[str, str]:
    """One name for each letter: i, j, … of the result first, then of what is summed over."""
    order = dict.fromkeys(chain(out, *letters))
    return dict(zip(order, LETTERS, strict=False))


def renamed(node: Node, letters: str, inner: Mapping[str, str] = MappingProxyType({})) -> list[Factor]:
    """A node's factors where its axes bear other letters, and its `inner` ones too."""
    names = {**dict(zip(node.params.out, letters, strict=True)), **inner}
    return [(arg, "".join(names[one] for one in own)) for arg, own in node.factors]


def number(value: Fraction | int, shape: Shape = ()) -> Node:
    """A number, everywhere in a shape."""
    return product([], LETTERS[: len(shape)], shape, value)


def of_size(extent: Size) -> Node:
    """The size of axes as a number."""
    extent = settled(extent)
    return number(extent) if isinstance(extent, int) else size(extent)


def as_number(node: Node) -> Fraction | None:
    """The number that a node is everywhere, if it is one."""
    return node.params.number if node.operation is PRODUCT and not node.args else None


# --- sums


def total(terms: Iterable[Factor], out: str, shape: Shape, numbers: Sequence[Fraction | int] | None = None) -> Node:
    """A linear combination in plain form: no sum within another, like terms together, no number within a term."""
    given = list(terms)
    if numbers is None:
        numbers = [1] * len(given)
    found: dict[tuple[Node, str], Fraction] = {}
    for (node, letters), scale in zip(given, numbers, strict=True):
        for core, own, by in _terms(node, letters, Fraction(scale)):
            found[core, own] = found.get((core, own), Fraction(0)) + by
    kept = [(core, own, by) for (core, own), by in found.items() if by]
    if not kept:
        kept.append((number(1), "", Fraction(0)))
    if len(kept) == 1:
        core, own, by = kept[0]
        return product([(core, own)], out, shape, by)
    names = dict(zip(out, LETTERS, strict=False))
    letters_of = tuple("".join(names[one] for one in own) for _, own, _ in kept)
    params = Sum(letters_of, "".join(names[one] for one in out), tuple(by for *_, by in kept))
    return make(SUM, [core for core, *_ in kept], shape, params)


def _terms(node: Node, letters: str, by: Fraction) -> Iterable[tuple[Node, str, Fraction]]:
    """A term as the terms it is made of, each a node without a number in front, its letters, its number."""
    if node.operation is SUM:
        for (term, own), scale in zip(renamed(node, letters), node.params.numbers, strict=True):
            yield from _terms(term, own, by * scale)
        return
    if node.operation is not PRODUCT:
        yield node, letters, by
        return
    flat: Product = node.params
    if not node.args:
        yield number(1), "", by * flat.number
        return
    kept, known = _core(node)
    core, by = known or node, by * flat.number
    outer = "".join([letters[place] for place in kept])
    if core.operation is SUM and abs(by) == 1:
        yield from _terms(core, outer, by)
    else:
        yield core, outer, by


_cores: WeakKeyDictionary[Node, tuple[list[int], Node | None]] = WeakKeyDictionary()


def _core(node: Node) -> tuple[list[int], Node | None]:
    """The axes of a product that factors have, and it without its number and the others; None where that is itself."""
    if (found := _cores.get(node)) is not None:
        return found
    flat: Product = node.params
    held = set("".join(flat.letters))
    kept = [place for place, one in enumerate(flat.out) if one in held]
    out = "".join([flat.out[place] for place in kept])
    core = product(node.factors, out, tuple([node.shape[place] for place in kept]), averaged=flat.averaged)
    found = kept, None if core is node else core
    if all(type(one) is int for arg in (node, *node.args) for one in arg.shape):  # no size that is still to be found
        _cores[node] = found
    return found
