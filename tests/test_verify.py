"""--verify: answers held to central differences of the forward pass, and what is said where they aren't confirmed."""

from __future__ import annotations

import json
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest
from flint import ctx, fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

import netcalc
from netcalc.arithmetic.balls import OPERATIONS, precision
from netcalc.catalogue.activations import ACTIVATIONS
from netcalc.catalogue.losses import loss, reduction
from netcalc.commands._answer import contradicted
from netcalc.expression import Number, parse
from netcalc.graph.arithmetic.balls import Balls
from netcalc.graph.arithmetic.float64 import Float64
from netcalc.layers import run
from netcalc.models.grad import Gradient
from netcalc.models.grad import grad as gradient
from netcalc.models.neuron import neuron
from netcalc.problem import Dense, Label, LossAndTarget, Problem
from netcalc.render import chosen
from netcalc.result import Result, Tensor, Value
from netcalc.solving.bits import as_value
from netcalc.verify import FORWARDS, verify
from netcalc.verify.forward import Forward
from netcalc.verify.problems import LayersForward

GIVEN = {"x": ["-1/3", "0.7"], "w": ["1.1", "-2"], "b": "0.2"}
ONE = Number(Fraction(1))


@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
def test_every_activation_is_confirmed(name: str) -> None:
    """Each partial is within half a unit of its last place of what differences give."""
    found = netcalc.neuron(**GIVEN, activation=name, verify=True).verification
    assert (found.agreed, found.checked, found.partials, found.arithmetic) == (5, 5, 5, "balls")
    assert float(found.disagreement) <= 2**-53 * 1.1


@pytest.mark.parametrize("name", ["mse", "mae", "huber", "bce", "bce-with-logits", "hinge"])
def test_every_loss_of_a_neuron_is_confirmed(name: str) -> None:
    """dL/d· through the loss, of several samples."""
    found = netcalc.neuron([[1, 2], [3, -4]], ["0.3", "0.1"], 0, target=[1, 1], loss=name, verify=True).verification
    assert found.line.startswith("verified: 10 of 10 partials by central differences; largest disagreement ")


@settings(max_examples=20, deadline=None)
@given(
    name=st.sampled_from(["sigmoid", "gelu", "silu", "softplus", "log_sigmoid"]), q=st.integers(-1000, 1000).map(float)
)
def test_tails_are_confirmed(name: str, q: float) -> None:
    """Also where the slope is far below float64's range, as far as it is shown."""
    found = netcalc.neuron([q], [1], 0, activation=name, verify=True).verification
    assert found.agreed == 3


@pytest.mark.parametrize(
    "given",
    [
        {"x": ["1e16", 1, "-1e16"], "w": [1, 1, 1], "b": 0},
        {"x": ["1e300"], "w": [1], "b": 0, "activation": "sin"},
        {"x": ["1e-60"], "w": [1], "b": 0, "activation": "relu"},
        {"x": ["1e-5000"], "w": [1], "b": 0, "activation": "relu"},
        {"x": [0], "w": [1], "b": 0, "activation": "gaussian"},
        {"x": [0], "w": [0], "b": 0},
        {"x": [1], "w": [2], "b": -2, "activation": "max(q,0) - max(-q,0)"},
    ],
)
def test_hard_points_are_confirmed(given: dict) -> None:
    """Cancellation, steep functions, next to a kink but not at it, a slope of 0, kinks that make up for each other."""
    assert netcalc.neuron(**given, verify=True).verification.line.startswith("verified: ")
    assert not netcalc.neuron(**given, verify=True).verification.kinks


def test_digits_are_confirmed_to_the_last() -> None:
    """As many as were asked for."""
    found = netcalc.neuron(**GIVEN, digits=300, verify=True).verification
    assert found.agreed == 5
    assert Fraction(found.disagreement) < Fraction(6, 10**300)


def test_formulas_are_confirmed_at_a_drawn_point() -> None:
    """What was left out is put in, and said."""
    found = netcalc.neuron(x=[1, 2], w=[3, -1], activation="log(q)", verify=True).verification
    assert found.line.startswith("verified: 5 of 5 partials by central differences at b = ")
    assert found.point.keys() == {"b"}


