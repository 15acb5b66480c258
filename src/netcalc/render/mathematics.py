"""What steps show, as MathML: formulas, matrices, chains of equals signs."""

from __future__ import annotations

from collections.abc import Sequence

from netcalc.expression.tree import Leaf, fold
from netcalc.notation import to_unicode
from netcalc.notation.displays import Display, Matrix, Named, Product, Sum, Transposed, is_ratio, needs_brackets
from netcalc.notation.mathml import name_to_mathml, operator, row, to_mathml
from netcalc.render.prose import left
from netcalc.result import Step

LETTER = 0.5  # em that a letter is wide, about
CELL = 0.9  # between two columns of a matrix
EQUALS = 1.5  # a sign between two parts
RAISED = 0.7  # of an exponent's size
LINE = 26  # that a line of a narrow page holds
STRETCHED = '<mo stretchy="true">{}</mo>'


def step_to_mathml(step: Step) -> str:
    """A step as one display, a line an equals sign where it shows matrices, or is long.

    It says how many em it is wide, more or less, so that a page sets it as small as it has to be.
    """
    displays = (left(step), *step.chain)
    head, *parts = map(display_to_mathml, displays)
    first, *others = map(width, displays)
    along = first + sum(others) + EQUALS * len(others)
    if along <= LINE and not any("<mtable" in part for part in parts):
        return f"{_opened(along)}{row(head, *(operator('=') + part for part in parts))}</math>"
    lines = zip([head, *[""] * len(parts[1:])], parts, strict=True)
    cells = "".join(f"<mtr><mtd>{start}</mtd><mtd>{row(operator('='), part)}</mtd></mtr>" for start, part in lines)
    across = first + max(others, default=0) + EQUALS
    return f'{_opened(across)}<mtable class="chain" displaystyle="true">{cells}</mtable></math>'


def _opened(em: float) -> str:
    return f'<math display="block" style="--em:{em + 1:.0f}">'


def width(display: Display) -> float:
    """How many em a display is wide, more or less; a fraction as wide as the wider of what is above and below."""
    if isinstance(display, Matrix):
        columns = zip(*([width(entry) for entry in entries] for entries in display.entries), strict=True)
        return float(1 + sum(CELL + max(column) for column in columns))
    if isinstance(display, Named):
        return LETTER * len(display.text)
    if isinstance(display, Transposed):
        return width(display.of) + 0.5
    if isinstance(display, Product):
        return sum(map(width, display.parts)) + len(display.symbol or " ") * len(display.parts)
    if isinstance(display, Sum):
        return sum(map(width, display.parts)) + EQUALS * len(display.parts)
    return fold(display, _width_of_leaf, _width_of_node)


def _width_of_leaf(leaf: Leaf) -> float:
    return LETTER * max(map(len, to_unicode(leaf).split("/")))


def _width_of_node(operator: str, parts: Sequence[float]) -> float:
    match operator, parts:
        case "divide", (above, below):
            return max(above, below) + LETTER
        case "power", (base, exponent):
            return base + RAISED * exponent
        case "where", (condition, then, other):
            return max(then, other) + condition + EQUALS
        case "add" | "subtract" | "multiply" | "negate", _:
            return sum(parts) + 2 * LETTER * max(1, len(parts) - 1)
        case _:
            return sum(parts) + LETTER * (len(operator) + 1 + len(parts))


def display_to_mathml(display: Display) -> str:
    """A display for a `math` element."""
    if isinstance(display, Matrix):
        rows = ("".join(f"<mtd>{to_mathml(entry)}</mtd>" for entry in entries) for entries in display.entries)
        table = "".join(f"<mtr>{cells}</mtr>" for cells in rows)
        return row(STRETCHED.format("["), f"<mtable>{table}</mtable>", STRETCHED.format("]"))
    if isinstance(display, Named):
        return name_to_mathml(display.text)
    if isinstance(display, Transposed):
        inner = _held(display.of, Product, Sum, *([Named] if is_ratio(display.of) else []))
        return f"<msup>{row(inner)}{operator('⊤')}</msup>"
    if isinstance(display, Product):
        sign = operator(display.symbol) if display.symbol else '<mspace width="0.2em"></mspace>'
        return row(sign.join(_held(part, Sum) for part in display.parts))
    if isinstance(display, Sum):
        return row(operator(display.symbol).join(map(display_to_mathml, display.parts)))
    return row(to_mathml(display))


def _held(part: Display, *loose: type) -> str:
    """A part, in brackets if it is one of the `loose` kinds, or a formula that a product would tear apart."""
    text = display_to_mathml(part)
    return row(operator("("), text, operator(")")) if isinstance(part, loose) or needs_brackets(part) else text
