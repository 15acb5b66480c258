"""The steps of a graph: each named part forward, then back through them with the rule, numbers put in, the value."""

from __future__ import annotations

import numpy as np
import pytest

from netcalc import check, gradients
from netcalc.api import grad
from netcalc.circuit import circuit
from netcalc.expression import Number
from netcalc.models.request import Request, read_shapes
from netcalc.models.tensors import tensors
from netcalc.notation import plainly
from netcalc.notation.displays import Matrix
from netcalc.render import View, render
from netcalc.render.blocks import in_line
from netcalc.render.html import html
from netcalc.render.latex import latex
from netcalc.render.markdown import markdown
from netcalc.render.summary import corners
from netcalc.solving.graphed import solve

POINT = {"W": [[1, 2], [3, 4]], "x": [1, -1], "b": [0, 0], "t": [1, 0]}


def lines(result):
    """The steps as text, in one line each, their headings before them."""
    for step in result.steps:
        if step.heading:
            yield step.heading
        yield " = ".join([step.left, *map(in_line, step.chain)])


def test_steps_go_forward_and_back():
    assert list(lines(grad("sum((W@x + b - t)^2)/2", at=POINT, wrt=["W", "x", "b"]))) == [
        "Forward",
        "v1 = W x + b − t = [1, 2; 3, 4] [1; −1] + [0; 0] − [1; 0] = [−2; −1]",
        "v2 = ‖v1‖² = (−2)² + (−1)² = 5",
        "f = v2/2 = 5/2 = 2.5",
        "Backward to v2",
        "df/dv2 = 1/2 = 0.5",
        "Backward to v1: the slope of a square",
        "df/dv1 = 2·∂f/∂v2·v1 = [2·0.5·(−2); 2·0.5·(−1)] = [−2; −1]",
        "Backward to W: matrix product",
        "df/dW = ∂f/∂v1 xᵀ = [−2; −1] [1, −1] = [−2, 2; −1, 1]",
        "Backward to x: matrix product",
        "df/dx = Wᵀ ∂f/∂v1 = [1, 3; 2, 4] [−2; −1] = [−5; −8]",
        "Backward to b",
        "df/db = ∂f/∂v1 = [−2; −1]",
    ]


def test_steps_without_numbers_are_formulas():
    result = solve(tensors(["sum(tanh(W@x))"], Request({}, read_shapes(["W=m,n", "x=n"]))))
    assert list(lines(result)) == [
        "Forward",
        "v1 = W x",
        "v2 = tanh(v1)",
        "f = sum(v2)",
        "Backward to v2: the same for every entry of a sum",
        "df/dv2 = ones(m)",
        "Backward to v1: chain rule",
        "df/dv1 = ∂f/∂v2 ∘ (1 − v2²)",
        "Backward to W: matrix product",
        "df/dW = ∂f/∂v1 xᵀ",
        "Backward to x: matrix product",
        "df/dx = Wᵀ ∂f/∂v1",
    ]


def test_several_uses_are_told():
    result = solve(tensors(["norm(x - W.T@tanh(W@x))^2"], Request({}, read_shapes(["W=m,n", "x=n"]))))
    said = [line for line in lines(result) if "added up" in line]
    told = "matrix product, used in v1 and v3, whose shares are added up"
    assert sorted(said) == [f"Backward to W: {told}", f"Backward to x: {told}"]


