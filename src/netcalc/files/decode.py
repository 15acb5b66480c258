"""Bytes as they arrive -> UTF-8 text as it arrives, in whole lines."""

from __future__ import annotations

import codecs
import zlib
from collections.abc import Iterable, Iterator
from itertools import chain

from netcalc.errors import FileError
from netcalc.files.source import Source, may_be_longer

GZIP_MAGIC = b"\x1f\x8b"
MARKS = (
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark it begins with
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
LONGEST_LINE_BYTES = 32 << 20  # a million numbers of 32 characters
ALL_MARKS = (GZIP_MAGIC, codecs.BOM_UTF8, *(mark for mark, _ in MARKS))


def line_blocks(chunks: Iterable[bytes], name: str) -> Iterator[tuple[int, bytes]]:
    """(number of the first line, whole lines), a chunk or more at a time; the last line too ends in a newline.

    Raises FileError as soon as a line is longer than any row.
    """
    number, parts, size = 1, list[bytes](), 0
    for chunk in chunks:
        cut = chunk.rfind(b"\n") + 1
        if cut:
            lines = b"".join((*parts, chunk[:cut]))
            yield number, lines
            number += lines.count(b"\n")
            parts, size = [], 0
        parts.append(chunk[cut:])
        size += len(parts[-1])
        if size > LONGEST_LINE_BYTES:
            raise too_long(name, number)
    if last := b"".join(parts):
        yield number, last + b"\n"


def too_long(name: str, number: int) -> FileError:
    """The error for a line that does not end where a row would."""
    return FileError(f"{name}, line {number}: it has more than {LONGEST_LINE_BYTES >> 20} MB, and no row is so long")


def text_chunks(source: Source, size: int) -> Iterator[bytes]:
    """The source's text as UTF-8: unpacked if it is gzip, decoded by its byte order mark. Raises FileError."""
    chunks = _headed(source.chunks(size))
    first = next(chunks)
    chunks = chain([first], chunks)
    if first.startswith(GZIP_MAGIC):
        chunks = _headed(_unpacked(chunks, source.name, size))
    decoded = _decoded(chunks, source.name)
    beginning = next(decoded, b"")
    if b"\0" in beginning.partition(b"\n")[0]:
        raise FileError(f"{source.name} is no text: it holds zero bytes (binary data, or UTF-16 without its mark)")
    chunks = chain([beginning], decoded)
    is_old_mac = b"\r" in beginning and b"\n" not in beginning
    yield from (chunk.replace(b"\r", b"\n") for chunk in chunks) if is_old_mac else chunks


def _headed(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The same bytes; the first chunk is long enough to show which mark it begins with, and may be empty."""
    head = b""
    for chunk in chunks:
        head += chunk
        if not may_be_longer(head, ALL_MARKS):
            break
    yield head
    yield from chunks


def _unpacked(chunks: Iterator[bytes], name: str, size: int) -> Iterator[bytes]:
    """Gzip members, one after another, in constant memory. RFC 1952."""
    unpacker = zlib.decompressobj(wbits=31)
    try:
        for chunk in chunks:
            packed = chunk
            while packed:
                if unpacker.eof:
                    unpacker = zlib.decompressobj(wbits=31)
                yield unpacker.decompress(packed, size)
                packed = unpacker.unconsumed_tail or unpacker.unused_data.lstrip(b"\0")
    except zlib.error as error:
        raise FileError(f"{name}: the gzip data is damaged ({error})") from None
    if not unpacker.eof:
        raise FileError(f"{name}: the gzip data is cut short")


def _decoded(chunks: Iterator[bytes], name: str) -> Iterator[bytes]:
    first = next(chunks)
    encoding = next((encoding for mark, encoding in MARKS if first.startswith(mark)), None)
    if encoding is not None:
        yield from _transcoded(chain([first], chunks), encoding, name)
        return
    yield first.removeprefix(codecs.BOM_UTF8)
    yield from chunks


def _transcoded(chunks: Iterator[bytes], encoding: str, name: str) -> Iterator[bytes]:
    decoder = codecs.getincrementaldecoder(encoding)()
    try:
        for chunk in chunks:
            yield decoder.decode(chunk).encode()
        decoder.decode(b"", final=True)
    except UnicodeError as error:
        raise FileError(f"{name} is no valid {encoding.upper()} text: {error}") from None
