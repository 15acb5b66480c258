"""The functions that expressions know: what each library names is read, and is what it is there."""
# ruff: noqa: ARG005 - each meaning takes the three variables, and uses those that it has

from __future__ import annotations

import inspect
import math

import mpmath
import numpy as np
import pytest
from flint import arb, fmpq
from mpmath import mpf

import netcalc
from netcalc.arithmetic.balls import ball, precision
from netcalc.arithmetic.evaluation import numeral
from netcalc.derivation.accumulate import gradient
from netcalc.derivation.derive import evaluable
from netcalc.derivation.forms import Forms
from netcalc.errors import ExpressionError
from netcalc.expression import parse
from netcalc.expression.functions import LIBRARIES, OF_LISTS, TEXTBOOK, TORCH, function_named
from netcalc.models.activations import read_activation
from netcalc.notation import to_ascii

X, Y, Z = fmpq(7, 5), fmpq(3, 8), fmpq(-9, 4)


def _sigmoid(x):
    return 1 / (1 + mpmath.exp(-x))


def _clip(x, low, high):
    return min(max(x, low), high)


# What is typed, and the same by mpmath; of x = 7/5, y = 3/8 and z = -9/4.
MEANINGS = {
    "log(x, 3)": lambda x, y, z: mpmath.log(x) / mpmath.log(3),
    "log(x, y)": lambda x, y, z: mpmath.log(x, y),
    "log(x, base=10)": lambda x, y, z: mpmath.log10(x),
    "sech(x)": lambda x, y, z: mpmath.sech(x),
    "csch(z)": lambda x, y, z: mpmath.csch(z),
    "coth(z)": lambda x, y, z: mpmath.coth(z),
    "asec(x)": lambda x, y, z: mpmath.asec(x),
    "arccsc(z)": lambda x, y, z: mpmath.acsc(z),
    "acot(z)": lambda x, y, z: mpmath.acot(z),
    "asech(y)": lambda x, y, z: mpmath.asech(y),
    "arccsch(z)": lambda x, y, z: mpmath.acsch(z),
    "arcoth(z)": lambda x, y, z: mpmath.acoth(z),
    "square(z)": lambda x, y, z: z**2,
    "pow(x, y)": lambda x, y, z: x**y,
    "power(z, 3)": lambda x, y, z: z**3,
    "float_power(x, z)": lambda x, y, z: x**z,
    "reciprocal(z)": lambda x, y, z: 1 / z,
    "rsqrt(x)": lambda x, y, z: x**-0.5,
    "exp2(y)": lambda x, y, z: mpf(2) ** y,
    "positive(x)": lambda x, y, z: x,
    "negative(x)*y": lambda x, y, z: -x * y,
    "add(x, y)*subtract(x, z)": lambda x, y, z: (x + y) * (x - z),
    "multiply(x, y)/true_divide(y, z)": lambda x, y, z: x * z,
    "fma(x, y, z)": lambda x, y, z: x * y + z,
    "lerp(x, y, z)": lambda x, y, z: x + z * (y - x),
    "ldexp(x, 3)": lambda x, y, z: 8 * x,
    "logaddexp(x, y)": lambda x, y, z: mpmath.log(mpmath.exp(x) + mpmath.exp(y)),
    "logaddexp2(x, z)": lambda x, y, z: mpmath.log(2**x + 2**z, 2),
    "logit(y)": lambda x, y, z: mpmath.log(y / (1 - y)),
    "logcosh(z)": lambda x, y, z: mpmath.log(mpmath.cosh(z)),
    "sinc(y)": lambda x, y, z: mpmath.sincpi(y),
    "xlogy(z, y)": lambda x, y, z: z * mpmath.log(y),
    "xlog1py(z, y)": lambda x, y, z: z * mpmath.log1p(y),
    "entr(x)": lambda x, y, z: -x * mpmath.log(x),
    "erfinv(y)": lambda x, y, z: mpmath.erfinv(y),
    "ndtr(z)": lambda x, y, z: mpmath.ncdf(z),
    "ndtri(y)": lambda x, y, z: mpmath.sqrt(2) * mpmath.erfinv(2 * y - 1),
    "log_ndtr(z)": lambda x, y, z: mpmath.log(mpmath.ncdf(z)),
    "erfcx(z)": lambda x, y, z: mpmath.exp(z**2) * mpmath.erfc(z),
    "factorial(x)": lambda x, y, z: mpmath.factorial(x),
    "betaln(x, y)": lambda x, y, z: mpmath.log(mpmath.beta(x, y)),
    "psi(x)": lambda x, y, z: mpmath.digamma(x),
    "radians(x)": lambda x, y, z: mpmath.radians(x),
    "rad2deg(x)": lambda x, y, z: mpmath.degrees(x),
    "ceil(z)*x + ceil(x)*y": lambda x, y, z: mpmath.ceil(z) * x + mpmath.ceil(x) * y,
    "trunc(z)*x + fix(x)*y": lambda x, y, z: -2 * x + y,
    "rint(z)*x + round(x)*y": lambda x, y, z: -2 * x + y,
    "frac(z) + 0*frac(x)": lambda x, y, z: z + 2,
    "floor_divide(z, x)*y": lambda x, y, z: -2 * y,
    "remainder(z, x)": lambda x, y, z: z + 2 * x,
    "fmod(z, x) + mod(x, y)": lambda x, y, z: z + x + x - 3 * y,
    "heaviside(z, x)": lambda x, y, z: mpf(0) * z,
    "copysign(x, z)": lambda x, y, z: -x,
    "fdim(x, y)": lambda x, y, z: x - y,
    "clip(z, -1, 1) + clip(y, -1, 1) + clip(x, -1, 1)": lambda x, y, z: y,
    "clamp(x, 2, 1)": lambda x, y, z: mpf(1),
    "clamp(x, y, z)": lambda x, y, z: z,
    "clip(x, a_min=y, a_max=1)": lambda x, y, z: mpf(1),
    "clamp(x, min=2)*z": lambda x, y, z: 2 * z,
    "clip(x, max=y)": lambda x, y, z: y,
    "clamp_min(z, y) + clamp_max(z, y)": lambda x, y, z: y + z,
    "squareplus(x)": lambda x, y, z: (x + mpmath.sqrt(x**2 + 4)) / 2,
    "maximum(x, y)*fmin(x, y)*fabs(z)": lambda x, y, z: -x * y * z,
    "prod([x, y, z]) + fsum([x, y])": lambda x, y, z: x * y * z + x + y,
    "hypot(x, y)": lambda x, y, z: mpmath.hypot(x, y),
    "hypot(x, y, z)": lambda x, y, z: mpmath.sqrt(x**2 + y**2 + z**2),
    "dist([x, y], [z, 1])": lambda x, y, z: mpmath.hypot(x - z, y - 1),
    "sumprod([x, y], [z, 1])": lambda x, y, z: x * z + y,
    "expit(z)": lambda x, y, z: _sigmoid(z),
    "prelu(z, y) + prelu(x, y)": lambda x, y, z: y * z + x,
    "rrelu(z)": lambda x, y, z: z * mpf(11) / 48,
    "rrelu(z, upper=1/2)": lambda x, y, z: z * mpf(5) / 16,
    "threshold(z, 0.1, 20)*x + threshold(x, 0.1, 20)": lambda x, y, z: 20 * x + x,
    "tanhshrink(z)": lambda x, y, z: z - mpmath.tanh(z),
    "softshrink(x) + softshrink(y) + softshrink(z)": lambda x, y, z: x + z,
    "hardshrink(x) + hardshrink(y) + hardshrink(z, 3)": lambda x, y, z: x,
    "leaky_relu(z, y)": lambda x, y, z: y * z,
    "leaky_relu(z, negative_slope=0.2)": lambda x, y, z: z / 5,
    "elu(z, alpha=y)": lambda x, y, z: y * mpmath.expm1(z),
    "celu(z, x)": lambda x, y, z: x * mpmath.expm1(z / x),
    "softplus(z, 2)": lambda x, y, z: mpmath.log1p(mpmath.exp(2 * z)) / 2,
    "softplus(x, beta=2, threshold=2)": lambda x, y, z: x,
    "softplus(x, threshold=2)": lambda x, y, z: mpmath.log1p(mpmath.exp(x)),
    "hardtanh(z, -2, 2) + Hardtanh(x, max_val=y)": lambda x, y, z: y - 2,
    "ReLU(x)*GELU(z)*SiLU(y)": lambda x, y, z: x * z * mpmath.ncdf(z) * y * _sigmoid(y),
    "LeakyReLU(z)": lambda x, y, z: z / 100,
    "LogSigmoid(z)": lambda x, y, z: mpmath.log(_sigmoid(z)),
    "Sin(x)*EXP(y)": lambda x, y, z: mpmath.sin(x) * mpmath.exp(y),
}


