"""Derivations are remembered between runs, and nothing that happens to the cache directory changes an answer."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import sympy
import transcript

from netcalc.catalogue.activations import ACTIVATIONS
from netcalc.catalogue.losses import LOSSES
from netcalc.catalogue.references import activation
from netcalc.derivation import derive, known, remembered
from netcalc.derivation.forms import Forms
from netcalc.derivation.limits import limits
from netcalc.derivation.readable import SCALES, readable
from netcalc.expression import parse


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

    def counted(formula, bound):
        names.append(bound.name)
        return whole(formula, bound)

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
        assert remembered.recall(key, 3, {"q"}) is None, place
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
    assert remembered.recall(key, 3, {"q"})
    for length in range(len(content)):
        entry.write_bytes(content[:length])
        assert remembered.recall(key, 3, {"q"}) is None, length


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


def rewritten(entry, *trees):
    """The entry with other trees in it, and a checksum that is right."""
    about = entry.read_text().split("\n")[1]
    body = "\n".join([about, *trees])
    entry.write_text(f"{remembered._checksum(body)}\n{body}")


FORGED = {
    "slope": ("1/cosh(q)^3", "-2*tanh(q)*(1 - tanh(q)^2)", "1 - tanh(q)^2"),
    "curvature": ("1 - tanh(q)^2", "2*tanh(q)*(1 - tanh(q)^2)", "1 - tanh(q)^2"),
    "shown": ("1 - tanh(q)^2", "-2*tanh(q)*(1 - tanh(q)^2)", "1 + tanh(q)^2"),
    "undefined": ("1 - tanh(q)^2", "-2*tanh(q)*(1 - tanh(q)^2)", "log(-1 - q^2)"),
    "a trillionth": ("1 - tanh(q)^2 + 1e-12*q", "-2*tanh(q)*(1 - tanh(q)^2)", "1 - tanh(q)^2"),
}


@pytest.mark.parametrize("trees", FORGED.values(), ids=FORGED)
def test_an_entry_that_does_not_hold_for_the_formula_is_derived_again(cache, derived, trees):
    """Whatever its checksum says: by differences of what was typed, at random points."""
    sound = slope()
    (entry,) = entries(cache)
    content = entry.read_bytes()
    rewritten(entry, *trees)
    assert remembered.recall(f"{activation('tanh').formula} | {activation('tanh').familiar_slope}", 3, {"q"})
    assert slope() == sound
    assert derived == ["tanh"] * 2
    assert entry.read_bytes() == content


@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
def test_what_was_derived_holds(cache, name):
    """Or it would be derived in every run: a branch, a pole or the end of a domain is no reason."""
    first = derive.derivation(activation(name)), limits(activation(name))
    assert len(entries(cache)) >= 2
    derive.derivation.cache_clear()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(known, "DIGESTS", frozenset())
        patch.setattr(derive, "_derive", None)
        patch.setattr("netcalc.derivation.limits._texts", None)
        assert (derive.derivation(activation(name)), limits(activation(name))) == first


@pytest.mark.skipif(sympy.__version__ != "1.14.0", reason="another SymPy may write what it derives otherwise")
@pytest.mark.parametrize("every", [3, pytest.param(1, marks=pytest.mark.nightly)])
def test_what_is_derived_of_the_catalogue_is_known_again(cache, every):
    """And nothing else is; when a formula has changed, `derivation/known.py` lists these."""
    for row in list(ACTIVATIONS.values())[::every]:
        derive.derivation(row.bind())
    for row in list(LOSSES.values())[::every]:
        if row is not LOSSES["cross-entropy"]:  # which is not element by element
            derive.loss_derivation.__wrapped__(row.bind())
    found = {known.digest(entry.read_text().partition("\n")[2]) for entry in entries(cache)}
    assert found <= known.DIGESTS
    assert every > 1 or found == known.DIGESTS


def test_limits_that_do_not_hold_are_found_again(cache):
    found = limits(activation("tanh"))
    (entry,) = [path for path in entries(cache) if "limits" in path.read_text()]
    for forged in (("1", "1"), ("oo", "1"), ("-1", "-oo"), ("-1", "1.01"), ("-1.5", "1")):
        rewritten(entry, *forged)
        assert limits(activation("tanh")) == found, forged


@pytest.mark.usefixtures("cache")
def test_a_shorter_form_that_does_not_hold_is_found_again(cache):
    forms = Forms(("x", "y"))
    slope = forms.keep(parse("(2*x*(x^2 + y^2) - 2*x*x^2)/(x^2 + y^2)^2"))
    sound = readable(forms, [slope], ("x", "y"))
    assert sound != [slope]
    (entry,) = [path for path in entries(cache) if "readable" in path.read_text()]
    trees = entry.read_text().split("\n")[2:]
    at_the_usual_points = "*".join(f"(x - {3 * scale / 8})" for scale in SCALES)
    for forged in (["7*x*y" for _ in trees], [f"{tree} + {at_the_usual_points}" for tree in trees]):
        rewritten(entry, *forged)
        assert readable(forms, [slope], ("x", "y")) == sound


@pytest.fixture
def entry(cache):
    """An entry whose slope is another function's, so that it shows whether it is read."""
    slope()
    (found,) = entries(cache)
    return found


