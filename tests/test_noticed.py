"""Lines that could once be changed without a test that noticed: each is held by what it is there for."""

from __future__ import annotations

import json
from collections import Counter
from contextlib import nullcontext
from fractions import Fraction
from types import SimpleNamespace

import numpy as np
import pytest
import sympy as sp
from flint import fmpq

import netcalc
from netcalc.arithmetic.cancellation import cancelled
from netcalc.arithmetic.evaluation import numerals
from netcalc.catalogue.kernels.softmax import log_loss
from netcalc.checking.backward import points
from netcalc.checking.backward.check import checked_lines
from netcalc.checking.causes.evidence import Evidence
from netcalc.checking.judging.verdicts import leading_place
from netcalc.cli import main
from netcalc.derivation import algebra
from netcalc.derivation.bounded import equal
from netcalc.errors import NetcalcError, ShapeError, UndefinedError
from netcalc.expression import parse
from netcalc.graph.terms import Term, scalar, with_number_apart
from netcalc.models.programs import ProgramRequest, program
from netcalc.notation import to_ascii
from netcalc.solving.solve import solve
from netcalc.values import read_array
from netcalc.verify import _places as verified_places


@pytest.mark.parametrize("size", [0.01, 100.0])
def test_a_relative_tolerance_of_an_array_is_relative(size):
    """Of many answers at once, whatever their size."""
    x = size * (1 + np.arange(10_000.0) / 10_000).reshape(100, 100)
    result = netcalc.linear(W=np.eye(100), v=x, b=np.zeros(100), delta=x)
    right = np.array(result.partials["v"])
    for off, verdict in ((0.9e-3, "right"), (1.1e-3, "wrong")):
        checked = netcalc.check(result, {"dv": right * (1 + off)}, rtol=1e-3).checked
        assert {one.verdict for one in checked} == {verdict}


def test_label_smoothing_mixes_in_every_class():
    """(1 - s) of the class's own loss and s of the mean over classes, as PyTorch has it."""
    logits, classes = np.array([[1.0, 2.0, 0.5], [0.25, -1.0, 3.0]]), np.array([0, 2])
    text = "import torch.nn.functional as F\nloss = F.cross_entropy(z, y, label_smoothing=0.25)\n"
    result = netcalc.gradients(text, {"z": logits, "y": classes})
    p = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    wanted = 0.75 * np.eye(3)[classes] + 0.25 / 3
    assert result.forward["loss"] == pytest.approx(-(wanted * np.log(p)).sum(1).mean(), rel=1e-12)
    np.testing.assert_allclose(np.array(result.partials["z"]), (p - wanted) / 2, rtol=1e-12)


def test_algebra_proves_what_is_equal_and_nothing_else():
    """Also where one fraction bar is not enough."""
    x = sp.Symbol("x", real=True)
    assert equal(sp.sin(x) ** 2 + sp.cos(x) ** 2, sp.S.One)
    assert equal((x**2 - 1) / (x - 1), x + 1)
    assert not equal(sp.sin(x) ** 2 - sp.cos(x) ** 2, sp.S.One)


def test_masks_of_what_comes_before_are_told_from_others():
    """Down to the smallest."""
    lower = np.tril(np.ones((2, 2)))
    assert points._is_triangular(lower)
    assert points._is_triangular(lower.T)
    assert points._is_triangular(np.tril(np.ones((4, 4)), -1))
    assert not points._is_triangular(np.ones((2, 2)))
    assert not points._is_triangular(np.eye(3))


def test_roots_of_numbers_of_many_primes_are_seen():
    """Also of primes that are not small."""
    assert algebra._has_many_primes(12)
    assert algebra._has_many_primes(1009 * 1013)
    assert not algebra._has_many_primes(1024)


@pytest.mark.parametrize("seed, status", [("true", 2), ("1.5", 2), ("7", 0)])
def test_a_seed_is_a_whole_number_and_nothing_that_counts_as_one(tmp_path, capsys, seed, status):
    path = tmp_path / "net.toml"
    path.write_text(f"seed = {seed}\ninput = [1]\n[[layers]]\nW = [[1]]\nb = [0]\n", encoding="utf-8")
    assert main(["net", str(path)]) == status
    assert ("seed" in capsys.readouterr().err) == bool(status)


