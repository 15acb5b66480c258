"""What a reading decides is told: lines that go by numbers, values that are returned beside, names that clash."""

from __future__ import annotations

import functools
import json
import math
import re

import numpy as np
import pytest

import netcalc
from netcalc.errors import NetcalcError
from netcalc.expression import Symbol
from netcalc.notation import to_ascii, to_unicode

A = np.array([1.5, 2.0])


def slopes(result, name="x"):
    return np.array(result.partials[name], dtype=float).tolist()


@pytest.mark.parametrize(
    "text, gradient, line",
    [
        ("loss = (x * x).sum()\nif loss > 1:\n    loss = loss * 2", [4, 8, 12], "line 2 goes"),
        ("loss = (x[x > 1] * x[x > 1]).sum()", [0, 4, 6], "line 1 goes"),
        ("loss = x.sum()\nwhile loss < 20:\n    loss = loss * 2", [4, 4, 4], "line 2 goes"),
        ("loss = 0\nfor i in range(int(x[1])):\n    loss = loss + x[i] ** 2", [2, 4, 0], "line 2 goes"),
        ("loss = x.sum() * 2 if x[0] > 0 else x.sum()", [2, 2, 2], "line 1 goes"),
    ],
)
def test_a_line_that_goes_by_whole_numbers_keeps_their_gradient_and_is_told(text, gradient, line):
    result = netcalc.gradients(text, x=[1, 2, 3])
    assert slopes(result) == gradient
    assert f"{line} by the numbers given for x; with others the pass may be another one" in result.notes


def test_numbers_that_only_count_have_no_gradient_and_no_note():
    text = "loss = 0\nfor i in range(n):\n    if i < k:\n        loss = loss + x[i] ** 2\nloss = loss + x[y[y != -1]].sum()"
    result = netcalc.gradients(text, x=[1.5, 2, 3], n=3, k=2, y=[2, -1])
    assert not {"n", "k", "y"} & set(result.partials)
    assert slopes(result) == [3, 4, 1]
    assert not any("by the numbers" in note for note in result.notes)


@pytest.mark.parametrize(
    "key", ["f'h{i}'", "'h%d' % i", "'h%s' % i", "'h{}'.format(i)", "'h{0}'.format(i)", "'h' + str(i)", "f'h{i:02d}'"]
)
def test_keys_that_are_put_together_are_read(key):
    keys = [eval(key, {"i": i}) for i in range(2)]  # noqa: S307 - the test's own text
    text = f"p = {{}}\nfor i in range(2):\n    p[{key}] = x * (i + 1)\nloss = (p['{keys[0]}'] * p['{keys[1]}']).sum()"
    assert slopes(netcalc.gradients(text, x=A)) == [6, 8]
    parameters = f"loss = 0\nfor i in range(2):\n    loss = loss + params[{key}] * (i + 1)"
    result = netcalc.gradients(parameters, at=dict.fromkeys(keys, 2.0))
    assert result.forward["loss"] == 6


def test_a_key_that_depends_on_values_is_refused():
    with pytest.raises(NetcalcError, match="line 2: this text depends on values"):
        netcalc.gradients("p = {}\np[f'{x.sum():.3f}'] = x\nloss = x.sum()", x=A)


def test_entries_have_brackets_where_their_names_are_others():
    """x0 is another input: the first entry of x is x[0]."""
    result = netcalc.gradients("loss = (x * x).sum() * x0", x=[1, 2], x0=3)
    assert [one.name for tensor in result.tensors for one in tensor.elements()] == ["loss", "dx[0]", "dx[1]", "dx0"]
    plain = netcalc.gradients("loss = (x * x).sum() * k", x=[1, 2], k=3)
    assert [one.name for tensor in plain.tensors for one in tensor.elements()] == ["loss", "dx0", "dx1", "dk"]


