"""Expressions of tensors mean what NumPy makes of them, and their derivatives are the limits of its differences."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import netcalc
from netcalc.errors import NetcalcError, UndefinedError
from netcalc.expression.tensor_parser import parse_tensors
from netcalc.models.expressions import expressions
from netcalc.models.request import Request
from netcalc.notation import to_unicode
from netcalc.result import Result
from netcalc.values import read_array

RNG = np.random.default_rng(15)
SHAPES = {
    "A": (3, 3), "B": (3, 3), "W": (2, 3), "V": (3, 4), "X": (4, 3), "C": (3, 1), "x": (3,), "y": (3,), "b": (2,), "t": (2,),
    "w": (4,), "z": (5,), "c": (), "T3": (2, 3, 2),
}  # fmt: skip
AT = {name: np.round(RNG.uniform(0.25, 1.75, shape), 2) for name, shape in SHAPES.items()}
AT["A"] += 3 * np.eye(3)
AT["B"] += np.diag([2.0, 3.0, 4.0])


AT_TWO = {"A": np.array([[2.0, 1.0], [0.5, 3.0]]), "x": np.array([1.0, -2.0]), "y": np.array([3.0, 4.0])}


def _softmax(x: Any, axis: Any = -1) -> Any:
    powers = np.exp(x - np.max(x, axis=axis, keepdims=True))
    return powers / powers.sum(axis=axis, keepdims=True)


def _logsumexp(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    return np.log(np.sum(np.exp(x), axis=axis, keepdims=keepdims))


def _reducing(function: Any, pairwise: Any) -> Any:
    return lambda *parts, **options: pairwise(*parts) if len(parts) > 1 else function(*parts, **options)


NUMPY: dict[str, Any] = {name: getattr(np, name) for name in (
    "exp", "log", "sqrt", "sin", "cos", "tanh", "sum", "mean", "var", "std", "prod", "outer", "trace", "einsum", "cumsum", "stack", "where", "triu",
    "tril", "diag", "dot", "kron", "eye", "ones", "zeros", "reshape", "concatenate", "transpose", "vstack", "hstack", "abs", "arange", "squeeze",
    "expand_dims", "broadcast_to", "ones_like", "log1p", "square",
)} | {
    "norm": np.linalg.norm, "det": np.linalg.det, "inv": np.linalg.inv, "solve": np.linalg.solve, "matrix_power": np.linalg.matrix_power,
    "logdet": lambda A: np.linalg.slogdet(A)[1], "softmax": _softmax, "log_softmax": lambda x, axis=-1: np.log(_softmax(x, axis)),
    "logsumexp": _logsumexp, "concat": np.concatenate, "max": _reducing(np.max, np.maximum), "min": _reducing(np.min, np.minimum),
    "one_hot": lambda y, n: np.eye(n)[y], "relu": lambda x: np.maximum(x, 0), "sigmoid": lambda x: 1 / (1 + np.exp(-x)), "inf": np.inf,
    "matmul": np.matmul, "xlogy": lambda x, y: x * np.log(y), "logit": lambda x: np.log(x / (1 - x)), "flatten": np.ravel, "tr": np.trace,
}  # fmt: skip

EXPRESSIONS = """
A@x | W@A@x | x@y | x.T@A@x | x@A | W.T@b | A.T | W.T@W | A@B - B@A
sum((W@x + b - t)^2)/2 | norm(W@x - b)^2 | norm(A) | norm(x, 1) | norm(x, inf) | norm(W, axis=1) | norm(X, axis=0, keepdims=True)
norm(x, 2) | norm(W, 'fro') | dot(x, y) | dot(A, x) | outer(x, b) | trace(A@B) | tr(A.T@B) | det(A) | logdet(A) | inv(A)@x | solve(A, x)
solve(A, V) | matrix_power(A, 3) | diag(A) | diag(x)@A | kron(W, A[:2]) | kron(x, b) | A@diag(x)@B
sum(W) | sum(W, axis=0) | sum(W, axis=1, keepdims=True) | sum(W, axis=-1) | sum(T3, axis=(0, 2)) | mean(W, axis=1) | mean(W, 0)
var(W, axis=1) | std(x) | var(x, ddof=1) | std(W, axis=0, keepdims=True) | prod(x) | prod(W, axis=1) | max(W, axis=1) | min(x) | max(x, y)
softmax(x) | softmax(W, axis=0) | softmax(W, axis=1) | log_softmax(x) | log_softmax(W, axis=1)[1] | logsumexp(W, axis=1) | logsumexp(x)
logsumexp(W) | cumsum(x) | cumsum(W, axis=0) | cumsum(W)
x*y | W*x | W + x | C*x[:2] | W/x | x/y | 1/x | x^2 | x^y | 2^x | W^3 | -x | c*x | x + c | x - y + 1/2 | exp(W)*c | sqrt(x + y)/2
sin(x)*cos(y) + tanh(x) | relu(x - y) | sigmoid(W@x) | where(x > y, x, 2*y) | where(W > 1, W, W^2) | abs(x - y) | square(x)
x[0] | x[-1] | x[1:] | x[:-1] | x[::2] | x[::-1] | W[1] | W[:, 1] | W[0, 1:] | W[0][1] | (W@x)[1] | T3[1, :, 0] | T3[..., 1] | x[None] | x[:, None]
x[[0, 2, 0]] | W[[0, 1], [2, 0]] | W[:, [0, 2]] | x[None, :] - y[:, None] | sum((X[:, None] - X)^2, axis=2) | T3[0]@b | W[-1, -1]
concat([x, y]) | concat([W, W], axis=0) | concat([W, A[:2]], axis=1) | concat((x, w)) | stack([x, y]) | stack([x, y], axis=1) | vstack([x, y]) | hstack([x, b])
reshape(X, (2, 6)) | X.reshape(2, -1) | reshape(X, [6, 2]) | X.reshape(3, 4) | flatten(W) | W.ravel() | transpose(W) | W.transpose()@b | transpose(T3, (2, 0, 1))
expand_dims(x, 0) | squeeze(C) | broadcast_to(x, (2, 3)) | ones((2, 3))*x | ones(2)@W | zeros(3) + x | eye(3)@x + x | A - c*eye(3) | ones_like(x)*y
triu(A)@x | tril(A, -1) | triu(A, k=1)@x | tril(W) | one_hot([1, 0], 3)*W | one_hot(1, 3)@x | arange(3)*x
einsum('ij,j->i', A, x) | einsum('ij,jk->ik', W, A) | einsum('ii->', A) | einsum('ii->i', A) | einsum('ij->ji', W) | einsum('i,i', x, y) | einsum("ij,ij->", W, W)
einsum('ijk,k->ij', T3, b) | einsum('i,j->ij', x, b) | einsum('ij,kj->ik', W, X) | einsum('i,ij,j', x, A, y)
x.sum() | (x*y).sum() | W.sum(axis=0) | W.mean(1) | W.max(axis=1) | x.dot(y) | np.exp(x) | np.linalg.norm(x) | np.sum(W, axis=1) | W.T.sum(0) | X.var(0)
[x[0], y[1], c]@x | [[1, 2, 3], [4, 5, 6]]@x | [1, 2, 3]*x | sum(x*[1, 2, 3]) | sum([x[0], y[0]]) | mean([c, 2, 3])
sum(max(0, 1 - y*(A@x))) | -mean(sum(one_hot([2, 0, 1, 1], 3)*log_softmax(X, axis=1), axis=1)) | (x - mean(x))/sqrt(var(x) + 1e-5)
softmax(W@W.T/sqrt(3), axis=1)@W | norm(X@x - w)^2/8 + c*norm(x, 1) | logdet(A.T@A + eye(3)) | x.shape[0]*x | sum(x)/x.shape[0] | W.shape[1]*c
sum(log(sum(exp(W), axis=1))) | sum(x[1:]*x[:-1]) | trace(inv(A)@B) | sum(X@W.T) | b@W@x + c | 0.5*x.T@A@x - y.T@x | max(sum(abs(W), axis=1)) | 2x@y + 3 | exp(diag(A)) | xlogy(x, y) | logit(x/2) | diag(A)^c | one_hot(-1, 3)@x
"""
TABLE = [one.strip() for line in EXPRESSIONS.strip().splitlines() for one in line.split(" | ")]


def by_numpy(text: str, at: Mapping[str, np.ndarray]) -> np.ndarray:
    """What NumPy makes of an expression. Nothing but this file's own expressions comes here."""
    python = re.sub(r"(?<![\w.'])np\.(?:linalg\.)?", "", text.replace("^", "**"))
    python = python.replace("2x", "2*x").replace("[x[0], y[1], c]", "stack([x[0], y[1], c])")
    python = re.sub(r"(?<!\w\()(\[\[?1, 2, 3\](?:, \[4, 5, 6\]\])?)", r"array(\1)", python)
    return np.asarray(eval(python, {"array": np.array, **NUMPY, **at}))  # noqa: S307 - as its docstring says


