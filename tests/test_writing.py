"""What a graph is written as: the forms that courses print, equal in value to what they were written from."""

from __future__ import annotations

import re

import numpy as np
import numpy_trees
import pytest
from test_graph import CASES, Case

import netcalc
from netcalc.graph import build as b
from netcalc.graph.arithmetic.float64 import Float64
from netcalc.graph.backward import backward, gradients, jacobian
from netcalc.graph.evaluate import evaluate
from netcalc.graph.functions import vector_activation
from netcalc.graph.leaves import name_of
from netcalc.graph.sizes import letter
from netcalc.graph.writing import formula
from netcalc.models.request import Request, read_shapes
from netcalc.models.tensors import tensors
from netcalc.notation import to_ascii, to_unicode
from netcalc.solving.graphed import solve


def holds(case, node, **how):
    """Whether the node's formula has its value and its shape."""
    tree = formula(node, **how)
    at = {name: case.values[one] for name, one in case.inputs.items()} | getattr(case, "others", {})
    expected = case.at(node)
    got = np.asarray(numpy_trees.value(tree, at))
    assert got.shape == expected.shape, to_ascii(tree)
    np.testing.assert_allclose(got, expected, rtol=1e-8, atol=1e-10, err_msg=to_ascii(tree))


@pytest.mark.parametrize("name", CASES)
def test_a_formula_has_the_value_of_its_node(name):
    case = Case(name)
    delta = b.given("delta", case.output.shape)
    case.values[delta] = case.draw.normal(size=case.output.shape)
    case.others = {"delta": case.values[delta]}
    holds(case, case.output)
    for gradient in gradients(case.output, case.nodes, delta):
        if gradient is not None:
            holds(case, gradient)
            for second in gradients(gradient, case.nodes):
                if second is not None:
                    holds(case, second)


@pytest.mark.parametrize("name", CASES)
def test_a_jacobian_written_has_its_value(name):
    case = Case(name)
    for whole in jacobian(case.output, case.nodes):
        holds(case, whole)
        holds(case, whole, diagonal=True)


def written(expression, shapes, name):
    """The formula of the gradient, or Jacobian, by a name."""
    result = solve(tensors([expression], Request({}, read_shapes(shapes.split()))))
    return next(tensor.formula for tensor in result.tensors if tensor.name == f"d{name}")


# The nine examples of matrixcalculus.org's documentation, with what it prints for them in NumPy's notation.
PUBLISHED = [
    ("0.5*x.T@A@x", "x=n A=n,n", "x", "0.5*A@x+0.5*A.T@x", "(A + A.T)@x/2", "(A + Aᵀ) x/2"),
    ("A@exp(x)", "A=m,n x=n", "x", "A@diag(exp(x))", "A@diag(exp(x))", "A diag(exp(x))"),
    ("(y*v).T@x", "x=n", "x", "y*v", "y*v", "y ∘ v"),
    ("a^b", "a=number b=number", "a", "b*a^(b-1)", "b*a^(b - 1)", "b·a^(b − 1)"),
    ("norm(A@x - y, 1)", "A=m,n x=n y=m", "x", "A.T@sign(A@x-y)", "A.T@sign(A@x - y)", "Aᵀ sign(A x − y)"),
    ("norm(A@x - y)^2", "A=m,n x=n y=m", "x", "2*A.T@(A@x-y)", "2*A.T@(A@x - y)", "2·Aᵀ (A x − y)"),
    ("log(det(inv(X)))", "X=n,n", "X", "-inv(X).T", "-inv(X).T", "−X⁻ᵀ"),
    (
        "trace(A@X.T@B@X@C)",
        "A=k,n X=m,n B=m,m C=n,k",
        "X",
        "B.T@X@A.T@C.T+B@X@C@A",
        "B@X@C@A + B.T@X@A.T@C.T",
        "B X C A + Bᵀ X Aᵀ Cᵀ",
    ),
    ("sin(x).T@y", "x=n y=n", "x", "cos(x)*y", "y*cos(x)", "y ∘ cos(x)"),
]


@pytest.mark.parametrize(
    "expression, shapes, name, published, ascii_text, unicode_text", PUBLISHED, ids=lambda row: row
)
def test_published_examples_are_no_longer_than_published(expression, shapes, name, published, ascii_text, unicode_text):
    tree = written(expression, shapes, name)
    assert (to_ascii(tree), to_unicode(tree)) == (ascii_text, unicode_text)
    assert len(ascii_text.replace(" ", "")) <= len(published)


