"""Gradients that are of something else than their names say, as people write them, are right if all that follows is."""

from __future__ import annotations

import numpy as np
import pytest

from netcalc.checking.backward.check import checked_lines
from netcalc.models.programs import ProgramRequest, program
from netcalc.values import read_array

HIDDEN = "z = X @ W1\nhidden = np.maximum(0, z)\nout = hidden @ W2\nloss = np.sum((out - T) ** 2)\n"
REUSED = (
    "dout = 2 * (out - T)\ndW2 = hidden.T @ dout\ndhidden = dout @ W2.T\ndhidden[z <= 0] = 0\ndW1 = X.T @ dhidden\n"
)
UNNAMED = "h = np.tanh(X @ W1)\nout = h @ W2\nloss = np.sum((out - T) ** 2)\n"
INNER = "dout = 2 * (out - T)\ndW2 = h.T @ dout\ndh = dout @ W2.T * (1 - h ** 2)\ndW1 = X.T @ dh\n"
MEAN = "m = X.shape[0]\nh = np.tanh(X @ W1)\nout = h @ W2\nloss = np.sum((out - T) ** 2) / (2 * m)\n"
LATER = "dout = out - T\ndW2 = h.T @ dout / m\ndh = dout @ W2.T\ndW1 = X.T @ (dh * (1 - h ** 2)) / m\n"
GROUPED = "z = X @ W1\nh = z.reshape(10, 2).reshape(5, 4)\nout = np.tanh(h) @ W2\nloss = np.sum((out - T) ** 2)\n"
REGROUPED = "dout = 2 * (out - T)\ndh = (dout @ W2.T * (1 - np.tanh(h) ** 2)).reshape(10, 2)\n"
REGROUPED += "dz = (dh * np.ones((10, 2))).reshape(5, 4)\ndW1 = X.T @ dz\n"
EACH = "each = np.sum((np.tanh(X @ W1) @ W2 - T) ** 2, axis=1)\nloss = each.mean()\n"
OF_EACH = "deach = 1 / 5\nh = np.tanh(X @ W1)\ndW2 = h.T @ (deach * 2 * (h @ W2 - T))\n"
UNROLLED = "hs = [np.zeros((5, 4))]\nfor k in range(3):\n    hs.append(np.tanh(X @ W1 + hs[-1]))\n"
UNROLLED += "loss = np.sum((hs[-1] @ W2 - T) ** 2)\n"
BACK = "dout = 2 * (hs[-1] @ W2 - T)\ndW2 = hs[-1].T @ dout\ndW1, dX = np.zeros_like(W1), np.zeros_like(X)\n"
BACK += "dnext = dout @ W2.T\nfor k in reversed(range(3)):\n    da = dnext * (1 - hs[k + 1] ** 2)\n    dnext = da\n"
LOOP = "loss = 0\nfor i in range(5):\n    a = 1 / (1 + np.exp(-(X[i] @ W1)))\n    z = a @ W2\n    loss += np.sum((z - T[i]) ** 2) / 2\nloss /= 5\n"
IN_LOOP = "dW2 = 0\nfor i in range(5):\n    a = 1 / (1 + np.exp(-(X[i] @ W1)))\n    dz = a @ W2 - T[i]\n"
IN_LOOP += "    dW2 += np.outer(a, dz)\ndW2 /= 5\n"
LOSSES = "losses = np.sum((np.tanh(X @ W1) @ W2 - T) ** 2, axis=1)\nloss = losses.mean()\n"
OF_LOSSES = OF_EACH.replace("deach", "dloss")
BACK += "    dW1 += X.T @ da\n    # the same X each time\n    dX += da @ W1.T\n"

