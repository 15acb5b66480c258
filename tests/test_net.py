"""`netcalc net` and `netcalc.net`: published worked examples, and what the answer consists of."""

from __future__ import annotations

import json
import math
import pickle
from copy import deepcopy
from fractions import Fraction

import mpmath
import numpy as np
import pytest

import netcalc
from netcalc.errors import NetcalcError
from netcalc.notation import to_ascii

# M. Mazur, "A Step by Step Backpropagation Example", 2015: what he prints, to the digits he prints.
MAZUR = {
    "input": [0.05, 0.10],
    "target": ["0.01", "0.99"],
    "loss": "half-sse",
    "layers": [
        {"W": [["0.15", "0.20"], ["0.25", "0.30"]], "b": "0.35", "activation": "sigmoid"},
        {"W": [["0.40", "0.45"], ["0.50", "0.55"]], "b": "0.60", "activation": "sigmoid"},
    ],
}
MAZUR_TOML = """
input = [0.05, 0.10]
target = [0.01, 0.99]
loss = "half-sse"

[[layers]]
W = [[0.15, 0.20], [0.25, 0.30]]
b = [0.35, 0.35]
activation = "sigmoid"

[[layers]]
W = [[0.40, 0.45], [0.50, 0.55]]
b = [0.60, 0.60]
activation = "sigmoid"
"""


def mazur(**asked):
    return netcalc.net(**{**MAZUR, "input": ["0.05", "0.10"]}, **asked)


def test_mazurs_example():
    """The total error, a gradient of either layer, and the updated weights are as he prints them."""
    result = mazur(lr="0.5")
    assert f"{result.forward['loss']:.9f}" == "0.298371109"
    assert [f"{number:.9f}" for number in result.forward["a2"]] == ["0.751365070", "0.772928465"]
    assert f"{result.partials['W2'][0][0]:.9f}" == "0.082167041"
    assert f"{result.partials['W1'][0][0]:.9f}" == "0.000438568"
    new = result.updated["W1"]
    assert [f"{number:.8f}" for row in new for number in row] == [
        "0.14978072",
        "0.19956143",
        "0.24975114",
        "0.29950229",
    ]
    new = result.updated["W2"]
    assert [f"{number:.8f}" for row in new for number in row] == [
        "0.35891648",
        "0.40866619",
        "0.51130127",
        "0.56137012",
    ]


@pytest.mark.parametrize("suffix", ["toml", "json"])
def test_a_file_and_the_library_give_the_same(tmp_path, suffix):
    """TOML and JSON have the same keys, and numbers are read exactly."""
    path = tmp_path / f"mazur.{suffix}"
    path.write_text(MAZUR_TOML if suffix == "toml" else json.dumps(MAZUR))
    loaded, stated = netcalc.load(path), mazur()
    assert loaded.partials == stated.partials
    assert loaded.certainty == "certified: 31 of 31 values"


def test_deep_symbolic_formulas_are_a_layer_long():
    """However deep the net, what stays symbolic is in the layer's own δ and a."""
    layer = {"size": 3, "b": "0.1", "activation": "tanh"}
    result = netcalc.net([layer] * 30, input=[1, "1/2"], target=[0, 1, 0], loss="mse")
    assert result.forward["z30"][1] == "W30[1,0]*a29[0] + W30[1,1]*a29[1] + W30[1,2]*a29[2] + 0.1"
    assert result.partials["z7"][0] == "da7[0]*(1 - a7[0]^2)"
    assert max(len(text) for name in result.partials for text in _texts(result.partials[name])) < 100


def _texts(nested):
    return [text for inner in nested for text in _texts(inner)] if isinstance(nested, list) else [nested]


def test_what_nothing_unknown_comes_into_is_a_number():
    """Without a target the forward pass is numbers, and the gradients are formulas in δ."""
    layers = MAZUR["layers"]
    result = netcalc.net(layers, input=["0.05", "0.10"])
    assert result.forward["a2"] == mazur().forward["a2"]
    assert result.partials["a2"] == ["delta0", "delta1"]
    assert result.partials["a1"][0] == "0.4*dz2[0] + 0.5*dz2[1]"


