"""netcalc.grad and its rows: values, shapes, kinks, what is said where there is no value."""

from __future__ import annotations

import json
from collections.abc import Callable

import numpy as np
import pytest
from fuzz import truth
from mpmath import mp

import netcalc
from netcalc.cli import main
from netcalc.errors import NetcalcError, UndefinedError
from netcalc.expression import Number, symbols


def test_a_jacobian_has_a_list_by_each_variable():
    result = netcalc.grad("x^2*y", "sin(x) + y", at={"x": 1, "y": 2})
    assert result.forward == {"f": [2.0, pytest.approx(2.8414709848078967)]}
    assert result.partials == {"x": [4.0, 0.5403023058681398], "y": [1.0, 1.0]}
    assert result.formulas == {"x": ["2*x*y", "cos(x)"], "y": ["x^2", "1"]}


def test_a_hessian_is_by_name_and_name():
    result = netcalc.grad("100*(y-x^2)^2 + (1-x)^2", at={"x": "-1.2", "y": 1}, order=2)
    assert result.hessian == {"x": {"x": 1330.0, "y": 480.0}, "y": {"x": 480.0, "y": 200.0}}
    assert json.loads(result.to_json())["hessian"] == result.hessian


def test_derivatives_of_a_higher_order_come_in_order():
    assert netcalc.grad("sin(2*x)", at={"x": 0}, order=5).derivatives == [2.0, 0.0, -8.0, 0.0, 32.0]


@pytest.mark.parametrize(
    "text, slope",
    [
        ("x^3 - 3*x^2 + 2*x - 1", "3*x^2 - 6*x + 2"),
        ("a*x^2 + b*x + c", "2*a*x + b"),
        ("x^2*sin(x)", "2*x*sin(x) + x^2*cos(x)"),
        ("(x^2 + 1)/(x - 1)", "(x^2 - 2*x - 1)/(x - 1)^2"),
        ("x^3/(x^2 + x + 1)", "x^2*(x^2 + 2*x + 3)/(x^2 + x + 1)^2"),
    ],
)
def test_terms_stand_in_the_order_of_what_they_come_from(text, slope):
    """As one who differentiates term by term writes them; what is simplified, in falling powers."""
    assert netcalc.grad(text, wrt=["x"]).formulas == {"x": slope}


def test_wrt_chooses_and_orders():
    result = netcalc.grad("x*y*z", at={"x": 2, "y": 3, "z": 5}, wrt=["z", "x"])
    assert result.partials == {"z": 6.0, "x": 15.0}


def test_what_has_no_value_stays_a_symbol():
    result = netcalc.grad("sigmoid(w*x + b)", at={"w": 2, "x": "1/2"})
    assert result.forward["f"] == "sigmoid(1 + b)"
    assert result.partials["b"] == "sigmoid(1 + b)*(1 - sigmoid(1 + b))"


@pytest.mark.parametrize(
    "text, at, value, slope",
    [
        ("log(1+exp(x))", "1000", lambda x: mp.log1p(mp.exp(x)), lambda x: 1 / (1 + mp.exp(-x))),
        ("log(1+exp(x))", "-40", lambda x: mp.log1p(mp.exp(x)), lambda x: 1 / (1 + mp.exp(-x))),
        ("(exp(x)-1)/x", "1e-20", lambda x: mp.expm1(x) / x, lambda x: (x * mp.exp(x) - mp.expm1(x)) / x**2),
        ("1/(1+exp(-x))", "-1000", lambda x: 1 / (1 + mp.exp(-x)), lambda x: 1 / (2 + 2 * mp.cosh(x))),
    ],
)
def test_stable_where_the_naive_formula_is_not(text, at, value, slope):
    """To the last of 30 digits."""
    result = netcalc.grad(text, at={"x": at}, digits=30)
    with mp.workdps(120):
        x = mp.mpf(at)
        for found, true in ((result.forward["f"], value(x)), (result.partials["x"], slope(x))):
            assert abs(mp.mpf(found) - true) <= abs(true) * mp.mpf("5.1e-30")


