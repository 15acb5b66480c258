"""The page: sound, by itself, complete; and formulas as MathML."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import xml.etree.ElementTree as ET
from html import escape
from html.parser import HTMLParser

import pytest
import transcript

import netcalc
from netcalc import cli
from netcalc.circuit import circuit
from netcalc.expression import parse
from netcalc.notation.mathml import name_to_mathml, to_mathml
from netcalc.render import View, render
from netcalc.render.mathematics import width

VOID = {"meta", "br", "!doctype"}
ACCEPTED = json.loads((transcript.CHECKOUT / "tests/data/expressions/accepted.json").read_text(encoding="utf-8"))

RESULTS = [
    pytest.param(netcalc.neuron([-1, -2], [4, -4], -3), id="neuron"),
    pytest.param(netcalc.neuron([-1, -2], [4, -4], -3, target=1, loss="bce", exact=True), id="exact with a loss"),
    pytest.param(netcalc.neuron([1, 2], None, None, "q*exp(-q^2)"), id="symbols"),
    pytest.param(netcalc.neuron([-1000], [1], 0, digits=30), id="beyond float64"),
    pytest.param(netcalc.neuron([[1, 2], [3, 4]], [2, 1], 3), id="samples"),
    pytest.param(netcalc.linear([[1, 2], [4, 5]], [1, 2], [1, 1], "tanh", target=[1, 0], loss="mse"), id="layer"),
    pytest.param(netcalc.grad("x^2*y + sin(x)", at={"x": 1, "y": 2}, order=2), id="hessian"),
    pytest.param(netcalc.grad("x", "y*x"), id="jacobian of symbols"),
]


PROGRAM = """
h = np.tanh(x @ W)
logits = h @ W
loss = F.cross_entropy(logits, y)
"""
NET = [
    {"W": [["0.15", "0.2"], ["0.25", "0.3"]], "b": "0.35", "activation": "sigmoid"},
    {"W": [["0.4", "0.45"], ["0.5", "0.55"]], "b": "0.6", "activation": "softmax"},
]


class Page(HTMLParser):
    """The texts of a page, its attributes, and whether its elements are nested as they ought to be."""

    def __init__(self, text):
        super().__init__()
        self.open, self.tags, self.attributes, self.texts = [], [], [], []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += attrs

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


def page(result):
    return Page("\n".join(render(result, "html", View())))


@pytest.mark.parametrize("result", RESULTS)
def test_page_is_sound_and_needs_nothing_else(result):
    """Elements nest, nothing is fetched, and no script runs."""
    read = page(result)
    assert read.open == []
    assert not {"script", "link", "img", "iframe", "object"} & set(read.tags)
    assert not [one for one in read.attributes if one[0] in ("src", "href") or one[0].startswith("on")]
    assert {"math", "style", "table", "title"} <= set(read.tags)


@pytest.mark.parametrize("result", RESULTS)
def test_page_shows_every_value(result):
    """Each number of the answer stands in the page as the table has it."""
    text = "".join(page(result).texts).replace("−", "-")
    for tensor in result.tensors:
        for one in tensor.elements():
            mantissa = one.value.shown.partition("e")[0]
            assert one.value.formula is not None or mantissa in text


def test_page_shows_notes():
    assert any("kink" in text for text in page(netcalc.neuron([0], [1], 0, "relu")).texts)


def test_page_of_a_part_has_no_circuit():
    part = netcalc.neuron([1], [2], 3).only(["dx"])
    assert "svg" not in page(part).tags


def test_page_shows_verdicts():
    checked = netcalc.check(netcalc.neuron([-1, -2], [4, -4], -3), {"dw0": -0.73, "db": 0.2})
    text = "".join(page(checked).texts)
    assert "Your answers" in text
    assert "wrong" in text
    assert "rounded" in text


def test_text_of_others_is_escaped():
    """What was typed is text, never markup."""
    result = netcalc.grad("where(x<1, x, 2)", at={"x": 0})
    assert "<1" not in "\n".join(render(result, "html", View()))


def test_page_of_a_million_numbers_is_refused_with_the_alternative(tmp_path, capsys):
    import numpy as np

    numbers = tmp_path / "x.npy"
    np.save(numbers, np.full(60_000, 1 / 256))
    ask = ["neuron", "--x", str(numbers), "--w", str(numbers), "--b", "0", "-f", "html"]
    assert cli.main(ask) == 2
    assert "--by-layer" in capsys.readouterr().err
    assert cli.main([*ask, "--by-layer"]) == 0
    assert len(capsys.readouterr().out) < 20_000


@pytest.mark.parametrize("text", [pytest.param(case["expr"], id=str(case["id"])) for case in ACCEPTED])
def test_every_expression_is_sound_mathml(text):
    ET.fromstring(f"<math>{to_mathml(parse(text))}</math>")  # noqa: S314  # netcalc's own


PIECES = [
    ("x^2", "<msup><mrow><mi>x</mi></mrow><mrow><mn>2</mn></mrow></msup>"),
    ("w0", "<msub><mi>w</mi><mrow><mn>0</mn></mrow></msub>"),
    ("1/3", "<mfrac><mrow><mn>1</mn></mrow><mrow><mn>3</mn></mrow></mfrac>"),
    ("-1", '<mo form="prefix">−</mo><mn>1</mn>'),
    ("sqrt(2)", "<msqrt><mrow><mn>2</mn></mrow></msqrt>"),
    ("2*x", "<mn>2</mn><mo>&#x2062;</mo><mi>x</mi>"),
    ("2*3", "<mn>2</mn><mo>·</mo><mn>3</mn>"),
    ("2*3^x", "<mn>2</mn><mo>·</mo><msup><mrow><mn>3</mn></mrow><mrow><mi>x</mi></mrow></msup>"),
    ("2*x^3", "<mn>2</mn><mo>&#x2062;</mo><msup><mrow><mi>x</mi></mrow><mrow><mn>3</mn></mrow></msup>"),
    ("a-b", "<mi>a</mi><mo>−</mo><mi>b</mi>"),
    ("pi", "<mi>π</mi>"),
    ("alpha", "<mi>α</mi>"),
    ("exp(x)", "<msup><mi>e</mi><mrow><mi>x</mi></mrow></msup>"),
    ("abs(x)", "<mrow><mo>|</mo><mi>x</mi><mo>|</mo></mrow>"),
    ("1e-40", "<msup><mn>10</mn><mrow><mo>−</mo><mn>40</mn></mrow></msup>"),
]


@pytest.mark.parametrize("text, expected", PIECES)
def test_mathml(text, expected):
    assert to_mathml(parse(text)) == expected


def test_a_fraction_is_as_wide_as_the_wider_of_its_parts():
    """So that a page does not set it smaller than it has to."""
    wide = width(parse("alpha + beta + gamma"))
    for text in ("(alpha + beta + gamma)/x", "x/(alpha + beta + gamma)", "(alpha + beta)/(alpha + beta + gamma)"):
        assert wide <= width(parse(text)) < wide + 1


def test_names_of_layers():
    """The number of a whole tensor's name is its layer's; a derivative is a fraction."""
    assert name_to_mathml("W1") == "<msup><mi>W</mi><mrow><mo>(</mo><mn>1</mn><mo>)</mo></mrow></msup>"
    assert to_mathml(parse("W1[0,1]")) == (
        "<msubsup><mi>W</mi><mrow><mn>0</mn><mo>,</mo><mn>1</mn></mrow>"
        "<mrow><mo>(</mo><mn>1</mn><mo>)</mo></mrow></msubsup>"
    )
    assert name_to_mathml("delta") == "<mi>δ</mi>"
    assert name_to_mathml("dL/dv") == (
        "<mfrac><mrow><mo>∂</mo><mi>L</mi></mrow><mrow><mo>∂</mo><mi>v</mi></mrow></mfrac>"
    )


PAGES = [
    pytest.param(
        netcalc.gradients(PROGRAM, x=[[1.5, -0.5], [0.25, 2.0]], W=[[0.5, -1], [1, 0.5]], y=[0, 1]), id="program"
    ),
    pytest.param(netcalc.net(NET, input=["0.05", "0.1"], target=["0.01", "0.99"], loss="half-sse"), id="net"),
    pytest.param(
        netcalc.grad("sum((W@x - t)^2)/2", at={"W": [[1, 2], [3, 4]], "x": [1, -1], "t": [1, 0]}), id="tensors"
    ),
]


@pytest.mark.parametrize("result", PAGES)
def test_page_goes_from_the_problem_to_single_entries(result):
    """First the problem as mathematics, then the circuit, the steps, and the table of entries, folded."""
    text = "\n".join(render(result, "html", View()))
    marks = ["<h2>Problem</h2>", "<h2>Circuit</h2>", "<svg", "<h2>Steps</h2>", "<details>", '<table class="stack">']
    places = [text.index(mark) for mark in marks]
    assert places == sorted(places)
    problem = text[places[0] : places[1]]
    assert problem.index("<math") < problem.index('<div class="given">')
    assert "<mtable" in problem  # what is given, as matrices
    assert text.count("<table") == 1


def test_page_without_steps_shows_the_table():
    """Where nothing else shows the values, the table is open."""
    rows = netcalc.neuron([[1, 2], [3, 4]], [2, 1], 3)
    assert ("<details open>" in "\n".join(render(rows, "html", View()))) == (not rows.steps)


def test_program_s_circuit_has_a_box_a_line():
    """Each name of the program is a box with what goes into it, and nothing else is."""
    drawn = circuit(PAGES[0].values[0])
    assert [node.label for node in drawn.nodes if node.kind == "gate"] == ["h = tanh(x W)", "logits = h W", "loss"]
    assert {node.label for node in drawn.nodes if node.kind == "given"} == {"x", "W", "y"}


def test_program_s_circuit_goes_down_the_page_of_a_phone():
    """There it is read at the size that it is drawn, where from left to right it is three times as wide; a neuron's
    signs are read from left to right on any page.
    """
    lines = "z = x @ W1 + b1\nh = np.tanh(z)\nout = h @ W2\nloss = (out ** 2).sum()"
    shape = {"x": "N,D", "W1": "D,H", "b1": "H", "W2": "H,C"}
    text = "\n".join(render(netcalc.gradients(lines, shape=shape), "html", View()))
    desk, phone = text.index('<figure class="desk">'), text.index('<figure class="phone">')
    wide, narrow = (int(text[place:].partition(' width="')[2].partition('"')[0]) for place in (desk, phone))
    assert narrow < 390
    assert wide > 1000
    assert "@media(max-width:40rem){.desk{display:none}.phone{display:block}" in text
    assert re.findall(r'class="t"[^>]*>([^<]+)<', text[phone:]) == [
        *("loss", "x", "W1", "b1", "z = x W1 + b1", "h = tanh(z)", "W2", "out = h W2", "loss = ‖out‖²", "loss")
    ]
    assert ">x W1 + b1<" not in text[phone : text.index("</figure>", phone)]  # said in the label
    assert "class=desk" not in "\n".join(render(netcalc.neuron([1, 2], [2, 1], 3), "html", View()))


def test_large_inputs_are_told_by_shape_and_norm():
    """A matrix that is too large to be drawn has a line."""
    result = netcalc.gradients("loss = (x @ W).sum()", x=[[1.0] * 20] * 20, W=[[1.0]] * 20)
    assert "<dt>x</dt><dd>20×20, norm" in "\n".join(render(result, "html", View()))


MEASURE = """<script>onload = () => {
  const page = f.contentDocument, wide = f.clientWidth, out = [];
  for (const one of page.querySelectorAll('details')) one.open = true;
  const scrolls = one => ['auto', 'hidden'].includes(f.contentWindow.getComputedStyle(one).overflowX);
  for (const one of page.body.querySelectorAll('*')) {
    let inside = one.parentElement;
    while (inside && inside !== page.documentElement && !scrolls(inside)) inside = inside.parentElement;
    const held = inside && inside !== page.documentElement;
    if (!held && one.getBoundingClientRect().right > wide + 1) out.push(one.tagName);
    if (scrolls(one) && one.scrollWidth > one.clientWidth + 1 && !one.querySelector('mtable')) out.push('scrolls');
  }
  document.title = page.documentElement.scrollWidth + ' of ' + wide + ': ' + out;
}</script>"""


@pytest.mark.skipif(shutil.which("chromium") is None, reason="no Chromium here")
@pytest.mark.parametrize("width", [390, 1200])
@pytest.mark.parametrize("result", [RESULTS[1], *PAGES])
def test_a_browser_sets_the_page_within_its_width(tmp_path, result, width):
    """Of a phone and of a desk nothing is wider than the page, and nothing but a matrix scrolls."""
    page_text = escape("\n".join(render(result, "html", View())))
    frame = f'<!doctype html><iframe id=f style="width:{width}px;height:900px;border:0" srcdoc="{page_text}"></iframe>'
    (tmp_path / "page.html").write_text(frame + MEASURE, encoding="utf-8")
    flags = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    flags += "--disable-component-update --disable-sync --window-size=1300,1000 --virtual-time-budget=3000 --dump-dom"
    done = subprocess.run(
        ["chromium", *flags.split(), f"--user-data-dir={tmp_path}/profile", f"file://{tmp_path}/page.html"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    wide, room, found = re.search(r"<title>(\d+) of (\d+): (.*?)</title>", done.stdout).groups()
    assert int(wide) <= int(room) == width
    assert found == ""


def test_matrices_have_brackets_that_grow_and_columns_that_line_up():
    """By a font for mathematics where the browser has none set; and Chromium takes `right` for text alone, not for numbers."""
    text = "\n".join(render(RESULTS[4].values[0], "html", View()))
    assert re.search(r'math\{font-family:"Latin Modern Math",[^}]*"DejaVu Math TeX Gyre",math\}', text)
    assert "mtd{text-align:right;text-align:-webkit-right;" in text
