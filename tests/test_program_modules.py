"""PyTorch's layers with weights of their own: each the same as its lines with the weights written out."""

from __future__ import annotations

import numpy as np
import programs_oracle as oracle
import pytest

import netcalc
from netcalc import cli
from netcalc.errors import NetcalcError

HEAD = "import torch\nimport torch.nn as nn\nimport torch.nn.functional as F\n"
CELL = """
def lstm(x, h, c, w, u, b, d):
    i, f, g, o = (x @ w.T + b + h @ u.T + d).chunk(4, dim=1)
    c = torch.sigmoid(f) * c + torch.sigmoid(i) * torch.tanh(g)
    return torch.sigmoid(o) * torch.tanh(c), c
def gru(x, h, w, u, b, d):
    xr, xz, xn = (x @ w.T + b).chunk(3, dim=1)
    hr, hz, hn = (h @ u.T + d).chunk(3, dim=1)
    z = torch.sigmoid(xz + hz)
    return z * h + (1 - z) * torch.tanh(xn + torch.sigmoid(xr + hr) * hn)
def rnn(x, w, u, b, d, back=False):
    h, out = torch.zeros(x.shape[0], u.shape[0]), []
    for t in (1, 0) if back else (0, 1):
        h = torch.tanh(x[:, t] @ w.T + b + h @ u.T + d)
        out.append(h)
    return torch.stack(out[::-1] if back else out, 1)
def heads(x, w, b, n):
    return [x @ w[2 * n + i : 2 * n + i + 1].T + b[2 * n + i] for i in (0, 1)]
def attend(q, k, v):
    return torch.softmax(q @ k.mT + torch.tensor([[0, -np.inf], [0, 0]]), -1) @ v
"""
LAYERS = [  # a layer, what it is applied to, its lines, the shapes of what these take
    ("nn.Linear(3, 2)", "m(x)", "x @ m_weight.T + m_bias", {"x": (4, 3), "m_weight": (2, 3), "m_bias": (2,)}),
    ("nn.Linear(3, 2, bias=False)", "m(x)", "x @ m_weight.T", {"x": (4, 3), "m_weight": (2, 3)}),
    (
        "nn.LayerNorm(3)",
        "m(x)",
        "F.layer_norm(x, (3,)) * m_weight + m_bias",
        dict.fromkeys(("m_weight", "m_bias"), (3,)),
    ),
    ("nn.RMSNorm([3], eps=0.1)", "m(x)", "F.rms_norm(x, (3,), eps=0.1) * m_weight", {"m_weight": (3,)}),
    (
        "nn.GroupNorm(2, 4)",
        "m(y)",
        "F.group_norm(y, 2, m_weight, m_bias)",
        {"y": (2, 4, 3), "m_weight": (4,), "m_bias": (4,)},
    ),
    (
        "nn.BatchNorm2d(2)",
        "m(y)",
        "F.batch_norm(y, None, None, m_weight, m_bias, True)",
        {"y": (3, 2, 2, 2), "m_weight": (2,), "m_bias": (2,)},
    ),
    (
        "nn.Conv2d(2, 4, 3, padding=1, groups=2)",
        "m(y)",
        "F.conv2d(y, m_weight, m_bias, padding=1, groups=2)",
        {"y": (1, 2, 3, 3), "m_weight": (4, 1, 3, 3), "m_bias": (4,)},
    ),
    (
        "nn.Conv1d(2, 3, kernel_size=(2,), stride=2, bias=False)",
        "m(y)",
        "F.conv1d(y, m_weight, stride=2)",
        {"y": (1, 2, 4), "m_weight": (3, 2, 2)},
    ),
    (
        "nn.ConvTranspose2d(2, 3, 2, stride=2)",
        "m(y)",
        "F.conv_transpose2d(y, m_weight, m_bias, stride=2)",
        {"y": (1, 2, 2, 2), "m_weight": (2, 3, 2, 2), "m_bias": (3,)},
    ),
    ("nn.PReLU()", "m(x)", "torch.where(x > 0, x, m_weight * x)", {"m_weight": (1,)}),
    (
        "nn.Bilinear(3, 3, 2)",
        "m(x, x)",
        "F.bilinear(x, x, m_weight, m_bias)",
        {"m_weight": (2, 3, 3), "m_bias": (2,)},
    ),
    (
        "nn.RNNCell(3, 2)",
        "m(x)",
        "torch.tanh(x @ m_weight_ih.T + m_bias_ih + m_bias_hh) + 0 * m_weight_hh.sum()",
        {"m_weight_ih": (2, 3), "m_weight_hh": (2, 2), "m_bias_ih": (2,), "m_bias_hh": (2,)},
    ),
    (
        "nn.LSTMCell(3, 2)",
        "sum(m(x, (h, h)))",
        "sum(lstm(x, h, h, m_weight_ih, m_weight_hh, m_bias_ih, m_bias_hh))",
        {"h": (4, 2), "m_weight_ih": (8, 3), "m_weight_hh": (8, 2), "m_bias_ih": (8,), "m_bias_hh": (8,)},
    ),
    (
        "nn.GRU(3, 2, batch_first=True)",
        "m(y, h[None])[0][:, 1]",
        "gru(y[:, 1], gru(y[:, 0], h, *ws), *ws)",
        {
            "y": (4, 2, 3),
            "h": (4, 2),
            "m_weight_ih_l0": (6, 3),
            "m_weight_hh_l0": (6, 2),
            "m_bias_ih_l0": (6,),
            "m_bias_hh_l0": (6,),
        },
    ),
    (
        "nn.RNN(3, 1, num_layers=2, batch_first=True, bidirectional=True)",
        "m(y)[0] + m(y)[1].sum()",
        "two + two[:, 1, 0].sum() + two[:, 0, 1].sum() + one[:, 1, 0].sum() + one[:, 0, 1].sum()",
        {"y": (2, 2, 3)}
        | {
            f"m_{part}_l{n}{way}": shape
            for n, wide in enumerate((3, 2))
            for way in ("", "_reverse")
            for part, shape in {"weight_ih": (1, wide), "weight_hh": (1, 1), "bias_ih": (1,), "bias_hh": (1,)}.items()
        },
    ),
    (
        "nn.MultiheadAttention(2, 2, batch_first=True)",
        "m(y, y, y, attn_mask=torch.triu(torch.ones(2, 2, dtype=torch.bool), 1))[0]",
        "torch.cat([attend(*one) for one in zip(*qkv)], -1) @ m_out_proj_weight.T + m_out_proj_bias",
        {
            "y": (3, 2, 2),
            "m_in_proj_weight": (6, 2),
            "m_in_proj_bias": (6,),
            "m_out_proj_weight": (2, 2),
            "m_out_proj_bias": (2,),
        },
    ),
]
BEFORE = {  # lines that a layer's go on from
    "ws": "ws = [m_weight_ih_l0, m_weight_hh_l0, m_bias_ih_l0, m_bias_hh_l0]\n",
    "two": "".join(
        f"{out} = torch.cat([{', '.join(rnn)}], -1)\n"
        for out, x, n in (("one", "y", 0), ("two", "one", 1))
        for rnn in [
            [
                f"rnn({x}, m_weight_ih_l{n}{way}, m_weight_hh_l{n}{way}, m_bias_ih_l{n}{way}, m_bias_hh_l{n}{way}, {bool(way)})"
                for way in ("", "_reverse")
            ]
        ]
    ),
    "qkv": "qkv = [heads(y, m_in_proj_weight, m_in_proj_bias, n) for n in range(3)]\n",
}


