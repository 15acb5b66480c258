"""Functions of the table of programs, called in expressions: as what they stand for, written out."""

from __future__ import annotations

import re

import numpy as np
import pytest

import netcalc
from netcalc.errors import NetcalcError
from netcalc.expression.functions import FUNCTIONS
from netcalc.expression.tensor_functions import ELSEWHERE, OF_PROGRAMS, TENSOR_FUNCTIONS
from netcalc.expression.tensor_parser import parse_tensors
from netcalc.notation import to_ascii
from netcalc.notation.latex import to_latex
from netcalc.notation.mathml import to_mathml
from netcalc.program.library import ROWS

AT = {
    "x": [0.5, 1.25, -0.75],
    "y": [2, 0.5, 1],
    "X": [[0.5, 1.5], [-1, 0.25], [2, 1]],
    "Z": [[0.5, 1, -2], [0.25, 3, 1]],
    "c": [2, 0],
    "I": np.arange(1.0, 10).reshape(1, 3, 3) ** 2,
    "K": [[[[1, -2], [0.5, 3]]]],
}


def test_each_is_in_the_table_of_programs_and_no_function_already():
    assert ROWS.keys() >= OF_PROGRAMS
    assert not OF_PROGRAMS & {*FUNCTIONS, *TENSOR_FUNCTIONS, *ELSEWHERE}


def found(text):
    used = {name: AT[name] for name in AT if re.search(rf"(?<![A-Za-z]){name}(?!\w)", text)}
    return netcalc.grad(text, at=used)


