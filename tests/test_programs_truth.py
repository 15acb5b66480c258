"""Forward passes of courses and public code, written anew: values and gradients to 40 digits, by differences."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import netcalc

CASES = json.loads((Path(__file__).parent / "data" / "programs.json").read_text("utf-8"))


def given(value):
    """Decimals as they are written; whole numbers without a point as integers."""
    texts = np.array(value)
    flat = [str(one) for one in texts.reshape(-1)]
    if all(one.lstrip("-").isdigit() for one in flat):
        return texts.astype(np.int64)
    return value


def near(found, expected):
    found, expected = np.array(found, dtype=float), np.array(expected, dtype=float)
    if found.shape != expected.shape and expected.shape == ():
        found = found.reshape(())
    return found.shape == expected.shape and bool(
        np.all(np.abs(found - expected) <= 1e-11 * np.abs(expected).max(initial=0) + 1e-13)
    )


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_program_has_its_value_and_every_gradient(case):
    result = netcalc.gradients(
        case["text"], {name: given(one) for name, one in case["at"].items()}, of=case.get("of"), delta=case.get("delta")
    )
    name = case.get("of") or case.get("loss") or "loss"
    assert near(result.forward[name], case["value"])
    for key, expected in case["partials"].items():
        labels = [
            one
            for one in result.partials
            if one == key or (key in case["assigned_twice"] and one.startswith(f"{key}@"))
        ]
        assert any(near(result.partials[one], expected) for one in labels), key