@pytest.mark.parametrize("layer, given, lines, shapes", LAYERS, ids=[row[0] for row in LAYERS])
def test_a_layer_with_weights_is_its_lines_with_the_weights_as_inputs(layer, given, lines, shapes):
    """Their shapes, names and use are PyTorch's: m_weight is (outputs, inputs)."""
    draw = np.random.default_rng(2)
    values = {name: draw.normal(size=shape) for name, shape in ({"x": (4, 3)} | shapes).items()}
    values = {name: value for name, value in values.items() if name != "x" or "(x" in given}
    weights = "".join(before for name, before in BEFORE.items() if name in lines)
    ours = f"{HEAD}m = {layer}\nout = (({given})**2).sum()\n"
    theirs = f"{HEAD}{CELL}{weights}out = (({lines})**2).sum()\n"
    _, output, partials = oracle.answers(ours, values)
    _, again, wanted = oracle.answers(theirs, values)
    assert output == pytest.approx(again, rel=1e-12)
    for name in values:
        assert partials[name] == pytest.approx(wanted[name], rel=1e-9, abs=1e-12), name


NET = (
    HEAD
    + """
class Block(nn.Module):
    def __init__(self, d):
        super().__init__()
        self.scale = nn.Parameter(torch.empty(d))
        nn.init.uniform_(self.scale)
        self.net = nn.Sequential(nn.Linear(d, d), nn.Tanh())
    def forward(self, x):
        return self.scale * self.net(x)

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.embed = nn.Embedding(4, 2, padding_idx=0)
        self.blocks = nn.ModuleList([Block(2) for _ in range(2)])
        self.head = nn.Linear(2, 4, bias=False)
        self.head.weight = self.embed.weight
        self.norms = nn.ModuleDict({"last": nn.LayerNorm(2)})
    def forward(self, tokens):
        x = self.embed(tokens)
        for block in self.blocks:
            x = x + block(x)
        return self.head(self.norms["last"](x))
"""
)
USE = """
model = Net().to("cpu")
loss = F.cross_entropy(model(tokens), y) + sum(p.pow(2).sum() for p in model.parameters())
"""


