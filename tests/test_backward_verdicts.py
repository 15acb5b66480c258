"""✓ is said of lines that are right everywhere: in branches that the given point lacks, at any scale, to the last bit."""

from __future__ import annotations

import pytest

from netcalc.checking.backward.check import checked_lines
from netcalc.models.programs import ProgramRequest, program
from netcalc.values import read_array


def wrong_lines(forward: str, backward: str, delta: str | None = None, **at: str) -> list[tuple[str, int]]:
    """The gradients that are wrong in themselves, with their lines."""
    values = {name: read_array(text, name) for name, text in at.items()}
    counted = [name for name, text in at.items() if "." not in text]
    above = None if delta is None else read_array(delta, "delta")
    problem = program(forward, "forward.py", ProgramRequest(values, counted=counted, delta=above))
    lines, _ = checked_lines(problem, backward, "backward.py")
    return [(one.name, one.line) for one in lines if one.is_wrong and not one.follows]


MLP = "z = X @ W + b\na = np.maximum(z, 0)\nloss = np.sum((a - T) ** 2)\n"
BACKWARD = "da = 2 * (a - T)\ndz = da * (z > 0)\ndW = X.T @ dz\ndb = dz.sum(0)\ndX = dz @ W.T\n"
ON = {"X": "1.5,2.5;0.5,1.25", "W": "1.5,2.5;0.5,1.25", "b": "0.5,0.25", "T": "0.5,1.5;2.5,1.25"}  # all relus are on
OFF = {**ON, "W": "-1.5,-2.5;-0.5,-1.25", "b": "-0.5,-0.25"}
WHOLE = {"X": "1,2;2,1", "W": "1,2;2,1", "b": "1,1", "T": "1,1;1,1"}  # symmetric, and all ones


POINTS = pytest.mark.parametrize("at", [ON, OFF, WHOLE], ids=["on", "off", "whole"])


@POINTS
def test_right_at_other_points_is_right(at):
    assert wrong_lines(MLP, BACKWARD, **at) == []


@POINTS
@pytest.mark.parametrize(
    "was, wrong, name",
    [
        (" * (z > 0)", "", "dz"),
        (" * (z > 0)", " * (z < 0)", "dz"),
        (" * (z > 0)", " * (X > 0)", "dz"),
        (" * (z > 0)", " * np.where(z > 0, 1, 0.01)", "dz"),
        ("X.T @ dz", "X @ dz", "dW"),
        ("@ W.T", "@ W", "dX"),
        ("2 * (a - T)", "2 * (a - T) * T", "da"),
        ("2 * (a - T)", "2 * (a - T) + (T - 1)", "da"),
        ("2 * (a - T)", "2.0000000001 * (a - T)", "da"),
        ("dz.sum(0)", "dz.sum(0) + 1e-11", "db"),
    ],
)
def test_wrong_at_other_points_is_wrong(at, was, wrong, name):
    """Whatever the given point has: all relus on or off, symmetric weights, targets of 1."""
    assert was in BACKWARD
    assert [own for own, _ in wrong_lines(MLP, BACKWARD.replace(was, wrong), **at)] == [name]


@pytest.mark.parametrize("x", ["1e9,3;1000000002.5,5;1000000000.75,7", "1e-9,2e-9;4e-9,5e-9;3e-9,7e-9"])
def test_right_lines_pass_at_any_scale_and_wrong_ones_do_not(x):
    """The gradients differ by many orders of magnitude, and the variance cancels in float64."""
    forward = "mu = x.mean(0)\nvar = (x ** 2).mean(0) - mu ** 2\ny = x * s\nloss = var.sum() + y.sum()\n"
    backward = "ds = x.sum()\ndvar = np.ones_like(var)\ndx = 2 * (x - mu) / x.shape[0] * dvar + s\n"
    at = {"x": x, "s": "1e-7"}
    assert wrong_lines(forward, backward, **at) == []
    assert [one for one, _ in wrong_lines(forward, backward.replace("+ s", "+ s * 1.000001"), **at)] == ["dx"]


