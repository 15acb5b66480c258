"""A Python function traced: called with arrays that record what NumPy is asked to do with them.

Nothing has values meanwhile: what goes by values (a branch, a library that leaves NumPy) is told with its line.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from fractions import Fraction
from functools import partial
from linecache import getline
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any
from weakref import WeakValueDictionary

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin

from netcalc.arguments import as_numpy, is_pytorchs
from netcalc.errors import NetcalcError
from netcalc.expression.tree import from_float64
from netcalc.graph.node import Node
from netcalc.program import indexing
from netcalc.program.frames import Given
from netcalc.program.library import IN_PLACE
from netcalc.program.library.elementwise import INFINITY, MINUS_INFINITY
from netcalc.program.methods import MEASURED
from netcalc.program.operators import binary
from netcalc.program.source import ProgramError, Source
from netcalc.program.statements import Statements
from netcalc.program.values import Cell, Module, Tensor, node_of, stored

SIGNS: Mapping[str, str] = {
    "add": "+",
    "subtract": "-",
    "multiply": "*",
    "divide": "/",
    "true_divide": "/",
    "power": "**",
    "matmul": "@",
    "floor_divide": "//",
    "remainder": "%",
    "bitwise_and": "&",
    "bitwise_or": "|",
    "bitwise_xor": "^",
}
LEAVES = (
    "this leaves NumPy, or writes into an array of its own; use NumPy's functions, and start from np.zeros_like(x), "
    "or give the text: netcalc.gradients(inspect.getsource(f), …)"
)
LIBRARIES = ("netcalc", "numpy", "torch", "jax", "contextlib", "functools")


class Traced(NDArrayOperatorsMixin):
    """An array that records: NumPy's operators and functions of it are nodes of the graph."""

    __array_priority__ = 1000

    def __init__(self, reader: Tracer, tensor: Tensor) -> None:
        self._reader = reader
        self._tensor = tensor

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **keywords: Any) -> Any:
        out = keywords.pop("out", (None,))[0]
        name = ufunc.__name__
        if method == "__call__" and name in SIGNS and not keywords:
            found = self._told(lambda: binary(self._reader, SIGNS[name], *map(_plain, inputs)))
        elif method == "__call__":
            found = self._called("logical_not" if name == "invert" else name, inputs, keywords)
        elif method == "at":
            return self._added_at(name, *inputs)
        else:
            found = self._told(lambda: self._reader.of_ufunc(name, method, _listed(inputs), _named(keywords)))
        if out is None or (out is self and self._is_number()):
            return self._wrapped(found)
        return _written(out, found)

    def __array_function__(
        self, function: Callable[..., Any], _: Any, args: Sequence[Any], keywords: Mapping[str, Any]
    ) -> Any:
        if function.__name__ in ("shape", "ndim", "size"):
            return getattr(self, function.__name__)
        out = keywords.get("out")
        rest = {word: value for word, value in keywords.items() if word != "out"}
        found = self._called(function.__name__, args, rest)
        into = args[0] if function.__name__ in IN_PLACE else out
        return self._wrapped(found) if into is None else _written(into, found)

    @classmethod
    def __torch_function__(
        cls, function: Callable[..., Any], _: Any, args: Sequence[Any] = (), keywords: Mapping[str, Any] | None = None
    ) -> Any:
        """A function of PyTorch, which is asked for by its name as in a program."""
        given = {word: value for word, value in (keywords or {}).items() if not word.startswith("_")}
        one = next(one for one in _flat((*args, *given.values())) if isinstance(one, Traced))
        return one._wrapped(one._called(function.__name__.strip("_"), args, given, "torch"))  # noqa: SLF001 - its own

    def __array__(self, *_: Any, **__: Any) -> Any:
        raise _error(LEAVES)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        library = self._reader.library
        if name in ("shape", "ndim", "T", "mT", "real") or (name == "size" and library != "torch"):
            return self._wrapped(self._told(lambda: self._reader.attribute(self._tensor, name)))
        if name == "dtype":
            return np.dtype(np.float64)
        if name not in MEASURED and not self._reader.function_named(name, Module(library)):
            if _library(sys._getframe(1)) in LIBRARIES:  # noqa: SLF001 - JAX asks what it is
                raise AttributeError(name)
            raise _error(f"an array's '{name}' is not understood; docs/reference/programs.md lists what is")
        return lambda *args, **keywords: self._method(name, args, dict(keywords))

    def __setattr__(self, name: str, value: Any) -> None:
        if not name.startswith("_"):
            raise _error(f"an array's {name} is not assigned to" + "; write x = x.reshape(…)" * (name == "shape"))
        object.__setattr__(self, name, value)

    def __getitem__(self, key: Any) -> Any:
        return self._wrapped(self._told(lambda: indexing.read(self._reader, self._tensor, _plain(key))))

    def __setitem__(self, key: Any, value: Any) -> None:
        def written() -> Tensor:
            part = indexing.part_of(self._reader, self._tensor, _plain(key))
            return indexing.written_into(self._reader, self._tensor, part, stored(self._tensor.kind, _plain(value)))

        self._replace(self._told(written))

    def __len__(self) -> int:
        return int(self._tensor.shape[0])

    def __iter__(self) -> Iterator[Any]:
        return (self[n] for n in range(len(self)))

    def __bool__(self) -> bool:
        raise _error("a branch goes by values here; write np.where(condition, a, b)")

    def __float__(self) -> float:
        raise _error(LEAVES)

    def __int__(self) -> int:
        return int(self.__float__())

    __index__ = __int__

    # --- what is recorded

    def _is_number(self) -> bool:
        """Whether += gives a new number, and writes into no array."""
        return not self._tensor.rank and not isinstance(self._tensor.buffer, Cell)

    def _method(self, name: str, args: Sequence[Any], keywords: dict[str, Any]) -> Any:
        out = self if name in IN_PLACE else keywords.pop("out", None)
        found = self._told(lambda: self._reader.method(self._tensor, name, _listed(args), _named(keywords)))
        return self._wrapped(found) if out is None else _written(out, found)

    def _called(self, name: str, args: Sequence[Any], keywords: Mapping[str, Any], library: str = "numpy") -> Any:
        return self._told(lambda: self._reader.library_call(name, library, _listed(args), _named(keywords)))

    def _added_at(self, name: str, target: Any, key: Any, value: Any) -> None:
        if name != "add" or not isinstance(target, Traced):
            raise _error(f"np.{name}.at is not understood here; np.add.at of a traced array is")
        reader, old = self._reader, target._tensor  # noqa: SLF001 - another of its kind
        part = self._told(lambda: indexing.part_of(reader, old, _plain(key)))
        target._replace(indexing.added_into(reader, old, part, node_of(_plain(value))))

    def _replace(self, found: Tensor) -> None:
        """Written in place: this stands for the new array. What shares its memory would have to change too."""
        if self._reader.is_shared(self):
            raise _error("this writes into memory that another array shares; write into a .copy()")
        self._tensor = Tensor(found.node, found.kind, self._tensor.buffer, zero=found.zero)

    def _told(self, work: Callable[[], Any]) -> Any:
        try:
            return work()
        except ProgramError:
            raise
        except NetcalcError as error:
            raise _error(error.message) from None

    def _wrapped(self, value: Any) -> Any:
        if isinstance(value, Tensor):
            return self._reader.traced(value)
        if isinstance(value, list | tuple) and any(isinstance(one, Tensor) for one in value):
            return [self._wrapped(one) for one in value]
        return value