@pytest.mark.parametrize("said", ["return a, b", "return [a, b]"])
def test_of_several_values_that_are_returned_the_first_is_told(said):
    text = f"def f(x):\n    a = x.sum()\n    b = (x * x).sum()\n    {said}"
    result = netcalc.gradients(text, x=A)
    assert slopes(result) == [1, 1]
    assert "of 2 values that are returned this is the first; name another with --of" in result.notes
    assert slopes(netcalc.gradients(text, x=A, of="b")) == [3, 4]
    traced = netcalc.gradients(lambda x: [x.sum(), (x * x).sum()], x=A)
    assert any("this is the first; return another first" in note for note in traced.notes)


@pytest.mark.parametrize(
    "shapes, said",
    [
        ({"x": "2"}, "--shape has x=2; the values of x are a vector of 3"),
        ({"x": "n", "y": "n"}, "--shape has y=n, and n is 3; the values of y are a vector of 2"),
        ({"x": "n,2"}, "--shape has x=n,2"),
    ],
)
def test_a_shape_that_its_values_contradict_is_refused(shapes, said):
    with pytest.raises(NetcalcError, match=said):
        netcalc.gradients("loss = x.sum() * y.sum()", shape=shapes, x=[1, 2, 3], y=[1, 2])
    right = netcalc.gradients("loss = x.sum() * y.sum()", shape={"x": "n", "y": "m"}, x=[1, 2, 3], y=[1, 2])
    assert right.forward["loss"] == 18


class Model:
    k = 2.0

    def __call__(self, x):
        return (x * x).sum() * self.k

    def method(self, x):
        return (x * x).sum() * self.k

    @classmethod
    def of_class(cls, x):
        return (x * x).sum() * cls.k


CALLABLES = [
    Model(),
    Model().method,
    Model.of_class,
    functools.partial(lambda x, k: (x * x).sum() * k, k=2.0),
    functools.partial(functools.partial(lambda k, j, x: (x * x).sum() * k * j, 2.0), 1),
    lambda x, /: 2 * (x * x).sum(),
    lambda **given: 2 * (given["x"] * given["x"]).sum(),
    lambda *, x, k=2.0: k * (x * x).sum(),
]


@pytest.mark.parametrize("forward", CALLABLES, ids=lambda one: type(one).__name__)
def test_whatever_can_be_called_is_traced(forward):
    result = netcalc.gradients(forward, x=A)
    assert result.forward["loss"] == 12.5
    assert slopes(result) == [6, 8]


def test_what_is_for_texts_alone_is_refused_of_functions():
    for words in ({"of": "b"}, {"shape": {"x": "n"}}, {"trace": "x[0]"}, {"per_sample": True}):
        with pytest.raises(NetcalcError, match=f"{next(iter(words))} is for a program's text"):
            netcalc.gradients(lambda x: x.sum(), x=A, **words)
    with pytest.raises(NetcalcError, match="print: got an unexpected keyword argument 'x'"):
        netcalc.gradients(print, x=A)


def test_numbers_beyond_float64_are_told_without_growing():
    """Twelve squares of long rationals would be numbers of thousands of digits, many times over."""
    result = netcalc.gradients("for i in range(12):\n    x = x * x * 10\nloss = x.sum()", x=np.linspace(1, 30, 5000))
    assert any("none that float64 can hold" in note for note in result.notes)


@pytest.mark.parametrize(
    "text, shapes, formula",
    [
        ("c = x.mean()\nloss = (c * x).sum()", {"x": "n"}, "(dc/n + c)*ones(n)"),
        ("loss = np.cumprod(x).sum()", {"x": "3"}, "cumsum(cumprod(x)[::-1])[::-1]/x"),
        (
            "loss = F.cross_entropy(x, y, weight=w)",
            {"x": "n,C", "y": "n", "w": "C"},
            "diag(w[y])@(softmax(x, axis=1) - one_hot(y, C))/sum(w[y])",
        ),
    ],
)
def test_forms_in_letters_are_those_of_courses(text, shapes, formula):
    """Weighted cross-entropy has p - y with the classes' weights; a running product no sum of rows' places."""
    assert netcalc.gradients(text, shape=shapes).formulas["x"] == formula


