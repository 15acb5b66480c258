"""How many threads BLAS multiplies with: one, in a process of netcalc's own alone."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from netcalc import blas


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