@pytest.mark.parametrize(
    "expression, at",
    [
        ("sum((W@x + b - t)^2)/2", POINT),
        (
            "sum((X@W + b - Y)^2)",
            {"X": [[1, 2], [3, 5], [0, 1]], "W": [[1, 0], [2, 1]], "b": [1, 2], "Y": [[0, 1]] * 3},
        ),
        ("logdet(A@A.T)", {"A": [[2, 1], [1, 3]]}),
        ("sum(softmax(X, axis=1)[:, 0])", {"X": [[1, 2], [3, 5]]}),
        ("norm(x - W.T@tanh(W@x))^2", {"W": [[1, 2], [3, 4]], "x": [1, -1]}),
    ],
)
def test_steps_end_in_the_values_of_the_answer(expression, at):
    result = grad(expression, at=at)
    steps = {step.name: step.chain[-1] for step in result.steps}
    for name, partial in result.partials.items():
        drawn = steps[f"df/d{name}"]
        assert isinstance(drawn, Matrix)
        shown = np.array([[float(entry.value) for entry in row if isinstance(entry, Number)] for row in drawn.entries])
        np.testing.assert_allclose(shown.reshape(np.shape(partial)), partial, rtol=1e-4, atol=1e-4)


def test_steps_are_shown_in_every_format():
    result = grad("sum((W@x + b - t)^2)/2", at=POINT)
    assert r"\frac{\partial f}{\partial v_{1}} x^{\top}" in "\n".join(latex(result, steps=True))
    assert "Backward to W: matrix product" in "\n".join(markdown(result, steps=True))
    assert "Backward to W: matrix product" in "\n".join(html(result))
    with plainly():
        assert any(line.startswith("df/dW = outer(df/dv1, x) = [-2; -1] [1, -1]") for line in lines(result))


def test_large_problems_have_formulas_alone_and_very_large_ones_no_steps():
    draw = np.random.default_rng(5)
    at = {"W": draw.normal(size=(20, 30)), "x": draw.normal(size=30)}
    found = {step.name: step.chain for step in grad("sum(tanh(W@x))", at=at).steps}
    assert [len(found[name]) for name in ("v1", "v2", "df/dW", "df/dx")] == [1] * 4
    long = " + ".join(f"sum(tanh(W@x + {n}))" for n in range(50))
    assert not grad(long, at=at).steps


AGAIN = """
h = x
for i in range(3):
    h = np.tanh(h @ W) + h
out = h
loss = (out**2).sum()
"""


def test_a_name_that_is_assigned_again_is_told_apart_in_every_step():
    """Its formulas are of the value before; one value that has two names has one step."""
    result = gradients(AGAIN, shape={"x": "n", "W": "n,n"})
    assert list(lines(result)) == [
        "Forward",
        "h@4.1 = tanh(Wᵀ x) + x",
        "h@4.2 = tanh(Wᵀ h@4.1) + h@4.1",
        "out = tanh(Wᵀ h@4.2) + h@4.2",
        "loss = ‖out‖²",
        "Backward to out: the slope of a square",
        "dloss/dout = 2·out",
        "Backward to h@4.2: matrix product, chain rule",
        "dloss/dh@4.2 = W (∂loss/∂out ∘ (1 − tanh²(Wᵀ h@4.2))) + ∂loss/∂out",
        "Backward to h@4.1: matrix product, chain rule",
        "dloss/dh@4.1 = W (∂loss/∂h@4.2 ∘ (1 − tanh²(Wᵀ h@4.1))) + ∂loss/∂h@4.2",
        "Backward to x: matrix product, chain rule",
        "dloss/dx = W (∂loss/∂h@4.1 ∘ (1 − tanh²(Wᵀ x))) + ∂loss/∂h@4.1",
        "Backward to W: matrix product, chain rule, used in h@4.1, h@4.2 and out, whose shares are added up",
        (
            "dloss/dW = x (∂loss/∂h@4.1 ∘ (1 − tanh²(Wᵀ x)))ᵀ + h@4.1 (∂loss/∂h@4.2 ∘ (1 − tanh²(Wᵀ h@4.1)))ᵀ"
            " + h@4.2 (∂loss/∂out ∘ (1 − tanh²(Wᵀ h@4.2)))ᵀ"
        ),
    ]


