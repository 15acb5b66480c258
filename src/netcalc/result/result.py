"""The answer, frozen: everything that any renderer shows comes from here."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from netcalc.arrays import each, places
from netcalc.catalogue.names import unknown
from netcalc.expression import Number, Tree
from netcalc.notation import spelling_out, to_ascii
from netcalc.records import dataclass
from netcalc.result.steps import Deferred, LazySteps, Step
from netcalc.result.value import Tensor, Value
from netcalc.version import __version__

if TYPE_CHECKING:
    from netcalc.result.verdicts import Checked, CheckedLine
    from netcalc.result.verification import Verification

NEW = "_new"  # behind the name of a weight after a step of gradient descent


@dataclass(frozen=True, eq=False, repr=False)
class Result:
    """What `solve` found: forward values, partials, the steps that lead there, and notes.

    `sample_rows` says that the first axis of every tensor counts samples, and rows are samples' rows. `problem` is
    the problem that this answers, None for a part of an answer. `alone` says that one tensor was asked for by itself.
    `ways` are what the paths of a program's trace pass, first to last. `checked` are verdicts on answers that were
    brought along, `lines` on those of a backward pass as code.
    """

    command: str
    given: Mapping[str, Any]
    tensors: tuple[Tensor, ...]
    steps: Sequence[Step] = ()
    notes: tuple[str, ...] = ()
    certainty: str = ""
    sample_rows: bool = False
    inner: tuple[Tensor, ...] = ()
    verification: Verification | None = None
    problem: Any = None
    alone: bool = False
    ways: tuple[tuple[str, ...], ...] = ()
    checked: tuple[Checked, ...] = ()
    lines: tuple[CheckedLine, ...] = ()

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
        if getattr(self.problem, "trace", None) is None:
            return {}
        ways: Sequence[Sequence[str]] = self.ways
        if not ways:
            from netcalc.trace import routes  # most answers have none

            ways = list(routes(self.problem))
        found = zip(ways, self["paths"].plain(), strict=True)
        return {"weight": ways[0][0], "paths": [{"through": list(way), "product": product} for way, product in found]}

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
        return (tensor for tensor in self.tensors if tensor.of is not None and len(tensor.by) < 2 and not tensor.role)

    @property
    def hessian(self) -> dict[str, dict[str, Any]]:
        """d²(output)/d(name)d(name) by name and name, each a number, or a list where there are several expressions."""
        found: dict[str, dict[str, Any]] = {}
        for tensor in () if self.derivatives else self.tensors:
            if len(tensor.by) == 2:
                found.setdefault(tensor.by[0], {})[tensor.by[1]] = tensor.plain()
        return found

    @property
    def has_wrong(self) -> bool:
        """Whether an answer that was brought, or a line of code, is wrong."""
        return any(one.is_wrong for one in self.checked) or any(one.is_wrong for one in self.lines)

    @property
    def exit_status(self) -> int:
        """1 where something that was brought is wrong, 3 where of some of it nothing can be said, else 0."""
        return 1 if self.has_wrong else 3 * any(one.is_unjudged for one in self.lines)

    @property
    def directional(self) -> Any:
        """The derivative in a direction, in the output's shape; None where none was asked for."""
        return next((tensor.plain() for tensor in self.tensors if tensor.role == "directional"), None)

    @property
    def hvp(self) -> dict[str, Any]:
        """The Hessian times a direction, by name, each in the shape of the thing it belongs to."""
        found = (tensor for tensor in self.tensors if tensor.role.startswith("hvp."))
        return {tensor.role.removeprefix("hvp."): tensor.plain() for tensor in found}

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
        return tuple(step for step in self.steps_at_hand if step.drawn)

    @property
    def steps_at_hand(self) -> Sequence[Step]:
        """The steps that a page shows unasked: none that are still to be written."""
        return () if isinstance(self.steps, Deferred) else self.steps

    @property
    def steps_by_element(self) -> dict[str, Step]:
        """The steps that arrive at one element, by its name."""
        return {step.element: step for step in self.steps_at_hand if step.element}

    def only(self, names: Sequence[str]) -> Result:
        """The same with those tensors alone, and the steps that arrive at them; `dW` is that of every layer.

        `dx0` and `dW1[0,1]` are entries; one name may come by itself. Raises UnknownNameError.
        """
        known = {tensor.name: tensor for tensor in self.tensors}
        asked: dict[str, Tensor] = {}
        for name in [names] if isinstance(names, str) else names:
            found = (
                [known[name]]
                if name in known
                else [known[one] for one in known if re.sub(r"\d+", "", one, count=1) == name]
            )
            found = found or [one for one in self.tensors if name in _as_shown(one)] or list(_entry(known, name))
            if not found:
                raise unknown("part", name, known, f"the parts are {', '.join(known)}")
            asked |= {one.name: one for one in found}
        kept = tuple(asked.values())
        labels = {tensor.name if tensor.of is None else f"d{tensor.of}/d{tensor.key}" for tensor in kept}
        steps = self.steps
        if isinstance(steps, LazySteps):
            steps = type(steps)(partial(_leading_to, kept, labels, steps))
        elif steps:
            steps = tuple(_leading_to(kept, labels, steps))
        return replace(self, tensors=kept, steps=steps, inner=(), alone=len(kept) == 1, problem=None)

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

    def __eq__(self, other: object) -> bool:
        """Whether both say the same of the same problem."""
        return isinstance(other, Result) and self.to_json() == other.to_json()

    def __hash__(self) -> int:
        return hash((self.command, *(tensor.name for tensor in self.tensors)))

    def __getitem__(self, name: str) -> Tensor:
        """The tensor of that name (`q`, `dx`). Raises KeyError, which says what names there are."""
        for tensor in (*self.tensors, *self.inner):
            if tensor.name == name:
                return tensor
        raise KeyError(f"there is no {name} here: {', '.join(tensor.name for tensor in self.tensors)}")

    def spelled_out(self) -> Collection[str]:
        """The names that are written as words, as something else in the problem has their Greek letter."""
        return getattr(self.problem, "spelled_out", frozenset())

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
        for name in ("updated", "trace", "directional", "hvp", "hessian", "derivatives"):
            if (found := getattr(self, name)) not in (None, {}, []):
                content[name] = found
        closed = {tensor.key: tensor.map(closed_form) for tensor in self.tensors if _has_closed_forms(tensor.entries)}
        if closed:
            content["exact"] = closed
        if self.checked or self.lines:
            content["check"] = [*(one.record() for one in self.checked), *(one.record() for one in self.lines)]
        content |= {"notes": list(self.notes), "certainty": self.certainty}
        if self.verification is not None:
            content["verification"] = self.verification.to_data()
        try:
            return json.dumps(content, ensure_ascii=False, allow_nan=False)
        except ValueError:  # which is rare, and a second walk over all that there is
            return json.dumps(_infinities_as_text(content), ensure_ascii=False, allow_nan=False)


