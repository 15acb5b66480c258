"""What is printed as a formula of a tensor is right when it is pasted back as an answer; papers' spellings are read."""

from __future__ import annotations

import re

import numpy as np
import pytest

import netcalc
from netcalc import cli
from netcalc.errors import NetcalcError
from netcalc.examples import example, names
from netcalc.notation import to_ascii, to_unicode

EXPRESSIONS = [
    ("sum((W@x + b - t)^2)/2", "W=m,n x=n b=m t=m"),
    ("x.T@A@x", "A=n,n x=n"),
    ("log(det(X))", "X=n,n"),
    ("trace(A@X)", "A=n,m X=m,n"),
    ("trace(X.T@A@X)", "A=m,m X=m,n"),
    ("norm(A@x - b)^2", "A=m,n x=n b=m"),
    ("norm(x)", "x=n"),
    ("det(X)", "X=n,n"),
    ("trace(inv(X))", "X=n,n"),
    ("a.T@inv(X)@b", "X=n,n a=n b=n"),
    ("a.T@X@b", "a=m X=m,n b=n"),
    ("sum(sigmoid(W@x + b))", "W=m,n x=n b=m"),
    ("sum(tanh(W@x)*c)", "W=m,n x=n c=m"),
    ("sum(exp(x))", "x=n"),
    ("logsumexp(x)", "x=n"),
    ("-log(softmax(W@x)[3])", "W=m,n x=n"),
    ("sum(relu(W2@relu(W1@x)))", "W1=h,n W2=m,h x=n"),
    ("mean((X@w - y)^2)", "X=N,D w=D y=N"),
    ("mean((X@w - y)^2) + l*norm(w)^2", "X=N,D w=D y=N l=number"),
    ("sum(softplus(-y*(X@w)))", "X=N,D w=D y=N"),
    ("mean(log(1 + exp(-y*(X@w))))", "X=N,D w=D y=N"),
    ("sum(X*Y)", "X=m,n Y=m,n"),
    ("trace(X)", "X=n,n"),
    ("norm(X)", "X=m,n"),
    ("norm(X - A@B)^2", "X=m,n A=m,k B=k,n"),
    ("sum(log(x))", "x=n"),
    ("x.T@y/(norm(x)*norm(y))", "x=n y=n"),
    ("sum(abs(x))", "x=n"),
    ("sum(max(x, 0))", "x=n"),
    ("var(x)", "x=n"),
    ("mean(x)", "x=n"),
    ("prod(x)", "x=n"),
    ("x.T@A.T@A@x", "A=m,n x=n"),
    ("logdet(A.T@A)", "A=m,n"),
    ("trace(A@X@B@X.T)", "A=n,n X=n,m B=m,m"),
    ("sum(W@x)", "W=m,n x=n"),
    ("sum((X - mean(X, axis=0))^2)", "X=N,D"),
    ("sum(softmax(X, axis=1)*Y)", "X=N,C Y=N,C"),
    ("-sum(Y*log_softmax(X@W, axis=1))/N", "X=N,D W=D,C Y=N,C"),
    ("sum(outer(x, y)*A)", "x=m y=n A=m,n"),
    ("sum(solve(A, b)^2)", "A=n,n b=n"),
    ("y@A@x", "y=m A=m,n x=n"),
    ("sin(x.T@y)", "x=n y=n"),
    ("exp(-norm(x - c)^2/2)", "x=n c=n"),
    ("sum(x)/sum(y)", "x=n y=m"),
    ("sum((x.T@A)*b)", "A=m,n x=m b=n"),
    ("sum(1/(1 + exp(-(X@w))))", "X=N,D w=D"),
    ("sum(gelu(x))", "x=n"),
    ("sum(silu(W@x))", "W=m,n x=n"),
    ("trace(matrix_power(X, 3))", "X=n,n"),
    ("sum(x*cumsum(x))", "x=n"),
    ("sum(where(x > 0, x, x*a))", "x=n a=number"),
    ("sum(concat([x, y])^2)", "x=n y=m"),
    ("x[0]*x[1]", "x=n"),
    ("sum(X[:, 0]^2)", "X=m,n"),
    ("sum(reshape(X, -1)^2)", "X=m,n"),
    ("einsum('ij,j,i->', A, x, y)", "A=m,n x=n y=m"),
    ("einsum('ijk,k->', T, x)", "T=p,q,r x=r"),
    ("sum(softmax(Q@K.T/sqrt(d), axis=1)@V)", "Q=n,d K=m,d V=m,k"),
    ("log(sum(exp(W@x)))", "W=m,n x=n"),
    ("W@x", "W=m,n x=n"),
    ("A@x*b", "A=m,n x=n b=m"),
    ("tanh(W@x + b)", "W=m,n x=n b=m"),
    ("softmax(x)", "x=n"),
    ("A@X", "A=m,n X=n,k"),
]
UNREAD = ("…",)
PIECEWISE = {"infonce": {"dlogits"}, "svm": {"dscores", "dmargins", "dmargins@10"}, "transformer": {"dz"}}  # takes long
BLOCKS = [name for name in names() if "--shape " in example(name)]


