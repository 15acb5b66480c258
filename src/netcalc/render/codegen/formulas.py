"""Formulas of numbers as code, in forms that neither overflow nor cancel."""

from __future__ import annotations

import contextlib
import math
import sys
from collections.abc import Mapping
from fractions import Fraction
from typing import TYPE_CHECKING

from netcalc.derivation.derive import expand, is_activation
from netcalc.derivation.stable import settled_node
from netcalc.errors import NetcalcError
from netcalc.expression import Apply, Constant, Number, Symbol, Tree
from netcalc.expression.tree import COMPARISONS, CONDITIONS, HALF, fold, is_constant, share
from netcalc.graph.elementwise import with_slopes_written_out
from netcalc.notation import to_unicode
from netcalc.render.codegen.emission import POWER
from netcalc.render.codegen.spelling import FUNCTIONS
from netcalc.render.codegen.terms import Code, Codes, Level

if TYPE_CHECKING:
    from netcalc.render.codegen.language import Language

QUOTIENT = "{0} / {1}"
MAX_TERMS = 8  # of a sum in one line


def prepared(tree: Tree) -> Tree:
    """The formula in functions that libraries have, slopes as people know them."""
    return fold(with_slopes_written_out(tree), lambda leaf: leaf, _settled)


def _settled(operator: str, arguments: tuple[Tree, ...]) -> Tree:
    node = Apply(operator, arguments)
    if operator == "where" and is_constant(arguments[0]):
        return arguments[1 if _computed(arguments[0]) else 2]
    if is_activation(node) and (operator not in FUNCTIONS or len(arguments) > 1):
        return fold(expand(node), lambda leaf: leaf, _settled)
    if operator == "add" and any(_is_square_of_tanh(one) for one in arguments):
        return node  # 1 - tanh² by the answer's name
    return settled_node(operator, arguments)


def _is_square_of_tanh(tree: Tree) -> bool:
    match tree:
        case Apply("negate", (Apply("power", (Apply("tanh", _), _)),)):
            return True
        case _:
            return False


def written(language: Language, tree: Tree, slots: Mapping[str, Code]) -> Code:
    """A formula as code, its symbols' code put in."""
    tree = prepared(tree)
    shared = share((tree,))
    found: list[Code] = []
    for node, places in zip(shared.nodes, shared.arguments, strict=True):
        if isinstance(node, Symbol):
            found.append(slots[node.name])
        elif isinstance(node, Apply) and not is_constant(node):
            arguments = list(zip(node.arguments, (found[place] for place in places), strict=True))
            found.append(_applied(language, node.operator, arguments))
        else:
            found.append(constant(language, node))
    return found[shared.roots[0]]


Argument = tuple[Tree, Code]


def _applied(language: Language, operator: str, arguments: list[Argument]) -> Code:
    codes = language.codes
    inner = [code for _, code in arguments]
    match operator:
        case "add":
            return added(language, [_signed(language, *one) for one in arguments])
        case "multiply":
            return _product(language, arguments)
        case "negate":
            return negated(codes, inner[0])
        case "divide":
            return divided(codes, inner[0], inner[1])
        case "power":
            return _power(language, arguments[0][1], *arguments[1])
        case "where":
            return language.where(*arguments)
        case "max" | "min":
            found = arguments[0]
            for other in arguments[1:]:
                found = (Symbol(operator), language.extreme(operator, found, other))
            return found[1]
        case "and" | "or":
            sign, level = ("&", Level.AND) if operator == "and" else ("|", Level.OR)
            template = f" {sign} ".join(f"{{{n}}}" for n in range(len(inner)))
            return codes.make(template, level, inner, Level.ADD)
        case "not":
            return codes.make("~{0}", Level.UNARY, inner, Level.UNARY)
        case _ if operator in COMPARISONS:
            return codes.make(f"{{0}} {COMPARISONS[operator]} {{1}}", Level.COMPARE, inner, Level.OR)
        case _:
            return language.function(operator, *inner)