@pytest.mark.parametrize(
    "text, said",
    [
        ("abs(x)", "x = 0 is a kink of f: ∂f/∂x is -1 on the left, 1 on the right; netcalc takes 0, as PyTorch does"),
        ("relu(x)", "x = 0 is a kink of f: ∂f/∂x is 0 on the left, 1 on the right; netcalc takes 0, as PyTorch does"),
        ("max(x, 0)", "x = 0 is a kink of f: ∂f/∂x is 0 on the left, 1 on the right; netcalc takes 0.5"),
        ("sign(x)", "f jumps at x = 0: it comes to -1 from the left, 1 from the right"),
        ("x*sign(x)", "x = 0 is a kink"),
    ],
)
def test_kinks_and_jumps_are_told(text, said):
    assert any(note.startswith(said) for note in netcalc.grad(text, at={"x": 0}).notes)


@pytest.mark.parametrize("text", ["abs(x)^3", "x*relu(x)", "where(x > 1, 0, x)", "max(x, -1)", "abs(x - 1)"])
def test_smooth_points_have_no_note(text):
    assert netcalc.grad(text, at={"x": 0}).notes == ()


@pytest.mark.parametrize(
    "text, at, said",
    [
        ("log(x - 3)*y", {"x": 1, "y": 1}, "log(x - 3) is defined for x - 3 > 0; here x - 3 = -2"),
        ("x/y", {"x": 0, "y": 0}, "x/y is defined for y != 0; here y = 0 (0/0: x is 0 too)"),
        ("asin(2*x)", {"x": 1}, "asin(2*x) is defined for -1 <= 2*x and 2*x <= 1; here 2*x = 2"),
        ("gamma(x)", {"x": -3}, "gamma(x) has poles at 0, -1, -2, …; here x = -3"),
        ("(x - 1)^0.5", {"x": 0}, "(x - 1)^0.5 is defined for x - 1 >= 0, as its exponent is no whole number"),
        ("x^y", {"x": 0, "y": -1}, "x^y is defined for x != 0"),
        ("atan2(x, x)", {"x": 0}, "atan2(x, x) is not defined where both are 0"),
        ("tan(x)", {"x": "pi/2"}, "tan(x) has poles at odd multiples of pi/2"),
        ("exp(sqrt(log(x)))", {"x": "1/2"}, "sqrt(log(x)) is defined for log(x) >= 0; here log(x) = -0.693147"),
        ("where(x > 0, x, 1/x)", {"x": 0}, "1/x is defined for x != 0"),
    ],
)
def test_no_value_says_which_subexpression_and_why(text, at, said):
    with pytest.raises(UndefinedError) as caught:
        netcalc.grad(text, at=at)
    assert caught.value.message.startswith(said)


def test_a_branch_not_taken_has_no_say():
    """Its slope is undefined, and multiplies nothing."""
    result = netcalc.grad("where(x > 0, log(x), x^2) + where(x < 0, 3, sqrt(x + 1))", at={"x": "-2"})
    assert result.partials["x"] == -4.0


def test_arrays_are_many_points():
    x = np.linspace(-3, 3, 7)
    result = netcalc.grad("x^2*y", at={"x": x, "y": 2})
    assert result.partials["x"] == (4 * x).tolist()


def test_lists_in_a_dot_product_are_vectors():
    """As those in a sum are; of numbers a note says what it is."""
    x, y = [0.5, -1.0, 2.0], [1.0, 2.0, 3.0]
    assert netcalc.grad("dot(x, y)^2", at={"x": x, "y": y}).partials == {"x": [9.0, 18.0, 27.0], "y": [4.5, -9.0, 18.0]}
    assert netcalc.grad("dot([x, 1], [y, x])", at={"x": x, "y": y}).partials["x"] == [2.0, 3.0, 4.0]
    (note,) = netcalc.grad("dot(x, y)", at={"x": 2, "y": 3}).notes
    assert note.startswith("dot of two numbers is their product")


def test_lengths_that_differ_are_refused():
    with pytest.raises(NetcalcError, match="each variable has a number a point"):
        netcalc.grad("x*y", at={"x": np.ones(3), "y": np.ones(4)})