LAYERED = """
def relu(Z):
    return np.maximum(0, Z), Z

def layer(A_prev, W):
    Z = A_prev @ W
    return Z, (A_prev, W)

Z1, linear1 = layer(X, W1)
A1, kept = relu(Z1)
Z2, linear2 = layer(A1, W2)
A2 = np.tanh(Z2)
loss = np.sum((A2 - T) ** 2) / 2 / X.shape[0]
"""
LAYERED_BACK = """
def relu_backward(dA, kept):
    Z = kept
    dZ = np.array(dA, copy=True)
    dZ[Z <= 0] = 0
    return dZ

def layer_backward(dZ, linear):
    A_prev, W = linear
    dW = A_prev.T @ dZ / A_prev.shape[0]
    dA_prev = dZ @ W.T
    return dA_prev, dW

dA2 = A2 - T
dA1, dW2 = layer_backward(dA2 * (1 - A2 ** 2), linear2)
dA0, dW1 = layer_backward(relu_backward(dA1, kept), linear1)
"""
PREDICTED = "T_hat = np.tanh(X @ W1) @ W2\nloss = np.sum((T_hat - T) ** 2)\n"
OF_PREDICTED = "dT = 2 * (T_hat - T)\ndW2 = np.tanh(X @ W1).T @ dT\n"


def judged(forward: str, backward: str) -> tuple[list[tuple[str, int]], list[str]]:
    draw = np.random.default_rng(4)
    at = {"X": (5, 3), "W1": (3, 4), "W2": (4, 2), "T": (5, 2)}
    values = {name: draw.normal(size=shape) for name, shape in at.items()}
    request = ProgramRequest(values, elsewhere=list(at))
    lines, notes = checked_lines(program(forward, "forward.py", request), backward, "backward.py")
    return [(one.name, one.line) for one in lines if one.is_wrong and not one.follows], notes


@pytest.mark.parametrize(
    "forward, backward, note",
    [
        (HIDDEN, REUSED, "line 4: dhidden is from here the gradient of z, not of hidden"),
        (UNNAMED, INNER, "line 3: dh is from here the gradient of what the function is applied to, not of h"),
        (MEAN, LATER, "line 1: dout is 5 times the gradient of out, which later lines divide by again"),
        (LOOP, IN_LOOP, "line 4: dz is 5 times the gradient of z, which later lines divide by again"),
        (LOSSES, OF_LOSSES, "line 1: dloss is from here the gradient of each entry of losses, not of loss"),
        (LAYERED, LAYERED_BACK, "lines 5, 11: dZ, dA_prev, 5 times the gradient, which later lines divide by again"),
        (PREDICTED, OF_PREDICTED, "line 1: dT is from here the gradient of T_hat, not of T"),
        (GROUPED, REGROUPED, "line 2: dh is from here the gradient of h in the shape 10×2, not of h"),
    ],
)
def test_what_a_gradient_is_of_is_told_and_no_line_is_wrong(forward, backward, note):
    wrong, notes = judged(forward, backward)
    assert wrong == []
    assert note in notes


@pytest.mark.parametrize(
    "forward, backward, was, put, line",
    [
        (HIDDEN, REUSED, "W2.T", "W2.T * 2", 3),
        (HIDDEN, REUSED, "[z <= 0]", "[z >= 0]", 4),
        (HIDDEN, REUSED, "dhidden[z <= 0] = 0\n", "", 3),
        (UNNAMED, INNER, " * (1 - h ** 2)", "", None),  # then it is the gradient of h, and dW1 lacks the slope
        (MEAN, LATER, "h.T @ dout / m", "h.T @ dout", 2),
        (MEAN, LATER, "out - T\n", "T - out\n", 1),
        (MEAN, LATER, "out - T\n", "3 * (out - T)\n", 1),  # the lines that divide by m later are right
        (MEAN, LATER, "out - T\n", "out\n", 1),
        (LAYERED, LAYERED_BACK, "dA2 = A2 - T", "dA2 = A2 + T", 14),
        (LAYERED, LAYERED_BACK, " / A_prev.shape[0]", "", 14),  # then nothing divides by m, and dA2 is to
        (LAYERED, LAYERED_BACK, "[Z <= 0]", "[dZ <= 0]", 5),
        (PREDICTED, OF_PREDICTED, "T_hat - T", "T_hat + T", 1),
        (EACH, OF_EACH, "1 / 5", "2 / 5", 1),
        (LOSSES, OF_LOSSES, "1 / 5", "1 / 10", 1),
        (LOOP, IN_LOOP, "- T[i]", "+ T[i]", 4),
        (UNROLLED, BACK, "da @ W1.T", "da @ W1", 10),
        (UNROLLED, BACK, "X.T @ da", "da.T @ X", 8),
        (MEAN, "dout = (out - T)\ndW2 = h.T @ dout\n", "dW2", "dW2", 1),
    ],
)
def test_a_slip_is_told_alone(forward, backward, was, put, line):
    assert was in backward
    wrong, _ = judged(forward, backward.replace(was, put, 1))
    if line is not None and "dhidden[" in backward and not put:
        assert [one for _, one in wrong] == [4]  # dW1, which lacks the mask
    elif line is not None:
        assert [one for _, one in wrong] == [line]
    else:
        assert wrong == [("dW1", 4)]


