"""Which words name a file, and what in it."""

from __future__ import annotations

import re
from pathlib import Path

SUFFIXES = (".csv", ".tsv", ".txt", ".npy", ".npz", ".json", ".mtx", ".gz", ".safetensors")
WITH_NAMES = (".npz", ".safetensors", ".json", ".json.gz")


def split_name(path_text: str) -> tuple[str, str | None]:
    """`grads.npz:W` -> the path and the name in it, None where there is none."""
    path, colon, name = path_text.rpartition(":")
    if colon and (path == "-" or path.lower().endswith(WITH_NAMES)) and not Path(path_text).exists():
        return path, name
    return path_text, None


def is_file(path_text: str) -> bool:
    """Whether it names something to read that is there: `-` is."""
    path, _ = split_name(path_text)
    try:
        return path == "-" or Path(path).exists()
    except (OSError, ValueError):
        return False


def looks_like_file(path_text: str) -> bool:
    """Whether it was meant as a file, there or not."""
    path = split_name(path_text)[0]
    return path.lower().endswith(SUFFIXES) or re.match(r"\.{0,2}/|~[\w-]*/", path) is not None
