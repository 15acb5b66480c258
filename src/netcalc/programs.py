"""The library face of programs: a forward pass as text, or as a function of NumPy arrays."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

import netcalc.notebook  # noqa: F401  # has notebooks and print show results
from netcalc.arguments import as_numpy, by_name, is_pytorchs, text, without_points
from netcalc.errors import NetcalcError
from netcalc.given import Given, number, numbers
from netcalc.models.programs import ProgramRequest, given_of, problem_of, program
from netcalc.models.request import shape_of
from netcalc.models.samples import by_samples
from netcalc.result import Result
from netcalc.solving.solve import flag, solve


def gradients(
    forward: str | Callable[..., Any],
    /,
    at: Mapping[str, Given] | None = None,
    *,
    of: str | None = None,
    shape: Mapping[str, str | int | Sequence[int | str]] | None = None,
    delta: Given | None = None,
    lr: float | str | None = None,
    trace: str | None = None,
    per_sample: bool = False,
    digits: int | None = None,
    exact: bool = False,
    verify: bool = False,
    certify: bool | None = None,
    **values: Given,
) -> Result:
    """The values and gradients of a forward pass at x=…, W=…; `at` has the names that are words here too.

    A text is read as `netcalc net forward.py` reads it, never run: NumPy's, PyTorch's and JAX's spelling, every name's
    gradient. A function of arrays of NumPy or PyTorch is called once with arrays that record, and has the gradient of
    each argument that is no whole number. `of` is the name to differentiate, `delta` its gradient from above where it
    is no single number, `shape` the sizes of inputs without values. Of a text `trace` ("dW1[0,1]") has the paths from
    one entry to the output, and `per_sample` keeps the samples' gradients apart, the rows of x, targets and the like
    being samples. Raises NetcalcError, with the line in your code.
    """
    stated = {**by_name("at", {} if at is None else at, "at={'x': 1}"), **values}
    given = {without_points(name): as_numpy(value, name) for name, value in stated.items()}
    shape = by_name("shape", {} if shape is None else shape, "shape={'x': 'n,4'}")
    shape = {without_points(name): sizes for name, sizes in shape.items()}
    if of is not None:
        text("of", of, "'loss'")
    per_sample = flag("per_sample", per_sample)
    if callable(forward):
        for word, is_given in {
            "trace": trace is not None,
            "per_sample": per_sample,
            "of": of is not None,
            "shape": shape,
        }.items():
            if is_given:
                raise NetcalcError(f"{word} is for a program's text")
        library = "torch" if any(map(is_pytorchs, stated.values())) else "numpy"
        problem = _traced(forward, given, delta, lr, library)
    elif isinstance(forward, str):
        arrays = {name: _array(name, one) for name, one in given.items()}
        shapes = {name: shape_of(name, sizes, multiples=True) for name, sizes in shape.items()}
        counted = [name for name, one in given.items() if _is_whole(one)]
        request = ProgramRequest(
            arrays,
            shapes,
            counted,
            of,
            numbers("delta", delta),
            lr=None if lr is None else number("lr", lr),
            trace=None if trace is None else text("trace", trace, "'dW1[0,1]'"),
            conditions=[name for name, one in given.items() if _is_condition(one)],
        )
        if per_sample and trace is not None:
            raise NetcalcError("the paths of a trace are of the whole batch: leave out per_sample or trace")
        state = by_samples if per_sample else program
        problem = state(forward, "the program", request)
    else:
        raise NetcalcError(f"a forward pass is a program's text or a function, and not {forward!r}")
    return solve(problem, digits=digits, exact=exact, verify=verify, certify=certify)


def _is_condition(value: Any) -> bool:
    return not isinstance(value, str) and np.asarray(value).dtype.kind == "b"


def _array(name: str, value: Any) -> np.ndarray:
    is_whole = _is_condition(value) or (isinstance(value, np.ndarray) and _is_whole(value))
    found = numbers(name, np.asarray(value, dtype=np.int64) if is_whole else value)
    if found is None:
        raise NetcalcError(f"{name} is None: give it a number, or its shape with shape={{'{name}': 'm,n'}}")
    return found


def _is_whole(value: Any) -> bool:
    """Whether a value is made of whole numbers, as an index or a class is."""
    if isinstance(value, str):
        return "." not in value
    kinds = np.asarray(value).dtype.kind
    return kinds in "iub"


def _traced(forward: Callable[..., Any], given: Mapping[str, Any], delta: Any, lr: Any, library: str) -> Any:
    """The problem that a function states."""
    from netcalc.program.tracing import called, trace

    given = {name: _listed(name, one) if isinstance(one, list) else one for name, one in given.items()}
    try:
        signature = inspect.signature(forward)
        by_place = [
            name for name, one in signature.parameters.items() if one.kind is one.POSITIONAL_ONLY and name in given
        ]
        rest = {name: value for name, value in given.items() if name not in by_place}
        signature.bind(*(given[name] for name in by_place), **rest)
    except (TypeError, ValueError) as error:
        raise NetcalcError(f"{called(forward)}: {error}") from None
    arrays = {name: _array(name, one) for name, one in given.items() if _is_differentiable(one)}
    told = {name: given_of(one, counted=False) for name, one in arrays.items()}
    node, tracer = trace(forward, given, told, by_place, library)
    request = ProgramRequest(arrays, delta=numbers("delta", delta), lr=None if lr is None else number("lr", lr))
    return problem_of(node, tracer, request, called(forward))


def _listed(name: str, value: list[Any]) -> np.ndarray:
    """Nested lists as an array. Raises NetcalcError for a list of several arrays."""
    try:
        return np.asarray(value)
    except ValueError:
        raise NetcalcError(f"{name} is a list of arrays: give each a name of its own, as in W1=…, b1=…") from None


def _is_differentiable(value: Any) -> bool:
    return isinstance(value, float | np.ndarray) and np.asarray(value).dtype.kind == "f"
