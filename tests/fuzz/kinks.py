"""Expressions made to have kinks, removable points and ends of their domain right where they are asked about.

What netcalc certifies of their derivatives is held to one-sided quotients; where there is no derivative, it has to say so.
"""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass

import quotients
from drawn import Dice, Provider, pick
from record import Contradiction, tally, tried
from truth import Untold, mp

import netcalc
from netcalc.errors import NetcalcError, UndefinedError
from netcalc.expression import Symbol, Tree, parse, symbols
from netcalc.notation import to_unicode
from netcalc.problem import derivative
from netcalc.result import Result, Tensor, as_value

PLACES = ("0", "0", "0", "0", "1", "1", "1/3", "3/2", "-2", "1e-20", "-1e-20", "1e-30")
NEAR = ("0", "1", "1e-20", "1e-30", "1/3")  # of what may be 0 a little beside the point
COMPARISONS = (">", "<", ">=", "<=", "!=", "==")
LONGEST = 160  # characters of an expression whose higher derivatives are asked for
CLOSE, NOTHING = mp.mpf("3e-16"), mp.mpf("1e-100")
ROUGHLY = mp.mpf("1e-5")  # of the six digits that notes have

# {u} and {v} are 0 at or near the point, {o} is any smooth factor, {c} compares.
KINKS = (
    *("abs({u})", "max({u}, {v})", "min({u}, {v})", "relu({u})", "sign({u})", "sqrt({u}^2)", "max({u}, {v}, {o})"),
    *("abs({u})^2", "abs({u})^3", "abs({u})^1.5", "abs({u})^(1/2)", "abs({u})^(5/3)", "max({u}, 0)^2", "max({u}, 0)^3"),
    *("cbrt({u})", "cbrt({u})^2", "cbrt({u})^4", "({u})^(1/3)", "({u})^(2/3)", "sqrt({u})", "sqrt({u})*sqrt({u})"),
    *("where({u} != 0, sin({u})/{u}, 1)", "where({u} != 0, sin({u})/{u}, 0)", "({u}*{v})/{u}", "sin({u})/({u})"),
    *("where({u} == 0, 1, (exp({u}) - 1)/{u})", "where({u} != 0, (1 - cos({u}))/{u}^2, 1/2)"),
    *("where({u} > 0, {u}*log({u}), 0)", "where({u} != 0, {u}^2*log(abs({u})), 0)", "log(1 + abs({u}))"),
    *("where({u} != 0, {u}^2*sin(1/{u}), 0)", "where({u} != 0, {u}^3*sin(1/{u}), 0)", "where({u} > 0, exp(-1/{u}), 0)"),
    *("where({v} {c} 0, {o}, {o})", "where({u} {c} {v}, {o}, {u})", "where({v} {c} 0, {u}, {u}^2)", "sign({u})*{v}"),
    *(
        "where({v} == 0, {u}, sin({u}))",
        "where({u} <= 0 and {v} >= 0, {o}, {u})",
        "where({u} < 0 or {v} {c} 0, {o}, {u})",
    ),
    *("leaky_relu({u})", "elu({u})", "softsign({u})", "hard_tanh(1 + {u})", "relu6(6 + {u})", "abs({u}^2 - 1e-80*{v})"),
)
ZEROS = (
    "{x}",
    "{x}",
    "{x}",
    "{x}",
    "(-{x})",
    "(2*{x})",
    "sin({x})",
    "{x}^2",
    "{x}^3",
    "({x} + {x}^2)",
    "(exp({x}) - 1)",
)
PAIRS = ("({x} + {y})", "({x} - {y})", "({x}*{y})")
SMOOTH = ("{n}", "{n}^2", "exp({n})", "cos({n})", "2", "(1 + {n})", "1/3", "sin({n})", "(3*{n} - 1)")
AROUND = (
    *("({e} + {f})", "({e} + {o})", "({e} - {o})", "({e})*({o})", "({e})*({u})", "({e})/({o})", "({e})/({u})"),
    *("exp({e})", "sin({e})", "tanh({e})", "atan({e})", "sqrt({e})", "cbrt({e})", "abs({e})", "relu({e})"),
    *("({e})^2", "({e})^3", "({e})^(1/2)", "({e})^(1/3)"),
)


@dataclass(frozen=True)
class Drawn:
    """An expression, the point, and up to which order it is derived."""

    text: str
    at: dict[str, str]
    order: int


def drawn(source: Provider) -> Drawn:
    """A problem from bytes."""
    names = ("x", "y")[: 1 + (source.ConsumeIntInRange(0, 9) > 5)]
    at = {name: pick(source, PLACES) for name in names}
    text = _expression(source, at, source.ConsumeIntInRange(0, 2))
    at = {name: at[name] for name in at if name in symbols(parse(text))}
    order = (1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 3)[source.ConsumeIntInRange(0, 11)] if len(text) < LONGEST else 1
    return Drawn(text, at, min(order, 2) if len(at) > 1 else order)


