"""Every format is read by something that didn't write it, and says what the result says."""

from __future__ import annotations

import csv
import json
import re
import shutil
import subprocess

import markdown_it
import numpy as np
import pytest

import netcalc
from netcalc.render import FORMATS

X = [[-1, -2], [0.1, 3]]
RESULTS = {
    "one": lambda: netcalc.neuron([-1, -2], [4, -4], -3),
    "many": lambda: netcalc.neuron(X, [4, -4], -3, "tanh"),
    "symbols": lambda: netcalc.neuron([-1, -2], None, "1/3", "gelu"),
    "kink": lambda: netcalc.neuron([0, -2], [4, -4], -8, "relu"),
    "tiny": lambda: netcalc.neuron([-100], [1000], 0),
    "exact": lambda: netcalc.neuron([-1, -2], [4, -4], -3, exact=True),
    "digits": lambda: netcalc.neuron([-1, -2], [4, -4], -3, digits=40),
    "loss": lambda: netcalc.neuron([-1, -2], [4, -4], -3, target=1, loss="huber(1/2)"),
    "own": lambda: netcalc.neuron([-1, 2], [4, 3], 1, "where(q > 0, log(1 + q^2), abs(q))"),
    "large": lambda: netcalc.neuron(np.linspace(-1, 1, 9000), np.linspace(0, 1, 9000), 0),
}


SHORT = [name for name in RESULTS if name != "large"]


@pytest.fixture(params=RESULTS, scope="module")
def result(request):
    return RESULTS[request.param]()


@pytest.fixture(params=SHORT, scope="module")
def short(request):
    return RESULTS[request.param]()


def text(result, name, *, steps=False):
    return "".join(f"{line}\n" for line in FORMATS[name](result, steps=steps))


def strict(line):
    def refuse(token):
        raise AssertionError(token)

    return json.loads(line, parse_constant=refuse)


def expected(result):
    """What each element is, from the result itself: rows of name → plain value."""
    if result.sample_rows:
        flat = [{one.name: one.value.plain() for one in tensor.elements()} for tensor in result.tensors]
        rows = len(result.tensors[0].entries)
        assert all(len(part) % rows == 0 for part in flat)
        return [[value for part in flat for value in _part(list(part.values()), rows, row)] for row in range(rows)]
    return [[one.name, one.value.plain()] for tensor in result.tensors for one in tensor.elements()]


def _part(values, rows, row):
    width = len(values) // rows
    return values[row * width : (row + 1) * width]


def test_json_is_strict_and_holds_the_result(result):
    """One object, every tensor in its own shape; a second reading is the same object."""
    content = strict(text(result, "json"))
    assert content["forward"] == result.forward
    assert content["partials"] == result.partials
    assert content["formulas"].keys() == content["partials"].keys()
    assert content["certainty"] == result.certainty


@pytest.mark.parametrize("name", ["csv", "tsv"])
def test_delimited_text_is_what_csv_reads(result, name):
    """A header, then a row an element or a sample; floats come back bit by bit."""
    header, *rows = csv.reader(text(result, name).splitlines(), delimiter="," if name == "csv" else "\t")
    assert {len(row) for row in rows} == {len(header)}
    shown = [row if result.sample_rows else [row[0], row[2]] for row in rows]
    wanted = expected(result)
    assert [list(map(_number, row)) for row in shown] == [list(map(_number, row)) for row in wanted]


def _number(cell):
    try:
        return float(cell)
    except ValueError:
        return cell


def test_jsonl_is_an_object_a_line(result):
    lines = [strict(line) for line in text(result, "jsonl").splitlines()]
    values = [list(line.values()) if result.sample_rows else [line["name"], line["value"]] for line in lines]
    assert values == expected(result)


