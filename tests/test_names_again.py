"""Names that are assigned again, and values with several names: every formula and step has its gradient's value."""

from __future__ import annotations

import re

import numpy as np
import numpy_trees
import pytest
from test_block_formulas import numbers

import netcalc
from netcalc.notation import to_ascii, to_unicode
from netcalc.render import View, render

PROGRAMS = {
    "a loop": ("h = x\nfor i in range(3):\n    h = np.tanh(h @ W) + h\nout = h\nloss = (out**2).sum()", "x=2 W=2,2"),
    "a recurrence": (
        (
            "h = np.zeros(2)\nloss = 0\nfor t in range(3):\n    h = np.tanh(x[t] @ W + h @ U + b)\n"
            "    loss = loss + (h**2).sum()"
        ),
        "x=3,2 W=2,2 U=2,2 b=2",
    ),
    "layers": (
        (
            "def layer(x, W, b):\n    z = x @ W + b\n    return np.tanh(z)\nh = layer(x, W1, b1)\nh = layer(h, W2, b2)\n"
            "loss = np.mean((h - y)**2)"
        ),
        "x=4,3 W1=3,2 b1=2 W2=2,3 b2=3 y=4,3",
    ),
    "in place": ("z = x @ W\nz += b\nz *= 2\nz = z*z\nloss = z.sum()", "x=3 W=3,2 b=2"),
    "other names": ("s = 0\nfor i in range(3):\n    s += x[i]*x[i]\n    y = s\nloss = np.sqrt(y)", "x=3"),
    "a residual": (
        "for k in range(2):\n    r = x\n    x = np.tanh(x @ W)\n    x = x + r\nloss = (x*x).sum() + (W**2).sum()",
        "x=3,2 W=2,2",
    ),
    "a list": (
        (
            "hs = []\nh = h0\nfor t in range(2):\n    h = np.tanh(h*w + x[t])\n    hs.append(h)\nH = np.stack(hs)\n"
            "loss = (H**2).mean()"
        ),
        "x=2,3 h0=3 w=3",
    ),
    "swapped": ("a, b = u*v, u + v\na, b = b*b, a\nfor i in range(2):\n    a, b = a*b, a\nloss = a.sum()", "u=2 v=2"),
}


def sizes(text):
    return {
        name: tuple(map(int, shape.split(","))) for name, _, shape in (word.partition("=") for word in text.split())
    }


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("has_numbers", [True, False])
def test_every_formula_has_its_value(name, has_numbers):
    program, shapes = PROGRAMS[name]
    draw = np.random.default_rng(5)
    values = {key: np.round(draw.uniform(0.2, 1.2, shape), 2) for key, shape in sizes(shapes).items()}
    result = netcalc.gradients(program, at={key: one.tolist() for key, one in values.items()})
    at = {tensor.name: numbers(tensor.entries) for tensor in result.tensors}
    at |= {key: one for key, one in values.items() if key not in at}
    of_steps = at | {f"dloss/{key}": one for key, one in at.items() if key.startswith("d")}
    of_steps |= {key.replace("d", "∂"): one for key, one in of_steps.items() if key.startswith("dloss/d")}
    if not has_numbers:
        result = netcalc.gradients(program, shape=sizes(shapes))
    for tensor in result.tensors:
        found = np.asarray(numpy_trees.value(tensor.formula, at))
        np.testing.assert_allclose(found, at[tensor.name], rtol=1e-9, atol=1e-12, err_msg=tensor.name)
    defined = set(values)
    for step in result.steps:
        defined.add(step.name)
        found = np.asarray(numpy_trees.value(step.chain[0], of_steps))
        np.testing.assert_allclose(found, of_steps[step.name], rtol=1e-9, atol=1e-12, err_msg=step.name)
    assert "loss" in defined
    assert len(result.steps) == len({step.name for step in result.steps})


