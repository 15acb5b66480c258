"""docs/reference/ says what the code says, and the site builds with every link sound."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys

import pytest
import transcript

import netcalc

DOCS = transcript.CHECKOUT / "docs"


def reference():
    found = importlib.util.spec_from_file_location("reference_pages", DOCS / "reference.py")
    module = importlib.util.module_from_spec(found)
    found.loader.exec_module(module)
    return module


def test_reference_is_what_the_code_says(monkeypatch):
    """`python docs/reference.py` would change nothing."""
    monkeypatch.setenv("COLUMNS", "80")
    for name, text in reference().pages().items():
        if transcript.UPDATE:
            (DOCS / "reference" / name).write_text(text, encoding="utf-8")
        assert (DOCS / "reference" / name).read_text(encoding="utf-8") == text, (
            f"run: python docs/reference.py ({name})"
        )


def test_every_key_of_the_json_is_described():
    neuron = netcalc.check(netcalc.neuron([1], [2], 3, exact=True, verify=True), {"db": 4})
    hessian = netcalc.grad("x^2*y", at={"x": 1, "y": 2}, order=2)
    written = json.loads(neuron.to_json()) | json.loads(hessian.to_json())
    page = (DOCS / "reference" / "json.md").read_text(encoding="utf-8")
    assert [key for key in written if f"| `{key}` |" not in page] == []


def test_site_builds_with_every_link_sound(tmp_path):
    pytest.importorskip("mkdocs", reason="the extra `docs` is not installed")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "-q", "-d", tmp_path / "site"],
        cwd=transcript.CHECKOUT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "site" / "tutorial.html").exists()