def shapes(text):
    return dict(word.split("=") for word in text.split())


def pasted(result, printed, left_out=()):
    wanted = [tensor for tensor in result.tensors if tensor.of and tensor.name not in left_out]
    answers = {tensor.name: printed(tensor.formula) for tensor in wanted}
    answers = {name: text for name, text in answers.items() if not any(sign in text for sign in UNREAD)}
    return [f"{one.name}: {answers[one.name]}" for one in netcalc.check(result, answers).checked if one.is_wrong]


@pytest.mark.parametrize("printed", [to_unicode, pytest.param(to_ascii, marks=pytest.mark.nightly)])
@pytest.mark.parametrize("expression, sizes", EXPRESSIONS)
def test_an_expressions_gradients_are_right_as_printed(expression, sizes, printed):
    assert pasted(netcalc.grad(expression, shape=shapes(sizes)), printed) == []


SLOW = {"conv2d", "infonce", "svm", "transformer", "gru", "multi-head", "groupnorm", "vae"}  # a second and more each


@pytest.mark.parametrize("name", [pytest.param(one, marks=[pytest.mark.nightly] * (one in SLOW)) for one in BLOCKS])
def test_a_blocks_gradients_are_right_as_printed(name):
    text = example(name)
    result = netcalc.gradients(text, shape=shapes(re.search(r"--shape (.*)", text)[1]))
    assert pasted(result, to_unicode, PIECEWISE.get(name.removesuffix(".py"), ())) == []


