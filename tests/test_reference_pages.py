"""docs/reference/ says what the code says, and the site builds with every link sound."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys

import fastjsonschema
import pytest
import transcript

import netcalc
from netcalc import cli

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


SCHEMA = json.loads((DOCS / "reference" / "answer.schema.json").read_text(encoding="utf-8"))
LAYER = {"W": [[1, 2]], "b": [0], "activation": "tanh"}
LOSS = {"input": [1, 2], "target": [1], "loss": "mse"}
ANSWERS = {
    "neuron": lambda: netcalc.neuron([1], [2], 3, exact=True, verify=True),
    "check": lambda: netcalc.check(netcalc.neuron([1, 2], [2, 1], 3), {"db": 4, "dx": [1, 2]}),
    "symbols": lambda: netcalc.neuron([1], None, None),
    "digits": lambda: netcalc.neuron([1], [-1000], 0, digits=20),
    "samples": lambda: netcalc.neuron([[1], [2]], [2], 3, target=[1, 0], loss="bce"),
    "linear": lambda: netcalc.linear([[1, 2], [3, 4]], [1, 1], [0, 0], delta=[1, 1]),
    "net": lambda: netcalc.net([LAYER], **LOSS),
    "step": lambda: netcalc.net([LAYER], **LOSS, lr="0.1"),
    "trace": lambda: netcalc.net([LAYER], **LOSS, trace="W1[0,1]"),
    "jacobian": lambda: netcalc.grad("x*y", "sin(x)", at={"x": 1, "y": 2}),
    "hessian": lambda: netcalc.grad("x^2*y", at={"x": 1, "y": 2}, order=2, exact=True),
    "tensors": lambda: netcalc.grad("log(sum(exp(x)))", at={"x": [0, 1]}, order=2),
    "direction": lambda: netcalc.grad("norm(x)", at={"x": [3, 4]}, along={"x": [1, 0]}, order=2),
    "order": lambda: netcalc.grad("x^7", at={"x": 2}, order=4),
    "points": lambda: netcalc.grad("x^2*y", at={"x": [1, 2], "y": 2}),
}


@pytest.mark.parametrize("answer", ANSWERS.values(), ids=ANSWERS)
def test_every_answer_is_as_the_schema_says(answer):
    """No key beside those that are described."""
    fastjsonschema.compile(SCHEMA)(json.loads(answer().to_json()))


def test_lines_of_code_are_as_the_schema_says(tmp_path, capsys):
    """Right, wrong, and not judged."""
    forward, backward = tmp_path / "forward.py", tmp_path / "backward.py"
    forward.write_text("z = x + y**2\nloss = (z ** 2).sum()", encoding="utf-8")
    backward.write_text("dz = 2 * z\ndx = np.load('dx.npy')\ndy = dz", encoding="utf-8")
    cli.main(["net", str(forward), "--at", "x=1,2", "y=3,4", "--check", str(backward), "-f", "json"])
    answer = json.loads(capsys.readouterr().out)
    assert {line["verdict"] for line in answer["check"]} == {"right", "wrong", "not judged"}
    fastjsonschema.compile(SCHEMA)(answer)


def test_every_key_that_an_answer_can_have_is_in_the_schema():
    """And is in one of the answers that are held to it."""
    keys = {key for answer in ANSWERS.values() for key in json.loads(answer().to_json())}
    assert keys == set(SCHEMA["properties"])


def test_every_key_of_the_schema_is_on_the_page():
    page = (DOCS / "reference" / "json.md").read_text(encoding="utf-8")
    for key, described in SCHEMA["properties"].items():
        assert f"| `{key}` | {described['description']} |" in page


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
