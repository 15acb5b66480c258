"""Backward passes that write into an array under another name, or may: what is known is carried on, the rest not judged."""

from __future__ import annotations

import pytest

from netcalc.checking.backward import check_code
from netcalc.models.programs import ProgramRequest, program
from netcalc.solving.solve import solve
from netcalc.values import read_array

TANH = "h = np.tanh(x)\nloss = (h**2).sum()\n"
LINEAR = "h = x @ W\nloss = (h**2).sum()\n"
AT = {"x": "1,-2;3,4", "W": "0.1,0.2;0.3,-0.4"}
SLOPE = "2*h*(1-h**2)"
RIGHT = "dh = 2*h\ndW = x.T @ dh\n"


def verdicts(forward: str, backward: str) -> list[tuple[str, int, str]]:
    """Names, lines and verdicts, in order."""
    names = ("x", "W") if "W" in forward else ("x",)
    request = ProgramRequest({name: read_array(AT[name], name) for name in names})
    result = check_code(solve(program(forward, "fw.py", request)), backward, "b.py")
    return [(one.name, one.line, one.verdict) for one in result.lines]


def final(forward: str, backward: str, of: str) -> str:
    """The verdict on the last line that is told of a gradient."""
    return [verdict for name, _, verdict in verdicts(forward, backward) if name == of][-1]


WRITES = {
    "rows": "for i, row in enumerate(dx):\n    row[:] = S[i]\n",
    "pairs": "for g, v in [(dx, S)]:\n    g += v\n",
    "columns": "v = dx[:, 0]\nv += S[:, 0]\nw = dx[:, 1]\nw[:] = S[:, 1]\n",
    "entries": "v = dx[:, 0]\nw = dx[:, 1]\nfor i in range(2):\n    v[i] = S[i, 0]\n    w[i] = S[i, 1]\n",
    "a whole slice": "v = dx[:]\nv += S\n",
    "a row of all": "dx.ravel()[:] = S.ravel()\n",
    "a reshaped view": "w = dx.reshape(-1)\nw += S.ravel()\n",
    "a transpose": "v = dx.T\nv += S.T\n",
    "entries of a view": "v, s = dx.reshape(-1), S.ravel()\nfor i in range(4):\n    v[i] = s[i]\n",
    "a list": "L = [dx]\nL[0] += S\n",
    "a dictionary": "G = {'x': dx}\nG['x'] += S\n",
    "a function": "def acc(g, v):\n    g += v\nacc(dx, S)\n",
}


@pytest.mark.parametrize("way", WRITES)
def test_what_is_written_under_another_name_counts(way):
    """A wrong sign in what is written is wrong too."""
    for sign, verdict in (("", "right"), ("-", "wrong")):
        backward = f"dx = np.zeros((2, 2))\nS = {sign}{SLOPE}\n" + WRITES[way]
        assert final(TANH, backward, "dx") == verdict


@pytest.mark.parametrize("write", ["w = dx.flatten()\nw += S.ravel()", "w = dx.T.reshape(-1)\nw += S.T.ravel()"])
def test_a_gradient_is_not_right_by_what_is_written_into_a_copy(write):
    """NumPy's flatten copies, and so does a reshape of what is not in order."""
    assert final(TANH, f"dx = np.zeros((2, 2))\nS = {SLOPE}\n{write}\n", "dx") != "right"


def test_a_gradient_that_goes_on_under_another_name_is_what_that_has_become():
    """dz = dh; dz *= … changes dh too: what is made of it later is wrong, what was made before is not."""
    alias = "dh = 2*h\ndz = dh\ndz *= 1 - h**2\n"
    assert final(TANH, f"{alias}dx = dz\n", "dx") == "right"
    assert verdicts(TANH, f"{alias}dx = dh * (1 - h**2)\n")[-1] == ("dx", 4, "wrong")
    assert verdicts(TANH, f"{alias}dx = dh\n")[-1] == ("dx", 4, "right")


def test_factors_written_into_rows_count():
    backward = "dh = 2*h\ndz = dh.copy()\nfor row, a in zip(dz, h):\n    row *= 1-a**2\ndx = dz\n"
    assert verdicts(TANH, backward) == [("dh", 1, "right"), ("dx", 5, "right")]