def _signed(language: Language, tree: Tree, code: Code) -> tuple[bool, Code]:
    """A term as whether it is subtracted, and what is."""
    if is_negation(code):
        return True, code.operands[0]
    if isinstance(tree, Number) and tree.value < 0:
        return True, number(language, -tree.value)
    return False, code


def added(language: Language, terms: list[tuple[bool, Code]]) -> Code:
    """A sum of terms, each with whether it is subtracted; one that is not comes first, if there is one."""
    if len(terms) == 1:
        return negated(language.codes, terms[0][1]) if terms[0][0] else terms[0][1]
    while len(terms) > MAX_TERMS:
        terms = [(False, added(language, terms[:MAX_TERMS])), *terms[MAX_TERMS:]]
    first = next((n for n, (minus, _) in enumerate(terms) if not minus), 0)
    ordered = [terms[first], *terms[:first], *terms[first + 1 :]]
    template = "-{0}" if ordered[0][0] else "{0}"
    template += "".join(f" {'-' if minus else '+'} {{{n}}}" for n, (minus, _) in enumerate(ordered[1:], 1))
    return language.codes.make(template, Level.ADD, [code for _, code in ordered], Level.MULTIPLY)


def negated(codes: Codes, code: Code) -> Code:
    """-a."""
    if is_negation(code):
        return code.operands[0]
    return codes.make("-{0}", Level.MULTIPLY, [code], Level.MULTIPLY, cheap=not code.operands)


def is_negation(code: Code) -> bool:
    """Whether it is -a."""
    return code.template == "-{0}"


def multiplied(codes: Codes, factors: list[Code], *, scalars: bool = False) -> Code:
    """a * b * …, equal ones as a power. `scalars`: all but the last are numbers, so it needs no brackets."""
    counts: dict[Code, int] = {}
    for one in [one for one in factors if one.template != "1"] or factors[:1]:
        counts[one] = counts.get(one, 0) + 1
    parts = [one if many == 1 else raised(codes, one, codes.leaf(str(many))) for one, many in counts.items()]
    if len(parts) == 1:
        return parts[0]
    template = " * ".join(f"{{{n}}}" for n in range(len(parts)))
    last = Level.MULTIPLY if scalars else Level.UNARY
    return codes.make(template, Level.MULTIPLY, parts, [Level.MULTIPLY, *[Level.UNARY] * (len(parts) - 2), last])


def divided(codes: Codes, above: Code, below: Code) -> Code:
    """a / b."""
    return codes.make(QUOTIENT, Level.MULTIPLY, [above, below], [Level.MULTIPLY, Level.UNARY])


def raised(codes: Codes, base: Code, exponent: Code) -> Code:
    """a ** b."""
    return codes.make(POWER, Level.POWER, [base, exponent], [Level.ATOM, Level.UNARY])


def _product(language: Language, arguments: list[Argument]) -> Code:
    value = Fraction(1)
    factors: list[Code] = []
    below: list[Code] = []
    for tree, code in arguments:
        if isinstance(tree, Number):
            value *= tree.value
        elif code.template == QUOTIENT and code.operands[0].template == "1":
            below.append(code.operands[1])
        else:
            factors.append(code)
    if len(factors) == 1:
        factors[0], value, below = language.mean(factors[0], value, below)
    return scaled(language, value, factors, below)


def scaled(
    language: Language, value: Fraction, above: list[Code], below: list[Code] | None = None, *, scalars: bool = False
) -> Code:
    """value · above / below: a decimal in front, other fractions as a divisor."""
    codes = language.codes
    if len(above) == 1 and is_negation(above[0]):
        value, above = -value, [above[0].operands[0]]
    front, divisor = _split(abs(value))
    above = [one for one in above if one.template != "1"]
    tops = ([number(language, front)] if front != 1 or not above else []) + above
    code = multiplied(codes, tops, scalars=scalars or len(above) == 1)
    if divisor != 1:
        code = divided(codes, code, number(language, divisor))
    for one in below or []:
        code = divided(codes, code, one)
    return negated(codes, code) if value < 0 else code