PPO = {
    "nested": "loss = -torch.min(ratio * adv, torch.clamp(ratio, .8, 1.2) * adv).mean()",
    "named": "surr1 = ratio * adv\nsurr2 = torch.clamp(ratio, .8, 1.2) * adv\nloss = -torch.min(surr1, surr2).mean()",
    "negated": "a = -adv * ratio\nloss = torch.max(a, -adv * torch.clamp(ratio, .8, 1.2)).mean()",
    "stacked": "both = torch.stack([ratio * adv, torch.clamp(ratio, .8, 1.2) * adv])\nloss = -both.min(0).values.mean()",
}


@pytest.mark.parametrize("exact", [False, True])
@pytest.mark.parametrize("form", PPO)
def test_a_tie_of_a_number_with_itself_is_decided_and_no_kink(form, exact):
    """PPO's clipped objective where its ratio is within its bounds is -mean(ratio * adv)."""
    lp, olp, adv = np.array([-1.0, -2]), np.array([-1.1, -2.05]), np.array([0.5, -0.3])
    text = f"ratio = torch.exp(lp - olp)\n{PPO[form]}"
    result = netcalc.gradients(text, lp=lp, olp=olp, adv=adv, exact=exact)
    ratio = np.exp(lp - olp)
    assert slopes(result, "lp") == pytest.approx((-ratio * adv / 2).tolist(), rel=1e-15)
    assert slopes(result, "adv") == pytest.approx((-ratio / 2).tolist(), rel=1e-15)
    decided, _, total = result.certainty.removeprefix("certified: ").split()[:3]
    assert decided == total
    assert not any("kink" in note for note in result.notes)


def test_a_tie_that_two_inputs_happen_to_have_stays_a_kink():
    result = netcalc.gradients("a = 2 * x\nb = 2 * y\nloss = np.maximum(a, b).sum()", x=[1.0], y=[1.0])
    assert slopes(result) == [1.0]
    assert result.notes[0].startswith("a0 = 2 is a kink of max(a, b)")
    at_the_bound = netcalc.gradients("c = np.clip(x, 0, 1)\nloss = np.maximum(x, c).sum()", x=[0.0])
    assert any("= 0 is a kink of" in note for note in at_the_bound.notes)


def test_undecided_choices_are_not_one_number():
    """exp(log(x)) and x can't be told apart by balls, nor can what goes by it."""
    text = (
        "a = np.where(np.exp(np.log(x)) > x, y, z)\nb = np.where(x > np.exp(np.log(x)), y, z)\nloss = (a > b).sum() * y"
    )
    result = netcalc.gradients(text, x=3.0, y=1.0, z=2.0)
    assert not result["loss"].entries[()].certified


def test_a_kink_of_constants_is_not_told():
    text = "pos = torch.arange(3)\nbias = (pos[:, None] - pos[None, :]).abs()\nloss = (x * bias).sum()"
    assert not netcalc.gradients(text, x=np.ones((3, 3))).notes


def test_a_kink_is_where_the_difference_is_0():
    text = "d = np.abs(x[:, None] - y[None, :])\nloss = (d * w).sum()"
    result = netcalc.gradients(text, x=[1.0, 2], y=[5.0, 2], w=[[1.0, 2], [3, 4]])
    (note,) = result.notes
    assert note.startswith("(x[:, None] - y)[1,1] = 0 is a kink of abs(x[:, None] - y): its slope is -1 on the left")
    with_itself = netcalc.gradients("loss = np.abs(x[:, None] - x[None, :]).sum()", x=[1.0, 2])
    assert not with_itself.notes


