"""A gradient's answers against oracles that share nothing with them: given values, sympy.diff, 50 digits."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import mpmath
import pytest

import netcalc

ACCEPTED = json.loads((Path(__file__).parent / "data" / "expressions" / "accepted.json").read_text(encoding="utf-8"))


@pytest.mark.parametrize("case", ACCEPTED, ids=lambda case: f"{case['id']}: {case['expr']}")
def test_accepted_expressions_have_their_values_and_gradients(case):
    """To 25 digits, in the variables' names."""
    point = {name: Fraction(float.fromhex(text)) for name, text in case["point_hex"].items()}
    result = netcalc.grad(case["expr"], at=point, digits=25)
    assert _close(result.forward["f"], case["value"])
    assert result.partials.keys() == case["gradient"].keys()
    for name, true in case["gradient"].items():
        assert _close(result.partials[name], true)


def _close(found, true):
    with mpmath.workdps(40):
        return abs(mpmath.mpf(found) - mpmath.mpf(true)) <= abs(mpmath.mpf(true)) * mpmath.mpf("1e-24")