@pytest.mark.parametrize(
    "text, plain",
    [
        ("cumprod(x)@y", "x[0]*y[0] + x[0]*x[1]*y[1] + x[0]*x[1]*x[2]*y[2]"),
        ("sum(diff(x)^2)", "sum((x[1:] - x[:-1])^2)"),
        ("sort(x)@y", "x[2]*y[0] + x[0]*y[1] + x[1]*y[2]"),
        ("median(x)", "x[0]"),
        ("x.flip()@y", "x[::-1]@y"),
        ("roll(x, 1)@y", "x[2]*y[0] + x[0]*y[1] + x[1]*y[2]"),
        ("sum(pad(x, 1)*[1, 2, 3, 4, 5])", "x@[2, 3, 4]"),
        ("sum(tile(x, 2)*[1, 2, 3, 4, 5, 6])", "x@[5, 7, 9]"),
        ("cross(x, y)[0]", "x[1]*y[2] - x[2]*y[1]"),
        ("sum(split(X, [1], axis=1)[1])", "sum(X[:, 1])"),
        ("topk(x, 2)[0][1]", "x[0]"),
        ("vec(X)[3]", "X[0, 1]"),
        ("norm(x, 3)", "(abs(x[0])^3 + abs(x[1])^3 + abs(x[2])^3)^(1/3)"),
        ("norm(X, 1, axis=1)[1]", "abs(X[1, 0]) + abs(X[1, 1])"),
        ("norm(X, inf)", "abs(X[2, 0]) + abs(X[2, 1])"),
        ("pinv(X)[0, 1]", "(inv(X.T@X)@X.T)[0, 1]"),
        ("pinv(X.T)[1, 0]", "(inv(X.T@X)@X.T)[0, 1]"),
        ("sum(block([[X, X], [y[:2], x[:2]]])[:, 0])", "sum(X[:, 0]) + y[0]"),
        ("slogdet(X[:2])[1]", "log(abs(det(X[:2])))"),
        ("sum(cholesky(outer(x, x) + 9*eye(3))[0])", "sqrt(x[0]^2 + 9)"),
        ("sum(take(X, [2, 0], axis=0)@y[:2])", "sum(X[[2, 0]]@y[:2])"),
        ("np.tensordot(X, X, 2)", "sum(X*X)"),
        ("addmm(outer(y, y), X, X.T, beta=2)[0, 1]", "2*y[0]*y[1] + X[0]@X[1]"),
        ("cosine_similarity(x, y, dim=0)", "x@y/(norm(x)*norm(y))"),
        ("layer_norm(x, 3, y, eps=0.5)[1]", "(x[1] - mean(x))/sqrt(var(x) + 0.5)*y[1]"),
        ("rms_norm(x, 3, eps=1/4)[0]", "x[0]/sqrt(mean(x^2) + 0.25)"),
        ("linear(X, Z[:, :2], y[:2])[2, 1]", "X[2]@Z[1, :2] + y[1]"),
        ("mse_loss(x, y, reduction='sum')", "sum((x - y)^2)"),
        ('F.mse_loss(x, y, reduction="none")[1]', "(x[1] - y[1])^2"),
        ("F.huber_loss(x, y)", "(abs(x[0] - y[0]) - 0.5 + (x[1] - y[1])^2/2 + abs(x[2] - y[2]) - 0.5)/3"),
        ("cross_entropy(x, 1)", "logsumexp(x) - x[1]"),
        ("cross_entropy(Z, c)", "(logsumexp(Z[0]) - Z[0, 2] + logsumexp(Z[1]) - Z[1, 0])/2"),
        ("nll_loss(log_softmax(Z, axis=1), [2, 0])", "mean(logsumexp(Z, axis=1) - [Z[0, 2], Z[1, 0]])"),
        ("kl_div(log(y), softmax(x))", "mean(softmax(x)*(log_softmax(x) - log(y)))"),
        ("torch.nn.functional.softmin(x)[0]", "exp(-x[0])/sum(exp(-x))"),
        ("sum(conv2d(I, K, padding=1)[0, 0])", "3.5*sum(I[0, 0])"),
        ("avg_pool2d(I, 2)[0, 0, 0]", "mean(I[0, :2, :2])"),
        ("scaled_dot_product_attention(X, X, X)[0]", "softmax(X@X.T/sqrt(2))[0]@X"),
        ("cdist(X, X, p=1)[0, 1]", "abs(X[0, 0] - X[1, 0]) + abs(X[0, 1] - X[1, 1])"),
        ("pairwise_distance(x, y, 3, 0)", "norm(x - y, 3)"),
        ("triplet_margin_loss(x, y, Z[0], 4, p=1, eps=0)", "norm(x - y, 1) - norm(x - Z[0], 1) + 4"),
        ("inner(X, X)[0, 1]", "X[0]@X[1]"),
        ("inner(x, y)", "x@y"),
        ("vdot(X, X)", "sum(X*X)"),
        ("dot(y[:2], I[:, :2, :2])[0, 0]", "y[:2]@I[0, :2, 0]"),
        ("matrix_power(outer(x, y), 3)[0, 1]", "(outer(x, y)@outer(x, y)@outer(x, y))[0, 1]"),
        ("sum(solve(I[0], stack([X, X]))[1])", "sum(solve(I[0], X))"),
        ("sum(expand_dims(x, (0, 2))[0, :, 0]*y)", "x@y"),
        ("vstack([x, Z])[0]@y", "x@y"),
        ("norm(x, 1/2)", "(sqrt(abs(x[0])) + sqrt(abs(x[1])) + sqrt(abs(x[2])))^2"),
        ("squeeze(X[:1], axis=0)@y[:2]", "X[0]@y[:2]"),
    ],
)  # fmt: skip
def test_a_call_is_what_it_stands_for(text, plain):
    result, expected = found(text), found(plain)
    np.testing.assert_allclose(result["f"].numbers(), expected["f"].numbers(), rtol=1e-12)
    for name in expected.partials:
        one, other = result[f"d{name}"].numbers(), expected[f"d{name}"].numbers()
        np.testing.assert_allclose(one, other, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    "text, shape, name, formula",
    [
        ("cross_entropy(Z, c)", "Z=n,k c=n", "Z", "(softmax(Z, axis=1) - one_hot(c, k))/n"),
        ("vec(X).T@vec(X)", "X=m,n", "X", "2*X"),
        ("flip(x)@y", "x=n y=n", "x", "y[::-1]"),
        ("sum(X[[2, 0, 1], ::-1]*Y)", "X=3,n Y=3,n", "X", "Y[[1, 2, 0], ::-1]"),
        ("sum(reshape(X, 6)^2)", "X=2,3", "X", "2*X"),
        ("F.mse_loss(X@w, y)", "X=n,d w=d y=n", "w", "2*X.T@(X@w - y)/n"),
        ("tril([[1, 2], [3, 4]])@x", "x=2", "x", "tril([[1, 2], [3, 4]])"),
    ],
)
def test_what_is_left_in_letters(text, shape, name, formula):
    shapes = {one: tuple(sizes.split(",")) for one, _, sizes in (part.partition("=") for part in shape.split())}
    assert to_ascii(netcalc.grad(text, shape=shapes)[f"d{name}"].formula) == formula