def _expression(source: Provider, at: dict[str, str], depth: int) -> str:
    if not depth or source.ConsumeIntInRange(0, 2) == 0:
        return _filled(source, at, pick(source, KINKS), depth)
    return _filled(source, at, pick(source, AROUND), depth)


def _filled(source: Provider, at: dict[str, str], form: str, depth: int) -> str:
    parts = {}
    for letter in dict.fromkeys(re.findall(r"\{(\w)\}", form)):
        if letter in "ef":
            parts[letter] = _expression(source, at, depth - 1)
        elif letter == "o":
            parts[letter] = pick(source, SMOOTH).format(n=pick(source, list(at)))
        elif letter == "c":
            parts[letter] = pick(source, COMPARISONS)
        else:
            parts[letter] = _zero(source, at)
    return form.format(**parts)


def _zero(source: Provider, at: dict[str, str]) -> str:
    """Something that is 0 at the point, or near it."""

    def shifted() -> str:
        name = pick(source, list(at))
        place = at[name] if source.ConsumeIntInRange(0, 5) else pick(source, NEAR)
        return name if place == "0" else f"({name} - ({place}))"

    if len(at) > 1 and source.ConsumeIntInRange(0, 9) == 0:
        return pick(source, PAIRS).format(x=shifted(), y=shifted())
    return pick(source, ZEROS).format(x=shifted())


def kinks(source: Provider, data: bytes) -> None:
    """A problem at a kink, held to quotients; half of them are as large as chance has it, not as the bytes last."""
    if data[:1] < b"\x80":
        source = Dice(zlib.crc32(data))
    try:
        asked = drawn(source)
    except NetcalcError:  # x/(0*x)
        tally["refused"] += 1
        return
    tried[:] = [repr(asked)]
    if not asked.at:
        return
    tree, point = parse(asked.text), {name: parse(place) for name, place in asked.at.items()}
    try:
        result = netcalc.grad(asked.text, at=asked.at, order=asked.order)
    except UndefinedError:
        tally["undefined" if not _has_a_slope(tree, point) else "undefined, and there is a slope"] += 1
        return
    except NetcalcError:
        tally["refused"] += 1
        return
    for tensor in result.tensors:
        try:
            _hold(result, tensor, tree, point)
        except (Untold, quotients.Blurred):
            tally["untold"] += 1
        except quotients.Nowhere:
            raise Contradiction(f"{tensor.name} has a value where the expression has none") from None


def _has_a_slope(tree: Tree, point: dict[str, Tree]) -> bool:
    try:
        return any(quotients.derivative(tree, (name,), point).both is not None for name in point)
    except (Untold, quotients.Blurred, quotients.Nowhere):
        return False


def _hold(result: Result, tensor: Tensor, tree: Tree, point: dict[str, Tree]) -> None:
    given = as_value(tensor.entries[()])
    if not tensor.by:
        _agrees(tensor.name, given.nearest, quotients.value(tree, point))
        return
    told = quotients.derivative(tree, tensor.by, point)
    if told.both is not None:
        tally[f"a derivative of order {len(tensor.by)}"] += 1
        if given.shown == "undefined" or not given.certified:
            tally["undecided, and there is one"] += 1
            return
        _agrees(tensor.name, given.nearest, told.both)
    elif given.shown != "undefined" and given.certified:
        tally["none, and so it is said"] += 1
        if not _says_so(result, tensor):
            raise Contradiction(f"{tensor.name} is {given.shown} without a word on {_written(told)}")
        _notes_agree(result, tensor, told)


def _agrees(name: str, number: float | None, true: mp.mpf) -> None:
    tally["compared"] += 1
    if number is not None and abs(mp.mpf(number) - true) > CLOSE * abs(true) + NOTHING:
        raise Contradiction(f"{name} is {number!r}; the truth is {mp.nstr(true, 20)}")


def _says_so(result: Result, tensor: Tensor) -> bool:
    """Whether a note is on that derivative, one that it is a derivative of, or on what the expression itself does."""
    names = [_label(tensor.by[:count]) for count in range(1, len(tensor.by) + 1)]
    own = (" jumps at ", "is defined at ")
    return any(part in note for note in result.notes for part in (*own, *(f"{name} " for name in names)))


def _notes_agree(result: Result, tensor: Tensor, told: quotients.Told) -> None:
    for note in result.notes:
        found = re.search(rf": {re.escape(_label(tensor.by))} is (\S+) on the left, ([^\s;]+) on the right", note)
        for said, true in zip(found.groups() if found else (), told, strict=False):
            if true is None or said in ("undefined", "undecided"):
                continue
            tally["sides"] += 1
            number = mp.mpf(said.replace("∞", "inf"))
            if number != true and not abs(number - true) <= ROUGHLY * abs(true) + NOTHING:
                raise Contradiction(f"{note} | {_written(told)}")


def _label(by: tuple[str, ...]) -> str:
    return to_unicode(Symbol(derivative("f", by)))


def _written(told: quotients.Told) -> str:
    return ", ".join("no limit" if side is None else mp.nstr(side, 12) for side in told)