@pytest.mark.parametrize(
    "forward, right, wrong",
    [
        ("loss = np.sum(np.clip(x, -6, 6) ** 2)", "dx = 2 * x * ((x > -6) & (x < 6))", "dx = 2 * x"),
        ("loss = np.sum(np.abs(x))", "dx = np.sign(x)", "dx = np.ones_like(x)"),
        (
            "e = np.abs(x)\nloss = np.sum(np.where(e < 1, 0.5 * x ** 2, e - 0.5))",
            "dx = np.where(np.abs(x) < 1, x, np.sign(x))",
            "dx = x",
        ),
        ("y = np.where(x > 0, x, 0.1 * x)\nloss = y.sum()", "dx = np.where(x > 0, 1, 0.1)", "dx = np.ones_like(x)"),
        ("m = np.max(x, axis=0)\nloss = m.sum()", "dx = (x == m) * 1.0", "dx = np.array([[0, 0.0], [1, 1]])"),
        ("loss = np.sum(x ** 3)", "dx = 3 * x ** 2", "dx = 3 * np.abs(x) * x"),
    ],
)
def test_both_sides_of_kinks_are_met(forward, right, wrong):
    at = {"x": "0.5,0.25;0.75,0.375"}
    assert wrong_lines(forward, right, **at) == []
    assert [one for one, _ in wrong_lines(forward, wrong, **at)] == ["dx"]


def test_a_mask_of_ones_is_a_mask_still():
    """A dropout that keeps all at the point that is given, and a label that all samples share."""
    forward = "h = x * mask / 0.5\nloss = np.sum((h - 1) ** 2)"
    at = {"x": "0.5,-1.5;2.5,0.25", "mask": "1,1;1,1"}
    assert wrong_lines(forward, "dh = 2 * (h - 1)\ndx = dh * mask / 0.5", **at) == []
    assert wrong_lines(forward, "dh = 2 * (h - 1)\ndx = dh / 0.5", **at) == [("dx", 2)]
    forward = "p = np.exp(z) / np.exp(z).sum(1, keepdims=True)\nloss = -np.log(p[range(2), y]).sum()"
    at = {"z": "0.5,-1.5,1.5;2.5,0.25,0.5", "y": "0,0"}
    right = "dz = p.copy()\ndz[range(2), y] -= 1"
    assert wrong_lines(forward, right, **at) == []
    assert wrong_lines(forward, right.replace("range(2), y", ":, 0"), **at) == [("dz", 2)]


def test_lines_that_hold_for_targets_of_a_kind_are_right():
    """p − y needs rows that sum to 1, and labels of −1 and 1 have the square 1."""
    forward = "e = np.exp(z)\np = e / e.sum(1, keepdims=True)\nloss = -(Y * np.log(p)).sum()"
    for target in ("1,0,0;0,0,1", "0.2,0.3,0.5;0.25,0.25,0.5"):
        assert wrong_lines(forward, "dz = p - Y", z="0.5,-1.5,1.5;2.5,0.25,0.5", Y=target) == []
    forward = "m = y * s\nloss = np.sum((1 - m) ** 2)"
    assert wrong_lines(forward, "ds = 2 * (s - y)", s="0.5,-0.25,1.5", y="1,-1,1") == []


def test_constants_of_float64_are_what_they_stand_for():
    forward = "u = np.sqrt(2 / np.pi) * (x + 0.044715 * x ** 3)\nloss = np.sum(0.5 * x * (1 + np.tanh(u)))"
    right = (
        "du = 0.5 * x * (1 - np.tanh(u) ** 2)\n"
        "dx = 0.5 * (1 + np.tanh(u)) + du * 0.7978845608028654 * (1 + 3 * 0.044715 * x ** 2)"
    )
    assert wrong_lines(forward, right, x="0.5,-1.5,2.5") == []
    assert wrong_lines(forward, right.replace("0.7978845608028654", "0.79788456"), x="0.5,-1.5,2.5") == [("dx", 2)]


MEAN = "n = X.shape[0]\nz = X @ W + b\na = np.tanh(z)\nloss = np.sum((a - T) ** 2) / n\n"
OF_MEAN = "da = 2 * (a - T) / n\ndz = da * (1 - a ** 2)\ndW = X.T @ dz\ndb = dz.sum(0)\n"


