"""What a run costs before its work: `netcalc neuron --x -1 -2 --w 4 -4 --b -3` beside processes that only import.

The second run finds the sigmoid's derivation remembered; the first has SymPy derive it. The others give the value and
all five partials of the same neuron.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from benchmarks.case import Case, Command, netcalc, program, python

NEURON = ("neuron", "--x", "-1", "-2", "--w", "4", "-4", "--b", "-3")
IMPORTS = "import typer, rich.table, rich.console, numpy"
BARE_APP = """
import typer
app = typer.Typer(rich_markup_mode=None)
@app.command()
def first(x: str = "1"): "Do one thing."
@app.command()
def second(x: str = "1"): "Do another."
app(prog_name="bare")
"""
SYMPY = """
import sympy as sp
names = sp.symbols("x0 x1 w0 w1 b"); x0, x1, w0, w1, b = names
f = 1 / (1 + sp.exp(-(x0*w0 + x1*w1 + b)))
at = dict(zip(names, (-1, -2, 4, -4, -3)))
print(f.subs(at).evalf(), *((sp.diff(f, n), sp.diff(f, n).subs(at).evalf()) for n in names))
"""
TORCH = """
import torch
x, w, b = (torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in ([-1., -2.], [4., -4.], -3.))
f = torch.sigmoid(x @ w + b); f.backward(); print(f, x.grad, w.grad, b.grad)
"""
JAX = """
import jax, jax.numpy as np
f = lambda x, w, b: jax.nn.sigmoid(x @ w + b)
print(jax.value_and_grad(f, (0, 1, 2))(np.array([-1., -2.]), np.array([4., -4.]), -3.))
"""
AUTOGRAD = """
import autograd.numpy as np
from autograd import grad
f = lambda x, w, b: 1 / (1 + np.exp(-(np.dot(x, w) + b)))
at = np.array([-1., -2.]), np.array([4., -4.]), -3.
print(f(*at), *(grad(f, n)(*at) for n in range(3)))
"""
MAXIMA = """
f: 1/(1+exp(-(x0*w0+x1*w1+b)))$ at: [x0=-1,x1=-2,w0=4,w1=-4,b=-3]$
print(float(subst(at,f)))$ for n in [x0,x1,w0,w1,b] do print(diff(f,n), float(subst(at,diff(f,n))))$
"""
GP = """
f(x,y,w,v,b)=1/(1+exp(-(x*w+y*v+b)))
print(f(-1,-2,4,-4,-3.))
print([derivnum(t=-1,f(t,-2,4,-4,-3)),derivnum(t=-2,f(-1,t,4,-4,-3)),derivnum(t=4,f(-1,-2,t,-4,-3))])
print([derivnum(t=-4,f(-1,-2,4,t,-3)),derivnum(t=-3,f(-1,-2,4,-4,t))])
"""
GIAC = "f:=1/(1+exp(-(x*w+y*v+b)));subst(grad(f,[x,y,w,v,b]),[x=-1,y=-2,w=4,v=-4,b=-3])"
SUMS = {"x*4+5": -1, "-7-4*x": -2, "5-x": 4, "-7-2*x": -4, "4+x": -3}  # q in each of the five, and where
QALC = ", ".join(["1/(1+e^(-1))", *(f"diff(1/(1+e^(-({q}))), x, 1, {at})" for q, at in SUMS.items())])


def cases(folder: Path) -> Iterator[Case]:
    """Start-up, and the field on the same neuron."""
    imports = {"imports of typer, Rich, NumPy": python(IMPORTS)}
    yield Case("second run", netcalc(*NEURON), imports, dict.fromkeys(imports, 1.35))
    imports = {"imports of those and SymPy": python(IMPORTS + ", sympy")}
    yield Case("first run", netcalc(*NEURON, first_run=True), imports, dict.fromkeys(imports, 1.3))
    app = folder / "bare.py"
    app.write_text(BARE_APP, encoding="utf-8")
    bare = Command((sys.executable, str(app), "--help"))
    for words in (("--help",), ("neuron", "--help")):
        yield Case(f"`{' '.join(words)}`", netcalc(*words), {"a bare typer app": bare}, {"a bare typer app": 1.25})
    ours, theirs = (completing(*names) for names in ((netcalc(), "netcalc"), (python(BARE_APP), "bare")))
    yield Case("completion", ours, {"a bare typer app": theirs}, {"a bare typer app": 1.25})
    yield Case("the neuron's value and partials", netcalc(*NEURON), field())


def completing(command: Command, name: str) -> Command:
    """The command as bash asks it to complete its first word."""
    asked = (f"_{name.upper()}_COMPLETE=complete_bash", f"COMP_WORDS={name} n", "COMP_CWORD=1")
    return Command(("env", *asked, *command.words), command.needs)


def field() -> dict[str, Command]:
    """The tools people use instead, on the same neuron."""
    return {
        "PARI/gp": Command(("sh", "-c", f"gp -q <<'END'{GP}END"), ("gp",)),
        "giac": program("giac", GIAC),
        "qalc": program("qalc", f"[{QALC}]"),
        "Maxima": program("maxima", "--very-quiet", f"--batch-string={MAXIMA}"),
        "HIPS autograd": python(AUTOGRAD, needs=["autograd"]),
        "SymPy": python(SYMPY, needs=["sympy"]),
        "JAX": python(JAX, needs=["jax"]),
        "PyTorch": python(TORCH, needs=["torch"]),
    }