def test_weights_are_called_by_the_attributes_that_hold_them():
    """Each object's are its own, tied ones one; without values they are symbols, in a class alone as in an object."""
    names = [f"blocks_{n}_{part}" for n in range(2) for part in ("scale", "net_0_weight", "net_0_bias")]
    found = netcalc.gradients(NET + USE, shape={"tokens": "3", "y": "3"})
    assert set(found.partials) >= {"embed_weight", "norms_last_weight", "norms_last_bias", *names}
    alone = netcalc.gradients(NET, shape={"tokens": "3"})
    assert set(alone.partials) >= {"embed_weight", *names}
    two = netcalc.gradients(
        f"{HEAD}\nclass G(nn.Module):\n    def __init__(self):\n        self.a = nn.Linear(2, 2)\n"
        "    def forward(self, x): return self.a(x)\ng = G()\nd = G()\nloss = d(g(x)).sum()\n",
        shape={"x": "3,2"},
    )
    assert set(two.partials) >= {"g_a_weight", "g_a_bias", "d_a_weight", "d_a_bias"}


def test_weights_have_the_values_given_and_those_that_pytorch_states():
    """A layer norm's are 1 and 0 unless given; the row of a padding index has no gradient; points are taken in names."""
    values = {"tokens": [0, 1], "embed.weight": np.arange(8.0).reshape(4, 2) / 8}
    found = netcalc.gradients(
        f"{NET}\nmodel = Net()\nloss = model.norms.last(model.embed(tokens)).pow(3).sum()", values
    )
    assert found.partials["norms_last_weight"] is not None
    assert found.partials["embed_weight"][0] == [0.0, 0.0]


