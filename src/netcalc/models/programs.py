"""A forward pass as a program, as a problem: what is given to it, what comes from above, what is asked of it."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from netcalc.catalogue.names import unknown
from netcalc.errors import NetcalcError, ShapeError, ValueSyntaxError
from netcalc.expression import Apply, Number, Tree
from netcalc.graph import build as b
from netcalc.graph.backward import backward
from netcalc.graph.node import Node
from netcalc.graph.sizes import described, fits, named_size, settled
from netcalc.models.graphed import GraphProblem, stated
from netcalc.program import Given, Program, read
from netcalc.program.named import as_calls_call_them
from netcalc.records import NamedTuple

if TYPE_CHECKING:
    from netcalc.program.tracing import Tracer

TRACE = r"([^\W\d][\w.@]*)\s*(?:\[\s*(\d+(?:\s*,\s*\d+)*)\s*\])?"
SEQUENTIAL = r"(?m)^(\w+)\s*=\s*(?:\w+\.)*Sequential\("
FEW = 64  # entries
NOTHING: Mapping[str, np.ndarray] = {}


class ProgramRequest(NamedTuple):
    """Values by name (trees, float64 or integers), shapes of other names, and what is differentiated how.

    `counted` are the names whose values were written as whole numbers: loops and tests may go by them. `of` is the name
    that is differentiated, `delta` its gradient from above, `lr` asks for the inputs after a step of gradient descent.
    `elsewhere` are names that a backward pass which is checked uses, `trace` is the entry whose paths are asked for.
    `conditions` are the names whose values are true and false, given as 1 and 0: a mask picks entries, an index rows.
    """

    values: Mapping[str, np.ndarray] = NOTHING
    shapes: Mapping[str, tuple[int | str, ...]] = {}
    counted: Collection[str] = ()
    of: str | None = None
    delta: np.ndarray | None = None
    along: Mapping[str, np.ndarray] = NOTHING
    lr: Tree | None = None
    index_from: int = 0
    elsewhere: Collection[str] = ()
    trace: str | None = None
    conditions: Collection[str] = ()


def program(text: str, name: str, request: ProgramRequest) -> GraphProblem:
    """The problem that a program states; `name` is what messages call its file.

    Raises ProgramError with the line, NetcalcError for a value that the program has no use for.
    """
    request = of_its_model(text, request)
    given = {
        key: given_of(value, counted=key in request.counted, condition=key in request.conditions)
        for key, value in request.values.items()
    }
    _check_shapes(request)
    for key, shape in request.shapes.items():
        if key not in given:
            given[key] = Given(tuple(named_size(one) if isinstance(one, str) else one for one in shape))
    found = read(text, name, given, request.of)
    _check_used(found, [one for one in (*request.values, *request.shapes) if one not in request.elsewhere])
    return _problem(found, name, request)


def of_its_model(text: str, request: ProgramRequest) -> ProgramRequest:
    """With `0_weight`, as the state_dict of the only nn.Sequential has it, called model_0_weight."""
    if not any(one[0].isdigit() for one in (*request.values, *request.shapes)):
        return request
    models = re.findall(SEQUENTIAL, text)
    if len(models) != 1:
        return request

    def called(key: str) -> str:
        return f"{models[0]}_{key}" if key[0].isdigit() else key

    return request._replace(
        values={called(key): value for key, value in request.values.items()},
        shapes={called(key): value for key, value in request.shapes.items()},
        counted=list(map(called, request.counted)),
        conditions=list(map(called, request.conditions)),
    )


def _check_shapes(request: ProgramRequest) -> None:
    """Raises ShapeError for a name whose shape is said to be another than that of its values."""
    sizes: dict[str, int] = {}
    for key, shape in request.shapes.items():
        if key not in request.values:
            continue
        own = request.values[key].shape
        fits = len(shape) == len(own)
        for size, number in zip(shape, own, strict=False):
            count, _, called = str(size).rpartition("*")
            times = int(count or 1)
            one = sizes.setdefault(called, number // times) if isinstance(size, str) else size
            fits &= times * one == number
        if not fits:
            said = ",".join(map(str, shape))
            known = "".join(f", and {one} is {sizes[one]}" for one in _letters(shape))
            raise ShapeError(f"--shape has {key}={said}{known}; the values of {key} are {described(own)}")


def _letters(shape: Sequence[int | str]) -> Sequence[str]:
    return list(dict.fromkeys(one.rpartition("*")[2] for one in shape if isinstance(one, str)))


def problem_of(output: Node, tracer: Tracer, request: ProgramRequest, name: str) -> GraphProblem:
    """The problem that a traced function states."""
    inputs = {key: one.node for key, one in tracer.inputs.items()}
    label = "out" if output.shape else "loss"
    found = Program(tracer.source, output, label, inputs, {label: output}, {}, notes=tuple(tracer.notes))
    return _problem(found, name, request)


def _problem(found: Program, name: str, request: ProgramRequest) -> GraphProblem:
    inputs, values = dict(found.inputs), _values_of(found, request)
    delta = _above(found, request, inputs, values)
    output, named = as_calls_call_them(found.output, found.named)
    return GraphProblem(
        "net",
        output,
        found.output_name,
        inputs,
        values,
        found.wrt,
        named=named,
        delta=delta,
        along=request.along,
        updates=_updates(found, request, delta),
        given=_record(name, request),
        notes=found.notes,
        index_from=request.index_from,
        trace=_trace(found, request),
        code=found if found.reader is not None else None,
    )


def _values_of(found: Program, request: ProgramRequest) -> dict[str, np.ndarray]:
    """The values of inputs, of which some stand for what the program draws."""
    drawn = {} if found.reader is None else found.reader.drawn_values
    return {key: value for key in found.inputs if (value := request.values.get(key, drawn.get(key))) is not None}


def given_of(value: np.ndarray, *, counted: bool, condition: bool = False) -> Given:
    """What the reader is told of a value."""
    whole = whole_numbers(value)
    if condition:
        return Given(value.shape, whole, "bool", values=value)
    return Given(value.shape, whole, "int" if counted and whole is not None else "float", whole is None, value)


def whole_numbers(value: np.ndarray) -> np.ndarray | None:
    """The array as integers, if all its numbers are whole and of a size that an index or a count may have."""
    if value.dtype.kind in "iub":
        return value.astype(np.int64)
    if value.dtype != object:
        with np.errstate(invalid="ignore"):
            few = value.reshape(-1)[:FEW]  # of most arrays they tell
            fits = (
                bool((few == np.rint(few)).all())
                and bool((np.abs(value) < 2**53).all())
                and bool((value == np.rint(value)).all())
            )
        return value.astype(np.int64) if fits else None
    entries = [_whole(one) for one in value.reshape(-1)]
    if any(one is None for one in entries):
        return None
    return np.array(entries, dtype=np.int64).reshape(value.shape)


def _whole(tree: Tree) -> int | None:
    if isinstance(tree, Number) and tree.value.denominator == 1 and abs(tree.value) < 2**53:
        return int(tree.value)
    if isinstance(tree, Apply) and tree.operator == "negate":
        inner = _whole(tree.arguments[0])
        return None if inner is None else -inner
    return None


def _check_used(found: Program, names: Sequence[str]) -> None:
    unused = [name for name in names if name not in found.inputs]
    if unused and unused[0] in found.lines:
        place = f"line {found.lines[unused[0]]} of {found.source.name}"
        raise NetcalcError(f"{unused[0]} is assigned in {place}, and a value is given for it: leave out one of them")
    if unused:
        listing = f"the inputs of {found.source.name} are {', '.join(found.inputs) or 'none'}"
        raise unknown("input", unused[0], found.inputs, listing)


def _above(
    found: Program, request: ProgramRequest, inputs: dict[str, Node], values: dict[str, np.ndarray]
) -> Node | None:
    """The gradient of the output from above: as given, 1 for one number, a symbol where there are no values."""
    shape = tuple(map(settled, found.output.shape))
    taken = {*found.named, *inputs}
    label = next(one for one in (f"d{found.output_name}", "delta", "upstream") if one not in taken)
    if request.delta is not None:
        if not fits(request.delta.shape, shape):
            raise ShapeError(
                f"--delta is {described(request.delta.shape)}; {found.output_name} is {described(shape)}, "
                "and so is its gradient"
            )
        inputs[label] = b.given(label, shape)
        values[label] = request.delta
        return inputs[label]
    if all(size == 1 for size in shape):
        return b.number(1, shape) if shape else None
    if request.along:
        return None
    if not request.values:
        inputs[label] = b.given(label, shape)
        return inputs[label]
    raise ShapeError(
        f"{found.output_name} is {described(shape)}, no single number: give its gradient from above with --delta, in "
        "that shape, or name a number of the program with --of"
    )


def _updates(found: Program, request: ProgramRequest, delta: Node | None) -> dict[str, Node]:
    """Every input that is differentiated by, less η times its gradient."""
    if request.lr is None:
        return {}
    nodes = {name: found.inputs[name] for name in found.inputs if name in found.wrt}
    gradients = backward(found.output, delta, set(nodes.values())).gradients
    rate = b.number_of(request.lr)
    return {
        f"{name}_new": b.subtract(node, b.multiply(rate, gradients[node]))
        for name, node in nodes.items()
        if node in gradients
    }


def _trace(found: Program, request: ProgramRequest) -> tuple[str, tuple[int, ...]] | None:
    """The entry that `dW1[0,1]` or `h[2,0]` names, by places that count from 0.

    Raises ValueSyntaxError, UnknownNameError, ShapeError where there is none.
    """
    if request.trace is None:
        return None
    written = re.fullmatch(TRACE, request.trace.strip())
    if written is None:
        raise ValueSyntaxError(f"'{request.trace}' names no entry; one is written as in dW1[0,1], or dx of a number")
    nodes = {**found.inputs, **found.named}
    text, index = written[1], written[2] or ""
    name = text if text in nodes else text.removeprefix("d")
    if name not in nodes and not index:  # x0, as the table has the entries of a vector
        bare = name.rstrip("0123456789")
        name, index = (bare, name[len(bare) :]) if bare in nodes else (name, index)
    if name not in nodes:
        raise unknown("name", name, nodes, f"the names here are {', '.join(nodes)}")
    missing = next((one for one in found.inputs if one not in request.values), None)
    if missing is not None:
        raise NetcalcError(f"--trace takes values for all inputs, and {missing} has none: give it with --at")
    shape = tuple(map(settled, nodes[name].shape))
    places = tuple(int(place) - request.index_from for place in index.split(",") if place.strip())
    inside = len(places) == len(shape) and all(0 <= one < size for one, size in zip(places, shape, strict=True))  # type: ignore[operator]
    if not inside:
        raise ShapeError(f"{request.trace.strip()} is no entry of {name}, which is {described(shape)}")
    return name, places


def _record(name: str, request: ProgramRequest) -> dict[str, Any]:
    """What was stated."""
    more = stated(request)
    own = {"shape": more.pop("shape")} if "shape" in more else {}
    return {"program": name, "at": dict(request.values), **own, **({"of": request.of} if request.of else {}), **more}
