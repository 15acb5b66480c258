"""Backward passes in the forms that people give them: defs, classes, returned tuples, numbers, what only a run makes."""

from __future__ import annotations

import numpy as np
import pytest

from netcalc.checking.backward.check import check_code, checked_lines
from netcalc.models.programs import ProgramRequest, program
from netcalc.program.source import ProgramError
from netcalc.render.codegen import code
from netcalc.result import Result
from netcalc.solving.solve import solve
from netcalc.values import read_array

AT = {"x": "1.5,2;0.5,-1;0.25,1", "w": "1,0.5;-0.5,2", "b": "0.1,0.2"}
ABOVE = "1,0.5;2,1;0.3,0.4"
FORWARD = "z = x @ w + b\nloss = np.sum(z ** 2)\n"
DEFS = """
def forward(x, w, b):
    z = x @ w + b
    out = np.maximum(z, 0)
    return out, (x, w, z)

def backward(dout, cache):
    x, w, z = cache
    dz = dout * (z > 0)
    return dz @ w.T, x.T @ dz, dz.sum(0)
"""
FUNCTION = """
import torch

class Layer(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, w, b):
        z = x @ w + b
        ctx.save_for_backward(x, w, z)
        return torch.relu(z)

    @staticmethod
    def backward(ctx, grad_output):
        inp, weight, pre = ctx.saved_tensors
        d = grad_output * (pre > 0)
        return d @ weight.T, inp.T @ d, d.sum(0)
"""
LAYER = """
class Linear:
    def __init__(self, w, b):
        self.w = w
        self.b = b

    def forward(self, x):
        self.x = x
        return x @ self.w + self.b

    def backward(self, dout):
        self.dw = self.x.T @ dout
        self.db = dout.sum(0)
        self.dx = dout @ self.w.T
        return self.dx
"""
COST = """
def cost(w, x, b, verbose=False):
    total, hs = 0.0, {}
    grad = np.zeros(w.shape)
    for i in range(len(x)):
        hs[i] = x[i] @ w + b
        for j in range(2):
            if j > 1:
                continue
            if hs[i][j] > 0:
                total += hs[i][j] ** 2
                grad[:, j] += 2 * hs[i][j] * x[i]
    if verbose:
        print(total)
    total /= len(x)
    grad /= len(x)
    for one in [grad]:
        np.clip(one, -500, 500, out=one)
    return total, grad, hs[0]
"""
METHOD = """
class Model:
    def __init__(self, n_in, n_out):
        self.params = {"w": np.random.randn(n_in, n_out), "b": np.zeros(n_out)}

    def loss(self, x, y=None):
        z = self.hidden(x)
        if y is None:
            loss = np.mean(z ** 2)
        grads = {}
        dz = 2 * z / z.size
        grads["w"] = x.T @ dz
        grads["b"] = dz.sum(axis=0)
        return loss, grads

    def hidden(self, x):
        return x @ self.params["w"] + self.params["b"]

    def train(self, x, y):
        return self.loss(x, y)
"""
CALLED = METHOD + "\nloss, grads = Model(3, 2).loss(x)\n"
CALLED = CALLED.replace("np.random.randn(n_in, n_out)", "w").replace("np.zeros(n_out)", "b").replace("3, 2", "2, 2")
COUNTED = """
def cost(w, b, x):
    z = x @ w + b
    dz = 2 * z
    return {"dw": x.T @ dz, "db": dz.sum(0)}, np.sum(z ** 2)
"""

BY_CALLS = """
def affine_backward(dZ, cache):
    A, W = cache
    m = A.shape[0]
    return dZ @ W.T, A.T @ dZ / m, dZ.sum(0) / m

def backward(params, caches, AL):
    dZ = 2 * AL
    _, dw, db = affine_backward(dZ, (caches['x'], params['w']))
    return {'dw': dw, 'db': db}

params = {'w': w, 'b': b}
z = x @ params['w'] + params['b']
loss = np.sum(z ** 2) / x.shape[0]
grads = backward(params, {'x': x}, z)
"""


def checked(forward: str, backward: str | None = None, above: bool = False) -> Result:
    values = {name: read_array(text, name) for name, text in AT.items()}
    delta = read_array(ABOVE, "delta") if above else None
    result = solve(program(forward, "forward.py", ProgramRequest(values, delta=delta)))
    return check_code(result) if backward is None else check_code(result, backward, "backward.py")


def wrong(result: Result) -> list[tuple[str, int]]:
    return [(one.name, one.line) for one in result.lines if one.is_wrong and not one.follows]