# As the Matrix Cookbook and courses print them.
FORMS = [
    ("sum((W@x + b - t)^2)/2", "", "W", "outer(W@x + b - t, x)", "(W x + b − t) xᵀ"),
    ("sum((W@x + b - t)^2)/2", "", "x", "W.T@(W@x + b - t)", "Wᵀ (W x + b − t)"),
    ("sum((W@x + b - t)^2)/2", "W=m,n x=n,1 b=m,1 t=m,1", "W", "(W@x + b - t)@x.T", "(W x + b − t) xᵀ"),
    ("sum((W@x + b - t)^2)/2", "W=m,n x=n,1 b=m,1 t=m,1", "x", "W.T@(W@x + b - t)", "Wᵀ (W x + b − t)"),
    ("x.T@A@x", "", "A", "outer(x, x)", "x xᵀ"),
    ("a.T@X@b", "", "X", "outer(a, b)", "a bᵀ"),
    ("a.T@X.T@b", "X=m,n b=m a=n", "X", "outer(b, a)", "b aᵀ"),
    ("a.T@X.T@X@b", "X=m,n b=n a=n", "X", "outer(X@b, a) + outer(X@a, b)", "X b aᵀ + X a bᵀ"),
    (
        "(B@x + b).T@C@(D@x + d)",
        "B=m,n x=n b=m C=m,m D=m,n d=m",
        "x",
        "B.T@C@(D@x + d) + D.T@C.T@(B@x + b)",
        "Bᵀ C (D x + d) + Dᵀ Cᵀ (B x + b)",
    ),
    ("(X@b + c).T@D@(X@b + c)", "", "X", "outer((D + D.T)@(X@b + c), b)", "(D + Dᵀ) (X b + c) bᵀ"),
    ("trace(X)", "X=n,n", "X", "eye(n)", "Iₙ"),
    ("trace(A@X@B)", "", "X", "A.T@B.T", "Aᵀ Bᵀ"),
    ("trace(X@X)", "X=n,n", "X", "2*X.T", "2·Xᵀ"),
    ("trace(X@X@X)", "X=n,n", "X", "3*X.T@X.T", "3·Xᵀ Xᵀ"),
    ("trace(X.T@B@X)", "", "X", "(B + B.T)@X", "(B + Bᵀ) X"),
    ("trace(X@A@X.T@B)", "X=m,n A=n,n B=m,m", "X", "B.T@X@A.T + B@X@A", "Bᵀ X Aᵀ + B X A"),
    ("a.T@inv(X)@b", "", "X", "-outer(inv(X).T@a, b)@inv(X).T", "−X⁻ᵀ a bᵀ X⁻ᵀ"),
    ("trace(A@inv(X)@B)", "", "X", "-inv(X).T@A.T@B.T@inv(X).T", "−X⁻ᵀ Aᵀ Bᵀ X⁻ᵀ"),
    ("det(X)", "X=n,n", "X", "det(X)*inv(X).T", "det(X)·X⁻ᵀ"),
    ("det(A@X@B)", "A=n,n X=n,n B=n,n", "X", "det(A@X@B)*inv(X).T", "det(A X B)·X⁻ᵀ"),
    ("log(det(X))", "X=n,n", "X", "inv(X).T", "X⁻ᵀ"),
    ("logdet(X.T@X)", "X=m,n", "X", "2*X@inv(X.T@X)", "2·X (Xᵀ X)⁻¹"),
    ("norm(x - a)", "x=n a=n", "x", "(x - a)/norm(x - a)", "(x − a)/‖x − a‖"),
    ("sqrt(sum(x^2))", "x=n", "x", "x/norm(x)", "x/‖x‖"),
    ("norm(T - U@V.T)^2", "", "V", "2*(U@V.T - T).T@U", "2·(U Vᵀ − T)ᵀ U"),
    (
        "a.T@sin(A@X@B)@b",
        "",
        "X",
        "A.T@(outer(a, b)*cos(A@X@B))@B.T",
        "Aᵀ ((a bᵀ) ∘ cos(A X B)) Bᵀ",
    ),
    ("mean((X@w - y)^2)", "X=N,d w=d y=N", "w", "2*X.T@(X@w - y)/N", "2·Xᵀ (X w − y)/N"),
    ("mean((X@w + b - y)^2)/2", "X=4,2 w=2 y=4 b=number", "b", "mean(X@w + b - y)", "mean(X w + b − y)"),
    ("sum(D*tanh(X@W + b))", "X=N,m D=N,k W=m,k b=k", "b", "sum(D*(1 - tanh(X@W + b)^2), axis=0)", "sum(D ∘ (1 − tanh²(X W + b)), axis=0)"),
    ("softmax(x)", "x=n", "x", "diag(softmax(x)) - outer(softmax(x), softmax(x))", "diag(softmax(x)) − softmax(x) softmax(x)ᵀ"),
    ("sum(G*softmax(Z, axis=1))", "Z=N,k G=N,k", "Z", "softmax(Z, axis=1)*(G - sum(G*softmax(Z, axis=1), axis=1, keepdims=True))", "softmax(Z, axis=1) ∘ (G − sum(G ∘ softmax(Z, axis=1), axis=1, keepdims=True))"),
    ("-sum(T*log(softmax(Z, axis=1)))", "Z=N,k T=N,k", "Z", "softmax(Z, axis=1)*sum(T, axis=1, keepdims=True) - T", "softmax(Z, axis=1) ∘ sum(T, axis=1, keepdims=True) − T"),
    ("-sum(y*log(sigmoid(z)) + (1 - y)*log(1 - sigmoid(z)))", "z=n y=n", "z", "sigmoid(z) - y", "σ(z) − y"),
    ("sum(1/(1 + exp(-x)))", "x=n", "x", "exp(-x)/(1 + exp(-x))^2", "exp(−x)/(1 + exp(−x))²"),
    ("-log(softmax(z)[1])", "z=3", "z", "softmax(z) - one_hot(1, 3)", "softmax(z) − one_hot(1, 3)"),
    ("-log_softmax(z)[1]", "z=3", "z", "softmax(z) - one_hot(1, 3)", "softmax(z) − one_hot(1, 3)"),
    ("x.T@triu(A)@x", "A=3,3", "A", "triu(outer(x, x))", "triu(x xᵀ)"),
    ("A@x", "", "A", "einsum('ij,k->ijk', eye(m), x)", "(I[i,j]·x[k])[i,j,k]"),
    ("inv(A)", "A=n,n", "A", "-einsum('ik,lj->ijkl', inv(A), inv(A))", "−((A⁻¹)[i,k]·(A⁻¹)[l,j])[i,j,k,l]"),
    ("tanh(W@x + b)", "", "x", "diag(1 - tanh(W@x + b)^2)@W", "diag(1 − tanh²(W x + b)) W"),
]  # fmt: skip


