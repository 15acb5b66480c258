"""Between trees and SymPy expressions; a tree never travels as code."""

# SymPy costs more to import than the rest of a run, so only what calls these functions pays for it.
from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import cache, lru_cache
from typing import Any

from netcalc.errors import TookTooLong
from netcalc.expression import Apply, Constant, Number, Symbol, Tree
from netcalc.expression.functions import FUNCTIONS
from netcalc.expression.numerals import decimals, mantissa_and_exponent
from netcalc.expression.tree import ONE, ZERO, add, apply, divide, multiply, negate, power

LARGEST_WRITTEN_OUT = 1_000  # argument of a gamma function that algebra may write as a factorial
LARGEST_ROOT = 4_000  # bits of a number whose root is taken
LARGEST_POWER = 200_000  # bits of a power of numbers
LARGEST_DENOMINATOR = 10**6  # of a ratio that is easier to read than a decimal, if that is short


@cache
def _operations() -> Mapping[str, Callable[..., Any]]:
    """Each operator of a tree as the SymPy callable that builds it."""
    import sympy as sp

    def branch(condition: Any, then: Any, other: Any) -> Any:
        return sp.Piecewise((then, condition), (other, True))

    elementary = (
        "exp log sin cos tan asin acos atan atan2 sinh cosh tanh asinh acosh atanh sec csc cot erf erfc erfinv "
        "gamma digamma polygamma"
    )
    named: dict[str, Callable[..., Any]] = {name: getattr(sp, name) for name in elementary.split()}
    named |= {name: _small(named[name]) for name in ("gamma", "digamma", "polygamma")}
    return named | {
        "add": sp.Add,
        "subtract": lambda a, b: a - b,
        "multiply": sp.Mul,
        "divide": lambda a, b: a / b,
        "power": _power,
        "sqrt": lambda a: sp.sqrt(_factorable(a)),
        "cbrt": lambda a: -sp.cbrt(-_factorable(a)) if a.is_negative else sp.cbrt(_factorable(a)),  # else complex
        "negate": lambda a: -a,
        "log2": lambda a: sp.log(a) / sp.log(2),
        "log10": lambda a: sp.log(a) / sp.log(10),
        "log1p": lambda a: sp.log(1 + a),
        "expm1": lambda a: sp.exp(a) - 1,
        "lgamma": _small(sp.loggamma),
        "abs": sp.Abs,
        "sign": sp.sign,
        "floor": sp.floor,
        "max": sp.Max,
        "min": sp.Min,
        "where": branch,
        "less": sp.Lt,
        "less_equal": sp.Le,
        "greater": sp.Gt,
        "greater_equal": sp.Ge,
        "equal": sp.Eq,
        "unequal": sp.Ne,
        "and": sp.And,
        "or": sp.Or,
        "not": sp.Not,
    }


