"""The step that went wrong, as it was taken and as it is right: its own numbers hold it."""

from __future__ import annotations

import io
import math
import re

import mpmath
import numpy as np
import pytest
from rich.console import Console

import netcalc
from netcalc.checking import Checker
from netcalc.checking.causes.diagnosis import WHOLE
from netcalc.checking.causes.taken import taken
from netcalc.render.verdicts import verdicts

MATRIX = [["0.5", "-1.2"], ["1.1", "0.3"], ["-0.4", "0.9"]]
NET = [
    {"W": MATRIX, "b": ["0.2", "-0.1", "0.4"], "activation": "tanh"},
    {"W": [["0.7", "-0.3", "1.3"]], "b": ["0.6"], "activation": "sigmoid"},
]
PROGRAM = """
h = np.tanh(x @ W + b)
loss = ((h - t)**2).sum() / 2
"""
AT = {
    "x": [["0.6", "-1.3"], ["1.4", "0.3"]],
    "W": [["0.7", "-0.4"], ["1.3", "0.9"]],
    "b": ["0.2", "-0.1"],
    "t": [["1", "0"], ["0", "1"]],
}
PROBLEMS = {
    "neuron": lambda: netcalc.neuron(x=["0.6", "-1.3"], w=["1.2", "0.7"], b="0.4"),
    "neuron with a loss": lambda: netcalc.neuron(
        x=["0.6", "-1.3"], w=["1.2", "0.7"], b="0.4", target="0.3", loss="mse"
    ),
    "layer": lambda: netcalc.linear(W=MATRIX, v=["0.6", "-1.3"], b=["0.2", "-0.1", "0.4"], delta=[1, -2, 3]),
    "net": lambda: netcalc.net(NET, input=["0.6", "-1.3"], target=["0.2"], loss="half-mse"),
    "expression": lambda: netcalc.grad("x^2*sin(y)/(1 + x)", at={"x": "1.3", "y": "2.1"}),
    "program": lambda: netcalc.gradients(PROGRAM, **AT),
}
FUNCTIONS = {"σ": lambda q: 1 / (1 + mpmath.exp(-q)), "tanh": mpmath.tanh, "sin": mpmath.sin, "cos": mpmath.cos}


def number(text):
    """What numbers put in come to, by mpmath; None where something else stands there."""
    written = re.sub(r"(σ|tanh|sin|cos|exp)([²]?)\(", r"\1\2(", text).replace("·", "*").replace("−", "-")
    written = re.sub(r"(tanh|sin|cos)²\(([^()]*)\)", r"\1(\2)**2", written).replace("²", "**2").replace(")(", ")*(")
    if not re.fullmatch(r"[-+*/0-9.() e]*|.*(σ|tanh|sin|cos|exp)\(.*", written) or "[" in written or "…" in written:
        return None
    try:
        return eval(written, {"__builtins__": {}}, {**FUNCTIONS, "exp": mpmath.exp})  # noqa: S307 - our own text
    except (NameError, SyntaxError):
        return None


def wrong_entries(checker, one):
    for tensor in checker.result.tensors:
        if tensor.name in one.whole[0]:
            right, wrong = tensor.numbers(), one.whole[0][tensor.name]
            for place in np.argwhere(~np.isclose(right, wrong, rtol=1e-6, atol=1e-9))[:1]:
                yield tensor.name, tuple(int(axis) for axis in place), float(wrong[tuple(place)])


@pytest.mark.parametrize("every", [4, pytest.param(1, marks=pytest.mark.nightly)])
@pytest.mark.parametrize("kind", PROBLEMS)
def test_numbers_put_in_come_to_what_a_step_ends_in(kind, every):
    checker = Checker(PROBLEMS[kind]())
    lines = held = shown = 0
    singles = checker.library.singles[::every]
    for one in singles:
        for name, index, _ in wrong_entries(checker, one):
            for step in taken(checker.library, (one.edit,), name, index):
                shown += 1
                assert step.wrong != step.right
                assert step.wrong.split(" = ")[0] == step.right.split(" = ")[0]
                for line in step:
                    *_, before, last = line.split(" = ")
                    lines += 1
                    found = number(before)
                    if found is not None:
                        held += 1
                        assert math.isclose(found, number(last), rel_tol=2e-4, abs_tol=2e-5), line
    assert shown > 0.9 * len(singles)
    assert held > 0.5 * lines


def test_the_answers_own_step_ends_in_the_answer():
    checker = Checker(PROBLEMS["neuron"]())
    for one in checker.library.singles:
        for name, index, value in wrong_entries(checker, one):
            for step in taken(checker.library, (one.edit,), name, index):
                element = f"∂f/∂{name[1:]}{index[0] if index else ''}"
                if step.wrong.startswith(f"{element} = "):
                    assert math.isclose(number(step.wrong.split(" = ")[-1]), value, rel_tol=1e-5, abs_tol=1e-12)


