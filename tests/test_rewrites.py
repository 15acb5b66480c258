"""Each identity that shortens a formula holds at random exact points, and what is written is never longer for it."""

from __future__ import annotations

import random
from fractions import Fraction
from functools import cache

import numpy as np
import pytest

from netcalc.arithmetic.balls import ball, precision
from netcalc.expression import Number
from netcalc.graph import build as b
from netcalc.graph.arithmetic.balls import Balls
from netcalc.graph.arithmetic.float64 import Float64
from netcalc.graph.backward import backward, gradients, jacobian
from netcalc.graph.by_name import Names
from netcalc.graph.evaluate import evaluate
from netcalc.graph.leaves import INPUT, NAMED
from netcalc.graph.matrix_identities import is_symmetric
from netcalc.graph.node import in_order
from netcalc.graph.rewrites import REWRITES
from netcalc.graph.writing import Writer, formula
from netcalc.models.request import Request, read_shapes
from netcalc.models.tensors import tensors
from netcalc.notation import to_unicode
from netcalc.program import Given, read

EXPRESSIONS = [
    ("sum(max(x, 0)^2)", "x=3"),
    ("log(abs(det(A)))*sum(log(abs(x)))", "A=2,2 x=3"),
    ("sum(min(0, 1 - X@x)^3)", "X=3,2 x=2"),
    ("x.T@A@x", "A=3,3 x=3"),
    ("mean(norm(K - [0, 1], axis=3))*mean(norm(K - 1, axis=3))", "K=1,1,2,2"),
    ("sum(reshape(2*X, 6)*[1, 2, 3, 4, 5, 6])/3 + sum(flatten(X)^2)", "X=2,3"),
    ("trace(X.T@B@X)", "X=3,2 B=3,3"),
    ("a.T@X@X.T@b", "X=3,2 a=3 b=3"),
    ("logdet(X.T@X)", "X=3,2"),
    ("norm(triu(D - X@X.T, 1))^2", "D=3,3 X=3,2"),
    ("det(A@X@B)", "A=2,2 X=2,2 B=2,2"),
    ("logdet(A@X)", "A=2,2 X=2,2"),
    ("trace(inv(X.T))", "X=3,3"),
    ("trace(X@inv(X)@X)", "X=3,3"),
    ("solve(A, b)", "A=3,3 b=3"),
    ("norm(X@X.T - K)^2", "X=3,2 K=3,3"),
    ("norm(x - a)", "x=3 a=3"),
    ("softmax(x)", "x=3"),
    ("sum(std(X, axis=1))", "X=2,3"),
    ("-sum(y*log(sigmoid(z)) + (1 - y)*log(1 - sigmoid(z)))", "y=3 z=3"),
    ("-sum(T*log(softmax(Z, axis=1)))", "Z=2,3 T=2,3"),
    ("sum(G*(X@inv(X.T@X)@X.T))", "G=3,3 X=3,2"),
    ("sum(v*(t - W@x)^2)/2", "W=2,3 x=3 t=2 v=2"),
    ("inv(X.T@X) + inv(X.T@X).T", "X=3,2"),
    ("norm(z[:2])*norm(z[2:])", "z=4"),
    ("sum(D*((X - mean(X, axis=1, keepdims=True))/sqrt(var(X, axis=1, keepdims=True) + c)))", "X=2,3 D=2,3 c=number"),
    (
        "sum(D*g*((X - mean(X, axis=1, keepdims=True))/sqrt(var(X, axis=1, keepdims=True) + c)))",
        "X=2,3 D=2,3 g=3 c=number",
    ),
    ("sum(d*x/sqrt(mean(x^2) + c))", "x=3 d=3 c=number"),
    ("trace(kron(A, B))", "A=2,2 B=3,3"),
    ("trace(A@A@B)", "A=2,2 B=2,2"),
    ("sum(log(1 + exp(-w*(X@x))))", "X=2,3 x=3 w=2"),
    ("stack([x*sum(y), y*sum(x)])@z", "x=2 y=2 z=2"),
    ("-log(softmax(A@x)[1])", "A=3,2 x=2"),
    ("sum(w*sum(softmax(A + x, axis=0), axis=0))", "A=2,3 x=3 w=3"),
    ("x[0]*sum(x*y) + log(y[1])*sum(A@y)", "x=3 y=3 A=3,3"),
]

PROGRAMS = [  # with names that stand within formulas
    (
        "m = x.mean(axis=0)\ns = np.sqrt(((x - m)**2).mean(axis=0) + 1)\nh = (x - m)/s\nout = (h*g).sum()",
        {"x": (3, 2), "g": (3, 2)},
    ),
    ("m = np.mean(x**2, axis=1, keepdims=True)\nr = 1/np.sqrt(m + 1)\nout = (x*r*g).sum()", {"x": (2, 3), "g": (3,)}),
    ("n = x/np.sqrt((x*x).sum())\ns = n @ y\nout = (s*n).sum()", {"x": (2,), "y": (2, 2)}),
    ("l = x - np.log(np.exp(x).sum(axis=1, keepdims=True))\nout = (l*t).sum()", {"x": (2, 3), "t": (2, 3)}),
]


