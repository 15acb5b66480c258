"""Slips planted in hand-written backward passes, in every line and of every kind, are told where they are, and named."""

from __future__ import annotations

import pytest

from tests.planting import Tally, passes, slips

PASSES = passes()
QUICK = ("mixed", "layernorm", "micrograd", "batchnorm_short")


@pytest.mark.parametrize("one", PASSES, ids=lambda one: one.name)
def test_right_passes_are_right_in_every_line(one):
    lines = one.lines(one.backward)
    assert len(lines) >= 4
    assert [line for line in lines if not line.is_right] == []


def tallied(names: tuple[str, ...], every: int) -> Tally:
    total = Tally()
    for one in PASSES:
        for slip in slips(one, every, every // 2) if one.name in names else ():
            total.add(one, slip)
    return total


@pytest.mark.parametrize(
    "names, every",
    [(QUICK, 60), pytest.param(tuple(one.name for one in PASSES), 12, marks=pytest.mark.nightly)],
    ids=["some", "many"],
)
def test_slips_are_told_where_they_are_alone_and_named(names, every):
    total = tallied(names, every)
    told = "\n".join(total.failures)
    assert total.found >= 0.95 * total.all, told
    assert total.alone >= 0.95 * total.all, told
    assert total.named >= 0.8 * total.all, told


@pytest.mark.parametrize("slip, cause", [("dct", "factor-left-out"), ("dct * o", "wrong-tensor")])
def test_what_is_right_for_another_step_by_a_slip_is_held_to_that_of_its_own(slip, cause):
    (one,) = (one for one in PASSES if one.name == "lstm_gates")
    wrong = [line for line in one.lines(one.backward.replace("dc = dct * f", f"dc = {slip}")) if line.is_wrong]
    told = [(line.line, line.mistake, line.repair.strip()) for line in wrong if not line.follows]
    assert told == [(16, cause, "dc = dct * f")]


@pytest.mark.nightly
def test_what_a_local_name_has_to_be_may_be_nothing_at_one_step():
    """h before the loop is 0, so that r has no gradient there."""
    (one,) = (one for one in PASSES if one.name == "gru")
    lines = one.lines(one.backward.replace("dar = dr * r * (1 - r)", "dar = dr * (1 - r ** 2)"))
    told = [(line.line, line.mistake) for line in lines if line.is_wrong and not line.follows]
    assert told == [(16, "slope-formula")]
