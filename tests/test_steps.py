"""What the steps of a derivation say: each line follows from the one before."""

from __future__ import annotations

import re
from functools import partial

import pytest
from fuzz import truth
from mpmath import mp

import netcalc
from netcalc.expression import Apply, Symbol, symbols
from netcalc.notation import to_ascii, to_unicode
from netcalc.notation.displays import Display, Matrix, Named, Product, Sum, Transposed
from netcalc.notation.latex import to_latex
from netcalc.notation.mathml import to_mathml
from netcalc.render import FORMATS
from netcalc.render.latex import step_lines
from netcalc.render.prose import in_one_line
from netcalc.render.prose import step_lines as printed_lines

BATCH = [{"W": [[1, -1], [2, 1]], "b": [3, 4], "activation": "tanh"}]


def lines(result: netcalc.Result) -> list[str]:
    """Each step in one line."""
    return [in_one_line(step) for step in result.steps]


def headings(result: netcalc.Result) -> list[str]:
    """What stands above the steps."""
    return [step.heading for step in result.steps if step.heading]


def shape(display: Display) -> tuple[int, int]:
    """Rows and columns of a display of matrices; those of a sum's parts agree."""
    if isinstance(display, Sum):
        (one,) = {shape(part) for part in display.parts}
        return one
    if isinstance(display, Product):
        return shape(display.parts[-1])
    assert isinstance(display, Matrix)
    return len(display.entries), len(display.entries[0])


def test_a_bias_after_a_step_is_a_row_however_many_samples_there_are():
    """b stands once beside ∂L/∂b, which is summed over the samples; forward it stands in every sample's row."""
    result = netcalc.net(BATCH, input=[[1, 2], [3, 4]], target=[[0, 1], [1, 0]], loss="mse", lr="1/2")
    updated = {step.name: step.chain[1:] for step in result.steps if step.name.endswith("_new")}
    assert {name: {shape(part) for part in parts} for name, parts in updated.items()} == {
        "W1_new": {(2, 2)},
        "b1_new": {(1, 2)},
    }


def test_a_step_of_gradient_descent_takes_away():
    """No plus beside a minus, whichever way the rate was given."""
    for rate in ("1/2", "0.1", "sqrt(2)"):
        result = netcalc.net(BATCH, input=[1, 2], delta=[1, 0], lr=rate)
        (line,) = (line for line in lines(result) if line.startswith("b1_new"))
        assert f"= [3; 4] − {rate.replace('sqrt(2)', '√2')} [" in line


def test_what_goes_twice_into_a_product_has_one_slope_there():
    """Of v2 = v1·v1 there is one ∂v2/∂v1, which is 2·v1: to write it twice would be to count it twice."""
    said = lines(netcalc.grad("log((x + 1)*(x + 1))", at={"x": "0.3"}))
    assert "∂f/∂v1 = ∂f/∂v2·∂v2/∂v1 = 2·∂f/∂v2·v1 = 2·0.591716·1.3 = 1.53846" in said


def test_a_slope_is_told_in_what_its_own_line_is_made_of():
    """Of f = v1/v5 it is 1/v5, however v5 was made; of v4/x it is -v4/x², though x² has a name too."""
    said = lines(netcalc.grad("log(x)/(1 + exp(-w*x - b))"))
    assert "∂f/∂v1 = 1/v5" in said
    assert "∂f/∂v5 = −v1/v5²" in said
    assert "∂f/∂v3 = ∂f/∂v4·∂v4/∂v3 = ∂f/∂v4·exp(v3)" in said
    assert any("= −∂f/∂v5·v4/x² + " in line for line in lines(netcalc.grad("x^2*y + sin(x*y)/x")))


