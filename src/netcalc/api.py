"""The library face: the same problems, results and errors as the command line."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from netcalc import problem
from netcalc.arrays import each
from netcalc.catalogue.activations import BoundActivation, activation, custom, is_reference
from netcalc.errors import NetcalcError
from netcalc.expression import Number, Tree, parse
from netcalc.models.grad import grad as state_grad
from netcalc.models.linear import linear as state_linear
from netcalc.models.neuron import neuron as state_neuron
from netcalc.problem import VECTOR_ACTIVATIONS
from netcalc.result import Result
from netcalc.solve import solve

Given = float | int | str | Fraction | Sequence[Any] | np.ndarray


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
) -> Result:
    """The value and every partial of f = φ(w·x + b).

    `x` (n,) or (samples, n), `w` (n,), `b` and `delta` scalars (`delta` one a sample if there are many): numbers,
    exact text such as "1/3", or float64 arrays, which are taken as the exact numbers they are. What is left out
    stays a symbol. `digits` asks for that many proven digits, `exact` for closed forms,
    `verify` for central differences beside the partials (`Result.verification`). Raises NetcalcError.
    """
    bound = read_activation(activation) if isinstance(activation, str) else activation
    above = from_above(tensor(delta), tensor(target), loss, reduction)
    stated = state_neuron(tensor(x), tensor(w), tensor(b), bound, above, index_from)
    return solve(stated, digits=digits, exact=exact, verify=verify)


def grad(
    *expressions: str,
    at: Mapping[str, Given] | None = None,
    wrt: Sequence[str] | None = None,
    order: int = 1,
    index_from: int = 0,
    digits: int | None = None,
    exact: bool = False,
    verify: bool = False,
) -> Result:
    """The values of expressions and their derivatives by every variable, or by `wrt`.

    `at` has a number a variable, or (points,) numbers: as `neuron` takes them. A variable without one stays a symbol.
    `order` 2 adds the Hessian; a higher one is for one expression by one variable. Raises NetcalcError.
    """
    points = {name: np.asarray(tensor(value)) for name, value in (at or {}).items()}
    return solve(state_grad(expressions, points, wrt, order, index_from), digits=digits, exact=exact, verify=verify)


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
) -> Result:
    """The layer u = W v + b, its output a = φ(u) if an activation is named, and every partial of L.

    `W` (m, n), `v` (n,) or (samples, n), `b` (m,), `delta` and `target` (m,) or (samples, m); given and answered as by
    `neuron`. ∂L/∂W and ∂L/∂b are summed over samples. Without `bias` there is no b. Raises NetcalcError.
    """
    bound = maybe_activation(activation) if activation is None or isinstance(activation, str) else activation
    above = from_above(tensor(delta), tensor(target), loss, reduction)
    stated = state_linear(tensor(W), tensor(v), tensor(b), bound, above, bias=bias, index_from=index_from)
    return solve(stated, digits=digits, exact=exact)


def from_above(
    delta: np.ndarray | None, target: np.ndarray | None, loss: str | None, reduction: str | None = None
) -> np.ndarray | problem.Against | None:
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
    from netcalc.catalogue import losses

    bound = losses.loss(loss)
    return problem.Against(target, bound, losses.reduction(reduction or bound.row.reduction or "mean"))


def read_activation(text: str) -> BoundActivation:
    """The activation of that name, or the expression in q.

    Raises UnknownNameError, ExpressionError.
    """
    if is_reference(text):
        return activation(text)
    return custom(text)


def maybe_activation(text: str | None) -> BoundActivation | str | None:
    """An activation that may be left out, or act on a whole vector, as softmax does. Raises as above."""
    return text if text is None or text in VECTOR_ACTIVATIONS else read_activation(text)


def tensor(given: Given | None) -> np.ndarray | None:
    """A given thing as a tensor: float64 arrays as they are, all else as exact trees; None stays None."""
    if given is None or (isinstance(given, np.ndarray) and given.dtype == np.float64 and given.size > 0):
        return given
    return each(tree, np.array(given, dtype=object))


def tree(number: Any) -> Tree:
    """One number as an exact tree: text is parsed, a float is the binary number that it is."""
    if isinstance(number, str):
        return parse(number)
    return Number(Fraction(number))