@pytest.mark.parametrize(
    "text, message",
    [
        ("split(x, 3)", "split gives 3 arrays: take one of them, as in split(…)[0]"),
        ("split(x, 3)[5]", "there are 3 arrays here"),
        ("cross_entropy(Z, [0, 3])", "index 3 is out of range"),
        ("layer_norm(x)", "layer_norm lacks its argument normalized_shape"),
        ("cross_entropy(Z, c, reduction='most')", "unknown reduction 'most'; the reductions are mean, sum, none"),
        ("pad(x, mode='edge', 1)", "an argument without a name stands before those with one"),
        ("cumprod(x, axis=2)", "axis 2 is not there"),
        ("pad(x", "never closed"),
        ("argmax(x)", "it is a whole number and has no slope"),
        ("vec(x)", "vec puts the columns of a matrix one below the other; this is a vector of 3"),
        ("pinv(x)", "pinv takes a matrix"),
        ("block(x)", "block takes rows of blocks"),
        ("group_norm(Z, 0)", "3 channels do not split into 0 groups"),
        ("squeeze(X, axis=0)", "squeeze takes axes of size 1; this is 3×2"),
        ("outer(x, X)", "outer takes two vectors; these are 3 and 3×2"),
        ("cumsum(X, axis=(0, 1))", "cumsum goes along one axis"),
        ("diag(X)", "diag takes a vector or a square matrix; this is 3×2"),
        ("ones(-1)*x", "a size is 0 or more, and this would be -1"),
        ("broadcast_to(x, (-2, 3))", "a size is 0 or more, and this would be -2×3"),
        ("norm(x, y)", "the order of a norm is a number, not an array"),
        ("matrix_power(outer(x, y), 65)", "matrix_power(A, n) takes a whole number from 0 to 64"),
        ("avg_pool1d(I, -1)", "-1 is less than 1, the least that goes here"),
    ],
)
def test_what_does_not_fit_is_refused_at_its_place(text, message):
    with pytest.raises(NetcalcError, match=re.escape(message)) as told:
        found(text)
    assert told.value.source == text


def test_classes_have_no_gradient():
    at = {"Z": AT["Z"], "c": AT["c"]}
    assert list(netcalc.grad("cross_entropy(Z, c)", at=at).partials) == ["Z"]
    with pytest.raises(NetcalcError, match="c says places or classes: it has no gradient"):
        netcalc.grad("cross_entropy(Z, c)", at=at, wrt=["c"])


def test_a_matrix_called_f_keeps_its_methods():
    at = {"F": [[1, 2], [3, 4]]}
    assert netcalc.grad("F.sum() + sum(F.relu()) + sum(F.matmul(F)) + sum(F.T)", at=at)["f"].numbers() == 84


def test_texts_in_quotes_are_printed_in_every_notation():
    tree = parse_tensors("mse_loss(x, y, reduction='sum')").tree
    assert to_ascii(tree) == "mse_loss(x, y, reduction='sum')"
    assert to_latex(tree).endswith(r"\mathrm{reduction}=\text{`sum'}\right)")
    assert "<mtext>'sum'</mtext>" in to_mathml(tree)


@pytest.mark.parametrize("text", ["sum(sort(x)*w)", "median(x)*sum(w)"])
def test_formulas_that_go_by_an_order_are_read_again(text):
    """`one_hot(argsort(x), 3).T@w` was refused, as its index has no known numbers."""
    at = {"x": [3, 1, 2], "w": [5, 6, 8]}
    found, letters = netcalc.grad(text, at=at), netcalc.grad(text, shape={"x": 3, "w": 3})
    for name, formula in letters.formulas.items():
        own = {key: value for key, value in at.items() if key in formula}
        again = netcalc.grad(formula, at=own).forward["f"]
        assert np.broadcast_to(np.asarray(again, float), 3).tolist() == found.partials[name]
