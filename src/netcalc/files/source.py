"""Where bytes come from: a file, a pipe or standard input, as they arrive."""

from __future__ import annotations

import os
import select
import stat
import sys
import time
from collections.abc import Collection, Iterable, Iterator
from pathlib import Path
from typing import BinaryIO

from netcalc.errors import FileError
from netcalc.outside import one_line
from netcalc.records import dataclass

HEAD = 1 << 16
STANDARD_INPUT = "standard input"
LARGEST_PROGRAM = 4 << 20  # bytes of a program
LARGEST_WHOLE_BYTES = 64 << 20  # of a file that is read whole: numbers beyond that belong into arrays, or rows
GATHER_SECONDS = 0.01  # how long what has arrived waits for more: unnoticed by a reader, long for a fast writer


class StandardInput:
    """Standard input, which can be read once: the second to ask is told who was first."""

    def __init__(self, stream: BinaryIO | None = None) -> None:
        self._stream = stream
        self._taken_by: str | None = None

    def take(self, flag: str) -> BinaryIO:
        """The stream, for the option named `flag`. Raises FileError the second time."""
        if self._taken_by is not None:
            both = f"{self._taken_by} and {flag}" if flag != self._taken_by else f"{flag} twice"
            raise FileError(f"standard input can be read once, and '-' is given for {both}; put one of them in a file")
        self._taken_by = flag
        if self._stream is None and sys.stdin is None:
            raise FileError(f"'-' is given for {flag}, and standard input is closed; name a file, or lead one into it")
        return self._stream if self._stream is not None else sys.stdin.buffer


@dataclass(slots=True, eq=False, repr=False)
class Source:
    """An open input. `name` is what messages call it, `size` its bytes if it is a regular file."""

    name: str
    stream: BinaryIO
    size: int | None
    seen: bytes = b""

    def head(self, marks: Collection[bytes]) -> bytes:
        """So many of the first bytes that they show which mark they begin with; they are read again by `chunks`."""
        try:
            while may_be_longer(self.seen, marks) and (chunk := self._available(HEAD)):
                self.seen += chunk
        except OSError as error:
            raise unreadable(self.name, error) from None
        return self.seen

    def chunks(self, size: int = HEAD) -> Iterator[bytes]:
        """Its bytes as they arrive, about `size` at a time. Raises FileError, also where a file shrinks meanwhile."""
        read = len(self.seen)
        if self.seen:
            yield self.seen
        self.seen = b""
        try:
            while chunk := self._available(size):
                read += len(chunk)
                yield chunk
        except OSError as error:
            raise unreadable(self.name, error) from None
        if self.size is not None and read < self.size:
            raise FileError(f"{self.name} became shorter while it was read: {read} of {self.size} bytes are left")

    def ready(self, seconds: float) -> bool:
        """Whether there is something to read (or the end) within this time; where that is unknown, True."""
        if self.size is not None:
            return True
        try:
            return bool(select.select([self.stream], [], [], max(0.0, seconds))[0])
        except (OSError, ValueError):  # no file descriptor behind it, or none that select takes
            return True

    def close(self) -> None:
        """Close a file; standard input stays open."""
        if self.name != STANDARD_INPUT:
            self.stream.close()

    def _available(self, size: int) -> bytes:
        """The first bytes to arrive, and what follows them at once; empty at the end."""
        first = _read(self.stream, size)
        if self.size is not None or not first or not _selectable(self.stream):
            return first
        parts, room, end = [first], size - len(first), time.monotonic() + GATHER_SECONDS
        while room > 0 and self.ready(end - time.monotonic()) and (part := _read(self.stream, room)):
            parts.append(part)
            room -= len(part)
        return b"".join(parts)


def joined(
    chunks: Iterable[bytes],
    name: str,
    most: int = LARGEST_WHOLE_BYTES,
    hint: str = "put large tensors into .npy or .csv files and name them",
) -> bytes:
    """All bytes of what is read whole. Raises FileError as soon as there are too many."""
    parts, size = [], 0
    for chunk in chunks:
        parts.append(chunk)
        size += len(chunk)
        if size > most:
            raise FileError(f"{name} has more than {most >> 20} MB; {hint}")
    return b"".join(parts)


def may_be_longer(head: bytes, marks: Collection[bytes]) -> bool:
    """Whether more bytes could make it begin with another of the marks; a short row must not wait for them."""
    return any(mark.startswith(head) and mark != head for mark in marks)


def _read(stream: BinaryIO, size: int) -> bytes:
    read1 = getattr(stream, "read1", stream.read)
    data: bytes = read1(size)
    return data


def _selectable(stream: BinaryIO) -> bool:
    try:
        select.select([stream], [], [], 0)
    except (OSError, ValueError):
        return False
    return True


def open_source(path_text: str, flag: str, stdin: StandardInput) -> Source:
    """The input that `path_text` names; `-` is standard input. Raises FileError."""
    if path_text == "-":
        return Source(STANDARD_INPUT, stdin.take(flag), None)
    name = one_line(path_text)
    try:
        stream = Path(path_text).open("rb")  # noqa: SIM115  # the source closes it
    except OSError as error:
        raise unreadable(name, error) from None
    except ValueError:
        raise FileError(f"{path_text!r} is no file's name: it has a character that no name has") from None
    status = os.fstat(stream.fileno())
    return Source(name, stream, status.st_size if stat.S_ISREG(status.st_mode) else None)


def read_text(path_text: str, stdin: StandardInput | None = None) -> tuple[str, str]:
    """The text of a spec or a program, and what messages call it. Raises FileError where it is none, or too long."""
    source = open_source(path_text, "the spec", stdin or StandardInput())
    is_program = path_text.lower().endswith(".py")
    try:
        chunks = source.chunks()
        data = (
            joined(chunks, f"{source.name}, line 1: a program", LARGEST_PROGRAM, "it is too long to be read")
            if is_program
            else joined(chunks, source.name, LARGEST_WHOLE_BYTES)
        )
        return data.decode("utf-8-sig").replace("\r\n", "\n"), source.name
    except UnicodeDecodeError:
        kind = "a program is Python" if is_program else "a spec is TOML or JSON"
        raise FileError(f"{source.name} is no text in UTF-8; {kind}") from None
    finally:
        source.close()


def unreadable(path_text: str, error: OSError) -> FileError:
    """The error for a path that does not open; a missing file's suggests the nearest name beside it."""
    if isinstance(error, FileNotFoundError) and any(sign in path_text for sign in "*?["):
        return FileError(f"there is no file '{path_text}'; a pattern is for netcalc neuron --x, with --engine dask")
    if isinstance(error, FileNotFoundError):
        return FileError(f"there is no file '{path_text}'{suggestion(path_text)}")
    if not path_text:
        return FileError("no file is named: what stands for its name is empty")
    if isinstance(error, IsADirectoryError):
        return FileError(f"'{path_text}' is a folder; name a file in it")
    return FileError(f"{path_text}: {reason(error)}")


def suggestion(path_text: str) -> str:
    """`; did you mean 'x.csv'?` if a name beside the path is near it, else nothing."""
    import difflib  # only a miss pays for it

    path = Path(path_text)
    try:
        names = [beside.name for beside in path.parent.iterdir()]
    except OSError:
        return ""
    near = difflib.get_close_matches(path.name, names, n=1, cutoff=0.7)
    return f"; did you mean '{path.with_name(near[0])}'?" if near else ""


def reason(error: OSError) -> str:
    """What the operating system says, in lower case."""
    text = error.strerror or str(error) or "cannot be read"
    return text[0].lower() + text[1:]
