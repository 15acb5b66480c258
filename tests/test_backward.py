"""Backward passes as code: right ones in many spellings pass, and the line that went wrong is told, that one alone."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from netcalc.checking.backward.check import checked_lines
from netcalc.graph.sizes import letter
from netcalc.models.programs import ProgramRequest, program
from netcalc.program.answers import base
from netcalc.program.source import ProgramError
from netcalc.result import CheckedLine
from netcalc.values import read_array

CASES = json.loads((Path(__file__).parent / "data" / "backward.json").read_text(encoding="utf-8"))["cases"]
RIGHT = [one for one in CASES if one["verdict"] == "right"]
WRONG = [one for one in CASES if one["verdict"] == "wrong"]


def plain(value: Any) -> str:
    return "[" + ", ".join(map(plain, value)) + "]" if isinstance(value, list) else value


def lines_of(case: dict[str, Any]) -> tuple[tuple[CheckedLine, ...], int]:
    """The verdicts on a case's lines, and the number of lines before its first."""
    values = {name: read_array(plain(value), name) for name, value in case["at"].items()}
    whole = [name for name, value in case["at"].items() if "." not in plain(value)]
    delta = read_array(plain(case["delta"]), "delta") if case.get("delta") else None
    asked = ProgramRequest(values, counted=whole, delta=delta)
    if case.get("one_file"):
        before = case["forward_text"].rstrip("\n") + "\n\n"
        problem = program(before + case["backward"], "cell.py", asked)
        return checked_lines(problem)[0], before.count("\n")
    problem = program(case["forward_text"], "forward.py", asked)
    return checked_lines(problem, case["backward"], "backward.py")[0], 0


@pytest.mark.parametrize("case", RIGHT, ids=lambda case: case["id"])
def test_right_in_another_spelling_is_right(case):
    lines, _ = lines_of(case)
    assert {one.name for one in lines} == set(case["gradients"])
    assert [(one.name, one.diagnosis) for one in lines if one.is_wrong] == []


@pytest.mark.parametrize("case", WRONG, ids=lambda case: case["id"])
def test_line_that_went_wrong_is_told_alone_named_and_repaired(case):
    """With the repair in its place, as a line of the file, every gradient is right."""
    lines, before = lines_of(case)
    (wrong,) = (one for one in lines if one.is_wrong and not one.follows)
    assert wrong.name == case["name"]
    assert wrong.line - before in case["lines_ok"]
    assert wrong.mistake
    assert wrong.repair.splitlines()[-1].strip() in wrong.diagnosis
    rows = case["backward"].split("\n")
    place = wrong.line - before
    rows[place - 1] = wrong.repair
    repaired, _ = lines_of({**case, "backward": "\n".join(rows)})
    assert [one.name for one in repaired if one.is_wrong] == []


@pytest.mark.parametrize("factor, is_wrong", [(" / x.shape[0]", False), ("", True)])
def test_sizes_and_classes_may_be_left_out(factor, is_wrong):
    """Classes that are left out are whole numbers at the points that lines are tried at."""
    asked = ProgramRequest({}, {"x": ("N", "D"), "W": ("D", "C"), "y": ("N",)})
    problem = program("logits = x @ W\nloss = F.cross_entropy(logits, y)", "forward.py", asked)
    code = f"dlogits = (F.softmax(logits, dim=1) - F.one_hot(y, W.shape[1])){factor}\ndW = x.T @ dlogits"
    lines, _ = checked_lines(problem, code, "backward.py")
    assert [(one.name, one.is_wrong, one.follows) for one in lines if one.is_wrong] == (
        [("dlogits", True, ""), ("dW", True, "dlogits")] if is_wrong else []
    )


# --- hand-written: a forward pass by its name, and what is said of a backward pass

