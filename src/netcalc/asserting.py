"""Gradients asserted, as in a test: what is missing, wrong or no number, and why, in one AssertionError."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

import numpy as np

from netcalc.api import check
from netcalc.arguments import as_numpy, by_name, is_bfloat16, without_points
from netcalc.arguments import names as listed
from netcalc.catalogue.names import unknown
from netcalc.checking.answers.by_shape import by_shape, is_close, turned
from netcalc.errors import NetcalcError
from netcalc.models.graphed import GraphProblem
from netcalc.problem import Problem
from netcalc.programs import gradients
from netcalc.result import Checked, Result

MAX_ENTRIES_SHOWN = 3  # of one tensor
BF16_TOLERANCE = 2.0**-6  # bfloat16 has 8 bits
FORMS = ("{}", "d{}", "d_{}", "grad_{}", "{}_grad", "{}.grad")
NOTHING: Mapping[str, str] = {}


def assert_gradients(
    expected: Result | str | Callable[..., Any],
    grads: Any,
    rtol: float | None = None,
    *,
    names: Mapping[str, str] = NOTHING,
    ignore: Collection[str] = (),
    **values: Any,
) -> None:
    """Raises AssertionError unless `grads` are the gradients of a result, or of a forward pass at x=…, W=….

    `grads` are arrays of NumPy, PyTorch or JAX by name, in nested mappings too: `W1`, `dW1`, `grad_W1`, `W1.grad`; or
    a PyTorch model, whose parameters have them, and then nothing else has to be there.
    Other names, such as a state_dict's `fc1.weight`, are told by shape and order where that leaves no doubt; else
    `names` has what they are here: `{"fc1.weight": "W1"}`. A weight of PyTorch's Linear may be the other way round
    here. Each weight and input that has a gradient has to be there, but for those to `ignore`. Without `rtol` an array
    is held to the precision of its numbers. Raises NetcalcError for bad arguments.
    """
    __tracebackhide__ = True
    result = expected if isinstance(expected, Result) else gradients(expected, **values)
    is_model = hasattr(grads, "named_parameters")
    if is_model:
        grads = {name: one.grad for name, one in grads.named_parameters()}
    if not isinstance(grads, Mapping):
        raise NetcalcError(f"grads are arrays by name, as in {{'W1': W1.grad}}, and not {type(grads).__name__}")
    true = _true_gradients(result)
    flat = dict(_flat(grads))
    ignored = _ignored(ignore, true)
    needed = [name for name in _needed(result, true) if name not in ignored]
    keys = _matched(flat, true, needed, names)
    found = {name: flat[key] for key, name in keys.items()}
    needed = [] if is_model else needed
    other_way = _turned(flat, keys, result)
    missing = [name for name in needed if name not in found]
    problems = [f"{name} is missing; bring its gradient, or say ignore=['{name}']" for name in missing]
    arrays: dict[str, np.ndarray] = {}
    coarse: dict[str, np.ndarray] = {}
    partials = {tensor.key: tensor.name for tensor in result.tensors if tensor.of}
    for name, value in found.items():
        array, is_coarse = _array(name, value)
        if array is not None and name in other_way:
            array = array.T
        if array is None:
            problems.append(f"{name} has no gradient: it is None, as before backward()")
        elif array.shape != true[name].shape:
            problems.append(_of_other_shape(name, array.shape, true[name].shape))
        else:
            (coarse if is_coarse else arrays)[partials.get(name, f"d{name}")] = array
    for group, tolerance in ((arrays, rtol), (coarse, BF16_TOLERANCE if rtol is None else rtol)):
        if group:
            problems += _wrong(check(result, group, rtol=tolerance))
    if problems:
        raise AssertionError("\n".join([_counted(len(problems)), *(f"  {line}" for line in problems)]))


def _ignored(ignore: Any, true: Mapping[str, Any]) -> list[str]:
    """The names to ignore. Raises NetcalcError for one that is not here."""
    spelled = {form.format(name): name for form in FORMS for name in true} | {name: name for name in true}
    found = listed("ignore", [ignore] if isinstance(ignore, str) else ignore, "['x']")
    for one in found:
        if one not in spelled:
            raise unknown("name to ignore", one, true, f"the gradients are of {', '.join(true)}")
    return [spelled[one] for one in found]


def _counted(many: int) -> str:
    return "1 gradient is wrong" if many == 1 else f"{many} gradients are wrong"


def _true_gradients(result: Result) -> dict[str, np.ndarray]:
    """The gradients by the names of what they are of. Raises NetcalcError for a result in symbols."""
    found = {tensor.key: tensor.entries for tensor in result.tensors if tensor.of is not None and len(tensor.by) < 2}
    if not found:
        raise NetcalcError("the result has no gradients to compare with")
    if getattr(result.problem, "free", ()):
        raise NetcalcError(f"the result is in symbols: give {', '.join(result.problem.free)} values")
    return found


def _needed(result: Result, true: Mapping[str, Any]) -> list[str]:
    """What has to be there: inputs; of layers, weights and biases."""
    problem = result.problem
    if isinstance(problem, GraphProblem):
        return [name for name in problem.inputs if name in true]
    if isinstance(problem, Problem):
        layers = enumerate(problem.layers, 1)
        weights = [f"{kind}{n}" for n, layer in layers for kind in ("W", "b") if kind == "W" or layer.b is not None]
        return [name for weight in weights if (name := problem.given_name(weight)) in true]
    return list(true)


def _flat(grads: Mapping[str, Any], front: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in grads.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{front}{key}.")
        else:
            yield f"{front}{key}", value


def _matched(
    flat: Mapping[str, Any], true: Mapping[str, np.ndarray], needed: Collection[str], names: Mapping[str, str]
) -> dict[str, str]:
    """What each that is brought is called here."""
    spelled = {form.format(name): name for form in FORMS for name in true} | {name: name for name in true}
    for key, name in by_name("names", names, "{'fc1.weight': 'W1'}").items():
        if key not in flat:
            raise NetcalcError(f"names has {key}, which grads lack; they have {', '.join(flat)}")
        if name not in spelled:
            raise NetcalcError(f"names says that {key} is {name}; the gradients are of {', '.join(true)}")
    found: dict[str, str] = {}
    for key in flat:
        own = spelled.get(names.get(key, key)) or spelled.get(without_points(key)) or _of_a_model(key, true)
        if own is not None and own in found.values():
            raise NetcalcError(f"two of grads are that of {own}")
        if own is not None:
            found[key] = own
    left = {name: entries.shape for name, entries in true.items() if name not in found.values()}
    known = {name: shape for name, shape in left.items() if name in needed}
    others = {key: _shape(value) for key, value in flat.items() if key not in found}
    return found | (by_shape(others, known, left) if others else {})


def _of_a_model(key: str, true: Mapping[str, Any]) -> str | None:
    """What `0.weight` of the only model's parameters is called, `model_0_weight`."""
    found = [name for name in true if name.endswith(f"_{without_points(key)}")] if key[:1].isdigit() else []
    return found[0] if len(found) == 1 else None


