"""What comes from above: δ, or targets (numbers, probabilities, signs, classes), and what a loss has no value for."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np

from netcalc.arrays import each
from netcalc.catalogue import losses
from netcalc.catalogue.losses import OF_PROBABILITIES, BoundLoss
from netcalc.errors import NetcalcError, ShapeError, ValueSyntaxError
from netcalc.expression import Number, Tree, symbols
from netcalc.files.cells import nearest_float
from netcalc.notation import to_ascii
from netcalc.problem import LossAndTarget
from netcalc.values import to_float64

SLACK = 1e-6  # a distribution in float64 sums to 1 this nearly


def from_above(
    delta: np.ndarray | None, target: np.ndarray | None, loss: str | None, reduction: str | None = None
) -> np.ndarray | LossAndTarget | None:
    """What comes from above: `delta`, a `loss` against a `target`, or None.

    Raises NetcalcError where only half of a loss was given, or both kinds.
    """
    if delta is not None and (target is not None or loss):
        raise NetcalcError("delta is what comes from above in place of target and loss: give one or the other")
    if (target is None) != (loss is None):
        missing = "target: what the output should be" if target is None else "loss, as in --loss mse"
        raise NetcalcError(f"a loss and a target go together; there is no {missing}")
    if target is None or loss is None:
        return delta
    bound = losses.loss(loss)
    return LossAndTarget(target, bound, losses.reduction(reduction or bound.row.reduction or "mean"))


def loss_after(activation: object, loss: BoundLoss) -> BoundLoss:
    """Cross-entropy after a softmax is that of its probabilities: the softmax isn't taken twice."""
    return OF_PROBABILITIES.bind() if loss.name == "cross-entropy" and activation == "softmax" else loss


def check_targets(target: np.ndarray, loss: BoundLoss, many: bool) -> None:
    """Raises ValueSyntaxError for a target (samples, outputs) that the loss has no value for."""
    fits, what = _RULES.get(loss.row.target, (None, ""))
    if fits is None:
        return
    floats = to_floats(target)
    bad = ~fits(floats) & ~np.isnan(floats)
    if bad.any():
        sample, output = map(int, np.argwhere(bad)[0])
        which = f"target {output}" if target.shape[-1] > 1 else "the target"
        of_sample = f" of sample {sample}" if many else ""
        raise ValueSyntaxError(f"{which}{of_sample} is {_shown(target[sample, output])}; {loss.name} takes {what}")


_RULES: dict[str, tuple[Callable[[np.ndarray], np.ndarray], str]] = {
    "probability": (lambda t: (t >= 0) & (t <= 1), "probabilities, from 0 to 1"),
    "sign": (lambda t: np.abs(t) == 1, "-1 or 1"),
}


def are_classes(target: np.ndarray, samples: int, outputs: int) -> bool:
    """Whether a target is a class a sample, and not a distribution."""
    return target.size == samples and (target.ndim < 2 or outputs > 1 or target.shape != (samples, outputs))


def distributions(
    target: np.ndarray, samples: int, outputs: int, ignored: int | None = None
) -> tuple[np.ndarray, tuple[str, ...]]:
    """Classes, (samples,) or one, or distributions, as (samples, outputs); and a note where one doesn't sum to 1.

    A sample whose class is `ignored` has zeros. Raises ShapeError, ValueSyntaxError.
    """
    if are_classes(target, samples, outputs):
        return _one_hot(target.reshape(-1), outputs, ignored), ()
    if target.size != samples * outputs:
        each_has = "" if samples == 1 else " each"
        raise ShapeError(
            f"target has {target.size} numbers; {samples} {'sample needs' if samples == 1 else 'samples need'} "
            f"a class{each_has}, or {outputs} probabilities{each_has}"
        )
    rows = target.reshape(samples, outputs)
    floats = to_floats(rows)
    if (floats < 0).any():
        sample, output = map(int, np.argwhere(floats < 0)[0])
        raise ValueSyntaxError(f"target {output} of sample {sample} is {_shown(rows[sample, output])}, no probability")
    off = np.flatnonzero(np.abs(floats.sum(axis=1) - 1) > SLACK)
    if not len(off):
        return rows, ()
    total = f"{floats[off[0]].sum():g}"
    others = f", and {len(off) - 1} more don't either" if len(off) > 1 else ""
    return rows, (f"the target of sample {off[0]} sums to {total}, not to 1{others}",)


def _one_hot(classes: np.ndarray, outputs: int, ignored: int | None) -> np.ndarray:
    floats = to_floats(classes)
    is_ignored = np.zeros(floats.shape, dtype=bool) if ignored is None else floats == ignored
    bad = ~np.isin(floats, np.arange(outputs)) & ~is_ignored
    if bad.any():
        sample = int(np.argmax(bad))
        hint = "; samples of the class -100 are left out with ignore_index = -100" if floats[sample] == -100 else ""
        raise ValueSyntaxError(
            f"target of sample {sample} is {_shown(classes[sample])}, which is no class: "
            f"of {outputs} outputs, the classes are 0 to {outputs - 1}{hint}"
        )
    chosen: np.ndarray = np.equal(np.arange(outputs), floats[:, None]) & ~is_ignored[:, None]
    if classes.dtype != object:
        return chosen.astype(np.float64)
    return each(lambda one: Number(Fraction(int(one))), chosen)


def to_floats(target: np.ndarray) -> np.ndarray:
    """As float64, NaN for what is left a symbol."""
    if target.dtype != object:
        return to_float64(target)
    numbers = [float("nan") if symbols(tree) else nearest_float(tree) for tree in target.flat]
    return np.array(numbers).reshape(target.shape)


def _shown(entry: Tree | float) -> str:
    if isinstance(entry, float):
        return f"{entry:g}"
    return to_ascii(entry) if isinstance(entry, Number) else f"{to_ascii(entry)} = {nearest_float(entry):g}"
