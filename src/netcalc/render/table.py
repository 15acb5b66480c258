"""The table for people: Rich on a terminal, the same without colour in a pipe."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from netcalc.expression import Number, Tree, is_constant
from netcalc.expression.tree import ZERO
from netcalc.notation import all_to_unicode, in_signs, minus_signs, significant, to_unicode
from netcalc.records import NamedTuple
from netcalc.render.blocks import chain, in_line
from netcalc.render.drawn import (
    BETWEEN,
    Room,
    below,
    columns_of,
    drawing,
    is_one_formula,
    placed,
    room_for,
    whole_name,
    width_of,
)
from netcalc.render.frame import NARROW, UNBOUNDED
from netcalc.render.frame import frame as new_frame
from netcalc.render.prose import READABLE, element_name, output_name, step_lines
from netcalc.render.rows import has_closed_forms, sample_elements, samples
from netcalc.render.summary import LISTED, corners, is_large, large_given, summary
from netcalc.result import Element, Result, Step, Tensor, Value, in_unicode

NO_STEPS = "the steps are written out for one sample of a small problem"
WIDEST_FORMULA = 32  # characters of a formula that is repeated for every element
WIDEST_ROW = 16  # elements of a sample that stand in one row
BESIDE = 4  # samples beside each other where they do not
WIDEST_NUMBER = 16  # characters of a value that a chain of numbers still reads well with
LEAST_VALUE = 12  # columns of a value that is listed
FIRST = 8  # formulas of a tensor too large to list that are shown, and samples where there are too many
SAMPLES_LIMIT = 1000  # samples that are listed


def table(result: Result, *, steps: bool = False) -> Iterator[RenderableType]:
    """What is drawn, or else every element; then the other steps if asked for, the notes, and how sure it is.

    Where answers were brought, the verdicts on them come in place of the answer.
    """
    if result.checked or result.lines:
        yield from _verdicts(result)
        if steps and result.steps:
            yield Text("")
            yield _Steps(result.steps)
    else:
        yield from _answer(result, steps=steps)
    below = [Text(f"note: {in_signs(note)}", style="yellow") for note in result.notes]
    if steps and not result.steps:
        below.append(Text(f"note: {NO_STEPS}", style="yellow"))
    below += [Text(line, style="dim") for line in result.assurance]
    yield from (Text(""), *below) if below else ()


def _verdicts(result: Result) -> Iterator[RenderableType]:
    """Those on answers, then those on lines of code."""
    if result.checked:
        from netcalc.render.verdicts import verdicts

        yield from verdicts(result)
    if result.lines:
        from netcalc.render.code import code

        yield from [Text("")] if result.checked else []
        yield from code(result)


def _answer(result: Result, *, steps: bool) -> Iterator[RenderableType]:
    drawings = result.drawings
    if drawings:
        yield _Steps(drawings)
    if drawings and has_closed_forms(result):
        yield Text("")
    if not drawings or has_closed_forms(result):
        yield from _answers(result)
    others = tuple(step for step in result.steps if not step.drawn) if steps else ()
    if others:
        yield Text("")
        yield _Steps(others)


def _answers(result: Result) -> Iterator[RenderableType]:
    """A row a sample, or a row an element, and of what is too large for that a summary."""
    if result.sample_rows:
        yield from _samples(result)
        return
    large = [tensor for tensor in _in_order(result) if is_large(tensor)]
    listed = [tensor for tensor in _in_order(result) if not is_large(tensor)]
    if listed:
        yield _Elements(result, listed)
    if large or any(large_given(result)):
        yield from [Text("")] if listed else []
        yield summary(result, large)
        yield _Corners(tuple(tensor for tensor in large if tensor.whole is None))


class _Corners(NamedTuple):
    """The corners of large tensors, in the width that there is."""

    tensors: tuple[Tensor, ...]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for tensor in self.tensors:
            width = min(options.max_width, READABLE)
            lines = [line for block in chain(corners(tensor), width) for line in block.lines]
            yield Text("\n".join(["", *(line.rstrip() for line in lines)]))


class _Steps(NamedTuple):
    """Steps, in the width that there is."""

    steps: Sequence[Step]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width = options.max_width
        page = None if width == UNBOUNDED else width
        yield Text("\n".join(step_lines(self.steps, min(width, READABLE), page)))


class _Elements(NamedTuple):
    """A row an element; a row a tensor where its elements have one formula and there is room to draw their values."""

    result: Result
    listed: Sequence[Tensor]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width = options.max_width
        told = self.listed if len(self.listed) <= LISTED else [one for one in self.listed if not _vanishes(one)]
        cells = _Cells.of(self.result, told)
        room = cells.room(width) if width >= NARROW else Room(0, 0)
        rooms = (room, room._replace(beside=0), Room(0, 0))  # where what is listed has to fold, fewer are drawn
        rows = next(rows for one in rooms if (rows := cells.rows(one)).width <= width or not any(one))
        if len(told) < len(self.listed):
            rows.cells.append(["…", f"{len(self.listed) - len(told):,} more second derivatives are 0 everywhere"])
        yield rows.table(are_numbers=not any(value.formula for one in self.result.tensors for value in one.values))


class _Rows(NamedTuple):
    """The rows of a table; `wide` is how many columns the drawings below formulas take."""

    headers: list[str]
    cells: list[list[str]]
    are_drawn: bool
    wide: int

    @property
    def width(self) -> int:
        """The columns that they take at least, nothing drawn being folded."""
        if not self.are_drawn:
            return 0
        name, formula, *values = columns_of(row for row in self.cells if len(row) == len(self.headers))
        return sum((name, max(min(formula, LEAST_VALUE), self.wide), *values)) + BETWEEN * (len(self.headers) - 1)

    def table(self, *, are_numbers: bool) -> Table:
        """The table, without columns in which nothing stands."""
        right = ("value",) if are_numbers and not self.are_drawn else ()
        whole = [header for header in self.headers if header != "formula"] if self.are_drawn else ()
        full = [n for n in range(len(self.headers)) if n <= 1 or any(row[n:] and row[n] for row in self.cells)]
        headers = [self.headers[n] for n in full]
        if self.wide and headers[-1] == "formula":
            headers[-1] = "formula and value"
        frame = new_frame(*headers, right=right, whole=whole)
        frame.columns[1].min_width = self.wide or None
        for row in self.cells:
            frame.add_row(*(row[n] for n in full if n < len(row)))
        return frame


class _Cells(NamedTuple):
    """What the rows are made of: tensors with the elements that are shown, their formulas, and drawings of some."""

    headers: list[str]
    parts: list[tuple[Tensor, list[Element], list[str], list[str] | None]]
    numbers: Mapping[str, Step]

    @classmethod
    def of(cls, result: Result, tensors: Sequence[Tensor]) -> _Cells:
        values = [value for tensor in result.tensors for value in tensor.values]
        is_short = all(len(value.shown) <= WIDEST_NUMBER for value in values)
        numbers = result.steps_by_element if is_short else {}
        closed, is_valued = has_closed_forms(result), not _is_formulas_alone(result)
        headers = ["", "formula", *["with numbers"] * bool(numbers), *["exact"] * closed, *["value"] * is_valued]
        parts = []
        for tensor, shown, formulas in _with_formulas(tensors):
            is_drawn = is_valued and not _any(shown, numbers)
            parts.append((tensor, shown, formulas, drawing(tensor, shown, closed=closed) if is_drawn else None))
        return cls(headers, parts, numbers)

    def room(self, width: int) -> Room:
        """The room for drawings on a page."""
        names = max((len(whole_name(tensor)) for tensor, *_ in self.parts), default=0)
        if width == UNBOUNDED:
            return Room(READABLE, READABLE)
        listed = [self._values(one) for _, shown, _, drawn in self.parts if drawn is None for one in shown]
        least = max(
            LEAST_VALUE, width_of([max(cells, key=len) for cells in zip(*listed, strict=True)]) if listed else 0
        )
        drawings = [drawn for *_, drawn in self.parts if drawn is not None]
        return room_for(drawings, width - names - BETWEEN, least, READABLE)

    def rows(self, room: Room) -> _Rows:
        """A row a tensor where its drawing has room, beside its formula or below it; else a row an element."""
        rows, wide, are_drawn = list[list[str]](), 0, False
        between = [""] * ("with numbers" in self.headers)
        for tensor, elements, formulas, drawn in self.parts:
            if drawn is not None and (cells := placed(formulas[0], drawn, room)) is not None:
                rows.append([whole_name(tensor), cells[0], *between, *cells[1:]])
                wide, are_drawn = wide if cells[-1] else max(wide, width_of([below(drawn)])), True
                continue
            is_once = len(elements) > 1 and is_one_formula(elements) and not _any(elements, self.numbers)
            for place, (one, formula) in enumerate(zip(elements, formulas, strict=True)):
                said = "" if is_once and place else formula
                rows.append([element_name(one, tensor.of), said, *self._with_numbers(one), *self._values(one)])
            if tensor.entries.size > LISTED:
                shape = "×".join(map(str, tensor.entries.shape))
                rows.append([f"… {output_name(tensor.name, tensor.of)}", f"{shape} in all"])
        return _Rows(self.headers, rows, are_drawn, wide)

    def _with_numbers(self, one: Element) -> list[str]:
        if "with numbers" not in self.headers:
            return []
        return [_with_numbers(self.numbers[one.name], one.value.exact) if one.name in self.numbers else ""]

    def _values(self, one: Element) -> list[str]:
        exact = "" if one.value.exact is None else to_unicode(one.value.exact)
        cells = {"exact": exact, "value": in_unicode(one.value)}
        return [cells[header] for header in self.headers if header in cells]


def _any(elements: Sequence[Element], numbers: Mapping[str, Step]) -> bool:
    return any(one.name in numbers for one in elements)


def _with_formulas(tensors: Sequence[Tensor]) -> Iterator[tuple[Tensor, list[Element], list[str]]]:
    """Each tensor with the elements of it that are shown, and their formulas as they are written."""
    shown = [list(_shown_elements(_brief(tensor))) for tensor in tensors]
    formulas = iter(all_to_unicode([one.formula for elements in shown for one in elements]))
    for tensor, elements in zip(tensors, shown, strict=True):
        yield tensor, elements, [next(formulas) for _ in elements]


def _vanishes(tensor: Tensor) -> bool:
    """Whether it is a second derivative by variables that no term has together."""
    return len(tensor.by) == 2 and all(one == ZERO for one in tensor.own or (tensor.formula,))


def _is_formulas_alone(result: Result) -> bool:
    """Whether every value is its formula, and not all of them are numbers: none was given."""
    listed = [one for tensor in result.tensors for one in _shown_elements(tensor)]
    formulas = all(one.value.formula == one.formula for one in listed)
    return formulas and not all(is_constant(one.formula) for one in listed)


def _brief(tensor: Tensor) -> Tensor:
    """The tensor with the activation's slope by its name, where its formula is too long to repeat for each element."""
    if tensor.brief is None or len(to_unicode(tensor.formula)) <= WIDEST_FORMULA:
        return tensor
    return replace(tensor, written=tensor.brief)


