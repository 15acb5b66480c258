"""The numbers and tensors that the library's functions are given: float64 arrays as they are, all else as trees."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from netcalc.arguments import as_numpy, by_name, check_axes, plain
from netcalc.arrays import each
from netcalc.errors import NetcalcError, ShapeError, ValueSyntaxError
from netcalc.expression import Tree, parse, symbols
from netcalc.expression.tree import from_float64
from netcalc.files.numbers import check_finite
from netcalc.notation import to_ascii

Given = float | int | str | Fraction | Sequence[Any] | np.ndarray


def tensor(given: Given | None) -> np.ndarray | None:
    """A given thing as a tensor: float64 arrays as they are, all else as exact trees; None stays None.

    Raises ShapeError for lists that are not all of one length, ValueSyntaxError for what is no finite number.
    """
    if given is None:
        return None
    given = as_numpy(given)
    if isinstance(given, np.ndarray) and given.dtype.kind == "f" and given.size > 0:
        floats = given.astype(np.float64, copy=False)
        check_finite(floats, "what is given")
        return floats
    array = np.array(given, dtype=object)
    check_axes(array.ndim)  # of lists in lists, or of one that holds itself
    if not array.size:
        raise ShapeError("what is given holds no numbers")
    if any(isinstance(entry, list | tuple | np.ndarray) for entry in array.flat):
        raise ShapeError("what is given has rows that are not all of one length")
    return each(tree, array)


def tree(number: Any) -> Tree:
    """One number as an exact tree: text is parsed, a float is the binary number that it is.

    Raises ExpressionError, ValueSyntaxError.
    """
    if isinstance(number, str):
        return parse(number)
    if isinstance(number, bool | np.bool_):
        raise ValueSyntaxError(f"{number!r} is not a finite real number")
    try:
        return from_float64(Fraction(plain(number)))
    except (TypeError, ValueError, OverflowError):
        raise ValueSyntaxError(f"{number!r} is not a finite real number") from None


def number(name: str, value: Any) -> Tree:
    """An exact number. Raises ValueSyntaxError, ExpressionError."""
    found: Tree = _of_numbers(name, np.array(tree(value), dtype=object)).item()
    return found


def numbers(name: str, value: Any) -> np.ndarray | None:
    """What is given as a tensor of numbers. Raises ValueSyntaxError, ShapeError."""
    found = tensor(value)
    return None if found is None else _of_numbers(name, found)


def _of_numbers(name: str, array: np.ndarray) -> np.ndarray:
    if unknown := next((one for one in array.flat if array.dtype == object and symbols(one)), None):
        raise ValueSyntaxError(f"{name} is {to_ascii(unknown)}, which is no number")
    return array


def points(at: Mapping[str, Given], word: str = "at") -> dict[str, np.ndarray]:
    """The numbers of each variable. Raises NetcalcError for what is no mapping, ValueSyntaxError for no number."""
    by_name(word, at, f"{word}={{'x': 1, 'y': '1/3'}}")
    found = {}
    for name, value in at.items():
        column = numbers(name, value)
        if column is None:
            raise ValueSyntaxError(f"{name} is None: give it a number, or leave it out and it stays a symbol")
        found[name] = column
    return found


def brought(answers: Any) -> Mapping[str, Any] | Sequence[str]:
    """Answers, arrays as NumPy's. Raises NetcalcError for what are none."""
    if isinstance(answers, Mapping):
        stated = by_name("answers", answers, "{'dx': 2}")
        missing = next((name for name, value in stated.items() if value is None), None)
        if missing is not None:
            raise ValueSyntaxError(f"{missing} is None, which is no answer")
        return {name: as_numpy(value, name) for name, value in stated.items()}
    if isinstance(answers, str):
        return [answers]
    if not isinstance(answers, Sequence) or not all(isinstance(one, str) for one in answers):
        raise NetcalcError(f"answers are numbers by name, as in {{'dx': 2}}, or texts, and not {answers!r}")
    return answers
