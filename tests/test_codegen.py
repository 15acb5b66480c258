"""Code out: what is written runs, in each library, and finds what balls find; it reads as formatters have it."""

from __future__ import annotations

import ast
import builtins
import importlib.util
import keyword
import re
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import netcalc
from netcalc.checking.backward.check import checked_lines
from netcalc.errors import NetcalcError
from netcalc.expression import Number
from netcalc.graph import build as b
from netcalc.graph.arithmetic.balls import Balls
from netcalc.graph.arithmetic.float64 import Float64
from netcalc.graph.elementwise import elementwise
from netcalc.graph.evaluate import evaluate
from netcalc.graph.node import Node
from netcalc.graph.sizes import concrete, letters_of
from netcalc.graph.windows import windows
from netcalc.models.graphed import GraphProblem
from netcalc.models.programs import ProgramRequest, program
from netcalc.models.request import read_shapes
from netcalc.render import FORMATS
from netcalc.render.codegen.file import lines
from netcalc.render.codegen.passes import Passes, passes
from netcalc.render.codegen.spelling import HELPERS
from netcalc.values import read_array

LIBRARIES = [
    pytest.param(name, marks=pytest.mark.skipif(importlib.util.find_spec(name) is None, reason=f"{name} is not here"))
    for name in ("numpy", "torch", "jax")
]
FORMATS_OF_CODE = ("numpy", "torch", "jax")
EXAMPLES = sorted(Path(netcalc.__file__).parent.glob("examples/*.py"))
BLOCKS = [path for path in EXAMPLES if path.stem != "__init__"]
SEEDS = 120


# --- running what was written


def run(code: str, library: str, both: Passes, values: list[Any], above: list[Any]) -> list[np.ndarray]:
    """The outputs and the gradients that are differentiated by, by the code."""
    space: dict[str, Any] = {"__name__": "written"}
    exec(compile(code, f"<{library}>", "exec"), space)  # noqa: S102 - it is what is tested
    outputs, gradients = {"numpy": _numpy, "torch": _torch, "jax": _jax}[library](space, both, values, above)
    found = dict(zip(both.inputs, gradients, strict=True))
    return [*map(np.asarray, outputs), *(found[name] for name, node in both.gradients.items() if node is not None)]


def _numpy(space: dict[str, Any], _: Passes, values: list[Any], above: list[Any]) -> tuple[Any, Any]:
    *outputs, cache = space["forward"](*values)
    found = space["backward"](cache, *above)
    return outputs, found if isinstance(found, tuple) else (found,)


def _torch(space: dict[str, Any], both: Passes, values: list[Any], above: list[Any]) -> tuple[Any, Any]:
    import torch

    tensors = [
        torch.tensor(value, requires_grad=name in both.gradients)
        for name, value in zip(both.inputs, values, strict=True)
    ]
    (function,) = [one for one in space.values() if getattr(one, "__name__", "") == "apply"]
    found = function(*tensors)
    outputs = found if isinstance(found, tuple) else (found,)
    torch.autograd.backward(outputs, [torch.tensor(one) for one in above])
    return [one.detach().numpy() for one in outputs], [
        None if one.grad is None else one.grad.numpy() for one in tensors
    ]


def _jax(space: dict[str, Any], _: Passes, values: list[Any], above: list[Any]) -> tuple[Any, Any]:
    import jax

    jax.config.update("jax_enable_x64", True)
    (function,) = [one for one in space.values() if type(one).__name__ == "custom_vjp"]
    found, vjp = jax.vjp(function, *map(jax.numpy.array, values))
    upstream = tuple(map(jax.numpy.array, above))
    gradients = vjp(upstream if isinstance(found, tuple) else upstream[0])
    return found if isinstance(found, tuple) else (found,), [np.asarray(one) for one in gradients]


def written(both: Passes, library: str) -> str:
    return "\n".join(lines(both, library)) + "\n"