ALIKE = {
    "mu = x.mean()\nμ = x.sum()\nloss = mu * μ": ("mu │ mean(x)", "μ │ sum(x)", "loss │ mu·μ", "∂loss/∂μ │ mu"),
    "alpha1 = x.mean()\nα1 = x.sum()\nloss = alpha1 * α1": ("alpha1 │ mean(x)", "loss │ alpha1·α1"),
    "sigma = x.sum()\nloss = torch.sigmoid(sigma)": ("sigma │ sum(x)", "loss │ σ(sigma)"),
    "σ = x.sum()\nloss = torch.sigmoid(σ)": ("sigma │ sum(x)", "loss │ σ(sigma)"),
    "sigma = x.sum()\nloss = sigma * sigma": ("σ │ sum(x)", "loss │ σ²"),
    "alpha = x.sum()\nalpha = alpha * 2\nloss = alpha * alpha": ("α@1 │ sum(x)", "∂loss/∂α@1 │ 2·dα"),
}


@pytest.mark.parametrize("text", ALIKE)
def test_names_that_would_be_written_alike_are_words(text):
    result = netcalc.gradients(text, x=[1.0, 2])
    rows = [" ".join(line.split()) for line in str(result).splitlines()]
    for row in ALIKE[text]:
        assert any(line.startswith(row) for line in rows)


WRITTEN = [  # a program, the shapes of its inputs, and a row
    ("loss = ((x - y)**2).mean()", "x=2 y=2", "loss │ mean((x − y)²)"),
    ("loss = ((x - y)**2).sum() / 2", "x=2 y=2", "loss │ ‖x − y‖²/2"),
    (
        "loss = torch.logsumexp(a[:, None] + T, dim=0) @ w",
        "a=K T=K,K w=K",
        "∂loss/∂w │ logsumexp(a[:, None] + T, axis=0)",
    ),
    ("b = torch.logsumexp(x + T, dim=0)\nloss = b @ w", "x=K T=M,K w=K", "∂loss/∂x │ w"),
    ("m = torch.ones(3, 3, dtype=torch.bool).tril()\nloss = (x * m).sum()", "x=3,3", "m │ tril(ones(3, 3))"),
    (
        "o = torch.empty_like(x)\no[:, 0::2] = x[:, 1::2]\no[:, 1::2] = y\nloss = o.sum()",
        "x=T,4 y=T,2",
        "o │ o@3.at[:, 1::2].add(y)",
    ),
    (
        "H = W.shape[1] // 4\na = x @ W\nb = a[:, :H] * a[:, H:2*H] + a[:, 2*H:3*H] * a[:, 3*H:]\nloss = b.sum()",
        "x=N,D W=D,4H",
        "∂loss/∂a │ concat([db ∘",
    ),
    ("q = Q.gather(1, a.unsqueeze(1)).squeeze(1)\nloss = q.sum()", "Q=B,A a=B", "∂loss/∂Q │ diag(dq) one_hot(a, A)"),
    ("t = Q.max(1)[0].detach()\nloss = ((y - t)**2).mean()", "Q=B,A y=B", "∂loss/∂y │ −dt"),
    ("d = A.sum(1).pow(-0.5)\nd[torch.isinf(d)] = 0.\nloss = (d * x).sum()", "A=N,N x=N", "∂loss/∂x │ d"),
]


@pytest.mark.parametrize("text, shapes, row", WRITTEN, ids=[text.partition("\n")[0] for text, _, _ in WRITTEN])
def test_a_program_in_letters_is_written_as_people_write_it(text, shapes, row):
    """Means of two, shares that add up to 1, conditions, writes, gates cut by letters, entries of a batch."""
    result = netcalc.gradients(f"import torch\n{text}", shape=dict(one.split("=") for one in shapes.split()))
    rows = [" ".join(line.split()) for line in str(result).splitlines()]
    assert any(line.startswith(row) for line in rows), rows