def _written(into: Any, found: Any) -> Any:
    """An array that a result is written into."""
    if not isinstance(into, Traced):
        raise _error("an array of NumPy's own cannot hold what is traced; write y = y + x")
    into._replace(found)
    return into


class Tracer(Statements):
    """A reader that knows which traced arrays share memory."""

    def __init__(self, given: Mapping[str, Given], library: str) -> None:
        super().__init__(Source.of("", "the function"), given, library)
        self.alive: WeakValueDictionary[int, Traced] = WeakValueDictionary()

    def traced(self, tensor: Tensor) -> Traced:
        """An array that records."""
        found = Traced(self, tensor)
        self.alive[id(found)] = found
        return found

    def is_shared(self, one: Traced) -> bool:
        """Whether another array that is alive is of the same memory."""
        buffer = one._tensor.buffer  # noqa: SLF001 - it is of this module
        return any(other._tensor.buffer is buffer for other in self.alive.values() if other is not one)  # noqa: SLF001


def called(function: Callable[..., Any]) -> str:
    """What a function is called; a partial one as what it is made of, an object as its class."""
    name = getattr(function, "__name__", None)
    if name is None and isinstance(function, partial):
        return called(function.func)
    return name or type(function).__name__


def trace(
    function: Callable[..., Any],
    arguments: Mapping[str, Any],
    given: Mapping[str, Given],
    by_place: Sequence[str] = (),
    library: str = "numpy",
) -> tuple[Node, Tracer]:
    """What a function returns, called with arrays that record; `given` are the arguments that are inputs.

    Those `by_place` are given without their names. The `library` is whose methods the arrays have.

    Raises ProgramError with the line of what cannot be traced.
    """
    tracer = Tracer(given, library)
    traced = {name: tracer.traced(tracer.input(name)) if name in given else one for name, one in arguments.items()}
    try:
        value = function(*[traced.pop(name) for name in by_place], **traced)
    except (TypeError, ValueError) as error:  # NumPy's word for what an array here refused
        if isinstance(error.__cause__, ProgramError):
            raise error.__cause__ from None
        if Traced.__name__ in str(error) and error.__traceback__ is not None:
            raise _error(LEAVES, _last(error.__traceback__)) from None
        raise
    if isinstance(value, tuple | list) and value:
        if any(isinstance(one, Traced) for one in value[1:]):
            tracer.note(
                f"of {len(value)} values that are returned this is the first; return another first for its gradients"
            )
        value = value[0]
    if not isinstance(value, Traced):
        counts = [name for name, one in arguments.items() if isinstance(one, int | np.ndarray) and name not in given]
        hint = f"; {', '.join(counts)} of whole numbers has no gradient: give it as floats, as in 1.0" if counts else ""
        raise ProgramError(f"{called(function)} returns nothing that comes from its arrays: {str(value)[:60]}{hint}")
    return value._tensor.node, tracer  # noqa: SLF001 - it is of this module


