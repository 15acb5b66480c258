"""Problem → result, by the kind of problem."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from operator import index
from typing import TYPE_CHECKING, Any

from netcalc.arithmetic.turns import in_turn
from netcalc.errors import NetcalcError
from netcalc.result import Result
from netcalc.solving.notes import exact_notes

if TYPE_CHECKING:
    from netcalc.models.grad import Gradient
    from netcalc.models.graphed import GraphProblem
    from netcalc.problem import Problem

MOST_DIGITS = 10_000  # that may be asked for


@in_turn
def solve(
    problem: Problem | Gradient | GraphProblem,
    *,
    digits: int | None = None,
    exact: bool = False,
    verify: bool = False,
    certify: bool | None = None,
) -> Result:
    """The forward values and every partial.

    `digits` asks for that many proven significant digits, `exact` for closed forms, `verify` for central differences
    beside the partials, `certify` for values proven however many there are, or none: else as long as it takes about
    a second. Raises UndefinedError where a function has no value, NetcalcError for digits that are none.
    """
    digits = _whole(digits)
    flag("exact", exact)
    flag("verify", verify)
    result = _solver(problem)(problem, digits=digits, exact=exact, proven=certify)
    if exact:
        result = replace(result, notes=(*result.notes, *exact_notes(result)))
    return verified(problem, result) if verify else result


def _solver(problem: object) -> Callable[..., Result]:
    """What solves problems of this kind; no other kind is loaded."""
    match type(problem).__name__:
        case "Problem":
            from netcalc.solving.layers import solve as solve_layers

            return solve_layers
        case "Gradient":
            from netcalc.solving.expressions import solve as solve_expressions

            return solve_expressions
    from netcalc.solving.graphed import solve as solve_graph

    return solve_graph


def _whole(digits: Any) -> int | None:
    """How many digits, as Python's number. Raises NetcalcError for what is no whole number that is taken."""
    if digits is None:
        return None
    try:
        number = 0 if isinstance(digits, bool) else index(digits)
    except TypeError:  # of arrays too
        number = 0
    if number not in range(1, MOST_DIGITS + 1):
        raise NetcalcError(f"digits are a whole number from 1 to {MOST_DIGITS:,}, and not {digits!r}")
    return number


def flag(name: str, value: Any) -> bool:
    """True or False. Raises NetcalcError for another thing."""
    kind = type(value).__name__
    if not isinstance(value, bool) and kind not in ("bool_", "bool") and not (kind == "int" and value in (0, 1)):
        raise NetcalcError(f"{name} is True or False, and not {value!r}")
    return bool(value)


def verified(problem: Problem | Gradient | GraphProblem, result: Result) -> Result:
    """The result with what central differences say of it."""
    from netcalc.verify import verify

    verification = verify(problem, result)
    return replace(result, notes=(*result.notes, *verification.notes), verification=verification)
