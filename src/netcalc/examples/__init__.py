"""Commented files to start from, by name."""

from __future__ import annotations

from pathlib import Path

from netcalc.errors import UnknownNameError

FOLDER = Path(__file__).parent


def names() -> list[str]:
    """Their names, in order."""
    return sorted(path.stem for path in FOLDER.glob("*.toml"))


def example(name: str) -> str:
    """The text of one. Raises UnknownNameError."""
    if name not in names():
        raise UnknownNameError(f"there is no example '{name}'; there are {', '.join(names())}")
    return (FOLDER / f"{name}.toml").read_text(encoding="utf-8")