def names_in(text: str) -> dict[str, np.ndarray]:
    """The values of an expression's names."""
    return {name: value for name, value in AT.items() if re.search(rf"(?<![A-Za-z]){name}(?!\w)", text)}


def shapes_of(at: Mapping[str, np.ndarray]) -> dict[str, tuple[int, ...]]:
    return {name: value.shape for name, value in at.items()}


@cache
def answered(text: str) -> Result:
    """An expression at the point, solved once for all that is asked of it."""
    at = names_in(text)
    return netcalc.grad(text, at=at, shape=shapes_of(at))


@pytest.mark.parametrize("text", TABLE)
def test_value_is_numpys(text):
    at, result = names_in(text), answered(text)
    expected = by_numpy(text, at)
    value = result["f"].numbers()
    assert value.shape == expected.shape
    np.testing.assert_allclose(value, expected, rtol=1e-11, atol=1e-13)


@pytest.mark.parametrize("text", TABLE)
def test_partials_are_limits_of_numpys_differences(text):
    """The gradient of a number in the variable's shape, the Jacobian of a tensor: its axes, then the variable's."""
    at, result = names_in(text), answered(text)
    shape = by_numpy(text, at).shape
    h = np.finfo(float).eps ** (1 / 3)
    for name in result.partials:
        found = result[f"d{name}"].numbers()
        assert found.shape == shape + at[name].shape
        for place in np.ndindex(at[name].shape):
            step = np.zeros(at[name].shape)
            step[place] = h
            difference = by_numpy(text, at | {name: at[name] + step}) - by_numpy(text, at | {name: at[name] - step})
            np.testing.assert_allclose(found[(..., *place)], difference / (2 * h), rtol=2e-6, atol=2e-7)