def test_a_few_rows_and_many_give_the_same(tmp_path, capfdbinary):
    """The first are exact and read as trees, the others float64: what is printed agrees to 12 digits."""
    draw = np.random.default_rng(1)
    rows = draw.uniform(-2, 2, (3000, 2))
    lines = [f"{x!r},{y!r}" for x, y in rows.tolist()]
    answers = []
    for count in (5, 3000):
        path = tmp_path / f"{count}.csv"
        path.write_text("\n".join(["x,y", *lines[:count]]) + "\n")
        assert main(["grad", "x*sin(y) + exp(-x^2)", "--at", str(path), "-f", "csv"]) == 0
        answers.append(np.loadtxt(capfdbinary.readouterr().out.decode().splitlines()[1:6], delimiter=","))
    assert np.allclose(*answers, rtol=1e-12, atol=0)
    assert np.allclose(answers[0][:, 2], (rows[:5, 0] * np.cos(rows[:5, 1])), rtol=1e-12)


def test_a_row_without_a_value_ends_the_stream_after_the_rows_before_it(tmp_path, capfdbinary):
    """With its file and line; or it is left out and kept, as one that does not read is."""
    path = tmp_path / "rows.csv"
    for count in (700, 2500):
        path.write_text("x\n" + "1\n" * count + "-1\n" + "1\n" * 10)
        assert main(["grad", "log(x)", "--at", str(path), "-f", "csv"]) == 2
        out, err = capfdbinary.readouterr()
        assert out.count(b"\n") == count + 1
        why = f"{path}, line {count + 2}: log(x) is defined for x > 0; here x = -1\n"
        assert err.decode() == f"error: {why}"
        kept = str(tmp_path / "kept")
        assert main(["grad", "log(x)", "--at", str(path), "-f", "csv", "--on-error", "skip", "--bad-rows", kept]) == 1
        out, err = capfdbinary.readouterr()
        assert out.count(b"\n") == count + 11
        assert err.decode() == f"error: 1 row has no answer; it is left out, and kept in {kept}: {why}"
        assert (tmp_path / "kept").read_text() == f"# {why}-1\n"


def test_steps_and_table_say_the_same():
    """The last number of each answer's steps is the answer's."""
    result = netcalc.grad("x^2*y/(1 + exp(x))", at={"x": 2, "y": 3})
    values = {one.name: one.value for tensor in result.tensors for one in tensor.elements()}
    last = {step.element: step.chain[-1] for step in result.steps if step.element}
    assert {name: str(values[name].shown) for name in last} == {name: leaf.written for name, leaf in last.items()}


def test_a_large_expression_takes_seconds():
    """A Rosenbrock function of 40 variables, every partial proven."""
    rosenbrock = "+".join(f"100*(x{i + 1} - x{i}^2)^2 + (1 - x{i})^2" for i in range(39))
    result = netcalc.grad(rosenbrock, at={f"x{i}": "1/3" for i in range(40)})
    assert result.certainty == "certified: 41 of 41 values"
    assert result.partials["x0"] == pytest.approx(-4 / 3 - 400 / 3 * (1 / 3 - 1 / 9))


@pytest.mark.parametrize("text", ["exp(exp(x))", "gelu(1e300*x)", "sin(exp(exp(x)))"])
def test_numbers_beyond_all_bounds_end_in_a_word(text):
    """Exponents of thousands of digits, and algebra that overflows within SymPy."""
    result = netcalc.grad(text, at={"x": 10})
    assert "certified" in result.certainty


def test_a_derivative_that_grows_too_large_is_refused(monkeypatch):
    monkeypatch.setattr("netcalc.derivation.forms.LARGEST", 2_000)
    with pytest.raises(NetcalcError, match="grow too large"):
        netcalc.grad("tan(tan(tan(x)))", at={"x": 1}, order=12)


def test_a_constant_has_its_value():
    assert netcalc.grad("sqrt(2)").forward["f"] == 1.4142135623730951


def test_one_partial_without_a_value_leaves_the_others():
    """sqrt has no slope at 0; what stands beside it does."""
    result = netcalc.grad("sqrt(x)*y^2 + z", at={"x": 0, "y": 1, "z": 2}, verify=True)
    assert result.partials == {"x": None, "y": 0.0, "z": 1.0}
    assert result["dx"].entries.item().shown == "undefined"
    said = "∂f/∂x has no value here: y^2/(2*sqrt(x)) is defined for 2*sqrt(x) != 0; here 2*sqrt(x) = 0"
    assert result.notes == (said,)
    assert not result.verification.wrong


