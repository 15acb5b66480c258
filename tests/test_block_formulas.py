"""The blocks' backward passes: each line has the value of its gradient, and the form that courses print."""

from __future__ import annotations

import re
from functools import cache

import numpy as np
import numpy_trees
import programs_oracle as oracle
import pytest
from test_blocks import BLOCKS, NUMBERS, drawn

import netcalc
from netcalc.examples import example
from netcalc.notation import to_ascii, to_unicode

UNREAD = {"windows", "overlap", "where", "erfc", "silu", "max", "tril", "triu"}  # by the trees' evaluator

PUBLISHED = [  # Ioffe and Szegedy 2015; Ba et al. 2016; Zhang and Sennrich 2019; CS231n; Dao et al. 2022, appendix B
    ("layernorm", "dx", "(dxhat − mean(dxhat, 1) − xhat ∘ mean(dxhat ∘ xhat, 1))/√(var(x, 1) + 1e-5)"),
    ("batchnorm", "dx", "(dxhat − mean(dxhat, 0) − xhat ∘ mean(dxhat ∘ xhat, 0))/√(var(x, 0) + 1e-5)"),
    ("rmsnorm", "dx", "(dxhat − xhat ∘ mean(dxhat ∘ xhat, 1))/√(mean(x², 1) + 1e-6)"),
    ("groupnorm", "dgroups", "(dghat − mean(dghat, 234) − ghat ∘ mean(dghat ∘ ghat, 234))/√(var(groups, 234) + 1e-5)"),
    ("transformer", "dr", "(dr1 − mean(dr1, 1) − r1 ∘ mean(dr1 ∘ r1, 1))/√(var(r, 1) + 1e-5) + dout"),
    ("softmax-cross-entropy", "dlogits", "(softmax(logits, 1) − one_hot(y, C))/N"),
    ("attention", "dS", "P ∘ (dP − sum(dP ∘ P, 1))"),
    ("attention", "dQ", "dS K/H^0.5"),
    ("attention", "dK", "dSᵀ Q/H^0.5"),
    ("attention", "dV", "Pᵀ dout"),
    ("mlp", "dshifted", "dlogp − exp(logp) ∘ sum(dlogp, 1)"),
    ("infonce", "du", "(dun − un ∘ sum(dun ∘ un, 1))/norm(u, 1)"),
    ("infonce", "dlogits", "(softmax(logits, 1) − one_hot(arange(N), N))/N"),
    ("vae", "dlogvar", "(dkl·(exp(logvar) − 1) + dz ∘ eps ∘ exp(logvar/2))/2"),
    ("l2", "dw", "Xᵀ dresidual + 2·dpenalty·λ·w"),
    ("gru", "dn", "dh ∘ (1 − z)"),
    ("lstm", "dzg", "dg ∘ (1 − g²)"),
    ("lstm", "db", "dz"),
    ("rnn", "dz", "dh ∘ (1 − h²)"),
    ("rnn", "dx", "[Wx dz@9.1, Wx dz@9.2, Wx dz]"),
    ("conv2d", "db", "sum(dz, axis=(0, 2, 3))"),
]


def text_of(name):
    return example(f"{name}.py" if name == "mlp" else name)


@cache
def in_letters(name):
    """Each gradient's formula, with letters for sizes."""
    shape = dict(word.split("=") for word in re.search(r"--shape (.*)", text_of(name))[1].split())
    return {
        tensor.name: tensor.formula for tensor in netcalc.gradients(text_of(name), shape=shape).tensors if tensor.of
    }


def letters(text):
    """A formula without spaces and brackets, axes as short as books have them."""
    text = re.sub(r", axis=(\d|\([\d, ]+\))", lambda found: "," + re.sub(r"\D", "", found[1]), text)
    text = text.replace(", keepdims=True", "")
    return re.sub(r"[ ()]", "", text)


