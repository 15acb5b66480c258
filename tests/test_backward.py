"""Backward passes as code: right ones in many spellings pass, and the line that went wrong is told, that one alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from netcalc.checking.backward.check import checked_lines
from netcalc.models.programs import AskedOfProgram, program
from netcalc.result import CheckedLine
from netcalc.values import read_array

CASES = json.loads((Path(__file__).parent / "data" / "backward.json").read_text(encoding="utf-8"))["cases"]
RIGHT = [one for one in CASES if one["verdict"] == "right"]
WRONG = [one for one in CASES if one["verdict"] == "wrong"]


def plain(value: Any) -> str:
    return "[" + ", ".join(map(plain, value)) + "]" if isinstance(value, list) else value


def lines_of(case: dict[str, Any]) -> tuple[tuple[CheckedLine, ...], int]:
    """The verdicts on a case's lines, and the number of lines before its first."""
    values = {name: read_array(plain(value), name) for name, value in case["at"].items()}
    whole = [name for name, value in case["at"].items() if "." not in plain(value)]
    delta = read_array(plain(case["delta"]), "delta") if case.get("delta") else None
    asked = AskedOfProgram(values, counted=whole, delta=delta)
    if case.get("one_file"):
        before = case["forward_text"].rstrip("\n") + "\n\n"
        problem = program(before + case["backward"], "cell.py", asked)
        return checked_lines(problem)[0], before.count("\n")
    problem = program(case["forward_text"], "forward.py", asked)
    return checked_lines(problem, case["backward"], "backward.py")[0], 0


@pytest.mark.parametrize("case", RIGHT, ids=lambda case: case["id"])
def test_right_in_another_spelling_is_right(case):
    lines, _ = lines_of(case)
    assert {one.name for one in lines} == set(case["gradients"])
    assert [(one.name, one.diagnosis) for one in lines if one.is_wrong] == []


@pytest.mark.parametrize("case", WRONG, ids=lambda case: case["id"])
def test_line_that_went_wrong_is_told_alone(case):
    lines, before = lines_of(case)
    wrong = [one for one in lines if one.is_wrong and not one.follows]
    assert [one.name for one in wrong] == [case["name"]]
    assert wrong[0].line - before in case["lines_ok"]


@pytest.mark.parametrize("case", WRONG, ids=lambda case: case["id"])
def test_repair_is_right_and_named(case):
    """With the repair in its place, as a line of the file, every gradient is right."""
    lines, before = lines_of(case)
    wrong = next(one for one in lines if one.is_wrong and not one.follows)
    assert wrong.mistake
    assert wrong.repair.splitlines()[-1].strip() in wrong.diagnosis
    rows = case["backward"].split("\n")
    place = wrong.line - before
    rows[place - 1] = wrong.repair
    repaired, _ = lines_of({**case, "backward": "\n".join(rows)})
    assert [one.name for one in repaired if one.is_wrong] == []


@pytest.mark.parametrize("factor, is_wrong", [(" / x.shape[0]", False), ("", True)])
def test_sizes_and_classes_may_be_left_out(factor, is_wrong):
    """Classes that are left out are whole numbers at the points that lines are tried at."""
    asked = AskedOfProgram({}, {"x": ("N", "D"), "W": ("D", "C"), "y": ("N",)})
    problem = program("logits = x @ W\nloss = F.cross_entropy(logits, y)", "forward.py", asked)
    code = f"dlogits = (F.softmax(logits, dim=1) - F.one_hot(y, W.shape[1])){factor}\ndW = x.T @ dlogits"
    lines, _ = checked_lines(problem, code, "backward.py")
    assert [(one.name, one.is_wrong, one.follows) for one in lines if one.is_wrong] == (
        [("dlogits", True, ""), ("dW", True, "dlogits")] if is_wrong else []
    )