def _plain(value: Any) -> Any:
    """A value as a reader has it: exact numbers, tensors."""
    if isinstance(value, Traced):
        return value._tensor  # noqa: SLF001 - it is of this module
    if isinstance(value, np.ndarray):
        return Tensor(node_of(value), {"b": "bool", "i": "int", "u": "int"}.get(value.dtype.kind, "float"))
    if isinstance(value, np.integer | np.bool_):
        return value.item()
    if isinstance(value, float | np.floating):
        return _number(float(value))
    if isinstance(value, slice):
        return slice(*(_plain(one) for one in (value.start, value.stop, value.step)))
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value] if isinstance(value, list) else tuple(_plain(one) for one in value)
    return _plain(as_numpy(value)) if is_pytorchs(value) else value


def _flat(values: Iterable[Any]) -> Iterator[Any]:
    for one in values:
        if isinstance(one, list | tuple):
            yield from _flat(one)
        else:
            yield one


def _number(value: float) -> Any:
    """The number that a float is; 0.1 in formulas."""
    if np.isnan(value):
        raise _error("nan is no number")
    if np.isinf(value):
        return INFINITY if value > 0 else MINUS_INFINITY
    return from_float64(Fraction(value))


def _listed(values: Sequence[Any]) -> list[Any]:
    return [_plain(one) for one in values]


def _named(values: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _plain(one) for name, one in values.items()}


def _last(trace: TracebackType) -> FrameType:
    """The frame where something was raised."""
    while trace.tb_next is not None:
        trace = trace.tb_next
    return trace.tb_frame


def _library(frame: FrameType) -> str:
    """The package that is running."""
    return str(frame.f_globals.get("__name__", "")).partition(".")[0]


def _error(message: str, frame: FrameType | None = None) -> ProgramError:
    """The error with the line of the user's own code that is being traced."""
    frame = frame or sys._getframe(1)  # noqa: SLF001 - the only way to the caller's line
    while frame.f_back is not None and _library(frame) in LIBRARIES:
        frame = frame.f_back
    file, number = frame.f_code.co_filename, frame.f_lineno
    line = getline(file, number).rstrip("\n")
    where = f"{Path(file).name}, line {number}"
    position = len(line) - len(line.lstrip())
    return ProgramError(f"{where}: {message}", source=line or None, position=position if line else None)