@pytest.mark.parametrize(
    "text, rule",
    [
        ("exp(x^sqrt(2))", "Power rule: v1 = x^√2"),
        ("exp(x^n)", "Power rule: v1 = x^n"),
        ("exp((1 + pi)^x)", "Exponential rule: v1 = (1 + π)^x"),
        ("exp(n^x)", "Exponential rule: v1 = n^x"),
        ("exp(x^x)", "Power rule, in both parts: v1 = x^x"),
        ("exp(pi*x)", "Constant factor rule: v1 = π·x"),
        ("exp(n*x)", "Constant factor rule: v1 = n·x"),
        ("exp(x*x)", "Product rule: v1 = x·x"),
        ("exp(x/3)", "Constant factor rule: v1 = x/3"),
        ("exp(n/x)", "Quotient rule: v1 = n/x"),
    ],
)
def test_the_rule_is_that_of_what_varies(text, rule):
    """By x alone, n is a constant."""
    said = [line for heading in headings(netcalc.grad(text, wrt=["x"])) for line in heading.split("\n")]
    assert rule in said


def test_what_is_not_differentiated_by_has_its_number_put_in_too():
    said = lines(netcalc.grad("exp(x^n)", at={"x": 2, "n": "1.23456789012345"}, wrt=["x"]))
    assert "v1 = x^n = 2^1.23456789012345 = 2.35311" in said


def numbers(part: Display) -> list[mp.mpf] | None:
    """A formula or a matrix of numbers alone as what mpmath makes of it; None if it has names, or is a product."""
    if isinstance(part, Named | Transposed | Product | Sum):
        return None
    trees = [entry for row in part.entries for entry in row] if isinstance(part, Matrix) else [part]
    if any(symbols(tree) or "'" in to_ascii(tree) for tree in trees):
        return None
    return [truth.value(tree, {}) for tree in trees]


SATURATED = {
    "sigmoid near 1": lambda: netcalc.neuron([1, 1], [4, "3.9"], 0),
    "tanh near 1": lambda: netcalc.neuron([1, 2], [4, 4], 0, "tanh", target=2, loss="mse"),
    "tanh that float64 has no other digits of": lambda: netcalc.neuron([1, 2], [9, 9], 0, "tanh"),
    "a sine of a long number": lambda: netcalc.neuron([1], ["-13.00025"], 0, "sin(q)"),
    "q of floats that cancel": lambda: netcalc.neuron([1.0, 1.0], [0.123456789, -0.123456788], 0),
    "a loss near 0": lambda: netcalc.neuron([1, 1], [4, "3.9"], 0, target=1, loss="bce"),
    "an output near its target": lambda: netcalc.linear([[3]], v=["1/3"], b=["1e-7"], target=[1], loss="mse"),
    "softmax near 1": lambda: netcalc.linear([[9], [-3]], v=[1], b=[0, 0], activation="softmax", delta=[-1, 2]),
    "a batch whose δ cancel": lambda: netcalc.linear(
        [[4, -4], [1, 2], [0, 1]], v=[[-1, -2], [3, 4]], b=[1, 2, 0], target=[1, 2], loss="cross-entropy"
    ),
    "a net's Jacobian": lambda: netcalc.net(
        [{"W": [[9], [-3]], "b": [0, 0], "activation": "softmax"}], input=[1], delta=[-1, 2]
    ),
    "a net's fused slope": lambda: netcalc.net(
        [{"W": [[9], [-3]], "b": [0, 0], "activation": "softmax"}], input=[1], target=0, loss="cross-entropy"
    ),
}


@pytest.mark.parametrize("problem", SATURATED.values(), ids=SATURATED)
def test_numbers_that_are_put_in_come_to_what_is_said(problem):
    """Of numbers that cancel as many digits are shown as it takes: 1 - 0.999624 would say another slope."""
    checked = 0
    for step in problem().steps:
        found = [values for part in step.chain if (values := numbers(part))]
        for values in found:
            for one, true in zip(values, found[-1], strict=True):
                assert abs(one - true) <= abs(true) * mp.mpf("2e-4"), in_one_line(step)
        checked += len(found) > 1
    assert checked


