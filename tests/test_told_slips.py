"""Slips that people make, each worked out by hand for tensors of odd numbers, and what is said of it."""

from __future__ import annotations

import math
import re

import numpy as np
import pytest

import netcalc

A = np.array([[1.5, -0.7, 0.4], [0.3, 2.2, -1.1]])
S = np.array([[1.5, -0.7], [0.3, 2.2]])
x, c = np.array([0.7, -1.3, 2.1]), np.array([0.23, 0.57, -1.41])
y, t, b = np.array([1.2, -0.6]), np.array([0.9, -0.4]), np.array([0.4, -1.7])
z, u, norm = A @ x + b, S @ y, np.linalg.norm(x)
p = np.exp(x) / np.exp(x).sum()
K, M = np.array([[0.7, -1.2], [0.45, 1.9]]), np.array([[0.8, 1.7], [-0.6, 0.35]])
GIVEN = {"A": A, "K": K, "M": M, "S": S, "x": x, "c": c, "y": y, "t": t, "b": b}
AFFINE, ON_THE_BIAS = "sum((A@x+b)^2)", "; ∂A@x + b/∂b is 1"

SLIPS = [  # an expression of those names, whose partial is wrong, what it was taken for, and what is said
    ("norm(x)", "x", x, "the norm's slope left without 1/‖x‖"),
    ("norm(x)", "x", 2 * x / norm, "twice what it is"),
    ("norm(x)", "x", x / norm / 2, "half of what it is"),
    ("dot(c,log_softmax(x))", "x", c, "the Jacobian of log_softmax left out"),
    ("dot(c,log_softmax(x))", "x", c * (1 - p), "the Jacobian of log_softmax taken as its diagonal alone"),
    ("dot(c,log_softmax(x))", "x", c + p * c.sum(), "log_softmax's p with the wrong sign"),
    ("dot(c,log_softmax(x))", "x", c - p, "log_softmax's p left without its sum of δ"),
    ("dot(c,softmax(x))", "x", c * p * (1 - p), "the Jacobian of softmax taken as its diagonal alone"),
    ("dot(c,softmax(x))", "x", c * p + p * (c @ p), "softmax's Jacobian with a plus"),
    ("dot(c,softmax(x))", "x", c * p, "softmax's Jacobian without − p pᵀ: p ∘ δ"),
    ("sum(c*x^3)", "x", c * x**2, "the power's exponent not brought down as a factor"),
    ("sum(c*x^3)", "x", 3 * c * x**3, "the power's exponent not lowered by 1"),
    ("sum(c*x^3)", "x", 2 * c * x**2, "the power's exponent lowered before it was brought down"),
    ("sum(c*x^3)", "x", -3 * c * x**2, "the sign is wrong"),
    ("sum(c*x^-2)", "x", -2 * c / x, "a negative exponent raised by 1 where it is lowered"),
    ("sum(c/x^2)", "x", -2 * c / x, "the quotient rule's denominator not squared"),
    ("sum(c*exp(x))", "x", c, "exp′ left out of the chain rule"),
    ("sum(c*cos(x))", "x", c * np.sin(x), "the sign of cos′ is wrong: it is −sin"),
    ("sum(c*tanh(x))", "x", c * (1 - np.tanh(x)), "tanh′ taken as 1 − tanh; it is 1 − tanh²"),
    ("sum(c*tanh(x))", "x", c * np.tanh(x), "tanh(q) taken for tanh′(q); it is 1 − tanh²"),
    ("sum(c*sigmoid(x))", "x", c / (1 + np.exp(-x)), "σ(q) taken for σ′(q); it is σ(1 − σ)"),
    (AFFINE, "A", -2 * np.outer(z, x), "the sign is wrong"),
    (AFFINE, "A", 4 * np.outer(z, x), "twice what it is"),
    (AFFINE, "A", np.outer(z, x), "the 2 of the square's derivative left out"),
    (AFFINE, "A", 0 * A, "∂f/∂A taken as 0"),
    (AFFINE, "A", A, "A itself taken for its gradient"),
    (AFFINE, "b", 0 * b, f"the bias's gradient taken as 0{ON_THE_BIAS}"),
    (AFFINE, "b", b, f"the bias's gradient taken as b{ON_THE_BIAS}"),
    (AFFINE, "b", 2 * z * b, f"the bias's gradient multiplied by b{ON_THE_BIAS}"),
    ("sum((S@y)^2)", "S", 2 * np.outer(y, u), "the outer product transposed: ∂f/∂S is δ yᵀ"),
    ("sum((S@y)^2)", "S", 2 * np.outer(u, u), "S@y taken for y"),
    ("sum((S@y)^2)", "y", 2 * S @ u, "S taken for Sᵀ"),
    ("sum(tanh(S@y))", "S", np.outer(1 - np.tanh(u) ** 2, u), "S@y taken for y"),
    ("sum(tanh(S@y))", "y", S.T @ np.ones(2), "tanh′ left out of the chain rule"),
    ("sum(tanh(S@y))", "y", S.T @ (1 - u**2), "tanh′ taken as 1 − q²: the form for the output, fed the sum"),
    ("mean(x^2)", "x", 2 * x, "the mean's 1/3 left out"),
    ("dot(x,x)", "x", x, "the 2 of the square's derivative left out"),
    ("dot(y,S@y)", "y", S @ y, "the product rule's second term left out"),
    ("dot(y,S@y)", "y", 2 * S @ y, "S taken for Sᵀ"),
    ("sum(t*log(sigmoid(y)))", "y", t, "σ(q) taken for σ′(q); it is σ(1 − σ)"),
    ("dot(c,x)/sum(x)", "x", c / x.sum(), "the product rule's second term left out"),
]