FORWARD = {
    "convolution": """
y = np.zeros(4)
for i in range(4):
    y[i] = np.sum(x[i:i + 3] * w) + b
loss = np.sum(y * g)
""",
    "mlp": """
z1 = X @ W1 + b1
a1 = np.maximum(z1, 0)
z2 = a1 @ W2 + b2
loss = np.mean((z2 - Y) ** 2)
""",
    "norm": """
def forward(x, gamma, beta, eps=1e-5):
    mu = x.mean(axis=0)
    std = np.sqrt(x.var(axis=0) + eps)
    xhat = (x - mu) / std
    out = gamma * xhat + beta
    cache = (xhat, gamma, std)
    return out, cache
""",
    "rnn": """
def forward(xs, h0, Wxh, Whh, Why, bh, ys):
    h, loss, hs, ps = h0, 0, [h0], []
    for t in range(3):
        h = np.tanh(Wxh @ xs[t] + Whh @ h + bh)
        y = Why @ h
        p = np.exp(y) / np.sum(np.exp(y))
        hs.append(h)
        ps.append(p)
        loss += -np.log(p[ys[t]])
    return loss
""",
}
CONVOLUTION = """dy = g
db = dy.sum()
dw, dx = np.zeros(3), np.zeros_like(x)
for i in range(4):
    dw += dy[i] * x[i:i + 3]
    dx[i:i + 3] += dy[i] * w
"""
AT = {
    "convolution": {"x": "1,2,0.5,-1,3,0.2", "w": "1,2,-1", "b": "0.3", "g": "0.1,0.4,-0.3,0.2"},
    "mlp": {"X": "1,2;3,4;0.5,1", "W1": "1,2,3;-1,0.5,2", "b1": "0,0.1,0", "W2": "1;2;-1", "b2": "[0.5]", "Y": "1;2;3"},
    "norm": {"x": "1,2;3,5;0,1;2,2.5", "gamma": "1,2", "beta": "0,0.5"},
    "rnn": {
        "xs": "1,0.5;0.2,-1;-0.3,0.7",
        "h0": "0.1,-0.2,0.3",
        "Wxh": "0.1,0.2;0.3,-0.4;0.5,0.6",
        "Whh": "0.1,0.2,0.3;-0.3,-0.4,0.1;0.5,0.6,-0.2",
        "Why": "0.1,0.2,0.3;-0.3,-0.4,0.1",
        "bh": "0.1,0,-0.1",
        "ys": "0,1,1",
    },
}
MLP = """dz2 = 2 * (z2 - Y) / Y.size
dW2 = a1.T @ dz2
db2 = dz2.sum(0)
da1 = dz2 @ W2.T
dz1 = da1 * (z1 > 0)
dW1 = X.T @ dz1
db1 = dz1.sum(0)
"""
NORM = """
def backward(dout, cache):
    xhat, gamma, std = cache
    N = dout.shape[0]
    dbeta = dout.sum(axis=0)
    dgamma = np.sum(dout * xhat, axis=0)
    dx = gamma / std / N * (N * dout - dbeta - xhat * dgamma)
    return dx, dgamma, dbeta
"""
RNN = """
dWhh, dWxh, dbh, dhnext = np.zeros_like(Whh), np.zeros_like(Wxh), np.zeros_like(bh), np.zeros_like(h0)
for t in reversed(range(3)):
    dy = ps[t].copy()
    dy[ys[t]] -= 1
    dh = Why.T @ dy + dhnext
    draw = (1 - hs[t + 1] * hs[t + 1]) * dh
    dbh += draw
    dWxh += np.outer(draw, xs[t])
    dWhh += np.outer(draw, hs[t])
    dhnext = Whh.T @ draw
"""


def lines_and_notes(name: str, backward: str, **more: str) -> tuple[tuple[CheckedLine, ...], list[str]]:
    values = {key: read_array(text, key) for key, text in {**AT[name], **more}.items()}
    delta = read_array("1,0;0.5,2;-1,1;0.3,0.7", "delta") if name == "norm" else None
    asked = ProgramRequest(values, counted=["ys"] if name == "rnn" else [], delta=delta, elsewhere=list(more))
    return checked_lines(program(FORWARD[name], "forward.py", asked), backward, "backward.py")


