"""Programs through lines of the reader's library that few go through: the same computed by NumPy, and its differences."""

from __future__ import annotations

import re

import numpy as np
import pytest
from programs_oracle import run

import netcalc
from netcalc.errors import NetcalcError
from netcalc.program.source import MAX_BRACKETS

draw = np.random.default_rng(3)
A, B = draw.normal(size=(3, 4)), draw.normal(size=(2, 4))
U, V = draw.normal(size=3), draw.normal(size=4)
Z, IMAGE = draw.normal(size=(2, 3, 4)), draw.normal(size=(2, 4, 5))
T = draw.dirichlet([1, 1, 1], size=(2, 4)).transpose(0, 2, 1)
WEIGHT, EVEN = np.array([0.5, 2.0, 1.5]), np.ones(3)

AS_NUMPY = {  # texts that NumPy runs
    "inner": ("y = (np.inner(A, B) ** 2).sum() + (np.inner(A, v) ** 2).sum()", {"A": A, "B": B, "v": V}),
    "meshgrid": ("p, q = np.meshgrid(u, v)\ny = (p**2 * q).sum() + p[0, 1] * q[2, 0]", {"u": U, "v": V}),
    "meshgrid-ij": (
        "p, q, r = np.meshgrid(u, v, u[:2], indexing='ij')\ny = (p**2 * q * r[..., :1]).sum() + p[0, 1, 1] * q[2, 0, 0]",
        {"u": U, "v": V},
    ),
    "lists": (
        (
            "parts = [v, 2 * v, 3 * v]\nparts[-1] = v**2\nparts[-3] = v**3\nlast = parts.pop()\nfirst = parts.pop(-2)\n"
            "parts.insert(0, first * last)\ny = (parts[0] + 5 * parts[1]).sum()"
        ),
        {"v": V},
    ),
    "diagonals": (
        (
            "d = np.diag(v, 1) @ np.diag(v, -1) @ np.diag(v, 1)\n"
            "y = (np.diag(A, 1) ** 2).sum() * np.diag(A, k=-2).sum() + d.sum() + (Z.diagonal(1, 0, 2) ** 3).sum()"
        ),
        {"A": A, "v": V, "Z": Z},
    ),
    "rests": ("y = (B[..., 1] * B[0, ...].sum() + B[..., None, 0].sum()).sum()", {"B": B}),
    "masks": (
        "m = np.array([True, False, True, False])\ny = (v[m] ** 2).sum() + (A[:, m] ** 3).sum()",
        {"v": V, "A": A},
    ),
    "places": (
        (
            "i, j = np.nonzero(np.array([[0, 1, 0], [2, 0, 3]]))\n(k,) = np.where(np.array([0, 1, 1]) > 0)\n"
            "y = (A[i, j] ** 2).sum() + (A[k] ** 3).sum()"
        ),
        {"A": A},
    ),
    "written-at-places": (
        (
            "z = A * 2\nz[np.array([0, 2, 0]), [1, 3, 1]] = u**2\nz[:, [0, 2]] = v[:2] ** 3\nz[[0, 1]] *= u[:2, None]\n"
            "y = (z * z).sum()"
        ),
        {"A": A, "u": U, "v": V},
    ),
    "written-nowhere": ("z = v * 2\nz[np.array([], dtype=int)] = 5\nz[1:1] = 7\ny = (z * z).sum()", {"v": V}),
    "written-by-masks": (
        "z = v * 2\nz[np.array([True, False, True, False])] = v[2:] ** 2\nz[v > 0.5] = 3\nz[z < 0] = v[:1]\ny = (z * z).sum()",
        {"v": V},
    ),
    "written-by-masks-of-an-axis": (
        (
            "z = A * 2\nz[np.array([True, False, True])] = v\nz[:, np.array([True, False, False, True])] += u[:, None]\n"
            "y = (z * z).sum()"
        ),
        {"A": A, "u": U, "v": V},
    ),
    "sums": (
        "y = (sum([v, 2 * v], start=v**2) * sum(A) * sum(A, v)).sum() + sum(v[k] ** k for k in range(3))",
        {"v": V, "A": A},
    ),
    "dots": ("y = (np.dot(A.T, Z) ** 2).sum() + (np.dot(u, Z) ** 3).sum()", {"A": A, "u": U, "Z": Z}),
    "part-unchanged": ("z = v * 2\np = z[1:]\nz[0] = 5\ny = (p * p).sum() + z.sum()", {"v": V}),
    "of-one": ("y = v[:1].max() * 3 + (A[:, :1].min(axis=1) ** 2).sum()", {"v": V, "A": A}),
    "in": ("y = (v * (2 if 3 in [1, 2] else 5) * (7 if 2 in (1, 2) else 11)).sum()", {"v": V}),
    "starred": (
        "a, *rest, c = [v[0], 2 * v[1], v[2] ** 2, v[3] ** 3]\n*others, last = rest\ny = a * c + rest[0] * last",
        {"v": V},
    ),
    "norms": (
        (
            "y = (np.linalg.norm(A, np.inf, keepdims=True) * A).sum() + np.linalg.norm(A, -1) + np.linalg.norm(A, -np.inf) ** 2"
            " + 7 * np.linalg.norm(A, 1, axis=(1, 0))"
        ),
        {"A": A},
    ),
    "clip": ("y = (np.clip(v, None, 0.25) ** 3 + np.clip(v, -0.25, None) ** 2).sum()", {"v": V}),
    "modulo": ("y = (v * (7 % 4)).sum()", {"v": V}),
    "argmax": (
        "y = (np.argmax(A, axis=0) * v).sum() + (np.argmax(B, axis=1, keepdims=True) * B).sum() + np.argmax(A) * v[0]",
        {"A": A, "B": B, "v": V},
    ),
    "indices": ("k = [125, 3]\ny = (w[k] ** 2).sum()", {"w": np.linspace(-1, 1, 130)}),
    "split": ("p, q = np.split(v, 2)\ny = (p * q**2).sum()", {"v": V}),
}


