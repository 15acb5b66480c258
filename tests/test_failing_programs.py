"""Each file of `failing/programs/` is a program that is refused, with the message beside it; nothing of one is run."""

from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import pytest

from netcalc.errors import NetcalcError
from netcalc.graph.sizes import letter
from netcalc.program import Given, read

FOLDER = Path(__file__).parent / "failing" / "programs"
GIVEN = {
    "x": Given((3,), None, "float", fractional=True),
    "W": Given((3, 2), None, "float", fractional=True),
    "ix": Given((3,), np.array([0, 1, 5]), "int"),
    "letters": Given((letter("T"), letter("D"))),
}


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.py")), ids=lambda path: path.stem)
def test_program_is_refused_with_its_message(path, tmp_path, monkeypatch):
    """One error that names the file and the line, in two seconds."""
    monkeypatch.chdir(tmp_path)
    started = time.perf_counter()
    with pytest.raises(NetcalcError) as told:
        read(path.read_text("utf-8"), path.name, GIVEN)
    assert time.perf_counter() - started < 2
    assert list(tmp_path.iterdir()) == []
    message = told.value.message
    assert message.startswith(f"{path.name}, line ")
    assert len(message) < 400
    beside = path.with_suffix(".message")
    if os.environ.get("UPDATE_GOLDEN"):
        beside.write_text(f"{message}\n", encoding="utf-8")
    assert f"{message}\n" == beside.read_text("utf-8")