def said(name: str, backward: str, **more: str) -> tuple[list[CheckedLine], list[str]]:
    lines, notes = lines_and_notes(name, backward, **more)
    return [one for one in lines if one.is_wrong and not one.follows], notes


@pytest.mark.parametrize("name, backward", [("mlp", MLP), ("norm", NORM), ("rnn", RNN), ("convolution", CONVOLUTION)])
def test_lines_a_def_with_a_cache_and_a_loop_are_right(name, backward):
    assert said(name, backward)[0] == []


@pytest.mark.parametrize(
    "name, backward, was, line, words",
    [
        ("mlp", MLP, ("(z1 > 0)", "(z1 < 0)"), 5, "mask"),
        ("mlp", MLP, ("dz1.sum(0)", "dz1.mean(0)"), 7, "mean"),
        ("mlp", MLP, ("X.T @ dz1", "X.T @ (dz1 * (z1 > 0))"), None, ""),  # the mask twice is the mask
        ("mlp", MLP, ("X.T @ dz1", "X @ dz1"), 6, "not transposed"),
        ("norm", NORM, ("- dbeta - xhat", "+ dbeta - xhat"), 7, "sign"),
        ("norm", NORM, ("dout * xhat,", "dout * x,"), 6, "x taken for xhat"),
        ("convolution", CONVOLUTION, ("dy[i] * w", "dy[i] * w[::-1]"), 6, "reversed"),
        ("rnn", RNN, ("draw, hs[t])", "draw, hs[t + 1])"), 10, "wrong index"),
        ("rnn", RNN, ("hs[t + 1] * hs[t + 1]", "hs[t] * hs[t]"), 7, "wrong index"),  # of a helper
        ("rnn", RNN, ("Why.T @ dy + dhnext", "Why.T @ dy"), 6, "a path left out"),
    ],
)
def test_slips_are_told_where_they_are(name, backward, was, line, words):
    assert was[0] in backward
    wrong, _ = said(name, backward.replace(*was))
    assert {one.line for one in wrong} == ({line} if line else set())
    assert all(words in one.diagnosis for one in wrong)


def test_weights_that_had_their_step_before_they_are_used_are_told():
    text = MLP.replace("db2 =", "W2 -= lr * dW2\ndb2 =")
    (wrong,), _ = said("mlp", text, lr="0.1")
    assert (wrong.name, wrong.line, wrong.mistake) == ("da1", 5, "stale-weights")
    assert wrong.repair == "da1 = dz2 @ W2.T\nW2 -= lr * dW2"


def test_what_would_have_to_be_run_is_said_and_the_rest_is_judged():
    wrong, notes = said(
        "mlp", f"opt = torch.optim.SGD([W1], 0.1)\nloss.backward()\n{MLP}opt.step()\n".replace("Y.size", "3")
    )
    assert wrong == []
    assert [note for note in notes if "would have to be run" in note] == [
        "line 2, loss.backward(), would have to be run; nothing is said of what it does",
        "line 10, opt.step(), would have to be run; nothing is said of what it does",
    ]
    assert not any("line 1," in note for note in notes)  # an optimizer is no part of either pass


def test_gradients_that_are_never_assigned_or_of_nothing_are_noted():
    lines, notes = lines_and_notes("mlp", MLP.replace("db1 =", "dQ ="))
    assert [(one.name, one.line, one.diagnosis) for one in lines if one.is_unjudged] == [
        ("dQ", 7, "dQ is the gradient of no name in forward.py")
    ]
    assert notes == ["backward.py assigns no dX, db1, dY"]


