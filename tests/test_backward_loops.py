"""Slips in naive loops: in lines under tests on values, in the tests, in what a loop goes over, in lines left out."""

from __future__ import annotations

import pytest

from netcalc.checking.backward.check import checked_lines
from netcalc.models.programs import ProgramRequest, program
from netcalc.result import CheckedLine
from netcalc.values import read_array

HINGE = """\
N = x.shape[0]
loss = 0.0
for i in range(N):
    s = x[i] @ W
    for j in range(W.shape[1]):
        if j == y[i]:
            continue
        m = s[j] - s[y[i]] + 1
        if m > 0:
            loss += m
loss /= N
"""
OF_HINGE = """\
dW = np.zeros_like(W)
for i in range(N):
    s = x[i] @ W
    for j in range(W.shape[1]):
        if j == y[i]:
            continue
        m = s[j] - s[y[i]] + 1
        if m > 0:
            dW[:, j] += x[i]
            dW[:, y[i]] -= x[i]
dW /= N
"""
SOFTMAX = """\
C = W.shape[1]
loss = 0.0
for i in range(x.shape[0]):
    p = np.exp(x[i] @ W) / np.sum(np.exp(x[i] @ W))
    loss += -np.log(p[y[i]])
"""
OF_SOFTMAX = """\
dW = np.zeros_like(W)
for i in range(x.shape[0]):
    p = np.exp(x[i] @ W) / np.sum(np.exp(x[i] @ W))
    for c in range(C):
        if c == y[i]:
            dW[:, c] += (p[c] - 1) * x[i]
        else:
            dW[:, c] += p[c] * x[i]
"""
STEPS = """\
T = x.shape[0]
hs = [h0]
loss = 0
for k in range(T):
    hs.append(np.tanh(x[k] @ W + hs[k] @ U))
    loss = loss + np.sum((hs[k + 1] - t[k]) ** 2)
"""
OF_STEPS = """\
dW, dU, dx = np.zeros_like(W), np.zeros_like(U), np.zeros_like(x)
back = np.zeros_like(h0)
for k in range(T - 1, -1, -1):
    g = 2 * (hs[k + 1] - t[k]) + back
    s = g * (1 - hs[k + 1] ** 2)
    dW += np.outer(x[k], s)
    dU += np.outer(hs[k], s)
    dx[k] = s @ W.T
    back = s @ U.T
dh0 = back
"""
POOL = "y = np.zeros(2)\nfor i in range(2):\n    y[i] = (x[2 * i] + 3 * x[2 * i + 1]) / 2\n"
OF_POOL = "dx = np.zeros_like(x)\nfor i in range(2):\n    dx[2 * i] += dy[i] / 2\n    dx[2 * i + 1] += 3 * dy[i] / 2\n"
HEADS = """\
a = []
out = np.zeros((2, 2))
for h in range(2):
    q, k = x @ Q[h], x @ K[h]
    s = q @ k.T / np.sqrt(2)
    a.append(np.tanh(s))
    out = out + a[h]
"""
OF_HEADS = """\
dx, dQ, dK = np.zeros_like(x), np.zeros_like(Q), np.zeros_like(K)
for h in range(2):
    q, k = x @ Q[h], x @ K[h]
    gs = (1 - a[h] ** 2) * dout / np.sqrt(2)
    gq = gs @ k
    gk = gs.T @ q
    dQ[h] = x.T @ gq
    dK[h] = x.T @ gk
    dx += gq @ Q[h].T + gk @ K[h].T
"""
OF_HEAD = {"x": "1,2;0.3,-1", "Q": "[[[1,2],[0.5,-1]],[[0,1],[2,1]]]", "K": "[[[0.2,1],[1,0]],[[1,1],[-1,0.5]]]"}
CELL = """\
c = c0
h = h0
cs, hs, fs, gs_ = [c0], [h0], [], []
loss = 0
for k in range(2):
    f = 1 / (1 + np.exp(-(x[k] @ F + h @ R)))
    g = np.tanh(x[k] @ G)
    c = f * c + g
    h = np.tanh(c)
    loss = loss + np.sum(h * t[k])
    cs.append(c)
    hs.append(h)
    fs.append(f)
    gs_.append(g)
"""
OF_CELL = """\
dF, dG, dR = np.zeros_like(F), np.zeros_like(G), np.zeros_like(R)
dh_next, dc = np.zeros_like(h0), np.zeros_like(c0)
for k in reversed(range(2)):
    dh = t[k] + dh_next
    dc = dc + dh * (1 - hs[k + 1] ** 2)
    df = dc * cs[k]
    dg = dc
    dzf = df * fs[k] * (1 - fs[k])
    dF += np.outer(x[k], dzf)
    dR += np.outer(hs[k], dzf)
    dG += np.outer(x[k], dg * (1 - gs_[k] ** 2))
    dh_next = dzf @ R.T
    dc = dc * fs[k]
dc0 = dc
dh0 = dh_next
"""
OF_CELLS = {"x": "1,0.2;0.3,-0.5", "h0": "0.1,0.3", "c0": "0.2,-0.1", "t": "1,0.5;-1,2"}
OF_CELLS |= {"F": "1,0.5;2,-1", "G": "0.5,0.1;-0.2,0.4", "R": "0.3,0.1;0.7,-0.4"}
CLASSES = {"x": "1,2;3,-5;0.5,1", "W": "1,0.5,0.2;2,-1,-0.3", "y": "0,2,1"}
SEQUENCE = {
    "x": "1,0.2;0.3,-0.5;0.4,1",
    "h0": "0.1,0.3",
    "W": "1,0.5;2,-1",
    "U": "0.5,0.1;-0.2,0.4",
    "t": "1,0;0,1;1,1",
}
PASSES = {
    "hinge": (HINGE, OF_HINGE, CLASSES),
    "softmax": (SOFTMAX, OF_SOFTMAX, CLASSES),
    "steps": (STEPS, OF_STEPS, SEQUENCE),
}