@pytest.mark.parametrize("text", TABLE)
def test_formulas_are_read_again_and_give_the_partials(text):
    at, partials = names_in(text), answered(text)
    formulas = netcalc.grad(text, shape=shapes_of(at)).formulas
    for name, formula in formulas.items():
        used = names_in(formula)
        again = netcalc.grad(formula, at=used, shape=shapes_of(used), wrt=[]) if used else netcalc.grad(formula)
        found, expected = again["f"].numbers(), partials[f"d{name}"].numbers()
        np.testing.assert_allclose(np.broadcast_to(found, expected.shape), expected, rtol=1e-11, atol=1e-13)


AMBIGUOUS = {
    "A^-1": "inv(A) for the inverse, 1/A",
    "A⁻¹": "inv(A)",
    "x·y": "dot(a, b)",
    "A·x": "a@b",
    "x×y": "a*b",
    "x'*A*x": "write @",
    "x^T*A*x": "write @",
    "A x": "A@x",
    "x⊗y": "outer(a, b) or kron(A, B)",
    "A\\x": "solve(A, b)",
    "⟨x, y⟩": "dot(x, y)",
    "sum(A, 0)": "axis=0",
    "||A||_2": "Frobenius",
    "expm(A)": "exp(A) is that of each entry",
    "A(0, 1)": "A[0, 1]",
    "tr A": "tr(x)",
    "det A": "det(x)",
    "softmax x": "softmax(x)",
    "A^{-1}@x": "inv(A) for the inverse, 1/A",
    "A^{-T}@x": "inv(A).T",
    "A^+@x": "pinv(A)",
    "A^{+}@x": "pinv(A)",
    "A + I(2)": "eye(n)",
    "mean(x, y)": "mean([a, b])",
    "[A@x]*2": "group with ( )",
}
SPELLINGS = {
    "||x||": "norm(x)", "‖x‖₂": "norm(x)", "||x||_1": "norm(x, 1)", "||A||_F^2": "sum(A*A)", "A'@x": "A.T@x", "xᵀ@A@x": "x@A@x",
    "A^T@x": "A.T@x", "A^{T}@x": "A.T@x", "x⊙y": "x*y", "x∘y": "x*y", "x.*y": "x*y", "A.transpose()@x": "A.T@x", "(x*x).sum()": "sum(x*x)",
    "np.linalg.norm(x)": "norm(x)", "torch.softmax(x, dim=0)": "softmax(x)", "A.mT@x": "A.T@x", "Tr(A)": "trace(A)",
    "jnp.einsum('ij, j -> i', A, x)": "A@x", "sum(A, dim=1, keepdim=True)": "sum(A, axis=1, keepdims=True)",
}  # fmt: skip
NOTED = {
    "A*x": "element by element",
    "trace(A^2)": "A@A",
    "trace((A + A)^2)": "A@A",
    "softmax(A)": "axis=-1",
    "e^A": "each entry",
    "A + I": "eye(n)",
}


