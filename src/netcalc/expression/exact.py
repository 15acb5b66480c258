"""What is known exactly about a formula before it is evaluated: powers too large, and divisions by 0."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import log10

from netcalc.errors import ExpressionError
from netcalc.expression.tokens import Limits
from netcalc.expression.tree import Apply, Constant, Number, Tree, share

# A sum of monomials with rational coefficients; a monomial is the places of its factors among the shared nodes.
Monomial = tuple[int, ...]
Form = dict[Monomial, Fraction]

# Beyond these a form is given up, and the node counts as unknown: they only bound the work.
MOST_TERMS, MOST_FACTORS, MOST_BITS = 64, 16, 4_096


class _Refusal(Exception):
    """Carries a message to where the position is known."""


def check_exact(tree: Tree, limits: Limits, positions: Mapping[int, int], source: str) -> None:
    """Refuse a constant power beyond the limits, and a denominator that is 0 because like terms cancel.

    `positions` are the operators' offsets in the source, by the id of their right operand. Raises ExpressionError.
    """
    shared = share((tree,))
    forms: list[Form] = []
    for place, (node, places) in enumerate(zip(shared.nodes, shared.arguments, strict=True)):
        arguments = [forms[argument] for argument in places]
        try:
            form = _form(node, arguments, limits)
        except _Refusal as refusal:
            right = node.arguments[-1] if isinstance(node, Apply) else node
            raise ExpressionError(str(refusal), source=source, position=positions.get(id(right), 0)) from None
        forms.append({(place,): Fraction(1)} if form is None or _too_large(form) else form)


def _too_large(form: Form) -> bool:
    return len(form) > MOST_TERMS or any(
        len(monomial) > MOST_FACTORS or _bits(coefficient) > MOST_BITS for monomial, coefficient in form.items()
    )


def _bits(value: Fraction) -> int:
    return max(value.numerator.bit_length(), value.denominator.bit_length())


def _form(node: Tree, arguments: Sequence[Form], limits: Limits) -> Form | None:
    """The node as a sum of monomials, or None if it is none. Raises _Refusal."""
    if isinstance(node, Number):
        return {(): node.value} if node.value else {}
    if not isinstance(node, Apply):
        return None
    if node.operator in ("add", "negate"):
        sign = Fraction(-1 if node.operator == "negate" else 1)
        return _sum([_scaled(argument, sign) for argument in arguments])
    if node.operator == "multiply":
        return _product(arguments)
    if node.operator == "divide":
        return _quotient(*arguments)
    if node.operator == "power":
        base, exponent = arguments
        return _power(node, base, exponent, limits)
    return None


def _constant(form: Form) -> Fraction | None:
    return form.get((), None if form else Fraction(0)) if len(form) <= 1 else None


def _scaled(form: Form, scale: Fraction) -> Form:
    return {monomial: coefficient * scale for monomial, coefficient in form.items()} if scale else {}


def _sum(forms: Sequence[Form]) -> Form | None:
    if sum(map(len, forms)) > 2 * MOST_TERMS:
        return None
    total: Form = {}
    for form in forms:
        for monomial, coefficient in form.items():
            total[monomial] = total.get(monomial, Fraction(0)) + coefficient
            if _bits(total[monomial]) > MOST_BITS:
                return None
    return {monomial: coefficient for monomial, coefficient in total.items() if coefficient}


def _product(forms: Sequence[Form]) -> Form | None:
    product: Form = {(): Fraction(1)}
    if any(not form for form in forms):
        return {}
    for form in forms:
        if len(form) > 1 < len(product):
            return None
        product = {tuple(sorted(left + right)): a * b for left, a in product.items() for right, b in form.items()}
        if _too_large(product):
            return None
    return product


def _quotient(numerator: Form, denominator: Form) -> Form | None:
    if not denominator:
        raise _Refusal("a division by zero: what is divided by here is always 0")
    divisor = _constant(denominator)
    return None if divisor is None else _scaled(numerator, 1 / divisor)


def _power(node: Apply, base_form: Form, exponent_form: Form, limits: Limits) -> Form | None:
    base, exponent = _constant(base_form), _constant(exponent_form)
    if exponent is None:
        return None
    if base == 0 and exponent < 0:
        raise _Refusal("a division by zero: 0 to a negative power")
    if base is not None and base < 0 and exponent.denominator > 1:
        raise _Refusal("a negative number has no real power with a fraction as exponent; a cube root is cbrt(x)")
    if base in (0, 1, -1) and exponent.denominator == 1:
        return _form(Number(base ** (exponent.numerator % 2 if base == -1 else min(exponent.numerator, 1))), (), limits)
    if abs(exponent) > limits.exponent and not isinstance(node.arguments[0], Constant):
        raise _Refusal(f"this exponent is too large: it may be up to {limits.exponent:,}")
    if base is None or exponent.denominator > 1:
        return base_form if exponent == 1 else None
    _check_size(base, exponent.numerator, limits)
    return _form(Number(base**exponent.numerator), (), limits)


def _check_size(base: Fraction, exponent: int, limits: Limits) -> None:
    if _bits(base) * abs(exponent) > limits.bits:
        raise _Refusal("this power has too many digits to be held exactly; use a smaller exponent, or a variable")
    if exponent * (log10(abs(base.numerator)) - log10(base.denominator)) >= limits.largest:
        raise _Refusal(f"this power is too large: a number must be below 1e{limits.largest}")
