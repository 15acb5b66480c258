"""Wrong turns with the rules of differentiation: of sums, products, quotients, powers and chains."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from flint import arb, fmpq

from netcalc.arithmetic.balls import OPERATIONS
from netcalc.checking.calculus import TRIGONOMETRIC, ZERO, Calculus, Call, Dual, Numeral, product, raised
from netcalc.checking.mistakes.mistake import RARE, SEEN, USUAL, Frequency

RIGHT = Calculus()
divide = OPERATIONS["divide"]


@dataclass(frozen=True, slots=True)
class Slip:
    """One slip with a rule: what is said of it, and the rules with it in them."""

    said: str
    change: Callable[[Calculus], Calculus]
    frequency: Frequency = SEEN


def rules(**changed: Any) -> Callable[[Calculus], Calculus]:
    """The change that puts these rules in place of the right ones."""
    return lambda calculus: replace(calculus, **changed)


def _call_without_inner(call: Call) -> Numeral:
    return sum((slope for one, slope in zip(call.arguments, call.slopes, strict=True) if one.depends), ZERO)


def _power_without_inner(base: Dual, exponent: Dual) -> Numeral:
    inner = replace(base, slope=fmpq(int(base.depends))), replace(exponent, slope=fmpq(int(exponent.depends)))
    return RIGHT.power(*inner)


def _call_without_outer(call: Call) -> Numeral:
    return sum((one.slope for one in call.arguments if one.depends), ZERO)


def _only_factor(which: int) -> Callable[[Sequence[Dual]], Numeral]:
    """The product rule with one of its terms alone."""

    def rule(factors: Sequence[Dual]) -> Numeral:
        live = [place for place, factor in enumerate(factors) if factor.depends]
        if len(live) < 2:
            return RIGHT.product(factors)
        place = live[which]
        return factors[place].slope * product([factor.value for n, factor in enumerate(factors) if n != place])

    return rule


def _derivatives_multiplied(factors: Sequence[Dual]) -> Numeral:
    if sum(factor.depends for factor in factors) < 2:
        return RIGHT.product(factors)
    return product([factor.slope if factor.depends else factor.value for factor in factors])


def _derivatives_divided(above: Dual, below: Dual) -> Numeral:
    if not below.depends or not above.depends:
        return RIGHT.quotient(above, below)
    return divide(above.slope, below.slope)


def _quotient(numerator: Callable[[Dual, Dual], Numeral], squares: int = 2) -> Callable[[Dual, Dual], Numeral]:
    """The quotient rule with another numerator, or another power of the denominator."""

    def rule(above: Dual, below: Dual) -> Numeral:
        return (
            divide(numerator(above, below), raised(below.value, fmpq(squares)))
            if below.depends
            else _linear(above, below)
        )

    return rule


def _linear(above: Dual, below: Dual) -> Numeral:
    return divide(above.slope, below.value)


def _numerator(above: Dual, below: Dual) -> Numeral:
    return above.slope * below.value - above.value * below.slope


def _not_lowered(base: Dual, exponent: Dual) -> Numeral:
    if exponent.depends:
        return RIGHT.power(base, exponent)
    return exponent.value * raised(base.value, exponent.value) * base.slope


def _not_brought_down(base: Dual, exponent: Dual) -> Numeral:
    if exponent.depends:
        return RIGHT.power(base, exponent)
    return raised(base.value, exponent.value - 1) * base.slope


def _exponential_as_power(base: Dual, exponent: Dual) -> Numeral:
    if not exponent.depends or base.depends:
        return RIGHT.power(base, exponent)
    return exponent.value * raised(base.value, exponent.value - 1) * exponent.slope


def _exp_as_power(call: Call) -> Numeral:
    if call.name != "exp":
        return RIGHT.call(call)
    inner = call.arguments[0]
    return inner.value * OPERATIONS["exp"](inner.value - 1) * inner.slope


def _without_log(base: Dual, exponent: Dual) -> Numeral:
    if not exponent.depends or base.depends:
        return RIGHT.power(base, exponent)
    return raised(base.value, exponent.value) * exponent.slope


def _scaled_calls(factors: dict[str, Callable[[], Numeral]]) -> Callable[[Call], Numeral]:
    """The chain rule with the slopes of some functions multiplied."""

    def rule(call: Call) -> Numeral:
        made = factors.get(call.name)
        return RIGHT.call(call) if made is None else RIGHT.call(call) * made()

    return rule


def _minus() -> Numeral:
    return fmpq(-1)


def _slope_made_of(name: str, function: Callable[[Any], Any]) -> Callable[[Call], Numeral]:
    """The chain rule with a function's slope made of its value."""

    def rule(call: Call) -> Numeral:
        return function(call.value) * call.arguments[0].slope if call.name == name else RIGHT.call(call)

    return rule


def _value_for_slope(call: Call) -> Numeral:
    return RIGHT.call(call) if call.name in ("exp", *TRIGONOMETRIC) else call.value * call.arguments[0].slope


