"""Slips in lines of a backward pass, each with what is said of it and the line that is right by calculus."""

from __future__ import annotations

import json

import pytest

from netcalc.checking.backward.check import checked_lines
from netcalc.checking.backward.multiples import each_entry
from netcalc.models.programs import ProgramRequest, program
from netcalc.values import read_array

GIVEN = {
    "z": [[0.5, 1.5, -0.25], [1.25, 0.75, 2.5]],
    "v": [[1.5, 2.25, 0.5], [0.3, 0.7, 1.1]],
    "W": [[0.25, 0.5], [1.5, -0.75], [0.6, 0.9]],
    "x": [0.5, 1.5, -0.25, 2.0],
    "w": [1.5, -0.7],
    "b": [0.3, -0.4, 0.9],
    "y": [0, 2],
}
SHIFTED, SQUARES = "h = z + b\nloss = (h * h * v).sum()\n", "h = z @ W\nloss = (h * h).sum()"
CLIPPED = "a = np.maximum(z, 0)\nloss = (a * v).sum()\n"
SOFTMAX = "e = np.exp(z)\np = e / e.sum(1, keepdims=True)\nloss = -np.log(p[np.arange(2), y]).mean()\n"
ROOT = "s = np.sqrt(v)\nloss = (s * z).sum()\n"
LENGTHS = "s = np.sqrt((z * z).sum(1))\nloss = (s * s * s).sum()\n"
STACKED, CROSSED = "h = np.stack([x, 2 * x])\nloss = (h[0] * h[1] * h[0]).sum()\n", "2 * h[0] * h[1]"
PATH = "a path left out, the one from z through loss"
PICKED = "loss = (z[1] * b).sum() + z[0, 2] * b[1]\n"
BOTH = "{'W': z.T @ %s, 'z': dh @ W.T}"

LINES = [  # a forward pass, the lines before the wrong one, that, what is said of it, and the right one
    (SHIFTED, "dh = 2 * h * v\n", "db = np.sum(dh, 1)", "summed over the wrong axis", "db = np.sum(dh, 0)"),
    (SHIFTED, "dh = 2 * h * v\n", "db = dh.sum(1)", "summed over the wrong axis", "db = dh.sum(0)"),
    (SHIFTED, "dh = 2 * h * v\n", "db = dh.sum(axis=1)", "summed over the wrong axis", "db = dh.sum(axis=0)"),
    (SHIFTED, "dh = 2 * h * v\n", "db = dh.mean(0)", "averaged where it is summed", "db = dh.sum(0)"),
    ("loss = (x[1:3] * w).sum()", "dx = np.zeros_like(x)\n", "dx[:2] += w", "the wrong slice", "dx[1:3] += w"),
    ("loss = (x[:2] * w).sum()", "dx = np.zeros_like(x)\n", "dx[1:3] += w", "the wrong slice", "dx[:2] += w"),
    ("loss = (x[2:] * w).sum()", "dx = np.zeros_like(x)\n", "dx[1:3] = w", "the wrong slice", "dx[2:4] = w"),
    (SQUARES, "dh = 2 * h\n", f"grads = {BOTH % 'h'}", "h taken for dh", f"grads = {BOTH % 'dh'}"),
    (SQUARES, "def f():\n    dh = 2 * h\n", f"    return {BOTH % 'h'}", "h taken for dh", f"    return {BOTH % 'dh'}"),
    (f"{SQUARES} + (z * v).sum() / 2", "dh = 2 * h\n", "dz = dh @ W.T", PATH, "dz = dh @ W.T + v / 2"),
    (f"{SQUARES} - (z * v).sum() / 2", "dh = 2 * h\n", "dz = dh @ W.T", PATH, "dz = dh @ W.T - v / 2"),
    (f"{SQUARES} + 2 * (z * v).sum()", "dh = 2 * h\n", "dz = dh @ W.T", PATH, "dz = dh @ W.T + v * 2"),
    (f"{SQUARES} - (z * v).sum()", "dh = 2 * h\n", "dz = dh @ W.T", PATH, "dz = dh @ W.T - v"),
    (
        PICKED,
        "dz = np.zeros_like(z)\ndz[1] += b\n",
        "dz[2, 0] += b[1]",
        "the indices 2 and 0 are in the wrong order",
        "dz[0, 2] += b[1]",
    ),
    (CLIPPED, "", "dz = v * (z > 0.1)", "the kink is at 0, and not at 0.1", "dz = v * (z > 0)"),
    (CLIPPED, "", "dz = v * (a >= 0)", "the mask is taken from a in place of z", "dz = v * (z >= 0)"),
    (SOFTMAX, "", "dz = p / 2", "a term left out, the one-hot target", "dz = p / 2 - np.eye(3)[y] / 2"),
    (
        SOFTMAX,
        "",
        "dz = p - np.eye(3)[y]",
        "a factor 1/2 left out: divide by 2, as the mean does",
        "dz = (p - np.eye(3)[y]) / 2",
    ),
    (STACKED, "", f"dh = np.stack([h[0] ** 2, {CROSSED}])", "h[0] ** 2 and", f"dh = np.stack([{CROSSED}, h[0] ** 2])"),
    (ROOT, "ds = z\n", "dv = ds / s", "the ½ of sqrt's slope left out: divide by 2", "dv = ds / s / 2"),
    (ROOT, "ds = z\n", "dv = ds * s / 2", "multiplied by s where it is divided by it", "dv = ds / s / 2"),
    (LENGTHS, "ds = 3 * s * s\n", "dz = ds[:, None] * z", "a factor 1/s left out", "dz = (ds / s)[:, None] * z"),
    (SHIFTED, "dh = 2 * h * v\n", "db = 3 * dh.sum(0)", "a factor 3 too many", "db = dh.sum(0)"),
    (SOFTMAX, "dz = p.copy()\n", "dz[np.arange(2), y] += 1\ndz /= 2", "the sign is wrong", "dz[np.arange(2), y] -= 1"),
]