@pytest.mark.parametrize(
    "text, names, was, put, slip",
    [
        (DEFS, {"dz", "dx", "dw", "db"}, "x.T @ dz", "x @ dz", ("dw", 10)),
        (DEFS, {"dz", "dx", "dw", "db"}, "dz.sum(0)", "dz.mean(0)", ("db", 10)),
        (FUNCTION, {"dx", "dw", "db"}, "inp.T @ d", "inp.T @ grad_output", ("dw", 15)),
        (LAYER, {"dx", "dw", "db"}, "dout.sum(0)", "dout.sum(1)", ("db", 13)),
        (COST, {"grad"}, "grad[:, j] += 2 *", "grad[:, j] -= 2 *", ("grad", 12)),
        (METHOD, {"dz", "grads['w']", "grads['b']"}, "x.T @ dz", "x.T @ z", ("grads['w']", 12)),
        (CALLED, {"dz", "grads['w']", "grads['b']"}, "sum(axis=0)", "mean(axis=0)", ("grads['b']", 13)),
        (COUNTED, {"dz", "dw", "db"}, "dz.sum(0)", "dz.sum(1)", ("db", 5)),
        (BY_CALLS, {"dZ", "dw", "db"}, "dZ = 2 *", "dZ = -2 *", ("dZ", 8)),
    ],
)
def test_both_passes_in_one_file(text, names, was, put, slip):
    above = text in (DEFS, FUNCTION, LAYER)
    result = checked(text, above=above)
    assert {one.name for one in result.lines} == names
    assert wrong(result) == []
    assert was in text
    assert wrong(checked(text.replace(was, put), above=above)) == [slip]


@pytest.mark.parametrize("name", ["R", "risk"])
def test_the_loss_is_what_no_line_behind_it_reads(name):
    """Of what stands before the first gradient, however it is called: lines between them make parts of gradients."""
    text = f"z = x @ w + b\n{name} = np.sum(z ** 2)\ndelta = 2 * z\nwgrad = x.T @ delta\nbgrad = delta.sum(axis=0)\n"
    assert [(one.name, one.verdict) for one in checked(text).lines] == [("wgrad", "right"), ("bgrad", "right")]
    assert wrong(checked(text.replace("= 2 *", "= -2 *"))) == [("wgrad", 3)]


def test_a_def_whose_outcome_is_an_array_gives_no_gradients():
    text = "def step(x, w, b):\n    dx = x @ w\n    return x + dx + b, dx\n"
    values = {name: read_array(own, name) for name, own in AT.items()}
    assert program(text, "step.py", ProgramRequest(values, delta=read_array(ABOVE, "delta"))).code.rest == ()


@pytest.mark.parametrize("form", ["numpy", "torch"])
def test_code_that_netcalc_writes_is_right_line_by_line(form):
    """Both passes as -f writes them, read again."""
    values = {name: read_array(text, name) for name, text in AT.items()}
    result = solve(program(FORWARD.replace("np.sum(z ** 2)", "(z ** 2).sum()"), "forward.py", ProgramRequest(values)))
    text = "\n".join(code(result, form))
    again = check_code(solve(program(text, "code.py", ProgramRequest(values))))
    assert {one.name for one in again.lines} >= {"dx", "dw", "db"}
    assert wrong(again) == []


def test_a_line_of_a_backward_def_that_is_not_understood_is_told_and_the_rest_is_judged():
    result = checked(DEFS.replace("x, w, z = cache", "x, w, z = frobnicate(cache)"), above=True)
    assert {one.name for one in result.lines} == {"dz", "dx", "dw", "db"}
    assert wrong(result) == []
    assert any("passed over: forward.py, line 8: 'frobnicate'" in note for note in result.notes)


def test_numbers_are_judged_as_typed_ones_and_later_lines_go_on_from_them():
    x, w, b = (np.array(rows) for rows in ([[1.5, 2], [0.5, -1], [0.25, 1]], [[1, 0.5], [-0.5, 2]], [0.1, 0.2]))
    dz = 2 * (x @ w + b)
    dw = np.round(x.T @ dz, 3).tolist()
    good = f"dz = np.array({np.round(dz, 6).tolist()})\ndw = np.array({dw})\ndb = dz.sum(0)\n"
    assert wrong(checked(FORWARD, good)) == []
    result = checked(FORWARD, f"dz = 2 * z\ndw = np.array({x.T.tolist()[:2]}).T\ndb = [3.1, -11.45]\n")
    assert ("db", 3) in wrong(result)
    assert "db1 is -11.45, not 11.45" in next(one.diagnosis for one in result.lines if one.name == "db")