@pytest.mark.parametrize(
    "was, wrong, line, words",
    [
        (" / n", "", 1, "1/n left out"),
        ("dz.sum(0)", "dz.mean(0)", 4, "averaged"),
        ("X.T @ dz", "X.T @ dz / n", 3, "1/n too many"),
        (" / n", " / T.shape[1]", 1, ""),
    ],
)
@pytest.mark.parametrize(
    "at",
    [
        {"X": "[[0.5,0.25]]", "W": "0.5;0.75", "b": "[0.1]", "T": "[[0.3]]"},
        {"X": "[[0.5,0.25]]", "W": "0.5;0.75", "b": "[[0.1]]", "T": "[[0.3]]"},
        {"X": "1.5,2.5;0.5,1.25", "W": "1.5,2.5;0.5,1.25", "b": "0.5,0.25", "T": "0.5,1.5;2.5,1.25"},
    ],
    ids=["one sample", "one sample, a row of biases", "as many samples as outputs"],
)
def test_factors_that_are_1_for_the_given_number_of_samples_are_told(at, was, wrong, line, words):
    assert was in OF_MEAN
    backward = OF_MEAN.replace("dz.sum(0)", "dz.sum(0, keepdims=True)") if "[[0.1]]" in at["b"] else OF_MEAN
    wrong = wrong if "[[0.1]]" not in at["b"] else wrong.replace("mean(0)", "mean(0, keepdims=True)")
    was = was if "[[0.1]]" not in at["b"] else was.replace("sum(0)", "sum(0, keepdims=True)")
    assert wrong_lines(MEAN, backward, **at) == []
    assert [own for _, own in wrong_lines(MEAN, backward.replace(was, wrong), **at)] == [line]
    values = {name: read_array(text, name) for name, text in at.items()}
    lines, _ = checked_lines(program(MEAN, "f.py", ProgramRequest(values)), backward.replace(was, wrong), "b.py")
    assert any(words in one.diagnosis for one in lines if one.is_wrong)


def test_code_for_one_sample_is_right_for_one_sample():
    """Rows that are not summed, as there is one, and a class by its number."""
    at = {"X": "[[0.5,0.25]]", "W": "0.5,0.25;0.75,1.5", "b": "[[0.1, 0.2]]", "T": "[[0.3, 0.5]]"}
    backward = "da = 2 * (a - T)\ndz = da * (1 - a ** 2)\ndW = np.outer(X, dz)\ndb = dz\n"
    assert wrong_lines(MEAN.replace(" / n", ""), backward, **at) == []
    forward = "logits = x @ W\nloss = F.cross_entropy(logits, y)"
    backward = "dlogits = F.softmax(logits, dim=1)\ndlogits[0, y[0]] -= 1\ndW = x.T @ dlogits"
    assert wrong_lines(forward, backward, x="[[0.5,0.25]]", W="0.5,0.25;0.75,1.5", y="[1]") == []


def test_samples_may_be_columns():
    forward = (
        "m = X.shape[1]\nZ1 = np.dot(W1, X) + b1\nA1 = np.tanh(Z1)\nZ2 = np.dot(W2, A1) + b2\nA2 = 1 / (1 + np.exp(-Z2))\n"
        "cost = -np.sum(Y * np.log(A2) + (1 - Y) * np.log(1 - A2)) / m\n"
    )
    backward = (
        "dZ2 = (A2 - Y) / m\ndW2 = np.dot(dZ2, A1.T)\ndb2 = np.sum(dZ2, axis=1, keepdims=True)\n"
        "dZ1 = np.dot(W2.T, dZ2) * (1 - np.power(A1, 2))\ndW1 = np.dot(dZ1, X.T)\n"
        "db1 = np.sum(dZ1, axis=1, keepdims=True)\n"
    )
    at = {
        "X": "0.5;0.25",
        "W1": "0.5,0.25;0.75,1.5;0.1,0.2",
        "b1": "0.1;0.2;0.3",
        "W2": "[[0.5,1.5,0.3]]",
        "b2": "[[0.5]]",
    }
    at["Y"] = "[[1]]"
    assert wrong_lines(forward, backward, **at) == []
    assert wrong_lines(forward, backward.replace("(A2 - Y) / m", "A2 - Y"), **at) == [("dZ2", 1)]


