"""`netcalc neuron`, from the shell and from Python, against values derived elsewhere."""

from __future__ import annotations

import csv
import io
import json
import math
import subprocess
import sys

import numpy as np
import pytest

import netcalc
from netcalc.cli import main
from netcalc.errors import UndefinedError
from netcalc.render import FORMATS

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


@pytest.mark.parametrize(
    "activation", ["relu(q) + q^2", "sigmoid(q)*q", "gelu(q)^2", "leaky_relu(q, 0.1) + 1", "elu(q - 1)"]
)
def test_a_typed_activation_may_call_the_catalogue(activation):
    """A formula of catalogue functions has the value and the slope of those written out, small or large."""
    small = netcalc.neuron([1, 2], [3, -4], "1/2", activation)
    h = 1e-6
    up, down = (netcalc.neuron([1, 2], [3, -4], 0.5 + step, activation).forward["f"] for step in (h, -h))
    assert small.partials["b"] == pytest.approx((up - down) / (2 * h), rel=1e-6)
    large = netcalc.neuron(np.ones(9000), np.full(9000, -4.5 / 9000), 0, activation)
    assert large.forward["f"] == pytest.approx(small.forward["f"], rel=1e-9)
    assert large.partials["b"] == pytest.approx(small.partials["b"], rel=1e-9)


@pytest.mark.parametrize("shape", [(2,), (1, 2)])
def test_one_sample_of_float64_is_written_out(shape):
    """An array of float64 is explained as typed numbers are."""
    result = netcalc.neuron(np.array([-1.0, -2.0]).reshape(shape), [4, -4], -3)
    typed = netcalc.neuron([-1, -2], [4, -4], -3)
    lines = ["".join(f"{line}\n" for line in FORMATS["latex"](one, steps=True)) for one in (result, typed)]
    assert lines[0] == lines[1]


def test_rows_whose_sums_cancel_are_right_among_many(tmp_path, capsys):
    """Among rows in float64, one where 3e15 cancels has the answers that it has alone."""
    row = "3e15,-0.4416125592041887,-3e15"
    path = tmp_path / "rows.csv"
    path.write_text("1,2,3\n" * 3000 + f"{row}\n" * 2, "ascii")
    asked = ["--w", "1", "1", "1", "--b", "0.1", "-f", "csv"]
    assert main(["neuron", "--x", str(path), *asked]) == 0
    among = capsys.readouterr().out.splitlines()[-1]
    path.write_text(f"{row}\n" * 2, "ascii")
    assert main(["neuron", "--x", str(path), *asked]) == 0
    alone = capsys.readouterr().out.splitlines()[-1]
    assert [float(cell) for cell in among.split(",")] == pytest.approx(
        [float(cell) for cell in alone.split(",")], rel=1e-12
    )
    assert float(alone.split(",")[0]) == -0.3416125592041887


def test_a_sample_without_a_value_leaves_the_others_theirs() -> None:
    """Nor has it a slope, though 1/q has a value there; where no sample has a value, there is no answer."""
    result = netcalc.neuron([[-1], [4]], [1], 0, "log(q)")
    assert result.forward["f"] == [None, math.log(4)]
    assert result.partials == {"x": [[None], [0.25]], "w": [[None], [1.0]], "b": [None, 0.25]}
    assert result.notes == ("f0 has no value here: log(q) is defined for q > 0; here q = -1",)
    with pytest.raises(UndefinedError, match="f is undefined here: "):
        netcalc.neuron([[-1], [-4]], [1], 0, "log(q)")


def test_the_reason_is_of_the_value_where_a_value_is_missing() -> None:
    """At 1 asin has its value and no slope, at 3 neither."""
    result = netcalc.neuron([[1], [3]], [1], 0, "asin(q)")
    assert result.notes[0] == "f1 has no value here: asin(q) is defined for -1 <= q and q <= 1; here q = 3"
    assert result.notes[1].startswith("∂f/∂x[0,0] has no value here: 1/sqrt(1 - q^2) is defined for ")
    with pytest.raises(UndefinedError, match="f is undefined here: asin"):
        netcalc.neuron([[-2], [3]], [1], 0, "asin(q)")


def test_a_slope_without_a_value_leaves_other_entries_theirs() -> None:
    """The root of 0 is 0; each note names a layer that its gradient goes through."""
    layers = [{"W": [[1, 0], [0, 1]], "activation": "sqrt(q)"}, {"W": [[1, 1]], "activation": "log(q - 2) + q"}]
    result = netcalc.net(layers, input=[0, 9], target=[3], loss="mse", verify=True)
    assert result.partials["W1"] == [[None, None], [0.0, 3.0 * result.partials["a1"][1] / 2]]
    assert result.verification.wrong == ()
    assert [note.partition(":")[0] for note in result.notes] == [
        "∂L/∂z1[0] has no value here",
        "∂L/∂W1 has no value in 2 of its 4 entries",
        "∂L/∂x has no value here",
    ]


@pytest.mark.parametrize(
    "text, name",
    [
        ("torch.relu", "relu"),
        ("nn.ReLU()", "relu"),
        ("np.tanh", "tanh"),
        ("F.leaky_relu(0.2)", "leaky_relu"),
        ("jax.nn.gelu", "gelu"),
    ],
)
def test_an_activation_may_have_its_library_in_front(text, name):
    """And no more numbers than it takes."""
    assert netcalc.activation(text).row.name == name
    with pytest.raises(netcalc.NetcalcError, match="one parameter too many"):
        netcalc.activation("leaky_relu(0.2, 3)")


def test_one_part_may_be_asked_for_by_itself():
    result = netcalc.neuron(x=[1], w=[2], b=0)
    assert [one.name for one in result.only("dx").tensors] == ["dx"]
    with pytest.raises(KeyError, match="there is no dy here: q, f, dx, dw, db"):
        result["dy"]
