"""Expressions of tensors beside the same lines of NumPy by hand, and the blocks' backward passes in letters.

A least-squares gradient and a layer of tanh from .npy files, a Jacobian, a Hessian: NumPy's script reads the same
files, goes forward and backward by formulas worked out by hand, and prints as many numbers. It imports typer and Rich
as well, as netcalc's command line does. Blocks are derived with letters for their sizes, which is promised within a
second after the first run; the peer sleeps for one. The last tables are gradients in more and more entries.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.case import Case, Growth, netcalc, program, python

ROWS, COLUMNS, SIDE, FEW = 20_000, 400, 1_000, 60
SIZES = (30, 100, 300, 1_000, 2_000, 3_000)
BLOCKS = ("layernorm", "batchnorm", "attention", "multi-head", "lstm", "groupnorm", "transformer")
BY_HAND = "the same in NumPy by hand"
HEAD = """
import sys, numpy as np, typer, rich.table, rich.console
def show(*arrays):
    for a in arrays:
        print(a if a.size < 10 else (a.shape, np.linalg.norm(a), a.min(), a.max()))
at = {word.split("=")[0]: np.load(word.split("=")[1]) for word in sys.argv[1:]}
"""
LEAST_SQUARES = (
    HEAD
    + """
X, w, y = at["X"], at["w"], at["y"]
r = X @ w - y
show(np.asarray(r @ r / len(y)), 2 / len(y) * np.outer(r, w), 2 / len(y) * (X.T @ r), -2 / len(y) * r)
"""
)
LAYER = (
    HEAD
    + """
X, W, b = at["X"], at["W"], at["b"]
a = np.tanh(X @ W + b)
dz = 1 - a * a
show(np.asarray(a.sum()), dz @ W.T, X.T @ dz, dz.sum(0))
"""
)
JACOBIAN = (
    HEAD
    + """
W, x = at["W"], at["x"]
a = np.tanh(W @ x)
J = (1 - a * a)[:, None] * W
print(a.tolist(), J.tolist())
"""
)
HESSIAN = (
    HEAD
    + """
A, x = at["A"], at["x"]
z = A @ x
p = np.exp(z - z.max()); s = p.sum(); p /= s
g = A.T @ p
print(z.max() + np.log(s), g.tolist(), (A.T @ (p[:, None] * A) - np.outer(g, g)).tolist())
"""
)


def prepare(folder: Path) -> None:
    """Arrays as .npy, and the blocks."""
    from netcalc.examples import example

    draw = np.random.default_rng(11)
    shapes = {"X": (ROWS, COLUMNS), "w": COLUMNS, "y": ROWS, "W": (SIDE, SIDE), "b": SIDE, "Z": (SIDE, SIDE)}
    for name, shape in (shapes | {"A": (FEW, FEW), "x": FEW}).items():
        np.save(folder / f"{name}.npy", draw.standard_normal(shape) / 30)
    for size in SIZES:
        np.save(folder / f"{size}.npy", draw.standard_normal((size, size)))
    for name in BLOCKS:
        (folder / f"{name}.py").write_text(example(name), encoding="utf-8")


def cases(folder: Path) -> Iterator[Case | Growth]:
    """Gradients, a Jacobian, a Hessian, blocks, and how a gradient grows."""

    def at(**files: str) -> list[str]:
        return [f"{name}={folder / file}.npy" for name, file in files.items()]

    full = ["--wrt", "x", "-f", "json"]
    for what, expression, files, script, options in (
        (f"X {ROWS:,}×{COLUMNS}", "mean((X@w - y)^2)", at(X="X", w="w", y="y"), LEAST_SQUARES, []),
        (f"all {SIDE:,}²", "sum(tanh(X@W + b))", at(X="Z", W="W", b="b"), LAYER, []),
        (f"its Jacobian, {FEW}²", "tanh(W@x)", at(W="A", x="x"), JACOBIAN, full),
        (f"its Hessian, {FEW}²", "logsumexp(A@x)", at(A="A", x="x"), HESSIAN, [*full, "--order", "2"]),
    ):
        promised = {} if options else {BY_HAND: 1.5}  # Jacobians and Hessians of this size are certified
        ours = netcalc("grad", expression, "--at", *files, *options)
        yield Case(f"`{expression}`, {what}", ours, {BY_HAND: python(script, *files)}, promised)
    for name in BLOCKS:
        shapes = re.search(r"--shape (.*)", (folder / f"{name}.py").read_text(encoding="utf-8"))
        words = shapes[1].split() if shapes else []
        ours = netcalc("net", folder / f"{name}.py", "--shape", *words)
        yield Case(f"{name} in letters", ours, {"a second": program("sleep", 1)}, {"a second": 1.0}, runs=5)
    sizes = {n * n: netcalc("grad", "sum(tanh(X)^2)", "--at", *at(X=str(n))) for n in SIZES}
    yield Growth("The gradient of `sum(tanh(X)^2)`", "entries", sizes)
    products = {n**3: netcalc("grad", "sum(X@X)", "--at", *at(X=str(n))) for n in SIZES}
    yield Growth("The gradient of `sum(X@X)`", "multiplications", products)
