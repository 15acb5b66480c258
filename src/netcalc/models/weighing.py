"""What a net's file says beside its loss: weight decay, temperature, and how cross-entropy weighs its targets."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from netcalc.arrays import each
from netcalc.catalogue.losses import BoundLoss, Reduction
from netcalc.errors import NetcalcError, ShapeError, ValueSyntaxError
from netcalc.expression import Number, Tree, is_constant
from netcalc.expression.tree import from_float64
from netcalc.files.cells import nearest_float, read_number
from netcalc.models.targets import are_classes, to_floats
from netcalc.notation import to_ascii
from netcalc.problem import Dense, Weighing, count
from netcalc.records import NamedTuple

OF_CLASSES = ("cross-entropy", "nll")


class ObjectiveData(NamedTuple):
    """As stated; None for what is left out.

    `weight_decay`, `label_smoothing` and `temperature` are numbers, `weights` (classes,), `ignore_index` a class.
    """

    weight_decay: Tree | None = None
    label_smoothing: Tree | None = None
    ignore_index: int | None = None
    weights: np.ndarray | None = None
    temperature: Tree | None = None


class Bounds(NamedTuple):
    """What a number has to be, as a test of its float64 and in words."""

    least: float
    most: float
    words: str
    is_open: bool = False

    def holds(self, number: float) -> bool:
        """Whether a number is within."""
        return self.least <= number <= self.most and not (self.is_open and number == self.least)


BOUNDS = {
    "weight_decay": Bounds(0, float("inf"), "a number from 0 on"),
    "label_smoothing": Bounds(0, 1, "a number from 0 to 1"),
    "temperature": Bounds(0, float("inf"), "a number above 0", is_open=True),
}


def read_option(name: str, tensor: np.ndarray) -> Tree:
    """The number that an option is. Raises ValueSyntaxError where it is none, or out of its bounds."""
    bounds = BOUNDS[name]
    entry = tensor.item() if tensor.size == 1 and not tensor.ndim else None
    if entry is None or (not isinstance(entry, float) and not is_constant(entry)):
        raise ValueSyntaxError(f"it is {bounds.words}, as in {name} = 0.1", key=name)
    number = _number(entry)
    if not bounds.holds(nearest_float(number)):
        raise ValueSyntaxError(f"it is {to_ascii(number)}; it should be {bounds.words}", key=name)
    return number


def check_loss(stated: ObjectiveData, loss: BoundLoss | None, last: Dense) -> None:
    """Raises NetcalcError for an option that the loss, or the last layer, has no use for."""
    named = "there is no loss" if loss is None else f"the loss is {loss.label}"
    takes = {"label_smoothing": ("cross-entropy",), "ignore_index": OF_CLASSES, "weights": OF_CLASSES}
    for key, losses in takes.items():
        if getattr(stated, key) is not None and (loss is None or loss.name not in losses):
            raise NetcalcError(f"{key} is for {' and '.join(losses)}, and {named}", key=key)
    has_softmax = isinstance(last.activation, str) or (loss is not None and loss.name == "cross-entropy")
    if stated.temperature is not None and not has_softmax:
        message = "temperature is for a softmax in the last layer, or in cross-entropy, and here is neither"
        raise NetcalcError(message, key="temperature")


def ignored(stated: ObjectiveData, target: np.ndarray | None, samples: int, outputs: int) -> int | None:
    """The class that is ignored, if one is. Raises NetcalcError where targets are no classes."""
    if stated.ignore_index is None:
        return None
    index: Any = stated.ignore_index
    if not isinstance(index, int) or isinstance(index, bool):
        raise NetcalcError(f"ignore_index is a whole number, and not {stated.ignore_index!r}", key="ignore_index")
    if target is None or not are_classes(target, samples, outputs):
        has = "there is no target" if target is None else "target has probabilities"
        raise NetcalcError(f"ignore_index is for targets that are classes, and {has}", key="ignore_index")
    return stated.ignore_index


def weighing(
    stated: ObjectiveData, target: np.ndarray | None, by: Reduction, samples: int, outputs: int, *, per_sample: bool
) -> Weighing | None:
    """How the targets are weighed; None where that is as ever. Raises ShapeError, ValueSyntaxError, NetcalcError."""
    ignores = ignored(stated, target, samples, outputs) is not None
    if stated.label_smoothing is None and stated.weights is None and not ignores:
        return None
    weights = None if stated.weights is None else _weights(stated.weights, outputs)
    found = Weighing(stated.label_smoothing, weights, ignores)
    is_weighted = by.name == "mean" and not per_sample and target is not None and are_classes(target, samples, outputs)
    if not is_weighted or (weights is None and not ignores):
        return found
    classes = to_floats(target.reshape(-1)) if target is not None else np.empty(0)
    kept = [int(one) for one in classes if one != stated.ignore_index or not ignores]
    if not kept:
        message = "every sample is ignored, so there is nothing to take the mean of"
        raise NetcalcError(f"{message}: give another ignore_index, or reduction sum", key="ignore_index")
    total = Fraction(len(kept)) if weights is None else sum((_rational(weights[one]) for one in kept), Fraction(0))
    if not total:
        message = "the weights of all classes in target are 0, and mean divides by their sum"
        raise NetcalcError(message, key="weights")
    return found._replace(total=total)


def _weights(weights: np.ndarray, outputs: int) -> np.ndarray:
    """One number a class, none of them negative, floats and rationals."""
    if weights.ndim != 1 or len(weights) != outputs:
        has = f"has {count(weights.size)}" if weights.ndim < 2 else f"has shape {' × '.join(map(str, weights.shape))}"
        raise ShapeError(f"weights {has}, and there are {outputs} classes", key="weights")
    found = weights if weights.dtype != object else each(_number, weights)
    for place, entry in enumerate(found):
        shown = f"weight {place} is {entry if isinstance(entry, float) else to_ascii(entry)}"
        if not isinstance(entry, float | Number):
            raise ValueSyntaxError(f"{shown}; a class weight is a decimal or a fraction", key="weights")
        if _rational(entry) < 0:
            raise ValueSyntaxError(f"{shown}; a class weight is a number from 0 on", key="weights")
    return found


def _number(entry: Tree | float) -> Tree:
    """One number where it is rational: 0.1, and the text 1/3."""
    if isinstance(entry, float):
        return from_float64(Fraction(entry))
    return entry if isinstance(entry, Number) or not is_constant(entry) else read_number(to_ascii(entry))


def _rational(entry: float | Number) -> Fraction:
    return Fraction(entry) if isinstance(entry, float) else entry.value
