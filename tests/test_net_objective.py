"""Weight decay, and cross-entropy's smoothing, weights, ignored class and temperature: against PyTorch's definition."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import mpmath
import numpy as np
import pytest
from typer.testing import CliRunner

import netcalc
from netcalc.cli import app
from netcalc.errors import NetcalcError
from netcalc.notation import to_ascii

X = [["1.2", "-0.7"], ["0.3", "2"], ["-1.1", "0.4"], ["0.5", "-0.25"]]
W1, B1 = [["0.5", "-0.3"], ["0.8", "0.1"], ["-0.2", "0.6"]], ["0.1", "0", "-0.2"]
W2, B2 = [["0.4", "-0.6", "0.2"], ["0.1", "0.3", "-0.5"], ["-0.7", "0.2", "0.9"]], ["0.05", "-0.1", "0.2"]
CLASSES = [2, 0, 1, 2]
SOFT = [["0.2", "0.3", "0.5"], ["1", "0", "0"], ["0.1", "0.8", "0.1"], ["0.25", "0.25", "0.5"]]
LAYERS = [{"W": W1, "b": B1, "activation": "tanh"}, {"W": W2, "b": B2}]


def floats(nested):
    return np.vectorize(lambda one: float(Fraction(one)))(np.array(nested, dtype=object))


def objective(parameters, *, target=CLASSES, e=0, w=(1, 1, 1), ignored=None, T=1, decay=0, reduction="mean"):
    """As torch.nn.functional.cross_entropy is documented, term by term, and λ/2 times the squares of the weights."""
    W1, b1, W2, b2 = parameters
    total, divisor = mpmath.mpf(0), mpmath.mpf(0)
    for place, x in enumerate(X):
        a = [mpmath.tanh(sum(W1[i][j] * mpmath.mpf(x[j]) for j in range(2)) + b1[i]) for i in range(3)]
        z = [(sum(W2[i][j] * a[j] for j in range(3)) + b2[i]) / T for i in range(3)]
        log_sum = mpmath.log(sum(map(mpmath.exp, z)))
        logs = [one - log_sum for one in z]
        if isinstance(target[place], int):
            if target[place] == ignored:
                continue
            own = w[target[place]]
            smooth = -sum(w[k] * logs[k] for k in range(3)) / 3
            total += (1 - e) * own * -logs[target[place]] + e * smooth
            divisor += own
        else:
            y = [(1 - e) * mpmath.mpf(one) + e / 3 for one in target[place]]
            total -= sum(w[k] * y[k] * logs[k] for k in range(3))
            divisor += 1
    total = total / divisor if reduction == "mean" else total / len(X) if reduction == "batch" else total
    return total + decay * sum(one**2 for W in (W1, W2) for row in W for one in row) / 2


def slopes(**asked):
    """The loss and its derivative by every weight and bias, by differences with forty digits."""
    with mpmath.workdps(40):
        asked = {name: mpmath.mpf(one) if name in ("e", "T", "decay") else one for name, one in asked.items()}
        start = [[[mpmath.mpf(one) for one in row] for row in W] for W in (W1, [B1], W2, [B2])]
        h, found = mpmath.mpf(10) ** -13, []

        def value():
            return objective([start[0], start[1][0], start[2], start[3][0]], **asked)

        for tensor in start:
            slope = [[None] * len(row) for row in tensor]
            for i, row in enumerate(tensor):
                for j, kept in enumerate(row):
                    row[j] = kept + h
                    ahead = value()
                    row[j] = kept - h
                    slope[i][j] = float((ahead - value()) / (2 * h))
                    row[j] = kept
            found.append(slope)
        return float(value()), dict(zip(("W1", "b1", "W2", "b2"), found, strict=True))


CASES = [
    ({"weight_decay": "0.1"}, {"decay": "0.1"}),
    ({"label_smoothing": "0.1"}, {"e": "0.1"}),
    ({"weights": [1, "0.5", 3]}, {"w": (1, 0.5, 3)}),
    ({"weights": [1, "0.5", 3], "label_smoothing": "0.2"}, {"w": (1, 0.5, 3), "e": "0.2"}),
    ({"ignore_index": 0}, {"ignored": 0}),
    ({"ignore_index": 2, "label_smoothing": "0.3"}, {"ignored": 2, "e": "0.3"}),
    ({"temperature": "1.5"}, {"T": "1.5"}),
    ({"target": SOFT, "label_smoothing": "0.1"}, {"target": SOFT, "e": "0.1"}),
    ({"target": SOFT, "weights": [2, 1, "0.5"]}, {"target": SOFT, "w": (2, 1, 0.5)}),
    (
        {"reduction": "sum", "weights": [2, 1, "0.5"], "ignore_index": 1},
        {"reduction": "sum", "w": (2, 1, 0.5), "ignored": 1},
    ),
    ({"reduction": "batch", "weights": [2, 1, "0.5"]}, {"reduction": "batch", "w": (2, 1, 0.5)}),
    (
        {
            "weight_decay": "0.25",
            "label_smoothing": "0.1",
            "weights": [1, 2, "0.5"],
            "ignore_index": 0,
            "temperature": 3,
        },
        {"decay": "0.25", "e": "0.1", "w": (1, 2, 0.5), "ignored": 0, "T": "3"},
    ),
]


@pytest.mark.parametrize("last", [None, "softmax"])
@pytest.mark.parametrize("asked, truth", CASES, ids="-".join)
def test_value_and_gradients(asked, truth, last):
    """The loss and every gradient, of logits and behind a softmax layer, are those of the definition."""
    layers = [LAYERS[0], LAYERS[1] if last is None else {**LAYERS[1], "activation": last}]
    result = netcalc.net(layers, input=X, loss="cross-entropy", **{"target": CLASSES, **asked}, verify=True)
    loss, by = slopes(**truth)
    assert result.forward["loss"] == pytest.approx(loss, rel=1e-12)
    for name, gradient in by.items():
        np.testing.assert_allclose(
            result.partials[name], np.array(gradient).reshape(np.shape(result.partials[name])), rtol=1e-9, atol=1e-12
        )
    assert result.verification.wrong == ()
    assert "certified" in result.certainty
    assert len(set(result.certainty.split()[1:4:2])) == 1  # all of them are


@pytest.mark.parametrize("asked, truth", CASES, ids="-".join)
def test_float64_is_the_same(asked, truth):
    """A net too large for balls takes the same way in float64."""
    floating = [{"W": floats(W1), "b": floats(B1), "activation": "tanh"}, {"W": floats(W2), "b": floats(B2)}]
    copies = 60
    target = [*truth.get("target", CLASSES)] * copies
    result = netcalc.net(
        floating,
        input=np.tile(floats(X), (copies, 1)),
        loss="cross-entropy",
        **{**asked, "target": target},
        certify=False,
    )
    loss, by = slopes(**truth)
    is_sum = asked.get("reduction") == "sum"
    assert "float64" in result.certainty
    if is_sum:
        loss, by = loss * copies, {name: np.array(one) * copies for name, one in by.items()}
    assert result.forward["loss"] == pytest.approx(loss, rel=1e-12)
    np.testing.assert_allclose(result.partials["W1"], by["W1"], rtol=1e-8)


@pytest.mark.parametrize("asked, truth", CASES, ids="-".join)
def test_torch_agrees(asked, truth):
    """PyTorch, where it is installed."""
    torch = pytest.importorskip("torch")
    F = torch.nn.functional
    x, *parameters = (
        torch.tensor(floats(one).tolist(), dtype=torch.float64, requires_grad=n > 0)
        for n, one in enumerate((X, W1, B1, W2, B2))
    )
    logits = F.linear(torch.tanh(F.linear(x, *parameters[:2])), *parameters[2:])
    target = (
        torch.tensor(CLASSES) if "target" not in truth else torch.tensor(floats(SOFT).tolist(), dtype=torch.float64)
    )
    reduction = asked.get("reduction", "mean")
    loss = F.cross_entropy(
        logits / float(truth.get("T", 1)),
        target,
        torch.tensor(truth.get("w", (1.0, 1, 1)), dtype=torch.float64),
        ignore_index=truth.get("ignored", -100) if truth.get("ignored") is not None else -100,
        label_smoothing=float(truth.get("e", 0)),
        reduction="sum" if reduction == "batch" else reduction,
    )
    loss = loss / len(X) if reduction == "batch" else loss
    loss = loss + float(truth.get("decay", 0)) / 2 * sum((W**2).sum() for W in parameters[::2])
    loss.backward()
    result = netcalc.net(LAYERS, input=X, loss="cross-entropy", **{"target": CLASSES, **asked})
    assert result.forward["loss"] == pytest.approx(float(loss.detach()), rel=1e-12)
    for name, one in zip(("W1", "b1", "W2", "b2"), parameters, strict=True):
        np.testing.assert_allclose(result.partials[name], one.grad.tolist(), rtol=1e-10, atol=1e-14)


def test_step_of_gradient_descent():
    """With --lr, W − η(∂L/∂W of the loss + λW); biases are not decayed."""
    plain = netcalc.net(LAYERS, input=X, target=CLASSES, loss="cross-entropy")
    decayed = netcalc.net(LAYERS, input=X, target=CLASSES, loss="cross-entropy", weight_decay="0.1", lr="0.5")
    for name, W in (("W1", W1), ("W2", W2)):
        step = floats(W) - 0.5 * (np.array(plain.partials[name]) + 0.1 * floats(W))
        np.testing.assert_allclose(decayed.updated[name], step, rtol=1e-14)
    np.testing.assert_allclose(decayed.updated["b1"], floats(B1) - 0.5 * np.array(plain.partials["b1"]), rtol=1e-14)


def test_weight_decay_is_of_any_loss():
    """Of mse, and of δ from above: every ∂L/∂W has λW more, ∂L/∂x the same."""
    for stated in ({"target": [[1, 0, 0]] * 4, "loss": "mse"}, {"delta": [[1, "0.5", 2]] * 4}):
        plain = netcalc.net(LAYERS, input=X, **stated)
        decayed = netcalc.net(LAYERS, input=X, **stated, weight_decay="0.3", verify=True)
        for name, W in (("W1", W1), ("W2", W2)):
            np.testing.assert_allclose(
                decayed.partials[name], np.array(plain.partials[name]) + 0.3 * floats(W), rtol=1e-14
            )
        assert decayed.partials["x"] == plain.partials["x"]
        assert decayed.verification.wrong == ()


def test_middle_softmax_keeps_its_temperature():
    """Temperature is that of the last layer's softmax alone; of log_softmax before nll too."""
    layers = [{**LAYERS[0], "activation": "softmax"}, {**LAYERS[1], "activation": "log_softmax"}]
    result = netcalc.net(layers, input=X, target=CLASSES, loss="nll", temperature=2, weights=[1, 2, 3], verify=True)
    z1, z2 = np.array(result.forward["z1"]), np.array(result.forward["z2"]) / 2
    np.testing.assert_allclose(result.forward["a1"], np.exp(z1) / np.exp(z1).sum(axis=1, keepdims=True), rtol=1e-14)
    np.testing.assert_allclose(result.forward["a2"], z2 - np.log(np.exp(z2).sum(axis=1, keepdims=True)), rtol=1e-14)
    assert result.verification.wrong == ()