LEAST_SQUARES = ("sum((W@x + b - t)^2)/2", "W=m,n x=n b=m t=m")
QUADRATIC = ("x.T@A@x", "A=n,n x=n")
RIGHT = [
    (*LEAST_SQUARES, "dW", "(Wx + b - t)xᵀ"),
    (*LEAST_SQUARES, "dW", "(Wx + b − t) x^T"),
    (*LEAST_SQUARES, "dW", "'(W@x + b - t)*x.T'"),
    (*LEAST_SQUARES, "dW", "(W x + b - t) x'"),
    (*LEAST_SQUARES, "dW", r"(W x + b - t) x^\top"),
    (*LEAST_SQUARES, "dW", "db xᵀ"),
    (*LEAST_SQUARES, "dx", "W' (Wx + b - t)"),
    (*LEAST_SQUARES, "dx", "∂f/∂b W"),
    (*LEAST_SQUARES, "db", "1/2 (2W x + 2b - 2t)"),
    (*QUADRATIC, "dx", "(A+A')x"),
    (*QUADRATIC, "dx", "(A+A')*x"),
    (*QUADRATIC, "dx", "Ax + Aᵀx"),
    (*QUADRATIC, "dA", "x xᵀ"),
    (*QUADRATIC, "dA", "(x[i]·x[j])[i,j]"),
    ("log(det(X))", "X=n,n", "dX", "X^-T"),
    ("log(det(X))", "X=n,n", "dX", "X^{-T}"),
    ("log(det(X))", "X=n,n", "dX", "(X^T)^-1"),
    ("log(det(X))", "X=n,n", "dX", "(X⁻¹)ᵀ"),
    ("trace(X)", "X=n,n", "dX", "I"),
    ("norm(A@x)^2", "A=m,n x=n", "dx", "2AᵀAx"),
    ("mean((X@w - y)^2)", "X=N,D w=D y=N", "dw", "2/N Xᵀ(X w - y)"),
    ("x.T@B.T@B@x", "B=m,n x=n", "dB", "2·B x xᵀ"),
    (*LEAST_SQUARES, "dW", "(W x + b − t) ⊗ x"),
    ("sum(sigmoid(W@x))", "W=m,n x=n", "dx", "Wᵀ σ′(W x)"),
    ("sum(tanh(W@x + b))", "W=m,n x=n b=m", "dW", "tanh'(W x + b) xᵀ"),
    ("sum(relu(W@x)^2)", "W=m,n x=n", "dW", r"2 relu(W x) \odot relu'(W x) x^T"),
    ("sum((A@x - b)^2)/n", "A=n,n x=n b=n", "dA", "2/n (A x − b) xᵀ"),
    ("sum((X - B)^2)/n", "X=n,n B=n,n", "dX", "2/n (X − B)"),
    ("max(x)", "x=n", "dx", "where(x == max(x, keepdims=True), 1, 0)"),
]
WRONG = [
    (*LEAST_SQUARES, "dW", "(W x + b + t) xᵀ", ""),
    (*LEAST_SQUARES, "dW", "x (W x + b - t)ᵀ", "the transpose of dW is right"),
    (*QUADRATIC, "dx", "2Ax", ""),
    ("log(det(X))", "X=n,n", "dX", "X⁻¹", "X⁻¹ for X⁻ᵀ"),
    ("sum(sigmoid(W@x))", "W=m,n x=n", "dx", "Wᵀ tanh′(W x)", ""),
    ("norm(A@x)^2", "A=m,n x=n", "dx", "2AᵀA∘x", "this is n×n, and dx is a vector of n"),
    (*LEAST_SQUARES, "dW", "x W xᵀ", "n and m×n side by side do not fit"),
    (*LEAST_SQUARES, "dW", "x (W x + b − t)", "the factors in the wrong order: it is (W x + b − t) xᵀ"),
    (*LEAST_SQUARES, "dW", "(W x + b − t) x", "xᵀ: transpose left out"),
    ("norm(X@w - y)^2", "X=n,d w=d y=n", "dw", "2 X (X w − y)", "Xᵀ: transpose left out"),
    ("norm(X@w - y)^2", "X=n,d w=d y=n", "dw", "2*X@(X@w - y)", "Xᵀ: transpose left out"),
    ("norm(X@w - y)^2", "X=n,d w=d y=n", "dw", "2 Xᵀ(Xᵀ w − y)", "X is transposed where it should not be"),
]
OF_PARTS = [
    ("sum((W@x + b - t)^2)/2", "W=m,n x=n b=m t=m"),
    ("x.T@A@x", "A=n,n x=n"),
    pytest.param("logdet(A@A.T)", "A=n,n", marks=pytest.mark.nightly),
    ("a.T@inv(X)@b", "X=n,n a=n b=n"),
    ("x^2*sin(x)/log(1 + x^2)", ""),
]
UNREADABLE = [
    (*LEAST_SQUARES, "dW", "(W x + b − t", "never closed"),
    (*LEAST_SQUARES, "dW", "(V x − t) xᵀ", "there is no 'V'"),
    (*LEAST_SQUARES, "dW", "(W x + b − t) ⊗ W", "two ways"),
    (*LEAST_SQUARES, "dx", "f′(x)", "write its name"),
    (*LEAST_SQUARES, "dW", "W x +", "ends after"),
]


def verdict(expression, sizes, name, text):
    (found,) = netcalc.check(netcalc.grad(expression, shape=shapes(sizes)), {name: text}).checked
    return found


@pytest.mark.parametrize("expression, sizes, name, text", RIGHT)
def test_papers_spellings_are_right(expression, sizes, name, text):
    assert verdict(expression, sizes, name, text).verdict == "right"


@pytest.mark.parametrize("expression, sizes, name, text, cause", WRONG)
def test_what_they_get_wrong_is_wrong(expression, sizes, name, text, cause):
    found = verdict(expression, sizes, name, text)
    assert found.is_wrong
    assert cause in found.diagnosis


