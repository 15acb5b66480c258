"""Programs: every path from an entry to the output, and gradients of the samples apart."""

from __future__ import annotations

import itertools
import json
from pathlib import Path

import mpmath
import numpy as np
import pytest
from typer.testing import CliRunner

import netcalc
from netcalc.cli import app
from netcalc.errors import NetcalcError

CELL = """
import torch
import torch.nn.functional as F

z = x @ W1 + b1
h = torch.tanh(z)
logits = h @ W2
loss = F.cross_entropy(logits, y)
"""
GIVEN = {
    "x": [["1.5", "-0.5"], ["0.25", "2"], ["-1", "0.3"]],
    "W1": [["0.5", "-1"], ["1", "0.5"]],
    "b1": ["0", "0.1"],
    "W2": [["1", "-1", "0"], ["0.5", "0.5", "-1"]],
    "y": [0, 2, 1],
}


def floats(name):
    return np.array(GIVEN[name], dtype=float)


def by_hand():
    """The parts of the pass, and the slopes along it, from their formulas."""
    z = floats("x") @ floats("W1") + floats("b1")
    h = np.tanh(z)
    logits = h @ floats("W2")
    p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return 1 - h**2, (p - np.eye(3)[GIVEN["y"]]) / 3


def test_paths_are_products_of_derivatives():
    """Each path's product is that of the derivatives along it, and they add up to the gradient."""
    result = netcalc.gradients(CELL, GIVEN, trace="dW1[0,1]")
    slope, dlogits = by_hand()
    paths = {tuple(one["through"]): one["product"] for one in result.trace["paths"]}
    assert len(paths) == 9
    for s, k in itertools.product(range(3), range(3)):
        way = ("W1[0,1]", f"z[{s},1]", f"h[{s},1]", f"logits[{s},{k}]", "loss")
        true = dlogits[s, k] * floats("W2")[1, k] * slope[s, 1] * floats("x")[s, 0]
        assert paths[way] == pytest.approx(true, rel=1e-12)
    assert sum(paths.values()) == pytest.approx(result.partials["W1"][0][1], rel=1e-12)
    assert result.trace["weight"] == "W1[0,1]"


def test_residual_paths():
    """A name that is used twice has a path through each use."""
    result = netcalc.gradients("a = 2 * x\nloss = a * a + a + 3 * x", {"x": "1/2"}, trace="x")
    found = [(tuple(one["through"]), one["product"]) for one in result.trace["paths"]]
    assert sorted(found) == [(("x", "a", "loss"), 6.0), (("x", "loss"), 3.0)]


def test_the_share_of_a_direct_path_is_not_called_the_gradient(tmp_path):
    path = tmp_path / "residual.py"
    path.write_text("h = w*x\nloss = h*h + w")
    outcome = CliRunner().invoke(app, ["net", str(path), "--at", "w=0.5", "x=2", "--trace", "dw"])
    assert "2: w → loss directly\n  path_2 = 1\n" in outcome.stdout
    assert outcome.stdout.count("∂loss/∂w =") == 1


def test_paths_from_a_name_between_and_from_above():
    """A path may begin at any name; with δ from above each has it as a factor."""
    program = "h = W @ x\nout = h * h"
    given = {"W": [[1, 2], [3, 4]], "x": [1, -1]}
    result = netcalc.gradients(program, given, delta=[1, 10], trace="dh[1]")
    assert result.trace["paths"] == [{"through": ["h1", "out1"], "product": -20.0}]
    result = netcalc.gradients(program, given, delta=[1, 10], trace="dx[0]")
    assert sum(one["product"] for one in result.trace["paths"]) == pytest.approx(result.partials["x"][0])


def test_slopes_of_zero_have_no_path():
    """What does not depend here has no path, and is told."""
    with pytest.raises(NetcalcError, match=r"no path from x0 to loss"):
        netcalc.gradients("loss = np.maximum(x, 0).sum()", {"x": [-1, 2]}, trace="x[0]")


