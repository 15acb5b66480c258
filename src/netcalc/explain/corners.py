"""Points that balls alone don't decide, and algebra does; and points where an expression has no value."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from types import MappingProxyType
from typing import Any, NoReturn

from flint import arb, fmpq

from netcalc.arithmetic.balls import OPERATIONS, ZERO, Numeral, precision, sign
from netcalc.arithmetic.evaluation import Evaluation, Known, numeral
from netcalc.arithmetic.undefined import BITS, FAR_OUT, why_undefined
from netcalc.derivation.bounded import SYMPY_FAILURES, bounded, is_tame, simplified
from netcalc.derivation.derive import expand
from netcalc.derivation.gradient import Derived, Quantity
from netcalc.errors import TookTooLong, UndefinedError
from netcalc.expression import Number, Tree, substitute
from netcalc.expression.tree import COMPARISONS, Apply, Symbol
from netcalc.notation import to_unicode
from netcalc.problem import derivative
from netcalc.result import Value

NO_KINKS: Mapping[int, str] = MappingProxyType({})
NAMED_LIMIT = 8  # those without a value, told one by one
ALGEBRA_EVALUATIONS = 60_000
MOST_QUESTIONS = 20  # that SymPy is asked at one point
EXTREMES = ("max", "min")

# Where functions turn, jump or end.
_EDGES: Mapping[str, Sequence[int]] = {
    **dict.fromkeys(("sqrt", "log", "log2", "log10", "cbrt", "abs", "sign", "divide", "power", "atan2"), (0,)),
    **dict.fromkeys(("asin", "acos", "atanh"), (1, -1)),
    "acosh": (1,),
    "log1p": (-1,),
}

Question = tuple[Tree, Tree, Any]  # a subtree, a difference that decides it if it is 0, and what the subtree then is


def refuse_undefined(
    derived: Derived,
    one: Quantity,
    point: Mapping[str, Tree],
    where: str = "",
    known: Known = (),
    kinks: Mapping[int, str] = NO_KINKS,
) -> NoReturn:
    """Raises UndefinedError, saying which subexpression has no value at the point, and why."""
    raise UndefinedError(why_no_value(derived, one, point, known, kinks) + where)


def why_no_value(
    derived: Derived, one: Quantity, point: Mapping[str, Tree], known: Known = (), kinks: Mapping[int, str] = NO_KINKS
) -> str:
    """Which subexpression of an expression, or of its derivative, has no value at the point, and why.

    `known` is what is decided of subtrees there; `kinks` are what is wanted, by its place, that has two slopes.
    """
    names = numerals_at(point)
    output = derived.problem.outputs[one.output]
    why = why_undefined(derived.quantities[one.output].tree, names, known)
    if why is not None or not one.by:
        return why or f"{output} has no value here"
    (shown,) = derived.written(one.tree)
    why = kinks.get(next(place for place, other in enumerate(derived.quantities) if other is one))
    why = why or why_undefined(shown, names, known) or why_undefined(expand(one.tree), names, known)
    label = to_unicode(Symbol(derivative(output, one.by)))
    if why is None or "is beyond" in why or FAR_OUT in why:  # it has one, which Arb can't hold
        return f"{label} can't be told here" + (f": {why}" if why else "")
    return f"{label} has no value here: {why}"


def undefined_notes(
    derived: Derived,
    values: Sequence[Value],
    point: Mapping[str, Tree],
    known: Known = (),
    kinks: Mapping[int, str] = NO_KINKS,
) -> Iterator[str]:
    """Why each of those without a value has none. Raises UndefinedError where no expression has one.

    What has no value has no derivatives either, of which nothing more is said.
    """
    without = [one for one, value in zip(derived.quantities, values, strict=True) if value.is_undefined]
    nowhere = {(one.output, one.by) for one in without}
    expressions = [one for one in derived.quantities if not one.by]
    if nowhere.issuperset((one.output, ()) for one in expressions):
        refuse_undefined(derived, expressions[0], point, known=known, kinks=kinks)
    told = [one for one in without if not one.by or (one.output, one.by[:-1]) not in nowhere]
    for one in told[:NAMED_LIMIT]:
        output = "" if one.by else f"{derived.problem.outputs[one.output]} has no value here: "
        yield output + why_no_value(derived, one, point, known, kinks)
    if len(told) > NAMED_LIMIT:
        yield f"{len(told) - NAMED_LIMIT} more have no value here"


def numerals_at(point: Mapping[str, Tree]) -> dict[str, Any]:
    """The coordinates in balls, each a number of its own: two that are equal tie, and one and itself do not."""
    with precision(BITS):
        return {name: numeral(number, {}) for name, number in point.items()}


def decided(trees: Sequence[Tree], point: Mapping[str, Tree]) -> Known:
    """The subtrees that are exactly at an edge, or tie, though their balls don't tell; of `derive.evaluable` trees.

    SymPy is asked nothing where the balls decide everything.
    """
    known: list[tuple[Tree, Any]] = []
    if not any(map(_has_edges, Evaluation(trees).shared.nodes)):
        return known
    answers: list[tuple[Tree, bool]] = []  # whether each difference that SymPy was asked of is 0
    with contextlib.suppress(TookTooLong, *SYMPY_FAILURES), precision(BITS):
        names = numerals_at(point)
        while len(answers) < MOST_QUESTIONS:
            told, refused = [subtree for subtree, _ in known], [one for one, is_zero in answers if not is_zero]
            new = (one for one in _questions(Evaluation(trees, known), names) if one[0] not in told)
            question = next((one for one in new if one[1] not in refused), None)
            if question is None:
                break
            subtree, difference, value = question
            if not any(one == difference for one, _ in answers):
                answers.append((difference, _is_zero(difference, point)))
            if (difference, True) in answers:
                known.append((subtree, value))
    return known


def _has_edges(node: Tree) -> bool:
    return isinstance(node, Apply) and (node.operator in (*COMPARISONS, *EXTREMES) or node.operator in _EDGES)


def _questions(evaluation: Evaluation, names: Mapping[str, Numeral]) -> Iterator[Question]:
    values = evaluation.all_at(names)
    for node, places in zip(evaluation.shared.nodes, evaluation.shared.arguments, strict=True):
        if not isinstance(node, Apply):
            continue
        if node.operator in COMPARISONS and _may_be_zero(values[places[0]] - values[places[1]]):
            yield node, _difference(*node.arguments), OPERATIONS[node.operator](ZERO, ZERO)
        if node.operator in EXTREMES and len(places) == 2 and _may_be_zero(values[places[0]] - values[places[1]]):
            yield node, _difference(*node.arguments), None
        for place, part in _edged(node, places):
            for edge in _EDGES[node.operator]:
                if _may_be_zero(values[place] - edge):
                    yield part, _difference(part, Number(Fraction(edge))), fmpq(edge)


def _edged(node: Apply, places: Sequence[int]) -> Iterator[tuple[int, Tree]]:
    """The arguments that an edge is one of."""
    if node.operator in _EDGES:
        pairs = list(zip(places, node.arguments, strict=True))
        yield from {"divide": pairs[1:], "power": pairs[:1]}.get(node.operator, pairs)


def _difference(a: Tree, b: Tree) -> Tree:
    return Apply("subtract", (a, b))


def _may_be_zero(value: Any) -> bool:
    """Whether a ball is around 0, and close."""
    return isinstance(value, arb) and bool(value.rad() < 1) and sign(value) is None


def _is_zero(difference: Tree, point: Mapping[str, Tree]) -> bool:
    """Whether SymPy proves it at the point."""
    from netcalc.derivation.algebra import to_sympy

    with bounded(ALGEBRA_EVALUATIONS):
        number = to_sympy(expand(substitute(difference, point)))
        return bool(number.is_zero or (is_tame(number) and simplified(number).is_zero))