@pytest.mark.parametrize("name", ["dz", "g"])
def test_a_gradient_that_goes_on_as_the_next_one_in_its_memory_was_right(name):
    backward = f"dh = 2*h\n{name} = dh\n{name} *= 1-h**2\ndx = {name}\n"
    assert verdicts(TANH, backward) == [("dh", 1, "right"), ("dx", 4, "right")]


@pytest.mark.parametrize(
    "lines",
    [
        *[f"g = {view}\ng *= 3" for view in ("dW", "dW.T", "dW[0]", "dW.ravel()", "dW.squeeze()", "dW[None]")],
        "g = np.asarray(dW)\ng *= 3",
        "g, k = dW, 2\ng *= 3",
        "a, b = dW\na *= 2",
        "for g in dW:\n    g *= 2",
        "grads = {'W': dW}\nfor g in grads.values():\n    g *= 2",
        "def f(a):\n    a *= 2\n    return a\nf(dW)",
        "np.put(dW, [0], 0)",
        "np.put(dW.T, [0], 0)",
        "dW.sort(axis=0)",
        "np.random.shuffle(dW)",
        "n = scale_(dW)",
        "from types import SimpleNamespace\nc = SimpleNamespace()\nc.a = dW\nc.a *= 3",
        "c = 0\ndef f(a):\n    global c\n    a *= 2\nf(dW)",
    ],
)
def test_a_gradient_that_is_changed_after_it_was_right_is_not_called_right(lines):
    assert final(LINEAR, RIGHT + lines + "\n", "dW") in ("wrong", "not judged")


def test_what_a_function_changes_of_the_forward_pass_counts():
    changed = "def f(a):\n    a *= 2\n    return a\nf(h)\n"
    assert final(LINEAR, changed + RIGHT, "dh") == "wrong"
    assert final(LINEAR, changed + RIGHT.replace("2*h", "h"), "dh") == "right"


@pytest.mark.parametrize(
    "lines, name",
    [
        ("from mylib import scale_\nscale_(h, .5)\ndh = 2*h", "dh"),
        ("c = 2\ndef f():\n    global c\n    c = 3\nf()\ndh = c*h", "dh"),
        ("from config import CLIP\ndh = 2*h\nif CLIP:\n    dh = 0*dh", "dh"),
        ("import sys\ndh = 2*h\nif sys.argv[1:]:\n    dh = 0*dh", "dh"),
        ("import config\ng = h\ndh = 2*g if config.A else g", "dh"),
        ("import config\ndh = 2*h\nif config.A == 3:\n    dh = 0*h", "dh"),
        ("import config\ndh = h * (config.A and 2)", "dh"),
        ("dh = 2*h\nif h.dtype == np.float64:\n    dh = 3*h", "dh"),
        *[
            (f"dx = {value}", "dx")
            for value in (
                "np.zeros(0).max()",
                "10**400*x",
                "1e308*10*x",
                "1e308*x*10",
            )
        ],
    ],
)
def test_what_hangs_on_what_is_not_known_is_not_judged(lines, name):
    backward = f"dW = x.T @ (2*h)\n{lines}\n"
    assert final(LINEAR, backward, name) == "not judged"
    assert final(LINEAR, backward, "dW") == "right"


@pytest.mark.parametrize("value", ["np.zeros((-1, 3))", "np.ones(-2)", "np.full((-1,), 2)", "np.eye(-3)"])
def test_a_size_below_0_is_wrong(value):
    """Python would stop there."""
    assert final(LINEAR, f"dW = x.T @ (2*h)\ndx = {value}\n", "dx") == "wrong"


def test_a_line_that_no_array_can_come_of_is_wrong():
    assert final(LINEAR, "dh = 2*h\ndx = x[(None,)*70]\n", "dx") == "wrong"


@pytest.mark.parametrize("name", ["info", "show", "update_config"])
def test_a_method_of_the_text_is_not_harmless_by_its_name(name):
    """logger.info(dx) may double dx where the text has an info of its own."""
    head = f"class Log:\n    def {name}(self, g):\n        g *= 2\nlogger = Log()\n"
    backward = f"dx = {SLOPE}\nlogger.{name}(dx)\n"
    assert final(TANH, backward, "dx") == "right"
    assert final(TANH, head + backward, "dx") == "not judged"
