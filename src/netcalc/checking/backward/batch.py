"""The same passes for another number of samples, where the one that is given is 1 or another axis' size as well.

A factor 1/n that is left out, or is 1/(number of features), can't be seen at such a size.
"""

from __future__ import annotations

import ast
from collections.abc import Collection, Iterator, Mapping

import numpy as np

from netcalc.checking.backward.points import layer_inputs
from netcalc.errors import NetcalcError
from netcalc.models.graphed import GraphProblem
from netcalc.models.programs import ProgramRequest
from netcalc.models.programs import program as state
from netcalc.program.reading import Program
from netcalc.program.source import ProgramError, Source, parse

SAMPLES = (11, 13, 17)  # numbers that nobody writes as factors
OF_SHAPES = frozenset({"zeros", "ones", "full", "empty", "eye", "range", "arange", "reshape", "view", "expand", "tile"})


def with_other_batch(
    problem: GraphProblem, differentiated: Collection[str], sources: Collection[Source]
) -> tuple[GraphProblem, int] | None:
    """The problem with another number of samples, and that number; None where the given one tells all there is.

    A number of samples that a text has as a literal stays.
    """
    program: Program = problem.code
    reader = program.reader
    found = _batch(problem, differentiated)
    if found is None or reader is None or program.source.name == "":
        return None
    axis, size = found
    others = [one for name, node in problem.inputs.items() for place, one in enumerate(node.shape) if place != axis]
    if (size != 1 and size not in others) or any(_has_literal(source, size) for source in sources):
        return None
    number = next(one for one in SAMPLES if one not in others)
    given: Mapping[str, np.ndarray] = problem.given["at"]
    moved = {name: _resized(array, axis, size, number) for name, array in given.items() if name not in differentiated}
    moved |= {name: _resized(given[name], axis, size, number) for name in _data(problem, differentiated)}
    delta = problem.given.get("delta")
    request = ProgramRequest(
        {**given, **moved},
        problem.given.get("shape", {}),
        [name for name, one in reader.given.items() if one.kind == "int"],
        problem.given.get("of"),
        None if delta is None else _resized(delta, axis, size, number),
        elsewhere=list(given),
    )
    try:
        return state(program.source.text, program.source.name, request), number
    except NetcalcError:
        return None


def _batch(problem: GraphProblem, differentiated: Collection[str]) -> tuple[int, int] | None:
    """The axis of the samples and their number: that of a layer's input which no weights are multiplied along."""
    kept = layer_inputs(problem.output)
    for name in _data(problem, differentiated):
        node = problem.inputs[name]
        if node in kept and name in problem.values and node.rank > 1 and len(kept[node]) == 1:
            (axis,) = kept[node]
            size = node.shape[axis]
            return (axis, size) if isinstance(size, int) else None
    return None


def _data(problem: GraphProblem, differentiated: Collection[str]) -> Iterator[str]:
    """The inputs that are no weights, as their names or missing gradients say."""
    for name in problem.inputs:
        if name in problem.given["at"] and (
            name not in differentiated or name.lower().startswith(("x", "inp", "data"))
        ):
            yield name


def _resized(array: np.ndarray, axis: int, size: int, number: int) -> np.ndarray:
    """An array with the samples repeated; as it is where it has none."""
    place = 0 if array.ndim == 1 else axis
    if place >= array.ndim or array.shape[place] != size or (array.ndim == 1 and size == 1 and array.dtype == object):
        return array
    return np.take(array, np.arange(number) % size, axis=place)


def _has_literal(source: Source, size: int) -> bool:
    """Whether a text has a number of samples as a literal; 1 counts where shapes are said."""
    try:
        tree = parse(source)
    except ProgramError:
        return True
    inner: set[int] = set()
    for node in ast.walk(tree):
        match node:
            case ast.BinOp(_, ast.Pow(), power):
                inner.add(id(power))
            case ast.BinOp(ast.Constant() as factor, ast.Mult(), _):
                inner.add(id(factor))
            case ast.keyword("axis" | "dim" | "keepdims" | "keepdim", value):
                inner |= set(map(id, ast.walk(value)))
            case ast.Call(ast.Attribute(attr=("sum" | "mean" | "max" | "softmax" | "log_softmax")), args):
                inner |= {id(one) for one in args if isinstance(one, ast.Constant)}
    if size == 1:
        calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and _name(node) in OF_SHAPES]
        nodes = [one for call in calls for argument in call.args for one in ast.walk(argument)]
        if any(_is_first(node) for node in ast.walk(tree)):
            return True
    else:
        nodes = list(ast.walk(tree))
    return any(
        isinstance(one, ast.Constant) and type(one.value) in (int, float) and one.value == size and id(one) not in inner
        for one in nodes
    )


def _is_first(node: ast.AST) -> bool:
    """Whether it takes the only sample: x[0], and not x.shape[0]."""
    if not isinstance(node, ast.Subscript) or (isinstance(node.value, ast.Attribute) and node.value.attr == "shape"):
        return False
    first = node.slice.elts[0] if isinstance(node.slice, ast.Tuple) and node.slice.elts else node.slice
    return isinstance(first, ast.Constant) and first.value == 0


def _name(call: ast.Call) -> str:
    return call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
