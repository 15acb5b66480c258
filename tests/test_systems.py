"""Other systems: what only POSIX has is asked for where it is, and its other way gives the same answers."""

from __future__ import annotations

import errno
import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
import transcript
from forking import forking

from netcalc import cli
from netcalc.derivation import remembered

ELSEWHERE = Path(__file__).with_name("elsewhere.py")
PROGRAM = "import numpy as np\nz = x @ W\nloss = (np.tanh(z) ** 2).sum()\n"
BACKWARD = "dz = 2 * np.tanh(z) * (1 - np.tanh(z) ** 2)\ndW = x.T @ dz\ndx = dz @ W\n"
AT = ["--at", "x=[[1,2]]", "W=[[0.5],[0.1]]"]
COMMANDS = [
    (["neuron", "--x", "1", "2", "--w", "1", "3", "--b", "0", "--steps"], "", 0),
    (["neuron", "--x", "-", "--w", "1", "1", "--b", "0", "-f", "csv"], "1,2\n3,4\n" * 300, 0),
    (["neuron", "--x", "rows.csv", "--w", "1", "1", "--b", "0", "-o", "out.csv"], "", 0),
    (["linear", "--matrix", "1,2;3,4", "--v", "1,1", "--b", "0,0", "--delta", "1,1", "-o", "out.npz"], "", 0),
    (["net", "--example", "xor"], "", 0),
    (["net", "forward.py", *AT, "-f", "json"], "", 0),
    (["net", "forward.py", *AT, "--check", "backward.py"], "", 1),
    (["grad", "x^2*log(cosh(x*y))", "--at", "x=2", "y=1", "--verify", "--exact"], "", 0),
    (["grad", "x/y", "--at", "x=1", "y=0"], "", 2),
    (["quiz", "net", "--count", "2", "--seed", "3"], "", 0),
    (["grade", "quiz.toml", "class.csv"], "", 1),
    (["neuron", "--x", "missing.csv", "--w", "1", "--b", "0"], "", 2),
    (["activations", "gelu"], "", 0),
]


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    """A folder whose `netcalc` runs without what POSIX alone has."""
    with forking(tmp_path_factory.mktemp("elsewhere"), ELSEWHERE) as commands:
        yield commands


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "rows.csv").write_text("x0,x1\n1,2\n3,-4\n")
    (tmp_path / "forward.py").write_text(PROGRAM)
    (tmp_path / "backward.py").write_text(BACKWARD)
    (tmp_path / "quiz.toml").write_text("[neuron]\nx = [1, 2]\nw = [3, 4]\nb = 0\nactivation = 'relu'\n")
    (tmp_path / "class.csv").write_text("student,q,f\nAda,11,11\nBob,10,10\n")
    return tmp_path


def answered(words, typed, folder, cache):
    environment = transcript.environment(folder) | {"NETCALC_CACHE": str(cache)}
    done = subprocess.run(words, input=typed.encode(), cwd=folder, env=environment, capture_output=True, check=False)
    written = {one.name: one.read_bytes() for one in folder.glob("out.*")}
    return done.returncode, done.stdout, done.stderr, written


@pytest.mark.parametrize(
    "words, typed, status", COMMANDS, ids=lambda one: " ".join(one)[:40] if isinstance(one, list) else ""
)
def test_what_posix_alone_has_is_not_needed(folder, forks, elsewhere, tmp_path_factory, words, typed, status):
    """Word for word the same answers; a second time too, by what was remembered."""
    usual = answered([forks / "netcalc", *words], typed, folder, tmp_path_factory.mktemp("a"))
    cache = tmp_path_factory.mktemp("b")
    for _ in range(2):
        assert answered([elsewhere / "netcalc", *words], typed, folder, cache) == usual
    assert usual[0] == status
    assert b"Traceback" not in usual[2]


def test_where_links_cannot_be_refused_while_opening_they_are_before(tmp_path, monkeypatch):
    """An entry that is a link to another file is no entry."""
    monkeypatch.delattr(os, "O_NOFOLLOW", raising=False)
    entry, other = tmp_path / "entry.txt", tmp_path / "other.txt"
    other.write_bytes(b"what another wrote")
    entry.symlink_to(other)
    with pytest.raises(FileNotFoundError):
        remembered._read(entry)
    entry.unlink()
    entry.write_bytes(b"own")
    entry.chmod(0o600)
    tmp_path.chmod(0o700)
    assert remembered._read(entry) == b"own"


def test_where_there_are_no_users_an_entry_is_a_file_of_its_folder(tmp_path, monkeypatch):
    monkeypatch.delattr(os, "geteuid", raising=False)
    entry = tmp_path / "entry.txt"
    entry.write_bytes(b"own")
    entry.chmod(0o666)
    assert remembered._read(entry) == b"own"
    with pytest.raises(OSError):
        remembered._read(tmp_path)


@pytest.mark.parametrize(
    "system, variables, place",
    [
        ("win32", {"LOCALAPPDATA": "/data/local"}, "/data/local/netcalc"),
        ("win32", {"HOME": "/home/ada"}, "/home/ada/AppData/Local/netcalc"),
        ("darwin", {"HOME": "/home/ada", "XDG_CACHE_HOME": "/x"}, "/home/ada/Library/Caches/netcalc"),
        ("linux", {"HOME": "/home/ada", "XDG_CACHE_HOME": "/x"}, "/x/netcalc"),
        ("linux", {"HOME": "/home/ada", "XDG_CACHE_HOME": "relative"}, "/home/ada/.cache/netcalc"),
    ],
)
def test_what_is_remembered_is_kept_where_the_system_keeps_such_things(monkeypatch, system, variables, place):
    for name in ("LOCALAPPDATA", "XDG_CACHE_HOME", "NETCALC_CACHE"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(remembered.sys, "platform", system)
    assert remembered.cache_directory() == Path(place)


class Gone(io.TextIOBase):
    """A standard output whose reader has gone, as Windows says it."""

    encoding = "utf-8"

    def write(self, _):
        raise OSError(errno.EINVAL, "Invalid argument")

    def flush(self):
        raise OSError(errno.EINVAL, "Invalid argument")


@pytest.mark.parametrize("windows, status", [(True, 141), (False, 2)])
def test_a_pipe_closed_early_ends_quietly_as_windows_tells_it(monkeypatch, capsys, windows, status):
    """There it is an argument that is not valid; elsewhere that is an error like any other."""
    monkeypatch.setattr(cli, "ON_WINDOWS", windows)
    monkeypatch.setattr(sys, "stdout", Gone())
    assert cli.main(["grad", "x^2", "--at", "x=3", "-f", "csv"]) == status
    assert capsys.readouterr().err == ("" if windows else "error: Invalid argument\n")
