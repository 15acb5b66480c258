"""Slips of the kinds that issues, errata and forums publish, one answer each as a rule, and what is said of them."""

from __future__ import annotations

import math

import numpy as np
import pytest

import netcalc

SIGMOID = 1 / (1 + math.exp(-0.7))
INNER = 1 / (1 + math.exp(-((8 / math.pi) ** 0.5) * (0.7 + 0.044715 * 0.343)))  # of gelu by tanh
UNITS = [  # an activation at q = 0.7, a slope that it was given, and what is said
    ("sigmoid", SIGMOID - (1 - SIGMOID), "σ′ taken as σ − (1 − σ)"),
    ("sigmoid", SIGMOID * (1 + SIGMOID), "the minus before σ left out"),
    ("tanh", 1 + math.tanh(0.7) ** 2, "the minus before tanh² left out"),
    ("silu", 0.7 * SIGMOID * (1 - SIGMOID), "1 left out"),
    ("silu", SIGMOID * 1.7, "1 − σ left out"),
    ("gelu", math.erfc(-0.7 / 2**0.5) / 2 + 0.7 * math.exp(-0.245), "√(2·π) left out"),
    ("gelu_tanh", INNER * (1 + 0.7 * (1 - INNER) * (8 / math.pi) ** 0.5), "1 + 0.134145·q² left out"),
    ("tanh", SIGMOID * (1 - SIGMOID), "σ′ taken for tanh′"),
    ("softsign", 1 / 1.7, "softsign′ taken as 1/(1 + abs), not squared"),
    ("gaussian", -2 * math.exp(-0.49), "q left out"),
    ("arctan", 1 / 1.7, "not squared"),
    ("arctan", 1.49, "arctan′ inverted"),
]
NUMBERS = [  # an expression of numbers, where, an answer, and what is said of it
    ("tan(x)", {"x": "0.8"}, {"dx": "0.485400238849"}, "tan′ inverted"),
    ("tan(x)", {"x": "0.8"}, {"dx": "2.0296"}, "1 + tan, not squared"),
    ("cosh(x)", {"x": "0.8"}, {"dx": "-0.8881"}, "the sign of cosh′ is wrong: it is sinh"),
    ("atanh(x)", {"x": "0.43"}, {"dx": "0.8151"}, "atanh′ inverted"),
    ("a/b", {"a": "1.3", "b": "0.7"}, {"db": "-2.04081632653"}, "what is above the bar left out"),
    ("sin(x^2)", {"x": "1.3"}, {"dx": "0.695497"}, "f′(x)·g′: the outer slope is taken at x"),
    ("sin(x^2)", {"x": "1.3"}, {"dx": "-0.200977"}, "the power itself taken for its derivative"),
    ("sin(x)^2", {"x": "0.7"}, {"dx": "1.23527"}, "the power taken inside of sin: it is that of sin(x)"),
    ("log(x)^2", {"x": "1.7"}, {"dx": "1.17647"}, "the power taken inside of log"),
    ("sin(x^2)", {"x": "0.7"}, {"dx": "0.98545"}, "the power taken outside of sin: it is that of x"),
    ("x*x*x", {"x": "1.43"}, {"dx": "2.0449"}, "the product rule's first term alone"),
    ("sin(x^2*y)", {"x": "1.2", "y": "0.4"}, {"dy": "0.8051021262"}, "the derivative by x given for that by y"),
    (
        "(x*w-y)^2+l*w^2",
        {"x": "1.5", "w": "0.83", "y": "2.17", "l": "0.37"},
        {"dw": "-3.3892"},
        "the term l·w^2 is wrong",
    ),
    ("-(t*log(p)+(1-t)*log(1-p))", {"t": "0.31", "p": "0.83"}, {"dp": "0.52"}, "that is the gradient by the logit"),
    ("f(f(f(I*u+1)*v+1)*w+f(f(I*u+1)*s+1)*z)", {}, {"du": "0.0117918438383"}, "the weights left out wherever"),
]
WEIGHTS = {"I": "1.3", "u": "0.5", "v": "0.4", "s": "0.6", "w": "0.7", "z": "0.3"}


def said_of(result, answers):
    return {one.diagnosis for one in netcalc.check(result, answers).checked if one.is_wrong}


