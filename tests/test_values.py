"""Numbers as people type them: exact, in lists and matrices, or a file; anything else is named."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from netcalc.errors import NetcalcError, ShapeError, ValueSyntaxError
from netcalc.expression import Number, evaluate
from netcalc.files.cells import RATIONAL, nearest_float
from netcalc.notation import to_ascii
from netcalc.values import read_array, read_matrix, read_scalar, read_vector, to_exact, to_float64


def exactly(array):
    """The exact numbers of a tensor of trees, as nested lists."""
    if isinstance(array, np.ndarray) and array.ndim:
        return [exactly(row) for row in array]
    return _rational(array.item() if isinstance(array, np.ndarray) else array)


def _rational(tree):
    return evaluate(tree, RATIONAL, lambda leaf: leaf.value)


@pytest.mark.parametrize(
    "texts, expected",
    [
        (["-1", "-2"], [-1, -2]),
        (["-1,-2"], [-1, -2]),
        (["-1 -2"], [-1, -2]),
        (["[-1, -2]"], [-1, -2]),
        (["0.1", "1/3", "-.5", "1e-3"], [Fraction(1, 10), Fraction(1, 3), Fraction(-1, 2), Fraction(1, 1000)]),
        (["2^10", "(1+2)*3", "−4"], [1024, 9, -4]),
        (["1,2; 3,4"], [[1, 2], [3, 4]]),
        (["1,2;", "3,4"], [[1, 2], [3, 4]]),
        (["1,2; 3,4;"], [[1, 2], [3, 4]]),
        (["[[1, 2], [3, 4]]"], [[1, 2], [3, 4]]),
        (["1 2\n3 4"], [[1, 2], [3, 4]]),
        (["(-1, -2)"], [-1, -2]),
        (["(1/2, (1+2)/3)"], [Fraction(1, 2), 1]),
        (["[ 1. -2.]"], [1, -2]),
        (["[1 2; 3 4]"], [[1, 2], [3, 4]]),
        (["array([1., 2.])"], [1, 2]),
        (["tensor([[1., 2.],\n        [3., 4.]], grad_fn=<MmBackward0>)"], [[1, 2], [3, 4]]),
    ],
)
def test_a_vector_as_it_is_typed(texts, expected):
    """One sample (n,), or rows of them; every number exactly what was written."""
    assert exactly(read_vector(texts, "--x")) == expected


def test_a_matrix_has_rows_even_if_it_has_one():
    assert exactly(read_matrix(["1,2,3"], "--matrix")) == [[1, 2, 3]]
    assert exactly(read_matrix(["4,-4; 1,2"], "--matrix")) == [[4, -4], [1, 2]]


PRINTED = {
    "((1, 2), (3, 4),)": [[1, 2], [3, 4]],
    "[[ 1.  2.]\n [-3.  4.]]": [[1, 2], [-3, 4]],
    "[[[1 2]\n  [3 4]]]": [[[1, 2], [3, 4]]],
    "[1; 2]": [[1], [2]],
    "(1,)": [1],
    "np.array([[1, 2]], dtype=np.float32)": [[1, 2]],
    "Array([1., 2.], dtype=float32)": [1, 2],
    "Parameter containing:\ntensor([1., 2.], requires_grad=True)": [1, 2],
    "tensor(3., dtype=torch.float64)": 3,
    "[1 - 2, 3]": [-1, 3],
}


@pytest.mark.parametrize("text", PRINTED)
def test_an_array_as_libraries_print_it(text):
    assert exactly(read_array(text, "--at x")) == PRINTED[text]


def test_an_array_printed_in_part_is_refused():
    with pytest.raises(ValueSyntaxError, match="lacks numbers: save it"):
        read_array("[0. 1. ... 8. 9.]", "--at x")


def test_constants_keep_their_form():
    """√2 is no decimal until someone evaluates it."""
    assert [to_ascii(tree) for tree in read_vector(["sqrt(2)", "pi/4", "e", "atan2(1, 2)"], "--x")] == [
        "sqrt(2)",
        "pi/4",
        "e",
        "atan2(1, 2)",
    ]


@pytest.mark.parametrize(
    "texts, message",
    [
        (["1", "x"], "--x: 'x' is neither a number nor a file"),
        (["1", "nan"], "--x: 'nan' is not a finite number"),
        (["-inf"], "--x: '-inf' is not a finite number"),
        (["1", "-"], "--x: '-' is standard input, and stands alone"),
        (["1,,2"], "a number is missing beside a comma"),
        (["1,2; 3"], "its rows have 2, 1 numbers, not all the same"),
        ([""], "no number is given"),
        (["1/0"], "'1/0' divides by zero"),
        (["sqrt(-1)"], "'sqrt(-1)' is no number"),
        (["log(0)"], "'log(0)' is no number"),
        (["9**9**9**9"], "--x:"),
        (["1e999999999999"], "--x:"),
        (["there-is-no.csv"], "there is no file 'there-is-no.csv'"),
        (["1", "numbers.csv"], "'numbers.csv' is a file; give one file alone, or numbers alone"),
    ],
)
def test_what_is_no_number_is_named(texts, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "numbers.csv").write_text("1,2\n")
    with pytest.raises(NetcalcError) as caught:
        read_vector(texts, "--x")
    assert message in caught.value.message


@pytest.mark.parametrize(
    "content, columns, expected",
    [
        ("1\n2\n3\n", None, [1, 2, 3]),
        ("1,2,3\n", None, [1, 2, 3]),
        ("1,2\n3,4\n", None, [[1, 2], [3, 4]]),
        ("1\n2\n3\n", 3, [1, 2, 3]),
        ("1\n2\n3\n", 1, [[1], [2], [3]]),
    ],
)
def test_a_file_s_column_is_a_vector_unless_a_sample_is_one_number(content, columns, expected, tmp_path):
    path = tmp_path / "x.csv"
    path.write_text(content)
    assert exactly(read_vector([str(path)], "--x", columns=columns)) == expected


def test_a_matrix_needs_rows_and_columns(tmp_path):
    np.save(tmp_path / "v.npy", np.arange(3.0))
    with pytest.raises(ShapeError, match="holds an array of 3; a matrix has rows and columns"):
        read_matrix([str(tmp_path / "v.npy")], "--matrix")
    np.save(tmp_path / "t.npy", np.zeros((2, 2, 2)))
    with pytest.raises(ShapeError, match="holds an array of 2 × 2 × 2; a vector or rows of them are needed"):
        read_vector([str(tmp_path / "t.npy")], "--x")


@given(st.fractions(max_denominator=10**9))
@settings(max_examples=60, deadline=None)
def test_a_fraction_is_read_as_what_it_is_and_rounds_once(number):
    """Exactly, and its float64 is the nearest one: Fraction's own."""
    tree = read_scalar(f"{number.numerator}/{number.denominator}", "--b")
    assert _rational(tree) == number
    assert nearest_float(tree) == float(number)