def test_notes_and_errors_say_which_value_they_are_of():
    relu = "h = x\nfor i in range(2):\n    z = h @ W\n    h = np.maximum(z, 0)\nloss = h.sum()"
    (note,) = netcalc.gradients(relu, x=[1, 2], W=[[2, 1], [-1, 1]]).notes
    assert note.startswith("z@3.1[0] = 0 is a kink of max(z@3.1, 0)")
    logs = "h = x\nfor i in range(2):\n    h = np.log(h)\nloss = h.sum()"
    with pytest.raises(netcalc.NetcalcError, match=r"log\(h@3.1\) is defined for h@3.1 > 0; here h@3.1 = 0"):
        netcalc.gradients(logs, x=[1, 2])


def at(program, **values):
    result = netcalc.gradients(program, at=values)
    return result, {tensor.name: (to_ascii(tensor.formula), tensor.plain()) for tensor in result.tensors}


def test_a_name_of_the_program_is_no_gradient_for_beginning_with_d():
    _, found = at("dx = x - c\nloss = dx**2\n", x=1, c=3)
    assert found == {
        "dx": ("x - c", -2),
        "loss": ("dx^2", 4),
        "dloss/dx": ("ddx", -4),
        "dc": ("-ddx", 4),
        "ddx": ("2*dx", -4),
    }


def test_differences_called_dx_have_formulas_with_and_without_values():
    program = "dx = np.diff(x)\nloss = np.sum(dx**2)\n"
    result, found = at(program, x=[1, 4, 2])
    assert found["dloss/dx"][1] == [-6, 10, -4]  # of the steps 3 and -2: -2·3, 2·3 + 2·2, -2·2
    assert result.steps
    assert netcalc.gradients(program, shape={"x": (3,)}).tensors[0].formula


def test_a_gradient_has_its_full_name_where_the_short_one_is_the_programs():
    result, found = at("y = w*x\ndy = y - t\nloss = dy**2 + y\n", x=1, w=2, t=0.5)
    assert len(found) == len(result.tensors)  # no two of one name
    assert found["dy"] == ("y - t", 1.5)
    assert found["dw"] == ("dloss/dy*x", 4)
    assert found["dloss/dy"] == ("ddy + 1", 4)
    assert result.partials["y"] == 4
    checked = netcalc.check(result, {"dy": 1.5, "dloss/dy": 4}).checked
    assert not any(one.is_wrong for one in checked)
    assert all(one.is_wrong for one in netcalc.check(result, {"dy": 4, "dloss/dy": 1.5}).checked)
    assert [tensor.name for tensor in result.only(["dloss/dy"]).tensors] == ["dloss/dy"]
    step = next(one for one in result.steps if one.name == "dloss/dw")
    assert to_unicode(step.chain[0]) == "∂loss/∂y·x"


def test_an_input_called_as_a_gradient_would_be_keeps_its_name():
    _, found = at("t = 2*s\nx = x + dt*t\nloss = x**2\n", x=1, s=2, dt=0.1)
    assert found["ds"][0] == "2*(dloss/dt)"
    assert found["dloss/dt"][0] == "dx*dt"


def test_a_part_that_is_written_into_is_told_by_its_places():
    _, found = at("x[0] += 1\nloss = np.sum(x**2)\n", x=[1, 2])
    assert found["x@1"][0] == "x.at[0].set(x[0] + 1)"
    assert found["dx"][0].endswith("dx@1*ones(2).at[0].set(0)")
    many = netcalc.gradients("x[3] += 1\nx[5:7] *= 2\nloss = np.sum(x**2)\n", shape={"x": (20,)})
    texts = [to_ascii(tensor.formula) for tensor in many.tensors]
    assert texts[0] == "x.at[3].set(x[3] + 1)"
    assert not any(re.search(r"\bpart\b", text) for text in texts)


def test_causal_attention_has_the_triangle_that_it_keeps():
    program = "y = F.scaled_dot_product_attention(x, x, x, is_causal=True)\nloss = y.sum()\n"
    result = netcalc.gradients(program, shape={"x": (3, 2)})
    texts = [to_ascii(tensor.formula) for tensor in result.tensors]
    assert "where(tril(ones(3, 3)) != 0," in texts[0]
    assert not any(re.search(r"tril(?!\()", text) for text in texts)