_DISPLAYS: dict[str, Callable[[Result], str | None]] = {}  # how notebooks show a result, entered by the renderers


def shown_as(kind: str) -> Callable[[Callable[[Result], str | None]], Callable[[Result], str | None]]:
    """Has notebooks show a result of that kind (`html`, `latex`, `markdown`) by the function; None shows nothing."""

    def enter(display: Callable[[Result], str | None]) -> Callable[[Result], str | None]:
        _DISPLAYS[kind] = display
        return display

    return enter


def _shown(kind: str, result: Result) -> str | None:
    with spelling_out(result.spelled_out):
        return _DISPLAYS[kind](result) if kind in _DISPLAYS else None


def _as_shown(tensor: Tensor) -> tuple[str, ...]:
    """How a tensor is written where letters are shown: dμ, ∂loss/∂μ."""
    from netcalc.notation.printer import greek

    of = () if tensor.of is None else (f"∂{greek(tensor.of)}/∂{greek(tensor.key)}",)
    return (greek(tensor.name), *of)


def _entry(known: Mapping[str, Tensor], name: str) -> Iterator[Tensor]:
    """The entry of that name, `dx0`, `dW1[0,1]` or `df1/dx`, if there is one."""
    read = re.fullmatch(r"(.+?)(?:\[(\d+(?:\s*,\s*\d+)*)\]|(\d+))", name.strip())
    tensor = known.get(read[1]) if read else None
    if read and tensor:
        index = tuple(int(place) - tensor.index_from for place in (read[2] or read[3]).split(","))
        shape = tensor.entries.shape
        if len(index) == len(shape) and all(0 <= place < size for place, size in zip(index, shape, strict=True)):
            yield tensor.entry(index)
    yield from (one.entry((one.called.index(name),)) for one in known.values() if name in one.called)


def _leading_to(tensors: Sequence[Tensor], labels: Collection[str], steps: Sequence[Step]) -> list[Step]:
    """The steps that arrive at tensors, by their labels, or at elements of them."""
    elements = {tensor.name_at(index) for tensor in tensors for index in places(tensor.entries.shape)}
    return [step for step in steps if step.element in elements or step.name in labels]


def _has_closed_forms(entries: np.ndarray) -> bool:
    return entries.dtype == object and any(value.exact is not None for value in entries.flat)


def _infinities_as_text(content: Any) -> Any:
    """What JSON is made of, "-inf" and "inf" for what it has no numbers for, as proven values have it."""
    if isinstance(content, dict):
        return {name: _infinities_as_text(one) for name, one in content.items()}
    if isinstance(content, list | tuple):
        return [_infinities_as_text(one) for one in content]
    return str(content) if isinstance(content, float) and math.isinf(content) else content


def closed_form(value: Value) -> str | None:
    """The closed form as text, where there is one."""
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
    """Whole numbers and decimals that float64 keeps as numbers, everything else as text that netcalc reads."""
    text = to_ascii(tree)
    if not isinstance(tree, Number) or "/" in text:
        return text
    if tree.value.denominator == 1 and abs(tree.value) < 1 << 53:
        return int(tree.value)
    try:
        number = float(tree.value)
    except OverflowError:
        return text
    return number if tree.value in (Fraction(repr(number)), Fraction(number)) else text