def test_tiny_numbers_that_keep_a_logarithm_safe_are_told_and_make_no_line_wrong():
    forward = "p = F.softmax(z, axis=1)\nloss = -(Y * np.log(p + 1e-12)).sum()"
    at = {"z": read_array("0.5,-1.5,1.5;2.5,0.25,0.5", "z"), "Y": read_array("1,0,0;0,0,1", "Y")}
    problem = program(forward, "forward.py", ProgramRequest(at))
    for backward in ("dz = p - Y", "dp = -Y / p\ndz = p * (dp - (dp * p).sum(1, keepdims=True))"):
        lines, notes = checked_lines(problem, backward, "backward.py")
        assert not any(one.is_wrong for one in lines)
        assert "right but for 1e-12 in forward.py, line 2, which is taken for 0" in notes[0]
    lines, _ = checked_lines(problem, "dz = Y - p", "backward.py")
    assert [one.mistake for one in lines] == ["sign"]
    lines, _ = checked_lines(problem, "dz = p - Y + 1e-11", "backward.py")
    assert lines[0].is_wrong


@pytest.mark.parametrize(
    "forward, right, wrong",
    [
        ("np.maximum(z, 0)", "z > 0", ("z > 1e-3", "z > 1e-9", "z > 0.2", "a > 1e-4")),
        ("F.relu(z)", "z >= 0", ("z > 1e-5",)),
        ("np.abs(z)", "np.sign(z)", ("np.where(z > 1e-3, 1, -1)", "np.where(z > -1e-6, 1, -1)")),
        ("np.where(z > 0.5, z, 0)", "z > 0.5", ("z > 0.5001",)),
        ("np.clip(z, -1, 1)", "(z > -1) & (z < 1)", ("(z > -1) & (z < 1.0001)", "(z > -0.9999) & (z < 1)")),
        ("np.maximum(z, 0)", "np.sign(a)", ("np.tanh(1e6 * a)",)),
    ],
)
def test_masks_are_held_to_points_right_beside_kinks(forward, right, wrong):
    text = f"z = x @ W + b\na = {forward}\nloss = np.sum(a * a)"
    at = {"x": "1,2;3,4;-1,0.5", "W": "1,0;-0.5,2", "b": "0,1"}
    assert wrong_lines(text, f"da = 2 * a\ndz = da * ({right})\n", **at) == []
    for mask in wrong:
        assert wrong_lines(text, f"da = 2 * a\ndz = da * ({mask})\n", **at) == [("dz", 2)]


def test_a_number_that_is_a_size_keeps_its_value():
    """N is an input of the forward pass, and counts the samples in both."""
    forward = "sq = x ** 2\nvar = 1. / N * np.sum(sq, axis=0)\nloss = np.sum(var * c)\n"
    backward = "dvar = c\ndsq = 1. / N * np.ones((N, 2)) * dvar\ndx = 2 * x * dsq\n"
    at = {"x": "1.5,2;3,5;4,4", "c": "1.5,2", "N": "3"}
    assert wrong_lines(forward, backward, **at) == []
    assert wrong_lines(forward, backward.replace("1. / N", "2. / N"), **at) == [("dsq", 2)]


def test_gradients_that_are_added_under_a_test_on_values_are_judged():
    """The naive loop of a hinge loss."""
    forward = (
        "s = X @ W\nloss = 0.0\nfor i in range(3):\n    for j in range(2):\n        if j == y[i]:\n            continue\n"
        "        margin = s[i, j] - s[i, y[i]] + 1\n        if margin > 0:\n            loss += margin\n"
    )
    backward = (
        "dW = np.zeros_like(W)\nfor i in range(3):\n    for j in range(2):\n        if j == y[i]:\n            continue\n"
        "        margin = s[i, j] - s[i, y[i]] + 1\n        if margin > 0:\n            dW[:, j] += X[i]\n"
        "            dW[:, y[i]] -= X[i]\n"
    )
    at = {"X": "0.5,0.25;-0.75,1.5;0.3,-0.2", "W": "0.5,-0.25;0.75,1.5", "y": "0,1,1"}
    assert wrong_lines(forward, backward, **at) == []
    assert wrong_lines(forward, backward.replace("-= X[i]", "+= X[i]"), **at) == [("dW", 9)]
    assert wrong_lines(forward, backward.replace("y[i]] + 1", "y[i]] - 1"), **at) != []