def test_paths_in_a_long_recurrence_are_counted_not_walked():
    """A hundred steps with two ways each are refused at once, with their number."""
    lines = "\n".join("h = np.tanh(W @ h)" for _ in range(100))
    with pytest.raises(NetcalcError, match="paths from W"):
        netcalc.gradients(
            f"h = x\n{lines}\nloss = h.sum()", {"W": [["0.5", "0.1"], ["0.2", "0.3"]], "x": ["1", "2"]}, trace="W[0,0]"
        )


@pytest.mark.parametrize(
    "trace, said",
    [
        ("W1[0,5]", "no entry of W1"),
        ("W1", "no entry of W1"),
        ("dV[0]", "unknown name"),
        ("W1[", "names no entry"),
        ("", "names no entry"),
    ],
)
def test_bad_traces(trace, said):
    """An entry that is not there is told, with what there is."""
    with pytest.raises(NetcalcError, match=said):
        netcalc.gradients(CELL, GIVEN, trace=trace)


def test_traces_need_values():
    """A symbol on the way is told."""
    with pytest.raises(NetcalcError, match="x has none"):
        netcalc.gradients("loss = (W @ x).sum()", {"W": [[1, 2]]}, shape={"x": (2,)}, trace="W[0,0]")


def own_losses(parameters):
    """Each sample's cross-entropy, in mpmath."""
    W1, b1, W2 = parameters
    found = []
    for x, y in zip(GIVEN["x"], GIVEN["y"], strict=True):
        h = [mpmath.tanh(sum(mpmath.mpf(x[i]) * W1[i][j] for i in range(2)) + b1[0][j]) for j in range(2)]
        z = [sum(h[i] * W2[i][k] for i in range(2)) for k in range(3)]
        found.append(mpmath.log(sum(map(mpmath.exp, z))) - z[y])
    return found


@pytest.mark.parametrize("reduction", ["mean", "sum"])
def test_samples_apart(reduction):
    """Each sample has the loss and the gradients that it has alone, against differences."""
    program = CELL.replace("(logits, y)", f"(logits, y, reduction='{reduction}')")
    result = netcalc.gradients(program, GIVEN, per_sample=True, verify=True)
    with mpmath.workdps(40):
        parameters = [
            [[mpmath.mpf(one) for one in row] for row in rows] for rows in (GIVEN["W1"], [GIVEN["b1"]], GIVEN["W2"])
        ]
        h = mpmath.mpf(10) ** -13
        np.testing.assert_allclose(result.forward["loss"], [float(one) for one in own_losses(parameters)], rtol=1e-12)
        for name, tensor in zip(("W1", "b1", "W2"), parameters, strict=True):
            for i, j in itertools.product(range(len(tensor)), range(len(tensor[0]))):
                kept = tensor[i][j]
                tensor[i][j] = kept + h
                ahead = own_losses(parameters)
                tensor[i][j] = kept - h
                slope = [float((a - b) / (2 * h)) for a, b in zip(ahead, own_losses(parameters), strict=True)]
                tensor[i][j] = kept
                found = np.array(result.partials[name]).reshape(3, len(tensor), len(tensor[0]))[:, i, j]
                np.testing.assert_allclose(found, slope, rtol=1e-9, atol=1e-14)
    assert np.array(result.partials["x"]).shape == (3, 2)
    assert result.verification.wrong == ()
    assert result.verification.checked == result.verification.partials
    assert result.certainty == "certified: 87 of 87 values"


def test_the_batch_is_their_mean():
    """The mean of the samples' gradients is the batch's."""
    apart, whole = netcalc.gradients(CELL, GIVEN, per_sample=True), netcalc.gradients(CELL, GIVEN)
    np.testing.assert_allclose(np.mean(apart.partials["W1"], axis=0), whole.partials["W1"], rtol=1e-13)


def test_a_mask_with_a_row_a_sample_goes_with_the_samples():
    """An input beside the data that has as many rows belongs to the samples where the program reads so."""
    program = "h = (x @ W) * mask\nloss = (h * h).sum()"
    given = {"x": [[1, 2], [3, 4]], "W": [[1, 0], [0, 2]], "mask": [[1, 0], [0, 2]]}
    result = netcalc.gradients(program, given, per_sample=True)
    h = np.array(given["x"]) @ np.array(given["W"]) * given["mask"]
    np.testing.assert_allclose(result.forward["loss"], (h**2).sum(axis=1))
    dz = 2 * h * given["mask"]
    np.testing.assert_allclose(result.partials["W"], np.einsum("si,sj->sij", given["x"], dz))


