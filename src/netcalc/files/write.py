"""Files written whole or not at all, and float64 as text that reads back to the same bits."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import IO, Any, BinaryIO, Literal, TextIO, overload

import numpy as np

from netcalc.errors import FileError
from netcalc.files.source import reason

CACHED = 1 << 18  # bytes: what the checksum has read is still in the processor's cache when it is written
STANDARD_STREAMS = {"/dev/stdout": 1, "/dev/fd/1": 1, "/dev/stderr": 2, "/dev/fd/2": 2}


@overload
def write_atomically(path_text: str | Path, mode: Literal["w"] = "w") -> AbstractContextManager[TextIO]: ...
@overload
def write_atomically(path_text: str | Path, mode: Literal["wb"]) -> AbstractContextManager[BinaryIO]: ...
def write_atomically(path_text: str | Path, mode: Literal["w", "wb"] = "w") -> AbstractContextManager[Any]:
    """A file to write, put in place when all of it is written; if that fails, what was there before stays.

    An existing file keeps its permissions, a link its target. A pipe or a device is written to directly.
    `mode` is "w" for UTF-8 text, "wb" for bytes. Raises FileError.
    """
    return _written(Path(path_text), mode)


def write_private(path: Path, content: bytes) -> None:
    """Put a file of the user's alone in place, whole or not at all; a link there is replaced, not followed.

    Raises OSError.
    """
    import secrets

    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}.part")
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600)
        with open(descriptor, "wb") as file:  # noqa: PTH123  # made with its permissions
            file.write(content)
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


@contextmanager
def _written(path: Path, mode: str) -> Iterator[IO[Any]]:
    writing: AbstractContextManager[IO[Any]]
    try:
        status = path.stat() if path.exists() else None
        if str(path) in STANDARD_STREAMS:
            writing = _directly(os.dup(STANDARD_STREAMS[str(path)]), mode)
        elif status is not None and not stat.S_ISREG(status.st_mode):
            writing = _directly(path, mode)
        else:
            writing = _beside(path.resolve(), mode, status)
        with writing as file:
            yield file
    except BrokenPipeError:
        raise  # the reader has gone: no mistake, and the run ends quietly
    except OSError as error:
        raise FileError(f"cannot write {path}: {_reason(path, error)}") from None


def _reason(path: Path, error: OSError) -> str:
    if isinstance(error, FileNotFoundError):
        return f"there is no folder '{path.parent}'"
    return "it is a folder" if isinstance(error, IsADirectoryError) else reason(error)


def _directly(target: int | Path, mode: str) -> IO[Any]:
    return open(target, mode, **_text(mode))  # noqa: PTH123  # a file descriptor too


def _text(mode: str) -> dict[str, Any]:
    return {} if "b" in mode else {"encoding": "utf-8", "newline": "\n"}


@contextmanager
def _beside(path: Path, mode: str, status: os.stat_result | None) -> Iterator[IO[Any]]:
    """A new file in the same folder, then moved over the old one."""
    import secrets

    if status is not None and not os.access(path, os.W_OK):
        raise PermissionError(13, "permission denied")
    beside = path.with_name(f".{path.name[:200]}.{secrets.token_hex(4)}.part")
    try:
        with open(beside, mode.replace("w", "x"), **_text(mode)) as file:  # noqa: PTH123  # as above
            yield file
        if status is not None:
            beside.chmod(stat.S_IMODE(status.st_mode))
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise


def write_npz(file: BinaryIO, tensors: Mapping[str, np.ndarray]) -> None:
    """All tensors by name, uncompressed, as a `.npz`."""
    import zipfile

    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name, tensor in tensors.items():  # not numpy.savez, which takes no tensor named `file`
            with archive.open(f"{name}.npy", "w", force_zip64=True) as member:
                _write_npy(member, np.asarray(tensor, dtype=np.float64))


def _write_npy(member: IO[bytes], tensor: np.ndarray) -> None:
    """A tensor as a `.npy`, straight from its memory: NumPy writes a copy."""
    header = {"descr": tensor.dtype.str, "fortran_order": False, "shape": tensor.shape}
    np.lib.format.write_array_header_1_0(member, header)
    data = np.ascontiguousarray(tensor).reshape(-1).view(np.uint8).data
    for first in range(0, len(data), CACHED):
        member.write(data[first : first + CACHED])