@given(st.floats(allow_nan=False, allow_infinity=False))
@settings(max_examples=60, deadline=None)
def test_float64_goes_to_text_and_back(number):
    """The shortest text of a float64 reads as a number whose nearest float64 it is; exact and back is itself."""
    assert nearest_float(read_scalar(repr(number), "--b")) == number
    array = np.array([number])
    assert to_float64(to_exact(array)) == array
    assert to_exact(array)[0] == Number(Fraction(number))


def test_irrational_constants_round_to_the_nearest():
    """√2, π and e to the last bit, as mpmath has them."""
    mpmath = pytest.importorskip("mpmath")
    with mpmath.workprec(400):
        for text, true in (("sqrt(2)", mpmath.sqrt(2)), ("pi/4", mpmath.pi / 4), ("e^10", mpmath.e**10)):
            assert nearest_float(read_scalar(text, "--b")) == float(true)


def test_a_constant_beyond_float64_is_refused_where_float64_is_needed():
    tree = read_scalar("10^399", "--b")
    with pytest.raises(ValueSyntaxError, match="beyond the range of float64"):
        nearest_float(tree)


def test_results_of_equal_problems_are_equal():
    """Whatever made them; another number makes another result."""
    import netcalc

    one, other = (netcalc.neuron(x=[-1, "-2"], w=w, b=-3) for w in ([4, -4], ["4", -4]))
    assert one == other
    assert hash(one) == hash(other)
    assert one != netcalc.neuron(x=[-1, -2], w=[4, -5], b=-3)
    assert netcalc.grad("sum(x*x)", at={"x": [1, 2]}) == netcalc.grad("sum(x*x)", at={"x": [1, 2]})
