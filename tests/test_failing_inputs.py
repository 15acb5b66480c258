"""Each file of `failing/` is a bad request and the message it gets: its last command fails with status 2."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
import transcript

CASES = sorted((Path(__file__).parent / "failing").glob("*.console"))


@pytest.mark.parametrize("case", [pytest.param(path, id=path.stem) for path in CASES])
def test_bad_request_gets_its_message(case, tmp_path, home, forks):
    """Status 2, nothing on stdout, and the message on stderr, word for word."""
    commands = transcript.in_file(case)
    done = subprocess.run(
        ["bash", "-c", "\n".join(command.text for command in commands)],
        cwd=tmp_path,
        env=transcript.environment(home, forks),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=60,
        check=False,
    )
    message = done.stderr.decode()
    assert done.returncode == 2
    assert done.stdout == b""
    assert message.startswith("error: ")
    assert "Traceback" not in message
    if transcript.UPDATE:
        transcript.rewrite(case, {commands[-1]: message})
    else:
        assert message == commands[-1].output
