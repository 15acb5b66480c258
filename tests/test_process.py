"""What the process does about streams that are closed, signals, and an environment that makes no sense."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time

import pytest
import transcript

from netcalc.__main__ import without_nonsense
from netcalc.errors import is_out_of_memory

NETCALC = [sys.executable, "-m", "netcalc"]
NEURON = ["neuron", "--x", "1", "2", "--w", "1", "3", "--b", "0"]
pytestmark = pytest.mark.skipif(os.name != "posix", reason="descriptors and signals of POSIX")


def run(words, home, *closed, folder=None):
    """A command with some of its standard streams closed."""
    inherited = {0: subprocess.DEVNULL, 1: subprocess.PIPE, 2: subprocess.PIPE}
    shell = " ".join(f"{descriptor}>&-" if descriptor else "0<&-" for descriptor in closed)
    return subprocess.run(
        ["bash", "-c", f'"$@" {shell}', "bash", *NETCALC, *words],
        env=transcript.environment(home),
        cwd=folder,
        stdin=inherited[0],
        stdout=inherited[1],
        stderr=inherited[2],
        text=True,
        check=False,
    )


@pytest.mark.parametrize("closed", [(0,), (2,), (0, 2)])
def test_an_answer_goes_to_stdout_whatever_else_is_closed(home, closed):
    done = run([*NEURON, "-f", "csv"], home, *closed)
    assert done.returncode == 0
    assert done.stdout.startswith("name,formula,value\nq,")
    assert done.stderr == ""


@pytest.mark.parametrize("closed", [(1,), (0, 1), (1, 2), (0, 1, 2)])
@pytest.mark.parametrize("words", [NEURON, [*NEURON, "-f", "csv"], [*NEURON, "-f", "npz"], ["--version"]])
def test_an_answer_with_nowhere_to_go_is_a_bad_request(home, closed, words):
    done = run(words, home, *closed)
    assert done.returncode == 2
    told = "error: standard output is closed; name a file, as in -o answer.csv\n"
    assert done.stderr == ("" if 2 in closed else told)


def test_with_every_stream_closed_an_answer_goes_into_its_file_alone(home, tmp_path):
    """A file that is opened does not get the number of stderr, nor anything that is said there."""
    done = run([*NEURON, "-o", "answer.csv"], home, 0, 1, 2, folder=tmp_path)
    assert done.returncode == 0
    assert (tmp_path / "answer.csv").read_text().count("\n") == 8


def test_a_closed_stdin_is_told(home):
    done = run(["neuron", "--x", "-", "--w", "1", "--b", "0"], home, 0)
    assert done.returncode == 2
    assert done.stderr == (
        "error: '-' is given for --x, and standard input is closed; name a file, or lead one into it\n"
    )


def test_a_quiz_asks_nobody_on_a_closed_stdin(home):
    done = run(["quiz", "neuron", "--interactive"], home, 0)
    assert done.returncode == 2
    assert done.stderr.startswith("error: --interactive asks on a terminal, and there is none")


@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP"])
def test_a_signal_leaves_no_part_of_a_file(home, tmp_path, name):
    """And what was there before."""
    (tmp_path / "old.csv").write_text("old\n")
    number = getattr(signal, name)
    words = [*NETCALC, *["neuron", "--x", "-", "--w", "1", "1", "--b", "0", "-f", "csv", "-o", "old.csv"]]
    before = signal.signal(number, signal.SIG_DFL)  # `nohup` has it ignored, by what it starts too
    process = subprocess.Popen(words, cwd=tmp_path, env=transcript.environment(home), stdin=subprocess.PIPE)
    signal.signal(number, before)
    assert process.stdin is not None
    process.stdin.write("".join(f"{row},1\n" for row in range(5000)).encode())
    process.stdin.flush()
    deadline = time.monotonic() + 60
    while len(list(tmp_path.iterdir())) < 2 and time.monotonic() < deadline:
        time.sleep(0.05)
    process.send_signal(number)
    process.wait(60)
    process.stdin.close()
    assert process.returncode == 128 + number
    assert list(tmp_path.iterdir()) == [tmp_path / "old.csv"]
    assert (tmp_path / "old.csv").read_text() == "old\n"


@pytest.mark.parametrize("size", ["0", "-5", "", "wide", "²", "9" * 6, "9" * 5000, "1e3", "80.5"])
def test_a_width_that_no_terminal_has_counts_as_none(size):
    environment = {"COLUMNS": size, "LINES": size, "HOME": "/"}
    without_nonsense(environment)
    assert environment == {"HOME": "/"}


@pytest.mark.parametrize(
    "asked",
    [
        {"_NETCALC_COMPLETE": "complete_bash"},
        {"_NETCALC_COMPLETE": "complete_bash", "COMP_WORDS": "netcalc n"},
        {"_NETCALC_COMPLETE": "complete_bash", "COMP_WORDS": "netcalc n", "COMP_CWORD": "x"},
        {"_NETCALC_COMPLETE": "complete_bash", "COMP_WORDS": "netcalc n", "COMP_CWORD": "-1"},
        {"_NETCALC_COMPLETE": "complete_"},
        {"_NETCALC_COMPLETE": "nonsense"},
        {"_NETCALC_COMPLETE": ""},
    ],
    ids=lambda asked: " ".join(asked.values()),
)
def test_a_completion_that_no_shell_asks_for_is_none(asked):
    environment = dict(asked)
    without_nonsense(environment)
    assert "_NETCALC_COMPLETE" not in environment


def test_a_completion_that_a_shell_asks_for_is_kept():
    for asked in (
        {"_NETCALC_COMPLETE": "complete_bash", "COMP_WORDS": "netcalc n", "COMP_CWORD": "1"},
        {"_NETCALC_COMPLETE": "source_bash"},
        {"_NETCALC_COMPLETE": "complete_zsh"},
        {},
    ):
        environment = dict(asked)
        without_nonsense(environment)
        assert environment == asked


def test_a_width_that_a_terminal_has_is_kept():
    environment = {"COLUMNS": "1", "LINES": "99999"}
    without_nonsense(environment)
    assert environment == {"COLUMNS": "1", "LINES": "99999"}


def caused(error, cause):
    """The error as `raise … from cause` has it."""
    error.__cause__ = cause
    return error


@pytest.mark.parametrize(
    "error, told",
    [
        (MemoryError(), True),
        (OSError(12, "Cannot allocate memory"), True),
        (ImportError("libflint.so: failed to map segment from shared object"), True),
        (RuntimeError("can't start new thread"), True),
        (SystemError("error return without exception set"), True),
        (SystemError("bad argument to internal function"), False),
        (caused(SystemError("sort returned a result with an exception set"), MemoryError()), True),
        (caused(SystemError("sort returned a result with an exception set"), ValueError()), False),
        (OSError(28, "No space left on device"), False),
        (ImportError("No module named 'sympy'"), False),
        (ValueError("cannot allocate memory"), False),
    ],
)
def test_want_of_memory_is_told_from_other_errors(error, told):
    assert is_out_of_memory(error) is told


@pytest.mark.skipif(sys.platform != "linux", reason="`ulimit -v` bounds addresses")
@pytest.mark.parametrize("kilobytes", [20_000, 70_000, 100_000, 110_000])
@pytest.mark.parametrize(
    "words", [NEURON, ["grad", "x^2", "--at", "x=3"], ["quiz", "neuron"], ["net", "--example", "xor"]]
)
def test_little_memory_is_told_in_a_line(home, kilobytes, words):
    """Also where NumPy's BLAS would end the process with a status of its own, or die."""
    command = ["bash", "-c", f'ulimit -v {kilobytes}; "$@"', "bash", *NETCALC, *words]
    done = subprocess.run(command, env=transcript.environment(home), capture_output=True, text=True, check=False)
    if done.returncode:  # some need no NumPy
        assert (done.returncode, done.stderr) == (2, "error: not enough memory for this problem\n")


@pytest.mark.skipif(sys.platform != "linux", reason="as above")
@pytest.mark.parametrize("limit", ["-v 140000", "-v 150000", "-d 61440", "-d 88000"])
def test_little_memory_leaves_no_part_of_a_file(home, tmp_path, limit):
    """Addresses, or data alone: BLAS would end the process at its first product, amid the rows."""
    (tmp_path / "x.csv").write_text("1,2\n3,4\n" * 1000)
    words = ["neuron", "--x", "x.csv", "--w", "1", "1", "--b", "0", "-o", "y.csv"]
    command = ["bash", "-c", f'ulimit {limit}; "$@"', "bash", *NETCALC, *words]
    environment = transcript.environment(home)
    done = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, "error: not enough memory for this problem\n")
    assert [one.name for one in tmp_path.iterdir()] == ["x.csv"]


def test_what_needs_no_numbers_needs_no_memory_for_them(home):
    command = ["bash", "-c", 'ulimit -v 60000; "$@"', "bash", *NETCALC, "--version"]
    assert subprocess.run(command, env=transcript.environment(home), capture_output=True, check=False).returncode == 0
