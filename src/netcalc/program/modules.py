"""Weights of layers, nn.Linear's and its kin's (`nn.py` has their text): the inputs that they are, and their names.

A weight is an input, called as state_dict has it with _ for the points: fc1_weight, of self.fc1.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from itertools import chain
from typing import TYPE_CHECKING, Any

from netcalc.errors import NetcalcError, ShapeError
from netcalc.graph import build as b
from netcalc.graph.sizes import described, same
from netcalc.program.frames import Given
from netcalc.program.scope import Scope
from netcalc.program.source import ProgramError
from netcalc.program.values import Chain, Record, Tensor, kind_of
from netcalc.records import NamedTuple

if TYPE_CHECKING:
    from netcalc.program.expressions import Expressions


class Weight(NamedTuple):
    """An attribute that is an input of this shape, its name going on with `tail`; `made` is the line that makes it.

    `start` is the number that PyTorch fills it with, if it is one. A buffer has no gradient.
    """

    shape: tuple[Any, ...]
    made: Any
    start: Any = None
    tail: str = ""
    is_buffer: bool = False


WALKS = ("parameters", "named_parameters")  # methods that give all weights of an object
MAX_DEPTH = 16  # of objects in each other, which may hold themselves


class MissingWeight(ProgramError):
    """A weight without values, told where the program makes its layer."""


def _refuse(_: Scope, text: str) -> None:
    raise NetcalcError(text)


OF_MODULES: Mapping[str, Mapping[str, Callable[..., Any]]] = {
    "netcalc.weights": {
        "weight": lambda reader, *shape, **how: Weight(shape, reader.place, **how),
        "note": lambda reader, text: reader.note(text),
        "refuse": _refuse,
        "copied": lambda _, layer: copied(layer),
        "kept": lambda reader, owner, shape: mask_of(reader, owner, tuple(shape)),
        "is_condition": lambda _, mask: kind_of(mask) == "bool",
    },
    "copy": dict.fromkeys(("copy", "deepcopy"), lambda _, value: copied(value)),
}


def weight_of(reader: Scope, owner: Record, name: str, weight: Weight) -> Tensor:
    """The input that an object's weight is. Raises ShapeError, and ProgramError where all else has values."""
    key = (id(owner), name)
    if key not in reader.weights:
        if _is_being_made(reader, owner):
            unnamed = Tensor(b.given(f"{name} of a layer that is being made", weight.shape), "float", is_named=True)
            reader.unnamed[unnamed.node] = owner, name, weight
            return unnamed
        reader.weights[key] = owner, _input_of(reader, owner, name, weight)
        if weight.is_buffer:
            reader.indices.add(reader.weights[key][1].node)
    return reader.weights[key][1]


def _is_being_made(reader: Scope, owner: Record) -> bool:
    """Whether an object is made within another that does not hold it yet, so that its weights have no names."""
    makers = [frame.values.get("self") for frame in reader.frames if frame.name.endswith("__init__")]
    return any(_path(one, owner) is None for one in makers if isinstance(one, Record))


def is_first_filled(reader: Expressions, node: ast.Call) -> bool:
    """Whether a call fills a weight for the first time, as self.weight.data.uniform_(-1, 1) in __init__ does."""
    match node.func:
        case ast.Attribute(ast.Attribute() as owner, name) if name.endswith("_") and not name.startswith("_"):
            owner = owner.value if owner.attr == "data" and isinstance(owner.value, ast.Attribute) else owner
            if any(frame.name.endswith("__init__") for frame in reader.frames):
                made = reader.value(owner.value)
                return isinstance(made, Record) and isinstance(made.parts.get(owner.attr), Weight)
    return False


def fills_first(reader: Scope, node: ast.For) -> bool:
    """Whether a loop over layers or weights fills them for the first time, in __init__, and does nothing else."""
    match node.iter:
        case ast.Call(ast.Attribute(_, name)) if name in (*WALKS, "modules", "named_modules", "children"):
            lines = [one for one in ast.walk(node) if isinstance(one, ast.stmt)]
            is_in_init = any(frame.name.endswith("__init__") for frame in reader.frames)
            return is_in_init and all(isinstance(one, ast.For | ast.If) or _fills(one) for one in lines)
    return False


def _fills(line: ast.stmt) -> bool:
    """Whether a line is nn.init.zeros_(m.bias), m.weight.data.zero_() or the like, or names a number for such."""
    match line:
        case ast.Expr(ast.Call(ast.Attribute(_, name) | ast.Name(name))):
            return name.endswith("_")
        case ast.Assign([ast.Name()]) | ast.Pass():
            return True
    return False


def _has_symbols(reader: Scope) -> bool:
    """Whether inputs are without values, so that others may be."""
    return not reader.given or any(one.whole is None and not one.fractional for one in reader.given.values())