CLASSES = [  # with rows' places, which are no expressions
    ("out = (w*F.log_softmax(x, 1)[np.arange(2), np.array([0, 2])]).sum()", {"x": (2, 3), "w": (2,)}),
    ("out = np.einsum('i,ij->', w, x) + (w*x[np.arange(2), np.array([0, 2])]).sum()", {"x": (2, 3), "w": (2,)}),
]


def points(inputs):
    """Random rationals, positive ones, as some have logarithms."""
    draw = random.Random(7)
    found = {}
    for node in inputs:
        values = np.empty(node.shape, dtype=object)
        for place in np.ndindex(node.shape):
            values[place] = Number(Fraction(draw.randint(1, 60), draw.randint(7, 31)))
        found[node] = values
    return found


@cache
def derivatives(expression, shapes):
    problem = tensors([expression], Request({}, read_shapes(shapes.split())))
    nodes = [node for node in problem.inputs.values() if node.operation is INPUT]
    found = jacobian(problem.output, nodes) if problem.output.rank else gradients(problem.output, nodes)
    return [problem.output, *(one for one in found if one is not None)]


@cache
def nodes():
    """Of the expressions' derivatives, and of the programs'."""
    found = [in_order(derivatives(expression, shapes)) for expression, shapes in EXPRESSIONS]
    for text, shapes in CLASSES:
        program = read(text, "program.py", {name: Given(shape) for name, shape in shapes.items()})
        found.append(in_order(list(backward(program.output).gradients.values())))
    return [node for some in found for node in some]


@pytest.mark.parametrize("rewrite", REWRITES, ids=lambda rewrite: rewrite.__name__)
def test_an_identity_holds(rewrite):
    pairs = [(node, other) for node in nodes() for other in rewrite(node)]
    assert pairs, "it applies to none of the expressions"
    for node, other in pairs:
        assert_equal(node, other)


def assert_equal(node, other):
    assert node.shape == other.shape
    with precision(200):
        numbers = Balls()
        inputs = [one for one in in_order([node, other]) if one.operation is INPUT]
        given = {one: numbers.array(values) for one, values in points(inputs).items()}
        values = evaluate([node, other], numbers, given)
        for one, same in zip(*(array.reshape(-1) for array in values), strict=True):
            difference = ball(one) - ball(same)
            assert difference.contains(0)
            assert difference.rad() < 1e-30


@pytest.mark.parametrize("text, shapes", PROGRAMS)
def test_a_name_in_the_place_of_what_it_stands_for_changes_no_value(text, shapes):
    program = read(text, "program.py", {name: Given(shape) for name, shape in shapes.items()})
    found = backward(program.output).gradients
    nodes = in_order([program.output, *found.values()])
    names = Names([node for node in nodes if node.operation is NAMED], lambda node: node)
    pairs = [(node, other) for node in nodes for other in names.within(node, node)]
    assert pairs
    for node, other in pairs:
        assert_equal(node, other)


@pytest.mark.parametrize("expression, shapes", EXPRESSIONS)
def test_a_formula_is_never_longer_for_it(expression, shapes):
    for node in derivatives(expression, shapes):
        for diagonal in (False, True):
            plain = Writer([node]).formula(node, diagonal=diagonal)
            assert len(to_unicode(formula(node, diagonal=diagonal))) <= len(to_unicode(plain))


def _by_its_transpose(a, b_, x, y):
    t, eye = b.transpose, b.eye(3)
    return {
        "A Aᵀ": b.matmul(a, t(a)),
        "Aᵀ A": b.matmul(t(a), a),
        "A A": b.matmul(a, a),
        "A B": b.matmul(a, b_),
        "A B Aᵀ": b.matmul(b.matmul(a, b_), t(a)),
        "A": a,
        "A + 2 Aᵀ": b.add(a, b.multiply(b.number(2), t(a))),
        "A - Aᵀ": b.subtract(a, t(a)),
        "A + B": b.add(a, b_),
        "A Aᵀ + I": b.add(b.matmul(a, t(a)), eye),
        "A B + Aᵀ Bᵀ": b.add(b.matmul(a, b_), b.matmul(t(a), t(b_))),
        "A ∘ Aᵀ": b.multiply(a, t(a)),
        "A ∘ A": b.multiply(a, a),
        "x xᵀ": b.outer(x, x),
        "x yᵀ": b.outer(x, y),
        "x yᵀ + x xᵀ": b.add(b.outer(x, y), b.outer(x, x)),
        "(A Aᵀ)⁻¹": b.inverse(b.matmul(a, t(a))),
        "A⁻¹": b.inverse(a),
        "A + x": b.add(b.matmul(a, t(a)), x),
    }


def test_what_is_taken_for_symmetric_is_and_nothing_else():
    """Of matrices that are by how they are made: at random places they are their own transposes, or are not."""
    inputs = [b.given(name, shape) for name, shape in (("A", (3, 3)), ("B", (3, 3)), ("x", (3,)), ("y", (3,)))]
    draw = np.random.default_rng(8)
    values = {node: draw.normal(size=node.shape) for node in inputs}
    for name, node in _by_its_transpose(*inputs).items():
        (found,) = evaluate([node], Float64(), values)
        assert is_symmetric(node) == np.allclose(found, found.T), name
