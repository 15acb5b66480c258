"""Backward passes with lines that are not understood: those are told, with what hangs on them; the rest is judged."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from netcalc.checking.backward import check_code
from netcalc.errors import NetcalcError
from netcalc.models.programs import ProgramRequest, program
from netcalc.render.code import code
from netcalc.solving.solve import solve
from netcalc.values import read_array

FORWARD = """z = x @ W + b
h = np.tanh(z)
loss = (h ** 2).sum() / 2
"""
RNN = """h0 = b
h1 = np.tanh(x[0] @ W + h0)
h = h1
for t in range(1, 2):
    h = np.tanh(x[t] @ W + h)
loss = (h ** 2).sum() / 2
"""
AT = {"x": "1,2;3,4", "W": "1,0;0.5,2", "b": "0,1"}
RIGHT = "dh = h\ndz = dh * (1 - h ** 2)\ndW = x.T @ dz\ndb = dz.sum(0)\ndx = dz @ W.T\n"


def verdicts(backward: str, forward: str = FORWARD) -> dict[tuple[str, int], str]:
    """By name and line."""
    result = check_code(solve(problem(forward)), backward, "backward.py")
    return {(one.name, one.line): "follows" if one.follows else one.verdict for one in result.lines}


def problem(forward: str):
    return program(forward, "forward.py", ProgramRequest({name: read_array(text, name) for name, text in AT.items()}))


def text(backward: str) -> list[str]:
    console = Console(width=120, file=io.StringIO(), force_terminal=False)
    for one in code(check_code(solve(problem(FORWARD)), backward, "backward.py")):
        console.print(one)
    return console.file.getvalue().splitlines()


@pytest.mark.parametrize(
    "line",
    [
        "scale = np.load('scale.npy')",
        "print(dz.shape)",
        "assert frobnicate(dz)",
        "plt.plot(dz)",
        "fig, ax = plt.subplots(2)",
        "ax.imshow(dz)",
        "opt = torch.optim.SGD([W], lr=0.1)",
        "opt.step()",
        "loss.backward()",
        "wandb.log({'loss': loss})",
        "if loss > 3: print(loss)",
        "while loss > 3: loss = loss / 2",
        "with open('log') as file: file.write('a')",
        "try:\n    dz.tofile('a')\nexcept OSError:\n    pass",
        "class Log:\n    pass",
        "global counter",
        "raise SystemExit",
        "log['last'] = dz",
        "cache.last = dz",
        "x.flags.writeable = False",
        "[print(one) for one in (dz, h)]",
        "values = sorted(h)",
        "@timed\ndef note(): pass",
        "del nothing",
        "loss = float(input())",
        "lambda: 1",
        "W = np.load('W.npy')",
    ],
)
def test_a_line_that_is_not_understood_leaves_all_others_judged(line):
    found = verdicts(RIGHT.replace("dW =", f"{line}\ndW =").replace("dz.sum(0)", "dz.mean(0)"))
    more = line.count("\n") + 1
    assert {key: one for key, one in found.items() if one != "not judged"} == {
        ("dh", 1): "right",
        ("dz", 2): "right",
        ("dW", 3 + more): "right",
        ("db", 4 + more): "wrong",
        ("dx", 5 + more): "right",
    }


def test_what_hangs_on_it_is_not_judged_and_a_gradient_of_the_forward_pass_is_the_right_one():
    backward = (
        "s = np.load('s.npy')\ndh = h\ndz = frobnicate(dh)\nt = 2 * s\ndW = x.T @ dz * t\ndb = dz.sum(0)\ndx = dW"
    )
    assert verdicts(backward) == {
        ("s", 1): "not judged",
        ("dh", 2): "right",
        ("dz", 3): "not judged",
        ("t", 4): "not judged",
        ("dW", 5): "not judged",
        ("db", 6): "right",
        ("dx", 7): "wrong",
    }


def test_gradients_are_judged_before_they_are_clipped_and_not_judged_when_unknown_parts_are_added():
    clipped = "norm = np.linalg.norm(dW)\nif norm > 5:\n    dW *= 5 / norm\n"
    assert verdicts(RIGHT + clipped)["dW", 3] == "right"
    assert verdicts(RIGHT.replace("x.T @ dz", "x @ dz") + clipped)["dW", 3] == "wrong"
    added = RIGHT.replace("dW = x.T @ dz", "dW = np.zeros(W.shape); dW += frobnicate(dz)")
    assert [one for (name, _), one in verdicts(added).items() if name == "dW"] == ["not judged"]
    further = RIGHT + "dW = frobnicate(dW)\ndW += 0.1 * W\n"
    assert [one for (name, _), one in verdicts(further).items() if name == "dW"] == [
        "right",
        "not judged",
        "not judged",
    ]


def test_a_line_of_a_loop_leaves_its_others_judged():
    backward = RIGHT.replace(
        "dW = x.T @ dz", "dW = np.zeros(W.shape)\nfor i in range(2):\n    log(i)\n    dW += np.outer(x[i], dz[i])"
    )
    assert set(verdicts(backward).values()) == {"right"}
    assert verdicts(backward.replace("x[i]", "x[1 - i]"))["dW", 6] == "wrong"


def test_of_a_name_with_several_arrays_none_stands_in():
    """Which moment's gradient dh is can't be known."""
    backward = "dh = frobnicate(h)\ndz = dh * (1 - h ** 2)\ndW = np.outer(x[1], dz)\n"
    with pytest.raises(NetcalcError, match="line 1: 'frobnicate'"):
        verdicts(backward, RNN)


def test_the_line_a_caret_and_why_are_told_and_not_all_is_called_right():
    shown = text(RIGHT.replace("db =", "db = frobnicate(2) *"))
    assert shown[1:5] == [
        "✓ 4 lines",
        "? line 4   db = frobnicate(2) * dz.sum(0)",
        "                ^^^^^^^^^^",
        "           not judged: 'frobnicate' is not understood; docs/reference/programs.md lists what is",
    ]
    assert shown[-1] == "4 lines are right; 1 is not judged"
    assert text(RIGHT)[-1] == "every line that gives a gradient is right"


LAYER = """class Layer:
    def forward(self, x, W, b):
        self.x = x
        self.h = np.tanh(x @ W + b)
        return self.h

    def backward(self, dout):
        dz = dout * (1 - self.h ** 2)
        self.dW = self.x.T @ dz
        return self.dW
