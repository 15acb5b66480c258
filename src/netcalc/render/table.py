"""The table for people: Rich on a terminal, the same without colour in a pipe."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from netcalc.expression import Tree
from netcalc.notation import to_unicode
from netcalc.render.blocks import in_line
from netcalc.render.frame import frame as new_frame
from netcalc.render.prose import READABLE, element_name, output_name, step_lines
from netcalc.render.rows import sample_elements, samples
from netcalc.result import Element, Result, Step, Tensor, Value

ROWS_LIMIT = 64  # a longer tensor is summarised
WIDEST_FORMULA = 32  # characters of a formula that is repeated for every element
WIDEST_NUMBER = 16  # characters of a value that a chain of numbers still reads well with
CORNER = 3  # elements of it that are shown


def table(result: Result, *, steps: bool = False) -> Iterator[RenderableType]:
    """What is drawn, or else every element; then the other steps if asked for, the notes, and how sure it is.

    Where answers were brought, the verdicts on them come in place of the answer.
    """
    if result.checked:
        from netcalc.render.verdicts import verdicts

        yield from verdicts(result)
        if steps and result.steps:
            yield Text("")
            yield _Steps(result.steps)
    else:
        yield from _answer(result, steps=steps)
    below = [Text(f"note: {note}", style="yellow") for note in result.notes]
    below += [Text(line, style="dim") for line in result.assurance]
    yield from (Text(""), *below) if below else ()


def _answer(result: Result, *, steps: bool) -> Iterator[RenderableType]:
    drawings = result.drawings
    if drawings:
        yield _Steps(drawings)
    if drawings and has_closed_forms(result):
        yield Text("")
    if not drawings or has_closed_forms(result):
        yield _samples(result) if result.sample_rows else _elements(result)
    others = tuple(step for step in result.steps if not step.drawn)
    if steps and others:
        yield Text("")
        yield _Steps(others)


@dataclass(frozen=True, slots=True)
class _Steps:
    """Steps, in the width that there is."""

    steps: tuple[Step, ...]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield Text("\n".join(step_lines(self.steps, min(options.max_width, READABLE))))


def has_closed_forms(result: Result) -> bool:
    """Whether values have exact forms to show beside their digits."""
    return any(value.exact is not None for tensor in result.tensors for value in tensor.values)


def _elements(result: Result) -> Table:
    numbers = {step.element: step for step in result.steps if step.element}
    values = [value for tensor in result.tensors for value in tensor.values]
    if any(len(value.shown) > WIDEST_NUMBER for value in values):
        numbers = {}
    closed = has_closed_forms(result)
    bare = _is_formulas_alone(result)
    headers = ["", "formula", *(["with numbers"] if numbers else []), *(["exact"] if closed else [])]
    headers += [] if bare else ["value"]
    frame = new_frame(*headers, right=() if any(value.formula for value in values) else ("value",))
    for tensor in _in_order(result):
        for one in _shown_elements(_brief(tensor)):
            cells = [element_name(one, tensor.of), to_unicode(one.formula)]
            if numbers:
                cells.append(_with_numbers(numbers[one.name], one.value.exact) if one.name in numbers else "")
            if closed:
                cells.append(to_unicode(one.value.exact) if one.value.exact is not None else "")
            frame.add_row(*cells, *([] if bare else [shown(one.value)]))
        if tensor.entries.size > ROWS_LIMIT:
            frame.add_row(*_summary(tensor, frame))
    return frame


def _is_formulas_alone(result: Result) -> bool:
    """Whether every value is its formula: no number was given."""
    return all(one.value.formula == one.formula for tensor in result.tensors for one in _shown_elements(tensor))


def _brief(tensor: Tensor) -> Tensor:
    """The tensor with the activation's slope by its name, where its formula is too long to repeat for each element."""
    if tensor.brief is None or len(to_unicode(tensor.formula)) <= WIDEST_FORMULA:
        return tensor
    return replace(tensor, formula=tensor.brief)


def _in_order(result: Result) -> Iterator[Tensor]:
    """Forward values, then the slopes between, then the partials."""
    yield from (tensor for tensor in result.tensors if tensor.of is None)
    yield from (tensor for tensor in result.inner if "/" in tensor.name or tensor.of not in (None, tensor.key))
    yield from (tensor for tensor in result.tensors if tensor.of is not None)


def _with_numbers(step: Step, exact: Tree | None) -> str:
    """A step's chain between its formula or rule and its value, without the closed form that has its own column."""
    return " = ".join(in_line(part) for part in step.chain[1:-1] if exact is None or part != exact)


def _shown_elements(tensor: Tensor) -> Iterator[Element]:
    if tensor.entries.size <= ROWS_LIMIT:
        yield from tensor.elements()
        return
    for one, _ in zip(tensor.elements(), range(CORNER), strict=False):
        yield one


def _summary(tensor: Tensor, frame: Table) -> list[str]:
    """Shape, norm and extremes of a tensor too large to list."""
    import numpy as np

    values = tensor.numbers()
    shape = "×".join(map(str, tensor.entries.shape))
    text = f"{shape}, norm {np.linalg.norm(values):.6g}, {values.min():.6g} … {values.max():.6g}"
    return [f"… {output_name(tensor.name, tensor.of)}", text, *[""] * (len(frame.columns) - 2)]


def shown(value: Value) -> str:
    """A value as the table writes it."""
    return to_unicode(value.formula) if value.formula is not None else value.shown.replace("-", "−")


def _samples(result: Result) -> Table:
    rows = [list(sample_elements(result, sample)) for sample in samples(result)]
    headers = [element_name(one, of) for one, of in rows[0]]
    numeric = all(one.value.formula is None for row in rows for one, _ in row)
    frame = new_frame("sample", *headers, right=headers if numeric else ())
    for number, row in enumerate(rows):
        frame.add_row(str(number), *(shown(one.value) for one, _ in row))
    return frame