@pytest.mark.parametrize("activation, slope, said", UNITS, ids=[f"{name}: {said}" for name, _, said in UNITS])
@pytest.mark.parametrize("digits", [12, 4])
def test_a_slope_with_one_slip_in_it_is_told(activation, slope, said, digits):
    (told,) = said_of(
        netcalc.neuron(x=[2], w=["0.5"], b="-0.3", activation=activation), {"dw0": f"{2 * slope:.{digits}g}"}
    )
    assert said in told


@pytest.mark.parametrize("text, at, answers, said", NUMBERS, ids=[said for *_, said in NUMBERS])
def test_a_slip_in_an_expression_is_told(text, at, answers, said):
    (told,) = said_of(netcalc.grad(text.replace("f(", "sigmoid("), at=at or WEIGHTS), answers)
    assert said in told


def test_a_target_of_the_other_class_is_told():
    (told,) = said_of(
        netcalc.neuron(x=["1.5", -2], w=["0.8", "0.3"], b="0.1", target="0", loss="bce"), {"dw1": "0.663624455664"}
    )
    assert "that of the other class: 1 − t for t" in told


def test_no_early_rounding_is_told_where_a_plain_slip_meets_the_answer_too():
    at = {"x": "1.5", "w": "0.8", "b": "0.2", "y": "2", "l": "0.3"}
    (told,) = said_of(netcalc.grad("(x*w+b-y)^2+l*w^2", at=at), {"dw": "-1.2"})
    assert "rounded" not in told


def test_a_loss_of_one_branch_taken_everywhere_is_told():
    result = netcalc.neuron(
        x=["1.5", "2.5"], w=["0.8", "0.6"], b="0.25", activation="identity", target="1", loss="hinge"
    )
    assert said_of(result, {"dw": "-1.5,-2.5"}) == {"the piece 1 − a1·t taken everywhere"}


def test_a_loss_in_bits_is_told():
    result = netcalc.neuron(x=["1.5", "-0.7"], w=["0.8", "1.1"], b="0.25", target="1", loss="bce")
    (told,) = said_of(result, {"loss": f"{math.log2(1 + math.exp(-0.68)):.5g}"})
    assert told == "the logarithm taken to base 2"


W1, W2, W3 = np.array([[0.5, -0.3], [0.8, 0.2]]), np.array([[-0.6, 0.9], [0.4, 0.75]]), np.array([[1.1, -0.7]])
LAYERS = [{"W": w.tolist(), "activation": name} for w, name in ((W1, "tanh"), (W2, "tanh"), (W3, "identity"))]
DEEP = netcalc.net(LAYERS, input=["1.2", "-0.4"], target=["0.7"], loss="mse")


def test_a_layer_skipped_on_the_way_back_is_told():
    x = np.array([1.2, -0.4])
    h = np.tanh(W1 @ x)
    above = W3.T @ (2 * (W3 @ np.tanh(W2 @ h) - 0.7))
    skipped = np.outer(above * (1 - h**2), x)
    answers = {"dW1": [[f"{one:.5g}" for one in row] for row in skipped]}
    assert said_of(DEEP, answers) == {"the gradient of a2 taken for that of a1"}


def test_a_column_times_a_vector_of_one_entry_is_their_product():
    assert not said_of(DEEP, {"dz2": "(W3ᵀ dz3)*(1-a2^2)"})


STEPS = "h = h0\nfor t in range(3):\n    h = np.tanh(x[t] @ Wx + h @ Wh)\nloss = ((h - y) ** 2).sum()\n"


def test_recurrent_weights_left_out_on_the_way_back_are_told():
    at = {"x": [["0.3", "-1.1"], ["0.7", "0.4"], ["-0.9", "1.3"]], "Wx": [["0.2", "0.9"], ["-0.6", "0.5"]]}
    at |= {"Wh": [["0.8", "-0.3"], ["0.4", "1.1"]], "h0": ["0.1", "-0.2"], "y": ["0.5", "0.6"]}
    x, wx, wh, h0, y = (np.array(at[name], dtype=float) for name in ("x", "Wx", "Wh", "h0", "y"))
    h = [h0]
    for row in x:
        h.append(np.tanh(row @ wx + h[-1] @ wh))
    above, gradient = 2 * (h[3] - y), np.zeros((2, 2))
    for row, out in zip(x[::-1], h[:0:-1], strict=True):
        above = above * (1 - out**2)
        gradient += np.outer(row, above)
    answers = {"dWx": [[f"{one:.6g}" for one in row] for row in gradient]}
    (told,) = said_of(netcalc.gradients(STEPS, **at), answers)
    assert told.startswith("the weights left out wherever")