def judged(forward: str, backward: str, at: dict[str, str], **more: str) -> list[CheckedLine]:
    values = {name: read_array(text, name) for name, text in at.items()}
    above = {name: read_array(text, name) for name, text in more.items()}
    request = ProgramRequest(values, counted=["y"] if "y" in at else [], elsewhere=list(values), **above)
    return list(checked_lines(program(forward, "forward.py", request), backward, "backward.py")[0])


def wrong(lines: list[CheckedLine]) -> list[CheckedLine]:
    return [one for one in lines if one.is_wrong and not one.follows]


@pytest.mark.parametrize("name", PASSES)
def test_right_loops_are_right(name):
    assert {one.verdict for one in judged(*PASSES[name])} == {"right"}


@pytest.mark.parametrize(
    "name, was, slip, words",
    [
        pytest.param("hinge", "-= x[i]", "+= x[i]", "the sign is wrong", marks=pytest.mark.nightly),
        pytest.param("hinge", "dW[:, j] += x[i]", "dW[:, i] += x[i]", "the wrong index: i", marks=pytest.mark.nightly),
        ("hinge", "if m > 0", "if m < 0", "the mask is the other way round: if m > 0"),
        pytest.param("hinge", "+ 1\n", "- 1\n", "the sign is wrong", marks=pytest.mark.nightly),
        pytest.param("softmax", "(p[c] - 1) * x", "p[c] * x", "the one-hot target left out", marks=pytest.mark.nightly),
        pytest.param(
            "softmax", "+= p[c] * x", "+= p[y[i]] * x", "the wrong index: y[i] in place of c", marks=pytest.mark.nightly
        ),
        ("softmax", "if c == y[i]", "if c != y[i]", "the test is wrong"),
        ("softmax", "range(C)", "range(C - 1)", "the loop ends at the wrong index"),
        ("steps", "range(T - 1, -1, -1)", "range(T)", "the loop goes through the steps in the wrong order"),
        ("steps", "range(T - 1, -1, -1)", "range(T - 1, 0, -1)", "the loop ends at the wrong index"),
        pytest.param(
            "steps",
            "back = s @ U.T",
            "back = g @ U.T",
            "g taken for s, and so a factor is left out",
            marks=pytest.mark.nightly,
        ),
    ],
)
def test_a_slip_in_a_loop_is_told_where_it_is(name, was, slip, words):
    forward, backward, at = PASSES[name]
    planted = backward.replace(was, slip, 1)
    found = wrong(judged(forward, planted, at))
    assert {one.line for one in found} == {backward.partition(was)[0].count("\n") + 1}
    assert words in found[0].diagnosis
    repaired = planted.split("\n")
    repaired[found[0].line - 1] = found[0].repair
    assert not wrong(judged(forward, "\n".join(repaired), at))