def test_what_has_no_value_has_no_derivative():
    """Nor has a derivative, where its formula would be 0 all the same."""
    result = netcalc.grad("1/x", "y^2", at={"x": 0, "y": 3})
    assert result.forward["f"] == [None, 9.0]
    assert result.partials == {"x": [None, 0.0], "y": [None, 6.0]}
    assert result.notes == ("f0 has no value here: 1/x is defined for x != 0; here x = 0",)
    hessian = netcalc.grad("sqrt(x) + y", at={"x": 0, "y": 3}, order=2).hessian
    assert hessian == {"x": {"x": None, "y": None}, "y": {"x": 0.0, "y": 0.0}}


def test_a_partial_without_a_value_is_told_on_stderr_where_cells_are_bare(capfd):
    assert main(["grad", "sqrt(x) + y", "--at", "x=0", "y=1", "-f", "csv"]) == 0
    out, told = capfd.readouterr()
    assert out.splitlines()[2] == "dx,1/(2*sqrt(x)),"
    assert told.startswith("note: ∂f/∂x has no value here: 1/(2*sqrt(x)) is defined for")


@pytest.mark.parametrize(
    "text, at",
    [
        ("log(x) - log(y)", {"x": "2.0000001", "y": 2}),
        ("sqrt(x + 1) - sqrt(x)", {"x": "1e10"}),
        ("100*(y - x^2)^2 + (1 - x)^2", {"x": "0.123456789", "y": "0.0152415787"}),
        ("where(x > 1, x - 1, 3*x)", {"x": "1.00000001"}),
        ("sigmoid(x) - 1", {"x": 30}),
    ],
)
def test_what_a_step_shows_comes_to_what_it_says(text, at):
    """Numbers that cancel have as many digits as that takes."""
    for step in netcalc.grad(text, at=at).steps:
        *_, put_in, value = (None, *step.chain)
        if put_in is not None and not symbols(put_in) and isinstance(value, Number):
            found = truth.value(put_in, {})
            assert abs(found - mp.mpf(value.value.numerator) / value.value.denominator) <= abs(found) * mp.mpf("2e-3")


@pytest.mark.parametrize(
    "asked, message",
    [
        (lambda: netcalc.grad("x", at={"x": "abc"}), "x is abc, which is no number"),
        (lambda: netcalc.grad("x", at={"x": None}), "x is None: give it a number, or leave it out"),
        (lambda: netcalc.grad("x", at={"x": True}), "True is not a finite real number"),
        (lambda: netcalc.grad("x", at="p.csv"), "at has what it holds by name, .* and not 'p.csv'"),
        (lambda: netcalc.grad(5), "an expression is text, .* and not 5"),
        (lambda: netcalc.grad(["x", "y"]), r"an expression is text, .* and not \['x', 'y'\]"),
        (lambda: netcalc.grad("x", order=0), "order is a whole number from 1 on, and not 0"),
        (lambda: netcalc.grad("x", order=-1), "order is a whole number from 1 on, and not -1"),
        (lambda: netcalc.grad("x", order=True), "order is a whole number from 1 on, and not True"),
        (lambda: netcalc.grad("x", digits=0), "digits are a whole number from 1 to 10,000, and not 0"),
        (
            lambda: netcalc.neuron(x=1, w=2, b=3, digits=True),
            "digits are a whole number from 1 to 10,000, and not True",
        ),
        (lambda: netcalc.neuron(x=[True], w=[2], b=3), "True is not a finite real number"),
        (lambda: netcalc.net(None), "layers are a list, each with W, b and activation, and not None"),
    ],
)
def test_the_library_refuses_in_one_sentence(asked: Callable[[], object], message: str) -> None:
    """What is no number, no expression, no mapping: a NetcalcError as the command line gives."""
    with pytest.raises(NetcalcError, match=message):
        asked()


def test_a_derivative_that_has_grown_too_long_is_not_differentiated_again():
    text = "sin(" * 8 + "x" + ")" * 8
    with pytest.raises(NetcalcError, match="order of at most 5"):
        netcalc.grad(text, at={"x": 1}, order=7)
