"""The catalogue's entries, in every format: many as a list, one with its curve."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from textwrap import wrap
from typing import Any

import numpy as np
from rich.console import Console, ConsoleOptions, RenderableType, RenderResult
from rich.table import Table
from rich.text import Text

from netcalc.entry import Entry
from netcalc.expression import Apply, Number, Tree, is_constant
from netcalc.expression.tree import fold
from netcalc.files.rows import separated
from netcalc.notation import is_plain, minus_signs, significant, to_ascii, to_unicode
from netcalc.notation.latex import to_latex
from netcalc.records import NamedTuple
from netcalc.render.frame import frame
from netcalc.render.markdown import pipe_table
from netcalc.render.plot import DOTS, PLAIN, Canvas, Window
from netcalc.render.spelling import spelled
from netcalc.result import in_unicode
from netcalc.solving.bits import constant

PAGE = 80  # columns of a drawing where there is no narrower terminal
SIDE_BY_SIDE = 72  # columns from which on two drawings stand beside each other
ROWS = 11  # of a drawing
GUTTER = 3
SAMPLES = 1001  # that a curve's extremes are taken from
LONG, SHORT = 12, 7  # characters of a number that a list cuts, and of what it leaves


def entries(format_name: str, listed: Sequence[Entry], *, alone: bool) -> Iterable[Any]:
    """The entries as lines (for `table`, what Rich prints); one `alone` is shown in full."""
    if format_name == "table":
        return _portrait(listed[0]) if alone else [_list(listed)]
    if format_name == "json":
        content = listed[0].record() if alone else [entry.record() for entry in listed]
        return [json.dumps(content, ensure_ascii=False)]
    return FORMATS[format_name](listed)


def _separated(listed: Sequence[Entry], delimiter: str) -> Iterator[str]:
    rows = [{name: _cell(value) for name, value in entry.record().items()} for entry in listed]
    return (separated(row, delimiter) for row in (rows[0], *(row.values() for row in rows)))


def _cell(value: object) -> str:
    if isinstance(value, Mapping):
        return " ".join(f"{name}={number}" for name, number in value.items())
    return " ".join(one or "none" for one in value) if isinstance(value, list) else str(value)


def _markdown(listed: Sequence[Entry]) -> Iterator[str]:
    rows = ((f"`{one.name}`", _code(one.formula), _code(one.slope), _range(one), _kinks(one)) for one in listed)
    return pipe_table(("name", "f(q)", "f′(q)", "range", "kinks"), rows)


def _code(tree: Tree) -> str:
    return f"`{to_ascii(tree)}`".replace("|", "\\|")


def _latex(listed: Sequence[Entry]) -> Iterator[str]:
    yield r"\begin{align*}"
    lines = (f"  {head} &= {to_latex(tree)}" for entry in listed for head, tree in _latex_lines(entry))
    yield " \\\\\n".join(lines)
    yield r"\end{align*}"


def _latex_lines(entry: Entry) -> Iterator[tuple[str, Tree]]:
    name = to_latex(entry.function) if entry.activation.has_kernels else r"f\left(q\right)"
    yield name, entry.formula
    yield rf"\frac{{d}}{{dq}} {name}", entry.slope
    yield rf"\frac{{d^{{2}}}}{{dq^{{2}}}} {name}", entry.curvature


FORMATS: Mapping[str, Callable[[Sequence[Entry]], Iterator[str]]] = {
    "jsonl": lambda listed: (json.dumps(entry.record(), ensure_ascii=False) for entry in listed),
    "csv": lambda listed: _separated(listed, ","),
    "tsv": lambda listed: _separated(listed, "\t"),
    "md": _markdown,
    "latex": _latex,
}


# --- for people -------------------------------------------------------------------------------------------------------


def _list(listed: Sequence[Entry]) -> Table:
    table = frame("name", "f(q)", "slope", "range", "kinks")
    table.columns[0].no_wrap = True
    for entry in listed:
        texts = [*(to_unicode(_rounded(tree)) for tree in (entry.formula, entry.slope)), _range(entry), _kinks(entry)]
        table.add_row(entry.name, *map(spelled, texts))
    return table


def _rounded(tree: Tree) -> Tree:
    """The formula with numbers of thirty digits cut short, such as selu's, for people."""
    whole = fold(tree, lambda leaf: leaf, _with_quotients)
    return fold(whole, lambda leaf: _cut(leaf) if isinstance(leaf, Number) else leaf, Apply)


def _with_quotients(operator: str, parts: Sequence[Tree]) -> Tree:
    """8.79…e61·exp(q)/5e61 as 1.758…·exp(q): a number divided by another, of more digits than are read, is one."""
    match operator, *parts:
        case "divide", Apply("multiply", (Number() as above, *others)), Number() as below if (
            len(to_ascii(above)) > LONG
        ):
            return Apply("multiply", (Number(above.value / below.value), *others))
    return Apply(operator, tuple(parts))