def test_markdown_is_a_table_to_markdown_it(short):
    """A table of as many rows as there are elements or samples, whose cells are the values; steps leave it whole."""
    for steps in (False, True):
        tokens = markdown_it.MarkdownIt("commonmark").enable("table").parse(text(short, "md", steps=steps))
        cells = [token.children for token in tokens if token.type == "inline" and token.level == 4]
        header = [token for token in tokens if token.type == "th_open"]
        plain = ["".join(part.content for part in children) for children in cells]
        rows = [plain[at : at + len(header)] for at in range(0, len(plain), len(header))]
        wanted = expected(short)
        assert len(rows) - 1 == len(wanted)
        shown = [[_number(cell) for cell in (row if short.sample_rows else (row[0], row[2]))] for row in rows[1:]]
        assert shown == [list(map(_number, row)) for row in wanted]


def test_markdown_notes_read_as_they_are_meant(short):
    """What a note says is what a reader of the rendered page sees."""
    tokens = markdown_it.MarkdownIt("commonmark").enable("table").parse(text(short, "md"))
    prose = ["".join(part.content for part in token.children) for token in tokens if token.type == "inline"]
    assert [*short.notes, short.certainty] == prose[-len(short.notes) - 1 :]


ENVIRONMENT = re.compile(r"\\(begin|end)\{(\w+\*?)\}")
SIDES = re.compile(r"\\(left|right)\b")


def test_latex_is_balanced(short):
    """Braces, \\left and \\right, environments and dollars close in the order in which they open."""
    for steps in (False, True):
        latex = text(short, "latex", steps=steps)
        code = "\n".join(line for line in latex.splitlines() if not line.startswith("%"))
        assert_balanced(re.findall(r"(?<!\\)[{}]", code), "{")
        assert_balanced(list(SIDES.findall(code)), "left")
        opened = []
        for kind, name in ENVIRONMENT.findall(code):
            if kind == "begin":
                opened.append(name)
            else:
                assert opened.pop() == name
        assert not opened
        assert code.count("$") % 2 == 0
        assert code.isascii()


def assert_balanced(marks, opening):
    depth = 0
    for mark in marks:
        depth += 1 if mark == opening else -1
        assert depth >= 0
    assert depth == 0


@pytest.mark.skipif(not shutil.which("pdflatex"), reason="pdflatex is not installed; the parser's test stands for it")
def test_latex_compiles(tmp_path):
    """A worksheet of all of them goes through pdflatex with amsmath and nothing else."""
    parts = [text(RESULTS[name](), "latex", steps=True) for name in SHORT]
    preamble = "\\documentclass{article}\\usepackage{amsmath}\\begin{document}\n"
    page = preamble + "\n\n".join(parts) + "\\end{document}\n"
    (tmp_path / "page.tex").write_text(page, "ascii", errors="replace")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "page.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:]
    assert (tmp_path / "page.pdf").stat().st_size > 1000


@pytest.mark.skipif(not shutil.which("jq"), reason="jq is not installed; strict json.loads stands for it")
def test_jq_reads_json(result):
    done = subprocess.run(
        ["jq", "-c", ".forward.f"], input=text(result, "json"), capture_output=True, text=True, check=True
    )
    assert json.loads(done.stdout) == result.forward["f"]


@pytest.mark.parametrize("width", [40, 80, 200])
def test_the_table_cuts_nothing_off(result, width):
    """Every value of a short result stands whole in the table, folded where the terminal is narrow."""
    from rich.console import Console

    from netcalc.result import in_unicode

    console = Console(width=width, color_system=None)
    with console.capture() as capture:
        for line in FORMATS["table"](result, steps=False):
            console.print(line)
    found = re.sub(r"[\s│┃]", "", capture.get())
    if width < 200:  # where cells fold, their pieces stand apart
        assert max(map(len, capture.get().splitlines())) <= width
        return
    for tensor in result.tensors:
        if tensor.entries.size <= 64:
            assert all(re.sub(r"\s", "", in_unicode(one.value)) in found for one in tensor.elements())
