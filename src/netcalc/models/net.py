"""A net as a problem: layers one after another, then a loss."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from netcalc.catalogue.activations import BoundActivation
from netcalc.catalogue.losses import BoundLoss, Reduction, reduction
from netcalc.catalogue.references import activation
from netcalc.errors import NetcalcError, ShapeError, ValueSyntaxError
from netcalc.expression import Tree
from netcalc.models.memory import check_memory
from netcalc.models.targets import check_targets, distributions, loss_after
from netcalc.models.weighing import ObjectiveData, check_loss, ignored, weighing
from netcalc.problem import Dense, Label, LossAndTarget, Problem, count, symbol_tensor
from netcalc.records import NamedTuple

WRITTEN_LIMIT = 4096  # entries of a layer's slopes, or of all samples' Jacobians, that steps and traces are made of
CLASSES = "class"


class Layer(NamedTuple):
    """One layer as stated: `W` (m, n), or an `init` rule with a `size` m, or a size alone, and then W is symbols.

    `b` is (m,), one number for all, or None for no bias; `activation` a bound one, `softmax`, `log_softmax` or None.
    """

    W: np.ndarray | None = None
    b: np.ndarray | None = None
    activation: BoundActivation | str | None = None
    size: int | None = None
    init: str | None = None
    seed: int = 0

    def given(self) -> dict[str, Any]:
        """What was stated, for the record."""
        label = self.activation.label if isinstance(self.activation, BoundActivation) else self.activation
        data = {"W": self.W, "b": self.b, "activation": label, "size": self.size, "init": self.init}
        found = {name: thing for name, thing in data.items() if thing is not None}
        return found if self.init is None else found | {"seed": self.seed}


class NetData(NamedTuple):
    """What comes into a net and what comes from above; what is left out is None, and a symbol."""

    input: np.ndarray | None = None
    target: np.ndarray | None = None
    delta: np.ndarray | None = None
    loss: BoundLoss | None = None
    reduction: Reduction | None = None
    objective: ObjectiveData = ObjectiveData()


class NetOptions(NamedTuple):
    """What more is to be found than both passes."""

    per_sample: bool = False
    lr: Tree | None = None
    trace: tuple[str, tuple[int, ...]] | None = None
    index_from: int = 0
    given: Mapping[str, Any] = {}


def net(layers: Sequence[Layer], data: NetData, options: NetOptions | None = None) -> Problem:
    """The net of these layers on `data.input` (n,) or (samples, n).

    Raises ShapeError where two shapes don't fit, naming both; NetcalcError where something is missing or too much.
    """
    options = options or NetOptions()
    widths = _widths(layers, data)
    samples, many = _samples(data, widths[0])
    check_memory(samples, widths)
    dense = tuple(_dense(layer, number, widths, options) for number, layer in enumerate(layers, 1))
    x = _input(data.input, samples, widths[0], many, options)
    last, objective = dense[-1], data.objective
    check_loss(objective, data.loss, last)
    above, notes = _from_above(_with_loss_after(data, last), samples, widths[-1], many, options)
    if objective.temperature is not None:
        if isinstance(last.activation, str):
            dense = (*dense[:-1], last._replace(temperature=objective.temperature))
        elif isinstance(above, LossAndTarget):
            above = above._replace(temperature=objective.temperature)
    per_sample = options.per_sample and many
    if per_sample and options.lr is not None:
        raise NetcalcError("the weights are updated by the gradient of the whole batch: leave out --per-sample or --lr")
    if per_sample and options.trace is not None:
        raise NetcalcError("the paths of a trace are of the whole batch: leave out --per-sample or --trace")
    if per_sample and objective.weight_decay is not None:
        message = "weight decay is of the whole batch: leave out --per-sample or weight_decay"
        raise NetcalcError(message, key="weight_decay")
    names = _names(dense, above, many, samples, options, decays=objective.weight_decay is not None)
    problem = Problem(
        "net",
        x,
        dense,
        above,
        names,
        many,
        per_sample=per_sample,
        index_from=options.index_from,
        hidden=frozenset(name for name in names if name[0] in "sJ" or name == "paths"),
        given=dict(options.given)
        if options.lr is None
        else {**options.given, "lr": np.array(options.lr, dtype=object)},
        notes=notes,
        lr=options.lr,
        trace=_trace(options, dense),
        decay=objective.weight_decay,
    )
    if problem.trace:
        from netcalc.trace import check_count

        check_count(problem)
    return problem


def _widths(layers: Sequence[Layer], data: NetData) -> list[int]:
    """Inputs, then each layer's outputs. Raises ShapeError where layers don't chain."""
    if not layers:
        raise NetcalcError("a net needs layers, each with W, b and activation")
    widths: list[int] = []
    for number, layer in enumerate(layers, 1):
        W = layer.W
        if W is not None and W.ndim != 2:
            raise ShapeError(f"W{number} is {_flat(W)}; it needs rows, one an output: [[1, 2], [3, 4]]")
        if not widths:
            widths.append(_inputs(layer, data))
        if W is not None and W.shape[1] != widths[-1]:
            raise ShapeError(_mismatch(number, W, widths[-1], layers, data))
        if W is None and layer.size is None:
            raise NetcalcError(f"layer {number} has no W; give it, or a size, with init for numbers to start from")
        wholes: tuple[tuple[str, Any, int], ...] = (("size", layer.size, 1), ("seed", layer.seed, 0))
        for name, whole, least in wholes:
            if whole is not None and (not isinstance(whole, int) or whole < least):
                raise NetcalcError(f"{name} of layer {number} is {whole}; it is a whole number from {least}")
        if W is not None and layer.init is not None:
            raise NetcalcError(
                f"layer {number} has W and init, the rule that W would be drawn by: give one or the other"
            )
        outputs = W.shape[0] if W is not None else layer.size or 0
        if W is not None and layer.size not in (None, outputs):
            raise ShapeError(f"layer {number} has size {layer.size}, and W{number} is {shape(W)}")
        if layer.b is not None and layer.b.size not in (1, outputs):
            raise ShapeError(f"b{number} has {count(layer.b.size)}, and layer {number} has {_outputs(outputs)}")
        widths.append(outputs)
    return widths


def _inputs(layer: Layer, data: NetData) -> int:
    x = data.input
    if x is not None and x.ndim > 2:
        raise ShapeError(f"input has shape {shape(x)}; it needs one sample, or rows, one for each sample")
    if layer.W is not None and (x is None or _is_column(x, layer.W.shape[1])):
        return int(layer.W.shape[1])
    if x is None:
        raise NetcalcError("nothing says how many inputs there are: give input, or the first layer's W")
    return int(x.shape[-1]) if x.ndim else 1


def _is_column(x: np.ndarray, inputs: int) -> bool:
    """Whether one sample stands upright, as in a file with a number a line."""
    return x.ndim == 2 and x.shape[1] == 1 and 1 < inputs == x.shape[0]


def _mismatch(number: int, W: np.ndarray, width: int, layers: Sequence[Layer], data: NetData) -> str:
    takes = f"W{number} is {shape(W)} and takes {W.shape[1]}"
    hint = "; its transpose would fit: W has a row an output" if W.shape[0] == width else ""
    if number == 1:
        if W.shape[1] == 1 and data.input is not None and data.input.ndim < 2:
            hint = f"; {width} samples of one number are rows: [[…], […]]"
        return f"input and layer 1 don't fit: input has {count(width)} a sample, and {takes}{hint}"
    before = layers[number - 2]
    of = f" (W{number - 1} is {shape(before.W)})" if before.W is not None else ""
    return f"layers {number - 1} and {number} don't chain: layer {number - 1} has {_outputs(width)}{of}; {takes}{hint}"


def _outputs(number: int) -> str:
    return f"{number} output" if number == 1 else f"{number} outputs"


def _flat(array: np.ndarray) -> str:
    return f"a list of {count(array.size)}" if array.ndim == 1 else shape(array)


def shape(array: np.ndarray) -> str:
    """A shape in words: `2 × 3`."""
    return " × ".join(map(str, array.shape)) if array.ndim else "a single number"


def _samples(data: NetData, inputs: int) -> tuple[int, bool]:
    x = data.input
    if x is not None:
        return (len(x), True) if x.ndim == 2 and not _is_column(x, inputs) else (1, False)
    known = data.delta
    return (len(known), True) if known is not None and known.ndim == 2 else (1, False)


def _input(x: np.ndarray | None, samples: int, inputs: int, many: bool, options: NetOptions) -> np.ndarray:
    if x is None:
        x = symbol_tensor("x", (samples, inputs) if many else (inputs,), options.index_from)
    return x if many else x.reshape(1, -1)


def _dense(layer: Layer, number: int, widths: Sequence[int], options: NetOptions) -> Dense:
    m, n = widths[number], widths[number - 1]
    W = layer.W
    if W is None and layer.init is not None:
        from netcalc.models.initial import initial

        W = initial(layer.init, m, n, layer.seed, number)
    elif W is None:
        W = symbol_tensor(f"W{number}", (m, n), options.index_from)
    b = layer.b if layer.b is None or layer.b.size == m else np.repeat(layer.b.reshape(-1), m)
    return Dense(W, None if b is None else b.reshape(-1), layer.activation or activation("identity"))


def _with_loss_after(data: NetData, last: Dense) -> NetData:
    return data if data.loss is None else data._replace(loss=loss_after(last.activation, data.loss))


def _from_above(
    data: NetData, samples: int, outputs: int, many: bool, options: NetOptions
) -> tuple[np.ndarray | LossAndTarget, tuple[str, ...]]:
    """∂L/∂(the last output) as given or as symbols, or the loss against a target; and notes."""
    loss, target = data.loss, data.target
    of_sample = (samples, outputs) if many else (outputs,)
    if data.delta is not None and (target is not None or loss is not None):
        raise NetcalcError("delta is what comes from above in place of target and loss: give one or the other")
    if target is not None and loss is None:
        raise NetcalcError('target is there and loss is not: which loss is it, as in loss = "mse"?')
    if loss is None:
        if data.reduction is not None:
            raise NetcalcError("reduction says how a loss is summed, and there is no loss")
        delta = data.delta if data.delta is not None else symbol_tensor("delta", of_sample, options.index_from)
        if delta.size != samples * outputs:
            raise ShapeError(
                f"delta has shape {shape(delta)}, and the outputs have {_of_outputs(samples, outputs, many)}"
            )
        return delta.reshape(samples, outputs), ()
    notes: tuple[str, ...] = ()
    by = data.reduction or reduction(loss.row.reduction or "mean")
    per_sample = options.per_sample and many
    if target is not None and loss.row.target == CLASSES:  # before they are weighed: it checks the classes
        aims, notes = distributions(target, samples, outputs, ignored(data.objective, target, samples, outputs))
    weighed = weighing(data.objective, target, by, samples, outputs, per_sample=per_sample)
    if target is None:
        aims = symbol_tensor("t" if weighed is None else "y", of_sample, options.index_from).reshape(samples, outputs)
    elif loss.row.target != CLASSES:
        if target.size != samples * outputs or (many and target.ndim == 2 and target.shape != of_sample):
            raise ShapeError(
                f"target has shape {shape(target)}, and the outputs have {_of_outputs(samples, outputs, many)}"
            )
        aims = target.reshape(samples, outputs)
        check_targets(aims, loss, many)
    return LossAndTarget(aims, loss, by, weighed), notes


def _of_outputs(samples: int, outputs: int, many: bool) -> str:
    return f"{samples} × {outputs}, a row a sample" if many else f"{outputs}: one a unit of the last layer"


def _names(
    dense: Sequence[Dense],
    above: np.ndarray | LossAndTarget,
    many: bool,
    samples: int,
    options: NetOptions,
    *,
    decays: bool,
) -> dict[str, Label]:
    """What is shown, in order: forward, then backward from the last layer to the input, then what is new."""
    row = (-1,) if not many else None
    names: dict[str, Label] = {}
    numbers = range(1, len(dense) + 1)
    traced = int(options.trace[0][1:]) if options.trace else len(dense) + 1  # the layer that paths begin in
    for number in numbers:
        names |= {f"z{number}": Label(f"z{number}", row), f"a{number}": Label(f"a{number}", row)}
    if isinstance(above, LossAndTarget) and above.weighing:
        names["t"] = Label("t", row)
    if decays:
        names["penalty"] = Label("penalty")
    if isinstance(above, LossAndTarget):
        names["loss"] = Label("loss")
    for number in reversed(numbers):
        layer = dense[number - 1]
        names[f"da{number}"] = Label(f"da{number}", row)
        if isinstance(layer.activation, str):
            written, size = Label(f"J{number}"), samples * len(layer.W) ** 2
        else:
            written, size = Label(f"s{number}", row), samples * len(layer.W)
        if size <= WRITTEN_LIMIT or number >= traced:
            names[written.name] = written
        names[f"dz{number}"] = Label(f"dz{number}", row)
        names[f"dW{number}"] = Label(f"dW{number}")
        if layer.b is not None:
            names[f"db{number}"] = Label(f"db{number}")
    names["dx"] = Label("dx", row)
    if options.lr is not None:
        for number in numbers:
            names[f"W{number}_new"] = Label(f"W{number}_new")
            if dense[number - 1].b is not None:
                names[f"b{number}_new"] = Label(f"b{number}_new")
    return names | ({"paths": Label("paths")} if options.trace else {})


TRACE = re.compile(r"d?([Wb]\d+)\[\s*(\d+)\s*(?:,\s*(\d+)\s*)?\]")


def read_trace(text: str) -> tuple[str, tuple[int, ...]]:
    """The weight that `dW1[0,1]` names. Raises ValueSyntaxError."""
    found = TRACE.fullmatch(text.strip())
    if found is None:
        letters = str.maketrans("DwB", "dWb")
        near = text.strip().translate(letters)
        meant = f"; did you mean '{near}'?" if TRACE.fullmatch(near) else "; one is written as in dW1[0,1] or db2[0]"
        raise ValueSyntaxError(f"'{text}' names no weight{meant}")
    return found[1], tuple(int(place) for place in found.groups()[1:] if place)


def _trace(options: NetOptions, dense: Sequence[Dense]) -> tuple[str, tuple[int, ...]] | None:
    """The weight to trace, by places that count from 0. Raises ShapeError where there is none there."""
    if options.trace is None:
        return None
    name, index = options.trace
    places = tuple(place - options.index_from for place in index)
    tensors = {f"W{n}": layer.W for n, layer in enumerate(dense, 1)}
    tensors |= {f"b{n}": layer.b for n, layer in enumerate(dense, 1) if layer.b is not None}
    if name not in tensors:
        raise ShapeError(f"there is no d{name} to trace; this net has {', '.join(f'd{one}' for one in tensors)}")
    tensor = tensors[name]
    if len(places) != tensor.ndim or not all(0 <= p < size for p, size in zip(places, tensor.shape, strict=True)):
        where = ",".join(map(str, index))
        first, last = options.index_from, [size - 1 + options.index_from for size in tensor.shape]
        raise ShapeError(
            f"d{name}[{where}] is no entry of {name}, which is {shape(tensor)}: "
            f"its entries are d{name}[{','.join([str(first)] * tensor.ndim)}] to d{name}[{','.join(map(str, last))}]"
        )
    return name, places
