"""Derivations are remembered between runs, and nothing that happens to the cache directory changes an answer."""

from __future__ import annotations

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import transcript

from netcalc.catalogue.references import activation
from netcalc.derivation import derive, remembered


@pytest.fixture
def cache(tmp_path, monkeypatch):
    """An empty cache directory, and a process that remembers nothing by itself."""
    monkeypatch.setenv("NETCALC_CACHE", str(tmp_path / "cache"))
    derive.derivation.cache_clear()
    yield tmp_path / "cache"
    derive.derivation.cache_clear()


@pytest.fixture
def derived(monkeypatch):
    """The names of what SymPy had to derive."""
    names = []
    whole = derive._derive

    def counted(bound):
        names.append(bound.name)
        return whole(bound)

    monkeypatch.setattr(derive, "_derive", counted)
    return names


def slope():
    """tanh's derivation as a new process finds it."""
    derive.derivation.cache_clear()
    return derive.derivation(activation("tanh"))


def entries(folder):
    return [path for path in folder.rglob("*") if path.is_file()]


def test_second_run_derives_nothing(cache, derived):
    assert slope() == slope()
    assert derived == ["tanh"]
    assert len(entries(cache)) == 1


def test_second_process_imports_no_sympy(cache, home):
    """The point of it all."""
    script = "import sys, netcalc; netcalc.neuron(x=[1], w=[2], b=3); sys.exit('sympy' in sys.modules)"
    environment = transcript.environment(home) | {"NETCALC_CACHE": str(cache)}
    runs = [subprocess.run([sys.executable, "-c", script], env=environment, check=False).returncode for _ in range(2)]
    assert runs == [1, 0]


@pytest.mark.parametrize("step", [1, 7])
def test_damage_anywhere_is_noticed(cache, derived, step):
    """A byte changed, at any place: derived again, with the same answer, and put right."""
    sound = slope()
    (entry,) = entries(cache)
    content = entry.read_bytes()
    key = f"{activation('tanh').formula} | {activation('tanh').familiar_slope}"
    for place in range(0, len(content), step):
        changed = bytearray(content)
        changed[place] ^= 1
        entry.write_bytes(changed)
        assert remembered.recall(key, 4, {"q"}) is None, place
    assert slope() == sound
    assert derived == ["tanh"] * 2
    assert entry.read_bytes() == content


@pytest.mark.parametrize("content", [b"", b"\0" * 100, b"\xff\xfe", b"null", b"[]", b"()\n" * 10_000])
def test_other_content_is_no_entry(cache, derived, content):
    sound = slope()
    (entry,) = entries(cache)
    entry.write_bytes(content)
    assert slope() == sound
    assert derived == ["tanh"] * 2


def test_cut_short_at_any_place(cache):
    """As a full disk leaves it."""
    slope()
    (entry,) = entries(cache)
    content = entry.read_bytes()
    key = f"{activation('tanh').formula} | {activation('tanh').familiar_slope}"
    assert remembered.recall(key, 4, {"q"})
    for length in range(len(content)):
        entry.write_bytes(content[:length])
        assert remembered.recall(key, 4, {"q"}) is None, length


def test_entry_of_another_formula_is_none(cache, derived):
    """Two formulas whose entries would have one name don't mistake each other's."""
    slope()
    (entry,) = entries(cache)
    content = entry.read_bytes()
    derive.derivation(activation("arctan"))
    (other,) = [path for path in entries(cache) if path != entry]
    other.write_bytes(content)
    derive.derivation.cache_clear()
    assert derive.derivation(activation("arctan")).value != slope().value
    assert derived == ["tanh", "arctan", "arctan"]


@pytest.mark.usefixtures("cache")
def test_an_entry_in_another_symbol_is_none():
    """It is data, and can't name what isn't there."""
    remembered.remember("key", ["q", "q + z"])
    assert remembered.recall("key", 2, {"q", "z"})
    assert remembered.recall("key", 2, {"q"}) is None


