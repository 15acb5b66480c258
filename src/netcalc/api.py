"""The library face: the same problems, results and errors as the command line."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

import netcalc.notebook  # noqa: F401  # has notebooks and print show results
from netcalc.arguments import as_numpy, by_name, names, not_negative, plain, text, whole
from netcalc.arithmetic.turns import in_turn
from netcalc.catalogue.activations import BoundActivation
from netcalc.errors import NetcalcError, ShapeError, ValueSyntaxError
from netcalc.expression import Tree, is_constant
from netcalc.given import Given, brought, number, points, tensor, tree
from netcalc.models.activations import read_activation, read_layer_activation
from netcalc.models.neuron import neuron as state_neuron
from netcalc.models.targets import from_above
from netcalc.result import Result
from netcalc.solving.solve import flag, solve

MAX_INPUTS = 1_000_000  # that columns are named for

if TYPE_CHECKING:
    from netcalc.models.net import Layer, NetOptions


def neuron(
    x: Given | None = None,
    w: Given | None = None,
    b: Given | None = None,
    activation: str | BoundActivation = "sigmoid",
    *,
    delta: Given | None = None,
    target: Given | None = None,
    loss: str | None = None,
    reduction: str | None = None,
    index_from: int = 0,
    digits: int | None = None,
    exact: bool = False,
    verify: bool = False,
    certify: bool | None = None,
) -> Result:
    """The value and every partial of f = φ(w·x + b).

    `x` (n,) or (samples, n), `w` (n,), `b` and `delta` scalars (`delta` one a sample if there are many): numbers,
    exact text such as "1/3", or arrays. A float is the binary number that it is, and 0.1 in formulas. What is left
    out stays a symbol. `digits` asks for that many proven digits, `exact` for closed forms,
    `verify` for central differences beside the partials (`Result.verification`). `certify` has every value proven
    however many there are (True), or none (False); else values are as long as that takes about a second. Raises
    NetcalcError.
    """
    bound = _activation(activation)
    above = _above(delta, target, loss, reduction)
    stated = state_neuron(tensor(x), tensor(w), tensor(b), bound, above, whole("index_from", index_from, 0, 1))
    return solve(stated, digits=digits, exact=exact, verify=verify, certify=certify)


def grad(
    *expressions: str,
    at: Mapping[str, Given] | None = None,
    wrt: Sequence[str] | None = None,
    order: int = 1,
    shape: Mapping[str, str | int | Sequence[int | str]] | None = None,
    delta: Given | None = None,
    along: Mapping[str, Given] | None = None,
    index_from: int = 0,
    digits: int | None = None,
    exact: bool = False,
    verify: bool = False,
    certify: bool | None = None,
) -> Result:
    """The values of expressions and their derivatives by every variable, or by `wrt`.

    `at` has a number a variable, or (points,) numbers: as `neuron` takes them. A variable without one stays a symbol.
    `order` 2 adds the Hessian; a higher one is for one expression by one variable.
    An expression of tensors, `sum((W@x - t)^2)`, takes arrays. `shape` says what names are: `{"W": (3, 4), "x": "n"}`,
    () for a number; `delta` is the gradient of its output from above, in its shape, which gives products with the
    Jacobian in place of it; `along` a direction by name, in which the derivative is taken. Raises NetcalcError.
    """
    from netcalc.models.expressions import expressions as state
    from netcalc.models.request import Request, shape_of

    for one in expressions:
        if not isinstance(one, str):
            raise NetcalcError(f"an expression is text, as in grad('x^2*y', 'sin(x)'), and not {one!r}")
    values = points({} if at is None else at)
    order = whole("order", order)
    wrt = None if wrt is None else names("wrt", wrt, "wrt=['x', 'y']")
    stated = by_name("shape", {} if shape is None else shape, "shape={'W': (3, 4)}")
    shapes = {name: shape_of(name, sizes) for name, sizes in stated.items()}
    direction = points({} if along is None else along, "along")
    request = Request(values, shapes, wrt, order, tensor(delta), direction, whole("index_from", index_from, 0, 1))
    return solve(state(expressions, request, points=True), digits=digits, exact=exact, verify=verify, certify=certify)


def linear(
    W: Given | None = None,
    v: Given | None = None,
    b: Given | None = None,
    activation: str | BoundActivation | None = None,
    *,
    bias: bool = True,
    delta: Given | None = None,
    target: Given | None = None,
    loss: str | None = None,
    reduction: str | None = None,
    index_from: int = 0,
    digits: int | None = None,
    exact: bool = False,
    verify: bool = False,
    certify: bool | None = None,
) -> Result:
    """The layer u = W v + b, its output a = φ(u) if an activation is named, and every partial of L.

    `W` (m, n), `v` (n,) or (samples, n), `b` (m,), `delta` and `target` (m,) or (samples, m); given and answered as by
    `neuron`. ∂L/∂W and ∂L/∂b are summed over samples. Without `bias` there is no b. Raises NetcalcError.
    """
    from netcalc.models.linear import linear as state

    bound = None if activation is None else _activation(activation, read_layer_activation)
    above = _above(delta, target, loss, reduction)
    first = whole("index_from", index_from, 0, 1)
    stated = state(tensor(W), tensor(v), tensor(b), bound, above, bias=flag("bias", bias), index_from=first)
    return solve(stated, digits=digits, exact=exact, verify=verify, certify=certify)


def net(
    layers: Sequence[Mapping[str, Any]],
    *,
    input: Given | None = None,  # noqa: A002 - as the file calls it
    target: Given | None = None,
    delta: Given | None = None,
    loss: str | None = None,
    reduction: str | None = None,
    weight_decay: float | str | Fraction | None = None,
    label_smoothing: float | str | Fraction | None = None,
    ignore_index: int | None = None,
    weights: Given | None = None,
    temperature: float | str | Fraction | None = None,
    seed: int = 0,
    per_sample: bool = False,
    lr: float | str | Fraction | None = None,
    trace: str | None = None,
    index_from: int = 0,
    digits: int | None = None,
    exact: bool = False,
    verify: bool = False,
    certify: bool | None = None,
) -> Result:
    """Everything that backpropagation through a net of these layers yields: z1, a1, …, loss, and every gradient.

    A layer has the keys of a file's: `W` (outputs, inputs), `b` (outputs,), `activation` by name or as an expression
    in q, or `size` and `init` ("zeros", "ones", "xavier", "he") in place of W. `input` (n,) or (samples, n); `target`
    in the outputs' shape, or class indices (samples,). Numbers are taken as `neuron` takes them, and what is left out
    stays a symbol. `weight_decay` λ adds λ/2·Σ W² to the loss; cross-entropy takes `label_smoothing`, `ignore_index`,
    class `weights` (classes,) and `temperature`, as in a file. `lr` adds the weights after a step of gradient descent,
    `trace` ("dW1[0,1]") the paths from one weight to the loss. Raises NetcalcError.
    """
    from netcalc.catalogue import losses
    from netcalc.models.net import NetData
    from netcalc.models.net import net as state_net
    from netcalc.models.weighing import ObjectiveData

    numbers = {"weight_decay": weight_decay, "label_smoothing": label_smoothing, "temperature": temperature}
    data = NetData(
        tensor(input),
        tensor(target),
        tensor(delta),
        None if loss is None else losses.loss(text("loss", loss, "'mse'")),
        None if reduction is None else losses.reduction(text("reduction", reduction, "'sum'")),
        ObjectiveData(
            **{name: None if value is None else _option(name, value) for name, value in numbers.items()},
            ignore_index=plain(ignore_index),
            weights=tensor(weights),
        ),
    )
    if isinstance(layers, str | Mapping) or not isinstance(layers, Sequence):
        raise NetcalcError(f"layers are a list, each with W, b and activation, and not {layers!r}")
    made = [_layer(number, layer, seed) for number, layer in enumerate(layers, 1)]
    given: dict[str, Any] = {"input": data.input, "target": data.target, "delta": data.delta, "loss": loss}
    given |= {"reduction": reduction, "layers": [layer.given() for layer in made]}
    given |= {**numbers, "ignore_index": ignore_index, "weights": data.objective.weights}
    given = {name: thing for name, thing in given.items() if thing is not None}
    options = _options(per_sample, lr, trace, index_from, given)
    return solve(state_net(made, data, options), digits=digits, exact=exact, verify=verify, certify=certify)


def _options(
    per_sample: bool, lr: Any, trace: str | None, index_from: int, given: Mapping[str, Any] | None = None
) -> NetOptions:
    from netcalc.models.net import NetOptions, read_trace

    return NetOptions(
        flag("per_sample", per_sample),
        None if lr is None else number("lr", lr),
        None if trace is None else read_trace(text("trace", trace, "'dW1[0,1]'")),
        whole("index_from", index_from, 0, 1),
        given or {},
    )


def _option(name: str, value: Any) -> Tree:
    """A number that a net's file has a key for. Raises ValueSyntaxError, ExpressionError."""
    from netcalc.models.weighing import read_option

    try:
        return read_option(name, np.array(tree(value), dtype=object))
    except NetcalcError as error:
        error.message = f"{name}: {error.message}"
        raise