def test_targets_that_do_not_sum_to_one_weigh_the_softmax():
    """The slope of cross-entropy is s·Σt - t, in the formula too, and a note says that Σt is not 1."""
    layers = [{"W": [[1, 2], [0, 1]], "activation": "softmax"}]
    result = netcalc.net(layers, input=[1, "0.5"], target=["0.5", "0.2"], loss="cross-entropy", verify=True)
    assert result.notes[0] == "the target of sample 0 sums to 0.7, not to 1"
    assert result.formulas["z1"] == "a1[i]*(t0 + t1) - t[i]"
    assert result.verification.wrong == ()


def test_what_is_left_out_is_verified_too():
    """Formulas that name quantities of other layers are held to differences at numbers drawn for the symbols."""
    layers = [{"W": [[1, 2], [0, 1]], "activation": "tanh"}, {"size": 3, "activation": "softmax"}]
    result = netcalc.net(layers, input=[1, "0.5"], loss="cross-entropy", verify=True)
    assert result.verification.line.startswith("verified: 22 of 22 partials")


def test_float64_weights_stand_in_formulas_as_they_print():
    found = netcalc.net([{"W": np.array([[0.5, -1.25], [2, 0.1]])}], input=[1, 2])
    texts = {
        element.name: value.formula
        for tensor in found.tensors
        for element in tensor.elements()
        if (value := element.value)
    }
    assert to_ascii(texts["dx1"]) == "-1.25*dz1[0] + 0.1*dz1[1]"
    assert to_ascii(texts["dW1[0,1]"]) == "2*dz1[0]"


def test_a_batch_at_one_kink_is_told_once():
    """Zeros everywhere, in float64: one note, with a count."""
    result = netcalc.net(
        [{"size": 64, "init": "zeros", "activation": "relu"}], input=np.ones((512, 64)), delta=np.ones((512, 64))
    )
    (note,) = result.notes
    assert note.startswith("z1[0,0], z1[0,1], z1[0,2] and 32765 more are 0, a kink of relu")


def test_json_has_the_updated_weights_and_the_trace():
    """Each in a part of its own; products of paths are floats."""
    content = json.loads(mazur(lr="0.5", trace="dW1[0,1]").to_json())
    assert f"{content['updated']['W1'][0][0]:.9f}" == "0.149780716"
    assert set(content["forward"]) == {"z1", "a1", "z2", "a2", "loss"}
    assert content["trace"]["weight"] == "W1[0,1]"
    first, second = content["trace"]["paths"]
    assert first["through"] == ["W1[0,1]", "z1[0]", "a1[0]", "z2[0]", "a2[0]", "L"]
    assert first["product"] + second["product"] == pytest.approx(content["partials"]["W1"][0][1], rel=1e-14)


@pytest.mark.parametrize(
    "last, size, index", [("softmax", 100, "[3,1]"), ("tanh", 5000, "[3,1]"), ("softmax", 80, "[3]")]
)
def test_a_trace_goes_through_wide_layers(last, size, index):
    """Slopes and Jacobians too many to draw are there for the paths; their products add up to the partial."""
    letter = "b" if "," not in index else "W"
    result = netcalc.net(
        [{"size": 2, "init": "he", "activation": "relu"}, {"size": size, "init": "xavier", "b": 0, "activation": last}],
        input=[1, 2], target=[1] + [0] * (size - 1), loss="mse", trace=f"d{letter}2{index}",
    )  # fmt: skip
    content = json.loads(result.to_json())
    partial = np.array(content["partials"][f"{letter}2"])[3]
    products = [path["product"] for path in content["trace"]["paths"]]
    assert math.fsum(products) == pytest.approx(partial if letter == "b" else partial[1], rel=1e-12, abs=1e-300)
    assert len(products) == (size if last == "softmax" else 1)


