"""The circuit: each gate's rule holds between the values and gradients on its wires, in every drawing of it."""

from __future__ import annotations

import io
import itertools
import re
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.console import Console

import netcalc
from netcalc import cli
from netcalc.circuit import chain, circuit
from netcalc.circuit.expression import expression
from netcalc.errors import NetcalcError
from netcalc.notation import plainly, significant
from netcalc.render import View, render
from netcalc.render.graphs import dot, mermaid, tikz
from netcalc.render.layout import places
from netcalc.render.svg import svg
from netcalc.render.wires import Drawing

NEAR = 2e-5  # the wires show six digits
numbers = st.integers(-400, 400).map(lambda n: n / 100)


def number(text):
    return float(text.replace("−", "-"))


def near(a, b):
    return a == pytest.approx(b, rel=NEAR, abs=1e-9)


@st.composite
def neurons(draw):
    size = draw(st.integers(1, 5))
    lists = st.lists(numbers, min_size=size, max_size=size)
    return netcalc.neuron(draw(lists), draw(lists), draw(numbers), draw(st.sampled_from(["tanh", "silu", "identity"])))


@given(neurons())
@settings(max_examples=25, deadline=None)
def test_gates_pass_gradients_on_by_their_rules(result):
    """A sum hands its gradient to each part; a product hands each factor its gradient times the other factor."""
    drawn = circuit(result)
    out = {wire.source: wire for wire in drawn.wires}
    for node in drawn.nodes:
        into = drawn.sources(node.key)
        if node.label == "+":
            assert near(number(out[node.key].forward), sum(number(wire.forward) for wire in into))
            assert all(wire.backward == out[node.key].backward for wire in into)
        elif node.label == "×":
            left, right = into
            assert near(number(out[node.key].forward), number(left.forward) * number(right.forward))
            assert near(number(left.backward), number(out[node.key].backward) * number(right.forward))
            assert near(number(right.backward), number(out[node.key].backward) * number(left.forward))


def test_loss_stands_above_the_neuron():
    """Its gradient by f is on f's wire, and the target's wire carries none."""
    result = netcalc.neuron([-1, -2], [4, -4], -3, target=1, loss="bce")
    out = {wire.source: wire for wire in circuit(result).wires}
    assert out["activation"].backward == "−1.36788"
    assert (out["t"].forward, out["t"].backward) == ("1", "")
    assert (out["loss"].forward, out["loss"].backward) == ("0.313262", "1")


def test_what_was_left_out_is_a_formula_on_its_wire():
    result = netcalc.neuron([-1, -2], [4, -4], None)
    out = {wire.source: wire for wire in circuit(result).wires}
    assert out["sum"].forward == "b + 4"
    assert out["x0"].backward == "4·σ(b + 4)(1 − σ(b + 4))"


def test_layer_by_layer_shows_whole_tensors():
    result = netcalc.neuron([-1, -2], [4, -4], -3)
    out = {wire.source: wire for wire in circuit(result, by_layer=True).wires}
    assert (out["x"].forward, out["x"].backward) == ("[−1, −2]", "[0.786448, −0.786448]")
    assert (out["linear1"].forward, out["linear1"].backward) == ("1", "0.196612")


def test_an_expression_is_drawn_as_in_the_course_notes():
    """The sigmoid circuit of Stanford's CS231n, "Backpropagation, Intuitions": every number on its wires."""
    result = netcalc.grad("1/(1 + exp(-(w0*x0 + w1*x1 + w2)))", at={"w0": 2, "x0": -1, "w1": -3, "x1": -2, "w2": -3})
    drawn = circuit(result)
    label = {node.key: node.label for node in drawn.nodes}
    shown = [
        (label[wire.source], f"{number(wire.forward):.2f}", f"{number(wire.backward):.2f}")
        for wire in drawn.wires
        if wire.forward
    ]
    assert sorted(shown) == sorted([
        ("w0", "2.00", "-0.20"), ("x0", "-1.00", "0.39"), ("w1", "-3.00", "-0.39"), ("x1", "-2.00", "-0.59"), ("w2", "-3.00", "0.20"),
        ("×", "-2.00", "0.20"), ("×", "6.00", "0.20"), ("+", "1.00", "0.20"), ("−", "-1.00", "-0.20"), ("exp", "0.37", "-0.53"),
        ("+", "1.37", "-0.53"), ("÷", "0.73", "1.00"),
    ])  # fmt: skip


