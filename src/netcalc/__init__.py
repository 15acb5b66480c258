"""netcalc: gradients of neurons, layers, nets and expressions, with their steps and certified digits."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from netcalc.version import __version__

if TYPE_CHECKING:
    from netcalc.api import check, grad, linear, load, net, neuron, neuron_block, neuron_columns
    from netcalc.asserting import assert_gradients
    from netcalc.catalogue.references import activation
    from netcalc.errors import NetcalcError
    from netcalc.programs import gradients
    from netcalc.teaching import grade, quiz

__all__ = [
    "NetcalcError",
    "__version__",
    "activation",
    "assert_gradients",
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


_MODULES = {
    "NetcalcError": "errors",
    "activation": "catalogue.references",
    "assert_gradients": "asserting",
    "gradients": "programs",
    "grade": "teaching",
    "quiz": "teaching",
}


def __getattr__(name: str) -> Any:
    # The command line imports this package first; NumPy waits until something is computed.
    if name not in __all__:
        raise AttributeError(f"module 'netcalc' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"netcalc.{_MODULES.get(name, 'api')}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