def test_the_hessian_of_a_determinant_is_that_of_its_cofactors():
    """∂²det/∂a∂d = 1 and ∂²det/∂b∂c = -1, along a direction."""
    V = np.array([[1.0, 10.0], [100.0, 1000.0]])
    result = netcalc.grad("det(A)", at={"A": [[2.0, 3.0], [5.0, 7.0]]}, along={"A": V}, order=2)
    np.testing.assert_allclose(np.array(result.hvp["A"]), [[1000, -100], [-10, 1]])


@pytest.mark.parametrize(
    "text, wanted",
    [
        ("sum(flatten(A)*c)", [[1, 2], [3, 4]]),
        ("sum(expand_dims(x, axis=1)*A*A)", [[10, 20], [36, 48]]),
        ("sum(expand_dims(x, axis=-2)*A*A)", [[10, 24], [30, 48]]),
        ("sum(arange(2)*(A@x)^0)+sum(arange(2)*(A@x))", [[0, 0], [5, 6]]),
    ],
)
def test_axes_that_are_put_in_or_taken_away(text, wanted):
    at = {"A": [[1, 2], [3, 4]], "x": [5, 6], "c": [1, 2, 3, 4]}
    names = {name: value for name, value in at.items() if name in text.replace("expand", "").replace("axis", "")}
    assert netcalc.grad(text, at=names).partials["A"] == wanted


def test_a_system_without_one_solution_is_told():
    with pytest.raises(UndefinedError, match="the matrix is singular: the system has no unique solution"):
        netcalc.grad("sum(solve(A,b))", at={"A": [[1, 2], [2, 4]], "b": [1, 1]})


@pytest.mark.parametrize("x, y", [([1, 2, 3], [1, 2, 3, 4]), ([1, 2, 3, 4], [1, 2, 3])])
def test_both_sizes_that_do_not_fit_are_told(x, y):
    with pytest.raises(ShapeError, match=f"{len(x)} and {len(y)} do not fit together element by element"):
        netcalc.grad("sum(x+y)", at={"x": x, "y": y})


def verdicts(result, answers, **how):
    return [(one.verdict, one.diagnosis) for one in netcalc.check(result, answers, **how).checked]


@pytest.mark.parametrize("answer, verdict", [("0.1(6)", "right"), ("0.1(7)", "wrong"), ("0.(16)", "wrong")])
def test_a_decimal_that_repeats_is_what_it_comes_to(answer, verdict):
    """0.1(6) = 1/10 + 6/90."""
    assert [one for one, _ in verdicts(netcalc.grad("x/6", at={"x": 1}), {"dx": answer})] == [verdict]


@pytest.mark.parametrize("sign", ["", "-"])
def test_the_arc_tangent_of_one_is_a_quarter_of_pi(sign):
    result = netcalc.grad(f"sin(x)*atan({sign}1)")
    assert [one for one, _ in verdicts(result, {"dx": f"{sign}pi*cos(x)/4"})] == ["right"]
    assert [one for one, _ in verdicts(result, {"dx": f"{sign}pi*cos(x)/3"})] == ["wrong"]


def test_significant_digits_of_an_array_end_half_a_unit_off():
    """Of 1 to 2, to three digits: 0.005."""
    x = (1 + np.arange(10_000.0) / 10_000).reshape(100, 100)
    result = netcalc.linear(W=np.eye(100), v=x, b=np.zeros(100), delta=x)
    for off, verdict in ((0.0047, "right"), (0.0053, "wrong")):
        assert {one for one, _ in verdicts(result, {"dv": np.array(result.partials["v"]) + off}, sig=3)} == {verdict}


def test_an_index_that_a_tensor_does_not_take_is_told_with_one_that_it_does():
    result = netcalc.linear(W=[[1, 2], [3, 4]], v=[1, 2], b=[0, 0], delta=[1, 1])
    with pytest.raises(ShapeError, match=r"dW\[0\]: dW is 2 × 2 and takes an index such as dW\[0,0\]"):
        netcalc.check(result, {"dW[0]": 3})
    with pytest.raises(ShapeError, match=r"dW\[0,2\]: dW goes from dW\[0,0\] to dW\[1,1\]"):
        netcalc.check(result, {"dW[0,2]": 3})


