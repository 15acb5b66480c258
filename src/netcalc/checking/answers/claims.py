"""The answers that were brought: each a name of this answer's, and what was written for it."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property
from typing import Any

import numpy as np

from netcalc.arrays import squeezed
from netcalc.checking.answers.handwritten import read_number, unquoted
from netcalc.checking.answers.names import Names, Target, described, name_at, spelled_out
from netcalc.checking.answers.parts import parts_written_out
from netcalc.checking.answers.spelled import spelled
from netcalc.checking.answers.together import are_float32
from netcalc.checking.answers.whole import Tensors, Whole, is_list
from netcalc.checking.answers.written import FLOAT32_BITS, Written, listed, read, unbounded
from netcalc.errors import ExpressionError, NetcalcError, ShapeError, UnknownNameError
from netcalc.expression import Apply, Symbol, Tree, symbols
from netcalc.files.printed import as_lists
from netcalc.records import dataclass
from netcalc.result import Tensor

DECIMAL_COMMA = re.compile(r"[-−+]?\d*,\d+")
OF_DERIVATIVE = r"(?<![\w/])([d∂])([^\W\d]\w*)\s*/\s*\1([^\W\d]\w*(?:@[\d.]+)?)"
UNUSUAL = re.compile(r"(?<![\w.])E(?!\w)|\belse\b|Piecewise|[<>≤≥]|\\[lg]|eaviside|\d/\d+ |\blen\(|\.\w+\(")
MISFIT = "the shape is wrong"
HAS_DIGIT, LETTER = re.compile(r"\d"), re.compile(r"[^\W\d]")


@dataclass(frozen=True, slots=True)
class Claim:
    """One answer: the element `index` of the tensor of that name is what was written.

    `whole` says that the tensor was answered as a whole, by one `formula` perhaps, which `is_turned` where rows are
    columns in it, and a text where its shapes don't fit; `misfit` tells of one of another shape, or of none.
    """

    tensor: str
    index: tuple[int, ...]
    name: str
    written: Written
    note: str = ""
    whole: bool = False
    formula: Tree | str | None = None
    is_turned: bool = False
    misfit: str = ""


def claims_of(names: Names, given: Iterable[tuple[str, Any]], tensors: Callable[[], Tensors]) -> tuple[Claim, ...]:
    """Each (name, what was written for it) as claims; what was written is a text, a Written, or nested lists of them.

    `tensors` gives what a formula may use. Raises NetcalcError: no such name, the same twice, another shape, an
    expression that does not read.
    """
    reader = _Reader(names, tensors)
    found: dict[str, Claim] = {}
    for name, content in given:
        for claim in reader.claims(name, content):
            if claim.name in found:
                raise NetcalcError(
                    f"{claim.name} is answered twice: {found[claim.name].written.text} and {claim.written.text}"
                )
            reader.check_names(claim)
            found[claim.name] = claim
    return tuple(found.values())


class Misfit(ShapeError):
    """A formula of a tensor is given for a single number."""


@dataclass(frozen=True)
class _Reader:
    names: Names
    tensors_of: Callable[[], Tensors]

    @cached_property
    def tensors(self) -> Tensors:
        """What a formula may use."""
        return self.tensors_of()

    @property
    def known(self) -> Collection[str]:
        """The names of single numbers that a formula may use."""
        return self.tensors.numbers

    def claims(self, name: str, content: Any) -> Iterator[Claim]:
        target = self.names.find(name)
        if isinstance(content, str):
            content = self.short(self.spelled(as_lists(unquoted(content))))
        if target.index is not None:
            try:
                yield _one(target, target.index, self.single(content, target.name))
            except Misfit as error:
                yield from _of_another_shape(target, content.strip(), error.message, content.strip())
            return
        try:
            formula = self.formula(content, name, target.tensor) if isinstance(content, str) else None
        except ShapeError as error:
            yield from _of_another_shape(target, content.strip(), f"{MISFIT}: {error.message}", content.strip())
            return
        if formula is not None:
            try:
                cells, note = _fitted(target.tensor, formula.entries)
            except ShapeError:
                yield from _of_another_shape(target, formula.tree, _misfit(target.tensor, formula), content.strip())
                return
            said = "" if formula.entries.shape or not cells.shape else _misfit(target.tensor, formula)
            is_turned = _is_turned(formula.entries.shape, target.tensor.entries.shape)
            notes = "; ".join(part for part in ("" if is_turned else note, *formula.notes) if part)
            trees: list[Tree] = cells.reshape(-1).tolist()
            for index, tree in zip(np.ndindex(cells.shape), trees, strict=True):
                own = Written(content.strip(), tree)
                one = _one(target, index, own)
                yield replace(one, note=notes, whole=True, formula=formula.tree, is_turned=is_turned, misfit=said)
            return
        cells, note = self.fitted(target, content, name)
        written = {index: self.read(cells[index], name) for index in np.ndindex(cells.shape)}
        bits = FLOAT32_BITS if isinstance(content, str) and _are_float32(written.values()) else None
        for index, number in written.items():
            known = replace(number, bits=bits) if bits and number.bits else listed(number)
            yield _one(target, index, known, note, whole=True)

    def spelled(self, text: str) -> str:
        """A formula whose choices are `where`, and whose e is e."""
        if not UNUSUAL.search(text):
            return text
        has_matrices = any(len(shape) > 1 for shape in self.tensors.shapes.values())
        is_free = not has_matrices and self.names.meant("loss") is None
        return spelled(text, self.tensors.shapes, is_free=is_free)

    def short(self, text: str) -> str:
        """A formula with ∂L/∂W1 or dL/dW1 as dW1, ∂a1/∂z1 as f′(z1), and parts that steps name written out.

        Raises NetcalcError for a derivative that is none of these.
        """
        text = parts_written_out(text, self.names.result, self.tensors.shapes)

        def named(found: re.Match[str]) -> str:
            of, by = (one if one in self.tensors.shapes else spelled_out(one) for one in found.group(2, 3))
            if f"d{by}" in self.tensors.shapes and self.names.meant(f"d{of}/d{by}"):
                return f"d{by}"
            if local := self.local(of, by):
                return local
            if found[1] == "d" or of not in self.tensors.shapes:
                return found[0]
            message = f"{found[0]} is the derivative of {of}: write what it is in the problem's names"
            raise NetcalcError(message, source=text, position=found.start())

        return re.sub(OF_DERIVATIVE, named, text) if "/" in text else text

    def local(self, of: str, by: str) -> str:
        """∂a1/∂z1 of a net, ∂q/∂x0 of a neuron, by another name; nothing for what is not known so."""
        if self.names.result.command == "neuron" and of == "q":
            other = {"x": "w", "w": "x"}.get(by[:1])
            return "1" if by == "b" else f"{other}{by[1:]}" if other and by[1:].isdecimal() else ""
        is_slope = (of[:1], by[:1], of[1:]) == ("a", "z", by[1:]) and by in self.tensors.shapes
        return f"f′({by})" if is_slope else ""

    def single(self, content: Any, name: str) -> Written:
        """What was written for one number; in brackets, it may be one alone."""
        if isinstance(content, str) and (number := self.number(content, name)):
            return number
        cells = np.array(_nested(content, name), dtype=object)
        if cells.size != 1:
            if isinstance(content, str) and LETTER.search(content) and not is_list(content):
                return self.read(content.strip(), name)
            raise ShapeError(f"{name} is a single number, and {cells.size} numbers are given for it")
        return self.read(cells.reshape(-1)[0], name)

    def fitted(self, target: Target, content: Any, name: str) -> tuple[np.ndarray, str]:
        """What was written, in the tensor's shape; cut at semicolons alone where its commas are decimal ones."""
        try:
            brought = np.array(_nested(content, name), dtype=object)
            shape = target.tensor.entries.shape
            if brought.ndim == 1 < len(shape) and brought.size == target.tensor.entries.size > max(shape):
                said = f"given as {described(brought.shape)}, row after row; {target.tensor.name} is {described(shape)}"
                return brought.reshape(shape), said
            return _fitted(target.tensor, brought)
        except ShapeError as error:
            cells = content.split(";") if isinstance(content, str) else []
            numbers = [self.number(cell, name) for cell in cells if DECIMAL_COMMA.fullmatch(cell.strip())]
            column = np.array(numbers, dtype=object)
            if len(cells) < 2 or len(numbers) < len(cells) or squeezed(target.tensor.entries.shape) != column.shape:
                raise error from None
            return _fitted(target.tensor, column)

    def read(self, cell: Any, name: str) -> Written:
        if isinstance(cell, Written):
            return cell
        with _named(name):
            return self.number(str(cell), name) or self.expression(str(cell), name)

    def expression(self, text: str, name: str) -> Written:
        """An expression of numbers; of tensors, or with a condition that stands for 1 or 0, where it is no such.

        Raises ExpressionError, UnknownNameError, Misfit for what is no number.
        """
        found: Written | ExpressionError
        try:
            found = read(text, lambda: self.tensors.shapes)
            if all(one in self.known for one in symbols(found.tree)):
                return found
        except ExpressionError as error:
            found = error
        has_tensors, whole = any(self.tensors.shapes.values()), None
        if has_tensors or isinstance(found, ExpressionError):  # of numbers alone, a condition
            try:
                whole = self.tensors.read(text, ())
            except NetcalcError as error:
                if has_tensors and isinstance(error, ShapeError):
                    raise Misfit(f"{MISFIT}: {error.message}") from None
                if has_tensors and isinstance(error, UnknownNameError):
                    raise
        if whole is not None and whole.entries.size == 1:
            return Written(text.strip(), whole.entries.reshape(-1)[0])
        if whole is not None and has_tensors:
            raise Misfit(f"{MISFIT}: this is {described(whole.entries.shape)}, and {name} is a single number")
        if isinstance(found, ExpressionError):
            raise found
        return found

    def number(self, text: str, name: str) -> Written | None:
        """A number as people write it."""
        with _named(name):
            return read_number(text, self.known) if HAS_DIGIT.search(text) else None

    def formula(self, content: str, name: str, tensor: Tensor) -> Whole | None:
        """A formula of a whole tensor; None for anything else."""
        if not LETTER.search(content) or ";" in content:
            return None
        with _named(name):
            return self.tensors.read(content, tensor.entries.shape)

    def check_names(self, claim: Claim) -> None:
        """Raises UnknownNameError for a name that isn't there, NetcalcError for the answer's own."""
        text = claim.written.text
        for name in symbols(claim.written.tree):
            if name == claim.name and not self.names.is_variable(name):
                place = re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text)
                raise NetcalcError(f"{name} is answered by itself", source=text, position=place.start() if place else 0)
            if name not in self.known:
                with _named(claim.name):
                    raise self.tensors.unknown(name, text)