@pytest.mark.nightly
@pytest.mark.parametrize(
    "left_out, said",
    [
        ("            dW[:, y[i]] -= x[i]\n", "a path left out, that of the label: dW[:, y[i]] -= x[i]"),
        ("dW /= N\n", "a factor 1/N left out"),
    ],
)
def test_a_line_that_a_loop_or_its_end_lacks_is_named(left_out, said):
    (found,) = wrong(judged(HINGE, OF_HINGE.replace(left_out, ""), CLASSES))
    assert said in found.diagnosis
    assert found.repair.endswith(left_out.strip())


def test_an_entry_that_a_loop_leaves_out_is_named():
    slip = OF_POOL.replace("    dx[2 * i + 1] += 3 * dy[i] / 2\n", "    dx[2 * i] += 3 * dy[i] / 2\n")
    at = {"x": "1,2,3,4"}
    (found,) = wrong(judged(POOL, slip, at, delta="1,0.5"))
    assert (found.line, found.diagnosis) == (
        4,
        "the wrong index, a step off: 2 * i in place of 2 * i + 1: dx[2 * i + 1] += 3 * dy[i] / 2",
    )


LISTS = """\
Ws, hs = [W, V], [x]
for one in Ws:
    hs.append(hs[-1] @ one)
loss = np.sum(hs[-1] ** 2)
"""
OF_LISTS = """\
dWs = [0, 0]
delta = 2 * hs[-1]
dWs[-1] = hs[-2].T @ delta
for l in range(2, 3):
    delta = delta @ Ws[-l + 1].T
    dWs[-l] = hs[-l - 1].T @ delta
dW, dV = dWs
"""


@pytest.mark.parametrize(
    "was, slip, line, words",
    [("", "", 0, ""), ("Ws[-l + 1]", "Ws[-l]", 5, "a step off"), ("hs[-l - 1]", "hs[-l]", 6, "a step off")],
)
def test_lists_of_layers_go_by_negative_indices(was, slip, line, words):
    at = {"x": "1,-2;0.5,1;2,0.3", "W": "1,0.5,0.2,-1;-1,2,0.3,0.4", "V": "1;0.5;-2;0.3"}
    found = wrong(judged(LISTS, OF_LISTS.replace(was, slip), at))
    assert [one.line for one in found] == [line][:line]
    assert all(words in one.diagnosis and was in one.repair for one in found)


@pytest.mark.parametrize(
    "forward, backward, at, left_out, line, said",
    [
        (STEPS, OF_STEPS, SEQUENCE, "    back = s @ U.T\n", 4, "no line of the loop carries dback on"),
        (
            "v = E[y]\nh = np.tanh(v @ W)\nloss = np.sum(h)\n",
            "dz = 1 - h ** 2\ndW = v.T @ dz\ndv = dz @ W.T\ndE = np.zeros_like(E)\nnp.add.at(dE, y, dv)\n",
            {"E": "1,2;0.5,-1;2,1", "W": "1,0.3;-1,2", "y": "0,2,0"},
            "np.add.at(dE, y, dv)\n",
            4,
            "dE stays 0: a line that accumulates its paths is left out",
        ),
    ],
)
def test_what_is_never_carried_on_or_added_is_named(forward, backward, at, left_out, line, said):
    backward, left_out = (text.replace("back", "dback") for text in (backward, left_out))
    (found,) = wrong(judged(forward, backward.replace(left_out, ""), at))
    assert found.line == line
    assert said in found.diagnosis


def test_what_a_loop_carries_on_to_zeros_is_held_to_nothing():
    forward = (
        "h = {-1: np.zeros(2)}\nfor k in range(3):\n    h[k] = np.tanh(x[k] @ W + h[k - 1] @ U)\nloss = np.sum(h[2])\n"
    )
    backward = "dW, dU, dh = np.zeros_like(W), np.zeros_like(U), np.ones(2)\nfor k in reversed(range(3)):\n"
    backward += (
        "    s = dh * (1 - h[k] ** 2)\n    dW += np.outer(x[k], s)\n    dU += np.outer(h[k - 1], s)\n    dh = s @ U.T\n"
    )
    at = {name: SEQUENCE[name] for name in ("x", "W", "U")}
    assert {one.verdict for one in judged(forward, backward, at)} == {"right"}
    (found,) = wrong(judged(forward, backward.replace("U.T", "U"), at))
    assert found.line == 6


