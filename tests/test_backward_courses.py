"""Backward passes as courses and projects have them: right as they are; a slip is told at its line, by its cause."""

from __future__ import annotations

import re

import pytest

from netcalc.checking.backward.check import checked_lines
from netcalc.models.programs import ProgramRequest, program
from netcalc.result import CheckedLine
from netcalc.values import read_array

RECOMMENDER = """\
lam = 0.1
loss = 0.0
for k in range(len(r)):
    u, i = users[k], items[k]
    pred = 0.3 + bu[u] + bi[i] + np.dot(P[u], Q[i])
    loss += (r[k] - pred) ** 2
    loss += lam * (np.sum(P[u] ** 2) + np.sum(Q[i] ** 2) + bu[u] ** 2 + bi[i] ** 2)
"""
OF_RECOMMENDER = """\
dP, dQ = np.zeros(P.shape), np.zeros(Q.shape)
dbu, dbi = np.zeros(3), np.zeros(4)
for k in range(len(r)):
    u = users[k]
    i = items[k]
    e = r[k] - (0.3 + bu[u] + bi[i] + P[u].dot(Q[i]))
    dbu[u] += -2 * e + 2 * lam * bu[u]
    dbi[i] += -2 * e + 2 * lam * bi[i]
    dP[u] += -2 * e * Q[i] + 2 * lam * P[u]
    dQ[i] += -2 * e * P[u] + 2 * lam * Q[i]
"""
CAPTIONS = """\
def step_forward(x, prev_h, Wx, Wh):
    next_h = np.tanh(x.dot(Wx) + prev_h.dot(Wh))
    return next_h, (x, prev_h, Wx, Wh, next_h)

def step_backward(dnext_h, cache):
    x, prev_h, Wx, Wh, next_h = cache
    dz = dnext_h * (1 - next_h ** 2)
    return dz.dot(Wx.T), dz.dot(Wh.T), x.T.dot(dz), prev_h.T.dot(dz)

T = x.shape[1]
h = np.zeros((2, T, 3))
caches = []
prev = h0
for t in range(T):
    prev, cache = step_forward(x[:, t], prev, Wx, Wh)
    h[:, t] = prev
    caches.append(cache)
loss = 0.5 * np.sum((h - y) ** 2)

dh = h - y
dx = np.zeros_like(x)
dWx, dWh = np.zeros_like(Wx), np.zeros_like(Wh)
dprev = np.zeros_like(h0)
for t in reversed(range(T)):
    dx[:, t], dprev, dWx_t, dWh_t = step_backward(dh[:, t] + dprev, caches[t])
    dWx += dWx_t
    dWh += dWh_t
dh0 = dprev
"""
POLICY = """\
eph = np.dot(epx, W1.T)
eph[eph < 0] = 0
p = 1.0 / (1.0 + np.exp(-np.dot(eph, W2)))
loss = -np.sum(epr * (epy * np.log(p) + (1 - epy) * np.log(1 - p)))
"""
OF_POLICY = """\
dlogp = (p - epy) * epr
dW2 = np.dot(eph.T, dlogp)
dh = np.outer(dlogp, W2)
dh[eph <= 0] = 0
dW1 = np.dot(dh.T, epx)
"""
ELEVEN_LINES = """\
def nonlin(x, deriv=False):
    if deriv == True:
        return x * (1 - x)
    return 1 / (1 + np.exp(-x))

l1 = nonlin(np.dot(X, syn0))
l2 = nonlin(np.dot(l1, syn1))
loss = 0.5 * np.sum((y - l2) ** 2)

l2_error = l2 - y
l2_delta = l2_error * nonlin(l2, deriv=True)
l1_error = l2_delta.dot(syn1.T)
l1_delta = l1_error * nonlin(l1, deriv=True)
dsyn1 = l1.T.dot(l2_delta)
dsyn0 = X.T.dot(l1_delta)
"""
COURSERA = """\
m = X.shape[0]
Lambda = 0.7
a1 = np.hstack([np.ones((m, 1)), X])
h = 1 / (1 + np.exp(-a1.dot(Theta.T)))
J = np.sum(-Y * np.log(h) - (1 - Y) * np.log(1 - h)) / m
J = J + Lambda / (2 * m) * np.sum(Theta[:, 1:] ** 2)
"""
OF_COURSERA = """\
Delta = np.zeros(Theta.shape)
for t in range(m):
    d = h[t] - Y[t]
    Delta += np.outer(d, a1[t])
Theta_grad = Delta / m
Theta_grad[:, 1:] += Lambda / m * Theta[:, 1:]
"""
STEPS = """\
dt = 0.1
zs = [z0]
for k in range(4):
    zs.append(zs[-1] + dt * np.tanh(W @ zs[-1] + b))
loss = 0.5 * np.sum((zs[-1] - target) ** 2)
"""
OF_STEPS = """\
adj = zs[-1] - target
dW = np.zeros((2, 2))
db = np.zeros(2)
for k in reversed(range(4)):
    f = np.tanh(W @ zs[k] + b)
    g = adj * (1 - f ** 2) * dt
    dW += np.outer(g, zs[k])
    db += g
    adj = adj + W.T @ g
dz0 = adj
"""
CONTRAST = """\
tau = 0.5
sim = z @ z.T / tau
e = np.exp(sim)
loss = np.sum(np.log(e.sum(axis=1)) - sim[:, 0])
"""
OF_CONTRAST = """\
dsim = e / e.sum(axis=1, keepdims=True)
dsim[:, 0] -= 1
dz = (dsim + dsim.T) @ z / tau
"""
TAIL = """\
h = np.concatenate([c, s])
out = h @ W
loss = 0.5 * np.sum((out - t) ** 2)
"""
OF_TAIL = """\
dout = out - t
dW = np.outer(h, dout)
dh = W @ dout
dc = dh[:2]
ds = dh[2:]
"""
NORM = """\
xc = x - x.mean(0)
var = (xc ** 2).mean(0)
istd = 1 / np.sqrt(var + 1e-5)
xhat = xc * istd
loss = np.sum(xhat * t)
"""
OF_NORM = """\
N = x.shape[0]
dxhat = t
dvar = np.sum(dxhat * xc, axis=0) * -0.5 * istd ** 3
dx = dxhat * istd + dvar * 2 * xc / N - np.mean(dxhat * istd, axis=0)
"""
DECAY = """\
def softmax_loss(W, X, y, reg):
    N = X.shape[0]
    e = np.exp(X @ W)
    p = e / e.sum(axis=1, keepdims=True)
    loss = -np.log(p[np.arange(N), y]).sum() / N + reg * np.sum(W * W)
    p[np.arange(N), y] -= 1
    dW = X.T @ p
    dW /= N
    dW += 2 * reg * W
    return loss, dW

out = softmax_loss(W, X, y, reg)
"""
IMAGE = """\
def im2col(x):
    cols = np.zeros((2, 2, 2, 2))
    for i in range(2):
        for j in range(2):
            cols[i, j] = x[i:i + 2, j:j + 2]
    return cols.reshape(4, 4).T

def col2im(cols):
    c = cols.T.reshape(2, 2, 2, 2)
    img = np.zeros((3, 3))
    for i in range(2):
        for j in range(2):
            img[i:i + 2, j:j + 2] += c[i, j]
    return img

cols = im2col(x)
loss = np.sum((w @ cols) * t)
dw = t @ cols.T
dcols = w.T @ t
dx = col2im(dcols)
"""
AT = {
    NORM: {"x": "0.5,-1.2;0.3,0.8;1.4,0.2", "t": "0.7,-0.2;-0.5,0.9;0.4,0.3"},
    DECAY: {"W": "0.5,-1.2;0.3,0.8", "X": "0.7,-0.2;-0.5,0.9;0.4,0.3", "y": "0,1,1", "reg": "0.3"},
    IMAGE: {
        "x": "0.5,-1.2,0.1;0.3,0.8,-0.4;1.4,0.2,0.6",
        "w": "0.3,-0.8,0.6,0.1;0.2,0.5,-0.7,0.4",
        "t": "0.7,-0.2,0.4,0.9;0.1,0.6,-0.3,0.8",
    },
    POLICY: {
        "epx": "0.5,-1.2;0.3,0.8;1.4,0.2",
        "W1": "0.7,-0.2;-0.5,0.9;0.4,0.3",
        "W2": "0.3,-0.8,0.6",
        "epy": "1,0,1",
        "epr": "0.5,-0.7,1.2",
    },
    ELEVEN_LINES: {"X": "0.2,0.7;0.9,-0.1", "y": "0;1", "syn0": "0.3,-0.6,0.2;0.5,0.1,-0.4", "syn1": "0.4;-0.3;0.7"},
    COURSERA: {"X": "0.2,0.7;0.9,-0.1;-0.6,0.4", "Y": "1,0;0,1;1,1", "Theta": "0.3,-0.6,0.2;0.5,0.1,-0.4"},
    STEPS: {"z0": "0.4,-0.7", "W": "0.3,-0.9;0.8,0.2", "b": "0.1,-0.3", "target": "0.6,0.2"},
    CONTRAST: {"z": "0.5,-0.2;0.3,0.8;-0.4,0.6"},
    TAIL: {"c": "0.4,-0.7", "s": "0.3,0.9", "W": "0.3,-0.9;0.8,0.2;0.5,-0.4;-0.6,0.7", "t": "0.1,-0.2"},
    RECOMMENDER: {
        "P": "0.5,-1.2;0.3,0.8;-0.7,0.4",
        "Q": "1.1,0.2;-0.6,0.9;0.4,-0.3;0.7,1.3",
        "bu": "0.1,-0.2,0.3",
        "bi": "0.4,0.2,-0.5,0.6",
        "users": "0,2,1,0,2",
        "items": "1,3,0,2,1",
        "r": "3.5,1.5,4,2,5",
    },
    CAPTIONS: {
        "x": "[[[0.5,-1.2],[0.3,0.8],[1.4,0.2]],[[-0.7,0.4],[0.9,-0.1],[0.6,1.1]]]",
        "h0": "0.2,-0.4,0.1;0.5,0.3,-0.6",
        "Wx": "0.7,-0.2,0.4;-0.5,0.9,0.3",
        "Wh": "0.3,0.6,-0.2;-0.8,0.1,0.5;0.4,-0.3,0.7",
        "y": "[[[0.1,0.2,-0.3],[0.4,-0.5,0.6],[0.2,0.2,0.1]],[[0.3,-0.1,0.5],[-0.2,0.4,0.1],[0.6,-0.6,0.2]]]",
    },
}
PASSES = {
    "recommender": (RECOMMENDER, OF_RECOMMENDER),
    "captions": (CAPTIONS, None),
    "policy": (POLICY, OF_POLICY),
    "eleven lines": (ELEVEN_LINES, None),
    "coursera": (COURSERA, OF_COURSERA),
    "steps": (STEPS, OF_STEPS),
    "contrast": (CONTRAST, OF_CONTRAST),
    "tail": (TAIL, OF_TAIL),
    "norm": (NORM, OF_NORM),
    "decay": (DECAY, None),
    "image": (IMAGE, None),
}