ROWS = "e = E[ix]\nloss = (e * c).sum()\n"
ROWS_AT = {"E": [["1", "2"], ["3", "4"]], "ix": [1, 0, 1], "c": [["0.5", "1.1"], ["2.3", "-1.7"], ["1.4", "3.9"]]}


def test_rows_that_occur_twice_and_are_averaged_are_told():
    (told,) = said_of(netcalc.gradients(ROWS, **ROWS_AT), {"dE": [["2.3", "-1.7"], ["0.95", "2.5"]]})
    assert "averaged" in told


STRIDED = "import torch.nn.functional as F\ny = F.conv1d(x, w, stride=2)\nloss = (y * c).sum()\n"
STRIDED_AT = {"x": [[["0.5", "-1.2", "0.7", "2.1", "-0.4"]]], "w": [[["1.3", "-0.6", "0.9"]]], "c": [[["0.8", "-1.7"]]]}


@pytest.mark.parametrize(
    "answers",
    [{"dx": [[["1.04", "-2.69", "1.74", "-1.53", "0"]]]}, {"dw": [[["2.44", "-2.15", "-3.01"]]]}],
    ids=["dx", "dw"],
)
def test_a_stride_left_out_is_told(answers):
    assert said_of(netcalc.gradients(STRIDED, **STRIDED_AT), answers) == {
        "the stride left out: windows taken one apart"
    }


FOCAL = "p = 1 / (1 + np.exp(-z))\nloss = -(t * (1 - p) ** 2 * np.log(p) + (1 - t) * p ** 2 * np.log(1 - p)).sum()\n"


def test_a_factor_taken_as_a_constant_in_every_term_of_a_vector_is_told():
    p = 1 / (1 + np.exp(-np.array([0.8, -1.1])))
    constant = [f"{-((1 - p[0]) ** 3):.6g}", f"{p[1] ** 3:.6g}"]
    (told,) = said_of(netcalc.gradients(FOCAL, z=["0.8", "-1.1"], t=[1, 0]), {"dz": constant})
    assert told.startswith("the product rule's")
    assert told.endswith("term alone")


@pytest.mark.parametrize(
    "text, x, answer, said",
    [
        ("atan(3*x)", "0.4", 3 / (1 + 3 * 0.16), "the 3 of 3·x not squared in atan′"),
        ("asin(2*x)", "0.3", 2 / math.sqrt(1 - 2 * 0.09), "the 2 of 2·x not squared in asin′"),
    ],
)
def test_a_coefficient_that_is_not_squared_is_told(text, x, answer, said):
    assert said_of(netcalc.grad(text, at={"x": x}), {"dx": f"{answer:.4g}"}) == {said}


def test_an_angles_slope_by_r_is_told():
    result = netcalc.grad("atan2(y,x)", at={"x": "0.7", "y": "1.2"})
    answers = {"dx": f"{-1.2 / math.hypot(0.7, 1.2):.4g}", "dy": f"{0.7 / math.hypot(0.7, 1.2):.4g}"}
    assert said_of(result, answers) == {"atan2′ divided by r = √(x² + y²); it is by r²"}


def test_a_mean_of_entries_for_a_loss_of_samples_is_told():
    x, t = np.array([[0.5, -1.0], [1.5, 0.3]]), [1, 0]
    layers = [{"W": [[0.2, -0.3], [0.7, 0.1], [-0.4, 0.9]]}]
    p = np.exp(x @ np.array(layers[0]["W"]).T)
    gradient = (p / p.sum(1, keepdims=True) - np.eye(3)[t]) / 6
    result = netcalc.net(layers, input=x, target=t, loss="cross-entropy")
    (told,) = said_of(result, {"dz1": [[f"{one:.5g}" for one in row] for row in gradient]})
    assert "1/6, of entries" in told


@pytest.mark.parametrize(
    "answer, said",
    [
        ("p + Y", "the target added where it is subtracted"),
        ("exp(z) − Y", "the exponentials taken for their softmax"),
        ("p − Y", ""),
    ],
)
def test_cross_entropy_with_another_target_or_another_softmax_is_told(answer, said):
    text = "p = torch.softmax(z, dim=1)\nloss = -(Y * torch.log(p)).sum()"
    Y = np.array([[1, 0, 0], [0, 0, 1]])
    result = netcalc.gradients(text, z=np.array([[0.3, -0.2, 0.9], [1.1, 0.4, -0.6]]), Y=Y)
    told = said_of(result, {"dz": answer})
    assert said in next(iter(told), "")
    assert bool(told) == bool(said)