def test_samples_apart_are_unreduced():
    """--per-sample: each sample's own loss, weighted and 0 where it is ignored, as reduction="none" has it."""
    asked = {"loss": "cross-entropy", "target": CLASSES, "weights": [1, 2, "0.5"], "ignore_index": 0}
    result = netcalc.net(LAYERS, input=X, **asked, per_sample=True, verify=True)
    z = np.array(result.forward["z2"])
    logs = z - np.log(np.exp(z).sum(axis=1, keepdims=True))
    own = [0 if one == 0 else -(1, 2, 0.5)[one] * logs[place, one] for place, one in enumerate(CLASSES)]
    np.testing.assert_allclose(result.forward["loss"], own, rtol=1e-13)
    assert result.verification.wrong == ()


def test_targets_left_out_stay_symbols():
    """Smoothed targets are formulas in y."""
    result = netcalc.net(LAYERS, input=X[0], loss="cross-entropy", label_smoothing="0.3", verify=True)
    assert result.forward["t"] == ["0.7*y0 + 0.1", "0.7*y1 + 0.1", "0.7*y2 + 0.1"]
    assert result.verification.wrong == ()


def test_weights_left_out_stay_symbols():
    """The penalty and the gradients are formulas in W."""
    result = netcalc.net([{"size": 1}], input=[2, 3], target=[1], loss="half-mse", weight_decay="0.5", verify=True)
    assert result.forward["penalty"] == "0.25*(W1[0,0]^2 + W1[0,1]^2)"
    assert result.partials["W1"][0][1] == "3*dz1[0] + 0.5*W1[0,1]"
    assert result.verification.wrong == ()