@pytest.mark.parametrize("spelt", ["grads['W'] = z @ t", "grads['dW'] = z @ t"])
def test_an_entry_of_a_dictionary_whose_shapes_do_not_fit_is_wrong_and_the_rest_is_judged(spelt):
    backward = f"grads = {{}}\ndz = 2 * (z - t)\n{spelt}\ngrads['x'] = dz @ W.T\n"
    lines = judged(
        "z = x @ W\nloss = ((z - t) ** 2).sum()", backward, {"x": "1,2;3,4", "W": "1,2,3;4,5,6", "t": "1,0,0;2,1,0"}
    )
    assert [(one.line, one.verdict) for one in lines] == [(2, "right"), (3, "wrong"), (4, "right")]


def test_no_repair_is_a_term_that_vanishes():
    lines = judged(
        "z = x * w\nloss = ((z - t) ** 2).sum()",
        "dz = 2 * (z - t)\ndw = np.exp(x) * t\n",
        {"x": "1,2", "w": "2,1", "t": "0,3"},
    )
    (found,) = wrong(lines)
    assert "x - x" not in found.repair
    assert "/ x / x" not in found.repair


@pytest.mark.parametrize(
    "forward, backward, was, slip, words",
    [
        (
            "h = np.maximum(x @ W, 0)\nloss = np.exp(h).sum()",
            "dh = np.exp(h)\ndh[h <= 0] = 0\ndW = x.T @ dh\n",
            "h <= 0",
            "h > 0",
            "the mask is the other way round",
        ),
        (
            "p = np.pad(x, ((1, 1), (1, 1)))\nH, V = x.shape\nloss = (p * p).sum()",
            "dp = 2 * p\ndx = dp[1:1 + H, 1:1 + V]\n",
            "1:1 + H, 1:1 + V",
            ":H, :V",
            "the wrong slice: [:H, :V] in place of [1:1 + H, 1:1 + V]",
        ),
    ],
)
def test_masks_and_edges_are_repaired(forward, backward, was, slip, words):
    (found,) = wrong(judged(forward, backward.replace(was, slip), {"x": "1,2;-3,1", "W": "1,-0.5;0.3,1"}))
    assert words in found.diagnosis
    assert found.repair == backward.split("\n")[1]


def test_what_goes_over_heads_forwards_is_right_and_a_slip_is_told_alone():
    assert {one.verdict for one in judged(HEADS, OF_HEADS, OF_HEAD, delta="1,2;0,1")} == {"right"}
    (found,) = wrong(judged(HEADS, OF_HEADS.replace("gs.T @ q", "gs @ q"), OF_HEAD, delta="1,2;0,1"))
    assert (found.line, found.repair.strip()) == (6, "gk = gs.T @ q")


@pytest.mark.parametrize(
    "was, slip",
    [
        pytest.param("(1 - hs[k + 1] ** 2)", "(1 - cs[k + 1] ** 2)", marks=pytest.mark.nightly),
        ("", ""),
    ],
)
def test_what_a_cell_carries_is_not_told_for_a_slip_in_what_it_is_made_of(was, slip):
    lines = judged(CELL, OF_CELL.replace(was, slip, 1), OF_CELLS)
    assert {one.line for one in wrong(lines)} == ({5} if was else set())


def test_a_local_name_of_one_sample_is_no_gradient_of_all_that_differs_by_its_capital():
    """dz in a loop, beside a Z of all samples: a slip in it is told there, and what is right is right."""
    forward = "Z = w.T @ X + b\nA = 1 / (1 + np.exp(-Z))\ncost = -np.sum(Y * np.log(A) + (1 - Y) * np.log(1 - A))\n"
    backward = "dw = np.zeros_like(w)\ndb = 0\nfor i in range(X.shape[1]):\n    dz = A[0, i] - Y[0, i]\n"
    backward += "    dw[:, 0] += X[:, i] * dz\n    db += dz\n"
    at = {"X": "1,2;0,-1;1,1", "w": "1;2;-1", "b": "0.5", "Y": "1,0;"}
    assert not wrong(judged(forward, backward, at))
    (one,) = wrong(judged(forward, backward.replace("A[0, i] - Y[0, i]", "Y[0, i] - A[0, i]"), at))
    assert (one.line, str(one.repair).strip()) == (4, "dz = A[0, i] - Y[0, i]")