@pytest.mark.parametrize("name, gradient, published", PUBLISHED)
def test_a_gradient_has_the_published_form(name, gradient, published):
    found = to_unicode(in_letters(name)[gradient])
    assert len(letters(found)) <= len(letters(published)), found
    assert sorted(letters(found)) == sorted(letters(published)), found


@pytest.mark.parametrize("name", [name.removesuffix(".py") for name in BLOCKS])
def test_each_line_has_the_value_of_its_gradient(name):
    text = text_of(name)
    values = drawn(name, text)
    program, output, _ = oracle.answers(text, values)
    delta = {"delta": np.random.default_rng(3).uniform(-1, 1, output.shape)} if output.size > 1 else {}
    result = netcalc.gradients(text, at={key: one.tolist() for key, one in values.items()}, **delta)
    at = NUMBERS | values | {tensor.name: numbers(tensor.entries) for tensor in result.tensors}
    at |= {f"d{program.output_name}": one for one in delta.values()}
    read = 0
    for key, tree in in_letters(name).items():
        if not UNREAD & set(re.findall(r"\w+", to_ascii(tree))):
            found = np.asarray(numpy_trees.value(tree, at))
            np.testing.assert_allclose(found, at[key], rtol=1e-9, atol=1e-12, err_msg=key)
            assert found.shape == at[key].shape
            read += 1
    assert read or name == "maxpool"


def numbers(entries):
    """The numbers of an answer, each the nearest to its value."""
    found = [getattr(one, "nearest", one) for one in entries.reshape(-1)]
    return np.array(found, dtype=float).reshape(entries.shape)


@pytest.mark.parametrize(
    "program, shapes, formulas",
    [
        ("c = x.mean()\nloss = (c*x).sum()\n", {"x": "n"}, {"c": "mean(x)"}),
        (
            "s = x.sum()\ny = x/s\nloss = (y*t).sum()\n",
            {"x": "n", "t": "n"},
            {"y": "x/s", "loss": "yᵀ t", "dt": "y", "dy": "t"},
        ),
        ("s = x.sum()\nu = s*w.sum()\nloss = u*u\n", {"x": "n", "w": "m"}, {"s": "sum(x)", "u": "s·sum(w)"}),
    ],
)
def test_the_forward_pass_is_written_without_the_names_of_gradients(program, shapes, formulas):
    result = netcalc.gradients(program, shape=shapes)
    written = {tensor.name: to_unicode(tensor.formula) for tensor in result.tensors}
    assert {name: written[name] for name in formulas} == formulas


WRITES = """
out = np.zeros((2, 2))
for i in range(2):
    out[i, 0] = np.sum(x[i:i+2] * w)
out[0, 0] += w[0]
loss = out.sum()
"""


