"""One neuron of very many inputs, from binary files and from text, beside the same lines of NumPy in a bare script.

Start-up is in all figures. typer and Rich, which the table above allows for, alone take a script of this size beyond
what is promised; so the promise is held against the script that imports them too, and the bare one stands beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.case import Case, Command, Growth, netcalc, python

SIZES = (10**3, 10**4, 10**5, 10**6, 3 * 10**6, 10**7, 3 * 10**7)
SIZE = 10**6
IMPORTS = "import typer, rich.table, rich.console"
NUMPY = """
import sys, numpy as np
load = np.load if sys.argv[1].endswith("npy") else np.loadtxt
x, w = load(sys.argv[1]), load(sys.argv[2])
q = x @ w - 3.0
f = 1 / (1 + np.exp(-q))
s = f * (1 - f)
print(q, f, s)
for partial in (s * w, s * x):
    print(partial, np.linalg.norm(partial), partial.min(), partial.max())
"""


def prepare(folder: Path) -> None:
    """x and w of every size as .npy, one pair as CSV too."""
    draw = np.random.default_rng(2020)
    for size in SIZES:
        np.save(folder / f"x{size}.npy", draw.standard_normal(size))
        np.save(folder / f"w{size}.npy", draw.standard_normal(size) / size**0.5)
    for letter in "xw":
        np.savetxt(folder / f"{letter}.csv", np.load(folder / f"{letter}{SIZE}.npy"), fmt="%.17g")


def cases(folder: Path) -> Iterator[Case | Growth]:
    """From .npy and from CSV, and how it grows."""

    def ours(x: Path, w: Path) -> Command:
        return netcalc("neuron", "--x", x, "--w", w, "--b", -3)

    binary = folder / f"x{SIZE}.npy", folder / f"w{SIZE}.npy"
    name = "the same in NumPy, with typer and Rich imported"
    peers = {name: python(IMPORTS + NUMPY, *binary), "the same in NumPy": python(NUMPY, *binary)}
    yield Case(f"{SIZE:,} inputs from .npy", ours(*binary), peers, {name: 1.5})
    text = folder / "x.csv", folder / "w.csv"
    name = "the same with np.loadtxt"
    yield Case(f"{SIZE:,} inputs from CSV", ours(*text), {name: python(NUMPY, *text)}, {name: 1.5})
    sizes = {size: ours(folder / f"x{size}.npy", folder / f"w{size}.npy") for size in SIZES}
    yield Growth("A neuron from .npy", "inputs", sizes)
