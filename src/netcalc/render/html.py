"""A result as one page that needs nothing else: typeset mathematics, the circuit, the tables; for screen and paper."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from html import escape
from itertools import islice

import numpy as np

from netcalc.circuit import Circuit, TooLargeError, circuit
from netcalc.circuit.layers import summary as tensor_text
from netcalc.errors import NetcalcError
from netcalc.explain.explanation import literal
from netcalc.expression import Symbol, Tree
from netcalc.notation import in_signs
from netcalc.notation.mathml import to_mathml
from netcalc.render.mathematics import step_to_mathml, width
from netcalc.render.prose import element_name, full_name
from netcalc.render.rows import sample_elements, samples
from netcalc.render.statement import drawn as matrix_of
from netcalc.render.statement import given, lines
from netcalc.render.summary import FIRST, LISTED
from netcalc.render.svg import figures, svg
from netcalc.result import Element, Result, Tensor, Value, in_unicode
from netcalc.version import __version__

STACK = ' class="stack"'  # on a phone its cells stand below each other
LONGEST = 600  # characters of something given
ROWS_OF_SAMPLES = 500  # beyond which a page is no place for rows
STYLE = """
:root{color-scheme:light dark;--ink:#1f2328;--soft:#57606a;--line:#d0d7de;--page:#fff;--panel:#f6f8fa}
@media(prefers-color-scheme:dark){:root{--ink:#e6edf3;--soft:#9198a1;--line:#3d444d;--page:#0d1117;--panel:#151b23}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:16px/1.55 ui-sans-serif,system-ui,sans-serif}
main{max-width:60rem;margin:0 auto;padding:1.5rem 1rem 3rem}
h1{font-size:1.5rem;margin:.2rem 0 1rem}h2{font-size:1.15rem;margin:2rem 0 .6rem}
h3{font-size:1rem;margin:1.2rem 0 .3rem}summary{cursor:pointer;font-weight:600;margin:2rem 0 .6rem}
.wide{overflow-x:auto;max-width:100%}
table{border-collapse:collapse}th,td{text-align:left;padding:.3rem .9rem .3rem 0;border-bottom:1px solid var(--line)}
th{color:var(--soft);font-weight:600}td.n,th.n{text-align:right;font-variant-numeric:tabular-nums}
td.n{font-family:ui-monospace,monospace}dl{display:grid;grid-template-columns:max-content 1fr;gap:.2rem 1rem;margin:0}
dt{color:var(--soft)}dd{margin:0;overflow-wrap:anywhere}
math{font-family:"Latin Modern Math","STIX Two Math","Cambria Math","TeX Gyre Termes Math","Libertinus Math",
"Noto Sans Math","DejaVu Math TeX Gyre",math}
math[display=block]{width:max-content;max-width:100%;margin:.35rem 0 .35rem 1rem;overflow-x:auto;overflow-y:hidden;
font-size:clamp(.58em,calc((min(100vw,60rem) - 4rem)*.87/var(--em,1)),1.05em)}
.given{display:flex;flex-wrap:wrap;gap:.2rem 1.5rem;align-items:center}.given math[display=block]{margin:.35rem 0}
mtd{text-align:right;text-align:-webkit-right;padding:.1em .45em}
.chain>mtr>mtd{text-align:left;text-align:-webkit-left;padding:.35rem .15rem}
.cases>mtr>mtd{text-align:left;text-align:-webkit-left}
figure{margin:0}.phone{display:none}svg{display:block;max-width:100%;height:auto}
.note{border-left:3px solid #bf8700;padding:.1rem .8rem;margin:.5rem 0}
footer,.sure{color:var(--soft);font-size:.9rem}
@media(max-width:40rem){.desk{display:none}.phone{display:block}
math[display=block]{margin-left:0}dl{display:block}dd{margin:0 0 .4rem}
.stack,.stack tbody,.stack tr,.stack td{display:block}.stack th{display:none}
.stack tr{border-bottom:1px solid var(--line);padding:.3rem 0}.stack td{border:0;padding:.1rem 0;text-align:left;
overflow-x:auto;overflow-y:hidden}.stack math{font-size:clamp(.58em,calc((100vw - 3rem)*.87/var(--em,1)),1em)}
.stack td:empty{display:none}}
@media print{:root{--ink:#000;--soft:#444;--line:#bbb;--page:#fff}main{max-width:none;padding:0}
::details-content{content-visibility:visible;block-size:auto}
h2,h3{break-after:avoid}tr,figure,math{break-inside:avoid}.wide{overflow:visible}}
"""


def html(result: Result, *, by_layer: bool = False) -> Iterator[str]:
    """The page, line by line. Raises NetcalcError for an answer whose drawing would show nothing."""
    drawn = _drawn(result, by_layer=by_layer)
    title = f"netcalc {result.command}"
    yield '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width,initial-scale=1">'
    yield f"<title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<main>\n<h1>{title}</h1>"
    yield from _problem(result)
    yield from _checked(result)
    yield from _lines(result)
    yield from (f'<p class="note">{escape(in_signs(note))}</p>' for note in result.notes)
    yield from (f'<p class="sure">{escape(line)}</p>' for line in result.assurance)
    if drawn is not None:
        yield '<h2>Circuit</h2>\n<p class="sure">Values in green, gradients in red.</p>'
        yield from figures(drawn)
    yield from _steps(result)
    yield f"<details{'' if result.steps else ' open'}><summary>Every entry, with its formula and value</summary>"
    yield from table(result)
    yield "</details>"
    yield f"<footer><p>netcalc {__version__}</p></footer>\n</main>\n</body>\n</html>"


def fragment(result: Result) -> Iterator[str]:
    """The answer for a page that is there already, such as a notebook's; steps and circuit folded away."""
    yield from table(result)
    yield from _checked(result)
    yield from _lines(result)
    yield from (f"<p>{escape(in_signs(note))}</p>" for note in result.notes)
    yield from (f"<p><small>{escape(line)}</small></p>" for line in result.assurance)
    if result.steps:
        yield "<details><summary>Steps</summary>"
        yield from _steps(result)
        yield "</details>"
    with suppress(NetcalcError):
        if result.problem is not None:
            yield "\n".join(["<details><summary>Circuit</summary>", *svg(circuit(result)), "</details>"])


def _drawn(result: Result, *, by_layer: bool) -> Circuit | None:
    """The circuit, if this answer has one."""
    if result.problem is None:
        return None
    try:
        return circuit(result, by_layer=by_layer)
    except TooLargeError:
        raise
    except NetcalcError:
        return None


def _problem(result: Result) -> Iterator[str]:
    """What is computed, as mathematics, and what it is given: matrices as they are, the rest in a line each."""
    yield "<h2>Problem</h2>"
    yield from map(step_to_mathml, lines(result))
    tensors, large = given(result), dict[str, object]()
    yield '<div class="given">'
    for name, array in tensors.items():
        step = matrix_of(result, name, array)
        if step is None:
            large[name] = array
        else:
            yield step_to_mathml(step)
    yield "</div>\n<dl>"
    stated = {
        name: thing
        for name, thing in result.given.items()
        if not (tensors and _holds_arrays(thing)) and not (isinstance(thing, Mapping) and not thing)
    }
    for name, thing in (stated | large).items():
        parts = thing if isinstance(thing, list) and thing and isinstance(thing[0], dict) else [thing]
        for number, part in enumerate(parts, 1):
            called = f"{name} {number}" if parts is thing else name
            yield f"<dt>{escape(called)}</dt><dd>{escape(given_text(part))}</dd>"
    yield "</dl>"


def _holds_arrays(thing: object) -> bool:
    """Whether it is numbers, which stand as matrices already."""
    if isinstance(thing, dict):
        return all(map(_holds_arrays, thing.values()))
    if isinstance(thing, list):
        return not isinstance(thing[0], str) if thing else True
    return isinstance(thing, np.ndarray)


def given_text(thing: object) -> str:
    """What was given, in a line, cut short where it would fill the page."""
    text = _text(thing).removeprefix("[").removesuffix("]") if isinstance(thing, list | tuple) else _text(thing)
    return text if len(text) <= LONGEST else f"{text[:LONGEST]} …"


def _text(thing: object) -> str:
    if isinstance(thing, np.ndarray):
        return tensor_text(thing, most=LISTED)
    if isinstance(thing, dict):
        return ", ".join(f"{name} = {_text(value)}" for name, value in thing.items())
    if isinstance(thing, list | tuple):
        return f"[{', '.join(map(_text, thing[:LISTED]))}{', …' * (len(thing) > LISTED)}]"
    return str(thing)


def table(result: Result) -> Iterator[str]:
    """Every element with its formula and value, or a row a sample."""
    yield f'<div class="wide"><table{"" if result.sample_rows else STACK}>'
    yield from _samples(result) if result.sample_rows else _elements(result)
    yield "</table></div>"


def _elements(result: Result) -> Iterator[str]:
    closed = any(value.exact is not None for tensor in result.tensors for value in tensor.values)
    yield f"<tr><th></th><th>formula</th>{'<th>exact</th>' if closed else ''}<th class=n>value</th></tr>"
    for tensor in result.tensors:
        large = tensor.entries.size > LISTED
        for one in islice(tensor.elements(), FIRST if large else None):
            exact = (
                f"<td>{_math(one.value.exact)}</td>" if closed and one.value.exact is not None else "<td></td>" * closed
            )
            yield f"<tr><td>{_name(one, tensor)}</td><td>{_formula(one.formula)}</td>{exact}{_value(one.value)}</tr>"
        if large:
            name = _math(Symbol(full_name(tensor.name, tensor.of)))
            yield f'<tr><td>… {name}</td><td colspan="{2 + closed}">{escape(tensor_text(tensor.entries))}</td></tr>'


def _samples(result: Result) -> Iterator[str]:
    for number in islice(samples(result), ROWS_OF_SAMPLES):
        row = list(sample_elements(result, number))
        if not number:
            names = "".join(f"<th class=n>{escape(element_name(one, of))}</th>" for one, of in row)
            yield f"<tr><th class=n>sample</th>{names}</tr>"
        yield f"<tr><td class=n>{number}</td>{''.join(_value(one.value) for one, _ in row)}</tr>"
    if len(samples(result)) > ROWS_OF_SAMPLES:
        more = len(samples(result)) - ROWS_OF_SAMPLES
        yield f'<tr><td colspan="{1 + len(row)}">… and {more} more samples: -f csv has them all</td></tr>'


def _checked(result: Result) -> Iterator[str]:
    """The verdicts on answers that were brought along."""
    if not result.checked:
        return
    yield '<h2>Your answers</h2>\n<div class="wide"><table class="stack">'
    yield "<tr><th></th><th class=n>yours</th><th class=n>correct</th><th></th><th></th></tr>"
    for one in result.checked:
        taken = [f"As taken: {step.wrong}. Right: {step.right}" for step in one.taken]
        said = escape(". ".join(filter(None, (one.diagnosis, *taken, one.explanation, one.note))))
        cells = f"{_value(one.claimed)}{_value(one.correct)}<td>{one.verdict}</td><td>{said}</td>"
        yield f"<tr><td>{_math(Symbol(one.name))}</td>{cells}</tr>"
    yield "</table></div>"


def _lines(result: Result) -> Iterator[str]:
    """The verdicts on lines of a backward pass as code."""
    if not result.lines:
        return
    yield '<h2>Your backward pass</h2>\n<div class="wide"><table class="stack">'
    for one in result.lines:
        said = escape(". ".join(filter(None, (one.said, one.follows and f"follows from {one.follows}"))))
        right = f"<code>{escape(one.repair.strip())}</code>" if one.repair else ""
        code = f"<td class=n>{one.line}</td><td><code>{escape(one.text.strip())}</code></td>"
        yield f"<tr>{code}<td>{one.verdict}</td><td>{said}</td><td>{right}</td></tr>"
    yield "</table></div>"


def _name(one: Element, tensor: Tensor) -> str:
    return _math(Symbol(one.full or full_name(one.name, tensor.of)))


def _value(value: Value) -> str:
    if value.formula is not None:
        return f"<td>{_math(value.formula)}</td>"
    return f"<td class=n>{_math(literal(value)) if 'e' in value.shown else in_unicode(value)}</td>"


def _math(tree: Tree) -> str:
    return f"<math>{to_mathml(tree)}</math>"


def _formula(tree: Tree) -> str:
    return f'<math style="--em:{width(tree) + 1:.0f}">{to_mathml(tree)}</math>'


def _steps(result: Result) -> Iterator[str]:
    if result.steps:
        yield "<h2>Steps</h2>"
    for step in result.steps:
        if step.heading:
            yield f"<h3>{escape(step.heading).replace(chr(10), '<br>')}</h3>"
        yield step_to_mathml(step)
