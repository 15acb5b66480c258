"""NumPy's files: `.npy`, memory-mapped, and `.npz` by name. No pickle is ever loaded."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from netcalc.errors import FileError, MissingExtraError
from netcalc.files.source import Source, unreadable

NPY_MAGIC = b"\x93NUMPY"
ZIP_MAGIC = b"PK\x03\x04"


def read_npy(path_text: str) -> np.ndarray:
    """The array in a `.npy` file as float64, memory-mapped where it is stored so. Raises FileError."""
    try:
        array = np.load(path_text, mmap_mode="r", allow_pickle=False)
    except OSError as error:
        raise unreadable(path_text, error) from None
    except (ValueError, EOFError) as error:
        raise FileError(f"{path_text}: {_npy_reason(error)}") from None
    return as_float64(array, path_text)


def read_npy_stream(source: Source) -> np.ndarray:
    """The same through a pipe."""
    try:
        array = np.lib.format.read_array(BytesIO(b"".join(source.chunks())), allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise FileError(f"{source.name}: {_npy_reason(error)}") from None
    return as_float64(array, source.name)


def _npy_reason(error: Exception) -> str:
    text = str(error)
    if "pickle" in text or "Object arrays" in text or "Python objects" in text:
        return "it holds pickled Python objects, which are never loaded; save plain numbers with numpy.save"
    if "mmap length" in text or "cannot reshape" in text or isinstance(error, EOFError) or "EOF" in text:
        return "the file is cut short"
    return f"it is no .npy file ({text})"


def read_npz(path_text: str, name: str | None) -> np.ndarray:
    """One array of a `.npz` file as float64; `name` may be left out where there is one only. Raises FileError."""
    with _archive(path_text) as archive:
        key = _only(list(archive.files), name, path_text)
        array = archive[key]
    return as_float64(array, f"{path_text}:{key}")


def read_npz_whole(path_text: str) -> dict[str, np.ndarray]:
    """Every array of a `.npz` file by name, as stored. Raises FileError for what is no finite real number."""
    with _archive(path_text) as archive:
        arrays = {name: archive[name] for name in archive.files}
    for name, array in arrays.items():
        check_finite(as_float64(array, f"{path_text}:{name}"), f"{path_text}:{name}")
    return arrays


@contextmanager
def _archive(path_text: str) -> Iterator[Any]:
    """The archive, open; what is wrong with it as a FileError."""
    import zipfile  # NumPy too waits for an archive

    try:
        with Path(path_text).open("rb") as file, np.load(file, allow_pickle=False) as archive:
            yield archive
    except OSError as error:
        raise unreadable(path_text, error) from None
    except (zipfile.BadZipFile, EOFError) as error:
        raise FileError(f"{path_text} is no .npz file, or a damaged one ({error})") from None
    except ValueError as error:
        raise FileError(f"{path_text}: {_npy_reason(error)}") from None


def read_safetensors(path_text: str, name: str | None) -> np.ndarray:
    """One tensor of a `.safetensors` file as float64; the name may be left out where there is one only.

    Raises FileError, and MissingExtraError where the package that reads them is not installed.
    """
    try:
        from safetensors import SafetensorError, safe_open
    except ImportError:
        raise MissingExtraError(
            f"{path_text} needs the package safetensors: pip install 'netcalc-gradients[safetensors]'"
        ) from None
    try:
        with safe_open(path_text, framework="numpy") as archive:
            key = _only(list(archive.keys()), name, path_text)
            array = archive.get_tensor(key)
    except OSError as error:
        raise unreadable(path_text, error) from None
    except (SafetensorError, TypeError) as error:  # TypeError for bfloat16, which NumPy doesn't have
        raise FileError(f"{path_text} is no .safetensors file of numbers that NumPy has ({error})") from None
    return as_float64(array, f"{path_text}:{key}")


def _only(names: list[str], name: str | None, path_text: str) -> str:
    if name is not None and name in names:
        return name
    listed = ", ".join(names) or "nothing"
    if name is not None:
        raise FileError(f"{path_text} holds no '{name}'; it holds {listed}")
    if len(names) != 1:
        raise FileError(f"{path_text} holds {listed}; say which, as in {path_text}:{names[0] if names else 'W'}")
    return names[0]


def as_float64(array: Any, source: str) -> np.ndarray:
    """The numbers as float64. Raises FileError for what is not real numbers, and for no numbers at all."""
    if array.dtype.kind not in "fiub":
        raise FileError(f"{source} holds {array.dtype}, not real numbers")
    if array.size == 0:
        raise FileError(f"{source} is empty: its shape is {array.shape}")
    floats: np.ndarray = array.astype(np.float64, copy=False)
    return floats


def check_finite(array: np.ndarray, source: str, first: int = 0) -> None:
    """Raises FileError naming the first element that is NaN or infinite; rows count from `first`."""
    with np.errstate(all="ignore"):
        if np.isfinite(np.add.reduce(array, axis=None)):  # one pass and no array of flags; it may overflow, so look
            return
    bad = np.argwhere(~np.isfinite(array))
    if len(bad):
        at = tuple(int(i) for i in bad[0])
        where = ",".join(map(str, (at[0] + first, *at[1:])))
        raise FileError(f"{source}: element [{where}] is {array[at]}, not a finite number")
