"""netcalc: gradients of neurons, layers, nets and expressions, with their steps and certified digits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from netcalc.version import __version__

if TYPE_CHECKING:
    from netcalc.api import check, grad, linear, load, net, neuron, neuron_block, neuron_columns
    from netcalc.catalogue.references import activation
    from netcalc.programs import gradients
    from netcalc.teaching import grade, quiz

__all__ = [
    "__version__",
    "activation",
    "check",
    "grad",
    "grade",
    "gradients",
    "linear",
    "load",
    "net",
    "neuron",
    "neuron_block",
    "neuron_columns",
    "quiz",
]


def __getattr__(name: str) -> Any:
    # The command line imports this package first; NumPy waits until something is computed.
    if name == "activation":
        from netcalc.catalogue.references import activation

        return activation
    if name == "gradients":
        from netcalc import programs

        return programs.gradients
    if name in ("grade", "quiz"):
        from netcalc import teaching

        return getattr(teaching, name)
    if name in __all__:
        from netcalc import api

        return getattr(api, name)
    raise AttributeError(f"module 'netcalc' has no attribute {name!r}")
