"""The version, in its one place: the build and `netcalc --version` read it here."""

from __future__ import annotations

__version__ = "0.1.0"