@pytest.mark.parametrize("text", AMBIGUOUS)
def test_what_has_two_readings_is_refused_with_what_to_write(text):
    used = {name: value for name, value in AT_TWO.items() if name in text.replace("exp", "")}
    with pytest.raises(NetcalcError, match=re.escape(AMBIGUOUS[text])) as refused:
        netcalc.grad(text, at=used, shape=shapes_of(used))
    assert refused.value.source == text


@pytest.mark.parametrize("text", SPELLINGS)
def test_spellings_mean_the_same(text):
    used = {name: AT_TWO[name] for name in "Axy" if re.search(rf"(?<![a-zA-Z]){name}(?![a-zA-Z])", text)}
    one, other = (netcalc.grad(typed, at=used, shape=shapes_of(used)) for typed in (text, SPELLINGS[text]))
    assert one.forward == other.forward
    assert one.partials == other.partials


@pytest.mark.parametrize("text", NOTED)
def test_what_could_be_meant_otherwise_is_noted(text):
    used = {name: value for name, value in AT_TWO.items() if name in text.replace("softmax", "")}
    used.pop("y", None)
    notes = netcalc.grad(text, at=used, shape=shapes_of(used)).notes
    assert [note for note in notes if NOTED[text] in note]
    assert len(notes) == len(set(notes))


@pytest.mark.parametrize(
    "text, note",
    [
        ("sum((W*x + b - t)^2)", "--shape W=m,n x=n"),
        ("x^T*A*x", "a transpose is written x.T"),
        ("A^{-T}", "a transposed inverse is inv(x).T"),
        ("max(x*y)", "max of one number"),
    ],
)
def test_names_of_numbers_that_may_be_tensors_are_noted(text, note):
    (said,) = netcalc.grad(text).notes
    assert note in said


@pytest.mark.parametrize("text", ["sum([x, y])", "W[0,1]*x[0]", "max(x, y)", "dot([a, b], [c, d])", "tr*x", "x_T^2"])
def test_expressions_of_numbers_are_as_they_were(text):
    assert not netcalc.grad(text).notes


@pytest.mark.parametrize(
    "text, sizes",
    [
        ("sum((W@x + b - t)^2)/2", "W is m×n, x is n, b and t are m"),
        ("x.T@A@x", "x is n, A is n×n"),
        ("concat([x, y])@w", "x is m, y is n, w is m + n"),
        ("softmax(Q@K.T/sqrt(3), axis=1)@V", "Q is m×n, K is k×n, V is k×p"),
    ],
)
def test_sizes_are_found_and_said(text, sizes):
    assert netcalc.grad(text).notes[0].startswith(f"{sizes}: capitals are matrices")


