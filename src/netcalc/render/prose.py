"""Names and steps as people write them: df/dx1 as ∂f/∂x1."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from netcalc.expression import Symbol
from netcalc.notation import to_unicode
from netcalc.notation.displays import Display, Named
from netcalc.problem import of_gradient
from netcalc.render.blocks import chain, in_line
from netcalc.result import Element, Step

MARGIN = "  "
READABLE = 100  # columns of a step with matrices, where there is no narrower page


def output_name(name: str, of: str | None) -> str:
    """dx1 of f -> ∂f/∂x1; a forward value's name as it is written."""
    return to_unicode(Symbol(full_name(name, of)))


def full_name(name: str, of: str | None) -> str:
    """dx1 of f -> df/dx1; a forward value's name as it is."""
    return name if of is None else f"d{of}/d{of_gradient(name, of)}"


def element_name(one: Element, of: str | None) -> str:
    """The same for an element, which may have a long name of its own."""
    return output_name(one.full, None) if one.full else output_name(one.name, of)


def left(step: Step) -> Display:
    """A step's left-hand side."""
    return step.left if isinstance(step.left, Named) else Symbol(step.left)


def in_one_line(step: Step) -> str:
    """A step in one line, matrices as they are typed."""
    return " = ".join(in_line(part) for part in (left(step), *step.chain))


def explained(step: Step | None, steps: Iterable[Step]) -> str:
    """A step in one line, and behind it the parts of the expression that it names: v1 = W x; nothing of no step."""
    if step is None:
        return ""
    import re  # as few run this

    parts = {one.name: f"{in_line(left(one))} = {in_line(one.chain[0])}" for one in steps if one.name[1:].isdigit()}
    text = in_one_line(step)
    found, left_over = {step.name: text}, [text]
    while left_over:
        names = [one for one in re.findall(r"\bv\d+\b", left_over.pop()) if one in parts and one not in found]
        found |= {one: parts[one] for one in names}
        left_over += [parts[one] for one in names]
    return "; ".join(found.values())


def step_lines(steps: Iterable[Step], width: int = READABLE, page: int | None = None) -> Iterator[str]:
    """The whole derivation: ∂f/∂w1 = ∂f/∂q·∂q/∂w1 = σ′(q)·x1 = −0.393224, headings between.

    Steps that take several lines each stand apart. A `page` of so many columns is kept to by formulas of one line too.
    """
    room = None if page is None else page - len(MARGIN)
    tall = False
    for number, step in enumerate(steps):
        was_tall, blocks = tall, list(chain((left(step), *step.chain), width - len(MARGIN), page=room))
        tall = len(blocks) > 1 or len(blocks[0].lines) > 1
        if number and (step.heading or tall or was_tall):
            yield ""
        yield from step.heading.splitlines()
        for block in blocks:
            yield from (f"{MARGIN}{text}".rstrip() for text in block.lines)
