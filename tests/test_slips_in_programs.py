"""What goes wrong in backward passes of programs, as students hand them in, is named for what it is."""

from __future__ import annotations

import re
from functools import cache

import numpy as np
import pytest

import netcalc


def draw(seed, *shape):
    return np.round(np.random.default_rng(seed).uniform(-1.5, 1.5, shape), 2)


def softmax(z):
    grown = np.exp(z - z.max(-1, keepdims=True))
    return grown / grown.sum(-1, keepdims=True)


def classifier():
    """Two layers, and cross-entropy."""
    x, W1, b1, W2, b2, y = draw(1, 3, 2), draw(2, 2, 3), draw(3, 3), draw(4, 3, 4), draw(5, 4), np.array([0, 2, 1])
    a1 = np.tanh(x @ W1 + b1)
    p, t = softmax(a1 @ W2 + b2), np.eye(4)[y]
    dz2 = (p - t) / 3
    da1 = dz2 @ W2.T
    beside = (p - np.eye(4)[y + 1]) / 3
    yield {"x": x, "W1": W1, "b1": b1, "W2": W2, "b2": b2, "y": y}
    yield "dW2", a1.T @ (p - t), "the mean's 1/3 left out"
    yield "dW1", x.T @ da1, "tanh′ left out"
    yield "dW1", x.T @ (da1 * (1 - a1)), "tanh′ taken as 1 − tanh"
    yield "dW1", x.T @ (da1 * (1 - np.tanh(a1) ** 2)), "tanh′ taken at tanh"
    yield "db2", dz2[0], "not summed over the samples: the first one's gradient alone"
    yield "dz2", beside, "each index taken one too high"
    yield "dW2", a1.T @ beside, "each index taken one too high"
    yield "dz2", p / 3, "the target left out"


def residual():
    """A block around which its input goes."""
    x, W1, W2, t = draw(1, 3, 2), draw(2, 2, 4), draw(3, 4, 2), draw(4, 3, 2)
    z = x @ W1
    dout = 2 * (x + np.maximum(z, 0) @ W2 - t) / 6
    dh = dout @ W2.T
    yield {"x": x, "W1": W1, "W2": W2, "t": t}
    yield "dx", (dh * (z > 0)) @ W1.T, "a path left out: the one from x through out"
    yield "dx", dout, "a path left out: the one from x through"
    yield "dW1", x.T @ dh, "relu′ left out"


def attention():
    """Attention with a causal mask."""
    q, k, v, c = (draw(seed, 3, 4) for seed in (1, 2, 3, 4))
    free = q @ k.T / 2
    p, dp = softmax(np.where(np.triu(np.ones((3, 3)), 1) > 0, -1e30, free)), c @ v.T
    ds = p * (dp - (dp * p).sum(1, keepdims=True))
    yield {"q": q, "k": k, "v": v, "c": c}
    yield "dv", softmax(free).T @ c, "the mask left out of S"
    yield "dq", ds @ k, "the factor ½ left out"
    yield "dS", dp - (dp * p).sum(1, keepdims=True), "p left out of softmax's Jacobian"
    yield "dS", dp * p * (1 - p), "the Jacobian of softmax taken as its diagonal alone"


def convolution():
    """A convolution, and relu."""
    x, w, c = draw(1, 2, 1, 3, 3), draw(2, 1, 1, 2, 2), draw(3, 2, 1, 2, 2)
    places = [(n, i, j) for n in range(2) for i in range(2) for j in range(2)]
    dw, dx = np.zeros_like(w), np.zeros_like(x)
    for n, i, j in places:
        patch = x[n, 0, i : i + 2, j : j + 2]
        dz = c[n, 0, i, j] * ((patch * w[0, 0]).sum() > 0)
        dw[0, 0] += dz * patch
        dx[n, 0, i : i + 2, j : j + 2] += dz * w[0, 0, ::-1, ::-1]
    yield {"x": x, "w": w, "c": c}
    yield "dw", dw[:, :, ::-1, ::-1], "reversed along its last two axes"
    yield "dx", dx, "w reversed along its last axes"
    yield "dw", dw / 2, "averaged over the samples"


def decay():
    """A loss with weight decay in it."""
    x, W, t = draw(1, 4, 2), draw(2, 2, 3), draw(3, 4, 3)
    dW = x.T @ (x @ W - t) / 6
    yield {"x": x, "W": W, "t": t}
    yield "dW", dW, "the term 1/10·norm(W)^2 left out"
    yield "dW", dW + 0.4 * W, "2 times what it is"
    yield "dW", dW + 0.2 * W / 4, "the mean's 1/4 applied to"


PROGRAMS = {
    classifier: """import torch
import torch.nn.functional as F

a1 = torch.tanh(x @ W1 + b1)
z2 = a1 @ W2 + b2
loss = F.cross_entropy(z2, y)""",
    residual: """h = np.maximum(x @ W1, 0)
out = x + h @ W2
loss = np.mean((out - t)**2)""",
    attention: """import torch

S = q @ k.T / 2
S = S.masked_fill(torch.triu(torch.ones(3, 3), diagonal=1).bool(), -float('inf'))
P = torch.softmax(S, dim=-1)
loss = ((P @ v)*c).sum()""",
    convolution: """import torch.nn.functional as F

loss = (F.relu(F.conv2d(x, w))*c).sum()""",
    decay: "loss = np.mean((x @ W - t)**2) + 0.1*np.sum(W**2)",
}


@cache
def solved(make):
    at, *_ = make()
    return netcalc.gradients(PROGRAMS[make], at={name: one.tolist() for name, one in at.items()})


def written(array, digits):
    return [written(one, digits) for one in array] if np.ndim(array) else f"{array:.{digits}g}"


@pytest.mark.parametrize("digits", [12, 5])
@pytest.mark.parametrize("make, name, answer, cause", [(make, *slip) for make in PROGRAMS for slip in [*make()][1:]])
def test_a_slip_is_named(make, name, answer, cause, digits):
    found = netcalc.check(solved(make), {name: written(answer, digits)}).checked
    said = {one.diagnosis for one in found if one.is_wrong}
    assert len(said) == 1
    assert re.search(re.escape(cause), said.pop())