def numbers(both: Passes, known: dict[str, np.ndarray], seed: int = 0) -> tuple[dict[str, int], list[Any], list[Any]]:
    """Numbers for letters, inputs and upstream gradients; what is differentiated by are floats, the rest indices."""
    rng = np.random.default_rng(seed)
    sizes: dict[str, int] = {}
    for node in both.inputs.values():
        for one in letters_of(node.shape):
            sizes.setdefault(one, 3 + len(sizes))

    def shape(node: Node) -> tuple[int, ...]:
        return tuple(concrete(one, sizes) for one in node.shape)

    values = []
    for name, node in both.inputs.items():
        if name in known:
            values.append(known[name])
        else:
            is_float = name in both.gradients
            values.append(rng.normal(size=shape(node)) if is_float else rng.integers(0, 3, shape(node)))
    return sizes, values, [rng.normal(size=shape(node)) for node in both.upstream.values()]


def expected(
    both: Passes, sizes: dict[str, int], values: list[Any], above: list[Any], *, certain: bool = True
) -> list[np.ndarray]:
    """The same by balls, or by float64."""
    arithmetic = Balls(sizes) if certain else Float64(sizes)
    nodes = [*both.inputs.values(), *both.upstream.values()]
    given = {
        node: arithmetic.array(np.asarray(value, dtype=np.float64))
        for node, value in zip(nodes, [*values, *above], strict=True)
    }
    roots = [*both.outputs.values(), *(one for one in both.gradients.values() if one is not None)]
    found = evaluate(roots, arithmetic, given)
    return [
        np.asarray([float(one) for one in array.flat]).reshape(array.shape) if certain else array for array in found
    ]


def assert_agrees(both: Passes, library: str, known: dict[str, np.ndarray], *, certain: bool = True) -> None:
    sizes, values, above = numbers(both, known)
    right = expected(both, sizes, values, above, certain=certain)
    code = written(both, library)
    for found, true in zip(run(code, library, both, values, above), right, strict=True):
        assert np.shape(found) == true.shape, code
        np.testing.assert_allclose(np.asarray(found), true, rtol=1e-9, atol=1e-11, err_msg=code)


# --- the blocks to start from


def block(path: Path) -> tuple[Passes, dict[str, np.ndarray]]:
    """A block at the shapes that it names itself."""
    problem = stated(path)
    known = {name: Float64().array(value) for name, value in problem.given["at"].items()}
    both = passes(problem)
    return both, {name: value if name in both.gradients else value.astype(int) for name, value in known.items()}


def stated(path: Path) -> GraphProblem:
    text = path.read_text(encoding="utf-8")
    words = re.search(r"netcalc net \S+((?:.|\n)*?)\"\"\"", text)
    assert words is not None
    flag, given, shapes = "", {}, []
    for word in words[1].split():
        flag = word if word.startswith("--") else flag
        name, equals, value = word.partition("=")
        if flag == "--at" and equals:
            given[name] = read_array(value, name)
        elif flag == "--shape" and equals:
            shapes.append(word)
    return program(text, path.name, ProgramRequest(given, read_shapes(shapes), list(given)))


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("path", BLOCKS, ids=lambda path: path.stem)
def test_code_of_each_block_agrees_with_the_graph(path, library):
    both, known = block(path)
    assert_agrees(both, library, known, certain=False)


WITHIN = {
    "two names of one array": (
        "ys = np.linspace(-1, 1, 3)\nxs = np.linspace(-1, 1, 3)\nloss = (x * xs).sum() + (x * ys).prod()",
        {"x": (3,)},
    ),
    "a channel of its own for each kernel": (
        "import torch.nn.functional as F\ny = F.conv2d(x, w, padding=1, groups=2)\nloss = (y**2).sum()",
        {"x": (1, 2, 4, 4), "w": (2, 1, 3, 3)},
    ),
    "an order": ("s = np.sort(x, axis=1)[:, ::-1]\nloss = (s[:, 0] * s[:, 1]).sum() + np.median(x)", {"x": (2, 3)}),
}


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("what", WITHIN)
def test_code_of_a_program_agrees_with_the_graph(what, library):
    text, shapes = WITHIN[what]
    known = {name: np.random.default_rng(3).normal(size=shape) for name, shape in shapes.items()}
    problem = netcalc.gradients(f"import numpy as np\n{text}\n", **known).problem
    assert_agrees(passes(problem), library, known, certain=False)


