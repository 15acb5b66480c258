"""A sigmoid neuron's value and all its partials for each row of a file of 10⁶ rows × 10 inputs, as CSV to CSV.

The scripts hold everything in memory at once; netcalc streams. Between pipes, the file comes through one and the
answers go through another. The output goes nowhere: a disk would measure itself. The last table's rows come through a
pipe, one file after the other: memory stays as it is.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.case import Case, Command, Growth, first_line, netcalc, piped, python, repeated

INPUTS = 10
ROWS = 10**6
FEWER, FEWEST = 10**5, 10**4
TIMES = (1, 10, 30, 100, 300)  # a file of the fewest
FEW = 3  # runs
W = [0.5, -0.25, 1, -1, 0.75, 0.125, -0.5, 0.3, -0.7, 0.2]
NAMES = ["q", "f", *(f"d{v}{i}" for v in "xw" for i in range(INPUTS)), "db"]
POLARS = f"""
import sys, numpy as np, polars as pl
w = np.array({W})
x = pl.read_csv(sys.stdin.buffer if sys.argv[1] == "-" else sys.argv[1]).to_numpy()
q = x @ w - 3.0
f = 1 / (1 + np.exp(-q))
s = f * (1 - f)
found = np.column_stack([q, f, s[:, None] * w, s[:, None] * x, s])
pl.from_numpy(found, schema={NAMES}).write_csv(sys.stdout.buffer)
"""
TORCH = f"""
import sys, pandas as pd, torch
w = torch.tensor({W}, dtype=torch.float64)
x = torch.tensor(pd.read_csv(sys.argv[1]).to_numpy(), requires_grad=True)
q = x @ w - 3.0
f = torch.sigmoid(q)
f.sum().backward()
s = (f * (1 - f)).detach()
found = torch.column_stack([q.detach(), f.detach(), x.grad, s[:, None] * x.detach(), s])
pd.DataFrame(found.numpy(), columns={NAMES}).to_csv(sys.stdout, index=False)
"""
WITHOUT_POLARS = "import sys; sys.modules['polars'] = None; from netcalc.cli import main; sys.exit(main())"


def prepare(folder: Path) -> None:
    """All rows, fewer of them, and the fewest without a header."""
    x = np.random.default_rng(2020).standard_normal((ROWS, INPUTS)).round(6)
    lines = [",".join(map(repr, row)) + "\n" for row in x.tolist()]
    header = ",".join(f"x{i}" for i in range(INPUTS)) + "\n"
    for name, content in (("all", [header, *lines]), ("fewer", [header, *lines[:FEWER]]), ("bare", lines[:FEWEST])):
        (folder / f"{name}.csv").write_text("".join(content), encoding="utf-8")


def words(x: Path | str) -> list[str | float | Path]:
    """The command's words for the file."""
    return ["neuron", "--w", *W, "--b", -3, "--x", x, "-f", "csv"]


def cases(folder: Path) -> Iterator[Case | Growth]:
    """From a file and between pipes, with and without Polars, and how it grows."""
    file, fewer = folder / "all.csv", folder / "fewer.csv"
    best, torch = "Polars and NumPy", "pandas and PyTorch"

    def peers(path: Path | str) -> dict[str, Command]:
        polars = python(POLARS, path, needs=["numpy", "polars"])
        return {best: polars, torch: python(TORCH, path, needs=["pandas", "torch"])}

    ours, scripts = netcalc(*words(file)), peers(file)
    between = {best: piped(peers("-")[best], file)}
    yield Case("10⁶ × 10", ours, {best: scripts[best]}, {best: 2.0}, {best: 1.0})
    yield Case("10⁶ × 10 between pipes", piped(netcalc(*words("-")), file), between, {best: 2.0}, runs=FEW)
    yield Case("10⁶ × 10", ours, {torch: scripts[torch]}, {torch: 1.0}, {torch: 1.0}, runs=1)
    begun = {name: first_line(script) for name, script in scripts.items() if name == best}
    yield Case("10⁶ × 10, until the first row is there", first_line(ours), begun, {best: 1.0}, runs=FEW)
    yield Case("10⁵ × 10, without Polars", without_polars(*words(fewer)), peers(fewer), {torch: 1.0}, runs=FEW)
    bare = {times * FEWEST: repeated(netcalc(*words("-")), folder / "bare.csv", times) for times in TIMES}
    yield Growth("A neuron over rows from a pipe", "rows", bare)


def without_polars(*line: str | float | Path) -> Command:
    """netcalc as it is where Polars is not installed."""
    return Command((sys.executable, "-c", WITHOUT_POLARS, *map(str, line)))
