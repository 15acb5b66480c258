"""Choices and constants in answers, as Python and SymPy write them."""

from __future__ import annotations

import pytest

import netcalc
from netcalc.errors import NetcalcError

ABS, POWER, NEURON = netcalc.grad("abs(x)*y"), netcalc.grad("x^2*exp(-x)"), netcalc.neuron(x=[1], w=["0.5"], b="0.2")
RELU, LEAKY = (netcalc.neuron(x=[1.4, -0.6], w=[0.9, 0.5], activation=one) for one in ("relu", "leaky_relu(0.1)"))
LEAST = netcalc.grad("sum((X@w-y)^2)/n", shape={"X": "n,d", "w": "d", "y": "n"})
CLASSES = netcalc.gradients(
    "import torch.nn.functional as F\nlogits = X @ W\nloss = F.cross_entropy(logits, y)\n",
    at={"X": [[1, 2], [-1, 0.5]], "W": [[0.2, 0.1, -0.3], [0.4, -0.5, 0.6]], "y": [2, 0]},
)
AT_THREE = netcalc.grad("x^2*exp(-x/2)", at={"x": 3})
RIGHT = [
    *((RELU, "db", text) for text in ("1[q > 0]", "𝟙(q > 0)", r"\mathbb{1}[q>0]", r"\mathbf{1}_{q>0}", "1_{q>0}")),
    *((RELU, "db", text) for text in ("I(q>0)", "(q > 0).astype(float)", "(q>0).float()", "float(q > 0)")),
    *((RELU, "db", text) for text in ("heaviside(q)", "Heaviside(q)", "np.heaviside(q, 0)", "int(q>0)")),
    (RELU, "dx0", "w0*1[q>0]"),
    (RELU, "db", r"\begin{cases}1 & q>0\\0 & q\le 0\end{cases}"),
    (LEAKY, "db", r"\begin{cases} 1 & \text{if } q > 0 \\ 0.1 & \text{otherwise} \end{cases}"),
    (LEAKY, "db", "1[q>0] + 0.1*1[q<=0]"),
    *((LEAST, "dw", text) for text in ("2 X^T (Xw - y)/n", r"\frac{2}{n} X^T (Xw - y)", "2/n*X'*(X*w-y)")),
    *((LEAST, "dw", text) for text in ("2*X'*(X*w-y)/n", "2*(X'*X*w-X'*y)/n", r"\frac{2}{n} X^{\mathsf T} (Xw - y)")),
    (CLASSES, "dlogits", "(F.softmax(logits, dim=1) - F.one_hot(y, 3)) / len(y)"),
    (CLASSES, "dlogits", "(F.softmax(logits, dim=-1) - F.one_hot(y, num_classes=3).float()) / y.size(0)"),
    (CLASSES, "dW", "torch.mm(X.t(), dlogits)"),
    (CLASSES, "dW", "X.transpose(0, 1) @ dlogits"),
    (AT_THREE, "dx", "3/2 e^(-3/2)"),
    (AT_THREE, "dx", "1.5 e^(-3/2)"),
    (POWER, "dx", "x (2 - x) e^{-x}"),
    (ABS, "dx", "y if x > 0 else -y"),
    (ABS, "dx", "2*(y if x > 0 else -y)/2"),
    (ABS, "dx", "y if x > 1 else y if x > 0 else -y"),
    (ABS, "dx", "Piecewise((y, x > 0), (-y, True))"),
    (ABS, "dx", "Piecewise((y, x > 0), (-y, x <= 0))"),
    (ABS, "dx", "np.where(x > 0, y, -y)"),
    (POWER, "dx", "x*(2 - x)*E**-x"),
    (POWER, "dx", "(2*x - x**2)/E^x"),
    (NEURON, "f", "1/(1 + E**(-0.7))"),
    (NEURON, "db", "E/(1 + E)**2 if q < 0 else exp(-q)/(1 + exp(-q))^2"),
]
WRONG = [
    (RELU, "db", "1[q > 1]"),
    (RELU, "db", "heaviside(-q)"),
    (LEAKY, "db", r"\begin{cases}1,&q>0,\\0.2,&q\le0\end{cases}"),
    (AT_THREE, "dx", "2/3 e^(-3/2)"),
    (ABS, "dx", "-y if x > 0 else y"),
    (ABS, "dx", "Piecewise((-y, x > 0), (y, True))"),
    (POWER, "dx", "x*(2 + x)*E**-x"),
]


@pytest.mark.parametrize("result, name, text", RIGHT, ids=[text for *_, text in RIGHT])
def test_a_choice_and_e_are_read_as_python_and_sympy_write_them(result, name, text):
    (checked,) = netcalc.check(result, {name: text}).checked
    assert not checked.is_wrong


@pytest.mark.parametrize("result, name, text", WRONG, ids=[text for *_, text in WRONG])
def test_a_choice_that_is_wrong_is(result, name, text):
    (checked,) = netcalc.check(result, {name: text}).checked
    assert checked.is_wrong


REFUSED = [
    (ABS, "Piecewise((y, x > 0), (-y, x < -1))"),  # which is nothing in between
    (ABS, "y if x > 0"),
    (netcalc.neuron(x=[1], w=[0.5], b=0.2, target=1, loss="mse"), "2*E"),  # which may be the loss
    (netcalc.grad("sum(A)", shape={"A": "n,n"}), "E"),  # which may be the identity
]


@pytest.mark.parametrize("result, text", REFUSED, ids=[text for *_, text in REFUSED])
def test_what_may_be_another_thing_is_refused(result, text):
    name = next(tensor.name for tensor in result.tensors if tensor.name.startswith("d"))
    with pytest.raises(NetcalcError):
        netcalc.check(result, {name: text})


def test_a_mixed_number_is_told_what_to_write():
    with pytest.raises(NetcalcError, match=r"2 1/4 is 9/4 or 2\*1/4: write the one that is meant"):
        netcalc.check(AT_THREE, {"dx": "2 1/4"})


def test_two_numbers_for_one_stay_refused():
    with pytest.raises(NetcalcError, match="dx is a single number, and 2 numbers are given for it"):
        netcalc.check(AT_THREE, {"dx": "1 2"})


def test_a_matrix_row_after_row_is_understood_and_noted():
    result = netcalc.linear(W=[[1, 2, 3], [4, 5, 6]], v=[1, 2, 3], delta=[1, 2], bias=False)
    found = netcalc.check(result, {"dW": "1,2,3,2,4,6"}).checked
    assert not any(one.is_wrong for one in found)
    assert {one.note for one in found} == {"given as a vector of 6, row after row; dW is 2 × 3"}
    by_columns = netcalc.check(result, {"dW": "1,2,2,4,3,6"}).checked
    assert any(one.is_wrong for one in by_columns)


def test_of_a_sum_the_second_sign_is_told_first():
    (found,) = netcalc.check(netcalc.grad("sigmoid(x)"), {"dx": "exp(-x)/(1-exp(-x))^2"}).checked
    assert found.diagnosis == "a sign is wrong: 1 + exp(−x) where 1 − exp(−x) stands"
