"""`netcalc neuron`, from the shell and from Python, against values derived elsewhere."""

from __future__ import annotations

import csv
import io
import json
import subprocess
import sys

import pytest

import netcalc

NOTE = ["--x", "-1", "-2", "--w", "4", "-4", "--b", "-3"]
F = 0.7310585786300049  # sigmoid(1) and the partials, float64 nearest of a 40-digit evaluation
PARTIALS = {
    "x": [0.7864477329659274, -0.7864477329659274],
    "w": [-0.19661193324148185, -0.3932238664829637],
    "b": 0.19661193324148185,
}


def run(*arguments: str, stdin: str | None = None) -> subprocess.CompletedProcess[str]:
    """The installed command, run."""
    return subprocess.run(
        [sys.executable, "-m", "netcalc", *arguments], input=stdin, capture_output=True, text=True, check=False
    )


def test_the_founding_note_in_json() -> None:
    """f and every partial are the nearest float64."""
    answer = json.loads(run("neuron", *NOTE, "-f", "json").stdout)
    assert answer["forward"] == {"q": 1.0, "f": F}
    assert answer["partials"] == PARTIALS


@pytest.mark.parametrize("form, delimiter", [("csv", ","), ("tsv", "\t")])
def test_the_founding_note_in_rows(form: str, delimiter: str) -> None:
    """A row an element, in full precision."""
    rows = list(csv.DictReader(io.StringIO(run("neuron", *NOTE, "-f", form).stdout), delimiter=delimiter))
    assert {row["name"]: float(row["value"]) for row in rows} == {
        "q": 1.0,
        "f": F,
        "dx0": PARTIALS["x"][0],
        "dx1": PARTIALS["x"][1],
        "dw0": PARTIALS["w"][0],
        "dw1": PARTIALS["w"][1],
        "db": PARTIALS["b"],
    }


def test_the_table_shows_true_digits() -> None:
    """Every partial stands in the table with six correct digits."""
    shown = run("neuron", *NOTE).stdout
    for digits in ("0.731059", "0.786448", "−0.786448", "−0.196612", "−0.393224", "certified: 7 of 7 values"):
        assert digits in shown


def test_the_library_gives_the_same() -> None:
    """The Python face returns the same numbers."""
    result = netcalc.neuron(x=[-1, -2], w=[4, -4], b=-3)
    assert result.forward["f"] == F
    assert result.partials == PARTIALS


def test_a_bias_left_out_stays_a_symbol() -> None:
    """Formulas in b, which netcalc can read again."""
    answer = json.loads(run("neuron", "--x", "-1", "-2", "--w", "4", "-4", "-f", "json").stdout)
    assert "b" in answer["forward"]["q"]
    assert "sigmoid" in answer["partials"]["x"][0]


def test_lengths_that_disagree_are_refused() -> None:
    """One line, exit status 2, nothing on stdout."""
    done = run("neuron", "--x", "1", "2", "3", "--w", "1", "2")
    assert (done.returncode, done.stdout) == (2, "")
    assert "x has 3 numbers and w has 2 numbers" in done.stderr
