"""Classes of a program: objects with settings and weights, their methods read where they are called."""

from __future__ import annotations

import numpy as np
import programs_oracle as oracle
import pytest

import netcalc
from netcalc.errors import NetcalcError

draw = np.random.default_rng(5)
VALUES = {
    "x": draw.normal(size=(2, 3, 4)),
    "Wq": draw.normal(size=(4, 4)),
    "Wk": draw.normal(size=(4, 4)),
    "Wv": draw.normal(size=(4, 4)),
    "g": draw.normal(size=4),
}
PROGRAMS = {
    "attention": """import numpy as np
class Attention:
    scale = 1.0
    def __init__(self, d_model: int, heads: int = 2):
        self.heads, self.d_k = heads, d_model // heads
    def split(self, x):
        B, T, C = x.shape
        return x.reshape(B, T, self.heads, self.d_k).transpose(0, 2, 1, 3)
    @staticmethod
    def softmax(z):
        e = np.exp(z - z.max(axis=-1, keepdims=True))
        return e / e.sum(axis=-1, keepdims=True)
    def forward(self, x, Wq, Wk, Wv):
        Q, K, V = (self.split(x @ W) for W in (Wq, Wk, Wv))
        p = self.softmax(self.scale * Q @ K.transpose(0, 1, 3, 2) / np.sqrt(self.d_k))
        return (p @ V).transpose(0, 2, 1, 3).reshape(x.shape)
loss = (Attention(4).forward(x, Wq, Wk, Wv) ** 2).mean()
""",
    "layers": """import numpy as np
class Layer:
    def __init__(self, weight):
        self.weight = weight
    def __call__(self, x):
        self.out = self.act(x @ self.weight)
        return self.out
    def act(self, z):
        return z
class Tanh(Layer):
    def act(self, z):
        return np.tanh(z)
class Net:
    def __init__(self, *weights):
        self.layers = [Tanh(W) for W in weights] + [Layer(g)]
    def __call__(self, x):
        for layer in self.layers:
            x = layer(x)
        return x
net = Net(Wq, Wk)
loss = net(x).sum() + (net.layers[0].out ** 2).mean()
""",
    "state": """import numpy as np
class Norm:
    @classmethod
    def of(cls, gain):
        made = cls()
        made.gain = gain
        return made
    def forward(self, x):
        self.mean = x.mean(-1, keepdims=True)
        return self.gain * (x - self.mean)
norm = Norm.of(g)
y = norm.forward(x)
loss = (y ** 3).mean() + (norm.mean ** 2).sum()
""",
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_objects_have_the_gradients_that_running_them_gives(name):
    text = PROGRAMS[name]
    values = {key: one for key, one in VALUES.items() if key in text}
    _, output, found = oracle.answers(text, values)
    np.testing.assert_allclose(output, oracle.run(text, values)["loss"], rtol=1e-10)
    for key, expected in oracle.differences(text, values, "loss").items():
        np.testing.assert_allclose(found[key], expected, rtol=1e-5, atol=1e-6)


def test_a_module_has_the_weights_that_are_given():
    text = """import torch
from torch import nn
class Scale(nn.Module):
    def __init__(self):
        super().__init__()
        self.w = nn.Parameter(torch.randn(2))
        self.register_buffer('m', torch.ones(2) * 2)
    def forward(self, x):
        return (self.w * x * self.m).sum()
net = Scale()
net.train()
loss = net(x)
"""
    result = netcalc.gradients(text, x=[1.5, 2], w=[3, 4])
    assert result.forward["loss"] == 25
    assert result.partials["w"] == [3, 4]
    assert result.partials["x"] == [6, 8]


def test_objects_may_know_each_other():
    text = "class N:\n    def __init__(self, x):\n        self.x, self.me = x * 2, self\nn = N(x)\nn.me.x += 1\nloss = n.x.sum()"
    result = netcalc.gradients(text, x=[1.5, 2])
    assert result.forward["loss"] == 9
    assert result.partials["x"] == [2, 2]


@pytest.mark.parametrize(
    "text, said",
    [
        ("class A:\n    def f(self, x):\n        return x.sum()", "line 1: the program computes nothing"),
        ("class P:\n    W: float\nloss = (x * P(b=x).W).sum()", "line 3: P takes W, each once"),
        ("class P:\n    W: float\n    b: float = 0\nloss = (x * P().b).sum()", "line 4: P lacks W"),
        ("class N:\n    def f(self, x):\n        return self.f(x)\nloss = N().f(x)", "line 3: N.f calls itself"),
        ("class N:\n    x = open('f')\nn = N()", "line 2: 'open' is not understood"),
        ("class N:\n    pass\nloss = N(2)", "line 3: N takes no arguments"),
        (
            "class V:\n    pass\nloss = V() + V()",
            r"line 3: '\+' is not understood between an object of V and an object",
        ),
        (
            "class N:\n    def f(self, h):\n        h += 1\n        return h\nh = x * 2\nc = N().f(h)\nloss = (h * c).sum()",
            "line 3: this changes 'h' too",
        ),
    ],
)
def test_what_is_no_pass_of_objects_is_refused(text, said):
    with pytest.raises(NetcalcError, match=said):
        netcalc.gradients(text, x=[1.5, 2])


@pytest.mark.parametrize(
    "text",
    [
        "class M:\n    def forward(self, x):\n        return np.sum(np.tanh(x @ self.W + self.b) ** 2)",
        """
import torch
class Net(torch.nn.Module):
    def __init__(self):
        super().__init__()
        self.W = torch.nn.Parameter(W)
        self.b = torch.nn.Parameter(b)
    def __call__(self, x):
        return (torch.tanh(x @ self.W + self.b) ** 2).sum()
""",
        """
from typing import NamedTuple
import jax.numpy as jnp
class P(NamedTuple):
    W: jnp.ndarray
    b: jnp.ndarray = 0
def forward(p: P, x):
    return jnp.sum(jnp.tanh(x @ p.W + p.b) ** 2)
""",
        """
from dataclasses import dataclass
import numpy as np
@dataclass
class Base:
    W: np.ndarray
@dataclass
class P(Base):
    b: np.ndarray
    power: int = 2
p = P(W, b=b)
loss = np.sum(np.tanh(x @ p.W + p.b) ** p.power)
""",
        """
from collections import namedtuple
P = namedtuple("P", "W b")
p = P(W=W, b=b)
loss = np.sum(np.tanh(x @ p.W + p.b) ** 2)
""",
    ],
)
def test_parameters_are_fields_and_a_class_alone_is_the_pass(text):
    x, W, b = draw.normal(size=(3, 2)), draw.normal(size=(2, 2)), draw.normal(size=2)
    h = np.tanh(x @ W + b)
    g = 2 * h * (1 - h**2)
    result = netcalc.gradients(text, x=x, W=W, b=b)
    np.testing.assert_allclose(result.partials["W"], x.T @ g, rtol=1e-12)
    np.testing.assert_allclose(result.partials["b"], g.sum(0), rtol=1e-12)


MODULE = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.W = nn.Parameter(torch.zeros(2, 2))
        self.b = nn.Parameter(torch.ones(2))

    def forward(self, x):
        return ((x @ self.W + self.b)**2).sum()
"""


def test_parameters_are_what_is_given_for_them():
    """∂/∂b is 2(x W + b), with what was given in the place of first values, and with these where nothing was."""
    found = netcalc.gradients(MODULE, x=[1.0, 2.0], W=[[1.0, 0.0], [3.0, -1.0]], b=[0.5, 0.0])
    assert found.partials["b"] == [15, -4]
    assert netcalc.gradients(MODULE, x=[1.0, 2.0], W=[[1.0, 0.0], [3.0, -1.0]]).partials["b"] == [16, -2]


def test_a_value_for_what_the_program_states_is_refused():
    with pytest.raises(NetcalcError, match="W is assigned in line 1 of the program"):
        netcalc.gradients("W = np.array([1.0, 2.0])\nloss = x @ W", x=[1.0, 2.0], W=[1.0, 1.0])


LAYER = """
import math, torch
import torch.nn as nn
from torch.nn.parameter import Parameter
class Layer(nn.Module):
    def __init__(self, inputs, outputs, bias=True):
        super().__init__()
        self.weight = Parameter(torch.FloatTensor(inputs, outputs))
        if bias:
            self.bias = Parameter(torch.Tensor(outputs))
        else:
            self.register_parameter("bias", None)
        self.linear = nn.Linear(outputs, outputs)
        self.reset_parameters()
    def reset_parameters(self):
        bound = 1. / math.sqrt(self.weight.size(1))
        self.weight.data.uniform_(-bound, bound)
        if self.bias is not None:
            self.bias.data.zero_()
        with torch.no_grad():
            self.linear.weight.normal_(0, 0.1)
        self.register_buffer("mask", torch.ones_like(self.linear.weight).tril())
    def forward(self, x):
        return nn.functional.linear(x @ self.weight + self.bias, self.linear.weight * self.mask, self.linear.bias)
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.first = Layer(2, 3)
        self.layers = nn.Sequential(nn.Tanh(), Layer(3, 1))
        self.last = nn.Linear(1, 1)
        self.last.weight.data.fill_(1.0)
    def forward(self, x):
        return self.last(self.layers(self.first(x))).sum()
"""


def test_layers_in_layers_fill_their_weights_themselves():
    """Their names are known when the layer has one; what they are filled with is passed over, as PyTorch's is."""
    found = netcalc.gradients(LAYER, shape={"x": "N,2"})
    wanted = "first_weight first_bias first_linear_weight first_linear_bias layers_1_weight layers_1_bias".split()
    assert set(wanted) <= set(found.formulas)
    assert found.formulas["first_linear_bias"]
    assert "last_weight" in found.formulas


def test_a_layer_of_a_kind_of_pytorchs_masks_its_weight():
    text = """
import torch, torch.nn as nn, torch.nn.functional as F
class Masked(nn.Conv2d):
    def __init__(self, kind, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.register_buffer("mask", self.weight.data.clone())
        self.mask.fill_(1)
        self.mask[:, :, 0, 1 + (kind == "B"):] = 0
    def forward(self, x):
        return F.conv2d(x, self.weight * self.mask, self.bias, self.stride, self.padding)
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = Masked("A", 1, 1, (1, 3), padding=(0, 1))
        self.b = Masked("B", 1, 1, (1, 3), padding=(0, 1), bias=False)
    def forward(self, x):
        return self.b(self.a(x)).sum()
"""
    at = {"x": [[[[1, 2, 3]]]], "a_weight": [[[[1, 5, 5]]]], "a_bias": [0], "b_weight": [[[[2, 3, 5]]]]}
    found = netcalc.gradients(text, at)
    assert found.forward["loss"] == 11  # a makes 0, 1, 2 of x; b makes 3·0, 2·0 + 3·1, 2·1 + 3·2 of that
    assert found.partials["a_weight"] == [[[[11, 0, 0]]]]


def test_a_loop_over_its_layers_that_fills_them_is_passed_over():
    text = """
import torch, torch.nn as nn
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.layers = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
        for m in self.modules():
            if isinstance(m, nn.Linear):
                fan = m.weight.size(0)
                nn.init.kaiming_normal_(m.weight, nonlinearity="relu")
                if m.bias is not None:
                    m.bias.data.zero_()
        for p in self.parameters():
            if p.dim() > 1:
                nn.init.xavier_uniform_(p)
    def forward(self, x):
        return self.layers(x).sum()
"""
    assert "layers_2_bias" in netcalc.gradients(text, shape={"x": "N,2"}).formulas
