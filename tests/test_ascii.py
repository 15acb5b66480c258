"""Everything reads without Unicode: on request, and by itself where stdout takes no more."""

from __future__ import annotations

import io
import json
import sys

import pytest

from netcalc import cli
from netcalc.catalogue.activations import ACTIVATIONS
from netcalc.catalogue.losses import LOSSES
from netcalc.expression import parse
from netcalc.notation import plainly, to_ascii, to_unicode
from netcalc.render import FORMATS
from netcalc.render.spelling import ascii_only, in_json, in_markup

WITHOUT_VERDICTS = ("dot", "mermaid", "svg", "tikz", "numpy", "torch", "jax")
TEXTS = [name for name, form in FORMATS.items() if form.lines]
ASKED = {
    "neuron": ["neuron", "--x", "0", "-2", "--w", "1", "1/3", "--b", "2/3", "-a", "relu", "--delta", "1"],
    "check": ["neuron", "--x", "1", "--w", "2", "--b", "3", "--check", "dx0=2"],
    "linear": ["linear", "--matrix", "1,2;3,4", "--v", "1", "2", "--delta", "1", "1"],
    "grad": ["grad", "sqrt(x)*sigmoid(y)^2", "--at", "x=1/3"],
}


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("asked", ASKED.values(), ids=ASKED)
def test_every_format_does_with_ascii(asked, name, capsys):
    cli.main([*asked, "-f", name, "--ascii", *(["--steps"] if name in ("table", "md", "latex") else [])])
    written = capsys.readouterr()
    assert written.out.isascii()
    is_told = "--check" in asked and name in WITHOUT_VERDICTS
    assert written.err == "note: dx0 is wrong\n" * is_told
    assert written.out


def test_data_says_the_same_in_ascii(capsys):
    """JSON is escaped, not respelled."""
    cli.main([*ASKED["neuron"], "-f", "json"])
    whole = capsys.readouterr().out
    cli.main([*ASKED["neuron"], "-f", "json", "--ascii"])
    assert json.loads(capsys.readouterr().out) == json.loads(whole)


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252"])
def test_stdout_that_takes_no_unicode_gets_none(encoding, monkeypatch):
    """No escape stands in for a letter."""
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding=encoding))
    assert cli.main([*ASKED["neuron"], "--steps", "--circuit"]) == 0
    sys.stdout.flush()
    assert raw.getvalue().isascii()
    assert b"\\u" not in raw.getvalue()


def test_a_file_has_unicode_wherever_it_is_asked_for(tmp_path, monkeypatch):
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BytesIO(), encoding="ascii"))
    assert cli.main([*ASKED["neuron"], "-o", str(tmp_path / "answer.txt")]) == 0
    assert "∂" in (tmp_path / "answer.txt").read_text(encoding="utf-8")


@pytest.mark.parametrize("row", [*ACTIVATIONS.values(), *LOSSES.values()], ids=str)
def test_formulas_in_ascii_read_back(row):
    tree = parse(row.formula)
    with plainly():
        assert parse(to_unicode(tree)) == tree
    assert to_unicode(tree) != to_ascii(tree) or to_ascii(tree).isascii()


def test_spelling():
    """What has a spelling is spelled, what has none is named; ASCII stays as it is."""
    assert ascii_only("∂L/∂W₁ = δ·vᵀ, x² ≤ ∞ – 5.07596·10⁻⁴³⁵") == "dL/dW1 = delta*v^T, x^2 <= oo - 5.07596*10^-435"
    assert ascii_only("\N{SNOWMAN}") == "snowman"
    assert json.loads(in_json('"∂ 𝛿"')) == "∂ 𝛿"
    assert in_markup("∂ <") == "&#8706; <"
