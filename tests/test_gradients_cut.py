"""Where PyTorch lets no gradient through none flows, and a note says so; NumPy's numbers keep their derivative."""

from __future__ import annotations

import numpy as np
import programs_oracle as oracle
import pytest

import netcalc

X = np.array([0.5, 1.5, 2.5])
CUT = {
    "loss = (x.sum().item() * x).sum()": ("2: no gradient flows through .item()", lambda: X.sum() + 0 * X),
    "loss = float(x.sum()) * x[0] + int(2) * x[1]": ("2: no gradient flows through float(…)", lambda: [4.5, 2, 0]),
    "loss = torch.tensor([x[0] * x[1], x[2]]).sum() * x[0]": ("through tensor(…)", lambda: [3.25, 0, 0]),
    "loss = (torch.tensor(x * x) * x).sum()": ("through tensor(…)", lambda: X * X),
    "loss = (x.new_tensor(x * x) * x).sum()": ("through new_tensor(…)", lambda: X * X),
    "loss = (x.data * x).sum()": ("through .data", lambda: X),
    "loss = x.tolist()[1] * x[0]": ("through .tolist()", lambda: [1.5, 0, 0]),
    "import math\nloss = math.exp(x[0]) * x[1]": ("3: no gradient flows through math.exp(…)", lambda: [0, np.exp(0.5), 0]),
    "with torch.no_grad():\n    m = x.max()\n    k = x\nloss = ((x - m) * k).sum()": (
        "2: no gradient flows through what is made under torch.no_grad,",
        lambda: 2 * X - 2.5,
    ),
    "@torch.no_grad()\ndef scale(x):\n    return x.abs().sum()\ny = x / scale(x)\nloss = (y * y).sum()": (
        "2: no gradient flows through what is made under torch.no_grad,",
        lambda: 2 * X / 4.5**2,
    ),
    "torch.set_grad_enabled(False)\ny = x.T * 2\ntorch.set_grad_enabled(True)\nloss = (x * y).sum()": (
        "under torch.set_grad_enabled(False)",
        lambda: 2 * X,
    ),
    "with torch.no_grad():\n    with torch.enable_grad():\n        y = x * x\n    z = y * 2\nloss = (y + z * x).sum()": (
        "under torch.no_grad",
        lambda: 2 * X + 2 * X**2,
    ),
    "y = x * x\nwith torch.no_grad():\n    y += 1\n    y.mul_(2)\nloss = (y * 3).sum()": ("under torch.no_grad", lambda: 6 * X),
    "s = x.sum()\nwith torch.no_grad():\n    s += x[0]\nloss = s * 2": ("under torch.no_grad", lambda: 2 + 0 * X),
}  # fmt: skip
KEPT = [
    "with torch.no_grad():\n    k = x\nloss = (k * k).sum()",
    "loss = (torch.as_tensor(x) * x).sum()",
    "n = int(k.item())\nloss = sum(x[i] * x[i] for i in range(n))",
    "labels = k.numpy()\nloss = x[labels] * x[labels]",
    "with torch.inference_mode(False):\n    y = x * x\nloss = y.sum()",
    "losses = []\nloss = (x * x).sum()\nlosses.append(loss.item())\nprint(loss.item())",
]


@pytest.mark.parametrize("text", CUT)
def test_no_gradient_flows_where_pytorch_lets_none_through(text):
    said, expected = CUT[text]
    result = netcalc.gradients(f"import torch\n{text}", x=X)
    np.testing.assert_allclose(np.array(result.partials["x"], dtype=float), expected(), rtol=1e-12)
    assert any(said in note and note.endswith("as in PyTorch") for note in result.notes), result.notes


@pytest.mark.parametrize("text", [*CUT, *KEPT])
def test_numbers_that_are_whole_are_cut_as_others(text):
    """`x=1,2,3` is the same point as `x=1.0,2.0,3.0`."""
    found = [
        netcalc.gradients(f"import torch\n{text}", x=x, **({"k": 2} if "k." in text else {}))
        for x in (np.array([1, 2, 3]), np.array([1.0, 2.0, 3.0]))
    ]
    whole, floats = (np.array(one.partials["x"], dtype=float).tolist() for one in found)
    assert whole == floats
    assert found[0].notes == found[1].notes


def test_an_index_has_no_gradient_to_cut():
    found = netcalc.gradients("import torch\nlabels = k.numpy()\nloss = x[labels]**2", x=[1.5, 2.0, 3.0], k=np.array(2))
    assert found.partials["x"] == [0, 0, 6]
    assert found.notes == ()


@pytest.mark.filterwarnings("ignore")  # of what cuts the gradient PyTorch warns
@pytest.mark.parametrize("text", [*CUT, *KEPT])
def test_the_gradient_is_pytorchs(text):
    torch = pytest.importorskip("torch")
    program, output, found = oracle.answers(f"import torch\n{text}", {"x": X, "k": np.array(2)})
    x = torch.tensor(X, requires_grad=True)
    ran = oracle.run(f"import torch\n{text}", {"x": x, "k": torch.tensor(2)})["loss"]
    ran.backward()
    np.testing.assert_allclose(output, ran.item(), rtol=1e-12)
    np.testing.assert_allclose(found["x"], x.grad.numpy(), rtol=1e-12)
    assert bool(program.notes) == (text in CUT)


@pytest.mark.parametrize(
    "text",
    ["loss = x.sum().item() ** 2", "loss = float(x[0]) * x.tolist()[1]", "import math\nloss = math.exp(x[0]) * x[2].item()"],
)  # fmt: skip
def test_numbers_of_numpy_keep_their_derivative(text):
    text = f"import numpy as np\nx = np.asarray(x)\n{text}"
    program, output, found = oracle.answers(text, {"x": X})
    np.testing.assert_allclose(output, oracle.run(text, {"x": X})["loss"], rtol=1e-12)
    np.testing.assert_allclose(found["x"], oracle.differences(text, {"x": X}, "loss")["x"], rtol=1e-6, atol=1e-8)
    assert not program.notes


def test_where_no_library_tells_the_reading_is_told():
    result = netcalc.gradients("loss = x.sum().item() ** 2", x=X)
    assert np.array(result.partials["x"], dtype=float).tolist() == [9, 9, 9]
    assert ".item() is taken as NumPy's; in PyTorch no gradient flows through it" in result.notes


def test_a_leaf_made_of_an_input_is_the_input():
    text = "import torch\nx = torch.tensor(x, requires_grad=True)\nloss = (x * x).sum()"
    assert np.array(netcalc.gradients(text, x=X).partials["x"], dtype=float).tolist() == [1, 3, 5]