def test_a_formula_that_holds_on_one_side_of_0_alone_is_contradicted() -> None:
    """sqrt(x^2) is x for x > 0, and has the slope 1 there, not left of it."""
    result = netcalc.grad("sqrt(x^2)")
    stated = gradient(["sqrt(x^2)"], {})
    found = verify(stated, _with(result, Value(None, "1", ONE)))
    assert found.line == "not verified: 1 of 1 partials contradicts central differences at x = -177/100"
    assert verify(stated, result).line.startswith("verified: 1 of 1 partials by central differences at x = 177/100")


def test_at_a_kink_both_slopes_are_told() -> None:
    """The left and right slopes, and which of them netcalc takes; other partials are confirmed."""
    result = netcalc.neuron(x=["sqrt(2)", 0], w=["sqrt(2)", 0], b=-2, activation="relu", verify=True)
    assert result.verification.line.startswith("verified: 2 of 5 partials by central differences, 3 at a kink; largest")
    assert "dx0 is at a kink: differences give 0 on the left, 1.41421 on the right; netcalc takes 0" in result.notes


def test_what_is_not_decided_is_not_confirmed() -> None:
    """An answer that was left open stays open."""
    found = netcalc.neuron(x=["erf(1) + erfc(1) - 1"], w=[1], b=0, activation="relu", verify=True).verification
    assert found.line == "verified: 0 of 3 partials by central differences, 3 undecided"


@pytest.mark.parametrize("off", [1e-15, 1.0, -0.786])
def test_a_wrong_answer_is_contradicted(off: float, capsys: pytest.CaptureFixture) -> None:
    """One entry off, by its last digit or its sign: it is named, and the exit status is 1."""
    result = netcalc.neuron(x=[-1, -2], w=[4, -4], b=-3)
    stated = neuron(
        *(np.array([parse(n) for n in ns.split()]) for ns in ("-1 -2", "4 -4", "-3")), netcalc.activation("sigmoid")
    )
    tensors = list(result.tensors)
    place = next(n for n, tensor in enumerate(tensors) if tensor.name == "dx")
    entries = tensors[place].entries.copy()
    entries[1] = replace(entries[1], nearest=entries[1].nearest + off)
    tensors[place] = replace(tensors[place], entries=entries)
    found = verify(stated, replace(result, tensors=tuple(tensors)))
    assert found.line == "not verified: 1 of 5 partials contradicts central differences"
    assert found.notes == (f"dx1 is {entries[1].nearest!r}, and differences give -0.78644773296592741",)
    assert contradicted(replace(result, verification=found), chosen("csv", None)) == 1
    assert capsys.readouterr().err.splitlines() == [f"note: {found.notes[0]}", found.line]


ZERO = Value(0.0, "0")


@pytest.mark.parametrize("slope", ["1000", "1/7", "1e-30", "-1e-150", "1e-200", "1e-1000"])
@pytest.mark.parametrize("form", ["{}*x", "{}*x + x^2", "where(x > 0, {0}*x, {0}*x + x^3)", "exp({}*x)"])
def test_a_zero_is_contradicted_where_the_slope_is_not_zero(slope: str, form: str) -> None:
    """However small the slope: 0 has no digits that could be off."""
    expression = form.format(f"({slope})")
    result = netcalc.grad(expression, at={"x": 0})
    found = verify(_gradient(expression), _with_zeros(result))
    assert found.line == "not verified: 1 of 1 partials contradicts central differences"
    assert verify(_gradient(expression), result).agreed == 1


def _gradient(expression: str) -> Gradient:
    return gradient([expression], {"x": np.array(Number(Fraction(0)), dtype=object)})


def _with_zeros(result: Result) -> Result:
    return _with(result, ZERO)


def _with(result: Result, value: Value) -> Result:
    def told(tensor: Tensor) -> np.ndarray:
        return np.full_like(tensor.entries, value)

    return replace(result, tensors=tuple(replace(one, entries=told(one)) if one.of else one for one in result.tensors))


@pytest.mark.parametrize(
    "expression", ["x^2", "x^3", "0*x", "x^4 - x^2", "where(x > 0, x^2, -x^2)", "cos(x)", "0*x + 5"]
)
def test_a_zero_is_confirmed_where_the_slope_is_zero(expression: str) -> None:
    """Where differences are 0, or come to nothing as their steps do."""
    found = netcalc.grad(expression, wrt=["x"], at={"x": 0}, verify=True).verification
    assert found.line.startswith("verified: 1 of 1 partials by central differences; largest disagreement ")


