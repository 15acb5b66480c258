"""Commented files to start from, by name."""

from __future__ import annotations

from importlib.resources import files

from netcalc.errors import UnknownNameError


def names() -> list[str]:
    """Their names, in order."""
    found = (one.name for one in files(__name__).iterdir())
    return sorted(name.removesuffix(".toml") for name in found if name.endswith(".toml"))


def example(name: str) -> str:
    """The text of one. Raises UnknownNameError."""
    if name not in names():
        raise UnknownNameError(f"there is no example '{name}'; there are {', '.join(names())}")
    return files(__name__).joinpath(f"{name}.toml").read_text(encoding="utf-8")