def test_nothing_is_written_twice():
    """−1 that was derived, and −1 that was evaluated, read the same."""
    for result in (netcalc.neuron([3], [2], 1, "-q"), netcalc.neuron([3], [2], 1, "identity")):
        assert all(len(set(parts)) == len(parts) for parts in (line.split(" = ") for line in lines(result)))
    net = netcalc.net([{"W": [["1/3"]], "b": [-1], "activation": "hard_tanh"}], input=["0.5"], target=0, loss="nll")
    assert "∂L/∂a1 = −t = [−1]" in lines(net)


def test_a_factor_stands_under_one_fraction_bar():
    """Neither (−t)/a/2, nor a product with one, nor 2/2."""
    W, v = [[4, -4], [1, 2]], [[-1, -2], [3, 4]]
    asked = {"W": W, "v": v, "b": [0, 0]}
    softmax = netcalc.linear(**asked, activation="softmax", target=[[1, 0], [0, "1/2"]], loss="cross-entropy")
    bce = netcalc.linear(**asked, activation="sigmoid", target=[[1, 0], [0, "1/2"]], loss="bce")
    nll = netcalc.linear(**asked, target=[0, 1], loss="nll")
    assert any(line.startswith("∂L/∂a = (a − t)/(4·a·(1 − a)) = ") for line in lines(bce))
    assert any(line.startswith("∂L/∂u = −t/2 = ") for line in lines(nll))
    assert not any("(−t)" in line for line in lines(softmax))
    net = netcalc.net([{"W": W, "b": [0, 0], "activation": "softmax"}], input=v, target=[0, 1], loss="cross-entropy")
    assert any(line.startswith("∂L/∂a1 = −t/(2·a1) = [−1/(2·") for line in lines(net))
    for loss, beyond in (("huber", "abs(f − t) − 1/2"), ("huber(2)", "2·(abs(f − t) − 1)")):
        said = lines(netcalc.neuron([1], [2], 3, target=7, loss=loss))
        assert any(f", {beyond}) = where(" in line for line in said)


def test_the_rule_above_a_layers_sums_is_that_of_the_layer():
    """With samples, without b, and through an activation of the whole vector."""
    W, v = [[4, -4], [1, 2], [0, 1]], [[-1, -2], [3, 4]]
    batch = headings(netcalc.linear(W, v, bias=False, activation="softmax", target=[1, 2], loss="nll"))
    one = headings(netcalc.linear(W, v[0], [1, 2, 3], "log_softmax", delta=[1, 2, 3]))
    plain = headings(netcalc.linear(W, v[0], [1, 2, 3], "tanh", delta=[1, 2, 3]))
    assert "Forward: u_si = Σ_j w_ij·v_sj" in batch
    assert "∂L/∂W_ij = Σ_s ∂L/∂u_si·v_sj" in batch
    jacobian = "∂a_sk/∂u_si is −a_sk·a_si, and a_si·(1 − a_si) where k is i"
    assert f"∂L/∂u_si = Σ_k ∂L/∂a_sk·∂a_sk/∂u_si: {jacobian}" in batch
    assert "Forward: u_i = Σ_j w_ij·v_j + b_i" in one
    assert "∂L/∂u_i = Σ_k δ_k·∂a_k/∂u_i: ∂a_k/∂u_i is −exp(a_i), and 1 − exp(a_i) where k is i" in one
    assert "∂L/∂u_i = δ_i·∂a_i/∂u_i" in plain
    assert "∂L/∂b_i = ∂L/∂u_i" in plain


def test_one_path_is_no_sum():
    layers = [{"W": [[1, 2]], "b": [0], "activation": "tanh"}, {"W": [[3], [4]], "b": [0, 0]}]
    assert "Their sum" in headings(netcalc.net(layers, input=[1, 2], delta=[1, 1], trace="dW1[0,1]"))
    assert "The only path" in headings(netcalc.net(layers, input=[1, 2], delta=[1, 1], trace="dW2[0,0]"))


