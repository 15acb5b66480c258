"""The arguments of a library's function, as they may be given: by place, and by each library's words for them.

A signature is text: `x|input|a:t axis|dim:a=-1 keepdims|keepdim:b=False *sizes:v`. A word may have several spellings;
behind the colon is what it has to be; behind the equals sign what it is where it is left out.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np

from netcalc.errors import NetcalcError
from netcalc.graph.leaves import ARRAY
from netcalc.program.values import Missing, Opaque, Tensor, described, is_scalar, is_size, kind_of, node_of, tree_of
from netcalc.records import NamedTuple

# What says how a result is stored, or where, which changes nothing here.
IGNORED = frozenset(
    (
        "dtype device requires_grad inplace order copy subok casting layout pin_memory memory_format precision "
        "preferred_element_type optimize non_blocking like antialias training track_running_stats indexing_checked"
    ).split()
)


COUNTED_KINDS = frozenset("size shape i i? a".split())
COUNTED_WORDS = frozenset("size shape sizes newshape repeats stop M".split())


def _as_is(value: Any) -> Any:
    return value


class Parameter(NamedTuple):
    """One argument: its spellings, its kind, and its default (as text) if it has one."""

    words: tuple[str, ...]
    kind: str
    default: str | None
    many: bool


@lru_cache(maxsize=1024)
def parameters(signature: str) -> tuple[Parameter, ...]:
    """A signature's arguments."""
    found = []
    for text in signature.split():
        word, _, default = text.partition("=")
        names, _, kind = word.lstrip("*").partition(":")
        found.append(Parameter(tuple(names.split("|")), kind or "v", default or None, word.startswith("*")))
    return tuple(found)


def bound(
    name: str, signature: str, args: Sequence[Any], keywords: Mapping[str, Any], counted: Callable[[Any], Any] = _as_is
) -> list[Any]:
    """The arguments in the signature's order, each as the kind it has to be.

    What is a size or a place is what `counted` makes of it first: the number that an array is, if it is known.
    Raises NetcalcError for one too many, unknown, given twice or left out, or of another kind.
    """
    rows = parameters(signature)
    places = {word: place for place, row in enumerate(rows) for word in row.words}
    given: dict[int, Any] = {}
    rest = list(args)
    for place, row in enumerate(rows):
        if row.many:
            given[place], rest = rest, []
        elif rest:
            given[place] = rest.pop(0)
    if rest and not all(isinstance(one, Opaque) or one is None for one in rest):
        raise NetcalcError(f"{name} takes {_count(len(rows))}, not {len(args)}: {usage(name, signature)}")
    for word, value in keywords.items():
        if word not in places:
            if word in IGNORED:
                continue
            raise NetcalcError(f"{name} has no argument '{word}' here: {usage(name, signature)}")
        place = places[word]
        if given.get(place, []) != [] and place in given:
            raise NetcalcError(f"{name} has '{word}' twice")
        given[place] = [value] if rows[place].many and not isinstance(value, list | tuple) else value
    return [
        _argument(name, signature, row, _with_numbers(given, place, row, counted), place)
        for place, row in enumerate(rows)
    ]


def _with_numbers(
    given: dict[int, Any], place: int, row: Parameter, counted: Callable[[Any], Any]
) -> Mapping[int, Any]:
    if place in given and (row.kind in COUNTED_KINDS or COUNTED_WORDS & {*row.words}):
        given[place] = _each(counted, given[place])
    return given


def _each(change: Callable[[Any], Any], value: Any) -> Any:
    return type(value)(_each(change, one) for one in value) if type(value) in (list, tuple) else change(value)


def _argument(name: str, signature: str, row: Parameter, given: Mapping[int, Any], place: int) -> Any:
    if place not in given:
        if row.default is None:
            raise NetcalcError(f"{name} lacks its argument {row.words[0]}: {usage(name, signature)}")
        return _default(row)
    value = given[place]
    try:
        return [CONVERSIONS[row.kind](one) for one in value] if row.many else CONVERSIONS[row.kind](value)
    except NetcalcError as error:
        raise type(error)(f"{name}: {row.words[0]}: {error.message}") from None