def _split(value: Fraction) -> tuple[Fraction, Fraction]:
    if value.denominator == 1 or max(value.numerator, value.denominator) > sys.float_info.max:
        return value, Fraction(1)
    if _is_decimal(value) and (value.numerator != 1 or value.denominator > 1000):
        return value, Fraction(1)
    return Fraction(value.numerator), Fraction(value.denominator)


def _is_decimal(value: Fraction) -> bool:
    return Fraction(repr(as_float(Number(value)))) == value


def _power(language: Language, base: Code, tree: Tree, exponent: Code) -> Code:
    if tree == HALF:
        return language.function("sqrt", base)
    if isinstance(tree, Number) and tree.value < 0:
        inverse = Number(-tree.value)
        below = base if inverse.value == 1 else _power(language, base, inverse, constant(language, inverse))
        return divided(language.codes, language.codes.leaf("1"), below)
    return raised(language.codes, base, exponent)


def number(language: Language, value: Fraction) -> Code:
    """A number that is known: whole, a decimal, or a ratio."""
    if value < 0:
        return negated(language.codes, number(language, -value))
    if value.denominator == 1 and value < 10**15:
        return language.codes.leaf(str(value.numerator))
    if _is_decimal(value) or max(value.numerator, value.denominator) > 10**15:
        return language.codes.leaf(repr(as_float(Number(value))))
    return language.codes.make(f"{value.numerator} / {value.denominator}", Level.MULTIPLY, cheap=True)


def constant(language: Language, tree: Tree) -> Code:
    """A formula without symbols: as it is where it is a number, pi or a square root; else the number that it is.

    Raises NetcalcError where that is a number beyond float64.
    """
    codes = language.codes
    match tree:
        case Number(value):
            return number(language, value)
        case Constant(name):
            return codes.leaf(f"{language.constants}.{name}")
        case Apply("add" | "multiply" | "divide" | "negate" as operator, parts):
            return _applied(language, operator, [(part, constant(language, part)) for part in parts])
        case Apply(operator) if operator in CONDITIONS:
            return codes.leaf(str(bool(_computed(tree))))
        case Apply("sqrt", (inner,)):
            return codes.call(f"{language.constants}.sqrt({{0}})", constant(language, inner), cheap=True)
    found = as_float(tree)
    leaf = codes.leaf(float_text(language, abs(found)))
    return negated(codes, leaf) if found < 0 else leaf


def _computed(tree: Tree) -> float:
    from netcalc.graph.arithmetic.float64 import Float64

    return float(Float64().apply(tree, {}, ()))


def float_text(language: Language, value: float) -> str:
    """A float64 as it is typed."""
    sign = "-" if value < 0 else ""
    return repr(value) if math.isfinite(value) else f"{sign}{language.constants}.{abs(value)!r}"


def as_float(tree: Tree) -> float:
    """The float64 nearest to a constant. Raises NetcalcError if the constant is beyond float64, at either end."""
    from netcalc.solving.bits import constant as proven

    if isinstance(tree, Number):
        with contextlib.suppress(OverflowError):
            if (found := float(tree.value)) or not tree.value:
                return found
    known = proven(tree)
    if known.nearest is None and Constant("inf") in share((tree,)).nodes:
        return _computed(tree)
    if known.nearest is None:
        raise NetcalcError(f"code has no number for {to_unicode(tree)}")
    if not math.isfinite(known.nearest) or (known.certified and not known.nearest and known.shown != "0"):
        end = "below" if not known.nearest else "above"
        raise NetcalcError(f"code computes in float64, and {known.shown} is {end} its range")
    return known.nearest
