"""How many threads multiply matrices: one, and more for what gains by them, in a process of netcalc's own alone."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator

import numpy as np
import pytest

from netcalc import blas


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """The numbers of threads that are asked for, in a process that counts as netcalc's own."""
    numbers: list[int] = []
    monkeypatch.setattr(blas, "_is_own", True)
    monkeypatch.setattr(blas, "_set_threads", lambda: numbers.append)
    monkeypatch.setattr(blas, "_processors", lambda: 7)
    return numbers


def test_a_small_product_is_left_to_one_thread(asked: list[int]) -> None:
    """64 × 64 on 256 rows, and a stack of many such."""
    a, b = np.ones((256, 64)), np.eye(64)
    assert blas.multiply(np.matmul, a, b).tolist() == a.tolist()
    assert blas.multiply(np.matmul, np.ones((100, 8, 64)), np.ones((100, 64, 8))).shape == (100, 8, 8)
    assert asked == []


def test_a_large_product_has_all_processors_and_then_one_again(asked: list[int]) -> None:
    """Also where it fails."""
    a = np.ones((500, 500))
    assert blas.multiply(np.matmul, a, a)[0, 0] == 500
    with pytest.raises(ZeroDivisionError):
        blas.multiply(lambda *_: np.ones(1 // 0), a, a)
    assert asked == [7, 1, 7, 1]


@pytest.mark.parametrize(
    "chosen, first, more", [(None, "1", "True"), ("3", "3", "False")], ids=["nothing chosen", "the user chose"]
)
def test_before_numpy_is_imported_one_thread_is_asked_for(chosen: str | None, first: str, more: str) -> None:
    """Unless the environment says how many."""
    environment = {name: value for name, value in os.environ.items() if name != blas.VARIABLE}
    if chosen:
        environment[blas.VARIABLE] = chosen
    code = "from netcalc import blas; import os; blas.begin_with_one_thread(); print(os.environ.get(blas.VARIABLE), blas._is_own)"
    done = subprocess.run([sys.executable, "-c", code], env=environment, check=True, capture_output=True, text=True)
    if blas._libraries():  # where NumPy multiplies with another library, nothing is changed
        assert done.stdout.split() == [first, more]


def test_who_imports_the_library_keeps_the_own_number() -> None:
    """NumPy is there already: its threads are its user's."""
    before = os.environ.get(blas.VARIABLE)
    blas.begin_with_one_thread()
    assert os.environ.get(blas.VARIABLE) == before
    assert not blas._is_own