def _small(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that SymPy writes out at whole and half numbers, as a factorial or a sum, where those are small."""

    def applied(*arguments: Any) -> Any:
        if any(argument.is_Rational and abs(argument) > LARGEST_WRITTEN_OUT for argument in arguments):
            name = function.__name__
            raise TookTooLong(f"{name} of a number beyond {LARGEST_WRITTEN_OUT:,} is too long for algebra")
        return function(*arguments)

    return applied


def _factorable(number: Any) -> Any:
    """What a root is taken of: SymPy looks for the factors of a number, which takes hours where it is long."""
    if number.is_Rational and max(int(number.p).bit_length(), int(number.q).bit_length()) > LARGEST_ROOT:
        raise TookTooLong(f"the root of a number of more than {LARGEST_ROOT:,} bits is too long for algebra")
    return number


def _has_many_primes(number: int) -> bool:
    """Whether SymPy takes a root of it prime by prime: 12^(p/q) is (2^(2·p)·3^p)^(1/q)."""
    import sympy as sp

    return len(sp.factorint(_factorable(sp.Integer(abs(number))), limit=2**15)) > 1


def _power(base: Any, exponent: Any) -> Any:
    import sympy as sp

    if exponent.is_Rational and abs(exponent) > 1:  # a number that the base has as a factor is drawn out of it
        numbers = base.atoms(sp.Rational)
        bits = max((max(int(one.p).bit_length(), int(one.q).bit_length()) for one in numbers), default=0)
        if bits > 1 and bits * abs(exponent) > LARGEST_POWER:
            raise TookTooLong(f"a power of more than {LARGEST_POWER} bits is too long for algebra")
    drawn_out = exponent.is_Rational and not exponent.is_Integer and abs(exponent.p) > LARGEST_POWER
    if drawn_out and any(_has_many_primes(part) for one in base.atoms(sp.Rational) for part in (one.p, one.q)):
        raise TookTooLong("the powers of a number's primes, drawn out of a root, are too long for algebra")
    return sp.Pow(base if exponent.is_Integer else _factorable(base), exponent)


@lru_cache(maxsize=4096)
def symbol(name: str) -> Any:
    """The real SymPy symbol of that name."""
    import sympy as sp

    return sp.Symbol(name, real=True)


def to_sympy(tree: Tree) -> Any:
    """The SymPy expression of a tree; a function SymPy does not have stays an applied name."""
    import sympy as sp

    if isinstance(tree, Number):
        return sp.Rational(tree.value.numerator, tree.value.denominator)
    if isinstance(tree, Constant):
        return sp.E if tree.name == "e" else sp.pi
    if isinstance(tree, Symbol):
        return symbol(tree.name)
    build = _operations().get(tree.operator) or sp.Function(tree.operator, real=True)
    return build(*(to_sympy(argument) for argument in tree.arguments))


def derivative(expression: Any, name: str) -> Any:
    """∂(expression)/∂name; at a jump of a slope the curvature is 0, and where a max has a tie it takes the mean.

    What SymPy leaves underived is a floor's slope, which is 0.
    """
    import sympy as sp

    def step(u: Any, *_: Any) -> Any:
        return sp.Piecewise((1, u > 0), (0, u < 0), (sp.Rational(1, 2), True))

    found = expression.diff(symbol(name))
    found = found.replace(sp.Subs, lambda *_: sp.Integer(0)).replace(sp.Derivative, lambda *_: sp.Integer(0))
    return found.replace(sp.DiracDelta, lambda *_: sp.Integer(0)).replace(sp.Heaviside, step)


def from_sympy(expression: Any, order: tuple[str, ...] = ()) -> Tree:
    """The tree of a SymPy expression; polynomials follow `order`, powers falling, their constant last."""
    return _Reader(order).tree(expression)


def has_words(number: Any) -> bool:
    """Whether every function and constant in a SymPy number has a name here: zeta(3), Euler's and i have none."""
    import sympy as sp

    functions = {type(one).__name__ for one in number.atoms(sp.Function)}
    names = (
        {function.name for function in FUNCTIONS.values()} | _NAMES.keys() | {"Piecewise", "Heaviside", "DiracDelta"}
    )
    return functions <= names and number.atoms(sp.NumberSymbol) <= {sp.E, sp.pi} and not number.has(sp.I)


def _negative(term: Any) -> bool:
    return bool(term.could_extract_minus_sign())


def _weight(factor: Any) -> int:
    """Where a factor stands: numbers, sums of them, powers of symbols, polynomials, functions, sums of functions."""
    kind = 0 if factor.is_number else 2 if factor.is_polynomial(*factor.free_symbols) else 4
    return kind + bool(factor.is_Add or (factor.is_Pow and factor.base.is_Add))


def _rank_of_number(term: Any) -> tuple[int, Fraction, Any]:
    """Where a number stands in a sum of numbers: 1 + √2 + e + e^2 + log(3)."""
    import sympy as sp

    if term.is_Rational:
        return 0, Fraction(0), ()
    base, exponent = term.as_coeff_Mul()[1].as_base_exp()
    power = Fraction(int(exponent.p), int(exponent.q)) if exponent.is_Rational else Fraction(0)
    if base is sp.E:
        return 2, power, ()
    return (1 if base.is_Rational else 3), Fraction(0), term.sort_key()


class _Reader:
    """Reads a SymPy expression as a tree, in the order that a person would write."""

    def __init__(self, order: tuple[str, ...]) -> None:
        self.place = {name: index for index, name in enumerate(order)}

    def tree(self, expression: Any) -> Tree:
        import sympy as sp

        if expression.is_Rational:
            return _rational(Fraction(int(expression.p), int(expression.q)))
        if expression is sp.E or expression is sp.pi:
            return Constant("e" if expression is sp.E else "pi")
        if expression.is_Symbol:
            return Symbol(expression.name)
        if expression is sp.I:
            raise NotImplementedError("a tree is real")
        if expression.is_Add:
            return self.sum(expression)
        if expression.is_Mul:
            return self.product(expression)
        if expression.is_Pow or isinstance(expression, sp.exp):
            return self.power(expression)
        if isinstance(expression, sp.Piecewise):
            return self.branches(list(expression.args))
        return self.call(expression)

    def sum(self, expression: Any) -> Tree:
        if expression.is_number:  # whose order by SymPy takes each apart into real and imaginary, at great cost
            terms = sorted(expression.args, key=_rank_of_number)
        else:
            terms = expression.as_ordered_terms()
            if not expression.is_polynomial(*expression.free_symbols):
                terms.sort(key=lambda term: not term.is_number)  # 1 - tanh(q)^2, 1 + exp(q)
            elif {name.name for name in expression.free_symbols} <= self.place.keys():
                terms.sort(key=self.rank)
        if _negative(terms[0]) and not _negative(terms[-1]):
            terms.sort(key=_negative)
        parts = [negate(self.tree(-term)) if _negative(term) else self.tree(term) for term in terms]
        return add(*parts)

    def rank(self, term: Any) -> tuple[int, int, int, str]:
        """By the first variable, then by falling powers: a^2 + 2*a*x - 1."""
        powers = {base.name: int(power) for base, power in term.as_powers_dict().items() if base.is_Symbol}
        if not powers:
            return (len(self.place), 0, 0, str(term))
        first = min(powers, key=self.place.__getitem__)
        return (self.place[first], -powers[first], -sum(powers.values()), str(term))

    def product(self, expression: Any) -> Tree:
        if _negative(expression):
            return negate(self.tree(-expression))
        above, below = (self.factors(factors) for factors in _fraction(expression))
        return divide(above, below) if below != ONE else above

    def factors(self, factors: list[Any]) -> Tree:
        trees = [self.tree(factor) for factor in sorted(factors, key=_weight)]
        return multiply(*([tree for tree in trees if tree != ONE] or [ONE]))

    def power(self, expression: Any) -> Tree:
        import sympy as sp

        base, exponent = expression.as_base_exp()
        if isinstance(expression, sp.exp) and not exponent.is_Rational:
            return Apply("exp", (self.tree(exponent),))
        if exponent == sp.Rational(1, 2):
            return Apply("sqrt", (self.tree(base),))
        if exponent.is_Rational and exponent < 0:
            return divide(ONE, self.tree(base ** (-exponent)))
        return power(self.tree(base), self.tree(exponent))

    def branches(self, pieces: list[Any]) -> Tree:
        value, condition = pieces[0].args
        if condition == True or len(pieces) == 1:  # noqa: E712 - SymPy's true is no Python bool
            return self.tree(value)
        return Apply("where", (self.tree(condition), self.tree(value), self.branches(pieces[1:])))

    def step(self, argument: Any, middle: Any) -> Tree:
        """0 below zero, 1 above, `middle` at zero: the slope of max and min."""
        place = self.tree(argument)
        inner = Apply("where", (Apply("less", (place, ZERO)), ZERO, self.tree(middle)))
        return Apply("where", (Apply("greater", (place, ZERO)), ONE, inner))

    def call(self, expression: Any) -> Tree:
        name = type(expression).__name__
        if name == "Heaviside":
            return self.step(*expression.args)
        if name == "DiracDelta":
            return ZERO  # a step's slope wherever there is one
        if name == "polygamma" and expression.args[0] == 0:
            return Apply("digamma", (self.tree(expression.args[1]),))
        if name == "ceiling":
            return negate(Apply("floor", (negate(self.tree(expression.args[0])),)))
        operator = _NAMES.get(name, name)
        return apply(operator, [self.tree(argument) for argument in expression.args])


_NAMES = {
    "Abs": "abs",
    "Max": "max",
    "Min": "min",
    "loggamma": "lgamma",
    "StrictLessThan": "less",
    "LessThan": "less_equal",
    "StrictGreaterThan": "greater",
    "GreaterThan": "greater_equal",
    "Equality": "equal",
    "Unequality": "unequal",
    "And": "and",
    "Or": "or",
    "Not": "not",
}


def _rational(value: Fraction) -> Tree:
    """A ratio of whole numbers; a decimal where the denominator is a large power of ten, and it is short."""
    p, q = value.as_integer_ratio()
    digits = decimals(value) if q > LARGEST_DENOMINATOR else None
    if digits is not None and mantissa_and_exponent(digits) is None:
        return Number(value)
    return divide(Number(Fraction(p)), Number(Fraction(q))) if q != 1 else Number(value)


def _fraction(expression: Any) -> tuple[list[Any], list[Any]]:
    """A product as the factors above and below the bar; exp(-q) stays above, as people write it, e^(-1) does not."""
    import sympy as sp

    above: list[Any] = []
    below: list[Any] = []
    for factor in expression.as_ordered_factors():
        base, exponent = factor.as_base_exp()
        under = exponent.is_Rational and exponent < 0 and not isinstance(base, sp.exp)
        if factor.is_Rational:
            above.append(sp.Integer(factor.p))
            below.append(sp.Integer(factor.q))
        elif under and (not isinstance(factor, sp.exp) or factor.is_number):
            below.append(base ** (-exponent))
        else:
            above.append(factor)
    return above, below
