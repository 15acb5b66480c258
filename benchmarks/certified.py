"""Every value proven to be the nearest float64, where float64 alone would be quicker: what certainty costs.

A net of 784-128-10 (relu, cross-entropy) with 32 samples, all its gradients, from `.npy` and from CSV, whose decimals
are taken as they are written; a layer of 512 × 512. The peer is the same by netcalc in float64, nothing proven. The
last table asks for layers of more and more entries with `--certify`.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np

from benchmarks.case import Case, Command, Growth, netcalc, python

WIDTHS, SAMPLES = (784, 128, 10), 32
SIDES = (128, 256, 512, 1024)
FLOAT64 = "the same in float64"
OF_NET = """
import sys, netcalc
result = netcalc.load(sys.argv[1], certify=False)
import numpy as np
np.savez(sys.argv[2], **{name: result[name].numbers() for name in ("dW1", "db1", "dW2", "db2", "dx")})
"""
OF_LAYER = """
import sys, numpy as np, netcalc
W, v, delta = map(np.load, sys.argv[1:4])
result = netcalc.linear(W, v=v, bias=False, delta=delta, certify=False)
np.savez(sys.argv[4], dW=result["dW"].numbers(), dv=result["dv"].numbers())
"""
LAYER = """
[[layers]]
W = "W{k}.{suffix}"
b = "b{k}.{suffix}"
activation = "{activation}"
"""


def prepare(folder: Path) -> None:
    """The net, as arrays and as text, and the layers."""
    draw = np.random.default_rng(0)
    arrays = {"x": draw.random((SAMPLES, WIDTHS[0])), "t": draw.integers(0, WIDTHS[-1], SAMPLES)}
    for k, (n, m) in enumerate(pairwise(WIDTHS), 1):
        arrays |= {f"W{k}": draw.standard_normal((m, n)) * np.sqrt(2 / n), f"b{k}": draw.standard_normal(m) / 10}
    for name, array in arrays.items():
        np.save(folder / f"{name}.npy", array)
        np.savetxt(folder / f"{name}.csv", array, delimiter=",", fmt="%d" if name == "t" else "%.8f")
    for suffix in ("npy", "csv"):
        text = f'input = "x.{suffix}"\ntarget = "t.{suffix}"\nloss = "cross-entropy"\n'
        text += LAYER.format(k=1, suffix=suffix, activation="relu")
        text += LAYER.format(k=2, suffix=suffix, activation="identity")
        (folder / f"{suffix}.toml").write_text(text, encoding="utf-8")
    for side in SIDES:
        np.save(folder / f"A{side}.npy", draw.standard_normal((side, side)))
        for name in ("v", "d"):
            np.save(folder / f"{name}{side}.npy", draw.standard_normal(side))


def cases(folder: Path) -> Iterator[Case | Growth]:
    """Beside float64; and by the entries of a layer."""
    for suffix, what in {"npy": ".npy", "csv": "CSV"}.items():
        net = folder / f"{suffix}.toml"
        peer = python(OF_NET, net, folder / "peer.npz")
        parts = ("--only", "dW1", "db1", "dW2", "db2", "dx")
        ours = netcalc("net", net, *parts, "-o", folder / "grads.npz")
        yield Case(f"784-128-10, 32 samples, from {what} to .npz", ours, {FLOAT64: peer})
    files = [folder / f"{name}512.npy" for name in ("A", "v", "d")]
    yield Case("512 × 512, to .npz", layer(folder, 512), {FLOAT64: python(OF_LAYER, *files, folder / "peer.npz")})
    yield Growth("A layer, every value proven", "entries", {n * n: layer(folder, n, "--certify") for n in SIDES})


def layer(folder: Path, side: int, *flags: str) -> Command:
    """A layer's backward pass."""
    given = ("--matrix", folder / f"A{side}.npy", "--v", folder / f"v{side}.npy", "--delta", folder / f"d{side}.npy")
    return netcalc("linear", *given, "--no-bias", "--only", "dW", "dv", "-o", folder / "layer.npz", *flags)
