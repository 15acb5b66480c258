"""What is said of points where an expression has no value."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, NoReturn

from netcalc.arithmetic.balls import Known, numerals, precision
from netcalc.arithmetic.undefined import BITS, FAR_OUT, why_undefined
from netcalc.derivation.derive import expand
from netcalc.derivation.gradient import Derived, Quantity
from netcalc.errors import UndefinedError
from netcalc.expression import Tree
from netcalc.expression.tree import Symbol
from netcalc.notation import to_unicode
from netcalc.problem import derivative
from netcalc.result import Value

NO_KINKS: Mapping[int, str] = MappingProxyType({})
NAMED_LIMIT = 8  # those without a value, told one by one


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
    names = _numerals(point)
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


def _numerals(point: Mapping[str, Tree]) -> dict[str, Any]:
    with precision(BITS):
        return dict(zip(point, numerals(list(point.values()), {}), strict=True))
