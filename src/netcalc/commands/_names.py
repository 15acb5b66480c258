"""The names that `--check`, `--wrt` and `--only` can take on a line as far as it is typed, to complete them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from netcalc.commands.variadic import Line

LARGEST = 64  # elements of a tensor that are offered one by one
LAYER = re.compile(r"^\s*\[\[\s*layers\s*\]\]", re.MULTILINE)


def names(option: str, command: str, line: Line) -> list[str]:
    """What the option can take: variables for `--wrt`, parts of the answer for `--only`, `NAME=` for `--check`."""
    if option == "wrt":
        return variables(line)
    if option not in ("check", "only") or command not in ANSWERS:
        return []
    found = list(ANSWERS[command](line))
    if option == "only":
        return [name for name, _ in found]
    return [f"{one}=" for name, shape in found for one in elements(name, shape)]


def variables(line: Line) -> list[str]:
    """The variables of the expressions on the line, those that read."""
    from netcalc.errors import NetcalcError
    from netcalc.expression import parse, symbols
    from netcalc.expression.tensor_parser import parse_tensors
    from netcalc.expression.tensor_tokens import has_tensors

    found: list[str] = []
    for word in line.words:
        with suppress(NetcalcError):
            found += symbols(parse_tensors(word).tree if has_tensors(word) else parse(word))
    return list(dict.fromkeys(found))


def elements(name: str, shape: Sequence[int]) -> list[str]:
    """A tensor's elements by name, or where they are not known or many, the tensor's."""
    if not shape:
        return [name]
    bare = len(shape) == 1 and not name[-1].isdigit()
    if len(shape) == 1 and 0 < shape[0] <= LARGEST:
        return [f"{name}{place}" if bare else f"{name}[{place}]" for place in range(shape[0])]
    if len(shape) == 2 and 0 < shape[0] * shape[1] <= LARGEST:
        return [f"{name}[{row},{column}]" for row in range(shape[0]) for column in range(shape[1])]
    return [name]


Answers = Iterator[tuple[str, tuple[int, ...]]]  # names with shapes; a length of 0 is not known


def _neuron(line: Line) -> Answers:
    size = max(_length(line, "x"), _length(line, "w"))
    yield from (("q", ()), ("f", ()))
    if line.lists.get("target"):
        yield "loss", ()
    yield from (("dx", (size,)), ("dw", (size,)), ("db", ()))


def _linear(line: Line) -> Answers:
    rows, columns = _shape(line.lists.get("matrix", []))
    yield from (("u", (rows,)), ("dv", (columns,)), ("dW", (rows, columns)), ("db", (rows,)))


def _net(line: Line) -> Answers:
    text = ""
    with suppress(OSError, UnicodeDecodeError, IndexError):
        text = Path(line.words[0]).read_text(encoding="utf-8")
    layers = range(1, len(LAYER.findall(text)) + 1)
    yield from ((f"{letter}{number}", (0,)) for number in layers for letter in ("z", "a"))
    yield "loss", ()
    yield from ((f"{letter}{number}", (0,)) for number in layers for letter in ("dz", "da", "dW", "db"))
    yield "dx", (0,)


def _grad(line: Line) -> Answers:
    yield "f", ()
    yield from ((f"d{name}", ()) for name in variables(line))


ANSWERS: Mapping[str, Callable[[Line], Answers]] = {"neuron": _neuron, "linear": _linear, "net": _net, "grad": _grad}


def _length(line: Line, option: str) -> int:
    """How many numbers were typed; 0 for a file, whose length is not known."""
    texts = [part for text in line.lists.get(option, []) for part in text.split(",")]
    return 0 if len(texts) == 1 and Path(texts[0]).suffix and not texts[0][-1].isdigit() else len(texts)


def _shape(texts: Sequence[str]) -> tuple[int, int]:
    rows = [row.replace(",", " ").split() for row in " ".join(texts).split(";")]
    is_typed = len(rows) > 1 or len(rows[0]) > 1
    return (len(rows), len(rows[0])) if is_typed else (0, 0)