# Petersen & Pedersen, The Matrix Cookbook (2012), by its numbers; matrixcalculus.org's examples; Giles (2008).
# The expression, the variable, the gradient as published. A is square, W 2×3, X 4×3, V 3×4.
PUBLISHED = """
49   | det(A)                     | A | det(A)*inv(A).T
51   | det(B@A@B)                 | A | det(B@A@B)*inv(A).T
54   | det(W@B@W.T)               | W | det(W@B@W.T)*(inv(W@B@W.T)@W@B + inv(W@B@W.T).T@W@B.T)
55   | log(det(X.T@X))            | X | 2*X@inv(X.T@X)
57   | log(det(A))                | A | inv(A).T
58   | det(matrix_power(A, 3))    | A | 3*det(A)*det(A)*det(A)*inv(A).T
61   | b@W@inv(A)@x               | A | -inv(A).T@outer(W.T@b, x)@inv(A).T
63   | trace(inv(A)@B)            | A | -inv(A).T@B.T@inv(A).T
62   | det(inv(A))                | A | -det(inv(A))*inv(A).T
64   | trace(inv(A + B))          | A | -(inv(A + B)@inv(A + B)).T
69   | x@y                        | x | y
70   | b@W@x                      | W | outer(b, x)
71   | x@W.T@b                    | W | outer(b, x)
72   | x@A@x                      | A | outer(x, x)
76   | sum(outer(W.T@W@x, y))*1   | W | outer(W@x, ones(3))*sum(y) + outer(W@ones(3), x)*sum(y)
78   | (W@x + b)@(W@y + t)        | x | W.T@(W@y + t)
81   | x@B@x                      | x | (B + B.T)@x
82   | x@W.T@W@y                  | W | W@(outer(x, y) + outer(y, x))
84   | (x - A@y)@B@(x - A@y)      | x | (B + B.T)@(x - A@y)
86   | (x - A@y)@B@(x - A@y)      | y | -A.T@(B + B.T)@(x - A@y)
88   | (x - A@y)@B@(x - A@y)      | A | -outer((B + B.T)@(x - A@y), y)
98   | norm(W@x - b)              | x | W.T@(W@x - b)/norm(W@x - b)
99   | trace(A)                   | A | eye(3)
100  | trace(A@B)                 | A | B.T
101  | trace(W@A@X.T@V.T@W.T)     | A | W.T@W@V@X
102  | trace(W@B@A.T@W.T)         | A | W.T@W@B
103  | trace(X.T@V.T)             | X | V.T
105  | trace(kron(A, B))          | A | trace(B)*eye(3)
104  | trace(B@A.T)               | A | B
106  | trace(A@A)                 | A | 2*A.T
107  | trace(A@A@B)               | A | (A@B + B@A).T
108  | trace(X.T@X)               | X | 2*X
109  | trace(W@A@W.T)             | W | W@A.T + W@A
111  | trace(X@X.T)               | X | 2*X
113  | trace(B@A.T@A)             | A | A@B.T + A@B
114  | trace(B@A@B.T@A)           | A | B.T@A.T@B + B@A.T@B.T
115  | trace(A.T@B@A)             | A | B@A + B.T@A
116  | trace(W@A.T@B@A@W.T)       | A | B.T@A@W.T@W + B@A@W.T@W
117  | trace(A.T@B@A@B.T)         | A | B@A@B.T + B.T@A@B
119  | trace(B@A@B@A.T@B.T)       | A | B.T@B@A@B.T + B.T@B@A@B
120  | trace(kron(A, A))          | A | 2*trace(A)*eye(3)
118  | trace((W@A@B - W)@(W@A@B - W).T) | A | 2*W.T@(W@A@B - W)@B.T
121  | trace(matrix_power(A, 4))  | A | 4*matrix_power(A.T, 3)
122  | trace(B@matrix_power(A, 3)) | A | (B@A@A + A@B@A + A@A@B).T
124  | trace(inv(A.T@B@A))        | A | -B@A@inv(A.T@B@A)@inv(A.T@B@A) - B.T@A@inv(A.T@B.T@A)@inv(A.T@B.T@A)
129  | norm(x - y)                | x | (x - y)/norm(x - y)
131  | norm(x)^2                  | x | 2*x
132  | norm(X)^2                  | X | 2*X
137  | trace(sin(A))              | A | cos(A)*eye(3)
141  | logdet(A.T@A)              | A | 2*inv(A).T
mc   | x.T@A@x                    | x | A@x + A.T@x
mc   | sin(x).T@y                 | x | cos(x)*y
mc   | sum(abs(W@x - b))          | x | W.T@where(W@x > b, 1, -1)
mc   | norm(A - X.T@V.T)^2        | X | -2*((A - X.T@V.T)@V).T
mc   | log(det(inv(A)))           | A | -inv(A).T
mc   | trace(W@A.T@B@A@W.T)       | B | A@W.T@W@A.T
mc   | sum(log(1 + exp(-w*(X@x)))) | x | -X.T@(w*(1/(1 + exp(w*(X@x)))))
mc   | sum(exp(A))                | A | exp(A)
G2.2 | sum(B*inv(A))              | A | -inv(A).T@B@inv(A).T
G2.3 | sum(V*solve(A, V))         | A | -solve(A.T, V)@solve(A, V).T
G2.4 | sum((A@x)^2)/2             | A | outer(A@x, x)
"""
IDENTITIES = [[part.strip() for part in line.split(" | ")] for line in PUBLISHED.strip().splitlines()]


