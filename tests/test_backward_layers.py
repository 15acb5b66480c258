"""Files of layers, classes with a forward and a backward pass: with lines that put them together, and without."""

from __future__ import annotations

import pytest

from netcalc.checking.backward import check_code
from netcalc.models.programs import ProgramRequest, program
from netcalc.result import Result
from netcalc.solving.solve import solve
from netcalc.values import read_array

LAYERS = """
class Linear:
    def __init__(self, n_in, n_out):
        self.W = np.random.randn(n_in, n_out) * 0.1
        self.b = np.zeros(n_out)

    def forward(self, x):
        self.x = x
        return x @ self.W + self.b

    def backward(self, dout):
        self.dW = self.x.T @ dout
        self.db = dout.sum(axis=0)
        return dout @ self.W.T

class Sigmoid:
    def forward(self, x):
        self.out = 1 / (1 + np.exp(-x))
        return self.out

    def backward(self, dout):
        return dout * self.out * (1 - self.out)

class Loss:
    def forward(self, x, y):
        e = np.exp(x - x.max(axis=1, keepdims=True))
        self.p = e / e.sum(axis=1, keepdims=True)
        self.y = y
        return -np.log(self.p[np.arange(len(y)), y]).mean()

    def backward(self):
        grad = self.p.copy()
        grad[np.arange(len(self.y)), self.y] -= 1
        return grad / len(self.y)
"""
NET = """
class Net:
    def __init__(self, layers):
        self.layers = layers

    def forward(self, x):
        for layer in self.layers:
            x = layer.forward(x)
        return x

    def backward(self, dout):
        for layer in reversed(self.layers):
            dout = layer.backward(dout)
        return dout

net, criterion = Net([Linear(2, 3), Sigmoid(), Linear(3, 2)]), Loss()
for epoch in range(100):
    scores = net.forward(x)
    loss = criterion.forward(scores, y)
    net.backward(criterion.backward())
    for layer in net.layers:
        if isinstance(layer, Linear):
            layer.W -= 0.1 * layer.dW
"""
BY_KEYS = """
class Layer:
    def __init__(self):
        self.params, self.grads = {}, {}

class Dense(Layer):
    def __init__(self, n_in, n_out):
        super().__init__()
        self.params["w"] = np.random.randn(n_in, n_out)
        self.params["b"] = np.random.randn(n_out)

    def forward(self, inputs):
        self.inputs = inputs
        return inputs @ self.params["w"] + self.params["b"]

    def backward(self, grad):
        self.grads["b"] = np.sum(grad, axis=0)
        self.grads["w"] = self.inputs.T @ grad
        return grad @ self.params["w"].T

def tanh_prime(x):
    y = np.tanh(x)
    return 1 - y ** 2

class Activation(Layer):
    def __init__(self, f, f_prime):
        super().__init__()
        self.f, self.f_prime = f, f_prime

    def forward(self, inputs):
        self.inputs = inputs
        return self.f(inputs)

    def backward(self, grad):
        return self.f_prime(self.inputs) * grad

class Tanh(Activation):
    def __init__(self):
        super().__init__(np.tanh, tanh_prime)

def main():
    first, act, last = Dense(2, 3), Tanh(), Dense(3, 2)
    out = last.forward(act.forward(first.forward(x)))
    loss = np.sum(out * G)
    first.backward(act.backward(last.backward(G)))

if __name__ == "__main__":
    main()
"""
X = {"x": "1,2;0.5,-1;2,0.3"}
AT = {
    LAYERS + NET: {**X, "y": "0,1,1"},
    LAYERS: {**X, "y": "0,1,1", "W": "0.1,0.2;0.3,-0.5", "b": "0.1,0.2"},
    BY_KEYS: {**X, "G": "1,0.5;-0.3,1;0.7,0.2"},
}

LAYERS_OF_TORCH = """
class Linear(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x, weight, scale=1):
        ctx.save_for_backward(x, weight)
        return x.mm(weight.t()) * scale

    @staticmethod
    def backward(ctx, g):
        x, weight = ctx.saved_tensors
        grad_x = grad_weight = None
        if ctx.needs_input_grad[0]:
            grad_x = g.mm(weight)
        if ctx.needs_input_grad[1]:
            grad_weight = g.t().mm(x)
        return grad_x, grad_weight, None

class Softplus(torch.autograd.Function):
    @staticmethod
    def forward(ctx, z):
        ctx.z = z
        return torch.log1p(torch.exp(z))

    @staticmethod
    def backward(ctx, g):
        return g * torch.sigmoid(ctx.z)
"""
LINES = """
linear = Linear.apply
loss = ((Softplus.apply(linear(x, weight)) - t) ** 2).mean()
loss.backward()
"""
RULES = """
@jax.custom_vjp
def layer(x, weight):
    return jnp.log1p(jnp.exp(x @ weight.T))

def layer_fwd(x, weight):
    z = x @ weight.T
    return jnp.log1p(jnp.exp(z)), (x, weight, z)

def layer_bwd(kept, g):
    x, weight, z = kept
    dz = g * jax.nn.sigmoid(z)
    return dz @ weight, dz.T @ x

layer.defvjp(layer_fwd, layer_bwd)
loss = jnp.mean((layer(x, weight) - t) ** 2)
"""


def checked(text: str, at: dict[str, str]) -> Result:
    values = {name: read_array(own, name) for name, own in at.items()}
    counted = ["y"] if "y" in at else []
    return check_code(solve(program(text, "net.py", ProgramRequest(values, counted=counted))))