@pytest.mark.parametrize(
    "answer, wrong, right",
    [
        ("dx0=4", "∂f/∂x0 = w0 = 4", "∂f/∂x0 = ∂f/∂q·w0 = 0.196612·4 = 0.786448"),
        ("db=0.36787944", "∂f/∂q = (1 − f)/f = (1 − 0.731059)/0.731059 = 0.367879", "∂f/∂q = f·(1 − f)"),
        ("dw0=-0.36787944", "∂f/∂q = (1 − f)/f", "∂f/∂q = f·(1 − f) = 0.731059·(1 − 0.731059) = 0.196612"),
        ("f=0.2689414214", "f = σ(−q) = σ(−1) = 0.268941", "f = σ(q) = σ(1) = 0.731059"),
    ],
)
def test_a_step_as_taken_and_as_it_is_right(answer, wrong, right):
    name, text = answer.split("=")
    checked = netcalc.check(netcalc.neuron(x=[-1, -2], w=[4, -4], b=-3), {name: text}).checked[0]
    assert any(step.wrong.startswith(wrong) and step.right.startswith(right) for step in checked.taken), checked.taken
    record = checked.record()
    assert record["as_taken"] == " | ".join(step.wrong for step in checked.taken)
    assert record["as_right"]


def test_what_has_no_cause_has_no_step():
    checked = netcalc.check(netcalc.neuron(x=[-1, -2], w=[4, -4], b=-3), {"db": "0.77123"}).checked[0]
    assert checked.taken == ()
    assert checked.record()["as_taken"] is None


DEEP = "\n".join(
    ["h0 = x"]
    + [f"a{n} = h{n - 1} @ W + b\nh{n} = np.tanh(a{n}) + h{n - 1}" for n in range(1, 8)]
    + ["loss = ((h7 - t)**2).sum() / 2"]
)


def by_hand(scale):
    """The gradients of DEEP by hand, that of h4 taken `scale` times as large."""
    at = {name: np.array(array, dtype=float) for name, array in AT.items()}
    h, a = {0: at["x"]}, {}
    for n in range(1, 8):
        a[n] = h[n - 1] @ at["W"] + at["b"]
        h[n] = np.tanh(a[n]) + h[n - 1]
    found, delta = {"dW": 0, "db": 0}, h[7] - at["t"]
    for n in range(7, 0, -1):
        found[f"dh{n}"] = delta = delta * (scale if n == 4 else 1)
        found[f"da{n}"] = inner = delta * (1 - np.tanh(a[n]) ** 2)
        found["dW"], found["db"] = found["dW"] + h[n - 1].T @ inner, found["db"] + inner.sum(0)
        delta = inner @ at["W"].T + delta
    return found | {"dh0": delta, "dx": delta}


def test_what_follows_from_a_whole_tensor_is_right_given_it():
    """W and b, where all comes together, are as they would be without the slip: two slips, no single cause."""
    wrong = by_hand(3.7) | {name: by_hand(1)[name] for name in ("dW", "db")}
    checked = netcalc.check(netcalc.gradients(DEEP, **AT), wrong).checked
    follows = {one.tensor: one.follows for one in checked if one.is_wrong}
    assert follows == {name: "dh4" * (name != "dh4") for name in follows}
    assert len(follows) == 10


def test_of_many_wrong_tensors_each_is_a_line():
    result = netcalc.check(netcalc.gradients(DEEP, **AT), by_hand(2))
    console = Console(width=100, file=io.StringIO())
    for line in verdicts(result):
        console.print(line)
    text = console.file.getvalue()
    lines = [line for line in text.splitlines() if line.startswith(("✗", "✓"))]
    assert len(lines) < 20
    assert "✗  dh3" in text
    assert sum(one.is_wrong for one in result.checked) > 40


def test_of_a_long_sum_the_terms_that_differ_are_shown():
    terms = "+".join(f"{n}*x**{n}" for n in range(2, 12))
    checker = Checker(netcalc.gradients(f"loss = {terms}", x="1.5"))
    whole = [one.edit for one in checker.library.singles if one.edit.row == WHOLE]
    steps = [step for edit in whole for step in taken(checker.library, [edit], "dx", ()) if "∂x =" in step.right]
    shortened = [
        step for step in steps if step.right == "∂loss/∂x = 4·x + … + 121·x¹⁰ = 4·1.5 + … + 121·1.5¹⁰ = 15029.6"
    ]
    assert "∂loss/∂x = −(4·x + … + 121·x¹⁰) = −(4·1.5 + … + 121·1.5¹⁰) = −15029.6" in [one.wrong for one in shortened]