INVERSE, DET, G = np.linalg.inv(S), np.linalg.det(S), np.linalg.inv(S).T
MASKED = np.outer(t, y)  # what comes back to the inverse in t @ S⁻¹ @ y
h = (x - x.mean()) / x.std()
BACK = c - c.mean() - h * (c * h).mean()
PLANTED = [  # rows of the catalogue that are told by their names alone, in the same form
    ("norm(x)", "x", x / norm**2, "the norm's slope taken as x/‖x‖²; it is x/‖x‖"),
    ("norm(x)", "x", np.ones(3) / norm, "the norm's slope taken as 1/‖x‖; it is x/‖x‖"),
    ("norm(x)", "x", np.ones(3), "the norm's slope left out: it is x/‖x‖"),
    ("norm(x)", "x", 2 * x, "the norm's slope taken as 2x, that of ‖x‖²; it is x/‖x‖"),
    ("logsumexp(x)", "x", np.exp(x), "exp(z) not divided by its sum: logsumexp's slope is softmax(z)"),
    ("logsumexp(x)", "x", np.ones(3) / np.exp(x).sum(), "the inner derivative exp(z) left out"),
    ("logsumexp(x)", "x", p * (1 - p), "softmax's own slope p(1 − p) taken: logsumexp's slope is softmax(z)"),
    ("logsumexp(x)", "x", np.ones(3), "the slope of each logit taken as 1"),
    ("max(x)", "x", np.ones(3), "max's gradient given to every entry"),
    ("max(x)", "x", np.ones(3) / 3, "max's gradient spread evenly, as a mean's"),
    ("max(x)", "x", np.array([0, 1, 0]), "max's gradient given to the smallest entry"),
    ("min(x)", "x", np.array([0, 0, 1]), "min's gradient given to the largest entry"),
    ("prod(x)", "x", np.full(3, x.prod()), "the whole product taken for that of the other entries"),
    ("t@inv(S)@y", "S", G @ MASKED @ G, "the minus of the inverse's derivative left out: it is −X⁻ᵀ δ X⁻ᵀ"),
    ("t@inv(S)@y", "S", -G @ MASKED, "the inverse's derivative with X⁻ᵀ on the left only"),
    ("t@inv(S)@y", "S", -MASKED @ G, "the inverse's derivative with X⁻ᵀ on the right only"),
    ("t@inv(S)@y", "S", -MASKED, "the inverse's derivative with X⁻ᵀ on neither side"),
    ("t@inv(S)@y", "S", -INVERSE @ MASKED @ INVERSE, "the inverse's derivative without its transposes"),
    ("t@inv(S)@y", "S", -(INVERSE**2) * MASKED, "the inverse differentiated entry by entry, as 1/x"),
    ("det(S)", "S", G, "det(X) left out of the determinant's derivative: it is det(X) X⁻ᵀ"),
    ("det(S)", "S", DET * INVERSE, "the determinant's derivative with X⁻¹ for X⁻ᵀ"),
    ("det(S)", "S", INVERSE, "the determinant's derivative as X⁻¹: it is det(X) X⁻ᵀ"),
    ("det(S)", "S", np.full((2, 2), DET), "X⁻ᵀ left out of the determinant's derivative"),
    ("det(S)", "S", DET * S, "the determinant's derivative with X for X⁻ᵀ"),
    ("det(S)", "S", G / DET, "the determinant's derivative divided by det(X)"),
    ("logdet(S)", "S", DET * G, "log det's derivative as that of det: it is X⁻ᵀ"),
    ("logdet(S)", "S", INVERSE, "log det's derivative as X⁻¹: it is X⁻ᵀ"),
    ("logdet(S)", "S", np.full((2, 2), 1 / DET), "log det's derivative as 1/det(X), the derivative of det left out"),
    ("logdet(S)", "S", G / DET, "log det's derivative divided by det(X)"),
    ("dot(c,softmax(x))", "x", c - c @ p, "p left out of softmax's Jacobian: it is p ∘ (δ − Σ δp)"),
    ("dot(c,softmax(x))", "x", -c * p * (1 - p), "softmax's slope taken as −p(1 − p)"),
    ("dot(c,softmax(x))", "x", x * (c - c @ x), "softmax's Jacobian made of the logits in place of its output"),
    ("dot(c,softmax(x))", "x", p * (c @ p - c), "the sign is wrong"),
    ("dot(c,softmax(x))", "x", p * (c + c @ p), "softmax's Jacobian with a plus: it is diag(p) − p pᵀ"),
    ("dot(c,1/x)", "x", c / x, "1/v itself taken for its derivative, −1/v²"),
    ("sum(c*x^-3)", "x", 3 * c * x**-4, "the sign is wrong"),
    ("dot(c,(x-mean(x))/std(x))", "x", c / x.std(), "the mean and the variance taken as constants"),
    ("dot(c,(x-mean(x))/std(x))", "x", (c - c.mean()) / x.std(), "the variance taken as a constant"),
    ("dot(c,(x-mean(x))/std(x))", "x", (c - h * (c * h).mean()) / x.std(), "the mean taken as a constant"),
    ("dot(c,(x-mean(x))/std(x))", "x", BACK / x.std() ** 2, "divided by the deviation once more"),
    ("dot(c,(x-mean(x))/std(x))", "x", BACK, "not divided by the deviation"),
    ("dot(c,(x-mean(x))/std(x))", "x", BACK * x.std(), "multiplied by the deviation where it is divided"),
    (
        "dot(c,(x-mean(x))/std(x))",
        "x",
        (c - c.sum() - h * (c * h).sum()) / x.std(),
        "the mean's 1/3 left out",
    ),
    (
        "dot(c,(x-mean(x))/std(x))",
        "x",
        (c - c.mean() - (x - x.mean()) * (c * h).mean()) / x.std(),
        "the quotient rule's denominator not squared",
    ),
    (
        "dot(c,(x-mean(x))/std(x))",
        "x",
        (c - c.mean() - 2 * h * (c * h).mean()) / x.std(),
        "sqrt′ taken as 1/√q: the root's ½ left out",
    ),
    ("dot(c,(x-mean(x))/std(x))", "x", (c - c.mean() + h * (c * h).mean()) / x.std(), "the quotient rule with a plus"),
    ("sum(c/x)", "x", c / x**2, "the quotient rule with a plus"),
    ("sum(c/x)", "x", -c, "the quotient rule's denominator left out"),
    ("sum(K*(S@M))", "S", M.T @ K, "the factors in the other order: ∂S@M/∂S is δ Mᵀ"),
    ("sum(K*(S@M))", "M", K @ S.T, "the factors in the other order: ∂S@M/∂M is Sᵀ δ"),
    ("exp(sum(x))", "x", np.exp(x), "the slope taken at each entry of x; it is that at the sum of the entries"),
    ("sum(exp(x))", "x", np.full(3, np.exp(x.sum())), "the slope taken at the sum of x; it is that at each entry"),
    ("trace(S)", "S", np.ones((2, 2)), "trace′ taken as 1 in every entry; it is the identity"),
    ("sum(c*tanh(x))", "x", c / (1 - np.tanh(x) ** 2), "tanh′ inverted: divided by it"),
    ("sum(c*tanh(x))", "x", c * (1 - np.tanh(np.tanh(x)) ** 2), "tanh′ taken at tanh(q) in place of q"),
]


