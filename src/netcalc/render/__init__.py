"""One file a format; a renderer takes a result and yields lines."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from netcalc.result import Result


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


FORMATS: Mapping[str, Callable[..., Iterable[Any]]] = {
    "table": _table,
    "json": _json,
    "jsonl": _jsonl,
    "csv": _csv,
    "tsv": _tsv,
    "md": _markdown,
    "latex": _latex,
}
