"""Derivations remembered between runs, a file each, in the user's cache directory.

An entry is text: a checksum, the formula that it is about, and a tree a line. It is read back through the parser, so no
code is ever loaded; an entry that is damaged, or about another formula, is as good as none. What cannot be kept costs
time alone.
"""

from __future__ import annotations

import os
import re
import sys
import zlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

from netcalc.errors import NetcalcError
from netcalc.expression import Tree, parse, symbols
from netcalc.version import __version__

VERSION = re.compile(r"__version__ = [\"']([\w.+-]+)")


def remembered(subject: str, count: int, names: set[str], derive: Callable[[], list[str]]) -> list[Tree]:
    """The `count` trees, in no other symbols than `names`, that `derive` finds for a subject; found once and kept."""
    trees = recall(subject, count, names)
    if trees is None:
        texts = derive()
        remember(subject, texts)
        trees = [parse(text) for text in texts]
    return trees


def recall(subject: str, count: int, names: set[str]) -> list[Tree] | None:
    """The trees kept for a subject; None if there is no sound entry."""
    try:
        entry = _entry(subject)
        checksum, _, body = entry.read_text("utf-8").partition("\n") if entry else ("", "", "")
        about, *texts = body.split("\n")
        if (checksum, about, len(texts)) != (_checksum(body), _one_line(subject), count):
            return None
        trees = [parse(text) for text in texts]
    except (OSError, ValueError, NetcalcError):
        return None
    return trees if all(names.issuperset(symbols(tree)) for tree in trees) else None


def remember(subject: str, texts: Sequence[str]) -> None:
    """Keep what was derived, whole or not at all, so that two writers do not meet."""
    from netcalc.files import write_atomically

    with suppress(OSError, NetcalcError):
        if (entry := _entry(subject)) is None:
            return
        entry.parent.mkdir(parents=True, exist_ok=True)
        body = "\n".join([_one_line(subject), *texts])
        with write_atomically(entry) as file:
            file.write(f"{_checksum(body)}\n{body}")


def cache_directory() -> Path | None:
    """Where derivations are kept: NETCALC_CACHE (`off` for nowhere), else the user's cache directory, if there is one.

    On Linux that is XDG_CACHE_HOME or ~/.cache (XDG Base Directory Specification 0.8).
    """
    named = os.environ.get("NETCALC_CACHE")
    if named:
        return None if named == "off" else Path(named)
    variable, beside_home = {
        "win32": ("LOCALAPPDATA", "AppData/Local"),
        "darwin": ("", "Library/Caches"),
    }.get(sys.platform, ("XDG_CACHE_HOME", ".cache"))
    base = Path(os.environ.get(variable, ""))
    if not base.is_absolute():
        home = _home()
        return home and home / beside_home / "netcalc"
    return base / "netcalc"


def _home() -> Path | None:
    with suppress(RuntimeError):  # nobody knows whose this process is
        return Path.home() if os.environ.get("HOME") != "" else None
    return None


def _entry(subject: str) -> Path | None:
    directory = cache_directory()
    return directory and directory / f"{__version__}-sympy-{sympy_version()}" / f"{_checksum(subject)}.txt"


def sympy_version() -> str:
    """That of the SymPy that would derive, read from its sources: to ask importlib.metadata takes 10 ms of imports."""
    found = find_spec("sympy")
    with suppress(OSError):
        if found and found.origin and (match := VERSION.search(Path(found.origin).with_name("release.py").read_text())):
            return match[1]
    from importlib.metadata import version

    return version("sympy")


def _checksum(text: str) -> str:
    return f"{zlib.crc32(text.encode()):08x}"


def _one_line(subject: str) -> str:
    return repr(subject)