def as_mpf(numeral):
    low, high = (end.man_exp() for end in (ball(numeral).lower(), ball(numeral).upper()))
    middle = [mpmath.ldexp(int(mantissa), int(exponent)) for mantissa, exponent in (low, high)]
    assert abs(middle[0] - middle[1]) < mpf(10) ** -40
    return middle[0]


@pytest.mark.parametrize("text", MEANINGS)
def test_function_is_what_mpmath_says(text):
    """Its value, and its derivative by each variable, to 30 digits."""
    tree, forms, values = parse(text), Forms("xyz"), {"x": X, "y": Y, "z": Z}
    derivatives = gradient(forms, tree, ["x", "y", "z"])
    with mpmath.workdps(60), precision(400):
        point = [mpf(int(q.p)) / int(q.q) for q in (X, Y, Z)]
        value, *slopes = (as_mpf(numeral(one, values)) for one in evaluable((tree, *derivatives)))
        assert mpmath.almosteq(value, MEANINGS[text](*point), 1e-30, 1e-30)
        for place, slope in enumerate(slopes):
            order = tuple(int(n == place) for n in range(3))
            assert mpmath.almosteq(slope, mpmath.diff(MEANINGS[text], point, order), 1e-15, 1e-15)


def test_every_function_that_is_written_out_is_in_the_table():
    """And whatever is written out reads as itself again."""
    typed = " ".join(MEANINGS)
    for function in (*TEXTBOOK, *TORCH, *LIBRARIES, *OF_LISTS[1:]):
        assert any(f"{spelling}(" in typed for spelling in (function.name, *function.aliases)), function.name
    for text in MEANINGS:
        assert parse(to_ascii(parse(text))) == parse(text)


