"""Measurements as Markdown tables, printed and kept in a page between markers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from benchmarks.measure import Comparison, Run, Scaling

HEADER = ("case", "beside", "netcalc", "it", "ratio", "promised", "memory")


def section(name: str, text: str, found: Sequence[Comparison | Scaling]) -> str:
    """A heading, its text, the table of ratios and that of growth."""
    compared = [one for one in found if isinstance(one, Comparison)]
    grown = [one for one in found if isinstance(one, Scaling)]
    parts = [f"## {name}", text.strip()]
    if compared:
        parts.append(table(HEADER, map(row, compared)))
    parts += [scaling(one) for one in grown]
    return "\n\n".join(parts)


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table; columns after the second hold numbers."""
    lines = [header, ["---" if n < 2 else "--:" for n in range(len(header))], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def row(one: Comparison) -> list[str]:
    """One case beside one peer."""
    if one.ours is None or one.theirs is None:
        return [one.what, one.peer, "", f"{', '.join(one.missing)}: not installed", "", "", ""]
    promised = "" if one.most is None else f"≤ {one.most:g}"
    memory = "" if one.most_memory is None else f", ≤ {one.most_memory:g} ×"
    missed = " **missed**" if one.kept is False else ""
    return [
        one.what,
        one.peer,
        seconds(one.ours),
        seconds(one.theirs),
        f"{one.seconds:.2f}{missed}",
        promised,
        f"{one.ours.memory:.0f} : {one.theirs.memory:.0f} MB{memory}",
    ]


def scaling(one: Scaling) -> str:
    """Seconds and memory by amount of work."""
    rows = ([f"{work:,}", seconds(run), f"{run.memory:.0f} MB"] for work, run in one.runs.items())
    body = table((one.growth.unit, "netcalc", "memory"), rows)
    law = "all of it start-up" if one.exponent is None else f"seconds ~ {one.growth.unit}^{one.exponent:.2f}"
    return f"{one.growth.what}: {law}{'' if one.exponent is None else ', start-up taken off'}.\n\n{body}"


def seconds(run: Run) -> str:
    """Three digits of wall time."""
    return f"{run.seconds:.3g} s"


def keep(page: str, name: str, content: str) -> str:
    """The page with `content` between the markers of `name`, at its end if they aren't there."""
    begin, end = f"<!-- {name}: measured -->", f"<!-- {name}: end -->"
    block = f"{begin}\n{content}\n{end}"
    found = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    if found.search(page):
        return found.sub(lambda _: block, page)
    return f"{page.rstrip()}\n\n{block}\n".lstrip()


def keep_in(path: Path, sections: Iterable[tuple[str, str]]) -> None:
    """Every section put into the page."""
    page = path.read_text(encoding="utf-8") if path.exists() else ""
    for name, content in sections:
        page = keep(page, name, content)
    path.write_text(page, encoding="utf-8")


def missing(found: Iterable[Comparison | Scaling]) -> Iterator[str]:
    """What was to be measured beside and is not installed, each once."""
    yield from dict.fromkeys(name for one in found if isinstance(one, Comparison) for name in one.missing)