def test_what_backward_makes_is_passed_over_and_the_rest_is_judged():
    result = checked(FORWARD, "loss.backward()\noptimizer.step()\ndw = w.grad\ndz = 2 * z\ndb = dz.sum(1)\n")
    assert wrong(result) == [("db", 5)]
    assert [(one.name, one.line) for one in result.lines if one.is_unjudged] == [("dw", 3)]
    with pytest.raises(ProgramError, match=r"line 1: 'w\.grad' is used before a line assigns it"):
        checked(FORWARD, "dw = w.grad\n")


def test_libraries_that_differ_are_told():
    result = checked("import numpy as np\n" + FORWARD, "import torch\ndz = 2 * z\ndb = torch.sum(dz, dim=0)\n")
    assert wrong(result) == []
    assert "backward.py is written for torch, forward.py for numpy" in result.notes


def test_a_class_without_a_backward_pass_is_the_forward_pass():
    text = "import numpy as np\nclass Net:\n    def forward(self, x, w, b):\n        z = x @ w + b\n        return np.sum(z ** 2)\n"
    assert wrong(checked(text, "dz = 2 * z\ndb = dz.sum(0)\n")) == []
    assert [name for name, *_ in wrong(checked(text, "dz = z\ndb = dz.sum(0)\n"))] == ["dz"]


TWO_LAYERS = "def forward(x, w, b):\n    z = x @ w + b\n    loss = np.sum(z ** 2)\n    return loss\n"
GIVEN = "def backward(x, w, b, z):\n    dz = 2 * z\n    "


@pytest.mark.parametrize("in_one_file", [False, True])
@pytest.mark.parametrize(
    "form, names",
    [
        ('return {"w": x.T @ dz, "b": dz.sum(0)}', ("dw", "db")),
        ('return {"dw": x.T @ dz, "db": dz.sum(0)}', ("dw", "db")),
        ("return dict(w=x.T @ dz, b=dz.sum(0))", ("dw", "db")),
        ("return [dz @ w.T, x.T @ dz, dz.sum(0)]", ("dw", "db")),
        ('return dz @ w.T, {"w": x.T @ dz, "b": dz.sum(0)}', ("dw", "db")),
        ('grads = {"dw": x.T @ dz, "db": dz.sum(0)}\n    return grads', ("dw", "db")),
        ('grads = {"w": x.T @ dz, "b": dz.sum(0)}\n    return grads', ("grads['w']", "grads['b']")),
        (
            'grads = {}\n    grads.update({"w": x.T @ dz, "b": dz.sum(0)})\n    return grads',
            ("grads['w']", "grads['b']"),
        ),
        ("grads = dict()\n    grads.update(dw=x.T @ dz, db=dz.sum(0))\n    return grads", ("dw", "db")),
    ],
)
def test_gradients_in_a_dictionary_or_a_list_are_judged(form, names, in_one_file):
    def judged(text):
        return checked(TWO_LAYERS + "\n" + text) if in_one_file else checked(TWO_LAYERS, text)

    right = judged(GIVEN + form)
    assert {one.name for one in right.lines} >= {"dz", *names}
    assert wrong(right) == []
    assert not [one for one in right.lines if one.is_unjudged]
    for slip, name in zip((("x.T @ dz", "x.T @ dz / 9"), ("dz.sum(0)", "dz.mean(0)")), names, strict=True):
        found = judged(GIVEN + form.replace(*slip))
        assert [one for one, _ in wrong(found)] == [name]
        (line,) = [one for one in found.lines if one.is_wrong]
        assert slip[0] in line.repair


@pytest.mark.parametrize(
    "form",
    [
        "a = x.T @ dz / 9\n    return a, dz.sum(0)",
        "a = [x.T @ dz / 9]\n    return a",
        'return {"first": x.T @ dz / 9}',
        "out = []\n    out.append(x.T @ dz / 9)\n    return out",
        "other = np.fromfile('w')\n    return other",
        "return {'dw': x.T @ dz, 'norm': np.fromfile('w')}",
    ],
)
def test_what_is_returned_and_can_not_be_judged_is_told(form):
    assert any(one.is_unjudged for one in checked(FORWARD, GIVEN + form).lines)


@pytest.mark.parametrize("rounded", ["np.floor", "np.ceil", "np.trunc", "np.round", "np.rint"])
def test_a_gradient_that_is_rounded_is_wrong(rounded):
    result = checked(FORWARD, f"dz = {rounded}(2 * z)\ndw = x.T @ dz")
    assert wrong(result) == [("dz", 1)]


def test_a_loss_that_is_returned_beside_the_gradients_is_none_of_them():
    result = checked(TWO_LAYERS, GIVEN + 'return {"w": x.T @ dz, "loss": (z ** 2).sum()}')
    assert {one.name for one in result.lines} == {"dz", "dw"}
    assert wrong(result) == []


