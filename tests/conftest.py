from __future__ import annotations

import gc
import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest
from forking import forking
from hypothesis import settings

# Examples are the same in every run, so that a change is judged by what it changed; `HYPOTHESIS_PROFILE=search` draws new ones.
# No example is timed: a busy machine is the usual one.
settings.register_profile("steady", derandomize=True, database=None, deadline=None)
settings.register_profile("search", print_blob=True, deadline=None)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))


def pytest_collection_finish() -> None:
    """What is collected stays: to look for garbage among it, time and again, takes a twentieth of a run."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def cache_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Derivations are remembered for the tests alone, by all processes that share their work."""
    folder = tmp_path_factory.getbasetemp()
    shared = folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NETCALC_CACHE", str(shared / "cache"))
        yield


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="session")
def forks(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder whose `netcalc` starts in a tenth of the time that the installed one takes."""
    with forking(tmp_path_factory.mktemp("forks")) as folder:
        yield folder


@pytest.fixture
def ctrl_c_is_heard() -> Iterator[None]:
    """By the processes that a test starts, also where the tests run in a shell's background, which ignores it."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)