def test_another_variables_derivative_is_told():
    result = netcalc.grad("x*y^2*z^3", at={"x": "2.5", "y": "3.7", "z": "5.3"})
    dx, dy, dz = 13.69 * 148.877, 18.5 * 148.877, 34.225 * 84.27
    found = verdicts(result, dict(zip(("dx", "dy", "dz"), map(str, (dy, dz, dx)), strict=True)))
    assert found == [("wrong", f"the derivative by {b} given for that by {a}") for a, b in ("xy", "yz", "zx")]
    found = verdicts(netcalc.grad("x*y^2", at={"x": "2.5", "y": "3.7"}), {"dx": "18.5", "dy": "13.69"})
    assert found == [("wrong", "the derivatives by x and by y swapped")] * 2


def test_what_is_wrong_with_a_bias_is_told():
    W, x, b = np.array([[1.0, 2.0], [3.0, -1.0]]), np.array([1.0, 2.0]), np.array([0.5, -3.0])
    result = netcalc.grad("sum((W@x+b)^2)", at={"W": W, "x": x, "b": b})
    for z, said in ((W @ x, "the bias forgotten in W@x + b"), (W @ x - b, "the bias subtracted in W@x + b")):
        assert all(said in diagnosis for _, diagnosis in verdicts(result, {"dx": (2 * W.T @ z).tolist()}))


def test_the_place_of_a_first_digit_is_told_at_powers_of_ten():
    for power in range(-40, 40):
        assert leading_place(fmpq(10) ** power) == power
        assert leading_place(fmpq(10) ** power * fmpq(9999, 1000)) == power


def test_entries_that_are_verified_are_shared_by_size():
    tensors = [SimpleNamespace(entries=np.zeros(shape)) for shape in ((10, 100), (3000,))]
    drawn = Counter(id(tensor) for tensor, _ in verified_places(tensors, 400, 10))
    assert [drawn[id(tensor)] for tensor in tensors] == [100, 300]


def test_degrees_taken_for_radians_are_told():
    result = netcalc.grad("y*sin(x)", at={"x": 30, "y": 2})
    assert verdicts(result, {"dx": 1.7320508, "dy": 0.5}) == [("wrong", "degrees taken for radians")] * 2


def test_the_first_line_that_assigns_a_name_is_told():
    with pytest.raises(NetcalcError, match="'a' has no value here: line 2 assigns it, later"):
        netcalc.gradients("y = a * x\na = 2\na = 3\n", {"x": 3.0})


@pytest.mark.parametrize("axes, is_taken", [(32, True), (33, False)])
def test_an_array_has_as_many_axes_as_numpys_at_most(axes, is_taken):
    with nullcontext() if is_taken else pytest.raises(NetcalcError, match="an array has at most 32 axes"):
        assert netcalc.gradients(f"y = x.reshape([1] * {axes}).sum()", {"x": 3.0}).partials["x"] == 1