@pytest.mark.parametrize(
    "text, given, said",
    [
        (
            NET + USE,
            {"tokens": [1], "y": [2]},
            "line 17: embed_weight has no value: give it with --at embed_weight=…, 4×2",
        ),
        (
            "m = nn.Linear(3, 2)\nloss = m(x).sum()",
            {"x": [1, 2, 3], "m.weight": [[1, 2, 3]]},
            "m_weight is 2×3, and 1×3 is",
        ),
        (
            "m = nn.MultiheadAttention(2, 1, kdim=3)\nloss = m(x, x, x)[0].sum()",
            {"x": [[1, 2]]},
            "write the projections",
        ),
        (
            "m = nn.Dropout(0.2)\nloss = m(x).sum()",
            {"x": [1, 2]},
            "line 5: dropout draws .* --at m_mask=…, a vector of 2, or",
        ),
    ],
)
def test_what_a_layer_lacks_is_told(text, given, said):
    with pytest.raises(NetcalcError, match=said):
        netcalc.gradients(
            text if "import" in text else HEAD + text, {name: np.array(one) for name, one in given.items()}
        )


MODES = (
    HEAD
    + """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.net = nn.Sequential(nn.BatchNorm1d(2), nn.Dropout(0.5))
        self.scale = nn.Parameter(torch.full((2,), 0.5))
    def forward(self, x):
        return self.scale * F.dropout(self.net(x), 0.1, self.training)
model = Net()
model.eval()
loss = model(x).pow(3).sum()
"""
)


def test_eval_takes_the_running_statistics_and_drops_nothing():
    """They are buffers: without gradients, and no parameters; train() goes back to what draws at random."""
    x, mean, variance = np.array([[1.0, 2.0], [4.0, 6.0]]), [1.5, 0.25], [2.0, 0.5]
    values = {"x": x, "net.0.running_mean": mean, "net.0.running_var": variance}
    found = netcalc.gradients(MODES, values)
    spread = np.sqrt(np.array(variance) + 1e-5)
    slopes = 3 * (0.5 * (x - mean) / spread) ** 2 * 0.5 / spread
    np.testing.assert_allclose(found.partials["x"], slopes, rtol=1e-12)
    assert "net_0_running_mean" not in found.partials
    assert found.partials["scale"] is not None
    assert not found.notes
    counted = netcalc.gradients(f"{MODES}loss = sum(p.sum() for p in model.parameters())", values)
    assert counted.forward["loss"] == 1 + 2 + 0
    with pytest.raises(NetcalcError, match="draws at random"):
        netcalc.gradients(MODES.replace("eval()", "eval()\nmodel.train()"), values)


def test_a_parameter_starts_with_its_numbers_and_takes_those_given():
    """Its name is that of state_dict, wherever its object is; a copy of a layer has weights of its own."""
    text = f"""{HEAD}import copy
class Scale(nn.Module):
    def __init__(self):
        super().__init__()
        self.by = nn.Parameter(torch.ones(2) / 2)
    def forward(self, x):
        return self.by * x
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        one = Scale()
        self.layers = nn.ModuleList([copy.deepcopy(one) for _ in range(2)])
    def forward(self, x):
        for layer in self.layers:
            x = layer(x)
        return x
loss = Net()(x).sum()
"""
    found = netcalc.gradients(text, {"x": [1, 2], "layers.1.by": [3, 5]})
    assert found.partials["layers_0_by"] == [3, 10]
    assert found.partials["layers_1_by"] == [0.5, 1]