@pytest.mark.parametrize(
    "program, shapes, formulas",
    [
        (
            WRITES,
            {"x": 3, "w": 2},
            {
                "out@4.1": "zeros(2, 2).at[0, 0].set(x[:2]ᵀ w)",
                "out@4.2": "out@4.1.at[1, 0].add(x[1:3]ᵀ w)",
            },
        ),
        (
            "q = x @ W\ns = q @ q.transpose(1, 2)\nloss = torch.softmax(s, -1).pow(2).sum()",
            {"x": "B,T,D", "W": "D,H"},
            {"dW": "sum(xᵀ dq, axis=0)"},
        ),
        (
            "loss = (h - t).pow(2).mean() + 0.01 * (W**2).sum()",
            {"h": "4,5", "t": "4,5", "W": "5,5"},
            {"loss": "mean((h − t)²) + ‖W‖²/100"},
        ),
        ("v = np.sum(x)/4\nloss = v*np.mean(x**2)", {"x": 4}, {"v": "sum(x)/4", "loss": "v·mean(x²)"}),
        (
            "h = F.conv2d(x, w, stride=(2, 1), padding=1)\nloss = F.relu(h).sum()",
            {"x": "N,2,5,5", "w": "3,2,3,3"},
            {"h": "conv2d(x, w, stride=(2, 1), padding=1)"},
        ),
        (
            "h = F.conv2d(F.pad(x, (1, 0)), w)\nloss = h.sum()",
            {"x": "N,C,H,W", "w": "F,C,3,3"},
            {"h": "conv2d(pad(x, [[0, 0], [0, 0], [0, 0], [1, 0]]), w)"},
        ),
        (
            "h = F.relu(F.linear(x, w, b))\ny = h.detach() * h\nloss = y.sum()",
            {"x": "N,D", "w": "H,D", "b": "H"},
            {"y": "detach(h) ∘ h", "dh": "dy ∘ detach(h)", "dw": "(dh ∘ where(h > 0, 1, 0))ᵀ x"},
        ),
        (
            "m = np.maximum(0, s)\nm[np.arange(len(y)), y] = 0\nloss = m.sum()",
            {"s": "5,3", "y": "5"},
            {"m": "where(one_hot(y, 3) ≠ 0, 0, m@1)"},
        ),
        (
            "hs = {-1: h0}\nfor t in range(2):\n    hs[t] = np.tanh(W @ hs[t-1] + x[t])\nloss = hs[1].sum()",
            {"h0": 2, "W": "2,2", "x": "2,2"},
            {"hs@3.1": "tanh(W h0 + x[0])", "hs": "tanh(W hs@3.1 + x[1])"},
        ),
        ("i = x.argmax(dim=-1)\nloss = x.sum()*i.sum()", {"x": "2,3"}, {"i": "argmax(x, axis=1)"}),
        (
            "q, k = (x @ W).chunk(2, dim=-1)\nloss = (q * k).sum()",
            {"x": "N,D", "W": "D,2*H"},
            {"q": "(x W)[:, :H]", "k": "(x W)[:, H:]", "dW": "xᵀ concat([dq, dk], axis=1)"},
        ),
        (
            "D = x.shape[1]\nf = 1/10000**(torch.arange(0, D, 2)/D)\nloss = (x[:, ::2]*f).sum()",
            {"x": "T,2D"},
            {"f": "1/10000^(arange(D)/D)", "loss": "sum(x[:, ::2], axis=0)ᵀ f"},
        ),
        (
            "s = (x * x).sum(1)\nd = s[None] - 2 * (x @ x.T) + s[:, None]\nloss = (d ** 2).sum()",
            {"x": "N,D"},
            {"d": "s − 2·x xᵀ + s[:, None]", "ds": "sum(dd, axis=0) + sum(dd, axis=1)"},
        ),
        ("loss = np.log(np.abs(np.linalg.det(A)))", {"A": "n,n"}, {"dA": "A⁻ᵀ"}),
        ("loss = np.kron(A, B).sum()", {"A": "m,n", "B": "p,q"}, {"dA": "sum(B)·ones((m, n))"}),
        ("loss = -np.log(p[range(len(y)), y]).mean()", {"p": "N,C", "y": "N"}, {"loss": "−mean(log(p[arange(N), y]))"}),
    ],
)
def test_a_line_is_written_as_it_is_typed(program, shapes, formulas):
    result = netcalc.gradients(program, shape=shapes)
    written = {tensor.name: to_unicode(tensor.formula) for tensor in result.tensors}
    assert {name: written[name] for name in formulas} == formulas


def test_what_a_later_write_replaces_gets_no_gradient_in_jax():
    """o2 keeps its own value there, though it is 0; a row that is written into zeros of an array is added."""
    text = "out = jnp.zeros((2, 3))\no2 = out.at[0, 1].set(x[0])\no3 = o2.at[1].set(x)\nloss = (o3 ** 2).sum()\n"
    result = netcalc.gradients(text, x=[1.0, 2.0, 3.0])
    assert result["do2"].numbers().tolist() == [[0, 2, 0], [0, 0, 0]]
    assert result["dx"].numbers().tolist() == [4, 4, 6]
