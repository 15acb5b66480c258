from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

# Examples are the same in every run, so that a change is judged by what it changed; `HYPOTHESIS_PROFILE=search` draws new ones.
settings.register_profile("steady", derandomize=True, database=None)
settings.register_profile("search", print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "steady"))


@pytest.fixture(scope="session", autouse=True)
def cache_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Derivations are remembered for the tests alone."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NETCALC_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home")