def _cut(number: Number) -> Number:
    text = to_ascii(number).removeprefix("-")
    if len(text) <= LONG or "/" in text:
        return number
    if number.value.denominator > 1:
        return Number(number.value, f"{text[:SHORT]}…")
    return Number(number.value, f"{text[0]}.{text[1 : SHORT - 1]}…e{len(text) - 1}")


def _range(entry: Entry) -> str:
    return minus_signs(entry.range).replace("inf", "∞").replace("pi", "π")


def _kinks(entry: Entry) -> str:
    return minus_signs(", ".join(entry.activation.kinks))


def _portrait(entry: Entry) -> Iterator[RenderableType]:
    facts_given = list(facts(entry, lambda tree: to_unicode(_rounded(tree))))
    yield _Facts([(spelled(name), spelled(text)) for name, text in facts_given])
    yield Text("")
    yield _Curves(entry)


class _Facts(NamedTuple):
    """Headings and texts in two columns, in the width that there is."""

    facts: Sequence[tuple[str, str]]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        indent = max(len(name) for name, _ in self.facts) + 2
        for name, text in self.facts:
            first, *others = wrap(text, max(options.max_width - indent, 20), break_on_hyphens=False)
            yield Text.assemble(
                (name.ljust(indent), "bold"), "\n".join([first, *(" " * indent + one for one in others)])
            )


def facts(entry: Entry, write: Callable[[Tree], str]) -> Iterator[tuple[str, str]]:
    """What is said of an entry, a heading and a text each."""
    row = entry.activation.row
    yield "f(q)", " = ".join(dict.fromkeys((write(entry.function), write(entry.formula))))
    yield "f′(q)", write(entry.slope)
    yield "f″(q)", write(entry.curvature)
    if entry.parameters:
        yield "parameters", ", ".join(f"{name} = {value}" for name, value in entry.parameters.items())
    if entry.range:
        yield "range", _range(entry)
    if entry.limits and any(entry.limits):
        pairs = zip(entry.limits, ("−∞", "∞"), strict=True)
        yield "limits", ", ".join(f"{_end(limit, write)} as q → {place}" for limit, place in pairs if limit)
    if row.range:
        yield "kinks", f"at q = {_kinks(entry)}" if entry.activation.kinks else "none"
    if row.aliases:
        yield "also", ", ".join(row.aliases)
    if row.source:
        yield "source", row.source
    if row.elsewhere:
        yield "elsewhere", re.sub(r"-(?=\d)", "−", row.elsewhere)


def _end(limit: Tree, write: Callable[[Tree], str]) -> str:
    if is_constant(limit) and len(to_ascii(limit)) > LONG:
        return in_unicode(constant(limit, None))
    return write(limit).replace("oo", "∞")


class _Curves(NamedTuple):
    """f and its slope, side by side where there is room."""

    entry: Entry

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width = min(options.max_width, PAGE)
        beside = width >= SIDE_BY_SIDE
        columns = (width - GUTTER) // 2 if beside else width
        value, slope = (self.drawing(order, columns) for order in (0, 1))
        if beside:
            gutter = " " * GUTTER
            lines = [f"{left.ljust(columns)}{gutter}{right}" for left, right in zip(value, slope, strict=True)]
        else:
            lines = [*value, "", *slope]
        yield Text("\n".join(line.rstrip() for line in lines), no_wrap=True)

    def drawing(self, order: int, width: int) -> list[str]:
        """A title, the curve with its numbers at the side, and those of q below."""
        entry = self.entry
        left, right = entry.window
        kinks = [float(kink) for kink in entry.activation.kinks]
        labels = max(len(_number(one)) for one in (left, right, -1.25)) + 1
        pen = PLAIN if is_plain() else DOTS
        rough = np.linspace(left, right, SAMPLES)
        bottom, top = heights(entry.curve(order, rough), right)
        canvas = Canvas(Window(left, right, bottom, top), max(width - labels - 1, 10), ROWS, pen)
        canvas.draw(entry.curve(order, np.array(canvas.places())).tolist(), kinks)
        lines = [f"{' ' * labels} {'f' if order == 0 else 'f′'}(q)"]
        ends = {0: _number(top), ROWS - 1: _number(bottom)}
        lines += [f"{ends.get(row, '').rjust(labels)} {text}" for row, text in enumerate(canvas.lines())]
        low, high = _number(left), _number(right)
        lines.append(f"{' ' * labels} {low}{'q'.center(canvas.columns - len(low) - len(high))}{high}")
        return list(map(spelled, lines))


def heights(values: np.ndarray, most: float) -> tuple[float, float]:
    """The stretch that a curve is shown in: 0 and all its values, but no further than ±`most`."""
    finite = values[np.isfinite(values)]
    if not finite.size:
        return -1.0, 1.0
    bottom, top = max(min(finite.min(), 0.0), -most), min(max(finite.max(), 0.0), most)
    return (float(bottom), float(top)) if top > bottom else (-1.0, 1.0)


def _number(value: float) -> str:
    return minus_signs(significant(value, 3))