@pytest.mark.parametrize(
    "text, name, wrong, said", SLIPS + PLANTED, ids=[f"{said} in {text}" for text, _, _, said in SLIPS + PLANTED]
)
def test_a_slip_in_every_entry_is_told_by_what_it_is(text, name, wrong, said):
    at = {one: value.tolist() for one, value in GIVEN.items() if re.search(rf"\b{one}\b", text)}
    checked = netcalc.check(netcalc.grad(text, at=at), {f"d{name}": wrong.tolist()}).checked
    told = [one.diagnosis for one in checked if one.is_wrong]
    assert told
    assert all(said in one for one in told), told


PARTS = [  # an expression, a partial that is right on a part of where it is defined, and which part that is
    ("relu(x+y-1)", "x", "1", "x + y > 1"),
    ("relu(x-y)", "x", "1", "x > y"),
    ("relu(x-y)", "y", "-1", "x > y"),
    ("relu(2*x-3)", "x", "2", "x > 1.5"),
    ("relu(3-2*x)", "x", "-2", "x < 1.5"),
    ("relu(x)*relu(y)", "x", "y", "x > 0 and y > 0"),
    ("abs(x-1/3)", "x", "1", "x > 1/3"),
    ("abs(x-pi/2)", "x", "1", "x > π/2"),
    ("abs(x+2*pi/3)", "x", "-1", "x < −2·π/3"),
    ("abs(x)", "x", "where(x > -pi, -1, 1)", "−π < x < 0"),
]


