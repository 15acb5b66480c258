"""The answer, frozen: everything that any renderer shows comes from here."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from netcalc.arrays import each
from netcalc.catalogue.names import unknown
from netcalc.displays import Display, Named
from netcalc.expression import Number, Symbol, Tree, substitute, symbols
from netcalc.notation import to_ascii
from netcalc.problem import element, labelled
from netcalc.trace import paths, route, weight
from netcalc.version import __version__

if TYPE_CHECKING:
    from netcalc.verification import Verification

NEW = "_new"  # behind the name of a weight after a step of gradient descent
GENERIC = re.compile(r"(\w+)\[(\w+(?:,\w+)*)\]")  # w[i], W[i,j], W[i,0]: an element, whichever it is


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

    def plain(self) -> float | str | None:
        """A float; digits as text where they were asked for or float64 has none; a formula; None if undecided."""
        if self.formula is None and (self.nearest is None or (self.as_digits and not self.certified)):
            return None
        beyond = self.nearest is not None and math.isinf(self.nearest)
        if beyond and not self.certified:
            return None
        return self.shown if self.nearest is None or self.as_digits or beyond else self.nearest


class Element(NamedTuple):
    """One entry of a tensor, by its own name and formula; `full` is the long name where `d` before it won't do."""

    name: str
    formula: Tree
    value: Value
    full: str = ""


@dataclass(frozen=True, slots=True)
class Tensor:
    """A named part of an answer: `entries` (an object array of Value, or float64), and its `formula` by generic index.

    `of` is the output that a partial is a derivative of; None for a forward value. Derivatives of expressions are
    `by` variables; `full` is such a derivative's long name, and where there are several expressions, `own` and `called`
    are each entry's formula and name.
    `brief` is the formula with the activation's slope by its name, where there is one. Where a tensor is too large for
    formulas of its own for each entry, `entries` is the one formula, (), and `whole` its shape.
    """

    name: str
    entries: np.ndarray
    formula: Tree
    of: str | None = None
    index_from: int = 0
    by: tuple[str, ...] = ()
    own: tuple[Tree, ...] = ()
    called: tuple[str, ...] = ()
    brief: Tree | None = None
    full: str = ""
    whole: tuple[int, ...] | None = None

    @property
    def shape(self) -> tuple[int, ...]:
        """The tensor's shape."""
        return self.entries.shape if self.whole is None else self.whole

    @property
    def key(self) -> str:
        """The name of the thing itself: `x` for the partial `dx`."""
        return self.name.removeprefix("d") if self.of else self.name

    def elements(self) -> Iterator[Element]:
        """Every entry in row order, by its own name."""
        for index in np.ndindex(self.entries.shape):
            yield self.at(index)

    def at(self, index: tuple[int, ...]) -> Element:
        """One entry by its own name and formula."""
        if self.own:
            own = int(np.ravel_multi_index(index, self.entries.shape)) % len(self.own)
            return Element(
                self.called[own], self.own[own], as_value(self.entries[index]), self.called[own] if self.by else ""
            )
        name = element(self.name, index, self.index_from)
        if self.by:
            return Element(name, self.formula, as_value(self.entries[index]), self.full)
        return Element(name, at_index(self.formula, index, self.index_from), as_value(self.entries[index]))

    @property
    def values(self) -> Iterable[Value]:
        """The entries that are more than a float64."""
        return self.entries.flat if self.entries.dtype == object else ()

    def map(self, part: Callable[[Value], Any]) -> Any:
        """Nested lists of `part` of each entry, in the tensor's shape; a bare one for a scalar."""
        if self.entries.dtype != object and part is Value.plain:
            return self.entries.tolist()
        return each(lambda entry: part(as_value(entry)), self.entries).tolist()

    def plain(self) -> Any:
        """Nested lists of floats and formulas."""
        return self.map(Value.plain)

    def numbers(self) -> np.ndarray:
        """The entries as float64, in their shape; NaN for those without a number."""
        if self.entries.dtype != object:
            return self.entries
        floats = [math.nan if value.nearest is None else value.nearest for value in self.values]
        return np.array(floats).reshape(self.entries.shape)

    def formula_texts(self) -> str | list[str]:
        """The formula as text; a list where each entry has its own."""
        return [to_ascii(formula) for formula in self.own] if self.own else to_ascii(self.formula)


def as_value(entry: Any) -> Value:
    """An entry of a tensor as a Value, be it one or a float64."""
    return entry if isinstance(entry, Value) else Value(float(entry), f"{float(entry):.6g}")


def at_index(formula: Tree, index: tuple[int, ...], index_from: int) -> Tree:
    """A formula by generic index (`w[i]`) as that of one element (`w1`)."""
    generic = [name for name in symbols(formula) if GENERIC.search(name)]
    own = {name: Symbol(text_at(name, index, index_from)) for name in generic}
    return substitute(formula, own) if own else formula


