"""PyTorch's layers with weights of their own, nn.Linear and its kin: their text, and the inputs that weights are.

A weight is an input, called as state_dict has it with _ for the points: fc1_weight, of self.fc1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from itertools import chain
from typing import Any

from netcalc.errors import NetcalcError, ShapeError
from netcalc.graph.sizes import described, same
from netcalc.program.scope import Given, Scope
from netcalc.program.source import ProgramError
from netcalc.program.values import Chain, Record, Tensor
from netcalc.records import NamedTuple

LAYERS = """
import torch
import torch.nn.functional as F
from netcalc.weights import weight, refuse, note

class Linear:
    def __init__(self, in_features, out_features, bias=True, device=None, dtype=None):
        self.in_features, self.out_features = in_features, out_features
        self.weight = weight(out_features, in_features)
        self.bias = weight(out_features) if bias else None
    def forward(self, input):
        return F.linear(input, self.weight, self.bias)

class Bilinear:
    def __init__(self, in1_features, in2_features, out_features, bias=True):
        self.weight = weight(out_features, in1_features, in2_features)
        self.bias = weight(out_features) if bias else None
    def forward(self, input1, input2):
        return F.bilinear(input1, input2, self.weight, self.bias)

class Embedding:
    def __init__(self, num_embeddings, embedding_dim, padding_idx=None):
        self.num_embeddings, self.embedding_dim, self.padding_idx = num_embeddings, embedding_dim, padding_idx
        self.weight = weight(num_embeddings, embedding_dim)
    def forward(self, input):
        if self.padding_idx is None:
            return F.embedding(input, self.weight)
        is_padding = torch.arange(self.num_embeddings)[:, None] == self.padding_idx % self.num_embeddings
        return F.embedding(input, torch.where(is_padding, self.weight.detach(), self.weight))

class PReLU:
    def __init__(self, num_parameters=1, init=0.25):
        self.weight = weight(num_parameters, start=init)
    def forward(self, input):
        return F.prelu(input, self.weight)

class LayerNorm:
    def __init__(self, normalized_shape, eps=1e-5, elementwise_affine=True, bias=True):
        self.shape = normalized_shape if isinstance(normalized_shape, (list, tuple)) else [normalized_shape]
        self.eps = eps
        self.weight = weight(*self.shape, start=1) if elementwise_affine else None
        self.bias = weight(*self.shape, start=0) if elementwise_affine and bias else None
    def forward(self, input):
        return F.layer_norm(input, self.shape, self.weight, self.bias, self.eps)

class RMSNorm(LayerNorm):
    def __init__(self, normalized_shape, eps=None, elementwise_affine=True):
        super().__init__(normalized_shape, eps, elementwise_affine, False)
    def forward(self, input):
        return F.rms_norm(input, self.shape, self.weight, self.eps)

class GroupNorm(LayerNorm):
    def __init__(self, num_groups, num_channels, eps=1e-5, affine=True):
        super().__init__(num_channels, eps, affine)
        self.groups = num_groups
    def forward(self, input):
        return F.group_norm(input, self.groups, self.weight, self.bias, self.eps)

class BatchNorm1d(LayerNorm):
    def __init__(self, num_features, eps=1e-5, momentum=0.1, affine=True, track_running_stats=True):
        super().__init__(num_features, eps, affine)
    def forward(self, input):
        note("batch normalisation is by the batch's own mean and variance, as in training")
        return F.batch_norm(input, None, None, self.weight, self.bias, True, 0.1, self.eps)

class BatchNorm2d(BatchNorm1d): pass
class BatchNorm3d(BatchNorm1d): pass