@pytest.mark.parametrize(
    "layer, given",
    [
        ("nn.LSTM(3, 2, num_layers=2, bidirectional=True)", "m(x)[0] + m(x)[1][1].sum()"),
        ("nn.GRU(3, 2, 2)", "m(x, torch.ones(2, 2, 2))[1]"),
        ("nn.MultiheadAttention(4, 2)", "m(y, y, y, key_padding_mask=torch.tensor([[False, False, True]] * 2))[1]"),
        ("nn.TransformerEncoderLayer(4, 2, 3, dropout=0, activation='gelu', norm_first=True)", "m(y)"),
        (
            "nn.TransformerEncoder(nn.TransformerEncoderLayer(4, 2, 3, 0, batch_first=True), 2, nn.LayerNorm(4))",
            "m(y, mask=torch.full((2, 2), -torch.inf).triu(1))",
        ),
        ("nn.TransformerDecoderLayer(4, 2, 3, 0)", "m(y, y[:1])"),
    ],
)
def test_recurrent_and_attention_layers_are_pytorch_s(layer, given):
    torch = pytest.importorskip("torch")
    torch.manual_seed(1)
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        inputs = {"x": torch.randn(2, 2, 3), "y": torch.randn(2, 3, 4).transpose(0, 1)}
        inputs = {name: one.requires_grad_() for name, one in inputs.items() if f"({name}" in given}
        names = {"torch": torch, "nn": torch.nn, **inputs}
        names["m"] = eval(layer, names)  # noqa: S307 - the text of this test
        eval(given, names).pow(3).sum().backward()  # noqa: S307 - the same
    finally:
        torch.set_default_dtype(before)
    leaves = inputs | {f"m.{name}": one for name, one in names["m"].named_parameters()}
    values = {name: one.detach().numpy() for name, one in leaves.items()}
    found = netcalc.gradients(f"{HEAD}m = {layer}\nloss = ({given}).pow(3).sum()\n", values)
    for name, one in leaves.items():
        mine = found.partials[name.replace(".", "_")]
        np.testing.assert_allclose(mine, 0 if one.grad is None else one.grad.numpy(), rtol=1e-9, atol=1e-12)


def test_layers_of_a_sequence_are_called_by_their_places(tmp_path, capfd):
    """As the state_dict of the model alone calls them: 0.weight."""
    text = "import torch.nn as nn\nmodel = nn.Sequential(nn.Linear(2, 2), nn.ReLU())\nloss = model(x).sum()\n"
    (tmp_path / "forward.py").write_text(text, encoding="utf-8")
    words = ["net", str(tmp_path / "forward.py"), "--at", "x=3,4", "0.weight=1,2;0,-1", "0.bias=0.5,0", "-f", "csv"]
    assert cli.main([*words, "--only", "dmodel_0_weight"]) == 0
    assert capfd.readouterr().out == "3.0,4.0\n0.0,0.0\n"
    values = {"x": [[3.0, 4.0], [1.0, -2.0]], "0.weight": [[1.0, 2.0], [0.0, -1.0]], "0.bias": [0.5, 0.0]}
    each = netcalc.gradients(text, at=values, per_sample=True)
    assert each.partials["model_0_weight"] == [[[3.0, 4.0], [0.0, 0.0]], [[0.0, 0.0], [1.0, -2.0]]]


DROPPING = (
    HEAD
    + """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.fc = nn.Linear(2, 2)
        self.drop = nn.Dropout(0.2)
    def forward(self, x):
        return self.drop(self.fc(self.drop(x))).pow(2).sum()
"""
)


def test_what_a_dropout_keeps_is_an_input_at_each_of_its_calls():
    """drop_mask and drop_mask_2, which have no gradient; what is kept is scaled."""
    x, w, b = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[1.0, -2.0], [0.5, 3.0]]), np.array([0.5, -1.0])
    first, second = np.array([[1, 0], [1, 1]]), np.array([[0, 1], [1, 1]])
    given = {"x": x, "fc.weight": w, "fc.bias": b, "drop_mask": first}
    found = netcalc.gradients(DROPPING, {**given, "drop_mask_2": second})
    lines = "z = (x * m / 0.8) @ fc_weight.T + fc_bias\nloss = np.sum((z * k / 0.8) ** 2)"
    known = netcalc.gradients(lines, {"x": x, "fc_weight": w, "fc_bias": b, "m": first * 1.0, "k": second * 1.0})
    for name in ("x", "fc_weight", "fc_bias"):
        np.testing.assert_allclose(found.partials[name], known.partials[name], rtol=1e-14)
    assert "drop_mask" not in found.partials
    with pytest.raises(NetcalcError, match=r"line 11: .* --at drop_mask_2=…, 2×2, or call .eval\(\) before"):
        netcalc.gradients(DROPPING, given)


