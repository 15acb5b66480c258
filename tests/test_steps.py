"""What the steps of a derivation say: each line follows from the one before."""

from __future__ import annotations

import netcalc
from netcalc.notation.displays import Display, Matrix, Product, Sum
from netcalc.render.prose import in_one_line

BATCH = [{"W": [[1, -1], [2, 1]], "b": [3, 4], "activation": "tanh"}]


def lines(result: netcalc.Result) -> list[str]:
    """Each step in one line."""
    return [in_one_line(step) for step in result.steps]


def shape(display: Display) -> tuple[int, int]:
    """Rows and columns of a display of matrices; those of a sum's parts agree."""
    if isinstance(display, Sum):
        (one,) = {shape(part) for part in display.parts}
        return one
    if isinstance(display, Product):
        return shape(display.parts[-1])
    assert isinstance(display, Matrix)
    return len(display.entries), len(display.entries[0])


def test_a_bias_after_a_step_is_a_row_however_many_samples_there_are():
    """b stands once beside ∂L/∂b, which is summed over the samples; forward it stands in every sample's row."""
    result = netcalc.net(BATCH, input=[[1, 2], [3, 4]], target=[[0, 1], [1, 0]], loss="mse", lr="1/2")
    updated = {step.name: step.chain[1:] for step in result.steps if step.name.endswith("_new")}
    assert {name: {shape(part) for part in parts} for name, parts in updated.items()} == {
        "W1_new": {(2, 2)},
        "b1_new": {(1, 2)},
    }


def test_a_step_of_gradient_descent_takes_away():
    """No plus beside a minus, whichever way the rate was given."""
    for rate in ("1/2", "0.1", "sqrt(2)"):
        result = netcalc.net(BATCH, input=[1, 2], delta=[1, 0], lr=rate)
        (line,) = (line for line in lines(result) if line.startswith("b1_new"))
        assert f"= [3; 4] − {rate.replace('sqrt(2)', '√2')} [" in line
