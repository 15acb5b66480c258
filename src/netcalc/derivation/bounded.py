"""SymPy within its budget: what it simplifies, proves or factors, if that takes little.

A budget counts what SymPy evaluates, so that an answer depends on the formula alone, not on the machine, in any thread.
What evaluates nothing while it works, the algebra of polynomials, is bounded by their size before it is tried.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator
from typing import Any, Self

from netcalc.errors import TookTooLong

SIMPLIFY_EVALUATIONS = 40_000  # of sums, products, powers and functions: 10,000 to 40,000 a second
FACTOR_EVALUATIONS = 10_000
MOST_GENERATORS = 6  # of a polynomial that SymPy takes the greatest divisor of, or factors, in less than a second
MOST_TERMS = 5_000  # of one multiplied out
HIGHEST_DEGREE = 200
LONGEST_EXPANSION = 30  # exponent of a sum that may be multiplied out
LONGEST_NUMBER = 400  # bits
MOST_TIMES_A_LOGARITHM = 10_000
# What SymPy, asked for too much, may end with; the formula then stays as it is.
SYMPY_FAILURES = (
    ArithmeticError,
    AttributeError,
    MemoryError,
    NotImplementedError,
    RecursionError,
    TypeError,
    ValueError,
)


class Budget(int):
    """SymPy's switch `evaluate`, on; each time that it is read there is one evaluation less to go.

    A budget within another one draws on both.
    """

    used: int
    evaluations: int
    around: object

    def __new__(cls, evaluations: int, around: object) -> Self:
        self = super().__new__(cls, True)
        self.used, self.evaluations, self.around = 0, evaluations, around
        return self

    def __bool__(self) -> bool:
        self.used += 1
        if self.used > self.evaluations:
            raise TookTooLong(f"the algebra took more than {self.evaluations:,} evaluations")
        return bool(self.around)


@contextlib.contextmanager
def bounded(evaluations: int) -> Iterator[Budget]:
    """Raises TookTooLong inside after so many evaluations by SymPy in this thread.

    SymPy reads its switch `evaluate`, which each thread has for itself, whenever it makes a sum, product, power or
    function that it does not remember.
    """
    import sympy as sp
    from sympy.core.parameters import global_parameters

    budget = Budget(evaluations, global_parameters.evaluate)
    with sp.evaluate(budget):
        yield budget


def equal(a: Any, b: Any) -> bool:
    """Whether SymPy proves it within its budget."""
    import sympy as sp

    with contextlib.suppress(TookTooLong), bounded(SIMPLIFY_EVALUATIONS):
        over_one_bar = sp.expand(sp.numer(sp.together(a - b)))  # far quicker than simplify, where it is enough
        return bool(over_one_bar == 0 or simplified(a - b) == 0)
    return False


def shorter(expression: Any) -> Any:
    """The expression simplified, if that takes little and makes it no longer."""
    import sympy as sp

    if not is_tame(expression):
        return expression
    with contextlib.suppress(TookTooLong), bounded(SIMPLIFY_EVALUATIONS):
        return min([expression, factor(expression), simplified(expression)], key=sp.count_ops)
    return expression


def factored(expression: Any) -> Any:
    """The expression as a product, if that takes little and makes it shorter: products cancel nothing."""
    import sympy as sp

    if not is_tame(expression):
        return expression
    with contextlib.suppress(TookTooLong), bounded(FACTOR_EVALUATIONS):
        return min([expression, factor(expression)], key=sp.count_ops)
    return expression


def simplified(expression: Any) -> Any:
    """What SymPy makes of it; the expression itself where its polynomials have too many generators.

    So too where it has large multiples of logarithms: n log(2) is made log(2ⁿ), with all digits of 2ⁿ.
    """
    import sympy as sp

    multiples = (
        one.as_coeff_Mul()[0] for one in expression.atoms(sp.Mul) if any(part.func is sp.log for part in one.args)
    )
    if any(abs(one) > MOST_TIMES_A_LOGARITHM for one in multiples):
        return expression
    return sp.simplify(expression) if generators(expression) <= MOST_GENERATORS else expression


def factor(expression: Any) -> Any:
    """The expression as one fraction of products.

    FLINT factors its polynomials, in no time: SymPy may take hours where there are four generators.
    """
    import sympy as sp

    number, factors = sp.S.One, []
    for part in sp.Mul.make_args(sp.together(expression)):
        if part.is_Number:
            number *= part
            continue
        base, exponent = part.as_base_exp() if part.is_Pow else (part, sp.S.One)
        if not base.is_Add or not exponent.is_Integer:
            factors.append(part)
            continue
        content, powers = _factors(base)
        number *= content**exponent
        factors += [one ** (power * exponent) for one, power in powers]
    product = sp.Mul(*factors)
    coefficient, product = product.as_coeff_Mul()
    number *= coefficient
    if product.is_Add and abs(number) != 1:
        return sp.Mul(number, product, evaluate=False)  # evaluated, it would be a sum again
    return number * product


def _factors(total: Any) -> tuple[Any, list[tuple[Any, int]]]:
    """A sum as a number and irreducible polynomials with their exponents."""
    import sympy as sp
    from flint import fmpz_mpoly_ctx

    try:
        denominator, polynomial = sp.Poly(total).clear_denoms(convert=True)
    except sp.polys.polyerrors.BasePolynomialError:  # also what is a number, once it is multiplied out
        return sp.S.One, [(total, 1)]
    if not polynomial.domain.is_ZZ:
        return sp.S.One, [(total, 1)]
    names = [f"g{place}" for place in range(len(polynomial.gens))]
    terms = {powers: int(number) for powers, number in polynomial.as_dict().items()}
    content, found = fmpz_mpoly_ctx.get(names, "lex").from_dict(terms).factor()

    def expression(one: Any) -> Any:
        integers = {tuple(map(int, powers)): int(number) for powers, number in one.to_dict().items()}
        return sp.Poly.from_dict(integers, *polynomial.gens).as_expr()

    return sp.Integer(int(content)) / denominator, [(expression(one), int(power)) for one, power in found]


def generators(expression: Any) -> int:
    """The most names and functions that any of its polynomials has: of its own, and of what functions are applied to.

    A trigonometric function of a sum counts as the sine and cosine of each term, which SymPy makes of it.
    """
    most, seen, waiting = 0, set(), [expression]
    while waiting:
        part = waiting.pop()
        if part in seen:
            continue
        seen.add(part)
        own: set[Any] = set()
        waiting += _collect(part, own)
        most = max(most, len(own))
    return most


def _collect(polynomial: Any, own: set[Any]) -> list[Any]:
    """Adds the generators of a polynomial to `own`; what they are functions of."""
    import sympy as sp
    from sympy.functions.elementary.hyperbolic import HyperbolicFunction
    from sympy.functions.elementary.trigonometric import TrigonometricFunction

    inner: list[Any] = []
    waiting = [polynomial]
    while waiting:
        part = waiting.pop()
        if part.is_Number:
            continue
        if part.is_Add or part.is_Mul or (part.is_Pow and part.exp.is_Integer):
            waiting += [part.base] if part.is_Pow else part.args
            continue
        inner += part.args
        if isinstance(part, sp.exp):
            own |= {(sp.exp, rest) for rest in _without_coefficients(part.exp)}
        elif part.is_Pow:
            own.add((part.base, part.exp.as_coeff_Mul()[1]))
        elif isinstance(part, TrigonometricFunction | HyperbolicFunction):
            family = isinstance(part, HyperbolicFunction)
            own |= {(family, which, rest) for rest in _without_coefficients(part.args[0]) for which in (0, 1)}
        else:
            own.add(part)
    return inner


def _without_coefficients(total: Any) -> list[Any]:
    import sympy as sp

    return [term.as_coeff_Mul()[1] for term in sp.Add.make_args(total)]


def is_tame(expression: Any) -> bool:
    """Whether its polynomials are of a size that algebra takes at once: they are worked on without an evaluation.

    e^100000 is a polynomial of degree 100,000 in e; so is e^(1/100000), of its root; e^((300 x + 1)²) has one of degree
    90,000 in e^(x²).
    """
    import sympy as sp

    numbers = expression.atoms(sp.Rational)
    if any(max(int(one.p).bit_length(), int(one.q).bit_length()) > LONGEST_NUMBER for one in numbers):
        return False
    powers = expression.atoms(sp.Pow, sp.exp)
    if any(one.base.is_Add and one.exp.is_Integer and abs(int(one.exp)) > LONGEST_EXPANSION for one in powers):
        return False
    if any(max(_terms(part)) > MOST_TERMS for part in (expression, *(power.exp for power in powers))):
        return False
    terms = (term for power in powers for term in sp.Add.make_args(sp.expand(power.exp)))
    coefficients = (term.as_coeff_Mul()[0] for term in terms)
    return all(max(abs(int(c.p)), int(c.q)) <= HIGHEST_DEGREE for c in coefficients if c.is_Rational)


def _terms(expression: Any) -> tuple[int, int]:
    """At most how many terms an expression has above and below one fraction bar, multiplied out."""
    if expression.is_Add:
        parts = [_terms(part) for part in expression.args]
        below = math.prod(under for _, under in parts)
        return sum(over * (below // under) for over, under in parts), below
    if expression.is_Mul:
        parts = [_terms(part) for part in expression.args]
        return math.prod(over for over, _ in parts), math.prod(under for _, under in parts)
    if expression.is_Pow and expression.exp.is_Integer:
        power = abs(int(expression.exp))
        over, under = (math.comb(count + power - 1, power) for count in _terms(expression.base))
        return (over, under) if expression.exp > 0 else (under, over)
    return 1, 1