def test_an_entry_that_is_not_understood_leaves_the_tensor_of_its_name():
    text = 'grads = {"w": np.fromfile("w")}\ndz = 2 * z\ndx = dz @ w.T'
    result = checked(FORWARD, text)
    assert [(one.name, one.verdict) for one in result.lines] == [
        ("grads['w']", "not judged"),
        ("dz", "right"),
        ("dx", "right"),
    ]


@pytest.mark.parametrize(
    "line",
    [
        "dW = np.einsum('ni,nj->ij', x, dz, optimize=True)",
        "dW = sum(np.diagflat(x[n]) @ np.ones((2, 2)) * dz[n] for n in range(2))",
        "from functools import partial\nouter = partial(np.einsum, 'ni,nj->ij', x)\ndW = outer(dz)",
        "import functools\ndW = functools.reduce(np.add, [np.outer(x[n], dz[n]) for n in range(2)])",
        "grads = {}\ngrads['W'] = x.T @ dz",
    ],
)
def test_spellings_of_a_product_are_right_and_twice_it_is_wrong(line):
    forward = "z = x @ W\nloss = (z ** 3).sum()\n"
    at = {"x": read_array("1.5,-2;0.5,0.25", "x"), "W": read_array("0.5,1.5;-1,0.75", "W")}
    problem = program(forward, "forward.py", ProgramRequest(at))
    for number, verdict in ((1, "right"), (2, "wrong")):
        own = line.replace("dz", f"({number} * dz)")
        lines, _ = checked_lines(problem, f"dz = 3 * z ** 2\n{own}\n", "backward.py")
        assert lines[-1].verdict == verdict
        assert lines[-1].name in ("dW", "grads['W']")


@pytest.mark.parametrize("name", ["dW", "grads['W']", "grads['dW']", "gradients['W']"])
def test_what_a_method_keeps_in_its_object_is_judged(name):
    """Under the object's attributes, and in a dictionary of it, made there or elsewhere."""
    at = {"x": read_array("1.5,-2;0.5,0.25", "x"), "W": read_array("0.5,1.5;-1,0.75", "W")}
    problem = program("z = x @ W\nloss = (z ** 3).sum()\n", "forward.py", ProgramRequest(at))
    head = "class Net:\n    def __init__(self):\n        self.cache, self.grads = None, {}\n\n    def backward(self):\n"
    for number, verdict in ((1, "right"), (2, "wrong")):
        own = f"        x, z = self.cache\n        dz = 3 * z ** 2\n        self.{name} = x.T @ ({number} * dz)\n"
        lines, notes = checked_lines(problem, head + own, "backward.py")
        assert (lines[-1].line, lines[-1].verdict) == (8, verdict)
        assert not any("dW" in note for note in notes)


@pytest.mark.parametrize("order", [1, -1], ids=["forward first", "backward first"])
def test_a_text_with_its_own_forward_pass_has_the_names_of_that(order):
    """What its cache holds may be made there alone; a name that it assigns is none of the backward pass's."""
    at = {"x": read_array("1.5,-2;0.5,0.25", "x"), "W": read_array("0.5,1.5;-1,0.75", "W")}
    problem = program("z = x @ W\nloss = (z ** 3).sum()\n", "forward.py", ProgramRequest(at))
    own = "def own_forward(x, W):\n    u = x @ W\n    slope = 3 * u ** 2\n    cache = x, slope\n    return (u ** 3).sum(), cache\n"
    back = "def own_backward(dloss, cache):\n    x, slope = cache\n    dz = dloss * slope\n    dW = x.T @ dz\n    return dW\n"
    lines, _ = checked_lines(problem, "\n".join([own, back][::order]), "backward.py")
    assert [(one.name, one.verdict) for one in lines] == [("dz", "right"), ("dW", "right")]
    lines, _ = checked_lines(problem, "\n".join([own.replace("3 *", "2 *"), back][::order]), "backward.py")
    assert [(one.name, one.verdict, one.follows) for one in lines] == [("dz", "wrong", ""), ("dW", "wrong", "dz")]


def test_a_number_made_of_a_size_in_letters_may_be_stretched():
    problem = program("loss = (x ** 2).sum() / x.shape[0]\n", "forward.py", ProgramRequest({}, {"x": ("N", 3)}))
    for number, verdict in ((2, "right"), (3, "wrong")):
        backward = f"ones = np.broadcast_to(1 / x.shape[0], x.shape)\ndx = {number} * x * ones\n"
        assert [one.verdict for one in checked_lines(problem, backward, "backward.py")[0]] == [verdict]