CONVOLUTION = """
out = np.zeros((2, 3, 3, 2))
for i in range(2):
    for h in range(3):
        for w in range(3):
            for c in range(2):
                out[i, h, w, c] = np.sum(x[i, h:h + 2, w:w + 2] * W[:, :, c]) + b[c]
loss = np.sum(out ** 3)
"""
ITS_BACKWARD = """
dout = 3 * out ** 2
dx, dW, db = np.zeros(x.shape), np.zeros(W.shape), np.zeros(b.shape)
for i in range(2):
    for h in range(3):
        for w in range(3):
            for c in range(2):
                dx[i, h:h + 2, w:w + 2] += W[:, :, c] * dout[i, h, w, c]
                dW[:, :, c] += x[i, h:h + 2, w:w + 2] * dout[i, h, w, c]
                db[c] += dout[i, h, w, c]
"""


@pytest.mark.parametrize(
    "was, slip, mistake",
    [
        pytest.param("dW[:, :, c] +=", "dW[:, :, c] -=", "sign", marks=pytest.mark.nightly),
        pytest.param(
            "db[c] += dout[i, h, w, c]", "db[c] += dout[i, h, w, c] / 2", "factor-too-many", marks=pytest.mark.nightly
        ),
        ("w:w + 2] * dout[i, h, w, c]", "w:w + 2] * dout[i, w, h, c]", "index"),
    ],
)
def test_slips_deep_in_loops_are_named_before_the_budget_is_spent(was, slip, mistake):
    """Each trial there costs all rounds: what starts at zeros, and loops that carry nothing on, are not tried."""
    at = {
        "x": "[[[1.5,-2,0.5,1],[0.25,1,2,-1],[0.5,0.75,-1,3],[1,2,-0.5,0.5]],[[-1,2,1,0.5],[1,0.3,2,1],[1,1.5,0.7,2],[3,1,2,1]]]"
    }
    at |= {"W": "[[[1,0.5],[-1,2]],[[0.3,1],[0.7,-0.5]]]", "b": "0.1,0.2"}
    (one,) = wrong(judged(CONVOLUTION, ITS_BACKWARD.replace(was, slip), at))
    assert (one.mistake, one.line) == (mistake, ITS_BACKWARD[: ITS_BACKWARD.index(was)].count("\n") + 1)


RELU = "Z = x @ W\nloss = np.sum(np.maximum(Z, 0) * t)\n"
OF_RELU = """\
dZ, dW = np.zeros_like(Z), np.zeros_like(W)
for i in range(2):
    for j in range(2):
        if Z[i, j] < 0:
            continue
        dZ[i, j] = t[i, j]
        for k in range(2):
            dW[k, j] += x[i, k] * dZ[i, j]
"""
OF_RELUS = {"x": "1,2;0.3,-1", "W": "1,0.5;2,-1", "t": "1,0.5;-1,2"}


def test_what_a_loop_passes_by_a_test_on_values_is_judged_and_its_test_repaired():
    """`if Z[i, j] < 0: continue`, with which the lines below are for all other entries."""
    assert {one.verdict for one in judged(RELU, OF_RELU, OF_RELUS)} == {"right"}
    found = wrong(judged(RELU, OF_RELU.replace("< 0", "> 0"), OF_RELUS))
    assert [(one.line, one.repair.strip()) for one in found] == [(4, "if Z[i, j] < 0:")]


BOTH = """\
n = x.shape[0]
loss = 0.0
gw, gb = np.zeros_like(w), 0.0
for i in range(n):
    z = w @ x[i] + b
    e = np.tanh(z) - t[i]
    loss += 0.5 * e ** 2 / n
    d_z = e / n * (1 - np.tanh(z) ** 2)
    gw += d_z * x[i]
    gb += d_z
"""
OF_BOTH = {"x": "1,0.2;0.3,-0.5;0.4,1", "w": "1,-0.5", "b": "0.3", "t": "0.1,0.5,-1"}


