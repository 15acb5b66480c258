"""The formats, a row each; a renderer takes a result and yields lines, or saves bytes to a file.

Nothing heavy is imported here: the names serve the command line's help.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from netcalc import outside
from netcalc.errors import NetcalcError, UnknownNameError
from netcalc.records import NamedTuple
from netcalc.render.spelling import ascii_only, in_json, in_markup

if TYPE_CHECKING:
    from netcalc.circuit import Circuit
    from netcalc.result import Result


class View(NamedTuple):
    """What is shown of a result: its steps, its circuit (layer by layer if asked for)."""

    steps: bool = False
    circuit: bool = False
    by_layer: bool = False


class Format(NamedTuple):
    """A way to write a result: as `lines` (for the table, what Rich prints), or bytes that it is `saved` as.

    A file that ends with one of `suffixes` is written so. What is `bare` has no room for notes; a file of `one_table`
    holds one tensor, or a row an element; `drawn` is a picture of the circuit. What `explains` has the paths of a
    trace, where they were asked for. `in_ascii` spells text for who reads no more, `harmless`
    what no terminal is to obey.
    """

    name: str
    suffixes: tuple[str, ...]
    lines: Callable[[Result, View], Iterable[Any]] | None = None
    save: Callable[[Result, BinaryIO], None] | None = None
    bare: bool = False
    one_table: bool = False
    drawn: bool = False
    explains: bool = False
    in_ascii: Callable[[str], str] = ascii_only
    harmless: Callable[[str], str] = outside.without_controls

    def __call__(self, result: Result, *, steps: bool = False) -> Iterable[Any]:
        """A result's lines. Raises NetcalcError for a circuit that can't be drawn."""
        return render(result, self.name, View(steps=steps))


def render(result: Result, name: str, view: View) -> Iterable[Any]:
    """The lines of a result in the format of that name; for the table, what Rich prints.

    Raises NetcalcError for a circuit that can't be drawn.
    """
    form = FORMATS[name]
    if form.lines is None:
        raise NetcalcError(f"{form.name} is no text; name a file, as in --output answer{form.suffixes[0]}")
    lines = form.lines(result, view)
    return [*lines, *_circuit(result, form, view)] if view.circuit and not form.drawn else lines


def _circuit(result: Result, form: Format, view: View) -> Iterator[Any]:
    """The drawing below a table, or in Markdown."""
    from netcalc.circuit import chain, circuit
    from netcalc.render.graphs import mermaid

    if form.name == "md":
        yield from ("", "```mermaid", *mermaid(circuit(result, by_layer=view.by_layer)), "```")
        return
    if form.name != "table":
        pictures = ", ".join(row.name for row in _ROWS if row.drawn)
        raise NetcalcError(f"--circuit draws below a table or in md; the formats {pictures} are drawings by themselves")
    from netcalc.render.wires import Drawing

    yield Drawing(chain(result, by_layer=view.by_layer))


# --- each format's renderer is imported when it is asked for ----------------------------------------------------------


def _table(result: Result, view: View) -> Iterator[Any]:
    from netcalc.render.table import table

    return table(result, steps=view.steps)


def _json(result: Result, _view: View) -> Iterator[str]:
    yield result.to_json()


def _rows(name: str) -> Callable[[Result, View], Iterable[str]]:
    def lines(result: Result, _view: View) -> Iterator[str]:
        from netcalc.render import rows

        return rows.lines(result, name)

    return lines


def _markdown(result: Result, view: View) -> Iterator[str]:
    from netcalc.render.markdown import markdown

    return markdown(result, steps=view.steps)


def _latex(result: Result, view: View) -> Iterator[str]:
    from netcalc.render.latex import latex

    return latex(result, steps=view.steps)


def _npz(result: Result, file: BinaryIO) -> None:
    from netcalc.render.arrays import npz

    npz(result, file)


def _drawn(result: Result, view: View) -> Circuit:
    from netcalc.circuit import circuit

    return circuit(result, by_layer=view.by_layer)


def _dot(result: Result, view: View) -> Iterator[str]:
    from netcalc.render.graphs import dot

    return dot(_drawn(result, view))


def _mermaid(result: Result, view: View) -> Iterator[str]:
    from netcalc.render.graphs import mermaid

    return mermaid(_drawn(result, view))


def _tikz(result: Result, view: View) -> Iterator[str]:
    from netcalc.render.graphs import tikz

    return tikz(_drawn(result, view))


def _html(result: Result, view: View) -> Iterator[str]:
    from netcalc.render.html import html

    return html(result, by_layer=view.by_layer)


def _svg(result: Result, view: View) -> Iterator[str]:
    from netcalc.render.svg import svg

    return svg(_drawn(result, view))


def _code(name: str) -> Callable[[Result, View], Iterable[str]]:
    def lines(result: Result, _view: View) -> Iterator[str]:
        from netcalc.render.codegen import code

        return code(result, name)

    return lines


_ROWS = (
    Format("table", (".txt",), _table, explains=True),
    Format("json", (".json",), _json, explains=True, in_ascii=in_json, harmless=outside.in_json),
    Format("jsonl", (".jsonl", ".ndjson"), _rows("jsonl"), bare=True, in_ascii=in_json, harmless=outside.in_json),
    Format("csv", (".csv",), _rows("csv"), bare=True, one_table=True),
    Format("tsv", (".tsv",), _rows("tsv"), bare=True, one_table=True),
    Format("md", (".md", ".markdown"), _markdown, explains=True),
    Format("latex", (".tex",), _latex, explains=True),
    Format("html", (".html", ".htm"), _html, drawn=True, explains=True, in_ascii=in_markup),
    Format("npz", (".npz",), save=_npz, bare=True),
    Format("dot", (".dot", ".gv"), _dot, drawn=True),
    Format("mermaid", (".mmd",), _mermaid, drawn=True),
    Format("svg", (".svg",), _svg, drawn=True, in_ascii=in_markup),
    Format("tikz", (".tikz",), _tikz, drawn=True),
    Format("numpy", (".py",), _code("numpy")),
    Format("torch", (), _code("torch")),
    Format("jax", (), _code("jax")),
)
FORMATS: Mapping[str, Format] = {row.name: row for row in _ROWS}
LISTS = ("table", "json", "jsonl", "csv", "tsv", "md", "latex")  # those that a list out of the catalogue has
SHEETS = ("table", "json", "latex")  # those of exercises


def chosen(name: str | None, output: Path | None, among: Collection[str] = FORMATS) -> Format:
    """The format of that name, or the one that the file asked for ends with; else the table.

    Raises UnknownNameError where the ending is none that is known, or the format not `among` what is offered here.
    """
    row = FORMATS[name] if name else _by_suffix(output)
    if row.name not in among:
        raise UnknownNameError(f"{row.name} is not offered here; the formats are {', '.join(among)}")
    return row


def _by_suffix(output: Path | None) -> Format:
    ending = "" if output is None else output.suffix.lower()
    if not ending:
        return FORMATS["table"]
    for row in _ROWS:
        if ending in row.suffixes:
            return row
    known = ", ".join(suffix for row in _ROWS for suffix in row.suffixes)
    raise UnknownNameError(f"no format is known by '{ending}': name one with --format, or end the file with {known}")
