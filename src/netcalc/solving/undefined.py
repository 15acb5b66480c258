"""Where an answer has no value, and why: a loss of log(0), a number beyond float64."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from netcalc.catalogue.activations import BoundActivation
from netcalc.derivation.derive import derivation, loss_derivation
from netcalc.errors import UndefinedError
from netcalc.expression import Number, Tree, parse
from netcalc.passes import Quantities
from netcalc.problem import LossAndTarget, Problem, element
from netcalc.result import Value

LOGARITHMIC = ("bce", "cross-entropy")


def refuse_undefined(problem: Problem, found: Quantities, shown: Quantities) -> None:
    """Raises UndefinedError where something shown has no value, with the sample and the reason where they are known."""
    for name, array in shown.items():
        at = _first_without_value(array)
        if at is None:
            continue
        if (
            problem.command == "net"
            and isinstance(problem.upstream, LossAndTarget)
            and (name == "loss" or name.startswith("d"))
        ):
            _refuse_loss(problem, problem.upstream, shown)
        if array.dtype != object:
            raise UndefinedError(f"{element(name, at, problem.index_from)} is {array[at]}: beyond the range of float64")
        told = next(_reasons(problem, found), None)
        if told is None and (far := _far_out(problem, found)):
            raise UndefinedError(f"{name} can't be told: {far} is so far out that a function of it can't be evaluated")
        why, is_sure = told or ("a function in it has no value at this point", True)
        output = f" ({problem.upstream.loss}'s a is the output)" if isinstance(problem.upstream, LossAndTarget) else ""
        what = "is undefined here:" if is_sure else "has no digit that is decided; where a is the nearest float64,"
        raise UndefinedError(f"{name} {what} {why}{output if name == 'loss' else ''}")


def _first_without_value(array: np.ndarray) -> tuple[int, ...] | None:
    if array.dtype == object:
        bad = np.array([getattr(value, "shown", "") == "undefined" for value in array.flat]).reshape(array.shape)
    else:
        with np.errstate(all="ignore"):
            if np.isfinite(array.sum()):  # one pass, and no array of flags
                return None
        bad = ~np.isfinite(array)
    return tuple(map(int, np.argwhere(bad)[0])) if bad.any() else None


def _refuse_loss(problem: Problem, above: LossAndTarget, shown: Quantities) -> None:
    """Raises UndefinedError for an output that the loss has no value for, if there is one."""
    if above.loss.name not in LOGARITHMIC or (above.loss.by_sample and not above.loss.of_probabilities):
        return
    number = len(problem.layers)
    called = problem.names.get(f"a{number}") or problem.names[f"z{number}"]
    outputs = _floats(shown[called.name]).reshape(len(problem.x), -1)
    targets = _floats(above.target)
    for sample, output in np.ndindex(outputs.shape):
        a, t = outputs[sample, output], targets[sample, output]
        place = (sample, output) if problem.many else (output,) if called.shape != () else ()
        name = element(called.name, place, problem.index_from)
        of = f" of sample {sample + problem.index_from}" if problem.many else ""
        if not 0 <= a <= 1:
            raise UndefinedError(
                f"{name}{of} is {a:g}, and {above.loss.label} takes probabilities, from 0 to 1: "
                "end the net with sigmoid or softmax, or take bce-with-logits or cross-entropy of logits"
            )
        if _is_rounded(shown[called.name].reshape(-1)[sample * outputs.shape[1] + output]):
            continue
        if (a == 0 and t > 0) or (a == 1 and t < 1 and above.loss.name == "bce"):
            raise UndefinedError(f"the loss{of} is +∞: {name} is {a:g} where the target is {t:g}, and log(0) is −∞")


def _floats(array: np.ndarray) -> np.ndarray:
    return np.vectorize(_float, otypes=[float])(array) if array.dtype == object else array


def _float(entry: Any) -> float:
    from netcalc.files.cells import nearest_float

    nearest = getattr(entry, "nearest", None)
    if nearest is not None:
        return float(nearest)
    return float("nan") if hasattr(entry, "nearest") else nearest_float(entry)


def _is_rounded(output: Any) -> bool:
    """Whether an output is 0 or 1 in float64 alone: 1 - 4e-21715 is shown as 1.00000, and 1 as 1."""
    return isinstance(output, Value) and output.nearest in (0.0, 1.0) and output.shown not in ("0", "1")


def _reasons(problem: Problem, found: Quantities) -> Iterator[tuple[str, bool]]:
    """Which subexpression of an activation or of the loss has no value at what goes into it, and why.

    With it, whether it is sure: an output that is 1 in float64 alone says nothing of log(1 - a).
    """
    from netcalc.arithmetic.undefined import why_undefined

    for trees, names in _formulas(problem, found):
        at = {name: rational for name, value in names.items() if (rational := _rational(value)) is not None}
        if len(at) == len(names):
            is_sure = not ("a" in names and _is_rounded(names["a"]))
            yield from ((why, is_sure) for tree in trees if (why := why_undefined(tree, at)))


def _formulas(problem: Problem, found: Quantities) -> Iterator[tuple[tuple[Tree, ...], dict[str, Any]]]:
    """What is evaluated at each place, with what its symbols are there."""
    for number, layer in enumerate(problem.layers, 1):
        if isinstance(layer.activation, BoundActivation):
            known = derivation(layer.activation)
            yield from (((known.value, known.shown, known.slope), {"q": value}) for value in found[f"z{number}"].flat)
    above = problem.upstream
    if isinstance(above, LossAndTarget) and not above.loss.by_sample:
        outputs = found.get(f"a{len(problem.layers)}", found[f"z{len(problem.layers)}"])
        formulas = (parse(above.loss.formula), loss_derivation(above.loss)[2])
        pairs = zip(outputs.flat, np.broadcast_to(above.target, outputs.shape).flat, strict=True)
        yield from ((formulas, {"a": a, "t": t}) for a, t in pairs)


def _far_out(problem: Problem, found: Quantities) -> str:
    """The first layer's output before its activation that is beyond float64; nothing where there is none."""
    for number in range(1, len(problem.layers) + 1):
        entries = found[f"z{number}"]
        if entries.dtype == object and any(getattr(entry, "is_beyond", False) for entry in entries.flat):
            return problem.names[f"z{number}"].name if f"z{number}" in problem.names else f"z{number}"
    return ""


def _rational(value: Any) -> Any:
    """A number given or found, as the rational that it is, or that float64 has for it."""
    from flint import fmpq

    if isinstance(value, Number):
        return fmpq(value.value.numerator, value.value.denominator)
    nearest = value.nearest if isinstance(value, Value) else value
    if not isinstance(nearest, float) or not math.isfinite(nearest):
        return None
    return fmpq(*nearest.as_integer_ratio())