def test_the_square_of_a_difference_is_no_normalisation():
    at = {"H": np.array([[0.5, -1.0], [1.5, 0.3]]), "w": np.array([[0.2], [-0.3]]), "t": np.array([[1.0], [0.0]])}
    result = netcalc.gradients("y = H @ w\nloss = ((y - t)**2).mean()", at=at)
    half = at["H"].T @ (at["H"] @ at["w"] - at["t"]) / 2
    (told,) = said_of(result, {"dw": half})
    assert "the 2 of the square's derivative left out" in told
    assert "variance" not in told


@pytest.mark.parametrize(
    "name, text, said",
    [
        ("x", "softmax(A x)", "Aᵀ left out, which it is multiplied by"),
        ("A", "softmax(A x)", "xᵀ left out, which it is multiplied by"),
        ("A", "Aᵀ softmax(A x)", "that is dx, and not dA"),
    ],
)
def test_a_factor_that_a_formula_of_another_shape_lacks_is_told(name, text, said):
    result = netcalc.grad("logsumexp(A@x)", shape={"A": "m,n", "x": "n"})
    assert said_of(result, {f"d{name}": text}) == {said}


def test_zeros_of_another_shape_are_no_other_gradient():
    layers = [{"W": [[1, 2]], "b": [-9], "activation": "relu"}]
    result = netcalc.net(layers, input=[0.5, 1], target=[0], loss="half-mse")
    assert "that is" not in str(said_of(result, {"loss": "0·x"}))


def test_second_derivatives_multiplied_are_told():
    result = netcalc.grad("x^3*exp(x)", at={"x": "1.2"}, order=2)
    assert said_of(result, {"dxdx": f"{7.2 * math.exp(1.2):.6g}"}) == {
        "a product's second derivative taken as the product of the second derivatives"
    }


def test_the_gradient_of_a_norm_taken_for_that_of_its_square_is_told():
    result = netcalc.grad("norm(X)^2", shape={"X": "m,n"})
    (told,) = said_of(result, {"dX": "X/norm(X)"})
    assert "x/‖x‖, taken for that of its square" in told


def test_a_mean_of_entries_where_samples_are_averaged_is_told():
    layers = [{"W": [[0.2, -0.3], [0.7, 0.1], [-0.4, 0.9]], "activation": "softmax"}]
    at = {"input": [[0.5, -1.0], [1.5, 0.3]], "target": [1, 0], "loss": "cross-entropy"}
    result = netcalc.net(layers, reduction="batch", **at)
    (told,) = said_of(result, {"loss": f"{result['loss'].numbers().item() / 3:.5g}"})
    assert "1/6, of entries" in told


@pytest.mark.parametrize(
    "weights, taken, said",
    [
        ([[0.2, -0.3], [0.7, 0.1]], 0, "the target's class taken as the other one"),
        ([[0.2, -0.3], [0.7, 0.1], [-0.4, 0.9]], 2, "the target's class taken one too high"),
        ([[0.2, -0.3], [0.7, 0.1], [-0.4, 0.9]], 0, "the target's class taken one too low"),
    ],
)
def test_a_class_off_by_one_is_told(weights, taken, said):
    p = np.exp(np.array(weights) @ [0.5, -1.3])
    gradient = p / p.sum() - np.eye(len(weights))[taken]
    result = netcalc.net([{"W": weights}], input=["0.5", "-1.3"], target=1, loss="cross-entropy")
    assert said_of(result, {"dz1": [f"{one:.5g}" for one in gradient]}) == {said}


def test_one_of_two_places_of_a_tensor_in_a_product_is_told():
    x, c = np.array([[0.5, -1.2], [0.7, 2.1]]), np.array([[1.3, -0.4], [0.9, 0.6]])
    result = netcalc.gradients("s = x @ x.T / 0.5\nloss = (s * c).sum()\n", x=x, c=c)
    assert said_of(result, {"dx": c @ x / 0.5}) == {
        "x is used twice in x@x.T: the gradient of one place alone is taken"
    }
    (told,) = said_of(result, {"dx": (c + c.T) @ x})
    assert "the factor 2 left out" in told