def test_a_helper_of_the_forward_pass_is_read_from_its_own_text():
    forward = "def sigmoid(v):\n    return 1 / (1 + np.exp(-v))\n\na = sigmoid(X @ W1)\nloss = np.sum(a)\n"
    backward = "# a longer comment, so that the texts differ\ns = sigmoid(X @ W1)\ndW1 = X.T @ (s * (1 - s))\n"
    assert judged(forward, backward)[0] == []


def test_masks_of_minus_infinity_hide_no_wrong_line():
    forward = "s = X @ X.T\ns = np.where(np.tril(np.ones((5, 5))) == 0, -np.inf, s)\n"
    forward += "e = np.exp(s - s.max(1, keepdims=True))\np = e / e.sum(1, keepdims=True)\nout = p @ T\nloss = np.sum(out ** 2)\n"
    assert judged(forward, "dout = 2 * out\ndT = p.T @ dout\n")[0] == []
    assert judged(forward, "dout = 2 * out\ndT = p @ dout\n")[0] == [("dT", 2)]


def test_the_largest_entry_may_be_shared():
    """Windows that a relu makes all zero have no one largest entry."""
    forward = "a = np.maximum(X, 0)\nm = a.max(axis=1)\nloss = np.sum(m ** 2)\n"
    backward = "dm = 2 * m\nda = (a == m[:, None]) * dm[:, None]\ndX = da * (X > 0)\n"
    assert judged(forward, backward)[0] == []
    forward = "a = np.maximum(X, 0)\nm = a.max(axis=1)\nloss = np.sum(m)\n"
    backward = "da = (a == m[:, None]) * 1.0\ndX = da\n"
    assert judged(forward, backward)[0] == [("dX", 2)]


@pytest.mark.parametrize(
    "forward, backward, said",
    [
        (
            "v = (X ** 2).sum()\nloss = np.sqrt(v)\n",
            "dv = 1 / np.sqrt(v)\n",
            "the ½ of sqrt's slope left out: divide by 2",
        ),
        (
            "z = X @ W1\np = np.exp(z)\nloss = p.sum()\n",
            "dz = p\ndX = dz @ W1.T * (X > 0)\n",
            "a mask too many: X > 0",
        ),
    ],
)
def test_no_mean_and_no_mask_is_named_that_is_not_there(forward, backward, said):
    at = {"X": np.array([[1.5, 2.5], [0.5, -1.25]]), "W1": np.array([[0.5, -0.25], [1.25, 0.75]])}
    problem = program(forward, "forward.py", ProgramRequest({name: at[name] for name in at if name in forward}))
    lines, _ = checked_lines(problem, backward, "backward.py")
    (wrong,) = (one for one in lines if one.is_wrong)
    assert wrong.diagnosis.startswith(said)


