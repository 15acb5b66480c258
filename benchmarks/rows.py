"""A sigmoid neuron's value and all its partials for each row of a file of 10⁶ rows × 10 inputs, as CSV to CSV.

The scripts hold everything in memory at once; netcalc streams. Between pipes, the file comes through one and the
answers go through another. The output goes nowhere: a disk would measure itself.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.case import Case, Command, Growth, netcalc, piped, python

INPUTS = 10
ROWS = (10**3, 10**4, 10**5, 10**6)
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
    """Files of every length."""
    x = np.random.default_rng(2020).standard_normal((ROWS[-1], INPUTS)).round(6)
    for rows in ROWS:
        lines = (",".join(map(repr, row)) for row in x[:rows].tolist())
        header = ",".join(f"x{i}" for i in range(INPUTS))
        (folder / f"{rows}.csv").write_text("\n".join([header, *lines]) + "\n", encoding="utf-8")


def words(x: Path | str) -> list[str | float | Path]:
    """The command's words for the file."""
    return ["neuron", "--w", *W, "--b", -3, "--x", x, "-f", "csv"]


def cases(folder: Path) -> Iterator[Case | Growth]:
    """From a file and between pipes, with and without Polars, and how it grows."""
    file = folder / f"{ROWS[-1]}.csv"
    scripts = {"Polars and NumPy": ["numpy", "polars"], "pandas and PyTorch": ["pandas", "torch"]}
    best, torch = scripts
    code = {best: POLARS, torch: TORCH}
    peers = {name: python(code[name], file, needs=needs) for name, needs in scripts.items()}
    most, runs = {best: 2.0, torch: 1.0}, 5
    yield Case("10⁶ × 10", netcalc(*words(file)), peers, most, {best: 1.0, torch: 1.0}, runs=runs)
    between = {best: piped(python(POLARS, "-", needs=scripts[best]), file)}
    yield Case("10⁶ × 10 between pipes", piped(netcalc(*words("-")), file), between, {best: 2.0}, runs=runs)
    yield Case("10⁶ × 10, without Polars", without_polars(*words(file)), {best: peers[best]}, runs=3)
    yield Growth("A neuron over rows", "rows", {rows: netcalc(*words(folder / f"{rows}.csv")) for rows in ROWS})


def without_polars(*line: str | float | Path) -> Command:
    """netcalc as it is where Polars is not installed."""
    return Command((sys.executable, "-c", WITHOUT_POLARS, *map(str, line)))