def text_at(formula: str, index: tuple[int, ...], index_from: int) -> str:
    """The same for a formula that is text: only names have square brackets. Letters but i, j and k stay as they are."""
    places = {letter: str(place + index_from) for letter, place in zip("ijk", index, strict=False)}

    def own(generic: re.Match[str]) -> str:
        return labelled(generic[1], [places.get(letter, letter) for letter in generic[2].split(",")])

    return GENERIC.sub(own, formula)


class Step(NamedTuple):
    """One line of a derivation: a left-hand side, then what it equals, in turn.

    `left` names an element or a scalar by text, a whole tensor by `Named`.
    `element` is the name of the answer's element that the step arrives at, if it does. What is `drawn` shows whole
    tensors; all such steps together say what a table of elements would.
    """

    left: str | Named
    chain: tuple[Display, ...]
    heading: str = ""
    element: str = ""
    drawn: bool = False


class Checked(NamedTuple):
    """A verdict on an answer that was brought: `right`, `rounded` (right to the digits that were given) or `wrong`.

    `diagnosis` says what went wrong, where that is known, `explanation` is the step that goes right, `note` how the
    answer was understood; `follows` names an earlier answer that was brought and from which this one is right.
    """

    name: str
    claimed: Value
    correct: Value
    verdict: str
    diagnosis: str = ""
    explanation: str = ""
    note: str = ""
    follows: str = ""

    @property
    def is_wrong(self) -> bool:
        return self.verdict == "wrong"

    def record(self) -> dict[str, float | str | None]:
        """As data formats write it."""
        return {
            "name": self.name,
            "claimed": self.claimed.plain(),
            "correct": self.correct.plain(),
            "verdict": self.verdict,
            "diagnosis": self.diagnosis or None,
            "explanation": self.explanation or self.note or None,
        }