def _turned(flat: Mapping[str, Any], keys: Mapping[str, str], result: Result) -> set[str]:
    """The names here whose arrays are Linear layers' weights, the other way round."""
    true = {tensor.key: tensor for tensor in result.tensors if tensor.of is not None and len(tensor.by) < 2}

    def is_right(key: str, is_turned: bool) -> bool:
        array = _array(keys[key], flat[key])[0]
        return array is not None and is_close(array.T if is_turned else array, true[keys[key]].numbers())

    shapes = {key: _shape(flat[key]) for key in keys}
    return {
        keys[key] for key in turned(shapes, keys, {name: one.entries.shape for name, one in true.items()}, is_right)
    }


def _shape(value: Any) -> tuple[int, ...]:
    try:
        return tuple(value.shape if hasattr(value, "shape") else np.shape(value))
    except ValueError:
        raise NetcalcError(f"{value!r} has rows that are not all of one length") from None


def _array(name: str, value: Any) -> tuple[np.ndarray | None, bool]:
    """A gradient as an array of NumPy, and whether it was bfloat16. Raises NetcalcError for what is no array."""
    if value is None:
        return None, False
    is_coarse = is_bfloat16(value)
    array = np.asarray(as_numpy(value, f"the gradient of {name}"))
    if array.dtype.kind == "O":
        try:
            return array.astype(np.float64), is_coarse
        except (TypeError, ValueError):
            raise NetcalcError(f"the gradient of {name} is no array of numbers") from None
    if array.dtype.kind not in "fiu":
        raise NetcalcError(f"the gradient of {name} is of {array.dtype}; real numbers are needed")
    return array, is_coarse


def _of_other_shape(name: str, brought: tuple[int, ...], true: tuple[int, ...]) -> str:
    turned = ": it is transposed" if len(true) > 1 and brought == true[::-1] else ""
    return f"{name} has the shape {true}; its gradient here has {brought}{turned}"


def _wrong(result: Result) -> list[str]:
    """A line for each tensor that is wrong: why, where, and what would be right."""
    tensors: dict[str, list[Checked]] = {}
    for one in result.checked:
        tensors.setdefault(one.tensor or one.name, []).append(one)
    found = []
    for name, entries in tensors.items():
        wrong = [one for one in entries if one.is_wrong]
        if not wrong:
            continue
        shown = [f"{one.name} is {one.claimed.shown}, not {one.correct.shown}" for one in wrong[:MAX_ENTRIES_SHOWN]]
        rest = len(wrong) - len(shown)
        causes = dict.fromkeys(one.diagnosis for one in wrong if one.diagnosis)
        line = f"{name}: {'; '.join(causes) or 'wrong'} ({', '.join(shown)}{f', and {rest} more' if rest else ''})"
        found.append(line)
    return found