@pytest.mark.parametrize("text, name, claim, part", PARTS, ids=[f"{claim} for {text}" for text, _, claim, _ in PARTS])
def test_a_formula_that_is_right_on_a_part_is_told_with_that_part(text, name, claim, part):
    (checked,) = netcalc.check(netcalc.grad(text), {f"d{name}": claim}).checked
    assert (checked.verdict, checked.diagnosis) == ("wrong", f"right for {part} only")


def test_the_value_taken_for_the_derivative_is_told():
    checked = netcalc.check(netcalc.grad("x^3*y", at={"x": 2.5, "y": 1.5}), {"dx": 23.4375, "dy": 23.4375}).checked
    assert [one.diagnosis for one in checked] == ["the value taken for the derivative"] * 2


# --- a layer before a loss, with weight decay and a step: worked out by hand for all of dW, of db, and of W behind the step

V, BIAS = np.array([[0.31, -0.72], [0.55, 0.18], [-0.43, 0.67]]), np.array([0.12, -0.23, 0.41])
ROWS, CLASSES = np.array([[0.7, -1.3], [2.1, 0.4], [-0.6, 1.9], [1.1, 0.8]]), np.array([2, 0, 1, 2])
LOGITS = ROWS @ V.T + BIAS
SHARES = np.exp(LOGITS) / np.exp(LOGITS).sum(1, keepdims=True)
HOT, EVEN = np.eye(3)[CLASSES], np.full(3, 1 / 3)
DECAY, RATE = 0.3, 0.25


def softmax(rows):
    return np.exp(rows) / np.exp(rows).sum(1, keepdims=True)


def of_rows(delta):
    return {"dz1": delta / 4}


def of_weights(by, bias=0):
    whole = (SHARES - HOT).T @ ROWS / 4
    return {"dW1": whole + by * V, "db1": (SHARES - HOT).mean(0) + bias * BIAS}


