"""The parts of an answer: numbers, and tensors of them, with their formulas."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from netcalc.arrays import each, is_surely_finite, places
from netcalc.expression import Symbol, Tree, substitute, symbols
from netcalc.notation import minus_signs, significant, to_ascii, to_unicode
from netcalc.problem import element, labelled, of_gradient
from netcalc.records import NamedTuple, dataclass

UNDEFINED = "undefined"  # as a value is shown that does not exist
UNDECIDED = "undecided"  # and one that nothing proves
GENERIC = r"(?<![.\w])(\w+)\[(\w+(?:,\w+)*)\]"  # w[i], W[i,j], W[i,0]: an element, whichever it is


@dataclass(frozen=True, slots=True)
class Value:
    """One number of an answer, or the formula that it stays where something was left out.

    `nearest` is the float64 nearest to it, `shown` its decimal digits, `exact` its closed form where asked for;
    `as_digits` says that data formats write the digits, which were asked for.
    """

    nearest: float | None
    shown: str
    formula: Tree | None = None
    exact: Tree | None = None
    certified: bool = False
    as_digits: bool = False

    @property
    def is_undefined(self) -> bool:
        """Whether there is no value at this point, as of 1/0."""
        return self.shown == UNDEFINED and self.formula is None

    @property
    def is_beyond(self) -> bool:
        """Whether it is too large for float64, and infinite there."""
        return self.nearest is not None and math.isinf(self.nearest)

    def plain(self) -> float | str | None:
        """A float; digits as text where they were asked for or float64 has none; a formula; None if undecided."""
        if self.formula is None and (self.nearest is None or (self.as_digits and not self.certified)):
            return None
        if self.is_beyond and not self.certified:
            return None
        return self.shown if self.nearest is None or self.as_digits or self.is_beyond else self.nearest


def in_unicode(value: Value) -> str:
    """A value as people read it: the formula that it stays, or its digits."""
    return minus_signs(value.shown) if value.formula is None else to_unicode(value.formula)


class Element(NamedTuple):
    """One entry of a tensor, by its own name and formula; `full` is the long name where `d` before it won't do."""

    name: str
    formula: Tree
    value: Value
    full: str = ""