@pytest.mark.parametrize("expression", ["x^2", "cos(x)", "exp(-x^2)", "x^3", "0*x", "(1/3 - x)^2 + 2/3*x"])
@pytest.mark.parametrize("number", [1.0, -1e-9, 1e-40])
def test_what_is_not_zero_is_contradicted_where_the_slope_is_zero(expression: str, number: float) -> None:
    """As at the bottom of a loss, where slopes on either side are opposite and come to nothing."""
    result = netcalc.grad(expression, at={"x": 0})
    found = verify(_gradient(expression), _with(result, Value(number, f"{number:.6g}")))
    assert found.line == "not verified: 1 of 1 partials contradicts central differences"


def test_a_slope_below_what_its_curve_makes_of_steps_is_no_contradiction() -> None:
    """1e-20000·x + x³ has that slope at 0, and every step that is taken sees the cube alone."""
    found = netcalc.grad("1e-9000*1e-9000*1e-2000*x + x^3", at={"x": 0}, verify=True).verification
    assert found.line == "verified: 0 of 1 partials by central differences, 1 undecided"


def test_a_zero_beside_other_slopes_is_at_no_kink() -> None:
    """Slopes of 3 on the left and 5 on the right leave no room for 0."""
    result = netcalc.grad("where(x > 0, 5*x, 3*x)", at={"x": 0})
    found = verify(_gradient("where(x > 0, 5*x, 3*x)"), _with_zeros(result))
    assert found.notes == ("dx is 0, and differences give 3 on the left, 5 on the right",)


def test_in_json() -> None:
    """The record as it is."""
    found = json.loads(netcalc.neuron(x=[1], w=[2], b=-2, activation="relu", verify=True).to_json())["verification"]
    assert found == {
        "partials": 3,
        "checked": 3,
        "disagreement": "",
        "arithmetic": "balls",
        "point": {},
        "kinks": [
            {"name": "dx0", "answer": "0", "left": "0", "right": "2"},
            {"name": "dw0", "answer": "0", "left": "0", "right": "1"},
            {"name": "db", "answer": "0", "left": "0", "right": "1"},
        ],
        "wrong": [],
        "untold": 0,
        "jumps": [],
        "agreed": 0,
    }


# --- other models -----------------------------------------------------------------------------------------------------

NAMES = {f"{kind}{number}": Label(f"{kind}{number}") for number in (1, 2) for kind in ("dW", "db", "dz", "da")}


def net(above: np.ndarray | LossAndTarget, *, samples: int = 3, width: int = 4, second: object = "sigmoid") -> Problem:
    """Two layers on a batch, in exact thousandths."""
    random = np.random.default_rng(5)

    def drawn(*shape: int) -> np.ndarray:
        numbers = random.integers(-1500, 1500, shape)
        return np.vectorize(lambda n: Number(Fraction(int(n), 1000)), otypes=[object])(numbers)

    layers = (
        Dense(drawn(width, 3), drawn(width), netcalc.activation("tanh")),
        Dense(drawn(2, width), drawn(2), netcalc.activation(second) if second == "sigmoid" else second),
    )
    return Problem("net", drawn(samples, 3), layers, above, NAMES | {"dx": Label("dx")})


def answered(problem: Problem, arithmetic: Balls | Float64) -> Result:
    """The backward pass's partials, without explanations."""
    with precision(200):
        found = run(problem, arithmetic)
    entries = {
        name: np.vectorize(lambda one: as_value(one, None), otypes=[object])(array) if array.dtype == object else array
        for name, array in found.items()
    }
    shown = [Tensor(called.name, entries[name], ONE, "L") for name, called in problem.names.items() if name in entries]
    return Result("net", {}, tuple(shown))


TARGET = np.array([[ONE, ONE]] * 3, dtype=object)


@pytest.mark.parametrize("second", ["sigmoid", "softmax", "log_softmax"])
@pytest.mark.parametrize("kind", ["mean", "batch", "delta"])
def test_layers_losses_and_reductions_are_confirmed(second: str, kind: str) -> None:
    """Every dW, db, dz, da and dx of a batch."""
    delta = np.array([[Number(Fraction(i - j, 3)) for j in range(2)] for i in range(3)], dtype=object)
    problem = net(delta if kind == "delta" else LossAndTarget(TARGET, loss("mse"), reduction(kind)), second=second)
    found = verify(problem, answered(problem, Balls()))
    assert found.agreed == found.partials == found.checked > 50