# What no backward pass is read with: windows of NumPy's, and a file's own erfc.
NOT_READ_BACK = {"conv1d", "conv2d", "maxpool", "transformer"}


@pytest.mark.parametrize("path", [one for one in BLOCKS if one.stem not in NOT_READ_BACK], ids=lambda path: path.stem)
def test_code_of_each_block_is_right_where_it_is_checked_line_by_line(path):
    """The file is read as anyone's backward pass is: its own forward pass and cache, its names, its order."""
    problem = stated(path)
    checked, notes = checked_lines(problem, written(passes(problem), "numpy"), "code.py")
    assert [(one.name, one.line, one.verdict) for one in checked if not one.is_right] == []
    assert checked
    assert not any(note.startswith("passed over") for note in notes)


def test_code_of_each_block_is_as_formatters_have_it(tmp_path):
    for path in BLOCKS:
        both, _ = block(path)
        for library in ("numpy", "torch", "jax"):
            name = f"{path.stem.replace('-', '_')}_{library}.py"
            (tmp_path / name).write_text(written(both, library), encoding="utf-8")
    check_format(tmp_path)


def check_format(folder: Path) -> None:
    found = subprocess.run(
        [sys.executable, "-m", "ruff", "format", "--isolated", "--diff", folder],
        capture_output=True,
        text=True,
        check=False,
    )
    assert found.returncode == 0, found.stdout + found.stderr


# --- random graphs