def own(text: str, at: dict[str, str], **more: str) -> list[CheckedLine]:
    """The lines of a text that has both passes."""
    values = {name: read_array(value, name) for name, value in at.items()}
    above = {name: read_array(value, name) for name, value in more.items()}
    return list(checked_lines(program(text, "both.py", ProgramRequest(values, **above)), None)[0])


def test_a_loop_that_adds_to_a_loss_and_to_its_gradients_is_both_passes():
    found = own(BOTH, OF_BOTH)
    assert {one.name for one in found} >= {"d_z", "gw", "gb"}
    assert {one.verdict for one in found} == {"right"}
    slips = wrong(own(BOTH.replace("gb += d_z", "gb += d_z / n"), OF_BOTH))
    assert [(one.line, one.mistake) for one in slips] == [(10, "factor-too-many")]


CHARACTERS = """\
def steps(xs, h):
    hs = {-1: h}
    loss = 0
    for k in range(2):
        hs[k] = np.tanh(W @ xs[k] + U @ hs[k - 1])
        loss += np.sum(hs[k] ** 2)
    dW, dU, back = np.zeros_like(W), np.zeros_like(U), np.zeros_like(h)
    for k in reversed(range(2)):
        raw = (1 - hs[k] ** 2) * (2 * hs[k] + back)
        dW += np.outer(raw, xs[k])
        dU += np.outer(raw, hs[k - 1])
        back = U.T @ raw
    for dparam in [dW, dU]:
        np.clip(dparam, -5, 5, out=dparam)
    return loss, dW, dU, hs[1]

loss, dW, dU, h_last = steps(x, h0)
"""
OF_CHARACTERS = {name: SEQUENCE[name] for name in ("x", "h0", "W", "U")}


def test_gradients_that_are_clipped_in_place_are_judged_before_and_the_loss_is_what_is_called_one():
    """The end of a def that gives a loss, gradients and a state, as in a recurrent net of characters."""
    assert {(one.name, one.verdict) for one in own(CHARACTERS, OF_CHARACTERS)} == {("dW", "right"), ("dU", "right")}
    slips = wrong(own(CHARACTERS.replace("back = U.T @ raw", "back = U @ raw"), OF_CHARACTERS))
    assert {(one.line, one.mistake) for one in slips} == {(12, "transpose")}


def test_the_output_of_several_that_a_file_ends_with_is_the_one_called_so():
    """`out, mean = f(x)`, of which the last name is no output."""
    forward = "def f(x):\n    mean = x.mean()\n    return (x - mean) ** 2, mean\n\nout, mean = f(x)\n"
    found = judged(forward, "dx = 2 * dout * (x - mean)\ndx = dx - dx.mean()\n", {"x": "1,2,5"}, delta="1,0.5,2")
    assert [one.verdict for one in found][-1] == "right"


MAXIMA = """\
y = np.zeros(2)
for i in range(2):
    y[i] = np.max(x[2 * i : 2 * i + 2])
"""
OF_MAXIMA = """\
def chosen(part):
    mask = part == np.max(part)
    return mask

dx = np.zeros_like(x)
for i in range(2):
    dx[2 * i : 2 * i + 2] += chosen(x[2 * i : 2 * i + 2]) * dy[i]
"""


def test_the_smallest_taken_for_the_largest_is_told_in_the_def_that_a_pool_masks_with():
    at = {"x": "1,2,0.5,-1"}
    assert {one.verdict for one in judged(MAXIMA, OF_MAXIMA, at, delta="1,2")} == {"right"}
    found = wrong(judged(MAXIMA, OF_MAXIMA.replace("np.max", "np.min"), at, delta="1,2"))
    assert [(one.line, one.mistake) for one in found] == [(2, "comparison")]