@pytest.mark.parametrize(
    "text, point",
    [
        ("x^2*y + sin(x)", {"x": 1, "y": 2}),
        ("sigmoid(x*y)*where(x > 0, x^3, y)/(x + 2)", {"x": "1/3", "y": -2}),
        ("max(x*y, x + y, 1) - x*log(y)", {"x": 2, "y": 3}),
        ("exp(x)^y*cbrt(x)", {"x": 2, "y": "1/2"}),
    ],
)
def test_parts_that_come_back_on_a_variable_s_wires_sum_to_its_partial(text, point):
    """Drawn whole or once a use, the parts on a variable's wires are its gradient."""
    result = netcalc.grad(text, at=point)
    for drawn in (circuit(result), expression(result.problem, split=True)):
        names = {node.key: node.label for node in drawn.nodes}
        for name in point:
            parts = [number(wire.backward) for wire in drawn.wires if names[wire.source] == name and wire.backward]
            assert near(sum(parts), result.partials[name])


def test_an_open_variable_leaves_formulas_on_the_wires():
    drawn = circuit(netcalc.grad("x*exp(y)"))
    assert {(wire.forward, wire.backward) for wire in drawn.wires} == {
        ("x", "exp(y)"),
        ("y", "x·exp(y)"),
        ("exp(y)", "x"),
        ("x·exp(y)", "1"),
    }


def test_several_expressions_and_too_many_gates_are_refused():
    with pytest.raises(NetcalcError, match="one expression"):
        circuit(netcalc.grad("x", "y"))
    with pytest.raises(NetcalcError, match="gates"):
        circuit(netcalc.grad("*".join(f"(x+{n})" for n in range(40)), at={"x": 1}))


@pytest.mark.parametrize("samples", [1, 3])
def test_a_layer_shows_each_weight_with_its_gradient(samples):
    """One sample unit by unit, several as whole tensors."""
    result = netcalc.linear([[1, 2, 3], [4, 5, 6]], [[1, 0, -1]] * samples, [0, 1], delta=[[1, -2]] * samples)
    drawn = circuit(result)
    if samples > 1:
        assert drawn.is_tree
        return
    weights = {(wire.forward, wire.backward) for wire in drawn.wires if wire.forward}
    assert weights == {("1", "1"), ("2", "0"), ("3", "−1"), ("4", "−2"), ("5", "0"), ("6", "2")}
    units = {node.label: (node.forward, node.backward) for node in drawn.nodes}
    assert units["v0"] == ("1", "−7")
    assert units["b1"] == ("1", "−2")
    assert units["u1"] == ("−1", "−2")


def test_many_inputs_are_drawn_as_one_tensor():
    result = netcalc.neuron(list(range(40)), [0.01] * 40, 0)
    assert [node.label for node in circuit(result).nodes] == ["x", "w", "b", "w·x + b", "sigmoid", "f"]


def test_a_million_numbers_are_refused_with_the_alternative():
    import numpy as np

    result = netcalc.neuron(np.full(60_000, 1 / 256), np.full(60_000, 1 / 256), 0)
    with pytest.raises(NetcalcError, match="--by-layer"):
        circuit(result)
    assert "60000" in circuit(result, by_layer=True).wires[0].forward


DRAWN = [
    pytest.param(netcalc.neuron([-1, -2], [4, -4], -3), id="numbers"),
    pytest.param(netcalc.neuron([-1, -2], [4, -4], None, "q*exp(-q^2)"), id="formulas"),
    pytest.param(netcalc.neuron([1], [2], 3, target=1, loss="mse"), id="loss"),
    pytest.param(netcalc.neuron([[1, 2], [3, 4]], [2, 1], 3), id="samples"),
    pytest.param(netcalc.grad("x^2*y + sin(x)/x", at={"x": 1, "y": 2}), id="expression"),
    pytest.param(netcalc.linear([[1, 2], [4, 5]], [1, 2], [1, 1], "tanh", target=[1, 0], loss="mse"), id="layer"),
    pytest.param(netcalc.linear([[1, 2], [4, 5]]), id="layer of symbols"),
]


