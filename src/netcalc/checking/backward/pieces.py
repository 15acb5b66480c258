"""The expressions that both passes are made of, with their values: what repairs are put together from."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from fractions import Fraction
from math import prod

import numpy as np

from netcalc.checking.backward.expressions import (
    called,
    factors,
    owner_of,
    terms,
)
from netcalc.checking.backward.slopes import slopes
from netcalc.checking.backward.trial import Trial
from netcalc.graph.arithmetic import Arithmetic
from netcalc.graph.sizes import settled
from netcalc.program.source import ProgramError, Source, parse
from netcalc.records import NamedTuple

MAX_HARVEST = 160  # expressions that are taken from both texts
MAX_NAMES = 48
MATRIX = 2  # axes


class Piece(NamedTuple):
    """An expression from one of the texts, and its value at the first point."""

    text: str
    value: np.ndarray
    divides: bool = False


class Harvest(NamedTuple):
    """What both texts are made of: factors, and summands."""

    factors: list[Piece]
    terms: list[Piece]
    keys: list[str]


def harvest(trial: Trial) -> Harvest:
    """The factors, summands and indices of both texts that have a value where the gradient is assigned."""
    sources = [trial.source]
    if trial.reading.forward.program.source is not trial.source:
        sources.append(trial.reading.forward.program.source)
    multiplied: dict[str, bool] = {}
    added: dict[str, None] = {}
    keys: dict[str, None] = {}
    for source in sources:
        for node in ast.walk(_tree(source)):
            if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Mult | ast.Div):
                for one, divides in factors(node):
                    multiplied.setdefault(_text(source, one), divides)
                    for inner, below in factors(one) if divides else ():
                        multiplied.setdefault(_text(source, inner), not below)
                    if divides and not isinstance(one, ast.BinOp | ast.Constant):
                        multiplied.setdefault(f"{_text(source, one)} ** 2", divides)
                    elif divides and isinstance(one.op if isinstance(one, ast.BinOp) else None, ast.Add | ast.Sub):
                        multiplied.setdefault(f"({_text(source, one)}) ** 2", divides)
            if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add | ast.Sub):
                for one, _ in terms(node):
                    added.setdefault(_text(source, one))
            if isinstance(node, ast.BinOp) and isinstance(node.op, ast.MatMult):
                added.setdefault(_text(source, node))
            if isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Tuple | ast.Name | ast.Compare):
                keys.setdefault(_text(source, node.slice).strip("()"))
            if isinstance(node, ast.Assign | ast.AugAssign):
                added.setdefault(_text(source, node.value))
    own = [Piece("2", np.array(2.0)), Piece("2", np.array(2.0), divides=True)]
    for text, divides in list(multiplied.items())[:MAX_HARVEST]:
        value = trial.value(text)
        if value is not None:
            own += [Piece(text, value, divides), Piece(text, value, not divides)]
    own += [Piece(text, one.slope) for one in slopes(trial) for text in one.texts if trial.value(text) is not None]
    own += [Piece(name, np.array(float(number)), divides=True) for name, number in trial.numbers.items()]
    for name, number in trial.numbers.items():
        if number > 1:
            own.append(Piece(f"({name} / ({name} - 1))", np.array(number / (number - 1))))
            own.append(Piece(f"(({name} - 1) / {name})", np.array((number - 1) / number)))
    own += [Piece(name, array) for name, array in list(arrays_of(trial).items())[-MAX_NAMES:]]
    for text in _powers(sources):
        value = trial.value(text)
        if value is not None:
            own.append(Piece(text, value))
    for text in _targets(trial):
        added.setdefault(text)
    summands = [Piece(text, value) for text in list(added)[-MAX_HARVEST:] if (value := trial.value(text)) is not None]
    return Harvest(_named_first(own), summands, list(keys)[:24])


def _named_first(own: list[Piece]) -> list[Piece]:
    """The factors, where a plain number comes behind a name that stands for it: tau for 2, where it is 1/2."""
    named = {_worth(one) for one in own if one.text.isidentifier() and not one.value.ndim and one.value}
    return sorted(own, key=lambda one: one.text.isdigit() and _worth(one) in named)


def _worth(piece: Piece) -> float:
    value = float(piece.value) if not piece.value.ndim else 0.0
    return round(1 / value if piece.divides and value else value, 12)


def _powers(sources: list[Source]) -> Iterator[str]:
    """Powers of what both texts take roots and powers of."""
    for source in sources:
        for node in ast.walk(_tree(source)):
            own = None
            if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
                own = node.left
            elif isinstance(node, ast.Call) and called(node) in ("sqrt", "rsqrt", "power", "pow"):
                own = owner_of(node)
            if own is not None:
                yield from (f"({_text(source, own)}) ** {power}" for power in ("-0.5", "-1.5", "-1", "-2", "0.5"))


def _targets(trial: Trial) -> Iterator[str]:
    """One-hot targets of classes that are given."""
    shape = trial.true[0].shape
    if len(shape) != MATRIX:
        return
    for name, tensor in trial.names.items():
        if tensor.node in trial.reading.code.reader.indices and trial.shape(tensor.node) == shape[:1]:
            is_torch = trial.reading.code.reader.library == "torch"
            yield f"F.one_hot({name}, {shape[1]})" if is_torch else f"np.eye({shape[1]})[{name}]"


def _tree(source: Source) -> ast.Module:
    try:
        return parse(source)
    except ProgramError:
        return ast.Module([], [])


def _text(source: Source, node: ast.expr) -> str:
    return source.segment(node)


def near(a: np.ndarray, c: np.ndarray) -> bool:
    """Whether two arrays are the same but for rounding."""
    try:
        size = float(np.abs(c).max()) if c.size else 0.0
        return bool(np.broadcast_shapes(a.shape, c.shape) == c.shape and (np.abs(a - c) <= 1e-9 * size + 1e-13).all())
    except ValueError:
        return False


def off_by(trial: Trial) -> Piece | None:
    """The plain factor that a gradient is off by, if there is one."""
    return None if trial.found is None else plain_ratio(trial, trial.found, trial.true[0])


def plain_ratio(trial: Trial, found: np.ndarray, true: np.ndarray) -> Piece | None:
    """A plain factor that leads from one array to the other: a number, or a size in letters."""
    ratio = _number_between(found, true)
    return None if ratio is None else _in_sizes(trial, ratio)


def _in_sizes(trial: Trial, ratio: Piece) -> Piece | None:
    """A factor as the size that it is, in the program's words; None where it has a number that stands for a letter."""
    forward = trial.reading.forward
    sizes = {**forward.sizes, **({str(forward.samples): forward.samples} if forward.samples else {})}
    for name, node in trial.reading.forward.program.inputs.items():
        for axis, size in enumerate(map(settled, node.shape)):
            if str(sizes.get(str(size))) == ratio.text:
                return ratio._replace(text=f"{name}.shape[{axis}]")
    if sizes and trial.reading.code.reader.library != "torch":
        numbers = Arithmetic(forward.sizes)
        for name, node in reversed(list(forward.program.inputs.items())):  # a target comes behind what is given
            if node.rank > 1 and str(prod(numbers.shape(node.shape))) == ratio.text:
                return ratio._replace(text=f"{name}.size")
    whole = [int(one) for one in re.findall(r"\d+", ratio.text)]
    return None if any(one % size == 0 for one in whole for size in sizes.values()) else ratio


def _number_between(found: np.ndarray, true: np.ndarray) -> Piece | None:
    at = np.unravel_index(np.argmax(np.abs(found)), found.shape) if found.size else ()
    if found.shape != true.shape or not found.size or not found[at]:
        return None
    ratio = float(true[at] / found[at])
    if not near(found * ratio, true):
        return None
    number = Fraction(ratio).limit_denominator(1000)
    if abs(float(number) - ratio) > 1e-9 * abs(ratio) or not number:
        return None
    if abs(number.numerator) == 1:
        return Piece(str(number.denominator * number.numerator), np.array(1 / ratio), divides=True)
    text = str(number.numerator) if number.denominator == 1 else f"({number.numerator} / {number.denominator})"
    return Piece(text, np.array(ratio))


def arrays_of(trial: Trial) -> dict[str, np.ndarray]:
    found = {name: trial.array(tensor) for name, tensor in trial.names.items()}
    return {name: array for name, array in found.items() if array is not None and name != trial.one.version.name}
