"""The product along axes and its slope, held to the definition in rationals, to mpmath's derivatives, and to code."""

import json
import re
from fractions import Fraction
from math import prod

import mpmath as mp
import numpy as np
import pytest

import netcalc
from netcalc.cli import main
from netcalc.graph import build as b
from netcalc.graph.arithmetic.float64 import Float64
from netcalc.graph.backward import gradients
from netcalc.graph.evaluate import evaluate
from netcalc.graph.products_along import cumprod
from netcalc.notation import to_unicode

VECTORS = ([1, 2, 3], [0, 2, 3], [0, 2, 0, 5], [0, 0, 0], [7, -1, 3, 2, -5], [3, 4])


def others(values, *without):
    return prod(one for k, one in enumerate(values) if k not in without)


@pytest.mark.parametrize("values", VECTORS)
def test_slope_and_curvature_are_products_of_the_others_where_entries_are_0_too(values):
    result = netcalc.grad("prod(x)", at={"x": values}, order=2)
    many = range(len(values))
    assert result.forward["f"] == prod(values)
    assert result.partials["x"] == [others(values, i) for i in many]
    assert result.hessian["x"]["x"] == [[0 if i == j else others(values, i, j) for j in many] for i in many]
    assert result.certainty.startswith("certified: ")


def test_numbers_that_are_not_whole_are_certified_and_exact():
    values = ["sqrt(2)", "1/3", "0.1"]
    result = netcalc.grad("prod(x)", at={"x": values})
    with mp.workdps(40):
        x = [mp.sqrt(2), mp.mpf(1) / 3, mp.mpf(1) / 10]
        assert result.partials["x"] == [float(x[1] * x[2]), float(x[0] * x[2]), float(x[0] * x[1])]


SHAPED = {
    "prod(W, axis=0)@c": lambda W: mp.fsum(mp.fprod(row[j] for row in W) * (2, 3, 5)[j] for j in range(3)),
    "prod(W, axis=1)@d": lambda W: mp.fsum(mp.fprod(row) * one for row, one in zip(W, (2, -1), strict=True)),
    "prod(W)^2 + sum(W)": lambda W: mp.fprod(e for row in W for e in row) ** 2 + mp.fsum(e for r in W for e in r),
    "sum(W*prod(W, axis=1, keepdims=True))": lambda W: mp.fsum(mp.fprod(row) * mp.fsum(row) for row in W),
    "sum(exp(prod(sin(W), axis=(0, 1), keepdims=True)))": lambda W: mp.exp(mp.fprod(mp.sin(e) for r in W for e in r)),
}  # fmt: skip
POINTS = ([[1, 2, -3], [4, 0.5, 2]], [[0, 2, -3], [4, 0, 2]], [[0, 2, 0], [4, 1, 2]])


@pytest.mark.parametrize("formula", SHAPED)
@pytest.mark.parametrize("W", POINTS, ids=("no zero", "two zeros", "two zeros in a row"))
def test_along_axes_slopes_are_those_of_mpmath(formula, W):
    given = {"W": W, "c": [2, 3, 5], "d": [2, -1]}
    used = {name: value for name, value in given.items() if name in formula.replace("prod", "").replace("keepdims", "")}
    result = netcalc.grad(formula, at=used, wrt=["W"])
    function = SHAPED[formula]
    with mp.workdps(60):
        for i, j in np.ndindex(2, 3):

            def along(t, i=i, j=j):
                moved = [
                    [mp.mpf(one) + (t if (m, n) == (i, j) else 0) for n, one in enumerate(r)] for m, r in enumerate(W)
                ]
                return function(moved)

            expected = mp.diff(along, 0)
            assert abs(result.partials["W"][i][j] - expected) < 1e-14 * (1 + abs(expected))


@pytest.mark.parametrize(
    "formula, shapes, printed",
    [
        ("prod(x)", {"x": "n"}, "prod(where(eye(n) == 1, 1, x), axis=1)"),
        ("sum(prod(W, axis=0))", {"W": "mn"}, "prod(where(eye(m)[:, :, None] == 1, 1, W), axis=1)"),
        ("sum(prod(W, axis=1))", {"W": "mn"}, "prod(where(eye(n) == 1, 1, W[:, None]), axis=2)"),
        ("prod(W)", {"W": "mn"}, "reshape(prod(where(eye(m*n) == 1, 1, reshape(W, m*n)), axis=1), (m, n))"),
        ("sum(prod(T, axis=1))", {"T": "kmn"}, None),
        ("sum(prod(T, axis=(0, 2)))", {"T": "kmn"}, None),
        ("sum(prod(T, axis=-1, keepdims=True)*T)", {"T": "kmn"}, None),
        ("prod(exp(x)*y)", {"x": "n", "y": "n"}, None),
    ],
)
def test_the_formula_for_letters_is_read_again_and_true_at_0(formula, shapes, printed, capsys):
    flags = [part for name, letters in shapes.items() for part in ("--shape", f"{name}={','.join(letters)}")]
    assert main(["grad", formula, *flags, "-f", "json"]) == 0
    found = json.loads(capsys.readouterr().out)["formulas"]
    if printed:
        assert list(found.values()) == [printed]
    extents = {"k": 2, "m": 2, "n": 3}
    draw = np.random.default_rng(3)
    at = {name: draw.integers(-3, 4, [extents[one] for one in letters]) for name, letters in shapes.items()}
    for array in at.values():
        array.flat[0] = 0
    numbers = netcalc.grad(formula, at=at).partials
    for name, text in found.items():
        numbered = re.sub(r"\b[kmn]\b", lambda letter: str(extents[letter[0]]), text)
        expected = np.array(numbers[name], dtype=float)
        weights = draw.integers(1, 9, expected.shape)
        again = netcalc.grad(f"sum(({numbered})*weights)", at={**at, "weights": weights}).forward["f"]
        assert again == pytest.approx(float((expected * weights).sum()), rel=1e-14)