@dataclass(frozen=True, repr=False)
class Result:
    """What `solve` found: forward values, partials, the steps that lead there, and notes.

    `sample_rows` says that the first axis of every tensor counts samples, and rows are samples' rows. `asked` is
    the problem that this answers, None for a part of an answer. `alone` says that one tensor was asked for by itself.
    `checked` are verdicts on answers that were brought along.
    """

    command: str
    given: Mapping[str, Any]
    tensors: tuple[Tensor, ...]
    steps: tuple[Step, ...] = ()
    notes: tuple[str, ...] = ()
    certainty: str = ""
    sample_rows: bool = False
    inner: tuple[Tensor, ...] = field(default=(), repr=False)
    verification: Verification | None = None
    asked: Any = field(default=None, repr=False)
    alone: bool = False
    checked: tuple[Checked, ...] = ()

    @property
    def forward(self) -> dict[str, Any]:
        """Forward values by name: floats, nested lists, or formulas as text."""
        return {one.name: one.plain() for one in self.tensors if one.of is None and not one.name.endswith(NEW)}

    @property
    def updated(self) -> dict[str, Any]:
        """Weights and biases after a step of gradient descent, by name, where one was asked for."""
        return {one.name.removesuffix(NEW): one.plain() for one in self.tensors if one.name.endswith(NEW)}

    @property
    def trace(self) -> dict[str, Any]:
        """Every path from one weight to the loss with its product, where that was asked for."""
        if getattr(self.asked, "trace", None) is None:
            return {}
        routes = zip(paths(self.asked), self["paths"].values, strict=True)
        found = [{"through": route(self.asked, path), "product": value.plain()} for path, value in routes]
        return {"weight": weight(self.asked), "paths": found}

    @property
    def partials(self) -> dict[str, Any]:
        """d(output)/d(name) by name, each in the shape of the thing it belongs to."""
        return {tensor.key: tensor.plain() for tensor in self._partials}

    @property
    def assurance(self) -> tuple[str, ...]:
        """How sure the answer is, and what differences say of it: lines to end with."""
        verified = self.verification.line if self.verification else ""
        return tuple(line for line in (self.certainty, verified) if line)

    @property
    def _partials(self) -> Iterator[Tensor]:
        return (tensor for tensor in self.tensors if tensor.of is not None and len(tensor.by) < 2)

    @property
    def hessian(self) -> dict[str, dict[str, Any]]:
        """d²(output)/d(name)d(name) by name and name, each a number, or a list where there are several expressions."""
        found: dict[str, dict[str, Any]] = {}
        for tensor in () if self.derivatives else self.tensors:
            if len(tensor.by) == 2:
                found.setdefault(tensor.by[0], {})[tensor.by[1]] = tensor.plain()
        return found

    @property
    def derivatives(self) -> list[Any]:
        """The derivatives of an expression by one variable from the first on, where more than two were asked for."""
        found = [tensor.plain() for tensor in self.tensors if tensor.by]
        return found if any(len(tensor.by) > 2 for tensor in self.tensors) else []

    @property
    def formulas(self) -> dict[str, Any]:
        """The formula of each partial, by generic index; a list where each expression has its own."""
        return {tensor.key: tensor.formula_texts() for tensor in self._partials}

    @property
    def drawings(self) -> tuple[Step, ...]:
        """The steps that show whole tensors."""
        return tuple(step for step in self.steps if step.drawn)

    def only(self, names: Sequence[str]) -> Result:
        """The same with those tensors alone, and the steps that arrive at them. Raises UnknownNameError."""
        known = {tensor.name: tensor for tensor in self.tensors}
        for name in names:
            if name not in known:
                raise unknown("part", name, known, f"the parts are {', '.join(known)}")
        kept = tuple(known[name] for name in dict.fromkeys(names))
        labels = {tensor.name if tensor.of is None else f"d{tensor.of}/{tensor.name}" for tensor in kept}
        elements = {one.name for tensor in kept for one in tensor.elements()} if self.steps else ()
        steps = tuple(step for step in self.steps if step.element in elements or _label(step) in labels)
        return replace(self, tensors=kept, steps=steps, inner=(), alone=len(kept) == 1, asked=None)

    @property
    def is_many_tables(self) -> bool:
        """Whether a table of numbers can't hold it all: several tensors, one of them a matrix."""
        return not self.sample_rows and len(self.tensors) > 1 and any(one.entries.ndim > 1 for one in self.tensors)

    def __repr__(self) -> str:
        parts = ", ".join(f"{tensor.name} {tensor.entries.shape}" for tensor in self.tensors)
        return f"<{self.command}: {parts}>".replace(" ()", "")

    def __str__(self) -> str:
        return _shown("text", self) or repr(self)

    def _repr_html_(self) -> str | None:
        return _shown("html", self)

    def _repr_latex_(self) -> str | None:
        return _shown("latex", self)

    def _repr_markdown_(self) -> str | None:
        return _shown("markdown", self)

    def __getitem__(self, name: str) -> Tensor:
        """The tensor of that name (`q`, `dx`). Raises KeyError."""
        for tensor in (*self.tensors, *self.inner):
            if tensor.name == name:
                return tensor
        raise KeyError(name)

    def to_json(self) -> str:
        """The answer as one strict JSON object; values are floats that round-trip, or formulas as text."""
        import json  # the table does without

        content: dict[str, Any] = {
            "netcalc": __version__,
            "command": self.command,
            "given": {name: _given(thing) for name, thing in self.given.items()},
            "forward": self.forward,
            "partials": self.partials,
            "formulas": self.formulas,
        }
        if self.updated:
            content["updated"] = self.updated
        if self.trace:
            content["trace"] = self.trace
        if self.hessian:
            content["hessian"] = self.hessian
        if self.derivatives:
            content["derivatives"] = self.derivatives
        closed = {tensor.key: tensor.map(_exact) for tensor in self.tensors if _has_closed_forms(tensor.entries)}
        if closed:
            content["exact"] = closed
        if self.checked:
            content["check"] = [one.record() for one in self.checked]
        content |= {"notes": list(self.notes), "certainty": self.certainty}
        if self.verification is not None:
            content["verification"] = self.verification.to_data()
        return json.dumps(content, ensure_ascii=False, allow_nan=False)


_DISPLAYS: dict[str, Callable[[Result], str | None]] = {}  # how notebooks show a result, entered by the renderers


def shown_as(kind: str) -> Callable[[Callable[[Result], str | None]], Callable[[Result], str | None]]:
    """Has notebooks show a result of that kind (`html`, `latex`, `markdown`) by the function; None shows nothing."""

    def enter(display: Callable[[Result], str | None]) -> Callable[[Result], str | None]:
        _DISPLAYS[kind] = display
        return display

    return enter


def _shown(kind: str, result: Result) -> str | None:
    return _DISPLAYS[kind](result) if kind in _DISPLAYS else None


def _label(step: Step) -> str:
    return step.left.text if isinstance(step.left, Named) else step.left


def _has_closed_forms(entries: np.ndarray) -> bool:
    return entries.dtype == object and any(value.exact is not None for value in entries.flat)


def _exact(value: Value) -> str | None:
    return None if value.exact is None else to_ascii(value.exact)


def _given(thing: Any) -> Any:
    if isinstance(thing, Mapping):
        return {name: _given(inner) for name, inner in thing.items()}
    if isinstance(thing, list):
        return [_given(inner) for inner in thing]
    if isinstance(thing, Decimal):
        return _number(Number(Fraction(thing)))
    if not isinstance(thing, np.ndarray):
        return thing
    return thing.tolist() if thing.dtype != object else each(_number, thing).tolist()


def _number(tree: Tree) -> float | int | str:
    """Whole numbers and decimals as numbers, everything else as text that netcalc reads."""
    text = to_ascii(tree)
    if not isinstance(tree, Number) or "/" in text:
        return text
    return int(tree.value) if tree.value.denominator == 1 and abs(tree.value) < 1 << 53 else float(tree.value)