def _log_softmax(z):
    apart = z - z.max(1, keepdims=True)
    return apart - np.log(np.exp(apart).sum(1, keepdims=True))


def _cross_entropy(z, t, weight=EVEN, smoothing=0.0):
    wide = weight.reshape([-1] + [1] * (z.ndim - 2))
    return -(wide * ((1 - smoothing) * t + smoothing / 3) * _log_softmax(z)).sum(1)


def _of_classes(z, classes):
    return -np.take_along_axis(_log_softmax(z), np.asarray(classes)[:, None], 1)[:, 0]


def _margins(z, classes, weight, p):
    hinges = [np.maximum(0, 1 - row[k] + row) ** p * weight[k] for row, k in zip(z, classes, strict=True)]
    return np.mean([(hinge.sum() - hinge[k]) / 3 for hinge, k in zip(hinges, classes, strict=True)])


def _windows(x):
    """All that is 2×2."""
    return np.stack([x[..., i : x.shape[-2] - 1 + i, j : x.shape[-1] - 1 + j] for i in (0, 1) for j in (0, 1)])


def _unfolded(x):
    """2×2 with a gap between columns, every second row of those padded."""
    wide = np.pad(x, [(0, 0), (1, 1), (0, 0)])
    channels, rows, columns = wide.shape
    places = [(i, j) for i in range(0, rows - 1, 2) for j in range(columns - 2)]
    offsets = [(c, a, b) for c in range(channels) for a in (0, 1) for b in (0, 2)]
    return np.array([[wide[c, i + a, j + b] for i, j in places] for c, a, b in offsets])