# Of whole numbers, of conditions, of what is no real number, of a float64's bits; or with two results.
NOT_REAL = [
    "bitwise_and",
    "bitwise_or",
    "bitwise_xor",
    "bitwise_count",
    "bitwise_invert",
    "bitwise_not",
    "bitwise_left_shift",
    "bitwise_right_shift",
    "invert",
    "left_shift",
    "right_shift",
    "logical_and",
    "logical_or",
    "logical_xor",
    "logical_not",
    "equal",
    "not_equal",
    "less",
    "less_equal",
    "greater",
    "greater_equal",
    "isfinite",
    "isinf",
    "isnan",
    "isnat",
    "signbit",
    "gcd",
    "lcm",
    "conj",
    "conjugate",
    "frexp",
    "modf",
    "divmod",
    "nextafter",
    "spacing",
    "matmul",
    "vecdot",
    "matvec",
    "vecmat",
    "isclose",
    "comb",
    "perm",
    "isqrt",
    "ulp",
    "isnormal",
    "issubnormal",
]


def test_every_function_of_numpy_is_read():
    """Each ufunc of real numbers."""
    ufuncs = {name for name in dir(np) if isinstance(getattr(np, name), np.ufunc)}
    missing = {name for name in ufuncs if function_named(name) is None} - set(NOT_REAL)
    assert {name for name in missing if not name.startswith("_")} == set()


def test_every_function_of_pythons_math_is_read():
    """Each of real numbers."""
    names = {name for name in dir(math) if inspect.isbuiltin(getattr(math, name))}
    assert {name for name in names if function_named(name) is None} - set(NOT_REAL) == set()


