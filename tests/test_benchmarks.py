"""The benchmarks' own arithmetic: what they measure is only as good as this."""

from __future__ import annotations

import math
import random
import sys

import pytest

from benchmarks import diagnoses
from benchmarks.__main__ import names
from benchmarks.accuracy import Misses, cells
from benchmarks.case import Case, Command, Growth, first_line, netcalc, piped, python, repeated
from benchmarks.diagnosed import problems
from benchmarks.measure import Run, compare, exponent, grow, middle, run
from benchmarks.report import keep, missing, section
from netcalc.checking import Checker


def test_a_ratio_is_of_pairs_and_a_missing_peer_is_named():
    """A case beside one peer that is there, and one that is not."""
    peers = {"it": python("import json"), "other": Command(("no-such-program",), ("no-such-program",))}
    case = Case("nothing", python("pass"), peers, most={"it": 100.0}, most_memory={"it": 0.01}, runs=3)
    here, absent = compare(case, 3)
    assert 0 < here.seconds < 100
    assert here.ours.memory > 1
    assert here.kept is False, "its memory is more than a hundredth"
    assert absent.missing == ("no-such-program",)
    assert absent.kept is None
    assert list(missing([here, absent])) == ["no-such-program"]
    assert "no-such-program: not installed" in section("name", "text", [here, absent])


def test_a_command_that_fails_is_no_measurement():
    """Nor is its time taken for one."""
    with pytest.raises(RuntimeError, match="oh no"):
        run(python("raise SystemExit('oh no')"))


def test_both_sides_of_a_pipe(tmp_path):
    """The file comes in at one end; what is printed goes out at the other."""
    (tmp_path / "it s").write_text("7\n", encoding="utf-8")
    run(piped(python("import sys; sys.exit(int(sys.stdin.read()) - 7)"), tmp_path / "it s"))


@pytest.mark.parametrize("power", [0.9, 1, 2])
def test_the_exponent_of_a_power_law_with_start_up(power):
    """Start-up does not flatten it."""
    seconds = {n: 0.3 + 1e-8 * n**power for n in (1, 10**6, 10**7, 10**8, 10**9)}
    assert exponent(seconds) == pytest.approx(power, abs=0.02)


def test_no_growth_has_no_exponent():
    """What takes as long for any work tells nothing of how work grows; nor does one amount that takes longer."""
    assert exponent({1: 1.0, 10: 1.01, 100: 1.0}) is None
    assert exponent({1: 1.0, 10: 1.01, 100: 5.0}) is None
    assert exponent({1: 3.0, 10: 1.0, 100: 1.9, 1000: 10.9}) == pytest.approx(1), "the smallest goes another way"
    assert exponent({25: 0.55, 50: 0.8, 100: 1.3, 200: 2.3}) == pytest.approx(1), "the least has work of its own"
    found = grow(Growth("Nothing", "nothings", {1: python("pass"), 2: python("import json")}), 1)
    assert list(found.runs) == [1, 2]
    assert "Nothing: " in section("name", "text", [found])


def test_a_long_case_is_measured_once():
    """Its first run is its measurement."""
    case = Case("slow", python("import time; time.sleep(0.3)"), {"it": python("pass")}, runs=0)
    (found,) = compare(case, 7)
    assert found.ours.seconds > 0.3


def test_what_is_read_until_its_first_line(tmp_path):
    """The rest is never written; and a file comes as often as it is asked for."""
    endless = python("import itertools\nfor n in itertools.count(): print(n, flush=True)")
    assert run(first_line(endless)).seconds < 30
    (tmp_path / "x").write_text("7\n", encoding="utf-8")
    run(repeated(python("import sys; sys.exit(sys.stdin.read() != '7\\n' * 3)"), tmp_path / "x", 3))


def test_medians_of_seconds_and_memory_apart():
    """The slow run need not be the large one."""
    assert middle([Run(1, 9), Run(5, 2), Run(2, 3)]) == Run(2, 3)


def test_a_page_keeps_what_stands_around_its_measurements():
    """A second measurement replaces the first, and that alone."""
    page = keep(keep("# Speed\n\nwords\n", "a", "1"), "b", "2")
    again = keep(page, "a", r"new \1")
    assert again == page.replace("\n1\n", "\nnew \\1\n")
    assert again.startswith("# Speed\n\nwords\n")


def test_every_file_of_cases_is_found():
    """By its function alone; and what it measures is this checkout's netcalc, or a process of this interpreter."""
    assert {"startup"} <= set(names())
    assert netcalc("--help").words[0].startswith(sys.prefix)


def test_accuracy_counts_what_is_wrong_apart_from_what_is_off():
    """A false infinity is no distance; the worst ulp is of the rest."""
    misses = Misses()
    for error in (0.5, 3.25, math.inf):
        misses.see(error)
    assert (misses.worst, misses.wrong, misses.checked) == (3.25, 1, 3)
    assert cells((misses, Misses())) == ["3.2", "", "1"]
    assert "accuracy" in names()


def test_the_table_of_diagnoses_has_a_row_for_every_kind_of_answer():
    """Planted, left out, at random, right; the same numbers give the same table."""
    result = dict(problems())["neuron, tanh"]
    found = []
    for _ in range(2):
        random.seed(3)
        found.append(list(diagnoses.cells(diagnoses.Subject(Checker(result), misses=False), 3)))
    assert found[0] == found[1]
    rows = dict.fromkeys(row for row, _ in found[0])
    assert len(rows) == 12 + 6 + 1
    assert {said for row, said in found[0] if row == "right answers"} == {"right"}
    planted = [said for row, said in found[0] if row.startswith("planted, all, 12")]
    assert len(planted) == 3
    assert set(planted) - {""} == {"named"}  # some edits change nothing here