@pytest.mark.parametrize("expression, sizes", OF_PARTS)
def test_formulas_of_steps_are_right_with_the_parts_that_they_name(expression, sizes):
    result = netcalc.grad(expression, shape=shapes(sizes))
    answers = {*(tensor.name for tensor in result.tensors), *(f"df/d{tensor.key}" for tensor in result.tensors)}
    lines = [(step.name, to_unicode(tree)) for step in result.steps for tree in step.chain]
    pairs = [(name, text) for name, text in lines if name in answers and re.search(r"v\d", text)]
    assert len(pairs) > 1
    assert not [pair for pair in pairs if netcalc.check(result, dict([pair])).has_wrong]


@pytest.mark.parametrize("expression, sizes, name, text, said", UNREADABLE)
def test_what_is_not_read_says_where(expression, sizes, name, text, said):
    with pytest.raises(NetcalcError, match=re.escape(said)) as caught:
        verdict(expression, sizes, name, text)
    assert caught.value.position is not None


@pytest.mark.parametrize(
    "name, text, cause", [("dv", "W δ", "Wᵀ: transpose"), ("dW", "v δ", "it is δ vᵀ"), ("dv", "v W δ", "the shape")]
)
def test_a_formula_whose_shapes_do_not_fit_is_wrong_in_numbers_too(name, text, cause):
    result = netcalc.linear(W=[[1, 2, 0], [3, 4, -1]], v=[1, -1, 2], b=[0, 0])
    checked = netcalc.check(result, {name: text}).checked
    (found,) = checked
    assert found.is_wrong
    assert found.name == name
    assert cause in found.diagnosis


def test_a_tensor_given_for_a_number_is_wrong():
    (found,) = netcalc.check(NET, {"loss": "a2 + t"}).checked
    assert found.is_wrong
    assert found.diagnosis == "the shape is wrong: this is a vector of 2, and loss is a single number"
    (found,) = netcalc.check(NET, {"loss": "a2 − t"}).checked
    assert found.diagnosis == "that is da2, and not loss"
    letters = netcalc.gradients("loss = F.cross_entropy(x @ W, y)", shape={"x": "N,D", "W": "D,C", "y": "N"})
    (found,) = netcalc.check(letters, {"loss": "x W"}).checked
    assert found.diagnosis == "the shape is wrong: this is N×C, and loss is a number"


def test_a_loss_over_samples_and_classes_is_right_as_printed():
    layer = {"W": [[0.2, 0.1], [-0.4, 0.3], [0.5, -0.2]], "b": [0, 0.1, -0.1], "activation": "softmax"}
    targets = [[1, 0, 0], [0, 0, 1]]
    result = netcalc.net([layer], input=[[1, 2], [0.5, -1]], target=targets, loss="cross-entropy", reduction="batch")
    brought = {"loss": to_unicode(result["loss"].formula), "da1": "(−t[s,k]/(2·a1[s,k]))[s,k]"}
    assert "Σₛₖ" in brought["loss"]
    assert not netcalc.check(result, brought).has_wrong


def test_arange_with_a_start_and_a_step_is_read_as_it_is_printed():
    result = netcalc.grad("sum(x*arange(0, 4, 2))", shape={"x": "2"})
    (f,) = (one for one in result.tensors if one.name == "f")
    checked = netcalc.check(result, {"f": to_unicode(f.formula), "dx": "arange(0, 4, 2)"}).checked
    assert not any(one.is_wrong for one in checked)
    (wrong,) = netcalc.check(result, {"dx": "arange(0, 2)"}).checked
    assert wrong.is_wrong


def test_a_programs_own_greek_letters_are_read():
    result = netcalc.gradients("γ = x**2\nloss = np.sum(γ * β)", shape={"x": "n", "β": "n"})
    assert not netcalc.check(result, {"dx": "2·dγ ∘ x", "dβ": "γ", "loss": "γᵀ β"}).has_wrong


SLOPES = {
    "dx0": [
        "σ′(q)·w0",
        "sigma'(q)*w0",
        "w0*f'(q)",
        "df/dq*w0",
        "w0 * df / dq",
        "∂f/∂q·w0",
        "dq w0",
        "g′(w0*x0 + w1*x1 + b) w0",
    ],
    "dw": ["sigmoid'(q) x", "dq*x", "φ′(q)·x"],
    "dw1": ["∂f/∂q·∂q/∂w1", "df/dq*dq/dw1"],
    "dq": ["f′(q)", "f(1 - f)", "db"],
}