@pytest.mark.parametrize("expression, shapes, name, ascii_text, unicode_text", FORMS, ids=lambda row: row)
def test_a_gradient_is_written_as(expression, shapes, name, ascii_text, unicode_text):
    tree = written(expression, shapes, name)
    assert (to_ascii(tree), to_unicode(tree)) == (ascii_text, unicode_text)


def test_a_named_node_is_written_by_its_name():
    """f·(1 - f), dW = Xᵀ dz, a sum over the batch: each line of a backward pass by the names of the forward one."""
    rows, columns, units = map(letter, ("N", "d", "m"))
    x, w, c, y = (
        b.given("X", (rows, columns)),
        b.given("W", (columns, units)),
        b.given("b", (units,)),
        b.given("Y", (rows, units)),
    )
    z = b.named("z", b.add(b.matmul(x, w), c))
    h = b.named("h", b.elementwise("sigmoid", z))
    loss = b.divide(b.summed(b.power(b.subtract(h, y), b.number(2))), b.number(2))
    found = backward(loss).gradients
    lines = {name_of(node): to_unicode(formula(found[node])) for node in (h, z, w, c, x)}
    assert lines == {"h": "h − Y", "z": "dh ∘ h ∘ (1 − h)", "W": "Xᵀ dz", "b": "sum(dz, axis=0)", "X": "dz Wᵀ"}
    assert to_unicode(formula(z)) == "X W + b"
    assert to_unicode(formula(h)) == "σ(z)"


def test_a_sigmoid_written_out_has_its_slope_by_its_name():
    """p·(1 - p) for p = 1/(1 + exp(-z)), as for a function by name."""
    z = b.given("z", (letter("n"),))
    p = b.named("p", b.divide(b.number(1), b.add(b.number(1), b.elementwise("exp", b.negate(z)))))
    loss = b.summed(b.multiply(p, b.given("c", z.shape)))
    assert to_unicode(formula(backward(loss).gradients[z], beside=[loss])) == "dp ∘ p ∘ (1 − p)"


def test_a_layers_softmax_has_its_slope_by_its_name():
    z = b.given("z", (3, 4))
    a = b.named("a", vector_activation("softmax", z))
    found = backward(a, b.given("delta", a.shape)).gradients[z]
    assert to_unicode(formula(found, beside=[a])) == "a ∘ (δ − sum(δ ∘ a, axis=1, keepdims=True))"


