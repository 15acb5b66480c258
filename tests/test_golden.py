"""Each file of `golden/` is a transcript: commands and, word for word, what they print.

UPDATE_GOLDEN=1 writes what is printed now into the files; the change is then read in the diff.
"""

from __future__ import annotations

from pathlib import Path

import pytest
import transcript

CASES = sorted((Path(__file__).parent / "golden").glob("*.console"))


@pytest.mark.parametrize("case", [pytest.param(path, id=path.stem) for path in CASES])
def test_prints_what_it_printed(case, tmp_path, home, forks):
    transcript.check(case, tmp_path, home, forks)