@pytest.mark.parametrize("name, text", [(name, text) for name, texts in SLOPES.items() for text in texts])
def test_a_primed_function_is_its_slope_and_a_quotient_of_differentials_a_gradient(name, text):
    """As the neuron's own table has them."""
    result = netcalc.neuron([-1, -2], [4, -4], -3)
    assert not netcalc.check(result, {name: text}).has_wrong
    assert netcalc.check(result, {name: f"2*({text})"}).has_wrong


@pytest.mark.parametrize("kind", ["relu6", "identity", "leaky_relu(0.2)"])
def test_a_neurons_slopes_are_right_as_printed(kind):
    name = kind.partition("(")[0]
    result = netcalc.neuron([-1, -2], [4, -4], -3, kind)
    own = f"{name}′(q{', 0.2' * (name == 'leaky_relu')})"
    assert not netcalc.check(result, {"dq": own, "dx0": f"{own}·w0", "db": f"{own}·1"}).has_wrong


@pytest.mark.parametrize("kind", ["leaky_relu(0.2)", "sin(3q)", "gelu", "hard_tanh"])
def test_f_primed_is_the_slope_of_whatever_the_activation_is(kind):
    assert not netcalc.check(netcalc.neuron([-1, -2], [4, -4], -3, kind), {"dx": "f′(q) w"}).has_wrong


NET = netcalc.net(
    [{"W": [[0.15, 0.2], [0.25, 0.3]], "b": [0.35, 0.6], "activation": "sigmoid"}] * 2,
    input=[0.05, 0.1],
    target=[0.01, 0.99],
    loss="half-mse",
    reduction="sum",
)


def test_the_four_equations_of_backpropagation_are_right_as_books_have_them():
    brought = {
        "dz2": "(a2 − t) ∘ σ′(z2)", "dz1": "W2ᵀ δ2 ∘ σ′(z1)", "db1": "δ1", "dW1": "δ1 xᵀ", "dW2": "(a2 − t) ∘ σ′(z2) a1ᵀ",
    }  # fmt: skip
    assert not netcalc.check(NET, brought).has_wrong


@pytest.mark.parametrize("text", ["∂L/∂a1 ∘ ∂a1/∂z1", "dL/da1*da1/dz1", "∂L/∂a1 ∘ a1·(1 − a1)"])
def test_links_of_the_chain_are_right_as_they_are_written(text):
    assert not netcalc.check(NET, {"dz1": text}).has_wrong


def test_a_derivative_of_something_else_is_no_gradient_of_the_loss():
    with pytest.raises(NetcalcError, match="∂z2/∂a1 is the derivative of z2"):
        netcalc.check(NET, {"da1": "(∂z2/∂a1)ᵀ dz2"})


@pytest.mark.parametrize("name", ["d2x", "d2f/dx2", "d2f/dx^2", "∂²f/∂x²", "dxdx", "d²f/dx²", "d2f/(dx dx)"])
def test_second_derivatives_have_the_names_that_people_give_them(name):
    result = netcalc.grad("x.T@A@x", at={"A": [[1, 2], [3, 4]], "x": [1, -1]}, order=2)
    (found,) = netcalc.check(result, {name: "A + A.T"}).checked
    assert (found.name, found.verdict) == ("dxdx", "right")


@pytest.mark.parametrize("name", ["d2f/dxdy", "∂²f/∂x∂y", "f_xy", "d2f/(dx dy)"])
def test_mixed_derivatives_too(name):
    (found,) = netcalc.check(netcalc.grad("x^2*y", at={"x": 1, "y": 3}, order=2), {name: "2"}).checked
    assert (found.name, found.verdict) == ("dxdy", "right")


def test_an_entry_of_a_second_derivative_is_checked_by_its_name():
    result = netcalc.grad("x.T@A@x", at={"A": [[1, 2], [3, 4]], "x": [1, -1]}, order=2)
    (found,) = netcalc.check(result, {"∂²f/∂x0∂x1": "5"}).checked
    assert (found.name, found.verdict) == ("dxdx[0,1]", "right")