def key():
    return f"{activation('tanh').formula} | {activation('tanh').familiar_slope}"


POSIX = pytest.mark.skipif(not hasattr(os, "geteuid"), reason="owners and permissions, on POSIX")


@POSIX
@pytest.mark.parametrize("mode", [0o620, 0o602, 0o666])
def test_an_entry_that_others_may_write_is_none(entry, mode):
    assert remembered.recall(key(), 3, {"q"})
    entry.chmod(mode)
    assert remembered.recall(key(), 3, {"q"}) is None


@POSIX
@pytest.mark.parametrize("mode", [0o770, 0o707, 0o1777])
def test_entries_in_a_folder_that_others_may_write_to_are_none(entry, derived, mode):
    """And none is written there."""
    sound, content = slope(), entry.stat()
    entry.parent.chmod(mode)
    assert remembered.recall(key(), 3, {"q"}) is None
    assert slope() == sound
    assert derived == ["tanh"]
    assert entry.stat().st_ino == content.st_ino


@POSIX
def test_an_entry_of_another_owner_is_none(entry, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: entry.stat().st_uid + 1)
    assert remembered.recall(key(), 3, {"q"}) is None


def test_an_entry_larger_than_any_is_none(entry, monkeypatch):
    size = entry.stat().st_size
    monkeypatch.setattr(remembered, "LARGEST_ENTRY_BYTES", size)
    assert remembered.recall(key(), 3, {"q"})
    monkeypatch.setattr(remembered, "LARGEST_ENTRY_BYTES", size - 1)
    assert remembered.recall(key(), 3, {"q"}) is None
    entry.unlink()
    slope()
    assert not entry.exists()


@POSIX
@pytest.mark.parametrize("kind", ["link", "two names", "pipe", "folder", "endless"])
def test_what_is_no_regular_file_of_one_name_is_no_entry(entry, tmp_path, derived, kind):
    """Nor waited for, nor written through: what is behind it stays, and a sound entry takes its place."""
    sound, content = slope(), entry.read_bytes()
    victim = tmp_path / "victim"
    victim.write_bytes(content)
    entry.unlink()
    if kind == "link":
        entry.symlink_to(victim)
    elif kind == "two names":
        entry.hardlink_to(victim)
    elif kind == "pipe":
        os.mkfifo(entry)
    elif kind == "folder":
        entry.mkdir()
    else:
        entry.symlink_to("/dev/zero")
    assert remembered.recall(key(), 3, {"q"}) is None
    assert slope() == sound
    assert derived == ["tanh"]
    assert victim.read_bytes() == content
    assert kind == "folder" or (entry.is_file() and not entry.is_symlink() and entry.stat().st_nlink == 1)


@POSIX
def test_an_entry_is_for_its_owner_alone(entry):
    assert entry.stat().st_mode & 0o777 == 0o600
    assert entry.parent.stat().st_mode & 0o777 == 0o700