def _in_order(result: Result) -> Iterator[Tensor]:
    """Forward values, then the slopes between, then the partials; the last of several of one name by that name."""
    tensors = [tensor for tensor in result.tensors if not _has_bare_name(result, tensor.key)]
    yield from (tensor for tensor in tensors if tensor.of is None)
    yield from (tensor for tensor in result.inner if "/" in tensor.name or tensor.of not in (None, tensor.key))
    yield from (tensor for tensor in tensors if tensor.of is not None)


def _has_bare_name(result: Result, label: str) -> bool:
    """Whether `h@4` is h."""
    named = getattr(result.problem, "named", {})
    bare = label.partition("@")[0]
    return bare != label and bare in named and named[bare] is named.get(label)


def _with_numbers(step: Step, exact: Tree | None) -> str:
    """A step's chain between its formula or rule and its value, without the closed form that has its own column."""
    return " = ".join(in_line(part) for part in step.chain[1:-1] if exact is None or part != exact)


def _shown_elements(tensor: Tensor) -> Iterator[Element]:
    if tensor.entries.size <= LISTED:
        yield from tensor.elements()
        return
    for one, _ in zip(tensor.elements(), range(FIRST), strict=False):
        yield one


def _with_closed_form(value: Value) -> str:
    """A value, behind its closed form if that was asked for and says more."""
    whole = isinstance(value.exact, Number) and value.exact.value.denominator == 1
    return in_unicode(value) if value.exact is None or whole else f"{to_unicode(value.exact)} = {in_unicode(value)}"


