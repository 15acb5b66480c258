"""Commented files to start from, by name: nets in TOML, and forward passes in Python."""

from __future__ import annotations

import re
from pathlib import Path
from textwrap import wrap

from netcalc.errors import UnknownNameError

FOLDER = Path(__file__).parent
NARROWEST = 30  # columns that a description goes on in


def names() -> list[str]:
    """Their names, in order; a program that a net shares its name with has its suffix."""
    nets = [path.stem for path in FOLDER.glob("*.toml")]
    programs = [path.stem for path in FOLDER.glob("*.py") if path.stem != "__init__"]
    return sorted([*nets, *(f"{one}.py" if one in nets else one for one in programs)])


def example(name: str) -> str:
    """The text of one. Raises UnknownNameError."""
    if name not in names():
        raise UnknownNameError(f"there is no example '{name}'; there are {', '.join(names())}")
    net = FOLDER / f"{name}.toml"
    return (net if net.exists() else FOLDER / f"{name.removesuffix('.py')}.py").read_text(encoding="utf-8")


def listing(page: int) -> list[str]:
    """Each name and what it is, in a line that goes on below itself where the page ends."""
    width = max(map(len, names())) + 2
    room = max(page - width, NARROWEST)
    told = [(name, wrap(_about(example(name)), room, break_on_hyphens=False)) for name in names()]
    return [f"{'' if n else name:{width}}{line}" for name, lines in told for n, line in enumerate(lines)]


def _about(text: str) -> str:
    first = text.lstrip().partition("\n")[0].strip('"# ')
    return re.split(r"(?<=[a-z0-9)])\. ", first)[0].removesuffix(".")
