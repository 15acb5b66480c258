"""A problem's forward pass and derived backward pass as code for NumPy, PyTorch or JAX."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from netcalc.errors import NetcalcError

if TYPE_CHECKING:
    from netcalc.result import Result


def code(result: Result, name: str) -> Iterator[str]:
    """The lines of a file of code for `numpy`, `torch` or `jax`. Raises NetcalcError for what has no code."""
    from netcalc.render.codegen.file import lines
    from netcalc.render.codegen.passes import passes

    if result.problem is None:
        raise NetcalcError(f"{name} is code of a whole problem; leave --only out")
    return lines(passes(result.problem), name)
