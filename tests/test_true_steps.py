"""Each formula, and each part of a step's chain, is a claim: NumPy finds the value that stands beside it."""

from __future__ import annotations

import numpy as np
import numpy_trees
import pytest
from test_block_formulas import numbers

from netcalc import gradients
from netcalc.expression import Symbol
from netcalc.render.blocks import in_line

SQUARE = [[1, 2, 3], [4, 5, 6], [7, 8, 9]]
PICKED = {"x": [[1, 2], [3, 4]], "a": [1, 0]}
PROGRAMS = [
    # what is of all entries at once
    ("c = x - x.max()\nloss = (c**2).sum()", {"x": [0.55, -0.44, 2.08]}),
    ("p = np.exp(z-z.max())/np.exp(z-z.max()).sum()\nloss = (p**2).sum()", {"z": [0.5, -0.4, 2]}),
    ("loss = x.max()**2", {"x": [1, 2]}),
    ("m = x.max()\nloss = m**2", {"x": [1, 2]}),
    ("c = x/x.max()\nloss = (c**2).sum()", {"x": [1, 2]}),
    ("c = 2*x.max()\nloss = c**2", {"x": [1, 2]}),
    ("loss = (2*x).max() + (x**2).min()", {"x": [1, 2]}),
    ("loss = x.max()**2 + x.min()", {"x": SQUARE}),
    ("loss = np.prod(x)**2", {"x": [3, 2]}),
    ("loss = np.prod(x)**2", {"x": SQUARE}),
    ("loss = np.sum(x)", {"x": SQUARE}),
    ("loss = np.mean(x)*3", {"x": SQUARE}),
    ("loss = (np.sum(x)-1)**2", {"x": SQUARE}),
    ("loss = np.sum(w*x)", {"w": SQUARE, "x": SQUARE}),
    ("loss = np.sqrt(np.sum(x**2)) + np.linalg.norm(x)", {"x": SQUARE}),
    (
        "loss = 1 - 2*np.sum(p*t)/(np.sum(p) + np.sum(t))",
        {"p": [[0.1, 0.2, 0.3], [0.4, 0.5, 0.6], [0.7, 0.8, 0.9]], "t": [[1, 0, 1], [1, 0, 0], [0, 1, 1]]},
    ),
    ("loss = np.sum(np.maximum(x, y)**2)", {"x": [1, 4], "y": [3, 2]}),
    ("loss = np.sum(np.max(x, axis=1)**2)", {"x": [[1, 2], [4, 3]]}),
    # entries that are picked
    ("q = x.gather(1, a.unsqueeze(1)).squeeze(1)\nloss = (q**2).sum()", PICKED),
    ("q = np.take_along_axis(x, a[:, None], 1)\nloss = (q**2).sum()", PICKED),
    ("loss = (x.gather(1, a)**2).sum()", {"x": [[1, 2, 5], [3, 4, 7]], "a": [[1, 0], [0, 0]]}),
    ("loss = (x.gather(0, a)**2).sum()", {"x": [[1, 2, 5], [3, 4, 7]], "a": [[1, 0, 1]]}),
    (
        "q = x.gather(2, a)\nloss = (q**2).sum()",
        {"x": [[[1, 2], [3, 4]], [[1, 2], [3, 5]]], "a": [[[1], [0]], [[1], [1]]]},
    ),
    (
        "loss = (x.scatter(1, a, y)**2).sum()",
        {"x": [[1, 2, 5], [3, 4, 7]], "y": [[1, 2], [3, 4]], "a": [[1, 0], [0, 2]]},
    ),
    ("q = np.log(x)[np.arange(2), a]\nloss = (q**2).sum()", PICKED),
    ("q = x[a, a]\nloss = (q**2).sum()", PICKED),
    ("q = x[a]\nloss = (q**2).sum()", PICKED),
    ("loss = F.cross_entropy(x, a)", PICKED),
    # entries that tie share equally
    ("loss = x.max()**2", {"x": [1, 3, 3]}),
    ("loss = x.min()**2", {"x": [1, 1, 3]}),
    ("m = x.max()\nloss = m**2", {"x": [1, 3, 3]}),
    ("c = x - x.max()\nloss = (c**3).sum()", {"x": [1, 3, 3]}),
    ("loss = np.max(w*x)**2", {"x": [1, 3, 3], "w": [2, 1, 1]}),
    ("loss = np.sum(np.max(x, axis=1)**2)", {"x": [[1, 2], [3, 3]]}),
    ("m = np.max(x, axis=1)\nloss = np.sum(m**2)", {"x": [[1, 2], [3, 3]]}),
    ("m = np.max(x, axis=1, keepdims=True)\nloss = np.sum((x - m)**3)", {"x": [[1, 2], [3, 3]]}),
    ("loss = np.sum(np.maximum(x, y)**2)", {"x": [1, 2], "y": [1, 3]}),
    ("loss = np.sum(x*np.where(x == x.max(), 1, 0)) + x.max()", {"x": [1, 3, 3]}),
    # products
    ("loss = np.sum(x**2*y)", {"x": [1, 2], "y": [3, 4]}),
    ("loss = np.sum((W@x)*y)", {"W": [[1, 2], [3, 4]], "x": [1, 2], "y": [3, 4]}),
    ("s = np.std(x)\nv = np.var(x)\nloss = s*v", {"x": [1, 2, 4]}),
]


def known(result, given):
    """What names in steps stand for."""
    at = {tensor.name: numbers(tensor.entries) for tensor in result.tensors}
    at |= {f"dloss/{name}": array for name, array in at.items()}
    return at | {name: np.asarray(array, float) for name, array in given.items()}


@pytest.mark.parametrize("program, given", PROGRAMS)
def test_every_formula_and_every_part_of_a_step_has_its_value(program, given):
    result = gradients(program, at=given)
    at = known(result, given)
    assert "loss" in [step.name for step in result.steps]
    for step in result.steps:
        end = numpy_trees.drawn(Symbol(step.name), at)
        for part in step.chain:
            found = numpy_trees.drawn(part, at)
            np.testing.assert_allclose(found, end, rtol=1e-4, atol=1e-4, err_msg=f"{step.name}: {in_line(part)}")
    for tensor in result.tensors:
        found = numpy_trees.drawn(tensor.formula, at)
        end = numpy_trees.drawn(Symbol(tensor.name), at)
        np.testing.assert_allclose(found, end, rtol=1e-4, atol=1e-4, err_msg=tensor.name)


@pytest.mark.parametrize(
    "program, shape, rule",
    [
        ("loss = np.sum(x**2*y)", {"x": "n", "y": "n"}, "product rule"),
        ("loss = np.sum(x*y)", {"x": "m,n", "y": "m,n"}, "product rule"),
        ("loss = x@y", {"x": "n", "y": "n"}, "matrix product"),
        ("z = x@y\nloss = np.sum(z**2)", {"x": "m,n", "y": "n"}, "matrix product"),
        ("z = x@y\nloss = np.sum(z**2)", {"x": "b,m,k", "y": "b,k,n"}, "matrix product"),
    ],
)
def test_a_matrix_product_is_told_where_one_is_written(program, shape, rule):
    headings = [step.heading for step in gradients(program, shape=shape).steps]
    assert f"Backward to y: {rule}" in headings