def test_a_long_step_goes_on_in_the_next_line_of_latex():
    """A page holds some 70 characters; each further line starts with its equals sign."""
    result = netcalc.neuron([-1, -2], [4, -4], -3, target="1/2", loss="bce")
    (step,) = (step for step in result.steps if step.name == "L")
    first, second = step_lines(step)
    assert first == r"L &= -\left(t \cdot \ln\left(f\right) + \left(1 - t\right) \cdot \ln\left(1 - f\right)\right)"
    assert second.startswith(r"&= -\left(")
    assert second.endswith(" = 0.813262")


def test_long_formulas_go_by_their_names_into_further_ones():
    """∂L/∂v of a softmax of unknowns is W's numbers times ∂L/∂u; what is short, as b0 + 5, is put in."""
    said = lines(netcalc.linear([[1, 2], [3, 4]], b=[1, 2], delta=[1, 2], activation="softmax"))
    assert any(line.startswith("∂L/∂v = Wᵀ ∂L/∂u = [1, 3; 2, 4] [∂L/∂u0; ∂L/∂u1] = [") for line in said)
    assert any(line.startswith("∂L/∂u0 = a0·(δ0 − (δ0·a0 + δ1·a1)) = a0·(1 − (1·a0 + 2·a1)) = exp(") for line in said)
    said = lines(netcalc.linear([[1, 2], [3, 4]], v=[1, 2], activation="tanh", delta=[1, 2]))
    assert "a0 = tanh(u0) = tanh(b0 + 5)" in said


def test_entries_of_one_matrix_are_named_in_one_way():
    """∂L/∂a1 is (dz2, −dz2): where it goes on, both are its own entries."""
    layers = [{"W": [[1, 2], [3, 4]], "b": [0, 0], "activation": "tanh"}, {"W": [[1, -1]], "b": [0]}]
    said = lines(netcalc.net(layers))
    assert any(" = [da1[0]; da1[1]] ∘ [1 − a1[0]²; 1 − a1[1]²] = " in line for line in said)


def test_equals_signs_stand_below_each_other():
    """Of ∂L/∂W[0,0] too, which takes ten columns."""
    steps = netcalc.linear([[0.1234567, 2]], v=[[1, 2], [3, 4], [5, 6], [7, 8]], delta=[[1]] * 4, bias=False).steps
    printed = list(printed_lines([step for step in steps if step.name == "dL/dW[0,0]"], 60))
    assert len(printed) > 1
    assert {line.index("=") for line in printed if line.startswith("  ")} == {len("  ∂L/∂W[0,0] ")}


@pytest.fixture
def undecided():
    """A net whose ∂L/∂x0, 4·δ0 + 4·δ1, is an exact 0 that no precision proves."""
    layers = [
        {"W": [[4, 4, "0.1"], [4, 1, -2]], "activation": "softmax"},
        {"W": [["-2/7", "-0.7"], [-4, 2]], "activation": "leaky_relu(0.2)", "b": ["-0.25", "-0.7"]},
    ]
    return partial(netcalc.net, layers, input=[[-1, "0.1", -4]], target=[[1, 0]], loss="bce-with-logits")


def test_a_value_that_is_not_decided_can_be_written_in_latex(undecided):
    """As a sum with its margin, in steps and in tables."""
    written = "\n".join(FORMATS["latex"](undecided(), steps=True))
    table = "\n".join(FORMATS["latex"](undecided(per_sample=True), steps=False))
    assert "±" not in written + table
    for text in (written, table):
        assert re.search(r"0 \\pm \d(\.\d)? \\cdot 10\^{-\d+}", text)


@pytest.mark.parametrize("write", [to_ascii, to_unicode, to_latex, to_mathml])
def test_a_value_that_is_not_decided_is_in_brackets_in_a_product(write):
    product = Apply("multiply", (Symbol("x"), Symbol("6.7e-29 ± 2.9e-36")))
    assert re.search(r"\(.*6\.7", write(product))


def test_each_line_of_a_heading_is_a_paragraph_of_markdown():
    said = "\n".join(FORMATS["md"](netcalc.grad("x^2*y"), steps=True))
    assert "\n\nBackward, from f to each variable\n\nProduct rule: f = v1·y\n\n$$\n" in said