@pytest.mark.parametrize("number, text, name, published", IDENTITIES, ids=lambda part: part)
def test_gradient_is_the_published_one(number, text, name, published):  # noqa: ARG001 - its number names the test
    """In value, and no longer as a formula."""
    at = names_in(text)
    result = netcalc.grad(text, at=at, shape=shapes_of(at), wrt=[name])
    expected = by_numpy(published, at)
    np.testing.assert_allclose(result[f"d{name}"].numbers(), expected, rtol=1e-11, atol=1e-12)
    assert len(formula(result.formulas[name])) <= len(formula(published))


def formula(text):
    """As it is printed."""
    return to_unicode(parse_tensors(text).tree)


KINKS = {
    "sum(abs(x))": [0, 1, -1],
    "sum(relu(x))": [0, 1, 0],
    "norm(x - x[0])": None,
    "max(x*x)": [0, 1, -1],
    "norm(x, 1)": [0, 1, -1],
}


@pytest.mark.parametrize("text", KINKS)
def test_a_kink_is_told_and_a_slope_taken(text):
    result = netcalc.grad(text, at={"x": [0, 1, -1]}, shape={"x": 3})
    if KINKS[text] is not None:
        assert result.partials["x"] == KINKS[text]
        assert "kink" in " ".join(result.notes)


def test_the_norm_of_0_has_the_slope_0_and_no_curvature():
    result = netcalc.grad("norm(x)", at={"x": [0, 0]}, shape={"x": 2})
    assert result.partials["x"] == [0, 0]
    assert "kink" in result.notes[0]
    second = netcalc.grad("norm(x)", at={"x": [0, 0]}, shape={"x": 2}, order=2)
    assert second.partials["x"] == [0, 0]
    assert second.hessian["x"]["x"] == [[None, None], [None, None]]
    assert second.notes[0].startswith("∂²f/∂x² has no value here: 1/norm(x)")


def test_answers_are_checked_by_whole_tensors_and_by_elements():
    result = netcalc.grad("sum((W@x - t)^2)/2", at={"W": [[1, 2], [3, 4]], "x": [1, -1], "t": [1, 0]})
    right = netcalc.check(result, {"dW": np.array([[-2.0, 2.0], [-1.0, 1.0]]), "dx0": -5, "f": "5/2"})
    assert {one.verdict for one in right.checked} == {"right"}
    wrong = netcalc.check(result, {"dW": np.array([[-2.0, -1.0], [2.0, 1.0]])}).checked
    assert [one.verdict for one in wrong] == ["right", "wrong", "wrong", "right"]
    assert "the outer product transposed" in wrong[1].diagnosis
    with pytest.raises(NetcalcError, match="formulas of whole tensors"):
        netcalc.check(netcalc.grad("sum(W@x)"), ["dx0=1"])


@pytest.mark.parametrize(
    "answer, verdict, note",
    [
        ("dx=W.T@(W@x - t)", "right", ""),
        ("dx=W.T@W@x - t@W", "right", ""),
        ("dW=outer(W@x - t, x)", "right", ""),
        ("dx=W@(W@x - t)", "wrong", ""),
        ("dW=outer(x, W@x - t)", "wrong", ""),
        ("dx=-5*x*x - [0, 3]", "right", "right for these numbers, though not as a formula"),
        ("dW=W@x", "wrong", ""),
    ],
)
def test_formulas_of_whole_tensors_are_checked(answer, verdict, note):
    result = netcalc.grad("sum((W@x - t)^2)/2", at={"W": [[1, 2], [3, 4]], "x": [1, -1], "t": [1, 0]})
    (checked,) = netcalc.check(result, [answer]).checked
    assert (checked.verdict, checked.note) == (verdict, note)