@dataclass(frozen=True, eq=False)
class Tensor:
    """A named part of an answer: `entries` (an object array of Value, or float64), and its `formula` by generic index.

    The formula may be `written` when it is first looked at: formats of numbers alone need none.
    `of` is the output that a partial is a derivative of; None for a forward value. Derivatives of expressions are
    `by` variables; `full` is such a derivative's long name, and where there are several expressions, `own` and `called`
    are each entry's formula and name.
    `brief` is the formula with the activation's slope by its name, where there is one. Where a tensor is too large for
    formulas of its own for each entry, `entries` is the one formula, (), and `whole` its shape. `role` is `directional`
    for a derivative in a direction, `hvp.x` for the part by x of a Hessian times a direction. `titled` is the long
    name of an entry by its index, where `d` before its name won't do; entries of the vectors that are `numbered`, and
    of their gradients, are `x[0]`, as x0 is another tensor.
    """

    name: str
    entries: np.ndarray
    written: Tree | Callable[[], Tree]
    of: str | None = None
    index_from: int = 0
    by: tuple[str, ...] = ()
    own: tuple[Tree, ...] = ()
    called: tuple[str, ...] = ()
    brief: Tree | None = None
    full: str = ""
    whole: tuple[int, ...] | None = None
    role: str = ""
    titled: Callable[[tuple[int, ...]], str] | None = None
    numbered: Collection[str] = ()

    @cached_property
    def formula(self) -> Tree:
        """What the tensor is, by generic index: `w[i]*df`."""
        return self.written() if callable(self.written) else self.written

    @property
    def shape(self) -> tuple[int, ...]:
        """The tensor's shape."""
        return self.entries.shape if self.whole is None else self.whole

    @property
    def key(self) -> str:
        """The name of the thing itself: `x` for the partial `dx`."""
        return of_gradient(self.name, self.of) if self.of else self.name

    def elements(self) -> Iterator[Element]:
        """Every entry in row order, by its own name."""
        for index in places(self.entries.shape):
            yield self.at(index)

    def at(self, index: tuple[int, ...]) -> Element:
        """One entry by its own name and formula."""
        name = self.name_at(index)
        if self.own:
            own = int(np.ravel_multi_index(index, self.entries.shape)) % len(self.own)
            return Element(name, self.own[own], as_value(self.entries[index]), name if self.by else "")
        if self.titled is not None:
            return Element(name, self.formula, as_value(self.entries[index]), self.titled(index))
        if self.by:
            return Element(name, self.formula, as_value(self.entries[index]), self.full)
        return Element(name, at_index(self.formula, index, self.index_from), as_value(self.entries[index]))

    def entry(self, index: tuple[int, ...]) -> Tensor:
        """One entry, as a tensor of no axes."""
        one = self.at(index)
        entries = np.empty((), self.entries.dtype)
        entries[()] = self.entries[index]
        brief = None if self.brief is None else at_index(self.brief, index, self.index_from)
        of, name = self.of, one.name
        if self.own and "/" in name:  # df1/dx
            of, name = name.removeprefix("d").split("/", 1)
        alone = replace(self, name=name, of=of, entries=entries, written=one.formula, brief=brief, own=(), called=())
        return replace(alone, full=one.full, titled=None if self.titled is None else lambda _place: one.full)

    def name_at(self, index: tuple[int, ...]) -> str:
        """The own name of one entry."""
        if self.own:
            return self.called[int(np.ravel_multi_index(index, self.entries.shape)) % len(self.own)]
        return element(self.name, index, self.index_from, bracketed=self.key in self.numbered)

    @property
    def values(self) -> Iterable[Value]:
        """The entries that are more than a float64."""
        return self.entries.flat if self.entries.dtype == object else ()

    def map(self, part: Callable[[Value], Any]) -> Any:
        """Nested lists of `part` of each entry, in the tensor's shape; a bare one for a scalar."""
        has_all = is_surely_finite(self.entries) or (self.entries.dtype != object and not np.isnan(self.entries).any())
        if has_all and part is Value.plain:
            return self.entries.tolist()
        return each(lambda entry: part(as_value(entry)), self.entries).tolist()

    def plain(self) -> Any:
        """Nested lists of floats and formulas."""
        return self.map(Value.plain)

    def numbers(self) -> np.ndarray:
        """The entries as float64, in their shape; NaN for those without a number."""
        return as_floats(self.entries)

    def formula_texts(self) -> str | list[str]:
        """The formula as text; a list where each entry has its own."""
        return [to_ascii(formula) for formula in self.own] if self.own else to_ascii(self.formula)


def as_value(entry: Any) -> Value:
    """An entry of a tensor as a Value, be it one or a float64; NaN is none."""
    if isinstance(entry, Value):
        return entry
    return Value(None, UNDEFINED) if math.isnan(entry) else Value(float(entry), significant(float(entry)))


def as_floats(entries: np.ndarray) -> np.ndarray:
    """Entries of a tensor as float64; NaN for those without a number."""
    if entries.dtype != object:
        return entries
    return each(lambda value: math.nan if value.nearest is None else value.nearest, entries).astype(np.float64)


def at_index(formula: Tree, index: tuple[int, ...], index_from: int) -> Tree:
    """A formula by generic index (`w[i]`) as that of one element (`w1`)."""
    generic = [name for name in symbols(formula) if re.search(GENERIC, name)]
    own = {name: Symbol(text_at(name, index, index_from)) for name in generic}
    return substitute(formula, own) if own else formula


def text_at(formula: str, index: tuple[int, ...], index_from: int, numbered: Collection[str] = ()) -> str:
    """The same for a formula that is text: only names have square brackets. Letters but i, j and k stay as they are.

    So do the brackets of the names that are `numbered`, and of their gradients: x0 is another name there.
    """
    indices = {letter: str(place + index_from) for letter, place in zip("ijk", index, strict=False)}

    def own(generic: re.Match[str]) -> str:
        bracketed = generic[1] in numbered or generic[1].removeprefix("d") in numbered
        places = [indices.get(letter, letter) for letter in generic[2].split(",")]
        return labelled(generic[1], places, bracketed=bracketed)

    return re.sub(GENERIC, own, formula)
