"""What is said of points where an expression has a kink, a jump or no value at all."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NoReturn

from flint import arb, fmpq

from netcalc.arithmetic.certain import ball, numeral, numerals, precision
from netcalc.arithmetic.rounding import digits
from netcalc.arithmetic.sides import BITS, one_sided, tie
from netcalc.arithmetic.undefined import why_undefined
from netcalc.derivation.derive import evaluable, expand
from netcalc.derivation.gradient import Derived, Wanted
from netcalc.errors import UndefinedError
from netcalc.expression import Tree
from netcalc.expression.tree import Apply, Symbol, has_switches
from netcalc.kinks import SAME, kink
from netcalc.notation import to_unicode
from netcalc.problem import derivative
from netcalc.result import Value

NAMED_LIMIT = 8  # kinks told one by one


def refuse_undefined(derived: Derived, one: Wanted, point: Mapping[str, Tree], where: str = "") -> NoReturn:
    """Raises UndefinedError, saying which subexpression has no value at the point, and why."""
    raise UndefinedError(why_no_value(derived, one, point) + where)


def why_no_value(derived: Derived, one: Wanted, point: Mapping[str, Tree]) -> str:
    """Which subexpression of an expression, or of its derivative, has no value at the point, and why."""
    names = _numerals(point)
    output = derived.problem.outputs[one.output]
    why = why_undefined(derived.wanted[one.output].tree, names)
    if why is not None or not one.by:
        return why or f"{output} has no value here"
    shown = derived.written(one.tree)
    why = why_undefined(shown, names) or why_undefined(expand(one.tree), names)
    label = to_unicode(Symbol(derivative(output, one.by)))
    return f"{label} has no value here" + (f": {why}" if why else "")


def undefined_notes(derived: Derived, values: Sequence[Value], point: Mapping[str, Tree]) -> Iterator[str]:
    """Why each of those without a value has none. Raises UndefinedError where no expression, or no derivative, has one.

    What has no value has no derivatives either, of which nothing more is said.
    """
    without = [one for one, value in zip(derived.wanted, values, strict=True) if value.is_undefined]
    nowhere = {(one.output, one.by) for one in without}
    for is_derivative in (False, True):
        asked = [one for one in derived.wanted if bool(one.by) is is_derivative]
        if asked and nowhere.issuperset((one.output, one.by) for one in asked):
            refuse_undefined(derived, asked[0], point)
    told = [one for one in without if not one.by or (one.output, one.by[:-1]) not in nowhere]
    for one in told[:NAMED_LIMIT]:
        output = "" if one.by else f"{derived.problem.outputs[one.output]} has no value here: "
        yield output + why_no_value(derived, one, point)
    if len(told) > NAMED_LIMIT:
        yield f"{len(told) - NAMED_LIMIT} more have no value here"


def corner_notes(derived: Derived, point: Mapping[str, Tree]) -> Iterator[str]:
    """A line for each kink and jump that the point is at."""
    switching = [one for one in derived.wanted if len(one.by) < 2 and has_switches(expand(one.tree))]
    if not switching:
        return
    trees = dict(zip(map(id, switching), evaluable([one.tree for one in switching]), strict=True))
    with precision(BITS):
        names = _numerals(point)
        if tie(Apply("add", tuple(trees.values())), names) is None:
            return
    told = 0
    for one in switching:
        found = _jump(derived, one, trees[id(one)], names) if not one.by else _kink(derived, one, trees[id(one)], names)
        for line in found:
            told += 1
            if told <= NAMED_LIMIT:
                yield line
    if told > NAMED_LIMIT:
        yield f"{told - NAMED_LIMIT} more derivatives are at a kink"


def _numerals(point: Mapping[str, Tree]) -> dict[str, Any]:
    return dict(zip(point, numerals(list(point.values()), {}), strict=True))


def _kink(derived: Derived, one: Wanted, slope: Tree, names: Mapping[str, Any]) -> Iterator[str]:
    (name,) = one.by
    with precision(BITS):
        found = kink(slope, name, names)
    if found is None:
        return
    output = derived.problem.outputs[one.output]
    sides = f"∂{output}/∂{name} is {found.left} on the left, {found.right} on the right"
    if not found.decided:
        yield f"{name} can't be told from a kink of {output}, being {found.place}: {sides}; which is not decided"
        return
    yield f"{name} = {found.place} is a kink of {output}: {sides}; netcalc takes {found.taken}, as PyTorch does"


def _jump(derived: Derived, one: Wanted, value: Tree, names: Mapping[str, Any]) -> Iterator[str]:
    """Where the expression itself comes to different values from the two sides, it has no derivative at all."""
    output = derived.problem.outputs[one.output]
    with precision(BITS):
        if tie(value, names) is None:
            return
        here = numeral(value, names)
        for name in derived.problem.wrt:
            sides = [one_sided(value, name, names, side) for side in (-1, 1)]
            if all(_same(side, here) for side in sides):
                continue
            left, right = (digits(side, 6) or "no value" for side in sides)
            place = digits(names[name], 6) or "there"
            yield (
                f"{output} jumps at {name} = {place}: it comes to {left} from the left, {right} from the right, and is "
                f"{digits(here, 6) or 'undecided'} there; the derivative given is that of the branch taken"
            )


def _same(a: Any, b: Any) -> bool:
    difference = ball(a - b)
    return bool(abs(difference) < arb(SAME)) or difference == fmpq(0)
