"""What trains a model around its forward pass is no part of it: it is passed over unread, and told."""

from __future__ import annotations

import pytest

import netcalc
from netcalc.errors import NetcalcError

CELL = """
import torch, torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.relu = nn.ReLU()
    def forward(self, x):
        return self.relu(x @ self.W1) @ self.W2

torch.manual_seed(0)
device = torch.device('cuda' if torch.cuda.is_available() else 'cpu')
model = Net().to(device)
criterion = nn.MSELoss().to(device)
optimizer = {optimizer}
x = x.to(device)
model.train()
loss = criterion(model(x), t.to(device))
optimizer.zero_grad(set_to_none=True)
loss.backward()
torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
optimizer.step()
"""
AT = {"x": [1.5, -2.0], "W1": [[1, 2], [0.5, -1]], "W2": [1, 3], "t": 2}


@pytest.mark.parametrize(
    "optimizer",
    [
        "torch.optim.SGD(model.parameters(), lr=0.1)",
        "optim.Adam([{'params': model.parameters()}], lr=1e-3)",
        "torch.optim.AdamW(list(model.parameters()) + [W2], lr=lr)",
    ],
)
def test_a_training_cell_is_its_forward_pass(optimizer):
    result = netcalc.gradients(CELL.replace("{optimizer}", optimizer), **AT)
    plain = netcalc.gradients("import torch\nloss = (((x @ W1).clamp(min=0) @ W2 - t) ** 2).mean()", **AT)
    assert result.forward["loss"] == plain.forward["loss"]
    assert result.partials["W1"] == plain.partials["W1"]
    assert [note for note in result.notes if "train" in note] == [
        "lines 16, 20, 21, 22 and 23 train, and are passed over: the gradients are of the weights as they are given"
    ]


def test_an_optimizer_that_other_lines_made_is_passed_over():
    result = netcalc.gradients(
        "loss = (x * x).sum()\nopt.zero_grad()\nloss.backward()\nopt.step()\nscheduler.step()", x=[3]
    )
    assert result.partials["x"] == [6]
    assert any(note.startswith("lines 2, 3, 4 and 5 train") for note in result.notes)


def test_backward_alone_is_no_training():
    assert not netcalc.gradients("loss = (x * x).sum()\nloss.backward()", x=[3]).notes


def test_optimizers_and_schedules_are_known_by_any_name():
    text = (
        "from torch.optim import SGD\nfrom torch.optim.lr_scheduler import StepLR\nopt = SGD([x], lr=0.1)\n"
        "schedule = StepLR(opt, step_size=3)\nloss = (x * x).sum()\nopt.step()\nschedule.step()"
    )
    assert netcalc.gradients(text, x=[3]).partials["x"] == [6]


def test_a_step_in_a_loop_is_refused_as_later_rounds_have_other_weights():
    text = "for epoch in range(3):\n    loss = (x * x).sum()\n    loss.backward()\n    optimizer.step()"
    with pytest.raises(NetcalcError, match=r"line 4: this changes the weights .* leave the loop out"):
        netcalc.gradients(text, x=[3])
    assert netcalc.gradients(text.replace("range(3)", "range(1)"), x=[3]).partials["x"] == [6]


def test_what_is_made_behind_a_step_is_refused_as_the_weights_are_others():
    text = "loss = (x * x).sum()\nloss.backward()\noptimizer.step()\nlater = (x * x * 2).sum()"
    with pytest.raises(NetcalcError, match=r"line 4: later is made behind a step .* --of loss"):
        netcalc.gradients(text, x=[3])
    assert netcalc.gradients(text, of="loss", x=[3]).partials["x"] == [6]


def test_a_function_called_step_is_no_optimizers():
    with pytest.raises(NetcalcError, match="line 3: 'step' of mylib is not understood"):
        netcalc.gradients("from mylib import step\nloss = (x * x).sum()\nstep(x, 0.1)", x=[3])


def test_a_step_of_the_programs_own_is_read():
    text = "class Cell:\n    def step(self, h):\n        return h * h\ncell = Cell()\nloss = cell.step(x).sum()"
    assert netcalc.gradients(text, x=[3]).partials["x"] == [6]


def test_an_optimizer_is_no_number():
    with pytest.raises(NetcalcError, match="line 2"):
        netcalc.gradients("opt = torch.optim.SGD([x], lr=0.1)\nloss = x.sum() * opt", x=[3])


@pytest.mark.parametrize("loop", ["tqdm(range(2))", "tqdm.tqdm(range(2), desc='a')", "trange(2)"])
@pytest.mark.parametrize("import_", ["", "from tqdm.auto import tqdm, trange\n"])
def test_a_progress_bar_is_what_it_goes_through(loop, import_):
    if "tqdm.tqdm" in loop:
        import_ = "import tqdm\n"
    result = netcalc.gradients(f"{import_}loss = 0\nfor i in {loop}:\n    loss = loss + x[i] ** 2", x=[3, 4])
    assert result.partials["x"] == [6, 8]


def test_plots_are_passed_over():
    text = (
        "import matplotlib.pyplot as plt\nloss = (x * x).sum()\nplt.figure(figsize=(3, 3))\nplt.plot([loss.item()])\n"
        "fig, ax = plt.subplots()\nax.plot(x)\nax.set_ylabel('loss')\nplt.savefig('loss.png')"
    )
    assert netcalc.gradients(text, x=[3]).partials["x"] == [6]


def test_there_is_no_gpu():
    text = "loss = (x * (2 if torch.cuda.is_available() or torch.backends.mps.is_available() else 3)).sum()"
    assert netcalc.gradients(text, x=[3]).partials["x"] == [3]


@pytest.mark.parametrize(
    "before, behind",
    [
        ("", "with torch.no_grad():\n    W -= 0.1 * W.grad\n    W.grad.zero_()"),
        ("for p in [W]:\n    p.grad = None", "for p in [W]:\n    p.data += -lr * p.grad"),
        ("W.grad = None", "W.data = W.data - 0.1 * W.grad"),
        ("", "print(W.grad)\nif W.grad is not None:\n    W.grad.zero_()"),
    ],
)
def test_weights_changed_by_their_gradients_are_passed_over(before, behind):
    text = f"{before}\nloss = ((x @ W) ** 2).sum()\nloss.backward()\n{behind}"
    result = netcalc.gradients(text, x=[1, 2], W=[[3], [4]])
    assert result.partials["W"] == [[22], [44]]
    assert any("passed over" in note for note in result.notes) == ("W.data" in behind or "-" in behind)


@pytest.mark.parametrize(
    "text",
    [
        "for i in range(3):\n    loss = (x * W).sum()\n    loss.backward()\n    W -= 0.1 * W.grad",
        "loss = (x * W).sum()\nW = W - 0.1 * W.grad\nloss = (x * W).sum()",
    ],
)
def test_weights_changed_before_the_pass_ends_are_refused(text):
    with pytest.raises(NetcalcError, match=r"grad|changes the weights"):
        netcalc.gradients(text, x=[1, 2], W=[3, 4])