SOFTMAX = "import numpy as np\ne = np.exp(z - z.max(1, keepdims=True))\np = e / e.sum(1, keepdims=True)\n"
LINES = [  # a forward pass, a backward pass, what is given, the line that is wrong, what is said of it and the right one
    (
        f"{SOFTMAX}loss = -np.log(p[np.arange(2), y]).mean()\n",
        "dz = p / 2\n",
        {"z": [[0.5, 1.5, -0.25], [1.25, 0.75, 2.5]], "y": [0, 2]},
        ("dz", 1, "a term left out, the one-hot target", "dz = p / 2 - np.eye(3)[y] / 2"),
    ),
    (
        f"{SOFTMAX}loss = (p * v).sum()\n",
        "dp = np.broadcast_to(v, p.shape)\ndz = p * (1 - p) * dp\n",
        {"z": [[0.5, 1.5, -0.25], [1.25, 0.75, 2.5]], "v": [1.5, 2.25, 0.5]},
        ("dz", 2, "the Jacobian of softmax taken as its diagonal", "dz = p * (dp - (dp * p).sum(-1, keepdims=True))"),
    ),
    (
        "import numpy as np\nh = z @ W\na = 1 / (1 + np.exp(-h))\nloss = (a * v).sum()\n",
        "da = v\ndh = da * h * (1 - h)\n",
        {"z": [[0.5, 1.5], [1.25, 0.75]], "W": [[0.25, 0.5], [1.5, -0.75]], "v": [[1.5, 2.25], [0.3, 0.7]]},
        ("dh", 2, "the slope of σ taken at h in place of a", "dh = da * a * (1 - a)"),
    ),
    (
        "import numpy as np\nh = C[k]\nloss = (h * h * v).sum()\n",
        "dh = 2 * h * v\ndC = np.zeros_like(C)\nnp.add.at(dC, k, h)\n",
        {"C": [[0.5, 1.5], [1.25, 0.75], [0.25, 0.125]], "k": [0, 2, 0], "v": [1.5, 2.25]},
        ("dC", 3, "h taken for dh", "np.add.at(dC, k, dh)"),
    ),
]


@pytest.mark.parametrize("forward, backward, at, wrong", LINES, ids=[wrong[2] for *_, wrong in LINES])
def test_a_wrong_line_is_told_with_what_it_should_be(forward, backward, at, wrong):
    counted = [name for name, value in at.items() if isinstance(np.ravel(value)[0].item(), int)]
    arrays = {name: read_array(json.dumps(value), name) for name, value in at.items()}
    problem = program(forward, "forward.py", ProgramRequest(arrays, counted=counted))
    lines, _ = checked_lines(problem, backward, "backward.py")
    *_, line = (one for one in lines if one.is_wrong)
    name, number, said, repaired = wrong
    assert (line.name, line.line, line.repair) == (name, number, repaired)
    assert line.diagnosis.startswith(said)


@pytest.mark.parametrize("off, verdict", [(0.0, "right"), (1e-3, "wrong")])
def test_a_zero_in_a_large_array_of_short_decimals_is_zero(off, verdict):
    """Also beside entries that are large."""
    delta = np.tile([0.0, 0.5, 1000.5, 2.5], (100, 25))
    result = netcalc.linear(W=np.eye(100), v=delta, b=np.zeros(100), delta=delta)
    answer = np.array(result.partials["v"])
    answer[0, 0] += off
    assert {one for one, _ in verdicts(result, {"dv": answer.tolist()})} == {verdict}


TERMS = [
    "3*x/(2*y)",
    "-(4*x/2)",
    "x/(y/3)",
    "2/(4*y)",
    "-x/4",
    "-(x+y)/1",
    "-(x+y)",
    "(x+y)*-1/3",
    "6*x*y/4",
    "x^0*y",
    "y/x^2/8",
]


@pytest.mark.parametrize("text", TERMS)
def test_a_number_that_is_set_apart_leaves_the_formula_equal(text):
    point = {"x": fmpq(3, 7), "y": fmpq(-5, 2)}
    (was, is_now), tree = (
        numerals((parse(text), with_number_apart(parse(text), "").tree()), point),
        scalar(parse(text)).tree(),
    )
    assert was == is_now == numerals((tree,), point)[0]


@pytest.mark.parametrize(
    "number, written", [("3/10", "0.3*x"), ("1/10", "x/10"), ("1/1000000", "1e-6*x"), ("3/2", "3*x/2"), ("1/3", "x/3")]
)
def test_a_fraction_is_written_as_a_decimal_where_people_do(number, written):
    assert to_ascii(Term(None, number=Fraction(number), above=(parse("x"),)).tree()) == written


def test_sums_of_whole_numbers_lose_no_digits():
    """1 - 1 is 0; 0.1 - 0.1 may be anything that small."""
    v, W = np.array([[1.0, 1.0], [0.1, 0.1]]), np.array([[1.0, -1.0]])
    assert cancelled(v, W, None, np.zeros((2, 1))).tolist() == [[False], [True]]