def _layer(number: int, given: Mapping[str, Any], seed: int) -> Layer:
    from netcalc.catalogue.names import unknown
    from netcalc.models.net import Layer

    keys = ("W", "b", "activation", "size", "init", "seed")
    if not isinstance(given, Mapping):
        raise NetcalcError(f"layer {number} is no mapping with W, b and activation, or size and init")
    for key in given:
        if key not in keys:
            raise unknown("key", f"{key}", keys, f"layer {number} takes {', '.join(keys)}")
    activation = given.get("activation")
    if not isinstance(activation, str | BoundActivation | None):
        raise NetcalcError(f"the activation of layer {number} is a name, an expression in q, or netcalc.activation(…)")
    return Layer(
        tensor(given.get("W")),
        tensor(given.get("b")),
        read_layer_activation(activation) if isinstance(activation, str) else activation,
        plain(given.get("size")),
        None if given.get("init") is None else text("init", given["init"], "'he'"),
        plain(given.get("seed", seed)),
    )


def load(
    path: str | os.PathLike[str],
    *,
    per_sample: bool = False,
    lr: float | str | Fraction | None = None,
    trace: str | None = None,
    index_from: int = 0,
    digits: int | None = None,
    exact: bool = False,
    verify: bool = False,
    certify: bool | None = None,
    decimal: str = ".",
) -> Result:
    """The answer to the problem that a file states, as `netcalc net` reads it. Raises NetcalcError.

    `decimal` is the decimal sign in the files of numbers that it names, `.` or `,`.
    """
    from netcalc.files.cells import all_exact
    from netcalc.spec import read_problem

    options = _options(per_sample, lr, trace, index_from)
    if not isinstance(path, str | os.PathLike):
        raise NetcalcError(f"path is that of a file, as in 'net.toml', and not {path!r}")
    with all_exact(exact or bool(certify) or digits is not None):
        stated = read_problem(os.fspath(path), options, decimal)
    return solve(stated, digits=digits, exact=exact, verify=verify, certify=certify)