def test_a_gradient_with_the_other_sign_that_a_later_line_subtracts_is_told_and_right():
    forward = "mu = np.mean(x, axis=0)\nxc = x - mu\nloss = np.sum(xc ** 3 * t)\n"
    backward = "dxc = 3 * xc ** 2 * t\ndmu = np.sum(dxc, axis=0)\ndx = dxc - dmu / 3\n"
    at = {"x": read_array("0.5,0.25;-0.75,1.5;0.3,-0.2", "x"), "t": read_array("0.5,1.5;2.5,1.25;0.5,1", "t")}
    lines, notes = checked_lines(program(forward, "f.py", ProgramRequest(at)), backward, "b.py")
    assert not any(one.is_wrong for one in lines)
    assert "line 2: dmu is minus the gradient of mu, which a later line subtracts" in notes
    lines, _ = checked_lines(program(forward, "f.py", ProgramRequest(at)), backward.replace("dxc -", "dxc +"), "b.py")
    assert [(one.name, one.line) for one in lines if one.is_wrong and not one.follows] == [("dmu", 2)]


def repairs(forward: str, backward: str, counted: tuple[str, ...] = (), **at: str) -> list[tuple[str, str, str]]:
    """Of the gradients that are wrong in themselves: the name, the last line of the repair, what is said."""
    values = {name: read_array(text, name) for name, text in at.items()}
    problem = program(forward, "forward.py", ProgramRequest(values, counted=list(counted), elsewhere=list(at)))
    lines, _ = checked_lines(problem, backward, "backward.py")
    wrong = [one for one in lines if one.is_wrong and not one.follows]
    return [(one.name, one.repair.split("\n")[-1].strip(), one.diagnosis) for one in wrong]


NAIVE = (
    "n, k = X.shape[0], W.shape[1]\nloss = 0.0\nfor i in range(n):\n    s = X[i] @ W\n    e = np.exp(s)\n"
    "    loss += -np.log(e[y[i]] / np.sum(e))\nloss = loss / n + reg * np.sum(W * W)\n"
)
OF_NAIVE = (
    "dW = np.zeros_like(W)\nfor i in range(n):\n    e = np.exp(X[i] @ W)\n    p = e / np.sum(e)\n    for j in range(k):\n"
    "        dW[:, j] += X[i] * p[j]\n        if j == y[i]:\n            dW[:, j] -= X[i]\ndW /= n\ndW += 2 * reg * W\n"
)
OF_ROWS = {"X": "0.5,0.25;-0.75,1.5;0.3,-0.2", "W": "0.5,-0.25;0.75,1.5", "y": "0,1,1", "reg": "0.2"}


@pytest.mark.parametrize(
    "was, wrong, repair, words",
    [
        ("dW /= n\n", "", "dW /= n", "1/n left out"),
        ("dW += 2 *", "dW +=", "dW += 2 * reg * W", ""),
        ("dW += 2 * reg * W\n", "", "dW += 2 * W * reg", "left out"),
    ],
)
def test_what_is_left_out_behind_a_loop_is_put_there(was, wrong, repair, words):
    assert wrong_lines(NAIVE, OF_NAIVE, **OF_ROWS) == []
    ((name, last, said),) = repairs(NAIVE, OF_NAIVE.replace(was, wrong), ("y",), **OF_ROWS)
    assert (name, last) == ("dW", repair)
    assert words in said