def test_parts_that_were_cut_out_are_put_together():
    z = b.given("z", (6,))
    parts = [b.named(name, b.index(z, [b.Span(n, n + 2, None)])) for n, name in ((0, "a"), (2, "g"), (4, "o"))]
    loss = b.summed(b.multiply(parts[0], b.elementwise("tanh", parts[1]), parts[2]))
    assert to_unicode(formula(backward(loss).gradients[z])) == "concat([da, dg, do])"


def test_a_size_whose_letter_is_a_tensors_name_is_written_by_an_axis():
    rows, size = letter("T"), letter("K")
    k = b.named("K", b.matmul(b.given("X", (rows, letter("D"))), b.given("Wk", (letter("D"), size))))
    scaled = b.divide(b.matmul(b.given("Q", (rows, size)), b.transpose(k)), b.elementwise("sqrt", b.size(size)))
    assert to_ascii(formula(scaled)) == "Q@K.T/sqrt(Q.shape[1])"


def test_what_would_fill_pages_is_three_dots():
    """Ten blocks within each other, each of which uses its input three times, have 3^10 names written out."""
    x = b.given("x", (4,))
    for _ in range(10):
        x = b.divide(x, b.elementwise("sqrt", b.add(b.mean(b.multiply(x, x)), b.number(1))))
    assert to_ascii(formula(x)) == "…"


@pytest.mark.parametrize("name", CASES)
def test_a_formula_is_read_again_as_what_it_was(name):
    case = Case(name)
    delta = b.given("delta", case.output.shape)
    case.values[delta] = case.draw.normal(size=case.output.shape)
    values = {node.params.text: value for node, value in case.values.items()}
    for gradient in gradients(case.output, case.nodes, delta):
        if gradient is None:
            continue
        text = to_ascii(formula(gradient))
        read = tensors([text], Request({one: value for one, value in values.items() if re.search(rf"\b{one}\b", text)}))
        given = {node: values[one] for one, node in read.inputs.items()}
        (got,) = evaluate([read.output], Float64(), given)
        assert got.shape == gradient.shape, text
        np.testing.assert_allclose(got, case.at(gradient), rtol=1e-8, atol=1e-10, err_msg=text)


@pytest.mark.parametrize(
    "typed, unicode_text",
    [
        ("sum(G*softmax(2*X*Y, axis=1))", "sum(G ∘ softmax(2·X ∘ Y, axis=1))"),
        ("0.5*x.T@A@x", "0.5·xᵀ A x"),
        ("c.T@(x*(A@x))/2", "cᵀ (x ∘ (A x))/2"),
        ("norm(A@x - y)^2 + 3*trace(inv(A))", "‖A x − y‖² + 3·tr(A⁻¹)"),
        ("einsum('ij,j->i', A, x).T@y", "(Σⱼ A[i,j]·x[j])[i]ᵀ y"),
    ],
)
def test_what_was_typed_is_shown_in_matrix_notation(typed, unicode_text):
    assert to_unicode(tensors([typed], Request()).typed) == unicode_text


def test_a_number_in_letters_is_not_called_by_a_gradient_that_is_as_large():
    """Where dkl is 1/N, the loss is still a mean."""
    result = netcalc.gradients("kl = (x**2).sum()\nloss = kl/x.shape[0]", shape={"x": "N,D"})
    assert to_ascii(result["loss"].formula) == "kl/N"
    assert to_ascii(result["dkl"].formula) == "1/N"


@pytest.mark.parametrize(
    "expression, shape, shown",
    [
        ("x@y", "", "xᵀ y"),
        ("(x - y)@(x + y)", "", "(x − y)ᵀ (x + y)"),
        ("x@A@y", "A=n,n", "xᵀ A y"),
        ("x.T@A@y", "A=n,n", "xᵀ A y"),
        ("inv(A)@x@x", "A=n,n", "(A⁻¹ x)ᵀ x"),
        ("2*x@y", "", "2·xᵀ y"),
        ("x@x*sum(y)", "", "(xᵀ x)·sum(y)"),
    ],
)
def test_the_left_of_a_product_that_is_a_number_is_a_row(expression, shape, shown):
    shapes = ["x=n", *(["y=n"] if "y" in expression else []), *shape.split()]
    typed = tensors([expression], Request({}, read_shapes(shapes))).typed
    assert to_unicode(typed) == shown
    assert to_ascii(typed) == expression.replace("x@x*sum", "(x@x)*sum")