@pytest.mark.parametrize("form", ["csv", "md", "jsonl"])
def test_an_entry_is_written_apart_from_a_name_that_looks_like_it(form):
    result = netcalc.gradients("x0 = x[0]*2\nloss = x0*x[1] + x[0]\n", at={"x": [1, 2]})
    page = "\n".join(render(result, form, View()))
    assert "2*x[0]" in page
    assert "x0*x[1] + x[0]" in page


def test_names_called_e_and_pi_are_no_constants():
    _, found = at("e = y - t\npi = 2*e\nloss = e**2*np.e + np.pi*pi\n", y=1, t=3)
    assert found["loss"][0] == "e^2*exp(1) + acos(-1)*pi"
    assert found["dpi"] == ("acos(-1)", np.pi)
    assert at("loss = y**2*np.e\n", y=1)[1]["loss"][0] == "y^2*e"


@pytest.mark.parametrize(
    "joined",
    [
        "np.concatenate([np.ones(1), x])",
        "np.array([1.0, x[0], x[1]])",
        "np.hstack([0.0, x])",
        "np.array([np.pi, x[1]])",
    ],
)
def test_code_joins_numbers_with_arrays(joined):
    result = netcalc.gradients(f"y = {joined}\nloss = np.sum(y**2)\n", at={"x": [1, 2]})
    code = "\n".join(render(result, "numpy", View()))
    made = {}
    exec(compile(code, "generated", "exec"), made)  # noqa: S102 - our own code
    loss, cache = made["forward"](np.array([1.0, 2.0]))
    assert loss == pytest.approx(np.sum(eval(joined, {"np": np, "x": np.array([1.0, 2.0])}) ** 2))  # noqa: S307
    slope = np.ravel(made["backward"](cache, 1.0))
    assert slope == pytest.approx([0, 4] if "pi" in joined else [2, 4])


def test_each_pass_of_a_loop_has_gradients_of_its_own():
    """The same expression is another value on each pass: ∂loss/∂w is c[0] on the first and c[1] on the second."""
    program = "loss = 0\nfor f in range(2):\n    w = x[0]**2\n    loss += c[f]*w"
    found = netcalc.gradients(program, x=[1.0, 2.0], c=[2.0, 3.0])
    assert (found.partials["w@3.1"], found.partials["w"]) == (2, 3)
    assert found.partials["x"] == [10, 0]


def test_a_pass_that_is_not_used_has_gradient_0():
    program = "for t in range(2):\n    xt = x + 1\n    h = xt*w[t]\n    s = h*h\nloss = s.sum() + h.sum()"
    found = netcalc.gradients(program, x=[1.0, 2.0], w=[3.0, 4.0])
    assert found.partials["xt@2.1"] == found.partials["h@3.1"] == [0, 0]
    assert found.partials["xt"] == [68, 100]


def test_each_call_has_gradients_of_its_own():
    program = "def f(a):\n    q = a*a\n    return q\nloss = 2*f(x) + 3*f(x)"
    found = netcalc.gradients(program, x=1.5)
    assert found.partials["x"] == 2 * 5 * 1.5
    assert sorted(v for k, v in found.partials.items() if k.partition("@")[0] == "q") in ([2, 3], [2, 3, 3])


def test_the_forward_pass_is_written_by_the_names_its_lines_use():
    """tanh(x w) met again is not s, whose gradient it has no part in."""
    program = "s = x*0\nfor t in range(3):\n    s = s + np.tanh(x*w)\nloss = s.sum()"
    text = "\n".join(render(netcalc.gradients(program, x=[1.0, 2.0], w=[2.0, 3.0]), "md", View()))
    assert "| s@3.2[0] | `s@3.1 + tanh(x*w)` |" in text