AS_PYTORCH = {  # texts, what they are given, and the same in NumPy of what is differentiated
    "smoothed": (
        "(F.cross_entropy(z, t, weight=w, label_smoothing=0.25, reduction='none') ** 2).sum()",
        {"z": Z, "t": T, "w": WEIGHT},
        {"z": lambda z: (_cross_entropy(z, T, WEIGHT, 0.25) ** 2).sum()}
        | {"t": lambda t: (_cross_entropy(Z, t, WEIGHT, 0.25) ** 2).sum()},
    ),
    "one-sample-smoothed": (
        "F.cross_entropy(z, t, label_smoothing=0.25)",
        {"z": Z[0, :, 0], "t": T[0, :, 0]},
        {"z": lambda z: _cross_entropy(z[None], T[:1, :, 0], smoothing=0.25).mean()},
    ),
    "probabilities": (
        "F.cross_entropy(z, t)",
        {"z": Z[:, :, 0], "t": T[:, :, 0]},
        {"z": lambda z: _cross_entropy(z, T[:, :, 0]).mean()},
    ),
    "classes-of-places": (
        "F.cross_entropy(z, k)",
        {"z": Z, "k": np.array([[0, 1, 2, 1], [2, 2, 0, 1]])},
        {"z": lambda z: _of_classes(z, [[0, 1, 2, 1], [2, 2, 0, 1]]).mean()},
    ),
    "margin": (
        "F.multi_margin_loss(z, k, weight=w)",
        {"z": Z[:, :, 0], "k": np.array([2, 0]), "w": WEIGHT},
        {"z": lambda z: _margins(z, [2, 0], WEIGHT, 1)},
    ),
    "margin-of-one": (
        "F.multi_margin_loss(z, k, p=2, weight=w)",
        {"z": Z[0, :, 0], "k": np.array(2), "w": WEIGHT},
        {"z": lambda z: _margins(z[None], [2], WEIGHT, 2)},
    ),
    "pool": (
        "(F.avg_pool2d(x, [2, 2], stride=(1, 1), divisor_override=3) ** 2).sum()",
        {"x": IMAGE},
        {"x": lambda x: ((_windows(x).sum(0) / 3) ** 2).sum()},
    ),
    "all-classes": (
        "(F.one_hot(k, -1) * z).sum()",
        {"k": np.array([2, 0]), "z": Z[:, :, 0]},
        {"z": lambda z: z[0, 2] + z[1, 0]},
    ),
    "distances": (
        "(torch.cdist(z, t) ** 3).sum()",
        {"z": Z, "t": Z[:, 1:] + 0.5},
        {"z": lambda z: (np.sqrt(((z[:, :, None] - (Z[:, 1:] + 0.5)[:, None]) ** 2).sum(-1)) ** 3).sum()},
    ),
    "unflattened": (
        "(x.unflatten(2, (-1, 2, 2)) * w[:4].reshape(2, 2)).sum()",
        {"x": Z, "w": V},
        {"x": lambda x: (x * V).sum()},
    ),
    "meshgrid-of-a-list": (
        "(torch.meshgrid([u, w], indexing='ij')[0] ** 2 * torch.meshgrid((u, w), indexing='ij')[1]).sum()",
        {"u": U, "w": V},
        {"u": lambda u: (np.square(u)[:, None] * V).sum(), "w": lambda w: (np.square(U)[:, None] * w).sum()},
    ),
    "layer-norm": (
        "(F.layer_norm(x, (4, 5), eps=0.01) ** 3).sum()",
        {"x": IMAGE},
        {
            "x": lambda x: (
                ((x - x.mean((1, 2), keepdims=True)) / np.sqrt(x.var((1, 2), keepdims=True) + 0.01)) ** 3
            ).sum()
        },
    ),
    "rms-norm": (
        "(F.rms_norm(x, (4, 5), eps=0.01) ** 3).sum()",
        {"x": IMAGE},
        {"x": lambda x: ((x / np.sqrt((x**2).mean((1, 2), keepdims=True) + 0.01)) ** 3).sum()},
    ),
    "unfold": (
        "(F.unfold(x, (2, 2), dilation=(1, 2), padding=(1, 0), stride=[2, 1])[:, 1::2] ** 3).sum()",
        {"x": IMAGE},
        {"x": lambda x: (_unfolded(x)[:, 1::2] ** 3).sum()},
    ),
}


def _differences(function, at, step=1e-6):
    found = np.zeros(at.shape)
    for place in np.ndindex(at.shape):
        moved = [
            at + by * (np.arange(at.size).reshape(at.shape) == np.ravel_multi_index(place, at.shape))
            for by in (step, -step)
        ]
        found[place] = (function(moved[0]) - function(moved[1])) / (2 * step)
    return found


@pytest.mark.parametrize("text, values", AS_NUMPY.values(), ids=AS_NUMPY)
def test_it_is_what_numpy_makes_of_it(text, values):
    text = f"import numpy as np\n{text}"
    result = netcalc.gradients(text, values)
    assert result.forward["y"] == pytest.approx(run(text, values)["y"], rel=1e-9)
    for name, at in values.items():
        slopes = _differences(lambda moved, name=name: run(text, values | {name: moved})["y"], at)
        np.testing.assert_allclose(np.array(result.partials[name], float), slopes, atol=1e-6)