@pytest.mark.parametrize("digits", [None, 4, 15, 40])
def test_products_of_paths_are_proven_to_their_digits(digits):
    """Where δ is left out: the product of the numbers before they are rounded, σ'(z2)·W2·σ'(z1)·x."""
    layers = MAZUR["layers"]
    result = netcalc.net(layers, input=["0.05", "0.1"], trace="dW1[0,1]", digits=digits)
    with mpmath.workdps(60):
        x1, x2, half = mpmath.mpf("0.05"), mpmath.mpf("0.1"), mpmath.mpf(1) / 2

        def sigmoid(z):
            return 1 / (1 + mpmath.exp(-z))

        a = sigmoid(3 * x1 / 20 + x2 / 5 + 7 * half / 10), sigmoid(5 * x1 / 20 + 3 * x2 / 10 + 7 * half / 10)
        found = []
        for w1, w2 in ((8, 9), (10, 11)):
            out = sigmoid(w1 * a[0] / 20 + w2 * a[1] / 20 + 6 * half / 5)
            found.append(out * (1 - out) * w1 / 20 * a[0] * (1 - a[0]) * x2)
        expected = [f"{mpmath.nstr(product, digits or 6)}*delta{n}" for n, product in enumerate(found)]
    paths = json.loads(result.to_json())["trace"]["paths"]
    assert [path["product"] for path in paths] == expected
    assert to_ascii(result.drawings[-1].chain[0]) == " + ".join(expected)


def test_a_trace_leaves_nothing_out_that_was_asked_for(tmp_path, capsys):
    """The weights after a step below the paths, the derivation below them; formats without paths say so."""
    from netcalc import cli

    path = tmp_path / "mazur.toml"
    path.write_text(MAZUR_TOML)
    asked = ["net", str(path), "--trace", "dW1[0,1]"]

    def printed(*more):
        assert cli.main([*asked, *more]) == 0
        return capsys.readouterr()

    assert "W1_new" not in printed().out
    assert "0.149781" in printed("--lr", "0.5").out
    steps = printed("--lr", "0.5", "--steps").out
    assert steps.index("path_2") < steps.index("W1_new") < steps.index("Layer 1, forward")
    assert json.loads(printed("--lr", "0.5", "-f", "json").out)["given"]["lr"] == 0.5
    assert printed("-f", "csv").err == (
        "note: csv has no room for the paths of a trace; the formats that show them are table, json, md, latex, html\n"
    )
    for form in ("md", "latex", "html"):
        out = printed("--lr", "0.5", "-f", form).out
        assert "0.149780" in out or "0.149781" in out
        assert out.count("path") > 1


def test_exact_products_of_paths_stay_exact():
    """Fractions and roots, as they were given."""
    layers = [{"W": [[2, 1]], "b": [0]}, {"W": [["1/3"], ["sqrt(2)"]], "b": [0, 0]}]
    result = netcalc.net(layers, input=["1/7", 1], trace="dW1[0,0]")
    products = [path["product"] for path in json.loads(result.to_json())["trace"]["paths"]]
    assert products == ["delta0/21", "sqrt(2)*delta1/7"]


def test_a_terminal_is_told_how_far_long_work_has_come(monkeypatch, tmp_path, capsys):
    """A bar of the layers on stderr, and nothing of it on stdout."""
    from netcalc import cli
    from netcalc.commands import _progress

    monkeypatch.setattr(_progress, "PATIENCE", 0.0)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("FORCE_COLOR", "1")
    path = tmp_path / "net.toml"
    path.write_text(MAZUR_TOML)
    assert cli.main(["net", str(path), "-f", "csv", "--only", "loss"]) == 0
    shown = capsys.readouterr()
    assert "layers, forward and back" in shown.err
    assert shown.out.startswith("0.298371108")