def test_a_large_problem_is_confirmed_by_a_sample() -> None:
    """Certified partials: as many as there is time for, always the same ones."""
    problem = net(TARGET, width=300)
    found = verify(problem, answered(problem, Balls()))
    assert found.agreed == found.checked < found.partials
    assert f"verified: {found.checked} of a sample of {found.checked} out of {found.partials:,} partials" in found.line


def test_a_very_large_problem_is_confirmed_in_float64() -> None:
    """Where balls would take too long; a wrong entry is found there too."""
    random = np.random.default_rng(1)
    x, w, b = random.normal(size=(400, 1000)), random.normal(size=1000) / 30, np.array([0.1])
    result = netcalc.neuron(x=x, w=w, b=b, verify=True)
    assert result.verification.arithmetic == "float64"
    assert result.verification.agreed == result.verification.checked
    wrong = tuple(replace(one, entries=one.entries * 1.001) if one.name == "dw" else one for one in result.tensors)
    found = verify(neuron(x, w, b, netcalc.activation("sigmoid")), replace(result, tensors=wrong))
    assert {one.name[:2] for one in found.wrong} == {"dw"}


def _deep(layers: int) -> dict[str, object]:
    """A net of 2 by 2 layers through which hardly anything gets: partials that get smaller with every layer."""
    random = np.random.default_rng(3)

    def layer() -> dict[str, object]:
        W = [[f"{w:.4f}" for w in row] for row in random.uniform(-1, 1, (2, 2))]
        return {"W": W, "b": ["0.1", "-0.1"], "activation": "tanh"}

    return {
        "input": ["0.3", "-0.2"],
        "target": ["0.5", "0.1"],
        "loss": "mse",
        "layers": [layer() for _ in range(layers)],
    }


def test_a_deep_net_is_confirmed_in_balls() -> None:
    """Partials far below what differences in float64 can see."""
    result = netcalc.net(**_deep(32), verify=True)
    assert min(abs(one.numbers()).max() for one in result.tensors if one.of) < 1e-9
    assert result.verification.agreed == result.verification.partials == 322
    assert result.verification.arithmetic == "balls"


def test_what_float64_cannot_see_is_undecided(monkeypatch: pytest.MonkeyPatch) -> None:
    """Below the noise of its differences nothing is confirmed and nothing contradicted; above it, wrong is wrong."""
    monkeypatch.setattr("netcalc.verify.BALL_WORK", 0)
    stated: list[Problem] = []
    monkeypatch.setitem(FORWARDS, Problem, lambda problem: stated.append(problem) or LayersForward(problem))
    result = netcalc.net(**_deep(35), verify=True)
    found = result.verification
    assert (found.wrong, found.kinks) == ((), ())
    assert found.agreed > 20
    assert found.untold > 80
    assert f", {found.untold:,} undecided in float64; largest disagreement " in found.line

    def off(tensor: Tensor) -> Tensor:
        wrong = [replace(one, nearest=one.nearest * 1.001, shown="?") for one in tensor.entries.reshape(-1)]
        return replace(tensor, entries=np.array(wrong, dtype=object).reshape(tensor.entries.shape))

    altered = tuple(off(one) if one.of else one for one in result.tensors)
    found = verify(stated[0], replace(result, tensors=altered))
    assert len(found.wrong) > 80
    assert found.agreed < 5  # small ones, by the size of their tensor


class Cube(Forward):
    """f = x³y, a kind of problem of its own with first and second derivatives."""

    work = 3

    def order(self, tensor: Tensor) -> int:
        return 2 if tensor.name == "hessian" else 1

    def moved(self, tensor: Tensor, index: tuple[int, ...], steps: tuple, point: dict) -> fmpq:  # noqa: ARG002
        place = [fmpq(3), fmpq(1, 2)]
        for axis, step in zip(index, steps, strict=True):
            place[axis] += step
        return place[0] ** 3 * place[1]