def _combined(parts: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    """Expressions made of others: every kind of operation, whether or not the shapes fit."""
    one, two = st.tuples(parts), st.tuples(parts, parts)
    forms = {
        one: ["exp({})", "tanh({})", "sum({})", "mean({}, axis=0)", "softmax({}, axis=-1)", "norm({})", "({}).T", "({})[0]",
              "({})[::-1]", "cumsum({}, axis=0)", "logsumexp({}, axis=-1, keepdims=True)", "max({}, axis=0)", "({})^2", "diag({})",
              "var({}, axis=0)", "std({}, axis=-1, keepdims=True)", "mean({})"],
        two: ["({} + {})", "({} - {})", "({}*{})", "({}@{})", "outer({}, {})", "concat([{}, {}])", "stack([{}, {}])",
              "where({0} > {1}, {0}, {1}/2)", "einsum('ij,jk->ik', {}, {})", "max({}, {})"],
    }  # fmt: skip
    return st.one_of(
        *(st.builds(lambda form, own: form.format(*own), st.sampled_from(known), own) for own, known in forms.items())
    )


ANY = st.recursive(st.sampled_from(["A", "B", "W", "x", "y", "b", "2"]), _combined, max_leaves=5)


@given(ANY)
@settings(max_examples=60, deadline=None)
def test_any_expression_is_refused_or_its_formulas_are_read_again(text):
    check_read_again(text)


@pytest.mark.nightly
@given(ANY)
@settings(max_examples=1500, deadline=None)
def test_many_expressions_are_refused_or_their_formulas_are_read_again(text):
    check_read_again(text)


def check_read_again(text):
    """One error, with its place; or derivatives whose formulas give the same numbers."""
    at = names_in(text)
    try:
        partials = netcalc.grad(text, at=at, shape=shapes_of(at))
        formulas = netcalc.grad(text, shape=shapes_of(at)).formulas
    except NetcalcError:
        return
    for name, formula in formulas.items():
        used = names_in(formula)
        found = netcalc.grad(formula, at=used, shape=shapes_of(used), wrt=[] if used else None)["f"].numbers()
        expected = partials[f"d{name}"].numbers()
        if np.isnan(expected).any():  # exp(x) > exp(x) is a tie that nothing decides
            continue
        if np.isnan(found).any() and "==" in formula:  # nor exp(x) == max(exp(x))
            continue
        largest = np.abs(expected).max()
        np.testing.assert_allclose(
            np.broadcast_to(found, expected.shape), expected, rtol=1e-9, atol=1e-12 * (1 + largest)
        )


PIECES = ["x", "A", "W", "T", "sum(", "norm(", "einsum('ij,j->i', ", "concat([", "(", ")", "[", "]", ",", "+", "-", "*", "/", "@", "^", ".T", "'",
          "ᵀ", "||", "|", "axis=0", "keepdims=True", ":", "None", "...", "0", "1.5", "·", "⊙", ".sum()", "^T", "^-1", ">", "=", "np.", "log(", " ",
          "₂", "solve(", ".shape[0]", "inf", "arange(", "one_hot(", "reshape("]  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=9).map("".join))
@settings(max_examples=150, deadline=None)
def test_pieces_in_any_order_are_an_expression_or_one_error(text):
    used = {name: AT_TWO[name] for name in "Ax" if name in text}
    with suppress(NetcalcError):
        assert json.loads(netcalc.grad(text, at=used, shape=shapes_of(used)).to_json())["forward"]


def test_a_decimal_comma_is_told():
    """`x=1,5` is a vector; in Python it is many points."""
    problem = expressions(["x^2"], Request({"x": read_array("1,5", "x")}))
    assert problem.notes == ("x is the vector of 1 and 5; a decimal has a point, 1.5",)
    assert not expressions(["sum(x@x)"], Request({"x": read_array("1,5", "x")})).notes