BAD = [
    ({"W": [[1, float("nan")]]}, "nan is not a finite real number"),
    ({"W": np.array([[1.0, np.inf]])}, "what is given: element [0,1] is inf, not a finite number"),
    ({"W": [[1, 2], [3]]}, "what is given has rows that are not all of one length"),
    ({"size": 2.5}, "size of layer 1 is 2.5; it is a whole number from 1"),
    ({"size": 2, "init": "he", "seed": -1}, "seed of layer 1 is -1; it is a whole number from 0"),
    ([[1, 2]], "layer 1 is no mapping with W, b and activation, or size and init"),
    (
        {"W": [[1, 2]], "activation": 3},
        "the activation of layer 1 is a name, an expression in q, or netcalc.activation(…)",
    ),
    ({"w": [[1, 2]]}, "unknown key 'w'; did you mean 'W'? (layer 1 takes W, b, activation, size, init, seed)"),
]


@pytest.mark.parametrize("layer, message", BAD)
def test_bad_layers_are_refused_in_python_too(layer, message):
    with pytest.raises(NetcalcError) as error:
        netcalc.net([layer], input=[1, 2])
    assert error.value.message == message


def test_json_records_whatever_a_net_was_given():
    """Arrays, fractions and activations that are objects."""
    layers = [{"W": np.array([[1.0, 2.0]]), "b": [Fraction(1, 3)], "activation": netcalc.activation("elu(2)")}]
    content = json.loads(netcalc.net(layers, input=[1, "sqrt(2)"], delta=[1]).to_json())
    assert content["given"]["layers"] == [{"W": [[1.0, 2.0]], "b": ["1/3"], "activation": "elu(2)"}]


def test_answers_of_a_net_go_by_a_courses_names():
    """δ2 is ∂L/∂z2, and W1 is its gradient, as in JSON's partials."""
    brought = {"δ2[0]": "0.138499", "W1[0,0]": "0.000438568", "∂L/∂W2[0,0]": "0.082167041"}
    checked = netcalc.check(mazur(), brought).checked
    assert [one.verdict for one in checked] == ["rounded", "rounded", "rounded"]


@pytest.mark.parametrize(
    "activation, loss, a",
    [("softmax", "mse", 1), ("log_softmax", "mse", 0), ("softmax", "cross-entropy", 1), (None, "cross-entropy", None)],
)
@pytest.mark.parametrize("target", ["1", "sqrt(1/2)"])
def test_one_output_of_a_softmax_is_1_whatever_goes_in(activation, loss, a, target):
    """And every slope before it exactly 0, which nothing is left to decide about."""
    hidden = [[f"0.{i + j + 1}" for i in range(20)] for j in range(16)]  # more than algebra would look at
    layers = [{"W": hidden, "activation": "tanh"}, {"W": [["0.1"] * 16], "activation": activation}]
    layers[1] = {name: thing for name, thing in layers[1].items() if thing is not None}
    result = netcalc.net(layers, input=[["sqrt(2)"] * 20], target=[[target]], loss=loss)
    assert result.certainty.split()[1] == result.certainty.split()[3]
    if a is not None:
        assert result.forward["a2"] == [[a]]
    assert result.partials["z2"] == [[0]]
    assert result.partials["W1"] == [[0] * 20] * 16
    assert not any("not decided" in note for note in result.notes)


@pytest.mark.parametrize("samples", [3, 200])
def test_a_wrong_answer_of_a_typed_activation_is_marked(samples):
    """In balls and in float64 alike, with the same search for its cause."""
    draw = np.random.default_rng(0)
    result = netcalc.net(
        [{"W": draw.normal(size=(30, 4)), "activation": "q^3"}, {"W": draw.normal(size=(2, 30)) / 9}],
        input=draw.normal(size=(samples, 4)), target=draw.normal(size=(samples, 2)), loss="mse",
    )  # fmt: skip
    right = float(result["dW1"].numbers()[0, 0])
    verdicts = [one.verdict for one in netcalc.check(result, {"dW1[0,0]": right, "dW1[0,1]": 5}).checked]
    assert verdicts[0] != "wrong" == verdicts[1]
    (found,) = (one for one in netcalc.check(result, {"dW1[0,0]": -right}).checked)
    assert "sign" in found.diagnosis