def test_slopes_at_infinity_are_their_limits():
    """As behind a mask of -inf; a mask of -9e15 leaves next to nothing, which is said in few characters."""
    text = "import torch\ns = x.masked_fill(m == 0, float('-inf'))\nloss = (torch.sigmoid(s) + torch.tanh(s) + F.elu(s)).sum()"
    assert netcalc.gradients(text, x=[0.0, 2.0], m=[1, 0]).partials["s"] == [2.25, 0.0]
    far = "s = x + torch.tensor([-torch.inf, torch.inf])\ny = torch.atan(s) + torch.erf(s)\nloss = y.sum()"
    result = netcalc.gradients(far, x=[0.5, 2.0])
    assert result.forward["y"] == pytest.approx([-math.pi / 2 - 1, math.pi / 2 + 1])
    assert result.partials["x"] == [0.0, 0.0]
    masked = netcalc.gradients("p = F.softmax(torch.where(m > 0, x, -9e15), 0)\nloss = p[0]", x=[0.0, 2.0], m=[1, 0])
    assert "0 ± 1e-999" in str(masked)


AT_INFINITY = {  # values and slopes at minus infinity and at infinity
    **dict.fromkeys(("F.gelu(t)", "F.gelu(t, approximate='tanh')", "F.silu(t)", "F.mish(t)"), ([0, "inf"], [0, 1])),
    "F.softplus(t)": ([0, "inf"], [0, 1]),
    "F.logsigmoid(t)": (["-inf", 0], [1, 0]),
    "F.softsign(t)": ([-1, 1], [0, 0]),
    "torch.special.erfc(t)": ([2, 0], [0, 0]),
    "torch.asinh(t)": (["-inf", "inf"], [0, 0]),
}


@pytest.mark.parametrize("certify", [True, False])
@pytest.mark.parametrize("text", AT_INFINITY)
def test_functions_at_infinity_are_their_limits(text, certify):
    """Also where PyTorch has nan, as it multiplies infinity by 0."""
    values, slopes_there = AT_INFINITY[text]
    for side in (0, 1):
        program = f"t = x.masked_fill(x < 1, float('{'-' * (1 - side)}inf'))\ny = {text}\nloss = (y * w).sum()"
        result = netcalc.gradients(program, x=[0.5], w=[2.0], certify=certify)
        assert float(result.forward["y"][0]) == float(values[side])
        assert result.partials["t"] == [2 * slopes_there[side]]


@pytest.mark.parametrize(
    "text, why",
    [
        ("torch.log(t)", "log(t) is defined for t > 0; here t = -inf"),
        ("t / torch.sqrt(t**2 + 1)", "a factor in a product is infinite"),
        ("torch.sinh(t) / torch.cosh(t)", "sinh(t)/cosh(t) has no value; here sinh(t) = -inf, cosh(t) = inf"),
    ],
)
def test_what_has_no_limit_at_infinity_or_none_that_is_found_says_why(text, why):
    with pytest.raises(NetcalcError, match=re.escape(why)):
        netcalc.gradients(f"t = x.masked_fill(x < 1, float('-inf'))\nloss = ({text}).sum()", x=[0.5, 2.0])


@pytest.mark.parametrize("certify", [True, False])
def test_infinities_of_both_signs_are_in_json_as_text(certify):
    text = "s = x + torch.tensor([-torch.inf, torch.inf, 0])\nloss = torch.exp(-s * s).sum()"
    result = netcalc.gradients(text, x=[1, 2, 3.0], certify=certify)
    assert [float(one) for one in result.forward["s"]] == [-math.inf, math.inf, 3]
    assert json.loads(result.to_json())["forward"]["s"] == ["-inf", "inf", 3.0]


def test_the_step_beside_a_wrong_answer_says_what_its_parts_are():
    """v1, which the whole derivation has a line for."""
    values = {"W": [[1, 2], [3, 4]], "x": [1, 0], "t": [0, 1]}
    (first, *_) = netcalc.check(netcalc.grad("sum(tanh(W@x - t)^2)", at=values), {"dx": [1, 2]}).checked
    assert first.explanation.startswith("∂f/∂x = Wᵀ ∂f/∂v1 = ")
    assert first.explanation.endswith("; v1 = W x")


