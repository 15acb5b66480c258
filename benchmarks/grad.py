"""Expressions beside SymPy and JAX: values and every partial, large expressions, a million points.

A Rosenbrock function of 100 variables, and its Hessian; a sum of 2,000 terms in 10 variables, both with nothing
remembered; a million points of a softplus neuron from CSV to CSV, beside JAX in float64 between pandas' reader and
writer. The last tables are sums of more and more terms, values and partials alone, and a softplus neuron at more and
more points from a pipe.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks.case import Case, Growth, netcalc, python, repeated

NEURON = "log(1 + exp(w*x + b))"
VARIABLES, TERMS, ROWS = 100, 2_000, 1_000_000
SUMS = (125, 500, 1_000, 2_000, 4_000)
POINTS = (10_000, 100_000, 300_000, 1_000_000)
SYMPY = """
import sys, sympy as sp
text, at = sys.argv[1], dict(one.split("=") for one in sys.argv[2:])
f = sp.sympify(text.replace("^", "**")); at = {sp.Symbol(n): sp.Rational(v) for n, v in at.items()}
print(f.evalf(subs=at), *(f.diff(n).evalf(subs=at) for n in at))
"""
SYMPY_HESSIAN = """
import sys, sympy as sp
text, at = sys.argv[1], dict(one.split("=") for one in sys.argv[2:])
f = sp.sympify(text.replace("^", "**")); at = {sp.Symbol(n): sp.Rational(v) for n, v in at.items()}
slopes = [f.diff(n) for n in at]
print(f.evalf(subs=at), *(s.evalf(subs=at) for s in slopes), *(s.diff(n).evalf(subs=at) for s in slopes for n in at))
"""
JAX = """
import sys, jax; from jax import numpy as np; from jax.numpy import *
jax.config.update("jax_enable_x64", True)
text, at = sys.argv[1], dict(one.split("=") for one in sys.argv[2:])
at = {n: float(eval(v)) for n, v in at.items()}
f = eval(f"lambda {', '.join(at)}: " + text.replace("^", "**"))
print(jax.value_and_grad(f, tuple(range(len(at))))(*at.values()))
"""
JAX_ROWS = """
import sys, jax, pandas as pd
jax.config.update("jax_enable_x64", True)
f = jax.jit(jax.vmap(jax.value_and_grad(lambda w, x, b: jax.nn.softplus(w*x + b), (0, 1, 2))))
rows = pd.read_csv(sys.argv[1]); value, slopes = f(*(rows[n].to_numpy() for n in "wxb"))
pd.DataFrame({"f": value} | {f"d{n}": s for n, s in zip("wxb", slopes)}).to_csv(sys.stdout, index=False)
"""


def rosenbrock(variables: int) -> tuple[str, list[str]]:
    """The function, and a point."""
    parts = (f"100*(x{i + 1}-x{i}^2)^2+(1-x{i})^2" for i in range(variables - 1))
    return "+".join(parts), [f"x{i}=1/3" for i in range(variables)]


def terms(count: int) -> tuple[str, list[str]]:
    """A sum of random terms in 10 variables, and a point."""
    draw = random.Random(6)
    names = [f"x{i}" for i in range(10)]
    parts = (
        f"{draw.randint(1, 9)}*sin({draw.choice(names)}*{draw.choice(names)})*exp(-{draw.choice(names)}^2)"
        for _ in range(count)
    )
    return "+".join(parts), [f"x{i}=0.{i + 1}" for i in range(10)]


def prepare(folder: Path) -> None:
    """A million points."""
    rows = np.random.default_rng(6).uniform(-3, 3, (ROWS, 3))
    np.savetxt(folder / "points.csv", rows, delimiter=",", fmt="%.17g", header="w,x,b", comments="")
    for count in POINTS:
        np.savetxt(folder / f"{count}.csv", rows[:count], delimiter=",", fmt="%.17g", header="w,x,b", comments="")


def cases(folder: Path) -> Iterator[Case | Growth]:
    """Small, wide, long, and many rows."""
    small = (NEURON, ["w=2", "x=1", "b=0"])
    for what, (text, at), peers in (
        (f"`{NEURON}`", small, ("SymPy", "JAX")),
        (f"Rosenbrock, {VARIABLES} variables", rosenbrock(VARIABLES), ("SymPy",)),
        (f"{TERMS:,} terms", terms(TERMS), ("SymPy",)),
    ):
        scripts = {"SymPy": python(SYMPY, text, *at, needs=["sympy"]), "JAX": python(JAX, text, *at, needs=["jax"])}
        ours = netcalc("grad", text, "--at", *at, first_run=text != NEURON)
        yield Case(what, ours, {name: scripts[name] for name in peers})
    text, at = rosenbrock(VARIABLES)
    hessian = {"SymPy": python(SYMPY_HESSIAN, text, *at, needs=["sympy"])}
    yield Case(
        f"Rosenbrock, {VARIABLES} variables, and its Hessian",
        netcalc("grad", text, "--at", *at, "--order", 2, first_run=True),
        hessian,
    )
    points = folder / "points.csv"
    peer = {"JAX between pandas": python(JAX_ROWS, points, needs=["jax", "pandas"])}
    yield Case(f"{ROWS:,} points, CSV to CSV", netcalc("grad", NEURON, "--at", points, "-f", "csv"), peer)
    sums = {n: netcalc("grad", terms(n)[0], "--at", *terms(n)[1], "-f", "csv") for n in SUMS}
    yield Growth("A sum in 10 variables", "terms", sums)
    piped = netcalc("grad", NEURON, "--at", "-", "-f", "csv")
    yield Growth("A softplus neuron", "points", {n: repeated(piped, folder / f"{n}.csv", 1) for n in POINTS})