def test_a_slip_of_all_entries_is_told_where_one_of_them_looks_cut_off():
    rows = {"v": [["1", "2"], ["3", "1"]], "delta": [["0.0007", "1.5"], ["0.486", "1.25"]]}
    result = netcalc.linear(W=[["1", "2"], ["3", "4"]], b=["0", "0"], **rows)
    (told,) = said_of(result, {"db": ["0.486", "1.25"]})
    assert told == "not summed over the samples: the last one's gradient alone"


@pytest.mark.parametrize("text", ["db=Σₛ δ[s]", "db≈1.75,2.75"])
def test_what_is_printed_of_a_biass_gradient_is_read(text):
    rows = {"v": [["1", "2"], ["3", "1"]], "delta": [["0.5", "1.5"], ["1.25", "1.25"]]}
    result = netcalc.linear(W=[["1", "2"], ["3", "4"]], b=["0", "0"], **rows)
    assert {one.verdict for one in netcalc.check(result, [text]).checked} <= {"right", "rounded"}


@pytest.mark.parametrize("name", ["gamma", "γ"])
@pytest.mark.parametrize("text", ["∂loss/∂γ=Σₛ (x ∘ c)[s]", "dγ=sum(x*c, axis=0)", "dγ=sum(x*∂loss/∂y, axis=0)"])
def test_greek_letters_are_read_as_they_are_printed(name, text):
    x, c = np.array([[0.5, -1.2], [0.7, 2.1]]), np.array([[1.3, -0.4], [0.9, 0.6]])
    result = netcalc.gradients(f"y = {name} * x\nloss = (y * c).sum()\n", x=x, c=c, **{name: np.array([1.5, -2.0])})
    assert {one.verdict for one in netcalc.check(result, [text]).checked} == {"right"}


@pytest.mark.parametrize("answers", [{"loss": "sum(e*c)"}, {"loss": "sum(e ∘ c)"}, {"dc": "e"}, {"dc[1,0]": "e[1,0]"}])
def test_what_a_program_calls_e_is_no_constant(answers):
    assert not said_of(netcalc.gradients(ROWS, **ROWS_AT), answers)


def test_the_smoothing_left_out_of_the_other_classes_is_told():
    x, W = np.array([[0.5, -1], [1.5, 0.3], [-0.4, 0.8]]), np.array([[0.2, -0.1], [0.4, 0.3], [-0.5, 0.6]])
    p = np.exp(x @ W.T) / np.exp(x @ W.T).sum(1, keepdims=True)
    options = {"input": x.tolist(), "target": [0, 2, 1], "loss": "cross-entropy", "label_smoothing": "0.2"}
    wrong = (p - 0.8 * np.eye(3)[[0, 2, 1]]).T @ x / 3
    assert said_of(netcalc.net([{"W": W.tolist()}], **options), {"dW1": wrong.tolist()}) == {
        "label smoothing's ε/3 left out: p − (1 − ε)t"
    }


def test_constants_in_normalisation_are_told_where_it_is_one_of_several_factors():
    x, g = np.array([1, 2.5, -0.5, 0.7]), np.array([0.3, -1, 0.8, 0.5])
    h = (x - x.mean()) / x.std()
    result = netcalc.grad("sum(g*(x-mean(x))/std(x))", at={"x": x.tolist(), "g": g.tolist()})
    right = (g - g.mean() - h * (g * h).mean()) / x.std()
    assert said_of(result, {"dx": right.tolist()}) == set()
    (told,) = said_of(result, {"dx": (g / x.std()).tolist()})
    assert told == "the mean and the variance taken as constants: they depend on the input"


def test_a_rate_left_out_of_a_step_is_told():
    layer = {"W": [["0.15", "-0.2"]], "b": ["0.3"]}
    result = netcalc.net([layer], input=["0.57", "0.11"], target=["0.5"], loss="half-mse", lr="0.3")
    error = 0.15 * 0.57 - 0.2 * 0.11 + 0.3 - 0.5
    wrong = {"W1_new": [[0.15 - error * 0.57, -0.2 - error * 0.11]], "b1_new": [0.3 - error]}
    assert said_of(result, wrong) == {"the learning rate left out of the step: W − lr·∂L/∂W"}


def test_answers_of_four_axes_are_read_as_they_are_typed():
    result = netcalc.gradients(
        "loss = (x*g).sum()", at={"x": np.ones((1, 1, 2, 2)), "g": np.array([[[[1, 2], [3, 4.5]]]])}
    )
    assert said_of(result, {"dx": "[[[[1, 2], [3, 4.5]]]]"}) == set()
    assert said_of(result, {"dx": "[[[[1, 2], [3, -4.5]]]]"})
