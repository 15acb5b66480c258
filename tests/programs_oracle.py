"""Programs read by netcalc, held to the same text run by NumPy or PyTorch."""

from __future__ import annotations

import re

import numpy as np

from netcalc.graph import build as b
from netcalc.graph.arithmetic.float64 import Float64
from netcalc.graph.backward import gradients
from netcalc.graph.evaluate import evaluate
from netcalc.program import Given, read


def given(values):
    """What the reader is told of inputs: their shapes, and their numbers where they are whole."""
    found = {}
    for name, value in values.items():
        array = np.asarray(value)
        whole = array.astype(np.int64) if array.dtype.kind in "iub" else None
        kind = {"i": "int", "u": "int", "b": "bool"}.get(array.dtype.kind, "float")
        found[name] = Given(array.shape, whole, kind, array.dtype.kind == "f" and bool((array != np.rint(array)).any()))
    return found


def answers(text, values, of=None):
    """The program read, its output, and the gradient of the sum of the output by every name."""
    program = read(text, "program.py", given(values), of)
    nodes = {**program.inputs, **program.named}
    names = list(program.wrt)
    found = gradients(program.output, [nodes[name] for name in names], b.number(1, program.output.shape))
    roots = [program.output, *(one for one in found if one is not None)]
    inputs = {program.inputs[name]: np.asarray(values[name], dtype=float) for name in program.inputs}
    output, *arrays = evaluate(roots, Float64(), inputs)
    rest = iter(arrays)
    return (
        program,
        output,
        {n: np.zeros(nodes[n].shape) if g is None else next(rest) for n, g in zip(names, found, strict=True)},
    )


def assert_stands_for(text, program, values, head, symmetric=()):
    """A library's expression, under `head`, has the value and the slopes of `out` in a program of NumPy.

    Of a matrix that is `symmetric` a library reads one triangle.
    """
    values = {name: value for name, value in values.items() if name in re.findall(r"\w+", text)}
    _, output, found = answers(f"{head}out = {text}\n", values)
    np.testing.assert_allclose(output, run(program, values)["out"], rtol=1e-12, atol=1e-13)
    for name, expected in differences(program, values, "out").items():
        both = [found.get(name, np.zeros(expected.shape)), expected]
        if name in symmetric:
            both = [one + one.T for one in both]
        np.testing.assert_allclose(*both, rtol=1e-5, atol=1e-6)


def run(text, values):
    """The names of a program that Python runs."""
    names = dict(values)
    exec(compile(text, "program", "exec"), names)  # noqa: S102 - the test's own text
    return names


def differences(text, values, output, step=1e-6):
    """The gradient of the sum of `output` by every float input, by central differences of the program run."""
    found = {}
    for name, value in values.items():
        array = np.asarray(value)
        if array.dtype.kind != "f":
            continue
        gradient = np.zeros(array.shape)
        for place in np.ndindex(array.shape):
            sides = []
            for by in (step, -step):
                moved = array.copy()
                moved[place] += by
                sides.append(np.sum(run(text, {**values, name: moved})[output]))
            gradient[place] = (sides[0] - sides[1]) / (2 * step)
        found[name] = gradient
    return found