@pytest.mark.parametrize("line", ["x.prod(0)", "np.prod(x, axis=0)", "np.prod(x, 0)", "x.prod(axis=0)"])
def test_in_programs(line):
    text = f"import numpy as np\ndef forward(x):\n    y = {line}\n    return (y * y).sum()\n"
    result = netcalc.gradients(text, x=[[0, 2], [3, 4], [5, 1]])
    columns = [[0, 3, 5], [2, 4, 1]]
    expected = [[2 * prod(columns[j]) * others(columns[j], i) for j in range(2)] for i in range(3)]
    assert result.partials["x"] == expected


def test_thousands_of_factors_take_one_sweep_and_no_division():
    x = b.given("x", (20_001,))
    values = np.where(np.arange(20_001) % 2, 2.0, 0.5)
    values[7] = 0
    (found,) = evaluate(gradients(b.prod(x), [x]), Float64(), {x: values})
    expected = np.zeros(20_001)
    expected[7] = float(prod((Fraction(one) for k, one in enumerate(values) if k != 7), start=Fraction(1)))
    assert found.tolist() == expected.tolist()


@pytest.mark.parametrize("formula", ["prod(W, axis=0)@c", "prod(W)", "prod(W, axis=(0, 2))@c", "sum(prod(W, axis=-2, keepdims=True)*W)"])  # fmt: skip
def test_code_in_numpy_is_right_where_entries_are_0(formula, capsys):
    W = np.array([[[1.0, 2], [0, 3], [4, 5]], [[6, 0], [1, 2], [0, 0]]])
    if "axis=0" in formula:
        W = W[0]
    c = np.arange(2.0, 2 + (2 if W.ndim == 2 else 3))
    shapes = ["--shape", f"W={','.join(map(str, W.shape))}"]
    at = {"W": W}
    if "@c" in formula:
        shapes += ["--shape", f"c={len(c)}"]
        at["c"] = c
    assert main(["grad", formula, *shapes, "-f", "numpy"]) == 0
    module: dict = {}
    exec(capsys.readouterr().out, module)  # noqa: S102 - code that was just written
    f, cache = module["forward"](*at.values())
    found = module["backward"](cache, 1.0)
    dW = found[0] if "@c" in formula else found
    result = netcalc.grad(formula, at=at)
    steps = np.zeros_like(W)
    for place in np.ndindex(W.shape):
        sides = []
        for step in (1e-3, -1e-3):
            moved = W.copy()
            moved[place] += step
            sides.append(module["forward"](moved, *list(at.values())[1:])[0])
        steps[place] = (sides[0] - sides[1]) / 2e-3  # each entry is in a square at most
    assert f == pytest.approx(result.forward["f"])
    np.testing.assert_allclose(dW, steps, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("library", ["torch", "jax"])
def test_code_in_other_libraries_goes_along_one_axis_after_the_other_where_it_has_to(library, capsys):
    assert main(["grad", "prod(T, axis=(0, 2))@c", "--shape", "T=k,m,n", "--shape", "c=m", "-f", library]) == 0
    text = capsys.readouterr().out
    compile(text, "code", "exec")
    wanted = {
        "torch": ("T.prod(dim=2).prod(dim=0)", "products_of_others(T, dim=(0, 2))"),
        "jax": ("T.prod(axis=(0, 2))",),
    }
    assert all(one in text for one in wanted[library])


@pytest.mark.parametrize("values", VECTORS)
def test_running_products_have_their_slopes_and_curvature_where_entries_are_0_too(values):
    weights = [1, -2, 3, 5, 7][: len(values)]
    text = "p = np.cumprod(x)\nloss = (p * t).sum()"
    result = netcalc.gradients(text, x=values, t=weights)
    many = range(len(values))
    wanted = [sum(weights[j] * prod(values[k] for k in range(j + 1) if k != i) for j in many if j >= i) for i in many]
    assert result.partials["x"] == wanted
    assert {one.name: to_unicode(one.formula) for one in result.tensors}["dx"] == "cumsum((dp ∘ p)[::−1])[::−1]/x"
    node = b.given("x", (len(values),))
    output = b.summed(b.multiply(cumprod(node, 0), b.array(np.array(weights))))
    (slope,) = gradients(output, [node])
    (curved,) = gradients(b.index(slope, [0]), [node])
    found = evaluate([curved], Float64(), {node: np.array(values, float)})[0]
    assert found.tolist() == [
        sum(weights[m] * prod(values[k] for k in range(m + 1) if k not in (0, j)) for m in many if m >= j) if j else 0
        for j in many
    ]


@pytest.mark.parametrize("library", ["numpy", "torch", "jax"])
def test_code_has_running_products(library, capsys, tmp_path):
    path = tmp_path / "f.py"
    path.write_text("p = np.cumprod(x, axis=1)\nloss = (p * t).sum()\n")
    assert main(["net", str(path), "--shape", "x=2,3", "t=2,3", "-f", library]) == 0
    text = capsys.readouterr().out
    names = {"__name__": "code"}
    if library != "numpy":
        compile(text, "code", "exec")
        assert "slope_of_cumprod(x, dp, " in text
        return
    exec(text, names)  # noqa: S102 - the code that was written
    x, t = np.array([[1.0, 2, 0], [0, 3, 4]]), np.array([[1.0, 2, 3], [4, 5, 6]])
    _, cache = names["forward"](x, t)
    found = names["backward"](cache, 1.0)[0]
    result = netcalc.gradients(path.read_text(), x=x, t=t)
    assert found.tolist() == result.partials["x"]