@pytest.mark.parametrize(
    "name, hint",
    [
        ("dxx", "did you mean 'dx'?"),
        ("dz", "did you mean 'dy' or 'dx'?"),
        ("da", r"did you mean 'd\w', 'd\w' or 'd\w'?"),
    ],
)
def test_names_that_are_near_are_offered(name, hint):
    text = "x*y" if name != "da" else "x*y*u*v"
    with pytest.raises(NetcalcError, match=hint.replace("?", r"\?")):
        netcalc.check(netcalc.grad(text, at=dict.fromkeys(text[::2], 1)), {name: 3})


def test_who_watches_a_net_is_told_of_every_layer_twice():
    from netcalc.layers import WATCHER

    told = []
    before = WATCHER.set(lambda done, of: told.append((done, of)))
    try:
        netcalc.net([{"W": [[w]], "b": [0], "activation": "tanh"} for w in (2, 3)], input=[1], delta=[1])
    finally:
        WATCHER.reset(before)
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]


@pytest.mark.parametrize("call, is_doubtful", [("x.gelu()", True), ("torch.nn.functional.gelu(x)", False)])
def test_which_gelu_is_meant_is_told_where_no_library_says(call, is_doubtful):
    result = netcalc.gradients(f"y = {call}.sum()", {"x": [0.5]})
    assert any("gelu is taken as PyTorch's, with erf" in note for note in result.notes) is is_doubtful
    assert result.forward["y"] == pytest.approx(0.5 * 0.6914624612740131)


def evidence(method, claimed, at=(0,), **known):
    """What a method of the evidence finds for claims at one point, of what it is told."""
    claims = [SimpleNamespace(written=SimpleNamespace(digits=digits, place=None)) for digits in known.pop("digits", [])]
    told = SimpleNamespace(claimed=np.array([claimed]), claims=claims, plain=np.zeros(len(claimed), bool), **known)
    told.zeros = lambda places: Evidence.zeros(told, places)
    return lambda *values: getattr(Evidence, method)(told, *values, *([] if method == "chances" else [list(at)]))


def test_a_number_met_by_chance_is_as_probable_as_its_width():
    """Of 3.14, which may be 0.005 off: a hundredth of all that lies between -3.14 and 3.14."""
    found = evidence("chances", [3.14], truth=np.array([[2.0]]), radius=np.array([[0.005]]), units=np.array([0.01]))()
    assert found == pytest.approx(0.01 / (2 * 3.14 + 0.01))


def test_digits_fewer_than_usual_may_have_been_zeros():
    """With four usual ones: of 3.1 and 25 a hundredth each."""
    assert evidence("zeros", [3.1, 25.0, 1.2345], (0, 1, 2), digits=[2, 2, 5])() == pytest.approx(1e-4)


def test_a_value_is_as_short_as_a_claim_where_it_is_whole_in_its_last_digit():
    short = evidence("as_short", [0.37], units=np.array([0.01]))
    values = np.array([0.37, 0.375, 123.67, 123.675, 0.0100001, 4567.890001])  # off by a millionth of the steps at most
    assert short(values[:, None, None]).tolist() == [True, False, True, False, False, True]


def test_an_exact_value_is_off_by_rounding_alone():
    exactly = evidence("exactly", [2.0e6], units=np.array([1.0]))
    values = 2.0e6 * (1 + np.array([0, 0.9e-10, 1.1e-10]))
    assert exactly(values[:, None, None]).tolist() == [True, True, False]


def test_closed_forms_are_for_who_asks():
    problem = netcalc.grad("sqrt(x)", at={"x": 2}).problem
    assert [solve(problem, **how).tensors[0].values[0].exact for how in ({}, {"exact": True})] == [
        None,
        parse("sqrt(2)"),
    ]


def test_the_loss_of_probabilities_is_their_targets_logarithm():
    a, t = np.array([[0.25, 0.5, 0.25], [0.5, 0.125, 0.375]]), np.array([[0, 1, 0], [0, 1, 0.0]])
    np.testing.assert_allclose(log_loss(a, t), [np.log(2), np.log(8)])
