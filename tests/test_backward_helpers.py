"""Backward passes by helpers: a slip in a def is told at its own line, once, however often it is called."""

from __future__ import annotations

import numpy as np
import pytest

from netcalc.checking.backward.check import checked_lines
from netcalc.models.programs import ProgramRequest, program
from netcalc.values import read_array

FORWARD = """
def affine_forward(x, w, b):
    out = x @ w + b
    return out, (x, w, b)

def norm_forward(x, gamma, beta):
    mu = x.mean(axis=1, keepdims=True)
    var = x.var(axis=1, keepdims=True)
    xhat = (x - mu) / np.sqrt(var + 0.5)
    return gamma * xhat + beta, (xhat, gamma, var)

a, cache1 = affine_forward(X, W1, b1)
h = np.tanh(a)
n, cache2 = norm_forward(h, gamma, beta)
s, cache3 = affine_forward(n, W2, b2)
loss = np.sum(s * G)
"""
BACKWARD = """
def tanh_prime(y):
    return 1 - y ** 2

def affine_backward(dout, cache):
    x, w, b = cache
    dx = dout @ w.T
    dw = x.T @ dout
    db = dout.sum(axis=0)
    return dx, dw, db

def norm_backward(dout, cache):
    xhat, gamma, var = cache
    D = dout.shape[1]
    dbeta = dout.sum(axis=0)
    dgamma = (dout * xhat).sum(axis=0)
    g = dout * gamma
    inner = D * g - g.sum(axis=1, keepdims=True) - xhat * (g * xhat).sum(axis=1, keepdims=True)
    dx = inner / np.sqrt(var + 0.5) / D
    return dx, dgamma, dbeta

dn, dW2, db2 = affine_backward(G, cache3)
dh, dgamma, dbeta = norm_backward(dn, cache2)
da = dh * tanh_prime(h)
dX, dW1, db1 = affine_backward(da, cache1)
"""
AT = {
    "X": "1,2;0.5,-1;2,0.3",
    "W1": "0.1,0.2,-0.3;0.4,-0.5,0.6",
    "b1": "0.1,0.2,0.3",
    "gamma": "1,1.5,0.5",
    "beta": "0.1,-0.2,0.3",
    "W2": "0.3,-0.2;0.5,0.1;-0.4,0.6",
    "b2": "0.1,-0.1",
    "G": "1,0.5;-0.3,1;0.7,0.2",
}
RECURRENT = """
def step(x, prev, W, U, b):
    h = np.tanh(x @ W + prev @ U + b)
    return h, (x, prev, W, U, h)

h, caches, loss = h0, [], 0.0
for t in range(3):
    h, cache = step(xs[t], h, W, U, b)
    caches.append(cache)
    loss = loss + np.sum(h * G[t])
"""
STEP_BACK = """
def step_back(dh, cache):
    x, prev, W, U, h = cache
    dz = dh * (1 - h ** 2)
    dprev = dz @ U.T
    dW = x.T @ dz
    dU = prev.T @ dz
    db = dz.sum(axis=0)
    return dprev, dW, dU, db

dW, dU, db, back = np.zeros_like(W), np.zeros_like(U), np.zeros_like(b), np.zeros_like(h0)
for t in reversed(range(3)):
    back, dW_t, dU_t, db_t = step_back(G[t] + back, caches[t])
    dW += dW_t
    dU += dU_t
    db += db_t
dh0 = back
"""
OF_STEPS = {
    "xs": "[[[1,2],[0.5,-1]],[[0.3,1],[-1,0.2]],[[0.7,-0.4],[0.1,0.9]]]",
    "h0": "0.1,0.2;0.3,-0.1",
    "W": "0.1,0.2;0.4,-0.5",
    "U": "0.3,-0.2;0.5,0.1",
    "b": "0.1,0.2",
    "G": "[[[1,2],[0.5,-1]],[[0.3,1],[-1,0.2]],[[0.7,-0.4],[0.1,0.9]]]",
}


def wrong(forward: str, backward: str, at: dict[str, str]) -> list[tuple[int, str, str]]:
    """The lines that are wrong in themselves, with their repairs and what is said; every line where none is wrong."""
    values = {name: read_array(text, name) for name, text in at.items()}
    lines, _ = checked_lines(program(forward, "forward.py", ProgramRequest(values)), backward, "backward.py")
    assert len(lines) >= len(at)
    return [(one.line, one.repair.strip(), one.diagnosis) for one in lines if one.is_wrong and not one.follows]