# torch.nn.functional's elementwise activations, as of PyTorch 2.13, with arguments where they need some.
OF_TORCH = [
    "celu",
    "elu",
    "gelu",
    "hardshrink",
    "hardsigmoid",
    "hardswish",
    "hardtanh",
    "leaky_relu",
    "logsigmoid",
    "mish",
    "prelu",
    "relu",
    "relu6",
    "rrelu",
    "selu",
    "sigmoid",
    "silu",
    "softplus",
    "softshrink",
    "softsign",
    "tanh",
    "tanhshrink",
    "threshold",
]
NEEDED = {"threshold": ("0.1", "20"), "prelu": ("0.25",)}


@pytest.mark.parametrize("name", OF_TORCH)
def test_every_activation_of_torch_is_read(name):
    """As an activation of q, by the function's name and by the class's."""
    arguments = NEEDED.get(name, ())
    for spelling in (name, name.upper(), name.capitalize()):
        found = read_activation(f"{spelling}({', '.join(arguments)})" if arguments else spelling)
        assert found.row.formula == read_activation(f"{name}({', '.join(arguments)})").row.formula


def test_the_list_is_torchs_own():
    """And with torch's values, slopes and defaults, where it is installed."""
    torch = pytest.importorskip("torch")
    q = torch.tensor([-30.0, -2.5, -0.4, 0.3, 1.7, 7.0], dtype=torch.float64, requires_grad=True)
    for name in OF_TORCH:
        arguments = [float(one) for one in NEEDED.get(name, ())]
        given = [torch.tensor(arguments, dtype=torch.float64)] if name == "prelu" else arguments
        value = getattr(torch.nn.functional, name)(q, *given)
        (slope,) = torch.autograd.grad(value.sum(), q)
        found = read_activation(f"{name}({', '.join(NEEDED.get(name, ()))})" if arguments else name)
        for order, theirs in ((0, value), (1, slope)):
            from netcalc.graph.arithmetic.float64 import Float64

            ours = Float64().activate(found, order, q.detach().numpy())
            np.testing.assert_allclose(ours, theirs.detach().numpy(), rtol=1e-6, atol=1e-12)


def test_nested_functions_that_would_grow_beyond_measure_are_refused():
    with pytest.raises(ExpressionError, match="written out"):
        parse("sinc(" * 40 + "x" + ")" * 40)


def test_whole_numbers_round_as_numpys_do():
    """Halves to even; a remainder has the divisor's sign, fmod's the dividend's."""
    halves = [fmpq(n, 2) for n in range(-9, 10)]
    for name in ("floor", "ceil", "trunc", "rint"):
        expected = [int(getattr(np, name)(n / 2)) for n in range(-9, 10)]
        assert [numeral(parse(f"{name}(x)"), {"x": x}) for x in halves] == expected
    for name in ("remainder", "fmod", "floor_divide"):
        for y in (fmpq(3, 2), fmpq(-3, 2)):
            expected = [float(getattr(np, name)(n / 2, int(y.p) / int(y.q))) for n in range(-9, 10)]
            found = [numeral(parse(f"{name}(x, y)"), {"x": x, "y": y}) for x in halves]
            assert [int(one.p) / int(one.q) for one in found] == expected


def test_a_step_is_said_to_jump():
    result = netcalc.grad("floor(x)", at={"x": 2})
    assert (result.forward["f"], result.partials["x"]) == (2, 0)
    assert result.notes[0].startswith("f jumps at x = 2: it comes to 1 from the left, 2 from the right")
    assert netcalc.grad("x*floor(x)", at={"x": 2.5}).partials["x"] == 2
    assert netcalc.grad("mod(x, 1)", at={"x": 2.25}).partials["x"] == 1
    assert netcalc.neuron(x=[1], w=[2.5], b=0, activation="floor").partials["b"] == 0


def test_the_bounds_of_a_clamp_pass_the_slope_on():
    """As in PyTorch: at the bound itself the slope is 1."""
    (slope,) = gradient(Forms("x"), parse("clamp(x, 0, 1)"), ["x"])
    assert [numeral(slope, {"x": fmpq(n, 2)}) for n in (-1, 0, 1, 2, 3)] == [0, 1, 1, 1, 0]
    assert isinstance(numeral(parse("erfinv(x)"), {"x": fmpq(1, 2)}), arb)