def test_indices_in_letters_are_whole_numbers():
    result = netcalc.gradients(example("embedding"), shape=shapes("ix=N y=N C=V,D W=D,K"))
    (found,) = netcalc.check(result, {"dW": "embᵀ dlogits"}).checked
    assert found.verdict == "right"


@pytest.mark.parametrize("name, text", [("dv", "Wᵀ δ"), ("dW", "δ vᵀ"), ("db", "δ")])
def test_the_gradient_from_above_may_be_used_where_nobody_gave_it(name, text):
    result = netcalc.linear(W=[[1, 2, 0], [3, 4, -1]], v=[1, -1, 2], b=[0, 0])
    assert {one.verdict for one in netcalc.check(result, {name: text}).checked} == {"right"}


def test_a_number_may_be_a_formula_of_tensors_of_one_entry():
    layers = [{"W": [["0.3", "0.4"]], "b": ["0.1"], "activation": "tanh"}]
    result = netcalc.net(layers, input=["0.5", "-1"], target=["0.2"], loss="half-mse")
    (found,) = netcalc.check(result, {"loss": "(a1 - t)^2/2"}).checked
    assert found.verdict == "right"
    assert netcalc.check(result, {"loss": "x"}).has_wrong


def test_answers_may_be_typed_as_json():
    result = netcalc.grad("x.T@A@x", at={"A": [[1, 2], [3, 4]], "x": [1, -1]})
    checked = netcalc.check(result, ['{"dx": [-3, -3], "dA": [[1, -1], [-1, 1]]}']).checked
    assert {one.verdict for one in checked} == {"right"}


CLASSES = """
z = x @ W
probs = np.exp(z) / np.exp(z).sum(1, keepdims=True)
loss = -np.log(probs[np.arange(3), y]).mean()
"""


@pytest.mark.parametrize("classes", [[0, 2, 1], np.array([0, 2, 1])])
@pytest.mark.parametrize("form, verdict", [("(probs-{})/3", "right"), ("probs-{}", "wrong")])
@pytest.mark.parametrize("targets", ["one_hot(y,3)", "eye(3)[y]", "one_hot([0,2,1],3)"])
def test_classes_may_be_given_by_name_in_a_formula(classes, form, verdict, targets):
    """However the indices were given."""
    at = {"x": [[1, 2], [3, 4], [0, 1]], "W": [[1, 0, 1], [0, 1, 0]], "y": classes}
    (one,) = netcalc.check(netcalc.gradients(CLASSES, at), {"dz": form.format(targets)}).checked
    assert one.verdict == verdict


@pytest.mark.parametrize("name", ["attention", "rope"])
def test_a_derivation_is_a_file_of_answers(name, tmp_path, capsys):
    """The table as it is printed, and the lines alone as a page of a course has them."""
    (tmp_path / "block.py").write_text(example(name), "utf-8")
    shapes = re.search(r"--shape (.*)", example(name))[1].split()
    command = ["net", str(tmp_path / "block.py"), "--shape", *shapes]
    assert cli.main(command) == 0
    table = capsys.readouterr().out
    rows = [line.split("│", 1) for line in table.splitlines() if "│" in line]
    lines = "\n".join(["# derived", *(f"{left.strip()} = {right.strip()}" for left, right in rows), ""])
    for text in (table, lines):
        (tmp_path / "derived.txt").write_text(text, "utf-8")
        assert cli.main([*command, "--check", str(tmp_path / "derived.txt")]) == 0
        assert f"all {len(rows)} answers are right" in capsys.readouterr().out


@pytest.mark.parametrize(
    "text, said",
    [
        ("dx = 2*x\ndy", "line 2: it is no NAME = FORMULA"),
        ("   ┃ formula ┃ value\ndx │ 2*x │ [ 1\n   │     │  2 ]", "line 3: a value of more lines than one"),
        ("name,value\ndx,2*x", None),
    ],
)
def test_a_line_that_is_no_answer_is_named(text, said, tmp_path, capsys):
    (tmp_path / "derived.txt").write_text(text, "utf-8")
    status = cli.main(["grad", "sum(x^2)", "--shape", "x=n", "--check", str(tmp_path / "derived.txt")])
    assert status == (2 if said else 0)
    assert (said or "") in capsys.readouterr().err