@pytest.mark.parametrize("forward, backward, at", [(FORWARD, BACKWARD, AT), (RECURRENT, STEP_BACK, OF_STEPS)])
def test_right_helpers_are_right(forward, backward, at):
    assert wrong(forward, backward, at) == []


@pytest.mark.parametrize(
    "was, slip, words",
    [
        ("1 - y ** 2", "1 - y", "y is not squared"),
        ("dx = dout @ w.T", "dx = -dout @ w.T", "the sign is wrong"),
        ("db = dout.sum(axis=0)", "db = dout.mean(axis=0)", "a mean in place of a sum"),
        ("dgamma = (dout * xhat)", "dgamma = (dout * gamma)", "gamma taken for xhat"),
        ("- xhat * (g", "+ xhat * (g", "the sign is wrong"),
        ("dn, dW2, db2 = affine_backward(G, cache3)", "dn, dW2, db2 = affine_backward(2 * G, cache3)", ""),
    ],
)
def test_a_slip_in_a_helper_is_told_at_its_line_once(was, slip, words):
    text = BACKWARD.replace(was, slip)
    line = next(n for n, own in enumerate(text.split("\n"), 1) if slip in own)
    found = wrong(FORWARD, text, AT)
    assert [place for place, _, _ in found] == [line]
    assert words in found[0][2]
    if words:
        assert found[0][1] == BACKWARD.split("\n")[line - 1].strip()


@pytest.mark.parametrize(
    "was, slip",
    [
        ("dz = dh * (1 - h ** 2)", "dz = dh * (1 - h)"),
        ("dW = x.T @ dz", "dW = x.T @ dh"),
        ("dU = prev.T @ dz", "dU = h.T @ dz"),
        ("db = dz.sum(axis=0)", "db = dz.mean(axis=0)"),
        ("dprev = dz @ U.T", "dprev = dz @ U"),
    ],
)
def test_a_step_that_a_loop_calls_gives_the_gradients_of_its_own_use(was, slip):
    text = STEP_BACK.replace(was, slip)
    line = next(n for n, own in enumerate(text.split("\n"), 1) if slip in own)
    assert {(place, repair) for place, repair, _ in wrong(RECURRENT, text, OF_STEPS)} == {(line, was)}


def test_a_name_that_a_helper_returns_scaled_is_no_gradient_yet():
    forward = """
def loss_forward(x, Y):
    e = np.exp(x)
    p = e / e.sum(axis=1, keepdims=True)
    return -np.sum(Y * np.log(p)) / len(Y), (x, p, Y)

s = X @ W
loss, cache = loss_forward(s, Y)
"""
    backward = """
def loss_backward(cache):
    x, p, Y = cache
    dx = p - Y
    return dx / len(x)

ds = loss_backward(cache)
dW = X.T @ ds
dX = ds @ W.T
"""
    at = {"X": AT["X"], "W": AT["W1"], "Y": "1,0,0;0,1,0;0,0,1"}
    assert wrong(forward, backward, at) == []
    assert [place for place, _, _ in wrong(forward, backward.replace("p - Y", "p + Y"), at)] == [4]


def test_what_a_def_is_given_for_two_outcomes_is_the_gradient_beside_the_other():
    forward = "c = np.tanh(X @ W)\nh = c * c\nloss = np.sum(h * Y) + np.sum(c * Z)\n"
    backward = """
def cell_backward(dh, dc, cache):
    dcell = dc + 2 * c * dh
    dW = X.T @ (dcell * (1 - c ** 2))
    dX = (dcell * (1 - c ** 2)) @ W.T
    return {"dX": dX, "dW": dW}
"""
    at = {"X": AT["X"], "W": AT["W1"], "Y": "1,0,2;0,1,1;0.5,0,1", "Z": "1,0.5,1;2,0,1;1,1,3"}
    values = {name: read_array(text, name) for name, text in at.items()}
    lines, _ = checked_lines(program(forward, "forward.py", ProgramRequest(values)), backward, "backward.py")
    assert {one.name: one.verdict for one in lines} == {"dX": "right", "dW": "right"}


SQUARES = "x, t = np.array([0.4, -1]), np.array([1, 0])\nz = W @ x + b\nloss = 0.5 * np.sum((z - t) ** 2)\n"
OF_SQUARES = """\
def cost_derivative(output, target):
    return output - target

delta = cost_derivative(z, t)
grad_b = delta
grad_W = np.outer(delta, x)
"""
OF_THOSE = {"W": "1,0.5;-0.5,0.3", "b": "0.1,0.2"}


