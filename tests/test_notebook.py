"""Notebooks: what a result shows of itself, and the example of `docs/` executed."""

from __future__ import annotations

import json
import os
import sys

import pytest
import transcript

import netcalc

PAGE = transcript.CHECKOUT / "docs" / "notebook.ipynb"
NEURON = netcalc.neuron([-1, -2], [4, -4], -3)


def test_a_result_prints_as_its_table():
    assert "∂f/∂x0 │ w0·σ(q)(1 − σ(q))" in str(NEURON)
    assert repr(NEURON) == "<neuron: q, f, dx (2,), dw (2,), db>"


def test_a_result_shows_itself_in_a_notebook():
    """As a table with MathML, the steps and the circuit folded away; as LaTeX and Markdown for other front ends."""
    page = NEURON._repr_html_()
    assert page.count("<details>") == page.count("</details>") == 2
    assert "<mn>0.786448</mn>" in page
    assert NEURON._repr_latex_().startswith("$$\n\\begin{aligned}\nq &= w_{0}")
    assert NEURON._repr_markdown_().startswith("| name | formula | value |")


def test_answers_without_steps_are_lines_of_latex():
    shown = netcalc.neuron(list(range(40)), [0.5] * 40, 0)._repr_latex_()
    assert shown.startswith("$$\n\\begin{aligned}\nq &= 390 \\\\")


def test_a_large_result_does_not_flood_the_notebook():
    import numpy as np

    large = netcalc.neuron(np.full(60_000, 1 / 256), np.full(60_000, 1 / 256), 0)
    assert large._repr_latex_() is None
    assert large._repr_markdown_() is None
    assert len(large._repr_html_()) < 20_000


def outputs(notebook):
    """What each cell shows as text, and of what kinds."""
    cells = (cell.get("outputs", ()) for cell in notebook["cells"] if cell["cell_type"] == "code")
    return [[(output.get("text"), shown(output.get("data", {}))) for output in cell] for cell in cells]


def shown(data):
    return data.get("text/plain"), sorted(data)


def test_example_is_executed_and_shows_what_it_showed(home, monkeypatch):
    """Run from its first cell to its last, the notebook of `docs/` shows what it was saved with."""
    nbformat = pytest.importorskip("nbformat", reason="the extra `notebook` is not installed")
    nbclient = pytest.importorskip("nbclient", reason="the extra `notebook` is not installed")
    pytest.importorskip("ipykernel", reason="the extra `notebook` is not installed")
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    saved = nbformat.read(PAGE, as_version=4)
    fresh = nbformat.read(PAGE, as_version=4)
    nbclient.NotebookClient(
        fresh, timeout=120, kernel_name="python3", resources={"metadata": {"path": str(home)}}
    ).execute()
    if transcript.UPDATE:
        for cell in fresh["cells"]:
            cell["metadata"] = {}
        fresh["metadata"] = {key: saved["metadata"][key] for key in ("kernelspec", "language_info")}
        PAGE.write_text(json.dumps(fresh, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    else:
        assert outputs(fresh) == outputs(saved)