@pytest.mark.parametrize("result", DRAWN)
def test_no_two_nodes_share_a_place(result):
    """In a column, nodes keep a row apart; every wire goes from left to right."""
    drawn = circuit(result)
    placed = places(drawn)
    for one in placed:
        for other in placed:
            if one < other and placed[one].column == placed[other].column:
                assert abs(placed[one].row - placed[other].row) >= 1
    assert all(placed[wire.source].column < placed[wire.target].column for wire in drawn.wires)


@pytest.mark.parametrize("result", DRAWN)
def test_svg_is_sound_and_says_everything(result):
    """Well-formed, self-contained, and each value and gradient is a text in it."""
    drawn = circuit(result)
    root = ET.fromstring("\n".join(svg(drawn)))  # noqa: S314  # netcalc's own
    space = "{http://www.w3.org/2000/svg}"
    texts = {text.text for text in root.iter(f"{space}text")}
    assert texts >= {part for wire in drawn.wires for part in (wire.forward, wire.backward) if part}
    assert texts >= {node.label for node in drawn.nodes}
    assert root.find(f"{space}title").text == drawn.title
    width, height = float(root.get("width")), float(root.get("height"))
    for text in root.iter(f"{space}text"):
        assert 0 <= float(text.get("x")) <= width
        assert 0 <= float(text.get("y")) <= height
    assert not any("href" in key or "src" in key for element in root.iter() for key in element.attrib)


ATTENTION = """
import torch
Q = X @ Wq
K = X @ Wk
S = Q @ K.T / K.shape[1] ** 0.5
P = torch.softmax(S, dim=1)
out = P @ X
loss = ((out - T) ** 2).mean()
"""


def test_a_long_program_is_drawn_down_the_page():
    """A box a line, no wider than a page; its value, its gradient and their parts from each use stand in it."""
    square = [[0.5, -1.0], [1.0, 2.0]]
    result = netcalc.gradients(ATTENTION, X=square, Wq=square, Wk=square, T=square)
    drawn = circuit(result)
    root = ET.fromstring("\n".join(svg(drawn)))  # noqa: S314  # netcalc's own
    assert float(root.get("width")) < 700
    space = "{http://www.w3.org/2000/svg}"
    texts = [(text.text, float(text.get("y"))) for text in root.iter(f"{space}text")]
    heights = dict(texts)  # the title stands first
    for wire in drawn.wires:
        names = {node.key: node.label for node in drawn.nodes}
        assert heights[names[wire.source]] <= heights[names[wire.target]]
        assert any(text in (wire.backward, f"{wire.backward} from {wire.target}") for text in heights), wire
    wires = [path.get("d") for path in root.iter(f"{space}path")]
    assert len(wires) == len(drawn.wires)
    spans = {}  # of each lane, from where to where each wire goes down it
    in_order = [wire for node in drawn.nodes for wire in drawn.sources(node.key)]
    for wire, path in zip(in_order, wires, strict=True):
        start, lane, end = map(float, re.fullmatch(r"M\S+ (\S+)H\S+Q(\S+) .*V(\S+)Q.*", path).groups())
        assert start < end, wire
        spans.setdefault(lane, []).append((start, end, wire.source))
    for own in spans.values():
        for (a, b, one), (c, d, other) in itertools.combinations(own, 2):
            assert one == other or b <= c or d <= a, "two wires in one lane"


@pytest.mark.parametrize("result", DRAWN)
def test_dot_and_mermaid_have_every_wire(result):
    drawn = circuit(result)
    assert sum(" -> " in line for line in dot(drawn)) == len(drawn.wires)
    assert sum(" -->" in line for line in mermaid(drawn)) == len(drawn.wires)
    picture = list(tikz(drawn))
    assert sum(line.startswith(r"  \draw") for line in picture) == len(drawn.wires)
    assert sum(line.startswith(r"  \node") for line in picture) == len(drawn.nodes)
    set_by_latex = "".join(line for line in picture if not line.startswith("%"))
    assert set_by_latex.isascii()
    assert set_by_latex.count("{") == set_by_latex.count("}")
    assert set_by_latex.count("$") % 2 == 0