def test_large_matrices_are_certified_in_balls():
    """Rationals grow with every step of an elimination; a singular matrix is still told exactly."""
    A = np.round(RNG.uniform(-1, 1, (30, 30)), 2)
    result = netcalc.grad("logdet(A@A.T)", at={"A": A.astype(str).tolist()}, shape={"A": (30, 30)})
    np.testing.assert_allclose(result["dA"].numbers(), 2 * np.linalg.inv(A).T, rtol=1e-8)
    cofactors = netcalc.grad("det(A)", at={"A": A.astype(str).tolist()}, shape={"A": (30, 30)})["dA"].numbers()
    np.testing.assert_allclose(cofactors, np.linalg.det(A) * np.linalg.inv(A).T, rtol=1e-8)
    A[3] = A[4]
    with pytest.raises(NetcalcError, match="singular"):
        netcalc.grad("sum(inv(A))", at={"A": A.astype(str).tolist()}, shape={"A": (30, 30)})


@pytest.mark.parametrize(
    "typed, meant", [("sofmax(A@x)", "softmax"), ("A@x + sofmax(x)", "softmax"), ("meen(x)", "mean")]
)
def test_functions_of_tensors_are_among_those_that_a_misspelt_one_may_be(typed, meant):
    with pytest.raises(NetcalcError, match=f"unknown function '.*'; did you mean '{meant}'"):
        netcalc.grad(typed)


def test_entries_without_a_value_leave_the_others_theirs():
    """sqrt(x^2) has no slope at 0; beside it, 1 and -1."""
    result = netcalc.grad("sum(sqrt(x*x))", at={"x": [0, 4, -2]}, verify=True)
    assert result.forward == {"f": 6.0}
    assert result.partials == {"x": [None, 1.0, -1.0]}
    assert len(result.notes) == 1
    assert result.notes[0].startswith("∂f/∂x0 has no value here: x/sqrt(x^2) is defined for sqrt(x^2) != 0")
    assert result.certainty == "certified: 3 of 4 values"
    assert not result.verification.wrong


def test_what_has_no_value_has_no_derivatives_and_the_others_do_not_depend_on_it():
    """log(-1) has none; log(x1) does not move with x0."""
    result = netcalc.grad("log(x)", at={"x": [-1, 2]}, shape={"x": 2})
    assert result.forward["f"] == [None, math.log(2)]
    assert result.partials["x"] == [[None, None], [0.0, 0.5]]
    assert result.notes == ("f0 has no value here: log(x) is defined for x > 0; here x = -1",)
    slopes = netcalc.grad("sqrt(x)", at={"x": [0, 4]}, shape={"x": 2}).partials["x"]
    assert slopes == [[None, 0.0], [0.0, 0.25]]
    hessian = netcalc.grad("sum(sqrt(x*x))", at={"x": [0, 3]}, order=2).hessian["x"]["x"]
    assert hessian == [[None, None], [0.0, 0.0]]


def test_entries_without_a_value_among_many_in_float64():
    x = np.linspace(0.0, 1.0, 200_000)
    result = netcalc.grad("sum(sqrt(x))", at={"x": x})
    slopes = result["dx"].numbers()
    assert result.certainty == "float64, not certified"
    assert np.isnan(slopes[0])
    assert np.allclose(slopes[1:], 0.5 / np.sqrt(x[1:]))
    assert result.partials["x"][:2] == [None, slopes[1]]
    assert result.notes[0].startswith("∂f/∂x0 has no value here: ")


@pytest.mark.parametrize(
    "text, more", [("log(x)@x", {}), ("sum(x/norm(x - x))", {}), ("log(x)", {"delta": [1, 1]}), ("log(-x*x)", {})]
)
def test_an_output_without_a_value_is_refused(text, more):
    with pytest.raises(UndefinedError, match="is undefined here"):
        netcalc.grad(text, at={"x": [-1, 2]}, shape={"x": 2}, **more)


@pytest.mark.parametrize("classes, wrong", [([-4, 0], -4), ([0, 3], 3), ([-3, 4], 4)])
def test_a_class_that_one_hot_lacks_is_named(classes, wrong):
    with pytest.raises(NetcalcError, match=f"index {wrong} is out of range: one_hot has classes 0 to 2"):
        netcalc.grad(f"sum(one_hot({classes}, 3)*A)", at={"A": [[1, 2, 3], [4, 5, 6]]})
