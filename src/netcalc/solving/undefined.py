"""Where layers have no value, and why: a loss of log(0), the slope of a root at 0, a number beyond float64."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, NoReturn

import numpy as np

from netcalc.catalogue.activations import BoundActivation
from netcalc.derivation.derive import derivation, loss_derivation
from netcalc.errors import UndefinedError
from netcalc.expression import Number, Symbol, Tree, parse
from netcalc.layers import Quantities
from netcalc.notation import to_unicode
from netcalc.problem import LossAndTarget, Problem, derivative, element
from netcalc.result import Value, as_floats
from netcalc.solving.defined import first, lacking, note, without

LOGARITHMIC = ("bce", "cross-entropy")


def where_defined(problem: Problem, found: Quantities, shown: Quantities) -> tuple[Quantities, list[str]]:
    """What is shown, undefined also in samples that have no value; and why derivatives without a value have none.

    Raises UndefinedError where the forward pass has no value, or in no sample of those that have answers of their own,
    with the sample and the reason where they are known; and for what is beyond float64.
    """
    defined, notes, nowhere = dict(shown), list[str](), np.zeros(len(problem.x), dtype=bool)
    apart = problem.many and problem.per_sample
    for key, called in problem.names.items():
        array, name = shown[called.name], called.name
        is_derivative = key[0] in "dsJ" or key.endswith("_new") or key == "paths"
        missing = lacking(array)
        own, inherited = missing, np.zeros_like(missing)
        if apart and missing.shape[:1] == nowhere.shape:
            inherited |= nowhere.reshape(-1, *[1] * (missing.ndim - 1))
            own = missing & ~inherited
            nowhere |= False if is_derivative else own.reshape(len(own), -1).any(axis=1)
        if missing.any() and (array.dtype != object or not (is_derivative or (apart and not nowhere.all()))):
            _refuse(problem, found, shown, name, first(missing))
        if is_derivative:
            defined[name] = without(array, missing | inherited)
        if own.any() and (key[0] == "d" or not is_derivative) and key not in problem.hidden:
            label = element(name, first(own), problem.index_from) if own.sum() == 1 else name
            if is_derivative:
                label = to_unicode(Symbol(derivative(problem.output, (label[1:],))))
            notes.append(note([(label, own)], _why(problem, found, key)[0]))
    return defined, notes


def _refuse(problem: Problem, found: Quantities, shown: Quantities, name: str, at: tuple[int, ...]) -> NoReturn:
    above = problem.upstream
    if problem.command == "net" and isinstance(above, LossAndTarget) and (name == "loss" or name.startswith("d")):
        _refuse_loss(problem, above, shown)
    if shown[name].dtype != object:
        own = element(name, at, problem.index_from)
        raise UndefinedError(f"{own} is {shown[name][at]}: beyond the range of float64")
    why, what = _why(problem, found, name)
    output = f" ({above.loss}'s a is the output)" if name == "loss" and isinstance(above, LossAndTarget) else ""
    raise UndefinedError(f"{name} {what} {why}{output}")


def _why(problem: Problem, found: Quantities, key: str) -> tuple[str, str]:
    """Why something has no value, and what that comes after: a function's value, or for a derivative its slope too."""
    reasons = _reasons(problem, found, 1, slopes=False)
    if key[0] == "d":  # it is made of the slopes of its own layer, if it is no ∂L/∂a, and of later ones
        layer = int(key[2:]) + key.startswith("da") if key[2:].isdecimal() else 1
        reasons = _reasons(problem, found, layer, slopes=True)
    known = next(reasons, None)
    if known is None and (far := _far_out(problem, found)):
        return f"{far} is so far out that a function of it can't be evaluated", "can't be told:"
    why, is_sure = known or ("a function in it has no value at this point", True)
    return why, "is undefined here:" if is_sure else "has no digit that is decided; where a is the nearest float64,"


def _refuse_loss(problem: Problem, above: LossAndTarget, shown: Quantities) -> None:
    """Raises UndefinedError for an output that the loss has no value for, if there is one."""
    if above.loss.name not in LOGARITHMIC or (above.loss.by_sample and not above.loss.of_probabilities):
        return
    number = len(problem.layers)
    called = problem.names.get(f"a{number}") or problem.names[f"z{number}"]
    from netcalc.values import to_float64

    outputs, targets = as_floats(shown[called.name]).reshape(len(problem.x), -1), to_float64(above.target)
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


def _is_rounded(output: Any) -> bool:
    """Whether an output is 0 or 1 in float64 alone: 1 - 4e-21715 is shown as 1.00000, and 1 as 1."""
    return isinstance(output, Value) and output.nearest in (0.0, 1.0) and output.shown not in ("0", "1")


def _reasons(problem: Problem, found: Quantities, first_layer: int, *, slopes: bool) -> Iterator[tuple[str, bool]]:
    """Which subexpression of an activation or of the loss has no value at what goes into it, and why.

    With it, whether it is sure: an output that is 1 in float64 alone says nothing of log(1 - a).
    """
    from netcalc.arithmetic.undefined import why_undefined

    for trees, names in _formulas(problem, found, first_layer):
        at = {name: rational for name, value in names.items() if (rational := _rational(value)) is not None}
        if len(at) == len(names):
            is_sure = not ("a" in names and _is_rounded(names["a"]))
            yield from ((why, is_sure) for tree in trees[: None if slopes else 1] if (why := why_undefined(tree, at)))


def _formulas(
    problem: Problem, found: Quantities, first_layer: int
) -> Iterator[tuple[tuple[Tree, ...], dict[str, Any]]]:
    """What is evaluated at each place, with what its symbols are there."""
    for number, layer in enumerate(problem.layers, 1):
        if number >= first_layer and isinstance(layer.activation, BoundActivation):
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
