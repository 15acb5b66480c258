"""What only helps or completes does not wait for the mathematics."""

from __future__ import annotations

import subprocess
import sys

import pytest
import transcript

HEAVY = {"numpy", "sympy", "flint", "mpmath", "pydantic"}
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
    done = subprocess.run(
        [
            sys.executable,
            "-X",
            "importtime",
            "-c",
            "from netcalc.cli import main; raise SystemExit(main())",
            *arguments,
        ],
        env=transcript.environment(home) | environment,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    imported = {line.rpartition("|")[2].strip().partition(".")[0] for line in done.stderr.splitlines()}
    assert "typer" in imported
    assert imported & HEAVY == set()
    assert "Traceback" not in done.stderr