@pytest.mark.parametrize(
    "backward, message",
    [
        ("dz2 = 2 * (z2 - foo)", "'foo' has no value here"),
        ("dW1 = X.T @ dz1", "'dz1' has no value here: no line assigns it"),
        ("dz2 = frobnicate(z2)", "'frobnicate' is not understood"),
    ],
)
def test_names_that_the_forward_pass_lacks_are_errors(backward, message):
    with pytest.raises(ProgramError, match=r"^backward\.py, line 1: ") as raised:
        said("mlp", backward)
    assert message in raised.value.message


@pytest.mark.parametrize(
    "name, of",
    [
        *((form, "W1") for form in ("dW1", "d_W1", "grad_W1", "W1_grad", "W1.grad", "dL_dW1", "dLdW1", "dloss_dW1")),
        ("dd1", "d1"),
        ("dout_w", "out_w"),
        ("dw1", "W1"),
        ("W1", None),
        ("delta", None),
        ("diff", None),
    ],
)
def test_names_of_gradients(name, of):
    assert base(name, ["W1", "b1", "d1", "out", "out_w", "z"]) == of


def test_a_name_that_is_assigned_again_has_the_gradient_of_either_moment():
    forward = "h = np.maximum(x @ W1, 0)\nx = x + h @ W2\nloss = (x ** 2).sum()\n"
    asked = ProgramRequest({"x": read_array("1,2;3,1", "x"), "W1": read_array("1,0.5;-1,2", "W1")}, {"W2": (2, 2)})
    code = "dx = 2 * x\ndh = dx @ W2.T\ndW2 = h.T @ dx\ndz = dh * (h > 0)\ndx = dx + dz @ W1.T\n"
    lines, _ = checked_lines(program(forward, "forward.py", asked), code, "backward.py")
    assert [one.name for one in lines if one.is_wrong] == []
    lines, _ = checked_lines(program(forward, "forward.py", asked), code.replace("dz @ W1.T", "dz @ W1"), "backward.py")
    assert [(one.name, one.line) for one in lines if one.is_wrong] == [("dx", 5)]


@pytest.mark.parametrize(
    "line, said",
    [
        ("dz = 2*z", "a factor 1/X.shape[0] left out"),
        ("dz = 2*z/len(X)/3", "a factor 1/3 too many"),
        ("dz = 2*z*W.shape[1]/len(X)", "W.shape[1]"),
    ],
)
def test_a_factor_that_is_a_size_is_no_number(line, said):
    """The numbers that stand for letters while a line is judged are not told."""
    shapes = {"X": (letter("N"), letter("D")), "W": (letter("D"), letter("H"))}
    problem = program("z = X @ W\nloss = (z**2).sum() / X.shape[0]", "forward.py", ProgramRequest({}, shapes=shapes))
    ((one,), *_) = checked_lines(problem, line, "backward.py")
    assert one.is_wrong
    assert said in one.diagnosis


@pytest.mark.parametrize(
    "backward, words",
    [
        (f"{MLP}db1 += dz1.sum(0)\n", "counted twice: line 7 has dz1.sum(0) already"),
        (MLP.replace("(z1 > 0)", "(z1 > 1e-3)"), "the kink is at 0, and not at 1e-3"),
    ],
)
def test_what_is_counted_twice_and_kinks_that_are_moved_are_named(backward, words):
    (wrong,), _ = said("mlp", backward)
    assert words in wrong.diagnosis


