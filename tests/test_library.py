"""The library in a loop: work is done where it is looked at, once; memory stays flat; threads and processes agree."""

from __future__ import annotations

import gc
import pickle
import sys
import tracemalloc
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count, pairwise

import flint
import numpy as np
import pytest
from effort import calls

import netcalc
from netcalc.result import Result

W = [[1, 2, 3, 4], [5, 6, 7, 8], [9, 1, 2, 3]]


def tanh_squared(x, W):
    """A forward pass as people code it."""
    h = np.tanh(x @ W)
    return (h * h).sum()


def neuron(number: float) -> Result:
    return netcalc.neuron(x=[number, -2], w=[4, -4], b=-3)


def linear(number: float) -> Result:
    return netcalc.linear(W, v=[number, 0, -1, 2], b=[0, 1, 2], delta=[1, -2, 3])


def grad(number: float) -> Result:
    return netcalc.grad("x*y+sin(x)", at={"x": number, "y": 2})


def net(number: float) -> Result:
    layers = [{"W": [[1, 2], [3, 4]], "b": [0, 1], "activation": "tanh"}, {"W": [[1, -1]], "b": [0]}]
    return netcalc.net(layers, input=[number, 2], target=[1], loss="mse")


def traced(number: float) -> Result:
    return netcalc.gradients(tanh_squared, x=np.full((2, 3), number), W=np.eye(3) / 3)


KINDS: list[Callable[[float], Result]] = [neuron, linear, grad, net, traced]


@pytest.mark.parametrize(
    "kind, most", [(neuron, 4_000), (linear, 4_500), (grad, 7_000), (net, 9_000), (traced, 14_000)]
)
def test_a_call_does_little_once_it_is_warm(kind: Callable[[float], Result], most: int) -> None:
    """So many calls of functions, of Python and of C: about a millisecond's worth a few thousand of them."""
    for number in (0.5, 1.5, 2.5):
        kind(number)
    assert calls(lambda: kind(3.5)) <= most


@pytest.mark.parametrize("kind", KINDS)
def test_steps_are_written_when_they_are_looked_at(kind: Callable[[float], Result]) -> None:
    """And then they are the same ones, told in a page as ever."""
    kind(1.5)
    result = kind(1.5)
    assert calls(lambda: len(result.steps)) > 1_000
    assert calls(lambda: len(result.steps)) < 20
    assert result.steps == kind(1.5).steps == tuple(result.steps)
    assert result == kind(1.5)


@pytest.mark.parametrize("kind", [neuron, linear, grad, net])
def test_an_answer_can_be_sent_to_another_process(kind: Callable[[float], Result]) -> None:
    """Looked at or not."""
    result = kind(1.5)
    fresh = pickle.loads(pickle.dumps(result))  # noqa: S301 - its own
    assert str(fresh) == str(result)
    again = pickle.loads(pickle.dumps(result))  # noqa: S301 - its own
    assert again == result
    assert again.steps == result.steps


@pytest.mark.parametrize("kind", [pytest.param(one, marks=[pytest.mark.nightly] * (one is not grad)) for one in KINDS])
def test_memory_stays_flat(kind: Callable[[float], Result]) -> None:
    """Hundreds of calls with other numbers each keep nothing; a table that grows once in a while does so once."""
    numbers = count(1)

    def kept(times: int) -> int:
        for _ in range(times):
            kind(next(numbers) / 7)
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        kept(80)
        sizes = [kept(100) for _ in range(3)]
    finally:
        tracemalloc.stop()
    assert min(after - before for before, after in pairwise(sizes)) < 14_000  # less than 140 bytes a call


@pytest.fixture
def restless() -> Iterator[None]:
    """Threads are changed as often as can be."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("restless")
def test_threads_find_what_one_finds() -> None:
    """Of whatever digits each asks for; and balls have the precision they had."""

    def digits(number: int) -> dict[str, object]:
        result = netcalc.grad("x*y+exp(sin(x))", at={"x": f"{number}/7", "y": 2}, digits=10 + 40 * (number % 3))
        assert result.certainty == "certified: 3 of 3 values"
        return result.partials

    before = flint.ctx.prec
    alone = list(map(digits, range(60)))
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(digits, range(60))) == alone
    assert flint.ctx.prec == before


def test_a_long_program_takes_as_many_times_the_work_as_it_has_lines() -> None:
    """Twice the lines, twice the calls: names that look like gradients' are not looked for among all others."""

    def work(lines: int) -> int:
        body = [f"z{n} = d{n - 1} * w + b\nd{n} = np.tanh(z{n})" for n in range(1, lines // 2)]
        text = "\n".join(["import numpy as np", "d0 = np.tanh(x)", *body, f"loss = np.sum(d{lines // 2 - 1})"])
        at = {name: np.full(4000, number) for name, number in {"x": 0.1, "w": 0.5, "b": 0.2}.items()}
        return calls(lambda: netcalc.gradients(text, at, certify=False))

    assert work(400) < 2.3 * work(200)


def test_parts_of_an_answer_are_taken_without_writing_the_rest() -> None:
    """Nor its steps, until they are looked at."""
    result = traced(1.5)
    assert calls(lambda: result.only(["dW"])) < 500
    assert result.only(["dW"]).steps == [step for step in result.steps if step.name in ("dloss/dW", "dW")]
