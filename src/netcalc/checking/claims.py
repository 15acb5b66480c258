"""The answers that were brought: each a name of this answer's, and what was written for it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from netcalc.checking.names import LISTED, Names, Target, described, name_at
from netcalc.checking.written import Written, listed, read
from netcalc.errors import ExpressionError, NetcalcError, ShapeError, UnknownNameError
from netcalc.expression import symbols
from netcalc.result import Tensor

Allowed = Callable[[], Iterable[str]]  # the names that a formula may use

DECIMAL_COMMA = re.compile(r"[-−+]?\d+,\d+")


@dataclass(frozen=True, slots=True)
class Claim:
    """One answer: the element `index` of the tensor of that name is what was written, maybe of the `whole` tensor."""

    tensor: str
    index: tuple[int, ...]
    name: str
    written: Written
    note: str = ""
    whole: bool = False


def claims_of(names: Names, given: Iterable[tuple[str, Any]], allowed: Allowed) -> tuple[Claim, ...]:
    """Each (name, what was written for it) as claims; what was written is a text, a Written, or nested lists of them.

    `allowed` gives the names that a formula may use. Raises NetcalcError: no such name, the same twice, another shape,
    an expression that does not read.
    """
    found: dict[str, Claim] = {}
    for name, content in given:
        for claim in _claims(names, name, content, allowed):
            if claim.name in found:
                raise NetcalcError(
                    f"{claim.name} is answered twice: {found[claim.name].written.text} and {claim.written.text}"
                )
            _check_names(names, claim, allowed)
            found[claim.name] = claim
    return tuple(found.values())


def _claims(names: Names, name: str, content: Any, allowed: Allowed) -> Iterator[Claim]:
    target = names.find(name)
    if target.index is not None:
        yield _one(target, target.index, _single(content, target.name, allowed))
        return
    cells, note = _fitted(target.tensor, np.array(_nested(content, name), dtype=object))
    for index in np.ndindex(cells.shape):
        yield replace(_one(target, index, listed(_read(cells[index], name, allowed))), note=note, whole=True)


def _one(target: Target, index: tuple[int, ...], written: Written) -> Claim:
    return Claim(target.tensor.name, index, name_at(target.tensor, index), written)


def _single(content: Any, name: str, allowed: Allowed) -> Written:
    """What was written for one number; in brackets, it may be one alone."""
    cells = np.array(_nested(content, name), dtype=object)
    if cells.size != 1:
        with_comma = isinstance(content, str) and DECIMAL_COMMA.fullmatch(content.strip())
        hint = f"; a decimal has a point, {content.strip().replace(',', '.')}" if with_comma else ""
        raise ShapeError(f"{name} is a single number, and {cells.size} numbers are given for it{hint}")
    return _read(cells.reshape(-1)[0], name, allowed)


def _nested(content: Any, name: str) -> Any:
    """Typed text as lists of cells, [[…], […]] where there are rows; lists as they are."""
    if isinstance(content, np.ndarray) or not isinstance(content, str):
        _check_even(content, name)
        return content
    from netcalc.values import written_rows

    rows = written_rows(content)
    if len({len(row) for row in rows}) > 1:
        raise ShapeError(f"{name}: its rows have {', '.join(str(len(row)) for row in rows)} numbers, not all the same")
    if len(rows) > 1 or content.strip().startswith("[["):
        return rows
    return rows[0] if len(rows[0]) != 1 or content.strip().startswith("[") else rows[0][0]


def _check_even(content: Any, name: str) -> None:
    """Refuse lists that make no tensor."""
    if isinstance(content, list):
        kinds = {len(one) if isinstance(one, list) else None for one in content}
        if len(kinds) > 1:
            raise ShapeError(f"{name}: its lists are not all of one length")
        for one in content:
            _check_even(one, name)


def _fitted(tensor: Tensor, cells: np.ndarray) -> tuple[np.ndarray, str]:
    """What was written, in the tensor's shape, and a note where it was understood in another."""
    shape = tensor.entries.shape
    if cells.shape == shape:
        return cells, ""
    if cells.size == tensor.entries.size and _squeezed(cells.shape) == _squeezed(shape):
        return cells.reshape(shape), f"given as {described(cells.shape)}; {tensor.name} is {described(shape)}"
    if cells.shape == shape[::-1]:
        return cells.T, f"given transposed, as {described(cells.shape)}; {tensor.name} is {described(shape)}"
    raise ShapeError(f"{tensor.name} is {described(shape)}, and what is given for it is {described(cells.shape)}")


def _squeezed(shape: tuple[int, ...]) -> tuple[int, ...]:
    return tuple(size for size in shape if size != 1)


def _read(cell: Any, name: str, allowed: Allowed) -> Written:
    if isinstance(cell, Written):
        return cell
    try:
        return read(str(cell), allowed)
    except ExpressionError as error:
        raise ExpressionError(f"{name}: {error.message}", source=error.source, position=error.position) from None


def _check_names(names: Names, claim: Claim, allowed: Allowed) -> None:
    """Raises UnknownNameError for a name that isn't there, NetcalcError for the answer's own."""
    text = claim.written.text
    for name in symbols(claim.written.tree):
        place = re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text)
        position = place.start() if place else 0
        if name == claim.name and not names.is_variable(name):
            raise NetcalcError(f"{name} is answered by itself", source=text, position=position)
        if name not in (known := list(allowed())):
            raise _unknown(claim, name, known, position)


def _unknown(claim: Claim, name: str, known: Sequence[str], position: int) -> UnknownNameError:
    from difflib import get_close_matches

    near = get_close_matches(name, known, n=1)
    hint = f"did you mean '{near[0]}'?" if near else f"a formula here is in {', '.join(known[:LISTED])}"
    message = f"{claim.name}: there is no '{name}' in this problem; {hint}"
    return UnknownNameError(message, source=claim.written.text, position=position)