def test_a_rate_that_python_holds_is_written_as_it_was_typed():
    """0.1 is the binary number that it is, and 0.1 in formulas."""
    result = netcalc.net([{"size": 1}], input=[2, 3], target=[1], loss="half-mse", weight_decay=0.1)
    assert to_ascii(result["dW1"].formula) == "dz1[i]*x[j] + 0.1*W1[i,j]"


def test_the_loss_s_formula_has_the_penalty():
    """The sum over samples and classes by its factor, then the penalty."""
    given = {"input": [[1, 2], [0, 1]], "target": [0, 1], "loss": "cross-entropy"}
    layers = [{"W": [[1, 0], [0, 1], [1, 1]], "activation": "softmax"}]
    decayed = netcalc.net(layers, **given, weight_decay="0.1")
    assert to_ascii(decayed["loss"].formula) == "-sum_sk(t[s,k]*log(a1[s,k]))/2 + penalty"
    apart = netcalc.net(layers, **given, per_sample=True)
    terms = " - ".join(f"t[i,{k}]*log(a1[i,{k}])" for k in range(3))
    assert to_ascii(apart["loss"].formula) == f"-{terms}"


def test_a_temperature_stands_where_it_divides():
    """That of a log_softmax layer is in its own formulas, not once more in those of the loss above it."""
    layers = [{"W": [[1, 2], [0, -1]], "activation": "log_softmax"}]
    result = netcalc.net(layers, input=[1, 3], target=1, loss="cross-entropy", temperature=2)
    assert to_ascii(result["loss"].formula).startswith("-t0*log(exp(a1[0])/(exp(a1[0]) + exp(a1[1])))")
    assert to_ascii(result["da1"].formula) == "exp(a1[i])/(exp(a1[0]) + exp(a1[1])) - t[i]"
    assert to_ascii(result["dz1"].formula) == "(da1[i] - exp(a1[i])*(da1[0] + da1[1]))/2"
    a = [mpmath.log(one / (mpmath.exp(3.5) + mpmath.exp(-1.5))) for one in (mpmath.exp(3.5), mpmath.exp(-1.5))]
    slope = [mpmath.exp(one) / sum(map(mpmath.exp, a)) - (place == 1) for place, one in enumerate(a)]
    np.testing.assert_allclose(result.partials["a1"], [float(one) for one in slope], rtol=1e-13)