def test_what_a_dropout_of_channels_keeps_is_a_number_a_channel():
    """As PyTorch draws it."""
    text = "m = nn.Dropout2d(0.5)\nloss = (m(x) * x).sum()"
    found = netcalc.gradients(HEAD + text, x=np.ones((1, 2, 1, 2)), m_mask=np.array([1, 0]).reshape(1, 2, 1, 1))
    assert np.asarray(found.partials["x"]).tolist() == [[[[4, 4]], [[0, 0]]]]


@pytest.mark.parametrize("lines", ["", "model = Net()", "model = Net()\nmodel.eval()"])
def test_an_object_that_no_line_calls_is_the_pass(lines):
    """A file that ends where its model is made."""
    text = DROPPING.replace("self.drop(self.fc(self.drop(x)))", "self.fc(x)") + lines
    found = netcalc.gradients(text, {"x": [[1.0, 2.0]], "fc.weight": np.eye(2), "fc.bias": [0.0, 1.0]})
    assert np.asarray(found.partials["x"]).tolist() == [[2, 6]]
    assert list(found.forward) == ["loss"]


def test_a_def_that_a_class_calls_is_not_the_pass():
    """As a block that a model is made of, or a norm that its forward pass takes."""
    text = HEAD + "def twice(h):\n    return 2 * h\n" + DROPPING.removeprefix(HEAD).replace("self.drop(x)", "twice(x)")
    text = text.replace("self.drop(self.fc(twice(x)))", "self.fc(twice(x))")
    given = {"x": [[1.0, 2.0]], "fc.weight": np.eye(2), "fc.bias": [0.0, 1.0]}
    for one in (text, text + "net = Net()"):
        assert np.asarray(netcalc.gradients(one, given).partials["x"]).tolist() == [[8, 20]]


PARAMETERS = {
    "one that a flag leaves out": """
        self.weight = nn.Parameter(torch.randn(o, i) / 2)
        self.bias = nn.Parameter(torch.zeros(o)) if bias else None
""",
    "one that is registered": """
        self.register_parameter('weight', nn.Parameter(torch.randn(o, i)))
        self.register_parameter('bias', nn.Parameter(torch.zeros(o)))
""",
    "first values of all": """
        self.weight = nn.Parameter(torch.zeros(o, i))
        self.bias = nn.Parameter(torch.zeros(o))
        self.apply(self._init)
    def _init(self, m):
        if isinstance(m, nn.Linear):
            nn.init.normal_(m.weight)
""",
}


@pytest.mark.parametrize("lines", PARAMETERS.values(), ids=PARAMETERS)
def test_a_parameter_is_an_input_however_it_is_made(lines):
    """By its attribute's name."""
    layer = "class Layer(nn.Module):\n    def __init__(self, i, o, bias=True):\n        super().__init__()"
    forward = "    def forward(self, x):\n        return (x @ self.weight.T + self.bias).sum()\nm = Layer(2, 1)"
    found = netcalc.gradients(HEAD + layer + lines + forward, x=[[1.0, 2.0]], weight=[[3.0, 4.0]], bias=[5.0])
    assert found.forward["loss"] == 16
    assert found.partials["weight"] == [[1, 2]]
    assert found.partials["bias"] == [1]


def test_operators_of_a_class_are_its_methods():
    """As those of a class of values that keep track of gradients; isinstance knows the file's own classes."""
    text = """
class Value:
    def __init__(self, data):
        self.data = data
    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data + other.data)
    def __mul__(self, other):
        return Value(self.data * (other.data if isinstance(other, (int, Value)) and not isinstance(other, int) else other))
    def __neg__(self):
        return self * -1
    def __sub__(self, other):
        return self + (-other)
    __radd__ = __add__
    def __rmul__(self, other):
        return self * other
a, w = Value(x), Value(k)
out = 3 * a * w - a + 2
out += a * a
loss = sum([out, out], Value(0)).data
"""
    found = netcalc.gradients(text, x=2.0, k=5.0)
    assert found.forward["loss"] == 2 * (3 * 2 * 5 - 2 + 2 + 4)
    assert (found.partials["x"], found.partials["k"]) == (2 * (15 - 1 + 4), 12)
