"""Formulas of tensors evaluated by NumPy alone: an oracle that shares no code with the graph."""

from __future__ import annotations

import functools
import math

import numpy as np

from netcalc.expression import Apply, Constant, Number, Symbol
from netcalc.notation.displays import Matrix, Product, Sum

ELEMENTWISE = {
    "add": lambda *terms: sum(terms[1:], terms[0]),
    "subtract": np.subtract,
    "negate": np.negative,
    "multiply": lambda *factors: math.prod(factors[1:], start=factors[0]),
    "hadamard": lambda *factors: math.prod(factors[1:], start=factors[0]),
    "divide": np.divide,
    "power": np.power,
    "where": np.where,
    "equal": np.equal,
    "unequal": np.not_equal,
    "greater": np.greater,
    "less": np.less,
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "relu": lambda x: np.maximum(x, 0),
    "erf": np.vectorize(math.erf),
    "erfc": np.vectorize(math.erfc),
    "gelu": lambda x: x / 2 * (1 + np.vectorize(math.erf)(x / math.sqrt(2))),
    "softplus": lambda x, k=1: np.log(1 + np.exp(k * x)) / k,
    "sign": np.sign,
    "abs": np.abs,
} | {name: getattr(np, name) for name in ("exp", "log", "sqrt", "sin", "cos", "tanh")}


def softmax(x, axis=None):
    e = np.exp(x - x.max())
    return e / e.sum(axis=axis, keepdims=True)


OTHERS = {
    "matmul": np.matmul,
    "swapped": lambda x: np.swapaxes(x, -1, -2),
    "sum": np.sum,
    "prod": np.prod,
    "mean": np.mean,
    "var": np.var,
    "std": np.std,
    "max": lambda *arrays, **along: (
        np.max(*arrays, **along) if len(arrays) == 1 else functools.reduce(np.maximum, arrays)
    ),
    "min": lambda *arrays, **along: (
        np.min(*arrays, **along) if len(arrays) == 1 else functools.reduce(np.minimum, arrays)
    ),
    "norm": lambda x, axis=None, keepdims=False: np.sqrt((x**2).sum(axis=axis, keepdims=keepdims)),
    "logsumexp": lambda x, axis=None, keepdims=False: np.log(np.exp(x).sum(axis=axis, keepdims=keepdims)),
    "softmax": softmax,
    "log_softmax": lambda x, axis=None: np.log(softmax(x, axis)),
    "cumsum": np.cumsum,
    "outer": np.outer,
    "trace": np.trace,
    "diag": np.diag,
    "det": np.linalg.det,
    "inv": np.linalg.inv,
    "logdet": lambda x: np.linalg.slogdet(x)[1],
    "solve": np.linalg.solve,
    "tril": np.tril,
    "triu": np.triu,
    "eye": lambda n: np.eye(int(n)),
    "arange": np.arange,
    "ones": np.ones,
    "zeros": np.zeros,
    "one_hot": lambda k, n: np.eye(int(n))[np.asarray(k).astype(int)],
    "reshape": np.reshape,
    "concat": lambda *arrays, axis=0: np.concatenate(arrays, axis=axis),
    "stack": lambda *arrays, axis=0: np.stack(arrays, axis=axis),
}


def value(tree, at):
    """The formula where the names are `at`, sizes too."""
    if isinstance(tree, Number):
        return float(tree.value)
    if isinstance(tree, Constant):
        return {"e": math.e, "pi": math.pi}[tree.name]
    if isinstance(tree, Symbol):
        return at[tree.name]
    operator, arguments = tree.operator, tree.arguments
    if operator == "index":
        array, *parts = arguments
        return value(array, at)[tuple(_part(part, at) for part in parts)]
    options = [one for one in arguments if getattr(one, "operator", "") in ("axis", "keepdims", "shape", "n", "axes")]
    values = [value(one, at) for one in arguments if one not in options]
    given = {}
    for option in options:
        numbers = tuple(int(value(one, at)) for one in option.arguments)
        is_one = len(numbers) == 1 and option.operator != "shape"
        given[option.operator] = (
            bool(numbers[0]) if option.operator == "keepdims" else numbers[0] if is_one else numbers
        )
    if operator == "transpose":
        return np.transpose(values[0], given.get("axes"))
    if operator == "stack" and not given:
        return np.array(values)
    if operator.startswith("einsum:"):
        return np.einsum(operator.removeprefix("einsum:"), *values)
    return (ELEMENTWISE | OTHERS)[operator](*values, **given)


def drawn(part, at):
    """What a step shows: matrices, their sums and products, or a formula; a vector is a column."""
    match part:
        case Matrix(rows):
            return np.array([[float(value(entry, at)) for entry in row] for row in rows])
        case Product(parts, "∘"):
            return math.prod(drawn(one, at) for one in parts)
        case Product(parts):
            return functools.reduce(_times, (drawn(one, at) for one in parts))
        case Sum(parts, symbol):
            first, *others = (drawn(one, at) for one in parts)
            return first + sum(others) if symbol == "+" else first - sum(others)
        case _:
            found = np.asarray(value(part, at), dtype=float)
            return found[:, None] if found.ndim == 1 else found


def _times(a, b):
    return a @ b if a.ndim and b.ndim else a * b


def _part(part, at):
    match part:
        case Apply("slice", ends):
            return slice(*(None if one == Apply("none", ()) else int(one.value) for one in ends))
        case Apply("newaxis"):
            return None
        case _:
            return np.asarray(value(part, at)).astype(int)
