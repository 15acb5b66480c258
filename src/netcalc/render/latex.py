r"""The derivation as an aligned display, or the answers as a table, ready for a worksheet (package amsmath)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from netcalc.expression import Symbol
from netcalc.notation.displays import Display, Matrix, Named, Product, Sum, Transposed, is_ratio, needs_brackets
from netcalc.notation.latex import shown_to_latex, tensor_to_latex, to_latex
from netcalc.render.blocks import in_line
from netcalc.render.prose import full_name, left
from netcalc.render.rows import sample_elements, samples
from netcalc.result import Checked, Element, Result, Step, Value

LINES_OF_A_PAGE = 12  # with matrices, that is
LINE = 72  # characters of the same as text that a line of a page holds
SYMBOLS = {"": r" \, ", "∘": r" \circ ", "+": " + ", "−": " - "}


def latex(result: Result, *, steps: bool = False) -> Iterator[str]:
    """An align* environment where there are steps, else a tabular; notes, and verdicts on answers, as comments above.

    Where whole tensors are drawn, their elements are gone through only if `steps` are asked for.
    """
    yield from (f"% {note}" for note in (*result.notes, *result.assurance, *_verdicts(result)))
    shown = result.steps if steps else result.drawings or result.steps_at_hand
    yield from _align(shown) if shown else _tabular(result)


def _verdicts(result: Result) -> Iterator[str]:
    yield from map(_verdict, result.checked)
    for one in result.lines:
        said = "; ".join(part for part in (one.said, one.repair and f"{one.repair.strip()} is right") if part)
        yield f"line {one.line}, {one.name}: {one.verdict}{': ' if said else ''}{said}"


def _verdict(one: Checked) -> str:
    """`db: wrong, 0.367879 for 0.196612: …`, on an answer that was brought."""
    apart = f", {one.claimed.shown} for {one.correct.shown}" if one.is_wrong else ""
    return f"{one.name}: {one.verdict}{apart}{': ' if one.diagnosis else ''}{one.diagnosis}"


def _align(steps: Iterable[Step]) -> Iterator[str]:
    """A line a step, or a line an equals sign where matrices are shown; many may go on over a page's end."""
    lines = [f"  {line}" for step in steps for line in step_lines(step)]
    breaks = len(lines) > LINES_OF_A_PAGE
    yield from [r"\begingroup", r"\allowdisplaybreaks"] if breaks else []
    yield r"\begin{align*}"
    yield " \\\\\n".join(lines)
    yield r"\end{align*}"
    yield from [r"\endgroup"] if breaks else []


def _tabular(result: Result) -> Iterator[str]:
    """A row an element, or a row a sample."""
    if not result.sample_rows:
        yield from (r"\begin{tabular}{lll}", r"  & formula & value \\ \hline")
        for tensor in result.tensors:
            yield from (_row([_name(one, tensor.of), to_latex(one.formula), _value(one)]) for one in tensor.elements())
    else:
        rows = (list(sample_elements(result, sample)) for sample in samples(result))
        for number, row in enumerate(rows):
            if not number:
                yield rf"\begin{{tabular}}{{l{'r' * len(row)}}}"
                yield "  sample" + "".join(f" & ${_name(*cell)}$" for cell in row) + r" \\ \hline"
            yield f"  {number}" + "".join(f" & ${_value(one)}$" for one, _ in row) + r" \\"
    yield r"\end{tabular}"


def answer_lines(result: Result) -> Iterator[str]:
    """A line an element, with its mark of alignment."""
    for tensor in result.tensors:
        yield from (f"{_name(one, tensor.of)} &= {_value(one)}" for one in tensor.elements())


def _row(cells: list[str]) -> str:
    return "  " + " & ".join(f"${cell}$" for cell in cells) + r" \\"


def _name(one: Element, of: str | None) -> str:
    return to_latex(Symbol(one.full or full_name(one.name, of)))


def _value(one: Element) -> str:
    return value_to_latex(one.value)


def value_to_latex(value: Value) -> str:
    """A value for mathematics mode: 5.07596e-435 as 5.07596 · 10⁻⁴³⁵, a formula as it is, its closed form beside it."""
    if value.formula is not None:
        return to_latex(value.formula)
    number = shown_to_latex(value.shown)
    return number if value.exact is None else rf"{to_latex(value.exact)} = {number}"


def step_lines(step: Step) -> Iterator[str]:
    """A step's lines, each with its mark of alignment before the equals sign: a matrix a line, or as fit on a page."""
    parts = [display_to_latex(part) for part in step.chain]
    widths = [
        LINE if r"\begin{bmatrix}" in text else len(in_line(part)) for text, part in zip(parts, step.chain, strict=True)
    ]
    line, width = f"{display_to_latex(left(step))} &= {parts[0]}", len(in_line(left(step))) + widths[0]
    for text, own in zip(parts[1:], widths[1:], strict=True):
        if width + own > LINE:
            yield line
            line, width = f"&= {text}", own
        else:
            line, width = f"{line} = {text}", width + own
    yield line


def display_to_latex(display: Display) -> str:
    """A display for mathematics mode."""
    if isinstance(display, Matrix):
        rows = (" & ".join(map(to_latex, entries)) for entries in display.entries)
        return r"\begin{bmatrix} " + r" \\ ".join(rows) + r" \end{bmatrix}"
    if isinstance(display, Named):
        return tensor_to_latex(display.text)
    if isinstance(display, Transposed):
        inner = _held(display.of, Product, Sum, *([Named] if is_ratio(display.of) else []))
        raised = isinstance(display.of, Named) and inner.endswith("}") and "^" in inner and not is_ratio(display.of)
        return (f"{{{inner}}}" if raised else inner) + r"^{\top}"
    if isinstance(display, Product):
        return SYMBOLS[display.symbol].join(_held(part, Sum) for part in display.parts)
    if isinstance(display, Sum):
        return SYMBOLS[display.symbol].join(map(display_to_latex, display.parts))
    return to_latex(display)


def _held(part: Display, *loose: type) -> str:
    """A part, in brackets if it is one of the `loose` kinds, or a formula that a product would tear apart."""
    text = display_to_latex(part)
    return rf"\left({text}\right)" if isinstance(part, loose) or needs_brackets(part) else text