DW = (SHARES - HOT).T @ ROWS / 4
OF_A_LAYER = [  # what else the net has, the answers, and what is said
    ({}, of_rows(SHARES), "the target left out of the gradient: without − t"),
    ({}, of_rows(softmax(SHARES) - HOT), "softmax applied before cross-entropy, which has it inside"),
    ({}, of_rows(LOGITS - HOT), "the logits taken for their softmax in p − t"),
    ({}, of_rows(SHARES * (1 - SHARES)), "softmax's slope p(1 − p) taken alone"),
    ({}, of_rows((SHARES - HOT) * SHARES * (1 - SHARES)), "softmax's slope p(1 − p) multiplied in once more"),
    ({}, of_rows(HOT - SHARES), "the sign is wrong"),
    ({}, of_rows(4 * (SHARES - HOT)), "the mean's 1/4 left out"),
    ({"label_smoothing": 0.3}, of_rows(SHARES - HOT), "label smoothing left out"),
    ({"label_smoothing": 0.3}, of_rows(SHARES - 0.3 * HOT - 0.7 * EVEN), "label smoothing's ε and 1 − ε swapped"),
    ({"label_smoothing": 0.3}, of_rows(SHARES - 0.7 * HOT), "label smoothing's ε/3 left out: p − (1 − ε)t"),
    (
        {"label_smoothing": 0.3},
        of_rows(SHARES - 0.7 * HOT - 0.15 * (1 - HOT)),
        "label smoothing's ε shared by the 2 other classes: it is ε/3 of all",
    ),
    ({"temperature": 2}, of_rows(SHARES - HOT), "the temperature left out"),
    ({"weight_decay": DECAY}, of_weights(0), "weight decay left out: + λ·W"),
    ({"weight_decay": DECAY}, of_weights(2 * DECAY), "2λ·W taken for λ·W: the penalty is λ/2·Σ W²"),
    ({"weight_decay": DECAY}, of_weights(DECAY / 2), "λ/2·W taken for λ·W: the penalty is λ/2·Σ W²"),
    ({"weight_decay": DECAY}, of_weights(DECAY, DECAY), "weight decay of the biases too: they have none"),
    ({"weight_decay": DECAY}, of_weights(DECAY / 4), "weight decay's λ divided by the samples too"),
    ({"lr": RATE}, {"W1_new": V + RATE * DW}, "the step added where it is subtracted: W − lr·∂L/∂W"),
    ({"lr": RATE}, {"W1_new": V - DW}, "the learning rate left out of the step: W − lr·∂L/∂W"),
    ({"lr": RATE}, {"W1_new": V - RATE**2 * DW}, "the learning rate applied twice in the step: W − lr·∂L/∂W"),
]


@pytest.mark.parametrize("beside, answers, said", OF_A_LAYER, ids=[said for *_, said in OF_A_LAYER])
def test_a_slip_with_a_loss_a_penalty_or_a_step_is_told(beside, answers, said):
    layers = [{"W": V, "b": BIAS, "activation": "identity"}]
    result = netcalc.net(layers, input=ROWS, target=CLASSES, loss="cross-entropy", reduction="mean", **beside)
    checked = netcalc.check(result, {name: value.tolist() for name, value in answers.items()}).checked
    told = [one.diagnosis for one in checked if one.is_wrong]
    assert told
    assert all(said in one for one in told), told


RIGHT = [
    ({}, of_rows(SHARES - HOT)),
    ({"label_smoothing": 0.3}, of_rows(SHARES - 0.7 * HOT - 0.3 * EVEN)),
    ({"temperature": 2}, of_rows((softmax(LOGITS / 2) - HOT) / 2)),
    ({"weight_decay": DECAY}, of_weights(DECAY)),
    ({"lr": RATE}, {"W1_new": V - RATE * DW}),
]


@pytest.mark.parametrize("beside, answers", RIGHT, ids=[str(*beside) for beside, _ in RIGHT])
def test_what_is_right_beside_a_loss_a_penalty_or_a_step_is(beside, answers):
    layers = [{"W": V, "b": BIAS, "activation": "identity"}]
    result = netcalc.net(layers, input=ROWS, target=CLASSES, loss="cross-entropy", reduction="mean", **beside)
    checked = netcalc.check(result, {name: value.tolist() for name, value in answers.items()}).checked
    assert {one.verdict for one in checked} == {"right"}


