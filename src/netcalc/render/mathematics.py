"""What steps show, as MathML: formulas, matrices, chains of equals signs."""

from __future__ import annotations

from netcalc.notation.displays import Display, Matrix, Named, Product, Sum, Transposed, is_ratio, needs_brackets
from netcalc.notation.mathml import name_to_mathml, operator, row, to_mathml
from netcalc.render.prose import left
from netcalc.result import Step

STRETCHED = '<mo stretchy="true">{}</mo>'


def step_to_mathml(step: Step) -> str:
    """A step as one display, a line an equals sign where it shows matrices."""
    head, *parts = (display_to_mathml(part) for part in (left(step), *step.chain))
    if not any("<mtable" in part for part in parts):
        return f'<math display="block">{row(head, *(operator("=") + part for part in parts))}</math>'
    lines = zip([head, *[""] * len(parts[1:])], parts, strict=True)
    cells = "".join(f"<mtr><mtd>{first}</mtd><mtd>{row(operator('='), part)}</mtd></mtr>" for first, part in lines)
    return f'<math display="block"><mtable class="chain">{cells}</mtable></math>'


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