class Garden:
    """Grows graphs at random: shared names, broadcasting, products of all kinds, indices, branches, reductions."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.inputs = {
            "A": b.given("A", (3, 4)),
            "B": b.given("B", (4, 3)),
            "x": b.given("x", (4,)),
            "y": b.given("y", (3, 1)),
            "c": b.given("c", ()),
            "T": b.given("T", (2, 3, 4)),
            "ix": b.given("ix", (5,)),
        }
        self.pool = [node for name, node in self.inputs.items() if name != "ix"]
        for step in range(int(self.rng.integers(3, 9))):
            node = self.grown()
            if self.rng.random() < 0.6:
                node = b.named(str(self.rng.choice(["h", "z", "part", "sum", f"v{step}"])), node, step)
            self.pool.append(node)

    def pick(self, fits=lambda _: True):
        found = [node for node in self.pool if fits(node)]
        if not found:
            raise NetcalcError("there is none")
        return found[int(self.rng.integers(len(found)))]

    def grown(self) -> Node:
        while True:
            try:
                return getattr(self, str(self.rng.choice(KINDS)))()
            except NetcalcError:
                continue

    def axis(self, node: Node) -> int:
        return int(self.rng.integers(node.rank))

    def binary(self):
        operation = self.rng.choice(["add", "subtract", "multiply"])
        return getattr(b, str(operation))(self.pick(), self.pick())

    def quotient(self):
        under = self.pick()
        return b.divide(self.pick(), b.add(b.multiply(under, under), b.number(1)))

    def function(self):
        name = str(
            self.rng.choice(
                ["sin", "tanh", "sigmoid", "softplus", "relu", "exp", "atan", "gelu", "silu", "erf", "log_sigmoid"]
            )
        )
        node = self.pick()
        return elementwise(name, elementwise("tanh", node)) if name == "exp" else elementwise(name, node)

    def matmul(self):
        return b.matmul(self.pick(lambda one: one.rank), self.pick(lambda one: one.rank))

    def transposed(self):
        node = self.pick(lambda one: one.rank > 1)
        return b.transpose(node, list(map(int, self.rng.permutation(node.rank))))

    def reduced(self):
        node = self.pick(lambda one: one.rank)
        kind = str(self.rng.choice(["summed", "mean", "largest", "smallest", "logsumexp", "norm", "variance"]))
        axis = None if self.rng.random() < 0.3 else self.axis(node)
        return getattr(b, kind)(node, axis, bool(self.rng.random() < 0.5))

    def kept(self):
        node = self.pick(lambda one: one.rank)
        return getattr(b, str(self.rng.choice(["softmax", "log_softmax", "cumsum"])))(node, self.axis(node))

    def branch(self):
        condition = b.compared(str(self.rng.choice(["less", "greater"])), self.pick(), self.pick())
        return b.where(condition, self.pick(), self.pick())

    def extreme(self):
        other = self.pick() if self.rng.random() < 0.5 else b.number_of(Number(0))
        return elementwise(str(self.rng.choice(["max", "min"])), self.pick(), other)

    def gathered(self):
        node = self.pick(lambda one: one.rank and one.shape[0] >= 3)
        return b.index(node, [b.Place(1)], [self.inputs["ix"]])

    def gathered_behind(self):
        node = self.pick(lambda one: one.rank > 1 and one.shape[1] >= 3)
        return b.index(node, [b.Span(None, None, None), b.Place(1)], [self.inputs["ix"]])

    def sliced(self):
        node = self.pick(lambda one: one.rank and one.shape[0] > 2)
        key = [b.Span(1, None, None), None] if self.rng.random() < 0.5 else [b.Span(None, None, 2)]
        return b.index(node, key)

    def flipped(self):
        return b.index(self.pick(lambda one: one.rank), [b.Span(None, None, -1)])

    def einsum(self):
        subscripts = str(
            self.rng.choice(
                [
                    "ij,jk->ik",
                    "ij,ij->i",
                    "bij,j->bi",
                    "bij,bij->b",
                    "ij->ji",
                    "i,j->ij",
                    "bij,ij->b",
                    "bij,bkj->bik",
                    "ij,j,j->i",
                    "bij,bij,ij->",
                ]
            )
        )
        ranks = [len(letters) for letters in subscripts.partition("->")[0].split(",")]
        return b.einsum(subscripts, *(self.pick(lambda one, rank=rank: one.rank == rank) for rank in ranks))

    def joined(self):
        node = self.pick(lambda one: one.rank)
        return b.joined([node, node, self.pick(lambda one: one.shape == node.shape)], self.axis(node))

    def stacked(self):
        node = self.pick(lambda one: one.rank)
        return b.stack([node, self.pick(lambda one: one.shape == node.shape)], 0)

    def reshaped(self):
        return b.reshaped(self.pick(), [-1])

    def square(self):
        a = self.pick(lambda one: one.rank == 2)
        gram = b.add(b.matmul(a, b.transpose(a)), b.multiply(b.number(2), b.eye(a.shape[0])))
        kind = str(self.rng.choice(["inverse", "determinant", "logdet", "solve", "trace", "diag", "triangle"]))
        if kind == "solve":
            return b.solve(gram, self.pick(lambda one: one.rank == 1 and one.shape[0] == a.shape[0]))
        return b.triangle(a, 0, lower=True) if kind == "triangle" else getattr(b, kind)(gram)

    def slid(self):
        return windows(self.pick(lambda one: one.rank > 1), [2, 2], [1, 1], [1, 1])

    def constant(self):
        return b.multiply(self.pick(), b.array(np.array([0.5, -2.0, 0.1, 3.0])))

    def problem(self) -> GraphProblem:
        used = self.pool[-1]
        for node in self.pool[-4:-1]:
            used = b.add(b.summed(used), b.summed(b.multiply(node, node)))
        output = b.named("loss", b.summed(used))
        wrt = tuple(name for name in self.inputs if name != "ix")
        return GraphProblem("net", output, "loss", self.inputs, {}, wrt, given={"program": "random.py"})


NO_KINDS = {"pick", "grown", "axis", "problem"}
KINDS = [name for name in vars(Garden) if not name.startswith("_") and name not in NO_KINDS]


@pytest.fixture(scope="module", params=range(SEEDS))
def grown(request):
    both = passes(Garden(request.param).problem())
    sizes, values, above = numbers(both, {}, request.param)
    return both, values, above, expected(both, sizes, values, above), request.param


@pytest.mark.parametrize("library", LIBRARIES)
def test_code_of_random_graphs_agrees_with_balls(grown, library):
    both, values, above, right, seed = grown
    if library != "numpy" and seed % 4:
        pytest.skip("a quarter is enough of what runs slowly")
    code = written(both, library)
    for found, true in zip(run(code, library, both, values, above), right, strict=True):
        assert np.shape(found) == true.shape, code
        scale = max(1.0, float(np.abs(true).max(initial=0.0)))
        np.testing.assert_allclose(np.asarray(found), true, rtol=1e-8, atol=1e-9 * scale, err_msg=code)


@pytest.mark.parametrize("step", [12, pytest.param(4, marks=pytest.mark.nightly)])
def test_code_of_random_graphs_is_as_formatters_have_it(tmp_path, step):
    for seed in range(0, SEEDS, step):
        both = passes(Garden(seed).problem())
        for library in ("numpy", "torch", "jax"):
            (tmp_path / f"random_{seed}_{library}.py").write_text(written(both, library), encoding="utf-8")
    check_format(tmp_path)


# --- other problems than programs

STATED = {
    "neuron": lambda: netcalc.neuron([1, 2], [0.5, -1], 0.1, target=1, loss="bce"),
    "neuron of samples": lambda: netcalc.neuron(
        [[1, 2], [3, 4], [5, 6]], [0.5, -1], 0.1, "gelu", target=[1, 0, 1], loss="mse"
    ),
    "neuron alone": lambda: netcalc.neuron([1, 2], [0.5, -1], 0.1, "tanh"),
    "neuron with an activation that is typed": lambda: netcalc.neuron([1, 2], [0.5, -1], 0.1, "q/(1 + q^2)"),
    "linear": lambda: netcalc.linear([[1, 2], [3, 4], [5, 6]], [1, -1], [0.5, 1, 2]),
    "linear without a bias": lambda: netcalc.linear([[1, 2], [3, 4]], [1, -1], None, "relu", bias=False, delta=[1, 2]),
    "linear of samples": lambda: netcalc.linear([[1, 2], [3, 4]], [[1, -1], [2, 0], [1, 1]], [1, 2], "sigmoid"),
    "net": lambda: netcalc.net(LAYERS, input=[[1, 2], [3, 4], [5, 7]], target=[[1, 0], [0, 1], [1, 1]], loss="mse"),
    "net of classes": lambda: netcalc.net(LAYERS, input=[[1, 2], [3, 4]], target=[1, 0], loss="cross-entropy"),
    "net of probabilities": lambda: netcalc.net(
        [*LAYERS[:1], {**LAYERS[1], "activation": "softmax"}], input=[1, 2], target=1, loss="cross-entropy"
    ),
    "net with huber": lambda: netcalc.net(LAYERS, input=[1, 2], target=[1, 0], loss="huber", reduction="sum"),
    "expression": lambda: netcalc.grad("sin(x*y) + x^2/3 - exp(-z)"),
    "expressions": lambda: netcalc.grad("x*y/z", "exp(-x^2)*y", "3"),
    "functions": lambda: netcalc.grad(
        "gamma(x) + erf(y)*digamma(x) + polygamma(1, x) + where(x > 1 and y < 2, x, y) + abs(x - y) + atan2(y, x) + gelu(x)"
        " + mish(y) + x^y + sqrt(2)*pi + lgamma(x) + cbrt(x) + max(x, y, 1)",
        at={"x": 1.7, "y": 0.4},
    ),
    "tensors": lambda: netcalc.grad("sum((W@x + b - t)^2)/2"),
    "tensors to a vector": lambda: netcalc.grad("softmax(W@x)"),
}
LAYERS = [
    {"W": [[0.5, -1], [0.25, 2], [1, 1]], "b": [0.1, 0.2, -0.3], "activation": "tanh"},
    {"W": [[1, 0.5, -1], [0.3, -0.2, 0.7]], "b": [0, 0.1]},
]


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("stated", STATED.values(), ids=STATED)
def test_code_of_every_kind_of_problem_agrees(stated, library):
    both = passes(stated().problem)
    rng = np.random.default_rng(1)
    known = {name: rng.uniform(0.2, 2.0, sized(both, name)) for name in both.inputs}
    assert_agrees(both, library, known, certain=False)


def sized(both: Passes, name: str) -> tuple[int, ...]:
    sizes, _, _ = numbers(both, {})
    return tuple(concrete(one, sizes) for one in both.inputs[name].shape)


def test_code_of_a_neuron_finds_what_the_result_says():
    result = STATED["neuron"]()
    both = passes(result.problem)
    values = [np.array([1.0, 2]), np.array([0.5, -1]), np.array(0.1), np.array(1.0)]
    found = run(written(both, "numpy"), "numpy", both, values, [1.0])
    assert found[0] == pytest.approx(result.forward["loss"], rel=1e-12)
    assert found[1:] == [pytest.approx(result.partials[name], rel=1e-12) for name in ("x", "w", "b")]


def test_code_of_every_kind_of_problem_and_every_helper_is_as_formatters_have_it(tmp_path):
    for number, stated in enumerate(STATED.values()):
        both = passes(stated().problem)
        for library in ("numpy", "torch", "jax"):
            (tmp_path / f"stated_{number}_{library}.py").write_text(written(both, library), encoding="utf-8")
    for library, helpers in HELPERS.items():
        text = "\n\n\n".join(helper.strip("\n") for helper in helpers.values()) + "\n"
        (tmp_path / f"helpers_{library}.py").write_text(text, encoding="utf-8")
    check_format(tmp_path)


MADE_INDICES = [
    "labels = torch.arange(x.size(0))\nloss = F.cross_entropy(x, labels)\n",
    "i = torch.tensor([0, 2, 2])\nloss = (x[i] ** 3).sum()\n",
    "i = 2 - torch.arange(3)\nloss = (x[i, torch.arange(3)] ** 3).sum()\n",
    "i = torch.arange(3)\nloss = (x[i] * torch.exp(i * 1.0)[:, None]).sum()\n",
    "i = torch.argmax(x, dim=1)\nloss = (x[torch.arange(3), i] ** 3).sum()\n",
    "E = F.one_hot(torch.arange(3), 3)\nloss = ((x @ (1.0 * E)) ** 3).sum()\n",
]


@pytest.mark.parametrize("library", LIBRARIES)
@pytest.mark.parametrize("text", MADE_INDICES, ids=lambda text: text.split("\n")[0])
def test_indices_that_the_program_makes_are_integers(text, library):
    """Constants, arange and what is made of them index; the values are those by balls."""
    problem = program(
        "import torch\nimport torch.nn.functional as F\n" + text, "made.py", ProgramRequest({}, {"x": (3, 3)})
    )
    assert_agrees(passes(problem), library, {})


def test_a_letter_of_which_a_size_is_a_multiple_is_known_by_it():
    """C of an axis of 4C."""
    result = netcalc.gradients(
        "a, b, c, d = np.split(x @ W, 4, axis=1)\nloss = (a * b + c * d).sum()", shape={"x": "N,D", "W": "D,4C"}
    )
    assert any("C = W.shape[1] // 4" in line for line in lines(passes(result.problem), "numpy"))


@pytest.mark.skipif(importlib.util.find_spec("torch") is None, reason="PyTorch is not installed")
def test_a_number_may_be_pythons_in_pytorchs_code():
    """A count that the backward pass needs is no tensor that could be saved; its gradient is asked for by tensors alone."""
    import torch

    text = "loss = (torch.exp(x).sum() / n) ** 2 * n\n"
    both = passes(program(text, "made.py", ProgramRequest({}, {"x": (3,), "n": ()})))
    space: dict[str, Any] = {"__name__": "written"}
    exec(compile(written(both, "torch"), "<torch>", "exec"), space)  # noqa: S102 - it is what is tested
    x = torch.tensor([0.5, 1.0, -1.0], dtype=torch.float64, requires_grad=True)
    for n in (3, torch.tensor(3.0, dtype=torch.float64, requires_grad=True)):
        x.grad = None
        space["made"](x, n).backward()
        powers = torch.exp(x.detach()).numpy()
        np.testing.assert_allclose(x.grad.numpy(), 2 * powers.sum() * powers / 3, rtol=1e-14)
    np.testing.assert_allclose(n.grad.numpy(), -(powers.sum() ** 2) / 9, rtol=1e-14)


@pytest.mark.parametrize("library", LIBRARIES)
def test_the_slope_of_a_sigmoid_under_two_names_does_not_overflow(library):
    """σ(z)·σ(−z) where exp(−z) is infinite, although σ has a second name that its slope could be written with."""
    text = """
        def activated(X, W):
            Z = np.dot(W, X)
            A = 1 / (1 + np.exp(-Z))
            return A

        def forward(X, W):
            A = activated(X, W)
            return A

        AL = forward(X, W)
        cost = np.sum(Y * AL)
    """
    shapes = {"W": (1, 1), "X": (1, 2), "Y": (1, 2)}
    both = passes(program(textwrap.dedent(text), "made.py", ProgramRequest({}, shapes)))
    values = [np.array([[1.0]]), np.array([[-800.0, 1.0]]), np.array([[1.0, 1.0]])]
    found = run(written(both, library), library, both, [values["WXY".index(name)] for name in both.inputs], [1.0])
    dX = dict(zip(both.gradients, found[1:], strict=True))["X"]
    slope = np.exp(-1) / (1 + np.exp(-1)) ** 2
    np.testing.assert_allclose(dX, [[0.0, slope]], rtol=1e-14)


# --- names, and what is refused


MODULES = {"numpy": {"np", "math"}, "torch": {"torch", "math", "ctx"}, "jax": {"jnp", "jax", "math"}}


@pytest.mark.parametrize("name", ["sum", "lambda_", "np", "max", "sigmoid", "forward", "cache", "torch", "ctx", "part"])
def test_no_name_hides_one_of_pythons_or_of_the_file(name):
    text = f"{name} = x * 2\nloss = ({name} ** 2).sum()\n"
    for library in ("numpy", "torch", "jax"):
        code = written(passes(program(text, "names.py", ProgramRequest({}, {"x": ("n",)}))), library)
        assigned = {
            node.id
            for node in ast.walk(ast.parse(code))
            if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)
        }
        assert not assigned & (set(keyword.kwlist) | set(dir(builtins)) | MODULES[library])


def test_a_name_that_python_lacks_is_told():
    code = written(passes(netcalc.grad("len*x^2 + W[0,1]").problem), "numpy")
    assert "def forward(len_, x, W_0_1):" in code
    assert "# len_ stands for len, which is no free name in Python" in code


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: netcalc.grad("x^2", order=2), "--order has no place"),
        (lambda: netcalc.grad("sum(x^2)", along={"x": [1, 2]}, shape={"x": 2}), "--along has no place"),
        (lambda: netcalc.grad("x^2").only(["dx"]), "leave --only out"),
    ],
)
def test_what_has_no_code_is_told(call, message):
    with pytest.raises(NetcalcError, match=message):
        list(FORMATS["numpy"](call()))


BEYOND = {  # code that computes in float64 can't say
    "degrees(1e399^(1/2))^(1/3)/x": "1e399 is above",
    "1e399*x": "1e399 is above",
    "x/1e399": "1e-399 is below",
    "x + 1e-400": "1e-400 is below",
    "x/1e-400": "1e400 is above",
    "1e200*x*1e200": "1e400 is above",
    "x*sqrt(1e399)": "1e399 is above",
    "x^2*exp(1000)": "1.97007e434 is above",
    "sin(x)*gamma(1/2)*exp(-1000)": "5.07596e-435 is below",
    "max(x, -1e399)": "1e399 is above",
    "sum(1e399*W)": "1e399 is above",
    "norm(W)/sqrt(2)^3000": "3.50747e451 is above",
}


@pytest.mark.parametrize("library", FORMATS_OF_CODE)
@pytest.mark.parametrize("text", BEYOND)
def test_a_number_beyond_float64_has_no_code(text, library):
    result = netcalc.grad(text, shape={"W": (2,)} if "W" in text else None)
    with pytest.raises(NetcalcError, match=f"code computes in float64, and {re.escape(BEYOND[text])} its range"):
        list(FORMATS[library](result))


@pytest.mark.parametrize("library", FORMATS_OF_CODE)
def test_an_array_of_a_program_with_a_number_beyond_float64_has_no_code(library):
    text = "def f(x):\n    return (x * np.array([1, 1e-400])).sum()"
    with pytest.raises(NetcalcError, match="1e-400 is below its range"):
        list(FORMATS[library](netcalc.gradients(text, {"x": [1.0, 2.0]})))


@pytest.mark.parametrize("library", LIBRARIES)
def test_numbers_are_the_float64_nearest_to_them(library):
    """mpmath to 30 digits: sin(π) is 0, and what is made of large parts is no larger than it is."""
    factors = {
        "sin(pi)": 0,
        "gamma(100)/10^150": "933262.15443944152681699238856267",
        "1e308*1e-300": "1e8",
        "(1e300 + 1)/3e300": "0.33333333333333333333333333333333",
        "1e-320": "1e-320",
        "exp(700)": "1.0142320547350045094553295952e304",
        "where(pi < 4, 7, x)": 7,
        "where(x < 9 and 1 < 2, 5, 6)": 5,
    }
    if library == "jax":
        del factors["1e-320"]  # which XLA makes 0
    for text, factor in factors.items():
        both = passes(netcalc.grad(f"x*({text})").problem)
        found = run(written(both, library), library, both, [np.array(0.5)], [1.0])
        assert found == pytest.approx([0.5 * float(factor), float(factor)], rel=1e-15, abs=0), text


@pytest.mark.parametrize("library", LIBRARIES)
def test_an_array_with_infinities_is_written(library):
    text = "def f(x):\n    m = np.array([0, -np.inf, 0.5])\n    return np.exp(x + m).sum()"
    result = netcalc.gradients(text, {"x": [1.0, 2.0, 3.0]})
    both = passes(result.problem)
    found = run(written(both, library), library, both, [np.array([1.0, 2.0, 3.0])], [1.0])
    assert found[1] == pytest.approx([np.e, 0, np.exp(3.5)])
    assert "[0, -inf, 0.5]" in "\n".join(FORMATS["md"](result))


@pytest.mark.parametrize("text", ["around(0.1)", "3", "where(1 < 2, 5, 7)", "max(2, 1)"])
def test_an_expression_without_variables_is_written(text):
    result = netcalc.grad(text, at={"x": "2"})
    for name in FORMATS_OF_CODE:
        compile("\n".join(lines(passes(result.problem), name)), name, "exec")