SVM = """\
import numpy as np


def svm_loss_naive(W, X, y, reg):
    dW = np.zeros(W.shape)
    N = X.shape[0]
    loss = 0.0
    for i in range(N):
        scores = X[i].dot(W)
        correct = scores[y[i]]
        for j in range(W.shape[1]):
            if j == y[i]:
                continue
            margin = scores[j] - correct + 1
            if margin > 0:
                loss += margin
                dW[:, j] += X[i]
                dW[:, y[i]] -= X[i]
    loss /= N
    loss += reg * np.sum(W * W)
    dW /= N
    dW += 2 * reg * W
    return loss, dW
"""
TWO_OF_THEM = """\
def square_loss(x, t):
    d = x - t
    loss = np.sum(d ** 2) / 2
    dx = d.copy()
    return loss, dx


def loss_and_grads(x, W, t, reg):
    grads = {}
    data_loss, dscores = square_loss(x @ W, t)
    loss = data_loss + reg * np.sum(W * W)
    grads["W"] = x.T @ dscores
    grads["W"] += 2 * reg * W
    return loss, grads
"""
NUMBERS = """\
{W} = np.array([[0.5, -1, 0.3], [0.2, 0.1, 0.7]])
{X} = np.array([[1, 2], [0.3, -1], [1, 1]])
{y} = np.array([0, 2, 1])
"""
OF_SVM = {"W": "0.5,-1,0.3;0.2,0.1,0.7", "X": "1,2;0.3,-1;1,1", "y": "0,2,1", "reg": "0.1"}
CALLED = "loss, dW = svm_loss_naive(W, X, y, reg)\n"
AS_CELL = SVM.partition("reg):\n")[2].partition("    return")[0].replace("\n    ", "\n")[4:]
FORMS = {
    "def": (SVM, OF_SVM),
    "cell": (AS_CELL, OF_SVM),
    "called": (SVM + CALLED, OF_SVM),
    "with numbers": (SVM + NUMBERS.format(W="W", X="X", y="y") + CALLED.replace("reg", "0.1"), {}),
    "loss, grad": (SVM + NUMBERS.format(W="W", X="X", y="y") + "loss, grad = svm_loss_naive(W, X, y, 0.1)\n", {}),
    "other names": (SVM + NUMBERS.format(W="W0", X="x", y="t") + "loss, dW = svm_loss_naive(W0, x, t, 0.1)\n", {}),
}


def of_svm(text: str, at: dict[str, str]) -> list[CheckedLine]:
    values = {name: read_array(value, name) for name, value in at.items()}
    counted = ["y"] if "y" in at else []
    return list(checked_lines(program(text, "svm.py", ProgramRequest(values, counted=counted)), None)[0])


@pytest.mark.parametrize("form", FORMS)
def test_a_loss_and_its_gradient_in_nested_loops_are_right_however_they_are_called(form):
    found = of_svm(*FORMS[form])
    assert {(one.name, one.verdict) for one in found} == {("dW", "right")}
    assert any(one.text.strip() == "dW += 2 * reg * W" for one in found)


@pytest.mark.parametrize("was, slip, lines", [("", "", []), ("d.copy()", "-d", [4]), ('["W"] += 2', '["W"] = 2', [13])])
def test_a_loss_of_one_def_is_part_of_that_of_another(was, slip, lines):
    at = {"x": "1,2;0.5,-1", "W": "0.3,-0.2;0.5,0.1", "t": "1,0;0,1", "reg": "0.1"}
    assert [one.line for one in wrong(of_svm(TWO_OF_THEM.replace(was, slip), at))] == lines


@pytest.mark.parametrize(
    "form, was, slip, at, words",
    [
        ("called", "dW += 2 * reg * W", "", "dW /= N", "a path left out"),
        pytest.param(
            "called", "dW /= N", "pass", "dW[:, y[i]] -= X[i]", "a factor 1/N left out", marks=pytest.mark.nightly
        ),
        ("cell", "dW[:, y[i]] -= X[i]", "dW[:, y[i]] += X[i]", "dW[:, y[i]] += X[i]", "the sign is wrong"),
        ("with numbers", "dW[:, j] +=", "dW[:, y[i]] +=", "dW[:, y[i]] += X[i]", "y[i] in place of j"),
        pytest.param(
            "loss, grad", "2 * reg * W", "reg * W", "dW += reg * W", "a factor 2 left out", marks=pytest.mark.nightly
        ),
        ("other names", "dW /= N", "pass", "dW[:, y[i]] -= X[i]", "a factor 1/N left out"),
    ],
)
def test_a_slip_beside_a_loss_is_told_at_its_line_however_it_is_called(form, was, slip, at, words):
    text, given = FORMS[form]
    (found,) = wrong(of_svm(text.replace(was, slip, 1), given))
    assert (found.text.strip(), words in found.diagnosis) == (at, True)