@pytest.mark.parametrize("scale", ["/ np.sqrt(d)", "* 0.5", "/ 2"])
def test_a_gradient_by_the_name_of_what_is_scaled_may_be_that_of_what_is_scaled(scale):
    """dS with the factor in it, and dQ, dK without: right, and told; the factor twice, or nowhere, is wrong."""
    forward = (
        f"d = Q.shape[1]\nS = Q @ K.T {scale}\nP = np.exp(S) / np.exp(S).sum(1, keepdims=True)\nloss = (P * c).sum()\n"
    )
    head = "dP = c\ndS = P * (dP - (dP * P).sum(1, keepdims=True))"
    at = {
        name: read_array(text, name)
        for name, text in {
            "Q": "0.5,1.5,-1,0.25;1,-0.75,0.5,2",
            "K": "1.5,0.5,0.25,-1;0.75,1,-0.5,0.5;2,1,0.5,0.25",
            "c": "1,0.5,-1;0.25,2,1",
        }.items()
    }
    problem = program(forward, "forward.py", ProgramRequest(at))
    for times in range(4):
        first, second = (scale if times & bit else "" for bit in (1, 2))
        backward = f"{head}{' ' + first}\ndQ = dS @ K{' ' + second}\ndK = dS.T @ Q{' ' + second}\n"
        lines, notes = checked_lines(problem, backward, "backward.py")
        is_once = times in (1, 2)
        assert any(one.is_wrong for one in lines) is not is_once
        assert any("what S is before it is scaled" in note for note in notes) is (times == 1)


NORM = "xc = X - X.mean(1, keepdims=True)\nr = 1 / np.sqrt((xc ** 2).mean(1, keepdims=True) + 0.001)\nn = xc * r\n"
NORM += "loss = np.sum(n ** 3)\n"
OF_NORM = "dn = 3 * n ** 2\ndX = dn - dn.mean(1, keepdims=True) - n * (dn * n).mean(1, keepdims=True)\ndX *= r\n"


@pytest.mark.parametrize(
    "was, put, line, mistake",
    [
        ("dn - dn.mean", "dn + dn.mean", 2, "sign"),
        (" - n * (dn * n).mean(1, keepdims=True)", "", 2, "path-left-out"),
        ("*= r", "*= -r", 3, "sign"),
        ("dn - dn.mean(1, keepdims=True)", "np.cos(X)", 2, ""),
    ],
)
def test_a_gradient_that_is_scaled_last_is_told_where_it_goes_wrong(was, put, line, mistake):
    X = np.random.default_rng(4).normal(size=(3, 4))
    (_, right), _ = checked_lines(program(NORM, "forward.py", ProgramRequest({"X": X})), OF_NORM, "backward.py")
    (_, wrong), _ = checked_lines(
        program(NORM, "forward.py", ProgramRequest({"X": X})), OF_NORM.replace(was, put), "backward.py"
    )
    assert right.is_right
    assert (wrong.verdict, wrong.line, wrong.mistake) == ("wrong", line, mistake)


HEADS = """Q, K, V = (X @ W).reshape(4, 3, 2, 2).transpose(1, 2, 0, 3)
s = Q @ K.transpose(0, 2, 1) / np.sqrt(2)
s = np.where(np.tril(np.ones((4, 4))) == 0, -1e9, s)
e = np.exp(s - s.max(-1, keepdims=True))
p = e / e.sum(-1, keepdims=True)
loss = 0.5 * np.sum((p @ V) ** 2)
"""
HEADS_BACK = """dO = p @ V
dV = p.transpose(0, 2, 1) @ dO
dp = dO @ V.transpose(0, 2, 1)
ds = p * (dp - (dp * p).sum(-1, keepdims=True))
ds = ds / np.sqrt(2)
dQ = ds @ K
dK = ds.transpose(0, 2, 1) @ Q
dqkv = np.stack([dQ, dK, dV]).transpose(2, 0, 1, 3).reshape(4, 12)
dW = X.T @ dqkv
"""


def test_scores_that_are_masked_by_the_same_name_may_be_divided_by_the_root_in_place():
    draw = np.random.default_rng(7)
    values = {"X": draw.normal(size=(4, 3)), "W": draw.normal(size=(3, 12))}
    problem = program(HEADS, "forward.py", ProgramRequest(values, elsewhere=list(values)))
    assert [one for one in checked_lines(problem, HEADS_BACK, "backward.py")[0] if one.is_wrong] == []
    slip = HEADS_BACK.replace("dK = ds.transpose(0, 2, 1)", "dK = ds")
    lines = checked_lines(problem, slip, "backward.py")[0]
    assert [one.line for one in lines if one.is_wrong and not one.follows] == [7]
