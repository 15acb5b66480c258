"""The manual page, for `man -l`: the commands' own help as troff (man-pages(7), groff_man(7))."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from netcalc.commands.command import Command
from netcalc.version import __version__

STATUS = (
    ("0", "done"),
    ("1", "a checked answer is wrong, or differences contradict a value"),
    ("2", "the request or an input is bad; stderr says what, where, and what would be right"),
    ("3", "nothing that was checked is wrong, but some lines of a backward pass are not judged"),
    ("130", "interrupted"),
)
ENVIRONMENT = (
    ("NETCALC_CACHE", "the directory where derivations are remembered; off for none"),
    ("NO_COLOR", "if set, nothing is coloured"),
    ("COLUMNS", "the width to write for, where stdout is no terminal"),
)


def manual(commands: Mapping[str, Command]) -> Iterator[str]:
    """The page, line by line."""
    yield from (f'.TH NETCALC 1 "" "netcalc {__version__}"', ".SH NAME")
    yield r"netcalc \- a gradient calculator for the building blocks of neural nets"
    yield ".SH SYNOPSIS"
    for name in commands:
        yield from (".B netcalc", f"{text(name)} [OPTIONS] ...", ".br")
    yield from (".SH COMMANDS",)
    for name, command in commands.items():
        yield from section(name, command)
    for heading, rows in (("EXIT STATUS", STATUS), ("ENVIRONMENT", ENVIRONMENT)):
        yield f".SH {heading}"
        for term, meaning in rows:
            yield from (".TP", f".B {text(term)}", text(meaning))


def section(name: str, command: Command) -> Iterator[str]:
    """A command: what it does, its options, its examples."""
    built = command.for_typer()
    yield from (f".SS {text(name)}", text(built.help or ""))
    options: list[Any] = [one for one in built.params if one.param_type_name == "option"]
    for option in options:
        yield from (".TP", f".B {text(flags(option))}", text(option.help or ""))
    if command.examples:
        yield from (".PP", "Examples:")
    for example, shown in command.examples.items():
        yield from (".TP", f".B {text(example)}", text(shown))


def flags(option: Any) -> str:
    """`-f, --format NAME`."""
    shown = ", ".join(sorted(option.opts, key=len))
    kind = "" if option.is_flag else f" {option.metavar or 'VALUE'}"
    return shown + kind


def text(line: str) -> str:
    """Plain text as troff takes it: letters beyond ASCII by their numbers, no line taken for a request."""
    plain = " ".join(line.split()).replace("\\", r"\e").replace("-", r"\-")
    plain = "".join(one if one.isascii() else rf"\[u{ord(one):04X}]" for one in plain)
    return re.sub(r"^([.'])", r"\\&\1", plain)