REFUSED = [
    ("m = x.mean(axis=0)\nloss = ((x - m) ** 2 * w).sum()", {"x": [[1, 2], [3, 5]], "w": [1, 2]}, "don't stand apart"),
    (
        "m = x.mean(axis=0)\nv = ((x - m) ** 2).sum(axis=0)\nloss = ((x - m) / v**0.5).sum()",
        {"x": [[1, 2], [3, 5]]},
        "alone",
    ),
    ("loss = (A @ B).sum()", {"A": [[1, 2]], "B": [[1], [2]]}, "call the data so"),
    ("loss = (x @ W).sum() + t.sum()", {"x": [[1, 2]], "W": [[1], [2]], "t": [1, 2]}, "x has 1 rows, and t has 2"),
    ("out = x @ W", {"x": [[1, 2]], "W": [[1], [2]]}, "--of"),
]


@pytest.mark.parametrize("program, given, said", REFUSED)
def test_samples_that_do_not_stand_apart_are_refused(program, given, said):
    """What mixes samples, or has none, is told and not guessed."""
    with pytest.raises(NetcalcError, match=said):
        netcalc.gradients(program, given, per_sample=True)


def test_answers_apart_are_not_checked():
    """The check is of the batch's gradients."""
    with pytest.raises(NetcalcError, match="whole batch"):
        netcalc.check(netcalc.gradients(CELL, GIVEN, per_sample=True), {"db1": [1, 2]})


def run(tmp_path, *words):
    (tmp_path / "cell.py").write_text(CELL)
    at = [f"{name}={json.dumps(value).replace(chr(34), '')}" for name, value in GIVEN.items()]
    return CliRunner().invoke(app, ["net", str(tmp_path / "cell.py"), "--at", *at, *words])


def test_formats(tmp_path):
    """Every format takes both."""
    for kind in ("table", "json", "csv", "html", "md", "latex", "svg", "numpy", "npz"):
        words = ["-o", str(tmp_path / "out.npz")] if kind == "npz" else ["-f", kind]
        for flag in (["--trace", "dW1[0,1]"], ["--per-sample"]):
            outcome = run(tmp_path, *flag, *words)
            assert outcome.exit_code == 0, (kind, flag, outcome.output, outcome.exception)
    assert "9 paths from W1[0,1] to loss" in run(tmp_path, "--trace", "dW1[0,1]").stdout
    assert "4 more" not in run(tmp_path, "--per-sample", "-f", "csv").stdout
    assert len(run(tmp_path, "--per-sample", "-f", "csv").stdout.splitlines()) == 4
    assert run(tmp_path, "--per-sample", "--trace", "dW1[0,1]").exit_code != 0


def test_a_batch_of_one(tmp_path):
    """Formulas are written for a batch of one sample too."""
    (tmp_path / "one.py").write_text(CELL)
    outcome = CliRunner().invoke(
        app,
        [
            "net",
            str(Path(tmp_path / "one.py")),
            "--at",
            "x=[[1.5,-0.5]]",
            "W1=0.5,-1;1,0.5",
            "b1=0,0.1",
            "W2=1,-1,0;0.5,0.5,-1",
            "y=[0]",
        ],
    )
    assert outcome.exit_code == 0, outcome.exception
    assert "certified: " in outcome.stdout


def test_an_entry_is_named_as_the_table_names_it():
    text, at = "h = x * W\nloss = (h * h).sum()", {"x": ["0.5", "2"], "W": ["3", "-1"]}
    assert netcalc.gradients(text, at, trace="x1").trace == netcalc.gradients(text, at, trace="x[1]").trace
    with pytest.raises(netcalc.NetcalcError, match="x2 is no entry of x, which is a vector of 2"):
        netcalc.gradients(text, at, trace="x2")
