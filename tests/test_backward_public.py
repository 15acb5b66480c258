"""Backward passes in the manner of public projects are right as they are; of a slip in one, that line alone is told."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from netcalc.checking.backward import check
from netcalc.checking.backward.check import checked_lines
from netcalc.checking.backward.search import repair
from netcalc.checking.backward.told import Repair
from netcalc.checking.backward.trial import Trial
from netcalc.models.programs import ProgramRequest, program
from netcalc.result import CheckedLine
from netcalc.values import read_array

CASES = json.loads((Path(__file__).parent / "data" / "backward_public.json").read_text(encoding="utf-8"))["cases"]
FAULTS = [
    pytest.param(case, fault, id=f"{case['id']}-{fault['kind']}", marks=[pytest.mark.nightly] * (place % 2))
    for case in CASES
    for place, fault in enumerate(case["faults"])
]


def lines_of(case: dict[str, Any], backward: str) -> tuple[CheckedLine, ...]:
    """The verdicts on a backward pass, or on that of a forward pass that has it in its own text."""
    values = {name: read_array(text, name) for name, text in case["at"].items()}
    delta = None if case["delta"] is None else read_array(case["delta"], "delta")
    request = ProgramRequest(values, counted=case["counted"], delta=delta, elsewhere=list(values))
    if not case["backward"]:
        return checked_lines(program(backward, "forward.py", request))[0]
    return checked_lines(program(case["forward"], "forward.py", request), backward, "backward.py")[0]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["id"])
def test_right_as_it_is(case):
    lines = lines_of(case, case["backward"] or case["forward"])
    assert lines
    assert [(one.name, one.line, one.diagnosis) for one in lines if one.is_wrong] == []


@pytest.mark.parametrize("case, fault", FAULTS)
def test_the_slip_alone_is_told_and_repaired(case, fault):
    text = case["backward"] or case["forward"]
    assert fault["was"] in text
    lines = lines_of(case, text.replace(fault["was"], fault["put"], 1))
    wrong = [one for one in lines if one.is_wrong and not one.follows]
    assert len(wrong) == 1
    assert wrong[0].line in fault["lines"]
    assert wrong[0].diagnosis
    assert wrong[0].mistake or "bessel" in fault["kind"] or "broadcast" in fault["kind"]


def test_no_other_repair_is_looked_for_once_one_has_the_whole_pass_right(monkeypatch):
    case = next(one for one in CASES if one["id"] == "gru-lists")
    looked_for: list[tuple[str, bool]] = []

    def looked(trial: Trial) -> Repair | None:
        found = repair(trial)
        looked_for.append((trial.one.version.name, found is not None))
        return found

    monkeypatch.setattr(check, "repair", looked)
    lines = lines_of(case, case["backward"].replace("dz = dh * (g - h_prev)", "dz = dh * g"))
    assert looked_for == [("dz", True)]
    assert {(one.name, one.follows) for one in lines if one.is_wrong} > {("dz", ""), ("dh_prev", "dz")}
