"""Gradients of a net of 10 million parameters, 1000-3000-2000-500 (relu), held to a program: `--check grads.npz`.

Both commands compute every gradient in float64 from `.npy` files, on a batch of 256 rows; one holds 80 MB of answers to
them. The promise: twice the seconds, and twice the memory, of computing them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from benchmarks.case import Case, netcalc

SAMPLES = 256
WIDTHS = (1000, 3000, 2000, 500)
PROGRAM = """import numpy as np
z1 = X @ W1 + b1
a1 = np.maximum(z1, 0)
z2 = a1 @ W2 + b2
a2 = np.maximum(z2, 0)
z3 = a2 @ W3 + b3
loss = np.sum((z3 - T) ** 2) / X.shape[0]
"""


def cases(folder: Path) -> Iterator[Case]:
    """Right answers, and ones with a wrong entry."""
    values = _values()
    for name, array in values.items():
        np.save(folder / f"{name}.npy", array)
    (folder / "net.py").write_text(PROGRAM, encoding="utf-8")
    grads = _gradients(values)
    np.savez(folder / "right.npz", **grads)
    grads["db2"][7] *= 2
    np.savez(folder / "wrong.npz", **grads)
    at = [f"{name}={folder / name}.npy" for name in values]
    alone = netcalc("net", folder / "net.py", "--at", *at, "-f", "npz", "-o", folder / "out.npz")
    for name in ("right", "wrong"):
        words = ("net", folder / "net.py", "--at", *at, "--check", folder / f"{name}.npz")
        ours = replace(netcalc(*words, "-f", "npz", "-o", folder / "out.npz"), status=int(name == "wrong"))
        promise = {"without --check": 2.0}
        yield Case(f"{name} gradients of 10 million parameters", ours, {"without --check": alone}, promise, promise)


def _values() -> dict[str, np.ndarray]:
    draw = np.random.default_rng(0)
    found = {"X": draw.normal(size=(SAMPLES, WIDTHS[0])), "T": draw.normal(size=(SAMPLES, WIDTHS[-1]))}
    for layer, (inputs, outputs) in enumerate(pairwise(WIDTHS), 1):
        found[f"W{layer}"] = draw.normal(size=(inputs, outputs)) / np.sqrt(inputs)
        found[f"b{layer}"] = draw.normal(size=outputs)
    return found


def _gradients(v: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """By hand, in NumPy."""
    a1 = np.maximum(v["X"] @ v["W1"] + v["b1"], 0)
    a2 = np.maximum(a1 @ v["W2"] + v["b2"], 0)
    d3 = 2 * (a2 @ v["W3"] + v["b3"] - v["T"]) / SAMPLES
    d2 = d3 @ v["W3"].T * (a2 > 0)
    d1 = d2 @ v["W2"].T * (a1 > 0)
    passes = ((1, v["X"], d1), (2, a1, d2), (3, a2, d3))
    return {f"dW{n}": a.T @ d for n, a, d in passes} | {f"db{n}": d.sum(0) for n, _, d in passes}