@in_turn
def check(
    result: Result,
    answers: Mapping[str, Any] | Sequence[str],
    *,
    rtol: float | None = None,
    atol: float | None = None,
    sig: int | None = None,
) -> Result:
    """The same result with a verdict on each answer, in its `checked`.

    `answers` are numbers, nested lists, arrays or texts by name, or what the command line's --check takes. An answer is
    held to the digits that it is written with, where neither a tolerance nor `sig` digits are asked for.
    Raises NetcalcError.
    """
    from netcalc.checking import Tolerance
    from netcalc.checking import check as judged
    from netcalc.checking.answers.sources import answers as read
    from netcalc.checking.answers.sources import given

    if not isinstance(result, Result):
        raise NetcalcError(f"result is what netcalc's functions give, and not {result!r}")
    own = brought(answers)
    found = partial(given, own) if isinstance(own, Mapping) else partial(read, own)
    digits = None if sig is None else whole("sig", sig)
    return judged(result, found, Tolerance(not_negative("rtol", rtol), not_negative("atol", atol), digits))


def _activation(activation: Any, read: Callable[[str], Any] = read_activation) -> Any:
    example = "'sigmoid'" if read is read_activation else "'relu'"
    return activation if isinstance(activation, BoundActivation) else read(text("activation", activation, example))


def _above(delta: Any, target: Any, loss: Any, reduction: Any) -> Any:
    """What comes from above."""
    for word, value, example in (("loss", loss, "'mse'"), ("reduction", reduction, "'sum'")):
        if value is not None:
            text(word, value, example)
    return from_above(tensor(delta), tensor(target), loss, reduction)


def neuron_block(
    x: np.ndarray,
    w: Given,
    b: Given,
    activation: str | BoundActivation = "sigmoid",
    *,
    delta: Given | None = None,
    target: Given | None = None,
    loss: str | None = None,
    reduction: str | None = None,
) -> np.ndarray:
    """A block of samples through one neuron, in float64: `x` (rows, n) -> (rows, columns), one answer after the other.

    The columns are q, f, the loss if one is given, dx (n,), dw (n,), db: `neuron_columns` names them. `w` (n,) and `b`
    are numbers; `delta` and `target` are one for all rows, or one a row. Each row is a problem of its own. This is what
    `netcalc neuron` does with every block of a file, and what Dask, joblib or a loop may map over blocks of one's own.
    A value is `inf` beyond float64's range, and `nan` where there is none. Raises NetcalcError.
    """
    from netcalc.rows.blocks import NeuronRows

    bound = _activation(activation)
    numbers = {"w": tensor(w), "b": tensor(b), "delta": tensor(delta), "target": tensor(target)}
    for name, one in numbers.items():
        if one is not None and one.dtype == object and not all(map(is_constant, one.flat)):
            raise ValueSyntaxError(f"{name} is numbers here, and no formula")
    above = _above(delta, target, loss, reduction)
    weights, bias = (np.ravel(one) for one in (numbers["w"], numbers["b"]) if one is not None)
    rows = as_numpy(x)
    if not isinstance(rows, np.ndarray) or rows.ndim != 2 or rows.dtype.kind not in "fiu":
        raise ShapeError("x is an array of numbers, (rows, n)")
    return NeuronRows(weights, bias, bound, above).answers(rows.astype(np.float64, copy=False))


def neuron_columns(inputs: int, *, loss: bool = False, index_from: int = 0) -> tuple[str, ...]:
    """What the columns of `neuron_block` are called for that many inputs: q, f, dx0, …, dw0, …, db."""
    from netcalc.rows.blocks import NeuronRows

    above = from_above(None, tensor(0), "mse") if flag("loss", loss) else None
    weights = np.zeros(whole("inputs", inputs, most=MAX_INPUTS))
    first = whole("index_from", index_from, 0, 1)
    return NeuronRows(weights, np.zeros(1), read_activation("sigmoid"), above, first).columns
