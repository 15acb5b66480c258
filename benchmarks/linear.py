"""A layer u = Wv + b, forward and backward, beside the same lines of NumPy in a bare script; both read and write files.

4096 × 4096 from .npy with 64 samples: ∂L/∂W is as large again as the matrix. 2000 × 2000 from CSV: netcalc's whole run
beside `np.loadtxt` alone; Polars, where it is installed, reads the CSV.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.case import Case, Command, Growth, netcalc, python

SAMPLES = 64
LARGEST = 4096
SIZES = (512, 1024, 2048, LARGEST, 8192)
CSV_SIZE = 2000
NUMPY = """
import sys, numpy as np
W, v, b, delta = (np.load(path, mmap_mode="r") for path in sys.argv[1:5])
u = v @ W.T + b
dv, dW, db = delta @ W, delta.T @ v, delta.sum(axis=0)
np.savez(sys.argv[5], u=u, dv=dv, dW=dW, db=db)
"""
LOADTXT = "import sys, numpy as np; np.loadtxt(sys.argv[1], delimiter=',')"
WITHOUT_POLARS = "import sys; sys.modules['polars'] = None; from netcalc.cli import main; sys.exit(main())"


def prepare(folder: Path) -> None:
    """Layers of every size as .npy, one as CSV too."""
    draw = np.random.default_rng(2020)
    for size in (*SIZES, CSV_SIZE):
        np.save(folder / f"W{size}.npy", draw.standard_normal((size, size)))
        np.save(folder / f"b{size}.npy", draw.standard_normal(size))
        for name in ("v", "delta"):
            np.save(folder / f"{name}{size}.npy", draw.standard_normal((SAMPLES, size)))
    np.savetxt(folder / "W.csv", np.load(folder / f"W{CSV_SIZE}.npy"), delimiter=",", fmt="%.17g")


def words(folder: Path, size: int, matrix: Path | None = None) -> list[str | Path]:
    """The command's words for the layer of that size."""
    v, b, delta = (folder / f"{name}{size}.npy" for name in ("v", "b", "delta"))
    return ["linear", "--matrix", matrix or folder / f"W{size}.npy", "--v", v, "--b", b, "--delta", delta]


def cases(folder: Path) -> Iterator[Case | Growth]:
    """From .npy and from CSV, and how it grows."""
    name = "the same in NumPy"
    inputs = [folder / f"{letter}{LARGEST}.npy" for letter in ("W", "v", "b", "delta")]
    bare = {name: python(NUMPY, *inputs, folder / "bare.npz")}
    ours = netcalc(*words(folder, LARGEST), "-o", folder / "ours.npz")
    yield Case(f"{LARGEST} × {LARGEST}, {SAMPLES} samples, to .npz", ours, bare, {name: 1.3}, {name: 1.5})
    loaded = {"np.loadtxt alone": python(LOADTXT, folder / "W.csv")}
    line = words(folder, CSV_SIZE, folder / "W.csv")
    what = f"{CSV_SIZE} × {CSV_SIZE} from CSV, {SAMPLES} samples"
    yield Case(what, netcalc(*line), loaded, dict.fromkeys(loaded, 1.2))
    yield Case(f"{what}, without Polars", without_polars(line), loaded, dict.fromkeys(loaded, 1.2))
    yield Growth("A layer from .npy", "entries", {size * size: netcalc(*words(folder, size)) for size in SIZES})


def without_polars(line: list[str | Path]) -> Command:
    """netcalc as it is where Polars is not installed."""
    return python(WITHOUT_POLARS, *line)