CAUSES = {  # forward, backward, the line that is wrong, its repair, and words of what is said
    "slope at the argument of a function without a name": (
        "def s(z):\n    return 1 / (1 + np.exp(-z))\nz = x @ W\nv = np.hstack([t, s(z)])\nloss = np.sum(v ** 3)",
        "dv = 3 * v ** 2\nd = dv[:, 2:] * z * (1 - z)\ndW = x.T @ d",
        "d = dv[:, 2:] * s(z) * (1 - s(z))",
        "the slope of s taken at z in place of s(z)",
    ),
    "left out of a divisor": (
        "q = 1 + t ** 2\nn = x.shape[0]\nloss = np.sum(x ** 3 / q) / n",
        "dx = 3 * x ** 2\ndx /= n",
        "dx /= n * q",
        "a factor 1/q left out",
    ),
    "size of a mean": (
        "z = x @ W\nloss = ((z - t) ** 2).mean()",
        "dz = 2 * (z - t) / z.shape[0]\ndW = x.T @ dz",
        "dz = 2 * (z - t) / z.size",
        "the mean is over all entries",
    ),
    "sigmoid for its slope": (
        "z = x @ W\na = 1 / (1 + np.exp(-z))\nloss = (a * t).sum()",
        "da = t\ndz = da * (1 / (1 + np.exp(-z)))",
        "dz = da * a * (1 - a)",
        "the slope of σ is wrong: a * (1 - a) in place of 1 / (1 + np.exp(-z))",
    ),
    "no root": (
        "d = x.shape[1]\ns = x @ W / np.sqrt(d)\nloss = (s * t).sum()",
        "ds = t\ndW = x.T @ ds / d",
        "dW = x.T @ ds / np.sqrt(d)",
        "d in place of its square root",
    ),
    "smallest for largest": (
        "m = np.max(x)\nloss = m ** 2",
        "dm = 2 * m\nmask = x == np.min(x)\ndx = mask * dm",
        "mask = x == np.max(x)",
        "min in place of max",
    ),
    "kept once": (
        "e = x[y]\nloss = (e ** 2).sum()",
        "de = 2 * e\ndx = np.zeros_like(x)\ndx[y] = de",
        "np.add.at(dx, y, de)",
        "dx[y] = keeps the last where y has a number twice",
    ),
    "letters": (
        "z = np.einsum('ij,kj->ik', x, W)\nloss = (z ** 2).sum()",
        "dz = 2 * z\ndx = np.einsum('ik,jk->ij', dz, W)",
        "dx = np.einsum('ik,kj->ij', dz, W)",
        "the letters j and k are exchanged",
    ),
    "exchanged": (
        "u, v = x @ W, 2 * x\na = np.hstack([u, v])\nloss = (a[:, :2] * t).sum() + (a[:, 2:] ** 2).sum()",
        "du, dv = t, 2 * v\nda = np.hstack([dv, du])\ndW = x.T @ da[:, :2]",
        "da = np.hstack([du, dv])",
        "dv and du are exchanged",
    ),
    "a power": (
        "loss = (x ** 2).sum() / 2 + (x ** 3).sum()",
        "dx = x + 3 * x ** 3",
        "dx = x + 3 * x ** 2",
        "the exponent is 3 in place of 2: the power rule lowers it by 1",
    ),
    "another power": (
        "loss = (x ** 4).sum() / 4",
        "dx = x ** 2",
        "dx = x ** 3",
        "the exponent is 2 in place of 3: ",
    ),
    "a factor close to 1": (
        "z = x @ W\nloss = (z * t).sum()",
        "dz = t\ndW = x.T @ dz * (1 + 1e-7)",
        "dW = x.T @ dz",
        "a factor 1 + 1e-7 too many",
    ),
}
GIVEN = {"x": "1.5,-2;0.5,0.25", "W": "0.5,1.5;-1,0.75", "t": "0.5,0.25;-1,1.5", "y": "1,1"}


@pytest.mark.parametrize("case", CAUSES)
def test_causes_are_what_they_are_called(case):
    forward, backward, repair, words = CAUSES[case]
    values = {name: read_array(text, name) for name, text in GIVEN.items() if name in forward}
    problem = program(forward, "forward.py", ProgramRequest(values, counted=["y"] if "y" in values else []))
    lines, _ = checked_lines(problem, backward, "backward.py")
    (wrong,) = [one for one in lines if one.is_wrong and not one.follows]
    assert words in wrong.diagnosis
    assert wrong.repair == repair
