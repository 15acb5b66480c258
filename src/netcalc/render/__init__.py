"""One file a format; a renderer takes a result and yields lines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from netcalc.errors import NetcalcError
from netcalc.result import Result

if TYPE_CHECKING:
    from netcalc.circuit import Circuit


@dataclass(frozen=True, slots=True)
class View:
    """What is shown of a result: its steps, its circuit (layer by layer if asked for), in ASCII alone."""

    steps: bool = False
    circuit: bool = False
    by_layer: bool = False
    ascii: bool = False


def _json(result: Result, *, steps: bool) -> Iterator[str]:  # noqa: ARG001 - every format takes the same
    yield result.to_json()


def _jsonl(result: Result, *, steps: bool) -> Iterator[str]:  # noqa: ARG001 - every format takes the same
    from netcalc.render.rows import jsonl

    return jsonl(result)


def _csv(result: Result, *, steps: bool) -> Iterator[str]:  # noqa: ARG001 - every format takes the same
    from netcalc.render.rows import separated

    return separated(result, ",")


def _tsv(result: Result, *, steps: bool) -> Iterator[str]:  # noqa: ARG001 - every format takes the same
    from netcalc.render.rows import separated

    return separated(result, "\t")


def _markdown(result: Result, *, steps: bool) -> Iterator[str]:
    from netcalc.render.markdown import markdown

    return markdown(result, steps=steps)


def _latex(result: Result, *, steps: bool) -> Iterator[str]:
    from netcalc.render.latex import latex

    return latex(result, steps=steps)


def _table(result: Result, *, steps: bool) -> Iterator[Any]:
    from netcalc.render.table import table

    return table(result, steps=steps)


def _dot(drawn: Circuit) -> Iterator[str]:
    from netcalc.render.graphs import dot

    return dot(drawn)


def _mermaid(drawn: Circuit) -> Iterator[str]:
    from netcalc.render.graphs import mermaid

    return mermaid(drawn)


def _svg(drawn: Circuit) -> Iterator[str]:
    from netcalc.render.svg import svg

    return svg(drawn)


DRAWN: Mapping[str, Callable[[Circuit], Iterator[str]]] = {"dot": _dot, "mermaid": _mermaid, "svg": _svg}
FORMATS: Mapping[str, Callable[..., Iterable[Any]]] = {
    "table": _table,
    "json": _json,
    "jsonl": _jsonl,
    "csv": _csv,
    "tsv": _tsv,
    "md": _markdown,
    "latex": _latex,
}


def render(result: Result, name: str, view: View) -> Iterable[Any]:
    """The lines of a result in the format of that name; for `table`, what Rich prints.

    Raises NetcalcError for a circuit that can't be drawn.
    """
    if name in DRAWN:
        from netcalc.circuit import circuit

        return DRAWN[name](circuit(result, by_layer=view.by_layer))
    lines = FORMATS[name](result, steps=view.steps)
    return [*lines, *_circuit(result, name, view)] if view.circuit else lines


def _circuit(result: Result, name: str, view: View) -> Iterator[Any]:
    """The drawing below a table, or in Markdown."""
    from netcalc.circuit import chain, circuit

    if name == "md":
        yield from ("", "```mermaid", *_mermaid(circuit(result, by_layer=view.by_layer)), "```")
        return
    if name != "table":
        raise NetcalcError(
            f"--circuit draws below a table or in md; the formats {', '.join(DRAWN)} are drawings by themselves"
        )
    from netcalc.render.wires import Drawing

    yield Drawing(chain(result, by_layer=view.by_layer), view.ascii)
