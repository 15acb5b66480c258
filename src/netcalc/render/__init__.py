"""The formats, a row each; a renderer takes a result and yields lines, or saves bytes to a file.

Nothing heavy is imported here: the names serve the command line's help.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from netcalc import outside
from netcalc.errors import NetcalcError, UnknownNameError
from netcalc.records import NamedTuple
from netcalc.render.spelling import ascii_only, in_json, in_markup

if TYPE_CHECKING:
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


def _by(place: str, *options: str, **settled: Any) -> Callable[[Result, View], Iterable[Any]]:
    """The renderer `module.function` here, imported when it is asked for; `options` are those of the view it takes."""

    def lines(result: Result, view: View) -> Iterable[Any]:
        chosen = {name: getattr(view, name) for name in options}
        found: Iterable[Any] = _found(place)(result, **chosen, **settled)
        return found

    return lines


def _drawing(place: str) -> Callable[[Result, View], Iterable[str]]:
    """The same of the circuit."""

    def lines(result: Result, view: View) -> Iterable[str]:
        from netcalc.circuit import circuit

        found: Iterable[str] = _found(place)(circuit(result, by_layer=view.by_layer))
        return found

    return lines


def _found(place: str) -> Callable[..., Any]:
    module, _, function = place.partition(".")
    found: Callable[..., Any] = getattr(import_module(f"netcalc.render.{module}"), function)
    return found


def _json(result: Result, _view: View) -> Iterator[str]:
    yield result.to_json()


def _npz(result: Result, file: BinaryIO) -> None:
    _found("arrays.npz")(result, file)


_ROWS = (
    Format("table", (".txt",), _by("table.table", "steps"), explains=True),
    Format("json", (".json",), _json, explains=True, in_ascii=in_json, harmless=outside.in_json),
    Format(
        "jsonl",
        (".jsonl", ".ndjson"),
        _by("rows.lines", format_name="jsonl"),
        bare=True,
        in_ascii=in_json,
        harmless=outside.in_json,
    ),
    Format("csv", (".csv",), _by("rows.lines", format_name="csv"), bare=True, one_table=True),
    Format("tsv", (".tsv",), _by("rows.lines", format_name="tsv"), bare=True, one_table=True),
    Format("md", (".md", ".markdown"), _by("markdown.markdown", "steps"), explains=True),
    Format("latex", (".tex",), _by("latex.latex", "steps"), explains=True),
    Format("html", (".html", ".htm"), _by("html.html", "by_layer"), drawn=True, explains=True, in_ascii=in_markup),
    Format("npz", (".npz",), save=_npz, bare=True),
    Format("dot", (".dot", ".gv"), _drawing("graphs.dot"), drawn=True),
    Format("mermaid", (".mmd",), _drawing("graphs.mermaid"), drawn=True),
    Format("svg", (".svg",), _drawing("svg.svg"), drawn=True, in_ascii=in_markup),
    Format("tikz", (".tikz",), _drawing("graphs.tikz"), drawn=True),
    Format("numpy", (".py",), _by("codegen.code", name="numpy")),
    Format("torch", (), _by("codegen.code", name="torch")),
    Format("jax", (), _by("codegen.code", name="jax")),
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