def test_trace_has_the_path_through_the_penalty():
    """The paths' products add up to the gradient, λ·W among them."""
    result = netcalc.net(LAYERS, input=X[0], target=2, loss="cross-entropy", weight_decay="0.1", trace="dW2[0,1]")
    paths = result.trace["paths"]
    assert paths[-1] == {"through": ["W2[0,1]", "penalty", "L"], "product": pytest.approx(-0.06)}
    assert sum(one["product"] for one in paths) == pytest.approx(result.partials["W2"][0][1], rel=1e-14)


def spec(tmp_path, **keys):
    content = {"input": X, "target": CLASSES, "loss": "cross-entropy", "layers": LAYERS, **keys}
    path = tmp_path / "net.json"
    path.write_text(json.dumps({name: one for name, one in content.items() if one is not None}, indent=1))
    return str(path)


def run(*words):
    return CliRunner().invoke(app, ["net", *words])


ALL = {"weight_decay": 0.25, "label_smoothing": 0.1, "weights": [1, 2, 0.5], "ignore_index": 0, "temperature": 3}


def test_answer_left_without_decay(tmp_path):
    """What goes wrong with weight decay is named: left out, 2λW, of the biases too."""
    path = spec(tmp_path, weight_decay=0.25, target=CLASSES)
    right = netcalc.load(path).partials
    answers = {name: np.array(right[name]) for name in ("W1", "b1", "W2", "b2")}
    slips = {
        "weight decay left out": {"W1": -floats(W1) / 4, "W2": -floats(W2) / 4},
        "2λ·W taken": {"W1": floats(W1) / 4, "W2": floats(W2) / 4},
        "λ/2·W taken": {"W1": -floats(W1) / 8, "W2": -floats(W2) / 8},
        "of the biases too": {"b1": floats(B1) / 4, "b2": floats(B2) / 4},
    }
    for said, changes in slips.items():
        brought = {f"d{name}": answers[name] + changes.get(name, 0) for name in answers}
        checked = netcalc.check(netcalc.load(path), brought).checked
        wrong = [one for one in checked if one.is_wrong]
        assert wrong
        assert all(said in one.diagnosis for one in wrong), (said, {one.diagnosis for one in wrong})