def _input_of(reader: Scope, owner: Record, name: str, weight: Weight) -> Tensor:
    label = _label(reader, owner, name + weight.tail)
    if label in reader.given:
        found = reader.given[label].shape
        if len(found) != len(weight.shape) or not all(map(same, found, weight.shape)):
            raise ShapeError(f"{label} is {described(weight.shape)}, and {described(found)} is given")
        return reader.input(label)
    if _has_symbols(reader):
        reader.given = {**reader.given, label: Given(weight.shape)}
        return reader.input(label)
    if weight.start is not None:
        return reader.drawn(label, weight.shape, weight.start)
    said = (
        f"{label} has no value: give it with --at {label}=…, {described(weight.shape)}, as PyTorch's state_dict has it"
    )
    source, node = weight.made
    error = source.error(said, node)
    raise MissingWeight(error.message, source=error.source, position=error.position)


def mask_of(reader: Scope, owner: Record, shape: tuple[Any, ...]) -> Tensor:
    """The input that says what a dropout keeps: drop_mask of self.drop, drop_mask_2 where it is called again."""
    label = _label(reader, owner, "mask")
    if label not in reader.given and not _has_symbols(reader):
        raise NetcalcError(
            f"dropout draws at random: give what it keeps, 1 or 0, with --at {label}=…, {described(shape)}, or call "
            ".eval() before"
        )
    found = _input_of(reader, owner, "mask", Weight(shape, reader.place))
    reader.weights[id(owner), label] = owner, found
    reader.indices.add(found.node)
    return found


def _within(value: Any) -> Iterator[tuple[tuple[str, ...], Any]]:
    """What an object, a dictionary or a list holds, and how it is called there, by attribute, key or place."""
    parts: Any = value.layers if isinstance(value, Chain) else value.parts if isinstance(value, Record) else value
    if isinstance(parts, list | tuple) and not isinstance(parts, Weight):
        parts = dict(enumerate(parts))
    for key, one in parts.items() if isinstance(parts, dict) else ():
        if isinstance(value, Record) and value.is_of_library and key.startswith("_"):
            yield from (((), each) for each in one)
        else:
            yield (str(key),), one


def parameters(reader: Scope, owner: Any, path: tuple[str, ...] = ()) -> dict[str, Tensor]:
    """The weights of an object and of those in it, each once, by the way to it."""
    found: dict[str, Tensor] = {}
    for key, one in _within(owner):
        label = ".".join((*path, *key))
        if isinstance(one, Weight):
            if not one.is_buffer:
                found[label + one.tail] = weight_of(reader, owner, key[0], one)
        elif isinstance(one, Tensor) and one.node in reader.leaves:
            found[label] = one
        else:
            found |= parameters(reader, one, (*path, *key))
    return {key: one for n, (key, one) in enumerate(found.items()) if one not in [*found.values()][:n]}


def set_training(layer: Any, *, trains: bool) -> None:
    """model.train() and model.eval(), of an object and of those in it."""
    if isinstance(layer, Record):
        layer.parts["training"] = trains
    for _, one in _within(layer):
        if isinstance(one, Record | Chain | list | dict):
            set_training(one, trains=trains)


def copied(value: Any) -> Any:
    """copy.deepcopy: an object with weights of its own."""
    if isinstance(value, Record):
        return replace(value, parts=copied(value.parts))
    if isinstance(value, Chain):
        return Chain(copied(value.layers))
    if isinstance(value, dict):
        return {key: copied(one) for key, one in value.items()}
    if isinstance(value, Tensor):
        return replace(value, buffer=object(), is_named=False)
    return type(value)(map(copied, value)) if type(value) in (list, tuple) else value


def _label(reader: Scope, owner: Record, name: str) -> str:
    """A name that no other object's weight has: the attributes that it is reached by, behind what holds these.

    That is left out where it is the program's only object: fc1_weight of model.fc1.
    """
    held = [pair for frame in reader.frames for pair in frame.values.items()]
    paths = ((front, value, _path(value, owner)) for front, value in held)
    front, value, path = next((one for one in paths if one[2] is not None), ("self", owner, ()))
    own = [one for one in reader.top.values.values() if _is_of_program(one)]
    is_left_out = front == "self" or (_is_of_program(value) and len(own) == 1)
    label = "_".join([*([] if is_left_out else [front]), *(path or ()), name])
    taken = {one.node.params.text for _, one in reader.weights.values()}
    more = (f"{label}_{count}" for count in range(2, len(taken) + 3))
    return next(one for one in chain([label], more) if one not in taken)


def _is_of_program(value: Any) -> bool:
    """Whether it is an object of the program's own classes."""
    return isinstance(value, Record) and value.of is not None and not value.is_of_library


def _path(value: Any, owner: Record, depth: int = 0) -> tuple[str, ...] | None:
    """The attributes, keys and places on the way from a value to an object in it; None where it is not there."""
    if value is owner:
        return ()
    for key, one in _within(value) if depth < MAX_DEPTH else ():
        if (found := _path(one, owner, depth + 1)) is not None:
            return (*key, *found)
    return None