def test_a_repair_leaves_right_what_was_right():
    """dnorm is what dx is made of as well, which is right."""
    forward = "n = x * s\nloss = 0.0\nfor i in range(2):\n    loss += np.sum(n[i] * w[i] * t[i])\n"
    backward = (
        "dw, dx = np.zeros_like(w), np.zeros_like(x)\nfor i in range(2):\n    dn_i = w[i] * t[i]\n"
        "    dw[i] += n[i] * dn_i\n    dx[i] += dn_i * s\n"
    )
    at = {"x": "0.5,0.25;-0.75,1.5", "s": "1.5", "w": "0.5,-0.25;0.75,1.5", "t": "2.5,0.75;1.25,-0.5"}
    assert wrong_lines(forward, backward, **at) == [("dw", 4)]


LOOP_NORM = """
out = np.zeros((2, 3))
for t in range(2):
    m = x[t].sum() / 3
    for i in range(3):
        out[t, i] = (x[t, i] - m) * r[t] * w[i]
loss = np.sum(out ** 2)
"""
OF_LOOP_NORM = """
dx = np.zeros((2, 3))
for t in range(2):
    mean = 0.0
    for i in range(3):
        mean += 2 * out[t, i] * w[i]
    mean = mean / 3
    for i in range(3):
        d = 2 * out[t, i] * w[i]
        d -= mean
        d *= r[t]
        dx[t, i] += d
"""


@pytest.mark.parametrize(
    "was, wrong, line",
    [
        pytest.param("        d -= mean\n", "", "d -= mean", marks=pytest.mark.nightly),
        ("        d *= r[t]\n", "", "d *= r[t]"),
        ("-= mean", "+= mean", "d -= mean"),
    ],
)
def test_a_local_name_that_several_statements_make_is_repaired(was, wrong, line):
    at = {"x": "0.5,0.25,1.5;-0.75,1.5,0.3", "r": "1.5,0.75", "w": "0.5,-0.25,1.25"}
    assert wrong_lines(LOOP_NORM, OF_LOOP_NORM, **at) == []
    ((_, last, said),) = repairs(LOOP_NORM, OF_LOOP_NORM.replace(was, wrong), **at)
    assert last or said
    assert line.split()[0] in last


@pytest.mark.parametrize(
    "was, wrong, words",
    [
        ("dsilu * (s * (1 + gate * (1 - s)))", "dsilu * (s * (1 - s))", "the slope of silu is wrong"),
        ("dsilu * (s * (1 + gate * (1 - s)))", "dsilu * s", "the slope of silu is wrong"),
    ],
)
def test_the_slope_of_silu_is_known(was, wrong, words):
    forward = "gate = x @ W\ns = 1 / (1 + np.exp(-gate))\nsilu = gate * s\nloss = np.sum(silu * t)\n"
    backward = "dsilu = t\ndgate = dsilu * (s * (1 + gate * (1 - s)))\ndW = x.T @ dgate\n"
    at = {"x": "0.5,0.25;-0.75,1.5", "W": "0.5,-0.25;0.75,1.5", "t": "2.5,0.75;1.25,-0.5"}
    assert wrong_lines(forward, backward, **at) == []
    ((name, last, said),) = repairs(forward, backward.replace(was, wrong), **at)
    assert name == "dgate"
    assert words in said
    assert last == "dgate = dsilu * s * (1 + gate * (1 - s))"


@pytest.mark.parametrize(
    "was, wrong, repair, words",
    [
        ("mask * dout[i]", "mask", "dx[2 * i:2 * i + 2] += mask * dout[i]", "what comes from above, dout[i], left out"),
        ("mask * dout[i]", "dout[i]", "dx[2 * i:2 * i + 2] += dout[i] * mask", "the mask left out"),
    ],
)
def test_a_mask_or_what_comes_from_above_left_out_in_a_loop_is_named(was, wrong, repair, words):
    forward = (
        "out = np.zeros(2)\nfor i in range(2):\n    out[i] = np.max(x[2 * i:2 * i + 2])\nloss = np.sum(out ** 2)\n"
    )
    backward = (
        "dout = 2 * out\ndx = np.zeros_like(x)\nfor i in range(2):\n    window = x[2 * i:2 * i + 2]\n"
        "    mask = window == np.max(window)\n    dx[2 * i:2 * i + 2] += mask * dout[i]\n"
    )
    assert wrong_lines(forward, backward, x="0.5,0.25,-0.75,1.5") == []
    ((name, last, said),) = repairs(forward, backward.replace(was, wrong), x="0.5,0.25,-0.75,1.5")
    assert (name, last) == ("dx", repair)
    assert words in said