@pytest.mark.parametrize("text", AT, ids=["together", "alone", "by keys"])
def test_every_line_of_right_layers_is_right(text):
    result = checked(text, AT[text])
    assert result.exit_status == 0
    lines = {one.text.strip() for one in result.lines if one.is_right}
    expected = {own.strip() for own in text.split("\n") if " / len(self.y)" in own or ".T @" in own or ".T" in own[-3:]}
    assert expected <= lines
    assert len(lines) == len(result.lines)


SLIPS = [
    (LAYERS, "self.dW = self.x.T @ dout", "self.dW = self.x.T @ dout / len(dout)", "a factor"),
    (LAYERS, "self.db = dout.sum(axis=0)", "self.db = dout.mean(axis=0)", "a mean in place of a sum"),
    (LAYERS, "return dout @ self.W.T", "return dout @ self.W", "not transposed"),
    (LAYERS, "dout * self.out * (1 - self.out)", "dout * self.out", "the slope of σ"),
    (LAYERS, "grad[np.arange(len(self.y)), self.y] -= 1", "grad[np.arange(len(self.y)), self.y] += 1", "sign"),
    (BY_KEYS, "np.sum(grad, axis=0)", "np.mean(grad, axis=0)", "a mean in place of a sum"),
    (BY_KEYS, "self.inputs.T @ grad", "self.inputs.T @ -grad", "the sign is wrong"),
    (BY_KEYS, "return 1 - y ** 2", "return 1 - y", "y is not squared"),
]


@pytest.mark.parametrize("text, was, slip, words", SLIPS)
def test_a_slip_in_a_layer_is_told_at_its_line_once(text, was, slip, words):
    for whole in [text, LAYERS + NET] if text is LAYERS else [text]:
        changed = whole.replace(was, slip)
        line = next(n for n, own in enumerate(changed.split("\n"), 1) if slip in own)
        result = checked(changed, AT[whole])
        found = [one for one in result.lines if one.is_wrong and not one.follows]
        assert [one.line for one in found] == [line]
        assert words in found[0].diagnosis
        assert result.exit_status == 1
        if "transposed" not in words:
            assert found[0].marked is not None
        again = changed.split("\n")
        again[line - 1] = found[0].repair.split("\n")[-1]
        assert checked("\n".join(again), AT[whole]).exit_status == 0


def test_what_a_layer_is_given_is_told_where_it_is_passed_on():
    text = (LAYERS + NET).replace("net.backward(criterion", "net.backward(-criterion")
    (wrong,) = [one for one in checked(text, AT[LAYERS + NET]).lines if one.is_wrong and not one.follows]
    assert "net.backward(-criterion" in wrong.text
    assert wrong.name == "-criterion.backward() given to net.backward"


def test_a_backward_pass_that_is_given_an_array_of_the_forward_pass_starts_from_it():
    text = (LAYERS + NET).replace(
        "def backward(self):\n        grad = self.p.copy()", "def backward(self, p):\n        grad = p.copy()"
    )
    text = text.replace("criterion.backward()", "criterion.backward(criterion.p)")
    assert checked(text, AT[LAYERS + NET]).exit_status == 0


def test_layers_in_the_wrong_order_are_told_once():
    text = (LAYERS + NET).replace("in reversed(self.layers)", "in self.layers")
    (wrong,) = [one for one in checked(text, AT[LAYERS + NET]).lines if one.is_wrong and not one.follows]
    assert "in the wrong order: self.layers in place of reversed(self.layers)" in wrong.diagnosis


def test_a_layer_that_has_no_values_is_passed_over():
    result = checked(LAYERS, {key: AT[LAYERS][key] for key in ("x", "y")} | {"W": "1,2;3,4", "b": "0,1"})
    assert result.exit_status == 0


OF_FUNCTIONS = [
    (LAYERS_OF_TORCH + LINES, ("g * torch", "-g * torch"), ("g.t().mm(x)", "g.t().mm(x) / 2"), ("g.mm", "-g.mm")),
    (LAYERS_OF_TORCH, ("g * torch", "-g * torch"), ("g.t().mm(x)", "g.t().mm(x) / 2"), ("g.mm", "-g.mm")),
    (RULES, ("g * jax", "-g * jax"), ("dz.T @ x", "dz.T @ x / 2"), ("dz @", "g @")),
]


@pytest.mark.parametrize(
    "text, slips", [(text, slips) for text, *slips in OF_FUNCTIONS], ids=["applied", "alone", "jax"]
)
def test_functions_with_a_backward_pass_of_their_own_are_judged_where_they_are_called(text, slips):
    """torch.autograd.Function and jax.custom_vjp; what comes from above is what the lines behind them give."""
    at = {"x": "1.5,-2;0.5,0.25", "weight": "0.5,1.5;-1,0.75;1,1"}
    at |= {"z": "1,2"} if text == LAYERS_OF_TORCH else {"t": "1,0,2;0.5,1,-1"}
    right = checked(text, at)
    assert len(right.lines) == len(slips)
    assert right.exit_status == 0
    for was, slip in slips:
        (wrong,) = [one for one in checked(text.replace(was, slip), at).lines if one.is_wrong and not one.follows]
        line = text.split("\n")[wrong.line - 1]
        assert was in line
        assert wrong.repair == line