@pytest.mark.parametrize("text, values, functions", AS_PYTORCH.values(), ids=AS_PYTORCH)
def test_it_is_what_pytorch_documents(text, values, functions):
    result = netcalc.gradients(f"import torch.nn.functional as F\ny = {text}", values)
    for name, function in functions.items():
        assert result.forward["y"] == pytest.approx(function(values[name]), rel=1e-9)
        slopes = _differences(function, values[name])
        np.testing.assert_allclose(np.array(result.partials[name], float), slopes, atol=1e-6)


def test_a_function_that_gives_several_arrays_is_traced():
    """A list of them comes back as one."""

    def halves(v):
        p, q = np.split(v, 2)
        return (p * q**2).sum()

    np.testing.assert_allclose(netcalc.gradients(halves, v=V).partials["v"], _differences(halves, V), atol=1e-6)


def test_signs_nest_as_deep_as_is_said_and_no_deeper():
    assert netcalc.gradients(f"y = x * {'-' * MAX_BRACKETS}x", {"x": 3.0}).partials["x"] == 6
    with pytest.raises(NetcalcError, match=f"an expression nests at most {MAX_BRACKETS} deep"):
        netcalc.gradients(f"y = x * {'-' * (MAX_BRACKETS + 1)}x", {"x": 3.0})


@pytest.mark.parametrize("lines", ["parts[3] = v", "parts[-4] = v", "parts.pop(3)", "parts.pop(-4)"])
def test_an_item_that_is_not_there_is_refused(lines):
    with pytest.raises(NetcalcError, match=r"item -?\d is not there: it has 3"):
        netcalc.gradients(f"parts = [v, 2 * v, 3 * v]\n{lines}\ny = parts[0].sum()", {"v": V})


@pytest.mark.parametrize("imported, ddof", [("torch", 1), ("numpy", 0)])
def test_a_library_is_known_by_what_is_imported_from_it(imported, ddof):
    """PyTorch's variance is divided by n - 1."""
    result = netcalc.gradients(f"from {imported} import linalg\ny = (v * v).var()", {"v": V})
    assert result.forward["y"] == pytest.approx((V * V).var(ddof=ddof))


def test_an_array_is_unequal_to_none():
    text = "y = (v * (2 if v != None else 5) * (3 if v == None else 7)).sum()"
    assert netcalc.gradients(text, {"v": V}).partials["v"] == [14] * 4


@pytest.mark.parametrize("name", ["f_bwd", "backward_of_f", "grad_f", "d_f", "f_grad", "f_vjp"])
def test_a_function_named_as_a_backward_pass_is_not_taken_for_the_forward_pass(name):
    text = f"def f(x):\n    return x**3\n\ndef {name}(x):\n    return 3 * x**2\n"
    assert netcalc.gradients(text, {"x": 2.0}).partials["x"] == 12


@pytest.mark.parametrize(
    "text, said",
    [
        ("y = np.maximum(v, 0, w).sum()", "maximum takes 2 arguments; the array that it writes into is out="),
        ("v.shape = (2, 2)\ny = v.sum()", "an array's shape is not assigned to; write x = x.reshape"),
        ("z = v * 2\np = z[1:]\nz[1] = 5\ny = (p * p).sum()", "line 4: this changes 'p' too, a part of 'z'"),
        ("z = v * 2\np = z[1:]\nz += 1\ny = (p * p).sum()", "line 4: this changes 'p' too, a part of 'z'"),
        (
            "z = v * 2\nparts = [z, v]\nz += 1\ny = parts[0].sum()",
            "line 4: this changes 'parts' too, which has the same array in it",
        ),
    ],
)
def test_what_would_be_another_answer_is_refused(text, said):
    with pytest.raises(NetcalcError, match=re.escape(said)):
        netcalc.gradients(f"import numpy as np\n{text}", {"v": V, "w": V} if "w)" in text else {"v": V})


def test_an_error_in_a_traced_function_has_the_line_of_the_function():
    def broken(v):
        return np.linalg.qr(v)[0].sum()

    with pytest.raises(NetcalcError) as told:
        netcalc.gradients(broken, v=A)
    assert told.value.source.strip() == "return np.linalg.qr(v)[0].sum()"
    assert told.value.source[told.value.position :].startswith("return")