def test_second_derivatives_of_another_kind_of_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    """A kind of problem says how its output moves, and everything else is done."""
    monkeypatch.setitem(FORWARDS, str, Cube)

    def tensor(name: str, numbers: list) -> Tensor:
        return Tensor(name, np.vectorize(lambda n: Value(n, f"{n:g}"), otypes=[object])(np.array(numbers)), ONE, "f")

    right = Result("grad", {}, (tensor("dx", [13.5, 27.0]), tensor("hessian", [[9.0, 27.0], [27.0, 0.0]])))
    assert verify("x³y", right).line.startswith("verified: 6 of 6 partials by central differences; largest")
    wrong = Result("grad", {}, (tensor("hessian", [[9.0, 27.0], [26.0, 0.5]]),))
    assert [one.name for one in verify("x³y", wrong).wrong] == ["hessian[1,0]", "hessian[1,1]"]


def test_a_second_derivative_at_a_kink_has_no_limit() -> None:
    """Differences there grow as the steps shrink; no number is made of them."""
    result = netcalc.grad("abs(x)*y", at={"x": 0, "y": 2}, order=2, verify=True)
    assert "dxdx is at a kink: differences give no limit; netcalc takes 0" in result.notes
    assert result.verification.agreed == 4


@pytest.mark.parametrize(
    "text, at, sides",
    [
        ("elu(x)", {"x": 0}, "1 on the left, 0 on the right; netcalc takes 1"),
        ("relu(x)^2", {"x": 0}, "0 on the left, 2 on the right; netcalc takes 0"),
    ],
)
def test_a_kink_of_a_derivative_is_no_contradiction(text: str, at: dict, sides: str) -> None:
    result = netcalc.grad(text, at=at, order=2, verify=True)
    assert not result.verification.wrong
    assert f"dxdx is at a kink: differences give {sides}" in result.notes


def test_the_mean_of_both_sides_of_a_kink_is_what_central_differences_give() -> None:
    result = netcalc.grad("max(x, 0)^2", at={"x": 0}, order=2, verify=True)
    assert result.verification.agreed == 2
    assert result.notes == ("x = 0 is a kink of ∂f/∂x: ∂²f/∂x² is 0 on the left, 2 on the right; netcalc takes 1",)


@pytest.mark.parametrize(
    "text, at",
    [
        ("sign(x) + x", {"x": 0}),
        ("where(x == 3, 8, x^2)", {"x": 3}),
        ("atan2(x, -1)", {"x": 0}),
        ("where(x > 0, 1, x)", {"x": 0}),
    ],
)
def test_at_a_jump_differences_tell_nothing(text: str, at: dict) -> None:
    result = netcalc.grad(text, at=at, verify=True)
    assert result.verification.line == "verified: 0 of 1 partials by central differences, 1 at a jump"
    assert any(note.startswith("dx is at a jump, where differences come to no slope") for note in result.notes)
    assert not any("e+" in note for note in result.notes)


def test_a_wrong_second_derivative_is_contradicted_beside_a_kink_too() -> None:
    """Only what lies between the two slopes may be a convention."""
    result = netcalc.grad("elu(x)", at={"x": 0}, order=2)
    wrong = replace(result["dxdx"].entries.item(), nearest=3.0, shown="3")
    entries = np.empty((), dtype=object)
    entries[()] = wrong
    tensors = tuple(replace(one, entries=entries) if one.name == "dxdx" else one for one in result.tensors)
    assert verify(result.problem, replace(result, tensors=tensors)).wrong[0].name == "dxdx"


@pytest.mark.parametrize(
    "text",
    [
        "where(digamma(acsch(x)) < x, -40, x)",
        "sum(digamma(x*ones(2)))",
        pytest.param("abs(digamma(x) - digamma(x + 1) + 1/x)", marks=pytest.mark.nightly),
    ],
)
def test_functions_that_take_long_in_many_bits_are_held_in_fewer(text, monkeypatch):
    """A digamma of 80,000 bits takes 8 s; what is verified needs no such number."""
    slow, bits = OPERATIONS["digamma"], []
    monkeypatch.setitem(OPERATIONS, "digamma", lambda q: bits.append(ctx.prec) or slow(q))
    found = netcalc.grad(text, at={"x": "3.605"}, order=1, verify=True).verification
    assert not found.wrong
    assert found.untold == text.startswith("abs")
    assert 0 < max(bits) <= 1 << 14


def test_slopes_that_no_step_comes_near_are_not_told():
    """sin of 1e2600 turns ever so often within a step; in few bits its values are anything from -1 to 1."""
    found = netcalc.grad("sin(polygamma(4, x)^1000)", at={"x": "-2.474"}, order=2, verify=True).verification
    assert (found.wrong, found.untold) == ((), 2)