def lines_of(forward: str, backward: str | None, at: dict[str, str]) -> tuple[CheckedLine, ...]:
    """The verdicts on a backward pass, or on that of a forward pass that has it in its own text."""
    values = {name: read_array(text, name) for name, text in at.items()}
    problem = program(forward, "forward.py", ProgramRequest(values, elsewhere=list(values)))
    return checked_lines(problem, *(() if backward is None else (backward, "backward.py")))[0]


def wrong_with(forward: str, backward: str | None, was: str, put: str) -> list[CheckedLine]:
    """What is wrong in itself with a slip, which is put in the place of the last text that is as was says."""
    text = backward or forward
    assert was in text
    slipped = put.join(text.rsplit(was, 1))
    own = (forward, slipped) if backward else (slipped, None)
    return [one for one in lines_of(*own, AT[forward]) if one.is_wrong and not one.follows]


@pytest.mark.parametrize("forward, backward", PASSES.values(), ids=PASSES)
def test_right_as_it_is(forward, backward):
    lines = lines_of(forward, backward, AT[forward])
    assert lines
    assert [(one.name, one.line, one.diagnosis) for one in lines if one.is_wrong] == []


SLIPS = [
    (RECOMMENDER, OF_RECOMMENDER, "e * Q[i]", "e * P[u]", r"P\[u\] taken for Q\[i\]"),
    (RECOMMENDER, OF_RECOMMENDER, "2 * lam * bi[i]", "lam * bi[i]", "a factor 2 left out"),
    (RECOMMENDER, OF_RECOMMENDER, " + 2 * lam * bu[u]", "", "a term left out"),
    (CAPTIONS, None, "dh[:, t] + dprev, ", "dh[:, t], ", r"a path is missing: \+ dprev"),
    (RECOMMENDER, OF_RECOMMENDER, " + bi[i] + P[u]", " + P[u]", r"e is not what the forward pass has: .*bi\[i\]"),
    (POLICY, OF_POLICY, "eph <= 0", "eph >= 0", "the mask is the other way round"),
    (ELEVEN_LINES, None, "l2_error = l2 - y", "l2_error = y - l2", "the sign is wrong"),
    (ELEVEN_LINES, None, "l2_delta.dot(syn1.T)", "l2_error.dot(syn1.T)", "l2_error taken for l2_delta"),
    (COURSERA, OF_COURSERA, "Delta / m", "Delta", "a factor 1/m left out"),
    (
        COURSERA,
        OF_COURSERA,
        "Theta_grad[:, 1:] += Lambda / m * Theta[:, 1:]",
        "Theta_grad += Lambda / m * Theta",
        r"all of Theta in place of Theta\[:, 1:\], a part",
    ),
    (STEPS, OF_STEPS, "W @ zs[k] + b", "W @ zs[k]", r"f is not what the forward pass has: .*\+ b"),
    (CONTRAST, OF_CONTRAST, " / tau", "", "a factor 1/tau left out"),
    (NORM, OF_NORM, "istd ** 3", "istd ** 2", "the exponent is 2 in place of 3"),
    (NORM, OF_NORM, "istd ** 3", "istd", "istd is not cubed"),
    (DECAY, None, "2 * reg", "reg", "a factor 2 left out"),
    (IMAGE, None, "+= c[i, j]", "= c[i, j]", "overwritten where it is accumulated"),
    (TAIL, OF_TAIL, "dh[:2]", "dh[-2:]", r"the wrong slice: \[-2:\] in place of \[:-2\]"),
]


@pytest.mark.parametrize("forward, backward, was, put, said", SLIPS, ids=[f"{one[2]} as {one[3]}" for one in SLIPS])
def test_a_slip_is_told_at_its_line(forward, backward, was, put, said):
    (wrong,) = wrong_with(forward, backward, was, put)
    text = backward or forward
    assert wrong.line == text[: text.rindex(was)].count("\n") + 1
    assert re.search(said, wrong.diagnosis)


def test_what_is_added_before_all_is_divided_goes_behind():
    was, put = "    dW /= N\n    dW += 2 * reg * W\n", "    dW += 2 * reg * W\n    dW /= N\n"
    (wrong,) = wrong_with(DECAY, None, was, put)
    assert wrong.line == 8
    assert wrong.diagnosis == "dW /= N scales what dW += 2 * reg * W adds, too: it is added behind that"
