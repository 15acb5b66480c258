"""What must hold of any answer: text that reads back, a run that ends as it should, digits that mpmath agrees with."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import sys
from collections.abc import Iterator
from decimal import Decimal
from fractions import Fraction

import truth
from drawn import Drawn
from record import Contradiction, tally, tried

from netcalc.cli import main
from netcalc.errors import NetcalcError
from netcalc.expression import Apply, Leaf, Number, Tree, fold, parse, symbols
from netcalc.notation import to_ascii
from netcalc.render import FORMATS, View, render
from netcalc.result import Result, Tensor, Value, as_value

CLOSE = truth.mp.mpf("1e-30")
NOTHING = truth.mp.mpf("1e-800")  # what is left of sin(pi)
HALF = Decimal("0.5000001")  # of a unit in the last place that is shown
DEEP = 45  # brackets
FREE = ("7/10", "-3/8", "5/4", "2/9", "11/8")  # of variables that were left out


def reads_back(tree: Tree) -> None:
    """ASCII parses to the same tree, its numbers as they are shown: a product of long ones has 32 digits."""
    tree = fold(tree, as_shown, Apply)
    spelled = to_ascii(tree)
    try:
        again = parse(spelled)
    except NetcalcError as error:
        if "nests" in error.message and spelled.count("(") > DEEP:
            return  # brackets take depth that a minus alone didn't
        if error.message.startswith("a number"):
            return  # made of numbers that are read, but beyond what is
        raise Contradiction(f"{spelled[:300]!r} doesn't read back: {error.message}") from None
    if again != tree:
        raise Contradiction(f"{spelled[:300]!r} reads back as {to_ascii(again)[:300]!r}")


def as_shown(leaf: Leaf) -> Leaf:
    """A number that is shown with digits of its own, as what these say."""
    return Number(Fraction(leaf.written)) if isinstance(leaf, Number) and leaf.written else leaf


def called(words: list[str], rows: bytes = b"") -> tuple[int, str]:
    """A run ends with 0, 1 or 2, a check with 3 too; with 2, an error is on stderr, and only whole rows on stdout. Both of it."""
    tried[:] = [repr(words), repr(rows)]
    out, told = (
        io.TextIOWrapper(io.BytesIO(), "utf-8"),
        io.TextIOWrapper(io.BytesIO(), "utf-8", errors="backslashreplace"),
    )
    with redirected(out, told):
        status = main(words)
    out.flush()
    told.flush()
    said = told.buffer.getvalue().decode("utf-8", "replace")
    tally[f"status {status}"] += 1
    if status not in (0, 1, 2, *([3] if "--check" in words else [])):
        raise Contradiction(f"status {status}: {said}")
    if status == 2 and not said.startswith("error: "):
        raise Contradiction(f"status 2 says {said!r}")
    if status == 2 and out.buffer.getvalue() and not rows:
        raise Contradiction(f"status 2, and on stdout {out.buffer.getvalue()[:200]!r}")
    return status, out.buffer.getvalue().decode("utf-8", "replace")


@contextlib.contextmanager
def redirected(out: io.TextIOWrapper, told: io.TextIOWrapper) -> Iterator[None]:
    """The three streams elsewhere."""
    before = sys.stdin, sys.stdout, sys.stderr
    sys.stdin, sys.stdout, sys.stderr = io.TextIOWrapper(io.BytesIO(b"")), out, told
    try:
        yield
    finally:
        sys.stdin, sys.stdout, sys.stderr = before


def written(result: Result, asked: Drawn) -> None:
    """Formats are written, and what is data reads back."""
    json.loads(result.to_json(), parse_constant=_refuse_constant)
    for name in asked.formats:
        form = FORMATS[name]
        if form.save is not None:
            with contextlib.suppress(NetcalcError):  # formulas are no numbers
                form.save(result, io.BytesIO())
            continue
        try:
            lines = list(render(result, name, View(steps=True)))
        except NetcalcError:
            continue  # a circuit that can't be drawn
        if name == "table":
            printed(lines)
        elif name in ("csv", "tsv"):
            found = list(csv.reader(lines, delimiter="," if name == "csv" else "\t"))
            if len({len(row) for row in found}) != 1:
                raise Contradiction(f"rows of different lengths: {found}")
        elif name == "jsonl":
            for line in lines:
                json.loads(line, parse_constant=_refuse_constant)


def printed(lines: list[object]) -> None:
    """As on a terminal of 80 columns."""
    from rich.console import Console

    console = Console(file=io.StringIO(), width=80)
    for line in lines:
        console.print(line)


def _refuse_constant(name: str) -> None:
    raise Contradiction(f"{name} in JSON")


def held(result: Result, trees: list[Tree], at: dict[str, str]) -> None:
    """Every number, formula and closed form agrees with mpmath, where that has a word on it."""
    try:
        names = sorted({name for tree in trees for name in symbols(tree)})
        texts = {name: at.get(name, FREE[place]) for place, name in enumerate(names)}
        point = {name: truth.value(parse(typed), {}) for name, typed in texts.items()}
    except truth.Untold:
        return
    for tensor in result.tensors:
        for place, tree in enumerate(trees):
            try:
                true = truth.slope(tree, tensor.by, point) if tensor.by else truth.value(tree, point)
            except truth.Untold:
                tally["untold"] += 1
                continue
            value = as_value(tensor.entries[()] if len(trees) == 1 else tensor.entries[place])
            agrees(tensor, value, tensor.own[place] if tensor.own else tensor.formula, true, point)


def agrees(tensor: Tensor, value: Value, formula: Tree, true: truth.Real, point: truth.Point) -> None:
    """A value, its digits, its formulas and its closed form."""
    tally["compared"] += 1
    if value.certified and value.shown != "undefined":
        shown = Decimal(value.shown)
        given = value.shown if "." in value.shown else value.shown.partition("e")[0].rstrip("0")  # 100 may be 103
        digits = max(len(Decimal(given or "0").as_tuple().digits), 6 if not value.as_digits else 1)
        unit = truth.mp.mpf(10) ** (shown.adjusted() - digits + 1) if shown else NOTHING
        if abs(truth.mp.mpf(value.shown) - true) > truth.mp.mpf(str(HALF)) * unit:
            raise Contradiction(f"{tensor.name} is shown as {value.shown}; the truth is {truth.mp.nstr(true, 30)}")
    if value.nearest is not None and value.certified and not _is_nearest(value.nearest, true):
        raise Contradiction(f"{tensor.name} is {value.nearest!r}; the truth is {truth.mp.nstr(true, 30)}")
    formulas = {"formula": formula, "value's formula": value.formula, "closed form": value.exact}
    for what, one in formulas.items():
        if one is None or "…" in symbols(one) or not truth.covered(one):
            continue
        reads_back(one)
        try:
            found = truth.value(one, point)
        except (truth.Untold, KeyError):
            continue
        tally["formulas"] += 1
        if abs(found - true) > CLOSE * abs(true) and abs(found - true) > truth.mp.mpf("1e-100"):
            raise Contradiction(
                f"the {what} {to_ascii(one)} of {tensor.name} is {truth.mp.nstr(found, 30)}; the truth is {truth.mp.nstr(true, 30)}"
            )


def _is_nearest(number: float, true: truth.Real) -> bool:
    if abs(true) > truth.mp.mpf(2) ** 1024:
        return number in (float("inf"), float("-inf"), sys.float_info.max, -sys.float_info.max)
    exponent = max(truth.mp.mag(true), -1021) if true else -1021
    return abs(truth.mp.mpf(number) - true) <= truth.mp.mpf("0.5000001") * truth.mp.mpf(2) ** (exponent - 53)
