"""Many edits of one graph at once: what each yields alone, and a few nodes run for each however long the program."""

from __future__ import annotations

import numpy as np
import pytest

import netcalc
from netcalc.checking import Checker
from netcalc.checking.causes import library as causes
from netcalc.checking.edits.catalogue import MISTAKES, ROUNDINGS
from netcalc.checking.edits.places import edits
from netcalc.checking.workings.abreast import Abreast
from netcalc.checking.workings.runs import FAILED
from netcalc.graph.node import Node

DRAW = np.random.default_rng(7)


def drawn(**shapes):
    return {name: DRAW.normal(size=shape).round(2) for name, shape in shapes.items()}


ATTENTION = """
import torch
import torch.nn.functional as F
n = F.layer_norm(X, (4,)) * g
q = (n @ Wq).view(2, 4, 2, 2).transpose(1, 2)
k = (n @ Wk).view(2, 4, 2, 2).transpose(1, 2)
v = (n @ Wv).view(2, 4, 2, 2).transpose(1, 2)
P = F.softmax(q @ k.transpose(-2, -1) / 2 ** 0.5, dim=-1)
a = (P @ v).transpose(1, 2).reshape(2, 4, 4)
h = torch.relu(X + a)
joined = torch.cat([h, a], dim=1).cumsum(1)
loss = (h.max(dim=-1).values * h[:, :, 0]).sum() + h[:, 1:3].norm() + joined.sum() ** 2
"""
RECURRENT = """
import numpy as np
def sigmoid(z):
    return 1 / (1 + np.exp(-z))
h = np.zeros((2, 3))
c = np.zeros((2, 3))
for t in range(2):
    z = x[t] @ Wx + h @ Wh + b
    i, f, g, o = np.split(z, 4, axis=1)
    c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
    h = sigmoid(o) * np.tanh(c)
loss = np.sum(h * h)
"""
LOOKED_UP = """
import numpy as np
e = E[ids]
z = e @ np.linalg.inv(A) + np.log(s)
p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
picked = p[np.arange(3), y]
loss = -np.log(picked).mean() + np.linalg.det(A) ** s.sum()
"""
PROGRAMS = {
    "attention": (ATTENTION, drawn(X=(2, 4, 4), g=(4,), Wq=(4, 4), Wk=(4, 4), Wv=(4, 4))),
    "recurrent": (RECURRENT, drawn(x=(2, 2, 2), Wx=(2, 12), Wh=(3, 12), b=(12,))),
    "looked up": (
        LOOKED_UP,
        drawn(E=(5, 2)) | {"A": [[1, 2], [3, 5]], "s": [1.5, 0.5], "ids": [0, 3, 3], "y": [1, 0, 1]},
    ),
}


@pytest.mark.parametrize("every", [5, pytest.param(1, marks=pytest.mark.nightly)])
@pytest.mark.parametrize("name", PROGRAMS)
def test_edits_at_once_yield_what_each_yields_alone(name, every):
    text, at = PROGRAMS[name]
    library = Checker(netcalc.gradients(text, at=at)).library
    (runs,) = library.runs
    found = [*edits(library.workings, MISTAKES), *edits(library.workings, ROUNDINGS)]
    with np.errstate(all="ignore"):
        abreast = Abreast(runs, [edit.instead for edit in found])
        for place, edit in list(enumerate(found))[::every]:
            try:
                alone = runs.edited(edit.instead)
            except FAILED:
                assert place in abreast.failed
                continue
            assert place not in abreast.failed, edit.said
            for value, together in zip(alone, abreast.roots, strict=True):
                np.testing.assert_allclose(together[place], value, rtol=1e-9, atol=1e-10, err_msg=edit.said)


def deep(layers):
    lines = ["import numpy as np", "h0 = x"]
    for n in range(1, layers + 1):
        lines += [
            f"z{n} = h{n - 1} @ W + b",
            f"a{n} = 1/(1 + np.exp(-z{n}))",
            f"m{n} = a{n} - a{n}.mean(axis=1, keepdims=True)",
            f"h{n} = np.tanh(m{n}) + h{n - 1}",
        ]
    return "\n".join([*lines, f"loss = ((h{layers} - t)**2).sum() / 2"])


def test_an_edit_of_a_program_of_sixty_lines_is_a_few_nodes_run(monkeypatch):
    library = Checker(netcalc.gradients(deep(14), at=drawn(x=(4, 3), t=(4, 3), W=(3, 3), b=(3,)))).library
    assert library.workings
    found, run = [], []
    value = Node.value

    def listed(*of):
        found[:] = edits(*of)
        return found

    def counted(node, arithmetic, arrays):
        run.append(node)
        return value(node, arithmetic, arrays)

    monkeypatch.setattr(causes, "edits", listed)
    monkeypatch.setattr(Node, "value", counted)
    assert len(library.singles) > 1000
    assert len(run) < 8 * len(found)