def _constants_kept(terms: Sequence[Dual]) -> Numeral:
    return sum((term.slope if term.depends else term.value for term in terms), ZERO)


def _only_term(which: int) -> Callable[[Sequence[Dual]], Numeral]:
    """The sum rule along one path alone."""

    def rule(terms: Sequence[Dual]) -> Numeral:
        live = [term for term in terms if term.depends]
        return live[which].slope if live else ZERO

    return rule


def _neighbour(step: int) -> Callable[[str, Sequence[str]], str]:
    return lambda name, names: names[(names.index(name) + step) % len(names)]


def _degrees(angle: Numeral) -> Numeral:
    return angle * arb.pi() / 180


COFUNCTIONS = {"cos": _minus, "csc": _minus, "cot": _minus}
SIGMOID, TANH = "sigmoid", "tanh"

CALCULUS = (
    Slip(
        "the inner derivative left out of the chain rule",
        rules(call=_call_without_inner, power=_power_without_inner),
        USUAL,
    ),
    Slip("the product rule's second term left out", rules(product=_only_factor(0)), USUAL),
    Slip("the product rule's first term left out", rules(product=_only_factor(-1)), USUAL),
    Slip(
        "a product's derivative taken as the product of the derivatives", rules(product=_derivatives_multiplied), USUAL
    ),
    Slip(
        "a quotient's derivative taken as the quotient of the derivatives", rules(quotient=_derivatives_divided), USUAL
    ),
    Slip("the power's exponent not lowered by 1", rules(power=_not_lowered), USUAL),
    Slip("the power's exponent not brought down as a factor", rules(power=_not_brought_down), USUAL),
    Slip("the sign of cos′ is wrong: it is −sin", rules(call=_scaled_calls(COFUNCTIONS)), USUAL),
    Slip("the sign is wrong", rules(whole=lambda derivative, _: -derivative), USUAL),
    Slip("the sign of sin′ is wrong: it is cos", rules(call=_scaled_calls({"sin": _minus})), SEEN),
    Slip("the outer derivative left out of the chain rule", rules(call=_call_without_outer), SEEN),
    Slip(
        "the quotient rule with a plus: its numerator is u′v − uv′",
        rules(quotient=_quotient(lambda u, v: u.slope * v.value + u.value * v.slope)),
    ),
    Slip(
        "the quotient rule's numerator reversed: it is u′v − uv′",
        rules(quotient=_quotient(lambda u, v: -_numerator(u, v))),
    ),
    Slip("the quotient rule's denominator not squared", rules(quotient=_quotient(_numerator, 1))),
    Slip("an exponential differentiated as a power", rules(power=_exponential_as_power, call=_exp_as_power)),
    Slip("the logarithm of an exponential's base left out", rules(power=_without_log)),
    Slip("the derivative of a constant term isn't 0 here", rules(sum=_constants_kept)),
    Slip("a path left out: the sum's first term alone is differentiated", rules(sum=_only_term(0))),
    Slip("a path left out: the sum's last term alone is differentiated", rules(sum=_only_term(-1))),
    Slip("the derivative by the next variable taken", rules(by=_neighbour(1))),
    Slip("the derivative by the variable before taken", rules(by=_neighbour(-1))),
    Slip("the value taken for the derivative", rules(whole=lambda _, value: value)),
    Slip("the first derivative taken for the second", rules(second=lambda _, first, __: first)),
    Slip("the first derivatives multiplied, not differentiated again", rules(second=lambda _, a, b: a * b)),
    Slip("the root's ½ left out", rules(call=_scaled_calls({"sqrt": lambda: fmpq(2)}))),
    Slip(
        "the logarithm's base forgotten: log10′ is 1/(x log 10)",
        rules(call=_scaled_calls({"log10": lambda: arb(10).log(), "log2": lambda: arb(2).log()})),
    ),
    Slip("degrees taken for radians", rules(angle=_degrees)),
    Slip("σ′ taken as (1 − σ)/σ; it is σ(1 − σ)", rules(call=_slope_made_of(SIGMOID, lambda f: (1 - f) / f)), USUAL),
    Slip("σ′ taken as σ(1 + σ); it is σ(1 − σ)", rules(call=_slope_made_of(SIGMOID, lambda f: f * (1 + f)))),
    Slip("σ′ taken as 1 − σ; it is σ(1 − σ)", rules(call=_slope_made_of(SIGMOID, lambda f: 1 - f))),
    Slip("tanh′ taken as 1 − tanh; it is 1 − tanh²", rules(call=_slope_made_of(TANH, lambda f: 1 - f))),
    Slip("tanh′ taken as 1 + tanh²; it is 1 − tanh²", rules(call=_slope_made_of(TANH, lambda f: 1 + f * f))),
    Slip("a function's value taken for its slope", rules(call=_value_for_slope), RARE),
)