@pytest.mark.parametrize("result", DRAWN)
@pytest.mark.parametrize("ascii_alone", [False, True], ids=["unicode", "ascii"])
@pytest.mark.parametrize("width", [40, 80, 500])
def test_terminal_drawing_keeps_within_its_width(result, ascii_alone, width):
    """Each value is there whole; what doesn't fit as a drawing is a list."""
    console = Console(width=width, record=True, file=io.StringIO())
    with plainly(ascii_alone):
        console.print(Drawing(chain(result)))
    shown = console.export_text()
    assert max(map(len, shown.splitlines())) <= width
    assert shown.isascii() or not ascii_alone
    if width == 500:
        assert all(ascii_alone or wire.forward in shown for wire in chain(result).wires)


def test_circuit_of_rows_is_refused(capsys):
    assert cli.main(["neuron", "--x", "1", "--circuit", "-f", "csv"]) == 2
    assert "dot, mermaid, svg" in capsys.readouterr().err


def test_markdown_carries_the_circuit_as_mermaid():
    lines = list(render(netcalc.neuron([1], [2], 3), "md", View(circuit=True)))
    assert lines[-1] == "```"
    assert "```mermaid" in lines


PROGRAM = """
h = np.tanh(x @ W1 + b1)
v = h @ W2
y = v + h
loss = ((y - t) ** 2).mean()
"""
AT = {"x": [1, 2], "W1": [[0.1, 0.2], [0.3, 0.4]], "b1": [0, 0], "W2": [[1, 0], [0, 1]], "t": [1, 1]}


def shown(text):
    """The numbers of a vector on a wire."""
    return [number(part) for part in text.strip("[]").split(", ")]


def test_a_program_is_drawn_line_by_line():
    """Values and gradients are the answer's; the parts that come back to h from both its uses add up to its own."""
    result = netcalc.gradients(PROGRAM, **AT)
    found = circuit(result)
    assert [node.label for node in found.nodes if node.kind == "given"] == ["x", "W1", "b1", "W2", "t"]
    labels = {node.key: node.label for node in found.nodes}
    assert labels["h"] == "h = tanh(W1ᵀ x + b1)"
    from_h = [wire for wire in found.wires if wire.source == "h"]
    assert [labels[wire.target] for wire in from_h] == ["v = W2ᵀ h", "y = v + h"]
    parts = [sum(part) for part in zip(*(shown(wire.backward) for wire in from_h), strict=True)]
    (h,) = (node for node in found.nodes if node.key == "h")
    assert near(parts, shown(h.backward))
    assert near(parts, result["dh"].numbers().tolist())
    for name in ("x", "b1", "t"):
        (wire,) = (wire for wire in found.wires if wire.source == name)
        assert near(shown(wire.forward), AT[name])
        assert near(shown(wire.backward), result[f"d{name}"].numbers().tolist())


def test_a_graph_with_letters_has_formulas_on_its_wires():
    """An input of two gates stands once a use where it is drawn with characters."""
    result = netcalc.grad("x.T@A@x", shape={"A": "n,n", "x": "n"})
    found = circuit(result)
    (x,) = (node for node in found.nodes if node.key == "x")
    assert (x.forward, x.backward) == ("x", "(A + Aᵀ) x")
    assert [(wire.source, wire.backward) for wire in found.wires] == [
        ("x", "A x"),
        ("A", "x xᵀ"),
        ("v1", "x"),
        ("x", "Aᵀ x"),
        ("f", "1"),
    ]
    assert not found.is_tree
    assert chain(result).is_tree


def test_a_jacobian_leaves_the_wires_without_gradients():
    result = netcalc.grad("softmax(W@x)", at={"W": [[1, 2], [3, 4]], "x": [1, -1]})
    assert {wire.backward for wire in circuit(result).wires} == {""}


def test_a_graph_of_many_gates_is_not_drawn():
    text = "h = x\n" + "h = np.tanh(h) + x\n" * 80 + "loss = h.sum()"
    with pytest.raises(NetcalcError, match="a circuit of 81 gates would show nothing; at most 64 are drawn"):
        circuit(netcalc.gradients(text, x=[1, 2]))


@pytest.mark.parametrize("number", [1e200, 1e-200, 0.5])
def test_norms_of_any_numbers_are_drawn(number):
    """Also where their squares are beyond float64's range."""
    found = circuit(netcalc.grad("sum(x*y)", at={"x": [number] * 9, "y": [1.0] * 9}))
    assert any(wire.forward == f"9, norm {significant(3 * number)}" for wire in found.wires)