class Conv1d:
    axes = 1
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=True):
        self.how = [stride, padding, dilation, groups]
        self.sized(out_channels, in_channels // groups, kernel_size, out_channels if bias else 0)
    def sized(self, first, second, size, bias):
        self.weight = weight(first, second, *(size if isinstance(size, (list, tuple)) else [size] * self.axes))
        self.bias = weight(bias) if bias else None
    def forward(self, input):
        return [F.conv1d, F.conv2d, F.conv3d][self.axes - 1](input, self.weight, self.bias, *self.how)

class Conv2d(Conv1d): axes = 2
class Conv3d(Conv1d): axes = 3

class ConvTranspose1d(Conv1d):
    def __init__(self, in_channels, out_channels, kernel_size, stride=1, padding=0, output_padding=0, groups=1,
                 bias=True, dilation=1):
        self.how = [stride, padding, output_padding, groups, dilation]
        self.sized(in_channels, out_channels // groups, kernel_size, out_channels if bias else 0)
    def forward(self, input):
        return [F.conv_transpose1d, F.conv_transpose2d][self.axes - 1](input, self.weight, self.bias, *self.how)

class ConvTranspose2d(ConvTranspose1d): axes = 2
class RNNCell:
    gates = 1
    def __init__(self, input_size, hidden_size, bias=True, nonlinearity="tanh", tail=""):
        self.hidden_size, self.nonlinearity = hidden_size, nonlinearity
        self.weight_ih = weight(self.gates * hidden_size, input_size, tail=tail)
        self.weight_hh = weight(self.gates * hidden_size, hidden_size, tail=tail)
        self.bias_ih = weight(self.gates * hidden_size, tail=tail) if bias else None
        self.bias_hh = weight(self.gates * hidden_size, tail=tail) if bias else None
    def start(self, input):
        return torch.zeros(*input.shape[:-1], self.hidden_size)
    def sums(self, input, h):
        return F.linear(input, self.weight_ih, self.bias_ih), F.linear(h, self.weight_hh, self.bias_hh)
    def forward(self, input, hx=None):
        x, h = self.sums(input, self.start(input) if hx is None else hx)
        return torch.tanh(x + h) if self.nonlinearity == "tanh" else torch.relu(x + h)

class GRUCell(RNNCell):
    gates = 3
    def forward(self, input, hx=None):
        old = self.start(input) if hx is None else hx
        x, h = self.sums(input, old)
        (xr, xz, xn), (hr, hz, hn) = x.chunk(3, -1), h.chunk(3, -1)
        z = torch.sigmoid(xz + hz)
        return (1 - z) * torch.tanh(xn + torch.sigmoid(xr + hr) * hn) + z * old

class LSTMCell(GRUCell):
    gates = 4
    def forward(self, input, hx=None):
        old, cell = (self.start(input), self.start(input)) if hx is None else hx
        x, h = self.sums(input, old)
        i, f, g, o = (x + h).chunk(4, -1)
        c = torch.sigmoid(f) * cell + torch.sigmoid(i) * torch.tanh(g)
        return torch.sigmoid(o) * torch.tanh(c), c

class RNN:
    cell = RNNCell
    def __init__(self, input_size, hidden_size, num_layers=1, bias=True, batch_first=False, dropout=0.0,
                 bidirectional=False):
        if num_layers != 1 or bidirectional:
            refuse("layers above each other and both directions are not read here: write them one by one")
        self.batch_first = batch_first
        self.step = self.cell(input_size, hidden_size, bias, tail="_l0")
    def forward(self, input, hx=None):
        steps = input.unbind(1 if self.batch_first and input.ndim == 3 else 0)
        state = None if hx is None else tuple(one[0] for one in hx) if isinstance(hx, (list, tuple)) else hx[0]
        outs = []
        for one in steps:
            state = self.step(one, state)
            outs.append(state[0] if isinstance(state, (list, tuple)) else state)
        out = torch.stack(outs, 1 if self.batch_first and input.ndim == 3 else 0)
        return out, tuple(one[None] for one in state) if isinstance(state, (list, tuple)) else state[None]

class GRU(RNN): cell = GRUCell
class LSTM(RNN): cell = LSTMCell
"""


class Weight(NamedTuple):
    """An attribute that is an input of this shape, its name going on with `tail`; `made` is the line that makes it.

    `start` is the number that PyTorch fills it with, if it is one.
    """

    shape: tuple[Any, ...]
    made: Any
    start: Any = None
    tail: str = ""


WALKS = ("parameters", "named_parameters")  # methods that give all weights of an object
MAX_DEPTH = 16  # of objects in each other, which may hold themselves


class MissingWeight(ProgramError):
    """A weight without values, told where the program makes its layer."""


def _refuse(_: Scope, text: str) -> None:
    raise NetcalcError(text)


OF_MODULES: Mapping[str, Mapping[str, Callable[..., Any]]] = {
    "netcalc.weights": {
        "weight": lambda reader, *shape, **how: Weight(shape, reader.place, **how),
        "note": lambda reader, text: reader.note(text),
        "refuse": _refuse,
    }
}


def weight_of(reader: Scope, owner: Record, name: str, weight: Weight) -> Tensor:
    """The input that an object's weight is. Raises ShapeError, and ProgramError where all else has values."""
    key = (id(owner), name)
    if key not in reader.weights:
        reader.weights[key] = owner, _input_of(reader, owner, name, weight)
    return reader.weights[key][1]


def _input_of(reader: Scope, owner: Record, name: str, weight: Weight) -> Tensor:
    label = _label(reader, owner, name + weight.tail)
    if label in reader.given:
        found = reader.given[label].shape
        if len(found) != len(weight.shape) or not all(map(same, found, weight.shape)):
            raise ShapeError(f"{label} is {described(weight.shape)}, and {described(found)} is given")
        return reader.input(label)
    if not reader.given or any(one.whole is None and not one.fractional for one in reader.given.values()):
        reader.given = {**reader.given, label: Given(weight.shape)}
        return reader.input(label)
    if weight.start is not None:
        return reader.drawn(label, weight.shape, weight.start)
    said = (
        f"{label} has no value: give it with --at {label}=…, {described(weight.shape)}, as PyTorch's state_dict has it"
    )
    source, node = weight.made
    error = source.error(said, node)
    raise MissingWeight(error.message, source=error.source, position=error.position)


def _within(value: Any) -> Mapping[Any, Any]:
    """What an object, a dictionary or a list holds, by attribute, key or place."""
    if isinstance(value, Record | dict):
        return value.parts if isinstance(value, Record) else value
    layers = value.layers if isinstance(value, Chain) else value
    return dict(enumerate(layers)) if isinstance(layers, list | tuple) and not isinstance(value, Weight) else {}


def parameters(reader: Scope, owner: Any, path: str = "") -> dict[str, Tensor]:
    """The weights of an object and of those in it, each once, by the way to it."""
    found: dict[str, Tensor] = {}
    for key, one in _within(owner).items():
        if isinstance(one, Weight):
            found[f"{path}{key}{one.tail}"] = weight_of(reader, owner, key, one)
        elif isinstance(one, Tensor) and one.node in reader.leaves:
            found[f"{path}{key}"] = one
        else:
            found |= parameters(reader, one, f"{path}{key}.")
    return {key: one for n, (key, one) in enumerate(found.items()) if one not in [*found.values()][:n]}


def _label(reader: Scope, owner: Record, name: str) -> str:
    """A name that no other object's weight has: the attributes that it is reached by, behind what holds these.

    That is left out where it is the program's only object: fc1_weight of model.fc1.
    """
    held = [pair for frame in reader.frames for pair in frame.values.items()]
    paths = ((front, value, _path(value, owner)) for front, value in held)
    front, value, path = next((one for one in paths if one[2] is not None), ("self", owner, ()))
    own = [one for one in reader.top.values.values() if _is_of_program(one)]
    is_left_out = front == "self" or (_is_of_program(value) and len(own) == 1)
    label = "_".join([*([] if is_left_out else [front]), *(path or ()), name])
    taken = {one.node.params.text for _, one in reader.weights.values()}
    more = (f"{label}_{count}" for count in range(2, len(taken) + 3))
    return next(one for one in chain([label], more) if one not in taken)


def _is_of_program(value: Any) -> bool:
    """Whether it is an object of the program's own classes."""
    return isinstance(value, Record) and value.of is not None and not value.is_of_library


def _path(value: Any, owner: Record, depth: int = 0) -> tuple[str, ...] | None:
    """The attributes, keys and places on the way from a value to an object in it; None where it is not there."""
    if value is owner:
        return ()
    for key, one in _within(value).items() if depth < MAX_DEPTH else ():
        if (found := _path(one, owner, depth + 1)) is not None:
            return found if isinstance(value, Record) and value.is_of_library else (str(key), *found)
    return None