@contextmanager
def _named(name: str) -> Iterator[None]:
    """An error in what was written for an answer names it."""
    try:
        yield
    except (ExpressionError, UnknownNameError) as error:
        message = error.message if error.message.startswith(f"{name}: ") else f"{name}: {error.message}"
        raise type(error)(message, source=error.source, position=error.position) from None


def _one(target: Target, index: tuple[int, ...], written: Written, note: str = "", *, whole: bool = False) -> Claim:
    return Claim(target.key or target.tensor.name, index, name_at(target.tensor, index), written, note, whole)


def _of_another_shape(target: Target, formula: Tree | str, said: str, text: str) -> Iterator[Claim]:
    """A formula that does not fit what it is for, as a claim of each entry that is nothing."""
    for index in np.ndindex(target.tensor.entries.shape) if target.index is None else [target.index]:
        yield replace(_one(target, index, unbounded(text)), whole=True, formula=formula, misfit=said)


def _misfit(tensor: Tensor, formula: Whole) -> str:
    return misfit(described(formula.entries.shape), tensor.name, described(tensor.entries.shape))


def misfit(own: str, name: str, right: str) -> str:
    """What is said of an answer of another shape."""
    return f"{MISFIT}: this is {own}, and {name} is {right}"


def _are_float32(written: Iterable[Written]) -> bool:
    """Whether numbers that were typed together are those of 32 bits, written out."""
    numbers = [float(one.value) for one in written if one.value is not None]
    return len(numbers) > 1 and are_float32(np.array(numbers))


def _nested(content: Any, name: str) -> Any:
    """Typed text as lists of cells, [[…], […]] where there are rows; lists as they are."""
    if isinstance(content, np.ndarray) or not isinstance(content, str):
        _check_even(content, name)
        return content
    from netcalc.values import written_lists, written_rows

    if content.strip().startswith("[[["):
        return _nested(written_lists(content), name)
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
    if not cells.ndim and isinstance(cells[()], Apply | Symbol):
        return np.broadcast_to(cells, shape), ""
    if cells.size == tensor.entries.size and squeezed(cells.shape) == squeezed(shape):
        return cells.reshape(shape), f"given as {described(cells.shape)}; {tensor.name} is {described(shape)}"
    if _is_turned(cells.shape, shape):
        return cells.T, f"given transposed, as {described(cells.shape)}; {tensor.name} is {described(shape)}"
    raise ShapeError(f"{tensor.name} is {described(shape)}, and what is given for it is {described(cells.shape)}")


def _is_turned(own: tuple[int, ...], shape: tuple[int, ...]) -> bool:
    """Whether one shape is the other's transpose, and no row for a column."""
    return own != shape and own == shape[::-1] and squeezed(own) != squeezed(shape)
