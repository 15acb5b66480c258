"""What only helps or completes does not wait for the mathematics."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
import transcript

HEAVY = {"numpy", "sympy", "flint", "mpmath", "pydantic"}
WAITING = tuple(
    f"netcalc.{name}"
    for name in (
        *("program", "checking", "circuit", "verify", "spec", "exercises", "rows", "examples", "notation.latex"),
        *(
            "expression.tensor_parser",
            "graph.writing",
            "graph.rewrites",
            "graph.build",
            "render.html",
            "render.codegen",
        ),
    )
)
AT_THE_END = "atexit.register(lambda: print(*sys.modules, sep='\\n', file=sys.stderr))"  # those found by name too
MAIN = f"import atexit, sys; {AT_THE_END}; from netcalc.cli import main; raise SystemExit(main())"
COMPLETE = {"_NETCALC_COMPLETE": "complete_bash"}


def completing(*words):
    return {**COMPLETE, "COMP_WORDS": " ".join(["netcalc", *words]), "COMP_CWORD": str(len(words))}


@pytest.mark.parametrize(
    "arguments, environment",
    [
        pytest.param([], {}, id="bare"),
        pytest.param(["--help"], {}, id="help"),
        pytest.param(["--version"], {}, id="version"),
        pytest.param(["neuron", "--help"], {}, id="help on a command"),
        pytest.param(["neuron", "--no-such-option"], {}, id="usage error"),
        pytest.param([], completing("neu"), id="completing a command"),
        pytest.param([], completing("neuron", "--x", "-1", "-2", "--"), id="completing an option"),
        pytest.param([], completing("neuron", "--activation", "s"), id="completing an activation"),
        pytest.param([], completing("neuron", "--loss", "m"), id="completing a loss"),
        pytest.param([], completing("neuron", "--format", "j"), id="completing a format"),
        pytest.param([], completing("grad", "x*y", "--wrt", "x"), id="completing a variable"),
        pytest.param([], completing("neuron", "--x", "1", "--check", "d"), id="completing an answer"),
        pytest.param(["--man"], {}, id="manual page"),
    ],
)
def test_imports_no_mathematics(arguments, environment, home):
    """Neither NumPy, SymPy, flint nor pydantic is imported."""
    packages = {name.partition(".")[0] for name in imported(arguments, environment, home)}
    assert "typer" in packages
    assert packages & HEAVY == set()


REMEMBERED = {
    "neuron": ["neuron", "--x", "-1", "-2", "--w", "4", "-4", "--b", "-3"],
    "numbers": ["grad", "x^2*sigmoid(y)", "--at", "x=1", "y=2"],
    "tensors": ["grad", "sum((W@x)^2)", "--at", "W=1,2;3,4", "x=1,-1"],
}


@pytest.mark.parametrize("arguments", REMEMBERED.values(), ids=REMEMBERED)
def test_second_run_does_without_sympy(arguments, home):
    """What the first run had SymPy derive is remembered."""
    imported(arguments, {}, home)
    packages = {name.partition(".")[0] for name in imported(arguments, {}, home)}
    assert "flint" in packages
    assert packages & {"sympy", "mpmath"} == set()


def test_what_is_large_does_without_balls(home, tmp_path):
    """The derivation that it finds remembered is known to be SymPy's; a formula of one's own is held to itself."""
    for name in "xw":
        np.save(tmp_path / f"{name}.npy", np.ones(1_000_000))
    words = ["neuron", "--x", str(tmp_path / "x.npy"), "--w", str(tmp_path / "w.npy"), "--b", "-3", "-a"]
    for activation, is_loaded in (("sigmoid", False), ("q/(2 + exp(-q))", True)):
        imported([*words, activation], {}, home)
        packages = {name.partition(".")[0] for name in imported([*words, activation], {}, home)}
        assert ("flint" in packages, "sympy" in packages) == (is_loaded, False)


def test_neuron_imports_what_it_needs(home):
    """Programs, tensors as text, formulas of graphs, checking and the other formats wait for who asks for them."""
    modules = imported(REMEMBERED["neuron"], {}, home)
    assert "netcalc.graph.backward" in modules
    assert {name for name in modules if name.startswith(WAITING)} == set()


def imported(arguments, environment, home):
    """Every module that a run imports."""
    done = subprocess.run(
        [sys.executable, "-c", MAIN, *arguments],
        env=transcript.environment(home) | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert "Traceback" not in done.stderr
    return set(done.stderr.splitlines())


def test_expressions_of_numbers_load_no_graph(home):
    """Nor what layers are solved by."""
    modules = imported(["grad", "x^2*sin(x)", "--at", "x=1"], {}, home)
    assert "netcalc.solving.expressions" in modules
    assert {name for name in modules if name.startswith(("netcalc.graph", "netcalc.layers"))} == set()


def test_a_program_of_arrays_reads_no_formula(home, tmp_path):
    """Nor nets' files, nor what writes formulas: float64 of arrays needs none of them."""
    (tmp_path / "forward.py").write_text("import numpy as np\nloss = np.sum(np.maximum(x, 0) ** 2)\n", encoding="utf-8")
    np.save(tmp_path / "x.npy", np.ones((300, 300)))
    given = ["net", str(tmp_path / "forward.py"), "--at", f"x={tmp_path / 'x.npy'}", "--only", "loss", "-f", "csv"]
    modules = imported(given, {}, home)
    assert "netcalc.program.reading" in modules
    assert modules & {"netcalc.expression.parser", "netcalc.notation.printer", "netcalc.models.net", "tomllib"} == set()
    assert {name for name in modules if name.startswith(("netcalc.spec", "netcalc.graph.writing", "flint"))} == set()
    assert len({name for name in modules if name.startswith("netcalc")}) <= 128