TWO, BIAS_2, LABELS = np.array([[0.8, -0.5, 0.3]]), np.array([0.2]), np.array([[1.0], [0], [1], [0]])
HIDDEN = np.tanh(LOGITS)
CHANCE = 1 / (1 + np.exp(-(HIDDEN @ TWO.T + BIAS_2)))
DELTA_2 = (CHANCE - LABELS) / 4
OF_TWO_LAYERS = [  # answers to a layer of tanh before one of σ with binary cross-entropy, and what is said
    ({"dz2": DELTA_2 * CHANCE * (1 - CHANCE)}, "σ′ multiplied in once more: σ − t has it already"),
    ({"dz2": (CHANCE - 1 + LABELS) / 4}, "the target taken as that of the other class: 1 − t for t"),
    ({"dz1": DELTA_2 @ TWO * (1 - np.tanh(HIDDEN) ** 2)}, "tanh′ taken at tanh(q) in place of q"),
    ({"dz1": DELTA_2 @ TWO / (1 - HIDDEN**2)}, "tanh′ inverted: divided by it"),
    ({"dz1": DELTA_2 @ TWO * (1 - HIDDEN)}, "tanh′ taken as 1 − tanh; it is 1 − tanh²"),
    ({"dz1": np.repeat(DELTA_2, 3, 1) * (1 - HIDDEN**2)}, "∂z2/∂a1 left out: it is W2"),
    ({"dW2": DELTA_2.T @ LOGITS}, "z1 taken for a1"),
    ({"db2": DELTA_2.mean(0)}, "averaged over the samples where they are summed"),
    ({"db2": DELTA_2[-1]}, "not summed over the samples: the last one's gradient alone"),
    ({"db2": DELTA_2[0]}, "not summed over the samples: the first one's gradient alone"),
    ({"db2": DELTA_2.sum(0) * 4}, "the mean's 1/4 left out"),
    ({"dW2": np.outer(DELTA_2[-1], HIDDEN[-1])}, "not summed over the samples: the last one's gradient alone"),
]


def two_layers(**beside):
    layers = [{"W": V, "b": BIAS, "activation": "tanh"}, {"W": TWO, "b": BIAS_2, "activation": "sigmoid"}]
    return netcalc.net(layers, input=ROWS, target=LABELS, loss="bce", reduction="mean", **beside)


def test_weights_updated_at_the_problems_own_rate_are_told():
    updated = TWO - RATE * DELTA_2.T @ HIDDEN
    answer = {"dz1": (DELTA_2 @ updated * (1 - HIDDEN**2)).tolist()}
    told = [one.diagnosis for one in netcalc.check(two_layers(lr=RATE), answer).checked]
    assert set(told) == {"the weights already updated, with a step of lr"}


@pytest.mark.parametrize(
    "answers, said", OF_TWO_LAYERS, ids=[f"{said} in {next(iter(one))}" for one, said in OF_TWO_LAYERS]
)
def test_a_slip_in_a_net_of_two_layers_is_told(answers, said):
    checked = netcalc.check(two_layers(), {name: value.tolist() for name, value in answers.items()}).checked
    told = [one.diagnosis for one in checked if one.is_wrong]
    assert told
    assert all(said in one for one in told), told


def test_a_net_of_two_layers_worked_out_by_hand_is_right():
    delta = DELTA_2 @ TWO * (1 - HIDDEN**2)
    answers = {"dz2": DELTA_2, "dW2": DELTA_2.T @ HIDDEN, "db2": DELTA_2.sum(0), "dz1": delta, "dW1": delta.T @ ROWS}
    checked = netcalc.check(two_layers(), {name: value.tolist() for name, value in answers.items()}).checked
    assert {one.verdict for one in checked} == {"right"}


def test_a_minus_left_out_is_told_of_every_gradient_that_it_is_in():
    """Of e⁻ˣ w also where it is in the slope alone."""
    result = netcalc.grad("exp(-x)*w", at={"x": "0.7", "w": "3"})
    checked = netcalc.check(result, {"dx": repr(3 * math.exp(0.7)), "dw": repr(math.exp(0.7))}).checked
    assert {(one.verdict, one.diagnosis) for one in checked} == {("wrong", "the minus before x left out")}


def test_the_product_left_out_of_a_layer_is_called_as_its_page_has_it():
    layer = {"W": [[1.5, 2], [3, 4]], "b": [5, 6], "activation": "tanh"}
    net = netcalc.net([layer, layer], input=[1, 2], target=[3, 2], loss="mse")
    rows = netcalc.net([layer], input=[[1, 2], [4, 3]], target=[[3, 1], [1, 1]], loss="mse")
    linear = netcalc.linear(layer["W"], v=[1, 2], b=[5, 6])
    for result, name, said in [(net, "z1", "W1 x"), (net, "z2", "W2 a1"), (rows, "z1", "x W1ᵀ"), (linear, "u", "W v")]:
        answered = np.broadcast_to([5.0, 6.0], np.shape(result.forward[name])).tolist()
        told = {one.diagnosis for one in netcalc.check(result, {name: answered}).checked}
        assert told == {f"{said} left out of {name}"}
