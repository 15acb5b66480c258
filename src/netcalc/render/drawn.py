"""A tensor whose entries have one formula, as one row of a table: its values drawn as a matrix."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from netcalc.explain.explanation import literal
from netcalc.expression import Symbol, Tree
from netcalc.notation import to_unicode
from netcalc.notation.displays import Matrix
from netcalc.render.blocks import lay_out
from netcalc.render.prose import output_name
from netcalc.result import Element, Tensor


def drawing(tensor: Tensor, elements: Sequence[Element], room: int, *, closed: bool) -> list[str] | None:
    """The cells of its exact forms, where they are asked for, and of its values; None where it is listed.

    A vector is drawn as a row, as NumPy prints it. What has more axes, or takes more columns than there is room for,
    is listed, and what is all there is.
    """
    if tensor.entries.ndim not in (1, 2) or not 1 < tensor.entries.size == len(elements):
        return None
    if any(one.formula != elements[0].formula for one in elements):
        return None
    if not closed:
        drawn = [_matrix(tensor, elements, lambda one: literal(one.value))]
    elif all(one.value.exact is not None for one in elements):
        drawn = [_matrix(tensor, elements, lambda one: one.value.exact or literal(one.value))]
        drawn.append(_matrix(tensor, elements, lambda one: literal(one.value)))
    else:
        return None
    return drawn if sum(columns_of([drawn])) <= room else None


def columns_of(rows: Iterable[Sequence[str]]) -> list[int]:
    """How wide the columns of a table are, of the cells that it has in each row."""
    return [max(len(line) for cell in cells for line in cell.split("\n")) for cells in zip(*rows, strict=True)]


def _matrix(tensor: Tensor, elements: Sequence[Element], entry: Callable[[Element], Tree]) -> str:
    entries = [entry(one) for one in elements]
    columns = tensor.entries.shape[-1]
    rows = [tuple(entries[start : start + columns]) for start in range(0, len(entries), columns)]
    return "\n".join(lay_out(Matrix(tuple(rows))).lines)


def whole_name(tensor: Tensor) -> str:
    """What it is called as a whole: ∂f/∂W."""
    if tensor.titled is not None:
        return to_unicode(Symbol(tensor.titled(())))
    return to_unicode(Symbol(tensor.full)) if tensor.full else output_name(tensor.name, tensor.of)