@pytest.mark.parametrize(
    "forward, before, line, said, right", LINES, ids=[f"{line} {said}" for _, _, line, said, _ in LINES]
)
def test_a_wrong_line_is_told_with_the_right_one(forward, before, line, said, right):
    arrays = {
        name: read_array(json.dumps(value), name)
        for name, value in GIVEN.items()
        if name in "".join(one if one.isalnum() else " " for one in forward).split()
    }
    problem = program(
        f"import numpy as np\n{forward}", "forward.py", ProgramRequest(arrays, counted=["y"] if "y" in arrays else [])
    )
    lines, _ = checked_lines(problem, f"{before}{line}\n", "backward.py")
    wrong, *_ = (one for one in lines if one.is_wrong)
    assert wrong.line == before.count("\n") + 1
    assert wrong.diagnosis.startswith(said)
    assert wrong.repair == right


@pytest.mark.parametrize("front", ["", "\n", "# a note\n\n"])
@pytest.mark.parametrize("step, use", [("W = W - 0.1 * dW", "dz = dh @ W.T"), ("W -= 0.1 * dW", "dz = 1.0 * dh @ W.T")])
def test_weights_that_had_their_step_are_marked_where_they_are_used(front, step, use):
    """Wherever in the text that is, its first line among them."""
    arrays = {name: read_array(json.dumps(GIVEN[name]), name) for name in ("z", "W")}
    text = f"{front}dh = 2 * h\ndW = z.T @ dh\n{step}\n{use}\n"
    lines, _ = checked_lines(program(SQUARES, "forward.py", ProgramRequest(arrays)), text, "backward.py")
    (wrong,) = (one for one in lines if one.is_wrong)
    start, end = wrong.marked
    assert (wrong.line, text.split("\n")[wrong.line - 1][start - 1 : end - 1]) == (front.count("\n") + 4, "W")
    assert wrong.repair == f"{use}\n{step}"


@pytest.mark.parametrize(
    "shape, of, many, entries",
    [
        ((2, 3), (3,), 2, [[(0,), (1,)]]),
        ((2, 3), (3,), 4, []),
        ((3, 3), (2,), 3, []),
        ((2, 2), (), 4, [[(0, 0), (0, 1), (1, 0), (1, 1)]]),
        ((2, 1), (), 2, [[(0,), (1,)], [(0, 0), (1, 0)]]),
    ],
)
def test_what_is_stacked_along_the_first_axes_is_read_both_ways(shape, of, many, entries):
    found = list(map(list, each_entry(shape, many, of)))
    assert found == [order for one in entries for order in (one, one[::-1])]