def test_the_circuit_and_the_cause_tell_them_apart_too():
    at = {"x": ["0.1", "0.2"], "W": [["0.1", "0.2"], ["0.3", "0.4"]]}
    result = gradients(AGAIN, at=at)
    labels = {node.label for node in circuit(result).nodes}
    assert {"h@4.2 = tanh(Wᵀ h@4.1) + h@4.1", "out = tanh(Wᵀ h@4.2) + h@4.2"} <= labels
    right = result["dx"].numbers()
    (first, _) = check(result, {"dx": (-right).tolist()}).checked
    assert "∂loss/∂h@4.1[0]" in first.taken[0].right
    assert "∂loss/∂h[" not in first.taken[0].right


def test_code_names_a_gradient_after_what_it_is_that_of():
    code = "\n".join(render(gradients(AGAIN, shape={"x": "n", "W": "n,n"}), "numpy", View()))
    assert "dh_1 = W @ (dh_2 * " in code
    assert "dx = W @ (dh_1 * " in code


def test_a_large_tensor_of_more_axes_is_drawn_by_its_first_matrix():
    x = np.arange(72.0).reshape(2, 6, 6)
    result = gradients("p = x * 2\nloss = np.sum(p ** 2)", x=x)
    named = {in_line(name): in_line(matrix) for name, matrix in (corners(tensor) for tensor in result.tensors[:2])}
    assert list(named) == ["p[0]", "loss"]
    assert named["p[0]"].startswith("[0, 2, 4, ⋯, 10; 12, 14, 16, ⋯, 22;")


BATCH_NORM = """
mu = x.mean(0)
var = ((x - mu) ** 2).mean(0)
xhat = (x - mu) / (var + 1e-5) ** 0.5
loss = ((gamma * xhat + beta) ** 2).sum()
"""


def test_what_is_0_by_algebra_is_0_in_the_steps_too():
    """A mean's gradient through a normalisation, which no number of bits shows to be 0."""
    result = gradients(BATCH_NORM, at={"x": [[1, 2], [3, 5], [4, 1]], "gamma": [1, 2], "beta": [0, 1]})
    steps = list(lines(result))
    assert not [line for line in steps if "±" in line]
    assert [line for line in steps if line.startswith("dloss/dmu = ") and line.endswith(" = [0; −7.06017]")]


def test_reductions_along_axes_have_their_numbers():
    """Rows and columns, kept or not, within a formula too; not where they are long."""
    x = [[1, 2], [3, 5], [4, 1]]
    shown = list(
        lines(gradients("mu = x.mean(0)\nd = x - x.sum(1, keepdims=True)\nloss = (d * mu).sum()", at={"x": x}))
    )
    assert "mu = mean(x, axis=0) = [(1 + 3 + 4)/3; (2 + 5 + 1)/3] = [2.66667; 2.66667]" in shown
    assert (
        "d = x − sum(x, axis=1, keepdims=True)"
        " = [1 − (1 + 2), 2 − (1 + 2); 3 − (3 + 5), 5 − (3 + 5); 4 − (4 + 1), 1 − (4 + 1)]"
        " = [−2, −1; −5, −3; −1, −4]"
    ) in shown
    long = list(lines(gradients("m = x.max(1)\nloss = m.sum()", at={"x": [list(range(9))] * 2})))
    assert "m = max(x, axis=1) = [8; 8]" in long


def test_a_constant_factor_of_a_product_of_matrices_has_its_number():
    shown = list(lines(gradients("S = Q @ K.T / 2 ** 0.5\nloss = S.sum()", at={"Q": [[1, 2], [0, 1]], "K": [[3, 4]]})))
    assert "S = Q Kᵀ/2^0.5 = 1/2^0.5 [1, 2; 0, 1] [3; 4] = [7.77817; 2.82843]" in shown


def test_a_path_without_a_share_is_not_named():
    result = gradients("h = np.tanh(x)\nmask = h > 0\nz = h * mask\nloss = z.sum()", x=[1.0, -1.0])
    headings = [step.heading for step in result.steps if step.heading]
    assert headings == [
        "Forward",
        "Backward to z: the same for every entry of a sum",
        "Backward to h: product rule",
        "Backward to x: chain rule",
    ]
