"""Derivations remembered between runs, a file each, in the user's cache directory.

An entry is text: a checksum, the formula that it is about, and a tree a line. It is read back through the parser, so no
code is ever loaded. An entry that another user could have written, that is damaged, or about another formula, is as
good as none, and so is one that does not hold for the formula. What cannot be kept costs time alone.
"""

from __future__ import annotations

import os
import re
import stat
import sys
import zlib
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

from netcalc.derivation.known import is_known
from netcalc.errors import NetcalcError
from netcalc.expression import Tree, parse, symbols
from netcalc.notation import to_ascii
from netcalc.version import __version__

LARGEST_ENTRY_BYTES = 1 << 20
OTHERS_MAY_WRITE = stat.S_IWGRP | stat.S_IWOTH
VERSION = re.compile(r"__version__ = [\"']([\w.+-]+)")


def remembered(
    subject: str, count: int, names: set[str], derive: Callable[[], list[str]], holds: Callable[[list[Tree]], bool]
) -> list[Tree]:
    """The `count` trees, in no other symbols than `names`, that `derive` finds for a subject; found once and kept.

    What was kept is only believed where it is known to be what SymPy derives, or `holds` for the subject.
    """
    trees = recall(subject, count, names)
    if trees is None or not (is_known(_body(subject, map(to_ascii, trees))) or holds(trees)):
        texts = derive()
        remember(subject, texts)
        trees = [parse(text) for text in texts]
    return trees


def recall(subject: str, count: int, names: set[str]) -> list[Tree] | None:
    """The trees kept for a subject; None if there is no sound entry."""
    try:
        entry = _entry(subject)
        checksum, _, body = _read(entry).decode().partition("\n") if entry else ("", "", "")
        about, *texts = body.split("\n")
        if (checksum, about, len(texts)) != (_checksum(body), _one_line(subject), count):
            return None
        trees = [parse(text) for text in texts]
    except (OSError, ValueError, NetcalcError):
        return None
    return trees if all(names.issuperset(symbols(tree)) for tree in trees) else None


def remember(subject: str, texts: Sequence[str]) -> None:
    """Keep what was derived, whole or not at all, so that two writers do not meet."""
    from netcalc.files.write import write_private

    body = _body(subject, texts)
    content = f"{_checksum(body)}\n{body}".encode()
    with suppress(OSError):
        if (entry := _entry(subject)) is None or len(content) > LARGEST_ENTRY_BYTES:
            return
        entry.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if _is_own(entry.parent.lstat(), stat.S_ISDIR):
            write_private(entry, content)


def _read(entry: Path) -> bytes:
    """The bytes of an entry. Raises FileNotFoundError also where it is not this user's alone."""
    if not _is_own(entry.parent.lstat(), stat.S_ISDIR) or not stat.S_ISREG(entry.lstat().st_mode):
        raise FileNotFoundError(entry)
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
    with open(os.open(entry, flags), "rb") as file:  # noqa: PTH123  # a pipe or a link must not be opened
        status = os.fstat(file.fileno())
        if not _is_own(status, stat.S_ISREG) or status.st_nlink > 1 or status.st_size > LARGEST_ENTRY_BYTES:
            raise FileNotFoundError(entry)
        return file.read(LARGEST_ENTRY_BYTES)


def _is_own(status: os.stat_result, is_kind: Callable[[int], bool]) -> bool:
    """Whether it is of that kind, this user's, and no other's to write; where there are no users, of that kind."""
    if not is_kind(status.st_mode):
        return False
    if not hasattr(os, "geteuid"):
        return True
    return status.st_uid == os.geteuid() and not status.st_mode & OTHERS_MAY_WRITE


def cache_directory() -> Path | None:
    """Where derivations are kept: NETCALC_CACHE (`off` for nowhere), else the user's cache directory, if there is one.

    On Linux that is XDG_CACHE_HOME or ~/.cache (XDG Base Directory Specification 0.8).
    """
    named = os.environ.get("NETCALC_CACHE")
    if named:
        return None if named == "off" else Path(named)
    variable, beside_home = {"win32": ("LOCALAPPDATA", "AppData/Local"), "darwin": ("", "Library/Caches")}.get(
        sys.platform, ("XDG_CACHE_HOME", ".cache")
    )
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


def _body(subject: str, texts: Iterable[str]) -> str:
    return "\n".join([_one_line(subject), *texts])


def _one_line(subject: str) -> str:
    return repr(subject)