def _samples(result: Result) -> Iterator[RenderableType]:
    """A row a sample; where that would be too wide, a row an element and a few samples beside each other."""
    count = len(samples(result))
    listed = samples(result) if count <= SAMPLES_LIMIT else range(FIRST)
    rows = [list(sample_elements(result, sample)) for sample in listed]
    headers = [element_name(one, of) for one, of in rows[0]]
    cells = [[_with_closed_form(one.value) for one, _ in row] for row in rows]
    numeric = all(one.value.formula is None for row in rows for one, _ in row)
    if len(headers) <= WIDEST_ROW:
        frame = new_frame("sample", *headers, right=headers if numeric else (), folds=False)
        for number, row in enumerate(cells):
            frame.add_row(str(number), *row)
        if len(rows) < count:
            frame.add_row(f"… {count:,}", *_spans(result))
        yield frame
        return
    for first in range(0, len(cells), BESIDE):
        several = cells[first : first + BESIDE]
        names = [f"sample {first + number}" for number in range(len(several))]
        frame = new_frame("", *names, right=names if numeric else ())
        for name, *values in zip(headers, *several, strict=True):
            frame.add_row(name, *values)
        yield from [Text("")] if first else []
        yield frame
    if len(rows) < count:
        spans = new_frame("", f"… {count:,} samples")
        for name, span in zip(headers, _spans(result), strict=True):
            spans.add_row(name, span)
        yield from (Text(""), spans)


def _spans(result: Result) -> Iterator[str]:
    """The least and the greatest of each column of samples."""
    for tensor in result.tensors:
        for column in tensor.numbers().reshape(len(tensor.entries), -1).T:
            yield minus_signs(f"{significant(column.min())} … {significant(column.max())}")