def test_the_gradient_of_a_functions_value_for_that_of_its_argument_is_told_as_its_slope():
    forward = "z = x @ W\na = np.tanh(z)\nloss = np.sum(a * t)\n"
    backward = "da = t\ndz = da * (1 - a ** 2)\ndW = x.T @ da\n"
    at = {"x": "0.5,0.25;-0.75,1.5", "W": "0.5,-0.25;0.75,1.5", "t": "2.5,0.75;1.25,-0.5"}
    ((_, last, said),) = repairs(forward, backward, **at)
    assert last == "dW = x.T @ dz"
    assert "da taken for dz, and so the slope of tanh is left out" in said


SMALL = {"x": "0.5,0.25;-0.75,1.5", "W": "0.5,-0.25;0.75,1.5", "t": "2.5,0.75;1.25,-0.5"}
POOL = (
    "out = np.zeros((2, 2))\nfor i in range(2):\n    for j in range(2):\n"
    "        out[i, j] = np.sum(x[2 * i:2 * i + 2, 2 * j:2 * j + 2] * W)\nloss = np.sum(out ** 2)\n"
)
OF_POOL = (
    "dout = 2 * out\ndW = np.zeros_like(W)\nfor i in range(2):\n    for j in range(2):\n"
    "        dW += x[i:i + 2, j:j + 2] * dout[i, j]\n"
)


@pytest.mark.parametrize(
    "forward, backward, repair, words",
    [
        (
            "s = x @ W / np.sqrt(2)\ne = np.exp(s)\np = e / e.sum(-1, keepdims=True)\nloss = np.sum(p * t)\n",
            "dp = t\nds = p * (1 - p) * dp\nds = ds / np.sqrt(2)\ndW = x.T @ ds\n",
            "ds = p * (dp - (dp * p).sum(-1, keepdims=True))",
            "the Jacobian of softmax taken as its diagonal",
        ),
        (POOL, OF_POOL, "dW += x[2 * i:2 * i + 2, 2 * j:2 * j + 2] * dout[i, j]", "the wrong slice"),
        (
            "z = x @ W\np = 1 / (1 + np.exp(-z))\nloss = -np.sum(t * np.log(p) + (1 - t) * np.log(1 - p))\n",
            "dz = (p - t) * p * (1 - p)\n",
            "dz = (p - t)",
            "the slope of σ applied twice",
        ),
        (
            "a, c = x * W, x + W\nloss = np.sum((a + c) * t)\n",
            "da = t\ndW = da * x + t\ndx = da * W - t\n",
            "dx = da * W + t",
            "",
        ),
        ("y = t * W - x * W\nloss = np.sum(y ** 2)\n", "dy = 2 * y\ndx = dy * W * 1\n", "dx = -dy * W * 1", "sign"),
        (
            "y = t * W - x * W\nloss = np.sum(y * t)\n",
            "dW = x * t + t * t\n",
            "dW = -x * t + t * t",
            "the sign is wrong of x * t",
        ),
        (
            "m = x @ W\nh = np.where(m > 0, m, 0)\nc = h * t\nloss = np.sum(c)\n",
            "dh = t\nmask = (m > 0) * 1\ndm = dh\n",
            "dm = dh * mask",
            "mask is assigned and never used",
        ),
    ],
)
def test_repairs_are_lines_that_a_person_would_write(forward, backward, repair, words):
    at = {
        **SMALL,
        **({"x": ";".join(["0.5,-0.25,1.5,0.75"] * 2 + ["1.25,0.5,-0.75,2.5"] * 2)} if forward == POOL else {}),
    }
    ((_, last, said),) = repairs(forward, backward, **{name: one for name, one in at.items() if name in forward})
    assert not repair or last == repair
    assert words in said
