"""Arrays that share memory, defaults that are made once, what is written in place: as Python has it, or refused."""

from __future__ import annotations

import re
import textwrap
from pathlib import Path

import numpy as np
import programs_oracle as oracle
import pytest

import netcalc
from netcalc.errors import NetcalcError

X = np.array([0.4, -1.5, 2.25])
DATA = Path(__file__).parent / "data"
HEADS = {
    "numpy": "import numpy as np\n",
    "torch": "import torch\nimport torch.nn as nn\nimport torch.nn.functional as F\n",
}
# A refusal says what to write, or that a function is not understood.
SAID = r"line \d+.*(write|take|copy|give|is not understood|takes \d argument)"


def programs(library):
    """The programs of a file; one that is refused says so in its first line."""
    return (DATA / f"memory_{library}.txt").read_text("utf-8").strip("\n").split("\n---\n")


def assert_right_or_refused(text, answer, value, gradient):
    if text.startswith("# refused"):
        with pytest.raises(NetcalcError, match=SAID):
            answer()
        return
    found, slopes = answer()
    np.testing.assert_allclose(found, value, rtol=1e-10)
    np.testing.assert_allclose(slopes, gradient, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("text", programs("numpy"))
def test_a_program_does_what_numpy_does_or_is_refused(text):
    program = f"{HEADS['numpy']}{text}\n"

    def answer():
        _, output, found = oracle.answers(program, {"x": X})
        return output, found["x"]

    def moved(step):
        return [oracle.run(program, {"x": X + step * axis})["loss"] for axis in np.eye(3)]

    slopes = (np.array(moved(1e-6)) - np.array(moved(-1e-6))) / 2e-6
    assert_right_or_refused(text, answer, oracle.run(program, {"x": X.copy()})["loss"], slopes)


@pytest.mark.parametrize("text", programs("numpy"))
def test_a_function_that_is_traced_gives_what_it_returns_or_is_refused(text):
    program = f"{HEADS['numpy']}def forward(x):\n{textwrap.indent(text, '    ')}\n    return loss\n"
    value = oracle.run(program, {})["forward"](X.copy())
    found = traced(oracle.run(program, {})["forward"])
    assert re.search(r"line \d+", found) if isinstance(found, str) else found == pytest.approx(value, rel=1e-10)


def traced(forward):
    """What a function returns, or why it is refused."""
    try:
        return float(netcalc.gradients(forward, x=X.copy()).forward["loss"])
    except NetcalcError as error:
        return error.message


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("text", programs("torch"))
def test_a_program_does_what_pytorch_does_or_is_refused(text):
    torch = pytest.importorskip("torch")
    program = f"{HEADS['torch']}{text}\n"

    def answer():
        _, output, found = oracle.answers(program, {"x": X})
        return output, found["x"]

    if text.startswith("# refused"):
        assert_right_or_refused(text, answer, None, None)
        return
    torch.set_default_dtype(torch.float64)
    x = torch.tensor(X, requires_grad=True)
    loss = oracle.run(program, {"x": x})["loss"]
    loss.backward()
    torch.set_default_dtype(torch.float32)
    assert_right_or_refused(text, answer, loss.item(), x.grad.numpy())


def test_what_jax_adds_to_is_a_new_array():
    text = "import jax.numpy as jnp\na = x * 2\nb = a\nb += jnp.ones(3)\nloss = (a * x).sum()"
    _, output, found = oracle.answers(text, {"x": X})
    assert output == pytest.approx(2 * (X * X).sum())
    np.testing.assert_allclose(found["x"], 4 * X)


def test_a_name_of_another_call_is_not_changed_unseen():
    """The argument of a helper and the caller's array may have the same name."""
    with pytest.raises(
        NetcalcError, match="line 2: this changes 'h' too, which is the caller's array; write a new one"
    ):
        netcalc.gradients("def f(h):\n    h += 1\n    return h\nh = x * 2\nc = f(h)\nloss = (h * c).sum()", x=X)
    with pytest.raises(NetcalcError, match="'k' is no name of f's own"):
        netcalc.gradients("k = x * 2\ndef f(h):\n    k += h\n    return k\nloss = f(x).sum()", x=X)