def test_right_answers_are_right(tmp_path):
    """--check takes the answers, and formulas in t, the targets as the loss takes them."""
    path = spec(tmp_path, **ALL)
    right = netcalc.load(path).partials
    checked = netcalc.check(netcalc.load(path), {f"d{name}": np.array(one) for name, one in right.items()}).checked
    assert {one.verdict for one in checked} == {"right"}


@pytest.mark.parametrize("last", [None, "softmax"])
@pytest.mark.parametrize("asked, truth", CASES, ids="-".join)
def test_code_is_the_same(tmp_path, asked, truth, last):
    """-f numpy writes forward and backward pass; run, they give the values and the gradients."""
    layers = [LAYERS[0], LAYERS[1] if last is None else {**LAYERS[1], "activation": last}]
    asked = {name: [float(one) for one in value] if name == "weights" else value for name, value in asked.items()}
    code = run(spec(tmp_path, **{**asked, "layers": layers}), "-f", "numpy").stdout
    space = {}
    exec(code, space)  # noqa: S102 - netcalc's own code, just written
    target = truth.get("target", CLASSES)
    y = (
        floats(target)
        if target is SOFT
        else np.eye(3)[CLASSES] * (np.array(CLASSES) != asked.get("ignore_index", -1))[:, None]
    )
    given = {"x": floats(X), "W1": floats(W1), "b1": floats(B1), "W2": floats(W2), "b2": floats(B2)}
    is_weighed = asked.keys() & {"label_smoothing", "weights", "ignore_index"}
    given |= {"y" if is_weighed else "t": y} | ({"w": np.array(asked["weights"])} if "weights" in asked else {})
    loss, cache = space["forward"](**given)
    gradients = dict(zip(given, space["backward"](cache, 1.0), strict=False))
    true, by = slopes(**truth)
    assert loss == pytest.approx(true, rel=1e-12)
    for name, gradient in by.items():
        np.testing.assert_allclose(
            gradients[name], np.array(gradient).reshape(gradients[name].shape), rtol=1e-9, atol=1e-12
        )


def test_every_format_is_written(tmp_path):
    """Steps, page and drawings of all of it at once."""
    path = spec(tmp_path, **ALL)
    for kind in ("json", "csv", "latex", "html", "md", "svg", "dot", "mermaid", "tikz", "torch", "jax"):
        outcome = run(path, "-f", kind)
        assert outcome.exit_code == 0, (kind, outcome.output)
    steps = run(path, "--steps").stdout
    assert "Weight decay: λ = 0.25, of all weights and no bias" in steps
    assert "The targets: smoothed, ε = 0.1 over 3 classes, times the weights w" in steps
    assert "t = w·(0.9·y + 0.1/3·(Σₖ y[k]))" in steps
    assert "∂L/∂W2 = δ2ᵀ a1 + 0.25 W2" in steps
    assert "penalty" in run(path, "--circuit").stdout
    assert "certified: " in run(path, "--digits", "40").stdout


@pytest.mark.nightly
def test_closed_forms_of_all_of_it_at_once(tmp_path):
    assert run(spec(tmp_path, **ALL), "--exact").exit_code == 0


