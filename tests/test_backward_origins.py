"""A slip in a name that the forward pass lacks is told at that name's line, once, and not at the right lines below."""

from __future__ import annotations

import pytest

from netcalc.checking.backward.check import checked_lines
from netcalc.models.programs import ProgramRequest, program
from netcalc.result import CheckedLine
from netcalc.values import read_array

AT = {"x": "1,2;3,-5", "W": "1,0.5;2,-1", "t": "1,2;0,3"}
LINEAR = "dW = x.T @ e\ndx = e @ W.T\n"
HIDDEN = "dh = h - t\nda = dh * h\ndW = x.T @ da\ndx = da @ W.T\n"
GATES = "i, f = np.split(x @ W, 2, axis=1)\nloss = (i * np.exp(f) * t[:, :1]).sum()\n"
OF_GATES = "di = np.exp(f) * t[:, :1]\ndf = di * i\ndz = np.hstack([df, di])\ndW = x.T @ dz\ndx = dz @ W.T\n"
STEPS = """\
hs = [h0]
loss = 0
for k in range(x.shape[0]):
    hs.append(np.tanh(x[k] @ W + hs[k] @ U))
    loss = loss + np.sum((hs[k + 1] - t[k]) ** 2)
"""
OF_STEPS = """\
dW, dU, dx = np.zeros_like(W), np.zeros_like(U), np.zeros_like(x)
back = np.zeros_like(h0)
for k in reversed(range(x.shape[0])):
    g = 2 * (hs[k + 1] - t[k]) + back
    s = g * (1 - hs[k + 1] ** 2)
    dW += np.outer(x[k], s)
    dU += np.outer(hs[k], s)
    dx[k] = s @ W.T
    back = s @ U.T
dh0 = back
"""
OF_SAMPLES = """\
dw = np.zeros(2)
for n in range(m):
    r = p[n] - y[n]
    for j in range(2):
        dw[j] += r * w[j]
dw /= m
dw += 0.2 * w
"""
HINGE = "s = x @ W\nm = s - s[np.arange(2), y][:, None] + 1\nm[np.arange(2), y] = 0\nL = np.maximum(0, m)\n"


def wrong(forward: str, backward: str, **at: str) -> list[CheckedLine]:
    values = {name: read_array(text, name) for name, text in at.items()}
    problem = program(forward, "forward.py", ProgramRequest(values, elsewhere=list(values)))
    lines, _ = checked_lines(problem, backward, "backward.py")
    return [one for one in lines if one.is_wrong and not one.follows]


@pytest.mark.parametrize(
    "forward, backward, line, repair",
    [
        ("loss = ((x @ W - t) ** 2).mean()", "e = 2 * (x @ W - t)\n" + LINEAR, 1, "/ t.size"),
        ("loss = ((x @ W - t) ** 2).sum()", "e = x @ W - t\n" + LINEAR, 1, "2 * "),
        ("h = 1 / (1 + np.exp(-(x @ W)))\nloss = ((h - t) ** 2).sum() / 2", HIDDEN, 2, "dh * h * (1 - h)"),
        ("h = np.maximum(x @ W, 0)\nloss = ((h - t) ** 2).sum() / 2", HIDDEN, 2, "dh * (h > 0)"),
        (GATES, OF_GATES, 3, ""),
    ],
)
def test_the_line_of_a_local_name_is_told_alone(forward, backward, line, repair):
    (found,) = wrong(forward, backward, **AT)
    assert found.line == line
    assert repair in found.repair
    assert found.diagnosis


@pytest.mark.parametrize(
    "was, put, line, repair",
    [
        pytest.param(" + back", "", 4, "2 * (hs[k + 1] - t[k]) + back", marks=pytest.mark.nightly),
        ("g = 2 * (", "g = (", 4, "+ back"),
        pytest.param("hs[k + 1] ** 2)", "hs[k] ** 2)", 5, "hs[k + 1] ** 2", marks=pytest.mark.nightly),
        ("back = s @ U.T", "back = s @ U", 9, "back = s @ U.T"),
    ],
)
def test_in_a_loop_over_steps(was, put, line, repair):
    at = {"x": "1,2;3,-5;0.5,1", "W": "1,0.5;0.2,-1", "U": "0.3,-0.5;0.7,0.1", "h0": "0.1,0.2", "t": "1,2;0,3;1,1"}
    assert not wrong(STEPS, OF_STEPS, **at)
    (found,) = wrong(STEPS, OF_STEPS.replace(was, put), **at)
    assert found.line == line
    assert repair in found.repair


def test_of_a_gradient_that_several_lines_make_the_first_wrong_one_is_told():
    at = {"x": "1,2;3,-5;0.5,1", "w": "1.5,0.5", "y": "1,0,1"}
    forward = (
        "m = len(y)\np = 1 / (1 + np.exp(-(x @ w)))\n"
        "loss = -(y @ np.log(p) + (1 - y) @ np.log(1 - p)) / m + 0.1 * np.sum(w ** 2)\n"
    )
    assert not wrong(forward, OF_SAMPLES.replace("r * w[j]", "r * x[n][j]"), **at)
    (found,) = wrong(forward, OF_SAMPLES, **at)
    assert found.line == 5


def test_what_is_no_gradient_itself_but_so_many_times_one():
    forward = f"{HINGE}loss = L.sum() / 2 + 0.1 * np.sum(W * W)\n"
    backward = "b = (L > 0).astype(float)\nb[np.arange(2), y] = -b.sum(axis=1)\ndW = x.T.dot(b) / 2\ndW += 0.2 * W\n"
    at = {"x": "1,2;3,-5", "W": "1,0.5,0.3;0.2,-1,0.7", "y": "0,2"}
    assert not wrong(forward, backward, **at)
    (found,) = wrong(forward, backward.replace("-b.sum(axis=1)", "-1"), **at)
    assert found.line == 2
    assert "2 times the gradient" in found.diagnosis


def test_a_slip_in_the_gradients_own_line_stays_there():
    """e has to be right for dW as it is, so that dx is wrong in itself."""
    (found,) = wrong("loss = ((x @ W - t) ** 2).sum()", "e = x @ W - t\ndW = 2 * x.T @ e\ndx = e @ W.T\n", **AT)
    assert (found.name, found.line) == ("dx", 3)