def test_only_takes_a_part_of_every_layer():
    """As in --only dW db."""
    names = [tensor.name for tensor in mazur().only(["dW", "loss"]).tensors]
    assert names == ["dW2", "dW1", "loss"]
    assert [tensor.name for tensor in mazur(lr="0.5").only(["W_new"]).tensors] == ["W1_new", "W2_new"]


def test_floats_in_formulas_are_decimals():
    """Python's 0.1 is written 0.1, though it is a binary number and counts as that."""
    result = netcalc.net([{"W": [[0.15, 0.2]], "b": 0.35, "activation": "sigmoid"}])
    assert result.forward["z1"] == ["0.15*x0 + 0.2*x1 + 0.35"]
    assert netcalc.linear(np.array([[0.1, 0.2]]), v=[1, 0.7]).forward["u"] == ["b0 + 0.24"]
    assert netcalc.grad("x*y + x/2^30", at={"x": 0.1}).forward["f"] == "0.1*y + 9.313225746154786e-11"
    assert netcalc.grad("x*y/2^30", at={"x": 3}).forward["f"] == "3*y/1073741824"
    assert json.loads(netcalc.neuron(x=[0.1], w=[0.2], b=0).to_json())["given"]["x"] == [0.1]


@pytest.mark.parametrize("activation", ["leaky_relu(0.2)", "q^2", "softmax"])
def test_results_can_be_copied_and_sent_elsewhere(activation):
    """To another process, as joblib and Dask do, before and after a look at the formulas."""
    for inputs in ([1, 2], None):
        result = netcalc.net([{"W": [[1, "1/3"], [2, 3]], "activation": activation}], input=inputs)
        text = result.to_json()
        for copy in (pickle.loads(pickle.dumps(result)), deepcopy(result)):  # noqa: S301 - its own
            assert copy.to_json() == text
            assert str(copy) == str(result)


def test_who_waits_for_a_long_file_is_told(tmp_path, monkeypatch):
    """How many lines are written so far, on a terminal."""
    told: list[str] = []
    from netcalc.cli import main
    from netcalc.commands import _progress

    monkeypatch.setattr(_progress, "PATIENCE", 0.0)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setattr("rich.status.Status.update", lambda _line, text: told.append(text))
    np.save(tmp_path / "x.npy", np.ones((100, 3)))
    np.save(tmp_path / "d.npy", np.ones((100, 100)))
    spec = tmp_path / "net.toml"
    spec.write_text('input = "x.npy"\ndelta = "d.npy"\n[[layers]]\nsize = 100\ninit = "he"\n', encoding="utf-8")
    assert main(["net", str(spec), "-f", "csv", "-o", str(tmp_path / "out.csv")]) == 0
    lines = len((tmp_path / "out.csv").read_text(encoding="utf-8").splitlines())
    assert told == [f"{count:,} lines" for count in range(4096, lines + 1, 4096)]
    assert len(told) > 2


def test_a_bias_after_a_step_has_places_in_brackets_as_the_bias_has():
    """b2_new[0] beside b2[0] and W2_new[1,1]."""
    assert [one.name for one in mazur(lr="0.5")["b2_new"].elements()] == ["b2_new[0]", "b2_new[1]"]


@pytest.mark.parametrize("activation", ["identity", "tanh", "softmax"])
def test_rows_of_delta_have_rows_of_symbols_for_inputs(activation):
    """As many as there are samples."""
    result = netcalc.net([{"W": [[1, 2], [3, 4]], "activation": activation}], delta=[[4, 1], [2, 0], [1, 1]])
    assert result["dx"].entries.shape == (3, 2)
    assert result.forward["z1"][2][0] == "x[2,0] + 2*x[2,1]"


def test_what_passes_a_layer_without_activation_is_known_though_the_layer_is_not():
    """Its slope is 1 wherever it is taken: δ and Wᵀδ are numbers, and dW is a formula in δ and x."""
    result = netcalc.net([{"W": [[3, 5]]}], delta=[2])
    assert (result.partials["z1"], result.partials["x"]) == ([2], [6, 10])
    assert result.partials["W1"] == [["dz1[0]*x0", "dz1[0]*x1"]]