def test_a_sign_in_a_def_that_a_local_name_is_made_by_is_told_in_the_def():
    """Where a minus before the call would be as right."""
    assert wrong(SQUARES, OF_SQUARES, OF_THOSE) == []
    found = wrong(SQUARES, OF_SQUARES.replace("output - target", "target - output"), OF_THOSE)
    assert {one[0] for one in found} == {2}


NORM = """
def norm_forward(x, gamma):
    mu, std = x.mean(axis=0), np.sqrt(x.var(axis=0) + 0.1)
    x_norm = (x - mu) / std
    return gamma * x_norm, (x, x_norm, mu, std, gamma)

def norm_backward(dout, cache):
    x, x_norm, mu, std, gamma = cache
    dgamma = (dout * x_norm).sum(axis=0)
    dx_norm = dout * gamma
    dvar = np.sum(dx_norm * (x - mu) * -0.5 * std ** -3, axis=0)
    dmu = np.sum(-dx_norm / std, axis=0) + dvar * np.mean(-2.0 * (x - mu), axis=0)
    dx = dx_norm / std + dvar * 2.0 * (x - mu) / x.shape[0] + dmu / x.shape[0]
    return dx, dgamma

out, cache = norm_forward(x, gamma)
loss = np.sum(out * g)
dx, dgamma = norm_backward(g, cache)
"""
GROUPS = """
def group_forward(x, gamma, G):
    N, C, L = x.shape
    xg = x.reshape(N, G, C // G, L)
    inv = 1 / np.sqrt(xg.var(axis=(2, 3), keepdims=True) + 0.1)
    xhat = ((xg - xg.mean(axis=(2, 3), keepdims=True)) * inv).reshape(N, C, L)
    return xhat * gamma[None, :, None], (xhat, inv, gamma, G)

def group_backward(dout, cache):
    xhat, inv, gamma, G = cache
    N, C, L = dout.shape
    dgamma = (dout * xhat).sum(axis=(0, 2))
    dxhat = (dout * gamma[None, :, None]).reshape(N, G, C // G, L)
    xh = xhat.reshape(N, G, C // G, L)
    m = C // G * L
    s1 = dxhat.sum(axis=(2, 3), keepdims=True)
    s2 = (dxhat * xh).sum(axis=(2, 3), keepdims=True)
    dx = inv / m * (m * dxhat - s1 - xh * s2)
    return dx.reshape(N, C, L), dgamma

out, cache = group_forward(x, gamma, 2)
loss = np.sum(out * g)
dx, dgamma = group_backward(g, cache)
"""
CELL = """
class Cell:
    def __init__(self, W):
        self.W, self.dW, self.kept = W, np.zeros_like(W), []

    def step(self, x, h):
        xh = np.concatenate([x, h], axis=1)
        h_next = np.tanh(xh @ self.W)
        self.kept.append((xh, h_next))
        return h_next

    def back(self, dh):
        xh, h_next = self.kept.pop()
        dz = dh * (1 - h_next ** 2)
        self.dW += xh.T @ dz
        dxh = dz @ self.W.T
        return dxh[:, 2:]

cell = Cell(W)
h = np.zeros((2, 2))
for k in range(3):
    h = cell.step(xs[k], h)
loss = np.sum(h * G)
dh = G
for k in range(3):
    dh = cell.back(dh)
dW = cell.dW
"""
AT_GROUPS = {"x": (2, 4, 2), "gamma": (4,), "g": (2, 4, 2)}
AT_NORM = {"x": (3, 2), "gamma": (2,), "g": (3, 2)}
AT_CELL = {"xs": (3, 2, 2), "W": (4, 2), "G": (2, 2)}


@pytest.mark.parametrize(
    "text, at, was, slip, lines",
    [
        (GROUPS, AT_GROUPS, "", "", []),
        (GROUPS, AT_GROUPS, "m = C // G * L", "m = C * L", [15]),
        (GROUPS, AT_GROUPS, "axis=(0, 2)", "axis=0", [12]),
        (NORM, AT_NORM, "std ** -3", "std ** -1", [11]),  # dvar, which comes to nothing in dmu
        (CELL, AT_CELL, "", "", []),
        (CELL, AT_CELL, "xh.T @ dz", "xh.T @ dh", [15]),
        (CELL, AT_CELL, "1 - h_next ** 2", "1 - h_next", [14]),
    ],
)
def test_defs_above_both_passes_of_a_file_are_judged(text, at, was, slip, lines):
    draw = np.random.default_rng(2)
    request = ProgramRequest({name: np.round(draw.normal(size=shape), 2) for name, shape in at.items()})
    found = checked_lines(program(text.replace(was, slip, 1), "file.py", request), None)[0]
    assert found
    assert [one.line for one in found if one.is_wrong and not one.follows] == lines