"""


def test_of_two_classes_the_one_with_both_passes_is_taken():
    other = "class Base:\n    def __init__(self):\n        self.x = None\n\n"
    above = read_array("1,0;0.5,2", "delta")
    values = {name: read_array(value, name) for name, value in AT.items()}
    for code_text in (LAYER, other + LAYER, LAYER + other):
        result = check_code(solve(program(code_text, "layer.py", ProgramRequest(values, delta=above))))
        assert [(one.name, one.verdict) for one in result.lines] == [("dW", "right")]
    both = program(LAYER + LAYER.replace("Layer", "Other"), "layer.py", ProgramRequest(values))
    assert [(one.name, one.verdict) for one in check_code(solve(both)).lines] == [("dW", "right"), ("dW", "right")]


def test_a_class_with_the_backward_pass_alone_is_read():
    backward = LAYER[: LAYER.index("    def forward")] + LAYER[LAYER.index("    def backward") :].replace("self.h", "h")
    assert verdicts(backward.replace("dout", "dh").replace("self.", ""), FORWARD.replace("tanh(z)", "tanh(z) * 1"))


@pytest.mark.parametrize("name", ["dz", "s"])
def test_a_name_that_a_later_line_assigns_is_wrong_where_it_is_used(name):
    """Python stops there with a NameError, so that the line is wrong, and no more than that line."""
    lines = RIGHT.replace("dz = dh * (1 - h ** 2)", "s = 1 - h ** 2\ndz = dh * s").splitlines(keepends=True)
    place = next(n for n, line in enumerate(lines) if line.startswith(f"{name} ="))
    moved = [*lines[:place], *lines[place + 1 : place + 2], lines[place], *lines[place + 2 :]]
    own = lines[place + 1].partition(" =")[0]
    found = verdicts("".join(moved))
    assert {key for key, verdict in found.items() if verdict == "wrong"} == {(own, place + 1)}
    assert f"'{name}' has no value here: line {place + 2} assigns it, later" in "\n".join(text("".join(moved)))


def test_a_line_that_gives_no_gradient_is_wrong_if_its_shapes_do_not_fit():
    backward = RIGHT.replace("dz = dh * (1 - h ** 2)", "s = 1 - h ** 2 + x[:, :1].T\ns = x @ s[:1]\ndz = dh * s")
    found = check_code(solve(problem(FORWARD)), backward, "backward.py")
    assert [(one.line, one.verdict) for one in found.lines if not one.is_right] == [(3, "wrong"), (4, "not judged")]


@pytest.mark.parametrize(
    "backward, status",
    [(RIGHT, 0), (f"{RIGHT}db = db * frobnicate(3)\n", 3), (RIGHT.replace("sum(0)", "sum(1) * frobnicate(3)"), 3)],
)
def test_a_pass_with_lines_that_are_not_judged_ends_with_a_status_of_its_own(backward, status):
    assert check_code(solve(problem(FORWARD)), backward, "backward.py").exit_status == status
    wrong = backward.replace("2)", "3)", 1)
    assert check_code(solve(problem(FORWARD)), wrong, "backward.py").exit_status == 1


@pytest.mark.parametrize(
    "line",
    [
        "dW = np.clip(dW, -1, 1)",
        "np.clip(dW, -5, 5, out=dW)",
        "for d in (dW, db):\n    np.clip(d, -5, 5, out=d)",
        "dW = np.minimum(np.maximum(dW, -1), 1)",
    ],
)
def test_a_gradient_that_is_clipped_at_the_end_is_judged_before_that_and_the_line_told(line):
    result = check_code(solve(problem(FORWARD)), RIGHT + line, "backward.py")
    assert [(one.name, one.line) for one in result.lines if one.is_right] == [
        ("dh", 1), ("dz", 2), ("dW", 3), ("db", 4), ("dx", 5)
    ]  # fmt: skip
    assert any("dW is clipped; what is judged is the gradient before that" in note for note in result.notes)
    wrong = check_code(solve(problem(FORWARD)), RIGHT.replace("dz = ", "dz = 2 * ") + line, "backward.py")
    assert [one.line for one in wrong.lines if one.is_wrong and not one.follows] == [2]


def test_a_gradient_that_is_clipped_before_others_are_made_of_it_is_wrong():
    backward = RIGHT.replace("dW =", "dz = np.clip(dz, -0.25, 0.25)\ndW =")
    assert [key for key, verdict in verdicts(backward).items() if verdict == "wrong"] == [("dz", 3)]


def test_a_line_that_python_stops_at_is_wrong_though_nothing_uses_it_or_its_name_comes_again():
    for line in ("spare = dz @ W.T", "dx = dz @ W.T"):
        found = verdicts(f"{line}\n{RIGHT}dx = dz @ W.T\n")
        assert [key for key, verdict in found.items() if verdict == "wrong"] == [(line.partition(" ")[0], 1)]


@pytest.mark.parametrize("body, verdict", [("str(np.round(a, 2))", "right"), ("frobnicate(a)", "not judged")])
def test_a_line_that_is_not_understood_changes_no_array_that_a_def_within_it_leaves_as_it_is(body, verdict):
    """What the def itself calls tells."""
    lines = (*RIGHT.splitlines()[:2], "def show(a):", f"    return {body}", "note = unknown.text + str(show(dz))")
    assert verdicts("\n".join((*lines, "dW = x.T @ dz", "")))["dW", 6] == verdict