BAD = {
    "weight_decay": [-1, "x", True, [1], "1/0"],
    "label_smoothing": [-0.1, 1.5, "x", [0.1]],
    "temperature": [0, -1, "x", [2]],
    "weights": [[1, 2], [1, 2, -1], [1, 2, "x"], [1, 2, "sqrt(2)"], [[1, 2, 3]], 1],
    "ignore_index": [1.5, "x", True],
}


@pytest.mark.parametrize("key, value", [(key, value) for key, values in BAD.items() for value in values], ids=str)
def test_a_bad_value_is_one_error_with_its_line(tmp_path, key, value):
    """The key and its line are named, with status 2."""
    path = spec(tmp_path, **{key: value})
    with pytest.raises(NetcalcError) as caught:
        netcalc.load(path)
    line = next(n for n, text in enumerate(Path(path).read_text().split("\n"), 1) if f'"{key}"' in text)
    message = str(caught.value)
    assert caught.value.exit_status == 2
    assert f"net.json, line {line}: " in message
    assert key.replace("weights", "weight") in message
    assert "\n" not in message


MISPLACED = [
    ({"loss": "mse", "target": [[0, 1, 2]] * 4, "label_smoothing": 0.1}, "label_smoothing", "the loss is mse"),
    ({"loss": "mse", "target": [[0, 1, 2]] * 4, "temperature": 2}, "temperature", "neither"),
    ({"loss": None, "target": None, "weights": [1, 1, 1]}, "weights", "there is no loss"),
    ({"target": SOFT, "ignore_index": 0}, "ignore_index", "probabilities"),
    ({"target": None, "ignore_index": 0}, "ignore_index", "no target"),
    ({"target": [1, 1, 1, 1], "ignore_index": 1}, "ignore_index", "every sample"),
    ({"weights": [0, 0, 0]}, "weights", "all classes in target are 0"),
]


@pytest.mark.parametrize("keys, key, said", MISPLACED)
def test_a_key_out_of_place_is_one_error_with_its_line(tmp_path, keys, key, said):
    """What the loss has no use for is refused where it stands."""
    path = spec(tmp_path, **keys)
    with pytest.raises(NetcalcError, match=said) as caught:
        netcalc.load(path)
    line = next(n for n, text in enumerate(Path(path).read_text().split("\n"), 1) if f'"{key}"' in text)
    assert f"line {line}: " in str(caught.value)


def test_python_refuses_the_same():
    """From Python the message names the argument."""
    for key, values in BAD.items():
        for value in values:
            with pytest.raises(NetcalcError, match=key.replace("weights", "weight")):
                netcalc.net(LAYERS, input=X, target=CLASSES, loss="cross-entropy", **{key: value})


def test_decay_apart_by_sample_is_refused():
    """The penalty belongs to no sample."""
    with pytest.raises(NetcalcError, match="weight decay is of the whole batch"):
        netcalc.net(LAYERS, input=X, target=CLASSES, loss="cross-entropy", weight_decay=1, per_sample=True)


WEIGHED: list[dict[str, object]] = [{}, {"weights": [1, 2, 1]}, {"ignore_index": 0}, {"label_smoothing": 0.1}, ALL]


@pytest.mark.parametrize("keys", WEIGHED, ids=lambda keys: "+".join(keys) or "plain")
@pytest.mark.parametrize("wrong", [3, -1, 0.5])
@pytest.mark.parametrize("per_sample", [False, True])
def test_a_class_out_of_range_is_told_however_targets_are_weighed(keys, wrong, per_sample):
    """The error is that of plain cross-entropy."""
    asked = {name: one for name, one in keys.items() if name != "weight_decay"}
    with pytest.raises(NetcalcError, match=r"target of sample 1 is .*, which is no class: of 3 outputs"):
        netcalc.net(LAYERS, input=X, target=[1, wrong, 0, 1], loss="cross-entropy", per_sample=per_sample, **asked)


def test_class_minus_100_is_told_of():
    """PyTorch's ignored class by default is an error here, with what to write."""
    with pytest.raises(NetcalcError, match="ignore_index = -100"):
        netcalc.net(LAYERS, input=X, target=[2, -100, 1, 0], loss="cross-entropy")