def _default(row: Parameter) -> Any:
    assert row.default is not None  # noqa: S101 - see _argument
    try:
        value = ast.literal_eval(row.default)
    except ValueError:
        return row.default
    return Fraction(row.default) if isinstance(value, float) else value


def usage(name: str, signature: str) -> str:
    """How it is called, in its words."""
    words = [
        f"{'*' * row.many}{row.words[0]}" + (f"={row.default}" if row.default is not None else "")
        for row in parameters(signature)
    ]
    return f"{name}({', '.join(words)})"


def _count(many: int) -> str:
    return f"at most {many} argument{'s' * (many != 1)}"


# --- what an argument may be


def tensor(value: Any) -> Tensor:
    """An array, or a number as one."""
    return value if isinstance(value, Tensor) else Tensor(node_of(value), kind_of(value))


def whole(value: Any) -> int:
    """A whole number that is known."""
    found = whole_or_none(value)
    if found is None:
        raise NetcalcError(f"a whole number is needed, and {described(value)} is none that is known here")
    if abs(found) >= 2**62:
        raise NetcalcError("a whole number of at most 62 bits is needed")
    return found


def whole_or_none(value: Any) -> int | None:
    """The whole number that a value is, if it is."""
    if isinstance(value, bool | int):
        return int(value)
    if isinstance(value, Fraction) and value.denominator == 1:
        return value.numerator
    if isinstance(value, Tensor) and value.node.operation is ARRAY and value.node.params.array.size == 1:
        one = value.node.params.array.reshape(-1)[0]
        return int(one) if isinstance(one, np.integer) else None
    return None


def axis(value: Any) -> Any:
    """None, a whole number, or several."""
    if value is None:
        return None
    if isinstance(value, list | tuple):
        return tuple(whole(one) for one in value)
    return whole(value)


def flag(value: Any) -> bool:
    """True or False."""
    if isinstance(value, bool | int):
        return bool(value)
    raise NetcalcError(f"True or False is needed, not {described(value)}")


def size(value: Any) -> Any:
    """The size of an axis."""
    if is_size(value):
        return value
    return whole(value)


def sizes(value: Any) -> tuple[Any, ...]:
    """A shape: one size, or several."""
    if isinstance(value, list | tuple):
        return tuple(size(one) for one in value)
    return (size(value),)


def number(value: Any) -> Any:
    """An exact number."""
    if not is_scalar(value):
        raise NetcalcError(f"a number is needed, not {described(value)}")
    return value


def fraction(value: Any) -> Fraction:
    """A number that is a fraction."""
    from netcalc.expression import Number

    tree = tree_of(number(value))
    if not isinstance(tree, Number):
        raise NetcalcError("a plain number is needed, such as 0.1")
    return tree.value


def several(arguments: Sequence[Any]) -> list[Any]:
    """Arguments by themselves, or those in the one list that they are."""
    is_list = len(arguments) == 1 and isinstance(arguments[0], list | tuple)
    return list(arguments[0] if is_list else arguments)


def tensors(value: Any) -> list[Tensor]:
    """A list of arrays; an array stands for its rows."""
    if isinstance(value, list | tuple):
        return [tensor(one) for one in value]
    if isinstance(value, Tensor):
        return [value]
    raise NetcalcError(f"a list of arrays is needed, not {described(value)}")


def text(value: Any) -> str:
    """A text."""
    if not isinstance(value, str):
        raise NetcalcError(f"a text is needed, not {described(value)}")
    return value


def _anything(value: Any) -> Any:
    if isinstance(value, Missing):
        said = f"give it with --at {value.name}=…, or write x.shape[0] for a size"
        raise NetcalcError(f"'{value.name}' has no value here; {said}")
    return value


def _or_none(convert: Any) -> Any:
    return lambda value: None if value is None else convert(value)


CONVERSIONS: Mapping[str, Any] = {
    "t": tensor,
    "t?": _or_none(tensor),
    "ts": tensors,
    "a": axis,
    "i": whole,
    "i?": _or_none(whole),
    "b": flag,
    "size": size,
    "shape": sizes,
    "n": number,
    "n?": _or_none(number),
    "q": fraction,
    "s": text,
    "v": _anything,
}