def test_steps_call_a_name_the_same_throughout():
    text = "alpha = x.sum()\nalpha = alpha * 2\nloss = alpha * x.sum() + alpha * alpha"
    headings = [step.heading for step in netcalc.gradients(text, x=[1.0, 2]).steps if step.heading]
    assert headings[1].startswith("Backward to α: ")
    assert "used in α@1 and loss" in headings[3]


def test_infinities_that_are_given_are_within_range():
    text = "a = torch.full((2,), float('-inf'))\nb = torch.logaddexp(a, a)\nloss = (x * x).sum() + torch.exp(b).sum()"
    result = netcalc.gradients(text, x=[1, 2])
    assert result.forward["b"] == ["-inf", "-inf"]
    assert not result.notes


def test_what_has_no_slope_is_told_once_by_its_name():
    head = "a = torch.where(torch.tensor([True, False]), x, float('-inf'))\n"
    summed = "loss = torch.logsumexp(torch.stack([a, a]), 0)[0]"
    (note,) = netcalc.gradients(head + summed, x=[1, 2]).notes
    assert note == (
        "∂loss/∂x1 and ∂loss/∂a1 have no value here: "
        "logsumexp([a, a], axis=0) has no slope where all that it sums is -inf"
    )
    taken = "loss = torch.softmax(torch.stack([a, a]), 0)[0].sum()"
    with pytest.raises(
        NetcalcError, match=r"softmax\(\[a, a\], axis=0\) has none where all that it is taken along is -inf"
    ):
        netcalc.gradients(head + taken, x=[1, 2])


def test_a_clip_is_written_as_one():
    result = netcalc.gradients("loss = torch.clamp(torch.exp(x), .8, 1.2).sum()", x=[0.1, 1.0])
    assert to_ascii(result["loss"].formula) == "sum(clip(exp(x), 0.8, 1.2))"
    assert slopes(result) == pytest.approx([np.exp(0.1), 0])
    beyond = netcalc.gradients("loss = np.clip(x, 2, 1).sum()", x=[0.5, 1.5, 3])
    assert beyond.forward["loss"] == np.clip([0.5, 1.5, 3], 2, 1).sum()


def test_a_number_that_is_not_decided_has_a_minus_sign():
    result = netcalc.gradients("loss = np.where(np.exp(np.log(x)) > x, y, z)", x=3, y=-1, z=-2)
    assert to_unicode(Symbol("-1.5 ± 0.51")) == "−1.5 ± 0.51"
    assert "loss is not decided: it lies in −1.5 ± 0.51" in result.notes


def test_a_part_is_asked_for_as_it_is_named_or_as_it_is_shown():
    result = netcalc.gradients("loss = ((x - mu) ** 2).sum()", x=[1, 2], mu=3)
    for name in ("dmu", "dμ", "∂loss/∂μ"):
        assert [one.name for one in result.only([name]).tensors] == ["dmu"]
    with pytest.raises(NetcalcError, match="unknown part '∂loss/∂y'"):
        result.only(["∂loss/∂y"])


@pytest.mark.parametrize(
    "text, told",
    [
        (
            "a = F.relu(x)\nloss = F.max_pool2d(a, 2).sum()",
            "max(windows(a), axis=(4, 5)) is at a kink: its entries tie in 1 of 2 places",
        ),
        ("a = F.relu(x)\nloss = a.amax(2).sum()", "max(a, axis=2) is at a kink: its entries tie in 2 of 4 places"),
        ("a = F.relu(x)\nloss = a.reshape(4, 2)[1:].max()", None),
        ("loss = F.max_pool2d(F.relu(x), 2).sum()", None),
    ],
)
def test_zeros_of_a_relu_tie_where_its_gradient_is_told(text, told):
    """They are one number, but entries of their own: whose gradient it is, PyTorch and netcalc say otherwise."""
    notes = netcalc.gradients(text, x=np.array([[[[-1.0, -2, 3, 4], [-1, -3, -2, 5]]]])).notes
    assert notes == (() if told is None else (f"{told}; those that tie share the gradient equally",))
