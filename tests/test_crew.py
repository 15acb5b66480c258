"""Large products in parts, side by side: what they come to, and what happens where one of them fails."""

from __future__ import annotations

import threading
import time

import numpy as np
import pytest

from netcalc import crew, memory
from netcalc.expression import parse
from netcalc.graph.arithmetic import float64
from netcalc.graph.arithmetic.float64 import Float64

SHAPES = [
    ((5, 7), (7, 3)),
    ((3, 7), (7, 9)),
    ((1, 4), (4, 9)),
    ((4, 5, 6), (4, 6, 7)),
    ((1, 5, 6), (1, 6, 7)),
    ((2, 3, 5, 6), (2, 3, 6, 4)),
    ((1, 1), (1, 1)),
    ((0, 3), (3, 2)),
]


@pytest.mark.parametrize("of_a, of_b", SHAPES)
def test_parts_come_to_what_the_whole_does(
    of_a: tuple[int, ...], of_b: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows, columns, or matrices of a stack; also where there are more parts than rows. Whole numbers, so exactly."""
    monkeypatch.setattr(crew, "PART", 1)
    monkeypatch.setattr(crew, "is_own_process", lambda: True)
    draw = np.random.default_rng(1)
    a, b = draw.integers(-9, 9, of_a).astype(float), draw.integers(-9, 9, of_b).astype(float)
    expected = np.einsum("...ij,...jk->...ik", a, b)
    assert crew.multiply(a, b).tolist() == expected.tolist()
    assert crew.multiply(b.swapaxes(-1, -2), a.swapaxes(-1, -2)).tolist() == expected.swapaxes(-1, -2).tolist()


def test_where_the_process_is_not_its_own_nothing_is_shared_out(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its user's NumPy multiplies."""
    monkeypatch.setattr(crew, "PART", 1)
    monkeypatch.setattr(crew, "_crew", lambda: 1 / 0)
    assert crew.multiply(np.eye(4), np.ones((4, 4))).tolist() == np.ones((4, 4)).tolist()


@pytest.mark.parametrize("helpers", [0, 1, 3])
def test_every_task_is_done_once(helpers: int) -> None:
    """By whoever is free; the crew is used again and again."""
    done: list[int] = []
    those = crew.Crew(helpers)
    for _ in range(50):
        done.clear()
        those.do([lambda n=n: done.append(n) for n in range(7)])  # type: ignore[misc]
        assert sorted(done) == list(range(7))


def test_two_tasks_run_at_once() -> None:
    """Each waits for the other to have begun."""
    both = threading.Barrier(2, timeout=60)
    crew.Crew(1).do([both.wait, both.wait])


@pytest.mark.parametrize("helpers", [0, 2])
def test_a_failure_is_raised_once_the_others_have_ended(helpers: int) -> None:
    """As by one thread; afterwards the crew goes on."""
    ended: list[str] = []

    def slow() -> None:
        time.sleep(0.05)
        ended.append("slow")

    those = crew.Crew(helpers)
    with pytest.raises(ZeroDivisionError):
        those.do([slow, lambda: 1 // 0])
    assert ended == ["slow"]
    those.do([slow])
    assert ended == ["slow", "slow"]


@pytest.mark.parametrize("axes", [(-1,), (-2, -1), (-4,), (-3, -1), ()])
@pytest.mark.parametrize("keep", [False, True])
def test_few_entries_are_reduced_as_many_are(
    axes: tuple[int, ...], keep: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The largest, the smallest, the sum and the shares of ties, one entry of all rows at a time and as NumPy does."""
    array = np.random.default_rng(2).integers(-2, 3, (4, 3, 2, 5)).astype(float)
    array[0, 0, 0, 0] = np.nan
    numbers = Float64()

    def answers() -> list[list[object]]:
        found = [numbers.sum(array, axes)]
        for largest in (True, False):
            found.append(numbers.extreme(array, axes, keep, largest=largest))
            found.append(numbers.shares(array, axes, largest=largest))
        return [repr(one.tolist()) for one in found]  # type: ignore[misc]

    monkeypatch.setattr(float64, "MANY", 1)
    with np.errstate(invalid="ignore"):
        by_entries = answers()
        monkeypatch.setattr(float64, "FEW", 0)
        assert by_entries == answers()


def test_memory_that_is_asked_for_ahead_leaves_what_arrays_have(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pages are got ready below arrays that are made and written meanwhile; elsewhere nothing is asked for."""
    monkeypatch.setattr(memory, "keep_what_is_freed", lambda: None)
    before = threading.active_count()
    memory.ask_ahead(1 << 22)
    assert threading.active_count() == before
    monkeypatch.setattr(memory, "is_own_process", lambda: True)
    for _ in range(10):
        memory.ask_ahead(1 << 22)
        arrays = [np.full(1 << 16, float(n)) for n in range(8)]
        assert [set(np.unique(one)) for one in arrays] == [{float(n)} for n in range(8)]


def test_a_condition_as_one_or_zero_is_what_a_choice_gives() -> None:
    """Also where there is no number."""
    x = np.array([-1.0, 0, 2, np.nan, np.inf])
    for text in ("where(x > 0, 1, 0)", "where(x <= 0, 1, 0)", "where(x > 0, 1, -1)", "where(x > 0, 0, 1)"):
        tree = parse(text)
        held = x <= 0 if "<=" in text else x > 0
        assert (
            Float64({}).apply(tree, {"x": x}, x.shape).tolist()
            == np.where(held, *map(float, text[:-1].split(",")[1:])).tolist()
        )