@pytest.mark.usefixtures("cache")
def test_no_code_is_run_from_an_entry(tmp_path):
    """What a formula may not say when it is typed, an entry may not say either, be its checksum right."""
    remembered.remember("key", [f"__import__('pathlib').Path({str(tmp_path / 'ran')!r}).touch()"])
    assert remembered.recall("key", 1, {"q"}) is None
    assert not (tmp_path / "ran").exists()


def test_two_writers_do_not_meet(cache):
    """Many at once: every reader finds a whole entry or none, and nothing is left over."""
    texts = ["q", "1/(1 + exp(-q))"]

    def write_and_read(_):
        remembered.remember("key", texts)
        return remembered.recall("key", 2, {"q"})

    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(write_and_read, range(64)))
    assert all(trees == found[0] for trees in found)
    assert found[0]
    assert len(entries(cache)) == 1


def test_a_new_version_derives_again(cache, derived, monkeypatch):
    """Of netcalc or of SymPy; the older one's entries stay for the older one."""
    slope()
    monkeypatch.setattr(remembered, "__version__", "99.0")
    slope()
    monkeypatch.setattr(remembered, "sympy_version", lambda: "99.1")
    slope()
    assert derived == ["tanh"] * 3
    assert len(entries(cache)) == 3


def test_sympys_version_is_found_without_importing_it():
    import sympy

    assert remembered.sympy_version() == sympy.__version__


@pytest.mark.parametrize("place", ["file", "below a file", "loop"])
def test_a_place_that_cannot_be_written_costs_time_alone(tmp_path, monkeypatch, derived, place):
    """A file in the way, or worse: the same answer, and no complaint."""
    (tmp_path / "file").write_text("kept")
    (tmp_path / "loop").symlink_to(tmp_path / "loop")
    monkeypatch.setenv("NETCALC_CACHE", str(tmp_path / place.replace("below a file", "file/below")))
    assert slope() == slope()
    assert derived == ["tanh"] * 2
    assert (tmp_path / "file").read_text() == "kept"


def test_a_directory_that_may_not_be_written(cache, derived, monkeypatch):
    """Read-only, as the file system says it; what is there already is read."""
    slope()

    def refuse(*_, **__):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "mkdir", refuse)
    assert slope() == slope()
    derive.derivation(activation("arctan"))
    assert derived == ["tanh", "arctan"]
    assert len(entries(cache)) == 1


@pytest.mark.parametrize(
    "settings, expected",
    [
        pytest.param({"NETCALC_CACHE": "off", "HOME": "/home/a"}, None, id="off"),
        pytest.param({"NETCALC_CACHE": "/elsewhere", "HOME": "/home/a"}, "/elsewhere", id="moved"),
        pytest.param({"NETCALC_CACHE": "", "HOME": "/home/a"}, "/home/a/.cache/netcalc", id="home"),
        pytest.param({"XDG_CACHE_HOME": "/fast", "HOME": "/home/a"}, "/fast/netcalc", id="XDG"),
        pytest.param({"XDG_CACHE_HOME": "not/absolute", "HOME": "/home/a"}, "/home/a/.cache/netcalc", id="relative"),
        pytest.param({"HOME": ""}, None, id="no home"),
    ],
)
def test_where_derivations_are_kept(monkeypatch, settings, expected):
    for name in ("NETCALC_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(sys, "platform", "linux")
    assert remembered.cache_directory() == (expected and Path(expected))


def test_turned_off_writes_nothing(tmp_path, home):
    """Not in the home directory either, which need not exist."""
    environment = transcript.environment(home) | {"NETCALC_CACHE": "off", "HOME": str(tmp_path / "nowhere")}
    words = [sys.executable, "-m", "netcalc", "neuron", "--x", "1", "--w", "2", "--b", "3", "-a", "identity"]
    done = subprocess.run(words, env=environment, capture_output=True, check=False)
    assert (done.returncode, done.stderr) == (0, b"")
    assert list(tmp_path.iterdir()) == []
